/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8.h: typed text as code points. */
#ifndef DISPLAY_UTF8_H
#define DISPLAY_UTF8_H

#include <stdint.h>

/* Code point of the UTF-8 text at *AT, which moves on; U+FFFD for what is malformed. AT must be before END.
 */
uint32_t utf8_next(const char **at, const char *end);

#endif
