/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.h: what the parts of mocks know of each other: decoded arguments, expectations, calls that came. */
#ifndef INPROC_MOCK_INTERNAL_H
#define INPROC_MOCK_INTERNAL_H

#include <inproc/mock.h>

/* One argument out of a message. */
struct mock_value {
    const void *data; /* of values, texts (without the NUL) and buffers */
    size_t len;
    struct os_cap cap;
};

/* What is expected of one argument; DATA is owned. */
struct mock_wanted {
    int said;
    void *data;
    size_t len;
    struct os_cap cap;
};

enum mock_answer { MOCK_DEFAULT, MOCK_ERROR, MOCK_MESSAGE, MOCK_LATER };

struct inproc_expect {
    struct os_list link;
    struct inproc_mock *mock;
    const struct os_rpc_function *function;
    uint32_t op;
    struct mock_wanted wanted[OS_MSG_ARGS]; /* by number of the argument */
    uint32_t min, max, calls;
    uint32_t beyond;                   /* calls with these arguments when there were max already */
    const struct inproc_expect *after; /* or NULL */
    enum mock_answer how;
    os_err err;
    struct os_msg answer; /* its capabilities are owned */
};

/* A call that came. */
struct mock_call {
    struct os_list link;
    const struct os_rpc_function *function;
    uint32_t op;
    struct os_msg request; /* its capabilities are owned */
    struct os_reply reply;
};

/* Takes the arguments that go in out of MSG, VALUES by number of the argument; OS_ERR_BAD_MSG. */
os_err mock_decode(const struct os_rpc_function *function, const struct os_msg *msg,
                   struct mock_value values[OS_MSG_ARGS]);
int mock_goes_in(const struct os_rpc_arg *arg);

/* ---- text: whole words and numbers, cut off where SIZE bytes end */

struct mock_text {
    char *at;
    size_t size, len;
};

void mock_say(struct mock_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One value: 5, "x", 12 bytes 00 ff, capability 0x10002. */
void mock_say_value(struct mock_text *text, const struct os_rpc_arg *arg, const struct mock_value *value);
/* name="x", size=5 */
void mock_say_arguments(struct mock_text *text, const struct mock_call *call);
/* hello.greet(name="x"), or hello.greet when any arguments will do. */
void mock_say_expect(struct mock_text *text, const struct inproc_expect *expect);

#endif
