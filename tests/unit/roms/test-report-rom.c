/* SPDX-License-Identifier: BSD-2-Clause */
/* test-report-rom.c: reports on their way to readers, who pays for them, and what stays of them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include <inproc/inproc.h>
#include <os/config_rom.h>
#include <os/report.h>

void report_rom_construct(struct os_env *env);
void report_rom_next_construct(struct os_env *env);

static struct inproc_env server, sensor, viewer;
static unsigned changes;

static const char *const policy = "policy:\n"
                                  "  -\n"
                                  "    label: viewer -> state\n"
                                  "    report: sensor -> heat\n"
                                  "  -\n"
                                  "    label: viewer -> brief\n"
                                  "    report: sensor -> brief\n"
                                  "    keep: false\n";

static void setup(void)
{
    changes = 0;
    inproc_env_init(&server, "report_rom");
    inproc_config_set(&server, policy);
    inproc_env_construct(&server, report_rom_construct);
    inproc_env_init(&sensor, "sensor");
    inproc_env_init(&viewer, "viewer");
    inproc_env_serve(&viewer);
    inproc_env_mark(&viewer);
}

static void teardown(void)
{
    ck_assert_int_eq(inproc_env_fini(&viewer), 0);
    ck_assert_int_eq(inproc_env_fini(&sensor), 0);
    inproc_env_kill(&server);
    ck_assert_int_eq(inproc_env_fini(&server), 0);
    ck_assert_uint_eq(inproc_regions_in_use(), 0);
}

static void changed(struct os_config_rom *rom)
{
    changes++;
}

static os_err report(struct os_reporter *reporter, uint64_t degrees)
{
    struct os_config_writer writer;
    os_config_writer_init(&writer, "sensor");
    os_config_writer_map(&writer, "");
    os_config_writer_u64(&writer, "degrees", degrees);
    os_config_writer_i64(&writer, "below", -3);
    os_config_writer_bool(&writer, "warm", degrees > 20);
    os_config_writer_list(&writer, "list");
    os_config_writer_text(&writer, "", "a");
    os_config_writer_text(&writer, "", "b");
    os_config_writer_end(&writer);
    os_config_writer_end(&writer);
    os_err err = os_reporter_submit_tree(reporter, &writer);
    inproc_idle();
    return err;
}

static uint64_t degrees(struct os_config_rom *rom)
{
    return os_config_u64(&rom->config, os_config_root(&rom->config), "degrees", 0);
}

START_TEST(a_report_is_read)
{
    struct os_config_rom rom;
    struct os_reporter reporter;
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "state", changed), OS_OK);
    ck_assert_int_eq(os_reporter_init(&reporter, &sensor.env, "heat"), OS_OK);
    ck_assert_uint_eq(degrees(&rom), 0);
    for (unsigned i = 1; i <= 50; i++) {
        ck_assert_int_eq(report(&reporter, i), OS_OK);
        ck_assert_uint_eq(changes, i);
        ck_assert_uint_eq(degrees(&rom), i);
    }
    os_config_ref root = os_config_root(&rom.config);
    ck_assert_int_eq(os_config_i64(&rom.config, root, "below", 0), -3);
    ck_assert_int_eq(os_config_bool(&rom.config, root, "warm", 0), 1);
    ck_assert_uint_eq(os_config_get(&rom.config, root, "list")->children, 2);
    /* what is reported stays, and the next reporter goes on with it */
    os_reporter_fini(&reporter);
    inproc_idle();
    ck_assert_uint_eq(degrees(&rom), 50);
    ck_assert_int_eq(os_reporter_init(&reporter, &sensor.env, "heat"), OS_OK);
    ck_assert_int_eq(report(&reporter, 51), OS_OK);
    ck_assert_uint_eq(degrees(&rom), 51);
    ck_assert_int_eq(os_reporter_submit(&reporter, NULL, 0), OS_OK);
    inproc_idle();
    ck_assert_uint_eq(degrees(&rom), 0);
    os_reporter_fini(&reporter);
    os_config_rom_close(&rom);
}
END_TEST

