/* SPDX-License-Identifier: BSD-2-Clause */
/* test_profile.c: the linter of the profiles, and what the reader of profiles refuses. */
#include "sandbox.h"

#include <string.h>

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

Suite *profile_suite(void)
{
    Suite *suite = suite_create("profiles");
    TCase *lint = tcase_create("lint"), *reader = tcase_create("reader");

    tcase_add_test(lint, all_profiles_compile);
    tcase_add_test(lint, strict_is_small);
    tcase_add_test(lint, no_profile_allows_tricks_on_shared_sockets);
    suite_add_tcase(suite, lint);
    tcase_add_test(reader, errors_name_file_and_line);
    tcase_add_test(reader, directives_are_kept);
    suite_add_tcase(suite, reader);
    return suite;
}
