/*
 * hmm_em.c - expectation and maximization; see hmm_em.h.
 *
 * Transitions: row i of P is proportional to expected transitions + (alpha - 1) + kappa [i = j]; a
 * row with nothing in it (a state never left) becomes uniform. The initial distribution is the mean
 * posterior of the first bins.
 */
#include "hmm_em.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 1024 };

/* What of itself a log posterior may fall by. Steps that gain less than SLOW of it are stretched,
 * by FURTHER more each time up to FARTHEST. */
static const double ROUNDING = 1e-13, SLOW = 3e-5, FURTHER = 1.5, FARTHEST = 4;

/* ---- E-step --------------------------------------------------------------------------------- */

struct expect {
    const bram_hmm *m;
    const bram_emission *e;
    const bram_hmm_data *d;
    bram_mat *posterior;
    size_t *sequence, *first; /* of each block */
    double *pair, *evidence;  /* of each sequence */
};

static int block_loglik(bram_ctx *cx, size_t block, void *user)
{
    const struct expect *x = user;
    size_t s = x->sequence[block], first = x->first[block], rows = x->d->y[s].rows;
    bram_mat l = bram_mat_rows(x->posterior[s], first, rows - first < BLOCK ? rows - first : BLOCK);
    return x->e->loglik(cx, x->e, x->m, x->d, s, first, &l);
}

static int smooth_sequence(bram_ctx *cx, size_t s, void *user)
{
    const struct expect *x = user;
    bram_chain chain = bram_hmm_chain(x->m);
    size_t k = x->m->states;
    if (x->d->y[s].rows == 0) return BRAM_OK;
    int status = bram_hmm_smooth(cx, &x->posterior[s], &chain, x->pair + s * k * k,
                                 &x->evidence[s]);
    return status == BRAM_ENUMERIC ? bram_fail_prefix(cx, status, "sequence %zu", s) : status;
}

static int expect(bram_ctx *cx, struct expect *x, double *pair, double *evidence)
{
    size_t blocks = 0, k = x->m->states, n = x->d->sequences;
    for (size_t s = 0; s < n; s++) blocks += (x->d->y[s].rows + BLOCK - 1) / BLOCK;
    x->sequence = bram_scratch(cx, blocks, 2 * sizeof *x->sequence);
    x->pair = bram_scratch(cx, n, (k * k + 1) * sizeof *x->pair);
    if (!x->sequence || !x->pair) return BRAM_ENOMEM;
    x->first = x->sequence + blocks;
    x->evidence = x->pair + n * k * k;
    blocks = 0;
    for (size_t s = 0; s < n; s++)
        for (size_t first = 0; first < x->d->y[s].rows; first += BLOCK, blocks++)
            x->sequence[blocks] = s, x->first[blocks] = first;
    BRAM_TRY(bram_parallel_for(cx, blocks, block_loglik, x));
    BRAM_TRY(bram_parallel_for(cx, n, smooth_sequence, x));
    *evidence = 0;
    if (pair) memset(pair, 0, k * k * sizeof *pair);
    for (size_t s = 0; s < n; s++) {
        *evidence += x->evidence[s];
        for (size_t i = 0; i < k * k && pair; i++) pair[i] += x->pair[s * k * k + i];
    }
    return BRAM_OK;
}

int bram_hmm_expect(bram_ctx *cx, const bram_hmm *m, const bram_emission *e, const bram_hmm_data *d,
                    bram_mat *posterior, double *pair, double *evidence)
{
    struct expect x = {.m = m, .e = e, .d = d, .posterior = posterior};
    size_t mark = bram_scratch_mark(cx);
    int status = expect(cx, &x, pair, evidence);
    bram_scratch_release(cx, mark);
    return status;
}

struct filtering {
    const bram_hmm *m;
    const bram_emission *e;
    const bram_hmm_data *d;
    double *value;
};

