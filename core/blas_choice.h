/*
 * blas_choice.h - the rule behind bram_blas_advice() of <bramble/context.h>.
 */
#ifndef BRAMBLE_CORE_BLAS_CHOICE_H
#define BRAMBLE_CORE_BLAS_CHOICE_H

#include <bramble/context.h>

/**
 * @param core    the kernels that OpenBLAS has chosen, by its own name
 * @param avx2    whether the processor (and the system) has AVX2 and FMA
 * @param avx512  whether it also has AVX-512 F, DQ, BW, VL and CD, as OpenBLAS's SkylakeX kernels
 * need
 * @return the name of kernels that fit the processor much better, or NULL
 */
const char *bram_blas_better(const char *core, bool avx2, bool avx512);

#endif
