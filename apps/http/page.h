/* SPDX-License-Identifier: BSD-2-Clause */
/* page.h: the state of a system as a page for people, from the config tree that init offers as ROM `state`.
 */
#ifndef APPS_HTTP_PAGE_H
#define APPS_HTTP_PAGE_H

#include <os/config.h>

/*
 * The page for STATE as HTML, with calls per second since BEFORE, an older state, or since components were
 * started where they are not in that, or it is NULL: *SIZE bytes at *HTML, to be freed by the caller. It asks
 * to be loaded again after REFRESH seconds, 0: never; PATH is its own. OS_ERR_RAM; OS_ERR_TOO_LARGE beyond
 * PAGE_MAX bytes.
 */
#define PAGE_MAX (2u << 20)
OS_MUST_CHECK os_err page_make(const struct os_config *state, const struct os_config *before,
                               const char *path, unsigned refresh, char **html, size_t *size);

#endif
