/* SPDX-License-Identifier: BSD-2-Clause */
/* area.h: rectangles given by their edges, and a bounded list of them for what has changed on the screen. */
#ifndef GUI_AREA_H
#define GUI_AREA_H

#include <os/gui.h>

/* From x0, y0 up to and without x1, y1. Empty when x1 <= x0 or y1 <= y0. */
struct area {
    int32_t x0, y0, x1, y1;
};

static inline int area_empty(struct area a)
{
    return a.x1 <= a.x0 || a.y1 <= a.y0;
}

static inline int64_t area_size(struct area a)
{
    return area_empty(a) ? 0 : (int64_t)(a.x1 - a.x0) * (a.y1 - a.y0);
}

static inline int area_has_point(struct area a, int32_t x, int32_t y)
{
    return x >= a.x0 && x < a.x1 && y >= a.y0 && y < a.y1;
}

/* Non-zero if B lies in A. */
static inline int area_contains(struct area a, struct area b)
{
    return b.x0 >= a.x0 && b.y0 >= a.y0 && b.x1 <= a.x1 && b.y1 <= a.y1;
}

struct area area_intersect(struct area a, struct area b);

/* The smallest area that has both in it; neither may be empty. */
struct area area_unite(struct area a, struct area b);

/* RECT moved by DX, DY and cut to BOUNDS; computed in 64 bit, so that no client's numbers overflow. */
struct area area_from_rect(struct os_rect rect, int64_t dx, int64_t dy, struct area bounds);

struct os_rect area_to_rect(struct area a);

/*
 * What has changed. Areas may overlap. When there are too many, or when little is lost by it, two become the
 * one that has both in it; so the list covers at least what was added, and nothing is forgotten.
 */
enum { DAMAGE_MAX = 32 };

struct damage {
    struct area areas[DAMAGE_MAX];
    uint32_t count;
};

void damage_add(struct damage *damage, struct area area);

#endif
