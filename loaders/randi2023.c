/*
 * randi2023.c - the signal propagation atlas of Randi, Sharma, Dvali & Leifer 2023: which neurons
 * respond to the stimulation of which.
 *
 * Forms, and how each is laid out:
 * - funatlas.h5 of wormneuroatlas: neuron_ids, and by strain (wt, unc31) dFF, q, q_eq and occ1,
 *   [responding][stimulated]. "AWCOF" in its list is AWCOFF cut to five bytes. Where there are
 *   kernels, lists of g, factor, power and branch for each pair, the response in time is the sum of
 *   factor t^power exp(-g t), and the delay is the time of its peak (largest magnitude).
 * - the supplement's workbook: a sheet of amplitudes, one of q ("q", or "alpha=(1 - q_val)") and
 *   one of equivalence q, with names before the rows (responding) and above the columns
 *   (stimulated): randi2023_book.c.
 * - JSON of the OpenWorm ConnectomeToolbox: nodes and connections.Functional[pre][post], amplitudes
 *   of the significant wild-type pairs; 0 elsewhere, measured or not.
 * - 90000 lines "from TAB to TAB value", the early atlas of April 2022; 0 likewise. It becomes
 *   connectome/randi2023_early.
 * - a matrix of blank-separated numbers [responding][stimulated], NaN where not measured, with its
 *   list of names as a second file: connectome/randi2023_intensity.
 *
 * AWCON and AWCOFF are told by function, so that they stay apart from AWCL and AWCR.
 */
#include "randi2023.h"

#include "connectome.h"
#include "csvfile.h"
#include "functional_atlas.h"
#include "gz.h"
#include "h5.h"
#include "intake.h"
#include "json.h"
#include "name_list.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_CONNECTOME_RULES,
    BRAM_ATLAS_PARAMS,
    {"strain", BRAM_PARAM_CHOICE, "wt", "wt|unc31", 0, 0, "of funatlas.h5"},
    {"amplitude_sheet", BRAM_PARAM_TEXT, "", NULL, 0, 0, "of a workbook; empty: by its name"},
    {"q_sheet", BRAM_PARAM_TEXT, "", NULL, 0, 0, "of a workbook; empty: by its name"},
    {"q_eq_sheet", BRAM_PARAM_TEXT, "", NULL, 0, 0, "of a workbook; empty: by its name"},
    {.name = NULL}};

static const char source[] = "randi2023", early[] = "randi2023_early",
                  intensity[] = "randi2023_intensity";

enum { MOST = 4096 }; /* neurons of a matrix */

void bram_randi_transpose(double *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double kept = m[i * n + j];
            m[i * n + j] = m[j * n + i];
            m[j * n + i] = kept;
        }
}

static bram_atlas new_atlas(const bram_options *o)
{
    return (bram_atlas){.q_below = bram_option_real(o, "q"),
                        .q_eq_below = bram_option_real(o, "q_eq"),
                        .unit = "dF/F"};
}

/* ---- funatlas.h5 ---------------------------------------------------------------------------- */

static int read_square(bram_ctx *cx, double **out, const bram_h5 *file, const char *strain,
                       const char *name, size_t n)
{
    char path[64];
    bram_h5_info info;
    double *values = NULL;
    snprintf(path, sizeof path, "%s/%s", strain, name);
    if (!bram_h5_exists(bram_h5_root(file), path))
        return bram_fail(cx, BRAM_EFORMAT, "found no %s, expected a matrix %zu x %zu", path, n, n);
    BRAM_TRY(bram_h5_info_of(cx, &info, bram_h5_root(file), path));
    if (info.rank != 2 || info.dims[0] != n || info.dims[1] != n)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found rank %u, %llu elements, expected %zu x %zu",
                         path, info.rank, (unsigned long long)info.elements, n, n);
    BRAM_TRY(bram_h5_read_double(cx, &values, NULL, bram_h5_root(file), path, n * n));
    bram_randi_transpose(values, n);
    *out = values;
    return BRAM_OK;
}

enum { TERM = 4, MOMENTS = 600 };
static const double moment = 0.05; /* seconds */

