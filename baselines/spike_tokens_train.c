/*
 * spike_tokens_train.c - the training of spike-token transformers; see spike_tokens.h.
 *
 * Each step draws `batch` windows. The batch is cut into two fixed halves, each a task with a
 * gradient of its own; these are added in their order, so that any number of threads gives the same
 * bits. AdamW with clipped gradients, the rate rising over 5 % of the steps and then falling along
 * a cosine to a tenth. Every `check` steps the loss of validation; the best parameters are kept,
 * and `patience` checks without a better one end the training. All that random numbers depend on is
 * the seed and the step.
 */
#include "forecast.h"
#include "hash.h"
#include "linalg.h"
#include "network_checkpoint.h"
#include "nn_step.h"
#include "spike_tokens.h"
#include "training_progress.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>
#include <string.h>

enum { HALVES = 2, TOKENS_AT_ONCE = 256 };

/* Where the training stands, as a checkpoint has it. */
enum { STEPS_DONE, CHECKS_IN_VAIN, BEST_LOSS, HISTORY_ROWS };

struct training {
    bram_token_net *n;
    const bram_token_job *job;
    bram_mat *history;
    size_t batch, steps, check, patience;
    bram_nn_rule rule;
    double most; /* norm of gradients */
    uint64_t step;
    size_t *place; /* of the batch's windows */
    float *gradient[HALVES], *m, *v, *best, factor;
    double loss[HALVES], counted[HALVES], *squares; /* of each tensor's gradient */
    double number[BRAM_CHECKPOINT_NUMBERS];
    bram_checkpoint checkpoint;
    bool finished; /* not ended early */
};

/* ---- a step --------------------------------------------------------------------------------- */

static size_t length_of(const bram_nn_tokens_tensor *t)
{
    return t->rows * (t->cols ? t->cols : 1);
}

static int half_step(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    size_t half = t->batch / 2, first = task ? t->batch - half : 0;
    size_t windows = task ? half : t->batch - half;
    memset(t->gradient[task], 0, t->n->parameters * sizeof(float));
    return t->job->loss(cx, &t->loss[task], &t->counted[task], t->job->user, t->place + first,
                        windows, t->gradient[task], t->job->scale, t->step, first);
}

/* Task: a tensor. The gradient of the whole batch, and its squares. */
static int add_halves(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    const bram_nn_tokens_tensor *x = &t->n->tensor[task];
    float *g = t->gradient[0] + x->at;
    const float *other = t->gradient[1] + x->at;
    (void)cx;
    for (size_t i = 0; i < length_of(x); i++) g[i] += other[i];
    t->squares[task] = task < t->job->fixed ? 0 : bram_nn32_squares(g, length_of(x));
    return BRAM_OK;
}

static double rate_of(const struct training *t, uint64_t step)
{
    return bram_nn32_schedule(t->rule.rate, 0.1, step, t->steps / 20, t->steps);
}

static int update(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    const bram_nn_tokens_tensor *x = &t->n->tensor[task];
    float *g = t->gradient[0] + x->at;
    bram_nn_rule rule = t->rule;
    (void)cx;
    if (task < t->job->fixed) return BRAM_OK;
    rule.rate = rate_of(t, t->step);
    rule.decay = x->cols ? t->rule.decay : 0;
    for (size_t i = 0; i < length_of(x); i++) g[i] *= t->factor;
    bram_nn32_step(t->n->parameter + x->at, g, t->m + x->at, t->v + x->at, length_of(x), &rule,
                   t->step);
    return BRAM_OK;
}

