/* SPDX-License-Identifier: BSD-2-Clause */
/* The hello client: opens a session, calls the server, says what it answered, and ends. */
#include <os/component.h>
#include "hello.h"

#include <stdio.h>

/* What others need to know about this component, without running it. */
OS_MANIFEST("requires: [Hello]\n"
            "ram: 1M\n"
            "caps: 32\n");

void component_construct(struct os_env *env)
{
    struct hello_session session;
    char greeting[64];
    uint32_t calls;

    /* The parent decides who answers; the scenario says so. No route, no session. */
    os_require(env, hello_open(env, "", "", &session), "cannot open Hello");

    /* An ordinary C function, served by another process. Every call can fail: the server may be gone. */
    os_require(env, hello_greet(session.cap, "world", &greeting), "cannot greet");
    os_require(env, hello_count(session.cap, &calls), "cannot count");
    printf("server says: %s (call %u)\n", greeting, calls);

    hello_close(&session);
    os_exit(env, 0);
}
