/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_nic_server.c: reads all frames of its client, as the other end of a cable. */
#include <network/port.h>
#include <os/component.h>

#include "bench_nic.h"

OS_MANIFEST("provides: [Nic]\n"
            "ram: 4M\n"
            "caps: 60\n");

static struct net_port_server server;

static os_err opened(struct net_port_server *of, struct net_port *port, const char *args)
{
    port->info = (struct os_nic_info){ .mtu = OS_NIC_MTU, .link = 1 };
    memcpy(port->info.mac, bench_nic_sender, sizeof(port->info.mac));
    return OS_OK;
}

static void closed(struct net_port *port)
{
}

static void frame(struct net_port *port, const uint8_t *data, uint32_t len, uint32_t flags)
{
    payload_read(data, len);
}

void component_construct(struct os_env *env)
{
    static const struct net_port_handlers handlers = {
        .size = sizeof(struct net_port), .open = opened, .close = closed, .frame = frame
    };
    os_require(env, net_port_server_init(&server, env, 0, &handlers), "Nic");
}
