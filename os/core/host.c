/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c: the Host service: what display drivers may ask of the machine. They write no files: core does, of
 * what is in a dataspace, to where the user said. And the end of the system, when the user or a driver wants
 * it: after the picture that the user is to have, which is asked of the drivers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/host.h>

#include "internal.h"

#define SAVE_MAX OS_MIB(512)

struct host_session {
    struct core_session session;
    struct os_object object;
    struct os_list link; /* of core->hosts */
    os_signal_cap shot_sigh;
};

static struct host_session *host_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct host_session, object);
}

/* ---- the end, and the picture before */

static void end_shot(struct core *core, const char *error)
{
    os_time patience;
    if (!core->shot_asked)
        return;
    core->shot_asked = 0;
    os_alarm_clear(&core->shot_alarm);
    core_plat_shot_ended(error);
    core_plat_end(error && core_plat_shot(&patience) == CORE_SHOT_WANTED ? 1 : core->shot_status);
}

static void shot_late(struct os_alarm *alarm)
{
    end_shot(OS_CONTAINER_OF(alarm, struct core, shot_alarm), "no display driver has answered");
}

static void ask_for_shot(struct core *core, os_time patience)
{
    core->shot_asked = 1;
    if (os_list_empty(&core->hosts)) {
        end_shot(core, "no display driver is running");
        return;
    }
    core->shot_alarm.handle = shot_late;
    os_alarm_set(core->ep, &core->shot_alarm, os_clock_now() + patience);
    OS_LIST_FOR_EACH (link, &core->hosts)
        os_signal_submit(OS_CONTAINER_OF(link, struct host_session, link)->shot_sigh);
}

void core_end_in_order(struct core *core)
{
    os_time patience;
    enum core_shot shot = core_plat_shot(&patience);
    /* who asks twice is in a hurry */
    if (core->end_asked++ || shot == CORE_SHOT_NONE ||
        (shot == CORE_SHOT_POSSIBLE && os_list_empty(&core->hosts)))
        core_plat_end(0);
    else
        ask_for_shot(core, patience);
}

/* ---- operations */

static os_err host_quit(struct os_rpc *rpc, int32_t status)
{
    struct core *core = host_of(rpc)->session.core;
    os_time patience;
    if (core_plat_shot(&patience) == CORE_SHOT_WANTED) {
        core->shot_status = status & 0xff;
        core_end_in_order(core);
    } else {
        core_plat_end(status & 0xff);
    }
    return OS_OK;
}

static os_err host_shot_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct host_session *host = host_of(rpc);
    os_cap_drop(host->shot_sigh.cap);
    host->shot_sigh.cap = os_cap_copy(handler.cap);
    /* it was asked for before there was anybody to ask */
    if (host->session.core->shot_asked)
        os_signal_submit(handler);
    return OS_OK;
}

/*
 * Pictures only, whatever a driver calls them: the folder is the user's, who may have sources and programs
 * there that a driver must not replace.
 */
static int picture_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = strlen(name);
    return len > 4 && *name != '.' && strspn(name, allowed) == len && !strcmp(name + len - 4, ".png");
}

static os_err host_save(struct os_rpc *rpc, const char *name, os_dataspace_cap cap, uint64_t size)
{
    struct core *core = host_of(rpc)->session.core;
    int writable, is_shot = !strcmp(name, "shot");
    char why[512];
    struct core_ds *ds = core_ds_of(core, cap, &writable);
    if (!ds)
        return OS_ERR_BAD_CAP;
    if (size > ds->size || size > SAVE_MAX || (!is_shot && !picture_name(name)))
        return OS_ERR_BAD_ARG;
    snprintf(why, sizeof(why), "it cannot be saved");
    os_err err = core_plat_save(is_shot ? NULL : name, ds->memory, size, &why);
    if (is_shot)
        end_shot(core, err ? why : NULL);
    return err;
}

static os_err host_failed(struct os_rpc *rpc, const char *name, const char *text)
{
    if (!strcmp(name, "shot"))
        end_shot(host_of(rpc)->session.core, text);
    return OS_OK;
}

static const struct os_host_ops ops = {
    .quit = host_quit, .shot_sigh = host_shot_sigh, .save = host_save, .failed = host_failed
};

/* ---- sessions */

static void host_close(struct core_session *session)
{
    struct host_session *host = OS_CONTAINER_OF(session, struct host_session, session);
    struct core *core = session->core;
    os_cap_drop(host->shot_sigh.cap);
    os_object_fini(&host->object);
    os_list_remove(&host->link);
    core_session_closed(session);
    /* one that ends instead of answering would so again */
    if (os_list_empty(&core->hosts))
        end_shot(core, "the display driver has ended");
}

os_err core_host_open(struct core *core, struct core_session **session)
{
    struct host_session *host = calloc(1, sizeof(*host));
    if (!host)
        return OS_ERR_NO_MEMORY;
    os_host_cap cap;
    os_err err = os_host_object_init(&host->object, core->ep, &ops, &cap);
    if (err) {
        free(host);
        return err;
    }
    os_list_insert(&core->hosts, &host->link);
    host->session.cap.cap = cap.cap;
    host->session.close = host_close;
    *session = &host->session;
    return OS_OK;
}
