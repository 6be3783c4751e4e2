/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c: the control socket of a running system. Its name is in the abstract namespace, so it is gone
 * with core, and only processes of the same user are answered. What core does not know itself it asks of the
 * init that does, by the service Control. Nobody is waited for: who does not read is dropped, and an init
 * that does not answer in time has not.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture.h"
#include "internal.h"

enum { CLIENTS = 16, SEND_BUFFER = 512 * 1024 };

struct client {
    struct transport_watch watch;
    struct os_list link;
    struct control_request request;
    struct core_control_request asked; /* CONTROL_ASK */
    struct capture *capture;           /* CONTROL_PCAP */
    int watched;
    int served; /* its request has come; nothing else may */
};

static struct os_list clients = { &clients, &clients };
static unsigned nclients;
static struct transport_watch listener = { .fd = -1 };

unsigned linux_core_control_address(struct sockaddr_un *address, unsigned uid, unsigned pid)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    int len = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "seedbed/%u/%u", uid, pid);
    return (unsigned)(offsetof(struct sockaddr_un, sun_path) + 1) + (unsigned)len;
}

static void leave(struct client *client)
{
    if (client->watched)
        transport_unwatch(linux_core.ep.plat, &client->watch);
    client->watched = 0;
}

static void drop_client(struct client *client)
{
    core_control_cancel(&client->asked);
    if (client->capture)
        capture_destroy(client->capture, NULL, NULL);
    capture_forget(client);
    leave(client);
    close(client->watch.fd);
    os_list_remove(&client->link);
    free(client);
    nclients--;
}

