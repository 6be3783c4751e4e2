/* SPDX-License-Identifier: BSD-2-Clause */
/* suite.c: see suite.h. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include <lib/packet_stream.h>

struct inproc_env server, client;
struct pair *pair;
struct pair_session session;
struct up_source up_source;
struct down_sink down_sink;
void (*serve_up)(struct up_sink *sink);
void (*serve_down)(struct down_source *source);
void (*up_ended)(struct up_sink *sink);
void (*down_ended)(struct down_source *source);

static struct os_root_server root;

static os_err up(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client, up_cap *stream,
                 os_signal_cap *wake_server)
{
    struct pair *self = OS_CONTAINER_OF(rpc->object, struct pair, object);
    self->up.handle = serve_up;
    self->up.ended = up_ended;
    return up_sink_serve(&self->up, &server.env, server.env.ep, &self->session.quota, size, wake_client,
                         stream, wake_server);
}

static os_err down(struct os_rpc *rpc, struct os_packet_size size, os_signal_cap wake_client,
                   down_cap *stream, os_signal_cap *wake_server)
{
    struct pair *self = OS_CONTAINER_OF(rpc->object, struct pair, object);
    self->down.handle = serve_down;
    self->down.ended = down_ended;
    return down_source_serve(&self->down, &server.env, server.env.ep, &self->session.quota, size, wake_client,
                             stream, wake_server);
}

static os_err poke(struct os_rpc *rpc)
{
    OS_CONTAINER_OF(rpc->object, struct pair, object)->pokes++;
    return OS_OK;
}

static const struct pair_ops ops = { .up = up, .down = down, .poke = poke };

static os_err open_session(struct os_root_server *server_root, struct os_session_request *request,
                           struct os_root_session **opened, os_any_cap *cap)
{
    pair_cap made;
    os_err err = os_quota_charge(&request->quota, sizeof(*pair), 1);
    if (err)
        return err;
    pair = calloc(1, sizeof(*pair));
    err = pair_object_init(&pair->object, server.env.ep, &ops, &made);
    if (err) {
        free(pair);
        return err;
    }
    *opened = &pair->session;
    cap->cap = made.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *server_root, struct os_root_session *closed)
{
    up_sink_fini(&pair->up);
    down_source_fini(&pair->down);
    /* all that the streams were charged for was given back */
    ck_assert_uint_eq(pair->session.quota.ram_used, sizeof(*pair));
    ck_assert_uint_eq(pair->session.quota.caps_used, 1);
    os_object_fini(&pair->object);
    free(pair);
    pair = NULL;
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

static void construct(struct os_env *env)
{
    ck_ok(os_root_server_init(&root, env, env->ep, "Pair", &handlers));
}

void open_pair(int serve)
{
    up_source = (struct up_source){ 0 };
    down_sink = (struct down_sink){ 0 };
    inproc_env_init(&server, "server");
    inproc_env_construct(&server, construct);
    inproc_env_init(&client, "client");
    if (serve)
        inproc_env_serve(&client);
    ck_ok(pair_open_with(&client.env, "", "", OS_MIB(8), 16, &session));
}

void close_pair(void)
{
    up_source_fini(&up_source);
    down_sink_fini(&down_sink);
    pair_close(&session);
    ck_fini(&client);
    ck_fini(&server);
    ck_assert_uint_eq(inproc_regions_in_use(), 0);
}

/* ---- without a platform */

static void side_init(struct os_packet_side *side, const struct bare *bare, enum packet_role role)
{
    side->slots = bare->size.slots;
    side->bulk = bare->size.bulk;
    side->desc = bare->desc;
    packet_side_map(side, role, bare->memory);
}

void bare_init(struct bare *bare, uint32_t slots, uint32_t bulk, uint32_t desc)
{
    *bare = (struct bare){ .size = { .slots = slots, .bulk = bulk }, .desc = desc };
    bare->bytes = packet_memory(bare->size, desc);
    bare->memory = aligned_alloc(OS_PAGE_SIZE, bare->bytes);
    ck_assert_ptr_nonnull(bare->memory);
    memset(bare->memory, 0, bare->bytes);
    side_init(&bare->source.side, bare, PACKET_SOURCE);
    side_init(&bare->sink.side, bare, PACKET_SINK);
    ck_ok(packet_source_private(&bare->source));
    ck_ok(packet_sink_private(&bare->sink));
}

void bare_fini(struct bare *bare)
{
    os_packet_source_fini(&bare->source);
    os_packet_sink_fini(&bare->sink);
    free(bare->memory);
}

void bare_start_at(struct bare *bare, uint32_t start)
{
    struct os_packet_side *sides[] = { &bare->source.side, &bare->sink.side };
    for (size_t i = 0; i < OS_ARRAY_LEN(sides); i++) {
        sides[i]->put = sides[i]->told = sides[i]->tried = sides[i]->taken = sides[i]->seen = start;
        *sides[i]->own_index = start;
        *sides[i]->own_wake = start;
    }
}

void check_records(const struct os_packet_source *source)
{
    uint32_t head = source->side.slots, used = 0, unused = 0, under_way = 0, end = 0, bytes = 0;
    must(source->records[head].size == 0);
    for (uint32_t i = source->records[head].next, before = head; i != head; i = source->records[i].next) {
        const struct os_packet_record *record = &source->records[i];
        must(i < head);
        must(record->prev == before);
        must(record->state != PACKET_UNUSED);
        must(record->offset % OS_PACKET_ALIGN == 0);
        must(record->offset >= end);
        must(record->len <= record->size);
        end = record->offset + record->size;
        bytes += record->size;
        under_way += record->state == PACKET_UNDER_WAY;
        must(++used <= head);
        before = i;
    }
    must(end <= source->side.bulk);
    must(source->spare == source->side.bulk - bytes);
    must(under_way == source->side.put - source->side.taken);
    for (uint32_t i = source->unused; i != head; i = source->records[i].next) {
        must(source->records[i].state == PACKET_UNUSED);
        must(++unused <= head);
    }
    must(used + unused == head);
}

uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) ^ (uint32_t)(*state >> 3);
}
