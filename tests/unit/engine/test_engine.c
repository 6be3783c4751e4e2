/* SPDX-License-Identifier: BSD-2-Clause */
/* test_engine.c: sessions and donations between children that behave, crash, flood, or never answer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/session.h>
#include <suite.h>
#include "play.h"
#include "system.h"

#define BOTH "start:\n  server: { restart: { max: 2 } }\n  client: { restart: never }\n"

/* ---- sessions */

START_TEST(a_donation_goes_to_the_server_and_back)
{
    struct service service;
    struct os_session session;
    begin(BOTH);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t server = system_ram("server"), client = system_ram("client");
    uint32_t caps = system_caps("client");
    ck_assert_int_eq(os_session_open(system_env("client"), "Data", "x", "a=1", OS_KIB(16), 4, &session),
                     OS_OK);
    ck_assert_str_eq(service.label, "client -> x");
    ck_assert_str_eq(service.args, "a=1");
    ck_assert_uint_eq(service.ram, OS_KIB(16));
    ck_assert_uint_eq(system_ram("server"), server + OS_KIB(16));
    ck_assert_uint_eq(system_ram("client"), client - OS_KIB(16));
    ck_assert_int_eq(os_session_upgrade(&session, OS_KIB(4), 1), OS_OK);
    ck_assert_uint_eq(system_ram("server"), server + OS_KIB(20));
    ck_assert_uint_eq(system_caps("client"), caps - 5);
    service.upgrade_answer = OS_ERR_DENIED;
    ck_assert_int_eq(os_session_upgrade(&session, OS_KIB(4), 1), OS_ERR_DENIED);
    ck_assert_uint_eq(system_ram("server"), server + OS_KIB(20));
    os_session_close(&session);
    ck_assert_uint_eq(service.closed, 1);
    ck_assert_uint_eq(system_ram("server"), server);
    ck_assert_uint_eq(system_ram("client"), client);
    ck_assert_uint_eq(system_caps("client"), caps);
    system_end();
}
END_TEST

START_TEST(a_donation_that_is_not_there)
{
    struct service service;
    struct os_session session;
    begin(BOTH);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    ck_assert_int_eq(open_at("client", "Data", OS_MIB(2), 4, &session), OS_ERR_RAM);
    ck_assert_int_eq(open_at("client", "Data", UINT64_MAX, 4, &session), OS_ERR_RAM);
    ck_assert_int_eq(open_at("client", "Data", 4, 5000, &session), OS_ERR_CAPS);
    ck_assert_uint_eq(service.opened, 0);
    system_end();
}
END_TEST

START_TEST(a_server_that_refuses)
{
    struct service service;
    struct os_session session;
    begin(BOTH);
    serve(&service);
    service.answer = OS_ERR_DENIED;
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t client = system_ram("client");
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_ERR_DENIED);
    ck_assert_uint_eq(system_ram("client"), client);
    system_end();
}
END_TEST

START_TEST(requests_wait_for_the_announcement)
{
    struct service service;
    struct request request;
    begin(BOTH);
    serve(&service);
    ask(&request, "client", "Data", OS_KIB(16), 4);
    ck_assert(!request.done);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    inproc_idle();
    ck_assert(request.done);
    ck_assert_int_eq(request.err, OS_OK);
    os_cap_drop(request.cap.cap);
    system_end();
}
END_TEST

START_TEST(requests_without_route)
{
    struct os_session session;
    begin("start:\n  server:\n  client: { route: { Other: deny, LOG: deny } }\n");
    ck_assert_int_eq(open_at("client", "Nothing", 0, 0, &session), OS_ERR_NO_SERVICE);
    ck_assert_int_eq(open_at("client", "ROM", 0, 0, &session), OS_ERR_NO_SERVICE);
    ck_assert_int_eq(open_at("client", "PD", 0, 0, &session), OS_ERR_NO_SERVICE);
    ck_assert_int_eq(open_at("client", "Other", 0, 0, &session), OS_ERR_DENIED);
    ck_assert_int_eq(open_at("client", "LOG", 0, 0, &session), OS_ERR_DENIED);
    system_end();
}
END_TEST

START_TEST(announcements_are_checked)
{
    struct service service;
    begin(BOTH);
    serve(&service);
    ck_assert_int_eq(announce(&service, "client", "Data"), OS_ERR_DENIED);
    ck_assert_int_eq(announce(&service, "server", "Nothing"), OS_ERR_DENIED);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_ERR_EXISTS);
    ck_assert_int_eq(os_parent_announce(system_env("server")->parent, "Other", (os_root_cap){ { 0 } }),
                     OS_ERR_BAD_CAP);
    system_end();
}
END_TEST

