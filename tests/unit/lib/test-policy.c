/* SPDX-License-Identifier: BSD-2-Clause */
/* test-policy.c: which rule a server finds for whom, also in configs that are not as they should be. */
#include <os/policy.h>
#include <stdlib.h>

#include "suite.h"

static struct inproc_env env;

static void setup(void)
{
    inproc_env_init(&env, "policy");
}

static void teardown(void)
{
    ck_fini(&env);
}

/* What is found for LABEL in the config TEXT has NAME; an empty one: nothing is found. */
static void finds(const char *text, const char *label, const char *name)
{
    struct os_config config;
    size_t size;
    void *data = inproc_config_make("policy.yaml", text, &size);
    ck_ok(os_config_init(&config, data, size));
    os_config_ref found = os_policy_find(&config, label);
    ck_assert_int_eq(found != NULL, *name != 0);
    ck_assert_str_eq(os_config_str(&config, found, "name", ""), name);
    free(data);
}

/* From the worst to the best, so that the order does not decide. */
static const char rules[] = "policy:\n"
                            "  - { label: '*', name: any }\n"
                            "  - { label: 'a*', name: short prefix }\n"
                            "  - { label: '*z', name: short suffix }\n"
                            "  - { label: 'abc*', name: prefix }\n"
                            "  - { label: '*wxyz', name: suffix }\n"
                            "  - { label: 'abcdwxyz', name: exact }\n"
                            "default-policy: { name: default }\n";

START_TEST(the_best_rule_is_found)
{
    finds(rules, "abcdwxyz", "exact");
    finds(rules, "abcd-wxyz", "suffix"); /* longer than the prefix that fits too */
    finds(rules, "abc-z", "prefix");
    finds(rules, "abc", "prefix");
    finds(rules, "ab-xyz", "short prefix"); /* of two of one length the first */
    finds(rules, "xyz", "short suffix");
    finds(rules, "other", "any");
    finds(rules, "", "any");
}
END_TEST

/* What is behind the names is a client's own choice, so a name's beginning must not reach there. */
START_TEST(a_beginning_ends_with_its_part)
{
    static const char parts[] = "policy:\n"
                                "  - { label: 'paint*', name: paint }\n"
                                "  - { label: 'guest -> *', name: all of guest }\n"
                                "  - { label: 'guest -> w*', name: windows }\n"
                                "  - { label: 'odd -*', name: odd }\n"
                                "  - { label: '-> *', name: arrow }\n"
                                "default-policy: { name: default }\n";
    finds(parts, "paint", "paint");
    finds(parts, "paint2", "paint");
    finds(parts, "paint -> x", "default");
    finds(parts, "paint2 -> x", "default");
    finds(parts, "paint -> ", "default");
    finds(parts, "paint ->", "paint");
    finds(parts, "guest", "default");
    finds(parts, "guest -> ", "all of guest");
    finds(parts, "guest -> a -> b", "all of guest");
    finds(parts, "guest -> window", "windows");
    finds(parts, "guest -> window -> x", "all of guest");
    finds(parts, "odd -", "odd");
    finds(parts, "odd -> x", "default");
    finds(parts, "-> x", "arrow");
    finds(parts, "-> x -> y", "default");
}
END_TEST

START_TEST(an_end_is_for_whoever_asks)
{
    static const char parts[] = "policy: [{ label: '*log', name: log }]\ndefault-policy: { name: default }\n";
    finds(parts, "log", "log");
    finds(parts, "paint -> log", "log");
    finds(parts, "paint -> catalog", "log");
    finds(parts, "log -> paint", "default");
}
END_TEST

START_TEST(the_order_does_not_decide)
{
    static const char reversed[] = "policy:\n"
                                   "  - { label: 'ab', name: exact }\n"
                                   "  - { label: 'ab*', name: prefix }\n"
                                   "  - { label: '*', name: any }\n";
    finds(reversed, "ab", "exact");
    finds(reversed, "abc", "prefix");
    finds(reversed, "x", "any");
}
END_TEST

START_TEST(of_equals_the_first)
{
    static const char twice[] = "policy:\n"
                                "  - { label: x, name: first }\n"
                                "  - { label: x, name: second }\n"
                                "  - { label: 'y*', name: third }\n"
                                "  - { label: '*z', name: fourth }\n";
    finds(twice, "x", "first");
    finds(twice, "yz", "third");
}
END_TEST

START_TEST(the_default_is_for_all_others)
{
    finds("policy: [{ label: x, name: rule }]\ndefault-policy: { name: default }\n", "y", "default");
    finds("policy: []\ndefault-policy: { name: default }\n", "y", "default");
    finds("default-policy: { name: default }\n", "", "default");
}
END_TEST

START_TEST(nothing_is_found)
{
    finds("policy: [{ label: x, name: rule }]\n", "y", "");
    finds("policy: []\n", "", "");
    finds("other: 1\n", "", "");
    struct os_config none = { 0 };
    ck_assert_ptr_null(os_policy_find(&none, "x"));
}
END_TEST

START_TEST(what_has_another_form_is_not_found)
{
    static const char odd[] = "policy:\n"
                              "  - x\n"
                              "  - [x, y]\n"
                              "  - { name: without }\n"
                              "  - { label: { x: y }, name: map }\n"
                              "  - { label: [x], name: list }\n"
                              "  - { label: x, name: rule }\n";
    finds(odd, "x", "rule");
    finds(odd, "", "");
    finds(odd, "y", "");
    finds("policy: { a: { label: x, name: rule } }\n", "x", "");
    finds("policy: x\ndefault-policy: { name: default }\n", "x", "default");
    finds("default-policy: x\n", "x", "");
    finds("default-policy: [{ name: x }]\n", "x", "");
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_best_rule_is_found);
    tcase_add_test(tcase, a_beginning_ends_with_its_part);
    tcase_add_test(tcase, an_end_is_for_whoever_asks);
    tcase_add_test(tcase, the_order_does_not_decide);
    tcase_add_test(tcase, of_equals_the_first);
    tcase_add_test(tcase, the_default_is_for_all_others);
    tcase_add_test(tcase, nothing_is_found);
    tcase_add_test(tcase, what_has_another_form_is_not_found);
}

int main(void)
{
    return suite_run_case("policy", add);
}
