/* SPDX-License-Identifier: BSD-2-Clause */
/* test-config.c: reading configs, and configs that are broken on purpose. */
#include <os/config.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static const char text[] = "brush: 4\n"
                           "name: a fine brush\n"
                           "on: true\n"
                           "off: false\n"
                           "depth: -12\n"
                           "huge: 18446744073709551615\n"
                           "over: 18446744073709551616\n"
                           "least: -9223372036854775808\n"
                           "below: -9223372036854775809\n"
                           "empty: ''\n"
                           "map:\n"
                           "  inner: 1\n"
                           "  deeper:\n"
                           "    deepest: 2\n"
                           "list:\n"
                           "  - red\n"
                           "  - green\n"
                           "  - blue\n";

static struct inproc_env env; /* so that what the reader complains of is caught */
static void *data;
static size_t size;
static struct os_config config;
static os_config_ref root;

static void setup(void)
{
    inproc_env_init(&env, "config");
    data = inproc_config_make("paint.yaml", text, &size);
    ck_ok(os_config_init(&config, data, size));
    root = os_config_root(&config);
}

static void teardown(void)
{
    free(data);
    ck_fini(&env);
}

START_TEST(times)
{
    static const char *const bad[] = { "",    "ms",           "s",
                                       "5",   "5m",           "-5s",
                                       "5 s", "4294967296ms", "99999999999999s" };
    os_time time = 0;
    ck_ok(os_config_parse_time("100ms", &time));
    ck_assert_uint_eq(time, 100 * OS_MS);
    ck_ok(os_config_parse_time("4294967295s", &time));
    ck_assert_uint_eq(time, UINT32_MAX * OS_SEC);
    for (size_t i = 0; i < OS_ARRAY_LEN(bad); i++)
        ck_err(os_config_parse_time(bad[i], &time), OS_ERR_BAD_ARG);
    ck_assert_uint_eq(os_config_time(&config, root, "missing", 7), 7);
    ck_assert_uint_eq(os_config_time(&config, root, "brush", 7), 7);
}
END_TEST

START_TEST(values)
{
    ck_assert_uint_eq(os_config_u64(&config, root, "brush", 1), 4);
    ck_assert_uint_eq(os_config_u64(&config, root, "huge", 1), UINT64_MAX);
    ck_assert_uint_eq(os_config_size(&config, root, "brush", 1), 4);
    ck_assert_int_eq(os_config_i64(&config, root, "depth", 1), -12);
    ck_assert_int_eq(os_config_i64(&config, root, "brush", 1), 4);
    ck_assert_int_eq(os_config_i64(&config, root, "least", 1), INT64_MIN);
    ck_assert_int_eq(os_config_bool(&config, root, "on", 0), 1);
    ck_assert_int_eq(os_config_bool(&config, root, "off", 1), 0);
    ck_assert_str_eq(os_config_str(&config, root, "name", "x"), "a fine brush");
    ck_assert_str_eq(os_config_str(&config, root, "brush", "x"), "4");
    ck_assert_str_eq(os_config_str(&config, root, "empty", "x"), "");
}
END_TEST

START_TEST(defaults)
{
    ck_assert_uint_eq(os_config_u64(&config, root, "none", 7), 7);
    ck_assert_uint_eq(os_config_size(&config, root, "none", 7), 7);
    ck_assert_int_eq(os_config_i64(&config, root, "none", -7), -7);
    ck_assert_int_eq(os_config_bool(&config, root, "none", 1), 1);
    ck_assert_str_eq(os_config_str(&config, root, "none", "x"), "x");
    ck_assert_uint_eq(os_config_u64(&config, NULL, "brush", 7), 7);
    ck_assert_uint_eq(os_config_u64(&config, os_config_get(&config, root, "brush"), "brush", 7), 7);
}
END_TEST

START_TEST(values_of_another_type)
{
    ck_assert_uint_eq(os_config_u64(&config, root, "name", 7), 7);
    ck_assert_uint_eq(os_config_u64(&config, root, "depth", 7), 7);
    ck_assert_uint_eq(os_config_u64(&config, root, "over", 7), 7);
    ck_assert_uint_eq(os_config_u64(&config, root, "empty", 7), 7);
    ck_assert_uint_eq(os_config_u64(&config, root, "map", 7), 7);
    ck_assert_uint_eq(os_config_size(&config, root, "name", 7), 7);
    ck_assert_uint_eq(os_config_size(&config, root, "map", 7), 7);
    ck_assert_int_eq(os_config_i64(&config, root, "huge", 7), 7);
    ck_assert_int_eq(os_config_i64(&config, root, "below", 7), 7);
    ck_assert_int_eq(os_config_bool(&config, root, "brush", 1), 1);
    ck_assert_str_eq(os_config_str(&config, root, "list", "x"), "x");
}
END_TEST

