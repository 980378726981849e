/*
 * cmd_searchlight.c - `bramble searchlight`: models against the representation around every voxel.
 */
#include "csvfile.h"
#include "matrix_file.h"
#include "nifti.h"
#include "number.h"
#include "output.h"
#include "scores.h"
#include "searchlight.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MODELS = 64 };

struct job {
    bram_volumes mask, residuals;
    double *data; /* rows x voxels, with the geometry of the mask */
    size_t rows, voxels, centres, models;
    uint8_t *inside;
    bram_cli_labels label[2]; /* conditions, folds */
    bram_cli_matrix model[MOST_MODELS];
    bram_searchlight where;
    bram_rdm_options rdm;
    bram_noise_method noise;
    char *compare;
    size_t *centre;
    double *result; /* centres x models */
};

static void release(struct job *job)
{
    bram_volumes_release(&job->mask);
    bram_volumes_release(&job->residuals);
    for (size_t k = 0; k < 2; k++) bram_cli_labels_release(job->label + k);
    for (size_t k = 0; k < job->models; k++) bram_cli_matrix_release(job->model + k);
    bram_free(job->data);
    bram_free(job->inside);
    bram_free(job->compare);
    bram_free(job->centre);
    bram_free(job->result);
}

/* ---- reading -------------------------------------------------------------------------------- */

static int positive(bram_ctx *cx, const bram_cli_args *args, const char *name, double fallback,
                    double *out)
{
    const char *text = bram_cli_text(args, name, NULL);
    *out = fallback;
    if (text && !bram_number_parse(text, 0, out))
        return bram_fail(cx, BRAM_EUSAGE, "--%s: found \"%s\", expected a number", name, text);
    return BRAM_OK;
}

static int same_grid(bram_ctx *cx, const bram_volumes *a, const struct job *job, const char *path)
{
    const size_t *m = job->mask.dims;
    if (!memcmp(a->dims, m, sizeof a->dims)) return BRAM_OK;
    return bram_fail(cx, BRAM_ESHAPE, "%s is %zu x %zu x %zu, the mask %zu x %zu x %zu", path,
                     a->dims[0], a->dims[1], a->dims[2], m[0], m[1], m[2]);
}

static int read_mask(bram_ctx *cx, struct job *job, const char *path)
{
    BRAM_TRY(bram_nifti_read(cx, &job->mask, path));
    if (job->mask.count != 1)
        return bram_fail(cx, BRAM_ESHAPE, "%s has %zu volumes, expected one", path,
                         job->mask.count);
    memcpy(job->where.dims, job->mask.dims, sizeof job->where.dims);
    job->voxels = job->mask.dims[0] * job->mask.dims[1] * job->mask.dims[2];
    job->inside = bram_alloc(cx, job->voxels, 1);
    if (!job->inside) return BRAM_ENOMEM;
    for (size_t v = 0; v < job->voxels; v++)
        job->inside[v] = !isnan(job->mask.values[v]) && job->mask.values[v] != 0;
    job->where.mask = job->inside;
    return BRAM_OK;
}

/* The volumes of all files, one after the other. */
static int read_data(bram_ctx *cx, struct job *job, const bram_cli_args *args)
{
    for (size_t f = 0; f < bram_cli_arguments(args); f++) {
        const char *path = bram_cli_argument(args, f);
        bram_volumes v = {.count = 0};
        BRAM_TRY(bram_nifti_read(cx, &v, path));
        int status = same_grid(cx, &v, job, path);
        double *data = status == BRAM_OK ? bram_realloc(cx, job->data, job->rows + v.count,
                                                        job->voxels * sizeof *data)
                                         : NULL;
        if (data) {
            memcpy(data + job->rows * job->voxels, v.values, v.count * job->voxels * sizeof *data);
            job->data = data;
            job->rows += v.count;
        } else if (status == BRAM_OK) status = BRAM_ENOMEM;
        bram_volumes_release(&v);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* The model's rows (and columns) in the order of the conditions, where both have names. */
static int order_model(bram_ctx *cx, struct job *job, bram_cli_matrix *m, const char *path)
{
    const bram_cli_labels *conditions = job->label;
    size_t n = conditions->code ? conditions->names : job->rows;
    if (m->rows != m->cols || m->rows < n || (m->rows > n && !(m->row && conditions->code)))
        return bram_fail(cx, BRAM_ESHAPE, "%s is %zu x %zu, expected an RDM of %zu conditions",
                         path, m->rows, m->cols, n);
    if (!m->row || !conditions->code) return BRAM_OK;
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "row", n));
    bram_cli_matrix like = {.rows = n, .cols = n, .row = axis};
    int status = bram_axis_set_ids(cx, axis, (const char *const *)conditions->name);
    like.values = bram_alloc(cx, n * n, sizeof *like.values);
    if (status == BRAM_OK && !like.values) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_cli_matrix_match(cx, m, &like, BRAM_MATCH_SQUARE);
    if (status == BRAM_OK && m->rows != n)
        status = bram_fail(cx, BRAM_EABSENT, "%s lacks %zu of the %zu conditions", path,
                           n - m->rows, n);
    bram_cli_matrix_release(&like);
    return status;
}

