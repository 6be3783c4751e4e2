/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.c: the steps of a new process from the spawner's copy to the first instruction of the component. The
 * order matters: descriptors and limits first, then identity, at last the filter, after which only the
 * hand-over of its listener and the execution are possible.
 */
#include "start.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <grp.h>
#include <unistd.h>

#include <linux_base/native.h>

enum {
    FD_STATUS = LINUX_FD_EXEC + 1,
    FD_ABOVE, /* first number that is neither a component's nor needed for the start */
};

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
 * Puts every descriptor at its number and closes all others. The descriptors may be at numbers that others
 * are to get, so they move out of the way first.
 */
static int place_descriptors(const struct start *start)
{
    static const int target[FD_COUNT] = { [FD_BINARY] = LINUX_FD_EXEC,
                                          [FD_CORE] = LINUX_FD_CORE,
                                          [FD_PARENT] = LINUX_FD_PARENT,
                                          [FD_PD] = LINUX_FD_PD,
                                          [FD_LOG] = 0 };
    int moved[FD_COUNT], status = fcntl(start->status, F_DUPFD, FD_ABOVE);

    if (status < 0)
        return -1;
    for (int i = 0; i < FD_COUNT; i++) {
        moved[i] = start->fds[i] < 0 ? -1 : fcntl(start->fds[i], F_DUPFD, FD_ABOVE);
        if (start->fds[i] >= 0 && moved[i] < 0)
            return -1;
    }
    if (close_range(0, FD_ABOVE - 1, 0) < 0 || dup3(status, FD_STATUS, O_CLOEXEC) < 0)
        return -1;
    for (int i = 0; i < FD_COUNT; i++) {
        if (moved[i] >= 0 && dup3(moved[i], target[i], i == FD_BINARY ? O_CLOEXEC : 0) < 0)
            return -1;
    }
    if (moved[FD_LOG] >= 0 && (dup2(0, 1) < 0 || dup2(0, 2) < 0))
        return -1;
    return close_range(FD_ABOVE, ~0u, 0);
}

/*
 * Only the soft limit is set where core may have to raise it later: on many machines nobody may raise a hard
 * limit. The filter keeps the component from doing that itself.
 */
static int limit(int resource, uint64_t soft, int final)
{
    struct rlimit old;

    if (getrlimit(resource, &old) < 0)
        return -1;
    if (soft > old.rlim_max)
        soft = old.rlim_max;
    return setrlimit(resource, &(struct rlimit){ soft, final ? soft : old.rlim_max });
}

/* See README.md, "Limits", for the formulas. */
static int set_limits(const struct start *start)
{
    const struct request *request = start->request;
    struct stat binary = { 0 };
    uint64_t image, space;

    if (fstat(LINUX_FD_EXEC, &binary) < 0)
        return -1;
    image = ((uint64_t)binary.st_size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE;
    space = request->ram + start->profile->stack + image + SPACE_FIXED + start->profile->space +
            request->threads * SPACE_PER_THREAD;
    if (space < request->ram)
        space = RLIM_INFINITY;
    if (limit(RLIMIT_NOFILE, LINUX_RLIMIT_NOFILE, 0) < 0 || limit(RLIMIT_DATA, request->ram, 0) < 0 ||
        limit(RLIMIT_AS, space, 0) < 0 || limit(RLIMIT_STACK, start->profile->stack, 1) < 0 ||
        limit(RLIMIT_CORE, 0, 1) < 0 || limit(RLIMIT_MEMLOCK, 0, 1) < 0 || limit(RLIMIT_MSGQUEUE, 0, 1) < 0 ||
        limit(RLIMIT_FSIZE, 0, 1) < 0 || limit(RLIMIT_NICE, 0, 1) < 0 || limit(RLIMIT_RTPRIO, 0, 1) < 0)
        return -1;
    return start->bound_threads ? limit(RLIMIT_NPROC, request->threads, 0) : 0;
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };

    return (int)syscall(SYS_capset, &header, none);
}

/* The identity of the component; where the machine does not allow more it stays the user's, without any
 * privilege. */
static int become_user(const struct start *start)
{
    if (start->set_uid && (setgroups(0, NULL) < 0 || setresgid(start->uid, start->uid, start->uid) < 0 ||
                           setresuid(start->uid, start->uid, start->uid) < 0))
        return -1;
    return drop_capabilities();
}

/* The kernel would run programs of other formats too (scripts, 32 bit); this is told before, and in words. */
static const char *refuse_binary(int fd)
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

/* Returns the listener, if FLAGS ask for one. */
static int set_filter(const struct profile *profile, unsigned flags)
{
    struct sock_fprog program = { .len = (unsigned short)profile->code_len, .filter = profile->code };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
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
    return sendmsg(FD_STATUS, &msg, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void report(int fd, const struct start_failure *failure)
{
    struct iovec data = { (void *)failure, sizeof *failure };
    struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1 };

    (void)!sendmsg(fd, &msg, MSG_NOSIGNAL);
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

/* All steps before the filter. */
static int prepare(const struct start *start, struct start_failure *failure)
{
    const struct request *request = start->request;
    const char *refused;
    int (*const steps[])(const struct start *) = { place_descriptors, set_limits, become_user };
    static const char *const names[] = { "placing the descriptors", "setting the limits",
                                         "changing the user" };

    failure->err = OS_ERR_IO;
    if (start->nested && start_map_user(start->proc, start->uid, start->outer_uid, start->outer_gid) < 0) {
        snprintf(failure->step, sizeof failure->step, "mapping the user");
        goto fail;
    }
    for (size_t i = 0; i < OS_ARRAY_LEN(steps); i++) {
        if (steps[i](start) < 0) {
            snprintf(failure->step, sizeof failure->step, "%s", names[i]);
            goto fail;
        }
    }
    refused = request->kind == REQUEST_START ? refuse_binary(LINUX_FD_EXEC) : NULL;
    if (refused) {
        snprintf(failure->step, sizeof failure->step, "%s", refused);
        failure->err = OS_ERR_BAD_ARG;
        return -1;
    }
    /* after the change of the user, which clears it */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
        snprintf(failure->step, sizeof failure->step, "binding it to the spawner");
        goto fail;
    }
    return 0;
fail:
    failure->error = errno;
    return -1;
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

void start_component(const struct start *start)
{
    struct start_failure failure = { 0 };
    char store[2048], *env[PROFILE_ENV_MAX + 1];
    char *argv[] = { (char *)start->request->label, NULL };
    int listener;

    fill_environment(start, env, store, sizeof store);
    if (prepare(start, &failure) < 0) {
        report(fcntl(FD_STATUS, F_GETFD) < 0 ? start->status : FD_STATUS, &failure);
        _exit(1);
    }
    listener = set_filter(start->profile, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (listener < 0) {
        failure =
            (struct start_failure){ .error = errno, .err = OS_ERR_DENIED, .step = "setting the filter" };
        report(FD_STATUS, &failure);
        _exit(1);
    }
    if (send_listener(listener) == 0) {
        syscall(SYS_execveat, LINUX_FD_EXEC, "", argv, env, AT_EMPTY_PATH);
        explain_exec(&failure, errno);
        report(FD_STATUS, &failure);
    }
    _exit(1);
}

int start_helper(const struct start *start, struct start_failure *failure)
{
    /* without a listener, what the profile does not allow fails with ENOSYS */
    if (prepare(start, failure) < 0 || limit(RLIMIT_CPU, HELPER_SECONDS, 1) < 0)
        return -1;
    return set_filter(start->profile, 0);
}
