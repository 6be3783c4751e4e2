/* SPDX-License-Identifier: BSD-2-Clause */
/* print.c: see print.h. */
#include <stdio.h>

#include <yaml/printable.h>

#include "print.h"

static void put_out(struct config_sink *sink, const char *text, size_t len)
{
    (void)sink;
    fwrite(text, 1, len, stdout);
}

void print_config(const struct os_config *config, enum config_render form)
{
    struct config_sink sink = { .put = put_out };
    config_render(config, os_config_root(config), form, &sink);
}

void print_visible(const char *text, size_t size)
{
    struct config_sink sink = { .put = put_out };
    put_visible(&sink, text, size);
}

void print_json_string(const char *text)
{
    struct config_sink sink = { .put = put_out };
    config_render_string(text, &sink);
}
