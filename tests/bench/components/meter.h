/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter.h: figures of a benchmark component. It repeats one operation for ever and tells the meter after
 * each; the meter prints a figure per batch. The clock is read once in a while only, as often as the
 * operation is slow, so that reading it is no part of what is measured.
 *
 * The runner stops the process between batches, while something else is measured. Each figure has the time at
 * which its batch began, on the monotonic clock that all processes share, so that the runner can drop a batch
 * that it interrupted.
 */
#ifndef METER_H
#define METER_H

#include <stdio.h>

#include <os/types.h>

struct meter {
    os_time batch;        /* how long a batch shall take, ns */
    os_time start;        /* of this batch, 0 before the first */
    os_time seen;         /* when the clock was read last */
    int long_operations;  /* each is long enough to need no warm-up */
    int counting;         /* the beginning of each batch is not: caches are cold after the output */
    uint64_t count, next; /* operations so far, and at which number the clock is read again */
    uint64_t chunk;       /* operations between two looks at the clock */
    os_time sum;          /* ns that were given to meter_add */
};

enum { METER_CHUNK_NS = 50000, METER_WARM_UP = 8 };

static inline void meter_begin(struct meter *meter, os_time now, int counting)
{
    meter->start = meter->seen = now;
    meter->counting = counting;
    meter->count = 0;
    meter->sum = 0;
    meter->next = meter->chunk;
}

static inline void meter_print(struct meter *meter, os_time elapsed)
{
    printf("figure %llu %llu %llu\n", (unsigned long long)meter->start, (unsigned long long)meter->count,
           (unsigned long long)elapsed);
    fflush(stdout);
}

static inline void meter_look(struct meter *meter)
{
    os_time now = os_clock_now(), elapsed = now - meter->start;
    if (!meter->start) {
        meter->chunk = 1;
        meter_begin(meter, now, meter->long_operations);
        return;
    }
    if (now - meter->seen < METER_CHUNK_NS / 2 && meter->chunk < 65536)
        meter->chunk *= 2;
    else if (now - meter->seen > METER_CHUNK_NS && meter->chunk > 1)
        meter->chunk /= 2;
    meter->seen = now;
    meter->next = meter->count + meter->chunk;
    if (!meter->counting && elapsed >= meter->batch / METER_WARM_UP) {
        meter_begin(meter, now, 1);
    } else if (meter->counting && elapsed >= meter->batch) {
        meter_print(meter, meter->sum ? meter->sum : elapsed);
        meter_begin(meter, os_clock_now(), meter->long_operations);
    }
}

/* An operation has ended. */
static inline void meter_tick(struct meter *meter)
{
    if (++meter->count >= meter->next)
        meter_look(meter);
}

/* An operation has ended of which NS are to be counted, instead of the time from one to the next. */
static inline void meter_add(struct meter *meter, os_time ns)
{
    meter->sum += ns;
    meter_tick(meter);
}

#endif
