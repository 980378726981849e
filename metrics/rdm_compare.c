/*
 * rdm_compare.c - sets of RDMs and their comparison; see rdm_compare.h. How a measure is computed
 * is in rdm_vector.c (inner products), rdm_kendall.c, rdm_bures.c and rdm_riemann.c.
 */
#include "rdm_compare.h"

#include "linalg.h"
#include "rdm_frame.h"
#include "rdm_whiten.h"
#include "sums.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* ---- names ---------------------------------------------------------------------------------- */

static const char *const names[BRAM_COMPARATORS] = {
    [BRAM_COMPARE_COSINE] = "cosine",
    [BRAM_COMPARE_CORR] = "corr",
    [BRAM_COMPARE_SPEARMAN] = "spearman",
    [BRAM_COMPARE_RHO_A] = "rho-a",
    [BRAM_COMPARE_TAU_A] = "tau-a",
    [BRAM_COMPARE_TAU_B] = "tau-b",
    [BRAM_COMPARE_COSINE_COV] = "cosine_cov",
    [BRAM_COMPARE_CORR_COV] = "corr_cov",
    [BRAM_COMPARE_BURES] = "bures",
    [BRAM_COMPARE_BURES_METRIC] = "bures_metric",
    [BRAM_COMPARE_NEG_RIEM_DIST] = "neg_riem_dist",
};

static const struct {
    const char *name;
    bram_rdm_comparator means;
} aliases[] = {{"pearson", BRAM_COMPARE_CORR},
               {"kendall", BRAM_COMPARE_TAU_B},
               {"cka", BRAM_COMPARE_COSINE_COV}};

const char *bram_rdm_comparator_name(bram_rdm_comparator c)
{
    return names[c];
}

bool bram_rdm_comparator_find(const char *name, bram_rdm_comparator *out)
{
    for (size_t k = 0; k < sizeof aliases / sizeof *aliases; k++)
        if (strcmp(name, aliases[k].name) == 0) {
            *out = aliases[k].means;
            return true;
        }
    for (size_t k = 0; k < BRAM_COMPARATORS; k++)
        if (strcmp(name, names[k]) == 0) {
            *out = (bram_rdm_comparator)k;
            return true;
        }
    return false;
}

bool bram_rdm_by_ranks(bram_rdm_comparator c)
{
    return c == BRAM_COMPARE_SPEARMAN || c == BRAM_COMPARE_RHO_A || c == BRAM_COMPARE_TAU_A ||
           c == BRAM_COMPARE_TAU_B;
}

bool bram_rdm_whitens(bram_rdm_comparator c)
{
    return c == BRAM_COMPARE_COSINE_COV || c == BRAM_COMPARE_CORR_COV;
}

bool bram_rdm_centres(bram_rdm_comparator c)
{
    return c == BRAM_COMPARE_CORR || c == BRAM_COMPARE_CORR_COV || bram_rdm_by_ranks(c);
}

/* ---- sets ----------------------------------------------------------------------------------- */

void bram_rdm_set_free(bram_rdm_set *set)
{
    if (!set) return;
    for (size_t i = 0; set->order && i < set->rdm.rows; i++) bram_free(set->order[i].index);
    bram_free(set->order);
    bram_free(set->missing);
    bram_free(set);
}

size_t bram_rdm_set_count(const bram_rdm_set *set)
{
    return set->rdm.rows;
}

bool bram_rdm_set_centres(const bram_rdm_set *set)
{
    return bram_rdm_centres(set->measure.comparator);
}

/* A task looks at so many pairs of one RDM; RDMs of as many pairs are cut into tasks themselves and
 * taken one by one. */
enum { LOOKED_AT = 1 << 18, CUT_FROM = 1 << 20 };

struct search {
    const bram_rdm_set *set;
    bool *lacks; /* of each task: whether a pair is missing */
};

static int search_task(bram_ctx *cx, size_t task, void *user)
{
    const struct search *s = user;
    size_t blocks = (s->set->pairs + LOOKED_AT - 1) / LOOKED_AT, row = task / blocks;
    size_t first = task % blocks * LOOKED_AT, end = first + LOOKED_AT;
    const double *d = bram_row(&s->set->rdm, row);
    bool ranks = bram_rdm_by_ranks(s->set->measure.comparator);
    size_t left = s->set->pairs - first;
    if (bram_all_finite(d + first, left < LOOKED_AT ? left : LOOKED_AT)) return BRAM_OK;
    for (size_t k = first; k < end && k < s->set->pairs; k++) {
        if (isfinite(d[k]) || (isinf(d[k]) && ranks)) continue;
        if (isinf(d[k]))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "pair %zu of RDM %zu is infinite: only measures of ranks take it", k,
                             row);
        s->lacks[task] = true;
    }
    return BRAM_OK;
}

