/* SPDX-License-Identifier: BSD-2-Clause */
/* test_yaml.c: what YAML becomes as a config tree, and what of YAML is refused, with which words. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <yaml/parse.h>
#include <os/config_writer.h>

struct parsed {
    void *tree;
    size_t size;
    struct os_config config;
    char error[YAML_ERROR_MAX];
    os_err err;
};

static struct parsed parse_bytes(const char *text, size_t size)
{
    struct parsed parsed = { 0 };
    parsed.err = yaml_parse("f.yaml", text, size, &parsed.tree, &parsed.size, &parsed.error);
    if (!parsed.err)
        ck_assert_int_eq(os_config_init(&parsed.config, parsed.tree, parsed.size), OS_OK);
    return parsed;
}

static struct parsed parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

START_TEST(a_tree_has_keys_values_and_positions)
{
    struct parsed p = parse("start:\n"
                            "  gui:\n"
                            "  paint: { ram: 8M, list: [a, 'b c'] }\n");
    os_config_ref root = os_config_root(&p.config);
    os_config_ref start = os_config_get(&p.config, root, "start");
    os_config_ref gui = os_config_get(&p.config, start, "gui");
    os_config_ref paint = os_config_get(&p.config, start, "paint");
    os_config_ref list = os_config_get(&p.config, paint, "list");
    ck_assert_str_eq(os_config_file(&p.config), "f.yaml");
    ck_assert_uint_eq(root->kind, OS_CONFIG_MAP);
    ck_assert_uint_eq(gui->kind, OS_CONFIG_SCALAR);
    ck_assert_str_eq(os_config_value(&p.config, gui), "");
    ck_assert_str_eq(os_config_str(&p.config, paint, "ram", ""), "8M");
    ck_assert_uint_eq(paint->line, 3);
    ck_assert_uint_eq(paint->column, 3);
    ck_assert_uint_eq(list->kind, OS_CONFIG_LIST);
    ck_assert_uint_eq(list->children, 2);
    os_config_ref second = os_config_next(&p.config, os_config_first(&p.config, list));
    ck_assert_str_eq(os_config_value(&p.config, second), "b c");
    ck_assert_uint_eq(second->column, 31);
    free(p.tree);
}
END_TEST

START_TEST(scalars_stay_text)
{
    struct parsed p = parse("{a: yes, b: 012, c: ~, d: 1e3, e: null}");
    os_config_ref root = os_config_root(&p.config);
    ck_assert_str_eq(os_config_str(&p.config, root, "a", ""), "yes");
    ck_assert_str_eq(os_config_str(&p.config, root, "b", ""), "012");
    ck_assert_str_eq(os_config_str(&p.config, root, "c", ""), "~");
    ck_assert_str_eq(os_config_str(&p.config, root, "d", ""), "1e3");
    ck_assert_str_eq(os_config_str(&p.config, root, "e", ""), "null");
    free(p.tree);
}
END_TEST

START_TEST(nothing_is_an_empty_scalar)
{
    static const char *const texts[] = { "", "# only a comment\n", "---\n" };
    for (size_t i = 0; i < OS_ARRAY_LEN(texts); i++) {
        struct parsed p = parse(texts[i]);
        ck_assert_uint_eq(os_config_root(&p.config)->kind, OS_CONFIG_SCALAR);
        ck_assert_str_eq(os_config_value(&p.config, os_config_root(&p.config)), "");
        free(p.tree);
    }
}
END_TEST

static const struct {
    const char *text, *error;
} refused[] = {
    { "a: &x 1\n", "f.yaml:1:4: anchor '&x', expected a value without anchor" },
    { "a: 1\nb: *x\n", "f.yaml:2:4: alias '*x', expected a value" },
    { "a: !!int 1\n", "f.yaml:1:4: tag 'tag:yaml.org,2002:int', expected a value without tag" },
    { "a: &m {b: 1}\n", "f.yaml:1:4: anchor '&m', expected a value without anchor" },
    { "a: !x [1]\n", "f.yaml:1:4: tag '!x', expected a value without tag" },
    { "a: 1\n---\nb: 2\n", "f.yaml:2:1: another document, expected the end of the file" },
    { "a: 1\nb:\n  c: 1\n  c: 2\n", "f.yaml:4:3: key 'c' is there twice, expected each key once" },
    { "? [a]\n: 1\n", "f.yaml:1:3: a map or list as key, expected a name" },
    { "? {a: b}\n: 1\n", "f.yaml:1:3: a map or list as key, expected a name" },
    { "'': 1\n", "f.yaml:1:1: empty key, expected a name" },
    { "a: \"x\\0y\"\n", "f.yaml:1:4: text with a NUL character, expected text without" },
    { "a: [1, 2\n",
      "f.yaml:2:1: did not find expected ',' or ']' while parsing a flow sequence, expected well-formed "
      "YAML" },
    { "a: 1\n  b: 2\n",
      "f.yaml:2:4: mapping values are not allowed in this context, expected well-formed YAML" },
    { "a: 1\nb: \xff\n", "f.yaml:2:4: invalid leading UTF-8 octet, expected UTF-8 text" },
    { "a: \xc3\x28\n", "f.yaml:1:5: invalid trailing UTF-8 octet, expected UTF-8 text" },
    { "a: \x01\n", "f.yaml:1:4: control characters are not allowed, expected UTF-8 text" },
};

START_TEST(what_is_refused)
{
    struct parsed p = parse(refused[_i].text);
    ck_assert_int_eq(p.err, OS_ERR_BAD_ARG);
    ck_assert_str_eq(p.error, refused[_i].error);
}
END_TEST

START_TEST(utf16_is_refused)
{
    static const char text[] = "\xff\xfe"
                               "a\0:\0 \0b\0";
    struct parsed p = parse_bytes(text, sizeof(text) - 1);
    ck_assert_int_eq(p.err, OS_ERR_BAD_ARG);
}
END_TEST

START_TEST(nesting_is_bounded)
{
    char text[2 * OS_CONFIG_DEPTH_MAX + 3];
    memset(text, '[', OS_CONFIG_DEPTH_MAX);
    memset(text + OS_CONFIG_DEPTH_MAX, ']', OS_CONFIG_DEPTH_MAX);
    struct parsed p = parse_bytes(text, 2 * OS_CONFIG_DEPTH_MAX);
    ck_assert_int_eq(p.err, OS_OK);
    free(p.tree);
    memset(text, '[', OS_CONFIG_DEPTH_MAX + 1);
    memset(text + OS_CONFIG_DEPTH_MAX + 1, ']', OS_CONFIG_DEPTH_MAX + 1);
    p = parse_bytes(text, 2 * OS_CONFIG_DEPTH_MAX + 2);
    ck_assert_int_eq(p.err, OS_ERR_BAD_ARG);
    ck_assert_str_eq(p.error, "f.yaml:1:33: nested too deeply, expected at most 32 levels");
}
END_TEST

START_TEST(size_is_bounded)
{
    size_t size = OS_CONFIG_TEXT_MAX + 1;
    char *text = malloc(size);
    memset(text, 'x', size);
    struct parsed p = parse_bytes(text, size);
    ck_assert_str_eq(p.error, "f.yaml:1:1: file of 262145 bytes, expected at most 262144");
    text[0] = '[';
    for (size_t i = 1; i < size; i++)
        text[i] = i % 2 ? 'x' : ',';
    p = parse_bytes(text, OS_CONFIG_TEXT_MAX);
    ck_assert_int_eq(p.err, OS_ERR_BAD_ARG);
    ck_assert_ptr_nonnull(strstr(p.error, "too large, expected at most 16384 nodes"));
    free(text);
}
END_TEST

START_TEST(a_part_is_a_tree_of_its_own)
{
    struct parsed p =
        parse("start:\n  paint:\n    config:\n      brush: 4\n      colors: [red, {name: blue}]\n");
    struct os_config part;
    void *data;
    size_t size;
    os_config_ref start = os_config_get(&p.config, os_config_root(&p.config), "start");
    os_config_ref paint = os_config_get(&p.config, start, "paint");
    ck_assert_int_eq(os_config_extract(&p.config, os_config_get(&p.config, paint, "config"), &data, &size),
                     OS_OK);
    free(p.tree);
    ck_assert_int_eq(os_config_init(&part, data, size), OS_OK);
    os_config_ref root = os_config_root(&part);
    ck_assert_str_eq(os_config_file(&part), "f.yaml");
    ck_assert_str_eq(os_config_key(&part, root), "");
    ck_assert_uint_eq(os_config_u64(&part, root, "brush", 0), 4);
    ck_assert_uint_eq(os_config_get(&part, root, "brush")->line, 4);
    ck_assert_uint_eq(os_config_get(&part, root, "brush")->column, 7);
    os_config_ref colors = os_config_get(&part, root, "colors");
    os_config_ref blue = os_config_next(&part, os_config_first(&part, colors));
    ck_assert_str_eq(os_config_str(&part, blue, "name", ""), "blue");
    free(data);
}
END_TEST

START_TEST(no_part_is_an_empty_map)
{
    struct parsed p = parse("a: 1");
    struct os_config part;
    void *data;
    size_t size;
    ck_assert_int_eq(os_config_extract(&p.config, NULL, &data, &size), OS_OK);
    ck_assert_int_eq(os_config_init(&part, data, size), OS_OK);
    ck_assert_uint_eq(os_config_root(&part)->kind, OS_CONFIG_MAP);
    ck_assert_uint_eq(os_config_root(&part)->children, 0);
    free(data);
    free(p.tree);
}
END_TEST

/* Whatever is done to a file, it is parsed or refused with a message; sanitizers watch. */
START_TEST(damaged_text_is_parsed_or_refused)
{
    static const char text[] = "start:\n  a: {b: [1, 'x'], c: \"y\"}\n  d: |\n    text\n? e\n: f\n";
    char damaged[sizeof(text)];
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(damaged, text, sizeof(text));
            damaged[at] = (char)value;
            struct parsed p = parse_bytes(damaged, sizeof(text) - 1);
            ck_assert(p.err == OS_OK || strncmp(p.error, "f.yaml:", 7) == 0);
            free(p.tree);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("yaml");
    TCase *tcase = tcase_create("yaml");
    tcase_add_test(tcase, a_tree_has_keys_values_and_positions);
    tcase_add_test(tcase, scalars_stay_text);
    tcase_add_test(tcase, nothing_is_an_empty_scalar);
    tcase_add_loop_test(tcase, what_is_refused, 0, OS_ARRAY_LEN(refused));
    tcase_add_test(tcase, utf16_is_refused);
    tcase_add_test(tcase, nesting_is_bounded);
    tcase_add_test(tcase, size_is_bounded);
    tcase_add_test(tcase, a_part_is_a_tree_of_its_own);
    tcase_add_test(tcase, no_part_is_an_empty_map);
    tcase_add_test(tcase, damaged_text_is_parsed_or_refused);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
