/* SPDX-License-Identifier: BSD-2-Clause */
/* env.h: components under test, the mock parent and its services; what env.c, parent.c and services.c share.
 */
#ifndef INPROC_ENV_H
#define INPROC_ENV_H

#include <os/session.h>

#include "internal.h"

/* What a component has, for the comparison at its end. */
struct usage {
    int64_t objects, dataspaces, sessions, handles, regions;
};

struct inproc_component {
    struct os_list link;
    struct inproc_env *env;
    char label[OS_LABEL_MAX];
    struct holder holder;
    struct os_entrypoint ep;
    struct plat_thread *thread;
    void (*construct)(struct os_env *env);
    struct os_object parent, pd; /* served by the mock */
    struct os_quota quota;
    struct os_list dataspaces, roms; /* services.c */
    struct usage mark;
    char *log;
    size_t log_len;
    int dead, exited, status;
    os_signal_cap yield_sigh, heartbeat_sigh; /* resources.c */
    uint64_t more_ram, wanted_ram;            /* that requests still get; that is to be given back */
    uint32_t more_caps, wanted_caps, heartbeats;
    uint32_t kept; /* sessions closed by this server with some of the donation not given back */
};

/* A session that the mock parent has given or is about to give. */
struct session {
    struct os_list link;
    uint32_t id;
    struct inproc_component *client; /* NULL when it died */
    struct inproc_component *server; /* NULL for the mock's own, or when it died */
    struct os_cap root;              /* of the server, borrowed */
    uint64_t ram;
    uint32_t caps;
    struct os_call call;   /* open, upgrade or close at the server */
    struct os_reply reply; /* what is owed to the client for that */
    uint64_t more_ram;     /* an upgrade under way */
    uint32_t more_caps;
    void (*close)(struct session *session); /* of the mock's own */
    struct inproc_service *service;
    void *impl;
};

/* The mock's own services. */
struct builtin {
    const char *name;
    os_err (*open)(struct session *session, const char *label, const char *args, struct os_cap *cap);
};
const struct builtin *builtin_find(const char *service);

extern struct os_entrypoint mock_ep;
extern const struct os_parent_ops parent_ops;
extern const struct os_pd_ops pd_ops;

/* The component that calls its parent. */
struct inproc_component *component_of_rpc(struct os_rpc *rpc);

/* resources.c: what the mock parent does about quota and signs of life. */
os_err parent_resource_request(struct os_rpc *rpc, uint64_t ram, uint32_t caps);
os_err parent_yield_sigh(struct os_rpc *rpc, os_signal_cap handler);
os_err parent_yield_request(struct os_rpc *rpc, uint64_t *ram, uint32_t *caps);
os_err parent_yield_response(struct os_rpc *rpc, uint64_t ram, uint32_t caps);
os_err parent_heartbeat_sigh(struct os_rpc *rpc, os_signal_cap handler);
os_err parent_heartbeat_response(struct os_rpc *rpc);
void resources_forget(struct inproc_component *component);

struct inproc_component *component_of_env(const struct inproc_env *env);
/* Non-zero while the component has not been freed. */
int component_lives(const struct inproc_component *component);

/* Makes the calling thread act for HOLDER; returns for whom it did. */
struct holder *act_as(struct holder *holder);

/* The component is gone: ends what the parent and the services keep for it. */
void parent_forget(struct inproc_component *component);
void services_forget(struct inproc_component *component);
int64_t parent_sessions(const struct inproc_component *component);
/* At the end of the last environment. */
void parent_reset(void);

#endif
