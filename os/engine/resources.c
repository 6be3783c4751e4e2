/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resources.c: quota that children ask for and are asked for. Requests that the policy allows wait in a list,
 * visibly, and whenever quota comes free, the oldest that fit are granted. For the oldest that does not, the
 * engine asks its own parent, and those of its children that have said that they can give something back.
 * What is unused in the account of a child is the child's: nothing is taken that it has not offered.
 */
#include <string.h>
#include "internal.h"

/* Kept for init's own memory and capabilities even if the scenario keeps nothing. */
#define SLACK_RAM  OS_KIB(256)
#define SLACK_CAPS 32

/* How often a child is told in the log what became of its requests. */
#define REQUESTS_TOLD 8

static struct child *child_at(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct child, resources.link);
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t above(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t sum(uint64_t a, uint64_t b, uint64_t max)
{
    return a > max - b ? max : a + b;
}

/* Takes AMOUNT, or as much of it as there is; what is missing. */
static struct amount take(struct amount *from, struct amount amount)
{
    struct amount part = { less(from->ram, amount.ram), (uint32_t)less(from->caps, amount.caps) };
    from->ram -= part.ram;
    from->caps -= part.caps;
    return (struct amount){ amount.ram - part.ram, amount.caps - part.caps };
}

static os_err unused(struct os_engine *engine, struct child *child, struct amount *amount)
{
    uint64_t ram, ram_used;
    uint32_t caps, caps_used;
    os_err err = os_pd_quota(child_account(engine, child), &ram, &ram_used, &caps, &caps_used);
    if (!err)
        *amount = (struct amount){ .ram = ram - ram_used, .caps = caps - caps_used };
    return err;
}

/* What the engine can give away. */
static struct amount spare(struct os_engine *engine)
{
    struct amount amount = { 0 };
    const struct scenario *scenario = &engine->generation->scenario;
    uint64_t slack_ram = SLACK_RAM;
    uint32_t slack_caps = SLACK_CAPS;
    if (scenario->slack.ram > slack_ram)
        slack_ram = scenario->slack.ram;
    if (scenario->slack.caps > slack_caps)
        slack_caps = scenario->slack.caps;
    if (unused(engine, NULL, &amount))
        return amount;
    OS_LIST_FOR_EACH (link, &engine->children) {
        const struct child *child = OS_CONTAINER_OF(link, struct child, link);
        slack_ram += above(entry_kept_ram(child->entry), child->records_size);
    }
    amount.ram = above(amount.ram, slack_ram);
    amount.caps = (uint32_t)above(amount.caps, slack_caps);
    return amount;
}

static int fits(const struct amount *wanted, const struct amount *there)
{
    return wanted->ram <= there->ram && wanted->caps <= there->caps;
}

static int is_nothing(const struct amount *amount)
{
    return !amount->ram && !amount->caps;
}

/* ---- asking others */

static void parent_done(struct os_call *call)
{
    struct os_engine *engine = OS_CONTAINER_OF(call, struct os_engine, resources.call);
    engine->resources.refused = os_parent_resource_request_end(call) != OS_OK;
    resources_freed(engine);
}

/* One request at a time, and after a refusal none before a child asks for something again. */
static void ask_parent(struct os_engine *engine, const struct amount *missing)
{
    struct engine_resources *own = &engine->resources;
    if (own->refused || os_call_pending(&own->call))
        return;
    os_call_init(&own->call, engine->env->ep, parent_done);
    if (os_parent_resource_request_begin(engine->env->parent, &own->call, missing->ram, missing->caps))
        own->refused = 1;
}

/* CHILD is to give MISSING back besides what it has too much; it is told when that is more than it knows of.
 */
static void want_back(struct child *child, const struct amount *missing)
{
    struct child_resources *res = &child->resources;
    struct amount wanted = { sum(res->excess.ram, missing->ram, UINT64_MAX),
                             (uint32_t)sum(res->excess.caps, missing->caps, UINT32_MAX) };
    int is_more = wanted.ram > res->wanted.ram || wanted.caps > res->wanted.caps;
    res->wanted = wanted;
    if (is_more && child_is_alive(child))
        os_signal_submit(res->yield_sigh);
}

/*
 * Those that have nothing to give are not asked again before somebody asks for something new. Who has given
 * something is: the engine itself may have come to need more meanwhile, and then it does not suffice.
 */
static void ask_children(struct os_engine *engine, const struct child *asking, const struct amount *missing)
{
    static const struct amount nothing;
    OS_LIST_FOR_EACH (link, &engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        int asked = child != asking && child->resources.answered != engine->resources.round;
        want_back(child, asked ? missing : &nothing);
    }
}

/* ---- granting */

static void answer(struct child *child, os_err err)
{
    struct child_resources *res = &child->resources;
    os_list_remove(&res->link);
    res->asks = (struct amount){ 0 };
    engine_changed(child->engine);
    os_parent_resource_request_reply(&res->ask, err);
}

static void grant(struct child *child, struct amount *there)
{
    struct child_resources *res = &child->resources;
    struct amount asks = res->asks;
    os_err err = account_move(child->engine, NULL, child, asks.ram, asks.caps);
    if (!err) {
        struct amount more = take(&res->yielded, asks);
        res->granted.ram += more.ram;
        res->granted.caps += more.caps;
        there->ram -= asks.ram;
        there->caps -= asks.caps;
        if (res->told++ < REQUESTS_TOLD)
            child_log(child, "gets %llu bytes and %u caps more", (unsigned long long)asks.ram,
                      (unsigned)asks.caps);
    }
    answer(child, err);
}

/* What the scenario gives to a child that runs, and was not there when it began to. */
static void grow(struct os_engine *engine, struct amount *there)
{
    OS_LIST_FOR_EACH (link, &engine->children) {
        struct child *child = OS_CONTAINER_OF(link, struct child, link);
        struct amount *owed = &child->resources.owed;
        struct amount now = { less(owed->ram, there->ram), (uint32_t)less(owed->caps, there->caps) };
        if (is_nothing(&now) || !child_is_alive(child) ||
            account_move(engine, NULL, child, now.ram, now.caps))
            continue;
        owed->ram -= now.ram;
        owed->caps -= now.caps;
        there->ram -= now.ram;
        there->caps -= now.caps;
    }
}

static int owes(struct os_engine *engine)
{
    OS_LIST_FOR_EACH (link, &engine->children)
        if (!is_nothing(&OS_CONTAINER_OF(link, struct child, link)->resources.owed))
            return 1;
    return 0;
}

static void tell_waiting(struct child *child, const struct amount *there)
{
    struct child_resources *res = &child->resources;
    if (res->told_waiting || res->told++ >= REQUESTS_TOLD)
        return;
    res->told_waiting = 1;
    child_log(child, "waits for %llu bytes and %u caps more; %llu bytes and %u caps are free",
              (unsigned long long)res->asks.ram, (unsigned)res->asks.caps, (unsigned long long)there->ram,
              (unsigned)there->caps);
}

static void serve(struct os_alarm *alarm)
{
    struct os_engine *engine = OS_CONTAINER_OF(alarm, struct os_engine, resources.alarm);
    static const struct amount nothing;
    struct amount there = spare(engine);
    struct child *oldest = NULL;
    grow(engine, &there);
    OS_LIST_FOR_EACH_SAFE (link, &engine->resources.asking) {
        struct child *child = child_at(link);
        if (fits(&child->resources.asks, &there)) {
            grant(child, &there);
            continue;
        }
        oldest = oldest ? oldest : child;
        tell_waiting(child, &there);
    }
    struct amount missing = nothing;
    if (oldest) {
        missing.ram = above(oldest->resources.asks.ram, there.ram);
        missing.caps = (uint32_t)above(oldest->resources.asks.caps, there.caps);
        ask_parent(engine, &missing);
    }
    ask_children(engine, oldest, &missing);
    engine->resources.busy = oldest || owes(engine);
}

void resources_freed(struct os_engine *engine)
{
    if (!engine->resources.busy || engine->dying)
        return;
    os_alarm_set(engine->env->ep, &engine->resources.alarm, os_clock_now());
}

/* ---- what children ask for */

static os_err refuse(struct child *child, uint64_t ram, uint32_t caps, os_err err)
{
    if (child->resources.told++ < REQUESTS_TOLD)
        child_log(child, "asks for %llu bytes and %u caps more: %s", (unsigned long long)ram, (unsigned)caps,
                  err == OS_ERR_DENIED ? "its entry has no `more:`" : "that is beyond `more:` of its entry");
    return err;
}

/* MORE is a total: what it began with, and what was granted, but for what it has given back. */
static os_err check_policy(const struct child *child, uint64_t ram, uint32_t caps)
{
    const struct more *more = &child->entry->more;
    const struct child_resources *res = &child->resources;
    if (more->policy == MORE_DENY)
        return OS_ERR_DENIED;
    if (more->policy == MORE_WAIT)
        return OS_OK;
    if (ram && ram > above(more->ram, child->entry->ram + res->granted.ram - res->yielded.ram))
        return OS_ERR_RAM;
    if (caps &&
        caps > above(more->caps, (uint64_t)child->entry->caps + res->granted.caps - res->yielded.caps))
        return OS_ERR_CAPS;
    return OS_OK;
}

os_err resources_request(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    struct child *child = child_of_rpc(rpc);
    struct child_resources *res = &child->resources;
    if (os_reply_owed(&res->ask))
        answer(child, OS_ERR_CANCELLED);
    if (!ram && !caps)
        return OS_OK;
    os_err err = check_policy(child, ram, caps);
    if (err)
        return refuse(child, ram, caps, err);
    res->asks = (struct amount){ ram, caps };
    res->told_waiting = 0;
    engine_changed(child->engine);
    os_reply_keep(rpc, &res->ask);
    os_list_insert(&child->engine->resources.asking, &res->link);
    child->engine->resources.round++;
    child->engine->resources.refused = 0;
    child->engine->resources.busy = 1;
    resources_freed(child->engine);
    return OS_REPLY_LATER;
}

static os_err take_handler(os_signal_cap *kept, os_signal_cap handler)
{
    os_cap_drop(kept->cap);
    kept->cap = os_cap_copy(handler.cap);
    return OS_OK;
}

os_err resources_yield_sigh(struct os_rpc *rpc, os_signal_cap handler)
{
    struct child *child = child_of_rpc(rpc);
    if (!is_nothing(&child->resources.wanted))
        os_signal_submit(handler);
    return take_handler(&child->resources.yield_sigh, handler);
}

os_err resources_yield_request(struct os_rpc *rpc, uint64_t *ram, uint32_t *caps)
{
    struct child_resources *res = &child_of_rpc(rpc)->resources;
    res->read = res->wanted;
    *ram = res->wanted.ram;
    *caps = res->wanted.caps;
    return OS_OK;
}

/*
 * What CHILD has given back is no longer what it was given. It may be more than that, when it gives away what
 * its clients have donated, which it owes to them and not to the engine.
 */
static void count_back(struct child *child, struct amount back)
{
    struct child_resources *res = &child->resources;
    struct amount rest = take(&res->excess, back);
    rest = take(&res->granted, rest);
    struct amount given = resources_given(child);
    res->yielded.ram += less(rest.ram, given.ram);
    res->yielded.caps += (uint32_t)less(rest.caps, given.caps);
}

os_err resources_yield_response(struct os_rpc *rpc, uint64_t ram, uint32_t caps)
{
    struct child *child = child_of_rpc(rpc);
    struct child_resources *res = &child->resources;
    struct amount there;
    /* More may have become wanted since, of which it does not know yet: it has been signalled. */
    if (!ram && !caps && is_nothing(&res->read))
        return OS_OK;
    os_err err = unused(child->engine, child, &there);
    if (err)
        return err;
    ram = less(ram, less(res->wanted.ram, there.ram));
    caps = (uint32_t)less(caps, less(res->wanted.caps, there.caps));
    err = account_move(child->engine, child, NULL, ram, caps);
    if (err)
        return err;
    count_back(child, (struct amount){ ram, caps });
    res->wanted = res->excess;
    if (!ram && !caps)
        res->answered = child->engine->resources.round;
    resources_freed(child->engine);
    return OS_OK;
}

/* ---- what the engine tells */

void resources_resize(struct child *child, uint64_t ram, uint32_t caps)
{
    static const struct amount nothing;
    struct child_resources *res = &child->resources;
    const struct entry *entry = child->entry;
    /* what is still to come of an earlier change, or to go, is a part of what the entry says */
    struct amount has = { entry->ram - res->owed.ram + res->excess.ram,
                          entry->caps - res->owed.caps + res->excess.caps };
    res->owed = (struct amount){ above(ram, has.ram), (uint32_t)above(caps, has.caps) };
    res->excess =
        take(&res->yielded, (struct amount){ above(has.ram, ram), (uint32_t)above(has.caps, caps) });
    want_back(child, &nothing);
    child->engine->resources.busy = 1;
    resources_freed(child->engine);
}

struct amount resources_given(const struct child *child)
{
    const struct child_resources *res = &child->resources;
    const struct entry *entry = child->entry;
    return (struct amount){
        entry->ram - res->owed.ram + res->excess.ram + res->granted.ram - res->yielded.ram,
        entry->caps - res->owed.caps + res->excess.caps + res->granted.caps - res->yielded.caps
    };
}

void resources_shrink(struct child *child)
{
    static const struct amount nothing;
    struct child_resources *res = &child->resources;
    struct amount there;
    if (is_nothing(&res->excess) || unused(child->engine, child, &there))
        return;
    uint64_t ram = less(res->excess.ram, there.ram);
    uint32_t caps = (uint32_t)less(res->excess.caps, there.caps);
    if (account_move(child->engine, child, NULL, ram, caps))
        return;
    res->excess.ram -= ram;
    res->excess.caps -= caps;
    want_back(child, &nothing);
    resources_freed(child->engine);
}

int resources_has_excess(const struct child *child)
{
    return !is_nothing(&child->resources.excess);
}

/* Others have let go of memory of a child that has ended: it is the engine's now, and may be given. */
static void came_late(struct os_signal_handler *handler)
{
    engine_returned(OS_CONTAINER_OF(handler, struct os_engine, resources.late));
}

os_err resources_init(struct os_engine *engine)
{
    os_signal_cap cap;
    os_list_init(&engine->resources.asking);
    engine->resources.alarm.handle = serve;
    os_err err = os_signal_handler_init(&engine->resources.late, engine->env->ep, came_late, &cap);
    if (err)
        return err;
    err = os_pd_quota_sigh(engine->env->pd, cap);
    os_cap_drop(cap.cap);
    if (err)
        os_signal_handler_fini(&engine->resources.late);
    return err;
}

void resources_fini(struct os_engine *engine)
{
    os_alarm_clear(&engine->resources.alarm);
    os_call_cancel(&engine->resources.call);
    /* nobody is told any more; a core that is gone has nobody to tell */
    (void)!os_pd_quota_sigh(engine->env->pd, (os_signal_cap){ OS_NO_CAP });
    os_signal_handler_fini(&engine->resources.late);
}

void resources_child_end(struct child *child)
{
    struct child_resources *res = &child->resources;
    if (os_reply_owed(&res->ask))
        answer(child, OS_ERR_DEAD);
    os_cap_drop(res->yield_sigh.cap);
    memset(res, 0, sizeof(*res));
    heartbeat_end(child);
}
