/* SPDX-License-Identifier: BSD-2-Clause */
/* sample.c: see sample.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yaml/printable.h>

#include "client.h"
#include "print.h"
#include "sample.h"

const char *const sample_names[SAMPLE_COLUMNS] = { "cpu", "calls", "wakes", "ram", "caps", "name" };

/* ---- what the kernel knows */

/* Processor time of all threads. What the name of the process is, with whatever characters, ends with the
 * last ')'. */
static int read_cpu(int pid, uint64_t *ns)
{
    char path[64], text[1024];
    unsigned long user, system;
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = 0;
    const char *at = strrchr(text, ')');
    if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return 0;
    *ns = (uint64_t)(user + system) * (OS_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
    return 1;
}

static uint64_t switches_of_thread(const char *folder, const char *thread)
{
    char path[600], line[256];
    unsigned long long switches = 0;
    snprintf(path, sizeof(path), "%s/%s/status", folder, thread);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "voluntary_ctxt_switches: %llu", &switches) == 1)
            break;
    if (file)
        fclose(file);
    return switches;
}

/* How often its threads have gone to sleep by themselves, which is how often they were woken up. */
static int read_wakes(int pid, uint64_t *wakes)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return 0;
    *wakes = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        if (entry->d_name[0] != '.')
            *wakes += switches_of_thread(path, entry->d_name);
    closedir(tasks);
    return 1;
}

/* ---- looking */

static const struct sample_row *find_row(const struct sample *sample, const struct sample_row *row)
{
    for (unsigned i = 0; sample && i < sample->count; i++)
        if (sample->rows[i].id == row->id && sample->rows[i].pid == row->pid)
            return &sample->rows[i];
    return NULL;
}

static double rate(int known, uint64_t now, uint64_t before, double seconds)
{
    return known && now >= before ? (double)(now - before) / seconds : -1;
}

/* What has changed since the look before. One that was not there has done all it has done since. */
static void take_rates(struct sample_row *row, const struct sample *last, double seconds)
{
    static const struct sample_row none = { .has_cpu = 1, .has_calls = 1, .has_wakes = 1 };
    const struct sample_row *before = find_row(last, row);
    row->cpu_percent = row->calls_rate = row->wakes_rate = -1;
    if (!last || seconds <= 0)
        return;
    if (!before)
        before = &none;
    row->cpu_percent = rate(row->has_cpu && before->has_cpu, row->cpu, before->cpu, seconds);
    if (row->cpu_percent >= 0)
        row->cpu_percent *= 100.0 / (double)OS_SEC;
    row->calls_rate = rate(row->has_calls && before->has_calls, row->calls, before->calls, seconds);
    row->wakes_rate = rate(row->has_wakes && before->has_wakes, row->wakes, before->wakes, seconds);
}

static void take_row(struct sample_row *row, const struct control_component *component)
{
    *row = (struct sample_row){ .pid = component->pid,
                                .id = component->id,
                                .calls = component->calls,
                                .has_calls = 1,
                                .has_quota = 1,
                                .ram = component->ram,
                                .ram_used = component->ram_used,
                                .caps = component->caps,
                                .caps_used = component->caps_used };
    snprintf(row->label, sizeof(row->label), "%s", component->label);
}

int sample_take(struct sample *sample, unsigned pid, const struct sample *last)
{
    struct client_list list;
    if (client_components(pid, &list))
        return -1;
    *sample = (struct sample){ .pid = pid, .time = os_clock_now() };
    snprintf(sample->scenario, sizeof(sample->scenario), "%s", list.system.scenario);
    sample->seconds = last ? (double)(sample->time - last->time) / (double)OS_SEC : 0;
    sample->rows = calloc(list.count + 1, sizeof(*sample->rows));
    if (!sample->rows) {
        free(list.components);
        return -1;
    }
    /* core has all that nobody else was given, so its account would say nothing; it counts no calls */
    sample->rows[0] = (struct sample_row){ .label = "core", .pid = (int)pid };
    sample->count = 1;
    for (unsigned i = 0; i < list.count; i++)
        take_row(&sample->rows[sample->count++], &list.components[i]);
    free(list.components);
    for (unsigned i = 0; i < sample->count; i++) {
        struct sample_row *row = &sample->rows[i];
        row->has_cpu = row->pid && read_cpu(row->pid, &row->cpu);
        row->has_wakes = row->pid && read_wakes(row->pid, &row->wakes);
        take_rates(row, last, sample->seconds);
    }
    return 0;
}

void sample_fini(struct sample *sample)
{
    free(sample->rows);
    *sample = (struct sample){ 0 };
}

/* ---- order */

static enum sample_column order_column;
static int order_reverse;

