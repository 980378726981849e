/*
 * rsa_stage.c - models, subjects and ceilings under multiplicities of conditions; see rsa_stage.h.
 */
#include "rsa_stage.h"

#include "linalg.h"

#include <math.h>

static bool is_kendall(bram_rdm_comparator c)
{
    return c == BRAM_COMPARE_TAU_A || c == BRAM_COMPARE_TAU_B;
}

/* ---- cosines under an inner product --------------------------------------------------------- */

/* |v| under the measure over its root mean square: what a pool of plain norms weighs by. */
static double plain_factor(const bram_rdm_vector *v, const bram_rdm_frame *f)
{
    double square = 0;
    for (size_t k = 0; k < f->count; k++)
        square += bram_rdm_weight_at(f, k) * pow(bram_rdm_vector_at(v, f, k), 2);
    return square > 0 ? sqrt(v->square / square) : 0;
}

static int stage_of_vectors(bram_ctx *cx, bram_rsa_stage *s)
{
    const bram_rsa_sides *sides = s->sides;
    const bram_rdm_measure *m = &sides->subjects->measure;
    bram_mat product;
    bram_rdm_vector *v = bram_scratch(cx, s->models + s->count, sizeof *v), *u = NULL;
    s->likeness = v ? bram_scratch(cx, s->count * s->count, sizeof(double)) : NULL;
    s->factor = s->likeness ? bram_scratch(cx, s->count, sizeof(double)) : NULL;
    if (!s->factor) return BRAM_ENOMEM;
    u = v + s->models;
    BRAM_TRY(bram_mat_scratch(cx, &product, s->models + s->count, s->count));
    BRAM_TRY(bram_rdm_vectors(cx, v, sides->models, &s->frame));
    BRAM_TRY(bram_rdm_vectors(cx, u, sides->subjects, &s->frame));
    BRAM_TRY(bram_rdm_gram(cx, &product, v, u, &s->frame));
    for (size_t i = 0; i < s->models + s->count; i++)
        for (size_t j = 0; j < s->count; j++) {
            double r = bram_rdm_cosine_of(m, bram_row(&product, i)[j], v[i].square, u[j].square,
                                          s->frame.total);
            if (i < s->models) s->value[i * s->count + j] = r;
            else s->likeness[(i - s->models) * s->count + j] = r;
        }
    bool plain = sides->pooling == BRAM_POOL_RSATOOLBOX && bram_rdm_whitens(m->comparator);
    for (size_t j = 0; j < s->count; j++) {
        s->factor[j] = plain ? plain_factor(&u[j], &s->frame) : 1;
        s->likeness[j * s->count + j] = u[j].square > 0 ? 1 : (double)NAN;
    }
    return BRAM_OK;
}

/* The inner product of subject t with the pool of a group (NULL: of all). */
static double with_pool(const bram_rsa_stage *s, const double *share, size_t t, const size_t *group)
{
    double sum = 0;
    for (size_t k = 0; k < s->count; k++)
        if (share[k] > 0 && (!group || bram_rsa_unit_of(&s->sides->groups, k) == *group))
            sum += share[k] * s->factor[k] * s->likeness[k * s->count + t];
    return sum;
}

static void ceilings_of_likeness(double *lower, double *upper, const bram_rsa_stage *s,
                                 const double *share, double *with_all)
{
    const bram_groups *groups = &s->sides->groups;
    double norm = 0;
    for (size_t t = 0; t < s->count; t++) {
        with_all[t] = with_pool(s, share, t, NULL);
        if (share[t] > 0) norm += share[t] * s->factor[t] * with_all[t];
    }
    for (size_t g = 0; g < bram_rsa_units(groups, s->count); g++) {
        double left = norm; /* |pool of the others|^2 */
        for (size_t t = 0; t < s->count; t++) {
            if (!(share[t] > 0) || bram_rsa_unit_of(groups, t) != g) continue;
            double own = with_pool(s, share, t, &g), c = share[t] * s->factor[t];
            lower[t] = with_all[t] - own, upper[t] = with_all[t] / sqrt(norm);
            left += c * (own - 2 * with_all[t]);
        }
        for (size_t t = 0; t < s->count; t++)
            if (share[t] > 0 && bram_rsa_unit_of(groups, t) == g)
                lower[t] = left > 1e-12 * norm ? lower[t] / sqrt(left) : (double)NAN;
    }
}