START_TEST(sessions_of_core_are_handed_on)
{
    struct os_session session;
    begin(BOTH);
    unsigned before = system_sessions();
    uint64_t client = system_ram("client"), all = system_ram("init");
    ck_assert_int_eq(open_at("client", "LOG", OS_KIB(8), 4, &session), OS_OK);
    ck_assert_uint_eq(system_sessions(), before + 1);
    ck_assert_uint_eq(system_ram("client"), client - OS_KIB(8));
    ck_assert_int_eq(os_session_upgrade(&session, OS_KIB(8), 1), OS_OK);
    os_session_close(&session);
    ck_assert_uint_eq(system_ram("client"), client);
    ck_assert_uint_eq(system_ram("init"), all);
    system_refuse(OS_ERR_DENIED);
    ck_assert_int_eq(open_at("client", "LOG", OS_KIB(8), 4, &session), OS_ERR_NO_SERVICE);
    ck_assert_uint_eq(system_ram("client"), client);
    system_refuse(OS_OK);
    ck_assert_int_eq(open_at("client", "LOG", OS_KIB(8), 4, &session), OS_OK);
    system_crash("client"); /* which has not closed it */
    ck_assert_uint_eq(system_sessions(), before);
    system_end();
}
END_TEST

START_TEST(the_config_is_a_rom)
{
    struct os_rom_module rom;
    struct os_config read;
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    uint64_t size;
    begin("start:\n  lonely: { config: { size: 5, list: [a] } }\n");
    uint64_t ram = system_ram("lonely");
    ck_assert_int_eq(os_rom_module_open(&rom, system_env("lonely"), "config"), OS_OK);
    ck_assert_int_eq(os_config_init(&read, rom.data, rom.size), OS_OK);
    ck_assert_uint_eq(os_config_u64(&read, os_config_root(&read), "size", 0), 5);
    ck_assert_int_eq(os_rom_dataspace(rom.session.cap, &ds, &size), OS_OK);
    ck_assert_int_eq(os_region_attach(&region, ds, OS_ATTACH_WRITE), OS_ERR_DENIED);
    os_cap_drop(ds.cap);
    os_rom_module_close(&rom);
    ck_assert_uint_eq(system_ram("lonely"), ram);
    struct os_session poor;
    ck_assert_int_eq(os_session_open(system_env("lonely"), "ROM", "config", "", 16, 4, &poor), OS_ERR_RAM);
    ck_assert_int_eq(os_session_open(system_env("lonely"), "ROM", "config", "", OS_KIB(8), 0, &poor),
                     OS_ERR_CAPS);
    ck_assert_uint_eq(system_ram("lonely"), ram);
    system_end();
}
END_TEST

static void take_signal(struct os_signal_handler *handler)
{
}

/* ---- what is looked at from outside: of which child and module, and what comes of it */

static struct os_engine_look looking;
static const char *looked_child, *looked_module;
static os_err looked;
static unsigned looks;
static char looked_size[8], looked_text[16];

static void look_done(struct os_engine_look *look, os_err err)
{
    struct os_region region = { 0 };
    struct os_config read;
    looks++;
    looked = err;
    if (err)
        return;
    ck_assert_int_eq(os_region_attach(&region, look->ds, OS_ATTACH_READ), OS_OK);
    ck_assert_uint_le(look->size, region.size);
    if (!os_config_init(&read, region.at, (size_t)look->size))
        snprintf(looked_size, sizeof(looked_size), "%s",
                 os_config_str(&read, os_config_root(&read), "size", ""));
    else
        snprintf(looked_text, sizeof(looked_text), "%.*s", (int)look->size, (const char *)region.at);
    os_region_detach(&region);
}

static void look(void)
{
    os_err err = os_engine_look(system_engine(), looked_child, looked_module, &looking);
    if (!err)
        return;
    looked = err;
    looks++;
}

/* OS_REPLY_LATER: nobody has answered yet. */
static os_err look_at(const char *child, const char *module)
{
    looked_child = child;
    looked_module = module;
    looked_size[0] = looked_text[0] = 0;
    looks = 0;
    looking.done = look_done;
    system_do(look);
    ck_assert_uint_le(looks, 1);
    return looks ? looked : OS_REPLY_LATER;
}

START_TEST(rom_modules_are_looked_at_from_outside)
{
    begin("start:\n"
          "  server:\n"
          "  lonely:\n"
          "    config: { size: 5 }\n"
          "    route:\n"
          "      ROM:\n"
          "        - { match: state, to: local }\n"
          "        - { match: secret, to: deny }\n"
          "        - { match: font, to: parent }\n"
          "        - { match: report, to: { child: server }, as: Data }\n"
          "        - { match: mine, to: local }\n");
    ck_assert_int_eq(look_at("lonely", "config"), OS_OK);
    ck_assert_str_eq(looked_size, "5");
    ck_assert_int_eq(look_at("lonely", "state"), OS_OK);
    ck_assert_int_eq(look_at("lonely", "font"), OS_OK);
    ck_assert_int_eq(look_at("lonely", "secret"), OS_ERR_DENIED);
    ck_assert_int_eq(look_at("lonely", "mine"), OS_ERR_NO_SERVICE);
    ck_assert_int_eq(look_at("lonely", "report"), OS_ERR_NO_SERVICE);
    ck_assert_str_eq(looking.why, "served by server, which has not announced Data");
    ck_assert_int_eq(look_at("nobody", "config"), OS_ERR_NOT_FOUND);
    system_engine()->nested = 1;
    ck_assert_int_eq(look_at("lonely", "font"), OS_OK);
    system_end();
}
END_TEST

