/* SPDX-License-Identifier: BSD-2-Clause */
/* internal.h: what the files of core's Linux half share. All of it runs on core's entrypoint thread. */
#ifndef LINUX_CORE_INTERNAL_H
#define LINUX_CORE_INTERNAL_H

#include <core/control.h>
#include <core/internal.h>
#include <linux_base/native.h>
#include <linux_base/spawner.h>
#include <linux_base/transport.h>

#include "linux_core.h"
#include "quota.h"

/* The one core of this process. */
struct linux_core {
    struct core core;
    struct os_entrypoint ep;
    const struct linux_core_options *options;
    struct spawner *spawner;
    int spawner_lost; /* it has ended, and core will not hear of anybody's end */
    uint32_t missing; /* enum spawner_missing */
    int status;       /* exit status once the end was decided */
    int ending;
};
extern struct linux_core linux_core;

/* Decides the end of the system; the first decision counts. */
void linux_core_end(int status);

/* Whether this machine lacks a part of the sandbox. */
static inline int linux_sandbox_incomplete(void)
{
    return linux_lacks_sandbox(linux_core.missing);
}

/* ---- memory.c */

struct linux_channel;

struct core_memory {
    struct os_list link;           /* of those that are watched */
    struct core_ds *ds;            /* whose memory it is, or */
    struct linux_channel *channel; /* a channel's */
    uint64_t size;                 /* bytes, whole pages */
    int fd;
    int sealed;    /* content never changes; fd is read-only */
    int attached;  /* somebody may have it attached */
    unsigned runs; /* processes that run it */
    int watch;     /* of inotify, while attached */
    unsigned tries;
    struct os_alarm retry;
};

os_err linux_memory_init(void);

/* As core_plat_memory_create, for a channel: linux_channel_detached follows when nobody has it attached any
 * more.
 */
os_err linux_memory_create(struct linux_channel *channel, uint64_t size, struct core_memory **memory);

/* The descriptor of MEMORY, borrowed. */
int linux_memory_fd(const struct core_memory *memory);

/* A descriptor through which MEMORY can be attached by somebody else. OS_ERR_HANDLES. */
os_err linux_memory_open(struct core_memory *memory, int writable, int *fd);

/* MEMORY is sealed, and what a process runs, which is a use like an attachment. */
void linux_memory_run(struct core_memory *memory);
void linux_memory_ran(struct core_memory *memory);

/* Looks at what the kernel has told about detached memory so far. */
void linux_memory_update(void);

/* A read-only, sealed copy of what READ gives until it returns 0 (or -1 with errno), at most MAX bytes. */
os_err linux_memory_seal_copy(ssize_t (*read)(void *from, void *buffer, size_t size), void *from,
                              uint64_t max, int *fd, uint64_t *size);

/* ---- module.c: copies of files */

/* Whether somebody has the file of module NAME open for writing; 0 where the kernel does not say. */
int linux_module_is_written(const char *name);

/* ---- file.c: files of ROM modules, and that they change */

os_err linux_files_init(void);

/* The file at PATH is that of MODULE, or would be if it was there: core_module_changed tells of changes. */
void linux_file_watch(const char *path, const char *module);

/* There is no such module, and nothing is kept of it. */
void linux_file_unwatch(const char *module);

/* ---- pcap.c: the service Pcap */

/* LABEL is that of the component which has the links. */
os_err linux_pcap_open(struct core *core, const char *label, struct core_session **session);

/* The end of the system: takes what components have of the frames that are captured, waiting that long at
 * most. */
void linux_pcap_end(os_time patience);

/* ---- process.c */

