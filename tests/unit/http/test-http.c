/* SPDX-License-Identifier: BSD-2-Clause */
/* test-http.c: heads of requests and answers, conditions, ranges, and the page about the system. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suite.h>

#include <inproc/inproc.h>

#include "answer.h"
#include "page.h"
#include "request.h"

static struct http_request request;
static size_t used;

static int parse(const char *text)
{
    return http_request_parse(text, strlen(text), &request, &used);
}

static struct http_text text_of(const char *text)
{
    return (struct http_text){ text, text ? strlen(text) : 0 };
}

#define HOST "Host: a\r\n"

START_TEST(a_request)
{
    static const char two[] = "\r\nGET /a%20b/%C3%A4?x=%41&y HTTP/1.1\r\nhOsT: a:80\r\nRange:  bytes=0-1 \r\n"
                              "If-None-Match: \"x\"\r\n\r\nGET / HTTP/1.1\r\n";
    ck_assert_int_eq(parse(two), 0);
    ck_assert_str_eq(two + used, "GET / HTTP/1.1\r\n");
    ck_assert_int_eq(request.method, HTTP_GET);
    ck_assert_str_eq(request.path, "/a b/\xc3\xa4");
    ck_assert_str_eq(request.query, "x=%41&y");
    ck_assert_int_eq(request.keep_alive, 1);
    ck_assert_uint_eq(request.range.len, 9);
    ck_assert_ptr_nonnull(strstr(request.range.at, "bytes=0-1 "));
    ck_assert_ptr_null(request.if_match.at);
    /* every beginning of it is just not complete */
    for (size_t len = 0; len < used; len++) {
        size_t other;
        ck_assert_int_eq(http_request_parse(two, len, &request, &other), HTTP_MORE);
    }
    ck_assert_int_eq(parse("GET http://a.b:80/c?d HTTP/1.1\r\n" HOST "\r\n"), 0);
    ck_assert_str_eq(request.path, "/c");
    ck_assert_int_eq(parse("GET http://a HTTP/1.1\n" HOST "\n"), 0);
    ck_assert_str_eq(request.path, "/");
}
END_TEST

