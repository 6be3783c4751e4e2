/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bare.h: what the loader and the test programs that it runs say to each other. A test program is a task
 * without core beneath it. It is started once for each of its tests: %eax is the number of the test, or
 * COUNT_TESTS to say how many there are. It holds its own task port, and BARE_LOADER.
 */
#ifndef BARE_H
#define BARE_H

#include <stddef.h>
#include <stdint.h>
#include <mach_base/kernel.h>

/* The name of the right to send to the loader. */
#define BARE_LOADER ((mach_port_t)0x1000)

#define BARE_COUNT_TESTS UINT32_MAX

enum { /* ids of messages to the loader */
       BARE_SAY = 0x5eed1001,
       BARE_MEMORY, /* answered: a memory object of zeroed pages */
       BARE_FILE,   /* answered: a file of the archive, as memory */
       BARE_REPLY = 100,
};

enum bare_say {              /* what BARE_SAY says, with up to two numbers and a text */
                BARE_TESTS,  /* A: how many tests there are */
                BARE_BEGINS, /* the test called TEXT; A: the signal, B: the exit status it is to end with */
                BARE_OUTPUT, /* TEXT was printed */
                BARE_FAILED, /* the test has failed, for the reason TEXT */
                BARE_SKIPS,  /* the test cannot run here, for the reason TEXT */
                BARE_ENDED,  /* A: exit status, B: the test has returned; the task does nothing any more */
};

#define BARE_SELF "exe"

enum { BARE_TEXT_MAX = 1000, BARE_NAME_MAX = 64 };

struct bare_said {
    struct mach_header head;
    uint32_t numbers_type, what, a, b;
    uint32_t text_type;
    char text[BARE_TEXT_MAX]; /* as long as text_type says */
};

struct bare_wanted {
    struct mach_header head;
    uint32_t name_type;
    char name[BARE_NAME_MAX]; /* of a file */
};

struct bare_answer {
    struct mach_header head;
    uint32_t err_type, err;
    union {
        struct { /* to BARE_MEMORY */
            uint32_t type;
            mach_port_t object;
        } port;
        struct { /* to BARE_FILE */
            uint32_t type, name_and_size, bytes;
            const void *data;
        } memory;
    };
};

/* ---- the test program's side; any thread */

/* Says it, or nothing if there is no loader. Longer texts are said in parts. */
void bare_say(enum bare_say what, uint32_t a, uint32_t b, const char *text, size_t len);
/* The whole content of file NAME of the archive, for good; NULL if there is none. BARE_SELF is the program's
 * own. */
const void *bare_file(const char *name, size_t *size);
/* A memory object with as much zeroed memory as is mapped of it; its pages go with the program.
 * MACH_PORT_NULL. */
mach_port_t bare_memory(void);
/* Ends the program as far as it can do that itself. */
void bare_end(int status, int returned) __attribute__((noreturn));

/* Whether the test has returned (test.c). */
extern int bare_test_has_returned;

/* Where output goes instead of the loader, or NULL (calls.c). */
extern void (*bare_printed)(int fd, const char *text, size_t len);

#endif
