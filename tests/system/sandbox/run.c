/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c: see sandbox.h. */
#include "sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

void run_start(struct spawner *spawner, struct run *run, const char *profile, int binary, const char *label,
               uint64_t ram, uint32_t threads)
{
    struct spawner_request request = {
        .id = 1, .label = label, .profile = profile, .binary = binary, .ram = ram, .threads = threads
    };
    int sockets[2], output[2];

    memset(run, 0, sizeof *run);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    ck_assert_int_eq(pipe2(output, O_CLOEXEC), 0);
    request.core = request.parent = request.pd = request.pair[0] = request.pair[1] = sockets[1];
    request.log = output[1];
    ck_assert_int_eq(spawner_request(spawner, &request), OS_OK);
    close(sockets[1]);
    close(output[1]);
    run->socket = sockets[0];
    run->output = output[0];
    run->started.pidfd = -1;
}

int run_event(struct spawner *spawner, struct run *run)
{
    struct pollfd input = { .fd = spawner_fd(spawner), .events = POLLIN };
    struct spawner_event event;
    int got;

    while ((got = spawner_next(spawner, &event)) == 0)
        poll(&input, 1, -1);
    if (got < 0)
        return -1;
    ck_assert_uint_eq(event.id, 1);
    if (event.kind == SPAWNER_STARTED) {
        run->started = event;
    } else if (event.kind == SPAWNER_VIOLATION) {
        run->violation = event;
        run->violated = 1;
    } else {
        run->ended = event;
    }
    return (int)event.kind;
}

void run_finish(struct spawner *spawner, struct run *run)
{
    size_t len = 0;
    ssize_t got;
    int kind;

    do {
        kind = run_event(spawner, run);
        ck_assert_int_ge(kind, 0);
    } while (kind != SPAWNER_ENDED && kind != SPAWNER_FAILED);
    while ((got = read(run->output, run->text + len, sizeof run->text - 1 - len)) > 0)
        len += (size_t)got;
    close(run->output);
    close(run->socket);
    if (run->started.pidfd >= 0)
        close(run->started.pidfd);
}

void run_all(struct spawner *spawner, struct run *run, int binary, const char *label)
{
    run_start(spawner, run, "strict", binary, label, OS_MIB(4), 4);
    run_finish(spawner, run);
}

int file_with(const void *content, size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, len), (ssize_t)len);
    return fd;
}
