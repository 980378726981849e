/*
 * network_train.c - the training of networks; see network.h.
 *
 * Each step draws `batch` windows that lie within a segment, at random starts; recurrent states
 * begin at 0. A network that forecasts has the next row of each row as its target, but for the
 * first `burn` rows; of a masked one a share of the units (or of the rows) of each window is
 * hidden, and they are the targets. The batch is cut into two fixed halves, each a task with a
 * gradient of its own; these are added in their order, so that any number of threads gives the same
 * bits. AdamW with clipped gradients, the rate rising over 5 % of the steps and then falling along
 * a cosine to a tenth. Every `check` steps the loss on the validation panel, window after window;
 * the best parameters are kept, and `patience` checks without a better one end the training. All
 * that random numbers depend on is the seed and the step.
 *
 * With horizon above 1 the last fifth of the steps, which begins early when patience is out, goes
 * on from the best parameters on free runs: the last rows of each window have the network's own
 * forecasts as inputs and are the only targets. There are two of them at first, and `horizon` from
 * the middle of that fifth on. Gradients do not go through what is fed back (as in scheduled
 * sampling, Bengio et al. 2015). What counts as the best is then the loss of free runs.
 */
#include "linalg.h"
#include "network.h"
#include "network_checkpoint.h"
#include "network_init.h"
#include "nn_layer.h"
#include "nn_loss.h"
#include "nn_step.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { HALVES = 2, AT_ONCE = 512 }; /* AT_ONCE: rows of a readout */

/* A segment, and its rows as inputs (0 where missing): rows x units. */
struct source {
    const bram_segment *s;
    const float *scaled;
};

/* A window of a batch. */
struct place {
    const struct source *source;
    size_t first;
};

/* One half of a batch: what goes in, what is wanted, what the way forward leaves. */
struct half {
    bram_pass pass;
    struct place *place;           /* of each window */
    float *x, *target, *out;       /* rows of inputs, of units; AT_ONCE of outputs */
    uint8_t *mask, *hidden;        /* as target; one row */
    float *room, *dtop, *dweights; /* the body's; rows of width; parameters */
    double *value;                 /* of the units, on their way from a forecast to an input */
    double loss;
    size_t counted;
};

/* Where the training stands, as a checkpoint has it. */
enum { STEPS_DONE, CHECKS_IN_VAIN, BEST_LOSS, HISTORY_ROWS };

struct training {
    bram_network *n;
    const bram_panel *train, *validation;
    struct source *source[2]; /* segments for training, for validation */
    size_t window, burn, batch, steps, check, patience;
    size_t horizon, freed; /* freed: the last step before free runs; steps where there are none */
    size_t ahead, burnt;   /* of this step: rows of its free runs (1: none), rows without loss */
    bram_nn_rule rule;
    double most;     /* norm of gradients */
    double *squares; /* of each tensor's gradient */
    float factor;    /* by which gradients are clipped */
    bool finished;   /* not ended early */
    uint64_t step;
    uint64_t seed;
    char key[BRAM_CHECKPOINT_KEY];
    size_t places; /* where windows may begin, in all segments */
    struct half half[HALVES];
    double scale; /* 1 / values that count in this step */
    float *m, *v, *best;
    double number[BRAM_CHECKPOINT_NUMBERS];
    bram_checkpoint checkpoint;
    bool guides; /* it is trained for the sake of another one's first weights */
};

/* ---- memory --------------------------------------------------------------------------------- */

/* All floats of a training lie in one arena: the same calls first count them and then, with a base,
 * say where they are. */
struct arena {
    float *base;
    size_t used;
};

static float *take(struct arena *a, size_t floats)
{
    enum { LINE = 16 }; /* floats of a cache line */
    float *at = a->base ? a->base + a->used : NULL;
    a->used += (floats + LINE - 1) / LINE * LINE;
    return at;
}

static void plan_half(struct arena *a, struct half *h, const struct training *t)
{
    const bram_network *n = t->n;
    size_t rows = t->window * h->pass.windows, group = bram_network_group(n, h->pass.windows);
    h->dweights = take(a, n->parameters);
    h->pass.x = h->x = take(a, rows * bram_network_inputs(n));
    h->target = take(a, rows * n->units);
    h->out = take(a, (rows < AT_ONCE ? rows : AT_ONCE) * bram_network_outputs(n));
    h->dtop = take(a, t->window * group * n->width);
    h->room = take(a, n->body->room(n, group, t->window));
}

