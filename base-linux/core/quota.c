/* SPDX-License-Identifier: BSD-2-Clause */
/* quota.c: how much there is to give away on this machine, and what a process costs. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <core/internal.h>

#include "quota.h"

/* What core keeps: descriptors for itself, ram for the ROM modules. */
enum { OWN_FILES = 256, OWN_CAPS = 1000 };
#define OWN_RAM OS_MIB(512)

/*
 * What a component may have besides dataspaces: private memory (data, stacks of threads, and all of malloc
 * where the C library has its own) and the stack of its first thread. Charged as a whole, because the kernel
 * enforces it as a limit and does not tell when it is used.
 */
#define PRIVATE_MIN OS_KIB(128)
#define PRIVATE_MAX OS_MIB(4)
#define STACK       OS_KIB(256)

/* For its connection to core and its raw output. */
#define PROCESS_CAPS 2u

/* core holds two descriptors for a dataspace, one for other objects. */
struct linux_quota linux_quota_of_machine(void)
{
    struct rlimit files = { 1024, 1024 };
    struct linux_quota all;
    long pages = sysconf(_SC_PHYS_PAGES);
    if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        getrlimit(RLIMIT_NOFILE, &files);
    }
    uint64_t usable = files.rlim_cur > OWN_FILES + 4 * OWN_CAPS ? files.rlim_cur - OWN_FILES : 4 * OWN_CAPS;
    all.caps = (uint32_t)(usable / 2 < 1000000 ? usable / 2 : 1000000);
    all.ram = (pages > 0 ? (uint64_t)pages * OS_PAGE_SIZE / 4 * 3 : OS_MIB(1024)) + OWN_RAM;
    return all;
}

struct linux_quota linux_quota_of_core(void)
{
    return (struct linux_quota){ OWN_RAM, OWN_CAPS };
}

/* Ordinary components have their heap in dataspaces; others use malloc of the C library for nearly
 * everything. */
uint64_t linux_process_private(const char *profile, uint64_t ram)
{
    int strict = !strcmp(profile, "strict");
    uint64_t bytes = strict ? ram / 4 : ram / 4 * 3;
    if (strict && bytes > PRIVATE_MAX)
        bytes = PRIVATE_MAX;
    if (bytes < PRIVATE_MIN)
        bytes = PRIVATE_MIN;
    return os_page_up(bytes);
}

struct linux_quota linux_quota_of_process(const char *profile, uint64_t ram)
{
    return (struct linux_quota){ linux_process_private(profile, ram) + STACK, PROCESS_CAPS };
}

int linux_quota_left(struct linux_quota has, const char *profile, struct linux_quota *left)
{
    struct linux_quota price = linux_quota_of_process(profile, has.ram);
    price.ram += CORE_SESSION_RAM;
    price.caps += CORE_SESSION_CAPS + 1; /* the PD's own */
    left->ram = has.ram > price.ram ? has.ram - price.ram : 0;
    left->caps = has.caps > price.caps ? has.caps - price.caps : 0;
    return has.ram >= price.ram && has.caps >= price.caps;
}
