/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.h: what the components of a running system use, as two looks at it tell: core knows quotas and
 * calls, the kernel processor time and wake-ups. Nothing is counted for it that was not counted before.
 */
#ifndef COMMAND_SAMPLE_H
#define COMMAND_SAMPLE_H

#include <os/parent.h>
#include <os/types.h>

enum sample_column {
    SAMPLE_CPU,
    SAMPLE_CALLS,
    SAMPLE_WAKES,
    SAMPLE_RAM,
    SAMPLE_CAPS,
    SAMPLE_NAME,
    SAMPLE_COLUMNS
};

struct sample_row {
    char label[OS_LABEL_MAX];
    int pid;     /* 0: it does not run */
    uint32_t id; /* of this start */
    /* sums since its start, and whether they are known */
    uint64_t cpu, calls, wakes; /* ns; calls answered; voluntary context switches of all threads */
    int has_cpu, has_calls, has_wakes;
    /* of the time since the look before; negative: not known */
    double cpu_percent, calls_rate, wakes_rate;
    int has_quota;
    uint64_t ram, ram_used; /* bytes */
    uint32_t caps, caps_used;
};

struct sample {
    struct sample_row *rows;
    unsigned count;
    unsigned pid; /* of the system */
    os_time time;
    double seconds; /* since the look before; 0 for the first one */
    char scenario[512];
};

/* Looks at the system PID; LAST is the look before, or NULL. Zero, or -1 after a message. */
int sample_take(struct sample *sample, unsigned pid, const struct sample *last);
void sample_fini(struct sample *sample);

/* Names of columns, as for --sort. */
extern const char *const sample_names[SAMPLE_COLUMNS];

/* The largest first, names from a to z; REVERSE: the other way round. */
void sample_sort(struct sample *sample, enum sample_column column, int reverse);

/* The title, and row NUMBER, of at most WIDTH characters without the end of the line. */
void sample_title(char *line, size_t width, enum sample_column sorted);
void sample_line(char *line, size_t width, const struct sample_row *row);

/* All of it in one line of JSON on standard output. */
void sample_json(const struct sample *sample);

#endif