/* A module that a child has, played by the test. */
static struct os_object module_object;
static os_dataspace_cap module_ds;
static os_err module_answer; /* OS_ERR_RAM, OS_ERR_CAPS: until there were so many upgrades */
static unsigned module_upgrades;
static struct os_reply module_owed;

static os_err module_dataspace(struct os_rpc *rpc, os_dataspace_cap *ds, uint64_t *size)
{
    if (module_answer == OS_REPLY_LATER)
        os_reply_keep(rpc, &module_owed);
    int pays = module_answer == OS_ERR_RAM || module_answer == OS_ERR_CAPS;
    if (module_answer && (!pays || module_upgrades)) {
        module_upgrades -= pays != 0;
        return module_answer;
    }
    ds->cap = os_cap_copy(module_ds.cap);
    *size = 4;
    return OS_OK;
}

static os_err module_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    return OS_OK;
}

static const struct os_rom_ops module_ops = { .dataspace = module_dataspace, .sigh = module_sigh };

#define LOOKED                                                                                               \
    "start:\n"                                                                                               \
    "  server: { route: { ROM: parent } }\n"                                                                 \
    "  lonely: { route: { ROM: [{ match: text, to: { child: server }, as: Data, label: t, args: { a: 1 } "   \
    "}] } "                                                                                                  \
    "}\n"

static void begin_look(struct service *server)
{
    struct os_region region = { 0 };
    os_rom_cap rom;
    begin(LOOKED);
    serve(server);
    ck_assert_int_eq(os_rom_object_init(&module_object, &server->ep, &module_ops, &rom), OS_OK);
    server->cap.cap = rom.cap;
    ck_assert_int_eq(os_ram_alloc(system_env("server"), OS_PAGE_SIZE, &module_ds), OS_OK);
    ck_assert_int_eq(os_region_attach(&region, module_ds, OS_ATTACH_WRITE), OS_OK);
    memcpy(region.at, "text", 4);
    os_region_detach(&region);
    ck_assert_int_eq(announce(server, "server", "Data"), OS_OK);
    module_answer = OS_OK;
}

static void end_look(struct service *server)
{
    if (system_runs("server"))
        os_ram_free(system_env("server"), module_ds);
    inproc_unserve(&server->ep);
    system_end();
    os_reply_error(&module_owed, OS_ERR_DEAD);
}

START_TEST(a_module_of_a_child_is_looked_at)
{
    struct service server;
    begin_look(&server);
    uint64_t ram = system_ram("init"), had = system_ram("server");
    for (unsigned i = 1; i <= 20; i++) { /* nothing stays with anybody */
        ck_assert_int_eq(look_at("lonely", "text"), OS_OK);
        ck_assert_str_eq(looked_text, "text");
        ck_assert_str_eq(server.label, "lonely -> t");
        ck_assert_str_eq(server.args, "a=1");
        ck_assert_uint_eq(server.opened, i);
        ck_assert_uint_eq(server.closed, i);
        ck_assert_uint_eq(system_ram("init"), ram);
        ck_assert_uint_eq(system_ram("server"), had);
    }
    /* content that is paid for by upgrades */
    module_answer = OS_ERR_RAM;
    module_upgrades = 5;
    ck_assert_int_eq(look_at("lonely", "text"), OS_OK);
    module_answer = OS_ERR_CAPS;
    module_upgrades = 2;
    ck_assert_int_eq(look_at("lonely", "text"), OS_OK);
    /* and what costs more than there is */
    module_answer = OS_ERR_RAM;
    module_upgrades = 1000;
    ck_assert_int_eq(look_at("lonely", "text"), OS_ERR_RAM);
    ck_assert_ptr_nonnull(strstr(looking.why, "that server wants for it"));
    module_upgrades = 0;
    module_answer = OS_ERR_NOT_FOUND;
    ck_assert_int_eq(look_at("lonely", "text"), OS_ERR_NOT_FOUND);
    ck_assert_str_eq(looking.why, "server: it has no content now");
    server.answer = OS_ERR_DENIED;
    ck_assert_int_eq(look_at("lonely", "text"), OS_ERR_DENIED);
    ck_assert_str_eq(looking.why, "server, asked for Data \"lonely -> t\", says: not allowed");
    server.answer = OS_OK;
    ck_assert_uint_eq(system_ram("init"), ram);
    ck_assert_uint_eq(system_ram("server"), had);
    ck_assert_uint_eq(system_engine()->looking, 0);
    end_look(&server);
}
END_TEST

