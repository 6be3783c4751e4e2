/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netbox.c: a machine on the other side of uplink-unix, made of the host's own network stack: in a network of
 * its own that has a card with addresses, and between that and the datagram sockets a loop that passes frames
 * on. The card is a TAP device or, where that is not this user's, one end of a veth pair, whose other end is
 * read by a packet socket.
 *
 *     netbox OWN PEER COMMAND
 *
 * runs the shell COMMAND in there and ends with its status. 77: this host does not allow it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"

enum { NOT_ALLOWED = 77, FRAME_MAX = 65550 };

static int run(const char *command)
{
    int status = system(command);
    return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Frames are as they would be on a wire: with their checksums, and no longer than the MTU. */
static int set_offloads_off(int socket)
{
    static const uint32_t commands[] = { ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO };
    struct ifreq request = { 0 };
    int failed = 0;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "tap0");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct ethtool_value value = { .cmd = commands[i] };
        request.ifr_data = (void *)&value;
        failed |= ioctl(socket, SIOCETHTOOL, &request) && commands[i] == ETHTOOL_STXCSUM;
    }
    return failed;
}

static int make_veth(void)
{
    struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
    const int yes = 1;
    if (run("PATH=$PATH:/sbin:/usr/sbin; ip link add tap0 type veth peer name wire0 && "
            "ip link set wire0 up"))
        return -1;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    at.sll_ifindex = (int)if_nametoindex("wire0");
    if (fd >= 0 &&
        (set_offloads_off(fd) || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) ||
         bind(fd, (struct sockaddr *)&at, sizeof(at)))) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_tap(void)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    snprintf(request.ifr_name, sizeof(request.ifr_name), "tap0");
    if (fd >= 0 && ioctl(fd, TUNSETIFF, &request)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_card(void)
{
    int fd = make_tap();
    return fd < 0 ? make_veth() : fd;
}

static int make_socket(const char *path)
{
    struct sockaddr_un own = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(own.sun_path, sizeof(own.sun_path), "%s", path);
    unlink(path);
    return fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 ? fd : -1;
}

/* Frames from one to the other, as long as the child runs. */
static void pass(int tap, int socket, const char *path, int child)
{
    static char frame[FRAME_MAX];
    struct sockaddr_un peer = { .sun_family = AF_UNIX };
    struct pollfd fds[] = { { tap, POLLIN, 0 }, { socket, POLLIN, 0 }, { child, POLLIN, 0 } };
    snprintf(peer.sun_path, sizeof(peer.sun_path), "%s", path);
    while (poll(fds, 3, -1) >= 0 && !fds[2].revents) {
        ssize_t len = fds[0].revents ? read(tap, frame, sizeof(frame)) : 0;
        if (len > 0) /* lost while nobody is there, as on a wire */
            (void)!sendto(socket, frame, (size_t)len, 0, (struct sockaddr *)&peer, sizeof(peer));
        len = fds[1].revents ? read(socket, frame, sizeof(frame)) : 0;
        if (len > 0)
            (void)!write(tap, frame, (size_t)len);
    }
}

int main(int argc, char **argv)
{
    int tap, socket, status;
    if (argc != 4)
        return 2;
    if (peer_separate() || (tap = make_card()) < 0 ||
        run("PATH=$PATH:/sbin:/usr/sbin; ip link set lo up && ip link set tap0 address 02:00:00:00:00:15 && "
            "ip addr add 10.0.2.15/24 dev tap0 && ip -6 addr add fec0::15/64 dev tap0 nodad && ip link set "
            "tap0 up && "
            "ip route add default via 10.0.2.2 && ip -6 route add default via fec0::2")) {
        fprintf(stderr, "netbox: no network of its own with a card: %s\n", strerror(errno));
        return NOT_ALLOWED;
    }
    socket = make_socket(argv[1]);
    if (socket < 0)
        return 2;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl("/bin/sh", "sh", "-c", argv[3], NULL);
        _exit(127);
    }
    pass(tap, socket, argv[2], (int)syscall(SYS_pidfd_open, pid, 0));
    waitpid(pid, &status, 0);
    unlink(argv[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
