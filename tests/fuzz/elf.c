/* SPDX-License-Identifier: BSD-2-Clause */
/* elf.c: any bytes as a program: its manifest is inside of it, or there is a reason why it has none. */
#include <scenario/manifest.h>

#include "fuzz.h"

static void report(struct problems *problems, const char *line)
{
    MUST(*line && !strchr(line, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems problems = { .file = "s.yaml", .report = report };
    struct manifest manifest = { 0 };
    const char *text = NULL;
    size_t length = 0;
    char *elf = exact_copy(data, size);
    const char *why = manifest_find(elf, size, &text, &length);
    MUST(!why || *why);
    if (!why)
        MUST(text >= elf && length <= size && text + length <= elf + size);
    int use = manifest_read(&manifest, &problems, NULL, "program", elf, size);
    MUST(use || problems.count);
    MUST(!why || !use);
    manifest_fini(&manifest);
    free(elf);
    return 0;
}
