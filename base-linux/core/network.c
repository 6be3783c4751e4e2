/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network.c: the service Network: makes sockets in the machine's network for drivers that cannot, and binds
 * and connects them as far as the route of the session lets them be. See linux_base/network.h.
 *
 * core looks at no byte that comes or goes. Nothing here waits for the network: sockets are non-blocking.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux_base/network.h>

#include "given.h"
#include "internal.h"

enum { RANGES_MAX = 8 };

struct range {
    uint16_t family;
    uint8_t bytes[16], prefix;
};

/* What a route lets a driver have. */
struct reach {
    int sockets, world, host, open;
    struct range ranges[RANGES_MAX];
    unsigned range_count;
    char tap[IFNAMSIZ];
    struct sockaddr_un own, peer;
};

struct network {
    struct core_session session;
    struct os_object object;
    struct os_list link; /* of networks */
    struct reach reach;
    struct given *given;
    int receive, send; /* of Unix, to be connected anew; -1 */
    int bound;         /* the file of OWN is ours */
};

static struct os_list networks;

static struct network *network_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct network, object);
}

/* ---- the route */

static int read_range(const char *text, struct range *range)
{
    char address[64], *slash, *end;
    unsigned long prefix;
    snprintf(address, sizeof(address), "%s", text);
    slash = strchr(address, '/');
    if (!slash)
        return 0;
    *slash++ = '\0';
    range->family = strchr(address, ':') ? 6 : 4;
    prefix = strtoul(slash, &end, 10);
    if (end == slash || *end || prefix > (range->family == 6 ? 128u : 32u))
        return 0;
    range->prefix = (uint8_t)prefix;
    return inet_pton(range->family == 6 ? AF_INET6 : AF_INET, address, range->bytes) == 1;
}

static os_err read_words(char *text, struct reach *reach)
{
    reach->sockets = 1;
    for (char *save, *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (!strcmp(word, "world"))
            reach->world = 1;
        else if (!strcmp(word, "host"))
            reach->host = 1;
        else if (!strcmp(word, "open"))
            reach->open = 1;
        else if (!strcmp(word, "ports")) /* which there are in any case */
            continue;
        else if (reach->range_count < RANGES_MAX && read_range(word, &reach->ranges[reach->range_count]))
            reach->range_count++;
        else
            return OS_ERR_BAD_ARG;
    }
    return OS_OK;
}

static os_err read_path(const char *args, const char *key, struct sockaddr_un *path)
{
    path->sun_family = AF_UNIX;
    os_err err = os_args_get(args, key, path->sun_path, sizeof(path->sun_path));
    return err == OS_OK && !*path->sun_path ? OS_ERR_BAD_ARG : err;
}

/* Exactly one kind, so that a driver cannot have another one than its route says by asking for that as well.
 */
static os_err read_reach(const char *args, struct reach *reach)
{
    char words[OS_ARGS_MAX];
    os_err sockets = os_args_get(args, "reach", words, sizeof(words));
    os_err tap = os_args_get(args, "tap", reach->tap, sizeof(reach->tap));
    os_err own = read_path(args, "unix", &reach->own), peer = read_path(args, "peer", &reach->peer);
    if (!sockets + !tap + (!own && !peer) != 1 || (tap && tap != OS_ERR_NOT_FOUND) ||
        (own && own != OS_ERR_NOT_FOUND) || own != peer || (!tap && !*reach->tap))
        return OS_ERR_BAD_ARG;
    return sockets ? OS_OK : read_words(words, reach);
}

/* ---- addresses */

static socklen_t to_sockaddr(const struct linux_network_addr *addr, struct sockaddr_storage *to)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
    memset(to, 0, sizeof(*to));
    if (addr->family == 4) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(addr->port);
        memcpy(&v4->sin_addr, addr->bytes, 4);
        return sizeof(*v4);
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(addr->port);
    v6->sin6_scope_id = addr->scope;
    memcpy(&v6->sin6_addr, addr->bytes, 16);
    return sizeof(*v6);
}

