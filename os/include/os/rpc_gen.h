/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rpc_gen.h: the macros behind OS_RPC_INTERFACE; included by rpc.h.
 *
 * Names in generated code start with os_, so that arguments can have any other name.
 *
 * How it works. The user's list calls FN(I, f, args...) once for every function; each generator below is one
 * FN. OS_EACH applies a macro to every argument tuple (dir, type, name). OS_KIND classifies the type by
 * pasting it to OS_KIND_: os_str, os_buf and os_cap are macros there, everything else is a value. Then a
 * macro is selected by direction and kind, OS_<what>_<dir>_<KIND>(type, name). A direction or kind that does
 * not exist is thus a compile error that shows the tuple.
 */
#ifndef OS_RPC_GEN_H
#define OS_RPC_GEN_H

#define OS_CAT_(a, b) a##b
#define OS_CAT(a, b)  OS_CAT_(a, b)

/* Repeated expansion: enough rescans for more arguments than a message can have. */
#define OS_EXPAND(...)            OS_EXPAND3(OS_EXPAND3(OS_EXPAND3(__VA_ARGS__)))
#define OS_EXPAND3(...)           OS_EXPAND2(OS_EXPAND2(OS_EXPAND2(__VA_ARGS__)))
#define OS_EXPAND2(...)           OS_EXPAND1(OS_EXPAND1(OS_EXPAND1(__VA_ARGS__)))
#define OS_EXPAND1(...)           __VA_ARGS__
#define OS_PARENS                 ()
#define OS_EACH(m, ...)           __VA_OPT__(OS_EXPAND(OS_EACH_STEP(m, __VA_ARGS__)))
#define OS_EACH_STEP(m, arg, ...) m arg __VA_OPT__(OS_EACH_AGAIN OS_PARENS(m, __VA_ARGS__))
#define OS_EACH_AGAIN()           OS_EACH_STEP

#define OS_SECOND_(a, b, ...)    b
#define OS_SECOND(...)           OS_SECOND_(__VA_ARGS__)
#define OS_KIND_os_str(n)        ~, STR
#define OS_KIND_os_buf(n)        ~, BUF
#define OS_KIND_os_cap(i)        ~, CAP
#define OS_KIND_bool             ~, BOOL
#define OS_KIND__Bool            ~, BOOL
#define OS_KIND(type)            OS_SECOND(OS_CAT(OS_KIND_, type), VAL, ~)
#define OS_N_os_str(n)           n
#define OS_N_os_buf(n)           n
#define OS_N(type)               OS_CAT(OS_N_, type)
#define OS_C_os_cap(i)           i##_cap
#define OS_C(type)               OS_CAT(OS_C_, type)
#define OS_SEL_(what, dir, kind) OS_##what##_##dir##_##kind
#define OS_SEL(what, dir, kind)  OS_SEL_(what, dir, kind)

/* Parameters as the caller of a whole call and the server's function have them. */
#define OS_PARAM(dir, type, name)    OS_SEL(PARAM, dir, OS_KIND(type))(type, name)
#define OS_PARAM_in_VAL(type, name)  , type name
#define OS_PARAM_in_STR(type, name)  , const char *name
#define OS_PARAM_in_BUF(type, name)  , const void *name, size_t name##_len
#define OS_PARAM_in_CAP(type, name)  , OS_C(type) name
#define OS_PARAM_out_VAL(type, name) , type *name
#define OS_PARAM_out_STR(type, name) , char(*name)[OS_N(type)]
#define OS_PARAM_out_BUF(type, name) , uint8_t(*name)[OS_N(type)], size_t *name##_len
#define OS_PARAM_out_CAP(type, name) , OS_C(type) * name
#define OS_PARAM_inout_VAL           OS_PARAM_out_VAL
#define OS_PARAM_inout_STR           OS_PARAM_out_STR
#define OS_PARAM_inout_BUF           OS_PARAM_out_BUF

/* The same names, to pass them on. */
#define OS_NAME(dir, type, name) OS_SEL(NAME, dir, OS_KIND(type))(name)
#define OS_NAME_in_VAL(name)     , name
#define OS_NAME_in_STR(name)     , name
#define OS_NAME_in_BUF(name)     , name, name##_len
#define OS_NAME_in_CAP(name)     , name
#define OS_NAME_out_VAL(name)    , name
#define OS_NAME_out_STR(name)    , name
#define OS_NAME_out_BUF(name)    , name, name##_len
#define OS_NAME_out_CAP(name)    , name
#define OS_NAME_inout_VAL(name)  , name
#define OS_NAME_inout_STR(name)  , name
#define OS_NAME_inout_BUF(name)  , name, name##_len

