/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-web.c: the network applications: clients of the host's (curl, wrk, sockets, Chromium) at servers in a
 * system, by ports that uplink-user forwards; and components that talk to each other through a switch.
 */
#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"
#include "run.h"

/* Bytes of the largest file, which takes an emulated card several seconds. */
static size_t big(void)
{
    return run_on_mach() ? 32 << 20 : 64 << 20;
}

static const char *const headless[] = { "--headless", NULL };

static void end(struct run *run)
{
    run_signal(run, SIGINT);
    ck_assert_int_eq(run_end(run), 0);
}

/*
 * ---- one system for all that clients of the host's do with servers, because starting one takes seconds on
 * Mach: started and ended by the program that Check forks the tests from
 */

static struct run servers;
static int started, ended;

#define ENTRY(name, address, config)                                                                         \
    "  " name ":\n"                                                                                          \
    "    binary: http\n"                                                                                     \
    "    route: { ROM: [{ match: small.bin, to: parent }] }\n"                                               \
    "    config:\n"                                                                                          \
    "      network: { ipv4: " address "/24, gateway: 10.0.2.2, ipv6: none }\n"                               \
    "      files: { /index.html: small.bin, /b.css: small.bin }\n"                                           \
    "      " config "\n"
#define AT(address) "{ config: { network: { ipv4: " address "/24, gateway: 10.0.2.2, ipv6: none } } }\n"

static void start_servers(void)
{
    char scenario[4096];
    started = 1;
    peer_make_folder();
    peer_make_file("big.bin", big());
    peer_make_file("small.bin", 100);
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  uplink-user:\n"
             "    route: { Network: { to: parent, args: { reach: %s } }, Machine: parent }\n"
             "    config:\n"
             "      forward:\n"
             "        - { host: '127.0.0.1:0', guest: '10.0.2.15:80', scheme: http }\n"
             "        - { host: '127.0.0.1:0', guest: '10.0.2.16:80', scheme: few }\n"
             "        - { host: '127.0.0.1:0', guest: '10.0.2.17:80', scheme: hasty }\n"
             "        - { host: '127.0.0.1:0', guest: '10.0.2.18:7', scheme: echo }\n"
             "        - { host: '127.0.0.1:0', guest: '10.0.2.18:9', scheme: discard }\n"
             "        - { host: '127.0.0.1:0', guest: '10.0.2.19:5001', scheme: iperf }\n"
             "        - { host: '127.0.0.1:0', guest: '10.0.2.19:5001', protocol: udp, scheme: iperf-u }\n"
             "  http:\n"
             "    ram: %s\n"
             "    route: { ROM: [{ match: state, to: local }, { match: '*.bin', to: parent }] }\n"
             "    config: { files: { /big: big.bin, /index.html: small.bin, /b.css: small.bin } }\n"
             /* clang-format off */
             ENTRY("few", "10.0.2.16", "connections: 4")
             ENTRY("hasty", "10.0.2.17", "head-time: 10ms")
             "  echo: " AT("10.0.2.18")
             "  iperf: " AT("10.0.2.19")
             /* clang-format on */
             "files: { big.bin: %s/big.bin, small.bin: %s/small.bin }\n",
             run_on_mach() ? "world host" : "ports host", "100M", peer_folder, peer_folder);
    run_start(&servers, "run", scenario,
              run_on_mach() ? (const char *const[]){ "--headless", "--memory", "512", NULL } : headless);
    static const char *const ready[] = { "[http] http://10.0.2.15:80/", "[few] http://10.0.2.16:80/",
                                         "[hasty] http://10.0.2.17:80/", "[echo] at 10.0.2.18",
                                         "[iperf] at 10.0.2.19" };
    for (size_t i = 0; i < sizeof(ready) / sizeof(ready[0]); i++)
        while (!run_count(&servers, ready[i]))
            run_expect(&servers, "\n");
}

static void end_servers(void)
{
    end(&servers);
    peer_remove_folder();
    ended = 1;
}

/* The port of this machine that leads to the server of SCHEME. */
static unsigned port_of(const char *scheme)
{
    char text[64];
    unsigned port;
    snprintf(text, sizeof(text), "] %s://127.0.0.1:", scheme);
    const char *line = strstr(servers.text, text);
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(sscanf(line + strlen(text), "%u", &port), 1);
    return port;
}

