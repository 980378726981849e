/*
 * pairwise_matching.c - one-to-one prediction: each unit of the brain by the single model unit that
 * correlates best with it.
 *
 * In each fold the partner of a brain unit is the model unit of highest Pearson correlation over
 * the training rows, and the score is their correlation over the test rows; raw[u] = mean over the
 * folds. Chosen and scored on different rows, so chance is 0 however many model units there are to
 * choose from. Not invariant to rotation: it asks whether single units are alike (Li et al. 2015;
 * Khosla & Williams 2024, "pairwise matching").
 *
 * A unit without a partner in a fold (fewer than 3 training rows, or constant there) or with an
 * undefined test correlation in every fold is undefined: NaN. Missing values of the brain are left
 * out unit by unit; the model must be complete. Weights: partners stay those of the training rows
 * as recorded; each fold is scored over its test rows as drawn and counts by the share of them that
 * was drawn. Cost: three products n p q a fold.
 */
#include "internal.h"
#include "linalg.h"
#include "moments.h"
#include "resample.h"
#include "ridge.h"

#include <bramble/metric.h>

#include <float.h>
#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"folds", BRAM_PARAM_INTEGER, "10", NULL, 2, 1000,
     "contiguous parts of the rows, where the comparison brings no folds"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

#define NOBODY SIZE_MAX

struct part {
    size_t *row; /* test rows */
    size_t rows;
    size_t *partner; /* of each brain unit */
};

struct matching {
    const bram_side *model, *brain;
    size_t groups, parts;
    uint32_t *group;
    struct part *part;
};

static void release_pair(void *pair)
{
    struct matching *s = pair;
    if (!s) return;
    for (size_t f = 0; s->part && f < s->parts; f++) {
        bram_free(s->part[f].row);
        bram_free(s->part[f].partner);
    }
    bram_free(s->part);
    bram_free(s->group);
    bram_free(s);
}

static bool has(const bram_side *side, size_t i, size_t u)
{
    return !side->present || side->present[i * side->values.cols + u];
}

static int check(bram_ctx *cx, const bram_side *model, const bram_side *brain)
{
    size_t n = model->values.rows;
    if (n != brain->values.rows || n < 2 || !model->values.cols || !brain->values.cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the model is %zu x %zu, the brain %zu x %zu; expected equal rows, two or "
                         "more, and a unit on each side",
                         n, model->values.cols, brain->values.rows, brain->values.cols);
    const bram_side *side[] = {model, brain};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < n; i++)
            for (size_t u = 0; u < side[s]->values.cols; u++) {
                double v = bram_row(&side[s]->values, i)[u];
                if (s == 0 && !has(model, i, u))
                    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                     "unit %zu of the model lacks row %zu, expected all", u, i);
                if (has(side[s], i, u) && !isfinite(v))
                    return bram_fail(cx, BRAM_ENUMERIC, "row %zu of unit %zu of the %s is %g", i, u,
                                     s ? "brain" : "model", v);
            }
    return BRAM_OK;
}

/* ---- partners ------------------------------------------------------------------------------- */

/* Training rows: x less the mean of each column, taken about its first value so that a constant one
 * becomes zero; y likewise, and 0 where missing; and the mask. */
static int gather(bram_ctx *cx, const struct matching *s, const bram_fold *fold, bram_mat *x,
                  bram_mat *y, bram_mat *mask)
{
    size_t p = s->model->values.cols, q = s->brain->values.cols;
    double *mean = bram_scratch(cx, p + q, sizeof *mean);
    double *first = mean ? bram_scratch(cx, p + q, sizeof *first) : NULL;
    double *count = first ? bram_scratch(cx, q, sizeof *count) : NULL;
    if (!count) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, x, fold->trains, p));
    BRAM_TRY(bram_mat_scratch(cx, y, fold->trains, q));
    BRAM_TRY(bram_mat_scratch(cx, mask, fold->trains, q));
    for (size_t t = fold->trains; t-- > 0;) {
        size_t i = fold->train[t];
        for (size_t k = 0; k < p; k++) first[k] = bram_row(&s->model->values, i)[k];
        for (size_t u = 0; u < q; u++)
            if (has(s->brain, i, u)) count[u]++, first[p + u] = bram_row(&s->brain->values, i)[u];
    }
    for (size_t t = 0; t < fold->trains; t++) {
        size_t i = fold->train[t];
        for (size_t k = 0; k < p; k++)
            mean[k] += (bram_row(&s->model->values, i)[k] - first[k]) / (double)fold->trains;
        for (size_t u = 0; u < q; u++)
            if (has(s->brain, i, u))
                mean[p + u] += (bram_row(&s->brain->values, i)[u] - first[p + u]) / count[u];
    }
    for (size_t t = 0; t < fold->trains; t++) {
        size_t i = fold->train[t];
        for (size_t k = 0; k < p; k++)
            bram_row(x, t)[k] = bram_row(&s->model->values, i)[k] - first[k] - mean[k];
        for (size_t u = 0; u < q; u++) {
            bool there = has(s->brain, i, u);
            bram_row(mask, t)[u] = there;
            bram_row(y, t)[u] = there
                                    ? bram_row(&s->brain->values, i)[u] - first[p + u] - mean[p + u]
                                    : 0;
        }
    }
    return BRAM_OK;
}

