/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-rpc.c: what one declaration of an interface gives: all kinds of arguments in all directions, errors,
 * extension, fingerprints, descriptor tables; and what becomes of requests and replies that are malformed.
 */
#include <os/signal.h>
#include <platform/platform.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

struct point {
    int16_t x, y;
    uint8_t tag; /* padding follows */
};

enum colour { RED = 1, GREEN = 1000 };

OS_CAP_TYPE(thing)

#define ARGS_RPC(FN, I)                                                                                      \
    FN(I, nothing)                                                                                           \
    FN(I, values, (in, uint8_t, a), (in, int64_t, b), (in, struct point, c), (in, enum colour, d),           \
       (in, double, e), (out, uint8_t, ra), (out, int64_t, rb), (out, struct point, rc),                     \
       (out, enum colour, rd), (out, double, re))                                                            \
    FN(I, add, (in, uint32_t, by), (inout, uint32_t, sum), (inout, struct point, at))                        \
    FN(I, str, (in, os_str(8), s), (out, os_str(16), twice))                                                 \
    FN(I, upper, (inout, os_str(8), s), (out, uint32_t, len))                                                \
    FN(I, buf, (in, os_buf(8), b), (out, os_buf(16), twice))                                                 \
    FN(I, reverse, (inout, os_buf(8), b))                                                                    \
    FN(I, caps, (in, os_cap(thing), a), (in, os_cap(args), b), (out, os_cap(args), rb),                      \
       (out, os_cap(thing), ra))                                                                             \
    FN(I, mixed, (in, os_str(8), s), (in, uint16_t, n), (in, os_cap(thing), c), (in, os_buf(8), b),          \
       (out, os_buf(8), rb), (out, os_cap(thing), rc), (out, uint16_t, rn), (out, os_str(8), rs))            \
    FN(I, most, (in, uint64_t, a0), (in, uint64_t, a1), (in, uint64_t, a2), (in, uint64_t, a3),              \
       (in, uint64_t, a4), (in, uint64_t, a5), (in, uint64_t, a6), (in, uint64_t, a7), (in, uint64_t, a8),   \
       (in, uint64_t, a9), (in, uint64_t, a10), (in, uint64_t, a11), (in, uint64_t, a12),                    \
       (in, uint64_t, a13), (in, uint64_t, a14), (out, uint64_t, sum))                                       \
    FN(I, large, (in, os_buf(OS_MSG_DATA), b), (out, os_buf(OS_MSG_DATA), back))                             \
    FN(I, large_str, (in, os_str(OS_MSG_DATA), s), (out, os_str(OS_MSG_DATA), back))                         \
    FN(I, many_caps, (in, os_cap(thing), c0), (in, os_cap(thing), c1), (in, os_cap(thing), c2),              \
       (in, os_cap(thing), c3), (in, os_cap(thing), c4), (in, os_cap(thing), c5), (in, os_cap(thing), c6),   \
       (in, os_cap(thing), c7), (out, uint32_t, valid))                                                      \
    FN(I, refuse, (in, int32_t, err), (out, uint32_t, n), (out, os_str(8), s), (out, os_buf(8), b),          \
       (out, os_cap(thing), c))                                                                              \
    FN(I, bad_reply, (in, uint32_t, how), (out, os_str(8), s), (out, os_buf(8), b))                          \
    FN(I, optional)

OS_RPC_INTERFACE(args, ARGS_RPC)

#define ARGS_ERRORS(E, I)                                                                                    \
    E(I, TIRED, "too tired")                                                                                 \
    E(I, BORED, "bored")
OS_RPC_ERRORS(args, ARGS_ERRORS)

/* More functions after those of args. */
#define MORE_RPC(FN, I)                                                                                      \
    FN(I, first, (out, uint32_t, n))                                                                         \
    FN(I, second, (in, os_cap(args), base), (out, uint32_t, same))
OS_RPC_EXTENDS(more, args, MORE_RPC)

#define EVEN_MORE_RPC(FN, I) FN(I, third, (out, uint32_t, n))
OS_RPC_EXTENDS(even_more, more, EVEN_MORE_RPC)

/* Another version of args: one type differs. */
#define OTHER_RPC(FN, I)                                                                                     \
    FN(I, nothing)                                                                                           \
    FN(I, value, (in, uint32_t, a))
OS_RPC_INTERFACE(other, OTHER_RPC)

static struct inproc_env env; /* server and client */
static struct os_object object;
static args_cap cap;
static unsigned served;

/* ---- the server */

static os_err serve_nothing(struct os_rpc *rpc)
{
    served++;
    return OS_OK;
}

