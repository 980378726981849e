/*
 * regression.c - tables of inputs and responses, and how penalties were chosen; see regression.h.
 */
#include "regression.h"

#include "linalg.h"

#include <math.h>

/* Whether a row has any response. */
static bool responds(const bram_segment *g, size_t row)
{
    for (size_t k = 0; g->y_present && k < g->y.cols; k++)
        if (g->y_present[row * g->y.cols + k]) return true;
    return !g->y_present;
}

/* One table out of the target rows of all segments that have any response: of the inputs or of the
 * recording. */
static int gather(bram_ctx *cx, bram_mat *out, const bram_panel *panel, bool inputs)
{
    size_t rows = 0, cols = inputs ? panel->segment[0].x.cols : panel->segment[0].y.cols, at = 0;
    for (size_t s = 0; s < panel->segments; s++)
        for (size_t i = panel->segment[s].first; i < panel->segment[s].y.rows; i++)
            rows += responds(&panel->segment[s], i);
    BRAM_TRY(bram_mat_scratch(cx, out, rows, cols));
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        const bram_mat *from = inputs ? &g->x : &g->y;
        const uint8_t *present = inputs ? g->x_present : g->y_present;
        if (from->cols != cols || from->rows != g->y.rows)
            return bram_fail(cx, BRAM_ESHAPE, "segment %zu has %zu x %zu %s, expected %zu x %zu", s,
                             from->rows, from->cols, inputs ? "inputs" : "values", g->y.rows, cols);
        for (size_t i = g->first; i < from->rows; i++) {
            if (!responds(g, i)) continue;
            for (size_t k = 0; k < cols; k++) {
                double value = bram_row(from, i)[k];
                bool there = !present || present[i * cols + k];
                if (there && !isfinite(value))
                    return bram_fail(cx, BRAM_ENUMERIC, "%s %zu of row %zu is %g",
                                     inputs ? "input" : "unit", k, i, value);
                bram_row(out, at)[k] = there ? value : (double)NAN;
            }
            at++;
        }
    }
    return BRAM_OK;
}

/* Means over what is present, put in where something is missing. */
static void fill_missing(bram_mat *m, double *mean)
{
    for (size_t k = 0; k < m->cols; k++) {
        double sum = 0;
        size_t n = 0;
        for (size_t i = 0; i < m->rows; i++)
            if (!isnan(bram_row(m, i)[k])) sum += bram_row(m, i)[k], n++;
        mean[k] = n ? sum / (double)n : 0;
        for (size_t i = 0; i < m->rows; i++)
            if (isnan(bram_row(m, i)[k])) bram_row(m, i)[k] = mean[k];
    }
}

static void scale_inputs(bram_mat *x, double *mean, double *scale, bool zscore)
{
    fill_missing(x, mean);
    for (size_t k = 0; k < x->cols; k++) {
        double square = 0;
        for (size_t i = 0; i < x->rows; i++) {
            double *value = &bram_row(x, i)[k];
            *value -= mean[k];
            square += *value * *value;
        }
        scale[k] = zscore && square > 0 ? sqrt(square / (double)x->rows) : 1;
        for (size_t i = 0; i < x->rows; i++) bram_row(x, i)[k] /= scale[k];
    }
}

int bram_regression_rows(bram_ctx *cx, bram_regression *r, const bram_panel *train, bool zscore,
                         const char *who)
{
    if (!train->segments || !train->segment[0].x.cols)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no input to learn from", who);
    BRAM_TRY(gather(cx, &r->x, train, true));
    BRAM_TRY(gather(cx, &r->y, train, false));
    if (r->x.rows < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu rows to learn from, expected 2 or more",
                         r->x.rows);
    double *mean = bram_scratch(cx, r->y.cols, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_new(cx, &r->input, 2, r->x.cols));
    scale_inputs(&r->x, bram_row(&r->input, 0), bram_row(&r->input, 1), zscore);
    fill_missing(&r->y, mean);
    return BRAM_OK;
}

int bram_regression_folds(bram_ctx *cx, bram_fold **fold, size_t *folds, const bram_regression *r)
{
    if (*folds > r->x.rows) *folds = r->x.rows;
    return bram_kfold(cx, fold, r->x.rows, *folds);
}

