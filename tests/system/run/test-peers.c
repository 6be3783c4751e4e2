/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-peers.c: networks of components and real peers: the host's own stack on a machine behind uplink-unix
 * with the tools that people have, other systems, QEMU; and what of it goes on when a part of the network
 * ends in mid-transfer.
 */
#include <check.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "peer.h"
#include "run.h"

enum { MIB = 1 << 20, BIG = 24 * MIB };

/* An entry of a scenario: the driver whose wire leads to a box. */
#define WIRE(name, own, peer)                                                                                \
    "  " name ":\n"                                                                                          \
    "    binary: uplink-unix\n"                                                                              \
    "    restart: { policy: always, delay: 1ms, delay-max: 1ms }\n"                                          \
    "    route: { Network: { to: parent, args: { unix: '%1$s/" own "', peer: '%1$s/" peer "' } } }\n"        \
    "    config: { retry: 20ms }\n"
#define SWITCH                                                                                               \
    "start:\n"                                                                                               \
    "  timer:\n"                                                                                             \
    "  switch: { restart: { policy: always, delay: 1ms, delay-max: 1ms }, config: { %2$s } }\n" WIRE(        \
        "wire", "wire", "box")
#define HTTP(address)                                                                                        \
    "  http:\n"                                                                                              \
    "    ram: 50M\n"                                                                                         \
    "    route: { ROM: [{ match: big, to: parent }] }\n"                                                     \
    "    config:\n"                                                                                          \
    "      network: { " address " }\n"                                                                       \
    "      files: { /big: big }\n"
#define FILES "files: { big: '%1$s/big' }\n"
#define BOTH  "ipv4: 10.0.2.2/24, ipv6: 'fec0::2/64'"

/* With folder as %1$s and SWITCH_CONFIG as %2$s in SCENARIO. */
static void start(struct run *run, const char *scenario, const char *switch_config)
{
    char text[8192];
    snprintf(text, sizeof(text), scenario, peer_folder, switch_config); /* NOLINT */
    run_start(run, "run", text, NULL);
}

static void end(struct run *run)
{
    run_signal(run, SIGTERM);
    ck_assert_int_eq(run_end(run), 0);
    peer_remove_folder();
}

/* Runs COMMAND in a box, to its good end. */
#define IN_BOX(...)                                                                                          \
    do {                                                                                                     \
        struct peer in_box;                                                                                  \
        peer_start_box(&in_box, "box", "wire", __VA_ARGS__);                                                 \
        ck_assert_int_eq(peer_end(&in_box), 0);                                                              \
    } while (0)

/* Until the network is there: what a stack and drivers need for that is not told. */
#define REACH "until curl -sf -m 5 -o first -r 0-0 http://10.0.2.2/big; do sleep 0.05; done;"

/* ---- what people have */

START_TEST(curl_and_ping)
{
    struct run run;
    peer_make_folder();
    peer_make_file("big", MIB);
    start(&run, SWITCH HTTP(BOTH) FILES, "");
    IN_BOX(REACH "set -e; curl -sS -4 http://10.0.2.2/big | cmp - big; "
                 "curl -sS -6 'http://[fec0::2]/big' | cmp - big; "
                 "ping -c 3 -i 0.01 -s 1400 10.0.2.2 | grep ' 3 received'; "
                 "ping -6 -c 3 -i 0.01 fec0::2 | grep ' 3 received'; "
                 "curl -s -m 20 http://10.0.2.2:81/ || test $? = 7");
    end(&run);
}
END_TEST

/* Of apps/echo; the file is longer than what TCP has under way at a time. */
START_TEST(echo_and_discard_with_nc)
{
    struct run run;
    peer_make_folder();
    peer_make_file("big", MIB);
    start(&run, SWITCH "  echo: { config: { network: { " BOTH " } } }\n", "");
    IN_BOX("until ping -c 1 -W 1 10.0.2.2 >first; do :; done; set -e; "
           "nc -N 10.0.2.2 7 <big | cmp - big; nc -6 -N fec0::2 7 <big | cmp - big; "
           "nc -N 10.0.2.2 9 <big | cmp - /dev/null; "
           /* a datagram that comes back ends nc, which gives up after a while otherwise */
           "for to in 10.0.2.2 fec0::2; do "
           "  until test \"$(printf hello | nc -u -W 1 -w 5 $to 7)\" = hello; do :; done; "
           "  printf hello | nc -u -N -q 0 -w 5 $to 9; done");
    run_expect(&run, "echo: 1048576 bytes");
    run_expect(&run, "discard: 1048576 bytes");
    end(&run);
}
END_TEST

