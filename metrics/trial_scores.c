/*
 * trial_scores.c - scores and limits over single trials, normalization rules; see trial_scores.h.
 *
 * Correlations are those of moments about the means, two passes; values of a unit enter less the
 * first present one, so that a constant unit has none.
 */
#include "trial_scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has(const bram_side *s, size_t i, size_t u)
{
    return !s->present || s->present[i * s->values.cols + u];
}

static int check(bram_ctx *cx, const bram_trials *t, bool repeats)
{
    const bram_side *s = t->side;
    size_t mark = bram_scratch_mark(cx), most = 0;
    size_t *count = bram_scratch(cx, t->conditions + 1, sizeof *count);
    if (!count) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (size_t i = 0; i < s->values.rows && status == BRAM_OK; i++) {
        if (t->condition[i] >= t->conditions)
            status = bram_fail(cx, BRAM_ESHAPE, "row %zu is of condition %u, expected one of %zu",
                               i, t->condition[i], t->conditions);
        else if (++count[t->condition[i]] > most) most = count[t->condition[i]];
        for (size_t u = 0; u < s->values.cols && status == BRAM_OK; u++)
            if (has(s, i, u) && !isfinite(bram_row(&s->values, i)[u]))
                status = bram_fail(cx, BRAM_ENUMERIC,
                                   "row %zu, unit %zu is %g, expected a number (what is missing is "
                                   "masked)",
                                   i, u, bram_row(&s->values, i)[u]);
    }
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK && repeats && most < 2)
        return bram_fail(cx, BRAM_ESHAPE, "no condition of %zu has two trials", t->conditions);
    return status;
}

/* Trials of one unit that are present, with their conditions and the sums of conditions. */
struct unit {
    double *value, *mean, *square; /* trials; conditions: mean, sum of squares about it */
    uint32_t *condition;
    size_t *count, n, conditions;
    double origin;
};

static int take_unit(bram_ctx *cx, struct unit *x, const bram_trials *t)
{
    size_t rows = t->side->values.rows;
    x->conditions = t->conditions;
    x->value = bram_scratch(cx, rows, sizeof *x->value);
    x->condition = x->value ? bram_scratch(cx, rows, sizeof *x->condition) : NULL;
    x->mean = x->condition ? bram_scratch(cx, t->conditions, sizeof *x->mean) : NULL;
    x->square = x->mean ? bram_scratch(cx, t->conditions, sizeof *x->square) : NULL;
    x->count = x->square ? bram_scratch(cx, t->conditions, sizeof *x->count) : NULL;
    return x->count ? BRAM_OK : BRAM_ENOMEM;
}

static void fill_unit(struct unit *x, const bram_trials *t, size_t u)
{
    x->n = 0, x->origin = 0;
    for (size_t c = 0; c < x->conditions; c++) x->mean[c] = x->square[c] = 0, x->count[c] = 0;
    for (size_t i = 0; i < t->side->values.rows; i++) {
        if (!has(t->side, i, u)) continue;
        double v = bram_row(&t->side->values, i)[u];
        if (!x->n) x->origin = v;
        x->condition[x->n] = t->condition[i];
        x->value[x->n++] = v - x->origin;
        x->mean[t->condition[i]] += v - x->origin;
        x->count[t->condition[i]]++;
    }
    for (size_t c = 0; c < x->conditions; c++)
        if (x->count[c]) x->mean[c] /= (double)x->count[c];
    for (size_t k = 0; k < x->n; k++) {
        double d = x->value[k] - x->mean[x->condition[k]];
        x->square[x->condition[k]] += d * d;
    }
}

static double correlation(const double *a, const double *b, size_t n, double epsilon)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    if (n < 2) return NAN;
    for (size_t i = 0; i < n; i++) ma += (a[i] - a[0]) / (double)n, mb += (b[i] - b[0]) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double da = a[i] - a[0] - ma, db = b[i] - b[0] - mb;
        aa += da * da, bb += db * db, ab += da * db;
    }
    if (!(aa > 0 && bb > 0)) return NAN;
    epsilon *= sqrt((double)n);
    return ab / (sqrt(aa) + epsilon) / (sqrt(bb) + epsilon);
}

/* Variance of all trials (n - 1), and the noise. NaN where there is none. */
static double variance_of(const struct unit *x, double *noise)
{
    double mean = 0, total = 0, sum = 0, repeated = 0;
    for (size_t k = 0; k < x->n; k++) mean += x->value[k] / (double)x->n;
    for (size_t k = 0; k < x->n; k++) total += (x->value[k] - mean) * (x->value[k] - mean);
    for (size_t c = 0; c < x->conditions; c++)
        if (x->count[c] > 1) sum += x->square[c] / (double)(x->count[c] - 1), repeated++;
    *noise = sum / repeated;
    return total / ((double)x->n - 1);
}

static double fev_of(const struct unit *x)
{
    double noise, total = variance_of(x, &noise);
    return total > 0 ? (total - noise) / total : (double)NAN;
}

