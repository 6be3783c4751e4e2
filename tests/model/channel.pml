/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel.pml: a model of the fast lane's protocol (base-linux/transport/channel.h), for spin. One step is one look
 * at the shared page, or one system call, with what the process does by itself after it. Names are those of the
 * code.
 *
 * Memory. What a process stores goes into its buffer, and from there into the page at any later time. A relaxed
 * store can overtake any earlier one to another word; release and sequentially consistent stores come after all
 * that is before them. A sequentially consistent load waits until the process's own sequentially consistent stores
 * are in the page, a fence until all of them are. This is weaker than x86 (-DTSO: first in, first out), and about
 * what arm64 does to stores; executions in which all are visible at once are among these. Loads keep their order,
 * so that acquire is as good as relaxed. No system call is taken for a barrier.
 *
 * What can go wrong. A call without deadline that never ends is an invalid end state, because all else is bounded:
 * this is how deadlock and lost wake-ups show. The rest is assertions, and two formulas for endless runs.
 */

/* ---- what is in this run ---- */

#ifndef CLIENTS
#define CLIENTS 1 /* 1 or 2 */
#endif
#ifndef CALLS
#define CALLS 3 /* of each client */
#endif
#ifndef SEQS
#define SEQS 32 /* how many numbers there are before they begin anew; at most 32 */
#endif
/*
 * -DTSO           see above
 * -DFOREVER       the clients never stop calling
 * -DFLOOD         client 1 does nothing but write requests that are refused, each when the last one was answered
 * -DNO_DEADLINES  no call has one; with one, a call can be given up at any moment
 * -DNO_KEPT       the server answers at once
 * -DNO_CAPS       no capabilities, thus no socket, unless the page is not free
 * -DNO_CLOSE      the server does not close connections by itself
 * -DNO_KILL       neither client 0 nor the server is killed
 * -DNO_SPURIOUS   futex(2) does not return for nothing
 */

/*
 * ---- what can be broken on purpose: spin must then find an error ----
 *
 * The orders below, with others, and
 * -DANY_VALUE           the client sleeps whatever is in the word
 * -DIGNORE_OWED         and uses the page while an answer is owed
 * -DSAME_NUMBER         and gives a request the number of the last one when numbers begin anew
 * -DNO_LOOK_BEFORE_SLEEP  the server sleeps without another look after awake = 0
 * -DBURST_ENDS_EARLY    and forgets that its sources had no turn
 * -DGONE_TOO_EARLY      core says that the server has ended before it has
 */

#define RELAXED 0
#define RELEASE 1
#define ACQUIRE 1
#define SEQ_CST 2
#define FENCED  3 /* a load, relaxed, after a sequentially consistent fence */

/* The four pairs of "store mine, then load yours" of channel.h. */
#ifndef POST_STORE
#define POST_STORE RELEASE
#endif
#ifndef POST_LOAD
#define POST_LOAD FENCED
#endif
#ifndef SLEEP_STORE
#define SLEEP_STORE SEQ_CST
#endif
#ifndef SLEEP_LOAD
#define SLEEP_LOAD SEQ_CST
#endif
#ifndef PUBLISH_STORE
#define PUBLISH_STORE RELEASE
#endif
#ifndef PUBLISH_LOAD
#define PUBLISH_LOAD FENCED
#endif
#ifndef DOZE_STORE
#define DOZE_STORE SEQ_CST
#endif
#ifndef DOZE_LOAD
#define DOZE_LOAD SEQ_CST
#endif

/* ---- the page ---- */

#define GONE   128
#define SOCKET 64
#define SEQ    63

#define WORDS 6
#define REQ_DATA(c) ((c) * WORDS) /* index, op, len, data: written and read together */
#define REQ_SEQ(c)  ((c) * WORDS + 1)
#define ASLEEP(c)   ((c) * WORDS + 2)
#define AWAKE(c)    ((c) * WORDS + 3)
#define REP_DATA(c) ((c) * WORDS + 4)
#define REP_SEQ(c)  ((c) * WORDS + 5)

#define BAD 99 /* as REQ_DATA: names no object */

