/* SPDX-License-Identifier: BSD-2-Clause */
/* control.c: see control.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <os/component.h>
#include <os/config.h>
#include <os/control.h>
#include <os/parent.h>
#include <scenario/names.h>
#include "control.h"

/* What a request can make init say, in bytes; what is more is left out. */
#define TEXT_MAX OS_KIB(64)

/* What the session costs. */
#define RAM  OS_KIB(8)
#define CAPS 4

struct control {
    struct os_env *env;
    struct os_engine *engine;
    struct os_call call; /* for the session, which stays as long as init does */
    os_control_cap session;
    struct os_signal_handler asked;
    os_signal_cap again;
    uint32_t id; /* of the request that is being served; 0: none */
    struct text {
        char *at;
        size_t len;
    } text;               /* what is said about it */
    struct os_list looks; /* of struct look */
};

/* A request whose answer has to be waited for. */
struct look {
    struct os_engine_look base;
    struct os_list link;
    struct control *control;
    uint32_t id;
    char name[OS_CONTROL_LINE], module[OS_CONTROL_LINE];
};

/* ---- answers */

static void say_line(void *to, const char *line)
{
    struct control *control = to;
    struct text *text = &control->text;
    size_t len = strlen(line);
    if (!text->at)
        text->at = malloc(TEXT_MAX);
    if (!text->at || text->len + len + 1 > TEXT_MAX)
        return;
    memcpy(text->at + text->len, line, len);
    text->at[text->len + len] = '\n';
    text->len += len + 1;
}

__attribute__((format(printf, 2, 3))) static void say(struct control *control, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    say_line(control, line);
}

/* Sends SIZE bytes of DATA; OS_ERR_RAM when there is no memory for it. */
static os_err send(struct control *control, uint32_t status, const void *data, size_t size)
{
    os_dataspace_cap ds = { OS_NO_CAP };
    struct os_region region = { 0 };
    os_err err = OS_OK;
    if (size)
        err = os_ram_alloc(control->env, size, &ds);
    if (err)
        return err;
    if (size)
        err = os_region_attach(&region, ds, OS_ATTACH_WRITE);
    if (!err && size)
        memcpy(region.at, data, size);
    os_region_detach(&region);
    if (!err)
        err = os_control_answer(control->session, control->id, status, ds, size);
    if (size)
        os_ram_free(control->env, ds);
    return err;
}

static void answer(struct control *control, enum os_control_status status, const void *data, size_t size)
{
    os_err err = send(control, status, data, size);
    if (err && err != OS_ERR_NOT_FOUND) /* without data there is always an answer */
        err = send(control, OS_CONTROL_FAILED, NULL, 0);
    control->id = 0;
}

/* Ends the request with what was said. */
static void answer_text(struct control *control, enum os_control_status status)
{
    answer(control, status, control->text.at, control->text.len);
}

/* ---- requests */

static void no_such_child(struct control *control, const char *name)
{
    struct os_config state;
    struct names names = { 0 };
    void *tree = NULL;
    size_t size;
    const char *nearest = NULL;
    if (!os_engine_state(control->engine, &tree, &size) && !os_config_init(&state, tree, size)) {
        os_config_ref components = os_config_get(&state, os_config_root(&state), "components");
        for (os_config_ref child = os_config_first(&state, components); child;
             child = os_config_next(&state, child))
            (void)names_add(&names, os_config_key(&state, child));
        nearest = names_nearest(names.at, names.count, name);
    }
    if (nearest)
        say(control, "there is no component \"%s\"; did you mean %s?", name, nearest);
    else
        say(control, "there is no component \"%s\"", name);
    names_fini(&names);
    free(tree);
    answer_text(control, OS_CONTROL_FAILED);
}

static void end_child(struct control *control, const char *name, os_err err, const char *done)
{
    if (err == OS_ERR_NOT_FOUND) {
        no_such_child(control, name);
        return;
    }
    if (err == OS_ERR_DEAD)
        say(control, "%s does not run", name);
    else if (err)
        say(control, "%s: %s", name, os_err_text(err));
    else
        say(control, "%s: %s", name, done);
    answer_text(control, err ? OS_CONTROL_FAILED : OS_CONTROL_DONE);
}

