/* SPDX-License-Identifier: BSD-2-Clause */
/* child.c: the life of a child: created, started, ended for whatever reason, and started again by its policy.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* One that has run this long has recovered: its restarts are counted anew. */
#define RECOVERED (60 * OS_SEC)

void child_log(const struct child *child, const char *format, ...)
{
    char line[480];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = '?'; /* a label that a child asks for must not make lines that seem to be the engine's */
    fprintf(stderr, "%s %s\n", child->name, line);
}

static void set_state(struct child *child, enum child_state state)
{
    child->state = state;
    engine_changed(child->engine);
}

static void restart(struct os_alarm *alarm)
{
    child_ready(OS_CONTAINER_OF(alarm, struct child, alarm));
}

os_err child_create(struct os_engine *engine, struct generation *generation, const struct entry *entry,
                    struct child **created)
{
    struct child *child = calloc(1, sizeof(*child));
    if (!child)
        return OS_ERR_RAM;
    child->engine = engine;
    child->vital = !engine->generation;
    child->generation = generation_use(generation);
    child->entry = entry;
    child->next_id = 1;
    child->alarm.handle = restart;
    snprintf(child->name, sizeof(child->name), "%s", entry->name);
    os_list_init(&child->sessions);
    os_list_init(&child->records);
    os_list_init(&child->serves);
    os_list_init(&child->roots);
    os_list_init(&child->retry.link);
    os_list_insert(&engine->children, &child->link);
    *created = child;
    return OS_OK;
}

static void drop_images(struct child *child)
{
    os_cap_drop(child->image.cap);
    os_cap_drop(child->old_image.cap);
    child->image.cap = child->old_image.cap = OS_NO_CAP;
}

static void child_free(struct child *child)
{
    struct os_engine *engine = child->engine;
    os_alarm_clear(&child->alarm);
    sessions_of_nobody(child);
    os_list_remove(&child->link);
    drop_images(child);
    binary_drop(child->binary);
    generation_drop(child->generation);
    free(child);
    engine_changed(engine);
    engine_returned(engine);
    engine_child_gone(engine);
}

/* ---- starting */

/* A scenario of which a part cannot start has not started; later on, the restart policy decides. */
static void cannot_start(struct child *child, const char *step, os_err err)
{
    struct ending ending = { .status = 1, .failed = 1 };
    uint32_t state;
    int32_t code;
    char why[256] = "";
    if (!child->control.cap.id || os_pd_control_exit_info(child->control, &state, &code, &why))
        why[0] = 0;
    snprintf(ending.text, sizeof(ending.text), "cannot be started: %s: %s%s%s", step, os_err_text(err),
             *why ? ": " : "", why);
    ending.fatal = child->vital && !child->entry->optional;
    child_end(child, &ending);
}

static void start_done(struct os_call *call)
{
    struct child *child = OS_CONTAINER_OF(call, struct child, call);
    engine_call_ended(child->engine);
    os_err err = os_pd_control_start_end(call);
    if (err) {
        cannot_start(child, "start", err);
        return;
    }
    set_state(child, CHILD_RUNNING);
    child->vital = 0;
    heartbeat_begin(child);
}

/* What core says about the end of the process. */
static void process_ended(struct os_signal_handler *handler)
{
    static const char *const how[] = {
        "", "", "exited", "faulted", "was stopped by its sandbox", "was killed"
    };
    struct child *child = OS_CONTAINER_OF(handler, struct child, exited);
    struct ending ending = { .status = 1 };
    uint32_t state = OS_PD_NEW;
    int32_t code = 0;
    char text[256];
    os_err err = os_pd_control_exit_info(child->control, &state, &code, &text);
    if (err || state < OS_PD_EXITED || state > OS_PD_KILLED)
        return;
    if (state == OS_PD_EXITED) {
        ending.status = code;
        snprintf(ending.text, sizeof(ending.text), "exited with status %d", (int)code);
    } else {
        snprintf(ending.text, sizeof(ending.text), "%s%s%s", how[state], *text ? ": " : "", text);
    }
    child_end(child, &ending);
}

