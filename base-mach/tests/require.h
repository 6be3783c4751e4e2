/* SPDX-License-Identifier: BSD-2-Clause */
/* require.h: how the components of these tests say that a step went wrong. */
#ifndef TESTS_REQUIRE_H
#define TESTS_REQUIRE_H

#include <stdio.h>

/* In a function that returns non-zero when all was well: ends it with zero, and the log says which line. */
#define REQUIRE(holds)                                                                                       \
    do {                                                                                                     \
        if (!(holds)) {                                                                                      \
            printf("not so in line %d: %s\n", __LINE__, #holds);                                             \
            return 0;                                                                                        \
        }                                                                                                    \
    } while (0)

#endif
