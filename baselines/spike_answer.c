/*
 * spike_answer.c - answers of Poisson models with states; see spike_model.h.
 */
#include "spike_private.h"

#include "forecast.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

/* Rows worked on at a time: bounds the memory, and is the same for any number of threads. */
enum { CHUNK = 1024 };

/* A segment as a model sees it. */
struct view {
    const bram_spike_model *m;
    const bram_segment *s;
    const uint8_t *held_out;
    bram_mat filled;  /* rows x units */
    bram_mat state;   /* rows x states: log-likelihoods, then probabilities */
    bram_chain chain; /* of the model */
    double *next;     /* states: of the bin after the last */
};

/* Room for a chunk. */
struct room {
    bram_mat design, eta;
    double *rate, *log_rate; /* units */
};

static int new_room(bram_ctx *cx, struct room *r, const bram_spike_model *m, size_t rows)
{
    BRAM_TRY(bram_mat_scratch(cx, &r->design, rows, bram_spike_width(m)));
    BRAM_TRY(bram_mat_scratch(cx, &r->eta, rows, m->units));
    r->rate = bram_scratch(cx, m->units, sizeof *r->rate);
    r->log_rate = bram_scratch(cx, m->units, sizeof *r->log_rate);
    return r->rate && r->log_rate ? BRAM_OK : BRAM_ENOMEM;
}

static bool seen(const struct view *v, size_t t, size_t n)
{
    const bram_segment *s = v->s;
    return (!s->y_present || s->y_present[t * s->y.cols + n]) && !(v->held_out && v->held_out[n]);
}

static bram_mat theta_of(const bram_spike_model *m, size_t k)
{
    return bram_mat_rows(m->theta, k * bram_spike_width(m), bram_spike_width(m));
}

/* What is done with the predictors of state k in rows from .. . */
typedef int chunk_fn(bram_ctx *cx, struct view *v, struct room *r, size_t k, size_t from,
                     void *user);

