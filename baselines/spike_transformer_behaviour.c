/*
 * spike_transformer_behaviour.c - what an animal does, from spikes as tokens: a spike-token
 * transformer is trained to tell the counts from their past, without any behaviour, and then tuned
 * on the rows whose behaviour is known; after Neuroformer (Antoniades et al. 2023). See
 * spike_tokens.h.
 *
 * Here x are the counts and y is the behaviour. The window of a row is the `span` rows that end
 * with it; its features are the mean of what the decoder gives for its tokens, the start among
 * them:
 *
 *   behaviour = mean + sd (W mean of h_k + b)
 *
 * Tuning minimises the squared error of z-scored behaviour over the rows that have any, by W, b and
 * (tune=all) every other parameter. The best parameters by the labelled rows of validation are
 * kept. Of checkpoint=FILE the first training keeps its end until the second, which has
 * FILE.tuning, is done.
 */
#include "forecast.h"
#include "linalg.h"
#include "network_checkpoint.h"
#include "spike_tokens.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* A row whose behaviour is known. */
struct label {
    const bram_token_source *source;
    size_t row;
};

struct labels {
    struct label *label;
    size_t count;
};

struct tuning {
    const bram_token_net *n;
    struct labels train, validation;
};

/* ---- a window and its features -------------------------------------------------------------- */

struct view {
    bram_token_batch b;
    bram_nn32_tokens_out out;
    float *room;
    double *feature, *value; /* width; targets: z-scored */
};

static const float *head_of(const bram_token_net *n)
{
    return n->parameter + n->parameters - n->targets * (n->shape.width + 1);
}

/* The window that ends with a row goes through; dropout where a step is given. */
static int look_at(bram_ctx *cx, struct view *v, const bram_token_net *n, const struct label *at,
                   bool training, uint64_t step, uint64_t first)
{
    size_t width = n->shape.width, span = n->shape.span;
    size_t rows = at->row + 1 < span ? at->row + 1 : span;
    bram_token_window w = {at->source, at->row + 1 - rows, rows};
    const float *head = head_of(n), *bias = head + n->targets * width;
    BRAM_TRY(bram_token_batch_make(cx, &v->b, n, &w, 1));
    v->b.pass.training = training, v->b.pass.seed = n->seed, v->b.pass.step = step;
    v->b.pass.first = first * (span * n->shape.units + 1);
    v->room = bram_scratch(cx, bram_nn32_tokens_room(&n->shape, &v->b.pass), sizeof *v->room);
    v->feature = bram_scratch(cx, width, sizeof *v->feature);
    v->value = bram_scratch(cx, n->targets, sizeof *v->value);
    if (!v->room || !v->feature || !v->value) return BRAM_ENOMEM;
    bram_nn32_tokens(&n->shape, n->parameter, &v->b.pass, v->room, &v->out);
    for (size_t k = 0; k < v->b.pass.rows; k++)
        for (size_t i = 0; i < width; i++)
            v->feature[i] += (double)v->out.h[k * width + i] / (double)v->b.pass.rows;
    for (size_t t = 0; t < n->targets; t++) {
        v->value[t] = (double)bias[t];
        for (size_t i = 0; i < width; i++)
            v->value[t] += (double)head[t * width + i] * v->feature[i];
    }
    return bram_ctx_check_cancel(cx);
}

static bool known(const struct label *at, size_t target)
{
    const bram_segment *s = at->source->s;
    return !s->y_present || s->y_present[at->row * s->y.cols + target];
}

/* The squared error of a row, with the errors in v->value; *counted: of how many targets. */
static double error_of(const bram_token_net *n, struct view *v, const struct label *at,
                       double *counted)
{
    double sum = 0;
    for (size_t t = 0; t < n->targets; t++) {
        double y = known(at, t) ? bram_row(&at->source->s->y, at->row)[t] : 0;
        double z = (y - n->target.data[t]) / bram_row(&n->target, 1)[t];
        v->value[t] = known(at, t) ? v->value[t] - z : 0;
        sum += v->value[t] * v->value[t];
        *counted += known(at, t);
    }
    return sum;
}

