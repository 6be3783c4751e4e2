/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http.c: the least that could answer HTTP requests: any one gets the same BYTES, and connections stay open.
 *
 *     http BYTES        says "port PORT", until its input ends
 */
#include "slice.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CONNECTIONS = 1024, REQUEST_MAX = 4096, ANSWER_MAX = 65536 };

static int epoll_fd, listener;
static char answer[ANSWER_MAX];
static size_t answer_len;
static unsigned matched[CONNECTIONS]; /* bytes of the end of a head that were there last */

static void watch(int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    slice_require(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void take(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (fd >= CONNECTIONS) {
        close(fd);
        return;
    }
    slice_require(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) == 0, "TCP_NODELAY");
    matched[fd] = 0;
    watch(fd);
}

static void serve(int fd)
{
    static const char end[] = "\r\n\r\n";
    char request[REQUEST_MAX];
    ssize_t len = read(fd, request, sizeof(request));
    if (len <= 0) {
        close(fd);
        return;
    }
    for (ssize_t i = 0; i < len; i++) {
        matched[fd] = request[i] == end[matched[fd]] ? matched[fd] + 1 : request[i] == '\r';
        if (matched[fd] < 4)
            continue;
        matched[fd] = 0;
        if (write(fd, answer, answer_len) != (ssize_t)answer_len) {
            close(fd);
            return;
        }
    }
}

static void make_answer(size_t bytes)
{
    answer_len =
        (size_t)snprintf(answer, sizeof(answer),
                         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", bytes);
    memset(answer + answer_len, 'x', bytes);
    answer_len += bytes;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t at_len = sizeof(at);
    size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    if (bytes < 1 || bytes > ANSWER_MAX / 2) {
        fprintf(stderr, "http: how many bytes?\n");
        return 2;
    }
    make_answer(bytes);
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    slice_require(epoll_fd >= 0 && listener >= 0 && !bind(listener, (struct sockaddr *)&at, sizeof(at)) &&
                      !listen(listener, 1024) && !getsockname(listener, (struct sockaddr *)&at, &at_len),
                  "listen");
    printf("port %u\n", ntohs(at.sin_port));
    fflush(stdout);
    watch(0);
    watch(listener);
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(epoll_fd, events, 64, -1);
        slice_require(count >= 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < count; i++) {
            char byte;
            if (events[i].data.fd == listener)
                take();
            else if (events[i].data.fd)
                serve(events[i].data.fd);
            else if (read(0, &byte, 1) <= 0)
                return 0;
        }
    }
}
