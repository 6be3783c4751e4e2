/* SPDX-License-Identifier: BSD-2-Clause */
/* test_sandbox.c: what a component in the strict profile is, has, and cannot do. */
#include "sandbox.h"
#include <linux_base/native.h>

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct spawner *spawner;
static uint32_t missing;

static void setup(void)
{
    ck_assert_int_eq(spawner_start(&spawner, &missing), OS_OK);
}

static void teardown(void)
{
    spawner_stop(spawner);
}

START_TEST(runs_and_ends)
{
    struct run run;

    run_all(spawner, &run, probe_fd, "nothing");
    ck_assert_int_eq(run.started.kind, SPAWNER_STARTED);
    ck_assert_int_ge(run.started.pidfd, 0);
    ck_assert_int_eq(run.ended.kind, SPAWNER_ENDED);
    ck_assert_int_eq(run.ended.status, 0);
    ck_assert(!run.violated);
}
END_TEST

START_TEST(first_instruction_is_filtered)
{
    struct run run;
    Elf64_Ehdr header;

    ck_assert_int_eq(pread(first_fd, &header, sizeof header, 0), sizeof header);
    run_start(spawner, &run, "strict", first_fd, "first", OS_MIB(4), 1);
    close(run.socket);
    run.socket = dup(run.output);
    run_finish(spawner, &run);
    ck_assert(run.violated);
    ck_assert_ptr_nonnull(strstr(run.violation.text, "system call socket("));
    /* of the instruction after the second system call */
    ck_assert_uint_eq(run.violation.ip, header.e_entry + 9);
}
END_TEST

START_TEST(has_eight_descriptors)
{
    struct run run;

    run_all(spawner, &run, probe_fd, "descriptors");
    ck_assert_str_eq(run.text, "0 1 2 3 4 5 6 7 ");
}
END_TEST

START_TEST(has_no_environment)
{
    struct run run;

    setenv("PATH", "/bin", 1);
    run_all(spawner, &run, probe_fd, "environment");
    ck_assert_str_eq(run.text, "none");
}
END_TEST

