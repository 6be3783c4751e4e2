/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_stream.h: the shared memory of a packet stream, and what its two sides have in common.
 *
 * The memory has three areas, each of whole pages:
 *
 *     the source's   index: packets submitted so far      wake, cpu: see below   ring of submitted packets
 *     the sink's     index: packets acknowledged so far   wake, cpu              ring of acknowledgements
 *     bulk buffer    the bytes of packets
 *
 * Every word has one writer: those of an area, its side. Index and wake have cache lines of their own,
 * because one is written with every entry and the other when a side is about to sleep. All of it can be
 * written by the peer at any time, so words are read by atomic loads, once, into private memory, and checked
 * there; what a side has written itself it does not read back but keeps in its struct os_packet_side.
 *
 * Rings. An entry is written, then index + 1 is stored with release order; who has seen the index by an
 * acquire load sees the entry. Both rings have as many entries as packets can be in use, so neither can
 * overflow: a packet is submitted only if fewer than `slots` are under way, and each acknowledgement is for a
 * packet that was taken. For the same reason neither side publishes how far it has read: that packet n is
 * acknowledged says that entry n of the submit ring has been read, and that packet n + slots was submitted
 * says that acknowledgement n has been. So of four things to wait for two are left: a packet, and an
 * acknowledgement, which is space as well.
 *
 * Wake-ups. A side that is about to sleep says in its wake word how large the other index must become; then
 * it looks at that index once more, and sleeps if there is nothing yet:
 *
 *         about to sleep                       has something to tell
 *         wake = taken + n                     index = put
 *         look at index                        look at wake
 *         reached: do not sleep                index has just reached it: submit a signal
 *
 * All four are sequentially consistent, so at least one of the two sees what the other has written. (The
 * model is tests/model/packet_stream.pml.) Nobody resets the wake word: it is reached once, so one sleep
 * costs one signal, and a side that is awake costs none. What the peer writes there decides how often *it* is
 * woken, and nothing else.
 *
 * A ring of some size is flushed by itself after each part of it, so that both sides work at the same time.
 * On the same processor they cannot, and to be woken early only costs the switches. So with its wake word a
 * side says on which processor it goes to sleep; who fills a ring there leaves the wake-up to the flush. What
 * a side says wrongly there decides how early *it* is woken.
 */
#ifndef OS_LIB_PACKET_STREAM_H
#define OS_LIB_PACKET_STREAM_H

#include <stdatomic.h>
#include <string.h>

#include <os/packet_stream.h>

enum packet_role { PACKET_SOURCE = 1, PACKET_SINK = 2 };

/* Words of a submit entry before those of the descriptor, and of an acknowledgement. */
enum { SUBMIT_ID, SUBMIT_OFFSET, SUBMIT_LEN, SUBMIT_WORDS, ACK_ID = 0, ACK_WORDS };

/* Behind the wake word: the processor on which the side went to sleep, and 1 more; 0: it does not know. */
enum { WAKE_CPU = 1 };

enum packet_state { PACKET_UNUSED, PACKET_ALLOCATED, PACKET_UNDER_WAY, PACKET_ACKED };

/* A packet, as its source knows it. Those in use are listed in the order of their offsets. */
struct os_packet_record {
    uint32_t offset, size; /* bytes of the bulk buffer, multiples of OS_PACKET_ALIGN */
    uint32_t len;          /* bytes as allocated, then as submitted */
    uint16_t next, prev;   /* in the list; next unused one */
    uint32_t state;        /* enum packet_state */
};

/* ---- packet_stream.c: setting up, waiting */

/* Both roles: as the functions of os/packet_stream.h. CLIENT is the role that the client has. */
os_err packet_side_serve(struct os_packet_side *side, enum packet_role role, struct os_env *env,
                         struct os_entrypoint *ep, struct os_quota *quota, struct os_packet_size size,
                         uint32_t desc, os_signal_cap wake_peer, struct os_cap *stream,
                         os_signal_cap *wake_self);
os_err packet_side_begin(struct os_packet_side *side, enum packet_role role, struct os_entrypoint *ep,
                         struct os_packet_size *size, uint32_t desc, os_signal_cap *wake_self);
