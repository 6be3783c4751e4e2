/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-switch.c: floating point of one task is not disturbed by another that the kernel switches to. Pictures
 * are drawn with it, and have to come out the same each time.
 */
#include <bare/bare.h>
#include <mach_base/thread.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

enum { PAGE = 4096, STACK = 16 * PAGE, ROUNDS = 6, STEPS = 400000 };

/* Seen by both tasks. The other one counts its rounds, of which each happens while the test computes too, as
 * the test never waits: both are taken away from the processor in the middle. */
struct shared {
    volatile uint32_t rounds, wrong;
};

static struct shared *shared;
static uint64_t expected_there;

static uint64_t bits(double value)
{
    uint64_t all;
    memcpy(&all, &value, sizeof(all));
    return all;
}

/* As many values as there are registers, each of which depends on all before: one wrong bit shows in the end.
 */
static uint64_t compute(double seed)
{
    double a = seed, b = seed / 3, c = seed / 7, d = seed / 11;
    float e = (float)seed / 13, f = (float)seed / 17, g = (float)seed / 19;

    for (int i = 0; i < STEPS; i++) {
        a = 3.9 * a * (1 - a);
        b = 3.8 * b * (1 - b) + a / 1048576;
        c = 3.7 * c * (1 - c) + b / 1048576;
        d = 3.6 * d * (1 - d) + c / 1048576;
        e = 3.5f * e * (1 - e) + (float)d / 1048576;
        f = 3.4f * f * (1 - f) + e / 1048576;
        g = 3.3f * g * (1 - g) + f / 1048576;
    }
    return bits(a) ^ bits(b) << 1 ^ bits(c) << 2 ^ bits(d) << 3 ^ bits(e) << 4 ^ bits(f) << 5 ^ bits(g) << 6;
}

static const double here = 0.4, there = 0.6;

/* The other task, which has no thread block: it computes, and nothing else. */
static void compute_there(void)
{
    for (;;) {
        shared->wrong += compute(there) != expected_there;
        shared->rounds++;
    }
}

/* As struct shared in TASK, which has none yet; at an address that is the same for all. */
static void map_shared(mach_port_t task, mach_port_t object, uint32_t *at, int anywhere)
{
    ck_assert_int_eq(vm_map(task, at, PAGE, anywhere, object, 0, 0, VM_READ | VM_WRITE, VM_READ | VM_WRITE),
                     0);
}

/* A copy of this task, as by fork, that runs compute_there. */
static mach_port_t start_there(mach_port_t object)
{
    struct mach_thread_state state;
    mach_port_t task, thread, self = mach_task_self();
    uint32_t stack = 0, at = (uint32_t)(uintptr_t)shared;

    ck_assert_int_eq(vm_allocate(self, &stack, STACK, 1), 0);
    ck_assert_int_eq(task_create(self, 1, &task), 0);
    map_shared(task, object, &at, 0);
    ck_assert_int_eq(thread_create(task, &thread), 0);
    ck_assert_int_eq(thread_get_state(thread, &state), 0);
    state.eip = (uint32_t)(uintptr_t)compute_there;
    state.uesp =
        stack + STACK - 20; /* where a call has put a return address, calls want it to be 12 modulo 16 */
    ck_assert_int_eq(thread_set_state(thread, &state), 0);
    ck_assert_int_eq(thread_resume(thread), 0);
    return task;
}

START_TEST(floating_point_survives_other_tasks)
{
    uint32_t at = 0;
    mach_port_t object = bare_memory();
    uint64_t expected = compute(here);

    expected_there = compute(there);
    ck_assert_uint_ne(expected, expected_there);
    ck_assert_uint_ne(object, MACH_PORT_NULL);
    map_shared(mach_task_self(), object, &at, 1);
    shared = (struct shared *)(uintptr_t)at;
    mach_port_t task = start_there(object);
    while (shared->rounds < ROUNDS)
        ck_assert_uint_eq(compute(here), expected);
    ck_assert_uint_eq(shared->wrong, 0);
    ck_assert_int_eq(task_terminate(task), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("switch");
    TCase *tcase = tcase_create("switch");
    tcase_add_test(tcase, floating_point_survives_other_tasks);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