static os_err serve_values(struct os_rpc *rpc, uint8_t a, int64_t b, struct point c, enum colour d, double e,
                           uint8_t *ra, int64_t *rb, struct point *rc, enum colour *rd, double *re)
{
    *ra = (uint8_t)(a + 1);
    *rb = -b;
    *rc = (struct point){ .x = c.y, .y = c.x, .tag = c.tag };
    *rd = d == RED ? GREEN : RED;
    *re = e / 2;
    return OS_OK;
}

static os_err serve_add(struct os_rpc *rpc, uint32_t by, uint32_t *sum, struct point *at)
{
    *sum += by;
    at->x++;
    return OS_OK;
}

static os_err serve_str(struct os_rpc *rpc, const char *s, char (*twice)[16])
{
    served++;
    strcpy(*twice, s);
    strcat(*twice, s);
    return OS_OK;
}

static os_err serve_upper(struct os_rpc *rpc, char (*s)[8], uint32_t *len)
{
    *len = (uint32_t)strlen(*s);
    for (char *at = *s; *at; at++)
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    return OS_OK;
}

static os_err serve_buf(struct os_rpc *rpc, const void *b, size_t b_len, uint8_t (*twice)[16],
                        size_t *twice_len)
{
    served++;
    memcpy(*twice, b, b_len);
    memcpy(*twice + b_len, b, b_len);
    *twice_len = 2 * b_len;
    return OS_OK;
}

static os_err serve_reverse(struct os_rpc *rpc, uint8_t (*b)[8], size_t *b_len)
{
    for (size_t i = 0; i < *b_len / 2; i++) {
        uint8_t byte = (*b)[i];
        (*b)[i] = (*b)[*b_len - 1 - i];
        (*b)[*b_len - 1 - i] = byte;
    }
    return OS_OK;
}

static os_err serve_caps(struct os_rpc *rpc, thing_cap a, args_cap b, args_cap *rb, thing_cap *ra)
{
    rb->cap = os_cap_copy(b.cap);
    ra->cap = os_cap_copy(a.cap);
    return OS_OK;
}

static os_err serve_mixed(struct os_rpc *rpc, const char *s, uint16_t n, thing_cap c, const void *b,
                          size_t b_len, uint8_t (*rb)[8], size_t *rb_len, thing_cap *rc, uint16_t *rn,
                          char (*rs)[8])
{
    memcpy(*rb, b, b_len);
    *rb_len = b_len;
    rc->cap = os_cap_copy(c.cap);
    *rn = n;
    strcpy(*rs, s);
    return OS_OK;
}

static os_err serve_most(struct os_rpc *rpc, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                         uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8, uint64_t a9, uint64_t a10,
                         uint64_t a11, uint64_t a12, uint64_t a13, uint64_t a14, uint64_t *sum)
{
    *sum =
        a0 +
        2 * (a1 +
             2 * (a2 +
                  2 * (a3 +
                       2 * (a4 +
                            2 * (a5 +
                                 2 * (a6 +
                                      2 * (a7 +
                                           2 * (a8 + 2 * (a9 + 2 * (a10 +
                                                                    2 * (a11 +
                                                                         2 * (a12 +
                                                                              2 * (a13 + 2 * a14)))))))))))));
    return OS_OK;
}

static os_err serve_large(struct os_rpc *rpc, const void *b, size_t b_len, uint8_t (*back)[OS_MSG_DATA],
                          size_t *back_len)
{
    memcpy(*back, b, b_len);
    *back_len = b_len;
    return OS_OK;
}

static os_err serve_large_str(struct os_rpc *rpc, const char *s, char (*back)[OS_MSG_DATA])
{
    strcpy(*back, s);
    return OS_OK;
}

static os_err serve_many_caps(struct os_rpc *rpc, thing_cap c0, thing_cap c1, thing_cap c2, thing_cap c3,
                              thing_cap c4, thing_cap c5, thing_cap c6, thing_cap c7, uint32_t *valid)
{
    *valid = !!c0.cap.id + !!c1.cap.id + !!c2.cap.id + !!c3.cap.id + !!c4.cap.id + !!c5.cap.id + !!c6.cap.id +
             !!c7.cap.id;
    return OS_OK;
}

/* Results are set all the same; none of them may arrive, and the capability must not leak. */
static os_err serve_refuse(struct os_rpc *rpc, int32_t err, uint32_t *n, char (*s)[8], uint8_t (*b)[8],
                           size_t *b_len, thing_cap *c)
{
    *n = 1;
    strcpy(*s, "set");
    *b_len = 8;
    return err;
}

static os_err serve_bad_reply(struct os_rpc *rpc, uint32_t how, char (*s)[8], uint8_t (*b)[8], size_t *b_len)
{
    if (how == 0)
        memset(*s, 'x', sizeof(*s)); /* no NUL */
    if (how == 1)
        *b_len = 9;
    return how == 2 ? OS_REPLY_LATER : OS_OK; /* without os_reply_keep */
}

