/* SPDX-License-Identifier: BSD-2-Clause */
/* test-rom.c: ROM modules whose content changes, who pays for it, and configs that follow it. */
#include <os/config_rom.h>
#include <os/rom_server.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* A server of ROM with one module. */
struct session {
    struct os_root_session session;
    struct os_rom_source source;
};

static struct inproc_env server, client;
static struct os_root_server root;
static const void *data; /* NULL: no content */
static size_t size;
static unsigned changes;

static os_err get(struct os_rom_source *source, const void **at, uint64_t *length)
{
    *at = data;
    *length = size;
    return data ? OS_OK : OS_ERR_NOT_FOUND;
}

static const struct os_rom_content content = { .get = get };

static os_err open_session(struct os_root_server *of, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    os_rom_cap made;
    os_err err = os_quota_charge(&request->quota, sizeof(struct session), OS_ROM_SOURCE_CAPS);
    if (err)
        return err;
    struct session *opened = calloc(1, sizeof(*opened));
    ck_assert_ptr_nonnull(opened);
    err = os_rom_source_init(&opened->source, of->env, of->env->ep, &opened->session.quota, &content, &made);
    if (err) {
        free(opened);
        return err;
    }
    *session = &opened->session;
    cap->cap = made.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *of, struct os_root_session *session)
{
    struct session *closed = OS_CONTAINER_OF(session, struct session, session);
    os_rom_source_fini(&closed->source);
    ck_assert_uint_eq(session->quota.ram_used, sizeof(*closed));
    ck_assert_uint_eq(session->quota.caps_used, OS_ROM_SOURCE_CAPS);
    free(closed);
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

static void construct(struct os_env *env)
{
    ck_ok(os_root_server_init(&root, env, env->ep, "ROM", &handlers));
}

static void set(const void *to, size_t length)
{
    data = to;
    size = length;
    OS_LIST_FOR_EACH (link, &root.sessions)
        os_rom_source_changed(&OS_CONTAINER_OF(link, struct session, session.link)->source);
    inproc_idle();
}

static void setup(void)
{
    data = "first";
    size = 6;
    changes = 0;
    inproc_env_init(&server, "server");
    inproc_env_construct(&server, construct);
    inproc_env_init(&client, "client");
    inproc_env_serve(&client);
    inproc_env_mark(&client);
}

static void teardown(void)
{
    ck_fini(&client);
    ck_fini(&server);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
    ck_assert_uint_eq(inproc_regions_in_use(), 0);
    ck_assert_uint_eq(inproc_dataspaces_in_use(), 0);
}

/* What the server's account has given out beyond USED. */
static uint64_t server_ram(void)
{
    uint64_t ram;
    uint32_t caps;
    inproc_env_used(&server, &ram, &caps);
    return ram;
}

START_TEST(old_content_stays_until_the_update)
{
    struct os_rom_module rom;
    uint64_t before = server_ram();
    ck_ok(os_rom_module_open(&rom, &client.env, "x"));
    ck_assert_str_eq(rom.data, "first");
    for (int i = 0; i < 100; i++) {
        const char *next = i % 2 ? "first" : "second";
        set(next, strlen(next) + 1);
        ck_assert_str_eq(rom.data, i % 2 ? "second" : "first");
        ck_ok(os_rom_module_update(&rom));
        ck_assert_str_eq(rom.data, next);
        ck_assert_uint_eq(rom.size, strlen(next) + 1);
    }
    /* the default donation is enough for what one has and what comes next */
    ck_assert_uint_le(server_ram() - before, 2 * OS_PAGE_SIZE + sizeof(struct session));
    os_rom_module_close(&rom);
    ck_assert_uint_eq(server_ram(), before);
}
END_TEST

START_TEST(the_client_pays_for_what_it_keeps)
{
    struct os_rom_session rom;
    struct os_region kept = { 0 };
    os_dataspace_cap ds;
    uint64_t length;
    ck_ok(os_rom_open_with(&client.env, "x", "", sizeof(struct session) + OS_PAGE_SIZE, 5, &rom));
    ck_ok(os_rom_dataspace(rom.cap, &ds, &length));
    ck_ok(os_region_attach(&kept, ds, OS_ATTACH_READ));
    os_cap_drop(ds.cap);
    set("second", 7);
    ck_err(os_rom_dataspace(rom.cap, &ds, &length), OS_ERR_RAM);
    ck_assert_str_eq(kept.at, "first");
    ck_ok(os_session_upgrade(&rom.base, OS_PAGE_SIZE, 0));
    ck_ok(os_rom_dataspace(rom.cap, &ds, &length));
    ck_assert_uint_eq(length, 7);
    os_cap_drop(ds.cap);
    set("third", 6);
    /* the second was not attached, so that its place is free */
    ck_ok(os_rom_dataspace(rom.cap, &ds, &length));
    ck_assert_uint_eq(length, 6);
    os_cap_drop(ds.cap);
    ck_assert_str_eq(kept.at, "first");
    os_region_detach(&kept);
    os_rom_close(&rom);
}
END_TEST

START_TEST(who_keeps_all_has_an_error)
{
    struct os_rom_session rom;
    struct os_region kept[OS_ROM_OLD_MAX + 1] = { 0 };
    os_dataspace_cap ds;
    uint64_t length;
    ck_ok(os_rom_open_with(&client.env, "x", "", OS_KIB(64), 30, &rom));
    for (size_t i = 0; i < OS_ARRAY_LEN(kept); i++) {
        set("again", 6);
        ck_ok(os_rom_dataspace(rom.cap, &ds, &length));
        ck_ok(os_region_attach(&kept[i], ds, OS_ATTACH_READ));
        os_cap_drop(ds.cap);
    }
    set("more", 5);
    ck_err(os_rom_dataspace(rom.cap, &ds, &length), OS_ERR_BUSY);
    os_region_detach(&kept[2]);
    ck_ok(os_rom_dataspace(rom.cap, &ds, &length));
    os_cap_drop(ds.cap);
    for (size_t i = 0; i < OS_ARRAY_LEN(kept); i++)
        os_region_detach(&kept[i]);
    os_rom_close(&rom);
}
END_TEST

START_TEST(large_content_is_paid_for_by_upgrades)
{
    static char large[100000];
    struct os_rom_module rom;
    memset(large, 'x', sizeof(large));
    ck_ok(os_rom_module_open(&rom, &client.env, "x"));
    set(large, sizeof(large));
    ck_ok(os_rom_module_update(&rom));
    ck_assert_mem_eq(rom.data, large, sizeof(large));
    os_rom_module_close(&rom);
    inproc_env_quota(&client, OS_KIB(64), 50);
    ck_err(os_rom_module_open(&rom, &client.env, "x"), OS_ERR_RAM);
    inproc_env_quota(&client, OS_MIB(64), 1000);
}
END_TEST

/* What a client with a limit pays has one, too. */
START_TEST(content_larger_than_what_is_taken)
{
    static char large[OS_MIB(4)];
    struct os_rom_module rom;
    uint64_t before, ram;
    uint32_t caps;
    inproc_env_used(&client, &before, &caps);
    ck_ok(os_rom_module_open(&rom, &client.env, "x"));
    rom.max_size = OS_KIB(16);
    set(large, OS_KIB(16));
    ck_ok(os_rom_module_update(&rom));
    set(large, OS_KIB(16) + 1);
    ck_err(os_rom_module_update(&rom), OS_ERR_TOO_LARGE);
    ck_assert_uint_eq(rom.refused, OS_KIB(16) + 1);
    ck_assert_uint_eq(rom.size, OS_KIB(16));
    set(large, sizeof(large));
    for (int i = 0; i < 3; i++)
        ck_err(os_rom_module_update(&rom), OS_ERR_TOO_LARGE);
    ck_assert_uint_eq(rom.refused, 0);
    inproc_env_used(&client, &ram, &caps);
    ck_assert_uint_le(ram - before, OS_KIB(9) + 4 * OS_KIB(16) + OS_ROM_UPGRADE_MIN);
    set("first", 6);
    ck_ok(os_rom_module_update(&rom));
    ck_assert_str_eq(rom.data, "first");
    os_rom_module_close(&rom);
    inproc_env_used(&client, &ram, &caps);
    ck_assert_uint_eq(ram, before);
}
END_TEST

START_TEST(content_can_come_later_and_go)
{
    struct os_rom_module rom;
    set(NULL, 0);
    ck_err(os_rom_module_open(&rom, &client.env, "x"), OS_ERR_NOT_FOUND);
    ck_ok(os_rom_module_connect(&rom, &client.env, "x"));
    ck_err(os_rom_module_update(&rom), OS_ERR_NOT_FOUND);
    ck_assert_ptr_null(rom.data);
    set("now", 4);
    ck_ok(os_rom_module_update(&rom));
    set(NULL, 0);
    ck_err(os_rom_module_update(&rom), OS_ERR_NOT_FOUND);
    ck_assert_str_eq(rom.data, "now");
    os_rom_module_close(&rom);
}
END_TEST

START_TEST(no_failure_on_the_way_costs_anything)
{
    static const struct {
        enum inproc_fault kind;
        os_err err;
    } faults[] = { { INPROC_FAIL_RAM, OS_ERR_RAM },
                   { INPROC_FAIL_ATTACH, OS_ERR_HANDLES },
                   { INPROC_FAIL_OBJECT, OS_ERR_HANDLES } };
    for (size_t i = 0; i < OS_ARRAY_LEN(faults); i++) {
        struct os_rom_module rom;
        uint64_t before = server_ram();
        set("first", 6);
        ck_ok(os_rom_module_connect(&rom, &client.env, "x"));
        inproc_fail_next(faults[i].kind, 0, faults[i].err);
        os_err err = os_rom_module_update(&rom);
        inproc_fail_next(faults[i].kind, 0, OS_OK);
        /* the views of dataspaces are the mock's, which is not disturbed */
        ck_assert(err == OS_OK || err == faults[i].err);
        ck_ok(os_rom_module_update(&rom));
        ck_assert_str_eq(rom.data, "first");
        os_rom_module_close(&rom);
        ck_assert_uint_eq(server_ram(), before);
    }
}
END_TEST

/* ---- configs */

static void changed(struct os_config_rom *rom)
{
    changes++;
}

static uint64_t brush(struct os_config_rom *rom)
{
    return os_config_u64(&rom->config, os_config_root(&rom->config), "brush", 1);
}

START_TEST(a_config_follows_its_rom)
{
    struct os_config_rom rom;
    size_t lengths[2];
    void *trees[2] = { inproc_config_make("a.yaml", "brush: 4\n", &lengths[0]),
                       inproc_config_make("a.yaml", "brush: 9\n", &lengths[1]) };
    set(trees[0], lengths[0]);
    ck_ok(os_config_rom_open(&rom, &client.env, "x", changed));
    ck_assert_uint_eq(brush(&rom), 4);
    set(trees[1], lengths[1]);
    ck_assert_uint_eq(changes, 1);
    ck_assert_uint_eq(brush(&rom), 9);
    /* cut off, or no tree at all: the last good one stays */
    set(trees[0], lengths[0] - 1);
    set("brush: 3", 8);
    set("", 0);
    ck_assert_uint_eq(changes, 1);
    ck_assert_uint_eq(brush(&rom), 9);
    ck_assert_ptr_nonnull(strstr(inproc_log(&client), "ROM x: the content is no config tree"));
    set(NULL, 0);
    ck_assert_uint_eq(changes, 2);
    ck_assert_uint_eq(brush(&rom), 1);
    set(trees[0], lengths[0]);
    ck_assert_uint_eq(changes, 3);
    ck_assert_uint_eq(brush(&rom), 4);
    os_config_rom_close(&rom);
    ck_assert_uint_eq(brush(&rom), 1);
    set("x", 1);
    free(trees[0]);
    free(trees[1]);
}
END_TEST

START_TEST(a_config_that_is_not_there)
{
    struct os_config_rom rom;
    inproc_deny("ROM", OS_ERR_DENIED);
    ck_err(os_config_rom_open(&rom, &client.env, "x", NULL), OS_ERR_DENIED);
    inproc_deny("ROM", OS_OK);
    ck_assert_uint_eq(brush(&rom), 1);
    os_config_rom_close(&rom);
    set("no tree", 8);
    ck_ok(os_config_rom_open(&rom, &client.env, "x", NULL));
    ck_assert_uint_eq(brush(&rom), 1);
    os_config_rom_close(&rom);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, old_content_stays_until_the_update);
    tcase_add_test(tcase, the_client_pays_for_what_it_keeps);
    tcase_add_test(tcase, who_keeps_all_has_an_error);
    tcase_add_test(tcase, large_content_is_paid_for_by_upgrades);
    tcase_add_test(tcase, content_larger_than_what_is_taken);
    tcase_add_test(tcase, content_can_come_later_and_go);
    tcase_add_test(tcase, no_failure_on_the_way_costs_anything);
    tcase_add_test(tcase, a_config_follows_its_rom);
    tcase_add_test(tcase, a_config_that_is_not_there);
}

int main(void)
{
    return suite_run_case("rom", add);
}
