/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: the user's own network as an uplink, without any privilege: libslirp is a gateway that knows each
 * connection of the components, and has a socket of the host for it.
 *
 * libslirp wants to be told of ready sockets out of a loop of its own. Here the entrypoint watches them:
 * whatever happens, a frame or a ready socket, it is pumped once, and then the sockets are watched that it
 * names.
 */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libslirp.h>
#include <linux_base/transport.h>
#include <os/component.h>
#include <os/config_rom.h>
#include <os/timer.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <drivers/uplink/uplink.h>
#include "forward.h"

OS_MANIFEST("requires: [Uplink, Network, Timer]\n"
            "ram: 48M\n"
            "caps: 160\n"
            "sandbox: network\n");

enum {
    ROOM = 64,           /* frames that one connection can send at a time */
    FAST = 2,            /* ms; libslirp's word for that an acknowledgement is due */
    SLOW = 500,          /* ms between its looks at what is too old */
    FRAGMENTS_LIVE = 60, /* s that it keeps fragments at most */
    OWN_RAM = 2 << 20,
    CONNECTION_RAM = 264 << 10, /* two buffers of libslirp's */
    OWN_CAPS = 24,              /* for what is opened after the sockets' share is taken, Uplink above all */
};

/* A socket that the entrypoint watches. */
struct watched {
    struct transport_watch watch;
    uint32_t events; /* of epoll; 0: it is not watched */
    uint32_t round;  /* in which libslirp last named it */
};

struct timer {
    struct os_timeout timeout;
    SlirpTimerCb expired;
    void *user;
};

static struct {
    struct os_env *env;
    struct uplink uplink;
    struct linux_network_session network;
    struct os_config_rom config;
    struct os_timeouts timeouts;
    struct os_timeout tick; /* libslirp's next look */
    Slirp *slirp;
    struct watched watched[SOCKETS_MAX];
    int numbers[SOCKETS_MAX]; /* of those that are watched */
    unsigned number_count;
    struct pollfd polled[SOCKETS_MAX]; /* as libslirp named them last */
    unsigned polled_count;
    uint32_t round;
    os_time fragment; /* when the last one came */
    int full;         /* there is no room for frames, and nothing is watched */
} user;

/* ---- watching sockets */

static void pump(void);

static void ready(struct transport_watch *watch, uint32_t events)
{
    pump();
}

static void unwatch(int fd)
{
    struct watched *w = &user.watched[fd];
    if (!w->events)
        return;
    transport_unwatch(user.env->ep->plat, &w->watch);
    w->events = 0;
}

/* A socket is closed; its number may come again before the next round. */
static void socket_closed(int fd)
{
    unwatch(fd);
    for (unsigned i = 0; i < user.polled_count; i++)
        if (user.polled[i].fd == fd)
            user.polled[i].fd = -1;
}

static void watch(int fd, uint32_t events)
{
    struct watched *w = &user.watched[fd];
    int known = w->events != 0;
    if (w->events == events)
        return;
    w->watch.fd = fd;
    w->watch.ready = ready;
    w->events = events;
    if (known) {
        transport_watch_for(user.env->ep->plat, &w->watch, events);
        return;
    }
    os_require(user.env, transport_watch(user.env->ep->plat, &w->watch, events), "cannot wait for the host");
    for (unsigned i = 0; i < user.number_count; i++)
        if (user.numbers[i] == fd)
            return;
    user.numbers[user.number_count++] = fd;
}

static int add_poll(int fd, int events, void *opaque)
{
    uint32_t wanted = 0;
    short polled = 0;
    if (fd < 0 || fd >= SOCKETS_MAX || user.polled_count == SOCKETS_MAX)
        return -1;
    if (events & SLIRP_POLL_IN && !sockets_must_wait(fd)) {
        wanted |= EPOLLIN;
        polled |= POLLIN;
    }
    if (events & SLIRP_POLL_OUT) {
        wanted |= EPOLLOUT;
        polled |= POLLOUT;
    }
    if (events & SLIRP_POLL_PRI) {
        wanted |= EPOLLPRI;
        polled |= POLLPRI;
    }
    user.polled[user.polled_count] = (struct pollfd){ .fd = fd, .events = polled };
    user.watched[fd].round = user.round;
    watch(fd, wanted ? wanted : EPOLLERR);
    return (int)user.polled_count++;
}

