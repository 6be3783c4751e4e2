/* SPDX-License-Identifier: BSD-2-Clause */
/* test-watch.c: learning that an object or its server is gone, without a call. */
#include <os/watch.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define THING_RPC(FN, I) FN(I, poke, (in, uint32_t, n))
OS_RPC_INTERFACE(thing, THING_RPC)

static struct inproc_env server, client;
static struct os_object object;
static thing_cap cap;

struct look {
    struct os_watch watch;
    unsigned gone;
    os_err why, again; /* again: result of the watch that the handler begins */
    int rewatch, frees;
};

static struct look look, other;

static os_err poke(struct os_rpc *rpc, uint32_t n)
{
    return OS_OK;
}

static const struct thing_ops ops = { .poke = poke };

static void gone(struct os_watch *watch)
{
    struct look *self = OS_CONTAINER_OF(watch, struct look, watch);
    self->gone++;
    self->why = watch->why;
    ck_assert(!os_call_pending(&watch->call));
    if (self->rewatch)
        self->again = os_watch_begin(watch, client.env.ep, cap.cap, gone);
    if (self->frees)
        free(self);
}

static void setup(void)
{
    look = other = (struct look){ 0 };
    inproc_env_init(&server, "server");
    inproc_env_init(&client, "client");
    ck_ok(thing_object_init(&object, server.env.ep, &ops, &cap));
    inproc_env_serve(&server);
    inproc_env_serve(&client);
}

static void teardown(void)
{
    os_watch_cancel(&look.watch);
    os_watch_cancel(&other.watch);
    os_cap_drop(cap.cap);
    os_object_fini(&object);
    ck_fini(&client);
    ck_fini(&server);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
}

static void begin(struct look *self)
{
    ck_ok(os_watch_begin(&self->watch, client.env.ep, cap.cap, gone));
    inproc_idle();
    ck_assert_uint_eq(self->gone, 0);
}

START_TEST(revoked)
{
    begin(&look);
    ck_ok(thing_poke(cap, 1)); /* goes on as if nobody watched */
    os_object_fini(&object);
    inproc_idle();
    ck_assert_uint_eq(look.gone, 1);
    ck_err(look.why, OS_ERR_REVOKED);
}
END_TEST

START_TEST(dead)
{
    begin(&look);
    inproc_kill_entrypoint(server.env.ep);
    inproc_idle();
    ck_assert_uint_eq(look.gone, 1);
    ck_err(look.why, OS_ERR_DEAD);
}
END_TEST

START_TEST(each_of_several_is_told)
{
    begin(&look);
    begin(&other);
    os_object_fini(&object);
    inproc_idle();
    ck_assert_uint_eq(look.gone, 1);
    ck_assert_uint_eq(other.gone, 1);
}
END_TEST

START_TEST(cancelled)
{
    os_watch_cancel(&look.watch); /* never begun: fine */
    begin(&look);
    begin(&other);
    os_watch_cancel(&look.watch);
    os_object_fini(&object);
    os_watch_cancel(&other.watch); /* told, but not delivered yet */
    inproc_idle();
    ck_assert_uint_eq(look.gone + other.gone, 0);
}
END_TEST

START_TEST(begun_again)
{
    begin(&look);
    ck_err(os_watch_begin(&look.watch, client.env.ep, cap.cap, gone), OS_ERR_BUSY);
    os_watch_cancel(&look.watch);
    begin(&look);
    look.rewatch = 1;
    os_object_fini(&object);
    inproc_idle();
    ck_assert_uint_eq(look.gone, 1);
    ck_err(look.again, OS_ERR_REVOKED);
}
END_TEST

START_TEST(freed_by_its_handler)
{
    struct look *made = calloc(1, sizeof(*made));
    made->frees = 1;
    begin(made);
    os_object_fini(&object);
    inproc_idle();
}
END_TEST

START_TEST(nothing_to_watch)
{
    ck_err(os_watch_begin(&look.watch, client.env.ep, OS_NO_CAP, gone), OS_ERR_BAD_CAP);
    ck_assert(!os_call_pending(&look.watch.call));
}
END_TEST

START_TEST(watcher_ends_first)
{
    begin(&look);
    inproc_env_kill(&client);
    memset(&look, 0, sizeof(look));
    os_object_fini(&object);
    inproc_idle();
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, revoked);
    tcase_add_test(tcase, dead);
    tcase_add_test(tcase, each_of_several_is_told);
    tcase_add_test(tcase, cancelled);
    tcase_add_test(tcase, begun_again);
    tcase_add_test(tcase, freed_by_its_handler);
    tcase_add_test(tcase, nothing_to_watch);
    tcase_add_test(tcase, watcher_ends_first);
}

int main(void)
{
    return suite_run_case("watches", add);
}
