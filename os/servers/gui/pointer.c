/* SPDX-License-Identifier: BSD-2-Clause */
/* pointer.c: the arrow: a white shape with a dark rim and a soft shadow, drawn once from its outline. */
#include "internal.h"

/* The outline in 1/8 pixel from the hot spot, and how finely each pixel is sampled. */
enum { SUB = 8, OUTLINE = 7 };
static const int16_t outline[OUTLINE][2] = {
    { 0, 0 }, { 0, 136 }, { 31, 106 }, { 52, 153 }, { 76, 142 }, { 55, 97 }, { 97, 97 },
};

/* Even-odd rule; X and Y in 1/16 pixel so that no sample lies on a corner. */
static int inside(int32_t x, int32_t y)
{
    int in = 0;

    for (int i = 0, j = OUTLINE - 1; i < OUTLINE; j = i++) {
        int32_t xi = outline[i][0] * 2, yi = outline[i][1] * 2, xj = outline[j][0] * 2,
                yj = outline[j][1] * 2;
        if ((yi > y) == (yj > y))
            continue;
        /* x < xi + (xj - xi) * (y - yi) / (yj - yi), without dividing */
        int64_t left = (int64_t)(x - xi) * (yj - yi), right = (int64_t)(xj - xi) * (y - yi);
        in ^= yj > yi ? left < right : left > right;
    }
    return in;
}

/* Squared distance to the nearest edge, in (1/16 pixel)^2. */
static int64_t edge_distance2(int32_t x, int32_t y)
{
    int64_t best = INT64_MAX;

    for (int i = 0, j = OUTLINE - 1; i < OUTLINE; j = i++) {
        int64_t ax = outline[j][0] * 2, ay = outline[j][1] * 2;
        int64_t dx = outline[i][0] * 2 - ax, dy = outline[i][1] * 2 - ay, len2 = dx * dx + dy * dy;
        int64_t t = (x - ax) * dx + (y - ay) * dy;
        t = t < 0 ? 0 : t > len2 ? len2 : t;
        int64_t ex = x - ax - dx * t / len2, ey = y - ay - dy * t / len2, d2 = ex * ex + ey * ey;
        if (d2 < best)
            best = d2;
    }
    return best;
}

/* How much of a pixel is face and rim: 0 to SUB * SUB each. */
static void cover(int32_t px, int32_t py, int32_t *face, int32_t *rim)
{
    const int64_t half_rim = 11 * 11; /* of 1.4 pixels, in 1/16 */

    *face = *rim = 0;
    for (int32_t s = 0; s < SUB * SUB; s++) {
        int32_t x = (px - POINTER_HOT_X) * 16 + s % SUB * 2 + 1,
                y = (py - POINTER_HOT_Y) * 16 + s / SUB * 2 + 1;
        if (edge_distance2(x, y) <= half_rim)
            ++*rim;
        else if (inside(x, y))
            ++*face;
    }
}

/* Alpha of the shadow, 0 to 255: wide and weak, a little below the arrow. */
static uint32_t shadow(int32_t px, int32_t py)
{
    const int64_t reach = 4 * 16;
    int32_t x = (px - POINTER_HOT_X) * 16 + 8 - 12, y = (py - POINTER_HOT_Y) * 16 + 8 - 24;
    int64_t d2 = edge_distance2(x, y);

    if (inside(x, y))
        return 72;
    return d2 >= reach * reach ? 0 : (uint32_t)(72 * (reach * reach - d2) / (reach * reach) / 2);
}

void pointer_init(struct pointer *pointer)
{
    const uint32_t full = SUB * SUB, rim_colour = 0x20, face_colour = 0xff;

    for (int32_t i = 0; i < POINTER_W * POINTER_H; i++) {
        int32_t px = i % POINTER_W, py = i / POINTER_W, face, rim;
        cover(px, py, &face, &rim);
        uint32_t solid = (uint32_t)(face + rim) * 255 / full;
        uint32_t alpha = solid + shadow(px, py) * (255 - solid) / 255;
        uint32_t grey = ((uint32_t)face * face_colour + (uint32_t)rim * rim_colour) / full;
        pointer->image[i] = alpha << 24 | grey << 16 | grey << 8 | grey;
    }
}

struct area pointer_area(const struct pointer *pointer)
{
    int32_t x = pointer->x - POINTER_HOT_X, y = pointer->y - POINTER_HOT_Y;

    return (struct area){ x, y, x + POINTER_W, y + POINTER_H };
}

static uint32_t blend(uint32_t below, uint32_t image)
{
    uint32_t keep = 255 - (image >> 24), result = 0;

    for (int shift = 0; shift < 24; shift += 8)
        result |= ((image >> shift & 255) + ((below >> shift & 255) * keep + 127) / 255) << shift;
    return result;
}

void pointer_blend(const struct pointer *pointer, uint32_t *pixels, uint32_t stride, struct area clip)
{
    struct area all = pointer_area(pointer), area = area_intersect(all, clip);

    for (int32_t y = area.y0; y < area.y1; y++)
        for (int32_t x = area.x0; x < area.x1; x++) {
            uint32_t *pixel = &pixels[(size_t)y * stride + (size_t)x];
            *pixel = blend(*pixel, pointer->image[(y - all.y0) * POINTER_W + (x - all.x0)]);
        }
}
