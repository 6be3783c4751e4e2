/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * draw.c: see os/draw.h. Each shape is a function that gives the distance of a pixel's middle from its edge;
 * a pixel whose middle is half a pixel inside is covered, half a pixel outside is not, and in between in
 * proportion.
 */
#include <os/draw.h>

/* Distances are in 1/16 unit; this is a pixel. */
enum { PIXEL = OS_DRAW_UNIT * 16 };

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t square_root(int64_t value)
{
    uint64_t rest = (uint64_t)value, root = 0, bit = UINT64_C(1) << 62;

    while (bit > rest)
        bit >>= 2;
    for (; bit; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (int64_t)root;
}

/* Length of a vector in units, in 1/16 unit. */
static int64_t length(int64_t x, int64_t y)
{
    return square_root((x * x + y * y) * 256);
}

struct os_surface os_surface_make(uint32_t *pixels, uint32_t w, uint32_t h)
{
    return (struct os_surface){ pixels, w, h, { 0, 0, w, h } };
}

uint32_t os_draw_blend(uint32_t pixel, uint32_t colour, uint32_t cover)
{
    uint32_t alpha = ((colour >> 24) * cover + 127) / 255, result = 0;

    for (int shift = 0; shift < 24; shift += 8) {
        uint32_t below = pixel >> shift & 255, above = colour >> shift & 255;
        result |= (below * (255 - alpha) + above * alpha + 127) / 255 << shift;
    }
    return result;
}

/* ---- shapes */

/* Distance of a point from the edge of a shape, negative inside. */
struct shape {
    int64_t (*distance)(const struct shape *shape, int64_t x, int64_t y);
    struct os_draw_box box;
    struct os_draw_line line;
    int64_t line_length; /* in 1/16 unit */
    int32_t frame;       /* width in units */
};

static int64_t box_distance(const struct shape *shape, int64_t x, int64_t y)
{
    const struct os_draw_box *box = &shape->box;
    /* From the inner box, on which the round corners stand. */
    int64_t dx = max(box->x + box->radius - x, x - (box->x + box->w - box->radius));
    int64_t dy = max(box->y + box->radius - y, y - (box->y + box->h - box->radius));

    if (dx > 0 && dy > 0)
        return length(dx, dy) - box->radius * 16;
    return (max(dx, dy) - box->radius) * 16;
}

static int64_t frame_distance(const struct shape *shape, int64_t x, int64_t y)
{
    int64_t half = shape->frame * 8, from_middle = box_distance(shape, x, y) + half;

    return (from_middle < 0 ? -from_middle : from_middle) - half;
}

/* Distance from the edge of a disc around 0, 0; no root is taken where the pixel is wholly in or out. */
static int64_t disc_distance(int64_t x, int64_t y, int64_t radius)
{
    const int64_t half = OS_DRAW_UNIT / 2;
    int64_t d2 = x * x + y * y, inner = radius - half, outer = radius + half;

    if (inner > 0 && d2 <= inner * inner)
        return -PIXEL;
    return d2 >= outer * outer ? PIXEL : length(x, y) - radius * 16;
}

static int64_t line_distance(const struct shape *shape, int64_t x, int64_t y)
{
    const struct os_draw_line *line = &shape->line;
    int64_t dx = line->x1 - line->x0, dy = line->y1 - line->y0, ax = x - line->x0, ay = y - line->y0;
    int64_t along = ax * dx + ay * dy;

    if (along <= 0)
        return disc_distance(ax, ay, line->radius);
    if (along >= dx * dx + dy * dy)
        return disc_distance(x - line->x1, y - line->y1, line->radius);
    int64_t across = ax * dy - ay * dx;
    return (across < 0 ? -across : across) * 256 / shape->line_length - line->radius * 16;
}

static struct shape line_shape(struct os_draw_line line)
{
    return (struct shape){ .distance = line_distance,
                           .line = line,
                           .line_length = length(line.x1 - line.x0, line.y1 - line.y0) };
}

/* 0 to 255. */
static uint32_t cover(int64_t distance)
{
    return (uint32_t)(max(0, min(PIXEL, PIXEL / 2 - distance)) * 255 / PIXEL);
}

/* The pixels with a middle less than REACH units away from x0..x1, y0..y1 (units), cut to CLIP. */
static struct os_rect bounds(int64_t x0, int64_t y0, int64_t x1, int64_t y1, int64_t reach,
                             struct os_rect clip)
{
    const int64_t unit = OS_DRAW_UNIT;
    int64_t left = max(clip.x * unit, x0 - reach) / unit, top = max(clip.y * unit, y0 - reach) / unit;
    int64_t right = min((int64_t)clip.x + clip.w, (max(0, x1 + reach) + unit - 1) / unit);
    int64_t bottom = min((int64_t)clip.y + clip.h, (max(0, y1 + reach) + unit - 1) / unit);

    if (right <= left || bottom <= top)
        return (struct os_rect){ 0, 0, 0, 0 };
    return (struct os_rect){ (int32_t)left, (int32_t)top, (uint32_t)(right - left),
                             (uint32_t)(bottom - top) };
}

/* Middle of a pixel, in units. */
static int64_t middle(int64_t pixel)
{
    return pixel * OS_DRAW_UNIT + OS_DRAW_UNIT / 2;
}

static uint32_t *row_of(struct os_surface *surface, struct os_rect rect, uint32_t y)
{
    return surface->pixels + ((size_t)rect.y + y) * surface->w + (size_t)rect.x;
}

static void draw(struct os_surface *surface, struct os_rect rect, const struct shape *shape, uint32_t colour)
{
    for (uint32_t y = 0; y < rect.h; y++) {
        uint32_t *row = row_of(surface, rect, y);
        for (uint32_t x = 0; x < rect.w; x++)
            row[x] = os_draw_blend(
                row[x], colour,
                cover(shape->distance(shape, middle((int64_t)rect.x + x), middle((int64_t)rect.y + y))));
    }
}

static struct os_rect box_bounds(struct os_draw_box box, int32_t reach, struct os_rect clip)
{
    return bounds(box.x, box.y, (int64_t)box.x + box.w, (int64_t)box.y + box.h, reach, clip);
}

/* ---- what is offered */

void os_draw_fill(struct os_surface *surface, struct os_rect rect, uint32_t colour)
{
    const int64_t unit = OS_DRAW_UNIT;

    rect = bounds(rect.x * unit, rect.y * unit, (rect.x + (int64_t)rect.w) * unit,
                  (rect.y + (int64_t)rect.h) * unit, 0, surface->clip);
    for (uint32_t y = 0; y < rect.h; y++) {
        uint32_t *row = row_of(surface, rect, y);
        for (uint32_t x = 0; x < rect.w; x++)
            row[x] = colour >> 24 == 255 ? colour & 0xffffff : os_draw_blend(row[x], colour, 255);
    }
}

void os_draw_box(struct os_surface *surface, struct os_draw_box box, uint32_t colour)
{
    struct shape shape = { .distance = box_distance, .box = box };

    draw(surface, box_bounds(box, OS_DRAW_UNIT, surface->clip), &shape, colour);
}

void os_draw_frame(struct os_surface *surface, struct os_draw_box box, int32_t width, uint32_t colour)
{
    struct shape shape = { .distance = frame_distance, .box = box, .frame = width };

    draw(surface, box_bounds(box, OS_DRAW_UNIT, surface->clip), &shape, colour);
}

void os_draw_shadow(struct os_surface *surface, struct os_draw_box box, int32_t reach, uint32_t colour)
{
    struct shape shape = { .box = box };
    struct os_rect rect = box_bounds(box, reach, surface->clip);

    for (uint32_t y = 0; y < rect.h; y++) {
        uint32_t *row = row_of(surface, rect, y);
        for (uint32_t x = 0; x < rect.w; x++) {
            int64_t away = box_distance(&shape, middle((int64_t)rect.x + x), middle((int64_t)rect.y + y));
            /* Squared, which is what makes it soft at its end. */
            int64_t near = max(0, reach * 16 - max(0, away)) * 255 / (reach * 16);
            row[x] = os_draw_blend(row[x], colour, (uint32_t)(near * near / 255));
        }
    }
}

void os_draw_line(struct os_surface *surface, struct os_draw_line line, uint32_t colour)
{
    struct shape shape = line_shape(line);

    draw(surface,
         bounds(min(line.x0, line.x1), min(line.y0, line.y1), max(line.x0, line.x1), max(line.y0, line.y1),
                line.radius + OS_DRAW_UNIT, surface->clip),
         &shape, colour);
}

struct os_rect os_draw_line_bounds(struct os_draw_line line, uint32_t w, uint32_t h)
{
    return bounds(min(line.x0, line.x1), min(line.y0, line.y1), max(line.x0, line.x1), max(line.y0, line.y1),
                  line.radius + OS_DRAW_UNIT, (struct os_rect){ 0, 0, w, h });
}

void os_draw_line_mask(uint8_t *mask, uint32_t w, uint32_t h, struct os_draw_line line)
{
    struct os_rect rect = os_draw_line_bounds(line, w, h);
    struct shape shape = line_shape(line);

    for (uint32_t y = 0; y < rect.h; y++) {
        uint8_t *row = mask + ((size_t)rect.y + y) * w + (size_t)rect.x;
        for (uint32_t x = 0; x < rect.w; x++) {
            if (row[x] == 255)
                continue;
            int64_t away = line_distance(&shape, middle((int64_t)rect.x + x), middle((int64_t)rect.y + y));
            row[x] = (uint8_t)max(row[x], cover(away));
        }
    }
}
