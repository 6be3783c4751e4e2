/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * internal.h: what the files of the transport share. Two things are shared by threads, the table of handles
 * (cap.c, under a lock) and the kernel's ports; all else belongs to one entrypoint and so to one thread.
 */
#ifndef TRANSPORT_INTERNAL_H
#define TRANSPORT_INTERNAL_H

#include <os/list.h>
#include <mach_base/thread.h>
#include <mach_base/transport.h>
#include "ports.h"

/* ---- message.c: the messages, as the kernel carries them */

enum {
    ID_REQUEST = 0x5eed0001,
    ID_WATCH = 0x5eed0002,
    ID_SIGNAL = 0x5eed0003,
    ID_REPLY = 0x5eed0011,
};

/* Result in an answer to a watch: it is to be sent again, if it is still wanted. No os_err. */
enum { WATCH_AGAIN = -2 };

/* Request and reply. Only what is used of it is sent. */
struct wire {
    struct mach_header head;
    uint32_t type; /* MACH_TYPE of bytes: from here to the end of data */
    uint64_t fingerprint;
    int32_t code; /* operation or result */
    uint32_t len; /* bytes of data */
    /* data, padded to words; then, if there are capabilities, MACH_TYPE of send rights, and their names */
    uint8_t data[OS_MSG_BYTES + (1 + OS_MSG_CAPS) * sizeof(uint32_t)];
};

enum { WIRE_PRELUDE = offsetof(struct wire, data) - offsetof(struct wire, fingerprint) };

static inline uint32_t wire_padded(uint32_t len)
{
    return (len + 3) & ~3u;
}

/* Bytes of a message with LEN bytes of data and no capabilities. */
static inline uint32_t wire_size(uint32_t len)
{
    return offsetof(struct wire, data) + wire_padded(len);
}

/* Copies LEN bytes and, to the end of the word, zeros; both are aligned to words, and have room for whole
 * ones. */
static inline void wire_copy(void *to, const void *from, uint32_t len)
{
    uint32_t *last = (uint32_t *)to + len / 4, words = wire_padded(len) / 4;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    if (len % 4)
        *last &= (1u << len % 4 * 8) - 1;
}

/* Writes MSG behind the head of WIRE, with CODE; the head's bits are set already. Returns the size to send.
 */
uint32_t wire_pack_caps(struct wire *wire, const struct os_msg *msg, uint32_t size);
static inline uint32_t wire_pack(struct wire *wire, const struct os_msg *msg, int32_t code)
{
    wire->type = MACH_TYPE(MACH_TYPE_BYTE, 8, WIRE_PRELUDE + msg->len);
    wire->fingerprint = msg->fingerprint;
    wire->code = code;
    wire->len = msg->len;
    wire_copy(wire->data, msg->data, msg->len);
    uint32_t size = wire_size(msg->len);
    return msg->ncaps ? wire_pack_caps(wire, msg, size) : size;
}

/*
 * Reads a received request or reply into MSG, with its capabilities, and its code to *CODE. OS_ERR_BAD_MSG:
 * it is malformed, and still has all that it brought. OS_ERR_HANDLES: its capabilities are gone.
 */
os_err wire_unpack_caps(const struct wire *wire, struct os_msg *msg);
static inline os_err wire_unpack(const struct wire *wire, struct os_msg *msg, int32_t *code)
{
    if (wire->head.size < wire_size(0) || wire->len > OS_MSG_BYTES ||
        wire->type != MACH_TYPE(MACH_TYPE_BYTE, 8, WIRE_PRELUDE + wire->len))
        return OS_ERR_BAD_MSG;
    msg->ncaps = 0;
    if (wire->head.bits & MACH_COMPLEX) {
        os_err err = wire_unpack_caps(wire, msg);
        if (err)
            return err;
    } else if (wire->head.size != wire_size(wire->len)) {
        return OS_ERR_BAD_MSG;
    }
    msg->fingerprint = wire->fingerprint;
    msg->len = (uint16_t)wire->len;
    wire_copy(msg->data, wire->data, wire->len);
    *code = wire->code;
    return OS_OK;
}

/* Gives back what the kernel returned in a message that could not be sent: references, and the reply right.
 */
void wire_unsend(struct wire *wire);

/* Sends HEAD, SIZE bytes, within TIMEOUT milliseconds; FOREVER: as long as it takes. Any answer first. */
#define FOREVER UINT32_MAX
mach_err wire_send(struct mach_header *head, uint32_t size, uint32_t timeout);

/* Whether a received message came with a right to answer once. */
static inline int wire_answerable(const struct wire *wire)
{
    return MACH_BITS_REMOTE(wire->head.bits) == MACH_TYPE_MOVE_SEND_ONCE &&
           wire->head.remote != MACH_PORT_DEAD;
}

/* Answers by the send-once right REPLY, which is used up, with an error. */
void wire_refuse(mach_port_t reply, int32_t err);

/* ---- cap.c: the table of handles. What every call looks at is inline: switching tasks makes jumps dear. */

enum { CAP_CHUNK = 512 };

struct cap_entry {
    uint32_t handles, references;
    struct plat_object *object; /* of this task, or NULL */
};

extern struct cap_entry cap_first[CAP_CHUNK];
extern int cap_wants_spare;
struct cap_entry *cap_far_entry(mach_port_t name);

/* The entry of NAME, or NULL if there is no room for it. */
static inline struct cap_entry *cap_entry(mach_port_t name)
{
    return name < CAP_CHUNK ? &cap_first[name] : cap_far_entry(name);
}

/* Makes another handle, and a further reference, of the send right NAME that was received. OS_ERR_HANDLES:
 * the reference was given back. MACH_PORT_NULL and _DEAD are fine. */
