/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.h: numbers that nobody can foresee. A service of core, which init hands out as it does LOG unless
 * the scenario says otherwise.
 *
 *     uint64_t key[2];
 *     os_err err = os_random_bytes(env, key, sizeof(key));
 *
 * Who needs many takes a key once and makes them from it; what needs a call to core for each packet is slow.
 *
 * They come from the operating system (Linux: getrandom), else from a generator that is seeded by what
 * started the machine and by the processor's own source (os/core/drbg.h); docs/portability.md says what it is
 * where. A platform that has neither refuses the session: OS_ERR_NO_SERVICE. It cannot be used up: no
 * component's requests make those of others worse, or wait. In a test in one process the numbers are those of
 * a seed that the test gives.
 */
#ifndef OS_RANDOM_H
#define OS_RANDOM_H

#include <os/session.h>

#define OS_RANDOM_MAX 256 /* bytes in one answer */
#define OS_RANDOM_KEY 32  /* bytes */

/*
 * fill: SIZE random bytes, 0 to OS_RANDOM_MAX, else OS_ERR_BAD_ARG. key: OS_RANDOM_KEY bytes that are the
 * same whenever a session with this label asks for them, as long as the system runs, and nobody else's: for
 * what has to be as it was when a component is started again. It can be told from random bytes only by who
 * has it.
 */
#define OS_RANDOM_RPC(FN, I)                                                                                 \
    FN(I, fill, (in, uint32_t, size), (out, os_buf(OS_RANDOM_MAX), bytes))                                   \
    FN(I, key, (out, os_buf(OS_RANDOM_KEY), bytes))
OS_RPC_INTERFACE(os_random, OS_RANDOM_RPC)
OS_SESSION(os_random, "Random", OS_KIB(4), 4)

/*
 * Fills SIZE bytes at TO, of any number, by a session that is closed again. After a failure there are zeros
 * or what was there before: errors as of os_session_open. Any thread.
 */
OS_MUST_CHECK os_err os_random_bytes(struct os_env *env, void *to, size_t size);

/* The same with the key for this component and LABEL: SIZE is at most OS_RANDOM_KEY, else OS_ERR_BAD_ARG. */
OS_MUST_CHECK os_err os_random_stable(struct os_env *env, const char *label, void *to, size_t size);

#endif
