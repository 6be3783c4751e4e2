/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mock.h: mock objects and mock services for tests in one process, made from an interface's descriptor table.
 *
 *     INPROC_MOCK(hello, HELLO_RPC)             typed helpers, from the list that declared the interface
 *
 *     struct inproc_mock_service hello;
 *     inproc_mock_service_init(&hello, "Hello", &hello_interface);
 *     hello_greet_answer(hello_greet_expect(&hello.mock, "world"), "Hello, world!");
 *     inproc_env_construct(&app, hello_client_construct);
 *     ck_mock(&hello.mock);                     else: what was called, how often, with which arguments
 *     ck_assert_int_eq(inproc_mock_service_fini(&hello), 0);
 *
 * What INPROC_MOCK gives for each function f of interface I, with parameters as I_f has them:
 *
 *     struct inproc_expect *I_f_expect(mock, in params)       one call with these arguments is expected
 *     struct inproc_expect *I_f_answer(expect, out params as values)       what it answers
 *     void I_f_called(mock, n, pointers for the in params)    arguments of call number N of f; each may be
 * NULL
 *
 * and for I: os_err I_mock_init(mock, ep, I_cap *), void I_mock_fake(mock, const struct I_ops *). Functions
 * that I has from another interface B are those of INPROC_MOCK(B, ...).
 *
 * How a call is met: by the first expectation, in the order in which they were made, of this function, with
 * these arguments, and with calls left; otherwise by the fake, when there is one; otherwise it is a problem
 * and gets OS_ERR_UNSUPPORTED. Names of functions and arguments, and types, are checked against the table
 * when they are used: a test that is wrong stops at once, with the nearest name.
 *
 * All of it may be called by the test's thread while it runs, and by handlers of components under test.
 */
#ifndef INPROC_MOCK_H
#define INPROC_MOCK_H

#include <inproc/inproc.h>
#include <os/session.h>

/* Calls of an interface: what is expected, and what came. Memory of the test's. */
struct inproc_mock {
    const struct os_rpc_interface *interface;
    int in_order;
    const void *fake_ops; /* NULL: there is no fake */
    os_err (*fake)(const void *ops, struct os_rpc *rpc);
    struct os_list expects; /* of struct inproc_expect, in the order in which they were made */
    struct os_list calls;   /* all that came, oldest first */
    struct os_list objects; /* that inproc_mock_init has made */
    char problems[2048];    /* one line each */
    char text[3072];
};

/* Calls that are expected; lives as long as its mock. */
struct inproc_expect;

/*
 * Makes an RPC object of INTERFACE at EP, whose calls MOCK deals with; *CAP is the caller's. EP has to be
 * served. inproc_mock_add: one more object, with the same expectations. Errors of os_rpc_object_init.
 */
OS_MUST_CHECK os_err inproc_mock_init(struct inproc_mock *mock, struct os_entrypoint *ep,
                                      const struct os_rpc_interface *interface, struct os_cap *cap);
OS_MUST_CHECK os_err inproc_mock_add(struct inproc_mock *mock, struct os_entrypoint *ep, struct os_cap *cap);

/* Ends the objects, drops all capabilities that came or that answers have; zeroed is fine. */
void inproc_mock_fini(struct inproc_mock *mock);

/*
 * NULL when all that was expected has been called and nothing else was; else the problems, a line each, valid
 * until the next call: "hello.greet called 2 times, expected 1; last call: greet(name="x")".
 */
const char *inproc_mock_verify(struct inproc_mock *mock);

/* The same as an assertion of Check. */
#define ck_mock(mock)                                                                                        \
    do {                                                                                                     \
        const char *ck_problems = inproc_mock_verify(mock);                                                  \
        ck_assert_msg(!ck_problems, "%s", ck_problems);                                                      \
    } while (0)

/* ---- expectations */

/* One call of FUNCTION, with any arguments. */
struct inproc_expect *inproc_mock_expect(struct inproc_mock *mock, const char *function);

/* Any number of calls of FUNCTION, none included. The same as inproc_expect_times of 0 and UINT32_MAX. */
struct inproc_expect *inproc_mock_allow(struct inproc_mock *mock, const char *function);

/* From now on what is expected must come in the order in which it was expected. */
void inproc_mock_in_order(struct inproc_mock *mock);

/* At least MIN and at most MAX calls. */
struct inproc_expect *inproc_expect_times(struct inproc_expect *expect, uint32_t min, uint32_t max);

/* Not before OTHER, perhaps of another mock, was called as often as it must. */
struct inproc_expect *inproc_expect_after(struct inproc_expect *expect, const struct inproc_expect *other);

