/* SPDX-License-Identifier: BSD-2-Clause */
/* test_change.c: a running engine takes another scenario, and nothing is disturbed but what has changed. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/rom.h>
#include <suite.h>
#include "play.h"

static void assert_state(const char *line)
{
    const char *state = system_state();
    ck_assert_msg(strstr(state, line) != NULL, "no '%s' in\n%s", line, state);
}

static void change(const char *scenario, const char *expected)
{
    ck_assert_str_eq(system_preview(scenario), expected);
    ck_assert_int_eq(system_apply(scenario), OS_OK);
    ck_assert_str_eq(system_preview(scenario), "nothing changes\n");
}

/* ---- children */

START_TEST(the_same_again_changes_nothing)
{
    static const char scenario[] = "start:\n  server: { config: { a: 1 } }\n  client:\n";
    begin(scenario);
    change(scenario, "nothing changes\n");
    change("start: { server: { config: { a: 1 } },\n         client: }\n", "nothing changes\n");
    ck_assert_uint_eq(system_starts("server"), 1);
    ck_assert_uint_eq(system_starts("client"), 1);
    system_end();
}
END_TEST

START_TEST(children_come_and_go)
{
    begin("start:\n  server:\n  client:\n");
    change("start:\n  lonely:\n  server:\n", "end client\nstart lonely\n");
    ck_assert_ptr_null(engine_child(system_engine(), "client"));
    ck_assert_uint_eq(system_starts("server"), 1);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    ck_assert(strstr(system_state(), "lonely") < strstr(system_state(), "server")); /* the new order */
    change("start:\n  server:\n  client:\n", "end lonely\nstart client\n");
    ck_assert_uint_eq(system_starts("client"), 2);
    system_end();
}
END_TEST

START_TEST(a_broken_scenario_changes_nothing)
{
    begin("start:\n  server:\n");
    char before[4096];
    snprintf(before, sizeof(before), "%s", system_state());
    system_problems_max = 3;
    ck_assert_int_eq(system_apply("start:\n  server: { rum: 5M, cap: 3 }\n  lonely:\n"), OS_ERR_BAD_ARG);
    ck_assert_str_eq(system_problem, "s.yaml: 2 problems; nothing was changed");
    system_problems_max = 1;
    ck_assert_int_eq(system_apply("start: ["), OS_ERR_BAD_ARG);
    ck_assert_str_eq(system_state(), before);
    system_end();
}
END_TEST

START_TEST(all_end_and_others_start)
{
    begin("start:\n  server:\n");
    change("start: {}\n", "end server\n");
    ck_assert_int_eq(system_status(), 0); /* nobody will run any more */
    system_end();
}
END_TEST

START_TEST(another_binary_restarts)
{
    begin("start:\n  a: { binary: lonely }\n  b: { binary: lonely }\n");
    change("start:\n  a: { binary: server }\n  b: { binary: lonely }\n",
           "restart a: binary server, not lonely\n");
    ck_assert_uint_eq(system_starts("a"), 2);
    ck_assert_uint_eq(system_starts("b"), 1);
    change("start:\n  a: { binary: server, provides: [Data] }\n  b: { binary: lonely }\n",
           "restart a: it provides other services\n");
    change("start:\n  a: { binary: server, provides: [Data], sandbox: display }\n  b: { binary: lonely }\n",
           "restart a: sandbox display, not strict\n");
    ck_assert_uint_eq(system_starts("a"), 4);
    ck_assert_uint_eq(system_starts("b"), 1);
    system_end();
}
END_TEST

START_TEST(quota_is_given_and_taken)
{
    os_dataspace_cap ds;
    begin("start:\n  lonely: { ram: 2M, caps: 150 }\n");
    uint64_t all = system_ram("init") + system_ram("lonely");
    change("start:\n  lonely: { ram: 4M, caps: 160 }\n",
           "lonely: ram 4096 KiB, not 2048 KiB\nlonely: 160 caps, not 150\n");
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(4));
    ck_assert_uint_eq(system_caps("lonely"), 160);
    ck_assert_int_eq(os_ram_alloc(system_env("lonely"), OS_MIB(3), &ds), OS_OK);
    change("start:\n  lonely: { ram: 2M, caps: 150 }\n",
           "lonely: ram 2048 KiB, not 4096 KiB\nlonely: 150 caps, not 160\n");
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(3)); /* what it uses is not taken */
    ck_assert_uint_eq(system_caps("lonely"), 150);
    assert_state("      yields: \n        ram: 1048576\n");
    os_ram_free(system_env("lonely"), ds);
    change("start:\n  lonely: { ram: 2M, caps: 150, restart: never }\n",
           "lonely: other policies or routes\n");
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(2));
    ck_assert_uint_eq(system_ram("init"), all - OS_MIB(2));
    ck_assert_uint_eq(system_starts("lonely"), 1);
    system_end();
}
END_TEST

