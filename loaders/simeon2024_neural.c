/*
 * simeon2024_neural.c - the homogenized collection of Simeon et al. 2024 as its users have it:
 * tables in CSV, exported from its parquet files or pickles; a row a neuron, with whole arrays in a
 * cell.
 *
 * Columns (github.com/qsimeon/worm-data-preprocess, extra/neural_to_parquet.py): source_dataset,
 * raw_data_file, worm, neuron, slot, is_labeled_neuron, smooth_method, interpolate_method,
 * normalization_method, original_calcium_data, calcium_data, original_time_in_seconds,
 * time_in_seconds, original_max_timesteps, max_timesteps. Needed are source_dataset, worm, neuron
 * and the arrays that are read. A row of an unlabelled neuron has a number as its name.
 *
 * What is known of these files, and heeded here:
 * - A cell that numpy abbreviated ("[0.1 0.2 ... 0.9]") lost its values: refused.
 * - Times were kept in half precision, so that steps are uneven from some ten seconds on and stamps
 *   repeat from some hundred on. They are restored as evenly spaced where every stamp agrees with
 *   that to within its rounding. Else those that ascend are kept; those that repeat are refused, or
 *   spaced evenly when asked (stamps=even).
 * - calcium_data is smoothed, interpolated and normalised over the whole recording.
 * - Labels of Dag2023 and Flavell2023 were replaced by the canonical name with most equal letters,
 *   so they are doubtful, all of them.
 * - Its pickles can run code when they are read: refused, with a line that makes a CSV.
 */
#include "intake.h"

#include "csvfile.h"
#include "gz.h"
#include "text_matrix.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"traces", BRAM_PARAM_CHOICE, "original", "original|resampled", 0, 0,
     "original_calcium_data, or calcium_data: smoothed, interpolated, normalised"},
    {"stamps", BRAM_PARAM_CHOICE, "strict", "strict|even", 0, 0,
     "when rounded stamps repeat and do not tell even steps: refuse, or space them evenly"},
    {.name = NULL}};

/* The columns of a table; absent: SIZE_MAX. */
struct columns {
    size_t source, worm, neuron, labeled, file, values, time;
    const char *values_name, *time_name;
};

/* One worm being read: rows of the table. */
struct worm {
    const bram_csv *table;
    const struct columns *at;
    const char *path;
    char id[160];
    const size_t *row; /* cols of them */
    size_t rows, cols;
    double *time, *values;
    const char **label, **doubt;
    char stamps[80]; /* how they came about */
};

/* ---- pickles -------------------------------------------------------------------------------- */

static bool is_pickle(const char *path)
{
    unsigned char head[2] = {0};
    return bram_gz_peek(path, head, 2) == 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5;
}

static int refuse_pickle(bram_ctx *cx, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return bram_fail(
        cx, BRAM_EFORMAT,
        "%.200s is a pickle, which can run code when it is read; if you trust it: python3 -c "
        "\"import csv,pickle as p;d=p.load(open('%.80s','rb'));w=csv.writer(open('%.80s.csv','w'));"
        "w.writerow('source_dataset raw_data_file worm neuron is_labeled_neuron "
        "original_calcium_data original_time_in_seconds'.split());"
        "[w.writerow([v['source_dataset'],v['extra_info']['data_file'],k,n,"
        "n in v['labeled_neuron_to_slot'],v['original_calcium_data'][:,s].tolist(),"
        "v['original_time_in_seconds'].flatten().tolist()]) for k,v in d.items() "
        "for n,s in v['neuron_to_slot'].items()]\"",
        path, name, name);
}

/* ---- arrays in cells ------------------------------------------------------------------------ */

static size_t column_or_none(const bram_csv *t, const char *name)
{
    ptrdiff_t at = bram_csv_find(t, name);
    return at < 0 ? SIZE_MAX : (size_t)at;
}

