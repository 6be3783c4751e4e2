/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_resources.c: quota that children ask for and give back, signs of life, and what is missing when memory
 * of a component that has ended is held by others.
 */
#include <check.h>
#include <os/log.h>
#include <os/resources.h>
#include <suite.h>
#include "system.h"

#define RAM OS_MIB(1) /* of each child */

/* ---- requests */

struct request {
    struct os_call call;
    os_err err;
    int done;
};

static struct os_entrypoint caller_ep;

static void answered(struct os_call *call)
{
    struct request *request = OS_CONTAINER_OF(call, struct request, call);
    request->err = os_parent_resource_request_end(call);
    request->done = 1;
}

static void ask(struct request *request, const char *child, uint64_t ram, uint32_t caps)
{
    *request = (struct request){ 0 };
    os_call_init(&request->call, &caller_ep, answered);
    ck_assert_int_eq(os_parent_resource_request_begin(system_env(child)->parent, &request->call, ram, caps),
                     OS_OK);
    inproc_idle();
}

static void begin(const char *scenario)
{
    system_start(scenario);
    ck_assert_int_eq(os_entrypoint_init(&caller_ep), OS_OK);
    inproc_serve(&caller_ep);
}

static void check_answer(const struct request *request, os_err err)
{
    ck_assert(request->done);
    ck_assert_int_eq(request->err, err);
}

START_TEST(without_a_policy_nothing_is_granted)
{
    struct request request;
    begin("start:\n  lonely:\n");
    ask(&request, "lonely", 1, 0);
    check_answer(&request, OS_ERR_DENIED);
    ask(&request, "lonely", 0, 0);
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(system_ram("lonely"), RAM);
    ck_assert_uint_eq(system_requests(), 0);
    system_end();
}
END_TEST

START_TEST(requests_are_granted_up_to_a_total)
{
    struct request request;
    begin("start:\n  lonely: { more: { ram: 4M, caps: 200 } }\n");
    ask(&request, "lonely", OS_MIB(2), 50);
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(3));
    ck_assert_uint_eq(system_caps("lonely"), 150);
    ask(&request, "lonely", OS_MIB(1) + 1, 0);
    check_answer(&request, OS_ERR_RAM);
    ask(&request, "lonely", 0, 51);
    check_answer(&request, OS_ERR_CAPS);
    ask(&request, "lonely", UINT64_MAX, UINT32_MAX);
    check_answer(&request, OS_ERR_RAM);
    ask(&request, "lonely", OS_MIB(1), 50);
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(4));
    /* who begins anew has what its entry says, and may ask for as much again */
    system_crash("lonely");
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(system_ram("lonely"), RAM);
    ask(&request, "lonely", OS_MIB(3), 100);
    check_answer(&request, OS_OK);
    system_end();
}
END_TEST

/* What a child has given back is not counted as given: not for its limit, and not for what there is. */
START_TEST(what_was_given_back_can_be_granted_again)
{
    struct request request, other;
    begin("start:\n  lonely: { more: { ram: 4M } }\n  server: { more: wait }\n");
    const struct child *lonely = engine_child(system_engine(), "lonely");
    ask(&request, "lonely", OS_MIB(3), 0);
    check_answer(&request, OS_OK);
    ask(&other, "server", UINT64_MAX, UINT32_MAX);
    ck_assert_uint_eq(lonely->resources.wanted.caps, UINT32_MAX - system_caps("init") + 32);
    ck_assert_int_eq(os_parent_yield_response(system_env("lonely")->parent, OS_MIB(3) + OS_KIB(512), 10),
                     OS_OK);
    ck_assert_uint_eq(system_ram("lonely"), OS_KIB(512));
    ck_assert_uint_eq(resources_given(lonely).ram, OS_KIB(512));
    ck_assert_uint_eq(resources_given(lonely).caps, 90);
    ask(&other, "server", 0, 0);
    ask(&request, "lonely", OS_MIB(3) + OS_KIB(512) + 1, 0);
    check_answer(&request, OS_ERR_RAM);
    ask(&request, "lonely", OS_MIB(3) + OS_KIB(512), 0);
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(resources_given(lonely).ram, OS_MIB(4));
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(4));
    system_end();
}
END_TEST

