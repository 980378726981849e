/*
 * metric.c - a metric by its spec string, once, on two sides.
 */
#include <bramble/metric.h>

#include "internal.h"

#include <string.h>

enum { MAX_NAME = 64 };

/* What a score is made of; each part is given back by bram_evaluation_free. */
struct bram_evaluation {
    const bram_metric *metric;
    bram_options *options;
    void *model, *brain, *reference, *pair; /* the first three only where the metric prepares */
    uint32_t *one_group;                    /* of every row */
    size_t values;
};

void bram_evaluation_free(bram_evaluation *w)
{
    if (!w) return;
    if (w->pair && w->metric && w->metric->release_pair) w->metric->release_pair(w->pair);
    if (w->metric && w->metric->release) {
        void *prepared[] = {w->model, w->brain, w->reference};
        for (size_t k = 0; k < 3; k++)
            if (prepared[k]) w->metric->release(prepared[k]);
    }
    bram_options_free(w->options);
    bram_free(w->one_group);
    bram_free(w);
}

static int find(bram_ctx *cx, bram_evaluation *w, const char *spec)
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
static int prepare(bram_ctx *cx, const bram_evaluation *w, void **owned, const void **used,
                   const bram_side *side, const char *what)
{
    *used = side;
    if (!side || !w->metric->prepare) return BRAM_OK;
    int status = w->metric->prepare(cx, owned, w->options, side);
    if (status != BRAM_OK) return bram_fail_prefix(cx, status, "%s", what);
    *used = *owned;
    return BRAM_OK;
}

static int set_up(bram_ctx *cx, bram_evaluation *w, const char *spec, const bram_side *model,
                  const bram_side *brain, const bram_comparison *settings, bool resampled)
{
    BRAM_TRY(find(cx, w, spec));
    bram_comparison c = settings ? *settings : (bram_comparison){0};
    const bram_side *reference = c.reference;
    if (!c.groups.group && !resampled) { /* one group keeps the sums small */
        size_t things = brain->pairs ? brain->pairs->nodes : model->values.rows;
        w->one_group = bram_alloc(cx, things, sizeof *w->one_group);
        if (!w->one_group) return BRAM_ENOMEM;
        c.groups = (bram_groups){w->one_group, 1};
    }
    BRAM_TRY(prepare(cx, w, &w->model, &c.model, model, "model"));
    BRAM_TRY(prepare(cx, w, &w->brain, &c.brain, brain, "brain"));
    BRAM_TRY(prepare(cx, w, &w->reference, &c.reference, reference, "reference"));
    return w->metric->pair(cx, &w->pair, &w->values, w->options, &c);
}

int bram_evaluation_new(bram_ctx *cx, bram_evaluation **out, const char *spec,
                        const bram_side *model, const bram_side *brain,
                        const bram_comparison *settings, bool resampled)
{
    bram_evaluation *w = bram_alloc(cx, 1, sizeof *w);
    if (!w) return BRAM_ENOMEM;
    int status = set_up(cx, w, spec, model, brain, settings, resampled);
    if (status == BRAM_OK) {
        *out = w;
        return BRAM_OK;
    }
    if (w->metric) bram_fail_prefix(cx, status, "%s", w->metric->name);
    bram_evaluation_free(w);
    return status;
}

size_t bram_evaluation_values(const bram_evaluation *s)
{
    return s->values;
}

double bram_evaluation_chance(const bram_evaluation *s)
{
    return s->metric->chance_of ? s->metric->chance_of(s->pair) : s->metric->chance;
}

bool bram_evaluation_higher_better(const bram_evaluation *s)
{
    return bram_metric_higher_better(s->metric, s->options);
}

int bram_evaluation_compare(bram_ctx *cx, double *raw, const bram_evaluation *s,
                            const double *weight)
{
    int status = s->metric->compare(cx, raw, s->pair, weight);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", s->metric->name);
}

bool bram_metric_higher_better(const bram_metric *m, const bram_options *o)
{
    return m->higher_better ? m->higher_better(o) : (m->flags & BRAM_METRIC_HIGHER_BETTER) != 0;
}

int bram_metric_score(bram_ctx *cx, double **raw, size_t *values, double *chance, const char *spec,
                      const bram_side *model, const bram_side *brain,
                      const bram_comparison *settings)
{
    bram_evaluation *s = NULL;
    BRAM_TRY(bram_evaluation_new(cx, &s, spec, model, brain, settings, false));
    double *fresh = bram_alloc(cx, s->values, sizeof *fresh);
    int status = fresh ? bram_evaluation_compare(cx, fresh, s, NULL) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        *raw = fresh, *values = s->values;
        if (chance) *chance = bram_evaluation_chance(s);
    } else bram_free(fresh);
    bram_evaluation_free(s);
    return status;
}
