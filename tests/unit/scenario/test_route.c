/* SPDX-License-Identifier: BSD-2-Clause */
/* test_route.c: where requests go, why, and what the server sees of them. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <os/policy.h>
#include <suite.h>
#include "load.h"

/* Where a session of paint goes. */
static const struct route *find_route(const char *service, const char *label)
{
    return route_find(&load_scenario, scenario_find(&load_scenario, "paint"), service, label);
}

START_TEST(the_most_specific_route_wins)
{
    load(DESKTOP "  gui2: { binary: gui }\n"
                 "  paint:\n"
                 "    route:\n"
                 "      Gui:\n"
                 "        - { match: 'big*', child: gui2, label: wide }\n"
                 "        - { child: gui }\n"
                 "        - { match: big window, to: deny }\n"
                 "        - { match: 'bigger*', child: gui }\n"
                 "      ROM: [{ match: font, to: parent }]\n",
         1);
    ck_assert_str_eq(load_told, "");
    ck_assert_str_eq(find_route("Gui", "big")->child, "gui2");
    ck_assert_str_eq(find_route("Gui", "big")->label, "wide");
    ck_assert_str_eq(find_route("Gui", "")->child, "gui");
    ck_assert_int_eq(find_route("Gui", "big window")->target, TARGET_DENY);
    ck_assert_str_eq(find_route("Gui", "bigger still")->child, "gui");
    ck_assert_int_eq(find_route("ROM", "font")->target, TARGET_PARENT);
    ck_assert_ptr_null(find_route("ROM", "paint"));
    ck_assert_int_eq(find_route("LOG", "")->target, TARGET_PARENT);
    ck_assert_int_eq(find_route("PD", "")->target, TARGET_ANY_CHILD);
    unload();
}
END_TEST

START_TEST(any_child_finds_a_provider)
{
    load(DESKTOP "  other: { binary: gui, provides: [Capture] }\n  paint:\n", 1);
    const struct entry *paint = scenario_find(&load_scenario, "paint"),
                       *gui = scenario_find(&load_scenario, "gui");
    ck_assert_ptr_eq(route_server(&load_scenario, paint, find_route("Gui", ""), "Gui"), gui);
    ck_assert_ptr_null(route_server(&load_scenario, paint, find_route("Nothing", ""), "Nothing"));
    ck_assert_ptr_null(route_server(&load_scenario, gui, find_route("Gui", ""), "Gui"));
    unload();
}
END_TEST

START_TEST(a_default_route_replaces_ours)
{
    load("default-route:\n  - { service: LOG, to: deny }\n  - { service: any, to: { child: timer } }\nstart: "
         "{timer: , "
         "gui: }\n",
         1);
    ck_assert_str_eq(load_told, "");
    const struct entry *gui = scenario_find(&load_scenario, "gui");
    ck_assert_int_eq(route_find(&load_scenario, gui, "LOG", "")->target, TARGET_DENY);
    ck_assert_str_eq(route_find(&load_scenario, gui, "Timer", "")->child, "timer");
    ck_assert_ptr_null(route_find(&load_scenario, gui, "ROM", ""));
    unload();
}
END_TEST

START_TEST(patterns_fit_labels)
{
    ck_assert_uint_eq(os_policy_match(NULL, "x"), 1);
    ck_assert_uint_eq(os_policy_match("", "x"), 0);
    ck_assert_uint_eq(os_policy_match("*", ""), 2);
    ck_assert_uint_eq(os_policy_match("ab*", "a"), 0);
    ck_assert_uint_eq(os_policy_match("ab*", "ab"), 4);
    ck_assert_uint_eq(os_policy_match("*ab", "b"), 0);
    ck_assert_uint_eq(os_policy_match("*ab", "ab"), 4);
    ck_assert_uint_eq(os_policy_match("*ab", "xab"), 4);
    ck_assert_uint_eq(os_policy_match("*ab", "abx"), 0);
    ck_assert_uint_eq(os_policy_match("ab", "ab"), SIZE_MAX);
}
END_TEST

START_TEST(ends_of_labels_count_like_beginnings)
{
    load(DESKTOP "  gui2: { binary: gui }\n"
                 "  paint:\n"
                 "    route:\n"
                 "      Gui:\n"
                 "        - { match: 'a*', child: gui }\n"
                 "        - { match: '*-log', child: gui2 }\n"
                 "        - { match: '*b', to: deny }\n"
                 "        - { match: '*', to: parent }\n",
         1);
    ck_assert_str_eq(find_route("Gui", "a-log")->child, "gui2");
    ck_assert_str_eq(find_route("Gui", "a")->child, "gui");
    ck_assert_str_eq(find_route("Gui", "ab")->child, "gui"); /* as long as the other, but first */
    ck_assert_int_eq(find_route("Gui", "b")->target, TARGET_DENY);
    ck_assert_int_eq(find_route("Gui", "")->target, TARGET_PARENT);
    unload();
}
END_TEST

