/*
 * encoding_keep.c - arrays that encoding cells keep; see encoding_keep.h.
 */
#include "encoding_keep.h"

#include "linalg.h"

#include <string.h>

enum { MEASURES = 2 };

void bram_encoding_kept_release(bram_encoding_kept *k)
{
    for (size_t s = 0; s < k->spaces; s++) bram_free(k->space[s]);
    bram_free(k->space);
    bram_free(k->part);
    bram_free(k->path);
    bram_axis_free(k->penalty);
}

/* ---- feature spaces ------------------------------------------------------------------------- */

/* "layer2/17" for each column, and its space. */
static int name_columns(bram_ctx *cx, bram_axis **out, const bram_side *set,
                        const char *const *name, size_t sets, size_t cols)
{
    bram_axis *axis = NULL;
    const char **space = bram_scratch(cx, cols, sizeof *space);
    char **id = bram_scratch(cx, cols, sizeof *id);
    int status = space && id ? bram_axis_new(cx, &axis, "input", cols) : BRAM_ENOMEM;
    size_t at = 0;
    for (size_t s = 0; s < sets && status == BRAM_OK; s++)
        for (size_t c = 0; c < set[s].values.cols && status == BRAM_OK; c++, at++) {
            space[at] = name[s];
            if (!(id[at] = bram_strf(cx, "%s/%zu", name[s], c))) status = BRAM_ENOMEM;
        }
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, (const char *const *)id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "space", space);
    for (size_t c = 0; id && c < cols; c++) bram_free(id[c]);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

int bram_encoding_join(bram_ctx *cx, bram_side *out, bram_axis **input, const bram_side *set,
                       const char *const *name, size_t sets)
{
    size_t rows = set[0].values.rows, cols = 0, at = 0;
    bool masked = false;
    for (size_t s = 0; s < sets; s++) cols += set[s].values.cols, masked = masked || set[s].present;
    *out = (bram_side){.row = set[0].row};
    BRAM_TRY(bram_mat_scratch(cx, &out->values, rows, cols));
    uint8_t *present = masked ? bram_scratch(cx, rows * cols, 1) : NULL;
    if (masked && !present) return BRAM_ENOMEM;
    for (size_t s = 0; s < sets; at += set[s].values.cols, s++)
        for (size_t i = 0; i < rows; i++) {
            size_t n = set[s].values.cols;
            memcpy(bram_row(&out->values, i) + at, bram_row(&set[s].values, i), n * sizeof(double));
            if (masked && set[s].present)
                memcpy(present + i * cols + at, set[s].present + i * n, n);
            else if (masked) memset(present + i * cols + at, 1, n);
        }
    out->present = present;
    BRAM_TRY(name_columns(cx, input, set, name, sets, cols));
    out->column = *input;
    return BRAM_OK;
}

int bram_encoding_expect_spaces(bram_ctx *cx, bram_encoding_kept *k, const char *const *name,
                                size_t spaces)
{
    if (!(k->space = bram_alloc(cx, spaces, sizeof *k->space))) return BRAM_ENOMEM;
    for (; k->spaces < spaces; k->spaces++)
        if (!(k->space[k->spaces] = bram_strdup(cx, name[k->spaces]))) return BRAM_ENOMEM;
    return BRAM_OK;
}

/* ---- from answers --------------------------------------------------------------------------- */

static int keep_spaces(bram_ctx *cx, bram_encoding_kept *k, const bram_dataset *answer,
                       const bram_fold *fold, const size_t *at)
{
    const bram_response *r = bram_dataset_response(answer, "space");
    size_t size;
    if (!r || bram_response_dims(r) != 3 || bram_response_length(r, 0) != k->spaces ||
        bram_response_length(r, 1) != fold->tests || bram_response_length(r, 2) != k->units)
        return bram_fail(cx, BRAM_ESHAPE, "the map does not say what each of %zu spaces adds",
                         k->spaces);
    if (__builtin_mul_overflow(k->spaces * k->rows, k->units, &size))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for predictions of %zu spaces", k->spaces);
    if (!k->part && !(k->part = bram_alloc(cx, size, sizeof *k->part))) return BRAM_ENOMEM;
    for (size_t s = 0; s < k->spaces; s++)
        for (size_t i = 0; i < fold->tests; i++)
            BRAM_TRY(bram_response_read(cx, r, (size_t[]){s, i, 0}, (size_t[]){1, 1, k->units},
                                        k->part + (s * k->rows + at[i]) * k->units, NULL));
    return BRAM_OK;
}

static int keep_path(bram_ctx *cx, bram_encoding_kept *k, const bram_response *r, size_t at)
{
    const bram_axis *penalty = bram_response_axis(r, 0);
    size_t n = bram_axis_length(penalty);
    if (bram_response_dims(r) != 2 || bram_response_length(r, 1) != MEASURES ||
        !bram_axis_values(penalty) || (k->penalty && bram_axis_length(k->penalty) != n))
        return bram_fail(cx, BRAM_ESHAPE, "the map's path is not of penalties and %d measures",
                         MEASURES);
    if (!k->penalty) k->penalty = bram_axis_ref(penalty);
    if (!k->path && !(k->path = bram_alloc(cx, k->folds, n * MEASURES * sizeof *k->path)))
        return BRAM_ENOMEM;
    return bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){n, MEASURES},
                              k->path + at * n * MEASURES, NULL);
}

