/* SPDX-License-Identifier: BSD-2-Clause */
/* client.c: skeleton_client, which has skeleton add something, says what came out, and ends. */
#include <os/component.h>
#include "skeleton.h"

#include <stdio.h>

OS_MANIFEST("requires: [Skeleton]\n"
            "ram: 1M\n"
            "caps: 32\n");

void component_construct(struct os_env *env)
{
    struct skeleton_session session;
    uint64_t total = 0;

    /* The parent decides who answers; the scenario says so. No route, no session. */
    os_require(env, skeleton_open(env, "", "", &session), "cannot open Skeleton");

    /* Ordinary C functions, served by another process. Every call can fail: the server may be gone. */
    for (uint32_t amount = 1; amount <= 4; amount++)
        os_require(env, skeleton_add(session.cap, amount, &total), "cannot add");
    printf("1 + 2 + 3 + 4 = %llu\n", (unsigned long long)total);

    skeleton_close(&session);
    os_exit(env, 0);
}
