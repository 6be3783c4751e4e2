/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attacker.c: a component that has been taken over. It does the attack that its config names, below the
 * library, with what a component has: its descriptors and the system calls that its filter lets through.
 * "NAME: done" means that the attack went through to its end; whether anybody was harmed is for the test to
 * see.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux_base/native.h>
#include <linux_base/transport.h>
#include <os/component.h>
#include <os/config.h>
#include <os/rom.h>
#include <os/signal.h>

#include "../components/probe.h"

OS_MANIFEST("requires: [Probe]\n"
            "ram: 4M\n"
            "caps: 100\n"
            "config: { attack: string }\n");

static struct os_env *env;
static struct probe_session session;

/* Sends SIZE bytes at DATA with COUNT copies of descriptor FD on socket TO, the way a library never would. */
static ssize_t send_raw(int to, const void *data, size_t size, int fd, unsigned count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(253 * sizeof(int))];
    struct iovec iov = { (void *)(uintptr_t)data, size };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (count) {
        msg.msg_control = control;
        msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (unsigned i = 0; i < count; i++)
            memcpy(CMSG_DATA(head) + i * sizeof(int), &fd, sizeof(fd));
    }
    return sendmsg(to, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static uint32_t seed = 12345;

static uint32_t any(void)
{
    seed = seed * 1664525 + 1013904223; /* Numerical Recipes' generator */
    return seed >> 8;
}

static void fill(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)any();
}

static int session_socket(void)
{
    return transport_cap_fd(session.cap.cap);
}

/* Junk of every size on the socket that all holders of the capability share, and on the parent's and core's.
 */
static void junk(void)
{
    static uint8_t data[4096];
    const int targets[] = { session_socket(), LINUX_FD_PARENT, LINUX_FD_PD };
    for (unsigned round = 0; round < 300; round++) {
        fill(data, sizeof(data));
        for (unsigned i = 0; i < OS_ARRAY_LEN(targets); i++)
            send_raw(targets[i], data, any() % sizeof(data), LINUX_FD_PARENT, any() % 12);
    }
}

/* The same on the private connection to core: core closes it, and this component ends there. */
static void junk_to_core(void)
{
    static uint8_t data[4096];
    for (unsigned round = 0; round < 100; round++) {
        fill(data, sizeof(data));
        send_raw(LINUX_FD_CORE, data, any() % sizeof(data), LINUX_FD_PARENT, any() % 12);
    }
}

/* Introductions that carry what is no connection: pipes, memory, sockets of others. */
static void false_connections(void)
{
    uint32_t head[16] = { 0x53420001 };
    int false_fds[] = { 1, LINUX_FD_CORE, LINUX_FD_PARENT, session_socket() };
    head[7] = 1 << 16;
    head[8] = 1;
    for (unsigned round = 0; round < 100; round++)
        for (unsigned i = 0; i < OS_ARRAY_LEN(false_fds); i++)
            send_raw(session_socket(), head, sizeof(head), false_fds[i], 1);
}

/* As many descriptors as a message can hold, into a socket that nobody empties. */
static void descriptors_in_flight(void)
{
    static char byte;
    unsigned sent = 0;
    for (unsigned round = 0; round < 10000; round++) {
        if (send_raw(LINUX_FD_PD, &byte, 1, LINUX_FD_CORE, 253) < 0)
            break;
        sent += 253;
    }
    printf("in flight: %u, then: %s\n", sent, strerror(errno));
}

/* Fills the queue of the shared socket, so that other holders find it full. */
static void full_queue(void)
{
    static uint8_t data[1024];
    for (unsigned round = 0; round < 100000; round++)
        if (send_raw(session_socket(), data, sizeof(data), 0, 0) < 0 && errno != EAGAIN)
            break;
}