/* Parameters of begin: what goes in, as values. */
#define OS_INPARAM(dir, type, name) OS_SEL(INPARAM, dir, OS_KIND(type))(type, name)
#define OS_INPARAM_in_VAL           OS_PARAM_in_VAL
#define OS_INPARAM_in_STR           OS_PARAM_in_STR
#define OS_INPARAM_in_BUF           OS_PARAM_in_BUF
#define OS_INPARAM_in_CAP           OS_PARAM_in_CAP
#define OS_INPARAM_inout_VAL        OS_PARAM_in_VAL
#define OS_INPARAM_inout_STR        OS_PARAM_in_STR
#define OS_INPARAM_inout_BUF        OS_PARAM_in_BUF
#define OS_INPARAM_out_VAL(type, name)
#define OS_INPARAM_out_STR(type, name)
#define OS_INPARAM_out_BUF(type, name)
#define OS_INPARAM_out_CAP(type, name)

/* Parameters of end: what comes out, as pointers. */
#define OS_OUTPARAM(dir, type, name) OS_SEL(OUTPARAM, dir, OS_KIND(type))(type, name)
#define OS_OUTPARAM_in_VAL(type, name)
#define OS_OUTPARAM_in_STR(type, name)
#define OS_OUTPARAM_in_BUF(type, name)
#define OS_OUTPARAM_in_CAP(type, name)
#define OS_OUTPARAM_inout_VAL OS_PARAM_out_VAL
#define OS_OUTPARAM_inout_STR OS_PARAM_out_STR
#define OS_OUTPARAM_inout_BUF OS_PARAM_out_BUF
#define OS_OUTPARAM_out_VAL   OS_PARAM_out_VAL
#define OS_OUTPARAM_out_STR   OS_PARAM_out_STR
#define OS_OUTPARAM_out_BUF   OS_PARAM_out_BUF
#define OS_OUTPARAM_out_CAP   OS_PARAM_out_CAP

/* Parameters of a later reply: what comes out, as values. */
#define OS_REPLYPARAM(dir, type, name) OS_SEL(REPLYPARAM, dir, OS_KIND(type))(type, name)
#define OS_REPLYPARAM_in_VAL(type, name)
#define OS_REPLYPARAM_in_STR(type, name)
#define OS_REPLYPARAM_in_BUF(type, name)
#define OS_REPLYPARAM_in_CAP(type, name)
#define OS_REPLYPARAM_inout_VAL OS_PARAM_in_VAL
#define OS_REPLYPARAM_inout_STR OS_PARAM_in_STR
#define OS_REPLYPARAM_inout_BUF OS_PARAM_in_BUF
#define OS_REPLYPARAM_out_VAL   OS_PARAM_in_VAL
#define OS_REPLYPARAM_out_STR   OS_PARAM_in_STR
#define OS_REPLYPARAM_out_BUF   OS_PARAM_in_BUF
#define OS_REPLYPARAM_out_CAP   OS_PARAM_in_CAP

/* Encoding of a value parameter, and of the same thing behind a pointer. */
#define OS_PUT_VAL(type, name)  os_wr_val(&os_w, &(name), sizeof(type));
#define OS_PUT_STR(type, name)  os_wr_str(&os_w, name, OS_N(type));
#define OS_PUT_BUF(type, name)  os_wr_buf(&os_w, name, name##_len, OS_N(type));
#define OS_PUT_CAP(type, name)  os_wr_cap(&os_w, (name).cap);
#define OS_PUTP_VAL(type, name) os_wr_val(&os_w, name, sizeof(type));
#define OS_PUTP_STR(type, name) os_wr_str(&os_w, *(name), OS_N(type));
#define OS_PUTP_BUF(type, name) os_wr_buf(&os_w, *(name), *name##_len, OS_N(type));

/* Request, written from the parameters of a whole call. */
#define OS_REQ(dir, type, name) OS_SEL(REQ, dir, OS_KIND(type))(type, name)
#define OS_REQ_in_VAL           OS_PUT_VAL
#define OS_REQ_in_STR           OS_PUT_STR
#define OS_REQ_in_BUF           OS_PUT_BUF
#define OS_REQ_in_CAP           OS_PUT_CAP
#define OS_REQ_inout_VAL        OS_PUTP_VAL
#define OS_REQ_inout_STR        OS_PUTP_STR
#define OS_REQ_inout_BUF        OS_PUTP_BUF
#define OS_REQ_out_VAL(type, name)
#define OS_REQ_out_STR(type, name)
#define OS_REQ_out_BUF(type, name)
#define OS_REQ_out_CAP(type, name)

