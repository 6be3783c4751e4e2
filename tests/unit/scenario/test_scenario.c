/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scenario.c: scenarios that are sound, and a table of those that are not with the exact messages. */
#include <check.h>
#include <suite.h>
#include "load.h"

static const struct {
    const char *text, *told;
} bad[] = {
    { "", "s.yaml:1:1: a scenario without 'start', expected one with it" },
    { "a: 1", "s.yaml:1:1: unknown key 'a' of a scenario, expected start, default-route, sandbox, "
              "parent-provides, aliases, files, slack or state\n"
              "s.yaml:1:1: a scenario without 'start', expected one with it" },
    { "sttart: {}\nstart: {}\n", "s.yaml:1:1: unknown key 'sttart' of a scenario, expected 'start'" },
    { "start: [timer]\n", "s.yaml:1:1: start is a list, expected a map" },
    { "sandbox: must\nstart: {}\n", "s.yaml:1:1: sandbox 'must', expected best-effort or required" },
    { "start:\n  timer: { rma: 2M }\n", "s.yaml:2:12: unknown key 'rma' of timer, expected 'ram'" },
    { "start:\n  timer: { zzz: 2M }\n",
      "s.yaml:2:12: unknown key 'zzz' of timer, expected binary, ram, "
      "caps, sandbox, config, route, restart, when, exit, "
      "provides, wait, heartbeat, more, upgrade, on-route-change or optional" },
    { "start:\n  timer: [1]\n", "s.yaml:2:3: timer is a list, expected a map" },
    { "start:\n  timer: { \"rma\\n\\e[2J\\x9b1m\": 2M }\n",
      "s.yaml:2:12: unknown key 'rma??[2J??1m' of timer, expected binary, ram, caps, sandbox, config, route, "
      "restart, "
      "when, exit, provides, wait, heartbeat, more, upgrade, on-route-change or optional" },
    { DESKTOP
      "  one: { binary: paint, config: { brush: x } }\n  two: { binary: paint, config: { brush: y } }\n",
      "s.yaml:4:35: brush 'x', expected a number from 0 to 4294967295\n"
      "s.yaml:5:35: brush 'y', expected a number from 0 to 4294967295" },
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
    { "start:\n  timer: { exit: ends }\n", "s.yaml:2:12: exit 'ends', expected goes-on, ends-system or "
                                           "ends-system-on-failure" },
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
      "s.yaml:4:21: Gui 'perent', expected parent, any-child, deny or local" },
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
    { DESKTOP "  reader:\n",
      "s.yaml:4:3: reader requires ROM with label 'font', expected a route for it to who provides it" },
    { DESKTOP "  reader: { route: { ROM: [{ match: 'f*', to: deny }] } }\n",
      "s.yaml:4:3: reader requires ROM with label 'font', expected a route for it to who provides it" },
    { DESKTOP "  reader: { route: { ROM: [{ match: '*nt', to: parent }] } }\n", "" },
    { "start:\n  quiet: { config: { a: 1 } }\n",
      "s.yaml:2:22: unknown key 'a' of the config of quiet, expected none" },
    { "start: {a: , b: , c: }\n",
      "s.yaml:1:9: cyclic routes: a -> b -> c -> a, expected none to wait for itself" },
    { "start: {a: {route: {B: {child: b}}}, b: , c: {route: {A: {child: a}}}}\n",
      "s.yaml:1:9: cyclic routes: a -> b -> c -> a, expected none to wait for itself" },
    { "start: {self: {route: {Self: {child: self}}}}\n",
      "s.yaml:1:9: cyclic routes: self -> self, expected none to wait for itself" },
    { "default-route: [{service: any, to: {chld: x}}]\nstart: {}\n",
      "s.yaml:1:37: unknown key 'chld' of to, expected 'child'" },
    { "default-route: [{to: parent}]\nstart: {}\n",
      "s.yaml:1:17: a default-route without 'service', expected one with it" },
    { "default-route: [{service: Tiimer, to: parent}]\nstart: {timer: }\n",
      "s.yaml:1:17: unknown service 'Tiimer', expected 'Timer'" },
    { "default-route: {}\nstart: {}\n", "s.yaml:1:1: default-route is a map, expected a list" },
    { "aliases: [x]\nslack: {rm: 1M}\nfiles: {a b: x, c: '', d: [1]}\nstate: {delay: soon, report: yes}\n"
      "start: {}\n",
      "s.yaml:1:1: aliases is a list, expected a map\n"
      "s.yaml:2:9: unknown key 'rm' of slack, expected 'ram'\n"
      "s.yaml:3:24: d is a list, expected a value\n"
      "s.yaml:4:9: delay 'soon', expected a time as 100ms or 2s\n"
      "s.yaml:4:22: report 'yes', expected false or true" },
    { "start: {}\nfiles: {a b: x, c: ''}\n",
      "s.yaml:2:9: name 'a b', expected 1 to 63 letters, digits, '-', '_' or '.'\n"
      "s.yaml:2:17: file 'c' is empty, expected a path" },
    { "slack: {ram: lots, caps: few}\nstart: {}\n",
      "s.yaml:1:9: ram 'lots', expected a size as 4096, 64K, 8M or 1G\n"
      "s.yaml:1:20: caps 'few', expected a number from 0 to 4294967295" },
    { "aliases: { timer: gui, clock: tmer }\nstart:\n  timer:\n  gui:\n",
      "s.yaml:1:12: alias 'timer' is the name of an entry, expected another name\n"
      "s.yaml:1:24: route to unknown child 'tmer', expected 'timer'" },
    { "aliases: { screen: gui }\n" DESKTOP "  paint: { route: { Gui: { child: screeen } } }\n",
      "s.yaml:5:21: route to unknown child 'screeen', expected 'screen'" },
    { "start:\n  timer: { wait: long, heartbeat: 1, more: some, upgrade: no, on-route-change: x }\n",
      "s.yaml:2:12: wait 'long', expected a time as 100ms or 2s\n"
      "s.yaml:2:24: heartbeat '1', expected a time as 100ms or 2s\n"
      "s.yaml:2:38: more 'some', expected deny or wait\n"
      "s.yaml:2:50: upgrade 'no', expected manual or on-change\n"
      "s.yaml:2:63: on-route-change 'x', expected restart, close or keep" },
    { "start:\n  timer: { heartbeat: { max-missed: x, action: shout, evry: 1s }, more: { rm: 1M } }\n",
      "s.yaml:2:25: max-missed 'x', expected a number from 0 to 4294967295\n"
      "s.yaml:2:40: action 'shout', expected restart or log\n"
      "s.yaml:2:55: unknown key 'evry' of heartbeat, expected 'every'\n"
      "s.yaml:2:12: heartbeat without 'every', expected one with it\n"
      "s.yaml:2:75: unknown key 'rm' of more, expected 'ram'" },
    { "start:\n  timer: { heartbeat: { max-missed: x, action: shout } }\n",
      "s.yaml:2:25: max-missed 'x', expected a number from 0 to 4294967295\n"
      "s.yaml:2:40: action 'shout', expected restart or log\n"
      "s.yaml:2:12: heartbeat without 'every', expected one with it" },
    { "start:\n  timer: { heartbeat: 1s }\n  quiet: { heartbeat: { every: 1s, action: log } }\n",
      "s.yaml:3:12: heartbeat of quiet, expected a component that answers: `heartbeat: true` in its "
      "manifest" },
    { "start:\n  timer: { route: { ROM: { match: 'a*b', to: parent } } }\n",
      "s.yaml:2:28: match 'a*b', expected one '*' at most, at the beginning or the end" },
    { "start:\n  timer: { route: { ROM: { match: '*b*', to: parent } } }\n",
      "s.yaml:2:28: match '*b*', expected one '*' at most, at the beginning or the end" },
    { "start:\n  timer: { route: { ROM: { to: parent, args: { a: 'x,y' } } } }\n",
      "s.yaml:2:48: argument 'a', expected a key and a value without '=' and ','" },
    { "start:\n  timer: { route: { ROM: { to: parent, args: [1] } } }\n",
      "s.yaml:2:40: args is a list, expected a map" },
    { "start:\n  timer: { route: { Gui: local } }\n  gui:\n",
      "s.yaml:2:21: local route of Gui, expected a service that is offered by who runs the scenario" },
    { DESKTOP "  paint: { route: { Gui: { child: gui, as: Giu } } }\n",
      "s.yaml:4:21: unknown service 'Giu', expected 'Gui'" },
    { DESKTOP "  paint: { route: { Gui: { child: gui, as: Timer } } }\n",
      "s.yaml:4:21: route of Timer to 'gui', expected an entry that provides it" },
};

