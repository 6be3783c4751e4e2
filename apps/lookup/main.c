/* SPDX-License-Identifier: BSD-2-Clause */
/* lookup: says which addresses names have, one name after the other, and ends. */
#include <os/component.h>
#include <os/config_rom.h>
#include <network/socket.h>

#include <stdio.h>
#include <string.h>

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 4M\n"
            "caps: 64\n");

static struct os_config_rom config;
static struct net_stack stack;
static os_config_ref name; /* that is being looked up */
static struct net_resolve resolve;
static int failed;

static void next(void);

static void resolved(struct net_resolve *which, os_err err, const struct net_addr *addrs, uint32_t count)
{
    char text[NET_ADDR_TEXT];
    const char *asked = os_config_value(&config.config, name);
    if (err) {
        printf("%s: %s\n", asked, os_err_text(err));
        failed = 1;
    }
    for (uint32_t i = 0; !err && i < count; i++)
        printf("%s: %s\n", asked, net_addr_format(&addrs[i], text));
    name = os_config_next(&config.config, name);
    next();
}

static enum net_family family(void)
{
    const char *word = os_config_str(&config.config, os_config_root(&config.config), "family", "any");
    return !strcmp(word, "ipv4") ? NET_IPV4 : !strcmp(word, "ipv6") ? NET_IPV6 : NET_ANY;
}

static void next(void)
{
    if (!name)
        net_stack_exit(&stack, failed);
    resolve = (struct net_resolve){ .resolved = resolved };
    os_err err = net_resolve(&stack, &resolve, os_config_value(&config.config, name), family());
    if (err)
        resolved(&resolve, err, NULL, 0);
}

static void ready(struct net_stack *which)
{
    next();
}

void component_construct(struct os_env *env)
{
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "no config");
    os_config_ref root = os_config_root(&config.config);
    name = os_config_first(&config.config, os_config_get(&config.config, root, "names"));
    stack.ready = ready;
    net_stack_require(&stack, env, &config.config);
}