static int find_columns(bram_ctx *cx, struct columns *c, const bram_csv *t, const bram_options *o)
{
    bool resampled = bram_option_is(o, "traces", "resampled");
    *c = (struct columns){.values_name = resampled ? "calcium_data" : "original_calcium_data",
                          .time_name = resampled ? "time_in_seconds" : "original_time_in_seconds"};
    BRAM_TRY(bram_csv_column(cx, t, "source_dataset", &c->source));
    BRAM_TRY(bram_csv_column(cx, t, "worm", &c->worm));
    BRAM_TRY(bram_csv_column(cx, t, "neuron", &c->neuron));
    BRAM_TRY(bram_csv_column(cx, t, c->values_name, &c->values));
    BRAM_TRY(bram_csv_column(cx, t, c->time_name, &c->time));
    c->labeled = column_or_none(t, "is_labeled_neuron");
    c->file = column_or_none(t, "raw_data_file");
    return BRAM_OK;
}

/* The array in a cell, of `expected` numbers unless that is 0. */
static int read_cell(bram_ctx *cx, double **out, size_t *count, const struct worm *w, size_t row,
                     size_t col, size_t expected)
{
    double *values = NULL;
    int status = bram_text_list(cx, &values, count, bram_csv_text(w->table, row, col));
    if (status == BRAM_OK && expected && *count != expected)
        status = bram_fail(cx, BRAM_EFORMAT, "found %zu numbers, expected %zu", *count, expected);
    if (status != BRAM_OK) {
        bram_free(values);
        return bram_fail_prefix(cx, status, "%s: line %zu, column %s", w->path,
                                bram_csv_line(w->table, row), bram_csv_name(w->table, col));
    }
    *out = values;
    return BRAM_OK;
}

/* ---- stamps --------------------------------------------------------------------------------- */

/* The distance of neighbouring numbers in half precision (IEEE 754 binary16) about x. */
static double half_spacing(double x)
{
    int exponent;
    frexp(x, &exponent);
    return ldexp(1, (exponent < -13 ? -13 : exponent) - 11);
}

/*
 * Even steps from the first stamp to the last, which may each be rounded by half a spacing. Whether
 * every stamp is within its rounding, and that of the ends, of the even one.
 */
static bool agrees_with_even(const double *time, size_t rows, double step)
{
    double ends = half_spacing(time[rows - 1]) / 2;
    for (size_t i = 0; i < rows; i++)
        if (!(fabs(time[0] + step * (double)i - time[i]) <= half_spacing(time[i]) / 2 + ends))
            return false;
    return true;
}

static bool ascends(const double *time, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        if (!isfinite(time[i]) || (i && time[i] <= time[i - 1])) return false;
    return true;
}

/* Whether every stamp is a number of half precision, but for the digits that printing cut off. */
static bool are_rounded(const double *time, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        double units = time[i] / half_spacing(time[i]);
        if (!(fabs(units - nearbyint(units)) < 0.01)) return false;
    }
    return true;
}

/* Mends rounded stamps in place, or says that it cannot. */
static int mend_stamps(bram_ctx *cx, struct worm *w, const bram_options *o)
{
    double *t = w->time;
    size_t n = w->rows;
    double step = n > 1 ? (t[n - 1] - t[0]) / (double)(n - 1) : (double)NAN;
    bool ascending = ascends(t, n), usable = step > 0 && isfinite(step);
    bool even = usable && are_rounded(t, n) && agrees_with_even(t, n, step);
    bool asked = usable && !ascending && bram_option_is(o, "stamps", "even");
    if (!even && !asked && !ascending)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: worm %s: %s repeats stamps (half precision), and they do not agree "
                         "with even steps; stamps=even spaces them evenly all the same",
                         w->path, w->id, w->at->time_name);
    snprintf(w->stamps, sizeof w->stamps, "as exported");
    if (!even && !asked) return BRAM_OK;
    double first = t[0];
    for (size_t i = 0; i < n; i++) t[i] = first + step * (double)i;
    snprintf(w->stamps, sizeof w->stamps, "even steps%s",
             even ? ", which the rounded stamps agree with" : ", as asked; the stamps disagree");
    return BRAM_OK;
}

