/* SPDX-License-Identifier: BSD-2-Clause */
/* golden.c: see golden.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw/png.h"
#include "golden.h"

#define STBI_ONLY_PNG
#define STBI_NO_THREAD_LOCALS /* which not every platform has */
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

struct picture {
    uint32_t *pixels; /* 0xRRGGBB; owned; NULL: there is none */
    uint32_t w, h;
};

static struct picture load(const char *path)
{
    int w, h, channels;
    uint8_t *rgb = stbi_load(path, &w, &h, &channels, 3);

    if (!rgb)
        return (struct picture){ .pixels = NULL };
    size_t count = (size_t)w * (size_t)h;
    struct picture picture = { malloc(count * 4), (uint32_t)w, (uint32_t)h };
    ck_assert_ptr_nonnull(picture.pixels);
    for (size_t i = 0; i < count; i++)
        picture.pixels[i] = (uint32_t)rgb[i * 3] << 16 | (uint32_t)rgb[i * 3 + 1] << 8 | rgb[i * 3 + 2];
    stbi_image_free(rgb);
    return picture;
}

static void save(const uint32_t *pixels, uint32_t w, uint32_t h, const char *path)
{
    void *file;
    size_t size;

    ck_assert_int_eq(draw_png(pixels, w, h, &file, &size), 0);
    FILE *out = fopen(path, "wb");
    ck_assert_msg(out != NULL, "cannot write %s", path);
    ck_assert_uint_eq(fwrite(file, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
    free(file);
}

/* GOLDEN becomes a picture of the differences: what differs is glaring, the rest pale. The number of those.
 */
static size_t mark_differences(struct picture *golden, const uint32_t *pixels)
{
    size_t all = (size_t)golden->w * golden->h, count = 0;

    for (size_t i = 0; i < all; i++) {
        int differs = golden->pixels[i] != (pixels[i] & 0xffffff);
        count += (size_t)differs;
        golden->pixels[i] = differs ? 0xff00ff : 0xc0c0c0 + (golden->pixels[i] >> 2 & 0x3f3f3f);
    }
    return count;
}

void golden_check(const uint32_t *pixels, uint32_t w, uint32_t h, const char *name)
{
    char path[512], is[512], differs[512];
    size_t count = 0;

    snprintf(path, sizeof(path), "%s/%s.png", GOLDEN_FOLDER, name);
    snprintf(is, sizeof(is), "%s/%s-is.png", GOLDEN_OUT, name);
    snprintf(differs, sizeof(differs), "%s/%s-differs.png", GOLDEN_OUT, name);
    if (getenv("SEEDBED_RENEW_GOLDEN")) {
        save(pixels, w, h, path);
        return;
    }
    struct picture golden = load(path);
    int same_size = golden.pixels && golden.w == w && golden.h == h;
    if (same_size)
        count = mark_differences(&golden, pixels);
    if (count)
        save(golden.pixels, w, h, differs);
    if (count || !same_size)
        save(pixels, w, h, is);
    free(golden.pixels);
    ck_assert_msg(same_size, "%s is not a picture of %u by %u pixels; the picture is %s", path, w, h, is);
    ck_assert_msg(!count, "%zu pixels differ from %s; the picture is %s, and what differs %s", count, path,
                  is, differs);
}

void golden_check_file(const char *path, const char *name)
{
    struct picture picture = load(path);

    ck_assert_msg(picture.pixels != NULL, "%s is not there, or no picture", path);
    golden_check(picture.pixels, picture.w, picture.h, name);
    free(picture.pixels);
}
