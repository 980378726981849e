/*
 * reliability_units.c - split halves, explainable variance and ceilings of units; see the header.
 *
 * With T trials of each of n conditions, y_ct a trial, y_c the mean over trials:
 *     Spearman-Brown    r_full = k r / (1 + (k - 1) r), k = trials of the mean / trials of a half
 *     noise             sigma2 = mean_c var_t(y_ct), total V = var_c(y_c), signal = V - sigma2 / T
 *     signal power      SP = (var_c(sum_t y_ct) - sum_t var_c(y_ct)) / (T (T - 1)): as signal, but
 *                       for changes from trial to trial that all conditions share
 *     CC_norm           cov_c(y_c, p_c) / sqrt(SP var_c(p_c))
 *     FEVE              1 - (mean_ct (y_ct - p_c)^2 - sigma2) / (var_ct(y_ct) - sigma2)
 * Variances are over n - 1. Values are taken relative to the first present one of their unit.
 */
#include "reliability_units.h"

#include "internal.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <string.h>

/* Rows by condition: those of c are row[start[c]] .. row[start[c + 1] - 1], in row order. */
struct order {
    size_t *row, *start;
};

static bool has(const bram_side *s, size_t i, size_t u)
{
    return !s->present || s->present[i * s->values.cols + u];
}

static int check(bram_ctx *cx, const bram_trials *t)
{
    const bram_side *s = t->side;
    for (size_t i = 0; i < s->values.rows; i++) {
        if (t->condition[i] >= t->conditions)
            return bram_fail(cx, BRAM_ESHAPE, "row %zu is of condition %u, expected one of %zu", i,
                             t->condition[i], t->conditions);
        for (size_t u = 0; u < s->values.cols; u++)
            if (has(s, i, u) && !isfinite(bram_row(&s->values, i)[u]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "row %zu, unit %zu is %g, expected a number (what is missing is "
                                 "masked)",
                                 i, u, bram_row(&s->values, i)[u]);
    }
    return BRAM_OK;
}

static int sort(bram_ctx *cx, struct order *o, const bram_trials *t)
{
    size_t rows = t->side->values.rows;
    o->start = bram_scratch(cx, t->conditions + 2, sizeof *o->start);
    o->row = o->start ? bram_scratch(cx, rows, sizeof *o->row) : NULL;
    if (!o->row) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) o->start[t->condition[i] + 2]++;
    for (size_t c = 0; c <= t->conditions; c++) o->start[c + 1] += o->start[c];
    for (size_t i = 0; i < rows; i++) o->row[o->start[t->condition[i] + 1]++] = i;
    return BRAM_OK;
}

static int need_repeats(bram_ctx *cx, const struct order *o, size_t conditions)
{
    for (size_t c = 0; c < conditions; c++)
        if (o->start[c + 1] - o->start[c] >= 2) return BRAM_OK;
    return bram_fail(cx, BRAM_ESHAPE, "no condition of %zu has two trials", conditions);
}

/* Over entries where both are numbers; NaN for fewer than 3 or one that does not vary. */
static double correlation(const double *a, const double *b, size_t n)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0, largest_a = 0, largest_b = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(a[i]) && !isnan(b[i])) {
            ma += a[i], mb += b[i], count++;
            largest_a = fmax(largest_a, fabs(a[i])), largest_b = fmax(largest_b, fabs(b[i]));
        }
    ma /= (double)count, mb /= (double)count;
    for (size_t i = 0; i < n; i++)
        if (!isnan(a[i]) && !isnan(b[i])) {
            aa += (a[i] - ma) * (a[i] - ma), bb += (b[i] - mb) * (b[i] - mb);
            ab += (a[i] - ma) * (b[i] - mb);
        }
    double floor = 1e-14 * sqrt((double)count); /* what rounding leaves of a constant */
    bool varies = sqrt(aa) > floor * largest_a && sqrt(bb) > floor * largest_b;
    return count < 3 || !varies ? (double)NAN : ab / sqrt(aa) / sqrt(bb);
}

/* ---- split halves --------------------------------------------------------------------------- */

struct splitting {
    const bram_trials *t;
    const struct order *o;
    const bram_split_options *options;
    double *r, *factor; /* splits x units */
};

/* The trials of a condition that unit u has, cut in two: first half, second half; returns how many
 * each has. order holds the trials in the order of this split. */
static size_t half_means(double mean[2], const bram_side *s, size_t u, const size_t *order,
                         size_t trials, bool alternate)
{
    size_t have = 0, seen = 0, half;
    double origin = 0;
    for (size_t k = 0; k < trials; k++) {
        if (!has(s, order[k], u)) continue;
        if (!have++) origin = bram_row(&s->values, order[k])[u];
    }
    half = have / 2;
    mean[0] = mean[1] = 0;
    for (size_t k = 0; k < trials && seen < 2 * half; k++) {
        if (!has(s, order[k], u)) continue;
        size_t side = alternate ? seen % 2 : seen >= half;
        mean[side] += (bram_row(&s->values, order[k])[u] - origin) / (double)half;
        seen++;
    }
    mean[0] += origin, mean[1] += origin;
    return half;
}

