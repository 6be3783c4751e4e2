/* SPDX-License-Identifier: BSD-2-Clause */
/* binary.c: the binaries that children are made from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

os_err binary_find(struct os_engine *engine, const char *name, struct binary **found)
{
    OS_LIST_FOR_EACH (link, &engine->binaries) {
        struct binary *binary = OS_CONTAINER_OF(link, struct binary, link);
        if (!strcmp(binary->name, name)) {
            *found = binary;
            return OS_OK;
        }
    }
    struct binary *binary = calloc(1, sizeof(*binary));
    if (!binary)
        return OS_ERR_RAM;
    binary->engine = engine;
    snprintf(binary->name, sizeof(binary->name), "%s", name);
    os_err err = os_rom_open(engine->env, name, "", &binary->rom);
    if (err)
        goto free_binary;
    err = os_rom_dataspace(binary->rom.cap, &binary->image, &binary->size);
    if (err)
        goto close_rom;
    os_list_insert(&engine->binaries, &binary->link);
    *found = binary;
    return OS_OK;
close_rom:
    os_rom_close(&binary->rom);
free_binary:
    free(binary);
    return err;
}

/* ---- upgrades */

static void changed(struct os_signal_handler *handler)
{
    struct binary *binary = OS_CONTAINER_OF(handler, struct binary, changed);
    OS_LIST_FOR_EACH (link, &binary->engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        if (child->binary != binary || child->removed || child->entry->upgrade != UPGRADE_ON_CHANGE)
            continue;
        os_err err = os_engine_upgrade(binary->engine, child->name);
        if (err)
            child_log(child, "goes on with its old binary: %s", os_err_text(err));
        return; /* others that want it are upgraded with it */
    }
}

os_err binary_follow(struct binary *binary)
{
    os_signal_cap cap;
    if (binary->followed)
        return OS_OK;
    os_err err = os_signal_handler_init(&binary->changed, binary->engine->env->ep, changed, &cap);
    if (err)
        return err;
    err = os_rom_sigh(binary->rom.cap, cap);
    os_cap_drop(cap.cap);
    if (err)
        os_signal_handler_fini(&binary->changed);
    binary->followed = !err;
    return err;
}

static int wants_upgrade(const struct child *child, const struct child *named)
{
    return child == named ||
           (child->binary == named->binary && !child->removed && child->entry->upgrade == UPGRADE_ON_CHANGE);
}

/* The scenario that runs is checked once more, with what the new binary says about itself. */
static os_err check_and_apply(struct child *child)
{
    struct os_engine *engine = child->engine;
    struct binary *binary = child->binary;
    struct generation *old = engine->generation, *generation;
    os_err err = generation_read(engine, old->tree, old->tree_size, &generation);
    if (err)
        return err;
    err = change_apply(engine, generation);
    generation_drop(generation);
    if (err)
        return err;
    OS_LIST_FOR_EACH (link, &engine->children) {
        struct child *other = OS_CONTAINER_OF(link, struct child, link);
        if (other->binary == binary && wants_upgrade(other, child))
            child_upgrade(other);
    }
    return OS_OK;
}

/*
 * Whether both have the same content: capabilities to the same dataspace differ by where they came from, and
 * a file that is written anew may be what it was.
 */
static os_err compare_images(os_dataspace_cap a, os_dataspace_cap b, int *same)
{
    struct os_region x = { 0 }, y = { 0 };
    os_err err = os_region_attach(&x, a, OS_ATTACH_READ);
    if (!err)
        err = os_region_attach(&y, b, OS_ATTACH_READ);
    if (!err)
        *same = x.size == y.size && !memcmp(x.at, y.at, (size_t)x.size);
    os_region_detach(&y);
    os_region_detach(&x);
    return err;
}

os_err os_engine_upgrade(struct os_engine *engine, const char *name)
{
    struct child *child = engine_child(engine, name);
    os_dataspace_cap image;
    uint64_t size;
    int same = 0;
    if (!child)
        return OS_ERR_NOT_FOUND;
    struct binary *binary = child->binary;
    if (!binary)
        return OS_ERR_BUSY; /* it has not been started yet, and will be with what is new */
    os_err err = os_rom_dataspace(binary->rom.cap, &image, &size);
    if (err)
        return err;
    err = compare_images(child->image.cap.id ? child->image : binary->image, image, &same);
    if (!err && same)
        err = OS_ERR_EXISTS;
    if (err) {
        os_cap_drop(image.cap);
        return err;
    }
    os_dataspace_cap old = binary->image;
    uint64_t old_size = binary->size;
    binary->image = image;
    binary->size = size;
    err = check_and_apply(child);
    if (err) {
        binary->image = old;
        binary->size = old_size;
        os_cap_drop(image.cap);
        return err;
    }
    os_cap_drop(old.cap);
    return OS_OK;
}

void binary_drop(struct binary *binary)
{
    if (binary)
        binary->uses--;
}

void binaries_tidy(struct os_engine *engine)
{
    os_region_detach(&engine->elf);
    OS_LIST_FOR_EACH_SAFE (link, &engine->binaries) {
        struct binary *binary = OS_CONTAINER_OF(link, struct binary, link);
        if (binary->uses)
            continue;
        os_list_remove(link);
        os_signal_handler_fini(&binary->changed);
        os_cap_drop(binary->image.cap);
        os_rom_close(&binary->rom);
        free(binary);
    }
}
