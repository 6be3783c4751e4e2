/* SPDX-License-Identifier: BSD-2-Clause */
/* several.h: more than one TCP/IP stack in a process, each with its own copy of all that lwIP knows. */
#ifndef TESTS_NET_SEVERAL_H
#define TESTS_NET_SEVERAL_H

/* Before the first stack of a test. */
void several_init(void);

#endif
