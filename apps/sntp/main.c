/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sntp: asks servers what time it is, one after the other until one answers well, and sets an Rtc session by
 * it; again after a while. What is no good answer is refused, with a line that says why.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/random.h>
#include <os/rtc.h>
#include <os/timer.h>
#include <network/siphash.h>
#include <network/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"

OS_MANIFEST("requires: [Nic, Timer, Rtc]\n"
            "ram: 4M\n"
            "caps: 72\n");

enum { SERVERS = 8, ADDRESSES = 4, US_SEC = 1000000 };
#define LONGEST (131072 * OS_SEC) /* RFC 5905: nobody waits longer */

static struct os_env *env;
static struct os_config_rom config;
static struct net_stack stack;
static struct os_timeouts timeouts;
static struct os_timeout next_round, late, over;
static struct net_resolve resolve;
static struct net_udp udp;

static struct server {
    const char *name;
    int refused; /* it does not want to be asked again */
} servers[SERVERS];
static unsigned server_count, at; /* at: the one that is asked */

static struct net_addr addrs[ADDRESSES]; /* of that one */
static uint32_t addr_count, addr_at;
static uint16_t port;

static uint64_t key[2], asked, nonce;
static os_time asked_when;
static int told; /* of this request: that something came that was none */

static os_time every, retry, delay, patience, max_step;
static int64_t first_us, end_us; /* what can be */
static int begun, once, resolving, status;

static void ask_server(void);

/* ---- rounds */

static const char *name(void)
{
    return servers[at].name;
}

static void handle_over(struct os_timeout *timeout)
{
    net_stack_exit(&stack, status);
}

/* Not at once: a datagram may be in our hands, which the stack wants back first. */
static void end(int with)
{
    status = with;
    os_require(env, os_timeout_arm(&over, 0), "no time-outs");
}

static void wait_for_round(os_time time)
{
    os_require(env, os_timeout_arm(&next_round, time), "no time-outs");
}

static int anybody_left(void)
{
    for (unsigned i = 0; i < server_count; i++)
        if (!servers[i].refused)
            return 1;
    return 0;
}

/* Nobody has answered well. */
static void round_failed(void)
{
    if (!anybody_left()) {
        printf("no server is left, so none is asked any more\n");
        if (once)
            end(1);
        return;
    }
    printf("the clock is not set; next attempt in %llu s\n", (unsigned long long)(delay / OS_SEC));
    wait_for_round(delay);
    delay = delay * 2 < every ? delay * 2 : every;
}

static void stop_asking(void)
{
    if (resolving)
        net_resolve_cancel(&resolve);
    resolving = 0;
    net_udp_close(&udp);
    os_timeout_disarm(&late);
}

static void next_server(void)
{
    stop_asking();
    while (++at < server_count && servers[at].refused)
        ;
    if (at < server_count)
        ask_server();
    else
        round_failed();
}

static void handle_round(struct os_timeout *timeout)
{
    at = 0;
    while (at < server_count && servers[at].refused)
        at++;
    ask_server();
}

static void server_failed(const char *why)
{
    printf("%s: %s\n", name(), why);
    next_server();
}

/* ---- an answer */

/*
 * What the clock was set to, with what its half WAY can be wrong by, and AHEAD, how much more that is than it
 * was before if it was KNOWN.
 */
static void say_set(const struct sntp_answer *answer, int64_t us, int64_t way, int known, int64_t ahead)
{
    char text[OS_RTC_TEXT];
    int64_t size = ahead < 0 ? -ahead : ahead;
    printf("%s: %s, stratum %u, within %lld.%06u s; the clock was ", name(), os_rtc_format(us, text),
           answer->stratum, (long long)(way / US_SEC), (unsigned)(way % US_SEC));
    if (known)
        printf("%lld.%06u s %s\n", (long long)(size / US_SEC), (unsigned)(size % US_SEC),
               ahead < 0 ? "ahead" : "behind");
    else
        printf("not set\n");
}

