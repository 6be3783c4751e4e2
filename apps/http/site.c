/* SPDX-License-Identifier: BSD-2-Clause */
/* site.c: files of the server, and their content as it changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site.h"

/* ---- content */

struct content *content_make(struct os_region region, char *memory, uint64_t size)
{
    struct content *content = calloc(1, sizeof(*content));
    if (!content)
        return NULL;
    content->refs = 1;
    content->data = memory ? memory : region.at;
    content->size = size;
    content->region = region;
    content->memory = memory;
    return content;
}

struct content *content_take(struct content *content)
{
    content->refs++;
    return content;
}

void content_drop(struct content *content)
{
    if (!content || --content->refs)
        return;
    os_region_detach(&content->region);
    free(content->memory);
    free(content);
}

/* FNV-1a, by words of eight bytes for large files. */
static uint64_t hash(const char *data, uint64_t size)
{
    uint64_t h = 0xcbf29ce484222325u ^ size;
    for (; size >= 8; size -= 8, data += 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        h = (h ^ word) * 0x100000001b3u;
        h ^= h >> 32; /* or high bits would never reach the low ones */
    }
    for (; size; size--)
        h = (h ^ (unsigned char)*data++) * 0x100000001b3u;
    return h;
}

const char *content_etag(struct content *content)
{
    if (!content->etag[0])
        snprintf(content->etag, sizeof(content->etag), "\"%016llx\"",
                 (unsigned long long)hash(content->data, content->size));
    return content->etag;
}

/* ---- files */

const char *media_type(const char *path)
{
    static const char *const types[][2] = {
        { "html", "text/html; charset=utf-8" },
        { "css", "text/css; charset=utf-8" },
        { "js", "text/javascript; charset=utf-8" },
        { "txt", "text/plain; charset=utf-8" },
        { "md", "text/plain; charset=utf-8" },
        { "yaml", "text/plain; charset=utf-8" },
        { "json", "application/json" },
        { "xml", "application/xml" },
        { "svg", "image/svg+xml" },
        { "png", "image/png" },
        { "jpg", "image/jpeg" },
        { "gif", "image/gif" },
        { "ico", "image/x-icon" },
        { "pdf", "application/pdf" },
        { "wasm", "application/wasm" },
        { "woff2", "font/woff2" },
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcmp(dot + 1, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

/*
 * The content before may still be on its way to somebody, so its region is not the module's any more but
 * the content's.
 */
static void update(struct file *file)
{
    file->stale = 0;
    file->rom.region = (struct os_region){ 0 };
    file->rom.data = NULL;
    os_err err = os_rom_module_update(&file->rom);
    struct content *content = NULL;
    if (!err) {
        content = content_make(file->rom.region, NULL, file->rom.size);
        if (!content) {
            os_region_detach(&file->rom.region);
            err = OS_ERR_RAM;
        }
        file->rom.region = (struct os_region){ 0 };
        file->rom.data = NULL;
    }
    if (err && err != OS_ERR_NOT_FOUND) {
        /* what was there is better than nothing, and the next request tries again */
        file->stale = 1;
        if (err != file->err) /* once, or who asks again and again fills the log */
            fprintf(stderr, "%s: ROM %s: %s\n", file->path, file->module, os_err_text(err));
        file->err = err;
        return;
    }
    file->err = OS_OK;
    content_drop(file->content);
    file->content = content;
}

struct content *file_content(struct file *file)
{
    if (file->stale)
        update(file);
    return file->content;
}

static void handle_change(struct os_signal_handler *handler)
{
    OS_CONTAINER_OF(handler, struct file, handler)->stale = 1;
}

static void file_destroy(struct file *file)
{
    os_list_remove(&file->link);
    content_drop(file->content);
    if (file->rom.session.cap.cap.id) {
        os_signal_handler_fini(&file->handler);
        os_rom_module_close(&file->rom);
    }
    free(file->path);
    free(file->module);
    free(file->type);
    free(file);
}

static os_err open_module(struct site *site, struct file *file)
{
    os_signal_cap cap;
    os_err err = os_rom_module_connect(&file->rom, site->env, file->module);
    if (err)
        return err;
    err = os_signal_handler_init(&file->handler, site->env->ep, handle_change, &cap);
    if (err) {
        os_rom_module_close(&file->rom);
        return err;
    }
    err = os_rom_module_sigh(&file->rom, cap);
    os_cap_drop(cap.cap);
    if (err) {
        os_signal_handler_fini(&file->handler);
        os_rom_module_close(&file->rom);
    }
    return err;
}

static void add_file(struct site *site, const char *path, const char *module, const char *type)
{
    struct file *file = calloc(1, sizeof(*file));
    if (!file)
        goto no_memory;
    os_list_init(&file->link);
    file->kept = file->stale = 1;
    file->path = strdup(path);
    file->module = strdup(module);
    file->type = strdup(type);
    if (!file->path || !file->module || !file->type) {
        file_destroy(file);
        goto no_memory;
    }
    os_err err = open_module(site, file);
    if (err) {
        fprintf(stderr, "%s: ROM %s: %s\n", path, module, os_err_text(err));
        file_destroy(file);
        return;
    }
    os_list_insert(&site->files, &file->link);
    return;
no_memory:
    fprintf(stderr, "%s: %s\n", path, os_err_text(OS_ERR_RAM));
}

void site_init(struct site *site, struct os_env *env)
{
    site->env = env;
    os_list_init(&site->files);
}

static void configure_file(struct site *site, const struct os_config *config, os_config_ref node)
{
    const char *path = os_config_key(config, node);
    const char *module = os_config_value(config, node), *type = media_type(path);
    if (node->kind == OS_CONFIG_MAP) {
        module = os_config_str(config, node, "module", "");
        type = os_config_str(config, node, "type", type);
    }
    if (path[0] != '/' || !module[0]) {
        fprintf(stderr, "%s:%u:%u: %s '%s', expected %s\n", os_config_file(config), node->line, node->column,
                path[0] != '/' ? "path" : "module", path[0] != '/' ? path : module,
                path[0] != '/' ? "one that begins with '/'" : "the name of a ROM module");
        return;
    }
    if (!type[0] || strpbrk(type, "\r\n"))
        type = media_type("");
    struct file *file = site_find(site, path);
    if (!file || strcmp(file->path, path) || strcmp(file->module, module)) {
        add_file(site, path, module, type);
        return;
    }
    char *copy = strdup(type);
    if (copy) {
        free(file->type);
        file->type = copy;
    }
    file->kept = 1;
}

void site_configure(struct site *site, const struct os_config *config, os_config_ref files)
{
    OS_LIST_FOR_EACH (link, &site->files)
        OS_CONTAINER_OF(link, struct file, link)->kept = 0;
    for (os_config_ref node = os_config_first(config, files); node; node = os_config_next(config, node))
        configure_file(site, config, node);
    OS_LIST_FOR_EACH_SAFE (link, &site->files) {
        struct file *file = OS_CONTAINER_OF(link, struct file, link);
        if (!file->kept)
            file_destroy(file);
    }
}

static struct file *find(struct site *site, const char *path)
{
    OS_LIST_FOR_EACH (link, &site->files) {
        struct file *file = OS_CONTAINER_OF(link, struct file, link);
        if (!strcmp(file->path, path))
            return file;
    }
    return NULL;
}

struct file *site_find(struct site *site, const char *path)
{
    struct file *file = find(site, path);
    return file || strcmp(path, "/") ? file : find(site, "/index.html");
}
