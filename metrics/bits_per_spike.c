/*
 * bits_per_spike.c - how many bits a spike a predicted rate tells beyond each unit's mean rate.
 *
 * The prediction is an expected count a bin, the recording the counts. With Poisson log
 * likelihoods, bits = sum over units (NLL(mean rate) - NLL(model)) / (spikes ln 2), NLL(rate) = sum
 * over bins (rate - count ln rate), the mean rate being that of the scored rows themselves, as the
 * Neural Latents Benchmark has it (Pei et al. 2021, arXiv 2109.04463). So even the training mean is
 * below zero a little: read the mean beside it. Rates below `least` count as that: a linear model
 * may predict none or less.
 */
#include "moments.h"

#include <math.h>

static const bram_param params[] = {
    {"least", BRAM_PARAM_REAL, "1e-9", NULL, 1e-12, 1,
     "the smallest rate a bin that counts as it is"},
    {"first", BRAM_PARAM_INTEGER, "0", NULL, 0, 1000000000,
     "only the first n units count, 0: all (a model may look at the others)"},
    {.name = NULL},
};

/* Sums by group and unit. */
struct spikes {
    size_t groups, units;              /* units that count */
    double *bins, *count, *rate, *fit; /* entries; counts; rates; count ln rate */
    double least;
};

static void release(void *pair)
{
    struct spikes *s = pair;
    if (s) bram_free(s->bins);
    bram_free(s);
}

static int fill(bram_ctx *cx, struct spikes *s, const bram_comparison *c)
{
    const bram_side *model = c->model, *brain = c->brain;
    for (size_t i = 0; i < brain->values.rows; i++) {
        size_t g = c->groups.group ? c->groups.group[i] : i;
        for (size_t u = 0; u < s->units; u++) {
            size_t at = g * s->units + u, entry = i * brain->values.cols + u;
            if ((brain->present && !brain->present[entry]) ||
                (model->present && !model->present[entry]))
                continue;
            double count = bram_row(&brain->values, i)[u], rate = bram_row(&model->values, i)[u];
            if (!(count >= 0) || !isfinite(count) || !isfinite(rate))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "row %zu of unit %zu has %g spikes and a rate of "
                                 "%g; expected counts of 0 or more and finite rates",
                                 i, u, count, rate);
            rate = fmax(rate, s->least);
            s->bins[at] += 1;
            s->count[at] += count;
            s->rate[at] += rate;
            s->fit[at] += count * log(rate);
        }
    }
    return BRAM_OK;
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    const bram_mat *m = &((const bram_side *)c->model)->values;
    const bram_mat *b = &((const bram_side *)c->brain)->values;
    if (m->rows != b->rows || m->cols != b->cols || m->rows == 0 || m->cols == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the rates are %zu x %zu, the counts %zu x %zu; expected equal "
                         "shapes with one row and one unit or more",
                         m->rows, m->cols, b->rows, b->cols);
    size_t groups, entries, first = (size_t)bram_option_integer(o, "first");
    size_t units = first && first < m->cols ? first : m->cols;
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, m->rows));
    if (__builtin_mul_overflow(groups, units, &entries) ||
        (c->memory && entries > c->memory / (4 * sizeof(double))))
        return bram_fail(cx, BRAM_EMEMORY,
                         "sums of %zu groups x %zu units exceed the budget of %zu "
                         "bytes: use fewer resampling groups",
                         groups, units, c->memory);
    struct spikes *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (struct spikes){.groups = groups, .units = units, .least = bram_option_real(o, "least")};
    s->bins = bram_alloc(cx, entries, 4 * sizeof *s->bins);
    int status = s->bins ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        s->count = s->bins + entries;
        s->rate = s->count + entries;
        s->fit = s->rate + entries;
        status = fill(cx, s, c);
    }
    if (status != BRAM_OK) {
        release(s);
        return status;
    }
    *out = s;
    *values = 1;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct spikes *s = state;
    BRAM_TRY(bram_weights_check(cx, weight, s->groups));
    double gain = 0, spikes = 0;
    for (size_t u = 0; u < s->units; u++) {
        double bins = 0, count = 0, rate = 0, fit = 0;
        for (size_t g = 0; g < s->groups; g++) {
            double w = weight ? weight[g] : 1;
            size_t at = g * s->units + u;
            bins += w * s->bins[at];
            count += w * s->count[at];
            rate += w * s->rate[at];
            fit += w * s->fit[at];
        }
        if (!(bins > 0)) continue;
        double mean = fmax(count / bins, s->least);
        gain += (bins * mean - count * log(mean)) - (rate - fit);
        spikes += count;
    }
    *raw = spikes > 0 ? gain / (spikes * log(2)) : (double)NAN;
    return BRAM_OK;
}

const bram_metric bram_metric_bits_per_spike = {
    .name = "bits-per-spike",
    .summary = "bits a spike beyond each unit's mean rate, Poisson",
    .source = "Pei et al. 2021, arXiv 2109.04463",
    .version = 2,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_COUNTS,
    .chance = 0,
    .params = params,
    .pair = pair,
    .release_pair = release,
    .compare = compare,
};