/* ---- limits --------------------------------------------------------------------------------- */

static double jackknife(const struct unit *x, double *one, double *rest, double epsilon)
{
    size_t n = 0;
    for (size_t k = 0; k < x->n; k++) {
        double count = (double)x->count[x->condition[k]];
        if (count < 2) continue;
        one[n] = x->value[k];
        rest[n++] = (count * x->mean[x->condition[k]] - x->value[k]) / (count - 1);
    }
    return correlation(one, rest, n, epsilon);
}

static double conservative(const struct unit *x)
{
    double n = 0, mean = 0, between = 0, within = 0;
    for (size_t c = 0; c < x->conditions; c++)
        if (x->count[c]) mean += x->mean[c], n++;
    mean /= n;
    for (size_t c = 0; c < x->conditions; c++)
        if (x->count[c]) {
            between += (x->mean[c] - mean) * (x->mean[c] - mean) / n;
            within += x->square[c] / (double)x->count[c] / n;
        }
    return between + within > 0 ? sqrt(between / (between + within)) : (double)NAN;
}

static int limits(bram_ctx *cx, const bram_trial_limits *out, const bram_trials *t,
                  const bram_trial_options *o)
{
    struct unit x;
    size_t rows = t->side->values.rows;
    BRAM_TRY(take_unit(cx, &x, t));
    double *one = bram_scratch(cx, rows, sizeof *one);
    double *rest = one ? bram_scratch(cx, rows, sizeof *rest) : NULL;
    if (!rest) return BRAM_ENOMEM;
    for (size_t u = 0; u < t->side->values.cols; u++) {
        fill_unit(&x, t, u);
        out->fev[u] = fev_of(&x);
        out->oracle_jackknife[u] = jackknife(&x, one, rest, o->epsilon);
        out->oracle_conservative[u] = conservative(&x);
    }
    return BRAM_OK;
}