/* 0: it does not answer when a session is opened; 1: when the content is asked for; 2: when it is to take an
 * upgrade. Then: it ends, the look is cancelled, the engine is destroyed, or all is answered in the end. */
START_TEST(a_server_that_does_not_answer_a_look)
{
    struct service server;
    int what = _i % 3, then = _i / 3;
    begin_look(&server);
    uint64_t ram = system_ram("init"), had = system_ram("server");
    server.answer = what == 0 ? OS_REPLY_LATER : OS_OK;
    module_answer = what == 1 ? OS_REPLY_LATER : what == 2 ? OS_ERR_RAM : OS_OK;
    module_upgrades = 1;
    server.upgrade_answer = what == 2 ? OS_REPLY_LATER : OS_OK;
    ck_assert_int_eq(look_at("lonely", "text"), OS_REPLY_LATER);
    if (then == 0) {
        system_crash("server");
        inproc_advance(OS_ENGINE_LOOK_TIME);
        ck_assert_uint_eq(looks, 1);
        ck_assert_int_ne(looked, OS_OK);
    } else if (then == 1) {
        os_engine_look_cancel(&looking);
        inproc_idle();
        ck_assert_uint_eq(looks, 0);
    } else if (then == 3) {
        inproc_advance(OS_ENGINE_LOOK_TIME - 1);
        ck_assert_uint_eq(looks, 0);
        inproc_advance(1);
        ck_assert_uint_eq(looks, 1);
        ck_assert_int_eq(looked, OS_ERR_DEADLINE);
        ck_assert_ptr_nonnull(strstr(looking.why, "server has not answered in 2 s"));
        server.answer = server.upgrade_answer = OS_OK;
        if (what != 1) { /* it has still to answer: nobody else is kept waiting */
            ck_assert_int_eq(look_at("lonely", "text"), OS_ERR_BUSY);
            os_reply_error(&server.owed[0], OS_ERR_DENIED);
            inproc_idle();
        }
        module_answer = OS_OK;
        ck_assert_int_eq(look_at("lonely", "text"), OS_OK);
        ck_assert_uint_eq(system_ram("init"), ram);
        ck_assert_uint_eq(system_ram("server"), had);
        ck_assert_uint_eq(system_engine()->looking, 0);
    }
    end_look(&server);
    ck_assert_uint_eq(looks, then == 1 ? 0 : then == 3 ? looks : 1);
    if (then == 2)
        ck_assert_int_eq(looked, OS_ERR_CANCELLED);
}
END_TEST

START_TEST(the_config_changes)
{
    struct os_rom_module rom;
    struct os_config read;
    struct os_signal_handler handler;
    os_signal_cap cap;
    begin("start:\n  lonely: { config: { size: 5 } }\n  other: { binary: lonely, config: { size: 77 } }\n");
    uint64_t ram = system_ram("lonely");
    ck_assert_int_eq(os_rom_module_open(&rom, system_env("lonely"), "config"), OS_OK);
    ck_assert_int_eq(os_signal_handler_init(&handler, system_env("lonely")->ep, take_signal, &cap), OS_OK);
    ck_assert_int_eq(os_rom_module_sigh(&rom, cap), OS_OK);
    os_cap_drop(cap.cap);
    for (int i = 0; i < 20; i++) {
        struct entry *entries = system_engine()->generation->scenario.entries;
        const struct os_config_node *config = entries[0].config;
        entries[0].config = entries[1].config;
        entries[1].config = config;
        config_rom_update(engine_child(system_engine(), "lonely"));
        ck_assert_int_eq(os_config_init(&read, rom.data, rom.size), OS_OK);
        ck_assert_uint_eq(os_config_u64(&read, os_config_root(&read), "size", 0), i % 2 ? 77 : 5);
        ck_assert_int_eq(os_rom_module_update(&rom), OS_OK);
        ck_assert_int_eq(os_config_init(&read, rom.data, rom.size), OS_OK);
        ck_assert_uint_eq(os_config_u64(&read, os_config_root(&read), "size", 0), i % 2 ? 5 : 77);
    }
    os_signal_handler_fini(&handler);
    os_rom_module_close(&rom);
    ck_assert_uint_eq(system_ram("lonely"), ram);
    system_end();
}
END_TEST

START_TEST(wrong_ids_are_refused)
{
    begin(BOTH);
    os_parent_cap parent = system_env("client")->parent;
    uint64_t ram;
    uint32_t caps;
    ck_assert_int_eq(os_parent_close(parent, 77, &ram, &caps), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_parent_upgrade(parent, 0, 1, 1), OS_ERR_NOT_FOUND);
    system_end();
}
END_TEST