/* Sends a datagram, with descriptor FD unless it is -1; zero when the client does not take it. */
static int send_reply(struct client *client, const void *reply, size_t size, int fd)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {
        .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
    };
    struct iovec part = { .iov_base = (void *)(uintptr_t)reply, .iov_len = size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (fd >= 0) {
        memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    return sendmsg(client->watch.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

__attribute__((format(printf, 3, 4))) static int send_text(struct client *client, enum control_kind kind,
                                                           const char *format, ...)
{
    struct control_text reply = { .kind = kind };
    va_list args;
    va_start(args, format);
    int len = vsnprintf(reply.text, sizeof(reply.text), format, args);
    va_end(args);
    if (len >= (int)sizeof(reply.text))
        len = sizeof(reply.text) - 1;
    return send_reply(client, &reply, offsetof(struct control_text, text) + (size_t)len, -1);
}

/* ---- output */

static int send_line(struct client *client, const char *label, const char *text)
{
    const char *wanted = client->request.label;
    return (*wanted && strcmp(wanted, label) != 0) || send_text(client, CONTROL_LINE, "[%s] %s", label, text);
}

static void show_line(void *to, const char *label, const char *text)
{
    (void)send_line(to, label, text);
}

void linux_control_line(const char *label, const char *text)
{
    OS_LIST_FOR_EACH_SAFE (link, &clients) {
        struct client *client = OS_CONTAINER_OF(link, struct client, link);
        if (client->served && client->request.wish == CONTROL_FOLLOW && !send_line(client, label, text))
            drop_client(client);
    }
}

/* ---- components */

static void send_component(struct client *client, struct core_process *process)
{
    const struct core_pd *pd = process->pd;
    const struct core_account *account = pd->session.account;
    struct control_component reply = { .kind = CONTROL_COMPONENT,
                                       .pid = process->pid,
                                       .state = pd->state,
                                       .caps = account->caps,
                                       .caps_used = account->caps_used,
                                       .id = process->id,
                                       .ram = account->ram,
                                       .ram_used = account->ram_used,
                                       .calls = linux_channels_calls(process) };
    snprintf(reply.profile, sizeof(reply.profile), "%s", process->profile);
    snprintf(reply.label, sizeof(reply.label), "%s", pd->label);
    (void)send_reply(client, &reply, sizeof(reply), -1);
}

static void send_list(struct client *client)
{
    struct control_system reply = { .kind = CONTROL_SYSTEM,
                                    .pid = getpid(),
                                    .headless = linux_core.options->headless != 0 };
    snprintf(reply.scenario, sizeof(reply.scenario), "%s", linux_core.options->scenario);
    OS_LIST_FOR_EACH (link, &linux_processes)
        reply.components++;
    (void)send_reply(client, &reply, sizeof(reply), -1);
    OS_LIST_FOR_EACH (link, &linux_processes)
        send_component(client, OS_CONTAINER_OF(link, struct core_process, link));
}

/* ---- what inits are asked */

struct reader {
    int fd;
    off_t at;
    uint64_t left;
};

static ssize_t read_part(void *from, void *buffer, size_t size)
{
    struct reader *reader = from;
    ssize_t len = pread(reader->fd, buffer, size < reader->left ? size : (size_t)reader->left, reader->at);
    if (len > 0) {
        reader->at += len;
        reader->left -= (uint64_t)len;
    }
    return len;
}

/* A copy, so that a client which does not end keeps nothing of the system's. */
static void send_answer(struct client *client, enum os_control_status status,
                        const struct core_memory *memory, uint64_t size)
{
    struct control_answer reply = { .kind = CONTROL_ANSWER, .status = status };
    int fd = -1;
    if (size) {
        struct reader reader = { .fd = linux_memory_fd(memory), .left = size };
        os_err err = linux_memory_seal_copy(read_part, &reader, OS_CONTROL_MAX, &fd, &reply.size);
        if (err) {
            (void)send_text(client, CONTROL_ERROR, "the answer cannot be passed on: %s", os_err_text(err));
            return;
        }
    }
    (void)send_reply(client, &reply, sizeof(reply), fd);
    if (fd >= 0)
        close(fd);
}

static const char *init_name(const struct client *client)
{
    return *client->request.label ? client->request.label : "init";
}

static void asked(struct core_control_request *request, os_err err, enum os_control_status status,
                  const struct core_memory *memory, uint64_t size)
{
    struct client *client = OS_CONTAINER_OF(request, struct client, asked);
    if (!err)
        send_answer(client, status, memory, size);
    else if (err == OS_ERR_DEADLINE)
        (void)send_text(client, CONTROL_ERROR, "waited for %s to %s \"%s\", in vain", init_name(client),
                        core_control_taken(request) ? "answer" : "take", request->line);
    else
        (void)send_text(client, CONTROL_ERROR, "%s has ended instead of answering \"%s\"", init_name(client),
                        request->line);
    drop_client(client);
}

/* Only what nobody can change or cut off any more is read, so that reading cannot fail or wait. */
static os_err take_data(struct client *client, int fd)
{
    enum { WANTED = F_SEAL_SHRINK | F_SEAL_WRITE };
    uint64_t size = client->request.size;
    struct core_memory *memory;
    struct stat st;
    char buffer[16384];
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & WANTED) != WANTED || fstat(fd, &st) || (uint64_t)st.st_size < size)
        return OS_ERR_BAD_MSG;
    if (size > CONTROL_DATA_MAX)
        return OS_ERR_TOO_LARGE;
    os_err err = core_control_data(&linux_core.core, &client->asked, size, &memory);
    struct reader reader = { .fd = fd, .left = size };
    for (off_t at = 0; !err && reader.left;) {
        ssize_t len = read_part(&reader, buffer, sizeof(buffer));
        if (len <= 0 || pwrite(linux_memory_fd(memory), buffer, (size_t)len, at) != len)
            err = OS_ERR_IO;
        at += len;
    }
    return err;
}

/* Zero when the connection is done with. */
static int ask(struct client *client, int fd)
{
    const struct control_request *request = &client->request;
    struct core_control_request *passed = &client->asked;
    uint64_t limit = request->limit < CONTROL_LIMIT_MAX ? request->limit : CONTROL_LIMIT_MAX;
    passed->done = asked;
    memcpy(passed->line, request->line, sizeof(passed->line));
    os_err err = request->size ? take_data(client, fd) : OS_OK;
    if (!err)
        err = core_control_submit(&linux_core.core, request->label, passed, os_clock_now() + limit);
    if (!err)
        return 1;
    if (err == OS_ERR_NOT_FOUND && *request->label)
        (void)send_text(
            client, CONTROL_ERROR,
            "there is no init \"%s\" that can be asked; one within another needs `route: { Control: "
            "parent }` in its entry, and Control in its `parent-provides`",
            request->label);
    else if (err == OS_ERR_NOT_FOUND)
        (void)send_text(client, CONTROL_ERROR, "init cannot be asked yet");
    else
        (void)send_text(client, CONTROL_ERROR, "\"%s\" cannot be passed on to %s: %s", request->line,
                        init_name(client), os_err_text(err));
    return 0;
}

/* ---- captures */

static void capture_written(void *arg)
{
    struct client *client = arg;
    (void)send_text(client, CONTROL_LINE, "%s", client->request.line);
    drop_client(client);
}

/* The client hears of the end when all is written. */
static void end_capture(void *arg)
{
    struct client *client = arg;
    struct capture *capture = client->capture;
    client->capture = NULL;
    leave(client);
    capture_summary(capture, client->request.line, sizeof(client->request.line));
    capture_destroy(capture, capture_written, client);
}

/* Zero when the connection is done with. */
static int begin_capture(struct client *client, int fd)
{
    int own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        (void)send_text(client, CONTROL_ERROR, "there is nowhere to write to");
        return 0;
    }
    os_err err = capture_create(client->request.label, own, client->request.size, end_capture, client,
                                &client->capture);
    if (err)
        (void)send_text(client, CONTROL_ERROR, "%s",
                        err == OS_ERR_BUSY ? "too many captures" : os_err_text(err));
    return !err;
}

