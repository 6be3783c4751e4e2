/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h: what base-mach uses of GNU Mach 1.8 for i386: traps, message formats and kernel calls. Names,
 * numbers and layouts are the kernel's own (its include/mach and the subsystems' .defs files); the calls are
 * messages to the port that is their first argument, built by hand in base-mach/kernel.
 *
 * All functions: any thread, MACH_OK or the kernel's error. Kernel calls use the thread's block (thread.h).
 */
#ifndef MACH_BASE_KERNEL_H
#define MACH_BASE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* A name of a right in this task's name space; 0 none, MACH_PORT_DEAD the name of what had died on its way.
 */
typedef uint32_t mach_port_t;
#define MACH_PORT_NULL 0u
#define MACH_PORT_DEAD UINT32_MAX

/* Errors of kernel calls, 0 to 99, and of mach_msg, from 0x10000000 on. */
typedef int32_t mach_err;
enum {
    MACH_OK = 0,
    KERN_INVALID_ADDRESS = 1,
    KERN_PROTECTION_FAILURE = 2,
    KERN_NO_SPACE = 3,
    KERN_INVALID_ARGUMENT = 4,
    KERN_FAILURE = 5,
    KERN_RESOURCE_SHORTAGE = 6,
    KERN_INVALID_NAME = 15,
    KERN_INVALID_TASK = 16,
    KERN_INVALID_RIGHT = 17,
    MACH_SEND_INVALID_DATA = 0x10000002,
    MACH_SEND_INVALID_DEST = 0x10000003,
    MACH_SEND_TIMED_OUT = 0x10000004,
    MACH_SEND_INTERRUPTED = 0x10000007,
    MACH_SEND_INVALID_RIGHT = 0x1000000a,
    MACH_SEND_NO_BUFFER = 0x1000000d,
    MACH_RCV_INVALID_NAME = 0x10004002,
    MACH_RCV_TIMED_OUT = 0x10004003,
    MACH_RCV_TOO_LARGE = 0x10004004,
    MACH_RCV_INTERRUPTED = 0x10004005,
    MACH_RCV_PORT_DIED = 0x10004009,
    MACH_RCV_BODY_ERROR =
        0x1000400c, /* and, of MACH_RCV_NO_ROOM, which room there was none for; received all the same */
    MACH_RCV_NO_ROOM = 0x3c00,
};

/* ---- messages */

struct mach_header {
    uint32_t bits; /* MACH_BITS(remote, local), MACH_COMPLEX */
    uint32_t size; /* bytes with this header, a multiple of 4 */
    mach_port_t remote;
    mach_port_t local; /* received: the name of the port, or its protected payload */
    uint32_t seqno;
    int32_t id;
};

/* Kinds of data; in bits and in type descriptors. */
enum {
    MACH_TYPE_BOOLEAN = 0,
    MACH_TYPE_INTEGER_16 = 1,
    MACH_TYPE_INTEGER_32 = 2,
    MACH_TYPE_CHAR = 8,
    MACH_TYPE_BYTE = 9,
    MACH_TYPE_STRING_C = 12,
    MACH_TYPE_MOVE_RECEIVE = 16, /* as received: PORT_RECEIVE */
    MACH_TYPE_MOVE_SEND = 17,    /* as received: PORT_SEND */
    MACH_TYPE_MOVE_SEND_ONCE = 18,
    MACH_TYPE_COPY_SEND = 19,
    MACH_TYPE_MAKE_SEND = 20,
    MACH_TYPE_MAKE_SEND_ONCE = 21,
    MACH_TYPE_PROTECTED_PAYLOAD = 23,
};
#define MACH_BITS(remote, local) ((uint32_t)(remote) | (uint32_t)(local) << 8)
#define MACH_BITS_REMOTE(bits)   ((bits)&0xff)
#define MACH_BITS_LOCAL(bits)    ((bits) >> 8 & 0xff)
#define MACH_COMPLEX             0x80000000u

/* The short type descriptor: NUMBER items of SIZE bits each follow inline. */
#define MACH_TYPE(name, size, number)                                                                        \
    ((uint32_t)(name) | (uint32_t)(size) << 8 | (uint32_t)(number) << 16 | MACH_TYPE_INLINE)
#define MACH_TYPE_NAME(type)   ((type)&0xff)
#define MACH_TYPE_SIZE(type)   ((type) >> 8 & 0xff)
#define MACH_TYPE_NUMBER(type) ((type) >> 16 & 0xfff)
#define MACH_TYPE_INLINE       0x10000000u
#define MACH_TYPE_LONG         0x20000000u /* name and size (16 bits each) and number follow in two words */
#define MACH_TYPE_DEALLOCATE   0x40000000u

