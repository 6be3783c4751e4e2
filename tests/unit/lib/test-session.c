/* SPDX-License-Identifier: BSD-2-Clause */
/* test-session.c: sessions from request to close, roots, donations, and who pays for what. */
#include <os/log.h>
#include <os/session.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define DESK_RPC(FN, I)                                                                                      \
    FN(I, label, (out, os_str(OS_LABEL_MAX), label), (out, os_str(OS_ARGS_MAX), args))                       \
    FN(I, grow, (in, uint64_t, bytes))
OS_RPC_INTERFACE(desk, DESK_RPC)
OS_SESSION(desk, "Desk", OS_KIB(16), 4)

/* A server with what each client has asked for. */
struct desk {
    struct os_root_session session;
    struct os_object object;
    char label[OS_LABEL_MAX], args[OS_ARGS_MAX];
};

static struct inproc_env server, client;
static struct os_root_server root;
static unsigned opens, closes, upgrades;

static struct desk *desk_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct desk, object);
}

static os_err desk_label_op(struct os_rpc *rpc, char (*label)[OS_LABEL_MAX], char (*args)[OS_ARGS_MAX])
{
    strcpy(*label, desk_of(rpc)->label);
    strcpy(*args, desk_of(rpc)->args);
    return OS_OK;
}

static os_err desk_grow_op(struct os_rpc *rpc, uint64_t bytes)
{
    return os_quota_charge(&desk_of(rpc)->session.quota, bytes, 0);
}

static const struct desk_ops desk_ops = { .label = desk_label_op, .grow = desk_grow_op };

static os_err open_desk(struct os_root_server *of, struct os_session_request *request,
                        struct os_root_session **session, os_any_cap *cap)
{
    desk_cap made;
    if (strcmp(request->args, "refuse=1") == 0)
        return OS_ERR_DENIED;
    if (strcmp(request->args, "needs=another") == 0)
        return OS_ERR_DEAD;
    os_err err = os_quota_charge(&request->quota, sizeof(struct desk), 1);
    if (err)
        return err;
    struct desk *desk = calloc(1, sizeof(*desk));
    ck_assert_ptr_nonnull(desk);
    err = desk_object_init(&desk->object, of->env->ep, &desk_ops, &made);
    if (err) {
        free(desk);
        return err;
    }
    strcpy(desk->label, request->label);
    strcpy(desk->args, request->args);
    *session = &desk->session;
    cap->cap = made.cap;
    opens++;
    return OS_OK;
}

static void close_desk(struct os_root_server *of, struct os_root_session *session)
{
    struct desk *desk = OS_CONTAINER_OF(session, struct desk, session);
    os_object_fini(&desk->object);
    free(desk);
    closes++;
}

static void upgraded(struct os_root_server *of, struct os_root_session *session)
{
    upgrades++;
}

static const struct os_root_handlers handlers = { .open = open_desk,
                                                  .close = close_desk,
                                                  .upgraded = upgraded };

static void construct(struct os_env *env)
{
    ck_ok(os_root_server_init(&root, env, env->ep, "Desk", &handlers));
}

static void setup(void)
{
    inproc_env_init(&server, "server");
    inproc_env_construct(&server, construct);
    inproc_env_init(&client, "client");
}

static void teardown(void)
{
    ck_fini(&client);
    ck_fini(&server);
    ck_assert_uint_eq(opens, closes);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
    ck_assert_uint_eq(inproc_objects_in_use(), 0);
}

static uint64_t ram_of(const struct inproc_env *env)
{
    uint64_t ram, used;
    uint32_t caps, caps_used;
    ck_ok(os_pd_quota(env->env.pd, &ram, &used, &caps, &caps_used));
    return ram - used;
}

START_TEST(label_and_arguments_arrive)
{
    struct desk_session session = { 0 };
    char label[OS_LABEL_MAX], args[OS_ARGS_MAX];
    ck_ok(desk_open(&client.env, "left", "w=1,h=2", &session));
    ck_ok(desk_label(session.cap, &label, &args));
    ck_assert_str_eq(label, "client -> left");
    ck_assert_str_eq(args, "w=1,h=2");
    desk_close(&session);
    ck_assert_uint_eq(closes, 1);
    ck_assert_uint_eq(session.cap.cap.id, 0);
    desk_close(&session); /* closed already: fine */
    os_session_close(&(struct os_session){ 0 });
}
END_TEST

