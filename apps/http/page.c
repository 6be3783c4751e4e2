/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.c: the state of a system as a page. It is one table of components and one of sessions, which read well
 * without the style, too; every text of the state is escaped, for components choose names and labels.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <os/utf8.h>

#include "page.h"

struct page {
    char *at;
    size_t len, capacity;
    os_err err; /* of the first thing that did not fit */
};

/* ---- text */

static int reserve(struct page *page, size_t more)
{
    if (page->err || more > PAGE_MAX - page->len) {
        page->err = page->err ? page->err : OS_ERR_TOO_LARGE;
        return 0;
    }
    if (page->len + more <= page->capacity)
        return 1;
    size_t capacity = (page->len + more) * 2;
    char *at = realloc(page->at, capacity);
    if (!at) {
        page->err = OS_ERR_RAM;
        return 0;
    }
    page->at = at;
    page->capacity = capacity;
    return 1;
}

static void put(struct page *page, const char *text, size_t len)
{
    if (reserve(page, len)) {
        memcpy(page->at + page->len, text, len);
        page->len += len;
    }
}

/* What is written here, not what the state says. */
static void html(struct page *page, const char *text)
{
    put(page, text, strlen(text));
}

static void __attribute__((format(printf, 2, 3))) format(struct page *page, const char *how, ...)
{
    char text[512];
    va_list args;
    va_start(args, how);
    vsnprintf(text, sizeof(text), how, args);
    va_end(args);
    html(page, text);
}

/* What the state says, as nothing but text. */
static void escaped(struct page *page, const char *text)
{
    while (*text) {
        unsigned bytes;
        uint32_t code = os_utf8_decode(text, strlen(text), &bytes);
        if (!os_utf8_is_visible(code))
            html(page, "\xef\xbf\xbd");
        else if (code == '<')
            html(page, "&lt;");
        else if (code == '>')
            html(page, "&gt;");
        else if (code == '&')
            html(page, "&amp;");
        else if (code == '"')
            html(page, "&quot;");
        else if (code == '\'')
            html(page, "&#39;");
        else
            put(page, text, bytes);
        text += bytes;
    }
}

static void size_text(struct page *page, uint64_t bytes)
{
    static const char units[] = "KMGT";
    unsigned unit = 0;
    uint64_t tenths = bytes / 1024 * 10 + bytes % 1024 * 10 / 1024;
    while (tenths >= 10240 && unit < 3) {
        tenths /= 1024;
        unit++;
    }
    if (tenths >= 1000 || tenths % 10 == 0)
        format(page, "%llu %ciB", (unsigned long long)(tenths / 10), units[unit]);
    else
        format(page, "%llu.%llu %ciB", (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10),
               units[unit]);
}

static void age_text(struct page *page, uint64_t ms)
{
    unsigned long long s = ms / 1000;
    if (s < 60)
        format(page, "%llu s", s);
    else if (s < 3600)
        format(page, "%llu min %llu s", s / 60, s % 60);
    else if (s < 86400)
        format(page, "%llu h %llu min", s / 3600, s / 60 % 60);
    else
        format(page, "%llu d %llu h", s / 86400, s / 3600 % 24);
}

