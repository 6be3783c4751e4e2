/* SPDX-License-Identifier: BSD-2-Clause */
/* session.c: the client's side of sessions, and their arguments. */
#include <string.h>

#include <os/session.h>

os_err os_session_open(struct os_env *env, const char *service, const char *label, const char *args,
                       uint64_t ram, uint32_t caps, struct os_session *session)
{
    uint32_t id;
    os_any_cap cap;
    os_err err = os_parent_session(env->parent, service, label, args, ram, caps, &id, &cap);
    if (err)
        return err;
    *session = (struct os_session){ .env = env, .id = id, .cap = cap };
    return OS_OK;
}

os_err os_session_upgrade(struct os_session *session, uint64_t ram, uint32_t caps)
{
    return os_parent_upgrade(session->env->parent, session->id, ram, caps);
}

void os_session_close(struct os_session *session)
{
    if (!session->env)
        return;
    os_cap_drop(session->cap.cap);
    /* A parent that is gone has closed the session already. */
    uint64_t ram;
    uint32_t caps;
    os_err err = os_parent_close(session->env->parent, session->id, &ram, &caps);
    (void)err;
    *session = (struct os_session){ 0 };
}

/* Start and length of the value of KEY, or NULL. */
static const char *find_arg(const char *args, const char *key, size_t *len)
{
    size_t key_len = strlen(key);
    while (*args) {
        size_t pair = strcspn(args, ",");
        if (pair > key_len && args[key_len] == '=' && memcmp(args, key, key_len) == 0) {
            *len = pair - key_len - 1;
            return args + key_len + 1;
        }
        args += pair;
        args += *args == ',';
    }
    return NULL;
}

const char *os_label_last(const char *label)
{
    for (const char *at = label; (at = strstr(at, " -> "));)
        label = at += 4;
    return label;
}

os_err os_args_get(const char *args, const char *key, char *value, size_t size)
{
    size_t len;
    const char *found = find_arg(args, key, &len);
    if (!found)
        return OS_ERR_NOT_FOUND;
    if (len >= size)
        return OS_ERR_TOO_LARGE;
    memcpy(value, found, len);
    value[len] = 0;
    return OS_OK;
}

os_err os_args_u64(const char *args, const char *key, uint64_t *value)
{
    size_t len;
    uint64_t number = 0;
    const char *found = find_arg(args, key, &len);
    if (!found)
        return OS_ERR_NOT_FOUND;
    if (!len)
        return OS_ERR_BAD_ARG;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned char)found[i] - (unsigned)'0';
        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return OS_ERR_BAD_ARG;
        number = number * 10 + digit;
    }
    *value = number;
    return OS_OK;
}