/* Of terms g, factor, power, branch; NaN without terms or where the sum is not finite. */
static double peak_time(const double *term, size_t count)
{
    double peak = 0, when = (double)NAN;
    for (size_t m = 0; m <= MOMENTS; m++) {
        double t = moment * (double)m, sum = 0;
        for (size_t k = 0; k < count; k++)
            sum += term[k * TERM + 1] * pow(t, term[k * TERM + 2]) * exp(-term[k * TERM] * t);
        if (!isfinite(sum)) return (double)NAN;
        if (fabs(sum) > peak) peak = fabs(sum), when = t;
    }
    return when;
}

/* The delays of pairs with q below the threshold, [stimulated][responding]; NaN elsewhere. */
static int read_delays(bram_ctx *cx, double **out, const bram_h5 *file, const char *path,
                       const bram_atlas *atlas)
{
    double *values = NULL, *delay = NULL;
    size_t *begin = NULL, count = 0, n = atlas->n;
    BRAM_TRY(bram_h5_read_lists_double(cx, &values, &begin, &count, bram_h5_root(file), path));
    int status = count == n * n
                     ? BRAM_OK
                     : bram_fail(cx, BRAM_EFORMAT, "%s: found %zu lists, expected %zu x %zu", path,
                                 count, n, n);
    for (size_t k = 0; k < count && status == BRAM_OK; k++)
        if ((begin[k + 1] - begin[k]) % TERM)
            status = bram_fail(cx, BRAM_EFORMAT,
                               "%s[%zu,%zu]: found %zu numbers, expected four a term: g, factor, "
                               "power, branch",
                               path, k / n, k % n, begin[k + 1] - begin[k]);
    if (status == BRAM_OK && !(delay = bram_alloc(cx, n * n, sizeof *delay))) status = BRAM_ENOMEM;
    for (size_t k = 0; k < n * n && delay; k++) {
        const size_t stored = k % n * n + k / n; /* [responding][stimulated] in the file */
        delay[k] = atlas->q[k] < atlas->q_below
                       ? peak_time(values + begin[stored],
                                   (begin[stored + 1] - begin[stored]) / TERM)
                       : (double)NAN;
    }
    bram_free(values);
    bram_free(begin);
    if (status == BRAM_OK) *out = delay;
    return status;
}

static int read_kernels(bram_ctx *cx, bram_atlas *atlas, double **delay, const bram_h5 *file,
                        const char *strain)
{
    char path[64];
    snprintf(path, sizeof path, "%s/kernels", strain);
    if (!bram_h5_exists(bram_h5_root(file), path)) return BRAM_OK;
    BRAM_TRY(read_delays(cx, delay, file, path, atlas));
    atlas->delay = *delay;
    return BRAM_OK;
}

static int read_h5(bram_ctx *cx, bram_dataset *ds, const bram_h5 *file, const bram_options *o)
{
    static const char *const fields[] = {"dFF", "q", "q_eq", "occ1"};
    const char *strain = bram_option_text(o, "strain");
    bram_atlas atlas = new_atlas(o);
    double *matrix[4] = {NULL}, *delay = NULL;
    char **names = NULL;
    BRAM_TRY(bram_h5_read_strings(cx, &names, &atlas.n, bram_h5_root(file), "neuron_ids"));
    int status = atlas.n <= MOST
                     ? BRAM_OK
                     : bram_fail(cx, BRAM_EFORMAT, "found %zu neurons, expected 300", atlas.n);
    static char awcoff[] = "AWCOFF";
    for (size_t i = 0; status == BRAM_OK && i < atlas.n; i++)
        if (strcmp(names[i], "AWCOF") == 0) names[i] = awcoff;
    for (size_t k = 0; k < 4 && status == BRAM_OK; k++)
        status = read_square(cx, &matrix[k], file, strain, fields[k], atlas.n);
    atlas.names = (const char *const *)names;
    atlas.amplitude = matrix[0], atlas.q = matrix[1], atlas.q_eq = matrix[2];
    atlas.occurrences = matrix[3];
    if (status == BRAM_OK) status = read_kernels(cx, &atlas, &delay, file, strain);
    if (status == BRAM_OK) status = bram_atlas_put(cx, ds, source, &atlas, o);
    for (size_t k = 0; k < 4; k++) bram_free(matrix[k]);
    bram_free(delay);
    bram_free(names);
    return status;
}

