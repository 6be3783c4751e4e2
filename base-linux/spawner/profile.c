/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * profile.c: reads a profile and compiles it with libseccomp.
 *
 * Profiles are trusted, they are part of the program. Errors in them are still told with file and line,
 * because people will edit them.
 */
#include "profile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux_base/native.h>

struct parser {
    const struct profile_text *texts;
    size_t count;
    struct profile *profile;
    scmp_filter_ctx filter;
    const char *file; /* name of the profile that is being read */
    unsigned line;
    unsigned depth;         /* of includes */
    char seen[1024];        /* by system call number, so that `allowed` counts a call once */
    uint32_t refused[1024]; /* the same: what to do with it unless a line allows it; 0: nothing is said */
    char *error;
    size_t error_size;
};

static const struct constant {
    const char *name;
    uint64_t value;
} constants[] = {
#define CONSTANT(name)                                                                                       \
    {                                                                                                        \
#name, (uint64_t)(name)                                                                              \
    }
    CONSTANT(AT_EMPTY_PATH),
    CONSTANT(CLONE_CHILD_CLEARTID),
    CONSTANT(CLONE_FILES),
    CONSTANT(CLONE_FS),
    CONSTANT(CLONE_PARENT_SETTID),
    CONSTANT(CLONE_SETTLS),
    CONSTANT(CLONE_SIGHAND),
    CONSTANT(CLONE_SYSVSEM),
    CONSTANT(CLONE_THREAD),
    CONSTANT(CLONE_VM),
    CONSTANT(AF_UNIX),
    CONSTANT(FIONREAD),
    CONSTANT(F_GETFD),
    CONSTANT(F_GETFL),
    CONSTANT(F_GETPIPE_SZ),
    CONSTANT(F_SETFD),
    CONSTANT(F_SETFL),
    CONSTANT(LINUX_FD_EXEC),
    CONSTANT(MAP_ANONYMOUS),
    CONSTANT(MAP_DENYWRITE),
    CONSTANT(MAP_FIXED),
    CONSTANT(MAP_NORESERVE),
    CONSTANT(MAP_PRIVATE),
    CONSTANT(MAP_SHARED),
    CONSTANT(MAP_STACK),
    CONSTANT(O_ACCMODE),
    CONSTANT(O_CREAT),
    CONSTANT(O_NONBLOCK),
    CONSTANT(O_RDWR),
    CONSTANT(O_TRUNC),
    CONSTANT(PROT_EXEC),
    CONSTANT(PROT_WRITE),
    CONSTANT(SOL_SOCKET),
    CONSTANT(SO_COOKIE),
    CONSTANT(SO_DOMAIN),
    CONSTANT(SO_SNDBUF),
    CONSTANT(SO_TYPE),
#undef CONSTANT
};

__attribute__((format(printf, 2, 3))) static os_err fail(struct parser *p, const char *format, ...)
{
    char what[160];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (p->line)
        snprintf(p->error, p->error_size, "%s:%u: %s", p->file, p->line, what);
    else /* about the profile as a whole */
        snprintf(p->error, p->error_size, "%s: %s", p->file, what);
    return OS_ERR_BAD_ARG;
}

static os_err parse_size(struct parser *p, const char *text, uint64_t *size)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    if (end == text || (*end && strcmp(end, "K") != 0 && strcmp(end, "M") != 0))
        return fail(p, "'%s' is no size, as 64K or 16M", text);
    *size = *end == 'K' ? OS_KIB(value) : *end == 'M' ? OS_MIB(value) : value;
    return OS_OK;
}

static os_err parse_env(struct parser *p, const char *text)
{
    char **env = p->profile->env;
    int i = 0;

    while (env[i])
        i++;
    if (i == PROFILE_ENV_MAX)
        return fail(p, "more than %d environment variables", PROFILE_ENV_MAX);
    env[i] = strdup(text);
    return env[i] ? OS_OK : OS_ERR_NO_MEMORY;
}

static os_err parse_text(struct parser *p, const char *name);

