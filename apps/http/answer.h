/* SPDX-License-Identifier: BSD-2-Clause */
/* answer.h: what is answered to a request, and the head of it. No state, no allocation; any thread. */
#ifndef APPS_HTTP_ANSWER_H
#define APPS_HTTP_ANSWER_H

#include "request.h"

/* An answer. Texts are those of others. */
struct http_answer {
    int status;
    const char *type;     /* media type, NULL: no content */
    const char *etag;     /* NULL: none */
    const char *location; /* of a redirection, or NULL */
    const char *cache;    /* the value of Cache-Control, or NULL */
    const char *policy;   /* the value of Content-Security-Policy, or NULL */
    uint64_t size;        /* of the whole, bytes */
    uint64_t first, len;  /* the part of it that is sent, or for HEAD would be */
    int keep_alive;
};

/*
 * What REQUEST gets of SIZE bytes with ETAG: status 200, 206, 304, 412 or 416, and which part. Sets status,
 * etag, size, first and len of ANSWER.
 */
void http_answer_file(struct http_answer *answer, const struct http_request *request, const char *etag,
                      uint64_t size);

/* "Not Found" and the like; "Error" for what is not known. */
const char *http_reason(int status);

/* Writes the head. Returns its length, without NUL; 0: it does not fit. */
#define HTTP_HEAD_MAX 1024
size_t http_answer_head(const struct http_answer *answer, char head[HTTP_HEAD_MAX]);

#endif
