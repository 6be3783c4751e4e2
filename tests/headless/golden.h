/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * golden.h: compares a picture with a golden one, exactly. With SEEDBED_RENEW_GOLDEN=1 in the environment the
 * golden one is written instead; look at it before it is committed.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdint.h>

/*
 * Fails the Check test unless the W by H PIXELS, 0xXXRRGGBB, are those of tests/headless/NAME.png. The
 * picture and another one of what differs are left in the build folder then, and the message says where.
 */
void golden_check(const uint32_t *pixels, uint32_t w, uint32_t h, const char *name);

/* The same for the picture in the file PATH. */
void golden_check_file(const char *path, const char *name);

#endif
