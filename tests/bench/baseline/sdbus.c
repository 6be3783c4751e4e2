/* SPDX-License-Identifier: BSD-2-Clause */
/* sdbus.c: a method call from peer to peer by sd-bus, 8 bytes in and out. Arguments: [CPU PEER-CPU] */
#include <errno.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "slice.h"

static int ends[2];
static sd_bus *bus;

static void require(int result, const char *what)
{
    errno = result < 0 ? -result : 0;
    slice_require(result >= 0, what);
}

static int on_echo(sd_bus_message *message, void *data, sd_bus_error *error)
{
    uint64_t value;
    (void)data;
    (void)error;
    int result = sd_bus_message_read(message, "t", &value);
    return result < 0 ? result : sd_bus_reply_method_return(message, "t", value);
}

static const sd_bus_vtable table[] = { SD_BUS_VTABLE_START(0),
                                       SD_BUS_METHOD("Echo", "t", "t", on_echo, SD_BUS_VTABLE_UNPRIVILEGED),
                                       SD_BUS_VTABLE_END };

static void serve(void)
{
    sd_id128_t id;
    require(sd_bus_new(&bus), "sd_bus_new");
    require(sd_id128_randomize(&id), "sd_id128_randomize");
    require(sd_bus_set_fd(bus, ends[1], ends[1]), "sd_bus_set_fd");
    require(sd_bus_set_server(bus, 1, id), "sd_bus_set_server");
    require(sd_bus_set_anonymous(bus, 1), "sd_bus_set_anonymous");
    require(sd_bus_start(bus), "sd_bus_start");
    require(sd_bus_add_object_vtable(bus, NULL, "/bench", "org.seedbed.Bench", table, NULL), "a vtable");
    for (;;) {
        int result = sd_bus_process(bus, NULL);
        require(result, "sd_bus_process");
        if (!result)
            require(sd_bus_wait(bus, UINT64_MAX), "sd_bus_wait");
    }
}

static void call(void)
{
    static uint64_t value;
    uint64_t same = 0;
    sd_bus_message *reply = NULL;
    require(sd_bus_call_method(bus, NULL, "/bench", "org.seedbed.Bench", "Echo", NULL, &reply, "t", ++value),
            "Echo");
    require(sd_bus_message_read(reply, "t", &same), "Echo");
    sd_bus_message_unref(reply);
    require(same == value ? 0 : -EBADMSG, "Echo");
}

int main(int argc, char **argv)
{
    slice_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    slice_peer(slice_cpu(argc, argv, 2), serve);
    slice_pin(slice_cpu(argc, argv, 1));
    close(ends[1]);
    require(sd_bus_new(&bus), "sd_bus_new");
    require(sd_bus_set_fd(bus, ends[0], ends[0]), "sd_bus_set_fd");
    require(sd_bus_set_anonymous(bus, 1), "sd_bus_set_anonymous");
    require(sd_bus_start(bus), "sd_bus_start");
    slice_serve(call, NULL, NULL);
}
