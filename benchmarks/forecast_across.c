/* forecast_across.c - one animal left out, the others to learn from; see forecast_split.h. */
#include "copies.h"
#include "forecast_split.h"
#include "splits.h"

#include <math.h>
#include <string.h>

/* The names that are exact in the left-out animal and in at least one other. */
static int common_units(bram_ctx *cx, bram_axis **out, const bram_forecast_split *s)
{
    const bram_axis *first = s->recording[0].unit;
    size_t n = bram_axis_length(first), used = 0;
    size_t *index = bram_alloc(cx, n, sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        bool elsewhere = false;
        for (size_t r = 1; r < s->recordings && !elsewhere; r++) {
            ptrdiff_t at = bram_axis_find(s->recording[r].unit, bram_axis_id(first, i));
            elsewhere = at >= 0 && bram_forecast_labelled(s->recording[r].unit, (size_t)at);
        }
        if (bram_forecast_labelled(first, i) && elsewhere) index[used++] = i;
    }
    int status = used >= 2 ? bram_axis_take(cx, out, first, index, used)
                           : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                       "%zu exactly labelled neurons of %s "
                                       "occur in another animal, at least 2 are needed",
                                       used, s->cell->part);
    bram_free(index);
    return status;
}

/* Mean 0 and deviation 1 of the first `rows` rows of each unit; a unit constant there is masked. */
static void calibrate(bram_recording *r, size_t rows)
{
    for (size_t u = 0; u < r->units; u++) {
        double n = 0, mean = 0, square = 0;
        for (size_t t = 0; t < rows; t++)
            if (r->present[t * r->units + u]) n++, mean += r->values[t * r->units + u];
        mean = n > 0 ? mean / n : 0;
        for (size_t t = 0; t < rows; t++)
            if (r->present[t * r->units + u]) {
                double d = r->values[t * r->units + u] - mean;
                square += d * d;
            }
        double deviation = n > 1 ? sqrt(square / n) : 0;
        for (size_t t = 0; t < r->rows; t++) {
            double *value = &r->values[t * r->units + u];
            if (deviation > 0) *value = (*value - mean) / deviation;
            else *value = 0, r->present[t * r->units + u] = 0;
        }
    }
}

size_t bram_forecast_calibration(const bram_forecast_split *s, const bram_recording *r)
{
    return (size_t)(bram_option_real(s->o, "calibration") * (double)r->rows) + 1;
}

/* Recordings of other folds than the part's, but for its copies. */
static int read_fold(bram_ctx *cx, bram_forecast_split *s, const bram_splits *file)
{
    const bram_dataset *ds = s->cell->dataset;
    if (strcmp(file->scheme, "time") == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the splits are by time, variant=across needs them by worm or source");
    BRAM_TRY(bram_splits_hold(cx, file, ds, s->cell->part));
    const bram_split_entry *own = bram_splits_find(file, s->cell->part);
    for (size_t i = 0; i < bram_dataset_groups(ds, "recordings"); i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        BRAM_TRY(bram_splits_hold(cx, file, ds, id));
        const bram_split_entry *e = bram_splits_find(file, id);
        if (e->fold != own->fold && e->group != own->group) BRAM_TRY(bram_forecast_read(cx, s, id));
    }
    return s->recordings > 1 ? BRAM_OK
                             : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                         "no recording is in another fold than %s", own->id);
}

static int read_others_by_splits(bram_ctx *cx, bram_forecast_split *s)
{
    bram_splits file = {.count = 0};
    BRAM_TRY(bram_splits_open(cx, &file, bram_option_text(s->o, "splits")));
    int status = read_fold(cx, s, &file);
    bram_splits_release(&file);
    return status;
}

static int read_all(bram_ctx *cx, bram_forecast_split *s)
{
    const bram_dataset *ds = s->cell->dataset;
    size_t n = bram_dataset_groups(ds, "recordings");
    if (n < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the dataset has %zu recording; leaving one out "
                         "needs 2",
                         n);
    s->recording = bram_alloc(cx, n, sizeof *s->recording);
    if (!s->recording) return BRAM_ENOMEM;
    BRAM_TRY(bram_forecast_read(cx, s, s->cell->part));
    if (bram_option_text(s->o, "splits")[0]) return read_others_by_splits(cx, s);
    for (size_t i = 0; i < n; i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        if (strcmp(id, s->cell->part) != 0) BRAM_TRY(bram_forecast_read(cx, s, id));
    }
    return BRAM_OK;
}

static int align_all(bram_ctx *cx, bram_forecast_split *s, const bram_axis *unit)
{
    for (size_t i = 0; i < s->recordings; i++) {
        bram_recording aligned;
        BRAM_TRY(bram_recording_align(cx, &aligned, &s->recording[i], unit));
        bram_recording_release(&s->recording[i]);
        s->recording[i] = aligned;
        calibrate(&s->recording[i], bram_forecast_calibration(s, &aligned));
    }
    return BRAM_OK;
}

int bram_forecast_split_across(bram_ctx *cx, bram_forecast_split *s)
{
    BRAM_TRY(read_all(cx, s));
    if (bram_option_is(s->o, "copies", "refuse"))
        BRAM_TRY(bram_copies_refuse(cx, &s->recording[0], &s->recording[1], s->recordings - 1));
    bram_axis *unit = NULL;
    BRAM_TRY(common_units(cx, &unit, s));
    int status = align_all(cx, s, unit);
    bram_axis_free(unit);
    BRAM_TRY(status);
    size_t others = s->recordings - 1, gap = (size_t)bram_option_integer(s->o, "gap");
    bram_cut *train = bram_scratch(cx, 2 * others, sizeof *train);
    if (!train) return BRAM_ENOMEM;
    bram_cut *validation = train + others;
    double share = bram_option_real(s->o, "train") + bram_option_real(s->o, "validation");
    share = bram_option_real(s->o, "train") / share;
    for (size_t i = 0; i < others; i++) {
        const bram_recording *r = &s->recording[i + 1];
        size_t cut = (size_t)(share * (double)r->rows);
        train[i] = (bram_cut){r, 0, 0, cut};
        validation[i] = (bram_cut){r, 0, cut + gap, r->rows};
    }
    BRAM_TRY(bram_slice_make(cx, &s->train, train, others));
    BRAM_TRY(bram_slice_make(cx, &s->validation, validation, others));
    const bram_recording *out = &s->recording[0];
    return bram_slice_make(cx, &s->test,
                           &(bram_cut){out, 0, bram_forecast_calibration(s, out), out->rows}, 1);
}
