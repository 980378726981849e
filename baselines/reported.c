/*
 * reported.c - predictions from files, matched by row and unit; see reported.h.
 */
#include "reported.h"

#include "array_store.h"
#include "folder.h"
#include "forecast.h"
#include "hash.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *const endings[] = {".npz", ".h5", ".nc", ".mat", ".safetensors"};

enum { ENDINGS = sizeof endings / sizeof *endings };

void bram_reported_release(bram_reported *r)
{
    bram_free(r->mean);
    bram_free(r->unit);
    bram_free(r->time);
    bram_free(r->stimulus);
    *r = (bram_reported){0};
}

/* ---- reading -------------------------------------------------------------------------------- */

/* The first file FOLDER/PART.ENDING that is there. */
static int find_file(bram_ctx *cx, char **out, const char *folder, const char *part)
{
    for (size_t i = 0; i < ENDINGS; i++) {
        char *path = bram_strf(cx, "%s/%s%s", folder, part, endings[i]);
        if (!path) return BRAM_ENOMEM;
        if (access(path, F_OK) == 0) {
            *out = path;
            return BRAM_OK;
        }
        bram_free(path);
    }
    return bram_fail(cx, BRAM_EREAD,
                     "%s/%s.npz: no such file (nor with .h5, .nc, .mat or .safetensors)", folder,
                     part);
}

static int check_times(bram_ctx *cx, const bram_reported *r)
{
    for (size_t i = 0; i < r->rows; i++)
        if (!isfinite(r->time[i]) || (i && !(r->time[i] > r->time[i - 1])))
            return bram_fail(cx, BRAM_EFORMAT, "time %zu is %g, expected ascending numbers", i,
                             r->time[i]);
    return BRAM_OK;
}

/* Numbers along one axis, in MATLAB files a row or a column of a matrix. */
static int read_times(bram_ctx *cx, bram_reported *r, bram_store *s)
{
    bram_store_array time;
    BRAM_TRY(bram_store_numbers(cx, &time, s, "time"));
    r->time = time.values;
    if ((time.rows != 1 && time.cols != 1) || time.rows * time.cols != r->rows)
        return bram_fail(cx, BRAM_EFORMAT, "time has %zu values and mean %zu rows",
                         time.rows * time.cols, r->rows);
    return check_times(cx, r);
}

static int read_rows(bram_ctx *cx, bram_reported *r, bram_store *s)
{
    size_t count = 0;
    if (bram_store_texts(cx, &r->stimulus, &count, s, "stimulus") != BRAM_OK) {
        r->stimulus = NULL;
        return read_times(cx, r, s);
    }
    return count == r->rows ? BRAM_OK
                            : bram_fail(cx, BRAM_EFORMAT, "found %zu stimuli and mean has %zu rows",
                                        count, r->rows);
}

static int read_arrays(bram_ctx *cx, bram_reported *r, bram_store *s)
{
    bram_store_array mean;
    size_t units = 0;
    BRAM_TRY(bram_store_numbers(cx, &mean, s, "mean"));
    r->mean = mean.values;
    r->rows = mean.rows, r->units = mean.cols;
    BRAM_TRY(bram_store_texts(cx, &r->unit, &units, s, "unit"));
    if (units != r->units)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu units and mean has %zu columns", units,
                         r->units);
    return read_rows(cx, r, s);
}

int bram_reported_read(bram_ctx *cx, bram_reported *out, const char *folder, const char *part)
{
    char *path = NULL;
    bram_store *store = NULL;
    bram_reported r = {0};
    BRAM_TRY(find_file(cx, &path, folder, part));
    int status = bram_store_open(cx, &store, path);
    if (status == BRAM_OK) status = read_arrays(cx, &r, store);
    bram_store_close(store);
    if (status == BRAM_OK) *out = r;
    else bram_reported_release(&r);
    if (status != BRAM_OK) status = bram_fail_prefix(cx, status, "%s", path);
    bram_free(path);
    return status;
}

/* ---- matching ------------------------------------------------------------------------------- */

/* The row of this time, within a hundredth of a step, or -1. */
static ptrdiff_t row_at(const bram_reported *r, double time, double step)
{
    size_t low = 0, high = r->rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->time[middle] < time - step / 100) low = middle + 1;
        else high = middle;
    }
    return low < r->rows && fabs(r->time[low] - time) <= step / 100 ? (ptrdiff_t)low : -1;
}

