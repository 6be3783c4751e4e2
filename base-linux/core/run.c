/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c: one run of a system, from the spawner's start to the end of everything. When core ends, for whatever
 * reason, the spawner sees its socket closed and ends, and all components with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "capture.h"
#include "internal.h"
#include "writer.h"

/* How long the end waits for a picture. */
#define SHOT_WAIT (2 * OS_SEC)

/* How long it waits for frames of captures. */
#define LAST_FRAMES OS_SEC

/* How long it waits for who reads the output, seconds. */
enum { LAST_WORDS = 2 };

struct linux_core linux_core;

static struct transport_watch signals = { .fd = -1 };
static struct os_alarm duration;

void linux_core_end(int status)
{
    if (!linux_core.ending)
        linux_core.status = status;
    linux_core.ending = 1;
    os_entrypoint_stop(&linux_core.ep);
}

/* ---- ways to end */

void core_plat_end(int status)
{
    linux_core_end(status);
}

enum core_shot core_plat_shot(os_time *patience)
{
    const struct linux_core_options *options = linux_core.options;
    *patience = SHOT_WAIT;
    return options->shot_wanted ? CORE_SHOT_WANTED : options->headless ? CORE_SHOT_POSSIBLE : CORE_SHOT_NONE;
}

void core_plat_shot_ended(const char *error)
{
    if (error)
        linux_say("no picture: %s", error);
    else
        linux_say("picture in %s", linux_core.options->shot);
}

static void signal_ready(struct transport_watch *watch, uint32_t events)
{
    struct signalfd_siginfo info;
    (void)events;
    while (read(watch->fd, &info, sizeof(info)) == sizeof(info))
        core_end_in_order(&linux_core.core);
}

static void duration_over(struct os_alarm *alarm)
{
    (void)alarm;
    core_end_in_order(&linux_core.core);
}

/* What init has to say about its end it has logged itself. */
void core_plat_init_ended(enum os_pd_state state, int32_t status, const char *text)
{
    linux_process_flush();
    if (state == OS_PD_EXITED) {
        linux_core_end(status & 0xff);
        return;
    }
    linux_say("init has ended: %s", text);
    linux_core_end(1);
}

/* ---- start */

/* From now on these signals are read; the spawner was started before and has its own way. */
static os_err take_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGIO, SIG_IGN); /* of leases, see module.c */
    signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    signals.ready = signal_ready;
    if (signals.fd < 0)
        return OS_ERR_HANDLES;
    return transport_watch(linux_core.ep.plat, &signals, EPOLLIN);
}

int linux_lacks_sandbox(uint32_t missing)
{
    return (missing & ~(uint32_t)SPAWNER_NO_UID) != 0;
}

/* As for other programs: who closes the output wants no more of it. On the writer's thread, so by a signal.
 */
static void reader_gone(void)
{
    kill(getpid(), SIGTERM);
}

static void say_missing(uint32_t missing)
{
    if (missing & SPAWNER_NO_USERNS)
        linux_say("WARNING: this machine allows no user namespaces; components are less isolated");
    if (missing & SPAWNER_NO_MOUNT)
        linux_say(
            "WARNING: this machine allows no file systems of their own for components; only the filter of "
            "system calls keeps them from files");
    if (missing & SPAWNER_NO_THREADS)
        linux_say("WARNING: this machine cannot bound the number of a component's threads by itself; only "
                  "its ram does");
    if (missing & SPAWNER_NO_SECCOMP)
        linux_say("WARNING: this machine has no filter of system calls with notification");
}

/* For as long as the system runs. After the spawner's fork, so that nobody else has the files open. */
static os_err open_captures(void)
{
    for (const struct linux_core_pcap *pcap = linux_core.options->pcaps; pcap && pcap->link; pcap++) {
        struct capture *capture;
        int fd = open(pcap->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0) {
            fprintf(stderr, "seedbed: %s: %s\n", pcap->path, strerror(errno));
            return OS_ERR_IO;
        }
        os_err err = capture_create(pcap->link, fd, 0, NULL, NULL, &capture);
        if (err)
            return err;
    }
    return OS_OK;
}

static os_err start(const char **step)
{
    os_err err;
    struct linux_quota all, own = linux_quota_of_core();
    struct os_entrypoint *ep = &linux_core.ep;
    linux_native_hooks();
    all = linux_quota_of_machine();
    *step = "the sandbox";
    if ((err = spawner_start(&linux_core.spawner, &linux_core.missing)))
        return err;
    *step = "core";
    if ((err = os_entrypoint_init(ep)) || (err = take_signals()))
        return err;
    writer_start(STDOUT_FILENO,
                 reader_gone); /* a thread, so after the spawner's fork, and with the signals blocked */
    if ((err = linux_memory_init()) || (err = linux_files_init()) || (err = linux_process_init()) ||
        (err = core_init(&linux_core.core, ep, all.ram, all.caps)))
        return err;
    *step = "the control socket";
    if ((err = linux_control_init()))
        return err;
    say_missing(linux_core.missing);
    *step = "the capture";
    if ((err = capture_init()) || (err = open_captures()))
        return err;
    *step = "init";
    return core_start_init(&linux_core.core, "init", own.ram, own.caps);
}

int linux_core_run(const struct linux_core_options *options)
{
    const char *step = "";
    linux_core.options = options;
    os_err err = start(&step);
    if (err) {
        fprintf(stderr, "seedbed: %s cannot be started: %s\n", step, os_err_text(err));
        linux_core_end(1);
    }
    if (!linux_core.ending && options->duration) {
        duration.handle = duration_over;
        os_alarm_set(&linux_core.ep, &duration, os_clock_now() + options->duration);
    }
    if (!linux_core.ending)
        os_entrypoint_run(&linux_core.ep);
    if (!err)
        linux_pcap_end(LAST_FRAMES);
    if (!err)
        linux_process_flush();
    if (!err && options->books && !linux_core.spawner_lost)
        linux_books_close();
    spawner_stop(linux_core.spawner);
    linux_network_end();
    capture_finish(LAST_WORDS);
    writer_finish(LAST_WORDS);
    return linux_core.status;
}
