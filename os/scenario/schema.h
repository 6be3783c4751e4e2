/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.h: what a config may contain. A schema is YAML itself, a map of the keys that there may be to what
 * their values are; docs/schema.md describes the language.
 */
#ifndef SCENARIO_SCHEMA_H
#define SCENARIO_SCHEMA_H

#include <os/config.h>
#include "problems.h"

/* Zeroed is one that allows anything. The tree is borrowed. */
struct schema {
    struct os_config config;
    os_config_ref keys;  /* map of keys to rules; NULL: anything goes */
    os_config_ref types; /* map of names to rules that keys can name as their type; NULL: none */
};

enum schema_type {
    SCHEMA_U32,
    SCHEMA_U64,
    SCHEMA_I32,
    SCHEMA_I64,
    SCHEMA_SIZE,
    SCHEMA_TIME,
    SCHEMA_STRING,
    SCHEMA_NAME,
    SCHEMA_BOOL,
    SCHEMA_ENUM,
    SCHEMA_MAP,
    SCHEMA_LIST,
    SCHEMA_ANY,
    SCHEMA_ANY_OF, /* one of several rules, for values of different kinds */
};

/* Checks that SCHEMA is one; what is wrong is reported at its own nodes. Non-zero if nothing is. */
int schema_is_sound(const struct schema *schema, struct problems *problems);

/*
 * Checks NODE of CONFIG, which is called WHAT in messages, against SCHEMA. NODE may be NULL, for a config
 * that is not there, and what it should have had is missed at PLACE. The number of problems found.
 */
unsigned schema_check(const struct schema *schema, struct problems *problems, const struct os_config *config,
                      os_config_ref node, os_config_ref place, const char *what);

/* The same of one value and one rule of SCHEMA. */
unsigned schema_check_value(const struct schema *schema, struct problems *problems,
                            const struct os_config *config, os_config_ref node, os_config_ref rule,
                            const char *what);

/* ---- for those who look into a schema: rules are nodes of schema->config */

/* The rule that RULE names as its type, or RULE itself. */
os_config_ref schema_rule(const struct schema *schema, os_config_ref rule);

/* Type of a rule; SCHEMA_ANY for what is none. */
enum schema_type schema_type(const struct schema *schema, os_config_ref rule);

/* The word for a type. */
const char *schema_type_text(enum schema_type type);

/* Property PROPERTY of a rule, or NULL. */
os_config_ref schema_property(const struct schema *schema, os_config_ref rule, const char *property);

/*
 * A number, size (bytes) or time (ns) out of TEXT: 1 if it is one of TYPE. A negative one has MAGNITUDE below
 * zero.
 */
struct schema_number {
    int negative;
    uint64_t magnitude;
};
int schema_number(enum schema_type type, const char *text, struct schema_number *number);

/* Below, at, or above zero, as A is less than, equal to, or more than B. */
int schema_compare(const struct schema_number *a, const struct schema_number *b);

#endif
