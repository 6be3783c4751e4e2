/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * internal.h: what the files of core's Mach half share. All of it runs on core's entrypoint thread, but for
 * what is said of the pager and the alarm thread.
 */
#ifndef MACH_CORE_INTERNAL_H
#define MACH_CORE_INTERNAL_H

#include <core/internal.h>
#include <mach_base/kernel.h>
#include <mach_base/native.h>
#include <mach_base/startup.h>
#include <mach_base/transport.h>

#include "elf.h"
#include <transport/ports.h>

/* The one core of this machine. */
struct mach_core {
    struct core core;
    struct os_entrypoint ep;
    mach_port_t host, device; /* the privileged ports, from the boot script */
    mach_port_t task;         /* core's own */
    struct mach_clock clock;  /* for the startup pages; set by mach_clock_calibrate */
    int ending;
};
extern struct mach_core mach_core;

/* ---- power.c, main.c */

/* Ends the machine with STATUS (0 to 255) when all output is out; the first decision counts. Returns from a
 * handler of the entrypoint; the machine ends a moment later. */
void mach_core_end(int status);

/* The same at once, from wherever it may be. */
void mach_power_off(int status) __attribute__((noreturn));

/* Lets core itself reach the ports of the machine that power_off needs. */
os_err mach_power_init(void);

/* ---- output.c */

/* Opens the console; what comes before goes to the kernel's. */
os_err mach_output_init(void);

/* A message of core itself. */
void mach_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- clock.c: finds out how fast the time stamp counter runs, with the timer chip; sets mach_core.clock. */

os_err mach_clock_calibrate(void);

/* ---- ports.c: ports of TASK, a component's or core's own; operations of native.h and functions of ports.h
 */

os_err mach_ports_create(mach_port_t task, mach_port_t set, uint32_t payload, uint32_t limit,
                         mach_port_t *name);
os_err mach_ports_create_set(mach_port_t task, mach_port_t *set);
os_err mach_ports_destroy(mach_port_t task, mach_port_t name);
os_err mach_ports_holders(mach_port_t task, mach_port_t name, int *any);
os_err mach_ports_release(mach_port_t task, mach_port_t name, uint32_t count);

/* ---- alarm.c: alarms finer than the kernel's tick, for components and for core (ports_alarm) */

struct core_process;

/* After mach_clock_calibrate. */
os_err mach_alarm_init(void);

/* As the operation alarm of native.h for PROCESS; NULL is core itself. OS_ERR_BAD_ARG: no receive right. */
os_err mach_alarm_set(struct core_process *process, mach_port_t name, os_time when);

/* The process has ended: none of its alarms comes any more. */
void mach_alarm_forget(struct core_process *process);

/* ---- memory.c, pager.c */

/* Starts the pager. */
os_err mach_memory_init(void);

/* Bytes of memory that there are to give away now. What the kernel keeps for itself is not among them. */
uint64_t mach_memory_available(void);

/* Core's own mapping of the whole MEMORY, writable until it is sealed; NULL for a device's. */
void *mach_memory_at(const struct core_memory *memory);

/* Nobody changes MEMORY any more, core neither. */
void mach_memory_seal(struct core_memory *memory);

/*
 * SIZE bytes of a device, as the memory object OBJECT of the kernel (device_map), a send right that becomes
 * the memory's. Core itself does not map it.
 */
os_err mach_memory_device(struct core_ds *ds, mach_port_t object, uint64_t size, struct core_memory **memory);

/*
 * Maps SIZE bytes (a multiple of the page size) of MEMORY from OFFSET into PROCESS at exactly AT, read-only
 * and executable: the text of a program. Counts as an attachment, is not charged.
 */
os_err mach_memory_map_text(struct core_process *process, struct core_memory *memory, uint64_t offset,
                            uint32_t size, uint32_t at);

/* As the operations of native.h. Attachments are in process->attachments, charged by mach_process_charge. */
os_err mach_memory_attach(struct core_process *process, os_dataspace_cap ds, uint64_t offset, uint64_t size,
                          int writable, uint32_t *at, uint64_t *attached);
os_err mach_memory_detach(struct core_process *process, uint32_t at, uint64_t size);
/* The operation unmap: OS_ERR_BAD_ARG where something is attached. */
os_err mach_memory_unmap(struct core_process *process, uint32_t at, uint32_t size);

/*
 * The process ends. Takes all memory out of its task, which still exists, if it has any, but will not do
 * anything any more, so that this memory is free when this returns: a task keeps its own for a while after
 * its end. core_ds_detached follows from within. The charges are the caller's to refund, with all others.
 */
void mach_memory_forget(struct core_process *process);

