/*
 * rsa_crossval.c - cross-validated comparison of models; see rsa_crossval.h.
 */
#include "rsa_crossval.h"

#include "linalg.h"
#include "rsa_stage.h"

#include <bramble/rng.h>

#include <math.h>

void bram_rsa_folds_in_order(uint32_t *fold, size_t n, size_t folds)
{
    for (size_t i = 0; i < n; i++) fold[i] = (uint32_t)(i * folds / n);
}

int bram_rsa_folds_at_random(bram_ctx *cx, uint32_t *fold, const double *times, size_t n,
                             const bram_groups *groups, size_t folds, uint64_t seed,
                             const char *stream, uint64_t index)
{
    size_t mark = bram_scratch_mark(cx), count = 0, units = bram_rsa_units(groups, n);
    bool *drawn = bram_scratch(cx, units, sizeof *drawn);
    uint32_t *dealt = drawn ? bram_scratch(cx, units, sizeof *dealt) : NULL;
    size_t *there = dealt ? bram_scratch(cx, units, sizeof *there) : NULL;
    size_t *order = there ? bram_scratch(cx, units, sizeof *order) : NULL;
    if (order) {
        bram_rng g = bram_rng_at(seed, stream, index);
        for (size_t i = 0; i < n; i++)
            if (!times || times[i] > 0) drawn[bram_rsa_unit_of(groups, i)] = true;
        for (size_t u = 0; u < units; u++)
            if (drawn[u]) there[count++] = u;
        bram_rng_permutation(&g, count, order);
        for (size_t k = 0; k < count; k++) dealt[there[order[k]]] = (uint32_t)(k * folds / count);
        for (size_t i = 0; i < n; i++) fold[i] = dealt[bram_rsa_unit_of(groups, i)];
    }
    bram_scratch_release(cx, mark);
    return order ? BRAM_OK : BRAM_ENOMEM;
}

size_t bram_rsa_default_condition_folds(size_t conditions)
{
    return conditions < 12 ? 2 : conditions < 24 ? 3 : conditions < 40 ? 4 : 5;
}

size_t bram_rsa_default_subject_folds(size_t subjects)
{
    return subjects < 6 ? 2 : subjects < 12 ? 3 : subjects < 20 ? 4 : 5;
}

struct crossval {
    const bram_rsa_model *models;
    size_t count;
    const bram_rsa_target *data;
    const bram_rsa_folds *folds;
    bram_rdm_pooling pooling;
    bram_rdm_set *subjects;
    /* of one fold: */
    double *train_share, *test_share, *train_times, *test_times;
    bram_mat predicted; /* models x pairs */
};

static void split(double *train, double *test, const double *times, const uint32_t *fold, size_t n,
                  size_t folds, size_t this)
{
    for (size_t i = 0; i < n; i++) {
        double t = times ? times[i] : 1;
        train[i] = folds == 1 || fold[i] != this ? t : 0;
        test[i] = folds == 1 || fold[i] == this ? t : 0;
    }
}

static double weighted_mean(const double *values, const double *share, size_t n)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < n; i++)
        if (share[i] > 0) sum += share[i] * values[i], total += share[i];
    return total > 0 ? sum / total : (double)NAN;
}

/* The comparisons of one RDM with every subject over the fold's conditions. */
static int compare(bram_ctx *cx, double *values, const struct crossval *c, double *rdm)
{
    size_t pairs = c->data->subjects.cols, count = c->data->subjects.rows;
    bram_mat row = {rdm, 1, pairs, pairs}, out = {values, 1, count, count};
    bram_rdm_set *set = NULL;
    BRAM_TRY(bram_rdm_set_new(cx, &set, &c->data->measure, &row, c->data->n));
    int status = bram_rdm_sets_compare(cx, &out, NULL, set, c->subjects, c->test_times);
    bram_rdm_set_free(set);
    return status;
}

static int ceiling(bram_ctx *cx, double *out, const struct crossval *c, const double *share,
                   const double *times)
{
    size_t pairs = c->data->subjects.cols, mark = bram_scratch_mark(cx);
    double *pool = bram_scratch(cx, pairs, sizeof *pool);
    double *values = pool ? bram_scratch(cx, c->data->subjects.rows, sizeof *values) : NULL;
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_rdm_pool(cx, pool, c->subjects, c->pooling, share, times));
    BRAM_TRY(compare(cx, values, c, pool));
    *out = weighted_mean(values, c->test_share, c->data->subjects.rows);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* Whether there is something to fit to and something to compare with. */
