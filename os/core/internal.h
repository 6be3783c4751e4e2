/* SPDX-License-Identifier: BSD-2-Clause */
/* internal.h: what the parts of core's generic half share, and what the platform's half looks at. */
#ifndef CORE_INTERNAL_H
#define CORE_INTERNAL_H

#include <os/entrypoint.h>
#include <os/log.h>
#include <os/parent.h>
#include <os/pd.h>
#include <platform/core.h>

#include "account.h"
#include "drbg.h"

/*
 * What core itself spends on a session of any kind, charged to its donation: its structures, and with the
 * capability the socket or port that the kernel makes for it.
 */
#define CORE_SESSION_RAM  UINT64_C(1024)
#define CORE_SESSION_CAPS 1u

struct core {
    struct os_entrypoint *ep;
    struct core_accounts accounts;
    struct core_account *account; /* core's own; what init was not given, and the ROM modules */
    struct os_list modules;       /* of struct core_module.link */
    struct os_list old_contents;  /* of struct core_ds.link: of modules that have other content now */
    struct os_list sessions;      /* of struct core_session.link, all requested by init */
    uint32_t last_id;
    struct core_pd *init;
    struct os_object parent; /* init's */
    struct os_list hosts;    /* of host.c */
    struct os_list controls; /* of control.c */
    struct os_alarm shot_alarm;
    struct drbg secret; /* of random.c, that keys are derived from */
    int has_secret;
    int end_asked, shot_asked, shot_status; /* what to end with when the picture is made */
};

/* ---- sessions: what init requested */

/* The first member of what it is a part of, so that freeing it frees that. */
struct core_session {
    struct os_list link;
    struct core *core;
    struct core_account *account; /* the donation */
    uint32_t id;
    os_any_cap cap;          /* given away by whoever opened it, to core_session's caller */
    struct os_reply closing; /* owed to init while a close is under way */
    int closing_now;
    /* Frees everything, and calls core_session_closed at the end, at once or later. */
    void (*close)(struct core_session *session);
};

/* The session is gone but for this structure: returns the donation, answers, frees SESSION. */
void core_session_closed(struct core_session *session);

/* ---- dataspaces */

struct core_ds {
    struct os_list link; /* in the PD that allocated it, or none */
    struct core *core;
    struct core_account *account;
    struct core_memory *memory;
    uint64_t size;
    uint64_t ram; /* charged: the size, or 0 for memory of a device */
    struct os_object rw, ro;
    int rw_live, ro_live;    /* capabilities are out */
    os_dataspace_cap ro_cap; /* core's own, as long as it may be asked for another */
    int module;              /* the content of a ROM module: lives as long as that has no other */
};

/* A dataspace of SIZE bytes charged to ACCOUNT; in LIST until it is gone or revoked. */
os_err core_ds_create(struct core *core, struct core_account *account, struct os_list *list, uint64_t size,
                      os_dataspace_cap *cap);

/*
 * The same of memory that belongs to a device, which costs no ram: MAKE makes it, out of DEVICE. SIZE is a
 * multiple of OS_PAGE_SIZE.
 */
os_err core_ds_create_device(struct core *core, struct core_account *account, struct os_list *list,
                             uint64_t size,
                             os_err (*make)(void *device, struct core_ds *ds, struct core_memory **memory),
                             void *device, os_dataspace_cap *cap);

/* Ends all capabilities to it; it is gone when the last attachment is. */
void core_ds_revoke(struct core_ds *ds);

/*
 * A dataspace for the content of a ROM module, SIZE its length in bytes, as the platform has it; charged to
 * core. It stays until core_ds_replaced.
 */
os_err core_ds_create_module(struct core *core, const char *name, struct core_ds **ds, uint64_t *size);

/* The content is not the module's any more: it is gone when nobody holds it or has it attached; until then it
 * is in LIST. */
void core_ds_replaced(struct core_ds *ds, struct os_list *list);

/* Frees it whoever has it. */
void core_ds_destroy(struct core_ds *ds);

/* Ends a module's content; it is gone when the last process that runs it, or has it attached, is. */
void core_ds_forget(struct core_ds *ds);

/* The dataspace that CAP stands for, or NULL; *WRITABLE says whether CAP allows writing. */
struct core_ds *core_ds_of(struct core *core, os_dataspace_cap cap, int *writable);

/* ---- module.c: ROM modules */

struct core_module {
    struct os_list link;
    char name[64];
    uint64_t size;
    struct core_ds *ds;      /* the content */
    struct os_list sessions; /* that are told when it changes: links of rom.c */
    int stale;               /* there may be other content: it is looked for at the next use */
};

/* The module with its content as it is now; read at the first use, and when it has changed. */
os_err core_module_get(struct core *core, const char *name, struct core_module **module);

/* The same for one that is known: it has its last content if there is no other. */
void core_module_update(struct core_module *module);

/* Whether it has been asked for with success, so that there is content in any case. */
int core_module_known(struct core *core, const char *name);
void core_modules_fini(struct core *core);

/* ---- protection domains */

struct core_pd {
    struct core_session session; /* its donation is the component's account */
    char label[OS_LABEL_MAX];
    struct os_object pd, control;
    os_pd_cap cap; /* of pd; core's own */
    struct os_list dataspaces;
    struct core_process *process;
    os_signal_cap ended, quota_sigh;
    enum os_pd_state state;
    int32_t code;
    char text[256];
    struct os_reply starting; /* owed while the platform starts it */
    int busy;                 /* the platform's process runs, or is being started */
};

os_err core_pd_open(struct core *core, const char *label, const char *args, struct core_account *account,
                    struct core_session **session);

/* The component whose account CAP is, or NULL. */
struct core_pd *core_pd_of(struct core *core, os_pd_cap cap);

/* Runs BINARY; used by the operation and for init. */
os_err core_pd_start(struct core_pd *pd, os_dataspace_cap binary, os_parent_cap parent);

/* ---- other services */

os_err core_rom_open(struct core *core, const char *label, struct core_account *account,
                     struct core_session **session);

/* Tells who has asked for it that MODULE has other content. */
void core_rom_changed(struct core_module *module);
os_err core_log_open(struct core *core, const char *label, struct core_account *account,
                     struct core_session **session);

os_err core_host_open(struct core *core, struct core_session **session);
os_err core_random_open(struct core *core, const char *label, struct core_session **session);

os_err core_rtc_open(struct core *core, struct core_session **session);

/* Writes TEXT of LEN bytes as one line of LABEL, control characters and broken UTF-8 replaced. */
void core_log_line(const char *label, const char *text, size_t len);

/* ---- core as a whole */

/* RAM bytes and CAPS are all there is. */
os_err core_init(struct core *core, struct os_entrypoint *ep, uint64_t ram, uint32_t caps);

/* Starts ROM module BINARY as init, with all quota but RESERVE_RAM and RESERVE_CAPS. */
os_err core_start_init(struct core *core, const char *binary, uint64_t reserve_ram, uint32_t reserve_caps);

/* The user wants the end: after the picture that he is owed; at once when he wants it for the second time. */
void core_end_in_order(struct core *core);

/*
 * Closes all that init has requested, and init's own account, as at the end of a run. What belongs to a
 * process that still runs follows when core_pd_ended has told of its end; ROM modules, which it may run,
 * stay.
 */
void core_close_all(struct core *core);

/* Ends everything that was made for init, for tests; no process may run. */
void core_fini(struct core *core);

#endif
