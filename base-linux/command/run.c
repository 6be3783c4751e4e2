/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c: the commands that start a system: with which files, and whether in a window. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <os/parent.h>

#include "command.h"
#include "files.h"
#include "find.h"
#include "linux_core.h"

#define DEFAULT_SCENARIO "default"
#define DEFAULT_SHOT     "seedbed-shot.png"

/* What run is given. */
struct arguments {
    const char *scenario, *shot, *components, *pcap;
    int headless, no_spin, books;
    os_time duration;
};

static int is_png(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".png") == 0;
}

/* 0, or the status to end with. */
static int read_arguments(const struct command_line *line, struct arguments *arguments)
{
    const char *duration = command_option(line, "--for");
    *arguments = (struct arguments){ .scenario = command_operand(line, 0),
                                     .shot = command_option(line, "--shot"),
                                     .components = command_option(line, "--components"),
                                     .pcap = command_option(line, "--pcap"),
                                     .headless = command_option(line, "--headless") != NULL,
                                     .no_spin = command_option(line, "--no-spin") != NULL,
                                     .books = command_option(line, "--books") != NULL };
    if (arguments->shot && !is_png(arguments->shot))
        return command_mistake("a picture is a PNG file: expected a name that ends in .png, found",
                               arguments->shot);
    return duration ? command_seconds(duration, &arguments->duration) : 0;
}

/* That a picture can be saved is known before the start. */
static int check_shot(const char *shot)
{
    char folder[PATH_MAX];
    struct stat file;
    const char *slash = strrchr(shot, '/');
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - shot) + 1 : 1, slash ? shot : ".");
    if (access(folder, W_OK) || (!stat(shot, &file) && S_ISDIR(file.st_mode) && (errno = EISDIR))) {
        fprintf(stderr, "seedbed: no picture can be saved as %s: %s\n", shot, strerror(errno));
        return -1;
    }
    return 0;
}

/* Where the picture goes if the user does not say: to where he is, or if he cannot write there, elsewhere. */
static void default_shot(char path[PATH_MAX])
{
    const char *dir = getenv("XDG_RUNTIME_DIR");
    if (access(".", W_OK) && dir && *dir)
        snprintf(path, PATH_MAX, "%s/%s", dir, DEFAULT_SHOT);
    else
        snprintf(path, PATH_MAX, "%s", DEFAULT_SHOT);
}

enum { PCAPS_MAX = 8 };

/* "LINK=FILE,LINK=FILE": a link's label may have anything but '=' and ','. 0, or the status to end with. */
static int read_pcaps(const char *text, struct linux_core_pcap pcaps[PCAPS_MAX + 1])
{
    static char copy[PATH_MAX * 2];
    unsigned count = 0;
    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
        return command_mistake("too long:", "--pcap");
    for (char *at = copy, *next; at; at = next) {
        next = strchr(at, ',');
        if (next)
            *next++ = 0;
        char *path = strchr(at, '=');
        if (!path || path == at || !path[1] || count == PCAPS_MAX)
            return command_mistake("expected LINK=FILE after --pcap, at most 8 of them, found", text);
        *path++ = 0;
        if (strlen(at) >= OS_LABEL_MAX)
            return command_mistake("too long for the label of a link:", at);
        pcaps[count++] = (struct linux_core_pcap){ .link = at, .path = path };
    }
    return 0;
}

static int run_system(const struct arguments *arguments)
{
    static char scenario[PATH_MAX], shot[PATH_MAX];
    static struct find_dirs dirs;
    static struct linux_core_pcap pcaps[PCAPS_MAX + 1];
    const char *name = arguments->scenario ? arguments->scenario : DEFAULT_SCENARIO;
    int status = arguments->pcap ? read_pcaps(arguments->pcap, pcaps) : 0;
    if (status)
        return status;
    if (find_scenario(name, scenario) || find_dirs(&dirs, arguments->components))
        return EXIT_FAILURE;
    if (arguments->shot && check_shot(arguments->shot))
        return EXIT_FAILURE;
    default_shot(shot);
    const char *headless = why_headless(arguments->headless, dirs.kit);
    struct linux_core_options options = { .scenario = scenario,
                                          .files = files_read(scenario),
                                          .dirs = dirs.list,
                                          .shot = arguments->shot ? arguments->shot : shot,
                                          .shot_wanted = arguments->shot != NULL,
                                          .pcaps = pcaps,
                                          .headless = headless != NULL,
                                          .no_spin = arguments->no_spin,
                                          .books = arguments->books,
                                          .duration = arguments->duration };
    if (headless)
        fprintf(stderr, "seedbed: %s; if it has a screen, its picture will be in %s\n", headless,
                options.shot);
    return linux_core_run(&options);
}

int command_run(const struct command_line *line)
{
    struct arguments arguments;
    int status = read_arguments(line, &arguments);
    return status ? status : run_system(&arguments);
}