/* 64 MiB is all there is: one can only have what the other gives back first. */
START_TEST(quota_moves_from_one_to_another)
{
    begin("start:\n  a: { binary: lonely, ram: 50M }\n  b: { binary: lonely }\n");
    change("start:\n  a: { binary: lonely }\n  b: { binary: lonely, ram: 50M }\n",
           "a: ram 1024 KiB, not 51200 KiB\nb: ram 51200 KiB, not 1024 KiB\n");
    ck_assert_uint_eq(system_ram("a"), OS_MIB(1));
    ck_assert_uint_eq(system_ram("b"), OS_MIB(50));
    change("start:\n  c: { binary: lonely, ram: 50M }\n", "end a\nend b\nstart c\n");
    ck_assert_uint_eq(system_ram("c"), OS_MIB(50));
    system_problems_max = 2;
    ck_assert_int_eq(
        system_apply("start:\n  c: { binary: lonely, ram: 40M }\n  d: { binary: lonely, ram: 40M }\n"),
        OS_ERR_BAD_ARG);
    ck_assert_uint_eq(system_ram("c"), OS_MIB(50));
    system_end();
}
END_TEST

static unsigned signalled;

static void count_signal(struct os_signal_handler *handler)
{
    signalled++;
}

START_TEST(another_config_is_another_content)
{
    struct os_rom_module rom;
    struct os_config read;
    struct os_signal_handler handler;
    os_signal_cap cap;
    signalled = 0;
    begin("start:\n  lonely: { config: { size: 5 } }\n");
    ck_assert_int_eq(os_rom_module_open(&rom, system_env("lonely"), "config"), OS_OK);
    ck_assert_int_eq(os_signal_handler_init(&handler, system_env("lonely")->ep, count_signal, &cap), OS_OK);
    ck_assert_int_eq(os_rom_module_sigh(&rom, cap), OS_OK);
    os_cap_drop(cap.cap);
    inproc_serve(system_env("lonely")->ep);
    change("start:\n  lonely: { config: { size: 6 } }\n", "lonely: another config\n");
    ck_assert_uint_eq(signalled, 1);
    ck_assert_int_eq(os_rom_module_update(&rom), OS_OK);
    ck_assert_int_eq(os_config_init(&read, rom.data, rom.size), OS_OK);
    ck_assert_uint_eq(os_config_u64(&read, os_config_root(&read), "size", 0), 6);
    change("start:\n  lonely: { restart: never, config: { size: 6 } }\n",
           "lonely: other policies or routes\n");
    ck_assert_uint_eq(signalled, 1);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    inproc_unserve(system_env("lonely")->ep);
    os_signal_handler_fini(&handler);
    os_rom_module_close(&rom);
    system_end();
}
END_TEST

START_TEST(one_that_has_ended_gets_another_chance)
{
    begin("start:\n  lonely: { config: { a: 1 } }\n  other: { binary: lonely }\n");
    exit_child("lonely", 0);
    assert_state("    lonely: \n      state: ended\n");
    change("start:\n  lonely: { config: { a: 1 }, restart: never }\n  other: { binary: lonely }\n",
           "lonely: other policies or routes\n");
    assert_state("    lonely: \n      state: ended\n");
    change("start:\n  lonely: { config: { a: 2 }, restart: never }\n  other: { binary: lonely }\n",
           "start lonely\n");
    assert_state("    lonely: \n      state: running\n");
    system_end();
}
END_TEST

START_TEST(a_policy_is_taken_over_in_the_middle_of_a_restart)
{
    begin("start:\n  lonely: { restart: { delay: 5s } }\n");
    system_crash("lonely");
    change("start:\n  lonely: { ram: 2M, restart: { delay: 5s } }\n", "lonely: ram 2048 KiB, not 1024 KiB\n");
    inproc_advance(5 * OS_SEC);
    ck_assert_uint_eq(system_starts("lonely"), 2);
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(2));
    system_crash("lonely");
    change("start:\n  lonely: { binary: server }\n", "restart lonely: binary server, not lonely\n");
    ck_assert_uint_eq(system_starts("lonely"), 3); /* at once */
    system_end();
}
END_TEST

/* ---- sessions */

#define TWO(route, more)                                                                                     \
    "start:\n"                                                                                               \
    "  one: { binary: server }\n"                                                                            \
    "  two: { binary: server }\n"                                                                            \
    "  client: { route: { Data: " route " }" more " }\n"

static struct service one, two;

