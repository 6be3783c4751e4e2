/* SPDX-License-Identifier: BSD-2-Clause */
/* format.S: format.yaml as a text of the program, scenario_format, which ends with a NUL. */
        .section .rodata.scenario_format, "a", %progbits
        .globl scenario_format
        .type scenario_format, %object
scenario_format:
        .incbin SEEDBED_FORMAT
        .byte 0
        .size scenario_format, . - scenario_format
        .section .note.GNU-stack, "", %progbits
