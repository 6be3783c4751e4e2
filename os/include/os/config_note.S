/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_note.S: makes the schema of a component's config part of its program, as a note beside the manifest's,
 * so that scenarios can be checked without running it:
 *
 *     cc -c -DSEEDBED_CONFIG='"config.yaml"' config_note.S -o config_note.o
 *
 * The object is linked with the component's others. Numbers and name are those of os/manifest.h.
 */
        .section .note.seedbed, "a", %note
        .balign 4
        .long 8
        .long 2f - 1f
        .long 2
        .asciz "Seedbed"
1:
        .incbin SEEDBED_CONFIG
        .byte 0
2:
        .balign 4
        .section .note.GNU-stack, "", %progbits