static void begin_two(const char *scenario)
{
    begin(scenario);
    serve(&one);
    serve(&two);
    ck_assert_int_eq(announce(&one, "one", "Data"), OS_OK);
    ck_assert_int_eq(announce(&two, "two", "Data"), OS_OK);
}

START_TEST(a_route_change_restarts)
{
    struct os_session session;
    begin_two(TWO("{ child: one }", ""));
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    change(TWO("{ child: two }", ""), "restart client: Data session goes to two, not one\n");
    ck_assert_uint_eq(one.closed, 1);
    ck_assert_uint_eq(system_starts("client"), 2);
    ck_assert_uint_eq(system_ram("client"), OS_MIB(1));
    ck_assert_uint_eq(system_ram("one"), OS_MIB(1));
    /* without a session nothing changes for it */
    change(TWO("{ child: one }", ""), "client: other policies or routes\n");
    ck_assert_uint_eq(system_starts("client"), 2);
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    ck_assert_uint_eq(one.opened, 2);
    system_end();
}
END_TEST

START_TEST(a_route_change_closes)
{
    struct os_session session;
    begin_two(TWO("{ child: one }", ", on-route-change: close"));
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    change(TWO("{ child: two, label: x }", ", on-route-change: close"),
           "client: other policies or routes\nclient: Data session goes to two, not one: is closed\n");
    ck_assert_uint_eq(one.closed, 1);
    ck_assert_uint_eq(system_ram("client"), OS_MIB(1)); /* the donation is back already */
    ck_assert_int_eq(os_session_upgrade(&session, 1, 1), OS_ERR_DEAD);
    os_session_close(&session);
    ck_assert_uint_eq(system_ram("client"), OS_MIB(1));
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    ck_assert_uint_eq(two.opened, 1);
    ck_assert_str_eq(two.label, "client -> x");
    change(TWO("{ child: two, label: y, args: { b: 1 } }", ", on-route-change: close"),
           "client: other policies or routes\n"
           "client: Data session has the label \"client -> y\", not \"client -> x\": is closed\n");
    os_session_close(&session);
    ck_assert_uint_eq(two.closed, 1);
    ck_assert_uint_eq(system_starts("client"), 1);
    system_end();
}
END_TEST

START_TEST(a_route_change_keeps)
{
    struct os_session session;
    begin_two(TWO("{ child: one }", ", on-route-change: keep"));
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    ck_assert_int_eq(system_apply(TWO("{ child: two }", ", on-route-change: keep")), OS_OK);
    ck_assert_uint_eq(one.closed, 0);
    ck_assert_int_eq(os_session_upgrade(&session, 1, 1), OS_OK);
    os_session_close(&session);
    ck_assert_uint_eq(one.closed, 1);
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    ck_assert_uint_eq(two.opened, 1);
    system_end();
}
END_TEST

START_TEST(a_request_that_waits_goes_elsewhere)
{
    struct request request;
    begin(TWO("{ child: one }", ""));
    serve(&two);
    ck_assert_int_eq(announce(&two, "two", "Data"), OS_OK);
    ask(&request, "client", "Data", OS_KIB(16), 4);
    ck_assert(!request.done);
    ck_assert_str_eq(
        system_preview(TWO("{ child: two }", "")),
        "client: other policies or routes\nclient: Data session goes to two, not one: waits elsewhere\n");
    ck_assert_int_eq(system_apply(TWO("{ child: two }", "")), OS_OK);
    ck_assert(request.done);
    ck_assert_int_eq(request.err, OS_OK);
    ck_assert_uint_eq(two.opened, 1);
    ck_assert_uint_eq(system_starts("client"), 1);
    os_cap_drop(request.cap.cap);
    system_end();
}
END_TEST

START_TEST(a_request_that_waits_is_refused)
{
    struct request request;
    begin("start:\n  server:\n  client:\n  lonely: { route: { Data: { child: server } } }\n");
    ask(&request, "lonely", "Data", OS_KIB(16), 4);
    ck_assert_int_eq(system_apply("start:\n  server:\n  client:\n  lonely: { route: { Data: deny } }\n"),
                     OS_OK);
    ck_assert(request.done);
    ck_assert_int_eq(request.err, OS_ERR_DENIED);
    system_end();
}
END_TEST

/* It is closed when the server has answered, and nobody waits for that. */
START_TEST(a_route_change_while_the_session_opens)
{
    struct request request;
    begin_two(TWO("{ child: one }", ", on-route-change: close"));
    one.answer = OS_REPLY_LATER;
    ask(&request, "client", "Data", OS_KIB(16), 4);
    ck_assert_int_eq(system_apply(TWO("{ child: two }", ", on-route-change: close")), OS_OK);
    ck_assert(!request.done);
    one.answer = OS_OK;
    os_root_open_reply(&one.owed[0], OS_OK, (os_any_cap){ os_cap_copy(one.cap.cap) });
    inproc_idle();
    ck_assert_int_eq(request.err, OS_OK);
    ck_assert_uint_eq(one.closed, 1);
    ck_assert_uint_eq(system_ram("client"), OS_MIB(1));
    os_cap_drop(request.cap.cap);
    system_end();
}
END_TEST

