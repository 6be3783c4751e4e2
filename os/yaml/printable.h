/* SPDX-License-Identifier: BSD-2-Clause */
/* printable.h: messages that quote what a file says stay one line, and are no orders to a terminal. */
#ifndef YAML_PRINTABLE_H
#define YAML_PRINTABLE_H

/* Puts '?' for each control character of TEXT, those that UTF-8 has beyond 127 included. */
void make_printable(char *text);

/* The same for a text of several lines, which stay. */
void make_lines_printable(char *text);

#endif
