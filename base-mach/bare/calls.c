/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.c: what newlib calls in a program without core. Descriptors 1 and 2 go to the loader, or to what
 * catches them; files are those of the archive, read-only, and all in one folder: what stands before the last
 * slash of a path is not looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <reent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bare.h"

enum { FIRST_FILE = 3, FILES = 8 };

static struct {
    const char *data; /* NULL: not open */
    size_t size, at;
} files[FILES];

void (*bare_printed)(int fd, const char *text, size_t len);

static int fail(struct _reent *reent, int error)
{
    reent->_errno = error;
    return -1;
}

_ssize_t _write_r(struct _reent *reent, int fd, const void *data, size_t size)
{
    if (fd != 1 && fd != 2)
        return fail(reent, EBADF);
    if (bare_printed)
        bare_printed(fd, data, size);
    else
        bare_say(BARE_OUTPUT, 0, 0, data, size);
    return (_ssize_t)size;
}

static int is_open(int fd)
{
    return fd >= FIRST_FILE && fd < FIRST_FILE + FILES && files[fd - FIRST_FILE].data;
}

int _open_r(struct _reent *reent, const char *path, int flags, int mode)
{
    const char *slash = strrchr(path, '/');
    int fd = FIRST_FILE;
    size_t size;

    while (is_open(fd))
        fd++;
    if (fd == FIRST_FILE + FILES)
        return fail(reent, EMFILE);
    if ((flags & O_ACCMODE) != O_RDONLY)
        return fail(reent, EROFS);
    const char *data = bare_file(slash ? slash + 1 : path, &size);
    if (!data)
        return fail(reent, ENOENT);
    files[fd - FIRST_FILE].data = data;
    files[fd - FIRST_FILE].size = size;
    files[fd - FIRST_FILE].at = 0;
    return fd;
}

_ssize_t _read_r(struct _reent *reent, int fd, void *data, size_t size)
{
    if (!is_open(fd))
        return fail(reent, EBADF);
    size_t at = files[fd - FIRST_FILE].at, left = files[fd - FIRST_FILE].size - at;
    size_t len = size < left ? size : left;
    memcpy(data, files[fd - FIRST_FILE].data + at, len);
    files[fd - FIRST_FILE].at += len;
    return (_ssize_t)len;
}

_off_t _lseek_r(struct _reent *reent, int fd, _off_t offset, int whence)
{
    if (!is_open(fd))
        return fail(reent, ESPIPE);
    size_t size = files[fd - FIRST_FILE].size, *at = &files[fd - FIRST_FILE].at;
    _off_t to = offset + (_off_t)(whence == SEEK_SET ? 0 : whence == SEEK_CUR ? *at : size);
    if (to < 0 || to > (_off_t)size)
        return fail(reent, EINVAL);
    *at = (size_t)to;
    return to;
}

/* The memory stays: there is no more of it than of files. */
int _close_r(struct _reent *reent, int fd)
{
    if (!is_open(fd))
        return fail(reent, EBADF);
    files[fd - FIRST_FILE].data = NULL;
    return 0;
}

int _fstat_r(struct _reent *reent, int fd, struct stat *status)
{
    *status = (struct stat){ .st_mode = is_open(fd) ? S_IFREG : S_IFCHR };
    if (is_open(fd))
        status->st_size = (_off_t)files[fd - FIRST_FILE].size;
    return 0;
}

int _isatty_r(struct _reent *reent, int fd)
{
    return !is_open(fd);
}

void _exit(int status);

void _exit(int status)
{
    bare_end(status, bare_test_has_returned);
}