/* A gradient that is no number ends the training: which, and when. */
static int check_gradient(bram_ctx *cx, const struct training *t)
{
    for (size_t k = t->job->fixed; k < t->n->tensors; k++) {
        const bram_nn_tokens_tensor *x = &t->n->tensor[k];
        for (size_t i = 0; i < length_of(x); i++)
            if (!isfinite(t->gradient[0][x->at + i]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "step %llu: the gradient of %s.%s is %g; a smaller rate may help",
                                 (unsigned long long)t->step, x->group, x->name,
                                 (double)t->gradient[0][x->at + i]);
    }
    return BRAM_OK;
}

static int take_step(bram_ctx *cx, struct training *t, double *loss)
{
    bram_rng g = bram_rng_at(t->n->seed, t->job->name, t->step);
    double sum = 0;
    for (size_t k = 0; k < t->batch; k++) t->place[k] = bram_rng_below(&g, t->job->places);
    BRAM_TRY(bram_parallel_for(cx, HALVES, half_step, t));
    BRAM_TRY(bram_parallel_for(cx, t->n->tensors, add_halves, t));
    for (size_t k = 0; k < t->n->tensors; k++) sum += t->squares[k];
    double norm = sqrt(sum);
    if (!isfinite(norm)) BRAM_TRY(check_gradient(cx, t));
    t->factor = (float)bram_nn32_clip(norm, t->most);
    BRAM_TRY(bram_parallel_for(cx, t->n->tensors, update, t));
    *loss = (t->loss[0] + t->loss[1]) / fmax(1, t->counted[0] + t->counted[1]);
    return BRAM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void keep_best(struct training *t)
{
    memcpy(t->best, t->n->parameter, t->n->parameters * sizeof *t->best);
}

/* The end of every `check` steps. @return in *done whether it is enough */
static int look(bram_ctx *cx, struct training *t, double loss, bool *done)
{
    double held = NAN, *row = bram_row(t->history, (size_t)t->number[HISTORY_ROWS]++);
    if (t->job->validate) BRAM_TRY(t->job->validate(cx, &held, t->job->user));
    row[0] = (double)t->step, row[1] = loss, row[2] = isnan(held) ? loss : held;
    row[3] = rate_of(t, t->step);
    if (isnan(held) || held < t->number[BEST_LOSS]) {
        t->number[CHECKS_IN_VAIN] = 0;
        if (!isnan(held)) t->number[BEST_LOSS] = held;
        keep_best(t);
    } else t->number[CHECKS_IN_VAIN]++;
    *done = t->number[CHECKS_IN_VAIN] >= (double)t->patience || t->step == t->steps;
    bram_training_progress(cx, loss, held, t->step, t->steps);
    return BRAM_OK;
}

static int run(bram_ctx *cx, struct training *t)
{
    bool done = t->number[STEPS_DONE] >= (double)t->steps ||
                t->number[CHECKS_IN_VAIN] >= (double)t->patience;
    while (!done && !bram_ctx_finish(cx)) {
        double loss = 0;
        if (bram_ctx_check_cancel(cx) != BRAM_OK) {
            if (t->checkpoint.path[0] && t->number[STEPS_DONE] > 0)
                BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
            return bram_ctx_check_cancel(cx);
        }
        t->step = (uint64_t)t->number[STEPS_DONE] + 1;
        BRAM_TRY(take_step(cx, t, &loss));
        t->number[STEPS_DONE] = (double)t->step;
        if (t->step % t->check && t->step < t->steps) continue;
        BRAM_TRY(look(cx, t, loss, &done));
        if (t->checkpoint.path[0]) BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
    }
    if (!done && t->checkpoint.path[0] && t->number[STEPS_DONE] > 0)
        BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
    t->finished = done;
    if (t->number[HISTORY_ROWS] > 0 || done)
        memcpy(t->n->parameter, t->best, t->n->parameters * sizeof *t->best);
    return BRAM_OK;
}

static int make_memory(bram_ctx *cx, struct training *t)
{
    size_t n = t->n->parameters;
    float **const arrays[] = {&t->gradient[0], &t->gradient[1], &t->m, &t->v, &t->best};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        *arrays[k] = bram_scratch(cx, n, sizeof(float));
        if (!*arrays[k]) return BRAM_ENOMEM;
    }
    t->place = bram_scratch(cx, t->batch, sizeof *t->place);
    t->squares = bram_scratch(cx, t->n->tensors, sizeof *t->squares);
    return t->place && t->squares ? BRAM_OK : BRAM_ENOMEM;
}

/* The file of the option, "" where there is none. */
static int checkpoint_path(bram_ctx *cx, const char **out, const bram_options *o,
                           const char *suffix)
{
    const char *path = bram_option_text(o, "checkpoint");
    size_t length = strlen(path), more = suffix ? strlen(suffix) : 0;
    char *whole = bram_scratch(cx, length + more + 1, 1);
    if (!whole) return BRAM_ENOMEM;
    memcpy(whole, path, length);
    if (length && more) memcpy(whole + length, suffix, more);
    *out = whole;
    return BRAM_OK;
}

static int train(bram_ctx *cx, struct training *t, const bram_options *o, const char *key)
{
    const char *path = "";
    if (key) BRAM_TRY(checkpoint_path(cx, &path, o, t->job->suffix));
    t->batch = (size_t)bram_option_integer(o, "batch");
    t->check = (size_t)bram_option_integer(o, "check");
    t->patience = (size_t)bram_option_integer(o, "patience");
    t->rule.decay = bram_option_real(o, "decay");
    t->most = bram_option_real(o, "clip");
    t->number[BEST_LOSS] = DBL_MAX; /* which a file may hold, infinity not */
    if (!t->job->places)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: there is no window to learn from",
                         t->job->name);
    BRAM_TRY(make_memory(cx, t));
    BRAM_TRY(bram_mat_new(cx, t->history, (t->steps + t->check - 1) / t->check, 4));
    t->checkpoint = (bram_checkpoint){path, key,     t->n->parameters, t->n->parameter, t->m,
                                      t->v, t->best, t->number,        t->history};
    keep_best(t);
    BRAM_TRY(bram_checkpoint_read(cx, &t->checkpoint));
    BRAM_TRY(run(cx, t));
    if (t->finished && !t->job->keeps) bram_checkpoint_remove(&t->checkpoint);
    t->history->rows = (size_t)t->number[HISTORY_ROWS];
    return BRAM_OK;
}

