/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native.c: what the Linux runtime in a component asks of core, because its sandbox does not let it: sockets,
 * pipes, and descriptors of memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

/* Kernel memory that one socket of a component can hold: some twenty messages. */
enum { SOCKET_BUFFER = 32 * 1024 };

static struct core_process *process_of(struct os_rpc *rpc)
{
    return OS_CONTAINER_OF(rpc->object, struct core_process, native);
}

os_err linux_native_pair(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
        return OS_ERR_HANDLES;
    for (int i = 0; i < 2; i++)
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &(int){ SOCKET_BUFFER }, sizeof(int));
    return OS_OK;
}

static os_err make_signal(int fds[2])
{
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
        return OS_ERR_HANDLES;
    fcntl(fds[1], F_SETPIPE_SZ, OS_PAGE_SIZE);
    return OS_OK;
}

/* COUNT descriptors become capabilities, all of them or none. */
static os_err to_caps(const int *fds, os_any_cap *const *caps, unsigned count)
{
    os_err err = OS_OK;
    for (unsigned i = 0; i < count; i++) {
        struct os_cap cap = OS_NO_CAP;
        if (!err)
            err = transport_cap_from_fd(fds[i], &cap);
        else
            close(fds[i]);
        caps[i]->cap = cap;
    }
    for (unsigned i = 0; err && i < count; i++)
        os_cap_drop(caps[i]->cap);
    return err;
}

static os_err charge_caps(struct core_process *process, uint32_t count)
{
    os_err err = core_account_charge(process->pd->session.account, 0, count);
    if (!err)
        process->caps += count;
    return err;
}

static void refund_caps(struct core_process *process, uint32_t count)
{
    if (count > process->caps)
        count = process->caps;
    process->caps -= count;
    core_account_refund(process->pd->session.account, 0, count);
}

static os_err native_pairs(struct os_rpc *rpc, os_any_cap *a0, os_any_cap *b0, os_any_cap *a1, os_any_cap *b1,
                           os_any_cap *a2, os_any_cap *b2, os_any_cap *a3, os_any_cap *b3)
{
    enum { PAIRS = 4 };
    struct core_process *process = process_of(rpc);
    os_any_cap *const caps[2 * PAIRS] = { a0, b0, a1, b1, a2, b2, a3, b3 };
    int fds[2 * PAIRS];
    unsigned made = 0;
    os_err err = charge_caps(process, PAIRS);
    if (err)
        return err;
    while (!err && made < PAIRS) {
        err = linux_native_pair(fds + 2 * made);
        if (!err)
            made++;
    }
    if (!err) {
        err = to_caps(fds, caps, 2 * PAIRS);
        made = 0;
    }
    if (err) {
        for (unsigned i = 0; i < 2 * made; i++)
            close(fds[i]);
        refund_caps(process, PAIRS);
    }
    return err;
}

static os_err native_signal(struct os_rpc *rpc, os_any_cap *receive, os_any_cap *submit)
{
    struct core_process *process = process_of(rpc);
    os_any_cap *const caps[] = { receive, submit };
    int fds[2];
    os_err err = charge_caps(process, 1);
    if (err)
        return err;
    err = make_signal(fds);
    if (!err)
        err = to_caps(fds, caps, 2);
    if (err)
        refund_caps(process, 1);
    return err;
}

static os_err native_release(struct os_rpc *rpc, uint32_t count)
{
    refund_caps(process_of(rpc), count);
    return OS_OK;
}

/* A page of page tables maps 2 MiB; that of a small attachment may be for it alone. */
static uint64_t table_bytes(uint64_t size)
{
    return (size + OS_MIB(2) - 1) / OS_MIB(2) * OS_PAGE_SIZE;
}

/* The address space that the kernel lets the process have follows what it has attached. */
static os_err set_space(struct core_process *process, uint64_t attached)
{
    struct rlimit limit;
    if (prlimit(process->pid, RLIMIT_AS, NULL, &limit))
        return OS_ERR_DEAD;
    if (!process->space)
        process->space = limit.rlim_cur;
    if (process->space != RLIM_INFINITY) {
        limit.rlim_cur = process->space + attached;
        if (prlimit(process->pid, RLIMIT_AS, &limit, NULL))
            return OS_ERR_RAM;
    }
    return OS_OK;
}

