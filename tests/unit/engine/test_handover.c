/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_handover.c: a session between a server, an init, an init beneath that, and a client beneath it, from
 * the announcement to the end of the server; and one of them dies, at every single step that there is.
 * Whoever waits gets an answer, and afterwards the accounts are what they were.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <os/log.h>
#include <os/session.h>
#include <suite.h>
#include "system.h"

static const char scenario[] =
    "start:\n"
    "  server: { restart: never }\n"
    "  nested: { restart: never, route: { PD: parent, ROM: [ { match: client, to: parent } ] } }\n";
static const char nested_scenario[] = "parent-provides: [PD, ROM, LOG, Data]\n"
                                      "default-route: [ { service: any, to: parent } ]\n"
                                      "start:\n"
                                      "  client: { restart: never }\n";

enum victim { SERVER, NESTED_INIT, CLIENT, VICTIMS };
static const char *const labels[VICTIMS] = { "server", "nested", "nested -> client" };

/* What the processes have; copies, because they are used after the end of a process, too. */
static struct os_env envs[VICTIMS];
static struct os_entrypoint eps[VICTIMS];
static int dead[VICTIMS], hit;

/* ---- the server */

static struct os_root_server root;
static struct os_root_session served[2];
static struct os_object objects[2];

static os_err write_nothing(struct os_rpc *rpc, const char *text)
{
    return OS_OK;
}

static const struct os_log_ops log_ops = { .write = write_nothing };

static os_err open_served(struct os_root_server *server, struct os_session_request *request,
                          struct os_root_session **session, os_any_cap *cap)
{
    os_log_cap made;
    int i = objects[0].plat != NULL;
    os_err err = os_log_object_init(&objects[i], &eps[SERVER], &log_ops, &made);
    if (err)
        return err;
    cap->cap = made.cap;
    *session = &served[i];
    return OS_OK;
}

static void close_served(struct os_root_server *server, struct os_root_session *session)
{
    os_object_fini(&objects[session - served]);
}

static const struct os_root_handlers handlers = { .open = open_served, .close = close_served };

/* ---- the init beneath init */

static struct os_engine *nested_engines[1000]; /* those that died with what they had */
static unsigned nested_count;
static struct os_signal_handler errand;
static os_signal_cap errand_cap;

static void run_nested(struct os_signal_handler *handler)
{
    struct os_engine **engine = &nested_engines[nested_count++];
    ck_assert_uint_lt(nested_count, OS_ARRAY_LEN(nested_engines));
    ck_assert_int_eq(
        os_engine_create(&envs[NESTED_INIT], &(struct os_engine_options){ .file = "n.yaml" }, engine), OS_OK);
    system_nested_source(*engine);
    ck_assert_int_eq(os_engine_apply(*engine, nested_scenario, strlen(nested_scenario)), OS_OK);
}

/* ---- ends */

static void take_env(enum victim who)
{
    const struct os_env *env = system_env(labels[who]);
    envs[who] = (struct os_env){ .ep = &eps[who] };
    envs[who].parent.cap = os_cap_copy(env->parent.cap);
    envs[who].pd.cap = os_cap_copy(env->pd.cap);
    dead[who] = 0;
}

static void die(void *arg)
{
    enum victim who = *(enum victim *)arg;
    hit = 1;
    if (dead[who])
        return;
    dead[who] = 1;
    system_kill(labels[who]);
    inproc_kill_entrypoint(&eps[who]);
}

/* ---- the course of things */

struct request {
    struct os_call call;
    os_err err;
    int done;
    struct os_session session;
};

static void opened(struct os_call *call)
{
    struct request *request = OS_CONTAINER_OF(call, struct request, call);
    request->err = os_parent_session_end(call, &request->session.id, &request->session.cap);
    request->done = 1;
}

static struct os_entrypoint client_ep; /* outlives the client, to hear what it would */

static void begin_open(struct request *request)
{
    *request = (struct request){ .session = { .env = &envs[CLIENT] } };
    os_call_init(&request->call, &client_ep, opened);
    request->err =
        os_parent_session_begin(envs[CLIENT].parent, &request->call, "Data", "x", "", OS_KIB(64), 8);
    request->done = request->err != OS_OK;
}

/* Whoever waited for ever would be told so by the platform. */
static void check_answered(os_err err)
{
    ck_assert_int_ne(err, OS_ERR_DEADLOCK);
}

static void check_opened(struct request *request)
{
    inproc_idle();
    if (!request->done)
        inproc_advance(40 * OS_SEC); /* the limit of waiting for a service */
    ck_assert(request->done);
    check_answered(request->err);
}

static void end_request(struct request *request)
{
    if (request->done && !request->err)
        os_session_close(&request->session);
}

