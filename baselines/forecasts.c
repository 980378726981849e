/*
 * forecasts.c - the model `forecasts`: one-step forecasts that the user has computed, from files.
 *
 * FOLDER/RECORDING.npz holds for each recording
 *   time   n seconds, ascending: the time of the row that is forecast
 *   unit   names of the units (text)
 *   mean   n x unit: the forecast of each row from the rows before it
 * Rows are matched by time, units by name; a unit without a forecast is masked. Where the future
 * was in sight nothing can be checked: the model is marked self-reported.
 */
#include "folder.h"
#include "forecast.h"
#include "hash.h"
#include "npy.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a folder with RECORDING.npz files"},
    {.name = NULL},
};

/* The state is the folder: what is asked about is read when it is asked. */
static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    const char *path = bram_option_text(o, "path");
    if (!*path) return bram_fail(cx, BRAM_EUSAGE, "forecasts needs a path");
    char *copy = bram_strdup(cx, path);
    if (!copy) return BRAM_ENOMEM;
    *fitted = copy;
    return BRAM_OK;
}

/* ---- one recording -------------------------------------------------------------------------- */

struct reported {
    size_t rows, units;
    double *time, *mean;
    char **unit;
};

static void release_reported(struct reported *r)
{
    bram_free(r->time);
    bram_free(r->mean);
    bram_free(r->unit);
}

/* One numeric array of `dims` axes. */
static int read_array(bram_ctx *cx, double **values, size_t shape[2], const bram_npz *z,
                      const char *name, size_t dims)
{
    bram_npy *a = NULL;
    BRAM_TRY(bram_npz_array(cx, z, name, &a));
    const bram_npy_info *info = bram_npy_describe(a);
    int status = BRAM_OK;
    if (info->dims != dims || !bram_npy_is_numeric(a))
        status = bram_fail(cx, BRAM_EFORMAT, "%s is %s, expected numbers along %zu axes", name,
                           bram_npy_summary(a), dims);
    double *read = status == BRAM_OK ? bram_alloc(cx, info->count, sizeof *read) : NULL;
    if (status == BRAM_OK) status = read ? bram_npy_read(cx, a, read) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        for (size_t d = 0; d < dims; d++) shape[d] = info->shape[d];
        *values = read;
    } else bram_free(read);
    bram_npy_close(a);
    return status;
}

static int read_units(bram_ctx *cx, struct reported *r, const bram_npz *z)
{
    bram_npy *a = NULL;
    BRAM_TRY(bram_npz_array(cx, z, "unit", &a));
    const bram_npy_info *info = bram_npy_describe(a);
    int status = BRAM_OK;
    if (info->dims != 1 || bram_npy_is_numeric(a) || info->count != r->units)
        status = bram_fail(cx, BRAM_EFORMAT, "unit is %s, expected %zu texts", bram_npy_summary(a),
                           r->units);
    if (status == BRAM_OK) status = bram_npy_read_texts(cx, a, &r->unit);
    bram_npy_close(a);
    return status;
}

static int check_times(bram_ctx *cx, const struct reported *r, size_t times)
{
    if (times != r->rows)
        return bram_fail(cx, BRAM_EFORMAT, "time has %zu values and mean %zu rows", times, r->rows);
    for (size_t i = 0; i < r->rows; i++)
        if (!isfinite(r->time[i]) || (i && !(r->time[i] > r->time[i - 1])))
            return bram_fail(cx, BRAM_EFORMAT, "time %zu is %g, expected ascending numbers", i,
                             r->time[i]);
    return BRAM_OK;
}

