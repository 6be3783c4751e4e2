/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_stream.h: packets of any size between two components that do not trust each other, through memory
 * that they share. A stream has one source, which writes packets, and one sink, which reads and acknowledges
 * them; a session that needs both directions has two streams.
 *
 * A header declares the type of a stream, with what is said about each packet besides its bytes, and adds a
 * function to the RPC interface of the session that it belongs to:
 *
 *     struct tape_record { uint64_t position; };
 *     OS_PACKET_STREAM(tape_data, struct tape_record)
 *
 *     #define TAPE_RPC(FN, I)                              \
 *         OS_PACKET_STREAM_FN(FN, I, data, tape_data)      \
 *         FN(I, rewind)
 *     OS_RPC_INTERFACE(tape, TAPE_RPC)
 *     OS_SESSION(tape, "Tape", OS_KIB(16) + OS_KIB(300), 8)
 *     OS_PACKET_CLIENT(tape, data, tape_data, source)      the client is the source, the server the sink
 *
 * The server makes the memory from what the client has donated, in the function that serves `data`:
 *
 *     static os_err data(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
 *                        tape_data_cap *stream, os_signal_cap *wake_server)
 *     {
 *         struct client *client = client_of(rpc);
 *         client->sink.handle = on_records;
 *         return tape_data_sink_serve(&client->sink, env, env->ep, &client->session.quota, size, wake_client,
 *                                     stream, wake_server);
 *     }
 *
 *     static void on_records(struct tape_data_sink *sink)
 *     {
 *         struct tape_data_packet packet;
 *         while (tape_data_sink_get(sink, &packet)) {
 *             write_to_tape(packet.desc.position, packet.data, packet.len);
 *             tape_data_sink_ack(sink, &packet);
 *         }
 *     }
 *
 * and the client connects and submits:
 *
 *     err = tape_data_connect(&source, env->ep, session.cap, (struct os_packet_size){ 64, OS_KIB(256) });
 *     ...
 *     err = tape_data_source_alloc(&source, len, &packet);       OS_ERR_BUSY: wait for acknowledgements
 *     memcpy(packet.data, bytes, len);
 *     packet.desc.position = 7;
 *     err = tape_data_source_submit(&source, &packet);
 *     tape_data_source_flush(&source);                           once after a batch
 *
 * What is promised, and what is not.
 *
 * The bytes of a packet are written once and read where they are: there is no copy on the way. They are in
 * memory that the peer can change at any time. A sink that checks bytes and then relies on them copies them
 * first, and a source does not rely on what it reads back. Descriptors are copied: those of a struct N_packet
 * do not change any more.
 *
 * Whatever the peer writes to the shared memory, at whatever time: indices and descriptors are checked
 * against state that it cannot reach. data and len of a packet lie within the bulk buffer, data at a multiple
 * of OS_PACKET_ALIGN, id is below the number of slots and belongs to one packet at a time, and no function
 * loops for longer than there are slots.
 * A peer that breaks the protocol (an index that jumps, a packet beyond the buffer, an acknowledgement of
 * what is not under way) ends the stream: N_source_err and N_sink_err are OS_ERR_BAD_MSG from then on, and
 * say why.
 *
 * A stream ends for the client when the session's server is gone (OS_ERR_DEAD, OS_ERR_REVOKED), which is
 * watched. A server learns of the end of a client as for any session, by its root's close, and ends the
 * stream with fini there. In either case packets that are under way are lost, and fini gives all memory back.
 *
 * A side is used at its entrypoint, on that thread only.
 */
#ifndef OS_PACKET_STREAM_H
#define OS_PACKET_STREAM_H

#include <os/dataspace.h>
#include <os/env.h>
#include <os/session.h>
#include <os/signal.h>
#include <os/watch.h>

/* Bounds of a stream. */
#define OS_PACKET_MAX_SLOTS 4096u       /* packets that are allocated or under way at a time */
#define OS_PACKET_MAX_BULK  0x10000000u /* bytes of the bulk buffer */
#define OS_PACKET_MAX_DESC  256         /* bytes of the user's descriptor */

/* packet.data is at a multiple of this many bytes, and packets do not share a line of a cache. */
#define OS_PACKET_ALIGN 64u

