/*
 * sums.h - sums over rows of doubles by the widest vectors of the processor (wide.h). Each sum has
 * eight lanes that are added in a fixed order: the same bits on every kind of processor.
 */
#ifndef BRAMBLE_CORE_SUMS_H
#define BRAMBLE_CORE_SUMS_H

#include <stdbool.h>
#include <stddef.h>

/** @return the sum of a[k] b[k]; a may be b */
double bram_dot(const double *a, const double *b, size_t n);

/** @return the sum of |a[k] b[k]| */
double bram_dot_of_sizes(const double *a, const double *b, size_t n);

/** @return the sum of x[k] - origin */
double bram_sum_about(const double *x, double origin, size_t n);

/** @return the largest |x[k]|, NaN left aside */
double bram_largest_size(const double *x, size_t n);

/** y[k] += factor x[k]; the arrays do not overlap. */
void bram_add_scaled(double *y, double factor, const double *x, size_t n);

/** @return whether every value is finite */
bool bram_all_finite(const double *x, size_t n);

#endif
