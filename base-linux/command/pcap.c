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

#include <os/policy.h>
#include <scenario/names.h>

#include "client.h"

enum { LINKS = 256 }; /* that are looked at */

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

/* ---- a link that is not there */

static int is_link(const char *service)
{
    return !strcmp(service, "Nic") || !strcmp(service, "Uplink");
}

/* Inits and what they say are components' work. */
static int is_printable(const char *label)
{
    while (*label >= ' ' && *label <= '~')
        label++;
    return !*label;
}

/* The labels of sessions of COMPONENT that are links, behind the COUNT that there are. */
static size_t add_links(const struct os_config *state, os_config_ref component, const char *names[LINKS],
                        size_t count)
{
    os_config_ref list = os_config_get(state, component, "sessions");
    for (os_config_ref at = os_config_first(state, list); at && count < LINKS; at = os_config_next(state, at))
        if (is_link(os_config_str(state, at, "service", "")) &&
            is_printable(os_config_str(state, at, "label", "")))
            names[count++] = os_config_str(state, at, "label", "");
    return count;
}

static void tell_links(const char *link, const char *const names[], size_t count)
{
    const char *nearest = names_nearest(names, count, link);
    for (size_t i = 0; i < count; i++)
        if (os_policy_match(link, names[i]))
            return;
    fprintf(stderr, "seedbed: there is no link \"%s\" now, and it is waited for; ", link);
    fprintf(stderr, count ? "there are" : "there is none at all");
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%s \"%s\"", i ? "," : "", names[i]);
    if (nearest)
        fprintf(stderr, "; did you mean \"%s\"?", nearest);
    fprintf(stderr, "\n");
}

/* It may come later, but who has mistyped it shall not wait in silence. Without an answer nothing is told of
 * it. */
static void look_for(const struct command_line *line, const char *link)
{
    struct client_answer answer = { 0 };
    struct os_config state;
    const char *names[LINKS];
    size_t count = 0;
    if (client_state(line, "", &answer, &state))
        return;
    os_config_ref components = os_config_get(&state, os_config_root(&state), "components");
    for (os_config_ref at = os_config_first(&state, components); at; at = os_config_next(&state, at))
        count = add_links(&state, at, names, count);
    tell_links(link, names, count);
    client_answer_fini(&answer);
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
    look_for(line, link);
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
