/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports.c: ports of a task, made and ended by the kernel's calls. For core itself they are the functions that
 * its transport asks for (ports.h); for a component core calls them in its name (native.c), because the
 * component does not hold its task port.
 */
#include "internal.h"

static os_err error_of(mach_err err)
{
    if (!err)
        return OS_OK;
    return err == KERN_RESOURCE_SHORTAGE || err == KERN_NO_SPACE ? OS_ERR_HANDLES : OS_ERR_BAD_ARG;
}

/* Whoever holds send rights keeps their names; only what receives ends. */
static mach_err drop_receive(mach_port_t task, mach_port_t name)
{
    return mach_port_mod_refs(task, name, MACH_RIGHT_RECEIVE, -1);
}

os_err mach_ports_create(mach_port_t task, mach_port_t set, uint32_t payload, uint32_t limit,
                         mach_port_t *name)
{
    mach_port_t made;
    mach_err err = mach_port_allocate(task, MACH_RIGHT_RECEIVE, &made);
    if (err)
        return error_of(err);
    err = mach_port_set_protected_payload(task, made, payload);
    if (!err)
        err = mach_port_set_qlimit(task, made, limit);
    if (!err && set)
        err = mach_port_move_member(task, made, set);
    if (err) {
        drop_receive(task, made);
        return error_of(err);
    }
    *name = made;
    return OS_OK;
}

os_err mach_ports_create_set(mach_port_t task, mach_port_t *set)
{
    return error_of(mach_port_allocate(task, MACH_RIGHT_SET, set));
}

os_err mach_ports_destroy(mach_port_t task, mach_port_t name)
{
    mach_err err = drop_receive(task, name);
    if (err == KERN_INVALID_RIGHT)
        err = mach_port_mod_refs(task, name, MACH_RIGHT_SET, -1);
    return error_of(err);
}

/*
 * One request at a time: another would take the place of the first, whose right, given back, sends a message
 * of its own to the port.
 */
os_err mach_ports_holders(mach_port_t task, mach_port_t name, int *any)
{
    struct mach_port_status status;
    mach_port_t notify, previous;
    mach_err err = mach_port_get_receive_status(task, name, &status);
    if (err)
        return error_of(err);
    *any = status.srights != 0;
    if (!status.srights || status.nsrequest)
        return OS_OK;
    err = mach_port_extract_right(task, name, MACH_TYPE_MAKE_SEND_ONCE, &notify);
    if (err)
        return error_of(err);
    err = mach_port_request_notification(task, name, MACH_NOTIFY_NO_SENDERS, 0, notify,
                                         MACH_TYPE_MOVE_SEND_ONCE, &previous);
    if (err)
        mach_port_deallocate(mach_core.task, notify);
    return error_of(err);
}

/*
 * One message can bring more references to a right than the kernel counts. To give all of them back would
 * take those that are still used, and the name would come to mean something else. So none is given back any
 * more.
 */
static int is_uncounted(mach_port_t task, mach_port_t name, uint32_t right)
{
    uint32_t refs;
    return !mach_port_get_refs(task, name, right, &refs) && refs >= MACH_PORT_REFS_MAX;
}

os_err mach_ports_release(mach_port_t task, mach_port_t name, uint32_t count)
{
    if (!count || count > INT32_MAX)
        return OS_ERR_BAD_ARG;
    if (is_uncounted(task, name, MACH_RIGHT_SEND))
        return OS_OK;
    mach_err err = mach_port_mod_refs(task, name, MACH_RIGHT_SEND, -(int32_t)count);
    if (err == KERN_INVALID_RIGHT && is_uncounted(task, name, MACH_RIGHT_DEAD_NAME))
        return OS_OK;
    if (err == KERN_INVALID_RIGHT) /* its receiver has gone */
        err = mach_port_mod_refs(task, name, MACH_RIGHT_DEAD_NAME, -(int32_t)count);
    if (err == KERN_INVALID_RIGHT && count == 1)
        err = mach_port_mod_refs(task, name, MACH_RIGHT_SEND_ONCE, -1);
    return error_of(err);
}

/* ---- core's own */

os_err ports_create(mach_port_t set, uint32_t payload, uint32_t limit, mach_port_t *name)
{
    return mach_ports_create(mach_core.task, set, payload, limit, name);
}

os_err ports_create_set(mach_port_t *set)
{
    return mach_ports_create_set(mach_core.task, set);
}

void ports_destroy(mach_port_t name)
{
    mach_ports_destroy(mach_core.task, name);
}

int ports_holders(mach_port_t name)
{
    int any;
    return mach_ports_holders(mach_core.task, name, &any) || any;
}

void ports_release(mach_port_t name, uint32_t count)
{
    mach_ports_release(mach_core.task, name, count);
}

void ports_unmap(uint32_t at, uint32_t size)
{
    vm_deallocate(mach_core.task, at, size);
}

void ports_alarm(mach_port_t name, os_time when)
{
    mach_alarm_set(NULL, name, when);
}