byte mem[WORDS * CLIENTS];

/* ---- the memory: a client writes with its own number, the server with SERVER ---- */

#define SERVER CLIENTS

#ifdef FLOOD
/* that run is about who has his turn, so every store is visible at once */
#define STORE(writer, how, at, what) mem[at] = what
#define LOAD(reader, how, at, to)    to = mem[at]
#define VISIBLE(writer)              true
#else
#define DEPTH 4

typedef store_buffer {
    byte used;
    byte word[DEPTH], value[DEPTH], order[DEPTH]; /* oldest first */
};

store_buffer buffer[CLIENTS + 1];

#define HAS_SEQ_CST(b) \
    (b.order[0] == SEQ_CST || b.order[1] == SEQ_CST || b.order[2] == SEQ_CST || b.order[3] == SEQ_CST)

#define STORE(writer, how, at, what) \
    d_step { \
        buffer[writer].used < DEPTH -> \
        buffer[writer].word[buffer[writer].used] = at; \
        buffer[writer].value[buffer[writer].used] = what; \
        buffer[writer].order[buffer[writer].used] = how; \
        buffer[writer].used++ \
    }
#define LOAD(reader, how, at, to) \
    d_step { \
        (how != SEQ_CST || !HAS_SEQ_CST(buffer[reader])) && (how != FENCED || buffer[reader].used == 0) -> \
        to = mem[at] \
    }
#define VISIBLE(writer) (buffer[writer].used == 0)

/* Makes the store at place I visible. Unused places are zero, so that equal states look equal. */
#define COMMIT(b, i) \
    d_step { \
        mem[b.word[i]] = b.value[i]; \
        at = i; \
        do \
        :: at + 1 < b.used -> \
            b.word[at] = b.word[at + 1]; b.value[at] = b.value[at + 1]; b.order[at] = b.order[at + 1]; \
            at++ \
        :: else -> break \
        od; \
        b.word[at] = 0; b.value[at] = 0; b.order[at] = 0; b.used--; \
        at = 0 \
    }
#define OVERTAKES(b, i, j) (b.word[i] != b.word[j])

proctype memory(byte w)
{
    byte at;
end:
    do
    :: buffer[w].used > 0 -> COMMIT(buffer[w], 0)
#ifndef TSO
    :: buffer[w].used > 1 && buffer[w].order[1] == RELAXED && OVERTAKES(buffer[w], 1, 0) -> COMMIT(buffer[w], 1)
    :: buffer[w].used > 2 && buffer[w].order[2] == RELAXED && OVERTAKES(buffer[w], 2, 0) &&
       OVERTAKES(buffer[w], 2, 1) -> COMMIT(buffer[w], 2)
    :: buffer[w].used > 3 && buffer[w].order[3] == RELAXED && OVERTAKES(buffer[w], 3, 0) &&
       OVERTAKES(buffer[w], 3, 1) && OVERTAKES(buffer[w], 3, 2) -> COMMIT(buffer[w], 3)
#endif
    od
}
#endif

/* ---- the kernel ---- */

#ifndef UNDER_WAY
#define UNDER_WAY 2 /* WIRE_UNDER_WAY */
#endif

bit waiting[CLIENTS];       /* the client sleeps on reply.seq */
bit rings[CLIENTS];         /* epoll has not yet told of the doorbell, which is edge-triggered */
bit server_closed[CLIENTS]; /* the server's end of the connection */
bit client_closed[CLIENTS];
chan requests[CLIENTS] = [UNDER_WAY] of { byte }; /* on the socket: numbers */
chan replies[CLIENTS] = [UNDER_WAY] of { byte };
bit server_dies, client_dies[CLIENTS];
bit may_wake; /* futex(2) may return for nothing, once */

#ifdef ANY_VALUE
#define SLEEPS_IF(at, expected) true
#else
#define SLEEPS_IF(at, expected) mem[at] == expected
#endif

/* ---- what must hold ---- */

/* The request in the page: 0 there is none, 1 it is written, 2 the server has taken it. */
byte asked[CLIENTS];

/* ---- the client: lane.c, call.c, and its part of channel.c ---- */

