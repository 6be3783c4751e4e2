/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-calls.c: answers that come later, calls that are begun, deadlines, and what happens to them when
 * objects, entrypoints and components end.
 */
#include <os/signal.h>
#include <string.h>

#include "suite.h"

OS_CAP_TYPE(token)

/*
 * keep: answers N later, when release is called. take: keeps a capability until release, and answers with it.
 * call_back: calls answer at another object, synchronously. finish: ends the object that is called.
 */
#define SLOW_RPC(FN, I)                                                                                      \
    FN(I, keep, (inout, uint32_t, n), (in, os_str(16), s), (out, os_str(16), back))                          \
    FN(I, take, (in, os_cap(token), in), (out, os_cap(token), back))                                         \
    FN(I, answer, (in, uint32_t, n), (out, uint32_t, back))                                                  \
    FN(I, call_back, (in, os_cap(slow), other), (out, uint32_t, err))                                        \
    FN(I, finish)
OS_RPC_INTERFACE(slow, SLOW_RPC)

struct server {
    struct os_object object;
    slow_cap cap; /* the test's */
    struct os_reply keep, take;
    uint32_t n;
    char s[16];
    token_cap token;
    unsigned kept, lost; /* calls of keep, of last_holder */
};

static struct inproc_env server_env, client;
static struct server server;

static struct server *server_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct server, object);
}

static os_err keep(struct os_rpc *rpc, uint32_t *n, const char *s, char (*back)[16])
{
    struct server *self = server_of(rpc);
    self->kept++;
    self->n = *n;
    strcpy(self->s, s);
    os_reply_keep(rpc, &self->keep);
    return OS_REPLY_LATER;
}

static os_err take(struct os_rpc *rpc, token_cap in, token_cap *back)
{
    struct server *self = server_of(rpc);
    self->token.cap = os_cap_copy(in.cap);
    os_reply_keep(rpc, &self->take);
    return OS_REPLY_LATER;
}

static os_err answer(struct os_rpc *rpc, uint32_t n, uint32_t *back)
{
    *back = n;
    return OS_OK;
}

static os_err call_back(struct os_rpc *rpc, slow_cap other, uint32_t *err)
{
    uint32_t back;
    *err = (uint32_t)slow_answer(other, 1, &back);
    return OS_OK;
}

static os_err finish(struct os_rpc *rpc)
{
    os_object_fini(rpc->object);
    return OS_OK;
}

static const struct slow_ops ops = {
    .keep = keep, .take = take, .answer = answer, .call_back = call_back, .finish = finish
};

static void lose(struct os_object *object)
{
    OS_CONTAINER_OF(object, struct server, object)->lost++;
}

static void server_init(struct server *made, struct inproc_env *env)
{
    memset(made, 0, sizeof(*made));
    ck_ok(slow_object_init(&made->object, env->env.ep, &ops, &made->cap));
    made->object.last_holder = lose;
}

static void server_fini(struct server *made)
{
    os_cap_drop(made->cap.cap);
    os_object_fini(&made->object);
    os_cap_drop(made->token.cap);
}

static void release(struct server *of, os_err err)
{
    slow_keep_reply(&of->keep, err, of->n + 1, of->s);
}

static void setup(void)
{
    inproc_env_init(&server_env, "server");
    server_init(&server, &server_env);
    inproc_env_serve(&server_env);
    inproc_env_init(&client, "client");
    inproc_env_serve(&client);
}

static void teardown(void)
{
    server_fini(&server);
    ck_fini(&client);
    ck_fini(&server_env);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
    ck_assert_uint_eq(inproc_objects_in_use(), 0);
}

/* ---- a begun call and what it came to */

struct begun {
    struct os_call call;
    unsigned done;
    os_err err;
    uint32_t n;
    char back[16];
    int forget;   /* does not look at the result */
    int again;    /* begins once more from done */
    slow_cap cap; /* for that */
};

static void done(struct os_call *call)
{
    struct begun *begun = OS_CONTAINER_OF(call, struct begun, call);
    begun->done++;
    ck_assert(!os_call_pending(call));
    if (!begun->forget)
        begun->err = slow_keep_end(call, &begun->n, &begun->back);
    if (begun->again) {
        begun->again = 0;
        ck_ok(slow_keep_begin(begun->cap, call, begun->n, "again"));
    }
}

