/*
 * rdm_unbalanced.c - distances from pairs of rows, for designs that are not balanced.
 *
 * A kernel k_ij is the mean over pairs of rows (a of condition i, b of condition j; with
 * cross-validation of different folds only), and d_ij = k_ii + k_jj - 2 k_ij:
 *     crossnobis    x_a' P x_b / channels
 *     correlation   r(x_a, x_b) / 2
 *     poisson       (a_b - a_a)(log a_a - log a_b) / 2, mean over channels
 * Euclidean and mahalanobis so defined are those of the means of conditions, and computed as such.
 * A k_ij without a pair of rows leaves its distances undefined.
 *
 * Rows are sorted by condition and cut into blocks of whole conditions; a pair of blocks is one
 * task, its products taken in tiles of rows. Missing channels: a correlation of two rows is over
 * those that both have (3 or more); for the others see rdm.h. Source: rsatoolbox 0.3
 * (calc_rdm_unbalanced). What it
 * does about missing values (missing=kernel) is kept as an option, in its own words: a pair of rows
 * counts by the channels that both have; correlations sum over these but are centred by the number
 * of all channels; mahalanobis takes the part of the precision of these, over all channels.
 */
#include "rdm_parts.h"

#include "internal.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>
#include <string.h>

enum { TILE = 320 };

/* Rows sorted by condition: those of condition i are start[i] .. start[i + 1] - 1. */
struct rows {
    bram_mat x, logs;       /* logs: poisson only */
    double *self;           /* poisson: x.logs of each row */
    const uint8_t *present; /* packed; NULL: all */
    const uint32_t *fold;   /* NULL: no cross-validation */
    const size_t *start;
    size_t n;
    const bram_rdm_options *o;
    const bram_mat *precision; /* with present only; else x is whitened */
};

struct kernels {
    double *d, *own;     /* own_i = k_ii */
    const size_t *block; /* conditions of block b: block[b] .. block[b + 1] - 1 */
    const struct rows *r;
};

/* ---- a pair of rows ------------------------------------------------------------------------- */

static double dot(const double *a, const double *b, size_t p)
{
    double lane[4] = {0};
    for (size_t k = 0; k < p; k++) lane[k % 4] += a[k] * b[k];
    return lane[0] + lane[1] + (lane[2] + lane[3]);
}

/* r / 2 over the channels that both rows have, for missing=pairwise; NaN where it is not defined.
 */
static double shared_correlation(double *weight, const struct rows *r, size_t a, size_t b)
{
    const double *x = bram_row(&r->x, a), *y = bram_row(&r->x, b);
    const uint8_t *in_a = r->present + a * r->x.cols, *in_b = r->present + b * r->x.cols;
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0, largest_x = 0, largest_y = 0, count = 0;
    for (size_t k = 0; k < r->x.cols; k++)
        if (in_a[k] && in_b[k]) mx += x[k], my += y[k], count++;
    mx /= count, my /= count;
    for (size_t k = 0; k < r->x.cols; k++) {
        if (!in_a[k] || !in_b[k]) continue;
        double dx = x[k] - mx, dy = y[k] - my;
        xx += dx * dx, yy += dy * dy, xy += dx * dy;
        largest_x = fmax(largest_x, fabs(x[k])), largest_y = fmax(largest_y, fabs(y[k]));
    }
    double floor = 32 * DBL_EPSILON * sqrt(count);
    *weight = count < 3 ? 0 : 1;
    if (!(sqrt(xx) > floor * largest_x && sqrt(yy) > floor * largest_y)) return NAN;
    return xy / sqrt(xx) / sqrt(yy) / 2;
}

/* r times channels / 2, from sums over the shared channels and a mean over all: see above */
static double sparse_correlation(const struct rows *r, size_t a, size_t b)
{
    double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, p = (double)r->x.cols;
    const double *x = bram_row(&r->x, a), *y = bram_row(&r->x, b);
    for (size_t k = 0; k < r->x.cols; k++) {
        if (!r->present[a * r->x.cols + k] || !r->present[b * r->x.cols + k]) continue;
        sa += x[k], sb += y[k];
        saa += x[k] * x[k], sbb += y[k] * y[k], sab += x[k] * y[k];
    }
    if (!(saa > 0 && sbb > 0)) return p / 2;
    return (sab - sa * sb / p) / sqrt(saa - sa * sa / p) / sqrt(sbb - sb * sb / p) * p / 2;
}

