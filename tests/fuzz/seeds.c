/* seeds.c - `seeds FOLDER`: the made files that the fuzz targets of binary formats start from. */
#include "made.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static const struct {
    const char *target, *kind, *defect;
} seeds[] = {
    {"h5", "dag", "good"},       {"h5", "dag", "cycle"},       {"h5", "jld2", "good"},
    {"h5", "dataset", "good"},   {"h5", "kato73", "good"},     {"dataset", "dataset", "good"},
    {"matlab", "kato5", "good"}, {"matlab", "kato73", "good"}, {"matlab", "kato5", "text"},
    {"jld2", "jld2", "good"},    {"jld2", "jld2", "cycle"},    {"npy", "npy", "good"},
    {"npy", "npy", "huge"},      {"npy", "npz", "good"},       {"gz", "gz", "good"},
    {"archive", "npz", "good"},  {"archive", "xlsx", "good"},  {"archive", "gz", "good"},
    {"xlsx", "xlsx", "good"},    {"xlsx", "xlsx", "entity"},   {"xlsx", "xlsx", "no-sheet"},
    {"xls", "xls", "good"},      {"xls", "xls", "huge"},       {"xls", "xls", "loop"},
    {"csv", "gz", "good"},       {"h5", "nwb", "rois"},        {"h5", "nwb", "cycle"}};

int main(int argc, char **argv)
{
    char path[4096];
    if (argc != 2 || (mkdir(argv[1], 0777) != 0 && errno != EEXIST)) return 2;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        snprintf(path, sizeof path, "%s/%s", argv[1], seeds[i].target);
        if (mkdir(path, 0777) != 0 && errno != EEXIST) return 1;
        snprintf(path, sizeof path, "%s/%s/%s-%s", argv[1], seeds[i].target, seeds[i].kind,
                 seeds[i].defect);
        if (!made_file(seeds[i].kind, path, seeds[i].defect)) {
            fprintf(stderr, "seeds: cannot make %s\n", path);
            return 1;
        }
    }
    return 0;
}