#define ANSWERED(reply, seq) (((reply) & SEQ) == (seq) || ((reply) & GONE))

#ifdef FOREVER
bit calling[CLIENTS];
ltl returns { [] <> !calling[0] }
#endif

/* A call has returned; what is no longer looked at is zero, so that equal states look equal. */
inline call_returns()
{
    reply = 0;
    late = 0;
    deadline = 0;
#ifdef FOREVER
    calling[c] = 0
#endif
}

proctype client(byte c)
{
    byte n, lane_seq, reply, under_way;
    bit owed, deadline, late, awake;
#ifndef FOREVER
    byte calls;
#endif

    {
    skip;
call:
    atomic {
#ifdef FOREVER
        calling[c] = 1;
#endif
#ifndef FOREVER
        if
        :: calls == CALLS -> goto close
        :: else -> calls++
        fi;
#endif
        if
        :: deadline = 0
#ifndef NO_DEADLINES
        :: deadline = 1
#endif
        fi;
#ifndef NO_CAPS
        if
        :: goto by_socket /* capabilities as arguments */
        :: skip
        fi;
#endif
        /* is_free */
        LOAD(c, ACQUIRE, REP_SEQ(c), reply);
        if
        :: reply & GONE -> goto by_socket
#ifndef IGNORE_OWED
        :: !(reply & GONE) && owed && (reply & SEQ) != lane_seq -> goto by_socket
#endif
        :: else
        fi;
        if
        :: owed && (reply & SOCKET) -> owed = 0; goto by_socket /* which receives it */
        :: owed && !(reply & SOCKET) -> owed = 0; under_way--
        :: else
        fi;
        if
        :: under_way >= UNDER_WAY -> goto by_socket
        :: else
        fi;
        n = (n + 1) % SEQS;
#ifndef SAME_NUMBER
        if
        :: n == lane_seq -> n = (n + 1) % SEQS
        :: else
        fi;
#endif
        lane_seq = n;
        reply = 0;
        assert(asked[c] == 0); /* one request under way in the page */
        asked[c] = 1;
        /* channel_post */
        STORE(c, RELAXED, REQ_DATA(c), n);
        STORE(c, POST_STORE, REQ_SEQ(c), n)
    }
    atomic {
        LOAD(c, POST_LOAD, AWAKE(c), awake);
        if
        :: awake -> awake = 0; goto await
        :: else
        fi
    }
    rings[c] = 1;

await: /* looks in vain, however many, change nothing but the time; so there is one */
    atomic {
        LOAD(c, ACQUIRE, REP_SEQ(c), reply);
        if
        :: ANSWERED(reply, n) -> goto answered
        :: else
        fi;
        /* channel_sleep */
        STORE(c, SLEEP_STORE, ASLEEP(c), 1)
    }
look:
    atomic {
        LOAD(c, SLEEP_LOAD, REP_SEQ(c), reply);
        if
        :: ANSWERED(reply, n) || late -> STORE(c, RELAXED, ASLEEP(c), 0); goto answered
        :: else
        fi
    }
    atomic { /* futex(2): compares and sleeps in one step */
        if
        :: SLEEPS_IF(REP_SEQ(c), reply) -> waiting[c] = 1
        :: else
        fi
    }
    if
    :: atomic { !waiting[c] -> if :: skip :: deadline -> late = 1 fi; goto look }
    :: atomic { waiting[c] && may_wake -> may_wake = 0; waiting[c] = 0; goto look }
    :: atomic { waiting[c] && deadline -> waiting[c] = 0; late = 1; goto look }
    fi;

answered:
    atomic {
        if
        :: (reply & (SEQ | SOCKET)) == n ->
            LOAD(c, RELAXED, REP_DATA(c), reply);
            assert(asked[c] == 0); /* the server has answered */
            assert(reply == n);    /* this request, and all of the answer has come */
            call_returns();
            goto call
        :: !ANSWERED(reply, n) ->
            assert(late);
            owed = 1;
            under_way++;
            call_returns();
            goto call
        :: (reply & SEQ) != n && (reply & GONE) ->
            assert(server_closed[c]); /* connection_read_to_end finds the end: OS_ERR_DEAD */
            goto close
        :: (reply & SEQ) == n && (reply & SOCKET) ->
            under_way++;
            goto await_socket
        fi
    }

by_socket:
    atomic {
        reply = 0;
        n = (n + 1) % SEQS;
        if
        :: under_way >= UNDER_WAY -> goto make_room
        :: else -> goto send
        fi
    }
make_room:
    if
    :: atomic { len(replies[c]) > 0 -> replies[c]?reply; reply = 0; under_way-- }
    :: atomic { len(replies[c]) == 0 && server_closed[c] -> goto close }
    :: atomic { deadline -> call_returns(); goto call }
    fi;
send:
    atomic {
        if
        :: server_closed[c] -> goto close
        :: else -> requests[c]!n; under_way++
        fi
    }

await_socket: /* wait_for_reply */
    if
    :: atomic {
            len(replies[c]) > 0 ->
            replies[c]?reply;
            under_way--;
            if
            :: reply == n -> call_returns(); goto call
            :: else -> reply = 0; goto await_socket /* of a call that nobody waits for */
            fi
        }
    :: atomic { len(replies[c]) == 0 && server_closed[c] -> goto close }
    :: atomic { deadline -> call_returns(); goto call }
    fi;

close:
    skip
    } unless { client_dies[c] }
    client_closed[c] = 1
}

