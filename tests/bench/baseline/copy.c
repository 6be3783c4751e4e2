/* SPDX-License-Identifier: BSD-2-Clause */
/* copy.c: memcpy of so many bytes, from and to memory that is in the cache. Arguments: BYTES [CPU] */
#include "slice.h"

static char *from, *to;
static size_t bytes;

static void copy(void)
{
    memcpy(to, from, bytes);
    __asm__ volatile("" : : "r"(to) : "memory");
}

int main(int argc, char **argv)
{
    bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    if (!bytes || bytes > 1u << 30) {
        fprintf(stderr, "copy: how many bytes?\n");
        return 2;
    }
    from = slice_share(bytes);
    to = slice_share(bytes);
    slice_pin(slice_cpu(argc, argv, 2));
    slice_serve(copy, NULL, NULL);
}
