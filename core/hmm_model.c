/*
 * hmm_model.c - hidden Markov models as numbers: memory, order of the states, sums over rows; see
 * hmm_em.h.
 */
#include "hmm_em.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <string.h>

enum { BLOCK = 1024, RUNS = 16, MOST_NUMBERS = 1 << 23 /* of all runs together */ };

int bram_hmm_new(bram_ctx *cx, bram_hmm *out, size_t states, size_t per_state, size_t shared)
{
    bram_hmm m = {.states = states};
    m.initial = bram_alloc(cx, states, sizeof *m.initial);
    m.transition = bram_alloc(cx, states, states * sizeof *m.transition);
    int status = m.initial && m.transition ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.state, states, per_state);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.shared, 1, shared);
    if (status == BRAM_OK) *out = m;
    else bram_hmm_release(&m);
    return status;
}

void bram_hmm_release(bram_hmm *m)
{
    bram_free(m->initial);
    bram_free(m->transition);
    bram_free(m->state.data);
    bram_free(m->shared.data);
    *m = (bram_hmm){0};
}

void bram_hmm_copy(bram_hmm *to, const bram_hmm *from)
{
    size_t k = from->states;
    memcpy(to->initial, from->initial, k * sizeof *to->initial);
    memcpy(to->transition, from->transition, k * k * sizeof *to->transition);
    memcpy(to->state.data, from->state.data, k * from->state.cols * sizeof(double));
    memcpy(to->shared.data, from->shared.data, from->shared.cols * sizeof(double));
}

int bram_hmm_reorder(bram_ctx *cx, bram_hmm *m, const size_t *order)
{
    size_t k = m->states, width = m->state.cols, mark = bram_scratch_mark(cx);
    double *copy = bram_scratch(cx, k, (1 + k + width) * sizeof *copy);
    if (!copy) return BRAM_ENOMEM;
    double *transition = copy + k, *state = transition + k * k;
    for (size_t i = 0; i < k; i++) {
        copy[i] = m->initial[order[i]];
        for (size_t j = 0; j < k; j++)
            transition[i * k + j] = m->transition[order[i] * k + order[j]];
        memcpy(state + i * width, bram_row(&m->state, order[i]), width * sizeof *state);
    }
    memcpy(m->initial, copy, k * sizeof *copy);
    memcpy(m->transition, transition, k * k * sizeof *copy);
    memcpy(m->state.data, state, k * width * sizeof *copy);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- sums over rows ------------------------------------------------------------------------- */

struct sum {
    const bram_hmm_data *d;
    bram_hmm_add_fn *add;
    void *user;
    double *part; /* runs x n */
    size_t n, blocks, runs;
};

static size_t blocks_of(const bram_hmm_data *d, size_t sequence)
{
    return (d->y[sequence].rows + BLOCK - 1) / BLOCK;
}

static int add_run(bram_ctx *cx, size_t run, void *user)
{
    const struct sum *s = user;
    size_t from = s->blocks * run / s->runs, to = s->blocks * (run + 1) / s->runs, at = 0;
    for (size_t q = 0; q < s->d->sequences && at < to; q++) {
        size_t here = blocks_of(s->d, q), rows = s->d->y[q].rows;
        for (size_t b = at < from ? from - at : 0; b < here && at + b < to; b++) {
            size_t first = b * BLOCK, count = rows - first < BLOCK ? rows - first : BLOCK;
            size_t mark = bram_scratch_mark(cx);
            int status = s->add(cx, s->user, q, first, count, s->part + run * s->n);
            bram_scratch_release(cx, mark);
            BRAM_TRY(status);
        }
        at += here;
    }
    return BRAM_OK;
}

int bram_hmm_sum(bram_ctx *cx, double *sum, size_t n, const bram_hmm_data *d, bram_hmm_add_fn *add,
                 void *user)
{
    struct sum s = {.d = d, .add = add, .user = user, .n = n};
    for (size_t q = 0; q < d->sequences; q++) s.blocks += blocks_of(d, q);
    s.runs = n <= MOST_NUMBERS / RUNS ? RUNS : n < MOST_NUMBERS ? MOST_NUMBERS / n : 1;
    if (s.runs > s.blocks) s.runs = s.blocks;
    size_t mark = bram_scratch_mark(cx);
    s.part = bram_scratch(cx, s.runs, n * sizeof *s.part);
    int status = s.part ? bram_parallel_for(cx, s.runs, add_run, &s) : BRAM_ENOMEM;
    memset(sum, 0, n * sizeof *sum);
    for (size_t r = 0; r < s.runs && status == BRAM_OK; r++)
        for (size_t i = 0; i < n; i++) sum[i] += s.part[r * n + i];
    bram_scratch_release(cx, mark);
    return status;
}
