/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scenario.h: a system description, read from its YAML file and checked as a whole before anything starts.
 * docs/scenario.md is the description for people.
 */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include <os/config.h>
#include <os/types.h>
#include "manifest.h"
#include "names.h"
#include "problems.h"

enum target { TARGET_PARENT, TARGET_CHILD, TARGET_ANY_CHILD, TARGET_DENY };

/* Where sessions of a service go. */
struct route {
    const char *service; /* "any" in a default-route: every service but ROM */
    const char *match;   /* label that it is for, with a '*' at the end: its beginning; NULL: every label */
    enum target target;
    const char *child; /* TARGET_CHILD */
    const char *label; /* what the server sees instead of the client's label; NULL: as requested */
    os_config_ref node;
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
    int optional;    /* left out when its binary is missing */
    int ends_system; /* the system ends when it does */
    int has_provides;
    struct names provides; /* what it may announce */
    os_config_ref provides_node;
    struct manifest manifest;
};

struct scenario {
    struct os_config config; /* borrowed tree */
    int display;             /* the mode: with a display, or headless */
    int sandbox_required;
    os_config_ref sandbox_node;
    struct names parent_provides;
    struct routes default_route;
    struct entry *entries; /* those of this mode, in the order of the file */
    size_t count;
    struct names absent; /* names of entries that this mode, or a missing optional binary, leaves out */
};

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

/* Reads the manifest of each entry's binary, and leaves out optional entries whose binary is missing. */
unsigned scenario_read_binaries(struct scenario *scenario, struct platform_source *source,
                                struct problems *problems);

/* Checks what needs the manifests: quotas, sandboxes, services, routes, cycles, configs. */
unsigned scenario_check(const struct scenario *scenario, struct platform_source *source,
                        struct problems *problems);

void scenario_fini(struct scenario *scenario);

const struct entry *scenario_find(const struct scenario *scenario, const char *name);

/*
 * The route for a session of SERVICE with LABEL that CLIENT requests: the client's own routes before the
 * default-route, in each the one with the most specific match. NULL: there is none.
 */
const struct route *route_find(const struct scenario *scenario, const struct entry *client,
                               const char *service, const char *label);

/* The entry that ROUTE leads SERVICE of CLIENT to; NULL when it leads to the parent, is denied, or nobody
 * provides it. */
const struct entry *route_server(const struct scenario *scenario, const struct entry *client,
                                 const struct route *route, const char *service);

#endif