/* ---- the server: lane_server.c, entrypoint.c, and its part of channel.c ---- */

#ifndef BURST
#define BURST 2 /* LANE_BURST */
#endif
#define NONE 2

/* ep->polled, a list */
#define FIRST     (polled > 0 -> list[0] : NONE)
#define AFTER(c)  (polled == 2 && list[0] == c -> list[1] : NONE)
#define LISTED(c) ((polled > 0 && list[0] == c) || (polled == 2 && list[1] == c))

inline insert(c)
{
    list[polled] = c;
    polled++
}

inline remove(c)
{
    if
    :: polled > 0 && list[0] == c -> list[0] = list[1]; list[1] = 0; polled--
    :: polled == 2 && list[1] == c -> list[1] = 0; polled--
    :: else
    fi
}

/* plat_ep_wait goes round again: lane_serve begins, or, after a burst, it is not called. */
inline begin_round()
{
    seq = 0;
    next = NONE;
    again = 0;
#ifdef BURST_ENDS_EARLY
    burst = 0;
#endif
    if
    :: burst >= BURST -> cur = NONE; goto look
    :: burst < BURST && polled > 0 -> cur = list[0]; goto visit
    :: burst < BURST && polled == 0 -> cur = NONE; goto sleep
    fi
}

/*
 * lane_serve has dealt with a channel; and what plat_ep_wait does when there was none to serve. AGAIN: it was
 * called in wait_for_any's name.
 */
inline visit_next()
{
    seq = 0;
    cur = next;
    next = NONE;
    if
    :: cur != NONE -> goto visit
    :: cur == NONE && again -> begin_round()
    :: cur == NONE && !again && polled > 0 -> goto idle
    :: cur == NONE && !again && polled == 0 -> goto sleep
    fi
}

/* channel_write_reply and publish, up to the store of reply.seq. */
inline publish(c, data, bits)
{
    if
    :: bits == 0 -> STORE(SERVER, RELAXED, REP_DATA(c), data)
    :: else
    fi;
    pending[c] = 0;
    asked[c] = 0;
    STORE(SERVER, PUBLISH_STORE, REP_SEQ(c), seen[c] | bits)
}

/* A message to a client that is there still. There is always room for it. */
inline reply_by_socket(c, number)
{
    if
    :: !client_closed[c] -> assert(len(replies[c]) < UNDER_WAY); replies[c]!number
    :: else
    fi
}

