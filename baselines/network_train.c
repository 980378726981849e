/*
 * network_train.c - the training of recurrent networks; see network.h.
 *
 * Each step draws `batch` windows of window + 1 rows that lie within a segment, at random starts;
 * states begin at 0, the first `burn` rows have no loss. The batch is cut into two fixed halves,
 * each a task with a gradient of its own; these are added in their order, so that any number of
 * threads gives the same bits. AdamW with clipped gradients, the rate rising over 5 % of the steps
 * and then falling along a cosine to a tenth. Every `check` steps the loss on the validation panel,
 * each segment in one go; the best parameters are kept, and `patience` checks without a better one
 * end the training. All that random numbers depend on is the seed and the step.
 */
#include "hash.h"
#include "linalg.h"
#include "network.h"
#include "nn_layer.h"
#include "nn_loss.h"
#include "nn_step.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HALVES = 2, NUMBERS = 4 };

/* One half of a batch: what goes in, what is wanted, what the way forward leaves. */
struct half {
    size_t batch;
    float *x, *target, *out, *gradient; /* steps, batch, inputs; the others units */
    uint8_t *mask;                      /* as target */
    bram_nn32_cell_trace trace[BRAM_NETWORK_MOST_LAYERS];
    float *dh, *dc;  /* batch, hidden */
    float *dy, *dx;  /* steps, batch, hidden */
    float *dweights; /* parameters */
    double loss;
    size_t counted;
};

struct training {
    bram_network *n;
    const bram_panel *train, *validation;
    size_t window, burn, batch, steps, check, patience;
    bram_nn_rule rule;
    double most; /* norm of gradients */
    uint64_t seed;
    const char *checkpoint;
    char key[65];
    size_t places; /* where windows may begin, in all segments */
    struct half half[HALVES];
    double scale; /* 1 / values that count in this step */
    float *m, *v, *best;
    double
        number[NUMBERS]; /* steps done, checks without a better one, best loss, rows of history */
};

/* ---- memory --------------------------------------------------------------------------------- */

static int make_half(bram_ctx *cx, struct half *h, const struct training *t, size_t batch)
{
    const bram_network *n = t->n;
    size_t rows = t->window * batch, gates = bram_nn32_gates(n->cell) * n->hidden;
    size_t state = (t->window + 1) * batch * n->hidden;
    h->batch = batch;
    h->x = bram_scratch(cx, rows, bram_network_inputs(n) * sizeof(float));
    h->target = bram_scratch(cx, rows, 3 * n->units * sizeof(float));
    h->mask = bram_scratch(cx, rows, n->units);
    h->dh = bram_scratch(cx, batch, 2 * n->hidden * sizeof(float));
    h->dy = bram_scratch(cx, rows, 2 * n->hidden * sizeof(float));
    h->dweights = bram_scratch(cx, n->parameters, sizeof(float));
    if (!h->x || !h->target || !h->mask || !h->dh || !h->dy || !h->dweights) return BRAM_ENOMEM;
    h->out = h->target + rows * n->units, h->gradient = h->out + rows * n->units;
    h->dc = h->dh + batch * n->hidden, h->dx = h->dy + rows * n->hidden;
    for (size_t k = 0; k < n->layers; k++) {
        bram_nn32_cell_trace *c = &h->trace[k];
        c->h = bram_scratch(cx, state, 2 * sizeof(float));
        c->gates = bram_scratch(cx, rows, 2 * gates * sizeof(float));
        if (!c->h || !c->gates) return BRAM_ENOMEM;
        c->c = n->cell == BRAM_CELL_LSTM ? c->h + state : NULL;
        c->side = n->cell == BRAM_CELL_RNN ? NULL : c->gates + rows * gates;
    }
    return BRAM_OK;
}

/* ---- windows -------------------------------------------------------------------------------- */

/* Row `row` of a segment as the target of the step before it. */
static size_t put_target(const bram_network *n, float *target, uint8_t *mask, const bram_segment *s,
                         size_t row, bool counts, const float *input)
{
    size_t counted = 0;
    for (size_t i = 0; i < n->units; i++) {
        bool there = !s->y_present || s->y_present[row * n->units + i];
        double y = bram_row(&s->y, row)[i];
        mask[i] = counts && there;
        counted += mask[i];
        if (!mask[i]) target[i] = 0;
        else if (n->counts) target[i] = (float)y;
        else target[i] = (float)((y - n->mean.data[i]) / n->scale.data[i]);
        if (mask[i] && n->increment) target[i] -= input[i];
    }
    return counted;
}

