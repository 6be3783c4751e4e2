/* SPDX-License-Identifier: BSD-2-Clause */
/* control.c: see control.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

/* Cancelled requests of which an init has yet to be told; one that does not ask misses the older ones. */
enum { CANCELLED = CORE_CONTROL_REQUESTS };

struct core_control {
    struct core_session session;
    struct os_object object;
    struct os_list link; /* of core->controls */
    char label[OS_LABEL_MAX];
    os_signal_cap handler;
    struct os_list requests; /* of struct core_control_request.link, oldest first */
    unsigned count;          /* of them */
    uint32_t last_id;
    uint32_t cancelled[CANCELLED]; /* ids; 0 is none */
};

static struct core_control *control_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct core_control, object);
}

static struct core_control_request *find(struct core_control *control, uint32_t id)
{
    OS_LIST_FOR_EACH (link, &control->requests) {
        struct core_control_request *request = OS_CONTAINER_OF(link, struct core_control_request, link);
        if (request->id == id && request->taken)
            return request;
    }
    return NULL;
}

/* ---- requests */

static void free_data(struct core_control_request *request)
{
    if (!request->dataspaces.next)
        return;
    os_cap_drop(request->data.cap);
    request->data.cap = OS_NO_CAP;
    while (!os_list_empty(&request->dataspaces))
        core_ds_revoke(OS_CONTAINER_OF(request->dataspaces.next, struct core_ds, link));
}

/* From now on it is none of any init's. */
static void leave(struct core_control_request *request)
{
    if (request->control) {
        os_list_remove(&request->link);
        request->control->count--;
        request->control = NULL;
        os_alarm_clear(&request->alarm);
    }
    free_data(request);
}

static void fail(struct core_control_request *request, os_err err)
{
    leave(request);
    request->done(request, err, OS_CONTROL_FAILED, NULL, 0);
}

static void tell_cancelled(struct core_control *control, uint32_t id)
{
    memmove(control->cancelled + 1, control->cancelled, sizeof(control->cancelled) - sizeof(id));
    control->cancelled[0] = id;
    os_signal_submit(control->handler);
}

static void too_late(struct os_alarm *alarm)
{
    struct core_control_request *request = OS_CONTAINER_OF(alarm, struct core_control_request, alarm);
    if (request->taken)
        tell_cancelled(request->control, request->id);
    fail(request, OS_ERR_DEADLINE);
}

os_err core_control_data(struct core *core, struct core_control_request *request, uint64_t size,
                         struct core_memory **memory)
{
    int writable;
    os_list_init(&request->dataspaces);
    os_err err = core_ds_create(core, core->account, &request->dataspaces, size, &request->data);
    if (err)
        return err;
    request->size = size;
    *memory = core_ds_of(core, request->data, &writable)->memory;
    return OS_OK;
}

static struct core_control *find_control(struct core *core, const char *label)
{
    OS_LIST_FOR_EACH (link, &core->controls) {
        struct core_control *control = OS_CONTAINER_OF(link, struct core_control, link);
        if (!strcmp(control->label, label) && control->handler.cap.id)
            return control;
    }
    return NULL;
}

os_err core_control_submit(struct core *core, const char *label, struct core_control_request *request,
                           os_time deadline)
{
    struct core_control *control = find_control(core, label);
    if (!control)
        return OS_ERR_NOT_FOUND;
    if (control->count == CORE_CONTROL_REQUESTS)
        return OS_ERR_BUSY;
    request->control = control;
    request->id = ++control->last_id ? control->last_id : ++control->last_id;
    request->taken = 0;
    request->alarm.handle = too_late;
    os_list_insert(&control->requests, &request->link);
    control->count++;
    if (deadline != OS_NEVER)
        os_alarm_set(core->ep, &request->alarm, deadline);
    os_signal_submit(control->handler);
    return OS_OK;
}

void core_control_cancel(struct core_control_request *request)
{
    if (request->control && request->taken)
        tell_cancelled(request->control, request->id);
    leave(request);
}

