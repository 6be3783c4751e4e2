/* SPDX-License-Identifier: BSD-2-Clause */
/* must.h: what holds unless a test itself is broken, for helpers that fuzzing uses too, where Check is not.
 */
#ifndef TESTS_LIB_MUST_H
#define TESTS_LIB_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                   \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
