/*
 * resample.c - block lengths, bootstrap draws, intervals.
 *
 * The block length of Politis and White. With R(k) the autocovariance and r(k) the autocorrelation
 * of n values, log to base 10:
 *   K = max(5, ceil(sqrt(log n))), threshold c = 2 sqrt(log n / n), M_max = ceil(sqrt n) + K;
 *   m = the least m >= 0 such that |r(m + 1)| .. |r(m + K)| < c (lags up to M_max; if there is
 * none, the last lag with |r| >= c); M = min(2 max(m, 1), M_max), flat-top window w(k) = 1 up to
 * M/2, then falling linearly to 0 at M; G = sum over |k| <= M of w |k| R(k),  g = sum over |k| <= M
 * of w R(k); length = (2 G^2 / (4/3 g^2))^(1/3) n^(1/3), at most min(3 sqrt n, n/3) rounded up. The
 * constant 4/3 of the circular bootstrap is the corrected one of 2009 for the mean. For an AR(1)
 * with coefficient rho this tends to (1.5 (2 rho / (1 - rho^2))^2)^(1/3) n^(1/3).
 */
#include "resample.h"

#include "stats.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

/* ---- block length --------------------------------------------------------------------------- */

/* Autocovariance at a lag of values that have mean 0, divided by n. */
static double autocovariance(const double *x, size_t n, size_t lag)
{
    double lane[8] = {0};
    for (size_t i = 0; i + lag < n; i++) lane[i % 8] += x[i] * x[i + lag];
    return bram_sum(lane, 8) / (double)n;
}

/* Fills r[0 .. max] with autocovariances as far as needed; returns m (see above). */
static size_t last_correlated_lag(double *cov, const double *x, size_t n, size_t max, size_t run)
{
    double threshold = 2 * sqrt(log10((double)n) / (double)n);
    size_t last = 0;
    for (size_t k = 1; k <= max; k++) {
        cov[k] = autocovariance(x, n, k);
        if (fabs(cov[k]) >= threshold * cov[0]) last = k;
        if (k - last == run) break;
    }
    return last;
}

static double rule(const double *cov, size_t window, size_t n)
{
    double g = cov[0], slope = 0;
    for (size_t k = 1; k <= window; k++) {
        double weight = fmin(1, 2 * (1 - (double)k / (double)window));
        g += 2 * weight * cov[k];
        slope += 2 * weight * (double)k * cov[k];
    }
    double largest = ceil(fmin(3 * sqrt((double)n), (double)n / 3));
    if (g == 0) return largest;
    return fmin(largest, cbrt(1.5 * (slope / g) * (slope / g) * (double)n));
}

