/*
 * leifer2023.c - signal propagation in immobilised worms, Randi et al. 2023: text files, six a
 * recording, whose names begin alike.
 *
 * Documented (written by github.com/leiferlab/pumpprobe, FuncAtlas; deposited as OSF e2syt):
 * N_gcamp.txt, a line a volume, a number a neuron, nan where tracking failed; N_t.txt, seconds;
 * N_labels.txt, a line a neuron: a name, nothing, or a note as "merge"; there may be more lines
 * than neurons. N_stim_volume_i.txt, the volume of each stimulation, and N_stim_neurons.txt, its
 * target, both counted from 0; negative targets: -1 not located, -2 targeting failed, -3 seen in
 * the colour image only. N_ds_name.txt, the recording's name on the laboratory's disks.
 * Stimulations need not be in the order of time. How long they were is in no file.
 *
 * Assumed: that extra lines of labels come last and belong to no trace. The given files are those
 * called _gcamp.txt; the others are found beside them by name. No original file was at hand
 * (verified: documented).
 */
#include "intake.h"

#include "gz.h"
#include "hash.h"
#include "homogenize.h"
#include "number.h"
#include "text_matrix.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRACES "_gcamp.txt"

/* One recording being read. */
struct worm {
    const char *path; /* of the traces */
    char id[128];
    size_t rows, cols, stimuli;
    double *traces, *time, *volume, *target;
    bram_text_lines labels;
    char *name; /* on the laboratory's disks; NULL: not stated */
};

static void release(struct worm *w)
{
    bram_free(w->traces);
    bram_free(w->time);
    bram_free(w->volume);
    bram_free(w->target);
    bram_free(w->labels.line);
    bram_free(w->name);
}

/* ---- names of files ------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), end = strlen(ending);
    return length > end && strcmp(text + length - end, ending) == 0;
}

/* "folder/3_t.txt" beside "folder/3_gcamp.txt": on the heap, or NULL (with the message set). */
static char *beside(bram_ctx *cx, const char *traces, const char *ending)
{
    size_t stem = strlen(traces) - strlen(TRACES);
    char *path = bram_alloc(cx, stem + strlen(ending) + 1, 1);
    if (path) memcpy(path, traces, stem);
    return path ? strcat(path, ending) : NULL;
}

/* The ending of a file that belongs to traces; NULL for others. */
static const char *part_ending(const char *path)
{
    static const char *const endings[] = {"_t.txt", "_labels.txt", "_stim_neurons.txt",
                                          "_stim_volume_i.txt", "_ds_name.txt"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(path, endings[i])) return endings[i];
    return NULL;
}

/* ---- fields --------------------------------------------------------------------------------- */

/* A file of one number a line. */
static int read_column(bram_ctx *cx, double **out, size_t *count, const char *path)
{
    size_t cols = 0;
    double *values = NULL;
    BRAM_TRY(bram_text_matrix(cx, &values, count, &cols, path));
    if (cols != 1) {
        bram_free(values);
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu numbers in a line, expected one", path,
                         cols);
    }
    *out = values;
    return BRAM_OK;
}

static int read_time(bram_ctx *cx, struct worm *w)
{
    size_t count = 0;
    char *path = beside(cx, w->path, "_t.txt");
    int status = path ? read_column(cx, &w->time, &count, path) : BRAM_ENOMEM;
    if (status == BRAM_OK && count != w->rows)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: found %zu stamps, expected %zu: %s is %zu volumes x %zu neurons",
                           path, count, w->rows, w->path, w->rows, w->cols);
    if (status == BRAM_OK) {
        status = bram_stamps_check(cx, w->time, w->rows);
        if (status != BRAM_OK) bram_fail_prefix(cx, status, "%s", path);
    }
    bram_free(path);
    return status;
}