START_TEST(a_server_that_goes_takes_its_sessions_along)
{
    struct os_session session;
    begin_two(TWO("any-child", ", on-route-change: close"));
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    ck_assert_int_eq(system_apply("start:\n  two: { binary: server }\n"
                                  "  client: { on-route-change: close }\n"),
                     OS_OK);
    ck_assert_uint_eq(system_ram("client"), OS_MIB(1));
    os_session_close(&session);
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    ck_assert_uint_eq(two.opened, 1);
    system_end();
}
END_TEST

static void closed_by_client(struct os_call *call)
{
    uint64_t ram;
    uint32_t caps;
    struct request *request = OS_CONTAINER_OF(call, struct request, call);
    request->err = os_parent_close_end(call, &ram, &caps);
    request->done = 1;
}

/* The client closes what is being closed for its route, and the server ends meanwhile. */
START_TEST(a_close_during_a_close_is_answered)
{
    static struct os_entrypoint ep;
    struct os_session session;
    struct request request = { 0 };
    begin_two(TWO("{ child: one }", ", on-route-change: close"));
    ck_assert_int_eq(os_entrypoint_init(&ep), OS_OK);
    inproc_serve(&ep);
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    one.answer = OS_REPLY_LATER;
    ck_assert_int_eq(system_apply(TWO("{ child: two }", ", on-route-change: close")), OS_OK);
    os_call_init(&request.call, &ep, closed_by_client);
    ck_assert_int_eq(os_parent_close_begin(system_env("client")->parent, &request.call, session.id), OS_OK);
    inproc_idle();
    ck_assert(!request.done);
    system_crash("one");
    ck_assert(request.done);
    ck_assert_int_eq(request.err, OS_OK);
    ck_assert_uint_eq(system_ram("client"), OS_MIB(1));
    inproc_unserve(&ep);
    os_entrypoint_fini(&ep);
    system_end();
}
END_TEST

#define ALONE "start:\n  lonely:\n"

static void come_back(void)
{
    struct os_engine *engine = system_engine();
    ck_assert_int_eq(os_engine_apply(engine, ALONE, strlen(ALONE)), OS_OK);
    ck_assert_int_eq(os_engine_apply(engine, ALONE "  server:\n", strlen(ALONE "  server:\n")), OS_OK);
    ck_assert_int_eq(os_engine_apply(engine, ALONE "  server:\n", strlen(ALONE "  server:\n")), OS_OK);
}

/* The one that goes has not ended yet when there is another one of its name. */
START_TEST(one_comes_back_before_it_is_gone)
{
    begin(ALONE "  server:\n");
    system_do(come_back);
    ck_assert_uint_eq(system_starts("server"), 2);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    ck_assert_ptr_nonnull(engine_child(system_engine(), "server"));
    ck_assert_str_eq(system_preview(ALONE "  server:\n"), "nothing changes\n");
    system_end();
}
END_TEST

START_TEST(a_wait_has_a_limit)
{
    struct request request;
    begin("start:\n  server:\n  client: { wait: 3s }\n");
    ask(&request, "client", "Data", OS_KIB(16), 4);
    inproc_advance(2999 * OS_MS);
    ck_assert(!request.done);
    inproc_advance(1 * OS_MS);
    ck_assert(request.done);
    ck_assert_int_eq(request.err, OS_ERR_DEADLINE);
    ck_assert_uint_eq(system_ram("client"), OS_MIB(1));
    system_end();
}
END_TEST

/* A server that has taken its root away, and has a session yet. */
START_TEST(a_close_at_a_root_that_is_gone)
{
    struct os_session session;
    struct request request;
    begin("start:\n  server:\n  client:\n  lonely: { route: { Data: { child: server } } }\n");
    serve(&one);
    ck_assert_int_eq(announce(&one, "server", "Data"), OS_OK);
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    os_object_fini(&one.root);
    ask(&request, "lonely", "Data", OS_KIB(16), 4); /* whereupon the engine forgets the root */
    ck_assert(!request.done);
    ck_assert_int_ne(os_session_upgrade(&session, 1, 1), OS_OK);
    os_session_close(&session);
    ck_assert_uint_eq(system_ram("client"), OS_MIB(1));
    system_end();
}
END_TEST

/* ---- the state */