/* ---- ranks ---------------------------------------------------------------------------------- */

static int stage_of_ranks(bram_ctx *cx, bram_rsa_stage *s)
{
    const bram_rsa_sides *sides = s->sides;
    const bram_rdm_measure *m = &sides->subjects->measure;
    bram_rdm_vector *v = bram_scratch(cx, s->models + s->count, sizeof *v);
    if (!v) return BRAM_ENOMEM;
    s->vector = v + s->models;
    BRAM_TRY(bram_rdm_vectors(cx, s->vector, sides->subjects, &s->frame));
    bram_mat value = {s->value, s->models, s->count, s->count};
    if (!is_kendall(m->comparator)) {
        BRAM_TRY(bram_rdm_vectors(cx, v, sides->models, &s->frame));
        BRAM_TRY(bram_rdm_gram(cx, &value, v, s->vector, &s->frame));
        for (size_t k = 0; k < s->models * s->count; k++)
            s->value[k] = bram_rdm_cosine_of(m, s->value[k], v[k / s->count].square,
                                             s->vector[k % s->count].square, s->frame.total);
        return BRAM_OK;
    }
    bram_rdm_ranked *ranked = bram_scratch(cx, s->models + s->count, sizeof *ranked);
    if (!ranked) return BRAM_ENOMEM;
    s->ranked = ranked + s->models;
    for (size_t i = 0; i < s->models + s->count; i++) {
        const bram_rdm_set *set = i < s->models ? sides->models : sides->subjects;
        size_t row = i < s->models ? i : i - s->models;
        BRAM_TRY(bram_rdm_ranked_room(cx, &ranked[i], i < s->models ? BRAM_RDM_X : BRAM_RDM_Y,
                                      &s->frame));
        BRAM_TRY(bram_rdm_rank_into(cx, &ranked[i], bram_row(&set->rdm, row), &set->order[row],
                                    &s->frame));
    }
    for (size_t k = 0; k < s->models * s->count; k++)
        BRAM_TRY(bram_rdm_tau(cx, &s->value[k], m, &ranked[k / s->count], &s->ranked[k % s->count],
                              &s->frame));
    return BRAM_OK;
}

/* Comparisons of a pool, given by entry, with the subjects of a group (NULL: all); no others. */
static int compare_pool(bram_ctx *cx, double *values, const bram_rsa_stage *s, double *pool,
                        const size_t *group)
{
    const bram_groups *groups = &s->sides->groups;
    const bram_rdm_measure *m = &s->sides->subjects->measure;
    bram_rdm_frame entries = s->frame; /* of which the pool has every one */
    entries.pairs = entries.count, entries.keep = entries.position = NULL;
    bram_rdm_set one = {.measure = *m,
                        .n = entries.n,
                        .pairs = entries.pairs,
                        .rdm = {pool, 1, entries.pairs, entries.pairs}};
    bram_order order;
    BRAM_TRY(bram_order_new(cx, &order, pool, entries.count));
    one.order = &order;
    int status = BRAM_OK;
    if (is_kendall(m->comparator)) {
        bram_rdm_ranked ranked;
        status = bram_rdm_ranked_room(cx, &ranked, BRAM_RDM_X, &entries);
        if (status == BRAM_OK) status = bram_rdm_rank_into(cx, &ranked, pool, &order, &entries);
        for (size_t k = 0; status == BRAM_OK && k < s->count; k++)
            if (!group || bram_rsa_unit_of(groups, k) == *group)
                status = bram_rdm_tau(cx, &values[k], m, &ranked, &s->ranked[k], &entries);
    } else {
        bram_rdm_vector v;
        status = bram_rdm_vectors(cx, &v, &one, &entries);
        for (size_t k = 0; status == BRAM_OK && k < s->count; k++) {
            bram_mat out = {&values[k], 1, 1, 1};
            if (group && bram_rsa_unit_of(groups, k) != *group) continue;
            status = bram_rdm_gram(cx, &out, &v, s->vector + k, &entries);
            values[k] = bram_rdm_cosine_of(m, values[k], v.square, s->vector[k].square,
                                           entries.total);
        }
    }
    bram_free(order.index);
    return status;
}

