/*
 * rtd.c - representation topology divergence: how different the clusters and loops of the same
 * conditions are under two dissimilarity matrices.
 *
 * Each matrix r1, r2 is divided by its 0.9 quantile (the whole matrix, diagonal included).
 *   form=full  loops of the 2n x 2n matrix [[0, r1'], [r1, min(r1, r2)]]: the sum of the lengths of
 *              their bars, the mean of this and of the same with r1 and r2 exchanged
 *   form=lite  (T(r1) + T(r2)) / 2 - T(min(r1, r2)), T the sum of a minimum spanning tree: O(n^2)
 * raw = one value, 0 where the two agree; NaN for fewer than three conditions or a matrix of zeros.
 * With more than `size` conditions: the mean over `subsets` random subsets of that many.
 *
 * Missing pairs, draws: as in barcode.c. Cost of form=full: loops of 2n points, twice.
 *
 * Sources: Barannikov et al. 2022 (ICML, arXiv 2201.00058); lite: arXiv 2503.11910.
 */
#include "internal.h"
#include "persistence.h"
#include "topology_side.h"

#include <bramble/rng.h>

#include <math.h>

static const bram_param params[] = {
    {"form", BRAM_PARAM_CHOICE, "lite", "lite|full", 0, 0, "from spanning trees, or from loops"},
    {"subsets", BRAM_PARAM_INTEGER, "10", NULL, 1, 1000, "random subsets, of more conditions than"},
    {"size", BRAM_PARAM_INTEGER, "500", NULL, 3, 4000, "conditions of a subset"},
    {"seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e9, "of the subsets"},
    BRAM_TOPOLOGY_RDM,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

struct rtd {
    bram_topology_pair sides;
    bool lite;
    size_t subsets, size;
    uint64_t seed;
};

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    void *made = NULL;
    BRAM_TRY(bram_topology_pair_new(cx, &made, sizeof(struct rtd), c));
    struct rtd *r = made;
    r->lite = bram_option_is(o, "form", "lite");
    r->subsets = (size_t)bram_option_integer(o, "subsets");
    r->size = (size_t)bram_option_integer(o, "size");
    r->seed = (uint64_t)bram_option_integer(o, "seed");
    *out = r, *values = 1;
    return BRAM_OK;
}

/* Divides by the 0.9 quantile; false for zeros. */
static int normalize(bram_ctx *cx, bool *defined, double *d, size_t n, const double *times)
{
    double unit;
    BRAM_TRY(bram_square_quantile(cx, &unit, d, n, times, 0.9));
    *defined = unit > 0;
    for (size_t k = 0; *defined && k < bram_rdm_pairs(n); k++) d[k] /= unit;
    return BRAM_OK;
}

/* The pairs of [[0, a'], [a, least]]. */
static void cross_matrix(double *out, const double *a, const double *least, size_t n)
{
    for (size_t i = 0; i < 2 * n; i++)
        for (size_t j = i + 1; j < 2 * n; j++) {
            size_t p = i % n, q = j % n, low = p < q ? p : q, high = p < q ? q : p;
            size_t k = low * n - low * (low + 1) / 2 + (high - low - 1);
            bool inside = j < n, same = p == q;
            *out++ = inside || same ? 0 : i < n ? a[k] : least[k];
        }
}

static int sum_of_loops(bram_ctx *cx, double *sum, double *scratch, const double *a,
                        const double *least, size_t n)
{
    bram_barcode loops;
    cross_matrix(scratch, a, least, n);
    BRAM_TRY(bram_barcode_h1(cx, &loops, scratch, 2 * n));
    *sum = 0;
    for (size_t k = 0; k < loops.count; k++) *sum += loops.bar[k].death - loops.bar[k].birth;
    bram_free(loops.bar);
    return BRAM_OK;
}

static int divergence(bram_ctx *cx, double *value, const struct rtd *r, const double *a,
                      const double *b, size_t n)
{
    size_t pairs = bram_rdm_pairs(n);
    double first, second, both, *least = bram_scratch(cx, pairs, sizeof *least);
    if (!least) return BRAM_ENOMEM;
    for (size_t k = 0; k < pairs; k++) least[k] = fmin(a[k], b[k]);
    if (r->lite) {
        BRAM_TRY(bram_spanning_tree(cx, &first, a, n));
        BRAM_TRY(bram_spanning_tree(cx, &second, b, n));
        BRAM_TRY(bram_spanning_tree(cx, &both, least, n));
        *value = (first + second) / 2 - both;
        return BRAM_OK;
    }
    double *cross = bram_scratch(cx, bram_rdm_pairs(2 * n), sizeof *cross);
    if (!cross) return BRAM_ENOMEM;
    BRAM_TRY(sum_of_loops(cx, &first, cross, a, least, n));
    BRAM_TRY(sum_of_loops(cx, &second, cross, b, least, n));
    *value = (first + second) / 2;
    return BRAM_OK;
}

/* Of the conditions member[0 .. n - 1] of a draw; NaN where a side is zeros there. */
static int of_subset(bram_ctx *cx, double *value, const struct rtd *r, const bram_draw *draw,
                     const double *x, const double *y, const size_t *member, size_t n)
{
    size_t pairs = bram_rdm_pairs(n), at = 0;
    double *a = bram_scratch(cx, pairs, sizeof *a), *b = bram_scratch(cx, pairs, sizeof *b);
    double *times = bram_scratch(cx, n, sizeof *times);
    bool a_defined, b_defined;
    if (!a || !b || !times) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        times[i] = draw->times[member[i]];
        for (size_t j = i + 1; j < n; j++, at++) {
            size_t low = member[i] < member[j] ? member[i] : member[j];
            size_t high = member[i] < member[j] ? member[j] : member[i];
            size_t k = low * draw->n - low * (low + 1) / 2 + (high - low - 1);
            a[at] = x[k], b[at] = y[k];
        }
    }
    BRAM_TRY(normalize(cx, &a_defined, a, n, times));
    BRAM_TRY(normalize(cx, &b_defined, b, n, times));
    *value = NAN;
    return a_defined && b_defined ? divergence(cx, value, r, a, b, n) : BRAM_OK;
}

