/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output.c: what people see: lines with labels on the console, which is the machine's first serial line. Each
 * is complete, because all come from core's entrypoint thread.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <platform/platform.h>

#include "internal.h"

enum { D_WRITE = 2, CHUNK = 128 };

static mach_port_t console;

/* All eight bits are meant: else the kernel takes a byte from 0x80 on for the length of a pause, up to a
 * second. */
static void want_all_bits(void)
{
    enum { TTY_STATUS = ('t' << 16) + 1, WORDS = 4, FLAGS = 3, TF_LITOUT = 8 };
    uint32_t status[WORDS], count = WORDS;
    if (device_get_status(console, TTY_STATUS, status, &count) || count < WORDS)
        return;
    status[FLAGS] |= TF_LITOUT;
    (void)device_set_status(console, TTY_STATUS, status, WORDS);
}

os_err mach_output_init(void)
{
    if (device_open(mach_core.device, D_WRITE, "console", &console))
        return OS_ERR_IO;
    want_all_bits();
    plat_console("\n", 1); /* the kernel has left a line unfinished */
    return OS_OK;
}

/* By the kernel itself, which wants a string, as long as there is no console. */
static void print(const char *text, size_t len)
{
    char part[CHUNK + 1];
    memcpy(part, text, len);
    part[len] = 0;
    mach_print(part);
}

void plat_console(const char *text, size_t len)
{
    while (len) {
        size_t part = len < CHUNK ? len : CHUNK;
        if (!console || device_write_inband(console, text, (uint32_t)part))
            print(text, part);
        text += part;
        len -= part;
    }
}

void core_plat_log(const char *label, const char *text)
{
    char line[OS_LABEL_MAX + OS_LOG_MAX + 8];
    int len = snprintf(line, sizeof(line), "[%s] %s\n", label, text);
    plat_console(line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

void mach_say(const char *format, ...)
{
    char text[OS_LOG_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    core_log_line("core", text, strlen(text));
}
