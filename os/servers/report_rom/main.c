/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_rom: takes reports and offers them as ROM modules. Which report a reader gets is the policy's
 * business, by the reader's label; a report is known by the label of the session that it came through.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/policy.h>
#include <os/report.h>
#include <os/rom_server.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OS_MANIFEST("provides: [Report, ROM]\n"
            "ram: 2M\n"
            "caps: 64\n");

/* Of a report, unless the config says otherwise. */
#define MAX_SIZE OS_MIB(1)

struct server {
    struct os_env *env;
    struct os_config_rom config;
    struct os_root_server reports, roms;
    struct os_list modules; /* of struct module */
    uint64_t max_size;      /* of a report, bytes */
};

/* What was reported under a label. It is there while it has a writer, readers, or content to be kept. */
struct module {
    struct os_list link;
    struct report *writer; /* NULL: nobody reports */
    struct os_list readers;
    void *data; /* NULL: no content */
    uint64_t size;
    char label[OS_LABEL_MAX];
};

/* A session of Report. */
struct report {
    struct os_root_session session;
    struct os_object object;
    struct server *server;
    struct module *module;
    os_dataspace_cap buffer;
    uint64_t buffer_size, charged; /* bytes; charged: for the copy in the module */
    uint64_t told;                 /* the limit that it was said to have passed; 0: it has not yet */
};

/* A session of ROM. */
struct reader {
    struct os_root_session session;
    struct os_rom_source source;
    struct server *server;
    struct module *module; /* NULL: no policy gives it one */
    struct os_list link;   /* in its readers */
    char label[OS_LABEL_MAX];
};

/* What a buffer costs its session. */
#define BUFFER_CAPS 1u

/* ---- modules */

static struct module *find_module(struct server *server, const char *label)
{
    OS_LIST_FOR_EACH (link, &server->modules) {
        struct module *module = OS_CONTAINER_OF(link, struct module, link);
        if (!strcmp(module->label, label))
            return module;
    }
    return NULL;
}

static struct module *get_module(struct server *server, const char *label)
{
    struct module *module = find_module(server, label);
    if (module)
        return module;
    module = calloc(1, sizeof(*module));
    if (!module)
        return NULL;
    snprintf(module->label, sizeof(module->label), "%s", label);
    os_list_init(&module->readers);
    os_list_insert(&server->modules, &module->link);
    return module;
}

/* Nobody can see it, and nothing of it is to be kept. */
static void drop_if_unused(struct module *module)
{
    if (module->writer || module->data || !os_list_empty(&module->readers))
        return;
    os_list_remove(&module->link);
    free(module);
}

/* DATA, of SIZE bytes, is the content from now on; NULL: there is none. */
static void set_content(struct module *module, void *data, uint64_t size)
{
    free(module->data);
    module->data = data;
    module->size = size;
    OS_LIST_FOR_EACH (link, &module->readers)
        os_rom_source_changed(&OS_CONTAINER_OF(link, struct reader, link)->source);
}

/* ---- the policy */

/* The report that the policy gives to a reader, or "". */
static const char *report_for(const struct server *server, const char *reader, os_config_ref *policy)
{
    const struct os_config *config = &server->config.config;
    *policy = os_policy_find(config, reader);
    return os_config_str(config, *policy, "report", "");
}

/*
 * Whether some policy names the report, and keeps it when its writer has gone: only so much is kept as the
 * config has items, whoever comes and goes.
 */
static int is_kept(const struct server *server, const char *report)
{
    const struct os_config *config = &server->config.config;
    os_config_ref root = os_config_root(config);
    os_config_ref item = os_config_first(config, os_config_get(config, root, "policy"));
    for (; item; item = os_config_next(config, item))
        if (!strcmp(os_config_str(config, item, "report", ""), report) &&
            os_config_bool(config, item, "keep", 1))
            return 1;
    item = os_config_get(config, root, "default-policy");
    return !strcmp(os_config_str(config, item, "report", ""), report) &&
           os_config_bool(config, item, "keep", 1);
}

/* What is kept for nobody's account obeys the config of now; what a reporter pays for stays until the next.
 */
static int may_stay(const struct server *server, const struct module *module)
{
    return module->writer || (is_kept(server, module->label) && module->size <= server->max_size);
}

/* ---- Report */

static struct report *report_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct report, object);
}

