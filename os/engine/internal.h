/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * internal.h: the engine: children, the sessions between them, and who has paid what. Everything happens at
 * one entrypoint. init calls core and waits, for core always answers; it never waits for a child, only begins
 * calls to it.
 */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include <os/component.h>
#include <os/config.h>
#include <os/engine.h>
#include <os/entrypoint.h>
#include <os/parent.h>
#include <os/pd.h>
#include <os/rom.h>
#include <os/signal.h>
#include <scenario/scenario.h>

#define NAME_MAX_SIZE 64 /* bytes of an entry's name, with the NUL */

/* A binary that entries name; its ROM session stays open for restarts while a child uses it. */
struct binary {
    struct os_list link;
    struct os_engine *engine;
    unsigned uses;
    struct os_rom_session rom;
    os_dataspace_cap image; /* the content that children are started with; owned */
    uint64_t size;          /* bytes of that */
    int followed;
    struct os_signal_handler changed; /* while followed */
    char name[NAME_MAX_SIZE];
};

/* A scenario that was read, with the memory that it points into; gone when no child refers to it. */
struct generation {
    struct scenario scenario;
    struct os_config config;
    void *tree;
    size_t tree_size;
    unsigned uses;
};

struct amount {
    uint64_t ram; /* bytes */
    uint32_t caps;
};

/* What of the engine resources.c needs. */
struct engine_resources {
    struct os_list asking;         /* of struct child.resources.link, the oldest first */
    struct os_alarm alarm;         /* to look what can be granted */
    struct os_call call;           /* a request to the parent */
    uint32_t round;                /* counts requests */
    struct os_signal_handler late; /* something has come back after it was counted */
    int refused;                   /* by the parent, since the last of them */
    int busy;                      /* somebody waits for what comes free */
};

/* Something that was refused because too many calls are under way, and is tried again when one has ended. */
struct retry {
    struct os_list link;
    void (*again)(struct retry *retry);
};

/* The state as a tree that is built once for all who look until it is told that it is another. */
struct shown {
    void *tree; /* NULL: to be built when somebody looks */
    size_t size;
    os_time at; /* when it was built */
};

struct os_engine {
    struct engine_resources resources;
    struct os_env *env;
    struct os_engine_handlers *handlers;
    char file[256];
    int headless, nested;
    struct generation *generation; /* NULL: nothing was applied yet */
    struct platform_source source;
    const struct scenario *checked; /* by source */
    uint64_t budget_ram;            /* what source has left to admit entries with */
    uint32_t budget_caps;
    struct os_list binaries; /* of struct binary */
    struct os_region elf;    /* the binary that source found last */
    struct os_list children; /* of struct child, in the order of the scenario */
    size_t sessions;         /* how many there are, those that are being closed included */
    size_t closing;          /* of these, how many are being closed */
    int unsettled;           /* a child waits for quota, or has not what its entry says */
    uint32_t next_server_id; /* names sessions towards servers */
    int status;              /* of the first child that ended badly for good */
    int ended;               /* `ended` is being told, or was */
    int dying;               /* being destroyed */
    os_time started;
    struct os_alarm later;          /* tells and frees when nothing of the engine is on the stack any more */
    struct os_alarm progress;       /* tries again what waits for room */
    int goes_on;                    /* and does what else can be done now, see engine_go_on */
    struct os_alarm tell;           /* that the state has changed */
    unsigned state_roms;            /* sessions of the ROM "state" */
    struct shown shown;             /* what they see */
    os_time told;                   /* when that was told last */
    struct os_list retries;         /* of struct retry */
    struct os_list retries_in_turn; /* the same, see engine_retry_in_turn */
    struct os_list looks;           /* from outside: struct os_engine_look */
    unsigned looking;               /* sessions of theirs that are not closed yet */
    struct os_list services;        /* that the component has for its children: struct os_engine_service */
};

/* What a child asks for, and what the engine wants back of it. */
struct child_resources {
    struct os_list link;   /* while ask is owed */
    struct os_reply ask;   /* for ASKS */
    struct amount asks;    /* more that it waits for */
    struct amount granted; /* of such requests since it was started, and not given back */
    struct amount yielded; /* that it has given back of what its entry says */
    struct amount owed;    /* that its entry gives it, and that was not free yet */
    struct amount excess;  /* that its entry no longer gives it */
    struct amount wanted;  /* back: excess, and what another child waits for */
    struct amount read;    /* of wanted, when it last asked how much that is */
    os_signal_cap yield_sigh;
    uint32_t answered, told; /* the round that it has nothing to give in; lines in the log */
    int told_waiting;
};