static double column_sum(const bram_mat *m, size_t k)
{
    double sum = 0;
    for (size_t i = 0; i < m->rows; i++) sum += bram_row(m, i)[k];
    return sum;
}

/* Whether sums of squares about the mean are more than rounding of the sum about another point. */
static bool varies(double about_mean, double square)
{
    return about_mean > 64 * DBL_EPSILON * square && about_mean > 0;
}

static int find_partners(bram_ctx *cx, const struct matching *s, const bram_fold *fold,
                         size_t *partner)
{
    bram_mat x, y, mask, xy, sum, square;
    BRAM_TRY(gather(cx, s, fold, &x, &y, &mask));
    BRAM_TRY(bram_mat_scratch(cx, &xy, x.cols, y.cols));
    BRAM_TRY(bram_mat_scratch(cx, &sum, x.cols, y.cols));
    BRAM_TRY(bram_mat_scratch(cx, &square, x.cols, y.cols));
    BRAM_TRY(bram_gemm(cx, &xy, 1, &x, BRAM_TRANSPOSED, &y, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &sum, 1, &x, BRAM_TRANSPOSED, &mask, BRAM_AS_IS, 0));
    for (size_t t = 0; t < x.rows; t++)
        for (size_t k = 0; k < x.cols; k++) bram_row(&x, t)[k] *= bram_row(&x, t)[k];
    BRAM_TRY(bram_gemm(cx, &square, 1, &x, BRAM_TRANSPOSED, &mask, BRAM_AS_IS, 0));
    for (size_t u = 0; u < y.cols; u++) {
        double n = column_sum(&mask, u), total = column_sum(&y, u), yy = 0, best = -INFINITY;
        for (size_t t = 0; t < y.rows; t++) yy += bram_row(&y, t)[u] * bram_row(&y, t)[u];
        partner[u] = NOBODY;
        if (n < 3 || !varies(yy - total * total / n, yy)) continue;
        for (size_t k = 0; k < x.cols; k++) {
            double xs = bram_row(&sum, k)[u], xx = bram_row(&square, k)[u];
            double about = xx - xs * xs / n;
            if (!varies(about, xx)) continue;
            double r = (bram_row(&xy, k)[u] - xs * total / n) / sqrt(about);
            if (r > best) best = r, partner[u] = k;
        }
    }
    return BRAM_OK;
}

static int fill_part(bram_ctx *cx, struct matching *s, const bram_fold *fold, struct part *part)
{
    size_t rows = s->brain->values.rows;
    for (size_t t = 0; t < fold->trains; t++)
        if (fold->train[t] >= rows)
            return bram_fail(cx, BRAM_ESHAPE, "a fold names row %zu of %zu", fold->train[t], rows);
    for (size_t t = 0; t < fold->tests; t++)
        if (fold->test[t] >= rows)
            return bram_fail(cx, BRAM_ESHAPE, "a fold names row %zu of %zu", fold->test[t], rows);
    part->row = bram_alloc(cx, fold->tests, sizeof *part->row);
    part->partner = bram_alloc(cx, s->brain->values.cols, sizeof *part->partner);
    if (!part->row || !part->partner) return BRAM_ENOMEM;
    if (fold->tests) memcpy(part->row, fold->test, fold->tests * sizeof *part->row);
    part->rows = fold->tests;
    size_t mark = bram_scratch_mark(cx);
    int status = find_partners(cx, s, fold, part->partner);
    bram_scratch_release(cx, mark);
    return status;
}

