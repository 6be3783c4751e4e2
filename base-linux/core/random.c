/* SPDX-License-Identifier: BSD-2-Clause */
/* random.c: random numbers are the kernel's. */
#include <sys/random.h>

#include "internal.h"

/* More than the 256 bytes that are never given in parts are not asked for at once. */
os_err core_plat_random(void *to, size_t size)
{
    char *at = to;
    while (size) {
        size_t len = size < 256 ? size : 256;
        if (getrandom(at, len, GRND_NONBLOCK) != (ssize_t)len)
            return OS_ERR_UNSUPPORTED; /* not seeded yet: a machine that has only just begun */
        at += len;
        size -= len;
    }
    return OS_OK;
}