os_err linux_native_space(struct core_process *process, uint64_t more, uint64_t less)
{
    if (less > process->attached)
        less = process->attached;
    if (process->pid) {
        os_err err = set_space(process, process->attached + more - less);
        if (err && more)
            return err;
    }
    process->attached += more - less;
    return OS_OK;
}

static os_err native_channel(struct os_rpc *rpc, os_any_cap *memory, os_any_cap *doorbell)
{
    struct core_process *process = process_of(rpc);
    os_any_cap *const caps[] = { memory, doorbell };
    int fds[2];
    os_err err = linux_process_wait(process);
    if (!err)
        err = linux_channel_create(process, fds);
    return err ? err : to_caps(fds, caps, 2);
}

static os_err native_serve(struct os_rpc *rpc, os_any_cap memory)
{
    struct core_process *process = process_of(rpc);
    os_err err = linux_process_wait(process);
    return err ? err : linux_channel_serve(process, transport_cap_fd(memory.cap));
}

static os_err native_attach(struct os_rpc *rpc, os_dataspace_cap cap, uint64_t size, uint32_t writable,
                            uint64_t *ds_size, os_any_cap *result)
{
    struct core_process *process = process_of(rpc);
    struct core_account *account = process->pd->session.account;
    int may_write, fd;
    struct core_ds *ds = core_ds_of(&linux_core.core, cap, &may_write);
    if (!ds)
        return OS_ERR_BAD_CAP;
    if (writable && !may_write)
        return OS_ERR_DENIED;
    size = size ? os_page_up(size) : ds->size;
    if (!size || size > ds->size)
        return OS_ERR_BAD_ARG;
    os_err err = linux_process_wait(process);
    if (err)
        return err;
    uint64_t tables = table_bytes(size);
    err = core_account_charge(account, tables, 0);
    if (err)
        return err;
    err = set_space(process, process->attached + size);
    if (err)
        goto refund;
    err = linux_memory_open(ds->memory, (int)writable, &fd);
    if (!err)
        err = transport_cap_from_fd(fd, &result->cap);
    if (err)
        goto lower_space;
    process->attached += size;
    process->tables += tables;
    *ds_size = ds->size;
    return OS_OK;

lower_space:
    (void)set_space(process, process->attached);
refund:
    core_account_refund(account, tables, 0);
    return err;
}

/* A component can say that it detached what it did not: the kernel then holds it to the lower limit. */
static os_err native_detach(struct os_rpc *rpc, uint64_t size)
{
    struct core_process *process = process_of(rpc);
    if (size > process->attached)
        size = process->attached;
    uint64_t tables = size == process->attached ? process->tables : table_bytes(size);
    if (tables > process->tables)
        tables = process->tables;
    process->attached -= size;
    process->tables -= tables;
    core_account_refund(process->pd->session.account, tables, 0);
    return process->pid ? set_space(process, process->attached) : OS_OK;
}

static const struct linux_native_ops ops = { .pairs = native_pairs,
                                             .signal = native_signal,
                                             .release = native_release,
                                             .attach = native_attach,
                                             .detach = native_detach,
                                             .channel = native_channel,
                                             .serve = native_serve };

/* Only the component has this object, and from its start; so it needs no socket by which it is handed on. */
os_err linux_native_init(struct core_process *process)
{
    struct plat_object *plat;
    os_err err = transport_object_create(linux_core.ep.plat, &process->native, &plat);
    if (err)
        return err;
    linux_native_complete_(&ops);
    os_rpc_object_serve(&process->native, &linux_core.ep, &linux_native_interface, &ops,
                        linux_native_dispatch_, plat);
    return OS_OK;
}

/* ---- the same for core itself, by system calls */

static void nothing_to_count(void)
{
}

static const struct transport_hooks hooks = { .pair = linux_native_pair,
                                              .pair_closed = nothing_to_count,
                                              .signal_pipe = make_signal,
                                              .signal_closed = nothing_to_count };

void linux_native_hooks(void)
{
    transport_init(&hooks);
}
