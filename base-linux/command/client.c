/* SPDX-License-Identifier: BSD-2-Clause */
/* client.c: see client.h. The kernel's table of sockets says which systems this user has running. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <yaml/printable.h>

#include "client.h"
#include "linux_core.h"

/* How long core may take, and an init unless the user says something else. */
#define CORE_TIME (5 * OS_SEC)
#define INIT_TIME (5 * OS_SEC)

/* ---- which systems there are */

static int by_number(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return x < y ? -1 : x > y;
}

unsigned client_systems(unsigned pids[CLIENT_SYSTEMS_MAX])
{
    char line[512], prefix[64];
    unsigned count = 0;
    FILE *table = fopen("/proc/net/unix", "re");
    if (!table)
        return 0;
    snprintf(prefix, sizeof(prefix), "@seedbed/%u/", getuid());
    while (fgets(line, sizeof(line), table) && count < CLIENT_SYSTEMS_MAX) {
        const char *at = strstr(line, prefix);
        unsigned pid = at ? (unsigned)strtoul(at + strlen(prefix), NULL, 10) : 0;
        int known = !pid;
        for (unsigned i = 0; i < count; i++)
            known |= pids[i] == pid;
        if (!known)
            pids[count++] = pid;
    }
    fclose(table);
    qsort(pids, count, sizeof(*pids), by_number);
    return count;
}

static void tell_systems(const unsigned *pids, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct client_list list;
        if (client_components(pids[i], &list))
            continue;
        fprintf(stderr, "  --system %u  %s\n", pids[i], list.system.scenario);
        free(list.components);
    }
}

int client_select(const struct command_line *line, unsigned *pid)
{
    unsigned pids[CLIENT_SYSTEMS_MAX], count = client_systems(pids);
    const char *wanted = command_option(line, "--system");
    char *end;
    unsigned long number = wanted ? strtoul(wanted, &end, 10) : 0;
    if (wanted && (!*wanted || *end || !number || number > INT32_MAX))
        return command_mistake("expected the number of a process after --system, found",
                               *wanted ? wanted : "nothing");
    for (unsigned i = 0; wanted && i < count; i++) {
        if (pids[i] == number) {
            *pid = (unsigned)number;
            return 0;
        }
    }
    if (!count) {
        fprintf(stderr, "seedbed: no system is running\n");
        return STATUS_FAILED;
    }
    if (!wanted && count == 1) {
        *pid = pids[0];
        return 0;
    }
    if (wanted)
        fprintf(stderr, "seedbed: there is no system %lu; these are running:\n", number);
    else
        fprintf(stderr, "seedbed: %u systems are running; say which one is meant:\n", count);
    tell_systems(pids, count);
    return wanted ? STATUS_FAILED : STATUS_MISTAKE;
}

/* ---- connections */

