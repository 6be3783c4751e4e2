/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.c: the service Machine: who has which device, and what of the machine belongs to it. Interrupts and
 * the keyboard stay core's own once they were asked for, for the kernel cannot be relied upon to give them
 * back; they lead to the driver that is there.
 */
#include <stdlib.h>
#include <string.h>

#include <mach_base/machine.h>

#include "internal.h"
#include "io.h"

enum { READ_WRITE = 3 };

struct device_session;

struct device {
    const char *name;
    struct range {
        uint16_t first, last;
    } ports[2];
    os_err (*find)(struct device *device); /* whether this machine has one; NULL: they all do */
    int found;                             /* by find, which sets what the machine has chosen */
    uint32_t memory, memory_size;          /* 0: none */
    unsigned interrupt;                    /* 0: none */
    int keyboard;
    struct device_session *owner;

    struct transport_watch line; /* of interrupts; port 0: not asked for yet */
    int interrupted;             /* and not acknowledged */
};

struct device_session {
    struct core_session session;
    struct os_object object;
    struct device *device;
    mach_port_t task; /* that may use the ports; 0: none yet */
    struct os_list dataspaces;
    os_signal_cap interrupt_sigh, keys_sigh;
};

static struct device_session *session_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct device_session, object);
}

static void set_sigh(os_signal_cap *to, os_signal_cap handler)
{
    os_cap_drop(to->cap);
    to->cap = os_cap_copy(handler.cap);
}

/* ---- the keyboard */

enum {
    EVENT_MODE = 0x80044b01, /* KDSKBDMODE of the kernel's device.h */
    EVENTS = 1,
    READ_REPLY_INBAND = 2905,
    READ_SIZE = 128,
    KEY_EVENT = 5, /* KEYBD_EVENT */
    LOST = 0xff,
};

/* The kernel's kd_event, of a key. */
struct key_event {
    uint32_t type, seconds, microseconds;
    uint8_t code, unused[3];
};

static struct keyboard {
    mach_port_t device;
    int works;
    struct transport_watch reply;
    struct device *leads_to; /* the device that has it */
    uint8_t codes[64];
    uint32_t count;
} keyboard;

static os_err ask_for_keys(void)
{
    return device_read_request_inband(keyboard.device, keyboard.reply.port, 0, READ_SIZE) ? OS_ERR_IO : OS_OK;
}

static void add_key(uint8_t code)
{
    if (keyboard.count < sizeof(keyboard.codes))
        keyboard.codes[keyboard.count++] = code;
    else
        keyboard.codes[sizeof(keyboard.codes) - 1] = LOST;
}

/* The answer: type and value of the result, type of the bytes, and the bytes: whole events. */
static void take_keys(const struct mach_header *msg)
{
    struct {
        struct mach_header head;
        uint32_t result_type, result, type;
        struct key_event events[READ_SIZE / sizeof(struct key_event)];
    } reply = { .result = 0 };
    memcpy(&reply, msg, msg->size < sizeof(reply) ? msg->size : sizeof(reply));
    if (msg->id != READ_REPLY_INBAND || reply.result)
        return;
    uint32_t count = MACH_TYPE_NUMBER(reply.type) / sizeof(*reply.events);
    for (uint32_t i = 0; i < count && i < OS_ARRAY_LEN(reply.events); i++)
        if (reply.events[i].type == KEY_EVENT)
            add_key(reply.events[i].code);
}

static void keys_came(struct transport_watch *watch, struct mach_header *msg)
{
    struct device_session *owner = keyboard.leads_to->owner;
    (void)watch;
    take_keys(msg);
    transport_discard(msg);
    if (owner)
        os_signal_submit(owner->keys_sigh);
    else
        keyboard.count = 0;
    (void)ask_for_keys();
}

/*
 * To open the device makes the kernel set up its text console, which writes to the screen's memory: so this
 * comes before any driver can set a mode of its own.
 */
