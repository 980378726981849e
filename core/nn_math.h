/*
 * nn_math.h - exp, tanh, sigmoid, erf and softplus of whole arrays, in place. The bits of a result
 * do not depend on its place in the array. In float32: exp within 2 ulp (0 below -87, infinity
 * above 88.7), tanh and sigmoid within 2e-7, erf within 5e-7 absolute; in double those of libm.
 */
#ifndef BRAMBLE_CORE_NN_MATH_H
#define BRAMBLE_CORE_NN_MATH_H

#include "nn_real.h"

void BRAM_NN(exp)(bram_real *x, size_t n);
void BRAM_NN(tanh)(bram_real *x, size_t n);
void BRAM_NN(sigmoid)(bram_real *x, size_t n);
void BRAM_NN(erf)(bram_real *x, size_t n);

/** log(1 + e^x); x itself above 20, as PyTorch has it. */
void BRAM_NN(softplus)(bram_real *x, size_t n);

#endif
