/* SPDX-License-Identifier: BSD-2-Clause */
/* test-dynamic-rom.c: content that changes in the course of virtual time. */
#include <check.h>
#include <string.h>
#include <suite.h>

#include <inproc/inproc.h>
#include <os/config_rom.h>

void dynamic_rom_construct(struct os_env *env);

static struct inproc_env server, viewer;
static unsigned changes;

static void changed(struct os_config_rom *rom)
{
    changes++;
}

static void start(const char *config)
{
    inproc_config_set(&server, config);
    inproc_env_construct(&server, dynamic_rom_construct);
    changes = 0;
}

static void setup(void)
{
    inproc_env_init(&server, "dynamic_rom");
    inproc_env_init(&viewer, "viewer");
    inproc_env_serve(&viewer);
    inproc_env_mark(&viewer);
}

static void teardown(void)
{
    ck_assert_int_eq(inproc_env_fini(&viewer), 0);
    inproc_env_kill(&server);
    ck_assert_int_eq(inproc_env_fini(&server), 0);
}

static const char *colour(const struct os_config_rom *rom)
{
    return os_config_str(&rom->config, os_config_root(&rom->config), "colour", "none");
}

#define STEPS                                                                                                \
    "    steps:\n"                                                                                           \
    "      -\n        content:\n          colour: red\n        for: 100ms\n"                                 \
    "      -\n        for: 50ms\n"                                                                           \
    "      -\n        content:\n          colour: blue\n        for: 2s\n"
#define ONCE  "modules:\n  mood:\n" STEPS
#define AGAIN "modules:\n  mood:\n    loop: true\n" STEPS

START_TEST(once)
{
    struct os_config_rom rom;
    start(ONCE);
    inproc_advance(10 * OS_SEC); /* time begins with the first reader */
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_OK);
    ck_assert_str_eq(colour(&rom), "red");
    inproc_advance(99 * OS_MS);
    ck_assert_str_eq(colour(&rom), "red");
    inproc_advance(OS_MS);
    ck_assert_str_eq(colour(&rom), "none");
    inproc_advance(50 * OS_MS);
    ck_assert_str_eq(colour(&rom), "blue");
    inproc_advance(100 * OS_SEC);
    ck_assert_str_eq(colour(&rom), "blue");
    ck_assert_uint_eq(changes, 2);
    os_config_rom_close(&rom);
}
END_TEST

START_TEST(again_and_again)
{
    struct os_config_rom rom, other;
    start(AGAIN);
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_OK);
    for (unsigned i = 0; i < 20; i++) {
        ck_assert_str_eq(colour(&rom), "red");
        inproc_advance(100 * OS_MS);
        ck_assert_str_eq(colour(&rom), "none");
        inproc_advance(50 * OS_MS);
        ck_assert_str_eq(colour(&rom), "blue");
        inproc_advance(2 * OS_SEC);
    }
    /* others find it as it is */
    inproc_advance(150 * OS_MS);
    ck_assert_int_eq(os_config_rom_open(&other, &viewer.env, "mood", changed), OS_OK);
    ck_assert_str_eq(colour(&other), "blue");
    os_config_rom_close(&other);
    os_config_rom_close(&rom);
}
END_TEST

static void count(void *arg)
{
    ++*(unsigned *)arg;
}

START_TEST(nobody_looks)
{
    struct os_config_rom rom;
    unsigned events = 0;
    start(AGAIN);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_OK);
        ck_assert_str_eq(colour(&rom), "red");
        inproc_advance(60 * OS_MS);
        os_config_rom_close(&rom);
        inproc_idle();
        /* no event at all, of no component: nothing wakes */
        inproc_at_event(0, count, &events);
        inproc_advance(100 * OS_SEC);
        inproc_at_event(0, NULL, NULL);
        ck_assert_uint_eq(events, 0);
        /* it goes on where it was */
        ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_OK);
        ck_assert_str_eq(colour(&rom), "red");
        inproc_advance(39 * OS_MS);
        ck_assert_str_eq(colour(&rom), "red");
        inproc_advance(OS_MS);
        ck_assert_str_eq(colour(&rom), "none");
        inproc_advance(50 * OS_MS);
        ck_assert_str_eq(colour(&rom), "blue");
        inproc_advance(2 * OS_SEC);
        os_config_rom_close(&rom);
    }
}
END_TEST

/* One of two that look is enough for the time to go on. */
START_TEST(somebody_else_looks)
{
    struct os_config_rom rom, other;
    start(ONCE);
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_OK);
    ck_assert_int_eq(os_config_rom_open(&other, &viewer.env, "mood", NULL), OS_OK);
    os_config_rom_close(&other);
    inproc_advance(100 * OS_MS);
    ck_assert_str_eq(colour(&rom), "none");
    os_config_rom_close(&rom);
}
END_TEST

START_TEST(the_config_changes_while_nobody_looks)
{
    struct os_config_rom rom;
    start(ONCE);
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_OK);
    inproc_advance(150 * OS_MS);
    ck_assert_str_eq(colour(&rom), "blue");
    os_config_rom_close(&rom);
    inproc_config_set(&server, AGAIN);
    inproc_advance(100 * OS_SEC);
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_OK);
    ck_assert_str_eq(colour(&rom), "red");
    os_config_rom_close(&rom);
    inproc_config_set(&server, "modules:\n");
    inproc_idle();
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_ERR_NOT_FOUND);
}
END_TEST

START_TEST(the_config_changes)
{
    struct os_config_rom rom;
    start(ONCE);
    ck_assert_int_eq(os_config_rom_open(&rom, &viewer.env, "mood", changed), OS_OK);
    inproc_config_set(&server,
                      "modules:\n  mood:\n    steps:\n      -\n        content:\n          colour: green\n");
    inproc_idle();
    ck_assert_str_eq(colour(&rom), "green");
    inproc_advance(10 * OS_SEC);
    ck_assert_str_eq(colour(&rom), "green");
    inproc_config_set(&server, "modules:\n");
    inproc_idle();
    ck_assert_str_eq(colour(&rom), "none");
    os_config_rom_close(&rom);
}
END_TEST

START_TEST(texts_and_names)
{
    struct os_rom_module rom;
    start("modules:\n  note:\n    steps:\n      -\n        text: wait\n        for: 1s\n      -\n        "
          "text: go\n");
    ck_assert_int_eq(os_rom_module_open(&rom, &viewer.env, "mood"), OS_ERR_NOT_FOUND);
    ck_assert_int_eq(os_rom_module_open(&rom, &viewer.env, "other -> note"), OS_OK);
    ck_assert_mem_eq(rom.data, "wait", 4);
    inproc_advance(OS_SEC);
    ck_assert_int_eq(os_rom_module_update(&rom), OS_OK);
    ck_assert_uint_eq(rom.size, 2);
    ck_assert_mem_eq(rom.data, "go", 2);
    os_rom_module_close(&rom);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dynamic_rom");
    TCase *tcase = tcase_create("dynamic_rom");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, once);
    tcase_add_test(tcase, again_and_again);
    tcase_add_test(tcase, nobody_looks);
    tcase_add_test(tcase, somebody_else_looks);
    tcase_add_test(tcase, the_config_changes_while_nobody_looks);
    tcase_add_test(tcase, the_config_changes);
    tcase_add_test(tcase, texts_and_names);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
