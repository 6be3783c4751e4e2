/* SPDX-License-Identifier: BSD-2-Clause */
/* png.h: pictures as PNG files, for the drivers. */
#ifndef DRAW_PNG_H
#define DRAW_PNG_H

#include <os/types.h>

/*
 * W by H pixels, as of os/gui.h, as a PNG file: *SIZE bytes in *FILE, which the caller frees.
 * OS_ERR_NO_MEMORY.
 */
OS_MUST_CHECK os_err draw_png(const uint32_t *pixels, uint32_t w, uint32_t h, void **file, size_t *size);

#endif
