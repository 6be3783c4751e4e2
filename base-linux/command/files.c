/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files.c: the files that a scenario names as ROM modules. core reads no scenario, and init is not to say
 * which of the user's files are opened; so the command reads them from the user's own file before there is a
 * system.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "level.h"

/* init tells of all problems. */
static void ignore(struct problems *problems, const char *line)
{
    (void)problems;
    (void)line;
}

char *files_path(const char *scenario, const char *file)
{
    const char *slash = strrchr(scenario, '/');
    size_t folder = *file == '/' || !slash ? 0 : (size_t)(slash - scenario) + 1;
    size_t size = folder + strlen(file) + 1;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%.*s%s", (int)folder, scenario, file);
    return path;
}

static const struct linux_core_file *list_files(const struct os_config *config, const char *scenario)
{
    os_config_ref map = os_config_get(config, os_config_root(config), "files");
    size_t count = map && map->kind == OS_CONFIG_MAP ? map->children : 0;
    struct linux_core_file *files = calloc(count + 1, sizeof(*files));
    size_t used = 0;
    for (os_config_ref at = count ? os_config_first(config, map) : NULL; files && at;
         at = os_config_next(config, at)) {
        if (at->kind != OS_CONFIG_SCALAR || !*os_config_value(config, at))
            continue;
        files[used].name = os_config_key(config, at);
        files[used].path = files_path(scenario, os_config_value(config, at));
        if (files[used].path)
            used++;
    }
    if (files)
        files[used].name = NULL;
    return files;
}

const struct linux_core_file *files_read(const char *path)
{
    static const struct linux_core_file none[1];
    struct problems problems = { .file = path, .report = ignore };
    struct os_config config;
    void *tree = NULL;
    size_t size;
    if (!level_parse_file(&problems, path, &tree, &size) || !tree || os_config_init(&config, tree, size))
        return none;
    return list_files(&config, path); /* which refers to the tree */
}