enum { /* options of mach_msg */
       MACH_SEND_MSG = 1,
       MACH_RCV_MSG = 2,
       MACH_SEND_TIMEOUT = 0x10,
       MACH_RCV_TIMEOUT = 0x100,
};

enum { /* ids of messages from the kernel */
       MACH_NOTIFY_NO_SENDERS = 70,
       MACH_NOTIFY_SEND_ONCE = 71,
       MACH_NOTIFY_DEAD_NAME = 72,
       MACH_ID_INTERRUPT = 100,
       MACH_ID_DATA_REQUEST = 2203,
       MACH_ID_OBJECT_INIT = 2200,
       MACH_ID_DATA_RETURN = 2208,
       MACH_ID_EXCEPTION_RAISE = 2400,
};

/* ---- traps */

/*
 * Sends MSG (SEND_SIZE bytes), receives into the same memory (up to RECEIVE_SIZE bytes) from RECEIVE, a port
 * or port set, or both in this order. TIMEOUT is in milliseconds, in steps of 10, rounded up.
 */
mach_err mach_msg(struct mach_header *msg, uint32_t options, uint32_t send_size, uint32_t receive_size,
                  mach_port_t receive, uint32_t timeout);
mach_port_t mach_reply_port(void); /* a new receive right */
mach_port_t mach_task_self(void);  /* each of these three: one more send right */
mach_port_t mach_thread_self(void);
mach_port_t mach_host_self(void);
void mach_print(const char *text);      /* to the kernel's console */
void mach_yield(uint32_t milliseconds); /* lets others run; 0: as long as they want the processor */

/* ---- ports: TASK is the task whose name space is meant */

enum {
    MACH_RIGHT_SEND = 0,
    MACH_RIGHT_RECEIVE = 1,
    MACH_RIGHT_SEND_ONCE = 2,
    MACH_RIGHT_SET = 3,
    MACH_RIGHT_DEAD_NAME = 4
};

/* References beyond which the kernel does not count: what came then is not known any more. */
#define MACH_PORT_REFS_MAX 65534u

mach_err mach_port_allocate(mach_port_t task, uint32_t right, mach_port_t *name);
mach_err mach_port_destroy(mach_port_t task, mach_port_t name); /* all rights under the name */
mach_err mach_port_deallocate(mach_port_t task,
                              mach_port_t name); /* one send or send-once right, dead name */
mach_err mach_port_get_refs(mach_port_t task, mach_port_t name, uint32_t right, uint32_t *refs);
mach_err mach_port_mod_refs(mach_port_t task, mach_port_t name, uint32_t right, int32_t delta);
mach_err mach_port_set_qlimit(mach_port_t task, mach_port_t name, uint32_t limit); /* at most 16 */
mach_err mach_port_set_protected_payload(mach_port_t task, mach_port_t name, uint32_t payload);
mach_err mach_port_move_member(mach_port_t task, mach_port_t name, mach_port_t set); /* SET 0: into none */
/* KIND: MACH_NOTIFY_...; *PREVIOUS is a send-once right or 0. */
mach_err mach_port_request_notification(mach_port_t task, mach_port_t name, int32_t kind, uint32_t sync,
                                        mach_port_t notify, uint32_t notify_type, mach_port_t *previous);
/* Gives TASK the right RIGHT of the caller's, disposition TYPE, under the name NAME. */
mach_err mach_port_insert_right(mach_port_t task, mach_port_t name, mach_port_t right, uint32_t type);
/* Takes a right out of TASK's name space into the caller's, disposition TYPE. */
mach_err mach_port_extract_right(mach_port_t task, mach_port_t name, uint32_t type, mach_port_t *right);

struct mach_port_status { /* the kernel's layout */
    mach_port_t set;
    uint32_t seqno, mscount, qlimit, msgcount, sorights;
    uint32_t srights;              /* boolean: there are send rights */
    uint32_t pdrequest, nsrequest; /* booleans */
};
mach_err mach_port_get_receive_status(mach_port_t task, mach_port_t name, struct mach_port_status *status);
/* Names of TASK and what they are (MACH_TYPE bits: 1 << (16 + right)); memory of the caller's, COUNT in and
 * out. */
mach_err mach_port_names(mach_port_t task, mach_port_t *names, uint32_t *types, uint32_t *count);

/* How many names TASK has. */
mach_err mach_port_count(mach_port_t task, uint32_t *count);

/* ---- memory */

enum { VM_READ = 1, VM_WRITE = 2, VM_EXECUTE = 4 };

