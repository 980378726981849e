/*
 * state_answer.c - answers of the models with hidden states; see state_model.h.
 */
#include "state_model.h"

#include "forecast.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 256 }; /* rows whose means or densities are made at a time */

/* A segment with what the chain says about its rows. */
struct asked {
    const bram_state_model *m;
    const bram_query *q;
    const bram_segment *s;
    bram_hmm_data d;
    bram_mat states; /* rows x K: predictions or posterior */
    double *next;    /* K: prediction after the last row */
};

static int prepare(bram_ctx *cx, struct asked *a, const bram_state_model *m, const bram_query *q,
                   bool smooth)
{
    *a = (struct asked){.m = m, .q = q, .s = &q->panel->segment[q->segment]};
    const uint8_t *held_out = q->ask == BRAM_ASK_COSMOOTH ? q->held_out : NULL;
    size_t rows = a->s->y.rows, k = m->m.states;
    bram_chain chain = bram_hmm_chain(&m->m);
    bram_mat l;
    BRAM_TRY(bram_state_data_one(cx, &a->d, m, q->panel, q->segment, true, false, held_out));
    BRAM_TRY(bram_mat_scratch(cx, &a->states, rows, k));
    a->next = bram_scratch(cx, k, sizeof *a->next);
    if (!a->next) return BRAM_ENOMEM;
    memcpy(a->next, m->m.initial, k * sizeof *a->next); /* where there is no row */
    if (rows == 0) return BRAM_OK;
    if (smooth) l = a->states;
    else BRAM_TRY(bram_mat_scratch(cx, &l, rows, k));
    BRAM_TRY(m->o->e.loglik(cx, &m->o->e, &m->m, &a->d, 0, 0, &l));
    if (smooth) return bram_hmm_smooth(cx, &l, &chain, NULL, NULL);
    return bram_hmm_filter(cx, &a->states, a->next, NULL, NULL, &l, &chain);
}

/* sum over k of p[k] value[k * n + u] for the kept units; training means for the others */
static void mix(double *out, const bram_state_model *m, const double *p, const double *value)
{
    size_t n = m->o->units;
    memcpy(out, m->mean.data, m->mean.cols * sizeof *out);
    for (size_t i = 0; i < n; i++) out[m->kept[i]] = 0;
    for (size_t k = 0; k < m->m.states; k++)
        for (size_t i = 0; i < n; i++) out[m->kept[i]] += p[k] * value[k * n + i];
}

