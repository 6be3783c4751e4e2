/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * router.c: frames of any kind from four sides of a router, with time that passes, sessions that end and
 * configs that change between them. What comes out has sound headers, and the addresses of a domain behind
 * NAT are not seen outside.
 *
 * The input is records: a byte that says what happens, two bytes of length, so many bytes.
 */
#include "fuzz.h"

#include <string.h>
#include <wire.h>

enum {
    WHO = 3,          /* bits of the first byte: the machine */
    ADDRESS = 4,      /* the frame gets sound MAC addresses */
    CHECKSUMS = 8,    /* and checksums */
    TIME = 16,        /* no frame: so many seconds pass as the length says */
    CONFIG = 32,      /* no frame: the other config */
    SESSION = 64,     /* no frame: the machine ends and comes again */
    GROUP = 128,      /* the frame is for all */
    FOLLOW = 1 << 15, /* of the length: the frame answers what the machine got last by IPv4 */
};

static const char *const configs[] = {
    WIRE_LAN WIRE_LAN_SERVICES WIRE_LAN_OUT WIRE_LAN_IN "    allow:\n"
                                                        "      -\n"
                                                        "        to: six\n"
                                                        "        udp: all\n"
                                                        "        icmp: true\n"
                                                        "  six:\n"
                                                        "    ipv4: 10.0.2.1/24\n"
                                                        "    ipv6: fd02::1/64\n"
                                                        "  wan:\n"
                                                        "    ipv4: dhcp\n"
                                                        "limits:\n"
                                                        "  states: 16\n"
                                                        "  queries: 4\n"
                                                        "  neighbors: 8\n"
                                                        "  nat-ports: 40000-40007\n",
    WIRE_LAN "    nat:\n"
             "      -\n"
             "        to: wan\n"
             "        udp: all\n"
             "  six:\n"
             "    ipv6: fd03::1/64\n"
             "    isolated: true\n"
             "  wan:\n"
             "    ipv4: 192.0.2.15/24\n"
             "    gateway: 192.0.2.2\n"
             "limits:\n"
             "  states: 20\n",
};

static struct machine machines[4];
static const char *const domains[] = { "lan", "lan", "six", "wan" };
static const char *const addresses[] = { "10.0.1.2", "10.0.1.3", "10.0.2.2", "192.0.2.2" };

static void put(int who)
{
    if (who == 3)
        wire_add_uplink(&machines[who], domains[who], (uint8_t)who, addresses[who]);
    else
        wire_add(&machines[who], domains[who], (uint8_t)who, addresses[who]);
}

/* What a machine got last of the router's by IPv4. */
static struct {
    uint32_t len;
    uint8_t data[WIRE_FRAME];
} last[4];

static void note(const struct wire_frame *frame, int who)
{
    last[who].len = frame->len;
    memcpy(last[who].data, frame->data, frame->len);
}

/* What an answer has of what it answers: addresses and ports the other way round, ids, what it is about. */
static void follow(uint8_t *frame, uint32_t len, int who)
{
    enum { DATA = NET_IPV4_HEADER + NET_UDP_HEADER, XID = DATA + 4, HARDWARE = DATA + 28 };
    uint8_t *ip = frame + NET_ETH_HEADER, *l4 = ip + NET_IPV4_HEADER;
    const uint8_t *was = last[who].data + NET_ETH_HEADER, *was_l4 = was + NET_IPV4_HEADER;
    if (len < NET_ETH_HEADER + DATA || last[who].len < NET_ETH_HEADER + DATA ||
        net_get16(frame + NET_ETH_TYPE) != NET_ETH_IPV4)
        return;
    uint32_t room = len - NET_ETH_HEADER - DATA, size = last[who].len - NET_ETH_HEADER;
    memcpy(ip + NET_IPV4_DST, was + NET_IPV4_SRC, 4);
    if (net_get32(was + NET_IPV4_DST) != UINT32_MAX)
        memcpy(ip + NET_IPV4_SRC, was + NET_IPV4_DST, 4);
    if (ip[NET_IPV4_PROTO] == NET_PROTO_ICMP && l4[NET_ICMP_TYPE] != NET_ICMP_ECHO_REPLY) {
        memcpy(ip + DATA, was, room < size ? room : size);
        return;
    }
    if (ip[NET_IPV4_PROTO] != was[NET_IPV4_PROTO])
        return;
    if (ip[NET_IPV4_PROTO] == NET_PROTO_ICMP) {
        memcpy(l4 + NET_ICMP_ID, was_l4 + NET_ICMP_ID, 4);
        return;
    }
    memcpy(l4, was_l4 + 2, 2);
    memcpy(l4 + 2, was_l4, 2);
    if (net_get16(l4) == 53 && room >= 4 && size >= DATA + 4u) {
        uint8_t flags[2] = { ip[DATA + 2], ip[DATA + 3] };
        memcpy(ip + DATA, was + DATA, room < size - DATA ? room : size - DATA);
        memcpy(ip + DATA + 2, flags, 2);
    } else if (net_get16(l4) == 67 && room >= 44 && size >= DATA + 44u) {
        memset(ip + NET_IPV4_DST, 255, 4);
        memcpy(ip + XID, was + XID, 4);
        memcpy(ip + HARDWARE, was + HARDWARE, 16);
    }
}