/* Marks what is missing; without any the list stays NULL. */
static int find_missing(bram_ctx *cx, bram_rdm_set *set)
{
    size_t blocks = (set->pairs + LOOKED_AT - 1) / LOOKED_AT, tasks = set->rdm.rows * blocks;
    size_t mark = bram_scratch_mark(cx);
    struct search s = {set, bram_scratch(cx, tasks, sizeof *s.lacks)};
    if (!s.lacks) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, tasks, search_task, &s));
    for (size_t t = 0; t < tasks; t++) {
        size_t first = t % blocks * LOOKED_AT, end = first + LOOKED_AT;
        const double *d = bram_row(&set->rdm, t / blocks);
        if (!s.lacks[t]) continue;
        if (!set->missing) set->missing = bram_alloc(cx, set->pairs, 1);
        if (!set->missing) return BRAM_ENOMEM;
        for (size_t k = first; k < end && k < set->pairs; k++)
            if (isnan(d[k])) set->missing[k] = 1;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int order_one(bram_ctx *cx, size_t i, void *user)
{
    bram_rdm_set *set = user;
    return bram_order_new(cx, &set->order[i], bram_row(&set->rdm, i), set->pairs);
}

static int fill_set(bram_ctx *cx, bram_rdm_set *set)
{
    BRAM_TRY(find_missing(cx, set));
    if (set->measure.sigma_kind != BRAM_SIGMA_UNIT)
        BRAM_TRY(bram_sigma_check(cx, &set->own_share, &set->measure, set->n));
    if (!bram_rdm_by_ranks(set->measure.comparator)) return BRAM_OK;
    set->order = bram_alloc(cx, set->rdm.rows, sizeof *set->order);
    if (!set->order) return BRAM_ENOMEM;
    if (set->pairs >= CUT_FROM) {
        for (size_t i = 0; i < set->rdm.rows; i++) BRAM_TRY(order_one(cx, i, set));
        return BRAM_OK;
    }
    return bram_parallel_for(cx, set->rdm.rows, order_one, set);
}

int bram_rdm_set_new(bram_ctx *cx, bram_rdm_set **out, const bram_rdm_measure *measure,
                     const bram_mat *rdm, size_t n)
{
    if (!rdm->rows) return bram_fail(cx, BRAM_ESHAPE, "no RDM to compare");
    if (n < 2 || rdm->cols != bram_rdm_pairs(n) || rdm->cols >= UINT32_MAX)
        return bram_fail(cx, BRAM_ESHAPE,
                         "RDMs of %zu pairs, expected n (n - 1) / 2 = %zu for %zu conditions (2 or "
                         "more)",
                         rdm->cols, bram_rdm_pairs(n), n);
    bram_rdm_set *set = bram_alloc(cx, 1, sizeof *set);
    if (!set) return BRAM_ENOMEM;
    *set = (bram_rdm_set){.measure = *measure, .n = n, .pairs = rdm->cols, .rdm = *rdm};
    int status = fill_set(cx, set);
    if (status == BRAM_OK) *out = set;
    else bram_rdm_set_free(set);
    return status;
}

/* ---- frames --------------------------------------------------------------------------------- */

static bool is_missing(const uint8_t *a, const uint8_t *b, size_t pair)
{
    return (a && a[pair]) || (b && b[pair]);
}

static size_t count_entries(bram_rdm_frame *f, const uint8_t *a, const uint8_t *b)
{
    size_t count = 0, pair = 0;
    for (size_t i = 0; i < f->n; i++) {
        f->drawn += bram_rdm_times(f, i) > 0;
        if (!(bram_rdm_times(f, i) > 0)) {
            pair += f->n - i - 1;
            continue;
        }
        for (size_t j = i + 1; j < f->n; j++, pair++)
            count += bram_rdm_times(f, j) > 0 && !is_missing(a, b, pair);
    }
    return count;
}

static void list_entries(bram_rdm_frame *f, const uint8_t *a, const uint8_t *b)
{
    size_t at = 0, pair = 0;
    for (size_t i = 0; i < f->n; i++)
        for (size_t j = i + 1; j < f->n; j++, pair++) {
            double w = bram_rdm_times(f, i) * bram_rdm_times(f, j);
            bool counts = w > 0 && !is_missing(a, b, pair);
            f->position[pair] = counts ? (uint32_t)at : (uint32_t)BRAM_NO_ENTRY;
            if (!counts) continue;
            f->keep[at] = (uint32_t)pair;
            if (f->weight) f->weight[at] = w;
            f->total += w;
            at++;
        }
}

int bram_rdm_frame_new(bram_ctx *cx, bram_rdm_frame *f, size_t n, const double *times,
                       const uint8_t *missing, const uint8_t *also_missing)
{
    bram_rdm_frame made = {.n = n, .pairs = bram_rdm_pairs(n), .times = times};
    if (!times && !missing && !also_missing) {
        made.drawn = n, made.count = made.pairs, made.total = (double)made.pairs;
        *f = made;
        return BRAM_OK;
    }
    for (size_t i = 0; times && i < n; i++)
        if (!isfinite(times[i]) || times[i] < 0)
            return bram_fail(cx, BRAM_ENUMERIC,
                             "condition %zu is there %g times, expected 0 or more", i, times[i]);
    made.count = count_entries(&made, missing, also_missing);
    made.keep = bram_scratch(cx, made.count, sizeof *made.keep);
    made.position = made.keep ? bram_scratch(cx, made.pairs, sizeof *made.position) : NULL;
    if (made.position && times) made.weight = bram_scratch(cx, made.count, sizeof *made.weight);
    if (!made.position || (times && !made.weight)) return BRAM_ENOMEM;
    list_entries(&made, missing, also_missing);
    *f = made;
    return BRAM_OK;
}

/* ---- comparison ----------------------------------------------------------------------------- */

struct comparison {
    const bram_rdm_set *a, *b;
    const bram_rdm_frame *frame;
    bram_rdm_ranked *ranked; /* of a, then of b */
    bram_mat *out;
};

static int rank_one(bram_ctx *cx, size_t i, void *user)
{
    const struct comparison *c = user;
    const bram_rdm_set *set = i < c->a->rdm.rows ? c->a : c->b;
    size_t row = i < c->a->rdm.rows ? i : i - c->a->rdm.rows;
    return bram_rdm_rank_into(cx, &c->ranked[i], bram_row(&set->rdm, row), &set->order[row],
                              c->frame);
}

static int tau_one(bram_ctx *cx, size_t task, void *user)
{
    const struct comparison *c = user;
    size_t columns = c->b->rdm.rows, i = task / columns, j = task % columns;
    return bram_rdm_tau(cx, bram_row(c->out, i) + j, &c->a->measure, &c->ranked[i],
                        &c->ranked[c->a->rdm.rows + j], c->frame);
}

static int compare_taus(bram_ctx *cx, struct comparison *c)
{
    size_t rows = c->a->rdm.rows + c->b->rdm.rows;
    c->ranked = bram_scratch(cx, rows, sizeof *c->ranked);
    if (!c->ranked) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++)
        BRAM_TRY(bram_rdm_ranked_room(cx, &c->ranked[i],
                                      i < c->a->rdm.rows ? BRAM_RDM_X : BRAM_RDM_Y, c->frame));
    if (c->frame->count >= CUT_FROM) {
        for (size_t i = 0; i < rows; i++) BRAM_TRY(rank_one(cx, i, c));
    } else {
        BRAM_TRY(bram_parallel_for(cx, rows, rank_one, c));
    }
    return bram_parallel_for(cx, c->a->rdm.rows * c->b->rdm.rows, tau_one, c);
}

