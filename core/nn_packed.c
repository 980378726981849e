/*
 * nn_packed.c - products of small matrices, and with a matrix packed beforehand; see nn_packed.h.
 *
 * Packed: panels of a few columns, each with its rows one after the other, the last padded with
 * zeros. A panel stays in the first cache while blocks of rows pass by.
 */
#include "nn_packed.h"

#include "nn_kernel.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

enum {
    DEEP = 256,       /* rows of a panel in the first cache */
    SMALL = 64 * 320, /* two sides of a product that BLAS would spend its time on packing */
};

size_t BRAM_NN(packed_size)(size_t depth, size_t cols)
{
    size_t panel = BRAM_NN(best_kernel)()->panel;
    return depth * ((cols + panel - 1) / panel * panel);
}

typedef bram_real four __attribute__((vector_size(4 * sizeof(bram_real))));

/* Four rows of four numbers become four columns; rows of `to` lie `panel` apart. */
static void turn_four(bram_real *to, size_t panel, const bram_real *b, size_t apart)
{
    four r[4];
    for (size_t i = 0; i < 4; i++) memcpy(&r[i], b + i * apart, sizeof *r);
    const four a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
    const four c = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    const four d = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    const four e = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5),
    r[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(d, e, 0, 1, 4, 5),
    r[3] = __builtin_shufflevector(d, e, 2, 3, 6, 7);
    for (size_t k = 0; k < 4; k++) memcpy(to + k * panel, &r[k], sizeof *r);
}

static void turn(bram_real *to, size_t panel, const bram_real *b, size_t apart, size_t depth,
                 size_t wide)
{
    size_t whole = wide / 4 * 4, deep = depth / 4 * 4;
    for (size_t i = 0; i < whole; i += 4) {
        for (size_t k = 0; k < deep; k += 4)
            turn_four(to + k * panel + i, panel, b + i * apart + k, apart);
        for (size_t k = deep; k < depth; k++)
            for (size_t j = i; j < i + 4; j++) to[k * panel + j] = b[j * apart + k];
    }
    for (size_t i = whole; i < wide; i++)
        for (size_t k = 0; k < depth; k++) to[k * panel + i] = b[i * apart + k];
}

/* One panel: `wide` columns of op(b), rows of b lie `apart` numbers apart. */
static void pack_panel(bram_real *to, size_t panel, const bram_real *b, size_t apart, bram_op op,
                       size_t depth, size_t wide)
{
    if (wide < panel) memset(to, 0, depth * panel * sizeof *to);
    if (op == BRAM_AS_IS && wide == panel)
        for (size_t k = 0; k < depth; k++, to += panel, b += apart) /* copies of known length */
            for (size_t j = 0; j < panel; j += 16) memcpy(to + j, b + j, 16 * sizeof *to);
    else if (op == BRAM_AS_IS)
        for (size_t k = 0; k < depth; k++) memcpy(to + k * panel, b + k * apart, wide * sizeof *to);
    else turn(to, panel, b, apart, depth, wide);
}

void BRAM_NN(pack)(bram_real *packed, const bram_real *b, bram_op op, size_t depth, size_t cols)
{
    size_t panel = BRAM_NN(best_kernel)()->panel, apart = op == BRAM_AS_IS ? cols : depth;
    for (size_t j = 0; j < cols; j += panel, packed += depth * panel)
        pack_panel(packed, panel, b + (op == BRAM_AS_IS ? j : j * apart), apart, op, depth,
                   cols - j < panel ? cols - j : panel);
}

/* A block at the last panel, of fewer columns: summed aside. */
static void narrow_block(BRAM_NN(block) block, size_t panel, size_t rows, size_t wide,
                         BRAM_NN(block_fn) * of)
{
    bram_real sums[BRAM_KERNEL_MOST_ROWS * BRAM_KERNEL_MOST_PANEL], *c = block.c;
    const bram_real *plus = block.plus;
    size_t c_apart = block.c_apart, plus_apart = block.plus_apart;
    block.c = sums, block.c_apart = panel, block.plus = NULL;
    of(&block);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < wide; j++)
            c[r * c_apart + j] = sums[r * panel + j] + (plus ? plus[r * plus_apart + j] : 0);
}

