/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rpc.h: RPC interfaces, declared once, in plain C.
 *
 * An interface is a list macro. Each line names a function and its arguments as (direction, type, name):
 *
 *     #define HELLO_RPC(FN, I)                                                     \
 *         FN(I, greet, (in, os_str(32), name), (out, os_str(64), greeting))        \
 *         FN(I, count, (out, uint32_t, calls))
 *     OS_RPC_INTERFACE(hello, HELLO_RPC)
 *
 * Types of arguments, with the C parameters that they become:
 *
 *     type            in                              out                           inout
 *     T               T x                             T *x                          T *x
 *     os_str(N)       const char *x                   char (*x)[N]                  char (*x)[N]
 *     os_buf(N)       const void *x, size_t x_len     uint8_t (*x)[N], size_t *x_len  the same
 *     os_cap(K)       K_cap x                         K_cap *x                      (refused)
 *
 * T is any type of fixed size without pointers and not bool. os_str(N) is a string of at most N - 1 bytes and
 * a NUL; os_buf(N) at most N bytes. The data of a message is bounded by OS_MSG_DATA bytes, OS_MSG_ARGS
 * arguments and OS_MSG_CAPS capabilities in each direction; a declaration beyond that does not compile.
 *
 * What one declaration gives, for interface I and function f:
 *
 *     I_cap                                     the capability type
 *     os_err I_f(I_cap, params)                 calls and waits
 *     os_err I_f_by(I_cap, os_time, params)     the same with a deadline, a point of the monotonic clock
 *     os_err I_f_begin(I_cap, struct os_call *, in params)   begins the call
 *     os_err I_f_end(struct os_call *, out params)           its result, in the call's handler
 *     struct I_ops                              the server's table: os_err (*f)(struct os_rpc *, params)
 *     os_err I_object_init(struct os_object *, struct os_entrypoint *, const struct I_ops *, I_cap *)
 *     os_err I_f_reply(struct os_reply *, os_err, out params as values)   answers a kept reply
 *     I_interface                               the descriptor table, I_interface.functions[...]
 *
 * Rules that the generated code keeps: in-capabilities are borrowed on both sides (a server that wants to
 * keep one takes os_cap_copy); out-capabilities are given away by the server and owned by the client; strings
 * reach the server's function validated (length, NUL, no NUL inside) and in private memory, valid until it
 * returns; on failure no out-parameter is written.
 */
#ifndef OS_RPC_H
#define OS_RPC_H

#include <os/types.h>
#include <os/list.h>

/* Bounds of one message in one direction, the same on every platform. */
#define OS_MSG_DATA 1024 /* bytes of declared argument data */
#define OS_MSG_ARGS 16   /* arguments that carry data */
#define OS_MSG_CAPS 8    /* capabilities */

/* Bytes of a message body: the data, and per argument at most 8 bytes of length and 8 of padding and NUL. */
#define OS_MSG_BYTES (OS_MSG_DATA + OS_MSG_ARGS * 16)

/* One message in private memory, request or reply. */
struct os_msg {
    uint64_t fingerprint; /* of the interface; requests only */
    uint32_t op;          /* operation number; requests only */
    os_err err;           /* result; replies only */
    uint16_t len;         /* valid bytes of data, at most OS_MSG_BYTES */
    uint16_t ncaps;       /* valid entries of caps, at most OS_MSG_CAPS */
    struct os_cap caps[OS_MSG_CAPS];
    _Alignas(8) uint8_t data[OS_MSG_BYTES];
};

/* Descriptor tables: what tracing, tools, mocks and documentation know of an interface. */
enum os_rpc_direction { OS_RPC_IN = 1, OS_RPC_OUT = 2, OS_RPC_INOUT = 3 };
enum os_rpc_kind { OS_RPC_VAL, OS_RPC_STR, OS_RPC_BUF, OS_RPC_CAP };

struct os_rpc_arg {
    const char *name;  /* as declared */
    const char *type;  /* text of the type as declared */
    uint8_t direction; /* enum os_rpc_direction */
    uint8_t kind;      /* enum os_rpc_kind */
    uint16_t size;     /* bytes: sizeof(T), N of os_str(N) and os_buf(N), 0 for a capability */
};

