/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spawner.c: core's side. There is one spawner process per world; both are made at the start, before core has
 * threads, and each is process 1 of namespaces of its own.
 */
#include <linux_base/spawner.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux_base/symbolize.h>

#include "profile.h"
#include "protocol.h"
#include "start.h"
#include "worker.h"

enum { PROFILES_MAX = 16 };

struct spawner {
    int epoll;
    struct {
        int socket;
        pid_t pid;
    } worker[WORLD_COUNT];
    struct profile *profiles[PROFILES_MAX];
    size_t profile_count;
    struct world_display display;
};

/* ---- start ---- */

static os_err load_profiles(struct profile *profiles[PROFILES_MAX], size_t *count)
{
    char error[256] = "";
    os_err err;

    for (size_t i = 0; i < profile_text_count; i++) {
        if (i == PROFILES_MAX)
            return OS_ERR_NO_MEMORY;
        err = profile_create(profile_texts, profile_text_count, profile_texts[i].name, &profiles[i], error,
                             sizeof error);
        if (err != OS_OK) {
            fprintf(stderr, "seedbed: profile %s\n", *error ? error : "cannot be compiled");
            return err;
        }
        ++*count;
    }
    return OS_OK;
}

/* Profiles without a pointer to follow. */
struct flat_profiles {
    os_err err;
    size_t count;
    struct flat_profile {
        struct profile profile;
        char env[PROFILE_ENV_MAX][128];
        struct sock_filter code[512];
    } items[PROFILES_MAX];
};

static os_err flatten(const struct profile *profile, struct flat_profile *flat)
{
    if (profile->code_len > OS_ARRAY_LEN(flat->code))
        return OS_ERR_NO_MEMORY;
    flat->profile = *profile;
    memcpy(flat->code, profile->code, profile->code_len * sizeof *profile->code);
    for (int i = 0; profile->env[i]; i++) {
        if (snprintf(flat->env[i], sizeof flat->env[i], "%s", profile->env[i]) >= (int)sizeof flat->env[i])
            return OS_ERR_NO_MEMORY;
    }
    return OS_OK;
}

static os_err unflatten(const struct flat_profile *flat, struct profile **profile)
{
    struct profile *p = malloc(sizeof *p);

    if (!p)
        return OS_ERR_NO_MEMORY;
    *p = flat->profile;
    memset(p->env, 0, sizeof p->env);
    p->code = malloc(p->code_len * sizeof *p->code);
    *profile = p;
    if (!p->code)
        return OS_ERR_NO_MEMORY;
    memcpy(p->code, flat->code, p->code_len * sizeof *p->code);
    for (int i = 0; flat->profile.env[i]; i++) {
        p->env[i] = strdup(flat->env[i]);
        if (!p->env[i])
            return OS_ERR_NO_MEMORY;
    }
    return OS_OK;
}

static os_err fill_flat(struct flat_profiles *flat)
{
    struct profile *profiles[PROFILES_MAX];
    os_err err = load_profiles(profiles, &flat->count);

    for (size_t i = 0; i < flat->count && err == OS_OK; i++)
        err = flatten(profiles[i], &flat->items[i]);
    return err;
}

/*
 * What libseccomp leaves of its memory would be in core and in each spawner for good. So it is used in a
 * process of its own, and only what came out of it is kept.
 */
