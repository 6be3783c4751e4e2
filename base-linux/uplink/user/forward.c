/* SPDX-License-Identifier: BSD-2-Clause */
/* forward.c: see forward.h. */
#include "forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <os/component.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sockets.h"

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t len;
};

/* "127.0.0.1:8080", "[::1]:8080" */
static int parse(const char *text, struct address *address)
{
    char host[64];
    unsigned port;
    int end = 0;
    memset(address, 0, sizeof(*address));
    if (sscanf(text, "[%63[0-9a-fA-F:]]:%5u%n", host, &port, &end) == 2 && !text[end] && port < 65536) {
        address->len = sizeof(address->v6);
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1;
    }
    end = 0;
    if (sscanf(text, "%63[0-9.]:%5u%n", host, &port, &end) == 2 && !text[end] && port < 65536) {
        address->len = sizeof(address->v4);
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
        return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1;
    }
    return 0;
}

/* A forwarded port that there is. */
struct forward {
    struct os_list link;
    char host[64], guest[64]; /* as the config says */
    int udp;
    struct address at; /* with the port that the host has given */
    int wanted;        /* while the config is compared with what there is */
};

static struct os_list forwards = { &forwards, &forwards };

static struct forward *forward_of(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct forward, link);
}

static void place(const struct os_config *config, os_config_ref node)
{
    printf("%s:%u:%u: ", os_config_file(config), (unsigned)node->line, (unsigned)node->column);
}

static int parse_or_tell(const struct os_config *config, os_config_ref item, const char *key,
                         struct address *address)
{
    os_config_ref node = os_config_get(config, item, key);
    const char *text = os_config_str(config, item, key, "");
    if (strlen(text) < sizeof(((struct forward *)0)->host) && parse(text, address))
        return 1;
    place(config, node ? node : item);
    printf("%s '%s' of a forwarded port, expected an address with a port, as 127.0.0.1:8080 or [::1]:8080\n",
           key, text);
    return 0;
}

/* TEXT with the port that the host has given. */
static void tell(const char *host, uint16_t port, const char *scheme, const char *protocol, const char *guest)
{
    int len = (int)(strrchr(host, ':') - host);
    if (*scheme)
        printf("%s://%.*s:%u/ leads to %s\n", scheme, len, host, port, guest);
    else
        printf("%s %.*s:%u leads to %s\n", protocol, len, host, port, guest);
}

static const char *protocol_of(const struct os_config *config, os_config_ref item)
{
    return os_config_str(config, item, "protocol", "tcp");
}

static int flags_of(int udp)
{
    return udp ? SLIRP_HOSTFWD_UDP : 0;
}

static int tell_failure(const struct os_config *config, os_config_ref item, int error)
{
    place(config, item);
    printf("cannot forward %s %s to %s: %s\n", protocol_of(config, item),
           os_config_str(config, item, "host", ""), os_config_str(config, item, "guest", ""),
           error == EADDRINUSE ? "the port is taken"
           : error == EACCES   ? "neither the route of Network nor the host may allow it"
                               : strerror(error));
    return -1;
}

/* 0, or -1 after a line in the log. */
static int add(Slirp *slirp, const struct os_config *config, os_config_ref item)
{
    struct address from, to;
    uint16_t port;
    int error, udp = strcmp(protocol_of(config, item), "udp") == 0;
    if (!parse_or_tell(config, item, "host", &from) || !parse_or_tell(config, item, "guest", &to))
        return -1;
    struct forward *forward = calloc(1, sizeof(*forward));
    if (!forward)
        return tell_failure(config, item, ENOMEM);
    errno = 0;
    if (slirp_add_hostxfwd(slirp, &from.any, from.len, &to.any, to.len, flags_of(udp))) {
        error = errno;
        free(forward);
        return tell_failure(config, item, sockets_bound(&port) ? sockets_bound(&port) : error);
    }
    sockets_bound(&port);
    snprintf(forward->host, sizeof(forward->host), "%s", os_config_str(config, item, "host", ""));
    snprintf(forward->guest, sizeof(forward->guest), "%s", os_config_str(config, item, "guest", ""));
    forward->udp = udp;
    forward->wanted = 1;
    forward->at = from;
    if (from.any.sa_family == AF_INET)
        forward->at.v4.sin_port = htons(port);
    else
        forward->at.v6.sin6_port = htons(port);
    os_list_insert(&forwards, &forward->link);
    tell(forward->host, port, os_config_str(config, item, "scheme", ""), protocol_of(config, item),
         forward->guest);
    return 0;
}

/* Connections that came in by it go on. */
static void end(Slirp *slirp, struct forward *forward)
{
    if (slirp_remove_hostxfwd(slirp, &forward->at.any, forward->at.len, flags_of(forward->udp)) == 0)
        printf("%s %s does not lead to %s any more\n", forward->udp ? "udp" : "tcp", forward->host,
               forward->guest);
    os_list_remove(&forward->link);
    free(forward);
}

/* One that ITEM describes and no other item before. */
static struct forward *find(const struct os_config *config, os_config_ref item)
{
    int udp = strcmp(protocol_of(config, item), "udp") == 0;
    OS_LIST_FOR_EACH (link, &forwards) {
        struct forward *forward = forward_of(link);
        if (!forward->wanted && forward->udp == udp &&
            !strcmp(forward->host, os_config_str(config, item, "host", "")) &&
            !strcmp(forward->guest, os_config_str(config, item, "guest", "")))
            return forward;
    }
    return NULL;
}

void forward_all(struct os_env *env, Slirp *slirp, const struct os_config *config, os_config_ref list,
                 int started)
{
    static const os_config_ref none;
    os_config_ref first = list ? os_config_first(config, list) : none;
    struct forward *forward;
    OS_LIST_FOR_EACH (link, &forwards)
        forward_of(link)->wanted = 0;
    for (os_config_ref item = first; item; item = os_config_next(config, item))
        if ((forward = find(config, item)))
            forward->wanted = 1;
    /* first those that go, since another one may want their port */
    OS_LIST_FOR_EACH_SAFE (link, &forwards)
        if (!forward_of(link)->wanted)
            end(slirp, forward_of(link));
    OS_LIST_FOR_EACH (link, &forwards)
        forward_of(link)->wanted = 0;
    for (os_config_ref item = first; item; item = os_config_next(config, item))
        if ((forward = find(config, item)))
            forward->wanted = 1;
        else if (add(slirp, config, item) && !started && os_config_bool(config, item, "required", 1))
            os_exit(env, 1);
}