/* Packets, or acknowledgements, that a handler gets before others at the entrypoint have their turn. */
#define OS_PACKET_BATCH 128u

/* What a client asks for. */
struct os_packet_size {
    uint32_t slots; /* a power of two, 1 to OS_PACKET_MAX_SLOTS */
    uint32_t bulk;  /* bytes, a multiple of OS_PAGE_SIZE, 1 to OS_PACKET_MAX_BULK */
    uint32_t kind;  /* private: filled in by connect, compared by serve */
};

/*
 * A packet, in private memory of its side. OS_PACKET_STREAM makes struct N_packet with the same members and
 * the user's descriptor, desc.
 */
struct os_packet {
    void *data;   /* in the bulk buffer */
    uint32_t len; /* bytes; a source may make it smaller before it submits */
    uint32_t id;  /* below slots, no other packet of this side has it: an index for the user's own data */
};

struct os_packet_record;

/* Of both sides; private. Counters run on and wrap. */
struct os_packet_side {
    struct os_entrypoint *ep;
    struct os_env *env;      /* of the one that made the memory, else NULL */
    struct os_quota *quota;  /* that it was charged to */
    uint64_t charged;        /* bytes */
    os_dataspace_cap ds;     /* of the one that made the memory */
    struct os_region region; /* all of the memory */
    struct os_signal_handler handler;
    os_signal_cap self;    /* to handler */
    os_signal_cap peer;    /* wakes the other side */
    struct os_watch watch; /* of the session, at the client */

    uint32_t slots, bulk; /* as agreed when the memory was made */
    uint32_t window;      /* how far the peer's index may be ahead of put: a sink's slots, a source's 0 */
    uint32_t desc;        /* bytes of the user's descriptor */
    uint8_t *data;        /* the bulk buffer */
    _Atomic uint32_t *own_index, *own_wake, *own_ring; /* words that this side writes */
    const _Atomic uint32_t *peer_index, *peer_wake, *peer_ring;
    uint32_t own_words, peer_words; /* of an entry of the ring */

    uint32_t stride;  /* entries after which the own ring is flushed by itself */
    uint32_t put;     /* entries put into the own ring */
    uint32_t told;    /* put, when the other side was last woken if it wanted */
    uint32_t tried;   /* put, when that was last considered */
    uint32_t taken;   /* entries taken out of the other ring */
    uint32_t seen;    /* entries in the other ring as last looked up */
    uint32_t budget;  /* entries that the handler may still take */
    uint32_t signals; /* sent to the other side */

    os_err err;                                   /* why the stream has ended */
    const char *why;                              /* the same in words, for what a peer did */
    int end_told;                                 /* the user was told */
    int *gone;                                    /* while a handler runs: set by fini */
    void (*event)(struct os_packet_side *side);   /* of the role */
    void (*deliver)(struct os_packet_side *side); /* the user's handle, or NULL */
    void (*end)(struct os_packet_side *side);     /* the user's ended, or NULL */
};

struct os_packet_source {
    struct os_packet_side side;
    struct os_packet_record *records; /* one for each packet, and one that heads their list */
    uint32_t cursor;                  /* the packet behind which the next one is likely to fit */
    uint32_t unused;                  /* first record that is in no use */
    uint32_t spare;                   /* bytes of the bulk buffer that no packet has */
    uint32_t wanted;                  /* acknowledgements that the handler waits for; 0 for none */
};

struct os_packet_sink {
    struct os_packet_side side;
    uint8_t *held; /* for each id: taken and not acknowledged */
    int paused;    /* until resume */
};

/*
 * ---- beneath the typed functions, which are those to use; see OS_PACKET_STREAM
 */

/* Bytes that serve charges to the client's donation for a stream of SIZE with DESC bytes of descriptor. */
uint64_t os_packet_stream_ram(struct os_packet_size size, uint32_t desc);
/* Caps that it charges: the memory and the signal context. */
#define OS_PACKET_STREAM_CAPS 2

OS_MUST_CHECK os_err os_packet_source_serve(struct os_packet_source *source, struct os_env *env,
                                            struct os_entrypoint *ep, struct os_quota *quota,
                                            struct os_packet_size size, uint32_t desc,
                                            os_signal_cap wake_peer, struct os_cap *stream,
                                            os_signal_cap *wake_self);
