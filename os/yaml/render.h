/* SPDX-License-Identifier: BSD-2-Clause */
/* render.h: config trees (os/config.h) as text: YAML for people, JSON for programs. */
#ifndef YAML_RENDER_H
#define YAML_RENDER_H

#include <os/config.h>

enum config_render { CONFIG_RENDER_YAML, CONFIG_RENDER_JSON };

/* Where the text goes: LEN bytes at TEXT, piece by piece, without a NUL. */
struct config_sink {
    void (*put)(struct config_sink *sink, const char *text, size_t len);
};

/*
 * Writes NODE of CONFIG and all beneath it, and the end of a line. Both forms are printable whatever the
 * tree has in it: control characters are escaped, what is no UTF-8 becomes U+FFFD. NULL is an empty map.
 *
 * YAML that is parsed again gives the same tree. In JSON a scalar that reads as a whole number of at most 15
 * digits, true or false is one; every other is a string, because a tree knows no types.
 */
void config_render(const struct os_config *config, os_config_ref node, enum config_render form,
                   struct config_sink *sink);

/*
 * The number of bytes of the character at TEXT, 1 to 4; 0 if what is there is no UTF-8, or a control
 * character that no terminal should see (os/utf8.h), or the end.
 */
unsigned config_render_length(const char *text);

/* TEXT as a string of JSON, with its quotes. */
void config_render_string(const char *text, struct config_sink *sink);

#endif
