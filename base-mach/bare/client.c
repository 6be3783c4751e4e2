/* SPDX-License-Identifier: BSD-2-Clause */
/* client.c: what a test program says to the loader. */
#include <string.h>
#include <mach_base/thread.h>

#include "bare.h"

static void say_part(enum bare_say what, uint32_t a, uint32_t b, const char *text, size_t len)
{
    struct bare_said said = {
        .head = { .bits = MACH_BITS(MACH_TYPE_COPY_SEND, 0), .remote = BARE_LOADER, .id = BARE_SAY },
        .numbers_type = MACH_TYPE(MACH_TYPE_INTEGER_32, 32, 3),
        .what = what,
        .a = a,
        .b = b,
        .text_type = MACH_TYPE(MACH_TYPE_CHAR, 8, len),
    };
    memcpy(said.text, text, len);
    said.head.size = (uint32_t)(offsetof(struct bare_said, text) + len + 3) & ~3u;
    while (mach_msg(&said.head, MACH_SEND_MSG, said.head.size, 0, MACH_PORT_NULL, 0) == MACH_SEND_INTERRUPTED)
        ;
}

void bare_say(enum bare_say what, uint32_t a, uint32_t b, const char *text, size_t len)
{
    do {
        size_t part = len < BARE_TEXT_MAX ? len : BARE_TEXT_MAX;
        say_part(what, a, b, text, part);
        text += part;
        len -= part;
    } while (len);
}

/* Sends the request in HEAD, of SIZE bytes, and receives ANSWER over it; 0 if that went well. */
static int ask(struct mach_header *head, uint32_t size, int32_t id)
{
    struct mach_thread *thread = mach_thread();

    head->bits = MACH_BITS(MACH_TYPE_COPY_SEND, MACH_TYPE_MAKE_SEND_ONCE);
    head->remote = BARE_LOADER;
    head->local = thread->reply;
    head->id = id;
    head->size = size;
    return mach_msg(head, MACH_SEND_MSG | MACH_RCV_MSG, size, sizeof(struct bare_answer), thread->reply, 0) ||
           head->id != id + BARE_REPLY || ((struct bare_answer *)head)->err;
}

const void *bare_file(const char *name, size_t *size)
{
    union {
        struct bare_wanted wanted;
        struct bare_answer answer;
    } msg = { .wanted.name_type = MACH_TYPE(MACH_TYPE_CHAR, 8, BARE_NAME_MAX) };

    strncpy(msg.wanted.name, name, BARE_NAME_MAX - 1);
    if (ask(&msg.wanted.head, sizeof(msg.wanted), BARE_FILE))
        return NULL;
    *size = msg.answer.memory.bytes;
    return msg.answer.memory.data;
}

mach_port_t bare_memory(void)
{
    struct bare_answer answer;

    return ask(&answer.head, sizeof(answer.head), BARE_MEMORY) ? MACH_PORT_NULL : answer.port.object;
}

void bare_end(int status, int returned)
{
    struct mach_header msg;

    bare_say(BARE_ENDED, (uint32_t)status, (uint32_t)returned, "", 0);
    for (;;)
        mach_msg(&msg, MACH_RCV_MSG, 0, sizeof(msg), mach_thread()->reply, 0);
}
