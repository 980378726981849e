/*
 * scoring.c - one metric on the pieces of a job.
 */
#include "scoring.h"

#include <math.h>
#include <string.h>

/* ---- the metric ----------------------------------------------------------------------------- */

void bram_metric_use_release(bram_metric_use *use)
{
    bram_options_free(use->options);
    bram_free(use->spec);
}

int bram_metric_use_parse(bram_ctx *cx, bram_metric_use *use, const char *text)
{
    static const bram_param none[] = {{.name = NULL}};
    bram_metric_use found = {.median = strncmp(text, "median ", 7) == 0};
    if (found.median) text += 7;
    else if (strncmp(text, "mean ", 5) == 0) text += 5;
    size_t length = bram_spec_name_length(text);
    char *name = bram_strdup(cx, text);
    if (!name) return BRAM_ENOMEM;
    name[length] = 0;
    found.metric = length ? bram_metric_find(name) : NULL;
    int status = BRAM_OK;
    if (!found.metric)
        status = bram_fail(cx, BRAM_EUSAGE,
                           "no metric is named \"%s\" (bramble list metrics shows "
                           "them)",
                           length ? name : text);
    if (status == BRAM_OK)
        status = bram_options_new(cx, &found.options,
                                  found.metric->params ? found.metric->params : none,
                                  text[length] == ':' ? text + length + 1 : "");
    if (status == BRAM_OK) {
        const char *rest = bram_options_canonical(found.options);
        found.spec = bram_strf(cx, "%s%s%s", name, *rest ? ":" : "", rest);
        if (!found.spec) status = BRAM_ENOMEM;
    }
    bram_free(name);
    if (status == BRAM_OK) *use = found;
    else bram_metric_use_release(&found);
    return status;
}

int bram_metrics_use_repeats(bram_ctx *cx, bool *out, const char *const *spec, size_t count)
{
    bool any = false;
    for (size_t k = 0; k < count; k++) {
        bram_metric_use use = {0};
        BRAM_TRY(bram_metric_use_parse(cx, &use, spec[k]));
        any = any || (use.metric->uses_repeats && use.metric->uses_repeats(use.options));
        bram_metric_use_release(&use);
    }
    *out = any;
    return BRAM_OK;
}

/* ---- sides ---------------------------------------------------------------------------------- */

/* A side as the metric keeps it: what prepare made of it, or the side itself. */
struct prepared {
    const void *view;
    void *owned;
};

struct bram_scoring {
    const bram_metric_use *use;
    const bram_score_job *job;
    struct prepared *brain, *reference; /* one a piece; reference NULL where none is needed */
};

static int prepare(bram_ctx *cx, struct prepared *p, const bram_metric_use *use,
                   const bram_side *side)
{
    *p = (struct prepared){.view = side};
    if (!use->metric->prepare) return BRAM_OK;
    BRAM_TRY(use->metric->prepare(cx, &p->owned, use->options, side));
    p->view = p->owned;
    return BRAM_OK;
}

static void release_all(struct prepared *p, size_t count, const bram_metric_use *use)
{
    for (size_t i = 0; p && i < count; i++)
        if (p[i].owned && use->metric->release) use->metric->release(p[i].owned);
    bram_free(p);
}

void bram_scoring_free(bram_scoring *s)
{
    if (!s) return;
    release_all(s->brain, s->job->pieces, s->use);
    release_all(s->reference, s->job->pieces, s->use);
    bram_free(s);
}

static int prepare_brains(bram_ctx *cx, bram_scoring *s)
{
    size_t n = s->job->pieces;
    bool wants = s->use->metric->flags & BRAM_METRIC_REFERENCE;
    if (wants && !s->job->floors)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s needs a trivial prediction to compare with",
                         s->use->spec);
    s->brain = bram_alloc(cx, n, sizeof *s->brain);
    if (wants) s->reference = bram_alloc(cx, n, sizeof *s->reference);
    if (!s->brain || (wants && !s->reference)) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        BRAM_TRY(prepare(cx, &s->brain[i], s->use, &s->job->piece[i].brain));
        if (wants) BRAM_TRY(prepare(cx, &s->reference[i], s->use, &s->job->piece[i].floor[0].side));
    }
    return BRAM_OK;
}