/* Parameters have a home of their own, as they outlive the training. */
static void plan(struct arena *a, struct training *t)
{
    a->used = 0;
    t->m = take(a, t->n->parameters);
    t->v = take(a, t->n->parameters);
    t->best = take(a, t->n->parameters);
    for (size_t k = 0; k < HALVES; k++) plan_half(a, &t->half[k], t);
}

static int make_half(bram_ctx *cx, struct half *h, const struct training *t, size_t first,
                     size_t windows)
{
    size_t units = t->n->units;
    h->mask = bram_scratch(cx, t->window * windows + 1, units);
    h->place = bram_scratch(cx, windows, sizeof *h->place);
    if (!h->mask || !h->place) return BRAM_ENOMEM;
    h->hidden = h->mask + t->window * windows * units;
    h->value = bram_scratch(cx, units, sizeof *h->value);
    if (!h->value) return BRAM_ENOMEM;
    h->pass = (bram_pass){
        .windows = windows, .steps = t->window, .most = t->window, .seed = t->seed, .first = first};
    return BRAM_OK;
}

static int make_memory(bram_ctx *cx, struct training *t)
{
    size_t half = t->batch / 2;
    struct arena arena = {0};
    BRAM_TRY(make_half(cx, &t->half[0], t, 0, t->batch - half));
    BRAM_TRY(make_half(cx, &t->half[1], t, t->batch - half, half));
    plan(&arena, t);
    arena.base = bram_scratch(cx, arena.used, sizeof *arena.base);
    if (!arena.base) return BRAM_ENOMEM;
    plan(&arena, t);
    return BRAM_OK;
}

/* ---- windows -------------------------------------------------------------------------------- */

/* The rows of a panel's segments, scaled. */
static int make_sources(bram_ctx *cx, struct source **out, const bram_network *n,
                        const bram_panel *panel)
{
    struct source *source = bram_scratch(cx, panel->segments, sizeof *source);
    float *row = bram_scratch(cx, bram_network_inputs(n), sizeof *row);
    if (!source || !row) return BRAM_ENOMEM;
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        float *scaled = bram_scratch(cx, g->y.rows, n->units * sizeof *scaled);
        if (!scaled) return BRAM_ENOMEM;
        for (size_t r = 0; r < g->y.rows; r++) {
            bram_network_input(n, row, bram_row(&g->y, r),
                               g->y_present ? g->y_present + r * n->units : NULL, NULL);
            memcpy(scaled + r * n->units, row, n->units * sizeof *row);
        }
        source[s] = (struct source){g, scaled};
    }
    *out = source;
    return BRAM_OK;
}

/* Which values of a row are targets. counts: whether it has any; hidden: the units that are, NULL:
 * all. @return how many */
static size_t put_mask(const bram_network *n, uint8_t *mask, const bram_segment *s, size_t row,
                       bool counts, const uint8_t *hidden)
{
    const uint8_t *present = s->y_present ? s->y_present + row * n->units : NULL;
    size_t counted = 0;
    if (!counts || (!present && !hidden)) {
        memset(mask, counts, n->units);
        return counts ? n->units : 0;
    }
    for (size_t i = 0; i < n->units; i++) {
        mask[i] = (!present || present[i]) && (!hidden || hidden[i]);
        counted += mask[i];
    }
    return counted;
}

/* The values of a row of targets; increments are relative to `last`. */
static void put_target(const bram_network *n, float *target, const struct source *from, size_t row,
                       const float *last)
{
    const double *y = bram_row(&from->s->y, row);
    memcpy(target, from->scaled + row * n->units, n->units * sizeof *target);
    for (size_t i = 0; n->counts && i < n->units; i++) target[i] = (float)y[i];
    for (size_t i = 0; n->increment && i < n->units; i++) target[i] -= last[i];
}

static void put_input(const bram_network *n, float *u, const struct source *from, size_t row,
                      const uint8_t *hidden)
{
    const uint8_t *present = from->s->y_present ? from->s->y_present + row * n->units : NULL;
    memcpy(u, from->scaled + row * n->units, n->units * sizeof *u);
    for (size_t i = 0; n->masked && i < n->units; i++) {
        bool there = (!present || present[i]) && !(hidden && hidden[i]);
        if (!there) u[i] = 0;
        u[n->units + i] = there;
    }
    bram_network_put_inputs(n, u, from->s, row + 1);
}

