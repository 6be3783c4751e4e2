/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-thread.c: threads, mutexes and semaphores. Some tests take turns, so that each step is known; others
 * let threads run in parallel (inproc_release), for TSan to look at.
 */
#include <os/thread.h>
#include <stdatomic.h>

#include "suite.h"

static struct inproc_env env;
static struct os_mutex mutex;
static struct os_semaphore semaphore;
static unsigned entered, shared;

static void setup(void)
{
    inproc_env_init(&env, "thread");
}

static void teardown(void)
{
    ck_fini(&env);
}

struct worker {
    struct os_thread thread;
    unsigned result;
    os_err err;
};

static struct worker *worker_of(struct os_thread *thread)
{
    return OS_CONTAINER_OF(thread, struct worker, thread);
}

static void set_result(struct os_thread *thread)
{
    worker_of(thread)->result = 42;
}

START_TEST(thread_runs_and_is_joined)
{
    struct worker worker = { 0 };
    ck_ok(os_thread_start(&worker.thread, set_result, 0));
    os_thread_join(&worker.thread);
    ck_assert_uint_eq(worker.result, 42);
    os_thread_join(&worker.thread); /* joined already: fine */
    inproc_fail_next(INPROC_FAIL_THREAD, 0, OS_ERR_THREADS);
    ck_err(os_thread_start(&worker.thread, set_result, OS_KIB(256)), OS_ERR_THREADS);
    os_thread_join(&worker.thread);
}
END_TEST

static void lock_and_unlock(struct os_thread *thread)
{
    os_mutex_lock(&mutex);
    worker_of(thread)->result = ++entered;
    os_mutex_unlock(&mutex);
}

START_TEST(mutex_keeps_others_out)
{
    struct worker workers[3] = { 0 };
    os_mutex_lock(&mutex);
    for (size_t i = 0; i < OS_ARRAY_LEN(workers); i++)
        ck_ok(os_thread_start(&workers[i].thread, lock_and_unlock, 0));
    inproc_idle();
    ck_assert_uint_eq(entered, 0);
    os_mutex_unlock(&mutex);
    for (size_t i = 0; i < OS_ARRAY_LEN(workers); i++)
        os_thread_join(&workers[i].thread);
    ck_assert_uint_eq(entered, 3);
    for (unsigned i = 0; i < OS_ARRAY_LEN(workers); i++)
        ck_assert_uint_eq(workers[i].result, i + 1);
    ck_assert_uint_eq(atomic_load(&mutex.state), 0);
}
END_TEST

enum { ROUNDS = 20000 };

static void count_in_parallel(struct os_thread *thread)
{
    inproc_release();
    for (int i = 0; i < ROUNDS; i++) {
        os_mutex_lock(&mutex);
        shared++;
        os_mutex_unlock(&mutex);
    }
    inproc_acquire();
}

START_TEST(mutex_in_parallel)
{
    struct worker workers[4] = { 0 };
    for (size_t i = 0; i < OS_ARRAY_LEN(workers); i++)
        ck_ok(os_thread_start(&workers[i].thread, count_in_parallel, 0));
    for (size_t i = 0; i < OS_ARRAY_LEN(workers); i++)
        os_thread_join(&workers[i].thread);
    ck_assert_uint_eq(shared, 4 * ROUNDS);
}
END_TEST

static void take(struct os_thread *thread)
{
    worker_of(thread)->err = os_semaphore_down(&semaphore, OS_NEVER);
    worker_of(thread)->result = ++entered;
}

START_TEST(semaphore_counts)
{
    struct worker workers[3] = { 0 };
    os_semaphore_up(&semaphore);
    for (size_t i = 0; i < OS_ARRAY_LEN(workers); i++)
        ck_ok(os_thread_start(&workers[i].thread, take, 0));
    inproc_idle();
    ck_assert_uint_eq(entered, 1);
    os_semaphore_up(&semaphore);
    os_semaphore_up(&semaphore);
    os_semaphore_up(&semaphore);
    for (size_t i = 0; i < OS_ARRAY_LEN(workers); i++) {
        os_thread_join(&workers[i].thread);
        ck_ok(workers[i].err);
    }
    ck_ok(os_semaphore_down(&semaphore, 0)); /* one is left */
    ck_err(os_semaphore_down(&semaphore, 0), OS_ERR_DEADLINE);
    ck_assert_uint_eq(atomic_load(&semaphore.waiters), 0);
}
END_TEST

START_TEST(semaphore_with_a_deadline)
{
    os_time due = os_clock_now() + 5 * OS_MS;
    ck_err(os_semaphore_down(&semaphore, due), OS_ERR_DEADLINE);
    ck_assert_uint_eq(os_clock_now(), due);
    ck_assert_uint_eq(atomic_load(&semaphore.waiters), 0);
}
END_TEST

static struct os_semaphore items, room;
static unsigned ring[4], sum;

static void produce(struct os_thread *thread)
{
    inproc_release();
    for (unsigned i = 1; i <= ROUNDS; i++) {
        worker_of(thread)->err |= os_semaphore_down(&room, OS_NEVER);
        ring[i % 4] = i;
        os_semaphore_up(&items);
    }
    inproc_acquire();
}

static void consume(struct os_thread *thread)
{
    inproc_release();
    for (unsigned i = 1; i <= ROUNDS; i++) {
        worker_of(thread)->err |= os_semaphore_down(&items, OS_NEVER);
        sum += ring[i % 4];
        os_semaphore_up(&room);
    }
    inproc_acquire();
}

START_TEST(semaphores_in_parallel)
{
    struct worker producer = { 0 }, consumer = { 0 };
    for (int i = 0; i < 4; i++)
        os_semaphore_up(&room);
    ck_ok(os_thread_start(&producer.thread, produce, 0));
    ck_ok(os_thread_start(&consumer.thread, consume, 0));
    os_thread_join(&producer.thread);
    os_thread_join(&consumer.thread);
    ck_ok(producer.err);
    ck_ok(consumer.err);
    ck_assert_uint_eq(sum, ROUNDS / 2 * (ROUNDS + 1));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, thread_runs_and_is_joined);
    tcase_add_test(tcase, mutex_keeps_others_out);
    tcase_add_test(tcase, mutex_in_parallel);
    tcase_add_test(tcase, semaphore_counts);
    tcase_add_test(tcase, semaphore_with_a_deadline);
    tcase_add_test(tcase, semaphores_in_parallel);
}

int main(void)
{
    return suite_run_case("thread", add);
}