static os_err compile_profiles(struct spawner *s)
{
    struct flat_profiles *flat =
        mmap(NULL, sizeof *flat, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    os_err err;
    pid_t pid;

    if (flat == MAP_FAILED)
        return OS_ERR_NO_MEMORY;
    flat->err = OS_ERR_NO_MEMORY; /* should it not come to its end */
    pid = fork();
    if (pid == 0) {
        flat->err = fill_flat(flat);
        _exit(0);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
    err = flat->err;
    for (size_t i = 0; i < flat->count && err == OS_OK; i++) {
        err = unflatten(&flat->items[i], &s->profiles[i]);
        s->profile_count += s->profiles[i] != NULL;
    }
    munmap(flat, sizeof *flat);
    return err;
}

static int have_notifications(void)
{
    uint32_t action = SECCOMP_RET_USER_NOTIF;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int write_map(pid_t pid, const char *name, const char *text)
{
    char path[64];
    int fd, result;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    result = write(fd, text, strlen(text)) < 0 ? -1 : 0;
    close(fd);
    return result;
}

/*
 * The first uid on the machine for a world's components: far above what people and services have, and
 * different for every system that runs at the time, because the kernel counts threads and descriptors in
 * flight per uid.
 */
static uint32_t first_uid(enum profile_world world)
{
    const uint32_t base = 0x40000000, systems = 1u << 21;

    return base + ((uint32_t)getpid() % systems * WORLD_COUNT + world) * WORKER_UIDS;
}

/* Maps a range of uids if core may do that, else core's own: returns whether components have uids of their
 * own. */
static int map_users(pid_t pid, enum profile_world world)
{
    char map[64];

    snprintf(map, sizeof map, "0 %u %u", first_uid(world), WORKER_UIDS);
    if (geteuid() == 0 && write_map(pid, "uid_map", map) == 0 && write_map(pid, "gid_map", map) == 0)
        return 1;
    /* not as 0: only a process with CAP_SETFCAP could map that once more, for a component */
    write_map(pid, "setgroups", "deny");
    snprintf(map, sizeof map, "1 %u 1", geteuid());
    write_map(pid, "uid_map", map);
    snprintf(map, sizeof map, "1 %u 1", getegid());
    write_map(pid, "gid_map", map);
    return 0;
}

static pid_t fork_with(uint64_t namespaces)
{
    struct clone_args args = { .flags = namespaces, .exit_signal = SIGCHLD };

    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

/*
 * Forks the process for WORLD with as many namespaces as the machine lets us have. The child returns with
 * *SETUP complete but for the maps.
 */
static pid_t fork_worker(struct worker_setup *setup)
{
    const uint64_t others = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    pid_t pid = fork_with(CLONE_NEWUSER | others);

    setup->user_namespace = 1;
    if (pid >= 0)
        return pid;
    /* root can have the others all the same */
    setup->user_namespace = 0;
    setup->missing |= SPAWNER_NO_USERNS;
    setup->uid_base = geteuid() == 0 ? first_uid(setup->world) : 0;
    pid = fork_with(others);
    if (pid >= 0)
        return pid;
    setup->missing |= SPAWNER_NO_MOUNT;
    return fork_with(0);
}

static os_err send_request(struct spawner *s, enum profile_world world, const struct request *request,
                           const int fds[])
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(FD_COUNT * sizeof(int))];
    } control;
    struct iovec data = { (void *)request, sizeof *request };
    struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1 };
    size_t count = 0;
    int present[FD_COUNT];
    ssize_t sent;

    for (int i = 0; i < FD_COUNT; i++) {
        if (request->fds & 1u << i)
            present[count++] = fds[i];
    }
    if (count) {
        control.header = (struct cmsghdr){ CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(&control.header), present, count * sizeof(int));
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    do {
        sent = sendmsg(s->worker[world].socket, &msg, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return OS_OK;
    return errno == ETOOMANYREFS ? OS_ERR_IN_FLIGHT : errno == EBADF ? OS_ERR_BAD_ARG : OS_ERR_DEAD;
}

/* Only the socket stays: neither a terminal nor a pipe of core's may be held open by the spawner. */
static void be_worker(struct worker_setup *setup)
{
    if (setup->core != START_OWN_FDS && dup3(setup->core, START_OWN_FDS, O_CLOEXEC) < 0)
        _exit(1);
    setup->core = START_OWN_FDS;
    close_range(0, START_OWN_FDS - 1, 0);
    close_range(START_OWN_FDS + 1, ~0u, 0);
    worker_run(setup);
}

static os_err start_worker(struct spawner *s, enum profile_world world)
{
    struct worker_setup setup = {
        .world = world, .profiles = s->profiles, .profile_count = s->profile_count, .display = &s->display
    };
    struct request go = { .kind = REQUEST_GO };
    int sockets[2];
    pid_t pid;

    if (!have_notifications())
        setup.missing |= SPAWNER_NO_SECCOMP;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return OS_ERR_NO_MEMORY;
    setup.core = sockets[1];
    pid = fork_worker(&setup);
    if (pid == 0)
        be_worker(&setup);
    close(sockets[1]);
    if (pid < 0) {
        close(sockets[0]);
        return OS_ERR_NO_MEMORY;
    }
    s->worker[world].socket = sockets[0];
    s->worker[world].pid = pid;
    go.id = setup.user_namespace && map_users(pid, world);
    return send_request(s, world, &go, NULL);
}

/* 1: EVENT is filled, *PIDFD is the caller's; 0: none now; -1: the spawner is gone. */
static int receive_event(int socket, struct event *event, int *pidfd, int flags)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = { event, sizeof *event };
    struct msghdr msg = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t len;

    do {
        len = recvmsg(socket, &msg, flags | MSG_CMSG_CLOEXEC);
    } while (len < 0 && errno == EINTR);
    if (len < 0 && errno == EAGAIN)
        return 0;
    if (len != sizeof *event)
        return -1;
    *pidfd = -1;
    if (CMSG_FIRSTHDR(&msg))
        memcpy(pidfd, CMSG_DATA(&control.header), sizeof(int));
    return 1;
}

static os_err wait_ready(struct spawner *s, enum profile_world world, uint32_t *missing)
{
    struct event event;
    int pidfd;

    if (receive_event(s->worker[world].socket, &event, &pidfd, 0) < 0 || event.kind != EVENT_READY)
        return OS_ERR_DENIED;
    *missing |= (uint32_t)event.status;
    return OS_OK;
}

static os_err watch_workers(struct spawner *s)
{
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0)
        return OS_ERR_NO_MEMORY;
    for (int world = 0; world < WORLD_COUNT; world++) {
        struct epoll_event event = { .events = EPOLLIN };

        if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->worker[world].socket, &event) < 0)
            return OS_ERR_NO_MEMORY;
    }
    return OS_OK;
}

