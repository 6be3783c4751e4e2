/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.c: the other side of core's control socket. The kernel's table of sockets says which systems this
 * user has running.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "command.h"
#include "linux_core.h"

enum { SYSTEMS_MAX = 64 };

static int printed; /* whether any system had anything to say */

/* Writes the process ids of the systems of this user to PIDS; their number. */
static unsigned find_systems(unsigned pids[SYSTEMS_MAX])
{
    char line[512], prefix[64];
    unsigned count = 0;
    FILE *table = fopen("/proc/net/unix", "re");
    if (!table)
        return 0;
    snprintf(prefix, sizeof(prefix), "@seedbed/%u/", getuid());
    while (fgets(line, sizeof(line), table) && count < SYSTEMS_MAX) {
        const char *at = strstr(line, prefix);
        unsigned pid = at ? (unsigned)strtoul(at + strlen(prefix), NULL, 10) : 0;
        int known = !pid;
        for (unsigned i = 0; i < count; i++)
            known |= pids[i] == pid;
        if (!known)
            pids[count++] = pid;
    }
    fclose(table);
    return count;
}

/* Sends REQUEST to the system of process PID and prints the answer; 0, or -1 if there is no such system. */
static int ask(unsigned pid, const char *request)
{
    struct sockaddr_un address;
    struct ucred peer;
    socklen_t size = sizeof(peer);
    char answer[4096];
    ssize_t len;
    unsigned address_len = linux_core_control_address(&address, getuid(), pid);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* anybody can take such a name: only a process of this user is believed */
    if (connect(fd, (struct sockaddr *)&address, address_len) ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid != getuid() ||
        send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
        close(fd);
        return -1;
    }
    while ((len = recv(fd, answer, sizeof(answer), 0)) > 0) {
        printed = 1;
        fwrite(answer, 1, (size_t)len, stdout);
        fflush(stdout);
    }
    close(fd);
    return 0;
}

/* The same of all systems; the exit status. */
static int ask_all(const char *request)
{
    unsigned pids[SYSTEMS_MAX], answers = 0, count = find_systems(pids);
    for (unsigned i = 0; i < count; i++) {
        if (count > 1 && strcmp(request, "list") != 0)
            printf("system %u:\n", pids[i]);
        answers += ask(pids[i], request) == 0;
    }
    if (answers)
        return 0;
    fprintf(stderr, "seedbed: no system is running\n");
    return 1;
}

int command_list(const struct command_line *line)
{
    (void)line;
    return ask_all("list");
}

int command_log(const struct command_line *line)
{
    const char *component = command_operand(line, 0);
    char request[256];
    snprintf(request, sizeof(request), "%s %s", command_option(line, "--follow") ? "follow" : "log",
             component ? component : "");
    int status = ask_all(request);
    if (!status && !printed && component) {
        fprintf(stderr, "seedbed: component %s has said nothing, or there is none (seedbed list)\n",
                component);
        return STATUS_FAILED;
    }
    return status;
}