struct child_heartbeat {
    struct os_alarm alarm;
    os_signal_cap sigh;
    uint32_t missed;
    int owed, told; /* an answer; in the log that it does not come */
};

enum child_state {
    CHILD_IDLE,     /* waiting for its restart */
    CHILD_READY,    /* started as soon as there is quota for it */
    CHILD_CREATING, /* its PD session is requested */
    CHILD_STARTING, /* core loads it */
    CHILD_RUNNING,
    CHILD_ENDING, /* its PD session is being closed */
    CHILD_GONE,   /* ended for good */
};

struct child {
    struct os_list link;
    struct os_engine *engine;
    struct generation *generation; /* that of entry, counted */
    const struct entry *entry;
    struct binary *binary;      /* counted; NULL until it is started */
    os_dataspace_cap image;     /* of the binary, as it was when the child was first started with it; owned */
    os_dataspace_cap old_image; /* while an upgrade is on trial: what it had before; owned */
    enum child_state state;
    struct os_object parent; /* what it calls */
    struct os_signal_handler exited;
    os_parent_cap parent_cap; /* of parent and exited, from STARTING until they have gone to core; owned */
    os_signal_cap exited_cap;
    struct os_call call; /* to core: create, start, close */
    struct retry retry;  /* of that */
    uint64_t given_ram;  /* quota that its account was opened with, or given later for its entry */
    uint32_t given_caps;
    struct os_alarm alarm; /* its restart */
    uint32_t pd_id;
    os_pd_control_cap control; /* valid from STARTING to the end */
    uint32_t next_id;          /* names sessions towards the child */
    uint32_t refusals;
    struct os_list sessions; /* that it requested: struct session.client_link */
    struct os_list records;  /* the same, and those of it that were not over when it ended: record_link */
    uint64_t records_size;   /* bytes that they take */
    struct os_list serves;   /* sessions at it: struct session.server_link */
    struct os_list roots;    /* that it announced: struct announced */
    uint32_t restarts;       /* in a row */
    uint32_t starts;         /* in all */
    os_time started;
    char last_exit[160]; /* how it ended last, for a person */
    struct child_resources resources;
    struct child_heartbeat heartbeat;
    int vital;   /* the scenario that it came with has started only when it has */
    int anew;    /* what is being created is not what is wanted any more */
    int again;   /* to be started again when the PD session is closed */
    int removed; /* to be freed when it has ended */
    char name[NAME_MAX_SIZE];
};

/* A service that a child has announced. */
struct announced {
    struct os_list link;
    os_root_cap root;
    char service[OS_SERVICE_MAX];
};

enum session_state {
    SESSION_WAITING, /* for the server to announce the service; nothing is paid yet */
    SESSION_OPENING,
    SESSION_OPEN,
    SESSION_UPGRADING,
    SESSION_CLOSING,
    SESSION_LOST, /* the server has ended; the client has not closed it yet */
};

/* A session of a child at the parent, at another child, or at init itself. */
struct session {
    struct os_list client_link, server_link, record_link;
    struct os_engine *engine;
    struct child *client; /* NULL when it has ended */
    struct child *asker;  /* whose record it is, even then; NULL when that is no more */
    uint64_t size;        /* bytes of it */
    struct child *server; /* NULL: the parent, or init */
    enum {
        ELSEWHERE,
        AT_CONFIG,
        AT_STATE,
        AT_LOCAL,
        AT_NOTHING
    } here; /* what of the engine's own component it is at */
    struct config_rom *rom;
    struct os_engine_service *local;
    struct os_root_session *at_local;
    int looks;                   /* it is the engine's own, for a look from outside */
    struct os_engine_look *look; /* that; NULL when it has ended */
    enum session_state state;
    int retried;      /* the server was gone when it was asked; it is asked once more */
    int close_wanted; /* as soon as the call under way has ended */
    int upgrade_lost; /* the server ended during an upgrade, which fails when the donation is back */
    int revoke;       /* its route has changed: it is closed, and the client learns of it by its calls */
    uint32_t id, server_id; /* names towards client and server */
    uint64_t ram, more_ram; /* donation that the server has, and what of it the upgrade under way adds */
    uint32_t caps, more_caps;
    struct os_call call;
    struct retry retry;   /* of that */
    struct os_alarm wait; /* the end of SESSION_WAITING */
    struct os_reply reply, close_reply;
    char *texts; /* what these are in */
    const char *service, *label, *args;
    const char *asked_service, *asked_label, *asked_args; /* by the client */
};