static os_err told;

static void read_wrong(struct os_env *of)
{
    told = os_config_u64(&config, root, "name", 7) == 7 ? OS_OK : OS_ERR_BAD_ARG;
}

START_TEST(complaint_says_where_and_what)
{
    struct inproc_env reader;
    inproc_env_init(&reader, "reader");
    inproc_env_construct(&reader, read_wrong);
    ck_ok(told);
    ck_assert_ptr_nonnull(strstr(inproc_log(&reader), "paint.yaml:2:"));
    ck_assert_ptr_nonnull(strstr(inproc_log(&reader), "name: expected a number"));
    ck_assert_ptr_nonnull(strstr(inproc_log(&reader), "a fine brush"));
    ck_fini(&reader);
}
END_TEST

START_TEST(walking_the_tree)
{
    static const char *const colours[] = { "red", "green", "blue" };
    os_config_ref map = os_config_get(&config, root, "map");
    os_config_ref deeper = os_config_get(&config, map, "deeper");
    ck_assert_uint_eq(os_config_u64(&config, deeper, "deepest", 0), 2);
    ck_assert_uint_eq(os_config_u64(&config, map, "deepest", 0), 0);
    ck_assert_str_eq(os_config_key(&config, deeper), "deeper");
    ck_assert_ptr_null(os_config_next(&config, deeper));
    ck_assert_ptr_null(os_config_first(&config, os_config_get(&config, root, "brush")));
    os_config_ref item = os_config_first(&config, os_config_get(&config, root, "list"));
    for (size_t i = 0; i < OS_ARRAY_LEN(colours); i++, item = os_config_next(&config, item)) {
        ck_assert_str_eq(os_config_value(&config, item), colours[i]);
        ck_assert_str_eq(os_config_key(&config, item), "");
        ck_assert_uint_eq(item->line, 16 + i);
    }
    ck_assert_ptr_null(item);
    ck_assert_str_eq(os_config_file(&config), "paint.yaml");
}
END_TEST

START_TEST(nothing_at_all)
{
    struct os_config none = { 0 };
    ck_assert_ptr_null(os_config_root(&none));
    ck_assert_ptr_null(os_config_get(&none, os_config_root(&none), "x"));
    ck_assert_ptr_null(os_config_first(&none, NULL));
    ck_assert_ptr_null(os_config_next(&none, NULL));
    ck_assert_str_eq(os_config_key(&none, NULL), "");
    ck_assert_str_eq(os_config_value(&none, NULL), "");
    ck_assert_str_eq(os_config_file(&none), "");
    ck_assert_uint_eq(os_config_u64(&none, NULL, "x", 7), 7);
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = { { "0", 0 },
                 { "17", 17 },
                 { "4K", 4096 },
                 { "8M", OS_MIB(8) },
                 { "2G", OS_MIB(2048) },
                 { "18446744073709551615", UINT64_MAX },
                 { "18014398509481983K", (UINT64_MAX >> 10) << 10 } };
    static const char *const bad[] = { "",
                                       "K",
                                       "-1",
                                       "1 K",
                                       "1k",
                                       "1KB",
                                       "1.5M",
                                       "0x10",
                                       "18446744073709551616",
                                       "18014398509481984K",
                                       "99999999999999999999999999999999",
                                       "M1",
                                       " 1" };
    uint64_t bytes;
    for (size_t i = 0; i < OS_ARRAY_LEN(good); i++) {
        ck_ok(os_config_parse_size(good[i].text, &bytes));
        ck_assert_uint_eq(bytes, good[i].bytes);
    }
    bytes = 7;
    for (size_t i = 0; i < OS_ARRAY_LEN(bad); i++)
        ck_assert_msg(os_config_parse_size(bad[i], &bytes) == OS_ERR_BAD_ARG, "\"%s\"", bad[i]);
    ck_assert_uint_eq(bytes, 7);
}
END_TEST

/* ---- broken ones */

/* Everything that a reader can do; sanitizers look for what it must not. Returns the number of nodes seen. */
static unsigned walk(const struct os_config *of, os_config_ref node, unsigned depth)
{
    unsigned seen = 0;
    for (; node; node = os_config_next(of, node)) {
        seen++;
        ck_assert_uint_lt(strlen(os_config_key(of, node)), of->header->text);
        ck_assert_uint_lt(strlen(os_config_value(of, node)), of->header->text);
        ck_assert_uint_lt(depth, 100);
        seen += walk(of, os_config_first(of, node), depth + 1);
        ck_assert_uint_le(seen, of->header->nodes);
    }
    return seen;
}

