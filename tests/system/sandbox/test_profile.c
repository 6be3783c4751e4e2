/* SPDX-License-Identifier: BSD-2-Clause */
/* test_profile.c: the linter of the profiles, and what the reader of profiles refuses. */
#include "sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "profile.h"

#define NEEDED                                                                                               \
    "sendmsg # hand-over\n"                                                                                  \
    "execveat arg0==1000 # start\n"                                                                          \
    "exit_group # end\n"

static void expect_error(const char *text, const char *expected)
{
    struct profile_text texts[] = { { "given", text } };
    struct profile *profile = NULL;
    char error[256] = "";

    ck_assert_int_eq(profile_create(texts, 1, "given", &profile, error, sizeof error), OS_ERR_BAD_ARG);
    ck_assert_ptr_null(profile);
    ck_assert_str_eq(error, expected);
}

START_TEST(all_profiles_compile)
{
    for (size_t i = 0; i < profile_text_count; i++) {
        struct profile *profile;
        char error[256] = "";

        ck_assert_msg(profile_create(profile_texts, profile_text_count, profile_texts[i].name, &profile,
                                     error, sizeof error) == OS_OK,
                      "%s", error);
        ck_assert_uint_gt(profile->code_len, 0);
        profile_destroy(profile);
    }
}
END_TEST

START_TEST(strict_is_small)
{
    struct profile *profile;
    char error[256];

    ck_assert_int_eq(
        profile_create(profile_texts, profile_text_count, "strict", &profile, error, sizeof error), OS_OK);
    ck_assert_uint_le(profile->allowed, 30);
    ck_assert_int_eq(profile->world, WORLD_EMPTY);
    profile_destroy(profile);
}
END_TEST

START_TEST(no_profile_allows_tricks_on_shared_sockets)
{
    static const char *const never[] = { "\nshutdown ", "\nsetsockopt ", "\nsocketpair ", "\ndup ",
                                         "\ndup2 ",     "\npipe ",       "\nioctl " };

    for (size_t i = 0; i < profile_text_count; i++) {
        for (size_t j = 0; j < OS_ARRAY_LEN(never); j++) {
            const char *line = strstr(profile_texts[i].text, never[j]);

            ck_assert_msg(!line || line[strlen(never[j])] == '=', "%s allows %s", profile_texts[i].name,
                          never[j]);
        }
    }
}
END_TEST

/* What a filter says to a call, as far as libseccomp and profile_hint use the instructions. */
static uint32_t run_filter(const struct sock_filter *code, size_t len, const struct seccomp_data *data)
{
    uint32_t value = 0;

    for (size_t at = 0; at < len; at++) {
        const struct sock_filter *in = &code[at];

        switch (in->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&value, (const char *)data + in->k, sizeof value);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            value &= in->k;
            break;
        case BPF_JMP | BPF_JA:
            at += in->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += value == in->k ? in->jt : in->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            at += value > in->k ? in->jt : in->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            at += value >= in->k ? in->jt : in->jf;
            break;
        case BPF_RET | BPF_K:
            return in->k;
        default:
            ck_abort_msg("unknown instruction %#x", in->code);
        }
    }
    ck_abort_msg("no end");
    return 0;
}

static uint32_t verdict(const struct profile *profile, int nr, uint64_t arg0, uint64_t arg1)
{
    struct seccomp_data data = { .nr = nr, .arch = seccomp_arch_native(), .args = { arg0, arg1 } };

    return run_filter(profile->code, profile->code_len, &data);
}

/* Drivers of the host's network get their sockets from core, which looks at where they lead. */
START_TEST(the_network_profile_gets_no_socket)
{
    static const int never[] = { SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen) };
    struct profile *profile;
    char error[256];

    ck_assert_int_eq(
        profile_create(profile_texts, profile_text_count, "network", &profile, error, sizeof error), OS_OK);
    ck_assert_int_eq(profile->world, WORLD_USR);
    ck_assert_int_eq(profile->x11 + profile->wayland, 0);
    for (size_t i = 0; i < OS_ARRAY_LEN(never); i++) {
        struct seccomp_data call = { .nr = never[i], .arch = seccomp_arch_native(), .args = { AF_INET } };

        ck_assert_uint_eq(run_filter(profile->code, profile->code_len, &call), SECCOMP_RET_USER_NOTIF);
    }
    profile_destroy(profile);
}
END_TEST

START_TEST(errors_name_file_and_line)
{
    expect_error(NEEDED "\nnonsense # why\n", "given:5: 'nonsense' is no system call");
    expect_error("read\n", "given:1: 'read' has no reason, as '# why it is needed'");
    expect_error("read arg1=0 # why\n", "given:1: 'arg1=0' is no condition, as arg1==0 or arg1&MASK==0");
    expect_error("read arg6==0 # why\n", "given:1: 'arg6==0' is no condition, as arg1==0 or arg1&MASK==0");
    expect_error("read arg1==MAP_NOTHING # why\n",
                 "given:1: 'MAP_NOTHING' is no number and no known constant");
    expect_error("read = EWHAT # why\n", "given:1: 'EWHAT' is not one of ENOSYS, ENOENT, EPERM, EACCES");
    expect_error("world: full\n", "given:1: 'world: full' is no directive");
    expect_error("space: 3X\n", "given:1: '3X' is no size, as 64K or 16M");
    expect_error("include: other\n", "given:1: no profile 'other' to include");
    expect_error("include: given\n", "given:1: no profile 'given' to include");
    expect_error("read # why\n", "given: 'sendmsg' is missing, a component cannot start without it");
}
END_TEST

