/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer.c: see writer.h. The thread takes all lines that wait at once, by exchanging two buffers, and writes
 * them without the lock. So core waits for nobody but for the exchange.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "writer.h"

enum { ROOM = 1 << 20 }; /* of each buffer, bytes */

static char buffers[2][ROOM];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static int out = STDOUT_FILENO;
static int started;
static int broken; /* nobody can read any more */
static int busy;   /* something is waiting or being written */
static unsigned filling;
static void (*reader_gone)(void);
static size_t len;    /* bytes in the buffer that is being filled */
static unsigned lost; /* lines after those */

/* Zero when it can never be written. A terminal may be in non-blocking mode, which is for its owner to
 * choose. */
static int write_all(const char *text, size_t size)
{
    while (size) {
        ssize_t done = write(out, text, size);
        if (done > 0) {
            text += done;
            size -= (size_t)done;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){ .fd = out, .events = POLLOUT }, 1, -1);
        } else if (errno != EINTR) {
            return 0;
        }
    }
    return 1;
}

static int write_lost(unsigned lines)
{
    char text[80];

    if (!lines)
        return 1;
    int size = snprintf(text, sizeof(text), "[core] %u lines lost, which nobody read in time\n", lines);
    return write_all(text, (size_t)size);
}

static void *run(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!len && !lost) {
            busy = 0;
            pthread_cond_broadcast(&changed);
            pthread_cond_wait(&changed, &lock);
        }
        const char *text = buffers[filling];
        size_t size = len;
        unsigned lines = lost;
        filling = !filling;
        len = lost = 0;
        pthread_mutex_unlock(&lock);
        int written = write_all(text, size) && write_lost(lines);
        if (!written && !broken)
            reader_gone();
        pthread_mutex_lock(&lock);
        broken = !written;
    }
    return NULL;
}

void writer_start(int fd, void (*gone)(void))
{
    pthread_t thread;
    pthread_condattr_t attr;

    out = fd;
    reader_gone = gone;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attr);
    started = pthread_create(&thread, NULL, run, NULL) == 0;
    if (started)
        pthread_detach(thread);
}

void writer_put(const char *line, size_t size)
{
    if (!started) {
        (void)write_all(line, size);
        return;
    }
    pthread_mutex_lock(&lock);
    if (lost || size > ROOM - len) {
        lost += !broken;
    } else if (!broken) {
        memcpy(buffers[filling] + len, line, size);
        len += size;
    }
    if (!broken) {
        busy = 1;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

void writer_finish(unsigned seconds)
{
    struct timespec until;
    int late = 0;

    if (!started)
        return;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&lock);
    while (busy && !broken && !late)
        late = pthread_cond_timedwait(&changed, &lock, &until);
    pthread_mutex_unlock(&lock);
}
