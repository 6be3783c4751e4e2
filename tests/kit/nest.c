/* SPDX-License-Identifier: BSD-2-Clause */
/* nest.c: a component with a child of its own, made with an installed kit. */
#include <os/component.h>
#include <os/engine.h>

#include <stdio.h>
#include <string.h>

OS_MANIFEST("requires: [PD, ROM]\n"
            "ram: 16M\n"
            "caps: 200\n");

static struct os_env *own;

static void ended(struct os_engine_handlers *handlers, int status)
{
    (void)handlers;
    printf("the child has ended with status %d\n", status);
    os_exit(own, status);
}

void component_construct(struct os_env *env)
{
    static const char scenario[] = "parent-provides: [LOG, ROM, PD]\n"
                                   "start:\n"
                                   "  my_clock:\n"
                                   "  my_clock_client: { exit: ends-system }\n";
    static struct os_engine_handlers handlers = { .ended = ended };
    struct os_engine_options options = { .file = "nest", .headless = 1, .handlers = &handlers };
    struct os_engine *engine;

    own = env;
    os_require(env, os_engine_create(env, &options, &engine), "cannot create an engine");
    os_require(env, os_engine_apply(engine, scenario, strlen(scenario)), "cannot start a child");
}
