/* SPDX-License-Identifier: BSD-2-Clause */
/* account.c: see account.h. */
#include <assert.h>
#include <stdlib.h>

#include "account.h"

static struct core_account *account_create(struct core_accounts *accounts, struct core_account *donor)
{
    struct core_account *account = calloc(1, sizeof(*account));
    if (!account)
        return NULL;
    account->accounts = accounts;
    account->donor = donor;
    os_list_insert(&accounts->all, &account->link);
    return account;
}

static void account_destroy(struct core_account *account)
{
    os_list_remove(&account->link);
    free(account);
}

os_err core_accounts_init(struct core_accounts *accounts, uint64_t ram, uint32_t caps,
                          struct core_account **first)
{
    os_list_init(&accounts->all);
    accounts->ram = ram;
    accounts->caps = caps;
    accounts->changed = NULL;
    struct core_account *account = account_create(accounts, NULL);
    if (!account)
        return OS_ERR_NO_MEMORY;
    account->ram = ram;
    account->caps = caps;
    *first = account;
    return OS_OK;
}

int core_accounts_valid(const struct core_accounts *accounts)
{
    uint64_t ram = 0, caps = 0;
    OS_LIST_FOR_EACH (link, &accounts->all) {
        const struct core_account *account = OS_CONTAINER_OF(link, struct core_account, link);
        if (account->ram_used > account->ram || account->caps_used > account->caps)
            return 0;
        ram += account->ram;
        caps += account->caps;
    }
    return ram == accounts->ram && caps == accounts->caps;
}

int core_accounts_whole(const struct core_accounts *accounts, const struct core_account *first)
{
    return core_accounts_valid(accounts) && accounts->all.next == &first->link &&
           accounts->all.prev == &first->link && !first->ram_used && !first->caps_used;
}

static void changed(const struct core_accounts *accounts)
{
    if (accounts->changed)
        accounts->changed(accounts);
}

/* Whether so much of it is unused. */
static os_err has(const struct core_account *account, uint64_t ram, uint32_t caps)
{
    if (ram > account->ram - account->ram_used)
        return OS_ERR_RAM;
    if (caps > account->caps - account->caps_used)
        return OS_ERR_CAPS;
    return OS_OK;
}

/* Cannot overflow: the sum over all accounts stays what it is. */
static void move(struct core_account *from, struct core_account *to, uint64_t ram, uint32_t caps)
{
    from->ram -= ram;
    from->caps -= caps;
    to->ram += ram;
    to->caps += caps;
    changed(from->accounts);
}

os_err core_account_open(struct core_account *donor, uint64_t ram, uint32_t caps,
                         struct core_account **account)
{
    os_err err = has(donor, ram, caps);
    if (err)
        return err;
    struct core_account *made = account_create(donor->accounts, donor);
    if (!made)
        return OS_ERR_NO_MEMORY;
    move(donor, made, ram, caps);
    *account = made;
    return OS_OK;
}

static void return_unused(struct core_account *account)
{
    move(account, account->donor, account->ram - account->ram_used, account->caps - account->caps_used);
    if (!account->ram && !account->caps)
        account_destroy(account);
}

struct core_returned core_account_close(struct core_account *account)
{
    struct core_returned back = { 0 };
    if (!account)
        return back;
    assert(account->donor && !account->closed);
    OS_LIST_FOR_EACH (link, &account->accounts->all) {
        struct core_account *other = OS_CONTAINER_OF(link, struct core_account, link);
        if (other->donor == account)
            other->donor = account->donor;
    }
    account->closed = 1;
    account->late = NULL;
    back.ram = account->ram - account->ram_used;
    back.caps = account->caps - account->caps_used;
    return_unused(account);
    return back;
}

os_err core_account_transfer(struct core_account *from, struct core_account *to, uint64_t ram, uint32_t caps)
{
    os_err err = has(from, ram, caps);
    if (!err)
        move(from, to, ram, caps);
    return err;
}

os_err core_account_charge(struct core_account *account, uint64_t ram, uint32_t caps)
{
    os_err err = has(account, ram, caps);
    if (err)
        return err;
    account->ram_used += ram;
    account->caps_used += caps;
    changed(account->accounts);
    return OS_OK;
}

void core_account_refund(struct core_account *account, uint64_t ram, uint32_t caps)
{
    struct core_account *donor = account->donor;
    assert(ram <= account->ram_used && caps <= account->caps_used);
    account->ram_used -= ram;
    account->caps_used -= caps;
    changed(account->accounts);
    if (!account->closed)
        return;
    return_unused(account);
    if (donor->late)
        donor->late(donor);
}