/* Rows from .. end - 1, chunk by chunk, in every state. */
static int each_chunk(bram_ctx *cx, struct view *v, size_t from, size_t end, chunk_fn *work,
                      void *user)
{
    for (; from < end; from += CHUNK) {
        size_t rows = end - from < CHUNK ? end - from : CHUNK, mark = bram_scratch_mark(cx);
        struct room r;
        int status = new_room(cx, &r, v->m, rows);
        if (status == BRAM_OK)
            status = bram_spike_design(cx, &r.design, v->m, v->s, &v->filled, from);
        for (size_t k = 0; k < v->m->states && status == BRAM_OK; k++) {
            bram_mat theta = theta_of(v->m, k);
            status = bram_gemm(cx, &r.eta, 1, &r.design, BRAM_AS_IS, &theta, BRAM_AS_IS, 0);
            if (status == BRAM_OK) status = work(cx, v, &r, k, from, user);
        }
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return BRAM_OK;
}

/* log p(y_t | state) but for the y!, which is the same in all states. */
static int add_likelihood(bram_ctx *cx, struct view *v, struct room *r, size_t k, size_t from,
                          void *user)
{
    (void)cx;
    (void)user;
    for (size_t i = 0; i < r->eta.rows; i++) {
        double sum = 0;
        bram_link_apply(v->m->link, 0, bram_row(&r->eta, i), v->m->units, r->rate, r->log_rate,
                        NULL, NULL);
        for (size_t n = 0; n < v->m->units; n++)
            if (seen(v, from + i, n))
                sum += bram_row(&v->filled, from + i)[n] * r->log_rate[n] - r->rate[n];
        bram_row(&v->state, from + i)[k] = sum;
    }
    return BRAM_OK;
}

/* The filled rows and the states: predicted from the rows before, or given all rows. */
static int look(bram_ctx *cx, struct view *v, const bram_spike_model *m, const bram_segment *s,
                const uint8_t *held_out, bool smooth)
{
    *v = (struct view){.m = m, .s = s, .held_out = held_out};
    v->chain = (bram_chain){m->states, m->initial.data, m->transition.data, 0};
    BRAM_TRY(bram_mat_scratch(cx, &v->filled, s->y.rows, s->y.cols));
    BRAM_TRY(bram_mat_scratch(cx, &v->state, s->y.rows, m->states));
    v->next = bram_scratch(cx, m->states, sizeof *v->next);
    if (!v->next) return BRAM_ENOMEM;
    BRAM_TRY(bram_spike_fill(cx, &v->filled, m, s, held_out));
    memcpy(v->next, m->initial.data, m->states * sizeof *v->next);
    for (size_t t = 0; t < s->y.rows && m->states == 1; t++) v->state.data[t] = 1;
    if (m->states == 1 || !s->y.rows) return BRAM_OK;
    BRAM_TRY(each_chunk(cx, v, 0, s->y.rows, add_likelihood, NULL));
    if (smooth) return bram_hmm_smooth(cx, &v->state, &v->chain, NULL, NULL);
    bram_mat l;
    BRAM_TRY(bram_mat_scratch(cx, &l, s->y.rows, m->states));
    memcpy(l.data, v->state.data, s->y.rows * m->states * sizeof *l.data);
    return bram_hmm_filter(cx, &v->state, v->next, NULL, NULL, &l, &v->chain);
}

/* user: the target rows x units of means */
static int add_mean(bram_ctx *cx, struct view *v, struct room *r, size_t k, size_t from, void *user)
{
    (void)cx;
    double *out = (double *)user + (from - v->s->first) * v->m->units;
    for (size_t i = 0; i < r->eta.rows; i++) {
        double p = bram_row(&v->state, from + i)[k];
        bram_link_apply(v->m->link, 0, bram_row(&r->eta, i), v->m->units, r->rate, NULL, NULL,
                        NULL);
        for (size_t n = 0; n < v->m->units; n++) out[i * v->m->units + n] += p * r->rate[n];
    }
    return BRAM_OK;
}

/* STEP; with units held out, COSMOOTH. */
static int answer_mean(bram_ctx *cx, const bram_spike_model *m, const bram_query *q,
                       bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    const uint8_t *held_out = q->ask == BRAM_ASK_COSMOOTH ? q->held_out : NULL;
    bram_response *r = NULL;
    struct view v;
    if (q->ask == BRAM_ASK_COSMOOTH && !held_out)
        return bram_fail(cx, BRAM_ESHAPE, "nothing says which units are held out");
    BRAM_TRY(look(cx, &v, m, s, held_out, held_out));
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, q->panel->unit));
    int status = each_chunk(cx, &v, s->first, s->y.rows, add_mean, bram_response_f64(r));
    uint8_t *mask = held_out && status == BRAM_OK ? bram_response_mask(cx, r) : NULL;
    if (held_out && status == BRAM_OK && !mask) status = BRAM_ENOMEM;
    for (size_t i = 0; mask && i < bram_response_count(r); i++) mask[i] = held_out[i % m->units];
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- densities ------------------------------------------------------------------------------ */

/* Log rates of a chunk in all states, until the last state is there. */
struct density {
    double *value;
    uint8_t *mask;
    double *log_rate, *rate; /* states x CHUNK x units */
    double *weight;          /* states */
};

static double log_sum(const double *x, size_t n)
{
    double most = x[0], sum = 0;
    for (size_t i = 1; i < n; i++) most = fmax(most, x[i]);
    for (size_t i = 0; i < n; i++) sum += exp(x[i] - most);
    return sum > 0 ? most + log(sum) : most; /* all impossible: so is the sum */
}

