/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h: what a driver may have of the machine: the service Machine of core, on this platform only. The
 * scenario decides who gets it (`route: { Machine: parent }`).
 *
 * A session is for one device, which its arguments name, and nobody else has that device until it is closed;
 * init closes it when the driver ends, so that the next one finds the device free:
 *
 *     device=vga   the Bochs VBE adapter: ports 0x1ce to 0x1d0; memory: its picture, from the first pixel
 *     device=ps2   the keyboard's controller: ports 0x60 and 0x64; interrupts of its second port, the mouse;
 *                  keys: what the keyboard on its first port sends, which the kernel reads
 *     device=nic   a network card with the registers of an NE2000 on PCI (Realtek's 8029): its 32 ports from
 *                  first_port on; interrupts. It has memory of its own and none of the machine's, so that
 *                  its driver can reach nobody else's by it
 *
 * By the keyboard's controller a driver can also reset the machine; who has it is trusted that far.
 *
 * Errors of the request: OS_ERR_BAD_ARG (no such device is known), OS_ERR_NOT_FOUND (this machine has none),
 * OS_ERR_BUSY (another session has it).
 */
#ifndef MACH_BASE_MACHINE_H
#define MACH_BASE_MACHINE_H

#include <os/dataspace.h>
#include <os/pd.h>
#include <os/session.h>
#include <os/signal.h>

/*
 * ports: the component whose account PD is may use the device's input and output ports until the session is
 * closed. OS_ERR_BAD_CAP: PD is none, or does not run; OS_ERR_BUSY: another component was allowed it.
 * first_port: of the device, which the machine has chosen.
 * memory: DS, writable, is the device's memory, SIZE bytes; costs the session one cap. It cannot be attached
 * any more when the session is closed, but stays where it is attached. OS_ERR_UNSUPPORTED: there is none.
 * interrupt_sigh: HANDLER is signalled when the device has interrupted; then there is no other interrupt
 * until acknowledge. One that nobody has acknowledged yet is signalled at once. OS_ERR_UNSUPPORTED.
 * keys: takes up to 64 bytes of what the keyboard has sent since the session was opened; 0xff stands for
 * bytes that nobody took in time. keys_sigh: HANDLER is signalled when there are more. OS_ERR_UNSUPPORTED.
 */
#define MACHINE_RPC(FN, I)                                                                                   \
    FN(I, ports, (in, os_cap(os_pd), pd))                                                                    \
    FN(I, memory, (out, os_cap(os_dataspace), ds), (out, uint64_t, size))                                    \
    FN(I, interrupt_sigh, (in, os_cap(os_signal), handler))                                                  \
    FN(I, acknowledge)                                                                                       \
    FN(I, keys, (out, os_buf(64), codes))                                                                    \
    FN(I, keys_sigh, (in, os_cap(os_signal), handler))                                                       \
    FN(I, first_port, (out, uint16_t, port))
OS_RPC_INTERFACE(machine, MACHINE_RPC)
OS_SESSION(machine, "Machine", OS_KIB(16), 8)

#endif
