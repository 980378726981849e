/*
 * poisson_many.c - many Poisson regressions on one design evaluated together; see poisson_many.h.
 */
#include "poisson_many.h"

#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 2048, BLOCK = 256, CHUNKS = 16 };

/* Sizes are at least this share of the largest: a unit that is silent has next to none. */
static const double LEAST_SIZE = 1e-6;

/* Sum of weight u u'; heavy is for informations alone. */
int bram_glm_gram(bram_ctx *cx, bram_mat *gram, const bram_glm *g)
{
    size_t rows = g->design->rows, m = g->design->cols;
    BRAM_TRY(bram_mat_scratch(cx, gram, m, m));
    if (!g->weight) return bram_syrk(cx, gram, 1, g->design, BRAM_TRANSPOSED, 0);
    bram_mat scaled;
    BRAM_TRY(bram_mat_scratch(cx, &scaled, rows < ROWS ? rows : ROWS, m));
    for (size_t first = 0; first < rows; first += ROWS) {
        scaled.rows = rows - first < ROWS ? rows - first : ROWS;
        for (size_t t = 0; t < scaled.rows; t++) {
            const double *from = bram_row(g->design, first + t);
            double root = sqrt(g->weight[(first + t) * g->weight_stride]);
            for (size_t j = 0; j < m; j++) bram_row(&scaled, t)[j] = root * from[j];
        }
        BRAM_TRY(bram_syrk(cx, gram, 1, &scaled, BRAM_TRANSPOSED, 1));
    }
    return BRAM_OK;
}

static double sum_of_weights(const bram_glm *g)
{
    double sum = 0;
    for (size_t t = 0; t < g->y.rows; t++) sum += g->weight ? g->weight[t * g->weight_stride] : 1;
    return sum;
}

int bram_glm_many_begin(bram_ctx *cx, bram_glm_many *p, const bram_glm *g, const bram_mat *theta,
                        const bram_mat *gram)
{
    double weight = sum_of_weights(g), most = 1e-300;
    *p = (bram_glm_many){.g = g, .m = theta->rows, .targets = theta->cols, .some = {.g = *g}};
    p->active = p->targets;
    p->target = bram_scratch(cx, p->targets, sizeof *p->target);
    p->size = bram_scratch(cx, p->targets, 2 * sizeof *p->size);
    if (!p->target || !p->size) return BRAM_ENOMEM;
    p->value = p->size + p->targets;
    BRAM_TRY(bram_mat_scratch(cx, &p->theta, p->m, p->targets));
    BRAM_TRY(bram_mat_scratch(cx, &p->gradient, p->m, p->targets));
    if (gram) p->gram = *gram;
    else BRAM_TRY(bram_glm_gram(cx, &p->gram, g));
    BRAM_TRY(bram_glm_sizes(cx, p->size, g, theta));
    for (size_t n = 0; n < p->targets; n++) {
        p->target[n] = n;
        if (isfinite(p->size[n])) most = fmax(most, p->size[n]);
    }
    for (size_t n = 0; n < p->targets; n++) {
        double size = isfinite(p->size[n]) ? p->size[n] : most;
        p->size[n] = fmax(size, LEAST_SIZE * most) / fmax(weight, 1e-300);
    }
    return BRAM_OK;
}

/* ---- targets at work ------------------------------------------------------------------------ */

/* Columns `keep` of m; in place where out is m. */
static int pick(bram_ctx *cx, bram_mat *out, const bram_mat *m, const size_t *keep, size_t count)
{
    bram_mat to = *m;
    if (out != m) BRAM_TRY(bram_mat_scratch(cx, &to, m->rows, count));
    for (size_t t = 0; t < m->rows; t++)
        for (size_t k = 0; k < count; k++) bram_row(&to, t)[k] = bram_row(m, t)[keep[k]];
    to.cols = count;
    *out = to;
    return BRAM_OK;
}

static int pick_mask(bram_ctx *cx, bram_glm_some *some, const bram_glm *g, const size_t *keep,
                     size_t count)
{
    bool in_place = &some->g == g;
    size_t stride = in_place ? g->present_stride : count;
    if (!in_place) some->present = bram_scratch(cx, g->y.rows, count);
    if (!some->present) return BRAM_ENOMEM;
    for (size_t t = 0; t < g->y.rows; t++)
        for (size_t k = 0; k < count; k++)
            some->present[t * stride + k] = g->present[t * g->present_stride + keep[k]];
    some->g.present = some->present;
    some->g.present_stride = stride;
    return BRAM_OK;
}

