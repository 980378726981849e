/*
 * nn_attention.c - attention of several heads, forward and backward; see nn_attention.h.
 */
#include "nn_attention.h"

#include "nn_math.h"
#include "nn_packed.h"
#include "wide.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over rows become vectors */
#endif

enum { BLOCK = 64 }; /* queries at a time */

bram_nn_attention BRAM_NN(self_attention)(size_t batch, size_t steps, size_t width, size_t heads,
                                          bool causal)
{
    return (bram_nn_attention){batch, steps, steps, heads, width, 3 * width, 3 * width, causal};
}

BRAM_NN(qkv) BRAM_NN(stacked)(bram_real *rows, size_t width)
{
    return (BRAM_NN(qkv)){rows, rows + width, rows + 2 * width};
}

/* One block of queries of one head of one sequence: where its arrays begin, and how many keys its
 * last row sees. */
struct block {
    size_t first, rows, keys, head_width;
    double scale;
    size_t q, k, out, p; /* offsets; those of v are those of k */
};

static struct block block_of(const bram_nn_attention *s, size_t sequence, size_t head, size_t first)
{
    size_t each = s->width / s->heads, left = s->queries - first;
    struct block b = {.first = first, .rows = left < BLOCK ? left : BLOCK, .head_width = each};
    b.keys = s->causal ? first + b.rows : s->keys;
    b.scale = 1 / sqrt((double)each);
    b.q = (sequence * s->queries + first) * s->query_row + head * each;
    b.k = sequence * s->keys * s->key_row + head * each;
    b.out = (sequence * s->queries + first) * s->width + head * each;
    b.p = ((sequence * s->heads + head) * s->queries + first) * s->keys;
    return b;
}

/* A row of products becomes one of probabilities over its first `seen` values; 0 after them. */
BRAM_WIDE static void softmax_row(bram_real *restrict row, size_t seen, size_t all)
{
    bram_real lane[8], sum[8] = {0}, most;
    for (size_t j = 0; j < 8; j++) lane[j] = row[0];
    size_t whole = seen / 8 * 8;
    for (size_t i = 0; i < whole; i += 8)
        for (size_t j = 0; j < 8; j++) lane[j] = row[i + j] > lane[j] ? row[i + j] : lane[j];
    most = lane[0];
    for (size_t j = 1; j < 8; j++) most = lane[j] > most ? lane[j] : most;
    for (size_t i = whole; i < seen; i++) most = row[i] > most ? row[i] : most;
    for (size_t i = 0; i < seen; i++) row[i] -= most;
    BRAM_NN(exp)(row, seen);
    for (size_t i = 0; i < whole; i += 8)
        for (size_t j = 0; j < 8; j++) sum[j] += row[i + j];
    for (size_t i = whole; i < seen; i++) sum[i - whole] += row[i];
    double total = 0;
    for (size_t j = 0; j < 8; j++) total += (double)sum[j];
    bram_real factor = (bram_real)(1 / total);
    for (size_t i = 0; i < seen; i++) row[i] *= factor;
    memset(row + seen, 0, (all - seen) * sizeof *row);
}

static void attend(const bram_nn_attention *s, const struct block *b, bram_real *out, bram_real *p,
                   const BRAM_NN(qkv) * x)
{
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){p, x->q + b->q, x->k + b->k, s->keys, s->query_row, s->key_row, BRAM_AS_IS,
                         BRAM_TRANSPOSED, b->rows, b->keys, b->head_width, (bram_real)b->scale,
                         NULL});
    for (size_t i = 0; i < b->rows; i++)
        softmax_row(p + i * s->keys, s->causal ? b->first + i + 1 : b->keys, s->keys);
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){out, p, x->v + b->k, s->width, s->keys, s->key_row, BRAM_AS_IS, BRAM_AS_IS,
                         b->rows, b->head_width, b->keys, 1, NULL});
}

void BRAM_NN(attention)(const bram_nn_attention *s, bram_real *out, bram_real *p,
                        const BRAM_NN(qkv) * x)
{
    for (size_t n = 0; n < s->batch; n++)
        for (size_t h = 0; h < s->heads; h++)
            for (size_t first = 0; first < s->queries; first += BLOCK) {
                struct block b = block_of(s, n, h, first);
                attend(s, &b, out + b.out, p + b.p, x);
            }
}

size_t BRAM_NN(attention_room)(const bram_nn_attention *s)
{
    return BLOCK * s->keys;
}

/* Probabilities p become the gradient of the products by g, that of p. */
BRAM_WIDE static void softmax_row_back(bram_real *restrict p, const bram_real *restrict g, size_t n)
{
    bram_real lane[8] = {0};
    size_t whole = n / 8 * 8;
    double sum = 0;
    for (size_t j = 0; j < whole; j += 8)
        for (size_t k = 0; k < 8; k++) lane[k] += p[j + k] * g[j + k];
    for (size_t j = whole; j < n; j++) lane[j - whole] += p[j] * g[j];
    for (size_t k = 0; k < 8; k++) sum += (double)lane[k];
    for (size_t j = 0; j < n; j++) p[j] *= g[j] - (bram_real)sum;
}

/* With g = dout v' the gradient of p, that of the products is p (g - sum of p g) along each row. */
static void attend_back(const bram_nn_attention *s, const struct block *b, const BRAM_NN(qkv) * dx,
                        const bram_real *dout, const BRAM_NN(qkv) * x, bram_real *p, bram_real *g)
{
    size_t keys = s->keys, wide = b->head_width;
    bram_real scale = (bram_real)b->scale, *dv = dx->v + b->k, *dk = dx->k + b->k;
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){dv, p, dout, s->key_row, keys, s->width, BRAM_TRANSPOSED, BRAM_AS_IS,
                         b->keys, wide, b->rows, 1, dv});
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){g, dout, x->v + b->k, keys, s->width, s->key_row, BRAM_AS_IS,
                         BRAM_TRANSPOSED, b->rows, b->keys, wide, 1, NULL});
    for (size_t i = 0; i < b->rows; i++) softmax_row_back(p + i * keys, g + i * keys, b->keys);
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){dx->q + b->q, p, x->k + b->k, s->query_row, keys, s->key_row, BRAM_AS_IS,
                         BRAM_AS_IS, b->rows, wide, b->keys, scale, NULL});
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){dk, p, x->q + b->q, s->key_row, keys, s->query_row, BRAM_TRANSPOSED,
                         BRAM_AS_IS, b->keys, wide, b->rows, scale, dk});
}

void BRAM_NN(attention_back)(const bram_nn_attention *s, const BRAM_NN(qkv) * dx,
                             const bram_real *dout, const BRAM_NN(qkv) * x, bram_real *p,
                             bram_real *room)
{
    for (size_t row = 0; row < s->batch * s->keys && !s->adds; row++) { /* blocks add to these */
        memset(dx->k + row * s->key_row, 0, s->width * sizeof *dx->k);
        memset(dx->v + row * s->key_row, 0, s->width * sizeof *dx->v);
    }
    for (size_t n = 0; n < s->batch; n++)
        for (size_t h = 0; h < s->heads; h++)
            for (size_t first = 0; first < s->queries; first += BLOCK) {
                struct block b = block_of(s, n, h, first);
                attend_back(s, &b, dx, dout + b.out, x, p + b.p, room);
            }
}
