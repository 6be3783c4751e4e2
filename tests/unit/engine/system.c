/* SPDX-License-Identifier: BSD-2-Clause */
/* system.c: a mock of core with real accounts, and an engine beneath it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <core/account.h>
#include <os/log.h>
#include "made_elf.h"
#include "system.h"

static struct {
    const char *name, *manifest, *now;
} binaries[] = {
    { "server", "{provides: [Data, Other], ram: 1M, caps: 100}", NULL },
    { "client", "{requires: [Data], ram: 1M, caps: 100}", NULL },
    { "lonely", "{ram: 1M, caps: 100, heartbeat: true}", NULL },
    { "nested", "{requires: [PD, Data], ram: 8M, caps: 1000}", NULL },
};

/* One session at core; of PD when it has an account of a child. */
struct core_session {
    struct os_list link;
    uint32_t id;
    struct core_account *account;
    struct os_object object; /* control, ROM or LOG */
    struct os_object pd;
    os_pd_cap pd_cap;
    os_signal_cap sigh; /* of the end of a PD, of another content of a ROM */
    struct os_env env;  /* of the child */
    char label[OS_LABEL_MAX];
    int is_pd, runs, ended;
    unsigned module; /* that it was started with */
};

/* Memory that was allocated, with a writable and maybe a read-only capability. */
struct memory {
    struct os_list link;
    struct os_object writable, readonly;
    struct inproc_memory *inproc;
    struct core_account *account;
    uint64_t size;
};

/* A module as it was handed out: another capability each time, as where capabilities come over a socket. */
struct image {
    struct os_list link;
    struct os_object object;
    os_dataspace_cap cap;
    unsigned module;
};

static struct os_entrypoint core_ep, init_ep, child_ep;
static struct core_accounts accounts;
static struct core_account *init_account;
static struct os_object parent_object, init_pd;
static struct inproc_memory *modules[2];
static struct os_list images; /* of struct image */
static unsigned module;       /* the one that binaries are now */
static struct os_list sessions, memories;
static struct os_env init_env;
static struct os_engine *engine;
static struct os_engine_handlers handlers;
static int destroyed;
static uint32_t last_id;
static os_err refusal;
static int status;
static unsigned starts[16];
static char start_labels[16][OS_LABEL_MAX];
static uint64_t first_ram;
static uint32_t first_caps;
static struct amount grants;
static unsigned requests;
static struct os_signal_handler errand;
static os_signal_cap errand_cap, quota_sigh;
static void (*errand_work)(void);

/* ---- accounts */

static struct core_account *account_of(struct os_object *object)
{
    OS_LIST_FOR_EACH (link, &sessions) {
        struct core_session *session = OS_CONTAINER_OF(link, struct core_session, link);
        if (session->is_pd && (object == &session->object || object == &session->pd))
            return session->account;
    }
    ck_assert_ptr_eq(object, &init_pd);
    return init_account;
}

static os_err memory_info(struct os_rpc *rpc, uint64_t *size, uint32_t *writable)
{
    *size = OS_PAGE_SIZE;
    *writable = 0;
    return OS_OK;
}

static os_err memory_readonly(struct os_rpc *rpc, os_dataspace_cap *copy);
static const struct os_dataspace_ops memory_ops = { .info = memory_info, .readonly = memory_readonly };

static os_err memory_readonly(struct os_rpc *rpc, os_dataspace_cap *copy)
{
    struct memory *memory = OS_CONTAINER_OF(rpc->object, struct memory, writable);
    ck_assert_int_eq(os_dataspace_object_init(&memory->readonly, &core_ep, &memory_ops, copy), OS_OK);
    inproc_memory_bind(memory->inproc, copy->cap, 0);
    return OS_OK;
}

