/* SPDX-License-Identifier: BSD-2-Clause */
/* services.c: what the mock parent serves itself: accounts and dataspaces, LOG, ROM, Timer and Random. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/log.h>
#include <os/pd.h>
#include <os/random.h>
#include <os/rom.h>
#include <os/timer.h>

#include <core/drbg.h>

#include "env.h"

/* ---- dataspaces: memory, and a view of it for each capability that was made */

struct dataspace {
    struct os_list link;            /* in component.dataspaces */
    struct inproc_component *owner; /* NULL when nobody pays */
    struct inproc_memory *memory;   /* released when there is no view any more */
    uint64_t size;
    struct os_list views;
};

struct view {
    struct os_list link;
    struct os_object object;
    struct dataspace *ds;
    int writable;
};

static const struct os_dataspace_ops dataspace_ops;

static void view_free(struct view *view)
{
    struct dataspace *ds = view->ds;
    os_object_fini(&view->object);
    os_list_remove(&view->link);
    if (ds->owner)
        os_quota_refund(&ds->owner->quota, 0, 1);
    free(view);
    if (os_list_empty(&ds->views))
        inproc_memory_release(ds->memory);
}

static void view_unheld(struct os_object *object)
{
    view_free(OS_CONTAINER_OF(object, struct view, object));
}

static os_err view_add(struct dataspace *ds, int writable, os_dataspace_cap *cap)
{
    struct view *view = inproc_zalloc(sizeof(*view));
    os_err err = ds->owner ? os_quota_charge(&ds->owner->quota, 0, 1) : OS_OK;
    if (!err)
        err = os_dataspace_object_init(&view->object, &mock_ep, &dataspace_ops, cap);
    if (err) {
        free(view);
        return err;
    }
    view->ds = ds;
    view->writable = writable;
    view->object.last_holder = view_unheld;
    plat_object_watch(view->object.plat);
    inproc_memory_bind(ds->memory, cap->cap, writable);
    os_list_insert(&ds->views, &view->link);
    return OS_OK;
}

static void dataspace_gone(void *arg)
{
    struct dataspace *ds = arg;
    if (ds->owner)
        os_quota_refund(&ds->owner->quota, ds->size, 0);
    os_list_remove(&ds->link);
    free(ds);
}

/* SIZE rounded up, on the account of OWNER, which has been charged; with one view. */
static os_err dataspace_new(struct inproc_component *owner, uint64_t size, int writable,
                            os_dataspace_cap *cap, struct inproc_memory **memory)
{
    struct dataspace *ds = inproc_zalloc(sizeof(*ds));
    os_err err = inproc_memory_create(size, dataspace_gone, ds, &ds->memory);
    if (err) {
        free(ds);
        return err;
    }
    ds->size = size;
    os_list_init(&ds->views);
    os_list_init(&ds->link);
    ds->owner = owner;
    *memory = ds->memory;
    err = view_add(ds, writable, cap);
    if (err) {
        ds->owner = NULL;
        inproc_memory_release(ds->memory);
    } else if (owner) {
        os_list_insert(&owner->dataspaces, &ds->link);
    }
    return err;
}

static struct view *view_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct view, object);
}

static os_err dataspace_info(struct os_rpc *rpc, uint64_t *size, uint32_t *writable)
{
    *size = view_of(rpc)->ds->size;
    *writable = (uint32_t)view_of(rpc)->writable;
    return OS_OK;
}

static os_err dataspace_readonly(struct os_rpc *rpc, os_dataspace_cap *copy)
{
    return view_add(view_of(rpc)->ds, 0, copy);
}

static const struct os_dataspace_ops dataspace_ops = { .info = dataspace_info,
                                                       .readonly = dataspace_readonly };

/* Revokes all capabilities; attachments keep the memory, and the charge. */
static void dataspace_revoke(struct dataspace *ds)
{
    int last;
    do {
        struct view *view = OS_CONTAINER_OF(ds->views.next, struct view, link);
        last = view->link.next == &ds->views;
        view_free(view);
    } while (!last);
}

/* ---- PD */

static struct inproc_component *account(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct inproc_component, pd);
}