static int read_models(bram_ctx *cx, struct job *job, const bram_cli_args *args)
{
    size_t count = bram_cli_count(args, "model");
    const char *ids = bram_cli_text(args, "model-ids", NULL);
    if (!count || count > MOST_MODELS)
        return bram_fail(cx, BRAM_EUSAGE, "%zu models, expected 1 to %d (--model FILE)", count,
                         MOST_MODELS);
    for (size_t k = 0; k < count; k++) {
        const char *path = bram_cli_value(args, "model", k);
        BRAM_TRY(bram_cli_matrix_read(cx, job->model + k, path, ids));
        job->models++;
        BRAM_TRY(order_model(cx, job, job->model + k, path));
    }
    return BRAM_OK;
}

static int read_options(bram_ctx *cx, struct job *job, const bram_cli_args *args)
{
    const char *method = bram_cli_text(args, "method", "correlation");
    if (!bram_rdm_kind_find(&job->rdm.kind, method))
        return bram_fail(cx, BRAM_EUSAGE, "no estimator is named \"%s\" ('bramble rdm --help')",
                         method);
    if (!bram_noise_method_find(&job->noise, bram_cli_text(args, "noise", "shrinkage_diag")))
        return bram_fail(cx, BRAM_EUSAGE, "--noise is no covariance");
    job->rdm.remove_mean = bram_cli_has(args, "remove-mean");
    job->rdm.unbalanced = bram_cli_has(args, "unbalanced");
    job->where.truncate = bram_cli_has(args, "truncate");
    job->compare = bram_strf(cx, "rdm=given,compare=%s",
                             bram_cli_text(args, "compare", "spearman"));
    if (!job->compare) return BRAM_ENOMEM;
    BRAM_TRY(positive(cx, args, "radius", 3, &job->where.radius));
    return positive(cx, args, "threshold", 1, &job->where.threshold);
}

static int read_all(bram_ctx *cx, struct job *job, const bram_cli_args *args)
{
    const char *mask = bram_cli_text(args, "mask", NULL);
    const char *residuals = bram_cli_text(args, "residuals", NULL);
    if (!mask) return bram_fail(cx, BRAM_EUSAGE, "searchlight needs --mask FILE.nii");
    BRAM_TRY(read_options(cx, job, args));
    BRAM_TRY(read_mask(cx, job, mask));
    BRAM_TRY(read_data(cx, job, args));
    job->label[0].spec = bram_cli_text(args, "conditions", NULL);
    job->label[1].spec = bram_cli_text(args, "folds", NULL);
    for (size_t k = 0; k < 2; k++)
        if (job->label[k].spec) BRAM_TRY(bram_cli_labels_read(cx, job->label + k, job->rows));
    BRAM_TRY(read_models(cx, job, args));
    if (!residuals) return BRAM_OK;
    BRAM_TRY(bram_nifti_read(cx, &job->residuals, residuals));
    return same_grid(cx, &job->residuals, job, residuals);
}

/* ---- the work ------------------------------------------------------------------------------- */

