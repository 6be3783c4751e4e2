/* SPDX-License-Identifier: BSD-2-Clause */
/* parallel_linux.c: see parallel.h; with pthread, which ThreadSanitizer and valgrind know. */
#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "parallel.h"

struct parallel {
    pthread_t thread;
    void (*entry)(void *arg);
    void *arg;
};

static void *thread_main(void *arg)
{
    struct parallel *parallel = arg;
    parallel->entry(parallel->arg);
    return NULL;
}

struct parallel *parallel_start(void (*entry)(void *arg), void *arg)
{
    struct parallel *made = malloc(sizeof(*made));
    ck_assert_ptr_nonnull(made);
    made->entry = entry;
    made->arg = arg;
    ck_assert_int_eq(pthread_create(&made->thread, NULL, thread_main, made), 0);
    return made;
}

void parallel_join(struct parallel *parallel)
{
    pthread_join(parallel->thread, NULL);
    free(parallel);
}

int parallel_processors(void)
{
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

struct semaphore {
    sem_t sem;
};

struct semaphore *semaphore_create(void)
{
    struct semaphore *made = malloc(sizeof(*made));
    ck_assert_ptr_nonnull(made);
    ck_assert_int_eq(sem_init(&made->sem, 0, 0), 0);
    return made;
}

void semaphore_destroy(struct semaphore *semaphore)
{
    sem_destroy(&semaphore->sem);
    free(semaphore);
}

void semaphore_up(struct semaphore *semaphore)
{
    sem_post(&semaphore->sem);
}

void semaphore_down(struct semaphore *semaphore)
{
    while (sem_wait(&semaphore->sem))
        ;
}