static int fill(bram_ctx *cx, struct matching *s, const bram_options *o, const bram_comparison *c)
{
    size_t rows = s->brain->values.rows, count = c->folds;
    const bram_fold *fold = c->fold;
    bram_fold *made = NULL;
    BRAM_TRY(bram_groups_check(cx, &s->groups, &c->groups, rows));
    if (c->groups.group) {
        s->group = bram_alloc(cx, rows, sizeof *s->group);
        if (!s->group) return BRAM_ENOMEM;
        memcpy(s->group, c->groups.group, rows * sizeof *s->group);
    }
    if (!count) {
        size_t wanted = (size_t)bram_option_integer(o, "folds");
        count = wanted < rows ? wanted : rows;
        BRAM_TRY(bram_kfold(cx, &made, rows, count));
        fold = made;
    }
    s->part = bram_alloc(cx, count, sizeof *s->part);
    int status = s->part ? BRAM_OK : BRAM_ENOMEM;
    s->parts = s->part ? count : 0;
    for (size_t f = 0; status == BRAM_OK && f < count; f++)
        status = fill_part(cx, s, &fold[f], &s->part[f]);
    bram_free(made);
    return status;
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    BRAM_TRY(check(cx, c->model, c->brain));
    struct matching *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    s->model = c->model, s->brain = c->brain;
    int status = fill(cx, s, o, c);
    if (status == BRAM_OK) *out = s, *values = s->brain->values.cols;
    else release_pair(s);
    return status;
}

/* Pearson's r under weights, about the first values; NaN where a side is constant. */
static double correlation(const double *x, const double *y, const double *w, size_t n)
{
    double sum = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    size_t first = 0;
    while (first < n && !(w[first] > 0)) first++;
    for (size_t i = first; i < n; i++) sum += w[i];
    for (size_t i = first; i < n; i++)
        mx += w[i] / sum * (x[i] - x[first]), my += w[i] / sum * (y[i] - y[first]);
    for (size_t i = first; i < n; i++) {
        double a = x[i] - x[first] - mx, b = y[i] - y[first] - my;
        xx += w[i] * a * a, yy += w[i] * b * b, xy += w[i] * a * b;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx) / sqrt(yy) : (double)NAN;
}

/* ---- scoring -------------------------------------------------------------------------------- */

static int score(bram_ctx *cx, double *raw, const struct matching *s, const double *weight)
{
    size_t rows = s->brain->values.rows;
    double *x = bram_scratch(cx, rows, sizeof *x),
           *y = x ? bram_scratch(cx, rows, sizeof *y) : NULL;
    double *w = y ? bram_scratch(cx, rows, sizeof *w) : NULL;
    if (!w) return BRAM_ENOMEM;
    for (size_t u = 0; u < s->brain->values.cols; u++) {
        double sum = 0, shares = 0;
        for (size_t f = 0; f < s->parts; f++) {
            const struct part *part = &s->part[f];
            size_t count = 0;
            double drawn = 0;
            for (size_t t = 0; part->partner[u] != NOBODY && t < part->rows; t++) {
                size_t i = part->row[t];
                if (!has(s->brain, i, u)) continue;
                w[count] = weight ? weight[s->group ? s->group[i] : i] : 1;
                x[count] = bram_row(&s->model->values, i)[part->partner[u]];
                y[count] = bram_row(&s->brain->values, i)[u];
                drawn += w[count++];
            }
            double r = drawn > 0 ? correlation(x, y, w, count) : (double)NAN;
            if (isnan(r)) continue;
            sum += drawn / (double)count * r, shares += drawn / (double)count;
        }
        raw[u] = shares > 0 ? sum / shares : (double)NAN;
    }
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct matching *s = state;
    BRAM_TRY(bram_weights_check(cx, weight, s->groups));
    size_t mark = bram_scratch_mark(cx);
    int status = score(cx, raw, s, weight);
    bram_scratch_release(cx, mark);
    return status;
}

const bram_metric bram_metric_pairwise_matching = {
    .name = "pairwise-matching",
    .summary = "cross-validated correlation of each unit with its best single partner",
    .source = "Li et al. 2015; Khosla & Williams 2024",
    .version = 1,
    .kind = BRAM_METRIC_MAPPED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT | BRAM_METRIC_FITS |
             BRAM_METRIC_FIXED_REFERENCE,
    .chance = 0,
    .params = params,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
};