static int read_reported(bram_ctx *cx, struct reported *out, const char *path)
{
    struct reported r = {0};
    size_t shape[2] = {0}, times[2] = {0};
    bram_npz *z = NULL;
    BRAM_TRY(bram_npz_open(cx, &z, path));
    int status = read_array(cx, &r.mean, shape, z, "mean", 2);
    r.rows = shape[0], r.units = shape[1];
    if (status == BRAM_OK) status = read_array(cx, &r.time, times, z, "time", 1);
    if (status == BRAM_OK) status = check_times(cx, &r, times[0]);
    if (status == BRAM_OK) status = read_units(cx, &r, z);
    bram_npz_close(z);
    if (status == BRAM_OK) *out = r;
    else release_reported(&r);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

/* The row of this time, within a hundredth of a step, or -1. */
static ptrdiff_t row_at(const struct reported *r, double time, double step)
{
    size_t low = 0, high = r->rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->time[middle] < time - step / 100) low = middle + 1;
        else high = middle;
    }
    return low < r->rows && fabs(r->time[low] - time) <= step / 100 ? (ptrdiff_t)low : -1;
}

/* The column of the file for each unit that is asked about, or -1. */
static int match_units(bram_ctx *cx, ptrdiff_t *column, const struct reported *r,
                       const bram_axis *unit)
{
    bram_axis *names = NULL;
    BRAM_TRY(bram_axis_new(cx, &names, "unit", r->units));
    int status = bram_axis_set_ids(cx, names, (const char *const *)r->unit);
    for (size_t u = 0; u < bram_axis_length(unit) && status == BRAM_OK; u++)
        column[u] = bram_axis_find(names, bram_axis_id(unit, u));
    bram_axis_free(names);
    return status;
}

static int fill(bram_ctx *cx, double *value, uint8_t *mask, const struct reported *r,
                const bram_segment *s, const bram_axis *unit)
{
    size_t units = bram_axis_length(unit);
    const double *time = s->row ? bram_axis_values(s->row) : NULL;
    if (!time) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "rows without a time cannot be matched");
    ptrdiff_t *column = bram_scratch(cx, units, sizeof *column);
    if (!column) return BRAM_ENOMEM;
    BRAM_TRY(match_units(cx, column, r, unit));
    for (size_t i = 0; s->first + i < s->y.rows; i++) {
        ptrdiff_t row = row_at(r, time[s->first + i], s->dt);
        if (row < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no forecast for %g s", s->id,
                             time[s->first + i]);
        for (size_t u = 0; u < units; u++) {
            mask[i * units + u] = column[u] >= 0;
            if (column[u] < 0) continue;
            double forecast = r->mean[(size_t)row * r->units + (size_t)column[u]];
            if (!isfinite(forecast))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: the forecast of %s for %g s is %g", s->id,
                                 bram_axis_id(unit, u), time[s->first + i], forecast);
            value[i * units + u] = forecast;
        }
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    char *path = bram_strf(cx, "%s/%s.npz", (const char *)fitted, s->id ? s->id : "");
    if (!path) return BRAM_ENOMEM;
    struct reported r = {0};
    bram_response *mean = NULL;
    int status = read_reported(cx, &r, path);
    bram_free(path);
    if (status == BRAM_OK) status = bram_forecast_rows(cx, &mean, "mean", s, q->panel->unit);
    uint8_t *mask = status == BRAM_OK ? bram_response_mask(cx, mean) : NULL;
    if (status == BRAM_OK && !mask) status = BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    if (status == BRAM_OK) status = fill(cx, bram_response_f64(mean), mask, &r, s, q->panel->unit);
    bram_scratch_release(cx, mark);
    release_reported(&r);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", mean);
    bram_response_free(mean);
    return status;
}

/* ---- content -------------------------------------------------------------------------------- */

static bool is_npz(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".npz") == 0;
}

static int hash_each(bram_ctx *cx, void *user, const char *path)
{
    char hex[65];
    const char *slash = strrchr(path, '/');
    BRAM_TRY(bram_sha256_file(cx, hex, path));
    BRAM_TRY(bram_hash_add_text(cx, user, slash ? slash + 1 : path));
    return bram_hash_add_text(cx, user, hex);
}

static int content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_folder_each(cx, bram_option_text(o, "path"), is_npz, hash_each, h);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

const bram_model bram_model_forecasts = {
    .name = "forecasts",
    .summary = "one-step forecasts from files of your own, marked self-reported",
    .source = "docs/outside-models.md",
    .missing = "a unit without a forecast is left out; a row without one is not applicable",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_SELF_REPORTED,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = bram_free,
    .content = content,
};
