/*
 * geometry_layers.c - see geometry_layers.h.
 */
#include "geometry_layers.h"

#include "layer_choice.h"
#include "resample.h"
#include "scoring.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEAST = 4 }; /* stimuli of a fold: six pairs */

struct nested {
    const bram_layered *l;
    const bram_score_job *job;
    bram_metric_use use;
    bram_scoring *scoring;
    bram_pairs **pairs; /* of each layer */
    size_t stimuli, subjects, *chosen, samples;
    double *inner, *draw; /* folds x layers; samples */
    char stream[200];
};

static void release(struct nested *n)
{
    for (size_t k = 0; n->pairs && k < n->l->layers; k++) bram_pairs_free(n->pairs[k]);
    bram_scoring_free(n->scoring);
    bram_metric_use_release(&n->use);
}

static int prepare(bram_ctx *cx, struct nested *n, const char *metric)
{
    const bram_layered *l = n->l;
    BRAM_TRY(bram_metric_use_parse(cx, &n->use, metric));
    for (size_t f = 0; f < l->folds; f++)
        if (l->fold[f].tests < LEAST)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "fold %zu has %zu stimuli, expected %d or more to choose among %zu "
                             "layers: name one layer, or set fewer folds",
                             f + 1, l->fold[f].tests, LEAST, l->layers);
    BRAM_TRY(bram_scoring_new(cx, &n->scoring, &n->use, n->job));
    n->pairs = bram_scratch(cx, l->layers, sizeof *n->pairs);
    n->chosen = bram_scratch(cx, l->folds, sizeof *n->chosen);
    n->inner = bram_scratch(cx, l->folds, l->layers * sizeof *n->inner);
    n->draw = bram_scratch(cx, n->samples, sizeof *n->draw);
    if (!n->pairs || !n->chosen || !n->inner || !n->draw) return BRAM_ENOMEM;
    for (size_t k = 0; k < l->layers; k++) {
        BRAM_TRY(bram_pairs_of(cx, &n->pairs[k], n->scoring, &l->side[k]));
        if (bram_pairs_values(n->pairs[k]) != n->subjects)
            return bram_fail(cx, BRAM_EUSAGE, "%s gives %zu values for %zu subjects", n->use.spec,
                             bram_pairs_values(n->pairs[k]), n->subjects);
    }
    return BRAM_OK;
}

/* ---- the choice ----------------------------------------------------------------------------- */

/* The layers on what is not in the fold. Of equal ones the first. */
static int choose(bram_ctx *cx, struct nested *n, size_t f)
{
    const bram_fold *fold = &n->l->fold[f];
    double *inner = n->inner + f * n->l->layers;
    double *weight = bram_scratch(cx, n->stimuli, sizeof *weight);
    double *raw = bram_scratch(cx, 3 * n->subjects, sizeof *raw);
    if (!weight || !raw) return BRAM_ENOMEM;
    bool higher = bram_metric_higher_better(n->use.metric, n->use.options), any = false;
    for (size_t i = 0; i < fold->trains; i++) weight[fold->train[i]] = 1;
    for (size_t k = 0; k < n->l->layers; k++) {
        BRAM_TRY(bram_pairs_compare(cx, raw, n->pairs[k], weight));
        inner[k] = bram_summary(raw, n->subjects, n->use.median, raw + n->subjects, NULL);
        double best = inner[n->chosen[f]];
        if (isnan(inner[k]) || (any && !(higher ? inner[k] > best : inner[k] < best))) continue;
        n->chosen[f] = k, any = true;
    }
    return BRAM_OK;
}

/* ---- the score ------------------------------------------------------------------------------ */

/* Each subject's mean over folds, a fold counting by the share of it that was drawn. */
static int compare(bram_ctx *cx, double *raw, const struct nested *n, const uint32_t *times)
{
    double *weight = bram_scratch(cx, n->stimuli, sizeof *weight);
    double *one = bram_scratch(cx, 2 * n->subjects, sizeof *one), *total = one + n->subjects;
    if (!weight || !one) return BRAM_ENOMEM;
    memset(raw, 0, n->subjects * sizeof *raw);
    for (size_t f = 0; f < n->l->folds; f++) {
        const bram_fold *fold = &n->l->fold[f];
        double drawn = 0;
        memset(weight, 0, n->stimuli * sizeof *weight);
        for (size_t i = 0; i < fold->tests; i++) {
            weight[fold->test[i]] = times ? times[fold->test[i]] : 1;
            drawn += weight[fold->test[i]];
        }
        BRAM_TRY(bram_pairs_compare(cx, one, n->pairs[n->chosen[f]], weight));
        for (size_t s = 0; s < n->subjects; s++)
            if (isfinite(one[s])) raw[s] += drawn * one[s], total[s] += drawn;
    }
    for (size_t s = 0; s < n->subjects; s++)
        raw[s] = total[s] > 0 ? raw[s] / total[s] : (double)NAN;
    return BRAM_OK;
}