START_TEST(a_request_waits_until_something_comes_free)
{
    struct request request;
    begin("start:\n  lonely: { more: wait }\n  server: { ram: 50M, restart: never }\n");
    ask(&request, "lonely", OS_MIB(40), 0);
    ck_assert(!request.done);
    ck_assert_uint_eq(system_requests(), 1); /* the parent was asked, once */
    ck_assert_uint_eq(engine_child(system_engine(), "lonely")->resources.asks.ram, OS_MIB(40));
    system_crash("server");
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(41));
    system_end();
}
END_TEST

START_TEST(the_slack_is_never_granted)
{
    struct request request, small;
    begin("slack: { ram: 10M, caps: 1000 }\nstart:\n  lonely: { more: wait }\n  server:\n    more: wait\n");
    ask(&request, "lonely", OS_MIB(53), 0); /* 62 are free */
    ck_assert(!request.done);
    ask(&small, "server", OS_MIB(51), 3700); /* who asks later, and fits, does not wait for the other */
    check_answer(&small, OS_OK);
    ask(&small, "server", 0, 200);
    ck_assert(!small.done);
    system_end();
}
END_TEST

/* What the slack is for is not all: init keeps room for what children ask of it. */
START_TEST(room_for_requests_is_never_granted)
{
    struct request request;
    begin("slack: { ram: 10M }\nstart:\n  lonely: { more: wait }\n");
    uint64_t kept = entry_kept_ram(engine_child(system_engine(), "lonely")->entry);
    uint64_t left = system_ram("init") - OS_MIB(10) - kept;
    ask(&request, "lonely", left + 1, 0);
    ck_assert(!request.done);
    ask(&request, "lonely", left, 0);
    check_answer(&request, OS_OK);
    system_end();
}
END_TEST

START_TEST(one_request_takes_the_place_of_the_other)
{
    struct request first, second;
    begin("start:\n  lonely: { more: wait }\n");
    ask(&first, "lonely", OS_MIB(100), 0);
    ask(&second, "lonely", OS_MIB(200), 0);
    check_answer(&first, OS_ERR_CANCELLED);
    ck_assert(!second.done);
    ask(&first, "lonely", 0, 0);
    check_answer(&first, OS_OK);
    check_answer(&second, OS_ERR_CANCELLED);
    ck_assert_uint_eq(system_ram("lonely"), RAM);
    ask(&first, "lonely", OS_MIB(100), 0);
    system_crash("lonely");
    ck_assert(first.done && first.err != OS_OK);
    system_end();
}
END_TEST

START_TEST(what_is_missing_comes_from_the_parent)
{
    struct request request;
    begin("start:\n  lonely: { more: { ram: 100M, caps: 100 } }\n");
    system_grant(OS_MIB(30), 0);
    ask(&request, "lonely", OS_MIB(80), 0);
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(81));
    ck_assert_uint_eq(system_requests(), 1);
    system_end();
}
END_TEST

/* ---- giving back */

static struct os_yield yield;
static uint64_t asked_ram[4];
static unsigned asked;
static os_dataspace_cap cache, drawn;

static void free_cache(struct os_yield *called, uint64_t ram, uint32_t caps)
{
    ck_assert_uint_lt(asked, OS_ARRAY_LEN(asked_ram));
    asked_ram[asked++] = ram;
    if (asked == 1)
        os_ram_free(called->env, cache);
}

