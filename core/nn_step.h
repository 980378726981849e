/*
 * nn_step.h - steps of optimizers, clipping of gradients, the schedule of learning rates.
 */
#ifndef BRAMBLE_CORE_NN_STEP_H
#define BRAMBLE_CORE_NN_STEP_H

#include "nn_real.h"

typedef enum bram_nn_optimizer {
    BRAM_ADAM,    /* Kingma & Ba 2015; decay is added to the gradient (L2) */
    BRAM_ADAMW,   /* Loshchilov & Hutter 2019; decay is taken off the parameters */
    BRAM_SGD,     /* with momentum beta1 */
    BRAM_NESTEROV /* the same, looking ahead */
} bram_nn_optimizer;

typedef struct bram_nn_rule {
    bram_nn_optimizer optimizer;
    double rate, beta1, beta2, eps, decay;
} bram_nn_rule;

/**
 * One step of n parameters along their gradient.
 *
 * @param m, v  n values each, zero before the first step; v only for Adam
 * @param step  1, 2, ...
 */
void BRAM_NN(step)(bram_real *p, const bram_real *gradient, bram_real *m, bram_real *v, size_t n,
                   const bram_nn_rule *rule, uint64_t step);

/** Sum of squares, in double. */
double BRAM_NN(squares)(const bram_real *x, size_t n);

/** @return what gradients of this norm are multiplied by: most / (norm + 1e-6), at most 1 */
double BRAM_NN(clip)(double norm, double most);

/** The rate of a step 1 .. steps: linear up over `warm_up` steps, then half a cosine from rate to
 * rate * last. */
double BRAM_NN(schedule)(double rate, double last, uint64_t step, uint64_t warm_up, uint64_t steps);

#endif
