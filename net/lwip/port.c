/* SPDX-License-Identifier: BSD-2-Clause */
/* port.c: time, memory, numbers by chance and last words for lwIP. */
#include "port.h"

#include <network/proto.h>

#include "lwip/def.h"
#include "lwip/init.h"
#include "lwip/sys.h"

#include <network/siphash.h>
#include <os/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

uint32_t net_lwip_window = 0x10000, net_lwip_send_buffer = 0x10000;

u32_t sys_now(void)
{
    return (u32_t)(os_clock_now() / OS_MS);
}

void net_lwip_init(void)
{
    static int done;
    if (!done)
        lwip_init();
    done = 1;
}

/* ---- memory ---- */

#define SMALL 256u /* bytes of a frame that is taken when larger ones no longer are */

/* Before each block: what it counts for. Keeps what follows aligned. */
union head {
    size_t size;
    max_align_t align;
};

static struct {
    size_t limit, reserved; /* of which reserved for either side */
    size_t used[2], peak;   /* 0: of lwIP, 1: of what comes in */
} memory = { .limit = SIZE_MAX / 2 };

void net_lwip_memory_init(size_t limit)
{
    memory.limit = limit;
    memory.reserved = limit / 4;
}

size_t net_lwip_memory_limit(void)
{
    return memory.limit;
}

void net_lwip_memory_state(size_t *used, size_t *peak)
{
    *used = memory.used[0] + memory.used[1];
    *peak = memory.peak;
}

/*
 * Blocks that were freed are kept by size, as spare ones: what a connection holds comes and goes with each
 * burst of frames, and the heap would go to core for it each time, which makes TCP three times as slow. They
 * are kept here and not in the heap, which cannot know what else the account is for, while the stack has its
 * limit; and with a heap that gives nothing back TCP takes a third longer than with these (bench tcp, one
 * core: 6.3x and 4.6x of loopback), since a heap locks, splits, merges and clears.
 */
#define GRAIN       32u
#define SPARE_SIZES 64u /* sizes of blocks that are kept, in GRAINs */

/* A memory checker is to see each block freed. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS_SPARE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_SPARE 0
#endif
#endif
#ifndef KEEPS_SPARE
#define KEEPS_SPARE 1
#endif

static struct {
    size_t size; /* bytes of all of them */
    union head *first[SPARE_SIZES];
} spare;

static union head **next_spare(union head *head)
{
    return (union head **)(void *)(head + 1);
}

void net_lwip_drop_spare(void)
{
    for (unsigned i = 0; i < SPARE_SIZES; i++)
        while (spare.first[i]) {
            union head *head = spare.first[i];
            spare.first[i] = *next_spare(head);
            free(head);
        }
    spare.size = 0;
}

/* A block of SIZE bytes, a multiple of GRAIN. Spare ones count against the limit like those in use. */
static union head *take(size_t size)
{
    size_t at = size / GRAIN;
    if (at < SPARE_SIZES && spare.first[at]) {
        union head *head = spare.first[at];
        spare.first[at] = *next_spare(head);
        spare.size -= size;
        return head;
    }
    if (memory.used[0] + memory.used[1] + spare.size + size > memory.limit)
        net_lwip_drop_spare();
    union head *head = malloc(size);
    if (!head && spare.size) {
        net_lwip_drop_spare();
        head = malloc(size);
    }
    return head;
}

static void give_back(union head *head, size_t size)
{
    size_t at = size / GRAIN;
    if (!KEEPS_SPARE || at >= SPARE_SIZES || spare.size + size > memory.limit / 2) {
        free(head);
        return;
    }
    *next_spare(head) = spare.first[at];
    spare.first[at] = head;
    spare.size += size;
}

