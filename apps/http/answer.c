/* SPDX-License-Identifier: BSD-2-Clause */
/* answer.c: conditions, ranges, and heads of answers, in the order of RFC 9110, section 13.2. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        { 200, "OK" },
        { 206, "Partial Content" },
        { 304, "Not Modified" },
        { 307, "Temporary Redirect" },
        { 400, "Bad Request" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 408, "Request Timeout" },
        { 411, "Length Required" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 416, "Range Not Satisfiable" },
        { 417, "Expectation Failed" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 503, "Service Unavailable" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

void http_answer_file(struct http_answer *answer, const struct http_request *request, const char *etag,
                      uint64_t size)
{
    uint64_t first = 0, last = size ? size - 1 : 0;
    answer->etag = etag;
    answer->size = size;
    answer->status = 200;
    if (request->if_match.at && !http_etag_listed(request->if_match, etag, 0))
        answer->status = 412;
    else if (request->if_none_match.at && http_etag_listed(request->if_none_match, etag, 1))
        answer->status = 304;
    else if (request->method == HTTP_GET && request->range.at &&
             (!request->if_range.at ||
              (request->if_range.len == strlen(etag) && !memcmp(request->if_range.at, etag, strlen(etag)))))
        answer->status = http_range(request->range, size, &first, &last);
    answer->first = answer->len = 0;
    if (answer->status == 200)
        answer->len = size;
    if (answer->status == 206) {
        answer->first = first;
        answer->len = last - first + 1;
    }
}

struct head {
    char *at;
    size_t len;
    int full;
};

static void __attribute__((format(printf, 2, 3))) add(struct head *head, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = HTTP_HEAD_MAX - head->len;
    int len = vsnprintf(head->at + head->len, room, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= room)
        head->full = 1;
    else
        head->len += (size_t)len;
}

size_t http_answer_head(const struct http_answer *answer, char head[HTTP_HEAD_MAX])
{
    struct head text = { head, 0, 0 };
    add(&text, "HTTP/1.1 %d %s\r\nServer: seedbed\r\n", answer->status, http_reason(answer->status));
    if (answer->status != 304)
        add(&text, "Content-Length: %llu\r\n", (unsigned long long)answer->len);
    if (answer->type && answer->status != 304)
        add(&text, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n", answer->type);
    if (answer->etag)
        add(&text, "ETag: %s\r\nAccept-Ranges: bytes\r\n", answer->etag);
    if (answer->status == 206)
        add(&text, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)answer->first,
            (unsigned long long)(answer->first + answer->len - 1), (unsigned long long)answer->size);
    if (answer->status == 416)
        add(&text, "Content-Range: bytes */%llu\r\n", (unsigned long long)answer->size);
    if (answer->status == 405)
        add(&text, "Allow: GET, HEAD\r\n");
    if (answer->location)
        add(&text, "Location: %s\r\n", answer->location);
    if (answer->cache)
        add(&text, "Cache-Control: %s\r\n", answer->cache);
    if (answer->policy)
        add(&text, "Content-Security-Policy: %s\r\n", answer->policy);
    add(&text, "Connection: %s\r\n\r\n", answer->keep_alive ? "keep-alive" : "close");
    return text.full ? 0 : text.len;
}
