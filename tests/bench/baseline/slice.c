/* SPDX-License-Identifier: BSD-2-Clause */
/* slice.c: see slice.h. */
#include <sys/wait.h>

#include "slice.h"

uint64_t slice_sum;

void *slice_share(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    slice_require(at != MAP_FAILED, "mmap");
    return at;
}

void slice_pin(int cpu)
{
    cpu_set_t set;
    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    slice_require(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

int slice_cpu(int argc, char **argv, int index)
{
    return index < argc ? atoi(argv[index]) : -1;
}

static pid_t peer_pid;

static void end_peer(void)
{
    kill(peer_pid, SIGKILL);
    waitpid(peer_pid, NULL, 0);
}

void slice_peer(int cpu, void (*peer)(void))
{
    pid_t parent = getpid();
    pid_t pid = fork();
    slice_require(pid >= 0, "fork");
    if (pid) {
        peer_pid = pid;
        atexit(end_peer);
        return;
    }
    slice_require(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
    if (getppid() != parent)
        _exit(1); /* it has ended before */
    slice_pin(cpu);
    peer();
    _exit(0);
}

uint64_t slice_wait(void)
{
    char line[64];
    unsigned ms;
    if (!fgets(line, sizeof(line), stdin))
        exit(0);
    if (sscanf(line, "go %u", &ms) != 1 || ms < 1 || ms > 60000) {
        fprintf(stderr, "expected \"go MS\", found: %s", line);
        exit(2);
    }
    return (uint64_t)ms * 1000000;
}
