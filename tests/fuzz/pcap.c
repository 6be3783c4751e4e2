/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap.c: what a component gives core as frames of a link (os/pcap.h): refused, or in the file that is
 * written, block by block as pcapng has it, with each frame as it was. The first byte is the limit of frames;
 * then batches: a byte that chooses the label, two bytes of length, so many bytes.
 */
#include "../../base-linux/core/capture.h"
#include "../../base-linux/core/internal.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, STATISTICS = 5, PACKET = 6, EXPECTED = 1 << 20 };

/* capture.c has one file to wait for: the target does. */
struct linux_core linux_core;
static struct transport_watch *the_watch;

os_err transport_watch(struct plat_ep *ep, struct transport_watch *watch, uint32_t events)
{
    the_watch = watch;
    return OS_OK;
}

static int is_done;

static void done(void *arg)
{
    is_done = 1;
}

static struct {
    uint8_t bytes[EXPECTED];
    size_t len;
    uint64_t frames;
} expected; /* frames, one behind the other */

static void expect(const uint8_t *data, uint32_t size, uint64_t limit)
{
    struct os_pcap_record record;
    for (uint32_t at = 0; at < size; at += os_pcap_record_size(record.len)) {
        memcpy(&record, data + at, sizeof(record));
        if (limit && expected.frames == limit)
            return;
        MUST(expected.len + record.len <= EXPECTED);
        memcpy(expected.bytes + expected.len, data + at + sizeof(record), record.len);
        expected.len += record.len;
        expected.frames++;
    }
}

static uint32_t get(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

/* Each block of the file, and that the frames in it are those that were expected. */
static void check_file(const uint8_t *file, size_t size)
{
    uint32_t interfaces = 0, statistics = 0;
    size_t frames = 0, at = 0;
    while (at < size) {
        MUST(size - at >= 12);
        const uint8_t *block = file + at;
        uint32_t type = get(block), len = get(block + 4);
        MUST(len >= 12 && len % 4 == 0 && len <= size - at && get(block + len - 4) == len);
        MUST((type == SECTION) == !at);
        interfaces += type == INTERFACE;
        statistics += type == STATISTICS;
        if (type == PACKET) {
            uint32_t kept = get(block + 20);
            MUST(get(block + 8) < interfaces && kept == get(block + 24) && kept <= len - 32);
            MUST(kept <= expected.len - frames && !memcmp(block + 28, expected.bytes + frames, kept));
            frames += kept;
        } else {
            MUST(type == SECTION || type == INTERFACE || (type == STATISTICS && get(block + 8) < interfaces));
        }
        at += len;
    }
    MUST(frames == expected.len && statistics == interfaces);
}

static void finish(struct capture *capture, int fd)
{
    is_done = 0;
    capture_destroy(capture, done, NULL);
    while (!is_done) {
        MUST(poll(&(struct pollfd){ .fd = the_watch->fd, .events = POLLIN }, 1, -1) == 1);
        the_watch->ready(the_watch, POLLIN);
    }
    off_t size = lseek(fd, 0, SEEK_END);
    uint8_t *file = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    MUST(file != MAP_FAILED);
    check_file(file, (size_t)size);
    munmap(file, (size_t)size);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct capture *capture;
    uint64_t limit = size ? data[0] % 16 : 0;
    int fd = memfd_create("pcap", MFD_CLOEXEC);
    if (!the_watch)
        MUST(!capture_init());
    expected.len = expected.frames = 0;
    MUST(fd >= 0 && !capture_create("", dup(fd), limit, NULL, NULL, &capture));
    for (size_t at = 1; at + 3 <= size;) {
        char label[2] = { (char)('a' + data[at] % 26) };
        uint32_t len = (uint32_t)data[at + 1] << 8 | data[at + 2];
        at += 3;
        len = len > size - at ? (uint32_t)(size - at) : len;
        uint8_t *copy = exact_copy(data + at, len);
        os_err err = capture_put(capture, label, copy, len, data[at - 3]);
        MUST(!err || err == OS_ERR_BAD_ARG);
        if (!err)
            expect(copy, len, limit);
        free(copy);
        at += len;
    }
    finish(capture, fd);
    return 0;
}
