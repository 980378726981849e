/*
 * ridge_model.c - responses from inputs by ridge regression: each unit a weighted sum of the
 * features of the same row, with a penalty chosen by cross-validation within the training rows.
 *
 * Inputs are centred and (scale=zscore) divided by their deviation over the training rows; an input
 * that is constant there is left out by its weight of zero. What is missing stands at the mean of
 * its column over the training rows; a row without any response is left out. The problem and its
 * solution: core/ridge.h. Source: Hoerl & Kennard 1970; the choice of the penalty as in himalaya
 * (Dupre la Tour et al. 2022).
 */
#include "forecast.h"
#include "linalg.h"
#include "ridge.h"

#include <math.h>

static const bram_param params[] = {
    {"alpha", BRAM_PARAM_REALS, "0.01..1e7", NULL, 0, INFINITY,
     "penalties; the best of several is chosen in inner folds of the training rows"},
    {"choice", BRAM_PARAM_CHOICE, "local", "local|global|conservative", 0, 0,
     "a penalty for each unit, one for all, or the largest within one deviation of the best"},
    {"inner", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000, "inner folds, contiguous training rows"},
    {"scale", BRAM_PARAM_CHOICE, "zscore", "none|zscore", 0, 0, "of the inputs"},
    {.name = NULL},
};

struct ridge {
    bram_mat weights; /* inputs x units, of scaled inputs */
    bram_mat offset;  /* 1 x units */
    bram_mat input;   /* 2 x inputs: mean, scale */
};