static double value_of(const struct sample_row *row)
{
    switch (order_column) {
    case SAMPLE_CPU:
        return row->cpu_percent;
    case SAMPLE_CALLS:
        return row->calls_rate;
    case SAMPLE_WAKES:
        return row->wakes_rate;
    case SAMPLE_RAM:
        return row->has_quota ? (double)row->ram_used : -1;
    case SAMPLE_CAPS:
        return row->has_quota ? (double)row->caps_used : -1;
    default:
        return 0;
    }
}

/* Equal ones stay in the order of their names, so that rows do not jump about. */
static int compare(const void *a, const void *b)
{
    const struct sample_row *x = a, *y = b;
    double v = value_of(x), w = value_of(y);
    int by_value = v < w ? 1 : v > w ? -1 : 0;
    int by_name = strcmp(x->label, y->label);
    int order = by_value ? by_value : by_name;
    return order_reverse ? -order : order;
}

void sample_sort(struct sample *sample, enum sample_column column, int reverse)
{
    order_column = column;
    order_reverse = reverse;
    qsort(sample->rows, sample->count, sizeof(*sample->rows), compare);
}

/* ---- as text */

/* TEXT, right-aligned in WIDTH characters, after a space. */
static void put_cell(char **at, size_t *left, int width, const char *text)
{
    int len = snprintf(*at, *left, " %*s", width, text);
    size_t used = len < 0 ? 0 : (size_t)len < *left ? (size_t)len : *left ? *left - 1 : 0;
    *at += used;
    *left -= used;
}

void sample_title(char *line, size_t width, enum sample_column sorted)
{
    static const struct {
        const char *title;
        int width;
    } columns[] = { { "CPU %", 7 }, { "CALLS/S", 9 }, { "WAKES/S", 8 }, { "RAM KiB", 17 }, { "CAPS", 11 } };
    char *at = line;
    size_t left = width + 1;
    int len = snprintf(at, left, "%-22s", sorted == SAMPLE_NAME ? "COMPONENT*" : "COMPONENT");
    at += len < (int)left ? len : (int)left - 1;
    left -= (size_t)(at - line);
    for (unsigned i = 0; i < OS_ARRAY_LEN(columns); i++) {
        char title[32];
        snprintf(title, sizeof(title), "%s%s", columns[i].title, sorted == (enum sample_column)i ? "*" : "");
        put_cell(&at, &left, columns[i].width, title);
    }
}

static void put_rate(char **at, size_t *left, int width, const char *format, double value)
{
    char text[32] = "-";
    if (value >= 0)
        snprintf(text, sizeof(text), format, value);
    put_cell(at, left, width, text);
}

void sample_line(char *line, size_t width, const struct sample_row *row)
{
    char label[OS_LABEL_MAX], text[48];
    char *at = line;
    size_t left = width + 1;
    memcpy(label, row->label, sizeof(label));
    make_printable(label);
    for (char *c = label; *c; c++) /* so that a byte is a column */
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    int len = snprintf(at, left, "%-22.22s", label);
    at += len < (int)left ? len : (int)left - 1;
    left -= (size_t)(at - line);
    put_rate(&at, &left, 7, "%.1f", row->cpu_percent);
    put_rate(&at, &left, 9, "%.0f", row->calls_rate);
    put_rate(&at, &left, 8, "%.0f", row->wakes_rate);
    snprintf(text, sizeof(text), "%llu/%llu", (unsigned long long)row->ram_used / 1024,
             (unsigned long long)row->ram / 1024);
    put_cell(&at, &left, 17, row->has_quota ? text : "-");
    snprintf(text, sizeof(text), "%u/%u", row->caps_used, row->caps);
    put_cell(&at, &left, 11, row->has_quota ? text : "-");
}

static void json_number(const char *name, int known, const char *format, double value)
{
    printf(", \"%s\": ", name);
    if (known)
        printf(format, value);
    else
        fputs("null", stdout);
}

static void json_row(const struct sample_row *row)
{
    fputs("{\"label\": ", stdout);
    print_json_string(row->label);
    printf(", \"pid\": %d", row->pid);
    json_number("cpu", row->cpu_percent >= 0, "%.1f", row->cpu_percent);
    json_number("calls", row->calls_rate >= 0, "%.1f", row->calls_rate);
    json_number("wakes", row->wakes_rate >= 0, "%.1f", row->wakes_rate);
    json_number("ram-used", row->has_quota, "%.0f", (double)row->ram_used);
    json_number("ram", row->has_quota, "%.0f", (double)row->ram);
    json_number("caps-used", row->has_quota, "%.0f", (double)row->caps_used);
    json_number("caps", row->has_quota, "%.0f", (double)row->caps);
    fputs("}", stdout);
}

void sample_json(const struct sample *sample)
{
    printf("{\"system\": %u, \"seconds\": %.3f, \"components\": [", sample->pid, sample->seconds);
    for (unsigned i = 0; i < sample->count; i++) {
        fputs(i ? ", " : "", stdout);
        json_row(&sample->rows[i]);
    }
    fputs("]}\n", stdout);
}