static int is_family(uint32_t family)
{
    return family == 4 || family == 6;
}

/* The same address as IPv4 if IPv6 only wraps it. */
static struct linux_network_addr unwrap(const struct linux_network_addr *addr)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    struct linux_network_addr plain = *addr;
    if (addr->family != 6 || memcmp(addr->bytes, mapped, sizeof(mapped)))
        return plain;
    plain.family = 4;
    memset(plain.bytes, 0, sizeof(plain.bytes));
    memcpy(plain.bytes, addr->bytes + 12, 4);
    return plain;
}

static int in_range(const struct range *range, const struct linux_network_addr *addr)
{
    unsigned whole = range->prefix / 8, rest = range->prefix % 8;
    if (range->family != addr->family || memcmp(range->bytes, addr->bytes, whole))
        return 0;
    return !rest || (uint8_t)(range->bytes[whole] ^ addr->bytes[whole]) >> (8 - rest) == 0;
}

static int is_loopback(const struct linux_network_addr *addr)
{
    static const uint8_t loopback[16] = { [15] = 1 };
    return addr->family == 4 ? addr->bytes[0] == 127 : !memcmp(addr->bytes, loopback, 16);
}

/* What a socket can be bound to is this machine, or everybody at once, which includes it. */
static int is_own(const struct linux_network_addr *addr)
{
    struct linux_network_addr any_port = *addr;
    struct sockaddr_storage to;
    any_port.port = 0;
    socklen_t len = to_sockaddr(&any_port, &to);
    int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int own = fd < 0 || bind(fd, (struct sockaddr *)&to, len) == 0;
    if (fd >= 0)
        close(fd);
    return own || is_loopback(addr);
}

/* A name server that the machine itself asks, at ADDR. */
static int read_resolver(const char *line, struct linux_network_addr *addr)
{
    char text[64], *zone;
    if (sscanf(line, "nameserver %63s", text) != 1)
        return 0;
    *addr = (struct linux_network_addr){ .family = strchr(text, ':') ? 6 : 4, .port = 53 };
    zone = strchr(text, '%');
    if (zone) {
        *zone = '\0';
        addr->scope = if_nametoindex(zone + 1);
    }
    return inet_pton(addr->family == 6 ? AF_INET6 : AF_INET, text, addr->bytes) == 1;
}

static os_err find_resolver(uint32_t index, struct linux_network_addr *addr)
{
    char line[256];
    FILE *file = fopen("/etc/resolv.conf", "re");
    os_err err = OS_ERR_NOT_FOUND;
    while (file && err && fgets(line, sizeof(line), file))
        if (read_resolver(line, addr) && !index--)
            err = OS_OK;
    if (file)
        fclose(file);
    return err;
}

static int is_resolver(const struct linux_network_addr *addr)
{
    struct linux_network_addr resolver;
    for (uint32_t i = 0; find_resolver(i, &resolver) == OS_OK; i++)
        if (resolver.family == addr->family && addr->port == 53 &&
            !memcmp(resolver.bytes, addr->bytes, sizeof(addr->bytes)))
            return 1;
    return 0;
}

static int permits(const struct reach *reach, const struct linux_network_addr *wanted)
{
    struct linux_network_addr addr = unwrap(wanted);
    int found = !reach->range_count;
    if (!is_family(addr.family) || (!reach->world && !reach->host))
        return 0;
    if (is_own(&addr) && !reach->host)
        return reach->world && is_resolver(&addr);
    if (is_own(&addr))
        return 1;
    for (unsigned i = 0; !found && i < reach->range_count; i++)
        found = in_range(&reach->ranges[i], &addr);
    return reach->world && (found || is_resolver(&addr));
}

/* ---- sockets of the internet */