os_err packet_side_attach(struct os_packet_side *side, enum packet_role role, struct os_cap stream,
                          os_signal_cap wake_peer, struct os_cap session);
void packet_side_fini(struct os_packet_side *side);
os_err packet_side_wait(struct os_packet_side *side, uint32_t n, os_time deadline);

/* Bytes of the shared memory, whose SIZE and DESC are valid; and the pointers of a side to it. */
uint64_t packet_memory(struct os_packet_size size, uint32_t desc);
void packet_side_map(struct os_packet_side *side, enum packet_role role, void *memory);

/* Private memory of a role, for a side whose size is known. */
os_err packet_source_private(struct os_packet_source *source);
os_err packet_sink_private(struct os_packet_sink *sink);

/* Calls the user's handle; 0 when the side is gone afterwards, or it took nothing. */
enum packet_delivered { PACKET_GONE, PACKET_NOTHING, PACKET_TAKEN };
enum packet_delivered packet_side_deliver(struct os_packet_side *side);

/* Tells the user, once, that the stream has ended; the side may be gone afterwards. */
void packet_side_tell_end(struct os_packet_side *side);

/* Has the event called again, after others at the entrypoint had theirs. */
void packet_side_again(struct os_packet_side *side);

/* ---- packet_stream_ring.c: the protocol */

/* The stream has ended by what the peer did. */
void packet_side_fault(struct os_packet_side *side, const char *why);

/* Looks up the other index. */
void packet_side_look(struct os_packet_side *side);

/* Entries that wait to be taken, as far as known; when fewer than N are, the other index is looked up. */
static inline uint32_t packet_side_waiting(struct os_packet_side *side, uint32_t n)
{
    if (side->seen - side->taken < n)
        packet_side_look(side);
    return side->err ? 0 : side->seen - side->taken;
}

/*
 * Says that this side is about to sleep until N entries wait. Non-zero when they do already, or the stream
 * has ended: then it must not sleep.
 */
int packet_side_arm(struct os_packet_side *side, uint32_t n);

/* Whether the other side sleeps until what was published since the last flush. */
int packet_side_flush(struct os_packet_side *side);

/* Flushes with a signal if need be. */
void packet_side_wake(struct os_packet_side *side);

/* The same before there is a need, if both sides can work at the same time. */
void packet_side_wake_early(struct os_packet_side *side);

/* The next entry of the own ring, to be filled, and made visible by publish. */
static inline _Atomic uint32_t *packet_side_entry(struct os_packet_side *side)
{
    return side->own_ring + (side->put & (side->slots - 1)) * side->own_words;
}

static inline void packet_side_publish(struct os_packet_side *side)
{
    side->put++;
    atomic_store_explicit(side->own_index, side->put, memory_order_release);
    if (side->put - side->tried >= side->stride)
        packet_side_wake_early(side);
}

/* The next entry of the other ring, of which at least one waits. */
static inline const _Atomic uint32_t *packet_side_next(const struct os_packet_side *side)
{
    return side->peer_ring + (side->taken & (side->slots - 1)) * side->peer_words;
}

static inline uint32_t packet_word(const _Atomic uint32_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static inline void packet_set_word(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* LEN bytes from or to words of a ring. Whole words first: a copy of as many bytes as the compiler knows is
 * an instruction. */
static inline void packet_load(void *to, const _Atomic uint32_t *words, uint32_t len)
{
    uint8_t *at = to;
    uint32_t word;
    for (; len >= sizeof(word); len -= (uint32_t)sizeof(word), at += sizeof(word)) {
        word = packet_word(words++);
        memcpy(at, &word, sizeof(word));
    }
    if (len) {
        word = packet_word(words);
        memcpy(at, &word, len);
    }
}

static inline void packet_store(_Atomic uint32_t *words, const void *from, uint32_t len)
{
    const uint8_t *at = from;
    uint32_t word;
    for (; len >= sizeof(word); len -= (uint32_t)sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        packet_set_word(words++, word);
    }
    if (len) {
        word = 0;
        memcpy(&word, at, len);
        packet_set_word(words, word);
    }
}

#endif
