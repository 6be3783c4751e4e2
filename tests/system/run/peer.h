/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer.h: real peers of a system: programs of the machine that the tests run on, in a folder of the test's
 * own, and a whole machine behind uplink-unix (netbox.c). A test that fails leaves the folder to the runner.
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>
#include <sys/types.h>

/* Of the test: made by peer_make_folder, where all commands run; peer_remove_folder removes it with all in
 * it. */
extern char peer_folder[64];
void peer_make_folder(void);
void peer_remove_folder(void);

/*
 * A file in the folder, of SIZE bytes of the same content always, which repeats after a prime number of
 * bytes, so that a piece at the wrong place is seen.
 */
void peer_make_file(const char *name, size_t size);

/* Runs the shell command in the folder, and gives its exit status. */
int __attribute__((format(printf, 1, 2))) peer_shell(const char *format, ...);

/* One that goes on meanwhile. */
struct peer {
    pid_t pid;
    int out;         /* what it prints; -1 after its end */
    size_t got;      /* bytes of that which were compared */
    char line[1024]; /* what peer_expect has found last */
};

/* Starts the shell command in the folder. */
void __attribute__((format(printf, 2, 3))) peer_start(struct peer *peer, const char *format, ...);

/*
 * The same, on a machine of its own whose stack is the host's: a card `tap0` with 10.0.2.15/24, fec0::15/64
 * and the way out by 10.0.2.2 and fec0::2. Its wire is the socket BOX in the folder; that of the driver is
 * WIRE.
 */
void __attribute__((format(printf, 4, 5)))
peer_start_box(struct peer *peer, const char *box, const char *wire, const char *format, ...);

/*
 * From now on this process and all that it starts are in a network of its own, in which nothing is up, and it
 * may change that, as root or not. Zero, or -1 where that is not allowed.
 */
int peer_separate(void);

/* Why there cannot be such machines here, or NULL. */
const char *peer_no_box(void);

/* Reads what it prints up to a line that contains TEXT, which is `line` then; fails the test at the end. */
void peer_expect(struct peer *peer, const char *text);

/*
 * Takes COUNT bytes more of what it prints, or all with SIZE_MAX, and fails the test if they are not what
 * peer_make_file writes; gives how many there were up to now. While nobody takes them, the peer cannot go on.
 */
size_t peer_compare(struct peer *peer, size_t count);

/* Waits for its end, or ends it first; its exit status. What it prints besides is dropped. */
int peer_end(struct peer *peer);
int peer_stop(struct peer *peer);

#endif
