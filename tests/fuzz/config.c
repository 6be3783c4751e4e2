/* SPDX-License-Identifier: BSD-2-Clause */
/* config.c: any bytes as a config: refused, or a tree that can be walked, whatever its parent has put there.
 */
#include <os/config_writer.h>

#include "fuzz.h"
#include "tree.h"

/* Deeper than this, what is walked recursively here is not looked at; the reader itself does not recurse. */
static unsigned depth_of(const struct os_config *config, os_config_ref node, unsigned limit)
{
    unsigned deepest = 0;
    if (!limit)
        return 1;
    for (os_config_ref child = os_config_first(config, node); child; child = os_config_next(config, child)) {
        unsigned depth = depth_of(config, child, limit - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct os_config config, copied;
    void *copy, *bytes = exact_copy(data, size);
    size_t copy_size;
    os_err err = os_config_init(&config, bytes, size);
    MUST(!err || err == OS_ERR_BAD_MSG);
    if (!err && depth_of(&config, os_config_root(&config), 200) < 200) {
        tree_walk(&config, os_config_root(&config));
        MUST(strlen(os_config_file(&config)) < config.header->text);
        err = os_config_extract(&config, os_config_root(&config), &copy, &copy_size);
        MUST(!err || err == OS_ERR_TOO_LARGE);
        if (!err) {
            MUST(!os_config_init(&copied, copy, copy_size));
            tree_must_equal(&config, os_config_root(&config), &copied, os_config_root(&copied));
            free(copy);
        }
    }
    free(bytes);
    return 0;
}
