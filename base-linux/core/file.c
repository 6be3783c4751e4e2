/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c: learns from the kernel that files of ROM modules have changed. Only what is complete counts: that a
 * file was closed by who wrote it, or came under its name as a whole. A file that is there is watched itself,
 * also for losing its name to another one: what else happens in its folder, be it a busy one, must not wake
 * core. Its folder is watched for files only while it is missing.
 *
 * The kernel says that a file was closed shortly before it counts as closed: whoever reads it at once can
 * find it still being written, and no second event follows. So before core is told, the file is looked at
 * until nobody has it open for writing.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "internal.h"

/* Of the file: a name that is lost, also to a file that is moved over it, changes the count of links. */
#define ITSELF (IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
/* Of the folder: where the path leads then, one has to see. */
#define FOLDER (IN_DELETE_SELF | IN_MOVE_SELF)
/* Of the folder while the file is missing. */
#define COMPLETE (IN_CLOSE_WRITE | IN_MOVED_TO)
#define APPEARS  (COMPLETE | IN_CREATE)

/* How long one waits for who writes a file, from look to look: each time twice as long, milliseconds. */
enum { FIRST_WAIT = 1, LONGEST_WAIT = 1024, LOOKS_UNTIL_SAID = 12 };

/* A name in a folder that decides about a module. */
struct watched_file {
    struct os_list link;
    const struct watched_file *from; /* the one that leads here by links, or NULL */
    int watch;                       /* of the file or link itself, or -1 while it is not there */
    int folder;                      /* of its folder, or -1 */
    int changed;                     /* core is to be told */
    unsigned held;                   /* times that it was not, for the file is being written */
    char module[64];
    const char *name; /* in path */
    char path[];
};

static struct os_list watched = { &watched, &watched };
static struct transport_watch inotify = { .fd = -1 };
static struct transport_watch again = { .fd = -1 }; /* a timer: to look at what is held */
static unsigned wait_ms;                            /* that the timer was set to last */

static struct watched_file *at(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct watched_file, link);
}

/* A link is watched as such: what it leads to has an entry of its own. */
static int watch_itself(const struct watched_file *file)
{
    struct stat st;
    if (lstat(file->path, &st) || S_ISDIR(st.st_mode))
        return -1;
    return inotify_add_watch(inotify.fd, file->path, ITSELF | IN_DONT_FOLLOW);
}

static int watch_folder(const struct watched_file *file, uint32_t mask)
{
    char folder[PATH_MAX];
    size_t length = (size_t)(file->name - file->path);
    if (length >= sizeof(folder))
        return -1;
    snprintf(folder, sizeof(folder), "%.*s", length ? (int)length : 1, length ? file->path : ".");
    return inotify_add_watch(inotify.fd, folder, FOLDER | IN_ONLYDIR | mask);
}

static struct watched_file *of_folder(int folder)
{
    OS_LIST_FOR_EACH (link, &watched)
        if (at(link)->folder == folder)
            return at(link);
    return NULL;
}

static int is_missed_in(int folder)
{
    OS_LIST_FOR_EACH (link, &watched)
        if (at(link)->folder == folder && at(link)->watch < 0)
            return 1;
    return 0;
}

/* Ends a watch that nobody needs any more, and has a folder watched for no more than is needed. */
static void release(int watch)
{
    const struct watched_file *file = of_folder(watch);
    if (watch < 0)
        return;
    if (file) {
        watch_folder(file, is_missed_in(watch) ? APPEARS : 0);
        return;
    }
    OS_LIST_FOR_EACH (link, &watched)
        if (at(link)->watch == watch)
            return;
    inotify_rm_watch(inotify.fd, watch);
}

/*
 * Watches what is at the path now; whether that is another file than before. Of one that comes while one
 * looks nothing is missed, for its folder is watched before one looks again.
 */
static int look(struct watched_file *file)
{
    int watch = file->watch, folder = file->folder;
    file->watch = watch_itself(file);
    file->folder = watch_folder(file, IN_MASK_ADD | (file->watch < 0 ? APPEARS : 0));
    if (file->watch < 0)
        file->watch = watch_itself(file);
    if (file->watch != watch)
        release(watch);
    if (file->folder != folder)
        release(folder);
    release(file->folder);
    return file->watch != watch;
}

static void forget(struct watched_file *file)
{
    os_list_remove(&file->link);
    release(file->watch);
    release(file->folder);
    free(file);
}

static struct watched_file *find(const char *path, const char *module)
{
    OS_LIST_FOR_EACH (link, &watched)
        if (!strcmp(at(link)->path, path) && !strcmp(at(link)->module, module))
            return at(link);
    return NULL;
}

/* The same name in the same folder, by another path. */
static int is_twice(const struct watched_file *file)
{
    OS_LIST_FOR_EACH (link, &watched) {
        const struct watched_file *other = at(link);
        if (other != file && other->folder == file->folder && !strcmp(other->name, file->name) &&
            !strcmp(other->module, file->module))
            return 1;
    }
    return 0;
}

