/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.c: the calls that newlib makes to what it takes for its kernel. There are no files: descriptors 1 and
 * 2 are the output, and all else is refused.
 */
#include <errno.h>
#include <reent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mach_base/libc.h>
#include <platform/platform.h>

static void (*output)(const char *text, size_t size) = plat_console;

void libc_output(void (*write)(const char *text, size_t size), char *out, char *err, size_t size)
{
    fflush(NULL);
    output = write;
    setvbuf(stdout, out, _IOLBF, size);
    setvbuf(stderr, err, _IOLBF, size);
}

_ssize_t _write_r(struct _reent *reent, int fd, const void *data, size_t size)
{
    if (fd != 1 && fd != 2) {
        reent->_errno = EBADF;
        return -1;
    }
    output(data, size);
    return (_ssize_t)size;
}

_ssize_t _read_r(struct _reent *reent, int fd, void *data, size_t size)
{
    reent->_errno = EBADF;
    return -1;
}

_off_t _lseek_r(struct _reent *reent, int fd, _off_t offset, int whence)
{
    reent->_errno = ESPIPE;
    return -1;
}

int _close_r(struct _reent *reent, int fd)
{
    return 0;
}

int _fstat_r(struct _reent *reent, int fd, struct stat *status)
{
    *status = (struct stat){ .st_mode = S_IFCHR };
    return 0;
}

int _isatty_r(struct _reent *reent, int fd)
{
    return 1;
}

void _exit(int status)
{
    plat_exit(status);
}