static int filter_sequence(bram_ctx *cx, size_t s, void *user)
{
    const struct filtering *f = user;
    bram_chain chain = bram_hmm_chain(f->m);
    bram_mat l;
    f->value[s] = 0;
    if (f->d->y[s].rows == 0) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &l, f->d->y[s].rows, f->m->states));
    BRAM_TRY(f->e->loglik(cx, f->e, f->m, f->d, s, 0, &l));
    return bram_hmm_filter(cx, NULL, NULL, NULL, &f->value[s], &l, &chain);
}

int bram_hmm_evidence(bram_ctx *cx, double *values, const bram_hmm *m, const bram_emission *e,
                      const bram_hmm_data *d)
{
    struct filtering f = {m, e, d, values};
    return bram_parallel_for(cx, d->sequences, filter_sequence, &f);
}

/* ---- M-step of the chain -------------------------------------------------------------------- */

static void fit_chain(bram_hmm *m, const double *pair, const bram_mat *posterior,
                      const bram_hmm_data *d, const bram_hmm_options *o)
{
    size_t k = m->states;
    for (size_t i = 0; i < k; i++) {
        double *row = m->transition + i * k, sum = 0;
        for (size_t j = 0; j < k; j++) {
            row[j] = pair[i * k + j] + (o->alpha - 1) + (i == j ? o->kappa : 0);
            sum += row[j];
        }
        for (size_t j = 0; j < k; j++) row[j] = sum > 0 ? row[j] / sum : 1 / (double)k;
    }
    if (o->uniform_initial) return;
    double sum = 0;
    for (size_t j = 0; j < k; j++) {
        m->initial[j] = o->pseudo;
        for (size_t s = 0; s < d->sequences; s++)
            if (d->y[s].rows) m->initial[j] += posterior[s].data[j];
        sum += m->initial[j];
    }
    for (size_t j = 0; j < k; j++) m->initial[j] /= sum;
}

static double chain_prior(const bram_hmm *m, const bram_hmm_options *o)
{
    size_t k = m->states;
    double sum = 0;
    for (size_t i = 0; i < k * k; i++) {
        double count = o->alpha - 1 + (i / k == i % k ? o->kappa : 0);
        if (count > 0) sum += count * log(m->transition[i]);
    }
    return sum;
}

/* ---- the loop ------------------------------------------------------------------------------- */

bram_hmm_options bram_hmm_defaults(void)
{
    return (bram_hmm_options){.iterations = 200,
                              .tolerance = 1e-6,
                              .starts = 10,
                              .kmeans = true,
                              .random = true,
                              .smooth = 5,
                              .stay = 0.95,
                              .alpha = 1};
}

void bram_hmm_fit_release(bram_hmm_fit *f)
{
    bram_hmm_release(&f->now);
    bram_hmm_release(&f->best);
    bram_hmm_release(&f->next);
    bram_free(f->occupancy);
    *f = (bram_hmm_fit){0};
}

struct loop {
    bram_hmm_fit *f;
    const bram_emission *e;
    const bram_hmm_data *d;
    const bram_hmm_options *o;
    bram_mat *posterior;
    double *pair;
    size_t starts;
};

static void keep_if_better(struct loop *w, double objective, double evidence)
{
    bram_hmm_fit *f = w->f;
    if (f->found && f->best_start != f->start && !(objective > f->objective)) return;
    if (f->found && f->best_start == f->start && objective < f->objective) return;
    bram_hmm_copy(&f->best, &f->now);
    f->found = true;
    f->objective = objective;
    f->evidence = evidence;
    f->best_start = f->start;
    f->best_iterations = f->iteration;
}

static void tell(bram_ctx *cx, const struct loop *w, double objective)
{
    char what[96];
    snprintf(what, sizeof what, "EM, start %zu of %zu: log posterior %.6g", w->f->start + 1,
             w->starts, objective);
    bram_ctx_progress(cx, what, (double)(w->f->start * w->o->iterations + w->f->iteration),
                      (double)(w->starts * w->o->iterations));
}

/* What the E-step says of a model. */
struct point {
    double evidence, objective;
};