static os_err error_of(int error)
{
    switch (error) {
    case 0:
        return OS_OK;
    case EMFILE:
    case ENFILE:
        return OS_ERR_HANDLES;
    case ENOMEM:
    case ENOBUFS:
        return OS_ERR_NO_MEMORY;
    case EACCES:
    case EPERM:
        return OS_ERR_DENIED;
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
    case ENXIO:
        return OS_ERR_NOT_FOUND;
    case EBUSY:
        return OS_ERR_BUSY;
    case EADDRINUSE:
        return OS_ERR_EXISTS;
    case ECONNREFUSED:
        return OS_ERR_REFUSED;
    case EPROTOTYPE:
        return OS_ERR_WRONG_KIND;
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
        return OS_ERR_UNSUPPORTED;
    default:
        return OS_ERR_IO;
    }
}

static void set_option(int fd, int level, int option)
{
    setsockopt(fd, level, option, &(int){ 1 }, sizeof(int));
}

static os_err charge(struct network *network, int fd)
{
    return given_add(network->given, network->session.account, fd);
}

static os_err network_socket(struct os_rpc *rpc, uint32_t type, uint32_t family, os_any_cap *result)
{
    struct network *network = network_of(rpc);
    const struct reach *reach = &network->reach;
    const int domain = family == 6 ? AF_INET6 : AF_INET;
    const int kind = type == LINUX_NETWORK_TCP ? SOCK_STREAM : SOCK_DGRAM;
    const int protocol = type != LINUX_NETWORK_PING ? 0 : family == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    if (type >= LINUX_NETWORK_TYPES || !is_family(family))
        return OS_ERR_BAD_ARG;
    if (!reach->sockets || (type == LINUX_NETWORK_PING && !reach->world))
        return OS_ERR_DENIED;
    int fd = socket(domain, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (fd < 0)
        return error_of(errno);
    os_err err = charge(network, fd);
    if (err) {
        close(fd);
        return err;
    }
    if (family == 6 && type != LINUX_NETWORK_PING)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (type == LINUX_NETWORK_UDP) /* what the network says of a datagram that did not get there */
        set_option(fd, family == 6 ? IPPROTO_IPV6 : IPPROTO_IP, family == 6 ? IPV6_RECVERR : IP_RECVERR);
    if (type == LINUX_NETWORK_TCP) {
        set_option(fd, SOL_SOCKET, SO_REUSEADDR);
        set_option(fd, SOL_SOCKET, SO_OOBINLINE);
        set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    }
    return transport_cap_from_fd(fd, &result->cap);
}

/* The descriptor of SOCKET if that is of the internet, of *TYPE; a capability's socket is none. -1. */
static int internet_socket(os_any_cap socket, int *type)
{
    int fd = transport_cap_fd(socket.cap), domain = -1;
    socklen_t len = sizeof(domain);
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) ||
        (domain != AF_INET && domain != AF_INET6))
        return -1;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, type, &len) ? -1 : fd;
}

static os_err network_bind(struct os_rpc *rpc, os_any_cap socket, struct linux_network_addr addr,
                           int32_t *error)
{
    const struct reach *reach = &network_of(rpc)->reach;
    struct linux_network_addr plain = unwrap(&addr);
    struct sockaddr_storage to;
    int type, fd = internet_socket(socket, &type);
    if (fd < 0)
        return OS_ERR_BAD_CAP;
    if (!is_family(addr.family))
        return OS_ERR_BAD_ARG;
    if (!reach->sockets || (!reach->open && !is_loopback(&plain)))
        return OS_ERR_DENIED;
    socklen_t len = to_sockaddr(&addr, &to);
    *error = bind(fd, (struct sockaddr *)&to, len) ? errno : 0;
    if (!*error && type == SOCK_STREAM)
        *error = listen(fd, LINUX_NETWORK_BACKLOG) ? errno : 0;
    return OS_OK;
}