/* core takes the last part of a label for a module's name. */
START_TEST(a_beginning_does_not_reach_into_the_next_part)
{
    load(DESKTOP "  paint:\n"
                 "    route:\n"
                 "      ROM:\n"
                 "        - { match: 'icon-*', to: parent }\n"
                 "        - { match: 'odd -*', to: parent }\n"
                 "        - { match: 'child -> *', to: parent }\n"
                 "        - { match: '*.png', to: parent }\n",
         1);
    ck_assert_str_eq(load_told, "");
    ck_assert_ptr_nonnull(find_route("ROM", "icon-a"));
    ck_assert_ptr_null(find_route("ROM", "icon-a -> secret"));
    ck_assert_ptr_null(find_route("ROM", "icon- -> secret"));
    ck_assert_ptr_null(find_route("ROM", "odd -> secret"));
    ck_assert_ptr_nonnull(find_route("ROM", "child -> a"));
    ck_assert_ptr_nonnull(find_route("ROM", "child -> its child -> a"));
    ck_assert_ptr_nonnull(find_route("ROM", "child -> a.png"));
    unload();
}
END_TEST

START_TEST(an_alias_leads_to_its_entry)
{
    load("aliases: { screen: gui2 }\n" DESKTOP "  gui2: { binary: gui }\n"
         "  paint: { route: { Gui: { child: screen } } }\n",
         1);
    ck_assert_str_eq(load_told, "");
    const struct entry *paint = scenario_find(&load_scenario, "paint");
    const struct entry *server = route_server(&load_scenario, paint, find_route("Gui", ""), "Gui");
    ck_assert_str_eq(server->name, "gui2");
    ck_assert_str_eq(scenario_resolve(&load_scenario, "gui"), "gui");
    unload();
}
END_TEST

START_TEST(a_service_has_another_name_at_the_server)
{
    load(DESKTOP "  gui2: { binary: gui }\n"
                 "  paint: { route: { Screen: { child: gui2, as: Gui }, Gui: { to: any-child } } }\n",
         1);
    ck_assert_str_eq(load_told, "");
    const struct entry *paint = scenario_find(&load_scenario, "paint");
    const struct route *route = find_route("Screen", "");
    ck_assert_str_eq(route_server(&load_scenario, paint, route, "Screen")->name, "gui2");
    ck_assert_str_eq(route_service(route, "Screen"), "Gui");
    ck_assert_str_eq(route_service(find_route("Gui", ""), "Gui"), "Gui");
    unload();
}
END_TEST

START_TEST(local_leads_to_nobody_else)
{
    load("start:\n  timer: { route: { ROM: [{ match: state, to: local }] } }\n", 1);
    ck_assert_str_eq(load_told, "");
    const struct entry *timer = scenario_find(&load_scenario, "timer");
    const struct route *route = route_find(&load_scenario, timer, "ROM", "state");
    ck_assert_int_eq(route->target, TARGET_LOCAL);
    ck_assert_ptr_null(route_server(&load_scenario, timer, route, "ROM"));
    ck_assert_ptr_eq(route_find(&load_scenario, timer, "ROM", "config"), &route_own_config);
    ck_assert_ptr_null(route_find(&load_scenario, timer, "ROM", "states"));
    unload();
}
END_TEST

START_TEST(a_config_comes_from_elsewhere_if_the_entry_says_so)
{
    load("start:\n  timer: { route: { ROM: [{ match: config, to: local }] } }\n"
         "  timer2: { binary: timer, route: { ROM: [{ match: 'con*', to: local }], Timer: { child: timer } } "
         "}\n",
         1);
    const struct entry *one = scenario_find(&load_scenario, "timer");
    const struct entry *two = scenario_find(&load_scenario, "timer2");
    ck_assert_ptr_eq(route_find(&load_scenario, one, "ROM", "config"), &one->routes.at[0]);
    ck_assert_ptr_eq(route_find(&load_scenario, two, "ROM", "config"), &route_own_config);
    unload();
}
END_TEST

/* Label and args that a server sees when paint requests Gui with LABEL and ARGS; "too large" for that error.
 */
static const char *rewritten(const char *label, const char *args)
{
    static char text[OS_LABEL_MAX + OS_ARGS_MAX + 4];
    struct route_request request;
    const struct entry *paint = scenario_find(&load_scenario, "paint");
    const struct route *route = find_route("Gui", label);
    if (route_rewrite(&load_scenario, route, paint, "Gui", label, args, &request) == OS_ERR_TOO_LARGE)
        return "too large";
    snprintf(text, sizeof(text), "%s [%s]", request.label, request.args);
    return text;
}

