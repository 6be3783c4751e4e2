/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.c: a component's process as core sees it: what it is started with, what it writes to its raw
 * output, and how it ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux_base/symbolize.h>
#include <os/session.h>

#include "given.h"
#include "internal.h"

#define THREADS_MAX 16u

enum { BUCKETS = 256 };

struct os_list linux_processes;
static struct os_list by_id[BUCKETS];
static uint32_t last_id;

/* Events of the spawner that were read but not handled. */
struct queued_event {
    struct os_list link;
    struct spawner_event event;
};
static struct os_list queued;
static struct os_alarm queue_alarm;
static struct transport_watch spawner_watch;

struct core_process *linux_process_find(uint32_t id)
{
    OS_LIST_FOR_EACH (link, &by_id[id % BUCKETS]) {
        struct core_process *process = OS_CONTAINER_OF(link, struct core_process, id_link);
        if (process->id == id)
            return process;
    }
    return NULL;
}

/* Each start has another one, so that what the spawner says of the one before is not taken for this one. */
static void take_id(struct core_process *process)
{
    process->id = ++last_id;
    os_list_remove(&process->id_link);
    os_list_insert(&by_id[process->id % BUCKETS], &process->id_link);
}

/* ---- raw output */

static void flush_line(struct core_process *process)
{
    core_log_line(process->pd->label, process->line, process->line_len);
    process->line_len = 0;
}

static void take_text(struct core_process *process, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            flush_line(process);
            continue;
        }
        if (process->line_len == sizeof(process->line) - 1)
            flush_line(process);
        process->line[process->line_len++] = text[i];
    }
}

/* Text, and in between a fault record, which is in one piece because it was written and read in one. */
static void take_output(struct core_process *process, const char *data, size_t len)
{
    static const uint64_t magic = LINUX_FAULT_MAGIC;
    const char *record = memmem(data, len, &magic, sizeof(magic));
    size_t before = record ? (size_t)(record - data) : len;
    if (!record || len - before < sizeof(process->fault)) {
        take_text(process, data, len);
        return;
    }
    take_text(process, data, before);
    memcpy(&process->fault, record, sizeof(process->fault));
    record += sizeof(process->fault);
    take_output(process, record, len - before - sizeof(process->fault));
}

static void unwatch_output(struct core_process *process)
{
    if (process->log_watched)
        transport_unwatch(linux_core.ep.plat, &process->log);
    process->log_watched = 0;
}

static void close_output(struct core_process *process)
{
    if (process->log.fd < 0)
        return;
    if (process->line_len)
        flush_line(process);
    unwatch_output(process);
    close(process->log.fd);
    process->log.fd = -1;
}

/* The whole of what the pipe can hold, so that nothing is cut in two. */
static ssize_t read_output(struct core_process *process)
{
    char data[OS_PAGE_SIZE];
    ssize_t len = read(process->log.fd, data, sizeof(data));
    if (len > 0)
        take_output(process, data, (size_t)len);
    return len;
}

static void output_ready(struct transport_watch *watch, uint32_t events)
{
    struct core_process *process = OS_CONTAINER_OF(watch, struct core_process, log);
    (void)events;
    ssize_t len = read_output(process);
    if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
        close_output(process);
}

/* What is there now, and no more: the component, or an accomplice who has its descriptor, may write on. */
static void drain_output(struct core_process *process)
{
    int waiting = 0;
    if (process->log.fd < 0 || ioctl(process->log.fd, FIONREAD, &waiting))
        return;
    while (waiting > 0) {
        ssize_t len = read_output(process);
        if (len <= 0)
            return;
        waiting -= (int)len;
    }
}

void linux_process_flush(void)
{
    OS_LIST_FOR_EACH (link, &linux_processes)
        drain_output(OS_CONTAINER_OF(link, struct core_process, link));
}

/* *WRITE is the caller's. */
static os_err open_output(struct core_process *process, int *write)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC))
        return OS_ERR_HANDLES;
    fcntl(fds[1], F_SETPIPE_SZ, OS_PAGE_SIZE);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    process->log.fd = fds[0];
    process->log.ready = output_ready;
    os_err err = transport_watch(linux_core.ep.plat, &process->log, EPOLLIN);
    if (err) {
        close(fds[0]);
        close(fds[1]);
        process->log.fd = -1;
        return err;
    }
    process->log_watched = 1;
    *write = fds[1];
    return OS_OK;
}

/* ---- making and starting */