/* All rows times one panel: `all` stands at the first row, op is that of its a. */
static void rows_times_panel(const BRAM_NN(kernel) * kernel, const BRAM_NN(block) * all, bram_op op,
                             size_t rows, size_t wide)
{
    BRAM_NN(block_fn) *const *block = kernel->block[op == BRAM_TRANSPOSED];
    BRAM_NN(block) b = *all;
    for (size_t left = rows, high; left; left -= high) {
        size_t blocks = (left + kernel->rows - 1) / kernel->rows; /* the last two are alike */
        high = blocks > 2 ? kernel->rows : (left + blocks - 1) / blocks;
        if (wide < kernel->panel) narrow_block(b, kernel->panel, high, wide, block[high]);
        else block[high](&b);
        b.c += high * b.c_apart;
        b.a += op == BRAM_TRANSPOSED ? high : high * b.a_apart;
        if (b.plus) b.plus += high * b.plus_apart;
    }
}

void BRAM_NN(times_packed)(bram_real *c, const bram_real *a, const bram_real *packed, size_t rows,
                           size_t cols, size_t depth, const bram_real *plus)
{
    const BRAM_NN(kernel) *kernel = BRAM_NN(best_kernel)();
    for (size_t j = 0; j < cols; j += kernel->panel, packed += depth * kernel->panel) {
        BRAM_NN(block) b = {.c = c + j, .plus = plus ? plus + j : NULL, .a = a, .panel = packed};
        b.c_apart = cols, b.plus_apart = plus == c ? cols : 0;
        b.a_apart = b.depth = depth, b.scale = 1;
        rows_times_panel(kernel, &b, BRAM_AS_IS, rows,
                         cols - j < kernel->panel ? cols - j : kernel->panel);
    }
}

/* ---- products of small matrices ------------------------------------------------------------- */

static void by_panels(const BRAM_NN(product) * p, const BRAM_NN(kernel) * kernel)
{
    _Alignas(64) bram_real panel[DEEP * BRAM_KERNEL_MOST_PANEL];
    bool a_turned = p->op_a == BRAM_TRANSPOSED, b_turned = p->op_b == BRAM_TRANSPOSED;
    for (size_t k = 0; k < p->depth; k += DEEP) {
        const bram_real *plus = k ? p->c : p->plus; /* later parts are added to the earlier ones */
        for (size_t j = 0; j < p->cols; j += kernel->panel) {
            size_t wide = p->cols - j < kernel->panel ? p->cols - j : kernel->panel;
            BRAM_NN(block) b = {.c = p->c + j, .plus = plus ? plus + j : NULL, .panel = panel};
            b.depth = p->depth - k < DEEP ? p->depth - k : DEEP, b.scale = p->scale;
            b.a = a_turned ? p->a + k * p->a_apart : p->a + k;
            b.a_apart = p->a_apart, b.c_apart = p->c_apart;
            b.plus_apart = plus == p->c ? p->c_apart : 0;
            pack_panel(panel, kernel->panel,
                       b_turned ? p->b + j * p->b_apart + k : p->b + k * p->b_apart + j, p->b_apart,
                       p->op_b, b.depth, wide);
            rows_times_panel(kernel, &b, p->op_a, p->rows, wide);
        }
    }
}

static void by_blas(const BRAM_NN(product) * p)
{
    for (size_t r = 0; p->plus && p->plus != p->c && r < p->rows; r++)
        memcpy(p->c + r * p->c_apart, p->plus, p->cols * sizeof *p->c);
    BRAM_NN_GEMM_PART(p->c, p->c_apart, p->scale, p->a, p->a_apart, p->op_a, p->b, p->b_apart,
                      p->op_b, p->rows, p->cols, p->depth, p->plus ? 1 : 0);
}

/* Two of the three sides are small: the third may be any number of rows. */
static bool is_small(const BRAM_NN(product) * p)
{
    return p->rows * p->cols <= SMALL || p->cols * p->depth <= SMALL || p->rows * p->depth <= SMALL;
}

void BRAM_NN(multiply)(const BRAM_NN(product) * p)
{
    const BRAM_NN(kernel) *kernel = BRAM_NN(best_kernel)();
    if (kernel->quick && p->depth && is_small(p)) by_panels(p, kernel);
    else by_blas(p);
}