START_TEST(labels_and_arguments_are_rewritten)
{
    load(DESKTOP "  paint:\n"
                 "    route:\n"
                 "      Gui:\n"
                 "        - { match: plain, child: gui }\n"
                 "        - { match: fixed, child: gui, label: canvas, args: { w: 5, h: 7 } }\n"
                 "        - { match: none, child: gui, label: '' }\n"
                 "        - { match: 'pre-*', child: gui, label: 'win *!' }\n"
                 "        - { match: '*-end', child: gui, label: '<*>' }\n"
                 "        - { child: gui, label: 'all of *' }\n",
         1);
    ck_assert_str_eq(load_told, "");
    ck_assert_str_eq(rewritten("plain", "a=1,b=2"), "paint -> plain [a=1,b=2]");
    ck_assert_str_eq(rewritten("fixed", ""), "paint -> canvas [w=5,h=7]");
    ck_assert_str_eq(rewritten("fixed", "w=1,x=3,ww=4,h"), "paint -> canvas [x=3,ww=4,w=5,h=7]");
    ck_assert_str_eq(rewritten("none", "a=1"), "paint [a=1]");
    ck_assert_str_eq(rewritten("pre-fix", ""), "paint -> win fix! []");
    ck_assert_str_eq(rewritten("pre-", ""), "paint -> win ! []");
    ck_assert_str_eq(rewritten("the-end", ""), "paint -> <the> []");
    ck_assert_str_eq(rewritten("other", ""), "paint -> all of other []");
    unload();
}
END_TEST

START_TEST(what_gets_too_long_is_refused)
{
    char label[OS_LABEL_MAX], args[OS_ARGS_MAX];
    load(DESKTOP "  paint: { route: { Gui: { child: gui, label: 'x*', args: { k: v } } } }\n", 1);
    memset(label, 'l', sizeof(label));
    label[sizeof(label) - 1] = 0;
    memset(args, 'a', sizeof(args));
    args[sizeof(args) - 1] = 0;
    ck_assert_str_eq(rewritten(label, ""), "too large");
    ck_assert_str_eq(rewritten(label + sizeof("paint -> x") - 1, args), "too large");
    ck_assert_str_ne(rewritten(label + sizeof("paint -> x") - 1, ""), "too large");
    ck_assert_str_ne(rewritten("", args + sizeof(",k=v") - 1), "too large");
    unload();
}
END_TEST

struct walk {
    char text[2000];
};

static void take_step(void *context, const struct route_step *step)
{
    struct walk *walk = context;
    char why[200];
    size_t at = strlen(walk->text);
    route_step_text(step, why, sizeof(why));
    snprintf(walk->text + at, sizeof(walk->text) - at, "%d %s %s\n", (int)step->scope, step->route->service,
             why);
}

START_TEST(a_walk_names_every_rule)
{
    struct walk walk = { "" };
    load("default-route:\n"
         "  - { service: any, to: any-child }\n"
         "  - { service: Gui, to: parent }\n" DESKTOP "  paint:\n"
         "    route:\n"
         "      Gui:\n"
         "        - { match: 'a*', child: gui }\n"
         "        - { match: 'ab*', to: deny }\n"
         "        - { match: '*x', to: deny }\n"
         "      Timer: any-child\n",
         1);
    const struct entry *paint = scenario_find(&load_scenario, "paint");
    const struct route *route = route_explain(&load_scenario, paint, "Gui", "abc", take_step, &walk);
    ck_assert_ptr_eq(route, find_route("Gui", "abc"));
    ck_assert_str_eq(walk.text, "0 ROM is for another service, ROM\n"
                                "1 Gui is for labels that begin with 'a', but another rule fits better\n"
                                "1 Gui decides: is for labels that begin with 'ab'\n"
                                "1 Gui is for labels that end with 'x'\n"
                                "1 Timer is for another service, Timer\n"
                                "2 Gui is for all labels, but is not reached\n"
                                "3 any is for all labels, but is not reached\n");
    unload();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route");
    TCase *tcase = tcase_create("route");
    tcase_add_test(tcase, the_most_specific_route_wins);
    tcase_add_test(tcase, any_child_finds_a_provider);
    tcase_add_test(tcase, a_default_route_replaces_ours);
    tcase_add_test(tcase, patterns_fit_labels);
    tcase_add_test(tcase, ends_of_labels_count_like_beginnings);
    tcase_add_test(tcase, a_beginning_does_not_reach_into_the_next_part);
    tcase_add_test(tcase, an_alias_leads_to_its_entry);
    tcase_add_test(tcase, a_service_has_another_name_at_the_server);
    tcase_add_test(tcase, local_leads_to_nobody_else);
    tcase_add_test(tcase, a_config_comes_from_elsewhere_if_the_entry_says_so);
    tcase_add_test(tcase, labels_and_arguments_are_rewritten);
    tcase_add_test(tcase, what_gets_too_long_is_refused);
    tcase_add_test(tcase, a_walk_names_every_rule);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
