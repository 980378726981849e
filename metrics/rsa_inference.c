/*
 * rsa_inference.c - values, draws, variances, intervals and tests; see rsa_inference.h.
 */
#include "rsa_inference.h"

#include "resample.h"
#include "rsa_crossval.h"
#include "rsa_stage.h"
#include "stats.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { DUAL_WAYS = 3, MEAN_OF_WAYS = -1 };

struct inference {
    const bram_rsa_design *design;
    bram_rsa_result *r;
    bram_rdm_set *models, *subjects;
    bram_rsa_sides sides;
    bram_rsa_stage whole; /* all conditions once */
    bool *valid;          /* of each sample: all its values are defined */
};

static bool draws_conditions(const bram_rsa_design *d)
{
    return d->resampling >= BRAM_RSA_CONDITIONS;
}

static bool draws_subjects(const bram_rsa_design *d)
{
    return d->resampling == BRAM_RSA_SUBJECTS || d->resampling >= BRAM_RSA_BOTH;
}

/* ---- the result's memory -------------------------------------------------------------------- */

static void free_tests(bram_rsa_tests *t)
{
    bram_free(t->t); /* the others follow in the same memory */
}

void bram_rsa_result_free(bram_rsa_result *r)
{
    if (!r) return;
    bram_free(r->evaluation);
    bram_free(r->draw);
    bram_free(r->value);
    free_tests(&r->zero);
    free_tests(&r->pair);
    free_tests(&r->ceiling);
    bram_free(r);
}

static int new_tests(bram_ctx *cx, bram_rsa_tests *t, size_t count)
{
    double *p = bram_alloc(cx, 9 * count, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    for (size_t k = 0; k < 9 * count; k++) p[k] = NAN;
    *t = (bram_rsa_tests){p,
                          p + count,
                          p + 2 * count,
                          p + 3 * count,
                          p + 4 * count,
                          p + 5 * count,
                          p + 6 * count,
                          p + 7 * count,
                          p + 8 * count,
                          count};
    return BRAM_OK;
}

static int new_result(bram_ctx *cx, bram_rsa_result *r, const bram_rsa_design *d)
{
    size_t m = d->fitted ? d->fitted_count : d->models.rows, s = d->subjects.rows;
    r->models = m, r->subjects = s, r->conditions = d->n;
    r->ways = d->fitted ? d->repeats : d->resampling == BRAM_RSA_DUAL ? DUAL_WAYS : 1;
    r->samples = d->resampling == BRAM_RSA_FIXED ? 0 : d->samples;
    r->evaluation = bram_alloc(cx, (m + 2) * s, sizeof(double));
    r->draw = bram_alloc(cx, r->samples * r->ways, (m + 2) * sizeof(double));
    r->value = bram_alloc(cx, m * m + 10 * m + 4, sizeof(double));
    if (!r->evaluation || !r->draw || !r->value) return BRAM_ENOMEM;
    r->subject_lower = r->evaluation + m * s, r->subject_upper = r->subject_lower + s;
    double **rows[] = {&r->draw_mean,      &r->variance,       &r->sem, &r->low, &r->high,
                       &r->percentile_low, &r->percentile_high};
    double *at = r->value + m;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) *rows[k] = at, at += k ? m : m + 2;
    r->pair_variance = at, r->ceiling_variance = at + m * m;
    for (double *x = r->value; x < r->value + m * m + 10 * m + 4; x++) *x = NAN;
    r->lower = r->upper = r->lower_low = r->lower_high = r->upper_low = r->upper_high = NAN;
    r->lower_variance = r->upper_variance = NAN;
    r->noise = 1 / sqrt((double)s);
    BRAM_TRY(new_tests(cx, &r->zero, m));
    BRAM_TRY(new_tests(cx, &r->pair, bram_rdm_pairs(m)));
    return new_tests(cx, &r->ceiling, m);
}

