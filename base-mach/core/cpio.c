/* SPDX-License-Identifier: BSD-2-Clause */
/* cpio.c: see cpio.h. */
#include <string.h>

#include "cpio.h"

/* A header is in hexadecimal digits, eight for each field, after a magic of six characters. */
enum { MAGIC = 6, DIGITS = 8, HEADER = MAGIC + 13 * DIGITS };
enum { FIELD_SIZE = 6, FIELD_NAME = 11 };

static int take_digits(const char *digits, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < DIGITS; i++) {
        char c = digits[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            return 0;
        *value = *value << 4 | digit;
    }
    return 1;
}

/* The sizes of content and name. */
static const char *take_header(const struct cpio *cpio, uint32_t at, uint32_t *size, uint32_t *name_size)
{
    char header[HEADER];
    if (cpio->size - at < HEADER)
        return "it ends too early: there is no header of a file";
    if (cpio->read(cpio, at, header, HEADER))
        return "it cannot be read";
    if (memcmp(header, "070701", MAGIC) != 0)
        return "it is damaged, or ends too early: there is no header of a file";
    if (!take_digits(header + MAGIC + FIELD_SIZE * DIGITS, size) ||
        !take_digits(header + MAGIC + FIELD_NAME * DIGITS, name_size))
        return "the header of a file is damaged";
    return NULL;
}

static const char *take_name(const struct cpio *cpio, uint32_t at, uint32_t size, char name[64])
{
    char text[64];
    if (size < 2 || size > sizeof(text) || size > cpio->size - at)
        return "the name of a file is empty, too long or cut off";
    if (cpio->read(cpio, at, text, size))
        return "it cannot be read";
    if (strnlen(text, size) != size - 1)
        return "the name of a file is damaged";
    memcpy(name, text, size);
    return NULL;
}

/* Content and headers begin at multiples of four. */
static uint64_t aligned(uint64_t at)
{
    return (at + 3) & ~UINT64_C(3);
}

const char *cpio_next(const struct cpio *cpio, uint32_t *at, struct cpio_file *file)
{
    uint32_t name_size;
    *file = (struct cpio_file){ 0 };
    const char *wrong = take_header(cpio, *at, &file->size, &name_size);
    if (!wrong)
        wrong = take_name(cpio, *at + HEADER, name_size, file->name);
    if (wrong)
        return wrong;
    if (!strcmp(file->name, "TRAILER!!!")) {
        file->name[0] = 0;
        return NULL;
    }
    uint64_t start = aligned((uint64_t)*at + HEADER + name_size), end = start + file->size;
    if (end > cpio->size)
        return "it ends within a file";
    file->at = (uint32_t)start;
    *at = aligned(end) < cpio->size ? (uint32_t)aligned(end) : cpio->size;
    return NULL;
}