/* ---- operations */

static os_err control_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct core_control *control = control_of(rpc);
    os_cap_drop(control->handler.cap);
    control->handler.cap = os_cap_copy(handler.cap);
    if (control->count)
        os_signal_submit(handler);
    return OS_OK;
}

/* The oldest of the cancelled ones, or 0. */
static uint32_t next_cancelled(struct core_control *control)
{
    for (unsigned i = CANCELLED; i-- > 0;) {
        uint32_t id = control->cancelled[i];
        control->cancelled[i] = 0;
        if (id)
            return id;
    }
    return 0;
}

static os_err control_next(struct os_rpc *rpc, uint32_t *id, char (*line)[OS_CONTROL_LINE], uint64_t *size)
{
    struct core_control *control = control_of(rpc);
    uint32_t cancelled = next_cancelled(control);
    if (cancelled) {
        *id = cancelled;
        *size = 0;
        snprintf(*line, sizeof(*line), "cancel");
        return OS_OK;
    }
    OS_LIST_FOR_EACH (link, &control->requests) {
        struct core_control_request *request = OS_CONTAINER_OF(link, struct core_control_request, link);
        if (request->taken)
            continue;
        request->taken = 1;
        *id = request->id;
        *size = request->size;
        memcpy(*line, request->line, sizeof(*line));
        return OS_OK;
    }
    return OS_ERR_NOT_FOUND;
}

static os_err control_data(struct os_rpc *rpc, uint32_t id, os_dataspace_cap *ds)
{
    struct core_control_request *request = find(control_of(rpc), id);
    if (!request || !request->size)
        return OS_ERR_NOT_FOUND;
    ds->cap = os_cap_copy(request->data.cap);
    return OS_OK;
}

static os_err control_answer(struct os_rpc *rpc, uint32_t id, uint32_t status, os_dataspace_cap data,
                             uint64_t size)
{
    struct core_control *control = control_of(rpc);
    struct core_control_request *request = find(control, id);
    struct core_ds *ds = NULL;
    int writable;
    if (!request)
        return OS_ERR_NOT_FOUND;
    if (status > OS_CONTROL_MISTAKE)
        return OS_ERR_BAD_ARG;
    if (size > OS_CONTROL_MAX)
        return OS_ERR_TOO_LARGE;
    if (size && !(ds = core_ds_of(control->session.core, data, &writable)))
        return OS_ERR_BAD_CAP;
    if (size && size > ds->size)
        return OS_ERR_BAD_ARG;
    if (ds && request->dataspaces.next == &ds->link)
        return OS_ERR_DENIED; /* the request's own, which goes with it */
    leave(request);
    request->done(request, OS_OK, (enum os_control_status)status, ds ? ds->memory : NULL, size);
    return OS_OK;
}

static const struct os_control_ops ops = {
    .sigh = control_sigh, .next = control_next, .data = control_data, .answer = control_answer
};

/* ---- sessions */

static void control_close(struct core_session *session)
{
    struct core_control *control = OS_CONTAINER_OF(session, struct core_control, session);
    os_list_remove(&control->link);
    while (!os_list_empty(&control->requests))
        fail(OS_CONTAINER_OF(control->requests.next, struct core_control_request, link), OS_ERR_DEAD);
    os_cap_drop(control->handler.cap);
    os_object_fini(&control->object);
    core_session_closed(session);
}

os_err core_control_open(struct core *core, const char *label, struct core_session **session)
{
    os_control_cap cap;
    struct core_control *control = calloc(1, sizeof(*control));
    if (!control)
        return OS_ERR_NO_MEMORY;
    os_err err = os_control_object_init(&control->object, core->ep, &ops, &cap);
    if (err) {
        free(control);
        return err;
    }
    snprintf(control->label, sizeof(control->label), "%s", label);
    os_list_init(&control->requests);
    os_list_insert(&core->controls, &control->link);
    control->session.cap.cap = cap.cap;
    control->session.close = control_close;
    *session = &control->session;
    return OS_OK;
}
