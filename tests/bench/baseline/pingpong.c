/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pingpong.c: a process asks, another answers: 8 bytes there and 8 back, in all the ways that Linux has for
 * it.
 *
 *     pingpong HOW [CPU PEER-CPU]
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "../components/payload.h"
#include "slice.h"

/* Each word in a cache line of its own. */
static struct shared {
    _Alignas(64) uint64_t request;
    _Alignas(64) uint64_t reply;
    _Alignas(64) uint32_t asked;
    _Alignas(64) uint32_t answered;
    _Alignas(64) uint32_t running; /* the peer may spin */
    _Alignas(64) uint64_t received;
    _Alignas(64) char data[PAYLOAD_MAX];
} * shared;

static size_t bytes; /* of data in a question */

static int to_peer[2], to_us[2]; /* sockets or event counters; each side uses the one with its number */
static int poll_fd;

/* ---- spin */

static void spin_begin(void)
{
    __atomic_store_n(&shared->running, 1, __ATOMIC_SEQ_CST);
    slice_futex_wake(&shared->running);
}

static void spin_end(void)
{
    __atomic_store_n(&shared->running, 0, __ATOMIC_SEQ_CST);
}

static void spin(void)
{
    uint64_t next = shared->request + 1;
    if (bytes)
        payload_write(shared->data, bytes);
    __atomic_store_n(&shared->request, next, __ATOMIC_RELEASE);
    while (__atomic_load_n(&shared->reply, __ATOMIC_ACQUIRE) != next)
        slice_pause();
}

static void spin_peer(void)
{
    uint64_t seen = 0;
    for (;;) {
        uint64_t request = __atomic_load_n(&shared->request, __ATOMIC_ACQUIRE);
        if (request != seen) {
            if (bytes)
                payload_read(shared->data, bytes);
            __atomic_store_n(&shared->reply, seen = request, __ATOMIC_RELEASE);
        } else if (__atomic_load_n(&shared->running, __ATOMIC_RELAXED))
            slice_pause();
        else
            slice_futex_wait(&shared->running, 0);
    }
}

/* ---- futex */

static void hand_over(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    slice_futex_wake(word);
}

static void await(uint32_t *word, uint32_t *seen)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == *seen)
        slice_futex_wait(word, *seen);
    (*seen)++;
}

static uint32_t turn; /* how often it was this process's */

static void futex(void)
{
    shared->request++;
    if (bytes)
        payload_write(shared->data, bytes);
    hand_over(&shared->asked, turn + 1);
    await(&shared->answered, &turn);
}

static void futex_peer(void)
{
    for (;;) {
        await(&shared->asked, &turn);
        if (bytes)
            payload_read(shared->data, bytes);
        shared->reply = shared->request;
        hand_over(&shared->answered, turn);
    }
}

/* The same with a point of the clock that the answer must not come after. */
static void futex_deadline(void)
{
    uint64_t deadline = slice_clock() + 1000000000u;
    struct timespec until = { .tv_sec = (time_t)(deadline / 1000000000u),
                              .tv_nsec = (long)(deadline % 1000000000u) };
    shared->request++;
    hand_over(&shared->asked, turn + 1);
    while (__atomic_load_n(&shared->answered, __ATOMIC_ACQUIRE) == turn)
        syscall(SYS_futex, &shared->answered, FUTEX_WAIT_BITSET, turn, &until, NULL, FUTEX_BITSET_MATCH_ANY);
    turn++;
}

/* ---- event counters */

static void count_up(int fd)
{
    uint64_t one = 1;
    slice_require(write(fd, &one, sizeof(one)) == sizeof(one), "write");
}

static void take_count(int fd)
{
    uint64_t value;
    slice_require(read(fd, &value, sizeof(value)) == sizeof(value), "read");
}

static void event(void)
{
    count_up(to_peer[0]);
    take_count(to_us[0]);
}

static void event_peer(void)
{
    for (;;) {
        take_count(to_peer[0]);
        count_up(to_us[0]);
    }
}

static void poll_for(int fd)
{
    struct epoll_event found = { .events = EPOLLIN };
    if (!poll_fd) {
        poll_fd = epoll_create1(EPOLL_CLOEXEC);
        slice_require(poll_fd >= 0 && epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &found) == 0, "epoll");
    }
    while (epoll_wait(poll_fd, &found, 1, -1) < 0)
        slice_require(errno == EINTR, "epoll_wait");
    take_count(fd);
}

static void epoll(void)
{
    count_up(to_peer[0]);
    poll_for(to_us[0]);
}

static void epoll_peer(void)
{
    for (;;) {
        poll_for(to_peer[0]);
        count_up(to_us[0]);
    }
}

