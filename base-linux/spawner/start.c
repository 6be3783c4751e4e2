/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.c: the steps of a new process from the spawner's clone to the first instruction of the component. The
 * order matters: descriptors and limits first, then identity, at last the filter, after which only the
 * hand-over of its listener and the execution are possible.
 *
 * Until the execution the process has the spawner's memory, which waits meanwhile; so it allocates nothing,
 * and leaves nothing behind but what it is to say.
 */
#include "start.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux_base/native.h>

/* A helper that needs more is lost in what it was given. */
enum { HELPER_SECONDS = 2 };

/* vdso, vvar and the gaps the kernel leaves, plus the guard page of each thread's stack: not for the
 * component to use, so not a part of its ram. */
#define SPACE_FIXED      OS_MIB(1)
#define SPACE_PER_THREAD OS_KIB(16)

static int write_file(int dir, const char *path, const char *text)
{
    int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
    ssize_t len = (ssize_t)strlen(text);
    int result;

    if (fd < 0)
        return -1;
    result = write(fd, text, (size_t)len) == len ? 0 : -1;
    close(fd);
    return result;
}

int start_map_user(int proc, uint32_t uid, uint32_t outer_uid, uint32_t outer_gid)
{
    char map[64];

    if (write_file(proc, "self/setgroups", "deny") < 0)
        return -1;
    snprintf(map, sizeof map, "%u %u 1", uid, outer_uid);
    if (write_file(proc, "self/uid_map", map) < 0)
        return -1;
    snprintf(map, sizeof map, "%u %u 1", uid, outer_gid);
    return write_file(proc, "self/gid_map", map);
}

/*
 * Puts every descriptor at its number and closes all others. They arrived in rising order at the lowest free
 * numbers, so none is above the number that it is to have, and the last one can always be moved first.
 */
static int place_descriptors(const struct start *start)
{
    /* from here on the table is this process's own; all of the spawner's stay out of it */
    if (close_range(START_OWN_FDS, ~0u, CLOSE_RANGE_UNSHARE) < 0)
        return -1;
    for (int i = FD_COUNT - 1; i >= 0; i--) {
        int from = start->fds[i], to = i == FD_BINARY ? LINUX_FD_EXEC : i;

        if (from < 0 || from == to)
            continue;
        if (dup3(from, to, i == FD_BINARY ? O_CLOEXEC : 0) < 0 || close(from) < 0)
            return -1;
    }
    /* what is not the component's: the pidfd of this very process */
    return close_range(FD_BINARY, START_FD_STATUS - 1, 0);
}

int start_bound(struct start_limits *limits)
{
    static const int none[] = { RLIMIT_CORE,  RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE,
                                RLIMIT_FSIZE, RLIMIT_NICE,    RLIMIT_RTPRIO };
    struct rlimit limit = { 0, 0 };

    for (size_t i = 0; i < OS_ARRAY_LEN(none); i++) {
        if (setrlimit(none[i], &limit) < 0)
            return -1;
    }
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        if (getrlimit(i, &limit) < 0)
            return -1;
        limits->hard[i] = limit.rlim_max;
    }
    return 0;
}

/*
 * Only the soft limit is set where core may have to raise it later: on many machines nobody may raise a hard
 * limit. The filter keeps the component from doing that itself.
 */
static int limit(const struct start *start, int resource, uint64_t soft, int final)
{
    rlim_t hard = start->limits->hard[resource];

    if (soft > hard)
        soft = hard;
    return setrlimit(resource, &(struct rlimit){ soft, final ? soft : hard });
}

/* See README.md, "Limits", for the formulas. The others are the spawner's own, see start_bound. */
static int set_limits(const struct start *start)
{
    const struct request *request = start->request;
    uint64_t image = (start->image + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE;
    uint64_t space = request->ram + start->profile->stack + image + SPACE_FIXED + start->profile->space +
                     request->threads * SPACE_PER_THREAD;

    if (space < request->ram)
        space = RLIM_INFINITY;
    if (limit(start, RLIMIT_NOFILE, LINUX_RLIMIT_NOFILE, 0) < 0 ||
        limit(start, RLIMIT_DATA, request->ram, 0) < 0 || limit(start, RLIMIT_AS, space, 0) < 0 ||
        limit(start, RLIMIT_STACK, start->profile->stack, 1) < 0)
        return -1;
    return start->bound_threads ? limit(start, RLIMIT_NPROC, request->threads, 0) : 0;
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };

    return (int)syscall(SYS_capset, &header, none);
}

/* The identity of the component; where the machine does not allow more it stays the user's, without any
 * privilege. Further groups the spawner has none. */
static int become_user(const struct start *start)
{
    if (start->set_uid && (setresgid(start->uid, start->uid, start->uid) < 0 ||
                           setresuid(start->uid, start->uid, start->uid) < 0))
        return -1;
    return drop_capabilities();
}

