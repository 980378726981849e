/*
 * emission.c - what the emissions share; see emission.h.
 */
#include "emission.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

/* One row at a time (Welford 1962). */
void bram_observation_describe(bram_observation *o, const bram_hmm_data *d)
{
    for (size_t u = 0; u < o->units; u++) {
        double n = 0, mean = 0, square = 0;
        for (size_t s = 0; s < d->sequences; s++)
            for (size_t t = 0; t < d->y[s].rows; t++) {
                const uint8_t *there = bram_hmm_present(d, s, t);
                if (there && !there[u]) continue;
                double x = bram_row(&d->y[s], t)[u], before = x - mean;
                mean += before / ++n;
                square += before * (x - mean);
            }
        o->mean[u] = mean;
        o->variance[u] = square > 0 ? square / n : 1;
    }
}

int bram_observation_new(bram_ctx *cx, bram_observation **out, const bram_observation *like)
{
    bram_observation *o = bram_alloc(cx, 1, sizeof *o);
    if (!o) return BRAM_ENOMEM;
    *o = *like;
    o->mean = bram_alloc(cx, o->units, 2 * sizeof *o->mean);
    if (!o->mean) {
        bram_free(o);
        return BRAM_ENOMEM;
    }
    o->variance = o->mean + o->units;
    const bram_emission_kind *k = o->kind;
    o->e = (bram_emission){.name = k->name,
                           .per_state = k->per_state(o),
                           .clusters = k->clusters,
                           .self = o,
                           .loglik = k->loglik,
                           .maximize = k->maximize,
                           .log_prior = k->log_prior,
                           .scatter = k->scatter};
    *out = o;
    return BRAM_OK;
}

void bram_observation_free(bram_observation *o)
{
    if (o) bram_free(o->mean);
    bram_free(o);
}

int bram_emission_block(bram_ctx *cx, bram_mat *y, bram_mat *there, const bram_hmm_data *d,
                        size_t sequence, size_t first, size_t count)
{
    const bram_mat all = bram_mat_rows(d->y[sequence], first, count);
    *there = (bram_mat){0};
    *y = all;
    if (!bram_hmm_present(d, sequence, first)) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, y, count, all.cols));
    BRAM_TRY(bram_mat_scratch(cx, there, count, all.cols));
    for (size_t t = 0; t < count; t++) {
        const uint8_t *mask = bram_hmm_present(d, sequence, first + t);
        for (size_t u = 0; u < all.cols; u++) {
            if (!mask[u]) continue;
            bram_row(y, t)[u] = bram_row(&all, t)[u];
            bram_row(there, t)[u] = 1;
        }
    }
    return BRAM_OK;
}

/* ---- moments -------------------------------------------------------------------------------- */

struct moments {
    const bram_hmm_data *d;
    const bram_mat *posterior;
    size_t states, units;
};

/* sum: K x N weights, then K x N sums */
static int add_moments(bram_ctx *cx, void *user, size_t sequence, size_t first, size_t count,
                       double *sum)
{
    const struct moments *m = user;
    size_t k = m->states, n = m->units;
    bram_mat y, there, g = bram_mat_rows(m->posterior[sequence], first, count);
    bram_mat weight = {sum, k, n, n}, value = {sum + k * n, k, n, n};
    BRAM_TRY(bram_emission_block(cx, &y, &there, m->d, sequence, first, count));
    BRAM_TRY(bram_gemm(cx, &value, 1, &g, BRAM_TRANSPOSED, &y, BRAM_AS_IS, 1));
    if (there.data) return bram_gemm(cx, &weight, 1, &g, BRAM_TRANSPOSED, &there, BRAM_AS_IS, 1);
    for (size_t j = 0; j < k; j++) {
        double total = 0;
        for (size_t t = 0; t < count; t++) total += bram_row(&g, t)[j];
        for (size_t u = 0; u < n; u++) bram_row(&weight, j)[u] += total;
    }
    return BRAM_OK;
}

int bram_emission_moments(bram_ctx *cx, bram_mat *weight, bram_mat *sum, const bram_hmm_data *d,
                          const bram_mat *posterior, size_t states)
{
    struct moments m = {d, posterior, states, weight->cols};
    size_t each = states * m.units, mark = bram_scratch_mark(cx);
    double *both = bram_scratch(cx, each, 2 * sizeof *both);
    int status = both ? bram_hmm_sum(cx, both, 2 * each, d, add_moments, &m) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        memcpy(weight->data, both, each * sizeof *both);
        memcpy(sum->data, both + each, each * sizeof *both);
    }
    bram_scratch_release(cx, mark);
    return status;
}

int bram_emission_weighted_means(bram_ctx *cx, bram_hmm *m, size_t units, const bram_hmm_data *d,
                                 const bram_mat *posterior, double more)
{
    size_t k = m->states, mark = bram_scratch_mark(cx);
    bram_mat weight, sum;
    BRAM_TRY(bram_mat_scratch(cx, &weight, k, units));
    BRAM_TRY(bram_mat_scratch(cx, &sum, k, units));
    BRAM_TRY(bram_emission_moments(cx, &weight, &sum, d, posterior, k));
    for (size_t i = 0; i < k * units; i++)
        if (weight.data[i] > 0) m->state.data[i] = (sum.data[i] + more) / weight.data[i];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- what emissions of independent units share ----------------------------------------------- */

int bram_emission_mean(bram_ctx *cx, const bram_observation *o, const bram_hmm *m,
                       const bram_hmm_data *d, size_t sequence, size_t first, bram_mat *out)
{
    (void)cx, (void)d, (void)sequence, (void)first;
    for (size_t t = 0; t < out->rows; t++)
        for (size_t k = 0; k < m->states; k++)
            memcpy(bram_row(out, t) + k * o->units, bram_row(&m->state, k),
                   o->units * sizeof *out->data);
    return BRAM_OK;
}

int bram_emission_variance_prior(bram_ctx *cx, const bram_emission *e, const bram_hmm *m,
                                 double *value)
{
    (void)cx;
    const bram_observation *o = e->self;
    double sum = 0;
    for (size_t i = 0; i < m->states * o->units; i++) {
        double variance = bram_row(&m->state, i / o->units)[o->units + i % o->units];
        sum -= log(variance) + o->variance[i % o->units] / variance;
    }
    *value = o->prior > 0 ? o->prior / 2 * sum : 0;
    return BRAM_OK;
}
