/*
 * moments.c - sums by resampling group and unit; see moments.h.
 *
 * Rows are read in memory order and added in row order, so the sums do not depend on anything but
 * the data. Memory: 8 bytes x groups x units for each moment asked for.
 */
#include "moments.h"

#include "internal.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The sides of a comparison and what they share. */
struct sides {
    const bram_side *model, *brain, *reference;
    size_t rows, units;
    const double *model_offset, *brain_offset;
};

int bram_weights_check(bram_ctx *cx, const double *weight, size_t groups)
{
    for (size_t g = 0; weight && g < groups; g++)
        if (!isfinite(weight[g]) || weight[g] < 0)
            return bram_fail(cx, BRAM_ENUMERIC,
                             "the weight of group %zu is %g, expected a number of 0 or more", g,
                             weight[g]);
    return BRAM_OK;
}

int bram_groups_check(bram_ctx *cx, size_t *groups, const bram_groups *g, size_t rows)
{
    if (!g->group) {
        *groups = rows;
        return BRAM_OK;
    }
    for (size_t i = 0; i < rows; i++)
        if (g->group[i] >= g->groups)
            return bram_fail(cx, BRAM_ESHAPE, "row %zu is in group %u, but there are %zu groups", i,
                             g->group[i], g->groups);
    *groups = g->groups;
    return BRAM_OK;
}

static bool is_present(const struct sides *s, size_t i, size_t u)
{
    size_t at = i * s->units + u;
    return (!s->model->present || s->model->present[at]) &&
           (!s->brain->present || s->brain->present[at]) &&
           (!s->reference || !s->reference->present || s->reference->present[at]);
}

static int check_shapes(bram_ctx *cx, const struct sides *s)
{
    const bram_mat *m = &s->model->values, *b = &s->brain->values;
    if (m->rows != b->rows || m->cols != b->cols || b->rows == 0 || b->cols == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the prediction is %zu x %zu, the recording %zu x %zu; "
                         "expected equal shapes with one row and one unit or more",
                         m->rows, m->cols, b->rows, b->cols);
    const bram_mat *r = s->reference ? &s->reference->values : b;
    if (r->rows != b->rows || r->cols != b->cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the reference prediction is %zu x %zu, expected %zu x %zu", r->rows,
                         r->cols, b->rows, b->cols);
    return BRAM_OK;
}

static int check_finite(bram_ctx *cx, const struct sides *s)
{
    static const char *const names[] = {"prediction", "recording", "reference prediction"};
    const bram_side *side[] = {s->model, s->brain, s->reference};
    for (size_t i = 0; i < s->rows; i++)
        for (size_t k = 0; k < 3 && side[k]; k++) {
            const double *row = bram_row(&side[k]->values, i);
            for (size_t u = 0; u < s->units; u++)
                if (!isfinite(row[u]) && is_present(s, i, u))
                    return bram_fail(cx, BRAM_ENUMERIC,
                                     "the %s has %g in row %zu of unit %zu, "
                                     "expected a number (what is missing is masked)",
                                     names[k], row[u], i, u);
        }
    return BRAM_OK;
}

/* The offset of each unit: its first present value plus the mean difference from that. */
static int make_offsets(bram_ctx *cx, double **out, const struct sides *s, const bram_mat *values)
{
    double *first = bram_scratch(cx, s->units, sizeof *first);
    double *mean = bram_scratch(cx, s->units, sizeof *mean);
    size_t *count = bram_scratch(cx, s->units, sizeof *count);
    if (!first || !mean || !count) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->rows; i++) {
        const double *row = bram_row(values, i);
        for (size_t u = 0; u < s->units; u++) {
            if (!is_present(s, i, u)) continue;
            if (count[u]++ == 0) first[u] = row[u];
            mean[u] += (row[u] - first[u] - mean[u]) / (double)count[u];
        }
    }
    for (size_t u = 0; u < s->units; u++) first[u] += mean[u];
    *out = first;
    return BRAM_OK;
}

static void lower(double *to, double x)
{
    if (x < *to) *to = x;
}

static void raise(double *to, double x)
{
    if (x > *to) *to = x;
}

void bram_moments_add(bram_moments *t, size_t group, size_t unit, const bram_entry *e)
{
    size_t at = group * t->units + unit;
    double **to = t->plane;
    double m = e->model - e->model_offset, b = e->brain - e->brain_offset;
    double error = e->model - e->brain, other = e->reference - e->brain;
    to[BRAM_COUNT][at] += 1;
    if (to[BRAM_M]) to[BRAM_M][at] += m;
    if (to[BRAM_B]) to[BRAM_B][at] += b;
    if (to[BRAM_MM]) to[BRAM_MM][at] += m * m;
    if (to[BRAM_BB]) to[BRAM_BB][at] += b * b;
    if (to[BRAM_MB]) to[BRAM_MB][at] += m * b;
    if (to[BRAM_SQUARED_ERROR]) to[BRAM_SQUARED_ERROR][at] += error * error;
    if (to[BRAM_ABSOLUTE_ERROR]) to[BRAM_ABSOLUTE_ERROR][at] += fabs(error);
    if (to[BRAM_REFERENCE_ERROR]) to[BRAM_REFERENCE_ERROR][at] += other * other;
    if (to[BRAM_M_LOW]) lower(&to[BRAM_M_LOW][at], m);
    if (to[BRAM_M_HIGH]) raise(&to[BRAM_M_HIGH][at], m);
    if (to[BRAM_B_LOW]) lower(&to[BRAM_B_LOW][at], b);
    if (to[BRAM_B_HIGH]) raise(&to[BRAM_B_HIGH][at], b);
}

