/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c: the line to the machine's host that the service Host needs: a serial port of its own (the console
 * is another); and which services there are on this platform only. Pictures go out on it, in records that
 * base-mach/host reads and writes to files; what comes in are wishes of the user. Records begin with a line:
 *
 *     SEEDBED file NAME SIZE CRC32     SIZE bytes follow, CRC32 of them in hexadecimal
 *     SEEDBED failed TEXT              there is no picture, because of TEXT
 *     SEEDBED ready                    wishes are heard from here on
 *
 * What comes in is a line for each wish:
 *
 *     end             the system shall end in order; once more, at once
 *     kill LABEL      the component shall end, as if it had been killed: how tests see what follows
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <platform/platform.h>

#include "internal.h"
#include "io.h"

#define SHOT_WAIT (300 * OS_SEC) /* an emulated machine on a busy host is slow */

/* ---- the line */

/* The second serial port of a PC, an 8250 or its like, and its registers. */
enum {
    LINE = 0x2f8,
    LINE_IRQ = 3,
    LINE_DATA = LINE,
    LINE_INTERRUPTS = LINE + 1,
    LINE_QUEUE = LINE + 2,
    LINE_FORMAT = LINE + 3,
    LINE_MODEM = LINE + 4,
    LINE_STATUS = LINE + 5,
    LINE_SCRATCH = LINE + 7,
    STATUS_RECEIVED = 1,
    STATUS_EMPTY = 0x20,
    QUEUE_SIZE = 16,
};

/* How long the host may let a byte wait. */
#define LINE_WAIT (5 * OS_SEC)

static struct transport_watch line;
static int line_works;

static int line_wait(void)
{
    os_time late = 0;
    while (!(io_read8(LINE_STATUS) & STATUS_EMPTY)) {
        os_time now = plat_clock();
        late = late ? late : now + LINE_WAIT;
        if (now > late)
            return -1;
        mach_yield(0);
    }
    return 0;
}

/* Waits for the host; core does nothing else meanwhile. OS_ERR_IO when that takes too long. */
static os_err line_write(const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size) {
        size_t len = size < QUEUE_SIZE ? size : QUEUE_SIZE;
        if (!line_works || line_wait()) {
            line_works = 0;
            return OS_ERR_IO;
        }
        size -= len;
        __asm__ volatile("rep outsb" : "+S"(at), "+c"(len) : "d"((uint16_t)LINE_DATA) : "memory");
    }
    return OS_OK;
}

static void kill_component(const char *label)
{
    OS_LIST_FOR_EACH (link, &mach_processes) {
        struct core_process *process = OS_CONTAINER_OF(link, struct core_process, link);
        if (process->state == PROCESS_RUNNING && !strcmp(process->pd->label, label)) {
            core_plat_process_kill(process);
            return;
        }
    }
    mach_say("no component %s is running, so none was killed", label);
}

static void wish(const char *text)
{
    if (!strcmp(text, "end"))
        core_end_in_order(&mach_core.core);
    else if (!strncmp(text, "kill ", 5))
        kill_component(text + 5);
    else
        mach_say("the host wishes something unknown");
}

/* What does not fit is cut off. */
static void take_byte(char byte)
{
    static char text[OS_LABEL_MAX + 8];
    static size_t len;
    if (byte != '\n') {
        text[len] = byte;
        len += len < sizeof(text) - 1;
        return;
    }
    text[len] = '\0';
    len = 0;
    wish(text);
}

static void line_received(struct transport_watch *watch, struct mach_header *msg)
{
    transport_discard(msg);
    while (io_read8(LINE_STATUS) & STATUS_RECEIVED)
        take_byte((char)io_read8(LINE_DATA));
    mach_interrupt_acknowledge(watch);
}

/* A machine without the port works, too, but saves nothing. */
static os_err line_open(void)
{
    os_err err = io_allow(LINE, LINE_SCRATCH);
    if (err)
        return err;
    io_write8(LINE_SCRATCH, 0x5a);
    if (io_read8(LINE_SCRATCH) != 0x5a)
        return OS_OK;
    line.received = line_received;
    err = mach_interrupt_open(LINE_IRQ, &line);
    if (err)
        return err;
    io_write8(LINE_FORMAT, 3);     /* 8 bits, no parity */
    io_write8(LINE_QUEUE, 7);      /* on, and empty */
    io_write8(LINE_MODEM, 0x0b);   /* ready, interrupts pass */
    io_write8(LINE_INTERRUPTS, 1); /* for what comes in */
    line_works = 1;
    static const char ready[] = "SEEDBED ready\n";
    return line_write(ready, sizeof(ready) - 1);
}

static uint32_t crc32_of(const uint8_t *data, size_t size)
{
    static uint32_t table[256];
    for (uint32_t i = 0; !table[255] && i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
        table[i] = value;
    }
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++)
        crc = table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

/* ---- what the user wants */

static enum core_shot shot;

/* Lines of the ROM module run: `shot: wanted`, not having it is an error, or `shot: possible`. */
static void read_run(void)
{
    struct core_module *module;
    char text[1024];
    if (core_module_get(&mach_core.core, "run", &module))
        return;
    const char *at = mach_memory_at(module->ds->memory);
    size_t len = module->size < sizeof(text) ? (size_t)module->size : sizeof(text) - 1;
    memcpy(text, at, len);
    text[len] = '\0';
    shot = strstr(text, "shot: wanted")     ? CORE_SHOT_WANTED
           : strstr(text, "shot: possible") ? CORE_SHOT_POSSIBLE
                                            : CORE_SHOT_NONE;
}

os_err mach_host_init(void)
{
    read_run();
    return line_open();
}

enum core_shot core_plat_shot(os_time *patience)
{
    *patience = SHOT_WAIT;
    return shot;
}

void core_plat_end(int status)
{
    mach_core_end(status);
}

/* ---- pictures */

/* ERROR may be a driver's: it must not look like a record. */
void core_plat_shot_ended(const char *error)
{
    char text[600];
    if (!error)
        return; /* the host knows */
    int len = snprintf(text, sizeof(text) - 1, "SEEDBED failed %s", error);
    for (int i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            text[i] = '?';
    text[len++] = '\n';
    (void)line_write(text, (size_t)len);
}

static os_err send_file(const char *name, const uint8_t *data, uint32_t size)
{
    char text[128];
    int len = snprintf(text, sizeof(text), "SEEDBED file %s %lu %08lx\n", name, (unsigned long)size,
                       (unsigned long)crc32_of(data, size));
    os_err err = line_write(text, (size_t)len);
    return err ? err : line_write(data, size);
}

/* The host checks the name again, and says itself what it cannot do with the file. */
os_err core_plat_save(const char *name, const struct core_memory *memory, uint64_t size, char (*why)[512])
{
    const uint8_t *data = mach_memory_at(memory);
    if (!data)
        return OS_ERR_BAD_ARG;
    os_err err = send_file(name ? name : "shot", data, (uint32_t)size);
    if (err)
        snprintf(*why, sizeof(*why), "the line to the host: %s", os_err_text(err));
    return err;
}

os_err core_plat_session(struct core *core, const char *service, const char *label, const char *args,
                         struct core_account *account, struct core_session **session)
{
    (void)account;
    if (!strcmp(service, "Machine"))
        return mach_machine_open(core, args, session);
    return OS_ERR_NO_SERVICE;
}