os_err spawner_start(struct spawner **spawner, uint32_t *missing)
{
    struct spawner *s = calloc(1, sizeof *s);
    uint32_t without = 0;
    os_err err;

    if (!s)
        return OS_ERR_NO_MEMORY;
    s->epoll = -1;
    for (int world = 0; world < WORLD_COUNT; world++)
        s->worker[world].socket = -1;
    world_display_init(&s->display);
    if ((err = compile_profiles(s)) != OS_OK)
        goto fail;
    /* both at once, they get into place in parallel */
    for (int world = 0; world < WORLD_COUNT; world++) {
        if ((err = start_worker(s, (enum profile_world)world)) != OS_OK)
            goto fail;
    }
    for (int world = 0; world < WORLD_COUNT; world++) {
        if ((err = wait_ready(s, (enum profile_world)world, &without)) != OS_OK)
            goto fail;
    }
    if ((err = watch_workers(s)) != OS_OK)
        goto fail;
    *missing = without;
    *spawner = s;
    return OS_OK;
fail:
    spawner_stop(s);
    return err;
}

void spawner_stop(struct spawner *s)
{
    if (!s)
        return;
    for (int world = 0; world < WORLD_COUNT; world++) {
        if (s->worker[world].socket >= 0)
            close(s->worker[world].socket);
    }
    for (int world = 0; world < WORLD_COUNT; world++) {
        if (s->worker[world].pid > 0)
            waitpid(s->worker[world].pid, NULL, 0);
    }
    if (s->epoll >= 0)
        close(s->epoll);
    for (size_t i = 0; i < s->profile_count; i++)
        profile_destroy(s->profiles[i]);
    world_display_fini(&s->display);
    free(s);
}

/* ---- requests ---- */

int spawner_fd(const struct spawner *s)
{
    return s->epoll;
}

static int find_profile(const struct spawner *s, const char *name)
{
    for (size_t i = 0; i < s->profile_count; i++) {
        if (strcmp(s->profiles[i]->name, name) == 0)
            return (int)i;
    }
    return -1;
}

int spawner_has_profile(const struct spawner *s, const char *name)
{
    return find_profile(s, name) >= 0;
}

int spawner_knows_profile(const char *name)
{
    for (size_t i = 0; i < profile_text_count; i++) {
        if (strcmp(profile_texts[i].name, name) == 0)
            return 1;
    }
    return 0;
}

os_err spawner_request(struct spawner *s, const struct spawner_request *wanted)
{
    const int fds[FD_COUNT] = {
        [FD_IN] = wanted->log,       [FD_OUT] = wanted->log,          [FD_ERR] = wanted->log,
        [FD_CORE] = wanted->core,    [FD_PARENT] = wanted->parent,    [FD_PD] = wanted->pd,
        [FD_PAIR] = wanted->pair[0], [FD_PAIR + 1] = wanted->pair[1], [FD_BINARY] = wanted->binary
    };
    struct request request = {
        .kind = REQUEST_START, .id = wanted->id, .threads = wanted->threads, .ram = wanted->ram
    };
    int profile = find_profile(s, wanted->profile);

    if (profile < 0)
        return OS_ERR_NOT_FOUND;
    request.profile = (uint32_t)profile;
    for (int i = 0; i < FD_COUNT; i++)
        request.fds |= fds[i] >= 0 ? 1u << i : 0;
    snprintf(request.label, sizeof request.label, "%s", wanted->label);
    return send_request(s, s->profiles[profile]->world, &request, fds);
}

