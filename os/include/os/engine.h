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
    int no_files;     /* nobody offers modules of the scenario's `files:`, which therefore is a mistake */
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
 *               asks: { ram, caps }, provides: [SERVICE], sessions: [...] }
 *
 * Quotas are in bytes and capabilities, those of `system` the account of the engine's component. state is one
 * of waiting (for its restart), creating, starting, running, restarting, ending and ended; why says what it
 * waits for, and is not there when it waits for nothing. age-ms is that of the process. provides has what is
 * announced now. asks is there while a request for quota waits. A session is { service, label, server, state,
 * why, ram, caps }, where label is the server's view, server is the name of a child or parent or local, and
 * state one of waiting, opening, open, closing and lost.
 *
 * OS_ERR_RAM, OS_ERR_TOO_LARGE.
 */
OS_MUST_CHECK os_err os_engine_state(struct os_engine *engine, void **tree, size_t *size);

/* A ROM module as a child would see it, until it is closed. */
struct os_engine_rom {
    os_dataspace_cap ds; /* its first SIZE bytes; owned by this */
    uint64_t size;
    struct os_rom_session session; /* private: what it is from; */
    struct os_env *env;            /* or who has allocated ds */
};

/*
 * Gives what child NAME would find now in the ROM module MODULE, by its routes: its config, the state of the
 * engine (as config trees), or what the parent has by the label that the route makes. OS_ERR_NOT_FOUND: there
 * is no such child, and WHY is not written. By other errors WHY says in words what is in the way:
 * OS_ERR_DENIED: the routes deny it, or it is at a server that is not core and may not answer;
 * OS_ERR_NO_SERVICE: there is no such module; OS_ERR_RAM, OS_ERR_CAPS, OS_ERR_TOO_LARGE.
 */
#define OS_ENGINE_WHY 256
OS_MUST_CHECK os_err os_engine_rom_open(struct os_engine *engine, const char *name, const char *module,
                                        struct os_engine_rom *rom, char (*why)[OS_ENGINE_WHY]);
void os_engine_rom_close(struct os_engine_rom *rom);

#endif