struct core_process {
    struct os_list link;    /* of linux_processes */
    struct os_list id_link; /* of those that linux_process_find looks at */
    struct core_pd *pd;
    struct os_object native;
    char profile[32];
    uint32_t id; /* towards the spawner; of one start */
    enum { PROCESS_IDLE, PROCESS_STARTING, PROCESS_RUNNING, PROCESS_ENDED } state;
    pid_t pid;
    int pidfd;
    int killed;                        /* by us */
    int status;                        /* of PROCESS_ENDED, as of waitpid */
    uint64_t private;                  /* bytes of private memory that it may have */
    struct linux_quota price;          /* charged from the beginning: that, its stack, its descriptors */
    uint64_t copy;                     /* bytes of a copy of the binary, charged */
    int binary;                        /* what it runs, for the symbolizer, borrowed; -1 for none */
    struct core_memory *module;        /* that it belongs to, or NULL */
    int copied;                        /* descriptor of that copy; -1 for none */
    uint32_t caps;                     /* pairs and signal pipes that it has, charged */
    uint64_t attached;                 /* bytes that it may have attached */
    uint64_t tables;                   /* bytes of page tables for them, charged */
    uint64_t space;                    /* address space limit without attachments; 0: not known yet */
    struct os_list channels;           /* linux_channel.served: where it is the server */
    struct os_list own_channels;       /* linux_channel.own: where it is the client */
    uint64_t calls;                    /* answered by channels that are gone, of this start */
    struct transport_watch log, place; /* raw output; the symbolizer's answer */
    int log_watched;
    char line[OS_LOG_MAX]; /* what was written of the current line */
    size_t line_len;
    struct linux_fault fault; /* magic is 0 when there was none */
    char violation[256];
    uint64_t violation_ip, violation_callers[LINUX_CALLERS_MAX];
};

extern struct os_list linux_processes;

os_err linux_process_init(void);

/* The process with ID, or NULL. */
struct core_process *linux_process_find(uint32_t id);

/* Waits until PROCESS has a pid; it was started, so that is soon. OS_ERR_DEAD when it never will. */
os_err linux_process_wait(struct core_process *process);

/* Shows what the components have written so far. */
void linux_process_flush(void);

/* ---- native.c */

/* Before anything of the transport is used. */
void linux_native_hooks(void);

os_err linux_native_init(struct core_process *process);

/* A pair of sockets for a connection of a component, not charged yet. OS_ERR_HANDLES. */
os_err linux_native_pair(int fds[2]);

/* MORE bytes may be attached by PROCESS, LESS not any more. Fails only for MORE, and then nothing has
 * changed. */
os_err linux_native_space(struct core_process *process, uint64_t more, uint64_t less);

/* ---- channel.c */

/* Memory and doorbell of a new channel, at the expense of CLIENT, which runs; both the caller's. */
os_err linux_channel_create(struct core_process *client, int fds[2]);

/* SERVER is going to serve the channel whose memory is FD. OS_ERR_BAD_CAP: there is no such, or it is served.
 */
os_err linux_channel_serve(struct core_process *server, int fd);

/* Calls that SERVER has answered by channels so far, as it says itself. Looks at each channel. */
uint64_t linux_channels_calls(struct core_process *server);

/* PROCESS has ended: its clients learn it, and its account pays no more for channels that servers still have.
 */
void linux_channels_end(struct core_process *process);

/* Nobody has the channel's memory attached any more. */
void linux_channel_detached(struct linux_channel *channel);

/* ---- network.c */

/* A session of Network, as its route says in ARGS. OS_ERR_BAD_ARG. */
os_err linux_network_open_session(struct core *core, const char *args, struct core_session **session);

/* The end of the system: removes the files of sockets. */
void linux_network_end(void);

/* ---- books.c */

/* Ends everything and says whether it came back. */
void linux_books_close(void);

/* ---- output.c */

/* A message of core itself. */
void linux_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Calls SHOW with the last lines of output, oldest first. */
void linux_output_last(void (*show)(void *to, const char *label, const char *text), void *to);

/* ---- control.c */

os_err linux_control_init(void);

/* A line of output, for those who follow. */
void linux_control_line(const char *label, const char *text);

#endif