/* Calls that are forbidden, with arguments with which they would succeed or come close. */
static const struct forbidden {
    const char *call;
    const char *name;
} forbidden[] = {
#define CALL2(nr) #nr
#define CALL1(nr) CALL2(nr)
#define CALL(name, arguments)                                                                                \
    {                                                                                                        \
        "call " CALL1(SYS_##name) " " arguments, #name                                                       \
    }
    CALL(open, "0 0"),
    CALL(openat, "-100 0 0"),
    CALL(openat2, "-100 0 0 24"),
    CALL(socket, "1 5 0"),
    CALL(socketpair, "1 5 0 0"),
    CALL(pipe, "0"),
    CALL(pipe2, "0 0"),
    CALL(dup, "0"),
    CALL(dup2, "0 10"),
    CALL(dup3, "0 10 0"),
    CALL(memfd_create, "0 0"),
    CALL(shutdown, "3 2"),
    CALL(setsockopt, "3 1 7 0 0"),
    CALL(getsockopt, "3 1 17 0 0"),
    CALL(fcntl, "3 4 2048"),
    CALL(fcntl, "3 0 10"),
    CALL(ioctl, "3 0x5421 0"),
    CALL(connect, "3 0 0"),
    CALL(fork, ""),
    CALL(vfork, ""),
    CALL(clone, "17"),
    CALL(execve, "0 0 0"),
    CALL(execveat, "3 0 0 0 0x1000"),
    CALL(execveat, CALL1(LINUX_FD_EXEC) " 0 0 0 0"),
    CALL(ptrace, "0"),
    CALL(kill, "1 9"),
    CALL(tkill, "1 9"),
    CALL(pidfd_open, "1 0"),
    CALL(process_vm_readv, "1 0 0 0 0 0"),
    CALL(setrlimit, "7 0"),
    CALL(prctl, "22 0"),
    CALL(seccomp, "0 0 0"),
    CALL(unshare, "0x10000000"),
    CALL(setns, "3 0"),
    CALL(mount, "0 0 0 0 0"),
    CALL(chroot, "0"),
    CALL(setuid, "0"),
    CALL(bpf, "0 0 0"),
    CALL(io_uring_setup, "1 0"),
    CALL(userfaultfd, "0"),
    CALL(perf_event_open, "0 0 0 0 0"),
    CALL(keyctl, "0"),
    CALL(shmget, "0 4096 0x200"),
    CALL(mmap, "0 4096 5 0x22 -1 0"),  /* executable */
    CALL(mmap, "0 4096 3 0x21 -1 0"),  /* shared and anonymous */
    CALL(mmap, "0 4096 3 0x122 -1 0"), /* growing down */
    CALL(mmap, "0 4096 5 0x1 3 0"),    /* a dataspace, executable */
    CALL(mprotect, "0 4096 4"),
    CALL(mremap, "0 4096 8192 1"),
    CALL(personality, "0x40000"),
    CALL(modify_ldt, "0 0 0"),
};

START_TEST(forbidden_call_is_reported)
{
    const struct forbidden *f = &forbidden[_i];
    char expected[64];
    struct run run;

    run_all(spawner, &run, probe_fd, f->call);
    snprintf(expected, sizeof expected, "system call %s(", f->name);
    ck_assert_msg(run.violated, "%s was not reported, output '%s'", f->call, run.text);
    ck_assert_msg(strncmp(run.violation.text, expected, strlen(expected)) == 0, "%s: %s", f->call,
                  run.violation.text);
    ck_assert_uint_ne(run.violation.ip, 0);
    ck_assert_int_eq(run.ended.kind, SPAWNER_ENDED);
    ck_assert(WIFSIGNALED(run.ended.status) && WTERMSIG(run.ended.status) == SIGKILL);
    ck_assert_str_eq(run.text, "");
}
END_TEST

START_TEST(numbers_of_x32_are_killed)
{
    struct run run;

    run_all(spawner, &run, probe_fd, "call 0x40000000 3 0 0");
    ck_assert_int_eq(run.ended.kind, SPAWNER_ENDED);
    ck_assert(WIFSIGNALED(run.ended.status) && WTERMSIG(run.ended.status) == SIGSYS);
}
END_TEST

START_TEST(cannot_execute_again)
{
    char call[64];
    struct run run;

    /* the only form that passes the filter: its descriptor is closed, and cannot be made again */
    snprintf(call, sizeof call, "call %d %d 0 0 0 0x1000", SYS_execveat, LINUX_FD_EXEC);
    run_all(spawner, &run, probe_fd, call);
    ck_assert_msg(!run.violated, "%s", run.violation.text);
    ck_assert(strstr(run.text, "EBADF") || strstr(run.text, "EFAULT"));
}
END_TEST

START_TEST(cannot_raise_limits)
{
    struct run run;

    run_all(spawner, &run, probe_fd, "call 302 0 7 0 0");
    ck_assert_str_eq(run.text, "-1 EPERM");
}
END_TEST

START_TEST(threads_are_bounded)
{
    struct run run;

    if (missing & SPAWNER_NO_THREADS)
        return;
    run_all(spawner, &run, probe_fd, "threads");
    ck_assert_str_eq(run.text, "4");
    /* two at once do not take each other's */
    run_all(spawner, &run, probe_fd, "threads");
    ck_assert_str_eq(run.text, "4");
}
END_TEST

START_TEST(data_is_bounded)
{
    struct run run;
    int kib;

    run_all(spawner, &run, probe_fd, "data");
    kib = atoi(run.text);
    ck_assert_int_le(kib, 4096);
    ck_assert_int_ge(kib, 3072); /* the rest is its static data */
}
END_TEST

START_TEST(space_is_bounded)
{
    struct run run;
    int kib;

    run_all(spawner, &run, probe_fd, "space");
    kib = atoi(run.text);
    ck_assert_int_ge(kib, 3072);
    ck_assert_int_le(kib, 4096 + 1024 + 4 * 16 + 256);
}
END_TEST

START_TEST(stack_is_bounded)
{
    struct run run;

    run_all(spawner, &run, probe_fd, "stack");
    ck_assert(WIFSIGNALED(run.ended.status) && WTERMSIG(run.ended.status) == SIGSEGV);
}
END_TEST

/* A component that waits, so that it can be looked at. */
static void start_waiting(struct run *run)
{
    char word[8];

    run_start(spawner, run, "strict", probe_fd, "wait", OS_MIB(4), 4);
    ck_assert_int_eq(run_event(spawner, run), SPAWNER_STARTED);
    ck_assert_int_eq(read(run->output, word, sizeof word), 7);
}

START_TEST(root_directory_is_empty_and_read_only)
{
    struct run run;
    struct statvfs fs;
    char path[64];
    DIR *dir;
    int entries = 0;

    if (missing & SPAWNER_NO_MOUNT)
        return;
    start_waiting(&run);
    snprintf(path, sizeof path, "/proc/%d/root", run.started.pid);
    dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        entries++;
    ck_assert_int_eq(fstatvfs(dirfd(dir), &fs), 0);
    closedir(dir);
    ck_assert_int_eq(entries, 2);
    ck_assert(fs.f_flag & ST_RDONLY);
    ck_assert(fs.f_flag & ST_NOEXEC);
    close(run.socket);
    run.socket = dup(run.output);
    run_finish(spawner, &run);
}
END_TEST

static void status_line(pid_t pid, const char *key, char *value, size_t size)
{
    char path[64], line[256];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    *value = '\0';
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
            snprintf(value, size, "%.*s", (int)strcspn(line + strlen(key) + 2, "\n"), line + strlen(key) + 2);
    }
    fclose(file);
}

