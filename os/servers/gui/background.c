/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * background.c: an evening sky over two hills. Computed where it is seen instead of kept, in integers, so
 * that it is the same everywhere; the ordered dither keeps the slow gradients free of bands.
 */
#include "internal.h"

struct rgb {
    int32_t r, g, b;
};

/* FROM to TO by T, 0 to 65536; channels come with 8 more bits. */
static struct rgb mix(struct rgb from, struct rgb to, int64_t t)
{
    return (struct rgb){ (int32_t)(from.r * 256 + (to.r - from.r) * t / 256),
                         (int32_t)(from.g * 256 + (to.g - from.g) * t / 256),
                         (int32_t)(from.b * 256 + (to.b - from.b) * t / 256) };
}

static uint32_t dither(struct rgb c, int32_t x, int32_t y)
{
    static const uint8_t bayer[4][4] = {
        { 0, 8, 2, 10 }, { 12, 4, 14, 6 }, { 3, 11, 1, 9 }, { 15, 7, 13, 5 }
    };
    int32_t d = bayer[y & 3][x & 3] * 16;

    return (uint32_t)((c.r + d) >> 8) << 16 | (uint32_t)((c.g + d) >> 8) << 8 | (uint32_t)((c.b + d) >> 8);
}

/* A hill: a parabola with its top at TOP of the height and CENTRE of the width, both in percent. */
struct hill {
    int64_t top, centre, fall;
    struct rgb high, low;
};

static const struct hill hills[] = {
    { 62, 24, 30, { 58, 104, 98 }, { 38, 74, 76 } },
    { 74, 78, 34, { 46, 88, 80 }, { 28, 58, 62 } },
};

/* Height of the hill's edge at X, in 1/256 pixel. */
static int64_t hill_edge(const struct hill *hill, int64_t w, int64_t h, int64_t x)
{
    int64_t away = x * 1024 / w - hill->centre * 1024 / 100;

    return h * 256 * hill->top / 100 + h * 256 * hill->fall / 100 * (away * away) / (1024 * 1024);
}

/* Mixes the hill over C by how much of the pixel it covers. */
static struct rgb over_hill(const struct hill *hill, struct rgb c, int64_t h, int64_t edge, int32_t y)
{
    int64_t cover = ((int64_t)y + 1) * 256 - edge;
    if (cover <= 0)
        return c;
    if (cover > 256)
        cover = 256;
    int64_t depth = ((int64_t)y * 256 - edge) * 256 / h;
    depth = depth < 0 ? 0 : depth > 65536 ? 65536 : depth;
    struct rgb own = mix(hill->high, hill->low, depth * 2 > 65536 ? 65536 : depth * 2);
    return (struct rgb){ (int32_t)(c.r + (own.r - c.r) * cover / 256),
                         (int32_t)(c.g + (own.g - c.g) * cover / 256),
                         (int32_t)(c.b + (own.b - c.b) * cover / 256) };
}

void background_row(uint32_t w, uint32_t h, int32_t y, int32_t x0, int32_t x1, uint32_t *row)
{
    static const struct rgb zenith = { 44, 62, 92 }, horizon = { 226, 186, 158 };
    /* The horizon is at three quarters of the height, and the glow stays near it because t is squared. */
    int64_t t = (int64_t)y * 65536 * 4 / 3 / h;
    t = t > 65536 ? 65536 : t;
    struct rgb sky = mix(zenith, horizon, t * t / 65536);

    for (int32_t x = x0; x < x1; x++) {
        struct rgb c = sky;
        for (size_t i = 0; i < OS_ARRAY_LEN(hills); i++)
            c = over_hill(&hills[i], c, h, hill_edge(&hills[i], w, h, x), y);
        *row++ = dither(c, x, y);
    }
}