static void check_frame(const struct wire_frame *frame, int who)
{
    const uint8_t *ip = frame->data + NET_ETH_HEADER;
    MUST(frame->len >= NET_ETH_HEADER);
    if (net_get16(frame->data + NET_ETH_TYPE) != NET_ETH_IPV4 ||
        memcmp(frame->data + NET_ETH_SRC, machines[who].via_mac, 6))
        return; /* what another machine of the domain has sent */
    MUST(frame->len >= NET_ETH_HEADER + NET_IPV4_HEADER);
    MUST(!net_checksum(0, ip, NET_IPV4_HEADER));
    MUST(net_get16(ip + NET_IPV4_LEN) <= frame->len - NET_ETH_HEADER);
    note(frame, who);
    if (who == 3)
        MUST(net_get32(ip + NET_IPV4_SRC) >> 8 != 0x0a0001);
}

static void check(void)
{
    uint32_t used = 0;
    for (int who = 0; who < 4; who++) {
        for (uint32_t i = 0; i < machines[who].count && i < WIRE_KEEPS; i++)
            check_frame(machines[who].got[i], who);
        wire_drop(&machines[who]);
    }
    for (uint32_t i = 0; i < wire.flow_count; i++)
        used += wire.flows[i].client && !os_list_empty(&wire.flows[i].of_client);
    MUST(used <= wire.flow_used && wire.flow_used <= wire.flow_count);
    MUST(wire.pending <= PENDING_MAX);
}

static void send(int what, const uint8_t *data, uint32_t len, int answers)
{
    static uint8_t frame[70000];
    struct machine *machine = &machines[what & WHO];
    memcpy(frame, data, len);
    memset(frame + len, 0, 128); /* where a header may end that is cut off */
    if (what & ADDRESS) {
        memcpy(frame, what & GROUP ? net_mac_broadcast : machine->via_mac, 6);
        memcpy(frame + 6, machine->mac, 6);
    }
    if (answers)
        follow(frame, len, what & WHO);
    if (what & CHECKSUMS && (net_get16(frame + 12) == NET_ETH_IPV6 ||
                             (net_get16(frame + 12) == NET_ETH_IPV4 && net_get16(frame + 16) >= 20)))
        wire_fix(frame, len);
    wire_send(machine, frame, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int config = 0;
    memset(last, 0, sizeof(last));
    wire_init(configs[0]);
    for (int who = 0; who < 4; who++)
        put(who);
    while (size >= 3) {
        int what = data[0];
        uint32_t len = net_get16(data + 1);
        data += 3;
        size -= 3;
        if (what & TIME)
            wire_advance(len % 1000 * OS_SEC);
        else if (what & CONFIG)
            MUST(!wire_configure(configs[config ^= 1]));
        else if (what & SESSION) {
            wire_remove(&machines[what & WHO]);
            put(what & WHO);
        } else {
            int answers = !!(len & FOLLOW);
            len &= FOLLOW - 1;
            if (len > size)
                len = (uint32_t)size;
            send(what, data, len, answers);
            data += len;
            size -= len;
        }
        check();
    }
    for (int who = 0; who < 4; who++)
        wire_remove(&machines[who]);
    MUST(!machines[0].port.domain);
    wire_fini();
    return 0;
}