static os_err network_connect(struct os_rpc *rpc, os_any_cap socket, struct linux_network_addr addr,
                              int32_t *error)
{
    struct sockaddr_storage to;
    int type, fd = internet_socket(socket, &type);
    if (fd < 0)
        return OS_ERR_BAD_CAP;
    if (!permits(&network_of(rpc)->reach, &addr))
        return OS_ERR_DENIED;
    socklen_t len = to_sockaddr(&addr, &to);
    *error = connect(fd, (struct sockaddr *)&to, len) ? errno : 0;
    return OS_OK;
}

static os_err network_shutdown(struct os_rpc *rpc, os_any_cap socket, uint32_t how)
{
    int type, fd = internet_socket(socket, &type);
    if (fd < 0)
        return OS_ERR_BAD_CAP;
    if (how > SHUT_RDWR)
        return OS_ERR_BAD_ARG;
    return shutdown(fd, (int)how) ? error_of(errno) : OS_OK;
}

static os_err network_permits(struct os_rpc *rpc, struct linux_network_addr addr, uint32_t *yes)
{
    *yes = (uint32_t)permits(&network_of(rpc)->reach, &addr);
    return OS_OK;
}

static os_err network_resolver(struct os_rpc *rpc, uint32_t index, struct linux_network_addr *addr)
{
    return network_of(rpc)->reach.world ? find_resolver(index, addr) : OS_ERR_NOT_FOUND;
}

/* ---- frames */

static os_err open_tap(const char *name, int *tap, uint32_t *mtu)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    /* TUNSETIFF makes what is not there, if it is let; the device is to be the user's own */
    if (!if_nametoindex(name))
        return OS_ERR_NOT_FOUND;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? OS_ERR_UNSUPPORTED : error_of(errno);
    if (ioctl(fd, TUNSETIFF, &request)) {
        os_err err = error_of(errno);
        close(fd);
        return err == OS_ERR_IO && errno == EINVAL ? OS_ERR_WRONG_KIND : err;
    }
    *mtu = OS_PAGE_SIZE; /* replaced by what the device says */
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any >= 0 && ioctl(any, SIOCGIFMTU, &request) == 0)
        *mtu = (uint32_t)request.ifr_mtu;
    if (any >= 0)
        close(any);
    *tap = fd;
    return OS_OK;
}

static int make_datagram_socket(void *fd)
{
    *(int *)fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return 0;
}

/*
 * A datagram socket can send to any abstract name in the network that it was made in, whatever it is
 * connected to. So it is made in an empty one, by a process that is there for nothing else: paths are the
 * same there.
 */
static int datagram_socket(void)
{
    static _Alignas(16) char stack[16 * 1024];
    static const int namespaces[] = { CLONE_NEWUSER | CLONE_NEWNET, CLONE_NEWNET };
    int fd = -1;
    for (size_t i = 0; fd < 0 && i < OS_ARRAY_LEN(namespaces); i++) {
        pid_t pid = clone(make_datagram_socket, stack + sizeof(stack),
                          CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD | namespaces[i], &fd);
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
    if (fd < 0) /* a machine without namespaces, of which it was warned */
        make_datagram_socket(&fd);
    return fd;
}

/* Whether a socket is at PATH that nobody has any more, as after kill -9. */
static int is_left_over(const struct sockaddr_un *path)
{
    struct stat st;
    if (lstat(path->sun_path, &st) || !S_ISSOCK(st.st_mode))
        return 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int refused =
        fd >= 0 && connect(fd, (const struct sockaddr *)path, sizeof(*path)) && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return refused;
}

/*
 * Who has access to the path can send there, as it should be: a peer that was started anew has another
 * socket.
 */
static os_err open_unix(struct network *network)
{
    const struct sockaddr_un *own = &network->reach.own;
    os_err err = OS_OK;
    network->receive = datagram_socket();
    network->send = datagram_socket();
    if (network->receive < 0 || network->send < 0)
        return OS_ERR_HANDLES;
    if (is_left_over(own))
        unlink(own->sun_path);
    if (bind(network->receive, (const struct sockaddr *)own, sizeof(*own)))
        err = error_of(errno);
    network->bound = !err;
    return err;
}

static void close_frames(struct network *network)
{
    if (network->receive >= 0)
        close(network->receive);
    if (network->send >= 0)
        close(network->send);
    if (network->bound)
        unlink(network->reach.own.sun_path);
    network->receive = network->send = -1;
    network->bound = 0;
}

static os_err copy_of(int fd, os_any_cap *cap)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? OS_ERR_HANDLES : transport_cap_from_fd(copy, &cap->cap);
}