static os_err serve_optional(struct os_rpc *rpc)
{
    return OS_OK;
}

static struct args_ops args_ops = {
    .nothing = serve_nothing,
    .values = serve_values,
    .add = serve_add,
    .str = serve_str,
    .upper = serve_upper,
    .buf = serve_buf,
    .reverse = serve_reverse,
    .caps = serve_caps,
    .mixed = serve_mixed,
    .most = serve_most,
    .large = serve_large,
    .large_str = serve_large_str,
    .many_caps = serve_many_caps,
    .refuse = serve_refuse,
    .bad_reply = serve_bad_reply,
    .optional = serve_optional,
};

static void setup(void)
{
    inproc_env_init(&env, "rpc");
    ck_ok(args_object_init(&object, env.env.ep, &args_ops, &cap));
    inproc_env_serve(&env);
}

static void teardown(void)
{
    os_cap_drop(cap.cap);
    os_object_fini(&object);
    ck_fini(&env);
    ck_assert_uint_eq(inproc_caps_in_use(), 0);
    ck_assert_uint_eq(inproc_objects_in_use(), 0);
}

/* A capability of some kind, the caller's. */
static struct os_signal_handler handler;
static void handle(struct os_signal_handler *of)
{
}
static thing_cap make_thing(void)
{
    os_signal_cap signal;
    ck_ok(os_signal_handler_init(&handler, env.env.ep, handle, &signal));
    return (thing_cap){ signal.cap };
}

/* ---- arguments */

START_TEST(values_both_ways)
{
    uint8_t ra;
    int64_t rb;
    struct point rc;
    enum colour rd;
    double re;
    ck_ok(
        args_values(cap, 255, INT64_MAX, (struct point){ -1, 32767, 9 }, RED, 3.0, &ra, &rb, &rc, &rd, &re));
    ck_assert_uint_eq(ra, 0);
    ck_assert_int_eq(rb, -INT64_MAX);
    ck_assert_int_eq(rc.x, 32767);
    ck_assert_int_eq(rc.y, -1);
    ck_assert_uint_eq(rc.tag, 9);
    ck_assert_int_eq(rd, GREEN);
    ck_assert(re == 1.5);
}
END_TEST

START_TEST(values_in_place)
{
    uint32_t sum = 40;
    struct point at = { 1, 2, 3 };
    ck_ok(args_add(cap, 2, &sum, &at));
    ck_assert_uint_eq(sum, 42);
    ck_assert_int_eq(at.x, 2);
    ck_assert_int_eq(at.y, 2);
}
END_TEST

START_TEST(strings)
{
    char twice[16], inout[8] = "aBc";
    uint32_t len;
    ck_ok(args_str(cap, "1234567", &twice));
    ck_assert_str_eq(twice, "12345671234567");
    ck_ok(args_str(cap, "", &twice));
    ck_assert_str_eq(twice, "");
    ck_ok(args_upper(cap, &inout, &len));
    ck_assert_str_eq(inout, "ABC");
    ck_assert_uint_eq(len, 3);
}
END_TEST

START_TEST(string_that_is_too_long_is_not_sent)
{
    char twice[16] = "same", inout[8];
    uint32_t len = 7;
    ck_err(args_str(cap, "12345678", &twice), OS_ERR_TOO_LARGE);
    ck_err(args_str(cap, NULL, &twice), OS_ERR_BAD_ARG);
    memset(inout, 'x', sizeof(inout));
    ck_err(args_upper(cap, &inout, &len), OS_ERR_TOO_LARGE);
    ck_assert_str_eq(twice, "same");
    ck_assert_uint_eq(len, 7);
    ck_assert_uint_eq(served, 0);
}
END_TEST

START_TEST(buffers)
{
    uint8_t twice[16], inout[8] = { 1, 2, 3 };
    size_t twice_len = 0, inout_len = 3;
    ck_ok(args_buf(cap,
                   "12\0"
                   "45678",
                   8, &twice, &twice_len));
    ck_assert_uint_eq(twice_len, 16);
    ck_assert_mem_eq(twice,
                     "12\0"
                     "4567812\0"
                     "45678",
                     16);
    ck_ok(args_buf(cap, NULL, 0, &twice, &twice_len));
    ck_assert_uint_eq(twice_len, 0);
    ck_ok(args_reverse(cap, &inout, &inout_len));
    ck_assert_uint_eq(inout_len, 3);
    ck_assert_mem_eq(inout, "\3\2\1", 3);
}
END_TEST

