/*
 * nn_packed.c - products with a matrix packed beforehand; see nn_packed.h.
 *
 * Packed: panels of PANEL columns, each with its rows one after the other, the last padded with
 * zeros. A panel stays in the first cache while blocks of up to BLOCK rows of a pass by; a block's
 * BLOCK x PANEL sums stay in registers.
 */
#include "nn_packed.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

enum { PANEL = 16, BLOCK = 6 };

size_t BRAM_NN(packed_size)(size_t depth, size_t cols)
{
    return depth * ((cols + PANEL - 1) / PANEL * PANEL);
}

void BRAM_NN(pack)(bram_real *packed, const bram_real *b, bram_op op, size_t depth, size_t cols)
{
    for (size_t j = 0; j < cols; j += PANEL, packed += depth * PANEL) {
        size_t wide = cols - j < PANEL ? cols - j : PANEL;
        if (wide < PANEL) memset(packed, 0, depth * PANEL * sizeof *packed);
        if (op == BRAM_AS_IS)
            for (size_t k = 0; k < depth; k++)
                memcpy(packed + k * PANEL, b + k * cols + j, wide * sizeof *packed);
        else
            for (size_t i = 0; i < wide; i++)
                for (size_t k = 0; k < depth; k++) packed[k * PANEL + i] = b[(j + i) * depth + k];
    }
}

/* One block of rows times one panel: sums is rows x PANEL, row_apart numbers from row to row. */
typedef void block_fn(bram_real *sums, size_t row_apart, const bram_real *a, const bram_real *panel,
                      size_t rows, size_t depth, bool add);

static void plain_block(bram_real *sums, size_t row_apart, const bram_real *a,
                        const bram_real *panel, size_t rows, size_t depth, bool add)
{
    for (size_t r = 0; r < rows; r++) {
        bram_real s[PANEL] = {0};
        if (add) memcpy(s, sums + r * row_apart, sizeof s);
        for (size_t k = 0; k < depth; k++)
            for (size_t j = 0; j < PANEL; j++) s[j] += a[r * depth + k] * panel[k * PANEL + j];
        memcpy(sums + r * row_apart, s, sizeof s);
    }
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(BRAM_NN_DOUBLE)

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

#define FUSED __attribute__((target("avx2,fma")))

/* The loops over rows are unrolled: their number is a constant. The panel after this one is fetched
 * ahead. */
#define KERNEL(ROWS)                                                                               \
    FUSED static void block_of_##ROWS(float *sums, size_t row_apart, const float *a,               \
                                      const float *panel, size_t depth, bool add)                  \
    {                                                                                              \
        eight s[ROWS][2];                                                                          \
        for (int r = 0; r < ROWS; r++)                                                             \
            for (int j = 0; j < 2; j++)                                                            \
                s[r][j] = add ? *(const eight *)(const void *)(sums + r * row_apart + 8 * j)       \
                              : (eight){0};                                                        \
        for (size_t k = 0; k < depth; k++, panel += PANEL) {                                       \
            const eight b0 = *(const eight *)(const void *)panel;                                  \
            const eight b1 = *(const eight *)(const void *)(panel + 8);                            \
            __builtin_prefetch(panel + depth * PANEL);                                             \
            for (int r = 0; r < ROWS; r++) {                                                       \
                float x = a[r * depth + k];                                                        \
                eight all = {x, x, x, x, x, x, x, x};                                              \
                s[r][0] = __builtin_ia32_vfmaddps256(all, b0, s[r][0]);                            \
                s[r][1] = __builtin_ia32_vfmaddps256(all, b1, s[r][1]);                            \
            }                                                                                      \
        }                                                                                          \
        for (int r = 0; r < ROWS; r++)                                                             \
            for (int j = 0; j < 2; j++)                                                            \
                *(eight *)(void *)(sums + r * row_apart + 8 * j) = s[r][j];                        \
    }

KERNEL(1)
KERNEL(2)
KERNEL(3)
KERNEL(4)
KERNEL(5)
KERNEL(6)

static void fused_block(float *sums, size_t row_apart, const float *a, const float *panel,
                        size_t rows, size_t depth, bool add)
{
    switch (rows) {
    case 1:
        block_of_1(sums, row_apart, a, panel, depth, add);
        break;
    case 2:
        block_of_2(sums, row_apart, a, panel, depth, add);
        break;
    case 3:
        block_of_3(sums, row_apart, a, panel, depth, add);
        break;
    case 4:
        block_of_4(sums, row_apart, a, panel, depth, add);
        break;
    case 5:
        block_of_5(sums, row_apart, a, panel, depth, add);
        break;
    default:
        block_of_6(sums, row_apart, a, panel, depth, add);
    }
}

static block_fn *best_block(void)
{
    bool fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return fused ? fused_block : plain_block;
}

#else

static block_fn *best_block(void)
{
    return plain_block;
}

#endif

/* The last panel, of fewer than PANEL columns: summed aside. */
static void narrow_block(bram_real *c, size_t row_apart, const bram_real *a, const bram_real *panel,
                         size_t rows, size_t depth, size_t cols, bool add, block_fn *block)
{
    bram_real sums[BLOCK * PANEL] = {0};
    for (size_t r = 0; add && r < rows; r++)
        memcpy(sums + r * PANEL, c + r * row_apart, cols * sizeof *c);
    block(sums, PANEL, a, panel, rows, depth, add);
    for (size_t r = 0; r < rows; r++) memcpy(c + r * row_apart, sums + r * PANEL, cols * sizeof *c);
}

void BRAM_NN(times_packed)(bram_real *c, const bram_real *a, const bram_real *packed, size_t rows,
                           size_t cols, size_t depth, bool add)
{
    block_fn *block = best_block();
    for (size_t j = 0; j < cols; j += PANEL, packed += depth * PANEL)
        for (size_t i = 0; i < rows;) {
            size_t left = rows - i, wide = cols - j;
            size_t high = left <= BLOCK ? left : left < 2 * BLOCK ? (left + 1) / 2 : BLOCK;
            bram_real *to = c + i * cols + j;
            if (wide >= PANEL) block(to, cols, a + i * depth, packed, high, depth, add);
            else narrow_block(to, cols, a + i * depth, packed, high, depth, wide, add, block);
            i += high;
        }
}
