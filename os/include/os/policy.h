/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.h: what a server does for whom, chosen by the label of the session. In a config:
 *
 *     policy:
 *       - { label: paint, rate: 50 }          exactly this label
 *       - { label: 'lamp-*', rate: 20 }       components whose names begin so, but no part further
 *       - { label: 'guest -> *', rate: 5 }    all that guest asks for, and those within it
 *       - { label: '* -> log', rate: 1 }      those that end so, whoever asks
 *     default-policy: { rate: 10 }            all others
 *
 * The keys besides `label` are the server's own.
 */
#ifndef OS_POLICY_H
#define OS_POLICY_H

#include <os/config.h>

/*
 * How well PATTERN describes LABEL: 0 not at all, more for more. A pattern is a label, or the beginning of
 * one followed by '*', or the end of one after a '*'; NULL is for every label. An exact one is better than
 * any other, then the longer is, and NULL is the least. Any thread.
 *
 * Each init on the way puts a name before a label, "guest -> window"; what is behind the names is the
 * client's own choice. So a '*' at the end stands for the rest of one part: 'guest*' is for guest and
 * guest2, but not for "guest -> window", nor for "guest -> root". Further parts are meant by a beginning that
 * ends with the separator ('guest -> *'), and everything by '*' alone. An end does not say who asks.
 *
 * The same patterns, with the same meaning, are those of routes in a scenario.
 */
size_t os_policy_match(const char *pattern, const char *label);

/*
 * The node of the list `policy` in the root of CONFIG that describes LABEL best, of several the first; else
 * the map `default-policy`; else NULL, and the server decides what that means. Items without a label are
 * never found, nor is anything that has not the form above. Any thread.
 */
os_config_ref os_policy_find(const struct os_config *config, const char *label);

#endif