/* ---- parts of the page */

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c1f23;--soft:#5c6570;--paper:#fbfbf9;--card:#fff;--line:#e3e3de;"
    "--good:#1a7f4b;--busy:#9a6700;--bad:#c0322b;--bar:#3b6fb6;--trough:#e9e9e4}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e6e3;--soft:#9aa3ad;--paper:#15171a;--card:#1c1f23;"
    "--line:#2e3238;--good:#4cc38a;--busy:#e0a83c;--bad:#ff7b72;--bar:#6ea3e6;--trough:#2e3238}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:76rem;padding:2rem 1.25rem 4rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    "header{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline;margin-bottom:1.5rem}"
    "h1{font-size:1.6rem;line-height:1.2;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}"
    "h2{font-size:1.1rem;margin:2.5rem 0 .75rem}"
    "a{color:var(--bar)}abbr{text-decoration:none}"
    ".soft{color:var(--soft)}"
    "nav{margin-left:auto;font-size:.9rem}"
    "dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem;margin:0}"
    "dl div{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem}"
    "dt{color:var(--soft);font-size:.85rem}"
    "dd{margin:0;font-size:1.15rem;font-variant-numeric:tabular-nums}"
    "table{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);"
    "border-radius:.6rem;border-spacing:0;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;color:var(--soft);font-size:.9rem;padding-bottom:.5rem}"
    "th,td{text-align:left;vertical-align:top;padding:.55rem .8rem;border-top:1px solid var(--line)}"
    "thead th{border-top:0;font-size:.8rem;font-weight:600;color:var(--soft);white-space:nowrap}"
    "tbody th{font-weight:600}"
    "tbody th,.label,.why{overflow-wrap:anywhere}"
    ".n{text-align:right;white-space:nowrap}"
    ".why,.of{display:block;color:var(--soft);font-size:.85rem}"
    ".state{white-space:nowrap}"
    ".state:before{content:'';display:inline-block;width:.55em;height:.55em;border-radius:50%;"
    "margin-right:.45em;background:var(--soft)}"
    ".good:before{background:var(--good)}.busy:before{background:var(--busy)}.bad:before{background:var(--"
    "bad)}"
    "meter{display:block;width:100%;min-width:5rem;height:.4rem;margin-top:.3rem;border:0;border-radius:."
    "2rem;"
    "background:var(--trough)}"
    "meter::-webkit-meter-bar{background:var(--trough);border:0;border-radius:.2rem;height:.4rem}"
    "meter::-webkit-meter-optimum-value{background:var(--bar);border-radius:.2rem}"
    "meter::-webkit-meter-suboptimum-value{background:var(--busy);border-radius:.2rem}"
    "meter::-moz-meter-bar{background:var(--bar)}"
    "meter:-moz-meter-sub-optimum::-moz-meter-bar{background:var(--busy)}"
    "@media(max-width:46rem){body{padding:1.25rem 1rem 3rem}nav{margin-left:0}"
    "dl{grid-template-columns:1fr 1fr;gap:.6rem}"
    "table,tbody,tr,th,td{display:block}thead{display:none}caption{display:block}"
    "table{background:none;border:0}"
    "tr{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.6rem .9rem;"
    "margin-bottom:.7rem}"
    "th,td{border:0;padding:.12rem 0}"
    "td{display:flex;gap:.75rem;justify-content:space-between;align-items:baseline;text-align:right}"
    "td:before{content:attr(data-is);color:var(--soft);font-size:.85rem;flex:none}"
    "td.state:before{width:auto;height:auto;border-radius:0;margin:0;background:none}"
    "td:empty{display:none}td>span{min-width:0;overflow-wrap:anywhere}"
    ".state{white-space:normal}td meter{width:7rem;margin-left:auto}}";

static uint64_t count(const struct os_config *state, os_config_ref node, const char *key)
{
    return os_config_u64(state, node, key, 0);
}

/* What is used of what there is, both as text and as a bar; SIZES: of bytes. */
static void quota(struct page *page, const char *is, uint64_t used, uint64_t of, int sizes)
{
    if (is)
        format(page, "<td class=\"n\" data-is=\"%s\"><span>", is);
    if (sizes)
        size_text(page, used);
    else
        format(page, "%llu", (unsigned long long)used);
    html(page, " <span class=\"soft\">of ");
    if (sizes)
        size_text(page, of);
    else
        format(page, "%llu", (unsigned long long)of);
    unsigned percent = of ? (unsigned)(used >= of ? 100 : (double)used * 100 / (double)of) : 0;
    format(page, "</span><meter max=\"100\" high=\"90\" optimum=\"0\" value=\"%u\">%u %%</meter>", percent,
           percent);
    if (is)
        html(page, "</span></td>");
}

static const char *mood(const char *state)
{
    static const char *const moods[][2] = {
        { "running", "good" }, { "open", "good" },  { "ended", "soft" },
        { "lost", "bad" },     { "ending", "bad" }, { "restarting", "bad" },
    };
    for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++)
        if (!strcmp(state, moods[i][0]))
            return moods[i][1];
    return "busy";
}

static void state_cell(struct page *page, const struct os_config *state, os_config_ref node)
{
    const char *text = os_config_str(state, node, "state", ""), *why = os_config_str(state, node, "why", "");
    format(page, "<td data-is=\"State\"><span><span class=\"state %s\">", mood(text));
    escaped(page, text);
    html(page, "</span>");
    if (why[0]) {
        html(page, " <span class=\"why\">");
        escaped(page, why);
        html(page, "</span>");
    }
    html(page, "</span></td>");
}

