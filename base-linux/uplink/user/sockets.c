/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets.c: see sockets.h. The functions are also those of this program's own parts, of the transport above
 * all; what is not a socket of libslirp goes straight to the kernel.
 */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux_base/transport.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { NOT_OURS, LIVE, PORT, LISTENER };
enum { ANSWERS = 32, COMPLAINTS = 8, ERRORS = 64 };

static struct {
    struct os_env *env;
    linux_network_cap network;
    unsigned max, count, ports;
    uint64_t refused;
    void (*closed)(int fd);
    uint8_t kind[SOCKETS_MAX]; /* enum kind */
    int bind_error;
    uint16_t bound;
    int error, error_of; /* what the next receiving from that socket tells; 0: nothing */
    struct {
        struct linux_network_addr addr;
        int permitted;
    } answers[ANSWERS]; /* of core, about where datagrams may go */
    unsigned next_answer, complaints;
} own;

void sockets_init(struct os_env *env, linux_network_cap network, unsigned max, void (*closed)(int fd))
{
    own.env = env;
    own.network = network;
    own.max = max;
    own.closed = closed;
}

unsigned sockets_live(void)
{
    return own.count - own.ports;
}

static int is_own(int fd)
{
    return fd >= 0 && fd < SOCKETS_MAX && own.kind[fd] != NOT_OURS;
}

int sockets_must_wait(int fd)
{
    return own.count >= own.max && is_own(fd) && own.kind[fd] == LISTENER;
}

int sockets_bound(uint16_t *port)
{
    *port = own.bound;
    return own.bind_error;
}

/* errno of what went wrong between core and us. */
static int fail(os_err err)
{
    errno = err == OS_ERR_DENIED        ? EACCES
            : err == OS_ERR_UNSUPPORTED ? EAFNOSUPPORT
            : err == OS_ERR_HANDLES     ? EMFILE
            : err == OS_ERR_CAPS        ? EMFILE
            : err == OS_ERR_BAD_CAP     ? EBADF
                                        : ENOBUFS;
    return -1;
}

/* ---- addresses */

static int from_sockaddr(const struct sockaddr *from, struct linux_network_addr *addr)
{
    *addr = (struct linux_network_addr){ 0 };
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)from;
        addr->family = 4;
        addr->port = ntohs(v4->sin_port);
        memcpy(addr->bytes, &v4->sin_addr, 4);
        return 1;
    }
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)from;
        addr->family = 6;
        addr->port = ntohs(v6->sin6_port);
        addr->scope = v6->sin6_scope_id;
        memcpy(addr->bytes, &v6->sin6_addr, 16);
        return 1;
    }
    return 0;
}

static void complain(const struct linux_network_addr *addr)
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (own.complaints++ >= COMPLAINTS)
        return;
    inet_ntop(addr->family == 6 ? AF_INET6 : AF_INET, addr->bytes, text, sizeof(text));
    printf("the route of Network does not lead to %s port %u%s\n", text, addr->port,
           own.complaints == COMPLAINTS ? "; further ones are not told" : "");
}

static int ask(const struct linux_network_addr *addr)
{
    uint32_t yes = 0;
    return linux_network_permits(own.network, *addr, &yes) == OS_OK && yes;
}

static int may_send(const struct linux_network_addr *addr)
{
    for (unsigned i = 0; i < ANSWERS; i++)
        if (own.answers[i].addr.family && !memcmp(&own.answers[i].addr, addr, sizeof(*addr)))
            return own.answers[i].permitted;
    int yes = ask(addr);
    unsigned at = own.next_answer++ % ANSWERS;
    own.answers[at].addr = *addr;
    own.answers[at].permitted = yes;
    if (!yes)
        complain(addr);
    return yes;
}

int sockets_reach_host(void)
{
    const struct linux_network_addr loopback = { .family = 4, .port = 1, .bytes = { 127, 0, 0, 1 } };
    return ask(&loopback);
}

/* ---- through core */

/* Said the first time, the tenth, the hundredth: who floods us shall not flood the log. */
static int refuse(os_err err)
{
    uint64_t n = ++own.refused;
    while (n % 10 == 0)
        n /= 10;
    if (n == 1)
        printf("connections: no more than the %u that there are now (%s); %llu refused so far\n", own.count,
               err == OS_ERR_BUSY ? "as many as allowed" : os_err_text(err), (unsigned long long)own.refused);
    return fail(OS_ERR_HANDLES);
}

static void keep(int fd)
{
    own.kind[fd] = LIVE;
    own.count++;
}

