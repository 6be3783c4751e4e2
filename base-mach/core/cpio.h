/* SPDX-License-Identifier: BSD-2-Clause */
/* cpio.h: what is in an archive (cpio, format "newc") that can be read in pieces. */
#ifndef MACH_CORE_CPIO_H
#define MACH_CORE_CPIO_H

#include <os/types.h>

struct cpio {
    uint32_t size; /* bytes, or a few more after the archive's end */
    /* Reads SIZE bytes from AT, which are within the archive, to TO. */
    os_err (*read)(const struct cpio *cpio, uint32_t at, void *to, uint32_t size);
};

struct cpio_file {
    char name[64];
    uint32_t at, size; /* of its content, which is within the archive */
};

/*
 * Finds the file whose header is at *AT (0 for the first), which becomes the place of the next; its name is
 * "" after the last one. NULL, or what is wrong with the archive at *AT, a constant; then the name is that of
 * the file as far as it is known.
 */
const char *cpio_next(const struct cpio *cpio, uint32_t *at, struct cpio_file *file);

#endif
