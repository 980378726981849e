/*
 * alignment.h - how far two matrices are apart once one of them may be rotated (Procrustes), and
 * the forms in which such a number is given.
 */
#ifndef BRAMBLE_METRICS_ALIGNMENT_H
#define BRAMBLE_METRICS_ALIGNMENT_H

#include "linalg.h"

#include <bramble/spec.h>

/**
 * With inner = the largest inner product after alignment, |A|, |B| Frobenius norms:
 *   similarity  c = inner / (|A| |B|)
 *   angular     arccos c, in radians
 *   euclidean   sqrt(|A|^2 + |B|^2 - 2 inner)
 *   squared     its square
 */
typedef enum bram_form { BRAM_SIMILARITY, BRAM_ANGULAR, BRAM_EUCLIDEAN, BRAM_SQUARED } bram_form;

/** The form that option "output" names. */
bram_form bram_form_of(const bram_options *o);

/** Higher is better for a similarity only: a metric's higher_better. */
bool bram_form_higher_better(const bram_options *o);

/** arccos of a similarity, rounding above 1 or below -1 taken off. Angles below about 2e-8 are not
 *  told from 0. */
double bram_angle(double similarity);

/**
 * What an alignment says, in a form. Where inner is so near to |A| |B| that the difference would
 * lose digits, the distance after alignment is taken as such.
 *
 * @param inner, a2, b2  the inner product and the squared norms, above 0
 * @param apart          squared distance of A / |A| and the aligned B / |B|, or NAN: not known
 */
double bram_form_value(bram_form form, double inner, double a2, double b2, double apart);

/** Whether bram_form_value is better off with `apart`. */
bool bram_form_needs_apart(bram_form form, double inner, double a2, double b2);

/**
 * The best rotation of b (n x q) onto a (n x p), the narrower one padded with zero columns:
 * inner = the nuclear norm of a'b. Matrices as they are; centre them first.
 *
 * @param value  NaN where one of them is zero
 */
int bram_procrustes(bram_ctx *cx, double *value, bram_form form, const bram_mat *a,
                    const bram_mat *b) BRAM_MUST_CHECK;

#endif
