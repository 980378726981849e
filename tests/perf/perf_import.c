/*
 * perf_import.c PROGRAM FOLDER [memory] - `PROGRAM import` of the four recordings of dag2023 with
 * all their files of labels, resampled to 1 s bins: one command, from the laboratory's files to the
 * homogenized file.
 *
 * Memory is the largest resident size of the command's processes above that of `PROGRAM --version`,
 * which does nothing but load the libraries; pages of code that the import touches are in it. The
 * rate is held beside that of reading the same files, with the kernel's cache and without: files
 * are dropped from it first, where the file system lets them be. With `memory` that alone is
 * measured, once: no busy machine changes it, so it is a test.
 */
#include "perf.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 7, FILES = 8, OPTIONS = 6, PATH_BYTES = 4096, BUFFER_BYTES = 1 << 20 };

static const char *const names[FILES] = {
    "swf702_with_id/2022-07-26-31-data.h5",
    "swf702_with_id/2022-07-27-38-data.h5",
    "swf702_with_id/2022-07-27-45-data.h5",
    "swf415_no_id/2022-01-16-01-data.h5",
    "NeuroPAL_labels_dict.jld2",
    "neuron_id_xlsx/2022-07-26-31 Neuron ID.xlsx",
    "neuron_id_xlsx/2022-07-27-38 Neuron ID.xlsx",
    "neuron_id_xlsx/2022-07-27-45 Neuron ID.xlsx",
};

struct cost {
    double wall, cpu, memory; /* s, s, MiB: the largest of all runs so far */
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

/* @return whether the program ended with 0; its words go nowhere */
static int run(struct cost *cost, const char *const *argv)
{
    struct rusage before, after;
    getrusage(RUSAGE_CHILDREN, &before);
    double from = seconds_of(CLOCK_MONOTONIC);
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 0;
    getrusage(RUSAGE_CHILDREN, &after);
    cost->wall = seconds_of(CLOCK_MONOTONIC) - from;
    cost->cpu = seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) -
                seconds(before.ru_stime);
    cost->memory = (double)after.ru_maxrss / 1024;
    return 1;
}

/* Reads all files, or with `forget` has the kernel drop them. @return seconds */
static double read_files(char path[][PATH_BYTES], int forget)
{
    static char buffer[BUFFER_BYTES];
    double from = seconds_of(CLOCK_MONOTONIC);
    for (int i = 0; i < FILES; i++) {
        int fd = open(path[i], O_RDONLY);
        if (forget) (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        else
            while (read(fd, buffer, sizeof buffer) > 0) continue;
        close(fd);
    }
    return seconds_of(CLOCK_MONOTONIC) - from;
}

static int speed(char path[][PATH_BYTES], double bytes, const char *const *import)
{
    struct cost cost = {0};
    double cpu[RUNS], wall[RUNS], warm[RUNS], cold[RUNS], first[RUNS];
    for (int i = 0; i < RUNS; i++) {
        read_files(path, 1);
        cold[i] = read_files(path, 0);
        warm[i] = read_files(path, 0);
        read_files(path, 1);
        if (!run(&cost, import)) return 0;
        first[i] = cost.wall;
        if (!run(&cost, import)) return 0;
        wall[i] = cost.wall;
        cpu[i] = cost.cpu;
    }
    double middle = median_of(wall, RUNS), mb = bytes / 1e6;
    int met = figure("import of 4 recordings, processor time", median_of(cpu, RUNS), "s", 1);
    figure("import, wall time", middle, "s", 0);
    figure("import, wall time, least", wall[0], "s", 0);
    figure("import, files not in the cache, wall time", median_of(first, RUNS), "s", 0);
    figure("import, rate", mb / middle, "MB/s", 0);
    figure("reading the files, in the cache", mb / median_of(warm, RUNS), "MB/s", 0);
    figure("reading the files, not in the cache", mb / median_of(cold, RUNS), "MB/s", 0);
    return met;
}

int main(int argc, char **argv)
{
    static char path[FILES][PATH_BYTES];
    double bytes = 0, largest = 0;
    if (argc < 3) return 2;
    char to[] = "/tmp/bramble-perf-XXXXXX";
    const char *import[2 + FILES + OPTIONS] = {argv[1], "import"};
    for (int i = 0; i < FILES; i++) {
        struct stat s;
        snprintf(path[i], sizeof path[i], "%s/%s", argv[2], names[i]);
        if (stat(path[i], &s) != 0) {
            printf("skipped: no %s\n", path[i]);
            return 77;
        }
        bytes += (double)s.st_size;
        if ((double)s.st_size > largest) largest = (double)s.st_size;
        import[2 + i] = path[i];
    }
    int fd = mkstemp(to);
    if (fd < 0) return 1;
    close(fd);
    const char *options[OPTIONS] = {"--output", to, "--set", "dt=1", "--force", NULL};
    memcpy(import + 2 + FILES, options, sizeof options);

    struct cost nothing = {0}, cost = {0};
    int good = run(&nothing, (const char *const[]){argv[1], "--version", NULL}) &&
               run(&cost, import);
    double peak = cost.memory - nothing.memory;
    int met = good && figure("import, peak above the start", peak, "MiB", 0);
    if (good) met &= figure("import, peak / largest file", peak * 1048576 / largest, "", 3);
    if (good && argc == 3) met &= speed(path, bytes, import);
    unlink(to);
    if (!good) fprintf(stderr, "%s import failed\n", argv[1]);
    return !met;
}