START_TEST(donation_moves_there_and_back)
{
    struct desk_session session = { 0 };
    uint64_t before = ram_of(&client), server_before = ram_of(&server);
    ck_ok(desk_open(&client.env, "", "", &session));
    ck_assert_uint_eq(ram_of(&client), before - OS_KIB(16));
    ck_assert_uint_eq(ram_of(&server), server_before + OS_KIB(16));
    ck_ok(os_session_upgrade(&session.base, OS_KIB(4), 2));
    ck_assert_uint_eq(upgrades, 1);
    ck_assert_uint_eq(ram_of(&client), before - OS_KIB(20));
    ck_assert_uint_eq(ram_of(&server), server_before + OS_KIB(20));
    desk_close(&session);
    ck_assert_uint_eq(ram_of(&client), before);
    ck_assert_uint_eq(ram_of(&server), server_before);
}
END_TEST

START_TEST(session_that_has_used_its_quota_is_upgraded)
{
    struct desk_session session = { 0 };
    ck_ok(desk_open(&client.env, "", "", &session));
    ck_err(desk_grow(session.cap, OS_KIB(16)), OS_ERR_RAM);
    ck_ok(os_session_upgrade(&session.base, OS_KIB(16), 0));
    ck_ok(desk_grow(session.cap, OS_KIB(16)));
    ck_err(desk_grow(session.cap, OS_KIB(16)), OS_ERR_RAM);
    desk_close(&session);
}
END_TEST

START_TEST(client_without_means)
{
    struct desk_session session = { 0 };
    inproc_env_quota(&client, OS_KIB(12), 10);
    ck_err(desk_open(&client.env, "", "", &session), OS_ERR_RAM);
    ck_err(desk_open_with(&client.env, "", "", OS_KIB(8), 11, &session), OS_ERR_CAPS);
    ck_assert_uint_eq(session.cap.cap.id, 0);
    ck_ok(desk_open_with(&client.env, "", "", OS_KIB(8), 4, &session));
    ck_err(os_session_upgrade(&session.base, OS_KIB(8), 0), OS_ERR_RAM);
    ck_err(os_session_upgrade(&session.base, 0, 7), OS_ERR_CAPS);
    ck_assert_uint_eq(upgrades, 0);
    desk_close(&session);
    ck_assert_uint_eq(ram_of(&client), OS_KIB(12));
}
END_TEST

START_TEST(donation_too_small_for_the_server)
{
    struct desk_session session = { 0 };
    uint64_t before = ram_of(&client), server_before = ram_of(&server);
    ck_err(desk_open_with(&client.env, "", "", 8, 1, &session), OS_ERR_RAM);
    ck_err(desk_open_with(&client.env, "", "", OS_KIB(4), 0, &session), OS_ERR_CAPS);
    ck_err(desk_open(&client.env, "", "refuse=1", &session), OS_ERR_DENIED);
    ck_assert_uint_eq(ram_of(&client), before);
    ck_assert_uint_eq(ram_of(&server), server_before);
    ck_assert_uint_eq(opens, 0);
}
END_TEST

START_TEST(no_service)
{
    struct os_session session = { 0 };
    ck_err(os_session_open(&client.env, "Chair", "", "", 0, 0, &session), OS_ERR_NO_SERVICE);
    inproc_deny("Desk", OS_ERR_DENIED);
    ck_err(os_session_open(&client.env, "Desk", "", "", 0, 0, &session), OS_ERR_DENIED);
    ck_assert_ptr_null(session.env);
    char label[OS_LABEL_MAX + 1];
    memset(label, 'a', sizeof(label) - 1);
    label[sizeof(label) - 1] = 0;
    ck_err(os_session_open(&client.env, "Desk", label, "", 0, 0, &session), OS_ERR_TOO_LARGE);
}
END_TEST

/* The parent would take it for the end of the server, forget its root and wait for the next. */
START_TEST(server_whose_own_server_is_dead)
{
    struct desk_session session;
    ck_err(desk_open(&client.env, "a", "needs=another", &session), OS_ERR_IO);
    ck_ok(desk_open(&client.env, "a", "", &session));
    desk_close(&session);
}
END_TEST

