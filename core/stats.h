/*
 * stats.h - descriptive statistics, ranks, correlation, tails of the normal and t distributions,
 * p-values from bootstrap draws and their adjustment for many tests.
 *
 * Sums run in 8 lanes that are added in a fixed order, in two passes about the mean, on values
 * taken relative to the first: a constant series has a variance of exactly zero, however large.
 * A result that is not defined (no values, a constant series in a correlation) is NaN. NaN among
 * the values gives NaN, except where an order is needed: there it is BRAM_ENUMERIC.
 */
#ifndef BRAMBLE_CORE_STATS_H
#define BRAMBLE_CORE_STATS_H

#include <bramble/context.h>

/** Switches GSL's aborting error handler off; bram_init() calls it. */
void bram_stats_init(void);

double bram_sum(const double *x, size_t n);
double bram_mean(const double *x, size_t n);

/** Sum of squares about the mean divided by n - ddof; NaN when n <= ddof. */
double bram_variance(const double *x, size_t n, size_t ddof);

/**
 * Quantile p in [0, 1] of sorted values, interpolated: type 7 of Hyndman and Fan 1996, the rule of
 * R and numpy: position (n - 1) p. NaN when n is 0.
 */
double bram_quantile_sorted(const double *sorted, size_t n, double p);

/**
 * The same of values in any order, and the median (p = 1/2).
 *
 * @return BRAM_OK; BRAM_ESHAPE for n = 0; BRAM_EUSAGE for p outside [0, 1]; BRAM_ENUMERIC for NaN;
 *         BRAM_ENOMEM
 */
int bram_quantile(bram_ctx *cx, double *out, const double *x, size_t n, double p) BRAM_MUST_CHECK;
int bram_median(bram_ctx *cx, double *out, const double *x, size_t n) BRAM_MUST_CHECK;

/** Ascending, in place; no NaN among them. */
void bram_sort(double *x, size_t n);

/** Brings the k-th smallest value (from 0) to x[k], smaller ones before and larger ones behind it,
 * in expected linear time (quickselect, Hoare 1961). No NaN; k < n. */
void bram_select(double *x, size_t n, size_t k);

/** bram_quantile_sorted of values in any order, which are moved; no NaN among them. */
double bram_quantile_select(double *x, size_t n, double p);

/**
 * Two of them at once, low <= high. Faster where both are near the ends, as those of an interval
 * are: one pass keeps the few values beyond them.
 */
void bram_quantile_pair(double out[2], double *x, size_t n, double low, double high);

/**
 * Ranks 1 .. n; equal values share the average of their ranks.
 *
 * @return BRAM_OK; BRAM_ENUMERIC for NaN; BRAM_ENOMEM
 */
int bram_ranks(bram_ctx *cx, double *ranks, const double *x, size_t n) BRAM_MUST_CHECK;

/** Pearson's r of n pairs; NaN when n < 2 or a side is constant. */
double bram_pearson(const double *x, const double *y, size_t n);

/** Spearman's rho: Pearson's r of the average ranks. Statuses of bram_ranks. */
int bram_spearman(bram_ctx *cx, double *out, const double *x, const double *y,
                  size_t n) BRAM_MUST_CHECK;

/** P(Z > z), and the z with P(Z <= z) = p for p in [0, 1] (else NaN). */
double bram_normal_tail(double z);
double bram_normal_quantile(double p);

/** The same for Student's t with df > 0 degrees of freedom (else NaN). */
double bram_t_tail(double t, double df);
double bram_t_quantile(double p, double df);

/** P(X > x) of a chi-squared X. */
double bram_chi_squared_tail(double x, double df);

/**
 * Two-sided p of "the statistic is 0" from n bootstrap draws of it: 2 (k + 1) / (n + 1), at most 1,
 * k the smaller of the numbers of draws <= 0 and >= 0 (Davison and Hinkley 1997, section 4.4: the
 * observed sample counts as one draw, so that p is never 0). NaN draws are left out; NaN when none
 * is left.
 */
double bram_bootstrap_p(const double *draws, size_t n);

/**
 * Adjusted p-values: Holm 1979 (familywise error), Benjamini and Hochberg 1995 (false discovery
 * rate). Undefined (NaN) ones stay NaN and do not count as tests. adjusted may be p.
 */
int bram_holm(bram_ctx *cx, double *adjusted, const double *p, size_t n) BRAM_MUST_CHECK;
int bram_fdr(bram_ctx *cx, double *adjusted, const double *p, size_t n) BRAM_MUST_CHECK;

#endif
