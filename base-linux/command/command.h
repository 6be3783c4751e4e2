/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command.h: the commands of `seedbed`, in one table (commands.c), from which the arguments are parsed and
 * the help, the man pages and the completion of shells are made. A command is a row of the table and a
 * function.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <os/types.h>
#include <stdio.h>

/* Exit statuses, of all commands. */
#define STATUS_FAILED  1 /* it could not be done */
#define STATUS_MISTAKE 2 /* in what the user wrote: the call, or a file that was read */

enum { COMMAND_OPERANDS_MAX = 8, COMMAND_OPTIONS_MAX = 16 };

struct command_option {
    const char *name;  /* "--for"; NULL ends a list */
    const char *value; /* what it takes, as in the usage: "SECONDS"; NULL: nothing */
    const char *text;  /* what it does, without a full stop */
};

/* The arguments of one call, checked against the table. */
struct command_line {
    const struct command *command;
    const char *values[COMMAND_OPTIONS_MAX]; /* by the order of the options; NULL: not given */
    const char *operands[COMMAND_OPERANDS_MAX + 1];
    unsigned count; /* of operands */
};

struct command {
    const char *name;
    const char *operands; /* as in the usage: "COMPONENT [NAME]", words that completion knows the kind of */
    unsigned min, max;    /* how many of them */
    const char *summary;  /* what it does in a few words, without a full stop */
    const char *text;     /* paragraphs of whole sentences, with an empty line between them */
    const struct command_option *options;        /* NULL: none; --help is an option of all */
    int (*run)(const struct command_line *line); /* its exit status */
};

/* The table, in the order of the help; a command without name ends it. */
extern const struct command commands[];

/* The command called NAME, or NULL. */
const struct command *command_find(const char *name);

/* Says that there is none called NAME; STATUS_MISTAKE. */
int command_none(const char *name);

/* ---- arguments.c */

/*
 * Takes ARGV, what comes after the command's name, apart. "--" ends the options; "--name value" and
 * "--name=value" are the same. Zero, or the status to end with after a message; *HELP is set when --help was
 * asked for, and then nothing else is checked.
 */
int command_parse(struct command_line *line, const struct command *command, int argc, char **argv, int *help);

/* The value of option NAME; "" for one that takes none; NULL when it was not given. */
const char *command_option(const struct command_line *line, const char *name);

/* The operand with this number, or NULL. */
const char *command_operand(const struct command_line *line, unsigned number);

/* "seedbed: PROBLEM WHAT", and where there is help, on standard error; STATUS_MISTAKE. */
int command_mistake(const char *problem, const char *what);

/* The same of an "unknown WHAT FOUND", with the one of COUNT names that was probably meant. */
int command_unknown(const char *what, const char *found, const char *const *names, size_t count);

/* "5" or "0.5" seconds, above 0. Zero, or the status to end with after a message. */
int command_seconds(const char *text, os_time *span);

/* ---- help.c */

/* All commands in short. */
void help_all(FILE *to);
/* One of them with all there is to say. */
void help_one(FILE *to, const struct command *command);

/* ---- the commands */

int command_help(const struct command_line *line);
int command_run(const struct command_line *line);
int command_check(const struct command_line *line);
int command_schema(const struct command_line *line);
int command_explain(const struct command_line *line);
int command_graph(const struct command_line *line);
int command_list(const struct command_line *line);
int command_top(const struct command_line *line);
int command_kill(const struct command_line *line);
int command_restart(const struct command_line *line);
int command_upgrade(const struct command_line *line);
int command_apply(const struct command_line *line);
int command_rom(const struct command_line *line);
int command_pcap(const struct command_line *line);
int command_report(const struct command_line *line);
int command_log(const struct command_line *line);
int command_new(const struct command_line *line);
int command_kit(const struct command_line *line);

#endif
