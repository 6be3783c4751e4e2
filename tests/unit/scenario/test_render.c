/* SPDX-License-Identifier: BSD-2-Clause */
/* test_render.c: config trees as text: what it looks like, that it is printable, and that it means the same.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <yaml/printable.h>
#include <yaml/parse.h>
#include <yaml/render.h>
#include <os/config_writer.h>

struct text {
    struct config_sink sink;
    size_t len;
    char bytes[4096];
};

static void put(struct config_sink *sink, const char *bytes, size_t len)
{
    struct text *text = OS_CONTAINER_OF(sink, struct text, sink);
    ck_assert_uint_lt(text->len + len, sizeof(text->bytes));
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = 0;
}

static struct os_config parse(const char *yaml)
{
    struct os_config config;
    void *tree;
    size_t size;
    char error[YAML_ERROR_MAX] = "";
    os_err err = yaml_parse("f.yaml", yaml, strlen(yaml), &tree, &size, &error);
    ck_assert_msg(!err, "%s in:\n%s", error, yaml);
    ck_assert_int_eq(os_config_init(&config, tree, size), OS_OK);
    return config;
}

static void free_tree(struct os_config *config)
{
    free((void *)(uintptr_t)config->header);
}

static struct text render(const struct os_config *config, enum config_render form)
{
    struct text text = { .sink.put = put };
    config_render(config, os_config_root(config), form, &text.sink);
    return text;
}

static const char sample[] = "system: { file: a.yaml, ram: 4096 }\n"
                             "empty: {}\n"
                             "none: []\n"
                             "nothing:\n"
                             "words: [one, two]\n"
                             "sessions:\n"
                             "  - service: LOG\n"
                             "    label: a -> b\n"
                             "  - [x, [y, '']]\n";

START_TEST(yaml_reads_well)
{
    struct os_config config = parse(sample);
    struct text text = render(&config, CONFIG_RENDER_YAML);
    ck_assert_str_eq(text.bytes, "system:\n"
                                 "  file: a.yaml\n"
                                 "  ram: 4096\n"
                                 "empty: {}\n"
                                 "none: []\n"
                                 "nothing: \"\"\n"
                                 "words: [one, two]\n"
                                 "sessions:\n"
                                 "  - service: LOG\n"
                                 "    label: a -> b\n"
                                 "  - - x\n"
                                 "    - - y\n"
                                 "      - \"\"\n");
    free_tree(&config);
}
END_TEST

START_TEST(json_has_numbers_and_truth)
{
    struct os_config config =
        parse("{a: 12, b: -3, c: 012, d: true, e: yes, f: 1234567890123456, g: [], h: [{i: ''}], j: -0}");
    struct text text = render(&config, CONFIG_RENDER_JSON);
    ck_assert_str_eq(text.bytes, "{\n"
                                 "  \"a\": 12,\n"
                                 "  \"b\": -3,\n"
                                 "  \"c\": \"012\",\n"
                                 "  \"d\": true,\n"
                                 "  \"e\": \"yes\",\n"
                                 "  \"f\": \"1234567890123456\",\n"
                                 "  \"g\": [],\n"
                                 "  \"h\": [\n"
                                 "    {\n"
                                 "      \"i\": \"\"\n"
                                 "    }\n"
                                 "  ],\n"
                                 "  \"j\": \"-0\"\n"
                                 "}\n");
    free_tree(&config);
}
END_TEST

/* A tree may come from anybody: a key and a value with this text are written and read again. */
static const char *const hard[] = {
    "",
    " ",
    "a ",
    " a",
    "-",
    "- a",
    "-a",
    "--- a",
    "...",
    ".",
    "a: b",
    "a #b",
    "#",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "'",
    "\"",
    "\\",
    "[a]",
    "{a}",
    "a,b",
    "?",
    "? a",
    ":",
    "a:",
    "~",
    "null",
    "true",
    "1",
    "a\nb",
    "a\tb",
    "\x1b[31m",
    "\x7f",
    "\xc2\x85",
    "\xc2\xa0",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf",
    "\xc3\xa4",
    "\xf0\x9f\x8c\xb1",
    "a -> b",
    "<<",
};

/* Keys are not empty. */
static const char *key_of(const char *text)
{
    return *text ? text : "key";
}

static struct os_config hard_tree(const char *text)
{
    struct os_config_writer writer;
    struct os_config config;
    void *tree;
    size_t size;
    os_config_writer_init(&writer, "f");
    os_config_writer_add(&writer, OS_CONFIG_MAP, "", "", 1, 1);
    os_config_writer_add(&writer, OS_CONFIG_SCALAR, key_of(text), text, 1, 1);
    os_config_writer_add(&writer, OS_CONFIG_LIST, "list", "", 1, 1);
    os_config_writer_add(&writer, OS_CONFIG_SCALAR, "", text, 1, 1);
    os_config_writer_end(&writer);
    os_config_writer_end(&writer);
    ck_assert_int_eq(os_config_writer_finish(&writer, &tree, &size), OS_OK);
    os_config_writer_fini(&writer);
    ck_assert_int_eq(os_config_init(&config, tree, size), OS_OK);
    return config;
}

