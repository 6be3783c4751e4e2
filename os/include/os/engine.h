/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h: children. A component that creates an engine can give a part of what it has to components of its
 * own, described by a scenario (docs/scenario.md); init is nothing but a thin program around an engine. It
 * needs routes of PD and ROM to the parent. Link with engine_dep.
 *
 * All functions are called on the thread of the env's main entrypoint, where everything happens, and so are
 * the handlers. An engine calls its parent and waits, and never waits for a child.
 */
#ifndef OS_ENGINE_H
#define OS_ENGINE_H

#include <os/env.h>
#include <os/rom.h>
#include <os/session.h>

struct os_engine;

/*
 * What the engine tells; memory of the caller's that outlives the engine, usually a member of a structure
 * that OS_CONTAINER_OF finds. Each may be NULL. All but `problem` may call all functions of this header.
 */
struct os_engine_handlers {
    /*
     * A line about what is wrong with a scenario, "file:line:column: what, expected what", without newline;
     * after those of a scenario that was read one that counts them. Called before os_engine_apply returns.
     * NULL: the lines are printed.
     */
    void (*problem)(struct os_engine_handlers *handlers, const char *line);
    /*
     * No child will run again by itself, or one whose `exit:` ends the system has ended; STATUS is that of
     * the one, or of the first that failed, 0 if none did. Called once for each scenario that was applied.
     */
    void (*ended)(struct os_engine_handlers *handlers, int status);
    /* The state (os_engine_state) is another; not more often than the scenario's `state: { delay }`. */
    void (*changed)(struct os_engine_handlers *handlers);
    /* os_engine_destroy is through: everything is back in the component's account. */
    void (*destroyed)(struct os_engine_handlers *handlers);
};

struct os_engine_options {
    const char *file; /* the scenario's name in messages; "scenario" if NULL; copied */
    int headless;     /* which entries with `when:` are there */
    int nested; /* the parent is no core: routes to it are trusted, unless `parent-provides` says more */
    struct os_engine_handlers *handlers;
};

/*
 * An engine without children. OS_ERR_RAM, OS_ERR_CAPS, or as of calls. It is told of quota that comes back
 * late (os_pd_quota_sigh): of several engines in a component, the last one is.
 */
OS_MUST_CHECK os_err os_engine_create(struct os_env *env, const struct os_engine_options *options,
                                      struct os_engine **engine);

/*
 * A service that the component itself has for its children, for routes `to: local`; memory of the caller's
 * that outlives the engine. Its handlers are those of any server, and open nothing and call no child while
 * they run.
 */
struct os_engine_service {
    const char *service;
    const struct os_root_handlers *handlers;
    struct os_root_server root; /* what they are called with; its object is not used */
    struct os_list link;        /* private */
};

/* To be called before the first scenario is applied. */
void os_engine_offer(struct os_engine *engine, struct os_engine_service *service);

/*
 * Ends all children and gives everything back that they had; NULL is fine. Returns at once, and ENGINE is not
 * to be used any more; `destroyed` is called when the parent has answered and all is back.
 */
void os_engine_destroy(struct os_engine *engine);

/*
 * Reads and checks a scenario and makes it the one that runs. CONTENT is what a ROM has: SIZE bytes of YAML
 * text, or a config tree (os/config.h). OS_ERR_BAD_ARG: something is wrong with it, which was told, and
 * nothing was changed; nor by other errors: OS_ERR_RAM.
 *
 * The first one starts the children. Of a further one, what is the same goes on undisturbed:
 *
 * - entries that are there no longer end, new ones are started;
 * - another binary, sandbox or list of provided services restarts the child;
 * - ram and caps are given to the running child, or taken as it uses less; it is asked to yield the rest;
 * - another config is another content of its ROM;
 * - a session that the routes lead elsewhere now is treated as the client's `on-route-change` says; a request
 *   that waits, waits there;
 * - policies hold from now on; a child that has ended for good is started when its config, quota, binary,
 * sandbox or list of services is another.
 */
OS_MUST_CHECK os_err os_engine_apply(struct os_engine *engine, const void *content, size_t size);

/*
 * Tells what os_engine_apply would do: LINE is called with TO for each step, as "start NAME", "end NAME",
 * "restart NAME: reason", "NAME: what changes", or "nothing changes". Touches nothing. Errors as above.
 */
OS_MUST_CHECK os_err os_engine_preview(struct os_engine *engine, const void *content, size_t size,
                                       void (*line)(void *to, const char *line), void *to);

/* Only the checks; touches nothing. */
OS_MUST_CHECK os_err os_engine_check(struct os_engine *engine, const void *content, size_t size);

