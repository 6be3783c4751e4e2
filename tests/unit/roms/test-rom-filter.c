/* SPDX-License-Identifier: BSD-2-Clause */
/* test-rom-filter.c: rules about the content of ROM modules, and that the output follows them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include <inproc/inproc.h>
#include <os/config_rom.h>

void rom_filter_construct(struct os_env *env);

static struct inproc_env filter, viewer;
static struct os_config_rom out;
static unsigned changes;

static void changed(struct os_config_rom *rom)
{
    changes++;
}

/* A tree for an input; TEXT NULL: no content. */
static void set(const char *name, const char *text)
{
    size_t size = 0;
    void *tree = text ? inproc_config_make(name, text, &size) : NULL;
    inproc_rom_set(&filter, name, tree, size);
    free(tree);
    inproc_idle();
}

static void start(const char *config)
{
    inproc_config_set(&filter, config);
    inproc_env_construct(&filter, rom_filter_construct);
    ck_assert_int_eq(os_config_rom_open(&out, &viewer.env, "out", changed), OS_OK);
    changes = 0;
}

static void setup(void)
{
    inproc_env_init(&filter, "filter");
    inproc_env_init(&viewer, "viewer");
    inproc_env_serve(&viewer);
    inproc_env_mark(&viewer);
    set("a", NULL);
    set("b", NULL);
}

static void teardown(void)
{
    os_config_rom_close(&out);
    ck_assert_int_eq(inproc_env_fini(&viewer), 0);
    inproc_env_kill(&filter);
    ck_assert_int_eq(inproc_env_fini(&filter), 0);
}

static const char *choice(void)
{
    return os_config_str(&out.config, os_config_root(&out.config), "choice", "none");
}

/* A condition, contents of the inputs, and whether it holds with them. */
static const struct {
    const char *when, *a, *b;
    int holds;
} conditions[] = {
    { "has: a", "x: 1\n", NULL, 1 },
    { "has: b", "x: 1\n", NULL, 0 },
    { "has: a/x/y", "x: 1\n", NULL, 0 },
    { "has: a/x/", "x: 1\n", NULL, 0 },
    { "has: a/list/1", "list:\n  - p\n  - q\n", NULL, 1 },
    { "has: a/list/2", "list:\n  - p\n  - q\n", NULL, 0 },
    { "has: a/list/1x", "list:\n  - p\n  - q\n", NULL, 0 },
    { "has: c/x", "x: 1\n", NULL, 0 },
    { "has:\n        - a/x\n        - b/y", "x: 1\n", "y: 1\n", 1 },
    { "has:\n        - a/x\n        - b/y", "x: 1\n", "z: 1\n", 0 },
    { "is:\n        a/x: red", "x: red\n", NULL, 1 },
    { "is:\n        a/x: red", "x: blue\n", NULL, 0 },
    { "is:\n        a/x: red", "x:\n  red: 1\n", NULL, 0 },
    { "is:\n        a/x: red\n        b/x: blue", "x: red\n", "x: blue\n", 1 },
    { "is:\n        a/x: red\n        b/x: blue", "x: red\n", "x: red\n", 0 },
    { "greater:\n        a/x: 5", "x: 6\n", NULL, 1 },
    { "greater:\n        a/x: 5", "x: 5\n", NULL, 0 },
    { "greater:\n        a/x: -5", "x: -4\n", NULL, 1 },
    { "greater:\n        a/x: 5", "x: 6m\n", NULL, 0 },
    { "less:\n        a/x: 5", "x: 4\n", NULL, 1 },
    { "less:\n        a/x: 5", "x: 5\n", NULL, 0 },
    { "less:\n        a/x: 5", NULL, NULL, 0 },
    { "not:\n        has: a", NULL, NULL, 1 },
    { "not:\n        has: a", "x: 1\n", NULL, 0 },
    { "has: a\n      not:\n        has: b", "x: 1\n", NULL, 1 },
    { "has: a\n      not:\n        has: b", "x: 1\n", "x: 1\n", 0 },
    { "any:\n        -\n          has: a\n        -\n          has: b", NULL, "x: 1\n", 1 },
    { "any:\n        -\n          has: a\n        -\n          has: b", NULL, NULL, 0 },
    { "all:\n        -\n          has: a\n        -\n          has: b", "x: 1\n", "x: 1\n", 1 },
    { "all:\n        -\n          has: a\n        -\n          has: b", NULL, "x: 1\n", 0 },
};

START_TEST(a_condition)
{
    char config[600];
    snprintf(config, sizeof(config),
             "inputs:\n  - a\n  - b\nrules:\n  -\n    when:\n      %s\n    content:\n      choice: it holds\n"
             "  -\n    content:\n      choice: it does not\n",
             conditions[_i].when);
    set("a", conditions[_i].a);
    set("b", conditions[_i].b);
    start(config);
    ck_assert_str_eq(choice(), conditions[_i].holds ? "it holds" : "it does not");
}
END_TEST

