/* SPDX-License-Identifier: BSD-2-Clause */
/* probe.c: see probe.h. */
#include "probe.h"
#include "channels.h"
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../../base-linux/transport/wire.h"

struct probe_server probe_server;

static _Atomic int pairs, pipes;

/* ---- hooks ---- */

static os_err make_pair(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return OS_ERR_HANDLES;
    pairs++;
    return OS_OK;
}

static void pair_closed(void)
{
    pairs--;
}

static os_err make_pipe(int fds[2])
{
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return OS_ERR_HANDLES;
    pipes++;
    return OS_OK;
}

static void pipe_closed(void)
{
    pipes--;
}

enum probe_lanes probe_lanes(void)
{
    const char *lanes = getenv("PROBE_LANES");

    if (!lanes || strcmp(lanes, "socket") == 0)
        return PROBE_SOCKET;
    if (strcmp(lanes, "channel") == 0)
        return PROBE_CHANNEL;
    ck_assert_str_eq(lanes, "no-spin");
    return PROBE_NO_SPIN;
}

void probe_init(void)
{
    static struct transport_hooks hooks = {
        .pair = make_pair,
        .pair_closed = pair_closed,
        .signal_pipe = make_pipe,
        .signal_closed = pipe_closed,
    };
    if (probe_lanes() != PROBE_SOCKET) {
        channels_init(probe_lanes() == PROBE_NO_SPIN ? LINUX_CHANNEL_NO_SPIN : 0);
        hooks.channel = channels_make;
        hooks.channel_serve = channels_serve;
    }
    transport_init(&hooks);
}

void probe_warm(probe_cap cap)
{
    uint32_t y;

    for (uint32_t x = 0; probe_lanes() != PROBE_SOCKET && x < 20; x++)
        ck_assert_int_eq(probe_echo(cap, x, &y), OS_OK);
}

void probe_balance(void)
{
    ck_assert_int_eq(probe_pairs(), 0);
    ck_assert_int_eq(probe_pipes(), 0);
    if (probe_lanes() == PROBE_SOCKET)
        return;
    ck_assert_int_eq(channels_mapped(), 0);
    ck_assert_int_eq(channels_attached(), 0);
}

int probe_pairs(void)
{
    return pairs;
}

int probe_pipes(void)
{
    return pipes;
}

int probe_under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");
    return preload && strstr(preload, "vgpreload_");
}

unsigned count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 3; /* ".", ".." and the directory itself */
}

/* ---- the server ---- */

static struct os_entrypoint ep;
static struct os_reply held, held_make;
static os_any_cap given;
static uint32_t children;

struct child {
    struct os_object object;
};

static const struct probe_ops ops;

static void end_child(struct os_object *object)
{
    os_object_fini(object);
    free(OS_CONTAINER_OF(object, struct child, object));
    children--;
}

static os_err echo(struct os_rpc *rpc, uint32_t x, uint32_t *y)
{
    *y = x;
    return OS_OK;
}

static os_err data(struct os_rpc *rpc, const void *to, size_t to_len, uint8_t (*from)[1000], size_t *from_len)
{
    memcpy(*from, to, to_len);
    *from_len = to_len;
    return OS_OK;
}

static os_err make(struct os_rpc *rpc, probe_cap *cap)
{
    struct child *child = calloc(1, sizeof(*child));
    os_err err = probe_object_init(&child->object, &ep, &ops, cap);
    if (err) {
        free(child);
        return err;
    }
    child->object.last_holder = end_child;
    plat_object_watch(child->object.plat);
    children++;
    return OS_OK;
}

static os_err made(struct os_rpc *rpc, uint32_t *count)
{
    *count = children;
    return OS_OK;
}

static os_err revoke_child(struct os_rpc *rpc, probe_cap cap)
{
    struct os_object *object = os_object_of(&ep, cap.cap, &probe_interface);
    if (!object)
        return OS_ERR_BAD_CAP;
    end_child(object);
    return OS_OK;
}

static os_err hold(struct os_rpc *rpc)
{
    if (os_reply_owed(&held))
        return OS_ERR_BUSY;
    os_reply_keep(rpc, &held);
    return OS_REPLY_LATER;
}

static os_err later(struct os_rpc *rpc, probe_cap *cap)
{
    if (os_reply_owed(&held_make))
        return OS_ERR_BUSY;
    os_reply_keep(rpc, &held_make);
    return OS_REPLY_LATER;
}

