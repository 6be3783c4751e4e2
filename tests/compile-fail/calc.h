/* SPDX-License-Identifier: BSD-2-Clause */
/* calc.h: the interfaces that the cases of the compile-fail suite misuse. */
#ifndef TESTS_CALC_H
#define TESTS_CALC_H

#include <os/session.h>

struct point {
    int32_t x, y;
};

#define EST_RPC(FN, I) FN(I, guess, (out, uint32_t, n))
OS_RPC_INTERFACE(est, EST_RPC)
OS_SESSION(est, "Est", 4096, 4)

#define CALC_RPC(FN, I)                                                                                      \
    FN(I, add, (in, uint32_t, a), (in, uint32_t, b), (out, uint32_t, sum))                                   \
    FN(I, move, (in, struct point, by), (inout, struct point, at))                                           \
    FN(I, name, (in, os_str(8), name), (out, os_str(16), whole))                                             \
    FN(I, data, (in, os_buf(8), b), (out, os_buf(16), twice))                                                \
    FN(I, give, (in, os_cap(est), in), (out, os_cap(est), back))
OS_RPC_INTERFACE(calc, CALC_RPC)
OS_SESSION(calc, "Calc", 4096, 4)

#define SCIENCE_RPC(FN, I) FN(I, root, (in, double, of), (out, double, root))
OS_RPC_EXTENDS(science, calc, SCIENCE_RPC)

os_err calc_do_add(struct os_rpc *rpc, uint32_t a, uint32_t b, uint32_t *sum);
os_err calc_do_move(struct os_rpc *rpc, struct point by, struct point *at);
os_err calc_do_name(struct os_rpc *rpc, const char *name, char (*whole)[16]);
os_err calc_do_data(struct os_rpc *rpc, const void *b, size_t b_len, uint8_t (*twice)[16], size_t *twice_len);
os_err calc_do_give(struct os_rpc *rpc, est_cap in, est_cap *back);
os_err science_do_root(struct os_rpc *rpc, double of, double *root);

#define CALC_OPS                                                                                             \
    .add = calc_do_add, .move = calc_do_move, .name = calc_do_name, .data = calc_do_data, .give = calc_do_give

#endif