OS_MUST_CHECK os_err os_packet_source_begin(struct os_packet_source *source, struct os_entrypoint *ep,
                                            struct os_packet_size *size, uint32_t desc,
                                            os_signal_cap *wake_self);
OS_MUST_CHECK os_err os_packet_source_attach(struct os_packet_source *source, struct os_cap stream,
                                             os_signal_cap wake_peer, struct os_cap session);
void os_packet_source_fini(struct os_packet_source *source);
OS_MUST_CHECK os_err os_packet_source_alloc(struct os_packet_source *source, uint32_t len,
                                            struct os_packet *packet);
void os_packet_source_free(struct os_packet_source *source, const struct os_packet *packet);
OS_MUST_CHECK os_err os_packet_source_submit(struct os_packet_source *source, const struct os_packet *packet,
                                             const void *desc);
void os_packet_source_flush(struct os_packet_source *source);
int os_packet_source_acked(struct os_packet_source *source, struct os_packet *packet, void *desc);
uint32_t os_packet_source_reclaim(struct os_packet_source *source);
void os_packet_source_arm(struct os_packet_source *source, uint32_t acks);
OS_MUST_CHECK os_err os_packet_source_wait(struct os_packet_source *source, uint32_t acks, os_time deadline);

OS_MUST_CHECK os_err os_packet_sink_serve(struct os_packet_sink *sink, struct os_env *env,
                                          struct os_entrypoint *ep, struct os_quota *quota,
                                          struct os_packet_size size, uint32_t desc, os_signal_cap wake_peer,
                                          struct os_cap *stream, os_signal_cap *wake_self);
OS_MUST_CHECK os_err os_packet_sink_begin(struct os_packet_sink *sink, struct os_entrypoint *ep,
                                          struct os_packet_size *size, uint32_t desc,
                                          os_signal_cap *wake_self);
OS_MUST_CHECK os_err os_packet_sink_attach(struct os_packet_sink *sink, struct os_cap stream,
                                           os_signal_cap wake_peer, struct os_cap session);
void os_packet_sink_fini(struct os_packet_sink *sink);
int os_packet_sink_get(struct os_packet_sink *sink, struct os_packet *packet, void *desc);
void os_packet_sink_ack(struct os_packet_sink *sink, const struct os_packet *packet, const void *desc);
void os_packet_sink_flush(struct os_packet_sink *sink);
void os_packet_sink_resume(struct os_packet_sink *sink);
OS_MUST_CHECK os_err os_packet_sink_wait(struct os_packet_sink *sink, os_time deadline);