static int compute(bram_ctx *cx, struct job *job)
{
    const bram_cli_labels *c = job->label, *f = job->label + 1;
    bram_rdm_design design = {c->code,
                              c->names,
                              f->code,
                              f->names,
                              (const char *const *)c->name,
                              (const char *const *)f->name};
    bram_mat data = {job->data, job->rows, job->voxels, job->voxels};
    bram_mat residuals = {job->residuals.values, job->residuals.count, job->voxels, job->voxels};
    bram_side *side = bram_scratch(cx, job->models, sizeof *side);
    if (!side) return BRAM_ENOMEM;
    for (size_t k = 0; k < job->models; k++) side[k] = bram_cli_matrix_side(job->model + k, true);
    bram_searchlight_job work = {.where = &job->where,
                                 .data = &data,
                                 .design = c->code ? &design : NULL,
                                 .rdm = &job->rdm,
                                 .residuals = job->residuals.values ? &residuals : NULL,
                                 .noise = job->noise,
                                 .compare = job->compare,
                                 .model = side,
                                 .models = job->models};
    BRAM_TRY(bram_searchlight_centres(cx, &job->centre, &job->centres, &job->where));
    if (!job->centres)
        return bram_fail(cx, BRAM_ESHAPE,
                         "no sphere of radius %g lies in the mask to a share of %g: a lower "
                         "--threshold, or --truncate",
                         job->where.radius, job->where.threshold);
    job->result = bram_alloc(cx, job->centres * job->models, sizeof *job->result);
    if (!job->result) return BRAM_ENOMEM;
    return bram_searchlight_run(cx, job->result, job->centre, job->centres, &work);
}

/* ---- output --------------------------------------------------------------------------------- */

static bool is_table(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && !strcmp(path + n - 4, ".csv");
}

static int put_csv(bram_ctx *cx, bram_outfile *file, const struct job *job,
                   const bram_cli_args *args)
{
    const size_t *dims = job->where.dims;
    bram_csv_writer w;
    bram_csv_to_file(&w, file, ',');
    for (size_t d = 0; d < 3; d++)
        BRAM_TRY(bram_csv_put_text(cx, &w, d ? d == 1 ? "y" : "z" : "x"));
    for (size_t m = 0; m < job->models; m++)
        BRAM_TRY(bram_csv_put_text(cx, &w, bram_cli_value(args, "model", m)));
    BRAM_TRY(bram_csv_end_row(cx, &w));
    for (size_t k = 0; k < job->centres; k++) {
        size_t c = job->centre[k],
               at[3] = {c / dims[2] / dims[1], c / dims[2] % dims[1], c % dims[2]};
        for (size_t d = 0; d < 3; d++) BRAM_TRY(bram_csv_put_integer(cx, &w, (int64_t)at[d]));
        for (size_t m = 0; m < job->models; m++) {
            double x = job->result[k * job->models + m];
            BRAM_TRY(isnan(x) ? bram_csv_put_text(cx, &w, "") : bram_csv_put_number(cx, &w, x));
        }
        BRAM_TRY(bram_csv_end_row(cx, &w));
    }
    return BRAM_OK;
}

static int write_csv(bram_ctx *cx, const struct job *job, const bram_cli_args *args,
                     const char *path)
{
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, bram_cli_has(args, "force")));
    int status = put_csv(cx, file, job, args);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

/* A volume for each model, NaN where there is no centre. */
static int write_volume(bram_ctx *cx, const struct job *job, const bram_cli_args *args,
                        const char *path)
{
    double *volume = bram_alloc(cx, job->models * job->voxels, sizeof *volume);
    if (!volume) return BRAM_ENOMEM;
    for (size_t v = 0; v < job->models * job->voxels; v++) volume[v] = NAN;
    for (size_t k = 0; k < job->centres; k++)
        for (size_t m = 0; m < job->models; m++)
            volume[m * job->voxels + job->centre[k]] = job->result[k * job->models + m];
    int status = bram_nifti_write(cx, path, bram_cli_has(args, "force"), &job->mask, volume,
                                  job->models);
    bram_free(volume);
    return status;
}

