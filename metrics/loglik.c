/*
 * loglik.c - mean log density of the recording under a model, unit by unit.
 *
 * The model side holds the log density (nats) it gave to each entry of the recording; the recording
 * lends its mask alone, and may be absent. raw[u] = mean over the present entries, in nats or, with
 * unit=bits, divided by ln 2. An entry held impossible is minus infinity, and so then is the unit's
 * value; NaN and plus infinity are errors.
 */
#include "moments.h"

#include "internal.h"

#include <math.h>

static const bram_param params[] = {
    {"unit", BRAM_PARAM_CHOICE, "nats", "nats|bits", 0, 0, "of the log density an entry"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* Sums and counts, groups x units. */
struct densities {
    size_t groups, units;
    double *sum, *count;
    double scale;
};

static void release(void *pair)
{
    struct densities *d = pair;
    if (!d) return;
    bram_free(d->sum);
    bram_free(d->count);
    bram_free(d);
}

static int fill(bram_ctx *cx, struct densities *d, const bram_comparison *c)
{
    const bram_side *model = c->model, *brain = c->brain;
    const uint8_t *mask = brain ? brain->present : NULL;
    size_t units = d->units, entries;
    if (__builtin_mul_overflow(d->groups, units, &entries))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu x %zu sums", d->groups, units);
    if (c->memory && entries > c->memory / (2 * sizeof(double)))
        return bram_fail(cx, BRAM_EMEMORY,
                         "sums of %zu groups x %zu units exceed the budget of "
                         "%zu bytes: use fewer resampling groups",
                         d->groups, units, c->memory);
    d->sum = bram_alloc(cx, entries, sizeof *d->sum);
    d->count = bram_alloc(cx, entries, sizeof *d->count);
    if (!d->sum || !d->count) return BRAM_ENOMEM;
    for (size_t i = 0; i < model->values.rows; i++) {
        size_t g = c->groups.group ? c->groups.group[i] : i;
        for (size_t u = 0; u < units; u++) {
            if (mask && !mask[i * units + u]) continue;
            if (model->present && !model->present[i * units + u]) continue;
            double x = bram_row(&model->values, i)[u];
            if (!(x < (double)INFINITY))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the log density in row %zu of unit %zu is %g, "
                                 "expected a number or minus infinity",
                                 i, u, x);
            d->sum[g * units + u] += x;
            d->count[g * units + u] += 1;
        }
    }
    return BRAM_OK;
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    const bram_side *model = c->model, *brain = c->brain;
    const bram_mat *m = &model->values, *b = brain ? &brain->values : m;
    if (m->rows != b->rows || m->cols != b->cols || m->rows == 0 || m->cols == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the log densities are %zu x %zu, the recording %zu x %zu; "
                         "expected equal shapes with one row and one unit or more",
                         m->rows, m->cols, b->rows, b->cols);
    size_t groups;
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, m->rows));
    struct densities *d = bram_alloc(cx, 1, sizeof *d);
    if (!d) return BRAM_ENOMEM;
    *d = (struct densities){groups, m->cols, NULL, NULL,
                            bram_option_is(o, "unit", "bits") ? 1 / log(2) : 1};
    int status = fill(cx, d, c);
    if (status != BRAM_OK) {
        release(d);
        return status;
    }
    *out = d, *values = m->cols;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct densities *d = state;
    BRAM_TRY(bram_weights_check(cx, weight, d->groups));
    for (size_t u = 0; u < d->units; u++) {
        double sum = 0, count = 0;
        for (size_t g = 0; g < d->groups; g++) {
            double w = weight ? weight[g] : 1, n = d->count[g * d->units + u];
            if (w > 0 && n > 0) sum += w * d->sum[g * d->units + u], count += w * n;
        }
        raw[u] = count > 0 ? d->scale * (sum / count) : (double)NAN;
    }
    return BRAM_OK;
}

const bram_metric bram_metric_loglik = {
    .name = "loglik",
    .summary = "mean log density of an entry under the model, unit by unit",
    .source = "the predictive log likelihood, over the number of entries",
    .version = 1,
    .kind = BRAM_METRIC_DENSITY,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER,
    .chance = NAN,
    .params = params,
    .pair = pair,
    .release_pair = release,
    .compare = compare,
};
