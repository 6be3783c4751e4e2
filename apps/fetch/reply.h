/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply.h: the answer of an HTTP/1.1 server, read in whatever pieces it comes. No allocation; any thread.
 */
#ifndef APPS_FETCH_REPLY_H
#define APPS_FETCH_REPLY_H

#include <stddef.h>
#include <stdint.h>

#define REPLY_LINE_MAX 4096 /* bytes of a line of the head, or before a chunk */
#define REPLY_LINES    200  /* lines of the head */

enum reply_phase {
    REPLY_STATUS, /* the first line */
    REPLY_FIELDS,
    REPLY_BODY,        /* LEFT bytes more */
    REPLY_BODY_TO_END, /* as many as come before the end of the connection */
    REPLY_CHUNK,       /* a chunk's line */
    REPLY_CHUNK_DATA,
    REPLY_CHUNK_END,
    REPLY_TRAILER,
    REPLY_DONE, /* whole */
    REPLY_BAD,  /* not understood: see WHY */
};

/* Zeroed is a fine one before the first byte. */
struct reply {
    enum reply_phase phase;
    int head_only; /* set by the user: there is no body (HEAD) */
    int status;    /* 0 before it is known */
    int chunked, has_length;
    uint64_t length; /* bytes of the body, as far as the head says */
    uint64_t left;   /* of it, or of this chunk */
    unsigned lines;  /* of the head */
    char line[REPLY_LINE_MAX];
    size_t line_len;
    const char *why;
};

/*
 * Takes a piece of LEN bytes at DATA and returns how many were taken: at least one, unless the reply is done
 * or bad. *BODY_LEN bytes at *BODY, a part of DATA, are content.
 */
size_t reply_take(struct reply *reply, const char *data, size_t len, const char **body, size_t *body_len);

/* The connection has ended: the reply is done or bad then. */
void reply_end(struct reply *reply);

#endif
