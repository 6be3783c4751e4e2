/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.h: captures of links: who wants to see what goes over them (by the command line, or by a command
 * on the control socket), and the pcapng that is written for it. All on core's thread; a thread of its own
 * writes, so that core waits for no disk and no reader.
 */
#ifndef LINUX_CORE_CAPTURE_H
#define LINUX_CORE_CAPTURE_H

#include <os/pcap.h>

struct capture;

/*
 * Copies of frames of the links that LINK describes go to FD, which is taken in any case. LIMIT: after so
 * many frames it ends; 0: never. ENDED, or NULL, is called with ARG when it has ended by itself; the capture
 * is gone then. OS_ERR_BUSY: there are too many; OS_ERR_NO_MEMORY.
 */
os_err capture_create(const char *link, int fd, uint64_t limit, void (*ended)(void *arg), void *arg,
                      struct capture **capture);

/*
 * Ends it: what is there is still written. DONE, or NULL, is called with ARG on core's thread when all is
 * written, or cannot be.
 */
void capture_destroy(struct capture *capture, void (*done)(void *arg), void *arg);

/* How much it is, in words, as TEXT of SIZE bytes. */
void capture_summary(const struct capture *capture, char *text, size_t size);

/* Nobody waits for DONE any more. */
void capture_forget(void *arg);

/* Number INDEX of those that there are; NULL beyond the last. */
struct capture *capture_at(uint32_t index);
struct capture *capture_find(uint32_t id);
uint32_t capture_id(const struct capture *capture);
const char *capture_link(const struct capture *capture);

/*
 * SIZE bytes of records at DATA, in memory that nobody changes, of the link LABEL; DROPPED frames were lost
 * before. OS_ERR_BAD_ARG: they are none, and nothing is taken.
 */
os_err capture_put(struct capture *capture, const char *label, const uint8_t *data, uint32_t size,
                   uint64_t dropped);

/* Told when the list changes. */
extern void (*capture_changed)(void);

/* Makes the pipe by which writing threads say that they have ended. */
os_err capture_init(void);

/* At the end of the system: ends all, and waits so many seconds at most until they are written. */
void capture_finish(unsigned seconds);

#endif
