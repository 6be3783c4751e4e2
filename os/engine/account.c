/* SPDX-License-Identifier: BSD-2-Clause */
/* account.c: moving quota between accounts. core does the arithmetic; nothing is moved that is not there. */
#include "internal.h"

os_pd_cap child_account(struct os_engine *engine, struct child *child)
{
    return child ? os_pd_control_as_os_pd(child->control) : engine->env->pd;
}

os_err account_move(struct os_engine *engine, struct child *from, struct child *to, uint64_t ram,
                    uint32_t caps)
{
    if (from == to || (!ram && !caps))
        return OS_OK;
    return os_pd_transfer(child_account(engine, from), child_account(engine, to), ram, caps);
}

void account_return(struct os_engine *engine, struct child *from, struct child *to, uint64_t *ram,
                    uint32_t *caps, const char *service)
{
    uint64_t has_ram, used_ram, wanted_ram = *ram;
    uint32_t has_caps, used_caps, wanted_caps = *caps;
    if (!account_move(engine, from, to, wanted_ram, wanted_caps))
        return;
    *ram = *caps = 0;
    /* A server that does not free what it has allocated for a client: the rest stays with it until it ends.
     */
    if (os_pd_quota(child_account(engine, from), &has_ram, &used_ram, &has_caps, &used_caps))
        return;
    uint64_t free_ram = has_ram - used_ram;
    uint32_t free_caps = has_caps - used_caps;
    uint64_t back_ram = wanted_ram < free_ram ? wanted_ram : free_ram;
    uint32_t back_caps = wanted_caps < free_caps ? wanted_caps : free_caps;
    if (!account_move(engine, from, to, back_ram, back_caps)) {
        *ram = back_ram;
        *caps = back_caps;
    }
    if (from)
        child_log(from, "keeps %llu bytes and %u caps of a closed %s session",
                  (unsigned long long)(wanted_ram - *ram), (unsigned)(wanted_caps - *caps), service);
}
