/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-network.c: a way out of a network of components, by the driver uplink-user of each platform: frames of
 * all sizes both ways, ports of this machine that lead in, and the driver's end in the midst of traffic.
 */
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <suite.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run.h"

enum { AGAIN = 100, DATAGRAM_MAX = 1400 }; /* ms until what may be lost is sent again; bytes */

static int to_forwarded = -1; /* socket */

/* A port of this machine that nobody has; the socket is for datagrams to it. */
static unsigned choose_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert(!bind(other, (struct sockaddr *)&at, size) &&
              !getsockname(other, (struct sockaddr *)&at, &size));
    close(other);
    to_forwarded = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert(!connect(to_forwarded, (struct sockaddr *)&at, size));
    return ntohs(at.sin_port);
}

static void start(struct run *run, const char *reach, const char *host, unsigned port)
{
    char scenario[1024];
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  uplink-user:\n"
             "    route: { Network: { to: parent, args: { reach: '%s' } }, Machine: parent }\n"
             "    restart: { policy: always, delay: 1ms }\n"
             "    config: { forward: [ { host: '%s:%u', guest: '10.0.2.15:7', protocol: udp } ] }\n"
             "  probe: { binary: lan_probe, exit: ends-system-on-failure }\n",
             reach, host, port);
    run_start(run, "run", scenario, (const char *const[]){ "--headless", NULL });
}

static void make(unsigned char *data, size_t len, unsigned number)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (unsigned char)(number + i * 11 + (i >> 8));
}

/* Sends datagram NUMBER until it comes back; what comes back late of others is not it. */
static void exchange(unsigned number)
{
    unsigned char sent[DATAGRAM_MAX], came[DATAGRAM_MAX + 1];
    const size_t len = 1 + number * 97 % DATAGRAM_MAX;
    struct pollfd fd = { to_forwarded, POLLIN, 0 };
    make(sent, len, number);
    for (;;) {
        (void)!send(to_forwarded, sent, len, 0); /* while nobody has the port it is refused */
        while (poll(&fd, 1, AGAIN) > 0) {
            ssize_t got = recv(to_forwarded, came, sizeof(came), 0);
            if (got == (ssize_t)len && !memcmp(came, sent, len))
                return;
            if (got < 0)
                (void)poll(NULL, 0, AGAIN);
            if (got < 0)
                break;
        }
    }
}

/* Datagrams that nobody waits for, more than fit anywhere. */
static void flood(void)
{
    unsigned char data[DATAGRAM_MAX];
    make(data, sizeof(data), 1);
    for (int i = 0; i < 300; i++)
        (void)!send(to_forwarded, data, sizeof(data), 0);
}

static void end(struct run *run)
{
    run_signal(run, SIGTERM);
    ck_assert_int_eq(run_end(run), 0);
    close(to_forwarded);
}

START_TEST(frames_of_all_sizes_go_both_ways)
{
    struct run run;
    start(&run, "world host", "127.0.0.1", choose_port());
    run_expect(&run, "leads to 10.0.2.15:7");
    run_expect(&run, "[probe] the gateway answers: 48 echoes");
    for (unsigned i = 0; i < 30; i++)
        exchange(i);
    flood();
    exchange(30);
    end(&run);
}
END_TEST

START_TEST(driver_is_killed_during_traffic)
{
    struct run run;
    start(&run, "world host", "127.0.0.1", choose_port());
    run_expect(&run, "[probe] the gateway answers: 48 echoes");
    for (unsigned i = 0; i < 3; i++) {
        exchange(i);
        flood();
        run_kill(&run, "uplink-user");
        run_expect(&run, "uplink-user was killed");
        exchange(10 + i);
    }
    end(&run);
}
END_TEST

/* Asks the server at AT for itself; the bytes of the answer, or 0 if that did not come to its end. */
static size_t get(const struct sockaddr_in *at)
{
    static const char request[] = "GET /big HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n";
    static char data[1 << 16];
    size_t len = 0;
    ssize_t got = -1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), good = 0;
    if (!connect(fd, (const struct sockaddr *)at, sizeof(*at)) &&
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == sizeof(request) - 1)
        while ((got = recv(fd, data, sizeof(data), 0)) > 0) {
            good = good || (len == 0 && got > 12 && !memcmp(data, "HTTP/1.1 200", 12));
            len += (size_t)got;
        }
    close(fd);
    return got == 0 && good ? len : 0;
}

/* With a stack on top, without any way out, and again after the end of the driver. */
START_TEST(web_server_is_reached)
{
    struct run run;
    struct sockaddr_in at;
    socklen_t size = sizeof(at);
    char scenario[1024];
    size_t len;
    unsigned port = choose_port();
    ck_assert(!getpeername(to_forwarded, (struct sockaddr *)&at, &size));
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  uplink-user:\n"
             "    route: { Network: { to: parent, args: { reach: ports } }, Machine: parent }\n"
             "    restart: { policy: always, delay: 1ms }\n"
             "    config: { forward: [ { host: '127.0.0.1:%u', guest: '10.0.2.15:80', scheme: http } ] }\n"
             "  http:\n"
             "    route: { ROM: [ { match: http, to: parent } ] }\n"
             "    config: { files: { /big: http } }\n",
             port);
    run_start(&run, "run", scenario, (const char *const[]){ "--headless", NULL });
    run_expect(&run, "[http] http://10.0.2.15:80/");
    while (!(len = get(&at)))
        (void)poll(NULL, 0, AGAIN);
    ck_assert_uint_gt(len, 100000);
    ck_assert_uint_eq(get(&at), len);
    run_kill(&run, "uplink-user");
    run_expect(&run, "uplink-user was killed");
    while (get(&at) != len)
        (void)poll(NULL, 0, AGAIN);
    end(&run);
}
END_TEST

/* Neither a port that another has, nor one for everybody, which the route does not allow. */
START_TEST(port_that_cannot_be_had)
{
    struct run run;
    struct sockaddr_in at;
    socklen_t size = sizeof(at);
    unsigned port = choose_port();
    int taken = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert(!getpeername(to_forwarded, (struct sockaddr *)&at, &size));
    ck_assert(!bind(taken, (struct sockaddr *)&at, size));
    start(&run, "world host", _i ? "0.0.0.0" : "127.0.0.1", port);
    run_expect(&run, _i ? " cannot forward udp 0.0.0.0:" : "the port is taken");
    run_signal(&run, SIGTERM);
    run.books = 0;
    (void)run_end(&run);
    close(taken);
    close(to_forwarded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ways out of a network");
    TCase *tcase = tcase_create("uplink-user");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, frames_of_all_sizes_go_both_ways);
    tcase_add_test(tcase, driver_is_killed_during_traffic);
    tcase_add_test(tcase, web_server_is_reached);
    tcase_add_loop_test(tcase, port_that_cannot_be_had, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