/* Rows first .. first + steps - 1 of a segment into place b of a half, each with the next as
 * target. The first `burn` targets do not count, nor those that are context. */
static void put_window(const struct training *t, struct half *h, size_t b, const bram_segment *s,
                       size_t first, size_t steps, size_t burn)
{
    const bram_network *n = t->n;
    size_t inputs = bram_network_inputs(n);
    for (size_t k = 0; k < steps; k++) {
        size_t at = k * h->batch + b, row = first + k;
        float *u = h->x + at * inputs;
        bram_network_input(n, u, bram_row(&s->y, row),
                           s->y_present ? s->y_present + row * n->units : NULL);
        bool counts = k >= burn && row + 1 >= s->first;
        h->counted += put_target(n, h->target + at * n->units, h->mask + at * n->units, s, row + 1,
                                 counts, u);
    }
}

static void draw_batch(struct training *t, uint64_t step)
{
    bram_rng g = bram_rng_at(t->seed, "network/windows", step);
    size_t counted = 0;
    for (size_t k = 0; k < HALVES; k++) {
        struct half *h = &t->half[k];
        h->counted = 0;
        for (size_t b = 0; b < h->batch; b++) {
            size_t place = bram_rng_below(&g, t->places), s = 0;
            for (;; s++) {
                size_t rows = t->train->segment[s].y.rows;
                size_t here = rows > t->window ? rows - t->window : 0;
                if (place < here) break;
                place -= here;
            }
            put_window(t, h, b, &t->train->segment[s], place, t->window, t->burn);
        }
        counted += h->counted;
    }
    t->scale = counted ? 1 / (double)counted : 0;
}

/* ---- a step --------------------------------------------------------------------------------- */

static bram_nn_recurrent shape_of(const bram_network *n, const struct half *h, size_t steps,
                                  size_t layer)
{
    return (bram_nn_recurrent){n->cell, steps, h->batch, layer ? n->hidden : bram_network_inputs(n),
                               n->hidden};
}

static const float *input_of(const bram_network *n, const struct half *h, size_t layer)
{
    return layer ? h->trace[layer - 1].h + h->batch * n->hidden : h->x;
}

/* From the states that stand at the beginning of the traces. */
static void forward(const bram_network *n, struct half *h, size_t steps)
{
    for (size_t k = 0; k < n->layers; k++) {
        bram_nn_recurrent shape = shape_of(n, h, steps, k);
        bram_nn32_cell_weights w = bram_network_cells(n, n->parameter, k);
        bram_nn32_recurrent(&shape, &w, input_of(n, h, k), &h->trace[k]);
    }
    const float *w = n->parameter + bram_network_readout(n);
    bram_nn32_linear(h->out, input_of(n, h, n->layers), w, w + n->units * n->hidden,
                     steps * h->batch, n->hidden, n->units);
}

static bram_nn_loss loss_of(const bram_network *n)
{
    return n->counts ? BRAM_LOSS_POISSON_RATE : BRAM_LOSS_MSE;
}

static void zero_states(const bram_network *n, struct half *h)
{
    for (size_t k = 0; k < n->layers; k++) {
        memset(h->trace[k].h, 0, h->batch * n->hidden * sizeof(float));
        if (h->trace[k].c) memset(h->trace[k].c, 0, h->batch * n->hidden * sizeof(float));
    }
}

