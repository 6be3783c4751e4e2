/* SPDX-License-Identifier: BSD-2-Clause */
/* several.h: more than one TCP/IP stack in a process, each with its own copy of all that lwIP knows. */
#ifndef TESTS_NET_SEVERAL_H
#define TESTS_NET_SEVERAL_H

/* Before the first stack of a test. */
void several_init(void);

/*
 * Of what lwIP and net/lib want to have of a stack's memory (but for frames that come in), all but SPARED's:
 * COUNT in succession are refused after AFTER have been given; 0: none. Says how many were wanted since the
 * last time.
 */
struct net_stack_private;
unsigned several_refuse(const struct net_stack_private *spared, unsigned after, unsigned count);

#endif