/* Anybody can take such a name: only a process of this user is believed. */
static int connect_to(unsigned pid)
{
    struct sockaddr_un address;
    struct ucred peer;
    socklen_t size = sizeof(peer);
    unsigned address_len = linux_core_control_address(&address, getuid(), pid);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (!connect(fd, (struct sockaddr *)&address, address_len)) {
        if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == getuid())
            return fd;
        errno = EPERM;
    }
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* A sealed memfd with LEN bytes of DATA, or -1. */
static int sealed_copy(const void *data, size_t len)
{
    int fd = memfd_create("seedbed-request", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    const char *at = data;
    for (size_t left = len; fd >= 0 && left;) {
        ssize_t n = write(fd, at, left);
        if (n <= 0)
            goto fail;
        at += n;
        left -= (size_t)n;
    }
    if (fd >= 0 && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
        return fd;
fail:
    if (fd >= 0)
        close(fd);
    return -1;
}

static int send_request(int fd, struct control_request *request, int data)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {
        .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
    };
    struct iovec part = { .iov_base = request, .iov_len = sizeof(*request) };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (data >= 0) {
        memcpy(CMSG_DATA(&control.head), &data, sizeof(data));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(*request) ? 0 : -1;
}

int client_send(unsigned pid, struct control_request *request, const void *data, size_t len)
{
    int memory = len ? sealed_copy(data, len) : -1;
    request->size = len;
    if (len && memory < 0) {
        fprintf(stderr, "seedbed: system %u cannot be asked: %s\n", pid, strerror(errno));
        return -1;
    }
    int fd = client_send_fd(pid, request, memory);
    if (memory >= 0)
        close(memory);
    return fd;
}

int client_send_fd(unsigned pid, struct control_request *request, int descriptor)
{
    request->version = CONTROL_VERSION;
    int fd = connect_to(pid);
    if (fd >= 0 && !send_request(fd, request, descriptor))
        return fd;
    fprintf(stderr, "seedbed: system %u cannot be asked: %s\n", pid,
            errno == EAGAIN ? "too many commands wait for it already" : strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Waits for something to receive; 0, or -1 after a message. */
static int await(int fd, os_time limit)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    os_time end = limit == OS_NEVER ? OS_NEVER : os_clock_now() + limit;
    for (;;) {
        os_time now = os_clock_now();
        int ms = end == OS_NEVER ? -1 : end <= now ? 0 : (int)((end - now) / OS_MS) + 1;
        int ready = poll(&wait, 1, ms);
        if (ready > 0)
            return 0;
        if (ready == 0 && end <= os_clock_now()) {
            fprintf(stderr,
                    "seedbed: waited for core of the system to answer, in vain: it is halted or hangs\n");
            return -1;
        }
        if (ready < 0 && errno != EINTR)
            return -1;
    }
}

static ssize_t receive(int fd, union client_reply *reply, int *data)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = { .iov_base = reply, .iov_len = sizeof(*reply) - 1 };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    *data = -1;
    ssize_t len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *head = len >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(data, CMSG_DATA(head), sizeof(*data));
    return len;
}

int client_receive(int fd, union client_reply *reply, os_time limit, int *data)
{
    static const size_t sizes[] = { [CONTROL_SYSTEM] = sizeof(struct control_system),
                                    [CONTROL_COMPONENT] = sizeof(struct control_component),
                                    [CONTROL_LINE] = offsetof(struct control_text, text),
                                    [CONTROL_ANSWER] = sizeof(struct control_answer),
                                    [CONTROL_ERROR] = offsetof(struct control_text, text) };
    int came;
    if (await(fd, limit))
        return -1;
    ssize_t len = receive(fd, reply, &came);
    if (len >= 0)
        ((char *)reply)[len] = 0;
    if (data)
        *data = came;
    else if (came >= 0)
        close(came);
    if (len == 0)
        return 0;
    if (len < (ssize_t)sizeof(reply->kind) || reply->kind >= OS_ARRAY_LEN(sizes) ||
        (size_t)len < sizes[reply->kind]) {
        fprintf(stderr, "seedbed: the system is gone, or of another version than this command\n");
        return -1;
    }
    if (reply->kind != CONTROL_ERROR)
        return 1;
    fprintf(stderr, "seedbed: %s\n", reply->text.text);
    return -1;
}

/* ---- components of a system */

int client_components(unsigned pid, struct client_list *list)
{
    struct control_request request = { .wish = CONTROL_LIST };
    union client_reply reply;
    int got = -1;
    *list = (struct client_list){ 0 };
    int fd = client_send(pid, &request, NULL, 0);
    if (fd < 0)
        return -1;
    while ((got = client_receive(fd, &reply, CORE_TIME, NULL)) > 0) {
        if (reply.kind == CONTROL_SYSTEM && !list->components && reply.system.components < 1000000) {
            list->system = reply.system;
            list->components = calloc(reply.system.components + 1, sizeof(*list->components));
        }
        if (reply.kind == CONTROL_COMPONENT && list->components && list->count < list->system.components)
            list->components[list->count++] = reply.component;
    }
    close(fd);
    if (!got && list->components)
        return 0;
    if (!got)
        fprintf(stderr, "seedbed: system %u has ended, or is of another version than this command\n", pid);
    free(list->components);
    return -1;
}

/* ---- questions to inits */

/* Appends TEXT of LEN bytes to TO; non-zero if it does not fit. */
static int append(char (*to)[OS_LABEL_MAX], const char *text, size_t len)
{
    size_t has = strlen(*to);
    if (len >= sizeof(*to) - has)
        return -1;
    memcpy(*to + has, text, len);
    (*to)[has + len] = 0;
    return 0;
}

int client_name(const char *text, struct client_name *name)
{
    int error = 0;
    *name = (struct client_name){ 0 };
    for (const char *at = text; !error;) {
        const char *arrow = strstr(at, " -> "), *slash = strchr(at, '/');
        const char *end = !arrow || (slash && slash < arrow) ? slash : arrow;
        size_t len = end ? (size_t)(end - at) : strlen(at);
        if (*name->name)
            error = (*name->path && append(&name->path, " -> ", 4)) ||
                    append(&name->path, name->name, strlen(name->name));
        name->name[0] = 0;
        error |= !len || append(&name->name, at, len);
        if (!end)
            break;
        at = end + (end == arrow ? 4 : 1);
    }
    if (error)
        return command_mistake("expected the name of a component, as paint or sub/paint, found",
                               *text ? text : "nothing");
    return 0;
}

static int take_answer(const union client_reply *reply, int data, struct client_answer *answer)
{
    *answer = (struct client_answer){ .status = (enum os_control_status)reply->answer.status };
    if (reply->answer.size > OS_CONTROL_MAX || (reply->answer.size && data < 0))
        return -1;
    if (!reply->answer.size)
        return 0;
    size_t size = (size_t)reply->answer.size;
    char *text = malloc(size + 1);
    if (!text)
        return -1;
    for (size_t at = 0; at < size;) {
        ssize_t len = pread(data, text + at, size - at, (off_t)at);
        if (len <= 0) {
            free(text);
            return -1;
        }
        at += (size_t)len;
    }
    text[size] = 0;
    answer->data = text;
    answer->size = size;
    return 0;
}

static int read_limit(const struct command_line *line, os_time *limit)
{
    const char *wait = command_option(line, "--wait");
    *limit = INIT_TIME;
    return wait ? command_seconds(wait, limit) : 0;
}

const char *client_text(const struct client_answer *answer)
{
    if (answer->data)
        make_lines_printable(answer->data);
    return answer->data;
}

/* What people may do about it was said by who has answered. */
static int tell_failure(const struct client_answer *answer)
{
    const char *text = client_text(answer) ? client_text(answer) : "it could not be done";
    size_t len = strlen(text);
    if (answer->status == OS_CONTROL_FAILED)
        fprintf(stderr, "seedbed: ");
    fprintf(stderr, "%s%s", text, len && text[len - 1] == '\n' ? "" : "\n");
    return answer->status == OS_CONTROL_MISTAKE ? STATUS_MISTAKE : STATUS_FAILED;
}

int client_ask(const struct command_line *line, const char *path, const char *words, const void *data,
               size_t len, struct client_answer *answer)
{
    struct control_request request = { .wish = CONTROL_ASK };
    union client_reply reply;
    unsigned pid;
    int fd, memory = -1;
    int status = client_select(line, &pid);
    if (!status)
        status = read_limit(line, &request.limit);
    if (status)
        return status;
    snprintf(request.label, sizeof(request.label), "%s", path);
    if ((size_t)snprintf(request.line, sizeof(request.line), "%s", words) >= sizeof(request.line))
        return command_mistake("too long:", words);
    fd = client_send(pid, &request, data, len);
    if (fd < 0)
        return STATUS_FAILED;
    int got = client_receive(fd, &reply, request.limit + CORE_TIME, &memory);
    if (got == 0)
        fprintf(stderr, "seedbed: the system has ended instead of answering\n");
    status = STATUS_FAILED;
    if (got > 0 && reply.kind == CONTROL_ANSWER && !take_answer(&reply, memory, answer)) {
        status = answer->status == OS_CONTROL_DONE ? 0 : tell_failure(answer);
        if (status)
            client_answer_fini(answer);
    }
    close(fd);
    if (memory >= 0)
        close(memory);
    return status;
}

void client_answer_fini(struct client_answer *answer)
{
    free(answer->data);
    *answer = (struct client_answer){ 0 };
}

int client_state(const struct command_line *line, const char *path, struct client_answer *answer,
                 struct os_config *state)
{
    int status = client_ask(line, path, "state", NULL, 0, answer);
    if (status)
        return status;
    if (answer->size && !os_config_init(state, answer->data, answer->size))
        return 0;
    client_answer_fini(answer);
    fprintf(stderr, "seedbed: the system is of another version than this command\n");
    return STATUS_FAILED;
}
