/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: skeleton, a server that adds up what each of its clients gives it. */
#include <os/component.h>
#include <os/config_rom.h>
#include "skeleton.h"

#include <stdio.h>
#include <stdlib.h>

/* What others need to know about this component, without running it; config.yaml says what it can be told. */
OS_MANIFEST("provides: [Skeleton]\n"
            "ram: 1M\n"
            "caps: 32\n");

/* The server: what is there once. */
static struct {
    struct os_root_server root;
    struct os_config_rom config;
    uint64_t limit; /* of a sum */
} server;

/* One client's session: the links that the library keeps, the object that the client calls, and its state. */
struct client {
    struct os_root_session session;
    struct os_object object;
    uint64_t sum;
};

static struct client *client_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct client, object);
}

static os_err add(struct os_rpc *rpc, uint32_t amount, uint64_t *total)
{
    struct client *client = client_of(rpc);

    if (amount > server.limit || client->sum > server.limit - amount)
        return OS_ERR_TOO_LARGE;
    client->sum += amount;
    *total = client->sum;
    return OS_OK;
}

static os_err sum(struct os_rpc *rpc, uint64_t *total)
{
    *total = client_of(rpc)->sum;
    return OS_OK;
}

/* A function that is missing here, or has other parameters than skeleton.h says, does not compile. */
static const struct skeleton_ops ops = { .add = add, .sum = sum };

/* A client requests a session. It pays for what is allocated: no client can make the server run out of
 * memory. */
static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct client *client;
    skeleton_cap client_cap;
    os_err err = os_quota_charge(&request->quota, sizeof(*client), 1);
    if (err)
        return err;

    client = calloc(1, sizeof(*client));
    if (!client)
        return OS_ERR_NO_MEMORY;
    err = skeleton_object_init(&client->object, root->env->ep, &ops, &client_cap);
    if (err) {
        free(client);
        return err;
    }
    *session = &client->session;
    cap->cap = client_cap.cap;
    return OS_OK;
}

/* The client has closed its session, or has ended in any way. */
static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct client *client = OS_CONTAINER_OF(session, struct client, session);

    os_object_fini(&client->object);
    free(client);
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

/* Called at the start, and again when the config changes while the component runs. */
static void configure(struct os_config_rom *rom)
{
    server.limit = os_config_u64(&rom->config, os_config_root(&rom->config), "limit", 1000);
}

/* Called once at the start. Afterwards the component sleeps until somebody calls one of its objects. */
void component_construct(struct os_env *env)
{
    os_require(env, os_config_rom_open(&server.config, env, "config", configure), "cannot open the config");
    configure(&server.config);
    os_require(env, os_root_server_init(&server.root, env, env->ep, "Skeleton", &handlers),
               "cannot offer Skeleton");
    printf("adding up to %llu\n", (unsigned long long)server.limit);
}