/* Its label would say that it was made by this engine, and core goes by that. */
START_TEST(a_component_without_a_name_is_refused)
{
    struct os_session session = { 0 };
    begin("start:\n  nested: { route: { PD: parent, Data: { to: parent, as: PD } } }\n"
          "parent-provides: [PD, ROM, LOG]\n");
    ck_assert_int_eq(open_at("nested", "PD", 100000, 10, &session), OS_ERR_BAD_ARG);
    ck_assert_int_eq(open_at("nested", "Data", 100000, 10, &session), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_session_open(system_env("nested"), "PD", "child", "", 100000, 10, &session), OS_OK);
    os_session_close(&session);
    system_end();
}
END_TEST

/* What init keeps for the sessions of CHILD, and may. */
static uint64_t records(const char *child, uint64_t *max)
{
    const struct child *known = engine_child(system_engine(), child);
    *max = entry_kept_ram(known->entry);
    return known->records_size;
}

START_TEST(a_flood_is_bounded)
{
    struct os_session session, last;
    unsigned count = 0;
    uint64_t max;
    begin("start:\n  lonely:\n");
    while (!open_at("lonely", "LOG", 0, 0, &session)) {
        last = session;
        count++;
    }
    ck_assert_uint_gt(count, 40); /* of 100 caps */
    ck_assert_uint_le(records("lonely", &max), max);
    ck_assert_int_eq(open_at("lonely", "LOG", 0, 0, &session), OS_ERR_CAPS);
    os_session_close(&last);
    ck_assert_int_eq(open_at("lonely", "LOG", 0, 0, &session), OS_OK);
    ck_assert_int_eq(open_at("lonely", "LOG", 0, 0, &session), OS_ERR_CAPS);
    system_end();
}
END_TEST

/* Requests that wait cost nothing yet but what init keeps of them: it is no more if they are long. */
START_TEST(a_flood_of_requests_that_wait_is_bounded)
{
    static struct request requests[100];
    char label[OS_LABEL_MAX - 16], args[OS_ARGS_MAX - 8];
    struct os_session session;
    uint64_t max;
    unsigned waits = 0;
    begin("start:\n  server:\n  client:\n  lonely:\n");
    memset(label, 'x', sizeof(label) - 1);
    label[sizeof(label) - 1] = 0;
    memset(args, 'y', sizeof(args) - 1);
    args[sizeof(args) - 1] = 0;
    for (size_t i = 0; i < OS_ARRAY_LEN(requests); i++) {
        ask_for(&requests[i], "client", "Data", label, args);
        waits += !requests[i].done;
        if (requests[i].done)
            ck_assert_int_eq(requests[i].err, OS_ERR_CAPS);
    }
    ck_assert_uint_gt(waits, 10);
    ck_assert_uint_lt(waits, 40);
    ck_assert_uint_ge(records("client", &max), waits * (2 * strlen(label) + strlen(args)));
    ck_assert_uint_le(records("client", &max), max);
    ck_assert_int_eq(open_at("lonely", "LOG", OS_KIB(8), 4, &session), OS_OK);
    system_crash("lonely");
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(system_starts("lonely"), 2);
    system_crash("client"); /* who waited is gone, and what was kept */
    ck_assert_uint_eq(records("client", &max), 0);
    system_end();
}
END_TEST

/* Sessions whose client has ended while they were opened are still kept: a new start makes no new room. */
START_TEST(what_a_client_leaves_behind_counts)
{
    struct service service;
    struct request request;
    uint64_t first, max;
    begin("start:\n  server:\n  client: { restart: { max: 2 } }\n");
    serve(&service);
    service.answer = OS_REPLY_LATER;
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    ask(&request, "client", "Data", 0, 0);
    first = records("client", &max);
    ck_assert_uint_gt(first, 0);
    system_crash("client");
    inproc_advance(OS_SEC);
    ck_assert_uint_eq(system_starts("client"), 2);
    ck_assert_uint_eq(records("client", &max), first);
    ask(&request, "client", "Data", 0, 0);
    ck_assert_uint_eq(records("client", &max), 2 * first);
    /* whoever asked is no more, and then the server, too */
    ck_assert_int_eq(system_apply("start:\n  server:\n"), OS_OK);
    system_crash("server");
    system_end();
}
END_TEST

