/*
 * rsa_inference.c - the result, its intervals and tests; see rsa_inference.h.
 */
#include "rsa_inference.h"

#include "resample.h"
#include "rsa_inference_private.h"
#include "stats.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

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
    r->subject_units = bram_rsa_units(&d->subject_groups, s);
    r->condition_units = bram_rsa_units(&d->condition_groups, d->n);
    r->ways = (d->resampling == BRAM_RSA_DUAL ? BRAM_RSA_KINDS : 1) * (d->fitted ? d->repeats : 1);
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

/* ---- intervals and tests -------------------------------------------------------------------- */

static int percentiles(bram_ctx *cx, bram_rsa_inference *f)
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

static void intervals(bram_rsa_inference *f)
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

static int test_one(bram_ctx *cx, bram_rsa_inference *f, bram_rsa_tests *tests, size_t k,
                    size_t plus, ptrdiff_t minus, double variance)
{
    bram_rsa_result *r = f->r;
    size_t mark = bram_scratch_mark(cx);
    double *draw = bram_scratch(cx, r->samples + 2 * r->subjects, sizeof *draw);
    if (!draw) return BRAM_ENOMEM;
    double *subject = draw + r->samples, *group = subject + r->subjects, other = 0;
    if (minus >= 0) other = (size_t)minus < r->models ? r->value[minus] : r->lower;
    differences(draw, subject, r, plus, minus);
    tests->t[k] = bram_rsa_t_test(r->value[plus] - other, variance, r->dof, minus >= 0);
    if (r->ways == 1 && r->samples && !isnan(variance))
        tests->bootstrap[k] = minus < 0 ? bram_rsa_bootstrap_above(draw, r->samples)
                                        : bram_bootstrap_p(draw, r->samples);
    bram_rsa_group_means(group, subject, r->subjects, &f->design->subject_groups);
    BRAM_TRY(bram_rsa_signed_rank(cx, &tests->rank[k], group, r->subject_units));
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

static int test_all(bram_ctx *cx, bram_rsa_inference *f)
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

static int check_groups(bram_ctx *cx, const bram_groups *groups, size_t n, const char *what)
{
    size_t count, mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_groups_check(cx, &count, groups, n));
    size_t *members = bram_scratch(cx, count, sizeof *members);
    if (!members) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) members[bram_rsa_unit_of(groups, i)]++;
    for (size_t g = 0; g < count; g++)
        if (!members[g])
            return bram_fail(cx, BRAM_ESHAPE, "group %zu of %zu of the %s is empty", g + 1, count,
                             what);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int check(bram_ctx *cx, const bram_rsa_design *d)
{
    size_t models = d->fitted ? d->fitted_count : d->models.rows;
    if (!models || !d->subjects.rows)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu models and %zu subjects, expected one or more of each", models,
                         d->subjects.rows);
    if (d->fitted && d->repeats < (d->resampling == BRAM_RSA_FIXED ? 1 : 2))
        return bram_fail(cx, BRAM_EUSAGE, "%zu repeats of the cross-validation, expected 2 or more",
                         d->repeats);
    if (!(d->level > 0 && d->level < 1))
        return bram_fail(cx, BRAM_EUSAGE, "confidence level %g, expected one in (0, 1)", d->level);
    if (d->resampling != BRAM_RSA_FIXED && d->samples < 2)
        return bram_fail(cx, BRAM_EUSAGE, "%zu samples, expected 2 or more", d->samples);
    BRAM_TRY(check_groups(cx, &d->subject_groups, d->subjects.rows, "subjects"));
    BRAM_TRY(check_groups(cx, &d->condition_groups, d->n, "conditions"));
    if (bram_rsa_draws_subjects(d) && bram_rsa_units(&d->subject_groups, d->subjects.rows) < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "one %s: there are none to draw (resample conditions instead)",
                         d->subject_groups.group ? "group of subjects" : "subject");
    if (bram_rsa_draws_conditions(d) && d->n < 3)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu conditions, expected 3 or more to draw from",
                         d->n);
    if (bram_rsa_draws_conditions(d) && bram_rsa_units(&d->condition_groups, d->n) < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "one group of conditions, expected 2 or more to draw from");
    return BRAM_OK;
}

static int infer(bram_ctx *cx, bram_rsa_inference *f)
{
    BRAM_TRY(new_result(cx, f->r, f->design));
    BRAM_TRY(bram_rsa_evaluate_data(cx, f));
    BRAM_TRY(bram_parallel_for(cx, f->r->samples, bram_rsa_evaluate_sample, f));
    f->valid = bram_scratch(cx, f->r->samples, sizeof *f->valid);
    if (!f->valid) return BRAM_ENOMEM;
    bram_rsa_find_variances(f);
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
    bram_rsa_inference f = {.design = design,
                            .r = r,
                            .kinds = design->resampling == BRAM_RSA_DUAL ? BRAM_RSA_KINDS : 1,
                            .repeats = design->fitted ? design->repeats : 1};
    int status = infer(cx, &f);
    bram_scratch_release(cx, mark);
    bram_rdm_set_free(f.models);
    bram_rdm_set_free(f.subjects);
    if (status == BRAM_OK) *out = r;
    else bram_rsa_result_free(r);
    return status;
}