/* Takes the profile out of the arguments of the session, and checks what can be had. */
static os_err read_args(const char *args, char profile[32])
{
    char sandbox[16] = "";
    strcpy(profile, "strict");
    os_err err = os_args_get(args, "profile", profile, 32);
    if ((err && err != OS_ERR_NOT_FOUND) || !spawner_has_profile(linux_core.spawner, profile))
        return OS_ERR_BAD_ARG;
    err = os_args_get(args, "sandbox", sandbox, sizeof(sandbox));
    if ((err && err != OS_ERR_NOT_FOUND) || (*sandbox && strcmp(sandbox, "required")))
        return OS_ERR_BAD_ARG;
    return *sandbox && linux_sandbox_incomplete() ? OS_ERR_DENIED : OS_OK;
}

os_err core_plat_process_create(struct core_pd *pd, const char *args, struct core_process **process)
{
    struct core_account *account = pd->session.account;
    char profile[32];
    os_err err = read_args(args, profile);
    if (err)
        return err;
    struct linux_quota price = linux_quota_of_process(profile, account->ram);
    err = core_account_charge(account, price.ram, price.caps);
    if (err)
        return err;
    struct core_process *made = calloc(1, sizeof(*made));
    if (!made) {
        err = OS_ERR_NO_MEMORY;
        goto refund;
    }
    made->pd = pd;
    made->price = price;
    made->private = linux_process_private(profile, account->ram);
    made->pidfd = made->binary = made->copied = made->log.fd = -1;
    os_list_init(&made->channels);
    os_list_init(&made->own_channels);
    os_list_init(&made->id_link);
    snprintf(made->profile, sizeof(made->profile), "%s", profile);
    err = linux_native_init(made);
    if (err)
        goto free_process;
    os_list_insert(&linux_processes, &made->link);
    *process = made;
    return OS_OK;

free_process:
    free(made);
refund:
    core_account_refund(account, price.ram, price.caps);
    return err;
}

/* Gives back what a process had of which nothing is left. */
static void forget_run(struct core_process *process)
{
    drain_output(process);
    close_output(process);
    if (process->pidfd >= 0)
        close(process->pidfd);
    if (process->copied >= 0)
        close(process->copied);
    process->pidfd = process->binary = process->copied = -1;
    if (process->module)
        linux_memory_ran(process->module);
    process->module = NULL;
    process->pid = 0;
    core_account_refund(process->pd->session.account, process->tables + process->copy, process->caps);
    process->tables = process->copy = process->attached = 0;
    process->caps = 0;
}

void core_plat_process_destroy(struct core_process *process)
{
    forget_run(process);
    os_object_fini(&process->native);
    os_list_remove(&process->link);
    os_list_remove(&process->id_link);
    core_account_refund(process->pd->session.account, process->price.ram, process->price.caps);
    free(process);
}

struct memory_reader {
    int fd;
    off_t at;
};

static ssize_t read_memory(void *from, void *buffer, size_t size)
{
    struct memory_reader *reader = from;
    ssize_t len = pread(reader->fd, buffer, size, reader->at);
    if (len > 0)
        reader->at += len;
    return len;
}

/* What is executed must not change, so what is writable is copied, at the component's expense. */
static os_err take_binary(struct core_process *process, struct core_memory *memory, uint64_t size)
{
    if (memory->sealed) { /* of a module */
        process->binary = memory->fd;
        process->module = memory;
        linux_memory_run(memory);
        return OS_OK;
    }
    struct memory_reader reader = { memory->fd, 0 };
    uint64_t copied;
    os_err err = core_account_charge(process->pd->session.account, size, 0);
    if (err)
        return err;
    process->copy = size;
    err = linux_memory_seal_copy(read_memory, &reader, size, &process->copied, &copied);
    process->binary = process->copied;
    return err;
}

