/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network_probe.c: what a driver that has been taken over tries with core's service Network: another route
 * than its own, this machine, addresses that are not allowed, sockets that are none of the internet, and more
 * sockets than are paid for.
 */
#include <errno.h>
#include <linux_base/network.h>
#include <linux_base/transport.h>
#include <os/component.h>
#include <stdio.h>

OS_MANIFEST("requires: [Network]\n"
            "ram: 1M\n"
            "caps: 32\n");

static linux_network_cap network;

static void say(const char *what, os_err err, int32_t error)
{
    printf("%s: %s\n", what,
           err                             ? os_err_text(err)
           : error && error != EINPROGRESS ? "error of the host"
                                           : "done");
}

static os_any_cap make(enum linux_network_type type)
{
    os_any_cap socket = { OS_NO_CAP };
    os_err err = linux_network_socket(network, type, 4, &socket);
    if (err)
        say("socket", err, 0);
    return socket;
}

static void try_connect(const char *what, struct linux_network_addr addr)
{
    os_any_cap socket = make(LINUX_NETWORK_TCP);
    int32_t error = 0;
    os_err err = linux_network_connect(network, socket, addr, &error);
    say(what, err, err ? 0 : EINPROGRESS); /* that it was begun is what counts */
    os_cap_drop(socket.cap);
}

static void try_bind(const char *what, struct linux_network_addr addr)
{
    os_any_cap socket = make(LINUX_NETWORK_TCP);
    int32_t error = 0;
    os_err err = linux_network_bind(network, socket, addr, &error);
    say(what, err, error);
    os_cap_drop(socket.cap);
}

/* A session with other arguments, with which this machine might be reached. */
static void try_args(struct os_env *env, const char *args)
{
    const struct linux_network_addr loopback = { .family = 4, .port = 9, .bytes = { 127, 0, 0, 1 } };
    struct linux_network_session session;
    os_err err = linux_network_open(env, "", args, &session);
    char what[64];
    snprintf(what, sizeof(what), "session with %s", args);
    if (err) {
        say(what, err, 0);
        return;
    }
    linux_network_cap own = network;
    network = session.cap;
    try_connect(what, loopback);
    network = own;
    linux_network_close(&session);
}

/* No more sockets than the session's donation pays for, and those that are closed can be had again. */
static void try_many(void)
{
    enum { MANY = 64 };
    os_any_cap sockets[MANY];
    for (int round = 0; round < 2; round++) {
        os_err err = OS_OK;
        int count = 0;
        while (count < MANY && !(err = linux_network_socket(network, LINUX_NETWORK_UDP, 4, &sockets[count])))
            count++;
        printf("sockets until there are no caps: %d, %s\n", count, os_err_text(err));
        while (count)
            os_cap_drop(sockets[--count].cap);
    }
}

void component_construct(struct os_env *env)
{
    struct linux_network_session session;
    os_any_cap receive, send, own = { env->parent.cap };
    uint32_t mtu;
    int32_t error;

    os_require(env, linux_network_open(env, "", "", &session), "cannot open Network");
    network = session.cap;
    try_connect("connect to loopback",
                (struct linux_network_addr){ .family = 4, .port = 9, .bytes = { 127, 0, 0, 1 } });
    try_connect("connect to any", (struct linux_network_addr){ .family = 4, .port = 9 });
    try_connect("connect to loopback in disguise",
                (struct linux_network_addr){
                    .family = 6, .port = 9, .bytes = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } });
    try_connect("connect beyond the range",
                (struct linux_network_addr){ .family = 4, .port = 9, .bytes = { 198, 51, 100, 1 } });
    try_bind("listen on loopback", (struct linux_network_addr){ .family = 4, .bytes = { 127, 0, 0, 1 } });
    try_bind("listen on all addresses", (struct linux_network_addr){ .family = 4 });
    say("shut down a capability", linux_network_shutdown(network, own, 2), 0);
    say("bind a capability",
        linux_network_bind(network, own, (struct linux_network_addr){ .family = 4 }, &error), 0);
    say("frames", linux_network_frames(network, &receive, &send, &mtu), 0);
    say("reconnect", linux_network_reconnect(network), 0);
    try_args(env, "reach=world host");
    try_args(env, "tap=tap0");
    try_args(env, "unix=/tmp/a,peer=/tmp/b");
    try_many();
    os_require(env, os_session_upgrade(&session.base, 0, 5), "no upgrade");
    try_many();
    (void)make(LINUX_NETWORK_UDP); /* kept: charged until this process has ended */
    printf("tried\n");
}
