/* SPDX-License-Identifier: BSD-2-Clause */
/* cc.h: what lwIP wants to know of compiler and C library. */
#ifndef NET_LWIP_ARCH_CC_H
#define NET_LWIP_ARCH_CC_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define LWIP_NO_UNISTD_H 1 /* no header of a system */
#define LWIP_NO_CTYPE_H  1 /* no locale */
typedef ptrdiff_t ssize_t;
#define SSIZE_MAX PTRDIFF_MAX

#define LWIP_TIMEVAL_PRIVATE 0

/* Both are of our own making: what peers send and memory that is short never get there. */
#define LWIP_PLATFORM_ASSERT(message) net_lwip_assert(message, __FILE__, __LINE__)
#define LWIP_PLATFORM_DIAG(x)         net_lwip_diagnostic x
#define LWIP_RAND()                   net_lwip_random()

_Noreturn void net_lwip_assert(const char *message, const char *file, int line);
void net_lwip_diagnostic(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint32_t net_lwip_random(void);
uint16_t net_lwip_sum(const void *data, int len);
void *net_lwip_malloc(size_t size);
void *net_lwip_calloc(size_t count, size_t size);
void net_lwip_free(void *block);
extern uint32_t net_lwip_window, net_lwip_send_buffer;

#endif
