/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-foes.c: components that do their neighbors on a network harm, without pause, and those whose
 * connections have to go on meanwhile: two who are in the midst of files at any time.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <suite.h>

#include "peer.h"
#include "run.h"

enum { BIG = 300000 };

#define SWITCH(policy)                                                                                       \
    "start:\n"                                                                                               \
    "  timer:\n"                                                                                             \
    "  switch: { config: { policy: [" policy "] } }\n"                                                       \
    "  http:\n"                                                                                              \
    "    route: { ROM: [{ match: big, to: parent }] }\n"                                                     \
    "    config: { network: { ipv4: 10.0.1.2/24, ipv6: none }, files: { /big: big } }\n" FETCH(              \
        "friend", "ipv4: 10.0.1.3/24, ipv6: none")
#define FETCH(name, network)                                                                                 \
    "  " name ":\n"                                                                                          \
    "    binary: fetch\n"                                                                                    \
    "    restart: { policy: on-failure, delay: 20ms, delay-max: 20ms, max: 1000 }\n"                         \
    "    route: { ROM: [{ match: big, to: parent }] }\n"                                                     \
    "    config:\n"                                                                                          \
    "      network: { " network " }\n"                                                                       \
    "      url: http://10.0.1.2/big\n"                                                                       \
    "      expect: big\n"                                                                                    \
    "      times: 0\n"
#define FILES           "files: { big: '%s/big' }\n"
#define FOE(name, does) "  " name ": { binary: net_foe, config: { does: " does " } }\n"
#define ROUTER                                                                                               \
    "start:\n"                                                                                               \
    "  timer:\n"                                                                                             \
    "  router:\n"                                                                                            \
    "    config:\n"                                                                                          \
    "      domains:\n"                                                                                       \
    "        lan:\n"                                                                                         \
    "          ipv4: 10.0.1.1/24\n"                                                                          \
    "          dhcp: { range: [10.0.1.2, 10.0.1.5] }\n"                                                      \
    "        guest:\n"                                                                                       \
    "          ipv4: 10.0.3.1/24\n"                                                                          \
    "          dhcp: { range: [10.0.3.2, 10.0.3.5] }\n"                                                      \
    "          allow: [{ to: lan, tcp: 80 }]\n"                                                              \
    "      policy:\n"                                                                                        \
    "        - { label: http, domain: lan, address: 10.0.1.2 }\n"                                            \
    "        - { label: 'guest*', domain: guest }\n"                                                         \
    "        - { label: foe, domain: guest }\n"                                                              \
    "      default-policy: { domain: lan }\n"                                                                \
    "  http:\n"                                                                                              \
    "    route: { ROM: [{ match: big, to: parent }] }\n"                                                     \
    "    config: { network: { ipv6: none }, files: { /big: big } }\n"

static void start(struct run *run, const char *scenario)
{
    char text[8192];
    snprintf(text, sizeof(text), scenario, peer_folder); /* NOLINT */
    run_start(run, "run", text, NULL);
}

/* COUNT files come to CLIENT from now on, none with a mistake. */
static void expect_files(struct run *run, const char *client, int count)
{
    char line[128];
    snprintf(line, sizeof(line), "[%s] http://10.0.1.2/big: as expected", client);
    for (int i = 0; i < count; i++)
        run_expect(run, line);
    ck_assert_uint_eq(run_count(run, "not as expected"), 0);
}

static void end(struct run *run)
{
    run_signal(run, SIGTERM);
    ck_assert_int_eq(run_end(run), 0);
    peer_remove_folder();
}

static void begin(void)
{
    peer_make_folder();
    peer_make_file("big", BIG);
}

/* As fast as it can to one that takes nothing, and to everybody; and one that only takes nothing. */
START_TEST(a_flood)
{
    struct run run;
    begin();
    start(&run, SWITCH("{ label: deaf, mac: '02:00:00:00:00:0d' }") FOE("deaf", "deaf")
                    FOE("foe", "flood, to: '02:00:00:00:00:0d'") FOE("loud", "flood") FILES);
    run_expect(&run, "[deaf] takes nothing");
    while (!run_count(&run, "[foe] 4096 frames sent") || !run_count(&run, "[loud] 4096 frames sent"))
        run_expect(&run, "\n");
    expect_files(&run, "friend", 3);
    end(&run);
}
END_TEST

/* Of four addresses of a domain: who asks as thousands of machines has one at most, and others get theirs. */
START_TEST(addresses_do_not_run_out)
{
    struct run run;
    char later[8192];
    begin();
    start(&run, ROUTER FOE("foe", "starve") FILES);
    run_expect(&run, "[foe] 4096 frames sent");
    snprintf(later, sizeof(later),
             ROUTER FOE("foe", "starve") FETCH("guest1", "ipv6: none") FETCH("guest2", "ipv6: none") FILES,
             peer_folder);
    FILE *file = fopen(run.file, "w");
    ck_assert_ptr_nonnull(file);
    fputs(later, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(peer_shell("%s apply %s --system %d >changes", run_command(), run.file, (int)run.pid),
                     0);
    while (!run_count(&run, "[guest1] http://10.0.1.2/big: as expected") ||
           !run_count(&run, "[guest2] http://10.0.1.2/big: as expected"))
        run_expect(&run, "\n");
    end(&run);
}
END_TEST

/* Says of all others, in its own domain and in another, that their addresses are its own. */
START_TEST(addresses_are_not_taken_over)
{
    struct run run;
    begin();
    start(&run, ROUTER FOE("foe", "spoof, as: [10.0.1.1, 10.0.1.2, 10.0.1.3, 10.0.3.1, 10.0.3.2, 10.0.3.3]")
                    FETCH("friend", "ipv6: none") FETCH("guest", "ipv6: none") FILES);
    run_expect(&run, "[foe] 4096 frames sent");
    expect_files(&run, "friend", 3);
    expect_files(&run, "guest", 3);
    end(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("foes");
    TCase *tcase = tcase_create("foes");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_flood);
    tcase_add_test(tcase, addresses_do_not_run_out);
    tcase_add_test(tcase, addresses_are_not_taken_over);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