static double sparse_mahalanobis(const struct rows *r, size_t a, size_t b)
{
    double sum = 0;
    size_t p = r->x.cols;
    const uint8_t *in_a = r->present + a * p, *in_b = r->present + b * p;
    for (size_t k = 0; k < p; k++)
        for (size_t l = 0; in_a[k] && in_b[k] && l < p; l++)
            if (in_a[l] && in_b[l])
                sum += bram_row(&r->x, a)[k] * bram_row(r->precision, k)[l] * bram_row(&r->x, b)[l];
    return sum;
}

/* The sum over the channels that both rows have, and what it counts for. */
static double sparse_sum(double *weight, const struct rows *r, size_t a, size_t b)
{
    double sum = 0;
    size_t p = r->x.cols, count = 0;
    if (r->o->missing == BRAM_RDM_PAIRWISE) return shared_correlation(weight, r, a, b);
    for (size_t k = 0; k < p; k++) {
        if (!r->present[a * p + k] || !r->present[b * p + k]) continue;
        double x = bram_row(&r->x, a)[k], y = bram_row(&r->x, b)[k];
        sum += r->self ? (y - x) * (bram_row(&r->logs, a)[k] - bram_row(&r->logs, b)[k]) / 2
                       : x * y;
        count++;
    }
    *weight = (double)count;
    if (r->precision) *weight = (double)p;
    if (count && r->o->kind == BRAM_RDM_CORRELATION) return sparse_correlation(r, a, b);
    return r->precision ? sparse_mahalanobis(r, a, b) : sum;
}

/* ---- a pair of conditions ------------------------------------------------------------------- */

/* Sums and weights for conditions i0 .. x j0 .., from a tile of rows a0 .. x b0 .. */
struct sums {
    bram_mat value, weight;
    size_t i0, j0;
};

static void add_pair(double *value, double *weight, double sum, double channels, bool equal)
{
    if (!(channels > 0)) return;
    *value += equal ? sum / channels : sum;
    *weight += equal ? 1 : channels;
}

static size_t condition_of(const struct rows *r, size_t row, size_t from)
{
    while (r->start[from + 1] <= row) from++;
    return from;
}

static void add_tile(struct sums *s, const struct rows *r, const bram_mat *g, size_t a0, size_t b0)
{
    double p = (double)r->x.cols;
    bool halves = r->o->kind == BRAM_RDM_CORRELATION;
    for (size_t a = a0, i = s->i0; a < a0 + g->rows; a++) {
        i = condition_of(r, a, i);
        for (size_t b = b0, j = s->j0; b < b0 + g->cols; b++) {
            j = condition_of(r, b, j);
            if (r->fold && r->fold[a] == r->fold[b]) continue;
            double sum = bram_row(g, a - a0)[b - b0], weight = p;
            if (r->present) sum = sparse_sum(&weight, r, a, b);
            else if (halves) sum *= p / 2;
            else if (r->self) sum = (sum - r->self[a] - r->self[b]) / 2;
            add_pair(bram_row(&s->value, i - s->i0) + (j - s->j0),
                     bram_row(&s->weight, i - s->i0) + (j - s->j0), sum, weight,
                     r->o->equal_weights);
        }
    }
}

/* g = x_a.x_b, poisson x_a.logs_b + logs_a.x_b */
static int tile_products(bram_ctx *cx, bram_mat *g, const struct rows *r, size_t a0, size_t b0)
{
    if (r->present) return BRAM_OK;
    bool poisson = r->self != NULL;
    bram_mat xa = bram_mat_rows(r->x, a0, g->rows);
    bram_mat yb = bram_mat_rows(poisson ? r->logs : r->x, b0, g->cols);
    BRAM_TRY(bram_gemm(cx, g, 1, &xa, BRAM_AS_IS, &yb, BRAM_TRANSPOSED, 0));
    if (!poisson) return BRAM_OK;
    bram_mat ya = bram_mat_rows(r->logs, a0, g->rows), xb = bram_mat_rows(r->x, b0, g->cols);
    return bram_gemm(cx, g, 1, &ya, BRAM_AS_IS, &xb, BRAM_TRANSPOSED, 1);
}

