/* SPDX-License-Identifier: BSD-2-Clause */
/* help.c: the table of commands for people, and as JSON for what makes man pages and completion of it. */
#include <string.h>

#include "command.h"

enum { WIDTH = 78 };

/* The line after "usage:" of one command. */
static void put_usage(FILE *to, const struct command *command)
{
    fprintf(to, "seedbed %s", command->name);
    if (*command->operands)
        fprintf(to, " %s", command->operands);
    const struct command_option *options = command->options;
    for (int i = 0; options && options[i].name; i++)
        fprintf(to, " [%s%s%s]", options[i].name, options[i].value ? " " : "",
                options[i].value ? options[i].value : "");
    fputc('\n', to);
}

/* TEXT broken into lines behind INDENT spaces, the first of which has them already. */
static void put_text(FILE *to, const char *text, unsigned indent)
{
    unsigned column = indent;
    for (const char *at = text; *at;) {
        if (*at == '\n') {
            fprintf(to, "%s%*s", column > indent ? "\n" : "", (int)indent, "");
            column = indent;
            at++;
            continue;
        }
        unsigned len = (unsigned)strcspn(at, " \n");
        if (column > indent && column + 1 + len > WIDTH) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
        }
        fprintf(to, "%s%.*s", column > indent ? " " : "", (int)len, at);
        column += len + (column > indent);
        at += len + (at[len] == ' ');
    }
    fputc('\n', to);
}

/* A row of a list: CALL in a column of WIDTH, and TEXT beside it, or beneath if there is no room. */
static void put_row(FILE *to, const char *call, unsigned width, const char *text)
{
    if (strlen(call) > width) {
        fprintf(to, "  %s\n", call);
        call = "";
    }
    fprintf(to, "  %-*s ", (int)width, call);
    put_text(to, text, width + 3);
}

void help_all(FILE *to)
{
    fputs("usage: seedbed COMMAND [ARGUMENT ...]\n\n", to);
    for (const struct command *command = commands; command->name; command++) {
        char call[64];
        snprintf(call, sizeof(call), "%s %s", command->name, command->operands);
        put_row(to, call, 22, command->summary);
    }
    fputs("\nseedbed help COMMAND tells more about one of them.\n", to);
}

void help_one(FILE *to, const struct command *command)
{
    fputs("usage: ", to);
    put_usage(to, command);
    fprintf(to, "\n%s %s.\n", command->name, command->summary);
    put_text(to, command->text, 0);
    const struct command_option *options = command->options;
    for (int i = 0; options && options[i].name; i++) {
        char call[64];
        snprintf(call, sizeof(call), "%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        if (!i)
            fputc('\n', to);
        put_row(to, call, 20, options[i].text);
    }
}

/* A string of the table, which has no control characters but ends of lines. */
static void put_json(const char *name, const char *text)
{
    printf("\"%s\": ", name);
    if (!text) {
        printf("null");
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '\n')
            printf("\\n");
        else if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void put_json_option(const struct command_option *option)
{
    printf("{");
    put_json("name", option->name);
    printf(", ");
    put_json("value", option->value);
    printf(", ");
    put_json("text", option->text);
    printf("}");
}

static void put_json_command(const struct command *command)
{
    printf("  {");
    put_json("name", command->name);
    printf(", ");
    put_json("operands", command->operands);
    printf(", \"min\": %u, \"max\": %u,\n   ", command->min, command->max);
    put_json("summary", command->summary);
    printf(",\n   ");
    put_json("text", command->text);
    printf(",\n   \"options\": [");
    const struct command_option *options = command->options;
    for (int i = 0; options && options[i].name; i++) {
        printf("%s", i ? ",\n     " : "\n     ");
        put_json_option(&options[i]);
    }
    printf("]}");
}

static void json_all(void)
{
    printf("[\n");
    for (const struct command *command = commands; command->name; command++) {
        put_json_command(command);
        printf("%s\n", command[1].name ? "," : "");
    }
    printf("]\n");
}

int command_help(const struct command_line *line)
{
    const char *name = command_operand(line, 0);
    const struct command *command = name ? command_find(name) : NULL;
    if (name && !command)
        return command_none(name);
    if (command_option(line, "--json"))
        json_all();
    else if (command)
        help_one(stdout, command);
    else
        help_all(stdout);
    return 0;
}
