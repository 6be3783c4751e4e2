/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.c: see wire.h. */
#include "wire.h"

#include <network/port.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/must.h"
#include "several.h"

/* A frame on its way. */
struct flight {
    struct flight *next;
    os_time due;
    struct net_port *from; /* NULL: it has gone, or the frame is the test's */
    uint32_t len, flags;
    uint8_t data[];
};

static struct wire *the_wire;
static struct net_port_server ports;
static struct flight *flights;
static struct os_alarm alarm;
static struct os_signal_handler stop;
static os_signal_cap stop_signal;

static uint32_t chance(void)
{
    the_wire->seed = the_wire->seed * 1664525u + 1013904223u;
    return (the_wire->seed >> 12) % 1000;
}

static void carry(struct net_port *from, const uint8_t *data, uint32_t len, uint32_t flags)
{
    OS_LIST_FOR_EACH (link, &ports.ports) {
        struct net_port *port = OS_CONTAINER_OF(link, struct net_port, link);
        if (port == from)
            continue;
        uint64_t before = port->rx.dropped;
        net_port_send(port, data, len, flags);
        if (port->info.link)
            the_wire->overflown += port->rx.dropped - before;
    }
}

static void on_alarm(struct os_alarm *of)
{
    while (flights && flights->due <= os_clock_now()) {
        struct flight *flight = flights;
        flights = flight->next;
        carry(flight->from, flight->data, flight->len, flight->flags);
        free(flight);
    }
    net_port_flush_all(&ports);
    if (flights)
        os_alarm_set(ports.env->ep, of, flights->due);
}

static void launch(struct net_port *from, const uint8_t *data, uint32_t len, uint32_t flags, os_time delay)
{
    struct flight *flight = malloc(sizeof(*flight) + len), **at = &flights;
    must(flight != NULL);
    *flight = (struct flight){ .due = os_clock_now() + delay, .from = from, .len = len, .flags = flags };
    memcpy(flight->data, data, len);
    if (chance() < the_wire->damaged) {
        flight->data[chance() * len / 1000] ^= 1 << chance() % 8;
        flight->flags = 0;
    }
    while (*at && (*at)->due <= flight->due)
        at = &(*at)->next;
    flight->next = *at;
    *at = flight;
    alarm.handle = on_alarm;
    os_alarm_set(ports.env->ep, &alarm, flights->due);
}

static void on_frame(struct net_port *port, const uint8_t *data, uint32_t len, uint32_t flags)
{
    the_wire->frames++;
    if (the_wire->seen)
        the_wire->seen(data, len, flags);
    if (chance() < the_wire->loss) {
        the_wire->lost++;
        return;
    }
    int impaired = the_wire->delay || the_wire->damaged || the_wire->reordered || the_wire->duplicated;
    if (!impaired) {
        carry(port, data, len, flags);
        return;
    }
    launch(port, data, len, flags, the_wire->delay * (chance() < the_wire->reordered ? 2 : 1));
    if (chance() < the_wire->duplicated)
        launch(port, data, len, flags, the_wire->delay);
}

static os_err on_open(struct net_port_server *server, struct net_port *port, const char *args)
{
    port->info = (struct os_nic_info){ .mac = { 2, 0, 0, 0, 0, (uint8_t)port->label[0] },
                                       .mtu = the_wire->mtu ? the_wire->mtu : OS_NIC_MTU,
                                       .link = !the_wire->down };
    return OS_OK;
}

static void on_close(struct net_port *port)
{
    for (struct flight *flight = flights; flight; flight = flight->next)
        if (flight->from == port)
            flight->from = NULL;
}

static const struct net_port_handlers handlers = {
    .size = sizeof(struct net_port),
    .open = on_open,
    .close = on_close,
    .frame = on_frame,
};

static void on_stop(struct os_signal_handler *handler);

static void construct(struct os_env *env)
{
    must(!net_port_server_init(&ports, env, 0, &handlers));
    must(!os_signal_handler_init(&stop, env->ep, on_stop, &stop_signal));
}

static void start(struct wire *wire)
{
    inproc_env_init(&wire->env, "wire");
    inproc_env_quota(&wire->env, OS_MIB(64), 1000);
    inproc_env_construct(&wire->env, construct);
}

static void forget_flights(void)
{
    while (flights) {
        struct flight *flight = flights;
        flights = flight->next;
        free(flight);
    }
}

void wire_init(struct wire *wire)
{
    several_init();
    the_wire = wire;
    ports = (struct net_port_server){ 0 };
    start(wire);
}

void wire_fini(struct wire *wire)
{
    forget_flights();
    must(!inproc_env_fini(&wire->env));
}

/* On its own thread, whose handles they are. */
static void on_stop(struct os_signal_handler *handler)
{
    os_alarm_clear(&alarm);
    forget_flights();
    net_port_server_fini(&ports);
    ports = (struct net_port_server){ 0 };
}

void wire_kill(struct wire *wire)
{
    os_signal_submit(stop_signal);
    inproc_idle();
    must(!ports.env);
    inproc_env_kill(&wire->env);
    must(!inproc_env_fini(&wire->env));
    start(wire);
}

void wire_set_link(struct wire *wire, int up)
{
    wire->down = !up;
    OS_LIST_FOR_EACH (link, &ports.ports)
        net_port_set_link(OS_CONTAINER_OF(link, struct net_port, link), up);
    inproc_idle();
}

void wire_inject(struct wire *wire, const void *data, uint32_t len, uint32_t flags)
{
    (void)wire;
    carry(NULL, data, len, flags);
    net_port_flush_all(&ports);
    inproc_idle();
}

void wire_answer(const void *data, uint32_t len, uint32_t flags)
{
    launch(NULL, data, len, flags, OS_MS);
}

/* ---- a component with a stack ---- */

static void on_changed(struct net_stack *stack)
{
    OS_CONTAINER_OF(stack, struct host, stack)->changes++;
}

static void on_ready(struct net_stack *stack)
{
    OS_CONTAINER_OF(stack, struct host, stack)->readies++;
}

static struct host *beginning;
static os_err begun;

static void on_end(struct os_signal_handler *handler)
{
    struct host *host = OS_CONTAINER_OF(handler, struct host, end);
    net_stack_fini(&host->stack);
    os_cap_drop(host->end_signal.cap);
    os_signal_handler_fini(handler);
}

/* On its own thread, whose handles they are. */
static void construct_host(struct os_env *env)
{
    struct host *host = beginning;
    must(!os_signal_handler_init(&host->end, env->ep, on_end, &host->end_signal));
    begun = net_stack_init(&host->stack, env, &host->config, os_config_root(&host->config));
}

os_err host_try(struct host *host, const char *label, const char *config)
{
    size_t size;
    inproc_env_init(&host->env, label);
    if (host->ram)
        inproc_env_quota(&host->env, host->ram, 1000);
    host->config_data = inproc_config_make("test.yaml", config, &size);
    must(!os_config_init(&host->config, host->config_data, size));
    host->stack.changed = on_changed;
    host->stack.ready = on_ready;
    beginning = host;
    inproc_env_construct(&host->env, construct_host);
    return begun;
}

void host_init(struct host *host, const char *label, const char *config)
{
    must(!host_try(host, label, config));
}

void host_fini(struct host *host)
{
    os_signal_submit(host->end_signal);
    inproc_idle();
    must(!host->stack.own);
    must(!host->end.plat);
    must(!inproc_env_fini(&host->env));
    free(host->config_data);
    *host = (struct host){ 0 };
}

struct net_stack_state host_state(struct host *host)
{
    struct net_stack_state state;
    net_stack_state(&host->stack, &state);
    return state;
}