START_TEST(closing_revokes)
{
    struct desk_session session = { 0 };
    ck_ok(desk_open(&client.env, "", "", &session));
    desk_cap copy = { os_cap_copy(session.cap.cap) };
    desk_close(&session);
    ck_err(desk_grow(copy, 1), OS_ERR_REVOKED);
    os_cap_drop(copy.cap);
}
END_TEST

START_TEST(many_sessions)
{
    enum { MANY = 100 };
    static struct desk_session sessions[MANY];
    char label[OS_LABEL_MAX], args[OS_ARGS_MAX], name[12], whole[32];
    uint64_t before = ram_of(&client);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "%d", i);
        ck_ok(desk_open(&client.env, name, "", &sessions[i]));
    }
    for (int i = 0; i < MANY; i++) {
        int k = (i * 37) % MANY;
        snprintf(whole, sizeof(whole), "client -> %d", k);
        ck_ok(desk_label(sessions[k].cap, &label, &args));
        ck_assert_str_eq(label, whole);
        desk_close(&sessions[k]);
    }
    ck_assert_uint_eq(ram_of(&client), before);
}
END_TEST

START_TEST(death_of_the_client_closes_its_sessions)
{
    struct desk_session session = { 0 };
    uint64_t before = ram_of(&server);
    ck_ok(desk_open(&client.env, "", "", &session));
    inproc_env_kill(&client);
    ck_assert_uint_eq(closes, 1);
    ck_assert_uint_eq(ram_of(&server), before);
    os_cap_drop(session.cap.cap);
}
END_TEST

START_TEST(death_of_the_server)
{
    struct desk_session session = { 0 };
    uint64_t before = ram_of(&client);
    ck_ok(desk_open(&client.env, "", "", &session));
    inproc_env_kill(&server);
    ck_err(desk_grow(session.cap, 1), OS_ERR_DEAD);
    desk_close(&session);
    ck_assert_uint_eq(ram_of(&client), before);
    ck_err(desk_open(&client.env, "", "", &session), OS_ERR_NO_SERVICE);
    while (!os_list_empty(&root.sessions)) { /* of the dead */
        struct os_list *link = root.sessions.next;
        os_list_remove(link);
        free(OS_CONTAINER_OF(OS_CONTAINER_OF(link, struct os_root_session, link), struct desk, session));
        closes++;
    }
}
END_TEST

static void fini_root(struct os_signal_handler *handler)
{
    os_root_server_fini(&root);
}

START_TEST(end_of_the_root_closes_all)
{
    struct desk_session one = { 0 }, two = { 0 };
    struct os_signal_handler handler;
    os_signal_cap signal;
    ck_ok(desk_open(&client.env, "", "", &one));
    ck_ok(desk_open(&client.env, "", "", &two));
    ck_ok(os_signal_handler_init(&handler, server.env.ep, fini_root, &signal));
    os_signal_submit(signal);
    inproc_idle();
    ck_assert_uint_eq(closes, 2);
    ck_err(desk_grow(one.cap, 1), OS_ERR_REVOKED);
    desk_close(&one);
    desk_close(&two);
    os_signal_handler_fini(&handler);
    os_cap_drop(signal.cap);
}
END_TEST

/* ---- a root as a parent that is out of its mind would call it */

static os_err refuse(struct inproc_service *service, uint32_t id, const char *label, const char *args,
                     uint64_t ram, uint32_t caps, os_any_cap *cap)
{
    return OS_ERR_BUSY;
}

START_TEST(root_refuses_nonsense)
{
    os_root_cap direct = { OS_NO_CAP };
    struct os_root_server own;
    struct inproc_env other;
    os_any_cap session = { 0 };
    inproc_env_init(&other, "other");
    ck_ok(
        os_root_object_init(&own.object, other.env.ep, (const struct os_root_ops *)root.object.ops, &direct));
    own.env = &other.env;
    own.handlers = &handlers;
    os_list_init(&own.sessions);
    inproc_env_serve(&other);

    ck_err(os_root_close(direct, 1), OS_ERR_NOT_FOUND);
    ck_err(os_root_upgrade(direct, 1, 0, 0), OS_ERR_NOT_FOUND);
    ck_ok(os_root_open(direct, 1, "a", "", OS_KIB(16), 4, &session));
    os_any_cap twice = { 0 };
    ck_err(os_root_open(direct, 1, "a", "", OS_KIB(16), 4, &twice), OS_ERR_EXISTS);
    ck_err(os_root_upgrade(direct, 1, UINT64_MAX, 0), OS_ERR_BAD_ARG);
    ck_err(os_root_upgrade(direct, 1, 0, UINT32_MAX), OS_ERR_BAD_ARG);
    ck_ok(os_root_close(direct, 1));
    ck_err(os_root_close(direct, 1), OS_ERR_NOT_FOUND);

    os_cap_drop(session.cap);
    os_cap_drop(direct.cap);
    os_root_server_fini(&own);
    ck_fini(&other);
}
END_TEST