/* One way: until the peer has it. */
static void epoll_one_way(void)
{
    uint64_t sent = slice_clock();
    count_up(to_peer[0]);
    poll_for(to_us[0]);
    slice_sum += shared->received - sent;
}

static void epoll_one_way_peer(void)
{
    for (;;) {
        poll_for(to_peer[0]);
        shared->received = slice_clock();
        count_up(to_us[0]);
    }
}

/* ---- sockets */

static uint64_t datum;

/* Sends LEN bytes over SOCKET, and FD with them if it is no -1. */
static void put(int socket, int fd, size_t len)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec data = { len > sizeof(datum) ? (void *)payload : &datum, len };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
    if (fd >= 0) {
        memset(&control, 0, sizeof(control));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    }
    slice_require(sendmsg(socket, &message, 0) == (ssize_t)len, "sendmsg");
}

/* Receives data from SOCKET; the descriptor that came with them, or -1. */
static int get(int socket)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    int fd = -1;
    struct iovec data = { &datum, sizeof(datum) };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    slice_require(recvmsg(socket, &message, MSG_CMSG_CLOEXEC) >= (ssize_t)sizeof(datum), "recvmsg");
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head && head->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(head), sizeof(fd));
    return fd;
}

static void seqpacket(void)
{
    put(to_peer[0], -1, bytes > sizeof(datum) ? bytes : sizeof(datum));
    get(to_peer[0]);
}

static void seqpacket_peer(void)
{
    for (;;) {
        get(to_peer[1]);
        put(to_peer[1], -1, sizeof(datum));
    }
}

/* With one descriptor in the request, an end of a pair of sockets as capabilities are; the peer closes it. */
static void descriptor(void)
{
    put(to_peer[0], to_us[0], sizeof(datum));
    get(to_peer[0]);
}

static void descriptor_peer(void)
{
    for (;;) {
        close(get(to_peer[1]));
        put(to_peer[1], -1, sizeof(datum));
    }
}

/* The protocol of Genode on Linux: for each call a pair of sockets is made, and the answer comes over it. */
static void new_pair(void)
{
    int pair[2];
    slice_require(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
    put(to_peer[0], pair[1], sizeof(datum));
    get(pair[0]);
    close(pair[0]);
    close(pair[1]);
}

static void new_pair_peer(void)
{
    for (;;) {
        int answer = get(to_peer[1]);
        put(answer, -1, sizeof(datum));
        close(answer);
    }
}

/* ---- which of them */

static void make_events(void)
{
    to_peer[0] = eventfd(0, EFD_CLOEXEC);
    to_us[0] = eventfd(0, EFD_CLOEXEC);
    slice_require(to_peer[0] >= 0 && to_us[0] >= 0, "eventfd");
}

static void make_sockets(void)
{
    slice_require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, to_peer) == 0 &&
                      socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, to_us) == 0,
                  "socketpair");
}

static void make_datagrams(void)
{
    slice_require(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, to_peer) == 0, "socketpair");
}

/* One clause each, so that the compiler sees which operation it is and puts it into the loop. */
#define RUN(name, make, operation, peer, before, after)                                                      \
    if (!strcmp(how, name)) {                                                                                \
        make;                                                                                                \
        slice_peer(peer_cpu, peer);                                                                          \
        slice_pin(cpu);                                                                                      \
        slice_serve(operation, before, after);                                                               \
    }

int main(int argc, char **argv)
{
    static char nothing[] = "";
    char *how = argc > 1 ? argv[1] : nothing, *colon = strchr(how, ':');
    int cpu = slice_cpu(argc, argv, 2), peer_cpu = slice_cpu(argc, argv, 3);
    if (colon) {
        *colon = 0;
        bytes = strtoul(colon + 1, NULL, 10);
        if (bytes > PAYLOAD_MAX)
            return 2;
    }
    shared = slice_share(sizeof(*shared));
    RUN("spin", (void)0, spin, spin_peer, spin_begin, spin_end)
    RUN("futex", (void)0, futex, futex_peer, NULL, NULL)
    RUN("futex-deadline", (void)0, futex_deadline, futex_peer, NULL, NULL)
    RUN("eventfd", make_events(), event, event_peer, NULL, NULL)
    RUN("epoll", make_events(), epoll, epoll_peer, NULL, NULL)
    RUN("epoll-one-way", make_events(), epoll_one_way, epoll_one_way_peer, NULL, NULL)
    RUN("seqpacket", make_sockets(), seqpacket, seqpacket_peer, NULL, NULL)
    RUN("seqpacket-fd", make_sockets(), descriptor, descriptor_peer, NULL, NULL)
    RUN("new-socketpair", make_datagrams(), new_pair, new_pair_peer, NULL, NULL)
    fprintf(stderr, "pingpong: unknown: %s\n", how);
    return 2;
}
