/*
 * rdm.c - representational dissimilarity matrices of responses: checks, and which estimator; see
 * rdm.h.
 */
#include "rdm_parts.h"

#include "internal.h"
#include "sums.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { MAX_CONDITIONS = 1 << 16 };

static const char *const names[] = {"euclidean",  "correlation", "cosine",    "mahalanobis",
                                    "crossnobis", "poisson",     "poisson_cv"};

const char *bram_rdm_kind_name(bram_rdm_kind kind)
{
    return names[kind];
}

bool bram_rdm_kind_find(bram_rdm_kind *out, const char *name)
{
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (!strcmp(name, names[k])) {
            *out = (bram_rdm_kind)k;
            return true;
        }
    return false;
}

static bool is_poisson(bram_rdm_kind kind)
{
    return kind == BRAM_RDM_POISSON || kind == BRAM_RDM_POISSON_CV;
}

static bool is_crossvalidated(bram_rdm_kind kind)
{
    return kind == BRAM_RDM_CROSSNOBIS || kind == BRAM_RDM_POISSON_CV;
}

/* ---- checks --------------------------------------------------------------------------------- */

static int check_options(bram_ctx *cx, const bram_rdm_options *o, size_t folds)
{
    const char *name = bram_rdm_kind_name(o->kind);
    if (o->precisions && o->kind != BRAM_RDM_MAHALANOBIS && o->kind != BRAM_RDM_CROSSNOBIS)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s has no use for a noise precision; mahalanobis and crossnobis have",
                         name);
    bool each = o->kind == BRAM_RDM_CROSSNOBIS && !o->unbalanced;
    if (o->precisions > 1 && (!each || o->precisions != folds))
        return bram_fail(cx, BRAM_EUSAGE, "%zu noise precisions, expected one%s", o->precisions,
                         each ? ", or one for each fold" : "");
    if (o->remove_mean && is_poisson(o->kind))
        return bram_fail(cx, BRAM_EUSAGE, "%s is of rates: their mean cannot be removed", name);
    if ((o->missing == BRAM_RDM_KERNEL || o->equal_weights) && !o->unbalanced)
        return bram_fail(cx, BRAM_EUSAGE,
                         "missing values by kernels, and weights of pairs of rows, belong to the "
                         "unbalanced estimators");
    if (o->unbalanced && o->kind == BRAM_RDM_COSINE)
        return bram_fail(cx, BRAM_EUSAGE, "there is no unbalanced form of cosine");
    if (is_poisson(o->kind) && !(o->prior_weight >= 0 && o->prior_rate >= 0))
        return bram_fail(cx, BRAM_EUSAGE, "a prior rate of %g with weight %g, expected 0 or more",
                         o->prior_rate, o->prior_weight);
    return BRAM_OK;
}

/* Passes over everything are cut into tasks of so many rows, or pairs. */
enum { ROW_BLOCK = 256, PAIR_BLOCK = 1 << 18 };

struct values {
    const bram_side *side;
    const bram_rdm_options *options;
};

static int check_block(bram_ctx *cx, size_t block, void *user)
{
    const struct values *v = user;
    const bram_side *side = v->side;
    const bram_rdm_options *o = v->options;
    double floor = is_poisson(o->kind) ? -o->prior_weight * o->prior_rate : -INFINITY;
    size_t first = block * ROW_BLOCK, end = first + ROW_BLOCK;
    for (size_t i = first; i < end && i < side->values.rows; i++) {
        const double *x = bram_row(&side->values, i);
        const uint8_t *present = side->present ? side->present + i * side->values.cols : NULL;
        if (!is_poisson(o->kind) && bram_all_finite(x, side->values.cols)) continue;
        for (size_t k = 0; k < side->values.cols; k++) {
            if ((isfinite(x[k]) && x[k] > floor) || (present && !present[k])) continue;
            if (isfinite(x[k]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "condition %zu, channel %zu is %g, expected a count or rate above "
                                 "%g for %s",
                                 i, k, x[k], floor, bram_rdm_kind_name(o->kind));
            return bram_fail(cx, BRAM_ENUMERIC,
                             "condition %zu, channel %zu is %g, expected a "
                             "number (what is missing is masked)",
                             i, k, x[k]);
        }
    }
    return BRAM_OK;
}

static int check_values(bram_ctx *cx, const bram_side *side, const bram_rdm_options *o)
{
    struct values v = {side, o};
    return bram_parallel_for(cx, (side->values.rows + ROW_BLOCK - 1) / ROW_BLOCK, check_block, &v);
}

static int check(bram_ctx *cx, const bram_side *side, const bram_rdm_design *g,
                 const bram_rdm_options *o, size_t n)
{
    size_t rows = side->values.rows, p = side->values.cols;
    if (rows == 0 || p == 0 || n > MAX_CONDITIONS)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu conditions x %zu channels, expected 1 to %d conditions "
                         "and a channel or more",
                         n, p, MAX_CONDITIONS);
    if (is_crossvalidated(o->kind) && (!g || !g->condition) && !o->unbalanced)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s compares folds: say which rows are of one condition and, unless they "
                         "stand in the same order, of which fold (run, repeat)",
                         bram_rdm_kind_name(o->kind));
    BRAM_TRY(check_options(cx, o, g ? g->folds : 0));
    BRAM_TRY(bram_rdm_design_check(cx, g, rows));
    BRAM_TRY(check_values(cx, side, o));
    size_t budget = bram_ctx_memory(cx);
    double bytes = 8.0 * (2.0 * (double)rows * (double)p + (double)bram_rdm_pairs(n));
    if (budget && bytes > (double)budget)
        return bram_fail(cx, BRAM_EMEMORY,
                         "the RDM of %zu conditions x %zu channels needs %.0f "
                         "bytes, the budget is %zu",
                         n, p, bytes, budget);
    return BRAM_OK;
}