/* Means of the target rows: given the states, and with `row` the seen units of the row too. */
static int fill_means(bram_ctx *cx, double *out, const struct asked *a, bool row)
{
    const bram_state_model *m = a->m;
    const bram_emission_kind *kind = m->o->kind;
    size_t first = a->s->first, count = a->s->y.rows - first, mark = bram_scratch_mark(cx);
    bram_mat value;
    BRAM_TRY(bram_mat_scratch(cx, &value, CHUNK, m->m.states * m->o->units));
    for (size_t done = 0; done < count; done += value.rows) {
        value.rows = count - done < CHUNK ? count - done : CHUNK;
        BRAM_TRY((row && kind->given ? kind->given : kind->mean)(cx, m->o, &m->m, &a->d, 0,
                                                                 first + done, &value));
        for (size_t t = 0; t < value.rows; t++)
            mix(out + (done + t) * m->mean.cols, m, bram_row(&a->states, first + done + t),
                bram_row(&value, t));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int answer_rows(bram_ctx *cx, const bram_state_model *m, const bram_query *q,
                       bram_dataset *out)
{
    struct asked a;
    bool cosmooth = q->ask == BRAM_ASK_COSMOOTH;
    bram_response *r = NULL;
    size_t units = m->mean.cols;
    BRAM_TRY(prepare(cx, &a, m, q, cosmooth));
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", a.s, q->panel->unit));
    int status = fill_means(cx, bram_response_f64(r), &a, cosmooth);
    uint8_t *mask = cosmooth && status == BRAM_OK ? bram_response_mask(cx, r) : NULL;
    if (cosmooth && status == BRAM_OK && !mask) status = BRAM_ENOMEM;
    for (size_t i = 0; mask && i < bram_response_count(r); i++) mask[i] = q->held_out[i % units];
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- density -------------------------------------------------------------------------------- */

/* One row: units in order, each given those before it; weight holds log p(state | rows before). */
static void chain_units(double *out, uint8_t *mask, double *weight, const struct asked *a,
                        size_t row, const double *density)
{
    const bram_state_model *m = a->m;
    const uint8_t *there = bram_hmm_present(&a->d, 0, row);
    size_t n = m->o->units, k = m->m.states;
    for (size_t i = 0; i < n; i++) {
        double max = -(double)INFINITY, sum = 0;
        if (there && !there[i]) continue;
        for (size_t j = 0; j < k; j++) {
            weight[j] += density[j * n + i];
            max = weight[j] > max ? weight[j] : max;
        }
        for (size_t j = 0; j < k; j++) sum += exp(weight[j] - max);
        max += log(sum);
        for (size_t j = 0; j < k; j++) weight[j] -= max;
        out[m->kept[i]] = max;
        mask[m->kept[i]] = isfinite(max);
    }
}

static int fill_densities(bram_ctx *cx, double *out, uint8_t *mask, const struct asked *a)
{
    const bram_state_model *m = a->m;
    size_t first = a->s->first, count = a->s->y.rows - first, units = m->mean.cols;
    size_t mark = bram_scratch_mark(cx);
    bram_mat value;
    double *weight = bram_scratch(cx, m->m.states, sizeof *weight);
    if (!weight) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &value, CHUNK, m->m.states * m->o->units));
    for (size_t done = 0; done < count; done += value.rows) {
        value.rows = count - done < CHUNK ? count - done : CHUNK;
        BRAM_TRY(m->o->kind->density(cx, m->o, &m->m, &a->d, 0, first + done, &value));
        for (size_t t = 0; t < value.rows; t++) {
            const double *p = bram_row(&a->states, first + done + t);
            for (size_t k = 0; k < m->m.states; k++) weight[k] = log(p[k]);
            chain_units(out + (done + t) * units, mask + (done + t) * units, weight, a,
                        first + done + t, bram_row(&value, t));
        }
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int answer_density(bram_ctx *cx, const bram_state_model *m, const bram_query *q,
                          bram_dataset *out)
{
    struct asked a;
    bram_response *r = NULL;
    BRAM_TRY(prepare(cx, &a, m, q, false));
    BRAM_TRY(bram_forecast_rows(cx, &r, "logdensity", a.s, q->panel->unit));
    uint8_t *mask = bram_response_mask(cx, r);
    if (mask) memset(mask, 0, bram_response_count(r));
    int status = mask ? fill_densities(cx, bram_response_f64(r), mask, &a) : BRAM_ENOMEM;
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- free run ------------------------------------------------------------------------------- */

/* The rows that a free run looks back at, then its own. */
struct track {
    bram_mat y; /* lags + steps rows of the kept units; the first `past` are of the segment */
    uint8_t *mask;
    size_t past;
};

static void begin_track(struct track *k, const struct asked *a, size_t start)
{
    const bram_mat *y = &a->d.y[0];
    size_t n = a->m->o->units, lags = a->m->o->lags;
    k->past = start < lags ? start : lags;
    memset(k->mask, 0, k->y.rows * n);
    for (size_t i = 0; i < k->past; i++) {
        size_t row = start - k->past + i;
        const uint8_t *there = bram_hmm_present(&a->d, 0, row);
        memcpy(bram_row(&k->y, i), bram_row(y, row), n * sizeof *y->data);
        if (there) memcpy(k->mask + i * n, there, n);
        else memset(k->mask + i * n, 1, n);
    }
}

/* One start: means of `steps` rows, fed back. */
static int run_track(bram_ctx *cx, double *out, struct track *k, const struct asked *a,
                     size_t start)
{
    const bram_state_model *m = a->m;
    size_t n = m->o->units, states = m->m.states;
    bram_mat value;
    double *p = bram_scratch(cx, 2 * states, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &value, 1, states * n));
    memcpy(p, start < a->states.rows ? bram_row(&a->states, start) : a->next, states * sizeof *p);
    begin_track(k, a, start);
    const bram_mat y = bram_mat_rows(k->y, k->past, a->q->steps);
    const uint8_t *mask = k->mask + k->past * n;
    bram_hmm_data d = {.sequences = 1, .y = &y, .present = &mask, .context = &k->past};
    for (size_t h = 0; h < a->q->steps; h++) {
        double *to = out + h * m->mean.cols, *then = p + states;
        BRAM_TRY(m->o->kind->mean(cx, m->o, &m->m, &d, 0, h, &value));
        mix(to, m, p, value.data);
        for (size_t i = 0; i < n; i++) bram_row(&y, h)[i] = to[m->kept[i]];
        memset(k->mask + (k->past + h) * n, 1, n);
        for (size_t j = 0; j < states; j++) {
            then[j] = 0;
            for (size_t i = 0; i < states; i++) then[j] += p[i] * m->m.transition[i * states + j];
        }
        memcpy(p, then, states * sizeof *p);
    }
    return BRAM_OK;
}

static int run_tracks(bram_ctx *cx, double *out, const struct asked *a)
{
    struct track k;
    size_t n = a->m->o->units;
    BRAM_TRY(bram_mat_scratch(cx, &k.y, a->m->o->lags + a->q->steps, n));
    k.mask = bram_scratch(cx, k.y.rows, n);
    if (!k.mask) return BRAM_ENOMEM;
    for (size_t i = 0; i < a->q->starts; i++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(run_track(cx, out + i * a->q->steps * a->m->mean.cols, &k, a, a->q->start[i]));
        bram_scratch_release(cx, mark);
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return BRAM_OK;
}

static int answer_free_run(bram_ctx *cx, const bram_state_model *m, const bram_query *q,
                           bram_dataset *out)
{
    struct asked a;
    bram_response *r = NULL;
    BRAM_TRY(prepare(cx, &a, m, q, false));
    BRAM_TRY(bram_forecast_runs(cx, &r, q));
    int status = run_tracks(cx, bram_response_f64(r), &a);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- states and weights --------------------------------------------------------------------- */

/* The posterior; and, with two states or more, "transition" and "choice" (state_model.h). */
static int answer_states(bram_ctx *cx, const bram_state_model *m, const bram_query *q,
                         bram_dataset *out)
{
    struct asked a;
    BRAM_TRY(prepare(cx, &a, m, q, true));
    bram_mat posterior = bram_mat_rows(a.states, a.s->first, a.s->y.rows - a.s->first);
    BRAM_TRY(bram_forecast_posterior(cx, out, a.s, &posterior));
    bram_mat transition = {m->m.transition, m->m.states, m->m.states, m->m.states};
    if (m->m.states == 1) return BRAM_OK;
    BRAM_TRY(bram_forecast_matrix(cx, out, "transition", "from_state", "next", &transition));
    return bram_forecast_matrix(cx, out, "choice", "trial", "column", &m->choice);
}

/* Autoregressive weights, summed over lags, averaged over states by their occupancy. */
static int answer_weights(bram_ctx *cx, const bram_state_model *m, const bram_query *q,
                          bram_dataset *out)
{
    size_t n = m->o->units, width = m->o->e.per_state / n - n;
    double total = 0;
    bram_mat w;
    if (bram_axis_length(q->panel->unit) != m->mean.cols)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         bram_axis_length(q->panel->unit), m->mean.cols);
    BRAM_TRY(bram_mat_scratch(cx, &w, m->mean.cols, m->mean.cols));
    for (size_t k = 0; k < m->m.states; k++) total += m->occupancy.data[k];
    for (size_t k = 0; k < m->m.states; k++)
        for (size_t i = 0; i < n; i++) {
            const double *row = bram_row(&m->m.state, k) + i * width + 1;
            for (size_t j = 0; j < n * m->o->lags; j++)
                bram_row(&w, m->kept[j % n])[m->kept[i]] += row[j] * m->occupancy.data[k] / total;
        }
    return bram_forecast_weights(cx, out, q->panel->unit, &w);
}

static int answer(bram_ctx *cx, const bram_state_model *m, const bram_query *q, bram_dataset *out)
{
    switch (q->ask) {
    case BRAM_ASK_STEP:
        return answer_rows(cx, m, q, out);
    case BRAM_ASK_COSMOOTH:
        if (!q->held_out)
            return bram_fail(cx, BRAM_ESHAPE, "nothing says which units are held out");
        return answer_rows(cx, m, q, out);
    case BRAM_ASK_FREE_RUN:
        return answer_free_run(cx, m, q, out);
    case BRAM_ASK_LOGLIK:
        return answer_density(cx, m, q, out);
    case BRAM_ASK_STATES:
        return answer_states(cx, m, q, out);
    case BRAM_ASK_WEIGHTS:
        return answer_weights(cx, m, q, out);
    default:
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "hidden states do not answer question %d",
                         (int)q->ask);
    }
}

int bram_state_model_answer(bram_ctx *cx, const void *fitted, const bram_query *query,
                            bram_dataset *out)
{
    size_t mark = bram_scratch_mark(cx);
    int status = answer(cx, fitted, query, out);
    bram_scratch_release(cx, mark);
    return status;
}
