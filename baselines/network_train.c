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
#include "network_init.h"
#include "network_training.h"
#include "training_progress.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void keep_best(bram_training *t)
{
    memcpy(t->best, t->n->parameter, t->n->parameters * sizeof *t->best);
}

/* The end of every `check` steps. @return in *done whether it is enough */
static int look(bram_ctx *cx, bram_training *t, uint64_t step, double loss, bool *done)
{
    double held = NAN;
    if (t->validation)
        BRAM_TRY(step > t->freed ? bram_training_validate_runs(cx, t, &held)
                                 : bram_training_validate(cx, t, &held));
    double *row = bram_row(&t->n->history, (size_t)t->number[BRAM_TRAINING_CHECKS]++);
    row[0] = (double)step, row[1] = loss, row[2] = isnan(held) ? loss : held;
    row[3] = bram_nn32_schedule(t->rule.rate, 0.1, step, t->steps / 20, t->steps);
    if (isnan(held) || held < t->number[BRAM_TRAINING_LEAST]) {
        t->number[BRAM_TRAINING_IN_VAIN] = 0,
        t->number[BRAM_TRAINING_LEAST] = isnan(held) ? t->number[BRAM_TRAINING_LEAST] : held;
        keep_best(t);
    } else t->number[BRAM_TRAINING_IN_VAIN]++;
    *done = t->number[BRAM_TRAINING_IN_VAIN] >= (double)t->patience || step == t->steps;
    if (*done && step < t->freed) { /* the rest of the training on single steps is left out */
        *done = false;
        t->number[BRAM_TRAINING_DONE] = (double)t->freed, t->number[BRAM_TRAINING_IN_VAIN] = 0;
    }
    bram_training_progress(cx, loss, held, step, t->steps);
    return BRAM_OK;
}

/* From here on the best is what is best at free runs. */
static void begin_runs(bram_training *t)
{
    memcpy(t->n->parameter, t->best, t->n->parameters * sizeof *t->best);
    t->number[BRAM_TRAINING_LEAST] = DBL_MAX, t->number[BRAM_TRAINING_IN_VAIN] = 0;
}

static int run(bram_ctx *cx, bram_training *t)
{
    bool done = t->number[BRAM_TRAINING_DONE] >= (double)t->steps ||
                t->number[BRAM_TRAINING_IN_VAIN] >= (double)t->patience;
    while (!done && !bram_ctx_finish(cx)) {
        uint64_t step = (uint64_t)t->number[BRAM_TRAINING_DONE] + 1;
        double loss = 0;
        if (bram_ctx_check_cancel(cx) != BRAM_OK) {
            if (t->checkpoint.path[0]) BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
            return bram_ctx_check_cancel(cx);
        }
        if (step == t->freed + 1) begin_runs(t);
        BRAM_TRY(bram_training_step(cx, t, step, &loss));
        t->number[BRAM_TRAINING_DONE] = (double)step;
        if (step % t->check && step < t->steps) continue;
        BRAM_TRY(look(cx, t, step, loss, &done));
        if (t->checkpoint.path[0]) BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
    }
    if (!done && t->checkpoint.path[0]) BRAM_TRY(bram_checkpoint_write(cx, &t->checkpoint));
    t->finished = done;
    if (t->number[BRAM_TRAINING_CHECKS] > 0 || done)
        memcpy(t->n->parameter, t->best, t->n->parameters * sizeof *t->best);
    t->n->history.rows = (size_t)t->number[BRAM_TRAINING_CHECKS];
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, bram_training *t, const bram_options *o)
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
        t->places += bram_training_places(t, &t->train->segment[s]);
    if (!t->places)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no window of %zu rows lies within a segment",
                         t->window);
    BRAM_TRY(bram_training_sources(cx, &t->source[0], n, t->train));
    if (t->validation) BRAM_TRY(bram_training_sources(cx, &t->source[1], n, t->validation));
    t->squares = bram_scratch(cx, n->tensors, sizeof *t->squares);
    if (!t->squares) return BRAM_ENOMEM;
    BRAM_TRY(bram_training_memory(cx, t));
    t->number[BRAM_TRAINING_LEAST] = DBL_MAX; /* which a file may hold, infinity not */
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

static int train_network(bram_ctx *cx, bram_training *t, const bram_options *o)
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
static int guide_by_training(bram_ctx *cx, const bram_training *t, const bram_options *o,
                             const bram_network_origin *from)
{
    bram_training first = {
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
    bram_training t = {.train = train, .validation = validation, .seed = seed};
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