static int half_step(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    struct half *h = &t->half[task];
    const bram_network *n = t->n;
    size_t rows = t->window * h->batch, readout = bram_network_readout(n);
    (void)cx;
    zero_states(n, h);
    forward(n, h, t->window);
    h->loss = bram_nn32_loss(h->gradient, h->out, h->target, h->mask, rows * n->units, loss_of(n),
                             1, t->scale);
    memset(h->dweights, 0, n->parameters * sizeof *h->dweights);
    bram_nn32_linear_back(
        h->dy, h->dweights + readout, h->dweights + readout + n->units * n->hidden, h->gradient,
        input_of(n, h, n->layers), n->parameter + readout, rows, n->hidden, n->units);
    for (size_t k = n->layers; k-- > 0;) {
        bram_nn_recurrent shape = shape_of(n, h, t->window, k);
        bram_nn32_cell_weights w = bram_network_cells(n, n->parameter, k);
        bram_nn32_cell_weights dw = bram_network_cells(n, h->dweights, k);
        memset(h->dh, 0, 2 * h->batch * n->hidden * sizeof *h->dh);
        bram_nn32_recurrent_back(&shape, &w, &dw, k ? h->dx : NULL, h->dh, h->dc, h->dy,
                                 input_of(n, h, k), &h->trace[k]);
        float *last = h->dy;
        h->dy = h->dx, h->dx = last;
    }
    return BRAM_OK;
}

/* A gradient that is no number ends the training: which, and when. */
static int check_gradient(bram_ctx *cx, const struct training *t, const float *g, uint64_t step)
{
    for (size_t k = 0; k < t->n->tensors; k++) {
        const bram_tensor *x = &t->n->tensor[k];
        for (size_t i = 0; i < x->rows * (x->cols ? x->cols : 1); i++)
            if (!isfinite(g[x->at + i]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "step %llu: the gradient of %s.%s is %g; a smaller rate may help",
                                 (unsigned long long)step, x->group, x->name, (double)g[x->at + i]);
    }
    return BRAM_OK;
}

static int take_step(bram_ctx *cx, struct training *t, uint64_t step, double *loss)
{
    bram_network *n = t->n;
    draw_batch(t, step);
    BRAM_TRY(bram_parallel_for(cx, HALVES, half_step, t));
    float *g = t->half[0].dweights;
    for (size_t i = 0; i < n->parameters; i++) g[i] += t->half[1].dweights[i];
    double norm = sqrt(bram_nn32_squares(g, n->parameters));
    if (!isfinite(norm)) BRAM_TRY(check_gradient(cx, t, g, step));
    float factor = (float)bram_nn32_clip(norm, t->most);
    for (size_t i = 0; i < n->parameters; i++) g[i] *= factor;
    bram_nn_rule rule = t->rule;
    rule.rate = bram_nn32_schedule(t->rule.rate, 0.1, step, t->steps / 20, t->steps);
    for (size_t k = 0; k < n->tensors; k++) {
        size_t at = n->tensor[k].at, cols = n->tensor[k].cols;
        rule.decay = cols ? t->rule.decay : 0;
        bram_nn32_step(n->parameter + at, g + at, t->m + at, t->v + at,
                       n->tensor[k].rows * (cols ? cols : 1), &rule, step);
    }
    *loss = (t->half[0].loss + t->half[1].loss) * t->scale;
    return BRAM_OK;
}

/* ---- validation ----------------------------------------------------------------------------- */

/* Carries the last states of a piece of `steps` rows over to the next. */
static void carry_states(const bram_network *n, struct half *h, size_t steps)
{
    size_t state = h->batch * n->hidden;
    for (size_t k = 0; k < n->layers; k++) {
        memmove(h->trace[k].h, h->trace[k].h + steps * state, state * sizeof(float));
        if (h->trace[k].c)
            memmove(h->trace[k].c, h->trace[k].c + steps * state, state * sizeof(float));
    }
}

/* The mean loss over the validation panel; NaN where nothing counts. */
static int validate(bram_ctx *cx, struct training *t, double *loss)
{
    struct half h = t->half[0];
    double sum = 0;
    h.batch = 1, h.counted = 0;
    for (size_t s = 0; s < t->validation->segments; s++) {
        const bram_segment *g = &t->validation->segment[s];
        zero_states(t->n, &h);
        for (size_t row = 0; row + 1 < g->y.rows;) {
            size_t left = g->y.rows - 1 - row, steps = left < t->window ? left : t->window;
            put_window(t, &h, 0, g, row, steps, 0);
            forward(t->n, &h, steps);
            sum += bram_nn32_loss(NULL, h.out, h.target, h.mask, steps * t->n->units, loss_of(t->n),
                                  1, 1);
            carry_states(t->n, &h, steps);
            row += steps;
        }
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    *loss = h.counted ? sum / (double)h.counted : (double)NAN;
    return BRAM_OK;
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

static int put_values(bram_ctx *cx, bram_dataset *ds, const char *name, const float *values,
                      size_t n)
{
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "parameter", n));
    int status = bram_response_new(cx, &r, name, BRAM_F32, 1, (const bram_axis *const *)&axis);
    bram_axis_free(axis);
    BRAM_TRY(status);
    memcpy(bram_response_f32(r), values, n * sizeof *values);
    return bram_dataset_add(cx, ds, "training", r);
}

/* Also when a stop was asked for: this is what is done about it. */
static int write_checkpoint(bram_ctx *cx, struct training *t)
{
    size_t n = t->n->parameters;
    bram_dataset *ds = NULL;
    bram_ctx *calm = bram_ctx_fork(cx);
    if (!calm) return BRAM_ENOMEM;
    bram_ctx_set_cancel(calm, NULL);
    int status = bram_dataset_new(calm, &ds);
    bram_attrs *a = status == BRAM_OK ? bram_dataset_attrs(calm, ds, "") : NULL;
    if (status == BRAM_OK) status = a ? bram_attrs_set_text(calm, a, "key", t->key) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = put_values(calm, ds, "now", t->n->parameter, n);
    if (status == BRAM_OK) status = put_values(calm, ds, "m", t->m, n);
    if (status == BRAM_OK) status = put_values(calm, ds, "v", t->v, n);
    if (status == BRAM_OK) status = put_values(calm, ds, "best", t->best, n);
    if (status == BRAM_OK)
        status = bram_state_put(calm, ds, "numbers", &(bram_mat){t->number, 1, NUMBERS, NUMBERS});
    if (status == BRAM_OK) status = bram_state_put(calm, ds, "history", &t->n->history);
    if (status == BRAM_OK) status = bram_dataset_write(calm, ds, t->checkpoint, true);
    if (status != BRAM_OK) bram_fail(cx, status, "%s", bram_ctx_message(calm));
    bram_dataset_free(ds);
    bram_ctx_free(calm);
    return status;
}

static int get_values(bram_ctx *cx, float *out, const bram_dataset *ds, const char *name, size_t n)
{
    char path[32];
    snprintf(path, sizeof path, "training/%s", name);
    const bram_response *r = bram_dataset_response(ds, path);
    if (!r || bram_response_dims(r) != 1 || bram_response_count(r) != n)
        return bram_fail(cx, BRAM_EFORMAT, "%s is not %zu numbers", path, n);
    double *values = bram_scratch(cx, n, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0}, (size_t[]){n}, values, NULL));
    for (size_t i = 0; i < n; i++) out[i] = (float)values[i];
    return BRAM_OK;
}