/* ---- values --------------------------------------------------------------------------------- */

/* One cross-validation under multiplicities, by the folds of this index. */
static int crossvalidate(bram_ctx *cx, double *by_subject, double *out, const struct inference *f,
                         const double *share, const double *times, uint64_t index)
{
    const bram_rsa_design *d = f->design;
    size_t n = d->n, s = d->subjects.rows;
    uint32_t *subject = bram_scratch(cx, s, sizeof *subject);
    uint32_t *condition = subject ? bram_scratch(cx, n, sizeof *condition) : NULL;
    if (!condition) return BRAM_ENOMEM;
    bram_rsa_target data = {d->measure, d->subjects, n, share, times};
    bram_rsa_folds folds = {d->subject_folds, d->condition_folds, subject, condition};
    if (!folds.subjects)
        folds.subjects = bram_rsa_default_subject_folds((size_t)(0.632 * (double)s));
    if (!folds.conditions)
        folds.conditions = bram_rsa_default_condition_folds((size_t)(0.632 * (double)n));
    BRAM_TRY(bram_rsa_folds_at_random(cx, subject, share, s, folds.subjects, d->seed,
                                      "rsa/folds/subjects", index));
    BRAM_TRY(bram_rsa_folds_at_random(cx, condition, times, n, folds.conditions, d->seed,
                                      "rsa/folds/conditions", index));
    return bram_rsa_crossval(cx, NULL, by_subject, out, d->fitted, d->fitted_count, &data,
                             d->pooling, &folds);
}

/* The values of fitted models in the data: the mean over repeats. */
static int crossvalidate_data(bram_ctx *cx, struct inference *f)
{
    bram_rsa_result *r = f->r;
    size_t m = r->models, s = r->subjects, repeats = f->design->repeats;
    double *out = bram_scratch(cx, m + 2, sizeof *out);
    double *evaluation = out ? bram_scratch(cx, m * s, sizeof *evaluation) : NULL;
    if (!evaluation) return BRAM_ENOMEM;
    for (size_t i = 0; i < m; i++) r->value[i] = 0;
    for (size_t t = 0; t < s; t++) r->subject_lower[t] = r->subject_upper[t] = NAN;
    r->lower = r->upper = 0;
    for (size_t k = 0; k < repeats; k++) {
        double share = 1 / (double)repeats;
        BRAM_TRY(crossvalidate(cx, evaluation, out, f, NULL, NULL, UINT64_MAX - k));
        for (size_t i = 0; i < m; i++) r->value[i] += share * out[i];
        for (size_t i = 0; i < m * s; i++) r->evaluation[i] += share * evaluation[i];
        r->lower += share * out[m], r->upper += share * out[m + 1];
    }
    r->pairs_left = bram_rdm_pairs(r->conditions);
    return BRAM_OK;
}

/* The values of the data, with the ceilings of each subject. */
static int evaluate_data(bram_ctx *cx, struct inference *f)
{
    bram_rsa_result *r = f->r;
    size_t m = r->models, s = r->subjects;
    double *out = bram_scratch(cx, m + 2 + s, sizeof *out);
    if (!out) return BRAM_ENOMEM;
    double *share = out + m + 2;
    for (size_t t = 0; t < s; t++) share[t] = 1;
    BRAM_TRY(bram_rsa_stage_new(cx, &f->whole, &f->sides, NULL));
    memcpy(r->evaluation, f->whole.value, m * s * sizeof(double));
    BRAM_TRY(bram_rsa_stage_evaluate(cx, out, &f->whole, share));
    BRAM_TRY(bram_rsa_stage_ceilings(cx, r->subject_lower, r->subject_upper, &f->whole, share));
    memcpy(r->value, out, m * sizeof *out);
    r->lower = out[m], r->upper = out[m + 1];
    r->pairs_left = f->whole.frame.count;
    if (r->pairs_left < bram_rdm_pairs(r->conditions))
        bram_note(cx, "%zu of %zu pairs of conditions are present in every RDM and count",
                  r->pairs_left, bram_rdm_pairs(r->conditions));
    return BRAM_OK;
}