/* ---- estimates ------------------------------------------------------------------------------ */

static int balanced(bram_ctx *cx, double *d, const bram_side *side, const bram_rdm_design *g,
                    const bram_rdm_options *o)
{
    bram_rdm_patterns a;
    bram_rdm_noise noise = {0};
    BRAM_TRY(bram_rdm_average(cx, &a, side, g, is_crossvalidated(o->kind), o->remove_mean));
    if (a.present) return bram_rdm_masked(cx, d, &a, o);
    BRAM_TRY(bram_rdm_noise_new(cx, &noise, o, NULL, a.x.cols));
    return bram_rdm_complete(cx, d, &a, &noise, o);
}

struct result {
    const double *d;
    size_t pairs;
    bool may_be_undefined;
};

static int check_pairs(bram_ctx *cx, size_t block, void *user)
{
    const struct result *r = user;
    size_t first = block * PAIR_BLOCK, left = r->pairs - first;
    size_t end = first + (left < PAIR_BLOCK ? left : PAIR_BLOCK);
    if (bram_all_finite(r->d + first, end - first)) return BRAM_OK;
    for (size_t k = first; k < end; k++)
        if (isinf(r->d[k]) || (isnan(r->d[k]) && !r->may_be_undefined))
            return bram_fail(cx, BRAM_ENUMERIC, "the values are too large for their distances");
    return BRAM_OK;
}

/* Too large, or undefined for no reason that the estimator knows. */
static int check_result(bram_ctx *cx, const double *d, size_t pairs, bool may_be_undefined)
{
    struct result r = {d, pairs, may_be_undefined};
    return bram_parallel_for(cx, (pairs + PAIR_BLOCK - 1) / PAIR_BLOCK, check_pairs, &r);
}

int bram_rdm_estimate(bram_ctx *cx, double **out, const bram_side *side,
                      const bram_rdm_design *design, const bram_rdm_options *options)
{
    bram_rdm_options o = *options;
    size_t n = design && design->condition ? design->conditions : side->values.rows;
    if (!o.has_prior) o.prior_rate = 1, o.prior_weight = 0.1;
    BRAM_TRY(check(cx, side, design, &o, n));
    double *d = bram_alloc(cx, bram_rdm_pairs(n), sizeof *d);
    if (!d) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = o.unbalanced ? bram_rdm_unbalanced(cx, d, side, design, &o)
                              : balanced(cx, d, side, design, &o);
    bram_scratch_release(cx, mark);
    bool gaps = side->present || o.unbalanced || o.kind == BRAM_RDM_CORRELATION ||
                o.kind == BRAM_RDM_COSINE;
    if (status == BRAM_OK) status = check_result(cx, d, bram_rdm_pairs(n), gaps);
    if (status == BRAM_OK) *out = d;
    else bram_free(d);
    return status;
}

int bram_rdm_new(bram_ctx *cx, double **out, const bram_side *side, bram_rdm_kind kind)
{
    return bram_rdm_estimate(cx, out, side, NULL, &(bram_rdm_options){.kind = kind});
}
