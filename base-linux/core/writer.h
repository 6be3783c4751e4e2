/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer.h: standard output, written by a thread of its own, because who reads it may stop for as long as he
 * likes: a terminal that is halted, a pager. The descriptor's mode is not changed, since the shell shares it.
 */
#ifndef LINUX_CORE_WRITER_H
#define LINUX_CORE_WRITER_H

#include <stddef.h>

/*
 * Starts the thread, which writes to FD. It has the signal mask of the caller. Before this, and when there is
 * no thread to be had, writer_put waits for the reader. GONE is called once, on that thread, when nobody can
 * read any more; what is put afterwards is dropped.
 */
void writer_start(int fd, void (*gone)(void));

/*
 * Writes a LINE of SIZE bytes, its newline included, soon. Never waits: when 1 MiB is waiting, lines are lost
 * until some of it is read, and a line in their place says how many.
 */
void writer_put(const char *line, size_t size);

/* Waits until all has been written, at most so many SECONDS. */
void writer_finish(unsigned seconds);

#endif
