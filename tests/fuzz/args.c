/* SPDX-License-Identifier: BSD-2-Clause */
/* args.c: arguments of a session: the first line is a key, the second what a client has sent. */
#include <os/session.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char value[16], *key = text_copy(data, size);
    uint64_t number;
    char *args = strchr(key, '\n');
    if (args) {
        *args++ = 0;
        os_err err = os_args_get(args, key, value, sizeof(value));
        MUST(!err || err == OS_ERR_NOT_FOUND || err == OS_ERR_TOO_LARGE);
        if (!err)
            MUST(strlen(value) < sizeof(value) && !strchr(value, ',') && strstr(args, value));
        err = os_args_u64(args, key, &number);
        MUST(!err || err == OS_ERR_NOT_FOUND || err == OS_ERR_BAD_ARG);
    }
    free(key);
    return 0;
}