static int look(bram_ctx *cx, struct loop *w, const bram_hmm *m, struct point *p)
{
    double prior = 0;
    BRAM_TRY(bram_hmm_expect(cx, m, w->e, w->d, w->posterior, w->pair, &p->evidence));
    if (w->e->log_prior) BRAM_TRY(w->e->log_prior(cx, w->e, m, &prior));
    p->objective = p->evidence + chain_prior(m, w->o) + prior;
    if (!isfinite(p->objective))
        return bram_fail(cx, BRAM_ENUMERIC, "the log posterior of the model is %g", p->objective);
    return BRAM_OK;
}

/* Where `next` leads that a leap has made. A fall, or a point where nothing is defined: `fell`. */
static int look_after(bram_ctx *cx, struct loop *w, struct point *p, double before, bool *fell)
{
    int status = look(cx, w, &w->f->next, p);
    *fell = status == BRAM_ENUMERIC ||
            (status == BRAM_OK && p->objective < before - ROUNDING * fabs(before));
    return *fell ? BRAM_OK : status;
}

/* next: the M-step from `now`, whose posteriors are there. */
static int step(bram_ctx *cx, struct loop *w,
                int (*maximize)(bram_ctx *, const bram_emission *, bram_hmm *,
                                const bram_hmm_data *, const bram_mat *))
{
    bram_hmm_copy(&w->f->next, &w->f->now);
    fit_chain(&w->f->next, w->pair, w->posterior, w->d, w->o);
    return maximize(cx, w->e, &w->f->next, w->d, w->posterior);
}

/* The M-step, and on a plateau beyond it (overrelaxation: Salakhutdinov and Roweis 2003): further
 * as long as that goes up. What falls is taken back, to the step itself, and if that falls to one
 * that is sure. */
static int leap(bram_ctx *cx, struct loop *w, struct point *p)
{
    bram_hmm_fit *f = w->f;
    const bram_emission *e = w->e;
    double before = p->objective;
    bool far = e->stretch && f->reach > 1, fell;
    BRAM_TRY(step(cx, w, e->leap));
    if (far) e->stretch(e, &f->next, &f->now, f->reach);
    BRAM_TRY(look_after(cx, w, p, before, &fell));
    bool back = far && fell;
    if (back) {
        e->stretch(e, &f->next, &f->now, 1 / f->reach);
        BRAM_TRY(look_after(cx, w, p, before, &fell));
    }
    bool slow = !fell && p->objective - before < SLOW * fabs(before);
    if (fell) {
        BRAM_TRY(look(cx, w, &f->now, p));
        BRAM_TRY(step(cx, w, e->maximize));
        BRAM_TRY(look(cx, w, &f->next, p));
    }
    f->back = back && !fell; /* only now: a leap that is stopped is made again */
    f->reach = slow && !back ? fmin(f->reach * FURTHER, FARTHEST) : 1;
    return BRAM_OK;
}

/* Iterations of one start until it ends. */
static int run_start(bram_ctx *cx, struct loop *w)
{
    bram_hmm_fit *f = w->f;
    struct point p;
    BRAM_TRY(bram_ctx_check_cancel(cx));
    BRAM_TRY(look(cx, w, &f->now, &p));
    for (;;) {
        double gain = f->iteration > 0 ? p.objective - f->last : INFINITY;
        double size = fabs(p.objective), before = p.objective;
        if (-gain > f->fall * size) f->fall = size > 0 ? -gain / size : 0;
        keep_if_better(w, p.objective, p.evidence);
        tell(cx, w, p.objective);
        bool ended = gain <= w->o->tolerance * size && !f->back;
        if (ended || f->iteration == w->o->iterations) return BRAM_OK;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        if (w->e->leap) BRAM_TRY(leap(cx, w, &p));
        else {
            BRAM_TRY(step(cx, w, w->e->maximize));
            BRAM_TRY(look(cx, w, &f->next, &p));
        }
        bram_hmm_copy(&f->now, &f->next);
        f->last = before;
        f->iteration++;
    }
}