static int read_labels(bram_ctx *cx, struct worm *w)
{
    char *path = beside(cx, w->path, "_labels.txt");
    int status = path ? bram_text_lines_read(cx, &w->labels, path) : BRAM_ENOMEM;
    if (status == BRAM_OK && w->labels.count < w->cols)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: found %zu labels, expected %zu or more, one for each neuron of %s",
                           path, w->labels.count, w->cols, w->path);
    size_t lost = 0;
    for (size_t i = w->cols; status == BRAM_OK && i < w->labels.count; i++)
        lost += w->labels.line[i][0] != 0;
    if (lost)
        bram_note(cx, "%s: %zu labels come after those of the %zu neurons; they name no trace",
                  w->id, lost, w->cols);
    bram_free(path);
    return status;
}

/* Whole numbers, each at least `least` and below `most`. */
static int check_whole(bram_ctx *cx, const char *path, const double *value, size_t count,
                       double least, size_t most)
{
    for (size_t i = 0; i < count; i++)
        if (!(value[i] >= least) || !(value[i] < (double)most) || value[i] != floor(value[i]))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: stimulation %zu: found %g, expected a whole number from %g to "
                             "%zu",
                             path, i + 1, value[i], least, most - 1);
    return BRAM_OK;
}

/* A recording without stimulations has files of no number at all, or none. */
static bool is_blank(const char *path)
{
    char head[16] = "";
    return bram_gz_peek(path, head, sizeof head - 1) == 0 || head[strspn(head, " \r\n")] == 0;
}

static int read_stimuli(bram_ctx *cx, struct worm *w)
{
    char *volumes = beside(cx, w->path, "_stim_volume_i.txt");
    char *targets = beside(cx, w->path, "_stim_neurons.txt");
    size_t count = 0;
    int status = volumes && targets ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && is_blank(volumes) && is_blank(targets)) {
        bram_note(cx, "%s: no stimulations are told", w->id);
        w->stimuli = 0;
    } else if (status == BRAM_OK) {
        status = read_column(cx, &w->volume, &w->stimuli, volumes);
        if (status == BRAM_OK) status = read_column(cx, &w->target, &count, targets);
        if (status == BRAM_OK && count != w->stimuli)
            status = bram_fail(cx, BRAM_EFORMAT,
                               "%s: found %zu targets, expected %zu, as volumes in %s", targets,
                               count, w->stimuli, volumes);
        if (status == BRAM_OK) status = check_whole(cx, volumes, w->volume, w->stimuli, 0, w->rows);
        if (status == BRAM_OK)
            status = check_whole(cx, targets, w->target, w->stimuli, -1e6, w->cols);
    }
    bram_free(volumes);
    bram_free(targets);
    return status;
}

/* The last step of the path that ds_name states, where that can name a recording. */
static int read_name(bram_ctx *cx, struct worm *w)
{
    bram_text_lines lines = {NULL, 0};
    char *path = beside(cx, w->path, "_ds_name.txt");
    if (!path) return BRAM_ENOMEM;
    int status = access(path, R_OK) == 0 ? bram_text_lines_read(cx, &lines, path) : BRAM_OK;
    bram_free(path);
    if (status == BRAM_OK && lines.count && lines.line[0][0]) {
        w->name = bram_strdup(cx, lines.line[0]);
        if (!w->name) status = BRAM_ENOMEM;
    }
    bram_free(lines.line);
    if (!w->name) return status;
    size_t length = strlen(w->name);
    while (length && w->name[length - 1] == '/') w->name[--length] = 0;
    const char *slash = strrchr(w->name, '/'), *last = slash ? slash + 1 : w->name;
    size_t plain = 0;
    while (isalnum((unsigned char)last[plain]) || (last[plain] && strchr("-_.", last[plain])))
        plain++;
    if (plain && !last[plain] && last[0] != '.' && plain < sizeof w->id)
        memcpy(w->id, last, plain + 1);
    return status;
}

/* ---- the recording -------------------------------------------------------------------------- */

