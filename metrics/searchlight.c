/*
 * searchlight.c - spheres of voxels, and the comparison within each; see searchlight.h.
 */
#include "searchlight.h"

#include "internal.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { CHUNK = 64 };

/* ---- spheres -------------------------------------------------------------------------------- */

/* The largest offset that is less than the radius. */
static size_t reach(const bram_searchlight *s)
{
    return s->radius > 1 ? (size_t)ceil(s->radius) - 1 : 0;
}

size_t bram_searchlight_largest(const bram_searchlight *s)
{
    size_t side = 2 * reach(s) + 1, cube = 1;
    for (size_t d = 0; d < 3; d++) cube *= side < s->dims[d] ? side : s->dims[d];
    return cube;
}

/* Voxels about a centre, cut at the border of the volume; *inside counts those in the mask. */
static size_t ball(size_t *out, size_t *inside, const bram_searchlight *s, size_t centre)
{
    size_t ny = s->dims[1], nz = s->dims[2], far = reach(s), count = 0;
    size_t at[3] = {centre / nz / ny, centre / nz % ny, centre % nz}, low[3], high[3];
    for (size_t d = 0; d < 3; d++) {
        low[d] = at[d] > far ? at[d] - far : 0;
        high[d] = at[d] + far < s->dims[d] ? at[d] + far : s->dims[d] - 1;
    }
    *inside = 0;
    for (size_t x = low[0]; x <= high[0]; x++)
        for (size_t y = low[1]; y <= high[1]; y++)
            for (size_t z = low[2]; z <= high[2]; z++) {
                double dx = (double)x - (double)at[0], dy = (double)y - (double)at[1];
                double dz = (double)z - (double)at[2];
                if (!(sqrt(dx * dx + dy * dy + dz * dz) < s->radius)) continue;
                size_t voxel = (x * ny + y) * nz + z;
                *inside += s->mask[voxel] != 0;
                if (!s->truncate || s->mask[voxel]) out[count++] = voxel;
            }
    return count;
}

size_t bram_searchlight_sphere(size_t *out, const bram_searchlight *s, size_t centre)
{
    size_t inside;
    return ball(out, &inside, s, centre);
}

int bram_searchlight_centres(bram_ctx *cx, size_t **out, size_t *count, const bram_searchlight *s)
{
    if (!(s->radius > 0) || !(s->threshold >= 0 && s->threshold <= 1))
        return bram_fail(cx, BRAM_EUSAGE,
                         "a radius of %g voxels and a threshold of %g, expected more than 0, and 0 "
                         "to 1",
                         s->radius, s->threshold);
    size_t voxels = s->dims[0] * s->dims[1] * s->dims[2], found = 0, mark = bram_scratch_mark(cx);
    size_t *sphere = bram_scratch(cx, bram_searchlight_largest(s), sizeof *sphere);
    size_t *centre = sphere ? bram_alloc(cx, voxels, sizeof *centre) : NULL;
    for (size_t v = 0; centre && v < voxels; v++) {
        size_t inside, size;
        if (!s->mask[v]) continue;
        size = ball(sphere, &inside, s, v);
        if ((double)inside / (double)size >= s->threshold) centre[found++] = v;
    }
    bram_scratch_release(cx, mark);
    if (!centre) return BRAM_ENOMEM;
    *out = centre, *count = found;
    return BRAM_OK;
}

/* ---- comparisons ---------------------------------------------------------------------------- */

struct run {
    const bram_searchlight_job *job;
    const size_t *centre;
    size_t count, conditions;
    double *out;
    const bram_metric *metric;
    bram_options *options;
    void **model; /* as the metric prepared them */
};

/* Rows x the voxels of a sphere; a mask only where something is missing. */
static int gather(bram_ctx *cx, bram_side *side, const bram_mat *data, const size_t *voxel,
                  size_t voxels)
{
    uint8_t *present = bram_scratch(cx, data->rows * voxels, 1);
    bool missing = false;
    BRAM_TRY(bram_mat_scratch(cx, &side->values, data->rows, voxels));
    if (!present) return BRAM_ENOMEM;
    for (size_t i = 0; i < data->rows; i++)
        for (size_t k = 0; k < voxels; k++) {
            double v = bram_row(data, i)[voxel[k]];
            present[i * voxels + k] = isfinite(v) != 0;
            missing |= !isfinite(v);
            bram_row(&side->values, i)[k] = isfinite(v) ? v : 0;
        }
    if (missing) side->present = present;
    return BRAM_OK;
}

static int sphere_precision(bram_ctx *cx, bram_mat *precision, const bram_searchlight_job *job,
                            const size_t *voxel, size_t voxels)
{
    bram_side e = {.present = NULL};
    BRAM_TRY(gather(cx, &e, job->residuals, voxel, voxels));
    if (e.present) return bram_fail(cx, BRAM_ENUMERIC, "residuals are missing or not finite");
    BRAM_TRY(bram_mat_scratch(cx, precision, voxels, voxels));
    BRAM_TRY(bram_noise_covariance(cx, precision, NULL, &e.values, job->noise, 0));
    return bram_noise_invert(cx, precision);
}