int bram_glm_pick(bram_ctx *cx, bram_glm_some *some, const bram_glm *g, const size_t *keep,
                  size_t count)
{
    if (&some->g != g) some->g = *g;
    bool in_place = &some->g == g;
    if (g->present) BRAM_TRY(pick_mask(cx, some, g, keep, count));
    if (g->precision) BRAM_TRY(pick(cx, &some->precision, g->precision, keep, count));
    if (g->centre) BRAM_TRY(pick(cx, &some->centre, g->centre, keep, count));
    BRAM_TRY(pick(cx, in_place ? &some->g.y : &some->y, &g->y, keep, count));
    if (!in_place) some->g.y = some->y;
    if (g->precision) some->g.precision = &some->precision;
    if (g->centre) some->g.centre = &some->centre;
    return BRAM_OK;
}

int bram_glm_many_drop(bram_ctx *cx, bram_glm_many *p, const bool *done)
{
    size_t left = 0, *keep;
    bool copied = p->active < p->targets;
    for (size_t k = 0; k < p->active; k++) left += !done[p->target[k]];
    if (4 * left > 3 * p->active || left == 0) return BRAM_OK;
    keep = bram_scratch(cx, left, sizeof *keep); /* small; the copies behind it must stay */
    if (!keep) return BRAM_ENOMEM;
    left = 0;
    for (size_t k = 0; k < p->active; k++)
        if (!done[p->target[k]]) keep[left] = k, p->target[left++] = p->target[k];
    BRAM_TRY(bram_glm_pick(cx, &p->some, copied ? &p->some.g : p->g, keep, left));
    p->active = p->theta.cols = p->gradient.cols = left;
    return BRAM_OK;
}

int bram_glm_many_evaluate(bram_ctx *cx, bram_glm_many *p, double *value, bram_mat *gradient,
                           const bram_mat *x)
{
    for (size_t j = 0; j < p->m; j++)
        for (size_t k = 0; k < p->active; k++)
            bram_row(&p->theta, j)[k] = bram_row(x, p->target[k])[j];
    BRAM_TRY(
        bram_glm_evaluate(cx, &p->some.g, &p->theta, p->value, &p->gradient, NULL, BRAM_EXPECTED));
    for (size_t k = 0; k < p->active; k++) {
        value[p->target[k]] = -p->value[k];
        double *to = bram_row(gradient, p->target[k]);
        for (size_t j = 0; j < p->m; j++)
            to[j] = j == 0 && p->g->fixed ? 0 : -bram_row(&p->gradient, j)[k];
    }
    return BRAM_OK;
}

/* ---- the information of one target ---------------------------------------------------------- */

