/* SPDX-License-Identifier: BSD-2-Clause */
/* names.c: lists, above all of names, and the distance between a misspelt name and the right one. */
#include <stdlib.h>
#include <string.h>
#include "names.h"

void *list_room(void *at, size_t count, size_t size)
{
    if (count & (count - 1))
        return at;
    return realloc(at, (count ? 2 * count : 1) * size);
}

int names_add(struct names *names, const char *name)
{
    const char **larger = list_room(names->at, names->count, sizeof(*larger));
    if (!larger)
        return 0;
    names->at = larger;
    names->at[names->count++] = name;
    return 1;
}

void names_fini(struct names *names)
{
    free(names->at);
    *names = (struct names){ 0 };
}

int names_have(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (!strcmp(names->at[i], name))
            return 1;
    return 0;
}

#define LONGEST 40

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Edits (a letter more, less or another, two letters swapped) from A to B, which are at most LONGEST long. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][LONGEST + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
    }
    return rows[a_len % 3][b_len];
}

const char *names_nearest(const char *const *at, size_t count, const char *name)
{
    const char *nearest = NULL;
    size_t len = strlen(name);
    unsigned best = len < 4 ? 2 : 3; /* of a short name, half would be guessed */
    if (len > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(at[i]) > LONGEST)
            continue;
        unsigned edits = distance(name, at[i]);
        if (edits < best) {
            best = edits;
            nearest = at[i];
        }
    }
    return nearest;
}
