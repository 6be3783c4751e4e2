/* SPDX-License-Identifier: BSD-2-Clause */
/* read_policy.c: reads what an entry says of its life: restart, end, heartbeat, waiting, more resources. */
#include "parts.h"

#define RESTART_MAX       10
#define RESTART_DELAY     (100 * OS_MS)
#define RESTART_DELAY_MAX (10 * OS_SEC)
#define WAIT              (30 * OS_SEC)
#define MAX_MISSED        3

static const char *const restarts[] = { "never", "on-failure", "always" };

static int read_policy(struct reader *reader, os_config_ref node, const char *what, struct restart *restart)
{
    unsigned index;
    if (!read_word(reader->problems, reader->config, node, what, restarts, OS_ARRAY_LEN(restarts), &index))
        return 0;
    restart->policy = (enum restart_policy)index;
    return 1;
}

static void read_restart(struct reader *reader, os_config_ref node, struct restart *restart)
{
    const struct os_config *config = reader->config;
    if (node->kind == OS_CONFIG_SCALAR) {
        (void)read_policy(reader, node, "restart", restart);
        return;
    }
    os_config_ref policy = os_config_get(config, node, "policy"), max = os_config_get(config, node, "max");
    os_config_ref delay = os_config_get(config, node, "delay");
    os_config_ref delay_max = os_config_get(config, node, "delay-max");
    if (policy)
        (void)read_policy(reader, policy, "policy", restart);
    if (max)
        (void)read_u32(reader->problems, config, max, "max", &restart->max);
    if (delay)
        (void)read_time(reader->problems, config, delay, "delay", &restart->delay);
    if (delay_max)
        (void)read_time(reader->problems, config, delay_max, "delay-max", &restart->delay_max);
    if (restart->delay_max < restart->delay)
        restart->delay_max = restart->delay;
}

static void read_heartbeat(struct reader *reader, os_config_ref node, struct heartbeat *heartbeat)
{
    static const char *const actions[] = { "restart", "log" };
    const struct os_config *config = reader->config;
    unsigned index;
    heartbeat->max_missed = MAX_MISSED;
    if (node->kind == OS_CONFIG_SCALAR) {
        (void)read_time(reader->problems, config, node, "heartbeat", &heartbeat->every);
        return;
    }
    os_config_ref every = os_config_get(config, node, "every");
    os_config_ref max_missed = os_config_get(config, node, "max-missed");
    os_config_ref action = os_config_get(config, node, "action");
    if (!every)
        problem_at(reader->problems, node, "heartbeat without 'every', expected a time as 100ms or 2s");
    else
        (void)read_time(reader->problems, config, every, "every", &heartbeat->every);
    if (max_missed)
        (void)read_u32(reader->problems, config, max_missed, "max-missed", &heartbeat->max_missed);
    if (action &&
        read_word(reader->problems, config, action, "action", actions, OS_ARRAY_LEN(actions), &index))
        heartbeat->action = (enum heartbeat_action)index;
}

static void read_more(struct reader *reader, os_config_ref node, struct more *more)
{
    static const char *const words[] = { "deny", "wait" };
    const struct os_config *config = reader->config;
    unsigned index;
    if (node->kind == OS_CONFIG_SCALAR) {
        if (read_word(reader->problems, config, node, "more", words, OS_ARRAY_LEN(words), &index))
            more->policy = (enum more_policy)index;
        return;
    }
    os_config_ref ram = os_config_get(config, node, "ram"), caps = os_config_get(config, node, "caps");
    more->policy = MORE_GRANT;
    if (ram)
        (void)read_size(reader->problems, config, ram, "ram", &more->ram);
    if (caps)
        (void)read_u32(reader->problems, config, caps, "caps", &more->caps);
}

void read_policies(struct reader *reader, os_config_ref node, struct entry *entry)
{
    static const char *const exits[] = { "goes-on", "ends-system", "ends-system-on-failure" };
    static const char *const changes[] = { "restart", "close", "keep" };
    static const char *const upgrades[] = { "manual", "on-change" };
    const struct os_config *config = reader->config;
    os_config_ref at;
    unsigned index;
    entry->restart = (struct restart){ RESTART_ON_FAILURE, RESTART_MAX, RESTART_DELAY, RESTART_DELAY_MAX };
    entry->wait = WAIT;
    if ((at = os_config_get(config, node, "restart")))
        read_restart(reader, at, &entry->restart);
    if ((at = os_config_get(config, node, "wait")))
        (void)read_time(reader->problems, config, at, "wait", &entry->wait);
    if ((at = os_config_get(config, node, "heartbeat")))
        read_heartbeat(reader, at, &entry->heartbeat);
    if ((at = os_config_get(config, node, "more")))
        read_more(reader, at, &entry->more);
    if ((at = os_config_get(config, node, "exit")) &&
        read_word(reader->problems, config, at, "exit", exits, OS_ARRAY_LEN(exits), &index))
        entry->exit = (enum exit_policy)index;
    if ((at = os_config_get(config, node, "on-route-change")) &&
        read_word(reader->problems, config, at, "on-route-change", changes, OS_ARRAY_LEN(changes), &index))
        entry->on_route_change = (enum route_change)index;
    if ((at = os_config_get(config, node, "upgrade")) &&
        read_word(reader->problems, config, at, "upgrade", upgrades, OS_ARRAY_LEN(upgrades), &index))
        entry->upgrade = (enum upgrade_policy)index;
}
