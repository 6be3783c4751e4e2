/* SPDX-License-Identifier: BSD-2-Clause */
/* probe_server.c: serves Probe sessions, and ends in many ways when it is asked to. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/component.h>
#include <os/log.h>

#include "probe.h"

OS_MANIFEST("provides: [Probe]\n"
            "ram: 2M\n"
            "caps: 100\n");

static struct os_env *env;
static struct os_root_server root;
static uint32_t holders_lost;

/* A session and a child object are the same thing: both serve the interface. */
struct probe {
    struct os_root_session session;
    struct os_object object;
    struct os_reply unanswered; /* of never */
    struct os_call call;        /* of relay, with the answer that waits for it */
    struct os_reply relayed;
};

static struct probe *probe_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct probe, object);
}

static void probe_destroy(struct probe *probe)
{
    os_call_cancel(&probe->call);
    os_object_fini(&probe->object);
    free(probe);
}

static void lost_holder(struct os_object *object)
{
    holders_lost++;
    probe_destroy(OS_CONTAINER_OF(object, struct probe, object));
}

static os_err add(struct os_rpc *rpc, uint32_t a, uint32_t b, uint32_t *sum)
{
    *sum = a + b;
    return OS_OK;
}

static os_err text(struct os_rpc *rpc, const char *in, char (*reversed)[64])
{
    size_t len = strlen(in);
    if (strcmp(in, "refuse") == 0)
        return probe_ERR_REFUSED;
    for (size_t i = 0; i < len; i++)
        (*reversed)[i] = in[len - 1 - i];
    (*reversed)[len] = 0;
    return OS_OK;
}

static os_err blob(struct os_rpc *rpc, const void *data, size_t len, uint8_t (*same)[1024], size_t *same_len)
{
    memcpy(*same, data, len);
    *same_len = len;
    return OS_OK;
}

static os_err many(struct os_rpc *rpc, uint8_t a, uint16_t b, uint32_t c, uint64_t d, int8_t e, int16_t f,
                   int32_t g, int64_t h, struct probe_point p, uint64_t *s, char (*name)[16],
                   struct probe_point *q)
{
    *s += a + b + c + d + (uint64_t)(e + f + g + h);
    *q = (struct probe_point){ p.y, p.x };
    (*name)[0] = (char)((*name)[0] + 1);
    return OS_OK;
}

static const struct probe_ops ops;

static os_err probe_create(struct probe **probe, probe_cap *cap)
{
    struct probe *made = calloc(1, sizeof(*made));
    if (!made)
        return OS_ERR_RAM;
    os_err err = probe_object_init(&made->object, env->ep, &ops, cap);
    if (err) {
        free(made);
        return err;
    }
    *probe = made;
    return OS_OK;
}

static os_err make(struct os_rpc *rpc, probe_cap *child)
{
    struct probe *probe;
    os_err err = probe_create(&probe, child);
    if (!err)
        probe->object.last_holder = lost_holder;
    return err;
}

static os_err is_mine(struct os_rpc *rpc, probe_cap cap, uint32_t *yes)
{
    *yes = os_object_of(env->ep, cap.cap, &probe_interface) != NULL;
    return OS_OK;
}

static os_err revoke(struct os_rpc *rpc, probe_cap child)
{
    struct os_object *object = os_object_of(env->ep, child.cap, &probe_interface);
    if (!object)
        return OS_ERR_BAD_CAP;
    if (!object->last_holder)
        return OS_ERR_DENIED; /* a session ends by its root */
    probe_destroy(OS_CONTAINER_OF(object, struct probe, object));
    return OS_OK;
}

static void relay_done(struct os_call *call)
{
    struct probe *probe = OS_CONTAINER_OF(call, struct probe, call);
    uint32_t sum = 0;
    os_err err = probe_add_end(call, &sum);
    probe_relay_reply(&probe->relayed, err, sum);
}