/* One bin: each unit given those before it; weight holds log p(state | what was seen so far). */
static int bin_density(bram_ctx *cx, struct view *v, struct density *d, size_t t, size_t i)
{
    size_t units = v->m->units, states = v->m->states, at = (t - v->s->first) * units;
    double before = 0;
    for (size_t k = 0; k < states; k++) d->weight[k] = log(bram_row(&v->state, t)[k]);
    for (size_t n = 0; n < units; n++) {
        d->mask[at + n] = seen(v, t, n);
        if (!d->mask[at + n]) continue;
        double y = bram_row(&v->filled, t)[n];
        if (!(y >= 0) || y != floor(y))
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "row %zu of unit %zu is %g, not a count", t,
                             n, y);
        for (size_t k = 0; k < states; k++) {
            size_t place = (k * CHUNK + i) * units + n;
            d->weight[k] += y * d->log_rate[place] - d->rate[place];
        }
        double now = log_sum(d->weight, states);
        d->value[at + n] = now - before - lgamma(y + 1);
        before = now;
    }
    return BRAM_OK;
}

static int keep_rates(bram_ctx *cx, struct view *v, struct room *r, size_t k, size_t from,
                      void *user)
{
    struct density *d = user;
    size_t units = v->m->units;
    for (size_t i = 0; i < r->eta.rows; i++)
        bram_link_apply(v->m->link, 0, bram_row(&r->eta, i), units,
                        d->rate + (k * CHUNK + i) * units, d->log_rate + (k * CHUNK + i) * units,
                        NULL, NULL);
    for (size_t i = 0; i < r->eta.rows && k + 1 == v->m->states; i++)
        BRAM_TRY(bin_density(cx, v, d, from + i, i));
    return BRAM_OK;
}

static int densities(bram_ctx *cx, double *value, uint8_t *mask, const bram_spike_model *m,
                     const bram_segment *s)
{
    size_t room = m->states * CHUNK * m->units;
    struct density d = {value, mask, bram_scratch(cx, room, sizeof(double)),
                        bram_scratch(cx, room, sizeof(double)),
                        bram_scratch(cx, m->states, sizeof(double))};
    struct view v;
    if (!d.log_rate || !d.rate || !d.weight) return BRAM_ENOMEM;
    BRAM_TRY(look(cx, &v, m, s, NULL, false));
    return each_chunk(cx, &v, s->first, s->y.rows, keep_rates, &d);
}