START_TEST(iperf_both_ways)
{
    struct run run;
    struct peer box;
    peer_make_folder();
    start(&run,
          SWITCH "  iperf: { config: { network: { " BOTH " } } }\n"
                 "  client:\n"
                 "    binary: iperf\n"
                 "    restart: { policy: on-failure, delay: 20ms, delay-max: 20ms, max: 1000 }\n"
                 "    config: { network: { ipv4: 10.0.2.3/24, ipv6: none }, to: 10.0.2.15, time: 200ms }\n",
          "");
    peer_start_box(&box, "box", "wire",
                   "until ping -c 1 -W 1 10.0.2.2 >first; do :; done; "
                   "iperf -c 10.0.2.2 -n 4M | grep '4.00 MBytes' && exec iperf -s");
    run_expect(&run, "from 10.0.2.15:");
    run_expect(&run, "[client] to 10.0.2.15:5001: ");
    peer_stop(&box);
    end(&run);
}
END_TEST

/* 5 % of the frames are lost and all are late, both ways: it takes longer, and is the same. */
START_TEST(a_bad_line)
{
    struct run run;
    peer_make_folder();
    peer_make_file("big", 60000);
    start(&run,
          SWITCH HTTP(BOTH) "  echo: { config: { network: { ipv4: 10.0.2.3/24, ipv6: none } } }\n" FILES,
          "policy: [{ label: wire, impair: { seed: 6, loss: 5%, delay: 50ms } }]");
    IN_BOX(REACH "set -e; curl -sS http://10.0.2.2/big | cmp - big; nc -N 10.0.2.3 7 <big | cmp - big");
    end(&run);
}
END_TEST

/* ---- ends in mid-transfer */

static const char *const victims[] = { "wire", "switch" };

/* Twice, while one connection carries all of a file. */
START_TEST(tcp_goes_on)
{
    struct run run;
    struct peer box;
    char line[64];
    const char *victim = victims[_i];
    peer_make_folder();
    peer_make_file("big", BIG);
    start(&run, SWITCH HTTP(BOTH) FILES, "");
    peer_start_box(&box, "box", "wire", REACH "exec curl -sS http://10.0.2.2/big");
    snprintf(line, sizeof(line), "%s was killed", victim);
    for (size_t i = 0; i < 2; i++) {
        /* of what the peers have under way when nobody takes it, 8 MiB are more than all */
        ck_assert_uint_eq(peer_compare(&box, i ? 8 * MIB : MIB), i ? 9 * MIB : MIB);
        run_kill(&run, victim);
        run_expect(&run, line);
    }
    ck_assert_uint_eq(peer_compare(&box, SIZE_MAX), BIG);
    ck_assert_int_eq(peer_end(&box), 0);
    end(&run);
}
END_TEST

/* ---- routers */

/* The box is outside, `desk` a second one inside; http is reached by port 80 of the router's. */
#define ROUTER                                                                                               \
    "start:\n"                                                                                               \
    "  timer:\n"                                                                                             \
    "  router:\n"                                                                                            \
    "    restart: { policy: always, delay: 1ms, delay-max: 1ms }\n"                                          \
    "    config:\n"                                                                                          \
    "      dns: [10.0.2.15]\n"                                                                               \
    "      domains:\n"                                                                                       \
    "        wan: { ipv4: 10.0.2.2/24, ipv6: 'fec0::2/64' }\n"                                               \
    "        lan:\n"                                                                                         \
    "          ipv4: 10.0.1.1/24\n"                                                                          \
    "          dhcp: { range: [10.0.1.2, 10.0.1.40] }\n"                                                     \
    "          nat: [{ to: wan, tcp: all, udp: all, icmp: true }]\n"                                         \
    "          forward: [{ from: wan, tcp: 80, to: '10.0.1.2:80' }]\n"                                       \
    "      policy:\n"                                                                                        \
    "        - { label: wire, domain: wan }\n"                                                               \
    "        - { label: http, domain: lan, address: 10.0.1.2 }\n"                                            \
    "      default-policy: { domain: lan }\n" WIRE("wire", "wire", "box") HTTP("ipv6: none")
#define DESK                                                                                                 \
    "export PATH=$PATH:/sbin:/usr/sbin; ip addr flush dev tap0; ip addr add 10.0.1.50/24 dev tap0; "         \
    "ip route add default via 10.0.1.1; "