static void *allocate(size_t size, int side, size_t extra)
{
    size_t total = (size + sizeof(union head) + GRAIN - 1) / GRAIN * GRAIN;
    size_t other = memory.used[!side] > memory.reserved ? memory.used[!side] : memory.reserved;
    union head *head = NULL;
    if (total > size && total <= memory.limit && memory.used[side] + total + other + extra <= memory.limit)
        head = take(total);
    if (!head)
        return NULL;
    head->size = total;
    memory.used[side] += total;
    if (memory.used[0] + memory.used[1] > memory.peak)
        memory.peak = memory.used[0] + memory.used[1];
    return head + 1;
}

static void release(void *block, int side)
{
    union head *head = (union head *)block - 1;
    memory.used[side] -= head->size;
    give_back(head, head->size);
}

void *net_lwip_malloc(size_t size)
{
    return allocate(size, 0, 0);
}

void *net_lwip_calloc(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    void *block = allocate(count * size, 0, 0);
    return block ? memset(block, 0, count * size) : NULL;
}

void net_lwip_free(void *block)
{
    release(block, 0);
}

void *net_lwip_receive_malloc(size_t size)
{
    return allocate(size, 1, size > SMALL ? memory.reserved / 2 : 0);
}

void net_lwip_receive_free(void *block)
{
    release(block, 1);
}

/* ---- numbers by chance: SipHash-2-4 of a counter, or of a connection ---- */

enum {
    PORT_FIRST = 0xc000, /* of those that are for anybody (RFC 6335), to the last */
    PORT_TRIES = 16,     /* ports by chance, before lwIP looks for one that is free */
};

static uint64_t key[2], counter;

void net_lwip_seed(const uint64_t secret[2])
{
    memcpy(key, secret, sizeof(key));
}

uint32_t net_lwip_random(void)
{
    counter++;
    return (uint32_t)net_siphash24(key, &counter, 1);
}

err_t net_lwip_bind(net_lwip_bind_fn *bind, void *pcb, const ip_addr_t *ip, uint16_t port)
{
    err_t err = ERR_USE;
    for (int i = 0; !port && i < PORT_TRIES && err == ERR_USE; i++)
        err = bind(pcb, ip, (uint16_t)(PORT_FIRST + net_lwip_random() % (UINT16_MAX - PORT_FIRST + 1u)));
    return err == ERR_USE ? bind(pcb, ip, port) : err;
}

uint32_t net_lwip_isn(const ip_addr_t *local_ip, uint16_t local_port, const ip_addr_t *remote_ip,
                      uint16_t remote_port)
{
    uint64_t words[5] = { (uint64_t)local_port << 16 | remote_port };
    if (IP_IS_V6(local_ip)) {
        memcpy(&words[1], ip_2_ip6(local_ip)->addr, 16);
        memcpy(&words[3], ip_2_ip6(remote_ip)->addr, 16);
    } else {
        words[1] = ip4_addr_get_u32(ip_2_ip4(local_ip));
        words[2] = ip4_addr_get_u32(ip_2_ip4(remote_ip));
    }
    /*
     * and time, so that a connection's numbers come after those of one before it with the same ports. A step
     * is 64 ns, not the standard's 4 us, in which fast machines send more bytes than that; all numbers have
     * had their turn after 274 s, which is more than twice as long as ports are remembered.
     */
    return (uint32_t)net_siphash24(key, words, OS_ARRAY_LEN(words)) + (uint32_t)(os_clock_now() / 64);
}

/* ---- checksums ---- */

u16_t net_lwip_sum(const void *data, int len)
{
    return lwip_htons(net_sum(0, data, (size_t)len));
}

/* ---- words ---- */

void net_lwip_assert(const char *message, const char *file, int line)
{
    const char *name = strrchr(file, '/');
    fprintf(stderr, "lwIP: %s at %s:%d\n", message, name ? name + 1 : file, line);
    abort();
}

void net_lwip_diagnostic(const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    text[strcspn(text, "\n")] = '\0';
    fprintf(stderr, "lwIP: %s\n", text);
}
