/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp.c: blocks over one TCP connection of the kernel's, from a process to another or the other way; see
 * ../components/blocks.h.
 *
 *     tcp up|down loopback WINDOW [CPU PEER-CPU]     both on the loopback interface
 *     tcp up|down slirp WINDOW [CPU PEER-CPU]        one of them in a network that slirp4netns connects
 *     tcp serve                                      only the peer: says "port PORT", until its input ends
 *
 * WINDOW blocks are under way. A line "unavailable: WHY" says that this machine does not allow it.
 */
#include "../components/blocks.h"
#include "slice.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int fd = -1, listener = -1;
static unsigned window, under_way;
static char block[BLOCK];
static pid_t helper;

static void no_delay(int of)
{
    slice_require(setsockopt(of, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) == 0, "TCP_NODELAY");
}

static void put_all(int to, const char *data, size_t size)
{
    while (size) {
        ssize_t len = write(to, data, size);
        slice_require(len > 0, "write");
        data += len;
        size -= (size_t)len;
    }
}

static void get_all(int from, char *data, size_t size)
{
    while (size) {
        ssize_t len = read(from, data, size);
        slice_require(len > 0, "read");
        data += len;
        size -= (size_t)len;
    }
}

/* ---- the peer */

static uint16_t listen_at_loopback(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    slice_require(listener >= 0 && !bind(listener, (struct sockaddr *)&at, sizeof(at)) &&
                      !listen(listener, 16) && !getsockname(listener, (struct sockaddr *)&at, &len),
                  "listen");
    return ntohs(at.sin_port);
}

static int take_one(void)
{
    int peer = accept(listener, NULL, NULL);
    slice_require(peer >= 0, "accept");
    no_delay(peer);
    return peer;
}

/* Until the other side has ended. */
static void serve_one(int peer)
{
    size_t came = 0;
    ssize_t len;
    char way;
    if (read(peer, &way, 1) != 1)
        return;
    while ((len = read(peer, block, sizeof(block))) > 0) {
        if (way == BLOCKS_DOWN) {
            for (; len; len--)
                put_all(peer, block, BLOCK);
            continue;
        }
        for (came += (size_t)len; came >= BLOCK; came -= BLOCK)
            put_all(peer, "", 1);
    }
    close(peer);
}

static void be_peer(void)
{
    serve_one(take_one());
}

/* In a process of its own that ends with this one: returns there 0, and here its number. */
static pid_t fork_child(void)
{
    pid_t parent = getpid(), pid = fork();
    slice_require(pid >= 0, "fork");
    if (!pid) {
        slice_require(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
        if (getppid() != parent)
            _exit(1); /* it has ended before */
    }
    return pid;
}

static int serve(void)
{
    struct pollfd ready[] = { { .fd = 0, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
    char byte;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    printf("port %u\n", listen_at_loopback());
    fflush(stdout);
    ready[1].fd = listener;
    for (;;) {
        slice_require(poll(ready, 2, -1) > 0, "poll");
        if (ready[0].revents && read(0, &byte, 1) <= 0)
            return 0;
        if (!ready[1].revents)
            continue;
        int peer = take_one();
        if (!fork_child()) {
            serve_one(peer);
            _exit(0);
        }
        close(peer);
    }
}

/* ---- a network of its own */

__attribute__((noreturn)) static void unavailable(const char *what)
{
    printf("unavailable: %s: %s\n", what, strerror(errno));
    exit(0);
}

static int write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    int failed = file < 0 || write(file, text, strlen(text)) < 0;
    if (file >= 0)
        close(file);
    return failed;
}

static void separate(void)
{
    char map[64];
    unsigned uid = geteuid(), gid = getegid();
    if (unshare(uid ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET))
        unavailable("a network of its own");
    if (!uid)
        return;
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", uid);
    if (write_text("/proc/self/uid_map", map))
        unavailable("uid_map");
    snprintf(map, sizeof(map), "0 %u 1", gid);
    if (write_text("/proc/self/gid_map", map))
        unavailable("gid_map");
}

static void end_helper(void)
{
    kill(helper, SIGKILL);
    waitpid(helper, NULL, 0);
}

/* What slirp4netns has said last before it ended, in the file SAID. */
__attribute__((noreturn)) static void slirp_ended(int said)
{
    char text[1024], *line = text;
    ssize_t len = pread(said, text, sizeof(text) - 1, 0);
    while (len > 0 && text[len - 1] == '\n')
        len--;
    text[len > 0 ? len : 0] = '\0';
    for (char *next; (next = strchr(line, '\n')); line = next + 1)
        ;
    printf("unavailable: slirp4netns: %s\n", *line ? line : "it has ended without a word");
    exit(0);
}

/* slirp4netns stays outside, and waits until this process has gone inside. */
static void separate_with_slirp(void)
{
    int go[2], ready[2], said = memfd_create("said", MFD_CLOEXEC);
    char pid[16], ready_fd[16], byte;
    slice_require(!pipe(go) && !pipe(ready) && said >= 0, "pipe");
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    snprintf(ready_fd, sizeof(ready_fd), "%d", ready[1]);
    helper = fork_child();
    if (!helper) {
        close(go[1]);
        close(ready[0]);
        if (read(go[0], &byte, 1) != 1)
            _exit(1);
        int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, 1);
        dup2(said, 2);
        execlp("slirp4netns", "slirp4netns", "--configure", "--ready-fd", ready_fd, pid, "tap0", NULL);
        dprintf(said, "%s", strerror(errno));
        _exit(1);
    }
    atexit(end_helper);
    close(go[0]);
    close(ready[1]);
    separate();
    put_all(go[1], "", 1);
    if (read(ready[0], &byte, 1) != 1)
        slirp_ended(said);
}

/* ---- blocks */

static void put_block(void)
{
    if (under_way == window) {
        ssize_t len = read(fd, block, window);
        slice_require(len > 0, "read");
        under_way -= (unsigned)len;
    }
    put_all(fd, block, BLOCK);
    under_way++;
}

static void get_block(void)
{
    for (; under_way < window; under_way++)
        put_all(fd, "", 1);
    get_all(fd, block, BLOCK);
    under_way--;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "serve"))
        return serve();
    int is_down = argc > 1 && !strcmp(argv[1], "down"), is_slirp = argc > 2 && !strcmp(argv[2], "slirp");
    window = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    if (window < 1 || window > 1024) {
        fprintf(stderr, "tcp: up or down, loopback or slirp, and how many blocks?\n");
        return 2;
    }
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(listen_at_loopback()) };
    slice_peer(slice_cpu(argc, argv, 5), be_peer);
    close(listener);
    to.sin_addr.s_addr = htonl(is_slirp ? 0x0a000202 : INADDR_LOOPBACK);
    if (is_slirp)
        separate_with_slirp();
    slice_pin(slice_cpu(argc, argv, 4));
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    slice_require(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
    no_delay(fd);
    put_all(fd, is_down ? (char[]){ BLOCKS_DOWN } : (char[]){ BLOCKS_UP }, 1);
    if (is_down)
        slice_serve(get_block, NULL, NULL);
    slice_serve(put_block, NULL, NULL);
}
