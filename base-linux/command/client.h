/* SPDX-License-Identifier: BSD-2-Clause */
/* client.h: the commands that talk to systems which run already. */
#ifndef COMMAND_CLIENT_H
#define COMMAND_CLIENT_H

/* The exit statuses of the commands. */
int client_list(void);
int client_log(const char *label, int follow);

#endif
