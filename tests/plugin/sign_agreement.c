/*
 * sign_agreement.c - a metric outside the tree, as a plugin; the worked example of
 * docs/adding-a-metric.md.
 *
 * raw[u] = share of the entries present on both sides whose signs agree, in [0, 1]. Under weights
 * the entries of a group count as often as it was drawn.
 */
#include <bramble/plugin.h>

#include <math.h>

static const bram_param params[] = {
    {"zero", BRAM_PARAM_CHOICE, "keep", "keep|drop", 0, 0, "entries where the recording is 0"},
    {.name = NULL},
};

/* Counts of entries, groups x units: how many agree, how many there are. */
struct counts {
    size_t groups, units;
    double *agree, *all;
};

static void release(void *pair)
{
    struct counts *c = pair;
    if (!c) return;
    bram_free(c->agree);
    bram_free(c->all);
    bram_free(c);
}

static int check(bram_ctx *cx, const bram_side *m, const bram_side *b, const bram_groups *g)
{
    size_t rows = b->values.rows, units = b->values.cols;
    if (m->values.rows != rows || m->values.cols != units || rows == 0 || units == 0)
        return bram_fail(cx, BRAM_ESHAPE, "the prediction is %zu x %zu, the recording %zu x %zu",
                         m->values.rows, m->values.cols, rows, units);
    for (size_t i = 0; g->group && i < rows; i++)
        if (g->group[i] >= g->groups)
            return bram_fail(cx, BRAM_ESHAPE, "row %zu is in group %u of %zu", i, g->group[i],
                             g->groups);
    return BRAM_OK;
}

static int count(bram_ctx *cx, struct counts *c, const bram_side *m, const bram_side *b,
                 const bram_groups *g, bool drop)
{
    c->agree = bram_alloc(cx, c->groups * c->units, sizeof *c->agree);
    c->all = bram_alloc(cx, c->groups * c->units, sizeof *c->all);
    if (!c->agree || !c->all) return BRAM_ENOMEM;
    for (size_t i = 0; i < b->values.rows; i++)
        for (size_t u = 0; u < c->units; u++) {
            size_t at = i * c->units + u, to = (g->group ? g->group[i] : i) * c->units + u;
            if ((m->present && !m->present[at]) || (b->present && !b->present[at])) continue;
            double x = bram_row(&m->values, i)[u], y = bram_row(&b->values, i)[u];
            if (!isfinite(x) || !isfinite(y))
                return bram_fail(cx, BRAM_ENUMERIC, "row %zu of unit %zu is not finite", i, u);
            if (drop && y == 0) continue;
            c->agree[to] += (x > 0) - (x < 0) == (y > 0) - (y < 0);
            c->all[to] += 1;
        }
    return BRAM_OK;
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    const bram_side *model = c->model, *brain = c->brain;
    BRAM_TRY(check(cx, model, brain, &c->groups));
    struct counts *k = bram_alloc(cx, 1, sizeof *k);
    if (!k) return BRAM_ENOMEM;
    k->units = brain->values.cols;
    k->groups = c->groups.group ? c->groups.groups : brain->values.rows;
    int status = count(cx, k, model, brain, &c->groups, bram_option_is(o, "zero", "drop"));
    if (status != BRAM_OK) {
        release(k);
        return status;
    }
    *out = k, *values = k->units;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct counts *c = state;
    for (size_t g = 0; weight && g < c->groups; g++)
        if (!(weight[g] >= 0) || isinf(weight[g]))
            return bram_fail(cx, BRAM_ENUMERIC, "the weight of group %zu is %g", g, weight[g]);
    for (size_t u = 0; u < c->units; u++) {
        double agree = 0, all = 0;
        for (size_t g = 0; g < c->groups; g++) {
            double w = weight ? weight[g] : 1;
            agree += w * c->agree[g * c->units + u];
            all += w * c->all[g * c->units + u];
        }
        raw[u] = all > 0 ? agree / all : (double)NAN;
    }
    return BRAM_OK;
}

static const bram_metric sign_agreement = {
    .name = "sign-agreement",
    .summary = "share of entries whose signs agree, unit by unit",
    .source = "the fraction of correct signs",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC |
             BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_INV_SCALE,
    .chance = 0.5,
    .params = params,
    .pair = pair,
    .release_pair = release,
    .compare = compare,
};

static const bram_metric *const metrics[] = {&sign_agreement, NULL};

extern const bram_plugin bram_plugin_entry;
const bram_plugin bram_plugin_entry = {
    .abi = BRAM_PLUGIN_ABI,
    .name = "sign-agreement",
    .metrics = metrics,
};
