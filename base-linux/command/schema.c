/* SPDX-License-Identifier: BSD-2-Clause */
/* schema.c: `seedbed schema`: the scenario format as a JSON schema. */
#include <stdio.h>
#include <stdlib.h>
#include <scenario/format.h>

#include "command.h"

static void put(void *to, const char *text, size_t len)
{
    fwrite(text, 1, len, to);
}

int command_schema(const struct command_line *line)
{
    struct schema format;
    void *tree;
    if (format_read(&format, &tree)) {
        fprintf(stderr, "seedbed: no memory\n");
        return 1;
    }
    schema_to_json(&format, "Seedbed scenario", put, stdout);
    free(tree);
    return 0;
}
