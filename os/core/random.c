/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.c: the Random service: numbers of the platform's, and keys that a component finds again. A request
 * is answered at once and takes nothing that another one needs: the platform's generator cannot be used up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/random.h>

#include "internal.h"

struct random_session {
    struct core_session session;
    struct os_object object;
    char label[OS_LABEL_MAX];
};

static struct random_session *random_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct random_session, object);
}

static os_err random_fill(struct os_rpc *rpc, uint32_t size, uint8_t (*bytes)[OS_RANDOM_MAX], size_t *len)
{
    if (size > sizeof(*bytes))
        return OS_ERR_BAD_ARG;
    os_err err = core_plat_random(*bytes, size);
    if (!err)
        *len = size;
    return err;
}

/* The secret with the label mixed in: who knows the keys of others knows nothing of this one. */
static os_err random_key(struct os_rpc *rpc, uint8_t (*bytes)[OS_RANDOM_KEY], size_t *len)
{
    const struct random_session *random = random_of(rpc);
    struct drbg drbg = random->session.core->secret;
    drbg_add(&drbg, random->label, strlen(random->label) + 1);
    drbg_fill(&drbg, *bytes, sizeof(*bytes));
    *len = sizeof(*bytes);
    return OS_OK;
}

static const struct os_random_ops ops = { .fill = random_fill, .key = random_key };

static void random_close(struct core_session *session)
{
    os_object_fini(&OS_CONTAINER_OF(session, struct random_session, session)->object);
    core_session_closed(session);
}

/* Made when somebody wants numbers for the first time. */
static os_err make_secret(struct core *core)
{
    uint8_t seed[OS_RANDOM_KEY];
    if (core->has_secret)
        return OS_OK;
    if (core_plat_random(seed, sizeof(seed)))
        return OS_ERR_NO_SERVICE;
    drbg_add(&core->secret, seed, sizeof(seed));
    core->has_secret = 1;
    return OS_OK;
}

os_err core_random_open(struct core *core, const char *label, struct core_session **session)
{
    os_random_cap cap;
    os_err err = make_secret(core);
    if (err)
        return err;
    struct random_session *random = calloc(1, sizeof(*random));
    if (!random)
        return OS_ERR_NO_MEMORY;
    err = os_random_object_init(&random->object, core->ep, &ops, &cap);
    if (err) {
        free(random);
        return err;
    }
    snprintf(random->label, sizeof(random->label), "%s", label);
    random->session.cap.cap = cap.cap;
    random->session.close = random_close;
    *session = &random->session;
    return OS_OK;
}