static void draw_hidden(const bram_network *n, uint8_t *hidden, bram_rng *g)
{
    for (size_t i = 0; i < n->units; i++) hidden[i] = bram_rng_uniform(g) < n->fraction;
}

/* Rows first .. first + steps - 1 of a segment into window w of a half, with their targets. The
 * first `burn` targets do not count, nor those that are context. */
static void put_window(const bram_network *n, struct half *h, size_t w, const struct source *from,
                       size_t first, size_t burn, bram_rng *g)
{
    size_t inputs = bram_network_inputs(n), ahead = n->hides ? 0 : 1;
    if (n->hides == BRAM_HIDE_UNITS) draw_hidden(n, h->hidden, g);
    for (size_t k = 0; k < h->pass.steps; k++) {
        size_t at = bram_network_place(n, &h->pass, w, k), row = first + k;
        float *u = h->x + at * inputs;
        if (n->hides == BRAM_HIDE_ROWS)
            memset(h->hidden, bram_rng_uniform(g) < n->fraction, n->units);
        const uint8_t *hidden = n->hides ? h->hidden : NULL;
        bool counts = k >= burn && row + ahead >= from->s->first;
        put_input(n, u, from, row, hidden);
        put_target(n, h->target + at * n->units, from, row + ahead, u);
        h->counted += put_mask(n, h->mask + at * n->units, from->s, row + ahead, counts, hidden);
    }
}

/* Where a window may begin in a segment. */
static size_t places_in(const struct training *t, const bram_segment *s)
{
    size_t needed = t->window + (t->n->hides ? 0 : 1);
    return s->y.rows >= needed ? s->y.rows - needed + 1 : 0;
}

static void draw_places(struct training *t, uint64_t step)
{
    bram_rng g = bram_rng_at(t->seed, "network/windows", step);
    for (size_t k = 0; k < HALVES; k++)
        for (size_t w = 0; w < t->half[k].pass.windows; w++) {
            size_t place = bram_rng_below(&g, t->places);
            const struct source *from = t->source[0];
            for (;; from++) {
                size_t here = places_in(t, from->s);
                if (place < here) break;
                place -= here;
            }
            t->half[k].place[w] = (struct place){from, place};
        }
}

static int fill_half(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    struct half *h = &t->half[task];
    (void)cx;
    h->counted = 0;
    h->pass.step = t->step, h->pass.training = true;
    for (size_t w = 0; w < h->pass.windows; w++) {
        bram_rng g = bram_rng_at(t->seed, "network/hidden", t->step * t->batch + h->pass.first + w);
        put_window(t->n, h, w, h->place[w].source, h->place[w].first, t->burnt, &g);
    }
    return BRAM_OK;
}

/* ---- a step --------------------------------------------------------------------------------- */

/* The losses of what the readout gives for some rows from `row` on, which becomes the gradient
 * where that is wanted. */
static double loss_of(const bram_network *n, struct half *h, size_t row, size_t some, double scale,
                      bool back)
{
    const float *target = h->target + row * n->units;
    const uint8_t *mask = h->mask + row * n->units;
    float *gradient = back ? h->out : NULL;
    if (n->spread)
        return bram_nn32_gaussian_loss(gradient, h->out, target, mask, some, n->units, scale);
    return bram_nn32_loss(gradient, h->out, target, mask, some * n->units,
                          n->counts ? BRAM_LOSS_POISSON_RATE : BRAM_LOSS_MSE, 1, scale);
}

/* The readout of the rows of a pass from `first` on and their losses, a few hundred rows at a time:
 * what it gives becomes the gradient of that and is never seen as a whole. at: the place of the
 * pass's first row in the half. back: whether gradients are wanted, that of the features in dtop.
 * @return the sum of the losses */
static double read_out(const bram_network *n, struct half *h, const float *top, size_t at,
                       size_t first, double scale, bool back)
{
    size_t rows = h->pass.windows * h->pass.steps;
    double sum = 0;
    for (size_t row = first, some; row < rows; row += some) {
        some = rows - row < AT_ONCE ? rows - row : AT_ONCE;
        const float *features = top + row * n->width;
        bram_network_read(n, h->out, features, some);
        sum += loss_of(n, h, at + row, some, scale, back);
        if (back)
            bram_network_read_back(n, h->dtop + row * n->width, h->dweights, h->out, features,
                                   some);
    }
    return sum;
}