static void draw_times(double *times, uint32_t *drawn, size_t n, const uint32_t *given,
                       const bram_rsa_design *d, const char *stream, size_t sample)
{
    if (given) memcpy(drawn, given + sample * n, n * sizeof *drawn);
    else bram_bootstrap_draw(drawn, n, d->seed, stream, sample);
    for (size_t i = 0; i < n; i++) times[i] = drawn[i];
}

/* A sample that some model cannot be fitted to is undefined. */
static int crossvalidate_sample(bram_ctx *cx, double *out, const struct inference *f,
                                const double *share, const double *times, size_t sample)
{
    const bram_rsa_design *d = f->design;
    size_t width = f->r->models + 2;
    for (size_t k = 0; k < d->repeats; k++) {
        int status = crossvalidate(cx, NULL, out + k * width, f, share,
                                   draws_conditions(d) ? times : NULL, sample * d->repeats + k);
        bool unfit = status == BRAM_ENUMERIC || status == BRAM_ENOTAPPLICABLE;
        for (size_t i = 0; unfit && i < width; i++) out[k * width + i] = NAN;
        if (!unfit) BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int evaluate_sample(bram_ctx *cx, size_t sample, void *user)
{
    const struct inference *f = user;
    const bram_rsa_design *d = f->design;
    size_t n = f->r->conditions, s = f->r->subjects, width = f->r->models + 2;
    double *out = f->r->draw + sample * f->r->ways * width;
    double *times = bram_scratch(cx, n, sizeof *times), *share = NULL;
    uint32_t *drawn = times ? bram_scratch(cx, n > s ? n : s, sizeof *drawn) : NULL;
    if (drawn) share = bram_scratch(cx, s, sizeof *share);
    if (!share) return BRAM_ENOMEM;
    if (draws_subjects(d)) draw_times(share, drawn, s, d->subject_draw, d, "rsa/subjects", sample);
    const double *subjects = draws_subjects(d) ? share : NULL;
    if (draws_conditions(d))
        draw_times(times, drawn, n, d->condition_draw, d, "rsa/conditions", sample);
    if (d->fitted) return crossvalidate_sample(cx, out, f, subjects, times, sample);
    if (!draws_conditions(d)) return bram_rsa_stage_evaluate(cx, out, &f->whole, subjects);
    bram_rsa_stage stage;
    BRAM_TRY(bram_rsa_stage_new(cx, &stage, &f->sides, times));
    BRAM_TRY(bram_rsa_stage_evaluate(cx, out, &stage, subjects));
    if (d->resampling != BRAM_RSA_DUAL) return BRAM_OK;
    BRAM_TRY(bram_rsa_stage_evaluate(cx, out + width, &f->whole, subjects));
    return bram_rsa_stage_evaluate(cx, out + 2 * width, &stage, NULL);
}

/* ---- variances ------------------------------------------------------------------------------ */

/* All that is defined in the data is defined in the sample. */
static bool is_valid(const bram_rsa_result *r, size_t sample)
{
    size_t width = r->models + 2;
    const double *row = r->draw + sample * r->ways * width;
    for (size_t k = 0; k < r->ways * width; k++) {
        size_t column = k % width;
        double whole = column < r->models    ? r->value[column]
                       : column == r->models ? r->lower
                                             : r->upper;
        if (isnan(row[k]) && !isnan(whole)) return false;
    }
    return true;
}

/* The variance over valid samples of a column, less another, of one way. */
static double contrast_variance(const struct inference *f, int way, size_t plus, ptrdiff_t minus)
{
    const bram_rsa_result *r = f->r;
    size_t width = r->models + 2;
    double mean = 0, square = 0, count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t b = 0; b < r->samples; b++) {
            size_t first = way < 0 ? 0 : (size_t)way, count_ways = way < 0 ? r->ways : 1;
            const double *row = r->draw + (b * r->ways + first) * width;
            double x = 0;
            if (!f->valid[b]) continue;
            for (size_t k = 0; k < count_ways; k++, row += width)
                x += (row[plus] - (minus < 0 ? 0 : row[minus])) / (double)count_ways;
            if (pass) square += (x - mean) * (x - mean);
            else mean += (x - mean) / ++count;
        }
    return count > 1 ? square / (count - 1) : (double)NAN;
}

/* Without the noise of how things were dealt to folds; never below 0. */
static double repeated_variance(const struct inference *f, size_t plus, ptrdiff_t minus)
{
    double repeats = (double)f->r->ways, single = 0;
    for (int k = 0; k < (int)f->r->ways; k++)
        single += contrast_variance(f, k, plus, minus) / repeats;
    double mean = contrast_variance(f, MEAN_OF_WAYS, plus, minus);
    double v = (repeats * mean - single) / (repeats - 1);
    return v < 0 ? 0 : v; /* NaN stays */
}

/* Corrected for the number of things drawn: the bootstrap's variance is (n - 1) / n too small. */
static double drawn_variance(const struct inference *f, size_t plus, ptrdiff_t minus)
{
    const bram_rsa_result *r = f->r;
    if (f->design->fitted) return repeated_variance(f, plus, minus) * (r->dof + 1) / r->dof;
    double both = contrast_variance(f, 0, plus, minus);
    if (f->design->resampling != BRAM_RSA_DUAL) return both * (r->dof + 1) / r->dof;
    return bram_dual_variance(contrast_variance(f, 1, plus, minus),
                              contrast_variance(f, 2, plus, minus), both, r->subjects,
                              r->conditions);
}

/* Over subjects: the squared standard error of the mean of a model's values, or of a difference. */
static double subject_variance(const bram_rsa_result *r, size_t plus, ptrdiff_t minus)
{
    size_t s = r->subjects;
    double mean = 0, square = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t t = 0; t < s; t++) {
            double x = r->evaluation[plus * s + t] -
                       (minus < 0 ? 0 : r->evaluation[(size_t)minus * s + t]);
            if (pass) square += (x - mean) * (x - mean);
            else mean += x / (double)s;
        }
    return s > 1 ? square / (double)(s - 1) / (double)s : (double)NAN;
}