START_TEST(what_is_wrong_is_told)
{
    load(bad[_i].text, 1);
    ck_assert_str_eq(load_told, bad[_i].told);
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
    ck_assert_str_eq(load_told, "");
    ck_assert_int_eq(load_scenario.sandbox_required, 1);
    ck_assert_uint_eq(load_scenario.count, 4);
    const struct entry *paint = scenario_find(&load_scenario, "paint");
    ck_assert_uint_eq(paint->ram, OS_MIB(8));
    ck_assert_uint_eq(paint->caps, 40);
    ck_assert_str_eq(paint->sandbox, "strict");
    ck_assert_str_eq(scenario_find(&load_scenario, "sdl")->sandbox, "display");
    ck_assert_uint_eq(paint->restart.max, 10);
    unload();
}
END_TEST

START_TEST(a_required_sandbox_is_missed_once)
{
    load_machine_is_open = 1;
    load("sandbox: required\n" DESKTOP, 1);
    ck_assert_str_eq(load_told,
                     "s.yaml:1:1: sandbox 'required', but this machine cannot close it completely; "
                     "expected a machine that can, or best-effort");
    unload();
    load("start:\n  timer:\n", 1);
    ck_assert_str_eq(load_told, "s.yaml:2:3: timer: not allowed, expected a component that can be created");
    unload();
    load_machine_is_open = 0;
}
END_TEST