START_TEST(the_state_is_a_rom)
{
    struct os_rom_module rom;
    struct os_config read;
    struct os_signal_handler handler;
    os_signal_cap cap;
    struct os_session session;
    signalled = 0;
    begin("state: { delay: 1s }\nstart:\n  lonely: { route: { ROM: [{ match: state, to: local }] } }\n"
          "  other: { binary: lonely }\n");
    inproc_advance(OS_SEC);
    ck_assert_int_eq(os_session_open(system_env("lonely"), "ROM", "state", "", OS_KIB(64), 8, &session),
                     OS_OK);
    rom = (struct os_rom_module){ .session = { .base = session, .cap = { session.cap.cap } } };
    ck_assert_int_eq(os_signal_handler_init(&handler, system_env("lonely")->ep, count_signal, &cap), OS_OK);
    ck_assert_int_eq(os_rom_module_update(&rom), OS_OK);
    ck_assert_int_eq(os_rom_module_sigh(&rom, cap), OS_OK);
    os_cap_drop(cap.cap);
    inproc_serve(system_env("lonely")->ep);
    inproc_advance(OS_SEC);
    signalled = 0;
    system_crash("other"); /* two changes at least: it ends, and waits */
    ck_assert_uint_eq(signalled, 1);
    inproc_advance(999 * OS_MS); /* more of them, but not sooner than wanted */
    ck_assert_uint_eq(signalled, 1);
    inproc_advance(1 * OS_MS);
    ck_assert_uint_eq(signalled, 2);
    inproc_advance(100 * OS_SEC); /* nothing changes */
    ck_assert_uint_eq(signalled, 2);
    ck_assert_int_eq(os_rom_module_update(&rom), OS_OK);
    ck_assert_int_eq(os_config_init(&read, rom.data, rom.size), OS_OK);
    os_config_ref other =
        os_config_get(&read, os_config_get(&read, os_config_root(&read), "components"), "other");
    ck_assert_str_eq(os_config_str(&read, other, "restarts", ""), "1");
    inproc_unserve(system_env("lonely")->ep);
    os_signal_handler_fini(&handler);
    os_rom_module_close(&rom);
    ck_assert_int_eq(open_at("other", "ROM", OS_KIB(8), 4, &session), OS_ERR_NO_SERVICE);
    system_end();
}
END_TEST

static void open_state(const char *child, struct os_rom_module *rom)
{
    struct os_session session;
    ck_assert_int_eq(os_session_open(system_env(child), "ROM", "state", "", OS_KIB(64), 8, &session), OS_OK);
    *rom = (struct os_rom_module){ .session = { .base = session, .cap = { session.cap.cap } } };
    ck_assert_int_eq(os_rom_module_update(rom), OS_OK);
}

/* Age and quota change all the time, so that a state which is built twice is not the same. */
START_TEST(the_state_is_built_once_for_all_who_look)
{
    static const char *const children[] = { "lonely", "other", "third" };
    struct os_rom_module roms[3];
    struct os_config read;
    os_time delay = 100 * OS_MS;
    begin("state: { delay: 100ms }\nstart:\n"
          "  lonely: { route: { ROM: [{ match: state, to: local }] } }\n"
          "  other: { binary: lonely, route: { ROM: [{ match: state, to: local }] } }\n"
          "  third: { binary: lonely, route: { ROM: [{ match: state, to: local }] } }\n"
          "  fourth: { binary: lonely, restart: { delay: 1ms } }\n");
    for (unsigned i = 0; i < 3; i++)
        open_state(children[i], &roms[i]);
    for (unsigned round = 1; round <= 3; round++) {
        system_crash("fourth");
        inproc_advance(2 * OS_SEC); /* all that follows is told */
        for (unsigned i = 0; i < 3; i++) {
            ck_assert_int_eq(os_rom_module_update(&roms[i]), OS_OK);
            ck_assert_uint_eq(roms[i].size, roms[0].size);
            ck_assert_mem_eq(roms[i].data, roms[0].data, roms[0].size);
            inproc_advance(delay / 2);
        }
        ck_assert_int_eq(os_config_init(&read, roms[2].data, roms[2].size), OS_OK);
        os_config_ref fourth =
            os_config_get(&read, os_config_get(&read, os_config_root(&read), "components"), "fourth");
        ck_assert_uint_eq(os_config_u64(&read, fourth, "restarts", 0), round);
    }
    /* who comes later sees no old one */
    struct os_rom_module late;
    inproc_advance(10 * OS_SEC);
    open_state("lonely", &late);
    ck_assert_int_eq(os_config_init(&read, late.data, late.size), OS_OK);
    os_config_ref system = os_config_get(&read, os_config_root(&read), "system");
    ck_assert_uint_eq(os_config_u64(&read, system, "age-ms", 0),
                      (os_clock_now() - system_engine()->started) / OS_MS);
    os_rom_module_close(&late);
    for (unsigned i = 0; i < 3; i++)
        os_rom_module_close(&roms[i]);
    ck_assert_ptr_null(system_engine()->shown.tree);
    system_end();
}
END_TEST