START_TEST(whether_a_connection_goes_on)
{
    static const struct {
        const char *text;
        int keep;
    } cases[] = {
        { "GET / HTTP/1.1\r\n" HOST "\r\n", 1 },
        { "GET / HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n", 0 },
        { "GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n", 0 },
        { "GET / HTTP/1.0\r\n\r\n", 0 },
        { "HEAD / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 1 },
        { "GET / HTTP/1.9\r\n" HOST "\r\n", 1 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(parse(cases[i].text), 0);
        ck_assert_msg(request.keep_alive == cases[i].keep, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(what_is_refused)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        { "GET /\r\n", 400 },
        { "GET  / HTTP/1.1\r\n", 400 },
        { " GET / HTTP/1.1\r\n", 400 },
        { "GET / HTTP/1.1 \r\n", 400 },
        { "GET / http/1.1\r\n", 400 },
        { "GET / HTTP/1.1\r\n\r\n", 400 }, /* no Host */
        { "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n: a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400 }, /* a folded line */
        { "GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "A: \001\r\n\r\n", 400 },
        { "GET a HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET * HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /%0 HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /%0a HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /%g0 HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /<x> HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "G{T / HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "Range: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 411 },
        { "GET / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n", 417 },
        { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501 },
        { "get / HTTP/1.1\r\n" HOST "\r\n", 501 },
        { "BREW / HTTP/1.1\r\n" HOST "\r\n", 501 },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
        { "GET / HTTP/0.9\r\n\r\n", 505 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = parse(cases[i].text);
        ck_assert_msg(status == cases[i].status, "%d instead of %d: %s", status, cases[i].status,
                      cases[i].text);
    }
    ck_assert_int_eq(parse("DELETE x HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\n"), 0);
    ck_assert_int_eq(request.method, HTTP_OTHER);
    ck_assert_uint_eq(request.content, 7);
}
END_TEST

START_TEST(what_is_too_long)
{
    char text[4096] = "GET /";
    memset(text + 5, 'a', HTTP_PATH_MAX + 1);
    strcpy(text + 6 + HTTP_PATH_MAX, " HTTP/1.1\r\n" HOST "\r\n");
    ck_assert_int_eq(parse(text), 414);
    text[5] = '?';
    ck_assert_int_eq(parse(text), 414);
    strcpy(text, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < HTTP_FIELDS_MAX; i++)
        strcat(text, "A: b\r\n");
    strcat(text, "\r\n");
    ck_assert_int_eq(parse(text), 431);
    ck_assert_int_eq(http_request_too_long("GET /aaaaaa", 11), 414);
    ck_assert_int_eq(http_request_too_long("\r\n\r\nGET /aaaaaa", 15), 414);
    ck_assert_int_eq(http_request_too_long("GET / HTTP/1.1\r\nA: b", 20), 431);
}
END_TEST

START_TEST(ranges)
{
    static const struct {
        const char *range;
        uint64_t size;
        int status;
        uint64_t first, last;
    } cases[] = {
        { NULL, 10, 200, 0, 9 },
        { "bytes=0-0", 10, 206, 0, 0 },
        { "bytes=2-5", 10, 206, 2, 5 },
        { "BYTES=2-", 10, 206, 2, 9 },
        { "bytes=2-99", 10, 206, 2, 9 },
        { "bytes=-3", 10, 206, 7, 9 },
        { "bytes=-30", 10, 206, 0, 9 },
        { "bytes=10-", 10, 416, 0, 9 },
        { "bytes=-0", 10, 416, 0, 9 },
        { "bytes=0-", 0, 416, 0, 0 },
        { "bytes=-5", 0, 416, 0, 0 },
        /* others may be ignored, and are */
        { "bytes=5-2", 10, 200, 0, 9 },
        { "bytes=0-1,3-4", 10, 200, 0, 9 },
        { "bytes=", 10, 200, 0, 9 },
        { "bytes=-", 10, 200, 0, 9 },
        { "bytes=a-b", 10, 200, 0, 9 },
        { "bytes=1", 10, 200, 0, 9 },
        { "lines=1-2", 10, 200, 0, 9 },
        { "bytes=99999999999999999999-", 10, 200, 0, 9 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t first, last;
        int status = http_range(text_of(cases[i].range), cases[i].size, &first, &last);
        ck_assert_msg(status == cases[i].status, "%d for %s", status, cases[i].range);
        if (status == 206) {
            ck_assert_uint_eq(first, cases[i].first);
            ck_assert_uint_eq(last, cases[i].last);
        }
    }
}
END_TEST

START_TEST(conditions)
{
    static const struct {
        const char *fields;
        int status;
    } cases[] = {
        { "If-None-Match: \"e\"\r\n", 304 },
        { "If-None-Match: \"d\" , W/\"e\"\r\n", 304 },
        { "If-None-Match: *\r\n", 304 },
        { "If-None-Match: \"d\"\r\n", 200 },
        { "If-None-Match: e\r\n", 200 },
        { "If-Match: \"e\"\r\n", 200 },
        { "If-Match: W/\"e\"\r\n", 412 },
        { "If-Match: \"d\"\r\nIf-None-Match: \"e\"\r\n", 412 },
        { "Range: bytes=1-2\r\n", 206 },
        { "Range: bytes=1-2\r\nIf-Range: \"e\"\r\n", 206 },
        { "Range: bytes=1-2\r\nIf-Range: \"d\"\r\n", 200 },
        { "Range: bytes=1-2\r\nIf-Range: W/\"e\"\r\n", 200 },
        { "Range: bytes=10-\r\n", 416 },
        { "Range: bytes=10-\r\nIf-None-Match: \"e\"\r\n", 304 },
    };
    char text[256], head[HTTP_HEAD_MAX];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_answer answer = { 0 };
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST "%s\r\n", cases[i].fields);
        ck_assert_int_eq(parse(text), 0);
        http_answer_file(&answer, &request, "\"e\"", 10);
        ck_assert_msg(answer.status == cases[i].status, "%d for %s", answer.status, cases[i].fields);
        ck_assert_uint_eq(answer.len, answer.status == 200 ? 10 : answer.status == 206 ? 2 : 0);
        size_t len = http_answer_head(&answer, head);
        ck_assert(len > 4 && !memcmp(head + len - 4, "\r\n\r\n", 4));
        ck_assert_int_eq(strstr(head, "Content-Range: bytes 1-2/10\r\n") != NULL, answer.status == 206);
        ck_assert_int_eq(strstr(head, "Content-Range: bytes */10\r\n") != NULL, answer.status == 416);
        ck_assert_int_eq(strstr(head, "Content-Length") != NULL, answer.status != 304);
        ck_assert_ptr_nonnull(strstr(head, "ETag: \"e\"\r\n"));
    }
    ck_assert_int_eq(parse("HEAD / HTTP/1.1\r\n" HOST "Range: bytes=1-2\r\n\r\n"), 0);
    struct http_answer answer = { 0 };
    http_answer_file(&answer, &request, "\"e\"", 10);
    ck_assert_int_eq(answer.status, 200);
}
END_TEST

START_TEST(a_head_that_does_not_fit)
{
    char head[HTTP_HEAD_MAX], type[HTTP_HEAD_MAX];
    memset(type, 'x', sizeof(type));
    type[sizeof(type) - 1] = 0;
    ck_assert_uint_eq(http_answer_head(&(struct http_answer){ .status = 200, .type = type }, head), 0);
}
END_TEST

/* ---- the page */

static const char state_text[] = "system:\n"
                                 "  file: /some/where/<web> & \"co\"\n"
                                 "  age-ms: 3725000\n"
                                 "  ram: 1048576\n"
                                 "  ram-used: 524288\n"
                                 "  caps: 40\n"
                                 "  caps-used: 10\n"
                                 "components:\n"
                                 "  <script>alert(1)</script>:\n"
                                 "    state: waiting\n"
                                 "    why: for 'it' & more\n"
                                 "    binary: http\n"
                                 "    restarts: 3\n"
                                 "    ram: 2097152\n"
                                 "    ram-used: 1572864\n"
                                 "    provides:\n"
                                 "      - Nic\n"
                                 "      - Uplink\n"
                                 "    sessions:\n"
                                 "      -\n"
                                 "        service: Timer\n"
                                 "        server: timer\n"
                                 "        label: a -> \xe2\x80\xae[31m\n"
                                 "        state: open\n"
                                 "  timer:\n"
                                 "    state: running\n"
                                 "    binary: timer\n";

static unsigned times(const char *text, const char *what)
{
    unsigned count = 0;
    while ((text = strstr(text, what))) {
        count++;
        text++;
    }
    return count;
}

/* BEFORE: an older state, or NULL. */
static char *page_since(const char *text, const char *before, unsigned refresh)
{
    struct os_config state, old;
    size_t tree_size, size;
    char *html;
    void *tree = inproc_config_make("state", text, &tree_size), *old_tree = NULL;
    ck_assert_int_eq(os_config_init(&state, tree, tree_size), OS_OK);
    if (before) {
        old_tree = inproc_config_make("state", before, &tree_size);
        ck_assert_int_eq(os_config_init(&old, old_tree, tree_size), OS_OK);
    }
    ck_assert_int_eq(page_make(&state, before ? &old : NULL, "/sys", refresh, &html, &size), OS_OK);
    char *copy = calloc(1, size + 1);
    memcpy(copy, html, size);
    free(html);
    free(tree);
    free(old_tree);
    ck_assert_uint_eq(strlen(copy), size);
    return copy;
}

static char *page_of(const char *text, unsigned refresh)
{
    return page_since(text, NULL, refresh);
}

#define RATE(text) "data-is=\"Calls per second\"><span>" text "</span>"

/* Since the older state, or since the start of what was started in between, or is new. */
START_TEST(rates_of_calls)
{
    static const char before[] = "components:\n"
                                 "  busy:\n    age-ms: 1000\n    calls: 100\n"
                                 "  slow:\n    age-ms: 1000\n    calls: 100\n"
                                 "  again:\n    age-ms: 9000\n    calls: 100\n"
                                 "  liar:\n    age-ms: 1000\n    calls: 500\n";
    static const char after[] = "components:\n"
                                "  busy:\n    age-ms: 3000\n    calls: 20000100\n"
                                "  slow:\n    age-ms: 3000\n    calls: 103\n"
                                "  again:\n    age-ms: 2000\n    calls: 400\n"
                                "  liar:\n    age-ms: 2000\n    calls: 80\n"
                                "  new:\n    age-ms: 0\n    calls: 30\n"
                                "  uncounted:\n    age-ms: 5000\n";
    char *html = page_since(after, before, 0);
    ck_assert_ptr_nonnull(strstr(html, "Calls/s</abbr></th>"));
    ck_assert_ptr_nonnull(strstr(html, RATE("10000000")));
    ck_assert_ptr_nonnull(strstr(html, RATE("1.5")));
    ck_assert_ptr_nonnull(strstr(html, RATE("200")));
    ck_assert_ptr_nonnull(strstr(html, RATE("40")));
    ck_assert_ptr_nonnull(strstr(html, RATE("0")));
    ck_assert_ptr_nonnull(strstr(html, "data-is=\"Calls per second\"></td>"));
    ck_assert_uint_eq(times(html, "<td"), times(html, "</td>"));
    free(html);
    html = page_since(after, NULL, 0);
    ck_assert_ptr_nonnull(strstr(html, RATE("6666700")));
    free(html);
    html = page_of(state_text, 0); /* where nobody counts */
    ck_assert_ptr_null(strstr(html, "Calls"));
    free(html);
}
END_TEST

START_TEST(the_page)
{
    char *html = page_of(state_text, 5);
    ck_assert_ptr_nonnull(strstr(html, "<title>&lt;web&gt; &amp; &quot;co&quot; &middot; Seedbed</title>"));
    ck_assert_ptr_nonnull(strstr(html, "http-equiv=\"refresh\" content=\"5\""));
    ck_assert_ptr_nonnull(strstr(html, "href=\"/sys?still\""));
    ck_assert_ptr_nonnull(strstr(html, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    ck_assert_uint_eq(times(html, "<script"), 0);
    ck_assert_ptr_nonnull(strstr(html, "for &#39;it&#39; &amp; more"));
    ck_assert_ptr_nonnull(strstr(html, "a -&gt; \xef\xbf\xbd[31m"));
    ck_assert_ptr_nonnull(strstr(html, "1 <span class=\"soft\">of 2<"));
    ck_assert_ptr_nonnull(strstr(html, "1 h 2 min"));
    ck_assert_ptr_nonnull(strstr(html, "512 KiB <span class=\"soft\">of 1 MiB"));
    ck_assert_ptr_nonnull(strstr(html, "1.5 MiB <span class=\"soft\">of 2 MiB"));
    ck_assert_ptr_nonnull(strstr(html, "value=\"25\">25 %</meter>"));
    ck_assert_ptr_nonnull(strstr(html, "Nic, Uplink"));
    ck_assert_uint_eq(times(html, "<tr>"), 2 + 2 + 1);
    ck_assert_uint_eq(times(html, "<tr>"), times(html, "</tr>"));
    ck_assert_uint_eq(times(html, "<span"), times(html, "</span>"));
    ck_assert_uint_eq(times(html, "<td"), times(html, "</td>"));
    free(html);
    html = page_of(state_text, 0);
    ck_assert_ptr_null(strstr(html, "http-equiv"));
    ck_assert_ptr_nonnull(strstr(html, "href=\"/sys\""));
    free(html);
    /* anything that is a config tree makes a page */
    html = page_of("components: none\nsystem:\n  - a\n", 0);
    ck_assert_ptr_nonnull(strstr(html, "0 <span class=\"soft\">of 0<"));
    free(html);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http");
    TCase *tcase = tcase_create("http");
    tcase_add_test(tcase, a_request);
    tcase_add_test(tcase, whether_a_connection_goes_on);
    tcase_add_test(tcase, what_is_refused);
    tcase_add_test(tcase, what_is_too_long);
    tcase_add_test(tcase, ranges);
    tcase_add_test(tcase, conditions);
    tcase_add_test(tcase, a_head_that_does_not_fit);
    tcase_add_test(tcase, the_page);
    tcase_add_test(tcase, rates_of_calls);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