static int read_time(bram_ctx *cx, struct worm *w, const bram_options *o)
{
    double *time = NULL;
    size_t count = 0, i = 0;
    BRAM_TRY(read_cell(cx, &w->time, &w->rows, w, w->row[0], w->at->time, 0));
    if (w->rows == 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: line %zu: %s is empty", w->path,
                         bram_csv_line(w->table, w->row[0]), w->at->time_name);
    for (size_t k = 1; k < w->cols; k++, i = 0) {
        const char *cell = bram_csv_text(w->table, w->row[k], w->at->time);
        if (strcmp(cell, bram_csv_text(w->table, w->row[0], w->at->time)) == 0) continue;
        BRAM_TRY(read_cell(cx, &time, &count, w, w->row[k], w->at->time, w->rows));
        while (i < w->rows && time[i] == w->time[i]) i++;
        bram_free(time);
        if (i < w->rows)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: line %zu: stamp %zu of neuron %s differs from that of the first "
                             "neuron of worm %s",
                             w->path, bram_csv_line(w->table, w->row[k]), i + 1,
                             bram_csv_text(w->table, w->row[k], w->at->neuron), w->id);
    }
    return mend_stamps(cx, w, o);
}

/* ---- a worm --------------------------------------------------------------------------------- */

static bool is_labeled(const struct worm *w, size_t row)
{
    if (w->at->labeled == SIZE_MAX) return true; /* a number as a name is no label anyway */
    const char *word = bram_csv_text(w->table, row, w->at->labeled);
    return strcmp(word, "True") == 0 || strcmp(word, "true") == 0 || strcmp(word, "1") == 0;
}

static int read_traces(bram_ctx *cx, struct worm *w)
{
    const char *source = bram_csv_text(w->table, w->row[0], w->at->source);
    bool guessed = strcmp(source, "Dag2023") == 0 || strcmp(source, "Flavell2023") == 0;
    w->values = bram_alloc(cx, w->rows, w->cols * sizeof *w->values);
    w->label = bram_scratch(cx, w->cols, sizeof *w->label);
    w->doubt = bram_scratch(cx, w->cols, sizeof *w->doubt);
    if (!w->values || !w->label || !w->doubt) return BRAM_ENOMEM;
    for (size_t k = 0; k < w->cols; k++) {
        double *trace = NULL;
        size_t count = 0;
        BRAM_TRY(read_cell(cx, &trace, &count, w, w->row[k], w->at->values, w->rows));
        for (size_t i = 0; i < w->rows; i++) w->values[i * w->cols + k] = trace[i];
        bram_free(trace);
        bool labeled = is_labeled(w, w->row[k]);
        w->label[k] = labeled ? bram_csv_text(w->table, w->row[k], w->at->neuron) : "";
        w->doubt[k] = labeled && guessed ? "the collection guessed it by equal letters" : "";
    }
    return BRAM_OK;
}

static int put_worm(bram_ctx *cx, bram_dataset *ds, const struct worm *w, bool resampled)
{
    bool scaled = resampled || bram_intake_is_zscored(w->values, w->rows, w->cols);
    const char *source = bram_csv_text(w->table, w->row[0], w->at->source);
    const bram_traces traces = {.rows = w->rows,
                                .cols = w->cols,
                                .time = w->time,
                                .values = w->values,
                                .labels = w->label,
                                .doubt = w->doubt,
                                .unit = scaled ? "z" : "as in the source",
                                .filter = scaled ? "non-causal" : "none"};
    BRAM_TRY(bram_intake_traces(cx, ds, w->id, &traces));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "subject", w->id));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "session", w->id));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "species", BRAM_SPECIES_WORM));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "condition", source));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "stamps", w->stamps));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "traces_from", w->at->values_name));
    return bram_intake_text(
        cx, ds, w->id, "source_file",
        w->at->file == SIZE_MAX ? "not stated" : bram_csv_text(w->table, w->row[0], w->at->file));
}