/* States of the best by falling occupancy; equal ones keep their order. */
static int order_states(bram_ctx *cx, struct loop *w)
{
    bram_hmm_fit *f = w->f;
    size_t k = f->best.states, *order = bram_scratch(cx, k, sizeof *order);
    double *rows = bram_scratch(cx, k, sizeof *rows), evidence;
    if (!order || !rows) return BRAM_ENOMEM;
    BRAM_TRY(bram_hmm_expect(cx, &f->best, w->e, w->d, w->posterior, NULL, &evidence));
    for (size_t s = 0; s < w->d->sequences; s++)
        for (size_t i = 0; i < w->d->y[s].rows * k; i++) rows[i % k] += w->posterior[s].data[i];
    for (size_t i = 0; i < k; i++) {
        size_t at = i;
        for (; at > 0 && rows[i] > rows[order[at - 1]]; at--) order[at] = order[at - 1];
        order[at] = i;
    }
    f->unvisited = 0;
    for (size_t i = 0; i < k; i++) {
        f->occupancy[i] = rows[order[i]];
        f->unvisited += rows[i] < 1e-3;
    }
    return bram_hmm_reorder(cx, &f->best, order);
}

static int prepare(bram_ctx *cx, struct loop *w, size_t states)
{
    bram_hmm_fit *f = w->f;
    size_t n = w->d->sequences, rows = 0;
    for (size_t s = 0; s < n; s++) rows += w->d->y[s].rows;
    if (rows == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "a hidden Markov model needs 1 row or more");
    double *memory = bram_scratch(cx, rows, states * sizeof *memory);
    w->posterior = bram_scratch(cx, n, sizeof *w->posterior);
    w->pair = bram_scratch(cx, states, states * sizeof *w->pair);
    if (!memory || !w->posterior || !w->pair) return BRAM_ENOMEM;
    for (size_t s = 0; s < n; s++) {
        w->posterior[s] = (bram_mat){memory, w->d->y[s].rows, states, states};
        memory += w->d->y[s].rows * states;
    }
    bram_hmm *models[] = {&f->now, &f->best, &f->next};
    for (size_t i = 0; i < 3; i++)
        if (!models[i]->initial)
            BRAM_TRY(bram_hmm_new(cx, models[i], states, w->e->per_state, w->e->shared));
    if (!f->occupancy) f->occupancy = bram_alloc(cx, states, sizeof *f->occupancy);
    return f->occupancy ? BRAM_OK : BRAM_ENOMEM;
}

static int run(bram_ctx *cx, struct loop *w, size_t states, const bram_hmm *given)
{
    bram_hmm_fit *f = w->f;
    BRAM_TRY(prepare(cx, w, states));
    for (; f->start < w->starts; f->start++, f->iteration = 0) {
        if (f->iteration == 0) f->reach = 1, f->back = false;
        if (f->iteration == 0 && given) bram_hmm_copy(&f->now, given);
        else if (f->iteration == 0)
            BRAM_TRY(bram_hmm_start(cx, &f->now, f->start, w->e, w->d, w->o, w->posterior));
        BRAM_TRY(run_start(cx, w));
    }
    return order_states(cx, w);
}

int bram_hmm_em(bram_ctx *cx, bram_hmm_fit *f, size_t states, const bram_emission *e,
                const bram_hmm_data *d, const bram_hmm_options *o)
{
    /* one state has one maximum, whatever the start */
    struct loop w = {f, e, d, o, NULL, NULL, states == 1 ? 1 : o->starts};
    size_t mark = bram_scratch_mark(cx);
    int status = run(cx, &w, states, NULL);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_hmm_em_from(bram_ctx *cx, bram_hmm_fit *f, const bram_hmm *start, const bram_emission *e,
                     const bram_hmm_data *d, const bram_hmm_options *o)
{
    struct loop w = {f, e, d, o, NULL, NULL, 1};
    size_t mark = bram_scratch_mark(cx);
    int status = run(cx, &w, start->states, start);
    bram_scratch_release(cx, mark);
    return status;
}
