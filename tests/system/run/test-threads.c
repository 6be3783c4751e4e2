/* SPDX-License-Identifier: BSD-2-Clause */
/* test-threads.c: threads of two components that wait for a network between them, and for the server's end.
 */
#include <check.h>
#include <signal.h>
#include <suite.h>

#include "run.h"

START_TEST(threads_wait_for_a_network)
{
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  switch: { config: { policy: [ { label: server, mac: '02:00:00:00:00:0a' } ] } }\n"
              "  server:\n"
              "    binary: net_threads\n"
              "    config: { network: { ipv4: 10.0.0.1/24 } }\n"
              "    restart: { policy: always, delay: 1ms, delay-max: 1ms }\n"
              "  client:\n"
              "    binary: net_threads\n"
              "    exit: ends-system\n"
              "    config: { to: 10.0.0.1, network: { ipv4: 10.0.0.2/24 } }\n",
              (const char *const[]){ "--headless", NULL });
    run_expect(&run, "[client] 1000000 bytes there and back");
    run_expect(&run, "[client] 1000000 bytes there and back");
    run_expect(&run, "[client] nothing comes: DEADLINE");
    run_expect(&run, "[client] reading: CANCELLED"); /* closed by another thread */
    run_expect(&run, "[client] connecting: REFUSED");
    run_expect(&run, "[client] a reset: DEAD");
    run_expect(&run, "[client] a datagram of 5 bytes came back");
    run_expect(&run, "[client] talks until the server ends");
    run_kill(&run, "server");
    run_expect(&run, "[client] the server has ended: DEAD");
    run_expect(&run, "[client] and is there again");
    run_expect(&run, "[client] ended");
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads and the network");
    TCase *tcase = tcase_create("blocking");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, threads_wait_for_a_network);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
