/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * level.h: a scenario and, beneath it, those of the inits that are among its entries, read and checked
 * without starting anything. Each init with its entries is a level.
 */
#ifndef COMMAND_LEVEL_H
#define COMMAND_LEVEL_H

#include "source.h"

struct level {
    struct scenario scenario;
    const struct level *outer; /* NULL at the top */
    const struct entry *entry; /* of OUTER, whose config this is; NULL at the top */
    struct level **inner;      /* by the number of the entry: the scenario that it runs, or NULL */
    void *tree;                /* the config, of this level's own */
    struct linux_quota has;    /* what this init can give to its entries */
    char name[OS_LABEL_MAX];   /* "sub/deeper"; "" at the top */
};

/*
 * Reads and checks the scenario in file PATH, called FILE in messages, for a system with a DISPLAY or
 * without. *TOP is as much of it as could be read, NULL if nothing, and to be destroyed in any case. Non-zero
 * if the file could not be read, after saying so as a problem.
 */
int level_read(struct level **top, struct source *source, const char *path, const char *file, int display,
               struct problems *problems);

/* The file at PATH as a tree, to be freed. Zero if it cannot be read; *TREE is NULL if what it says is no
 * YAML.
 */
int level_parse_file(struct problems *problems, const char *path, void **tree, size_t *tree_size);
void level_destroy(struct level *level);

/* The level beneath LEVEL that ENTRY runs, or NULL. */
const struct level *level_of(const struct level *level, const struct entry *entry);

/* The name of ENTRY as it is seen from the top: "sub/x". */
void level_entry_name(const struct level *level, const struct entry *entry, char *name, size_t size);

/* Entry "sub/x", and the level that it is in; NULL if there is none. */
const struct entry *level_find(const struct level *top, const char *name, const struct level **level);

/* Where a request of CLIENT, an entry of LEVEL, ends. */
enum end {
    END_SERVER,  /* an entry */
    END_CONFIG,  /* the client's own config, which its init hands out */
    END_LOCAL,   /* its init serves it */
    END_CORE,    /* no init is above, so it is core's */
    END_DENIED,  /* by a rule */
    END_NONE,    /* there is no rule for it */
    END_NOBODY,  /* the rule leads to where nobody provides it */
    END_TOO_LONG /* label or arguments, as they are rewritten */
};

/* A request on its way up: at each level one rule decides. */
struct hop {
    const struct level *level;
    const struct entry *client; /* of LEVEL */
    const struct route *route;  /* that decides; NULL: none */
    const struct entry *server; /* END_SERVER: of LEVEL */
    struct route_request request, rewritten;
    enum end end; /* END_CORE at those before the last: the next one goes on */
    int last;
};

/* Takes the next step; the first one needs LEVEL, CLIENT and REQUEST. Zero after the last one. */
void hop_first(struct hop *hop);
int hop_next(struct hop *hop);

#endif