static os_err take_binary(struct child *child)
{
    if (!child->binary || strcmp(child->binary->name, child->entry->binary)) {
        drop_images(child);
        binary_drop(child->binary);
        child->binary = NULL;
        os_err err = binary_find(child->engine, child->entry->binary, &child->binary);
        if (err)
            return err;
        child->binary->uses++;
    }
    if (!child->image.cap.id)
        child->image.cap = os_cap_copy(child->binary->image.cap);
    return child->entry->upgrade == UPGRADE_ON_CHANGE ? binary_follow(child->binary) : OS_OK;
}

/* What it is started with; what was made when something fails is given up with the child's end. */
static os_err prepare_start(struct child *child)
{
    os_err err = take_binary(child);
    if (!err)
        err = child_serve(child, &child->parent_cap);
    if (!err)
        err =
            os_signal_handler_init(&child->exited, child->engine->env->ep, process_ended, &child->exited_cap);
    return err;
}

static void drop_start_caps(struct child *child)
{
    os_cap_drop(child->parent_cap.cap);
    os_cap_drop(child->exited_cap.cap);
    child->parent_cap.cap = child->exited_cap.cap = OS_NO_CAP;
}

static void try_start(struct retry *retry)
{
    struct child *child = OS_CONTAINER_OF(retry, struct child, retry);
    os_call_init(&child->call, child->engine->env->ep, start_done);
    os_err err = os_pd_control_start_begin(child->control, &child->call, child->image, child->parent_cap,
                                           child->exited_cap);
    if (err == OS_ERR_BUSY) {
        engine_retry(child->engine, retry, try_start);
        return;
    }
    drop_start_caps(child);
    if (err)
        cannot_start(child, "start", err);
}

/* Others are about to give back what is missing, so it is no failure yet. */
static int waits_for_quota(struct child *child, os_err err)
{
    if ((err != OS_ERR_RAM && err != OS_ERR_CAPS) || child->removed || !engine_gives_back(child->engine))
        return 0;
    set_state(child, CHILD_READY);
    child->engine->unsettled = 1;
    return 1;
}

static void create_done(struct os_call *call)
{
    struct child *child = OS_CONTAINER_OF(call, struct child, call);
    os_any_cap cap;
    engine_call_ended(child->engine);
    os_err err = os_parent_session_end(call, &child->pd_id, &cap);
    if (err) {
        if (!waits_for_quota(child, err))
            cannot_start(child, "PD session", err);
        return;
    }
    set_state(child, CHILD_STARTING);
    child->control.cap = cap.cap;
    if (child->removed || child->anew) {
        child_end(child, &(struct ending){ .again = 1, .text = "is created anew" });
        return;
    }
    err = prepare_start(child);
    if (err)
        cannot_start(child, "start", err);
    else
        try_start(&child->retry);
}

void child_pd_args(char (*args)[OS_ARGS_MAX], const struct scenario *scenario, const struct entry *entry)
{
    snprintf(*args, sizeof(*args), "profile=%s%s", entry->sandbox,
             scenario->sandbox_required ? ",sandbox=required" : "");
}

static void try_create(struct retry *retry)
{
    struct child *child = OS_CONTAINER_OF(retry, struct child, retry);
    const struct entry *entry = child->entry;
    char args[OS_ARGS_MAX];
    child_pd_args(&args, &child->generation->scenario, entry);
    child->anew = 0;
    child->resources.owed = child->resources.excess = (struct amount){ 0 };
    os_call_init(&child->call, child->engine->env->ep, create_done);
    os_err err = os_parent_session_begin(child->engine->env->parent, &child->call, "PD", entry->name, args,
                                         entry->ram, entry->caps);
    if (err == OS_ERR_BUSY)
        engine_retry_in_turn(child->engine, retry, try_create);
    else if (err)
        cannot_start(child, "PD session", err);
}