static void serve_kill(struct control *control, const char *name)
{
    end_child(control, name, os_engine_kill(control->engine, name), "killed");
}

static void serve_restart(struct control *control, const char *name)
{
    end_child(control, name, os_engine_restart(control->engine, name), "restarted");
}

static void serve_upgrade(struct control *control, const char *name)
{
    os_err err = os_engine_upgrade(control->engine, name);
    if (err == OS_ERR_EXISTS) {
        say(control, "%s: its binary is the one that it was started from", name);
        answer_text(control, OS_CONTROL_DONE);
        return;
    }
    if (err == OS_ERR_BAD_ARG) /* which was told */
        answer_text(control, OS_CONTROL_MISTAKE);
    else
        end_child(control, name, err, "upgraded");
}

static void serve_state(struct control *control, const char *words)
{
    void *tree;
    size_t size;
    (void)words;
    os_err err = os_engine_state(control->engine, &tree, &size);
    if (err) {
        say(control, "the state cannot be told: %s", os_err_text(err));
        answer_text(control, OS_CONTROL_FAILED);
        return;
    }
    answer(control, OS_CONTROL_DONE, tree, size);
    free(tree);
}

/* Core copies it, so that init needs no memory for what can be as large as a binary. */
static void send_rom(struct control *control, const struct os_engine_look *rom)
{
    os_err err = os_control_answer(control->session, control->id, OS_CONTROL_DONE, rom->ds, rom->size);
    if (err && err != OS_ERR_NOT_FOUND) {
        say(control, "its %llu bytes cannot be sent: %s", (unsigned long long)rom->size, os_err_text(err));
        answer_text(control, OS_CONTROL_FAILED);
    }
}

static void end_request(struct control *control)
{
    control->id = 0;
    free(control->text.at);
    control->text = (struct text){ 0 };
}

static void free_look(struct look *look)
{
    os_list_remove(&look->link);
    free(look);
}

static void looked(struct os_engine_look *base, os_err err)
{
    struct look *look = OS_CONTAINER_OF(base, struct look, base);
    struct control *control = look->control;
    const struct text text = control->text; /* of another request, that may be what has ended this one */
    uint32_t id = control->id;
    control->text = (struct text){ 0 };
    control->id = look->id;
    if (err) {
        say(control, "ROM module %s of %s: %s", look->module, look->name, base->why);
        answer_text(control, OS_CONTROL_FAILED);
    } else {
        send_rom(control, base);
    }
    end_request(control);
    control->text = text;
    control->id = id;
    free_look(look);
}

static void serve_rom(struct control *control, const char *words)
{
    struct look *look = calloc(1, sizeof(*look));
    if (!look) {
        answer_text(control, OS_CONTROL_FAILED);
        return;
    }
    const char *module = strchr(words, ' ');
    snprintf(look->name, sizeof(look->name), "%.*s", module ? (int)(module - words) : (int)strlen(words),
             words);
    snprintf(look->module, sizeof(look->module), "%s", module ? module + 1 : "");
    look->base.done = looked;
    look->control = control;
    look->id = control->id;
    os_list_insert(&control->looks, &look->link);
    if (os_engine_look(control->engine, look->name, look->module, &look->base)) {
        no_such_child(control, look->name);
        free_look(look);
    }
}

/* Of what is served at once there is nothing to cancel. */
static void cancel(struct control *control)
{
    OS_LIST_FOR_EACH_SAFE (link, &control->looks) {
        struct look *look = OS_CONTAINER_OF(link, struct look, link);
        if (look->id != control->id)
            continue;
        os_engine_look_cancel(&look->base);
        free_look(look);
    }
}