/* ---- upgrades */

#define LONELY "{ram: 1M, caps: 100}"

static os_err result;

static void upgrade_lonely(void)
{
    result = os_engine_upgrade(system_engine(), "lonely");
}

static os_err upgrade(void)
{
    system_do(upgrade_lonely);
    return result;
}

START_TEST(an_upgrade_takes_the_new_binary)
{
    begin("start:\n  lonely:\n  other: { binary: lonely }\n");
    ck_assert_int_eq(upgrade(), OS_ERR_EXISTS);
    system_new_binary("lonely", "{ram: 2M, caps: 100}");
    system_crash("lonely"); /* restarts go on with the old one */
    inproc_advance(100 * OS_MS);
    ck_assert_uint_eq(system_module("lonely"), 0);
    ck_assert_int_eq(upgrade(), OS_OK);
    ck_assert_uint_eq(system_module("lonely"), 1);
    ck_assert_uint_eq(system_ram("lonely"), OS_MIB(2)); /* what the new one's manifest says */
    ck_assert_uint_eq(system_module("other"), 0);
    ck_assert_int_eq(upgrade(), OS_ERR_EXISTS);
    system_end();
}
END_TEST

START_TEST(an_upgrade_that_does_not_fit_is_refused)
{
    begin("start:\n  lonely: { ram: 1M }\n");
    system_new_binary("lonely", "{ram: 2M, caps: 100}");
    system_problems_max = 2;
    ck_assert_int_eq(upgrade(), OS_ERR_BAD_ARG);
    ck_assert_str_eq(system_problem, "s.yaml: 1 problem; nothing was changed");
    ck_assert_uint_eq(system_module("lonely"), 0);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    system_crash("lonely");
    inproc_advance(100 * OS_MS);
    ck_assert_uint_eq(system_module("lonely"), 0);
    system_end();
}
END_TEST

START_TEST(an_upgrade_that_does_not_start_is_taken_back)
{
    begin("start:\n  lonely:\n");
    system_new_binary("lonely", LONELY);
    system_refuse_module(1, OS_ERR_BAD_ARG);
    ck_assert_int_eq(upgrade(), OS_OK);
    ck_assert_uint_eq(system_module("lonely"), 0);
    ck_assert_uint_eq(system_starts("lonely"), 2);
    system_refuse_module(1, OS_OK);
    ck_assert_int_eq(upgrade(), OS_OK);
    ck_assert_uint_eq(system_module("lonely"), 1);
    system_end();
}
END_TEST

START_TEST(an_upgrade_that_fails_is_taken_back)
{
    begin("start:\n  lonely: { restart: { max: 2, delay: 100ms } }\n");
    system_new_binary("lonely", LONELY);
    ck_assert_int_eq(upgrade(), OS_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(system_module("lonely"), 1);
        system_crash("lonely");
        inproc_advance(OS_SEC);
    }
    ck_assert_uint_eq(system_module("lonely"), 1);
    system_crash("lonely");
    ck_assert_uint_eq(system_module("lonely"), 0);
    system_crash("lonely"); /* from here on as ever */
    inproc_advance(100 * OS_MS);
    ck_assert_uint_eq(system_module("lonely"), 0);
    system_end();
}
END_TEST

START_TEST(an_upgrade_that_has_stood_the_test)
{
    begin("start:\n  lonely: { restart: { max: 1 } }\n");
    system_new_binary("lonely", LONELY);
    ck_assert_int_eq(upgrade(), OS_OK);
    inproc_advance(61 * OS_SEC);
    system_crash("lonely");
    inproc_advance(100 * OS_MS);
    system_crash("lonely");
    inproc_advance(100 * OS_MS);
    assert_state("    lonely: \n      state: ended\n");
    system_end();
}
END_TEST

START_TEST(upgrades_by_themselves)
{
    begin("start:\n  lonely: { upgrade: on-change }\n  manual: { binary: lonely }\n"
          "  third: { binary: lonely, upgrade: on-change }\n");
    system_new_binary("lonely", LONELY);
    ck_assert_uint_eq(system_module("lonely"), 1);
    ck_assert_uint_eq(system_module("third"), 1);
    ck_assert_uint_eq(system_module("manual"), 0);
    ck_assert_uint_eq(system_starts("third"), 2);
    system_end();
}
END_TEST

/* ---- any order */

enum { ENTRIES = 6 };

