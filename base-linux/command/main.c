/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: the seedbed command: finds what the user asked for in the table of commands. */
#include <string.h>

#include "command.h"

int main(int argc, char **argv)
{
    struct command_line line;
    int help;
    if (argc < 2)
        return command_mistake("what shall be done?", "");
    const char *name = !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ? "help" : argv[1];
    const struct command *command = command_find(name);
    if (!command)
        return command_none(argv[1]);
    int status = command_parse(&line, command, argc - 2, argv + 2, &help);
    if (status)
        return status;
    if (!help)
        return command->run(&line);
    help_one(stdout, command);
    return 0;
}