static bool is_h5(bram_ctx *cx, const char *path)
{
    bram_h5 *file = NULL;
    if (!bram_h5_probe(path) || bram_h5_open(cx, &file, path) != BRAM_OK) return false;
    bool mine = bram_h5_exists(bram_h5_root(file), "neuron_ids") &&
                bram_h5_exists(bram_h5_root(file), "wt/dFF") &&
                bram_h5_exists(bram_h5_root(file), "wt/q_eq");
    bram_h5_close(file);
    return mine;
}

static int load_h5(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_h5 *file = NULL;
    BRAM_TRY(bram_h5_open(cx, &file, input->paths[0]));
    int status = read_h5(cx, ds, file, o);
    bram_h5_close(file);
    return status;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static bool is_json(const char *path)
{
    char head[64] = "";
    size_t n = bram_gz_peek(path, head, sizeof head - 1), i = 0;
    while (i < n && (isspace((unsigned char)head[i]) || head[i] == '{')) i++;
    return i > 0 && i < n && strncmp(head + i, "\"nodes\"", 7) == 0;
}

static int read_json_names(bram_ctx *cx, const char **names, const bram_json *nodes)
{
    for (size_t i = 0; i < bram_json_count(nodes); i++) {
        names[i] = bram_json_text(bram_json_at(nodes, i));
        if (!names[i])
            return bram_fail(cx, BRAM_EFORMAT, "field nodes: found %s as item %zu, expected text",
                             bram_json_kind_name(bram_json_kind_of(bram_json_at(nodes, i))), i + 1);
    }
    return BRAM_OK;
}

static int read_json_row(bram_ctx *cx, double *to, const bram_json *row, size_t i, size_t n)
{
    if (bram_json_kind_of(row) != BRAM_JSON_ARRAY || bram_json_count(row) != n)
        return bram_fail(cx, BRAM_EFORMAT,
                         "field connections.Functional: found %zu items in row %zu, expected %zu",
                         bram_json_count(row), i + 1, n);
    for (size_t j = 0; j < n; j++)
        if (!bram_json_number(bram_json_at(row, j), &to[j]))
            return bram_fail(cx, BRAM_EFORMAT,
                             "field connections.Functional: found %s in row %zu, column %zu, "
                             "expected number",
                             bram_json_kind_name(bram_json_kind_of(bram_json_at(row, j))), i + 1,
                             j + 1);
    return BRAM_OK;
}

static int read_json(bram_ctx *cx, bram_dataset *ds, const bram_json *top, const bram_options *o)
{
    const bram_json *nodes, *connections, *functional;
    bram_atlas atlas = new_atlas(o);
    BRAM_TRY(bram_json_need(cx, &nodes, top, "nodes", BRAM_JSON_ARRAY));
    BRAM_TRY(bram_json_need(cx, &connections, top, "connections", BRAM_JSON_OBJECT));
    BRAM_TRY(bram_json_need(cx, &functional, connections, "Functional", BRAM_JSON_ARRAY));
    atlas.n = bram_json_count(nodes);
    if (atlas.n > MOST || bram_json_count(functional) != atlas.n)
        return bram_fail(cx, BRAM_EFORMAT,
                         "field connections.Functional: found %zu rows for %zu nodes",
                         bram_json_count(functional), atlas.n);
    const char **names = bram_scratch(cx, atlas.n, sizeof *names);
    double *amplitude = bram_scratch(cx, atlas.n * atlas.n, sizeof *amplitude);
    if (!names || !amplitude) return BRAM_ENOMEM;
    BRAM_TRY(read_json_names(cx, names, nodes));
    for (size_t i = 0; i < atlas.n; i++)
        BRAM_TRY(
            read_json_row(cx, amplitude + i * atlas.n, bram_json_at(functional, i), i, atlas.n));
    atlas.names = names;
    atlas.amplitude = amplitude;
    atlas.zero_is_not_known = true;
    return bram_atlas_put(cx, ds, source, &atlas, o);
}

static int load_json(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_json *top = NULL;
    BRAM_TRY(bram_json_read(cx, &top, input->paths[0], 0));
    size_t mark = bram_scratch_mark(cx);
    int status = read_json(cx, ds, top, o);
    bram_scratch_release(cx, mark);
    bram_json_free(top);
    return status;
}

/* ---- lines of from, to, value --------------------------------------------------------------- */

/* Three cells in the first lines, two of them names; in the first the third is a number. */
static bool is_lines(bram_ctx *cx, const char *path)
{
    char head[4096];
    bram_csv *t = NULL;
    size_t n = bram_gz_peek(path, head, sizeof head);
    double value;
    while (n && head[n - 1] != '\n') n--;
    if (!n || memchr(head, 0, n)) return false;
    if (bram_csv_parse(cx, &t, path, head, n, &(bram_csv_options){.delimiter = '\t'}) != BRAM_OK)
        return false;
    bool mine = bram_csv_cols(t) == 3 && bram_number_parse(bram_csv_text(t, 0, 2), 0, &value);
    for (size_t i = 0; mine && i < bram_csv_rows(t); i++)
        mine = isalpha((unsigned char)bram_csv_text(t, i, 0)[0]) &&
               isalpha((unsigned char)bram_csv_text(t, i, 1)[0]);
    bram_csv_free(t);
    return mine;
}

static int read_lines(bram_ctx *cx, bram_connectome *c, const bram_csv *t, int64_t *self)
{
    const bram_layer layer = {"functional", "functional", "arbitrary", .any = true};
    BRAM_TRY(bram_connectome_add_layer(cx, c, &layer));
    if (bram_csv_cols(t) != 3)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu cells in a line, expected 3",
                         bram_csv_cols(t));
    for (size_t i = 0; i < bram_csv_rows(t); i++) {
        bram_entry e = {.pre = bram_csv_text(t, i, 0), .post = bram_csv_text(t, i, 1)};
        BRAM_TRY(bram_csv_number(cx, t, i, 2, 0, &e.weight));
        BRAM_TRY(bram_connectome_examine(cx, c, e.pre, 0));
        if (e.weight == 0) continue;
        if (strcmp(e.pre, e.post) == 0) {
            ++*self;
            continue;
        }
        int status = bram_connectome_add(cx, c, 0, &e);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "line %zu", bram_csv_line(t, i));
    }
    return BRAM_OK;
}