/* One thing that epoll may tell of. A kept request is answered whenever some handler does so. */
#define SOURCES(c) \
    :: atomic { /* lane_ring */ \
        open[c] && rings[c] -> \
        rings[c] = 0; \
        burst = 0; \
        if \
        :: !LISTED(c) -> STORE(SERVER, RELAXED, AWAKE(c), 1); insert(c) \
        :: else \
        fi; \
        begin_round() \
    } \
    :: atomic { /* a request by the socket */ \
        open[c] && len(requests[c]) > 0 -> \
        requests[c]?seq; \
        burst = 0; \
        reply_by_socket(c, seq); \
        begin_round() \
    } \
    :: atomic { open[c] && len(requests[c]) == 0 && client_closed[c] -> burst = 0; cur = c; goto close } \
    :: atomic { open[c] && kept[c] -> kept[c] = 0; burst = 0; cur = c; publish(c, seen[c], 0); goto published } \
    :: atomic { open[c] && may_close -> may_close = 0; burst = 0; cur = c; goto close }

#define LANE_ANY(c) (LISTED(c) && !pending[c] && mem[REQ_SEQ(c)] != seen[c])
#define SOURCE_WAITS(c) (open[c] && (rings[c] || len(requests[c]) > 0 || client_closed[c]))
#if CLIENTS == 1
#define ALL_SOURCES SOURCES(0)
#define NO_SOURCE   (!SOURCE_WAITS(0))
#define REQUEST_WAITS LANE_ANY(0)
#else
#define ALL_SOURCES SOURCES(0) SOURCES(1)
#define NO_SOURCE   (!SOURCE_WAITS(0) && !SOURCE_WAITS(1))
#define REQUEST_WAITS (LANE_ANY(0) || LANE_ANY(1))
#endif

proctype server()
{
    byte cur, next = NONE, seq, burst, polled, list[2], seen[CLIENTS];
    bit pending[CLIENTS], kept[CLIENTS], open[CLIENTS], may_close, bad, again;

    {
    atomic {
        do
        :: cur < CLIENTS -> /* lane_adopt */
            open[cur] = 1;
            mem[AWAKE(cur)] = 1;
            insert(cur);
            cur++
        :: else -> break
        od;
        cur = 0;
#ifndef NO_CLOSE
        if
        :: may_close = 1
        :: skip
        fi
#endif
    }

visit: /* lane_serve, and the handler of what it has found */
    atomic {
        next = AFTER(cur);
        if
        :: pending[cur] -> seq = seen[cur]
        :: else -> LOAD(SERVER, ACQUIRE, REQ_SEQ(cur), seq)
        fi;
        if
        :: seq == seen[cur] -> /* look_in_vain */
#if CLIENTS > 1
            if
            :: skip
            :: STORE(SERVER, DOZE_STORE, AWAKE(cur), 0); goto looked_in_vain /* for the last time */
            fi;
#endif
            visit_next()
        :: else
        fi;
        burst++;
        if
        :: burst > BURST -> burst = BURST; next = NONE; visit_next() /* lane_serve returns */
        :: else
        fi;
        if
        :: next != NONE -> remove(cur); insert(cur)
        :: else
        fi;
        seen[cur] = seq;
        pending[cur] = 1;
        LOAD(SERVER, RELAXED, REQ_DATA(cur), seq);
        if
        :: seq == BAD -> bad = 1; publish(cur, BAD, 0); goto published /* answer_error */
        :: else
        fi;
        assert(seq == seen[cur]);  /* all of it has come */
        assert(asked[cur] == 1); /* and it is not served twice */
        asked[cur] = 2;
        if
        :: skip -> publish(cur, seen[cur], 0); goto published
#ifndef NO_KEPT
        :: kept[cur] = 1; begin_round()
#endif
#ifndef NO_CAPS
        :: skip -> reply_by_socket(cur, seen[cur]); publish(cur, 0, SOCKET); goto published
#endif
#ifndef NO_CLOSE
        :: may_close -> may_close = 0; goto close
#endif
        fi
    }

published:
    atomic {
        LOAD(SERVER, PUBLISH_LOAD, ASLEEP(cur), seq);
        if
        :: seq -> goto wake
        :: !seq && bad -> bad = 0; visit_next()
        :: !seq && !bad -> begin_round()
        fi
    }
wake:
    atomic {
        waiting[cur] = 0;
        if
        :: bad -> bad = 0; visit_next()
        :: !bad -> begin_round()
        fi
    }

#if CLIENTS > 1
looked_in_vain: /* channel_doze */
    atomic {
        LOAD(SERVER, DOZE_LOAD, REQ_SEQ(cur), seq);
        if
        :: seq == seen[cur] -> remove(cur)
        :: else -> STORE(SERVER, RELAXED, AWAKE(cur), 1)
        fi;
        visit_next()
    }
#endif

idle: /* linger, or not; then lane_doze */
    if
    :: atomic { REQUEST_WAITS -> again = 1; cur = FIRST; goto visit }
    ALL_SOURCES
    :: atomic { NO_SOURCE -> burst = 0; cur = FIRST; STORE(SERVER, DOZE_STORE, AWAKE(cur), 0) }
    :: atomic { cur = FIRST; STORE(SERVER, DOZE_STORE, AWAKE(cur), 0) }
    fi;
doze:
    atomic {
        LOAD(SERVER, DOZE_LOAD, REQ_SEQ(cur), seq);
        if
#ifndef NO_LOOK_BEFORE_SLEEP
        :: seq != seen[cur] ->
            STORE(SERVER, RELAXED, AWAKE(cur), 1);
            if
            :: !pending[cur] -> seq = 0; again = 1; cur = FIRST; goto visit
            :: else
            fi
#endif
        :: else
        fi;
        next = AFTER(cur);
        remove(cur);
        cur = next;
        next = NONE;
        seq = 0;
        if
        :: cur != NONE -> STORE(SERVER, DOZE_STORE, AWAKE(cur), 0); goto doze
        :: else
        fi
    }

sleep:
end:
    if
    ALL_SOURCES
    fi;

look: /* the sources have their turn */
    if
    ALL_SOURCES
    :: atomic { NO_SOURCE -> burst = 0; begin_round() }
    fi;

close: /* server_close */
    server_closed[cur] = 1;
    atomic { /* channel_end */
        VISIBLE(SERVER) -> mem[REP_SEQ(cur)] = mem[REP_SEQ(cur)] | GONE;
        open[cur] = 0;
        pending[cur] = 0;
        kept[cur] = 0;
        remove(cur)
    }
    atomic { waiting[cur] = 0; begin_round() }
    } unless { server_dies }
}

