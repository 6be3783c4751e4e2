/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dynamic_rom: offers ROM modules whose content changes in the course of time as its config says, so that
 * what follows a module can be shown and tested.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/config_writer.h>
#include <os/rom_server.h>
#include <os/timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OS_MANIFEST("provides: [ROM]\n"
            "requires: [Timer]\n"
            "ram: 2M\n"
            "caps: 64\n");

struct server {
    struct os_env *env;
    struct os_config_rom config;
    struct os_timeouts timer;
    struct os_root_server root;
    struct os_list modules; /* of struct module */
};

struct module {
    struct os_list link;
    struct server *server;
    struct os_timeout timeout; /* the end of the step, while it has clients */
    struct os_list clients;
    uint32_t step; /* number of the current one */
    os_time left;  /* of the step, while it has no clients; 0: it lasts */
    int runs;      /* its time has begun */
    void *data;    /* content of the step; NULL: none */
    size_t size;
    char name[OS_LABEL_MAX];
};

struct client {
    struct os_root_session session;
    struct os_rom_source source;
    struct module *module;
    struct os_list link; /* in its clients */
};

/* ---- steps */

static os_config_ref module_config(const struct module *module)
{
    const struct os_config *config = &module->server->config.config;
    return os_config_get(config, os_config_get(config, os_config_root(config), "modules"), module->name);
}

/* Step NUMBER, or NULL if there are fewer. */
static os_config_ref find_step(const struct module *module, uint32_t number)
{
    const struct os_config *config = &module->server->config.config;
    os_config_ref steps = os_config_get(config, module_config(module), "steps");
    os_config_ref step = os_config_first(config, steps);
    while (step && number--)
        step = os_config_next(config, step);
    return step;
}

static os_err make_content(const struct module *module, os_config_ref step, void **data, size_t *size)
{
    const struct os_config *config = &module->server->config.config;
    os_config_ref content = os_config_get(config, step, "content");
    os_config_ref text = os_config_get(config, step, "text");
    if (content)
        return os_config_extract(config, content, data, size);
    if (!text)
        return OS_ERR_NOT_FOUND;
    *size = strlen(os_config_value(config, text));
    *data = malloc(*size + 1);
    if (!*data)
        return OS_ERR_RAM;
    memcpy(*data, os_config_value(config, text), *size);
    return OS_OK;
}

/* A step that cannot be made is one without content. */
static void enter(struct module *module, os_config_ref step)
{
    free(module->data);
    module->data = NULL;
    os_err err = make_content(module, step, &module->data, &module->size);
    if (err && err != OS_ERR_NOT_FOUND)
        fprintf(stderr, "step %u of %s: %s\n", (unsigned)module->step, module->name, os_err_text(err));
    OS_LIST_FOR_EACH (link, &module->clients)
        os_rom_source_changed(&OS_CONTAINER_OF(link, struct client, link)->source);
}

/* The step ends in so long; 0: it lasts. */
static void end_step_in(struct module *module, os_time time)
{
    os_err err = time ? os_timeout_arm(&module->timeout, time) : OS_OK;
    if (err)
        fprintf(stderr, "%s stays as it is: %s\n", module->name, os_err_text(err));
}

/* The step that is current begins; one without a time lasts. */
static void begin_step(struct module *module)
{
    const struct os_config *config = &module->server->config.config;
    os_config_ref step = find_step(module, module->step);
    enter(module, step);
    end_step_in(module, os_config_time(config, step, "for", 0));
}

static void step_over(struct os_timeout *timeout)
{
    struct module *module = OS_CONTAINER_OF(timeout, struct module, timeout);
    const struct os_config *config = &module->server->config.config;
    if (find_step(module, module->step + 1))
        module->step++;
    else if (os_config_bool(config, module_config(module), "loop", 0))
        module->step = 0;
    else
        return;
    begin_step(module);
}

/* From its first step on. */
static void begin(struct module *module)
{
    os_timeout_disarm(&module->timeout);
    module->step = 0;
    module->runs = 1;
    begin_step(module);
}

/*
 * Nobody looks: its time stands still, and nothing wakes the system. A step whose end is due, or whose timer
 * does not say what time it is, ends as soon as somebody looks.
 */
