/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.c: see screen.h. */
#include "screen.h"

#include "../io.h"

#include <string.h>

enum { INDEX = 0x1ce, DATA = 0x1cf };

/* The adapter's registers, and what they are set to. */
enum {
    VBE_ID,
    VBE_WIDTH,
    VBE_HEIGHT,
    VBE_DEPTH,
    VBE_ENABLE,
    VBE_ROW = 6, /* pixels from one row to the next */
    VBE_X,
    VBE_Y, /* of the picture's first pixel in the memory */
};
enum { ID = 0xb0c0, ID_MASK = 0xfff0, DISABLED = 0, ENABLED = 1, LINEAR = 0x40, NO_CLEAR = 0x80, DEPTH = 32 };

static void set(uint16_t index, uint16_t value)
{
    io_write16(INDEX, index);
    io_write16(DATA, value);
}

static uint16_t get(uint16_t index)
{
    io_write16(INDEX, index);
    return io_read16(DATA);
}

/* What is not possible the adapter changes to something that is. */
static os_err set_mode(uint32_t w, uint32_t h)
{
    if ((get(VBE_ID) & ID_MASK) != ID)
        return OS_ERR_NOT_FOUND;
    set(VBE_ENABLE, DISABLED);
    set(VBE_WIDTH, (uint16_t)w);
    set(VBE_HEIGHT, (uint16_t)h);
    set(VBE_DEPTH, DEPTH);
    set(VBE_ENABLE, ENABLED | LINEAR | NO_CLEAR);
    set(VBE_ROW, (uint16_t)w);
    set(VBE_X, 0);
    set(VBE_Y, 0);
    return get(VBE_WIDTH) == w && get(VBE_HEIGHT) == h && get(VBE_DEPTH) == DEPTH && get(VBE_ROW) == w
               ? OS_OK
               : OS_ERR_UNSUPPORTED;
}

static os_err attach(struct screen *screen)
{
    uint64_t size,
        need = ((uint64_t)screen->w * screen->h * 4 + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE;
    os_dataspace_cap ds;
    os_err err = machine_memory(screen->machine.cap, &ds, &size);
    if (err)
        return err;
    err = need <= size ? os_region_attach_part(&screen->region, ds, OS_ATTACH_WRITE, 0, need)
                       : OS_ERR_UNSUPPORTED;
    os_cap_drop(ds.cap);
    return err;
}

os_err screen_open(struct screen *screen, struct os_env *env, uint32_t w, uint32_t h)
{
    *screen = (struct screen){ .w = w, .h = h };
    os_err err = machine_open(env, "", "device=vga", &screen->machine);
    if (err)
        return err;
    err = machine_ports(screen->machine.cap, env->pd);
    if (err)
        goto close;
    err = set_mode(w, h);
    if (err)
        goto close;
    err = attach(screen);
    if (err)
        goto close;
    return OS_OK;

close:
    machine_close(&screen->machine);
    return err;
}

void screen_show(struct screen *screen, const uint32_t *pixels, struct os_rect rect)
{
    uint32_t *to = screen->region.at;
    if (rect.x < 0 || rect.y < 0 || (uint32_t)rect.x >= screen->w || (uint32_t)rect.y >= screen->h)
        return;
    uint32_t x = (uint32_t)rect.x, y = (uint32_t)rect.y;
    uint32_t w = rect.w < screen->w - x ? rect.w : screen->w - x;
    uint32_t h = rect.h < screen->h - y ? rect.h : screen->h - y;
    for (size_t row = y; row < y + h; row++)
        memcpy(to + row * screen->w + x, pixels + row * screen->w + x, (size_t)w * sizeof(*to));
}
