/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * site.h: what the server has: ROM modules under the paths that the config says. Content is counted by who
 * sends it, so that a module can change during a transfer.
 */
#ifndef APPS_HTTP_SITE_H
#define APPS_HTTP_SITE_H

#include <os/config.h>
#include <os/env.h>
#include <os/list.h>
#include <os/rom.h>

/* Bytes that do not change, in a dataspace or in memory. */
struct content {
    unsigned refs;
    const char *data;
    uint64_t size;
    struct os_region region; /* where DATA lies in it, else zeroed */
    char *memory;            /* where DATA lies in it, else NULL */
    char etag[20];           /* with its quotes; empty while it was not asked for */
};

/* SIZE bytes at REGION or, with that zeroed, MEMORY become content, with one reference; NULL: no memory. */
struct content *content_make(struct os_region region, char *memory, uint64_t size);
struct content *content_take(struct content *content);
/* NULL is fine; the last one frees it. */
void content_drop(struct content *content);
/* A tag by what it contains. */
const char *content_etag(struct content *content);

struct site {
    struct os_env *env;
    struct os_list files;
};

/* A file of the site; of two with one path the first counts. */
struct file {
    struct os_list link;
    struct os_rom_module rom;
    struct os_signal_handler handler;
    struct content *content; /* the last one that was seen, or NULL */
    int stale, kept;
    os_err err; /* why the content is not the newest one; said already */
    char *path, *module, *type;
};

void site_init(struct site *site, struct os_env *env);
/* Makes it what the map FILES of CONFIG says; files that are the same stay open. What is wrong is logged. */
void site_configure(struct site *site, const struct os_config *config, os_config_ref files);

/* The file with PATH, or NULL. "/" is "/index.html", too. */
struct file *site_find(struct site *site, const char *path);
/* Its content now, not counted; NULL: there is none. */
struct content *file_content(struct file *file);

/* The media type of what has the ending of PATH. */
const char *media_type(const char *path);

#endif
