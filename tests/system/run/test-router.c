/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-router.c: the scenario router, from outside by a port of this machine and from within, and what is
 * left of it when its parts end.
 */
#include <arpa/inet.h>
#include <check.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run.h"

static char *read_scenario(void)
{
    static char text[8192];
    FILE *file = fopen(ROUTER_SCENARIO, "r"); /* NOLINT */
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = 0;
    fclose(file);
    return text;
}

/* The port of the line that was expected last. */
static uint16_t find_port(const struct run *run)
{
    const char *at = NULL, *next = run->text;
    while ((next = strstr(next, "http://127.0.0.1:")) != NULL) {
        at = next + strlen("http://127.0.0.1:");
        next++;
    }
    ck_assert_ptr_nonnull(at);
    return (uint16_t)strtoul(at, NULL, 10);
}

/* What comes back for one request, at most SIZE - 1 bytes; 0 if there was no connection or it has ended
 * early. */
static size_t get(uint16_t port, char *text, size_t size)
{
    static const char request[] = "GET /system?still HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    size_t len = 0;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
        for (ssize_t got; len < size - 1 && (got = recv(fd, text + len, size - 1 - len, 0)) > 0;)
            len += (size_t)got;
    text[len] = 0;
    close(fd);
    return len;
}

/* Until it answers: what was started anew needs a while, and the runner has the limit. */
static void expect_page(uint16_t port)
{
    static char text[65536];
    while (!get(port, text, sizeof(text)) || strncmp(text, "HTTP/1.1 200", 12))
        sched_yield();
    ck_assert_ptr_nonnull(strstr(text, "</html>"));
}

START_TEST(from_outside_and_within)
{
    struct run run;
    run_start(&run, "run", read_scenario(), (const char *const[]){ "--headless", NULL });
    run_expect(&run, "[uplink-user] http://127.0.0.1:");
    expect_page(find_port(&run));
    /* each of them ends and comes back */
    run_kill(&run, "uplink-user");
    run_expect(&run, "[uplink-user] http://127.0.0.1:");
    expect_page(find_port(&run));
    run_kill(&run, "router");
    run_expect(&run, "router was killed");
    expect_page(find_port(&run));
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* A rule lets one of them in, and the other is told that there is none. */
START_TEST(guests)
{
    struct run run;
    run_start(&run, "run", read_scenario(), (const char *const[]){ "--headless", NULL });
    static const char *const fetched = "[guest-fetch] http://10.0.1.2/system?still: status 200";
    run_expect(&run, "[guest-ping] 10.0.3.1: no way to that address");
    run_expect(&run, "[guest-ping] 10.0.1.2: 2 sent, 0 answered");
    if (!run_count(&run, fetched))
        run_expect(&run, fetched);
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router");
    TCase *tcase = tcase_create("router");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, from_outside_and_within);
    tcase_add_test(tcase, guests);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
