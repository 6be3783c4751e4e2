/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * component.h: a component is one function, and from then on what its entrypoint delivers.
 */
#ifndef OS_COMPONENT_H
#define OS_COMPONENT_H

#include <os/env.h>
#include <os/manifest.h>

/*
 * Written by the component's author. Opens sessions, announces services, installs handlers, and returns; the
 * entrypoint runs afterwards. ENV stays valid for the component's life. printf, assert and abort end up in
 * the component's LOG session.
 */
void component_construct(struct os_env *env);

/* Ends the component with STATUS; its parent decides what follows. */
void os_exit(struct os_env *env, int status) __attribute__((noreturn));

/* Logs "MESSAGE: text of ERR" and ends the component with status 1. */
void os_fail(struct os_env *env, os_err err, const char *message) __attribute__((noreturn));

/* os_fail for what must succeed: returns when ERR is OS_OK, and only then. */
static inline void os_require(struct os_env *env, os_err err, const char *message)
{
    if (err)
        os_fail(env, err, message);
}

#endif
