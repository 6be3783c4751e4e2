/* SPDX-License-Identifier: BSD-2-Clause */
/* live.c: the commands that look at running systems and change them, but for top. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <yaml/parse.h>
#include <yaml/printable.h>
#include <yaml/render.h>

#include "client.h"
#include "find.h"
#include "print.h"

/* How often who follows the state looks at it. */
#define FOLLOW_EVERY (250 * OS_MS)

/* ---- list */

static const char *state_name(uint32_t state)
{
    static const char *const states[] = { "new", "running", "exited", "faulted", "violated", "killed" };
    return state < OS_ARRAY_LEN(states) ? states[state] : "?";
}

static void print_list(struct client_list *list)
{
    make_printable(list->system.scenario);
    printf("%d %s%s\n", (int)list->system.pid, list->system.scenario,
           list->system.headless ? " (headless)" : "");
    for (unsigned i = 0; i < list->count; i++) {
        struct control_component *c = &list->components[i];
        make_printable(c->label);
        printf("  %-24s %-8s pid %-7d ram %llu of %llu KiB, caps %u of %u, %s\n", c->label,
               state_name(c->state), (int)c->pid, (unsigned long long)c->ram_used / 1024,
               (unsigned long long)c->ram / 1024, c->caps_used, c->caps, c->profile);
    }
}

static void print_list_json(const struct client_list *list)
{
    printf("  {\"pid\": %d, \"scenario\": ", (int)list->system.pid);
    print_json_string(list->system.scenario);
    printf(", \"headless\": %s, \"components\": [", list->system.headless ? "true" : "false");
    for (unsigned i = 0; i < list->count; i++) {
        const struct control_component *c = &list->components[i];
        printf("%s\n    {\"label\": ", i ? "," : "");
        print_json_string(c->label);
        printf(", \"state\": \"%s\", \"pid\": %d, \"ram\": %llu, \"ram-used\": %llu, \"caps\": %u, "
               "\"caps-used\": %u, "
               "\"sandbox\": ",
               state_name(c->state), (int)c->pid, (unsigned long long)c->ram, (unsigned long long)c->ram_used,
               c->caps, c->caps_used);
        print_json_string(c->profile);
        printf("}");
    }
    printf("]}");
}

int command_list(const struct command_line *line)
{
    unsigned pids[CLIENT_SYSTEMS_MAX], count = client_systems(pids), shown = 0;
    int json = command_option(line, "--json") != NULL;
    if (command_option(line, "--system")) {
        int status = client_select(line, &pids[0]);
        if (status)
            return status;
        count = 1;
    }
    printf("%s", json ? "[" : "");
    for (unsigned i = 0; i < count; i++) {
        struct client_list list;
        if (client_components(pids[i], &list))
            continue;
        printf("%s", !json ? "" : shown ? ",\n" : "\n");
        shown++;
        if (json)
            print_list_json(&list);
        else
            print_list(&list);
        free(list.components);
    }
    printf("%s", json ? "\n]\n" : "");
    if (!shown && !json)
        fprintf(stderr, "seedbed: no system is running\n");
    return shown ? 0 : STATUS_FAILED;
}

/* ---- log */

int command_log(const struct command_line *line)
{
    const char *component = command_operand(line, 0);
    int follow = command_option(line, "--follow") != NULL, got, lines = 0;
    struct control_request request = { .wish = follow ? CONTROL_FOLLOW : CONTROL_LOG };
    struct client_name name;
    union client_reply reply;
    unsigned pid;
    int status = client_select(line, &pid);
    if (!status && component)
        status = client_name(component, &name);
    if (status)
        return status;
    if (component && snprintf(request.label, sizeof(request.label), "%s%s%s", name.path,
                              *name.path ? " -> " : "", name.name) >= (int)sizeof(request.label))
        return command_mistake("too long:", component);
    int fd = client_send(pid, &request, NULL, 0);
    if (fd < 0)
        return STATUS_FAILED;
    while ((got = client_receive(fd, &reply, follow ? OS_NEVER : 5 * OS_SEC, NULL)) > 0) {
        if (reply.kind != CONTROL_LINE)
            continue;
        lines++;
        /* with a reader that is gone there is nothing to go on for */
        if (puts(reply.text.text) < 0 || fflush(stdout))
            break;
    }
    close(fd);
    if (!got && !lines && component && !follow) {
        fprintf(stderr, "seedbed: component %s has said nothing, or there is none (seedbed list)\n",
                component);
        return STATUS_FAILED;
    }
    return got < 0 ? STATUS_FAILED : 0;
}

/* ---- kill, restart, upgrade */

static int ask_and_print(const struct command_line *line, const char *path, const char *words,
                         const void *data, size_t size)
{
    struct client_answer answer;
    int status = client_ask(line, path, words, data, size, &answer);
    if (status)
        return status;
    if (answer.size)
        fputs(client_text(&answer), stdout);
    client_answer_fini(&answer);
    return 0;
}

static int about_component(const struct command_line *line, const char *verb)
{
    struct client_name name;
    char words[OS_LABEL_MAX + 32];
    int status = client_name(command_operand(line, 0), &name);
    if (status)
        return status;
    snprintf(words, sizeof(words), "%s %s", verb, name.name);
    return ask_and_print(line, name.path, words, NULL, 0);
}

int command_kill(const struct command_line *line)
{
    return about_component(line, "kill");
}

int command_restart(const struct command_line *line)
{
    return about_component(line, "restart");
}

int command_upgrade(const struct command_line *line)
{
    return about_component(line, "upgrade");
}

/* ---- apply */

