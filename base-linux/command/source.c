/* SPDX-License-Identifier: BSD-2-Clause */
/* source.c: what a scenario is checked against in the command's own process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux_base/spawner.h>

#include "linux_core.h"
#include "source.h"

enum { SANDBOX_UNKNOWN, SANDBOX_COMPLETE, SANDBOX_INCOMPLETE };

/* Manifests are near the beginning of what our linker makes; of other files all is read, up to this. */
#define BEGINNING OS_KIB(16)
#define ELF_MAX   OS_MIB(256)

/* Reads up to SIZE bytes of the file. It is read rather than mapped, because it may be truncated meanwhile.
 */
static os_err read_up_to(struct source *source, int fd, size_t size, size_t *got)
{
    *got = 0;
    if (size > source->capacity) {
        void *larger = realloc(source->elf, size);
        if (!larger)
            return OS_ERR_NO_MEMORY;
        source->elf = larger;
        source->capacity = size;
    }
    while (*got < size) {
        ssize_t len = pread(fd, (char *)source->elf + *got, size - *got, (off_t)*got);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return OS_ERR_IO;
        if (len == 0)
            break;
        *got += (size_t)len;
    }
    return OS_OK;
}

static os_err open_program(const struct source *source, const char *name, int *fd)
{
    char path[4096];
    for (const char *const *dir = source->dirs; *dir; dir++) {
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", *dir, name) >= sizeof(path))
            continue;
        os_err err = linux_open_regular(path, fd);
        if (err != OS_ERR_NOT_FOUND)
            return err;
    }
    return OS_ERR_NOT_FOUND;
}

static os_err find(struct platform_source *base, const char *name, const void **elf, size_t *size)
{
    struct source *source = OS_CONTAINER_OF(base, struct source, base);
    const char *text;
    struct stat st;
    size_t length;
    int fd;
    os_err err = open_program(source, name, &fd);
    if (err)
        return err;
    err = read_up_to(source, fd, BEGINNING, size);
    if (!err && *size == BEGINNING && manifest_find(source->elf, *size, &text, &length)) {
        if (fstat(fd, &st))
            err = OS_ERR_IO;
        else if (st.st_size > (off_t)ELF_MAX)
            err = OS_ERR_TOO_LARGE;
        else
            err = read_up_to(source, fd, (size_t)st.st_size, size);
    }
    close(fd);
    *elf = source->elf;
    return err;
}

/* It is known by trying only, which is done for the scenarios that ask for it. Nothing is started in it. */
static int is_incomplete(struct source *source)
{
    if (source->sandbox == SANDBOX_UNKNOWN) {
        struct spawner *spawner;
        uint32_t missing = 0;
        os_err err = spawner_start(&spawner, &missing);
        if (!err)
            spawner_stop(spawner);
        source->sandbox = err || linux_lacks_sandbox(missing) ? SANDBOX_INCOMPLETE : SANDBOX_COMPLETE;
    }
    return source->sandbox == SANDBOX_INCOMPLETE;
}

/*
 * In the order of core, so that a mistake has the same message here as in a run. What one entry is given, the
 * next one cannot have; but that there is not enough for all is told once, and not of each that is left.
 */
static os_err admit(struct platform_source *base, const struct entry *entry)
{
    struct source *source = OS_CONTAINER_OF(base, struct source, base);
    struct linux_quota wanted = { entry->ram, entry->caps }, left;
    uint64_t kept = entry_kept_ram(entry);
    os_err err = wanted.ram > source->has.ram || kept > source->has.ram - wanted.ram ? OS_ERR_RAM
                 : wanted.caps > source->has.caps                                    ? OS_ERR_CAPS
                                                                                     : OS_OK;
    if (err) {
        source->has = (struct linux_quota){ UINT64_MAX, UINT32_MAX };
        return err;
    }
    if (!spawner_knows_profile(entry->sandbox))
        return OS_ERR_BAD_ARG;
    if (source->required && is_incomplete(source))
        return OS_ERR_DENIED;
    if (!linux_quota_left(wanted, entry->sandbox, &left))
        return left.ram ? OS_ERR_CAPS : OS_ERR_RAM;
    source->has.ram -= wanted.ram + kept;
    source->has.caps -= wanted.caps;
    return OS_OK;
}

void source_init(struct source *source, const char *const *dirs)
{
    struct linux_quota all = linux_quota_of_machine(), own = linux_quota_of_core();
    *source = (struct source){ .base = { .find = find, .admit = admit }, .dirs = dirs };
    all.ram -= own.ram;
    all.caps -= own.caps;
    (void)linux_quota_left(all, "strict", &source->has);
}

void source_fini(struct source *source)
{
    free(source->elf);
    source->elf = NULL;
}