/* A line to the log about CHILD. */
__attribute__((format(printf, 2, 3))) void child_log(const struct child *child, const char *format, ...);

/* ---- engine.c */

/* The child of that name, or NULL; one that is being removed is none, for there may be another one already.
 */
struct child *engine_child(struct os_engine *engine, const char *name);

/* Tells that the system has ended with STATUS, once for each scenario. */
void engine_ended(struct os_engine *engine, int status);

/* Looks whether any child will run again; called when one is gone for good. */
void engine_child_gone(struct os_engine *engine);

/* Something was given back: who waits for quota may go on, and an engine that is being destroyed may be
 * through. */
void engine_returned(struct os_engine *engine);

/* Tries AGAIN when a call under way has ended; for calls that gave OS_ERR_BUSY. */
void engine_retry(struct os_engine *engine, struct retry *retry, void (*again)(struct retry *retry));

/*
 * The same for calls to the parent, of which there can be many: after all others, one after the other, and
 * none behind one that is still busy.
 */
void engine_retry_in_turn(struct os_engine *engine, struct retry *retry, void (*again)(struct retry *retry));

/* A call has ended, so that there may be room for another one. */
void engine_call_ended(struct os_engine *engine);

/* The state is another; who wants to know is told, in time. */
void engine_changed(struct os_engine *engine);

/* Does what can be done now that could not be done before, when the caller has returned. */
void engine_go_on(struct os_engine *engine);

/* A child is ending, whose quota is not back yet. */
int engine_child_ends(const struct os_engine *engine);

/* Quota is on its way back from a child that ends or from a session that is being closed. */
int engine_gives_back(const struct os_engine *engine);

/* ---- change.c: the step from one scenario to the next */

/* Makes GENERATION the one that runs; takes nothing over when it fails: OS_ERR_RAM. */
OS_MUST_CHECK os_err change_apply(struct os_engine *engine, struct generation *generation);

/* Says what change_apply would do, a line for each. */
OS_MUST_CHECK os_err change_preview(struct os_engine *engine, struct generation *generation,
                                    void (*line)(void *to, const char *line), void *to);

/* Moves quota to and from children towards what their entries say, and starts what can be started. */
void change_progress(struct os_engine *engine);

/* ---- decide.c: where a request goes */

struct decision {
    const struct route *route;
    const struct entry *server;   /* NULL: the parent, or here */
    struct route_request request; /* as the server sees it */
};

/*
 * The decision of SCENARIO about what CLIENT has ASKED. OS_ERR_NO_SERVICE, OS_ERR_DENIED, OS_ERR_DEADLOCK (it
 * leads to the client), OS_ERR_TOO_LARGE, OS_ERR_BAD_ARG (a component without a name).
 */
OS_MUST_CHECK os_err decide(const struct scenario *scenario, const struct entry *client,
                            const struct route_request *asked, struct decision *decision);

/* Whether SESSION is elsewhere than SCENARIO, with CLIENT as an entry of it, decides; then WHY, in words. */
#define WHY_MAX 240
int decision_differs(const struct scenario *scenario, const struct entry *client,
                     const struct session *session, char (*why)[WHY_MAX]);

/* ---- local.c: services of the engine's component itself */

struct os_engine_service *local_find(struct os_engine *engine, const char *service);
OS_MUST_CHECK os_err local_open(struct session *session, os_any_cap *cap);
void local_upgraded(struct session *session, uint64_t ram, uint32_t caps);
void local_close(struct session *session); /* nothing happens when it is closed, or at no local service */

/* ---- generation.c */

/*
 * Reads and checks CONTENT of SIZE bytes, with one use. OS_ERR_BAD_ARG when something is wrong, which was
 * told, OS_ERR_RAM.
 */