/* Of what the entries may want to be kept for them, nothing is given away, at the start or later. */
START_TEST(room_for_requests_is_kept)
{
    char scenario[200];
    static const char format[] = "start:\n  lonely:\n  other: { binary: lonely, ram: %llu }\n";
    begin("start:\n  lonely:\n");
    const struct entry *lonely = engine_child(system_engine(), "lonely")->entry;
    uint64_t kept = 2 * entry_kept_ram(lonely); /* both have as many caps */
    uint64_t left = system_ram("init") - kept;
    system_problems_max = 2;
    snprintf(scenario, sizeof(scenario), format, (unsigned long long)left + 1);
    ck_assert_int_eq(system_apply(scenario), OS_ERR_BAD_ARG);
    snprintf(scenario, sizeof(scenario), format, (unsigned long long)left);
    ck_assert_int_eq(system_apply(scenario), OS_OK);
    ck_assert_uint_eq(system_ram("init"), kept);
    /* what is used of it is no reason to refuse what was admitted */
    struct os_session session;
    ck_assert_int_eq(open_at("lonely", "LOG", 0, 0, &session), OS_OK);
    ck_assert_int_eq(system_apply(scenario), OS_OK);
    system_end();
}
END_TEST

/* ---- ends */

START_TEST(a_client_that_crashes)
{
    struct service service;
    struct os_session session;
    begin(BOTH);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t server = system_ram("server");
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    system_crash("client");
    ck_assert_uint_eq(service.closed, 1);
    ck_assert_uint_eq(system_ram("server"), server);
    system_end();
}
END_TEST

START_TEST(a_server_that_crashes)
{
    struct service service;
    struct os_session session, again;
    begin(BOTH);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t client = system_ram("client");
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    system_crash("server");
    ck_assert_uint_eq(system_ram("client"), client);
    ck_assert_uint_eq(system_starts("server"), 1);
    ck_assert_int_eq(os_session_upgrade(&session, 1, 1), OS_ERR_DEAD);
    os_session_close(&session);
    ck_assert_uint_eq(system_ram("client"), client);
    inproc_advance(100 * OS_MS);
    ck_assert_uint_eq(system_starts("server"), 2);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &again), OS_OK);
    system_end();
}
END_TEST

START_TEST(a_server_that_crashes_while_it_opens)
{
    struct service service;
    struct request request;
    begin(BOTH);
    serve(&service);
    service.answer = OS_REPLY_LATER;
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t client = system_ram("client");
    ask(&request, "client", "Data", OS_KIB(16), 4);
    ck_assert(!request.done);
    system_crash("server");
    ck_assert(!request.done); /* it may have been dead before it was asked */
    ck_assert_uint_eq(system_ram("client"), client);
    inproc_advance(100 * OS_MS);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    inproc_idle();
    ck_assert_uint_eq(service.opened, 2);
    system_crash("server");
    ck_assert(request.done);
    ck_assert_int_eq(request.err, OS_ERR_DEAD);
    ck_assert_uint_eq(system_ram("client"), client);
    system_end();
}
END_TEST

/* Its root is dead, but init has not heard of its end yet. */
START_TEST(a_server_that_is_gone_already)
{
    struct service service;
    struct request request;
    begin(BOTH);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t client = system_ram("client");
    os_object_fini(&service.root);
    ask(&request, "client", "Data", OS_KIB(16), 4);
    ck_assert(!request.done);
    ck_assert_uint_eq(system_ram("client"), client);
    system_crash("server");
    ck_assert(!request.done);
    inproc_advance(100 * OS_MS);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    inproc_idle();
    ck_assert(request.done);
    ck_assert_int_eq(request.err, OS_OK);
    system_end();
}
END_TEST

START_TEST(a_server_that_never_answers_holds_up_nobody)
{
    struct service service;
    struct request request;
    struct os_session log;
    begin(BOTH);
    serve(&service);
    service.answer = OS_REPLY_LATER;
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    ask(&request, "client", "Data", OS_KIB(16), 4);
    ck_assert_int_eq(open_at("client", "LOG", OS_KIB(8), 4, &log), OS_OK);
    system_crash("client");
    ck_assert(request.done);
    ck_assert_int_ne(request.err, OS_OK);
    system_end(); /* the donation is in the server's account until it ends */
}
END_TEST

START_TEST(a_session_that_opens_after_its_client_has_ended)
{
    struct service service;
    struct request request;
    begin(BOTH);
    serve(&service);
    service.answer = OS_REPLY_LATER;
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t server = system_ram("server");
    ask(&request, "client", "Data", OS_KIB(16), 4);
    system_crash("client");
    service.answer = OS_OK;
    os_root_open_reply(&service.owed[0], OS_OK, (os_any_cap){ os_cap_copy(service.cap.cap) });
    inproc_idle();
    ck_assert_uint_eq(service.closed, 1);
    ck_assert_uint_eq(system_ram("server"), server);
    system_end();
}
END_TEST

START_TEST(a_close_that_is_never_answered)
{
    struct service service;
    struct os_session session;
    begin(BOTH);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t client = system_ram("client");
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    service.answer = OS_REPLY_LATER;
    os_session_close(&session); /* until the deadline, which virtual time brings at once */
    ck_assert_uint_eq(service.closed, 1);
    ck_assert_uint_eq(system_ram("client"), client);
    system_end();
}
END_TEST

