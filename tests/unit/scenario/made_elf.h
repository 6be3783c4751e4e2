/* SPDX-License-Identifier: BSD-2-Clause */
/* made_elf.h: small ELF files with a manifest, made in memory for tests. */
#ifndef TEST_MADE_ELF_H
#define TEST_MADE_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_MAX 2048

enum elf_place { ELF_IN_SEGMENT, ELF_IN_SECTION };

/*
 * Writes a file to AT: header, one table entry that names the notes, a note of somebody else's, and the
 * manifest's with TEXT. Its size.
 */
size_t elf_make(uint8_t (*at)[ELF_MAX], int wide, enum elf_place place, const char *text);

#endif
