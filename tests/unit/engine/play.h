/* SPDX-License-Identifier: BSD-2-Clause */
/* play.h: servers and clients beneath an engine, played by the test. */
#ifndef TEST_PLAY_H
#define TEST_PLAY_H

#include <os/session.h>
#include "system.h"

/* A server, at an entrypoint of its own. */
struct service {
    struct os_entrypoint ep;
    struct os_object root, session;
    os_any_cap cap; /* of its sessions */
    os_root_cap root_cap;
    os_err answer, upgrade_answer; /* OS_REPLY_LATER: never */
    struct os_reply owed[4];
    unsigned opened, closed, owes;
    char label[OS_LABEL_MAX], args[OS_ARGS_MAX];
    uint64_t ram;
};

void serve(struct service *service);
os_err announce(struct service *service, const char *child, const char *name);

/* A client that does not wait. */
struct request {
    struct os_call call;
    os_err err;
    int done;
    uint32_t id;
    os_any_cap cap;
};

/* CHILD requests a session of SERVICE. */
void ask(struct request *request, const char *child, const char *service, uint64_t ram, uint32_t caps);

/* The same without a donation. */
void ask_for(struct request *request, const char *child, const char *service, const char *label,
             const char *args);

/* The same with a client that waits. */
os_err open_at(const char *child, const char *service, uint64_t ram, uint32_t caps,
               struct os_session *session);

/* Starts the system, and what plays its clients. */
void begin(const char *scenario);
void end_clients(void);

/* What os_exit does before the end of the process. */
void exit_child(const char *child, int status);

#endif
