/*
 * rsa_draws.c - what an inference computes of the data and of each bootstrap sample; see
 * rsa_inference.h.
 *
 * A sample draws groups (of one subject or condition each, where none are given); how often a group
 * was drawn is how often each of its members counts.
 */
#include "resample.h"
#include "rsa_crossval.h"
#include "rsa_inference_private.h"

#include <math.h>
#include <string.h>

/* ---- models with parameters ----------------------------------------------------------------- */

/* One cross-validation under multiplicities, by the folds of this index. */
static int crossvalidate(bram_ctx *cx, double *by_subject, double *out, const bram_rsa_inference *f,
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
        folds.subjects = bram_rsa_default_subject_folds(
            (size_t)(0.632 * (double)f->r->subject_units));
    if (!folds.conditions)
        folds.conditions = bram_rsa_default_condition_folds(
            (size_t)(0.632 * (double)f->r->condition_units));
    BRAM_TRY(bram_rsa_folds_at_random(cx, subject, share, s, &d->subject_groups, folds.subjects,
                                      d->seed, "rsa/folds/subjects", index));
    BRAM_TRY(bram_rsa_folds_at_random(cx, condition, times, n, &d->condition_groups,
                                      folds.conditions, d->seed, "rsa/folds/conditions", index));
    return bram_rsa_crossval(cx, NULL, by_subject, out, d->fitted, d->fitted_count, &data,
                             d->pooling, &folds);
}

/* The values of fitted models in the data: the mean over repeats. */
static int crossvalidate_data(bram_ctx *cx, bram_rsa_inference *f)
{
    bram_rsa_result *r = f->r;
    size_t m = r->models, s = r->subjects;
    double *out = bram_scratch(cx, m + 2, sizeof *out);
    double *evaluation = out ? bram_scratch(cx, m * s, sizeof *evaluation) : NULL;
    if (!evaluation) return BRAM_ENOMEM;
    for (size_t i = 0; i < m; i++) r->value[i] = 0;
    for (size_t t = 0; t < s; t++) r->subject_lower[t] = r->subject_upper[t] = NAN;
    r->lower = r->upper = 0;
    for (size_t k = 0; k < f->repeats; k++) {
        double share = 1 / (double)f->repeats;
        BRAM_TRY(crossvalidate(cx, evaluation, out, f, NULL, NULL, UINT64_MAX - k));
        for (size_t i = 0; i < m; i++) r->value[i] += share * out[i];
        for (size_t i = 0; i < m * s; i++) r->evaluation[i] += share * evaluation[i];
        r->lower += share * out[m], r->upper += share * out[m + 1];
    }
    r->pairs_left = bram_rdm_pairs(r->conditions);
    return BRAM_OK;
}

/* A sample that some model cannot be fitted to is undefined. */
static int crossvalidate_sample(bram_ctx *cx, double *out, const bram_rsa_inference *f,
                                const double *share, const double *times, size_t sample)
{
    size_t width = f->r->models + 2;
    for (size_t k = 0; k < f->repeats; k++) {
        int status = crossvalidate(cx, NULL, out + k * width, f, share, times,
                                   sample * f->repeats + k);
        bool unfit = status == BRAM_ENUMERIC || status == BRAM_ENOTAPPLICABLE;
        for (size_t i = 0; unfit && i < width; i++) out[k * width + i] = NAN;
        if (!unfit) BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- the data ------------------------------------------------------------------------------- */

/* The values of the data, with the ceilings of each subject. */
static int evaluate_fixed(bram_ctx *cx, bram_rsa_inference *f)
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

int bram_rsa_evaluate_data(bram_ctx *cx, bram_rsa_inference *f)
{
    const bram_rsa_design *d = f->design;
    if (d->fitted) return crossvalidate_data(cx, f);
    BRAM_TRY(bram_rdm_set_new(cx, &f->models, &d->measure, &d->models, d->n));
    BRAM_TRY(bram_rdm_set_new(cx, &f->subjects, &d->measure, &d->subjects, d->n));
    f->sides = (bram_rsa_sides){f->models, f->subjects, d->pooling, d->subject_groups};
    return evaluate_fixed(cx, f);
}

/* ---- samples -------------------------------------------------------------------------------- */

/* How often each of n things counts in a sample; NULL when memory is short. */
static double *draw_times(bram_ctx *cx, size_t n, const bram_groups *groups, const uint32_t *given,
                          uint64_t seed, const char *stream, size_t sample)
{
    size_t units = bram_rsa_units(groups, n);
    double *times = bram_scratch(cx, n, sizeof *times);
    uint32_t *drawn = times ? bram_scratch(cx, units, sizeof *drawn) : NULL;
    if (!drawn) return NULL;
    if (given) memcpy(drawn, given + sample * units, units * sizeof *drawn);
    else bram_bootstrap_draw(drawn, units, seed, stream, sample);
    for (size_t i = 0; i < n; i++) times[i] = drawn[bram_rsa_unit_of(groups, i)];
    return times;
}

int bram_rsa_evaluate_sample(bram_ctx *cx, size_t sample, void *inference)
{
    const bram_rsa_inference *f = inference;
    const bram_rsa_design *d = f->design;
    size_t width = f->r->models + 2, kind_width = f->repeats * width;
    double *out = f->r->draw + sample * f->r->ways * width, *share = NULL, *times = NULL;
    if (bram_rsa_draws_subjects(d))
        share = draw_times(cx, f->r->subjects, &d->subject_groups, d->subject_draw, d->seed,
                           "rsa/subjects", sample);
    if (bram_rsa_draws_conditions(d))
        times = draw_times(cx, f->r->conditions, &d->condition_groups, d->condition_draw, d->seed,
                           "rsa/conditions", sample);
    if ((bram_rsa_draws_subjects(d) && !share) || (bram_rsa_draws_conditions(d) && !times))
        return BRAM_ENOMEM;
    bram_rsa_stage drawn = f->whole;
    if (times && !d->fitted) BRAM_TRY(bram_rsa_stage_new(cx, &drawn, &f->sides, times));
    for (size_t kind = 0; kind < f->kinds; kind++, out += kind_width) {
        const double *who = kind == BRAM_RSA_ONLY_CONDITIONS ? NULL : share;
        bool all = kind == BRAM_RSA_ONLY_SUBJECTS; /* conditions, once each */
        if (d->fitted) BRAM_TRY(crossvalidate_sample(cx, out, f, who, all ? NULL : times, sample));
        else BRAM_TRY(bram_rsa_stage_evaluate(cx, out, all ? &f->whole : &drawn, who));
    }
    return BRAM_OK;
}
