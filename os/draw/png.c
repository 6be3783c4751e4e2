/* SPDX-License-Identifier: BSD-2-Clause */
/* png.c: see png.h; by stb_image_write, without its files. */
#include "png.h"

#include <stdlib.h>
#include <string.h>

#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

/* The library writes once, with all of it. */
struct out {
    void *file;
    size_t size;
};

static void write_out(void *context, void *data, int size)
{
    struct out *out = context;

    out->file = malloc((size_t)size);
    if (!out->file)
        return;
    memcpy(out->file, data, (size_t)size);
    out->size = (size_t)size;
}

os_err draw_png(const uint32_t *pixels, uint32_t w, uint32_t h, void **file, size_t *size)
{
    struct out out = { NULL, 0 };
    size_t count = (size_t)w * h;
    uint8_t *rgb = malloc(count * 3);

    if (!rgb)
        return OS_ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        rgb[i * 3] = (uint8_t)(pixels[i] >> 16);
        rgb[i * 3 + 1] = (uint8_t)(pixels[i] >> 8);
        rgb[i * 3 + 2] = (uint8_t)pixels[i];
    }
    int done = stbi_write_png_to_func(write_out, &out, (int)w, (int)h, 3, rgb, (int)w * 3);
    free(rgb);
    if (!done || !out.file)
        return OS_ERR_NO_MEMORY;
    *file = out.file;
    *size = out.size;
    return OS_OK;
}
