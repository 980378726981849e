/*
 * nlb.c - the rules of the Neural Latents Benchmark on arrays; see nlb.h. The files are read in
 * nlb_files.c.
 */
#include "nlb.h"

#include "ridge.h"

#include <math.h>
#include <string.h>

/* ---- bits per spike ------------------------------------------------------------------------- */

static const double ZERO_RATE = 1e-9;

static double loss(double rate, double count)
{
    return rate - count * log(rate) + lgamma(count + 1);
}

int bram_nlb_bits(bram_ctx *cx, double *bits, const bram_cube *rates, const bram_cube *spikes,
                  size_t *zeros)
{
    size_t rows = spikes->trials * spikes->bins, units = spikes->units, none = 0;
    if (rates->trials != spikes->trials || rates->bins != spikes->bins || rates->units != units)
        return bram_fail(cx, BRAM_ESHAPE, "rates of %zu x %zu x %zu, spikes of %zu x %zu x %zu",
                         rates->trials, rates->bins, rates->units, spikes->trials, spikes->bins,
                         units);
    double model = 0, null = 0, total = 0;
    for (size_t u = 0; u < units; u++) {
        double sum = 0, n = 0;
        for (size_t i = 0; i < rows; i++)
            if (!isnan(spikes->data[i * units + u])) sum += spikes->data[i * units + u], n += 1;
        double mean = sum > 0 ? sum / n : ZERO_RATE;
        total += sum;
        for (size_t i = 0; i < rows; i++) {
            double count = spikes->data[i * units + u], rate = rates->data[i * units + u];
            if (isnan(count)) continue;
            if (count < 0 || isinf(count))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "there are %g spikes in trial %zu, bin %zu, unit %zu; expected a "
                                 "count, or NaN for what is not known",
                                 count, i / spikes->bins, i % spikes->bins, u);
            if (!(rate >= 0) || isinf(rate))
                return bram_fail(
                    cx, BRAM_ENUMERIC,
                    "the rate of trial %zu, bin %zu, unit %zu is %g; expected a number "
                    "of 0 or more",
                    i / spikes->bins, i % spikes->bins, u, rate);
            if (rate == 0) rate = ZERO_RATE, none++;
            model += loss(rate, count);
            null += loss(mean, count);
        }
    }
    if (!(total > 0)) return bram_fail(cx, BRAM_ENUMERIC, "there are no spikes to score on");
    if (zeros) *zeros += none;
    *bits = (null - model) / total / log(2);
    return BRAM_OK;
}

/* ---- R2 ------------------------------------------------------------------------------------- */

/* Mean over columns of 1 - residual / total sum of squares; a constant column has 1 where it is
 * met, else 0 (as scikit-learn). */
static double mean_r2(const bram_mat *truth, const bram_mat *found)
{
    double sum = 0;
    for (size_t j = 0; j < truth->cols; j++) {
        double mean = 0, total = 0, rest = 0;
        for (size_t i = 0; i < truth->rows; i++)
            mean += bram_row(truth, i)[j] / (double)truth->rows;
        for (size_t i = 0; i < truth->rows; i++) {
            double y = bram_row(truth, i)[j], d = y - bram_row(found, i)[j];
            total += (y - mean) * (y - mean);
            rest += d * d;
        }
        sum += total > 0 ? 1 - rest / total : rest > 0 ? 0 : 1;
    }
    return sum / (double)truth->cols;
}

static int scratch_mat(bram_ctx *cx, bram_mat *out, size_t rows, size_t cols)
{
    double *data = bram_scratch(cx, rows * cols, sizeof *data);
    *out = (bram_mat){data, rows, cols, cols};
    return data ? BRAM_OK : BRAM_ENOMEM;
}

/* ---- velocity ------------------------------------------------------------------------------- */

/* The rows whose first velocity is a number. */
static int keep_rows(bram_ctx *cx, bram_mat *x, bram_mat *y, const bram_mat *rates,
                     const bram_mat *velocity, const char *what)
{
    if (rates->rows != velocity->rows)
        return bram_fail(cx, BRAM_ESHAPE, "%zu rows of %s rates, %zu of velocities", rates->rows,
                         what, velocity->rows);
    BRAM_TRY(scratch_mat(cx, x, rates->rows, rates->cols));
    BRAM_TRY(scratch_mat(cx, y, velocity->rows, velocity->cols));
    size_t n = 0;
    for (size_t i = 0; i < rates->rows; i++) {
        const double *v = bram_row(velocity, i), *r = bram_row(rates, i);
        if (isnan(v[0])) continue;
        for (size_t j = 0; j < rates->cols; j++)
            if (!isfinite(r[j]))
                return bram_fail(
                    cx, BRAM_ENUMERIC,
                    "row %zu of the %s rates, unit %zu, is %g where a velocity is known", i, what,
                    j, r[j]);
        memcpy(bram_row(x, n), r, rates->cols * sizeof *r);
        memcpy(bram_row(y, n++), v, velocity->cols * sizeof *v);
    }
    x->rows = y->rows = n;
    return BRAM_OK;
}