/* Bytes that the process has attached. */
uint64_t mach_memory_attached(const struct core_process *process);

/* ---- shortage.c: what happens when a component gets at memory of the kernel's that it did not pay for */

os_err mach_shortage_init(void);

/* Finds out whether the kernel has taken too much. The alarm thread, once a second. */
void mach_shortage_look(void);

/* The kernel is short of memory. Any thread. */
void mach_shortage_tell(void);

/* ---- process.c */

struct core_process {
    struct os_list link; /* of mach_processes */
    struct core_pd *pd;
    struct os_object native;
    enum { PROCESS_IDLE, PROCESS_RUNNING, PROCESS_ENDED } state;
    int told;                              /* core_pd_started was called */
    mach_port_t task;                      /* 0 when it does not run */
    mach_port_t threads[MACH_THREADS_MAX]; /* [0] is the first; 0: free */
    struct transport_watch exceptions;     /* the task's exception port */
    struct os_alarm telling;               /* that it has started or ended */
    struct os_list attachments;            /* memory.c's, by address */
    uint32_t tables[24];                   /* memory.c's: a bit for each 4 MiB whose page table is charged */
    struct os_list names;                  /* receive rights and port sets that are charged; native.c's */
    uint64_t ram;                          /* bytes charged while it runs */
    uint32_t caps;                         /* charged while it runs */
    char binary[64];                       /* name of the ROM module that it runs, "" for another */
    uint32_t text, text_end;               /* where its code is */
    char line[OS_LOG_MAX];                 /* what it has written of a line, not by LOG */
    size_t line_len;
    enum os_pd_state end; /* of PROCESS_ENDED, with code and text */
    int32_t code;
    char why[256];
};

extern struct os_list mach_processes;

/* Charges to the account of PROCESS what ends with its run at the latest. OS_ERR_RAM, OS_ERR_CAPS. */
OS_MUST_CHECK os_err mach_process_charge(struct core_process *process, uint64_t ram, uint32_t caps);
void mach_process_refund(struct core_process *process, uint64_t ram, uint32_t caps);

/* The process ends now, for this reason; core_pd_ended follows. The first reason counts. */
void mach_process_end(struct core_process *process, enum os_pd_state end, int32_t code, const char *why);

/* ---- native.c */

os_err mach_native_init(struct core_process *process);

/* The process has ended: what it was charged for ports and threads is refunded by who calls this. */
void mach_native_forget(struct core_process *process);

/* A thread of PROCESS that begins at ENTRY with STACK and, in %eax, ARG; *THREAD is core's right to it. */
os_err mach_thread_start(struct core_process *process, uint32_t entry, uint32_t stack, uint32_t arg,
                         mach_port_t *thread);

/* What the kernel needs for a thread besides its stack, charged. */
#define MACH_THREAD_RAM OS_KIB(8)

/* ---- fault.c */

/*
 * What the exception message MSG means, as a number and a text for core_pd_ended; zero if it is none of
 * PROCESS. The message stays the caller's. Places in programs are written "@{PROGRAM ADDRESS...}", which the
 * host's half replaces by function and source line: the first address is that of the instruction, the others
 * are of likely callers.
 */
int mach_fault_describe(struct core_process *process, const struct mach_header *msg, int32_t *code,
                        char (*why)[256]);

/* ---- archive.c: the files that the machine was started with */

os_err mach_archive_init(void);
/* The first SIZE bytes, or fewer, of file NAME, which is no module then; 0: there is none. */
size_t mach_archive_take(const char *name, void *data, size_t size);
/* What all modules take at once, bytes. */
uint64_t mach_archive_ram(void);

/* ---- random.c: random numbers */

os_err mach_random_init(void);

/* ---- books.c */

/* Before init is started, with all else that core has for itself in place. */
os_err mach_books_open(void);

/* At the end: ends all that runs, and says what did not come back, or, if the ROM run asks for it, that all
 * did. */
void mach_books_close(void);

/* ---- host.c: the service Host, the line to the host, and which services there are (core_plat_session) */

/* Opens the line, reads what the user wants; after core_init. */
os_err mach_host_init(void);

/* ---- machine.c: the service Machine, for drivers */

/* Looks for the devices, and takes for good what core keeps of them. */
os_err mach_machine_init(void);

os_err mach_machine_open(struct core *core, const char *args, struct core_session **session);

/*
 * Interrupts NUMBER come to LINE, whose function received is set, until the machine ends; after each there is
 * no other until it is acknowledged. OS_ERR_BUSY: the kernel has it for itself.
 */
os_err mach_interrupt_open(unsigned number, struct transport_watch *line);
void mach_interrupt_acknowledge(struct transport_watch *line);

#endif