OS_MUST_CHECK os_err generation_read(struct os_engine *engine, const void *content, size_t size,
                                     struct generation **generation);
struct generation *generation_use(struct generation *generation);
void generation_drop(struct generation *generation); /* NULL is fine */

/* Sets what scenarios are checked with. */
void generation_source_init(struct os_engine *engine);

/* ---- binary.c */

/* Finds the ROM session of binary NAME, which is opened if it is not yet; not counted. */
OS_MUST_CHECK os_err binary_find(struct os_engine *engine, const char *name, struct binary **binary);

/* Upgrades children whose entries want that when BINARY's content changes. OS_ERR_CAPS, OS_ERR_HANDLES. */
OS_MUST_CHECK os_err binary_follow(struct binary *binary);

/* One use less; NULL is fine. */
void binary_drop(struct binary *binary);

/* Closes those that no child uses. */
void binaries_tidy(struct os_engine *engine);

/* ---- child.c */

/* A child for ENTRY of GENERATION, last in the list, not started. OS_ERR_RAM. */
OS_MUST_CHECK os_err child_create(struct os_engine *engine, struct generation *generation,
                                  const struct entry *entry, struct child **child);
void child_start(struct child *child);

/* It is to be started as soon as there is quota for it. */
void child_ready(struct child *child);

/* Ends the child if it runs, and starts it anew; WHY is for the log. */
void child_restart(struct child *child, const char *why);

/* Starts the child anew with the binary's image, on trial. */
void child_upgrade(struct child *child);

/* Ends the child whatever it does, and frees it when it is gone. */
void child_remove(struct child *child);

/* Arguments of the PD session of ENTRY of SCENARIO. */
void child_pd_args(char (*args)[OS_ARGS_MAX], const struct scenario *scenario, const struct entry *entry);

/* How an end is told and judged. */
struct ending {
    int status; /* 0: it ended well */
    int fatal;  /* the system has not started then */
    int again;  /* it is started again at once, whatever its policy says */
    int failed; /* it could not be started */
    char text[300];
};

/* Ends the child: its sessions, the sessions at it, its account; starts it again by its policy. */
void child_end(struct child *child, const struct ending *ending);

/* The child has its process and its account. */
static inline int child_is_alive(const struct child *child)
{
    return child->state == CHILD_STARTING || child->state == CHILD_RUNNING;
}

/* The engine's account is short by what was given to it. */
static inline int child_has_account(const struct child *child)
{
    return child->state == CHILD_CREATING || child->state == CHILD_ENDING || child_is_alive(child);
}

/* ---- parent.c: what a child asks of init */

OS_MUST_CHECK os_err child_serve(struct child *child, os_parent_cap *cap);

/* The child that calls. */
struct child *child_of_rpc(struct os_rpc *rpc);

/* The root of SERVICE at CHILD, or NULL. */
struct announced *child_root(const struct child *child, const char *service);
void child_forget_root(struct child *child, const char *service);
void child_forget_roots(struct child *child);

/* ---- resources.c: quota that a child asks for or is asked for */

OS_MUST_CHECK os_err resources_init(struct os_engine *engine); /* OS_ERR_CAPS, or as of calls */
void resources_fini(struct os_engine *engine);

/* Something has come back to the engine's account: whoever waits for it may get it, later on. */
void resources_freed(struct os_engine *engine);

/*
 * The scenario gives CHILD, which runs, RAM and CAPS from now on, and child->entry still says what it gave it
 * before. More is moved as soon as it is there; of what is too much the child is asked to give back what it
 * does not use, and keeps the rest until it ends.
 */
void resources_resize(struct child *child, uint64_t ram, uint32_t caps);

/* What the account of a child that has one was given by the engine. */
struct amount resources_given(const struct child *child);

/* Takes what CHILD, which runs, has too much and does not use. */
void resources_shrink(struct child *child);
int resources_has_excess(const struct child *child);

/* CHILD has ended: it asks for nothing any more and is asked for nothing, signs of life included. */
void resources_child_end(struct child *child);

/* What a child calls. */
os_err resources_request(struct os_rpc *rpc, uint64_t ram, uint32_t caps);
os_err resources_yield_sigh(struct os_rpc *rpc, os_signal_cap handler);
os_err resources_yield_request(struct os_rpc *rpc, uint64_t *ram, uint32_t *caps);
os_err resources_yield_response(struct os_rpc *rpc, uint64_t ram, uint32_t caps);