static int load_lines(bram_ctx *cx, bram_dataset *ds, const bram_input *input,
                      const bram_options *o)
{
    bram_csv *t = NULL;
    bram_connectome *c = NULL;
    int64_t self = 0;
    BRAM_TRY(bram_csv_read(cx, &t, input->paths[0], &(bram_csv_options){.delimiter = '\t'}));
    int status = bram_connectome_new(cx, &c, o);
    if (status == BRAM_OK) status = read_lines(cx, c, t, &self);
    if (status == BRAM_OK) status = bram_connectome_put(cx, c, ds, early);
    if (status == BRAM_OK)
        status = bram_attrs_set_integer(cx,
                                        bram_dataset_attrs(cx, ds, "connectome/randi2023_early"),
                                        "self_pairs_left_out", self);
    bram_connectome_free(c);
    bram_csv_free(t);
    return status;
}

/* ---- a matrix and its list of names --------------------------------------------------------- */

static const int matrix_flags = BRAM_NUMBER_NAN | BRAM_NUMBER_INFINITE;

enum { LEAST = 100, NEURONS = 300 };

/* How many numbers with blanks between them the first line has; 0 where anything else stands. */
static size_t numbers_of_line(const char *path)
{
    char head[16384];
    size_t n = bram_gz_peek(path, head, sizeof head - 1), count = 0;
    double value;
    head[n] = 0;
    head[strcspn(head, "\r\n")] = 0;
    for (char *at = head; *(at += strspn(at, " ")); count++) {
        size_t length = strcspn(at, " ");
        char kept = at[length];
        at[length] = 0;
        if (!bram_number_parse(at, matrix_flags, &value)) return 0;
        at[length] = kept;
        at += length;
    }
    return count;
}

