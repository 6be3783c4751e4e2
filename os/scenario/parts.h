/* SPDX-License-Identifier: BSD-2-Clause */
/* parts.h: what the files that read and check a scenario need of each other; private to them. */
#ifndef SCENARIO_PARTS_H
#define SCENARIO_PARTS_H

#include "scenario.h"

/* Everything that reads a scenario needs these three. */
struct reader {
    struct scenario *scenario;
    const struct os_config *config;
    struct problems *problems;
};

/* Reads a `default-route:`, or the one that is there when the scenario has none. */
void read_default_route(struct reader *reader, os_config_ref node);

/* Reads the `route:` of an entry. */
void read_routes(struct reader *reader, os_config_ref node, struct routes *routes);

/* The keys of entry NODE that say how it lives. */
void read_policies(struct reader *reader, os_config_ref node, struct entry *entry);

/* Reads one entry of `start:`. */
void read_entry(struct reader *reader, os_config_ref node);

/* The map NODE of a scenario's `aliases:`, `files:`, `slack:`, `state:`; NULL: there is none. */
void read_aliases(struct reader *reader, os_config_ref node);
void read_files(struct reader *reader, os_config_ref node);
void read_slack(struct reader *reader, os_config_ref node);
void read_state(struct reader *reader, os_config_ref node);

/* A list of names of services. */
void read_service_names(struct reader *reader, os_config_ref node, const char *what, struct names *names);

/* Says that memory is used up, at NODE. */
void problem_memory(struct problems *problems, os_config_ref node);

/* Reports entries that require each other in a circle. */
void check_cycles(const struct scenario *scenario, struct problems *problems);

/* Reports routes that lead nowhere. */
void check_routes(const struct scenario *scenario, struct problems *problems);

#endif
