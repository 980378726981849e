/*
 * topology_side.c - sides and draws of the metrics of topology; see topology_side.h.
 */
#include "topology_side.h"

#include "gt_transform.h"
#include "internal.h"
#include "moments.h"

#include <math.h>
#include <string.h>

void bram_topology_side_free(bram_topology_side *s)
{
    if (!s) return;
    bram_free(s->d);
    bram_free(s->order.index);
    bram_free(s);
}

static int fill_side(bram_ctx *cx, bram_topology_side *s, const bram_side *side,
                     const bram_rdm_way *way)
{
    s->given = side->is_rdm;
    BRAM_TRY(bram_rdm_of_side(cx, &s->d, &s->measured, side, way));
    s->n = side->values.rows;
    return bram_order_new(cx, &s->order, s->d, bram_rdm_pairs(s->n));
}

int bram_topology_side_new(bram_ctx *cx, bram_topology_side **out, const bram_side *side,
                           const bram_rdm_way *way)
{
    bram_topology_side *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    int status = fill_side(cx, s, side, way);
    if (status == BRAM_OK) *out = s;
    else bram_topology_side_free(s);
    return status;
}

static int fill_pool(bram_ctx *cx, bram_topology_side *mean, const void *const *sides, size_t count)
{
    mean->n = ((const bram_topology_side *)sides[0])->n;
    size_t pairs = bram_rdm_pairs(mean->n);
    double *rank = bram_scratch(cx, pairs, sizeof *rank);
    double *weight = rank ? bram_scratch(cx, pairs, sizeof *weight) : NULL;
    if (!weight) return BRAM_ENOMEM;
    mean->d = bram_alloc(cx, pairs, sizeof *mean->d);
    if (!mean->d) return BRAM_ENOMEM;
    for (size_t s = 0; s < count; s++) {
        const bram_topology_side *side = sides[s];
        if (side->n != mean->n)
            return bram_fail(cx, BRAM_ESHAPE, "RDMs of %zu and of %zu conditions have no mean",
                             mean->n, side->n);
        for (size_t k = 0; k < pairs; k++) weight[k] = !isnan(side->d[k]);
        bool varied = bram_scaled_ranks(rank, side->d, &side->order, weight, pairs);
        for (size_t k = 0; k < pairs; k++)
            mean->d[k] += isnan(side->d[k]) ? (double)NAN : varied ? rank[k] / (double)count : 0;
    }
    return bram_order_new(cx, &mean->order, mean->d, pairs);
}

int bram_topology_side_pool(bram_ctx *cx, bram_topology_side **out, const void *const *sides,
                            size_t count)
{
    if (!count) return bram_fail(cx, BRAM_ESHAPE, "no RDM to take the mean of");
    bram_topology_side *mean = bram_alloc(cx, 1, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = fill_pool(cx, mean, sides, count);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = mean;
    else bram_topology_side_free(mean);
    return status;
}

int bram_topology_groups_new(bram_ctx *cx, bram_topology_groups *out,
                             const bram_topology_side *model, const bram_topology_side *brain,
                             const bram_groups *groups)
{
    bram_topology_groups g = {0};
    if (model->n != brain->n)
        return bram_fail(cx, BRAM_ESHAPE, "the model has %zu conditions, the brain %zu", model->n,
                         brain->n);
    BRAM_TRY(bram_groups_check(cx, &g.groups, groups, brain->n));
    if (groups->group) {
        g.group = bram_alloc(cx, brain->n, sizeof *g.group);
        if (!g.group) return BRAM_ENOMEM;
        memcpy(g.group, groups->group, brain->n * sizeof *g.group);
    }
    *out = g;
    return BRAM_OK;
}

int bram_draw_new(bram_ctx *cx, bram_draw *draw, const bram_topology_groups *groups,
                  const bram_topology_side *model, const bram_topology_side *brain,
                  const double *weight)
{
    size_t whole = model->n, n = 0, at = 0;
    size_t *condition = bram_scratch(cx, whole, sizeof *condition);
    double *times = bram_scratch(cx, whole, sizeof *times);
    if (!condition || !times) return BRAM_ENOMEM;
    for (size_t i = 0; i < whole; i++) {
        double w = weight ? weight[groups->group ? groups->group[i] : i] : 1;
        if (w > 0) condition[n] = i, times[n++] = w;
    }
    size_t pairs = bram_rdm_pairs(n);
    double *pair_weight = bram_scratch(cx, pairs, sizeof *pair_weight);
    uint32_t *from = bram_scratch(cx, pairs, sizeof *from);
    if (!pair_weight || !from) return BRAM_ENOMEM;
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++, at++) {
            size_t i = condition[a], j = condition[b];
            size_t k = i * whole - i * (i + 1) / 2 + (j - i - 1);
            bool defined = !isnan(model->d[k]) && !isnan(brain->d[k]);
            from[at] = (uint32_t)k;
            pair_weight[at] = defined ? times[a] * times[b] : 0;
        }
    *draw = (bram_draw){n, pairs, condition, times, pair_weight, from};
    return BRAM_OK;
}

int bram_drawn_rdm_new(bram_ctx *cx, bram_drawn_rdm *out, const bram_draw *draw,
                       const bram_topology_side *side)
{
    size_t whole = bram_rdm_pairs(side->n), count = 0;
    double *d = bram_scratch(cx, draw->pairs, sizeof *d);
    uint32_t *index = bram_scratch(cx, draw->pairs, sizeof *index);
    uint32_t *place = bram_scratch(cx, whole,
                                   sizeof *place); /* 1 + the pair of the draw; 0: none */
    if (!d || !index || !place) return BRAM_ENOMEM;
    for (size_t k = 0; k < draw->pairs; k++) {
        bool there = draw->weight[k] > 0;
        d[k] = there ? side->d[draw->from[k]] : (double)NAN;
        if (there) place[draw->from[k]] = (uint32_t)(k + 1);
    }
    for (size_t k = 0; k < side->order.count; k++)
        if (place[side->order.index[k]]) index[count++] = place[side->order.index[k]] - 1;
    *out = (bram_drawn_rdm){d, {index, count, NULL}};
    return BRAM_OK;
}

