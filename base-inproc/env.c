/* SPDX-License-Identifier: BSD-2-Clause */
/* env.c: environments for components under test, from init to fini, and what they have left behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml/parse.h>

#include "env.h"

#define DEFAULT_RAM  OS_MIB(64)
#define DEFAULT_CAPS 1000

static struct os_list components = { &components, &components };

struct inproc_component *component_of_env(const struct inproc_env *env)
{
    if (!env->component)
        inproc_stop("an environment is used that was not made, or was ended");
    return env->component;
}

int component_lives(const struct inproc_component *component)
{
    OS_LIST_FOR_EACH (link, &components)
        if (OS_CONTAINER_OF(link, struct inproc_component, link) == component)
            return 1;
    return 0;
}

struct holder *act_as(struct holder *holder)
{
    struct holder *before = sched_self()->holder;
    sched_self()->holder = holder;
    return before;
}

/* ---- the account */

os_err component_charge_cap(struct inproc_component *component)
{
    return component ? os_quota_charge(&component->quota, 0, 1) : OS_OK;
}

void component_refund_cap(struct inproc_component *component)
{
    if (component && component_lives(component))
        os_quota_refund(&component->quota, 0, 1);
}

void inproc_env_quota(struct inproc_env *env, uint64_t ram, uint32_t caps)
{
    struct os_quota *quota = &component_of_env(env)->quota;
    if (ram < quota->ram_used || caps < quota->caps_used)
        inproc_stop("%s uses more than it shall have: %llu bytes, %u caps", env->component->label,
                    (unsigned long long)quota->ram_used, (unsigned)quota->caps_used);
    quota->ram = ram;
    quota->caps = caps;
}

void inproc_env_used(const struct inproc_env *env, uint64_t *ram, uint32_t *caps)
{
    *ram = component_of_env(env)->quota.ram_used;
    *caps = component_of_env(env)->quota.caps_used;
}

/* ---- output: what a component prints is its log, what the test prints stays where it was */

void component_log(struct inproc_component *component, const char *text, size_t len)
{
    component->log = realloc(component->log, component->log_len + len + 1);
    if (!component->log)
        inproc_stop("out of memory");
    memcpy(component->log + component->log_len, text, len);
    component->log_len += len;
    component->log[component->log_len] = 0;
}

const char *inproc_log(const struct inproc_env *env)
{
    const char *log = component_of_env(env)->log;
    return log ? log : "";
}

static void print(int fd, const char *text, size_t len)
{
    struct inproc_component *component = sched_self()->holder->component;
    if (component)
        component_log(component, text, len);
    else
        host_write(fd, text, len);
}

void plat_console(const char *text, size_t len)
{
    print(2, text, len);
}

/* ---- life */

static void give_cap(struct inproc_component *component, struct os_cap cap)
{
    target_ref(target_of(cap), &component->holder);
    target_unref(target_of(cap), &holder_mock);
}

/* As holder_mock: the two capabilities that the component starts with. */
static void introduce(struct inproc_component *component)
{
    struct os_env *env = &component->env->env;
    if (os_parent_object_init(&component->parent, &mock_ep, &parent_ops, &env->parent) ||
        os_pd_object_init(&component->pd, &mock_ep, &pd_ops, &env->pd))
        inproc_stop("no environment");
    give_cap(component, env->parent.cap);
    give_cap(component, env->pd.cap);
}

static void start_mock(void)
{
    const char *error = host_output_catch(print);
    if (error)
        inproc_stop("%s", error);
    if (os_entrypoint_init(&mock_ep))
        inproc_stop("no entrypoint for the mock parent");
    inproc_serve(&mock_ep);
}

static void stop_mock(void)
{
    struct holder *before = act_as(&holder_mock);
    inproc_idle();
    parent_reset();
    inproc_unserve(&mock_ep);
    os_entrypoint_fini(&mock_ep);
    act_as(before);
    host_output_release();
}

void inproc_env_init(struct inproc_env *env, const char *label)
{
    struct inproc_component *component = inproc_zalloc(sizeof(*component));
    struct holder *before = act_as(&holder_mock);
    if (os_list_empty(&components))
        start_mock();
    *env = (struct inproc_env){ .component = component };
    component->env = env;
    component->quota = (struct os_quota){ .ram = DEFAULT_RAM, .caps = DEFAULT_CAPS };
    snprintf(component->label, sizeof(component->label), "%s", label);
    holder_init(&component->holder, component);
    os_list_init(&component->dataspaces);
    os_list_init(&component->roms);
    os_list_insert(&components, &component->link);
    introduce(component);
    act_as(&component->holder);
    if (os_entrypoint_init(&component->ep))
        inproc_stop("no entrypoint for %s", label);
    env->env.ep = &component->ep;
    act_as(before);
    inproc_env_mark(env);
}

