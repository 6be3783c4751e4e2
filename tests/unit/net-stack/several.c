/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * several.c: see several.h. lwIP's variables are in the section net_several (meson.build). A stack that has
 * not had its turn yet gets them as they were at the start of the program.
 */
#include "several.h"

#include "../lib/must.h"
#include "private.h"

#include "lwip/mem.h"

#include <stdlib.h>

#define MOST 8

extern unsigned char __start_net_several[], __stop_net_several[];

static struct {
    struct net_stack_private *stack; /* NULL: free */
    unsigned char *image;
} all[MOST];

static unsigned char *pristine;
static int current = -1;

static size_t size(void)
{
    return (size_t)(__stop_net_several - __start_net_several);
}

/* By no function of the C library, because the space between variables is not to be touched, says the
 * sanitizer. */
__attribute__((no_sanitize("address"))) static void copy(void *to, const void *from)
{
    size_t words = size() / sizeof(uint64_t);
    for (size_t i = 0; i < words; i++)
        ((volatile uint64_t *)to)[i] = ((const uint64_t *)from)[i];
    for (size_t i = words * sizeof(uint64_t); i < size(); i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
}

static unsigned char *new_image(const unsigned char *from)
{
    unsigned char *image = malloc(size());
    must(image != NULL);
    copy(image, from);
    return image;
}

static int find(struct net_stack_private *stack)
{
    for (int i = 0; i < MOST; i++)
        if (all[i].stack == stack)
            return i;
    return -1;
}

static void switch_to(struct net_stack_private *stack)
{
    int i = find(stack);
    if (i >= 0 && i == current)
        return;
    if (current >= 0)
        copy(all[current].image, __start_net_several);
    if (i < 0) {
        i = find(NULL);
        must(i >= 0);
        all[i].stack = stack;
        all[i].image = new_image(pristine);
    }
    current = i;
    copy(__start_net_several, all[i].image);
}

/* ---- memory that is refused */

static struct {
    const struct net_stack_private *spared;
    unsigned wanted, after, count;
} refusal;

unsigned several_refuse(const struct net_stack_private *spared, unsigned after, unsigned count)
{
    unsigned wanted = refusal.wanted;
    refusal.spared = spared;
    refusal.wanted = 0;
    refusal.after = after;
    refusal.count = count;
    return wanted;
}

static int is_refused(void)
{
    if (current >= 0 && all[current].stack == refusal.spared)
        return 0;
    refusal.wanted++;
    return refusal.wanted > refusal.after && refusal.wanted - refusal.after <= refusal.count;
}

/* lwIP has these instead of port.c's (meson.build). */
void *__wrap_net_lwip_malloc(size_t size);
void *__wrap_net_lwip_calloc(size_t count, size_t size);

void *__wrap_net_lwip_malloc(size_t size)
{
    return is_refused() ? NULL : net_lwip_malloc(size);
}

void *__wrap_net_lwip_calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : net_lwip_calloc(count, size);
}

/* ---- */

static void forget(struct net_stack_private *stack)
{
    int i = find(stack);
    free(all[i].image);
    all[i].image = NULL;
    all[i].stack = NULL;
    current = -1;
    copy(__start_net_several, pristine);
}

void several_init(void)
{
    must((uintptr_t)__start_net_several % alignof(uint64_t) == 0);
    if (!pristine)
        pristine = new_image(__start_net_several);
    net_stack_switch = switch_to;
    net_stack_forget = forget;
}
