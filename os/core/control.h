/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h: the service Control (os/control.h): requests of people, which the platform takes from them, on
 * their way to the init that they are for. A platform that has no such people does not open sessions of it.
 */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include <os/control.h>

#include "internal.h"

/* How many requests may wait at one init. */
#define CORE_CONTROL_REQUESTS 32

struct core_control;

/* A request; memory of the platform's. Zeroed is none. */
struct core_control_request {
    struct os_list link;          /* private, like all to DATA */
    struct core_control *control; /* non-NULL while it waits for an answer */
    uint32_t id;
    int taken;
    struct os_alarm alarm;
    struct os_list dataspaces;
    os_dataspace_cap data;
    char line[OS_CONTROL_LINE];
    uint64_t size; /* bytes of data; 0: none */
    /*
     * Called once: with OS_OK, the answer's STATUS and SIZE bytes of MEMORY (NULL for none), to be copied
     * before it returns; or OS_ERR_DEADLINE, or OS_ERR_DEAD when the init has ended. May free REQUEST.
     */
    void (*done)(struct core_control_request *request, os_err err, enum os_control_status status,
                 const struct core_memory *memory, uint64_t size);
};

/* A session for who is addressed by LABEL. */
os_err core_control_open(struct core *core, const char *label, struct core_session **session);

/*
 * Allocates SIZE bytes for the data of REQUEST, at core's own expense; *MEMORY is the platform's to be
 * filled. Before core_control_submit, or else core_control_cancel frees it.
 */
OS_MUST_CHECK os_err core_control_data(struct core *core, struct core_control_request *request, uint64_t size,
                                       struct core_memory **memory);

/*
 * Passes REQUEST on to the init whose path is LABEL, which has until DEADLINE. OS_ERR_NOT_FOUND: there is
 * none that can be asked; OS_ERR_BUSY: too many wait.
 */
OS_MUST_CHECK os_err core_control_submit(struct core *core, const char *label,
                                         struct core_control_request *request, os_time deadline);

/* Nobody wants the answer any more: `done` is not called. Zeroed, answered and not submitted are fine. */
void core_control_cancel(struct core_control_request *request);

/* Whether the init has taken REQUEST, for messages about why there is no answer. */
static inline int core_control_taken(const struct core_control_request *request)
{
    return request->taken;
}

#endif
