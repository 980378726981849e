/*
 * encoding_checks.c - what the metric encoding refuses; see encoding_checks.h.
 */
#include "encoding_checks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int bram_encoding_check_sides(bram_ctx *cx, const bram_side *model, const bram_side *brain)
{
    const bram_mat *x = &model->values, *y = &brain->values;
    if (x->rows != y->rows || x->rows < 1 || x->cols == 0 || y->cols == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the features are %zu x %zu, the responses %zu x %zu; "
                         "expected equal rows, a feature and a unit or more",
                         x->rows, x->cols, y->rows, y->cols);
    for (size_t i = 0; i < x->rows; i++) {
        for (size_t k = 0; k < x->cols; k++) {
            if (model->present && !model->present[i * x->cols + k])
                return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                 "feature %zu of row %zu is missing, "
                                 "expected complete features",
                                 k, i);
            if (!isfinite(bram_row(x, i)[k]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "feature %zu of row %zu is %g, expected a number", k, i,
                                 bram_row(x, i)[k]);
        }
        for (size_t u = 0; u < y->cols; u++)
            if ((!brain->present || brain->present[i * y->cols + u]) &&
                !isfinite(bram_row(y, i)[u]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the response in row %zu of unit %zu is %g, "
                                 "expected a number (what is missing is masked)",
                                 i, u, bram_row(y, i)[u]);
    }
    return BRAM_OK;
}

/* Rows of one part of a fold: within range; mark holds where they were seen. */
static int check_rows(bram_ctx *cx, const bram_fold *fold, const size_t *row, size_t count,
                      uint8_t *seen, size_t rows, uint8_t as)
{
    for (size_t i = 0; i < count; i++) {
        if (row[i] >= rows)
            return bram_fail(cx, BRAM_ESHAPE, "fold %s names row %zu of %zu",
                             fold->id ? fold->id : "", row[i], rows);
        if (seen[row[i]] && seen[row[i]] != as)
            return bram_fail(cx, BRAM_EUSAGE,
                             "fold %s has row %zu among its training and its test "
                             "rows",
                             fold->id ? fold->id : "", row[i]);
        seen[row[i]] = as;
    }
    return BRAM_OK;
}

/* No row is for fitting and for scoring; inner folds stay within the training rows. */
int bram_encoding_check_fold(bram_ctx *cx, const bram_fold *fold, size_t rows)
{
    if (!fold->trains || !fold->tests)
        return bram_fail(cx, BRAM_ESHAPE,
                         "fold %s has %zu training and %zu test rows, expected one or "
                         "more",
                         fold->id ? fold->id : "", fold->trains, fold->tests);
    size_t mark = bram_scratch_mark(cx);
    uint8_t *seen = bram_scratch(cx, rows, 1);
    int status = seen ? check_rows(cx, fold, fold->test, fold->tests, seen, rows, 1) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = check_rows(cx, fold, fold->train, fold->trains, seen, rows, 2);
    for (size_t k = 0; status == BRAM_OK && k < fold->inners; k++) {
        const bram_fold *inner = &fold->inner[k];
        status = check_rows(cx, fold, inner->train, inner->trains, seen, rows, 2);
        if (status == BRAM_OK)
            status = check_rows(cx, fold, inner->test, inner->tests, seen, rows, 2);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- leaks ---------------------------------------------------------------------------------- */

static const char *image_of(const bram_side *side, size_t row)
{
    const bram_column *c = side->row ? bram_axis_column(side->row, "image") : NULL;
    return c && c->type == BRAM_TEXT && c->text[row][0] ? c->text[row] : NULL;
}

struct seen {
    const char *image;
    size_t row;
};

static int by_image(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int order = strcmp(x->image, y->image);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

int bram_encoding_check_leaks(bram_ctx *cx, const bram_side *side, const bram_fold *fold)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    struct seen *train = bram_scratch(cx, fold->trains, sizeof *train);
    if (!train) return BRAM_ENOMEM;
    for (size_t i = 0; i < fold->trains; i++) {
        train[n] = (struct seen){image_of(side, fold->train[i]), fold->train[i]};
        n += train[n].image != NULL;
    }
    qsort(train, n, sizeof *train, by_image);
    int status = BRAM_OK;
    for (size_t i = 0; i < fold->tests && n && status == BRAM_OK; i++) {
        const char *image = image_of(side, fold->test[i]);
        for (size_t low = 0, high = n; image && low < high && status == BRAM_OK;) {
            size_t middle = low + (high - low) / 2;
            int order = strcmp(image, train[middle].image);
            if (order < 0) high = middle;
            else if (order > 0) low = middle + 1;
            else
                status = bram_fail(cx, BRAM_EUSAGE,
                                   "image %s is in test row %zu and in training row %zu of fold "
                                   "%s: what is predicted has been seen. Split by what shares "
                                   "images (movies), or say leaks=allow",
                                   image, fold->test[i], train[middle].row,
                                   fold->id ? fold->id : "");
        }
    }
    bram_scratch_release(cx, mark);
    return status;
}