/* What was stimulated: the label of the trace, its number, or why there is none. */
static const char *target_name(bram_ctx *cx, const struct worm *w, double target)
{
    static const char *const why[] = {"target not located", "targeting failed",
                                      "target identified but not tracked"};
    char *text;
    if (target >= 0 && w->labels.line[(size_t)target][0]) return w->labels.line[(size_t)target];
    if (target >= -3 && target < 0) return why[(size_t)-target - 1];
    text = bram_scratch(cx, 32, 1);
    if (text && target >= 0) snprintf(text, 32, "trace %.0f", target + 1);
    else if (text) snprintf(text, 32, "target code %.0f", target);
    return text;
}

static int put_stimuli(bram_ctx *cx, bram_dataset *ds, const struct worm *w)
{
    size_t n = w->stimuli;
    double *onset = bram_scratch(cx, n, sizeof *onset),
           *offset = bram_scratch(cx, n, sizeof *onset);
    double *value = bram_scratch(cx, n, sizeof *value);
    const char **what = bram_scratch(cx, n, sizeof *what),
               **kind = bram_scratch(cx, n, sizeof *kind);
    const char **unit = bram_scratch(cx, n, sizeof *unit);
    if (!onset || !offset || !value || !what || !kind || !unit) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        bool tracked = w->target[i] >= 0;
        onset[i] = w->time[(size_t)w->volume[i]];
        offset[i] = (double)NAN; /* no file tells how long */
        value[i] = tracked ? w->target[i] + 1 : (double)NAN;
        unit[i] = tracked ? "trace" : "";
        kind[i] = "stimulus";
        what[i] = target_name(cx, w, w->target[i]);
        if (!what[i]) return BRAM_ENOMEM;
    }
    const bram_spans spans = {n, what, onset, offset, kind, value, unit};
    return bram_intake_events(cx, ds, w->id, &spans);
}

/* "sha256 name" of the files that were found beside the one that was given. */
static int set_companions(bram_ctx *cx, bram_dataset *ds, const struct worm *w)
{
    static const char *const endings[] = {"_t.txt", "_labels.txt", "_stim_volume_i.txt",
                                          "_stim_neurons.txt", "_ds_name.txt"};
    char *text = bram_strdup(cx, ""), hex[65];
    int status = text ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < sizeof endings / sizeof *endings; i++) {
        char *path = beside(cx, w->path, endings[i]), *longer = NULL;
        if (path && access(path, R_OK) == 0) {
            const char *slash = strrchr(path, '/');
            status = bram_sha256_file(cx, hex, path);
            if (status == BRAM_OK)
                longer = bram_strf(cx, "%s%s%s %s", text, *text ? ", " : "", hex,
                                   slash ? slash + 1 : path);
            if (status == BRAM_OK && !longer) status = BRAM_ENOMEM;
        } else if (!path) status = BRAM_ENOMEM;
        bram_free(path);
        if (!longer) continue;
        bram_free(text);
        text = longer;
    }
    if (status == BRAM_OK) status = bram_intake_text(cx, ds, w->id, "read_beside", text);
    bram_free(text);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const struct worm *w)
{
    const char *slash = strrchr(w->path, '/');
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "subject", w->id));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "session", w->name ? w->name : w->id));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "species", BRAM_SPECIES_WORM));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "blank_labels", "text"));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "published_rule", "sides"));
    BRAM_TRY(
        bram_intake_text(cx, ds, w->id, "condition",
                         w->stimuli ? "single neurons stimulated by light" : "not stimulated"));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "source_file", slash ? slash + 1 : w->path));
    return set_companions(cx, ds, w);
}

static int put_worm(bram_ctx *cx, bram_dataset *ds, const struct worm *w)
{
    bool scaled = bram_intake_is_zscored(w->traces, w->rows, w->cols);
    const bram_traces traces = {.rows = w->rows,
                                .cols = w->cols,
                                .time = w->time,
                                .values = w->traces,
                                .labels = (const char *const *)w->labels.line,
                                .unit = scaled ? "z" : "fluorescence",
                                .filter = scaled ? "non-causal" : "none"};
    BRAM_TRY(bram_intake_traces(cx, ds, w->id, &traces));
    BRAM_TRY(describe(cx, ds, w));
    return put_stimuli(cx, ds, w);
}

