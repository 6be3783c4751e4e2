/* SPDX-License-Identifier: BSD-2-Clause */
/* buffer.c: see internal.h. */
#include "internal.h"

static uint64_t bytes_of(uint32_t w, uint32_t h)
{
    return os_page_up((uint64_t)w * h * 4);
}

/* Charges the new size instead of the old one, or fails and leaves the old one charged. */
static os_err charge_instead(struct buffer *buffer, struct os_quota *quota, uint64_t ram, uint32_t caps)
{
    os_quota_refund(quota, buffer->ram, buffer->caps);
    os_err err = os_quota_charge(quota, ram, caps);
    if (!err) {
        buffer->ram = ram;
        buffer->caps = caps;
        return OS_OK;
    }
    /* It was refunded just now, so that it can be charged. */
    os_err again = os_quota_charge(quota, buffer->ram, buffer->caps);
    return again ? again : err;
}

static void free_memory(struct buffer *buffer, struct os_env *env)
{
    if (!buffer->w)
        return;
    os_region_detach(&buffer->region);
    os_ram_free(env, buffer->ds);
    buffer->w = buffer->h = 0;
}

os_err buffer_replace(struct buffer *buffer, struct os_env *env, struct os_quota *quota, uint32_t w,
                      uint32_t h, uint32_t caps)
{
    os_err err;

    if (!w || !h || w > OS_GUI_MAX_SIZE || h > OS_GUI_MAX_SIZE)
        return OS_ERR_BAD_ARG;
    err = charge_instead(buffer, quota, bytes_of(w, h), caps);
    if (err)
        return err;

    /* The old one goes first: what the client has donated need not suffice for both. */
    free_memory(buffer, env);
    err = os_ram_alloc(env, buffer->ram, &buffer->ds);
    if (err)
        goto uncharge;
    err = os_region_attach(&buffer->region, buffer->ds, OS_ATTACH_WRITE);
    if (err)
        goto free_ds;
    buffer->w = w;
    buffer->h = h;
    return OS_OK;

free_ds:
    os_ram_free(env, buffer->ds);
uncharge:
    os_quota_refund(quota, buffer->ram, buffer->caps);
    buffer->ram = 0;
    buffer->caps = 0;
    return err;
}

void buffer_free(struct buffer *buffer, struct os_env *env, struct os_quota *quota)
{
    free_memory(buffer, env);
    os_quota_refund(quota, buffer->ram, buffer->caps);
    buffer->ram = 0;
    buffer->caps = 0;
}
