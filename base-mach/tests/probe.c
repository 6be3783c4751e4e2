/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c: what the runtime on Mach does by other means than that on Linux: floating point across switches of
 * threads and tasks, blocking without a futex, newlib's output, attachments with a guard. Does the step that
 * its config names, and logs "STEP: ok" or what was wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <os/thread.h>

#include "require.h"

OS_MANIFEST("ram: 4M\n"
            "caps: 100\n"
            "config: { step: string }\n");

static struct os_env *env;

/* ---- floating point: values that stay in registers for long, and come out the same each time */

enum { VALUES = 6, FLOAT_STEPS = 100000, FLOAT_ROUNDS = 10, FLOAT_THREADS = 3 };

__attribute__((noinline)) static void compute(double seed, double result[VALUES])
{
    double a = seed, b = seed + 1, c = seed + 2, d = seed + 3, e = seed + 4, f = seed + 5;

    for (int i = 0; i < FLOAT_STEPS; i++) {
        a = a * 1.0000001 + b * 1e-9;
        b = b * 0.9999999 + c * 1e-9;
        c = c * 1.0000001 - d * 1e-9;
        d = d * 0.9999999 + e * 1e-9;
        e = e * 1.0000001 + f * 1e-9;
        f = f * 0.9999999 - a * 1e-9;
    }
    memcpy(result, (double[]){ a, b, c, d, e, f }, VALUES * sizeof(double));
}

/* As long as ROUNDS last; whether all of them came out like the first. */
static int computes_the_same(double seed, int rounds)
{
    double first[VALUES], again[VALUES];

    compute(seed, first);
    for (int i = 1; i < rounds; i++) {
        compute(seed, again);
        if (memcmp(first, again, sizeof(first)))
            return 0;
    }
    return 1;
}

struct computer {
    struct os_thread thread;
    double seed;
    int same;
};

static void compute_in_thread(struct os_thread *thread)
{
    struct computer *computer = OS_CONTAINER_OF(thread, struct computer, thread);
    computer->same = computes_the_same(computer->seed, FLOAT_ROUNDS);
}

/* This thread takes part: each has values of its own. */
static int floats(void)
{
    static struct computer computers[FLOAT_THREADS];
    for (int i = 0; i < FLOAT_THREADS; i++) {
        computers[i].seed = 10.5 * (i + 1);
        REQUIRE(os_thread_start(&computers[i].thread, compute_in_thread, 0) == OS_OK);
    }
    int same = computes_the_same(0.25, FLOAT_ROUNDS);
    for (int i = 0; i < FLOAT_THREADS; i++)
        os_thread_join(&computers[i].thread);
    for (int i = 0; i < FLOAT_THREADS; i++)
        REQUIRE(computers[i].same);
    REQUIRE(same);
    return 1;
}

/* The same in a second component, until the system ends. */
static int floats_forever(void)
{
    printf("computing\n");
    while (computes_the_same(1234.5, FLOAT_ROUNDS))
        ;
    printf("not the same\n");
    return 0;
}

/* ---- blocking */

enum { WORKERS = 6, ITEMS = 2000, SLOTS = 4 };

/* A queue that is mostly full or empty. */
static struct os_semaphore filled, room;
static struct os_mutex lock;
static unsigned queue[SLOTS], first_item, items;
static _Atomic uint32_t taken;
static _Atomic uint64_t sum;

static void put(unsigned item)
{
    os_err err = os_semaphore_down(&room, OS_NEVER);
    os_mutex_lock(&lock);
    queue[(first_item + items++) % SLOTS] = item;
    os_mutex_unlock(&lock);
    os_semaphore_up(&filled);
    (void)err;
}

static unsigned take(void)
{
    /* deadlines that pass and deadlines that do not: what wakes must not be lost with either */
    while (os_semaphore_down(&filled, os_clock_now() + 10 * OS_MS))
        ;
    os_mutex_lock(&lock);
    unsigned item = queue[first_item];
    first_item = (first_item + 1) % SLOTS;
    items--;
    os_mutex_unlock(&lock);
    os_semaphore_up(&room);
    return item;
}

static void work(struct os_thread *thread)
{
    (void)thread;
    for (unsigned item; (item = take());) {
        atomic_fetch_add(&sum, item);
        atomic_fetch_add(&taken, 1);
    }
}