START_TEST(who_can_spare_something_is_asked)
{
    struct request request;
    begin("start:\n  lonely: { more: wait }\n  server: { ram: 60M }\n");
    ck_assert_int_eq(os_ram_alloc(system_env("server"), OS_MIB(20), &cache), OS_OK);
    ck_assert_int_eq(os_yield_init(&yield, system_env("server"), free_cache, OS_MIB(30), 50), OS_OK);
    ask(&request, "lonely", OS_MIB(12), 0);
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(asked, 1);
    ck_assert_uint_gt(asked_ram[0], OS_MIB(9));
    ck_assert_uint_lt(asked_ram[0], OS_MIB(10)); /* the rest was there */
    ck_assert_uint_eq(system_ram("server"), OS_MIB(60) - asked_ram[0]);
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(13));
    /* more than it keeps is not given, and who gives nothing is not asked again */
    ask(&request, "lonely", OS_MIB(40), 0);
    ck_assert(!request.done);
    ck_assert_uint_eq(asked, 3);
    ck_assert_uint_gt(asked_ram[1], OS_MIB(39));
    ck_assert_uint_eq(asked_ram[2], asked_ram[1] - (OS_MIB(30) - asked_ram[0]));
    ck_assert_uint_eq(system_ram("server"), OS_MIB(30));
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(13));
    os_yield_fini(&yield);
    system_end();
}
END_TEST

/* Meanwhile the engine itself comes to need some memory. */
static void give_what_is_asked(struct os_signal_handler *handler)
{
    struct os_env *env = system_env("server");
    uint64_t ram;
    uint32_t caps;
    ck_assert_int_eq(os_parent_yield_request(env->parent, &ram, &caps), OS_OK);
    ck_assert_uint_lt(asked, OS_ARRAY_LEN(asked_ram));
    asked_ram[asked++] = ram;
    if (asked == 1)
        ck_assert_int_eq(os_ram_alloc(system_engine()->env, OS_KIB(8), &drawn), OS_OK);
    ck_assert_int_eq(os_parent_yield_response(env->parent, ram, caps), OS_OK);
}

START_TEST(what_came_back_and_does_not_suffice_is_added_to)
{
    struct request request;
    struct os_signal_handler handler;
    os_signal_cap cap;
    begin("start:\n  lonely: { more: wait }\n  server: { ram: 60M }\n");
    struct os_env *env = system_env("server");
    ck_assert_int_eq(os_signal_handler_init(&handler, env->ep, give_what_is_asked, &cap), OS_OK);
    ck_assert_int_eq(os_parent_yield_sigh(env->parent, cap), OS_OK);
    os_cap_drop(cap.cap);
    ask(&request, "lonely", OS_MIB(12), 0);
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(asked, 2);
    ck_assert_uint_eq(asked_ram[1], OS_KIB(8));
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(13));
    os_ram_free(system_engine()->env, drawn);
    os_signal_handler_fini(&handler);
    system_end();
}
END_TEST

/* It read that nothing is wanted, and its answer arrives after that has changed. */
START_TEST(an_answer_to_nothing_is_none)
{
    struct request request;
    uint64_t ram;
    uint32_t caps;
    begin("start:\n  lonely: { more: wait }\n  server: { ram: 60M }\n");
    struct os_env *env = system_env("server");
    ck_assert_int_eq(os_parent_yield_request(env->parent, &ram, &caps), OS_OK);
    ck_assert_uint_eq(ram, 0);
    ask(&request, "lonely", OS_MIB(12), 0);
    ck_assert_int_eq(os_parent_yield_response(env->parent, 0, 0), OS_OK);
    ck_assert_int_eq(os_parent_yield_request(env->parent, &ram, &caps), OS_OK);
    ck_assert_uint_gt(ram, OS_MIB(9));
    ck_assert_int_eq(os_parent_yield_response(env->parent, ram, caps), OS_OK);
    inproc_idle();
    check_answer(&request, OS_OK);
    system_end();
}
END_TEST

static uint64_t new_ram;
static const char *resized;

static void resize(void)
{
    struct child *child = engine_child(system_engine(), resized);
    struct entry *entry =
        &child->generation->scenario.entries[child->entry - child->generation->scenario.entries];
    resources_resize(child, new_ram, entry->caps);
    entry->ram = new_ram;
}