/* k of conditions i0 .. i1 - 1 with j0 .. j1 - 1, in scratch memory */
static int kernel_block(bram_ctx *cx, bram_mat *out, const struct rows *r, size_t i0, size_t i1,
                        size_t j0, size_t j1)
{
    struct sums s = {.i0 = i0, .j0 = j0};
    BRAM_TRY(bram_mat_scratch(cx, &s.value, i1 - i0, j1 - j0));
    BRAM_TRY(bram_mat_scratch(cx, &s.weight, i1 - i0, j1 - j0));
    for (size_t a = r->start[i0]; a < r->start[i1]; a += TILE)
        for (size_t b = r->start[j0]; b < r->start[j1]; b += TILE) {
            size_t mark = bram_scratch_mark(cx);
            size_t height = r->start[i1] - a < TILE ? r->start[i1] - a : TILE;
            size_t width = r->start[j1] - b < TILE ? r->start[j1] - b : TILE;
            bram_mat g;
            BRAM_TRY(bram_ctx_check_cancel(cx));
            BRAM_TRY(bram_mat_scratch(cx, &g, height, width));
            BRAM_TRY(tile_products(cx, &g, r, a, b));
            add_tile(&s, r, &g, a, b);
            bram_scratch_release(cx, mark);
        }
    for (size_t k = 0; k < s.value.rows * s.value.cols; k++)
        s.value.data[k] = s.weight.data[k] > 0 ? s.value.data[k] / s.weight.data[k] : (double)NAN;
    *out = s.value;
    return BRAM_OK;
}

static int own_task(bram_ctx *cx, size_t i, void *user)
{
    const struct kernels *k = user;
    bram_mat value;
    BRAM_TRY(kernel_block(cx, &value, k->r, i, i + 1, i, i + 1));
    k->own[i] = *value.data;
    return BRAM_OK;
}

static int block_task(bram_ctx *cx, size_t task, void *user)
{
    const struct kernels *k = user;
    size_t upper = 0;
    while ((upper + 1) * (upper + 2) / 2 <= task) upper++;
    size_t lower = task - upper * (upper + 1) / 2;
    size_t i0 = k->block[lower], i1 = k->block[lower + 1];
    size_t j0 = k->block[upper], j1 = k->block[upper + 1];
    bram_mat value;
    BRAM_TRY(kernel_block(cx, &value, k->r, i0, i1, j0, j1));
    for (size_t i = i0; i < i1; i++)
        for (size_t j = i + 1 > j0 ? i + 1 : j0; j < j1; j++)
            k->d[bram_rdm_index(k->r->n, i, j)] = k->own[i] + k->own[j] -
                                                  2 * bram_row(&value, i - i0)[j - j0];
    return BRAM_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static int prepare_rows(bram_ctx *cx, struct rows *r, const bram_rdm_noise *noise)
{
    const bram_rdm_options *o = r->o;
    if (r->present && o->kind == BRAM_RDM_CORRELATION) return BRAM_OK;
    if (o->kind == BRAM_RDM_CORRELATION) return bram_rdm_standardize(cx, &r->x, true);
    if (noise->factors && !r->present) {
        bram_mat white;
        BRAM_TRY(bram_mat_scratch(cx, &white, r->x.rows, r->x.cols));
        BRAM_TRY(bram_rdm_whiten(cx, &white, &r->x, noise->factor));
        r->x = white;
    }
    if (o->kind != BRAM_RDM_POISSON && o->kind != BRAM_RDM_POISSON_CV) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &r->logs, r->x.rows, r->x.cols));
    r->self = bram_scratch(cx, r->x.rows, sizeof *r->self);
    if (!r->self) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->x.rows; i++) {
        double *a = bram_row(&r->x, i), *l = bram_row(&r->logs, i);
        for (size_t k = 0; k < r->x.cols; k++) {
            a[k] = (a[k] + o->prior_weight * o->prior_rate) / (1 + o->prior_weight);
            l[k] = log(a[k]);
        }
        r->self[i] = dot(a, l, r->x.cols);
    }
    return BRAM_OK;
}

