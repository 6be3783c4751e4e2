/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.c: the spawner process. It is process 1 of its pid namespace, so that its end is the end of every
 * component; it starts them, hears of their forbidden system calls, and reaps them. It is single-threaded and
 * waits in one place.
 */
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <grp.h>
#include <unistd.h>

#include <linux_base/native.h>
#include <linux_base/symbolize.h>

#include "protocol.h"
#include "start.h"

enum { COMPONENTS_MAX = WORKER_UIDS - 1 };

struct component {
    uint32_t id;
    pid_t pid;    /* 0: the slot is free */
    int listener; /* -1 for a helper, and after a violation */
    int helper;   /* not core's component; no events */
    ino_t ino;    /* of the binary, to find it among the mappings */
};

/* An event that core has not taken yet. */
struct pending {
    struct pending *next;
    int pidfd; /* a copy, or -1 */
    struct event event;
};

struct worker {
    const struct worker_setup *setup;
    int epoll;
    int proc;    /* the machine's /proc */
    int ends;    /* signalfd of SIGCHLD */
    int status;  /* from START_FD_STATUS */
    int bounded; /* start_bound was called */
    int world_built;
    int nested;  /* every component gets a user namespace */
    int ended;   /* there is something to reap */
    int blocked; /* epoll watches for room in core's socket */
    struct start_limits limits;
    struct pending *first, **last;
    struct component components[COMPONENTS_MAX];
};

/* What an epoll event is about: the kind, and the slot of the component. */
enum watch { WATCH_CORE, WATCH_LISTENER, WATCH_ENDS };

static int watch(struct worker *w, int fd, enum watch kind, size_t slot, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.u64 = slot << 2 | kind };

    return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* FD at a number that no request needs; -1 stays. */
static int own_fd(int fd)
{
    int own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, START_OWN_FDS);

    close_fd(&fd);
    return own;
}

/* ---- events to core ---- */

