/*
 * link.h - link functions of Poisson models of counts: the rate a bin f from the linear predictor
 * eta, its logarithm and its slope.
 *
 *   softplus  f = log(1 + e^eta), computed as log1p(e^-|eta|) + max(eta, 0)
 *   exp       f = e^eta (canonical), eta clipped at 30
 *   sigmoid   f = 1e-8 + (1 - 1e-8) / (1 + e^-eta): at most one expected count a bin
 *
 * With softplus and exp the Poisson log likelihood is concave in the parameters (f convex, log f
 * concave: Paninski 2004); with the sigmoid it is not. f is at least 1e-12.
 */
#ifndef BRAMBLE_CORE_LINK_H
#define BRAMBLE_CORE_LINK_H

#include <stddef.h>

typedef enum bram_link { BRAM_LINK_SOFTPLUS, BRAM_LINK_EXP, BRAM_LINK_SIGMOID } bram_link;

/** As options name them, in the order of the enumeration: "softplus|exp|sigmoid". */
#define BRAM_LINK_CHOICES "softplus|exp|sigmoid"
bram_link bram_link_by_name(const char *name);

/**
 * f, log f, f' and f'' of n predictors; any output may be NULL.
 *
 * @param inside  0, or what another program adds inside its logarithm, log(f + inside), instead of
 *                the least rate
 */
void bram_link_apply(bram_link link, double inside, const double *eta, size_t n, double *rate,
                     double *log_rate, double *slope, double *curve);

/** The eta whose rate is `rate` (for the sigmoid at most 1 - 1e-6). */
double bram_link_inverse(bram_link link, double rate);

#endif
