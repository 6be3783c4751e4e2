/* SPDX-License-Identifier: BSD-2-Clause */
/* test-reply.c: answers of HTTP servers, whole and byte by byte. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include "reply.h"

static struct reply reply;
static char content[256];
static size_t content_len;

/* In pieces of at most STEP bytes; gives how many of them were taken. */
static size_t take(const char *text, size_t step)
{
    size_t at = 0, size = strlen(text);
    while (at < size) {
        const char *body;
        size_t body_len, part = size - at < step ? size - at : step;
        size_t taken = reply_take(&reply, text + at, part, &body, &body_len);
        ck_assert_uint_le(taken, part);
        ck_assert_uint_lt(content_len + body_len, sizeof(content));
        memcpy(content + content_len, body, body_len);
        content_len += body_len;
        content[content_len] = 0;
        if (!taken)
            break;
        at += taken;
    }
    return at;
}

static void begin(int head_only)
{
    reply = (struct reply){ .head_only = head_only };
    content_len = 0;
    content[0] = 0;
}

static const struct {
    const char *text;
    int head_only, status, at_end; /* it is done at the end of the connection only */
    const char *content;           /* NULL: bad */
} cases[] = {
    { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0, 200, 0, "hello" },
    { "HTTP/1.1 200 OK\r\ncontent-LENGTH:5 \r\n\r\nhello", 0, 200, 0, "hello" },
    { "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0, 200, 0, "" },
    { "HTTP/1.0 404 Not Found\n\nhello", 0, 404, 1, "hello" },
    { "HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 0, 204, 0, "" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1, 200, 0, "" },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n", 0,
      200, 0, "hello!" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 0, 200, 1, NULL },
    { "HTTP/1.1 200 OK\r\nContent-Le", 0, 200, 1, NULL },
    { "", 0, 0, 1, NULL },
    { "HTTP/2.0 200 OK\r\n", 0, 0, 0, NULL },
    { "HTTP/1.1 99 OK\r\n", 0, 0, 0, NULL },
    { "HTTP/1.1 2x0 OK\r\n", 0, 0, 0, NULL },
    { "SSH-2.0-OpenSSH\r\n", 0, 0, 0, NULL },
    { "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n", 0, 200, 0, NULL },
    { "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n", 0, 200, 0, NULL },
    { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n", 0, 200, 0, NULL },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", 0, 200, 0, NULL },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 0, 200, 0, NULL },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 0, 200, 0, NULL },
};

START_TEST(answers)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t step = 1; step < 100; step += 49) {
            begin(cases[i].head_only);
            size_t taken = take(cases[i].text, step);
            ck_assert_msg(reply.status == cases[i].status, "%d: %s", reply.status, cases[i].text);
            ck_assert_int_eq(reply.phase == REPLY_DONE || reply.phase == REPLY_BAD, !cases[i].at_end);
            reply_end(&reply);
            ck_assert_msg((reply.phase == REPLY_DONE) == (cases[i].content != NULL), "%s", cases[i].text);
            if (cases[i].content) {
                ck_assert_str_eq(content, cases[i].content);
                ck_assert_uint_eq(taken, strlen(cases[i].text));
            } else {
                ck_assert_ptr_nonnull(reply.why);
            }
        }
}
END_TEST

START_TEST(what_is_behind_it_is_left)
{
    begin(0);
    ck_assert_uint_eq(take("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", 100), 39);
    ck_assert_str_eq(content, "a");
}
END_TEST

START_TEST(heads_without_end)
{
    begin(0);
    take("HTTP/1.1 200 OK\r\n", 100);
    for (int i = 0; i < 2 * REPLY_LINE_MAX; i++)
        take("a", 1);
    ck_assert_int_eq(reply.phase, REPLY_BAD);
    begin(0);
    for (int i = 0; i < 2 * REPLY_LINES; i++)
        take("HTTP/1.1 100 Continue\r\n\r\n", 100);
    ck_assert_int_eq(reply.phase, REPLY_BAD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http-reply");
    TCase *tcase = tcase_create("http-reply");
    tcase_add_test(tcase, answers);
    tcase_add_test(tcase, what_is_behind_it_is_left);
    tcase_add_test(tcase, heads_without_end);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