static os_err open_keyboard(struct device *leads_to)
{
    static const uint32_t events = EVENTS;
    os_err err = OS_OK;
    if (keyboard.works)
        return OS_OK;
    keyboard.leads_to = leads_to;
    keyboard.reply.received = keys_came;
    if (!keyboard.reply.port)
        err = transport_watch(mach_core.ep.plat, &keyboard.reply, 1);
    if (err)
        return err;
    if ((!keyboard.device && device_open(mach_core.device, READ_WRITE, "kbd", &keyboard.device)) ||
        device_set_status(keyboard.device, EVENT_MODE, &events, 1))
        return OS_ERR_IO;
    err = ask_for_keys();
    keyboard.works = !err;
    return err;
}

/* ---- interrupts */

static mach_port_t interrupts;

os_err mach_interrupt_open(unsigned number, struct transport_watch *line)
{
    if (!interrupts && device_open(mach_core.device, READ_WRITE, "irq", &interrupts))
        return OS_ERR_IO;
    os_err err = transport_watch(mach_core.ep.plat, line, 1);
    if (err)
        return err;
    if (!device_intr_register(interrupts, number, 0, line->port))
        return OS_OK;
    transport_unwatch(line);
    line->port = MACH_PORT_NULL;
    return OS_ERR_BUSY;
}

void mach_interrupt_acknowledge(struct transport_watch *line)
{
    (void)device_intr_ack(interrupts, line->port);
}

static void interrupt_came(struct transport_watch *watch, struct mach_header *msg)
{
    struct device *device = OS_CONTAINER_OF(watch, struct device, line);
    transport_discard(msg);
    device->interrupted = 1;
    if (device->owner)
        os_signal_submit(device->owner->interrupt_sigh);
}

/* ---- devices */

enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc, PCI_ENABLE = 1 << 31, PCI_DEVICES = 32 };
enum { PCI_BAR0 = 0x10, PCI_BAR_PORTS = 1, PCI_BAR_FLAGS = 3, PCI_INTERRUPT = 0x3c };

static uint32_t pci_read(unsigned device, unsigned offset)
{
    uint32_t value;
    __asm__ volatile("outl %0, %1"
                     :
                     : "a"((uint32_t)PCI_ENABLE | device << 11 | offset), "d"((uint16_t)PCI_ADDRESS));
    __asm__ volatile("inl %1, %0" : "=a"(value) : "d"((uint16_t)PCI_DATA));
    return value;
}

static void pci_write(unsigned device, unsigned offset, uint32_t value)
{
    (void)pci_read(device, offset);
    __asm__ volatile("outl %0, %1" : : "a"(value), "d"((uint16_t)PCI_DATA));
}

/* The device on the first bus whose vendor and kind are ID. */
static os_err pci_find(uint32_t id, unsigned *at)
{
    os_err err = io_allow(PCI_ADDRESS, PCI_DATA + 3);
    if (err)
        return err;
    for (*at = 0; *at < PCI_DEVICES; ++*at)
        if (pci_read(*at, 0) == id)
            return OS_OK;
    return OS_ERR_NOT_FOUND;
}

/* How large its memory is a device tells when all ones are written to its address. */
static os_err find_vga(struct device *vga)
{
    enum { BOCHS_VBE = 0x11111234, FLAGS = 15 };
    unsigned at;
    os_err err = pci_find(BOCHS_VBE, &at);
    if (err)
        return err;
    uint32_t address = pci_read(at, PCI_BAR0);
    pci_write(at, PCI_BAR0, UINT32_MAX);
    vga->memory_size = ~(pci_read(at, PCI_BAR0) & ~(uint32_t)FLAGS) + 1;
    pci_write(at, PCI_BAR0, address);
    vga->memory = address & ~(uint32_t)FLAGS;
    return vga->memory && vga->memory_size ? OS_OK : OS_ERR_NOT_FOUND;
}