/* d from rows of which nothing is missing, or all by kernels; the rows are used up. */
static int from_rows(bram_ctx *cx, double *d, struct rows *r, const bram_rdm_noise *noise)
{
    BRAM_TRY(prepare_rows(cx, r, noise));
    double *own = bram_scratch(cx, r->n, sizeof *own);
    size_t *block = own ? bram_scratch(cx, r->n + 1, sizeof *block) : NULL, blocks = 0;
    if (!block) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->n; i++)
        if (r->start[i + 1] - r->start[block[blocks]] >= TILE || i + 1 == r->n)
            block[++blocks] = i + 1;
    struct kernels k = {d, own, block, r};
    BRAM_TRY(bram_parallel_for(cx, r->n, own_task, &k));
    return bram_parallel_for(cx, blocks * (blocks + 1) / 2, block_task, &k);
}

/* ---- pairwise missing channels -------------------------------------------------------------- */

struct pairwise {
    double *d;
    const struct rows *r;   /* with NaN-free x */
    const uint8_t *present; /* conditions x channels: in all rows */
};

/* The rows of conditions i and j, and of those the channels that both have. */
static int gather(bram_ctx *cx, struct rows *two, size_t **channel, const struct pairwise *w,
                  size_t i, size_t j)
{
    size_t p = w->r->x.cols, count = 0, rows = 0;
    const size_t of[2] = {i, j};
    size_t *start = bram_scratch(cx, 3, sizeof *start);
    *channel = start ? bram_scratch(cx, p, sizeof **channel) : NULL;
    if (!*channel) return BRAM_ENOMEM;
    for (size_t k = 0; k < p; k++)
        if (w->present[i * p + k] && w->present[j * p + k]) (*channel)[count++] = k;
    for (size_t c = 0; c < 2; c++)
        start[c + 1] = start[c] + w->r->start[of[c] + 1] - w->r->start[of[c]];
    *two = (struct rows){.start = start, .n = 2, .o = w->r->o};
    BRAM_TRY(bram_mat_scratch(cx, &two->x, start[2], count));
    uint32_t *fold = bram_scratch(cx, start[2], sizeof *fold);
    if (!fold) return BRAM_ENOMEM;
    for (size_t c = 0; c < 2; c++)
        for (size_t a = w->r->start[of[c]]; a < w->r->start[of[c] + 1]; a++, rows++) {
            if (w->r->fold) fold[rows] = w->r->fold[a];
            for (size_t k = 0; k < count; k++)
                bram_row(&two->x, rows)[k] = bram_row(&w->r->x, a)[(*channel)[k]];
        }
    if (w->r->fold) two->fold = fold;
    return BRAM_OK;
}