static os_err pd_ram_alloc(struct os_rpc *rpc, uint64_t size, os_dataspace_cap *ds)
{
    struct os_quota *quota = &account(rpc)->quota;
    struct inproc_memory *memory;
    os_err err = fault_take(INPROC_FAIL_RAM);
    if (err)
        return err;
    if (!size)
        return OS_ERR_BAD_ARG;
    if (size > UINT64_MAX - OS_PAGE_SIZE)
        return OS_ERR_RAM;
    size = (size + OS_PAGE_SIZE - 1) & ~(uint64_t)(OS_PAGE_SIZE - 1);
    err = os_quota_charge(quota, size, 0);
    if (err)
        return err;
    err = dataspace_new(account(rpc), size, 1, ds, &memory);
    if (err)
        os_quota_refund(quota, size, 0);
    return err;
}

static os_err own_dataspace(struct os_rpc *rpc, os_dataspace_cap cap, struct dataspace **ds)
{
    struct os_object *object = os_object_of(&mock_ep, cap.cap, &os_dataspace_interface);
    if (!object)
        return OS_ERR_BAD_CAP;
    *ds = OS_CONTAINER_OF(object, struct view, object)->ds;
    return (*ds)->owner == account(rpc) ? OS_OK : OS_ERR_DENIED;
}

static os_err pd_ram_free(struct os_rpc *rpc, os_dataspace_cap cap)
{
    struct dataspace *ds;
    os_err err = own_dataspace(rpc, cap, &ds);
    if (!err)
        dataspace_revoke(ds);
    return err;
}

static os_err pd_ram_attached(struct os_rpc *rpc, os_dataspace_cap cap, uint32_t *attached)
{
    struct dataspace *ds;
    os_err err = own_dataspace(rpc, cap, &ds);
    if (!err)
        *attached = inproc_memory_attached(ds->memory) != 0;
    return err;
}

static os_err pd_quota(struct os_rpc *rpc, uint64_t *ram, uint64_t *ram_used, uint32_t *caps,
                       uint32_t *caps_used)
{
    const struct os_quota *quota = &account(rpc)->quota;
    *ram = quota->ram;
    *ram_used = quota->ram_used;
    *caps = quota->caps;
    *caps_used = quota->caps_used;
    return OS_OK;
}

static os_err pd_transfer(struct os_rpc *rpc, os_pd_cap to, uint64_t ram, uint32_t caps)
{
    struct os_quota *from = &account(rpc)->quota;
    struct os_object *object = os_object_of(&mock_ep, to.cap, &os_pd_interface);
    if (!object)
        return OS_ERR_BAD_CAP;
    struct os_quota *target = &OS_CONTAINER_OF(object, struct inproc_component, pd)->quota;
    if (ram > from->ram - from->ram_used)
        return OS_ERR_RAM;
    if (caps > from->caps - from->caps_used)
        return OS_ERR_CAPS;
    from->ram -= ram;
    from->caps -= caps;
    target->ram += ram;
    target->caps += caps;
    return OS_OK;
}

/* Nothing comes late here: what a component has goes back when it ends. */
static os_err pd_quota_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    (void)rpc;
    (void)handler;
    return OS_OK;
}

static os_err pd_label(struct os_rpc *rpc, char (*label)[OS_LABEL_MAX])
{
    snprintf(*label, sizeof(*label), "%s", account(rpc)->label);
    return OS_OK;
}

const struct os_pd_ops pd_ops = {
    .ram_alloc = pd_ram_alloc,
    .ram_free = pd_ram_free,
    .quota = pd_quota,
    .transfer = pd_transfer,
    .ram_attached = pd_ram_attached,
    .quota_sigh = pd_quota_sigh,
    .label = pd_label,
};

/* ---- LOG */

struct log_session {
    struct os_object object;
    struct session *session;
};

static os_err log_write(struct os_rpc *rpc, const char *text)
{
    struct session *session = OS_CONTAINER_OF(rpc->object, struct log_session, object)->session;
    component_log(session->client, text, strlen(text));
    component_log(session->client, "\n", 1);
    return OS_OK;
}

static const struct os_log_ops log_ops = { .write = log_write };

static void log_close(struct session *session)
{
    struct log_session *log = session->impl;
    os_object_fini(&log->object);
    free(log);
}

