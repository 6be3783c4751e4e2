/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard: runs one test program and fails it when it leaves something behind. `meson test` puts it around
 * every test.
 *
 *     guard COMMAND [ARGUMENT ...]
 *
 * The test has a TMPDIR and an XDG_RUNTIME_DIR of its own, which must be empty afterwards. The guard adopts
 * processes whose parents have ended, so that no descendant can get away from it: one that is still there
 * when the test has ended, and does not end soon, is a failure, and is killed. Memfds live in processes, so
 * they are gone with them, and so should be Seedbed's sockets: those with its name are compared. What is
 * wrong is said on stderr in lines that begin with "guard: ".
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a test has started may still be on its way out when it ends: a system dies of its core asynchronously.
 */
enum { GRACE_SECONDS = 3 };

static int failures;

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("guard: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    failures++;
}

/* ---- processes */

/* Calls FOUND for every process that is a child of this one, zombies excepted; returns how many there are. */
static int each_child(void (*found)(pid_t pid))
{
    int count = 0;
    DIR *proc = opendir("/proc");
    if (!proc)
        return 0;
    for (struct dirent *entry; (entry = readdir(proc));) {
        char path[64], line[512];
        int parent;
        char state;
        pid_t pid = (pid_t)atoi(entry->d_name);
        if (pid <= 0)
            continue;
        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        FILE *file = fopen(path, "re");
        if (!file)
            continue;
        /* pid (name) state parent ...; the name may contain anything, so what follows its last bracket counts
         */
        char *rest = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
        fclose(file);
        if (!rest || sscanf(rest + 1, " %c %d", &state, &parent) != 2)
            continue;
        if (parent != getpid() || state == 'Z')
            continue;
        count++;
        found(pid);
    }
    closedir(proc);
    return count;
}

static void report_process(pid_t pid)
{
    char path[64], command[160] = "";
    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(command, 1, sizeof(command) - 1, file) : 0;
    if (file)
        fclose(file);
    for (size_t i = 0; i + 1 < len; i++)
        if (!command[i])
            command[i] = ' ';
    complain("left behind process %d: %s", pid, command);
}

static void kill_process(pid_t pid)
{
    kill(pid, SIGKILL);
}

/* Takes the dead; 1 if there are children that live. */
static int children_live(void)
{
    pid_t pid;
    do
        pid = waitpid(-1, NULL, WNOHANG);
    while (pid > 0);
    return pid == 0;
}

/* Waits until all children are gone, at most SECONDS; SIGCHLD is blocked. */
static void await_children(int seconds)
{
    sigset_t set;
    struct timespec now, end;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    while (children_live()) {
        /* an orphan that becomes ours while it is dying may have sent its signal to its old parent: look
         * again */
        struct timespec slice = { 0, 100 * 1000 * 1000 };
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec))
            return;
        sigtimedwait(&set, NULL, &slice);
    }
}

static void end_processes(int report)
{
    await_children(report ? GRACE_SECONDS : 0);
    if (report)
        each_child(report_process);
    /* killing one can hand us its children */
    while (each_child(kill_process))
        await_children(1);
    children_live();
}

/* ---- files */

static int report_files;
static size_t tmp_len;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    /* level 0 is TMPDIR, and level 1 may be the runtime folder that the guard made */
    int ours = ftw->level == 0 || strcmp(path + tmp_len, "/run") == 0;
    if (report_files && !ours)
        complain("left behind %s: %s", S_ISDIR(status->st_mode) ? "folder" : "file", path + tmp_len + 1);
    if (remove(path))
        complain("cannot remove %s: %s", path, strerror(errno));
    return 0;
}

