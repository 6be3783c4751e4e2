/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.c: any bytes as a request, taken apart by the generated half of a server; what the server's
 * function gets is well-formed, and the reply can be read. The first bytes are operation and number of
 * capabilities.
 */
#include <os/rpc.h>

#include "fuzz.h"

struct triple {
    uint8_t bytes[3];
};

#define ANY_RPC(FN, I)                                                                                       \
    FN(I, value, (in, uint8_t, a), (in, uint64_t, b), (in, struct triple, c), (out, uint32_t, sum))          \
    FN(I, string, (in, os_str(16), a), (inout, os_str(40), b), (out, os_str(8), c))                          \
    FN(I, buffer, (in, os_buf(32), a), (inout, os_buf(24), b), (out, uint64_t, len))                         \
    FN(I, lend, (in, os_cap(os_any), a), (in, os_str(8), b), (out, os_cap(os_any), c))                       \
    FN(I, nothing)
OS_RPC_INTERFACE(any, ANY_RPC)

static os_err any_value_op(struct os_rpc *rpc, uint8_t a, uint64_t b, struct triple c, uint32_t *sum)
{
    *sum = (uint32_t)(a + b + c.bytes[2]);
    return OS_OK;
}

static os_err any_string_op(struct os_rpc *rpc, const char *a, char (*b)[40], char (*c)[8])
{
    MUST(strlen(a) < 16 && memchr(*b, 0, sizeof(*b)));
    strncpy(*c, a, sizeof(*c) - 1);
    return OS_OK;
}

static os_err any_buffer_op(struct os_rpc *rpc, const void *a, size_t a_len, uint8_t (*b)[24], size_t *b_len,
                            uint64_t *len)
{
    MUST(a_len <= 32 && *b_len <= 24);
    for (size_t i = 0; i < a_len; i++)
        *len += ((const uint8_t *)a)[i];
    return OS_OK;
}

static os_err any_lend_op(struct os_rpc *rpc, os_any_cap a, const char *b, os_any_cap *c)
{
    MUST(strlen(b) < 8);
    *c = a;
    return OS_OK;
}

static os_err any_nothing_op(struct os_rpc *rpc)
{
    return OS_OK;
}

static const struct any_ops ops = { .value = any_value_op,
                                    .string = any_string_op,
                                    .buffer = any_buffer_op,
                                    .lend = any_lend_op,
                                    .nothing = any_nothing_op };

/* The reply is one that the client's half takes. */
static void read_reply(uint32_t op, struct os_msg *msg)
{
    char b[40], c[8];
    uint8_t buffer[24];
    size_t buffer_len;
    uint64_t len;
    uint32_t sum;
    os_any_cap cap;
    MUST(op != any_op_value || !any_value_end_(msg, &sum));
    MUST(op != any_op_string || !any_string_end_(msg, &b, &c));
    MUST(op != any_op_buffer || !any_buffer_end_(msg, &buffer, &buffer_len, &len));
    MUST(op != any_op_lend || !any_lend_end_(msg, &cap));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size - 2 > OS_MSG_BYTES)
        return 0;
    struct os_msg *msg = calloc(1, sizeof(*msg));
    MUST(msg);
    msg->op = data[0] % 8u;
    msg->ncaps = data[1] % (OS_MSG_CAPS + 1u);
    msg->len = (uint16_t)(size - 2);
    memcpy(msg->data, data + 2, size - 2);
    struct os_rpc rpc = { .msg = msg, .op = msg->op };
    uint32_t op = msg->op;
    os_err err = any_dispatch_(&ops, &rpc);
    MUST(!err || err == OS_ERR_BAD_MSG || err == OS_ERR_NO_OP || err == OS_ERR_TOO_LARGE);
    if (!err)
        read_reply(op, msg);
    free(msg);
    return 0;
}
