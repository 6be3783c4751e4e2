/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inproc.h: components under test in one process. The platform interface is implemented without a kernel
 * beneath it, a mock parent gives sessions, and time is virtual; so a test is a C program that starts a
 * component, calls it through its generated client functions, and asserts.
 *
 * Every entrypoint has a thread, but only one thread runs at any time, and the next one is chosen in the
 * order in which they became ready, when the running one waits. A test thus runs the same way each time.
 * Nobody waits for ever: when no thread is ready, the clock advances to the next deadline or time-out; when
 * there is none, the youngest call gets OS_ERR_DEADLOCK; when nobody calls, the test is stopped with a
 * message that says who waits for what.
 */
#ifndef INPROC_H
#define INPROC_H

#include <os/env.h>
#include <os/entrypoint.h>
#include <os/rpc.h>
#include <os/types.h>

/* ---- a component under test, or the test as a client */

struct inproc_component;

/* Room for a component; ENV is what component_construct gets. The memory is the test's. */
struct inproc_env {
    struct os_env env;
    struct inproc_component *component;
};

/*
 * Makes an environment whose parent is the mock: an account of 64 MiB and 1000 caps, an entrypoint, and the
 * services PD (own account), LOG, ROM, Timer and Random. LABEL is how the component is called towards
 * servers. Any number of them exist side by side; what one announces, the others can open. Stops the test
 * when it fails.
 */
void inproc_env_init(struct inproc_env *env, const char *label);

/* Runs CONSTRUCT, then the entrypoint, on a thread of the component; returns when everything is idle. */
void inproc_env_construct(struct inproc_env *env, void (*construct)(struct os_env *env));

/* Only serves the entrypoint, for a test that has handlers and objects of its own in ENV. */
void inproc_env_serve(struct inproc_env *env);

/*
 * Ends the component and frees the environment. What is left since inproc_env_construct has returned (else:
 * since inproc_env_init) is a leak: objects, signal contexts, dataspaces and sessions of the component;
 * capability handles and attachments of it and of the test. Says each on stderr and returns how many. So
 * close what the test has opened, and end clients before their servers.
 */
OS_MUST_CHECK int inproc_env_fini(struct inproc_env *env);

/* Only what is more than now is a leak from here on; for components that open something at first use. */
void inproc_env_mark(struct inproc_env *env);

/* Sudden death, as by kill -9: its objects are dead, its handles dropped, its sessions closed. */
void inproc_env_kill(struct inproc_env *env);

/* Non-zero when the component has ended itself (os_exit); *STATUS is how. */
int inproc_env_exited(const struct inproc_env *env, int *status);

/* Sets the account to RAM bytes and CAPS, with what is used unchanged. */
void inproc_env_quota(struct inproc_env *env, uint64_t ram, uint32_t caps);
void inproc_env_used(const struct inproc_env *env, uint64_t *ram, uint32_t *caps);

/* Of what ENV requests from its parent, so much is granted from now on; first nothing is. */
void inproc_env_grant(struct inproc_env *env, uint64_t ram, uint32_t caps);

/* The parent wants so much of the account back: signals the component, which may give it. */
void inproc_env_want_back(struct inproc_env *env, uint64_t ram, uint32_t caps);

/* Asks for a sign of life, and how many there have been. */
void inproc_env_heartbeat(struct inproc_env *env);
uint32_t inproc_env_heartbeats(const struct inproc_env *env);

/* All that the component has logged or printed, one line each; valid until it logs more. */
const char *inproc_log(const struct inproc_env *env);

/* ---- services of the mock parent */

/*
 * Content of ROM NAME for ENV, copied; signals who asked for it. DATA NULL: the ROM exists, without content.
 * A ROM that was never set is OS_ERR_NOT_FOUND.
 */
void inproc_rom_set(struct inproc_env *env, const char *name, const void *data, size_t size);

/*
 * The ROM "config" of ENV from lines "key: value", nested by two spaces each, "- value" for items of lists.
 * That is enough for tests; scenarios are YAML.
 */
void inproc_config_set(struct inproc_env *env, const char *text);

/* The binary form of the same, for tests of the reader; *SIZE bytes, to be freed. */
void *inproc_config_make(const char *file, const char *text, size_t *size);