/* Request, written from the parameters of begin. */
#define OS_BEGIN(dir, type, name) OS_SEL(BEGIN, dir, OS_KIND(type))(type, name)
#define OS_BEGIN_in_VAL           OS_PUT_VAL
#define OS_BEGIN_in_STR           OS_PUT_STR
#define OS_BEGIN_in_BUF           OS_PUT_BUF
#define OS_BEGIN_in_CAP           OS_PUT_CAP
#define OS_BEGIN_inout_VAL        OS_PUT_VAL
#define OS_BEGIN_inout_STR        OS_PUT_STR
#define OS_BEGIN_inout_BUF        OS_PUT_BUF
#define OS_BEGIN_out_VAL(type, name)
#define OS_BEGIN_out_STR(type, name)
#define OS_BEGIN_out_BUF(type, name)
#define OS_BEGIN_out_CAP(type, name)

/* Reply, written from the parameters of a later reply. */
#define OS_LATER(dir, type, name) OS_SEL(LATER, dir, OS_KIND(type))(type, name)
#define OS_LATER_in_VAL(type, name)
#define OS_LATER_in_STR(type, name)
#define OS_LATER_in_BUF(type, name)
#define OS_LATER_in_CAP(type, name)
#define OS_LATER_inout_VAL OS_PUT_VAL
#define OS_LATER_inout_STR OS_PUT_STR
#define OS_LATER_inout_BUF OS_PUT_BUF
#define OS_LATER_out_VAL   OS_PUT_VAL
#define OS_LATER_out_STR   OS_PUT_STR
#define OS_LATER_out_BUF   OS_PUT_BUF
#define OS_LATER_out_CAP   OS_PUT_CAP

/* A reply is checked from end to end before the first result is written. */
#define OS_CHECK(dir, type, name) OS_SEL(CHECK, dir, OS_KIND(type))(type)
#define OS_CHECK_in_VAL(type)
#define OS_CHECK_in_STR(type)
#define OS_CHECK_in_BUF(type)
#define OS_CHECK_in_CAP(type)
#define OS_CHECK_out_VAL(type)   (void)os_rd_take(&os_r, sizeof(type));
#define OS_CHECK_out_STR(type)   (void)os_rd_str(&os_r, OS_N(type), &os_len);
#define OS_CHECK_out_BUF(type)   (void)os_rd_buf(&os_r, OS_N(type), &os_len);
#define OS_CHECK_out_CAP(type)   (void)os_rd_cap(&os_r);
#define OS_CHECK_inout_VAL(type) OS_CHECK_out_VAL(type)
#define OS_CHECK_inout_STR(type) OS_CHECK_out_STR(type)
#define OS_CHECK_inout_BUF(type) OS_CHECK_out_BUF(type)

#define OS_GET(dir, type, name) OS_SEL(GET, dir, OS_KIND(type))(type, name)
#define OS_GET_in_VAL(type, name)
#define OS_GET_in_STR(type, name)
#define OS_GET_in_BUF(type, name)
#define OS_GET_in_CAP(type, name)
#define OS_GET_out_VAL(type, name) os_rd_val(&os_r, name, sizeof(type));
#define OS_GET_out_STR(type, name)                                                                           \
    os_at = os_rd_str(&os_r, OS_N(type), &os_len);                                                           \
    __builtin_memcpy(*(name), os_at, os_len + 1);
#define OS_GET_out_BUF(type, name)                                                                           \
    os_at = os_rd_buf(&os_r, OS_N(type), &os_len);                                                           \
    __builtin_memcpy(*(name), os_at, os_len);                                                                \
    *name##_len = os_len;
#define OS_GET_out_CAP(type, name) (name)->cap = os_rd_cap(&os_r);
#define OS_GET_inout_VAL           OS_GET_out_VAL
#define OS_GET_inout_STR           OS_GET_out_STR
#define OS_GET_inout_BUF           OS_GET_out_BUF

/* The server's side: variables, taking the request apart, arguments of the function, writing the reply. */
#define OS_VAR(dir, type, name)   OS_SEL(VAR, dir, OS_KIND(type))(type, name)
#define OS_VAR_in_VAL             OS_VAR_out_VAL
#define OS_VAR_in_STR(type, name) const char *name;
#define OS_VAR_in_BUF(type, name)                                                                            \
    const void *name;                                                                                        \
    size_t name##_len = 0;
#define OS_VAR_in_CAP(type, name) OS_C(type) name;
#define OS_VAR_out_VAL(type, name)                                                                           \
    type name;                                                                                               \
    __builtin_memset(&name, 0, sizeof(name));
