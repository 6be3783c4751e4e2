/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account.h: who has how much ram and how many caps. Quota is never made: it moves between accounts, so that
 * the sum over all of them is what the machine was opened with.
 */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include <os/list.h>
#include <os/types.h>

struct core_accounts {
    struct os_list all; /* of struct core_account.link */
    uint64_t ram;       /* bytes; the sum over all accounts */
    uint32_t caps;
    /* Called after each change, for those who look whether the accounts are valid all the time; or NULL. */
    void (*changed)(const struct core_accounts *accounts);
};

struct core_account {
    struct os_list link;
    struct core_accounts *accounts;
    struct core_account *donor; /* gets everything back in the end; NULL for the first account */
    uint64_t ram, ram_used;     /* bytes */
    uint32_t caps, caps_used;
    int closed; /* only waits for what is still used of it */
    /* Called when something of an account that was closed earlier has come to this one; NULL: nobody cares.
     */
    void (*late)(struct core_account *account);
    void *owner; /* for LATE */
};

/* Opens the first account, with everything there is. OS_ERR_NO_MEMORY. */
OS_MUST_CHECK os_err core_accounts_init(struct core_accounts *accounts, uint64_t ram, uint32_t caps,
                                        struct core_account **first);

/* Non-zero if the sums hold and no account uses more than it has. */
int core_accounts_valid(const struct core_accounts *accounts);

/* Non-zero if besides they are all closed but FIRST, of which nothing is used: everything came back. */
int core_accounts_whole(const struct core_accounts *accounts, const struct core_account *first);

/* Opens an account with a donation out of DONOR. OS_ERR_RAM, OS_ERR_CAPS, OS_ERR_NO_MEMORY. */
OS_MUST_CHECK os_err core_account_open(struct core_account *donor, uint64_t ram, uint32_t caps,
                                       struct core_account **account);

/* What a closed account has given back so far. */
struct core_returned {
    uint64_t ram; /* bytes */
    uint32_t caps;
};

/*
 * Gives what is unused back to the donor now, and says how much that was; the rest follows as it is refunded.
 * The account is gone after the last of it, so nobody but those who still have to refund may use it. NULL is
 * fine.
 */
struct core_returned core_account_close(struct core_account *account);

/* Moves unused quota. OS_ERR_RAM, OS_ERR_CAPS. */
OS_MUST_CHECK os_err core_account_transfer(struct core_account *from, struct core_account *to, uint64_t ram,
                                           uint32_t caps);

/* Uses some of it. OS_ERR_RAM, OS_ERR_CAPS, and then nothing is charged. */
OS_MUST_CHECK os_err core_account_charge(struct core_account *account, uint64_t ram, uint32_t caps);

/* Gives back what was charged; may be the end of a closed account. */
void core_account_refund(struct core_account *account, uint64_t ram, uint32_t caps);

#endif