void child_start(struct child *child)
{
    set_state(child, CHILD_CREATING);
    child->started = os_clock_now();
    child->starts++;
    try_create(&child->retry);
}

void child_ready(struct child *child)
{
    set_state(child, CHILD_READY);
    engine_go_on(child->engine);
}

/* ---- ending */

/* Whether the policy is to start it again after such an end. */
static int wants_restart(const struct child *child, const struct ending *ending)
{
    enum restart_policy policy = child->entry->restart.policy;
    return policy == RESTART_ALWAYS || (policy == RESTART_ON_FAILURE && ending->status);
}

/* Whether it is started again, and after which DELAY; counts it if so. */
static int is_restarted(struct child *child, const struct ending *ending, os_time *delay)
{
    const struct restart *policy = &child->entry->restart;
    if (!wants_restart(child, ending))
        return 0;
    if (child->restarts && os_clock_now() - child->started >= RECOVERED)
        child->restarts = 0;
    if (child->restarts >= policy->max)
        return 0;
    *delay = policy->delay;
    for (uint32_t i = 0; i < child->restarts && *delay < policy->delay_max; i++)
        *delay *= 2;
    if (*delay > policy->delay_max)
        *delay = policy->delay_max;
    child->restarts++;
    return 1;
}

/* The system ends with it. */
static int ends_system(const struct child *child, const struct ending *ending)
{
    return child->entry->exit == EXIT_ENDS_SYSTEM ||
           (child->entry->exit == EXIT_ENDS_SYSTEM_ON_FAILURE && ending->status);
}

/* It starts anew as soon as it can, as if it never had failed. */
static void child_again(struct child *child)
{
    child->again = 1;
    child->restarts = 0;
    child->alarm.due = os_clock_now();
}

/* One that has run for long enough is no longer on trial. */
static int is_on_trial(struct child *child)
{
    if (os_clock_now() - child->started >= RECOVERED) {
        os_cap_drop(child->old_image.cap);
        child->old_image.cap = OS_NO_CAP;
    }
    return child->old_image.cap.id != 0;
}

static void put_back_old_image(struct child *child, const struct ending *ending)
{
    child_log(child, "%s with its new binary; the old one is put back", ending->text);
    os_cap_drop(child->image.cap);
    child->image = child->old_image;
    child->old_image.cap = OS_NO_CAP;
    child_again(child);
}

/* Logs the end and decides what follows. */
static void judge(struct child *child, const struct ending *ending)
{
    os_time delay;
    child->again = 0;
    if (child->removed)
        return;
    snprintf(child->last_exit, sizeof(child->last_exit), "%.150s", ending->text);
    if (ending->again) {
        child_again(child);
        child_log(child, "%s", ending->text);
    } else if (is_on_trial(child) && ending->failed) {
        put_back_old_image(child, ending);
    } else if (ending->fatal) {
        child_log(child, "%s", ending->text);
        engine_ended(child->engine, ending->status);
    } else if (ends_system(child, ending)) {
        child_log(child, "%s; the system ends with it", ending->text);
        engine_ended(child->engine, ending->status);
    } else if (is_restarted(child, ending, &delay)) {
        child->again = 1;
        child->alarm.due = os_clock_now() + delay;
        child_log(child, "%s; restart %u of %u in %llu ms", ending->text, (unsigned)child->restarts,
                  (unsigned)child->entry->restart.max, (unsigned long long)(delay / OS_MS));
    } else if (ending->status && is_on_trial(child)) {
        put_back_old_image(child, ending);
    } else {
        if (wants_restart(child, ending))
            child_log(child, "%s; given up after %u restarts", ending->text, (unsigned)child->restarts);
        else
            child_log(child, "%s; not restarted", ending->text);
        if (!child->engine->status)
            child->engine->status = ending->status;
    }
}