/*
 * The argument ARG (in or inout) must be this. inproc_expect_u64 is for values of at most 8 bytes, signed
 * ones too (cast them); inproc_expect_bytes for buffers and for values of any size; inproc_expect_any takes
 * back what was said of it.
 */
struct inproc_expect *inproc_expect_u64(struct inproc_expect *expect, const char *arg, uint64_t value);
struct inproc_expect *inproc_expect_str(struct inproc_expect *expect, const char *arg, const char *value);
struct inproc_expect *inproc_expect_bytes(struct inproc_expect *expect, const char *arg, const void *data,
                                          size_t size);
struct inproc_expect *inproc_expect_cap(struct inproc_expect *expect, const char *arg, struct os_cap cap);
struct inproc_expect *inproc_expect_any(struct inproc_expect *expect, const char *arg);

/* What the calls get: ERR; nothing until the test answers (inproc_mock_owed). Without one of these and
 * without I_f_answer it is what the fake says, else OS_OK with zeros and empty texts. */
struct inproc_expect *inproc_expect_error(struct inproc_expect *expect, os_err err);
struct inproc_expect *inproc_expect_later(struct inproc_expect *expect);

/* How often EXPECT was met. */
uint32_t inproc_expect_calls(const struct inproc_expect *expect);

/* ---- what came */

/* How often FUNCTION was called, expected or not. */
uint32_t inproc_mock_calls(const struct inproc_mock *mock, const char *function);

/*
 * The oldest answer to FUNCTION that is owed (inproc_expect_later), for I_f_reply or os_reply_error. Stops
 * the test when there is none.
 */
struct os_reply *inproc_mock_owed(struct inproc_mock *mock, const char *function);

/* ---- whole services */

/*
 * A component that offers a service, each of whose sessions is one more object of MOCK. ROOT is the mock of
 * its root (os_root of parent.h): every call of it is met by a real root unless something is expected of it,
 *
 *     inproc_mock_service_open(&hello, "app -> left", "w=1");        label and arguments of a session
 *     inproc_expect_error(inproc_mock_expect(&hello.root, "open"), OS_ERR_RAM);        the next is refused
 *     inproc_mock_calls(&hello.root, "close")
 */
struct inproc_mock_service {
    struct inproc_env env; /* the component's own: inproc_env_kill, inproc_env_quota */
    struct inproc_mock mock, root;
    struct os_root_server server;
    const char *name;
};

/* Announces NAME, borrowed, from a component of its own. Stops the test when it cannot. */
void inproc_mock_service_init(struct inproc_mock_service *service, const char *name,
                              const struct os_rpc_interface *interface);

/* Ends the component, and both mocks without verifying them; returns what inproc_env_fini does. */
OS_MUST_CHECK int inproc_mock_service_fini(struct inproc_mock_service *service);

/* A session with this label, as the server sees it ("client -> label"), and these arguments is expected. */
struct inproc_expect *inproc_mock_service_open(struct inproc_mock_service *service, const char *label,
                                               const char *args);

/* Sessions that are open now. */
uint32_t inproc_mock_service_sessions(const struct inproc_mock_service *service);

/* ---- below: what the generated code calls; not for direct use */

struct inproc_expect *inproc_mock_expect_msg(struct inproc_mock *mock,
                                             const struct os_rpc_interface *interface, uint32_t op,
                                             const struct os_msg *msg, os_err err);
struct inproc_expect *inproc_expect_answer(struct inproc_expect *expect,
                                           const struct os_rpc_interface *interface, uint32_t op,
                                           const struct os_msg *msg, os_err err);
/* The request of a call, to be read and not to be changed. */
const struct os_msg *inproc_mock_request(const struct inproc_mock *mock,
                                         const struct os_rpc_interface *interface, uint32_t op, uint32_t n);
void inproc_mock_fake(struct inproc_mock *mock, const void *ops,
                      os_err (*dispatch)(const void *ops, struct os_rpc *rpc));

/* Parameters of called: pointers to where what went in is copied. */
#define OS_CALLED(dir, type, name) OS_SEL(CALLED, dir, OS_KIND(type))(type, name)
#define OS_CALLED_in_VAL           OS_PARAM_out_VAL
#define OS_CALLED_in_STR           OS_PARAM_out_STR
#define OS_CALLED_in_BUF           OS_PARAM_out_BUF
#define OS_CALLED_in_CAP           OS_PARAM_out_CAP
#define OS_CALLED_inout_VAL        OS_PARAM_out_VAL
#define OS_CALLED_inout_STR        OS_PARAM_out_STR
#define OS_CALLED_inout_BUF        OS_PARAM_out_BUF
#define OS_CALLED_out_VAL(type, name)
#define OS_CALLED_out_STR(type, name)
#define OS_CALLED_out_BUF(type, name)
#define OS_CALLED_out_CAP(type, name)

