/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channels.h: core's part of the fast lane for the transport's tests: makes channels, knows who serves which,
 * tells clients when a server has ended, and counts what is still attached anywhere.
 *
 * All memory is made beforehand and inherited by whatever the test forks, so that every process can look at
 * every page, and none has to be asked.
 */
#ifndef TEST_TRANSPORT_CHANNELS_H
#define TEST_TRANSPORT_CHANNELS_H

#include <os/types.h>
#include <sys/types.h>
#include "../../../base-linux/transport/channel.h"

/* Once, before anything is forked. Channels are made with these options (enum linux_channel_options). */
void channels_init(uint32_t options);

/* The hooks of transport.h. */
os_err channels_make(int fds[2]);
os_err channels_serve(int fd);

/* From now on the hooks do nothing but fail with these errors, unless they are OS_OK. In all processes. */
void channels_refuse(os_err make, os_err serve);

/* How often the hooks were called since channels_init, in all processes. */
int channels_asked(void);
int channels_served(void);

/* Channels whose memory somebody has open or attached, in whatever process. */
int channels_attached(void);

/* Mappings of channels in this process, beyond those that are there from the start. */
int channels_mapped(void);

/* What the calling thread's last channels_make made: page, and a copy of the number of the doorbell. */
struct channel_page *channels_last_page(void);
int channels_last_doorbell(void);

/* Where every process sees the channel whose memory is FD; NULL if it is none. */
struct channel_page *channels_page_of(int fd);

/*
 * Starts the process that waits for the end of SERVER and then does what core does to its channels. It ends
 * with that; to be waited for. ALIVE is the reading end of a pipe that stays the caller's; nobody but SERVER
 * has the other end, which says that it has ended. (Core has a pidfd; valgrind knows none.)
 */
pid_t channels_guard(pid_t server, int alive);

#endif