START_TEST(curl_gets_files)
{
    unsigned port = port_of("http");
#define CURL "curl -sS -m 120 "
    ck_assert_int_eq(peer_shell(CURL "http://127.0.0.1:%u/big | cmp - big.bin", port), 0);
    ck_assert_int_eq(peer_shell(CURL "http://127.0.0.1:%u/ | cmp - small.bin", port), 0);
    /* ranges */
    ck_assert_int_eq(
        peer_shell(
            CURL
            "-r 1000000-1999999 http://127.0.0.1:%u/big >r && tail -c +1000001 big.bin | head -c 1000000 | "
            "cmp - r",
            port),
        0);
    ck_assert_int_eq(peer_shell(CURL "-r -7 http://127.0.0.1:%u/big >r && tail -c 7 big.bin | cmp - r", port),
                     0);
    ck_assert_int_eq(peer_shell(CURL "-r %zu- -o /dev/null -w '%%{http_code}' http://127.0.0.1:%u/big | "
                                     "grep -qx 416",
                                big(), port),
                     0);
    /* one connection for several; none of the content a second time, or for HEAD */
    ck_assert_int_eq(peer_shell(CURL "-o /dev/null -o /dev/null -w '%%{num_connects}' http://127.0.0.1:%u/ "
                                     "http://127.0.0.1:%u/b.css | grep -qx 10",
                                port, port),
                     0);
    ck_assert_int_eq(peer_shell(CURL "--etag-save e -o /dev/null http://127.0.0.1:%u/big && " CURL
                                     "--etag-compare e -o /dev/null -w '%%{http_code} %%{size_download}' "
                                     "http://127.0.0.1:%u/big | grep -qx '304 0'",
                                port, port),
                     0);
    ck_assert_int_eq(
        peer_shell(CURL
                   "-I http://127.0.0.1:%u/b.css | tr -d '\\r' >h && grep -qx 'Content-Length: 100' h && "
                   "grep -qx 'Content-Type: text/css; charset=utf-8' h",
                   port),
        0);
    ck_assert_int_eq(
        peer_shell(CURL "-o /dev/null -w '%%{http_code}' http://127.0.0.1:%u/none | grep -qx 404", port), 0);
    /* a client that goes away in the middle */
    ck_assert_int_ne(peer_shell("curl -s -m 60 http://127.0.0.1:%u/big | head -c 1000 | cmp - big.bin", port),
                     0);
    ck_assert_int_eq(
        peer_shell(CURL "-r 0-999999 http://127.0.0.1:%u/big >r && head -c 1000000 big.bin | cmp - r", port),
        0);
}
END_TEST

START_TEST(the_next_one_gets_new_content)
{
    peer_make_file("small.new", 3000);
    ck_assert_int_eq(peer_shell("mv small.new small.bin"), 0);
    ck_assert_int_eq(peer_shell("until " CURL "http://127.0.0.1:%u/b.css | cmp -s - small.bin; do :; done",
                                port_of("http")),
                     0);
}
END_TEST

/* ---- bytes that no client would send */

