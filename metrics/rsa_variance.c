/*
 * rsa_variance.c - the variances of an inference; see rsa_inference.h.
 */
#include "resample.h"
#include "rsa_inference_private.h"

#include <math.h>

enum { MEAN_OF_REPEATS = -1 };

/* All values that are defined in the data are defined in the sample. Its lower ceiling may be
 * undefined: a sample of one subject has none, and yet tells how much values vary. */
static bool is_valid(const bram_rsa_result *r, size_t sample)
{
    size_t width = r->models + 2;
    const double *row = r->draw + sample * r->ways * width;
    for (size_t k = 0; k < r->ways * width; k++)
        if (k % width < r->models && isnan(row[k]) && !isnan(r->value[k % width])) return false;
    return true;
}

/* The variance over valid samples of a column, less another, of one kind and repeat, where both are
 * defined. */
static double contrast_variance(const bram_rsa_inference *f, size_t kind, int repeat, size_t plus,
                                ptrdiff_t minus)
{
    const bram_rsa_result *r = f->r;
    size_t width = r->models + 2, first = repeat < 0 ? 0 : (size_t)repeat;
    size_t repeats = repeat < 0 ? f->repeats : 1;
    double mean = 0, square = 0, count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t b = 0; b < r->samples; b++) {
            const double *row = r->draw + (b * r->ways + kind * f->repeats + first) * width;
            double x = 0;
            if (!f->valid[b]) continue;
            for (size_t k = 0; k < repeats; k++, row += width)
                x += (row[plus] - (minus < 0 ? 0 : row[minus])) / (double)repeats;
            if (isnan(x)) continue;
            if (pass) square += (x - mean) * (x - mean);
            else mean += (x - mean) / ++count;
        }
    return count > 1 ? square / (count - 1) : (double)NAN;
}

/* Without the noise of how things were dealt to folds; never below 0. */
static double kind_variance(const bram_rsa_inference *f, size_t kind, size_t plus, ptrdiff_t minus)
{
    double mean = contrast_variance(f, kind, MEAN_OF_REPEATS, plus, minus);
    if (f->repeats < 2) return mean;
    double repeats = (double)f->repeats, single = 0;
    for (int k = 0; k < (int)f->repeats; k++)
        single += contrast_variance(f, kind, k, plus, minus) / repeats;
    double v = (repeats * mean - single) / (repeats - 1);
    return v < 0 ? 0 : v; /* NaN stays */
}

/* Corrected for the number of things drawn: the bootstrap's variance is (n - 1) / n too small. */
static double drawn_variance(const bram_rsa_inference *f, size_t plus, ptrdiff_t minus)
{
    const bram_rsa_result *r = f->r;
    double drawn = kind_variance(f, BRAM_RSA_AS_DRAWN, plus, minus);
    if (f->kinds == 1) return drawn * (r->dof + 1) / r->dof;
    return bram_dual_variance(kind_variance(f, BRAM_RSA_ONLY_SUBJECTS, plus, minus),
                              kind_variance(f, BRAM_RSA_ONLY_CONDITIONS, plus, minus), drawn,
                              r->subject_units, r->condition_units);
}

void bram_rsa_group_means(double *mean, const double *values, size_t n, const bram_groups *groups)
{
    for (size_t g = 0; g < bram_rsa_units(groups, n); g++) {
        double sum = 0, count = 0;
        for (size_t t = 0; t < n; t++)
            if (bram_rsa_unit_of(groups, t) == g) sum += values[t], count++;
        mean[g] = sum / count;
    }
}

/*
 * Over subjects: the squared standard error of the mean of a model's values, or of a difference.
 * With groups of subjects, what members of a group share counts as such: from the sums of the
 * deviations of each group, G / (G - 1) sum_g (sum_t in g (x_t - mean))^2 / S^2.
 */
static double subject_variance(const bram_rsa_inference *f, size_t plus, ptrdiff_t minus)
{
    const bram_rsa_result *r = f->r;
    const bram_groups *groups = &f->design->subject_groups;
    size_t s = r->subjects, units = r->subject_units;
    const double *a = r->evaluation + plus * s, *b = minus < 0 ? NULL : r->evaluation + minus * s;
    double mean = 0, square = 0, count = (double)units;
    for (size_t t = 0; t < s; t++) mean += (a[t] - (b ? b[t] : 0)) / (double)s;
    for (size_t g = 0; g < units; g++) {
        double sum = 0;
        for (size_t t = 0; t < s; t++)
            if (bram_rsa_unit_of(groups, t) == g) sum += a[t] - (b ? b[t] : 0) - mean;
        square += sum * sum;
    }
    return units > 1 ? square * count / (count - 1) / (double)s / (double)s : (double)NAN;
}

/* Of two subjects drawn, every sample that has a lower ceiling is the data once more. */
static bool varies(const bram_rsa_inference *f, size_t plus, ptrdiff_t minus)
{
    size_t lower = f->r->models;
    bool contrast_of_lower = plus == lower || minus == (ptrdiff_t)lower;
    return !contrast_of_lower || f->r->subject_units > 2 || !bram_rsa_draws_subjects(f->design);
}

static double variance_of(const bram_rsa_inference *f, size_t plus, ptrdiff_t minus)
{
    if (!varies(f, plus, minus)) return (double)NAN;
    if (f->design->resampling != BRAM_RSA_FIXED) return drawn_variance(f, plus, minus);
    return f->design->fitted ? (double)NAN : subject_variance(f, plus, minus);
}

static void find_mean_draws(bram_rsa_inference *f)
{
    bram_rsa_result *r = f->r;
    size_t width = r->models + 2;
    for (size_t b = 0; b < r->samples; b++) r->valid += f->valid[b];
    for (size_t k = 0; k < width; k++) {
        double mean = 0, count = 0;
        for (size_t b = 0; b < r->samples; b++) {
            double x = r->draw[b * r->ways * width + k];
            if (f->valid[b] && !isnan(x)) mean += (x - mean) / ++count;
        }
        r->draw_mean[k] = count > 0 ? mean : (double)NAN;
    }
}

void bram_rsa_find_variances(bram_rsa_inference *f)
{
    bram_rsa_result *r = f->r;
    const bram_rsa_design *d = f->design;
    size_t m = r->models, fewest = r->subject_units;
    for (size_t b = 0; b < r->samples; b++) f->valid[b] = is_valid(r, b);
    if (d->resampling == BRAM_RSA_CONDITIONS) fewest = r->condition_units;
    if (d->resampling >= BRAM_RSA_BOTH && r->condition_units < fewest) fewest = r->condition_units;
    r->dof = (double)fewest - 1;
    for (size_t i = 0; i < m; i++) {
        r->variance[i] = variance_of(f, i, -1);
        for (size_t j = 0; j < m; j++)
            r->pair_variance[i * m + j] = i == j ? 0 : variance_of(f, i, (ptrdiff_t)j);
        for (size_t k = 0; k < 2; k++) /* without draws ceilings count as known */
            r->ceiling_variance[2 * i + k] = d->resampling == BRAM_RSA_FIXED
                                                 ? r->variance[i]
                                                 : variance_of(f, i, (ptrdiff_t)(m + k));
    }
    r->lower_variance = variance_of(f, m, -1);
    r->upper_variance = variance_of(f, m + 1, -1);
    find_mean_draws(f);
}
