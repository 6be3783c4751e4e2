/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resources.h: what a component does about its account and its parent: giving back what it can spare, signs
 * of life, and adding to a donation that turns out to be too small.
 *
 * Nothing in the library asks the parent for more by itself: an allocation that fails, fails at once. The
 * parent may let a request wait for as long as it likes, and a component whose malloc waits can neither serve
 * its clients nor give anything back. Who can wait begins os_parent_resource_request at its entrypoint.
 */
#ifndef OS_RESOURCES_H
#define OS_RESOURCES_H

#include <os/env.h>
#include <os/session.h>
#include <os/signal.h>

/* ---- giving back */

/* Memory of the component's, as long as it runs; at its main entrypoint. */
struct os_yield {
    struct os_env *env;               /* private */
    struct os_signal_handler handler; /* private */
    /*
     * The parent wants RAM bytes and CAPS back: frees what it can spare, such as caches. After this, what is
     * unused in the account is given, but for the rest that the component keeps. It is called again as long
     * as that was something and the parent still misses some.
     */
    void (*wanted)(struct os_yield *yield, uint64_t ram, uint32_t caps);
    uint64_t keep_ram; /* of what is unused, so much is never given */
    uint32_t keep_caps;
};

/*
 * Says to the parent that this component can be asked to give quota back. WANTED may be NULL: then only what
 * is unused is given, but KEEP_RAM and KEEP_CAPS. OS_ERR_CAPS, or as of calls.
 */
OS_MUST_CHECK os_err os_yield_init(struct os_yield *yield, struct os_env *env,
                                   void (*wanted)(struct os_yield *yield, uint64_t ram, uint32_t caps),
                                   uint64_t keep_ram, uint32_t keep_caps);
void os_yield_fini(struct os_yield *yield);

/* ---- signs of life */

/* Memory of the component's, as long as it runs. */
struct os_heartbeat {
    struct os_env *env;               /* private */
    struct os_signal_handler handler; /* private */
};

/*
 * From now on the main entrypoint answers when the parent asks whether the component still works, as it does
 * if the entry in the scenario has `heartbeat:`. The manifest says so with `heartbeat: true`. OS_ERR_CAPS, or
 * as of calls.
 */
OS_MUST_CHECK os_err os_heartbeat_init(struct os_heartbeat *heartbeat, struct os_env *env);
void os_heartbeat_fini(struct os_heartbeat *heartbeat);

/* ---- a donation that is too small */

/*
 * After a call to SESSION that has failed with ERR: if that is OS_ERR_RAM, adds RAM bytes to the donation, if
 * it is OS_ERR_CAPS, CAPS, and OS_OK says that the call may be made again. Otherwise ERR, or why the donation
 * cannot be added to. A server that is never satisfied would cost all of the account, so repeat once:
 *
 *     err = os_nic_setup(session.cap, size);
 *     if (err && !os_session_upgrade_after(&session.base, err, size, 2))
 *         err = os_nic_setup(session.cap, size);
 */
OS_MUST_CHECK os_err os_session_upgrade_after(struct os_session *session, os_err err, uint64_t ram,
                                              uint32_t caps);

#endif