static int send_event(int socket, const struct event *event, int pidfd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
    struct iovec data = { (void *)event, sizeof *event };
    struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1 };

    if (pidfd >= 0) {
        memcpy(CMSG_DATA(&control.header), &pidfd, sizeof(int));
        msg.msg_control = &control;
        msg.msg_controllen = sizeof control;
    }
    return sendmsg(socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Sends what waits; what does not fit stays, because core may itself be waiting for us to read a request. */
static void flush_events(struct worker *w)
{
    struct epoll_event core = { .events = EPOLLIN, .data.u64 = WATCH_CORE };

    while (w->first) {
        struct pending *pending = w->first;

        if (send_event(w->setup->core, &pending->event, pending->pidfd) < 0 &&
            (errno == EAGAIN || errno == ETOOMANYREFS))
            break;
        w->first = pending->next;
        if (!w->first)
            w->last = &w->first;
        close_fd(&pending->pidfd);
        free(pending);
    }
    if (w->blocked == (w->first != NULL))
        return;
    w->blocked = !w->blocked;
    core.events |= w->blocked ? EPOLLOUT : 0;
    epoll_ctl(w->epoll, EPOLL_CTL_MOD, w->setup->core, &core);
}

/* PIDFD stays the caller's. */
static void post(struct worker *w, const struct event *event, int pidfd)
{
    struct pending *pending;

    if (!w->first && send_event(w->setup->core, event, pidfd) == 0)
        return;
    pending = malloc(sizeof *pending);
    if (!pending)
        _exit(1); /* core must not miss an end; all components end with us */
    pending->next = NULL;
    pending->event = *event;
    pending->pidfd = pidfd < 0 ? -1 : fcntl(pidfd, F_DUPFD_CLOEXEC, START_OWN_FDS);
    *w->last = pending;
    w->last = &pending->next;
}

static void post_failure(struct worker *w, uint32_t id, os_err err, const char *step, int error)
{
    struct event event = { .kind = SPAWNER_FAILED, .id = id, .err = err };

    snprintf(event.text, sizeof event.text, error ? "%s: %s" : "%s", step, strerror(error));
    post(w, &event, -1);
}

/* ---- starting ---- */

/* A file of /proc; the world of this process has none. */
static FILE *open_proc(const struct worker *w, const char *path)
{
    int fd = openat(w->proc, path, O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

    if (fd >= 0 && !file)
        close(fd);
    return file;
}

/* The number of a child in the machine's /proc; ours is in another namespace. -1 if it is not to be had. */
static pid_t pid_in_proc(const struct worker *w, pid_t child)
{
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    char path[64], line[128];
    pid_t pid = -1;
    FILE *file;

    snprintf(path, sizeof path, "self/fdinfo/%d", pidfd);
    file = pidfd < 0 ? NULL : open_proc(w, path);
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "Pid: %d", &pid);
    if (file)
        fclose(file);
    close_fd(&pidfd);
    return pid;
}

static void drop_capabilities(struct worker *w);

/* The world of drivers is built when the first of them is started, most systems of tests have none. */
static int build_world(struct worker *w, const char **step)
{
    if (w->world_built || w->setup->missing & SPAWNER_NO_MOUNT)
        return 0;
    if (world_enter(w->setup->world, w->setup->display, step) < 0)
        return -1;
    w->world_built = 1;
    drop_capabilities(w);
    return 0;
}

static struct component *free_slot(struct worker *w)
{
    for (size_t i = 0; i < COMPONENTS_MAX; i++) {
        if (!w->components[i].pid)
            return &w->components[i];
    }
    return NULL;
}

/* A start, and what came of it. */
struct attempt {
    struct worker *w;
    const struct start *start;
    struct start_failure failure;
    int pidfd; /* of the new process, below START_OWN_FDS */
};

static int become_component(void *arg)
{
    struct attempt *attempt = arg;

    start_component(attempt->start, &attempt->failure);
}

/*
 * As vfork: the new process has this one's memory, which would otherwise be copied only to be thrown away,
 * and this one's descriptors until it has a table of its own. This one goes on when it has executed the
 * binary, or has ended. Its filter lets it do nothing that would make it wait for us. A signal has no handler
 * here.
 */
static pid_t clone_component(struct attempt *attempt)
{
    static _Alignas(OS_PAGE_SIZE) char stack[64 * 1024];
    int flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | SIGCHLD;

    if (attempt->w->nested)
        flags |= CLONE_NEWUSER;
    return clone(become_component, stack + sizeof stack, flags, attempt, &attempt->pidfd);
}

/* A helper goes on with this program, so it has a copy of it. */
static pid_t fork_helper(const struct start *start)
{
    struct clone_args args = { .flags = start->nested ? CLONE_NEWUSER : 0, .exit_signal = SIGCHLD };
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    struct start_failure failure;

    if (pid)
        return pid;
    if (start_helper(start, &failure) == 0)
        symbolize_answer(LINUX_FD_EXEC, start->request->addresses, LINUX_FD_CORE);
    _exit(1);
}

/* The listener that the new process has sent; -1: it did not come so far. */
static int take_listener(struct worker *w)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec data = { &byte, 1 };
    struct msghdr msg = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    int listener;

    if (recvmsg(w->status, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0 || !CMSG_FIRSTHDR(&msg))
        return -1;
    memcpy(&listener, CMSG_DATA(&control.header), sizeof listener);
    return own_fd(listener);
}

/* The process is as far as it will get: it executes the binary, or has ended. */
static os_err conclude(struct worker *w, struct component *c, struct attempt *attempt, const char **step)
{
    struct event event = { .kind = SPAWNER_STARTED, .id = c->id };

    c->listener = take_listener(w);
    if (c->listener >= 0 && !attempt->failure.err &&
        watch(w, c->listener, WATCH_LISTENER, (size_t)(c - w->components), EPOLLIN) == 0) {
        post(w, &event, attempt->pidfd);
        return OS_OK;
    }
    kill(c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
    c->pid = 0;
    close_fd(&c->listener);
    errno = attempt->failure.error;
    *step = attempt->failure.err ? attempt->failure.step : "it ended while it was started";
    return attempt->failure.err ? attempt->failure.err : OS_ERR_DEAD;
}

/* Why there is no new process. */
static os_err no_process(const struct worker *w, const char **step)
{
    if (w->nested && errno == ENOSPC) {
        *step = "a process: as many user namespaces as user.max_user_namespaces allows are there";
        errno = 0; /* its text speaks of a device */
    }
    return OS_ERR_THREADS;
}

/* What holds for all starts of this world. */
static os_err get_ready(struct worker *w, const char **step)
{
    *step = "the kernel has no user notification of system calls";
    if (w->setup->missing & SPAWNER_NO_SECCOMP)
        return OS_ERR_UNSUPPORTED;
    *step = "building the world of drivers";
    if (build_world(w, step) < 0)
        return OS_ERR_IO;
    *step = "setting the limits";
    if (!w->bounded && start_bound(&w->limits) < 0)
        return OS_ERR_IO;
    w->bounded = 1;
    return OS_OK;
}

static os_err check_binary(const struct request *request, int fd, struct stat *binary, const char **step)
{
    *step = "the binary";
    if (fd < 0 || fstat(fd, binary) < 0)
        return OS_ERR_BAD_ARG;
    *step = request->kind == REQUEST_START ? start_refuses(fd) : NULL;
    errno = 0;
    return *step ? OS_ERR_BAD_ARG : OS_OK;
}

static os_err try_start(struct worker *w, const struct request *request, const int fds[],
                        struct attempt *attempt, const char **step)
{
    struct component *c = free_slot(w);
    struct start start = { .profile = w->setup->profiles[request->profile],
                           .request = request,
                           .fds = fds,
                           .limits = &w->limits,
                           .proc = w->proc,
                           .outer_uid = geteuid(),
                           .outer_gid = getegid(),
                           .nested = w->nested,
                           .set_uid = w->setup->uid_base != 0,
                           .bound_threads = w->nested || w->setup->uid_base != 0,
                           .display = w->setup->display };
    struct stat binary;
    os_err err;

    *step = "no room for more components";
    if (!c)
        return OS_ERR_THREADS;
    err = get_ready(w, step);
    if (err == OS_OK)
        err = check_binary(request, fds[FD_BINARY], &binary, step);
    if (err != OS_OK)
        return err;
    start.image = (uint64_t)binary.st_size;
    start.uid = (w->setup->uid_base ? w->setup->uid_base : 1) + (uint32_t)(c - w->components);
    *c = (struct component){
        .id = request->id, .listener = -1, .helper = request->kind == REQUEST_SYMBOLIZE, .ino = binary.st_ino
    };
    *attempt = (struct attempt){ .w = w, .start = &start };
    *step = "a process";
    c->pid = c->helper ? fork_helper(&start) : clone_component(attempt);
    if (c->pid < 0) {
        c->pid = 0;
        return no_process(w, step);
    }
    return c->helper ? OS_OK : conclude(w, c, attempt, step);
}

static void start_request(struct worker *w, const struct request *request, const int fds[])
{
    struct attempt attempt;
    const char *step = "";
    os_err err;

    errno = 0;
    err = try_start(w, request, fds, &attempt, &step);
    if (err != OS_OK && request->kind == REQUEST_START)
        post_failure(w, request->id, err, step, errno);
}

static void kill_request(struct worker *w, uint32_t id)
{
    for (size_t i = 0; i < COMPONENTS_MAX; i++) {
        struct component *c = &w->components[i];

        if (c->pid && c->id == id && !c->helper)
            kill(c->pid, SIGKILL);
    }
}

/* ---- what components do ---- */

/* Where the code of a component's binary is in its memory. */
struct code {
    uint64_t base, start, end; /* START is 0 if it is not known */
};

/* Where IP is: *RELATIVE to the load address of the component's binary, or, in TEXT, in another file. */
static void find_address(struct worker *w, const struct component *c, pid_t pid, uint64_t ip,
                         uint64_t *relative, char *text, size_t size, struct code *code)
{
    unsigned long start, end, ino, base = 0, base_ino = 0;
    char path[64], line[512], name[256], mode[8];
    FILE *file;

    snprintf(text, size, "%#llx", (unsigned long long)ip);
    snprintf(path, sizeof path, "%d/maps", pid);
    file = open_proc(w, path);
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        *name = '\0';
        if (sscanf(line, "%lx-%lx %7s %*s %*s %lu %255s", &start, &end, mode, &ino, name) < 4)
            continue;
        if (ino != base_ino) {
            base = start;
            base_ino = ino;
        }
        if (ino == c->ino && strchr(mode, 'x') && !code->start)
            *code = (struct code){ base, start, end };
        if (ip < start || ip >= end)
            continue;
        if (ino == c->ino) {
            *relative = ip - base;
            snprintf(text, size, "%#lx", (unsigned long)*relative);
        } else if (ino) {
            snprintf(text, size, "%.60s+%#lx", strrchr(name, '/') ? strrchr(name, '/') + 1 : name,
                     (unsigned long)ip - base);
        }
    }
    fclose(file);
}

/*
 * The stack pointer of the thread that waits in the system call that DATA tells of. The kernel shows it as
 * long as the thread waits, which it does until its call is answered; so nobody needs to be stopped. 0: not
 * to be had.
 */
static uint64_t find_stack(struct worker *w, pid_t pid, const struct seccomp_data *data)
{
    unsigned long long sp = 0, pc;
    char path[64];
    DIR *tasks;
    int fd;

    snprintf(path, sizeof path, "%d/task", pid);
    fd = openat(w->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tasks = fd < 0 ? NULL : fdopendir(fd);
    if (!tasks) {
        close_fd(&fd);
        return 0;
    }
    for (struct dirent *task; !sp && (task = readdir(tasks));) {
        FILE *file;
        int number;

        snprintf(path, sizeof path, "%d/task/%.16s/syscall", pid, task->d_name);
        file = *task->d_name == '.' ? NULL : open_proc(w, path);
        if (!file)
            continue;
        if (fscanf(file, "%d %*s %*s %*s %*s %*s %*s %llx %llx", &number, &sp, &pc) != 3 ||
            number != data->nr || pc != data->instruction_pointer)
            sp = 0;
        fclose(file);
    }
    closedir(tasks);
    return sp;
}

/* Whether the instruction before ADDRESS can be a call; MEM is the component's memory. */
static int follows_call(int mem, uint64_t address)
{
#if defined(__x86_64__)
    uint8_t before[7];

    if (pread(mem, before, sizeof before, (off_t)(address - sizeof before)) != sizeof before)
        return 0;
    if (before[2] == 0xe8) /* with an offset */
        return 1;
    for (int i = 0; i < 6; i++) { /* through a register or memory, of 7 to 2 bytes */
        if (before[i] == 0xff && (before[i + 1] & 0x38) == 0x10)
            return 1;
    }
    return 0;
#else
    (void)mem;
    (void)address;
    return 1;
#endif
}

/*
 * What on the stack looks like the address after a call in the component's binary. Both are the component's
 * to write, so this is read within bounds, and believed by nobody.
 */
static void find_callers(struct worker *w, pid_t pid, uint64_t sp, const struct code *code,
                         uint64_t callers[LINUX_CALLERS_MAX])
{
    static uint64_t words[2048];
    size_t count, found = 0;
    char path[64];
    ssize_t len;
    int mem;

    snprintf(path, sizeof path, "%d/mem", pid);
    mem = openat(w->proc, path, O_RDONLY | O_CLOEXEC);
    len = mem < 0 ? 0 : pread(mem, words, sizeof words, (off_t)sp);
    count = len > 0 ? (size_t)len / sizeof *words : 0;
    for (size_t i = 0; i < count && found < LINUX_CALLERS_MAX; i++) {
        if (words[i] > code->start + 7 && words[i] < code->end && follows_call(mem, words[i]))
            callers[found++] = words[i] - code->base - 1;
    }
    close_fd(&mem);
}

static void report_violation(struct worker *w, struct component *c, const struct seccomp_data *data)
{
    struct event event = { .kind = SPAWNER_VIOLATION, .id = c->id };
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, data->nr);
    char where[96], arguments[6 * 20] = "";
    struct code code = { 0 };
    pid_t pid = pid_in_proc(w, c->pid);
    int count = 6, len = 0;
    uint64_t sp;

    while (count > 0 && data->args[count - 1] == 0)
        count--;
    for (int i = 0; i < count; i++)
        len += snprintf(arguments + len, sizeof arguments - (size_t)len, i ? ", %#llx" : "%#llx",
                        (unsigned long long)data->args[i]);
    find_address(w, c, pid, data->instruction_pointer, &event.ip, where, sizeof where, &code);
    sp = code.start ? find_stack(w, pid, data) : 0;
    if (sp)
        find_callers(w, pid, sp, &code, event.callers);
    snprintf(event.text, sizeof event.text, "system call %.31s(%.110s) at %.80s", name ? name : "unknown",
             arguments, where);
    free(name);
    post(w, &event, -1);
}

static void handle_listener(struct worker *w, struct component *c, uint32_t events)
{
    struct seccomp_notif call = { 0 };

    if (events & EPOLLIN && ioctl(c->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) {
        report_violation(w, c, &call.data);
        kill(c->pid, SIGKILL);
        close_fd(&c->listener);
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        close_fd(&c->listener);
    }
}

/* The end of a component, told once it has been reaped, so that its user and slot can be used again. A
 * helper's answer, or none, is core's to see. */
static void handle_end(struct worker *w, struct component *c, int status)
{
    struct event event = { .kind = SPAWNER_ENDED, .id = c->id, .status = status };

    close_fd(&c->listener);
    c->pid = 0;
    if (!c->helper)
        post(w, &event, -1);
}

static void reap(struct worker *w)
{
    int status;
    pid_t pid;

    w->ended = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < COMPONENTS_MAX; i++) {
            if (w->components[i].pid == pid)
                handle_end(w, &w->components[i], status);
        }
    }
}