#define OS_VAR_out_STR(type, name)                                                                           \
    char name[OS_N(type)];                                                                                   \
    name[0] = 0;
#define OS_VAR_out_BUF(type, name)                                                                           \
    uint8_t name[OS_N(type)];                                                                                \
    size_t name##_len = 0;
#define OS_VAR_out_CAP(type, name) OS_C(type) name = { { 0 } };
#define OS_VAR_inout_VAL           OS_VAR_out_VAL
#define OS_VAR_inout_STR           OS_VAR_out_STR
#define OS_VAR_inout_BUF           OS_VAR_out_BUF

#define OS_TAKE(dir, type, name)      OS_SEL(TAKE, dir, OS_KIND(type))(type, name)
#define OS_TAKE_in_VAL(type, name)    os_rd_val(&os_r, &name, sizeof(type));
#define OS_TAKE_in_STR(type, name)    name = os_rd_str(&os_r, OS_N(type), &os_len);
#define OS_TAKE_in_BUF(type, name)    name = os_rd_buf(&os_r, OS_N(type), &name##_len);
#define OS_TAKE_in_CAP(type, name)    name.cap = os_rd_cap(&os_r);
#define OS_TAKE_inout_VAL(type, name) os_rd_val(&os_r, &name, sizeof(type));
#define OS_TAKE_inout_STR(type, name)                                                                        \
    os_at = os_rd_str(&os_r, OS_N(type), &os_len);                                                           \
    if (os_at)                                                                                               \
        __builtin_memcpy(name, os_at, os_len + 1);