/*
 * What the service Random gives from now on follows from SEED: the same each time. Without it, the numbers
 * are those of a seed that no other has, and always the same as well.
 */
void inproc_random_seed(uint64_t seed);

/*
 * Sessions of SERVICE come from OPEN from now on, whoever announces it; NULL ends that. *CAP is given away.
 * OPEN runs in the mock parent and must not call. close: NULL or told the ID that open was told.
 */
struct inproc_service {
    os_err (*open)(struct inproc_service *service, uint32_t id, const char *label, const char *args,
                   uint64_t ram, uint32_t caps, os_any_cap *cap);
    void (*close)(struct inproc_service *service, uint32_t id);
};
void inproc_provide(const char *service, struct inproc_service *mock);

/* Sessions of SERVICE are refused with ERR; OS_OK ends that. */
void inproc_deny(const char *service, os_err err);

/* ---- time and progress; called by the test's thread */

/* What plat_cpu says from now on, to all threads; UINT32_MAX, as at the start: not known. */
void inproc_set_cpu(uint32_t number);

/* Lets all others run until they wait. The clock stands still. */
void inproc_idle(void);

/* The same, and then for each deadline and time-out within the next NS nanoseconds. */
void inproc_advance(os_time ns);

/* Lets every other thread that is ready run once. Any thread. */
void inproc_yield(void);

/* From release to acquire the calling thread runs in parallel with the others, for tests of locks. */
void inproc_release(void);
void inproc_acquire(void);

/* ---- entrypoints without an environment, as of core */

/* Runs EP on a thread of its own until inproc_unserve. */
void inproc_serve(struct os_entrypoint *ep);
void inproc_unserve(struct os_entrypoint *ep);

/* Death of the peer behind EP: calls under way and later ones give OS_ERR_DEAD. Its thread ends. */
void inproc_kill_entrypoint(struct os_entrypoint *ep);

/* ---- memory, for a core under test that makes dataspaces */

struct inproc_memory;

/*
 * SIZE bytes, a multiple of OS_PAGE_SIZE, zeroed. GONE is called with ARG, by whichever thread it is, when it
 * was released, no object is bound to it and no attachment left; the memory is freed after that. It may be
 * NULL.
 */
OS_MUST_CHECK os_err inproc_memory_create(uint64_t size, void (*gone)(void *arg), void *arg,
                                          struct inproc_memory **memory);
void inproc_memory_release(struct inproc_memory *memory);

/* Number of attachments. */
uint32_t inproc_memory_attached(const struct inproc_memory *memory);

/* The object of CAP is a dataspace with this memory until the object ends: plat_attach finds it. */
void inproc_memory_bind(struct inproc_memory *memory, struct os_cap cap, int writable);

/* ---- faults */

enum inproc_fault {
    INPROC_FAIL_CALL,       /* sending a request, waited for or begun */
    INPROC_FAIL_OBJECT,     /* making an RPC object */
    INPROC_FAIL_SIGNAL,     /* making a signal context */
    INPROC_FAIL_ENTRYPOINT, /* making an entrypoint */
    INPROC_FAIL_ATTACH,     /* attaching a dataspace */
    INPROC_FAIL_THREAD,     /* making a thread */
    INPROC_FAIL_RAM,        /* ram_alloc of the mock PD */
    INPROC_FAULTS,
};

/* After N more that go well, the next one gives ERR; once. OS_OK takes it back. The mock is not disturbed. */
void inproc_fail_next(enum inproc_fault kind, uint32_t n, os_err err);

/*
 * When N more events (calls, replies, signals, holders that are gone) have been delivered to entrypoints,
 * HOOK is called, once, before the next one is: it may kill whomever it likes, and must not wait. Stepping
 * through all N until the hook is not called any more tries every moment of what a test does. HOOK NULL takes
 * it back.
 */
void inproc_at_event(uint32_t n, void (*hook)(void *arg), void *arg);

/* ---- counts: of the test and the components, without what the mock parent holds */

uint32_t inproc_caps_in_use(void);       /* capability handles, those in messages under way included */
uint32_t inproc_objects_in_use(void);    /* RPC objects and signal contexts */
uint32_t inproc_dataspaces_in_use(void); /* whose memory is not freed yet */
uint32_t inproc_regions_in_use(void);    /* attachments */

#endif
