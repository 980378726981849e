/*
 * lbfgs.h - minimisation of a smooth function by limited-memory BFGS (Nocedal and Wright 2006,
 * algorithms 7.4 and 7.5): 10 pairs, steps by backtracking to the sufficient decrease of Armijo.
 */
#ifndef BRAMBLE_CORE_LBFGS_H
#define BRAMBLE_CORE_LBFGS_H

#include <bramble/context.h>

/** The function: value and gradient (n) at x (n). */
typedef int bram_cost_fn(bram_ctx *cx, double *value, double *gradient, const double *x,
                         void *user);

/**
 * Minimises from x on, in place. Ends when the value falls by at most tolerance (1 + |value|), or
 * after `steps`; x is then the best point seen.
 *
 * @return BRAM_OK; BRAM_ENUMERIC when the value is not finite at the start; BRAM_ENOMEM; errors of
 * f
 */
int bram_lbfgs(bram_ctx *cx, double *x, double *value, size_t n, bram_cost_fn *f, void *user,
               size_t steps, double tolerance) BRAM_MUST_CHECK;

#endif