static os_err log_open(struct session *session, const char *label, const char *args, struct os_cap *cap)
{
    struct log_session *log = inproc_zalloc(sizeof(*log));
    os_log_cap made;
    os_err err = os_log_object_init(&log->object, &mock_ep, &log_ops, &made);
    if (err) {
        free(log);
        return err;
    }
    log->session = session;
    session->impl = log;
    session->close = log_close;
    *cap = made.cap;
    return OS_OK;
}

/* ---- ROM */

struct rom {
    struct os_list link; /* in component.roms */
    char name[OS_LABEL_MAX];
    void *data; /* NULL while it has no content */
    size_t size;
    struct os_list sessions;
};

struct rom_session {
    struct os_list link;
    struct os_object object;
    struct rom *rom;
    os_signal_cap handler;
};

static struct rom *find_rom(struct inproc_component *component, const char *name)
{
    OS_LIST_FOR_EACH (link, &component->roms) {
        struct rom *rom = OS_CONTAINER_OF(link, struct rom, link);
        if (strcmp(rom->name, name) == 0)
            return rom;
    }
    return NULL;
}

static struct rom_session *rom_session_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct rom_session, object);
}

static os_err rom_dataspace(struct os_rpc *rpc, os_dataspace_cap *ds, uint64_t *size)
{
    const struct rom *rom = rom_session_of(rpc)->rom;
    struct inproc_memory *memory;
    if (!rom || !rom->data)
        return OS_ERR_NOT_FOUND;
    uint64_t pages = (rom->size + OS_PAGE_SIZE - 1) & ~(uint64_t)(OS_PAGE_SIZE - 1);
    os_err err = dataspace_new(NULL, pages ? pages : OS_PAGE_SIZE, 0, ds, &memory);
    if (err)
        return err;
    if (memory_write(memory, rom->data, rom->size))
        inproc_stop("no memory for the content of a ROM");
    *size = rom->size;
    return OS_OK;
}

static os_err rom_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct rom_session *session = rom_session_of(rpc);
    os_cap_drop(session->handler.cap);
    session->handler.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

static const struct os_rom_ops rom_ops = { .dataspace = rom_dataspace, .sigh = rom_sigh };

static void rom_close(struct session *session)
{
    struct rom_session *rom = session->impl;
    os_object_fini(&rom->object);
    os_cap_drop(rom->handler.cap);
    os_list_remove(&rom->link);
    free(rom);
}

static os_err rom_open(struct session *session, const char *label, const char *args, struct os_cap *cap)
{
    struct rom *rom = find_rom(session->client, label);
    if (!rom)
        return OS_ERR_NOT_FOUND;
    struct rom_session *made = inproc_zalloc(sizeof(*made));
    os_rom_cap rom_cap;
    os_err err = os_rom_object_init(&made->object, &mock_ep, &rom_ops, &rom_cap);
    if (err) {
        free(made);
        return err;
    }
    made->rom = rom;
    os_list_insert(&rom->sessions, &made->link);
    session->impl = made;
    session->close = rom_close;
    *cap = rom_cap.cap;
    return OS_OK;
}

void inproc_rom_set(struct inproc_env *env, const char *name, const void *data, size_t size)
{
    struct inproc_component *component = component_of_env(env);
    struct rom *rom = find_rom(component, name);
    if (!rom) {
        rom = inproc_zalloc(sizeof(*rom));
        strncpy(rom->name, name, sizeof(rom->name) - 1);
        os_list_init(&rom->sessions);
        os_list_insert(&component->roms, &rom->link);
    }
    free(rom->data);
    rom->data = NULL;
    rom->size = size;
    if (data) {
        rom->data = inproc_zalloc(size + 1);
        memcpy(rom->data, data, size);
    }
    OS_LIST_FOR_EACH (link, &rom->sessions)
        os_signal_submit(OS_CONTAINER_OF(link, struct rom_session, link)->handler);
}

/* ---- Timer, on the virtual clock */

struct timer_session {
    struct os_object object;
    struct alarm alarm;
    os_time start;
    os_signal_cap handler;
};

static struct timer_session *timer_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct timer_session, object);
}

static os_err timer_now(struct os_rpc *rpc, os_time *now)
{
    *now = plat_clock() - timer_of(rpc)->start;
    return OS_OK;
}

static os_err timer_trigger_at(struct os_rpc *rpc, os_time at)
{
    struct timer_session *timer = timer_of(rpc);
    alarm_set(&timer->alarm, at < OS_NEVER - timer->start ? timer->start + at : OS_NEVER);
    return OS_OK;
}

