/*
 * rdm_write.c - RDMs to files and to JSON; see rdm_write.h.
 */
#include "rdm_write.h"

#include "csvfile.h"
#include "npy.h"
#include "output.h"

#include <bramble/dataset.h>

#include <math.h>
#include <string.h>

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

int bram_rdm_check_output(bram_ctx *cx, const char *path, bool vector)
{
    if (!path) return BRAM_OK;
    if (!ends_in(path, ".npy") && !ends_in(path, ".csv") && !ends_in(path, ".h5"))
        return bram_fail(cx, BRAM_EUSAGE, "%s: rdm writes .npy, .csv or .h5", path);
    if (vector && ends_in(path, ".h5"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s: a homogenized file holds square matrices, not --vector", path);
    return BRAM_OK;
}

/* Row i of a square matrix with a diagonal of zeros, from the pairs. */
static void square_row(double *row, const double *d, size_t n, size_t i)
{
    for (size_t j = 0; j < n; j++)
        row[j] = j == i ? 0 : d[j < i ? bram_rdm_index(n, j, i) : bram_rdm_index(n, i, j)];
}

/* ---- .npy ----------------------------------------------------------------------------------- */

/* (subjects x) conditions x conditions, or (subjects x) pairs; row by row, so that no square of all
 * conditions is needed. */
static int put_npy(bram_ctx *cx, bram_outfile *file, const bram_rdm_job *job, bool vector)
{
    size_t n = job->conditions, pairs = bram_rdm_pairs(n);
    bool several = job->label[BRAM_RDM_SUBJECTS].code != NULL;
    size_t shape[3] = {job->subjects, vector ? pairs : n, n}, dims = vector ? 2 : 3;
    if (several) BRAM_TRY(bram_npy_put_header(cx, file, BRAM_NPY_F64, dims, shape));
    else BRAM_TRY(bram_npy_put_header(cx, file, BRAM_NPY_F64, dims - 1, shape + 1));
    if (vector) return bram_npy_put_values(cx, file, BRAM_NPY_F64, job->rdm, job->subjects * pairs);
    double *row = bram_scratch(cx, n, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    for (size_t s = 0; s < job->subjects; s++)
        for (size_t i = 0; i < n; i++) {
            square_row(row, job->rdm + s * pairs, n, i);
            BRAM_TRY(bram_npy_put_values(cx, file, BRAM_NPY_F64, row, n));
        }
    return BRAM_OK;
}

/* ---- .csv ----------------------------------------------------------------------------------- */

static int put_cell(bram_ctx *cx, bram_csv_writer *w, double d)
{
    return isnan(d) ? bram_csv_put_text(cx, w, "") : bram_csv_put_number(cx, w, d);
}

static int put_square(bram_ctx *cx, bram_csv_writer *w, const bram_rdm_job *job)
{
    size_t n = job->conditions, pairs = bram_rdm_pairs(n);
    bool several = job->label[BRAM_RDM_SUBJECTS].code != NULL;
    char buffer[24];
    double *row = bram_scratch(cx, n, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    if (several) BRAM_TRY(bram_csv_put_text(cx, w, "subject"));
    BRAM_TRY(bram_csv_put_text(cx, w, "condition"));
    for (size_t j = 0; j < n; j++)
        BRAM_TRY(bram_csv_put_text(cx, w, bram_rdm_job_condition(job, j, buffer)));
    BRAM_TRY(bram_csv_end_row(cx, w));
    for (size_t s = 0; s < job->subjects; s++)
        for (size_t i = 0; i < n; i++) {
            if (several) BRAM_TRY(bram_csv_put_text(cx, w, bram_rdm_job_subject(job, s)));
            BRAM_TRY(bram_csv_put_text(cx, w, bram_rdm_job_condition(job, i, buffer)));
            square_row(row, job->rdm + s * pairs, n, i);
            for (size_t j = 0; j < n; j++) BRAM_TRY(put_cell(cx, w, row[j]));
            BRAM_TRY(bram_csv_end_row(cx, w));
        }
    return BRAM_OK;
}

/* A line for each pair. */
static int put_pairs(bram_ctx *cx, bram_csv_writer *w, const bram_rdm_job *job)
{
    bool several = job->label[BRAM_RDM_SUBJECTS].code != NULL;
    const double *d = job->rdm;
    char buffer[24];
    if (several) BRAM_TRY(bram_csv_put_text(cx, w, "subject"));
    BRAM_TRY(bram_csv_put_text(cx, w, "condition_1"));
    BRAM_TRY(bram_csv_put_text(cx, w, "condition_2"));
    BRAM_TRY(bram_csv_put_text(cx, w, "dissimilarity"));
    BRAM_TRY(bram_csv_end_row(cx, w));
    for (size_t s = 0; s < job->subjects; s++)
        for (size_t i = 0; i < job->conditions; i++)
            for (size_t j = i + 1; j < job->conditions; j++, d++) {
                if (several) BRAM_TRY(bram_csv_put_text(cx, w, bram_rdm_job_subject(job, s)));
                BRAM_TRY(bram_csv_put_text(cx, w, bram_rdm_job_condition(job, i, buffer)));
                BRAM_TRY(bram_csv_put_text(cx, w, bram_rdm_job_condition(job, j, buffer)));
                BRAM_TRY(put_cell(cx, w, *d));
                BRAM_TRY(bram_csv_end_row(cx, w));
            }
    return BRAM_OK;
}

static int put_csv(bram_ctx *cx, bram_outfile *file, const bram_rdm_job *job, bool vector)
{
    bram_csv_writer w;
    bram_csv_to_file(&w, file, ',');
    return vector ? put_pairs(cx, &w, job) : put_square(cx, &w, job);
}

/* ---- .h5 ------------------------------------------------------------------------------------ */

const char *bram_rdm_unit(bram_rdm_kind kind)
{
    static const char *const units[] = {
        "squared distance per channel",
        "1 - Pearson r",
        "1 - cosine",
        "squared Mahalanobis distance per channel",
        "cross-validated squared Mahalanobis distance per channel",
        "symmetrised Kullback-Leibler divergence per channel",
        "cross-validated symmetrised Kullback-Leibler divergence per channel"};
    return units[kind];
}

static int new_axis(bram_ctx *cx, bram_axis **out, const char *name, const bram_rdm_job *job)
{
    size_t n = job->conditions, width = 24;
    const char **ids = bram_scratch(cx, n, sizeof *ids);
    char *numbers = ids ? bram_scratch(cx, n, width) : NULL;
    if (!numbers) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) ids[i] = bram_rdm_job_condition(job, i, numbers + i * width);
    BRAM_TRY(bram_axis_new(cx, out, name, n));
    return bram_axis_set_ids(cx, *out, ids);
}

static int describe(bram_ctx *cx, bram_response *r, const bram_rdm_job *job)
{
    bram_attrs *a = bram_response_attrs(r);
    BRAM_TRY(bram_attrs_set_text(cx, a, "kind", "rdm"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "method", bram_rdm_kind_name(job->options.kind)));
    BRAM_TRY(bram_attrs_set_text(cx, a, "unit", job->unit));
    return bram_attrs_set_integer(cx, a, "channels", (int64_t)job->m.cols);
}

/* (subject x) stimulus x stimulus_2, as schema.md has it; undefined pairs are masked. */
static int new_response(bram_ctx *cx, bram_response **out, const bram_rdm_job *job,
                        bram_axis *axis[3])
{
    const bram_cli_labels *subjects = job->label + BRAM_RDM_SUBJECTS;
    size_t n = job->conditions, dims = subjects->code ? 3 : 2;
    BRAM_TRY(new_axis(cx, axis + 1, "stimulus", job));
    BRAM_TRY(new_axis(cx, axis + 2, "stimulus_2", job));
    if (subjects->code) {
        BRAM_TRY(bram_axis_new(cx, axis, "subject", job->subjects));
        BRAM_TRY(bram_axis_set_ids(cx, axis[0], (const char *const *)subjects->name));
    }
    const bram_axis *along[] = {axis[0], axis[1], axis[2]};
    BRAM_TRY(bram_response_new(cx, out, "rdm", BRAM_F64, dims, along + (3 - dims)));
    BRAM_TRY(describe(cx, *out, job));
    double *values = bram_response_f64(*out);
    uint8_t *mask = job->undefined ? bram_response_mask(cx, *out) : NULL;
    if (job->undefined && !mask) return BRAM_ENOMEM;
    for (size_t s = 0; s < job->subjects; s++)
        for (size_t i = 0; i < n; i++)
            square_row(values + (s * n + i) * n, job->rdm + s * bram_rdm_pairs(n), n, i);
    for (size_t k = 0; mask && k < job->subjects * n * n; k++)
        if (isnan(values[k])) values[k] = 0, mask[k] = 0;
    return BRAM_OK;
}

static int write_h5(bram_ctx *cx, const bram_rdm_job *job, const char *path, bool replace)
{
    bram_dataset *ds = NULL;
    bram_response *r = NULL;
    bram_axis *axis[3] = {NULL};
    int status = new_response(cx, &r, job, axis);
    for (size_t k = 0; k < 3; k++) bram_axis_free(axis[k]);
    if (status == BRAM_OK) status = bram_dataset_new(cx, &ds);
    bram_attrs *root = ds ? bram_dataset_attrs(cx, ds, "") : NULL;
    if (ds && !root) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, root, "content", "bramble-rdm");
    if (status == BRAM_OK) {
        status = bram_dataset_add(cx, ds, "responses", r);
        r = NULL;
    }
    if (status == BRAM_OK) status = bram_dataset_write(cx, ds, path, replace);
    bram_response_free(r);
    bram_dataset_free(ds);
    return status;
}

int bram_rdm_write(bram_ctx *cx, const bram_rdm_job *job, const char *path, bool vector,
                   bool replace)
{
    if (ends_in(path, ".h5")) return write_h5(cx, job, path, replace);
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, replace));
    int status = ends_in(path, ".npy") ? put_npy(cx, file, job, vector)
                                       : put_csv(cx, file, job, vector);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

int bram_rdm_write_covariance(bram_ctx *cx, const bram_rdm_job *job, const char *path, bool replace)
{
    if (!ends_in(path, ".npy"))
        return bram_fail(cx, BRAM_EUSAGE, "%s: the condition covariance is written as .npy", path);
    return bram_npy_write(cx, path, replace, BRAM_NPY_F64, 2,
                          (size_t[]){job->conditions, job->conditions}, job->covariance);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_noise(bram_json_out *o, const bram_rdm_job *job)
{
    static const char *const sources[] = {NULL, "precision", "residuals", "repeats"};
    static const char *const methods[] = {"full", "diag", "shrinkage_eye", "shrinkage_diag",
                                          "shrinkage_rsatoolbox"};
    bool estimated = job->source >= BRAM_RDM_NOISE_RESIDUALS;
    bram_json_out_text(o, "noise", sources[job->source]);
    bram_json_out_text(o, "covariance", estimated ? methods[job->method] : NULL);
}

static void put_rdms(bram_json_out *o, const bram_rdm_job *job, bool values)
{
    size_t pairs = bram_rdm_pairs(job->conditions);
    bram_json_out_array(o, "rdms");
    for (size_t s = 0; s < job->subjects; s++) {
        bram_json_out_object(o, NULL);
        bram_json_out_text(o, "subject", bram_rdm_job_subject(job, s));
        bram_json_out_number(o, "shrinkage", job->shrinkage[s]);
        if (values) bram_json_out_numbers(o, "dissimilarities", job->rdm + s * pairs, pairs);
        bram_json_out_end(o);
    }
    bram_json_out_end(o);
}

int bram_rdm_print_json(bram_ctx *cx, const bram_rdm_job *job, const char *path)
{
    bram_json_out *o = NULL;
    char buffer[24];
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "method", bram_rdm_kind_name(job->options.kind));
    bram_json_out_text(o, "unit", job->unit);
    bram_json_out_integer(o, "rows", (int64_t)job->m.rows);
    bram_json_out_integer(o, "channels", (int64_t)job->m.cols);
    bram_json_out_integer(o, "conditions", (int64_t)job->conditions);
    bram_json_out_integer(o, "pairs", (int64_t)bram_rdm_pairs(job->conditions));
    bram_json_out_integer(o, "undefined", (int64_t)job->undefined);
    put_noise(o, job);
    bram_json_out_text(o, "output", path);
    bram_json_out_array(o, "names");
    for (size_t i = 0; i < job->conditions; i++)
        bram_json_out_text(o, NULL, bram_rdm_job_condition(job, i, buffer));
    bram_json_out_end(o);
    put_rdms(o, job, !path);
    bram_json_out_end(o);
    return bram_cli_print_json(cx, o);
}
