/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-switch.c: components on a switch, the death of each of them, and what goes over a link as tshark sees
 * it.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/stat.h>
#include <time.h>

#include "peer.h"
#include "run.h"

static const char *const headless[] = { "--headless", NULL };

#define SYSTEM(count)                                                                                        \
    "start:\n"                                                                                               \
    "  timer:\n"                                                                                             \
    "  switch: { config: { policy: [ { label: a, mac: '02:00:00:00:00:0a' }, "                               \
    "{ label: b, mac: '02:00:00:00:00:0b' } ] } }\n"                                                         \
    "  a: { binary: net_peer, config: { count: " count " } }\n"                                              \
    "  b: { binary: net_peer, config: { count: " count                                                       \
    " }, restart: { policy: always, delay: 1ms, delay-max: 1ms } }\n"

/* Ends when one of them has the last frame. */
#define ENDING_SYSTEM(count)                                                                                 \
    "start:\n"                                                                                               \
    "  timer:\n"                                                                                             \
    "  switch:\n"                                                                                            \
    "  a: { binary: net_peer, exit: ends-system, config: { end: true, count: " count " } }\n"                \
    "  b: { binary: net_peer, exit: ends-system, config: { end: true, count: " count " } }\n"

START_TEST(frames_go_both_ways)
{
    struct run run;
    run_start(&run, "run", SYSTEM("2000"), headless);
    run_expect(&run, "2000 frames there and back");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* The one that is left goes on with the next one that comes, whose address is the same. */
START_TEST(a_client_is_killed)
{
    struct run run;
    run_start(&run, "run", SYSTEM("500"), headless);
    run_expect(&run, "[b] on the network");
    for (int round = 0; round < 3; round++) {
        run_kill(&run, "b");
        run_expect(&run, "[b] on the network");
        run_expect(&run, "[a] 500 frames there and back"); /* of the game that b has begun */
    }
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* Lines that COMMAND prints; it ends well and says nothing of errors. */
static unsigned lines_of(const char *command)
{
    char line[1024];
    unsigned lines = 0;
    FILE *out = popen(command, "r"); /* NOLINT */
    ck_assert_ptr_nonnull(out);
    for (; fgets(line, sizeof(line), out); lines++)
        ck_assert_msg(!strstr(line, "Malformed") && !strstr(line, "cut short"), "%s: %s", command, line);
    ck_assert_msg(pclose(out) == 0, "%s has failed", command);
    return lines;
}

static unsigned frames_in(const char *file, const char *filter)
{
    char command[640];
    snprintf(command, sizeof(command), "tshark -n -r %s -Y '%s' 2>/dev/null", file, filter);
    return lines_of(command);
}

static void name_file(char file[256], const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(file, 256, "%s/%s", folder ? folder : "/tmp", name);
}

/* Until FILE has SIZE bytes: how soon copies are written is core's affair. */
static void wait_for_size(const char *file, off_t size)
{
    struct stat status;
    while (stat(file, &status) || status.st_size < size)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

START_TEST(links_are_copied_to_files)
{
    struct run run;
    char a[256], all[256], option[600];
    name_file(a, "a.pcapng");
    name_file(all, "all.pcapng");
    snprintf(option, sizeof(option), "--pcap=a=%s,*=%s", a, all);
    run_start(&run, "run", SYSTEM("1000000000"), (const char *const[]){ "--headless", option, NULL });
    wait_for_size(a, 256 * 1024);
    wait_for_size(all, 1024 * 1024);
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    /* many, in both directions, on both links */
    ck_assert_uint_ge(frames_in(a, "frame.interface_name == \"a\""), 250);
    ck_assert_uint_eq(frames_in(a, "frame.interface_name == \"b\""), 0);
    ck_assert_uint_ge(frames_in(a, "eth.src == 02:00:00:00:00:0a && frame.packet_flags_direction == 2"), 120);
    ck_assert_uint_ge(frames_in(a, "eth.src == 02:00:00:00:00:0b && frame.packet_flags_direction == 1"), 120);
    ck_assert_uint_ge(frames_in(all, "frame.interface_name == \"a\""), 250);
    ck_assert_uint_ge(frames_in(all, "frame.interface_name == \"b\""), 250);
    remove(a);
    remove(all);
}
END_TEST

enum { INTERFACE = 1, STATISTICS = 5, PACKET = 6, NUMBERS = 100, ETHERNET = 14 };

static uint32_t word(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

/*
 * Frames in a file of one link, LABEL, as blocks: each number of a game to NUMBERS is there, and nothing was
 * lost.
 */
static void check_capture(const char *path, const char *label)
{
    static uint8_t file[1 << 20];
    int there[NUMBERS + 1] = { 0 };
    uint64_t frames = 0, counted[2] = { 0 };
    FILE *in = fopen(path, "re");
    ck_assert_ptr_nonnull(in);
    size_t size = fread(file, 1, sizeof(file), in);
    fclose(in);
    for (size_t at = 0; at + 12 <= size; at += word(file + at + 4)) {
        const uint8_t *block = file + at;
        if (word(block) == INTERFACE) { /* its first option is the name */
            ck_assert_uint_eq(word(block + 16) >> 16, strlen(label));
            ck_assert_mem_eq(block + 20, label, strlen(label));
        } else if (word(block) == PACKET) {
            uint32_t number = word(block + 28 + ETHERNET);
            ck_assert_uint_le(number, NUMBERS);
            there[number] = 1;
            frames++;
        } else if (word(block) == STATISTICS) { /* two options of 8 bytes */
            memcpy(&counted[0], block + 24, 8);
            memcpy(&counted[1], block + 36, 8);
        }
    }
    for (uint32_t i = 0; i <= NUMBERS; i++)
        ck_assert_msg(there[i], "frame %u is not in the file", i);
    ck_assert_uint_eq(counted[0], frames);
    ck_assert_uint_eq(counted[1], 0);
}

/*
 * What was captured before the end is in the file, however the system ends: the buffers on the way have room
 * for all of it.
 */
START_TEST(the_last_frames_are_in_the_file)
{
    static const char *const systems[] = { SYSTEM("100"), ENDING_SYSTEM("100") };
    struct run run;
    char file[256], option[300];
    name_file(file, "last.pcapng");
    snprintf(option, sizeof(option), "--pcap=a=%s", file);
    for (size_t i = 0; i < 2; i++) {
        run_start(&run, "run", systems[i], (const char *const[]){ "--headless", option, NULL });
        run_expect(&run, "100 frames there and back");
        if (!i)
            run_signal(&run, SIGINT);
        ck_assert_int_eq(run_end(&run), 0);
        check_capture(file, "a");
    }
    remove(file);
}
END_TEST

START_TEST(a_link_is_looked_at_while_the_system_runs)
{
    struct run run;
    char command[640], live[256];
    name_file(live, "live.pcapng");
    run_start(&run, "run", SYSTEM("1000000000"), headless);
    snprintf(command, sizeof(command), "%s pcap a --system %d --count 50 -o %s 2>/dev/null", run_command(),
             (int)run.pid, live);
    while (system(command)) /* NOLINT: until the control socket is there */
        ;
    ck_assert_uint_eq(frames_in(live, "frame"), 50);
    snprintf(command, sizeof(command),
             "%s pcap '*' --system %d --count 20 2>/dev/null | tshark -n -i - -c 20 2>/dev/null",
             run_command(), (int)run.pid);
    ck_assert_uint_eq(lines_of(command), 20);
    remove(live);
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

/* It may come, but who waits for it is told, and what there is instead. */
START_TEST(a_link_that_is_not_there)
{
    struct run run;
    struct peer pcap;
    peer_make_folder();
    run_start(&run, "run", SYSTEM("1"), headless);
    run_expect(&run, "1 frames there and back");
    peer_start(&pcap, "exec %s pcap aa --system %d -o none.pcapng 2>&1", run_command(), (int)run.pid);
    peer_expect(&pcap, "there is no link \"aa\" now, and it is waited for; there are \"a\", \"b\"; "
                       "did you mean \"a\"?");
    peer_stop(&pcap);
    peer_remove_folder();
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
}
END_TEST

#define NESTED(control)                                                                                      \
    "start:\n"                                                                                               \
    "  inner:\n"                                                                                             \
    "    binary: init\n"                                                                                     \
    "    ram: 64M\n"                                                                                         \
    "    caps: 600\n"                                                                                        \
    "    route: { PD: parent, ROM: parent" control " }\n"                                                    \
    "    config:\n"                                                                                          \
    "      parent-provides: [PD, ROM, LOG, Pcap, Control]\n"                                                 \
    "      start:\n"                                                                                         \
    "        timer:\n"                                                                                       \
    "        switch:\n"                                                                                      \
    "        a: { binary: net_peer, config: { count: 100 } }\n"                                              \
    "        b: { binary: net_peer, config: { count: 100 } }\n"

/* By the names of inits; that of the link alone is for the outermost one's. */
START_TEST(links_within_an_inner_init)
{
    struct run run;
    struct peer pcap;
    char file[256], other[256], option[600];
    name_file(file, "inner.pcapng");
    name_file(other, "other.pcapng");
    snprintf(option, sizeof(option), "--pcap=inner -> a=%s,a=%s", file, other);
    peer_make_folder();
    run_start(&run, "run", NESTED(", Control: parent"), (const char *const[]){ "--headless", option, NULL });
    run_expect(&run, "100 frames there and back");
    peer_start(&pcap, "exec %s pcap 'inner -> aa' --system %d -o none.pcapng 2>&1", run_command(),
               (int)run.pid);
    peer_expect(&pcap,
                "there is no link \"inner -> aa\" now, and it is waited for; there are \"inner -> a\", "
                "\"inner -> b\"; did you mean \"inner -> a\"?");
    peer_stop(&pcap);
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    check_capture(file, "inner -> a");
    struct stat status;
    ck_assert_int_eq(stat(other, &status), 0);
    ck_assert_int_lt(status.st_size, 100); /* its head */
    remove(file);
    remove(other);
    /* an init that is not asked is named */
    run_start(&run, "run", NESTED(""), headless);
    run_expect(&run, "100 frames there and back");
    peer_start(&pcap, "exec %s pcap a --system %d -o none.pcapng 2>&1", run_command(), (int)run.pid);
    peer_expect(&pcap, "there is no link \"a\" now, and it is waited for; there is none at all; those within "
                       "inner are not known, which has no route to Control");
    peer_stop(&pcap);
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    peer_remove_folder();
}
END_TEST

START_TEST(a_file_that_cannot_be_written)
{
    struct run run;
    run_start(&run, "run", SYSTEM("1"),
              (const char *const[]){ "--headless", "--pcap", "a=/nowhere/at/all", NULL });
    run.books = 0;
    run_expect(&run, "seedbed: /nowhere/at/all: No such file or directory");
    ck_assert_int_eq(run_end(&run), 1);
    run_start(&run, "run", SYSTEM("1"), (const char *const[]){ "--headless", "--pcap", "nothing", NULL });
    run.books = 0;
    run_expect(&run, "expected LINK=FILE");
    ck_assert_int_eq(run_end(&run), 2);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("switch");
    TCase *tcase = tcase_create("switch");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, frames_go_both_ways);
    tcase_add_test(tcase, a_client_is_killed);
    if (!run_on_mach()) {
        tcase_add_test(tcase, links_are_copied_to_files);
        tcase_add_test(tcase, the_last_frames_are_in_the_file);
        tcase_add_test(tcase, a_link_is_looked_at_while_the_system_runs);
        tcase_add_test(tcase, a_link_that_is_not_there);
        tcase_add_test(tcase, links_within_an_inner_init);
        tcase_add_test(tcase, a_file_that_cannot_be_written);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
