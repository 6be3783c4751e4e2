/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap.c: the service Pcap (os/pcap.h): which links are wanted, and copies of their frames for capture.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "internal.h"

struct pcap_session {
    struct core_session session;
    struct os_object object;
    struct os_list link; /* of sessions */
    os_signal_cap handler;
};

static struct os_list sessions = { &sessions, &sessions };

static struct pcap_session *pcap_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct pcap_session, object);
}

static void tell_all(void)
{
    OS_LIST_FOR_EACH (link, &sessions)
        os_signal_submit(OS_CONTAINER_OF(link, struct pcap_session, link)->handler);
}

static os_err pcap_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct pcap_session *pcap = pcap_of(rpc);
    os_cap_drop(pcap->handler.cap);
    pcap->handler.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

static os_err pcap_wish(struct os_rpc *rpc, uint32_t index, uint32_t *id, char (*link)[OS_LABEL_MAX])
{
    const struct capture *capture = capture_at(index);
    if (!capture)
        return OS_ERR_NOT_FOUND;
    *id = capture_id(capture);
    snprintf(*link, sizeof(*link), "%s", capture_link(capture));
    return OS_OK;
}

/* The component can write to its memory meanwhile: what is looked at is a copy. */
static os_err pcap_put(struct os_rpc *rpc, uint32_t id, const char *label, os_dataspace_cap data,
                       uint64_t offset, uint32_t size, uint64_t dropped)
{
    static uint8_t copy[OS_PCAP_BATCH];
    struct capture *capture = capture_find(id);
    int writable;
    const struct core_ds *ds = core_ds_of(pcap_of(rpc)->session.core, data, &writable);
    if (!ds)
        return OS_ERR_BAD_CAP;
    if (size > sizeof(copy) || offset > ds->size || size > ds->size - offset)
        return OS_ERR_BAD_ARG;
    if (!capture)
        return OS_ERR_NOT_FOUND;
    if (pread(linux_memory_fd(ds->memory), copy, size, (off_t)offset) != (ssize_t)size)
        return OS_ERR_IO;
    return capture_put(capture, label, copy, size, dropped);
}

static const struct os_pcap_ops ops = { .sigh = pcap_sigh, .wish = pcap_wish, .put = pcap_put };

static void pcap_close(struct core_session *session)
{
    struct pcap_session *pcap = OS_CONTAINER_OF(session, struct pcap_session, session);
    os_cap_drop(pcap->handler.cap);
    os_object_fini(&pcap->object);
    os_list_remove(&pcap->link);
    core_session_closed(session);
}

os_err linux_pcap_open(struct core *core, struct core_session **session)
{
    os_pcap_cap cap;
    struct pcap_session *pcap = calloc(1, sizeof(*pcap));
    if (!pcap)
        return OS_ERR_NO_MEMORY;
    os_err err = os_pcap_object_init(&pcap->object, core->ep, &ops, &cap);
    if (err) {
        free(pcap);
        return err;
    }
    capture_changed = tell_all;
    os_list_insert(&sessions, &pcap->link);
    pcap->session.cap.cap = cap.cap;
    pcap->session.close = pcap_close;
    *session = &pcap->session;
    return OS_OK;
}
