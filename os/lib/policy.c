/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.c: the policy for a session's label. */
#include <string.h>

#include <os/policy.h>

static const char separator[] = " -> ";
#define SEPARATOR_LEN (sizeof(separator) - 1)

/*
 * Whether LABEL begins with the LEN bytes at BEGINNING, and nothing follows that is out of its reach: another
 * part, unless BEGINNING is whole parts, or nothing at all. A separator of which the beginning has but a
 * piece is out of reach, too.
 */
static int begins_with(const char *label, const char *beginning, size_t len)
{
    if (strncmp(beginning, label, len) != 0)
        return 0;
    if (!len || (len >= SEPARATOR_LEN && !memcmp(beginning + len - SEPARATOR_LEN, separator, SEPARATOR_LEN)))
        return 1;
    size_t before = len < SEPARATOR_LEN ? len : SEPARATOR_LEN - 1;
    return !strstr(label + len - before, separator);
}

size_t os_policy_match(const char *pattern, const char *label)
{
    if (!pattern)
        return 1;
    size_t len = strlen(pattern), label_len = strlen(label);
    if (len && pattern[len - 1] == '*')
        return begins_with(label, pattern, len - 1) ? len + 1 : 0;
    if (*pattern == '*')
        return label_len < len - 1 || strcmp(pattern + 1, label + label_len - (len - 1)) ? 0 : len + 1;
    return strcmp(pattern, label) ? 0 : SIZE_MAX;
}

/* NODE, if it is of KIND. */
static os_config_ref of_kind(os_config_ref node, enum os_config_kind kind)
{
    return node && node->kind == kind ? node : NULL;
}

os_config_ref os_policy_find(const struct os_config *config, const char *label)
{
    os_config_ref root = os_config_root(config), found = NULL;
    os_config_ref list = of_kind(os_config_get(config, root, "policy"), OS_CONFIG_LIST);
    size_t found_at = 0;
    for (os_config_ref at = os_config_first(config, list); at; at = os_config_next(config, at)) {
        os_config_ref pattern = of_kind(os_config_get(config, at, "label"), OS_CONFIG_SCALAR);
        size_t fits = pattern ? os_policy_match(os_config_value(config, pattern), label) : 0;
        if (fits > found_at) {
            found = at;
            found_at = fits;
        }
    }
    return found ? found : of_kind(os_config_get(config, root, "default-policy"), OS_CONFIG_MAP);
}