int bram_token_train(bram_ctx *cx, bram_token_net *n, bram_mat *history, const bram_token_job *job,
                     const bram_options *o, size_t steps, double rate, const char *key)
{
    struct training t = {.n = n, .job = job, .history = history, .steps = steps};
    size_t mark = bram_scratch_mark(cx);
    t.rule = (bram_nn_rule){BRAM_ADAMW, rate, 0.9, 0.999, 1e-8, 0};
    int status = train(cx, &t, o, key);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- counts from their past ----------------------------------------------------------------- */

/* Segments of a panel, and where windows of training may begin in all of them together. */
struct counts {
    const bram_token_net *n;
    const bram_token_source *train, *validation;
    size_t segments, validations, places, held; /* held: windows of validation */
};

/* Windows of training that begin in a segment; a short segment has one. */
static size_t places_in(const struct counts *c, const bram_token_source *s)
{
    size_t rows = s->rows - s->first;
    return rows >= c->n->shape.span ? rows - c->n->shape.span + 1 : rows > 0;
}

static bram_token_window window_at(const struct counts *c, size_t place)
{
    const bram_token_source *s = c->train;
    for (size_t here; (here = places_in(c, s)) <= place; s++) place -= here;
    size_t first = s->first + place, left = s->rows - first, span = c->n->shape.span;
    return (bram_token_window){s, first, left < span ? left : span};
}

/* Windows of validation, as of answers, begin at multiples of the span. */
static size_t held_in(const struct counts *c, const bram_token_source *s)
{
    size_t span = c->n->shape.span;
    return s->rows > s->first ? (s->rows + span - 1) / span - s->first / span : 0;
}

static bram_token_window held_at(const struct counts *c, size_t place)
{
    const bram_token_source *s = c->validation;
    size_t span = c->n->shape.span;
    for (size_t here; (here = held_in(c, s)) <= place; s++) place -= here;
    size_t first = (s->first / span + place) * span, left = s->rows - first;
    return (bram_token_window){s, first, left < span ? left : span};
}

static size_t cells_in(const bram_nn_cells *c)
{
    size_t sum = 0;
    for (size_t i = c->from * c->units; i < c->rows * c->units; i++)
        sum += !c->present || c->present[i];
    return sum;
}

/* Forward, the loss and, where a gradient is wanted, back: of windows that go together. */
static int group_loss(bram_ctx *cx, double *sum, double *counted, const struct counts *c,
                      const bram_token_window *window, size_t windows, float *gradient,
                      double scale, uint64_t step, size_t first)
{
    const bram_token_net *n = c->n;
    bram_token_batch b;
    bram_nn32_tokens_out out;
    size_t units = n->shape.units, span = n->shape.span;
    BRAM_TRY(bram_token_batch_make(cx, &b, n, window, windows));
    b.pass.training = gradient != NULL, b.pass.seed = n->seed, b.pass.step = step;
    b.pass.first = (uint64_t)first * (span * units + 1);
    float *room = bram_scratch(cx, bram_nn32_tokens_room(&n->shape, &b.pass), sizeof *room);
    if (!room) return BRAM_ENOMEM;
    bram_nn32_tokens(&n->shape, n->parameter, &b.pass, room, &out);
    for (size_t k = 0; k < windows; k++) {
        bram_nn_cells cells = bram_token_cells(n, &window[k]);
        size_t at = b.sequence[k].first;
        *sum += bram_nn32_tokens_loss(&cells, span, b.token + at, b.sequence[k].rows,
                                      out.unit + at * units, out.time + at * span,
                                      gradient ? out.dunit + at * units : NULL,
                                      gradient ? out.dtime + at * span : NULL, scale, NULL);
        *counted += (double)cells_in(&cells);
    }
    if (gradient) bram_nn32_tokens_back(&n->shape, n->parameter, gradient, &b.pass, room, &out);
    return bram_ctx_check_cancel(cx);
}

/* How many windows from the first on go together: as many as have some hundred tokens. */
static size_t group_of(const struct counts *c, const bram_token_window *window, size_t windows)
{
    size_t tokens = 0, k = 0, units = c->n->shape.units;
    while (k < windows && tokens < TOKENS_AT_ONCE) {
        const bram_token_source *s = window[k].source;
        const double *y = s->y + window[k].first * units;
        for (size_t i = 0; i < window[k].rows * units; i++) tokens += y[i] > 0;
        tokens++, k++;
    }
    return k;
}

static int counts_loss(bram_ctx *cx, double *sum, double *counted, const void *user,
                       const size_t *place, size_t windows, float *gradient, double scale,
                       uint64_t step, size_t first)
{
    const struct counts *c = user;
    bram_token_window *window = bram_scratch(cx, windows, sizeof *window);
    if (!window) return BRAM_ENOMEM;
    for (size_t k = 0; k < windows; k++) window[k] = window_at(c, place[k]);
    *sum = *counted = 0;
    for (size_t k = 0, some; k < windows; k += some) {
        size_t mark = bram_scratch_mark(cx);
        some = group_of(c, window + k, windows - k);
        BRAM_TRY(
            group_loss(cx, sum, counted, c, window + k, some, gradient, scale, step, first + k));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

enum { HELD_AT_ONCE = 16 }; /* windows of a task */

struct held {
    const struct counts *c;
    double *sum, *counted; /* of each task */
};

static int held_task(bram_ctx *cx, size_t task, void *user)
{
    struct held *h = user;
    size_t first = task * HELD_AT_ONCE, left = h->c->held - first;
    size_t windows = left < HELD_AT_ONCE ? left : HELD_AT_ONCE;
    bram_token_window window[HELD_AT_ONCE];
    for (size_t k = 0; k < windows; k++) window[k] = held_at(h->c, first + k);
    return group_loss(cx, &h->sum[task], &h->counted[task], h->c, window, windows, NULL, 0, 0, 0);
}

static int counts_validate(bram_ctx *cx, double *mean, const void *user)
{
    const struct counts *c = user;
    size_t tasks = (c->held + HELD_AT_ONCE - 1) / HELD_AT_ONCE, mark = bram_scratch_mark(cx);
    struct held h = {c, bram_scratch(cx, tasks + 1, sizeof *h.sum),
                     bram_scratch(cx, tasks + 1, sizeof *h.counted)};
    if (!h.sum || !h.counted) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, tasks, held_task, &h));
    double sum = 0, counted = 0;
    for (size_t k = 0; k < tasks; k++) sum += h.sum[k], counted += h.counted[k];
    *mean = counted > 0 ? sum / counted : (double)NAN;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int hash_source(bram_ctx *cx, bram_hash *h, const bram_nn_tokens *n,
                       const bram_token_source *g)
{
    BRAM_TRY(bram_hash_add(cx, h, g->y, g->rows * n->units * sizeof *g->y));
    return g->input ? bram_hash_add(cx, h, g->input, g->rows * n->inputs * sizeof *g->input)
                    : BRAM_OK;
}

/* What a checkpoint belongs to: the model, its options, the seed and the data. */
static int make_key(bram_ctx *cx, char hex[65], const bram_token_net *n, const bram_options *o,
                    const char *name, const struct counts *c)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add_text(cx, h, bram_options_canonical(o));
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, name);
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, n->seed);
    for (size_t s = 0; s < c->segments && status == BRAM_OK; s++)
        status = hash_source(cx, h, &n->shape, &c->train[s]);
    for (size_t s = 0; s < c->validations && status == BRAM_OK; s++)
        status = hash_source(cx, h, &n->shape, &c->validation[s]);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