START_TEST(a_child_that_gets_less_gives_back_what_it_does_not_use)
{
    uint64_t ram;
    uint32_t caps;
    begin("start:\n  server: { ram: 20M }\n");
    struct os_env *env = system_env("server");
    new_ram = OS_MIB(12);
    resized = "server";
    system_do(resize);
    ck_assert_uint_eq(system_ram("server"), OS_MIB(20)); /* nothing is taken */
    ck_assert_int_eq(os_parent_yield_request(env->parent, &ram, &caps), OS_OK);
    ck_assert_uint_eq(ram, OS_MIB(8));
    ck_assert_int_eq(os_parent_yield_response(env->parent, OS_MIB(3), 10), OS_OK);
    ck_assert_uint_eq(system_ram("server"), OS_MIB(17));
    ck_assert_uint_eq(system_caps("server"), 100);
    new_ram = OS_MIB(14); /* of which 3 are there too much */
    system_do(resize);
    ck_assert_int_eq(os_parent_yield_request(env->parent, &ram, &caps), OS_OK);
    ck_assert_uint_eq(ram, OS_MIB(3));
    ck_assert_int_eq(os_parent_yield_response(env->parent, UINT64_MAX, UINT32_MAX), OS_OK);
    ck_assert_uint_eq(system_ram("server"), OS_MIB(14));
    new_ram = OS_MIB(30);
    system_do(resize);
    ck_assert_uint_eq(system_ram("server"), OS_MIB(30));
    system_end();
}
END_TEST

/* ---- signs of life */

START_TEST(who_gives_no_sign_of_life_is_restarted)
{
    struct os_heartbeat heartbeat;
    begin("start:\n  lonely: { heartbeat: { every: 100ms, max-missed: 2 } }\n");
    ck_assert_int_eq(os_heartbeat_init(&heartbeat, system_env("lonely")), OS_OK);
    inproc_advance(10 * OS_SEC);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    os_heartbeat_fini(&heartbeat); /* it hangs */
    inproc_advance(350 * OS_MS);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    inproc_advance(200 * OS_MS);
    ck_assert_uint_eq(system_starts("lonely"), 2);
    /* and the next one hangs before it comes to that */
    inproc_advance(700 * OS_MS);
    ck_assert_uint_eq(system_starts("lonely"), 3);
    system_end();
}
END_TEST

START_TEST(no_sign_of_life_may_only_be_told)
{
    begin("start:\n  lonely: { heartbeat: { every: 100ms, max-missed: 2, action: log } }\n");
    inproc_advance(10 * OS_SEC);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    ck_assert(engine_child(system_engine(), "lonely")->heartbeat.told);
    ck_assert_int_eq(os_parent_heartbeat_response(system_env("lonely")->parent), OS_OK);
    ck_assert(!engine_child(system_engine(), "lonely")->heartbeat.told);
    system_end();
}
END_TEST

/* ---- what others hold */

static struct os_root_server root;
static struct os_root_session served;
static struct os_object object;

static os_err write_nothing(struct os_rpc *rpc, const char *text)
{
    return OS_OK;
}

static const struct os_log_ops log_ops = { .write = write_nothing };

static os_err open_served(struct os_root_server *server, struct os_session_request *request,
                          struct os_root_session **session, os_any_cap *cap)
{
    os_log_cap made;
    os_err err = os_log_object_init(&object, server->env->ep, &log_ops, &made);
    if (err)
        return err;
    cap->cap = made.cap;
    *session = &served;
    return OS_OK;
}

static void close_served(struct os_root_server *server, struct os_root_session *session)
{
    os_object_fini(&object);
}

static const struct os_root_handlers handlers = { .open = open_served, .close = close_served };

