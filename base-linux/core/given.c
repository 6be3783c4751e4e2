/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * given.c: see given.h. Core keeps no descriptor of what it has given, and is told by nobody that it was
 * closed. But an epoll instance names what it watches until the last descriptor for that is closed, wherever
 * it is, and the kernel lists it as text. That is read when a charge fails, not at each close.
 */
#include "given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct given {
    struct os_list link; /* of leftovers, or none */
    struct core_account *account;
    int epoll; /* nobody waits for it */
    uint32_t charged;
};

/* Of sessions that are closed. */
static struct os_list leftovers = { &leftovers, &leftovers };

/* How many there are, or CHARGED if the kernel does not say. */
static uint32_t count(const struct given *given)
{
    char path[64], line[256];
    uint32_t found = 0;
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", given->epoll);
    FILE *file = fopen(path, "re");
    if (!file)
        return given->charged;
    while (fgets(line, sizeof(line), file))
        found += !strncmp(line, "tfd:", 4);
    fclose(file);
    return found;
}

/* Gives back what was charged for those that are gone. */
static void update(struct given *given)
{
    uint32_t left = count(given), gone = given->charged > left ? given->charged - left : 0;
    given->charged -= gone;
    if (gone)
        core_account_refund(given->account, 0, gone);
}

static os_err charge(struct given *given, struct core_account *account)
{
    os_err err = core_account_charge(account, 0, 1);
    if (!err)
        return OS_OK;
    update(given);
    return core_account_charge(account, 0, 1);
}

os_err given_create(struct given **made)
{
    struct given *given = calloc(1, sizeof(*given));
    if (!given)
        return OS_ERR_NO_MEMORY;
    os_list_init(&given->link);
    given->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (given->epoll < 0) {
        free(given);
        return OS_ERR_HANDLES;
    }
    *made = given;
    return OS_OK;
}

os_err given_add(struct given *given, struct core_account *account, int fd)
{
    struct epoll_event nothing = { 0 };
    given->account = account;
    os_err err = charge(given, account);
    if (err)
        return err;
    if (epoll_ctl(given->epoll, EPOLL_CTL_ADD, fd, &nothing)) {
        core_account_refund(account, 0, 1);
        return OS_ERR_HANDLES;
    }
    given->charged++;
    return OS_OK;
}

static void destroy(struct given *given)
{
    close(given->epoll);
    os_list_remove(&given->link);
    free(given);
}

void given_destroy(struct given *given)
{
    if (!given)
        return;
    update(given);
    if (given->charged)
        os_list_insert(&leftovers, &given->link);
    else
        destroy(given);
}

void given_update(void)
{
    OS_LIST_FOR_EACH_SAFE (link, &leftovers) {
        struct given *given = OS_CONTAINER_OF(link, struct given, link);
        update(given);
        if (!given->charged)
            destroy(given);
    }
}
