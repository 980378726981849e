/*
 * hmm_path.c - single paths of a chain: the most probable one, and samples; see hmm.h.
 */
#include "hmm_private.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* delta of the next bin without its likelihood, and where the best path comes from. */
static void best_step(double *next, uint16_t *from, const double *delta, const double *logp,
                      size_t k)
{
    for (size_t j = 0; j < k; j++) {
        size_t best = 0;
        double value = delta[0] + logp[j];
        for (size_t i = 1; i < k; i++) {
            double x = delta[i] + logp[i * k + j];
            if (x > value) value = x, best = i;
        }
        next[j] = value;
        from[j] = (uint16_t)best;
    }
}

static int viterbi(bram_ctx *cx, size_t *path, double *logp, const bram_mat *l,
                   const bram_chain *chain)
{
    size_t k = chain->states, rows = l->rows;
    uint16_t *from = bram_scratch(cx, rows, k * sizeof *from);
    double *p = from ? bram_scratch(cx, k * k + 2 * k, sizeof *p) : NULL;
    if (!p) return BRAM_ENOMEM;
    double *delta = p + k * k, *next = delta + k;
    for (size_t j = 0; j < k; j++) delta[j] = log(chain->initial[j]);
    for (size_t t = 0; t < rows; t++) {
        bool possible = false;
        if (t == 1 || (t > 1 && chain->steps))
            for (size_t i = 0; i < k * k; i++) p[i] = log(bram_chain_step(chain, t - 1)[i]);
        if (t > 0) {
            best_step(next, from + t * k, delta, p, k);
            memcpy(delta, next, k * sizeof *delta);
        }
        for (size_t j = 0; j < k; j++) {
            delta[j] += bram_row(l, t)[j];
            possible = possible || delta[j] > -(double)INFINITY;
        }
        if (!possible)
            return bram_fail(cx, BRAM_ENUMERIC,
                             "bin %zu is impossible: no state that can be reached there has a "
                             "likelihood above 0",
                             t);
        if (t % 4096 == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    size_t best = 0;
    for (size_t j = 1; j < k; j++)
        if (delta[j] > delta[best]) best = j;
    if (logp) *logp = delta[best];
    for (size_t t = rows; t-- > 0;) {
        path[t] = best;
        best = from[t * k + best];
    }
    return BRAM_OK;
}

int bram_hmm_viterbi(bram_ctx *cx, size_t *path, double *logp, const bram_mat *l,
                     const bram_chain *chain)
{
    if (chain->states > UINT16_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%zu states, at most %d can be told apart in a path",
                         chain->states, UINT16_MAX);
    BRAM_TRY(bram_hmm_check(cx, l, chain));
    size_t mark = bram_scratch_mark(cx);
    int status = viterbi(cx, path, logp, l, chain);
    bram_scratch_release(cx, mark);
    return status;
}

size_t bram_hmm_draw(bram_rng *g, const double *weight, size_t n)
{
    double sum = 0, u = bram_rng_uniform(g);
    size_t last = 0; /* with a weight: rounding must not draw one without */
    for (size_t i = 0; i < n; i++) sum += weight[i];
    u *= sum;
    for (size_t i = 0; i < n; i++) {
        if (!(weight[i] > 0)) continue;
        if (u < weight[i]) return i;
        u -= weight[i];
        last = i;
    }
    return last;
}

void bram_hmm_sample(bram_rng *g, size_t *path, size_t rows, const bram_chain *chain)
{
    for (size_t t = 0; t < rows; t++)
        path[t] = t == 0
                      ? bram_hmm_draw(g, chain->initial, chain->states)
                      : bram_hmm_draw(g,
                                      bram_chain_step(chain, t - 1) + path[t - 1] * chain->states,
                                      chain->states);
}