/*
 * Declares the stream type N whose packets carry a descriptor of type DESC: any type of fixed size without
 * pointers, at most OS_PACKET_MAX_DESC bytes. Packets, sides and capabilities of different stream types are
 * different types.
 *
 *     N_cap               the capability to the memory of such a stream, as passed in RPC
 *     struct N_packet     void *data; uint32_t len, id; DESC desc
 *     struct N_source     both zeroed before use, with the user's functions set, if any:
 *     struct N_sink       handle, and ended
 *     N_ram(size)         bytes that the server charges for a stream of this size; caps:
 * OS_PACKET_STREAM_CAPS
 *
 * Of handle and ended, both called at the entrypoint, neither from within a function of this header, and each
 * may end the stream and free it: a source's handle is called when the acknowledgements have come that
 * N_source_arm asked for; a sink's whenever there are packets. It is called again as long as there are more
 * and it took one; afterwards the stream is flushed. While it runs, N_sink_get and N_source_acked give
 * OS_PACKET_BATCH at most; then others at the entrypoint have their turn before it is called again, so that
 * no peer can keep an entrypoint to itself. ended is called once, when the stream has ended by the peer's
 * doing: N_..._err says how. Without handle, the side is used by a loop: wait.
 *
 * The server's side:
 *
 *     os_err N_ROLE_serve(ROLE *, struct os_env *env, struct os_entrypoint *ep, struct os_quota *quota,
 *                         struct os_packet_size size, os_signal_cap wake_client, N_cap *stream,
 *                         os_signal_cap *wake_server)
 *         Makes the memory from ENV's account, charged to QUOTA. WAKE_CLIENT is borrowed, the out-parameters
 *         are to be given away. Errors: OS_ERR_BAD_ARG (size), OS_ERR_WRONG_KIND (the client's descriptor has
 *         another size, or it wants to be the same side), OS_ERR_EXISTS (served already), OS_ERR_RAM,
 *         OS_ERR_CAPS, OS_ERR_HANDLES, OS_ERR_NO_MEMORY.
 *
 * The client's side is I_FUNCTION_connect of OS_PACKET_CLIENT. Both:
 *
 *     void N_ROLE_fini(ROLE *)         ends this side and gives everything back; zeroed or ended is fine
 *     os_err N_ROLE_err(ROLE *)        OS_OK, or why the stream has ended
 *     const char *N_ROLE_why(ROLE *)   a few words on it; a constant, never NULL
 *     void N_ROLE_flush(ROLE *)        wakes the other side if it sleeps and waits for what was submitted or
 *                                      acknowledged since the last flush; to be called after a batch, before
 *                                      anything that waits. A ring of 16 slots or more is flushed by itself
 *                                      after each quarter of them, so that both sides work at the same time,
 *                                      unless the other one went to sleep on this processor.
 *     uint32_t N_ROLE_signals(ROLE *)  signals sent to the other side so far
 *
 * Source:
 *
 *     os_err N_source_alloc(source, len, &packet)
 *         LEN bytes (0 is fine) of the bulk buffer; desc is zeroed. OS_ERR_BUSY: not before acknowledged
 *         packets are freed; OS_ERR_TOO_LARGE: larger than the bulk buffer; or why the stream has ended.
 *         When packets are freed in the order of allocation and there is room to spare, this takes constant
 *         time on the average, else at most as many steps as there are packets. Of a large buffer only the
 *         begin is used, some two times what is in use.
 *     os_err N_source_submit(source, &packet)
 *         Gives it to the sink, with desc as it is. OS_ERR_BAD_ARG: not allocated, or longer than that.
 *     void N_source_free(source, &packet)
 *         A packet that was allocated and not submitted, or that was acknowledged; others are ignored.
 *     int N_source_acked(source, &packet)
 *         Takes the next acknowledged packet, with desc as the sink left it; 0 when there is none. In the
 *         order in which the sink acknowledged. The memory stays until N_source_free.
 *     uint32_t N_source_reclaim(source)
 *         Takes and frees all that is acknowledged; how many. For streams whose acknowledgements say nothing.
 *         Once for each batch is best: then their memory is used again as long as it is in the cache.
 *     void N_source_arm(source, acks)
 *         Has handle called once when ACKS acknowledgements wait to be taken (no more than are under way are
 *         waited for; when nothing is, handle is not called). Flushes. Nobody is woken for what nobody waits
 *         for, so a source whose bulk buffer suffices never arms.
 *     os_err N_source_wait(source, acks, deadline)
 *         Flushes, and waits for the same at the entrypoint, whose other events are delivered meanwhile. Not
 *         from a handler, and the source must not be freed meanwhile. OS_ERR_DEADLINE, OS_ERR_BAD_ARG when
 *         nothing is under way, OS_ERR_CANCELLED by fini, or why the stream has ended.
 *
 * Sink:
 *
 *     int N_sink_get(sink, &packet)
 *         Takes the next packet; 0 when there is none. In the order of submission.
 *     void N_sink_ack(sink, &packet)
 *         Gives it back, with desc as it is, in any order. Never fails: the ring has room for all packets. A
 *         packet that this sink does not have is ignored.
 *     void N_sink_resume(sink)
 *         A handle that took nothing is not called again before this, however many packets come: who cannot
 *         take more now, leaves them where they are.
 *     os_err N_sink_wait(sink, deadline)
 *         Flushes, and waits for a packet at the entrypoint, as N_source_wait.
 */