/* Nearly all components call their parent; so they have the sockets for one connection from the beginning. */
static os_err charged_pair(struct core_process *process, int fds[2])
{
    os_err err = core_account_charge(process->pd->session.account, 0, 1);
    if (err)
        return err;
    process->caps++; /* from here on as those it asks for, see native.c */
    return linux_native_pair(fds);
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

os_err core_plat_process_start(struct core_process *process, struct core_memory *binary, uint64_t size,
                               os_parent_cap parent)
{
    struct core_pd *pd = process->pd;
    struct plat_object *objects[] = {
        [LINUX_INDEX_PD] = pd->pd.plat, [LINUX_INDEX_NATIVE] = process->native.plat
    };
    enum { CORE, OUTPUT, PAIR, COUNT = PAIR + 2 };
    int fds[COUNT] = { -1, -1, -1, -1 };
    os_err err = take_binary(process, binary, size);
    if (!err)
        err = transport_preconnect(linux_core.ep.plat, objects, OS_ARRAY_LEN(objects), &fds[CORE]);
    if (!err)
        err = charged_pair(process, &fds[PAIR]);
    if (!err)
        err = open_output(process, &fds[OUTPUT]);
    if (!err) {
        take_id(process);
        struct spawner_request request = {
            .id = process->id,
            .label = pd->label,
            .profile = process->profile,
            .binary = process->binary,
            .core = fds[CORE],
            .parent = transport_cap_fd(parent.cap),
            .pd = transport_cap_fd(pd->cap.cap),
            .pair = { fds[PAIR], fds[PAIR + 1] },
            .log = fds[OUTPUT],
            .ram = process->private,
            .threads = THREADS_MAX,
        };
        err = spawner_request(linux_core.spawner, &request);
    }
    /* the process has its own now, and core must see it when they are closed */
    close_all(fds, COUNT);
    if (err)
        forget_run(process);
    else
        process->state = PROCESS_STARTING;
    return err;
}

os_err core_plat_process_calls(struct core_process *process, uint64_t *calls)
{
    *calls = linux_channels_calls(process);
    return OS_OK;
}

void core_plat_process_kill(struct core_process *process)
{
    if (process->state != PROCESS_STARTING && process->state != PROCESS_RUNNING)
        return;
    process->killed = 1;
    unwatch_output(process); /* what is there is read when the end is told */
    if (process->pidfd < 0 || syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0))
        (void)spawner_kill(linux_core.spawner, process->id);
}

/* ---- how it ended */

static const char *signal_name(int number, char buffer[32])
{
    const char *name = sigabbrev_np(number);
    if (name)
        snprintf(buffer, 32, "SIG%s", name);
    else
        snprintf(buffer, 32, "signal %d", number);
    return buffer;
}

/*
 * Text for a person, cut where it is too long, with WHERE being a place in the source or empty; and the state
 * that it means.
 */
static enum os_pd_state describe(const struct core_process *process, const char *where, int32_t *code,
                                 char text[256])
{
    char name[32];
    const char *in = *where ? " in " : "";
    int status = process->status;
    if (*process->violation) {
        snprintf(text, 256, "%.150s%s%.95s", process->violation, *where ? " from " : "", where);
        *code = 0;
        return OS_PD_VIOLATION;
    }
    if (WIFEXITED(status)) {
        *code = WEXITSTATUS(status);
        snprintf(text, 256, "exited with status %d", (int)*code);
        return OS_PD_EXITED;
    }
    *code = WTERMSIG(status);
    if (process->killed || *code == SIGKILL || *code == SIGTERM) {
        snprintf(text, 256, "%s", process->killed ? "killed" : "killed from outside");
        return OS_PD_KILLED;
    }
    /* abort() ends with another signal than it means */
    if (process->fault.magic && process->fault.signal == SIGABRT)
        *code = SIGABRT;
    signal_name(*code, name);
    if (process->fault.magic && (*code == SIGSEGV || *code == SIGBUS))
        snprintf(text, 256, "killed by %s accessing 0x%llx%s%.160s", name,
                 (unsigned long long)process->fault.address, in, where);
    else
        snprintf(text, 256, "killed by %s%s%.160s", name, in, where);
    return OS_PD_FAULT;
}

static void report_end(struct core_process *process, const char *where)
{
    char text[256];
    int32_t code;
    enum os_pd_state state = describe(process, where, &code, text);
    forget_run(process);
    linux_memory_update();
    given_update();
    process->state = PROCESS_ENDED;
    core_pd_ended(process->pd, state, code, text);
}

static void place_found(struct transport_watch *watch, uint32_t events)
{
    struct core_process *process = OS_CONTAINER_OF(watch, struct core_process, place);
    char where[SYMBOLIZE_TEXT_MAX];
    (void)events;
    transport_unwatch(linux_core.ep.plat, watch);
    symbolize_end(watch->fd, where, sizeof(where));
    report_end(process, where);
}

/*
 * Begins to look for the place of a fault or violation in the source, which a helper in a sandbox of its own
 * does; zero when there is nothing to look for.
 */
static int begin_place(struct core_process *process)
{
    int violated = *process->violation != 0;
    uint64_t places[SYMBOLIZE_ADDRESSES_MAX] = { violated ? process->violation_ip : process->fault.ip };
    const uint64_t *callers = violated ? process->violation_callers : process->fault.callers;
    if (!violated && !process->fault.magic)
        return 0;
    memcpy(places + (places[0] != 0), callers, LINUX_CALLERS_MAX * sizeof(*callers));
    if (!places[0] || symbolize_begin(linux_core.spawner, process->binary, places, &process->place.fd))
        return 0;
    process->place.ready = place_found;
    if (!transport_watch(linux_core.ep.plat, &process->place, EPOLLIN))
        return 1;
    close(process->place.fd);
    return 0;
}

