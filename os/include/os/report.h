/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h: reports: what a component says about itself for others to read, whole and of one time. Who reads
 * it, and as what, is not the component's business: a report goes to a server such as report_rom, which
 * offers it as a ROM module. The label of the session names the report.
 */
#ifndef OS_REPORT_H
#define OS_REPORT_H

#include <os/config_writer.h>
#include <os/dataspace.h>
#include <os/session.h>

/*
 * buffer: a new buffer of at least SIZE bytes, writable, in place of the one before, paid for by the session.
 * OS_ERR_BAD_ARG (no size), OS_ERR_RAM, OS_ERR_CAPS; OS_ERR_BUSY while the client has the one before
 * attached. submit: the first LENGTH bytes of the buffer are the report from now on; the server has copied
 * them when it answers. LENGTH 0: there is no report any more. OS_ERR_BAD_ARG: LENGTH is more than the
 * buffer; OS_ERR_TOO_LARGE: it is more than the server takes, and the report before stays; OS_ERR_RAM: the
 * session does not pay for a copy.
 */
#define OS_REPORT_RPC(FN, I)                                                                                 \
    FN(I, buffer, (in, uint64_t, size), (out, os_cap(os_dataspace), ds))                                     \
    FN(I, submit, (in, uint64_t, length))
OS_RPC_INTERFACE(os_report, OS_REPORT_RPC)
OS_SESSION(os_report, "Report", OS_KIB(16), 6)

/* A report of this component. Zeroed is a fine one without name. */
struct os_reporter {
    struct os_env *env;
    struct os_report_session session;
    struct os_region buffer;
    char label[OS_LABEL_MAX];
};

/* Opens the session for the report LABEL. Errors as of os_session_open; OS_ERR_TOO_LARGE for a long label. */
OS_MUST_CHECK os_err os_reporter_init(struct os_reporter *reporter, struct os_env *env, const char *label);

/* Closes it; what becomes of the report then is the server's policy. */
void os_reporter_fini(struct os_reporter *reporter);

/*
 * Submits SIZE bytes of DATA; the buffer grows as it must, with an upgrade from the component's account. When
 * the server has ended, the error says so (os_err_is_gone), and the next submit goes to the one that follows.
 */
OS_MUST_CHECK os_err os_reporter_submit(struct os_reporter *reporter, const void *data, size_t size);

/* The same with the tree that WRITER has written, which is finished and freed in any case. */
OS_MUST_CHECK os_err os_reporter_submit_tree(struct os_reporter *reporter, struct os_config_writer *writer);

#endif
