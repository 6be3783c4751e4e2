/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core.h: the interface between the two halves of core. The generic half in os/core keeps accounts, sessions
 * and their objects; the platform's half makes memory and processes. All on core's one entrypoint thread.
 *
 * Functions named core_plat_... are the platform's; the others are those of os/core that the platform calls.
 */
#ifndef OS_PLATFORM_CORE_H
#define OS_PLATFORM_CORE_H

#include <os/dataspace.h>
#include <os/pd.h>

struct core;
struct core_ds;
struct core_pd;
struct core_session;
struct core_account;

/* ---- memory behind a dataspace: the platform's structure */

struct core_memory;

/* Zeroed memory of SIZE bytes, a multiple of OS_PAGE_SIZE. OS_ERR_HANDLES, OS_ERR_NO_MEMORY. */
os_err core_plat_memory_create(struct core_ds *ds, uint64_t size, struct core_memory **memory);
void core_plat_memory_destroy(struct core_memory *memory);
/* Non-zero while anybody has it attached; when that ends, core_ds_detached follows. */
int core_plat_memory_attached(struct core_memory *memory);
/* The last attachment of the memory of DS is gone; DS may be gone when this returns. */
void core_ds_detached(struct core_ds *ds);

/*
 * The content of ROM module NAME as it is now, read-only and unchanging from then on, SIZE its length in
 * bytes; the memory is of whole pages, at least one. A name with anything but letters, digits, '-', '_' and
 * '.' is never asked for. From now on core_module_changed tells of other content, where that can be.
 * OS_ERR_NOT_FOUND, OS_ERR_IO, OS_ERR_NO_MEMORY; OS_ERR_BUSY when it changes just now, and
 * core_module_changed will follow.
 */
os_err core_plat_module(const char *name, struct core_ds *ds, struct core_memory **memory, uint64_t *size);

/* Module NAME may have other content, or none any more; it is asked for when it is needed. */
void core_module_changed(struct core *core, const char *name);

/* ---- processes: the platform's structure */

struct core_process;

/*
 * What running PD will need, charged to its account. Of the session's ARGS, "profile=NAME" selects the
 * sandbox (default strict): OS_ERR_BAD_ARG if there is none such; "sandbox=required" refuses one that is not
 * complete: OS_ERR_DENIED.
 */
os_err core_plat_process_create(struct core_pd *pd, const char *args, struct core_process **process);
/* Gives all of it back; the process does not run. */
void core_plat_process_destroy(struct core_process *process);
/*
 * Begins to run BINARY as the process. Unless this fails, core_pd_started follows, and if that had no error,
 * core_pd_ended.
 */
os_err core_plat_process_start(struct core_process *process, struct core_memory *binary, uint64_t size,
                               os_parent_cap parent);
/* Ends a process that was started; core_pd_ended follows. */
void core_plat_process_kill(struct core_process *process);

/* How many calls it has answered since it was started. OS_ERR_UNSUPPORTED: the platform does not see them. */
os_err core_plat_process_calls(struct core_process *process, uint64_t *calls);

void core_pd_started(struct core_pd *pd, os_err err, const char *text);
void core_pd_ended(struct core_pd *pd, enum os_pd_state state, int32_t code, const char *text);

/* ---- the rest */

/* One line of output for people: LABEL's TEXT, printable. */
void core_plat_log(const char *label, const char *text);

/*
 * What the machine's clock says: microseconds since 1970-01-01T00:00:00Z. OS_ERR_NOT_FOUND: it has none that
 * works.
 */
os_err core_plat_rtc(int64_t *us);

/*
 * A session of a service that only this platform has, as its LABEL and ARGS say, charged to ACCOUNT;
 * OS_ERR_NO_SERVICE. SESSION's close and cap are to be set.
 */
os_err core_plat_session(struct core *core, const char *service, const char *label, const char *args,
                         struct core_account *account, struct core_session **session);

/*
 * SIZE bytes at TO that nobody can foresee, at once and any number of times. OS_ERR_UNSUPPORTED: the platform
 * has none, and there is no service Random.
 */
os_err core_plat_random(void *to, size_t size);

/* Ends the system with STATUS, 0 to 255; the first one counts. */
void core_plat_end(int status);

/* Whether the user is to have a picture at the end, and how long core waits for it, in nanoseconds. */
enum core_shot {
    CORE_SHOT_NONE,
    CORE_SHOT_POSSIBLE, /* if there is a driver that can make one */
    CORE_SHOT_WANTED,   /* not having it is an error */
};
enum core_shot core_plat_shot(os_time *patience);

/* It was saved, or ERROR says why there is none; core_plat_end follows. */
void core_plat_shot_ended(const char *error);

/*
 * Writes the first SIZE bytes of MEMORY to the user's file for the picture at the end (NAME is NULL), or to
 * one called NAME in the same folder, which is no more than a name. Whole or not at all; WHY is for people.
 * OS_ERR_NO_SPACE, OS_ERR_NOT_FOUND, OS_ERR_DENIED, OS_ERR_IO, OS_ERR_BAD_ARG.
 */
os_err core_plat_save(const char *name, const struct core_memory *memory, uint64_t size, char (*why)[512]);

/* init has ended, by itself or otherwise: the end of the system. STATUS is 0 when init meant well. */
void core_plat_init_ended(enum os_pd_state state, int32_t status, const char *text);

#endif
