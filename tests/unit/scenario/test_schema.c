/* SPDX-License-Identifier: BSD-2-Clause */
/* test_schema.c: schemas that are none, and configs beside schemas, with the exact messages. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <yaml/parse.h>
#include <scenario/format.h>

static char told[2000];

static void tell(struct problems *problems, const char *line)
{
    size_t at = strlen(told);
    snprintf(told + at, sizeof(told) - at, "%s%s", at ? "\n" : "", line);
}

static void *parse(const char *text, struct os_config *config)
{
    void *tree;
    size_t size;
    char error[YAML_ERROR_MAX];
    ck_assert_msg(!yaml_parse("y", text, strlen(text), &tree, &size, &error), "%s", error);
    ck_assert_int_eq(os_config_init(config, tree, size), OS_OK);
    return tree;
}

/* Every property that a rule can have. */
#define SCHEMA                                                                                               \
    "count: { type: u32, min: 1, max: 64, default: 4, doc: how many }\n"                                     \
    "far: u64\n"                                                                                             \
    "shift: { type: i32, min: -5 }\n"                                                                        \
    "offset: i64\n"                                                                                          \
    "ram: { type: size, min: 64K, max: 1M }\n"                                                               \
    "pause: { type: time, max: 2s }\n"                                                                       \
    "title: { type: string, min-length: 2, max-length: 5 }\n"                                                \
    "who: name\n"                                                                                            \
    "loud: bool\n"                                                                                           \
    "mode: { type: enum, values: [fast, exact], default: fast }\n"                                           \
    "box: { type: map, noun: a box, keys: { w: { type: u32, required: true }, h: u32 } }\n"                  \
    "sizes: { type: list, of: size }\n"                                                                      \
    "rules: { type: list, of: { type: map, keys: { label: string, rate: { type: u32, min: 1 } } } }\n"       \
    "ports: { type: map, of: u32, keys: { main: bool } }\n"                                                  \
    "again: { any-of: [{ type: enum, values: [never, always] }, { type: map, keys: { max: u32 } }] }\n"      \
    "what: any\n"                                                                                            \
    "free: map\n"

static const struct {
    const char *config, *told;
} configs[] = {
    { "{}", "" },
    { "", "" },
    { "count: 1\nfar: 99999999999\nshift: -5\noffset: -9223372036854775808\nram: 64K\npause: 2s\ntitle: "
      "abcde\n"
      "who: a-b\nloud: true\nmode: exact\nbox: {w: 1}\nsizes: [1, 2M]\nrules: [{label: x, rate: 1}]\n"
      "ports: {main: false, 80: 443}\nagain: never\nwhat: {a: [b]}\nfree: {x: y}\n",
      "" },
    { "again: { max: 5 }\nsizes:\nports:\n", "" },
    { "[1]", "y:1:1: c is a list, expected a map" },
    { "cuont: 1", "y:1:1: unknown key 'cuont' of c, expected 'count'" },
    { "count: 0", "y:1:1: count '0', expected a number from 1 to 64" },
    { "count: 65", "y:1:1: count '65', expected a number from 1 to 64" },
    { "count: 4294967297", "y:1:1: count '4294967297', expected a number from 1 to 64" },
    { "count: [1]", "y:1:1: count is a list, expected a value" },
    { "far: -1", "y:1:1: far '-1', expected a number from 0" },
    { "shift: -6", "y:1:1: shift '-6', expected a number from -5 to 2147483647" },
    { "shift: 2147483648", "y:1:1: shift '2147483648', expected a number from -5 to 2147483647" },
    { "offset: 9223372036854775808", "y:1:1: offset '9223372036854775808', expected a whole number" },
    { "ram: 63K", "y:1:1: ram '63K', expected a size from 64K to 1M" },
    { "ram: 1G", "y:1:1: ram '1G', expected a size from 64K to 1M" },
    { "pause: 3s", "y:1:1: pause '3s', expected a time up to 2s" },
    { "pause: 3", "y:1:1: pause '3', expected a time up to 2s" },
    { "title: a", "y:1:1: title is too short, expected at least 2 bytes" },
    { "title: abcdef", "y:1:1: title is too long, expected at most 5 bytes" },
    { "who: a b", "y:1:1: who 'a b', expected 1 to 63 letters, digits, '-', '_' or '.'" },
    { "loud: yes", "y:1:1: loud 'yes', expected false or true" },
    { "mode: fats", "y:1:1: mode 'fats', expected fast or exact" },
    { "mode: {}", "y:1:1: mode is a map, expected a value" },
    { "box: { h: 1 }", "y:1:1: a box without 'w', expected one with it" },
    { "box: { w: 1, d: 1 }", "y:1:14: unknown key 'd' of a box, expected 'w'" },
    { "sizes: [1, 2x]", "y:1:12: an item of sizes '2x', expected a size as 4096, 64K, 8M or 1G" },
    { "sizes: 5", "y:1:1: sizes is a value, expected a list" },
    { "rules:\n  - { label: x }\n  - { rate: 0 }\n",
      "y:3:7: rate '0', expected a number from 1 to 4294967295" },
    { "rules: [{ lable: x }]", "y:1:11: unknown key 'lable' of an item of rules, expected 'label'" },
    { "ports: { main: 1, 80: x }", "y:1:10: main '1', expected false or true\n"
                                   "y:1:19: 80 'x', expected a number from 0 to 4294967295" },
    { "again: sometimes", "y:1:1: again 'sometimes', expected never or always" },
    { "again: { maxx: 1 }", "y:1:10: unknown key 'maxx' of again, expected 'max'" },
    { "again: [never]", "y:1:1: again is a list, expected a value" },
    { "free: 1", "y:1:1: free is a value, expected a map" },
};

