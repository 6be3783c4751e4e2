/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http: an HTTP/1.1 server for ROM modules and for a page about the system that it runs in. A connection has
 * one answer on its way at a time; requests that come behind it wait in the stack. Content goes from its
 * dataspace to the stack without a copy, and is held until the peer has all of it.
 */
#include <os/component.h>
#include <os/config_rom.h>
#include <os/timer.h>
#include <network/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "page.h"
#include "site.h"

OS_MANIFEST("requires: [Nic, Timer]\n"
            "ram: 8M\n"
            "caps: 96\n");

enum {
    REQUEST_MAX = 8192,     /* bytes of a request's head */
    CONTENT_MAX = 64 << 10, /* of a request's content, which is read and dropped */
    COPIED_MAX = 2048,      /* what is smaller is copied, so that it need not be held */
    PAGE_AGE = 100,         /* ms for which a page of the state serves all who ask */
    RATE_SPAN = 1000,       /* ms, at least, of which a page says how often something has happened */
};

/* What a connection waits for, with a time-out for each. */
enum phase { ASLEEP, ASKING, SENDING };

struct connection {
    struct os_list link;
    struct net_tcp tcp;
    os_time deadline;
    enum phase phase; /* what the deadline is for */
    int progress;     /* of the answer, since the deadline was set */
    int peer_ended;
    int settled;   /* after shut: the peer has all of it, our end too */
    int last;      /* no request is answered after this one */
    int shut;      /* our end is said; what comes is dropped until the peer's */
    int unsettled; /* written without a copy, and not known to have arrived */
    uint64_t skip; /* content of the request, still to come */
    char in[REQUEST_MAX];
    size_t in_len;
    char head[HTTP_HEAD_MAX];
    size_t head_at, head_len;
    struct content *content; /* of this answer, or of the one before while that is unsettled */
    uint64_t body_at, body_end;
};

static struct os_env *env;
static struct os_config_rom config;
static struct net_stack stack;
static struct net_tcp_listener listener;
static struct os_timeouts timeouts;
static struct os_timeout expiry;
static os_time expiry_at = OS_NEVER; /* what expiry is armed for */
static struct os_list connections;
static unsigned connection_count;
static struct site site;

static int has_state;                 /* there is a ROM state */
static struct content *state_page[2]; /* one that is loaded again, one that holds still */
static os_time state_page_at[2];

static struct {
    uint32_t connections, refresh;
    os_time head, idle, send; /* ns */
    char system[128];
    int log;
} limits;

