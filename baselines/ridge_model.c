/*
 * ridge_model.c - responses from inputs by ridge regression: each unit a weighted sum of the
 * features of the same row, with a penalty chosen by cross-validation within the training rows.
 *
 * Inputs and what is missing: regression.h. The problem and its solution: core/ridge.h.
 * Source: Hoerl & Kennard 1970; the choice of the penalty as in himalaya (Dupre la Tour et al.
 * 2022).
 */
#include "forecast.h"
#include "linalg.h"
#include "regression.h"
#include "ridge_cv.h"

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
    bram_mat path;    /* how the penalty was chosen: bram_regression_path */
};

static const bram_state_part state[] = {
    {"weights", offsetof(struct ridge, weights)},
    {"offset", offsetof(struct ridge, offset)},
    {"input", offsetof(struct ridge, input)},
    {"path", offsetof(struct ridge, path)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* ---- fitting -------------------------------------------------------------------------------- */

/* Scores of all folds and penalties, and the best penalty for each unit. */
static int search(bram_ctx *cx, double *alpha, double **score, const bram_regression *r,
                  const bram_ridge_search *s)
{
    size_t size;
    bram_targets targets = {.rows = r->y.rows, .cols = r->y.cols, .f64 = &r->y};
    if (__builtin_mul_overflow(s->folds * s->n_grid, r->y.cols, &size))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu penalties of %zu units", s->n_grid,
                         r->y.cols);
    *score = bram_scratch(cx, size, sizeof **score);
    if (!*score) return BRAM_ENOMEM;
    BRAM_TRY(bram_ridge_scores(cx, *score, &(bram_regressors){.x = &r->x}, &targets, s));
    bram_ridge_choose(alpha, NULL, *score, r->y.cols, s);
    return BRAM_OK;
}

static int choose(bram_ctx *cx, double *alpha, bram_mat *path, const bram_options *o,
                  const bram_regression *r)
{
    bram_fold *folds = NULL;
    double *score = NULL;
    bram_ridge_search s = {.folds = (size_t)bram_option_integer(o, "inner"),
                           .choice = bram_option_is(o, "choice", "global") ? BRAM_RIDGE_GLOBAL
                                     : bram_option_is(o, "choice", "local")
                                         ? BRAM_RIDGE_LOCAL
                                         : BRAM_RIDGE_CONSERVATIVE};
    s.grid = bram_option_reals(o, "alpha", &s.n_grid);
    if (!s.n_grid) return bram_fail(cx, BRAM_EUSAGE, "alpha names no penalty");
    for (size_t u = 0; u < r->y.cols; u++) alpha[u] = s.grid[0];
    if (s.n_grid > 1) {
        BRAM_TRY(bram_regression_folds(cx, &folds, &s.folds, r));
        s.fold = folds;
        int status = search(cx, alpha, &score, r, &s);
        bram_free(folds);
        BRAM_TRY(status);
    }
    return bram_regression_path(cx, path, s.grid, s.n_grid, score, s.folds, alpha, &r->y);
}

static int solve(bram_ctx *cx, struct ridge *m, const bram_regression *r, const double *alpha)
{
    bram_ridge *ridge = NULL;
    BRAM_TRY(bram_ridge_new(cx, &ridge, &r->x));
    bram_mat b;
    double *mean = bram_scratch(cx, r->y.cols, sizeof *mean);
    int status = mean ? bram_mat_scratch(cx, &b, bram_ridge_rank(ridge), r->y.cols) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_ridge_project(cx, ridge, &b, mean, &r->y);
    if (status == BRAM_OK)
        status = bram_ridge_weights(cx, ridge, &m->weights, m->offset.data, &b, mean, alpha);
    bram_ridge_free(ridge);
    return status;
}

static int fit_all(bram_ctx *cx, struct ridge *m, const bram_options *o, const bram_panel *train)
{
    bram_regression r = {0};
    int status = bram_regression_rows(cx, &r, train, bram_option_is(o, "scale", "zscore"), "ridge");
    m->input = r.input;
    BRAM_TRY(status);
    BRAM_TRY(bram_mat_new(cx, &m->weights, r.x.cols, r.y.cols));
    BRAM_TRY(bram_mat_new(cx, &m->offset, 1, r.y.cols));
    double *alpha = bram_scratch(cx, r.y.cols, sizeof *alpha);
    if (!alpha) return BRAM_ENOMEM;
    BRAM_TRY(choose(cx, alpha, &m->path, o, &r));
    return solve(cx, m, &r, alpha);
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
    size_t units = m->weights.cols;
    bram_mat x;
    BRAM_TRY(bram_regression_inputs(cx, &x, &m->input, g));
    bram_mat y = {out, x.rows, units, units};
    for (size_t i = 0; i < x.rows; i++)
        for (size_t u = 0; u < units; u++) bram_row(&y, i)[u] = m->offset.data[u];
    return bram_gemm(cx, &y, 1, &x, BRAM_AS_IS, &m->weights, BRAM_AS_IS, 1);
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct ridge *m = fitted;
    bram_response *r = NULL;
    BRAM_TRY(bram_regression_answer(cx, &r, q, m->weights.rows, m->weights.cols));
    size_t mark = bram_scratch_mark(cx);
    int status = predict(cx, bram_response_f64(r), m, &q->panel->segment[q->segment]);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) {
        bram_response_free(r);
        return status;
    }
    BRAM_TRY(bram_dataset_add(cx, out, "", r));
    return bram_regression_put_path(cx, out, &m->path);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct ridge *m = loaded;
    return m->offset.rows == 1 && m->offset.cols == m->weights.cols && m->input.rows == 2 &&
           m->input.cols == m->weights.rows && m->path.rows == 3;
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
                inputs * units + n * units * (size_t)bram_option_integer(o, "inner"));
}

const bram_model bram_model_ridge_model = {
    .name = "ridge",
    .summary = "responses from inputs by ridge regression, penalty by inner cross-validation",
    .source = "Hoerl & Kennard 1970",
    .missing = "missing inputs and responses stand at the mean of their column in training; rows "
               "without any response are left out",
    .version = 3,
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
