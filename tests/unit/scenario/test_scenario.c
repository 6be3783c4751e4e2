/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scenario.c: scenarios that are sound, and a table of those that are not with the exact messages. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>
#include <yaml/parse.h>
#include "made_elf.h"
#include <scenario/scenario.h>

/* The binaries of this test, by name. */
static const struct {
    const char *name, *manifest;
} binaries[] = {
    { "timer", "{provides: [Timer], ram: 1M, caps: 20}" },
    { "gui", "{provides: [Gui, Capture, Event], requires: [Timer], ram: 2M, caps: 50}" },
    { "sdl", "{requires: [Capture, Event, Host], ram: 4M, caps: 60, sandbox: display}" },
    { "paint",
      "{requires: [Gui], ram: 2M, caps: 40, config: {brush: u32, name: string, loud: bool, x: i32, big: u64, "
      "more: any}}" },
    { "a", "{provides: [A], requires: [B], ram: 4K, caps: 1}" },
    { "b", "{provides: [B], requires: [C], ram: 4K, caps: 1}" },
    { "c", "{provides: [C], requires: [A], ram: 4K, caps: 1}" },
    { "self", "{provides: [Self], requires: [Self], ram: 4K, caps: 1}" },
    { "quiet", "{ram: 4K, caps: 1, config: {}}" },
};

static uint8_t elf[ELF_MAX];

static os_err find(struct platform_source *source, const char *name, const void **at, size_t *size)
{
    for (size_t i = 0; i < OS_ARRAY_LEN(binaries); i++) {
        if (!strcmp(binaries[i].name, name)) {
            *size = elf_make(&elf, 1, ELF_IN_SEGMENT, binaries[i].manifest);
            *at = elf;
            return OS_OK;
        }
    }
    if (!strcmp(name, "text")) {
        *at = "no program";
        *size = 10;
        return OS_OK;
    }
    return OS_ERR_NOT_FOUND;
}

static int machine_is_open; /* and cannot close the sandbox that a scenario requires */

static os_err admit(struct platform_source *source, const struct entry *entry)
{
    if (machine_is_open)
        return OS_ERR_DENIED;
    if (strcmp(entry->sandbox, "strict") && strcmp(entry->sandbox, "display"))
        return OS_ERR_BAD_ARG;
    return entry->ram > OS_MIB(1024) ? OS_ERR_RAM : entry->caps > 5000 ? OS_ERR_CAPS : OS_OK;
}

static char told[4000];
static struct scenario scenario;
static void *tree;

static void tell(struct problems *problems, const char *line)
{
    size_t at = strlen(told);
    snprintf(told + at, sizeof(told) - at, "%s%s", at ? "\n" : "", line);
}

/* The same steps as in init's main.c. */
static void load(const char *text, int display)
{
    struct problems problems = { .file = "s.yaml", .report = tell };
    struct platform_source source = { .find = find, .admit = admit };
    struct os_config config;
    char error[YAML_ERROR_MAX];
    size_t size;
    told[0] = 0;
    ck_assert_int_eq(yaml_parse("s.yaml", text, strlen(text), &tree, &size, &error), OS_OK);
    ck_assert_int_eq(os_config_init(&config, tree, size), OS_OK);
    (void)scenario_read(&scenario, &config, display, &problems);
    (void)scenario_read_binaries(&scenario, &source, &problems);
    if (!problems.count)
        (void)scenario_check(&scenario, &source, &problems);
}

static void unload(void)
{
    scenario_fini(&scenario);
    free(tree);
}

#define DESKTOP "start:\n  timer:\n  gui:\n"