int bram_trial_limits_of(bram_ctx *cx, const bram_trial_limits *out, const bram_trials *t,
                         const bram_trial_options *o)
{
    BRAM_TRY(check(cx, t, true));
    size_t mark = bram_scratch_mark(cx);
    int status = limits(cx, out, t, o);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- given halves --------------------------------------------------------------------------- */

static int halves(bram_ctx *cx, double *r, double *full, const bram_trials *t, const uint8_t *half)
{
    size_t n = t->conditions;
    double *sum = bram_scratch(cx, 4 * n, sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    for (size_t u = 0; u < t->side->values.cols; u++) {
        memset(sum, 0, 4 * n * sizeof *sum);
        for (size_t i = 0; i < t->side->values.rows; i++) {
            if (!has(t->side, i, u) || (half[i] != 1 && half[i] != 2)) continue;
            double *at = sum + 2 * n * (half[i] - 1) + t->condition[i];
            at[0] += bram_row(&t->side->values, i)[u];
            at[n]++;
        }
        size_t both = 0;
        double *a = sum, *b = sum + 2 * n;
        for (size_t c = 0; c < n; c++)
            if (a[n + c] > 0 && b[n + c] > 0) {
                a[both] = a[c] / a[n + c];
                b[both++] = b[c] / b[n + c];
            }
        r[u] = correlation(a, b, both, 0);
        if (full) full[u] = r[u] > -1 ? 2 * r[u] / (1 + r[u]) : (double)NAN;
    }
    return BRAM_OK;
}

int bram_given_halves(bram_ctx *cx, double *r, double *full, const bram_trials *t,
                      const uint8_t *half)
{
    BRAM_TRY(check(cx, t, false));
    size_t mark = bram_scratch_mark(cx);
    int status = halves(cx, r, full, t, half);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- scores --------------------------------------------------------------------------------- */

static int scores(bram_ctx *cx, const bram_trial_scores *out, const bram_trials *t,
                  const bram_mat *prediction, const bram_trial_options *o)
{
    struct unit x;
    BRAM_TRY(take_unit(cx, &x, t));
    double *p = bram_scratch(cx, t->side->values.rows, sizeof *p);
    double *q = p ? bram_scratch(cx, t->conditions, sizeof *q) : NULL;
    double *mean = q ? bram_scratch(cx, t->conditions, sizeof *mean) : NULL;
    if (!mean) return BRAM_ENOMEM;
    for (size_t u = 0; u < t->side->values.cols; u++) {
        double error = 0, noise;
        size_t n = 0;
        fill_unit(&x, t, u);
        for (size_t k = 0; k < x.n; k++) {
            p[k] = bram_row(prediction, x.condition[k])[u] - x.origin;
            error += (p[k] - x.value[k]) * (p[k] - x.value[k]) / (double)x.n;
        }
        for (size_t c = 0; c < x.conditions; c++)
            if (x.count[c]) mean[n] = x.mean[c], q[n++] = bram_row(prediction, c)[u];
        out->single_trial[u] = correlation(p, x.value, x.n, o->epsilon);
        out->to_average[u] = correlation(q, mean, n, o->epsilon);
        double total = variance_of(&x, &noise);
        bool kept = total > noise && (total - noise) / total >= o->threshold;
        out->feve[u] = kept ? 1 - (error - noise) / (total - noise) : (double)NAN;
    }
    return BRAM_OK;
}

int bram_trial_scores_of(bram_ctx *cx, const bram_trial_scores *out, const bram_trials *t,
                         const bram_mat *prediction, const bram_trial_options *o)
{
    size_t units = t->side->values.cols;
    BRAM_TRY(check(cx, t, true));
    if (prediction->rows != t->conditions || prediction->cols != units)
        return bram_fail(cx, BRAM_ESHAPE, "found a prediction of %zu x %zu, expected %zu x %zu",
                         prediction->rows, prediction->cols, t->conditions, units);
    for (size_t c = 0; c < t->conditions; c++)
        for (size_t u = 0; u < units; u++)
            if (!isfinite(bram_row(prediction, c)[u]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the prediction of condition %zu, unit %zu is "
                                 "%g",
                                 c, u, bram_row(prediction, c)[u]);
    size_t mark = bram_scratch_mark(cx);
    int status = scores(cx, out, t, prediction, o);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- rules ---------------------------------------------------------------------------------- */

static const char *const names[] = {
    [BRAM_RULE_NONE] = "none",
    [BRAM_RULE_R2_OVER_RELIABILITY] = "r2_over_reliability",
    [BRAM_RULE_SQUARED_RATIO] = "squared_ratio",
    [BRAM_RULE_UNITWISE] = "unitwise_r2_over_reliability",
    [BRAM_RULE_R_OVER_ROOT] = "r_over_sqrt_reliability",
    [BRAM_RULE_RATIO] = "ratio",
    [BRAM_RULE_NC_PERCENT] = "nc_percent",
};

bool bram_rule_find(bram_rule *out, const char *name)
{
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (!strcmp(name, names[k])) {
            *out = (bram_rule)k;
            return true;
        }
    return false;
}

const char *bram_rule_name(bram_rule rule)
{
    return names[rule];
}

static double percent(double r, double ceiling)
{
    double positive = fmax(r, 0);
    return fmin(100, 100 * positive * positive / (ceiling == 0 ? 1e-14 : ceiling));
}

static double of_unit(bram_rule rule, double r, double c)
{
    if (rule == BRAM_RULE_NC_PERCENT) return c >= 0 ? percent(r, c) : (double)NAN;
    if (!(c > 0)) return NAN;
    return rule == BRAM_RULE_UNITWISE ? r * r / c : r / sqrt(c);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double over_units(bram_rule rule, const bram_rule_input *in, double *kept, size_t *left_out)
{
    double sum = 0;
    size_t n = 0;
    for (size_t u = 0; u < in->units; u++) {
        double x = of_unit(rule, in->r[u], in->reliability[u]);
        if (!isnan(x)) sum += x, kept[n++] = x;
    }
    if (left_out) *left_out = in->units - n;
    if (!n) return NAN;
    if (rule != BRAM_RULE_NC_PERCENT) return sum / (double)n;
    qsort(kept, n, sizeof *kept, by_size);
    return n % 2 ? kept[n / 2] : (kept[n / 2 - 1] + kept[n / 2]) / 2;
}

static double over_summaries(bram_rule rule, double r, double c)
{
    if (rule == BRAM_RULE_NONE) return r;
    if (!(c > 0)) return NAN;
    if (rule == BRAM_RULE_RATIO) return r / c;
    return rule == BRAM_RULE_R2_OVER_RELIABILITY ? r * r / c : (r / c) * (r / c);
}

int bram_normalized(bram_ctx *cx, double *out, size_t *left_out, bram_rule rule,
                    const bram_rule_input *in)
{
    bool units = rule == BRAM_RULE_UNITWISE || rule == BRAM_RULE_R_OVER_ROOT ||
                 rule == BRAM_RULE_NC_PERCENT;
    size_t mark = bram_scratch_mark(cx);
    double *kept = bram_scratch(cx, in->units, sizeof *kept);
    if (!kept) return BRAM_ENOMEM;
    if (left_out) *left_out = 0;
    *out = units ? over_units(rule, in, kept, left_out)
                 : over_summaries(rule, in->score, in->ceiling);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

double bram_noise_ceiling(double ncsnr, const double images[3])
{
    double all = images[0] + images[1] + images[2];
    double term = (images[0] / 3 + images[1] / 2 + images[2]) / all;
    return ncsnr * ncsnr / (ncsnr * ncsnr + term);
}

double bram_corrected_variance(const double *split, size_t splits, double test_over_train)
{
    double n = (double)splits, mean = 0, square = 0;
    if (splits < 2) return NAN;
    for (size_t k = 0; k < splits; k++) mean += split[k] / n;
    for (size_t k = 0; k < splits; k++) square += (split[k] - mean) * (split[k] - mean);
    return square / (n - 1) * (1 / n + test_over_train);
}
