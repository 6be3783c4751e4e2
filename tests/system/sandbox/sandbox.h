/* SPDX-License-Identifier: BSD-2-Clause */
/* sandbox.h: starts test programs in the sandbox and collects what becomes of them. */
#ifndef TESTS_SANDBOX_H
#define TESTS_SANDBOX_H

#include <linux_base/spawner.h>
#include <check.h>

/* Paths of the test programs, opened before the test gives up being root. */
extern int probe_fd, first_fd, crash_fd, dynamic_fd;

struct run {
    int socket; /* our end of what the component has as its connection to core */
    int output; /* read end of its log */
    struct spawner_event started, violation, ended; /* kind is as received; ended may be SPAWNER_FAILED */
    int violated;
    char text[4096]; /* its output */
};

/* Starts LABEL of BINARY. */
void run_start(struct spawner *spawner, struct run *run, const char *profile, int binary, const char *label,
               uint64_t ram, uint32_t threads);
/* Waits for the next event and keeps it: its kind, or -1 when the spawner is gone. */
int run_event(struct spawner *spawner, struct run *run);
/* Until the component's end or failure, and reads its output. */
void run_finish(struct spawner *spawner, struct run *run);
/* All of it, with 4 MiB and 4 threads in the strict profile. */
void run_all(struct spawner *spawner, struct run *run, int binary, const char *label);

/* A memfd with this content. */
int file_with(const void *content, size_t len);

Suite *sandbox_suite(void);
Suite *world_suite(void);
Suite *fallback_suite(void);
Suite *profile_suite(void);
Suite *symbolize_suite(void);

#endif
