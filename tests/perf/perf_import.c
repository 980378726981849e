/*
 * perf_import.c FOLDER - the four recordings of dag2023 with their label files, resampled to 1 s
 * bins, from the laboratory's files to one homogenized file on disk, in this process. Memory is the
 * peak above what the process held at its start; the pages of program and libraries that came in
 * from their files meanwhile, which processes share, are said apart.
 */
#include "perf.h"

#include <bramble/loader.h>

#include <sys/stat.h>
#include <unistd.h>

enum { RUNS = 7, FILES = 8, RECORDINGS = 4 };

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

static int import_once(bram_ctx *cx, const bram_input *input, const char *to)
{
    bram_options *options = NULL;
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_options_new(cx, &options, bram_import_params, "dt=1"));
    int status = bram_import(cx, &ds, "dag2023", input, options);
    if (status == BRAM_OK) status = bram_dataset_write(cx, ds, to, true);
    bram_dataset_free(ds);
    bram_options_free(options);
    return status;
}

int main(int argc, char **argv)
{
    static char path[FILES][4096];
    const char *paths[FILES];
    double cpu[RUNS], wall[RUNS], bytes = 0, largest = 0;
    if (argc != 2) return 2;
    for (int i = 0; i < FILES; i++) {
        struct stat s;
        snprintf(path[i], sizeof path[i], "%s/%s", argv[1], names[i]);
        paths[i] = path[i];
        if (stat(path[i], &s) != 0) {
            printf("skipped: no %s\n", path[i]);
            return 77;
        }
        bytes += (double)s.st_size;
        if ((double)s.st_size > largest) largest = (double)s.st_size;
    }
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    char to[] = "/tmp/bramble-perf-XXXXXX";
    int fd = mkstemp(to);
    if (!cx || fd < 0) return 1;
    close(fd);
    bram_input input = {paths, FILES};
    double before = memory_of("VmRSS:"), code = memory_of("RssFile:"), peak = 0;
    restart_peak();
    for (int i = 0; i < RUNS; i++) {
        double at = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (import_once(cx, &input, to) != BRAM_OK) {
            fprintf(stderr, "%s\n", bram_ctx_message(cx));
            unlink(to);
            return 1;
        }
        wall[i] = seconds_of(CLOCK_MONOTONIC) - at;
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
        if (i == 0) {
            peak = memory_of("VmHWM:") - before;
            code = memory_of("RssFile:") - code;
        }
    }
    unlink(to);
    bram_ctx_free(cx);
    double first = wall[0], middle = median_of(cpu, RUNS);
    int met = figure("import of 4 recordings, processor time, median", middle, "s", 1);
    figure("import, wall time, first", first, "s", 0);
    figure("import, wall time, median", median_of(wall, RUNS), "s", 0);
    figure("import, rate", bytes / 1e6 / middle, "MB/s", 0);
    figure("import, peak above the start", peak, "MiB", 0);
    figure("import, of it pages of code", code, "MiB", 0);
    met &= figure("import, peak of data / largest file", (peak - code) * 1048576 / largest, "", 3);
    return !met;
}
