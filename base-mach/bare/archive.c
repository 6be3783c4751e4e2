/* SPDX-License-Identifier: BSD-2-Clause */
/* archive.c: the loader's files, all of them in memory. */
#include <stdlib.h>
#include <string.h>

#include "../core/cpio.h"
#include "loader.h"

enum { D_READ = 1, DEV_GET_SIZE = 0, DEVICE_SIZE = 0, RECORD_SIZE = 1 };
enum { READ_MAX = 64 * 1024 };

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

static os_err read_archive(const struct cpio *cpio, uint32_t at, void *to, uint32_t size)
{
    memcpy(to, archive + at, size);
    return OS_OK;
}

int archive_find(const char *name, struct file *file)
{
    struct cpio cpio = { .size = archive_size, .read = read_archive };
    struct cpio_file found;

    for (uint32_t at = 0; !cpio_next(&cpio, &at, &found) && *found.name;) {
        if (strcmp(found.name, name) != 0)
            continue;
        *file = (struct file){ .data = archive + found.at, .size = found.size };
        return 0;
    }
    return -1;
}