/* A copy of the request's data, to be freed: who has sent it can do with the dataspace what he likes. */
static os_err take_data(struct control *control, uint64_t size, void **data)
{
    struct os_region region = { 0 };
    os_dataspace_cap ds;
    os_err err = size ? os_control_data(control->session, control->id, &ds) : OS_ERR_BAD_ARG;
    if (err)
        return err;
    err = os_region_attach(&region, ds, OS_ATTACH_READ);
    os_cap_drop(ds.cap);
    if (err)
        return err;
    err = size <= region.size ? OS_OK : OS_ERR_BAD_MSG;
    void *copy = err ? NULL : malloc((size_t)size);
    if (copy)
        memcpy(copy, region.at, (size_t)size);
    os_region_detach(&region);
    if (!err && !copy)
        err = OS_ERR_RAM;
    if (!err)
        *data = copy;
    return err;
}

/* What would be done is told by the engine before it does it, so that both say the same. */
static void serve_scenario(struct control *control, uint64_t size, int preview)
{
    void *data = NULL;
    os_err err = take_data(control, size, &data);
    if (!err)
        err = os_engine_preview(control->engine, data, (size_t)size, say_line, control);
    if (!err && !preview)
        err = os_engine_apply(control->engine, data, (size_t)size);
    free(data);
    if (err && err != OS_ERR_BAD_ARG)
        say(control, "the scenario cannot be applied: %s", os_err_text(err));
    answer_text(control, err == OS_ERR_BAD_ARG ? OS_CONTROL_MISTAKE
                         : err                 ? OS_CONTROL_FAILED
                                               : OS_CONTROL_DONE);
}

int control_problem(struct control *control, const char *line)
{
    if (!control || !control->id)
        return 0;
    say_line(control, line);
    return 1;
}

static void serve(struct control *control, char *line, uint64_t size)
{
    static const struct {
        const char *word;
        void (*serve)(struct control *control, const char *words);
    } verbs[] = { { "state", serve_state },
                  { "kill", serve_kill },
                  { "restart", serve_restart },
                  { "upgrade", serve_upgrade },
                  { "rom", serve_rom } };
    char *words = strchr(line, ' ');
    if (words)
        *words++ = 0;
    if (!strcmp(line, "apply") || !strcmp(line, "preview")) {
        serve_scenario(control, size, !strcmp(line, "preview"));
        return;
    }
    for (size_t i = 0; i < OS_ARRAY_LEN(verbs); i++) {
        if (!strcmp(line, verbs[i].word)) {
            verbs[i].serve(control, words ? words : "");
            return;
        }
    }
    say(control, "this init knows no \"%s\"", line);
    answer_text(control, OS_CONTROL_FAILED);
}

/* One at a time: the signal comes again for the next one, so that children have their turn in between. */
static void asked(struct os_signal_handler *handler)
{
    struct control *control = OS_CONTAINER_OF(handler, struct control, asked);
    char line[OS_CONTROL_LINE];
    uint64_t size = 0;
    if (os_control_next(control->session, &control->id, &line, &size))
        return;
    if (!strcmp(line, "cancel"))
        cancel(control);
    else
        serve(control, line, size);
    end_request(control);
    os_signal_submit(control->again);
}

/* Where there is no such service, init goes on without. */
static void opened(struct os_call *call)
{
    struct control *control = OS_CONTAINER_OF(call, struct control, call);
    uint32_t id;
    os_any_cap cap;
    if (os_parent_session_end(call, &id, &cap))
        return;
    control->session.cap = cap.cap;
    os_err err = os_signal_handler_init(&control->asked, control->env->ep, asked, &control->again);
    if (!err)
        err = os_control_sigh(control->session, control->again);
    if (err)
        fprintf(stderr, "nothing can be asked of this init: %s\n", os_err_text(err));
}

struct control *control_create(struct os_env *env, struct os_engine *engine)
{
    struct control *control = calloc(1, sizeof(*control));
    if (!control)
        return NULL;
    control->env = env;
    control->engine = engine;
    os_list_init(&control->looks);
    os_call_init(&control->call, env->ep, opened);
    if (!os_parent_session_begin(env->parent, &control->call, "Control", "", "", RAM, CAPS))
        return control;
    free(control);
    return NULL;
}
