/* SPDX-License-Identifier: BSD-2-Clause */
/* runtime.h: what the files of the component runtime share. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include "../../base-common/common.h"
#include <linux_base/native.h>
#include <linux_base/transport.h>

/* The component's native object at core; valid from runtime_native_init on. */
extern linux_native_cap runtime_native;
extern const struct transport_hooks runtime_hooks;

/* Faults are reported to core before they end the process. Each thread needs a signal stack of its own. */
void runtime_fault_init(void);
void runtime_fault_stack(void *stack, size_t size);

#endif
