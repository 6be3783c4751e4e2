/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rom_server.h: the server's side of a session of ROM whose content changes. The client pays for what it is
 * given: each content is a dataspace of its own, charged to the session until the client has it attached no
 * longer. So a client that goes on to use what is old pays for that too, and one that can no longer pay gets
 * an error, until it upgrades its session or lets go of what it has.
 */
#ifndef OS_ROM_SERVER_H
#define OS_ROM_SERVER_H

#include <os/rom.h>

/* Contents of one session that its client may still have attached beside the current one. */
#define OS_ROM_OLD_MAX 4

struct os_rom_source;

/* Where the content comes from. */
struct os_rom_content {
    /*
     * The content as it is now, SIZE bytes at *DATA, until it is released. OS_ERR_NOT_FOUND while there is
     * none; other errors go to the client as they are.
     */
    os_err (*get)(struct os_rom_source *source, const void **data, uint64_t *size);
    /* DATA is not needed any more; may be NULL. */
    void (*release)(struct os_rom_source *source, const void *data);
};

struct os_rom_given {
    os_dataspace_cap ds; /* read-only; owned */
    uint64_t ram;        /* bytes charged for it */
};

/* One session, a member of its server's session structure. All at the entrypoint that serves it. */
struct os_rom_source {
    struct os_object object;
    struct os_env *env;
    struct os_quota *quota;
    const struct os_rom_content *content;
    struct os_rom_given current, old[OS_ROM_OLD_MAX];
    uint64_t size;         /* of the current content */
    int stale;             /* there is other content than the current one */
    os_signal_cap handler; /* of the client; owned */
};

/*
 * Serves ROM at EP with what CONTENT gives; the first content is made when the client asks for it. The
 * server has charged OS_ROM_SOURCE_CAPS for the object when it opened the session. QUOTA, the session's, is
 * charged for the pages and two caps of each content, and must be valid until os_rom_source_fini. *CAP is the
 * caller's. OS_ERR_CAPS, OS_ERR_HANDLES.
 */
enum { OS_ROM_SOURCE_CAPS = 1 };

OS_MUST_CHECK os_err os_rom_source_init(struct os_rom_source *source, struct os_env *env,
                                        struct os_entrypoint *ep, struct os_quota *quota,
                                        const struct os_rom_content *content, os_rom_cap *cap);

/* There is other content, or none any more: signals the client. */
void os_rom_source_changed(struct os_rom_source *source);

/* Ends the session's object, and gives back its contents and what was charged for them. Zeroed is fine. */
void os_rom_source_fini(struct os_rom_source *source);

#endif
