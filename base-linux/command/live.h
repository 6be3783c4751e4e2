/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h: what the commands about running systems share. */
#ifndef COMMAND_LIVE_H
#define COMMAND_LIVE_H

/* TEXT as a string of JSON on standard output. */
void live_json_string(const char *text);

#endif