/* BACK is what was in its account, as far as it could be given back. */
static void settle(struct child *child, struct amount back)
{
    sessions_of_server_refund(child, back);
    resources_freed(child->engine);
    if (child->removed) {
        sessions_of_server_give_up(child);
        child_free(child);
        return;
    }
    if (child->again && child->alarm.due <= os_clock_now()) {
        child_ready(child);
        return;
    }
    engine_returned(child->engine);
    if (child->again) {
        set_state(child, CHILD_IDLE);
        os_alarm_set(child->engine->env->ep, &child->alarm, child->alarm.due);
        return;
    }
    set_state(child, CHILD_GONE);
    sessions_of_server_give_up(child);
    engine_child_gone(child->engine);
}

static void close_done(struct os_call *call)
{
    struct child *child = OS_CONTAINER_OF(call, struct child, call);
    struct amount back = { 0 };
    engine_call_ended(child->engine);
    os_err err = os_parent_close_end(call, &back.ram, &back.caps);
    if (err)
        child_log(child, "could not be closed: %s", os_err_text(err));
    settle(child, back);
}

static void try_close(struct retry *retry)
{
    struct child *child = OS_CONTAINER_OF(retry, struct child, retry);
    os_call_init(&child->call, child->engine->env->ep, close_done);
    os_err err = os_parent_close_begin(child->engine->env->parent, &child->call, child->pd_id);
    if (err == OS_ERR_BUSY)
        engine_retry_in_turn(child->engine, retry, try_close);
    else if (err)
        settle(child, (struct amount){ 0 });
}

/* Closing the PD session ends the process, if there still is one, and brings the account back. */
static void close_pd(struct child *child)
{
    int has_pd = child->state != CHILD_CREATING;
    set_state(child, CHILD_ENDING);
    os_cap_drop(child->control.cap);
    child->control.cap = OS_NO_CAP;
    if (!has_pd) {
        settle(child, (struct amount){ 0 });
        return;
    }
    try_close(&child->retry);
}

void child_end(struct child *child, const struct ending *ending)
{
    if (child->state != CHILD_CREATING && !child_is_alive(child))
        return;
    os_call_cancel(&child->call);
    os_list_remove(&child->retry.link);
    judge(child, ending);
    os_signal_handler_fini(&child->exited);
    sessions_of_client_end(child);
    sessions_of_server_lost(child);
    child_forget_roots(child);
    resources_child_end(child);
    drop_start_caps(child);
    os_object_fini(&child->parent);
    close_pd(child);
}

void child_remove(struct child *child)
{
    child->removed = 1;
    switch (child->state) {
    case CHILD_IDLE:
    case CHILD_READY:
    case CHILD_GONE:
        sessions_of_server_give_up(child);
        child_free(child);
        return;
    case CHILD_CREATING: /* its account is closed when it is known */
    case CHILD_ENDING:
        return;
    case CHILD_STARTING:
    case CHILD_RUNNING:
        child_end(child, &(struct ending){ .text = "" });
        return;
    }
}

void child_restart(struct child *child, const char *why)
{
    struct ending ending = { .again = 1 };
    snprintf(ending.text, sizeof(ending.text), "is restarted: %s", why);
    child_again(child);
    switch (child->state) {
    case CHILD_IDLE:
    case CHILD_GONE:
        os_alarm_clear(&child->alarm);
        child_ready(child);
        return;
    case CHILD_CREATING: /* it is ended as soon as it can be */
        child->anew = 1;
        return;
    case CHILD_READY:
    case CHILD_ENDING:
        return;
    case CHILD_STARTING:
    case CHILD_RUNNING:
        child_end(child, &ending);
        return;
    }
}

void child_upgrade(struct child *child)
{
    if (child->image.cap.id) { /* none: it was not started yet with the new one before */
        os_cap_drop(child->old_image.cap);
        child->old_image = child->image;
        child->image.cap = OS_NO_CAP;
    }
    child_restart(child, "there is a new binary");
}
