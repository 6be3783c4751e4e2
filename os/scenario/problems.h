/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * problems.h: what is wrong with a scenario, one line each: "file:line:column: what, expected what".
 */
#ifndef SCENARIO_PROBLEMS_H
#define SCENARIO_PROBLEMS_H

#include <os/config.h>

struct problems {
    const char *file;
    unsigned count, warnings;                                    /* warnings are not problems */
    void (*report)(struct problems *problems, const char *line); /* LINE without a newline */
};

/* Reports a problem at NODE; NULL is the start of the file. */
__attribute__((format(printf, 3, 4))) void problem_at(struct problems *problems, os_config_ref node,
                                                      const char *format, ...);

/* Reports at NODE what is probably not meant: "file:line:column: warning: what". */
__attribute__((format(printf, 3, 4))) void problem_warn_at(struct problems *problems, os_config_ref node,
                                                           const char *format, ...);

/* Reports a line that has its position already. */
void problem_line(struct problems *problems, const char *line);

/*
 * Readers of values: each gives non-zero when NODE fits, else reports what was found and expected. WHAT names
 * the value in the message.
 */
int read_kind(struct problems *problems, const struct os_config *config, os_config_ref node,
              enum os_config_kind kind, const char *what);
int read_size(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              uint64_t *bytes);
int read_u32(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
             uint32_t *number);
/* A time as 100ms or 2s, in nanoseconds. */
int read_time(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              os_time *time);
int read_bool(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              int *value);
/* A name of at most 63 letters, digits, '-', '_' and '.'. */
int read_name(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              const char **name);
/* The same for the key that NODE has. */
int read_key_name(struct problems *problems, const struct os_config *config, os_config_ref node,
                  const char **name);
/* Text of at most MAX bytes with the NUL. */
int read_text(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              size_t max, const char **text);
/* One of COUNT words; its index. */
int read_word(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              const char *const *words, size_t count, unsigned *index);

/* Checks that NODE is a map with no keys but those of KEYS. WHAT says whose keys they are. */
int read_keys(struct problems *problems, const struct os_config *config, os_config_ref node, const char *what,
              const char *const *keys, size_t count);

/* Reports at NODE that KEY of WHAT is none of the keys that there are. */
void problem_key(struct problems *problems, os_config_ref node, const char *key, const char *what,
                 const char *const *keys, size_t count);

#endif