/* ---- clients */

/* Zero when the connection is done with. */
static int serve(struct client *client, int fd)
{
    struct control_request *request = &client->request;
    client->served = 1;
    request->label[sizeof(request->label) - 1] = request->line[sizeof(request->line) - 1] = 0;
    if (request->version != CONTROL_VERSION) {
        (void)send_text(client, CONTROL_ERROR, "the system is of another version than this command");
        return 0;
    }
    if (request->wish == CONTROL_LIST)
        send_list(client);
    if (request->wish == CONTROL_LOG || request->wish == CONTROL_FOLLOW)
        linux_output_last(show_line, client);
    if (request->wish == CONTROL_PCAP)
        return begin_capture(client, fd);
    if (request->wish == CONTROL_ASK)
        return ask(client, fd);
    return request->wish == CONTROL_FOLLOW;
}

/* Receives the request; its length, and *FD if a descriptor came with it, else -1. */
static ssize_t receive(struct client *client, int *fd)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = { .iov_base = &client->request, .iov_len = sizeof(client->request) };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    *fd = -1;
    ssize_t len = recvmsg(client->watch.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const struct cmsghdr *head = len >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(fd, CMSG_DATA(head), sizeof(*fd));
    return len;
}

static void client_ready(struct transport_watch *watch, uint32_t events)
{
    struct client *client = OS_CONTAINER_OF(watch, struct client, watch);
    char nothing;
    int fd;
    (void)events;
    if (client->served) { /* it has closed its end, or says what it has no business to say */
        if (recv(watch->fd, &nothing, 1, MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR))
            client->capture ? end_capture(client) : drop_client(client);
        return;
    }
    ssize_t len = receive(client, &fd);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len != sizeof(client->request) || !serve(client, fd))
        drop_client(client);
    if (fd >= 0)
        close(fd);
}

static void accept_client(struct transport_watch *watch, uint32_t events)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct client *client = calloc(1, sizeof(*client));
    if (!client || nclients == CLIENTS || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ||
        peer.uid != getuid())
        goto refuse;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof(int));
    client->watch.fd = fd;
    client->watch.ready = client_ready;
    if (transport_watch(linux_core.ep.plat, &client->watch, EPOLLIN))
        goto refuse;
    client->watched = 1;
    os_list_insert(&clients, &client->link);
    nclients++;
    return;

refuse:
    free(client);
    close(fd);
}

os_err linux_control_init(void)
{
    struct sockaddr_un address;
    socklen_t size = linux_core_control_address(&address, getuid(), (unsigned)getpid());
    listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    listener.ready = accept_client;
    if (listener.fd < 0)
        return OS_ERR_HANDLES;
    if (bind(listener.fd, (struct sockaddr *)&address, size) && errno == EADDRINUSE) {
        /* anybody can take such a name, and must not keep others from starting a system by it */
        linux_say("WARNING: somebody has taken the control socket's name: commands cannot reach this system");
        close(listener.fd);
        return OS_OK;
    }
    if (listen(listener.fd, CLIENTS))
        return OS_ERR_IO;
    return transport_watch(linux_core.ep.plat, &listener, EPOLLIN);
}
