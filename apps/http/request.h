/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.h: the head of an HTTP/1.1 request (RFC 9110, RFC 9112), read from bytes that anybody may have
 * sent. No state, no allocation; any thread.
 */
#ifndef APPS_HTTP_REQUEST_H
#define APPS_HTTP_REQUEST_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a path or query, after decoding, with NUL. */
#define HTTP_PATH_MAX 256

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_OTHER, /* known, but nothing here answers to it */
};

/* A part of the bytes that were parsed; AT is NULL when there is none. */
struct http_text {
    const char *at;
    size_t len;
};

/* What was asked for. The texts refer to the bytes that were parsed. */
struct http_request {
    enum http_method method;
    int minor;                 /* of version 1.MINOR */
    char path[HTTP_PATH_MAX];  /* begins with '/'; percent-encoding is decoded, no NUL or control character */
    char query[HTTP_PATH_MAX]; /* what is behind the '?', as it was sent */
    int keep_alive;   /* the connection goes on after the answer, as far as the client is concerned */
    int expects;      /* the client waits for a go-ahead before it sends the content */
    uint64_t content; /* bytes of content that follow the head */
    struct http_text range, if_range, if_match, if_none_match; /* values without white space around them */
};

/*
 * Reads the head at the beginning of SIZE bytes at DATA. 0: it is in REQUEST, and *USED bytes long; empty
 * lines before it are skipped. HTTP_MORE: it is not complete, and all right so far. Otherwise the status of
 * the answer that refuses it: 400, 411 (content of unknown length), 414, 417, 431 (too many fields), 501
 * (method or transfer coding), 505.
 */
#define HTTP_MORE       (-1)
#define HTTP_FIELDS_MAX 64
int http_request_parse(const char *data, size_t size, struct http_request *request, size_t *used);

/* The status of a head that is not complete after SIZE bytes at DATA, when there is room for no more. */
int http_request_too_long(const char *data, size_t size);

/*
 * What RANGE asks for of SIZE bytes: 206 with *FIRST and *LAST; 416 when it lies outside; 200, all of it,
 * when it is absent, of another unit, several ranges, or not well-formed.
 */
int http_range(struct http_text range, uint64_t size, uint64_t *first, uint64_t *last);

/*
 * Whether the list of entity tags has ETAG (with its quotes), or is "*". A weak one (W/"...") fits where WEAK
 * is set, and else never.
 */
int http_etag_listed(struct http_text list, const char *etag, int weak);

#endif