static int connect_to(unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Reads to the end of the connection, into a text of this function. */
static const char *receive(int fd)
{
    static char text[65536];
    size_t len = 0;
    ssize_t part;
    while (len < sizeof(text) - 1 && (part = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
        len += (size_t)part;
    text[len] = 0;
    close(fd);
    return text;
}

static unsigned count(const char *text, const char *what)
{
    unsigned found = 0;
    while ((text = strstr(text, what))) {
        found++;
        text++;
    }
    return found;
}

static void ck_answer(unsigned port, const char *request, const char *status)
{
    int fd = connect_to(port);
    send_text(fd, request);
    shutdown(fd, SHUT_WR);
    const char *text = receive(fd);
    ck_assert_msg(!strncmp(text, status, strlen(status)), "%s to %.60s: %.60s", status, request, text);
}

START_TEST(clients_that_mean_ill)
{
    static char many[20000];
    unsigned port = port_of("few");
    ck_answer(port, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ");
    ck_answer(port, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 ");
    ck_answer(port, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 501 ");
    ck_answer(port, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 ");
    ck_answer(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", "HTTP/1.1 413 ");
    memset(many, 'a', sizeof(many) - 1);
    memcpy(many, "GET /", 5);
    ck_answer(port, many, "HTTP/1.1 414 ");
    memcpy(many, "GET / HTTP/1.1\r\nA:", 18);
    ck_answer(port, many, "HTTP/1.1 431 ");
    /* one behind the other, the last one of them the last one */
    int fd = connect_to(port);
    send_text(
        fd, "GET /b.css HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            "GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    const char *text = receive(fd);
    ck_assert_uint_eq(count(text, "HTTP/1.1 200 OK\r\n"), 2);
    ck_assert_uint_eq(count(text, "HTTP/1.1 405 "), 1);
    ck_assert_uint_eq(count(text, "HTTP/1.1 404 "), 1);
    ck_assert_uint_eq(count(text, "Connection: close\r\n"), 1);
    /* connections that ask for nothing make room for who does */
    int idle[12];
    for (int i = 0; i < 12; i++)
        idle[i] = connect_to(port);
    ck_answer(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 ");
    for (int i = 0; i < 12; i++)
        close(idle[i]);
}
END_TEST

/* However slow this machine is, the rest of the request never comes. */
START_TEST(half_a_request)
{
    int fd = connect_to(port_of("hasty"));
    send_text(fd, "GET / HTTP/1.1\r\nHo");
    ck_assert(!strncmp(receive(fd), "HTTP/1.1 408 ", 13));
}
END_TEST

START_TEST(many_connections)
{
    ck_assert_int_eq(peer_shell("wrk -t1 -c20 -d1s --timeout 60s http://127.0.0.1:%u/b.css >w && "
                                "grep -q 'requests in' w && ! grep -E 'Socket errors|Non-2xx' w",
                                port_of("http")),
                     0);
}
END_TEST

START_TEST(the_page_in_a_browser)
{
    unsigned port = port_of("http");
#define BROWSER                                                                                              \
    "HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_RUNTIME_DIR=$PWD chromium --headless=new --no-sandbox "              \
    "--disable-gpu --disable-dev-shm-usage "                                                                 \
    "--user-data-dir=profile --dump-dom "
    ck_assert_int_eq(
        peer_shell(BROWSER "'http://127.0.0.1:%u/system?still' >d 2>/dev/null && grep -q 'uplink-user' d && "
                           "grep -q '8 <span class=\"soft\">of 8' d && ! grep -q '<script' d",
                   port),
        0);
    if (run_on_mach())
        return; /* where what it looks like is the same */
    /*
     * Nothing sticks out at the right, neither on a desk nor in the narrowest window that there is. The page
     * itself forbids scripts; a copy of it can have one that says so.
     */
    ck_assert_int_eq(
        peer_shell(
            "curl -sS -m 60 'http://127.0.0.1:%u/system?still' >p.html && echo '<script>document.title = "
            "document.documentElement.scrollWidth > document.documentElement.clientWidth ? \"wide\" : "
            "\"fits\"</script>' >>p.html",
            port),
        0);
    for (int width = 400; width <= 1280; width += 880)
        ck_assert_int_eq(peer_shell(BROWSER "--window-size=%d,800 \"file://$PWD/p.html\" 2>/dev/null | "
                                            "grep -q '<title>fits</title>'",
                                    width),
                         0);
}
END_TEST

/* ---- components among themselves */

START_TEST(components_fetch_from_each_other)
{
    struct run run;
    char scenario[2048];
    peer_make_folder();
    peer_make_file("big.bin", 3 << 20);
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  http:\n"
             "    ram: 16M\n"
             "    route: { ROM: [{ match: big, to: parent }] }\n"
             "    config:\n"
             "      network: { ipv4: 10.0.0.1/24, ipv6: 'fd00::1/64' }\n"
             "      files: { /big: big }\n"
             "  fetch:\n"
             "    restart: on-failure\n"
             "    ram: 16M\n"
             "    route: { ROM: [{ match: big, to: parent }] }\n"
             "    config:\n"
             "      network: { ipv4: 10.0.0.2/24, ipv6: none }\n"
             "      url: http://10.0.0.1/big\n"
             "      expect: big\n"
             "      times: 3\n"
             "  fetch6:\n"
             "    binary: fetch\n"
             "    restart: on-failure\n"
             "    ram: 16M\n"
             "    route: { ROM: [{ match: big, to: parent }] }\n"
             "    config:\n"
             "      network: { ipv4: none, ipv6: 'fd00::3/64' }\n"
             "      url: 'http://[fd00::1]:80/big'\n"
             "      expect: big\n"
             "  ping:\n"
             "    restart: on-failure\n"
             "    config: { network: { ipv4: 10.0.0.4/24, ipv6: none }, to: 10.0.0.1, every: 10ms }\n"
             "files: { big: %s/big.bin }\n",
             peer_folder);
    run_start(&run, "run", scenario, headless);
    run_expect(&run, "http://10.0.0.1:80/");
    /* in any order */
    while (run_count(&run, "[fetch] http://10.0.0.1/big: as expected") < 3 ||
           !run_count(&run, "[fetch6] http://[fd00::1]:80/big: as expected") ||
           !run_count(&run, "[ping] 10.0.0.1: 4 sent, 4 answered"))
        run_expect(&run, "\n");
    end(&run);
    peer_remove_folder();
}
END_TEST

START_TEST(echoes)
{
    int fd = connect_to(port_of("echo"));
    send_text(fd, "hello");
    shutdown(fd, SHUT_WR);
    ck_assert_str_eq(receive(fd), "hello");
    run_expect(&servers, "echo: 5 bytes");
    fd = connect_to(port_of("discard"));
    send_text(fd, "hello");
    shutdown(fd, SHUT_WR);
    ck_assert_str_eq(receive(fd), "");
    run_expect(&servers, "discard: 5 bytes");
}
END_TEST

/* A port of this machine that nobody has at the moment. */
static unsigned free_port(void)
{
    struct sockaddr_in own = { .sin_family = AF_INET };
    socklen_t len = sizeof(own);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    close(fd);
    return ntohs(own.sin_port);
}

/* How many bytes the line with TEXT says. */
static unsigned long bytes_of(const struct run *run, const char *text)
{
    const char *line = strstr(run->text, text);
    ck_assert_ptr_nonnull(line);
    return strtoul(strstr(line, ": ") + 2, NULL, 10);
}

START_TEST(iperf_of_the_host)
{
    struct run *run = &servers;
    const unsigned port = port_of("iperf"), mib = run_on_mach() ? 1 : 8;
    ck_assert_int_eq(
        peer_shell("iperf -c 127.0.0.1 -p %u -n %uM >i && grep -q '%u.00 MBytes' i", port, mib, mib), 0);
    run_expect(run, "from 10.0.2.2:");
    ck_assert_uint_ge(bytes_of(run, "from 10.0.2.2:"), (size_t)mib << 20);
    ck_assert_int_eq(peer_shell("iperf -c 127.0.0.1 -p %u -u -t 0.2 >i 2>&1 && grep -q 'Server Report' i",
                                port_of("iperf-u")),
                     0);
    run_expect(run, " datagrams lost, ");
    /*
     * Both ways: by a connection of its own at the same time, or afterwards; by the same one. Through an
     * emulated card so much is under way after this time that iperf, listening, gives up before it has come.
     */
    if (!run_on_mach()) {
        const unsigned back = free_port();
        ck_assert_int_eq(peer_shell("iperf -c 127.0.0.1 -p %u -d -L %u -t 0.2 >i 2>&1", port, back), 0);
        while (run_count(run, "] from 10.0.2.2:") < 3 || run_count(run, "] to 10.0.2.2:") < 1)
            run_expect(run, "\n");
        ck_assert_int_eq(peer_shell("iperf -c 127.0.0.1 -p %u -r -L %u -t 0.2 >i 2>&1", port, back), 0);
        while (run_count(run, "] from 10.0.2.2:") < 4 || run_count(run, "] to 10.0.2.2:") < 2)
            run_expect(run, "\n");
    }
    ck_assert_int_eq(peer_shell("iperf -c 127.0.0.1 -p %u -R -t 0.2 >i 2>&1", port), 0);
    run_expect(run, "] to 10.0.2.2:");
    /* who is no iperf 2 */
    int fd = connect_to(port);
    send_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_str_eq(receive(fd), "");
    run_expect(run, "this is iperf 2, and what it gets is HTTP");
    fd = connect_to(port);
    send_text(fd, "abcdefghijklmnopqrstuvwxyz234567abcd");
    ck_assert_str_eq(receive(fd), "");
    run_expect(run, "this is iperf 2, and what it gets is iperf 3");
}
END_TEST

START_TEST(iperf_to_the_host)
{
    struct run run;
    char scenario[2048];
    unsigned back = free_port(), port, udp;
    while ((port = free_port()) == back)
        ;
    while ((udp = free_port()) == back)
        ;
    peer_make_folder();
    struct peer tcp_server, udp_server;
    peer_start(&tcp_server, "exec stdbuf -oL iperf -s -p %u 2>&1", port);
    peer_start(&udp_server, "exec stdbuf -oL iperf -s -u -p %u 2>&1", udp);
    peer_expect(&tcp_server, "listening on TCP port");
    peer_expect(&udp_server, "listening on UDP port");
    snprintf(scenario, sizeof(scenario),
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  uplink-user:\n"
             "    route: { Network: { to: parent, args: { reach: world host } }, Machine: parent }\n"
             "    config: { forward: [{ host: '127.0.0.1:%u', guest: '10.0.2.15:%u' }] }\n"
             "  tcp:\n"
             "    binary: iperf\n"
             "    config: { to: '10.0.2.2:%u', port: %u, ways: both, time: 200ms }\n"
             "  udp:\n"
             "    binary: iperf\n"
             "    config: { to: '10.0.2.2:%u', protocol: udp, time: 200ms, rate: 1M,\n"
             "              network: { ipv4: 10.0.2.20/24, gateway: 10.0.2.2 } }\n"
             "  nobody:\n"
             "    binary: iperf\n"
             "    restart: never\n"
             "    config: { to: '10.0.2.2:9', network: { ipv4: 10.0.2.21/24, gateway: 10.0.2.2 } }\n",
             back, back, port, back, udp);
    run_start(&run, "run", scenario, headless);
    while (!run_count(&run, "[tcp] to 10.0.2.2:") || !run_count(&run, "[tcp] from 10.0.2.2:") ||
           !run_count(&run, "[udp] to 10.0.2.2:") ||
           !run_count(&run, "[nobody] 10.0.2.2:9: nobody listens there"))
        run_expect(&run, "\n");
    peer_stop(&tcp_server);
    peer_stop(&udp_server);
    end(&run);
    peer_remove_folder();
}
END_TEST

START_TEST(iperf_between_components)
{
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  switch:\n"
              "  server: { binary: iperf, config: { network: { ipv4: 10.0.0.1/24, ipv6: none } } }\n"
              "  client:\n"
              "    binary: iperf\n"
              "    config: { network: { ipv4: 10.0.0.2/24, ipv6: none }, to: 10.0.0.1, time: 200ms }\n"
              "  both:\n"
              "    binary: iperf\n"
              "    restart: on-failure\n"
              "    config:\n"
              "      network: { ipv4: 10.0.0.3/24, ipv6: none }\n"
              "      to: 10.0.0.1\n"
              "      ways: both\n"
              "      time: 200ms\n"
              "  turns:\n"
              "    binary: iperf\n"
              "    restart: on-failure\n"
              "    config:\n"
              "      network: { ipv4: 10.0.0.4/24, ipv6: none }\n"
              "      to: 10.0.0.1\n"
              "      protocol: udp\n"
              "      ways: in-turn\n"
              "      time: 200ms\n",
              headless);
    while (run_count(&run, "[server] from 10.0.0.") < 3 || run_count(&run, "[server] to 10.0.0.") < 2 ||
           !run_count(&run, "[client] to 10.0.0.1:5001: ") || !run_count(&run, "[both] from 10.0.0.1:") ||
           !run_count(&run, "[turns] from 10.0.0.1:") || !run_count(&run, "there: "))
        run_expect(&run, "\n");
    end(&run);
}
END_TEST

/* Out to a port of ::1; and in by one, but on Mach, where QEMU's ports are of IPv4. */
START_TEST(the_host_by_ipv6)
{
    struct run run;
    struct peer server;
    char text[4096];
    unsigned port;
    peer_make_folder();
    peer_make_file("big", run_on_mach() ? 1 << 18 : 2 << 20);
    peer_start(&server, "exec python3 -u -m http.server 0 --bind ::1 2>/dev/null");
    peer_expect(&server, "Serving HTTP on ::1 port ");
    ck_assert_int_eq(sscanf(server.line, "Serving HTTP on ::1 port %u", &port), 1);
    snprintf(text, sizeof(text),
             "start:\n"
             "  timer:\n"
             "  switch:\n"
             "  uplink-user:\n"
             "    route: { Network: { to: parent, args: { reach: 'world host' } }, Machine: parent }\n"
             "%s"
             "  http:\n"
             "    ram: 50M\n"
             "    route: { ROM: [{ match: big, to: parent }] }\n"
             "    config: { network: { ipv4: none, ipv6: 'fec0::15/64' }, files: { /big: big } }\n"
             "  fetch:\n"
             "    ram: 12M\n"
             "    restart: { policy: on-failure, delay: 20ms }\n"
             "    route: { ROM: [{ match: big, to: parent }] }\n"
             "    config:\n"
             "      network: { ipv4: none, ipv6: 'fec0::16/64' }\n"
             "      url: 'http://[fec0::2]:%u/big'\n"
             "      expect: big\n"
             "files: { big: '%s/big' }\n",
             run_on_mach()
                 ? ""
                 : "    config: { forward: [{ host: '[::1]:0', guest: '[fec0::15]:80', scheme: http }] }\n",
             port, peer_folder);
    run_start(&run, "run", text, headless);
    run_expect(&run, "/big: as expected");
    run.seen = 0;
    if (!run_on_mach()) {
        run_expect(&run, "] http://[::1]:");
        ck_assert_int_eq(sscanf(strstr(run.text, "http://[::1]:"), "http://[::1]:%u", &port), 1);
        ck_assert_int_eq(peer_shell("curl -sS -6 'http://[::1]:%u/big' | cmp - big", port), 0);
    }
    peer_stop(&server);
    end(&run);
    peer_remove_folder();
}
END_TEST

static int has_ipv6(void)
{
    struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), has;
    has = fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at));
    if (fd >= 0)
        close(fd);
    return has;
}

/* TEST needs PROGRAM, or is skipped. */
static void add(TCase *tcase, const TTest *test, const char *name, const char *program, const char *why)
{
    char command[64];
    snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
    if (system(command))
        suite_skip(name, why);
    else
        tcase_add_test(tcase, test);
}

int main(void)
{
    Suite *suite = suite_create("run-web");
    TCase *between = tcase_create("components"), *hosts = tcase_create("clients of the host");
    tcase_set_timeout(between, 300);
    tcase_add_test(between, components_fetch_from_each_other);
    tcase_add_test(between, iperf_between_components);
    add(between, iperf_to_the_host, "iperf_to_the_host", "iperf", "the package iperf is not installed");
    if (has_ipv6())
        add(between, the_host_by_ipv6, "the_host_by_ipv6", "curl", "the package curl is not installed");
    else
        suite_skip("the_host_by_ipv6", "this machine has no IPv6");
    suite_add_tcase(suite, between);
    tcase_set_timeout(hosts, 300);
    tcase_add_unchecked_fixture(hosts, start_servers, end_servers);
    tcase_add_test(hosts, clients_that_mean_ill);
    tcase_add_test(hosts, half_a_request);
    tcase_add_test(hosts, echoes);
    add(hosts, iperf_of_the_host, "iperf_of_the_host", "iperf", "the package iperf is not installed");
    add(hosts, curl_gets_files, "curl_gets_files", "curl", "the package curl is not installed");
    if (run_on_mach())
        suite_skip("the_next_one_gets_new_content",
                   "modules come from the boot archive on Mach, which does not change");
    else
        add(hosts, the_next_one_gets_new_content, "the_next_one_gets_new_content", "curl",
            "the package curl is not installed");
    add(hosts, many_connections, "many_connections", "wrk", "the package wrk is not installed");
    add(hosts, the_page_in_a_browser, "the_page_in_a_browser", "chromium",
        "the package chromium is not installed");
    suite_add_tcase(suite, hosts);
    int status = suite_run(suite);
    if (started == ended)
        return status;
    /* of mistakes before all tests and after them Check says nothing */
    fprintf(stderr, "the system for clients of the host has not started or not ended well:\n%s",
            servers.text);
    return EXIT_FAILURE;
}