int bram_order_scratch(bram_ctx *cx, bram_order *order, const double *x, size_t n)
{
    bram_order heap;
    BRAM_TRY(bram_order_new(cx, &heap, x, n));
    uint32_t *index = bram_scratch(cx, heap.count, sizeof *index);
    if (index) {
        if (heap.count) memcpy(index, heap.index, heap.count * sizeof *index);
        *order = (bram_order){index, heap.count, NULL};
    }
    bram_free(heap.index);
    return index ? BRAM_OK : BRAM_ENOMEM;
}

/* ---- distances ------------------------------------------------------------------------------ */

static size_t pair_at(size_t n, size_t i, size_t j)
{
    return i < j ? i * n - i * (i + 1) / 2 + (j - i - 1) : j * n - j * (j + 1) / 2 + (i - j - 1);
}

/* max over k of |d_ik - d_jk|; 0 where no third condition tells of the pair. */
static double least_possible(const double *d, size_t n, size_t i, size_t j)
{
    double least = 0;
    for (size_t k = 0; k < n; k++) {
        if (k == i || k == j) continue;
        double gap = fabs(d[pair_at(n, i, k)] - d[pair_at(n, j, k)]);
        if (gap > least) least = gap;
    }
    return least;
}

int bram_drawn_full(bram_ctx *cx, double **out, const bram_draw *draw,
                    const bram_topology_side *side)
{
    size_t n = draw->n;
    double *known = bram_scratch(cx, draw->pairs, sizeof *known);
    double *d = known ? bram_scratch(cx, draw->pairs, sizeof *d) : NULL;
    if (!d) return BRAM_ENOMEM;
    for (size_t k = 0; k < draw->pairs; k++) known[k] = side->d[draw->from[k]];
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++)
            d[k] = isnan(known[k]) ? least_possible(known, n, i, j) : known[k];
    *out = d;
    return BRAM_OK;
}

int bram_square_quantile(bram_ctx *cx, double *out, const double *d, size_t n, const double *times,
                         double p)
{
    size_t mark = bram_scratch_mark(cx), pairs = bram_rdm_pairs(n), at = 0;
    double *x = bram_scratch(cx, pairs + 1, sizeof *x);
    double *weight = x ? bram_scratch(cx, pairs + 1, sizeof *weight) : NULL;
    bram_order order;
    int status = weight ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        double t = times ? times[i] : 1;
        for (size_t j = i + 1; j < n; j++, at++)
            x[at] = d[at], weight[at] = 2 * t * (times ? times[j] : 1);
        weight[pairs] += t * t; /* with itself and its copies */
    }
    if (status == BRAM_OK) status = bram_order_scratch(cx, &order, x, pairs + 1);
    if (status == BRAM_OK) *out = bram_weighted_quantile(x, &order, weight, p);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- what their metrics share --------------------------------------------------------------- */

int bram_topology_prepare(bram_ctx *cx, void **prepared, const bram_options *o,
                          const bram_side *side)
{
    bool root = bram_option_is(o, "rdm", "distance") && !side->is_rdm;
    bram_rdm_way way = {.kind = bram_option_is(o, "rdm", "correlation") ? BRAM_RDM_CORRELATION
                                                                        : BRAM_RDM_EUCLIDEAN,
                        .given = bram_option_is(o, "rdm", "given"),
                        .noise = "none"};
    bram_topology_side *s = NULL;
    BRAM_TRY(bram_topology_side_new(cx, &s, side, &way));
    for (size_t k = 0; k < bram_rdm_pairs(s->n); k++) {
        if (root) s->d[k] = sqrt(s->d[k]);
        if (!(s->d[k] < 0)) continue;
        int status = bram_fail(cx, BRAM_ENUMERIC,
                               "dissimilarity %zu is %g, expected 0 or more for a topology", k,
                               s->d[k]);
        bram_topology_side_free(s);
        return status;
    }
    *prepared = s;
    return BRAM_OK;
}

void bram_topology_release(void *prepared)
{
    bram_topology_side_free(prepared);
}

int bram_topology_pair_new(bram_ctx *cx, void **out, size_t bytes, const bram_comparison *c)
{
    bram_topology_pair *p = bram_alloc(cx, 1, bytes);
    if (!p) return BRAM_ENOMEM;
    p->model = c->model, p->brain = c->brain;
    int status = bram_topology_groups_new(cx, &p->groups, p->model, p->brain, &c->groups);
    if (status == BRAM_OK) *out = p;
    else bram_free(p);
    return status;
}

void bram_topology_pair_free(void *pair)
{
    bram_topology_pair *p = pair;
    if (!p) return;
    bram_free(p->groups.group);
    bram_free(p);
}

int bram_topology_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight,
                          bram_topology_value *value_of)
{
    const bram_topology_pair *p = pair;
    BRAM_TRY(bram_weights_check(cx, weight, p->groups.groups));
    size_t mark = bram_scratch_mark(cx);
    bram_draw draw;
    double value = NAN;
    int status = bram_draw_new(cx, &draw, &p->groups, p->model, p->brain, weight);
    if (status == BRAM_OK && draw.n >= 3) status = value_of(cx, &value, pair, &draw);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}