/* Adds row i to the sums of group g. */
static void add_row(bram_moments *t, const struct sides *s, size_t i, size_t g)
{
    const double *model = bram_row(&s->model->values, i), *brain = bram_row(&s->brain->values, i);
    const double *reference = s->reference ? bram_row(&s->reference->values, i) : brain;
    for (size_t u = 0; u < s->units; u++) {
        if (!is_present(s, i, u)) continue;
        bram_entry e = {model[u], brain[u], reference[u], s->model_offset[u], s->brain_offset[u]};
        bram_moments_add(t, g, u, &e);
    }
}

/* What an empty set has: an infinite smallest value, and so on. */
static double empty(size_t moment)
{
    if (moment == BRAM_M_LOW || moment == BRAM_B_LOW) return INFINITY;
    if (moment == BRAM_M_HIGH || moment == BRAM_B_HIGH) return -INFINITY;
    return 0;
}

static bool is_extreme(size_t moment)
{
    return moment >= BRAM_M_LOW;
}

/* Planes on the heap, filled with what an empty set has. */
static int make_planes(bram_ctx *cx, bram_moments *t, unsigned needs, size_t memory)
{
    size_t planes = 0, entries;
    for (size_t k = 0; k < BRAM_MOMENTS; k++) planes += needs >> k & 1;
    if (__builtin_mul_overflow(t->groups, t->units, &entries) ||
        bram_overflows(entries, planes * sizeof(double)))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for sums of %zu groups x %zu units", t->groups,
                         t->units);
    if (memory && entries * planes * sizeof(double) > memory)
        return bram_fail(cx, BRAM_EMEMORY,
                         "sums of %zu groups x %zu units need %zu bytes, the "
                         "budget is %zu: use fewer resampling groups",
                         t->groups, t->units, entries * planes * sizeof(double), memory);
    for (size_t k = 0; k < BRAM_MOMENTS; k++) {
        if (!(needs >> k & 1)) continue;
        t->plane[k] = bram_alloc(cx, entries, sizeof(double));
        if (!t->plane[k]) return BRAM_ENOMEM;
        for (size_t e = 0; is_extreme(k) && e < entries; e++) t->plane[k][e] = empty(k);
    }
    return BRAM_OK;
}

int bram_moments_check(bram_ctx *cx, const bram_moments *t)
{
    for (size_t k = 0; k < BRAM_M_LOW; k++)
        for (size_t e = 0; t->plane[k] && e < t->groups * t->units; e++)
            if (!isfinite(t->plane[k][e]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the sums of unit %zu overflow: its values are "
                                 "too large to be squared",
                                 e % t->units);
    return BRAM_OK;
}

int bram_moments_empty(bram_ctx *cx, bram_moments **out, size_t groups, size_t units,
                       unsigned needs, size_t memory)
{
    bram_moments *t = bram_alloc(cx, 1, sizeof *t);
    if (!t) return BRAM_ENOMEM;
    t->groups = groups, t->units = units;
    int status = make_planes(cx, t, needs | BRAM_NEEDS(BRAM_COUNT), memory);
    if (status == BRAM_OK) *out = t;
    else bram_moments_free(t);
    return status;
}

static int fill(bram_ctx *cx, bram_moments *t, struct sides *s, const bram_groups *g)
{
    double *model_offset, *brain_offset;
    BRAM_TRY(check_finite(cx, s));
    BRAM_TRY(make_offsets(cx, &model_offset, s, &s->model->values));
    BRAM_TRY(make_offsets(cx, &brain_offset, s, &s->brain->values));
    s->model_offset = model_offset, s->brain_offset = brain_offset;
    for (size_t i = 0; i < s->rows; i++) add_row(t, s, i, g->group ? g->group[i] : i);
    return bram_moments_check(cx, t);
}

int bram_moments_new(bram_ctx *cx, bram_moments **out, const bram_comparison *c, unsigned needs)
{
    struct sides s = {.model = c->model, .brain = c->brain};
    if (needs & BRAM_NEEDS(BRAM_REFERENCE_ERROR)) {
        s.reference = c->reference;
        if (!s.reference)
            return bram_fail(cx, BRAM_EUSAGE, "the prediction of a reference model is needed");
    }
    BRAM_TRY(check_shapes(cx, &s));
    s.rows = s.brain->values.rows, s.units = s.brain->values.cols;
    size_t groups;
    bram_moments *t;
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, s.rows));
    BRAM_TRY(bram_moments_empty(cx, &t, groups, s.units, needs, c->memory));
    size_t mark = bram_scratch_mark(cx);
    int status = fill(cx, t, &s, &c->groups);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = t;
    else bram_moments_free(t);
    return status;
}