static int pair_row_task(bram_ctx *cx, size_t i, void *user)
{
    const struct pairwise *w = user;
    size_t n = w->r->n, enough = w->r->o->kind == BRAM_RDM_CORRELATION ? 3 : 2;
    for (size_t j = i + 1; j < n; j++) {
        size_t mark = bram_scratch_mark(cx), *channel;
        double *d = w->d + bram_rdm_index(n, i, j);
        struct rows two;
        bram_rdm_noise noise = {0};
        BRAM_TRY(gather(cx, &two, &channel, w, i, j));
        if (two.x.cols < enough) *d = NAN;
        else {
            bool all = two.x.cols == w->r->x.cols;
            BRAM_TRY(bram_rdm_noise_new(cx, &noise, w->r->o, all ? NULL : channel, two.x.cols));
            BRAM_TRY(from_rows(cx, d, &two, &noise));
        }
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

static int pairwise(bram_ctx *cx, double *d, struct rows *r)
{
    size_t p = r->x.cols;
    uint8_t *present = bram_scratch(cx, r->n * p, 1);
    if (!present) return BRAM_ENOMEM;
    memset(present, 1, r->n * p);
    for (size_t i = 0; i < r->n; i++)
        for (size_t a = r->start[i]; a < r->start[i + 1]; a++)
            for (size_t k = 0; k < p; k++) present[i * p + k] &= r->present[a * p + k];
    struct pairwise w = {d, r, present};
    return bram_parallel_for(cx, r->n, pair_row_task, &w);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void remove_mean(double *x, const uint8_t *present, size_t p)
{
    double mean = 0, count = 0;
    for (size_t k = 0; k < p; k++)
        if (!present || present[k]) mean += x[k], count++;
    for (size_t k = 0; k < p; k++)
        if (!present || present[k]) x[k] -= mean / count;
}

/* Rows of side in the order of their conditions. */
static int sort_rows(bram_ctx *cx, struct rows *r, const bram_side *side, const bram_rdm_design *g,
                     bool crossvalidated)
{
    size_t rows = side->values.rows, p = side->values.cols;
    bool each = !g || !g->condition;
    size_t *start = bram_scratch(cx, r->n + 2, sizeof *start);
    uint8_t *present = bram_scratch(cx, side->present ? rows * p : 1, 1);
    uint32_t *fold = bram_scratch(cx, rows, sizeof *fold);
    if (!start || !present || !fold) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &r->x, rows, p));
    for (size_t i = 0; i < rows; i++) start[(each ? i : g->condition[i]) + 2]++;
    for (size_t c = 0; c <= r->n; c++) start[c + 1] += start[c];
    for (size_t i = 0; i < rows; i++) {
        size_t to = start[(each ? i : g->condition[i]) + 1]++;
        const uint8_t *in = side->present ? side->present + i * p : NULL;
        for (size_t k = 0; k < p; k++)
            if (!in || in[k]) bram_row(&r->x, to)[k] = bram_row(&side->values, i)[k];
        if (in) memcpy(present + to * p, in, p);
        if (r->o->remove_mean) remove_mean(bram_row(&r->x, to), in, p);
        fold[to] = g && g->fold ? g->fold[i] : (uint32_t)i;
    }
    r->start = start;
    if (side->present) r->present = present;
    if (crossvalidated) r->fold = fold;
    return BRAM_OK;
}

int bram_rdm_unbalanced(bram_ctx *cx, double *d, const bram_side *side, const bram_rdm_design *g,
                        const bram_rdm_options *o)
{
    bool crossvalidated = o->kind == BRAM_RDM_CROSSNOBIS || o->kind == BRAM_RDM_POISSON_CV;
    bool by_kernels = side->present &&
                      (o->missing == BRAM_RDM_KERNEL || o->kind == BRAM_RDM_CORRELATION);
    struct rows r = {.n = g && g->condition ? g->conditions : side->values.rows, .o = o};
    bram_rdm_noise noise = {0};
    if (crossvalidated && (!g || !g->fold))
        bram_note(cx, "no folds are given: every row is one, so rows of one run are compared");
    if (!by_kernels && (o->kind == BRAM_RDM_EUCLIDEAN || o->kind == BRAM_RDM_MAHALANOBIS)) {
        bram_rdm_patterns a;
        BRAM_TRY(bram_rdm_average(cx, &a, side, g, false, o->remove_mean));
        if (a.present) return bram_rdm_masked(cx, d, &a, o);
        BRAM_TRY(bram_rdm_noise_new(cx, &noise, o, NULL, a.x.cols));
        return bram_rdm_complete(cx, d, &a, &noise, o);
    }
    BRAM_TRY(sort_rows(cx, &r, side, g, crossvalidated));
    if (side->present && !by_kernels) return pairwise(cx, d, &r);
    if (by_kernels && o->precisions) r.precision = o->precision;
    BRAM_TRY(bram_rdm_noise_new(cx, &noise, o, NULL, r.x.cols));
    return from_rows(cx, d, &r, &noise);
}