START_TEST(directives_are_kept)
{
    struct profile_text texts[] = { { "base", NEEDED "stack: 64K\nenv: HOME\n" },
                                    { "more", "include: base\nworld: usr\nspace: 2M\nsocket: x11\n"
                                              "read # why\nread arg1==0 # why\nopen = ENOENT # why\n" } };
    struct profile *profile;
    char error[256];

    ck_assert_int_eq(profile_create(texts, 2, "more", &profile, error, sizeof error), OS_OK);
    ck_assert_uint_eq(profile->stack, OS_KIB(64));
    ck_assert_uint_eq(profile->space, OS_MIB(2));
    ck_assert_int_eq(profile->world, WORLD_USR);
    ck_assert_int_eq(profile->x11, 1);
    ck_assert_str_eq(profile->env[0], "HOME");
    ck_assert_ptr_null(profile->env[1]);
    ck_assert_uint_eq(profile->allowed, 4);
    profile_destroy(profile);
}
END_TEST

START_TEST(conditions_hold_in_the_shortened_filter)
{
    const uint64_t upper = UINT64_C(7) << 32;
    struct profile_text texts[] = { { "given", NEEDED "read # why\n"
                                                      "fcntl arg1&0xffffffff==3 # why\n"
                                                      "fcntl arg1&0xffffffff==5 arg0==9 # why\n"
                                                      "mmap arg0==0 arg1&0xffffffff==2 # why\n"
                                                      "lseek arg0&0xff00000000==0x100000000 # why\n"
                                                      "open = ENOENT # why\n" } };
    struct profile *profile;
    char error[256];

    ck_assert_int_eq(profile_create(texts, 1, "given", &profile, error, sizeof error), OS_OK);
    ck_assert_uint_eq(verdict(profile, SYS_read, 1, 2), SECCOMP_RET_ALLOW);
    ck_assert_uint_eq(verdict(profile, SYS_write, 1, 2), SECCOMP_RET_USER_NOTIF);
    ck_assert_uint_eq(verdict(profile, SYS_open, 1, 2), SECCOMP_RET_ERRNO | ENOENT);
    for (int high = 0; high < 2; high++) {
        uint64_t plus = high ? upper : 0;

        ck_assert_uint_eq(verdict(profile, SYS_fcntl, 1, plus | 3), SECCOMP_RET_ALLOW);
        ck_assert_uint_eq(verdict(profile, SYS_fcntl, 9, plus | 5), SECCOMP_RET_ALLOW);
        ck_assert_uint_eq(verdict(profile, SYS_fcntl, 8, plus | 5), SECCOMP_RET_USER_NOTIF);
        ck_assert_uint_eq(verdict(profile, SYS_fcntl, upper | 9, plus | 5), SECCOMP_RET_USER_NOTIF);
        ck_assert_uint_eq(verdict(profile, SYS_fcntl, 9, plus | 4), SECCOMP_RET_USER_NOTIF);
        ck_assert_uint_eq(verdict(profile, SYS_mmap, 0, plus | 2), SECCOMP_RET_ALLOW);
        ck_assert_uint_eq(verdict(profile, SYS_mmap, upper, plus | 2), SECCOMP_RET_USER_NOTIF);
        ck_assert_uint_eq(verdict(profile, SYS_mmap, 0, plus | 3), SECCOMP_RET_USER_NOTIF);
    }
    ck_assert_uint_eq(verdict(profile, SYS_lseek, UINT64_C(0x100000007), 0), SECCOMP_RET_ALLOW);
    ck_assert_uint_eq(verdict(profile, SYS_lseek, 7, 0), SECCOMP_RET_USER_NOTIF);
    profile_destroy(profile);
}
END_TEST

START_TEST(hint_allows_everything)
{
    struct profile *profile;
    struct sock_filter code[PROFILE_HINT_MAX];
    char error[256];

    ck_assert_int_eq(
        profile_create(profile_texts, profile_text_count, "strict", &profile, error, sizeof error), OS_OK);
    size_t len = profile_hint(&profile, 1, WORLD_EMPTY, code);
    ck_assert_uint_gt(profile->always_count, 10);
    ck_assert_uint_eq(len, profile->always_count + 5);
    for (int nr = 0; nr < 600; nr++) {
        struct seccomp_data data = { .nr = nr, .arch = seccomp_arch_native() }, other = { .nr = nr };

        ck_assert_uint_eq(run_filter(code, len, &data), SECCOMP_RET_ALLOW);
        ck_assert_uint_eq(run_filter(code, len, &other), SECCOMP_RET_ALLOW);
    }
    ck_assert_uint_eq(profile_hint(&profile, 1, WORLD_USR, code), 5);
    profile_destroy(profile);
}
END_TEST

Suite *profile_suite(void)
{
    Suite *suite = suite_create("profiles");
    TCase *lint = tcase_create("lint"), *reader = tcase_create("reader");

    tcase_add_test(lint, all_profiles_compile);
    tcase_add_test(lint, strict_is_small);
    tcase_add_test(lint, no_profile_allows_tricks_on_shared_sockets);
    suite_add_tcase(suite, lint);
    tcase_add_test(reader, the_network_profile_gets_no_socket);
    tcase_add_test(reader, errors_name_file_and_line);
    tcase_add_test(reader, directives_are_kept);
    tcase_add_test(reader, conditions_hold_in_the_shortened_filter);
    tcase_add_test(reader, hint_allows_everything);
    suite_add_tcase(suite, reader);
    return suite;
}
