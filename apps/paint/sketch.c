/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sketch.c: the drawing on a new sheet: a seedling in its bed under a sun, and the name, all made of the
 * strokes that the user's own brush makes. Coordinates are pixels from the middle of the sheet, as on one of
 * 960 by 500.
 */
#include "canvas.h"

struct pen {
    struct canvas *canvas;
    int32_t scale; /* units for a pixel of the sketch */
    int32_t x, y;  /* middle of the sheet, in units */
};

/* A curve from 0 over 1 to 2. */
struct curve {
    int16_t x0, y0, x1, y1, x2, y2;
};

static int32_t at_x(const struct pen *pen, int32_t x)
{
    return pen->x + x * pen->scale;
}

static int32_t at_y(const struct pen *pen, int32_t y)
{
    return pen->y + y * pen->scale;
}

/*
 * Draws a curve. WIDTH is in quarters of a pixel; the line gets thicker by SWELL towards its middle, as a
 * leaf does.
 */
static void draw_curve(const struct pen *pen, const struct curve *c, int32_t width, int32_t swell)
{
    enum { STEPS = 192 };
    int32_t x = at_x(pen, c->x0), y = at_y(pen, c->y0);

    for (int32_t i = 1; i <= STEPS; i++) {
        int32_t t = i * OS_DRAW_CURVE / STEPS;
        int32_t nx = os_draw_curve(at_x(pen, c->x0), at_x(pen, c->x1), at_x(pen, c->x2), t);
        int32_t ny = os_draw_curve(at_y(pen, c->y0), at_y(pen, c->y1), at_y(pen, c->y2), t);
        if (i > 1 && nx == x && ny == y)
            continue;
        int32_t more = swell * 4 * i * (STEPS - i) / (STEPS * STEPS);
        canvas_line(pen->canvas, (struct os_draw_line){ x, y, nx, ny, (width + more) * pen->scale / 8 });
        x = nx;
        y = ny;
    }
}

static void draw_stroke(const struct pen *pen, const struct curve *curves, size_t count, uint32_t colour,
                        int32_t width, int32_t swell)
{
    canvas_begin(pen->canvas, colour);
    for (size_t i = 0; i < count; i++)
        draw_curve(pen, &curves[i], width, swell);
    canvas_end(pen->canvas);
}

#define STROKE(pen, colour, width, swell, ...)                                                               \
    do {                                                                                                     \
        static const struct curve curves[] = { __VA_ARGS__ };                                                \
        draw_stroke(pen, curves, OS_ARRAY_LEN(curves), colour, width, swell);                                \
    } while (0)

static void draw_sun(const struct pen *pen)
{
    STROKE(pen, 0xfff6dca0, 240, 0, { 190, -128, 190, -128, 190, -128 });
    STROKE(pen, 0xfff2b84b, 152, 0, { 190, -128, 190, -128, 190, -128 });
}

static void draw_bed(const struct pen *pen)
{
    STROKE(pen, 0xff8a6a55, 28, 190, { -250, 92, 0, 46, 250, 92 });
    STROKE(pen, 0xff75584a, 16, 40, { -196, 96, -120, 88, -40, 94 }, { 30, 92, 110, 86, 190, 97 });
    STROKE(pen, 0xffa98873, 14, 8, { -120, 72, -116, 72, -112, 71 }, { 78, 70, 84, 70, 88, 71 },
           { -60, 84, -56, 84, -52, 83 }, { 132, 82, 137, 82, 140, 83 });
}

static void draw_seedling(const struct pen *pen)
{
    STROKE(pen, 0xff4f8a55, 34, 8, { 0, 64, -10, 0, 2, -62 });
    STROKE(pen, 0xff6bab63, 8, 176, { 0, -46, 26, -118, 112, -126 });
    STROKE(pen, 0xff5a9c5c, 8, 150, { -2, -30, -22, -92, -94, -92 });
    STROKE(pen, 0xffa5cf8f, 9, 5, { 6, -54, 32, -104, 90, -116 });
    STROKE(pen, 0xff93c486, 9, 5, { -8, -38, -26, -76, -74, -84 });
}

/* The letters s e e d b e d, each on a field of its own, with the base line at 0. */
static const struct curve letter_s[] = { { 26, -34, 6, -46, 5, -31 },
                                         { 5, -31, 5, -24, 15, -21 },
                                         { 15, -21, 27, -17, 26, -9 },
                                         { 26, -9, 24, 6, 3, -4 } };
static const struct curve letter_e[] = { { 5, -19, 32, -18, 29, -28 },
                                         { 29, -28, 25, -41, 12, -34 },
                                         { 12, -34, 2, -27, 4, -14 },
                                         { 4, -14, 8, 6, 31, -6 } };
static const struct curve letter_d[] = { { 28, -30, 18, -41, 9, -32 },  { 9, -32, 1, -22, 4, -11 },
                                         { 4, -11, 10, 7, 24, -7 },     { 24, -7, 29, -14, 29, -34 },
                                         { 29, -34, 30, -54, 29, -70 }, { 29, -70, 27, -20, 31, -1 } };
static const struct curve letter_b[] = { { 6, -70, 3, -36, 5, -2 },
                                         { 5, -2, 3, -26, 12, -33 },
                                         { 12, -33, 26, -43, 30, -24 },
                                         { 30, -24, 32, -4, 19, 0 },
                                         { 19, 0, 10, 1, 5, -7 } };

static void draw_letter(const struct pen *pen, const struct curve *curves, size_t count, int32_t x)
{
    struct pen moved = *pen;

    moved.x = at_x(pen, x);
    moved.y = at_y(pen, 194);
    draw_stroke(&moved, curves, count, 0xff2f3a45, 22, 0);
}

#define LETTER(pen, letter, x) draw_letter(pen, letter, OS_ARRAY_LEN(letter), x)

static void draw_name(const struct pen *pen)
{
    LETTER(pen, letter_s, -156);
    LETTER(pen, letter_e, -112);
    LETTER(pen, letter_e, -67);
    LETTER(pen, letter_d, -21);
    LETTER(pen, letter_b, 31);
    LETTER(pen, letter_e, 74);
    LETTER(pen, letter_d, 119);
}

void sketch_draw(struct canvas *canvas, uint32_t w, uint32_t h)
{
    int32_t by_width = (int32_t)(w * OS_DRAW_UNIT / 760);
    int32_t by_height = (int32_t)(h * OS_DRAW_UNIT / 500);
    struct pen pen = { .canvas = canvas,
                       .scale = by_width < by_height ? by_width : by_height,
                       .x = (int32_t)(canvas->w * OS_DRAW_UNIT / 2),
                       .y = (int32_t)(canvas->h * OS_DRAW_UNIT / 2) };

    draw_sun(&pen);
    draw_seedling(&pen);
    draw_bed(&pen);
    draw_name(&pen);
}
