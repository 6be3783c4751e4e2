/* SPDX-License-Identifier: BSD-2-Clause */
/* types.h: errors, capability handles, time and sizes that all public headers share. */
#ifndef OS_TYPES_H
#define OS_TYPES_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Errors. A function that can fail returns an os_err: 0 is success, 1 to 255 are the closed list below, 256
 * and above belong to the interface that was called (OS_RPC_ERRORS). Nothing is written through
 * out-parameters when a function fails. The list is one macro, so that names and texts cannot drift apart.
 */
typedef int32_t os_err;

#define OS_ERRORS(E)                                                                                         \
    E(DEAD, 1, "the peer is gone")                                                                           \
    E(REVOKED, 2, "the capability was revoked")                                                              \
    E(DENIED, 3, "not allowed")                                                                              \
    E(WRONG_KIND, 4, "the capability is of another kind or version of the interface")                        \
    E(BAD_CAP, 5, "no valid capability")                                                                     \
    E(BAD_ARG, 6, "bad argument")                                                                            \
    E(BAD_MSG, 7, "malformed message")                                                                       \
    E(NO_OP, 8, "the interface has no such operation")                                                       \
    E(TOO_LARGE, 9, "too large")                                                                             \
    E(RAM, 10, "ram quota used up")                                                                          \
    E(CAPS, 11, "caps quota used up")                                                                        \
    E(HANDLES, 12, "no free descriptor")                                                                     \
    E(IN_FLIGHT, 13, "too many descriptors in flight")                                                       \
    E(THREADS, 14, "no more threads allowed")                                                                \
    E(DEADLINE, 15, "the deadline has passed")                                                               \
    E(CANCELLED, 16, "cancelled")                                                                            \
    E(DEADLOCK, 17, "waiting for an answer that cannot come")                                                \
    E(NO_SERVICE, 18, "no route to such a service")                                                          \
    E(NOT_FOUND, 19, "not found")                                                                            \
    E(EXISTS, 20, "exists already")                                                                          \
    E(BUSY, 21, "busy")                                                                                      \
    E(IO, 22, "input/output error")                                                                          \
    E(NO_SPACE, 23, "no space left on the device")                                                           \
    E(NO_MEMORY, 24, "the host is out of memory")                                                            \
    E(UNSUPPORTED, 25, "not supported here")                                                                 \
    E(REFUSED, 26, "nobody listens there")                                                                   \
    E(UNREACHABLE, 27, "no way to that address")

enum {
    OS_OK = 0,
#define OS_ERROR_ENUM(name, value, text) OS_ERR_##name = value,
    OS_ERRORS(OS_ERROR_ENUM)
#undef OS_ERROR_ENUM
        OS_ERR_LAST = OS_ERR_UNREACHABLE, /* of the list */
    /* first code of an interface's own range, which ends at OS_ERR_INTERFACE_LAST */
    OS_ERR_INTERFACE = 256,
    OS_ERR_INTERFACE_LAST = 511,
    /* not an error: a handler returns it after os_reply_keep(), see rpc.h */
    OS_REPLY_LATER = -1,
};

/* Short English text of an error; a constant, never NULL. Codes of an interface give "error of the
 * interface". */
const char *os_err_text(os_err err);

/* Name of an error as in the list above ("RAM"), "OK" for 0; a constant, never NULL. */
const char *os_err_name(os_err err);

#define OS_MUST_CHECK __attribute__((warn_unused_result))

/* Points of the monotonic clock, and spans of it, in nanoseconds. */
typedef uint64_t os_time;
#define OS_NEVER UINT64_MAX
#define OS_US    UINT64_C(1000)
#define OS_MS    UINT64_C(1000000)
#define OS_SEC   UINT64_C(1000000000)

/* The monotonic clock now. Any thread. */
os_time os_clock_now(void);

#define OS_KIB(n) ((uint64_t)(n)*1024)
#define OS_MIB(n) ((uint64_t)(n)*1024 * 1024)

/* Granularity of dataspaces and attachments, in bytes, the same on every platform. */
#define OS_PAGE_SIZE 4096u

/* SIZE bytes in whole pages, of which nothing has none; SIZE is at most a page below what 64 bits can hold.
 */
static inline uint64_t os_page_up(uint64_t size)
{
    return (size + OS_PAGE_SIZE - 1) & ~(uint64_t)(OS_PAGE_SIZE - 1);
}

#define OS_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The structure that contains MEMBER at address PTR. */
#define OS_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/*
 * A capability handle: a name that is valid in this protection domain only, 0 for none. The typed handles
 * that OS_RPC_INTERFACE declares wrap it, so that one kind cannot be passed where another is expected.
 * Handles are counted: each os_cap_copy, and each capability received as a result, is dropped once with
 * os_cap_drop.
 */
struct os_cap {
    uint32_t id;
};

#define OS_NO_CAP ((struct os_cap){ 0 })

/* Declares the handle type NAME_cap for a kind of capability that is no RPC interface. */
#define OS_CAP_TYPE(name)                                                                                    \
    typedef struct name##_cap {                                                                              \
        struct os_cap cap;                                                                                   \
    } name##_cap;

/* A capability whose interface is known by context only, as of a session that is being handed on. */
OS_CAP_TYPE(os_any)

/* Another handle on the same object: the same id, counted once more. Any thread. */
struct os_cap os_cap_copy(struct os_cap cap);

/* Gives one count back; OS_NO_CAP is fine. Any thread. */
void os_cap_drop(struct os_cap cap);

#endif