static void component_main(void *arg)
{
    struct inproc_component *component = arg;
    if (component->construct)
        component->construct(&component->env->env);
    os_entrypoint_run(&component->ep);
}

static void start(struct inproc_env *env, void (*construct)(struct os_env *env))
{
    struct inproc_component *component = component_of_env(env);
    if (component->thread)
        inproc_stop("%s was started already", component->label);
    component->construct = construct;
    component->thread = sched_start(component_main, component, 0, &component->holder);
    component->ep.plat->thread = component->thread;
}

void inproc_env_construct(struct inproc_env *env, void (*construct)(struct os_env *env))
{
    start(env, construct);
    inproc_idle();
    inproc_env_mark(env);
}

void inproc_env_serve(struct inproc_env *env)
{
    start(env, NULL);
}

/* The end of the process, for whatever reason: everything it had goes. */
static void component_end(struct inproc_component *component)
{
    if (component->dead)
        return;
    component->dead = 1;
    sched_kill_holder(&component->holder);
    ep_kill_holder(&component->holder);
    component->ep.plat->thread = NULL;
    struct holder *before = act_as(&holder_mock);
    memory_detach_holder(&component->holder);
    holder_fini(&component->holder);
    holder_init(&component->holder, component);
    parent_forget(component);
    services_forget(component);
    act_as(before);
}

void plat_exit(int status)
{
    struct inproc_component *component = sched_self()->holder->component;
    if (!component)
        inproc_stop("the test ends itself with status %d, instead of a component", status);
    component->exited = 1;
    component->status = status;
    component_end(component);
    sched_leave();
}

void component_exited(struct inproc_component *component, int status)
{
    component->exited = 1;
    component->status = status;
}

int inproc_env_exited(const struct inproc_env *env, int *status)
{
    if (component_of_env(env)->exited)
        *status = env->component->status;
    return env->component->exited;
}

void inproc_env_kill(struct inproc_env *env)
{
    component_end(component_of_env(env));
    inproc_idle();
}

/* ---- leaks */

static struct usage usage_of(const struct inproc_component *component)
{
    struct usage usage = {
        .objects = ep_targets(&component->holder),
        .sessions = parent_sessions(component),
        .handles = holder_caps(&component->holder) + holder_caps(&holder_test),
        .regions = (int64_t)component->holder.regions + holder_test.regions,
    };
    OS_LIST_FOR_EACH (link, &component->dataspaces)
        usage.dataspaces++;
    return usage;
}

void inproc_env_mark(struct inproc_env *env)
{
    struct inproc_component *component = component_of_env(env);
    component->mark = usage_of(component);
}

static int leak(const struct inproc_component *component, int64_t now, int64_t before, const char *what)
{
    if (now <= before)
        return 0;
    inproc_say("%s: %d %s left", component->label, (int)(now - before), what);
    return (int)(now - before);
}

static int leaks(const struct inproc_component *component)
{
    struct usage now = usage_of(component), mark = component->mark;
    return leak(component, now.objects, mark.objects, "objects or signal contexts") +
           leak(component, now.dataspaces, mark.dataspaces, "dataspaces") +
           leak(component, now.sessions, mark.sessions, "open sessions") +
           leak(component, now.handles, mark.handles, "capability handles") +
           leak(component, now.regions, mark.regions, "attachments") +
           leak(component, component->kept, 0, "closed sessions whose donation it did not give back");
}

int inproc_env_fini(struct inproc_env *env)
{
    struct inproc_component *component = component_of_env(env);
    inproc_idle();
    int left = component->dead ? 0 : leaks(component);
    component_end(component);
    inproc_idle();
    struct holder *before = act_as(&holder_mock);
    parent_forget(component); /* what began after its end */
    os_object_fini(&component->parent);
    os_object_fini(&component->pd);
    sched_kill_holder(&component->holder); /* one that ended itself */
    os_entrypoint_fini(&component->ep);
    holder_fini(&component->holder);
    act_as(before);
    os_list_remove(&component->link);
    free(component->log);
    free(component);
    *env = (struct inproc_env){ 0 };
    if (os_list_empty(&components))
        stop_mock();
    return left;
}

/* ---- config */

void *inproc_config_make(const char *file, const char *text, size_t *size)
{
    char error[YAML_ERROR_MAX];
    void *tree;
    if (yaml_parse(file, text, strlen(text), &tree, size, &error))
        inproc_stop("config of a test: %s", error);
    return tree;
}

void inproc_config_set(struct inproc_env *env, const char *text)
{
    size_t size;
    void *tree = inproc_config_make("config", text, &size);
    inproc_rom_set(env, "config", tree, size);
    free(tree);
}