static int read_worm(bram_ctx *cx, bram_dataset *ds, const char *path)
{
    struct worm w = {.path = path};
    size_t mark = bram_scratch_mark(cx);
    bram_intake_id(w.id, sizeof w.id, path, "_gcamp");
    int status = bram_text_matrix(cx, &w.traces, &w.rows, &w.cols, path);
    if (status == BRAM_OK) status = read_time(cx, &w);
    if (status == BRAM_OK) status = read_name(cx, &w);
    if (status == BRAM_OK) status = read_labels(cx, &w);
    if (status == BRAM_OK) status = read_stimuli(cx, &w);
    if (status == BRAM_OK) status = put_worm(cx, ds, &w);
    release(&w);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    size_t found = 0;
    (void)o;
    for (size_t i = 0; i < input->count; i++) {
        const char *path = input->paths[i];
        if (ends_with(path, TRACES)) {
            BRAM_TRY(read_worm(cx, ds, path));
            found++;
        } else if (!part_ending(path))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: expected traces in a file called N" TRACES " or what belongs to "
                             "them",
                             path);
    }
    return found ? BRAM_OK
                 : bram_fail(cx, BRAM_EFORMAT, "%s: found no file called N" TRACES " among %zu",
                             input->paths[0], input->count);
}

/* Numbers in the first line of a file, separated by single blanks. */
static size_t numbers_in_line(const char *path)
{
    char head[4096];
    size_t size = bram_gz_peek(path, head, sizeof head - 1), count = 0;
    head[size] = 0;
    bool whole = head[strcspn(head, "\n")] == '\n';
    head[strcspn(head, "\n")] = 0;
    for (char *word = head, *next; word && *word; word = next) {
        double value;
        next = strchr(word, ' ');
        if (next) *next++ = 0;
        else if (!whole) break; /* the word was cut */
        if (!bram_number_parse(word, BRAM_NUMBER_NAN, &value)) return 0;
        count++;
    }
    return count;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_recognise(out, BRAM_NOT_MINE, "no file of traces with stamps and labels beside it");
    for (size_t i = 0; i < input->count; i++) {
        const char *path = input->paths[i];
        if (!ends_with(path, TRACES)) continue;
        char *time = beside(cx, path, "_t.txt"), *labels = beside(cx, path, "_labels.txt");
        bool whole = time && labels && numbers_in_line(path) > 0 && numbers_in_line(time) == 1 &&
                     access(labels, R_OK) == 0;
        bool failed = !time || !labels;
        bram_free(time);
        bram_free(labels);
        if (failed) return BRAM_ENOMEM;
        if (whole)
            return bram_recognise(out, BRAM_MINE,
                                  "lines of numbers called N" TRACES ", with "
                                  "N_t.txt and N_labels.txt beside them");
    }
    return BRAM_OK;
}

/* Beside traces whose name begins alike. */
static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    const char *ending = part_ending(path);
    bram_recognise(out, BRAM_NOT_MINE, "no file beside N" TRACES);
    if (!ending) return BRAM_OK;
    size_t stem = strlen(path) - strlen(ending);
    char *traces = bram_alloc(cx, stem + sizeof TRACES, 1);
    if (!traces) return BRAM_ENOMEM;
    memcpy(traces, path, stem);
    strcat(traces, TRACES);
    if (access(traces, R_OK) == 0) bram_recognise(out, BRAM_MINE, "text beside N" TRACES);
    bram_free(traces);
    return BRAM_OK;
}

const bram_loader bram_loader_leifer2023 = {
    .name = "leifer2023",
    .summary =
        "C. elegans whole-brain calcium while single neurons are stimulated, Leifer laboratory",
    .citation = "Randi et al. 2023, Nature 623:406",
    .doi = "10.1038/s41586-023-06683-4",
    .licence = "not stated",
    .reads = "text: N_gcamp.txt, with N_t.txt, N_labels.txt, N_stim_*.txt beside it",
    .version = 2,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_TEXT,
    .apart = true,
    .belongs = belongs,
};