static int read_checkpoint(bram_ctx *cx, struct training *t, const bram_dataset *ds)
{
    const bram_attrs *a = bram_dataset_find_attrs(ds, "");
    const char *key = a ? bram_attrs_text(a, "key") : NULL;
    size_t n = t->n->parameters;
    bram_mat numbers = {0}, history = {0};
    if (!key || strcmp(key, t->key) != 0)
        return bram_fail(cx, BRAM_EUSAGE,
                         "it is the checkpoint of another fit (other data, options or seed): name "
                         "another file, or remove it");
    BRAM_TRY(get_values(cx, t->n->parameter, ds, "now", n));
    BRAM_TRY(get_values(cx, t->m, ds, "m", n));
    BRAM_TRY(get_values(cx, t->v, ds, "v", n));
    BRAM_TRY(get_values(cx, t->best, ds, "best", n));
    BRAM_TRY(bram_state_get(cx, &numbers, ds, "numbers"));
    int status = bram_state_get(cx, &history, ds, "history");
    bool whole = numbers.cols == NUMBERS && history.rows == t->n->history.rows &&
                 history.cols == t->n->history.cols;
    if (status == BRAM_OK && !whole)
        status = bram_fail(cx, BRAM_EFORMAT, "its numbers are none of this fit");
    if (status == BRAM_OK) {
        memcpy(t->number, numbers.data, sizeof t->number);
        memcpy(t->n->history.data, history.data, history.rows * history.cols * sizeof(double));
    }
    bram_free(numbers.data);
    bram_free(history.data);
    return status;
}