START_TEST(the_output_follows)
{
    start("inputs:\n  - a\nrules:\n  -\n    when:\n      is:\n        a/x: red\n    content:\n      choice: "
          "one\n"
          "  -\n    when:\n      has: a/x\n    content:\n      choice: two\n");
    ck_assert_str_eq(choice(), "none");
    set("a", "x: red\n");
    ck_assert_str_eq(choice(), "one");
    ck_assert_uint_eq(changes, 1);
    set("a", "x: red\ny: 1\n");
    ck_assert_uint_eq(changes, 1); /* it makes no difference */
    set("a", "x: blue\n");
    ck_assert_str_eq(choice(), "two");
    inproc_rom_set(&filter, "a", "no tree", 7);
    inproc_idle();
    ck_assert_str_eq(choice(), "two");
    set("a", NULL);
    ck_assert_str_eq(choice(), "none");
    set("a", "x: blue\n");
    inproc_config_set(&filter, "inputs:\n  - a\nrules:\n  -\n    content:\n      choice: three\n");
    inproc_idle();
    ck_assert_str_eq(choice(), "three");
    inproc_config_set(&filter, "rules:\n");
    inproc_idle();
    ck_assert_str_eq(choice(), "none");
}
END_TEST

START_TEST(parts_of_inputs)
{
    set("a", "x: red\nmap:\n  deep: 7\n");
    start("inputs:\n  - a\nrules:\n  -\n    content:\n      choice: $(a/x)\n      map: $(a/map)\n      gone: "
          "$(a/y)\n"
          "      plain: $$(a/x)\n      half: $(a/x\n      dollar: $\n      list:\n        - $(a/x)\n        "
          "- $(a/y)\n");
    const struct os_config *config = &out.config;
    os_config_ref root = os_config_root(config);
    ck_assert_str_eq(choice(), "red");
    ck_assert_uint_eq(os_config_u64(config, os_config_get(config, root, "map"), "deep", 0), 7);
    ck_assert_ptr_null(os_config_get(config, root, "gone"));
    ck_assert_str_eq(os_config_str(config, root, "plain", ""), "$(a/x)");
    ck_assert_str_eq(os_config_str(config, root, "half", ""), "$(a/x");
    ck_assert_str_eq(os_config_str(config, root, "dollar", ""), "$");
    ck_assert_uint_eq(os_config_get(config, root, "list")->children, 1);
}
END_TEST

START_TEST(a_whole_input_and_text)
{
    struct os_rom_module rom;
    set("a", "choice: from a\n");
    start("inputs:\n  - a\nrules:\n  -\n    when:\n      has: a\n    content: $(a)\n  -\n    text: plain\n");
    ck_assert_str_eq(choice(), "from a");
    set("a", NULL);
    ck_assert_int_eq(os_rom_module_open(&rom, &viewer.env, "out"), OS_OK);
    ck_assert_uint_eq(rom.size, 5);
    ck_assert_mem_eq(rom.data, "plain", 5);
    os_rom_module_close(&rom);
}
END_TEST

/* What is copied again and again grows past what a tree can be: the output stays. */
START_TEST(an_input_that_is_too_large)
{
    static char large[OS_MIB(1) + 1];
    const char *rules = "inputs:\n  - a\nrules:\n  -\n    content:\n      choice: $(a/x)\n";
    char config[300];
    size_t size;
    set("a", "x: small\n");
    start(rules);
    ck_assert_str_eq(choice(), "small");
    inproc_rom_set(&filter, "a", large, sizeof(large));
    inproc_idle();
    ck_assert_ptr_nonnull(strstr(
        inproc_log(&filter), "ROM a: its 1048577 bytes are more than the 1048576 that are taken; the config "
                             "stays as it was\n"));
    ck_assert_str_eq(choice(), "small");
    /* exactly as large as it may be, and one byte more */
    void *tree = inproc_config_make("a", "x: another one\n", &size);
    inproc_rom_set(&filter, "a", tree, size);
    free(tree);
    snprintf(config, sizeof(config), "max-size: %zu\n%s", size, rules);
    inproc_config_set(&filter, config);
    inproc_idle();
    ck_assert_str_eq(choice(), "another one");
    snprintf(config, sizeof(config), "max-size: %zu\n%s", size - 1, rules);
    inproc_config_set(&filter, config);
    inproc_idle();
    ck_assert_str_eq(choice(), "another one");
    ck_assert_ptr_nonnull(strstr(inproc_log(&filter), "that are taken; the config stays as it was\n"));
    tree = inproc_config_make("a", "x: another two\n", &size);
    inproc_rom_set(&filter, "a", tree, size);
    free(tree);
    inproc_idle();
    ck_assert_str_eq(choice(), "another one");
    /* what was refused is looked at again with another limit */
    inproc_config_set(&filter, rules);
    inproc_idle();
    ck_assert_str_eq(choice(), "another two");
}
END_TEST

START_TEST(an_output_that_is_too_large)
{
    char *large = malloc(200 * 1024), config[300];
    memset(large, 'x', 200 * 1024);
    memcpy(large, "x: ", 3);
    strcpy(large + 100 * 1024, "\n");
    set("a", "x: small\n");
    snprintf(config, sizeof(config),
             "inputs:\n  - a\nrules:\n  -\n    content:\n      choice: $(a/x)\n      p: $(a/x)\n      q: "
             "$(a/x)\n");
    start(config);
    ck_assert_str_eq(choice(), "small");
    set("a", large);
    ck_assert_str_eq(choice(), "small");
    ck_assert_ptr_nonnull(strstr(inproc_log(&filter), "the output cannot be made: too large"));
    free(large);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rom_filter");
    TCase *tcase = tcase_create("rom_filter");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_condition, 0, (int)OS_ARRAY_LEN(conditions));
    tcase_add_test(tcase, the_output_follows);
    tcase_add_test(tcase, parts_of_inputs);
    tcase_add_test(tcase, a_whole_input_and_text);
    tcase_add_test(tcase, an_input_that_is_too_large);
    tcase_add_test(tcase, an_output_that_is_too_large);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