static const struct {
    const char *text, *told;
} bad[] = {
    { "", "s.yaml:1:1: a scenario is a value, expected a map" },
    { "a: 1",
      "s.yaml:1:1: unknown key 'a' of a scenario, expected start, default-route, sandbox or parent-provides\n"
      "s.yaml:1:1: nothing to start, expected a map 'start'" },
    { "sttart: {}\nstart: {}\n", "s.yaml:1:1: unknown key 'sttart' of a scenario, expected 'start'" },
    { "start: [timer]\n", "s.yaml:1:1: start is a list, expected a map" },
    { "sandbox: must\nstart: {}\n", "s.yaml:1:1: sandbox 'must', expected best-effort or required" },
    { "start:\n  timer: { rma: 2M }\n", "s.yaml:2:12: unknown key 'rma' of timer, expected 'ram'" },
    { "start:\n  timer: { zzz: 2M }\n", "s.yaml:2:12: unknown key 'zzz' of timer, expected binary, ram, "
                                        "caps, sandbox, config, route, restart, when, "
                                        "exit, provides or optional" },
    { "start:\n  timer: [1]\n", "s.yaml:2:3: timer is a list, expected a map" },
    { "start:\n  timer: 5\n", "s.yaml:2:3: timer is a value, expected a map" },
    { "start:\n  a b: {binary: timer}\n",
      "s.yaml:2:3: name 'a b', expected 1 to 63 letters, digits, '-', '_' or '.'" },
    { "start:\n  timer: { ram: much, caps: -1 }\n",
      "s.yaml:2:12: ram 'much', expected a size as 4096, 64K, 8M or 1G\n"
      "s.yaml:2:23: caps '-1', expected a number from 0 to 4294967295" },
    { "start:\n  timer: { ram: [1] }\n", "s.yaml:2:12: ram is a list, expected a value" },
    { "start:\n  timer: { ram: 512K }\n",
      "s.yaml:2:12: ram of timer is 512K, expected at least the 1M of its manifest" },
    { "start:\n  timer: { caps: 3 }\n",
      "s.yaml:2:12: caps of timer are 3, expected at least the 20 of its manifest" },
    { "start:\n  timmer:\n",
      "s.yaml:2:3: binary 'timmer': not found, expected the name of a component that was built" },
    { "start:\n  t: { binary: nowhere }\n",
      "s.yaml:2:8: binary 'nowhere': not found, expected the name of a component that was built" },
    { "start:\n  t: { binary: text }\n", "s.yaml:2:8: binary 'text' is no ELF file, expected a component" },
    { "start:\n  t: { binary: ../etc }\n",
      "s.yaml:2:8: binary '../etc', expected 1 to 63 letters, digits, '-', '_' or '.'" },
    { "start:\n  timer: { restart: sometimes }\n",
      "s.yaml:2:12: restart 'sometimes', expected never, on-failure or always" },
    { "start:\n  timer: { restart: {policy: never, dellay: 3} }\n",
      "s.yaml:2:37: unknown key 'dellay' of restart, expected 'delay'" },
    { "start:\n  timer: { restart: {delay: 3} }\n",
      "s.yaml:2:22: delay '3', expected a time as 100ms or 2s" },
    { "start:\n  timer: { sandbox: cardboard }\n",
      "s.yaml:2:12: unknown sandbox 'cardboard' of timer, expected a profile of this platform" },
    { "start:\n  timer: { ram: 2G }\n", "s.yaml:2:12: ram of timer is 2G, expected no more "
                                        "than init has, and enough to start with" },
    { "start:\n  timer: { caps: 5001 }\n",
      "s.yaml:2:12: caps of timer are 5001, expected no more than init has, and enough to start with" },
    { "start:\n  timer: { when: night }\n", "s.yaml:2:12: when 'night', expected headless or display" },
    { "start:\n  timer: { exit: ends }\n", "s.yaml:2:12: exit 'ends', expected ends-system" },
    { "start:\n  timer: { optional: maybe }\n", "s.yaml:2:12: optional 'maybe', expected false or true" },
    { "start:\n  timer: { provides: [Tmer] }\n",
      "s.yaml:2:12: timer cannot provide 'Tmer', expected a service of its manifest" },
    { "start:\n  gui:\n", "s.yaml:2:3: gui requires Timer, expected a route to an entry that provides it" },
    { DESKTOP "  paint: { route: { Giu: { child: gui } } }\n",
      "s.yaml:4:21: unknown service 'Giu', expected 'Gui'" },
    { DESKTOP "  paint: { route: { Something: parent } }\n",
      "s.yaml:4:21: unknown service 'Something', expected one that the parent or an entry provides" },
    { DESKTOP "  paint: { route: { Gui: parent } }\n",
      "s.yaml:4:21: route of Gui to the parent, expected a service that the parent provides" },
    { DESKTOP "  paint: { route: { Gui: { child: giu } } }\n",
      "s.yaml:4:21: route to unknown child 'giu', expected 'gui'" },
    { DESKTOP "  paint: { route: { Gui: { child: elsewhere } } }\n",
      "s.yaml:4:21: route to unknown child 'elsewhere', expected the name of an entry of start" },
    { DESKTOP "  paint: { route: { Gui: { child: timer } } }\n",
      "s.yaml:4:21: route of Gui to 'timer', expected an entry that provides it" },
    { DESKTOP "  paint: { route: { Gui: deny } }\n",
      "s.yaml:4:3: paint requires Gui, expected a route to an entry that provides it" },
    { DESKTOP "  paint: { route: { Gui: perent } }\n",
      "s.yaml:4:21: route 'perent', expected parent, any-child or deny" },
    { DESKTOP "  paint: { route: { Gui: { chlid: gui } } }\n",
      "s.yaml:4:28: unknown key 'chlid' of a route, expected 'child'" },
    { DESKTOP "  paint: { route: { Gui: { label: x } } }\n",
      "s.yaml:4:21: a route with neither target, expected either 'child' or 'to'" },
    { DESKTOP "  paint: { route: { Gui: { child: gui, to: parent } } }\n",
      "s.yaml:4:21: a route with 'child' and 'to', expected either 'child' or 'to'" },
    { DESKTOP "  paint: { config: { brsh: 4 } }\n",
      "s.yaml:4:22: unknown key 'brsh' of the config of paint, expected 'brush'" },
    { DESKTOP "  paint:\n    config:\n      brush: wide\n      loud: yes\n      x: 3000000000\n      name: "
              "[a]\n      big: 1M\n",
      "s.yaml:6:7: brush 'wide', expected a number from 0 to 4294967295\n"
      "s.yaml:7:7: loud 'yes', expected false or true\n"
      "s.yaml:8:7: x '3000000000', expected a number from -2147483648 to 2147483647\n"
      "s.yaml:9:7: name is a list, expected a value\n"
      "s.yaml:10:7: big '1M', expected a number from 0" },
    { DESKTOP "  paint: { config: [1] }\n", "s.yaml:4:12: the config of paint is a list, expected a map" },
    { "start:\n  quiet: { config: { a: 1 } }\n",
      "s.yaml:2:12: config of quiet, expected none: its manifest names no keys" },
    { "start: {a: , b: , c: }\n",
      "s.yaml:1:9: cyclic routes: a -> b -> c -> a, expected none to wait for itself" },
    { "start: {a: {route: {B: {child: b}}}, b: , c: {route: {A: {child: a}}}}\n",
      "s.yaml:1:9: cyclic routes: a -> b -> c -> a, expected none to wait for itself" },
    { "start: {self: {route: {Self: {child: self}}}}\n",
      "s.yaml:1:9: cyclic routes: self -> self, expected none to wait for itself" },
    { "default-route: [{service: any, to: {chld: x}}]\nstart: {}\n",
      "s.yaml:1:37: unknown key 'chld' of to, expected 'child'" },
    { "default-route: [{to: parent}]\nstart: {}\n",
      "s.yaml:1:17: a default-route without service, expected 'service: NAME' or 'any'" },
    { "default-route: [{service: Tiimer, to: parent}]\nstart: {timer: }\n",
      "s.yaml:1:17: unknown service 'Tiimer', expected 'Timer'" },
    { "default-route: {}\nstart: {}\n", "s.yaml:1:1: default-route is a map, expected a list" },
};