static int go_on(bram_ctx *cx, struct training *t)
{
    bram_dataset *ds = NULL;
    if (!t->checkpoint[0] || access(t->checkpoint, F_OK) != 0) return BRAM_OK;
    BRAM_TRY(bram_dataset_open(cx, &ds, t->checkpoint));
    int status = read_checkpoint(cx, t, ds);
    if (status != BRAM_OK) bram_fail_prefix(cx, status, "%s", t->checkpoint);
    bram_dataset_free(ds);
    return status;
}

/* What a checkpoint belongs to: the model, its options, the seed and the training data. */
static int make_key(bram_ctx *cx, struct training *t, const bram_options *o)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add_text(cx, h, bram_options_canonical(o));
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, (uint64_t)t->n->cell);
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, t->seed);
    for (size_t s = 0; s < t->train->segments && status == BRAM_OK; s++) {
        const bram_segment *g = &t->train->segment[s];
        for (size_t r = 0; r < g->y.rows && status == BRAM_OK; r++)
            for (size_t i = 0; i < t->n->units && status == BRAM_OK; i++)
                if (!g->y_present || g->y_present[r * t->n->units + i])
                    status = bram_hash_add(cx, h, bram_row(&g->y, r) + i, sizeof(double));
    }
    if (status == BRAM_OK) status = bram_hash_end(cx, h, t->key);
    bram_hash_free(h);
    return status;
}

/* ---- training ------------------------------------------------------------------------------- */

static void keep_best(struct training *t)
{
    memcpy(t->best, t->n->parameter, t->n->parameters * sizeof *t->best);
}

/* The end of every `check` steps. @return in *done whether it is enough */
static int look(bram_ctx *cx, struct training *t, uint64_t step, double loss, bool *done)
{
    double held = NAN;
    if (t->validation) BRAM_TRY(validate(cx, t, &held));
    double *row = bram_row(&t->n->history, (size_t)t->number[3]++);
    row[0] = (double)step, row[1] = loss, row[2] = isnan(held) ? loss : held;
    row[3] = bram_nn32_schedule(t->rule.rate, 0.1, step, t->steps / 20, t->steps);
    if (isnan(held) || held < t->number[2]) {
        t->number[1] = 0, t->number[2] = isnan(held) ? t->number[2] : held;
        keep_best(t);
    } else t->number[1]++;
    *done = t->number[1] >= (double)t->patience || step == t->steps;
    bram_ctx_progress(cx, "training", (double)step, (double)t->steps);
    return BRAM_OK;
}

static int run(bram_ctx *cx, struct training *t)
{
    bool done = t->number[0] >= (double)t->steps || t->number[1] >= (double)t->patience;
    while (!done) {
        uint64_t step = (uint64_t)t->number[0] + 1;
        double loss = 0;
        if (bram_ctx_check_cancel(cx) != BRAM_OK) {
            if (t->checkpoint[0]) BRAM_TRY(write_checkpoint(cx, t));
            return bram_ctx_check_cancel(cx);
        }
        BRAM_TRY(take_step(cx, t, step, &loss));
        t->number[0] = (double)step;
        if (step % t->check && step < t->steps) continue;
        BRAM_TRY(look(cx, t, step, loss, &done));
        if (t->checkpoint[0]) BRAM_TRY(write_checkpoint(cx, t));
    }
    memcpy(t->n->parameter, t->best, t->n->parameters * sizeof *t->best);
    t->n->history.rows = (size_t)t->number[3];
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, struct training *t, const bram_options *o)
{
    bram_network *n = t->n;
    size_t longest = 0, checks;
    t->steps = (size_t)bram_option_integer(o, "steps");
    t->batch = (size_t)bram_option_integer(o, "batch");
    t->check = (size_t)bram_option_integer(o, "check");
    t->patience = (size_t)bram_option_integer(o, "patience");
    t->window = (size_t)bram_option_integer(o, "window");
    t->rule = (bram_nn_rule){BRAM_ADAMW, bram_option_real(o, "rate"), 0.9, 0.999,
                             1e-8,       bram_option_real(o, "decay")};
    t->most = bram_option_real(o, "clip");
    t->checkpoint = bram_option_text(o, "checkpoint");
    for (size_t s = 0; s < t->train->segments; s++)
        if (t->train->segment[s].y.rows > longest) longest = t->train->segment[s].y.rows;
    if (longest < 3)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the longest segment has %zu rows, expected 3",
                         longest);
    if (t->window >= longest) t->window = longest - 1;
    t->burn = (size_t)bram_option_integer(o, "burn");
    if (t->burn > t->window / 4) t->burn = t->window / 4;
    for (size_t s = 0; s < t->train->segments; s++) {
        size_t rows = t->train->segment[s].y.rows;
        t->places += rows > t->window ? rows - t->window : 0;
    }
    for (size_t k = 0; k < HALVES; k++)
        BRAM_TRY(make_half(cx, &t->half[k], t, k ? t->batch / 2 : t->batch - t->batch / 2));
    t->m = bram_scratch(cx, n->parameters, 3 * sizeof *t->m);
    if (!t->m) return BRAM_ENOMEM;
    t->v = t->m + n->parameters, t->best = t->v + n->parameters;
    t->number[2] = INFINITY;
    checks = (t->steps + t->check - 1) / t->check;
    return bram_mat_new(cx, &n->history, checks, 4);
}