START_TEST(a_report_that_is_not_kept)
{
    struct os_config_rom rom;
    struct os_reporter reporter;
    ck_assert_int_eq(os_reporter_init(&reporter, &sensor.env, "brief"), OS_OK);
    ck_assert_int_eq(report(&reporter, 7), OS_OK);
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "brief", changed), OS_OK);
    ck_assert_uint_eq(degrees(&rom), 7);
    os_reporter_fini(&reporter);
    inproc_idle();
    ck_assert_uint_eq(degrees(&rom), 0);
    os_config_rom_close(&rom);
}
END_TEST

START_TEST(who_may_not)
{
    struct os_rom_module rom;
    struct os_reporter one, two;
    ck_assert_int_eq(os_rom_module_connect(&rom, &viewer.env, "other"), OS_ERR_DENIED);
    ck_assert_ptr_nonnull(strstr(inproc_log(&server), "no policy for ROM \"viewer -> other\""));
    ck_assert_int_eq(os_reporter_init(&one, &sensor.env, "heat"), OS_OK);
    ck_assert_int_eq(os_reporter_init(&two, &sensor.env, "heat"), OS_ERR_EXISTS);
    os_reporter_fini(&one);
    os_reporter_fini(&two);
}
END_TEST

START_TEST(the_policy_changes)
{
    struct os_config_rom rom;
    struct os_reporter heat, cold;
    ck_assert_int_eq(os_reporter_init(&heat, &sensor.env, "heat"), OS_OK);
    ck_assert_int_eq(os_reporter_init(&cold, &sensor.env, "cold"), OS_OK);
    ck_assert_int_eq(report(&heat, 80), OS_OK);
    ck_assert_int_eq(report(&cold, 2), OS_OK);
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "state", changed), OS_OK);
    ck_assert_uint_eq(degrees(&rom), 80);
    inproc_config_set(&server, "default-policy:\n  report: sensor -> cold\n");
    inproc_idle();
    ck_assert_uint_eq(degrees(&rom), 2);
    inproc_config_set(&server, "policy:\n");
    inproc_idle();
    ck_assert_uint_eq(degrees(&rom), 0);
    os_config_rom_close(&rom);
    os_reporter_fini(&heat);
    os_reporter_fini(&cold);
}
END_TEST

/* All by hand, as somebody would who means ill. */
START_TEST(what_a_reporter_does_is_at_its_own_expense)
{
    struct os_report_session session;
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    uint64_t before, ram;
    uint32_t caps;
    inproc_env_used(&server, &before, &caps);
    ck_assert_int_eq(os_report_open_with(&sensor.env, "heat", "", OS_KIB(8), 4, &session), OS_OK);
    ck_assert_int_eq(os_report_submit(session.cap, 1), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_report_buffer(session.cap, 0, &ds), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_report_buffer(session.cap, UINT64_MAX, &ds), OS_ERR_BAD_ARG);
    ck_assert_int_eq(os_report_buffer(session.cap, OS_KIB(8), &ds), OS_ERR_RAM);
    ck_assert_int_eq(os_report_buffer(session.cap, 100, &ds), OS_OK);
    ck_assert_int_eq(os_region_attach(&region, ds, OS_ATTACH_WRITE), OS_OK);
    os_cap_drop(ds.cap);
    ck_assert_int_eq(os_report_buffer(session.cap, 200, &ds), OS_ERR_BUSY);
    ck_assert_int_eq(os_report_submit(session.cap, OS_PAGE_SIZE + 1), OS_ERR_BAD_ARG);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(os_report_submit(session.cap, 1000), OS_OK);
    os_region_detach(&region);
    ck_assert_int_eq(os_report_buffer(session.cap, 200, &ds), OS_OK);
    os_cap_drop(ds.cap);
    os_report_close(&session);
    inproc_env_used(&server, &ram, &caps);
    ck_assert_uint_le(ram - before, OS_KIB(64)); /* of its heap */
}
END_TEST