static int blocking(void)
{
    static struct os_thread workers[WORKERS];
    for (int i = 0; i < SLOTS; i++)
        os_semaphore_up(&room);
    for (int i = 0; i < WORKERS; i++)
        REQUIRE(os_thread_start(&workers[i], work, 0) == OS_OK);
    for (unsigned i = 1; i <= ITEMS; i++)
        put(i);
    for (int i = 0; i < WORKERS; i++)
        put(0);
    for (int i = 0; i < WORKERS; i++)
        os_thread_join(&workers[i]);
    REQUIRE(taken == ITEMS && sum == (uint64_t)ITEMS * (ITEMS + 1) / 2);
    REQUIRE(!items && !filled.count && room.count == SLOTS && !filled.waiters && !room.waiters);
    return 1;
}

/* Not before the deadline, however the kernel counts its ticks. */
static int deadlines(void)
{
    struct os_semaphore never = { 0 };
    for (unsigned ms = 0; ms < 40; ms += 3) {
        os_time due = os_clock_now() + ms * OS_MS;
        REQUIRE(os_semaphore_down(&never, due) == OS_ERR_DEADLINE);
        REQUIRE(os_clock_now() >= due);
    }
    REQUIRE(os_semaphore_down(&never, 1) == OS_ERR_DEADLINE); /* long ago */
    return 1;
}

static void nothing(struct os_thread *thread)
{
    printf("in a thread, %.1f\n", (double)(thread != NULL) / 2);
}

/* Each gives back all that it cost: stack, ports, what the C library kept for it. */
static int threads_end(void)
{
    struct os_thread thread;
    uint64_t ram, used[2];
    uint32_t caps, caps_used[2];
    for (int i = 0; i < 64; i++) {
        if (i == 4 || i == 63)
            REQUIRE(os_pd_quota(env->pd, &ram, &used[i == 63], &caps, &caps_used[i == 63]) == OS_OK);
        REQUIRE(os_thread_start(&thread, nothing, 0) == OS_OK);
        os_thread_join(&thread);
    }
    REQUIRE(used[0] == used[1] && caps_used[0] == caps_used[1]);
    return 1;
}

/* ---- the C library */

#define PRINTS(text, ...)                                                                                    \
    do {                                                                                                     \
        char line[128];                                                                                      \
        int len = snprintf(line, sizeof(line), __VA_ARGS__);                                                 \
        if (strcmp(line, text) || len != (int)strlen(text))                                                  \
            printf("line %d: '%s' instead of '%s'\n", __LINE__, line, text);                                 \
        well &= !strcmp(line, text);                                                                         \
    } while (0)

static int prints(void)
{
    int well = 1;
    PRINTS("18446744073709551615 -9223372036854775808", "%llu %lld", ULLONG_MAX, LLONG_MIN);
    PRINTS("1234567890123 deadbeefcafe", "%" PRIu64 " %" PRIx64, UINT64_C(1234567890123),
           UINT64_C(0xdeadbeefcafe));
    PRINTS("17 -3 7 255 65535", "%zu %td %jd %hhu %hu", (size_t)17, (ptrdiff_t)-3, (intmax_t)7, 0x1ff,
           0x1ffff);
    PRINTS("3.141593 3.14 1e+100 2.5e-300", "%f %.2f %g %.1e", 3.14159265358979, 3.14159265358979, 1e100,
           2.5e-300);
    PRINTS("0.1 0.10000000000000001 inf -inf nan", "%g %.17g %g %g %g", 0.1, 0.1, 1e308 * 10, -1e308 * 10,
           __builtin_nan(""));
    PRINTS("4.9406564584124654e-324 1.7976931348623157e+308", "%.17g %.17g", 0x1p-1074,
           0x1.fffffffffffffp+1023);
    PRINTS("  +7|7   |0007|0x1f|abc", "%+4d|%-4d|%04d|%#x|%.3s", 7, 7, 7, 31, "abcdef");
    PRINTS("**|%|c", "%.*s|%%|%c", 2, "***", 'c');
    return well;
}

static int numbers(void)
{
    char *end;
    REQUIRE(strtoull("18446744073709551615x", &end, 10) == ULLONG_MAX && *end == 'x');
    errno = 0;
    REQUIRE(strtoll("-9223372036854775809", NULL, 10) == LLONG_MIN && errno == ERANGE);
    REQUIRE(strtoul("0x7f", NULL, 0) == 0x7f && strtol("-12", NULL, 0) == -12);
    return 1;
}

/* errno is each thread's own. */
static void spoil_errno(struct os_thread *thread)
{
    (void)thread;
    errno = ENOMEM;
}

static int error_numbers(void)
{
    struct os_thread thread;
    errno = ERANGE;
    REQUIRE(os_thread_start(&thread, spoil_errno, 0) == OS_OK);
    os_thread_join(&thread);
    REQUIRE(errno == ERANGE);
    return 1;
}

