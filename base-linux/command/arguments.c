/* SPDX-License-Identifier: BSD-2-Clause */
/* arguments.c: the arguments of a call, as the table of commands says that they are. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scenario/names.h>

#include "command.h"

int command_mistake(const char *problem, const char *what)
{
    fprintf(stderr, "seedbed: %s%s%s (seedbed help tells more)\n", problem, *what ? " " : "", what);
    return STATUS_MISTAKE;
}

int command_unknown(const char *what, const char *found, const char *const *names, size_t count)
{
    const char *nearest = names_nearest(names, count, found);
    char problem[64], text[256];
    snprintf(problem, sizeof(problem), "unknown %s", what);
    snprintf(text, sizeof(text), "%.120s%s%s%s", found, nearest ? "; did you mean " : "",
             nearest ? nearest : "", nearest ? "?" : "");
    return command_mistake(problem, text);
}

int command_seconds(const char *text, os_time *span)
{
    char *end;
    errno = 0;
    double seconds = strtod(text, &end);
    if (errno || end == text || *end || !(seconds > 0 && seconds < 1e9))
        return command_mistake("expected a number of seconds above 0, found", *text ? text : "nothing");
    *span = (os_time)(seconds * (double)OS_SEC);
    return 0;
}

/* Number of the option that ARG, "--name" or "--name=value", is; -1 for none. */
static int find_option(const struct command *command, const char *arg, const char **value)
{
    size_t len = strcspn(arg, "=");
    const struct command_option *options = command->options;
    for (int i = 0; options && options[i].name; i++) {
        if (strncmp(options[i].name, arg, len) != 0 || options[i].name[len])
            continue;
        *value = arg[len] ? arg + len + 1 : NULL;
        return i;
    }
    return -1;
}

static int unknown_option(const struct command *command, const char *arg)
{
    const char *names[COMMAND_OPTIONS_MAX];
    char found[128];
    size_t count = 0;
    for (const struct command_option *option = command->options; option && option->name; option++)
        names[count++] = option->name;
    snprintf(found, sizeof(found), "%.*s", (int)strcspn(arg, "="), arg);
    return command_unknown("option", found, names, count);
}

static int take_option(struct command_line *line, int argc, char **argv, int *at)
{
    const char *value;
    int number = find_option(line->command, argv[*at], &value);
    if (number < 0)
        return unknown_option(line->command, argv[*at]);
    const struct command_option *option = &line->command->options[number];
    if (value && !option->value)
        return command_mistake("no value is taken by", option->name);
    if (option->value && !value) {
        if (*at + 1 == argc)
            return command_mistake("a value is missing after", option->name);
        value = argv[++*at];
    }
    line->values[number] = value ? value : "";
    return 0;
}

/* The first word of the operands in the usage, as people say it: "scenario". */
static const char *operand_word(const struct command *command, char word[32])
{
    size_t len = 0;
    for (const char *at = command->operands; *at && *at != ' ' && len < 31; at++)
        if (isalpha((unsigned char)*at))
            word[len++] = (char)tolower((unsigned char)*at);
    word[len] = 0;
    return word;
}

static int check_operands(const struct command_line *line, const char *surplus)
{
    const struct command *command = line->command;
    char text[160], word[32];
    if (surplus && !command->max)
        snprintf(text, sizeof(text), "%s takes no arguments:", command->name);
    else if (surplus && command->max == 1)
        snprintf(text, sizeof(text), "more than one %s:", operand_word(command, word));
    else if (surplus)
        snprintf(text, sizeof(text), "%s takes %s, and no more:", command->name, command->operands);
    else if (line->count < command->min && command->max == 1)
        snprintf(text, sizeof(text), "%s takes one %s", command->name, operand_word(command, word));
    else if (line->count < command->min)
        snprintf(text, sizeof(text), "%s takes %s", command->name, command->operands);
    else
        return 0;
    return command_mistake(text, surplus ? surplus : "");
}

static int wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return 1;
    return 0;
}

int command_parse(struct command_line *line, const struct command *command, int argc, char **argv, int *help)
{
    int status = 0, only_operands = 0;
    *line = (struct command_line){ .command = command };
    *help = wants_help(argc, argv);
    if (*help)
        return 0;
    for (int i = 0; i < argc && !status; i++) {
        if (!only_operands && !strcmp(argv[i], "--"))
            only_operands = 1;
        else if (!only_operands && argv[i][0] == '-' && argv[i][1])
            status = take_option(line, argc, argv, &i);
        else if (line->count == command->max)
            status = check_operands(line, argv[i]);
        else
            line->operands[line->count++] = argv[i];
    }
    return status ? status : check_operands(line, NULL);
}

const char *command_option(const struct command_line *line, const char *name)
{
    const struct command_option *options = line->command->options;
    for (int i = 0; options && options[i].name; i++)
        if (!strcmp(options[i].name, name))
            return line->values[i];
    return NULL;
}

const char *command_operand(const struct command_line *line, unsigned number)
{
    return number < line->count ? line->operands[number] : NULL;
}
