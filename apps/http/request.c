/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.c: reads heads of requests. What could be understood in two ways by two readers (a second Host or
 * Content-Length, white space before a colon, folded lines) is refused, because a proxy in front may be the
 * other reader.
 */
#include <string.h>

#include "request.h"

enum { BAD = 400 };

static int is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* NAME in lower case. */
static int same_word(struct http_text text, const char *name)
{
    size_t i = 0;
    while (i < text.len && name[i] && lower(text.at[i]) == name[i])
        i++;
    return i == text.len && !name[i];
}

static struct http_text trim(struct http_text text)
{
    while (text.len && (*text.at == ' ' || *text.at == '\t'))
        text.at++, text.len--;
    while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* The next item of a list with commas, without white space; empty ones are skipped. 0 at the end. */
static int next_item(struct http_text *list, struct http_text *item)
{
    while (list->len) {
        const char *comma = memchr(list->at, ',', list->len);
        *item = (struct http_text){ list->at, comma ? (size_t)(comma - list->at) : list->len };
        size_t taken = item->len + (comma != NULL);
        list->at += taken;
        list->len -= taken;
        *item = trim(*item);
        if (item->len)
            return 1;
    }
    return 0;
}

/* Decimal digits only. Non-zero if it is such a number and fits. */
static int number(struct http_text text, uint64_t *value)
{
    uint64_t v = 0;
    if (!text.len)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned char)text.at[i] - '0';
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return 0;
        v = v * 10 + digit;
    }
    *value = v;
    return 1;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- the request line */

static int parse_method(struct http_text word, struct http_request *request)
{
    static const char *const known[] = { "GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                         "CONNECT", "OPTIONS", "TRACE", "PATCH" };
    for (size_t i = 0; i < word.len; i++)
        if (!is_token(word.at[i]))
            return BAD;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i]) == word.len && !memcmp(known[i], word.at, word.len)) {
            request->method = i < HTTP_OTHER ? (enum http_method)i : HTTP_OTHER;
            return 0;
        }
    return word.len ? 501 : BAD;
}

static int parse_version(struct http_text word, struct http_request *request)
{
    if (word.len != 8 || memcmp(word.at, "HTTP/", 5) || word.at[6] != '.')
        return BAD;
    int major = word.at[5] - '0', minor = word.at[7] - '0';
    if (major < 0 || major > 9 || minor < 0 || minor > 9)
        return BAD;
    request->minor = minor;
    return major == 1 ? 0 : 505;
}

/* Characters that a target may have; anything else has to be encoded. */
static int is_of_target(char c)
{
    return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}#", c);
}

static int decode_path(struct http_text text, char path[HTTP_PATH_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex(text.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return BAD;
            c = (unsigned char)(high * 16 + low);
            i += 2;
        }
        if (c < ' ' || c == 0x7f)
            return BAD;
        if (len == HTTP_PATH_MAX - 1)
            return 414;
        path[len++] = (char)c;
    }
    path[len] = 0;
    return 0;
}

/* "http://host/path" as proxies are asked; the host does not matter here. */
static struct http_text without_host(struct http_text target)
{
    static const char scheme[] = "http://";
    size_t skip = sizeof(scheme) - 1;
    if (target.len <= skip || !same_word((struct http_text){ target.at, skip }, scheme))
        return target;
    size_t i = skip;
    while (i < target.len && target.at[i] != '/' && target.at[i] != '?')
        i++;
    if (i == skip) /* no host */
        return target;
    if (i == target.len)
        return (struct http_text){ "/", 1 };
    return (struct http_text){ target.at + i, target.len - i };
}

static int parse_target(struct http_text target, struct http_request *request)
{
    for (size_t i = 0; i < target.len; i++)
        if (!is_of_target(target.at[i]))
            return BAD;
    if (request->method == HTTP_OTHER) /* OPTIONS and CONNECT have other forms; neither is answered */
        return target.len ? 0 : BAD;
    target = without_host(target);
    if (!target.len || target.at[0] != '/')
        return BAD;
    const char *mark = memchr(target.at, '?', target.len);
    size_t path = mark ? (size_t)(mark - target.at) : target.len;
    size_t query = mark ? target.len - path - 1 : 0;
    if (query >= HTTP_PATH_MAX)
        return 414;
    if (query)
        memcpy(request->query, mark + 1, query);
    return decode_path((struct http_text){ target.at, path }, request->path);
}

static int parse_request_line(struct http_text line, struct http_request *request)
{
    const char *first = memchr(line.at, ' ', line.len);
    if (!first)
        return BAD;
    size_t method = (size_t)(first - line.at);
    struct http_text rest = { first + 1, line.len - method - 1 };
    const char *second = memchr(rest.at, ' ', rest.len);
    if (!second)
        return BAD;
    size_t target = (size_t)(second - rest.at);
    /* the version before the method: who speaks another one may have other methods */
    int status = parse_version((struct http_text){ second + 1, rest.len - target - 1 }, request);
    if (!status)
        status = parse_method((struct http_text){ line.at, method }, request);
    return status ? status : parse_target((struct http_text){ rest.at, target }, request);
}

/* ---- fields */

/* What has to be known of the fields together. */
struct fields {
    int hosts, has_length, chunked, close, keep;
};

static int take_once(struct http_text *place, struct http_text value)
{
    if (place->at)
        return BAD;
    *place = value;
    return 0;
}

static int take_host(struct http_text value, struct fields *fields)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] <= ' ' || value.at[i] >= 0x7f || strchr("/?#@,\\\"<>", value.at[i]))
            return BAD;
    return fields->hosts++ ? BAD : 0;
}