/* From the errors in v->value: adds to the gradient. */
static void tune_back(const bram_token_net *n, struct view *v, float *gradient, double scale)
{
    size_t width = n->shape.width, rows = v->b.pass.rows;
    const float *head = head_of(n);
    float *dhead = gradient + (head - n->parameter), *dbias = dhead + n->targets * width;
    memset(v->out.dh, 0, rows * width * sizeof *v->out.dh);
    for (size_t t = 0; t < n->targets; t++) {
        double d = 2 * v->value[t] * scale;
        dbias[t] += (float)d;
        for (size_t i = 0; i < width; i++) {
            dhead[t * width + i] += (float)(d * v->feature[i]);
            v->out.dh[i] += (float)(d * (double)head[t * width + i] / (double)rows);
        }
    }
    for (size_t k = 1; k < rows; k++)
        memcpy(v->out.dh + k * width, v->out.dh, width * sizeof *v->out.dh);
    bram_nn32_tokens_back_from(&n->shape, n->parameter, gradient, &v->b.pass, v->room, &v->out);
}

/* ---- tuning --------------------------------------------------------------------------------- */

static int tuning_loss(bram_ctx *cx, double *sum, double *counted, const void *user,
                       const size_t *place, size_t windows, float *gradient, double scale,
                       uint64_t step, size_t first)
{
    const struct tuning *t = user;
    *sum = *counted = 0;
    for (size_t k = 0; k < windows; k++) {
        const struct label *at = &t->train.label[place[k]];
        struct view v;
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(look_at(cx, &v, t->n, at, gradient != NULL, step, first + k));
        *sum += error_of(t->n, &v, at, counted);
        if (gradient) tune_back(t->n, &v, gradient, scale);
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

struct held {
    const struct tuning *t;
    double *sum, *counted;
};

static int held_task(bram_ctx *cx, size_t task, void *user)
{
    struct held *h = user;
    struct view v;
    const struct label *at = &h->t->validation.label[task];
    BRAM_TRY(look_at(cx, &v, h->t->n, at, false, 0, 0));
    h->sum[task] = error_of(h->t->n, &v, at, &h->counted[task]);
    return BRAM_OK;
}

static int tuning_validate(bram_ctx *cx, double *mean, const void *user)
{
    const struct tuning *t = user;
    size_t count = t->validation.count, mark = bram_scratch_mark(cx);
    struct held h = {t, bram_scratch(cx, count, sizeof *h.sum),
                     bram_scratch(cx, count, sizeof *h.counted)};
    if (!h.sum || !h.counted) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, count, held_task, &h));
    double sum = 0, counted = 0;
    for (size_t k = 0; k < count; k++) sum += h.sum[k], counted += h.counted[k];
    *mean = counted > 0 ? sum / counted : (double)NAN;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* Target rows with any behaviour. */
static int find_labels(bram_ctx *cx, struct labels *out, const bram_token_net *n,
                       const bram_panel *panel)
{
    bram_token_source *source = NULL;
    size_t rows = 0;
    BRAM_TRY(bram_token_sources(cx, &source, n, panel, true));
    for (size_t s = 0; s < panel->segments; s++) rows += source[s].rows;
    out->label = bram_scratch(cx, rows + 1, sizeof *out->label);
    if (!out->label) return BRAM_ENOMEM;
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        for (size_t r = g->first; r < g->y.rows; r++) {
            struct label at = {&source[s], r};
            bool any = false;
            for (size_t t = 0; t < n->targets; t++) {
                if (!known(&at, t)) continue;
                any = true;
                if (!isfinite(bram_row(&g->y, r)[t]))
                    return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu of variable %zu is %g",
                                     g->id ? g->id : "segment", r, t, bram_row(&g->y, r)[t]);
            }
            if (any) out->label[out->count++] = at;
        }
    }
    return BRAM_OK;
}

static int tune(bram_ctx *cx, bram_token_net *n, const bram_options *o, const bram_panel *train,
                const bram_panel *validation)
{
    struct tuning t = {.n = n};
    BRAM_TRY(find_labels(cx, &t.train, n, train));
    if (validation) BRAM_TRY(find_labels(cx, &t.validation, n, validation));
    char key[BRAM_CHECKPOINT_KEY];
    BRAM_TRY(bram_checkpoint_key(cx, key, "spike-transformer-behaviour/tuning", o, n->seed, train,
                                 validation));
    double batch = (double)bram_option_integer(o, "batch");
    bram_token_job job = {.name = "tokens/labels",
                          .places = t.train.count,
                          .loss = tuning_loss,
                          .validate = t.validation.count ? tuning_validate : NULL,
                          .scale = 1 / (batch * (double)n->targets),
                          .fixed = bram_option_is(o, "tune", "head") ? n->tensors - 2 : 0,
                          .suffix = ".tuning",
                          .user = &t};
    return bram_token_train(cx, n, &n->tuning, &job, o,
                            (size_t)bram_option_integer(o, "tune_steps"),
                            bram_option_real(o, "tune_rate"), key);
}