/* Sessions are opened for each setting, so that an rtc that has ended meanwhile makes no difference. */
static os_err set_clock(int64_t us, int *known, int64_t *ahead)
{
    struct os_rtc_session rtc;
    struct os_rtc_time now;
    os_err err = os_rtc_open(env, "", "", &rtc);
    if (err)
        return err;
    *known = os_rtc_now(rtc.cap, &now) == OS_OK;
    *ahead = *known ? us - now.us : 0;
    int64_t size = *ahead < 0 ? -*ahead : *ahead;
    err = *known && (uint64_t)size > max_step / OS_US ? OS_ERR_TOO_LARGE : os_rtc_set(rtc.cap, us);
    os_rtc_close(&rtc);
    return err;
}

/* The clock is set to when the answer was sent and what half of its way and of that of the question took. */
static void use(const struct sntp_answer *answer, os_time now)
{
    char text[96];
    int known = 0;
    int64_t ahead = 0, us = sntp_unix_us(answer->sent, (uint32_t)(first_us / US_SEC));
    int64_t took = (int64_t)((now - asked_when) / OS_US), way = took - sntp_server_us(answer);
    if (way < -1) { /* rounded */
        server_failed("the server says that it has needed longer than the answer took");
        return;
    }
    way = way > 0 ? way / 2 : 0;
    us += way;
    if (us >= end_us) {
        snprintf(text, sizeof(text), "%.24s cannot be", os_rtc_format(us, (char[OS_RTC_TEXT]){ 0 }));
        server_failed(text);
        return;
    }
    os_err err = set_clock(us, &known, &ahead);
    if (err == OS_ERR_TOO_LARGE) {
        snprintf(text, sizeof(text), "%.24s is more than max-step off the clock",
                 os_rtc_format(us, (char[OS_RTC_TEXT]){ 0 }));
        server_failed(text);
        return;
    }
    stop_asking();
    if (err) {
        printf("the clock cannot be set: %s\n", os_err_text(err));
        round_failed();
        return;
    }
    say_set(answer, us, way, known, ahead);
    if (once) {
        end(0);
        return;
    }
    delay = retry;
    wait_for_round(every);
}

static void received(struct net_udp *which, const void *data, size_t len, const struct net_addr *from,
                     const struct net_addr *to)
{
    struct sntp_answer answer;
    os_time now;
    enum sntp_verdict verdict = SNTP_FOREIGN;
    snprintf(answer.why, sizeof(answer.why), "what came is from somebody else");
    if (net_addr_equal(from, &addrs[addr_at]))
        verdict = sntp_check(data, len, nonce, &answer);
    if (verdict == SNTP_FOREIGN) {
        if (!told++)
            printf("%s: %s\n", name(), answer.why);
        return;
    }
    if (verdict == SNTP_GOOD && os_timeouts_now(&timeouts, &now) == OS_OK) {
        use(&answer, now);
        return;
    }
    if (verdict == SNTP_NEVER)
        servers[at].refused = 1;
    if (verdict == SNTP_SLOWER)
        every = every < LONGEST / 2 ? every * 2 : LONGEST;
    if (verdict == SNTP_SLOWER && delay < every / 2)
        delay *= 2;
    server_failed(answer.why);
}

/* ---- a question */

/* At the next address of the server, or the next server. */
static void ask_address(void)
{
    uint8_t packet[SNTP_PACKET];
    stop_asking();
    if (addr_at == addr_count) {
        next_server();
        return;
    }
    addrs[addr_at].port = addrs[addr_at].port ? addrs[addr_at].port : port;
    asked++;
    nonce = net_siphash24(key, (const uint64_t[]){ asked, os_clock_now() }, 2);
    told = 0;
    sntp_request(packet, nonce);
    udp = (struct net_udp){ .received = received };
    /* each question from another port */
    os_err err = net_udp_open(&stack, &udp, NULL);
    if (!err)
        err = os_timeouts_now(&timeouts, &asked_when);
    if (!err)
        err = net_udp_send(&udp, &addrs[addr_at], packet, sizeof(packet));
    if (!err)
        err = os_timeout_arm(&late, patience);
    if (err)
        server_failed(os_err_text(err));
}

static void handle_late(struct os_timeout *timeout)
{
    char text[NET_ADDR_TEXT];
    printf("%s: no answer from %s\n", name(), net_addr_format(&addrs[addr_at], text));
    addr_at++;
    ask_address();
}