/* What libslirp has not named any more, or everything while it must not be pumped. */
static void unwatch_others(int all)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < user.number_count; i++) {
        int fd = user.numbers[i];
        if (all || user.watched[fd].round != user.round)
            unwatch(fd);
        if (user.watched[fd].events)
            user.numbers[kept++] = fd;
    }
    user.number_count = kept;
}

static void handle_tick(struct os_timeout *timeout)
{
    pump();
}

/*
 * libslirp wants to look again and again while there is any socket, even if that only waits for connections;
 * here only while there is something that can become too old.
 */
static void arm_tick(uint32_t wanted)
{
    const os_time now = os_clock_now();
    uint32_t in = 0;
    if (wanted <= FAST)
        in = FAST;
    else if (sockets_live() || (user.fragment && now - user.fragment < FRAGMENTS_LIVE * OS_SEC))
        in = SLOW;
    if (!in)
        os_timeout_disarm(&user.tick);
    else if (user.tick.due == OS_NEVER || in == FAST)
        os_require(user.env, os_timeout_arm(&user.tick, in * OS_MS), "cannot arm a time-out");
}

static int get_revents(int index, void *opaque)
{
    const struct pollfd *polled = &user.polled[index];
    int events = 0;
    if (index < 0 || (unsigned)index >= user.polled_count || polled->fd < 0 || !polled->revents)
        return 0;
    if (uplink_space(&user.uplink) < ROOM)
        return 0; /* it is asked again when there is room */
    /* that a datagram did not get there is told by receiving, too */
    events |= polled->revents & (POLLIN | POLLERR) ? SLIRP_POLL_IN : 0;
    events |= polled->revents & POLLOUT ? SLIRP_POLL_OUT : 0;
    events |= polled->revents & POLLPRI ? SLIRP_POLL_PRI : 0;
    events |= polled->revents & POLLERR ? SLIRP_POLL_ERR : 0;
    events |= polled->revents & POLLHUP ? SLIRP_POLL_HUP : 0;
    return events;
}

static void name_sockets(uint32_t *timeout)
{
    user.round++;
    user.polled_count = 0;
    *timeout = UINT32_MAX;
    slirp_pollfds_fill(user.slirp, timeout, add_poll, NULL);
    unwatch_others(0);
}

static int is_fragment(const uint8_t *frame, uint32_t len)
{
    return len >= 34 && frame[12] == 0x08 && frame[13] == 0x00 && ((frame[20] & 0x3f) | frame[21]) != 0;
}

/*
 * libslirp copies what is IP before it looks at it, and reads each field of ARP once, so that it can be given
 * what the server may still change.
 */
static void take_outgoing(void)
{
    struct os_nic_frames_packet packet;
    while (uplink_space(&user.uplink) >= ROOM && uplink_next(&user.uplink, &packet)) {
        if (is_fragment(packet.data, packet.len))
            user.fragment = os_clock_now();
        if (packet.len >= OS_NIC_HEADER)
            slirp_input(user.slirp, packet.data, (int)packet.len);
        uplink_done(&user.uplink, &packet);
    }
}

static void pump(void)
{
    uint32_t timeout;
    if (user.polled_count)
        (void)ppoll(user.polled, user.polled_count, &(struct timespec){ 0 }, NULL);
    slirp_pollfds_poll(user.slirp, 0, get_revents, NULL);
    take_outgoing();
    name_sockets(&timeout);
    arm_tick(timeout);
    uplink_flush(&user.uplink);
    uplink_flush_outgoing(&user.uplink);
    user.full = uplink_space(&user.uplink) < ROOM;
    if (user.full) {
        unwatch_others(1);
        uplink_want_room(&user.uplink);
    }
}

/* ---- frames */

static void outgoing(struct uplink *uplink)
{
    pump();
}

static void room(struct uplink *uplink)
{
    user.full = 0;
    uplink_resume(uplink);
    pump();
}