/* Means and standard deviations over present target rows; 1 for a unit that is constant. */
static int scale_units(bram_ctx *cx, bram_network *n, const bram_panel *train)
{
    double *mean = NULL;
    BRAM_TRY(bram_forecast_means(cx, &mean, train));
    n->mean = (bram_mat){mean, 1, n->units, n->units};
    BRAM_TRY(bram_mat_new(cx, &n->scale, 1, n->units));
    for (size_t i = 0; i < n->units; i++) {
        double sum = 0, count = 0;
        for (size_t s = 0; s < train->segments; s++) {
            const bram_segment *g = &train->segment[s];
            for (size_t r = g->first; r < g->y.rows; r++) {
                if (g->y_present && !g->y_present[r * n->units + i]) continue;
                double d = bram_row(&g->y, r)[i] - mean[i];
                sum += d * d, count++;
            }
        }
        n->scale.data[i] = sum > 0 ? sqrt(sum / count) : 1;
    }
    return BRAM_OK;
}

/* Values that will be looked at must be finite, and counts not negative; says whether any lack. */
static int check_values(bram_ctx *cx, const bram_panel *panel, bool counts, bool *lacking)
{
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        for (size_t r = 0; r < g->y.rows; r++)
            for (size_t i = 0; i < g->y.cols; i++) {
                double y = bram_row(&g->y, r)[i];
                if (g->y_present && !g->y_present[r * g->y.cols + i]) *lacking = true;
                else if (!isfinite(y) || (counts && y < 0))
                    return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu of unit %zu is %g",
                                     g->id ? g->id : "segment", r, i, y);
            }
    }
    return BRAM_OK;
}

static int train_network(bram_ctx *cx, struct training *t, const bram_options *o)
{
    bram_network *n = t->n;
    BRAM_TRY(scale_units(cx, n, t->train));
    BRAM_TRY(prepare(cx, t, o));
    bram_network_start(n, t->seed);
    keep_best(t);
    if (t->checkpoint[0]) BRAM_TRY(make_key(cx, t, o));
    BRAM_TRY(go_on(cx, t));
    BRAM_TRY(run(cx, t));
    if (t->checkpoint[0]) (void)remove(t->checkpoint);
    bram_recurrent f = bram_network_view(n);
    return bram_recurrent_variance(cx, &n->variance, &f, t->train, t->burn);
}

int bram_network_fit(bram_ctx *cx, void **fitted, bram_nn_cell cell, const bram_options *o,
                     const bram_panel *train, const bram_panel *validation, uint64_t seed)
{
    bool lacking = false, unused = false, counts = bram_option_is(o, "loss", "poisson");
    double *mean = NULL;
    if (counts && bram_option_is(o, "target", "increment"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "loss=poisson is of counts: target=increment is not for it");
    BRAM_TRY(bram_forecast_means(cx, &mean, train)); /* refuses panels without rows or units */
    bram_free(mean);
    BRAM_TRY(check_values(cx, train, counts, &lacking));
    if (validation) BRAM_TRY(check_values(cx, validation, counts, &unused));
    struct training t = {.train = train, .validation = validation, .seed = seed};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_network_new(cx, &t.n, cell, train->segment[0].y.cols, o, lacking));
    int status = train_network(cx, &t, o);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = t.n;
    else bram_network_free(t.n);
    return status;
}