static bool is_defined(const struct crossval *c)
{
    size_t train_subjects = 0, test_subjects = 0, train = 0, test = 0;
    for (size_t s = 0; s < c->data->subjects.rows; s++)
        train_subjects += c->train_share[s] > 0, test_subjects += c->test_share[s] > 0;
    for (size_t i = 0; i < c->data->n; i++)
        train += c->train_times[i] > 0, test += c->test_times[i] > 0;
    return train_subjects && test_subjects && train >= 3 && test >= 3;
}

/* Adds a fold's values to the means; `values` are models x subjects of scratch. */
static int run_fold(bram_ctx *cx, struct crossval *c, double *evaluation, double *by_subject,
                    double *out, size_t fold, double *values)
{
    size_t subjects = c->data->subjects.rows, folds = c->folds->subjects * c->folds->conditions;
    double share = 1 / (double)folds, lower, upper;
    if (!is_defined(c)) {
        for (size_t m = 0; m < c->count + 2; m++) out[m] = NAN;
        for (size_t m = 0; evaluation && m < c->count; m++) evaluation[m * folds + fold] = NAN;
        return BRAM_OK;
    }
    bram_rsa_target train = *c->data;
    train.share = c->train_share, train.times = c->train_times;
    for (size_t m = 0; m < c->count; m++) {
        size_t mark = bram_scratch_mark(cx);
        double *theta = bram_scratch(cx, c->models[m].basis.rows, sizeof *theta);
        double *row = values + m * subjects;
        if (!theta) return BRAM_ENOMEM;
        BRAM_TRY(bram_rsa_model_fit(cx, theta, &c->models[m], &train));
        bram_rsa_model_predict(c->predicted.data, &c->models[m], theta);
        BRAM_TRY(compare(cx, row, c, c->predicted.data));
        double mean = weighted_mean(row, c->test_share, subjects);
        if (evaluation) evaluation[m * folds + fold] = mean;
        out[m] += share * mean;
        for (size_t s = 0; by_subject && s < subjects; s++)
            if (c->test_share[s] > 0)
                by_subject[m * subjects + s] +=
                    row[s] / (double)(c->folds->subjects == 1 ? folds : c->folds->conditions);
        bram_scratch_release(cx, mark);
    }
    BRAM_TRY(ceiling(cx, &lower, c, c->train_share, c->test_times));
    BRAM_TRY(ceiling(cx, &upper, c, c->data->share, c->data->times));
    out[c->count] += share * lower, out[c->count + 1] += share * upper;
    return BRAM_OK;
}

static int run_folds(bram_ctx *cx, struct crossval *c, double *evaluation, double *by_subject,
                     double *out)
{
    const bram_rsa_target *data = c->data;
    size_t subjects = data->subjects.rows, n = data->n;
    double *values = bram_scratch(cx, c->count * subjects, sizeof *values);
    double **room[] = {&c->train_share, &c->test_share, &c->train_times, &c->test_times};
    if (!values) return BRAM_ENOMEM;
    for (size_t k = 0; k < 4; k++)
        if (!(*room[k] = bram_scratch(cx, k < 2 ? subjects : n, sizeof(double))))
            return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &c->predicted, 1, data->subjects.cols));
    BRAM_TRY(bram_rdm_set_new(cx, &c->subjects, &data->measure, &data->subjects, n));
    for (size_t m = 0; m < c->count + 2; m++) out[m] = 0;
    for (size_t k = 0; by_subject && k < c->count * subjects; k++)
        by_subject[k] = data->share && !(data->share[k % subjects] > 0) ? (double)NAN : 0;
    for (size_t a = 0, fold = 0; a < c->folds->subjects; a++)
        for (size_t b = 0; b < c->folds->conditions; b++, fold++) {
            split(c->train_share, c->test_share, data->share, c->folds->subject, subjects,
                  c->folds->subjects, a);
            split(c->train_times, c->test_times, data->times, c->folds->condition, n,
                  c->folds->conditions, b);
            BRAM_TRY(run_fold(cx, c, evaluation, by_subject, out, fold, values));
        }
    return BRAM_OK;
}

int bram_rsa_crossval(bram_ctx *cx, double *evaluation, double *by_subject, double *out,
                      const bram_rsa_model *models, size_t count, const bram_rsa_target *data,
                      bram_rdm_pooling pooling, const bram_rsa_folds *folds)
{
    if (!folds->subjects || !folds->conditions)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu folds of subjects and %zu of conditions, expected one "
                         "or more of each",
                         folds->subjects, folds->conditions);
    size_t mark = bram_scratch_mark(cx);
    struct crossval c = {
        .models = models, .count = count, .data = data, .folds = folds, .pooling = pooling};
    int status = run_folds(cx, &c, evaluation, by_subject, out);
    bram_rdm_set_free(c.subjects);
    bram_scratch_release(cx, mark);
    return status;
}