static const bram_state_part state[] = {
    {"weights", offsetof(struct ridge, weights)},
    {"offset", offsetof(struct ridge, offset)},
    {"input", offsetof(struct ridge, input)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* ---- training rows -------------------------------------------------------------------------- */

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

/* ---- fitting -------------------------------------------------------------------------------- */

static int choose(bram_ctx *cx, double *alpha, const bram_options *o, const bram_mat *x,
                  const bram_mat *y)
{
    size_t n;
    const double *grid = bram_option_reals(o, "alpha", &n);
    size_t inner = (size_t)bram_option_integer(o, "inner");
    if (!n) return bram_fail(cx, BRAM_EUSAGE, "alpha names no penalty");
    for (size_t u = 0; u < y->cols; u++) alpha[u] = grid[0];
    if (n == 1) return BRAM_OK;
    if (inner > x->rows) inner = x->rows;
    bram_ridge_choice choice = bram_option_is(o, "choice", "global")  ? BRAM_RIDGE_GLOBAL
                               : bram_option_is(o, "choice", "local") ? BRAM_RIDGE_LOCAL
                                                                      : BRAM_RIDGE_CONSERVATIVE;
    bram_fold *folds = NULL;
    BRAM_TRY(bram_kfold(cx, &folds, x->rows, inner));
    int status = bram_ridge_cv(cx, alpha, NULL, x, y, folds, inner, grid, n, BRAM_RIDGE_L2, choice);
    bram_free(folds);
    return status;
}

static int solve(bram_ctx *cx, struct ridge *m, const bram_mat *x, const bram_mat *y,
                 const double *alpha)
{
    bram_ridge *ridge = NULL;
    BRAM_TRY(bram_ridge_new(cx, &ridge, x));
    bram_mat b;
    double *mean = bram_scratch(cx, y->cols, sizeof *mean);
    int status = mean ? bram_mat_scratch(cx, &b, bram_ridge_rank(ridge), y->cols) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_ridge_project(cx, ridge, &b, mean, y);
    if (status == BRAM_OK)
        status = bram_ridge_weights(cx, ridge, &m->weights, m->offset.data, &b, mean, alpha);
    bram_ridge_free(ridge);
    return status;
}

static int fit_all(bram_ctx *cx, struct ridge *m, const bram_options *o, const bram_panel *train)
{
    bram_mat x, y;
    if (!train->segments || !train->segment[0].x.cols)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "ridge has no input to learn from");
    BRAM_TRY(gather(cx, &x, train, true));
    BRAM_TRY(gather(cx, &y, train, false));
    if (x.rows < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu rows to learn from, expected 2 or more",
                         x.rows);
    BRAM_TRY(bram_mat_new(cx, &m->weights, x.cols, y.cols));
    BRAM_TRY(bram_mat_new(cx, &m->offset, 1, y.cols));
    BRAM_TRY(bram_mat_new(cx, &m->input, 2, x.cols));
    double *alpha = bram_scratch(cx, y.cols, sizeof *alpha);
    double *mean = bram_scratch(cx, y.cols, sizeof *mean);
    if (!alpha || !mean) return BRAM_ENOMEM;
    scale_inputs(&x, bram_row(&m->input, 0), bram_row(&m->input, 1),
                 bram_option_is(o, "scale", "zscore"));
    fill_missing(&y, mean);
    BRAM_TRY(choose(cx, alpha, o, &x, &y));
    return solve(cx, m, &x, &y, alpha);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    (void)seed;
    struct ridge *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = fit_all(cx, m, o, train);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int predict(bram_ctx *cx, double *out, const struct ridge *m, const bram_segment *g)
{
    size_t rows = g->y.rows - g->first, inputs = m->weights.rows, units = m->weights.cols;
    bram_mat x, y = {out, rows, units, units};
    BRAM_TRY(bram_mat_scratch(cx, &x, rows, inputs));
    const double *mean = bram_row(&m->input, 0), *scale = bram_row(&m->input, 1);
    for (size_t i = 0; i < rows; i++) {
        const double *from = bram_row(&g->x, g->first + i);
        const uint8_t *present = g->x_present ? g->x_present + (g->first + i) * inputs : NULL;
        for (size_t k = 0; k < inputs; k++) {
            bool there = !present || present[k];
            if (there && !isfinite(from[k]))
                return bram_fail(cx, BRAM_ENUMERIC, "input %zu of row %zu is %g", k, g->first + i,
                                 from[k]);
            bram_row(&x, i)[k] = there ? (from[k] - mean[k]) / scale[k] : 0;
        }
        for (size_t u = 0; u < units; u++) bram_row(&y, i)[u] = m->offset.data[u];
    }
    return bram_gemm(cx, &y, 1, &x, BRAM_AS_IS, &m->weights, BRAM_AS_IS, 1);
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct ridge *m = fitted;
    const bram_segment *g = &q->panel->segment[q->segment];
    if (g->x.cols != m->weights.rows || bram_axis_length(q->panel->unit) != m->weights.cols)
        return bram_fail(cx, BRAM_ESHAPE, "%zu inputs and %zu units, fitted on %zu and %zu",
                         g->x.cols, bram_axis_length(q->panel->unit), m->weights.rows,
                         m->weights.cols);
    bram_axis *row = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &row, "row", g->y.rows - g->first));
    int status = bram_response_new(cx, &r, "mean", BRAM_F64, 2,
                                   (const bram_axis *[]){row, q->panel->unit});
    bram_axis_free(row);
    size_t mark = bram_scratch_mark(cx);
    if (status == BRAM_OK) status = predict(cx, bram_response_f64(r), m, g);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct ridge *m = loaded;
    return m->offset.rows == 1 && m->offset.cols == m->weights.cols && m->input.rows == 2 &&
           m->input.cols == m->weights.rows;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct ridge), state, fits, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t n, rank = rows < inputs ? rows : inputs;
    bram_option_reals(o, "alpha", &n);
    return 8 * (3 * rows * inputs + 2 * rank * rank + rows * units + (n + 1) * units * rank +
                inputs * units);
}

const bram_model bram_model_ridge_model = {
    .name = "ridge",
    .summary = "responses from inputs by ridge regression, penalty by inner cross-validation",
    .source = "Hoerl & Kennard 1970",
    .missing = "missing inputs and responses stand at the mean of their column in training; rows "
               "without any response are left out",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .flags = BRAM_MODEL_NEEDS_INPUT,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