static void begin(struct begun *begun, uint32_t n, const char *s)
{
    *begun = (struct begun){ .err = -2, .n = 99, .back = "same", .cap = server.cap };
    os_call_init(&begun->call, client.env.ep, done);
    ck_ok(slow_keep_begin(server.cap, &begun->call, n, s));
    ck_assert(os_call_pending(&begun->call));
}

/* ---- kept replies */

START_TEST(begun_call_ends_at_the_entrypoint)
{
    struct begun begun;
    begin(&begun, 41, "hello");
    inproc_idle();
    ck_assert_uint_eq(server.kept, 1);
    ck_assert_uint_eq(begun.done, 0);
    ck_assert(os_reply_owed(&server.keep));
    release(&server, OS_OK);
    ck_assert(!os_reply_owed(&server.keep));
    ck_assert_uint_eq(begun.done, 0); /* not before its entrypoint runs */
    inproc_idle();
    ck_assert_uint_eq(begun.done, 1);
    ck_ok(begun.err);
    ck_assert_uint_eq(begun.n, 42);
    ck_assert_str_eq(begun.back, "hello");
}
END_TEST

START_TEST(error_as_a_later_reply)
{
    struct begun begun;
    begin(&begun, 1, "x");
    inproc_idle();
    release(&server, OS_ERR_BUSY);
    inproc_idle();
    ck_err(begun.err, OS_ERR_BUSY);
    ck_assert_uint_eq(begun.n, 99);
    ck_assert_str_eq(begun.back, "same");
    begin(&begun, 1, "x");
    inproc_idle();
    os_reply_error(&server.keep, OS_ERR_DENIED);
    inproc_idle();
    ck_err(begun.err, OS_ERR_DENIED);
}
END_TEST

START_TEST(nothing_happens_when_no_answer_is_owed)
{
    struct os_reply none = { 0 };
    struct begun begun;
    os_reply_error(&none, OS_ERR_BUSY);
    slow_keep_reply(&none, OS_OK, 1, "x");
    begin(&begun, 1, "x");
    inproc_idle();
    release(&server, OS_OK);
    release(&server, OS_ERR_BUSY); /* a second time */
    inproc_idle();
    ck_ok(begun.err);
    ck_assert_uint_eq(begun.done, 1);
}
END_TEST

START_TEST(later_reply_gives_its_capability_away)
{
    token_cap token = { os_cap_copy(server.cap.cap) };
    struct os_reply none = { 0 };
    uint32_t before = inproc_caps_in_use();
    struct os_call call;
    os_call_init(&call, client.env.ep, done);
    os_call_cancel(&call); /* not begun: fine */
    slow_take_reply(&none, OS_OK, (token_cap){ os_cap_copy(token.cap) });
    ck_assert_uint_eq(inproc_caps_in_use(), before); /* nobody wanted it */
    os_cap_drop(token.cap);
}
END_TEST

static void drop_unseen(struct os_call *call)
{
}

START_TEST(result_that_nobody_takes_is_dropped)
{
    struct os_call call;
    uint32_t before = inproc_caps_in_use();
    os_call_init(&call, client.env.ep, drop_unseen);
    ck_ok(slow_take_begin(server.cap, &call, (token_cap){ server.cap.cap }));
    inproc_idle();
    slow_take_reply(&server.take, OS_OK, server.token);
    server.token.cap = OS_NO_CAP;
    inproc_idle();
    ck_assert_uint_eq(inproc_caps_in_use(), before);
}
END_TEST

START_TEST(call_is_begun_again_from_its_own_end)
{
    struct begun begun;
    begin(&begun, 1, "x");
    begun.again = 1;
    inproc_idle();
    release(&server, OS_OK);
    inproc_idle();
    ck_assert_uint_eq(server.kept, 2);
    release(&server, OS_OK);
    inproc_idle();
    ck_assert_uint_eq(begun.done, 2);
    ck_assert_uint_eq(begun.n, 3);
    ck_assert_str_eq(begun.back, "again");
}
END_TEST

START_TEST(one_call_is_not_begun_twice)
{
    struct begun begun;
    begin(&begun, 1, "x");
    ck_err(slow_keep_begin(server.cap, &begun.call, 1, "x"), OS_ERR_BUSY);
    inproc_idle();
    ck_assert_uint_eq(server.kept, 1);
    release(&server, OS_OK);
    inproc_idle();
}
END_TEST