/* ---- core ---- */

/* 1: a request; 0: none now; -1: core is gone. */
static int receive_request(struct worker *w, struct request *request, int fds[])
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(FD_COUNT * sizeof(int))];
    } control;
    struct iovec data = { request, sizeof *request };
    struct msghdr msg = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    /* not close-on-exec: the descriptors are the component's, and here closed again after its start */
    ssize_t len = recvmsg(w->setup->core, &msg, MSG_DONTWAIT);
    const unsigned char *next = CMSG_DATA(&control.header);

    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (len != sizeof *request)
        return -1;
    for (int i = 0; i < FD_COUNT; i++) {
        fds[i] = -1;
        if (CMSG_FIRSTHDR(&msg) && request->fds & 1u << i &&
            next + sizeof(int) <= (unsigned char *)&control + control.header.cmsg_len) {
            memcpy(&fds[i], next, sizeof(int));
            next += sizeof(int);
        }
    }
    request->label[LABEL_MAX - 1] = '\0';
    return 1;
}

/* Nothing may outlive core, also where there is no pid namespace that would see to it. */
static void end_all(struct worker *w)
{
    for (size_t i = 0; i < COMPONENTS_MAX; i++) {
        if (w->components[i].pid)
            kill(w->components[i].pid, SIGKILL);
    }
    while (waitpid(-1, NULL, 0) > 0)
        ;
    _exit(0);
}

