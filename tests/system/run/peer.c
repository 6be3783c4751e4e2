/* SPDX-License-Identifier: BSD-2-Clause */
/* peer.c: see peer.h. */
#include "peer.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 65521, NOT_ALLOWED = 77 };

char peer_folder[64];

void peer_make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(peer_folder, sizeof(peer_folder), "%s/peer-XXXXXX", tmp && strlen(tmp) < 48 ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(peer_folder));
}

void peer_remove_folder(void)
{
    ck_assert_int_eq(peer_shell("rm -rf %s", peer_folder), 0);
}

/* What such files consist of, BLOCK bytes. */
static const unsigned char *block(void)
{
    static unsigned char bytes[BLOCK];
    static int made;
    uint32_t x = 1;
    for (size_t i = 0; !made && i < BLOCK; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(x >> 24);
    }
    made = 1;
    return bytes;
}

void peer_make_file(const char *name, size_t size)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/%s", peer_folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (size_t at = 0; at < size; at += BLOCK) {
        size_t part = size - at < BLOCK ? size - at : BLOCK;
        ck_assert_uint_eq(fwrite(block(), 1, part, file), part);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static void __attribute__((format(printf, 2, 0))) form(char command[4096], const char *format, va_list args)
{
    int len = snprintf(command, 4096, "cd %s && ", peer_folder);
    len += vsnprintf(command + len, 4096 - (size_t)len, format, args);
    ck_assert_int_lt(len, 4096);
}

int peer_shell(const char *format, ...)
{
    char command[4096];
    va_list args;
    va_start(args, format);
    form(command, format, args);
    va_end(args);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* ---- a network of its own */

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int result = fd < 0 || write(fd, text, strlen(text)) < 0;
    if (fd >= 0)
        close(fd);
    return result;
}

int peer_separate(void)
{
    char map[64];
    unsigned uid = geteuid(), gid = getegid();
    if (uid == 0)
        return unshare(CLONE_NEWNET);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return -1;
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", uid);
    if (write_text("/proc/self/uid_map", map))
        return -1;
    snprintf(map, sizeof(map), "0 %u 1", gid);
    return write_text("/proc/self/gid_map", map) ? -1 : 0;
}

/* ---- those that go on */

static void start(struct peer *peer, const char *const argv[])
{
    int out[2];
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    *peer = (struct peer){ .out = out[0] };
    peer->pid = fork();
    ck_assert_int_ge(peer->pid, 0);
    if (peer->pid == 0) {
        dup2(out[1], 1);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(out[1]);
}

void peer_start(struct peer *peer, const char *format, ...)
{
    char command[4096];
    va_list args;
    va_start(args, format);
    form(command, format, args);
    va_end(args);
    start(peer, (const char *const[]){ "/bin/sh", "-c", command, NULL });
}

void peer_start_box(struct peer *peer, const char *box, const char *wire, const char *format, ...)
{
    char command[4096], own[300], other[300];
    va_list args;
    va_start(args, format);
    form(command, format, args);
    va_end(args);
    snprintf(own, sizeof(own), "%s/%s", peer_folder, box);
    snprintf(other, sizeof(other), "%s/%s", peer_folder, wire);
    start(peer, (const char *const[]){ NETBOX, own, other, command, NULL });
}

const char *peer_no_box(void)
{
    const char *tmp = getenv("TMPDIR");
    char command[512];
    snprintf(command, sizeof(command), "%s %s/box-%d %s/none true 2>/dev/null", NETBOX, tmp ? tmp : "/tmp",
             (int)getpid(), tmp ? tmp : "/tmp");
    int status = system(command);
    if (status == 0)
        return NULL;
    return WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED
               ? "this machine lets nobody have a network of his own, or has no iproute2"
               : "netbox has failed";
}

void peer_expect(struct peer *peer, const char *text)
{
    size_t len = 0;
    ssize_t got;
    while ((got = read(peer->out, peer->line + len, 1)) > 0) {
        len += len < sizeof(peer->line) - 2;
        if (peer->line[len - 1] != '\n')
            continue;
        peer->line[len] = 0;
        len = 0;
        if (strstr(peer->line, text))
            return;
    }
    ck_abort_msg("a peer has not said \"%s\"", text);
}

size_t peer_compare(struct peer *peer, size_t count)
{
    unsigned char data[BLOCK];
    ssize_t got;
    while (count) {
        size_t at = peer->got % BLOCK, room = BLOCK - at;
        got = read(peer->out, data, count < room ? count : room);
        if (got <= 0)
            break;
        ck_assert_msg(memcmp(data, block() + at, (size_t)got) == 0, "what comes after byte %zu is wrong",
                      peer->got);
        peer->got += (size_t)got;
        count -= count == SIZE_MAX ? 0 : (size_t)got;
    }
    return peer->got;
}

int peer_end(struct peer *peer)
{
    char data[4096];
    int status;
    while (read(peer->out, data, sizeof(data)) > 0)
        ;
    close(peer->out);
    peer->out = -1;
    ck_assert_int_eq(waitpid(peer->pid, &status, 0), peer->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int peer_stop(struct peer *peer)
{
    kill(peer->pid, SIGTERM);
    return peer_end(peer);
}
