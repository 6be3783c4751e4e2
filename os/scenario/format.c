/* SPDX-License-Identifier: BSD-2-Clause */
/* format.c: the description of the scenario format, out of format.yaml, which is part of the program. */
#include <stdlib.h>
#include <string.h>
#include <yaml/parse.h>
#include "format.h"

extern const char scenario_format[]; /* of format.S */

os_err format_read(struct schema *format, void **tree)
{
    struct os_config config;
    size_t size;
    char error[YAML_ERROR_MAX];
    os_err err = yaml_parse("format.yaml", scenario_format, strlen(scenario_format), tree, &size, &error);
    if (err)
        return err;
    err = os_config_init(&config, *tree, size);
    if (err) {
        free(*tree);
        return err;
    }
    os_config_ref root = os_config_root(&config);
    *format = (struct schema){ config, os_config_get(&config, root, "keys"),
                               os_config_get(&config, root, "types") };
    return OS_OK;
}