/* The RDM of a sphere as a square side of the metric. */
static int sphere_rdm(bram_ctx *cx, bram_side *out, const struct run *r, const size_t *voxel,
                      size_t voxels)
{
    const bram_searchlight_job *job = r->job;
    size_t n = r->conditions;
    bram_side side = {.present = NULL};
    bram_rdm_options o = *job->rdm;
    bram_mat precision;
    double *d = NULL;
    BRAM_TRY(gather(cx, &side, job->data, voxel, voxels));
    if (job->residuals) {
        BRAM_TRY(sphere_precision(cx, &precision, job, voxel, voxels));
        o.precision = &precision, o.precisions = 1;
    }
    *out = (bram_side){.is_rdm = true};
    BRAM_TRY(bram_mat_scratch(cx, &out->values, n, n));
    uint8_t *present = bram_scratch(cx, n * n, 1);
    if (!present) return BRAM_ENOMEM;
    memset(present, 1, n * n);
    BRAM_TRY(bram_rdm_estimate(cx, &d, &side, job->design, &o));
    for (size_t i = 0, at = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, at++) {
            bool defined = !isnan(d[at]);
            present[i * n + j] = present[j * n + i] = defined;
            bram_row(&out->values, i)[j] = bram_row(&out->values, j)[i] = defined ? d[at] : 0;
        }
    bram_free(d);
    out->present = present;
    return BRAM_OK;
}

static int compare_one(bram_ctx *cx, double *value, const struct run *r, const void *model,
                       const void *brain)
{
    void *pair = NULL;
    size_t values = 0;
    bram_comparison c = {.model = model, .brain = brain};
    BRAM_TRY(r->metric->pair(cx, &pair, &values, r->options, &c));
    int status = values == 1 ? r->metric->compare(cx, value, pair, NULL)
                             : bram_fail(cx, BRAM_ESHAPE, "%zu values, expected one", values);
    r->metric->release_pair(pair);
    return status;
}

static int one_centre(bram_ctx *cx, double *out, const struct run *r, size_t centre, size_t *sphere)
{
    bram_side rdm;
    void *brain = NULL;
    size_t voxels = bram_searchlight_sphere(sphere, r->job->where, centre);
    BRAM_TRY(sphere_rdm(cx, &rdm, r, sphere, voxels));
    BRAM_TRY(r->metric->prepare(cx, &brain, r->options, &rdm));
    int status = BRAM_OK;
    for (size_t m = 0; status == BRAM_OK && m < r->job->models; m++)
        status = compare_one(cx, out + m, r, r->model[m], brain);
    r->metric->release(brain);
    return status;
}

static int chunk_task(bram_ctx *cx, size_t task, void *user)
{
    const struct run *r = user;
    const size_t *dims = r->job->where->dims;
    size_t *sphere = bram_scratch(cx, bram_searchlight_largest(r->job->where), sizeof *sphere);
    if (!sphere) return BRAM_ENOMEM;
    for (size_t k = task * CHUNK; k < r->count && k < (task + 1) * CHUNK; k++) {
        size_t mark = bram_scratch_mark(cx), c = r->centre[k];
        BRAM_TRY(bram_ctx_check_cancel(cx));
        int status = one_centre(cx, r->out + k * r->job->models, r, c, sphere);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK)
            return bram_fail_prefix(cx, status, "voxel (%zu, %zu, %zu)", c / dims[2] / dims[1],
                                    c / dims[2] % dims[1], c % dims[2]);
    }
    return BRAM_OK;
}

static int prepare_models(bram_ctx *cx, struct run *r)
{
    r->model = bram_scratch(cx, r->job->models, sizeof *r->model);
    if (!r->model) return BRAM_ENOMEM;
    for (size_t m = 0; m < r->job->models; m++) {
        const bram_side *side = r->job->model + m;
        if (side->values.rows != r->conditions)
            return bram_fail(cx, BRAM_ESHAPE, "model %zu has %zu conditions, the data have %zu",
                             m + 1, side->values.rows, r->conditions);
        BRAM_TRY(r->metric->prepare(cx, r->model + m, r->options, side));
    }
    return BRAM_OK;
}

static int run_all(bram_ctx *cx, double *out, const size_t *centre, size_t count,
                   const bram_searchlight_job *job)
{
    const bram_searchlight *s = job->where;
    const bram_rdm_design *g = job->design;
    struct run r = {.job = job, .centre = centre, .count = count, .out = out};
    r.conditions = g && g->condition ? g->conditions : job->data->rows;
    r.metric = bram_metric_find("rsa");
    if (job->data->cols != s->dims[0] * s->dims[1] * s->dims[2] ||
        (job->residuals && job->residuals->cols != job->data->cols))
        return bram_fail(cx, BRAM_ESHAPE, "data of %zu voxels for a mask of %zu x %zu x %zu",
                         job->data->cols, s->dims[0], s->dims[1], s->dims[2]);
    size_t mark = bram_scratch_mark(cx);
    int status = bram_options_new(cx, &r.options, r.metric->params, job->compare);
    if (status == BRAM_OK) status = prepare_models(cx, &r);
    if (status == BRAM_OK)
        status = bram_parallel_for(cx, (count + CHUNK - 1) / CHUNK, chunk_task, &r);
    for (size_t m = 0; r.model && m < job->models; m++)
        if (r.model[m]) r.metric->release(r.model[m]);
    bram_options_free(r.options);
    bram_scratch_release(cx, mark);
    return status;
}

/* In a context without notes: what is undefined at a centre is NaN in the result, and enough said.
 */
int bram_searchlight_run(bram_ctx *cx, double *out, const size_t *centre, size_t count,
                         const bram_searchlight_job *job)
{
    bram_ctx *quiet = bram_ctx_fork(cx);
    if (!quiet) return bram_fail(cx, BRAM_ENOMEM, "no memory for a context");
    bram_ctx_set_note(quiet, NULL, NULL);
    int status = run_all(quiet, out, centre, count, job);
    if (status != BRAM_OK) (void)bram_fail(cx, status, "%s", bram_ctx_message(quiet));
    bram_ctx_free(quiet);
    return status;
}
