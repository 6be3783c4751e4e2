/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c: the state of the switch as a report, some time after it has changed, and never while it does not.
 */
#include "switch.h"

#include <network/address.h>

#include <stdio.h>

enum { LISTED = 256 }; /* ports, and addresses; of more there is the number */

static void write_counters(struct os_config_writer *writer, const char *key,
                           const struct net_port_counters *counters)
{
    os_config_writer_map(writer, key);
    os_config_writer_u64(writer, "frames", counters->frames);
    os_config_writer_u64(writer, "bytes", counters->bytes);
    os_config_writer_u64(writer, "dropped", counters->dropped);
    os_config_writer_u64(writer, "refused", counters->refused);
    os_config_writer_end(writer);
}

static void write_port(struct os_config_writer *writer, const struct port *port)
{
    const struct port_counters *counters = &port->counters;
    char mac[18];
    os_config_writer_map(writer, "");
    os_config_writer_text(writer, "label", port->net.label);
    os_config_writer_text(writer, "kind", port->net.kind == NET_PORT_UPLINK ? "Uplink" : "Nic");
    os_config_writer_text(writer, "mac", net_mac_format(port->net.info.mac, mac));
    os_config_writer_u64(writer, "mtu", port->net.info.mtu);
    os_config_writer_bool(writer, "link", port->net.info.link);
    write_counters(writer, "tx", &port->net.tx);
    write_counters(writer, "rx", &port->net.rx);
    os_config_writer_u64(writer, "addresses", port->learned);
    os_config_writer_u64(writer, "spoofed", counters->spoofed);
    os_config_writer_u64(writer, "limited", counters->limited);
    os_config_writer_u64(writer, "isolated", counters->isolated);
    os_config_writer_u64(writer, "lost", counters->lost);
    os_config_writer_u64(writer, "duplicated", counters->duplicated);
    os_config_writer_u64(writer, "corrupted", counters->corrupted);
    os_config_writer_u64(writer, "reordered", counters->reordered);
    os_config_writer_u64(writer, "overflow", counters->overflow);
    os_config_writer_end(writer);
}

static void write_ports(struct os_config_writer *writer)
{
    uint64_t count = 0;
    os_config_writer_list(writer, "ports");
    OS_LIST_FOR_EACH (link, &sw.server.ports)
        if (count++ < LISTED)
            write_port(writer, port_at(link));
    os_config_writer_end(writer);
    os_config_writer_u64(writer, "port-count", count);
}

static void write_table(struct os_config_writer *writer)
{
    const struct table *table = &sw.table;
    os_time now = os_clock_now();
    uint64_t count = 0;
    char mac[18];
    os_config_writer_list(writer, "table");
    for (uint32_t i = 0; i < table_size(table); i++) {
        const struct table_entry *entry = &table->entries[i];
        if (!entry->port || table_aged(table, entry, now) || count++ >= LISTED)
            continue;
        os_config_writer_map(writer, "");
        os_config_writer_text(writer, "mac", net_mac_format(entry->mac, mac));
        os_config_writer_text(writer, "port", entry->port->net.label);
        if (!entry->fixed)
            os_config_writer_u64(writer, "age-ms", (now - entry->seen) / OS_MS);
        os_config_writer_end(writer);
    }
    os_config_writer_end(writer);
    os_config_writer_u64(writer, "table-used", count);
    os_config_writer_u64(writer, "table-size", table_size(table));
}

static void send(struct os_timeout *timeout)
{
    struct os_config_writer writer;
    sw.report.armed = 0;
    os_config_writer_init(&writer, "switch");
    os_config_writer_map(&writer, "");
    write_ports(&writer);
    write_table(&writer);
    os_config_writer_u64(&writer, "waiting", sw.waiting);
    os_config_writer_end(&writer);
    os_err err = os_reporter_submit_tree(&sw.report.reporter, &writer);
    if (err && !os_err_is_gone(err))
        fprintf(stderr, "no report: %s\n", os_err_text(err));
}

void report_arm(struct sw *of)
{
    of->report.armed = !os_timeout_arm(&of->report.timeout, of->report.every);
}

void report_configure(struct sw *of)
{
    struct report *report = &of->report;
    const struct os_config *config = &of->config.config;
    report->every = os_config_time(config, os_config_root(config), "report", 0);
    if (report->every && !report->open) {
        os_err err = os_reporter_init(&report->reporter, of->env, "state");
        if (err) {
            fprintf(stderr, "no reports: %s\n", os_err_text(err));
            return;
        }
        report->open = 1;
        report->armed = 0;
        os_timeout_init(&report->timeout, &of->timeouts, send);
    } else if (!report->every && report->open) {
        os_timeout_disarm(&report->timeout);
        os_reporter_fini(&report->reporter);
        report->open = 0;
    }
    report_dirty(of);
}
