/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rom.h: ROM modules, read-only data with a name: binaries, configs, fonts. The content can change while a
 * session is open; it then comes as another dataspace, and the old one stays valid for who has it attached.
 */
#ifndef OS_ROM_H
#define OS_ROM_H

#include <os/session.h>
#include <os/dataspace.h>
#include <os/signal.h>

/*
 * dataspace: the current content, read-only. SIZE is its length in bytes, which the dataspace exceeds by less
 * than a page. OS_ERR_NOT_FOUND while there is no content; OS_ERR_RAM, OS_ERR_CAPS: the session's donation
 * does not pay for it beside what the client still has attached; OS_ERR_BUSY: the client has too many old
 * ones attached. sigh: HANDLER is signalled when there is other
 * content; no capability ends it.
 */
#define OS_ROM_RPC(FN, I)                                                                                    \
    FN(I, dataspace, (out, os_cap(os_dataspace), ds), (out, uint64_t, size))                                 \
    FN(I, sigh, (in, os_cap(os_signal), handler))
OS_RPC_INTERFACE(os_rom, OS_ROM_RPC)
OS_SESSION(os_rom, "ROM", OS_KIB(9), 6)

/*
 * A ROM module with its content attached. Zeroed means closed. Content that is too large for the session's
 * donation is paid for by upgrades from the component's account, OS_ROM_UPGRADE_MIN to OS_ROM_UPGRADE_MAX.
 */
#define OS_ROM_UPGRADE_MAX OS_MIB(64)
#define OS_ROM_UPGRADE_MIN OS_KIB(8)

struct os_rom_module {
    struct os_rom_session session;
    struct os_region region;
    const void *data; /* SIZE bytes, read-only, valid until os_rom_module_update or os_rom_module_close; NULL
                         before there is content */
    uint64_t size;
    uint64_t max_size; /* of content that is taken, bytes; 0: any. May be set before os_rom_module_update */
    uint64_t refused;  /* bytes of the content that was too large at the last look; 0: not known */
    uint64_t paid;     /* private: bytes that were added to the session's donation */
};

/* Opens the module NAME ("config" is the component's own config) and attaches its content. OS_ERR_NOT_FOUND.
 */
OS_MUST_CHECK os_err os_rom_module_open(struct os_rom_module *rom, struct os_env *env, const char *name);

/* Opens it without looking at its content, of which there may be none yet; os_rom_module_update does. */
OS_MUST_CHECK os_err os_rom_module_connect(struct os_rom_module *rom, struct os_env *env, const char *name);

/* HANDLER is signalled on new content. */
OS_MUST_CHECK os_err os_rom_module_sigh(struct os_rom_module *rom, os_signal_cap handler);

/*
 * Attaches the current content instead of the one before, which stays when this fails: OS_ERR_NOT_FOUND when
 * there is none any more, OS_ERR_RAM and OS_ERR_CAPS when the component's account cannot pay for both,
 * OS_ERR_TOO_LARGE when it is more than max_size. With max_size, no more than four times that and
 * OS_ROM_UPGRADE_MIN are ever added to the session's donation, whatever the server says.
 */
OS_MUST_CHECK os_err os_rom_module_update(struct os_rom_module *rom);

void os_rom_module_close(struct os_rom_module *rom);

#endif
