/* SPDX-License-Identifier: BSD-2-Clause */
/* names.h: lists of names out of a config tree, and what a misspelt one may have meant. */
#ifndef SCENARIO_NAMES_H
#define SCENARIO_NAMES_H

#include <stddef.h>

/* Texts are borrowed, the array is owned. Zeroed is empty. */
struct names {
    const char **at;
    size_t count;
};

/*
 * The array AT of COUNT items of SIZE bytes with room for one more, perhaps elsewhere; NULL and AT as it was
 * if there is no memory. Arrays that only grow by this are copied as rarely as they double.
 */
void *list_room(void *at, size_t count, size_t size);

/* 0 if there is no memory. */
int names_add(struct names *names, const char *name);
void names_fini(struct names *names);
int names_have(const struct names *names, const char *name);

/* The one of COUNT names that NAME is most likely a misspelling of, or NULL when none is near. */
const char *names_nearest(const char *const *at, size_t count, const char *name);

#endif
