/* SPDX-License-Identifier: BSD-2-Clause */
/* startup.h: what a component finds when it starts: core maps one page with this, read-only, and passes its
 * address in %eax to the entry of the ELF file. The names are of send rights in the component's name space.
 */
#ifndef MACH_BASE_STARTUP_H
#define MACH_BASE_STARTUP_H

#include <stdint.h>

#define MACH_STARTUP_MAGIC 0x5eedb001u

/* How to read the time: nanoseconds = (tsc - base) * mult >> shift; see base-mach/kernel/clock.c. */
struct mach_clock {
    uint64_t base;
    uint32_t mult, shift; /* shift at most 32 */
};

/* From here on the clock runs, in this program, as CLOCK says, which is copied; before, it stands at 0. */
void mach_clock_set(const struct mach_clock *clock);

/* As plat_clock, which is this. */
uint64_t mach_clock_now(void);

struct mach_startup {
    uint32_t magic;
    uint32_t parent; /* os_parent */
    uint32_t pd;     /* os_pd: the component's own account */
    uint32_t native; /* mach_native, native.h */
    uint32_t stack;  /* the lowest address of the first thread's stack, which has a hole before it */
    struct mach_clock clock;
};

#endif