static void text_cell(struct page *page, const char *is, const char *text)
{
    format(page, "<td class=\"label\" data-is=\"%s\">", is);
    if (text[0]) {
        html(page, "<span>");
        escaped(page, text);
        html(page, "</span>");
    }
    html(page, "</td>");
}

static void begin(struct page *page, const char *file, const char *path, unsigned refresh)
{
    html(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    if (refresh)
        format(page, "<meta http-equiv=\"refresh\" content=\"%u\">\n", refresh);
    html(page, "<title>");
    escaped(page, file);
    html(page, " &middot; Seedbed</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>");
    html(page, style);
    html(page, "</style>\n</head>\n<body>\n<header>\n<h1>");
    escaped(page, file);
    html(page, "</h1>\n<span class=\"soft\">a Seedbed system</span>\n<nav><a href=\"");
    escaped(page, path);
    if (refresh)
        format(page, "?still\">every %u s; hold still</a></nav>\n</header>\n", refresh);
    else
        html(page, "\">go on</a></nav>\n</header>\n");
}

static void summary(struct page *page, const struct os_config *state, os_config_ref system,
                    os_config_ref components)
{
    unsigned all = 0, running = 0;
    uint64_t restarts = 0;
    os_config_ref node = os_config_first(state, components);
    for (; node; node = os_config_next(state, node)) {
        all++;
        running += !strcmp(os_config_str(state, node, "state", ""), "running");
        restarts += count(state, node, "restarts");
    }
    html(page, "<main>\n<dl>\n<div><dt>Components running</dt><dd>");
    format(page, "%u <span class=\"soft\">of %u</span></dd></div>\n<div><dt>Age</dt><dd>", running, all);
    age_text(page, count(state, system, "age-ms"));
    format(page, "</dd></div>\n<div><dt>Restarts</dt><dd>%llu</dd></div>\n<div><dt>RAM of init</dt><dd>",
           (unsigned long long)restarts);
    quota(page, NULL, count(state, system, "ram-used"), count(state, system, "ram"), 1);
    html(page, "</dd></div>\n<div><dt>Caps of init</dt><dd>");
    quota(page, NULL, count(state, system, "caps-used"), count(state, system, "caps"), 0);
    html(page, "</dd></div>\n</dl>\n");
}

/* Whether anybody counts calls here. */
static int has_calls(const struct os_config *state, os_config_ref components)
{
    os_config_ref node = os_config_first(state, components);
    while (node && !os_config_get(state, node, "calls"))
        node = os_config_next(state, node);
    return node != NULL;
}

/*
 * Calls per second of what is NODE in STATE. The age is that of the process: one that has become younger was
 * started anew, and counts anew.
 */
static void calls(struct page *page, const struct os_config *state, os_config_ref node,
                  const struct os_config *before)
{
    html(page, "<td class=\"n\" data-is=\"Calls per second\">");
    if (os_config_get(state, node, "calls")) {
        uint64_t now = count(state, node, "calls"), age = count(state, node, "age-ms");
        os_config_ref old =
            before ? os_config_get(before, os_config_get(before, os_config_root(before), "components"),
                                   os_config_key(state, node))
                   : NULL;
        uint64_t then = old ? count(before, old, "calls") : 0,
                 then_age = old ? count(before, old, "age-ms") : 0;
        if (then_age >= age || then > now)
            then = then_age = 0;
        double rate = age > then_age ? (double)(now - then) * 1000 / (double)(age - then_age) : 0;
        format(page, rate > 0 && rate < 9.95 ? "<span>%.1f</span>" : "<span>%.0f</span>", rate);
    }
    html(page, "</td>");
}

static void component(struct page *page, const struct os_config *state, os_config_ref node, int counted,
                      const struct os_config *before)
{
    const char *name = os_config_key(state, node), *binary = os_config_str(state, node, "binary", "");
    html(page, "<tr><th scope=\"row\">");
    escaped(page, name);
    if (strcmp(name, binary)) {
        html(page, " <span class=\"of\">");
        escaped(page, binary);
        html(page, "</span>");
    }
    html(page, "</th>");
    state_cell(page, state, node);
    quota(page, "RAM", count(state, node, "ram-used"), count(state, node, "ram"), 1);
    quota(page, "Caps", count(state, node, "caps-used"), count(state, node, "caps"), 0);
    if (counted)
        calls(page, state, node, before);
    format(page, "<td class=\"n\" data-is=\"Restarts\"><span>%llu</span></td>",
           (unsigned long long)count(state, node, "restarts"));
    html(page, "<td class=\"n\" data-is=\"Age\"><span>");
    age_text(page, count(state, node, "age-ms"));
    html(page, "</span></td><td data-is=\"Provides\">");
    os_config_ref list = os_config_get(state, node, "provides");
    os_config_ref service = list && list->kind == OS_CONFIG_LIST ? os_config_first(state, list) : NULL;
    if (service)
        html(page, "<span>");
    for (int first = 1; service; service = os_config_next(state, service), first = 0) {
        html(page, first ? "" : ", ");
        escaped(page, os_config_value(state, service));
        if (!os_config_next(state, service))
            html(page, "</span>");
    }
    html(page, "</td></tr>\n");
}

static void sessions(struct page *page, const struct os_config *state, os_config_ref client)
{
    os_config_ref list = os_config_get(state, client, "sessions");
    os_config_ref node = list && list->kind == OS_CONFIG_LIST ? os_config_first(state, list) : NULL;
    for (; node; node = os_config_next(state, node)) {
        html(page, "<tr><th scope=\"row\">");
        escaped(page, os_config_key(state, client));
        html(page, "</th>");
        text_cell(page, "Service", os_config_str(state, node, "service", ""));
        text_cell(page, "Server", os_config_str(state, node, "server", ""));
        text_cell(page, "Label", os_config_str(state, node, "label", ""));
        state_cell(page, state, node);
        html(page, "<td class=\"n\" data-is=\"RAM\"><span>");
        size_text(page, count(state, node, "ram"));
        format(page, "</span></td><td class=\"n\" data-is=\"Caps\"><span>%llu</span></td></tr>\n",
               (unsigned long long)count(state, node, "caps"));
    }
}

os_err page_make(const struct os_config *state, const struct os_config *before, const char *path,
                 unsigned refresh, char **result, size_t *size)
{
    struct page page = { 0 };
    os_config_ref root = os_config_root(state);
    os_config_ref system = os_config_get(state, root, "system");
    os_config_ref components = os_config_get(state, root, "components");
    int counted = has_calls(state, components);
    const char *file = os_config_str(state, system, "file", "system"), *slash = strrchr(file, '/');
    begin(&page, slash ? slash + 1 : file, path, refresh); /* who looks need not know the folders here */
    summary(&page, state, system, components);
    html(&page,
         "<h2 id=\"components\">Components</h2>\n<table aria-labelledby=\"components\">\n<thead><tr>"
         "<th scope=\"col\">Name</th><th scope=\"col\">State</th><th scope=\"col\" class=\"n\">RAM</th>"
         "<th scope=\"col\" class=\"n\">Caps</th>");
    if (counted)
        html(&page,
             "<th scope=\"col\" class=\"n\"><abbr title=\"calls per second that it answers, of those that "
             "are counted\">Calls/s</abbr></th>");
    html(&page,
         "<th scope=\"col\" class=\"n\">Restarts</th>"
         "<th scope=\"col\" class=\"n\">Age</th><th scope=\"col\">Provides</th></tr></thead>\n<tbody>\n");
    os_config_ref node = os_config_first(state, components);
    for (; node; node = os_config_next(state, node))
        component(&page, state, node, counted, before);
    html(&page,
         "</tbody>\n</table>\n<h2 id=\"sessions\">Sessions</h2>\n<table aria-labelledby=\"sessions\">\n"
         "<thead><tr><th scope=\"col\">Client</th><th scope=\"col\">Service</th>"
         "<th scope=\"col\">Server</th><th scope=\"col\">Label</th><th scope=\"col\">State</th>"
         "<th scope=\"col\" class=\"n\">RAM</th><th scope=\"col\" class=\"n\">Caps</th></tr></thead>\n"
         "<tbody>\n");
    for (node = os_config_first(state, components); node; node = os_config_next(state, node))
        sessions(&page, state, node);
    html(&page, "</tbody>\n</table>\n</main>\n</body>\n</html>\n");
    if (page.err) {
        free(page.at);
        return page.err;
    }
    *result = page.at;
    *size = page.len;
    return OS_OK;
}
