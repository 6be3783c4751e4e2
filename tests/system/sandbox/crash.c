/* SPDX-License-Identifier: BSD-2-Clause */
/* crash.c: a program with debug information whose functions the symbolize test looks for. */

int symbolize_target(int x);

static inline __attribute__((always_inline)) int inlined_target(int x)
{
    volatile int *nowhere = (int *)(long)x;

    return *nowhere;
}

int symbolize_target(int x)
{
    return inlined_target(x) + 1;
}

int main(void)
{
    return symbolize_target(16);
}