START_TEST(a_server_that_keeps_a_donation)
{
    struct service service;
    struct os_session session;
    os_dataspace_cap ds;
    begin(BOTH);
    serve(&service);
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    uint64_t client = system_ram("client");
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_OK);
    ck_assert_int_eq(os_ram_alloc(system_env("server"), system_ram("server") - OS_KIB(4), &ds), OS_OK);
    os_session_close(&session);
    ck_assert_uint_eq(system_ram("client"), client - OS_KIB(12));
    os_ram_free(system_env("server"), ds);
    system_end();
}
END_TEST

START_TEST(restarts_end_some_time)
{
    struct service service;
    struct request request;
    begin(BOTH);
    serve(&service);
    system_crash("server");
    ck_assert_uint_eq(system_starts("server"), 1);
    inproc_advance(99 * OS_MS);
    ck_assert_uint_eq(system_starts("server"), 1);
    inproc_advance(1 * OS_MS);
    ck_assert_uint_eq(system_starts("server"), 2);
    system_crash("server");
    inproc_advance(150 * OS_MS);
    ck_assert_uint_eq(system_starts("server"), 2);
    inproc_advance(50 * OS_MS);
    ck_assert_uint_eq(system_starts("server"), 3);
    ask(&request, "client", "Data", OS_KIB(16), 4);
    ck_assert(!request.done);
    system_crash("server");
    ck_assert(request.done);
    ck_assert_int_eq(request.err, OS_ERR_NO_SERVICE);
    struct os_session session;
    ck_assert_int_eq(open_at("client", "Data", OS_KIB(16), 4, &session), OS_ERR_NO_SERVICE);
    inproc_advance(100 * OS_SEC);
    ck_assert_uint_eq(system_starts("server"), 3);
    system_end();
}
END_TEST

START_TEST(an_exit_is_not_restarted)
{
    begin("start:\n  lonely:\n  other: { binary: lonely }\n");
    exit_child("lonely", 0);
    inproc_advance(100 * OS_SEC);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    ck_assert_int_eq(system_status(), -1);
    exit_child("other", 0);
    inproc_idle();
    ck_assert_int_eq(system_status(), 0);
    system_end();
}
END_TEST

START_TEST(an_exit_with_an_error_is_restarted)
{
    begin("start:\n  lonely: { restart: { max: 1 } }\n");
    exit_child("lonely", 7);
    inproc_advance(100 * OS_MS);
    ck_assert_uint_eq(system_starts("lonely"), 2);
    exit_child("lonely", 7);
    inproc_advance(100 * OS_SEC);
    ck_assert_uint_eq(system_starts("lonely"), 2);
    ck_assert_int_eq(system_status(), 7);
    system_end();
}
END_TEST

START_TEST(always_means_always)
{
    begin("start:\n  lonely: { restart: always }\n");
    exit_child("lonely", 0);
    inproc_advance(100 * OS_MS);
    ck_assert_uint_eq(system_starts("lonely"), 2);
    system_end();
}
END_TEST

START_TEST(the_system_ends_with_a_child)
{
    begin("start:\n  lonely: { exit: ends-system }\n  other: { binary: lonely }\n");
    exit_child("lonely", 5);
    ck_assert_int_eq(system_status(), 5);
    system_end();
}
END_TEST

START_TEST(a_start_that_fails_is_the_end)
{
    system_refuse(OS_ERR_DENIED);
    system_start("start:\n  lonely:\n");
    ck_assert_int_eq(system_status(), 1);
    system_end();
}
END_TEST

START_TEST(a_restart_that_fails_is_tried_again)
{
    begin("start:\n  lonely:\n");
    system_crash("lonely");
    system_refuse(OS_ERR_NO_MEMORY);
    inproc_advance(150 * OS_MS);
    ck_assert_uint_eq(system_starts("lonely"), 1);
    ck_assert_int_eq(system_status(), -1);
    system_refuse(OS_OK);
    inproc_advance(10 * OS_SEC);
    ck_assert_uint_eq(system_starts("lonely"), 2);
    system_end();
}
END_TEST

/* ---- what a person may do, and see */

static os_err done;

static void assert_state(const char *line)
{
    const char *state = system_state();
    ck_assert_msg(strstr(state, line) != NULL, "no '%s' in\n%s", line, state);
}