os_err spawner_kill(struct spawner *s, uint32_t id)
{
    struct request request = { .kind = REQUEST_KILL, .id = id };
    os_err err = OS_OK;

    /* core knows its components by id only, not by world */
    for (int world = 0; world < WORLD_COUNT && err == OS_OK; world++)
        err = send_request(s, (enum profile_world)world, &request, NULL);
    return err;
}

/* As in linux/pidfd.h since Linux 6.13. */
struct pidfd_info_64 {
    uint64_t mask, cgroup;
    uint32_t pid, others[10];
    int32_t exit_code;
};
#define PIDFD_INFO_OF_PID 1
#define PIDFD_GET_INFO_64 _IOWR(0xff, 11, struct pidfd_info_64)
_Static_assert(sizeof(struct pidfd_info_64) == 64, "the first version of the structure");

/* The process as it is numbered here; in the spawner's namespace it has another number. -1: it is no more. */
static pid_t pid_of(int pidfd)
{
    struct pidfd_info_64 info = { .mask = PIDFD_INFO_OF_PID };
    char path[64], line[128];
    pid_t pid = -1;
    FILE *file;

    if (ioctl(pidfd, PIDFD_GET_INFO_64, &info) == 0)
        return info.mask & PIDFD_INFO_OF_PID ? (pid_t)info.pid : -1;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    file = fopen(path, "re");
    if (!file)
        return -1;
    while (fgets(line, sizeof line, file))
        sscanf(line, "Pid: %d", &pid);
    fclose(file);
    return pid;
}

int spawner_next(struct spawner *s, struct spawner_event *out)
{
    struct event event;
    int pidfd, got = 0;

    for (int world = 0; world < WORLD_COUNT && got == 0; world++)
        got = receive_event(s->worker[world].socket, &event, &pidfd, MSG_DONTWAIT);
    if (got <= 0)
        return got;
    *out = (struct spawner_event){ .kind = (enum spawner_event_kind)event.kind,
                                   .id = event.id,
                                   .pidfd = pidfd,
                                   .pid = event.kind == SPAWNER_STARTED ? pid_of(pidfd) : -1,
                                   .status = event.status,
                                   .err = event.err,
                                   .ip = event.ip };
    memcpy(out->callers, event.callers, sizeof out->callers);
    snprintf(out->text, sizeof out->text, "%.*s", (int)sizeof event.text - 1, event.text);
    return 1;
}

/* ---- source lines ---- */

os_err symbolize_begin(struct spawner *s, int binary, const uint64_t addresses[SYMBOLIZE_ADDRESSES_MAX],
                       int *fd)
{
    struct request request = {
        .kind = REQUEST_SYMBOLIZE, .ram = OS_MIB(256), .threads = 1, .fds = 1u << FD_BINARY | 1u << FD_CORE
    };
    int fds[FD_COUNT] = { 0 };
    int profile = find_profile(s, "symbolize"), sockets[2];
    os_err err;

    if (profile < 0)
        return OS_ERR_NOT_FOUND;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return OS_ERR_HANDLES;
    memcpy(request.addresses, addresses, sizeof request.addresses);
    request.profile = (uint32_t)profile;
    fds[FD_BINARY] = binary;
    fds[FD_CORE] = sockets[1];
    err = send_request(s, WORLD_EMPTY, &request, fds);
    close(sockets[1]);
    if (err == OS_OK)
        *fd = sockets[0];
    else
        close(sockets[0]);
    return err;
}

void symbolize_end(int fd, char *text, size_t size)
{
    char answer[SYMBOLIZE_TEXT_MAX];
    ssize_t len = recv(fd, answer, sizeof answer, MSG_DONTWAIT);

    close(fd);
    for (ssize_t i = 0; i < len; i++) {
        if (answer[i] < ' ' || answer[i] > '~')
            answer[i] = '?'; /* names are the component's choice, and go to the terminal */
    }
    if (len > 0)
        snprintf(text, size, "%.*s", (int)len, answer);
    else
        snprintf(text, size, "no debug information");
}

void symbolize(struct spawner *s, int binary, uint64_t address, char *text, size_t size)
{
    const uint64_t addresses[SYMBOLIZE_ADDRESSES_MAX] = { address };
    struct pollfd answer = { .events = POLLIN };

    if (symbolize_begin(s, binary, addresses, &answer.fd) != OS_OK) {
        snprintf(text, size, "no debug information");
        return;
    }
    poll(&answer, 1, 1000);
    symbolize_end(answer.fd, text, size);
}
