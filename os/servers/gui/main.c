/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: the gui server: one picture of many applications' views, and input for the right one. See
 * README.md. */
#include "internal.h"

OS_MANIFEST("provides: [Gui, Capture, Event]\n"
            "ram: 4M\n"
            "caps: 64\n");

void component_construct(struct os_env *env)
{
    static struct gui state;
    struct gui *gui = &state;

    *gui = (struct gui){ .env = env };
    os_list_init(&gui->clients);
    os_list_init(&gui->views);
    os_list_init(&gui->captures);
    os_list_init(&gui->sources);
    pointer_init(&gui->pointer);
    os_require(env, os_root_server_init(&gui->gui_root, env, env->ep, "Gui", &gui_handlers),
               "cannot offer Gui");
    os_require(env, os_root_server_init(&gui->capture_root, env, env->ep, "Capture", &capture_handlers),
               "cannot offer Capture");
    os_require(env, os_root_server_init(&gui->event_root, env, env->ep, "Event", &event_handlers),
               "cannot offer Event");
}
