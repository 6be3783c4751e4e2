/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * archive.c: ROM modules: the files of the archive (cpio, format "newc") that the machine was started with,
 * which the kernel offers as the device rd0. What is in it is found once; a file is read when somebody asks
 * for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpio.h"
#include "internal.h"

enum { D_READ = 1, DEV_GET_SIZE = 0, DEVICE_SIZE = 0, RECORD_SIZE = 1 };
enum { READ_MAX = 64 * 1024 };

struct file {
    struct os_list link;
    struct cpio_file cpio;
};

static struct os_list files = { &files, &files };
static mach_port_t device;
static uint32_t record_size;

/* A part of the device, within one read. */
static os_err read_part(uint32_t at, void *to, uint32_t size)
{
    uint32_t first = at / record_size, skip = at % record_size, got;
    uint32_t want = (skip + size + record_size - 1) / record_size * record_size;
    void *data;
    if (device_read(device, first, want, &data, &got))
        return OS_ERR_IO;
    int enough = got >= skip + size;
    if (enough)
        memcpy(to, (const char *)data + skip, size);
    vm_deallocate(mach_core.task, (uint32_t)(uintptr_t)data, got);
    return enough ? OS_OK : OS_ERR_IO;
}

static os_err read_device(const struct cpio *cpio, uint32_t at, void *to, uint32_t size)
{
    char *out = to;
    (void)cpio;
    while (size) {
        uint32_t part = size < READ_MAX ? size : READ_MAX;
        os_err err = read_part(at, out, part);
        if (err)
            return err;
        at += part;
        out += part;
        size -= part;
    }
    return OS_OK;
}

/* ---- what is in it */

static struct file *find_file(const char *name)
{
    OS_LIST_FOR_EACH (link, &files) {
        struct file *file = OS_CONTAINER_OF(link, struct file, link);
        if (!strcmp(file->cpio.name, name))
            return file;
    }
    return NULL;
}

static os_err refuse(const char *what, uint32_t at, const char *name)
{
    mach_say("the boot archive at byte %u%s%s: %s", (unsigned)at, *name ? ", file " : "", name, what);
    return OS_ERR_IO;
}

static os_err take_files(const struct cpio *archive)
{
    for (uint32_t at = 0;;) {
        struct cpio_file found;
        uint32_t start = at;
        const char *wrong = cpio_next(archive, &at, &found);
        if (wrong)
            return refuse(wrong, start, found.name);
        if (!*found.name)
            return OS_OK;
        if (find_file(found.name))
            return refuse("there are two of this name", start, found.name);
        struct file *file = malloc(sizeof(*file));
        if (!file)
            return OS_ERR_NO_MEMORY;
        file->cpio = found;
        os_list_insert(&files, &file->link);
    }
}

os_err mach_archive_init(void)
{
    uint32_t status[2] = { 0, 0 }, count = OS_ARRAY_LEN(status);
    if (device_open(mach_core.device, D_READ, "rd0", &device)) {
        mach_say("there is no boot archive: the kernel has no device rd0");
        return OS_ERR_NOT_FOUND;
    }
    if (device_get_status(device, DEV_GET_SIZE, status, &count) || count != OS_ARRAY_LEN(status) ||
        !status[RECORD_SIZE])
        return OS_ERR_IO;
    record_size = status[RECORD_SIZE];
    return take_files(&(struct cpio){ .size = status[DEVICE_SIZE], .read = read_device });
}

/*
 * It is in the list no more, so that nobody can ask for it as a module; what is on the device only core can
 * read.
 */
size_t mach_archive_take(const char *name, void *data, size_t size)
{
    struct file *file = find_file(name);
    if (!file)
        return 0;
    size_t len = file->cpio.size < size ? file->cpio.size : size;
    if (read_device(NULL, file->cpio.at, data, (uint32_t)len))
        len = 0;
    os_list_remove(&file->link);
    free(file);
    return len;
}

/* ---- as modules */

static uint64_t ram_of(const struct file *file)
{
    uint32_t pages = file->cpio.size / OS_PAGE_SIZE + (file->cpio.size % OS_PAGE_SIZE != 0);
    return (uint64_t)(pages ? pages : 1) * OS_PAGE_SIZE;
}

uint64_t mach_archive_ram(void)
{
    uint64_t sum = 0;
    OS_LIST_FOR_EACH (link, &files)
        sum += ram_of(OS_CONTAINER_OF(link, struct file, link));
    return sum;
}

os_err core_plat_module(const char *name, struct core_ds *ds, struct core_memory **memory, uint64_t *size)
{
    const struct file *file = find_file(name);
    struct core_memory *made;
    if (!file)
        return OS_ERR_NOT_FOUND;
    os_err err = core_plat_memory_create(ds, ram_of(file), &made);
    if (err)
        return err;
    err = read_device(NULL, file->cpio.at, mach_memory_at(made), file->cpio.size);
    if (err) {
        core_plat_memory_destroy(made);
        return err;
    }
    mach_memory_seal(made);
    *memory = made;
    *size = file->cpio.size;
    return OS_OK;
}