/* Answers each question with 192.0.2.7. */
#define NAME_SERVER                                                                                          \
    "exec python3 -c 'import socket\n"                                                                       \
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"                                                 \
    "s.bind((\"10.0.2.15\", 53))\n"                                                                          \
    "print(\"ready\", flush=True)\n"                                                                         \
    "while True:\n"                                                                                          \
    "    q, peer = s.recvfrom(2000)\n"                                                                       \
    "    end = 12\n"                                                                                         \
    "    while q[end]:\n"                                                                                    \
    "        end += q[end] + 1\n"                                                                            \
    "    four = q[end + 1:end + 3] == bytes([0, 1])\n"                                                       \
    "    a = bytes([192, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]) if four else b\"\"\n"             \
    "    s.sendto(q[:2] + bytes([129, 128, 0, 1, 0, four, 0, 0, 0, 0]) + q[12:end + 5] + a, peer)'"

/* The router asks for who is in its domains; behind it are pings too. */
START_TEST(names_by_the_router)
{
    struct run run;
    struct peer server, desk;
    peer_make_folder();
    peer_make_file("big", 1000);
    start(&run,
          ROUTER WIRE("desk", "desk", "box2") "  lookup:\n"
                                              "    restart: { policy: on-failure, delay: 20ms }\n"
                                              "    config: { names: [a.test], family: ipv4 }\n" FILES,
          "");
    peer_start_box(&server, "box", "wire", NAME_SERVER);
    peer_expect(&server, "ready");
    peer_start_box(&desk, "box2", "desk",
                   DESK "until dig +time=1 +short @10.0.1.1 seedbed.test | grep -qx 192.0.2.7; do :; done; "
                        "set -e; dig @10.0.1.1 seedbed.test | grep 'status: NOERROR'; "
                        "dig +short @10.0.1.1 -t AAAA seedbed.test | cmp - /dev/null; "
                        "ping -c 1 10.0.1.1; ping -c 1 10.0.2.15; curl -sS http://10.0.1.2/big | cmp - big");
    ck_assert_int_eq(peer_end(&desk), 0);
    run_expect(&run, "[lookup] a.test: 192.0.2.7");
    peer_stop(&server);
    end(&run);
}
END_TEST

/*
 * Its states are lost with it: a connection through it is reset as soon as its client says something (who
 * only waits has to give up by himself), and the next one is as good as the first. Who is in one domain finds
 * the others there again.
 */
START_TEST(router_is_killed)
{
    struct run run;
    struct peer box;
    peer_make_folder();
    peer_make_file("big", BIG);
    start(
        &run,
        ROUTER
        "  fetch:\n"
        "    ram: 34M\n"
        "    restart: { policy: always, delay: 1ms, delay-max: 1ms }\n"
        "    route: { ROM: [{ match: big, to: parent }] }\n"
        "    config: { network: { ipv6: none }, url: 'http://10.0.1.2/big', expect: big, times: 0 }\n" FILES,
        "");
    peer_start_box(&box, "box", "wire",
                   REACH "curl -sS --speed-time 1 --speed-limit 1 http://10.0.2.2/big; "
                         "code=$?; test $code = 56 || test $code = 28");
    ck_assert_uint_eq(peer_compare(&box, MIB), MIB);
    run_expect(&run, "[fetch] http://10.0.1.2/big: as expected");
    run_kill(&run, "router");
    run_expect(&run, "router was killed");
    ck_assert_uint_lt(peer_compare(&box, SIZE_MAX), BIG);
    ck_assert_int_eq(peer_end(&box), 0);
    IN_BOX(REACH "curl -sS http://10.0.2.2/big | cmp - big");
    run_expect(&run, "[fetch] http://10.0.1.2/big: as expected");
    end(&run);
}
END_TEST

/* ---- captures, as tshark sees them */

/* Bad checksums, what is too short, and all else that tshark takes for a mistake. */
#define COMPLAINTS                                                                                           \
    "_ws.malformed || _ws.expert.severity == error || ip.checksum.status == \"Bad\" || "                     \
    "tcp.checksum.status == \"Bad\" || udp.checksum.status == \"Bad\""
#define TSHARK                                                                                               \
    "tshark -n -r all -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE "

/* How many frames there are is not the same each time: those that come too fast are left out. */
START_TEST(tshark_has_no_complaint)
{
    struct run run;
    char text[8192], option[300];
    peer_make_folder();
    peer_make_file("big", 100000);
    snprintf(text, sizeof(text), _i ? ROUTER FILES : SWITCH HTTP(BOTH) FILES, peer_folder, "");
    snprintf(option, sizeof(option), "--pcap=*=%s/all", peer_folder);
    run_start(&run, "run", text, (const char *const[]){ option, NULL });
    IN_BOX(REACH "curl -sS http://10.0.2.2/big | cmp - big && ping -c 3 -i 0.01 10.0.2.2 && "
                 "ping -6 -c 1 fec0::2");
    run_signal(&run, SIGTERM);
    ck_assert_int_eq(run_end(&run), 0);
    ck_assert_int_eq(peer_shell(TSHARK "-Y '" COMPLAINTS "' 2>why | tee frames | cmp - /dev/null && "
                                       "! grep -v 'Running as' why"),
                     0);
    ck_assert_int_eq(peer_shell(TSHARK
                                "-T fields -e frame.interface_name -e _ws.col.Protocol 2>why | "
                                "sort | uniq -c | tr '\\t' ' ' >counts; for row in 'http TCP' 'wire TCP' "
                                "'wire ICMP' 'wire ICMPv6'; do grep -q \" $row\\$\" counts || exit 1; done"),
                     0);
    peer_remove_folder();
}
END_TEST

/* ---- datagram sockets between two */

START_TEST(two_systems)
{
    struct run server, client;
    peer_make_folder();
    peer_make_file("big", 2 * MIB);
    start(&server, SWITCH HTTP(BOTH) FILES, "");
    start(&client,
          "start:\n"
          "  timer:\n"
          "  switch:\n" WIRE("far", "box", "wire") "  fetch:\n"
                                                   "    ram: 12M\n"
                                                   "    restart: { policy: on-failure, delay: 20ms }\n"
                                                   "    route: { ROM: [{ match: big, to: parent }] }\n"
                                                   "    config:\n"
                                                   "      network: { ipv4: none, ipv6: 'fec0::3/64' }\n"
                                                   "      url: 'http://[fec0::2]/big'\n"
                                                   "      expect: big\n" FILES,
          "");
    run_expect(&client, "[fetch] http://[fec0::2]/big: as expected");
    run_signal(&client, SIGTERM);
    ck_assert_int_eq(run_end(&client), 0);
    end(&server);
}
END_TEST

/* No guest: QEMU's own gateway is the peer, with its DHCP, and a port of this machine leads in through it. */
START_TEST(qemu)
{
    struct run run;
    struct peer peer;
    unsigned port;
    peer_make_folder();
    peer_make_file("big", 2 * MIB);
    peer_start(&peer,
               "mkfifo words && exec 3<>words && echo info usernet >&3 && exec qemu-system-x86_64 "
               "-machine none -nodefaults -display none -monitor stdio "
               "-netdev dgram,id=a,local.type=unix,local.path=%s/box,remote.type=unix,remote.path=%s/wire "
               "-netdev user,id=u,hostfwd=tcp:127.0.0.1:0-10.0.2.15:80 "
               "-netdev hubport,id=h1,hubid=1,netdev=a -netdev hubport,id=h2,hubid=1,netdev=u <&3 2>warnings",
               peer_folder, peer_folder);
    peer_expect(&peer, "TCP[HOST_FORWARD]");
    ck_assert_int_eq(sscanf(strstr(peer.line, "127.0.0.1"), "127.0.0.1 %u", &port), 1);
    start(&run, SWITCH HTTP("ipv6: none") FILES, "");
    ck_assert_int_eq(peer_shell("until curl -sf -m 10 http://127.0.0.1:%u/big | cmp -s - big; do sleep 0.05; "
                                "done",
                                port),
                     0);
    peer_stop(&peer);
    end(&run);
}
END_TEST

/* Why TEST cannot run without PROGRAM and, if it is for machines of the host's, without these; or NULL. */
static const char *missing(const char *program, int boxes, const char *no_box)
{
    char command[64];
    snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
    if (boxes && no_box)
        return no_box;
    if (!system(command))
        return NULL;
    return strncmp(program, "qemu", 4) ? "a package that packages.txt has for tests is not installed"
                                       : "QEMU is not installed, which packages.txt has for mach";
}

static Suite *make_suite(void)
{
    const struct {
        const TTest *test;
        const char *name;
        int count, boxes;
        const char *program;
    } tests[] = {
        { curl_and_ping, "curl_and_ping", 1, 1, "ping" },
        { echo_and_discard_with_nc, "echo_and_discard_with_nc", 1, 1, "nc" },
        { iperf_both_ways, "iperf_both_ways", 1, 1, "iperf" },
        { a_bad_line, "a_bad_line", 1, 1, "nc" },
        { names_by_the_router, "names_by_the_router", 1, 1, "dig" },
        { router_is_killed, "router_is_killed", 1, 1, "curl" },
        { tshark_has_no_complaint, "tshark_has_no_complaint", 2, 1, "tshark" },
        { two_systems, "two_systems", 1, 0, "true" },
        { qemu, "qemu", 1, 0, "qemu-system-x86_64" },
        { tcp_goes_on, "tcp_goes_on", sizeof(victims) / sizeof(victims[0]), 1, "curl" },
    };
    Suite *suite = suite_create("peers");
    const char *no_box = peer_no_box();
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        const char *why = missing(tests[i].program, tests[i].boxes, no_box);
        if (why) {
            suite_skip(tests[i].name, why);
            continue;
        }
        TCase *tcase = tcase_create(tests[i].name); /* CK_RUN_CASE chooses one */
        tcase_set_timeout(tcase, 120);
        tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].count);
        suite_add_tcase(suite, tcase);
    }
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
