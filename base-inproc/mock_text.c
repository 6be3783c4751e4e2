/* SPDX-License-Identifier: BSD-2-Clause */
/* mock_text.c: messages as text, decoded with the descriptor table of their interface. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mock.h"

enum { SHOWN = 48 }; /* bytes of a text, 16 of them of other data */

int mock_goes_in(const struct os_rpc_arg *arg)
{
    return (arg->direction & OS_RPC_IN) != 0;
}

os_err mock_decode(const struct os_rpc_function *function, const struct os_msg *msg,
                   struct mock_value values[OS_MSG_ARGS])
{
    struct os_rd r = { (struct os_msg *)msg, 0, 0, 0 }; /* which reads it and no more */
    for (uint32_t i = 0; i < function->nargs; i++) {
        const struct os_rpc_arg *arg = &function->args[i];
        struct mock_value *value = &values[i];
        *value = (struct mock_value){ .len = arg->size };
        if (!mock_goes_in(arg))
            continue;
        if (arg->kind == OS_RPC_VAL)
            value->data = os_rd_take(&r, arg->size);
        else if (arg->kind == OS_RPC_STR)
            value->data = os_rd_str(&r, arg->size, &value->len);
        else if (arg->kind == OS_RPC_BUF)
            value->data = os_rd_buf(&r, arg->size, &value->len);
        else
            value->cap = os_rd_cap(&r);
        if (r.err)
            return r.err;
    }
    return os_rd_end(&r);
}

void mock_say(struct mock_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text->at + text->len, text->size - text->len, format, args);
    va_end(args);
    if (len > 0)
        text->len += (size_t)len;
    if (text->len >= text->size)
        text->len = text->size - 1;
}

static void say_string(struct mock_text *text, const char *at, size_t len)
{
    size_t shown = len < SHOWN ? len : SHOWN;
    mock_say(text, "\"");
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)at[i];
        if (c == '"' || c == '\\')
            mock_say(text, "\\%c", c);
        else if (c < ' ' || c == 127)
            mock_say(text, "\\x%02x", c);
        else
            mock_say(text, "%c", c);
    }
    mock_say(text, shown < len ? "...\"" : "\"");
}

static void say_bytes(struct mock_text *text, const uint8_t *at, size_t len)
{
    size_t shown = len < SHOWN / 3 ? len : SHOWN / 3;
    mock_say(text, "%u bytes", (unsigned)len);
    for (size_t i = 0; i < shown; i++)
        mock_say(text, " %02x", at[i]);
    mock_say(text, shown < len ? " ..." : "");
}

static void say_number(struct mock_text *text, const char *type, const void *data, size_t len)
{
    int is_signed = !strncmp(type, "int", 3) || !strcmp(type, "os_err");
    int8_t s8 = 0;
    int16_t s16 = 0;
    int32_t s32 = 0;
    int64_t s64 = 0;
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    memcpy(&u8, data, 1);
    memcpy(&s8, data, 1);
    memcpy(&u16, data, len < 2 ? 1 : 2);
    memcpy(&s16, data, len < 2 ? 1 : 2);
    memcpy(&u32, data, len < 4 ? 1 : 4);
    memcpy(&s32, data, len < 4 ? 1 : 4);
    memcpy(&s64, data, len < 8 ? 1 : 8);
    long long value = len == 1 ? s8 : len == 2 ? s16 : len == 4 ? s32 : s64;
    unsigned long long number = len == 1 ? u8 : len == 2 ? u16 : len == 4 ? u32 : (uint64_t)s64;
    if (is_signed)
        mock_say(text, "%lld", value);
    else
        mock_say(text, "%llu", number);
}

void mock_say_value(struct mock_text *text, const struct os_rpc_arg *arg, const struct mock_value *value)
{
    size_t len = value->len;
    if (arg->kind == OS_RPC_CAP) {
        if (value->cap.id)
            mock_say(text, "capability %#x", (unsigned)value->cap.id);
        else
            mock_say(text, "no capability");
    } else if (arg->kind == OS_RPC_STR) {
        say_string(text, value->data, len);
    } else if (arg->kind == OS_RPC_VAL && (len == 1 || len == 2 || len == 4 || len == 8)) {
        say_number(text, arg->type, value->data, len);
    } else {
        say_bytes(text, value->data, len);
    }
}

void mock_say_arguments(struct mock_text *text, const struct mock_call *call)
{
    struct mock_value values[OS_MSG_ARGS];
    const char *comma = "";
    if (mock_decode(call->function, &call->request, values))
        return; /* it has been checked when it came */
    for (uint32_t i = 0; i < call->function->nargs; i++) {
        if (!mock_goes_in(&call->function->args[i]))
            continue;
        mock_say(text, "%s%s=", comma, call->function->args[i].name);
        mock_say_value(text, &call->function->args[i], &values[i]);
        comma = ", ";
    }
}

void mock_say_expect(struct mock_text *text, const struct inproc_expect *expect)
{
    const char *before = "(";
    mock_say(text, "%s.%s", expect->mock->interface->name, expect->function->name);
    for (uint32_t i = 0; i < expect->function->nargs; i++) {
        const struct mock_wanted *wanted = &expect->wanted[i];
        if (!wanted->said)
            continue;
        mock_say(text, "%s%s=", before, expect->function->args[i].name);
        mock_say_value(text, &expect->function->args[i],
                       &(struct mock_value){ wanted->data, wanted->len, wanted->cap });
        before = ", ";
    }
    mock_say(text, *before == ',' ? ")" : "");
}