static double variance_of(const struct inference *f, size_t plus, ptrdiff_t minus)
{
    if (f->design->resampling != BRAM_RSA_FIXED) return drawn_variance(f, plus, minus);
    return f->design->fitted ? (double)NAN : subject_variance(f->r, plus, minus);
}

static void find_variances(struct inference *f)
{
    bram_rsa_result *r = f->r;
    const bram_rsa_design *d = f->design;
    size_t m = r->models, fewest = r->subjects;
    if (d->resampling == BRAM_RSA_CONDITIONS) fewest = r->conditions;
    if (d->resampling >= BRAM_RSA_BOTH && r->conditions < fewest) fewest = r->conditions;
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
    double count = 0;
    for (size_t b = 0; b < r->samples; b++) {
        const double *row = r->draw + b * r->ways * (m + 2);
        if (!f->valid[b]) continue;
        for (size_t k = 0; k < m + 2; k++) {
            if (!(count > 0)) r->draw_mean[k] = 0;
            r->draw_mean[k] += (row[k] - r->draw_mean[k]) / (count + 1);
        }
        count++;
    }
    r->valid = (size_t)count;
}

/* ---- intervals and tests -------------------------------------------------------------------- */

static int percentiles(bram_ctx *cx, struct inference *f)
{
    bram_rsa_result *r = f->r;
    size_t width = r->models + 2, mark = bram_scratch_mark(cx);
    if (r->ways != 1 || !r->samples || 2 * r->valid < r->samples) return BRAM_OK;
    double *column = bram_scratch(cx, r->samples, sizeof *column);
    if (!column) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->models; i++) {
        bram_interval interval;
        for (size_t b = 0; b < r->samples; b++) column[b] = r->draw[b * width + i];
        BRAM_TRY(bram_interval_percentile(cx, &interval, column, r->samples, f->design->level));
        r->percentile_low[i] = interval.low, r->percentile_high[i] = interval.high;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static void intervals(struct inference *f)
{
    bram_rsa_result *r = f->r;
    double t = bram_t_quantile((1 + f->design->level) / 2, r->dof);
    for (size_t i = 0; i < r->models; i++) {
        r->sem[i] = sqrt(r->variance[i]);
        r->low[i] = r->value[i] - t * r->sem[i], r->high[i] = r->value[i] + t * r->sem[i];
    }
    r->lower_low = r->lower - t * sqrt(r->lower_variance);
    r->lower_high = r->lower + t * sqrt(r->lower_variance);
    r->upper_low = r->upper - t * sqrt(r->upper_variance);
    r->upper_high = r->upper + t * sqrt(r->upper_variance);
}

/* Draws and subjects' values of a model, less those of another (or of the lower ceiling). */
static void differences(double *draw, double *subject, const bram_rsa_result *r, size_t plus,
                        ptrdiff_t minus)
{
    size_t width = r->models + 2, s = r->subjects;
    for (size_t b = 0; b < r->samples; b++) {
        const double *row = r->draw + b * r->ways * width;
        draw[b] = row[plus] - (minus < 0 ? 0 : row[minus]);
    }
    for (size_t t = 0; t < s; t++)
        subject[t] = r->evaluation[plus * s + t] - (minus < 0 ? 0
                                                    : (size_t)minus < r->models
                                                        ? r->evaluation[(size_t)minus * s + t]
                                                        : r->lower);
}

static int test_one(bram_ctx *cx, struct inference *f, bram_rsa_tests *tests, size_t k, size_t plus,
                    ptrdiff_t minus, double variance)
{
    bram_rsa_result *r = f->r;
    size_t mark = bram_scratch_mark(cx);
    double *draw = bram_scratch(cx, r->samples + r->subjects, sizeof *draw);
    if (!draw) return BRAM_ENOMEM;
    double *subject = draw + r->samples, other = 0;
    if (minus >= 0) other = (size_t)minus < r->models ? r->value[minus] : r->lower;
    differences(draw, subject, r, plus, minus);
    tests->t[k] = bram_rsa_t_test(r->value[plus] - other, variance, r->dof, minus >= 0);
    if (r->ways == 1 && r->samples)
        tests->bootstrap[k] = minus < 0 ? bram_rsa_bootstrap_above(draw, r->samples)
                                        : bram_bootstrap_p(draw, r->samples);
    BRAM_TRY(bram_rsa_signed_rank(cx, &tests->rank[k], subject, r->subjects));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int adjust(bram_ctx *cx, bram_rsa_tests *t)
{
    double *p[] = {t->t, t->bootstrap, t->rank},
           *holm[] = {t->t_holm, t->bootstrap_holm, t->rank_holm};
    double *fdr[] = {t->t_fdr, t->bootstrap_fdr, t->rank_fdr};
    for (size_t k = 0; k < 3; k++) {
        BRAM_TRY(bram_holm(cx, holm[k], p[k], t->count));
        BRAM_TRY(bram_fdr(cx, fdr[k], p[k], t->count));
    }
    return BRAM_OK;
}

static int test_all(bram_ctx *cx, struct inference *f)
{
    bram_rsa_result *r = f->r;
    size_t m = r->models, k = 0;
    bool zero = bram_rdm_centres(f->design->measure.comparator) || f->design->crossvalidated;
    for (size_t i = 0; i < m; i++) {
        if (zero) BRAM_TRY(test_one(cx, f, &r->zero, i, i, -1, r->variance[i]));
        for (size_t j = i + 1; j < m; j++, k++)
            BRAM_TRY(test_one(cx, f, &r->pair, k, i, (ptrdiff_t)j, r->pair_variance[i * m + j]));
        BRAM_TRY(test_one(cx, f, &r->ceiling, i, i, (ptrdiff_t)m, r->ceiling_variance[2 * i]));
    }
    BRAM_TRY(adjust(cx, &r->zero));
    BRAM_TRY(adjust(cx, &r->pair));
    return adjust(cx, &r->ceiling);
}

/* ---- all ------------------------------------------------------------------------------------ */

static int check(bram_ctx *cx, const bram_rsa_design *d)
{
    size_t models = d->fitted ? d->fitted_count : d->models.rows;
    if (!models || !d->subjects.rows)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu models and %zu subjects, expected one or more of each", models,
                         d->subjects.rows);
    if (d->fitted && d->resampling == BRAM_RSA_DUAL)
        return bram_fail(cx, BRAM_EUSAGE,
                         "fitted models have no dual correction: draw both instead");
    if (d->fitted && d->repeats < (d->resampling == BRAM_RSA_FIXED ? 1 : 2))
        return bram_fail(cx, BRAM_EUSAGE, "%zu repeats of the cross-validation, expected 2 or more",
                         d->repeats);
    if (!(d->level > 0 && d->level < 1))
        return bram_fail(cx, BRAM_EUSAGE, "confidence level %g, expected one in (0, 1)", d->level);
    if (d->resampling != BRAM_RSA_FIXED && d->samples < 2)
        return bram_fail(cx, BRAM_EUSAGE, "%zu samples, expected 2 or more", d->samples);
    if (draws_subjects(d) && d->subjects.rows < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "one subject: there are none to draw (resample conditions instead)");
    if (draws_conditions(d) && d->n < 3)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu conditions, expected 3 or more to draw from",
                         d->n);
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, struct inference *f)
{
    const bram_rsa_design *d = f->design;
    BRAM_TRY(new_result(cx, f->r, d));
    if (d->fitted) return crossvalidate_data(cx, f);
    BRAM_TRY(bram_rdm_set_new(cx, &f->models, &d->measure, &d->models, d->n));
    BRAM_TRY(bram_rdm_set_new(cx, &f->subjects, &d->measure, &d->subjects, d->n));
    f->sides = (bram_rsa_sides){f->models, f->subjects, d->pooling};
    return evaluate_data(cx, f);
}

