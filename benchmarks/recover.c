/*
 * recover.c - data from fitted models; see recover.h.
 */
#include "recover.h"

#include "area.h"
#include "dataset_view.h"
#include "hash.h"
#include "linalg.h"
#include "store.h"
#include "timesplit.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Rows that a forecast looks back on while data are made: what the slowest of our models needs. */
enum { CONTEXT = 64 };

/* Values beyond so many deviations are cut: a fit that is not stable must not overflow. */
static const double FAR = 10;

struct source {
    const bram_benchmark *b;
    const bram_dataset *ds;
    bool stimuli;
};

static bool on_stimuli(const bram_benchmark *b)
{
    return strcmp(b->task, "encoding") == 0 || strcmp(b->task, "geometry") == 0;
}

static int check_task(bram_ctx *cx, const bram_benchmark *b)
{
    bool recordings = strcmp(b->task, "density") == 0 || strcmp(b->task, "forecast") == 0;
    if (!recordings && !on_stimuli(b))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s: models of the task %s make no data that could be scored "
                         "(identifiability: forecast, density, encoding, geometry)",
                         b->name, b->task);
    if (strcmp(b->task, "forecast") == 0 && bram_option_is(b->options, "variant", "across"))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s: a model fitted to several animals does not say on which scale an "
                         "animal is recorded",
                         b->name);
    return BRAM_OK;
}

static int stream_of(bram_ctx *cx, bram_rng *g, const bram_benchmark *b, const char *part)
{
    char *name = bram_strf(cx, "identifiability/%s/%s/%s", b->variation->base,
                           b->variation->generator, part);
    if (!name) return BRAM_ENOMEM;
    *g = bram_rng_new(b->variation->draw, name);
    bram_free(name);
    return BRAM_OK;
}

/* ---- recordings ----------------------------------------------------------------------------- */

typedef enum { NORMAL, BINARY, COUNTS } noise_kind;

struct maker {
    const bram_recording *r;
    bram_fitted *model;
    double *y;         /* rows x units: recorded, then made */
    double *deviation; /* of the residuals of each unit */
    double *low, *high;
    noise_kind noise;
    bram_rng g;
};

/* The one-step mean of row t from the rows before it. */
static int forecast_row(bram_ctx *cx, double *mean, const struct maker *m, size_t begin, size_t t)
{
    const bram_recording *r = m->r;
    size_t first = t - begin > CONTEXT ? t - CONTEXT : begin, units = r->units;
    bram_segment s = {.id = r->id,
                      .y = {m->y + first * units, t - first + 1, units, units},
                      .y_present = r->present + first * units,
                      .first = t - first,
                      .dt = r->dt};
    bram_panel panel = {.unit = r->unit, .segment = &s, .segments = 1};
    bram_query q = {.ask = BRAM_ASK_STEP, .panel = &panel};
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_answer(cx, &answer, m->model, &q));
    const bram_response *said = bram_dataset_response(answer, "mean");
    uint8_t *present = bram_scratch(cx, units, 1);
    int status = present ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && (!said || bram_response_count(said) != units))
        status = bram_fail(cx, BRAM_ESHAPE, "%s does not answer with one row of %zu units",
                           bram_fitted_spec(m->model), units);
    if (status == BRAM_OK)
        status = bram_response_read(cx, said, (size_t[]){0, 0}, (size_t[]){1, units}, mean,
                                    present);
    for (size_t u = 0; status == BRAM_OK && u < units; u++)
        if (!present[u]) mean[u] = (m->low[u] + m->high[u]) / 2;
    bram_dataset_free(answer);
    return status;
}

static double poisson(bram_rng *g, double rate)
{
    double product = bram_rng_uniform(g), limit = exp(-fmin(rate, 500));
    double k = 0;
    for (; product > limit; k++) product *= bram_rng_uniform(g);
    return k;
}

static double draw(struct maker *m, size_t u, double mean)
{
    if (m->noise == BINARY) return bram_rng_uniform(&m->g) < mean;
    if (m->noise == COUNTS) return mean > 0 ? poisson(&m->g, mean) : 0;
    double value = mean + m->deviation[u] * bram_rng_normal(&m->g);
    return fmin(fmax(value, m->low[u]), m->high[u]);
}