static os_err pd_ram_alloc(struct os_rpc *rpc, uint64_t size, os_dataspace_cap *ds)
{
    struct core_account *account = account_of(rpc->object);
    size = (size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE;
    os_err err = core_account_charge(account, size, 2);
    if (err)
        return err;
    struct memory *memory = calloc(1, sizeof(*memory));
    memory->account = account;
    memory->size = size;
    ck_assert_int_eq(inproc_memory_create(size, NULL, NULL, &memory->inproc), OS_OK);
    ck_assert_int_eq(os_dataspace_object_init(&memory->writable, &core_ep, &memory_ops, ds), OS_OK);
    inproc_memory_bind(memory->inproc, ds->cap, 1);
    os_list_insert(&memories, &memory->link);
    return OS_OK;
}

/* By either of its capabilities, as core does. */
static struct memory *memory_of(struct os_object *object)
{
    OS_LIST_FOR_EACH (link, &memories) {
        struct memory *memory = OS_CONTAINER_OF(link, struct memory, link);
        if (object == &memory->writable || object == &memory->readonly)
            return memory;
    }
    ck_abort_msg("no memory of this core");
    return NULL;
}

static struct memory *memory_named(os_dataspace_cap ds)
{
    struct os_object *object = os_object_of(&core_ep, ds.cap, &os_dataspace_interface);
    ck_assert_ptr_nonnull(object);
    return memory_of(object);
}

static os_err pd_ram_attached(struct os_rpc *rpc, os_dataspace_cap ds, uint32_t *attached)
{
    *attached = inproc_memory_attached(memory_named(ds)->inproc) != 0;
    return OS_OK;
}

static os_err pd_ram_free(struct os_rpc *rpc, os_dataspace_cap ds)
{
    struct memory *memory = memory_named(ds);
    core_account_refund(memory->account, memory->size, 2);
    os_object_fini(&memory->writable);
    os_object_fini(&memory->readonly);
    inproc_memory_release(memory->inproc);
    os_list_remove(&memory->link);
    free(memory);
    return OS_OK;
}

static os_err pd_quota(struct os_rpc *rpc, uint64_t *ram, uint64_t *ram_used, uint32_t *caps,
                       uint32_t *caps_used)
{
    struct core_account *account = account_of(rpc->object);
    *ram = account->ram;
    *ram_used = account->ram_used;
    *caps = account->caps;
    *caps_used = account->caps_used;
    return OS_OK;
}

static os_err pd_transfer(struct os_rpc *rpc, os_pd_cap to, uint64_t ram, uint32_t caps)
{
    struct os_object *object = os_object_of(&core_ep, to.cap, &os_pd_interface);
    return object ? core_account_transfer(account_of(rpc->object), account_of(object), ram, caps)
                  : OS_ERR_BAD_CAP;
}

/* Only of the engine's own account. */
static void quota_came_late(struct core_account *account)
{
    os_signal_submit(quota_sigh);
}

static os_err pd_quota_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    if (account_of(rpc->object) != init_account)
        return OS_OK;
    os_cap_drop(quota_sigh.cap);
    quota_sigh.cap = os_cap_copy(handler.cap);
    init_account->late = quota_came_late;
    return OS_OK;
}

static os_err pd_label(struct os_rpc *rpc, char (*label)[OS_LABEL_MAX])
{
    return OS_ERR_UNSUPPORTED; /* nobody here asks */
}

static const struct os_pd_ops pd_ops = {
    .ram_alloc = pd_ram_alloc,
    .ram_free = pd_ram_free,
    .quota = pd_quota,
    .transfer = pd_transfer,
    .ram_attached = pd_ram_attached,
    .quota_sigh = pd_quota_sigh,
    .label = pd_label,
};

/* ---- protection domains */

static struct core_session *session_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct core_session, object);
}

static os_err control_pd(struct os_rpc *rpc, os_pd_cap *pd)
{
    pd->cap = os_cap_copy(session_of(rpc)->pd_cap.cap);
    return OS_OK;
}

static os_err module_refusals[2];

void system_refuse_module(unsigned number, os_err err)
{
    module_refusals[number] = err;
}

static os_err control_start(struct os_rpc *rpc, os_dataspace_cap binary, os_parent_cap parent,
                            os_signal_cap ended)
{
    struct core_session *session = session_of(rpc);
    unsigned i = 0;
    struct os_object *image = os_object_of(&core_ep, binary.cap, &os_dataspace_interface);
    ck_assert_ptr_nonnull(image);
    session->module = OS_CONTAINER_OF(image, struct image, object)->module;
    if (refusal || module_refusals[session->module])
        return refusal ? refusal : module_refusals[session->module];
    session->env = (struct os_env){ .ep = &child_ep };
    session->env.parent.cap = os_cap_copy(parent.cap);
    session->env.pd.cap = os_cap_copy(session->pd_cap.cap);
    session->sigh.cap = os_cap_copy(ended.cap);
    session->runs = 1;
    while (i + 1 < OS_ARRAY_LEN(starts) && starts[i] && strcmp(start_labels[i], session->label))
        i++;
    snprintf(start_labels[i], sizeof(start_labels[i]), "%s", session->label);
    starts[i]++;
    return OS_OK;
}

