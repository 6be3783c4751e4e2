/* SPDX-License-Identifier: BSD-2-Clause */
/* empty.c: a program that does nothing, linked as components are. With an argument it waits to be killed. */
#include <unistd.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        pause();
    return 0;
}
