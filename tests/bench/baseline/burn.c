/* SPDX-License-Identifier: BSD-2-Clause */
/* burn.c: keeps a CPU busy until its standard input ends. Arguments: [CPU] */
#include "slice.h"

static void burn(void)
{
    for (;;)
        __asm__ volatile("");
}

int main(int argc, char **argv)
{
    char byte;
    slice_peer(slice_cpu(argc, argv, 1), burn);
    while (read(0, &byte, 1) > 0)
        ;
    return 0;
}
