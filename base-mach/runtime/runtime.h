/* SPDX-License-Identifier: BSD-2-Clause */
/* runtime.h: what the files of the component runtime share. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include "../../base-common/common.h"
#include <mach_base/native.h>

/* The component's native object at core, and its environment; valid before anything else runs. */
extern mach_native_cap runtime_native;
extern struct os_env runtime_env;

#endif