static int make_rows(bram_ctx *cx, struct maker *m)
{
    size_t units = m->r->units, mark = bram_scratch_mark(cx);
    double *mean = bram_scratch(cx, units, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    for (size_t p = 0; p < m->r->pieces; p++) {
        size_t begin = m->r->piece[p], end = m->r->piece[p + 1];
        size_t start = (end - begin) / 8 < CONTEXT ? (end - begin) / 8 : CONTEXT;
        for (size_t t = begin + start; t < end; t++) {
            size_t inner = bram_scratch_mark(cx);
            BRAM_TRY(bram_ctx_check_cancel(cx));
            BRAM_TRY(forecast_row(cx, mean, m, begin, t));
            for (size_t u = 0; u < units; u++) m->y[t * units + u] = draw(m, u, mean[u]);
            bram_scratch_release(cx, inner);
        }
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* Residual deviation on the training part, and where values are cut. */
static int measure(bram_ctx *cx, struct maker *m, const bram_slice *train)
{
    const bram_recording *r = m->r;
    size_t units = r->units;
    double *square = bram_scratch(cx, 4 * units, sizeof *square), *count = square + units;
    double *sum = count + units, *power = sum + units;
    m->deviation = bram_scratch(cx, units, sizeof *m->deviation);
    m->low = bram_scratch(cx, units, sizeof *m->low);
    m->high = bram_scratch(cx, units, sizeof *m->high);
    if (!square || !m->deviation || !m->low || !m->high) return BRAM_ENOMEM;
    bool whole = true, small = true;
    for (size_t k = 0; k < train->panel.segments; k++) {
        const bram_segment *s = &train->segment[k];
        size_t rows = s->y.rows - s->first;
        double *mean = bram_scratch(cx, rows * units, sizeof *mean);
        uint8_t *present = bram_scratch(cx, rows * units, 1);
        if (!mean || !present) return BRAM_ENOMEM;
        bram_slice one = *train;
        one.segment = &train->segment[k];
        one.panel.segment = one.segment, one.panel.segments = 1;
        BRAM_TRY(bram_ask_targets(cx, mean, present, m->model, &one,
                                  (bram_query){.ask = BRAM_ASK_STEP}, "mean"));
        for (size_t i = 0; i < rows * units; i++) {
            size_t u = i % units, t = s->first + i / units;
            if (!s->y_present[t * units + u] || !present[i]) continue;
            double y = bram_row(&s->y, t)[u];
            whole &= y >= 0 && y == floor(y), small &= y <= 1;
            square[u] += (y - mean[i]) * (y - mean[i]);
            count[u]++, sum[u] += y, power[u] += y * y;
        }
    }
    for (size_t u = 0; u < units; u++) {
        double n = fmax(count[u], 1), centre = sum[u] / n;
        double spread = sqrt(fmax(power[u] / n - centre * centre, 0));
        m->deviation[u] = sqrt(square[u] / n);
        m->low[u] = centre - FAR * spread, m->high[u] = centre + FAR * spread;
    }
    m->noise = !whole ? NORMAL : small ? BINARY : COUNTS;
    return BRAM_OK;
}

static int make_recording(bram_ctx *cx, double **out, const struct source *s, const char *id)
{
    bram_recording r = {0};
    bram_timesplit split = {0};
    struct maker m = {.r = &r};
    BRAM_TRY(bram_recording_read(cx, &r, s->ds, id, bram_option_text(s->b->options, "response")));
    m.y = bram_alloc(cx, r.rows * r.units, sizeof *m.y);
    int status = m.y ? stream_of(cx, &m.g, s->b, id) : BRAM_ENOMEM;
    if (status == BRAM_OK) memcpy(m.y, r.values, r.rows * r.units * sizeof *m.y);
    if (status == BRAM_OK) status = bram_timesplit_make(cx, &split, &r, s->b->options);
    if (status == BRAM_OK)
        status = bram_fitted_new(cx, &m.model, s->b->variation->generator, &split.train.panel,
                                 bram_timesplit_validation(&split), 0);
    if (status == BRAM_OK) status = measure(cx, &m, &split.train);
    if (status == BRAM_OK) status = make_rows(cx, &m);
    bram_fitted_free(m.model);
    bram_timesplit_release(&split);
    bram_recording_release(&r);
    if (status == BRAM_OK) *out = m.y;
    else bram_free(m.y);
    return status;
}

/* ---- responses to stimuli ------------------------------------------------------------------- */

/* The features of the generator for these stimuli. */
static int read_features(bram_ctx *cx, bram_side *x, bram_dataset **features,
                         const struct source *s, const bram_area *area)
{
    const char *generator = s->b->variation->generator;
    bram_panel panel = {.public_data = s->ds};
    bram_fitted *f = NULL;
    BRAM_TRY(bram_fitted_new(cx, &f, generator, &panel, NULL, 0));
    int status = bram_area_features(cx, x, features, f, &panel, area->stimulus);
    bram_fitted_free(f);
    if (status == BRAM_OK && x->is_rdm)
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                           "%s is a dissimilarity matrix: it makes no data", generator);
    return status;
}

/* What the generator says of each stimulus and unit, fitted to all of them: by itself where it
 * answers with responses (mean), else by ridge from its features. */
static int fit_signal(bram_ctx *cx, double *signal, const struct source *s, const bram_area *area,
                      const bram_side *mean)
{
    const bram_model *model;
    bram_panel panel;
    bram_fitted *f = NULL;
    bram_dataset *features = NULL, *answer = NULL;
    bram_side x = {0};
    BRAM_TRY(bram_model_parse(cx, &model, NULL, NULL, s->b->variation->generator));
    bool responds = model->answers & BRAM_ANSWERS(BRAM_ASK_RESPOND);
    int status = responds ? BRAM_OK : read_features(cx, &x, &features, s, area);
    bram_segment segment = {.id = "made",
                            .row = area->stimulus,
                            .y = mean->values,
                            .y_present = mean->present,
                            .x = x.values,
                            .x_present = x.present};
    panel = (bram_panel){.unit = area->unit,
                         .input = x.column,
                         .public_data = s->ds,
                         .segment = &segment,
                         .segments = 1};
    bram_query q = {.ask = BRAM_ASK_RESPOND, .panel = &panel};
    if (status == BRAM_OK)
        status = bram_fitted_new(cx, &f, responds ? s->b->variation->generator : "ridge", &panel,
                                 NULL, 0);
    if (status == BRAM_OK) status = bram_fitted_answer(cx, &answer, f, &q);
    if (status == BRAM_OK)
        status = bram_response_read(cx, bram_dataset_response(answer, "mean"), (size_t[]){0, 0},
                                    (size_t[]){area->stimuli, area->units}, signal, NULL);
    bram_fitted_free(f);
    bram_dataset_free(answer);
    bram_dataset_free(features);
    return status;
}

/* The deviation of a repeat of unit u about its mean over repeats; of the residuals, with one. */
static double noise_of(const bram_area *a, const bram_side *mean, const double *signal, size_t u)
{
    double square = 0, free_values = 0;
    for (size_t i = 0; i < a->stimuli; i++) {
        double n = 0, own = 0;
        for (size_t k = 0; k < a->repeats; k++) {
            size_t at = (i * a->units + u) * a->repeats + k;
            if (!a->present[at]) continue;
            double centre = a->repeats > 1 ? bram_row(&mean->values, i)[u]
                                           : signal[i * a->units + u];
            n++, own += (a->values[at] - centre) * (a->values[at] - centre);
        }
        square += own;
        free_values += a->repeats > 1 ? fmax(n - 1, 0) : n;
    }
    return free_values > 0 ? sqrt(square / free_values) : 0;
}

static int make_area(bram_ctx *cx, double **out, const struct source *s, const char *id)
{
    bram_area a = {0};
    bram_side mean;
    bram_rng g;
    double *made = NULL;
    BRAM_TRY(bram_area_read(cx, &a, s->ds, id));
    int status = a.is_rdm ? bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                      "%s holds dissimilarities: no model makes them", id)
                          : bram_area_mean(cx, &mean, &a);
    double *signal = status == BRAM_OK ? bram_scratch(cx, a.stimuli * a.units, sizeof *signal)
                                       : NULL;
    if (status == BRAM_OK && !signal) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = fit_signal(cx, signal, s, &a, &mean);
    if (status == BRAM_OK) status = stream_of(cx, &g, s->b, id);
    if (status == BRAM_OK) {
        made = bram_alloc(cx, a.stimuli * a.units * a.repeats, sizeof *made);
        if (!made) status = BRAM_ENOMEM;
    }
    for (size_t u = 0; status == BRAM_OK && u < a.units; u++) {
        double deviation = noise_of(&a, &mean, signal, u);
        for (size_t i = 0; i < a.stimuli; i++)
            for (size_t k = 0; k < a.repeats; k++)
                made[(i * a.units + u) * a.repeats + k] = signal[i * a.units + u] +
                                                          deviation * bram_rng_normal(&g);
    }
    bram_area_release(&a);
    if (status == BRAM_OK) *out = made;
    return status;
}

/* ---- the dataset ---------------------------------------------------------------------------- */

/* The part whose response this is; NULL for another. */
static const char *part_of(const struct source *s, const char *path, char part[256])
{
    const char *group = s->stimuli ? "responses/" : "recordings/";
    if (strncmp(path, group, strlen(group)) != 0) return NULL;
    const char *rest = path + strlen(group), *slash = strchr(rest, '/');
    size_t length = slash ? (size_t)(slash - rest) : strlen(rest);
    if (length >= 256) return NULL;
    if (s->stimuli ? slash != NULL
                   : !slash || strcmp(slash + 1, bram_option_text(s->b->options, "response")) != 0)
        return NULL;
    memcpy(part, rest, length);
    part[length] = 0;
    for (size_t i = 0; s->b->part_count && strcmp(s->b->parts[i], part) != 0; i++)
        if (i + 1 == s->b->part_count) return NULL;
    return part;
}

static int choose(bram_ctx *cx, void *user, bram_view_choice *out, const char *path,
                  const bram_response *r)
{
    (void)r;
    const struct source *s = user;
    char name[256];
    const char *part = part_of(s, path, name);
    if (!part) return BRAM_OK;
    return s->stimuli ? make_area(cx, &out->instead, s, part)
                      : make_recording(cx, &out->instead, s, part);
}

int bram_recover_data(bram_ctx *cx, bram_dataset **out, const bram_benchmark *b,
                      const bram_dataset *ds)
{
    struct source s = {b, ds, on_stimuli(b)};
    bram_view_rule rule = {.response = choose, .user = &s};
    BRAM_TRY(check_task(cx, b));
    int status = bram_dataset_view(cx, out, ds, &rule);
    if (status == BRAM_OK) return BRAM_OK;
    return bram_fail_prefix(cx, status, "data made by %s", b->variation->generator);
}

/* ---- the variations ------------------------------------------------------------------------- */

static int add_one(bram_ctx *cx, bram_variations *list, const bram_benchmark *b, const char *model,
                   uint64_t draw)
{
    char hex[65];
    bram_benchmark *c = NULL;
    BRAM_TRY(bram_sha256(cx, hex, model, strlen(model)));
    char *label = bram_strf(cx, "from=%.12s,draw=%llu", hex, (unsigned long long)draw);
    if (!label) return BRAM_ENOMEM;
    int status = bram_variation_new(cx, &c, b, "identifiability", label);
    bram_free(label);
    BRAM_TRY(status);
    c->variation->draw = draw;
    c->variation->generator = bram_strdup(cx, model);
    if (c->variation->generator) return bram_variations_add(cx, list, c);
    bram_benchmark_free(c);
    return BRAM_ENOMEM;
}

int bram_recover_add(bram_ctx *cx, bram_variations *list, const bram_benchmark *b,
                     const char *const *models, size_t model_count, size_t draws)
{
    BRAM_TRY(check_task(cx, b));
    for (size_t i = 0; i < b->model_count + model_count; i++) {
        const char *spec = i < b->model_count ? b->models[i] : models[i - b->model_count];
        bram_entrant e = {0};
        BRAM_TRY(bram_entrant_find(cx, &e, b, spec));
        int status = BRAM_OK;
        for (size_t k = 0; k < draws && status == BRAM_OK; k++)
            status = add_one(cx, list, b, e.canonical, k);
        bram_free(e.canonical);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}
