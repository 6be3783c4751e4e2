/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c: a component for the sandbox tests; plain C without the os library. What it does is in its label,
 * its argv[0]; what it finds goes to descriptor 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK (64 * 1024)

/* Without stdio, which allocates. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char text[256];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)!write(1, text, (size_t)len);
}

static void list_descriptors(void)
{
    for (int fd = 0; fd < 4096; fd++) {
        if (fcntl(fd, F_GETFL) >= 0)
            say("%d ", fd);
    }
}

/* "call NR ARG...": the result or error of a system call. */
static void call(const char *arguments)
{
    long a[7] = { 0 }, result;
    char *next = (char *)arguments;

    for (int i = 0; i < 7 && *next; i++)
        a[i] = (long)strtoul(next, &next, 0);
    result = syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    say("%ld %s", result, result < 0 ? strerrorname_np(errno) : "");
}

static void *sleep_in_thread(void *arg)
{
    char byte;

    (void)!read(3, &byte, 1);
    return arg;
}

/* How many threads there can be, the first one included. */
static void count_threads(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    int count = 1;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 32 * 1024);
    while (count < 100 && pthread_create(&thread, &attr, sleep_in_thread, NULL) == 0)
        count++;
    say("%d", count);
    _exit(0);
}

/* How much can be mapped, in KiB. */
static void count_memory(int protection)
{
    unsigned total = 0;

    while (total < 1u << 22 &&
           mmap(NULL, CHUNK, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        total += CHUNK / 1024;
    say("%u", total);
}

static int count_stack(int depth)
{
    volatile char frame[16 * 1024];

    frame[0] = (char)depth;
    return depth ? count_stack(depth - 1) + frame[0] : 0;
}

int main(int argc, char *argv[])
{
    const char *what = argc > 0 ? argv[0] : "";
    char byte;

    if (strcmp(what, "descriptors") == 0)
        list_descriptors();
    else if (strncmp(what, "call ", 5) == 0)
        call(what + 5);
    else if (strcmp(what, "threads") == 0)
        count_threads();
    else if (strcmp(what, "data") == 0)
        count_memory(PROT_READ | PROT_WRITE);
    else if (strcmp(what, "space") == 0)
        count_memory(PROT_NONE);
    else if (strcmp(what, "stack") == 0)
        say("%d", count_stack(1000));
    else if (strcmp(what, "wait") == 0)
        return (say("waiting"), read(3, &byte, 1) < 0);
    else if (strcmp(what, "environment") == 0)
        say("%s", getenv("PATH") || getenv("HOME") ? "some" : "none");
    return 0;
}
