/*
 * nn_real.h - the number type of the network training core. The library has it in float32; tests
 * compile the same source once more in double (-DBRAM_NN_DOUBLE) to check gradients. Names of both
 * builds differ: BRAM_NN(linear) is bram_nn32_linear or bram_nn64_linear.
 *
 * Arrays of the core are packed and row-major; sequences are [time][batch][feature], those
 * of attention and encoders [batch][time][feature]. Parameters and
 * activations are bram_real; losses, norms and means are summed in double. Functions that cannot
 * fail return nothing: their shapes are the caller's to keep. None of them starts a thread.
 */
#ifndef BRAMBLE_CORE_NN_REAL_H
#define BRAMBLE_CORE_NN_REAL_H

#include <bramble/context.h>

#ifdef BRAM_NN_DOUBLE
typedef double bram_real;
#define BRAM_NN(name)     bram_nn64_##name
#define BRAM_NN_GEMM      bram_gemm_f64
#define BRAM_NN_GEMM_PART bram_gemm_part_f64
#else
typedef float bram_real;
#define BRAM_NN(name)     bram_nn32_##name
#define BRAM_NN_GEMM      bram_gemm_f32
#define BRAM_NN_GEMM_PART bram_gemm_part_f32
#endif

#endif
