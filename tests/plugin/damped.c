/*
 * damped.c - a model outside the tree, as a plugin; the worked example of docs/adding-a-model.md.
 *
 * Every unit goes back to its training mean by the same share at each step:
 * y[t + h] = m + keep^h (y[t] - m). A value that is missing stands at the mean.
 */
#include <bramble/plugin.h>

#include <math.h>

static const bram_param params[] = {
    {"keep", BRAM_PARAM_REAL, "0.9", NULL, 0, 1, "share of the deviation left after a step"},
    {.name = NULL},
};

struct damped {
    size_t units;
    double keep;
    double *mean;
};

static void release(void *fitted)
{
    struct damped *m = fitted;
    if (m) bram_free(m->mean);
    bram_free(m);
}

static bool present(const bram_segment *s, size_t row, size_t unit)
{
    return !s->y_present || s->y_present[row * s->y.cols + unit];
}

/* The mean over the target rows of all segments. Unit by unit: a segment may lack some. */
static int learn(bram_ctx *cx, struct damped *m, const bram_panel *train)
{
    size_t rows = 0;
    for (size_t u = 0; u < m->units; u++) {
        size_t n = 0;
        for (size_t k = 0; k < train->segments; k++) {
            const bram_segment *s = &train->segment[k];
            for (size_t t = s->first; t < s->y.rows; t++)
                if (present(s, t, u)) m->mean[u] += bram_row(&s->y, t)[u], n++;
        }
        if (n) m->mean[u] /= (double)n;
        if (!isfinite(m->mean[u]))
            return bram_fail(cx, BRAM_ENUMERIC, "unit %zu holds a value that is not finite", u);
        rows += n;
    }
    return rows ? BRAM_OK : bram_fail(cx, BRAM_ENOTAPPLICABLE, "no row to learn from");
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation, (void)seed;
    struct damped *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->keep = bram_option_real(o, "keep");
    m->units = bram_axis_length(train->unit);
    m->mean = bram_alloc(cx, m->units, sizeof *m->mean);
    int status = m->mean ? learn(cx, m, train) : BRAM_ENOMEM;
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* Steps 1 .. steps after the row before `start`: only rows before it are looked at. */
static int run(bram_ctx *cx, double *out, const struct damped *m, const bram_segment *s,
               size_t start, size_t steps)
{
    for (size_t u = 0; u < m->units; u++) {
        bool known = start > 0 && present(s, start - 1, u);
        double left = known ? bram_row(&s->y, start - 1)[u] - m->mean[u] : 0;
        if (!isfinite(left))
            return bram_fail(cx, BRAM_ENUMERIC, "row %zu of unit %zu is not finite", start - 1, u);
        for (size_t h = 0; h < steps; h++) out[h * m->units + u] = m->mean[u] + (left *= m->keep);
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct damped *m = fitted;
    const bram_segment *s = &q->panel->segment[q->segment];
    bool step = q->ask == BRAM_ASK_STEP;
    size_t rows = step ? s->y.rows - s->first : q->starts, steps = step ? 1 : q->steps;
    bram_axis *row = NULL, *ahead = NULL;
    bram_response *mean = NULL;
    int status = bram_axis_new(cx, &row, step ? "row" : "start", rows);
    if (status == BRAM_OK) status = bram_axis_new(cx, &ahead, "step", steps);
    const bram_axis *axes[] = {row, step ? q->panel->unit : ahead, q->panel->unit};
    if (status == BRAM_OK)
        status = bram_response_new(cx, &mean, "mean", BRAM_F64, step ? 2 : 3, axes);
    bram_axis_free(row);
    bram_axis_free(ahead);
    for (size_t i = 0; i < rows && status == BRAM_OK; i++)
        status = run(cx, bram_response_f64(mean) + i * steps * m->units, m, s,
                     step ? s->first + i : q->start[i], steps);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", mean);
    bram_response_free(mean);
    return status;
}

static const bram_model damped = {
    .name = "damped",
    .summary = "every unit returns to its mean",
    .source = "an autoregression of order one with one weight for all units",
    .missing = "means are over present values; a missing last value stands at the mean",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN),
    .flags = BRAM_MODEL_OUTSIDE,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
};

static const bram_model *const models[] = {&damped, NULL};

extern const bram_plugin bram_plugin_entry;
const bram_plugin bram_plugin_entry = {.abi = BRAM_PLUGIN_ABI, .name = "damped", .models = models};
