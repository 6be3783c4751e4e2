/* SPDX-License-Identifier: BSD-2-Clause */
/* level.c: a scenario and those of the inits that are among its entries, read and checked without starting
 * anything. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yaml/parse.h>
#include <os/config_writer.h>

#include "files.h"
#include "level.h"
#include "linux_core.h"

/* The component that runs a scenario. */
#define INIT "init"

/* Of a scenario; the reader of YAML has a lower bound, which it explains itself. */
#define FILE_MAX OS_MIB(1)

/* ---- reading */

static int read_all(int fd, char **text, size_t *size)
{
    size_t at = 0;
    char *buffer = malloc(FILE_MAX);
    ssize_t len;
    if (!buffer)
        return errno;
    while (at < FILE_MAX && (len = read(fd, buffer + at, FILE_MAX - at)) != 0) {
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0) {
            int error = errno;
            free(buffer);
            return error;
        }
        at += (size_t)len;
    }
    *text = buffer;
    *size = at;
    return 0;
}

int level_parse_file(struct problems *problems, const char *path, void **tree, size_t *tree_size)
{
    char error[YAML_ERROR_MAX];
    char *text = NULL;
    size_t size = 0;
    int fd;
    errno = 0;
    os_err err = linux_open_regular(path, &fd);
    int failed = err ? errno ? errno : ENOENT : read_all(fd, &text, &size);
    if (!err)
        close(fd);
    if (failed) {
        fprintf(stderr, "seedbed: scenario %s: %s\n", path, strerror(failed));
        return 0;
    }
    if (yaml_parse(problems->file, text, size, tree, tree_size, &error))
        problem_line(problems, error);
    free(text);
    return 1;
}

static struct level *level_create(const struct level *outer, const struct entry *entry, void *tree,
                                  size_t size, struct os_config *config)
{
    struct level *level = calloc(1, sizeof(*level));
    if (!level || os_config_init(config, tree, size)) {
        free(level);
        free(tree);
        return NULL;
    }
    level->outer = outer;
    level->entry = entry;
    level->tree = tree;
    if (entry)
        level_entry_name(outer, entry, level->name, sizeof(level->name));
    return level;
}

void level_destroy(struct level *level)
{
    if (!level)
        return;
    for (size_t i = 0; level->inner && i < level->scenario.count; i++)
        level_destroy(level->inner[i]);
    free(level->inner);
    scenario_fini(&level->scenario);
    free(level->tree);
    free(level);
}

/* ---- an init within an init */

static void take_if_routed(const struct level *level, const char *service, struct problems *problems)
{
    const struct scenario *outer = &level->outer->scenario;
    struct names *names = (struct names *)(uintptr_t)&level->scenario.parent_provides;
    if (strcmp(service, "any") && !names_have(names, service) &&
        scenario_is_routed(outer, level->entry, service, NULL) && !names_add(names, service))
        problem_at(problems, level->entry->node, "no memory for what follows, expected a smaller scenario");
}

/* What the parent of LEVEL provides, for it is known here: whatever the routes of its entry let through. */
static void take_parent_provides(struct level *level, struct problems *problems)
{
    const struct scenario *outer = &level->outer->scenario;
    names_fini(&level->scenario.parent_provides);
    for (size_t i = 0; i < outer->parent_provides.count; i++)
        take_if_routed(level, outer->parent_provides.at[i], problems);
    for (size_t i = 0; i < outer->count; i++)
        for (size_t k = 0; k < outer->entries[i].provides.count; k++)
            take_if_routed(level, outer->entries[i].provides.at[k], problems);
    for (size_t i = 0; i < level->entry->routes.count; i++)
        take_if_routed(level, level->entry->routes.at[i].service, problems);
    for (size_t i = 0; i < outer->default_route.count; i++)
        take_if_routed(level, outer->default_route.at[i].service, problems);
}

/* What an inner scenario says that its parent provides is believed there, and is known here. */
static void check_parent_provides(const struct level *level, os_config_ref list, struct problems *problems)
{
    const struct os_config *config = &level->scenario.config;
    for (os_config_ref at = os_config_first(config, list); at; at = os_config_next(config, at)) {
        const char *service = os_config_value(config, at);
        if (!scenario_is_routed(&level->outer->scenario, level->entry, service, NULL))
            problem_warn_at(problems, at, "'%.60s' is not routed to %s: who requests it is refused", service,
                            level->entry->name);
    }
}