static void resolved(struct net_resolve *which, os_err err, const struct net_addr *found, uint32_t count)
{
    resolving = 0;
    if (err) {
        server_failed(os_err_text(err));
        return;
    }
    addr_at = 0;
    addr_count = count < ADDRESSES ? count : ADDRESSES;
    memcpy(addrs, found, addr_count * sizeof(*addrs));
    ask_address();
}

/* NAME, or NAME:PORT: what is left of NAME, and the port. An address has its port by itself. */
static int read_name(const char *text, char host[256])
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    unsigned long number = SNTP_PORT;
    size_t len = colon ? (size_t)(colon - text) : strlen(text);
    if (colon)
        number = strtoul(colon + 1, &end, 10);
    if (!len || len > 255 || (colon && (*end || end == colon + 1)) || !number || number > UINT16_MAX)
        return 0;
    memcpy(host, text, len);
    host[len] = '\0';
    port = (uint16_t)number;
    return 1;
}

static void ask_server(void)
{
    struct net_addr addr = { 0 };
    char host[256];
    if (net_addr_parse(name(), &addr) == OS_OK && addr.family != NET_ANY) {
        port = SNTP_PORT;
        resolved(&resolve, OS_OK, &addr, 1);
        return;
    }
    if (!read_name(name(), host)) {
        servers[at].refused = 1;
        server_failed(
            "neither a name nor an address, expected time.example or 10.0.0.1:123; not asked again");
        return;
    }
    resolve = (struct net_resolve){ .resolved = resolved };
    os_err err = net_resolve(&stack, &resolve, host, NET_ANY);
    resolving = !err;
    if (err)
        server_failed(os_err_text(err));
}

/* ---- the start */

/* Begins when there is an address to ask from. */
static void changed(struct net_stack *which)
{
    struct net_stack_state state;
    net_stack_state(which, &state);
    if (begun || (state.ipv4.family == NET_ANY && state.ipv6_count < 2))
        return;
    begun = 1;
    wait_for_round(0);
}

static int64_t year_us(uint64_t year)
{
    const struct os_rtc_date date = { .year = (int32_t)year, .month = 1, .day = 1 };
    int64_t us = 0;
    os_require(env, os_rtc_us(&date, &us), "no such year");
    return us;
}

static void read_config(const struct os_config *from, os_config_ref root)
{
    os_config_ref item = os_config_first(from, os_config_get(from, root, "servers"));
    for (server_count = 0; item && server_count < SERVERS; item = os_config_next(from, item))
        servers[server_count++] = (struct server){ .name = os_config_value(from, item) };
    if (item)
        printf("more than %d servers; the others are not asked\n", SERVERS);
    every = os_config_time(from, root, "every", 1024 * OS_SEC);
    retry = os_config_time(from, root, "retry", 16 * OS_SEC);
    delay = retry = retry < every ? retry : every;
    patience = os_config_time(from, root, "patience", 5 * OS_SEC);
    max_step = os_config_time(from, root, "max-step", OS_NEVER);
    first_us = year_us(os_config_u64(from, root, "from", 2024));
    end_us = year_us(os_config_u64(from, root, "to", 2099) + 1);
    once = os_config_bool(from, root, "once", 0);
}

/* Asks anew, and everybody. Its network stays as it was at the start. */
static void config_changed(struct os_config_rom *rom)
{
    stop_asking();
    read_config(&rom->config, os_config_root(&rom->config));
    if (begun)
        wait_for_round(0);
}

void component_construct(struct os_env *component_env)
{
    env = component_env;
    begun = resolving = 0;
    stack = (struct net_stack){ .changed = changed };
    os_require(env, os_random_bytes(env, key, sizeof(key)), "no random numbers");
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&next_round, &timeouts, handle_round);
    os_timeout_init(&late, &timeouts, handle_late);
    os_timeout_init(&over, &timeouts, handle_over);
    os_require(env, os_config_rom_open(&config, env, "config", config_changed), "no config");
    os_config_ref root = os_config_root(&config.config);
    read_config(&config.config, root);
    os_require(env,
               net_stack_init(&stack, env, &config.config, os_config_get(&config.config, root, "network")),
               "no network");
    changed(&stack);
}
