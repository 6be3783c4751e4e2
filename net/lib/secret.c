/* SPDX-License-Identifier: BSD-2-Clause */
/* secret.c: see network/secret.h. */
#include <network/secret.h>
#include <network/siphash.h>
#include <os/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What differs from run to run where there is nothing better. */
static void guessable(uint64_t *key, size_t count)
{
    static uint64_t calls;
    void *block = malloc(1);
    uint64_t where[2] = { (uintptr_t)&calls, (uintptr_t)block };
    uint64_t words[3] = { ++calls, os_clock_now(), (uintptr_t)guessable };
    free(block);
    for (size_t i = 0; i < count; i++, words[0] += UINT64_C(1) << 32)
        key[i] = net_siphash24(where, words, OS_ARRAY_LEN(words));
}

static void warn(os_err err)
{
    static int warned;
    if (!warned)
        printf("no random numbers (%s): sequence numbers, ports and addresses can be guessed\n",
               os_err_text(err));
    warned = 1;
}

void net_secret(struct os_env *env, uint64_t *key, size_t count)
{
    os_err err = os_random_bytes(env, key, count * sizeof(*key));
    if (!err)
        return;
    warn(err);
    guessable(key, count);
}

void net_secret_stable(struct os_env *env, const char *purpose, uint64_t *key, size_t count)
{
    static const uint64_t none[2];
    uint64_t words[4] = { 0 };
    os_err err = os_random_stable(env, purpose, key, count * sizeof(*key));
    if (!err)
        return;
    warn(err);
    memcpy(words + 1, purpose, strnlen(purpose, sizeof(words) - sizeof(*words)));
    for (size_t i = 0; i < count; i++, words[0]++)
        key[i] = net_siphash24(none, words, OS_ARRAY_LEN(words));
}