START_TEST(a_long_report_is_paid_for_by_upgrades)
{
    static char large[200000];
    struct os_rom_module rom;
    struct os_reporter reporter;
    memset(large, 'x', sizeof(large));
    ck_assert_int_eq(os_rom_module_connect(&rom, &viewer.env, "state"), OS_OK);
    ck_assert_int_eq(os_reporter_init(&reporter, &sensor.env, "heat"), OS_OK);
    for (size_t size = 1; size < sizeof(large); size *= 7) {
        ck_assert_int_eq(os_reporter_submit(&reporter, large, size), OS_OK);
        ck_assert_int_eq(os_rom_module_update(&rom), OS_OK);
        ck_assert_uint_eq(rom.size, size);
        ck_assert_mem_eq(rom.data, large, size);
    }
    os_rom_module_close(&rom);
    os_reporter_fini(&reporter);
}
END_TEST

/* How often PART is in the log of the server. */
static unsigned logged(const char *part)
{
    unsigned count = 0;
    for (const char *at = inproc_log(&server); (at = strstr(at, part)); at++)
        count++;
    return count;
}

START_TEST(a_report_that_is_too_large)
{
    static const char data[5000] = "x";
    static const char large[OS_MIB(1) + 1];
    struct os_rom_module rom;
    struct os_reporter reporter;
    ck_assert_int_eq(os_rom_module_connect(&rom, &viewer.env, "state"), OS_OK);
    ck_assert_int_eq(os_reporter_init(&reporter, &sensor.env, "heat"), OS_OK);
    ck_assert_int_eq(os_reporter_submit(&reporter, large, sizeof(large)), OS_ERR_TOO_LARGE);
    ck_assert_uint_eq(
        logged("report \"sensor -> heat\" is refused: its 1048577 bytes are more than max-size, "
               "1048576\n"),
        1);
    ck_assert_int_eq(os_reporter_submit(&reporter, large, sizeof(large) - 1), OS_OK);
    inproc_config_set(&server, "max-size: 4K\ndefault-policy:\n  report: sensor -> heat\n");
    inproc_idle();
    ck_assert_int_eq(os_reporter_submit(&reporter, data, 4096), OS_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(os_reporter_submit(&reporter, data, 4097), OS_ERR_TOO_LARGE);
    ck_assert_uint_eq(logged("its 4097 bytes are more than max-size, 4096\n"), 1);
    /* the one before is there still, and is kept when nobody reports any more */
    os_reporter_fini(&reporter);
    ck_assert_int_eq(os_rom_module_update(&rom), OS_OK);
    ck_assert_uint_eq(rom.size, 4096);
    /* what is kept obeys another limit, too */
    inproc_config_set(&server, "max-size: 4095\ndefault-policy:\n  report: sensor -> heat\n");
    inproc_idle();
    ck_assert_int_eq(os_rom_module_update(&rom), OS_ERR_NOT_FOUND);
    os_rom_module_close(&rom);
}
END_TEST

START_TEST(the_server_ends)
{
    struct os_reporter reporter;
    ck_assert_int_eq(os_reporter_init(&reporter, &sensor.env, "heat"), OS_OK);
    ck_assert_int_eq(report(&reporter, 1), OS_OK);
    inproc_env_kill(&server);
    os_err err = report(&reporter, 2);
    ck_assert_msg(err == OS_ERR_DEAD || err == OS_ERR_REVOKED, "%s", os_err_name(err));
    ck_assert_int_eq(inproc_env_fini(&server), 0);
    inproc_env_init(&server, "report_rom");
    inproc_config_set(&server, policy);
    inproc_env_construct(&server, report_rom_next_construct);
    ck_assert_int_eq(report(&reporter, 3), OS_OK);
    os_reporter_fini(&reporter);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_rom");
    TCase *tcase = tcase_create("report_rom");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_report_is_read);
    tcase_add_test(tcase, a_report_that_is_not_kept);
    tcase_add_test(tcase, who_may_not);
    tcase_add_test(tcase, the_policy_changes);
    tcase_add_test(tcase, what_a_reporter_does_is_at_its_own_expense);
    tcase_add_test(tcase, a_long_report_is_paid_for_by_upgrades);
    tcase_add_test(tcase, a_report_that_is_too_large);
    tcase_add_test(tcase, the_server_ends);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
