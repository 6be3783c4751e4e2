/* SPDX-License-Identifier: BSD-2-Clause */
/* json.h: what all commands that print JSON need. */
#ifndef COMMAND_JSON_H
#define COMMAND_JSON_H

#include <stdio.h>

/* TEXT as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void json_string(FILE *to, const char *text);

/* The number of bytes of the UTF-8 character at TEXT, 1 to 4; 0 if there is none, or the text ends. */
unsigned utf8_length(const char *text);

#endif