int bram_regression_inputs(bram_ctx *cx, bram_mat *x, const bram_mat *input, const bram_segment *g)
{
    size_t rows = g->y.rows - g->first, inputs = input->cols;
    BRAM_TRY(bram_mat_scratch(cx, x, rows, inputs));
    const double *mean = bram_row(input, 0), *scale = bram_row(input, 1);
    for (size_t i = 0; i < rows; i++) {
        const double *from = bram_row(&g->x, g->first + i);
        const uint8_t *present = g->x_present ? g->x_present + (g->first + i) * inputs : NULL;
        for (size_t k = 0; k < inputs; k++) {
            bool there = !present || present[k];
            if (there && !isfinite(from[k]))
                return bram_fail(cx, BRAM_ENUMERIC, "input %zu of row %zu is %g", k, g->first + i,
                                 from[k]);
            bram_row(x, i)[k] = there ? (from[k] - mean[k]) / scale[k] : 0;
        }
    }
    return BRAM_OK;
}

int bram_regression_answer(bram_ctx *cx, bram_response **out, const bram_query *q, size_t inputs,
                           size_t units)
{
    const bram_segment *g = &q->panel->segment[q->segment];
    bram_axis *row = NULL;
    if (g->x.cols != inputs || bram_axis_length(q->panel->unit) != units)
        return bram_fail(cx, BRAM_ESHAPE, "%zu inputs and %zu units, fitted on %zu and %zu",
                         g->x.cols, bram_axis_length(q->panel->unit), inputs, units);
    BRAM_TRY(bram_axis_new(cx, &row, "row", g->y.rows - g->first));
    int status = bram_response_new(cx, out, "mean", BRAM_F64, 2,
                                   (const bram_axis *[]){row, q->panel->unit});
    bram_axis_free(row);
    return status;
}

/* ---- how penalties were chosen --------------------------------------------------------------- */

/* About the mean of the column, divided by the rows. */
static double variance_of(const bram_mat *y, size_t u)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < y->rows; i++) mean += bram_row(y, i)[u] / (double)y->rows;
    for (size_t i = 0; i < y->rows; i++)
        square += (bram_row(y, i)[u] - mean) * (bram_row(y, i)[u] - mean);
    return square / (double)y->rows;
}

int bram_regression_path(bram_ctx *cx, bram_mat *path, const double *grid, size_t penalties,
                         const double *score, size_t folds, const double *alpha, const bram_mat *y)
{
    size_t vary = 0;
    BRAM_TRY(bram_mat_new(cx, path, 3, penalties));
    for (size_t a = 0; a < penalties; a++) bram_row(path, 0)[a] = grid[a];
    for (size_t u = 0; u < y->cols; u++) {
        double variance = score ? variance_of(y, u) : 0;
        for (size_t a = 0; a < penalties; a++) {
            double error = 0;
            if (alpha[u] == grid[a]) bram_row(path, 2)[a] += 1 / (double)y->cols;
            for (size_t f = 0; variance > 0 && f < folds; f++)
                error -= score[(f * penalties + a) * y->cols + u] / (double)folds;
            if (variance > 0) bram_row(path, 1)[a] += 1 - error / variance;
        }
        vary += variance > 0;
    }
    for (size_t a = 0; a < penalties && vary; a++) bram_row(path, 1)[a] /= (double)vary;
    return BRAM_OK;
}

int bram_regression_put_path(bram_ctx *cx, bram_dataset *out, const bram_mat *path)
{
    static const char *const measures[] = {"r2", "chosen"};
    bram_axis *penalty = NULL, *measure = NULL;
    bram_response *r = NULL;
    if (path->cols < 2) return BRAM_OK;
    int status = bram_axis_new(cx, &penalty, "penalty", path->cols);
    if (status == BRAM_OK) status = bram_axis_set_values(cx, penalty, bram_row(path, 0), "");
    if (status == BRAM_OK) status = bram_axis_new(cx, &measure, "measure", 2);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, measure, measures);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "path", BRAM_F64, 2,
                                   (const bram_axis *[]){penalty, measure});
    bram_axis_free(penalty);
    bram_axis_free(measure);
    BRAM_TRY(status);
    for (size_t a = 0; a < path->cols; a++)
        for (size_t k = 0; k < 2; k++) bram_response_f64(r)[2 * a + k] = bram_row(path, k + 1)[a];
    return bram_dataset_add(cx, out, "", r);
}