static os_err control_exit_info(struct os_rpc *rpc, uint32_t *state, int32_t *code, char (*text)[256])
{
    struct core_session *session = session_of(rpc);
    *state = session->ended ? OS_PD_FAULT : OS_PD_RUNNING;
    *code = 11;
    snprintf(*text, sizeof(*text), "%s", session->ended ? "segmentation fault" : "");
    return OS_OK;
}

/* Here: the end of the process, as the test wants it. */
static os_err control_kill(struct os_rpc *rpc)
{
    struct core_session *session = session_of(rpc);
    session->runs = 0;
    session->ended = 1;
    os_signal_submit(session->sigh);
    return OS_OK;
}

static os_err control_calls(struct os_rpc *rpc, uint64_t *calls)
{
    (void)rpc;
    *calls = 7;
    return OS_OK;
}

static const struct os_pd_control_ops control_ops = {
    .base = { .ram_alloc = pd_ram_alloc,
              .ram_free = pd_ram_free,
              .quota = pd_quota,
              .transfer = pd_transfer,
              .ram_attached = pd_ram_attached,
              .quota_sigh = pd_quota_sigh,
              .label = pd_label },
    .pd = control_pd,
    .start = control_start,
    .exit_info = control_exit_info,
    .kill = control_kill,
    .calls = control_calls,
};

/* ---- ROM, LOG */

static struct image *make_image(unsigned number, int writable)
{
    struct image *image = calloc(1, sizeof(*image));
    image->module = number;
    ck_assert_int_eq(os_dataspace_object_init(&image->object, &core_ep, &memory_ops, &image->cap), OS_OK);
    inproc_memory_bind(modules[number], image->cap.cap, writable);
    os_list_insert(&images, &image->link);
    return image;
}

/* Each has another content. */
static void make_module(unsigned number)
{
    struct os_region region = { 0 };
    ck_assert_int_eq(inproc_memory_create(OS_PAGE_SIZE, NULL, NULL, &modules[number]), OS_OK);
    ck_assert_int_eq(os_region_attach(&region, make_image(number, 1)->cap, OS_ATTACH_WRITE), OS_OK);
    *(unsigned char *)region.at = (unsigned char)number;
    os_region_detach(&region);
}

static void free_modules(void)
{
    OS_LIST_FOR_EACH_SAFE (link, &images) {
        struct image *image = OS_CONTAINER_OF(link, struct image, link);
        os_list_remove(link);
        os_object_fini(&image->object);
        os_cap_drop(image->cap.cap);
        free(image);
    }
    for (unsigned i = 0; i < OS_ARRAY_LEN(modules); i++)
        inproc_memory_release(modules[i]);
}

static os_err rom_dataspace(struct os_rpc *rpc, os_dataspace_cap *ds, uint64_t *size)
{
    struct image *image = make_image(module, 0);
    ds->cap = os_cap_copy(image->cap.cap);
    *size = 1;
    return OS_OK;
}

static os_err rom_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    session_of(rpc)->sigh.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

static os_err log_write(struct os_rpc *rpc, const char *text)
{
    return OS_OK;
}

static const struct os_rom_ops rom_ops = { .dataspace = rom_dataspace, .sigh = rom_sigh };
static const struct os_log_ops log_ops = { .write = log_write };

/* ---- init's parent */

static os_err make_object(struct core_session *session, const char *service, os_any_cap *cap)
{
    os_pd_control_cap control;
    os_rom_cap rom;
    os_log_cap log;
    os_err err = OS_ERR_NO_SERVICE;
    if (!strcmp(service, "PD")) {
        session->is_pd = 1;
        err = os_pd_control_object_init(&session->object, &core_ep, &control_ops, &control);
        cap->cap = control.cap;
        ck_assert_int_eq(os_pd_object_init(&session->pd, &core_ep, &pd_ops, &session->pd_cap), OS_OK);
    } else if (!strcmp(service, "ROM")) {
        err = os_rom_object_init(&session->object, &core_ep, &rom_ops, &rom);
        cap->cap = rom.cap;
    } else if (!strcmp(service, "LOG") && !refusal) {
        err = os_log_object_init(&session->object, &core_ep, &log_ops, &log);
        cap->cap = log.cap;
    }
    return err;
}