static const char page_policy[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
                                  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static void accept_all(void);

/* ---- connections and their time */

static void arm_expiry(os_time at, os_time now)
{
    if (at >= expiry_at)
        return;
    os_err err = os_timeout_arm(&expiry, at > now ? at - now : 0);
    if (err)
        fprintf(stderr, "no time-outs: %s\n", os_err_text(err));
    expiry_at = err ? OS_NEVER : at;
}

/* The time-out is moved forward only when it comes, so that a request costs no call of the timer. */
static void set_deadline(struct connection *connection, os_time after)
{
    os_time now = os_clock_now();
    connection->deadline = now + after;
    arm_expiry(connection->deadline, now);
}

static void set_phase(struct connection *connection, enum phase phase, int anew)
{
    if (phase == connection->phase && !anew)
        return;
    connection->phase = phase;
    set_deadline(connection, phase == SENDING ? limits.send : phase == ASKING ? limits.head : limits.idle);
}

static void end(struct connection *connection, int broken)
{
    if (broken)
        net_tcp_abort(&connection->tcp);
    else
        net_tcp_close(&connection->tcp);
    content_drop(connection->content);
    os_list_remove(&connection->link);
    free(connection);
    connection_count--;
}

/* Says our end, and waits for the peer's: closing at once could lose the answer on its way. */
static void shut(struct connection *connection)
{
    connection->shut = connection->last = 1;
    connection->in_len = 0;
    net_tcp_shutdown(&connection->tcp);
    set_phase(connection, SENDING, 1);
}

/* ---- answers */

static void begin_answer(struct connection *connection, const struct http_request *request,
                         struct http_answer *answer, struct content *content)
{
    int has_body = request && request->method == HTTP_HEAD ? 0 : answer->len != 0;
    answer->keep_alive = !connection->last;
    connection->head_at = 0;
    connection->head_len = http_answer_head(answer, connection->head);
    if (!connection->head_len) { /* a media type of the config that is too long */
        connection->last = 1;
        return;
    }
    connection->body_at = connection->body_end = 0;
    if (has_body && content) {
        struct content *before = connection->content;
        connection->content = content_take(content);
        content_drop(before);
        connection->body_at = answer->first;
        connection->body_end = answer->first + answer->len;
    }
    if (limits.log && request)
        printf("%s %s: %d, %llu bytes\n", request->method == HTTP_HEAD ? "HEAD" : "GET", request->path,
               answer->status, (unsigned long long)answer->len);
    else if (limits.log)
        printf("refused: %d\n", answer->status);
}

/* An answer without a file: the status in words behind the head. */
static void answer_status(struct connection *connection, const struct http_request *request, int status,
                          const char *location)
{
    char text[64];
    struct http_answer answer = { .status = status,
                                  .type = "text/plain; charset=utf-8",
                                  .location = location };
    answer.len = (uint64_t)snprintf(text, sizeof(text), "%d %s\n", status, http_reason(status));
    begin_answer(connection, request, &answer, NULL);
    int is_head = request && request->method == HTTP_HEAD;
    if (!is_head && connection->head_len + answer.len <= sizeof(connection->head)) {
        memcpy(connection->head + connection->head_len, text, answer.len);
        connection->head_len += answer.len;
    }
}

/* A state that rates are computed since; those of a browser that loads again are since it has last done so.
 */
static struct {
    void *tree; /* NULL: none */
    struct os_config config;
    os_time at;
} earlier;

/* Without memory for it rates are since the last one that there was memory for. */
static void keep_state(const struct os_rom_module *rom)
{
    os_time now = os_clock_now();
    void *tree = !earlier.tree || now - earlier.at >= RATE_SPAN * OS_MS ? malloc((size_t)rom->size) : NULL;
    if (!tree)
        return;
    memcpy(tree, rom->data, (size_t)rom->size);
    free(earlier.tree);
    earlier.tree = NULL;
    if (os_config_init(&earlier.config, tree, (size_t)rom->size)) {
        free(tree);
        return;
    }
    earlier.tree = tree;
    earlier.at = now;
}

/* A session has the same content until something happens; a new one has the ages and quotas of now. */
static os_err make_page(unsigned still, char **html, size_t *size)
{
    struct os_config state;
    struct os_rom_module rom;
    os_err err = os_rom_module_open(&rom, env, "state");
    if (err)
        return err;
    err = os_config_init(&state, rom.data, (size_t)rom.size);
    if (!err)
        err = page_make(&state, earlier.tree ? &earlier.config : NULL, limits.system,
                        still ? 0 : limits.refresh, html, size);
    if (!err)
        keep_state(&rom);
    os_rom_module_close(&rom);
    return err;
}

/* The page about the system, not counted; NULL: no memory, or no state. */
static struct content *system_page(unsigned still)
{
    char *html;
    size_t size;
    os_time now = os_clock_now();
    if (state_page[still] && now - state_page_at[still] < PAGE_AGE * OS_MS)
        return state_page[still];
    os_err err = make_page(still, &html, &size);
    if (err)
        return NULL;
    struct content *page = content_make((struct os_region){ 0 }, html, size);
    if (!page) {
        free(html);
        return NULL;
    }
    content_drop(state_page[still]);
    state_page[still] = page;
    state_page_at[still] = now;
    return page;
}

/* The content of another answer is still on its way: the next one, which needs other content, waits for it.
 */
static int has_to_wait(const struct connection *connection, const struct content *content)
{
    return connection->unsettled && connection->content != content;
}

/* 0: not yet, the request stays where it is. */
static int answer_content(struct connection *connection, const struct http_request *request,
                          struct content *content, const char *type, int is_page)
{
    struct http_answer answer = { .type = type, .cache = is_page ? "no-store" : "no-cache" };
    if (!content) {
        answer_status(connection, request, is_page ? 503 : 404, NULL);
        return 1;
    }
    if (has_to_wait(connection, content))
        return 0;
    answer.policy = is_page ? page_policy : NULL;
    http_answer_file(&answer, request, content_etag(content), content->size);
    if (answer.status >= 400) {
        answer.type = NULL;
        answer.len = 0;
    }
    begin_answer(connection, request, &answer, content);
    return 1;
}

static int answer(struct connection *connection, const struct http_request *request)
{
    if (request->method == HTTP_OTHER) {
        answer_status(connection, NULL, 405, NULL);
        return 1;
    }
    struct file *file = site_find(&site, request->path);
    if (file)
        return answer_content(connection, request, file_content(file), file->type, 0);
    if (has_state && !strcmp(request->path, limits.system))
        return answer_content(connection, request, system_page(!strcmp(request->query, "still")),
                              media_type(".html"), 1);
    int to_system = has_state && !strcmp(request->path, "/");
    answer_status(connection, request, to_system ? 307 : 404, to_system ? limits.system : NULL);
    return 1;
}

/* ---- requests */

static void drop_input(struct connection *connection, size_t len)
{
    connection->in_len -= len;
    memmove(connection->in, connection->in + len, connection->in_len);
}

static void refuse(struct connection *connection, int status)
{
    connection->last = 1;
    connection->in_len = 0;
    answer_status(connection, NULL, status, NULL);
}

/* Takes the request at the beginning of the input, if it is complete. 0: nothing to do now. */
static int take_request(struct connection *connection)
{
    struct http_request request;
    size_t used;
    int status = http_request_parse(connection->in, connection->in_len, &request, &used);
    if (status == HTTP_MORE && connection->in_len == sizeof(connection->in))
        status = http_request_too_long(connection->in, connection->in_len);
    if (status == HTTP_MORE)
        return 0;
    if (!status && request.content > CONTENT_MAX)
        status = 413;
    if (status) {
        refuse(connection, status);
        return 1;
    }
    int last = connection->last;
    /* who waits for a go-ahead may send the content after our answer, or not: the next request is not found
     */
    connection->last |= !request.keep_alive || (request.expects && request.content);
    if (!answer(connection, &request)) {
        connection->last = last;
        return 0;
    }
    drop_input(connection, used);
    connection->skip = request.content;
    connection->phase = ASLEEP; /* the next one has its own time */
    return 1;
}

static void skip_content(struct connection *connection)
{
    size_t len = connection->skip < connection->in_len ? (size_t)connection->skip : connection->in_len;
    drop_input(connection, len);
    connection->skip -= len;
}

/* Reads what has come. 0: nothing, for now or for ever. */
static int read_more(struct connection *connection)
{
    size_t len, room = sizeof(connection->in) - connection->in_len;
    if (!room)
        return 0;
    os_err err = net_tcp_read(&connection->tcp, connection->in + connection->in_len, room, &len);
    if (err) /* if it is broken, closed will be called */
        return 0;
    if (len) {
        connection->in_len += connection->shut ? 0 : len;
        return 1;
    }
    connection->peer_ended = 1;
    if (!connection->unsettled) { /* what is left is half a request, which is none */
        connection->last = 1;
        connection->in_len = 0;
    }
    return 0;
}

/* Writes what is left of the answer. 0: there is no room for all of it now, or the connection is broken. */
static int write_answer(struct connection *connection)
{
    size_t len = 0;
    os_err err = OS_OK;
    if (connection->head_at < connection->head_len) {
        err = net_tcp_write(&connection->tcp, connection->head + connection->head_at,
                            connection->head_len - connection->head_at, &len);
        connection->head_at += err ? 0 : len;
        connection->progress |= !err && len;
        if (err || connection->head_at < connection->head_len)
            return 0;
    }
    if (connection->body_at < connection->body_end) {
        uint64_t left = connection->body_end - connection->body_at;
        const char *from = connection->content->data + connection->body_at;
        size_t size = left < (1u << 30) ? (size_t)left : 1u << 30;
        if (connection->content->size > COPIED_MAX) {
            connection->unsettled = 1;
            err = net_tcp_write_static(&connection->tcp, from, size, &len);
        } else {
            err = net_tcp_write(&connection->tcp, from, size, &len);
        }
        connection->body_at += err ? 0 : len;
        connection->progress |= !err && len;
        if (err || connection->body_at < connection->body_end)
            return 0;
    }
    connection->head_at = connection->head_len = 0;
    connection->body_at = connection->body_end = 0;
    return 1;
}

static int is_answering(const struct connection *connection)
{
    return connection->head_len || connection->body_at < connection->body_end;
}

/* A request has its time from its first byte on, not from its latest; an answer from its last progress. */
static void set_waiting(struct connection *connection)
{
    if (is_answering(connection) || connection->unsettled)
        set_phase(connection, SENDING, connection->progress);
    else if (connection->in_len || connection->skip)
        set_phase(connection, ASKING, 0);
    else
        set_phase(connection, ASLEEP, connection->phase == ASLEEP);
    connection->progress = 0;
}

/* Does what can be done for CONNECTION now; it may be gone afterwards. */
static void step(struct connection *connection)
{
    for (;;) {
        if (is_answering(connection) && !write_answer(connection))
            break;
        if (connection->last && !connection->shut)
            shut(connection);
        if (!connection->shut) {
            skip_content(connection);
            if (!connection->skip && connection->in_len && take_request(connection))
                continue;
        }
        if (!read_more(connection) && (!connection->last || connection->shut))
            break;
    }
    net_tcp_flush(&connection->tcp);
    if (!connection->shut)
        set_waiting(connection);
    else if (connection->peer_ended && connection->settled)
        end(connection, 0);
}

/* ---- events */

static void handle_ready(struct net_tcp *tcp)
{
    step(tcp->user);
    accept_all();
}

static void handle_drained(struct net_tcp *tcp)
{
    struct connection *connection = tcp->user;
    connection->unsettled = 0;
    connection->settled = connection->shut;
    connection->progress = 1;
    if (!is_answering(connection)) {
        content_drop(connection->content);
        connection->content = NULL;
    }
    handle_ready(tcp);
}

static void handle_closed(struct net_tcp *tcp, os_err err)
{
    end(tcp->user, 1);
    accept_all();
}

/* Who has kept a connection for longest without asking for anything makes room. */
static int make_room(void)
{
    struct connection *oldest = NULL;
    OS_LIST_FOR_EACH (link, &connections) {
        struct connection *connection = OS_CONTAINER_OF(link, struct connection, link);
        if ((connection->phase == ASLEEP || connection->shut) && !connection->unsettled &&
            (!oldest || connection->deadline < oldest->deadline))
            oldest = connection;
    }
    if (oldest)
        end(oldest, 0);
    return oldest != NULL;
}

static os_err accept_one(void)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return OS_ERR_RAM;
    connection->tcp = (struct net_tcp){ .readable = handle_ready,
                                        .writable = handle_ready,
                                        .drained = handle_drained,
                                        .closed = handle_closed,
                                        .user = connection };
    os_err err = net_tcp_accept(&listener, &connection->tcp);
    if (err) {
        free(connection);
        return err;
    }
    net_tcp_set_nodelay(&connection->tcp, 1); /* an answer is flushed when it is whole */
    os_list_insert(&connections, &connection->link);
    connection_count++;
    step(connection);
    return OS_OK;
}

