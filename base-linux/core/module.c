/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module.c: ROM modules from files that the scenario names and those of the module folders; and the two that
 * are for init: the scenario, and what the command was asked for. All are copied to a sealed memfd, so that a
 * file which changes later does not matter to who has it attached.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define MODULE_MAX OS_MIB(1024)

static ssize_t read_file(void *from, void *buffer, size_t size)
{
    return read(*(const int *)from, buffer, size);
}

static ssize_t read_text(void *from, void *buffer, size_t size)
{
    const char **at = from;
    size_t len = strnlen(*at, size);
    memcpy(buffer, *at, len);
    *at += len;
    return (ssize_t)len;
}

os_err linux_open_regular(const char *path, int *fd)
{
    struct stat st;
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened < 0)
        return errno == ENOENT || errno == ENOTDIR ? OS_ERR_NOT_FOUND : OS_ERR_IO;
    if (fstat(opened, &st) || !S_ISREG(st.st_mode)) {
        close(opened);
        return OS_ERR_NOT_FOUND;
    }
    *fd = opened;
    return OS_OK;
}

/* The file of module NAME at PATH, if there is one. */
static os_err open_watched(const char *path, const char *name, int *fd)
{
    linux_file_watch(path, name); /* before it is read, so that no change is missed */
    return linux_open_regular(path, fd);
}

/* The path that the scenario gives for module NAME, or NULL. */
static const char *named_path(const char *name)
{
    const struct linux_core_file *file = linux_core.options->files;
    for (; file && file->name; file++)
        if (!strcmp(file->name, name))
            return file->path;
    return NULL;
}

static os_err look_for(const char *name, int *fd)
{
    char path[4096];
    if (!strcmp(name, "config"))
        return open_watched(linux_core.options->scenario, name, fd);
    if (named_path(name))
        return open_watched(named_path(name), name, fd);
    for (const char *const *dir = linux_core.options->dirs; *dir; dir++) {
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", *dir, name) >= sizeof(path))
            continue;
        os_err err = open_watched(path, name, fd);
        if (err != OS_ERR_NOT_FOUND)
            return err;
    }
    return OS_ERR_NOT_FOUND;
}

static os_err find_file(const char *name, int *fd)
{
    os_err err = look_for(name, fd);
    if (err && !core_module_known(&linux_core.core, name))
        linux_file_unwatch(name);
    return err;
}

/*
 * Somebody has it open for writing: the kernel grants no lease then. Where it grants none in any case, one
 * does not know.
 */
static int is_being_written(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK))
        return errno == EAGAIN;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return 0;
}

int linux_module_is_written(const char *name)
{
    int file;
    if (find_file(name, &file))
        return 0;
    int written = is_being_written(file);
    close(file);
    return written;
}

static int is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/*
 * A copy of the file. Of one that is half written there is none, where there is the content before: it comes
 * when it is complete: who writes it has opened it after core was told, and core is told again, see file.c.
 */
static os_err copy_file(const char *name, int file, int *fd, uint64_t *size)
{
    struct stat before, after;
    int patient = core_module_known(&linux_core.core, name);
    if (patient && is_being_written(file))
        return OS_ERR_BUSY;
    if (fstat(file, &before))
        return OS_ERR_IO;
    os_err err = linux_memory_seal_copy(read_file, &file, MODULE_MAX, fd, size);
    if (!err && patient && (fstat(file, &after) || !is_same(&before, &after))) {
        close(*fd);
        return OS_ERR_BUSY;
    }
    return err;
}

/* As the user named it, so that an editor finds it by a message; the last part only of a name that fills a
 * line. */
static const char *scenario_name(void)
{
    enum { NAME_MAX_SHOWN = 128 };
    const char *path = linux_core.options->scenario;
    const char *slash = strrchr(path, '/');
    return strlen(path) > NAME_MAX_SHOWN && slash ? slash + 1 : path;
}

/* What init is to know of the command line and the machine, a line each. */
static void run_text(char *text, size_t size)
{
    const struct linux_core_options *options = linux_core.options;
    char name[256];
    snprintf(name, sizeof(name), "%s", scenario_name());
    for (char *at = name; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = '?'; /* a name must not add lines */
    snprintf(text, size, "mode: %s\nfile: %s\n%s", options->headless ? "headless" : "display", name,
             linux_sandbox_incomplete() ? "sandbox: incomplete\n" : "");
}

os_err core_plat_module(const char *name, struct core_ds *ds, struct core_memory **memory, uint64_t *size)
{
    char text[512];
    const char *at = text;
    int file = -1;
    int is_run = !strcmp(name, "run");
    os_err err = OS_OK;
    if (is_run)
        run_text(text, sizeof(text));
    else
        err = find_file(name, &file);
    if (err)
        return err;
    struct core_memory *made = calloc(1, sizeof(*made));
    if (!made) {
        err = OS_ERR_NO_MEMORY;
        goto close_file;
    }
    *made = (struct core_memory){ .ds = ds, .sealed = 1, .watch = -1 };
    os_list_init(&made->link);
    err = is_run ? linux_memory_seal_copy(read_text, &at, sizeof(text), &made->fd, size)
                 : copy_file(name, file, &made->fd, size);
    if (err) {
        free(made);
        goto close_file;
    }
    made->size = *size ? os_page_up(*size) : OS_PAGE_SIZE;
    *memory = made;
close_file:
    if (file >= 0)
        close(file);
    return err;
}