/* The place of each wanted name among others, or -1. */
static int match_names(bram_ctx *cx, ptrdiff_t *place, char *const *name, size_t names,
                       const bram_axis *wanted, size_t first)
{
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "name", names));
    int status = bram_axis_set_ids(cx, axis, (const char *const *)name);
    for (size_t i = 0; i < names && status == BRAM_OK; i++)
        if (*name[i] && bram_axis_find(axis, name[i]) != (ptrdiff_t)i)
            status = bram_fail(cx, BRAM_EFORMAT, "\"%s\" stands there twice", name[i]);
    for (size_t u = first; u < bram_axis_length(wanted) && status == BRAM_OK; u++)
        place[u - first] = bram_axis_find(axis, bram_axis_id(wanted, u));
    bram_axis_free(axis);
    return status;
}

/* The row of the file for each target row. */
static int match_rows(bram_ctx *cx, ptrdiff_t *row, const bram_reported *r, const bram_segment *s)
{
    const double *time = s->row ? bram_axis_values(s->row) : NULL;
    if (r->stimulus) {
        if (!s->row || !bram_axis_has_ids(s->row))
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the rows of %s are no stimuli", s->id);
        BRAM_TRY(match_names(cx, row, r->stimulus, r->rows, s->row, s->first));
        for (size_t i = s->first; i < s->y.rows; i++)
            if (row[i - s->first] < 0)
                return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no prediction for \"%s\"", s->id,
                                 bram_axis_id(s->row, i));
        return BRAM_OK;
    }
    if (!time) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "rows without a time cannot be matched");
    for (size_t i = s->first; i < s->y.rows; i++) {
        row[i - s->first] = row_at(r, time[i], s->dt);
        if (row[i - s->first] < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no forecast for %g s", s->id,
                             time[i]);
    }
    return BRAM_OK;
}

static int fill(bram_ctx *cx, double *value, uint8_t *mask, const bram_reported *r,
                const bram_segment *s, const bram_axis *unit)
{
    size_t units = bram_axis_length(unit), rows = s->y.rows - s->first;
    ptrdiff_t *column = bram_scratch(cx, units, sizeof *column);
    ptrdiff_t *row = bram_scratch(cx, rows, sizeof *row);
    if (!column || !row) return BRAM_ENOMEM;
    BRAM_TRY(match_names(cx, column, r->unit, r->units, unit, 0));
    BRAM_TRY(match_rows(cx, row, r, s));
    for (size_t i = 0; i < rows; i++)
        for (size_t u = 0; u < units; u++) {
            mask[i * units + u] = column[u] >= 0;
            if (column[u] < 0) continue;
            double v = r->mean[(size_t)row[i] * r->units + (size_t)column[u]];
            if (!isfinite(v))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu of unit %s is %g", s->id,
                                 (size_t)row[i] + 1, bram_axis_id(unit, u), v);
            value[i * units + u] = v;
        }
    return BRAM_OK;
}

int bram_reported_answer(bram_ctx *cx, bram_dataset *out, const bram_reported *r,
                         const bram_segment *s, const bram_axis *unit)
{
    bram_response *mean = NULL;
    BRAM_TRY(bram_forecast_rows(cx, &mean, "mean", s, unit));
    uint8_t *mask = bram_response_mask(cx, mean);
    size_t mark = bram_scratch_mark(cx);
    int status = mask ? fill(cx, bram_response_f64(mean), mask, r, s, unit) : BRAM_ENOMEM;
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", mean);
    bram_response_free(mean);
    return status;
}

/* ---- content -------------------------------------------------------------------------------- */

static bool is_file(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < ENDINGS; i++) {
        size_t k = strlen(endings[i]);
        if (n > k && strcmp(name + n - k, endings[i]) == 0) return true;
    }
    return false;
}

static int hash_each(bram_ctx *cx, void *user, const char *path)
{
    char hex[65];
    const char *slash = strrchr(path, '/');
    BRAM_TRY(bram_sha256_file(cx, hex, path));
    BRAM_TRY(bram_hash_add_text(cx, user, slash ? slash + 1 : path));
    return bram_hash_add_text(cx, user, hex);
}

int bram_reported_content(bram_ctx *cx, char hex[65], const char *folder)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_folder_each(cx, folder, is_file, hash_each, h);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}
