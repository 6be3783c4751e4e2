/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c: LOG sessions: lines with the label of who wrote them, made safe to look at. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct log_session {
    struct core_session session;
    struct os_object object;
    char label[OS_LABEL_MAX];
};

/*
 * Length of the well-formed UTF-8 sequence at TEXT, at most LEN bytes, if it is one that a terminal shows as
 * it is; else 0. The C1 control characters (U+0080 to U+009F) are none.
 */
static size_t printable(const unsigned char *text, size_t len)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char c = text[0];
    if (c < 0x80)
        return c >= 0x20 && c != 0x7f;
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || n > len)
        return 0;
    uint32_t code = c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code < 0xa0)
        return 0;
    return n;
}

/* Copies what is printable of LEN bytes at FROM, everything else as '?', to TO of SIZE bytes. */
static void copy_printable(char *to, size_t size, const char *from, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len;) {
        size_t n = printable((const unsigned char *)from + i, len - i);
        size_t bytes = n ? n : 1;
        if (at + bytes >= size)
            break;
        if (n)
            memcpy(to + at, from + i, n);
        else
            to[at] = from[i] == '\t' ? ' ' : '?';
        at += bytes;
        i += bytes;
    }
    to[at] = 0;
}

void core_log_line(const char *label, const char *text, size_t len)
{
    char line[OS_LOG_MAX], name[OS_LABEL_MAX];
    copy_printable(line, sizeof(line), text, len);
    copy_printable(name, sizeof(name), label, strlen(label));
    core_plat_log(name, line);
}

static os_err log_write(struct os_rpc *rpc, const char *text)
{
    core_log_line(OS_CONTAINER_OF(rpc->object, struct log_session, object)->label, text, strlen(text));
    return OS_OK;
}

static const struct os_log_ops ops = { .write = log_write };

static void log_close(struct core_session *session)
{
    struct log_session *log = OS_CONTAINER_OF(session, struct log_session, session);
    os_object_fini(&log->object);
    core_session_closed(session);
}

os_err core_log_open(struct core *core, const char *label, struct core_account *account,
                     struct core_session **session)
{
    struct log_session *log = calloc(1, sizeof(*log));
    if (!log)
        return OS_ERR_NO_MEMORY;
    os_log_cap cap;
    os_err err = os_log_object_init(&log->object, core->ep, &ops, &cap);
    if (err) {
        free(log);
        return err;
    }
    if (!*label)
        label = core->init->label;
    memcpy(log->label, label, strlen(label) + 1);
    log->session.cap.cap = cap.cap;
    log->session.close = log_close;
    *session = &log->session;
    return OS_OK;
}