static void drop_buffer(struct report *report)
{
    if (!report->buffer.cap.id)
        return;
    os_ram_free(report->server->env, report->buffer);
    os_quota_refund(&report->session.quota, report->buffer_size, BUFFER_CAPS);
    report->buffer.cap = OS_NO_CAP;
    report->buffer_size = 0;
}

/* One that the client still has attached would go on to cost the server. */
static os_err serve_buffer(struct os_rpc *rpc, uint64_t size, os_dataspace_cap *ds)
{
    struct report *report = report_of(rpc);
    struct os_env *env = report->server->env;
    uint32_t attached;
    if (!size || size > UINT64_MAX - OS_PAGE_SIZE)
        return OS_ERR_BAD_ARG;
    if (report->buffer.cap.id && !os_pd_ram_attached(env->pd, report->buffer, &attached) && attached)
        return OS_ERR_BUSY;
    drop_buffer(report);
    size = os_page_up(size);
    os_err err = os_quota_charge(&report->session.quota, size, BUFFER_CAPS);
    if (err)
        return err;
    err = os_ram_alloc(env, size, &report->buffer);
    if (err) {
        os_quota_refund(&report->session.quota, size, BUFFER_CAPS);
        return err;
    }
    report->buffer_size = size;
    ds->cap = os_cap_copy(report->buffer.cap);
    return OS_OK;
}

/* The client can write to the buffer meanwhile; what it writes then is its report. */
static os_err copy_buffer(struct report *report, uint64_t length, void **copy)
{
    struct os_region region = { 0 };
    size_t size = (size_t)length;
    if (size != length)
        return OS_ERR_TOO_LARGE;
    void *data = malloc(size);
    if (!data)
        return OS_ERR_NO_MEMORY;
    os_err err = os_region_attach(&region, report->buffer, OS_ATTACH_READ);
    if (err) {
        free(data);
        return err;
    }
    memcpy(data, region.at, size);
    os_region_detach(&region);
    *copy = data;
    return OS_OK;
}

/* Once for each limit: a reporter that does it again and again does not fill the log. */
static void tell_too_large(struct report *report, uint64_t length)
{
    uint64_t max = report->server->max_size;
    if (report->told == max)
        return;
    report->told = max;
    printf("report \"%s\" is refused: its %llu bytes are more than max-size, %llu\n", report->module->label,
           (unsigned long long)length, (unsigned long long)max);
}

/* The report before is there until the next one is whole, so both are paid for at that time. */
static os_err serve_submit(struct os_rpc *rpc, uint64_t length)
{
    struct report *report = report_of(rpc);
    void *data = NULL;
    if (length > report->buffer_size)
        return OS_ERR_BAD_ARG;
    if (length > report->server->max_size) {
        tell_too_large(report, length);
        return OS_ERR_TOO_LARGE;
    }
    os_err err = os_quota_charge(&report->session.quota, length, 0);
    if (err)
        return err;
    if (length)
        err = copy_buffer(report, length, &data);
    if (err) {
        os_quota_refund(&report->session.quota, length, 0);
        return err;
    }
    os_quota_refund(&report->session.quota, report->charged, 0);
    report->charged = length;
    set_content(report->module, data, length);
    return OS_OK;
}

static const struct os_report_ops report_ops = { .buffer = serve_buffer, .submit = serve_submit };

static os_err open_report(struct os_root_server *root, struct os_session_request *request,
                          struct os_root_session **session, os_any_cap *cap)
{
    struct server *server = OS_CONTAINER_OF(root, struct server, reports);
    os_report_cap served;
    os_err err = os_quota_charge(&request->quota, sizeof(struct report) + sizeof(struct module), 1);
    if (err)
        return err;
    struct report *report = calloc(1, sizeof(*report));
    struct module *module = get_module(server, request->label);
    err = !report || !module ? OS_ERR_NO_MEMORY : module->writer ? OS_ERR_EXISTS : OS_OK;
    if (!err)
        err = os_report_object_init(&report->object, server->env->ep, &report_ops, &served);
    if (err) {
        if (module)
            drop_if_unused(module);
        free(report);
        return err;
    }
    report->server = server;
    report->module = module;
    module->writer = report;
    *session = &report->session;
    cap->cap = served.cap;
    return OS_OK;
}

static void close_report(struct os_root_server *root, struct os_root_session *session)
{
    struct report *report = OS_CONTAINER_OF(session, struct report, session);
    struct module *module = report->module;
    os_object_fini(&report->object);
    drop_buffer(report);
    module->writer = NULL;
    if (module->data && !may_stay(report->server, module))
        set_content(module, NULL, 0);
    drop_if_unused(module);
    free(report);
}