static const char *const names[ENTRIES] = { "s1", "s2", "c1", "c2", "c3", "l1" };
static const char *const routes[] = { "any-child", "{ child: s1 }", "{ child: s2 }",
                                      "{ child: s1, label: x }" };

struct variant {
    int present, ram, caps, config, route, binary, provides, policy;
};

static uint32_t seed;

static uint32_t pick(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static int is_server(int i)
{
    return i < 2;
}

static int is_client(int i)
{
    return i >= 2 && i < 5;
}

static void write_scenario(const struct variant *variants, char *text, size_t size)
{
    size_t at = (size_t)snprintf(text, size, "start:\n");
    for (int i = 0; i < ENTRIES; i++) {
        const struct variant *variant = &variants[i];
        if (!variant->present)
            continue;
        const char *binary = is_server(i)      ? "server"
                             : is_client(i)    ? "client"
                             : variant->binary ? "server"
                                               : "lonely";
        at += (size_t)snprintf(text + at, size - at, "  %s: { binary: %s, ram: %dM, caps: %d", names[i],
                               binary, 1 + variant->ram, 100 + variant->caps);
        if (variant->config)
            at += (size_t)snprintf(text + at, size - at, ", config: { a: %d }", variant->config);
        if (is_client(i))
            at += (size_t)snprintf(text + at, size - at, ", route: { Data: %s }, on-route-change: %s",
                                   routes[variant->route], i == 2 ? "restart" : "close");
        if (is_server(i) && variant->provides)
            at += (size_t)snprintf(text + at, size - at, ", provides: [Data]");
        if (!is_server(i) && !is_client(i) && variant->binary)
            at += (size_t)snprintf(text + at, size - at, ", provides: []");
        at += (size_t)snprintf(text + at, size - at, ", restart: { max: %d } }\n", 5 + variant->policy);
    }
    if (at == strlen("start:\n"))
        snprintf(text, size, "start: {}\n");
}

static void vary(struct variant *variant)
{
    switch (pick(8)) {
    case 0:
        variant->present = !variant->present;
        break;
    case 1:
        variant->ram = (int)pick(3);
        break;
    case 2:
        variant->caps = (int)pick(3) * 10;
        break;
    case 3:
        variant->config = (int)pick(3);
        break;
    case 4:
        variant->route = (int)pick(4);
        break;
    case 5:
        variant->binary = (int)pick(2);
        break;
    case 6:
        variant->provides = (int)pick(2);
        break;
    case 7:
        variant->policy = (int)pick(3);
        break;
    }
}

static struct service services[2];
static struct request requests[ENTRIES];
static unsigned played[ENTRIES];

static void let_go(struct request *request)
{
    os_call_cancel(&request->call);
    if (request->done && !request->err)
        os_cap_drop(request->cap.cap);
    request->done = 0;
}

/* What the code of client I would do: it has one session, and when that is gone, another one. */
static void play_client(int i)
{
    const struct child *child = engine_child(system_engine(), names[i]);
    struct request *request = &requests[i];
    int is_lost = 0;
    OS_LIST_FOR_EACH (link, &child->sessions)
        is_lost |= OS_CONTAINER_OF(link, struct session, client_link)->state == SESSION_LOST;
    if (played[i] == system_starts(names[i]) && !is_lost && !(request->done && request->err))
        return;
    if (is_lost) {
        uint64_t ram;
        uint32_t caps;
        ck_assert_int_eq(os_parent_close(system_env(names[i])->parent, request->id, &ram, &caps), OS_OK);
    }
    if (played[i])
        let_go(request);
    ask(request, names[i], "Data", OS_KIB(16), 4);
    played[i] = system_starts(names[i]);
}

static int runs(int i)
{
    const struct child *child = engine_child(system_engine(), names[i]);
    return child && child->state == CHILD_RUNNING;
}

static void play(void)
{
    for (int i = 0; i < 2; i++) {
        if (!runs(i) || played[i] == system_starts(names[i]))
            continue;
        ck_assert_int_eq(announce(&services[i], names[i], "Data"), OS_OK);
        played[i] = system_starts(names[i]);
        inproc_idle();
    }
    for (int i = 2; i < 5; i++)
        if (runs(i))
            play_client(i);
}

/* What does not depend on how the system came to be as it is. */
static void take_essence(char *text, size_t size)
{
    static const char *const accidents[] = { "age-ms: ", "restarts: ", "last-exit: " };
    char all[16384];
    size_t at = 0;
    snprintf(all, sizeof(all), "%s", system_state());
    for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n")) {
        int skip = 0;
        for (size_t i = 0; i < OS_ARRAY_LEN(accidents); i++)
            skip |= !strncmp(line + strspn(line, " "), accidents[i], strlen(accidents[i]));
        if (!skip)
            at += (size_t)snprintf(text + at, size - at, "%s\n", line);
    }
}

