/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c: the control socket of a running system, for `seedbed list` and `seedbed log`. Its name is in the
 * abstract namespace, so it is gone with core, and only processes of the same user are answered.
 *
 * A client sends one line: "list", "log LABEL" (nothing for all) or "follow LABEL". The answer is lines; for
 * a follower they go on, and end with the connection. Who does not read is dropped.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

enum { CLIENTS = 16, SEND_BUFFER = 512 * 1024 };

struct client {
    struct transport_watch watch;
    struct os_list link;
    char label[OS_LABEL_MAX]; /* "": all */
    int follows;
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

static void drop_client(struct client *client)
{
    transport_unwatch(linux_core.ep.plat, &client->watch);
    close(client->watch.fd);
    os_list_remove(&client->link);
    free(client);
    nclients--;
}

/* Zero when the client does not take it. */
static int send_text(struct client *client, const char *text, int len)
{
    return send(client->watch.fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) == len;
}

static int wanted(const struct client *client, const char *label)
{
    return !client->label[0] || !strcmp(client->label, label);
}

static int send_line(struct client *client, const char *label, const char *text)
{
    char line[OS_LABEL_MAX + OS_LOG_MAX + 8];
    return !wanted(client, label) ||
           send_text(client, line, snprintf(line, sizeof(line), "[%s] %s\n", label, text));
}

static void show_line(void *to, const char *label, const char *text)
{
    (void)send_line(to, label, text);
}

void linux_control_line(const char *label, const char *text)
{
    OS_LIST_FOR_EACH_SAFE (link, &clients) {
        struct client *client = OS_CONTAINER_OF(link, struct client, link);
        if (client->follows && !send_line(client, label, text))
            drop_client(client);
    }
}

static void send_list(struct client *client)
{
    static const char *const states[] = { "new", "running", "exited", "faulted", "violated", "killed" };
    char line[OS_LABEL_MAX + 256];
    int len = snprintf(line, sizeof(line), "%d %s%s\n", (int)getpid(), linux_core.options->scenario,
                       linux_core.options->headless ? " (headless)" : "");
    send_text(client, line, len);
    OS_LIST_FOR_EACH (link, &linux_processes) {
        const struct core_process *process = OS_CONTAINER_OF(link, struct core_process, link);
        const struct core_pd *pd = process->pd;
        const struct core_account *account = pd->session.account;
        len = snprintf(line, sizeof(line), "  %-24s %-8s pid %-7d ram %llu of %llu KiB, caps %u of %u, %s\n",
                       pd->label, states[pd->state], (int)process->pid,
                       (unsigned long long)account->ram_used / 1024, (unsigned long long)account->ram / 1024,
                       account->caps_used, account->caps, process->profile);
        send_text(client, line, len);
    }
}

/* Zero when the connection is done with. */
static int serve(struct client *client, char *request)
{
    char *label = strchr(request, ' ');
    if (label)
        *label++ = 0;
    snprintf(client->label, sizeof(client->label), "%s", label ? label : "");
    if (!strcmp(request, "list"))
        send_list(client);
    if (!strcmp(request, "log") || !strcmp(request, "follow"))
        linux_output_last(show_line, client);
    client->follows = !strcmp(request, "follow");
    return client->follows;
}

static void client_ready(struct transport_watch *watch, uint32_t events)
{
    struct client *client = OS_CONTAINER_OF(watch, struct client, watch);
    char request[OS_LABEL_MAX + 16];
    (void)events;
    ssize_t len = recv(watch->fd, request, sizeof(request) - 1, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0 || client->follows) {
        drop_client(client);
        return;
    }
    request[len] = 0;
    request[strcspn(request, "\n")] = 0;
    if (!serve(client, request))
        drop_client(client);
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
        linux_say("WARNING: somebody has taken the control socket's name: no list, no log");
        close(listener.fd);
        return OS_OK;
    }
    if (listen(listener.fd, CLIENTS))
        return OS_ERR_IO;
    return transport_watch(linux_core.ep.plat, &listener, EPOLLIN);
}
