/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain.c: `seedbed explain`: why a session request goes where it goes: each rule that is looked at, the
 * one that decides, and what the server sees; up through inits within inits.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "static.h"

struct explanation {
    struct static_scenario read;
    const struct level *level;
    const struct entry *client;
    struct hop hop;
    unsigned other; /* rules for other services */
};

/* ---- what the user has asked for */

static int unknown_component(const struct explanation *explanation, const char *name)
{
    const char *names[512];
    size_t count = 0;
    const struct level *level = explanation->level ? explanation->level : explanation->read.top;
    const char *slash = strrchr(name, '/');
    for (size_t i = 0; i < level->scenario.count && count < OS_ARRAY_LEN(names); i++)
        names[count++] = level->scenario.entries[i].name;
    return command_unknown("component", slash ? slash + 1 : name, names, count);
}

/* SERVICE or SERVICE:LABEL. */
static int take_request(struct route_request *request, const char *text)
{
    size_t len = strcspn(text, ":");
    const char *label = text[len] ? text + len + 1 : "";
    if (!len || len >= sizeof(request->service))
        return command_mistake("expected SERVICE or SERVICE:LABEL, found", *text ? text : "nothing");
    if (strlen(label) >= sizeof(request->label))
        return command_mistake("the label is too long:", label);
    memcpy(request->service, text, len);
    strcpy(request->label, label);
    return 0;
}

/* ---- rules */

/* As the scenario has it: "Gui: { match: x*, child: gui, label: canvas }". */
static void rule_text(const struct route *rule, char *text, size_t size)
{
    static const char *const words[] = { [TARGET_PARENT] = "parent",
                                         [TARGET_ANY_CHILD] = "any-child",
                                         [TARGET_DENY] = "deny",
                                         [TARGET_LOCAL] = "local",
                                         [TARGET_CHILD] = "" };
    int is_short = rule->target != TARGET_CHILD && !rule->match && !rule->label && !rule->as && !rule->args;
    if (is_short) {
        snprintf(text, size, "%s: %s", rule->service, words[rule->target]);
        return;
    }
    snprintf(text, size, "%s: {%s%s%s%s%s%s%s%s%s%s }", rule->service, rule->match ? " match: " : "",
             rule->match ? rule->match : "", rule->match ? "," : "",
             rule->target == TARGET_CHILD ? " child: " : " to: ",
             rule->target == TARGET_CHILD ? rule->child : words[rule->target], rule->as ? ", as: " : "",
             rule->as ? rule->as : "", rule->label ? ", label: " : "", rule->label ? rule->label : "",
             rule->args ? ", args: ..." : "");
}

static void place_text(const char *file, os_config_ref node, char *text, size_t size)
{
    if (node)
        snprintf(text, size, "%s:%u:%u:", file, (unsigned)node->line, (unsigned)node->column);
    else
        snprintf(text, size, "built in:");
}

static void print_step(void *context, const struct route_step *step)
{
    struct explanation *explanation = context;
    const char *file = explanation->read.file;
    char place[PATH_MAX + 32], rule[512], verdict[512];
    /* it is about ROM modules only */
    if (step->scope == ROUTE_BUILT_IN && step->verdict == ROUTE_OTHER_SERVICE)
        return;
    if (step->verdict == ROUTE_OTHER_SERVICE) {
        explanation->other++;
        return;
    }
    place_text(file, step->route->node, place, sizeof(place));
    rule_text(step->route, rule, sizeof(rule));
    route_step_text(step, verdict, sizeof(verdict));
    printf("  %s %s%s\n      %s\n", place, rule, step->scope >= ROUTE_DEFAULT ? "  (default-route)" : "",
           verdict);
}

static void print_rules(struct explanation *explanation)
{
    const struct hop *hop = &explanation->hop;
    const char *file = explanation->read.file;
    char name[OS_LABEL_MAX * 2];
    level_entry_name(hop->level, hop->client, name, sizeof(name));
    printf("%s:%u:%u: %s asks its init%s%s for %s", file, (unsigned)hop->client->node->line,
           (unsigned)hop->client->node->column, name, *hop->level->name ? " " : "", hop->level->name,
           hop->request.service);
    if (*hop->request.label)
        printf(" with label '%s'", hop->request.label);
    if (*hop->request.args)
        printf(" and arguments '%s'", hop->request.args);
    printf("\n");
    explanation->other = 0;
    (void)route_explain(&hop->level->scenario, hop->client, hop->request.service, hop->request.label,
                        print_step, explanation);
    if (explanation->other)
        printf("  %u rule%s for other services\n", explanation->other, explanation->other == 1 ? "" : "s");
}

/* ---- the end of the way */

static void print_seen(const struct hop *hop)
{
    const struct route_request *seen = &hop->rewritten;
    if (strcmp(seen->service, hop->request.service))
        printf(", as %s", seen->service);
    printf("; it sees the label '%s'", seen->label);
    printf(*seen->args ? " and the arguments '%s'\n" : " and no arguments\n", seen->args);
}

static void say_nothing(struct problems *problems, const char *line)
{
    (void)problems;
    (void)line;
}

/* The component called NAME, which was built, provides SERVICE. */
static int provides(struct source *source, const char *name, const char *service)
{
    struct problems problems = { .file = "", .report = say_nothing };
    struct manifest manifest = { 0 };
    const void *elf;
    size_t size;
    int found = !source->base.find(&source->base, name, &elf, &size) &&
                manifest_read(&manifest, &problems, NULL, name, elf, size) &&
                names_have(&manifest.provides, service);
    manifest_fini(&manifest);
    return found;
}

