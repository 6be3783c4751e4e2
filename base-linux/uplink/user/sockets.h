/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets.h: the C library's functions on sockets for libslirp, in a sandbox that has none: core makes,
 * binds, connects and shuts down sockets (linux_base/network.h), and what libslirp asks for besides is either
 * so already or not needed. sockets.c defines these functions in the program, where the library finds them
 * first.
 */
#ifndef USER_SOCKETS_H
#define USER_SOCKETS_H

#include <linux_base/network.h>

/* Sockets of libslirp have lower numbers than this. */
enum { SOCKETS_MAX = 1024 };

/* Before libslirp; MAX sockets at a time. CLOSED is called before a socket of libslirp is closed. */
void sockets_init(struct os_env *env, linux_network_cap network, unsigned max, void (*closed)(int fd));

/* How many are connections or flows, not ports that are listened on. */
unsigned sockets_live(void);

/* FD listens, and there are so many sockets that nothing can be accepted. */
int sockets_must_wait(int fd);

/* What the last bind has come to: errno, or the port. */
int sockets_bound(uint16_t *port);

/* Whether this machine itself can be reached. */
int sockets_reach_host(void);

#endif
