/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap.c: the service Pcap (os/pcap.h): which links are wanted, and copies of their frames for capture.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <os/session.h>

#include "capture.h"
#include "internal.h"

struct pcap_session {
    struct core_session session;
    struct os_object object;
    struct os_list link; /* of sessions */
    os_signal_cap handler;
    char prefix[OS_LABEL_MAX]; /* "inner -> ": of the links that it has, towards the whole system */
    int told, settled; /* at the end of the system: it knows that nobody wants anything; it has put all */
};

static struct os_list sessions = { &sessions, &sessions };
static int ending;

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

/*
 * PATTERN, which is for labels as the whole system knows them, for those of a component whose links all have
 * the label PREFIX before their own; NULL if it is for none of them.
 */
static const char *pattern_within(const char *pattern, const char *prefix)
{
    static const char separator[] = " -> ";
    size_t len = strlen(pattern), prefix_len = strlen(prefix), gap = sizeof(separator) - 1;
    if (!strncmp(pattern, prefix, prefix_len))
        return pattern + prefix_len;
    if (*pattern == '*')
        return pattern;
    /* "inner -> *" is for "inner -> deeper -> link", too */
    if (len > gap && pattern[len - 1] == '*' && !memcmp(pattern + len - 1 - gap, separator, gap) &&
        !strncmp(pattern, prefix, len - 1))
        return "*";
    return NULL;
}

static os_err pcap_wish(struct os_rpc *rpc, uint32_t index, uint32_t *id, char (*link)[OS_LABEL_MAX])
{
    struct pcap_session *pcap = pcap_of(rpc);
    const struct capture *capture;
    const char *pattern = NULL;
    pcap->told |= ending && !index; /* else it has read others before, and comes again */
    for (uint32_t i = 0; !ending && (capture = capture_at(i)); i++) {
        pattern = pattern_within(capture_link(capture), pcap->prefix);
        if (pattern && !index--)
            break;
        pattern = NULL;
    }
    if (!pattern)
        return OS_ERR_NOT_FOUND;
    *id = capture_id(capture);
    snprintf(*link, sizeof(*link), "%s", pattern);
    return OS_OK;
}

/* The component can write to its memory meanwhile: what is looked at is a copy. */
static os_err pcap_put(struct os_rpc *rpc, uint32_t id, const char *label, os_dataspace_cap data,
                       uint64_t offset, uint32_t size, uint64_t dropped)
{
    static uint8_t copy[OS_PCAP_BATCH];
    struct pcap_session *pcap = pcap_of(rpc);
    struct capture *capture = capture_find(id);
    char whole[OS_LABEL_MAX];
    int writable;
    const struct core_ds *ds = core_ds_of(pcap->session.core, data, &writable);
    if (!ds)
        return OS_ERR_BAD_CAP;
    if (size > sizeof(copy) || offset > ds->size || size > ds->size - offset)
        return OS_ERR_BAD_ARG;
    if (!capture)
        return OS_ERR_NOT_FOUND;
    if (pread(linux_memory_fd(ds->memory), copy, size, (off_t)offset) != (ssize_t)size)
        return OS_ERR_IO;
    if (snprintf(whole, sizeof(whole), "%s%s", pcap->prefix, label) >= (int)sizeof(whole))
        return OS_ERR_TOO_LARGE;
    return capture_put(capture, whole, copy, size, dropped);
}

static os_err pcap_settled(struct os_rpc *rpc)
{
    struct pcap_session *pcap = pcap_of(rpc);
    pcap->settled = pcap->told;
    return OS_OK;
}

static const struct os_pcap_ops ops = {
    .sigh = pcap_sigh, .wish = pcap_wish, .put = pcap_put, .settled = pcap_settled
};

/* ---- sessions */

/* The client has ended, and so has init, which would close the session. */
static void client_gone(struct os_object *object)
{
    OS_CONTAINER_OF(object, struct pcap_session, object)->settled = 1;
}

static void pcap_close(struct core_session *session)
{
    struct pcap_session *pcap = OS_CONTAINER_OF(session, struct pcap_session, session);
    os_cap_drop(pcap->handler.cap);
    os_object_fini(&pcap->object);
    os_list_remove(&pcap->link);
    core_session_closed(session);
}

os_err linux_pcap_open(struct core *core, const char *label, struct core_session **session)
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
    snprintf(pcap->prefix, sizeof(pcap->prefix), "%.*s", (int)(os_label_last(label) - label), label);
    pcap->object.last_holder = client_gone;
    capture_changed = tell_all;
    os_list_insert(&sessions, &pcap->link);
    pcap->session.cap.cap = cap.cap;
    pcap->session.close = pcap_close;
    *session = &pcap->session;
    return OS_OK;
}

static int all_settled(void)
{
    OS_LIST_FOR_EACH (link, &sessions) {
        const struct pcap_session *pcap = OS_CONTAINER_OF(link, struct pcap_session, link);
        if (pcap->handler.cap.id && !pcap->settled)
            return 0;
    }
    return 1;
}

void linux_pcap_end(os_time patience)
{
    os_time until = os_clock_now() + patience;
    if (!capture_at(0))
        return;
    ending = 1;
    tell_all();
    while (!all_settled() && !linux_core.spawner_lost && os_clock_now() < until)
        os_entrypoint_step(&linux_core.ep, until);
    if (!all_settled())
        linux_say("the last frames are not in the captures: who has them did not answer");
}
