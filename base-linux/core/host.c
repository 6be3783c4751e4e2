/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c: the user's files: pictures are written where he said; his clock; and services of this platform. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum { PATH_SIZE = 4096 };

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
    char temporary[PATH_SIZE + 16];
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

/* The file for a picture called NAME, NULL for that at the end. */
static os_err file_of(const char *name, char path[PATH_SIZE])
{
    const char *shot = linux_core.options->shot;
    const char *slash = strrchr(shot, '/');
    int folder = slash ? (int)(slash - shot) + 1 : 0;
    int len = name ? snprintf(path, PATH_SIZE, "%.*s%s", folder, shot, name)
                   : snprintf(path, PATH_SIZE, "%s", shot);
    return len < PATH_SIZE ? OS_OK : OS_ERR_BAD_ARG;
}

os_err core_plat_save(const char *name, const struct core_memory *memory, uint64_t size, char (*why)[512])
{
    char path[PATH_SIZE];
    os_err err = file_of(name, path);
    if (!err)
        err = save_file(path, memory->fd, size);
    if (err)
        snprintf(*why, sizeof(*why), "%.400s: %s", path, os_err_text(err));
    return err;
}

os_err core_plat_rtc(int64_t *us)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return OS_ERR_NOT_FOUND;
    *us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    return OS_OK;
}

os_err core_plat_session(struct core *core, const char *service, const char *label, const char *args,
                         struct core_account *account, struct core_session **session)
{
    if (!strcmp(service, "Control"))
        return core_control_open(core, label, session);
    if (!strcmp(service, "Network"))
        return linux_network_open_session(core, args, session);
    if (!strcmp(service, "Pcap"))
        return linux_pcap_open(core, label, session);
    return OS_ERR_NO_SERVICE;
}