static os_err parse_directive(struct parser *p, const char *key, const char *value)
{
    struct profile *profile = p->profile;

    if (strcmp(key, "include") == 0)
        return parse_text(p, value);
    if (strcmp(key, "space") == 0)
        return parse_size(p, value, &profile->space);
    if (strcmp(key, "stack") == 0)
        return parse_size(p, value, &profile->stack);
    if (strcmp(key, "env") == 0)
        return parse_env(p, value);
    if (strcmp(key, "world") == 0 && strcmp(value, "empty") == 0)
        profile->world = WORLD_EMPTY;
    else if (strcmp(key, "world") == 0 && strcmp(value, "usr") == 0)
        profile->world = WORLD_USR;
    else if (strcmp(key, "socket") == 0 && strcmp(value, "x11") == 0)
        profile->x11 = 1;
    else if (strcmp(key, "socket") == 0 && strcmp(value, "wayland") == 0)
        profile->wayland = 1;
    else
        return fail(p, "'%s: %s' is no directive", key, value);
    return OS_OK;
}

/* A number, or names joined with '|'; '~' in front turns all bits over. */
static os_err parse_value(struct parser *p, char *text, uint64_t *value)
{
    int invert = *text == '~';
    uint64_t sum = 0;

    for (char *save, *word = strtok_r(text + invert, "|", &save); word; word = strtok_r(NULL, "|", &save)) {
        char *end;
        uint64_t bits = strtoull(word, &end, 0);
        int known = !*end;

        for (size_t i = 0; !known && i < OS_ARRAY_LEN(constants); i++) {
            known = strcmp(word, constants[i].name) == 0;
            if (known)
                bits = constants[i].value;
        }
        if (!known)
            return fail(p, "'%s' is no number and no known constant", word);
        sum |= bits;
    }
    *value = invert ? ~sum : sum;
    return OS_OK;
}

/* argN==VALUE or argN&MASK==VALUE */
static os_err parse_condition(struct parser *p, char *text, struct scmp_arg_cmp *cmp)
{
    char *equals = strstr(text, "==");
    uint64_t mask = UINT64_MAX, value;
    os_err err;

    if (strncmp(text, "arg", 3) != 0 || text[3] < '0' || text[3] > '5' || !equals ||
        (text[4] != '&' && text + 4 != equals))
        return fail(p, "'%s' is no condition, as arg1==0 or arg1&MASK==0", text);
    *equals = '\0';
    if (text[4] == '&' && (err = parse_value(p, text + 5, &mask)) != OS_OK)
        return err;
    if ((err = parse_value(p, equals + 2, &value)) != OS_OK)
        return err;
    *cmp = SCMP_CMP((unsigned)(text[3] - '0'), SCMP_CMP_MASKED_EQ, mask, value);
    return OS_OK;
}

static os_err parse_errno(struct parser *p, const char *name, uint32_t *action)
{
    static const struct {
        const char *name;
        int value;
    } errnos[] = { { "ENOSYS", ENOSYS }, { "ENOENT", ENOENT }, { "EPERM", EPERM }, { "EACCES", EACCES } };

    for (size_t i = 0; i < OS_ARRAY_LEN(errnos); i++) {
        if (strcmp(name, errnos[i].name) == 0) {
            *action = SCMP_ACT_ERRNO(errnos[i].value);
            return OS_OK;
        }
    }
    return fail(p, "'%s' is not one of ENOSYS, ENOENT, EPERM, EACCES", name);
}

/* NAME [= ERRNO] [condition ...] */
static os_err parse_call(struct parser *p, char *name, char *rest)
{
    uint32_t action = SCMP_ACT_ALLOW;
    struct scmp_arg_cmp cmp[6];
    unsigned count = 0;
    int nr = seccomp_syscall_resolve_name(name);
    char *save, *word = strtok_r(rest, " \t", &save);
    os_err err;

    if (nr < 0 || (size_t)nr >= sizeof p->seen)
        return fail(p, "'%s' is no system call", name);
    if (word && strcmp(word, "=") == 0) {
        word = strtok_r(NULL, " \t", &save);
        if ((err = parse_errno(p, word ? word : "", &action)) != OS_OK)
            return err;
        word = strtok_r(NULL, " \t", &save);
    }
    for (; word; word = strtok_r(NULL, " \t", &save)) {
        if (count == OS_ARRAY_LEN(cmp))
            return fail(p, "too many conditions");
        if ((err = parse_condition(p, word, &cmp[count++])) != OS_OK)
            return err;
    }
    if (action == SCMP_ACT_ALLOW && !p->seen[nr]) {
        p->seen[nr] = 1;
        p->profile->allowed++;
    }
    if (action != SCMP_ACT_ALLOW && !count) {
        p->refused[nr] = action;
        return OS_OK;
    }
    if (action == SCMP_ACT_ALLOW && !count && p->profile->always_count < PROFILE_ALWAYS_MAX)
        p->profile->always[p->profile->always_count++] = (uint16_t)nr;
    if (seccomp_rule_add_array(p->filter, action, nr, count, cmp) < 0)
        return fail(p, "'%s': libseccomp does not take this rule", name);
    return OS_OK;
}

