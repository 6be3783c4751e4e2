/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring.c: packets from one process to another through a ring of shared memory: written, read, and the place
 * given back. A side that has to wait looks for a moment, if it is not on the CPU of the other, and then
 * sleeps; it is woken when there is something, or half of the ring is free.
 *
 *     ring BYTES SLOTS [CPU PEER-CPU]
 */
#include "../components/payload.h"
#include "slice.h"

enum { LOOKS = 200 };

/* Each word in a cache line of its own. */
static struct shared {
    _Alignas(64) uint32_t written; /* packets so far */
    _Alignas(64) uint32_t taken;
    _Alignas(64) uint32_t reader_sleeps;
    _Alignas(64) uint32_t writer_sleeps;
} * shared;

static char *packets;
static size_t bytes;
static uint32_t slots, looks;

static char *packet_of(uint32_t number)
{
    return packets + (size_t)(number % slots) * bytes;
}

/* Waits until WORD is not more than DISTANCE away from NUMBER any more. */
static void await(uint32_t *word, uint32_t number, uint32_t distance, uint32_t *sleeps)
{
    for (uint32_t i = 0; i < looks; i++) {
        if (number - __atomic_load_n(word, __ATOMIC_ACQUIRE) <= distance)
            return;
        slice_pause();
    }
    for (;;) {
        __atomic_store_n(sleeps, 1, __ATOMIC_SEQ_CST);
        uint32_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);
        if (number - seen <= distance)
            break;
        slice_futex_wait(sleeps, 1);
    }
    __atomic_store_n(sleeps, 0, __ATOMIC_RELAXED);
}

static void wake(uint32_t *sleeps)
{
    if (__atomic_load_n(sleeps, __ATOMIC_SEQ_CST) && __atomic_exchange_n(sleeps, 0, __ATOMIC_SEQ_CST))
        slice_futex_wake(sleeps);
}

static void put(void)
{
    uint32_t number = shared->written;
    if (number - __atomic_load_n(&shared->taken, __ATOMIC_ACQUIRE) == slots)
        await(&shared->taken, number, slots / 2, &shared->writer_sleeps);
    payload_write(packet_of(number), bytes);
    __atomic_store_n(&shared->written, number + 1, __ATOMIC_SEQ_CST);
    wake(&shared->reader_sleeps);
}

static void take_all(void)
{
    for (;;) {
        uint32_t number = shared->taken, written = __atomic_load_n(&shared->written, __ATOMIC_ACQUIRE);
        /* the writer is ahead when what it has written is not more than a ring away from the next one */
        if (number == written)
            await(&shared->written, number + slots, slots - 1, &shared->reader_sleeps);
        payload_read(packet_of(number), bytes);
        __atomic_store_n(&shared->taken, number + 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&shared->written, __ATOMIC_RELAXED) - number - 1 <= slots / 2)
            wake(&shared->writer_sleeps);
    }
}

int main(int argc, char **argv)
{
    bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    slots = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    int cpu = slice_cpu(argc, argv, 3), peer_cpu = slice_cpu(argc, argv, 4);
    if (bytes < 1 || bytes > PAYLOAD_MAX || slots < 1 || slots > 4096 || slots & (slots - 1)) {
        fprintf(stderr, "ring: how many bytes, in how many slots?\n");
        return 2;
    }
    looks = cpu >= 0 && cpu == peer_cpu ? 0 : LOOKS;
    shared = slice_share(sizeof(*shared));
    packets = slice_share(bytes * slots);
    slice_peer(peer_cpu, take_all);
    slice_pin(cpu);
    slice_serve(put, NULL, NULL);
}
