/* SPDX-License-Identifier: BSD-2-Clause */
/* yaml.c: any text becomes a config tree that its reader takes, and that can be copied, or an error in words.
 */
#include <yaml/parse.h>
#include <os/config_writer.h>

#include "fuzz.h"
#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct os_config config, copied;
    char error[YAML_ERROR_MAX];
    size_t tree_size, copy_size;
    void *tree, *copy, *text = exact_copy(data, size);
    os_err err = yaml_parse("in.yaml", text, size, &tree, &tree_size, &error);
    free(text);
    if (err) {
        MUST(err == OS_ERR_BAD_ARG);
        MUST(memchr(error, 0, sizeof(error)) && !strncmp(error, "in.yaml:", 8) && !strchr(error, '\n'));
        return 0;
    }
    MUST(!os_config_init(&config, tree, tree_size));
    MUST(!strcmp(os_config_file(&config), "in.yaml"));
    MUST(tree_walk(&config, os_config_root(&config)) == config.header->nodes);
    MUST(!os_config_extract(&config, os_config_root(&config), &copy, &copy_size));
    MUST(!os_config_init(&copied, copy, copy_size));
    tree_must_equal(&config, os_config_root(&config), &copied, os_config_root(&copied));
    free(copy);
    free(tree);
    return 0;
}