START_TEST(begin_that_fails_is_not_pending)
{
    struct os_call call;
    os_call_init(&call, client.env.ep, done);
    ck_err(slow_keep_begin((slow_cap){ OS_NO_CAP }, &call, 1, "x"), OS_ERR_BAD_CAP);
    ck_assert(!os_call_pending(&call));
    ck_err(slow_keep_begin(server.cap, &call, 1, "a string of more than 16"), OS_ERR_TOO_LARGE);
    ck_assert(!os_call_pending(&call));
    inproc_fail_next(INPROC_FAIL_CALL, 0, OS_ERR_IN_FLIGHT);
    ck_err(slow_keep_begin(server.cap, &call, 1, "x"), OS_ERR_IN_FLIGHT);
    inproc_idle();
    ck_assert_uint_eq(server.kept, 0);
}
END_TEST

START_TEST(cancelled_call_is_never_done)
{
    struct begun begun;
    begin(&begun, 1, "x");
    os_call_cancel(&begun.call);
    ck_assert(!os_call_pending(&begun.call));
    inproc_idle();
    ck_assert_uint_eq(server.kept, 1); /* it was on its way */
    release(&server, OS_OK);           /* and the answer is dropped */
    inproc_idle();
    ck_assert_uint_eq(begun.done, 0);

    begin(&begun, 1, "x");
    inproc_idle();
    release(&server, OS_OK);
    os_call_cancel(&begun.call); /* the reply waits at the entrypoint already */
    inproc_idle();
    ck_assert_uint_eq(begun.done, 0);
}
END_TEST

START_TEST(cancel_drops_capabilities_under_way)
{
    struct os_call call;
    uint32_t before = inproc_caps_in_use();
    os_call_init(&call, client.env.ep, done);
    ck_ok(slow_take_begin(server.cap, &call, (token_cap){ server.cap.cap }));
    inproc_idle();
    slow_take_reply(&server.take, OS_OK, server.token);
    server.token.cap = OS_NO_CAP;
    os_call_cancel(&call);
    ck_assert_uint_eq(inproc_caps_in_use(), before);
}
END_TEST

/* ---- deadlines */

START_TEST(deadline_of_a_call)
{
    uint32_t n = 7;
    char back[16] = "same";
    os_time due = os_clock_now() + 3 * OS_MS;
    ck_err(slow_keep_by(server.cap, due, &n, "x", &back), OS_ERR_DEADLINE);
    ck_assert_uint_eq(os_clock_now(), due); /* not before, and here not after either */
    ck_assert_uint_eq(n, 7);
    ck_assert_str_eq(back, "same");
    release(&server, OS_OK); /* late */
    inproc_idle();
    ck_assert_uint_eq(n, 7);
}
END_TEST

START_TEST(answer_before_the_deadline)
{
    uint32_t back = 0;
    os_time before = os_clock_now();
    ck_ok(slow_answer_by(server.cap, before + OS_MS, 5, &back));
    ck_assert_uint_eq(back, 5);
    ck_assert_uint_eq(os_clock_now(), before);
    ck_err(slow_answer_by(server.cap, before, 5, &back), OS_ERR_DEADLINE);
    ck_err(slow_answer_by(server.cap, 0, 5, &back), OS_ERR_DEADLINE);
}
END_TEST

START_TEST(late_reply_is_dropped_with_its_capabilities)
{
    token_cap back = { { 77 } };
    uint32_t before = inproc_caps_in_use();
    ck_err(slow_take_by(server.cap, os_clock_now() + OS_MS, (token_cap){ server.cap.cap }, &back),
           OS_ERR_DEADLINE);
    slow_take_reply(&server.take, OS_OK, server.token);
    server.token.cap = OS_NO_CAP;
    inproc_idle();
    ck_assert_uint_eq(back.cap.id, 77);
    ck_assert_uint_eq(inproc_caps_in_use(), before);
}
END_TEST

START_TEST(deadline_of_a_begun_call)
{
    struct begun begun = { .err = -2 };
    os_call_init(&begun.call, client.env.ep, done);
    begun.call.deadline = os_clock_now() + 10 * OS_MS;
    ck_ok(slow_keep_begin(server.cap, &begun.call, 1, "x"));
    inproc_advance(9 * OS_MS);
    ck_assert_uint_eq(begun.done, 0);
    inproc_advance(OS_MS);
    ck_assert_uint_eq(begun.done, 1);
    ck_err(begun.err, OS_ERR_DEADLINE);
    release(&server, OS_OK);
    inproc_idle();
    ck_assert_uint_eq(begun.done, 1);
}
END_TEST