static void remove_tmp(const char *tmp, int report)
{
    report_files = report;
    tmp_len = strlen(tmp);
    nftw(tmp, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ---- sockets */

struct socket {
    unsigned long inode;
    unsigned type;  /* SOCK_STREAM and so on */
    char name[128]; /* a path, or @ and an abstract name */
};

/* Unix sockets whose names say that they are Seedbed's; the number of them. */
static size_t look_at_sockets(struct socket *sockets, size_t max)
{
    char line[512];
    size_t count = 0;
    FILE *file = fopen("/proc/net/unix", "re");
    if (!file)
        return 0;
    while (count < max && fgets(line, sizeof(line), file)) {
        struct socket *to = &sockets[count];
        /* address: references protocol flags type state inode name */
        if (sscanf(line, "%*[^:]: %*x %*x %*x %x %*x %lu %127s", &to->type, &to->inode, to->name) == 3 &&
            strstr(to->name, "seedbed"))
            count++;
    }
    fclose(file);
    return count;
}

static int is_among(const struct socket *socket, const struct socket *sockets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sockets[i].inode == socket->inode)
            return 1;
    return 0;
}

static int lives(pid_t pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

/* Another test that runs at the same time has sockets, too; their names end with the process that lives. */
static int has_living_owner(const struct socket *left)
{
    const char *slash = strrchr(left->name, '/');
    return slash && lives((pid_t)atoi(slash + 1));
}

/* So has a container, with process numbers of its own: who listens there has another number here, or none. */
static int is_foreign(const struct socket *left)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct ucred peer = { .pid = -1 };
    socklen_t size = sizeof(peer);
    size_t len = strlen(left->name);
    int fd = socket(AF_UNIX, (int)left->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || len > sizeof(address.sun_path) - 1)
        goto out;
    memcpy(address.sun_path, left->name, len);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = 0;
    if (connect(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) ==
        0)
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
out:
    if (fd >= 0)
        close(fd);
    return peer.pid == 0 || lives(peer.pid);
}

/* Another guard's folder says whose it is, also when that guard is in a container with files of its own. */
static int is_anothers(const struct socket *left, const char *tmp)
{
    return strstr(left->name, "/seedbed-test-") && strncmp(left->name, tmp, strlen(tmp)) != 0;
}

enum { SOCKETS = 1024 };
static struct socket sockets_before[SOCKETS];
static size_t count_before;

static void report_sockets(const char *tmp)
{
    static struct socket sockets[SOCKETS], again[SOCKETS];
    size_t count = look_at_sockets(sockets, SOCKETS), left = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_among(&sockets[i], sockets_before, count_before) && !is_anothers(&sockets[i], tmp) &&
            !has_living_owner(&sockets[i]))
            sockets[left++] = sockets[i];
    /* one whose owner ended between the two looks is gone now */
    count = look_at_sockets(again, SOCKETS);
    for (size_t i = 0; i < left; i++)
        if (is_among(&sockets[i], again, count) && !is_foreign(&sockets[i]))
            complain("left behind socket %s", sockets[i].name);
}

/* ---- the test */

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    stopped = number;
}

/* Waits for the test, adopting and reaping others meanwhile; -1 when the guard was told to stop. */
static int await_test(pid_t test)
{
    sigset_t set;
    int status;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (;;) {
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (pid == test)
                return status;
        if (stopped)
            return -1;
        struct timespec slice = { 1, 0 };
        sigtimedwait(&set, NULL, &slice);
    }
}

static void run_test(char **argv, const sigset_t *mask)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(argv[0], argv);
    fprintf(stderr, "guard: cannot execute %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

int main(int argc, char **argv)
{
    char tmp[256], runtime[300];
    const char *base = getenv("TMPDIR");
    if (argc < 2) {
        fprintf(stderr, "usage: guard COMMAND [ARGUMENT ...]\n");
        return 2;
    }

    int len = snprintf(tmp, sizeof(tmp), "%s/seedbed-test-XXXXXX", base && *base ? base : "/tmp");
    if (len >= (int)sizeof(tmp) || !mkdtemp(tmp)) {
        fprintf(stderr, "guard: cannot make a folder for the test's files\n");
        return 2;
    }
    snprintf(runtime, sizeof(runtime), "%s/run", tmp);
    mkdir(runtime, 0700);
    setenv("TMPDIR", tmp, 1);
    setenv("XDG_RUNTIME_DIR", runtime, 1);

    sigset_t set, mask;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &mask);
    struct sigaction action = { .sa_handler = stop };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);

    count_before = look_at_sockets(sockets_before, SOCKETS);
    pid_t test = fork();
    if (test == 0)
        run_test(argv + 1, &mask);
    int status = test < 0 ? -1 : await_test(test);

    if (status == -1) {
        /* the time limit, or Ctrl-C: what is left is no news */
        kill(test, SIGKILL);
        end_processes(0);
        remove_tmp(tmp, 0);
        fprintf(stderr, "guard: stopped by signal %d\n", (int)stopped);
        return 128 + SIGTERM;
    }
    if (WIFSIGNALED(status))
        complain("the test was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    end_processes(1);
    report_sockets(tmp);
    remove_tmp(tmp, !WIFSIGNALED(status));

    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return failures && (code == 0 || code == 77) ? 1 : code;
}