/* Task of the pool. The choice stays: a draw tells of other test stimuli. */
static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    struct nested *n = user;
    uint32_t *times = bram_scratch(cx, n->stimuli, sizeof *times);
    double *raw = bram_scratch(cx, 3 * n->subjects, sizeof *raw);
    if (!times || !raw) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, n->stimuli, 0, n->stream, sample);
    BRAM_TRY(compare(cx, raw, n, times));
    n->draw[sample] = bram_summary(raw, n->subjects, n->use.median, raw + n->subjects, NULL);
    return BRAM_OK;
}

/* The noise ceiling within folds, its mean. */
static int find_ceiling(bram_ctx *cx, bram_score_ceiling *c, const struct nested *n)
{
    double *weight = bram_scratch(cx, n->stimuli, sizeof *weight);
    if (!weight) return BRAM_ENOMEM;
    bool upper = n->job->ceiling == BRAM_CEILING_SUBJECTS_UPPER;
    *c = (bram_score_ceiling){.noise = 1 / sqrt((double)n->subjects),
                              .rule = upper ? "all subjects" : "other subjects"};
    for (size_t f = 0; f < n->l->folds; f++) {
        const bram_fold *fold = &n->l->fold[f];
        double low, high, folds = (double)n->l->folds;
        memset(weight, 0, n->stimuli * sizeof *weight);
        for (size_t i = 0; i < fold->tests; i++) weight[fold->test[i]] = 1;
        BRAM_TRY(bram_scoring_subjects(cx, n->scoring, weight, &low, &high));
        c->low += low / folds, c->high += high / folds;
    }
    c->value = upper ? c->high : c->low;
    return BRAM_OK;
}

static int put_nested(bram_ctx *cx, bram_scores *s, const struct nested *n)
{
    bram_score_ceiling ceiling;
    char id[600], axis[64];
    double *raw = bram_scratch(cx, 3 * n->subjects, sizeof *raw);
    if (!raw) return BRAM_ENOMEM;
    BRAM_TRY(compare(cx, raw, n, NULL));
    BRAM_TRY(find_ceiling(cx, &ceiling, n));
    snprintf(id, sizeof id, "%s%.500s", n->use.median ? "median " : "", n->use.spec);
    snprintf(axis, sizeof axis, "%zu stimuli in %zu folds", n->stimuli, n->l->folds);
    bram_score_made made = {
        .id = id,
        .metric = n->use.spec,
        .lower_better = !bram_metric_higher_better(n->use.metric, n->use.options),
        .median = n->use.median,
        .ceiling = isnan(ceiling.value) ? NULL : &ceiling,
        .axis = axis,
        .value = bram_summary(raw, n->subjects, n->use.median, raw + n->subjects, NULL),
        .chance = bram_pairs_chance(n->pairs[n->chosen[0]]),
        .raw = raw,
        .draw = n->draw,
        .groups = n->stimuli};
    return bram_scores_put(cx, s, &made);
}

static int add_layers(bram_ctx *cx, bram_scores *s, const char *metric, const bram_score_job *job,
                      const bram_layered *l)
{
    bram_score_piece *piece = bram_scratch(cx, job->pieces, sizeof *piece);
    bram_score_job own = *job;
    if (!piece) return BRAM_ENOMEM;
    memcpy(piece, job->piece, job->pieces * sizeof *piece);
    own.piece = piece;
    for (size_t k = 0; k < l->layers; k++) {
        for (size_t i = 0; i < job->pieces; i++) piece[i].model = l->side[k];
        own.label = l->name[k];
        BRAM_TRY(bram_scores_add(cx, s, metric, &own));
    }
    return BRAM_OK;
}

int bram_layered_add(bram_ctx *cx, bram_scores *s, const char *metric, const bram_score_job *job,
                     const bram_layered *l, bram_dataset *result)
{
    const bram_benchmark *b = l->cell->benchmark;
    struct nested n = {.l = l,
                       .job = job,
                       .stimuli = job->piece[0].brain.values.rows,
                       .subjects = job->pieces,
                       .samples = (size_t)bram_option_integer(b->options, "samples")};
    size_t mark = bram_scratch_mark(cx);
    snprintf(n.stream, sizeof n.stream, "%.90s/%.90s", b->name, l->cell->part);
    int status = prepare(cx, &n, metric);
    for (size_t f = 0; f < l->folds && status == BRAM_OK; f++) status = choose(cx, &n, f);
    if (status == BRAM_OK) status = bram_parallel_for(cx, n.samples, one_draw, &n);
    if (status == BRAM_OK) status = put_nested(cx, s, &n);
    if (status == BRAM_OK && result)
        status = bram_layers_keep(cx, result, l->name, l->layers, l->folds, n.chosen, n.inner);
    if (status == BRAM_OK) status = add_layers(cx, s, metric, job, l);
    release(&n);
    bram_scratch_release(cx, mark);
    return status;
}
