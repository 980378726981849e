/*
 * nn_kernel.c - blocks of products; see nn_kernel.h. Blocks have as many rows as leave registers
 * for a row of the panel: 6 x 16 sums of AVX2's 16 registers, 8 x 32 of AVX-512's 32.
 */
#include "nn_kernel.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(BRAM_NN_DOUBLE)

#include "linalg.h"

#include <string.h>

#define AVX2   __attribute__((target("avx2,fma"), optimize("O3")))
#define AVX512 __attribute__((target("avx512f"), optimize("O3")))
#ifdef __clang__
#pragma clang diagnostic ignored "-Wunknown-attributes" /* it knows no optimize */
#endif

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef float sixteen __attribute__((vector_size(64), aligned(4), may_alias));

#define FMA_AVX2(a, b, c)   __builtin_ia32_vfmaddps256((a), (b), (c))
#define FMA_AVX512(a, b, c) __builtin_ia32_vfmaddps512_mask((a), (b), (c), -1, 4)
#define AT(VECTOR, x)       (*(const VECTOR *)(const void *)(x))

/* Loops over rows are unrolled: their number is a constant. */
#define KERNEL(KIND, NAME, VECTOR, LANES, ROWS, ROW_APART, DEPTH_APART)                            \
    KIND static void NAME(const BRAM_NN(block) * t)                                                \
    {                                                                                              \
        VECTOR s[ROWS][2];                                                                         \
        const float *a = t->a, *b = t->panel;                                                      \
        const size_t row_apart = ROW_APART, depth_apart = DEPTH_APART;                             \
        for (int r = 0; r < ROWS; r++) s[r][0] = s[r][1] = (VECTOR){0};                            \
        for (size_t k = 0; k < t->depth; k++, a += depth_apart, b += 2 * LANES) {                  \
            const VECTOR b0 = AT(VECTOR, b), b1 = AT(VECTOR, b + LANES);                           \
            for (int r = 0; r < ROWS; r++) {                                                       \
                const VECTOR all = a[(size_t)r * row_apart] - (VECTOR){0};                         \
                s[r][0] = FMA_##KIND(all, b0, s[r][0]);                                            \
                s[r][1] = FMA_##KIND(all, b1, s[r][1]);                                            \
            }                                                                                      \
        }                                                                                          \
        float *c = t->c;                                                                           \
        const float *plus = t->plus;                                                               \
        for (int r = 0; r < ROWS; r++, c += t->c_apart) {                                          \
            VECTOR v0 = t->scale * s[r][0], v1 = t->scale * s[r][1];                               \
            if (plus) {                                                                            \
                v0 += AT(VECTOR, plus), v1 += AT(VECTOR, plus + LANES);                            \
                plus += t->plus_apart;                                                             \
            }                                                                                      \
            *(VECTOR *)(void *)c = v0;                                                             \
            *(VECTOR *)(void *)(c + LANES) = v1;                                                   \
        }                                                                                          \
    }

#define OF_AVX2(ROWS)                                                                              \
    KERNEL(AVX2, avx2_along_##ROWS, eight, 8, ROWS, t->a_apart, 1)                                 \
    KERNEL(AVX2, avx2_across_##ROWS, eight, 8, ROWS, 1, t->a_apart)
#define OF_AVX512(ROWS)                                                                            \
    KERNEL(AVX512, avx512_along_##ROWS, sixteen, 16, ROWS, t->a_apart, 1)                          \
    KERNEL(AVX512, avx512_across_##ROWS, sixteen, 16, ROWS, 1, t->a_apart)

OF_AVX2(1)
OF_AVX2(2)
OF_AVX2(3)
OF_AVX2(4)
OF_AVX2(5)
OF_AVX2(6)
OF_AVX512(1)
OF_AVX512(2)
OF_AVX512(3)
OF_AVX512(4)
OF_AVX512(5)
OF_AVX512(6)
OF_AVX512(7)
OF_AVX512(8)

static const BRAM_NN(kernel) avx2 = {
    16,
    6,
    true,
    {{NULL, avx2_along_1, avx2_along_2, avx2_along_3, avx2_along_4, avx2_along_5, avx2_along_6},
     {NULL, avx2_across_1, avx2_across_2, avx2_across_3, avx2_across_4, avx2_across_5,
      avx2_across_6}}};
static const BRAM_NN(kernel) avx512 = {
    32,
    8,
    true,
    {{NULL, avx512_along_1, avx512_along_2, avx512_along_3, avx512_along_4, avx512_along_5,
      avx512_along_6, avx512_along_7, avx512_along_8},
     {NULL, avx512_across_1, avx512_across_2, avx512_across_3, avx512_across_4, avx512_across_5,
      avx512_across_6, avx512_across_7, avx512_across_8}}};

/* OpenBLAS's names of kernels with AVX-512. */
static bool blas_is_wide(void)
{
    const char *core = bram_blas_core();
    return strcmp(core, "SkylakeX") == 0 || strcmp(core, "Cooperlake") == 0 ||
           strcmp(core, "SapphireRapids") == 0;
}

static const BRAM_NN(kernel) * wide_kernel(void)
{
    if (__builtin_cpu_supports("avx512f") && blas_is_wide()) return &avx512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &avx2 : NULL;
}

#else

static const BRAM_NN(kernel) * wide_kernel(void)
{
    return NULL;
}

#endif

enum { PLAIN = 16 };

static void plain_row(const BRAM_NN(block) * t, size_t apart)
{
    bram_real s[PLAIN] = {0};
    for (size_t k = 0; k < t->depth; k++)
        for (size_t j = 0; j < PLAIN; j++) s[j] += t->a[k * apart] * t->panel[k * PLAIN + j];
    for (size_t j = 0; j < PLAIN; j++) t->c[j] = t->scale * s[j] + (t->plus ? t->plus[j] : 0);
}

static void plain_along(const BRAM_NN(block) * t)
{
    plain_row(t, 1);
}

static void plain_across(const BRAM_NN(block) * t)
{
    plain_row(t, t->a_apart);
}

const BRAM_NN(kernel) * BRAM_NN(best_kernel)(void)
{
    static const BRAM_NN(kernel)
        simple = {PLAIN, 1, false, {{NULL, plain_along}, {NULL, plain_across}}};
    const BRAM_NN(kernel) *wide = wide_kernel();
    return wide ? wide : &simple;
}