static void handle_core(struct worker *w)
{
    struct request request;
    int fds[FD_COUNT], got;

    while ((got = receive_request(w, &request, fds)) > 0) {
        if (request.kind == REQUEST_KILL)
            kill_request(w, request.id);
        else if (request.kind == REQUEST_START || request.kind == REQUEST_SYMBOLIZE)
            start_request(w, &request, fds);
        close_range(0, START_FD_STATUS - 1, 0);
    }
    if (got < 0)
        end_all(w);
}

static void handle(struct worker *w, const struct epoll_event *event)
{
    struct component *c = &w->components[event->data.u64 >> 2];
    struct signalfd_siginfo info;

    switch ((enum watch)(event->data.u64 & 3)) {
    case WATCH_CORE:
        handle_core(w);
        break;
    case WATCH_LISTENER:
        if (c->pid && c->listener >= 0)
            handle_listener(w, c, event->events);
        break;
    case WATCH_ENDS:
        /* one signal can stand for several ends */
        w->ended = read(w->ends, &info, sizeof info) == sizeof info;
        break;
    }
}

/* ---- getting into place ---- */

/* Only what starting components takes: other users for them, their end, and a look at their
 * memory, whose files in /proc are theirs. */
static void drop_capabilities(struct worker *w)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };
    uint32_t keep = 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL | 1u << CAP_SYS_PTRACE |
                    1u << CAP_DAC_READ_SEARCH;
    struct __user_cap_data_struct now[2] = { 0 };

    if (!w->world_built && !(w->setup->missing & SPAWNER_NO_MOUNT))
        keep |= 1u << CAP_SYS_ADMIN;
    syscall(SYS_capget, &header, now);
    data[0].permitted = data[0].effective = now[0].permitted & keep;
    syscall(SYS_capset, &header, data);
}

