/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * platform.h: the one interface between the library in os/ and the kernel beneath it. A new kernel is a new
 * base-* folder that implements these functions, and nothing else changes.
 *
 * Threads: functions on a plat_ep are called by the thread that serves it; all others by any thread. None of
 * these functions calls back into os/. Errors are os_err; a function that fails has no effect.
 */
#ifndef OS_PLATFORM_PLATFORM_H
#define OS_PLATFORM_PLATFORM_H

#include <os/types.h>
#include <os/rpc.h>
#include <os/signal.h>
#include <os/dataspace.h>

/* ---- capabilities
 * ------------------------------------------------------------------------------------------------ */

/* Counts one more, one less handle on a capability. The id 0 is ignored. */
void plat_cap_ref(struct os_cap cap);
void plat_cap_unref(struct os_cap cap);

/* ---- calls
 * -------------------------------------------------------------------------------------------------------- */

/*
 * Sends the request MSG to the object that CAP stands for, waits for the reply and writes it over MSG. The
 * capabilities of the request stay the caller's; those of the reply become the caller's. Returns what went
 * wrong on the way (OS_ERR_DEAD, _REVOKED, _BAD_CAP, _DEADLINE, _HANDLES, _CAPS, _IN_FLIGHT); the server's
 * own result is in MSG->err. A reply that comes after the deadline is dropped with its capabilities.
 */
os_err plat_call(struct os_cap cap, struct os_msg *msg, os_time deadline);

struct plat_ep;

/*
 * Begins the same call; a PLAT_REPLY event with KEY follows at EP unless plat_call_cancel comes first. A
 * failure here means that no event follows.
 */
os_err plat_call_begin(struct plat_ep *ep, struct os_cap cap, struct os_msg *msg, os_time deadline, void *key,
                       struct plat_call **call);
void plat_call_cancel(struct plat_call *call);

/*
 * Begins a call that nobody answers: PLAT_REPLY with KEY follows at EP when the object is revoked
 * (OS_ERR_REVOKED) or its server has ended (OS_ERR_DEAD), and not before. The server is not asked and pays
 * nothing. Any number for one capability; OS_ERR_BUSY when the client watches too many objects of one server.
 */
os_err plat_watch_begin(struct plat_ep *ep, struct os_cap cap, void *key, struct plat_call **call);

/* ---- entrypoints
 * -------------------------------------------------------------------------------------------------- */

enum plat_event_kind {
    PLAT_NONE,        /* the deadline of plat_ep_wait has passed, or there is nothing to deliver yet */
    PLAT_CALL,        /* a request for object KEY is in MSG; answer it once with plat_reply(token) */
    PLAT_LAST_HOLDER, /* the last capability to object KEY is gone; once per object */
    PLAT_SIGNAL,      /* context KEY was signalled, at least once */
    PLAT_REPLY, /* call or watch KEY has ended: ERR as of plat_call, the reply in MSG; its plat_call is gone
                 */
};

struct plat_event {
    enum plat_event_kind kind;
    void *key;         /* as given when the object, context or call was made */
    uint64_t token[2]; /* PLAT_CALL */
    os_err err;        /* PLAT_REPLY */
};

os_err plat_ep_create(struct plat_ep **ep);
void plat_ep_destroy(struct plat_ep *ep);

/*
 * Waits for the next event, until DEADLINE (0: do not wait). MSG receives the message of PLAT_CALL and
 * PLAT_REPLY, its capabilities become the caller's. Events of one source do not starve those of another.
 */
void plat_ep_wait(struct plat_ep *ep, os_time deadline, struct plat_event *event, struct os_msg *msg);

/*
 * Answers a PLAT_CALL. The capabilities of MSG stay the caller's. A client that is gone, or does not take its
 * replies, loses the reply; the server never waits.
 */
void plat_reply(struct plat_ep *ep, const uint64_t token[2], struct os_msg *msg);

/*
 * Makes an object that is served at EP under KEY, and the first capability to it, owned by the caller. If
 * WATCH_HOLDERS is changed to non-zero later (plat_object_watch), PLAT_LAST_HOLDER is reported.
 */
os_err plat_object_create(struct plat_ep *ep, void *key, struct plat_object **object, struct os_cap *cap);
void plat_object_watch(struct plat_object *object);

/* Revokes all capabilities to the object. No event of this key is delivered afterwards. */
void plat_object_destroy(struct plat_object *object);

/* Key of the object at EP that CAP stands for, or NULL if it is none of this entrypoint's. */
void *plat_object_find(struct plat_ep *ep, struct os_cap cap);

/* ---- signals
 * ------------------------------------------------------------------------------------------------------ */

os_err plat_signal_create(struct plat_ep *ep, void *key, struct plat_signal **signal, struct os_cap *cap);
void plat_signal_destroy(struct plat_signal *signal);
void plat_signal_submit(struct os_cap cap);

/* ---- memory
 * ------------------------------------------------------------------------------------------------------- */

/*
 * Attaches SIZE bytes (0: all) from OFFSET, a multiple of OS_PAGE_SIZE, of dataspace DS, at any address. *AT
 * is the address, *ATTACHED the size. WRITABLE on a read-only dataspace is OS_ERR_DENIED. Others:
 * OS_ERR_BAD_CAP, _RAM (page tables), _BAD_ARG (range).
 */
os_err plat_attach(struct os_cap ds, uint64_t offset, uint64_t size, int writable, void **at,
                   uint64_t *attached);
void plat_detach(void *at, uint64_t size);

/* ---- threads, blocking
 * -------------------------------------------------------------------------------------------- */

struct plat_thread;
os_err plat_thread_create(void (*entry)(void *arg), void *arg, size_t stack, struct plat_thread **thread);
/* Waits until the thread's entry has returned, and frees it. */
void plat_thread_join(struct plat_thread *thread);

/* Blocks while *WORD is EXPECTED, until woken, the deadline, or for no reason. */
void plat_block(_Atomic uint32_t *word, uint32_t expected, os_time deadline);
/* Wakes up to COUNT threads that block on WORD. */
void plat_wake(_Atomic uint32_t *word, uint32_t count);

/* ---- clock, console, end
 * ------------------------------------------------------------------------------------------ */

os_time plat_clock(void);

/*
 * The processor that the caller runs on just now, or PLAT_NO_CPU where that is not known. For guesses only:
 * it may be another one at once.
 */
#define PLAT_NO_CPU UINT32_MAX
uint32_t plat_cpu(void);

/* Last resort for output when there is no LOG session: LEN bytes, kept short. */
void plat_console(const char *text, size_t len);

/* Ends the component. */
void plat_exit(int status) __attribute__((noreturn));

#endif