#define OS_TAKE_inout_BUF(type, name)                                                                        \
    os_at = os_rd_buf(&os_r, OS_N(type), &name##_len);                                                       \
    if (os_at)                                                                                               \
        __builtin_memcpy(name, os_at, name##_len);
#define OS_TAKE_out_VAL(type, name)
#define OS_TAKE_out_STR(type, name)
#define OS_TAKE_out_BUF(type, name)
#define OS_TAKE_out_CAP(type, name)

#define OS_PASS(dir, type, name) OS_SEL(PASS, dir, OS_KIND(type))(name)
#define OS_PASS_in_VAL(name)     , name
#define OS_PASS_in_STR(name)     , name
#define OS_PASS_in_BUF(name)     , name, name##_len
#define OS_PASS_in_CAP(name)     , name
#define OS_PASS_out_VAL(name)    , &name
#define OS_PASS_out_STR(name)    , &name
#define OS_PASS_out_BUF(name)    , &name, &name##_len
#define OS_PASS_out_CAP(name)    , &name
#define OS_PASS_inout_VAL(name)  , &name
#define OS_PASS_inout_STR(name)  , &name
#define OS_PASS_inout_BUF(name)  , &name, &name##_len

/* Message sizes, as the declaration counts them. */
#define OS_BYTES_VAL(type) +sizeof(type)
#define OS_BYTES_STR(type) +(OS_N(type))
#define OS_BYTES_BUF(type) +(OS_N(type))
#define OS_BYTES_CAP(type)
#define OS_INBYTES(dir, type, name) OS_SEL(INBYTES, dir, OS_KIND(type))(type)
#define OS_INBYTES_in_VAL           OS_BYTES_VAL
#define OS_INBYTES_in_STR           OS_BYTES_STR
#define OS_INBYTES_in_BUF           OS_BYTES_BUF
#define OS_INBYTES_in_CAP           OS_BYTES_CAP
#define OS_INBYTES_inout_VAL        OS_BYTES_VAL
#define OS_INBYTES_inout_STR        OS_BYTES_STR
#define OS_INBYTES_inout_BUF        OS_BYTES_BUF
#define OS_INBYTES_out_VAL(type)
#define OS_INBYTES_out_STR(type)
#define OS_INBYTES_out_BUF(type)
#define OS_INBYTES_out_CAP(type)
#define OS_OUTBYTES(dir, type, name) OS_SEL(OUTBYTES, dir, OS_KIND(type))(type)
#define OS_OUTBYTES_in_VAL(type)
#define OS_OUTBYTES_in_STR(type)
#define OS_OUTBYTES_in_BUF(type)
#define OS_OUTBYTES_in_CAP(type)
#define OS_OUTBYTES_out_VAL          OS_BYTES_VAL
#define OS_OUTBYTES_out_STR          OS_BYTES_STR
#define OS_OUTBYTES_out_BUF          OS_BYTES_BUF
#define OS_OUTBYTES_out_CAP          OS_BYTES_CAP
#define OS_OUTBYTES_inout_VAL        OS_BYTES_VAL
#define OS_OUTBYTES_inout_STR        OS_BYTES_STR
#define OS_OUTBYTES_inout_BUF        OS_BYTES_BUF
#define OS_ISCAP_VAL                 0
#define OS_ISCAP_STR                 0
#define OS_ISCAP_BUF                 0
#define OS_ISCAP_CAP                 1
#define OS_ONE(dir, type, name)      +1
#define OS_CAPCOUNT(dir, type, name) +OS_CAT(OS_ISCAP_, OS_KIND(type))

/* Each value type must be one that can travel: no pointer. sizeof keeps the expression unevaluated. */
#define OS_TRAVELS(dir, type, name) OS_CAT(OS_TRAVELS_, OS_KIND(type))(type)
#define OS_TRAVELS_VAL(type)        &&(__builtin_classify_type((*(type *)0)) != 5)
#define OS_TRAVELS_STR(type)        &&((OS_N(type)) > 0)
#define OS_TRAVELS_BUF(type)        &&((OS_N(type)) > 0)
#define OS_TRAVELS_CAP(type)

/* Mistakes in a declaration that get a message of their own, ahead of what the compiler says to the rest. */
#define OS_DIRECTED(dir, type, name)  &&OS_SECOND(OS_CAT(OS_DIRECTED_, dir), 0, ~)
#define OS_DIRECTED_in                ~, 1
#define OS_DIRECTED_out               ~, 1
#define OS_DIRECTED_inout             ~, 1
#define OS_ONE_WAY(dir, type, name)   &&OS_SECOND(OS_SEL(ONE_WAY, dir, OS_KIND(type)), 1, ~)
#define OS_ONE_WAY_inout_CAP          ~, 0
#define OS_SAME_SIZE(dir, type, name) &&OS_SECOND(OS_CAT(OS_SAME_SIZE_, OS_KIND(type)), 1, ~)
#define OS_SAME_SIZE_BOOL             ~, 0
#define OS_TRAVELS_BOOL(type)

/* Descriptor table. */
#define OS_DESC(dir, type, name)                                                                             \
    { #name, #type, OS_SEL(DIR, dir, X), OS_CAT(OS_RPC_, OS_KIND(type)),                                     \
      OS_CAT(OS_DESC_, OS_KIND(type))(type) },
#define OS_DIR_in_X       OS_RPC_IN
#define OS_DIR_out_X      OS_RPC_OUT
#define OS_DIR_inout_X    OS_RPC_INOUT
#define OS_DESC_VAL(type) sizeof(type)
#define OS_DESC_STR(type) OS_N(type)
#define OS_DESC_BUF(type) OS_N(type)
#define OS_DESC_CAP(type) 0

#define OS_UNUSED __attribute__((unused))

/* ---- generators: one FN each
 * ---------------------------------------------------------------------------------- */

#define OS_GEN_OP(I, f, ...)  I##_op_##f,
#define OS_GEN_OPS(I, f, ...) os_err (*f)(struct os_rpc * os_rpc OS_EACH(OS_PARAM, __VA_ARGS__));

#define OS_GEN_ASSERT(I, f, ...)                                                                             \
    _Static_assert((1 OS_EACH(OS_DIRECTED, __VA_ARGS__)),                                                    \
                   "interface " #I ", function " #f ": a direction is in, out or inout");                    \
    _Static_assert((1 OS_EACH(OS_ONE_WAY, __VA_ARGS__)),                                                     \
                   "interface " #I ", function " #f ": a capability goes in or out, not inout");             \
    _Static_assert((1 OS_EACH(OS_SAME_SIZE, __VA_ARGS__)),                                                   \
                   "interface " #I ", function " #f ": bool has no fixed size, take uint8_t");               \
    _Static_assert((1 OS_EACH(OS_TRAVELS, __VA_ARGS__)),                                                     \
                   "interface " #I ", function " #f ": a pointer, or nothing, cannot travel in a message");  \
    _Static_assert((0 OS_EACH(OS_INBYTES, __VA_ARGS__)) <= OS_MSG_DATA,                                      \
                   "interface " #I ", function " #f ": the request is too large (OS_MSG_DATA)");             \
    _Static_assert((0 OS_EACH(OS_OUTBYTES, __VA_ARGS__)) <= OS_MSG_DATA,                                     \
                   "interface " #I ", function " #f ": the reply is too large (OS_MSG_DATA)");               \
    _Static_assert((0 OS_EACH(OS_ONE, __VA_ARGS__)) <= OS_MSG_ARGS,                                          \
                   "interface " #I ", function " #f ": too many arguments (OS_MSG_ARGS)");                   \
    _Static_assert((0 OS_EACH(OS_CAPCOUNT, __VA_ARGS__)) <= OS_MSG_CAPS,                                     \
                   "interface " #I ", function " #f ": too many capabilities (OS_MSG_CAPS)");

#define OS_GEN_ARGS(I, f, ...)                                                                               \
    static const struct os_rpc_arg I##_##f##_args[] OS_UNUSED = { OS_EACH(OS_DESC, __VA_ARGS__){             \
        NULL, NULL, 0, 0, 0 } };
#define OS_GEN_FUNC(I, f, ...) { #f, I##_##f##_args, OS_ARRAY_LEN(I##_##f##_args) - 1 },

#define OS_GEN_CLIENT(I, f, ...)                                                                             \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_##f##_end_(                                             \
        struct os_msg *os_m OS_EACH(OS_OUTPARAM, __VA_ARGS__))                                               \
    {                                                                                                        \
        struct os_rd os_r = { os_m, 0, 0, 0 };                                                               \
        size_t os_len OS_UNUSED = 0;                                                                         \
        const void *os_at OS_UNUSED;                                                                         \
        OS_EACH(OS_CHECK, __VA_ARGS__)                                                                       \
        os_err os_e = os_rd_end(&os_r);                                                                      \
        if (os_e) {                                                                                          \
            os_msg_drop_caps(os_m);                                                                          \
            return os_e;                                                                                     \
        }                                                                                                    \
        os_r.pos = os_r.cap = 0;                                                                             \
        OS_EACH(OS_GET, __VA_ARGS__)                                                                         \
        return OS_OK;                                                                                        \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_##f##_by(I##_cap os_on,                                 \
                                                              os_time os_by OS_EACH(OS_PARAM, __VA_ARGS__))  \
    {                                                                                                        \
        struct os_msg os_m;                                                                                  \
        struct os_wr os_w OS_UNUSED = { &os_m, 0 };                                                          \
        os_msg_clear(&os_m);                                                                                 \
        OS_EACH(OS_REQ, __VA_ARGS__)                                                                         \
        if (os_w.err)                                                                                        \
            return os_w.err;                                                                                 \
        os_err os_e = os_rpc_call(os_on.cap, &I##_interface, I##_op_##f, &os_m, os_by);                      \
        if (os_e)                                                                                            \
            return os_e;                                                                                     \
        return I##_##f##_end_(&os_m OS_EACH(OS_OUTNAME, __VA_ARGS__));                                       \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_##f(I##_cap os_on OS_EACH(OS_PARAM, __VA_ARGS__))       \
    {                                                                                                        \
        return I##_##f##_by(os_on, OS_NEVER OS_EACH(OS_NAME, __VA_ARGS__));                                  \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_##f##_begin(                                            \
        I##_cap os_on, struct os_call *os_call OS_EACH(OS_INPARAM, __VA_ARGS__))                             \
    {                                                                                                        \
        struct os_msg os_m;                                                                                  \
        struct os_wr os_w OS_UNUSED = { &os_m, 0 };                                                          \
        os_msg_clear(&os_m);                                                                                 \
        OS_EACH(OS_BEGIN, __VA_ARGS__)                                                                       \
        if (os_w.err)                                                                                        \
            return os_w.err;                                                                                 \
        return os_rpc_begin(os_on.cap, &I##_interface, I##_op_##f, &os_m, os_call);                          \
    }                                                                                                        \
    OS_UNUSED OS_MUST_CHECK static inline os_err I##_##f##_end(                                              \
        struct os_call *os_call OS_EACH(OS_OUTPARAM, __VA_ARGS__))                                           \
    {                                                                                                        \
        if (os_call->err)                                                                                    \
            return os_call->err;                                                                             \
        os_err os_e = I##_##f##_end_(os_call->msg OS_EACH(OS_OUTNAME, __VA_ARGS__));                         \
        os_call->msg->ncaps = 0;                                                                             \
        return os_e;                                                                                         \
    }

#define OS_OUTNAME(dir, type, name) OS_SEL(OUTNAME, dir, OS_KIND(type))(name)
#define OS_OUTNAME_in_VAL(name)
#define OS_OUTNAME_in_STR(name)
#define OS_OUTNAME_in_BUF(name)
#define OS_OUTNAME_in_CAP(name)
#define OS_OUTNAME_out_VAL(name)   , name
#define OS_OUTNAME_out_STR(name)   , name
#define OS_OUTNAME_out_BUF(name)   , name, name##_len
#define OS_OUTNAME_out_CAP(name)   , name
#define OS_OUTNAME_inout_VAL(name) , name
#define OS_OUTNAME_inout_STR(name) , name
#define OS_OUTNAME_inout_BUF(name) , name, name##_len

#define OS_GEN_SERVER(I, f, ...)                                                                             \
    OS_UNUSED static os_err I##_##f##_serve_(const struct I##_ops *os_ops, struct os_rpc *os_rpc)            \
    {                                                                                                        \
        struct os_msg *os_m = os_rpc->msg;                                                                   \
        struct os_rd os_r = { os_m, 0, 0, 0 };                                                               \
        struct os_wr os_w OS_UNUSED = { os_m, 0 };                                                           \
        size_t os_len OS_UNUSED = 0;                                                                         \
        const void *os_at OS_UNUSED;                                                                         \
        OS_EACH(OS_VAR, __VA_ARGS__)                                                                         \
        OS_EACH(OS_TAKE, __VA_ARGS__)                                                                        \
        os_err os_e = os_rd_end(&os_r);                                                                      \
        if (!os_e)                                                                                           \
            os_e = os_ops->f ? os_ops->f(os_rpc OS_EACH(OS_PASS, __VA_ARGS__)) : OS_ERR_NO_OP;               \
        os_msg_drop_caps(os_m);                                                                              \
        os_msg_clear(os_m);                                                                                  \
        if (os_e)                                                                                            \
            return os_e;                                                                                     \
        OS_EACH(OS_LATER, __VA_ARGS__)                                                                       \
        return os_w.err;                                                                                     \
    }                                                                                                        \
    OS_UNUSED static inline void I##_##f##_reply(struct os_reply *os_owed,                                   \
                                                 os_err os_e OS_EACH(OS_REPLYPARAM, __VA_ARGS__))            \
    {                                                                                                        \
        struct os_msg os_m;                                                                                  \
        struct os_wr os_w OS_UNUSED = { &os_m, 0 };                                                          \
        os_msg_clear(&os_m);                                                                                 \
        if (!os_e) {                                                                                         \
            OS_EACH(OS_LATER, __VA_ARGS__)                                                                   \
            os_e = os_w.err;                                                                                 \
        }                                                                                                    \
        os_m.err = os_e;                                                                                     \
        os_rpc_reply(os_owed, &os_m);                                                                        \
    }

#define OS_GEN_CASE(I, f, ...)                                                                               \
    case I##_op_##f:                                                                                         \
        return I##_##f##_serve_(os_ops, os_rpc);

/*
 * A missing operation is a compile error: the table is visible where the object is made, so the compiler can
 * fold the test, and a call that remains to a function with this attribute is refused with the text below.
 * Where it cannot be folded (a table from elsewhere, -O0), os_rpc_missing_op says the same at run time.
 */
#define OS_GEN_MISSING(I, f, ...)                                                                            \
    void I##_##f##_missing_(void)                                                                            \
        __attribute__((error("interface " #I ", function " #f ": missing in the table of operations")));

#ifdef __OPTIMIZE__
#define OS_GEN_COMPLETE(I, f, ...)                                                                           \
    if (__builtin_constant_p(!os_ops->f)) {                                                                  \
        if (!os_ops->f)                                                                                      \
            I##_##f##_missing_();                                                                            \
    } else if (!os_ops->f) {                                                                                 \
        os_rpc_missing_op(#I, #f);                                                                           \
    }
#else
#define OS_GEN_COMPLETE(I, f, ...)                                                                           \
    if (!os_ops->f)                                                                                          \
        os_rpc_missing_op(#I, #f);
#endif

#define OS_GEN_COMMON(I, LIST, BASE, FIRST)                                                                  \
    LIST(OS_GEN_ARGS, I)                                                                                     \
    static const struct os_rpc_function I##_functions[] OS_UNUSED = { LIST(OS_GEN_FUNC, I) };                \
    static _Atomic uint32_t I##_fingerprint_cache_[2];                                                       \
    static const struct os_rpc_interface I##_interface OS_UNUSED = {                                         \
        #I, BASE, I##_functions, OS_ARRAY_LEN(I##_functions), FIRST, I##_fingerprint_cache_                  \
    };                                                                                                       \
    LIST(OS_GEN_CLIENT, I)                                                                                   \
    LIST(OS_GEN_SERVER, I)                                                                                   \
    LIST(OS_GEN_MISSING, I)

#define OS_GEN_OBJECT(I)                                                                                     \
    OS_UNUSED __attribute__((always_inline)) OS_MUST_CHECK static inline os_err I##_object_init(             \
        struct os_object *object, struct os_entrypoint *ep, const struct I##_ops *ops, I##_cap *cap)         \
    {                                                                                                        \
        I##_complete_(ops);                                                                                  \
        return os_rpc_object_init(object, ep, &I##_interface, ops, I##_dispatch_, &cap->cap);                \
    }

#define OS_RPC_INTERFACE(I, LIST)                                                                            \
    OS_CAP_TYPE(I)                                                                                           \
    LIST(OS_GEN_ASSERT, I)                                                                                   \
    enum { LIST(OS_GEN_OP, I) I##_ops_end_ };                                                                \
    struct I##_ops {                                                                                         \
        LIST(OS_GEN_OPS, I)                                                                                  \
    };                                                                                                       \
    OS_GEN_COMMON(I, LIST, NULL, 0)                                                                          \
    OS_UNUSED static os_err I##_dispatch_(const void *os_table, struct os_rpc *os_rpc)                       \
    {                                                                                                        \
        const struct I##_ops *os_ops = (const struct I##_ops *)os_table;                                     \
        switch (os_rpc->op) {                                                                                \
            LIST(OS_GEN_CASE, I)                                                                             \
        }                                                                                                    \
        return OS_ERR_NO_OP;                                                                                 \
    }                                                                                                        \
    OS_UNUSED __attribute__((always_inline)) static inline void I##_complete_(const struct I##_ops *os_ops){ \
        LIST(OS_GEN_COMPLETE, I)                                                                             \
    } OS_GEN_OBJECT(I) _Static_assert((int)I##_ops_end_ > 0, "interface " #I " has no function");

/*
 * Declares interface I that has all functions of BASE and those of LIST: struct I_ops begins with a member
 * base of type struct BASE_ops, I_as_BASE() gives the capability as one of the base (borrowed, the same
 * handle).
 */
#define OS_RPC_EXTENDS(I, BASE, LIST)                                                                        \
    OS_CAP_TYPE(I)                                                                                           \
    LIST(OS_GEN_ASSERT, I)                                                                                   \
    enum { I##_ops_begin_ = BASE##_ops_end_ - 1, LIST(OS_GEN_OP, I) I##_ops_end_ };                          \
    struct I##_ops {                                                                                         \
        struct BASE##_ops base;                                                                              \
        LIST(OS_GEN_OPS, I)                                                                                  \
    };                                                                                                       \
    OS_GEN_COMMON(I, LIST, &BASE##_interface, BASE##_ops_end_)                                               \
    OS_UNUSED static inline BASE##_cap I##_as_##BASE(I##_cap cap)                                            \
    {                                                                                                        \
        return (BASE##_cap){ cap.cap };                                                                      \
    }                                                                                                        \
    OS_UNUSED static os_err I##_dispatch_(const void *os_table, struct os_rpc *os_rpc)                       \
    {                                                                                                        \
        const struct I##_ops *os_ops = (const struct I##_ops *)os_table;                                     \
        switch (os_rpc->op) {                                                                                \
            LIST(OS_GEN_CASE, I)                                                                             \
        }                                                                                                    \
        return BASE##_dispatch_(&os_ops->base, os_rpc);                                                      \
    }                                                                                                        \
    OS_UNUSED __attribute__((always_inline)) static inline void I##_complete_(const struct I##_ops *os_ops)  \
    {                                                                                                        \
        BASE##_complete_(&os_ops->base);                                                                     \
        LIST(OS_GEN_COMPLETE, I)                                                                             \
    }                                                                                                        \
    OS_GEN_OBJECT(I)                                                                                         \
    _Static_assert((int)I##_ops_end_ > (int)BASE##_ops_end_, "interface " #I " adds no function");

/*
 * Declares the interface's own errors: LIST(E, I) calls E(I, NAME, "text"). They become I_ERR_NAME, from
 * OS_ERR_INTERFACE on, and I_err_text(err) gives the text of these and of all general errors.
 */
#define OS_GEN_ERR(I, name, text) I##_ERR_##name,
#define OS_GEN_ERR_CASE(I, name, text)                                                                       \
    case I##_ERR_##name:                                                                                     \
        return text;
#define OS_RPC_ERRORS(I, LIST)                                                                               \
    enum { I##_errors_begin_ = OS_ERR_INTERFACE - 1, LIST(OS_GEN_ERR, I) I##_errors_end_ };                  \
    OS_UNUSED static inline const char *I##_err_text(os_err err)                                             \
    {                                                                                                        \
        switch (err) {                                                                                       \
            LIST(OS_GEN_ERR_CASE, I)                                                                         \
        }                                                                                                    \
        return os_err_text(err);                                                                             \
    }                                                                                                        \
    _Static_assert(I##_errors_end_ - 1 <= OS_ERR_INTERFACE_LAST, "interface " #I " has too many errors");

#endif