struct os_rpc_function {
    const char *name;
    const struct os_rpc_arg *args;
    uint32_t nargs;
};

struct os_rpc_interface {
    const char *name;
    const struct os_rpc_interface *base;     /* the interface that this one extends, or NULL */
    const struct os_rpc_function *functions; /* this interface's own, without those of base */
    uint32_t nfunctions;
    uint32_t first_op;             /* operation number of functions[0] */
    _Atomic uint32_t *fingerprint; /* cache of two halves, 0 when not computed yet */
};

/*
 * Fingerprint of an interface: a hash over the names, types, directions and sizes of all functions, those of
 * base included. Two sides with different declarations have different fingerprints. Never 0. Any thread.
 */
uint64_t os_rpc_fingerprint(const struct os_rpc_interface *interface);

/* Function with operation number OP in INTERFACE or its bases, or NULL. Any thread. */
const struct os_rpc_function *os_rpc_function(const struct os_rpc_interface *interface, uint32_t op);

struct os_entrypoint;
struct os_rpc;
struct plat_object;
struct plat_call;

/*
 * An RPC object: memory of the server's, usually a member of the structure that it stands for. It is served
 * at one entrypoint, and touched on that entrypoint's thread only. Fields are private to the library but for
 * last_holder.
 */
struct os_object {
    struct os_entrypoint *ep;
    const struct os_rpc_interface *interface;
    const void *ops;
    os_err (*dispatch)(const void *ops, struct os_rpc *rpc);
    /*
     * Called at the entrypoint when the last capability to this object is gone, or NULL. May fini and free
     * the object. Set it after I_object_init; the server must not keep a capability of its own then.
     */
    void (*last_holder)(struct os_object *object);
    struct os_list replies; /* kept replies */
    struct plat_object *plat;
};

/*
 * Ends an object: capabilities to it are revoked, their holders get OS_ERR_REVOKED at once, kept replies are
 * answered with it. The memory may be freed then. An object that is zeroed or was ended already is fine.
 */
void os_object_fini(struct os_object *object);

/*
 * The object of entrypoint EP that CAP stands for if it is served with the interface INTERFACE or one that
 * extends it, else NULL. This is how a server recognises its own capabilities when they come back as
 * arguments.
 */
struct os_object *os_object_of(struct os_entrypoint *ep, struct os_cap cap,
                               const struct os_rpc_interface *interface);

/* The call that a server's function is serving; valid until it returns. */
struct os_rpc {
    struct os_object *object; /* the object that was called; OS_CONTAINER_OF gives the server's structure */
    struct os_msg *msg;       /* private */
    uint64_t token[2];        /* private: where the platform sends the answer */
    uint32_t op;              /* private */
    int kept;                 /* private */
};

/* An answer that is owed. Memory of the server's; linked to the object until it is answered. */
struct os_reply {
    struct os_list link;
    struct os_entrypoint *ep;
    uint64_t token[2];
};

/*
 * Keeps the answer to RPC for later: the function then returns OS_REPLY_LATER, and I_f_reply answers, once,
 * on the entrypoint's thread. A REPLY that is zeroed owes nothing. If the client is gone meanwhile, the
 * answer and its capabilities are dropped.
 */
void os_reply_keep(struct os_rpc *rpc, struct os_reply *reply);

/* Non-zero while REPLY owes an answer. */
static inline int os_reply_owed(const struct os_reply *reply)
{
    return reply->ep != NULL;
}

/* Answers with an error and no results; nothing happens when no answer is owed. */
void os_reply_error(struct os_reply *reply, os_err err);

/*
 * A call that was begun and is finished at an entrypoint. Memory of the caller's; it must stay until done was
 * called or os_call_cancel returned. All on the entrypoint's thread. Calls that are made meanwhile may be
 * served before it, by the same server too; who needs an order begins the second when the first is done.
 */
struct os_call {
    struct os_entrypoint *ep;
    void (*done)(struct os_call *call); /* called once, at the entrypoint; I_f_end gives the result */
    os_time deadline;                   /* OS_NEVER, or a point after which the result is OS_ERR_DEADLINE */
    struct os_msg *msg;                 /* private: the reply while done runs */
    os_err err;                         /* private */
    struct plat_call *plat;             /* private: non-NULL while the call is under way */
    struct os_list link;                /* private */
};

