/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: the seedbed command: what the user asked for, and with which files. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "find.h"
#include "linux_core.h"

#define EXIT_USAGE       2
#define DEFAULT_SCENARIO "default"
#define DEFAULT_SHOT     "seedbed-shot.png"

static void print_usage(FILE *to)
{
    fputs("usage: seedbed run [SCENARIO] [--headless] [--shot FILE.png] [--for SECONDS] [--no-spin]\n"
          "       seedbed check SCENARIO\n"
          "       seedbed list\n"
          "       seedbed log [LABEL] [--follow]\n"
          "       seedbed help\n"
          "\n"
          "run    starts the system that SCENARIO describes, a file or the name of one in scenarios/\n"
          "       --headless         without a window; the picture goes to a file at the end\n"
          "       --shot FILE.png    that file\n"
          "       --for SECONDS      ends by itself\n"
          "       --no-spin          calls never wait awake for their answers\n"
          "check  looks for mistakes in a scenario without starting anything\n"
          "list   shows the systems of this user that are running, and their components\n"
          "log    shows the last lines of their output, of component LABEL only or of all\n",
          to);
}

static int usage(const char *problem, const char *what)
{
    fprintf(stderr, "seedbed: %s%s%s (seedbed help tells more)\n", problem, *what ? " " : "", what);
    return EXIT_USAGE;
}

/* What run and check are given. */
struct arguments {
    const char *scenario, *shot;
    int headless, no_spin, help;
    os_time duration;
};

static int is_png(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".png") == 0;
}

/* "5" or "0.5". */
static int parse_seconds(const char *text, os_time *duration)
{
    char *end;
    errno = 0;
    double seconds = strtod(text, &end);
    if (errno || end == text || *end || !(seconds > 0 && seconds < 1e9))
        return -1;
    *duration = (os_time)(seconds * (double)OS_SEC);
    return 0;
}

/* 0, or the status to end with. */
static int parse_run(int argc, char **argv, struct arguments *arguments)
{
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        int takes_value = !strcmp(arg, "--shot") || !strcmp(arg, "--for");
        if (takes_value && i + 1 == argc)
            return usage("a value is missing after", arg);
        if (!strcmp(arg, "--help") || !strcmp(arg, "-h"))
            arguments->help = 1;
        else if (!strcmp(arg, "--headless"))
            arguments->headless = 1;
        else if (!strcmp(arg, "--no-spin"))
            arguments->no_spin = 1;
        else if (!strcmp(arg, "--shot") && !is_png(arguments->shot = argv[++i]))
            return usage("a picture is a PNG file: expected a name that ends in .png, found", argv[i]);
        else if (!strcmp(arg, "--shot"))
            continue;
        else if (takes_value && parse_seconds(argv[++i], &arguments->duration))
            return usage("expected a number of seconds above 0, found", *argv[i] ? argv[i] : "nothing");
        else if (!takes_value && arg[0] == '-')
            return usage("unknown option", arg);
        else if (!takes_value && arguments->scenario)
            return usage("more than one scenario:", arg);
        else if (!takes_value)
            arguments->scenario = arg;
    }
    return 0;
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

static int run_system(const struct arguments *arguments, int check)
{
    static char scenario[PATH_MAX], components[PATH_MAX], shot[PATH_MAX];
    const char *dirs[] = { components, NULL };
    const char *name = arguments->scenario ? arguments->scenario : DEFAULT_SCENARIO;
    if (find_scenario(name, scenario) || find_components(components))
        return EXIT_FAILURE;
    if (arguments->shot && check_shot(arguments->shot))
        return EXIT_FAILURE;
    default_shot(shot);
    const char *headless = why_headless(arguments->headless, components);
    struct linux_core_options options = { .scenario = scenario,
                                          .dirs = dirs,
                                          .shot = arguments->shot ? arguments->shot : shot,
                                          .shot_wanted = arguments->shot != NULL,
                                          .headless = headless != NULL,
                                          .no_spin = arguments->no_spin,
                                          .check = check,
                                          .duration = arguments->duration };
    if (headless && !check)
        fprintf(stderr, "seedbed: %s; the picture of the screen will be in %s\n", headless, options.shot);
    return linux_core_run(&options);
}

static int command_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    print_usage(stdout);
    return 0;
}

static int command_run(int argc, char **argv)
{
    struct arguments arguments = { 0 };
    int status = parse_run(argc, argv, &arguments);
    if (!status && arguments.help)
        return command_help(0, NULL);
    return status ? status : run_system(&arguments, 0);
}

static int command_check(int argc, char **argv)
{
    struct arguments arguments = { 0 };
    if (argc != 1 || argv[0][0] == '-')
        return usage("check takes one scenario", "");
    arguments.scenario = argv[0];
    return run_system(&arguments, 1);
}

static int command_list(int argc, char **argv)
{
    return argc ? usage("list takes no arguments:", argv[0]) : client_list();
}

static int command_log(int argc, char **argv)
{
    const char *label = "";
    int follow = 0;
    for (int i = 0; i < argc; i++) {
        if (!strcmp(argv[i], "--follow"))
            follow = 1;
        else if (argv[i][0] == '-')
            return usage("unknown option", argv[i]);
        else if (*label)
            return usage("more than one label:", argv[i]);
        else
            label = argv[i];
    }
    return client_log(label, follow);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {
        { "run", command_run }, { "check", command_check }, { "list", command_list },
        { "log", command_log }, { "help", command_help },   { "--help", command_help },
    };
    if (argc < 2)
        return usage("what shall be done?", "");
    for (size_t i = 0; i < OS_ARRAY_LEN(commands); i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 2, argv + 2);
    return usage("unknown command", argv[1]);
}
