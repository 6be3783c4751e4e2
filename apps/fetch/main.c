/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch: gets what is at a URL, as often as it is told, and says status, length and checksum of each; or
 * compares it, byte for byte, with a ROM module. It ends with status 0 if all was as expected.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/timer.h>
#include <network/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reply.h"

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 4M\n"
            "caps: 64\n");

static struct os_env *env;
static struct os_config_rom config;
static struct net_stack stack;
static struct net_resolve resolve;
static struct net_tcp tcp;
static struct os_timeouts timeouts;
static struct os_timeout limit;
static struct os_rom_module expected; /* data NULL: nothing to compare with */

static const char *url;
static char host[256], request[1024];
static const char *path;
static struct net_addr server;
static uint64_t times;
static os_time patience;
static int begun;

static struct reply reply;
static size_t request_len, request_sent;
static uint64_t bytes, sum;
static int64_t differs; /* first place that is not as expected, or -1 */

static void start(void);

static void leave(int status)
{
    net_tcp_abort(&tcp);
    net_stack_fini(&stack);
    os_exit(env, status);
}

static void fail(const char *why)
{
    printf("%s: %s\n", url, why);
    leave(1);
}

/* ---- the answer */

static void finish(void)
{
    if (reply.phase == REPLY_BAD)
        fail(reply.why);
    printf("%s: status %d, %llu bytes, FNV-1a %016llx\n", url, reply.status, (unsigned long long)bytes,
           (unsigned long long)sum);
    if (expected.data && differs < 0 && bytes < expected.size)
        differs = (int64_t)bytes;
    if (expected.data && differs >= 0) {
        printf("%s: not as expected from byte %lld on\n", url, (long long)differs);
        leave(1);
    }
    if (expected.data)
        printf("%s: as expected\n", url);
    if (reply.status >= 400)
        leave(1);
    net_tcp_close(&tcp);
    if (times && !--times)
        leave(0);
    start();
}

static void take_body(const char *data, size_t len)
{
    uint64_t place = bytes;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (unsigned char)data[i]) * 0x100000001b3u;
    bytes += len;
    if (!expected.data || differs >= 0)
        return;
    uint64_t known = place < expected.size ? expected.size - place : 0;
    size_t both = known < len ? (size_t)known : len, i = 0;
    const char *as = (const char *)expected.data + place;
    if (both && !memcmp(data, as, both))
        i = both;
    while (i < both && data[i] == as[i])
        i++;
    if (i < len)
        differs = (int64_t)(place + i);
}

/* The limit is for each progress, so that what is large and slow comes through. */
static void arm_limit(void)
{
    os_require(env, os_timeout_arm(&limit, patience), "no time-outs");
}

static void readable(struct net_tcp *from)
{
    const void *data;
    size_t len;
    while (!net_tcp_peek(from, &data, &len)) {
        if (!len) {
            reply_end(&reply);
            finish();
            return;
        }
        for (size_t at = 0, taken = 1; at < len && taken; at += taken) {
            const char *body;
            size_t body_len;
            taken = reply_take(&reply, (const char *)data + at, len - at, &body, &body_len);
            take_body(body, body_len);
        }
        net_tcp_consume(from, len);
        if (reply.phase == REPLY_DONE || reply.phase == REPLY_BAD) {
            finish();
            return;
        }
    }
    arm_limit();
}

/* ---- the request */

static void writable(struct net_tcp *to)
{
    size_t len;
    if (request_sent == request_len)
        return;
    os_err err = net_tcp_write(to, request + request_sent, request_len - request_sent, &len);
    request_sent += err ? 0 : len;
    net_tcp_flush(to);
}

static void closed(struct net_tcp *which, os_err err)
{
    fail(os_err_text(err));
}

static void out_of_time(struct os_timeout *timeout)
{
    fail(!begun         ? "there is no network"
         : reply.status ? "the rest of the answer does not come"
         : request_sent ? "no answer"
         : server.port  ? "the server does not accept"
                        : "the name is not found in time");
}

static void start(void)
{
    reply = (struct reply){ 0 };
    request_sent = 0;
    bytes = 0;
    sum = 0xcbf29ce484222325u;
    differs = -1;
    tcp = (struct net_tcp){
        .connected = writable, .readable = readable, .writable = writable, .closed = closed
    };
    os_err err = net_tcp_connect(&stack, &tcp, &server, NULL);
    if (err)
        fail(os_err_text(err));
    arm_limit();
}

static void resolved(struct net_resolve *which, os_err err, const struct net_addr *addrs, uint32_t count)
{
    uint16_t port = server.port;
    if (err)
        fail(os_err_text(err));
    server = addrs[0];
    server.port = port;
    start();
}

/* ---- the start */

/* "http://HOST[:PORT]/PATH"; HOST may be an IPv6 address in brackets. */
static void parse_url(void)
{
    static const char scheme[] = "http://";
    const char *at = url + sizeof(scheme) - 1;
    uint64_t port = 80;
    if (strncmp(url, scheme, sizeof(scheme) - 1))
        fail("not a URL that begins with http://");
    size_t skip = *at == '[', len = strcspn(at + skip, skip ? "]" : ":/");
    if (!len || len >= sizeof(host) || (skip && at[skip + len] != ']'))
        fail("no host in this URL");
    memcpy(host, at + skip, len);
    const char *rest = at + len + 2 * skip;
    if (*rest == ':') {
        char *end;
        port = strtoul(rest + 1, &end, 10);
        if (end == rest + 1 || !port || port > 65535)
            fail("no port in this URL");
        rest = end;
    }
    if (*rest && *rest != '/')
        fail("no path in this URL");
    path = *rest ? rest : "/";
    server.port = (uint16_t)port;
    int text = snprintf(request, sizeof(request),
                        "GET %s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: seedbed\r\nConnection: close\r\n\r\n",
                        path, (int)(rest - at), at);
    if (text < 0 || (size_t)text >= sizeof(request) || strpbrk(path, " \r\n"))
        fail("this URL is too long, or has a space");
    request_len = (size_t)text;
}

static void ready(struct net_stack *which)
{
    begun = 1;
    resolve.resolved = resolved;
    os_err err = net_resolve(&stack, &resolve, host, NET_ANY);
    if (err)
        fail(os_err_text(err));
}

void component_construct(struct os_env *component_env)
{
    env = component_env;
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&limit, &timeouts, out_of_time);
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "no config");
    os_config_ref root = os_config_root(&config.config);
    url = os_config_str(&config.config, root, "url", "");
    times = os_config_u64(&config.config, root, "times", 1);
    patience = os_config_time(&config.config, root, "patience", 30 * OS_SEC);
    const char *module = os_config_str(&config.config, root, "expect", "");
    if (module[0])
        os_require(env, os_rom_module_open(&expected, env, module), "cannot open what is expected");
    parse_url();
    arm_limit();
    stack.ready = ready;
    stack.family = net_addr_family(host);
    net_stack_require(&stack, env, &config.config);
}
