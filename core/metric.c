/*
 * metric.c - a metric by its spec string, once, on two sides.
 */
#include <bramble/metric.h>

#include "internal.h"

#include <string.h>

enum { MAX_NAME = 64 };

/* What a score is made of; each part is given back by release_work. */
struct work {
    const bram_metric *metric;
    bram_options *options;
    void *model, *brain, *reference, *pair; /* the first three only where the metric prepares */
    uint32_t *one_group;                    /* of every row */
};

static void release_work(struct work *w)
{
    if (w->pair && w->metric->release_pair) w->metric->release_pair(w->pair);
    if (w->metric->release) {
        void *prepared[] = {w->model, w->brain, w->reference};
        for (size_t k = 0; k < 3; k++)
            if (prepared[k]) w->metric->release(prepared[k]);
    }
    bram_options_free(w->options);
    bram_free(w->one_group);
}

static int find(bram_ctx *cx, struct work *w, const char *spec)
{
    char name[MAX_NAME];
    size_t length = bram_spec_name_length(spec);
    if (length == 0 || length >= sizeof name)
        return bram_fail(cx, BRAM_EUSAGE,
                         "\"%s\" is not a metric: expected NAME or NAME:KEY=VALUE,...", spec);
    memcpy(name, spec, length);
    name[length] = 0;
    w->metric = bram_metric_find(name);
    if (!w->metric) return bram_fail(cx, BRAM_EUSAGE, "there is no metric named \"%s\"", name);
    const char *rest = spec[length] == ':' ? spec + length + 1 : "";
    return bram_options_new(cx, &w->options, w->metric->params, rest);
}

/* Prepares one side, or takes it as it is where the metric has no such step. */
static int prepare(bram_ctx *cx, const struct work *w, void **owned, const void **used,
                   const bram_side *side, const char *what)
{
    *used = side;
    if (!side || !w->metric->prepare) return BRAM_OK;
    int status = w->metric->prepare(cx, owned, w->options, side);
    if (status != BRAM_OK) return bram_fail_prefix(cx, status, "%s", what);
    *used = *owned;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, struct work *w, double **raw, size_t *values)
{
    size_t count = *values;
    double *fresh = bram_alloc(cx, count, sizeof *fresh);
    if (!fresh) return BRAM_ENOMEM;
    int status = w->metric->compare(cx, fresh, w->pair, NULL);
    if (status != BRAM_OK) {
        bram_free(fresh);
        return status;
    }
    *raw = fresh;
    return BRAM_OK;
}

static int score(bram_ctx *cx, struct work *w, double **raw, size_t *values, const bram_side *model,
                 const bram_side *brain, const bram_comparison *settings)
{
    bram_comparison c = settings ? *settings : (bram_comparison){0};
    const bram_side *reference = c.reference;
    if (!c.groups.group) { /* nothing is resampled here: one group keeps the sums small */
        w->one_group = bram_alloc(cx, model->values.rows, sizeof *w->one_group);
        if (!w->one_group) return BRAM_ENOMEM;
        c.groups = (bram_groups){w->one_group, 1};
    }
    BRAM_TRY(prepare(cx, w, &w->model, &c.model, model, "model"));
    BRAM_TRY(prepare(cx, w, &w->brain, &c.brain, brain, "brain"));
    BRAM_TRY(prepare(cx, w, &w->reference, &c.reference, reference, "reference"));
    BRAM_TRY(w->metric->pair(cx, &w->pair, values, w->options, &c));
    return compare(cx, w, raw, values);
}

bool bram_metric_higher_better(const bram_metric *m, const bram_options *o)
{
    return m->higher_better ? m->higher_better(o) : (m->flags & BRAM_METRIC_HIGHER_BETTER) != 0;
}

int bram_metric_score(bram_ctx *cx, double **raw, size_t *values, double *chance, const char *spec,
                      const bram_side *model, const bram_side *brain,
                      const bram_comparison *settings)
{
    struct work w = {0};
    BRAM_TRY(find(cx, &w, spec));
    size_t count = 0;
    double *fresh = NULL;
    int status = score(cx, &w, &fresh, &count, model, brain, settings);
    if (status == BRAM_OK) {
        *raw = fresh, *values = count;
        if (chance) *chance = w.metric->chance_of ? w.metric->chance_of(w.pair) : w.metric->chance;
    } else {
        bram_fail_prefix(cx, status, "%s", w.metric->name);
    }
    release_work(&w);
    return status;
}