/* What a profile refuses, one that includes it may allow. */
static os_err add_refused(struct parser *p)
{
    for (size_t nr = 0; nr < OS_ARRAY_LEN(p->refused); nr++) {
        if (!p->refused[nr] || p->seen[nr])
            continue;
        if (seccomp_rule_add_array(p->filter, p->refused[nr], (int)nr, 0, NULL) < 0)
            return OS_ERR_NO_MEMORY;
    }
    return OS_OK;
}

static os_err parse_line(struct parser *p, char *line)
{
    char *reason = strchr(line, '#');
    char *word = line + strspn(line, " \t");
    char *end, *rest;

    if (reason)
        *reason++ = '\0';
    for (end = word + strlen(word); end > word && strchr(" \t\r", end[-1]); end--)
        end[-1] = '\0';
    if (!*word)
        return OS_OK;
    rest = word + strcspn(word, " \t");
    if (*rest)
        *rest++ = '\0';
    rest += strspn(rest, " \t");
    end = word + strlen(word);
    if (end[-1] == ':') {
        end[-1] = '\0';
        return parse_directive(p, word, rest);
    }
    if (!reason || strlen(reason) < 4)
        return fail(p, "'%s' has no reason, as '# why it is needed'", word);
    return parse_call(p, word, rest);
}

static const char *find_text(const struct parser *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->texts[i].name, name) == 0)
            return p->texts[i].text;
    }
    return NULL;
}

static os_err parse_text(struct parser *p, const char *name)
{
    const char *file = p->file;
    unsigned line = p->line;
    const char *text = find_text(p, name);
    char *copy, *rest, *one;
    os_err err = OS_OK;

    if (!text || p->depth > 4)
        return fail(p, "no profile '%s' to include", name);
    rest = copy = strdup(text);
    if (!copy)
        return OS_ERR_NO_MEMORY;
    p->file = name;
    p->line = 0;
    p->depth++;
    while (err == OS_OK && (one = strsep(&rest, "\n"))) {
        p->line++;
        err = parse_line(p, one);
    }
    if (err == OS_OK) {
        p->file = file;
        p->line = line;
    }
    p->depth--;
    free(copy);
    return err;
}

/*
 * Of an argument that is compared with a mask of 32 bits, libseccomp tests the upper half as well: it loads
 * it, masks it with 0, and goes on with the next instruction if the result is 0. That is three instructions
 * of four for nothing, and the kernel compiles each anew for every component.
 */
static int is_needless(const struct profile *profile, size_t at)
{
    const struct sock_filter *code = profile->code + at;

    if (at + 3 >= profile->code_len || code[0].code != (BPF_LD | BPF_W | BPF_ABS) ||
        code[1].code != (BPF_ALU | BPF_AND | BPF_K) || code[1].k != 0 ||
        code[2].code != (BPF_JMP | BPF_JEQ | BPF_K) || code[2].k != 0 || code[2].jt != 0)
        return 0;
    return code[3].code == (BPF_LD | BPF_W | BPF_ABS); /* which does not ask for the result either */
}

/* Where a jump over DISTANCE from the instruction that was AT leads, as a distance from where that is now. */
static uint32_t new_distance(const uint16_t *now, size_t at, uint32_t distance)
{
    return (uint32_t)(now[at + 1 + distance] - now[at] - 1);
}

/* Takes what is needless out of the filter. Nothing jumps into the middle of it, for it is no place to be. */
static void shorten(struct profile *profile)
{
    static uint16_t now[BPF_MAXINSNS + 1]; /* the new place of each instruction, or of the next that stays */
    struct sock_filter *code = profile->code;
    size_t len = 0, skip = 0;

    for (size_t i = 0; i < profile->code_len; i++) {
        now[i] = (uint16_t)len;
        if (!skip && is_needless(profile, i))
            skip = 3;
        if (skip)
            skip--;
        else
            len++;
    }
    for (size_t i = 0; i < profile->code_len; i++) {
        if (BPF_CLASS(code[i].code) == BPF_JMP && BPF_OP(code[i].code) == BPF_JA) {
            code[i].k = new_distance(now, i, code[i].k);
        } else if (BPF_CLASS(code[i].code) == BPF_JMP) {
            code[i].jt = (uint8_t)new_distance(now, i, code[i].jt);
            code[i].jf = (uint8_t)new_distance(now, i, code[i].jf);
        }
    }
    now[profile->code_len] = (uint16_t)len;
    for (size_t i = 0; i < profile->code_len; i++) {
        if (now[i + 1] != now[i])
            code[now[i]] = code[i];
    }
    profile->code_len = len;
}