/* Those for whom there is no place wait at the listener. */
static void accept_all(void)
{
    while (connection_count < limits.connections && !accept_one())
        ;
}

static void handle_incoming(struct net_tcp_listener *incoming)
{
    while (connection_count < limits.connections || make_room()) {
        os_err err = accept_one();
        if (err == OS_ERR_BUSY)
            return;
        if (err && !make_room()) /* out of memory: who is there goes on, who waits waits */
            return;
    }
}

static void handle_expiry(struct os_timeout *timeout)
{
    os_time now = os_clock_now(), next = OS_NEVER;
    expiry_at = OS_NEVER;
    OS_LIST_FOR_EACH_SAFE (link, &connections) {
        struct connection *connection = OS_CONTAINER_OF(link, struct connection, link);
        if (connection->deadline <= now && connection->phase == ASKING) {
            refuse(connection, 408);
            set_phase(connection, SENDING, 1);
            if (write_answer(connection))
                shut(connection);
        } else if (connection->deadline <= now) {
            end(connection, 1);
            continue;
        }
        if (connection->deadline < next)
            next = connection->deadline;
    }
    if (next != OS_NEVER)
        arm_expiry(next, now);
    accept_all();
}

/* ---- the start */

static void configure(struct os_config_rom *rom)
{
    os_config_ref root = os_config_root(&rom->config);
    limits.connections = (uint32_t)os_config_u64(&rom->config, root, "connections", 128);
    limits.refresh = (uint32_t)os_config_u64(&rom->config, root, "refresh", 5);
    limits.head = os_config_time(&rom->config, root, "head-time", 10 * OS_SEC);
    limits.idle = os_config_time(&rom->config, root, "idle-time", 30 * OS_SEC);
    limits.send = os_config_time(&rom->config, root, "send-time", 30 * OS_SEC);
    limits.log = os_config_bool(&rom->config, root, "log", 0);
    snprintf(limits.system, sizeof(limits.system), "%s",
             os_config_str(&rom->config, root, "system", "/system"));
    site_configure(&site, &rom->config, os_config_get(&rom->config, root, "files"));
    for (int i = 0; i < 2; i++) { /* they have another path or refresh */
        content_drop(state_page[i]);
        state_page[i] = NULL;
    }
}

