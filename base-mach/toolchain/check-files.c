/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check-files.c: what Check asks of an operating system when it does not fork, without one: a temporary file,
 * which is memory here, and the names of functions that it then has no use for. Compiled into libcheck.a, and
 * called by nobody else: ./make gives the functions these names.
 */
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

struct memory_file {
    char *data;
    size_t size, capacity, at;
};

FILE *ck_tmpfile(void);
FILE *ck_fopen(const char *name, const char *mode);
char *ck_tempnam(const char *folder, const char *prefix);
int ck_unlink(const char *name);
int ck_getpid(void);
int ck_gettimeofday(struct timeval *now, void *zone);

static _READ_WRITE_RETURN_TYPE file_read(void *cookie, char *data, _READ_WRITE_BUFSIZE_TYPE wanted)
{
    struct memory_file *file = cookie;
    size_t left = file->size - file->at, len = (size_t)wanted < left ? (size_t)wanted : left;

    memcpy(data, file->data + file->at, len);
    file->at += len;
    return (_READ_WRITE_RETURN_TYPE)len;
}

static _READ_WRITE_RETURN_TYPE file_write(void *cookie, const char *data, _READ_WRITE_BUFSIZE_TYPE len)
{
    struct memory_file *file = cookie;
    size_t end = file->at + (size_t)len;

    if (end > file->capacity) {
        size_t capacity = end + end / 2 + 1024;
        char *grown = realloc(file->data, capacity);
        if (!grown)
            return -1;
        file->data = grown;
        file->capacity = capacity;
    }
    memcpy(file->data + file->at, data, (size_t)len);
    file->at = end;
    if (end > file->size)
        file->size = end;
    return len;
}

static fpos_t file_seek(void *cookie, fpos_t offset, int whence)
{
    struct memory_file *file = cookie;
    size_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file->at : file->size;

    if (offset < -(fpos_t)from || offset > (fpos_t)(file->size - from))
        return -1;
    file->at = from + (size_t)offset;
    return (fpos_t)file->at;
}

static int file_close(void *cookie)
{
    struct memory_file *file = cookie;

    free(file->data);
    free(file);
    return 0;
}

FILE *ck_tmpfile(void)
{
    struct memory_file *file = calloc(1, sizeof(*file));
    if (!file)
        return NULL;

    FILE *stream = funopen(file, file_read, file_write, file_seek, file_close);
    if (!stream)
        free(file);
    return stream;
}

FILE *ck_fopen(const char *name, const char *mode)
{
    return NULL;
}

char *ck_tempnam(const char *folder, const char *prefix)
{
    return NULL;
}

int ck_unlink(const char *name)
{
    return -1;
}

int ck_getpid(void)
{
    return 1;
}

int ck_gettimeofday(struct timeval *now, void *zone)
{
    memset(now, 0, sizeof(*now));
    return 0;
}