static int read_worm(bram_ctx *cx, bram_dataset *ds, struct worm *w, const bram_options *o)
{
    size_t mark = bram_scratch_mark(cx);
    snprintf(w->id, sizeof w->id, "%.70s-%.70s", bram_csv_text(w->table, w->row[0], w->at->source),
             bram_csv_text(w->table, w->row[0], w->at->worm));
    for (char *c = w->id; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-_.", *c)) *c = '_';
    int status = read_time(cx, w, o);
    if (status == BRAM_OK) status = read_traces(cx, w);
    if (status == BRAM_OK) status = put_worm(cx, ds, w, bram_option_is(o, "traces", "resampled"));
    bram_free(w->time);
    bram_free(w->values);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the rows of a worm --------------------------------------------------------------------- */

static bool same_worm(const bram_csv *t, const struct columns *c, size_t a, size_t b)
{
    return strcmp(bram_csv_text(t, a, c->worm), bram_csv_text(t, b, c->worm)) == 0 &&
           strcmp(bram_csv_text(t, a, c->source), bram_csv_text(t, b, c->source)) == 0;
}

/* Rows of a worm usually stand together; where they do not, its first row gathers them all. */
static int read_worms(bram_ctx *cx, bram_dataset *ds, const bram_csv *t, const struct columns *c,
                      const char *path, const bram_options *o)
{
    size_t rows = bram_csv_rows(t), mark = bram_scratch_mark(cx);
    size_t *row = bram_scratch(cx, rows, sizeof *row);
    bool *taken = bram_scratch(cx, rows, sizeof *taken);
    int status = !row || !taken ? BRAM_ENOMEM
                 : rows         ? BRAM_OK
                        : bram_fail(cx, BRAM_EFORMAT, "%s: found a header and no rows", path);
    for (size_t first = 0; status == BRAM_OK && first < rows; first++) {
        size_t count = 0;
        if (taken[first]) continue;
        for (size_t i = first; i < rows; i++) {
            if (taken[i] || !same_worm(t, c, first, i)) continue;
            row[count++] = i;
            taken[i] = true;
        }
        struct worm w = {.table = t, .at = c, .path = path, .row = row, .cols = count};
        status = read_worm(cx, ds, &w, o);
    }
    bram_scratch_release(cx, mark);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) {
        const char *path = input->paths[i];
        bram_csv *table = NULL;
        struct columns columns;
        if (is_pickle(path)) return refuse_pickle(cx, path);
        BRAM_TRY(bram_csv_read(cx, &table, path, &(bram_csv_options){.header = true}));
        int status = find_columns(cx, &columns, table, o);
        if (status == BRAM_OK) status = read_worms(cx, ds, table, &columns, path, o);
        bram_csv_free(table);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- recognition ---------------------------------------------------------------------------- */

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    static const char *const needed[] = {"source_dataset", "worm", "neuron", "calcium_data"};
    char head[4096];
    (void)cx;
    bram_recognise(out, BRAM_NOT_MINE, "no table of the collection");
    size_t size = bram_gz_peek(input->paths[0], head, sizeof head - 1);
    head[size] = 0;
    if (is_pickle(input->paths[0]))
        return bram_recognise(out, BRAM_MINE, "a pickle, refused with a way to make a CSV");
    head[strcspn(head, "\n")] = 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!strstr(head, needed[i])) return BRAM_OK;
    return bram_recognise(out, BRAM_MINE,
                          "table with columns source_dataset, worm, neuron and calcium_data");
}

const bram_loader bram_loader_simeon2024_neural = {
    .name = "simeon2024-neural",
    .summary = "C. elegans, the homogenized collection of 12 sources as CSV",
    .citation = "Simeon et al. 2024, arXiv 2411.12091",
    .doi = "10.48550/arXiv.2411.12091",
    .licence = "not stated",
    .reads = "CSV with a row a neuron; pickles are refused with a line that makes a CSV",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_TEXT | BRAM_FORM_OTHER,
    .apart = true,
};
