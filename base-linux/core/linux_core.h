/* SPDX-License-Identifier: BSD-2-Clause */
/* linux_core.h: one run of a system, as the seedbed command asks for it. */
#ifndef LINUX_CORE_H
#define LINUX_CORE_H

#include <os/types.h>

/* A ROM module from a file that the scenario names; the user's own, wherever it is. */
struct linux_core_file {
    const char *name, *path;
};

/* Frames of links to a file, as pcapng. */
struct linux_core_pcap {
    const char *link, *path;
};

struct linux_core_options {
    const char *scenario; /* path of the file */
    const struct linux_core_file
        *files;              /* NULL, or up to one without a name; these come before those of dirs */
    const char *const *dirs; /* folders with ROM modules, NULL at the end; the first that has a name wins */
    const char *shot;        /* file for pictures; its folder is for those with other names */
    int shot_wanted;         /* a picture is to be made at the end; not having it is an error */
    const struct linux_core_pcap *pcaps; /* NULL, or up to one without a link */
    int headless;                        /* no display; a picture is made at the end in any case */
    int no_spin;                         /* calls never wait awake, whatever it costs them */
    int books;                           /* it is said at the end whether everything came back */
    os_time duration;                    /* ns after which the system ends with status 0; 0: none */
};

/* Runs a system until its end; the exit status of the command. Once per process, which must have no threads.
 */
int linux_core_run(const struct linux_core_options *options);

/*
 * Opens a regular file to be read; without waiting should it turn out to be something else. The descriptor is
 * the caller's. OS_ERR_NOT_FOUND, OS_ERR_IO.
 */
os_err linux_open_regular(const char *path, int *fd);

/* Whether a machine that lacks MISSING (of spawner_start) lacks a part of the sandbox. Users of their own for
 * components are had by root only. */
int linux_lacks_sandbox(uint32_t missing);

/* The address of the control socket of the system that process PID of user UID runs. */
struct sockaddr_un;
unsigned linux_core_control_address(struct sockaddr_un *address, unsigned uid, unsigned pid);

#endif