static void use_session(struct request *request)
{
    uint64_t ram;
    uint32_t caps;
    if (request->err)
        return;
    os_log_cap log = { request->session.cap.cap };
    check_answered(os_log_write(log, "x"));
    check_answered(os_parent_upgrade(envs[CLIENT].parent, request->session.id, OS_KIB(4), 1));
    check_answered(os_parent_close(envs[CLIENT].parent, request->session.id, &ram, &caps));
    os_cap_drop(request->session.cap.cap);
    request->session.env = NULL;
}

static void play(void)
{
    struct request first, second;
    begin_open(&first);
    os_err announced = os_root_server_init(&root, &envs[SERVER], &eps[SERVER], "Data", &handlers);
    check_answered(announced);
    check_opened(&first);
    use_session(&first);
    begin_open(&second);
    check_opened(&second);
    check_answered(os_parent_exit_by(envs[SERVER].parent, os_clock_now() + OS_SEC, 0));
    inproc_advance(10 * OS_SEC);
    end_request(&first);
    end_request(&second);
    if (!announced)
        os_root_server_fini(&root);
}

/* What LABEL has, and all beneath it. */
static struct amount account(enum victim who)
{
    struct amount sum = { 0 };
    for (enum victim i = who; i <= (who == NESTED_INIT ? CLIENT : who); i++) {
        if (!system_runs(labels[i]))
            continue;
        sum.ram += system_ram(labels[i]);
        sum.caps += system_caps(labels[i]);
    }
    return sum;
}

/* Whoever lives has what it had. */
static void check_accounts(const struct amount (*before)[VICTIMS])
{
    for (int i = 0; i < VICTIMS; i++) {
        if (!system_runs(labels[i]))
            continue;
        ck_assert_msg(account(i).ram == (*before)[i].ram && account(i).caps == (*before)[i].caps,
                      "%s has %llu bytes and %u caps, and had %llu and %u", labels[i],
                      (unsigned long long)account(i).ram, (unsigned)account(i).caps,
                      (unsigned long long)(*before)[i].ram, (unsigned)(*before)[i].caps);
    }
}

/* Non-zero when WHO has died after N events. */
static int run(enum victim who, uint32_t n)
{
    hit = 0;
    system_start(scenario);
    for (int i = 0; i < VICTIMS; i++)
        ck_assert_int_eq(os_entrypoint_init(&eps[i]), OS_OK);
    ck_assert_int_eq(os_entrypoint_init(&client_ep), OS_OK);
    take_env(SERVER);
    take_env(NESTED_INIT);
    ck_assert_int_eq(os_signal_handler_init(&errand, &eps[NESTED_INIT], run_nested, &errand_cap), OS_OK);
    inproc_serve(&eps[SERVER]);
    inproc_serve(&eps[NESTED_INIT]);
    inproc_serve(&client_ep);
    os_signal_submit(errand_cap);
    inproc_idle();
    take_env(CLIENT);
    struct amount before[VICTIMS];
    for (int i = 0; i < VICTIMS; i++)
        before[i] = account(i);
    inproc_at_event(n, die, &who);
    play();
    inproc_at_event(0, NULL, NULL);
    inproc_advance(10 * OS_SEC); /* closes that are not answered */
    check_accounts(&before);

    int was_hit = hit;
    for (int i = VICTIMS - 1; i >= 0; i--)
        die(&(enum victim){ i });
    inproc_advance(10 * OS_SEC);
    system_end();
    inproc_unserve(&client_ep);
    os_entrypoint_fini(&client_ep);
    for (int i = 0; i < VICTIMS; i++) {
        os_cap_drop(envs[i].parent.cap);
        os_cap_drop(envs[i].pd.cap);
        inproc_unserve(&eps[i]);
    }
    os_cap_drop(errand_cap.cap);
    return was_hit;
}

static void step_through(enum victim who)
{
    uint32_t n = 0;
    while (run(who, n))
        n++;
    ck_assert_uint_gt(n, 30); /* as many steps as there must be at least */
    fprintf(stderr, "%s: %u steps\n", labels[who], (unsigned)n);
}

START_TEST(the_server_dies_at_every_step)
{
    step_through(SERVER);
}
END_TEST

START_TEST(the_init_in_between_dies_at_every_step)
{
    step_through(NESTED_INIT);
}
END_TEST

START_TEST(the_client_dies_at_every_step)
{
    step_through(CLIENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("handover");
    TCase *tcase = tcase_create("handover");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_server_dies_at_every_step);
    tcase_add_test(tcase, the_init_in_between_dies_at_every_step);
    tcase_add_test(tcase, the_client_dies_at_every_step);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