/* ---- ends of objects, entrypoints, components */

START_TEST(revoked_object)
{
    uint32_t back = 7;
    struct begun kept, waiting;
    begin(&kept, 1, "x");
    inproc_idle();
    begin(&waiting, 2, "y");
    os_object_fini(&server.object); /* one is kept, one not delivered yet */
    ck_assert(!os_reply_owed(&server.keep));
    inproc_idle();
    ck_err(kept.err, OS_ERR_REVOKED);
    ck_err(waiting.err, OS_ERR_REVOKED);
    ck_assert_uint_eq(server.kept, 1);
    ck_err(slow_answer(server.cap, 1, &back), OS_ERR_REVOKED);
    ck_err(slow_keep_begin(server.cap, &kept.call, 1, "x"), OS_ERR_REVOKED);
    ck_assert_uint_eq(back, 7);
    os_object_fini(&server.object); /* ended already: fine */
    struct os_object zeroed = { 0 };
    os_object_fini(&zeroed);
}
END_TEST

START_TEST(object_that_ends_itself_still_answers)
{
    uint32_t back;
    ck_ok(slow_finish(server.cap));
    ck_err(slow_answer(server.cap, 1, &back), OS_ERR_REVOKED);
}
END_TEST

START_TEST(dead_peer)
{
    uint32_t back;
    struct begun kept, waiting;
    begin(&kept, 1, "x");
    inproc_idle();
    begin(&waiting, 2, "y");
    inproc_kill_entrypoint(server_env.env.ep);
    inproc_idle();
    ck_err(kept.err, OS_ERR_DEAD);
    ck_err(waiting.err, OS_ERR_DEAD);
    ck_err(slow_answer(server.cap, 1, &back), OS_ERR_DEAD);
    server.keep.ep = NULL; /* died with its owner */
    os_list_init(&server.object.replies);
}
END_TEST

START_TEST(dead_component)
{
    uint32_t back;
    struct begun kept;
    slow_cap other = { os_cap_copy(server.cap.cap) };
    begin(&kept, 1, "x");
    inproc_idle();
    inproc_env_kill(&server_env);
    ck_err(kept.err, OS_ERR_DEAD);
    ck_err(slow_answer(server.cap, 1, &back), OS_ERR_DEAD);
    os_cap_drop(other.cap);
    server.keep.ep = NULL;
    os_list_init(&server.object.replies);
}
END_TEST

START_TEST(last_holder)
{
    slow_cap copy = { os_cap_copy(server.cap.cap) };
    os_cap_drop(server.cap.cap);
    inproc_idle();
    ck_assert_uint_eq(server.lost, 0);
    os_cap_drop(copy.cap);
    ck_assert_uint_eq(server.lost, 0); /* not before its entrypoint runs */
    inproc_idle();
    ck_assert_uint_eq(server.lost, 1);
    server.cap.cap = OS_NO_CAP;
}
END_TEST

START_TEST(capability_in_a_message_is_held)
{
    struct os_call call;
    struct server other;
    server_init(&other, &client);
    os_call_init(&call, client.env.ep, drop_unseen);
    ck_ok(slow_take_begin(server.cap, &call, (token_cap){ other.cap.cap }));
    os_cap_drop(other.cap.cap);
    other.cap.cap = OS_NO_CAP;
    inproc_idle();
    ck_assert_uint_eq(other.lost, 0); /* the server has it */
    slow_take_reply(&server.take, OS_OK, server.token);
    server.token.cap = OS_NO_CAP;
    inproc_idle();
    ck_assert_uint_eq(other.lost, 1); /* nobody took it from the reply */
    server_fini(&other);
}
END_TEST

START_TEST(death_of_the_last_holder)
{
    struct server other;
    struct os_call call;
    server_init(&other, &client);
    os_call_init(&call, client.env.ep, drop_unseen);
    ck_ok(slow_take_begin(server.cap, &call, (token_cap){ other.cap.cap }));
    os_cap_drop(other.cap.cap);
    other.cap.cap = OS_NO_CAP;
    inproc_idle();
    inproc_env_kill(&server_env);
    ck_assert_uint_eq(other.lost, 1);
    server_fini(&other);
    server.token.cap = OS_NO_CAP;
    server.take.ep = NULL;
    os_list_init(&server.object.replies);
}
END_TEST

