/* SPDX-License-Identifier: BSD-2-Clause */
/* knock: connects with a server, says a line, prints what comes back, and ends. */
#include <os/component.h>
#include <os/config_rom.h>
#include <network/socket.h>

#include <stdio.h>
#include <string.h>

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 4M\n"
            "caps: 64\n"
            "config: { network: any, to: string, say: string }\n");

static struct os_config_rom config;
static struct net_stack stack;
static struct net_tcp tcp;

static const char *option(const char *key, const char *fallback)
{
    return os_config_str(&config.config, os_config_root(&config.config), key, fallback);
}

static void connected(struct net_tcp *with)
{
    const char *line = option("say", "hello");
    size_t len;
    os_require(stack.env, net_tcp_write(with, line, strlen(line), &len), "cannot write");
    net_tcp_shutdown(with); /* that was all, and the server is told so */
}

static void readable(struct net_tcp *from)
{
    char text[128];
    size_t len;
    while (!net_tcp_read(from, text, sizeof(text), &len)) {
        if (!len) /* the server's end */
            net_stack_exit(&stack, 0);
        printf("the answer is \"%.*s\"\n", (int)len, text);
    }
}

/* Not made, or broken. */
static void closed(struct net_tcp *with, os_err err)
{
    printf("no connection with %s: %s\n", option("to", ""), os_err_text(err));
    net_stack_exit(&stack, 1);
}

static void ready(struct net_stack *on)
{
    struct net_addr to;
    os_require(on->env, net_addr_parse(option("to", "10.0.0.1:7"), &to), "no address to knock at");
    tcp = (struct net_tcp){ .connected = connected, .readable = readable, .closed = closed };
    os_require(on->env, net_tcp_connect(on, &tcp, &to, NULL), "cannot connect");
}

void component_construct(struct os_env *env)
{
    os_require(env, os_config_rom_open(&config, env, "config", NULL), "no config");
    stack.ready = ready;
    net_stack_require(&stack, env, &config.config);
}