/* The ports below 0x400 are those of the machine's own devices, whatever a card says. */
static os_err find_nic(struct device *nic)
{
    enum { REALTEK_8029 = 0x802910ec, PORTS = 32, FIRST = 0x400, INTERRUPTS = 16 };
    unsigned at;
    os_err err = pci_find(REALTEK_8029, &at);
    if (err)
        return err;
    uint32_t address = pci_read(at, PCI_BAR0), first = address & ~(uint32_t)PCI_BAR_FLAGS;
    uint32_t interrupt = pci_read(at, PCI_INTERRUPT) & UINT8_MAX;
    if (!(address & PCI_BAR_PORTS) || first < FIRST || first > UINT16_MAX - PORTS + 1 || !interrupt ||
        interrupt >= INTERRUPTS)
        return OS_ERR_NOT_FOUND;
    nic->ports[0] = (struct range){ (uint16_t)first, (uint16_t)(first + PORTS - 1) };
    nic->interrupt = interrupt;
    return OS_OK;
}

static mach_port_t physical; /* all memory that the machine has, of devices, too */

static struct device devices[] = {
    { .name = "vga", .ports = { { 0x1ce, 0x1d0 } }, .find = find_vga },
    { .name = "nic", .find = find_nic },
    { .name = "ps2", .ports = { { 0x60, 0x60 }, { 0x64, 0x64 } }, .interrupt = 12, .keyboard = 1 },
};

static struct device *find_device(const char *args)
{
    char name[16];
    if (os_args_get(args, "device", name, sizeof(name)))
        return NULL;
    for (size_t i = 0; i < OS_ARRAY_LEN(devices); i++)
        if (!strcmp(devices[i].name, name))
            return &devices[i];
    return NULL;
}

/* What is to be had once for all sessions. */
static os_err prepare(struct device *device)
{
    struct device *with_keyboard = devices;
    while (!with_keyboard->keyboard)
        with_keyboard++;
    os_err err = open_keyboard(with_keyboard);
    if (!err && !physical && device_open(mach_core.device, READ_WRITE, "mem", &physical))
        err = OS_ERR_IO;
    if (!err && device->find && !device->found) {
        err = device->find(device);
        device->found = !err;
    }
    if (!err && device->interrupt && !device->line.port) {
        device->line.received = interrupt_came;
        err = mach_interrupt_open(device->interrupt, &device->line);
    }
    return err;
}

/* Who never has a session of a device that does not work is not to be disturbed by it. */
os_err mach_machine_init(void)
{
    for (size_t i = 0; i < OS_ARRAY_LEN(devices); i++)
        (void)prepare(&devices[i]);
    return OS_OK;
}

/* ---- operations */

static mach_err allow_ports(const struct device *device, mach_port_t task, int allowed)
{
    mach_err err = MACH_OK;
    for (size_t i = 0; i < OS_ARRAY_LEN(device->ports) && !err; i++) {
        const struct range *range = &device->ports[i];
        mach_port_t ports;
        if (!range->first)
            continue;
        err = i386_io_perm_create(mach_core.device, range->first, range->last, &ports);
        if (err)
            break;
        err = i386_io_perm_modify(task, ports, allowed);
        mach_port_deallocate(mach_core.task, ports);
    }
    return err;
}

/* A right to TASK of the session's own, so that its name stays when the process has given up its. */
static os_err do_ports(struct os_rpc *rpc, os_pd_cap cap)
{
    struct device_session *machine = session_of(rpc);
    struct core_pd *pd = core_pd_of(machine->session.core, cap);
    mach_port_t task = pd && pd->process ? pd->process->task : MACH_PORT_NULL;
    if (!task)
        return OS_ERR_BAD_CAP;
    if (machine->task)
        return machine->task == task ? OS_OK : OS_ERR_BUSY;
    if (mach_port_mod_refs(mach_core.task, task, MACH_RIGHT_SEND, 1))
        return OS_ERR_BAD_CAP;
    machine->task = task;
    return allow_ports(machine->device, task, 1) ? OS_ERR_IO : OS_OK;
}

