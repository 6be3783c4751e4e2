/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.c: tells core what a fault was about, in one write, and lets it end the process. The handler runs on
 * a stack of its own, since the fault may be that the stack was used up.
 */
#include "runtime.h"
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

extern const char __ehdr_start[]; /* by the linker: where the binary is loaded */

static char main_stack[16 * 1024];

static uint64_t instruction(const ucontext_t *context)
{
#if defined(__x86_64__)
    uintptr_t ip = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    uintptr_t ip = (uintptr_t)context->uc_mcontext.pc;
#else
#error "tell here where this architecture keeps the instruction pointer"
#endif
    return ip - (uintptr_t)__ehdr_start;
}

/*
 * abort() sends itself a signal, which no sandbox allows, and then executes what the processor refuses. What
 * it meant is what is reported.
 */
static int meant(int number, ucontext_t *context)
{
#if defined(__x86_64__)
    const uint8_t hlt = 0xf4;
    const uint8_t *ip = (const uint8_t *)(uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    /* a processor's refusal, not an access: then the instruction itself can be read */
    if (number == SIGSEGV && context->uc_mcontext.gregs[REG_TRAPNO] == 13 && *ip == hlt)
        return SIGABRT;
#else
    (void)context;
#endif
    return number;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    struct linux_fault fault = {
        .magic = LINUX_FAULT_MAGIC,
        .signal = (uint32_t)meant(number, context),
        .code = info->si_code,
        .address = (uintptr_t)info->si_addr,
        .ip = instruction(context),
    };

    plat_console((const char *)&fault, sizeof(fault));
    /* the handler is reset: the same instruction faults again when this returns, with the default action */
}

void runtime_fault_stack(void *stack, size_t size)
{
    stack_t alternate = { .ss_sp = stack, .ss_size = size };
    sigaltstack(&alternate, NULL);
}

void runtime_fault_init(void)
{
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
    struct sigaction action = { .sa_sigaction = on_fault,
                                .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND) };

    runtime_fault_stack(main_stack, sizeof(main_stack));
    for (size_t i = 0; i < OS_ARRAY_LEN(numbers); i++)
        sigaction(numbers[i], &action, NULL);
}