static int pretrain(bram_ctx *cx, bram_token_net *n, const bram_options *o, const bram_panel *panel,
                    const bram_panel *validation, bool of_x, const char *name)
{
    struct counts c = {.n = n, .segments = panel->segments};
    bram_token_source *source = NULL;
    char key[65];
    BRAM_TRY(bram_token_sources(cx, &source, n, panel, of_x));
    c.train = source;
    for (size_t s = 0; s < c.segments; s++) c.places += places_in(&c, &c.train[s]);
    if (validation) {
        BRAM_TRY(bram_token_sources(cx, &source, n, validation, of_x));
        c.validation = source, c.validations = validation->segments;
        for (size_t s = 0; s < c.validations; s++) c.held += held_in(&c, &c.validation[s]);
    }
    if (name) BRAM_TRY(make_key(cx, key, n, o, name, &c));
    double batch = (double)bram_option_integer(o, "batch");
    bram_token_job job = {.name = "tokens/windows",
                          .places = c.places,
                          .loss = counts_loss,
                          .validate = c.held ? counts_validate : NULL,
                          .scale = 1 / (batch * (double)(n->shape.span * n->shape.units)),
                          .keeps = of_x,
                          .user = &c};
    return bram_token_train(cx, n, &n->history, &job, o, (size_t)bram_option_integer(o, "steps"),
                            bram_option_real(o, "rate"), name ? key : NULL);
}

int bram_token_pretrain(bram_ctx *cx, bram_token_net *n, const bram_options *o,
                        const bram_panel *train_panel, const bram_panel *validation, bool of_x,
                        const char *name)
{
    size_t mark = bram_scratch_mark(cx);
    int status = pretrain(cx, n, o, train_panel, validation, of_x, name);
    bram_scratch_release(cx, mark);
    return status;
}