/* ---- heartbeat.c */

/* CHILD runs, or its entry has changed: signs of life are expected from it as the entry says. */
void heartbeat_begin(struct child *child);
void heartbeat_end(struct child *child);
os_err heartbeat_sigh(struct os_rpc *rpc, os_signal_cap handler);
os_err heartbeat_response(struct os_rpc *rpc);

/* ---- state.c */

/* Where SESSION is: the server's name, "parent" or "local". */
const char *session_server_name(const struct session *session);

/* What it waits for, or "". */
void session_why(const struct session *session, char (*why)[WHY_MAX]);

/* ---- session.c */

/* A request of CLIENT with that donation. OS_REPLY_LATER when RPC is answered later. */
os_err session_request(struct child *client, struct os_rpc *rpc, const struct route_request *asked,
                       uint64_t ram, uint32_t caps);
/* One that has ASKED and goes where DECISION says, without client, with that donation; NULL without memory.
 */
struct session *session_create(struct os_engine *engine, const struct route_request *asked,
                               const struct decision *decision, uint64_t ram, uint32_t caps);
/* Adds to the donation of one that is open and has no client; look_upgraded follows, maybe at once. */
OS_MUST_CHECK os_err session_grow(struct session *session, uint64_t ram, uint32_t caps);
/* What the client has asked for. */
struct route_request session_asked(const struct session *session);
/* A session that waits goes on, if its server is there. */
void session_go(struct session *session);
void session_wait(struct session *session);
/* Closes it, or does so as soon as it can; the client finds out. */
void session_revoke(struct session *session);
/* The decision about a session that waits has changed. */
void session_reroute(struct session *session, const struct decision *decision, os_err err);
void session_open(struct session *session);
void session_upgrade(struct session *session, struct os_rpc *rpc, uint64_t ram, uint32_t caps,
                     os_err *result);
void session_close(struct session *session);
struct session *session_find(struct child *client, uint32_t id);

/* The client has ended: closes all that it has. */
void sessions_of_client_end(struct child *client);
/* The client is about to be freed. */
void sessions_of_nobody(struct child *client);
/* The server has ended: callers get an error at once, */
void sessions_of_server_lost(struct child *server);
/*
 * and when its account is closed, the donations go back, out of what came BACK of it: memory of a component
 * that has ended is charged until the last one who has it attached lets go. What is missing then is shared by
 * its clients in proportion to their donations, after what the server itself had is used up.
 */
void sessions_of_server_refund(struct child *server, struct amount back);
/* The server will not come back: whoever waits for it is told. */
void sessions_of_server_give_up(struct child *server);

/* ---- rom.c: sessions for looks from outside */

void look_opened(struct os_engine_look *look, os_any_cap cap);
void look_upgraded(struct os_engine_look *look, os_err err);
/* The session is about to be freed. */
void look_failed(struct os_engine_look *look, os_err err);
void looks_end(struct os_engine *engine);

/* ---- account.c */

/* The account of CHILD, or of the engine itself. */
os_pd_cap child_account(struct os_engine *engine, struct child *child);

/* Moves quota from the account of FROM to that of TO; NULL is init. */
OS_MUST_CHECK os_err account_move(struct os_engine *engine, struct child *from, struct child *to,
                                  uint64_t ram, uint32_t caps);

/* Moves as much of it as there is, and says what is missing; *RAM and *CAPS become what was moved. */
void account_return(struct os_engine *engine, struct child *from, struct child *to, uint64_t *ram,
                    uint32_t *caps, const char *service);

/* ---- config_rom.c: the ROM "config" of a child */

struct config_rom;
OS_MUST_CHECK os_err config_rom_create(struct session *session, os_any_cap *cap, struct config_rom **rom);
/* Those who see the state are told that it is another. */
void state_rom_update(struct os_engine *engine);
void config_rom_destroy(struct config_rom *rom);

/* The donation of its session has grown. */
void config_rom_upgraded(struct config_rom *rom, uint64_t ram, uint32_t caps);

/* The config of CHILD's entry is another one now: whoever has the ROM open is told, and finds it there. */
void config_rom_update(struct child *child);

#endif