static int decode(bram_ctx *cx, double *r2, const bram_ridge *ridge, const bram_mat *y,
                  const double *alpha, const bram_mat *x_test, const bram_mat *y_test)
{
    size_t rank = bram_ridge_rank(ridge);
    bram_mat b, a, prediction;
    double *mean = bram_scratch(cx, y->cols, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    BRAM_TRY(scratch_mat(cx, &b, rank, y->cols));
    BRAM_TRY(scratch_mat(cx, &a, x_test->rows, rank));
    BRAM_TRY(scratch_mat(cx, &prediction, x_test->rows, y->cols));
    BRAM_TRY(bram_ridge_project(cx, ridge, &b, mean, y));
    BRAM_TRY(bram_ridge_basis(cx, ridge, &a, x_test));
    BRAM_TRY(bram_ridge_predict(cx, ridge, &prediction, &a, &b, mean, alpha));
    *r2 = mean_r2(y_test, &prediction);
    return BRAM_OK;
}

int bram_nlb_velocity(bram_ctx *cx, double *r2, const bram_mat *train_rates,
                      const bram_mat *train_velocity, const bram_mat *rates,
                      const bram_mat *velocity)
{
    enum { FOLDS = 5, GRID = 9 };
    double grid[GRID];
    for (int k = 0; k < GRID; k++) grid[k] = pow(10, -4 + k / 2.0);
    size_t mark = bram_scratch_mark(cx);
    bram_mat x, y, x_test, y_test;
    BRAM_TRY(keep_rows(cx, &x, &y, train_rates, train_velocity, "training"));
    BRAM_TRY(keep_rows(cx, &x_test, &y_test, rates, velocity, "evaluated"));
    if (x.rows < FOLDS || x_test.rows < 2 || x.cols != x_test.cols || y.cols != y_test.cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu training rows of %zu units and %zu velocities, %zu evaluated of %zu "
                         "and %zu; expected equal columns and %d and 2 rows or more",
                         x.rows, x.cols, y.cols, x_test.rows, x_test.cols, y_test.cols, FOLDS);
    bram_fold *folds = NULL;
    bram_ridge *ridge = NULL;
    double *alpha = bram_scratch(cx, y.cols, sizeof *alpha);
    if (!alpha) return BRAM_ENOMEM;
    int status = bram_kfold(cx, &folds, x.rows, FOLDS);
    if (status == BRAM_OK)
        status = bram_ridge_cv(cx, alpha, NULL, &x, &y, folds, FOLDS, grid, GRID, BRAM_RIDGE_R2,
                               BRAM_RIDGE_GLOBAL);
    if (status == BRAM_OK) status = bram_ridge_new(cx, &ridge, &x);
    if (status == BRAM_OK) status = decode(cx, r2, ridge, &y, alpha, &x_test, &y_test);
    bram_ridge_free(ridge);
    bram_free(folds);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- PSTHs ---------------------------------------------------------------------------------- */

/* Adds to row (units) the rates of a trial at a bin, moved by its jitter; NaN beyond the ends. */
static void add_bin(double *row, const bram_cube *rates, size_t trial, size_t bin, int64_t jitter,
                    double weight)
{
    /* a jitter from a file may be any number: it is held against the bins before it is subtracted
     */
    int64_t bins = (int64_t)rates->bins, near = jitter > -bins && jitter < bins ? jitter : bins;
    int64_t from = (int64_t)bin - near;
    bool inside = from >= 0 && from < bins;
    for (size_t u = 0; u < rates->units; u++)
        row[u] += inside ? weight *
                               rates->data[(trial * rates->bins + (size_t)from) * rates->units + u]
                         : (double)NAN;
}

int bram_nlb_psth(bram_ctx *cx, double *r2, const bram_cube *psth, const bram_cube *rates,
                  const int64_t *trial, const size_t *begin, const int64_t *jitter)
{
    size_t units = psth->units, mark = bram_scratch_mark(cx), n = 0;
    if (psth->bins != rates->bins || units != rates->units)
        return bram_fail(cx, BRAM_ESHAPE, "PSTHs of %zu bins and %zu units, rates of %zu and %zu",
                         psth->bins, units, rates->bins, rates->units);
    bram_mat truth, found;
    BRAM_TRY(scratch_mat(cx, &truth, psth->trials * psth->bins, units));
    BRAM_TRY(scratch_mat(cx, &found, psth->trials * psth->bins, units));
    for (size_t c = 0; c < psth->trials; c++) {
        size_t count = begin[c + 1] - begin[c];
        for (size_t t = 0; t < psth->bins && count; t++) {
            const double *known = psth->data + (c * psth->bins + t) * units;
            if (isnan(known[0])) continue;
            for (size_t k = begin[c]; k < begin[c + 1]; k++) {
                if (trial[k] < 0 || trial[k] >= (int64_t)rates->trials)
                    return bram_fail(cx, BRAM_EFORMAT, "condition %zu has trial %lld of %zu", c,
                                     (long long)trial[k], rates->trials);
                add_bin(bram_row(&found, n), rates, (size_t)trial[k], t,
                        jitter ? jitter[trial[k]] : 0, 1 / (double)count);
            }
            for (size_t u = 0; u < units; u++)
                if (!isfinite(bram_row(&found, n)[u]))
                    return bram_fail(
                        cx, BRAM_ENUMERIC,
                        "condition %zu, bin %zu, unit %zu: no rate in some trial where "
                        "there is a PSTH",
                        c, t, u);
            memcpy(bram_row(&truth, n++), known, units * sizeof *known);
        }
    }
    truth.rows = found.rows = n;
    if (n < 2) return bram_fail(cx, BRAM_ESHAPE, "the PSTHs have %zu bins, expected 2 or more", n);
    *r2 = mean_r2(&truth, &found);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