#define OS_COPY(dir, type, name) OS_SEL(COPY, dir, OS_KIND(type))(type, name)
#define OS_COPY_in_VAL(type, name)                                                                           \
    os_at = os_rd_take(&os_r, sizeof(type));                                                                 \
    if (name)                                                                                                \
        __builtin_memcpy(name, os_at, sizeof(type));
#define OS_COPY_in_STR(type, name)                                                                           \
    os_at = os_rd_str(&os_r, OS_N(type), &os_len);                                                           \
    if (name)                                                                                                \
        __builtin_memcpy(*(name), os_at, os_len + 1);
#define OS_COPY_in_BUF(type, name)                                                                           \
    os_at = os_rd_buf(&os_r, OS_N(type), &os_len);                                                           \
    if (name) {                                                                                              \
        __builtin_memcpy(*(name), os_at, os_len);                                                            \
        *name##_len = os_len;                                                                                \
    }
#define OS_COPY_in_CAP(type, name)                                                                           \
    os_cap = os_rd_cap(&os_r);                                                                               \
    if (name)                                                                                                \
        (name)->cap = os_cap;
#define OS_COPY_inout_VAL OS_COPY_in_VAL
#define OS_COPY_inout_STR OS_COPY_in_STR
#define OS_COPY_inout_BUF OS_COPY_in_BUF
#define OS_COPY_out_VAL(type, name)
#define OS_COPY_out_STR(type, name)
#define OS_COPY_out_BUF(type, name)
#define OS_COPY_out_CAP(type, name)

#define INPROC_GEN_MOCK(I, f, ...)                                                                           \
    OS_UNUSED static inline struct inproc_expect *I##_##f##_expect(                                          \
        struct inproc_mock *os_mock OS_EACH(OS_INPARAM, __VA_ARGS__))                                        \
    {                                                                                                        \
        struct os_msg os_m;                                                                                  \
        struct os_wr os_w OS_UNUSED = { &os_m, 0 };                                                          \
        os_msg_clear(&os_m);                                                                                 \
        OS_EACH(OS_BEGIN, __VA_ARGS__)                                                                       \
        return inproc_mock_expect_msg(os_mock, &I##_interface, I##_op_##f, &os_m, os_w.err);                 \
    }                                                                                                        \
    OS_UNUSED static inline struct inproc_expect *I##_##f##_answer(                                          \
        struct inproc_expect *os_expect OS_EACH(OS_REPLYPARAM, __VA_ARGS__))                                 \
    {                                                                                                        \
        struct os_msg os_m;                                                                                  \
        struct os_wr os_w OS_UNUSED = { &os_m, 0 };                                                          \
        os_msg_clear(&os_m);                                                                                 \
        OS_EACH(OS_LATER, __VA_ARGS__)                                                                       \
        return inproc_expect_answer(os_expect, &I##_interface, I##_op_##f, &os_m, os_w.err);                 \
    }                                                                                                        \
    OS_UNUSED static inline void I##_##f##_called(const struct inproc_mock *os_mock,                         \
                                                  uint32_t os_n OS_EACH(OS_CALLED, __VA_ARGS__))             \
    {                                                                                                        \
        struct os_rd os_r OS_UNUSED = {                                                                      \
            (struct os_msg *)inproc_mock_request(os_mock, &I##_interface, I##_op_##f, os_n), 0, 0, 0         \
        };                                                                                                   \
        size_t os_len OS_UNUSED = 0;                                                                         \
        const void *os_at OS_UNUSED;                                                                         \
        struct os_cap os_cap OS_UNUSED;                                                                      \
        OS_EACH(OS_COPY, __VA_ARGS__)                                                                        \
    }

#define INPROC_MOCK(I, LIST)                                                                                 \
    LIST(INPROC_GEN_MOCK, I)                                                                                 \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_mock_init(struct inproc_mock *mock,                     \
                                                               struct os_entrypoint *ep, I##_cap *cap)       \
    {                                                                                                        \
        return inproc_mock_init(mock, ep, &I##_interface, &cap->cap);                                        \
    }                                                                                                        \
    /* Functions that OPS has answer what is not expected. */                                                \
    OS_UNUSED static inline void I##_mock_fake(struct inproc_mock *mock, const struct I##_ops *ops)          \
    {                                                                                                        \
        inproc_mock_fake(mock, ops, I##_dispatch_);                                                          \
    }

#endif