int socket(int domain, int type, int protocol)
{
    os_any_cap cap;
    uint32_t wanted;
    int fd;
    if (domain != AF_INET && domain != AF_INET6)
        return fail(OS_ERR_UNSUPPORTED);
    type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (type == SOCK_STREAM)
        wanted = LINUX_NETWORK_TCP;
    else if (type == SOCK_DGRAM)
        wanted =
            protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6 ? LINUX_NETWORK_PING : LINUX_NETWORK_UDP;
    else
        return fail(OS_ERR_DENIED);
    if (own.count >= own.max)
        return refuse(OS_ERR_BUSY);
    os_err err = linux_network_socket(own.network, wanted, domain == AF_INET6 ? 6 : 4, &cap);
    if (err == OS_ERR_CAPS || err == OS_ERR_HANDLES)
        return refuse(err);
    if (err)
        return fail(err);
    fd = transport_cap_take(cap.cap);
    if (fd >= SOCKETS_MAX) {
        syscall(SYS_close, fd);
        fd = -1;
    }
    if (fd < 0)
        return fail(OS_ERR_HANDLES);
    keep(fd);
    return fd;
}

/* A capability for the time of a call; the descriptor stays where it is. */
static os_err lend(int fd, os_any_cap *cap)
{
    if (!is_own(fd))
        return OS_ERR_BAD_CAP;
    return transport_cap_from_fd(fd, &cap->cap);
}

static void take_back(int fd, os_any_cap cap)
{
    int same = transport_cap_take(cap.cap);
    if (same != fd && is_own(fd)) { /* it was closed with the handle */
        own.kind[fd] = NOT_OURS;
        own.count--;
    }
}

static int done(os_err err, int32_t error)
{
    if (err)
        return fail(err);
    errno = error;
    return error ? -1 : 0;
}

typedef os_err address_call(linux_network_cap network, os_any_cap socket, struct linux_network_addr addr,
                            int32_t *error);

/* Asks core to CALL with the socket and address TO, which is ADDR then; ERR is what it has answered. */
static int call_with(address_call *call, int fd, const struct sockaddr *to, struct linux_network_addr *addr,
                     os_err *err)
{
    os_any_cap cap;
    int32_t error = 0;
    *err = from_sockaddr(to, addr) ? lend(fd, &cap) : OS_ERR_UNSUPPORTED;
    if (!*err) {
        *err = call(own.network, cap, *addr, &error);
        take_back(fd, cap);
    }
    return done(*err, error);
}

int bind(int fd, const struct sockaddr *to, socklen_t len)
{
    struct linux_network_addr addr;
    struct sockaddr_storage at;
    socklen_t size = sizeof(at);
    os_err err;
    int result = call_with(linux_network_bind, fd, to, &addr, &err);
    own.bind_error = result ? errno : 0;
    if (!result && !getsockname(fd, (struct sockaddr *)&at, &size) &&
        from_sockaddr((struct sockaddr *)&at, &addr)) {
        own.bound = addr.port;
        own.kind[fd] = PORT;
        own.ports++;
    }
    return result;
}

/* With bind. */
int listen(int fd, int backlog)
{
    if (is_own(fd) && own.kind[fd] == PORT)
        own.kind[fd] = LISTENER;
    return 0;
}

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    struct linux_network_addr addr;
    os_err err;
    int result = call_with(linux_network_connect, fd, to, &addr, &err);
    if (err != OS_ERR_DENIED)
        return result;
    complain(&addr);
    errno = ECONNREFUSED; /* which is told to who wanted it at once */
    return -1;
}

int shutdown(int fd, int how)
{
    os_any_cap cap;
    os_err err = lend(fd, &cap);
    if (!err) {
        err = linux_network_shutdown(own.network, cap, (uint32_t)how);
        take_back(fd, cap);
    }
    if (err == OS_ERR_IO) { /* not connected any more */
        errno = ENOTCONN;
        return -1;
    }
    return err ? fail(err) : 0;
}

/* ---- by ourselves */

int accept(int fd, struct sockaddr *restrict from, socklen_t *restrict len)
{
    int accepted;
    if (own.count >= own.max)
        return fail(OS_ERR_HANDLES);
    accepted = accept4(fd, from, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0)
        return -1;
    if (accepted >= SOCKETS_MAX) {
        syscall(SYS_close, accepted);
        return fail(OS_ERR_HANDLES);
    }
    keep(accepted);
    return accepted;
}

int close(int fd)
{
    if (is_own(fd)) {
        own.closed(fd);
        own.error = own.error_of == fd ? 0 : own.error;
        own.count--;
        own.ports -= own.kind[fd] >= PORT;
        own.kind[fd] = NOT_OURS;
    }
    return (int)syscall(SYS_close, fd);
}

