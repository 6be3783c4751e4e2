/* SPDX-License-Identifier: BSD-2-Clause */
/* The hello server: offers the service "Hello" and greets whoever opens a session of it. */
#include <os/component.h>
#include "hello.h"

#include <stdio.h>
#include <stdlib.h>

OS_MANIFEST("provides: [Hello]\n"
            "ram: 1M\n"
            "caps: 32\n");

/* One client's session: the links that the library keeps, the object that the client calls, and its state. */
struct client {
    struct os_root_session session;
    struct os_object object;
    uint32_t calls;
};

/* From the object that was called to the structure that it is part of. */
static struct client *client_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct client, object);
}

static os_err greet(struct os_rpc *rpc, const char *name, char (*greeting)[64])
{
    if (!*name)
        return OS_ERR_BAD_ARG;
    snprintf(*greeting, sizeof(*greeting), "Hello, %s!", name);
    client_of(rpc)->calls++;
    return OS_OK;
}

static os_err count(struct os_rpc *rpc, uint32_t *calls)
{
    *calls = client_of(rpc)->calls;
    return OS_OK;
}

/* A function that is missing here, or has other parameters than hello.h says, does not compile. */
static const struct hello_ops hello_ops = { .greet = greet, .count = count };

/* A client requests a session. It pays for what we allocate: nobody can make this server run out of memory.
 */
static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct client *client;
    hello_cap client_cap;
    os_err err = os_quota_charge(&request->quota, sizeof(*client), 1);
    if (err)
        return err;

    client = calloc(1, sizeof(*client));
    if (!client)
        return OS_ERR_NO_MEMORY;
    err = hello_object_init(&client->object, root->env->ep, &hello_ops, &client_cap);
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

/* Called once at the start. Afterwards the component sleeps until somebody calls one of its objects. */
void component_construct(struct os_env *env)
{
    static struct os_root_server root;

    os_require(env, os_root_server_init(&root, env, env->ep, "Hello", &handlers), "cannot offer Hello");
}
