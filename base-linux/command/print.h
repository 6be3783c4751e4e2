/* SPDX-License-Identifier: BSD-2-Clause */
/* print.h: configs and strings on standard output, in the forms that people and programs read. */
#ifndef COMMAND_PRINT_H
#define COMMAND_PRINT_H

#include <os/config.h>
#include <yaml/render.h>

/* All of CONFIG. */
void print_config(const struct os_config *config, enum config_render form);

/* SIZE bytes of text for a terminal: what is not visible as an escape. */
void print_visible(const char *text, size_t size);

/* TEXT as a string of JSON. */
void print_json_string(const char *text);

#endif
