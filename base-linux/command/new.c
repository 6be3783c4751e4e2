/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * new.c: makes a project for a component outside of Seedbed's own tree, as a copy of one that is built and
 * tested with Seedbed. Its word "skeleton" becomes the new name wherever it stands.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "find.h"

enum { NAME_SIZE = 33, FILE_SIZE_MAX = 64 * 1024 };

/* The ways in which a name is written. */
struct spelling {
    char lower[NAME_SIZE]; /* my_clock: of programs, files and in C */
    char camel[NAME_SIZE]; /* MyClock: of the service */
    char upper[NAME_SIZE]; /* MY_CLOCK: of macros */
};

static const struct spelling skeleton = { "skeleton", "Skeleton", "SKELETON" };

/* Words that would mean something else to the compiler, to make or to Meson. */
static const char *const taken[] = {
    "all",       "asm",         "auto",     "benchmark", "break",    "case",    "char",      "check",
    "clean",     "const",       "continue", "dist",      "coverage", "default", "do",        "double",
    "else",      "enum",        "extern",   "float",     "for",      "goto",    "if",        "inline",
    "int",       "install",     "linux",    "long",      "main",     "os",      "out",       "phony",
    "build",     "reconfigure", "register", "restrict",  "return",   "run",     "short",     "signed",
    "sizeof",    "static",      "struct",   "switch",    "test",     "typedef", "typeof",    "union",
    "uninstall", "unix",        "unsigned", "void",      "volatile", "while",   "distcheck",
};

/* Whether the kit has a component called NAME, which a new one would hide. */
static int in_kit(const char *name)
{
    char folder[PATH_MAX], path[PATH_MAX];
    return !find_components(folder) && snprintf(path, sizeof(path), "%s/%s", folder, name) < PATH_MAX &&
           !access(path, F_OK);
}

/* Zero, or the status to end with after a message. */
static int check_name(const char *name)
{
    size_t len = strlen(name);
    int fine = islower((unsigned char)name[0]) && len < NAME_SIZE;
    for (size_t i = 0; i < len; i++)
        fine &= islower((unsigned char)name[i]) || isdigit((unsigned char)name[i]) || name[i] == '_';
    if (!fine)
        return command_mistake(
            "expected a name of up to 32 small letters, digits and _, with a letter first, found",
            len ? name : "nothing");
    for (size_t i = 0; i < OS_ARRAY_LEN(taken); i++)
        if (!strcmp(name, taken[i]))
            return command_mistake("this name means something else in C, make or Meson:", name);
    if (!strncmp(name, "os_", 3))
        return command_mistake("names that begin with os_ are those of Seedbed itself:", name);
    return in_kit(name) ? command_mistake("there is a component of this name in the kit:", name) : 0;
}

static void spell(const char *name, struct spelling *spelling)
{
    size_t len = 0;
    *spelling = (struct spelling){ 0 };
    for (size_t i = 0; name[i]; i++) {
        spelling->lower[i] = name[i];
        spelling->upper[i] = (char)toupper((unsigned char)name[i]);
        if (name[i] != '_')
            spelling->camel[len++] = i == 0 || name[i - 1] == '_' ? spelling->upper[i] : name[i];
    }
}

/* What AT begins with becomes *NEW; its length, or 0 if it is nothing that changes. */
static size_t find_word(const char *at, const struct spelling *to, const char **new)
{
    const char *words[][2] = { { skeleton.lower, to->lower },
                               { skeleton.camel, to->camel },
                               { skeleton.upper, to->upper } };
    for (size_t i = 0; i < OS_ARRAY_LEN(words); i++) {
        if (strncmp(at, words[i][0], strlen(words[i][0])) != 0)
            continue;
        *new = words[i][1];
        return strlen(words[i][0]);
    }
    return 0;
}

/* Writes LEN bytes of TEXT with the words changed. Any error is the file's. */
static void put_text(FILE *file, const char *text, size_t len, const struct spelling *to)
{
    const char *new;
    for (size_t i = 0, word; i < len; i += word ? word : 1) {
        word = find_word(text + i, to, &new);
        if (word)
            fputs(new, file);
        else
            fputc(text[i], file);
    }
}

/* The whole text but for the lines that say how Seedbed is licensed: a new project is whose it is. */
static void put_lines(FILE *file, const char *text, const struct spelling *to)
{
    while (*text) {
        size_t len = strcspn(text, "\n") + 1;
        const char *license = strstr(text, "SPDX-License-Identifier:");
        if (len > strlen(text))
            len = strlen(text);
        if (!license || license >= text + len)
            put_text(file, text, len, to);
        text += len;
    }
}