/* Says which components that were built, but are not in the scenario, provide SERVICE. Zero: none does. */
static int advise_components(struct source *source, const char *service)
{
    int found = 0;
    for (const char *const *dir = source->dirs; *dir; dir++) {
        DIR *folder = opendir(*dir);
        for (struct dirent *file; folder && (file = readdir(folder)) != NULL;) {
            if (file->d_name[0] == '.' || strchr(file->d_name, '.') ||
                !provides(source, file->d_name, service))
                continue;
            printf("%s%s",
                   found++ ? ", " : "  to add: an entry with a component that provides it: ", file->d_name);
        }
        if (folder)
            closedir(folder);
    }
    if (found)
        printf("\n");
    return found;
}

/* What would let the request through. */
static void advise(struct explanation *explanation)
{
    const struct hop *hop = &explanation->hop;
    const struct scenario *scenario = &hop->level->scenario;
    const char *service = hop->route ? route_service(hop->route, hop->request.service) : hop->request.service;
    int found = 0;
    for (size_t i = 0; i < scenario->count; i++) {
        const struct entry *entry = &scenario->entries[i];
        if (entry == hop->client || !names_have(&entry->provides, service))
            continue;
        printf("  to add to %s: route: { %s: { child: %s } }\n", hop->client->name, hop->request.service,
               entry->name);
        found = 1;
    }
    if (names_have(&scenario->parent_provides, service)) {
        if (!strcmp(service, "ROM") && *hop->request.label)
            printf("  to add to %s: route: { ROM: [ { match: %s, to: parent } ] }\n", hop->client->name,
                   hop->request.label);
        else
            printf("  to add to %s: route: { %s: parent }\n", hop->client->name, hop->request.service);
        found = 1;
    }
    if (!found && !advise_components(&explanation->read.source, service)) {
        struct names known = { 0 };
        int enough = 1;
        for (size_t i = 0; i < scenario->count; i++)
            for (size_t k = 0; k < scenario->entries[i].provides.count; k++)
                enough &= names_add(&known, scenario->entries[i].provides.at[k]);
        for (size_t i = 0; i < scenario->parent_provides.count; i++)
            enough &= names_add(&known, scenario->parent_provides.at[i]);
        const char *nearest = enough ? names_nearest(known.at, known.count, service) : NULL;
        printf(nearest ? "  no component that was built provides it; did you mean %s?\n"
                       : "  no component that was built provides it\n",
               nearest);
        names_fini(&known);
    }
}

/* Non-zero if the request is served. */
static int print_end(struct explanation *explanation)
{
    const struct hop *hop = &explanation->hop;
    const char *file = explanation->read.file;
    char name[OS_LABEL_MAX * 2], place[PATH_MAX + 32];
    switch (hop->end) {
    case END_SERVER:
        level_entry_name(hop->level, hop->server, name, sizeof(name));
        place_text(file, hop->server->node, place, sizeof(place));
        printf("%s %s serves it", place, name);
        print_seen(hop);
        return 1;
    case END_CORE:
        printf("%s serves it", hop->last ? "core" : "its parent");
        print_seen(hop);
        return 1;
    case END_LOCAL:
        printf("its init %s%sserves it", hop->level->name, *hop->level->name ? " " : "");
        print_seen(hop);
        return 1;
    case END_CONFIG:
        place_text(file, hop->client->config ? hop->client->config : hop->client->node, place, sizeof(place));
        printf("%s it is the config of its entry%s\n", place, hop->client->config ? "" : ", which is empty");
        return 1;
    case END_DENIED:
        printf("denied\n");
        return 0;
    case END_NONE:
        printf("denied: there is no rule for it\n");
        break;
    case END_NOBODY:
        printf("denied: where the rule leads, nobody provides %s\n",
               route_service(hop->route, hop->request.service));
        break;
    case END_TOO_LONG:
        printf("denied: with what the rule adds, label or arguments are too long\n");
        return 0;
    }
    advise(explanation);
    return 0;
}

static int walk(struct explanation *explanation)
{
    hop_first(&explanation->hop);
    print_rules(explanation);
    while (!explanation->hop.last) {
        printf("its parent, %s, is asked in turn\n",
               explanation->hop.level->outer->outer ? explanation->hop.level->outer->name : "the first init");
        hop_next(&explanation->hop);
        print_rules(explanation);
    }
    return print_end(explanation) ? 0 : STATUS_FAILED;
}

int command_explain(const struct command_line *line)
{
    struct problems problems = { .report = static_print_error };
    struct explanation *explanation = calloc(1, sizeof(*explanation));
    int status = STATUS_FAILED;
    if (!explanation)
        return STATUS_FAILED;
    if (static_read(&explanation->read, command_operand(line, 0), line, &problems))
        goto out;
    status = STATUS_MISTAKE;
    if (!explanation->read.top)
        goto out;
    explanation->client = level_find(explanation->read.top, command_operand(line, 1), &explanation->level);
    if (!explanation->client) {
        status = unknown_component(explanation, command_operand(line, 1));
        goto out;
    }
    explanation->hop = (struct hop){ .level = explanation->level, .client = explanation->client };
    status = take_request(&explanation->hop.request, command_operand(line, 2));
    if (!status)
        status = walk(explanation);
out:
    static_fini(&explanation->read);
    free(explanation);
    return status;
}
