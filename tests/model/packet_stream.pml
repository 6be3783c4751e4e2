/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_stream.pml: a model of who wakes whom in a packet stream (os/lib/packet_stream.h), for spin: one step is
 * one access to the shared memory. Names are those of the code; README.md says how to use it.
 *
 * A source submits packets and waits for acknowledgements, as many as it likes at a time; a sink takes packets,
 * acknowledges them, pauses until its user resumes it, gives way to others after a batch, and sleeps. Signals
 * coalesce, and come without a reason now and then. Counters are numbers modulo COUNT, which is small, so that they
 * wrap.
 *
 * Memory. A release store may become visible later, but before any later store to the same word. A sequentially
 * consistent one is visible at once; so are all entries of rings, because none is read before the index that it was
 * released by.
 *
 * What can go wrong. A side that sleeps for good is an invalid end state: that is the lost wake-up, and deadlock.
 * All else are assertions: an entry that is overwritten before it was read, and more signals than
 * times that a side has said that it is about to sleep.
 */

#ifndef PACKETS
#define PACKETS 3 /* that are sent */
#endif
#ifndef SLOTS
#define SLOTS 2 /* of each ring; a power of two */
#endif
#define COUNT 8 /* a power of two, more than twice SLOTS */
#define START 6 /* where counters begin: they wrap while it runs */

/*
 * What can be broken on purpose: the run must then find an error.
 *
 * -DNO_SECOND_LOOK   a side that has said that it is about to sleep does not look once more
 * -DRELAXED_WAKE     the wake word is not stored with sequential consistency
 * -DRELAXED_INDEX    nor is the index when it is flushed
 * -DLOOK_FIRST       who has something to tell looks at the wake word before it stores the index
 * -DNO_FLUSH         a source waits without having flushed
 * -DSLOTS_UNDER_WAY=3   more packets are under way than a ring has entries
 * -DSET_FLAG         the wake word is a flag that stays: a side that is awake is signalled
 */
#ifndef SLOTS_UNDER_WAY
#define SLOTS_UNDER_WAY SLOTS
#endif

#define MINUS(a, b) (((a) + COUNT - (b)) % COUNT)
#define PLUS(a, b)  (((a) + (b)) % COUNT)

#define SOURCE 0
#define SINK   1

/* The words that each side writes: as others see them, and stores that they do not see yet. */
byte index[2] = START, wake[2] = START;
byte late_index[2], late_wake[2];
bool is_late_index[2], is_late_wake[2];

byte submits[SLOTS], acks[SLOTS];

/* One signal context each; and how often a side has said that it is about to sleep, without a signal since. */
bool signalled[2];
byte armed[2];
#define ARMED_MAX 3 /* what is more than that does not count */

/* The user of the sink. */
bool paused;

/* Late stores become visible at any time. */
active proctype memory()
{
end:
    do
    :: atomic { is_late_index[SOURCE] -> index[SOURCE] = late_index[SOURCE]; is_late_index[SOURCE] = false }
    :: atomic { is_late_index[SINK] -> index[SINK] = late_index[SINK]; is_late_index[SINK] = false }
    :: atomic { is_late_wake[SOURCE] -> wake[SOURCE] = late_wake[SOURCE]; is_late_wake[SOURCE] = false }
    :: atomic { is_late_wake[SINK] -> wake[SINK] = late_wake[SINK]; is_late_wake[SINK] = false }
    od
}

/* A signal that nobody needed; once is enough for any point of time. */
active proctype nobody()
{
    if
    :: signalled[SOURCE] = true
    :: signalled[SINK] = true
    :: true
    fi
}

inline publish(me)
{
    atomic { put = PLUS(put, 1); late_index[me] = put; is_late_index[me] = true }
}

inline store_index(me)
{
#ifdef RELAXED_INDEX
    atomic { late_index[me] = put; is_late_index[me] = true }
#else
    atomic { index[me] = put; is_late_index[me] = false }
#endif
}

inline store_wake(me, value)
{
#ifdef RELAXED_WAKE
    atomic { late_wake[me] = value; is_late_wake[me] = true }
#else
    atomic { wake[me] = value; is_late_wake[me] = false }
#endif
}