static os_err parent_session(struct os_rpc *rpc, const char *service, const char *label, const char *args,
                             uint64_t ram, uint32_t caps, uint32_t *id, os_any_cap *cap)
{
    struct core_account *account;
    os_err err = core_account_open(init_account, ram, caps, &account);
    if (err)
        return err;
    struct core_session *session = calloc(1, sizeof(*session));
    err = make_object(session, service, cap);
    if (err) {
        core_account_close(account);
        free(session);
        return err;
    }
    session->account = account;
    session->id = *id = ++last_id;
    snprintf(session->label, sizeof(session->label), "%s", label);
    os_list_insert(&sessions, &session->link);
    return OS_OK;
}

static struct core_session *find(uint32_t id)
{
    OS_LIST_FOR_EACH (link, &sessions)
        if (OS_CONTAINER_OF(link, struct core_session, link)->id == id)
            return OS_CONTAINER_OF(link, struct core_session, link);
    return NULL;
}

static os_err parent_close(struct os_rpc *rpc, uint32_t id, uint64_t *ram, uint32_t *caps)
{
    struct core_session *session = find(id);
    if (!session)
        return OS_ERR_NOT_FOUND;
    os_cap_drop(session->env.parent.cap);
    os_cap_drop(session->env.pd.cap);
    os_cap_drop(session->pd_cap.cap);
    os_cap_drop(session->sigh.cap);
    os_object_fini(&session->object);
    os_object_fini(&session->pd);
    struct core_returned back = core_account_close(session->account);
    *ram = back.ram;
    *caps = back.caps;
    os_list_remove(&session->link);
    free(session);
    return OS_OK;
}

static os_err parent_upgrade(struct os_rpc *rpc, uint32_t id, uint64_t ram, uint32_t caps)
{
    struct core_session *session = find(id);
    return session ? core_account_transfer(init_account, session->account, ram, caps) : OS_ERR_NOT_FOUND;
}

static os_err parent_announce(struct os_rpc *rpc, const char *service, os_root_cap root)
{
    return OS_ERR_DENIED;
}

static os_err parent_exit(struct os_rpc *rpc, int32_t code)
{
    return OS_OK;
}

/* A parent that has more makes it here. */
static os_err parent_resource_request(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    requests++;
    if (ram > grants.ram || caps > grants.caps)
        return OS_ERR_DENIED;
    grants.ram -= ram;
    grants.caps -= caps;
    accounts.ram += ram;
    accounts.caps += caps;
    init_account->ram += ram;
    init_account->caps += caps;
    first_ram += ram;
    first_caps += caps;
    return OS_OK;
}

static os_err parent_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    return OS_OK;
}

static os_err parent_yield_request(struct os_rpc *rpc, uint64_t *ram, uint32_t *caps)
{
    *ram = *caps = 0;
    return OS_OK;
}

static os_err parent_yield_response(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    return OS_OK;
}

static os_err parent_heartbeat_response(struct os_rpc *rpc)
{
    return OS_OK;
}

static const struct os_parent_ops parent_ops = { .session = parent_session,
                                                 .close = parent_close,
                                                 .upgrade = parent_upgrade,
                                                 .announce = parent_announce,
                                                 .exit = parent_exit,
                                                 .resource_request = parent_resource_request,
                                                 .yield_sigh = parent_sigh,
                                                 .yield_request = parent_yield_request,
                                                 .yield_response = parent_yield_response,
                                                 .heartbeat_sigh = parent_sigh,
                                                 .heartbeat_response = parent_heartbeat_response };

/* ---- the system */

static os_err find_binary(struct platform_source *source, const char *name, const void **elf, size_t *size)
{
    static uint8_t made[ELF_MAX];
    for (size_t i = 0; i < OS_ARRAY_LEN(binaries); i++) {
        if (!strcmp(binaries[i].name, name)) {
            *size = elf_make(&made, 1, ELF_IN_SEGMENT, binaries[i].now);
            *elf = made;
            return OS_OK;
        }
    }
    return OS_ERR_NOT_FOUND;
}