/* Without a watch the content is the one that was found first. */
static struct watched_file *watch_name(const char *path, const char *module, const struct watched_file *from)
{
    struct watched_file *file = find(path, module);
    if (file) {
        look(file);
        return file;
    }
    file = calloc(1, sizeof(*file) + strlen(path) + 1);
    if (!file)
        return NULL;
    const char *slash = strrchr(path, '/');
    strcpy(file->path, path);
    file->name = file->path + (slash ? slash + 1 - path : 0);
    snprintf(file->module, sizeof(file->module), "%s", module);
    file->from = from;
    file->watch = file->folder = -1;
    os_list_insert(&watched, &file->link);
    look(file);
    if (file->folder >= 0 && !is_twice(file))
        return file;
    forget(file);
    return NULL;
}

/* What links have led to from FROM before and do not any more. */
static void forget_targets(const struct watched_file *from, const char *but)
{
    OS_LIST_FOR_EACH_SAFE (link, &watched)
        if (at(link)->from == from && strcmp(at(link)->path, but))
            forget(at(link));
}

void linux_file_watch(const char *path, const char *module)
{
    char real[PATH_MAX];
    const struct watched_file *file = watch_name(path, module, NULL);
    if (!realpath(path, real) || !strcmp(real, path))
        return;
    if (file)
        forget_targets(file, real);
    watch_name(real, module, file);
}

/* Names come from components, and of what is not there they can make up any number. */
void linux_file_unwatch(const char *module)
{
    OS_LIST_FOR_EACH_SAFE (link, &watched)
        if (!strcmp(at(link)->module, module))
            forget(at(link));
}

/* A link is complete when it is there; of a file that was created one does not know yet. */
static int is_link(const char *path)
{
    struct stat st;
    return !lstat(path, &st) && (S_ISLNK(st.st_mode) || st.st_nlink > 1);
}

/* Whether the module may have other content by what has happened in the file's folder. */
static int folder_event(struct watched_file *file, const struct inotify_event *event)
{
    if (!(event->mask & APPEARS))
        return look(file);
    if (!event->len || strcmp(event->name, file->name))
        return 0;
    look(file);
    return (event->mask & COMPLETE) || is_link(file->path);
}

static int file_event(struct watched_file *file, const struct inotify_event *event)
{
    return (event->mask & IN_CLOSE_WRITE) || look(file);
}

static void handle(const struct inotify_event *event)
{
    OS_LIST_FOR_EACH (link, &watched) {
        struct watched_file *file = at(link);
        if (event->mask & IN_Q_OVERFLOW) {
            look(file);
            file->changed = 1;
        } else if (event->wd == file->folder) {
            file->changed |= folder_event(file, event);
        } else if (event->wd == file->watch) {
            file->changed |= file_event(file, event);
        }
    }
}

/* A module that has changed, once. */
static int take_changed(char module[64])
{
    int found = 0;
    OS_LIST_FOR_EACH (link, &watched) {
        struct watched_file *file = at(link);
        if (!file->changed || (found && strcmp(file->module, module)))
            continue;
        snprintf(module, 64, "%s", file->module);
        file->changed = 0;
        found = 1;
    }
    return found;
}

/* Times that core was not told of this module since it was told last. */
static unsigned hold(const char *module)
{
    unsigned held = 0;
    OS_LIST_FOR_EACH (link, &watched)
        if (!strcmp(at(link)->module, module))
            held = ++at(link)->held;
    return held;
}

static void let_go(const char *module)
{
    OS_LIST_FOR_EACH (link, &watched)
        if (!strcmp(at(link)->module, module))
            at(link)->held = 0;
}

static int any_is_held(void)
{
    OS_LIST_FOR_EACH (link, &watched)
        if (at(link)->held)
            return 1;
    return 0;
}

/* Core is told of what is complete, and that a file takes long: it says so, and has the content before. */
static void tell(void)
{
    char module[64];
    while (take_changed(module)) { /* core may look at files anew meanwhile */
        int written = linux_module_is_written(module);
        if (!written)
            let_go(module);
        if (!written || hold(module) == LOOKS_UNTIL_SAID)
            core_module_changed(&linux_core.core, module);
    }
}

static void look_again_in(unsigned ms)
{
    struct itimerspec spec = { .it_value = { ms / 1000, ms % 1000 * 1000000L } };
    wait_ms = ms;
    timerfd_settime(again.fd, 0, &spec, NULL);
}

static void held_is_due(struct transport_watch *watch, uint32_t events)
{
    uint64_t times;
    (void)events;
    if (read(watch->fd, &times, sizeof(times)) != sizeof(times))
        return;
    OS_LIST_FOR_EACH (link, &watched)
        at(link)->changed |= at(link)->held > 0;
    tell();
    if (any_is_held())
        look_again_in(wait_ms < LONGEST_WAIT ? wait_ms * 2 : LONGEST_WAIT);
}

static void files_changed(struct transport_watch *watch, uint32_t events)
{
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t len;
    (void)events;
    while ((len = read(watch->fd, buffer, sizeof(buffer))) > 0) {
        for (char *next = buffer; next < buffer + len;) {
            const struct inotify_event *event = (const void *)next;
            handle(event);
            next += sizeof(*event) + event->len;
        }
    }
    tell();
    if (any_is_held())
        look_again_in(FIRST_WAIT);
}

os_err linux_files_init(void)
{
    inotify.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    inotify.ready = files_changed;
    again.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    again.ready = held_is_due;
    if (inotify.fd < 0 || again.fd < 0)
        return OS_ERR_HANDLES;
    os_err err = transport_watch(linux_core.ep.plat, &again, EPOLLIN);
    return err ? err : transport_watch(linux_core.ep.plat, &inotify, EPOLLIN);
}
