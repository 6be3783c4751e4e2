/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz.h: what the fuzz targets have in common: an entry for each, requirements, and exact copies of input.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The target's entry; libFuzzer calls it by this name, and in the replay each has a name of its own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; a finding when it does not. */
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            dprintf(2, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* SIZE bytes and nothing behind them, so that reading further is found. To be freed. */
static inline void *exact_copy(const void *data, size_t size)
{
    void *copy = malloc(size ? size : 1);
    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* The input as a text with its NUL, exactly. To be freed. */
static inline char *text_copy(const void *data, size_t size)
{
    char *copy = malloc(size + 1);
    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    copy[size] = 0;
    return copy;
}

#endif