int bram_block_length(bram_ctx *cx, size_t *length, const double *x, size_t n)
{
    if (n < 8) return bram_fail(cx, BRAM_ESHAPE, "found %zu rows, a block length needs 8", n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return bram_fail(cx, BRAM_ENUMERIC, "value %zu of %zu is %g", i, n, x[i]);
    double logarithm = log10((double)n);
    size_t run = (size_t)fmax(5, ceil(sqrt(logarithm)));
    size_t max = (size_t)ceil(sqrt((double)n)) + run;
    if (max > n - 1) max = n - 1;
    size_t mark = bram_scratch_mark(cx);
    double *centred = bram_scratch(cx, n, sizeof *centred);
    double *cov = centred ? bram_scratch(cx, max + 1, sizeof *cov) : NULL;
    if (!cov) {
        bram_scratch_release(cx, mark);
        return BRAM_ENOMEM;
    }
    double rest = 0;
    for (size_t i = 0; i < n; i++) centred[i] = x[i] - x[0];
    rest = bram_mean(centred, n);
    for (size_t i = 0; i < n; i++) centred[i] -= rest;
    cov[0] = autocovariance(centred, n, 0);
    double found = 1;
    if (cov[0] > 0) {
        size_t m = last_correlated_lag(cov, centred, n, max, run);
        size_t window = 2 * (m ? m : 1);
        if (window > max) window = max;
        for (size_t k = 1; k <= window; k++) cov[k] = autocovariance(centred, n, k);
        found = rule(cov, window, n);
    }
    *length = found > 1 ? (size_t)ceil(found) : 1;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- blocks and draws ----------------------------------------------------------------------- */

bram_blocks bram_blocks_cut(size_t rows, size_t length)
{
    size_t count = length ? rows / length : rows;
    return (bram_blocks){rows, rows && !count ? 1 : count};
}

size_t bram_blocks_first(bram_blocks b, size_t i)
{
    if (!b.count) return 0;
    size_t each = b.rows / b.count, longer = b.rows % b.count; /* the first ones are a row longer */
    return i * each + (i < longer ? i : longer);
}

void bram_bootstrap_draw(uint32_t *times, size_t n, uint64_t seed, const char *stream,
                         uint64_t sample)
{
    if (!n) return;
    memset(times, 0, n * sizeof *times);
    bram_rng g = bram_rng_at(seed, stream, sample);
    for (size_t i = 0; i < n; i++) times[bram_rng_below(&g, n)]++;
}

int bram_bootstrap_check(bram_ctx *cx, size_t n)
{
    if (n >= BRAM_MIN_BLOCKS) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "too short for an interval: found %zu independent "
                     "blocks, expected %d or more",
                     n, BRAM_MIN_BLOCKS);
}

/* ---- intervals ------------------------------------------------------------------------------ */

/* Quantiles of the defined draws: two at the same distance from the ends, and the median (NULL:
 * not asked for). */
static int quantiles(bram_ctx *cx, bram_interval *out, double *median, const double *draws,
                     size_t n, double level)
{
    if (!(level > 0 && level < 1))
        return bram_fail(cx, BRAM_EUSAGE, "confidence level %g, expected one in (0, 1)", level);
    size_t mark = bram_scratch_mark(cx), valid = 0;
    double *defined = bram_scratch(cx, n, sizeof *defined);
    if (!defined) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!isnan(draws[i])) defined[valid++] = draws[i];
    if (!valid || 2 * valid < n) {
        bram_scratch_release(cx, mark);
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the score is defined in %zu of %zu bootstrap "
                         "samples, expected half or more",
                         valid, n);
    }
    if (median) *median = bram_quantile_select(defined, valid, 0.5);
    double bound[2];
    bram_quantile_pair(bound, defined, valid, (1 - level) / 2, (1 + level) / 2);
    *out = (bram_interval){bound[0], bound[1], level, valid};
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_interval_percentile(bram_ctx *cx, bram_interval *out, const double *draws, size_t n,
                             double level)
{
    return quantiles(cx, out, NULL, draws, n, level);
}

double bram_interval_stretch(double level, size_t things, size_t parts)
{
    if (things <= parts) return NAN;
    double freedom = (double)(things - parts), upper = (1 + level) / 2;
    return bram_t_quantile(upper, freedom) / bram_normal_quantile(upper) *
           sqrt((double)things / freedom);
}

int bram_interval_stretched(bram_ctx *cx, bram_interval *out, double value, const double *draws,
                            size_t n, double level, double stretch, bool biased)
{
    bram_interval q = {0};
    double median = 0;
    BRAM_TRY(quantiles(cx, &q, biased ? &median : NULL, draws, n, level));
    double centre = biased ? 2 * value - median : value, reach = stretch * (q.high - q.low) / 2;
    q.low = fmin(centre - reach, value);
    q.high = fmax(centre + reach, value);
    *out = q;
    return BRAM_OK;
}

int bram_interval_corrected(bram_ctx *cx, bram_interval *out, double value, const double *draws,
                            size_t n, double level, size_t things, size_t parts, bool biased)
{
    if (things <= parts)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "found %zu resampled things in %zu parts", things,
                         parts);
    return bram_interval_stretched(cx, out, value, draws, n, level,
                                   bram_interval_stretch(level, things, parts), biased);
}

double bram_dual_variance(double subjects_alone, double conditions_alone, double both,
                          size_t subjects, size_t conditions)
{
    if (subjects < 2 || conditions < 2) return (double)NAN;
    double s = (double)subjects / (double)(subjects - 1);
    double c = (double)conditions / (double)(conditions - 1);
    double a = s * subjects_alone, b = c * conditions_alone;
    double v = a + b - s * c * (both - subjects_alone - conditions_alone);
    return fmin(fmax(v, fmax(a, b)), both);
}
