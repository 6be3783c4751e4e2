/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.c: feeds every file of the corpus to its target, with any compiler, as one test of the suite `unit`.
 * With arguments TARGET FILE..., those files to that target: for a finding in a debugger.
 */
#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include "fuzz.h"

#define F(name) int fuzz_##name(const uint8_t *data, size_t size);
FUZZ_TARGETS
#undef F

static const struct {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
} targets[] = {
#define F(name) { #name, fuzz_##name },
    FUZZ_TARGETS
#undef F
};

enum { TARGETS = sizeof(targets) / sizeof(targets[0]), SECONDS_PER_FILE = 20 };

static char path[2048]; /* of the file that is being fed */

static void say_which(int number)
{
    static const char died[] = "fuzz: it was ";
    (void)!write(2, died, sizeof(died) - 1);
    (void)!write(2, path, strlen(path));
    (void)!write(2, "\n", 1);
    signal(number, SIG_DFL);
    raise(number);
}

static void feed(unsigned target)
{
    FILE *file = fopen(path, "rb");
    MUST(file && !fseek(file, 0, SEEK_END));
    long size = ftell(file);
    MUST(size >= 0 && !fseek(file, 0, SEEK_SET));
    uint8_t *data = malloc((size_t)size + 1);
    MUST(data && fread(data, 1, (size_t)size, file) == (size_t)size);
    fclose(file);
    alarm(SECONDS_PER_FILE); /* what takes this long hangs */
    targets[target].run(data, (size_t)size);
    alarm(0);
    free(data);
}

static unsigned feed_folder(unsigned target)
{
    char folder[900];
    unsigned count = 0;
    snprintf(folder, sizeof(folder), "%s/%s", FUZZ_CORPUS, targets[target].name);
    DIR *dir = opendir(folder);
    MUST(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (*entry->d_name == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        feed(target);
        count++;
    }
    closedir(dir);
    return count;
}

static int feed_files(int argc, char **argv)
{
    for (unsigned i = 0; i < TARGETS; i++) {
        if (strcmp(targets[i].name, argv[1]))
            continue;
        for (int k = 2; k < argc; k++) {
            snprintf(path, sizeof(path), "%s", argv[k]);
            feed(i);
        }
        return 0;
    }
    fprintf(stderr, "fuzz: no target is called %s\n", argv[1]);
    return 2;
}

int main(int argc, char **argv)
{
    static const int deaths[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM };
    int failed = 0;
    for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++)
        signal(deaths[i], say_which);
    if (argc > 1)
        return feed_files(argc, argv);
    /* what the library logs of values is none of a test's report */
    FILE *report = fdopen(dup(STDOUT_FILENO), "w");
    stdout = stderr = fopen("/dev/null", "w");
    MUST(report && stdout);
    setlinebuf(report);
    fprintf(report, "1..%d\n", TARGETS);
    for (unsigned i = 0; i < TARGETS; i++) {
        unsigned count = feed_folder(i);
        fprintf(report, "%s %u - %u inputs of %s\n", count ? "ok" : "not ok", i + 1, count, targets[i].name);
        failed |= !count;
    }
    fclose(report);
    return failed;
}
