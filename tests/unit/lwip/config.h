/* SPDX-License-Identifier: BSD-2-Clause */
/* config.h: lwIP's suites include one, of Check's configure script; there is nothing in it that they use. */
