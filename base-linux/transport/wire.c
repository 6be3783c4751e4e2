/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.c: one message sent and received, with all checks that need no knowledge of who speaks to whom. */
#include "wire.h"
#include <platform/platform.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static os_err send_error(int error)
{
    switch (error) {
    case EAGAIN:
        return OS_ERR_BUSY;
    case ETOOMANYREFS:
        return OS_ERR_IN_FLIGHT;
    case ENOMEM:
    case ENOBUFS:
        return OS_ERR_NO_MEMORY;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
        return OS_ERR_DEAD;
    }
    return OS_ERR_BAD_CAP;
}

os_err wire_send(int fd, const struct wire_head *head, const void *data, const int *fds, unsigned nfds)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int) * OS_MSG_CAPS)];
    } control;
    struct iovec iov[2] = { { (void *)head, sizeof(*head) }, { (void *)data, head->len } };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = head->len ? 2 : 1 };
    ssize_t sent;

    if (nfds) {
        memset(&control, 0, sizeof(control)); /* there is padding behind an odd number of descriptors */
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(sizeof(int) * nfds);
        memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * nfds);
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
    }
    do
        sent = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? send_error(errno) : OS_OK;
}

void wire_close(const int *fds, unsigned nfds)
{
    for (unsigned i = 0; i < nfds; i++)
        close(fds[i]);
}

/* Moves the descriptors of all control messages to FDS; those beyond MAX are closed and counted in the
 * result. */
static unsigned take_fds(struct msghdr *msg, int *fds, unsigned max)
{
    unsigned n = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++, n++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (n < max)
                fds[n] = fd;
            else
                close(fd);
        }
    }
    return n;
}

static int head_is_sound(const struct wire_head *head, size_t size, unsigned *nfds)
{
    *nfds = 0;
    if (size < sizeof(*head) || head->len != size - sizeof(*head) || head->ncaps > OS_MSG_CAPS)
        return 0;
    for (unsigned i = 0; i < head->ncaps; i++) {
        if ((head->caps[i] & WIRE_CAP_INDEX) && head->type != WIRE_REQUEST)
            return 0;
        *nfds += (unsigned)wire_has_fd(head->caps[i]);
    }
    return 1;
}

enum wire_result wire_receive(int fd, int wait, struct wire_head *head, void *data, int fds[OS_MSG_CAPS],
                              unsigned *nfds)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int) * OS_MSG_CAPS)];
    } control;
    struct iovec iov[2] = { { head, sizeof(*head) }, { data, OS_MSG_BYTES } };
    struct msghdr msg = {
        .msg_iov = iov,
        .msg_iovlen = 2,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    enum wire_result result = WIRE_OK;
    unsigned expected, got;
    ssize_t size;

    /* ECONNRESET, which is told once, is that the peer had not read everything; what it sent is still there
     */
    do
        size = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    while (size < 0 && (errno == EINTR || errno == ECONNRESET));
    if (size < 0)
        return errno == EAGAIN ? WIRE_EMPTY : WIRE_END;
    got = take_fds(&msg, fds, OS_MSG_CAPS);
    if (size == 0)
        result = WIRE_END;
    else if ((msg.msg_flags & MSG_TRUNC) || !head_is_sound(head, (size_t)size, &expected) || got > expected)
        result = WIRE_BAD;
    else if (got < expected)
        result = msg.msg_flags & MSG_CTRUNC ? WIRE_LOST : WIRE_BAD;
    else if (msg.msg_flags & MSG_CTRUNC)
        result = WIRE_BAD; /* more descriptors than a message can have */
    if (result != WIRE_OK) {
        wire_close(fds, got < OS_MSG_CAPS ? got : OS_MSG_CAPS);
        return result;
    }
    *nfds = got;
    return WIRE_OK;
}

int wire_is_socket(int fd)
{
    int domain, type;
    socklen_t size = sizeof(int);

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_UNIX)
        return 0;
    size = sizeof(int);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

uint64_t wire_cookie(int fd)
{
    uint64_t cookie;
    socklen_t size = sizeof(cookie);

    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0 ? 0 : cookie;
}

int wire_poll(int fd, int events, os_time deadline)
{
    struct pollfd poll = { .fd = fd, .events = (short)events };

    for (;;) {
        os_time now = deadline == OS_NEVER ? 0 : plat_clock();
        os_time left = deadline > now ? deadline - now : 0;
        struct timespec time = { (time_t)(left / OS_SEC), (long)(left % OS_SEC) };
        int n = ppoll(&poll, 1, deadline == OS_NEVER ? NULL : &time, NULL);
        if (n > 0)
            return poll.revents;
        if (n == 0 && plat_clock() >= deadline)
            return 0;
    }
}
