/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * changes.c: `changes FOLDER NAME` writes the content of the file as a line, at the start and each time that
 * another one takes its name: what core and a component do with a ROM module, without either.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static int say(const char *path)
{
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (fd >= 0)
        close(fd);
    return len < 0 || dprintf(STDOUT_FILENO, "text: %.*s\n", (int)len, text) < 0;
}

int main(int argc, char **argv)
{
    char path[PATH_MAX];
    _Alignas(struct inotify_event) char buffer[4096];
    int fd = inotify_init1(IN_CLOEXEC);
    if (argc < 3 || fd < 0 || inotify_add_watch(fd, argv[1], IN_MOVED_TO) < 0)
        return 1;
    snprintf(path, sizeof(path), "%s/%s", argv[1], argv[2]);
    if (say(path))
        return 1;
    for (ssize_t len; (len = read(fd, buffer, sizeof(buffer))) > 0;) {
        for (char *at = buffer; at < buffer + len;) {
            const struct inotify_event *event = (const void *)at;
            if (event->len && !strcmp(event->name, argv[2]) && say(path))
                return 1;
            at += sizeof(*event) + event->len;
        }
    }
    return 1;
}
