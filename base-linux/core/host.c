/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c: the Host service: what display drivers may ask of the machine. They write no files: core does, of
 * what is in a dataspace, to where the user said.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <os/host.h>

#include "internal.h"

#define SAVE_MAX    OS_MIB(512)
#define SHOT_WAIT   (2 * OS_SEC)
#define SAVE_FOLDER 4096

struct host_session {
    struct core_session session;
    struct os_object object;
    struct os_list link; /* of hosts */
    os_signal_cap shot_sigh;
};

static struct os_list hosts = { &hosts, &hosts };

/* A picture that was asked for, or NULL. */
static void (*shot_done)(const char *error);
static struct os_alarm shot_alarm;

static void end_shot(const char *error)
{
    void (*done)(const char *error) = shot_done;
    shot_done = NULL;
    os_alarm_clear(&shot_alarm);
    if (done)
        done(error);
}

static os_err host_quit(struct os_rpc *rpc, int32_t status)
{
    (void)rpc;
    linux_core_quit(status & 0xff);
    return OS_OK;
}

static os_err host_shot_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct host_session *host = OS_CONTAINER_OF(rpc->object, struct host_session, object);
    os_cap_drop(host->shot_sigh.cap);
    host->shot_sigh.cap = os_cap_copy(handler.cap);
    /* it was asked for before there was anybody to ask */
    if (shot_done)
        os_signal_submit(handler);
    return OS_OK;
}

static os_err file_error(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return OS_ERR_NO_SPACE;
    case ENOENT:
    case ENOTDIR:
        return OS_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return OS_ERR_DENIED;
    default:
        return OS_ERR_IO;
    }
}

/* 0, or -1 with errno. */
static int copy_to_file(int memory, uint64_t size, int file)
{
    char buffer[65536];
    uint64_t at = 0;
    while (at < size) {
        size_t want = size - at < sizeof(buffer) ? (size_t)(size - at) : sizeof(buffer);
        ssize_t len = pread(memory, buffer, want, (off_t)at);
        if (len <= 0) {
            errno = len ? errno : EIO;
            return -1;
        }
        for (ssize_t done = 0; done < len;) {
            ssize_t n = write(file, buffer + done, (size_t)(len - done));
            if (n < 0)
                return -1;
            done += n;
        }
        at += (uint64_t)len;
    }
    return 0;
}

/* Whole or not at all: under another name first, in the same folder. */
static os_err save_file(const char *path, int memory, uint64_t size)
{
    char temporary[SAVE_FOLDER + 16];
    int error = 0;
    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0)
        return file_error(errno);
    if (copy_to_file(memory, size, file) || fchmod(file, 0644))
        error = errno;
    if (close(file) && !error)
        error = errno;
    if (!error && rename(temporary, path))
        error = errno;
    if (!error)
        return OS_OK;
    unlink(temporary);
    return file_error(error);
}

/*
 * Pictures only, whatever a driver calls them: the folder is the user's, who may have sources and programs
 * there that a driver must not replace.
 */
static int picture_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = strlen(name);
    return len > 4 && *name != '.' && strspn(name, allowed) == len && !strcmp(name + len - 4, ".png");
}

/* The file for a picture called NAME. */
static os_err file_of(const char *name, char path[SAVE_FOLDER])
{
    const char *shot = linux_core.options->shot;
    const char *slash = strrchr(shot, '/');
    int is_shot = !strcmp(name, "shot");
    if (!is_shot && !picture_name(name))
        return OS_ERR_BAD_ARG;
    int folder = slash ? (int)(slash - shot) + 1 : 0;
    int len = is_shot ? snprintf(path, SAVE_FOLDER, "%s", shot)
                      : snprintf(path, SAVE_FOLDER, "%.*s%s", folder, shot, name);
    return len < SAVE_FOLDER ? OS_OK : OS_ERR_BAD_ARG;
}

static os_err host_save(struct os_rpc *rpc, const char *name, os_dataspace_cap cap, uint64_t size)
{
    char path[SAVE_FOLDER], text[SAVE_FOLDER + 64];
    int writable;
    (void)rpc;
    struct core_ds *ds = core_ds_of(&linux_core.core, cap, &writable);
    if (!ds)
        return OS_ERR_BAD_CAP;
    if (size > ds->size || size > SAVE_MAX)
        return OS_ERR_BAD_ARG;
    os_err err = file_of(name, path);
    if (!err)
        err = save_file(path, ds->memory->fd, size);
    if (!strcmp(name, "shot")) {
        snprintf(text, sizeof(text), "%s: %s", path, os_err_text(err));
        end_shot(err ? text : NULL);
    }
    return err;
}

static os_err host_failed(struct os_rpc *rpc, const char *name, const char *text)
{
    (void)rpc;
    if (!strcmp(name, "shot"))
        end_shot(text);
    return OS_OK;
}

static const struct os_host_ops ops = {
    .quit = host_quit, .shot_sigh = host_shot_sigh, .save = host_save, .failed = host_failed
};

static void host_close(struct core_session *session)
{
    struct host_session *host = OS_CONTAINER_OF(session, struct host_session, session);
    os_cap_drop(host->shot_sigh.cap);
    os_object_fini(&host->object);
    os_list_remove(&host->link);
    core_session_closed(session);
}

os_err linux_host_open(struct core *core, struct core_account *account, struct core_session **session)
{
    struct host_session *host = calloc(1, sizeof(*host));
    if (!host)
        return OS_ERR_NO_MEMORY;
    os_host_cap cap;
    os_err err = os_host_object_init(&host->object, core->ep, &ops, &cap);
    if (err) {
        free(host);
        return err;
    }
    os_list_insert(&hosts, &host->link);
    host->session.cap.cap = cap.cap;
    host->session.close = host_close;
    *session = &host->session;
    return OS_OK;
}

os_err core_plat_session(struct core *core, const char *service, const char *args,
                         struct core_account *account, struct core_session **session)
{
    if (!strcmp(service, "Host"))
        return linux_host_open(core, account, session);
    return OS_ERR_NO_SERVICE;
}

static void shot_late(struct os_alarm *alarm)
{
    (void)alarm;
    end_shot("no display driver has answered");
}

int linux_host_any(void)
{
    return !os_list_empty(&hosts);
}

void linux_host_shot(void (*done)(const char *error))
{
    if (!linux_host_any()) {
        done("no display driver is running");
        return;
    }
    shot_done = done;
    shot_alarm.handle = shot_late;
    os_alarm_set(&linux_core.ep, &shot_alarm, os_clock_now() + SHOT_WAIT);
    OS_LIST_FOR_EACH (link, &hosts)
        os_signal_submit(OS_CONTAINER_OF(link, struct host_session, link)->shot_sigh);
}