/* The client gets its share of what came back, and nobody pays for the rest. */
START_TEST(a_loss_is_borne_by_those_who_gave)
{
    struct os_session session = { 0 };
    uint64_t back_ram;
    uint32_t back_caps;
    begin("start:\n  server: { restart: never }\n  client: { ram: 8M }\n  lonely:\n");
    struct os_env *client = system_env("client"), *lonely = system_env("lonely");
    ck_assert_int_eq(
        os_root_server_init(&root, system_env("server"), system_env("server")->ep, "Data", &handlers), OS_OK);
    ck_assert_int_eq(os_session_open(client, "Data", "", "", OS_MIB(4), 10, &session), OS_OK);
    uint64_t init_ram = system_ram("init");
    /* of 5 MiB, 3 are held by an accomplice: 2 come back, 1 MiB less is init's own, the client gave 4 */
    ck_assert_int_eq(os_ram_alloc(system_env("server"), OS_MIB(3), &cache), OS_OK);
    system_crash("server");
    ck_assert_uint_eq(system_ram("client"), OS_MIB(8) - OS_MIB(4) + OS_MIB(2));
    ck_assert_uint_eq(system_ram("init"), init_ram);
    ck_assert_int_eq(os_parent_close(client->parent, session.id, &back_ram, &back_caps), OS_OK);
    ck_assert_uint_eq(back_ram, OS_MIB(2));
    ck_assert_uint_eq(back_caps, 10);
    os_cap_drop(session.cap.cap);
    /* let go of, it comes to init, who gives it to nobody by itself */
    os_ram_free(lonely, cache);
    ck_assert_uint_eq(system_ram("init"), init_ram + OS_MIB(3));
    os_root_server_fini(&root);
    system_end();
}
END_TEST

/* SERVER ends, but LONELY still has almost all of its memory. */
static void end_server(void)
{
    ck_assert_int_eq(os_ram_alloc(system_env("server"), OS_MIB(45), &cache), OS_OK);
    system_crash("server");
    ck_assert(!system_runs("server"));
}

START_TEST(what_is_let_go_of_late_is_granted)
{
    struct request request;
    begin("start:\n  lonely: { more: wait }\n  server: { ram: 50M, restart: never }\n");
    ask(&request, "lonely", OS_MIB(40), 0);
    end_server();
    ck_assert(!request.done);
    os_ram_free(system_env("lonely"), cache);
    inproc_idle();
    check_answer(&request, OS_OK);
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(41));
    system_end();
}
END_TEST

/* The scenario gives it more than is there: the rest comes when somebody lets go of it. */
START_TEST(what_is_let_go_of_late_is_given)
{
    begin("start:\n  lonely:\n  server: { ram: 50M, restart: never }\n");
    end_server();
    new_ram = OS_MIB(40);
    resized = "lonely";
    system_do(resize);
    ck_assert_uint_lt(system_ram("lonely"), OS_MIB(20));
    os_ram_free(system_env("lonely"), cache);
    inproc_idle();
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(40));
    system_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resources");
    TCase *tcase = tcase_create("resources");
    tcase_add_test(tcase, without_a_policy_nothing_is_granted);
    tcase_add_test(tcase, requests_are_granted_up_to_a_total);
    tcase_add_test(tcase, what_was_given_back_can_be_granted_again);
    tcase_add_test(tcase, a_request_waits_until_something_comes_free);
    tcase_add_test(tcase, the_slack_is_never_granted);
    tcase_add_test(tcase, room_for_requests_is_never_granted);
    tcase_add_test(tcase, one_request_takes_the_place_of_the_other);
    tcase_add_test(tcase, what_is_missing_comes_from_the_parent);
    tcase_add_test(tcase, who_can_spare_something_is_asked);
    tcase_add_test(tcase, what_came_back_and_does_not_suffice_is_added_to);
    tcase_add_test(tcase, an_answer_to_nothing_is_none);
    tcase_add_test(tcase, a_child_that_gets_less_gives_back_what_it_does_not_use);
    tcase_add_test(tcase, who_gives_no_sign_of_life_is_restarted);
    tcase_add_test(tcase, no_sign_of_life_may_only_be_told);
    tcase_add_test(tcase, a_loss_is_borne_by_those_who_gave);
    tcase_add_test(tcase, what_is_let_go_of_late_is_granted);
    tcase_add_test(tcase, what_is_let_go_of_late_is_given);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
