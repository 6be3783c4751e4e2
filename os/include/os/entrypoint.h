/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entrypoint.h: where a component is reactive. An entrypoint is served by one thread; it delivers calls to
 * RPC objects, signals, ends of begun calls and time-outs, one at a time.
 */
#ifndef OS_ENTRYPOINT_H
#define OS_ENTRYPOINT_H

#include <os/types.h>
#include <os/list.h>

struct plat_ep;

/* Memory of the caller's, or in the env; private. */
struct os_entrypoint {
    struct plat_ep *plat;
    struct os_list alarms; /* of struct os_alarm, sorted by due */
    int running;           /* cleared by os_entrypoint_stop */
};

/*
 * A further entrypoint, to be served by the thread that calls os_entrypoint_run. The main one is in the env.
 * Errors: OS_ERR_HANDLES.
 */
OS_MUST_CHECK os_err os_entrypoint_init(struct os_entrypoint *ep);

/* Ends an entrypoint that is not running; its objects and handlers must be ended before. */
void os_entrypoint_fini(struct os_entrypoint *ep);

/* Serves until os_entrypoint_stop is called by one of the handlers. */
void os_entrypoint_run(struct os_entrypoint *ep);

/* Makes os_entrypoint_run return after the handler that calls this. On the entrypoint's thread. */
void os_entrypoint_stop(struct os_entrypoint *ep);

/*
 * Delivers what is due now, at most one event, and waits for one until DEADLINE; a deadline of 0 does not
 * wait. Non-zero if something was delivered. For components that have a main loop of their own, such as a
 * driver whose library wants to be polled. On the entrypoint's thread, and not from a handler.
 */
int os_entrypoint_step(struct os_entrypoint *ep, os_time deadline);

/*
 * A one-shot alarm on the monotonic clock, for the few components that time is made of: the timer server and
 * init. All others use the Timer service (timer.h), so that a scenario decides who can wake up, and tests
 * whose time it is. Memory of the caller's; zeroed is not set.
 */
struct os_alarm {
    struct os_list link;
    os_time due;
    void (*handle)(struct os_alarm *alarm); /* called once, at the entrypoint; may set it again or free it */
};

/* Calls handle at DUE or soon after; replaces what was set. OS_NEVER clears. On the entrypoint's thread. */
void os_alarm_set(struct os_entrypoint *ep, struct os_alarm *alarm, os_time due);
void os_alarm_clear(struct os_alarm *alarm);

#endif
