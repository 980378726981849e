/*
 * any_question.c - a model outside the tree that answers every question that benchmarks score, each
 * in the simplest way; tests/plugin/any_question.py asks them all by way of benchmarks.
 *
 * A row is the training mean and shares of the deviations of the row before: KEEP of the unit's
 * own, LEAK of every other. Its residuals are normal with the training variance.
 */
#include <bramble/plugin.h>

#include <math.h>
#include <string.h>

#define KEEP 0.5
#define LEAK 0.01
enum { FEATURES = 8 };

static const bram_param params[] = {
    {"mask", BRAM_PARAM_CHOICE, "none", "none|connectome|shuffled|random|dense", 0, 0,
     "is taken, so that the task wiring asks, and changes nothing"},
    {.name = NULL},
};

struct model {
    size_t units;
    double *mean, *variance;
};

static void release(void *fitted)
{
    struct model *m = fitted;
    if (!m) return;
    bram_free(m->mean);
    bram_free(m->variance);
    bram_free(m);
}

static bool present(const bram_segment *s, size_t row, size_t unit)
{
    return !s->y_present || s->y_present[row * s->y.cols + unit];
}

static void learn(struct model *m, const bram_panel *train)
{
    for (size_t u = 0; u < m->units; u++) {
        double n = 0, sum = 0, square = 0;
        for (size_t k = 0; k < train->segments; k++) {
            const bram_segment *s = &train->segment[k];
            for (size_t t = s->first; t < s->y.rows; t++) {
                if (!present(s, t, u)) continue;
                double y = bram_row(&s->y, t)[u];
                n++, sum += y, square += y * y;
            }
        }
        m->mean[u] = n > 0 ? sum / n : 0;
        m->variance[u] = fmax(n > 0 ? square / n - m->mean[u] * m->mean[u] : 0, 1e-6);
    }
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)o, (void)validation, (void)seed;
    struct model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->units = train->unit ? bram_axis_length(train->unit) : 0;
    m->mean = bram_alloc(cx, m->units, sizeof *m->mean);
    m->variance = bram_alloc(cx, m->units, sizeof *m->variance);
    if (!m->mean || !m->variance) {
        release(m);
        return BRAM_ENOMEM;
    }
    learn(m, train);
    *fitted = m;
    return BRAM_OK;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* A response with two plain axes, or the panel's units as the second. */
static int add(bram_ctx *cx, bram_dataset *out, const char *name, const char *row, size_t rows,
               const bram_axis *unit, const char *column, size_t cols, double **values)
{
    bram_axis *a = NULL, *b = NULL;
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &a, row, rows);
    if (status == BRAM_OK && !unit) status = bram_axis_new(cx, &b, column, cols);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, name, BRAM_F64, 2,
                                   (const bram_axis *[]){a, unit ? unit : b});
    bram_axis_free(a);
    bram_axis_free(b);
    if (status != BRAM_OK) return status;
    *values = bram_response_f64(r);
    return bram_dataset_add(cx, out, "", r); /* takes it over */
}

/* How far a value is from the mean of its unit; nothing where it is not known. */
static double deviation(const struct model *m, const bram_segment *s, ptrdiff_t row, size_t unit)
{
    if (row < 0 || !present(s, (size_t)row, unit)) return 0;
    double d = bram_row(&s->y, (size_t)row)[unit] - m->mean[unit];
    return isfinite(d) ? d : 0;
}

/* The row after one with these deviations, which are those of that row from here on. */
static void step(double *out, double *d, const struct model *m)
{
    double all = 0;
    for (size_t u = 0; u < m->units; u++) all += d[u];
    for (size_t u = 0; u < m->units; u++) {
        d[u] = KEEP * d[u] + LEAK * (all - d[u]);
        out[u] = m->mean[u] + d[u];
    }
}

static int answer_rows(bram_ctx *cx, const struct model *m, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t n = m->units, rows = s->y.rows - s->first;
    double *values, *d = bram_scratch(cx, n, sizeof *d);
    if (!d) return BRAM_ENOMEM;
    const char *name = q->ask == BRAM_ASK_LOGLIK ? "logdensity" : "mean";
    int status = add(cx, out, name, "row", rows, q->panel->unit, NULL, 0, &values);
    for (size_t t = 0; status == BRAM_OK && t < rows; t++) {
        double *to = values + t * n;
        bool past = q->ask == BRAM_ASK_STEP || q->ask == BRAM_ASK_LOGLIK;
        for (size_t u = 0; u < n; u++)
            d[u] = past ? deviation(m, s, (ptrdiff_t)(s->first + t) - 1, u) : 0;
        step(to, d, m);
        for (size_t u = 0; u < n && q->ask == BRAM_ASK_LOGLIK; u++) {
            double e = deviation(m, s, (ptrdiff_t)(s->first + t), u) - d[u], v = m->variance[u];
            to[u] = -(log(6.283185307179586 * v) + e * e / v) / 2;
        }
    }
    return status;
}