int bram_encoding_keep(bram_ctx *cx, bram_encoding_kept *k, const bram_dataset *answer,
                       const bram_fold *fold, const size_t *at, size_t number)
{
    const bram_response *path = bram_dataset_response(answer, "path");
    if (path) BRAM_TRY(keep_path(cx, k, path, number));
    return k->spaces ? keep_spaces(cx, k, answer, fold, at) : BRAM_OK;
}

/* ---- into the result ------------------------------------------------------------------------ */

static int put_path(bram_ctx *cx, bram_dataset *result, const bram_encoding_kept *k)
{
    static const char *const names[MEASURES] = {"r2", "chosen"};
    size_t n = bram_axis_length(k->penalty);
    bram_axis *fold = NULL;
    BRAM_TRY(bram_axis_new(cx, &fold, "fold", k->folds));
    int status = BRAM_OK;
    for (size_t m = 0; m < MEASURES && status == BRAM_OK; m++) {
        bram_response *r = NULL;
        status = bram_response_new(cx, &r, names[m], BRAM_F64, 2,
                                   (const bram_axis *[]){fold, k->penalty});
        for (size_t i = 0; status == BRAM_OK && i < k->folds * n; i++)
            bram_response_f64(r)[i] = k->path[i * MEASURES + m];
        if (status == BRAM_OK) status = bram_dataset_add(cx, result, "penalties", r);
    }
    bram_axis_free(fold);
    return status;
}

/* What a row says of a unit: y and its error; false where it was not recorded. */
static bool look(const bram_encoding_outcome *o, size_t row, size_t unit, double *y, double *error)
{
    size_t units = o->target->values.cols, at = row * units + unit;
    if (o->target->present && !o->target->present[o->of[row] * units + unit]) return false;
    double value = bram_row(&o->target->values, o->of[row])[unit];
    *y = value - o->blind[at], *error = value - o->prediction[at];
    return true;
}

/* Mean of y^2 of each unit over the rows it was recorded in; 0 for none. */
static void mean_squares(double *out, const bram_encoding_outcome *o)
{
    for (size_t u = 0; u < o->target->values.cols; u++) {
        double y, error;
        size_t n = 0;
        out[u] = 0;
        for (size_t i = 0; i < o->rows; i++)
            if (look(o, i, u, &y, &error)) out[u] += y * y, n++;
        if (n) out[u] /= (double)n;
    }
}

/* The stimuli that are tested, in the order of the rows. */
static int tested_axis(bram_ctx *cx, bram_axis **out, const bram_encoding_outcome *o)
{
    size_t *index = bram_scratch(cx, o->tested, sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < o->rows; i++) index[o->draw_of[i]] = o->of[i];
    return bram_axis_take(cx, out, o->stimulus, index, o->tested);
}

/* Sums of the terms of each stimulus and how many there are. */
static void add_gains(double *sum, double *count, const bram_encoding_outcome *o,
                      const double *square)
{
    for (size_t i = 0; i < o->rows; i++)
        for (size_t u = 0; u < o->target->values.cols; u++) {
            double y, error;
            if (!(square[u] > 0) || !look(o, i, u, &y, &error)) continue;
            sum[o->draw_of[i]] += (y * y - error * error) / square[u];
            count[o->draw_of[i]]++;
        }
}

static int put_gain(bram_ctx *cx, bram_dataset *result, const bram_encoding_outcome *o)
{
    double *square = bram_scratch(cx, o->target->values.cols, sizeof *square);
    double *sum = bram_scratch(cx, o->tested, 2 * sizeof *sum);
    bram_axis *tested = NULL;
    bram_response *r = NULL;
    if (!square || !sum) return BRAM_ENOMEM;
    double *count = sum + o->tested;
    mean_squares(square, o);
    add_gains(sum, count, o, square);
    BRAM_TRY(tested_axis(cx, &tested, o));
    int status = bram_response_new(cx, &r, "gain", BRAM_F64, 1, (const bram_axis *[]){tested});
    bram_axis_free(tested);
    BRAM_TRY(status);
    uint8_t *present = bram_response_mask(cx, r);
    for (size_t i = 0; present && i < o->tested; i++) {
        present[i] = count[i] > 0;
        bram_response_f64(r)[i] = present[i] ? sum[i] / count[i] : 0;
    }
    if (present) return bram_dataset_add(cx, result, "stimuli", r);
    bram_response_free(r);
    return BRAM_ENOMEM;
}

int bram_encoding_put(bram_ctx *cx, bram_dataset *result, const bram_encoding_kept *k,
                      const bram_encoding_outcome *o)
{
    if (k->path) BRAM_TRY(put_path(cx, result, k));
    return put_gain(cx, result, o);
}
