/*
 * hmm_em.h - hidden Markov models fitted by expectation and maximization (Baum et al. 1970), for
 * any emission.
 *
 * A model is a chain (hmm.h) and numbers: a row for each state and a row common to all. What they
 * mean is the emission's: it gives log-likelihoods of rows and, from the posterior of the states,
 * better numbers. So copies, orders of states, files and checkpoints know nothing of emissions.
 *
 * Threads: log-likelihoods go through bram_parallel_for by blocks of rows, the recursions by
 * sequences, an M-step by bram_hmm_sum. The partition depends on the data's shape alone.
 *
 * Memory beyond the data: 8 bytes x rows x states, and what the emission's M-step takes.
 */
#ifndef BRAMBLE_CORE_HMM_EM_H
#define BRAMBLE_CORE_HMM_EM_H

#include "hmm.h"

typedef struct bram_hmm {
    size_t states;      /* K */
    double *initial;    /* K */
    double *transition; /* K x K */
    bram_mat state;     /* K x (numbers of a state) */
    bram_mat shared;    /* 1 x (numbers common to the states) */
} bram_hmm;

/** All zeros, on the heap; released by bram_hmm_release (also after {0}). */
int bram_hmm_new(bram_ctx *cx, bram_hmm *out, size_t states, size_t per_state,
                 size_t shared) BRAM_MUST_CHECK;
void bram_hmm_release(bram_hmm *m);

/** Copies between models of one shape. */
void bram_hmm_copy(bram_hmm *to, const bram_hmm *from);

/** State order[k] becomes state k. Scratch memory of one model. */
int bram_hmm_reorder(bram_ctx *cx, bram_hmm *m, const size_t *order) BRAM_MUST_CHECK;

static inline bram_chain bram_hmm_chain(const bram_hmm *m)
{
    return (bram_chain){m->states, m->initial, m->transition, 0};
}

/** Sequences that share a model. Each begins anew with the initial distribution. */
typedef struct bram_hmm_data {
    size_t sequences;
    const bram_mat *y; /* rows x units of each */
    const uint8_t *const
        *present;          /* of each: rows x units, packed; NULL (also of one): all there */
    const bram_mat *x;     /* rows x covariates of each; NULL: none */
    const size_t *context; /* rows that lie before the first of each y (and of its mask):
                              known, for emissions that look back; NULL: none */
} bram_hmm_data;

/** @return the mask of a row, or NULL when all is there */
static inline const uint8_t *bram_hmm_present(const bram_hmm_data *d, size_t sequence, size_t row)
{
    const uint8_t *p = d->present ? d->present[sequence] : NULL;
    return p ? p + row * d->y[sequence].cols : NULL;
}

typedef struct bram_emission bram_emission;
struct bram_emission {
    const char *name;
    size_t per_state, shared; /* how many numbers */
    bool clusters;            /* k-means on y makes sense as a start */
    const void *self;         /* what the functions need beside; theirs */

    /** l[i][k] = log p(y of row first + i | state k, the past); l is count x K. From any thread. */
    int (*loglik)(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l);

    /**
     * Sets the numbers of m to a maximum over them of
     *   sum over rows and states of posterior * l + log_prior,
     * or to something above what it was. posterior: rows x K of each sequence. Whatever m holds
     * before (zeros at a start) must do as a beginning.
     */
    int (*maximize)(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior);

    /** As maximize, but not made sure that it goes up: EM looks at the log posterior of the result,
     *  and takes maximize where it has fallen. NULL: none. */
    int (*leap)(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                const bram_mat *posterior);

    /** Moves the numbers of m, which a leap from those of `from` has given, to `by` times as far
     *  from there. NULL: they cannot go beyond. */
    void (*stretch)(const bram_emission *e, bram_hmm *m, const bram_hmm *from, double by);

    /** Log prior density of the numbers, up to a constant; NULL: flat. */
    int (*log_prior)(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, double *value);

    /** Moves the states of a one-state fit apart, for a random start; NULL: such a start is an
     *  M-step on random stretches instead. */
    int (*scatter)(bram_ctx *cx, const bram_emission *e, bram_hmm *m, bram_rng *g);
};

/** Adds to sum (n numbers) what rows first .. first + count - 1 of a sequence give. */
typedef int bram_hmm_add_fn(bram_ctx *cx, void *user, size_t sequence, size_t first, size_t count,
                            double *sum);