START_TEST(what_is_wrong_is_told)
{
    load(bad[_i].text, 1);
    ck_assert_str_eq(told, bad[_i].told);
    unload();
}
END_TEST

START_TEST(a_desktop_is_sound)
{
    load("sandbox: required\n" DESKTOP "  sdl: { route: { Host: parent }, when: display }\n"
         "  paint: { ram: 8M, config: { brush: 4, name: x, loud: true, x: -5, big: 99999999999, more: {a: "
         "[b]} }, "
         "route: { Gui: { child: gui, label: canvas } } }\n",
         1);
    ck_assert_str_eq(told, "");
    ck_assert_int_eq(scenario.sandbox_required, 1);
    ck_assert_uint_eq(scenario.count, 4);
    const struct entry *paint = scenario_find(&scenario, "paint");
    ck_assert_uint_eq(paint->ram, OS_MIB(8));
    ck_assert_uint_eq(paint->caps, 40);
    ck_assert_str_eq(paint->sandbox, "strict");
    ck_assert_str_eq(scenario_find(&scenario, "sdl")->sandbox, "display");
    ck_assert_uint_eq(paint->restart.max, 10);
    unload();
}
END_TEST

START_TEST(a_required_sandbox_is_missed_once)
{
    machine_is_open = 1;
    load("sandbox: required\n" DESKTOP, 1);
    ck_assert_str_eq(told, "s.yaml:1:1: sandbox 'required', but this machine cannot close it completely; "
                           "expected a machine that can, or best-effort");
    unload();
    load("start:\n  timer:\n", 1);
    ck_assert_str_eq(told, "s.yaml:2:3: timer: not allowed, expected a component that can be created");
    unload();
    machine_is_open = 0;
}
END_TEST

