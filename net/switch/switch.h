/* SPDX-License-Identifier: BSD-2-Clause */
/* switch.h: what the parts of the switch share: ports with their policies, and the table of addresses. */
#ifndef SWITCH_H
#define SWITCH_H

#include <network/pcap.h>
#include <network/port.h>
#include <network/proto.h>
#include <os/component.h>
#include <os/config_rom.h>
#include <os/policy.h>
#include <os/report.h>
#include <os/timer.h>

struct port;
struct sw;

/* Directions of a port, as its client sees them. */
enum direction { FROM_CLIENT, TO_CLIENT, DIRECTIONS };

/* ---- table.c: where addresses are */

struct table_entry {
    uint8_t mac[6];
    uint8_t fixed;     /* a port's own: does not age, and no other port can take it */
    struct port *port; /* NULL: unused */
    os_time seen;
};

/*
 * Sets of a few entries each, chosen by a hash under a secret key: a new address takes the place of the
 * oldest one of its set, and nobody can choose addresses that meet those of others there.
 */
struct table {
    struct table_entry *entries;
    uint32_t sets; /* a power of two */
    os_time age;
    uint64_t key[2];
};

os_err table_init(struct table *table, uint32_t entries, os_time age, const uint64_t key[2]);
void table_fini(struct table *table);
/* The port of MAC, or NULL. LAST is what the caller's last search found, NULL at first: mostly it is that. */
struct port *table_find(struct table *table, const uint8_t mac[6], struct table_entry **last);
/*
 * A frame from MAC has come in at PORT: learned, unless PORT has learned as many as it may. Zero when MAC is
 * the own one of another port.
 */
int table_learn(struct table *table, const uint8_t mac[6], struct port *port);
/* MAC is PORT's own. Zero when it is the own one of another. When there is no place, it is not known. */
int table_fix(struct table *table, const uint8_t mac[6], struct port *port);
/* Forgets what is at PORT. */
void table_forget(struct table *table, struct port *port);
int table_aged(const struct table *table, const struct table_entry *entry, os_time now);
uint32_t table_size(const struct table *table);

/* ---- policy.c: what a port may */

struct limit {
    uint64_t rate;  /* bytes/s; 0: no limit */
    uint64_t burst; /* bytes */
    uint64_t level; /* bytes that may pass now */
    os_time last;   /* when it was worked out */
};

struct impair {
    uint32_t seed;
    uint8_t directions;                         /* bits 1 << enum direction */
    uint32_t loss, duplicate, corrupt, reorder; /* of 1000000 frames */
    os_time delay, jitter, reorder_by;
    uint64_t queue; /* bytes that may wait in a direction */
};

struct policy {
    int allow, link, isolated, other_macs, has_mac;
    uint8_t mac[6];
    uint16_t mtu;
    uint32_t addresses;
    uint64_t rate[DIRECTIONS], burst[DIRECTIONS];
    struct impair impair;
};

/* What the config says of a port of KIND with LABEL. What is wrong in it is logged and not taken. */
void policy_read(const struct os_config *config, const char *label, enum net_port_kind kind,
                 struct policy *policy);
/* The rate of a limit from now on; what it had is kept as far as it can be. */
void limit_set(struct limit *limit, uint64_t rate, uint64_t burst, uint32_t mtu);
/* Whether LEN bytes may pass. */
int limit_take(struct limit *limit, uint32_t len, os_time now);

/* ---- impair.c: bad lines */

struct line {
    struct os_list waiting; /* of frames, by the time that they are due */
    uint64_t bytes;         /* of them */
    os_time last;           /* when the last one that keeps its order is due */
    uint64_t random;
};

void line_init(struct line *line);
/* Its frames are dropped. */
void line_fini(struct sw *sw, struct line *line);
void line_seed(struct line *line, uint32_t seed, enum direction direction);
/* A frame at a line that is bad: lost, or passed on, now or later, by port_pass. */
void impair_frame(struct port *port, enum direction direction, const uint8_t head[NET_ETH_HEADER],
                  const uint8_t *data, uint32_t len, uint32_t flags);
void impair_init(struct sw *sw);

/* ---- report.c */

struct report {
    struct os_reporter reporter;
    struct os_timeout timeout;
    os_time every; /* 0: no reports */
    int open, armed;
};

/* The config has changed, or the component starts. */
void report_configure(struct sw *sw);
/* Something that is reported is another; it is reported soon. Cheap. */
static inline void report_dirty(struct sw *sw);
void report_arm(struct sw *sw);

/* ---- main.c */

/* What happened to frames besides what network/port.h counts. */
struct port_counters {
    uint64_t spoofed;    /* from an address that is not the port's */
    uint64_t limited;    /* beyond the rate */
    uint64_t isolated;   /* for a port that it must not reach, or when the cable is out */
    uint64_t lost;       /* by impairment, like those that follow */
    uint64_t duplicated; /* */
    uint64_t corrupted;  /* */
    uint64_t reordered;  /* */
    uint64_t overflow;   /* dropped because too many waited */
};

struct port {
    struct net_port net;
    struct policy policy;
    struct limit limits[DIRECTIONS];
    struct line lines[DIRECTIONS];
    struct port_counters counters;
    struct net_taps taps;
    int owns_mac;             /* no other port has the address of its card */
    struct table_entry *last; /* to which its client's last frame went */
    uint32_t learned;         /* addresses in the table, its own not counted */
    os_time swept;            /* when its aged addresses were last looked for */
};

struct sw {
    struct os_env *env;
    struct os_config_rom config;
    struct net_port_server server;
    struct net_pcap pcap;
    struct table table;
    struct os_timeouts timeouts;
    struct os_timeout due;   /* of the first frame that waits */
    os_time due_at;          /* OS_NEVER: none waits */
    uint64_t waiting, queue; /* bytes of frames that wait, and that may */
    struct report report;
};

extern struct sw sw;

static inline struct port *port_at(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct port, net.link);
}

static inline void report_dirty(struct sw *sw_)
{
    if (sw_->report.open && !sw_->report.armed)
        report_arm(sw_);
}

/* A frame that has passed the line of PORT: from its client, to be switched; or to its client. */
void port_pass(struct port *port, enum direction direction, const uint8_t head[NET_ETH_HEADER],
               const uint8_t *data, uint32_t len, uint32_t flags);

#endif