/* Ends its object from its last_holder, and frees it. */
static void end(struct os_object *object)
{
    os_object_fini(object);
    memset(object, 0xa5, sizeof(*object));
}

START_TEST(last_holder_may_end_the_object)
{
    struct server other;
    server_init(&other, &client);
    other.object.last_holder = end;
    os_cap_drop(other.cap.cap);
    inproc_idle();
    ck_assert_uint_eq(inproc_objects_in_use(), 1);
}
END_TEST

/* ---- who waits for whom */

START_TEST(answer_that_cannot_come)
{
    uint32_t n = 1;
    char back[16];
    ck_err(slow_keep(server.cap, &n, "x", &back), OS_ERR_DEADLOCK);
    release(&server, OS_OK);
    inproc_idle();
}
END_TEST

START_TEST(server_calls_itself)
{
    uint32_t err = 0;
    ck_ok(slow_call_back(server.cap, server.cap, &err));
    ck_err((os_err)err, OS_ERR_DEADLOCK);
}
END_TEST

START_TEST(server_calls_another)
{
    struct server other;
    uint32_t err = 1;
    server_init(&other, &client);
    ck_ok(slow_call_back(server.cap, other.cap, &err));
    ck_ok((os_err)err);
    server_fini(&other);
}
END_TEST

START_TEST(object_is_found_by_its_own_entrypoint_only)
{
    struct server other;
    server_init(&other, &client);
    ck_assert_ptr_eq(os_object_of(client.env.ep, other.cap.cap, &slow_interface), &other.object);
    ck_assert_ptr_null(os_object_of(client.env.ep, server.cap.cap, &slow_interface));
    ck_assert_ptr_null(os_object_of(client.env.ep, OS_NO_CAP, &slow_interface));
    ck_assert_ptr_null(os_object_of(client.env.ep, other.cap.cap, &os_pd_interface));
    os_object_fini(&other.object);
    ck_assert_ptr_null(os_object_of(client.env.ep, other.cap.cap, &slow_interface));
    server_fini(&other);
}
END_TEST

START_TEST(object_that_cannot_be_made)
{
    struct server other = { 0 };
    inproc_fail_next(INPROC_FAIL_OBJECT, 0, OS_ERR_CAPS);
    ck_err(slow_object_init(&other.object, client.env.ep, &ops, &other.cap), OS_ERR_CAPS);
    ck_assert_uint_eq(other.cap.cap.id, 0);
    ck_assert_ptr_null(other.object.plat);
    inproc_env_quota(&client, 0, 0);
    ck_err(slow_object_init(&other.object, client.env.ep, &ops, &other.cap), OS_ERR_CAPS);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, begun_call_ends_at_the_entrypoint);
    tcase_add_test(tcase, error_as_a_later_reply);
    tcase_add_test(tcase, nothing_happens_when_no_answer_is_owed);
    tcase_add_test(tcase, later_reply_gives_its_capability_away);
    tcase_add_test(tcase, result_that_nobody_takes_is_dropped);
    tcase_add_test(tcase, call_is_begun_again_from_its_own_end);
    tcase_add_test(tcase, one_call_is_not_begun_twice);
    tcase_add_test(tcase, begin_that_fails_is_not_pending);
    tcase_add_test(tcase, cancelled_call_is_never_done);
    tcase_add_test(tcase, cancel_drops_capabilities_under_way);
    tcase_add_test(tcase, deadline_of_a_call);
    tcase_add_test(tcase, answer_before_the_deadline);
    tcase_add_test(tcase, late_reply_is_dropped_with_its_capabilities);
    tcase_add_test(tcase, deadline_of_a_begun_call);
    tcase_add_test(tcase, revoked_object);
    tcase_add_test(tcase, object_that_ends_itself_still_answers);
    tcase_add_test(tcase, dead_peer);
    tcase_add_test(tcase, dead_component);
    tcase_add_test(tcase, last_holder);
    tcase_add_test(tcase, capability_in_a_message_is_held);
    tcase_add_test(tcase, death_of_the_last_holder);
    tcase_add_test(tcase, last_holder_may_end_the_object);
    tcase_add_test(tcase, answer_that_cannot_come);
    tcase_add_test(tcase, server_calls_itself);
    tcase_add_test(tcase, server_calls_another);
    tcase_add_test(tcase, object_is_found_by_its_own_entrypoint_only);
    tcase_add_test(tcase, object_that_cannot_be_made);
}

int main(void)
{
    return suite_run_case("calls", add);
}
