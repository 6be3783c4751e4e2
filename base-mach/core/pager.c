/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager.c: memory objects of zeroed memory, and the thread that serves them.
 *
 * A memory object is a port. When a page of it is touched for the first time, the kernel asks at that port,
 * and the answer here is always the same: there is nothing, take a zeroed page. So the thread needs to know
 * nothing of an object but how large it is, and that is the protected payload of its port. It shares no data
 * with the rest of core, takes no lock and touches no memory that it serves itself, so it can answer whatever
 * core's entrypoint is in the middle of.
 *
 * The pages are in the kernel's hands for as long as the object is mapped anywhere, and core has it mapped as
 * long as it exists. At the end core tells the kernel that the object is no more before it unmaps it; so the
 * kernel does not hand the pages back to the pager, but frees them.
 *
 * A dataspace whose pages come on request has the same form: a memory object whose port is a member of the
 * port set of the entrypoint that manages it, which answers with memory_object_data_supply.
 */
#include <platform/platform.h>

#include "internal.h"
#include "pager.h"

enum {
    PAGER_STACK = 16 * 1024,
    COPY_NONE = 0, /* strategy: a copy is made at once, page by page */
};

/* Messages of the kernel to a memory object. */
struct object_init {
    struct mach_header header;
    uint32_t control_type;
    mach_port_t control;
    uint32_t name_type;
    mach_port_t name;
    uint32_t page_size_type, page_size;
};

struct data_request {
    struct mach_header header;
    uint32_t control_type;
    mach_port_t control;
    uint32_t offset_type, offset;
    uint32_t length_type, length;
    uint32_t access_type, access;
};

struct data_return {
    struct mach_header header;
    uint32_t control_type;
    mach_port_t control;
    uint32_t offset_type, offset;
    uint32_t data_type[3]; /* long form: out of line, bytes; [2] is their number */
    void *data;
    uint32_t dirty_type, dirty;
    uint32_t copy_type, copy;
};

static mach_port_t objects; /* port set of all */

static void answer_request(const struct data_request *request)
{
    uint64_t size = (uint64_t)request->header.local * OS_PAGE_SIZE;
    if ((uint64_t)request->offset + request->length <= size)
        memory_object_data_unavailable(request->control, request->offset, request->length);
    else
        memory_object_data_error(request->control, request->offset, request->length, KERN_INVALID_ADDRESS);
}

/*
 * The kernel is short of memory and wants to get rid of pages that it cannot be rid of. That must not happen
 * (mach_memory_available), but if it does, nothing is lost: it gets them back, and core looks for who is to
 * blame.
 */
static void give_back(struct data_return *returned)
{
    uint32_t size = returned->data_type[2];
    memory_object_data_supply(returned->control, returned->offset, returned->data, size, 1);
    returned->header.bits &= ~MACH_COMPLEX;
    mach_port_deallocate(mach_core.task, returned->control);
    mach_shortage_tell();
}

static void serve(void *arg)
{
    union {
        struct mach_header header;
        struct data_request request;
        struct data_return returned;
        uint8_t room[256]; /* the largest is that of returned data */
    } msg;
    (void)arg;
    thread_wire(mach_core.host, 1);
    for (;;) {
        if (mach_msg(&msg.header, MACH_RCV_MSG, 0, sizeof(msg), objects, 0))
            continue;
        if (msg.header.id == MACH_ID_DATA_REQUEST && msg.header.size == sizeof(msg.request))
            answer_request(&msg.request);
        if (msg.header.id == MACH_ID_DATA_RETURN && msg.header.size == sizeof(msg.returned))
            give_back(&msg.returned);
        transport_discard(&msg.header);
    }
}

os_err pager_init(void)
{
    static struct plat_thread *thread;
    os_err err = ports_create_set(&objects);
    return err ? err : plat_thread_create(serve, NULL, PAGER_STACK, &thread);
}

/* The kernel has announced the use of OBJECT when vm_map returns. */
static os_err receive_control(mach_port_t object, mach_port_t *control)
{
    union {
        struct mach_header header;
        struct object_init init;
        uint8_t room[128];
    } msg;
    if (mach_msg(&msg.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), object, 0))
        return OS_ERR_NO_MEMORY;
    if (msg.header.id != MACH_ID_OBJECT_INIT || msg.header.size != sizeof(msg.init)) {
        transport_discard(&msg.header);
        return OS_ERR_NO_MEMORY;
    }
    mach_port_deallocate(mach_core.task, msg.init.name);
    *control = msg.init.control;
    return OS_OK;
}

os_err pager_create(uint32_t size, mach_port_t *object, mach_port_t *control, uint32_t *at)
{
    mach_port_t right;
    os_err err = ports_create(0, size / OS_PAGE_SIZE, 16, object);
    if (err)
        return err;
    *at = 0;
    err = OS_ERR_NO_MEMORY;
    if (mach_port_extract_right(mach_core.task, *object, MACH_TYPE_MAKE_SEND, &right))
        goto destroy_port;
    if (vm_map(mach_core.task, at, size, 1, *object, 0, 0, VM_READ | VM_WRITE, VM_READ | VM_WRITE))
        goto drop_right;
    err = receive_control(*object, control);
    if (err)
        goto unmap;
    err = OS_ERR_NO_MEMORY;
    if (mach_port_move_member(mach_core.task, *object, objects) ||
        memory_object_ready(*control, 0, COPY_NONE))
        goto drop_control;
    return OS_OK;

drop_control:
    memory_object_destroy(*control, MACH_OK);
    mach_port_deallocate(mach_core.task, *control);
unmap:
    vm_deallocate(mach_core.task, *at, size);
drop_right:
    mach_port_deallocate(mach_core.task, right);
destroy_port:
    ports_destroy(*object);
    return err;
}

void pager_destroy(mach_port_t object, mach_port_t control, uint32_t at, uint32_t size)
{
    memory_object_destroy(control, MACH_OK);
    vm_deallocate(mach_core.task, at, size);
    mach_port_deallocate(mach_core.task, control);
    mach_port_deallocate(mach_core.task, object);
    ports_destroy(object);
}
