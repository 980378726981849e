/*
 * compare.c - differences with corrected p-values, mean ranks; see compare.h.
 */
#include "compare.h"

#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t scored_rows(const bram_board *b)
{
    size_t n = 0;
    while (n < b->rows && !isnan(b->row[n].value)) n++;
    return n;
}

int bram_compare_with_best(bram_ctx *cx, bram_board_pair *pair, const bram_board *b)
{
    size_t n = scored_rows(b), mark = bram_scratch_mark(cx);
    double *p = bram_scratch(cx, b->rows, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    for (size_t i = 0; i < b->rows; i++) {
        pair[i] = (bram_board_pair){NAN, NAN, NAN, NAN};
        if (i && i < n) BRAM_TRY(bram_board_compare(cx, b, &b->row[0], &b->row[i], &pair[i]));
        p[i] = pair[i].p;
    }
    int status = bram_holm(cx, p, p, b->rows);
    for (size_t i = 0; i < b->rows && status == BRAM_OK; i++) pair[i].p = p[i];
    bram_scratch_release(cx, mark);
    return status;
}

int bram_compare_letters(bram_ctx *cx, char (*out)[BRAM_LETTERS_BYTES], const bram_board *b,
                         size_t n)
{
    size_t mark = bram_scratch_mark(cx), pairs = n ? n * (n - 1) / 2 : 0, at = 0, defined = 0;
    double *p = bram_scratch(cx, pairs, sizeof *p);
    bool *differ = bram_scratch(cx, pairs, sizeof *differ);
    int status = p && differ ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) out[i][0] = 0;
    for (size_t i = 0; i < n && status == BRAM_OK; i++)
        for (size_t k = i + 1; k < n && status == BRAM_OK; k++) {
            bram_board_pair d;
            status = bram_board_compare(cx, b, &b->row[i], &b->row[k], &d);
            defined += status == BRAM_OK && isfinite(d.p);
            p[at++] = d.p;
        }
    if (status == BRAM_OK) status = bram_holm(cx, p, p, pairs);
    for (size_t i = 0; i < pairs && status == BRAM_OK; i++) differ[i] = p[i] < 1 - b->level;
    if (status == BRAM_OK && defined) status = bram_letters(cx, out, differ, n);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the range of k normal variables -------------------------------------------------------- */

/* P(range <= q) = k * integral of phi(z) (Phi(z + q) - Phi(z))^(k - 1) dz, by Simpson's rule. */
static double range_below(double q, size_t k)
{
    enum { STEPS = 800 };
    const double from = -8 - q, width = (16 + q) / STEPS, root = 0.39894228040143267794;
    double sum = 0;
    for (int i = 0; i <= STEPS; i++) {
        double z = from + i * width, inside = bram_normal_tail(z) - bram_normal_tail(z + q);
        double weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * root * exp(-z * z / 2) * pow(inside, (double)k - 1);
    }
    return (double)k * sum * width / 3;
}

double bram_nemenyi(size_t k)
{
    double low = 0, high = 20;
    if (k < 2) return NAN;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (range_below(middle, k) < 0.95) low = middle;
        else high = middle;
    }
    return low / sqrt(2);
}

/* ---- mean ranks ----------------------------------------------------------------------------- */

struct placed {
    double rank;
    size_t model;
};

static int by_rank(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return (x->model > y->model) - (x->model < y->model);
}

/* Adds the ranks of one benchmark's values (1: the highest), and to `ties` the sum of t^3 - t. */
static int add_ranks(bram_ctx *cx, struct placed *total, double *negative, double *rank,
                     const double *value, size_t n, double *ties)
{
    for (size_t i = 0; i < n; i++) negative[i] = -value[total[i].model];
    BRAM_TRY(bram_ranks(cx, rank, negative, n));
    for (size_t i = 0; i < n; i++) total[i].rank += rank[i];
    for (size_t i = 0; i < n; i++) { /* each of t tied ones adds t^2 - 1 */
        double tied = 0;
        for (size_t k = 0; k < n; k++) tied += rank[k] == rank[i];
        *ties += tied * tied - 1;
    }
    return BRAM_OK;
}

int bram_mean_ranks_of(bram_ctx *cx, bram_mean_ranks *out, const double *value, size_t benchmarks,
                       size_t models)
{
    struct placed *total = bram_scratch(cx, models, sizeof *total);
    double *work = bram_scratch(cx, models, 2 * sizeof *work);
    *out = (bram_mean_ranks){
        .benchmarks = benchmarks, .kendall_w = NAN, .friedman = NAN, .p = NAN, .critical = NAN};
    out->model = bram_scratch(cx, models, sizeof *out->model);
    out->rank = bram_scratch(cx, models, sizeof *out->rank);
    if (!total || !work || !out->model || !out->rank) return BRAM_ENOMEM;
    size_t n = 0;
    for (size_t m = 0; m < models; m++) {
        bool complete = benchmarks > 0;
        for (size_t b = 0; b < benchmarks; b++) complete &= !isnan(value[b * models + m]);
        if (complete) total[n++].model = m;
    }
    if (n < 2) return BRAM_OK;
    double k = (double)n, count = (double)benchmarks, spread = 0, ties = 0;
    for (size_t b = 0; b < benchmarks; b++)
        BRAM_TRY(add_ranks(cx, total, work, work + models, value + b * models, n, &ties));
    for (size_t i = 0; i < n; i++) {
        double d = total[i].rank - count * (k + 1) / 2;
        spread += d * d;
        total[i].rank /= count;
    }
    qsort(total, n, sizeof *total, by_rank);
    for (size_t i = 0; i < n; i++) out->model[i] = total[i].model, out->rank[i] = total[i].rank;
    out->models = n;
    double most = count * count * (k * k * k - k) - count * ties;
    out->kendall_w = most > 0 ? 12 * spread / most : (double)NAN;
    out->friedman = count * (k - 1) * out->kendall_w;
    if (isfinite(out->friedman)) out->p = bram_chi_squared_tail(out->friedman, k - 1);
    out->critical = bram_nemenyi(n) * sqrt(k * (k + 1) / (6 * count));
    return BRAM_OK;
}