/**
 * Sums over all rows, in parallel and in an order that depends on their number alone: blocks of at
 * most 1,024 rows in up to 16 runs (fewer where n is large), each with n numbers of its own.
 *
 * @param sum  receives n numbers; not defined on failure
 */
int bram_hmm_sum(bram_ctx *cx, double *sum, size_t n, const bram_hmm_data *d, bram_hmm_add_fn *add,
                 void *user) BRAM_MUST_CHECK;

/**
 * The E-step: posterior of every row (memory of the caller: posterior[s] is rows x K).
 *
 * @param pair      K x K, receives the expected transitions; may be NULL
 * @param evidence  receives the sum of log p(y) over the sequences
 * @return BRAM_OK; BRAM_ENUMERIC (sequence and bin named); errors of the emission
 */
int bram_hmm_expect(bram_ctx *cx, const bram_hmm *m, const bram_emission *e, const bram_hmm_data *d,
                    bram_mat *posterior, double *pair, double *evidence) BRAM_MUST_CHECK;

/** log p(y) of each sequence (values: d->sequences), by the filter; needs one sequence's l. */
int bram_hmm_evidence(bram_ctx *cx, double *values, const bram_hmm *m, const bram_emission *e,
                      const bram_hmm_data *d) BRAM_MUST_CHECK;

typedef struct bram_hmm_options {
    size_t iterations;   /* most of them for a start */
    double tolerance;    /* it ends when the log posterior gains less than this share of itself */
    size_t starts;       /* 1 or more; the best log posterior is kept */
    bool kmeans, random; /* kinds of starts, taken in turn when both */
    size_t smooth;       /* k-means sees means over this many rows (odd) */
    double stay;         /* diagonal of the first transition matrix */
    double alpha, kappa; /* Dirichlet prior of the rows; kappa more on the diagonal */
    double pseudo;       /* added to the expected number of times that a sequence begins in a state;
                            ssm has 1e-8 */
    bool uniform_initial; /* the initial distribution is not fitted */
    uint64_t seed;
} bram_hmm_options;

/** 200 iterations, 1e-6, 10 starts of both kinds, 5 rows, 0.95, alpha 1, kappa 0. */
bram_hmm_options bram_hmm_defaults(void);

/**
 * Where a fit stands. All zero before the first call; after BRAM_ECANCEL another call with it goes
 * on as if nothing had been. best is the result, or the best so far: it is in order of falling
 * occupancy once the fit has ended.
 */
typedef struct bram_hmm_fit {
    size_t start, iteration;  /* the next */
    bram_hmm now, best, next; /* next: where an M-step works, so that one that stops half-way
                                 leaves `now` as it was */
    double last, objective;   /* log posterior: of `now` one step before, of best */
    double reach;             /* how far the next step is stretched, 1 or more */
    bool back;                /* the last one was stretched too far: its gain tells of no end */
    double evidence;          /* log p(y) of best */
    bool found;               /* best holds something */
    size_t best_iterations, best_start;
    double fall;       /* the largest fall of the log posterior in a step, of itself */
    double *occupancy; /* K expected rows of each state of best */
    size_t unvisited;  /* states of best with less than a thousandth of a row */
} bram_hmm_fit;

void bram_hmm_fit_release(bram_hmm_fit *f);

/**
 * Fits. Progress goes to bram_ctx_progress after every iteration ("EM, start 2 of 10: ...").
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE without a row; BRAM_ENUMERIC, with the sequence and bin;
 *         BRAM_ECANCEL; BRAM_ENOMEM; errors of the emission
 */
int bram_hmm_em(bram_ctx *cx, bram_hmm_fit *f, size_t states, const bram_emission *e,
                const bram_hmm_data *d, const bram_hmm_options *o) BRAM_MUST_CHECK;

/** EM from a given model (f->now set, chain included), one start. As bram_hmm_em otherwise. */
int bram_hmm_em_from(bram_ctx *cx, bram_hmm_fit *f, const bram_hmm *start, const bram_emission *e,
                     const bram_hmm_data *d, const bram_hmm_options *o) BRAM_MUST_CHECK;

/**
 * Numbers for the states of m from a start of its own: kind by o and start (hmm_start.c). The chain
 * is the uniform one with o->stay on the diagonal. posterior: memory, as for bram_hmm_expect.
 */
int bram_hmm_start(bram_ctx *cx, bram_hmm *m, size_t start, const bram_emission *e,
                   const bram_hmm_data *d, const bram_hmm_options *o,
                   bram_mat *posterior) BRAM_MUST_CHECK;

#endif
