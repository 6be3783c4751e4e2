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

static int parse_or_tell(const char *key, const char *text, struct address *address)
{
    if (parse(text, address))
        return 1;
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

/* 0, or -1 after a line in the log. */
static int forward(Slirp *slirp, const struct os_config *config, os_config_ref item)
{
    const char *host = os_config_str(config, item, "host", ""),
               *guest = os_config_str(config, item, "guest", "");
    const char *protocol = os_config_str(config, item, "protocol", "tcp");
    struct address from, to;
    uint16_t port;
    int error;
    if (!parse_or_tell("host", host, &from) || !parse_or_tell("guest", guest, &to))
        return -1;
    errno = 0;
    if (slirp_add_hostxfwd(slirp, &from.any, from.len, &to.any, to.len,
                           strcmp(protocol, "udp") ? 0 : SLIRP_HOSTFWD_UDP)) {
        error = errno;
        if (sockets_bound(&port))
            error = sockets_bound(&port);
        printf("cannot forward %s %s to %s: %s\n", protocol, host, guest,
               error == EADDRINUSE ? "the port is taken"
               : error == EACCES   ? "neither the route of Network nor the host may allow it"
                                   : strerror(error));
        return -1;
    }
    sockets_bound(&port);
    tell(host, port, os_config_str(config, item, "scheme", ""), protocol, guest);
    return 0;
}

void forward_all(struct os_env *env, Slirp *slirp, const struct os_config *config, os_config_ref list)
{
    for (os_config_ref item = list ? os_config_first(config, list) : NULL; item;
         item = os_config_next(config, item))
        if (forward(slirp, config, item) && os_config_bool(config, item, "required", 1))
            os_exit(env, 1);
}
