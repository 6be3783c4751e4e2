/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c: learns from the kernel that files of ROM modules have changed. Folders are watched and not files,
 * for a file is often replaced by another one of its name. Only what is complete counts: that a file was
 * closed by who wrote it, or came under its name as a whole.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define COMPLETE (IN_CLOSE_WRITE | IN_MOVED_TO)
#define GONE     (IN_DELETE | IN_MOVED_FROM)
#define FOLDER   (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)

/* A name in a folder that decides about a module. */
struct watched_file {
    struct os_list link;
    int watch;
    char module[64];
    const char *name; /* in path */
    char path[];
};

static struct os_list watched = { &watched, &watched };
static struct transport_watch inotify = { .fd = -1 };

static int is_watched(int watch, const char *name, const char *module)
{
    OS_LIST_FOR_EACH (link, &watched) {
        const struct watched_file *file = OS_CONTAINER_OF(link, struct watched_file, link);
        if (file->watch == watch && !strcmp(file->name, name) && !strcmp(file->module, module))
            return 1;
    }
    return 0;
}

/* Without a watch the content is the one that was found first. */
static void watch_name(const char *path, const char *module)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = slash ? (size_t)(slash - path) + (slash == path) : 1;
    if (length >= sizeof(folder))
        return;
    snprintf(folder, sizeof(folder), "%.*s", (int)length, slash ? path : ".");
    int watch = inotify_add_watch(inotify.fd, folder, COMPLETE | GONE | FOLDER | IN_CREATE | IN_ONLYDIR);
    if (watch < 0 || is_watched(watch, name, module))
        return;
    struct watched_file *file = malloc(sizeof(*file) + strlen(path) + 1);
    if (!file)
        return;
    file->watch = watch;
    snprintf(file->module, sizeof(file->module), "%s", module);
    strcpy(file->path, path);
    file->name = file->path + (name - path);
    os_list_insert(&watched, &file->link);
}

void linux_file_watch(const char *path, const char *module)
{
    char real[PATH_MAX];
    watch_name(path, module);
    if (realpath(path, real) && strcmp(real, path))
        watch_name(real, module);
}

/* Names come from components, and of what is not there they can make up any number. */
void linux_file_unwatch(const char *module)
{
    OS_LIST_FOR_EACH_SAFE (link, &watched) {
        struct watched_file *file = OS_CONTAINER_OF(link, struct watched_file, link);
        if (strcmp(file->module, module))
            continue;
        os_list_remove(&file->link);
        free(file);
    }
}

/* A link is complete when it is there; of a file that was created one does not know yet. */
static int is_link(const char *path)
{
    struct stat st;
    return !lstat(path, &st) && (S_ISLNK(st.st_mode) || st.st_nlink > 1);
}

static int concerns(const struct watched_file *file, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return 1;
    if (event->wd != file->watch)
        return 0;
    if (event->mask & FOLDER)
        return 1;
    if (!event->len || strcmp(event->name, file->name))
        return 0;
    return (event->mask & (COMPLETE | GONE)) || is_link(file->path);
}

static void handle(const struct inotify_event *event)
{
    OS_LIST_FOR_EACH (link, &watched) {
        const struct watched_file *file = OS_CONTAINER_OF(link, struct watched_file, link);
        if (concerns(file, event))
            core_module_changed(&linux_core.core, file->module);
    }
}

static void files_changed(struct transport_watch *watch, uint32_t events)
{
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t len;
    (void)events;
    while ((len = read(watch->fd, buffer, sizeof(buffer))) > 0) {
        for (char *at = buffer; at < buffer + len;) {
            const struct inotify_event *event = (const void *)at;
            handle(event);
            at += sizeof(*event) + event->len;
        }
    }
}

os_err linux_files_init(void)
{
    inotify.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    inotify.ready = files_changed;
    if (inotify.fd < 0)
        return OS_ERR_HANDLES;
    return transport_watch(linux_core.ep.plat, &inotify, EPOLLIN);
}