static int compare_vectors(bram_ctx *cx, struct comparison *c)
{
    size_t rows = c->a->rdm.rows, columns = c->b->rdm.rows;
    const bram_rdm_measure *m = &c->a->measure;
    bram_rdm_vector *a = bram_scratch(cx, rows, sizeof *a);
    bram_rdm_vector *b = a ? bram_scratch(cx, columns, sizeof *b) : NULL;
    if (!b) return BRAM_ENOMEM;
    BRAM_TRY(bram_rdm_vectors(cx, a, c->a, c->frame));
    BRAM_TRY(bram_rdm_vectors(cx, b, c->b, c->frame));
    BRAM_TRY(bram_rdm_gram(cx, c->out, a, b, c->frame));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double *value = &bram_row(c->out, i)[j];
            *value = bram_rdm_cosine_of(m, *value, a[i].square, b[j].square, c->frame->total);
        }
    return BRAM_OK;
}

static void note_undefined(bram_ctx *cx, const struct comparison *c)
{
    size_t undefined = 0, all = c->out->rows * c->out->cols;
    for (size_t i = 0; i < c->out->rows; i++)
        for (size_t j = 0; j < c->out->cols; j++) undefined += isnan(bram_row(c->out, i)[j]);
    if (undefined && !c->frame->times)
        bram_note(cx, "%s: %zu of %zu comparisons are undefined (a constant RDM, or too few pairs)",
                  bram_rdm_comparator_name(c->a->measure.comparator), undefined, all);
}

