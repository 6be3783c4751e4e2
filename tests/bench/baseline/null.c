/* SPDX-License-Identifier: BSD-2-Clause */
/* null.c: the system call that does least. Arguments: [CPU] */
#include "slice.h"

static void null(void)
{
    syscall(SYS_getppid);
}

int main(int argc, char **argv)
{
    slice_pin(slice_cpu(argc, argv, 1));
    slice_serve(null, NULL, NULL);
}