os_err cap_receive(mach_port_t name, struct os_cap *cap);

/* The kernel has given one more reference to the handle's right than the table knows of. */
void cap_regained(mach_port_t name);

/* Takes one of several references that the table knows of; zero if there is only one. */
int cap_spend(mach_port_t name);

/* Whether CAP is a handle, or the name of what was dead when it came. */
static inline int cap_is_known(struct os_cap cap)
{
    const struct cap_entry *entry = cap_entry(cap.id);
    return entry ? entry->handles != 0 : cap.id == MACH_PORT_DEAD;
}

/* The right NAME, and what is received under it later, is OBJECT's, until NULL. The table has room for NAME
 * after cap_room(NAME, 1). */
void cap_bind(mach_port_t name, struct plat_object *object);

/* What a call of CAP, which is known, by this thread cannot but end with: _DEADLOCK, _REVOKED, or OS_OK. */
os_err cap_own_object_error(struct os_cap cap);
static inline os_err cap_own_error(struct os_cap cap)
{
    const struct cap_entry *entry = cap_entry(cap.id);
    return entry && entry->object ? cap_own_object_error(cap) : OS_OK;
}

/* Whether the table has room for NAME; MAY_ALLOCATE: not within malloc. */
int cap_room(mach_port_t name, int may_allocate);

/* Where memory may be allocated, if cap_wants_spare: makes what cap_room needs when it may not. */
void cap_prepare(void);

/* ---- entrypoints and what they serve */

enum source_kind { SOURCE_OBJECT, SOURCE_SIGNAL, SOURCE_CALL, SOURCE_ALARM, SOURCE_WATCH };

/* What the payload of a port points to, as struct transport_watch begins too. */
struct source {
    uint32_t kind;
    mach_port_t port; /* receive right */
};

enum {
    QUEUE = 16,        /* messages that wait at an object */
    REVOKED_KEPT = 32, /* ports of revoked objects that go on telling */
    IDLE_KEPT = 4,     /* ports for begun calls */
    LATE_KEPT = 16,    /* those that an answer may still come to */
};

struct plat_ep {
    mach_port_t set;
    struct mach_thread *thread; /* who serves it */
    struct os_list objects, revoked;
    struct os_list last;   /* objects whose PLAT_LAST_HOLDER is due */
    struct os_list calls;  /* under way, by deadline */
    struct os_list unsent; /* of those: what there was no room for yet */
    struct os_list idle, late;
    uint32_t nrevoked, nidle, nlate;
    struct source alarm; /* port 0: to be made */
    os_time armed;       /* for which it is set; 0: not */
    mach_port_t current; /* send-once right of the request that was delivered last; 0: answered */
    uint32_t answer;     /* size of the answer in wire, which is not sent yet; 0: there is none */
    mach_port_t *kept;   /* those of earlier ones that are not answered yet */
    uint32_t nkept, kept_room;
    int turn;
    struct wire wire;                       /* what was received last, then the answer to it */
    void (*named)(struct mach_header *msg); /* transport_named */
};

/* Sends the answer that THREAD owes, so that the next thing it does comes after it. */
void ep_answer(struct mach_thread *thread);

struct plat_object {
    struct source source;
    struct plat_ep *ep;
    void *key;
    struct os_list link;      /* of ep->objects or ep->revoked */
    struct os_list last_link; /* of ep->last */
    int revoked, told;
    mach_port_t *watches; /* send-once rights */
    uint32_t nwatches, watches_room;
    os_time watches_asked; /* when they were told to watch again */
};

/* ---- call.c */

/* What is wrong with a message before it is sent. */
os_err call_check_caps(const struct os_msg *msg);
static inline os_err call_check(const struct os_msg *msg)
{
    if (msg->len > OS_MSG_BYTES || msg->ncaps > OS_MSG_CAPS)
        return OS_ERR_TOO_LARGE;
    return msg->ncaps ? call_check_caps(msg) : OS_OK;
}

/* What it means that a request could not be sent, other than for lack of time. */
os_err call_send_error(mach_err err);

/* ---- begun.c */

/* The first deadline of the begun calls, of which there are some. */
os_time begun_deadline(struct plat_ep *ep);
/* Tries again to send what had no room. */
void begun_retry(struct plat_ep *ep);
/* Delivers one of the begun calls, if it has ended without a message; else zero. */
int begun_next(struct plat_ep *ep, struct plat_event *event, struct os_msg *msg);
/* A message has come for CALL; non-zero if EVENT is set. */
int begun_receive(struct plat_call *call, struct wire *wire, struct plat_event *event, struct os_msg *msg);
void begun_fini(struct plat_ep *ep);
void begun_tidy(struct plat_ep *ep); /* destroys those that are under way no more */

/* ---- object.c */

/* A message has come for OBJECT; non-zero if EVENT is set. */
int object_receive(struct plat_object *object, struct wire *wire, struct plat_event *event,
                   struct os_msg *msg);
/* Delivers a PLAT_LAST_HOLDER of those that are due. */
int object_next_last(struct plat_ep *ep, struct plat_event *event);
/* Ends the objects of EP, and the requests that it has not answered. */
void object_fini(struct plat_ep *ep);
void object_tidy(struct plat_ep *ep); /* destroys those that are revoked */
/* The request that was delivered last was not answered at once. */
void object_keep_reply(struct plat_ep *ep);
/* A port with a first handle, for objects and signals. */
os_err object_port(struct plat_ep *ep, struct source *source, uint32_t limit, struct os_cap *cap);

/* ---- signal.c: a message has come for SIGNAL. */

int signal_receive(struct plat_signal *signal, struct wire *wire, struct plat_event *event);

#endif
