/* SPDX-License-Identifier: BSD-2-Clause */
/* play.c: servers and clients beneath an engine, played by the test. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "play.h"

/* ---- a server, played by the test, at an entrypoint of its own */

static os_err answer(struct service *service, struct os_rpc *rpc, os_err err)
{
    if (err == OS_REPLY_LATER)
        os_reply_keep(rpc, &service->owed[service->owes++]);
    return err;
}

static os_err root_open(struct os_rpc *rpc, uint32_t id, const char *label, const char *args, uint64_t ram,
                        uint32_t caps, os_any_cap *session)
{
    struct service *service = OS_CONTAINER_OF(rpc->object, struct service, root);
    service->opened++;
    service->ram = ram;
    snprintf(service->label, sizeof(service->label), "%s", label);
    snprintf(service->args, sizeof(service->args), "%s", args);
    if (!service->answer)
        session->cap = os_cap_copy(service->cap.cap);
    return answer(service, rpc, service->answer);
}

static os_err root_close(struct os_rpc *rpc, uint32_t id)
{
    struct service *service = OS_CONTAINER_OF(rpc->object, struct service, root);
    service->closed++;
    return answer(service, rpc, service->answer);
}

static os_err root_upgrade(struct os_rpc *rpc, uint32_t id, uint64_t ram, uint32_t caps)
{
    struct service *service = OS_CONTAINER_OF(rpc->object, struct service, root);
    return answer(service, rpc, service->upgrade_answer);
}

static const struct os_root_ops root_ops = { .open = root_open,
                                             .close = root_close,
                                             .upgrade = root_upgrade };

void serve(struct service *service)
{
    memset(service, 0, sizeof(*service));
    ck_assert_int_eq(os_entrypoint_init(&service->ep), OS_OK);
    ck_assert_int_eq(os_root_object_init(&service->root, &service->ep, &root_ops, &service->root_cap), OS_OK);
    service->cap.cap = service->root_cap.cap;
    inproc_serve(&service->ep);
}

os_err announce(struct service *service, const char *child, const char *name)
{
    return os_parent_announce(system_env(child)->parent, name, service->root_cap);
}

/* ---- a client that does not wait */

static struct os_entrypoint client_ep;

static void request_done(struct os_call *call)
{
    struct request *request = OS_CONTAINER_OF(call, struct request, call);
    request->err = os_parent_session_end(call, &request->id, &request->cap);
    request->done = 1;
}

static void begin_asking(struct request *request, const char *child, const char *service, const char *label,
                         const char *args, uint64_t ram, uint32_t caps)
{
    memset(request, 0, sizeof(*request));
    os_call_init(&request->call, &client_ep, request_done);
    ck_assert_int_eq(
        os_parent_session_begin(system_env(child)->parent, &request->call, service, label, args, ram, caps),
        OS_OK);
    inproc_idle();
}

void ask(struct request *request, const char *child, const char *service, uint64_t ram, uint32_t caps)
{
    begin_asking(request, child, service, "", "", ram, caps);
}

void ask_for(struct request *request, const char *child, const char *service, const char *label,
             const char *args)
{
    begin_asking(request, child, service, label, args, 0, 0);
}

os_err open_at(const char *child, const char *service, uint64_t ram, uint32_t caps,
               struct os_session *session)
{
    return os_session_open(system_env(child), service, "", "", ram, caps, session);
}

void begin(const char *scenario)
{
    system_start(scenario);
    ck_assert_int_eq(os_entrypoint_init(&client_ep), OS_OK);
    inproc_serve(&client_ep);
}

void end_clients(void)
{
    inproc_unserve(&client_ep);
    os_entrypoint_fini(&client_ep);
}

/* What os_exit does before the end of the process; whether there is an answer is of no interest. */
void exit_child(const char *child, int status)
{
    os_err err = os_parent_exit_by(system_env(child)->parent, os_clock_now() + OS_SEC, status);
    (void)err;
    inproc_idle();
}
