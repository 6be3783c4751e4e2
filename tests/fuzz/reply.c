/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.c: the bytes of an HTTP server, whole and in pieces: the same comes out of both. */
#include "fuzz.h"
#include "reply.h"

struct seen {
    struct reply reply;
    uint64_t content, sum;
};

static void take(struct seen *seen, const char *data, size_t size, size_t step)
{
    size_t at = 0;
    while (at < size) {
        size_t body_len, part = size - at < step ? size - at : step;
        const char *body;
        size_t taken = reply_take(&seen->reply, data + at, part, &body, &body_len);
        MUST(taken <= part && body_len <= part);
        MUST(!body_len || (body >= data + at && body + body_len <= data + at + part));
        for (size_t i = 0; i < body_len; i++)
            seen->sum = seen->sum * 31 + (unsigned char)body[i];
        seen->content += body_len;
        if (!taken)
            break;
        at += taken;
    }
    MUST(at == size || seen->reply.phase == REPLY_DONE || seen->reply.phase == REPLY_BAD);
    reply_end(&seen->reply);
    MUST(seen->reply.phase == REPLY_DONE || (seen->reply.phase == REPLY_BAD && seen->reply.why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole = { 0 }, pieces = { 0 };
    char *copy = exact_copy(data, size);
    take(&whole, copy, size, size);
    take(&pieces, copy, size, 1);
    MUST(whole.reply.phase == pieces.reply.phase && whole.reply.status == pieces.reply.status);
    MUST(whole.content == pieces.content && whole.sum == pieces.sum);
    free(copy);
    return 0;
}
