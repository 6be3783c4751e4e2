/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8.h: characters of text that somebody else has written, before a person looks at it. */
#ifndef OS_UTF8_H
#define OS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* What is decoded instead of a byte that is no part of well-formed UTF-8. */
#define OS_UTF8_ILL_FORMED 0xffffffffu

/*
 * The character at TEXT, of which at most LEN bytes, at least one, are read, and nothing behind a NUL. BYTES
 * is how many it has, 1 to 4; 1 with OS_UTF8_ILL_FORMED. Any thread.
 */
uint32_t os_utf8_decode(const char *text, size_t len, unsigned *bytes);

/*
 * Whether a terminal shows CODE, and nothing else becomes different by it. Not so are control characters
 * (U+0000 to U+001F, U+007F to U+009F), what ends lines in some readers (U+2028, U+2029), what changes the
 * direction of the text around it (U+202A to U+202E, U+2066 to U+2069, U+061C, U+200E, U+200F), U+FEFF, and
 * OS_UTF8_ILL_FORMED. Any thread.
 */
int os_utf8_is_visible(uint32_t code);

#endif