/* Whether components can have user namespaces of their own. */
static int probe_nested(int proc)
{
    struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    uint32_t uid = geteuid(), gid = getegid(); /* the child is nobody until it is mapped */
    int status;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

    if (pid == 0)
        _exit(start_map_user(proc, 1, uid, gid) < 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Without a user namespace of ours, root's uids are those of whatever container we may be in. */
static int probe_uid(uint32_t uid)
{
    struct clone_args args = { .exit_signal = SIGCHLD };
    int status;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

    if (pid == 0)
        _exit(setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void reset_process(void)
{
    struct rlimit files;
    sigset_t ends;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD); /* comes by a descriptor */
    sigprocmask(SIG_SETMASK, &ends, NULL);
    setsid(); /* Ctrl-C on the terminal is for core */
    umask(022);
    prctl(PR_SET_NAME, "spawner");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Waits for REQUEST_GO: the maps of users are written, and whether they hold more than one. */
static void wait_for_go(struct worker_setup *setup)
{
    struct request request;

    if (recv(setup->core, &request, sizeof request, 0) != sizeof request || request.kind != REQUEST_GO)
        _exit(1);
    if (request.id)
        setup->uid_base = 1;
    else if (setup->uid_base && !probe_uid(setup->uid_base))
        setup->uid_base = 0;
    if (!setup->uid_base)
        setup->missing |= SPAWNER_NO_UID;
}

/* After the clone by root the process is nobody of the range that was mapped. */
static int become_root(void)
{
    return setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ? -1 : 0;
}

/* The mount is tried in a process of its own where the world is built later. */
static int probe_world(struct worker *w)
{
    struct clone_args args = { .flags = CLONE_NEWNS, .exit_signal = SIGCHLD };
    const char *step;
    int status;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

    if (pid == 0)
        _exit(world_enter(WORLD_EMPTY, NULL, &step) < 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static void setup_world(struct worker *w, struct worker_setup *setup)
{
    const char *step;

    if (setup->missing & SPAWNER_NO_MOUNT)
        return;
    if (probe_world(w) < 0)
        setup->missing |= SPAWNER_NO_MOUNT;
    else if (setup->world == WORLD_EMPTY && build_world(w, &step) < 0)
        _exit(1);
}

/* The descriptors that stay, out of the way of those of requests. */
static int open_own(struct worker *w)
{
    sigset_t ends;
    int status[2];

    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    w->proc = own_fd(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    w->epoll = own_fd(epoll_create1(EPOLL_CLOEXEC));
    w->ends = own_fd(signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) < 0 ||
        dup3(status[1], START_FD_STATUS, O_CLOEXEC) < 0)
        return -1;
    close_fd(&status[1]);
    w->status = own_fd(status[0]);
    if (w->epoll < 0 || w->ends < 0 || w->status < 0 || watch(w, w->setup->core, WATCH_CORE, 0, EPOLLIN) < 0)
        return -1;
    return watch(w, w->ends, WATCH_ENDS, 0, EPOLLIN);
}

/* Only makes starts faster, so it may fail. */
static void run_under_hint(const struct worker_setup *setup)
{
    struct sock_filter code[PROFILE_HINT_MAX];
    struct sock_fprog program = { .len = (unsigned short)profile_hint(setup->profiles, setup->profile_count,
                                                                      setup->world, code),
                                  .filter = code };

    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

void worker_run(const struct worker_setup *given)
{
    struct worker_setup setup = *given;
    struct worker *w = calloc(1, sizeof *w);
    struct event ready = { .kind = EVENT_READY };

    if (!w)
        _exit(1);
    reset_process();
    wait_for_go(&setup);
    if (setup.user_namespace && setup.uid_base && become_root() < 0)
        _exit(1);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* changes of the user clear it */
    w->setup = &setup;
    w->last = &w->first;
    /* what components inherit: neither groups nor a way to new privileges */
    if ((setup.uid_base && setgroups(0, NULL) < 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        open_own(w) < 0)
        _exit(1);
    setup_world(w, &setup);
    if (!setup.uid_base)
        w->nested = probe_nested(w->proc);
    if (!setup.uid_base && !w->nested)
        setup.missing |= SPAWNER_NO_THREADS;
    drop_capabilities(w);
    run_under_hint(&setup);
    ready.status = (int32_t)setup.missing;
    post(w, &ready, -1);
    for (;;) {
        struct epoll_event events[16];
        int count;

        flush_events(w);
        count = epoll_wait(w->epoll, events, OS_ARRAY_LEN(events), -1);
        for (int i = 0; i < count; i++)
            handle(w, &events[i]);
        /* at last, so that no event of this round is taken for one of a new component in the same slot */
        if (w->ended)
            reap(w);
    }
}