START_TEST(buffer_that_is_too_long_is_not_sent)
{
    uint8_t twice[16], inout[8];
    size_t twice_len = 7, inout_len = 9;
    ck_err(args_buf(cap, "123456789", 9, &twice, &twice_len), OS_ERR_TOO_LARGE);
    ck_err(args_buf(cap, "1", SIZE_MAX, &twice, &twice_len), OS_ERR_TOO_LARGE);
    ck_err(args_buf(cap, NULL, 1, &twice, &twice_len), OS_ERR_BAD_ARG);
    ck_err(args_reverse(cap, &inout, &inout_len), OS_ERR_TOO_LARGE);
    ck_assert_uint_eq(twice_len, 7);
    ck_assert_uint_eq(served, 0);
}
END_TEST

START_TEST(capabilities)
{
    thing_cap thing = make_thing(), ra;
    args_cap rb;
    uint32_t before = inproc_caps_in_use();
    ck_ok(args_caps(cap, thing, cap, &rb, &ra));
    ck_assert_uint_eq(ra.cap.id, thing.cap.id);
    ck_assert_uint_eq(rb.cap.id, cap.cap.id);
    ck_assert_uint_eq(inproc_caps_in_use(), before + 2);
    ck_ok(args_nothing(rb));
    os_cap_drop(ra.cap);
    os_cap_drop(rb.cap);
    /* none is a capability too */
    ck_ok(args_caps(cap, (thing_cap){ OS_NO_CAP }, (args_cap){ OS_NO_CAP }, &rb, &ra));
    ck_assert_uint_eq(ra.cap.id, 0);
    ck_assert_uint_eq(rb.cap.id, 0);
    os_cap_drop(thing.cap);
    os_signal_handler_fini(&handler);
}
END_TEST

START_TEST(mixed_arguments_keep_their_places)
{
    thing_cap thing = make_thing(), rc = { OS_NO_CAP };
    uint8_t rb[8];
    size_t rb_len = 0;
    uint16_t rn = 0;
    char rs[8];
    ck_ok(args_mixed(cap, "abc", 513, thing, "xy", 2, &rb, &rb_len, &rc, &rn, &rs));
    ck_assert_uint_eq(rb_len, 2);
    ck_assert_mem_eq(rb, "xy", 2);
    ck_assert_uint_eq(rc.cap.id, thing.cap.id);
    ck_assert_uint_eq(rn, 513);
    ck_assert_str_eq(rs, "abc");
    os_cap_drop(rc.cap);
    os_cap_drop(thing.cap);
    os_signal_handler_fini(&handler);
}
END_TEST

START_TEST(sixteen_arguments)
{
    uint64_t sum;
    ck_ok(args_most(cap, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, &sum));
    ck_assert_uint_eq(sum, 32767);
    ck_ok(args_most(cap, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, &sum));
    ck_assert_uint_eq(sum, 16384);
}
END_TEST

START_TEST(largest_message)
{
    uint8_t out[OS_MSG_DATA], back[OS_MSG_DATA];
    char text[OS_MSG_DATA], text_back[OS_MSG_DATA];
    size_t len = 0;
    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)(i * 7);
    ck_ok(args_large(cap, out, sizeof(out), &back, &len));
    ck_assert_uint_eq(len, sizeof(out));
    ck_assert_mem_eq(back, out, sizeof(out));
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    ck_ok(args_large_str(cap, text, &text_back));
    ck_assert_str_eq(text_back, text);
}
END_TEST

START_TEST(eight_capabilities)
{
    thing_cap t = make_thing(), none = { OS_NO_CAP };
    uint32_t valid;
    ck_ok(args_many_caps(cap, t, t, t, t, t, t, t, t, &valid));
    ck_assert_uint_eq(valid, 8);
    ck_ok(args_many_caps(cap, t, none, t, none, t, none, t, none, &valid));
    ck_assert_uint_eq(valid, 4);
    os_cap_drop(t.cap);
    os_signal_handler_fini(&handler);
}
END_TEST

/* ---- errors */

START_TEST(nothing_is_written_on_failure)
{
    uint32_t n = 5;
    char s[8] = "same";
    uint8_t b[8] = { 1 };
    size_t b_len = 6;
    thing_cap c = { { 77 } };
    ck_err(args_refuse(cap, OS_ERR_BUSY, &n, &s, &b, &b_len, &c), OS_ERR_BUSY);
    ck_assert_uint_eq(n, 5);
    ck_assert_str_eq(s, "same");
    ck_assert_uint_eq(b_len, 6);
    ck_assert_uint_eq(c.cap.id, 77);
}
END_TEST