/* The text of the file NAME in the folder FROM, to be freed; NULL with errno set. */
static char *read_text(int from, const char *name)
{
    ssize_t len = -1;
    char *text = NULL;
    int fd = openat(from, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    text = malloc(FILE_SIZE_MAX);
    if (text)
        len = read(fd, text, FILE_SIZE_MAX - 1);
    if (len >= 0)
        text[len] = 0;
    close(fd);
    if (len >= 0)
        return text;
    free(text);
    return NULL;
}

/* Zero, or -1 with errno set. NAME is that of the copied file, AS how it is to be called. */
static int copy_file(int from, int to, const char *name, const char *as, const struct spelling *spelling)
{
    int status = -1;
    char *text = read_text(from, name);
    int fd = text ? openat(to, as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file) {
        put_lines(file, text, spelling);
        int failed = ferror(file);
        status = fclose(file) || failed ? -1 : 0;
    } else if (fd >= 0) {
        close(fd);
    }
    free(text);
    return status;
}

static int file_name(const char *name, const struct spelling *spelling, char as[NAME_MAX + 1])
{
    FILE *memory = fmemopen(as, NAME_MAX + 1, "w");
    if (!memory)
        return -1;
    put_text(memory, name, strlen(name), spelling);
    return fclose(memory);
}

/* Takes back what has been written so far. */
static void remove_copies(DIR *from, int to, const struct spelling *spelling)
{
    char as[NAME_MAX + 1];
    rewinddir(from);
    for (struct dirent *entry; (entry = readdir(from));)
        if (entry->d_name[0] != '.' && !file_name(entry->d_name, spelling, as))
            unlinkat(to, as, 0);
}

/* Copies all files of the folder FROM; zero, or -1 after a message that names FOLDER, and nothing is left in
 * it. */
static int copy_files(DIR *from, int to, const char *folder, const struct spelling *spelling)
{
    char as[NAME_MAX + 1];
    for (struct dirent *entry; (entry = readdir(from));) {
        if (entry->d_name[0] == '.')
            continue;
        if (!file_name(entry->d_name, spelling, as) &&
            !copy_file(dirfd(from), to, entry->d_name, as, spelling))
            continue;
        fprintf(stderr, "seedbed: %s/%s: %s\n", folder, as, strerror(errno));
        remove_copies(from, to, spelling);
        return -1;
    }
    return 0;
}

/* Makes FOLDER, which must not be there yet, with all files in it; zero, or -1 after a message. */
static int make_project(const char *template, const char *folder, const struct spelling *spelling)
{
    int status = -1, to = -1;
    DIR *from = opendir(template);
    if (!from) {
        fprintf(stderr, "seedbed: %s: %s\n", template, strerror(errno));
        return -1;
    }
    if (mkdir(folder, 0777)) {
        fprintf(stderr, "seedbed: cannot make the folder %s: %s\n", folder, strerror(errno));
        goto close_template;
    }
    to = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0)
        fprintf(stderr, "seedbed: %s: %s\n", folder, strerror(errno));
    else
        status = copy_files(from, to, folder, spelling);
    if (to >= 0)
        close(to);
    if (status)
        rmdir(folder);
close_template:
    closedir(from);
    return status;
}

/* Whether the shell finds this very program when asked for "seedbed". */
static int in_path(const char *self)
{
    char path[PATH_MAX], found[PATH_MAX];
    const char *folders = getenv("PATH");
    while (folders && *folders) {
        size_t len = strcspn(folders, ":");
        if (snprintf(path, sizeof(path), "%.*s/seedbed", (int)len, folders) < PATH_MAX &&
            !access(path, X_OK) && realpath(path, found))
            return !strcmp(found, self);
        folders += len + (folders[len] == ':');
    }
    return 0;
}

static void say_what_next(const char *folder, const char *name)
{
    char self[PATH_MAX], option[PATH_MAX + 16] = "";
    if (realpath("/proc/self/exe", self) && !in_path(self))
        snprintf(option, sizeof(option), " SEEDBED=%s", self);
    printf("%s is a component with a client, a test and a scenario. What to do with it:\n"
           "  cd %s\n"
           "  make test%s\n"
           "  make run%s\n"
           "README.md there tells more.\n",
           name, folder, option, option);
}

int command_new(const struct command_line *line)
{
    const char *name = command_operand(line, 0), *parent = command_option(line, "--dir");
    char template[PATH_MAX], folder[PATH_MAX];
    struct spelling spelling;
    int status = check_name(name);
    if (status)
        return status;
    if (parent && !*parent)
        return command_mistake("expected a folder, found nothing after", "--dir");
    if (snprintf(folder, sizeof(folder), "%s%s%s", parent ? parent : "", parent ? "/" : "", name) >= PATH_MAX)
        return command_mistake("the name of the folder is too long:", parent);
    if (find_in_kit(KIT_TEMPLATE, template))
        return STATUS_FAILED;
    spell(name, &spelling);
    if (make_project(template, folder, &spelling))
        return STATUS_FAILED;
    say_what_next(folder, name);
    return 0;
}

int command_kit(const struct command_line *line)
{
    static const struct {
        const char *name, *path;
    } places[] = { { "components", KIT_COMPONENTS },
                   { "scenarios", KIT_SCENARIOS },
                   { "template", KIT_TEMPLATE },
                   { "headers", KIT_HEADERS },
                   { "pkgconfig", KIT_PKGCONFIG } };
    const char *wanted = command_operand(line, 0), *names[OS_ARRAY_LEN(places)];
    char path[PATH_MAX];
    int shown = 0;
    for (size_t i = 0; i < OS_ARRAY_LEN(places); i++) {
        names[i] = places[i].name;
        if (wanted && strcmp(wanted, places[i].name) != 0)
            continue;
        if (find_in_kit(places[i].path, path))
            return STATUS_FAILED;
        printf("%s%s%s\n", wanted ? "" : places[i].name, wanted ? "" : ": ", path);
        shown = 1;
    }
    return shown ? 0 : command_unknown("place", wanted, names, OS_ARRAY_LEN(names));
}