/* The filter as the kernel takes it; libseccomp gives it to a descriptor only. */
static os_err compile(struct parser *p)
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    os_err err = OS_ERR_NO_MEMORY;
    off_t size;

    if (fd < 0)
        return err;
    if (seccomp_export_bpf(p->filter, fd) < 0 || (size = lseek(fd, 0, SEEK_END)) <= 0)
        goto out;
    p->profile->code = malloc((size_t)size);
    if (!p->profile->code || pread(fd, p->profile->code, (size_t)size, 0) != size)
        goto out;
    p->profile->code_len = (size_t)size / sizeof(struct sock_filter);
    shorten(p->profile);
    err = OS_OK;
out:
    close(fd);
    return err;
}

/* Without these the spawner cannot start anything: it hands over the listener, executes, or gives up. */
static os_err check_needed(struct parser *p)
{
    static const char *const needed[] = { "sendmsg", "execveat", "exit_group" };

    for (size_t i = 0; i < OS_ARRAY_LEN(needed); i++) {
        if (!p->seen[seccomp_syscall_resolve_name(needed[i])])
            return fail(p, "'%s' is missing, a component cannot start without it", needed[i]);
    }
    return OS_OK;
}

os_err profile_create(const struct profile_text *texts, size_t count, const char *name,
                      struct profile **profile, char *error, size_t error_size)
{
    struct parser p = {
        .texts = texts, .count = count, .file = name, .error = error, .error_size = error_size
    };
    os_err err = OS_ERR_NO_MEMORY;

    p.profile = calloc(1, sizeof *p.profile);
    p.filter = seccomp_init(SCMP_ACT_NOTIFY);
    if (!p.profile || !p.filter || seccomp_attr_set(p.filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS))
        goto fail;
    /* a tree instead of a list: the kernel looks at each call there is when it loads the filter */
    (void)seccomp_attr_set(p.filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    snprintf(p.profile->name, sizeof p.profile->name, "%s", name);
    p.profile->stack = OS_KIB(256);
    if ((err = parse_text(&p, name)) != OS_OK || (err = check_needed(&p)) != OS_OK)
        goto fail;
    if ((err = add_refused(&p)) != OS_OK || (err = compile(&p)) != OS_OK)
        goto fail;
    seccomp_release(p.filter);
    *profile = p.profile;
    return OS_OK;
fail:
    seccomp_release(p.filter);
    profile_destroy(p.profile);
    return err;
}

void profile_destroy(struct profile *profile)
{
    if (!profile)
        return;
    for (char **env = profile->env; *env; env++)
        free(*env);
    free(profile->code);
    free(profile);
}

static int has_call(const uint16_t *calls, size_t count, uint16_t call)
{
    for (size_t i = 0; i < count; i++) {
        if (calls[i] == call)
            return 1;
    }
    return 0;
}

/* What any profile of WORLD always allows. */
static size_t collect_always(struct profile *const profiles[], size_t count, enum profile_world world,
                             uint16_t calls[PROFILE_ALWAYS_MAX])
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; profiles[i]->world == world && k < profiles[i]->always_count; k++) {
            if (found < PROFILE_ALWAYS_MAX && !has_call(calls, found, profiles[i]->always[k]))
                calls[found++] = profiles[i]->always[k];
        }
    }
    return found;
}

size_t profile_hint(struct profile *const profiles[], size_t count, enum profile_world world,
                    struct sock_filter code[PROFILE_HINT_MAX])
{
    uint16_t calls[PROFILE_ALWAYS_MAX];
    size_t found = collect_always(profiles, count, world, calls), at = 0;

    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0,
                                              (uint8_t)(found + 1));
    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < found; i++)
        code[at++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], (uint8_t)(found - i), 0);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args));
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return at;
}