START_TEST(has_no_privileges)
{
    struct run run, other;
    char value[128], second[128];

    start_waiting(&run);
    status_line(run.started.pid, "CapEff", value, sizeof value);
    ck_assert_str_eq(value, "0000000000000000");
    status_line(run.started.pid, "CapPrm", value, sizeof value);
    ck_assert_str_eq(value, "0000000000000000");
    status_line(run.started.pid, "NoNewPrivs", value, sizeof value);
    ck_assert_str_eq(value, "1");
    status_line(run.started.pid, "Seccomp", value, sizeof value);
    ck_assert_str_eq(value, "2");
    status_line(run.started.pid, "Uid", value, sizeof value);
    ck_assert_int_ne(atoi(value), 0);
    if (!(missing & SPAWNER_NO_UID)) {
        start_waiting(&other);
        status_line(other.started.pid, "Uid", second, sizeof second);
        ck_assert_str_ne(value, second);
        ck_assert_int_ne(atoi(value), (int)getuid());
        close(other.socket);
        other.socket = dup(other.output);
        run_finish(spawner, &other);
    }
    close(run.socket);
    run.socket = dup(run.output);
    run_finish(spawner, &run);
}
END_TEST

/* Dataspaces that core attaches later are outside of the first bound of the address space. */
START_TEST(core_can_raise_limits)
{
    struct run run;
    struct rlimit limit, raised;

    start_waiting(&run);
    ck_assert_int_eq(prlimit(run.started.pid, RLIMIT_AS, NULL, &limit), 0);
    ck_assert_uint_ne(limit.rlim_cur, RLIM_INFINITY);
    limit.rlim_cur += OS_MIB(8);
    ck_assert_int_eq(prlimit(run.started.pid, RLIMIT_AS, &limit, NULL), 0);
    ck_assert_int_eq(prlimit(run.started.pid, RLIMIT_AS, NULL, &raised), 0);
    ck_assert_uint_eq(raised.rlim_cur, limit.rlim_cur);
    close(run.socket);
    run.socket = dup(run.output);
    run_finish(spawner, &run);
}
END_TEST

START_TEST(can_be_killed)
{
    struct run run;

    start_waiting(&run);
    ck_assert_int_eq(spawner_kill(spawner, 1), OS_OK);
    run_finish(spawner, &run);
    ck_assert(WIFSIGNALED(run.ended.status) && WTERMSIG(run.ended.status) == SIGKILL);
}
END_TEST

static void expect_failure(int binary, const char *text)
{
    struct run run;

    run_all(spawner, &run, binary, "broken");
    ck_assert_int_eq(run.ended.kind, SPAWNER_FAILED);
    ck_assert_msg(strstr(run.ended.text, text) != NULL, "%s", run.ended.text);
    if (binary >= 0)
        close(binary);
}

START_TEST(bad_binaries_are_refused)
{
    Elf64_Ehdr header;

    expect_failure(-1, "the binary");
    expect_failure(file_with("", 0), "no ELF file");
    expect_failure(file_with("#!/bin/sh\n", 10), "no ELF file");
    ck_assert_int_eq(pread(probe_fd, &header, sizeof header, 0), sizeof header);
    header.e_machine = EM_AARCH64;
    expect_failure(file_with(&header, sizeof header), "another machine");
    header.e_machine = EM_X86_64;
    header.e_ident[EI_CLASS] = ELFCLASS32;
    expect_failure(file_with(&header, sizeof header), "another machine");
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_type = ET_REL;
    expect_failure(file_with(&header, sizeof header), "no program");
    header.e_type = ET_EXEC;
    header.e_phnum = 9999;
    expect_failure(file_with(&header, sizeof header), "");
}
END_TEST

START_TEST(unknown_profile_is_refused)
{
    struct spawner_request request = {
        .label = "x", .profile = "lax", .binary = probe_fd, .core = -1, .parent = -1, .pd = -1, .log = -1
    };

    ck_assert_int_eq(spawner_request(spawner, &request), OS_ERR_NOT_FOUND);
}
END_TEST