static int infer(bram_ctx *cx, struct inference *f)
{
    BRAM_TRY(prepare(cx, f));
    BRAM_TRY(bram_parallel_for(cx, f->r->samples, evaluate_sample, f));
    f->valid = bram_scratch(cx, f->r->samples, sizeof *f->valid);
    if (!f->valid) return BRAM_ENOMEM;
    for (size_t b = 0; b < f->r->samples; b++) f->valid[b] = is_valid(f->r, b);
    find_variances(f);
    if (f->r->valid < f->r->samples)
        bram_note(cx, "%zu of %zu samples are undefined and left out", f->r->samples - f->r->valid,
                  f->r->samples);
    intervals(f);
    BRAM_TRY(percentiles(cx, f));
    return test_all(cx, f);
}

int bram_rsa_infer(bram_ctx *cx, bram_rsa_result **out, const bram_rsa_design *design)
{
    BRAM_TRY(check(cx, design));
    bram_rsa_result *r = bram_alloc(cx, 1, sizeof *r);
    if (!r) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    struct inference f = {.design = design, .r = r};
    int status = infer(cx, &f);
    bram_scratch_release(cx, mark);
    bram_rdm_set_free(f.models);
    bram_rdm_set_free(f.subjects);
    if (status == BRAM_OK) *out = r;
    else bram_rsa_result_free(r);
    return status;
}