/* ---- the model ------------------------------------------------------------------------------ */

static int fit_all(bram_ctx *cx, bram_token_net *n, const bram_options *o, const bram_panel *train,
                   const bram_panel *validation)
{
    BRAM_TRY(bram_token_net_scale(cx, n, train, true));
    bram_token_net_start(n, n->seed);
    if (bram_option_flag(o, "pretrain"))
        BRAM_TRY(
            bram_token_pretrain(cx, n, o, train, validation, true, "spike-transformer-behaviour"));
    BRAM_TRY(tune(cx, n, o, train, validation));
    if (!bram_ctx_finish(cx)) /* of the first training */
        bram_checkpoint_remove(&(bram_checkpoint){.path = bram_option_text(o, "checkpoint")});
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    bram_token_net *n = NULL;
    double *mean = NULL;
    BRAM_TRY(bram_forecast_means(cx, &mean, train)); /* refuses panels without rows or targets */
    bram_free(mean);
    if (!train->segment[0].x.cols)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "there are no counts to tell from");
    BRAM_TRY(bram_token_net_new(cx, &n, o, train->segment[0].x.cols, 0, train->segment[0].y.cols));
    n->seed = seed;
    size_t mark = bram_scratch_mark(cx);
    int status = fit_all(cx, n, o, train, validation);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = n;
    else bram_token_net_free(n);
    return status;
}

struct answers {
    const bram_token_net *n;
    const bram_token_source *source;
    double *value; /* target rows x targets */
};

/* Task: a target row. */
static int one_row(bram_ctx *cx, size_t task, void *user)
{
    const struct answers *a = user;
    const bram_token_net *n = a->n;
    struct view v;
    struct label at = {a->source, a->source->first + task};
    BRAM_TRY(look_at(cx, &v, n, &at, false, 0, 0));
    for (size_t t = 0; t < n->targets; t++)
        a->value[task * n->targets + t] = n->target.data[t] +
                                          bram_row(&n->target, 1)[t] * v.value[t];
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_token_net *n = fitted;
    const bram_segment *s = &q->panel->segment[q->segment];
    bram_token_source source;
    bram_response *r = NULL;
    size_t mark = bram_scratch_mark(cx);
    if (bram_axis_length(q->panel->unit) != n->targets)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         bram_axis_length(q->panel->unit), n->targets);
    BRAM_TRY(bram_token_source_make(cx, &source, n, s, true));
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, q->panel->unit));
    struct answers a = {n, &source, bram_response_f64(r)};
    int status = bram_parallel_for(cx, s->y.rows - s->first, one_row, &a);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    bram_token_net *n = NULL;
    BRAM_TRY(bram_token_net_load(cx, &n, o, in));
    *fitted = n;
    return BRAM_OK;
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)units;
    return bram_token_net_memory(o, rows, inputs, 0);
}

static const bram_param params[] = {
    BRAM_TOKEN_SHAPE_PARAMS,
    {"pretrain", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "learn to tell the counts first"},
    {"tune", BRAM_PARAM_CHOICE, "all", "all|head", 0, 0, "what the labelled rows change"},
    {"tune_steps", BRAM_PARAM_INTEGER, "500", NULL, 1, 100000000, "of tuning, at most"},
    {"tune_rate", BRAM_PARAM_REAL, "0.001", NULL, 0, 10, "learning rate of tuning"},
    BRAM_TOKEN_TRAINING_PARAMS,
    {.name = NULL},
};

const bram_model bram_model_spike_transformer_behaviour = {
    .name = "spike-transformer-behaviour",
    .summary = "behaviour from spikes as tokens: trained on counts, tuned on what is labelled",
    .source = "Antoniades et al. 2023 (Neuroformer)",
    .missing = "a missing count is no token; rows without behaviour are trained on, not tuned on",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_NEEDS_INPUT | BRAM_MODEL_FINISHES |
             BRAM_MODEL_LOOKS_BACK,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = bram_token_net_save,
    .load = load,
    .release = bram_token_net_free,
    .memory = memory,
};
