/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc: the wall clock of a system: the Timer's time, and what is to be added to it. Who may set it sets what
 * is added; the Timer's time goes on as it was.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/policy.h>
#include <os/rtc.h>
#include <os/timer.h>

#include <stdio.h>
#include <stdlib.h>

OS_MANIFEST("provides: [Rtc]\n"
            "requires: [Timer]\n"
            "ram: 1M\n"
            "caps: 40\n");

struct rtc {
    struct os_env *env;
    struct os_root_server root;
    struct os_config_rom config;
    struct os_timeouts timer;
    int64_t offset;  /* us, to be added to the Timer's time */
    uint32_t source; /* enum os_rtc_source; 0: nobody has said what time it is */
    uint32_t sets;
};

struct client {
    struct os_root_session session;
    struct os_object object;
    struct rtc *rtc;
    os_signal_cap handler; /* owned */
    char label[OS_LABEL_MAX];
};

static os_err timer_us(struct rtc *rtc, int64_t *us)
{
    os_time time;
    os_err err = os_timeouts_now(&rtc->timer, &time);
    if (!err)
        *us = (int64_t)(time / OS_US);
    return err;
}

/* ---- operations */

static struct client *client_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct client, object);
}

static os_err now(struct os_rpc *rpc, struct os_rtc_time *result)
{
    struct rtc *rtc = client_of(rpc)->rtc;
    int64_t us;
    if (!rtc->source)
        return OS_ERR_NOT_FOUND;
    os_err err = timer_us(rtc, &us);
    if (err)
        return err;
    us += rtc->offset;
    *result = (struct os_rtc_time){ .us = us < OS_RTC_MAX ? us : OS_RTC_MAX,
                                    .source = rtc->source,
                                    .sets = rtc->sets };
    return OS_OK;
}

static int may_set(const struct client *client)
{
    const struct os_config *config = &client->rtc->config.config;
    return os_config_bool(config, os_policy_find(config, client->label), "set", 0);
}

static os_err set(struct os_rpc *rpc, int64_t us)
{
    const struct client *client = client_of(rpc);
    struct rtc *rtc = client->rtc;
    int64_t timer;
    if (!may_set(client))
        return OS_ERR_DENIED;
    if (us < 0 || us > OS_RTC_MAX)
        return OS_ERR_BAD_ARG;
    os_err err = timer_us(rtc, &timer);
    if (err)
        return err;
    rtc->offset = us - timer;
    rtc->source = OS_RTC_SET;
    rtc->sets++;
    OS_LIST_FOR_EACH (link, &rtc->root.sessions) {
        struct os_root_session *session = OS_CONTAINER_OF(link, struct os_root_session, link);
        os_signal_submit(OS_CONTAINER_OF(session, struct client, session)->handler);
    }
    return OS_OK;
}

static os_err set_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct client *client = client_of(rpc);
    os_cap_drop(client->handler.cap);
    client->handler.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

static const struct os_rtc_ops ops = { .now = now, .set = set, .set_sigh = set_sigh };

/* ---- sessions */

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct client *client;
    os_rtc_cap rtc_cap;
    os_err err = os_quota_charge(&request->quota, sizeof(*client), 1);
    if (err)
        return err;
    client = calloc(1, sizeof(*client));
    if (!client)
        return OS_ERR_NO_MEMORY;
    client->rtc = OS_CONTAINER_OF(root, struct rtc, root);
    snprintf(client->label, sizeof(client->label), "%s", request->label);
    err = os_rtc_object_init(&client->object, root->env->ep, &ops, &rtc_cap);
    if (err) {
        free(client);
        return err;
    }
    *session = &client->session;
    cap->cap = rtc_cap.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct client *client = OS_CONTAINER_OF(session, struct client, session);
    (void)root;
    os_object_fini(&client->object);
    os_cap_drop(client->handler.cap);
    free(client);
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

/* ---- the start */

/* It is looked at when somebody sets the clock; where the time was from at the start stays as it was. */
static void config_changed(struct os_config_rom *config)
{
    (void)config;
}

/* A machine that cannot say what time it is is no reason not to start: somebody may know better later. */
static void ask_platform(struct rtc *rtc)
{
    struct os_rtc_session platform;
    struct os_rtc_time time;
    int64_t timer;
    os_err err = os_rtc_open(rtc->env, "", "", &platform);
    if (err) {
        printf("the platform's clock is not known: %s\n", os_err_text(err));
        return;
    }
    err = os_rtc_now(platform.cap, &time);
    if (!err)
        err = timer_us(rtc, &timer);
    os_rtc_close(&platform);
    if (err) {
        printf("the platform's clock is not known: %s\n", os_err_text(err));
        return;
    }
    rtc->offset = time.us - timer;
    rtc->source = OS_RTC_PLATFORM;
}

void component_construct(struct os_env *env)
{
    static struct rtc state;
    struct rtc *rtc = &state;

    *rtc = (struct rtc){ .env = env };
    os_require(env, os_config_rom_open(&rtc->config, env, "config", config_changed), "no config");
    os_require(env, os_timeouts_open(&rtc->timer, env, env->ep), "cannot open Timer");
    if (os_config_bool(&rtc->config.config, os_config_root(&rtc->config.config), "platform", 0))
        ask_platform(rtc);
    os_require(env, os_root_server_init(&rtc->root, env, env->ep, "Rtc", &handlers), "cannot offer Rtc");
}
