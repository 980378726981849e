/*
 * perf_collection.c PROGRAM [SHARE] - `PROGRAM import` of a made collection of 913 recordings, with
 * the numbers of animals and traces of the sources of the published collection of C. elegans (912
 * worms) and lengths like theirs, one file an animal in the form of dag2023, to one dataset.
 *
 * Traces are slow signals with noise: values that no compression makes small, as measured ones are.
 * SHARE below 1 takes that share of each source's animals. Wall time, processor time of all
 * processes, and the largest resident set of any of them.
 */
#include "perf.h"

#include "h5_write.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Worms and traces: the table of the published collection; frames: usual lengths of these sources.
 */
static const struct source {
    const char *name;
    unsigned worms, traces, frames;
    double dt;
} sources[] = {{"kato", 12, 127, 3000, 0.36},       {"nichols", 44, 108, 3000, 0.36},
               {"skora", 12, 129, 3000, 0.36},      {"kaplan", 19, 114, 3000, 0.36},
               {"nejatbakhsh", 21, 175, 960, 0.25}, {"yemini", 49, 110, 960, 0.25},
               {"uzel", 6, 138, 3000, 0.36},        {"dag", 8, 143, 800, 0.6},
               {"leifer", 103, 67, 1200, 0.5},      {"lin", 577, 8, 1000, 0.4},
               {"flavell", 40, 136, 1600, 0.6},     {"venkatachalam", 22, 187, 4979, 0.375}};

static double noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0 - 0.5;
}

static int write_worm(bram_ctx *cx, const char *path, const struct source *s, uint64_t seed)
{
    size_t shape[2] = {s->frames, s->traces}, one[2] = {1, 1};
    double *y = calloc(shape[0] * shape[1], sizeof *y), *time = calloc(shape[0], sizeof *time);
    double slow[256] = {0};
    bram_h5w *w = NULL;
    int status = y && time ? bram_h5w_open(cx, &w, path, false) : BRAM_ENOMEM;
    for (size_t t = 0; status == BRAM_OK && t < shape[0]; t++) {
        time[t] = 1.2e6 + (double)t * s->dt;
        for (size_t u = 0; u < shape[1]; u++) {
            slow[u] = 0.98 * slow[u] + noise(&seed);
            y[t * shape[1] + u] = 1 + 0.1 * slow[u] + 0.02 * noise(&seed);
        }
    }
    static const char *const groups[] = {"/gcamp", "/timing"};
    for (size_t i = 0; i < 2 && status == BRAM_OK; i++) status = bram_h5w_group(cx, w, groups[i]);
    if (status == BRAM_OK)
        status = bram_h5w_dataset(cx, w, "/gcamp/traces_array_F_F20", BRAM_H5W_FLOAT64, 2, shape,
                                  y);
    if (status == BRAM_OK)
        status = bram_h5w_dataset(cx, w, "/gcamp/trace_array", BRAM_H5W_FLOAT64, 2, one, y);
    if (status == BRAM_OK)
        status = bram_h5w_dataset(cx, w, "/timing/timestamp_confocal", BRAM_H5W_FLOAT64, 1, shape,
                                  time);
    if (status == BRAM_OK) status = bram_h5w_commit(cx, w);
    else bram_h5w_abort(w);
    free(y);
    free(time);
    return status;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static int import(const char *program, const char *from, const char *to, double bytes)
{
    struct rusage used;
    const char *const argv[] = {program, "import", from, "-o", to, "-q", NULL};
    double start = seconds_of(CLOCK_MONOTONIC);
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDOUT_FILENO);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 0;
    double wall = seconds_of(CLOCK_MONOTONIC) - start;
    getrusage(RUSAGE_CHILDREN, &used);
    int met = figure("import of the collection, wall time", wall, "s", 60);
    figure("import, processor time", seconds(used.ru_utime) + seconds(used.ru_stime), "s", 0);
    figure("import, rate", bytes / 1e6 / wall, "MB/s", 0);
    return met & figure("import, largest resident set", (double)used.ru_maxrss / 1024, "MiB", 1024);
}

static void clear(const char *folder)
{
    char path[600];
    DIR *d = opendir(folder);
    for (const struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        unlink(path);
    }
    if (d) closedir(d);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    double share = argc > 2 ? strtod(argv[2], NULL) : 1, bytes = 0;
    char folder[] = "/tmp/bramble-perf-XXXXXX", path[300], to[300];
    size_t made = 0;
    int good = mkdtemp(folder) != NULL;
    snprintf(to, sizeof to, "%s.h5", folder);
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof sources / sizeof *sources && good; i++)
        for (unsigned k = 0; k < sources[i].worms * share && good; k++, made++) {
            struct stat s;
            snprintf(path, sizeof path, "%s/%s-%03u-data.h5", folder, sources[i].name, k + 1);
            good = write_worm(cx, path, &sources[i], 1000 * i + k) == BRAM_OK && !stat(path, &s);
            if (good) bytes += (double)s.st_size;
        }
    if (good) figure("recordings", (double)made, "", 0);
    if (good) figure("bytes", bytes / 1e6, "MB", 0);
    int met = good && import(argv[1], folder, to, bytes);
    if (!good) fprintf(stderr, "%s\n", bram_ctx_message(cx));
    bram_ctx_free(cx);
    clear(folder);
    unlink(to);
    return !met;
}
