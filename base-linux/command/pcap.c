/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap.c: the command that copies frames of a link of a running system. core writes them; this waits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

/* Of the connection, for the signal's handler. */
static int connection = -1;

/* core writes what it has, and closes the connection then. */
static void stop(int signal)
{
    int error = errno;
    (void)signal;
    shutdown(connection, SHUT_WR);
    errno = error;
}

/* The descriptor to write to, or -1 after a message. */
static int open_output(const char *path)
{
    if (path && *path && strcmp(path, "-") != 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0)
            fprintf(stderr, "seedbed: %s: %s\n", path, strerror(errno));
        return fd;
    }
    if (isatty(STDOUT_FILENO)) {
        fprintf(stderr, "seedbed: frames are no text for a terminal: -o FILE, or | tshark -i -\n");
        return -1;
    }
    return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
}

static int read_count(const char *text, uint64_t *count)
{
    char *end;
    errno = 0;
    *count = strtoull(text, &end, 10);
    if (errno || *text < '0' || *text > '9' || *end || !*count)
        return command_mistake("expected a number of frames above 0 after --count, found",
                               *text ? text : "nothing");
    return 0;
}

static int wait_for_end(void)
{
    union client_reply reply;
    int got, all = 0;
    while ((got = client_receive(connection, &reply, OS_NEVER, NULL)) > 0) {
        if (reply.kind != CONTROL_LINE)
            continue;
        all = 1;
        fprintf(stderr, "seedbed: %s\n", reply.text.text);
    }
    if (!got && !all)
        fprintf(stderr, "seedbed: the system has ended\n");
    return got ? STATUS_FAILED : 0;
}

int command_pcap(const struct command_line *line)
{
    const char *link = command_operand(line, 0), *path = command_option(line, "--output");
    const char *count = command_option(line, "--count");
    struct control_request request = { .wish = CONTROL_PCAP };
    struct sigaction action = { .sa_handler = stop };
    unsigned pid;
    if (strlen(link) >= sizeof(request.label))
        return command_mistake("too long for the label of a link:", link);
    strcpy(request.label, link);
    int status = count ? read_count(count, &request.size) : 0;
    if (!status)
        status = client_select(line, &pid);
    if (status)
        return status;
    int output = open_output(path ? path : command_option(line, "-o"));
    if (output < 0)
        return STATUS_FAILED;
    connection = client_send_fd(pid, &request, output);
    close(output);
    if (connection < 0)
        return STATUS_FAILED;
    /* so that who reads from a pipe sees its end when core has closed it */
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return wait_for_end();
}