static int split_task(bram_ctx *cx, size_t split, void *user)
{
    const struct splitting *w = user;
    const bram_side *s = w->t->side;
    size_t n = w->t->conditions, rows = s->values.rows, units = s->values.cols;
    size_t *order = bram_scratch(cx, rows, sizeof *order);
    size_t *turn = order ? bram_scratch(cx, rows, sizeof *turn) : NULL;
    double *a = turn ? bram_scratch(cx, n, 2 * sizeof *a) : NULL;
    if (!a) return BRAM_ENOMEM;
    double *b = a + n;
    memcpy(order, w->o->row, rows * sizeof *order);
    bram_rng g = bram_rng_at(w->options->seed, "reliability/halves", split);
    for (size_t c = 0; w->options->splits && c < n; c++) {
        size_t first = w->o->start[c], trials = w->o->start[c + 1] - first;
        bram_rng_permutation(&g, trials, turn);
        for (size_t k = 0; k < trials; k++) order[first + k] = w->o->row[first + turn[k]];
    }
    for (size_t u = 0; u < units; u++) {
        double all = 0, halves = 0, mean[2];
        for (size_t c = 0; c < n; c++) {
            size_t first = w->o->start[c], trials = w->o->start[c + 1] - first, have = 0;
            size_t half = half_means(mean, s, u, order + first, trials, !w->options->splits);
            for (size_t k = 0; k < trials; k++) have += has(s, order[first + k], u);
            a[c] = half ? mean[0] : (double)NAN, b[c] = half ? mean[1] : (double)NAN;
            if (half) all += (double)have, halves += (double)half;
        }
        w->r[split * units + u] = correlation(a, b, n);
        w->factor[split * units + u] = all / halves;
    }
    return BRAM_OK;
}

static int split_half(bram_ctx *cx, double *r, double *full, const bram_trials *t,
                      const bram_split_options *options)
{
    struct order o;
    size_t units = t->side->values.cols, splits = options->splits ? options->splits : 1;
    BRAM_TRY(sort(cx, &o, t));
    BRAM_TRY(need_repeats(cx, &o, t->conditions));
    double *all = bram_scratch(cx, splits * units, sizeof *all);
    double *factor = all ? bram_scratch(cx, splits * units, sizeof *factor) : NULL;
    if (!factor) return BRAM_ENOMEM;
    struct splitting w = {t, &o, options, all, factor};
    BRAM_TRY(bram_parallel_for(cx, splits, split_task, &w));
    for (size_t u = 0; u < units; u++) {
        double sum = 0, defined = 0, k = factor[u];
        for (size_t s = 0; s < splits; s++)
            if (!isnan(all[s * units + u])) sum += all[s * units + u], defined++;
        r[u] = defined > 0 ? sum / defined : (double)NAN;
        double below = 1 + (k - 1) * r[u];
        full[u] = below > 0 ? k * r[u] / below : (double)NAN;
    }
    return BRAM_OK;
}

int bram_split_half(bram_ctx *cx, double *r, double *full, const bram_trials *t,
                    const bram_split_options *o)
{
    BRAM_TRY(check(cx, t));
    size_t mark = bram_scratch_mark(cx);
    int status = split_half(cx, r, full, t, o);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- explainable variance ------------------------------------------------------------------- */

/* Trials of one unit, by condition: mean, number, and sums over conditions. */
struct unit {
    double *mean;          /* of each condition; NaN without a trial */
    double noise, inverse; /* mean variance over trials; mean of 1 / trials */
    double total;          /* variance of the means; NaN for fewer than 2 */
};

static double variance(const double *x, size_t n)
{
    double mean = 0, sum = 0, origin = NAN, count = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        if (isnan(origin)) origin = x[i];
        mean += x[i] - origin, count++;
    }
    mean = mean / count + origin;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) sum += (x[i] - mean) * (x[i] - mean);
    return count < 2 ? (double)NAN : sum / (count - 1);
}