/* With nothing left, lines can still be printed; newlib needs memory for floating point, and says so. */
static int starved(void)
{
    volatile double half = 0.5;
    printf("taking all\n");
    for (size_t size = OS_KIB(64); size >= 16; size /= 2)
        while (malloc(size))
            ;
    printf("%d bytes are left\n", 0);
    printf("%f\n", half);
    return 1;
}

/* Lines of several threads come whole, which whoever reads them sees. */
static void print_lines(struct os_thread *thread)
{
    (void)thread;
    for (int i = 0; i < 20; i++)
        printf("%s %d%s\n", "a whole line,", 1, " of 80");
}

static int lines(void)
{
    static struct os_thread threads[4];
    for (int i = 0; i < 4; i++)
        REQUIRE(os_thread_start(&threads[i], print_lines, 0) == OS_OK);
    for (int i = 0; i < 4; i++)
        os_thread_join(&threads[i]);
    return 1;
}

/* ---- attachments */

static int attaching(void)
{
    os_dataspace_cap ds, ro;
    struct os_region all = { 0 }, part = { 0 }, other = { 0 };
    REQUIRE(os_ram_alloc(env, 3 * OS_PAGE_SIZE, &ds) == OS_OK);
    REQUIRE(os_dataspace_readonly(ds, &ro) == OS_OK);
    REQUIRE(os_region_attach(&all, ds, OS_ATTACH_WRITE) == OS_OK && all.size == 3 * OS_PAGE_SIZE);
    REQUIRE(os_region_attach_part(&part, ro, OS_ATTACH_READ, OS_PAGE_SIZE, OS_PAGE_SIZE) == OS_OK);
    REQUIRE(part.size == OS_PAGE_SIZE && (uintptr_t)part.at % OS_PAGE_SIZE == 0);
    strcpy((char *)all.at + OS_PAGE_SIZE + 5, "the same memory");
    REQUIRE(strcmp((char *)part.at + 5, "the same memory") == 0);
    REQUIRE(os_region_attach(&other, ro, OS_ATTACH_WRITE) == OS_ERR_DENIED);
    REQUIRE(os_region_attach_part(&other, ds, OS_ATTACH_READ, 1, OS_PAGE_SIZE) == OS_ERR_BAD_ARG);
    REQUIRE(os_region_attach_part(&other, ds, OS_ATTACH_READ, 3 * OS_PAGE_SIZE, 0) == OS_ERR_BAD_ARG);
    REQUIRE(os_region_attach_part(&other, ds, OS_ATTACH_READ, OS_PAGE_SIZE, 3 * OS_PAGE_SIZE) ==
            OS_ERR_BAD_ARG);
    REQUIRE(os_region_attach_part(&other, ds, OS_ATTACH_READ, UINT64_C(1) << 32, 0) == OS_ERR_BAD_ARG);
    REQUIRE(os_region_attach(&other, (os_dataspace_cap){ env->pd.cap }, OS_ATTACH_READ) == OS_ERR_BAD_CAP);
    REQUIRE(!other.at);
    os_region_detach(&part);
    os_region_detach(&all);
    os_cap_drop(ro.cap);
    os_ram_free(env, ds);
    return 1;
}

/* What writes before or behind an attachment is found: nothing else lies there. */
static int guard(void)
{
    os_dataspace_cap ds[3];
    struct os_region region[3];
    for (int i = 0; i < 3; i++) {
        REQUIRE(os_ram_alloc(env, OS_PAGE_SIZE, &ds[i]) == OS_OK);
        REQUIRE(os_region_attach(&region[i], ds[i], OS_ATTACH_WRITE) == OS_OK);
        memset(region[i].at, i, OS_PAGE_SIZE);
    }
    printf("writing before an attachment\n");
    ((volatile char *)region[1].at)[-1] = 1;
    printf("it could be written\n");
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} steps[] = {
    { "floats", floats },       { "floats-forever", floats_forever }, { "blocking", blocking },
    { "deadlines", deadlines }, { "threads-end", threads_end },       { "prints", prints },
    { "numbers", numbers },     { "errno", error_numbers },           { "lines", lines },
    { "starved", starved },     { "attaching", attaching },           { "guard", guard },
};

void component_construct(struct os_env *given)
{
    struct os_rom_module rom;
    struct os_config config;
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    const char *name = os_config_str(&config, os_config_root(&config), "step", "");
    for (unsigned i = 0; i < OS_ARRAY_LEN(steps); i++)
        if (strcmp(steps[i].name, name) == 0 && steps[i].run())
            printf("%s: ok\n", name);
    os_exit(env, 0);
}
