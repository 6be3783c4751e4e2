/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer server: signals its clients when their time has come. All sessions that wait are in one list,
 * sorted by due time, and one alarm of the entrypoint stands for the first of them; without one nothing wakes
 * up.
 */
#include <os/component.h>
#include <os/timer.h>

#include <stdlib.h>

OS_MANIFEST("provides: [Timer]\n"
            "ram: 1M\n"
            "caps: 32\n");

struct timer {
    struct os_root_server root;
    struct os_alarm alarm;
    struct os_list waiting; /* of struct client.link, sorted by due */
    os_time start;          /* when the timer's time was 0 */
};

struct client {
    struct os_root_session session;
    struct os_object object;
    struct os_list link; /* in waiting while due is not OS_NEVER */
    struct timer *timer;
    os_time due;           /* in the timer's time */
    os_signal_cap handler; /* owned */
};

static os_time timer_now(const struct timer *timer)
{
    return os_clock_now() - timer->start;
}

/* A point of the timer's time as one of the clock. */
static os_time clock_at(const struct timer *timer, os_time at)
{
    return at < OS_NEVER - timer->start ? timer->start + at : OS_NEVER;
}

/* The alarm stands for the first that waits. */
static void set_alarm(struct timer *timer)
{
    if (os_list_empty(&timer->waiting)) {
        os_alarm_clear(&timer->alarm);
        return;
    }
    struct client *first = OS_CONTAINER_OF(timer->waiting.next, struct client, link);
    os_alarm_set(timer->root.env->ep, &timer->alarm, clock_at(timer, first->due));
}

static void stop_waiting(struct client *client)
{
    os_list_remove(&client->link);
    client->due = OS_NEVER;
}

static void wait_until(struct client *client, os_time due)
{
    struct os_list *pos = client->timer->waiting.next;

    while (pos != &client->timer->waiting && OS_CONTAINER_OF(pos, struct client, link)->due <= due)
        pos = pos->next;
    client->due = due;
    os_list_insert(pos, &client->link);
}

static void handle_alarm(struct os_alarm *alarm)
{
    struct timer *timer = OS_CONTAINER_OF(alarm, struct timer, alarm);
    os_time now = timer_now(timer);

    OS_LIST_FOR_EACH_SAFE (pos, &timer->waiting) {
        struct client *client = OS_CONTAINER_OF(pos, struct client, link);
        if (client->due > now)
            break;
        stop_waiting(client);
        os_signal_submit(client->handler);
    }
    set_alarm(timer);
}

static struct client *client_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct client, object);
}

static os_err now(struct os_rpc *rpc, os_time *result)
{
    *result = timer_now(client_of(rpc)->timer);
    return OS_OK;
}

static os_err trigger_at(struct os_rpc *rpc, os_time at)
{
    struct client *client = client_of(rpc);

    stop_waiting(client);
    if (at != OS_NEVER)
        wait_until(client, at);
    set_alarm(client->timer);
    return OS_OK;
}

static os_err sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct client *client = client_of(rpc);

    os_cap_drop(client->handler.cap);
    client->handler.cap = os_cap_copy(handler.cap);
    return OS_OK;
}

static const struct os_timer_ops timer_ops = { .now = now, .trigger_at = trigger_at, .sigh = sigh };

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    os_timer_cap timer_cap;
    struct client *client;
    os_err err = os_quota_charge(&request->quota, sizeof(*client), 1);
    if (err)
        return err;

    client = calloc(1, sizeof(*client));
    if (!client)
        return OS_ERR_NO_MEMORY;
    client->timer = OS_CONTAINER_OF(root, struct timer, root);
    client->due = OS_NEVER;
    os_list_init(&client->link);
    err = os_timer_object_init(&client->object, root->env->ep, &timer_ops, &timer_cap);
    if (err) {
        free(client);
        return err;
    }
    *session = &client->session;
    cap->cap = timer_cap.cap;
    return OS_OK;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct client *client = OS_CONTAINER_OF(session, struct client, session);

    stop_waiting(client);
    set_alarm(client->timer);
    os_object_fini(&client->object);
    os_cap_drop(client->handler.cap);
    free(client);
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

void component_construct(struct os_env *env)
{
    static struct timer state;
    struct timer *timer = &state;

    *timer = (struct timer){ .start = os_clock_now() };
    timer->alarm.handle = handle_alarm;
    os_list_init(&timer->alarm.link);
    os_list_init(&timer->waiting);
    os_require(env, os_root_server_init(&timer->root, env, env->ep, "Timer", &handlers),
               "cannot offer Timer");
}
