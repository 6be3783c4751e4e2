/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.c: random numbers of a kernel that has none: the generator of os/core/drbg.h. What seeds it is what
 * the launcher has taken from the host (member "random-seed" of the boot archive, which nobody but core
 * gets), and the processor's own source where it has one (RDSEED, else RDRAND). Mixing is such that the
 * better of the two counts: neither can take away what the other has brought. The time stamp counter is mixed
 * in, too, but is no seed by itself.
 */
#include <cpuid.h>
#include <string.h>

#include <core/drbg.h>

#include "internal.h"

enum { SEED = 32, TRIES = 100, HAS_RDRAND = 1 << 30, HAS_RDSEED = 1 << 18 };

static struct drbg drbg;
static int seeded;

/* Either may have nothing just then. */
static int rdseed(uint32_t *word)
{
    uint8_t done;
    __asm__ volatile("rdseed %0; setc %1" : "=r"(*word), "=qm"(done) : : "cc");
    return done;
}

static int rdrand(uint32_t *word)
{
    uint8_t done;
    __asm__ volatile("rdrand %0; setc %1" : "=r"(*word), "=qm"(done) : : "cc");
    return done;
}

/* A source that keeps giving the same is broken, as some were after the machine had slept. */
static int read_words(int (*source)(uint32_t *), uint32_t words[SEED / 4])
{
    uint32_t differs = 0;
    for (int i = 0; i < SEED / 4; i++) {
        int tries = TRIES;
        while (!source(&words[i]))
            if (!--tries)
                return 0;
        differs |= words[i] ^ words[0];
    }
    return differs != 0;
}

static void add_processor(void)
{
    uint32_t a, b, c, d, words[SEED / 4];
    int found = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && b & HAS_RDSEED)
        found = read_words(rdseed, words);
    if (!found && __get_cpuid(1, &a, &b, &c, &d) && c & HAS_RDRAND)
        found = read_words(rdrand, words);
    if (!found)
        return;
    drbg_add(&drbg, words, sizeof(words));
    memset(words, 0, sizeof(words));
    seeded = 1;
}

static void add_launcher(void)
{
    uint8_t seed[SEED];
    if (mach_archive_take("random-seed", seed, sizeof(seed)) != sizeof(seed))
        return;
    drbg_add(&drbg, seed, sizeof(seed));
    memset(seed, 0, sizeof(seed));
    seeded = 1;
}

os_err mach_random_init(void)
{
    uint64_t stamp = __builtin_ia32_rdtsc();
    add_launcher();
    add_processor();
    drbg_add(&drbg, &stamp, sizeof(stamp));
    return OS_OK;
}

os_err core_plat_random(void *to, size_t size)
{
    if (!seeded)
        return OS_ERR_UNSUPPORTED;
    drbg_fill(&drbg, to, size);
    return OS_OK;
}