static os_err release(struct os_rpc *rpc, uint32_t *count)
{
    probe_cap cap;
    *count = (uint32_t)os_reply_owed(&held);
    probe_hold_reply(&held, OS_OK);
    if (!os_reply_owed(&held_make))
        return OS_OK;
    os_err err = make(rpc, &cap);
    if (err)
        return err;
    probe_later_reply(&held_make, OS_OK, cap);
    return OS_OK;
}

static os_err die(struct os_rpc *rpc)
{
    _exit(3);
}

static os_err give(struct os_rpc *rpc, os_any_cap cap)
{
    os_cap_drop(given.cap);
    given.cap = os_cap_copy(cap.cap);
    return OS_OK;
}

static os_err take(struct os_rpc *rpc, os_any_cap *cap)
{
    *cap = given;
    given.cap = OS_NO_CAP;
    return OS_OK;
}

static os_err swap(struct os_rpc *rpc, os_any_cap cap, os_any_cap *before)
{
    *before = given;
    given.cap = os_cap_copy(cap.cap);
    return OS_OK;
}

static os_err notify(struct os_rpc *rpc, os_signal_cap signal)
{
    os_signal_submit(signal);
    return OS_OK;
}

static os_err same(struct os_rpc *rpc, probe_cap cap, uint32_t *is_same)
{
    *is_same = os_object_of(&ep, cap.cap, &probe_interface) != NULL;
    return OS_OK;
}

static os_err fds(struct os_rpc *rpc, uint32_t *count)
{
    *count = count_fds();
    return OS_OK;
}

static const struct probe_ops ops = { .echo = echo,
                                      .data = data,
                                      .make = make,
                                      .made = made,
                                      .revoke = revoke_child,
                                      .hold = hold,
                                      .die = die,
                                      .give = give,
                                      .later = later,
                                      .release = release,
                                      .notify = notify,
                                      .take = take,
                                      .swap = swap,
                                      .same = same,
                                      .fds = fds };

static void control_ready(struct transport_watch *watch, uint32_t events)
{
    _exit(0);
}

static void serve(int fd)
{
    static struct os_object root;
    static struct transport_watch watch;
    struct wire_head head = { .type = WIRE_INTRODUCE, .ncaps = 1, .caps = { WIRE_CAP_FD } };
    probe_cap cap;
    int cap_fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    watch.fd = fd;
    watch.ready = control_ready;
    if (os_entrypoint_init(&ep) || probe_object_init(&root, &ep, &ops, &cap) ||
        transport_watch(ep.plat, &watch, EPOLLIN))
        _exit(1);
    cap_fd = transport_cap_fd(cap.cap);
    wire_send(fd, &head, NULL, &cap_fd, 1);
    os_cap_drop(cap.cap);
    os_entrypoint_run(&ep);
}

/* The process, and the one that sees its end. */
static void fork_server(int control[2])
{
    int alive[2];

    ck_assert_int_eq(pipe2(alive, O_CLOEXEC), 0);
    probe_server.pid = fork();
    ck_assert_int_ge(probe_server.pid, 0);
    if (!probe_server.pid) {
        close(control[0]);
        close(alive[0]);
        serve(control[1]);
        _exit(1);
    }
    close(alive[1]);
    probe_server.guard = probe_lanes() == PROBE_SOCKET ? 0 : channels_guard(probe_server.pid, alive[0]);
    close(alive[0]);
}

probe_cap probe_start(void)
{
    struct wire_head head;
    char nothing[OS_MSG_BYTES];
    int ends[2], got[OS_MSG_CAPS];
    unsigned ngot;
    probe_cap cap;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    fork_server(ends);
    close(ends[1]);
    probe_server.control = ends[0];
    ck_assert_int_eq(wire_receive(probe_server.control, 1, &head, nothing, got, &ngot), WIRE_OK);
    ck_assert_uint_eq(ngot, 1);
    ck_assert_int_eq(transport_cap_from_fd(got[0], &cap.cap), OS_OK);
    return cap;
}

void probe_stop(void)
{
    close(probe_server.control);
    if (probe_server.guard)
        ck_assert_int_eq(waitpid(probe_server.guard, NULL, 0), probe_server.guard);
    ck_assert_int_eq(waitpid(probe_server.pid, NULL, 0), probe_server.pid);
}

void probe_pause(void)
{
    int status;

    ck_assert_int_eq(kill(probe_server.pid, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(probe_server.pid, &status, WUNTRACED), probe_server.pid);
    ck_assert(WIFSTOPPED(status));
}

void probe_resume(void)
{
    ck_assert_int_eq(kill(probe_server.pid, SIGCONT), 0);
}

os_err probe_until_dead(probe_cap cap)
{
    os_err err;
    uint32_t y;

    do
        err = probe_echo(cap, 1, &y);
    while (!err);
    return err;
}