/*
 * Ends the process of child NAME from outside; what follows is up to its restart policy. OS_ERR_NOT_FOUND, or
 * OS_ERR_DEAD when it does not run now.
 */
OS_MUST_CHECK os_err os_engine_kill(struct os_engine *engine, const char *name);

/* Ends child NAME if it runs and starts it anew, at once and whatever its policy says. OS_ERR_NOT_FOUND. */
OS_MUST_CHECK os_err os_engine_restart(struct os_engine *engine, const char *name);

/*
 * Starts child NAME anew with what its binary's ROM has now, after the scenario was checked with what the new
 * binary says about itself; so does whatever else uses that binary and has `upgrade: on-change`. A child that
 * cannot be started with it, or fails within its restart policy in its first minute, is given the old binary
 * back. OS_ERR_NOT_FOUND, OS_ERR_EXISTS: there is nothing new; OS_ERR_BUSY: it was not started yet;
 * OS_ERR_BAD_ARG: it does not fit the scenario, which was told, and nothing was changed; OS_ERR_RAM.
 */
OS_MUST_CHECK os_err os_engine_upgrade(struct os_engine *engine, const char *name);

/*
 * The state of all children and sessions: a config tree, *SIZE bytes at *TREE, to be freed by the caller.
 *
 *     system: { file, mode, age-ms, ram, ram-used, caps, caps-used }
 *     components:
 *       NAME: { state, why, binary, sandbox, age-ms, restarts, last-exit, ram, ram-used, caps, caps-used,
 * calls, asks: { ram, caps }, provides: [SERVICE], sessions: [...] }
 *
 * Quotas are in bytes and capabilities, those of `system` the account of the engine's component. state is one
 * of waiting (for its restart), creating, starting, running, restarting, ending and ended; why says what it
 * waits for, and is not there when it waits for nothing. age-ms is that of the process. calls is how many it
 * has answered, of those that are counted (os_pd_control of pd.h), and is not there where none are. provides
 * has what is announced now. asks is there while a request for quota waits. A session is { service, label,
 * server, state, why, ram, caps }, where label is the server's view, server is the name of a child or parent
 * or local, and state one of waiting, opening, open, closing and lost.
 *
 * OS_ERR_RAM, OS_ERR_TOO_LARGE.
 */
OS_MUST_CHECK os_err os_engine_state(struct os_engine *engine, void **tree, size_t *size);

/*
 * A look at a ROM module as a child would see it; memory of the caller's, which may be freed when DONE is
 * called. DONE may call all functions of this header but os_engine_destroy.
 */
#define OS_ENGINE_WHY 256

struct os_engine_look {
    /* Called once. OS_OK: the first SIZE bytes of DS are the content, until this returns. Else see WHY. */
    void (*done)(struct os_engine_look *look, os_err err);
    os_dataspace_cap ds;
    uint64_t size;
    char why[OS_ENGINE_WHY]; /* in words, what is in the way */
    /* private: */
    struct os_engine *engine;
    struct os_list link;
    struct session *session; /* of the look, NULL: none */
    os_rom_cap rom;
    struct os_call call; /* for the content */
    struct os_alarm limit;
    uint64_t more; /* ram that the next upgrade of the session adds */
    int made;      /* ds was allocated for it */
};

/*
 * Looks what child NAME would find now in the ROM module MODULE. Its config and the state of the engine are
 * made (as config trees); for all others a session is opened where the child's routes lead, with the label
 * and the arguments that the child's would have, and closed when DONE returns. The component's own account
 * pays for it meanwhile, as far as the content needs it. OS_ERR_NOT_FOUND: there is no such child, and DONE
 * is not called; else it is, perhaps before this returns, with OS_ERR_DENIED: the routes deny it;
 * OS_ERR_NO_SERVICE: there is no such module, or no such server that runs; OS_ERR_NOT_FOUND: it has no
 * content; OS_ERR_DEADLINE: who has it does not answer within OS_ENGINE_LOOK_TIME; OS_ERR_BUSY: it has not
 * answered the look before yet; OS_ERR_RAM, OS_ERR_CAPS, OS_ERR_DEAD, OS_ERR_CANCELLED: the engine is being
 * destroyed; or as the server says.
 */
#define OS_ENGINE_LOOK_TIME (2 * OS_SEC)
OS_MUST_CHECK os_err os_engine_look(struct os_engine *engine, const char *name, const char *module,
                                    struct os_engine_look *look);

/* DONE is not called any more; nothing happens when it was. */
void os_engine_look_cancel(struct os_engine_look *look);

#endif
