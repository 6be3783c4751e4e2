/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c: the client's side of reports: a buffer that grows, and a server that may come back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/report.h>
#include <os/resources.h>
#include <os/watch.h>

/* One for ram and one for caps are enough for a server that means well. */
enum { UPGRADES = 2, UPGRADE_CAPS = 4 };

static os_err open_session(struct os_reporter *reporter)
{
    return os_report_open(reporter->env, reporter->label, "", &reporter->session);
}

static void close_session(struct os_reporter *reporter)
{
    os_region_detach(&reporter->buffer);
    os_report_close(&reporter->session);
}

os_err os_reporter_init(struct os_reporter *reporter, struct os_env *env, const char *label)
{
    *reporter = (struct os_reporter){ .env = env };
    int len = snprintf(reporter->label, sizeof(reporter->label), "%s", label);
    if (len < 0 || (size_t)len >= sizeof(reporter->label))
        return OS_ERR_TOO_LARGE;
    return open_session(reporter);
}

void os_reporter_fini(struct os_reporter *reporter)
{
    close_session(reporter);
    *reporter = (struct os_reporter){ 0 };
}

/* Room for SIZE bytes and for some growth, so that not each longer report asks for a buffer. */
static os_err need_buffer(struct os_reporter *reporter, size_t size)
{
    struct os_session *session = &reporter->session.base;
    uint64_t wanted = ((uint64_t)size + size / 2 + OS_PAGE_SIZE) / OS_PAGE_SIZE * OS_PAGE_SIZE;
    os_dataspace_cap ds;
    if (reporter->buffer.size >= size)
        return OS_OK;
    os_region_detach(&reporter->buffer);
    os_err err = os_report_buffer(reporter->session.cap, wanted, &ds);
    for (int tries = 0; err && tries < UPGRADES; tries++) {
        err = os_session_upgrade_after(session, err, wanted, UPGRADE_CAPS);
        if (err)
            return err;
        err = os_report_buffer(reporter->session.cap, wanted, &ds);
    }
    if (err)
        return err;
    err = os_region_attach(&reporter->buffer, ds, OS_ATTACH_WRITE);
    os_cap_drop(ds.cap);
    return err;
}

static os_err submit(struct os_reporter *reporter, const void *data, size_t size)
{
    os_err err = need_buffer(reporter, size);
    if (err)
        return err;
    if (size)
        memcpy(reporter->buffer.at, data, size);
    err = os_report_submit(reporter->session.cap, size);
    if (err != OS_ERR_RAM)
        return err;
    err = os_session_upgrade_after(&reporter->session.base, err, size, UPGRADE_CAPS);
    return err ? err : os_report_submit(reporter->session.cap, size);
}

os_err os_reporter_submit(struct os_reporter *reporter, const void *data, size_t size)
{
    os_err err = reporter->session.cap.cap.id ? OS_OK : open_session(reporter);
    if (!err)
        err = submit(reporter, data, size);
    if (os_err_is_gone(err))
        close_session(reporter);
    return err;
}

os_err os_reporter_submit_tree(struct os_reporter *reporter, struct os_config_writer *writer)
{
    void *tree;
    size_t size;
    os_err err = os_config_writer_finish(writer, &tree, &size);
    os_config_writer_fini(writer);
    if (err)
        return err;
    err = os_reporter_submit(reporter, tree, size);
    free(tree);
    return err;
}