static void begin_play(const char *scenario)
{
    begin(scenario);
    memset(played, 0, sizeof(played));
    for (int i = 0; i < ENTRIES; i++)
        played[i] = 0;
    for (int i = 0; i < 2; i++)
        serve(&services[i]);
    play();
}

static void end_play(void)
{
    for (int i = 2; i < 5; i++)
        if (played[i])
            let_go(&requests[i]);
    for (int i = 0; i < 2; i++) {
        inproc_unserve(&services[i].ep);
        os_cap_drop(services[i].root_cap.cap);
        os_object_fini(&services[i].root);
        os_entrypoint_fini(&services[i].ep);
    }
    end_clients();
    system_end();
}

/* Ten rounds of them are the 10,000 reconfigurations that end as a fresh start does. */
START_TEST(any_order_ends_like_a_fresh_start)
{
    struct variant now[ENTRIES] = { 0 }, next[ENTRIES];
    char scenario[2048], essence[16384], fresh[16384];
    unsigned applied = 0;
    seed = 1 + (uint32_t)_i;
    now[0].present = now[2].present = 1;
    write_scenario(now, scenario, sizeof(scenario));
    begin_play(scenario);
    const char *fewer = getenv("SEEDBED_STEPS"); /* under valgrind */
    unsigned steps = fewer ? (unsigned)atoi(fewer) : STEPS;
    for (unsigned step = 0; step < steps; step++) {
        memcpy(next, now, sizeof(next));
        for (uint32_t n = 1 + pick(3); n; n--)
            vary(&next[pick(ENTRIES)]);
        write_scenario(next, scenario, sizeof(scenario));
        system_problems_max = 100;
        os_err err = system_apply(scenario);
        ck_assert_msg(err == OS_OK || err == OS_ERR_BAD_ARG, "%s\n%s", os_err_text(err), scenario);
        play();
        if (!err) {
            memcpy(now, next, sizeof(now));
            applied++;
        }
    }
    ck_assert_uint_gt(applied, steps / 2);
    take_essence(essence, sizeof(essence));
    end_play();
    write_scenario(now, scenario, sizeof(scenario));
    begin_play(scenario);
    take_essence(fresh, sizeof(fresh));
    ck_assert_str_eq(essence, fresh);
    end_play();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine-change");
    TCase *tcase = tcase_create("change");
    tcase_add_test(tcase, the_same_again_changes_nothing);
    tcase_add_test(tcase, children_come_and_go);
    tcase_add_test(tcase, a_broken_scenario_changes_nothing);
    tcase_add_test(tcase, all_end_and_others_start);
    tcase_add_test(tcase, another_binary_restarts);
    tcase_add_test(tcase, quota_is_given_and_taken);
    tcase_add_test(tcase, quota_moves_from_one_to_another);
    tcase_add_test(tcase, another_config_is_another_content);
    tcase_add_test(tcase, one_that_has_ended_gets_another_chance);
    tcase_add_test(tcase, a_policy_is_taken_over_in_the_middle_of_a_restart);
    tcase_add_test(tcase, a_route_change_restarts);
    tcase_add_test(tcase, a_route_change_closes);
    tcase_add_test(tcase, a_route_change_keeps);
    tcase_add_test(tcase, a_request_that_waits_goes_elsewhere);
    tcase_add_test(tcase, a_request_that_waits_is_refused);
    tcase_add_test(tcase, a_route_change_while_the_session_opens);
    tcase_add_test(tcase, a_server_that_goes_takes_its_sessions_along);
    tcase_add_test(tcase, a_close_during_a_close_is_answered);
    tcase_add_test(tcase, one_comes_back_before_it_is_gone);
    tcase_add_test(tcase, a_wait_has_a_limit);
    tcase_add_test(tcase, a_close_at_a_root_that_is_gone);
    tcase_add_test(tcase, the_state_is_a_rom);
    tcase_add_test(tcase, the_state_is_built_once_for_all_who_look);
    tcase_add_test(tcase, an_upgrade_takes_the_new_binary);
    tcase_add_test(tcase, an_upgrade_that_does_not_fit_is_refused);
    tcase_add_test(tcase, an_upgrade_that_does_not_start_is_taken_back);
    tcase_add_test(tcase, an_upgrade_that_fails_is_taken_back);
    tcase_add_test(tcase, an_upgrade_that_has_stood_the_test);
    tcase_add_test(tcase, upgrades_by_themselves);
    tcase_add_loop_test(tcase, any_order_ends_like_a_fresh_start, 0, 10);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
