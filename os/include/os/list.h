/* SPDX-License-Identifier: BSD-2-Clause */
/* list.h: an intrusive doubly linked list; the links live in the members, so nothing is allocated. */
#ifndef OS_LIST_H
#define OS_LIST_H

#include <os/types.h>

/* Link of a member, and head of a list. A link that is in no list points to itself. */
struct os_list {
    struct os_list *next, *prev;
};

static inline void os_list_init(struct os_list *list)
{
    list->next = list->prev = list;
}

static inline int os_list_empty(const struct os_list *list)
{
    return list->next == list;
}

/* Inserts LINK, which must be in no list, before POS; with POS a list head that is the end. */
static inline void os_list_insert(struct os_list *pos, struct os_list *link)
{
    link->prev = pos->prev;
    link->next = pos;
    pos->prev->next = link;
    pos->prev = link;
}

/* Takes LINK out of its list; nothing happens when it is in none. */
static inline void os_list_remove(struct os_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    os_list_init(link);
}

/* Walks LIST; the body must not remove the member it stands on. */
#define OS_LIST_FOR_EACH(pos, list) for (struct os_list *pos = (list)->next; pos != (list); pos = pos->next)

/* Walks LIST; the body may remove and free the member it stands on, and no other. */
#define OS_LIST_FOR_EACH_SAFE(pos, list)                                                                     \
    for (struct os_list *pos = (list)->next, *pos##_next = pos->next; pos != (list);                         \
         pos = pos##_next, pos##_next = pos->next)

#endif
