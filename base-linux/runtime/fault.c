/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.c: tells core what a fault was about, in one write, and lets it end the process. The handler runs on
 * a stack of its own, since the fault may be that the stack was used up.
 */
#include "runtime.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

extern const char __ehdr_start[]; /* by the linker: where the binary is loaded */
extern const char __executable_start[], etext[];

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

/* Whether memory at ADDRESS can be read: the kernel looks at the set before it finds that there is no such
 * HOW. */
static int readable(uintptr_t address)
{
    enum { NO_SUCH_HOW = 99 };
    return syscall(SYS_rt_sigprocmask, NO_SUCH_HOW, address, NULL, sizeof(uint64_t)) < 0 && errno == EINVAL;
}

/* Whether the instruction before ADDRESS, which is in this program, can be a call. */
static int follows_call(uintptr_t address)
{
#if defined(__x86_64__)
    const uint8_t *after = (const uint8_t *)address;
    if (after[-5] == 0xe8) /* with an offset */
        return 1;
    for (int length = 2; length <= 7; length++) /* through a register or memory */
        if (after[-length] == 0xff && (after[1 - length] & 0x38) == 0x10)
            return 1;
    return 0;
#else
    (void)address;
    return 1;
#endif
}

/*
 * What on the stack looks like the address after a call in this program, so that a fault in a function of the
 * C library is told by who called it. The stack may be what is broken, so each page is tried before it is
 * read.
 */
static void find_callers(const ucontext_t *context, uint64_t callers[LINUX_CALLERS_MAX])
{
    enum { WORDS = 1024 };
#if defined(__x86_64__)
    uintptr_t at = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#else
    uintptr_t at = (uintptr_t)context->uc_mcontext.sp;
#endif
    const uintptr_t first = (uintptr_t)__executable_start + 8, end = (uintptr_t)etext;
    unsigned found = 0;
    at &= ~(uintptr_t)(sizeof(at) - 1);
    for (unsigned i = 0; i < WORDS && found < LINUX_CALLERS_MAX; i++, at += sizeof(at)) {
        if ((!i || at % OS_PAGE_SIZE == 0) && !readable(at))
            break;
        uintptr_t value = *(const uintptr_t *)at;
        if (value > first && value < end && follows_call(value))
            callers[found++] = value - (uintptr_t)__ehdr_start - 1;
    }
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
    find_callers(context, fault.callers);

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