static ssize_t send_packet(const void *data, size_t len, void *opaque)
{
    struct os_nic_frames_packet packet;
    if (len < OS_NIC_HEADER || len > OS_NIC_HEADER + (size_t)user.uplink.info.mtu ||
        !uplink_alloc(&user.uplink, (uint32_t)len, &packet))
        return (ssize_t)len; /* as lost on a wire */
    memcpy(packet.data, data, len);
    uplink_submit(&user.uplink, &packet, (uint32_t)len, OS_NIC_INTACT);
    return (ssize_t)len;
}

/* ---- what libslirp needs besides */

static void guest_error(const char *message, void *opaque)
{
}

static int64_t clock_ns(void *opaque)
{
    return (int64_t)os_clock_now();
}

static void handle_timer(struct os_timeout *timeout)
{
    struct timer *timer = OS_CONTAINER_OF(timeout, struct timer, timeout);
    timer->expired(timer->user);
    uplink_flush(&user.uplink);
}

static void *timer_new(SlirpTimerCb expired, void *owner, void *opaque)
{
    struct timer *timer = calloc(1, sizeof(*timer));
    if (!timer)
        os_fail(user.env, OS_ERR_RAM, "no memory for a timer");
    timer->expired = expired;
    timer->user = owner;
    os_timeout_init(&timer->timeout, &user.timeouts, handle_timer);
    return timer;
}

static void timer_free(void *timer, void *opaque)
{
    if (!timer)
        return;
    os_timeout_disarm(&((struct timer *)timer)->timeout);
    free(timer);
}

static void timer_mod(void *timer, int64_t ms, void *opaque)
{
    int64_t now = (int64_t)(os_clock_now() / OS_MS);
    os_require(user.env,
               os_timeout_arm(&((struct timer *)timer)->timeout, ms > now ? (os_time)(ms - now) * OS_MS : 0),
               "cannot arm a time-out");
}

static void ignore_fd(int fd, void *opaque)
{
}

static void notify(void *opaque)
{
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = ignore_fd,
    .unregister_poll_fd = ignore_fd,
    .notify = notify,
};

/* ---- start */

static struct in_addr host_of(uint32_t network, uint32_t number)
{
    return (struct in_addr){ htonl(network + number) };
}

static void __attribute__((noreturn)) refuse(const char *key, const char *value, const char *expected)
{
    printf("%s '%s', expected %s\n", key, value, expected);
    os_exit(user.env, 1);
}

static void read_ipv4(const struct os_config *config, os_config_ref root, SlirpConfig *to)
{
    const char *text = os_config_str(config, root, "network", "10.0.2.0/24");
    char address[32];
    struct in_addr network;
    unsigned prefix;
    if (sscanf(text, "%31[0-9.]/%u", address, &prefix) != 2 || prefix < 8 || prefix > 27 ||
        inet_pton(AF_INET, address, &network) != 1)
        refuse("network", text, "addresses as 10.0.2.0/24, 32 at least");
    uint32_t mask = UINT32_MAX << (32 - prefix), base = ntohl(network.s_addr) & mask;
    to->in_enabled = os_config_bool(config, root, "ipv4", 1);
    to->vnetwork = host_of(base, 0);
    to->vnetmask = (struct in_addr){ htonl(mask) };
    to->vhost = host_of(base, 2);
    to->vnameserver = host_of(base, 3);
    to->vdhcp_start = host_of(base, 15);
}

static void read_ipv6(const struct os_config *config, os_config_ref root, SlirpConfig *to)
{
    const char *text = os_config_str(config, root, "network6", "fec0::/64");
    char address[48];
    unsigned prefix;
    if (sscanf(text, "%47[0-9a-fA-F:]/%u", address, &prefix) != 2 || prefix != 64 ||
        inet_pton(AF_INET6, address, &to->vprefix_addr6) != 1)
        refuse("network6", text, "a prefix as fec0::/64");
    to->in6_enabled = os_config_bool(config, root, "ipv6", 1);
    to->vprefix_len = 64;
    memset(&to->vprefix_addr6.s6_addr[8], 0, 8);
    to->vhost6 = to->vnameserver6 = to->vprefix_addr6;
    to->vhost6.s6_addr[15] = 2;
    to->vnameserver6.s6_addr[15] = 3;
}