static int print_table(bram_ctx *cx, const bram_cli_args *args, const struct job *job)
{
    static const bram_table_column columns[] = {
        {"model", "model", BRAM_CELL_TEXT},
        {"centres", "centres", BRAM_CELL_INTEGER},
        {"undefined", "undefined", BRAM_CELL_INTEGER},
        {"mean", "mean", BRAM_CELL_NUMBER, .digits = 3},
        {"highest", "highest", BRAM_CELL_NUMBER, .digits = 3},
        {"x", "x", BRAM_CELL_INTEGER},
        {"y", "y", BRAM_CELL_INTEGER},
        {"z", "z", BRAM_CELL_INTEGER}};
    const size_t *dims = job->where.dims;
    double *one = bram_scratch(cx, job->centres, 2 * sizeof *one);
    bram_table *t = NULL;
    if (!one) return BRAM_ENOMEM;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t m = 0; m < job->models; m++) {
        size_t undefined, best = SIZE_MAX;
        for (size_t k = 0; k < job->centres; k++) {
            one[k] = job->result[k * job->models + m];
            if (!isnan(one[k]) && (best == SIZE_MAX || one[k] > one[best])) best = k;
        }
        bram_table_row(t);
        bram_table_text(t, 0, bram_cli_value(args, "model", m));
        bram_table_integer(t, 1, (int64_t)job->centres);
        bram_table_number(t, 3,
                          bram_summary(one, job->centres, false, one + job->centres, &undefined));
        bram_table_integer(t, 2, (int64_t)undefined);
        if (best == SIZE_MAX) continue;
        size_t c = job->centre[best];
        bram_table_number(t, 4, one[best]);
        bram_table_integer(t, 5, (int64_t)(c / dims[2] / dims[1]));
        bram_table_integer(t, 6, (int64_t)(c / dims[2] % dims[1]));
        bram_table_integer(t, 7, (int64_t)(c % dims[2]));
    }
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *out = bram_cli_text(args, "output", NULL);
    struct job job = {.rows = 0};
    int status = read_all(cx, &job, args);
    if (status == BRAM_OK) status = compute(cx, &job);
    if (status == BRAM_OK && out)
        status = is_table(out) ? write_csv(cx, &job, args, out) : write_volume(cx, &job, args, out);
    if (status == BRAM_OK) status = print_table(cx, args, &job);
    release(&job);
    return status;
}

const bram_command bram_command_searchlight = {
    .name = "searchlight",
    .summary = "models against the representation around every voxel",
    .arguments = "FILE.nii... --mask MASK.nii --model RDM",
    .about =
        "Reads NIfTI volumes (one a condition, or trials with --conditions) and compares, at every "
        "voxel of the mask, the RDM of the sphere around it with each model's.\n\n"
        "A sphere holds the voxels nearer than the radius, cut at the border of the volume. A "
        "voxel "
        "is a centre when the mask covers a share of --threshold of its sphere; voxels of the "
        "sphere "
        "outside the mask count unless --truncate. Labels are files, a line for each volume.\n\n"
        "Only the comparisons are kept, so that memory does not grow with the number of centres.",
    .options =
        (const bram_cli_option[]){
            {"mask", 0, "MASK.nii", "Where to look: voxels that are not 0"},
            {"model", 'm', "FILE", "A square dissimilarity matrix", .repeat = true},
            {"model-ids", 0, "IDS",
             "Names of its conditions: a column or variable, or FILE[:NAME]"},
            {"output", 'o', "OUT", "Writes a volume for each model (.nii, .nii.gz) or a .csv"},
            {"radius", 0, "R", "In voxels, less than which a voxel counts (default 3)"},
            {"threshold", 0, "SHARE", "Of the sphere that must lie in the mask (default 1)"},
            {"truncate", 0, NULL, "Ends spheres at the mask"},
            {"compare", 0, "HOW", "As the metric rsa has it (default spearman)"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {"method", 0, "HOW", "The dissimilarity, as in 'bramble rdm' (default correlation)",
             NULL, "Design"},
            {"conditions", 0, "FILE", "The condition of each volume", NULL, "Design"},
            {"folds", 0, "FILE", "The fold of each volume", NULL, "Design"},
            {"unbalanced", 0, NULL, "All pairs of volumes count, instead of means", NULL, "Design"},
            {"remove-mean", 0, NULL, "Takes each pattern's mean over voxels from it", NULL,
             "Design"},
            {"residuals", 0, "FILE.nii", "Residuals: the noise precision of each sphere", NULL,
             "Design"},
            {"noise", 0, "HOW", "Its covariance (default shrinkage_diag)",
             "full|diag|shrinkage_eye|shrinkage_diag", "Design"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble searchlight betas.nii.gz --mask mask.nii --model it.npy -o map.nii.gz",
             "volumes in the order of the model's conditions"},
            {"bramble searchlight r*.nii --mask m.nii -m a.csv -m b.csv --conditions c.csv",
             "several models, repeated volumes"},
            {NULL, NULL}},
    .least = 1,
    .most = SIZE_MAX,
    .computes = true,
    .run = run,
};