START_TEST(own_errors)
{
    uint32_t n;
    char s[8];
    uint8_t b[8];
    size_t b_len;
    thing_cap c;
    ck_assert_int_eq(args_ERR_TIRED, OS_ERR_INTERFACE);
    ck_err(args_refuse(cap, args_ERR_BORED, &n, &s, &b, &b_len, &c), args_ERR_BORED);
    ck_assert_str_eq(args_err_text(args_ERR_BORED), "bored");
    ck_assert_str_eq(args_err_text(OS_ERR_BUSY), os_err_text(OS_ERR_BUSY));
    ck_assert_str_eq(os_err_text(args_ERR_BORED), "error of the interface");
}
END_TEST

START_TEST(error_that_is_none_becomes_one)
{
    static const os_err none[] = { OS_ERR_LAST + 1, 255, 512, -1, -2, INT32_MIN, INT32_MAX };
    for (size_t i = 0; i < OS_ARRAY_LEN(none); i++) {
        uint32_t n = 5;
        char s[8];
        uint8_t b[8];
        size_t b_len;
        thing_cap c;
        os_err err = args_refuse(cap, none[i], &n, &s, &b, &b_len, &c);
        ck_assert_msg(err == OS_ERR_BAD_MSG || (none[i] == -1 && err == OS_ERR_UNSUPPORTED), "%d gives %d",
                      (int)none[i], (int)err);
        ck_assert_uint_eq(n, 5);
    }
}
END_TEST

START_TEST(server_that_breaks_the_rules)
{
    char s[8] = "same";
    uint8_t b[8];
    size_t b_len = 7;
    ck_err(args_bad_reply(cap, 0, &s, &b, &b_len), OS_ERR_TOO_LARGE);
    ck_err(args_bad_reply(cap, 1, &s, &b, &b_len), OS_ERR_TOO_LARGE);
    ck_err(args_bad_reply(cap, 2, &s, &b, &b_len), OS_ERR_UNSUPPORTED);
    ck_assert_str_eq(s, "same");
    ck_assert_uint_eq(b_len, 7);
    ck_ok(args_bad_reply(cap, 3, &s, &b, &b_len));
}
END_TEST

START_TEST(no_capability)
{
    ck_err(args_nothing((args_cap){ OS_NO_CAP }), OS_ERR_BAD_CAP);
    ck_err(args_nothing((args_cap){ { 4711 } }), OS_ERR_BAD_CAP);
    thing_cap thing = make_thing();
    ck_err(args_nothing((args_cap){ thing.cap }), OS_ERR_BAD_CAP); /* a signal */
    os_cap_drop(thing.cap);
    os_signal_handler_fini(&handler);
}
END_TEST

/* ---- extension */

static os_err serve_first(struct os_rpc *rpc, uint32_t *n)
{
    *n = 1;
    return OS_OK;
}

static os_err serve_second(struct os_rpc *rpc, args_cap base, uint32_t *same)
{
    *same = os_object_of(rpc->object->ep, base.cap, &args_interface) == rpc->object;
    return OS_OK;
}

static os_err serve_third(struct os_rpc *rpc, uint32_t *n)
{
    *n = 3;
    return OS_OK;
}

START_TEST(extended_interface_has_all_functions)
{
    struct even_more_ops ops = { .base = { .base = args_ops, .first = serve_first, .second = serve_second },
                                 .third = serve_third };
    struct os_object extended;
    even_more_cap all;
    uint32_t n = 0;
    ck_ok(even_more_object_init(&extended, env.env.ep, &ops, &all));
    more_cap more = even_more_as_more(all);
    args_cap base = more_as_args(more);
    ck_assert_uint_eq(base.cap.id, all.cap.id);
    ck_ok(args_nothing(base));
    ck_ok(more_first(more, &n));
    ck_assert_uint_eq(n, 1);
    ck_ok(even_more_third(all, &n));
    ck_assert_uint_eq(n, 3);
    ck_ok(more_second(more, base, &n));
    ck_assert_uint_eq(n, 1);
    ck_ok(more_second(more, cap, &n)); /* another object */
    ck_assert_uint_eq(n, 0);
    os_cap_drop(all.cap);
    os_object_fini(&extended);
}
END_TEST

START_TEST(base_is_no_extension)
{
    uint32_t n = 7;
    ck_err(more_first((more_cap){ cap.cap }, &n), OS_ERR_WRONG_KIND);
    ck_assert_uint_eq(n, 7);
    ck_assert_ptr_null(os_object_of(env.env.ep, cap.cap, &more_interface));
    ck_assert_ptr_eq(os_object_of(env.env.ep, cap.cap, &args_interface), &object);
}
END_TEST

/* ---- kinds, fingerprints, tables */

START_TEST(wrong_kind_is_named)
{
    ck_err(other_nothing((other_cap){ cap.cap }), OS_ERR_WRONG_KIND);
    ck_err(other_value((other_cap){ cap.cap }, 1), OS_ERR_WRONG_KIND);
    ck_assert_uint_eq(served, 0);
    ck_ok(args_nothing(cap));
}
END_TEST