START_TEST(service_that_may_not_be_offered)
{
    struct os_root_server second;
    inproc_deny("Desk2", OS_ERR_DENIED);
    ck_err(os_root_server_init(&second, &client.env, client.env.ep, "Desk2", &handlers), OS_ERR_DENIED);
    inproc_fail_next(INPROC_FAIL_OBJECT, 0, OS_ERR_CAPS);
    ck_err(os_root_server_init(&second, &client.env, client.env.ep, "Desk3", &handlers), OS_ERR_CAPS);
}
END_TEST

START_TEST(server_out_of_handles)
{
    struct desk_session session = { 0 };
    uint64_t before = ram_of(&client);
    inproc_fail_next(INPROC_FAIL_OBJECT, 0, OS_ERR_HANDLES);
    ck_err(desk_open(&client.env, "", "", &session), OS_ERR_HANDLES);
    ck_assert_uint_eq(ram_of(&client), before);
    ck_ok(desk_open(&client.env, "", "", &session));
    desk_close(&session);
}
END_TEST

START_TEST(mock_in_place_of_a_server)
{
    struct inproc_service mock = { .open = refuse };
    struct desk_session session = { 0 };
    uint64_t before = ram_of(&client);
    inproc_provide("Desk", &mock);
    ck_err(desk_open(&client.env, "", "", &session), OS_ERR_BUSY);
    inproc_provide("Desk", NULL);
    ck_assert_uint_eq(ram_of(&client), before);
    ck_ok(desk_open(&client.env, "", "", &session));
    desk_close(&session);
}
END_TEST

START_TEST(log_session)
{
    struct os_log_session session = { 0 };
    ck_ok(os_log_open(&client.env, "", "", &session));
    ck_ok(os_log_write(session.cap, "one"));
    ck_ok(os_log_write(session.cap, "two"));
    ck_assert_str_eq(inproc_log(&client), "one\ntwo\n");
    os_log_close(&session);
}
END_TEST

/* The test environment itself must find what a test forgets. */
START_TEST(leaks_are_found)
{
    struct inproc_env sloppy;
    struct desk_session session = { 0 };
    os_dataspace_cap ds;
    inproc_env_init(&sloppy, "sloppy");
    ck_ok(desk_open(&sloppy.env, "", "", &session));
    ck_ok(os_ram_alloc(&sloppy.env, 1, &ds));
    ck_assert_int_eq(inproc_env_fini(&sloppy), 4); /* a session, a dataspace, a handle on each */
    os_cap_drop(session.cap.cap);
    os_cap_drop(ds.cap);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, label_and_arguments_arrive);
    tcase_add_test(tcase, donation_moves_there_and_back);
    tcase_add_test(tcase, session_that_has_used_its_quota_is_upgraded);
    tcase_add_test(tcase, client_without_means);
    tcase_add_test(tcase, donation_too_small_for_the_server);
    tcase_add_test(tcase, no_service);
    tcase_add_test(tcase, server_whose_own_server_is_dead);
    tcase_add_test(tcase, closing_revokes);
    tcase_add_test(tcase, many_sessions);
    tcase_add_test(tcase, death_of_the_client_closes_its_sessions);
    tcase_add_test(tcase, death_of_the_server);
    tcase_add_test(tcase, end_of_the_root_closes_all);
    tcase_add_test(tcase, root_refuses_nonsense);
    tcase_add_test(tcase, service_that_may_not_be_offered);
    tcase_add_test(tcase, server_out_of_handles);
    tcase_add_test(tcase, mock_in_place_of_a_server);
    tcase_add_test(tcase, log_session);
    tcase_add_test(tcase, leaks_are_found);
}

int main(void)
{
    return suite_run_case("session", add);
}