/* Prepares CALL for I_f_begin; the same call may be begun again after it is done. */
void os_call_init(struct os_call *call, struct os_entrypoint *ep, void (*done)(struct os_call *call));

/* Forgets a call that is under way: done will not be called, a late reply is dropped with its capabilities.
 */
void os_call_cancel(struct os_call *call);

static inline int os_call_pending(const struct os_call *call)
{
    return call->plat != NULL;
}

/* ---- below: what the generated code calls; not for direct use
 * ------------------------------------------------ */

os_err os_rpc_call(struct os_cap cap, const struct os_rpc_interface *interface, uint32_t op,
                   struct os_msg *msg, os_time deadline);
os_err os_rpc_begin(struct os_cap cap, const struct os_rpc_interface *interface, uint32_t op,
                    struct os_msg *msg, struct os_call *call);
os_err os_rpc_object_init(struct os_object *object, struct os_entrypoint *ep,
                          const struct os_rpc_interface *interface, const void *ops,
                          os_err (*dispatch)(const void *ops, struct os_rpc *rpc), struct os_cap *cap);
/* For a platform that has made PLAT itself, under the key OBJECT. */
void os_rpc_object_serve(struct os_object *object, struct os_entrypoint *ep,
                         const struct os_rpc_interface *interface, const void *ops,
                         os_err (*dispatch)(const void *ops, struct os_rpc *rpc), struct plat_object *plat);
void os_rpc_reply(struct os_reply *reply, struct os_msg *msg);
void os_rpc_missing_op(const char *interface, const char *function) __attribute__((noreturn));

/* Appends arguments to a message; errors stick in err, so that they are looked at once. */
struct os_wr {
    struct os_msg *msg;
    os_err err;
};

/* Takes arguments out of a message, checking every length; errors stick. */
struct os_rd {
    struct os_msg *msg;
    uint16_t pos, cap;
    os_err err;
};

static inline void os_msg_clear(struct os_msg *msg)
{
    msg->err = 0;
    msg->len = 0;
    msg->ncaps = 0;
}

static inline size_t os_msg_slot(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static inline void os_wr_val(struct os_wr *w, const void *value, size_t size)
{
    uint8_t *to = w->msg->data + w->msg->len;
    size_t pad = os_msg_slot(size) - size;
    __builtin_memcpy(to, value, size);
    if (pad)
        __builtin_memset(to + size, 0, pad);
    w->msg->len = (uint16_t)(w->msg->len + size + pad);
}

void os_wr_str(struct os_wr *w, const char *str, size_t max);
void os_wr_buf(struct os_wr *w, const void *buf, size_t len, size_t max);

static inline void os_wr_cap(struct os_wr *w, struct os_cap cap)
{
    w->msg->caps[w->msg->ncaps++] = cap;
}

/* Next SIZE bytes, or NULL with the error set. */
static inline const void *os_rd_take(struct os_rd *r, size_t size)
{
    size_t slot = os_msg_slot(size);
    if (slot > (size_t)(r->msg->len - r->pos)) {
        r->err = OS_ERR_BAD_MSG;
        return NULL;
    }
    const void *at = r->msg->data + r->pos;
    r->pos = (uint16_t)(r->pos + slot);
    return at;
}

static inline void os_rd_val(struct os_rd *r, void *value, size_t size)
{
    const void *at = os_rd_take(r, size);
    if (at)
        __builtin_memcpy(value, at, size);
}

const char *os_rd_str(struct os_rd *r, size_t max, size_t *len);
const void *os_rd_buf(struct os_rd *r, size_t max, size_t *len);

static inline struct os_cap os_rd_cap(struct os_rd *r)
{
    if (r->cap >= r->msg->ncaps) {
        r->err = OS_ERR_BAD_MSG;
        return OS_NO_CAP;
    }
    return r->msg->caps[r->cap++];
}

/* The error so far; one more if something is left over. */
static inline os_err os_rd_end(const struct os_rd *r)
{
    if (!r->err && (r->pos != r->msg->len || r->cap != r->msg->ncaps))
        return OS_ERR_BAD_MSG;
    return r->err;
}

/* Drops the capabilities of a message that nobody took. */
void os_msg_drop_caps(struct os_msg *msg);

#include <os/rpc_gen.h>

#endif
