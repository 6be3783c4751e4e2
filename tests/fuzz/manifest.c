/* SPDX-License-Identifier: BSD-2-Clause */
/* manifest.c: any text as the manifest of a program that is sound otherwise. */
#include <scenario/manifest.h>

#include "fuzz.h"
#include "made_elf.h"

static void report(struct problems *problems, const char *line)
{
    MUST(*line && !strchr(line, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t elf[ELF_MAX];
    struct problems problems = { .file = "s.yaml", .report = report };
    struct manifest manifest = { 0 };
    char *text = text_copy(data, size);
    if (strlen(text) + 512 < sizeof(elf)) {
        size_t length = elf_make(&elf, 1, ELF_IN_SEGMENT, text);
        void *copy = exact_copy(elf, length);
        int use = manifest_read(&manifest, &problems, NULL, "program", copy, length);
        MUST(use || problems.count);
        free(copy); /* what is read is used when the program is not there any more */
        for (size_t i = 0; use && i < manifest.provides.count; i++)
            MUST(strlen(manifest.provides.at[i]) < 64);
        for (size_t i = 0; use && i < manifest.requires.count; i++)
            MUST(strlen(manifest.requires.at[i]) < 64);
        manifest_fini(&manifest);
    }
    free(text);
    return 0;
}
