/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c: the messages of kernel calls: each argument is a type descriptor and what it describes. */
#include <stdarg.h>
#include <string.h>
#include <mach_base/thread.h>
#include "call.h"

enum { PORT_NAME = 15, NAME_LENGTH = 128 };
enum { BAD_REPLY = -301 }; /* MIG_TYPE_ERROR: what the kernel's own stubs say */

struct call {
    struct mach_header head;
    uint32_t body[96]; /* the longest: a device's status, a thread's state, 128 characters */
    uint32_t used;     /* words of body */
};

static void put(struct call *call, uint32_t word)
{
    call->body[call->used++] = word;
}

static void put_inline(struct call *call, uint32_t name, uint32_t size, const void *items, uint32_t count)
{
    uint32_t bytes = count * size / 8, words = (bytes + 3) / 4;
    put(call, MACH_TYPE(name, size, count));
    call->body[call->used + (words ? words - 1 : 0)] = 0; /* what follows the last character */
    memcpy(call->body + call->used, items, bytes);
    call->used += words;
}

static void put_long(struct call *call, uint32_t flags, uint32_t name, uint32_t size, uint32_t count)
{
    put(call, MACH_TYPE_LONG | flags);
    put(call, name | size << 16);
    put(call, count);
}

static void put_right(struct call *call, mach_port_t right, uint32_t type)
{
    put(call, MACH_TYPE(type, 32, 1));
    put(call, right);
    call->head.bits |= MACH_COMPLEX;
}

static void put_string(struct call *call, const char *string)
{
    put_long(call, MACH_TYPE_INLINE, MACH_TYPE_STRING_C, NAME_LENGTH * 8, 1);
    strncpy((char *)(call->body + call->used), string, NAME_LENGTH - 1);
    ((char *)(call->body + call->used))[NAME_LENGTH - 1] = 0;
    call->used += NAME_LENGTH / 4;
}

/* Puts arguments up to '>' or the end; returns what is left of FORMAT. */
static const char *pack(struct call *call, const char *format, va_list *list)
{
    for (; *format && *format != '>'; format++) {
        const void *items = strchr("acgms", *format) ? va_arg(*list, const void *) : NULL;
        uint32_t word = *format == 's' ? 0 : va_arg(*list, uint32_t);
        switch (*format) {
        case 'i':
            put_inline(call, MACH_TYPE_INTEGER_32, 32, &word, 1);
            break;
        case 'h':
            put_inline(call, MACH_TYPE_INTEGER_16, 16, &word, 1);
            break;
        case 'b':
            put_inline(call, MACH_TYPE_BOOLEAN, 32, &word, 1);
            break;
        case 'n':
            put_inline(call, PORT_NAME, 32, &word, 1);
            break;
        case 'p':
            put_right(call, word, MACH_TYPE_COPY_SEND);
            break;
        case 'r':
            put_right(call, word, va_arg(*list, uint32_t));
            break;
        case 'a':
            put_inline(call, MACH_TYPE_INTEGER_32, 32, items, word);
            break;
        case 'c':
            put_inline(call, MACH_TYPE_CHAR, 8, items, word);
            break;
        case 's':
            put_string(call, items);
            break;
        case 'g':
        case 'm':
            put_long(call, *format == 'g' ? MACH_TYPE_DEALLOCATE : 0, MACH_TYPE_BYTE, 8, word);
            put(call, (uint32_t)(uintptr_t)items);
            call->head.bits |= MACH_COMPLEX;
            break;
        }
    }
    return *format ? format + 1 : format;
}

/* One item of an answer: moves CALL on, and sets what it is; -1 if the message ends before it does. */
struct item {
    uint32_t type, bytes;
    const uint32_t *data; /* or where the address of the memory stands */
    int is_inline;
};

static int next(struct call *call, struct item *item)
{
    uint32_t end = (call->head.size - sizeof call->head) / 4, *at = call->body + call->used;
    if (call->used + 1 > end)
        return -1;
    uint32_t name = MACH_TYPE_NAME(*at), size = MACH_TYPE_SIZE(*at), count = MACH_TYPE_NUMBER(*at);
    int is_long = (*at & MACH_TYPE_LONG) != 0;
    item->is_inline = (*at & MACH_TYPE_INLINE) != 0;
    if (is_long && call->used + 3 > end)
        return -1;
    if (is_long)
        name = at[1] & 0xffff, size = at[1] >> 16, count = at[2];
    item->type = name;
    item->bytes = count * size / 8;
    item->data = at + (is_long ? 3 : 1);
    call->used += (is_long ? 3 : 1) + (item->is_inline ? (item->bytes + 3) / 4 : 1);
    return call->used > end ? -1 : 0;
}

static mach_err unpack(struct call *call, const char *format, va_list *list)
{
    for (; *format; format++) {
        struct item item;
        if (next(call, &item) < 0 || item.is_inline == (*format == 'm') || (item.is_inline && item.bytes < 4))
            return BAD_REPLY;
        void *to = va_arg(*list, void *);
        uint32_t *room = *format == 'a' || *format == 'm' ? va_arg(*list, uint32_t *) : NULL;
        if (*format == 'a') {
            *room = item.bytes / 4 < *room ? item.bytes / 4 : *room;
            memcpy(to, item.data, *room * 4);
        } else {
            *(uint32_t *)to = *item.data;
            if (*format == 'm')
                *room = item.bytes;
        }
    }
    return MACH_OK;
}

static mach_err exchange(struct call *call, mach_port_t reply, int answer)
{
    uint32_t size = sizeof call->head + call->used * 4, options = MACH_SEND_MSG | (answer ? MACH_RCV_MSG : 0);
    mach_err err;
    do { /* a call that was interrupted goes on with what is not done yet */
        err = mach_msg(&call->head, options, size, offsetof(struct call, used), reply, 0);
        options = err == MACH_RCV_INTERRUPTED ? MACH_RCV_MSG : options;
    } while (err == MACH_RCV_INTERRUPTED || err == MACH_SEND_INTERRUPTED);
    return err;
}

static mach_err run(mach_port_t reply, mach_port_t port, int32_t id, const char *format, va_list *list)
{
    struct call call;
    int answer = *format != '!';
    call.used = 0;
    call.head = (struct mach_header){
        .bits = MACH_BITS(MACH_TYPE_COPY_SEND, reply ? MACH_TYPE_MAKE_SEND_ONCE : 0),
        .remote = port,
        .local = reply,
        .id = id,
    };
    format = pack(&call, format + !answer, list);
    mach_err err = exchange(&call, reply, answer);
    if (err || !answer)
        return err;

    struct item result;
    call.used = 0;
    if (next(&call, &result) < 0 || call.head.id != id + 100 || result.bytes != 4)
        return BAD_REPLY;
    err = (mach_err)*result.data;
    return err ? err : unpack(&call, format, list);
}

mach_err kernel_call_at(mach_port_t reply, mach_port_t port, int32_t id, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    mach_err err = run(reply, port, id, format, &list);
    va_end(list);
    return err;
}

mach_err kernel_call(mach_port_t port, int32_t id, const char *format, ...)
{
    mach_port_t reply = MACH_PORT_NULL;
    if (*format != '!') {
        struct mach_thread *thread = mach_thread();
        if (!thread->reply)
            thread->reply = mach_reply_port();
        reply = thread->reply;
    }
    va_list list;
    va_start(list, format);
    mach_err err = run(reply, port, id, format, &list);
    va_end(list);
    return err;
}
