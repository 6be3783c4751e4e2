/* SPDX-License-Identifier: BSD-2-Clause */
/* loader.h: what the parts of the loader of test programs know of each other. One thread. */
#ifndef BARE_LOADER_H
#define BARE_LOADER_H

#include "../core/internal.h"

#include "bare.h"

/* ---- archive.c: the files that the machine was started with (cpio, format "newc", as device rd0) */

/* Reads all of it. NULL, or what is wrong. */
const char *archive_read(mach_port_t device);

struct file {
    const void *data; /* aligned to 4 bytes only */
    uint32_t size;
};

/* 0 if there is one of this name. */
int archive_find(const char *name, struct file *file);

/* ---- task.c: one run of a program */

/* A program that is ready to be started any number of times. */
struct program {
    struct file file;
    struct mach_program elf;
    struct {
        void *memory; /* content, in whole pages */
        uint32_t size;
    } segments[8];
};

/* NULL, or what is wrong. To be freed with program_fini, in both cases. */
const char *program_init(struct program *program, const struct file *file);
void program_fini(struct program *program);

enum ended { ENDED_EXITED, ENDED_SIGNAL, ENDED_LIMIT, ENDED_OUTPUT, ENDED_NOT_STARTED };

/* What happened from the start of a task to its end. */
struct run {
    enum ended ended;
    uint32_t tests;         /* as BARE_TESTS */
    char name[256];         /* as BARE_BEGINS */
    uint32_t signal, exits; /* that are expected */
    uint32_t status;        /* ENDED_EXITED: the exit status; ENDED_SIGNAL: the signal */
    uint32_t returned;      /* as BARE_ENDED */
    uint32_t at, accessed;  /* ENDED_SIGNAL: addresses of the instruction, and of what it accessed */
    int failed, skips;
    char why[BARE_TEXT_MAX + 1]; /* as BARE_FAILED and BARE_SKIPS */
};

/* Runs test NUMBER of PROGRAM; ends it after LIMIT seconds without a message of it. */
void program_run(const struct program *program, uint32_t number, uint32_t limit, struct run *run);

/* Called by program_run with what the program prints. */
void loader_print(const char *text, size_t len);

extern mach_port_t loader_task;

#endif
