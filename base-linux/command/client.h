/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.h: the command's end of the control sockets of running systems. All functions say on standard error
 * what is wrong, and none waits without limit.
 */
#ifndef COMMAND_CLIENT_H
#define COMMAND_CLIENT_H

#include <control.h>
#include <os/config.h>

#include "command.h"

enum { CLIENT_SYSTEMS_MAX = 64 };

/* The process ids of this user's running systems, in ascending order; their number. */
unsigned client_systems(unsigned pids[CLIENT_SYSTEMS_MAX]);

/*
 * The system that the call is about: what the option --system says, or the only one that runs. Zero, or the
 * status to end with after a message.
 */
int client_select(const struct command_line *line, unsigned *pid);

/* Sends REQUEST, with LEN bytes of DATA if any, to the system PID; the socket, or -1 after a message. */
int client_send(unsigned pid, struct control_request *request, const void *data, size_t len);

/* The same with descriptor FD instead of data. */
int client_send_fd(unsigned pid, struct control_request *request, int fd);

union client_reply {
    uint32_t kind; /* enum control_kind */
    struct control_system system;
    struct control_component component;
    struct control_answer answer;
    struct control_text text; /* with a NUL at its end */
};

/*
 * Receives the next reply; 1, 0 at the end, -1 after a message when none comes before LIMIT (nanoseconds from
 * now; OS_NEVER for any time) or the system is gone. *DATA is a descriptor that came with it, or -1; NULL: it
 * is of no interest. A CONTROL_ERROR is told, and the result is -1.
 */
int client_receive(int fd, union client_reply *reply, os_time limit, int *data);

/* ---- components of a system */

struct client_list {
    struct control_system system;
    struct control_component *components; /* to be freed */
    unsigned count;
};

/* Zero, or -1 after a message. */
int client_components(unsigned pid, struct client_list *list);

/* ---- questions to inits */

/* "sub/x" and "sub -> x" are the component x of the init sub; PATH is "" for one of the first init. */
struct client_name {
    char path[OS_LABEL_MAX];
    char name[OS_LABEL_MAX];
};
/* Zero, or the status to end with after a message. */
int client_name(const char *text, struct client_name *name);

struct client_answer {
    enum os_control_status status;
    void *data; /* NULL for none; a NUL follows */
    size_t size;
};

/*
 * Asks the init PATH of the system that LINE is about (its options --system and --wait) to do REQUEST, with
 * LEN bytes of DATA. Zero, or the status to end with after a message.
 */
int client_ask(const struct command_line *line, const char *path, const char *request, const void *data,
               size_t len, struct client_answer *answer);
void client_answer_fini(struct client_answer *answer);

/* The answer as text for a person, made printable, for inits too are components; NULL for none. */
const char *client_text(const struct client_answer *answer);

/*
 * The state (os/engine.h) of the init PATH; STATE refers to ANSWER, which is to be ended. Zero, or the status
 * to end with after a message.
 */
int client_state(const struct command_line *line, const char *path, struct client_answer *answer,
                 struct os_config *state);

#endif