/* Its mode is told by ROM "run" of core; an init whose request does not get there has a display. */
static int display_of(const struct level *level, int display)
{
    struct hop hop = { .level = level->outer, .client = level->entry };
    snprintf(hop.request.service, sizeof(hop.request.service), "ROM");
    snprintf(hop.request.label, sizeof(hop.request.label), "run");
    hop_first(&hop);
    while (hop_next(&hop))
        ;
    return hop.end == END_CORE ? display : 1;
}

/* The binaries that an inner init starts come from its parent. */
static void check_binaries(const struct level *level, struct problems *problems)
{
    for (size_t i = 0; i < level->scenario.count; i++) {
        const struct entry *entry = &level->scenario.entries[i];
        const struct route *route =
            entry->binary ? route_find(&level->outer->scenario, level->entry, "ROM", entry->binary) : NULL;
        if (entry->binary && (!route || route->target == TARGET_DENY))
            problem_at(problems, level->entry->node,
                       "%s starts '%s', expected a route of ROM '%s' to its parent", level->entry->name,
                       entry->name, entry->binary);
    }
}

static struct level *read_level(const struct level *outer, const struct entry *entry, void *tree, size_t size,
                                struct source *source, int display, struct problems *problems, int deep);

static struct level *read_inner(const struct level *level, const struct entry *entry, struct source *source,
                                int display, struct problems *problems, int deep)
{
    void *tree;
    size_t size;
    if (!entry->config) {
        problem_at(problems, entry->node,
                   "%s is an init without config, expected the scenario that it is to run", entry->name);
        return NULL;
    }
    if (os_config_extract(&level->scenario.config, entry->config, &tree, &size)) {
        problem_at(problems, entry->node, "no memory for what follows, expected a smaller scenario");
        return NULL;
    }
    return read_level(level, entry, tree, size, source, display, problems, deep);
}

static void read_all_inner(struct level *level, struct source *source, int display, struct problems *problems,
                           int deep)
{
    level->inner = calloc(level->scenario.count ? level->scenario.count : 1, sizeof(*level->inner));
    for (size_t i = 0; level->inner && i < level->scenario.count; i++) {
        const struct entry *entry = &level->scenario.entries[i];
        if (entry->binary && !strcmp(entry->binary, INIT))
            level->inner[i] = read_inner(level, entry, source, display, problems, deep);
    }
}

/* What a scenario keeps back nobody is given. */
static void keep_slack(struct source *source, const struct scenario *scenario)
{
    uint64_t ram = scenario->slack.ram;
    uint32_t caps = scenario->slack.caps;
    source->has.ram -= ram < source->has.ram ? ram : source->has.ram;
    source->has.caps -= caps < source->has.caps ? caps : source->has.caps;
}

/* Takes TREE. What depends on the routes outside is checked when these are sound (DEEP), lest one mistake be
 * told twice. */
static struct level *read_level(const struct level *outer, const struct entry *entry, void *tree, size_t size,
                                struct source *source, int display, struct problems *problems, int deep)
{
    struct os_config config;
    unsigned before = problems->count;
    struct level *level = level_create(outer, entry, tree, size, &config);
    if (!level) {
        problem_at(problems, NULL, "no memory for what follows, expected a smaller scenario");
        return NULL;
    }
    struct scenario *scenario = &level->scenario;
    struct linux_quota has = source->has;
    if (outer) {
        const struct linux_quota given = { entry->ram, entry->caps };
        (void)linux_quota_left(given, entry->sandbox ? entry->sandbox : "strict", &source->has);
        display = display_of(level, display);
    }
    level->has = source->has;
    (void)scenario_read(scenario, &config, display, problems);
    os_config_ref stated = os_config_get(&config, os_config_root(&config), "parent-provides");
    if (outer && deep && stated)
        check_parent_provides(level, stated, problems);
    else if (outer && deep)
        take_parent_provides(level, problems);
    (void)scenario_read_binaries(scenario, &source->base, problems);
    if (problems->count == before && deep) {
        source->required = scenario->sandbox_required;
        keep_slack(source, scenario);
        (void)scenario_check(scenario, &source->base, problems);
        if (outer)
            check_binaries(level, problems);
        if (problems->count == before)
            scenario_warn(scenario, problems);
    }
    read_all_inner(level, source, display, problems, deep && problems->count == before);
    source->has = has;
    return level;
}

