/* SPDX-License-Identifier: BSD-2-Clause */
/* printable.h: messages that quote what a file says stay one line, and are no orders to a terminal. */
#ifndef YAML_PRINTABLE_H
#define YAML_PRINTABLE_H

#include "render.h"

/* Puts '?' for each byte of TEXT that is part of no visible character (os/utf8.h). */
void make_printable(char *text);

/* The same for a text of several lines, which stay. */
void make_lines_printable(char *text);

/* Whether SIZE bytes are well-formed UTF-8 without control characters but ends of lines and tabs. */
int is_text(const char *data, size_t size);

/* SIZE bytes of text, with what is not visible, '\r' too, as an escape: "\u202e". Ends of lines and tabs
 * stay. */
void put_visible(struct config_sink *sink, const char *text, size_t size);

#endif