static os_err map_device(void *from, struct core_ds *ds, struct core_memory **memory)
{
    const struct device *device = from;
    mach_port_t object;
    if (device_map(physical, VM_READ | VM_WRITE, device->memory, device->memory_size, &object))
        return OS_ERR_IO;
    os_err err = mach_memory_device(ds, object, device->memory_size, memory);
    if (err)
        mach_port_deallocate(mach_core.task, object);
    return err;
}

static os_err do_memory(struct os_rpc *rpc, os_dataspace_cap *ds, uint64_t *size)
{
    struct device_session *machine = session_of(rpc);
    if (!machine->device->memory)
        return OS_ERR_UNSUPPORTED;
    *size = machine->device->memory_size;
    return core_ds_create_device(machine->session.core, machine->session.account, &machine->dataspaces, *size,
                                 map_device, machine->device, ds);
}

static os_err do_interrupt_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct device_session *machine = session_of(rpc);
    if (!machine->device->interrupt)
        return OS_ERR_UNSUPPORTED;
    set_sigh(&machine->interrupt_sigh, handler);
    if (machine->device->interrupted)
        os_signal_submit(handler);
    return OS_OK;
}

static os_err do_acknowledge(struct os_rpc *rpc)
{
    struct device *device = session_of(rpc)->device;
    if (device->interrupted)
        mach_interrupt_acknowledge(&device->line);
    device->interrupted = 0;
    return OS_OK;
}

static os_err do_keys(struct os_rpc *rpc, uint8_t (*codes)[64], size_t *len)
{
    if (!session_of(rpc)->device->keyboard)
        return OS_ERR_UNSUPPORTED;
    memcpy(*codes, keyboard.codes, keyboard.count);
    *len = keyboard.count;
    keyboard.count = 0;
    return OS_OK;
}

static os_err do_keys_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct device_session *machine = session_of(rpc);
    if (!machine->device->keyboard)
        return OS_ERR_UNSUPPORTED;
    set_sigh(&machine->keys_sigh, handler);
    if (keyboard.count)
        os_signal_submit(handler);
    return OS_OK;
}

static os_err do_first_port(struct os_rpc *rpc, uint16_t *port)
{
    *port = session_of(rpc)->device->ports[0].first;
    return OS_OK;
}

static const struct machine_ops ops = { .ports = do_ports,
                                        .first_port = do_first_port,
                                        .memory = do_memory,
                                        .interrupt_sigh = do_interrupt_sigh,
                                        .acknowledge = do_acknowledge,
                                        .keys = do_keys,
                                        .keys_sigh = do_keys_sigh };

/* ---- sessions */

static void close_session(struct core_session *session)
{
    struct device_session *machine = OS_CONTAINER_OF(session, struct device_session, session);
    if (machine->task) {
        (void)allow_ports(machine->device, machine->task, 0);
        mach_port_deallocate(mach_core.task, machine->task);
    }
    while (!os_list_empty(&machine->dataspaces))
        core_ds_revoke(OS_CONTAINER_OF(machine->dataspaces.next, struct core_ds, link));
    os_cap_drop(machine->interrupt_sigh.cap);
    os_cap_drop(machine->keys_sigh.cap);
    machine->device->owner = NULL;
    os_object_fini(&machine->object);
    core_session_closed(session);
}

os_err mach_machine_open(struct core *core, const char *args, struct core_session **session)
{
    struct device *device = find_device(args);
    if (!device)
        return OS_ERR_BAD_ARG;
    if (device->owner)
        return OS_ERR_BUSY;
    os_err err = prepare(device);
    if (err)
        return err;
    struct device_session *machine = calloc(1, sizeof(*machine));
    if (!machine)
        return OS_ERR_NO_MEMORY;
    machine_cap cap;
    err = machine_object_init(&machine->object, core->ep, &ops, &cap);
    if (err) {
        free(machine);
        return err;
    }
    if (device->keyboard)
        keyboard.count = 0;
    os_list_init(&machine->dataspaces);
    machine->device = device;
    device->owner = machine;
    machine->session.cap.cap = cap.cap;
    machine->session.close = close_session;
    *session = &machine->session;
    return OS_OK;
}
