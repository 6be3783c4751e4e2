/* SPDX-License-Identifier: BSD-2-Clause */
/* spawn.c: vfork, execveat and wait of an empty program. Arguments: PROGRAM [CPU] */
#include <fcntl.h>
#include <sys/wait.h>

#include "slice.h"

static int program;

static void spawn(void)
{
    static char name[] = "empty";
    static char *const argv[] = { name, NULL }, *const env[] = { NULL };
    int status = -1;
    pid_t pid = vfork();
    if (pid == 0) {
        syscall(SYS_execveat, program, "", argv, env, AT_EMPTY_PATH);
        _exit(127);
    }
    slice_require(pid > 0 && waitpid(pid, &status, 0) == pid, "spawn");
    if (status) {
        fprintf(stderr, "spawn: the program has ended with %d\n", status);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    program = argc > 1 ? open(argv[1], O_PATH | O_CLOEXEC) : -1;
    slice_require(program >= 0, argc > 1 ? argv[1] : "which program?");
    slice_pin(slice_cpu(argc, argv, 2));
    slice_serve(spawn, NULL, NULL);
}