static int value_of(bram_ctx *cx, double *value, const void *pair, const bram_draw *draw)
{
    const struct rtd *r = pair;
    double *x, *y, sum = 0, one;
    size_t n = draw->n < r->size ? draw->n : r->size, rounds = draw->n > r->size ? r->subsets : 1;
    BRAM_TRY(bram_drawn_full(cx, &x, draw, r->sides.model));
    BRAM_TRY(bram_drawn_full(cx, &y, draw, r->sides.brain));
    size_t *member = bram_scratch(cx, draw->n, sizeof *member);
    if (!member) return BRAM_ENOMEM;
    for (size_t i = 0; i < draw->n; i++) member[i] = i;
    for (size_t round = 0; round < rounds; round++) {
        bram_rng g = bram_rng_at(r->seed, "rtd/subset", round);
        size_t mark = bram_scratch_mark(cx);
        if (rounds > 1 || draw->n > r->size) bram_rng_permutation(&g, draw->n, member);
        int status = of_subset(cx, &one, r, draw, x, y, member, n);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
        sum += one;
    }
    *value = sum / (double)rounds;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    return bram_topology_compare(cx, raw, state, weight, value_of);
}

const bram_metric bram_metric_rtd = {
    .name = "rtd",
    .summary = "representation topology divergence: do clusters and loops of conditions agree",
    .source = "Barannikov et al. 2022, ICML; lite: arXiv 2503.11910",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ZERO | BRAM_METRIC_INV_SCALE |
             BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE | BRAM_METRIC_SAMPLE_SIZE,
    .chance = NAN,
    .params = params,
    .prepare = bram_topology_prepare,
    .release = bram_topology_release,
    .pair = pair,
    .release_pair = bram_topology_pair_free,
    .compare = compare,
};