/* The kernel would run programs of other formats too (scripts, 32 bit); this is told before, and in words. */
const char *start_refuses(int fd)
{
    Elf64_Ehdr header;

    if (pread(fd, &header, sizeof header, 0) != sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return "the binary is no ELF file";
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64)
        return "the binary is for another machine";
    if (header.e_type != ET_DYN && header.e_type != ET_EXEC)
        return "the binary is no program";
    return NULL;
}

/* Returns the listener, if FLAGS ask for one. That there are no new privileges is inherited. */
static int set_filter(const struct profile *profile, unsigned flags)
{
    struct sock_fprog program = { .len = (unsigned short)profile->code_len, .filter = profile->code };

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* One system call that every profile allows, because it comes after the filter. */
static int send_listener(int listener)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
    struct iovec nothing = { (char *)"", 1 };
    struct msghdr msg = {
        .msg_iov = &nothing, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };

    memcpy(CMSG_DATA(&control.header), &listener, sizeof listener);
    return sendmsg(START_FD_STATUS, &msg, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* The environment in ENV, with the values inside the world; STORE holds the strings. */
static void fill_environment(const struct start *start, char *env[], char *store, size_t size)
{
    for (char *const *entry = start->profile->env; *entry; entry++) {
        const char *value = strchr(*entry, '=') ? "" : world_env(start->display, *entry);
        int len;

        if (!value)
            continue;
        len = snprintf(store, size, strchr(*entry, '=') ? "%s%s" : "%s=%s", *entry, value) + 1;
        if ((size_t)len > size)
            break;
        *env++ = store;
        store += len;
        size -= (size_t)len;
    }
    *env = NULL;
}

/* The spawner gets its signals by a descriptor; a component has none blocked. */
static int unblock_signals(const struct start *start)
{
    sigset_t none;

    (void)start;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* After the change of the user, which clears it. */
static int bind_to_spawner(const struct start *start)
{
    (void)start;
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static int map_user(const struct start *start)
{
    return start->nested ? start_map_user(start->proc, start->uid, start->outer_uid, start->outer_gid) : 0;
}

/* All steps before the filter. */
static int prepare(const struct start *start, struct start_failure *failure)
{
    static const struct {
        int (*take)(const struct start *start);
        const char *name;
    } steps[] = {
        { map_user, "mapping the user" },     { place_descriptors, "placing the descriptors" },
        { set_limits, "setting the limits" }, { become_user, "changing the user" },
        { unblock_signals, "the signals" },   { bind_to_spawner, "binding it to the spawner" },
    };

    for (size_t i = 0; i < OS_ARRAY_LEN(steps); i++) {
        if (steps[i].take(start) < 0) {
            failure->error = errno;
            failure->err = OS_ERR_IO;
            snprintf(failure->step, sizeof failure->step, "%s", steps[i].name);
            return -1;
        }
    }
    return 0;
}

/* Text for what execveat refuses; the machine's own words for the rest. */
static void explain_exec(struct start_failure *failure, int error)
{
    const char *text = error == ENOENT    ? "it needs a dynamic linker, which its world does not have"
                       : error == ENOEXEC ? "the binary is no valid ELF file"
                       : error == ENOMEM  ? "its ram is too small for the binary"
                                          : NULL;

    failure->err = error == ENOMEM ? OS_ERR_RAM : OS_ERR_BAD_ARG;
    failure->error = text ? 0 : error;
    snprintf(failure->step, sizeof failure->step, "%s", text ? text : "executing the binary");
}

void start_component(const struct start *start, struct start_failure *failure)
{
    char store[2048], *env[PROFILE_ENV_MAX + 1];
    char *argv[] = { (char *)start->request->label, NULL };
    int listener;

    fill_environment(start, env, store, sizeof store);
    if (prepare(start, failure) < 0)
        _exit(1);
    listener = set_filter(start->profile, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (listener < 0) {
        *failure =
            (struct start_failure){ .error = errno, .err = OS_ERR_DENIED, .step = "setting the filter" };
        _exit(1);
    }
    if (send_listener(listener) == 0) {
        syscall(SYS_execveat, LINUX_FD_EXEC, "", argv, env, AT_EMPTY_PATH);
        explain_exec(failure, errno);
    }
    _exit(1);
}

int start_helper(const struct start *start, struct start_failure *failure)
{
    /* without a listener, what the profile does not allow fails with ENOSYS */
    if (prepare(start, failure) < 0 || close(START_FD_STATUS) < 0 ||
        limit(start, RLIMIT_CPU, HELPER_SECONDS, 1) < 0)
        return -1;
    return set_filter(start->profile, 0);
}
