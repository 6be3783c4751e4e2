/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe_runtime.c: uses what the component runtime offers, malloc, output, threads, in the way that its
 * config names, and logs "STEP: ok" or what was wrong. Some steps end in a fault, for others to look at.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <os/thread.h>

OS_MANIFEST("ram: 2M\n"
            "caps: 60\n"
            "config: { step: string }\n");

static struct os_env *env;

/* Before main, there is no LOG session and no env. */
__attribute__((constructor)) static void before_main(void)
{
    fprintf(stderr, "stderr before main\n");
    printf("stdout before main\n");
}

#define REQUIRE(holds)                                                                                       \
    do {                                                                                                     \
        if (!(holds)) {                                                                                      \
            printf("not so in line %d: %s\n", __LINE__, #holds);                                             \
            return 0;                                                                                        \
        }                                                                                                    \
    } while (0)

/* Hides a value from the compiler, which knows too much about malloc. */
__attribute__((noinline)) static void *hidden(void *value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

static size_t hidden_size(size_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

static int filled_with(const unsigned char *at, int value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] != (unsigned char)value)
            return 0;
    return 1;
}

/* ---- output */

static int long_line(void)
{
    for (int i = 0; i < 300; i++)
        printf("~~~~~");
    printf("\nafter the long line\n");
    return 1;
}

static int binary(void)
{
    static const char line[] = "nul \0 escape \x1b[31m high \xff euro \xe2\x82\xac end\n";
    fwrite(line, 1, sizeof(line) - 1, stdout);
    return 1;
}

static int no_newline(void)
{
    printf("flushed without a newline");
    fflush(stdout);
    printf("and the rest\n\nnot flushed at the end");
    return 1;
}

/* ---- malloc */

static int alignment(void)
{
    void *blocks[64], *at = NULL;
    for (size_t size = 0; size < 64; size++) {
        blocks[size] = hidden(malloc(hidden_size(size * 7)));
        REQUIRE(blocks[size] && (uintptr_t)blocks[size] % 16 == 0);
        memset(blocks[size], 0xa5, size * 7);
    }
    for (size_t size = 0; size < 64; size++)
        free(blocks[size]);
    for (size_t align = sizeof(void *); align <= 65536; align *= 2) {
        unsigned char *aligned = hidden(aligned_alloc(align, hidden_size(100)));
        REQUIRE(aligned && (uintptr_t)aligned % align == 0);
        memset(aligned, 0x5a, 100);
        aligned = hidden(realloc(aligned, hidden_size(5000)));
        REQUIRE(aligned && filled_with(aligned, 0x5a, 100));
        free(aligned);
        REQUIRE(posix_memalign(&at, align, hidden_size(33)) == 0 && (uintptr_t)at % align == 0);
        free(at);
    }
    REQUIRE(posix_memalign(&at, hidden_size(24), 1) == EINVAL);
    REQUIRE(posix_memalign(&at, hidden_size(2), 1) == EINVAL);
    REQUIRE(posix_memalign(&at, 64, hidden_size(SIZE_MAX - 32)) == ENOMEM);
    return 1;
}

static int reallocation(void)
{
    unsigned char *at = hidden(realloc(NULL, hidden_size(10)));
    REQUIRE(at);
    memset(at, 1, 10);
    for (size_t size = 10; size < 200000; size *= 3) {
        at = hidden(realloc(at, hidden_size(size * 3)));
        REQUIRE(at && filled_with(at, 1, size));
        memset(at, 1, size * 3);
    }
    for (size_t size = 200000; size > 1; size /= 4) {
        at = hidden(realloc(at, hidden_size(size)));
        REQUIRE(at && filled_with(at, 1, size));
    }
    unsigned char *same = hidden(at);
    errno = 0;
    REQUIRE(hidden(realloc(at, hidden_size(SIZE_MAX / 4))) == NULL && errno == ENOMEM);
    REQUIRE(*same == 1); /* it is still there */
    free(same);
    free(NULL);
    return 1;
}

static int zeroed(void)
{
    unsigned char *at = hidden(malloc(hidden_size(3000)));
    REQUIRE(at);
    memset(at, 0xff, 3000);
    free(at);
    at = hidden(calloc(hidden_size(30), 100));
    REQUIRE(at && filled_with(at, 0, 3000));
    free(at);
    errno = 0;
    REQUIRE(hidden(calloc(hidden_size(SIZE_MAX / 2), 3)) == NULL && errno == ENOMEM);
    errno = 0;
    REQUIRE(hidden(malloc(hidden_size(SIZE_MAX - 8))) == NULL && errno == ENOMEM);
    return 1;
}

/* Takes all there is in blocks of SIZE; how many they were. */
static unsigned use_up(size_t size, void ***list)
{
    unsigned count = 0;
    void **block;
    *list = NULL;
    while ((block = hidden(malloc(hidden_size(size)))) != NULL) {
        *block = *list;
        *list = block;
        count++;
    }
    return count;
}

static void give_back(void **list)
{
    while (list) {
        void **next = *list;
        free(list);
        list = next;
    }
}

static int exhaustion(void)
{
    void **list;
    static const size_t sizes[] = { 100000, 5000, 300, 16 };
    for (unsigned round = 0; round < 2 * OS_ARRAY_LEN(sizes); round++) {
        size_t size = sizes[round % OS_ARRAY_LEN(sizes)];
        errno = 0;
        unsigned count = use_up(size, &list);
        REQUIRE(errno == ENOMEM);
        REQUIRE(count * size > OS_KIB(512));
        printf("with nothing left\n"); /* output needs no memory */
        give_back(list);
    }
    return 1;
}

/* ---- what else of the C library needs more than pure computation */

static int by_value(const void *a, const void *b)
{
    unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
    return (left > right) - (left < right);
}

/* More than glibc sorts on the stack: it asks the kernel then how much memory there is. */
static int sort(void)
{
    enum { VALUES = 20000 };
    unsigned *values = hidden(malloc(VALUES * sizeof(*values)));
    REQUIRE(values);
    for (unsigned i = 0; i < VALUES; i++)
        values[i] = i * 7919 % VALUES;
    qsort(values, VALUES, sizeof(*values), by_value);
    for (unsigned i = 0; i < VALUES; i++)
        REQUIRE(values[i] == i);
    free(values);
    return 1;
}

/* ---- threads */

struct worker {
    struct os_thread thread;
    struct os_semaphore *go;
    int well;
};

static void wait_and_allocate(struct os_thread *thread)
{
    struct worker *worker = OS_CONTAINER_OF(thread, struct worker, thread);
    os_err err = os_semaphore_down(worker->go, OS_NEVER);
    worker->well = !err;
    for (size_t i = 1; worker->well && i < 500; i++) {
        unsigned char *at = hidden(malloc(i));
        worker->well = at && (memset(at, (int)i, i), filled_with(at, (int)i, i));
        free(at);
    }
}

enum { MANY = 100 };

static int threads(void)
{
    static struct worker workers[MANY];
    static struct os_semaphore go;
    for (int round = 0; round < 3; round++) {
        os_err err = OS_OK;
        int count = 0;
        for (; count < MANY; count++) {
            workers[count] = (struct worker){ .go = &go };
            if ((err = os_thread_start(&workers[count].thread, wait_and_allocate, 0)))
                break;
        }
        for (int i = 0; i < count; i++)
            os_semaphore_up(&go);
        for (int i = 0; i < count; i++) {
            os_thread_join(&workers[i].thread);
            REQUIRE(workers[i].well);
        }
        REQUIRE(err == OS_ERR_THREADS || err == OS_ERR_RAM);
        REQUIRE(count >= 4 && count < MANY);
    }
    return 1;
}

/* ---- faults of other threads than the first */

static volatile int zero;

/* The frame is used after the call, so that it cannot be folded away. */
__attribute__((noinline)) static int use_thread_stack(unsigned depth)
{
    volatile char frame[512];
    frame[0] = (char)depth;
    return (depth < 100000000 ? use_thread_stack(depth + 1) : 0) + frame[zero];
}

static void overflow(struct os_thread *thread)
{
    zero = use_thread_stack(0);
}

__attribute__((noinline)) static void write_in_thread(struct os_thread *thread)
{
    *(volatile int *)(uintptr_t)(0x1230 + (unsigned)zero) = 1;
}

static int fault_in(void (*entry)(struct os_thread *thread))
{
    static struct os_thread thread;
    REQUIRE(os_thread_start(&thread, entry, 0) == OS_OK);
    os_thread_join(&thread);
    return 0;
}

static int thread_overflow(void)
{
    return fault_in(overflow);
}

static int thread_fault(void)
{
    return fault_in(write_in_thread);
}

static const struct {
    const char *name;
    int (*run)(void);
} steps[] = {
    { "long-line", long_line },       { "binary", binary },
    { "no-newline", no_newline },     { "alignment", alignment },
    { "realloc", reallocation },      { "calloc", zeroed },
    { "exhaustion", exhaustion },     { "sort", sort },
    { "threads", threads },           { "thread-overflow", thread_overflow },
    { "thread-fault", thread_fault },
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
        if (strcmp(steps[i].name, name) == 0 && steps[i].run() && steps[i].run != no_newline)
            printf("%s: ok\n", name);
    os_exit(env, 0);
}
