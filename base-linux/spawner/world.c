/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world.c: the empty world, in which ordinary components live, and the world of drivers: a read-only /usr for
 * the dynamic linker and libraries, and the sockets of the desktop session.
 */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/mount.h>

enum { COOKIES_MAX = 64 * 1024 };

/* ---- the desktop session ---- */

static void read_cookies(struct world_display *display)
{
    const char *path = getenv("XAUTHORITY"), *home = getenv("HOME");
    char in_home[PATH_MAX];
    ssize_t len;
    int fd;

    if (!path && home) {
        snprintf(in_home, sizeof in_home, "%s/.Xauthority", home);
        path = in_home;
    }
    fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    display->cookies = malloc(COOKIES_MAX);
    len = display->cookies ? read(fd, display->cookies, COOKIES_MAX) : -1;
    close(fd);
    if (len > 0)
        display->cookies_len = (size_t)len;
}

void world_display_init(struct world_display *display)
{
    const char *x11 = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY"),
               *dir = getenv("XDG_RUNTIME_DIR");
    unsigned number;

    memset(display, 0, sizeof *display);
    /* ":N" and "unix:N" only: a display on another machine is not reachable from the sandbox */
    if (x11 && (sscanf(x11, ":%u", &number) == 1 || sscanf(x11, "unix:%u", &number) == 1))
        snprintf(display->x11_socket, sizeof display->x11_socket, "/tmp/.X11-unix/X%u", number);
    if (wayland && *wayland == '/')
        snprintf(display->wayland_socket, sizeof display->wayland_socket, "%s", wayland);
    else if (wayland && *wayland && dir)
        snprintf(display->wayland_socket, sizeof display->wayland_socket, "%s/%s", dir, wayland);
    if (*display->x11_socket)
        read_cookies(display);
}

void world_display_fini(struct world_display *display)
{
    free(display->cookies);
}

const char *world_env(const struct world_display *display, const char *name)
{
    if (strcmp(name, "XAUTHORITY") == 0)
        return display->cookies_len ? WORLD_XAUTHORITY : NULL;
    if (strcmp(name, "XDG_RUNTIME_DIR") == 0)
        return WORLD_RUNTIME_DIR;
    if (strcmp(name, "WAYLAND_DISPLAY") == 0)
        return *display->wayland_socket ? WORLD_WAYLAND : NULL;
    return getenv(name);
}

/* ---- mounts: absolute paths are of the old root, relative ones are below the new root ---- */

static int set_read_only(const char *path, unsigned flags, uint64_t more)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | more };

    return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attr, sizeof attr);
}

/* Makes the directories above the file PATH, which is relative. */
static int make_parents(const char *path)
{
    char part[PATH_MAX];

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

static int make_file(const char *path, const char *content, size_t len)
{
    int fd = make_parents(path) == 0 ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444) : -1;
    int result = fd >= 0 && write(fd, content, len) == (ssize_t)len ? 0 : -1;

    if (fd >= 0)
        close(fd);
    return result;
}

/* The directory or file PATH of the old root appears in the new one, or what the symbolic link there says. */
static int show(const char *path)
{
    const char *new = path + 1;
    char target[PATH_MAX];
    struct stat st;
    ssize_t len;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : -1;
    if (S_ISLNK(st.st_mode)) {
        len = readlink(path, target, sizeof target - 1);
        if (len < 0)
            return -1;
        target[len] = '\0';
        return symlink(target, new);
    }
    if (S_ISDIR(st.st_mode) ? mkdir(new, 0755) < 0 : make_file(new, "", 0) < 0)
        return -1;
    if (mount(path, new, NULL, MS_BIND | MS_REC, NULL) < 0)
        return -1;
    return set_read_only(new, AT_RECURSIVE, 0);
}

/* A socket of the old root at NEW in the new one; none is not an error, the server may not run. */
static int show_socket(const char *path, const char *new)
{
    struct stat st;

    if (!*path || stat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return 0;
    return make_file(new, "", 0) < 0 ? -1 : mount(path, new, NULL, MS_BIND, NULL);
}

static int fill_usr(const struct world_display *display, const char **step)
{
    static const char *const parts[] = { "/usr",    "/lib", "/lib32", "/lib64",
                                         "/libx32", "/bin", "/sbin",  "/etc/ld.so.cache" };

    for (size_t i = 0; i < OS_ARRAY_LEN(parts); i++) {
        *step = parts[i];
        if (make_parents(parts[i] + 1) < 0 || show(parts[i]) < 0)
            return -1;
    }
    *step = "the sockets of the desktop";
    if (show_socket(display->x11_socket, display->x11_socket + 1) < 0 ||
        show_socket(display->wayland_socket, (WORLD_RUNTIME_DIR "/" WORLD_WAYLAND) + 1) < 0)
        return -1;
    if (display->cookies_len)
        return make_file(&WORLD_XAUTHORITY[1], display->cookies, display->cookies_len);
    return 0;
}

int world_enter(enum profile_world world, const struct world_display *display, const char **step)
{
    *step = "separating the mounts";
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    /* on /proc, because every machine has it, and nothing that is to be shown lies beneath it */
    *step = "mounting an empty file system";
    if (mount("seedbed", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m,nr_inodes=256") < 0 ||
        chdir("/proc") < 0)
        return -1;
    if (world == WORLD_USR && fill_usr(display, step) < 0)
        return -1;
    *step = "changing the root directory";
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return -1;
    *step = "making the root directory read-only";
    return set_read_only("/", 0, MOUNT_ATTR_NOEXEC);
}