START_TEST(configs_are_checked)
{
    struct os_config schema_tree, config;
    struct problems problems = { .file = "y", .report = tell };
    void *rules = parse(SCHEMA, &schema_tree), *tree = parse(configs[_i].config, &config);
    struct schema schema = { schema_tree, os_config_root(&schema_tree), NULL };
    told[0] = 0;
    ck_assert_msg(schema_is_sound(&schema, &problems), "%s", told);
    unsigned count = schema_check(&schema, &problems, &config, os_config_root(&config), NULL, "c");
    ck_assert_str_eq(told, configs[_i].told);
    ck_assert_int_eq(count == 0, !*told);
    free(tree);
    free(rules);
}
END_TEST

START_TEST(what_is_required_is_missed_where_nothing_is)
{
    struct os_config tree, none = { 0 };
    struct problems problems = { .file = "y", .report = tell };
    void *rules = parse("size: { type: u32, required: true }", &tree);
    struct schema schema = { tree, os_config_root(&tree), NULL };
    told[0] = 0;
    ck_assert_uint_eq(schema_check(&schema, &problems, &none, NULL, NULL, "the config"), 1);
    ck_assert_str_eq(told, "y:1:1: the config without 'size', expected one with it");
    ck_assert_uint_eq(schema_check(&(struct schema){ 0 }, &problems, &none, NULL, NULL, "the config"), 0);
    free(rules);
}
END_TEST

static const struct {
    const char *schema, *told;
} bad[] = {
    { "[1]", "y:1:1: config is a list, expected a map" },
    { "a: u31", "y:1:1: type 'u31', expected u32, u64, i32, i64, size, time, string, name, bool, enum, map, "
                "list or any" },
    { "a: [u32]", "y:1:1: a rule is a list, expected a type or a map" },
    { "a: { min: 1 }", "y:1:1: a rule without 'type', expected one with it, or with 'any-of'" },
    { "a: { type: u32, mni: 1 }", "y:1:17: unknown key 'mni' of a rule, expected 'min'" },
    { "a: { type: u32, min: x }", "y:1:17: min 'x', expected a value of type u32" },
    { "a: { type: time, max: 5 }", "y:1:18: max '5', expected a value of type time" },
    { "a: { type: i32, min: 1, max: -1 }", "y:1:25: max is less than min, expected a range" },
    { "a: { type: string, min-length: 3, max-length: 2 }",
      "y:1:35: max-length is less than min-length, expected a range" },
    { "a: { type: enum }", "y:1:1: an enum without words, expected a list 'values'" },
    { "a: { type: enum, values: [[x]] }", "y:1:27: a word is a list, expected a value" },
    { "a: { type: u32, max: 5, default: 6 }", "y:1:25: default '6', expected a number from 0 to 5" },
    { "a: { type: map, keys: { b: { type: lsit } } }",
      "y:1:30: type 'lsit', expected u32, u64, i32, i64, size, time, string, name, bool, enum, map, list or "
      "any" },
    { "a: { type: list, of: nothing }", "y:1:18: type 'nothing', expected u32, u64, i32, i64, size, time, "
                                        "string, name, bool, enum, map, list or "
                                        "any" },
    { "a: { any-of: [u32, none] }", "y:1:20: type 'none', expected u32, u64, i32, i64, size, time, string, "
                                    "name, bool, enum, map, list or any" },
    { "a: any-of", "y:1:1: type 'any-of', expected u32, u64, i32, i64, size, time, string, name, bool, enum, "
                   "map, list or any" },
    { "a: { type: u32, required: yes }", "y:1:17: required 'yes', expected false or true" },
};

