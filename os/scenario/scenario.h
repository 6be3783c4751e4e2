/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scenario.h: a system description, read from its YAML file and checked as a whole before anything starts.
 * docs/scenario.md is the description for people.
 */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include <os/config.h>
#include <os/parent.h>
#include <os/types.h>
#include "manifest.h"
#include "names.h"
#include "problems.h"

enum target {
    TARGET_PARENT,
    TARGET_CHILD,
    TARGET_ANY_CHILD,
    TARGET_DENY,
    TARGET_LOCAL, /* a service of the component that has the children */
};

/* Where sessions of a service go, and what is changed of the request on its way. */
struct route {
    const char *service; /* "any" in a default-route: every service but ROM */
    const char *match;   /* pattern of labels that it is for, see os_policy_match; NULL: every label */
    enum target target;
    const char *child;  /* TARGET_CHILD: an entry, or an alias of one */
    const char *as;     /* name of the service at the server; NULL: the one requested */
    const char *label;  /* what the server sees instead of the client's label; NULL: as requested */
    os_config_ref args; /* map of arguments that are added, or take the place of the client's; NULL: none */
    os_config_ref node; /* NULL: it is there without being written */
};

struct routes {
    struct route *at;
    size_t count;
};

enum restart_policy { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct restart {
    enum restart_policy policy;
    uint32_t max;             /* restarts in a row before init gives up */
    os_time delay, delay_max; /* ns; before the first, doubled for each further one up to the maximum */
};

enum exit_policy {
    EXIT_GOES_ON,
    EXIT_ENDS_SYSTEM,            /* however it ends */
    EXIT_ENDS_SYSTEM_ON_FAILURE, /* if it does not end well */
};

enum heartbeat_action { HEARTBEAT_RESTART, HEARTBEAT_LOG };

struct heartbeat {
    os_time every; /* ns; 0: none */
    uint32_t max_missed;
    enum heartbeat_action action; /* when more than max_missed in a row are not answered */
};

/* What becomes of a request for more ram or caps. */
enum more_policy {
    MORE_DENY,
    MORE_WAIT,  /* it stays open, visibly, until so much is free */
    MORE_GRANT, /* up to the totals */
};

struct more {
    enum more_policy policy;
    uint64_t ram; /* MORE_GRANT: totals of the account; 0: no more of it */
    uint32_t caps;
};

/* What becomes of an open session when its route changes. */
enum route_change { ROUTE_CHANGE_RESTART, ROUTE_CHANGE_CLOSE, ROUTE_CHANGE_KEEP };

enum upgrade_policy { UPGRADE_MANUAL, UPGRADE_ON_CHANGE };

struct entry {
    const char *name;
    os_config_ref node;
    const char *binary; /* NULL: what the scenario says is no name */
    os_config_ref binary_node;
    uint64_t ram; /* bytes */
    uint32_t caps;
    os_config_ref ram_node, caps_node; /* NULL: of the manifest */
    const char *sandbox;               /* name of a profile */
    os_config_ref sandbox_node;
    os_config_ref config; /* NULL: none */
    struct routes routes;
    struct restart restart;
    int optional; /* left out when its binary is missing */
    enum exit_policy exit;
    os_time wait; /* ns; longest that its requests wait for a service to be announced */
    struct heartbeat heartbeat;
    struct more more;
    enum route_change on_route_change;
    enum upgrade_policy upgrade;
    int has_provides;
    struct names provides; /* what it may announce */
    os_config_ref provides_node;
    struct manifest manifest;
};

/* A further name for an entry, for routes. */
struct alias {
    const char *name, *entry;
    os_config_ref node;
};

/* A ROM module from a file. */
struct rom_file {
    const char *name, *path; /* the path relative to the scenario's file */
    os_config_ref node;
};

struct scenario {
    struct os_config config; /* borrowed tree */
    int display;             /* the mode: with a display, or headless */
    int sandbox_required;
    os_config_ref sandbox_node;
    struct names parent_provides;
    int any_at_parent;           /* what the parent provides is not known, and so not checked */
    struct names local_provides; /* services of the component itself: ROM, and what scenario_add_local adds */
    struct routes default_route;
    struct alias *aliases;
    size_t aliases_count;
    struct rom_file *files;
    size_t files_count;
    struct {
        uint64_t ram; /* bytes */
        uint32_t caps;
    } slack; /* what is not given to children */
    struct {
        os_time delay; /* ns; least time between two states that are reported */
        int report;    /* to a service Report, too */
    } state;
    struct entry *entries; /* those of this mode, in the order of the file */
    size_t count;
    struct names absent; /* names of entries that this mode, or a missing optional binary, leaves out */
};

/*
 * What init keeps in its own account, beside what ENTRY is given, for the sessions and requests of ENTRY:
 * bytes. More of them are refused, so that nobody can use up what init needs for others. They cost their
 * client or the server a cap each, as a rule, so it goes by caps.
 */
static inline uint64_t entry_kept_ram(const struct entry *entry)
{
    uint64_t ram = OS_KIB(8) + UINT64_C(192) * entry->caps;
    return ram < OS_KIB(256) ? ram : OS_KIB(256);
}

/*
 * What the platform knows. FIND attaches the ELF file NAME until the next call or the end of the source.
 * ADMIT tells whether ENTRY could be created: OS_ERR_BAD_ARG for a sandbox that does not exist, OS_ERR_RAM or
 * OS_ERR_CAPS when it asks for more than there is, OS_ERR_DENIED when the scenario requires a sandbox that
 * this machine cannot close.
 */
struct platform_source {
    os_err (*find)(struct platform_source *source, const char *name, const void **elf, size_t *size);
    os_err (*admit)(struct platform_source *source, const struct entry *entry);
};

/*
 * Reads all keys of CONFIG, which must outlive SCENARIO. Problems are reported; the result is the number of
 * new ones. SCENARIO is to be ended in any case.
 */
unsigned scenario_read(struct scenario *scenario, const struct os_config *config, int display,
                       struct problems *problems);

/* Makes SERVICE one that routes `to: local` may name. To be called before scenario_check; 0 without memory.
 */
int scenario_add_local(struct scenario *scenario, const char *service);

/* Reads the manifest of each entry's binary, and leaves out optional entries whose binary is missing. */
unsigned scenario_read_binaries(struct scenario *scenario, struct platform_source *source,
                                struct problems *problems);

/* Checks what needs the manifests: quotas, sandboxes, services, routes, cycles, configs. */
unsigned scenario_check(const struct scenario *scenario, struct platform_source *source,
                        struct problems *problems);

/*
 * Warns of what is sound but has no effect: routes that are never taken, aliases in no route, servers that
 * nobody is led to or nobody requires. For a scenario that scenario_check has found nothing in.
 */
void scenario_warn(const struct scenario *scenario, struct problems *problems);

void scenario_fini(struct scenario *scenario);

const struct entry *scenario_find(const struct scenario *scenario, const char *name);

/* What a route's `child: NAME` means: NAME itself, or the entry that it is an alias of. */
const char *scenario_resolve(const struct scenario *scenario, const char *name);

/*
 * The route for a session of SERVICE with LABEL that CLIENT requests: the client's own routes before the
 * default-route, there the service before "any", in each the one with the most specific match, of several
 * the first. NULL: there is none. The ROM "config" is route_own_config,
 * unless one of the client's own routes matches just that.
 */
extern const struct route route_own_config;
const struct route *route_find(const struct scenario *scenario, const struct entry *client,
                               const char *service, const char *label);

/* How route_find gets to its result: every rule there is, in the order in which they are looked at. */
enum route_scope { ROUTE_BUILT_IN, ROUTE_OF_ENTRY, ROUTE_DEFAULT, ROUTE_DEFAULT_ANY };
enum route_verdict {
    ROUTE_OTHER_SERVICE, /* the rule is not for this service */
    ROUTE_OTHER_LABEL,   /* nor for this label */
    ROUTE_LESS_SPECIFIC, /* another one of the same scope fits better */
    ROUTE_NOT_REACHED,   /* a rule of a scope before has decided */
    ROUTE_DECIDES,
};
struct route_step {
    const struct route *route;
    enum route_scope scope;
    enum route_verdict verdict;
    const struct route *better; /* ROUTE_LESS_SPECIFIC, ROUTE_NOT_REACHED: the one that decides */
};

/* The result of route_find; before that, STEP is called with CONTEXT for each rule. */
const struct route *route_explain(const struct scenario *scenario, const struct entry *client,
                                  const char *service, const char *label,
                                  void (*step)(void *context, const struct route_step *step), void *context);

/* The verdict of STEP on a request with LABEL, in words: "is for labels that begin with 'icon-'". */
void route_step_text(const struct route_step *step, char *text, size_t size);

/* A request as the server sees it. */
struct route_request {
    char service[OS_SERVICE_MAX], label[OS_LABEL_MAX], args[OS_ARGS_MAX];
};

/*
 * What ROUTE makes of the request of SERVICE with LABEL and ARGS by CLIENT. OS_ERR_TOO_LARGE when a text gets
 * too long, and then nothing is written.
 */
OS_MUST_CHECK os_err route_rewrite(const struct scenario *scenario, const struct route *route,
                                   const struct entry *client, const char *service, const char *label,
                                   const char *args, struct route_request *request);

/*
 * A session of SERVICE with LABEL that ENTRY requests can get somewhere. NULL: labels are not known before a
 * component runs, so it is enough if it can with some label.
 */
int scenario_is_routed(const struct scenario *scenario, const struct entry *entry, const char *service,
                       const char *label);

/* The name of SERVICE at the server that ROUTE leads to. */
const char *route_service(const struct route *route, const char *service);

/*
 * The entry that ROUTE leads SERVICE of CLIENT to; NULL when it leads to the parent or to a local service, is
 * denied, or nobody provides it.
 */
const struct entry *route_server(const struct scenario *scenario, const struct entry *client,
                                 const struct route *route, const char *service);

#endif