START_TEST(the_mode_selects_entries)
{
    static const char text[] = DESKTOP "  sdl: { route: { Host: parent }, when: display }\n";
    load(text, 0);
    ck_assert_str_eq(told, "");
    ck_assert_ptr_null(scenario_find(&scenario, "sdl"));
    unload();
    load(text, 1);
    ck_assert_ptr_nonnull(scenario_find(&scenario, "sdl"));
    unload();
}
END_TEST

START_TEST(an_optional_entry_may_lack_its_binary)
{
    load("start:\n  extra: { optional: true }\n  timer:\n", 1);
    ck_assert_str_eq(told, "");
    ck_assert_uint_eq(scenario.count, 1);
    ck_assert_ptr_nonnull(scenario_find(&scenario, "timer"));
    unload();
}
END_TEST

START_TEST(an_empty_config_is_none)
{
    load("start:\n  quiet: { config: }\n", 1);
    ck_assert_str_eq(told, "");
    unload();
}
END_TEST

START_TEST(restart_is_read)
{
    load("start:\n  timer: { restart: { policy: always, max: 3, delay: 50ms, delay-max: 20ms } }\n", 1);
    ck_assert_str_eq(told, "");
    const struct restart *restart = &scenario.entries[0].restart;
    ck_assert_int_eq(restart->policy, RESTART_ALWAYS);
    ck_assert_uint_eq(restart->max, 3);
    ck_assert_uint_eq(restart->delay, 50 * OS_MS);
    ck_assert_uint_eq(restart->delay_max, 50 * OS_MS);
    unload();
}
END_TEST

/* Where a session of paint goes. */
static const struct route *find_route(const char *service, const char *label)
{
    return route_find(&scenario, scenario_find(&scenario, "paint"), service, label);
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
    ck_assert_str_eq(told, "");
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
    const struct entry *paint = scenario_find(&scenario, "paint"), *gui = scenario_find(&scenario, "gui");
    ck_assert_ptr_eq(route_server(&scenario, paint, find_route("Gui", ""), "Gui"), gui);
    ck_assert_ptr_null(route_server(&scenario, paint, find_route("Nothing", ""), "Nothing"));
    ck_assert_ptr_null(route_server(&scenario, gui, find_route("Gui", ""), "Gui"));
    unload();
}
END_TEST

START_TEST(a_default_route_replaces_ours)
{
    load("default-route:\n  - { service: LOG, to: deny }\n  - { service: any, to: { child: timer } }\nstart: "
         "{timer: , "
         "gui: }\n",
         1);
    ck_assert_str_eq(told, "");
    const struct entry *gui = scenario_find(&scenario, "gui");
    ck_assert_int_eq(route_find(&scenario, gui, "LOG", "")->target, TARGET_DENY);
    ck_assert_str_eq(route_find(&scenario, gui, "Timer", "")->child, "timer");
    ck_assert_ptr_null(route_find(&scenario, gui, "ROM", ""));
    unload();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario");
    TCase *tcase = tcase_create("scenario");
    tcase_add_loop_test(tcase, what_is_wrong_is_told, 0, OS_ARRAY_LEN(bad));
    tcase_add_test(tcase, a_desktop_is_sound);
    tcase_add_test(tcase, a_required_sandbox_is_missed_once);
    tcase_add_test(tcase, the_mode_selects_entries);
    tcase_add_test(tcase, an_optional_entry_may_lack_its_binary);
    tcase_add_test(tcase, an_empty_config_is_none);
    tcase_add_test(tcase, restart_is_read);
    tcase_add_test(tcase, the_most_specific_route_wins);
    tcase_add_test(tcase, any_child_finds_a_provider);
    tcase_add_test(tcase, a_default_route_replaces_ours);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