/* Copies of a small interface that each differ in one thing. */
#define VERSION(name, ...)                                                                                   \
    static const struct os_rpc_arg name##_args[] = { __VA_ARGS__ };                                          \
    static const struct os_rpc_function name##_functions[] = { { "f", name##_args,                           \
                                                                 OS_ARRAY_LEN(name##_args) } };              \
    static _Atomic uint32_t name##_cache[2];                                                                 \
    static const struct os_rpc_interface name = { "i", NULL, name##_functions, 1, 0, name##_cache };
VERSION(same1, { "a", "uint32_t", OS_RPC_IN, OS_RPC_VAL, 4 }, { "b", "os_str(8)", OS_RPC_OUT, OS_RPC_STR, 8 })
VERSION(same2, { "a", "uint32_t", OS_RPC_IN, OS_RPC_VAL, 4 }, { "b", "os_str(8)", OS_RPC_OUT, OS_RPC_STR, 8 })
VERSION(type, { "a", "int32_t", OS_RPC_IN, OS_RPC_VAL, 4 }, { "b", "os_str(8)", OS_RPC_OUT, OS_RPC_STR, 8 })
VERSION(size, { "a", "uint32_t", OS_RPC_IN, OS_RPC_VAL, 8 }, { "b", "os_str(8)", OS_RPC_OUT, OS_RPC_STR, 8 })
VERSION(name, { "x", "uint32_t", OS_RPC_IN, OS_RPC_VAL, 4 }, { "b", "os_str(8)", OS_RPC_OUT, OS_RPC_STR, 8 })
VERSION(direction, { "a", "uint32_t", OS_RPC_OUT, OS_RPC_VAL, 4 },
        { "b", "os_str(8)", OS_RPC_OUT, OS_RPC_STR, 8 })
VERSION(order, { "b", "os_str(8)", OS_RPC_OUT, OS_RPC_STR, 8 }, { "a", "uint32_t", OS_RPC_IN, OS_RPC_VAL, 4 })
VERSION(fewer, { "a", "uint32_t", OS_RPC_IN, OS_RPC_VAL, 4 })

START_TEST(fingerprints_tell_versions_apart)
{
    static const struct os_rpc_interface *const all[] = {
        &same1,          &type,  &size,           &name,           &direction,
        &order,          &fewer, &args_interface, &more_interface, &even_more_interface,
        &other_interface
    };
    ck_assert(os_rpc_fingerprint(&same1) == os_rpc_fingerprint(&same2));
    for (size_t i = 0; i < OS_ARRAY_LEN(all); i++) {
        ck_assert(os_rpc_fingerprint(all[i]) != 0);
        ck_assert(os_rpc_fingerprint(all[i]) == os_rpc_fingerprint(all[i]));
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(os_rpc_fingerprint(all[i]) != os_rpc_fingerprint(all[k]), "%zu and %zu", i, k);
    }
}
END_TEST

START_TEST(tables_describe_the_interface)
{
    const struct os_rpc_function *f = os_rpc_function(&args_interface, args_op_mixed);
    ck_assert_str_eq(args_interface.name, "args");
    ck_assert_str_eq(f->name, "mixed");
    ck_assert_uint_eq(f->nargs, 8);
    ck_assert_str_eq(f->args[0].type, "os_str(8)");
    ck_assert_uint_eq(f->args[0].kind, OS_RPC_STR);
    ck_assert_uint_eq(f->args[0].size, 8);
    ck_assert_uint_eq(f->args[2].kind, OS_RPC_CAP);
    ck_assert_uint_eq(f->args[4].direction, OS_RPC_OUT);
    ck_assert_uint_eq(os_rpc_function(&args_interface, args_op_add)->args[1].direction, OS_RPC_INOUT);
    ck_assert_uint_eq(os_rpc_function(&args_interface, args_op_nothing)->nargs, 0);
    ck_assert_ptr_null(os_rpc_function(&args_interface, args_ops_end_));
    ck_assert_ptr_null(os_rpc_function(&args_interface, UINT32_MAX));
    ck_assert_str_eq(os_rpc_function(&even_more_interface, even_more_op_third)->name, "third");
    ck_assert_str_eq(os_rpc_function(&even_more_interface, more_op_first)->name, "first");
    ck_assert_str_eq(os_rpc_function(&even_more_interface, 0)->name, "nothing");
    ck_assert_ptr_null(os_rpc_function(&even_more_interface, even_more_ops_end_));
}
END_TEST

START_TEST(missing_operation_is_refused_at_run_time)
{
    args_ops.optional = NULL; /* behind the compiler's back */
    ck_err(args_optional(cap), OS_ERR_NO_OP);
    args_ops.optional = serve_optional;
    ck_ok(args_optional(cap));
}
END_TEST

/* ---- requests as a hostile client makes them */

static os_err send_raw(struct os_msg *msg, uint32_t op)
{
    msg->fingerprint = os_rpc_fingerprint(&args_interface);
    msg->op = op;
    os_err err = plat_call(cap.cap, msg, OS_NEVER);
    if (err)
        return err;
    os_msg_drop_caps(msg);
    return msg->err;
}

static void put_u64(struct os_msg *msg, uint64_t value)
{
    memcpy(msg->data + msg->len, &value, sizeof(value));
    msg->len = (uint16_t)(msg->len + sizeof(value));
}

START_TEST(unknown_operation)
{
    struct os_msg msg = { 0 };
    ck_err(send_raw(&msg, args_ops_end_), OS_ERR_NO_OP);
    msg = (struct os_msg){ 0 };
    ck_err(send_raw(&msg, UINT32_MAX), OS_ERR_NO_OP);
    msg = (struct os_msg){ 0 };
    ck_ok(send_raw(&msg, args_op_nothing));
}
END_TEST

START_TEST(message_too_short_or_too_long)
{
    for (uint16_t len = 0; len <= 64; len++) {
        struct os_msg msg = { .len = len };
        ck_err(send_raw(&msg, args_op_add), len == 24 ? OS_OK : OS_ERR_BAD_MSG);
    }
    struct os_msg msg = { .len = OS_MSG_BYTES };
    ck_err(send_raw(&msg, args_op_nothing), OS_ERR_BAD_MSG);
    ck_assert_uint_eq(served, 0);
}
END_TEST

START_TEST(string_without_end)
{
    struct os_msg msg = { 0 };
    put_u64(&msg, 7);
    put_u64(&msg, UINT64_C(0x4141414141414141));
    ck_err(send_raw(&msg, args_op_str), OS_ERR_BAD_MSG);
    ck_assert_uint_eq(served, 0);
}
END_TEST

START_TEST(string_with_a_nul_inside)
{
    struct os_msg msg = { 0 };
    put_u64(&msg, 7);
    put_u64(&msg, UINT64_C(0x0041410041414141));
    ck_err(send_raw(&msg, args_op_str), OS_ERR_BAD_MSG);
    ck_assert_uint_eq(served, 0);
}
END_TEST

START_TEST(lengths_that_lie)
{
    static const uint64_t lengths[] = {
        8, 9, 4095, UINT16_MAX, UINT32_MAX, UINT64_MAX - 7, UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 32
    };
    for (size_t i = 0; i < OS_ARRAY_LEN(lengths); i++) {
        struct os_msg msg = { 0 };
        put_u64(&msg, lengths[i]);
        put_u64(&msg, 0);
        ck_err(send_raw(&msg, args_op_str), OS_ERR_BAD_MSG);
        msg = (struct os_msg){ 0 };
        put_u64(&msg, lengths[i]);
        put_u64(&msg, 0);
        ck_err(send_raw(&msg, args_op_buf), lengths[i] == 8 ? OS_OK : OS_ERR_BAD_MSG);
    }
    struct os_msg msg = { 0 };
    put_u64(&msg, 5); /* and nothing follows */
    ck_err(send_raw(&msg, args_op_buf), OS_ERR_BAD_MSG);
    ck_assert_uint_eq(served, 1);
}
END_TEST

START_TEST(capabilities_too_few_or_too_many)
{
    thing_cap thing = make_thing();
    for (uint16_t n = 0; n <= OS_MSG_CAPS; n++) {
        struct os_msg msg = { .ncaps = n };
        for (uint16_t i = 0; i < n; i++)
            msg.caps[i] = thing.cap;
        ck_err(send_raw(&msg, args_op_caps), n == 2 ? OS_OK : OS_ERR_BAD_MSG);
    }
    struct os_msg msg = { .ncaps = 1, .caps = { thing.cap } };
    ck_err(send_raw(&msg, args_op_nothing), OS_ERR_BAD_MSG);
    os_cap_drop(thing.cap);
    os_signal_handler_fini(&handler);
}
END_TEST

/* Any bytes: an answer comes, nothing breaks (sanitizers look), and no capability is lost. */
START_TEST(noise)
{
    thing_cap thing = make_thing();
    uint32_t before = inproc_caps_in_use();
    srand(20110501);
    for (int round = 0; round < 3000; round++) {
        struct os_msg msg = { .len = (uint16_t)(rand() % 96),
                              .ncaps = (uint16_t)(rand() % (OS_MSG_CAPS + 1)) };
        for (size_t i = 0; i < msg.len; i++)
            msg.data[i] = (uint8_t)(rand() % 3 ? 0 : rand() % 4 ? rand() % 16 : rand());
        for (size_t i = 0; i < msg.ncaps; i++)
            msg.caps[i] = thing.cap;
        (void)!send_raw(&msg, (uint32_t)rand() % (args_ops_end_ + 1));
        ck_assert_uint_eq(inproc_caps_in_use(), before);
    }
    ck_ok(args_nothing(cap));
    os_cap_drop(thing.cap);
    os_signal_handler_fini(&handler);
}
END_TEST

/* ---- replies as a hostile server makes them */

static struct os_msg forged; /* what the server below answers */

static os_err forge(const void *ops, struct os_rpc *rpc)
{
    os_err err = forged.err;
    os_msg_drop_caps(rpc->msg);
    rpc->msg->len = forged.len;
    rpc->msg->ncaps = forged.ncaps;
    for (uint32_t i = 0; i < forged.ncaps; i++)
        rpc->msg->caps[i] = os_cap_copy(forged.caps[i]);
    memcpy(rpc->msg->data, forged.data, forged.len);
    return err;
}

START_TEST(malformed_reply_is_an_error_and_writes_nothing)
{
    struct os_object liar;
    args_cap to_liar;
    char twice[16] = "same";
    uint32_t sum = 7;
    struct point at = { 0, 0, 0 };
    ck_ok(os_rpc_object_init(&liar, env.env.ep, &args_interface, NULL, forge, &to_liar.cap));
    uint32_t before = inproc_caps_in_use();

    forged = (struct os_msg){ 0 };
    ck_err(args_str(to_liar, "a", &twice), OS_ERR_BAD_MSG); /* nothing in it */
    put_u64(&forged, 16);                                   /* one more than there is room for */
    put_u64(&forged, 0);
    put_u64(&forged, 0);
    put_u64(&forged, 0);
    ck_err(args_str(to_liar, "a", &twice), OS_ERR_BAD_MSG);
    forged = (struct os_msg){ 0 };
    put_u64(&forged, 2);
    put_u64(&forged, UINT64_C(0x4141414141414141)); /* no NUL after two */
    ck_err(args_str(to_liar, "a", &twice), OS_ERR_BAD_MSG);
    forged = (struct os_msg){ .len = 24 };
    ck_err(args_add(to_liar, 1, &sum, &at), OS_ERR_BAD_MSG); /* 8 bytes too many */
    forged = (struct os_msg){ .ncaps = 2, .caps = { cap.cap, cap.cap } };
    ck_err(args_nothing(to_liar), OS_ERR_BAD_MSG); /* capabilities that nobody wants */

    ck_assert_str_eq(twice, "same");
    ck_assert_uint_eq(sum, 7);
    ck_assert_uint_eq(inproc_caps_in_use(), before);
    os_cap_drop(to_liar.cap);
    os_object_fini(&liar);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, values_both_ways);
    tcase_add_test(tcase, values_in_place);
    tcase_add_test(tcase, strings);
    tcase_add_test(tcase, string_that_is_too_long_is_not_sent);
    tcase_add_test(tcase, buffers);
    tcase_add_test(tcase, buffer_that_is_too_long_is_not_sent);
    tcase_add_test(tcase, capabilities);
    tcase_add_test(tcase, mixed_arguments_keep_their_places);
    tcase_add_test(tcase, sixteen_arguments);
    tcase_add_test(tcase, largest_message);
    tcase_add_test(tcase, eight_capabilities);
    tcase_add_test(tcase, nothing_is_written_on_failure);
    tcase_add_test(tcase, own_errors);
    tcase_add_test(tcase, error_that_is_none_becomes_one);
    tcase_add_test(tcase, server_that_breaks_the_rules);
    tcase_add_test(tcase, no_capability);
    tcase_add_test(tcase, extended_interface_has_all_functions);
    tcase_add_test(tcase, base_is_no_extension);
    tcase_add_test(tcase, wrong_kind_is_named);
    tcase_add_test(tcase, fingerprints_tell_versions_apart);
    tcase_add_test(tcase, tables_describe_the_interface);
    tcase_add_test(tcase, missing_operation_is_refused_at_run_time);
    tcase_add_test(tcase, unknown_operation);
    tcase_add_test(tcase, message_too_short_or_too_long);
    tcase_add_test(tcase, string_without_end);
    tcase_add_test(tcase, string_with_a_nul_inside);
    tcase_add_test(tcase, lengths_that_lie);
    tcase_add_test(tcase, capabilities_too_few_or_too_many);
    tcase_add_test(tcase, noise);
    tcase_add_test(tcase, malformed_reply_is_an_error_and_writes_nothing);
}

int main(void)
{
    return suite_run_case("rpc", add);
}