static int answer_runs(bram_ctx *cx, const struct model *m, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    bram_axis *start = NULL, *ahead = NULL;
    bram_response *r = NULL;
    double *d = bram_scratch(cx, m->units, sizeof *d);
    int status = d ? bram_axis_new(cx, &start, "start", q->starts) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_axis_new(cx, &ahead, "step", q->steps);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "mean", BRAM_F64, 3,
                                   (const bram_axis *[]){start, ahead, q->panel->unit});
    bram_axis_free(start);
    bram_axis_free(ahead);
    if (status != BRAM_OK) return status;
    for (size_t i = 0; i < q->starts; i++) {
        for (size_t u = 0; u < m->units; u++) d[u] = deviation(m, s, (ptrdiff_t)q->start[i] - 1, u);
        for (size_t h = 0; h < q->steps; h++)
            step(bram_response_f64(r) + (i * q->steps + h) * m->units, d, m);
    }
    return bram_dataset_add(cx, out, "", r); /* takes it over */
}

/* Two states: the sum of the deviations above zero or below. */
static int answer_states(bram_ctx *cx, const struct model *m, const bram_query *q,
                         bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t rows = s->y.rows - s->first;
    double *values;
    int status = add(cx, out, "posterior", "row", rows, NULL, "state", 2, &values);
    for (size_t t = 0; status == BRAM_OK && t < rows; t++) {
        double sum = 0;
        for (size_t u = 0; u < m->units; u++) sum += deviation(m, s, (ptrdiff_t)(s->first + t), u);
        values[2 * t + (sum > 0)] = 1;
    }
    return status;
}

static int answer_weights(bram_ctx *cx, const struct model *m, bram_dataset *out)
{
    size_t n = m->units;
    double *values;
    int status = add(cx, out, "weights", "from", n, NULL, "to", n, &values);
    for (size_t i = 0; status == BRAM_OK && i < n * n; i++)
        values[i] = i / n == i % n ? KEEP : LEAK * m->variance[i / n];
    return status;
}

/* What an id says of a stimulus: nothing, but another thing of each. */
static int answer_features(bram_ctx *cx, const bram_query *q, bram_dataset *out)
{
    size_t rows = bram_axis_length(q->stimulus);
    bram_axis *feature = NULL;
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &feature, "feature", FEATURES);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "layer", BRAM_F64, 2,
                                   (const bram_axis *[]){q->stimulus, feature});
    bram_axis_free(feature);
    if (status != BRAM_OK) return status;
    for (size_t i = 0; i < rows; i++) {
        double hash = 1;
        for (const char *c = bram_axis_id(q->stimulus, i); *c; c++)
            hash = fmod(31 * hash + *c, 9973);
        for (size_t k = 0; k < FEATURES; k++)
            bram_response_f64(r)[i * FEATURES + k] = sin(hash * (double)(k + 1));
    }
    return bram_dataset_add(cx, out, "", r); /* takes it over */
}

/* One list of numbers: "learning" (measure, named) or "score" (pair). */
static int answer_list(bram_ctx *cx, const bram_query *q, bram_dataset *out)
{
    bool links = q->ask == BRAM_ASK_LINKS;
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &axis, links ? "pair" : "measure", links ? q->pairs : 1);
    if (status == BRAM_OK && !links)
        status = bram_axis_set_ids(cx, axis, (const char *[]){"weight_change"});
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, links ? "score" : "learning", BRAM_F64, 1,
                                   (const bram_axis *[]){axis});
    bram_axis_free(axis);
    if (status != BRAM_OK) return status;
    const bram_graph *g = q->panel->graph;
    for (size_t k = 0; k < bram_response_count(r); k++)
        bram_response_f64(r)[k] = links ? (double)bram_graph_degree(g, q->from[k]) *
                                              (double)bram_graph_degree(g, q->to[k])
                                        : 0.25;
    return bram_dataset_add(cx, out, "", r); /* takes it over */
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    switch (q->ask) {
    case BRAM_ASK_FREE_RUN:
        return answer_runs(cx, fitted, q, out);
    case BRAM_ASK_STATES:
        return answer_states(cx, fitted, q, out);
    case BRAM_ASK_WEIGHTS:
        return answer_weights(cx, fitted, out);
    case BRAM_ASK_FEATURES:
        return answer_features(cx, q, out);
    case BRAM_ASK_LEARNING:
    case BRAM_ASK_LINKS:
        return answer_list(cx, q, out);
    default: /* STEP, LOGLIK, RESPOND, COSMOOTH */
        return answer_rows(cx, fitted, q, out);
    }
}

static const bram_model model = {
    .name = "any-question",
    .summary = "answers every question in the simplest way",
    .source = "an autoregression of order one with two weights for all units",
    .missing = "a value that is missing stands at the mean",
    .version = 1,
    .answers = (BRAM_ANSWERS(BRAM_ASKS) - 1) & ~BRAM_ANSWERS(BRAM_ASK_INSIDE),
    .flags = BRAM_MODEL_OUTSIDE,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
};

static const bram_model *const models[] = {&model, NULL};

extern const bram_plugin bram_plugin_entry;
const bram_plugin bram_plugin_entry = {
    .abi = BRAM_PLUGIN_ABI, .name = "any-question", .models = models};