static void stop_time(struct module *module)
{
    os_time now, due = module->timeout.due;
    module->left = 0;
    if (due == OS_NEVER)
        return;
    os_timeout_disarm(&module->timeout);
    os_err err = os_timeouts_now(&module->server->timer, &now);
    module->left = !err && due > now ? due - now : 1;
}

/* It has its first client: goes on where it was, or begins. */
static void go_on(struct module *module)
{
    if (module->runs)
        end_step_in(module, module->left);
    else
        begin(module);
}

/* ---- modules */

static struct module *find_module(struct server *server, const char *name)
{
    OS_LIST_FOR_EACH (link, &server->modules) {
        struct module *module = OS_CONTAINER_OF(link, struct module, link);
        if (!strcmp(module->name, name))
            return module;
    }
    return NULL;
}

/* One of the config; it begins with its first client. */
static os_err get_module(struct server *server, const char *name, struct module **found)
{
    struct module *module = find_module(server, name);
    if (!module) {
        module = calloc(1, sizeof(*module));
        if (!module)
            return OS_ERR_NO_MEMORY;
        module->server = server;
        snprintf(module->name, sizeof(module->name), "%s", name);
        os_list_init(&module->clients);
        if (!module_config(module)) {
            free(module);
            return OS_ERR_NOT_FOUND;
        }
        os_timeout_init(&module->timeout, &server->timer, step_over);
        os_list_insert(&server->modules, &module->link);
    }
    *found = module;
    return OS_OK;
}

static void drop_module(struct module *module)
{
    os_timeout_disarm(&module->timeout);
    os_list_remove(&module->link);
    free(module->data);
    free(module);
}

/* ---- ROM */

static os_err get(struct os_rom_source *source, const void **data, uint64_t *size)
{
    const struct module *module = OS_CONTAINER_OF(source, struct client, source)->module;
    if (!module->data)
        return OS_ERR_NOT_FOUND;
    *data = module->data;
    *size = module->size;
    return OS_OK;
}

static const struct os_rom_content content = { .get = get };

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct server *server = OS_CONTAINER_OF(root, struct server, root);
    struct module *module;
    os_rom_cap served;
    os_err err = os_quota_charge(&request->quota, sizeof(struct client), OS_ROM_SOURCE_CAPS);
    if (!err)
        err = get_module(server, os_label_last(request->label), &module);
    if (err)
        return err;
    struct client *client = calloc(1, sizeof(*client));
    if (!client)
        return OS_ERR_NO_MEMORY;
    err = os_rom_source_init(&client->source, root->env, root->env->ep, &client->session.quota, &content,
                             &served);
    if (err) {
        free(client);
        return err;
    }
    client->module = module;
    if (os_list_empty(&module->clients))
        go_on(module);
    os_list_insert(&module->clients, &client->link);
    *session = &client->session;
    cap->cap = served.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct client *client = OS_CONTAINER_OF(session, struct client, session);
    os_rom_source_fini(&client->source);
    os_list_remove(&client->link);
    if (os_list_empty(&client->module->clients))
        stop_time(client->module);
    free(client);
}

/* ---- the config changes, the start */

static void config_changed(struct os_config_rom *rom)
{
    struct server *server = OS_CONTAINER_OF(rom, struct server, config);
    OS_LIST_FOR_EACH_SAFE (link, &server->modules) {
        struct module *module = OS_CONTAINER_OF(link, struct module, link);
        if (os_list_empty(&module->clients))
            drop_module(module); /* begins with its next client, if there is such a module then */
        else
            begin(module);
    }
}

void component_construct(struct os_env *env)
{
    static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };
    static struct server state;
    struct server *server = &state;

    *server = (struct server){ .env = env };
    os_list_init(&server->modules);
    os_require(env, os_config_rom_open(&server->config, env, "config", config_changed), "no config");
    os_require(env, os_timeouts_open(&server->timer, env, env->ep), "cannot open Timer");
    os_require(env, os_root_server_init(&server->root, env, env->ep, "ROM", &handlers), "cannot offer ROM");
}