START_TEST(the_mode_selects_entries)
{
    static const char text[] = DESKTOP "  sdl: { route: { Host: parent }, when: display }\n";
    load(text, 0);
    ck_assert_str_eq(load_told, "");
    ck_assert_ptr_null(scenario_find(&load_scenario, "sdl"));
    unload();
    load(text, 1);
    ck_assert_ptr_nonnull(scenario_find(&load_scenario, "sdl"));
    unload();
}
END_TEST

START_TEST(an_optional_entry_may_lack_its_binary)
{
    load("start:\n  extra: { optional: true }\n  timer:\n", 1);
    ck_assert_str_eq(load_told, "");
    ck_assert_uint_eq(load_scenario.count, 1);
    ck_assert_ptr_nonnull(scenario_find(&load_scenario, "timer"));
    unload();
}
END_TEST

START_TEST(an_empty_config_is_none)
{
    load("start:\n  quiet: { config: }\n", 1);
    ck_assert_str_eq(load_told, "");
    unload();
}
END_TEST

START_TEST(what_is_not_said_has_defaults)
{
    load("start:\n  timer:\n", 1);
    ck_assert_str_eq(load_told, "");
    const struct entry *timer = &load_scenario.entries[0];
    ck_assert_uint_eq(timer->wait, 30 * OS_SEC);
    ck_assert_uint_eq(timer->heartbeat.every, 0);
    ck_assert_int_eq(timer->more.policy, MORE_DENY);
    ck_assert_int_eq(timer->exit, EXIT_GOES_ON);
    ck_assert_int_eq(timer->upgrade, UPGRADE_MANUAL);
    ck_assert_int_eq(timer->on_route_change, ROUTE_CHANGE_RESTART);
    ck_assert_uint_eq(load_scenario.state.delay, 100 * OS_MS);
    ck_assert_uint_eq(load_scenario.slack.ram, 0);
    unload();
}
END_TEST

START_TEST(policies_are_read)
{
    load("start:\n  timer: { wait: 2s, heartbeat: 500ms, more: { ram: 64M, caps: 200 }, exit: "
         "ends-system-on-failure, upgrade: on-change, on-route-change: close }\n"
         "  gui: { more: wait, exit: ends-system, heartbeat: { every: 1s, max-missed: 5, action: log } }\n",
         1);
    ck_assert_str_eq(load_told, "");
    const struct entry *timer = &load_scenario.entries[0], *gui = &load_scenario.entries[1];
    ck_assert_uint_eq(timer->wait, 2 * OS_SEC);
    ck_assert_uint_eq(timer->heartbeat.every, 500 * OS_MS);
    ck_assert_uint_eq(timer->heartbeat.max_missed, 3);
    ck_assert_int_eq(timer->heartbeat.action, HEARTBEAT_RESTART);
    ck_assert_int_eq(timer->more.policy, MORE_GRANT);
    ck_assert_uint_eq(timer->more.ram, OS_MIB(64));
    ck_assert_uint_eq(timer->more.caps, 200);
    ck_assert_int_eq(timer->exit, EXIT_ENDS_SYSTEM_ON_FAILURE);
    ck_assert_int_eq(timer->upgrade, UPGRADE_ON_CHANGE);
    ck_assert_int_eq(timer->on_route_change, ROUTE_CHANGE_CLOSE);
    ck_assert_int_eq(gui->more.policy, MORE_WAIT);
    ck_assert_int_eq(gui->exit, EXIT_ENDS_SYSTEM);
    ck_assert_uint_eq(gui->heartbeat.every, OS_SEC);
    ck_assert_uint_eq(gui->heartbeat.max_missed, 5);
    ck_assert_int_eq(gui->heartbeat.action, HEARTBEAT_LOG);
    unload();
}
END_TEST