/* In memory that ends where SIZE does. */
static os_err try(const void *bytes, size_t len)
{
    struct os_config broken = { 0 };
    void *copy = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, len);
    os_err err = os_config_init(&broken, copy, len);
    if (!err) {
        walk(&broken, os_config_root(&broken), 0);
        ck_assert_uint_lt(strlen(os_config_file(&broken)), broken.header->text);
    } else {
        ck_assert_ptr_null(broken.header);
    }
    free(copy);
    return err;
}

START_TEST(truncated)
{
    ck_ok(try(data, size));
    for (size_t len = 0; len < size; len++)
        ck_err(try(data, len), OS_ERR_BAD_MSG);
}
END_TEST

START_TEST(longer_than_it_says)
{
    char *longer = calloc(1, size + 100);
    memcpy(longer, data, size);
    ck_ok(try(longer, size + 100));
    free(longer);
}
END_TEST

static void break_word(size_t offset, uint32_t value)
{
    char *copy = malloc(size);
    memcpy(copy, data, size);
    memcpy(copy + offset, &value, sizeof(value));
    (void)!try(copy, size);
    free(copy);
}

START_TEST(every_word_replaced)
{
    static const uint32_t words[] = { 0,          1,          2,          3,          64,        1000,
                                      0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff, 0x92492493 };
    for (size_t offset = 0; offset + 4 <= size; offset += 4)
        for (size_t i = 0; i < OS_ARRAY_LEN(words); i++)
            break_word(offset, words[i]);
}
END_TEST

START_TEST(loops_and_strays_are_refused)
{
    size_t nodes = sizeof(struct os_config_header), one = sizeof(struct os_config_node);
    size_t next = offsetof(struct os_config_node, next), children = offsetof(struct os_config_node, children);
    static const struct {
        size_t node, field;
        uint32_t value;
    } loops[] = { { 1, 0, 1 }, { 2, 0, 1 },     { 1, 0, 10000 }, { 0, 0, 1 },
                  { 0, 1, 0 }, { 0, 1, 10000 }, { 1, 1, 1 } };
    for (size_t i = 0; i < OS_ARRAY_LEN(loops); i++) {
        char *copy = malloc(size);
        memcpy(copy, data, size);
        memcpy(copy + nodes + loops[i].node * one + (loops[i].field ? children : next), &loops[i].value, 4);
        ck_err(try(copy, size), OS_ERR_BAD_MSG);
        free(copy);
    }
}
END_TEST

START_TEST(too_deep)
{
    enum { DEEP = 5000 };
    size_t len = sizeof(struct os_config_header) + DEEP * sizeof(struct os_config_node) + 4;
    struct os_config_header *header = calloc(1, len);
    struct os_config_node *nodes = (void *)(header + 1);
    *header = (struct os_config_header){
        .magic = OS_CONFIG_MAGIC, .size = (uint32_t)len, .nodes = DEEP, .text = 4
    };
    for (int i = 0; i < DEEP; i++)
        nodes[i] = (struct os_config_node){ .kind = OS_CONFIG_LIST, .children = i + 1 < DEEP };
    ck_err(try(header, len), OS_ERR_BAD_MSG);
    free(header);
}
END_TEST

START_TEST(random_bytes)
{
    srand(31415);
    char *copy = malloc(size);
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, data, size);
        for (int flips = 1 + rand() % 4; flips; flips--)
            copy[(size_t)rand() % size] ^= (char)(1 << rand() % 8);
        (void)!try(copy, size - (rand() % 8 ? 0 : (size_t)rand() % size));
    }
    free(copy);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, values);
    tcase_add_test(tcase, times);
    tcase_add_test(tcase, defaults);
    tcase_add_test(tcase, values_of_another_type);
    tcase_add_test(tcase, complaint_says_where_and_what);
    tcase_add_test(tcase, walking_the_tree);
    tcase_add_test(tcase, nothing_at_all);
    tcase_add_test(tcase, sizes);
    tcase_add_test(tcase, truncated);
    tcase_add_test(tcase, longer_than_it_says);
    tcase_add_test(tcase, every_word_replaced);
    tcase_add_test(tcase, loops_and_strays_are_refused);
    tcase_add_test(tcase, too_deep);
    tcase_add_test(tcase, random_bytes);
}

int main(void)
{
    return suite_run_case("config", add);
}