static void ended(struct os_engine_handlers *told, int code)
{
    ck_assert_int_eq(status, -1);
    status = code;
}

unsigned system_problems_max;
char system_problem[300];

static void problem(struct os_engine_handlers *told, const char *line)
{
    ck_assert_msg(system_problems_max > 0, "%s", line);
    system_problems_max--;
    snprintf(system_problem, sizeof(system_problem), "%s", line);
}

static void all_returned(struct os_engine_handlers *told)
{
    destroyed = 1;
}

/* Nothing that is done makes or loses quota, not for a moment. */
static void check_accounts(const struct core_accounts *changed)
{
    ck_assert(core_accounts_valid(changed));
}

static void start_core(void)
{
    os_list_init(&sessions);
    os_list_init(&memories);
    ck_assert_int_eq(core_accounts_init(&accounts, OS_MIB(64), 5000, &init_account), OS_OK);
    accounts.changed = check_accounts;
    ck_assert_int_eq(os_entrypoint_init(&core_ep), OS_OK);
    ck_assert_int_eq(os_parent_object_init(&parent_object, &core_ep, &parent_ops, &init_env.parent), OS_OK);
    ck_assert_int_eq(os_pd_object_init(&init_pd, &core_ep, &pd_ops, &init_env.pd), OS_OK);
    os_list_init(&images);
    for (unsigned i = 0; i < OS_ARRAY_LEN(modules); i++)
        make_module(i);
    inproc_serve(&core_ep);
}

static void run_errand(struct os_signal_handler *handler)
{
    errand_work();
}

void system_grant(uint64_t ram, uint32_t caps)
{
    grants = (struct amount){ ram, caps };
}

unsigned system_requests(void)
{
    return requests;
}

void system_do(void (*work)(void))
{
    errand_work = work;
    os_signal_submit(errand_cap);
    inproc_idle();
}

void system_start(const char *scenario)
{
    status = -1;
    destroyed = 0;
    module = 0;
    memset(starts, 0, sizeof(starts));
    for (size_t i = 0; i < OS_ARRAY_LEN(binaries); i++)
        binaries[i].now = binaries[i].manifest;
    start_core();
    ck_assert_int_eq(os_entrypoint_init(&child_ep), OS_OK);
    inproc_serve(&child_ep);
    ck_assert_int_eq(os_entrypoint_init(&init_ep), OS_OK);
    init_env.ep = &init_ep;
    handlers = (struct os_engine_handlers){ .problem = problem, .ended = ended, .destroyed = all_returned };
    ck_assert_int_eq(os_engine_create(&init_env,
                                      &(struct os_engine_options){ .file = "s.yaml", .handlers = &handlers },
                                      &engine),
                     OS_OK);
    engine->source.find = find_binary;
    first_ram = system_ram("init");
    first_caps = system_caps("init");
    ck_assert_int_eq(os_engine_apply(engine, scenario, strlen(scenario)), OS_OK);
    ck_assert_int_eq(os_signal_handler_init(&errand, &init_ep, run_errand, &errand_cap), OS_OK);
    inproc_serve(&init_ep);
    inproc_idle();
}

static struct core_session *running(const char *label)
{
    OS_LIST_FOR_EACH (link, &sessions) {
        struct core_session *session = OS_CONTAINER_OF(link, struct core_session, link);
        if (session->is_pd && session->runs && !strcmp(session->label, label))
            return session;
    }
    return NULL;
}

struct os_env *system_env(const char *label)
{
    struct core_session *session = running(label);
    ck_assert_msg(session != NULL, "%s does not run", label);
    return &session->env;
}

int system_runs(const char *label)
{
    return running(label) != NULL;
}

int system_kill(const char *label)
{
    struct core_session *session = running(label);
    if (!session)
        return 0;
    session->runs = 0;
    session->ended = 1;
    os_signal_submit(session->sigh);
    return 1;
}

void system_crash(const char *label)
{
    ck_assert_msg(system_kill(label), "%s does not run", label);
    inproc_idle();
}

void system_nested_source(struct os_engine *nested)
{
    nested->source.find = find_binary;
}

unsigned system_starts(const char *label)
{
    for (size_t i = 0; i < OS_ARRAY_LEN(starts); i++)
        if (!strcmp(start_labels[i], label))
            return starts[i];
    return 0;
}

