/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.c: reads answers of HTTP servers. */
#include <string.h>

#include "reply.h"

static void bad(struct reply *reply, const char *why)
{
    reply->phase = REPLY_BAD;
    reply->why = why;
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* The value of the line "NAME: value", or NULL; NAME in lower case. */
static const char *value_of(const char *line, const char *name)
{
    for (; *name; name++, line++)
        if (lower(*line) != *name)
            return NULL;
    if (*line++ != ':')
        return NULL;
    return line + strspn(line, " \t");
}

/* Digits of BASE at TEXT up to one of the characters END. Non-zero if there are some and they fit. */
static int number(const char *text, unsigned base, const char *end, uint64_t *value)
{
    uint64_t v = 0;
    const char *c = text;
    for (; *c && !strchr(end, *c); c++) {
        int letter = lower(*c);
        unsigned digit =
            letter >= 'a' && letter <= 'f' ? (unsigned)letter - 'a' + 10 : (unsigned)letter - '0';
        if (digit >= base || v > (UINT64_MAX - digit) / base)
            return 0;
        v = v * base + digit;
    }
    *value = v;
    return c != text;
}

static void take_status(struct reply *reply)
{
    const char *line = reply->line;
    uint64_t status;
    if (strncmp(line, "HTTP/1.", 7) || line[7] < '0' || line[7] > '9' || line[8] != ' ' ||
        !number(line + 9, 10, " ", &status) || status < 100 || status > 599)
        bad(reply, "no status line of HTTP/1");
    else {
        reply->status = (int)status;
        reply->phase = REPLY_FIELDS;
    }
}

static void take_field(struct reply *reply)
{
    const char *value = value_of(reply->line, "content-length");
    uint64_t length = 0;
    if (value) {
        if (!number(value, 10, " \t", &length) || (reply->has_length && length != reply->length))
            bad(reply, "the length is no number, or there are two");
        reply->has_length = 1;
        reply->length = length;
    }
    value = value_of(reply->line, "transfer-encoding");
    if (value) {
        size_t len = 0;
        while (value[len] && lower(value[len]) == "chunked"[len])
            len++;
        if (len != 7 || value[len + strspn(value + len, " \t")])
            bad(reply, "a transfer coding other than chunked");
        reply->chunked = 1;
    }
}

static void take_head_end(struct reply *reply)
{
    if (reply->status < 200) { /* the real one follows */
        reply->phase = REPLY_STATUS;
        reply->has_length = reply->chunked = 0;
    } else if (reply->head_only || reply->status == 204 || reply->status == 304) {
        reply->phase = REPLY_DONE;
    } else if (reply->chunked) {
        reply->phase = REPLY_CHUNK;
    } else if (reply->has_length) {
        reply->left = reply->length;
        reply->phase = reply->left ? REPLY_BODY : REPLY_DONE;
    } else {
        reply->phase = REPLY_BODY_TO_END;
    }
}

static void take_line(struct reply *reply)
{
    switch (reply->phase) {
    case REPLY_STATUS:
        take_status(reply);
        break;
    case REPLY_FIELDS:
        if (!reply->line_len)
            take_head_end(reply);
        else
            take_field(reply);
        break;
    case REPLY_CHUNK:
        if (!number(reply->line, 16, "; \t", &reply->left))
            bad(reply, "a chunk without a length");
        else
            reply->phase = reply->left ? REPLY_CHUNK_DATA : REPLY_TRAILER;
        break;
    case REPLY_CHUNK_END:
        if (reply->line_len)
            bad(reply, "a chunk that is longer than it says");
        else
            reply->phase = REPLY_CHUNK;
        break;
    default: /* REPLY_TRAILER */
        if (!reply->line_len)
            reply->phase = REPLY_DONE;
    }
}

/* Up to the end of a line, of which the text is collected. */
static size_t collect(struct reply *reply, const char *data, size_t len)
{
    const char *end = memchr(data, '\n', len);
    size_t part = end ? (size_t)(end - data) : len;
    if (part >= REPLY_LINE_MAX - reply->line_len) {
        bad(reply, "a line that is too long");
        return len;
    }
    memcpy(reply->line + reply->line_len, data, part);
    reply->line_len += part;
    if (!end)
        return len;
    if (reply->line_len && reply->line[reply->line_len - 1] == '\r')
        reply->line_len--;
    reply->line[reply->line_len] = 0;
    if (reply->phase != REPLY_CHUNK && reply->phase != REPLY_CHUNK_END && ++reply->lines > REPLY_LINES)
        bad(reply, "a head with too many lines");
    else
        take_line(reply);
    reply->line_len = 0;
    return part + 1;
}

size_t reply_take(struct reply *reply, const char *data, size_t len, const char **body, size_t *body_len)
{
    *body = data;
    *body_len = 0;
    if (reply->phase == REPLY_DONE || reply->phase == REPLY_BAD || !len)
        return 0;
    if (reply->phase == REPLY_BODY_TO_END) {
        *body_len = len;
        return len;
    }
    if (reply->phase != REPLY_BODY && reply->phase != REPLY_CHUNK_DATA)
        return collect(reply, data, len);
    *body_len = reply->left < len ? (size_t)reply->left : len;
    reply->left -= *body_len;
    if (!reply->left)
        reply->phase = reply->phase == REPLY_BODY ? REPLY_DONE : REPLY_CHUNK_END;
    return *body_len;
}

void reply_end(struct reply *reply)
{
    if (reply->phase == REPLY_BODY_TO_END)
        reply->phase = REPLY_DONE;
    else if (reply->phase != REPLY_DONE && reply->phase != REPLY_BAD)
        bad(reply, "the connection ended before the answer did");
}
