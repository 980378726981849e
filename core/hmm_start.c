/*
 * hmm_start.c - where EM begins; see hmm_em.h.
 *
 * k-means: rows are means of y over a few neighbours, each unit divided by its standard deviation;
 * centres from at most 8,192 rows spread over the data; each state is then an M-step on the rows
 * nearest to a centre. Random: the M-step of one state, scattered; where the emission cannot
 * scatter, an M-step on stretches of 1 to 63 rows that are given to states by chance. Every row
 * counts a little for the other states, so that none begins with nothing.
 */
#include "hmm_em.h"
#include "kmeans.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 8192, ITERATIONS = 20 };

#define OTHERS 0.1 /* the weight of a row that goes to all states */

struct features {
    const bram_hmm_data *d;
    size_t half; /* rows on each side */
    size_t units;
    double *mean, *scale; /* of each unit */
};

/* One row of features: present values of the neighbourhood; a unit without any is at its mean. */
static void feature(double *out, const struct features *f, size_t sequence, size_t t)
{
    const bram_mat *y = &f->d->y[sequence];
    size_t from = t > f->half ? t - f->half : 0;
    size_t to = t + f->half < y->rows ? t + f->half : y->rows - 1;
    for (size_t u = 0; u < f->units; u++) {
        double sum = 0, count = 0;
        for (size_t i = from; i <= to; i++) {
            const uint8_t *there = bram_hmm_present(f->d, sequence, i);
            if (there && !there[u]) continue;
            sum += bram_row(y, i)[u];
            count++;
        }
        out[u] = count > 0 ? (sum / count - f->mean[u]) * f->scale[u] : 0;
    }
}

static void scale_units(struct features *f)
{
    const bram_hmm_data *d = f->d;
    for (size_t u = 0; u < f->units; u++) {
        double n = 0, mean = 0, square = 0;
        for (size_t s = 0; s < d->sequences; s++)
            for (size_t t = 0; t < d->y[s].rows; t++) {
                const uint8_t *there = bram_hmm_present(d, s, t);
                if (there && !there[u]) continue;
                double x = bram_row(&d->y[s], t)[u], before = x - mean;
                mean += before / ++n;
                square += before * (x - mean);
            }
        f->mean[u] = mean;
        f->scale[u] = square > 0 ? 1 / sqrt(square / n) : 0;
    }
}

static size_t rows_of(const bram_hmm_data *d)
{
    size_t rows = 0;
    for (size_t s = 0; s < d->sequences; s++) rows += d->y[s].rows;
    return rows;
}

/* Rows i * rows / n of all, i = 0 .. n - 1. */
static void sample_rows(bram_mat *x, const struct features *f, size_t rows)
{
    size_t s = 0, before = 0;
    for (size_t i = 0; i < x->rows; i++) {
        size_t at = (size_t)((double)i * (double)rows / (double)x->rows);
        while (at >= before + f->d->y[s].rows) before += f->d->y[s++].rows;
        feature(bram_row(x, i), f, s, at - before);
    }
}

static void give(double *row, size_t states, size_t to)
{
    for (size_t k = 0; k < states; k++) row[k] = OTHERS / (double)states;
    row[to] += 1 - OTHERS;
}

static int by_clusters(bram_ctx *cx, bram_mat *posterior, size_t states, const bram_hmm_data *d,
                       size_t smooth, bram_rng *g)
{
    struct features f = {.d = d, .half = smooth / 2, .units = d->y[0].cols};
    size_t rows = rows_of(d);
    bram_mat centre, x;
    f.mean = bram_scratch(cx, f.units, 3 * sizeof *f.mean);
    if (!f.mean) return BRAM_ENOMEM;
    f.scale = f.mean + f.units;
    double *row = f.scale + f.units, distance;
    BRAM_TRY(bram_mat_scratch(cx, &centre, states, f.units));
    BRAM_TRY(bram_mat_scratch(cx, &x, rows < MOST_ROWS ? rows : MOST_ROWS, f.units));
    scale_units(&f);
    sample_rows(&x, &f, rows);
    BRAM_TRY(bram_kmeans(cx, &centre, &x, ITERATIONS, g));
    for (size_t s = 0; s < d->sequences; s++)
        for (size_t t = 0; t < d->y[s].rows; t++) {
            feature(row, &f, s, t);
            give(bram_row(&posterior[s], t), states, bram_kmeans_nearest(&centre, row, &distance));
        }
    return BRAM_OK;
}

static void by_stretches(bram_mat *posterior, size_t states, const bram_hmm_data *d, bram_rng *g)
{
    size_t left = 0, to = 0;
    for (size_t s = 0; s < d->sequences; s++)
        for (size_t t = 0; t < d->y[s].rows; t++) {
            if (left == 0) {
                left = 1 + bram_rng_below(g, 63);
                to = bram_rng_below(g, states);
            }
            give(bram_row(&posterior[s], t), states, to);
            left--;
        }
}

static void in_common(bram_mat *posterior, size_t states, const bram_hmm_data *d)
{
    for (size_t s = 0; s < d->sequences; s++)
        for (size_t i = 0; i < d->y[s].rows * states; i++)
            posterior[s].data[i] = 1 / (double)states;
}

static void set_chain(bram_hmm *m, double stay)
{
    size_t k = m->states;
    double other = k > 1 ? (1 - stay) / (double)(k - 1) : 0;
    for (size_t i = 0; i < k; i++) {
        m->initial[i] = 1 / (double)k;
        for (size_t j = 0; j < k; j++) m->transition[i * k + j] = i == j && k > 1 ? stay : other;
    }
    if (k == 1) m->transition[0] = 1;
}

int bram_hmm_start(bram_ctx *cx, bram_hmm *m, size_t start, const bram_emission *e,
                   const bram_hmm_data *d, const bram_hmm_options *o, bram_mat *posterior)
{
    size_t mark = bram_scratch_mark(cx), k = m->states;
    bool kmeans = e->clusters && o->kmeans && (!o->random || start % 2 == 0);
    bool scatter = !kmeans && e->scatter && k > 1;
    bram_rng g = bram_rng_at(o->seed, "hmm/start", start);
    int status = BRAM_OK;
    memset(m->state.data, 0, k * m->state.cols * sizeof(double));
    memset(m->shared.data, 0, m->shared.cols * sizeof(double));
    set_chain(m, o->stay);
    if (scatter || k == 1) in_common(posterior, k, d);
    else if (kmeans) status = by_clusters(cx, posterior, k, d, o->smooth, &g);
    else by_stretches(posterior, k, d, &g);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) status = e->maximize(cx, e, m, d, posterior);
    if (status == BRAM_OK && scatter) status = e->scatter(cx, e, m, &g);
    return status;
}