static int answer_loglik(bram_ctx *cx, const bram_spike_model *m, const bram_query *q,
                         bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    bram_response *r = NULL;
    BRAM_TRY(bram_forecast_rows(cx, &r, "logdensity", s, q->panel->unit));
    uint8_t *mask = bram_response_mask(cx, r);
    int status = mask ? densities(cx, bram_response_f64(r), mask, m, s) : BRAM_ENOMEM;
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

int bram_spike_model_bins(bram_ctx *cx, double *bin, double *count, const bram_spike_model *m,
                          const bram_panel *panel)
{
    for (size_t g = 0; g < panel->segments; g++) {
        const bram_segment *s = &panel->segment[g];
        size_t rows = s->y.rows - s->first, units = s->y.cols, mark = bram_scratch_mark(cx);
        double *value = bram_scratch(cx, rows, units * sizeof *value);
        uint8_t *mask = value ? bram_scratch(cx, rows, units) : NULL;
        int status = mask ? densities(cx, value, mask, m, s) : BRAM_ENOMEM;
        for (size_t t = 0; t < rows && status == BRAM_OK; t++, bin++, count++) {
            *bin = *count = 0;
            for (size_t i = t * units; i < (t + 1) * units; i++)
                if (mask[i]) *bin += value[i], ++*count;
        }
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_spike_model_evidence(bram_ctx *cx, double *sum, size_t *counts, const bram_spike_model *m,
                              const bram_panel *panel)
{
    size_t rows = 0, mark = bram_scratch_mark(cx);
    double total = 0, number = 0;
    for (size_t g = 0; g < panel->segments; g++)
        rows += panel->segment[g].y.rows - panel->segment[g].first;
    double *bin = bram_scratch(cx, rows, 2 * sizeof *bin);
    int status = bin ? bram_spike_model_bins(cx, bin, bin + rows, m, panel) : BRAM_ENOMEM;
    for (size_t t = 0; t < rows && status == BRAM_OK; t++) total += bin[t], number += bin[rows + t];
    if (status == BRAM_OK) *sum = total, *counts = (size_t)number;
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- free runs ------------------------------------------------------------------------------ */

/* Free runs: the past of each start, then its own means. */
struct runs {
    const bram_query *q;
    struct view v;
    bram_mat track; /* starts x ((lags + steps) units) */
    bram_mat state; /* starts x states */
};

/* The design rows of all starts at step h: histories from their tracks, and the inputs known where
 * each run starts. */
static int track_design(bram_ctx *cx, bram_mat *design, const struct runs *r, size_t h)
{
    const bram_spike_model *m = r->v.m;
    size_t lags = m->phi.rows, bumps = m->phi.cols, units = m->units;
    for (size_t i = 0; i < design->rows; i++) {
        double *u = bram_row(design, i);
        memset(u, 0, design->cols * sizeof *u);
        u[0] = 1;
        for (size_t k = 1; k <= lags; k++) {
            const double *y = bram_row(&r->track, i) + (lags + h - k) * units;
            for (size_t n = 0; n < units; n++)
                for (size_t b = 0; b < bumps; b++)
                    u[1 + n * bumps + b] += bram_row(&m->phi, k - 1)[b] * y[n];
        }
        BRAM_TRY(bram_spike_inputs(cx, u, m, r->v.s, r->q->start[i]));
    }
    return BRAM_OK;
}

static int begin_runs(bram_ctx *cx, struct runs *r, const bram_spike_model *m, const bram_query *q)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t lags = m->phi.rows;
    r->q = q;
    for (size_t i = 0; i < q->starts; i++)
        if (q->start[i] > s->y.rows)
            return bram_fail(cx, BRAM_ESHAPE, "start %zu of a free run is row %zu of %zu", i,
                             q->start[i], s->y.rows);
    BRAM_TRY(look(cx, &r->v, m, s, NULL, false));
    BRAM_TRY(bram_mat_scratch(cx, &r->track, q->starts, (lags + q->steps) * m->units));
    BRAM_TRY(bram_mat_scratch(cx, &r->state, q->starts, m->states));
    for (size_t i = 0; i < q->starts; i++) {
        size_t start = q->start[i];
        memcpy(bram_row(&r->state, i), start < s->y.rows ? bram_row(&r->v.state, start) : r->v.next,
               m->states * sizeof(double));
        for (size_t l = 0; l < lags; l++)
            memcpy(bram_row(&r->track, i) + l * m->units,
                   start + l >= lags ? bram_row(&r->v.filled, start + l - lags) : m->mean.data,
                   m->units * sizeof(double));
    }
    return BRAM_OK;
}

/* A mean that is made from means is bounded by what was ever counted. */
static void bound(struct runs *r, size_t h)
{
    const bram_spike_model *m = r->v.m;
    for (size_t i = 0; i < r->q->starts && h > 0; i++) {
        double *to = bram_row(&r->track, i) + (m->phi.rows + h) * m->units;
        for (size_t n = 0; n < m->units; n++) to[n] = fmin(to[n], m->most.data[n]);
    }
}

/* One step of all starts: means to their tracks, states on by one transition. */
static int run_step(bram_ctx *cx, struct runs *r, size_t h)
{
    const bram_spike_model *m = r->v.m;
    struct room room;
    bram_mat moved;
    BRAM_TRY(new_room(cx, &room, m, r->q->starts));
    BRAM_TRY(track_design(cx, &room.design, r, h));
    for (size_t k = 0; k < m->states; k++) {
        bram_mat theta = theta_of(m, k);
        BRAM_TRY(bram_gemm(cx, &room.eta, 1, &room.design, BRAM_AS_IS, &theta, BRAM_AS_IS, 0));
        for (size_t i = 0; i < r->q->starts; i++) {
            double p = bram_row(&r->state, i)[k];
            double *to = bram_row(&r->track, i) + (m->phi.rows + h) * m->units;
            bram_link_apply(m->link, 0, bram_row(&room.eta, i), m->units, room.rate, NULL, NULL,
                            NULL);
            for (size_t n = 0; n < m->units; n++) to[n] += p * room.rate[n];
        }
    }
    bound(r, h);
    BRAM_TRY(bram_mat_scratch(cx, &moved, r->q->starts, m->states));
    BRAM_TRY(bram_gemm(cx, &moved, 1, &r->state, BRAM_AS_IS, &m->transition, BRAM_AS_IS, 0));
    memcpy(r->state.data, moved.data, r->q->starts * m->states * sizeof(double));
    return BRAM_OK;
}

static int answer_free_run(bram_ctx *cx, const bram_spike_model *m, const bram_query *q,
                           bram_dataset *out)
{
    bram_response *mean = NULL;
    struct runs r;
    BRAM_TRY(begin_runs(cx, &r, m, q));
    for (size_t h = 0; h < q->steps; h++) {
        size_t mark = bram_scratch_mark(cx);
        int status = run_step(cx, &r, h);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    BRAM_TRY(bram_forecast_runs(cx, &mean, q));
    size_t size = q->steps * m->units;
    for (size_t i = 0; i < q->starts; i++)
        memcpy(bram_response_f64(mean) + i * size, bram_row(&r.track, i) + m->phi.rows * m->units,
               size * sizeof(double));
    return bram_dataset_add(cx, out, "", mean);
}

/* ---- states and weights --------------------------------------------------------------------- */

static int answer_states(bram_ctx *cx, const bram_spike_model *m, const bram_query *q,
                         bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    struct view v;
    BRAM_TRY(look(cx, &v, m, s, NULL, true));
    bram_mat posterior = bram_mat_rows(v.state, s->first, s->y.rows - s->first);
    return bram_forecast_posterior(cx, out, s, &posterior);
}

/* "weights": influence of unit j on unit i, the sum over kernels, of the state where it is
 * strongest; "state_weights": of each state, a row for j and a column for i in turn; "transition";
 * "choice" (see bram_spike_model). */
static int answer_weights(bram_ctx *cx, const bram_spike_model *m, const bram_query *q,
                          bram_dataset *out)
{
    size_t bumps = m->phi.cols, n = m->units;
    bram_mat most, all;
    BRAM_TRY(bram_mat_scratch(cx, &most, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &all, m->states, n * n));
    for (size_t k = 0; k < m->states; k++) {
        bram_mat theta = theta_of(m, k);
        for (size_t j = 0; j < n; j++)
            for (size_t i = 0; i < n; i++) {
                double sum = 0, *to = bram_row(&most, j) + i;
                for (size_t b = 0; b < bumps; b++) sum += bram_row(&theta, 1 + j * bumps + b)[i];
                bram_row(&all, k)[j * n + i] = sum;
                if (fabs(sum) > fabs(*to)) *to = sum;
            }
    }
    BRAM_TRY(bram_forecast_weights(cx, out, q->panel->unit, &most));
    if (m->states == 1) return BRAM_OK;
    BRAM_TRY(bram_forecast_matrix(cx, out, "state_weights", "state", "pair", &all));
    BRAM_TRY(bram_forecast_matrix(cx, out, "transition", "state", "next", &m->transition));
    return bram_forecast_matrix(cx, out, "choice", "trial", "column", &m->choice);
}

int bram_spike_model_answer(bram_ctx *cx, const void *fitted, const bram_query *q,
                            bram_dataset *out)
{
    const bram_spike_model *m = fitted;
    if (bram_axis_length(q->panel->unit) != m->units)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         bram_axis_length(q->panel->unit), m->units);
    size_t mark = bram_scratch_mark(cx);
    int status = q->ask == BRAM_ASK_FREE_RUN  ? answer_free_run(cx, m, q, out)
                 : q->ask == BRAM_ASK_LOGLIK  ? answer_loglik(cx, m, q, out)
                 : q->ask == BRAM_ASK_STATES  ? answer_states(cx, m, q, out)
                 : q->ask == BRAM_ASK_WEIGHTS ? answer_weights(cx, m, q, out)
                                              : answer_mean(cx, m, q, out);
    bram_scratch_release(cx, mark);
    return status;
}
