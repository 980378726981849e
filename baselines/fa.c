/*
 * fa.c - factor analysis (core/factor_analysis.h): held-out units from the factors that the others
 * of the same row tell. It knows nothing of time.
 *
 * Several numbers of factors: the one with the greatest log likelihood of the validation rows.
 */
#include "covariance.h"
#include "factor_analysis.h"
#include "forecast.h"

#include <math.h>
#include <string.h>

struct fa {
    bram_mat mean;     /* 1 x units */
    bram_mat loadings; /* units x factors */
    bram_mat noise;    /* 1 x units */
};

static const bram_state_part state[] = {
    {"mean", offsetof(struct fa, mean)},
    {"loadings", offsetof(struct fa, loadings)},
    {"noise", offsetof(struct fa, noise)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* ---- the fit -------------------------------------------------------------------------------- */

static bool present(const bram_segment *s, size_t row, size_t unit)
{
    return !s->y_present || s->y_present[row * s->y.cols + unit];
}

/* Sum over the target rows of a panel. */
static int loglik_of(bram_ctx *cx, double *sum, const struct fa *m, const bram_panel *panel)
{
    size_t units = m->mean.cols;
    bram_factor_filter f;
    uint8_t *seen = bram_scratch(cx, units, 1);
    if (!seen) return BRAM_ENOMEM;
    BRAM_TRY(bram_factor_filter_new(cx, &f, &m->loadings, m->mean.data, m->noise.data));
    *sum = 0;
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        for (size_t t = g->first; t < g->y.rows; t++) {
            size_t mark = bram_scratch_mark(cx);
            double one = 0;
            for (size_t u = 0; u < units; u++) seen[u] = present(g, t, u);
            BRAM_TRY(bram_factor_infer(cx, &f, bram_row(&g->y, t), seen, &one));
            bram_scratch_release(cx, mark);
            *sum += one;
        }
    }
    return BRAM_OK;
}

/* A fit with k factors takes the place of m's where it is better. */
static int try_one(bram_ctx *cx, struct fa *m, double *most, const bram_mat *covariance, size_t k,
                   const bram_options *o, const bram_panel *validation)
{
    size_t units = m->mean.cols;
    struct fa trial = {.mean = m->mean};
    double loglik = 0;
    BRAM_TRY(bram_mat_new(cx, &trial.loadings, units, k));
    int status = bram_mat_new(cx, &trial.noise, 1, units);
    if (status == BRAM_OK)
        status = bram_factor_analysis(cx, &trial.loadings, trial.noise.data, covariance,
                                      (size_t)bram_option_integer(o, "steps"),
                                      bram_option_real(o, "tolerance"));
    if (status == BRAM_OK && validation) status = loglik_of(cx, &loglik, &trial, validation);
    if (status == BRAM_OK && (!m->loadings.data || loglik > *most)) {
        struct fa last = *m;
        *m = trial, trial = last, *most = loglik;
    }
    bram_free(trial.loadings.data);
    bram_free(trial.noise.data);
    return status;
}

static int fit_all(bram_ctx *cx, struct fa *m, const bram_options *o, const bram_panel *train,
                   const bram_panel *validation)
{
    size_t n, units = m->mean.cols;
    const int64_t *factors = bram_option_integers(o, "factors", &n);
    double most = -INFINITY;
    bram_mat covariance = {0};
    BRAM_TRY(bram_forecast_check_choice(cx, n, validation));
    int status = bram_covariance(cx, &covariance, train, m->mean.data);
    for (size_t k = 0; k < n && status == BRAM_OK; k++) {
        size_t wanted = (size_t)factors[k] < units ? (size_t)factors[k] : units;
        status = try_one(cx, m, &most, &covariance, wanted, o, n > 1 ? validation : NULL);
    }
    bram_free(covariance.data);
    return status;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    struct fa *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        m->mean = (bram_mat){m->mean.data, 1, units, units};
        status = fit_all(cx, m, o, train, validation);
    }
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int fill(bram_ctx *cx, double *value, uint8_t *mask, const struct fa *m, const bram_query *q)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t units = m->mean.cols;
    bram_factor_filter f;
    uint8_t *seen = bram_scratch(cx, units, 1);
    if (!seen) return BRAM_ENOMEM;
    BRAM_TRY(bram_factor_filter_new(cx, &f, &m->loadings, m->mean.data, m->noise.data));
    for (size_t t = s->first; t < s->y.rows; t++, value += units, mask += units) {
        for (size_t u = 0; u < units; u++) seen[u] = !q->held_out[u] && present(s, t, u);
        BRAM_TRY(bram_factor_infer(cx, &f, bram_row(&s->y, t), seen, NULL));
        for (size_t u = 0; u < units; u++) {
            value[u] = m->mean.data[u], mask[u] = q->held_out[u];
            for (size_t c = 0; c < f.factor.rows; c++)
                value[u] += bram_row(&m->loadings, u)[c] * f.factor.data[c];
        }
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct fa *m = fitted;
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t mark = bram_scratch_mark(cx);
    if (s->y.cols != m->mean.cols || !q->held_out)
        return bram_fail(cx, BRAM_ESHAPE, "%zu units, fitted on %zu; %s", s->y.cols, m->mean.cols,
                         q->held_out ? "some held out" : "nothing says which are held out");
    bram_response *r = NULL;
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, q->panel->unit));
    uint8_t *mask = bram_response_mask(cx, r);
    int status = mask ? fill(cx, bram_response_f64(r), mask, m, q) : BRAM_ENOMEM;
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- the model ------------------------------------------------------------------------------ */

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct fa *m = loaded;
    for (size_t u = 0; u < m->noise.cols; u++)
        if (!(m->noise.data[u] > 0)) return false;
    return m->mean.rows == 1 && m->noise.rows == 1 && m->noise.cols == m->mean.cols &&
           m->loadings.rows == m->mean.cols && m->loadings.cols > 0;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct fa), state, fits, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)o, (void)inputs;
    return 8 * (6 * units * units + 3 * rows * units);
}

static const bram_param params[] = {
    {"factors", BRAM_PARAM_INTEGERS, "2+4+8+16", NULL, 1, 1024,
     "dimensions, at most one a unit; several: chosen on validation"},
    {"steps", BRAM_PARAM_INTEGER, "200", NULL, 1, 100000, "of the fit at most"},
    {"tolerance", BRAM_PARAM_REAL, "1e-6", NULL, 0, 1,
     "gain of the log likelihood (nats a row) at which the fit ends"},
    {.name = NULL},
};

const bram_model bram_model_fa = {
    .name = "fa",
    .summary = "held-out units from the others at the same time, factor analysis",
    .source = "Lawley 1940; of neural data: Yu et al. 2009",
    .missing =
        "factors are told by the units that a row has; covariances are over pairs of present "
        "values",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_COSMOOTH),
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
