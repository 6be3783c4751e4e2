/* SPDX-License-Identifier: BSD-2-Clause */
/* format.h: the scenario format, described in the language of schemas. */
#ifndef SCENARIO_FORMAT_H
#define SCENARIO_FORMAT_H

#include "schema.h"

/* The description; *TREE is what it points into, to be freed. OS_ERR_RAM. */
OS_MUST_CHECK os_err format_read(struct schema *format, void **tree);

/*
 * Writes the JSON schema (draft 07) that says the same as SCHEMA, for editors, titled TITLE. PUT is called
 * with pieces of the text.
 */
void schema_to_json(const struct schema *schema, const char *title,
                    void (*put)(void *to, const char *text, size_t len), void *to);

#endif