/* All of file PATH, at most MAX bytes, to be freed. */
static void *read_file(const char *path, size_t max, size_t *size)
{
    char *data = malloc(max + 1);
    FILE *file = data ? fopen(path, "re") : NULL;
    if (!file) {
        fprintf(stderr, "seedbed: %s: %s\n", path, strerror(errno));
        free(data);
        return NULL;
    }
    *size = fread(data, 1, max + 1, file);
    int failed = ferror(file);
    fclose(file);
    if (!failed && *size <= max)
        return data;
    fprintf(stderr, "seedbed: %s: %s\n", path, failed ? "cannot be read" : "too large for a scenario");
    free(data);
    return NULL;
}

/* What is asked is "" for the first init itself, else the path of one within. */
static int init_path(const char *text, char (*path)[OS_LABEL_MAX])
{
    struct client_name name;
    (*path)[0] = 0;
    if (!text)
        return 0;
    int status = client_name(text, &name);
    if (!status && snprintf(*path, sizeof(*path), "%s%s%s", name.path, *name.path ? " -> " : "", name.name) >=
                       (int)sizeof(*path))
        status = command_mistake("too long:", text);
    return status;
}

/* Read here, so that a file which is no YAML is told without disturbing anybody, and its name goes with it.
 */
int command_apply(const struct command_line *line)
{
    char file[PATH_MAX], path[OS_LABEL_MAX], error[YAML_ERROR_MAX];
    void *text, *tree;
    size_t text_size, size;
    int status = init_path(command_option(line, "--init"), &path);
    if (status)
        return status;
    if (find_scenario(command_operand(line, 0), file))
        return STATUS_FAILED;
    text = read_file(file, CONTROL_DATA_MAX / 2, &text_size);
    if (!text)
        return STATUS_FAILED;
    os_err err = yaml_parse(file, text, text_size, &tree, &size, &error);
    free(text);
    if (err) {
        fprintf(stderr, "%s\n", error);
        return STATUS_MISTAKE;
    }
    status = ask_and_print(line, path, command_option(line, "--dry-run") ? "preview" : "apply", tree, size);
    free(tree);
    return status;
}

/* ---- rom */

static int print_rom(const struct command_line *line, const struct client_answer *answer)
{
    static const uint32_t magic = OS_CONFIG_MAGIC;
    struct os_config config;
    int is_tree = answer->size >= sizeof(magic) && !memcmp(answer->data, &magic, sizeof(magic)) &&
                  !os_config_init(&config, answer->data, answer->size);
    if (is_tree && !command_option(line, "--raw")) {
        print_config(&config, CONFIG_RENDER_YAML);
        return 0;
    }
    if (isatty(STDOUT_FILENO) && !is_text(answer->data ? answer->data : "", answer->size)) {
        fprintf(stderr,
                "seedbed: its %zu bytes are no text and not for a terminal; into a file it goes by: seedbed "
                "rom %s %s "
                ">FILE\n",
                answer->size, command_operand(line, 0), command_operand(line, 1));
        return STATUS_FAILED;
    }
    if (answer->size && isatty(STDOUT_FILENO))
        print_visible(answer->data, answer->size);
    else if (answer->size)
        fwrite(answer->data, 1, answer->size, stdout);
    return 0;
}

int command_rom(const struct command_line *line)
{
    struct client_name name;
    struct client_answer answer;
    char words[2 * OS_LABEL_MAX + 8];
    int status = client_name(command_operand(line, 0), &name);
    if (status)
        return status;
    if (snprintf(words, sizeof(words), "rom %s %s", name.name, command_operand(line, 1)) >=
        (int)sizeof(words))
        return command_mistake("too long:", command_operand(line, 1));
    status = client_ask(line, name.path, words, NULL, 0, &answer);
    if (status)
        return status;
    status = print_rom(line, &answer);
    client_answer_fini(&answer);
    return status;
}

/* ---- report */

/* What changes all the time by itself is no change. */
static int same_state(const struct os_config *a, os_config_ref x, const struct os_config *b, os_config_ref y)
{
    if (x->kind != y->kind || strcmp(os_config_key(a, x), os_config_key(b, y)) != 0)
        return 0;
    const char *key = os_config_key(a, x);
    if (x->kind == OS_CONFIG_SCALAR)
        return !strcmp(key, "age-ms") || !strcmp(key, "why") ||
               !strcmp(os_config_value(a, x), os_config_value(b, y));
    if (x->children != y->children)
        return 0;
    os_config_ref s = os_config_first(a, x), t = os_config_first(b, y);
    for (; s && t; s = os_config_next(a, s), t = os_config_next(b, t))
        if (!same_state(a, s, b, t))
            return 0;
    return 1;
}

static void print_state(const struct command_line *line, const struct os_config *state)
{
    int json = command_option(line, "--json") != NULL;
    print_config(state, json ? CONFIG_RENDER_JSON : CONFIG_RENDER_YAML);
    if (command_option(line, "--follow") && !json)
        printf("---\n");
    fflush(stdout);
}

/* The system's own clock does nothing for those who look: they ask again and again. */
int command_report(const struct command_line *line)
{
    static const struct timespec pause = { .tv_nsec = FOLLOW_EVERY };
    struct client_answer last = { 0 }, answer;
    struct os_config last_state = { 0 }, state;
    char path[OS_LABEL_MAX];
    int status = init_path(command_operand(line, 0), &path);
    while (!status && !ferror(stdout)) {
        status = client_state(line, path, &answer, &state);
        if (status)
            break;
        int same =
            last.data && same_state(&state, os_config_root(&state), &last_state, os_config_root(&last_state));
        if (!same)
            print_state(line, &state);
        client_answer_fini(&last);
        last = answer;
        last_state = state;
        if (!command_option(line, "--follow"))
            break;
        nanosleep(&pause, NULL);
    }
    client_answer_fini(&last);
    return status;
}