START_TEST(yaml_means_the_same)
{
    struct os_config config = hard_tree(hard[_i]);
    struct text text = render(&config, CONFIG_RENDER_YAML);
    struct os_config again = parse(text.bytes);
    os_config_ref first = os_config_first(&again, os_config_root(&again));
    ck_assert_str_eq(os_config_key(&again, first), key_of(hard[_i]));
    ck_assert_str_eq(os_config_value(&again, first), hard[_i]);
    os_config_ref list = os_config_next(&again, first);
    ck_assert_uint_eq(list->kind, OS_CONFIG_LIST);
    ck_assert_str_eq(os_config_value(&again, os_config_first(&again, list)), hard[_i]);
    free_tree(&config);
    free_tree(&again);
}
END_TEST

/* JSON is YAML, so that our own parser can tell whether it is well-formed and means the same. */
START_TEST(json_means_the_same)
{
    struct os_config config = hard_tree(hard[_i]);
    struct text text = render(&config, CONFIG_RENDER_JSON);
    struct os_config again = parse(text.bytes);
    os_config_ref first = os_config_first(&again, os_config_root(&again));
    ck_assert_str_eq(os_config_key(&again, first), key_of(hard[_i]));
    ck_assert_str_eq(os_config_value(&again, first), hard[_i]);
    free_tree(&config);
    free_tree(&again);
}
END_TEST

START_TEST(lines_are_made_printable)
{
    char lines[] = "a\033[2J\nb\r\xc2\x9b\xc3\xa9\n", line[] = "a\nb";
    make_lines_printable(lines);
    ck_assert_str_eq(lines, "a?[2J\nb???\xc3\xa9\n");
    make_printable(line);
    ck_assert_str_eq(line, "a?b");
}
END_TEST

/* Text that runs the other way hides what is there, as U+202E does with names of files. */
START_TEST(directions_are_made_visible)
{
    char line[] = "a\xe2\x80\xae"
                  "b\xe2\x81\xa6"
                  "c\xe2\x80\xa9\xff\xd7\x90";
    struct text text = { .sink.put = put }, all = { .sink.put = put }, string = { .sink.put = put };
    put_visible(&text.sink, line, strlen(line));
    ck_assert_str_eq(text.bytes, "a\\u202eb\\u2066c\\u2029\\ufffd\xd7\x90");
    put_visible(&all.sink, "1\r\n\t2\r", 6);
    ck_assert_str_eq(all.bytes, "1\\r\n\t2\\r");
    config_render_string("\xe2\x80\xaa\xe2\x80\xad\xe2\x81\xa9\xe2\x81\xa5", &string.sink);
    ck_assert_str_eq(string.bytes, "\"\\u202a\\u202d\\u2069\xe2\x81\xa5\"");
    make_printable(line);
    ck_assert_str_eq(line, "a???b???c????\xd7\x90");
}
END_TEST

START_TEST(text_is_told_from_bytes)
{
    ck_assert_int_eq(is_text("", 0), 1);
    ck_assert_int_eq(is_text("a\r\n\t\xe2\x80\xae", 7), 1); /* shown as an escape */
    ck_assert_int_eq(is_text("a\0b", 3), 0);
    ck_assert_int_eq(is_text("a\033b", 3), 0);
    ck_assert_int_eq(is_text("\xc2\x9b", 2), 0);
    ck_assert_int_eq(is_text("\xe2\x80\xae", 2), 0); /* cut off */
}
END_TEST

START_TEST(text_is_printable)
{
    struct text text = { .sink.put = put };
    config_render_string("a\x01\x1b\x7f\xc2\x9b\xff\xc0\x80\xed\xa0\x80\xe2\x82 z", &text.sink);
    ck_assert_str_eq(
        text.bytes,
        "\"a\\u0001\\u001b\\u007f\\u009b\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd z\"");
}
END_TEST

START_TEST(nothing_is_an_empty_map)
{
    static const struct os_config config;
    ck_assert_str_eq(render(&config, CONFIG_RENDER_YAML).bytes, "{}\n");
    ck_assert_str_eq(render(&config, CONFIG_RENDER_JSON).bytes, "{}\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config trees as text");
    TCase *tcase = tcase_create("render");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, yaml_reads_well);
    tcase_add_test(tcase, json_has_numbers_and_truth);
    tcase_add_loop_test(tcase, yaml_means_the_same, 0, OS_ARRAY_LEN(hard));
    tcase_add_loop_test(tcase, json_means_the_same, 0, OS_ARRAY_LEN(hard));
    tcase_add_test(tcase, lines_are_made_printable);
    tcase_add_test(tcase, directions_are_made_visible);
    tcase_add_test(tcase, text_is_told_from_bytes);
    tcase_add_test(tcase, text_is_printable);
    tcase_add_test(tcase, nothing_is_an_empty_map);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
