/*
 * dsa.c - dynamical similarity analysis, spectral form: how alike two systems move, by the
 * eigenvalues of linear models fitted to both (HAVOK).
 *
 * Rows are times at equal steps. Delay embedding: row t of H holds the states at t, t - interval
 * ... (delays of them, the newest first); V = its leading left singular vectors (rank=, or all
 * above rounding); A = argmin |V_{t+1} - V_t A'|^2 + lambda |A|^2. The distance is the squared
 * Wasserstein distance between the two sets of eigenvalues as points of the plane, uniform weights,
 * the smaller set padded with zeros, no root unless output=distance. Deterministic, unlike the form
 * that aligns A and B by gradient descent; blind to the eigenvectors.
 *
 * Use steps of equal duration and the same delays and rank for all systems; a rank near the number
 * of times fits anything.
 *
 * Weights are those of steps, by the row a step ends in; V stays that of the recording. A step with
 * a missing value is left out. NaN with fewer steps than the rank. Sources: Ostrow, Eisen,
 * Kozachkov & Fiete 2023 (arXiv 2306.10168); Brunton et al. 2017 (HAVOK).
 */
#include "assignment.h"
#include "havok.h"
#include "patterns.h"

#include <math.h>

static const bram_param params[] = {
    {"delays", BRAM_PARAM_INTEGER, "1", NULL, 1, 10000, "states side by side in the embedding"},
    {"interval", BRAM_PARAM_INTEGER, "1", NULL, 1, 1000000, "steps from one of them to the next"},
    {"rank", BRAM_PARAM_INTEGER, "auto", NULL, 1, 1000000, "components kept; auto: all"},
    {"lambda", BRAM_PARAM_REAL, "0", NULL, 0, 1e6, "ridge penalty of the fit"},
    {"output", BRAM_PARAM_CHOICE, "squared", "squared|distance", 0, 0,
     "squared Wasserstein distance of the eigenvalues, or its root"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

struct side {
    bram_patterns *patterns;
    bram_mat v;   /* embedded times x rank */
    size_t reach; /* rows from the oldest state of an embedding to the newest */
};

struct dsa {
    const struct side *model, *brain;
    bram_row_set rows;
    double lambda;
    bool root;
};

static void release(void *prepared)
{
    struct side *s = prepared;
    if (!s) return;
    bram_patterns_free(s->patterns);
    bram_free(s->v.data);
    bram_free(s);
}

static int fill(bram_ctx *cx, struct side *s, const bram_options *o, const bram_side *given)
{
    size_t delays = (size_t)bram_option_integer(o, "delays");
    size_t interval = (size_t)bram_option_integer(o, "interval");
    int64_t rank = bram_option_integer(o, "rank");
    s->reach = (delays - 1) * interval;
    BRAM_TRY(bram_patterns_new(cx, &s->patterns, given, BRAM_PATTERNS_RAW, "dsa"));
    return bram_havok_embed(cx, &s->v, &s->patterns->x, s->patterns->complete, delays, interval,
                            rank < 0 ? 0 : (size_t)rank);
}

static int prepare(bram_ctx *cx, void **prepared, const bram_options *o, const bram_side *side)
{
    struct side *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = fill(cx, s, o, side);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *prepared = s;
    else release(s);
    return status;
}

static void release_pair(void *pair)
{
    struct dsa *s = pair;
    if (!s) return;
    bram_row_set_release(&s->rows);
    bram_free(s);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    struct dsa *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (struct dsa){.model = c->model,
                      .brain = c->brain,
                      .lambda = bram_option_real(o, "lambda"),
                      .root = bram_option_is(o, "output", "distance")};
    int status = bram_row_set_init(cx, &s->rows, s->model->patterns, s->brain->patterns, &c->groups,
                                   "dsa");
    if (status == BRAM_OK) *out = s, *values = 1;
    else release_pair(s);
    return status;
}

/* Weight of each step, of mean 1 over the steps that have every value; returns how many are drawn.
 * With delays a step ends in row t + 1 + reach. */
static size_t weigh_steps(const struct dsa *s, double *step, const double *w)
{
    size_t steps = s->model->v.rows - 1, reach = s->model->reach, drawn = 0, usable = 0;
    double sum = 0;
    for (size_t t = 0; t < steps; t++) {
        bool whole = true;
        for (size_t i = t; i <= t + 1 + reach; i++)
            whole = whole && (!s->rows.use || s->rows.use[i]);
        step[t] = whole ? w[t + 1 + reach] : 0;
        sum += step[t], usable += whole, drawn += step[t] > 0;
    }
    for (size_t t = 0; sum > 0 && t < steps; t++) step[t] *= (double)usable / sum;
    return drawn;
}

static int spectra_apart(bram_ctx *cx, double *value, const struct dsa *s, const double *step)
{
    size_t a = s->model->v.cols, b = s->brain->v.cols, n = a > b ? a : b;
    double *x = bram_scratch(cx, 2 * n, sizeof *x), total;
    double *y = x ? bram_scratch(cx, 2 * n, sizeof *y) : NULL;
    size_t *column = y ? bram_scratch(cx, n, sizeof *column) : NULL;
    bool fitted[2] = {false, false};
    bram_mat cost;
    if (!column) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &cost, n, n));
    BRAM_TRY(bram_havok_spectrum(cx, x, x + n, &fitted[0], &s->model->v, step, s->lambda));
    BRAM_TRY(bram_havok_spectrum(cx, y, y + n, &fitted[1], &s->brain->v, step, s->lambda));
    if (!fitted[0] || !fitted[1]) return BRAM_OK;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double re = x[i] - y[j], im = x[n + i] - y[n + j];
            bram_row(&cost, i)[j] = re * re + im * im;
        }
    BRAM_TRY(bram_assignment(cx, column, &total, &cost));
    *value = s->root ? sqrt(total / (double)n) : total / (double)n;
    return BRAM_OK;
}

static int score(bram_ctx *cx, double *value, const struct dsa *s, const double *weight)
{
    bram_row_weights w;
    size_t a = s->model->v.cols, b = s->brain->v.cols, most = a > b ? a : b;
    BRAM_TRY(bram_row_set_weigh(cx, &w, &s->rows, weight));
    *value = NAN;
    if (s->model->v.rows < 2 || !a || !b) return BRAM_OK;
    double *step = bram_scratch(cx, s->model->v.rows, sizeof *step);
    if (!step) return BRAM_ENOMEM;
    return weigh_steps(s, step, w.w) < most ? BRAM_OK : spectra_apart(cx, value, s, step);
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    size_t mark = bram_scratch_mark(cx);
    double value = NAN;
    int status = score(cx, &value, state, weight);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}

const bram_metric bram_metric_dsa = {
    .name = "dsa",
    .summary = "dynamical similarity: distance of the eigenvalues of fitted dynamics",
    .source = "Ostrow, Eisen, Kozachkov & Fiete 2023",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ZERO | BRAM_METRIC_INV_SCALE |
             BRAM_METRIC_INV_ROTATE | BRAM_METRIC_FIXED_REFERENCE,
    .chance = NAN,
    .params = params,
    .prepare = prepare,
    .release = release,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
};
