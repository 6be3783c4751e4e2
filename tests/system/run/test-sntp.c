/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-sntp.c: the scenario sntp with a server on this machine that is the test: bad answers are refused, and
 * a good one sets the clock that another component sees.
 */
#include <arpa/inet.h>
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run.h"

#define SINCE_1900 2208988800u

static int server = -1;
static struct sockaddr_in client;
static uint8_t question[48];

static unsigned server_open(void)
{
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(own);
    server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server, (struct sockaddr *)&own, sizeof(own)), 0);
    ck_assert_int_eq(getsockname(server, (struct sockaddr *)&own, &len), 0);
    return ntohs(own.sin_port);
}

static void take_question(void)
{
    socklen_t len = sizeof(client);
    ssize_t got = recvfrom(server, question, sizeof(question), 0, (struct sockaddr *)&client, &len);
    ck_assert_int_eq(got, sizeof(question));
    ck_assert_uint_eq(question[0], 4 << 3 | 3);
}

static void put32(uint8_t *at, uint32_t value)
{
    value = htonl(value);
    memcpy(at, &value, sizeof(value));
}

/* With the first byte FLAGS, that STRATUM, kiss code CODE, and SECONDS since 1970. */
static void answer(uint8_t flags, uint8_t stratum, const char *code, uint32_t seconds, int right_number)
{
    uint8_t packet[48] = { flags, stratum };
    memcpy(packet + 12, code, strlen(code));
    memcpy(packet + 24, question + 40, 8);
    packet[24] ^= !right_number;
    put32(packet + 32, seconds + SINCE_1900);
    put32(packet + 40, seconds + SINCE_1900);
    ck_assert_int_eq(sendto(server, packet, sizeof(packet), 0, (struct sockaddr *)&client, sizeof(client)),
                     sizeof(packet));
}

/* TEXT with WHAT, which is in it once, replaced by WITH. */
static void replace(char *text, size_t size, const char *what, const char *with)
{
    char *at = strstr(text, what), rest[4096];
    ck_assert_msg(at != NULL, "no '%s' in the scenario", what);
    snprintf(rest, sizeof(rest), "%s", at + strlen(what));
    snprintf(at, size - (size_t)(at - text), "%s%s", with, rest);
}

static void read_scenario(char *text, size_t size)
{
    FILE *file = fopen(SNTP_SCENARIO, "re");
    ck_assert_ptr_nonnull(file);
    size_t len = fread(text, 1, size - 1, file);
    text[len] = '\0';
    fclose(file);
}

START_TEST(only_a_good_answer_sets_the_clock)
{
    enum { GOOD = 4 << 3 | 4, UNKNOWN = 3 << 6 | GOOD, TIME = 2000000000 };
    char scenario[8192], servers[256];
    struct run run;
    unsigned port = server_open();
    snprintf(servers, sizeof(servers),
             "servers: ['10.0.2.2:%u', '10.0.2.2:%u', '10.0.2.2:%u', '10.0.2.2:%u'], patience: 60s", port,
             port, port, port);
    read_scenario(scenario, sizeof(scenario));
    replace(scenario, sizeof(scenario), "servers: [pool.ntp.org]", servers);
    replace(scenario, sizeof(scenario), "reach: world", run_on_mach() ? "reach: world host" : "reach: host");
    strcat(scenario, "  probe: { binary: clock_probe }\n");
    run_start(&run, "run", scenario, NULL);

    take_question();
    answer(GOOD, 2, "", TIME, 0);
    answer(UNKNOWN, 2, "", TIME, 1);
    run_expect(&run, "what came answers another request");
    run_expect(&run, "the server's clock is not set");
    take_question();
    answer(GOOD, 0, "DENY", TIME, 1);
    run_expect(&run, "the server refuses, and is not asked again (DENY)");
    take_question();
    answer(GOOD, 2, "", TIME + 2200000000u, 1);
    run_expect(&run, "Z cannot be");
    take_question();
    answer(GOOD, 2, "", TIME, 1);
    run_expect(&run, "[probe] told: 2033-05-18T03:33:");
    run_signal(&run, 2);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_uint_eq(run_count(&run, "sets 1"), 1);
    close(server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sntp");
    TCase *tcase = tcase_create("sntp");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, only_a_good_answer_sets_the_clock);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
