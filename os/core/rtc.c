/* SPDX-License-Identifier: BSD-2-Clause */
/* rtc.c: the service Rtc: the machine's own clock, to be looked at. Whose clock it is sets it; nobody here.
 */
#include <stdlib.h>

#include <os/rtc.h>

#include "internal.h"

struct rtc_session {
    struct core_session session;
    struct os_object object;
};

static os_err rtc_now(struct os_rpc *rpc, struct os_rtc_time *now)
{
    int64_t us;
    (void)rpc;
    os_err err = core_plat_rtc(&us);
    if (!err && (us < 0 || us > OS_RTC_MAX))
        err = OS_ERR_NOT_FOUND; /* a machine that does not know, and says something */
    if (!err)
        *now = (struct os_rtc_time){ .us = us, .source = OS_RTC_PLATFORM };
    return err;
}

static os_err rtc_set(struct os_rpc *rpc, int64_t us)
{
    (void)rpc;
    (void)us;
    return OS_ERR_DENIED;
}

/* It is never signalled. */
static os_err rtc_set_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    (void)rpc;
    (void)handler;
    return OS_OK;
}

static const struct os_rtc_ops ops = { .now = rtc_now, .set = rtc_set, .set_sigh = rtc_set_sigh };

static void rtc_close(struct core_session *session)
{
    struct rtc_session *rtc = OS_CONTAINER_OF(session, struct rtc_session, session);
    os_object_fini(&rtc->object);
    core_session_closed(session);
}

os_err core_rtc_open(struct core *core, struct core_session **session)
{
    struct rtc_session *rtc = calloc(1, sizeof(*rtc));
    if (!rtc)
        return OS_ERR_NO_MEMORY;
    os_rtc_cap cap;
    os_err err = os_rtc_object_init(&rtc->object, core->ep, &ops, &cap);
    if (err) {
        free(rtc);
        return err;
    }
    rtc->session.cap.cap = cap.cap;
    rtc->session.close = rtc_close;
    *session = &rtc->session;
    return OS_OK;
}