/* ---- ROM */

static os_err get(struct os_rom_source *source, const void **data, uint64_t *size)
{
    const struct module *module = OS_CONTAINER_OF(source, struct reader, source)->module;
    if (!module || !module->data)
        return OS_ERR_NOT_FOUND;
    *data = module->data;
    *size = module->size;
    return OS_OK;
}

static const struct os_rom_content content = { .get = get };

/* Gives READER the module that the policy has for it. OS_ERR_DENIED: none. */
static os_err find_content(struct reader *reader)
{
    os_config_ref policy;
    const char *label = report_for(reader->server, reader->label, &policy);
    struct module *before = reader->module;
    struct module *module = *label ? get_module(reader->server, label) : NULL;
    if (*label && !module)
        return OS_ERR_NO_MEMORY;
    if (module != before) {
        os_list_remove(&reader->link);
        reader->module = module;
        if (module)
            os_list_insert(&module->readers, &reader->link);
        if (before)
            drop_if_unused(before);
        os_rom_source_changed(&reader->source);
    }
    return module ? OS_OK : OS_ERR_DENIED;
}

static void free_reader(struct reader *reader)
{
    os_rom_source_fini(&reader->source);
    os_list_remove(&reader->link);
    if (reader->module)
        drop_if_unused(reader->module);
    free(reader);
}

static os_err open_rom(struct os_root_server *root, struct os_session_request *request,
                       struct os_root_session **session, os_any_cap *cap)
{
    struct server *server = OS_CONTAINER_OF(root, struct server, roms);
    os_rom_cap served;
    os_err err =
        os_quota_charge(&request->quota, sizeof(struct reader) + sizeof(struct module), OS_ROM_SOURCE_CAPS);
    if (err)
        return err;
    struct reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return OS_ERR_NO_MEMORY;
    reader->server = server;
    os_list_init(&reader->link);
    snprintf(reader->label, sizeof(reader->label), "%s", request->label);
    err = os_rom_source_init(&reader->source, server->env, server->env->ep, &reader->session.quota, &content,
                             &served);
    if (err) {
        free(reader);
        return err;
    }
    err = find_content(reader);
    if (err) {
        printf("no policy for ROM \"%s\": expected an item with this label and `report:`\n", request->label);
        os_cap_drop(served.cap);
        free_reader(reader);
        return err;
    }
    *session = &reader->session;
    cap->cap = served.cap;
    return OS_OK;
}

static void close_rom(struct os_root_server *root, struct os_root_session *session)
{
    free_reader(OS_CONTAINER_OF(session, struct reader, session));
}

/* ---- the config changes, the start */

static void read_max_size(struct server *server)
{
    const struct os_config *config = &server->config.config;
    server->max_size = os_config_size(config, os_config_root(config), "max-size", MAX_SIZE);
}

static void config_changed(struct os_config_rom *rom)
{
    struct server *server = OS_CONTAINER_OF(rom, struct server, config);
    read_max_size(server);
    OS_LIST_FOR_EACH (link, &server->roms.sessions) {
        os_err err = find_content(OS_CONTAINER_OF(link, struct reader, session.link));
        (void)err; /* it has no content then */
    }
    OS_LIST_FOR_EACH_SAFE (link, &server->modules) {
        struct module *module = OS_CONTAINER_OF(link, struct module, link);
        if (module->data && !may_stay(server, module))
            set_content(module, NULL, 0);
        drop_if_unused(module);
    }
}

void component_construct(struct os_env *env)
{
    static const struct os_root_handlers report_handlers = { .open = open_report, .close = close_report };
    static const struct os_root_handlers rom_handlers = { .open = open_rom, .close = close_rom };
    static struct server state;
    struct server *server = &state;

    *server = (struct server){ .env = env };
    os_list_init(&server->modules);
    os_list_init(&server->roms.sessions);
    os_require(env, os_config_rom_open(&server->config, env, "config", config_changed), "no config");
    read_max_size(server);
    os_require(env, os_root_server_init(&server->reports, env, env->ep, "Report", &report_handlers),
               "cannot offer Report");
    os_require(env, os_root_server_init(&server->roms, env, env->ep, "ROM", &rom_handlers),
               "cannot offer ROM");
}