static int compare_frame(bram_ctx *cx, struct comparison *c)
{
    bram_rdm_comparator k = c->a->measure.comparator;
    if (c->frame->drawn < 3 || !c->frame->count) {
        for (size_t i = 0; i < c->out->rows; i++)
            for (size_t j = 0; j < c->out->cols; j++) bram_row(c->out, i)[j] = NAN;
        return BRAM_OK;
    }
    if (k == BRAM_COMPARE_TAU_A || k == BRAM_COMPARE_TAU_B) return compare_taus(cx, c);
    if (k == BRAM_COMPARE_BURES || k == BRAM_COMPARE_BURES_METRIC)
        return bram_rdm_bures(cx, c->out, c->a, c->b, c->frame);
    if (k == BRAM_COMPARE_NEG_RIEM_DIST) return bram_rdm_riemann(cx, c->out, c->a, c->b, c->frame);
    return compare_vectors(cx, c);
}

static bool same_measure(const bram_rdm_measure *a, const bram_rdm_measure *b)
{
    return a->comparator == b->comparator && a->sigma_kind == b->sigma_kind &&
           a->sigma == b->sigma && a->degenerate_zero == b->degenerate_zero;
}

/* Kendall counts. */
static int check_times(bram_ctx *cx, const bram_rdm_set *set, const double *times)
{
    bram_rdm_comparator c = set->measure.comparator;
    if (!times || (c != BRAM_COMPARE_TAU_A && c != BRAM_COMPARE_TAU_B)) return BRAM_OK;
    for (size_t i = 0; i < set->n; i++)
        if (times[i] != floor(times[i]) || times[i] > 65536)
            return bram_fail(cx, BRAM_ENUMERIC,
                             "condition %zu is there %g times; %s counts whole ones", i, times[i],
                             bram_rdm_comparator_name(c));
    return BRAM_OK;
}

static int compare_into(bram_ctx *cx, bram_mat *out, size_t *left, const bram_rdm_set *a,
                        const bram_rdm_set *b, const double *times)
{
    bram_rdm_frame frame;
    bram_mat values;
    BRAM_TRY(bram_rdm_frame_new(cx, &frame, a->n, times, a->missing, b->missing));
    BRAM_TRY(bram_mat_scratch(cx, &values, out->rows, out->cols));
    struct comparison c = {a, b, &frame, NULL, &values};
    BRAM_TRY(compare_frame(cx, &c));
    note_undefined(cx, &c);
    for (size_t i = 0; i < out->rows; i++)
        memcpy(bram_row(out, i), bram_row(&values, i), out->cols * sizeof *out->data);
    if (left) *left = frame.count;
    return BRAM_OK;
}

int bram_rdm_sets_compare(bram_ctx *cx, bram_mat *out, size_t *left, const bram_rdm_set *a,
                          const bram_rdm_set *b, const double *times)
{
    if (a->n != b->n)
        return bram_fail(cx, BRAM_ESHAPE, "RDMs of %zu and of %zu conditions", a->n, b->n);
    if (out->rows != a->rdm.rows || out->cols != b->rdm.rows ||
        !same_measure(&a->measure, &b->measure))
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu x %zu values for %zu and %zu RDMs, or sets of two measures",
                         out->rows, out->cols, a->rdm.rows, b->rdm.rows);
    BRAM_TRY(check_times(cx, a, times));
    size_t mark = bram_scratch_mark(cx);
    int status = compare_into(cx, out, left, a, b, times);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_rdm_compare(bram_ctx *cx, bram_mat *out, size_t *left, const bram_rdm_measure *measure,
                     const bram_mat *a, const bram_mat *b, size_t n, const double *times)
{
    bram_rdm_set *set_a = NULL, *set_b = NULL;
    int status = bram_rdm_set_new(cx, &set_a, measure, a, n);
    if (status == BRAM_OK) status = bram_rdm_set_new(cx, &set_b, measure, b, n);
    if (status == BRAM_OK) status = bram_rdm_sets_compare(cx, out, left, set_a, set_b, times);
    bram_rdm_set_free(set_a);
    bram_rdm_set_free(set_b);
    return status;
}
