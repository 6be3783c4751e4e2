/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.c: where things are: scenarios, the programs of components, and whether there can be a window. What
 * was installed with the command is looked for from where the command is, so that it can be moved.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "find.h"
#include <os/types.h>

/* Of the places of an installed kit the one where the components are tells that it is one. */
static int is_kit(const char *folder)
{
    char path[PATH_MAX];
    return snprintf(path, PATH_MAX, "%s/%s", folder, KIT_COMPONENTS) < PATH_MAX && !access(path, X_OK);
}

/* The folder beneath which everything has been installed, or its image in the build. */
static int find_kit(char kit[PATH_MAX])
{
    static const char *const ways[] = { KIT_FROM_COMMAND, "../../kit/image" };
    char self[PATH_MAX], path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[len > 0 ? len : 0] = 0;
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < OS_ARRAY_LEN(ways); i++)
        if (snprintf(path, PATH_MAX, "%.*s/%s", (int)(slash - self), self, ways[i]) < PATH_MAX &&
            realpath(path, kit) && is_kit(kit))
            return 0;
    fprintf(stderr,
            "seedbed: components and scenarios cannot be found: they are installed with this command\n");
    return -1;
}

int find_in_kit(const char *place, char path[PATH_MAX])
{
    char kit[PATH_MAX];
    if (find_kit(kit))
        return -1;
    if (snprintf(path, PATH_MAX, "%s/%s", kit, place) < PATH_MAX && !access(path, F_OK))
        return 0;
    fprintf(stderr, "seedbed: %s/%s: %s\n", kit, place, strerror(errno));
    return -1;
}

int find_components(char path[PATH_MAX])
{
    return find_in_kit(KIT_COMPONENTS, path);
}

int find_dirs(struct find_dirs *dirs, const char *named)
{
    size_t count = 0;
    char *rest = dirs->named;
    if (snprintf(dirs->named, sizeof(dirs->named), "%s", named ? named : "") >= (int)sizeof(dirs->named)) {
        fprintf(stderr, "seedbed: --components: the text is too long\n");
        return -1;
    }
    for (char *dir; (dir = strsep(&rest, ":"));) {
        struct stat file;
        if (!*dir)
            continue;
        if (count == FIND_DIRS_MAX || stat(dir, &file) || (!S_ISDIR(file.st_mode) && (errno = ENOTDIR))) {
            fprintf(stderr, "seedbed: --components %s: %s\n", dir,
                    count == FIND_DIRS_MAX ? "too many folders" : strerror(errno));
            return -1;
        }
        dirs->list[count++] = dir;
    }
    dirs->list[count++] = dirs->kit;
    dirs->list[count] = NULL;
    return find_components(dirs->kit);
}

/* The path of the scenario called NAME in FOLDER; its error number or 0. */
static int named_scenario(const char *folder, const char *name, char path[PATH_MAX])
{
    char file[PATH_MAX];
    if (strchr(name, '/') || strstr(name, ".yaml") || !*name)
        return ENOENT;
    if (snprintf(file, PATH_MAX, "%s/%s.yaml", folder, name) >= PATH_MAX)
        return ENAMETOOLONG;
    return realpath(file, path) ? 0 : errno;
}

int find_scenario(const char *name, char path[PATH_MAX])
{
    char folder[PATH_MAX];
    struct stat file;
    int error = 0;
    if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX || stat(path, &file))
        error = errno;
    if (error) {
        char kit[PATH_MAX];
        if (find_in_kit(KIT_SCENARIOS, kit))
            return -1;
        /* in the build it is a link, which is no place for a person to look at */
        if (!realpath(kit, folder))
            snprintf(folder, sizeof(folder), "%s", kit);
        int named = named_scenario(folder, name, path);
        error = named == ENOENT ? error : named;
        if (!named && stat(path, &file))
            error = errno;
    }
    if (error == ENOENT)
        fprintf(stderr, "seedbed: no scenario \"%s\": no such file, and none of that name in %s\n", name,
                folder);
    else if (error || access(path, R_OK))
        fprintf(stderr, "seedbed: scenario %s: %s\n", error ? name : path, strerror(error ? error : errno));
    else if (!S_ISREG(file.st_mode))
        fprintf(stderr, "seedbed: scenario %s: %s\n", path,
                S_ISDIR(file.st_mode) ? "is a folder" : "is no ordinary file");
    else
        return 0;
    return -1;
}

const char *why_headless(int wanted, const char *components)
{
    const char *x11 = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    char driver[PATH_MAX];
    if (wanted)
        return "no window";
    if (!x11 || !*x11)
        return wayland && *wayland
                   ? "DISPLAY is not set, and windows need X11 or Xwayland, so there will be no window"
                   : "there is no display, so there will be no window";
    /* the sandbox has no network, only the socket of a server on this machine */
    if (x11[0] != ':' && strncmp(x11, "unix:", 5) != 0)
        return "DISPLAY names a server that is not on this machine, so there will be no window";
    if (snprintf(driver, sizeof(driver), "%s/display", components) < PATH_MAX && access(driver, X_OK))
        return "this build has no SDL driver, so there will be no window";
    return NULL;
}
