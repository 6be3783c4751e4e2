/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocks.h: what the benchmarks of TCP send, components and plain programs alike. The first byte of a
 * connection says which way blocks go. Up: to the server, which answers each with a byte. Down: from the
 * server, one for each byte that it gets. So neither side's buffers decide how many are under way.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

enum { BLOCK = 65536, BLOCKS_UP = 'u', BLOCKS_DOWN = 'd', BLOCK_ASKED = 'b', BLOCKS_PORT = 5002 };

#endif