/* ---- core, and death ---- */

#ifndef NO_KILL
proctype core()
{
    byte c;

    if
    :: skip
    :: client_dies[0] = 1
    :: /* linux_channels_end, when the server has ended */
#ifdef GONE_TOO_EARLY
        mem[REP_SEQ(0)] = mem[REP_SEQ(0)] | GONE;
        waiting[0] = 0;
#endif
        server_dies = 1;
        do
        :: c < CLIENTS -> server_closed[c] = 1; c++
        :: else -> break
        od;
        c = 0;
#ifndef GONE_TOO_EARLY
        do
        :: c < CLIENTS ->
            atomic { VISIBLE(SERVER) -> mem[REP_SEQ(c)] = mem[REP_SEQ(c)] | GONE }
            waiting[c] = 0;
            c++
        :: else -> break
        od
#endif
    fi
}
#endif

#ifdef FLOOD
proctype flood()
{
    mem[REQ_DATA(1)] = BAD;
    mem[REQ_SEQ(1)] = 1;
    do
    :: atomic { mem[REP_SEQ(1)] == mem[REQ_SEQ(1)] -> mem[REQ_SEQ(1)] = 3 - mem[REQ_SEQ(1)] }
    od
}
ltl served { <> client_closed[0] }
#endif

init {
    atomic {
#ifndef NO_SPURIOUS
        if
        :: may_wake = 1
        :: skip
        fi;
#endif
        run client(0);
#ifdef FLOOD
        run flood();
#elif CLIENTS == 2
        run client(1);
#endif
        run server();
#ifndef NO_KILL
        run core();
#endif
#ifndef FLOOD
        run memory(0);
        run memory(1);
#if CLIENTS == 2
        run memory(2);
#endif
#endif
    }
}