int bram_scoring_new(bram_ctx *cx, bram_scoring **out, const bram_metric_use *use,
                     const bram_score_job *job)
{
    bram_scoring *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (bram_scoring){.use = use, .job = job};
    int status = prepare_brains(cx, s);
    if (status == BRAM_OK) *out = s;
    else bram_scoring_free(s);
    return status;
}

/* ---- pairs ---------------------------------------------------------------------------------- */

struct bram_pairs {
    const bram_scoring *scoring;
    struct prepared *side; /* one a piece */
    void **pair;
    size_t each; /* values of one piece */
};

void bram_pairs_free(bram_pairs *p)
{
    if (!p) return;
    const bram_metric *metric = p->scoring->use->metric;
    for (size_t i = 0; p->pair && i < p->scoring->job->pieces; i++)
        if (p->pair[i] && metric->release_pair) metric->release_pair(p->pair[i]);
    release_all(p->side, p->scoring->job->pieces, p->scoring->use);
    bram_free(p->pair);
    bram_free(p);
}

/* One model side against the brain of piece i. */
static int make_pair(bram_ctx *cx, void **pair, size_t *values, const bram_scoring *s, size_t i,
                     const void *model)
{
    bram_comparison c = {.model = model,
                         .brain = s->brain[i].view,
                         .reference = s->reference ? s->reference[i].view : NULL,
                         .fold = s->job->piece[i].fold ? s->job->piece[i].fold : s->job->fold,
                         .folds = s->job->piece[i].fold ? s->job->piece[i].folds : s->job->folds,
                         .groups = s->job->piece[i].groups,
                         .memory = bram_ctx_memory(cx)};
    return s->use->metric->pair(cx, pair, values, s->use->options, &c);
}

/* model: for all pieces; NULL: the contestant of each. */
static int pair_all(bram_ctx *cx, bram_pairs *p, const bram_side *model, int contestant)
{
    const bram_scoring *s = p->scoring;
    size_t n = s->job->pieces;
    p->side = bram_alloc(cx, n, sizeof *p->side);
    p->pair = bram_alloc(cx, n, sizeof *p->pair);
    if (!p->side || !p->pair) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const bram_score_piece *piece = &s->job->piece[i];
        const bram_side *side = contestant < 0 ? &piece->model : &piece->floor[contestant].side;
        if (model) side = model;
        size_t values = 0;
        BRAM_TRY(prepare(cx, &p->side[i], s->use, side));
        BRAM_TRY(make_pair(cx, &p->pair[i], &values, s, i, p->side[i].view));
        if (i && values != p->each)
            return bram_fail(cx, BRAM_ESHAPE, "%s gives %zu values here and %zu there",
                             s->use->spec, p->each, values);
        p->each = values;
    }
    return BRAM_OK;
}

static int new_pairs(bram_ctx *cx, bram_pairs **out, const bram_scoring *s, const bram_side *model,
                     int contestant)
{
    bram_pairs *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    *p = (bram_pairs){.scoring = s};
    int status = pair_all(cx, p, model, contestant);
    if (status == BRAM_OK) *out = p;
    else bram_pairs_free(p);
    return status;
}

int bram_pairs_new(bram_ctx *cx, bram_pairs **out, const bram_scoring *s, int contestant)
{
    return new_pairs(cx, out, s, NULL, contestant);
}

int bram_pairs_of(bram_ctx *cx, bram_pairs **out, const bram_scoring *s, const bram_side *model)
{
    return new_pairs(cx, out, s, model, BRAM_THE_MODEL);
}

size_t bram_pairs_values(const bram_pairs *p)
{
    const bram_score_job *job = p->scoring->job;
    return job->join == BRAM_JOIN_MEAN ? p->each : p->each * job->pieces;
}

double bram_pairs_chance(const bram_pairs *p)
{
    const bram_metric *metric = p->scoring->use->metric;
    size_t n = p->scoring->job->pieces;
    double sum = 0;
    if (!metric->chance_of) return metric->chance;
    for (size_t i = 0; i < n; i++) sum += metric->chance_of(p->pair[i]);
    return sum / (double)n;
}

/* The share of a piece's rows that weights drew; 1 without weights. */
static double share_drawn(const bram_score_piece *piece, const double *weight)
{
    size_t rows = piece->brain.values.rows;
    double sum = 0;
    if (!weight) return 1;
    for (size_t i = 0; i < rows; i++)
        sum += weight[piece->groups.group ? piece->groups.group[i] : i];
    return rows ? sum / (double)rows : 0;
}