/* packet_side_wake */
inline flush(me)
{
    if
    :: put != told ->
#ifdef LOOK_FIRST
        seen_wake = wake[1 - me];
        store_index(me);
#else
        store_index(me);
        seen_wake = wake[1 - me];
#endif
        atomic {
            if
#ifdef SET_FLAG
            :: seen_wake != COUNT - 1 ->
#else
            :: MINUS(put, seen_wake) < MINUS(put, told) ->
#endif
                signalled[1 - me] = true;
                assert(armed[1 - me]);
                armed[1 - me]--
            :: else
            fi;
            told = put;
            seen_wake = 0
        }
    :: else
    fi
}

/* packet_side_arm: READY says whether N wait, so that the side must not sleep. */
inline arm(me, n)
{
    atomic {
        if
        :: armed[me] < ARMED_MAX -> armed[me]++
        :: else
        fi
    };
    store_wake(me, PLUS(taken, n));
#ifdef NO_SECOND_LOOK
    ready = false;
#else
    atomic {
        seen = index[1 - me];
        assert(MINUS(seen, taken) <= SLOTS_UNDER_WAY);
        ready = MINUS(seen, taken) >= n
    }
#endif
}

inline sleep(me)
{
    atomic { signalled[me] -> signalled[me] = false }
}

active proctype source()
{
    byte put = START, told = START, taken = START, seen = START, seen_wake, sent, n;
    bool ready;

    do
    :: sent < PACKETS && MINUS(put, taken) < SLOTS_UNDER_WAY ->
        atomic { submits[put % SLOTS] = sent; sent++ }
        publish(SOURCE)
    :: put != told -> /* a batch can end after any packet */
        flush(SOURCE)
    :: put != taken -> /* looks for acknowledgements, waits or not */
        if
        :: true
        :: (sent == PACKETS || MINUS(put, taken) == SLOTS_UNDER_WAY) && seen == taken ->
            select(n : 1 .. MINUS(put, taken));
#ifndef NO_FLUSH
            flush(SOURCE);
#endif
            do
            :: arm(SOURCE, n);
                if
                :: ready -> break
                :: else -> sleep(SOURCE)
                fi
            od;
            n = 0
        fi;
        if
        :: seen == taken -> seen = index[SINK]
        :: else
        fi;
        assert(MINUS(seen, taken) <= MINUS(put, taken));
        do
        :: seen != taken ->
            /* in the order of submission here, so that what was read is known */
            atomic { assert(acks[taken % SLOTS] == sent - MINUS(put, taken)); taken = PLUS(taken, 1) }
        :: break
        od
    :: sent == PACKETS && put == taken -> break
    od
}

active proctype sink()
{
    byte put = START, told = START, taken = START, seen = START, seen_wake, got, acked;
    bool ready, again;

    arm(SINK, 1); /* when the stream is made */
    if
    :: ready -> signalled[SINK] = true
    :: else
    fi;
    do
    :: got == PACKETS && acked == got && put == told -> break
    :: else ->
        sleep(SINK);
        again = false;
        do
        :: paused -> break
        :: acked != got -> /* now or later, but before it sleeps */
            atomic { acks[put % SLOTS] = acked; acked++ }
            publish(SINK)
        :: !paused && seen == taken && acked == got ->
            seen = index[SOURCE];
            assert(MINUS(seen, taken) <= SLOTS_UNDER_WAY);
            if
            :: seen == taken ->
                flush(SINK);
                arm(SINK, 1);
                if
                :: ready
                :: else -> break
                fi
            :: else
            fi
        :: !paused && seen != taken ->
            atomic { assert(submits[taken % SLOTS] == got); taken = PLUS(taken, 1); got++ }
        :: !paused && seen != taken -> /* the user can take no more for now */
            paused = true;
            break
        :: seen != taken -> /* a batch has ended: others first */
            again = true;
            break
        :: put != told ->
            flush(SINK)
        od;
        flush(SINK);
        if
        :: again -> signalled[SINK] = true
        :: else
        fi
    od
}

/* The user resumes a sink that pauses, some time. */
active proctype user()
{
end:
    do
    :: atomic { paused -> paused = false; signalled[SINK] = true }
    od
}
