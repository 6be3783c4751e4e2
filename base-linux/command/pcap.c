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

struct links {
    char names[LINKS][OS_LABEL_MAX];
    const char *list[LINKS]; /* of NAMES */
    size_t count;
    char unknown[OS_LABEL_MAX]; /* an init that says nothing of its links */
};

/* LABEL is what an init calls it whose links have PREFIX before that; both it and an inner one may know it.
 */
static void add_link(struct links *links, const char *prefix, const char *label)
{
    char *name = links->names[links->count];
    if (!is_printable(label) || snprintf(name, OS_LABEL_MAX, "%s%s", prefix, label) >= OS_LABEL_MAX)
        return;
    for (size_t i = 0; i < links->count; i++)
        if (!strcmp(links->list[i], name))
            return;
    links->list[links->count++] = name;
}

/* The links that COMPONENT has; non-zero if it is an init that can be asked for more. */
static int add_links(struct links *links, const struct os_config *state, os_config_ref component,
                     const char *prefix)
{
    os_config_ref list = os_config_get(state, component, "sessions");
    int asked = 0;
    for (os_config_ref at = os_config_first(state, list); at && links->count < LINKS;
         at = os_config_next(state, at)) {
        const char *service = os_config_str(state, at, "service", "");
        if (is_link(service))
            add_link(links, prefix, os_config_str(state, at, "label", ""));
        asked |= !strcmp(service, "Control") && !strcmp(os_config_str(state, at, "state", ""), "open");
    }
    return asked;
}

/* Those of the init PATH and of the inits in it. Without an answer nothing is known. */
static int find_links(const struct command_line *line, struct links *links, const char *path,
                      const char *prefix)
{
    struct client_answer answer = { 0 };
    struct os_config state;
    if (client_state(line, path, &answer, &state))
        return 0;
    os_config_ref components = os_config_get(&state, os_config_root(&state), "components");
    for (os_config_ref at = os_config_first(&state, components); at; at = os_config_next(&state, at)) {
        char inner[OS_LABEL_MAX], names[OS_LABEL_MAX];
        const char *name = os_config_key(&state, at);
        int asked = add_links(links, &state, at, prefix);
        if (strcmp(os_config_str(&state, at, "binary", ""), "init") != 0 || !is_printable(name))
            continue;
        if (snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "/" : "", name) >= (int)sizeof(inner) ||
            snprintf(names, sizeof(names), "%s%s -> ", prefix, name) >= (int)sizeof(names))
            continue;
        if (!asked || !find_links(line, links, inner, names))
            memcpy(links->unknown, inner, sizeof(inner));
    }
    client_answer_fini(&answer);
    return 1;
}

static void tell_links(const char *link, const struct links *links)
{
    const char *nearest = names_nearest(links->list, links->count, link);
    for (size_t i = 0; i < links->count; i++)
        if (os_policy_match(link, links->list[i]))
            return;
    fprintf(stderr, "seedbed: there is no link \"%s\" now, and it is waited for; ", link);
    fprintf(stderr, links->count ? "there are" : "there is none at all");
    for (size_t i = 0; i < links->count; i++)
        fprintf(stderr, "%s \"%s\"", i ? "," : "", links->list[i]);
    if (*links->unknown)
        fprintf(stderr, "; those within %s are not known, which has no route to Control", links->unknown);
    if (nearest)
        fprintf(stderr, "; did you mean \"%s\"?", nearest);
    fprintf(stderr, "\n");
}

/* It may come later, but who has mistyped it shall not wait in silence. Without an answer nothing is told of
 * it. */
static void look_for(const struct command_line *line, const char *link)
{
    static struct links links;
    if (find_links(line, &links, "", ""))
        tell_links(link, &links);
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
