/* SPDX-License-Identifier: BSD-2-Clause */
/* parse.h: turns YAML text into a config tree in the format of os/config.h. */
#ifndef YAML_PARSE_H
#define YAML_PARSE_H

#include <os/config.h>

#define YAML_ERROR_MAX 320 /* bytes of an error's text, with the NUL */

/*
 * Parses SIZE bytes of YAML at TEXT; FILE is the name for messages and for the tree. The tree, *TREE_SIZE
 * bytes at *TREE, is to be freed by the caller. A subset is accepted: one document of maps, lists and
 * scalars, whose keys are scalars and unique; no anchors, aliases or tags; the bounds of os/config_writer.h.
 * All else is OS_ERR_BAD_ARG with "FILE:LINE:COLUMN: what, expected what" in ERROR. Empty text is an empty
 * scalar. Other errors: OS_ERR_RAM, also with a text.
 */
OS_MUST_CHECK os_err yaml_parse(const char *file, const void *text, size_t size, void **tree,
                                size_t *tree_size, char (*error)[YAML_ERROR_MAX]);

#endif