/* Forward, the readout, and back: all windows at once, or those that go together. */
static int half_step(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    struct half h = t->half[task];
    const bram_network *n = t->n;
    size_t all = h.pass.windows, group = bram_network_group(n, all);
    size_t burnt = n->body->by_window ? 0 : t->burnt * all; /* rows without loss */
    double loss = 0;
    (void)cx;
    if (t->ahead > 1)
        bram_network_feed(n, &h.pass, h.x, h.target, t->ahead, h.room, h.out, h.value);
    if (n->body->rewind) n->body->rewind(n, &h.pass, h.room);
    memset(h.dweights, 0, n->parameters * sizeof *h.dweights);
    for (size_t w = 0; w < all; w += group) {
        size_t at = w * h.pass.steps;
        h.pass.windows = all - w < group ? all - w : group;
        h.pass.x = h.x + at * bram_network_inputs(n), h.pass.first = t->half[task].pass.first + w;
        const float *top = n->body->forward(n, &h.pass, h.room);
        memset(h.dtop, 0, burnt * n->width * sizeof *h.dtop);
        loss += read_out(n, &h, top, at, burnt, t->scale, true);
        n->body->backward(n, &h.pass, h.room, h.dweights, h.dtop);
    }
    t->half[task].loss = loss;
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

static size_t length_of(const bram_tensor *x)
{
    return x->rows * (x->cols ? x->cols : 1);
}

/* Task: a tensor. The gradient of the whole batch, and its squares. */
static int add_halves(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    const bram_tensor *x = &t->n->tensor[task];
    float *g = t->half[0].dweights + x->at;
    const float *other = t->half[1].dweights + x->at;
    (void)cx;
    for (size_t i = 0; i < length_of(x); i++) g[i] += other[i];
    t->squares[task] = bram_nn32_squares(g, length_of(x));
    return BRAM_OK;
}

static int update(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    const bram_tensor *x = &t->n->tensor[task];
    float *g = t->half[0].dweights + x->at;
    bram_nn_rule rule = t->rule;
    (void)cx;
    rule.rate = bram_nn32_schedule(t->rule.rate, 0.1, t->step, t->steps / 20, t->steps);
    rule.decay = x->cols ? t->rule.decay : 0;
    for (size_t i = 0; i < length_of(x); i++) g[i] *= t->factor;
    bram_nn32_step(t->n->parameter + x->at, g, t->m + x->at, t->v + x->at, length_of(x), &rule,
                   t->step);
    return BRAM_OK;
}

/* How far the free runs of a step go: from two rows to all in the first half of their time. */
static size_t rows_ahead(const struct training *t, uint64_t step)
{
    size_t half = (t->steps - t->freed + 1) / 2, gone = step - t->freed;
    if (step <= t->freed) return 1;
    return gone >= half ? t->horizon : 2 + (t->horizon - 2) * gone / half;
}

static int take_step(bram_ctx *cx, struct training *t, uint64_t step, double *loss)
{
    size_t counted, tensors = t->n->tensors;
    double sum = 0;
    t->step = step;
    t->ahead = rows_ahead(t, step);
    t->burnt = t->ahead > 1 ? t->window - t->ahead : t->burn;
    draw_places(t, step);
    BRAM_TRY(bram_parallel_for(cx, HALVES, fill_half, t));
    counted = t->half[0].counted + t->half[1].counted;
    t->scale = counted ? 1 / (double)counted : 0;
    BRAM_TRY(bram_parallel_for(cx, HALVES, half_step, t));
    BRAM_TRY(bram_parallel_for(cx, tensors, add_halves, t));
    for (size_t k = 0; k < tensors; k++) sum += t->squares[k];
    double norm = sqrt(sum);
    if (!isfinite(norm)) BRAM_TRY(check_gradient(cx, t, t->half[0].dweights, step));
    t->factor = (float)bram_nn32_clip(norm, t->most);
    BRAM_TRY(bram_parallel_for(cx, tensors, update, t));
    *loss = (t->half[0].loss + t->half[1].loss) * t->scale;
    return BRAM_OK;
}

/* ---- validation ----------------------------------------------------------------------------- */

/* The mean loss over the validation panel; NaN where nothing counts. */
static int validate(bram_ctx *cx, struct training *t, double *loss)
{
    const bram_network *n = t->n;
    struct half h = t->half[0];
    bram_rng g = bram_rng_new(t->seed, "network/validation");
    double sum = 0;
    size_t ahead = n->hides ? 0 : 1, overlap = n->body->carry ? 0 : t->window / 2;
    h.pass.windows = 1, h.pass.training = false, h.counted = 0;
    for (size_t s = 0; s < t->validation->segments; s++) {
        const struct source *from = &t->source[1][s];
        const bram_segment *v = from->s;
        if (n->body->rewind) n->body->rewind(n, &h.pass, h.room);
        for (size_t row = 0; row + ahead < v->y.rows;) {
            size_t first = row ? row - overlap : 0, left = v->y.rows - ahead - first;
            h.pass.steps = left < t->window ? left : t->window;
            put_window(n, &h, 0, from, first, row - first, &g);
            sum += read_out(n, &h, n->body->forward(n, &h.pass, h.room), 0, 0, 1, false);
            if (n->body->carry) n->body->carry(n, &h.pass, h.room);
            row = first + h.pass.steps;
        }
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    *loss = h.counted ? sum / (double)h.counted : (double)NAN;
    return BRAM_OK;
}

/* The mean loss of free runs over the validation panel; NaN where no window lies in it. */
static int validate_runs(bram_ctx *cx, struct training *t, double *loss)
{
    const bram_network *n = t->n;
    struct half h = t->half[0];
    size_t most = h.pass.windows;
    bram_rng g = bram_rng_new(t->seed, "network/validation");
    double sum = 0;
    h.pass.training = false, h.counted = 0;
    for (size_t s = 0; s < t->validation->segments; s++) {
        const struct source *from = &t->source[1][s];
        size_t runs = (places_in(t, from->s) + t->horizon - 1) / t->horizon;
        for (size_t done = 0; done < runs; done += h.pass.windows) {
            h.pass.windows = runs - done < most ? runs - done : most;
            for (size_t w = 0; w < h.pass.windows; w++)
                put_window(n, &h, w, from, (done + w) * t->horizon, t->window - t->horizon, &g);
            bram_network_feed(n, &h.pass, h.x, h.target, t->horizon, h.room, h.out, h.value);
            n->body->rewind(n, &h.pass, h.room);
            const float *top = n->body->forward(n, &h.pass, h.room);
            sum += read_out(n, &h, top, 0, (t->window - t->horizon) * h.pass.windows, 1, false);
        }
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    *loss = h.counted ? sum / (double)h.counted : (double)NAN;
    return BRAM_OK;
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
    if (t->validation)
        BRAM_TRY(step > t->freed ? validate_runs(cx, t, &held) : validate(cx, t, &held));
    double *row = bram_row(&t->n->history, (size_t)t->number[HISTORY_ROWS]++);
    row[0] = (double)step, row[1] = loss, row[2] = isnan(held) ? loss : held;
    row[3] = bram_nn32_schedule(t->rule.rate, 0.1, step, t->steps / 20, t->steps);
    if (isnan(held) || held < t->number[BEST_LOSS]) {
        t->number[CHECKS_IN_VAIN] = 0,
        t->number[BEST_LOSS] = isnan(held) ? t->number[BEST_LOSS] : held;
        keep_best(t);
    } else t->number[CHECKS_IN_VAIN]++;
    *done = t->number[CHECKS_IN_VAIN] >= (double)t->patience || step == t->steps;
    if (*done && step < t->freed) { /* the rest of the training on single steps is left out */
        *done = false;
        t->number[STEPS_DONE] = (double)t->freed, t->number[CHECKS_IN_VAIN] = 0;
    }
    bram_ctx_progress(cx, "training", (double)step, (double)t->steps);
    return BRAM_OK;
}

/* From here on the best is what is best at free runs. */
static void begin_runs(struct training *t)
{
    memcpy(t->n->parameter, t->best, t->n->parameters * sizeof *t->best);
    t->number[BEST_LOSS] = INFINITY, t->number[CHECKS_IN_VAIN] = 0;
}

static int run(bram_ctx *cx, struct training *t)
{
    bool done = t->number[STEPS_DONE] >= (double)t->steps ||
                t->number[CHECKS_IN_VAIN] >= (double)t->patience;
    while (!done && !bram_ctx_finish(cx)) {
        uint64_t step = (uint64_t)t->number[STEPS_DONE] + 1;
        double loss = 0;
        if (bram_ctx_check_cancel(cx) != BRAM_OK) {
            if (t->checkpoint.path[0]) BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
            return bram_ctx_check_cancel(cx);
        }
        if (step == t->freed + 1) begin_runs(t);
        BRAM_TRY(take_step(cx, t, step, &loss));
        t->number[STEPS_DONE] = (double)step;
        if (step % t->check && step < t->steps) continue;
        BRAM_TRY(look(cx, t, step, loss, &done));
        if (t->checkpoint.path[0]) BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
    }
    if (!done && t->checkpoint.path[0]) BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
    t->finished = done;
    if (t->number[HISTORY_ROWS] > 0 || done)
        memcpy(t->n->parameter, t->best, t->n->parameters * sizeof *t->best);
    t->n->history.rows = (size_t)t->number[HISTORY_ROWS];
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, struct training *t, const bram_options *o)
{
    bram_network *n = t->n;
    size_t checks;
    t->steps = n->sizes.steps;
    t->batch = n->sizes.batch;
    t->check = (size_t)bram_option_integer(o, "check");
    t->patience = (size_t)bram_option_integer(o, "patience");
    t->window = n->window;
    t->rule = (bram_nn_rule){BRAM_ADAMW, bram_option_real(o, "rate"), 0.9, 0.999,
                             1e-8,       bram_option_real(o, "decay")};
    t->most = bram_option_real(o, "clip");
    t->burn = n->hides ? 0 : (size_t)bram_option_integer(o, "burn");
    if (t->burn > t->window / 4) t->burn = t->window / 4;
    t->horizon = n->horizon < t->window / 2 ? n->horizon : t->window / 2;
    t->freed = t->horizon > 1 ? t->steps - t->steps / 5 : t->steps;
    t->ahead = 1, t->burnt = t->burn;
    for (size_t s = 0; s < t->train->segments; s++)
        t->places += places_in(t, &t->train->segment[s]);
    if (!t->places)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no window of %zu rows lies within a segment",
                         t->window);
    BRAM_TRY(make_sources(cx, &t->source[0], n, t->train));
    if (t->validation) BRAM_TRY(make_sources(cx, &t->source[1], n, t->validation));
    t->squares = bram_scratch(cx, n->tensors, sizeof *t->squares);
    if (!t->squares) return BRAM_ENOMEM;
    BRAM_TRY(make_memory(cx, t));
    t->number[BEST_LOSS] = INFINITY;
    checks = (t->steps + t->check - 1) / t->check;
    t->checkpoint = (bram_checkpoint){t->guides ? "" : bram_option_text(o, "checkpoint"),
                                      t->key,
                                      n->parameters,
                                      n->parameter,
                                      t->m,
                                      t->v,
                                      t->best,
                                      t->number,
                                      &n->history};
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
    bram_rng g = bram_rng_new(t->seed, "network/start");
    BRAM_TRY(n->body->start(cx, n, &g));
    bram_learning learning;
    if (n->measures)
        BRAM_TRY(bram_learning_begin(cx, &learning, n, t->validation ? t->validation : t->train,
                                     t->seed));
    keep_best(t);
    if (t->checkpoint.path[0])
        BRAM_TRY(
            bram_checkpoint_key(cx, t->key, n->body->name, o, t->seed, t->train, t->validation));
    BRAM_TRY(bram_checkpoint_read(cx, &t->checkpoint));
    BRAM_TRY(run(cx, t));
    if (t->finished) bram_checkpoint_remove(&t->checkpoint);
    if (n->measures) BRAM_TRY(bram_learning_end(cx, &n->learning, &learning));
    if (!n->body->causal) return bram_mat_new(cx, &n->variance, 1, n->units);
    double *variance = NULL;
    BRAM_TRY(bram_density_fit(cx, &variance, t->train, t->burn, bram_network_step, n));
    n->variance = (bram_mat){variance, 1, n->units, n->units};
    return BRAM_OK;
}

/* The rows of the longest window that a segment holds together with its targets. */
static int longest_window(bram_ctx *cx, size_t *rows, const bram_panel *train, size_t ahead)
{
    size_t longest = 0;
    for (size_t s = 0; s < train->segments; s++)
        if (train->segment[s].y.rows > longest) longest = train->segment[s].y.rows;
    if (longest < 3)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the longest segment has %zu rows, expected 3",
                         longest);
    *rows = longest - ahead;
    return BRAM_OK;
}

/* The recurrent weights of a network that is trained from Gaussian ones, for init=aligned. */
static int guide_by_training(bram_ctx *cx, const struct training *t, const bram_options *o,
                             const bram_network_origin *from)
{
    struct training first = {
        .train = t->train, .validation = t->validation, .seed = t->seed, .guides = true};
    size_t mark = bram_scratch_mark(cx);
    bram_mat w = {0};
    BRAM_TRY(bram_network_new(cx, &first.n, t->n->body, o, from));
    first.n->init = BRAM_INIT_GAUSSIAN;
    first.n->measures = false;
    int status = train_network(cx, &first, o);
    if (status == BRAM_OK) status = first.n->body->matrix(cx, first.n, first.n->parameter, &w);
    if (status == BRAM_OK) {
        t->n->guide = bram_alloc(cx, w.rows * w.cols, sizeof *w.data);
        if (t->n->guide) memcpy(t->n->guide, w.data, w.rows * w.cols * sizeof *w.data);
        else status = BRAM_ENOMEM;
    }
    bram_network_free(first.n);
    bram_scratch_release(cx, mark);
    return status;
}

/* Scales of the inputs of the training panel, which that of the validation must have, too. */
static int fit_inputs(bram_ctx *cx, bram_mat *input, const bram_panel *train,
                      const bram_panel *validation)
{
    BRAM_TRY(bram_inputs_fit(cx, input, train, 1));
    int status = BRAM_OK;
    for (size_t s = 0; validation && s < validation->segments && status == BRAM_OK; s++)
        status = bram_inputs_check(cx, input, &validation->segment[s]);
    if (status != BRAM_OK) bram_free(input->data);
    return status;
}

int bram_network_fit(bram_ctx *cx, void **fitted, const bram_network_body *body,
                     const bram_options *o, const bram_panel *train, const bram_panel *validation,
                     uint64_t seed)
{
    bool lacking = false, unused = false, counts = bram_option_is(o, "loss", "poisson");
    size_t longest = 0;
    double *mean = NULL;
    if (counts && body->causal && !body->tells && bram_option_is(o, "target", "increment"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "loss=poisson is of counts: target=increment is not for it");
    if (body->tells && bram_option_is(o, "loss", "gaussian"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "loss=gaussian needs a readout: the units of %s are the neurons",
                         body->name);
    BRAM_TRY(bram_forecast_means(cx, &mean, train)); /* refuses panels without rows or units */
    bram_free(mean);
    BRAM_TRY(check_values(cx, train, counts, &lacking));
    if (validation) BRAM_TRY(check_values(cx, validation, counts, &unused));
    BRAM_TRY(longest_window(cx, &longest, train, body->causal ? 1 : 0));
    struct training t = {.train = train, .validation = validation, .seed = seed};
    size_t mark = bram_scratch_mark(cx);
    size_t rows = 0, units = train->segment[0].y.cols;
    for (size_t s = 0; s < train->segments; s++)
        rows += train->segment[s].y.rows - train->segment[s].first;
    bram_network_origin from = {.units = units,
                                .sizes = bram_network_sizes_of(body, o, rows, units),
                                .masked = lacking || !body->causal,
                                .longest = longest,
                                .train = train,
                                .seed = seed};
    if (body->causal && !body->tells) BRAM_TRY(fit_inputs(cx, &from.input, train, validation));
    int status = bram_network_new(cx, &t.n, body, o, &from);
    if (status == BRAM_OK && t.n->init == BRAM_INIT_ALIGNED)
        status = guide_by_training(cx, &t, o, &from);
    if (status == BRAM_OK) status = train_network(cx, &t, o);
    bram_scratch_release(cx, mark);
    bram_free(from.input.data);
    if (status == BRAM_OK) *fitted = t.n;
    else bram_network_free(t.n);
    return status;
}