int bram_moments_pair(bram_ctx *cx, void **out, size_t *values, const bram_comparison *c,
                      unsigned needs)
{
    bram_moments *moments = NULL;
    BRAM_TRY(bram_moments_new(cx, &moments, c, needs));
    *out = moments, *values = moments->units;
    return BRAM_OK;
}

void bram_moments_free(void *moments)
{
    bram_moments *t = moments;
    if (!t) return;
    for (size_t k = 0; k < BRAM_MOMENTS; k++) bram_free(t->plane[k]);
    bram_free(t);
}

/* Adds one group's sums of moment k to the totals; extremes count once whatever the weight. */
static void add_group(bram_total *total, const bram_moments *t, size_t k, size_t g, double w)
{
    const double *from = t->plane[k] + g * t->units;
    for (size_t u = 0; u < t->units; u++) {
        if (k == BRAM_M_LOW || k == BRAM_B_LOW) lower(&total[u].of[k], from[u]);
        else if (is_extreme(k)) raise(&total[u].of[k], from[u]);
        else total[u].of[k] += w * from[u];
    }
}

int bram_moments_total(bram_ctx *cx, bram_total **out, const bram_moments *t, const double *weight)
{
    BRAM_TRY(bram_weights_check(cx, weight, t->groups));
    bram_total *total = bram_scratch(cx, t->units, sizeof *total);
    if (!total) return BRAM_ENOMEM;
    for (size_t k = 0; k < BRAM_MOMENTS; k++) {
        for (size_t u = 0; u < t->units; u++) total[u].of[k] = empty(k);
        for (size_t g = 0; t->plane[k] && g < t->groups; g++) {
            double w = weight ? weight[g] : 1;
            if (w > 0) add_group(total, t, k, g, w);
        }
    }
    *out = total;
    return BRAM_OK;
}

int bram_moments_map(bram_ctx *cx, double *raw, const bram_moments *t, const double *weight,
                     double (*formula)(const bram_total *total, int choice))
{
    size_t mark = bram_scratch_mark(cx);
    bram_total *total = NULL;
    int status = bram_moments_total(cx, &total, t, weight);
    for (size_t u = 0; status == BRAM_OK && u < t->units; u++)
        raw[u] = total[u].of[BRAM_COUNT] > 0 ? formula(&total[u], t->choice) : (double)NAN;
    bram_scratch_release(cx, mark);
    return status;
}

double bram_total_r2(const bram_total *drawn, const bram_total *whole)
{
    double mean = whole->of[BRAM_B] / whole->of[BRAM_COUNT]; /* less the offset: next to nothing */
    double spread = drawn->of[BRAM_BB] - mean * (2 * drawn->of[BRAM_B]) +
                    mean * mean * drawn->of[BRAM_COUNT];
    if (bram_total_constant(drawn, BRAM_B_LOW, BRAM_B_HIGH) || !(spread > 0)) return NAN;
    return 1 - drawn->of[BRAM_SQUARED_ERROR] / spread;
}

double bram_total_explained(const bram_total *drawn, const bram_total *whole)
{
    const double *d = drawn->of, *w = whole->of;
    double mean = w[BRAM_B] / w[BRAM_COUNT], bias = (w[BRAM_B] - w[BRAM_M]) / w[BRAM_COUNT];
    double spread = d[BRAM_BB] - mean * (2 * d[BRAM_B]) + mean * mean * d[BRAM_COUNT];
    double error = (d[BRAM_BB] - d[BRAM_MB]) - (d[BRAM_MB] - d[BRAM_MM]);
    error += bias * (bias * d[BRAM_COUNT] - 2 * (d[BRAM_B] - d[BRAM_M]));
    if (bram_total_constant(drawn, BRAM_B_LOW, BRAM_B_HIGH) || !(spread > 0)) return NAN;
    return 1 - fmax(error, 0) / spread;
}

double bram_total_pearson(const bram_total *t, int zero_if_constant)
{
    if (bram_total_constant(t, BRAM_B_LOW, BRAM_B_HIGH)) return NAN;
    if (bram_total_constant(t, BRAM_M_LOW, BRAM_M_HIGH)) return zero_if_constant ? 0 : (double)NAN;
    double mm = bram_total_about_mean(t, BRAM_MM, BRAM_M, BRAM_M);
    double bb = bram_total_about_mean(t, BRAM_BB, BRAM_B, BRAM_B);
    double mb = bram_total_about_mean(t, BRAM_MB, BRAM_M, BRAM_B);
    if (!(mm > 0) || !(bb > 0)) return NAN;
    double r = mb / sqrt(mm) / sqrt(bb);
    return r > 1 ? 1 : r < -1 ? -1 : r; /* rounding must not leave the range */
}
