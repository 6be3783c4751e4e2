/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.c: see mock.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock.h"

struct core_memory {
    struct core_ds *ds;
    int attached;
};

struct core_process {
    struct core_pd *pd;
};

struct core_pd *mock_pd;
os_parent_cap mock_parent;
unsigned mock_processes, mock_memories, mock_started, mock_killed;
char mock_label[256], mock_text[1024];
int mock_no_random;
int mock_init_ended, mock_ended;
os_err mock_fail_memory, mock_fail_process, mock_fail_save, mock_fail_module;
uint64_t mock_module_size = 5000;
int64_t mock_rtc = -1;
uint64_t mock_calls;
enum core_shot mock_shot;
os_time mock_patience;
char mock_saved[256], mock_shot_error[512];

static struct core_memory *last_memory;

static os_err take_failure(os_err *failure)
{
    os_err err = *failure;
    *failure = OS_OK;
    return err;
}

os_err core_plat_memory_create(struct core_ds *ds, uint64_t size, struct core_memory **memory)
{
    os_err err = take_failure(&mock_fail_memory);
    if (err)
        return err;
    *memory = last_memory = calloc(1, sizeof(**memory));
    last_memory->ds = ds;
    mock_memories++;
    return OS_OK;
}

void core_plat_memory_destroy(struct core_memory *memory)
{
    free(memory);
    mock_memories--;
}

int core_plat_memory_attached(struct core_memory *memory)
{
    return memory->attached;
}

struct core_ds *mock_last_ds(void)
{
    return last_memory->ds;
}

void mock_detach(struct core_ds *ds)
{
    ds->memory->attached = 0;
    core_ds_detached(ds);
}

void mock_attach(int on)
{
    last_memory->attached = on;
    if (!on)
        core_ds_detached(last_memory->ds);
}

os_err core_plat_module(const char *name, struct core_ds *ds, struct core_memory **memory, uint64_t *size)
{
    if (strcmp(name, "init") && strcmp(name, "font") && strcmp(name, "config"))
        return OS_ERR_NOT_FOUND;
    os_err err = take_failure(&mock_fail_module);
    if (err)
        return err;
    *size = mock_module_size;
    return core_plat_memory_create(ds, (*size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE, memory);
}

os_err core_plat_process_create(struct core_pd *pd, const char *args, struct core_process **process)
{
    (void)args;
    os_err err = take_failure(&mock_fail_process);
    if (err)
        return err;
    mock_pd = pd;
    mock_processes++;
    *process = calloc(1, sizeof(**process));
    (*process)->pd = pd;
    return OS_OK;
}

void core_plat_process_destroy(struct core_process *process)
{
    free(process);
    mock_processes--;
}

os_err core_plat_process_start(struct core_process *process, struct core_memory *binary, uint64_t size,
                               os_parent_cap parent)
{
    (void)process;
    (void)binary;
    (void)size;
    os_cap_drop(mock_parent.cap);
    mock_parent.cap = os_cap_copy(parent.cap);
    mock_started++;
    return OS_OK;
}

os_err core_plat_process_calls(struct core_process *process, uint64_t *calls)
{
    (void)process;
    *calls = mock_calls;
    return OS_OK;
}

void core_plat_process_kill(struct core_process *process)
{
    (void)process;
    mock_killed++;
}

void core_plat_log(const char *label, const char *text)
{
    snprintf(mock_label, sizeof(mock_label), "%s", label);
    snprintf(mock_text, sizeof(mock_text), "%s", text);
}

os_err core_plat_rtc(int64_t *us)
{
    if (mock_rtc == -1)
        return OS_ERR_NOT_FOUND;
    *us = mock_rtc;
    return OS_OK;
}

os_err core_plat_session(struct core *core, const char *service, const char *label, const char *args,
                         struct core_account *account, struct core_session **session)
{
    (void)core;
    (void)args;
    (void)account;
    if (strcmp(service, "Control") != 0)
        return OS_ERR_NO_SERVICE;
    return core_control_open(core, label, session);
}

os_err core_plat_random(void *to, size_t size)
{
    static uint8_t next;
    if (mock_no_random)
        return OS_ERR_UNSUPPORTED;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)to)[i] = next++;
    return OS_OK;
}

void core_plat_end(int status)
{
    mock_ended = mock_ended ? mock_ended : status + 1;
}

enum core_shot core_plat_shot(os_time *patience)
{
    *patience = mock_patience;
    return mock_shot;
}

void core_plat_shot_ended(const char *error)
{
    snprintf(mock_shot_error, sizeof(mock_shot_error), "%s", error ? error : "-");
}

os_err core_plat_save(const char *name, const struct core_memory *memory, uint64_t size, char (*why)[512])
{
    os_err err = take_failure(&mock_fail_save);
    if (err)
        snprintf(*why, sizeof(*why), "the disk is full");
    else
        snprintf(mock_saved, sizeof(mock_saved), "%s", name ? name : "-");
    return err;
}

void core_plat_init_ended(enum os_pd_state state, int32_t status, const char *text)
{
    (void)state;
    (void)text;
    mock_init_ended = status + 1;
}