static bool counts(const bram_rsa_stage *s, const double *share, size_t group)
{
    for (size_t t = 0; t < s->count; t++)
        if (share[t] > 0 && bram_rsa_unit_of(&s->sides->groups, t) == group) return true;
    return false;
}

static size_t groups_that_count(const bram_rsa_stage *s, const double *share)
{
    size_t some = 0;
    for (size_t g = 0; g < bram_rsa_units(&s->sides->groups, s->count); g++)
        some += counts(s, share, g);
    return some;
}

/* Doubled ranks of an entry under its subject's vector. */
static double rank_of(const bram_rdm_vector *v, size_t k)
{
    return v->rank ? v->rank[k] : v->weighted_rank[k];
}

static int ceilings_of_ranks(bram_ctx *cx, double *lower, double *upper, const bram_rsa_stage *s,
                             const double *share)
{
    size_t count = s->frame.count;
    const bram_groups *groups = &s->sides->groups;
    double *all = bram_scratch(cx, count, sizeof *all);
    double *others = all ? bram_scratch(cx, count, sizeof *others) : NULL;
    if (!others) return BRAM_ENOMEM;
    for (size_t t = 0; t < s->count; t++)
        for (size_t k = 0; share[t] > 0 && k < count; k++)
            all[k] += share[t] * rank_of(&s->vector[t], k);
    BRAM_TRY(compare_pool(cx, upper, s, all, NULL));
    for (size_t g = 0; groups_that_count(s, share) > 1 && g < bram_rsa_units(groups, s->count);
         g++) {
        if (!counts(s, share, g)) continue;
        size_t mark = bram_scratch_mark(cx);
        for (size_t k = 0; k < count; k++) others[k] = all[k];
        for (size_t t = 0; t < s->count; t++)
            for (size_t k = 0; bram_rsa_unit_of(groups, t) == g && k < count; k++)
                others[k] -= share[t] * rank_of(&s->vector[t], k);
        BRAM_TRY(compare_pool(cx, lower, s, others, &g));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* ---- any measure ---------------------------------------------------------------------------- */

static int compare_pooled(bram_ctx *cx, double *values, const bram_rsa_stage *s,
                          const double *share)
{
    const bram_rdm_set *subjects = s->sides->subjects;
    double *pool = bram_scratch(cx, subjects->pairs, sizeof *pool);
    if (!pool) return BRAM_ENOMEM;
    BRAM_TRY(bram_rdm_pool(cx, pool, subjects, s->sides->pooling, share, NULL));
    bram_rdm_set *set = NULL;
    bram_mat row = {pool, 1, subjects->pairs, subjects->pairs},
             out = {values, 1, s->count, s->count};
    BRAM_TRY(bram_rdm_set_new(cx, &set, &subjects->measure, &row, subjects->n));
    int status = bram_rdm_sets_compare(cx, &out, NULL, set, subjects, s->frame.times);
    bram_rdm_set_free(set);
    return status;
}

static int ceilings_of_pools(bram_ctx *cx, double *lower, double *upper, const bram_rsa_stage *s,
                             const double *share)
{
    const bram_groups *groups = &s->sides->groups;
    double *value = bram_scratch(cx, s->count, sizeof *value);
    double *left = value ? bram_scratch(cx, s->count, sizeof *left) : NULL;
    if (!left) return BRAM_ENOMEM;
    BRAM_TRY(compare_pooled(cx, upper, s, share));
    for (size_t g = 0; groups_that_count(s, share) > 1 && g < bram_rsa_units(groups, s->count);
         g++) {
        if (!counts(s, share, g)) continue;
        for (size_t k = 0; k < s->count; k++)
            left[k] = bram_rsa_unit_of(groups, k) == g ? 0 : share[k];
        BRAM_TRY(compare_pooled(cx, value, s, left));
        for (size_t t = 0; t < s->count; t++)
            if (bram_rsa_unit_of(groups, t) == g) lower[t] = value[t];
    }
    return BRAM_OK;
}

/* ---- stages --------------------------------------------------------------------------------- */

int bram_rsa_stage_new(bram_ctx *cx, bram_rsa_stage *stage, const bram_rsa_sides *sides,
                       const double *times)
{
    const bram_rdm_set *models = sides->models, *subjects = sides->subjects;
    bram_rdm_comparator c = subjects->measure.comparator;
    bram_rsa_stage s = {.sides = sides, .models = models->rdm.rows, .count = subjects->rdm.rows};
    s.value = bram_scratch(cx, s.models * s.count, sizeof *s.value);
    if (!s.value) return BRAM_ENOMEM;
    BRAM_TRY(
        bram_rdm_frame_new(cx, &s.frame, subjects->n, times, models->missing, subjects->missing));
    bram_mat value = {s.value, s.models, s.count, s.count};
    if (s.frame.drawn < 3 || !s.frame.count)
        for (size_t k = 0; k < s.models * s.count; k++) s.value[k] = NAN;
    else if (c >= BRAM_COMPARE_BURES)
        BRAM_TRY(bram_rdm_sets_compare(cx, &value, NULL, models, subjects, times));
    else if (bram_rdm_by_ranks(c)) BRAM_TRY(stage_of_ranks(cx, &s));
    else BRAM_TRY(stage_of_vectors(cx, &s));
    *stage = s;
    return BRAM_OK;
}

int bram_rsa_stage_ceilings(bram_ctx *cx, double *lower, double *upper, const bram_rsa_stage *s,
                            const double *share)
{
    for (size_t t = 0; t < s->count; t++) lower[t] = upper[t] = NAN;
    if (s->frame.drawn < 3 || !s->frame.count) return BRAM_OK;
    if (s->vector) return ceilings_of_ranks(cx, lower, upper, s, share);
    if (!s->likeness) return ceilings_of_pools(cx, lower, upper, s, share);
    double *scratch = bram_scratch(cx, s->count, sizeof *scratch);
    if (!scratch) return BRAM_ENOMEM;
    ceilings_of_likeness(lower, upper, s, share, scratch);
    return BRAM_OK;
}

static int evaluate(bram_ctx *cx, double *out, const bram_rsa_stage *s, const double *share)
{
    double total = 0, subjects = 0, low = 0, high = 0;
    double *lower = bram_scratch(cx, s->count, sizeof *lower);
    double *upper = lower ? bram_scratch(cx, s->count, sizeof *upper) : NULL;
    if (!upper) return BRAM_ENOMEM;
    BRAM_TRY(bram_rsa_stage_ceilings(cx, lower, upper, s, share));
    for (size_t t = 0; t < s->count; t++) {
        if (!(share[t] > 0)) continue;
        total += share[t], subjects++;
        low += lower[t], high += upper[t];
    }
    for (size_t i = 0; i < s->models; i++) {
        out[i] = 0;
        for (size_t t = 0; t < s->count; t++)
            if (share[t] > 0) out[i] += share[t] * s->value[i * s->count + t];
        out[i] /= total;
    }
    out[s->models] = low / subjects, out[s->models + 1] = high / subjects;
    return BRAM_OK;
}

int bram_rsa_stage_evaluate(bram_ctx *cx, double *out, const bram_rsa_stage *stage,
                            const double *share)
{
    size_t mark = bram_scratch_mark(cx);
    int status = BRAM_OK;
    if (!share) {
        double *ones = bram_scratch(cx, stage->count, sizeof *ones);
        for (size_t t = 0; ones && t < stage->count; t++) ones[t] = 1;
        share = ones;
        if (!ones) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK) status = evaluate(cx, out, stage, share);
    bram_scratch_release(cx, mark);
    return status;
}