START_TEST(bad_schemas_are_refused)
{
    struct os_config tree;
    struct problems problems = { .file = "y", .report = tell };
    void *rules = parse(bad[_i].schema, &tree);
    struct schema schema = { tree, os_config_root(&tree), NULL };
    told[0] = 0;
    ck_assert(!schema_is_sound(&schema, &problems));
    ck_assert_str_eq(told, bad[_i].told);
    free(rules);
}
END_TEST

START_TEST(types_can_have_names)
{
    struct os_config tree, config;
    struct problems problems = { .file = "y", .report = tell };
    void *rules = parse("keys: { a: point, b: { type: list, of: point }, c: loop }\n"
                        "types: { point: { type: map, keys: { x: u32 } }, loop: loop }\n",
                        &tree);
    void *checked = parse("a: { x: 1 }\nb: [{ y: 1 }]\nc: 1\n", &config);
    os_config_ref root = os_config_root(&tree);
    struct schema schema = { tree, os_config_get(&tree, root, "keys"), os_config_get(&tree, root, "types") };
    told[0] = 0;
    ck_assert(!schema_is_sound(&schema, &problems)); /* for the type that is itself */
    told[0] = 0;
    ck_assert_uint_eq(schema_check(&schema, &problems, &config, os_config_root(&config), NULL, "c"), 1);
    ck_assert_str_eq(told, "y:2:7: unknown key 'y' of an item of b, expected 'x'");
    free(checked);
    free(rules);
}
END_TEST

START_TEST(the_format_of_scenarios_is_a_schema)
{
    struct problems problems = { .file = "format.yaml", .report = tell };
    struct schema format;
    void *tree;
    told[0] = 0;
    ck_assert_int_eq(format_read(&format, &tree), OS_OK);
    ck_assert_msg(schema_is_sound(&format, &problems), "%s", told);
    free(tree);
}
END_TEST

static char json[2000];

static void put(void *to, const char *text, size_t len)
{
    ck_assert_ptr_eq(to, json);
    strncat(json, text, len);
    ck_assert_uint_lt(strlen(json), sizeof(json) - 1);
}

START_TEST(a_schema_is_written_as_json)
{
    struct os_config tree;
    void *rules = parse("n: { type: u32, max: 5, required: true, doc: \"a \\\"n\\\"\" }\n"
                        "l: { type: list, of: { any-of: [bool, { type: enum, values: [x, y] }] } }\n",
                        &tree);
    struct schema schema = { tree, os_config_root(&tree), NULL };
    json[0] = 0;
    schema_to_json(&schema, "t", put, json);
    ck_assert_str_eq(json, "{\n"
                           "  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
                           "  \"title\": \"t\",\n"
                           "  \"type\": [\"object\", \"null\"],\n"
                           "  \"properties\": {\n"
                           "    \"n\": {\n"
                           "      \"type\": \"integer\",\n"
                           "      \"minimum\": 0,\n"
                           "      \"maximum\": 5,\n"
                           "      \"description\": \"a \\\"n\\\"\"\n"
                           "    },\n"
                           "    \"l\": {\n"
                           "      \"type\": [\"array\", \"null\"],\n"
                           "      \"items\": {\n"
                           "        \"anyOf\": [\n"
                           "          {\n"
                           "            \"type\": \"boolean\"\n"
                           "          },\n"
                           "          {\n"
                           "            \"enum\": [\"x\", \"y\"]\n"
                           "          }\n"
                           "        ]\n"
                           "      }\n"
                           "    }\n"
                           "  },\n"
                           "  \"required\": [\"n\"],\n"
                           "  \"additionalProperties\": false\n"
                           "}\n");
    free(rules);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *tcase = tcase_create("schema");
    tcase_add_loop_test(tcase, configs_are_checked, 0, OS_ARRAY_LEN(configs));
    tcase_add_test(tcase, what_is_required_is_missed_where_nothing_is);
    tcase_add_loop_test(tcase, bad_schemas_are_refused, 0, OS_ARRAY_LEN(bad));
    tcase_add_test(tcase, types_can_have_names);
    tcase_add_test(tcase, the_format_of_scenarios_is_a_schema);
    tcase_add_test(tcase, a_schema_is_written_as_json);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