START_TEST(many_at_once)
{
    enum { COUNT = 40 };
    struct run run[COUNT], event;
    int ended = 0;

    for (int i = 0; i < COUNT; i++)
        run_start(spawner, &run[i], "strict", probe_fd, "nothing", OS_MIB(1), 1);
    while (ended < COUNT) {
        memset(&event, 0, sizeof event);
        int kind = run_event(spawner, &event);

        ck_assert(kind == SPAWNER_STARTED || kind == SPAWNER_ENDED);
        if (kind == SPAWNER_STARTED)
            close(event.started.pidfd);
        else
            ended++;
    }
    for (int i = 0; i < COUNT; i++) {
        close(run[i].socket);
        close(run[i].output);
    }
}
END_TEST

/* ---- the end of core or of the spawner ---- */

static pid_t parent_of(pid_t pid)
{
    char value[64];

    status_line(pid, "PPid", value, sizeof value);
    return atoi(value);
}

static int open_pid(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    ck_assert_int_ge(fd, 0);
    return fd;
}

/* A test that hangs here is ended by its time limit. */
static void wait_gone(int pidfd)
{
    struct pollfd end = { .fd = pidfd, .events = POLLIN };

    ck_assert_int_eq(poll(&end, 1, -1), 1);
    close(pidfd);
}

START_TEST(death_of_spawner_ends_components)
{
    struct run run;
    int spawner_pidfd;

    start_waiting(&run);
    spawner_pidfd = open_pid(parent_of(run.started.pid));
    ck_assert_int_eq(syscall(SYS_pidfd_send_signal, spawner_pidfd, SIGKILL, NULL, 0), 0);
    wait_gone(run.started.pidfd);
    close(spawner_pidfd);
    while (run_event(spawner, &run) >= 0)
        ;
    ck_assert_int_eq(spawner_kill(spawner, 1), OS_ERR_DEAD);
    close(run.socket);
    close(run.output);
}
END_TEST

START_TEST(death_of_core_ends_everything)
{
    int pids[2], spawner_pidfd, component_pidfd;
    pid_t core, got[2];

    /* so that the spawner processes become ours, and it can be seen that they end */
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ck_assert_int_eq(pipe(pids), 0);
    core = fork();
    if (core == 0) {
        struct run run;

        setup();
        start_waiting(&run);
        got[0] = run.started.pid;
        got[1] = parent_of(run.started.pid);
        (void)!write(pids[1], got, sizeof got);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(pids[0], got, sizeof got), sizeof got);
    component_pidfd = open_pid(got[0]);
    spawner_pidfd = open_pid(got[1]);
    kill(core, SIGKILL);
    waitpid(core, NULL, 0);
    wait_gone(component_pidfd);
    wait_gone(spawner_pidfd);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    close(pids[0]);
    close(pids[1]);
}
END_TEST

static int count_open(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

START_TEST(stop_leaves_nothing)
{
    int before = count_open();
    struct run run;

    setup();
    start_waiting(&run);
    teardown();
    wait_gone(run.started.pidfd);
    close(run.socket);
    close(run.output);
    ck_assert_int_eq(count_open(), before);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

Suite *sandbox_suite(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *inside = tcase_create("inside"), *ends = tcase_create("ends");

    tcase_add_checked_fixture(inside, setup, teardown);
    tcase_add_test(inside, runs_and_ends);
    tcase_add_test(inside, first_instruction_is_filtered);
    tcase_add_test(inside, has_eight_descriptors);
    tcase_add_test(inside, has_no_environment);
    tcase_add_loop_test(inside, forbidden_call_is_reported, 0, (int)OS_ARRAY_LEN(forbidden));
    tcase_add_test(inside, numbers_of_x32_are_killed);
    tcase_add_test(inside, cannot_execute_again);
    tcase_add_test(inside, cannot_raise_limits);
    tcase_add_test(inside, threads_are_bounded);
    tcase_add_test(inside, data_is_bounded);
    tcase_add_test(inside, space_is_bounded);
    tcase_add_test(inside, stack_is_bounded);
    tcase_add_test(inside, root_directory_is_empty_and_read_only);
    tcase_add_test(inside, has_no_privileges);
    tcase_add_test(inside, core_can_raise_limits);
    tcase_add_test(inside, can_be_killed);
    tcase_add_test(inside, bad_binaries_are_refused);
    tcase_add_test(inside, unknown_profile_is_refused);
    tcase_add_test(inside, many_at_once);
    tcase_add_test(inside, death_of_spawner_ends_components);
    suite_add_tcase(suite, inside);
    tcase_add_test(ends, death_of_core_ends_everything);
    tcase_add_test(ends, stop_leaves_nothing);
    suite_add_tcase(suite, ends);
    return suite;
}