static void start_slirp(const struct os_config *config, os_config_ref root)
{
    SlirpConfig wanted = {
        .version = 3,
        .restricted = os_config_bool(config, root, "restrict", 0),
        .vhostname = os_config_str(config, root, "hostname", NULL),
        .if_mtu = user.uplink.info.mtu,
        .if_mru = user.uplink.info.mtu,
        .disable_host_loopback = !sockets_reach_host(),
        .disable_dns = !os_config_bool(config, root, "dns", 1),
    };
    read_ipv4(config, root, &wanted);
    read_ipv6(config, root, &wanted);
    user.slirp = slirp_new(&wanted, &callbacks, NULL);
    if (!user.slirp)
        os_fail(user.env, OS_ERR_BAD_ARG, "libslirp does not take its settings");
}

static void open_network(void)
{
    os_err err = linux_network_open(user.env, "", "", &user.network);
    if (err == OS_ERR_BAD_ARG) {
        printf("the route of Network says not what it leads to, expected { to: parent, args: { reach: world "
               "} }, with one or more of the words ports, world, host, open, and addresses as 10.0.0.0/8\n");
        os_exit(user.env, 1);
    }
    os_require(user.env, err, "cannot open Network");
}

static void forward_ports(int started)
{
    const struct os_config *config = &user.config.config;
    forward_all(user.env, user.slirp, config, os_config_get(config, os_config_root(config), "forward"),
                started);
}

/* What else is in it holds from the next start on. */
static void config_changed(struct os_config_rom *rom)
{
    if (!user.slirp)
        return;
    forward_ports(1);
    pump();
}

/*
 * How many connections of the WANTED ones there is memory for: libslirp ends the program when it gets none.
 * What malloc has of a driver's RAM is three quarters.
 */
static unsigned fitting_ram(unsigned wanted, uint64_t ram)
{
    uint64_t fit = 1;
    ram = ram / 4 * 3;
    if (ram > OWN_RAM + CONNECTION_RAM)
        fit = (ram - OWN_RAM) / CONNECTION_RAM;
    if (fit >= wanted)
        return wanted;
    printf("connections: %u need %u MiB of ram; there are %u at a time\n", wanted,
           (unsigned)((wanted * (uint64_t)CONNECTION_RAM + OWN_RAM) * 4 / 3 / OS_MIB(1) + 1), (unsigned)fit);
    return (unsigned)fit;
}

/* The same of CAPS, of which USED are in use: each socket costs one. */
static unsigned fitting_caps(unsigned wanted, uint32_t caps, uint32_t used)
{
    uint32_t own = used + OWN_CAPS, fit = caps > own ? caps - own : 1;
    if (fit >= wanted)
        return wanted;
    printf("connections: %u need %u caps; there are %u at a time\n", wanted, wanted + own, fit);
    return fit;
}

/* How many connections there can be; core gets the caps for them. */
static unsigned provide(unsigned wanted)
{
    uint64_t ram = 0, ram_used;
    uint32_t caps = 0, caps_used = 0;
    os_require(user.env, os_pd_quota(user.env->pd, &ram, &ram_used, &caps, &caps_used), "its quota");
    wanted = fitting_caps(fitting_ram(wanted, ram), caps, caps_used);
    os_require(user.env, os_session_upgrade(&user.network.base, 0, wanted), "no caps for connections");
    return wanted;
}

void component_construct(struct os_env *env)
{
    const struct os_config *config = &user.config.config;
    os_config_ref root;
    uint32_t timeout;

    user.env = env;
    os_require(env, os_config_rom_open(&user.config, env, "config", config_changed), "no config");
    root = os_config_root(config);
    uplink_read_mac(env, config, "user", user.uplink.info.mac);
    user.uplink.info.mtu = (uint16_t)os_config_u64(config, root, "mtu", OS_NIC_MTU);
    user.uplink.info.link = 1;
    user.uplink.outgoing = outgoing;
    user.uplink.room = user.uplink.renewed = room;
    os_require(env, os_timeouts_open(&user.timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&user.tick, &user.timeouts, handle_tick);
    open_network();
    sockets_init(env, user.network.cap, provide((unsigned)os_config_u64(config, root, "connections", 100)),
                 socket_closed);
    os_require(env, uplink_open(&user.uplink, env), "cannot open Uplink");
    start_slirp(config, root);
    forward_ports(0);
    name_sockets(&timeout);
    arm_tick(timeout);
}
