/* SPDX-License-Identifier: BSD-2-Clause */
/* test-stream.c: packet streams between sandboxed components, and the death of either side in the middle. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <suite.h>

#include "run.h"

static const char *const headless[] = { "--headless", NULL };

#define SYSTEM(client)                                                                                       \
    "start:\n"                                                                                               \
    "  server: { binary: stream_server, restart: { policy: always, delay: 1ms, delay-max: 1ms } }\n"         \
    "  client: { binary: stream_client, " client " }\n"

START_TEST(packets_go_both_ways)
{
    struct run run;
    run_start(&run, "run", SYSTEM("exit: ends-system, config: { packets: 3000 }"), headless);
    run_expect(&run, "[client] all there");
    run_expect(&run, "[server] a session has ended");
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "the stream has ended"), 0);
}
END_TEST

/* The client has packets under way in both directions, is told at once, and goes on with the next server. */
START_TEST(the_server_is_killed)
{
    struct run run;
    run_start(&run, "run", SYSTEM("restart: { policy: never }"), headless);
    for (int round = 0; round < 5; round++) {
        run_expect(&run, "1000 packets down");
        run_kill(&run, "server");
        run_expect(&run, "[client] the stream has ended: the peer is gone");
    }
    run_expect(&run, "2000 packets up");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* The server gets back what the client had, memory and descriptors, and serves the next one. */
START_TEST(the_client_is_killed)
{
    enum { ON_THEIR_WAY = 8 };
    struct run run;
    unsigned before = 0;
    run_start(&run, "run", SYSTEM("restart: { policy: always, delay: 1ms, delay-max: 1ms, max: 100 }"),
              headless);
    for (int round = 0; round < 12; round++) {
        run_expect(&run, "1000 packets down");
        if (round == 1)
            before = run_held(&run, "server");
        if (round == 11)
            ck_assert_uint_le(run_held(&run, "server"), before + ON_THEIR_WAY);
        run_kill(&run, "client");
        run_expect(&run, "[server] a session has ended");
    }
    run_expect(&run, "1000 packets up");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, packets_go_both_ways);
    tcase_add_test(tcase, the_server_is_killed);
    tcase_add_test(tcase, the_client_is_killed);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
