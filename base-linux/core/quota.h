/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quota.h: how much there is to give away on this machine, and what a process costs; for core, and for who
 * wants to know without starting a system.
 */
#ifndef LINUX_CORE_QUOTA_H
#define LINUX_CORE_QUOTA_H

#include <os/types.h>

struct linux_quota {
    uint64_t ram; /* bytes */
    uint32_t caps;
};

/* All there is. Raises the soft limit of descriptors, which bounds the caps, to the hard one. */
struct linux_quota linux_quota_of_machine(void);

/* What core keeps of it. */
struct linux_quota linux_quota_of_core(void);

/* Bytes of private memory that the kernel allows a process with PROFILE whose account has RAM bytes. */
uint64_t linux_process_private(const char *profile, uint64_t ram);

/* What a process with such an account is charged as long as it is there. */
struct linux_quota linux_quota_of_process(const char *profile, uint64_t ram);

/*
 * What a component whose account has HAS can have in use or give away once its PD session is open. Non-zero
 * if there is enough for that; else *LEFT is 0 where it falls short.
 */
int linux_quota_left(struct linux_quota has, const char *profile, struct linux_quota *left);

#endif
