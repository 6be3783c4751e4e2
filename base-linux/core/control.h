/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h: what goes over the control socket of a running system, between the seedbed command and core. One
 * request per connection, one datagram; replies are datagrams, until core closes the connection. Both sides
 * are processes of one user, and check that; neither waits for the other without limit.
 */
#ifndef LINUX_CORE_CONTROL_H
#define LINUX_CORE_CONTROL_H

#include <os/control.h>
#include <os/parent.h>

enum { CONTROL_VERSION = 2 };

enum control_wish {
    CONTROL_LIST,   /* CONTROL_SYSTEM, then a CONTROL_COMPONENT for each */
    CONTROL_LOG,    /* CONTROL_LINE for each line that is kept, of component LABEL or all ("") */
    CONTROL_FOLLOW, /* the same, and then for each new line */
    CONTROL_PCAP,   /* captures links LABEL, up to SIZE frames (0: no limit), to a descriptor that comes with
                     * the datagram, until the client shuts down its side or the limit is reached; CONTROL_LINE
                     * when all is written */
    CONTROL_ASK,    /* passes LINE and data on to the init with path LABEL; CONTROL_ANSWER */
};

struct control_request {
    uint32_t version; /* CONTROL_VERSION */
    uint32_t wish;    /* enum control_wish */
    uint64_t size;    /* bytes of data, in a sealed memfd that comes with the datagram; 0: there is none */
    uint64_t limit;   /* ns that the init has for its answer */
    char label[OS_LABEL_MAX];
    char line[OS_CONTROL_LINE];
};

/* The longest that core waits for an answer. */
#define CONTROL_LIMIT_MAX (60 * OS_SEC)

/* Bytes of a request's data. */
#define CONTROL_DATA_MAX OS_MIB(4)

enum control_kind { CONTROL_SYSTEM, CONTROL_COMPONENT, CONTROL_LINE, CONTROL_ANSWER, CONTROL_ERROR };

struct control_system {
    uint32_t kind; /* CONTROL_SYSTEM */
    int32_t pid;
    uint32_t headless;
    uint32_t components;
    char scenario[512];
};

struct control_component {
    uint32_t kind;  /* CONTROL_COMPONENT */
    int32_t pid;    /* 0 while it does not run */
    uint32_t state; /* enum os_pd_state */
    uint32_t caps, caps_used;
    uint32_t id; /* of this start: another number after a restart */
    uint64_t ram, ram_used;
    uint64_t calls; /* that it has answered */
    char profile[32];
    char label[OS_LABEL_MAX];
};

struct control_answer {
    uint32_t kind;   /* CONTROL_ANSWER */
    uint32_t status; /* enum os_control_status */
    uint64_t size;   /* bytes of data, in a memfd that comes with the datagram; 0: there is none */
};

/* Text, without a NUL: a line of output with its label, or why there is no answer. */
struct control_text {
    uint32_t kind; /* CONTROL_LINE, CONTROL_ERROR */
    char text[OS_LABEL_MAX + OS_CONTROL_LINE + 512];
};

#endif
