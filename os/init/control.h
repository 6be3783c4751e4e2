/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h: an init does what people ask of it by the service Control (os/control.h), where it has a route
 * to that; without it runs all the same.
 *
 * A request is a line of words:
 *
 *     state                   the state of the engine (os/engine.h), a config tree
 *     apply, preview          data: a scenario; what was changed, or would be
 *     kill NAME               ends a child from outside
 *     restart NAME            ends it and starts it anew
 *     upgrade NAME            starts it anew from another binary, if there is one
 *     rom NAME MODULE         what it would find in a ROM module
 */
#ifndef INIT_CONTROL_H
#define INIT_CONTROL_H

#include <os/engine.h>

struct control;

/* Begins to answer requests about ENGINE, as soon as there is a session. NULL, which is fine, without memory.
 */
struct control *control_create(struct os_env *env, struct os_engine *engine);

/* A line about what is wrong with the scenario that is being applied. Zero if no request has to do with it.
 */
int control_problem(struct control *control, const char *line);

#endif
