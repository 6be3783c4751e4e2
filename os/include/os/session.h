/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h: opening sessions at services, and offering a service through a root.
 *
 * A header that declares the interface of a service declares its session type too:
 *
 *     OS_RPC_INTERFACE(hello, HELLO_RPC)
 *     OS_SESSION(hello, "Hello", OS_KIB(16), 4)
 *
 * which gives, with that default donation,
 *
 *     struct hello_session { hello_cap cap; ... };
 *     os_err hello_open(struct os_env *, const char *label, const char *args, struct hello_session *);
 *     void hello_close(struct hello_session *);
 */
#ifndef OS_SESSION_H
#define OS_SESSION_H

#include <os/env.h>

/* An open session. Zeroed means closed. */
struct os_session {
    struct os_env *env;
    uint32_t id;    /* towards the parent */
    os_any_cap cap; /* owned */
};

/*
 * Requests a session of SERVICE. LABEL says what of it is wanted ("" if there is nothing to say), ARGS are
 * "key=value,..." ("" for none), RAM (bytes) and CAPS are donated. Waits for the answer. Errors as of
 * os_parent_session. Any thread.
 */
OS_MUST_CHECK os_err os_session_open(struct os_env *env, const char *service, const char *label,
                                     const char *args, uint64_t ram, uint32_t caps,
                                     struct os_session *session);

/* Adds to the donation, as after OS_ERR_RAM or OS_ERR_CAPS of a call. */
OS_MUST_CHECK os_err os_session_upgrade(struct os_session *session, uint64_t ram, uint32_t caps);

/* Closes the session, drops its capability; the donation is back in the account. Zeroed is fine. */
void os_session_close(struct os_session *session);

#define OS_SESSION(I, SERVICE, RAM, CAPS)                                                                    \
    struct I##_session {                                                                                     \
        I##_cap cap; /* borrowed from base */                                                                \
        struct os_session base;                                                                              \
    };                                                                                                       \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_open_with(struct os_env *env, const char *label,        \
                                                               const char *args, uint64_t ram,               \
                                                               uint32_t caps, struct I##_session *session)   \
    {                                                                                                        \
        os_err os_e = os_session_open(env, SERVICE, label, args, ram, caps, &session->base);                 \
        if (!os_e)                                                                                           \
            session->cap.cap = session->base.cap.cap;                                                        \
        return os_e;                                                                                         \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_open(struct os_env *env, const char *label,             \
                                                          const char *args, struct I##_session *session)     \
    {                                                                                                        \
        return I##_open_with(env, label, args, RAM, CAPS, session);                                          \
    }                                                                                                        \
    OS_UNUSED static inline void I##_close(struct I##_session *session)                                      \
    {                                                                                                        \
        os_session_close(&session->base);                                                                    \
        session->cap.cap = OS_NO_CAP;                                                                        \
    }

/* ---- offering a service
 * --------------------------------------------------------------------------------------- */

/*
 * The account of one session at a server: what its client has donated and what the server has allocated for
 * it. A server charges here before it allocates, so that clients pay for themselves.
 */
struct os_quota {
    uint64_t ram, ram_used; /* bytes */
    uint32_t caps, caps_used;
};

/* Charges, or OS_ERR_RAM or OS_ERR_CAPS and nothing is charged. */
OS_MUST_CHECK os_err os_quota_charge(struct os_quota *quota, uint64_t ram, uint32_t caps);
void os_quota_refund(struct os_quota *quota, uint64_t ram, uint32_t caps);

/* A request for a session, valid until open returns. */
struct os_session_request {
    const char *label; /* of the client, "a -> b" */
    const char *args;
    struct os_quota quota; /* the donation, nothing used */
};

/*
 * Head of the server's session structure, which it allocates in open. The library owns the links, the server
 * everything else.
 */
struct os_root_session {
    struct os_list link;
    uint32_t id;
    struct os_quota quota; /* the server charges to it */
};

struct os_root_server;

/* What a server writes; all at the root's entrypoint. */
struct os_root_handlers {
    /*
     * Makes a session: *SESSION, whose quota is set by the library when open succeeds, and *CAP, given away.
     * A server that charges in open works on request->quota and finds it in the session afterwards.
     */
    os_err (*open)(struct os_root_server *root, struct os_session_request *request,
                   struct os_root_session **session, os_any_cap *cap);
    /* Ends a session and frees it; all that was allocated from its quota is given back before this returns.
     */
    void (*close)(struct os_root_server *root, struct os_root_session *session);
    /* The quota has grown; may be NULL. */
    void (*upgraded)(struct os_root_server *root, struct os_root_session *session);
};

/* A service of this component; memory of the server's. */
struct os_root_server {
    struct os_object object;
    struct os_env *env;
    const struct os_root_handlers *handlers;
    struct os_list sessions; /* of struct os_root_session.link */
};

/*
 * Offers SERVICE: makes the root object at EP and announces it to the parent. Sessions may be requested from
 * now on. Errors: OS_ERR_DENIED if the parent does not allow the service, OS_ERR_CAPS.
 */
OS_MUST_CHECK os_err os_root_server_init(struct os_root_server *root, struct os_env *env,
                                         struct os_entrypoint *ep, const char *service,
                                         const struct os_root_handlers *handlers);

/* Closes all sessions and ends the service. */
void os_root_server_fini(struct os_root_server *root);

/* The last part of the label "a -> b -> last": what whoever asked first has asked for. Part of LABEL. */
const char *os_label_last(const char *label);

/*
 * Value of KEY in the arguments "key=value,..."; writes it with its NUL to VALUE of SIZE bytes.
 * OS_ERR_NOT_FOUND, OS_ERR_TOO_LARGE.
 */
OS_MUST_CHECK os_err os_args_get(const char *args, const char *key, char *value, size_t size);
/* The same as a decimal number; also OS_ERR_BAD_ARG. */
OS_MUST_CHECK os_err os_args_u64(const char *args, const char *key, uint64_t *value);

#endif
