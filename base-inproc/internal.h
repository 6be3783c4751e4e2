/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * internal.h: what the parts of the one-process platform know of each other. Everything here is touched by
 * the running thread only, so nothing needs a lock but the choice of the running thread itself (sched.c).
 */
#ifndef INPROC_INTERNAL_H
#define INPROC_INTERNAL_H

#include <inproc/inproc.h>
#include <platform/platform.h>

#include "host.h"

/* Says what the test did wrong, and ends it. */
void inproc_stop(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* One line about the test, where it is seen whatever is caught. */
void inproc_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *inproc_zalloc(size_t size);

/* ---- holders (caps.c): who holds how many handles; a component, the mock parent, or the test itself */

struct holder {
    struct os_list link;
    int32_t *counts; /* by slot; can be negative, for a handle may be dropped by another holder's thread */
    uint32_t slots;
    uint32_t regions;                   /* attachments */
    struct inproc_component *component; /* NULL for the test and the mock parent */
};

extern struct holder holder_test, holder_mock;

void holder_init(struct holder *holder, struct inproc_component *component);
/* Drops all that the holder has, as the end of a process does. */
void holder_fini(struct holder *holder);
int64_t holder_caps(const struct holder *holder);

/* ---- targets (caps.c): what capabilities stand for */

enum target_kind { TARGET_OBJECT, TARGET_SIGNAL };

struct target {
    enum target_kind kind;
    uint32_t id;         /* of its capabilities */
    uint32_t count;      /* handles */
    int ended;           /* destroyed; freed when count is 0 */
    struct plat_ep *ep;  /* NULL when gone */
    struct os_list link; /* in ep */
    struct inproc_component *paid_by;
};

struct os_cap target_add(struct target *target, enum target_kind kind);
void target_end(struct target *target);
/* NULL for no valid capability. */
struct target *target_of(struct os_cap cap);
/* HOLDER NULL: a message under way. */
void target_ref(struct target *target, struct holder *holder);
void target_unref(struct target *target, struct holder *holder);

/* Handles of a message: into it, out of it to HOLDER, or dropped. */
os_err message_ref(const struct os_msg *msg);
void message_take(const struct os_msg *msg, struct holder *holder);
void message_drop(struct os_msg *msg);
void message_copy(struct os_msg *to, const struct os_msg *from);

/* ---- threads and time (sched.c) */

enum wake { WAKE_EVENT, WAKE_TIME, WAKE_DEADLOCK, WAKE_KILL };

struct plat_thread {
    struct host_thread *host;
    struct os_list link;  /* of all threads */
    struct os_list ready; /* in the queue of those that can run */
    const void *channel;  /* waits for an event here, NULL when it does not wait */
    const char *why;      /* what it waits for, for messages */
    os_time deadline;     /* of the wait */
    uint64_t since;       /* order in which waits began */
    enum wake wake;       /* what ended the wait */
    int calling, killed, ended, outside;
    int known; /* the test's thread, after its first call */
    void (*entry)(void *arg);
    void *arg;
    struct holder *holder;
};

struct plat_thread *sched_self(void);
/* Waits for sched_wake(CHANNEL). A thread that was killed meanwhile must call sched_leave. */
enum wake sched_wait(const void *channel, const char *why, os_time deadline, int calling);
void sched_wake(const void *channel, uint32_t count);
void sched_leave(void) __attribute__((noreturn));
struct plat_thread *sched_start(void (*entry)(void *arg), void *arg, size_t stack, struct holder *holder);
/* Ends a thread where it waits, and frees it. */
void sched_kill(struct plat_thread *thread);
/* Ends all threads of HOLDER but the calling one. */
void sched_kill_holder(struct holder *holder);

/* Something that is due at a point of time; fire runs while no thread does, and must not wait. */
struct alarm {
    struct os_list link;
    os_time at;
    void (*fire)(struct alarm *alarm);
};
void alarm_set(struct alarm *alarm, os_time at);
void alarm_clear(struct alarm *alarm);

/* ---- entrypoints (ep.c) */

/* Something that has happened at an entrypoint, a member of what it happened to. */
struct item {
    struct os_list link; /* in plat_ep.events */
    enum plat_event_kind kind;
};

struct plat_ep {
    struct os_list link;    /* of all entrypoints */
    struct os_list events;  /* of struct item, in the order in which they happened */
    struct os_list served;  /* requests that were delivered and are not answered */
    struct os_list calls;   /* of struct plat_call: begun here */
    struct os_list targets; /* objects and signal contexts */
    int dead;
    struct holder *holder;      /* whose objects these are */
    struct plat_thread *thread; /* started by inproc_serve, else NULL */
};

struct plat_object {
    struct target target;
    void *key;
    int watched, told;
    os_err gone;            /* what callers get when target.ep is NULL */
    struct os_list watches; /* of struct plat_call.watch_link */
    struct item last_holder;
    struct inproc_memory *memory; /* when it is a dataspace */
    int writable;
};

/* An object was made or has ended that its component pays for (env.c). */
os_err component_charge_cap(struct inproc_component *component);
void component_refund_cap(struct inproc_component *component);

/* No handle is left. */
void target_unused(struct target *target);
void ep_kill(struct plat_ep *ep);
/* Ends all entrypoints of HOLDER. What their capabilities stood for is kept for ever, as dead as it is: it is
 * what refers to the component's memory, which is not lost then but gone with its owner. */
void ep_kill_holder(struct holder *holder);
uint32_t ep_targets(const struct holder *holder);

/* ---- memory (memory.c) */

void memory_unbind(struct inproc_memory *memory);
void memory_detach_holder(struct holder *holder);
os_err memory_write(struct inproc_memory *memory, const void *data, size_t size);

/* ---- faults (fault.c): the error that is due for KIND, or OS_OK */
os_err fault_take(enum inproc_fault kind);

/* ---- output (env.c) */
void component_log(struct inproc_component *component, const char *text, size_t len);
void component_exited(struct inproc_component *component, int status);

#endif