static void process_ended(struct core_process *process, int status)
{
    drain_output(process);
    process->status = status;
    if (!begin_place(process))
        report_end(process, "");
}

static void handle_event(struct spawner_event *event)
{
    struct core_process *process = linux_process_find(event->id);
    if (!process)
        return;
    switch (event->kind) {
    case SPAWNER_STARTED:
        core_pd_started(process->pd, OS_OK, "");
        break;
    case SPAWNER_FAILED:
        forget_run(process);
        process->state = PROCESS_IDLE;
        if (event->text[0])
            core_log_line(process->pd->label, event->text, strlen(event->text));
        core_pd_started(process->pd, event->err ? event->err : OS_ERR_IO, event->text);
        break;
    case SPAWNER_VIOLATION:
        snprintf(process->violation, sizeof(process->violation), "%s", event->text);
        process->violation_ip = event->ip;
        memcpy(process->violation_callers, event->callers, sizeof(event->callers));
        break;
    case SPAWNER_ENDED:
        process_ended(process, event->status);
        break;
    }
}

/* ---- events of the spawner */

/* A server of many clients needs descriptors for its objects and their connections; its caps say how many. */
static void allow_descriptors(const struct core_process *process)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)process->pd->session.account->caps * 2;
    if (wanted > LINUX_FD_EXEC)
        wanted = LINUX_FD_EXEC;
    if (wanted <= LINUX_RLIMIT_NOFILE || prlimit(process->pid, RLIMIT_NOFILE, NULL, &limit))
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    prlimit(process->pid, RLIMIT_NOFILE, &limit, NULL);
}

/* What must not wait for its turn: who the process is, and that it is nobody any more. */
static void take_pid(const struct spawner_event *event)
{
    struct core_process *process = linux_process_find(event->id);
    if (event->kind == SPAWNER_STARTED && process) {
        process->pid = event->pid > 0 ? event->pid : 0;
        process->pidfd = event->pidfd;
        process->state = PROCESS_RUNNING;
        allow_descriptors(process);
    } else if (event->pidfd >= 0) {
        close(event->pidfd);
    }
    /* the kernel may give the number to another process, and an accomplice may still have the connection */
    if (event->kind == SPAWNER_ENDED && process) {
        process->pid = 0;
        linux_channels_end(process);
    }
}

/* Reads without handling; zero when there is nothing. */
static int read_event(void)
{
    struct queued_event *item = malloc(sizeof(*item));
    if (!item)
        return 0;
    int got = spawner_next(linux_core.spawner, &item->event);
    if (got <= 0) {
        free(item);
        if (got < 0 && !linux_core.ending) {
            linux_say("the spawner has ended, and with it all components");
            linux_core.spawner_lost = 1;
            linux_core_end(1);
        }
        return 0;
    }
    take_pid(&item->event);
    os_list_insert(&queued, &item->link);
    return 1;
}

static void handle_queued(void)
{
    while (!os_list_empty(&queued)) {
        struct queued_event *item = OS_CONTAINER_OF(queued.next, struct queued_event, link);
        os_list_remove(&item->link);
        handle_event(&item->event);
        free(item);
    }
}

static void spawner_ready(struct transport_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    (void)read_event(); /* one, and not in vain until there are none: the next is an event of its own */
    handle_queued();
}

static void queue_due(struct os_alarm *alarm)
{
    (void)alarm;
    handle_queued();
}

os_err linux_process_wait(struct core_process *process)
{
    enum { PATIENCE_MS = 2000 };
    struct pollfd poll_spawner = { .fd = spawner_fd(linux_core.spawner), .events = POLLIN };
    /* the component runs a moment before the spawner can say so; other events keep for later, because this
     * is within a call */
    while (process->state == PROCESS_STARTING && poll(&poll_spawner, 1, PATIENCE_MS) > 0 && read_event())
        ;
    if (!os_list_empty(&queued))
        os_alarm_set(&linux_core.ep, &queue_alarm, os_clock_now());
    return process->pid > 0 ? OS_OK : OS_ERR_DEAD;
}

os_err linux_process_init(void)
{
    os_list_init(&linux_processes);
    for (size_t i = 0; i < BUCKETS; i++)
        os_list_init(&by_id[i]);
    os_list_init(&queued);
    queue_alarm.handle = queue_due;
    spawner_watch = (struct transport_watch){ .fd = spawner_fd(linux_core.spawner), .ready = spawner_ready };
    return transport_watch(linux_core.ep.plat, &spawner_watch, EPOLLIN);
}
