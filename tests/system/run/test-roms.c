/* SPDX-License-Identifier: BSD-2-Clause */
/* test-roms.c: reports, and modules that depend on them or on time, decide about the config of a component.
 */
#include <check.h>
#include <stddef.h>
#include <suite.h>

#include "run.h"

static void end(struct run *run)
{
    run_signal(run, 2);
    ck_assert_int_eq(run_end(run), 0);
}

START_TEST(a_report_decides_about_a_config)
{
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  reader:\n"
              "    binary: rom_reader\n"
              "    route: { ROM: [{ match: config, to: { child: filter } }] }\n"
              "  filter:\n"
              "    binary: rom_filter\n"
              "    route: { ROM: [{ match: sensor, to: { child: report_rom } }] }\n"
              "    config:\n"
              "      inputs: [sensor]\n"
              "      rules:\n"
              "        - { when: { greater: { sensor/degrees: 60 } }, content: { value: warm } }\n"
              "        - { when: { has: sensor/degrees }, content: { value: cold } }\n"
              "  report_rom: { config: { policy: [{ label: 'filter -> sensor', report: sensor }] } }\n"
              "  sensor: { config: { every: 10ms, step: 50 } }\n"
              "  timer:\n",
              NULL);
    for (int i = 0; i < 3; i++) {
        run_expect(&run, "[reader] value: warm");
        run_expect(&run, "[reader] value: cold");
    }
    /* whoever ends comes back, and the others go on with the next one */
    run_kill(&run, "sensor");
    run_expect(&run, "sensor was killed");
    run_expect(&run, "[reader] value: warm");
    run_expect(&run, "[reader] value: cold");
    end(&run);
}
END_TEST

START_TEST(time_decides_about_a_module)
{
    struct run run;
    run_start(&run, "run",
              "start:\n"
              "  timer:\n"
              "  modules:\n"
              "    binary: dynamic_rom\n"
              "    config:\n"
              "      modules:\n"
              "        text: { steps: [{ text: one, for: 10ms }, { for: 10ms }, { text: three }] }\n"
              "  reader:\n"
              "    binary: rom_reader\n"
              "    config: { text: true, value: given }\n"
              "    route: { ROM: [{ match: text, to: { child: modules } }] }\n",
              NULL);
    run_expect(&run, "[reader] value: given");
    run_expect(&run, "[reader] text: three");
    end(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ROMs that change");
    TCase *tcase = tcase_create("ROMs that change");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_report_decides_about_a_config);
    tcase_add_test(tcase, time_decides_about_a_module);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
