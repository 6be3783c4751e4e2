/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slice.h: what all baseline programs share: placement, a peer process, and the slices in which the runner
 * lets them run. The runner writes "go MS" to a program's standard input, the program repeats its operation
 * for so long and answers "figure COUNT NS"; in between it sleeps. It ends with its standard input, and its
 * peer with it.
 *
 * Arguments of each program: its own, and after them, if it is to be pinned, the CPU of the program and that
 * of its peer.
 */
#ifndef SLICE_H
#define SLICE_H

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLICE_CHUNK_NS = 50000, SLICE_WARM_UP = 8 };

/* ns that are to be counted instead of the time of the slice; operations that need it add to it. */
extern uint64_t slice_sum;

__attribute__((noreturn)) static inline void slice_fail(const char *what)
{
    perror(what);
    exit(1);
}

static inline void slice_require(int holds, const char *what)
{
    if (!holds)
        slice_fail(what);
}

static inline uint64_t slice_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void slice_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline void slice_futex_wait(uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static inline void slice_futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Memory of SIZE bytes that is shared with the peer. */
void *slice_share(size_t size);

/* Pins this process to CPU; -1 does not. */
void slice_pin(int cpu);

/* The CPU that argument INDEX names, or -1. */
int slice_cpu(int argc, char **argv, int index);

/* Starts PEER, which does not return, in a process of its own that ends with this one. */
void slice_peer(int cpu, void (*peer)(void));

/* Waits for "go" and returns how long the slice is, in ns; ends the program when there will be none. */
uint64_t slice_wait(void);

/* Repeats OPERATION for about NS; the clock is read once in a while only. Returns how often it ran. */
__attribute__((always_inline)) static inline uint64_t slice_repeat(uint64_t ns, void (*operation)(void),
                                                                   uint64_t *elapsed)
{
    static uint64_t chunk = 1;
    uint64_t start = slice_clock(), seen = start, now = start, count = 0;
    slice_sum = 0;
    do {
        for (uint64_t i = 0; i < chunk; i++)
            operation();
        count += chunk;
        now = slice_clock();
        if (now - seen < SLICE_CHUNK_NS / 2 && chunk < 65536)
            chunk *= 2;
        else if (now - seen > SLICE_CHUNK_NS && chunk > 1)
            chunk /= 2;
        seen = now;
    } while (now - start < ns);
    *elapsed = now - start;
    return count;
}

/* Serves the runner, for ever. BEFORE and AFTER, which may be NULL, run around each slice. */
__attribute__((always_inline, noreturn)) static inline void slice_serve(void (*operation)(void),
                                                                        void (*before)(void),
                                                                        void (*after)(void))
{
    for (;;) {
        uint64_t elapsed, ns = slice_wait();
        if (before)
            before();
        slice_repeat(ns / SLICE_WARM_UP, operation, &elapsed);
        uint64_t count = slice_repeat(ns, operation, &elapsed);
        if (after)
            after();
        printf("figure %llu %llu\n", (unsigned long long)count,
               (unsigned long long)(slice_sum ? slice_sum : elapsed));
        fflush(stdout);
    }
}

#endif
