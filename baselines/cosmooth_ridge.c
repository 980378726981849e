/*
 * cosmooth_ridge.c - units from the other units at the same time: ridge regression for whatever set
 * of units is there and whatever set is asked for.
 *
 * With m and S the means and covariances of the units in training, o the units that are seen in a
 * row and h those held out, the forecast is
 *
 *   m_h + S_ho (S_oo + lambda I)^-1 (y_o - m_o),
 *
 * the ridge regression of h on o from the normal equations. So one fit serves every pattern of
 * missing units. A covariance is over the rows where both units are present, zero where there are
 * none; as such covariances together may be no covariance matrix, its negative eigenvalues are set
 * to zero. lambda is `ridge` times the mean variance; of several the one with the least squared
 * error of every unit from all others on the validation data.
 * Source: Hoerl & Kennard 1970; covariances from pairs of present values: Little & Rubin 2002,
 * section 3.4.
 */
#include "covariance.h"
#include "forecast.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

struct cosmooth {
    bram_mat mean;       /* 1 x units */
    bram_mat covariance; /* units x units */
    bram_mat ridge;      /* 1 x 1: lambda */
};

static const bram_state_part state[] = {
    {"mean", offsetof(struct cosmooth, mean)},
    {"covariance", offsetof(struct cosmooth, covariance)},
    {"ridge", offsetof(struct cosmooth, ridge)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* ---- the penalty ---------------------------------------------------------------------------- */

static double mean_variance(const bram_mat *s)
{
    double sum = 0;
    for (size_t u = 0; u < s->rows; u++) sum += bram_row(s, u)[u];
    return sum > 0 ? sum / (double)s->rows : 1;
}

/* P = (S + lambda I)^-1: unit j from all others is m_j - sum over k of P_jk / P_jj d_k. */
static int invert(bram_ctx *cx, bram_mat *p, const bram_mat *s, double lambda)
{
    bram_mat factor;
    BRAM_TRY(bram_mat_scratch(cx, &factor, s->rows, s->cols));
    BRAM_TRY(bram_mat_scratch(cx, p, s->rows, s->cols));
    memcpy(factor.data, s->data, s->rows * s->cols * sizeof *s->data);
    for (size_t u = 0; u < s->rows; u++) bram_row(&factor, u)[u] += lambda, bram_row(p, u)[u] = 1;
    BRAM_TRY(bram_cholesky(cx, &factor));
    return bram_cholesky_solve(cx, &factor, p);
}

static int validation_error(bram_ctx *cx, double *error, const struct cosmooth *m, double lambda,
                            const bram_panel *panel)
{
    bram_mat p, *rows;
    size_t *first;
    double sum = 0, count = 0;
    BRAM_TRY(invert(cx, &p, &m->covariance, lambda));
    BRAM_TRY(bram_forecast_segments(cx, &rows, &first, panel, m->mean.data));
    for (size_t s = 0; s < panel->segments; s++) {
        bram_mat d, there, product;
        if (panel->segment[s].first == panel->segment[s].y.rows) continue;
        BRAM_TRY(bram_deviations(cx, &d, &there, &rows[s], &panel->segment[s], m->mean.data));
        BRAM_TRY(bram_mat_scratch(cx, &product, d.rows, d.cols));
        BRAM_TRY(bram_gemm(cx, &product, 1, &d, BRAM_AS_IS, &p, BRAM_AS_IS, 0));
        for (size_t t = 0; t < d.rows; t++)
            for (size_t j = 0; j < d.cols; j++) {
                double e = bram_row(&product, t)[j] / bram_row(&p, j)[j];
                sum += bram_row(&there, t)[j] * e * e, count += bram_row(&there, t)[j];
            }
    }
    if (!(count > 0)) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the validation data are empty");
    *error = sum / count;
    return BRAM_OK;
}

static int choose(bram_ctx *cx, struct cosmooth *m, const bram_options *o,
                  const bram_panel *validation)
{
    size_t n;
    const double *ridge = bram_option_reals(o, "ridge", &n);
    double least = INFINITY, unit = mean_variance(&m->covariance);
    BRAM_TRY(bram_forecast_check_choice(cx, n, validation));
    BRAM_TRY(bram_mat_new(cx, &m->ridge, 1, 1));
    m->ridge.data[0] = ridge[0] * unit;
    for (size_t k = 0; k < n && n > 1; k++) {
        size_t mark = bram_scratch_mark(cx);
        double error = 0;
        BRAM_TRY(validation_error(cx, &error, m, ridge[k] * unit, validation));
        bram_scratch_release(cx, mark);
        if (error >= least) continue;
        least = error;
        m->ridge.data[0] = ridge[k] * unit;
    }
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    struct cosmooth *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        m->mean = (bram_mat){m->mean.data, 1, units, units};
        status = bram_covariance(cx, &m->covariance, train, m->mean.data);
    }
    if (status == BRAM_OK) status = choose(cx, m, o, validation);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* The regression of the held-out units on those seen in one row; kept while the pattern stays. */
struct pattern {
    uint8_t *seen; /* one for each unit */
    size_t *out, outs, *in, ins;
    bram_mat weights; /* ins x outs */
    size_t mark;      /* below the weights */
    bool made;
};

static int new_pattern(bram_ctx *cx, struct pattern *p, const struct cosmooth *m,
                       const uint8_t *held_out)
{
    size_t units = m->mean.cols;
    *p = (struct pattern){.seen = bram_scratch(cx, units, 1),
                          .out = bram_scratch(cx, units, sizeof *p->out),
                          .in = bram_scratch(cx, units, sizeof *p->in)};
    if (!p->seen || !p->out || !p->in) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++)
        if (held_out[u]) p->out[p->outs++] = u;
    p->mark = bram_scratch_mark(cx);
    return BRAM_OK;
}

static int regress(bram_ctx *cx, struct pattern *p, const struct cosmooth *m)
{
    bram_mat gram;
    bram_scratch_release(cx, p->mark);
    p->ins = 0;
    for (size_t u = 0; u < m->mean.cols; u++)
        if (p->seen[u]) p->in[p->ins++] = u;
    BRAM_TRY(bram_mat_scratch(cx, &p->weights, p->ins, p->outs));
    BRAM_TRY(bram_mat_scratch(cx, &gram, p->ins, p->ins));
    for (size_t i = 0; i < p->ins; i++) {
        const double *row = bram_row(&m->covariance, p->in[i]);
        for (size_t k = 0; k < p->ins; k++) bram_row(&gram, i)[k] = row[p->in[k]];
        for (size_t k = 0; k < p->outs; k++) bram_row(&p->weights, i)[k] = row[p->out[k]];
        bram_row(&gram, i)[i] += m->ridge.data[0];
    }
    p->made = true;
    if (!p->ins || !p->outs) return BRAM_OK;
    BRAM_TRY(bram_cholesky(cx, &gram));
    return bram_cholesky_solve(cx, &gram, &p->weights);
}

static int answer_row(bram_ctx *cx, double *value, uint8_t *mask, struct pattern *p,
                      const struct cosmooth *m, const bram_segment *s, size_t row,
                      const uint8_t *held_out)
{
    size_t units = m->mean.cols;
    bool same = p->made;
    for (size_t u = 0; u < units; u++) {
        bool seen = !held_out[u] && (!s->y_present || s->y_present[row * units + u]);
        same = same && p->seen[u] == seen;
        p->seen[u] = seen;
        if (seen && !isfinite(bram_row(&s->y, row)[u]))
            return bram_fail(cx, BRAM_ENUMERIC, "row %zu of unit %zu is not finite", row, u);
    }
    if (!same) BRAM_TRY(regress(cx, p, m));
    for (size_t k = 0; k < p->outs; k++) {
        double sum = m->mean.data[p->out[k]];
        for (size_t i = 0; i < p->ins; i++)
            sum += bram_row(&p->weights, i)[k] *
                   (bram_row(&s->y, row)[p->in[i]] - m->mean.data[p->in[i]]);
        value[p->out[k]] = sum;
        mask[p->out[k]] = 1;
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct cosmooth *m = fitted;
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t units = m->mean.cols, mark = bram_scratch_mark(cx);
    if (s->y.cols != units || !q->held_out)
        return bram_fail(cx, BRAM_ESHAPE, "%zu units, fitted on %zu; %s", s->y.cols, units,
                         q->held_out ? "some held out" : "nothing says which are held out");
    bram_response *r = NULL;
    struct pattern p;
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, q->panel->unit));
    uint8_t *mask = bram_response_mask(cx, r);
    int status = mask ? new_pattern(cx, &p, m, q->held_out) : BRAM_ENOMEM;
    if (mask) memset(mask, 0, bram_response_count(r)); /* of the others nothing was asked */
    for (size_t t = s->first; t < s->y.rows && status == BRAM_OK; t++) {
        size_t at = (t - s->first) * units;
        status = answer_row(cx, bram_response_f64(r) + at, mask + at, &p, m, s, t, q->held_out);
    }
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
    const struct cosmooth *m = loaded;
    size_t units = m->mean.cols;
    return m->mean.rows == 1 && m->covariance.rows == units && m->covariance.cols == units &&
           m->ridge.rows == 1 && m->ridge.cols == 1;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct cosmooth), state, fits, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)o;
    (void)inputs;
    return 8 * (5 * units * units + 3 * rows * units);
}

static const bram_param params[] = {
    {"ridge", BRAM_PARAM_REALS, "0.001+0.01+0.1+1", NULL, 1e-12, 1e12,
     "penalty, in mean variances of a unit; several: chosen on validation"},
    {.name = NULL},
};

const bram_model bram_model_cosmooth_ridge = {
    .name = "cosmooth-ridge",
    .summary = "held-out units from the others at the same time, ridge regression",
    .source = "Hoerl & Kennard 1970",
    .missing =
        "regresses on the units that a row has; covariances are over pairs of present values",
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