static uint16_t port(void)
{
    return (uint16_t)os_config_u64(&config.config, os_config_root(&config.config), "port", 80);
}

/* Each address that is new, as something to open. */
static void say_address(const struct net_addr *address)
{
    static struct net_addr said[8];
    static unsigned next;
    char text[NET_ADDR_TEXT];
    struct net_addr with_port = *address;
    int link_local =
        address->family == NET_IPV6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
    if (address->family == NET_ANY || link_local) /* browsers open none with a zone */
        return;
    for (unsigned i = 0; i < 8; i++)
        if (net_addr_equal(&said[i], address))
            return;
    said[next++ % 8] = *address;
    with_port.port = port();
    printf("http://%s/\n", net_addr_format(&with_port, text));
}

static void say_addresses(struct net_stack *changed)
{
    struct net_stack_state state;
    net_stack_state(changed, &state);
    say_address(&state.ipv4);
    for (uint32_t i = 0; i < state.ipv6_count; i++)
        say_address(&state.ipv6[i]);
}

void component_construct(struct os_env *component_env)
{
    struct net_addr any = { 0 };
    struct os_rom_module state;
    env = component_env;
    os_list_init(&connections);
    site_init(&site, env);
    os_require(env, os_timeouts_open(&timeouts, env, env->ep), "cannot open Timer");
    os_timeout_init(&expiry, &timeouts, handle_expiry);
    os_require(env, os_config_rom_open(&config, env, "config", configure), "no config");
    configure(&config);
    os_err err = os_rom_module_connect(&state, env, "state");
    has_state = !err;
    if (err)
        printf("no page about the system: ROM state: %s\n", os_err_text(err));
    else
        os_rom_module_close(&state);
    stack.changed = say_addresses;
    net_stack_require(&stack, env, &config.config);
    any.port = port();
    listener.incoming = handle_incoming;
    os_require(env, net_tcp_listen(&stack, &listener, &any, 255), "cannot listen");
}