static os_err open_frames(struct network *network, uint32_t *mtu)
{
    int tap = *network->reach.tap != '\0';
    os_err err = tap ? open_tap(network->reach.tap, &network->receive, mtu) : open_unix(network);
    if (!err)
        err = charge(network, network->receive);
    if (err)
        return err;
    if (!tap)
        return charge(network, network->send);
    network->send = fcntl(network->receive, F_DUPFD_CLOEXEC, 0);
    return network->send < 0 ? OS_ERR_HANDLES : OS_OK;
}

static os_err network_name(struct os_rpc *rpc, char (*name)[256])
{
    const struct reach *reach = &network_of(rpc)->reach;
    snprintf(*name, sizeof(*name), "%s%s%s", *reach->tap ? reach->tap : reach->own.sun_path,
             *reach->peer.sun_path ? ", peer " : "", reach->peer.sun_path);
    return OS_OK;
}

static os_err network_frames(struct os_rpc *rpc, os_any_cap *receive, os_any_cap *send, uint32_t *mtu)
{
    struct network *network = network_of(rpc);
    const struct reach *reach = &network->reach;
    *mtu = 0;
    if (reach->sockets)
        return OS_ERR_DENIED;
    close_frames(network); /* of a call before */
    os_err err = open_frames(network, mtu);
    if (!err)
        err = copy_of(network->receive, receive);
    if (!err && (err = copy_of(network->send, send)))
        os_cap_drop(receive->cap);
    if (err || *reach->tap)
        close_frames(network); /* a device is the driver's alone, so that its end is seen */
    return err;
}

static os_err network_reconnect(struct os_rpc *rpc)
{
    struct network *network = network_of(rpc);
    const struct sockaddr_un *peer = &network->reach.peer;
    if (network->send < 0)
        return OS_ERR_BAD_ARG;
    return connect(network->send, (const struct sockaddr *)peer, sizeof(*peer)) ? error_of(errno) : OS_OK;
}

static const struct linux_network_ops ops = {
    .socket = network_socket,
    .bind = network_bind,
    .connect = network_connect,
    .shutdown = network_shutdown,
    .permits = network_permits,
    .resolver = network_resolver,
    .name = network_name,
    .frames = network_frames,
    .reconnect = network_reconnect,
};

/* ---- sessions */

static void network_close(struct core_session *session)
{
    struct network *network = OS_CONTAINER_OF(session, struct network, session);
    close_frames(network);
    given_destroy(network->given);
    os_list_remove(&network->link);
    os_object_fini(&network->object);
    core_session_closed(session);
}

os_err linux_network_open_session(struct core *core, const char *args, struct core_session **session)
{
    linux_network_cap cap;
    struct network *network = calloc(1, sizeof(*network));
    if (!network)
        return OS_ERR_NO_MEMORY;
    network->receive = network->send = -1;
    os_err err = read_reach(args, &network->reach);
    if (!err)
        err = given_create(&network->given);
    if (!err)
        err = linux_network_object_init(&network->object, core->ep, &ops, &cap);
    if (err) {
        given_destroy(network->given);
        free(network);
        return err;
    }
    network->session.cap.cap = cap.cap;
    network->session.close = network_close;
    if (!networks.next)
        os_list_init(&networks);
    os_list_insert(&networks, &network->link);
    *session = &network->session;
    return OS_OK;
}

void linux_network_end(void)
{
    if (networks.next)
        OS_LIST_FOR_EACH (link, &networks)
            close_frames(OS_CONTAINER_OF(link, struct network, link));
}