static int take_length(struct http_text value, struct http_request *request, struct fields *fields)
{
    uint64_t length;
    if (!number(value, &length))
        return BAD;
    if (fields->has_length && length != request->content)
        return BAD;
    fields->has_length = 1;
    request->content = length;
    return 0;
}

static int take_field(struct http_text name, struct http_text value, struct http_request *request,
                      struct fields *fields)
{
    struct http_text item;
    if (same_word(name, "host"))
        return take_host(value, fields);
    if (same_word(name, "content-length"))
        return take_length(value, request, fields);
    if (same_word(name, "transfer-encoding")) {
        if (fields->chunked || !value.len)
            return BAD;
        fields->chunked = 1;
        return same_word(value, "chunked") ? 0 : 501;
    }
    if (same_word(name, "connection")) {
        while (next_item(&value, &item)) {
            fields->close |= same_word(item, "close");
            fields->keep |= same_word(item, "keep-alive");
        }
        return 0;
    }
    if (same_word(name, "expect")) {
        request->expects = 1;
        return same_word(value, "100-continue") ? 0 : 417;
    }
    if (same_word(name, "range"))
        return take_once(&request->range, value);
    if (same_word(name, "if-range"))
        return take_once(&request->if_range, value);
    if (same_word(name, "if-match"))
        return take_once(&request->if_match, value);
    if (same_word(name, "if-none-match"))
        return take_once(&request->if_none_match, value);
    return 0;
}

static int parse_field(struct http_text line, struct http_request *request, struct fields *fields)
{
    const char *colon = memchr(line.at, ':', line.len);
    if (!colon || colon == line.at)
        return BAD;
    struct http_text name = { line.at, (size_t)(colon - line.at) };
    for (size_t i = 0; i < name.len; i++)
        if (!is_token(name.at[i])) /* a folded line begins with a space, so it ends here */
            return BAD;
    struct http_text value = trim((struct http_text){ colon + 1, line.len - name.len - 1 });
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return BAD;
    }
    return take_field(name, value, request, fields);
}

static int check_fields(struct http_request *request, const struct fields *fields)
{
    if (request->minor > 0 && !fields->hosts)
        return BAD;
    if (fields->chunked)
        return fields->has_length || !request->minor ? BAD : 411;
    request->keep_alive = !fields->close && (request->minor > 0 || fields->keep);
    return 0;
}

/* ---- the whole */

/* The line at *POS, without its end, which is CR LF or LF; 0 while it has none. */
static int next_line(const char *data, size_t size, size_t *pos, struct http_text *line)
{
    const char *end = memchr(data + *pos, '\n', size - *pos);
    if (!end)
        return 0;
    line->at = data + *pos;
    line->len = (size_t)(end - line->at);
    *pos += line->len + 1;
    if (line->len && line->at[line->len - 1] == '\r')
        line->len--;
    return 1;
}

int http_request_parse(const char *data, size_t size, struct http_request *request, size_t *used)
{
    struct http_text line;
    struct fields fields = { 0 };
    size_t pos = 0;
    unsigned count = 0;
    *request = (struct http_request){ 0 };
    do {
        if (!next_line(data, size, &pos, &line))
            return HTTP_MORE;
    } while (!line.len);
    int status = parse_request_line(line, request);
    while (!status) {
        if (!next_line(data, size, &pos, &line))
            return HTTP_MORE;
        if (!line.len)
            break;
        status = count++ == HTTP_FIELDS_MAX ? 431 : parse_field(line, request, &fields);
    }
    if (!status)
        status = check_fields(request, &fields);
    *used = pos;
    return status;
}

int http_request_too_long(const char *data, size_t size)
{
    size_t pos = 0;
    while (pos < size && (data[pos] == '\r' || data[pos] == '\n'))
        pos++;
    return memchr(data + pos, '\n', size - pos) ? 431 : 414;
}

/* ---- ranges and tags */

int http_range(struct http_text range, uint64_t size, uint64_t *first, uint64_t *last)
{
    static const char unit[] = "bytes=";
    size_t skip = sizeof(unit) - 1;
    *first = 0;
    *last = size ? size - 1 : 0;
    if (!range.at || range.len <= skip || !same_word((struct http_text){ range.at, skip }, unit))
        return 200;
    range = trim((struct http_text){ range.at + skip, range.len - skip });
    const char *dash = range.len ? memchr(range.at, '-', range.len) : NULL;
    if (!dash)
        return 200;
    struct http_text from = { range.at, (size_t)(dash - range.at) };
    struct http_text to = { dash + 1, range.len - from.len - 1 };
    uint64_t a, b = UINT64_MAX;
    if (to.len && !number(to, &b))
        return 200;
    if (!from.len) { /* the last b bytes */
        if (!to.len)
            return 200;
        if (!b || !size)
            return 416;
        *first = b < size ? size - b : 0;
        return 206;
    }
    if (!number(from, &a) || b < a)
        return 200;
    if (a >= size)
        return 416;
    *first = a;
    *last = b < size ? b : size - 1;
    return 206;
}

int http_etag_listed(struct http_text list, const char *etag, int weak)
{
    size_t len = strlen(etag);
    struct http_text item;
    while (list.at && next_item(&list, &item)) {
        if (item.len == 1 && *item.at == '*')
            return 1;
        if (item.len > 2 && item.at[0] == 'W' && item.at[1] == '/') {
            if (!weak)
                continue;
            item.at += 2;
            item.len -= 2;
        }
        if (item.len == len && !memcmp(item.at, etag, len))
            return 1;
    }
    return 0;
}
