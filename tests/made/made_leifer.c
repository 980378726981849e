/*
 * made_leifer.c - made recordings in the text files of Randi et al. 2023: see made.h. Written as
 * numpy.savetxt does, numbers as "%.18e" and "nan", which is how the laboratory's pumpprobe exports
 * them (github.com/leiferlab/pumpprobe, FuncAtlas); volumes and targets as "%d".
 *
 * Documented: names, lines, blanks between numbers, labels one a line and perhaps more of them than
 * neurons, "merge", targets and volumes from 0, negative targets. Assumed: a last line end.
 */
#include "made.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VOLUMES = 16, NEURONS = 4, STIMULI = 4 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* Opens the file of a recording by its role. */
static FILE *part(const char *traces, const char *role)
{
    char path[600];
    size_t stem = strlen(traces) - strlen("gcamp.txt");
    snprintf(path, sizeof path, "%.*s%s.txt", (int)stem, traces, role);
    return fopen(path, "wb");
}

static bool put_traces(const char *path, const char *defect)
{
    FILE *f = part(path, "gcamp");
    if (!f) return false;
    for (int i = 0; i < VOLUMES; i++)
        for (int k = 0; k < NEURONS - (is(defect, "ragged") && i == 9); k++) {
            bool missing = k == 3 || (k == 1 && i == 2) || is(defect, "nan");
            if (is(defect, "word") && i == 3 && k == 2) fputs("twelve", f);
            else if (missing) fputs("nan", f);
            else fprintf(f, "%.18e", 50. * k + i);
            fputc(k < NEURONS - 1 - (is(defect, "ragged") && i == 9) ? ' ' : '\n', f);
        }
    return fclose(f) == 0;
}

static bool put_time(const char *path, const char *defect)
{
    FILE *f = part(path, "t");
    if (!f) return false;
    for (int i = 0; i < VOLUMES - is(defect, "stamps"); i++)
        fprintf(f, "%.18e\n", is(defect, "descending") && i == 4 ? 0 : 3 + .5 * i);
    return fclose(f) == 0;
}

static bool put_labels(const char *path, const char *defect)
{
    FILE *f = part(path, "labels");
    if (!f) return false;
    fputs("AVAL\n\nmerge\n", f);
    if (!is(defect, "labels")) fputs("RIMR\n\n\n", f); /* two more than neurons */
    if (is(defect, "extra")) fputs("AVER\n", f);
    return fclose(f) == 0;
}

static bool put_stimuli(const char *path, const char *defect)
{
    static const int targets[STIMULI] = {0, 1, -1, -2};
    FILE *f = part(path, "stim_neurons"), *g = part(path, "stim_volume_i");
    for (int i = 0; f && g && i < STIMULI && !is(defect, "no-stimuli"); i++) {
        int volume = i == 2 ? 4 : 3 + 4 * i; /* the third comes before the second */
        if (is(defect, "volume") && i == 3) volume = VOLUMES;
        if (!(is(defect, "targets") && i == 3))
            fprintf(f, "%d\n", is(defect, "target") && i == 1 ? NEURONS : targets[i]);
        fprintf(g, "%d\n", volume);
    }
    bool made = f && g;
    if (f) made &= fclose(f) == 0;
    if (g) made &= fclose(g) == 0;
    return made;
}

void made_leifer_remove(const char *path)
{
    static const char *const roles[] = {"gcamp",         "t",      "labels", "stim_neurons",
                                        "stim_volume_i", "ds_name"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        char name[600];
        size_t stem = strlen(path) - strlen("gcamp.txt");
        snprintf(name, sizeof name, "%.*s%s.txt", (int)stem, path, roles[i]);
        unlink(name);
    }
}

bool made_leifer(const char *path, const char *defect)
{
    static const char *const known[] = {"good",    "extra",  "no-stimuli", "unnamed", "nan",
                                        "ragged",  "word",   "stamps",     "labels",  "descending",
                                        "targets", "target", "volume",     "no-time", "no-labels"};
    size_t k = 0, length = strlen(path), end = strlen("_gcamp.txt");
    while (k < sizeof known / sizeof *known && !is(defect, known[k])) k++;
    if (k == sizeof known / sizeof *known) return false;
    if (length < end || !is(path + length - end, "_gcamp.txt")) return false;
    made_leifer_remove(path);
    bool made = put_traces(path, defect) && put_stimuli(path, defect);
    if (!is(defect, "no-time")) made = made && put_time(path, defect);
    if (!is(defect, "no-labels")) made = made && put_labels(path, defect);
    if (is(defect, "unnamed")) return made;
    FILE *f = made ? part(path, "ds_name") : NULL;
    if (f) fputs("/projects/LEIFER/pumpprobe_20210830_111646/", f);
    return f && fclose(f) == 0;
}
