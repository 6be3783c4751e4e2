/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c: LOG sessions: lines with the label of who wrote them, made safe to look at. */
#include <stdlib.h>
#include <string.h>
#include <os/utf8.h>

#include "internal.h"

struct log_session {
    struct core_session session;
    struct os_object object;
    char label[OS_LABEL_MAX];
};

/* Copies what is visible of LEN bytes at FROM, every other byte as '?', to TO of SIZE bytes. */
static void copy_printable(char *to, size_t size, const char *from, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len;) {
        unsigned bytes;
        int visible = os_utf8_is_visible(os_utf8_decode(from + i, len - i, &bytes));
        if (at + bytes >= size)
            break;
        if (visible)
            memcpy(to + at, from + i, bytes);
        else
            memset(to + at, from[i] == '\t' ? ' ' : '?', bytes);
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