static void summarize(struct unit *v, const bram_trials *t, const struct order *o, size_t u)
{
    double repeated = 0, conditions = 0;
    v->noise = v->inverse = 0;
    for (size_t c = 0; c < t->conditions; c++) {
        double count = 0, sum = 0, square = 0, origin = 0;
        for (size_t k = o->start[c]; k < o->start[c + 1]; k++) {
            if (!has(t->side, o->row[k], u)) continue;
            double y = bram_row(&t->side->values, o->row[k])[u];
            if (!count++) origin = y;
            sum += y - origin;
        }
        for (size_t k = o->start[c]; k < o->start[c + 1]; k++) {
            if (!has(t->side, o->row[k], u)) continue;
            double off = bram_row(&t->side->values, o->row[k])[u] - origin - sum / count;
            square += off * off;
        }
        v->mean[c] = count > 0 ? origin + sum / count : (double)NAN;
        if (count > 0) v->inverse += 1 / count, conditions++;
        if (count > 1) v->noise += square / (count - 1), repeated++;
    }
    v->noise = repeated > 0 ? v->noise / repeated : (double)NAN;
    v->inverse /= conditions;
    v->total = variance(v->mean, t->conditions);
}

int bram_explainable(bram_ctx *cx, bram_variances *v, const bram_trials *t)
{
    BRAM_TRY(check(cx, t));
    struct order o;
    struct unit unit;
    size_t mark = bram_scratch_mark(cx);
    unit.mean = bram_scratch(cx, t->conditions, sizeof *unit.mean);
    int status = unit.mean ? sort(cx, &o, t) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = need_repeats(cx, &o, t->conditions);
    for (size_t u = 0; status == BRAM_OK && u < t->side->values.cols; u++) {
        summarize(&unit, t, &o, u);
        double signal = unit.total - unit.inverse * unit.noise;
        double ratio = fmax(signal, 0) / unit.noise; /* of variances: ncsnr^2 */
        if (isnan(signal)) ratio = NAN;
        v->noise[u] = unit.noise;
        v->total[u] = unit.total;
        v->signal[u] = signal;
        v->of_mean[u] = unit.total > 0 ? signal / unit.total : (double)NAN;
        v->of_trial[u] = signal + unit.noise > 0 ? signal / (signal + unit.noise) : (double)NAN;
        v->ncsnr[u] = sqrt(ratio);
        v->ceiling[u] = isinf(ratio) ? 100 : 100 * ratio / (ratio + unit.inverse);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- predictions ---------------------------------------------------------------------------- */

/* SP, from trials by their number within the condition; NaN unless all conditions have as many.
 * y has room for the conditions. */
static double signal_power(double *y, double *sum, const bram_trials *t, const struct order *o,
                           size_t u)
{
    size_t n = t->conditions, trials = o->start[1] - o->start[0];
    double single = 0;
    if (trials < 2) return NAN;
    memset(sum, 0, n * sizeof *sum);
    for (size_t k = 0; k < trials; k++) {
        for (size_t c = 0; c < n; c++) {
            size_t at = o->start[c] + k;
            if (o->start[c + 1] - o->start[c] != trials || !has(t->side, o->row[at], u)) return NAN;
            y[c] = bram_row(&t->side->values, o->row[at])[u];
            sum[c] += y[c];
        }
        single += variance(y, n);
    }
    return (variance(sum, n) - single) / ((double)trials * (double)(trials - 1));
}

/* sum over trials of (y - p)^2 and about their mean, over the number of trials (less 1) */
static double feve_of(const struct unit *v, const bram_trials *t, const bram_mat *prediction,
                      size_t u)
{
    double count = 0, sum = 0, square = 0, error = 0, origin = 0;
    const bram_side *s = t->side;
    for (size_t i = 0; i < s->values.rows; i++) {
        if (!has(s, i, u)) continue;
        double y = bram_row(&s->values, i)[u], off = y - bram_row(prediction, t->condition[i])[u];
        if (!count++) origin = y;
        sum += y - origin;
        error += off * off;
    }
    for (size_t i = 0; i < s->values.rows; i++)
        if (has(s, i, u)) {
            double off = bram_row(&s->values, i)[u] - origin - sum / count;
            square += off * off;
        }
    double above = square / (count - 1) - v->noise;
    return above > 0 ? 1 - (error / count - v->noise) / above : (double)NAN;
}

int bram_prediction_quality(bram_ctx *cx, double *r, double *cc_norm, double *feve,
                            const bram_trials *t, const bram_mat *prediction)
{
    size_t n = t->conditions, units = t->side->values.cols;
    if (prediction->rows != n || prediction->cols != units)
        return bram_fail(cx, BRAM_ESHAPE, "the prediction is %zu x %zu, expected %zu x %zu",
                         prediction->rows, prediction->cols, n, units);
    BRAM_TRY(check(cx, t));
    for (size_t c = 0; c < n; c++)
        for (size_t u = 0; u < units; u++)
            if (!isfinite(bram_row(prediction, c)[u]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the prediction of condition %zu, unit %zu is "
                                 "%g, expected a number",
                                 c, u, bram_row(prediction, c)[u]);
    struct order o;
    size_t mark = bram_scratch_mark(cx);
    struct unit unit = {.mean = bram_scratch(cx, n, sizeof(double))};
    double *p = bram_scratch(cx, n, 2 * sizeof *p);
    int status = unit.mean && p ? sort(cx, &o, t) : BRAM_ENOMEM;
    for (size_t u = 0; status == BRAM_OK && u < units; u++) {
        summarize(&unit, t, &o, u);
        for (size_t c = 0; c < n; c++)
            p[c] = isnan(unit.mean[c]) ? (double)NAN : bram_row(prediction, c)[u];
        r[u] = correlation(unit.mean, p, n);
        double power = signal_power(p, p + n, t, &o, u);
        cc_norm[u] = power > 0 ? r[u] * sqrt(unit.total / power) : (double)NAN;
        feve[u] = feve_of(&unit, t, prediction, u);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- subjects ------------------------------------------------------------------------------- */

/* z: subjects x conditions of one unit; NaN where a subject lacks the condition */
static void subject_means(double *z, double *count, const bram_trials *t, const uint32_t *subject,
                          size_t subjects, size_t u)
{
    size_t n = t->conditions;
    memset(z, 0, subjects * n * sizeof *z);
    memset(count, 0, subjects * n * sizeof *count);
    for (size_t i = 0; i < t->side->values.rows; i++) {
        size_t at = subject[i] * n + t->condition[i];
        if (!has(t->side, i, u)) continue;
        z[at] += bram_row(&t->side->values, i)[u];
        count[at]++;
    }
    for (size_t k = 0; k < subjects * n; k++) z[k] = count[k] > 0 ? z[k] / count[k] : (double)NAN;
    for (size_t c = 0; c < n; c++) { /* only what all have */
        bool all = true;
        for (size_t s = 0; s < subjects; s++) all &= !isnan(z[s * n + c]);
        for (size_t s = 0; !all && s < subjects; s++) z[s * n + c] = NAN;
    }
}

/* To mean 0 and variance 1; false for one that does not vary. */
static bool z_score(double *z, size_t n)
{
    double mean = 0, sum = 0, count = 0, largest = 0;
    for (size_t c = 0; c < n; c++)
        if (!isnan(z[c])) mean += z[c], count++, largest = fmax(largest, fabs(z[c]));
    mean /= count;
    for (size_t c = 0; c < n; c++)
        if (!isnan(z[c])) sum += (z[c] - mean) * (z[c] - mean);
    double deviation = sqrt(sum / count);
    for (size_t c = 0; c < n; c++) z[c] = (z[c] - mean) / deviation;
    return count >= 3 && deviation > 1e-14 * largest;
}

static void ceilings_of_unit(double *lower, double *upper, double *z, double *sum, size_t subjects,
                             size_t n)
{
    size_t kept = 0;
    for (size_t s = 0; s < subjects; s++) {
        if (!z_score(z + s * n, n)) continue;
        if (kept != s) memcpy(z + kept * n, z + s * n, n * sizeof *z);
        kept++;
    }
    *lower = *upper = NAN;
    if (kept < 2) return;
    *lower = *upper = 0;
    double *others = sum + n;
    for (size_t c = 0; c < n; c++) {
        sum[c] = 0;
        for (size_t s = 0; s < kept; s++) sum[c] += z[s * n + c];
    }
    for (size_t s = 0; s < kept; s++) {
        for (size_t c = 0; c < n; c++) others[c] = sum[c] - z[s * n + c];
        *lower += correlation(z + s * n, others, n) / (double)kept;
        *upper += correlation(z + s * n, sum, n) / (double)kept;
    }
}

int bram_subject_ceilings(bram_ctx *cx, double *lower, double *upper, const bram_trials *t,
                          const uint32_t *subject, size_t subjects)
{
    if (subjects < 2)
        return bram_fail(cx, BRAM_ESHAPE, "%zu subject, expected 2 or more", subjects);
    BRAM_TRY(check(cx, t));
    for (size_t i = 0; i < t->side->values.rows; i++)
        if (subject[i] >= subjects)
            return bram_fail(cx, BRAM_ESHAPE, "row %zu is of subject %u, expected one of %zu", i,
                             subject[i], subjects);
    size_t mark = bram_scratch_mark(cx), n = t->conditions;
    double *z = bram_scratch(cx, subjects * n, 2 * sizeof *z);
    double *sum = z ? bram_scratch(cx, n, 2 * sizeof *sum) : NULL;
    for (size_t u = 0; sum && u < t->side->values.cols; u++) {
        subject_means(z, z + subjects * n, t, subject, subjects, u);
        ceilings_of_unit(lower + u, upper + u, z, sum, subjects, n);
    }
    bram_scratch_release(cx, mark);
    return sum ? BRAM_OK : BRAM_ENOMEM;
}