static int read_matrix(bram_ctx *cx, bram_dataset *ds, const bram_csv *t, const char *list,
                       const bram_options *o)
{
    bram_atlas atlas = new_atlas(o);
    char **names = NULL;
    atlas.n = bram_csv_rows(t);
    if (bram_csv_cols(t) != atlas.n || atlas.n > MOST)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu lines of %zu numbers, expected a square",
                         atlas.n, bram_csv_cols(t));
    double *amplitude = bram_scratch(cx, atlas.n * atlas.n, sizeof *amplitude);
    if (!amplitude) return BRAM_ENOMEM;
    BRAM_TRY(bram_csv_matrix(cx, t, 0, 0, matrix_flags, amplitude));
    BRAM_TRY(bram_name_list_read(cx, &names, atlas.n, list));
    bram_randi_transpose(amplitude, atlas.n);
    atlas.names = (const char *const *)names;
    atlas.amplitude = amplitude;
    int status = bram_atlas_put(cx, ds, intensity, &atlas, o);
    bram_free(names);
    return status;
}

static int load_matrix(bram_ctx *cx, bram_dataset *ds, const bram_input *input,
                       const bram_options *o)
{
    bram_csv *t = NULL;
    const char *list = NULL;
    BRAM_TRY(bram_name_list_choose(cx, &list, input));
    BRAM_TRY(bram_csv_read(cx, &t, input->paths[0], &(bram_csv_options){.delimiter = ' '}));
    size_t mark = bram_scratch_mark(cx);
    int status = read_matrix(cx, ds, t, list, o);
    bram_scratch_release(cx, mark);
    bram_csv_free(t);
    return status;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    const char *path = input->paths[0];
    if (is_h5(cx, path))
        return bram_recognise(out, BRAM_MINE, "HDF5 with neuron_ids, wt/dFF and wt/q_eq");
    if (is_json(path)) return bram_recognise(out, BRAM_MINE, "JSON that begins with nodes");
    if (bram_randi_is_book(cx, path))
        return bram_recognise(out, BRAM_MINE, "workbook with sheets of amplitudes and of q");
    if (is_lines(cx, path))
        return bram_recognise(out, BRAM_MINE, "lines of two names and a number");
    size_t count = numbers_of_line(path);
    if (count >= LEAST && input->count > 1)
        return bram_recognise(out, BRAM_MINE, "a matrix of numbers with a list of names");
    if (count == NEURONS)
        return bram_recognise(out, BRAM_MAYBE_MINE, "a matrix of numbers with %d columns", NEURONS);
    return bram_recognise(out, BRAM_NOT_MINE, "none of the forms of the atlas");
}

/* Lists of names belong to matrices; the other forms have their own. */
static int check_files(bram_ctx *cx, const bram_input *input)
{
    size_t others = 0;
    for (size_t i = 1; i < input->count; i++) others += !bram_name_list_is(input->paths[i]);
    if (!others) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE,
                     "found %zu files, expected one; a matrix has its list of names as a second",
                     others + 1);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    const char *path = input->paths[0];
    BRAM_TRY(check_files(cx, input));
    if (bram_h5_probe(path)) return load_h5(cx, ds, input, o);
    if (is_json(path)) return load_json(cx, ds, input, o);
    if (bram_randi_is_zip(path)) return bram_randi_load_book(cx, ds, input, o);
    return is_lines(cx, path) ? load_lines(cx, ds, input, o) : load_matrix(cx, ds, input, o);
}

const bram_loader bram_loader_randi2023 = {
    .name = "randi2023",
    .summary = "C. elegans signal propagation atlas: which neuron responds to which",
    .citation = "Randi et al. 2023, Nature 623:406",
    .doi = "10.1038/s41586-023-06683-4",
    .licence = "not stated",
    .reads = "funatlas.h5; xlsx of amplitudes and q; JSON nodes + Functional; text",
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .apart = true,
    .single = true,
    .belongs = bram_name_list_belongs,
};