/* Whether the files that are named as ROM modules are there. */
static void check_files(const struct scenario *scenario, const char *file, struct problems *problems)
{
    for (size_t i = 0; i < scenario->files_count; i++) {
        const struct rom_file *named = &scenario->files[i];
        char *path = files_path(file, named->path);
        int fd;
        os_err err = path ? linux_open_regular(path, &fd) : OS_ERR_NO_MEMORY;
        if (err)
            problem_at(problems, named->node,
                       "file '%.200s' of ROM '%s': %s, expected a file that can be read", named->path,
                       named->name, os_err_text(err));
        else
            close(fd);
        free(path);
    }
}

int level_read(struct level **top, struct source *source, const char *path, const char *file, int display,
               struct problems *problems)
{
    void *tree = NULL;
    size_t size;
    *top = NULL;
    problems->file = file;
    if (!level_parse_file(problems, path, &tree, &size))
        return -1;
    if (tree)
        *top = read_level(NULL, NULL, tree, size, source, display, problems, 1);
    if (*top)
        check_files(&(*top)->scenario, path, problems);
    return 0;
}

/* ---- names */

const struct level *level_of(const struct level *level, const struct entry *entry)
{
    return level->inner ? level->inner[entry - level->scenario.entries] : NULL;
}

void level_entry_name(const struct level *level, const struct entry *entry, char *name, size_t size)
{
    if ((size_t)snprintf(name, size, "%s%s%s", level->name, *level->name ? "/" : "", entry->name) >= size)
        name[size - 1] = 0; /* it is for people; only what is nested very deep gets there */
}

const struct entry *level_find(const struct level *top, const char *name, const struct level **level)
{
    const struct entry *entry = NULL;
    for (*level = top; *level;) {
        char part[64];
        size_t len = strcspn(name, "/");
        if (len >= sizeof(part))
            return NULL;
        memcpy(part, name, len);
        part[len] = 0;
        entry = scenario_find(&(*level)->scenario, part);
        if (!entry || !name[len])
            return entry;
        *level = level_of(*level, entry);
        name += len + 1;
    }
    return NULL;
}

/* ---- the way of a request */

/* Decides at the level where HOP is. */
static void decide(struct hop *hop)
{
    const struct scenario *scenario = &hop->level->scenario;
    const struct route_request *request = &hop->request;
    hop->server = NULL;
    hop->last = 1;
    hop->route = route_find(scenario, hop->client, request->service, request->label);
    if (!hop->route) {
        hop->end = END_NONE;
        return;
    }
    if (hop->route == &route_own_config || hop->route->target == TARGET_DENY) {
        hop->end = hop->route->target == TARGET_DENY ? END_DENIED : END_CONFIG;
        return;
    }
    if (route_rewrite(scenario, hop->route, hop->client, request->service, request->label, request->args,
                      &hop->rewritten)) {
        hop->end = END_TOO_LONG;
        return;
    }
    if (hop->route->target == TARGET_LOCAL) {
        hop->end = END_LOCAL;
    } else if (hop->route->target == TARGET_PARENT) {
        int known = hop->level->outer || names_have(&scenario->parent_provides, hop->rewritten.service);
        hop->end = known ? END_CORE : END_NOBODY;
        hop->last = !hop->level->outer;
    } else {
        hop->server = route_server(scenario, hop->client, hop->route, request->service);
        hop->end = hop->server ? END_SERVER : END_NOBODY;
    }
}

void hop_first(struct hop *hop)
{
    decide(hop);
}

int hop_next(struct hop *hop)
{
    if (hop->last)
        return 0;
    hop->client = hop->level->entry;
    hop->level = hop->level->outer;
    hop->request = hop->rewritten;
    decide(hop);
    return 1;
}
