/* SPDX-License-Identifier: BSD-2-Clause */
/* area.c: see area.h. */
#include "area.h"

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct area area_intersect(struct area a, struct area b)
{
    return (struct area){ (int32_t)max(a.x0, b.x0), (int32_t)max(a.y0, b.y0), (int32_t)min(a.x1, b.x1),
                          (int32_t)min(a.y1, b.y1) };
}

struct area area_unite(struct area a, struct area b)
{
    return (struct area){ (int32_t)min(a.x0, b.x0), (int32_t)min(a.y0, b.y0), (int32_t)max(a.x1, b.x1),
                          (int32_t)max(a.y1, b.y1) };
}

static int32_t clamp(int64_t value, int32_t low, int32_t high)
{
    return (int32_t)max(low, min(value, high));
}

struct area area_from_rect(struct os_rect rect, int64_t dx, int64_t dy, struct area bounds)
{
    int64_t x = rect.x + dx, y = rect.y + dy;

    return (struct area){ clamp(x, bounds.x0, bounds.x1), clamp(y, bounds.y0, bounds.y1),
                          clamp(x + rect.w, bounds.x0, bounds.x1), clamp(y + rect.h, bounds.y0, bounds.y1) };
}

struct os_rect area_to_rect(struct area a)
{
    if (area_empty(a))
        return (struct os_rect){ 0, 0, 0, 0 };
    return (struct os_rect){ a.x0, a.y0, (uint32_t)(a.x1 - a.x0), (uint32_t)(a.y1 - a.y0) };
}

/* Pixels that are composed for nothing when A and B become one. Negative when they overlap much. */
static int64_t waste(struct area a, struct area b)
{
    return area_size(area_unite(a, b)) - area_size(a) - area_size(b);
}

/* The member whose union with AREA wastes least; there is at least one. */
static uint32_t best_partner(const struct damage *damage, struct area area)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < damage->count; i++)
        if (waste(damage->areas[i], area) < waste(damage->areas[best], area))
            best = i;
    return best;
}

void damage_add(struct damage *damage, struct area area)
{
    /* A wake-up of the composer costs about as much as some hundred pixels. */
    const int64_t small = 256;

    if (area_empty(area))
        return;
    while (damage->count) {
        uint32_t i = best_partner(damage, area);
        if (damage->count < DAMAGE_MAX && waste(damage->areas[i], area) > small)
            break;
        /* The union may now touch others, so it is added anew. */
        area = area_unite(damage->areas[i], area);
        damage->areas[i] = damage->areas[--damage->count];
    }
    damage->areas[damage->count++] = area;
}
