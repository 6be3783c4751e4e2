/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rom_filter: offers one ROM module whose content is chosen, and made, by rules about the content of other
 * modules: what components report decides about the config of others.
 */
#include <os/component.h>
#include <os/rom_server.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"

OS_MANIFEST("provides: [ROM]\n"
            "ram: 2M\n"
            "caps: 64\n");

/* Of an input, unless the config says otherwise. */
#define MAX_SIZE OS_MIB(1)

struct server {
    struct os_env *env;
    struct filter filter;
    struct os_root_server root;
    void *data; /* the output; NULL: there is none */
    size_t size;
    uint64_t max_size; /* of an input, bytes */
};

struct client {
    struct os_root_session session;
    struct os_rom_source source;
    struct server *server;
};

/* The one server of this component: handlers of inputs know their filter only. */
static struct server *server_of(struct filter *filter)
{
    return OS_CONTAINER_OF(filter, struct server, filter);
}

/* ---- the output */

static int is_same(const struct server *server, const void *data, size_t size)
{
    if (!server->data || !data)
        return !server->data && !data;
    return size == server->size && !memcmp(data, server->data, size);
}

/* The output stays as it is when the next one cannot be made. */
static void evaluate(struct server *server)
{
    os_config_ref rule = filter_rule(&server->filter);
    void *data = NULL;
    size_t size = 0;
    os_err err = filter_output(&server->filter, rule, &data, &size);
    if (err && err != OS_ERR_NOT_FOUND) {
        fprintf(stderr, "%s:%u: the output cannot be made: %s\n",
                os_config_file(&server->filter.config.config), (unsigned)rule->line, os_err_text(err));
        return;
    }
    if (is_same(server, data, size)) {
        free(data);
        return;
    }
    free(server->data);
    server->data = data;
    server->size = size;
    OS_LIST_FOR_EACH (link, &server->root.sessions)
        os_rom_source_changed(&OS_CONTAINER_OF(link, struct client, session.link)->source);
}

/* ---- inputs */

static void input_changed(struct os_config_rom *rom)
{
    evaluate(server_of(OS_CONTAINER_OF(rom, struct input, rom)->filter));
}

static struct input *find_input(struct filter *filter, const char *name)
{
    OS_LIST_FOR_EACH (link, &filter->inputs) {
        struct input *input = OS_CONTAINER_OF(link, struct input, link);
        if (!strcmp(input->rom.name, name))
            return input;
    }
    return NULL;
}

static void close_input(struct input *input)
{
    os_config_rom_close(&input->rom);
    os_list_remove(&input->link);
    free(input);
}

/* A module that cannot be opened is as one without content. */
static void open_input(struct server *server, const char *name)
{
    struct input *input = find_input(&server->filter, name);
    if (input) {
        input->wanted = 1;
        return;
    }
    input = calloc(1, sizeof(*input));
    os_err err =
        input ? os_config_rom_open_limited(&input->rom, server->env, name, server->max_size, input_changed)
              : OS_ERR_RAM;
    if (err) {
        fprintf(stderr, "input %s: %s\n", name, os_err_text(err));
        free(input);
        return;
    }
    input->filter = &server->filter;
    input->wanted = 1;
    os_list_insert(&server->filter.inputs, &input->link);
}

/* With another limit each input is looked at again: what was too large may not be so any more. */
static void take_max_size(struct server *server)
{
    const struct os_config *config = &server->filter.config.config;
    uint64_t max_size = os_config_size(config, os_config_root(config), "max-size", MAX_SIZE);
    if (max_size == server->max_size)
        return;
    server->max_size = max_size;
    OS_LIST_FOR_EACH (link, &server->filter.inputs)
        os_config_rom_limit(&OS_CONTAINER_OF(link, struct input, link)->rom, max_size);
}

static void read_config(struct server *server)
{
    const struct os_config *config = &server->filter.config.config;
    os_config_ref names = os_config_get(config, os_config_root(config), "inputs");
    take_max_size(server);
    OS_LIST_FOR_EACH (link, &server->filter.inputs)
        OS_CONTAINER_OF(link, struct input, link)->wanted = 0;
    for (os_config_ref at = os_config_first(config, names); at; at = os_config_next(config, at))
        open_input(server, os_config_value(config, at));
    OS_LIST_FOR_EACH_SAFE (link, &server->filter.inputs) {
        struct input *input = OS_CONTAINER_OF(link, struct input, link);
        if (!input->wanted)
            close_input(input);
    }
    evaluate(server);
}

static void config_changed(struct os_config_rom *rom)
{
    read_config(server_of(OS_CONTAINER_OF(rom, struct filter, config)));
}

/* ---- ROM */

static os_err get(struct os_rom_source *source, const void **data, uint64_t *size)
{
    const struct server *server = OS_CONTAINER_OF(source, struct client, source)->server;
    if (!server->data)
        return OS_ERR_NOT_FOUND;
    *data = server->data;
    *size = server->size;
    return OS_OK;
}

static const struct os_rom_content content = { .get = get };

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    os_rom_cap served;
    os_err err = os_quota_charge(&request->quota, sizeof(struct client), OS_ROM_SOURCE_CAPS);
    if (err)
        return err;
    struct client *client = calloc(1, sizeof(*client));
    if (!client)
        return OS_ERR_NO_MEMORY;
    client->server = OS_CONTAINER_OF(root, struct server, root);
    err = os_rom_source_init(&client->source, root->env, root->env->ep, &client->session.quota, &content,
                             &served);
    if (err) {
        free(client);
        return err;
    }
    *session = &client->session;
    cap->cap = served.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct client *client = OS_CONTAINER_OF(session, struct client, session);
    os_rom_source_fini(&client->source);
    free(client);
}

void component_construct(struct os_env *env)
{
    static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };
    static struct server state;
    struct server *server = &state;

    *server = (struct server){ .env = env };
    os_list_init(&server->filter.inputs);
    os_list_init(&server->root.sessions);
    os_require(env, os_config_rom_open(&server->filter.config, env, "config", config_changed), "no config");
    read_config(server);
    os_require(env, os_root_server_init(&server->root, env, env->ep, "ROM", &handlers), "cannot offer ROM");
}