/* What multiplies u u' in each row. */
static int sizes_of_rows(bram_ctx *cx, double *size, const bram_glm *g, size_t n, const double *x)
{
    double eta[ROWS], *rate = bram_scratch(cx, 2 * ROWS, sizeof *rate), *steep = rate + ROWS;
    if (!rate) return BRAM_ENOMEM;
    for (size_t first = 0; first < g->y.rows; first += ROWS) {
        size_t count = g->y.rows - first < ROWS ? g->y.rows - first : ROWS;
        bram_mat rows = bram_mat_rows(*g->design, first, count);
        BRAM_TRY(bram_gemv(cx, eta, 1, &rows, BRAM_AS_IS, x, 0));
        bram_link_apply(g->link, g->inside, eta, count, rate, NULL, steep, NULL);
        for (size_t i = 0; i < count; i++) {
            size_t t = first + i;
            double w = g->weight ? g->weight[t * g->weight_stride] : 1;
            if (g->present && !g->present[t * g->present_stride + n]) w = 0;
            size[t] = w * steep[i] * steep[i] / (rate[i] + g->inside);
        }
    }
    return BRAM_OK;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

int bram_glm_information(bram_ctx *cx, bram_mat *information, const bram_glm_many *p, size_t n,
                         const double *x)
{
    size_t rows = p->g->y.rows, top = (rows + 7) / 8, mark = bram_scratch_mark(cx);
    double *size = bram_scratch(cx, rows, 2 * sizeof *size), rest = 0, weight = 0;
    bram_mat scaled;
    if (!size) return BRAM_ENOMEM;
    double *sorted = size + rows;
    BRAM_TRY(bram_mat_scratch(cx, &scaled, ROWS, p->m));
    BRAM_TRY(sizes_of_rows(cx, size, p->g, n, x));
    memcpy(sorted, size, rows * sizeof *size);
    qsort(sorted, rows, sizeof *sorted, by_size);
    double least = sorted[top - 1]; /* what is not above it counts as alike */
    for (size_t t = 0; t < rows; t++)
        if (!(size[t] > least)) {
            rest += size[t];
            weight += p->g->weight ? p->g->weight[t * p->g->weight_stride] : 1;
        }
    rest = weight > 0 ? rest / weight : 0;
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j <= i; j++)
            bram_row(information, i)[j] = rest * bram_row(&p->gram, i)[j];
    for (size_t t = 0; t < rows;) {
        for (scaled.rows = 0; t < rows && scaled.rows < ROWS; t++) {
            double w = p->g->weight ? p->g->weight[t * p->g->weight_stride] : 1;
            if (!(size[t] > least && size[t] > rest * w)) continue;
            double root = sqrt(size[t] - rest * w), *to = bram_row(&scaled, scaled.rows++);
            for (size_t j = 0; j < p->m; j++) to[j] = root * bram_row(p->g->design, t)[j];
        }
        if (scaled.rows) BRAM_TRY(bram_syrk(cx, information, 1, &scaled, BRAM_TRANSPOSED, 1));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- diagonals of all informations ---------------------------------------------------------- */

struct diagonals {
    const bram_glm *g;
    const bram_mat *theta;
    size_t chunks;
    double *sum; /* of each chunk: M x targets */
};

/* The next rows with weight, up to row `to`: u, and from it the squares. */
static void gather(const bram_glm *g, size_t *row, size_t to, bram_mat *u, bram_mat *square,
                   size_t *at)
{
    size_t count = 0;
    for (; *row < to && count < BLOCK; ++*row) {
        double w = g->weight ? g->weight[*row * g->weight_stride] : 1;
        if (!(w > 0 && w >= g->heavy)) continue;
        const double *from = bram_row(g->design, *row);
        for (size_t j = 0; j < g->design->cols; j++) {
            bram_row(u, count)[j] = from[j];
            bram_row(square, count)[j] = from[j] * from[j];
        }
        at[count++] = *row;
    }
    u->rows = square->rows = count;
}

/* size becomes g f'^2 / f, from eta; room: two of its rows. */
static void sizes_of_block(bram_mat *size, const bram_glm *g, const size_t *at, double *room)
{
    double *rate = room, *steep = room + size->cols;
    for (size_t i = 0; i < size->rows; i++) {
        double *row = bram_row(size, i), w = g->weight ? g->weight[at[i] * g->weight_stride] : 1;
        const uint8_t *there = g->present ? g->present + at[i] * g->present_stride : NULL;
        bram_link_apply(g->link, g->inside, row, size->cols, rate, NULL, steep, NULL);
        for (size_t n = 0; n < size->cols; n++)
            row[n] = there && !there[n] ? 0 : w * steep[n] * steep[n] / (rate[n] + g->inside);
    }
}

static int add_diagonals(bram_ctx *cx, size_t chunk, void *user)
{
    const struct diagonals *d = user;
    size_t m = d->theta->rows, targets = d->theta->cols, rows = d->g->design->rows;
    size_t row = chunk * rows / d->chunks, to = (chunk + 1) * rows / d->chunks, at[BLOCK];
    bram_mat u, square, size, sum = {d->sum + chunk * m * targets, m, targets, targets};
    double *room = bram_scratch(cx, 2 * targets, sizeof *room);
    if (!room) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &u, BLOCK, m));
    BRAM_TRY(bram_mat_scratch(cx, &square, BLOCK, m));
    BRAM_TRY(bram_mat_scratch(cx, &size, BLOCK, targets));
    while (row < to) {
        gather(d->g, &row, to, &u, &square, at);
        size.rows = u.rows;
        if (!u.rows) break;
        BRAM_TRY(bram_gemm(cx, &size, 1, &u, BRAM_AS_IS, d->theta, BRAM_AS_IS, 0));
        sizes_of_block(&size, d->g, at, room);
        BRAM_TRY(bram_gemm(cx, &sum, 1, &square, BRAM_TRANSPOSED, &size, BRAM_AS_IS, 1));
    }
    return BRAM_OK;
}

int bram_glm_diagonals(bram_ctx *cx, bram_mat *diagonal, const bram_glm *g, const bram_mat *theta)
{
    size_t mark = bram_scratch_mark(cx), rows = g->design->rows, n = theta->rows * theta->cols;
    struct diagonals d = {.g = g, .theta = theta};
    d.chunks = rows / ROWS < 1 ? 1 : rows / ROWS < CHUNKS ? rows / ROWS : CHUNKS;
    d.sum = bram_scratch(cx, d.chunks, n * sizeof *d.sum);
    int status = d.sum ? bram_parallel_for(cx, d.chunks, add_diagonals, &d) : BRAM_ENOMEM;
    for (size_t c = 1; c < d.chunks && status == BRAM_OK; c++)
        for (size_t i = 0; i < n; i++) d.sum[i] += d.sum[c * n + i];
    for (size_t j = 0; j < theta->rows && status == BRAM_OK; j++)
        memcpy(bram_row(diagonal, j), d.sum + j * theta->cols, theta->cols * sizeof *d.sum);
    bram_scratch_release(cx, mark);
    return status;
}
