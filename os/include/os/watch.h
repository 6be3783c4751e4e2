/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h: learning that a server is gone without calling it. Who calls learns it from the call; a client
 * that waits for signals of a server, such as an application of its gui, would wait for ever without a watch.
 */
#ifndef OS_WATCH_H
#define OS_WATCH_H

#include <os/rpc.h>

/*
 * Whether ERR says that what was called is no more. A call may be the first to say so; the watch follows, so
 * that one place of a component has to deal with it.
 */
static inline int os_err_is_gone(os_err err)
{
    return err == OS_ERR_DEAD || err == OS_ERR_REVOKED;
}

/* Memory of the caller's; zeroed means that nothing is watched. All on the entrypoint's thread. */
struct os_watch {
    struct os_call call; /* private */
    void (*gone)(struct os_watch *watch);
    /*
     * In gone: OS_ERR_DEAD when the server has ended, OS_ERR_REVOKED when it ended the object only; anything
     * else when nothing is known but that the server can no longer tell, as OS_ERR_HANDLES.
     */
    os_err why;
};

/*
 * Calls GONE at EP, once, when the object of CAP is no more; GONE may begin the watch anew or free it. The
 * server does nothing for it and pays nothing. CAP stays the caller's. An object that is gone already is told
 * in the same way, or is an error at once. Errors: as of a call that is begun; OS_ERR_BUSY when this
 * component watches more than 8 objects that one server gave out itself.
 */
OS_MUST_CHECK os_err os_watch_begin(struct os_watch *watch, struct os_entrypoint *ep, struct os_cap cap,
                                    void (*gone)(struct os_watch *watch));

/* Ends the watch, gone will not be called; nothing happens when it has ended. */
void os_watch_cancel(struct os_watch *watch);

#endif
