/* SPDX-License-Identifier: BSD-2-Clause */
/* archive.c: the loader's files, all of them in memory. */
#include <stdlib.h>
#include <string.h>

#include "loader.h"

enum { D_READ = 1, DEV_GET_SIZE = 0, DEVICE_SIZE = 0, RECORD_SIZE = 1 };
enum { READ_MAX = 64 * 1024 };

/* The header in hexadecimal digits, eight for each field, after a magic of six. */
enum { MAGIC = 6, DIGITS = 8, HEADER = MAGIC + 13 * DIGITS, FIELD_SIZE = 6, FIELD_NAME = 11 };

static char *archive;
static uint32_t archive_size;

const char *archive_read(mach_port_t device)
{
    uint32_t status[2] = { 0, 0 }, count = OS_ARRAY_LEN(status), got;
    mach_port_t opened;
    void *data;

    if (device_open(device, D_READ, "rd0", &opened))
        return "there is no archive: the kernel has no device rd0";
    if (device_get_status(opened, DEV_GET_SIZE, status, &count) || !status[RECORD_SIZE])
        return "the archive's size is not known";
    archive = malloc(status[DEVICE_SIZE]);
    if (!archive)
        return "the archive is larger than memory";
    for (archive_size = 0; archive_size < status[DEVICE_SIZE]; archive_size += got) {
        uint32_t left = status[DEVICE_SIZE] - archive_size, part = left < READ_MAX ? left : READ_MAX;
        if (device_read(opened, archive_size / status[RECORD_SIZE], part, &data, &got) || !got || got > left)
            return "the archive cannot be read";
        memcpy(archive + archive_size, data, got);
        vm_deallocate(loader_task, (uint32_t)(uintptr_t)data, got);
    }
    return NULL;
}

static uint32_t field(const char *header, int number)
{
    char digits[DIGITS + 1] = { 0 };

    memcpy(digits, header + MAGIC + number * DIGITS, DIGITS);
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* The file whose header is at *AT, which becomes that of the next; 0 if there is one. */
static int next_file(uint32_t *at, struct file *file)
{
    if (archive_size - *at < HEADER || memcmp(archive + *at, "070701", MAGIC) != 0)
        return -1;
    const char *header = archive + *at;
    uint64_t name_size = field(header, FIELD_NAME), size = field(header, FIELD_SIZE);
    uint64_t start = (*at + HEADER + name_size + 3) & ~UINT64_C(3), end = (start + size + 3) & ~UINT64_C(3);
    if (!name_size || start + size > archive_size || header[HEADER + name_size - 1])
        return -1;
    *file = (struct file){ .name = header + HEADER, .data = archive + start, .size = (uint32_t)size };
    *at = end < archive_size ? (uint32_t)end : archive_size;
    return strcmp(file->name, "TRAILER!!!") == 0 ? -1 : 0;
}

int archive_find(const char *name, struct file *file)
{
    uint32_t at = 0;

    while (!next_file(&at, file))
        if (!strcmp(file->name, name))
            return 0;
    return -1;
}
