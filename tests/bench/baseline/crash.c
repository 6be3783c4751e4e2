/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.c: a message to a process that crashes by it, until the end of the socket is seen. Making the process
 * is not counted. Arguments: [CPU PEER-CPU]
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "slice.h"

static int cpu, peer_cpu;

static void victim(int socket)
{
    struct rlimit none = { 0, 0 };
    char byte = 0;
    setrlimit(RLIMIT_CORE, &none);
    slice_pin(peer_cpu);
    slice_require(send(socket, &byte, 1, 0) == 1, "send");
    if (recv(socket, &byte, 1, 0) == 1)
        __builtin_trap();
    _exit(1);
}

static void crash(void)
{
    char byte = 0;
    int ends[2], status = 0;
    slice_require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    pid_t pid = fork();
    slice_require(pid >= 0, "fork");
    if (pid == 0) {
        close(ends[0]);
        victim(ends[1]);
    }
    close(ends[1]);
    slice_require(recv(ends[0], &byte, 1, 0) == 1, "recv");
    uint64_t sent = slice_clock();
    slice_require(send(ends[0], &byte, 1, 0) == 1, "send");
    slice_require(recv(ends[0], &byte, 1, 0) <= 0, "the end of the socket");
    slice_sum += slice_clock() - sent;
    close(ends[0]);
    slice_require(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the crash");
}

int main(int argc, char **argv)
{
    cpu = slice_cpu(argc, argv, 1);
    peer_cpu = slice_cpu(argc, argv, 2);
    slice_pin(cpu);
    slice_serve(crash, NULL, NULL);
}
