/* SPDX-License-Identifier: BSD-2-Clause */
/* find.c: where things are: scenarios, the programs of components, and whether there can be a window. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "find.h"

int find_scenario(const char *name, char path[PATH_MAX])
{
    struct stat file;
    int error = 0;
    if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX || stat(path, &file))
        error = errno;
    if (error && *name && !strchr(name, '/') && !strstr(name, ".yaml") &&
        snprintf(path, PATH_MAX, "%s/%s.yaml", SEEDBED_SCENARIOS, name) < PATH_MAX)
        error = stat(path, &file) ? errno : 0;
    if (error == ENOENT)
        fprintf(stderr, "seedbed: no scenario \"%s\": no such file, and none of that name in %s\n", name,
                SEEDBED_SCENARIOS);
    else if (error || access(path, R_OK))
        fprintf(stderr, "seedbed: scenario %s: %s\n", path, strerror(error ? error : errno));
    else if (!S_ISREG(file.st_mode))
        fprintf(stderr, "seedbed: scenario %s: %s\n", path,
                S_ISDIR(file.st_mode) ? "is a folder" : "is no ordinary file");
    else
        return 0;
    return -1;
}

int find_components(char path[PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[len > 0 ? len : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash && snprintf(path, PATH_MAX, "%.*s/../components", (int)(slash - self), self) < PATH_MAX)
        return 0;
    fprintf(stderr, "seedbed: the folder of the components cannot be found\n");
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