mach_err vm_allocate(mach_port_t task, uint32_t *address, uint32_t size, int anywhere);
mach_err vm_deallocate(mach_port_t task, uint32_t address, uint32_t size);
mach_err vm_protect(mach_port_t task, uint32_t address, uint32_t size, int set_maximum, uint32_t protection);
/* Maps OBJECT from OFFSET; OBJECT 0: zeroed memory. Never inherited. */
mach_err vm_map(mach_port_t task, uint32_t *address, uint32_t size, int anywhere, mach_port_t object,
                uint32_t offset, int copy, uint32_t protection, uint32_t max_protection);
/* Copies SIZE bytes; address, DATA and SIZE are page aligned. */
mach_err vm_write(mach_port_t task, uint32_t address, const void *data, uint32_t size);
mach_err vm_read(mach_port_t task, uint32_t address, uint32_t size, void **data); /* vm_deallocate it */

struct mach_vm_statistics { /* the kernel's layout */
    uint32_t pagesize, free_count, active_count, inactive_count, wire_count, zero_fill_count, reactivations,
        pageins, pageouts, faults, cow_faults, lookups, hits;
};
mach_err vm_statistics(mach_port_t task, struct mach_vm_statistics *statistics);

/* For a pager; CONTROL is the memory object's control port, from MACH_ID_OBJECT_INIT. */
mach_err memory_object_ready(mach_port_t control, int may_cache, uint32_t copy_strategy);
mach_err memory_object_data_unavailable(mach_port_t control, uint32_t offset, uint32_t size);
mach_err memory_object_data_error(mach_port_t control, uint32_t offset, uint32_t size, mach_err error);
/*
 * Gives SIZE bytes at DATA, pages of this task that are not its own any more then. Pages that are PRECIOUS
 * are returned even if nobody has written to them since.
 */
mach_err memory_object_data_supply(mach_port_t control, uint32_t offset, void *data, uint32_t size,
                                   int precious);
/* Ends the use of the memory object; its pages are dropped, not written back. */
mach_err memory_object_destroy(mach_port_t control, mach_err reason);

/* ---- tasks and threads */

enum { TASK_KERNEL_PORT = 1, TASK_EXCEPTION_PORT = 3, TASK_BOOTSTRAP_PORT = 4 };

mach_err task_create(mach_port_t parent, int inherit, mach_port_t *task);
mach_err task_terminate(mach_port_t task);
mach_err task_set_special_port(mach_port_t task, uint32_t which, mach_port_t port);
/* Bytes of address space that TASK has in use, whether there are pages behind it or not. */
mach_err task_virtual_size(mach_port_t task, uint32_t *size);
mach_err task_threads_count(mach_port_t task, uint32_t *count);
mach_err thread_create(mach_port_t task, mach_port_t *thread);
mach_err thread_terminate(mach_port_t thread);
/* The calling thread goes on when memory is so short that others have to wait for it. */
mach_err thread_wire(mach_port_t host, int wired);
mach_err thread_resume(mach_port_t thread);
mach_err thread_suspend(mach_port_t thread);

struct mach_thread_state { /* the kernel's i386_REGS_SEGS_STATE, flavor 1 */
    uint32_t gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, eip, cs, efl, uesp, ss;
};
mach_err thread_get_state(mach_port_t thread, struct mach_thread_state *state);
mach_err thread_set_state(mach_port_t thread, const struct mach_thread_state *state);

/* ---- the machine: HOST and DEVICE are the privileged ports that the first task is given */

mach_err device_open(mach_port_t device, uint32_t mode, const char *name, mach_port_t *opened);
mach_err device_write_inband(mach_port_t opened, const void *data, uint32_t size); /* at most 128 bytes */
mach_err device_read(mach_port_t opened, uint32_t record, uint32_t size, void **data,
                     uint32_t *read); /* vm_deallocate */
/* Begins a read of a device that answers later: a message with id 2905 (in-band data) comes to REPLY. */
mach_err device_read_request_inband(mach_port_t opened, mach_port_t reply, uint32_t record, uint32_t size);
mach_err device_set_status(mach_port_t opened, uint32_t flavor, const uint32_t *status, uint32_t count);
mach_err device_get_status(mach_port_t opened, uint32_t flavor, uint32_t *status, uint32_t *count);
mach_err device_map(mach_port_t opened, uint32_t protection, uint32_t offset, uint32_t size,
                    mach_port_t *object);
/* MACH_ID_INTERRUPT messages come to NOTIFY until it dies; each is answered with device_intr_ack. */
mach_err device_intr_register(mach_port_t irq_device, uint32_t number, uint32_t flags, mach_port_t notify);
mach_err device_intr_ack(mach_port_t irq_device, mach_port_t notify);
mach_err i386_io_perm_create(mach_port_t device, uint32_t from, uint32_t to, mach_port_t *perm);
mach_err i386_io_perm_modify(mach_port_t task, mach_port_t perm, int enable);
mach_err host_reboot(mach_port_t host, uint32_t options);

#endif
