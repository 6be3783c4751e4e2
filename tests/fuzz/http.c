/* SPDX-License-Identifier: BSD-2-Clause */
/* http.c: the bytes of a client of the HTTP server, request by request, and the heads of the answers. */
#include "answer.h"
#include "fuzz.h"

static void check_text(struct http_text text, const char *data, size_t size)
{
    MUST(!text.at || (text.at >= data && text.len <= size && text.at - data <= (long)(size - text.len)));
}

static void check_request(const struct http_request *request, const char *data, size_t used)
{
    char head[HTTP_HEAD_MAX];
    struct http_answer answer = { .type = "text/plain" };
    check_text(request->range, data, used);
    check_text(request->if_range, data, used);
    check_text(request->if_match, data, used);
    check_text(request->if_none_match, data, used);
    MUST(request->method == HTTP_OTHER || request->path[0] == '/');
    for (const char *c = request->path; *c; c++)
        MUST((unsigned char)*c >= ' ');
    http_answer_file(&answer, request, "\"0123456789abcdef\"", used);
    MUST(answer.first <= used && answer.len <= used - answer.first);
    MUST(answer.status != 206 || answer.len);
    size_t len = http_answer_head(&answer, head);
    MUST(len > 4 && len < sizeof(head) && !memcmp(head + len - 4, "\r\n\r\n", 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request request, again;
    size_t used, other;
    char *all = exact_copy(data, size), *at = all, *end = all + size;
    int status = 0;
    while (!status) {
        status = http_request_parse(at, (size_t)(end - at), &request, &used);
        if (status == HTTP_MORE)
            break;
        MUST(used && used <= (size_t)(end - at));
        MUST(!status || strcmp(http_reason(status), "Error"));
        /* what is behind it does not matter, and without its last byte it is never there */
        MUST(http_request_parse(at, used, &again, &other) == status && other == used);
        if (!status) {
            MUST(http_request_parse(at, used - 1, &again, &other) == HTTP_MORE);
            check_request(&request, at, used);
        }
        at += used;
    }
    if (at < end)
        (void)http_request_too_long(at, (size_t)(end - at));
    free(all);
    return 0;
}
