/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_linux.c: see host.h. With pthread, which the sanitizers and valgrind follow, and with files without a
 * name, so that a read-only mapping of memory that another one writes to cannot be written to.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

/* ---- threads */

struct host_thread {
    pthread_t pthread;
    pthread_cond_t turn;
    void (*main)(void *arg);
    void *arg;
};

static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local void *self;

void host_lock(void)
{
    pthread_mutex_lock(&big);
}

void host_unlock(void)
{
    pthread_mutex_unlock(&big);
}

static void *thread_main(void *arg)
{
    struct host_thread *thread = arg;
    thread->main(thread->arg);
    return NULL;
}

const char *host_thread_start(void (*main)(void *arg), void *arg, size_t stack, struct host_thread **thread)
{
    struct host_thread *made = calloc(1, sizeof(*made));
    pthread_attr_t attr;
    if (!made)
        return "out of memory";
    made->main = main;
    made->arg = arg;
    pthread_cond_init(&made->turn, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, stack);
    int error = pthread_create(&made->pthread, &attr, thread_main, made);
    pthread_attr_destroy(&attr);
    if (error) {
        pthread_cond_destroy(&made->turn);
        free(made);
        return strerror(error);
    }
    *thread = made;
    return NULL;
}

void host_thread_exit(void)
{
    pthread_exit(NULL);
}

void host_thread_join(struct host_thread *thread)
{
    pthread_join(thread->pthread, NULL);
    pthread_cond_destroy(&thread->turn);
    free(thread);
}

struct host_thread *host_thread_first(void)
{
    static struct host_thread first = { .turn = PTHREAD_COND_INITIALIZER };
    return &first;
}

void host_turn_await(struct host_thread *me)
{
    pthread_cond_wait(&me->turn, &big);
}

void host_turn_give(struct host_thread *thread)
{
    pthread_cond_signal(&thread->turn);
}

void host_set_self(void *value)
{
    self = value;
}

void *host_self(void)
{
    return self;
}

/* ---- memory */

struct host_memory {
    int fd;
};

os_err host_memory_create(uint64_t size, struct host_memory **memory)
{
    os_err err = OS_ERR_NO_MEMORY;
    int fd = memfd_create("inproc", MFD_CLOEXEC);
    if (fd < 0)
        return OS_ERR_HANDLES;
    struct host_memory *made = malloc(sizeof(*made));
    if (!made || ftruncate(fd, (off_t)size))
        goto fail;
    made->fd = fd;
    *memory = made;
    return OS_OK;

fail:
    free(made);
    close(fd);
    return err;
}

void host_memory_destroy(struct host_memory *memory)
{
    close(memory->fd);
    free(memory);
}

os_err host_memory_write(struct host_memory *memory, const void *data, size_t size)
{
    return pwrite(memory->fd, data, size, 0) == (ssize_t)size ? OS_OK : OS_ERR_IO;
}

os_err host_memory_map(struct host_memory *memory, uint64_t offset, uint64_t size, int writable, void **at)
{
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void *mapped = mmap(NULL, size, protection, MAP_SHARED, memory->fd, (off_t)offset);
    if (mapped == MAP_FAILED)
        return OS_ERR_RAM;
    *at = mapped;
    return OS_OK;
}

void host_memory_unmap(void *at, uint64_t size)
{
    munmap(at, size);
}

/* ---- output: streams of our own in the place of the C library's */

static FILE *real_stdout, *real_stderr;
static void (*printed)(int fd, const char *text, size_t len);

void host_write(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static ssize_t print(void *cookie, const char *text, size_t len)
{
    printed(*(int *)cookie, text, len);
    return (ssize_t)len;
}

/* Without a buffer, so that each text is written by the thread that prints it. */
static FILE *catch_stream(int fd)
{
    static int fds[] = { 0, 1, 2 };
    cookie_io_functions_t io = { .write = print };
    FILE *stream = fopencookie(&fds[fd], "w", io);
    if (stream)
        setvbuf(stream, NULL, _IONBF, 0);
    return stream;
}

const char *host_output_catch(void (*print_function)(int fd, const char *text, size_t len))
{
    FILE *out = catch_stream(1), *err = catch_stream(2);
    if (!out || !err) {
        if (out)
            fclose(out);
        if (err)
            fclose(err);
        return "no stream for output";
    }
    fflush(NULL);
    printed = print_function;
    real_stdout = stdout;
    real_stderr = stderr;
    stdout = out;
    stderr = err;
    return NULL;
}

void host_output_release(void)
{
    fclose(stdout);
    fclose(stderr);
    stdout = real_stdout;
    stderr = real_stderr;
}