/* Reads what is not for it: a capability's socket never carries anything towards its holders. */
static void read_others(void)
{
    char data[64];
    struct iovec iov = { data, sizeof(data) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t got = recvmsg(session_socket(), &msg, MSG_DONTWAIT);
    printf("read: %s\n", got < 0 ? strerror(errno) : "something");
}

static void do_open(void)
{
    syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static void do_socket(void)
{
    syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static void do_socketpair(void)
{
    int fds[2];
    syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET, 0, fds);
}

static void do_pipe(void)
{
    int fds[2];
    syscall(SYS_pipe2, fds, 0);
}

static void do_dup(void)
{
    syscall(SYS_dup, 1);
}

static void do_fork(void)
{
    syscall(SYS_fork);
}

static void do_clone_process(void)
{
    syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void do_exec(void)
{
    syscall(SYS_execve, "/bin/sh", NULL, NULL);
}

static void do_exec_fd(void)
{
    syscall(SYS_execveat, LINUX_FD_PARENT, "", NULL, NULL, AT_EMPTY_PATH);
}

static void do_shutdown(void)
{
    syscall(SYS_shutdown, session_socket(), SHUT_RDWR);
}

static void do_setsockopt(void)
{
    int size = 1;
    syscall(SYS_setsockopt, session_socket(), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void do_nonblock(void)
{
    syscall(SYS_fcntl, session_socket(), F_SETFL, O_NONBLOCK);
}

static void do_kill(void)
{
    syscall(SYS_kill, -1, SIGKILL);
}

static void do_ptrace(void)
{
    syscall(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0);
}

static void do_memfd(void)
{
    syscall(SYS_memfd_create, "x", 0);
}

static void do_mmap_exec(void)
{
    syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_mmap_shared(void)
{
    syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void do_mprotect_exec(void)
{
    syscall(SYS_mprotect, (uintptr_t)&seed & ~(uintptr_t)4095, 4096, PROT_READ | PROT_EXEC);
}

static void do_setrlimit(void)
{
    struct rlimit limit = { 1 << 20, 1 << 20 };
    long result = syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
    printf("raised: %s\n", result < 0 ? strerror(errno) : "yes");
}

static void do_unshare(void)
{
    syscall(SYS_unshare, 0x10000000);
}

static void do_x32(void)
{
    syscall(0x40000000 + 39);
}

/* More memory than the quota, past malloc. */
static void memory(void)
{
    size_t got = 0;
    while (got < OS_MIB(256) &&
           mmap(NULL, OS_MIB(1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        got += OS_MIB(1);
    printf("memory beyond the quota: %s\n", got > OS_MIB(4) ? "yes" : "no");
}

static void spin(void *arg)
{
    _Atomic uint32_t word = 0;
    for (;;)
        plat_block(&word, 0, OS_NEVER);
}

static void threads(void)
{
    struct plat_thread *thread;
    unsigned count = 0;
    while (count < 1000 && !plat_thread_create(spin, NULL, OS_KIB(16), &thread))
        count++;
    printf("threads without bound: %s\n", count >= 1000 ? "yes" : "no");
}

/* ---- signals, from the side of those who may send them */

static void ignore(struct os_signal_handler *handler)
{
}

static int signal_fd(void)
{
    static struct os_signal_handler handler;
    os_signal_cap cap;
    os_require(env, os_signal_handler_init(&handler, env->ep, ignore, &cap), "signal");
    return transport_cap_fd(cap.cap);
}

static void read_signal(void)
{
    char byte;
    int fd = signal_fd();
    ssize_t got = write(fd, "", 1) == 1 ? read(fd, &byte, 1) : 1;
    printf("read of a signal: %s\n", got < 0 ? strerror(errno) : "something");
}

static void do_signal_blocking(void)
{
    syscall(SYS_fcntl, signal_fd(), F_SETFL, 0);
}

static void do_signal_size(void)
{
    syscall(SYS_fcntl, signal_fd(), F_SETPIPE_SZ, 1 << 20);
}

/* ---- channels */

extern linux_native_cap runtime_native; /* of the runtime, to ask core for what only the library asks for */

/* One after the other, all kept. */
static void channels(void)
{
    os_any_cap memory, doorbell;
    unsigned count = 0;
    os_err err;
    while (!(err = linux_native_channel(runtime_native, &memory, &doorbell)) && count < 1000)
        count++;
    printf("channels beyond the quota: %s, then: %s\n", count > 50 ? "yes" : "no", os_err_name(err));
}

/* Serves what is no channel, and the same one twice. */
static void serve(void)
{
    os_any_cap memory, doorbell;
    os_require(env, linux_native_channel(runtime_native, &memory, &doorbell), "channel");
    os_err none = linux_native_serve(runtime_native, (os_any_cap){ OS_NO_CAP });
    os_err bell = linux_native_serve(runtime_native, doorbell);
    os_err socket = linux_native_serve(runtime_native, (os_any_cap){ session.cap.cap });
    os_err own = linux_native_serve(runtime_native, memory);
    os_err twice = linux_native_serve(runtime_native, memory);
    printf("served: %s %s %s %s %s\n", os_err_name(none), os_err_name(bell), os_err_name(socket),
           os_err_name(own), os_err_name(twice));
}

static const struct {
    const char *name;
    void (*run)(void);
} attacks[] = {
    { "junk", junk },
    { "junk-to-core", junk_to_core },
    { "false-connections", false_connections },
    { "descriptors-in-flight", descriptors_in_flight },
    { "full-queue", full_queue },
    { "read-others", read_others },
    { "open", do_open },
    { "socket", do_socket },
    { "socketpair", do_socketpair },
    { "pipe", do_pipe },
    { "dup", do_dup },
    { "fork", do_fork },
    { "clone-process", do_clone_process },
    { "exec", do_exec },
    { "exec-fd", do_exec_fd },
    { "shutdown", do_shutdown },
    { "setsockopt", do_setsockopt },
    { "nonblock", do_nonblock },
    { "kill", do_kill },
    { "ptrace", do_ptrace },
    { "memfd", do_memfd },
    { "mmap-exec", do_mmap_exec },
    { "mmap-shared", do_mmap_shared },
    { "mprotect-exec", do_mprotect_exec },
    { "setrlimit", do_setrlimit },
    { "unshare", do_unshare },
    { "x32", do_x32 },
    { "memory", memory },
    { "threads", threads },
    { "read-signal", read_signal },
    { "signal-blocking", do_signal_blocking },
    { "signal-size", do_signal_size },
    { "channels", channels },
    { "serve", serve },
};

void component_construct(struct os_env *given)
{
    struct os_rom_module rom;
    struct os_config config = { 0 };
    env = given;
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, rom.size), "config");
    const char *name = os_config_str(&config, os_config_root(&config), "attack", "");
    os_require(env, probe_open(env, "", "", &session), "open");
    for (unsigned i = 0; i < OS_ARRAY_LEN(attacks); i++) {
        if (strcmp(attacks[i].name, name))
            continue;
        uint32_t sum;
        os_require(env, probe_add(session.cap, 1, 2, &sum), "add");
        attacks[i].run();
        printf("%s: done\n", name);
        fflush(NULL);
        return;
    }
    os_require(env, OS_ERR_NOT_FOUND, name);
}
