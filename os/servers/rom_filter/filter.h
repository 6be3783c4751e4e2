/* SPDX-License-Identifier: BSD-2-Clause */
/* filter.h: conditions on config trees, and content that is made of parts of them. */
#ifndef ROM_FILTER_FILTER_H
#define ROM_FILTER_FILTER_H

#include <os/config_rom.h>
#include <os/config_writer.h>
#include <os/list.h>

/* A tree that conditions look at. */
struct input {
    struct os_list link;
    struct os_config_rom rom;
    struct filter *filter;
    int wanted; /* by the config that is being read */
};

struct filter {
    struct os_config_rom config;
    struct os_list inputs; /* of struct input, by the name of their module */
};

/* The place that PATH, "input/key/key", names; NULL if it is not there. Items of lists are counted from 0. */
os_config_ref filter_find(const struct filter *filter, const char *path, const struct os_config **config);

/* Whether the map CONDITION of the config holds; NULL does. */
int filter_holds(const struct filter *filter, os_config_ref condition);

/* The first rule of the config that holds, or NULL. */
os_config_ref filter_rule(const struct filter *filter);

/*
 * What RULE outputs, SIZE bytes at DATA, to be freed by the caller. OS_ERR_NOT_FOUND if it outputs nothing.
 * OS_ERR_RAM, OS_ERR_TOO_LARGE.
 */
OS_MUST_CHECK os_err filter_output(const struct filter *filter, os_config_ref rule, void **data,
                                   size_t *size);

#endif