/* With sendmsg and recvmsg, which every component has. */
ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t len)
{
    struct linux_network_addr addr;
    struct iovec part = { (void *)data, size };
    struct msghdr msg = { .msg_name = (void *)to, .msg_namelen = len, .msg_iov = &part, .msg_iovlen = 1 };
    if (to && (!from_sockaddr(to, &addr) || !may_send(&addr)))
        return fail(OS_ERR_DENIED);
    ssize_t sent = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
    if (sent < 0 && to && errno != EAGAIN) /* maybe of a datagram before; the next look tells of that */
        sent = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
    return sent;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    return sendto(fd, data, size, flags, NULL, 0);
}

ssize_t recvfrom(int fd, void *restrict data, size_t size, int flags, struct sockaddr *restrict from,
                 socklen_t *restrict len)
{
    struct iovec part = { data, size };
    struct msghdr msg = {
        .msg_name = from, .msg_namelen = from ? *len : 0, .msg_iov = &part, .msg_iovlen = 1
    };
    if (own.error && own.error_of == fd) {
        errno = own.error;
        own.error = 0;
        return -1;
    }
    ssize_t got = recvmsg(fd, &msg, flags);
    if (got >= 0 && from)
        *len = msg.msg_namelen;
    return got;
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    return recvfrom(fd, data, size, flags, NULL, NULL);
}

/* core has set what is needed. */
int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
    return 0;
}

int getsockopt(int fd, int level, int option, void *restrict value, socklen_t *restrict len)
{
    if (level != SOL_SOCKET || option != SO_ERROR)
        return (int)syscall(SYS_getsockopt, fd, level, option, value, len);
    *(int *)value = 0; /* receiving has told it */
    return 0;
}

int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    long value = va_arg(args, long);
    va_end(args);
    if (is_own(fd) && (command == F_SETFL || command == F_SETFD))
        return 0; /* non-blocking and close-on-exec from the beginning */
    if (is_own(fd) && command == F_GETFD)
        return FD_CLOEXEC;
    return (int)syscall(SYS_fcntl, fd, command, value);
}

/* Empties what the kernel keeps of errors of datagrams, and says the last one; 0. */
static int take_error(int fd)
{
    _Alignas(struct cmsghdr) char control[512];
    struct sock_extended_err told = { 0 };
    for (int i = 0; i < ERRORS; i++) {
        struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
        if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            break;
        for (struct cmsghdr *at = CMSG_FIRSTHDR(&msg); at; at = CMSG_NXTHDR(&msg, at))
            if ((at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_RECVERR) ||
                (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_RECVERR))
                memcpy(&told, CMSG_DATA(at), sizeof(told));
    }
    return (int)told.ee_errno;
}

/*
 * Why there is no datagram: libslirp looks how long it is first, and tells the component what went wrong when
 * it receives. Nobody has asked for what came in by a forwarded port; and a datagram that was too big for
 * some wire is sent in parts by the kernel the next time.
 */
static int no_datagram(int fd, int *len)
{
    int error = errno, told = take_error(fd);
    error = told ? told : error;
    if (error == EAGAIN || error == EMSGSIZE || own.kind[fd] == PORT) {
        errno = EAGAIN;
        return -1;
    }
    own.error = error;
    own.error_of = fd;
    *len = 0;
    return 0;
}

/* How long the next datagram is. */
int ioctl(int fd, unsigned long request, ...)
{
    struct msghdr msg = { 0 };
    va_list args;
    va_start(args, request);
    int *result = va_arg(args, int *);
    va_end(args);
    if (!is_own(fd) || request != FIONREAD) {
        errno = EINVAL;
        return -1;
    }
    ssize_t len = recvmsg(fd, &msg, MSG_PEEK | MSG_TRUNC);
    if (len < 0)
        return no_datagram(fd, result);
    *result = (int)len;
    return 0;
}

/* ---- the machine's resolvers: libslirp reads them from the one file that it knows */

static const char resolv[] = "/etc/resolv.conf";

static char resolvers[512]; /* text of that file */

static size_t fill_resolvers(void)
{
    struct linux_network_addr addr;
    char text[INET6_ADDRSTRLEN];
    size_t len = 0;
    for (uint32_t i = 0;
         linux_network_resolver(own.network, i, &addr) == OS_OK && len < sizeof(resolvers) - 64; i++)
        if (!addr.scope && inet_ntop(addr.family == 6 ? AF_INET6 : AF_INET, addr.bytes, text, sizeof(text)))
            len += (size_t)snprintf(resolvers + len, sizeof(resolvers) - len, "nameserver %s\n", text);
    return len;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    size_t len = strcmp(path, resolv) ? 0 : fill_resolvers();
    if (len)
        return fmemopen(resolvers, len, "r");
    errno = ENOENT;
    return NULL;
}

/* Changed at each look, so that it is read again. */
int stat(const char *restrict path, struct stat *restrict result)
{
    static time_t looks;
    if (strcmp(path, resolv)) {
        errno = ENOENT;
        return -1;
    }
    *result = (struct stat){ .st_mtime = ++looks };
    return 0;
}