static int compare_mean(bram_ctx *cx, double *raw, const bram_pairs *p, const double *weight)
{
    const bram_score_job *job = p->scoring->job;
    double *one = bram_scratch(cx, p->each, sizeof *one), total = 0;
    if (!one) return BRAM_ENOMEM;
    for (size_t u = 0; u < p->each; u++) raw[u] = 0;
    for (size_t i = 0; i < job->pieces; i++) {
        double share = share_drawn(&job->piece[i], weight);
        if (!(share > 0)) continue;
        BRAM_TRY(p->scoring->use->metric->compare(cx, one, p->pair[i], weight));
        for (size_t u = 0; u < p->each; u++) raw[u] += share * one[u];
        total += share;
    }
    for (size_t u = 0; u < p->each; u++) raw[u] = total > 0 ? raw[u] / total : (double)NAN;
    return BRAM_OK;
}

int bram_pairs_compare(bram_ctx *cx, double *raw, const bram_pairs *p, const double *weight)
{
    const bram_score_job *job = p->scoring->job;
    if (job->join == BRAM_JOIN_MEAN && job->pieces > 1) return compare_mean(cx, raw, p, weight);
    for (size_t i = 0; i < job->pieces; i++)
        BRAM_TRY(p->scoring->use->metric->compare(cx, raw + i * p->each, p->pair[i], weight));
    return BRAM_OK;
}

int bram_pairs_each(bram_ctx *cx, double *each, double *share, const bram_pairs *p,
                    const double *weight)
{
    const bram_score_job *job = p->scoring->job;
    double *one = bram_scratch(cx, 2 * p->each, sizeof *one);
    if (!one) return BRAM_ENOMEM;
    for (size_t i = 0; i < job->pieces; i++) {
        share[i] = share_drawn(&job->piece[i], weight);
        each[i] = NAN;
        if (!(share[i] > 0)) continue;
        BRAM_TRY(p->scoring->use->metric->compare(cx, one, p->pair[i], weight));
        each[i] = bram_summary(one, p->each, p->scoring->use->median, one + p->each, NULL);
    }
    return BRAM_OK;
}

/* ---- the brain as a model of itself --------------------------------------------------------- */

/* The comparison of pooled brains with the brain of piece i; several values: their mean. */
static int against_pool(bram_ctx *cx, double *value, const bram_scoring *s, size_t i,
                        const void *const *others, size_t count, const double *weight)
{
    const bram_metric *metric = s->use->metric;
    void *pooled = NULL, *pair = NULL;
    size_t values = 0, mark = bram_scratch_mark(cx);
    int status = metric->pool(cx, &pooled, s->use->options, others, count);
    if (status == BRAM_OK) status = make_pair(cx, &pair, &values, s, i, pooled);
    double *raw = status == BRAM_OK ? bram_scratch(cx, 2 * values, sizeof *raw) : NULL;
    if (status == BRAM_OK && !raw) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = metric->compare(cx, raw, pair, weight);
    if (status == BRAM_OK) *value = bram_summary(raw, values, false, raw + values, NULL);
    if (pair && metric->release_pair) metric->release_pair(pair);
    if (pooled && metric->release) metric->release(pooled);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_scoring_subjects(bram_ctx *cx, const bram_scoring *s, const double *weight, double *lower,
                          double *upper)
{
    size_t n = s->job->pieces;
    double low = 0, high = 0, value = NAN;
    *lower = *upper = NAN;
    if (!s->use->metric->pool || s->job->join != BRAM_JOIN_BESIDE || n < 2) return BRAM_OK;
    const void **all = bram_scratch(cx, n, sizeof *all), **rest = bram_scratch(cx, n, sizeof *rest);
    if (!all || !rest) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) all[i] = s->brain[i].view;
    for (size_t i = 0; i < n; i++) {
        size_t others = 0;
        for (size_t k = 0; k < n; k++)
            if (k != i) rest[others++] = all[k];
        BRAM_TRY(against_pool(cx, &value, s, i, rest, others, weight));
        low += value / (double)n;
        BRAM_TRY(against_pool(cx, &value, s, i, all, n, weight));
        high += value / (double)n;
    }
    *lower = low, *upper = high;
    return BRAM_OK;
}