START_TEST(the_whole_system_has_settings)
{
    load("slack: { ram: 4M, caps: 50 }\nfiles: { font: ../a/font.ttf, map: m.txt }\n"
         "state: { delay: 1s, report: true }\naliases: { clock: timer }\nstart: { timer: }\n",
         1);
    ck_assert_str_eq(load_told, "");
    ck_assert_uint_eq(load_scenario.slack.ram, OS_MIB(4));
    ck_assert_uint_eq(load_scenario.slack.caps, 50);
    ck_assert_uint_eq(load_scenario.files_count, 2);
    ck_assert_str_eq(load_scenario.files[0].name, "font");
    ck_assert_str_eq(load_scenario.files[0].path, "../a/font.ttf");
    ck_assert_str_eq(load_scenario.files[1].name, "map");
    ck_assert_uint_eq(load_scenario.state.delay, OS_SEC);
    ck_assert_int_eq(load_scenario.state.report, 1);
    ck_assert_str_eq(scenario_resolve(&load_scenario, "clock"), "timer");
    unload();
}
END_TEST

START_TEST(restart_is_read)
{
    load("start:\n  timer: { restart: { policy: always, max: 3, delay: 50ms, delay-max: 20ms } }\n", 1);
    ck_assert_str_eq(load_told, "");
    const struct restart *restart = &load_scenario.entries[0].restart;
    ck_assert_int_eq(restart->policy, RESTART_ALWAYS);
    ck_assert_uint_eq(restart->max, 3);
    ck_assert_uint_eq(restart->delay, 50 * OS_MS);
    ck_assert_uint_eq(restart->delay_max, 50 * OS_MS);
    unload();
}
END_TEST

static const struct {
    const char *text, *told;
} odd[] = {
    { DESKTOP "  paint:\n", "" },
    { "start:\n  timer: { provides: [] }\n", "" },
    { "aliases: { a: gui, b: gui }\n" DESKTOP "  paint: { route: { Gui: { child: b } } }\n",
      "s.yaml:1:12: warning: alias 'a' is in no route" },
    { DESKTOP, "s.yaml:3:3: warning: nobody requires what gui provides: Gui and more" },
    { DESKTOP "  timer2: { binary: timer }\n  paint:\n",
      "s.yaml:4:3: warning: no route leads to timer2, which provides Timer" },
    { "start:\n  timer:\n  quiet: { route: { Timer: { child: timer } } }\n", "" },
    { DESKTOP
      "  paint:\n    route:\n      Gui:\n        - { child: gui }\n        - { match: a, child: gui }\n"
      "        - { match: a, to: deny }\n        - { match: '*', child: gui }\n",
      "s.yaml:7:11: warning: this route of Gui is never taken: the one in line 10 is for the same labels\n"
      "s.yaml:9:11: warning: this route of Gui is never taken: the one in line 8 is for the same labels" },
    { "default-route:\n  - { service: any, to: any-child }\n  - { service: any, to: deny }\n" DESKTOP
      "  paint:\n",
      "s.yaml:3:5: warning: this route of any is never taken: the one in line 2 is for the same labels" },
    { "default-route:\n  - { service: ROM, match: config, to: parent }\n"
      "  - { service: any, to: any-child }\n" DESKTOP "  paint:\n",
      "s.yaml:2:5: warning: this route of ROM is never taken: 'config' is what stands under config:" },
};

START_TEST(what_has_no_effect_is_warned_of)
{
    load(odd[_i].text, 1);
    ck_assert_str_eq(load_told, "");
    load_warn();
    ck_assert_str_eq(load_told, odd[_i].told);
    unload();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario");
    TCase *tcase = tcase_create("scenario");
    tcase_add_loop_test(tcase, what_is_wrong_is_told, 0, OS_ARRAY_LEN(bad));
    tcase_add_loop_test(tcase, what_has_no_effect_is_warned_of, 0, OS_ARRAY_LEN(odd));
    tcase_add_test(tcase, a_desktop_is_sound);
    tcase_add_test(tcase, a_required_sandbox_is_missed_once);
    tcase_add_test(tcase, the_mode_selects_entries);
    tcase_add_test(tcase, an_optional_entry_may_lack_its_binary);
    tcase_add_test(tcase, an_empty_config_is_none);
    tcase_add_test(tcase, restart_is_read);
    tcase_add_test(tcase, what_is_not_said_has_defaults);
    tcase_add_test(tcase, policies_are_read);
    tcase_add_test(tcase, the_whole_system_has_settings);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
