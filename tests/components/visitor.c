/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * visitor.c: opens the sessions that its config lists, one after the other, says how each went, and ends with
 * the status that its config says.
 */
#include <stdio.h>

#include <os/component.h>
#include <os/config.h>
#include <os/resources.h>
#include <os/rom.h>
#include <os/session.h>

OS_MANIFEST("ram: 1M\n"
            "caps: 40\n"
            "heartbeat: true\n"
            "config:\n"
            "  visit:\n"
            "    type: list\n"
            "    of:\n"
            "      type: map\n"
            "      keys: { service: { type: string, required: true }, label: string, args: string }\n"
            "  status: { type: u32, max: 255, default: 0, doc: what it ends with }\n");

void component_construct(struct os_env *env)
{
    static struct os_heartbeat heartbeat;
    struct os_rom_module rom = { 0 };
    struct os_config config = { 0 };
    os_require(env, os_rom_module_open(&rom, env, "config"), "config");
    os_require(env, os_config_init(&config, rom.data, (size_t)rom.size), "config");
    os_require(env, os_heartbeat_init(&heartbeat, env), "heartbeat");
    os_config_ref root = os_config_root(&config);
    for (os_config_ref at = os_config_first(&config, os_config_get(&config, root, "visit")); at;
         at = os_config_next(&config, at)) {
        const char *service = os_config_str(&config, at, "service", "");
        const char *label = os_config_str(&config, at, "label", "");
        struct os_session session = { 0 };
        os_err err = os_session_open(env, service, label, os_config_str(&config, at, "args", ""), OS_KIB(64),
                                     8, &session);
        printf("%s \"%s\": %s\n", service, label, err ? os_err_text(err) : "open");
        if (!err)
            os_session_close(&session);
    }
    os_exit(env, (int)os_config_u64(&config, root, "status", 0));
}
