/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h: what a display driver may ask of the machine that Seedbed runs on. A service of core, for drivers;
 * the scenario decides who gets it.
 */
#ifndef OS_HOST_H
#define OS_HOST_H

#include <os/session.h>
#include <os/dataspace.h>
#include <os/signal.h>

/*
 * quit: ends the whole system with STATUS, as when the window's close button was pressed; after the picture
 * that the user wants to have at the end, if he does: it is asked for as always, so the driver serves on.
 * shot_sigh: HANDLER is signalled when the user wants a picture of the screen; the driver answers with
 * save("shot"). save: writes the first SIZE bytes of DS to the host's file for NAME ("shot": the file that
 * the user named; other names, of letters, digits, '-', '_' and '.', with ".png" at the end, to the same
 * folder). Whole or not at all. OS_ERR_NO_SPACE, OS_ERR_DENIED, OS_ERR_IO, OS_ERR_BAD_ARG. failed: instead of
 * save, when the picture cannot be made; TEXT says why.
 */
#define OS_HOST_RPC(FN, I)                                                                                   \
    FN(I, quit, (in, int32_t, status))                                                                       \
    FN(I, shot_sigh, (in, os_cap(os_signal), handler))                                                       \
    FN(I, save, (in, os_str(64), name), (in, os_cap(os_dataspace), ds), (in, uint64_t, size))                \
    FN(I, failed, (in, os_str(64), name), (in, os_str(256), text))
OS_RPC_INTERFACE(os_host, OS_HOST_RPC)
OS_SESSION(os_host, "Host", OS_KIB(16), 4)

#endif
