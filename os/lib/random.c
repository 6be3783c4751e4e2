/* SPDX-License-Identifier: BSD-2-Clause */
/* random.c: random bytes for who needs them once; see os/random.h. */
#include <string.h>

#include <os/random.h>

os_err os_random_bytes(struct os_env *env, void *to, size_t size)
{
    struct os_random_session session;
    uint8_t part[OS_RANDOM_MAX], *at = to;
    os_err err = os_random_open(env, "", "", &session);
    if (err)
        return err;
    for (size_t left = size, len; left && !err; left -= len, at += len) {
        len = left < sizeof(part) ? left : sizeof(part);
        size_t got;
        err = os_random_fill(session.cap, (uint32_t)len, &part, &got);
        if (!err && got != len)
            err = OS_ERR_BAD_MSG;
        if (!err)
            memcpy(at, part, len);
    }
    os_random_close(&session);
    if (err)
        memset(to, 0, size);
    return err;
}

os_err os_random_stable(struct os_env *env, const char *label, void *to, size_t size)
{
    struct os_random_session session;
    uint8_t key[OS_RANDOM_KEY];
    size_t got;
    if (size > sizeof(key))
        return OS_ERR_BAD_ARG;
    os_err err = os_random_open(env, label, "", &session);
    if (err)
        return err;
    err = os_random_key(session.cap, &key, &got);
    if (!err && got != sizeof(key))
        err = OS_ERR_BAD_MSG;
    if (!err)
        memcpy(to, key, size);
    os_random_close(&session);
    return err;
}