void system_refuse(os_err err)
{
    refusal = err;
}

uint64_t system_ram(const char *label)
{
    return strcmp(label, "init") ? running(label)->account->ram : init_account->ram;
}

uint32_t system_caps(const char *label)
{
    return strcmp(label, "init") ? running(label)->account->caps : init_account->caps;
}

unsigned system_sessions(void)
{
    unsigned count = 0;
    OS_LIST_FOR_EACH (link, &sessions)
        count += !OS_CONTAINER_OF(link, struct core_session, link)->is_pd;
    return count;
}

int system_status(void)
{
    return status;
}

struct os_engine *system_engine(void)
{
    return engine;
}

static void destroy(void)
{
    os_engine_destroy(engine);
}

void system_new_binary(const char *name, const char *manifest)
{
    module = !module;
    for (size_t i = 0; i < OS_ARRAY_LEN(binaries); i++)
        if (!strcmp(binaries[i].name, name))
            binaries[i].now = manifest;
    OS_LIST_FOR_EACH (link, &sessions) {
        struct core_session *session = OS_CONTAINER_OF(link, struct core_session, link);
        if (!session->is_pd)
            os_signal_submit(session->sigh);
    }
    inproc_idle();
}

unsigned system_module(const char *label)
{
    struct core_session *session = running(label);
    ck_assert_msg(session != NULL, "%s does not run", label);
    return session->module;
}

static const char *applied;
static os_err apply_result;

static void apply(void)
{
    apply_result = os_engine_apply(engine, applied, strlen(applied));
}

os_err system_apply(const char *scenario)
{
    applied = scenario;
    status = -1; /* each scenario ends by itself */
    system_do(apply);
    return apply_result;
}

static char preview_lines[2048];

static void take_line(void *to, const char *line)
{
    size_t at = strlen(preview_lines);
    snprintf(preview_lines + at, sizeof(preview_lines) - at, "%s\n", line);
}

static void preview(void)
{
    apply_result = os_engine_preview(engine, applied, strlen(applied), take_line, NULL);
}

const char *system_preview(const char *scenario)
{
    applied = scenario;
    preview_lines[0] = 0;
    system_do(preview);
    ck_assert_int_eq(apply_result, OS_OK);
    return preview_lines;
}

static char state_lines[32768];

static void append(const struct os_config *tree, os_config_ref node, unsigned depth)
{
    size_t at = strlen(state_lines);
    snprintf(state_lines + at, sizeof(state_lines) - at, "%*s%s: %s\n", (int)depth * 2, "",
             os_config_key(tree, node), os_config_value(tree, node));
    for (os_config_ref child = os_config_first(tree, node); child; child = os_config_next(tree, child))
        append(tree, child, depth + 1);
}

static void take_state(void)
{
    struct os_config config;
    void *tree;
    size_t size;
    ck_assert_int_eq(os_engine_state(engine, &tree, &size), OS_OK);
    ck_assert_int_eq(os_config_init(&config, tree, size), OS_OK);
    append(&config, os_config_root(&config), 0);
    free(tree);
}

const char *system_state(void)
{
    state_lines[0] = 0;
    system_do(take_state);
    return state_lines;
}

void system_end(void)
{
    system_do(destroy);
    ck_assert(destroyed);
    ck_assert(core_accounts_valid(&accounts));
    ck_assert_uint_eq(init_account->ram, first_ram);
    ck_assert_uint_eq(init_account->caps, first_caps);
    ck_assert(os_list_empty(&memories));
    ck_assert(os_list_empty(&sessions));
    os_cap_drop(errand_cap.cap);
    os_cap_drop(quota_sigh.cap);
    quota_sigh.cap = OS_NO_CAP;
    os_signal_handler_fini(&errand);
    os_object_fini(&parent_object);
    os_object_fini(&init_pd);
    free_modules();
    os_cap_drop(init_env.parent.cap);
    os_cap_drop(init_env.pd.cap);
    inproc_unserve(&child_ep);
    inproc_unserve(&init_ep);
    inproc_unserve(&core_ep);
    os_entrypoint_fini(&child_ep);
    os_entrypoint_fini(&init_ep);
    os_entrypoint_fini(&core_ep);
    free(init_account);
}
