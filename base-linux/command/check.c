/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c: `seedbed check`: what is wrong with a scenario, a line each that editors understand, without
 * starting anything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "print.h"
#include "static.h"

struct message {
    char *line;
    struct message *next;
};

/* Messages in the order in which they come. */
struct messages {
    struct problems problems;
    struct message *first, **end;
    int lost; /* there was no memory for one */
};

static void keep(struct problems *problems, const char *line)
{
    struct messages *messages = OS_CONTAINER_OF(problems, struct messages, problems);
    struct message *message = calloc(1, sizeof(*message));
    if (message)
        message->line = strdup(line);
    if (!message || !message->line) {
        free(message);
        messages->lost = 1;
        return;
    }
    *messages->end = message;
    messages->end = &message->next;
}

static void messages_fini(struct messages *messages)
{
    while (messages->first) {
        struct message *message = messages->first;
        messages->first = message->next;
        free(message->line);
        free(message);
    }
}

/* ---- as JSON */

/* ":LINE:COLUMN: " in a message, which follows the name of its file; NULL if it has none. */
static const char *find_place(const char *line, unsigned *row, unsigned *column)
{
    for (const char *at = strchr(line, ':'); at; at = strchr(at + 1, ':')) {
        int len = 0;
        if (sscanf(at, ":%u:%u: %n", row, column, &len) == 2 && len)
            return at;
    }
    return NULL;
}

static void print_json_message(const char *line)
{
    static const char warning[] = "warning: ";
    unsigned row = 1, column = 1;
    const char *place = find_place(line, &row, &column);
    const char *text = place ? strchr(place, ' ') + 1 : line;
    int warns = !strncmp(text, warning, strlen(warning));
    char file[512];
    snprintf(file, sizeof(file), "%.*s", place ? (int)(place - line) : 0, line);
    printf("\n  { \"file\": ");
    print_json_string(file);
    printf(", \"line\": %u, \"column\": %u, \"severity\": \"%s\", \"message\": ", row, column,
           warns ? "warning" : "error");
    print_json_string(text + (warns ? strlen(warning) : 0));
    printf(" }");
}

static void print_json(const struct messages *messages)
{
    printf("[");
    for (const struct message *at = messages->first; at; at = at->next) {
        print_json_message(at->line);
        printf(at->next ? "," : "\n");
    }
    printf("]\n");
}

/* ---- for people */

static void print_count(unsigned count, const char *what)
{
    fprintf(stderr, "%u %s%s", count, what, count == 1 ? "" : "s");
}

static void print_text(const struct messages *messages)
{
    const struct problems *problems = &messages->problems;
    for (const struct message *at = messages->first; at; at = at->next)
        fprintf(stderr, "%s\n", at->line);
    if (messages->lost)
        fprintf(stderr, "seedbed: no memory for all of the messages\n");
    if (!problems->count && !problems->warnings) {
        printf("%s: ok\n", problems->file);
        return;
    }
    fprintf(stderr, "%s: ", problems->file);
    if (problems->count)
        print_count(problems->count, "problem");
    if (problems->count && problems->warnings)
        fprintf(stderr, ", ");
    if (problems->warnings)
        print_count(problems->warnings, "warning");
    fprintf(stderr, "\n");
}

int command_check(const struct command_line *line)
{
    struct messages messages = { .problems = { .report = keep } };
    struct static_scenario read;
    messages.end = &messages.first;
    int failed = static_read(&read, command_operand(line, 0), line, &messages.problems);
    if (!failed && command_option(line, "--json"))
        print_json(&messages);
    else if (!failed)
        print_text(&messages);
    static_fini(&read);
    messages_fini(&messages);
    return failed ? STATUS_FAILED : messages.problems.count || messages.lost ? STATUS_MISTAKE : 0;
}