#define OS_PACKET_STREAM(N, DESC)                                                                            \
    OS_CAP_TYPE(N)                                                                                           \
    struct N##_packet {                                                                                      \
        union {                                                                                              \
            struct os_packet base; /* private */                                                             \
            struct {                                                                                         \
                void *data;                                                                                  \
                uint32_t len, id;                                                                            \
            };                                                                                               \
        };                                                                                                   \
        DESC desc;                                                                                           \
    };                                                                                                       \
    _Static_assert(sizeof(DESC) <= OS_PACKET_MAX_DESC, "stream " #N ": the descriptor is too large");        \
    OS_UNUSED static inline uint64_t N##_ram(struct os_packet_size size)                                     \
    {                                                                                                        \
        return os_packet_stream_ram(size, sizeof(DESC));                                                     \
    }                                                                                                        \
    OS_PACKET_ROLE(N, DESC, source)                                                                          \
    OS_UNUSED OS_MUST_CHECK static inline os_err N##_source_alloc(struct N##_source *source, uint32_t len,   \
                                                                  struct N##_packet *packet)                 \
    {                                                                                                        \
        os_err os_e = os_packet_source_alloc(&source->base, len, &packet->base);                             \
        if (!os_e)                                                                                           \
            __builtin_memset(&packet->desc, 0, sizeof(DESC));                                                \
        return os_e;                                                                                         \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err N##_source_submit(struct N##_source *source,                \
                                                                   const struct N##_packet *packet)          \
    {                                                                                                        \
        return os_packet_source_submit(&source->base, &packet->base, &packet->desc);                         \
    }                                                                                                        \
    OS_UNUSED static inline void N##_source_free(struct N##_source *source, const struct N##_packet *packet) \
    {                                                                                                        \
        os_packet_source_free(&source->base, &packet->base);                                                 \
    }                                                                                                        \
    OS_UNUSED static inline int N##_source_acked(struct N##_source *source, struct N##_packet *packet)       \
    {                                                                                                        \
        return os_packet_source_acked(&source->base, &packet->base, &packet->desc);                          \
    }                                                                                                        \
    OS_UNUSED static inline uint32_t N##_source_reclaim(struct N##_source *source)                           \
    {                                                                                                        \
        return os_packet_source_reclaim(&source->base);                                                      \
    }                                                                                                        \
    OS_UNUSED static inline void N##_source_arm(struct N##_source *source, uint32_t acks)                    \
    {                                                                                                        \
        os_packet_source_arm(&source->base, acks);                                                           \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err N##_source_wait(struct N##_source *source, uint32_t acks,   \
                                                                 os_time deadline)                           \
    {                                                                                                        \
        return os_packet_source_wait(&source->base, acks, deadline);                                         \
    }                                                                                                        \
    OS_PACKET_ROLE(N, DESC, sink)                                                                            \
    OS_UNUSED static inline int N##_sink_get(struct N##_sink *sink, struct N##_packet *packet)               \
    {                                                                                                        \
        return os_packet_sink_get(&sink->base, &packet->base, &packet->desc);                                \
    }                                                                                                        \
    OS_UNUSED static inline void N##_sink_ack(struct N##_sink *sink, const struct N##_packet *packet)        \
    {                                                                                                        \
        os_packet_sink_ack(&sink->base, &packet->base, &packet->desc);                                       \
    }                                                                                                        \
    OS_UNUSED static inline void N##_sink_resume(struct N##_sink *sink)                                      \
    {                                                                                                        \
        os_packet_sink_resume(&sink->base);                                                                  \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err N##_sink_wait(struct N##_sink *sink, os_time deadline)      \
    {                                                                                                        \
        return os_packet_sink_wait(&sink->base, deadline);                                                   \
    }

/* What both roles have in common. */
#define OS_PACKET_ROLE(N, DESC, role)                                                                        \
    struct N##_##role {                                                                                      \
        struct os_packet_##role base; /* private */                                                          \
        void (*handle)(struct N##_##role * role);                                                            \
        void (*ended)(struct N##_##role * role);                                                             \
    };                                                                                                       \
    OS_UNUSED static void N##_##role##_deliver_(struct os_packet_side *os_side)                              \
    {                                                                                                        \
        struct N##_##role *os_role = OS_CONTAINER_OF(os_side, struct N##_##role, base.side);                 \
        os_role->handle(os_role);                                                                            \
    }                                                                                                        \
    OS_UNUSED static void N##_##role##_end_(struct os_packet_side *os_side)                                  \
    {                                                                                                        \
        struct N##_##role *os_role = OS_CONTAINER_OF(os_side, struct N##_##role, base.side);                 \
        os_role->ended(os_role);                                                                             \
    }                                                                                                        \
    OS_UNUSED static inline void N##_##role##_functions_(struct N##_##role *role)                            \
    {                                                                                                        \
        role->base.side.deliver = role->handle ? N##_##role##_deliver_ : NULL;                               \
        role->base.side.end = role->ended ? N##_##role##_end_ : NULL;                                        \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err N##_##role##_serve(                                         \
        struct N##_##role *role, struct os_env *env, struct os_entrypoint *ep, struct os_quota *quota,       \
        struct os_packet_size size, os_signal_cap wake_client, N##_cap *stream, os_signal_cap *wake_server)  \
    {                                                                                                        \
        N##_##role##_functions_(role);                                                                       \
        return os_packet_##role##_serve(&role->base, env, ep, quota, size, sizeof(DESC), wake_client,        \
                                        &stream->cap, wake_server);                                          \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err N##_##role##_begin(                                         \
        struct N##_##role *role, struct os_entrypoint *ep, struct os_packet_size *size, os_signal_cap *wake) \
    {                                                                                                        \
        N##_##role##_functions_(role);                                                                       \
        return os_packet_##role##_begin(&role->base, ep, size, sizeof(DESC), wake);                          \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err N##_##role##_attach(                                        \
        struct N##_##role *role, N##_cap stream, os_signal_cap wake_server, struct os_cap session)           \
    {                                                                                                        \
        return os_packet_##role##_attach(&role->base, stream.cap, wake_server, session);                     \
    }                                                                                                        \
    OS_UNUSED static inline void N##_##role##_fini(struct N##_##role *role)                                  \
    {                                                                                                        \
        os_packet_##role##_fini(&role->base);                                                                \
    }                                                                                                        \
    OS_UNUSED static inline void N##_##role##_flush(struct N##_##role *role)                                 \
    {                                                                                                        \
        os_packet_##role##_flush(&role->base);                                                               \
    }                                                                                                        \
    OS_UNUSED static inline os_err N##_##role##_err(const struct N##_##role *role)                           \
    {                                                                                                        \
        return role->base.side.err;                                                                          \
    }                                                                                                        \
    OS_UNUSED static inline const char *N##_##role##_why(const struct N##_##role *role)                      \
    {                                                                                                        \
        return role->base.side.why ? role->base.side.why : os_err_text(role->base.side.err);                 \
    }                                                                                                        \
    OS_UNUSED static inline uint32_t N##_##role##_signals(const struct N##_##role *role)                     \
    {                                                                                                        \
        return role->base.side.signals;                                                                      \
    }

/* A line for the list of an RPC interface: function f makes a stream of type N. The client says how large. */
#define OS_PACKET_STREAM_FN(FN, I, f, N)                                                                     \
    FN(I, f, (in, struct os_packet_size, size), (in, os_cap(os_signal), wake_client),                        \
       (out, os_cap(N), stream), (out, os_cap(os_signal), wake_server))

/*
 * Declares the client's half of function f of interface I, which makes a stream of type N; role is source or
 * sink, which the client is then:
 *
 *     os_err I_f_connect(struct N_role *, struct os_entrypoint *ep, I_cap session, struct os_packet_size
 * size)
 *
 * makes the stream and attaches it; the end of SESSION's server is the end of the stream. Errors: those of
 * serve and attaching, OS_ERR_EXISTS when it is connected already. OS_ERR_RAM and OS_ERR_CAPS may mean that
 * the session needs an upgrade.
 */
#define OS_PACKET_CLIENT(I, f, N, role)                                                                      \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_##f##_connect(                                          \
        struct N##_##role *role, struct os_entrypoint *ep, I##_cap session, struct os_packet_size size)      \
    {                                                                                                        \
        N##_cap os_stream;                                                                                   \
        os_signal_cap os_wake, os_peer;                                                                      \
        os_err os_e = N##_##role##_begin(role, ep, &size, &os_wake);                                         \
        if (os_e)                                                                                            \
            return os_e;                                                                                     \
        os_e = I##_##f(session, size, os_wake, &os_stream, &os_peer);                                        \
        if (!os_e)                                                                                           \
            os_e = N##_##role##_attach(role, os_stream, os_peer, session.cap);                               \
        if (os_e)                                                                                            \
            N##_##role##_fini(role);                                                                         \
        return os_e;                                                                                         \
    }

#endif