static os_err timer_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct timer_session *timer = timer_of(rpc);
    os_cap_drop(timer->handler.cap);
    timer->handler.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

static const struct os_timer_ops timer_ops = {
    .now = timer_now,
    .trigger_at = timer_trigger_at,
    .sigh = timer_sigh,
};

static void timer_fire(struct alarm *alarm)
{
    os_signal_submit(OS_CONTAINER_OF(alarm, struct timer_session, alarm)->handler);
}

static void timer_close(struct session *session)
{
    struct timer_session *timer = session->impl;
    alarm_clear(&timer->alarm);
    os_object_fini(&timer->object);
    os_cap_drop(timer->handler.cap);
    free(timer);
}

static os_err timer_open(struct session *session, const char *label, const char *args, struct os_cap *cap)
{
    struct timer_session *timer = inproc_zalloc(sizeof(*timer));
    os_timer_cap made;
    os_err err = os_timer_object_init(&timer->object, &mock_ep, &timer_ops, &made);
    if (err) {
        free(timer);
        return err;
    }
    timer->alarm.fire = timer_fire;
    timer->start = plat_clock();
    session->impl = timer;
    session->close = timer_close;
    *cap = made.cap;
    return OS_OK;
}

/* ---- Random, from the test's seed */

static struct drbg numbers, secret;

struct random_session {
    struct os_object object;
    char label[2 * OS_LABEL_MAX];
};

void inproc_random_seed(uint64_t seed)
{
    numbers = secret = (struct drbg){ 0 };
    drbg_add(&numbers, &seed, sizeof(seed));
    drbg_add(&secret, &seed, sizeof(seed));
}

static os_err random_fill(struct os_rpc *rpc, uint32_t size, uint8_t (*bytes)[OS_RANDOM_MAX], size_t *len)
{
    if (size > sizeof(*bytes))
        return OS_ERR_BAD_ARG;
    drbg_fill(&numbers, *bytes, size);
    *len = size;
    return OS_OK;
}

static os_err random_key(struct os_rpc *rpc, uint8_t (*bytes)[OS_RANDOM_KEY], size_t *len)
{
    const struct random_session *random = OS_CONTAINER_OF(rpc->object, struct random_session, object);
    struct drbg drbg = secret;
    drbg_add(&drbg, random->label, strlen(random->label) + 1);
    drbg_fill(&drbg, *bytes, sizeof(*bytes));
    *len = sizeof(*bytes);
    return OS_OK;
}

static const struct os_random_ops random_ops = { .fill = random_fill, .key = random_key };

static void random_close(struct session *session)
{
    struct random_session *random = session->impl;
    os_object_fini(&random->object);
    free(random);
}

static os_err random_open(struct session *session, const char *label, const char *args, struct os_cap *cap)
{
    struct random_session *random = inproc_zalloc(sizeof(*random));
    os_random_cap made;
    os_err err = os_random_object_init(&random->object, &mock_ep, &random_ops, &made);
    if (err) {
        free(random);
        return err;
    }
    snprintf(random->label, sizeof(random->label), *label ? "%s -> %s" : "%s", session->client->label, label);
    session->impl = random;
    session->close = random_close;
    *cap = made.cap;
    return OS_OK;
}

/* ---- all of them */

const struct builtin *builtin_find(const char *service)
{
    static const struct builtin builtins[] = {
        { "LOG", log_open },
        { "ROM", rom_open },
        { "Timer", timer_open },
        { "Random", random_open },
    };
    for (size_t i = 0; i < OS_ARRAY_LEN(builtins); i++)
        if (strcmp(builtins[i].name, service) == 0)
            return &builtins[i];
    return NULL;
}

void services_forget(struct inproc_component *component)
{
    while (!os_list_empty(&component->dataspaces)) {
        struct dataspace *ds = OS_CONTAINER_OF(component->dataspaces.next, struct dataspace, link);
        os_list_remove(&ds->link);
        ds->owner = NULL;
        if (!os_list_empty(&ds->views))
            dataspace_revoke(ds);
    }
    while (!os_list_empty(&component->roms)) {
        struct rom *rom = OS_CONTAINER_OF(component->roms.next, struct rom, link);
        os_list_remove(&rom->link);
        free(rom->data);
        free(rom);
    }
}
