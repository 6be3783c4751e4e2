/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.h: walks a config tree from end to end, asking for everything that can be asked of it. */
#ifndef TESTS_FUZZ_TREE_H
#define TESTS_FUZZ_TREE_H

#include <os/config.h>

/* Number of nodes at and below NODE. */
size_t tree_walk(const struct os_config *config, os_config_ref node);

/* TRY gets what SIZE bytes of DATA say as YAML, if they say anything. */
void tree_try(const void *data, size_t size, void (*try)(const struct os_config *config));

/* Both trees say the same, lines and columns included. */
void tree_must_equal(const struct os_config *a, os_config_ref a_node, const struct os_config *b,
                     os_config_ref b_node);

#endif