START_TEST(the_state_says_what_waits_for_what)
{
    struct service service;
    struct request request;
    begin(BOTH);
    assert_state("  system: \n    file: s.yaml\n    mode: display\n    age-ms: 0\n    ram: ");
    assert_state("    server: \n      state: running\n      binary: server\n      sandbox: strict\n"
                 "      age-ms: 0\n      ram: 1048576\n      ram-used: 0\n      caps: 100\n      caps-used: "
                 "0\n      calls: 7\n"
                 "      restarts: 0\n      provides: \n      sessions: \n");
    serve(&service);
    ask(&request, "client", "Data", OS_KIB(16), 4);
    assert_state("    client: \n      state: running\n      why: Data: server has not announced Data\n");
    assert_state("          service: Data\n          label: client\n          server: server\n"
                 "          state: waiting\n          why: server has not announced Data\n"
                 "          ram: 16384\n          caps: 4\n");
    ck_assert_int_eq(announce(&service, "server", "Data"), OS_OK);
    inproc_idle();
    assert_state("          state: open\n          ram: 16384\n");
    assert_state("      provides: \n        : Data\n");
    os_cap_drop(request.cap.cap);
    system_crash("server");
    assert_state("    server: \n      state: restarting\n      why: restart 1 of 2 in 100 ms\n");
    assert_state("      last-exit: faulted: segmentation fault\n");
    assert_state("          why: the server has ended, the client has not closed it\n");
    system_end();
}
END_TEST

static void kill_server(void)
{
    done = os_engine_kill(system_engine(), "server");
}

static void restart_server(void)
{
    done = os_engine_restart(system_engine(), "server");
}

static void restart_nobody(void)
{
    done = os_engine_restart(system_engine(), "nobody");
}

START_TEST(children_are_killed_and_restarted)
{
    begin(BOTH);
    system_do(restart_nobody);
    ck_assert_int_eq(done, OS_ERR_NOT_FOUND);
    system_do(kill_server);
    ck_assert_int_eq(done, OS_OK);
    ck_assert_uint_eq(system_starts("server"), 1);
    system_do(kill_server);
    ck_assert_int_eq(done, OS_ERR_DEAD);
    system_do(restart_server); /* it waits for its restart, and does no longer */
    ck_assert_int_eq(done, OS_OK);
    ck_assert_uint_eq(system_starts("server"), 2);
    for (unsigned i = 0; i < 20; i++) { /* more often than its policy would */
        system_do(restart_server);
        inproc_advance(1);
        ck_assert_uint_eq(system_starts("server"), 3 + i);
    }
    inproc_advance(10 * OS_SEC);
    ck_assert_uint_eq(system_starts("server"), 22);
    system_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *tcase = tcase_create("engine");
    tcase_add_test(tcase, a_donation_goes_to_the_server_and_back);
    tcase_add_test(tcase, a_donation_that_is_not_there);
    tcase_add_test(tcase, a_server_that_refuses);
    tcase_add_test(tcase, requests_wait_for_the_announcement);
    tcase_add_test(tcase, requests_without_route);
    tcase_add_test(tcase, announcements_are_checked);
    tcase_add_test(tcase, sessions_of_core_are_handed_on);
    tcase_add_test(tcase, the_config_is_a_rom);
    tcase_add_test(tcase, rom_modules_are_looked_at_from_outside);
    tcase_add_test(tcase, a_module_of_a_child_is_looked_at);
    tcase_add_loop_test(tcase, a_server_that_does_not_answer_a_look, 0, 12);
    tcase_add_test(tcase, the_config_changes);
    tcase_add_test(tcase, wrong_ids_are_refused);
    tcase_add_test(tcase, a_component_without_a_name_is_refused);
    tcase_add_test(tcase, a_flood_is_bounded);
    tcase_add_test(tcase, a_flood_of_requests_that_wait_is_bounded);
    tcase_add_test(tcase, what_a_client_leaves_behind_counts);
    tcase_add_test(tcase, room_for_requests_is_kept);
    tcase_add_test(tcase, a_client_that_crashes);
    tcase_add_test(tcase, a_server_that_crashes);
    tcase_add_test(tcase, a_server_that_crashes_while_it_opens);
    tcase_add_test(tcase, a_server_that_is_gone_already);
    tcase_add_test(tcase, a_server_that_never_answers_holds_up_nobody);
    tcase_add_test(tcase, a_session_that_opens_after_its_client_has_ended);
    tcase_add_test(tcase, a_close_that_is_never_answered);
    tcase_add_test(tcase, a_server_that_keeps_a_donation);
    tcase_add_test(tcase, restarts_end_some_time);
    tcase_add_test(tcase, an_exit_is_not_restarted);
    tcase_add_test(tcase, an_exit_with_an_error_is_restarted);
    tcase_add_test(tcase, always_means_always);
    tcase_add_test(tcase, the_system_ends_with_a_child);
    tcase_add_test(tcase, a_start_that_fails_is_the_end);
    tcase_add_test(tcase, a_restart_that_fails_is_tried_again);
    tcase_add_test(tcase, the_state_says_what_waits_for_what);
    tcase_add_test(tcase, children_are_killed_and_restarted);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