static os_err relay(struct os_rpc *rpc, probe_cap peer, uint32_t a, uint32_t b, uint32_t *sum)
{
    struct probe *probe = probe_of(rpc);
    if (os_call_pending(&probe->call))
        return OS_ERR_BUSY;
    os_call_init(&probe->call, env->ep, relay_done);
    os_err err = probe_add_begin(peer, &probe->call, a, b);
    if (err)
        return err;
    os_reply_keep(rpc, &probe->relayed);
    return OS_REPLY_LATER;
}

static os_err submit(struct os_rpc *rpc, os_signal_cap handler)
{
    os_signal_submit(handler);
    return OS_OK;
}

static os_err share(struct os_rpc *rpc, uint32_t pattern, os_dataspace_cap *rw, os_dataspace_cap *ro)
{
    os_dataspace_cap ds, copy;
    struct os_region region;
    os_err err = os_ram_alloc(env, OS_PAGE_SIZE, &ds);
    if (err)
        return err;
    err = os_dataspace_readonly(ds, &copy);
    if (err)
        goto release;
    err = os_region_attach(&region, ds, OS_ATTACH_WRITE);
    if (err)
        goto drop;
    memcpy(region.at, &pattern, sizeof(pattern));
    os_region_detach(&region);
    *rw = ds;
    *ro = copy;
    return OS_OK;
drop:
    os_cap_drop(copy.cap);
release:
    os_ram_free(env, ds);
    return err;
}

static os_err never(struct os_rpc *rpc)
{
    struct probe *probe = probe_of(rpc);
    if (os_reply_owed(&probe->unanswered))
        return OS_ERR_BUSY;
    printf("will not answer\n");
    os_reply_keep(rpc, &probe->unanswered);
    return OS_REPLY_LATER;
}

static os_err holders(struct os_rpc *rpc, uint32_t *lost)
{
    *lost = holders_lost;
    return OS_OK;
}

__attribute__((noinline)) static void write_to(volatile int *address)
{
    *address = 1;
}

static volatile int zero;

/* Ends at a depth that no stack has; the frame is used after the call, so that it cannot be folded away. */
__attribute__((noinline)) static int use_stack(uint64_t depth)
{
    volatile char frame[4096];
    frame[0] = (char)depth;
    return (depth < OS_MIB(64) ? use_stack(depth + 1) : 0) + frame[zero];
}

static os_err crash(struct os_rpc *rpc, uint32_t how)
{
    switch ((enum probe_crash)how) {
    case PROBE_NULL:
        write_to((volatile int *)(uintptr_t)(8 + (unsigned)zero));
        break;
    case PROBE_ILLEGAL:
        __builtin_trap();
    case PROBE_DIVIDE:
        zero = (int)how / zero;
        break;
    case PROBE_ABORT:
        abort();
    case PROBE_STACK:
        zero = use_stack(0);
        break;
    case PROBE_ASSERT:
        assert(!"the probe was asked to fail");
    }
    return OS_ERR_BAD_ARG;
}

static os_err end(struct os_rpc *rpc, int32_t status)
{
    os_exit(env, status);
}

static const struct probe_ops ops = {
    .add = add,
    .text = text,
    .blob = blob,
    .many = many,
    .make = make,
    .is_mine = is_mine,
    .revoke = revoke,
    .relay = relay,
    .signal = submit,
    .share = share,
    .never = never,
    .holders = holders,
    .crash = crash,
    .exit = end,
};

static os_err open_session(struct os_root_server *server, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct probe *probe;
    probe_cap made;
    if (strstr(request->label, "refused"))
        return OS_ERR_DENIED;
    os_err err = os_quota_charge(&request->quota, sizeof(*probe), 1);
    if (err)
        return err;
    err = probe_create(&probe, &made);
    if (err)
        return err;
    *session = &probe->session;
    cap->cap = made.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *server, struct os_root_session *session)
{
    probe_destroy(OS_CONTAINER_OF(session, struct probe, session));
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

void component_construct(struct os_env *given)
{
    env = given;
    os_require(env, os_root_server_init(&root, env, env->ep, "Probe", &handlers), "Probe");
    printf("ready\n");
}
