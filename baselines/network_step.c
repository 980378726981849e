/* network_step.c - a step of training, and what validation says; see network_training.h. */
#include "network_training.h"
#include "nn_loss.h"
#include "nn_step.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* ---- a step --------------------------------------------------------------------------------- */

/* The losses of what the readout gives for some rows from `row` on, which becomes the gradient
 * where that is wanted. */
static double loss_of(const bram_network *n, bram_training_half *h, size_t row, size_t some,
                      double scale, bool back)
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
static double read_out(const bram_network *n, bram_training_half *h, const float *top, size_t at,
                       size_t first, double scale, bool back)
{
    size_t rows = h->pass.windows * h->pass.steps;
    double sum = 0;
    for (size_t row = first, some; row < rows; row += some) {
        some = rows - row < BRAM_TRAINING_ROWS ? rows - row : BRAM_TRAINING_ROWS;
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
    bram_training *t = user;
    bram_training_half h = t->half[task];
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
static int check_gradient(bram_ctx *cx, const bram_training *t, const float *g, uint64_t step)
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
    bram_training *t = user;
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
    bram_training *t = user;
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
static size_t rows_ahead(const bram_training *t, uint64_t step)
{
    size_t half = (t->steps - t->freed + 1) / 2, gone = step - t->freed;
    if (step <= t->freed) return 1;
    return gone >= half ? t->horizon : 2 + (t->horizon - 2) * gone / half;
}

int bram_training_step(bram_ctx *cx, bram_training *t, uint64_t step, double *loss)
{
    size_t counted, tensors = t->n->tensors;
    double sum = 0;
    t->step = step;
    t->ahead = rows_ahead(t, step);
    t->burnt = t->ahead > 1 ? t->window - t->ahead : t->burn;
    bram_training_draw(t, step);
    BRAM_TRY(bram_parallel_for(cx, BRAM_TRAINING_HALVES, bram_training_fill, t));
    counted = t->half[0].counted + t->half[1].counted;
    t->scale = counted ? 1 / (double)counted : 0;
    BRAM_TRY(bram_parallel_for(cx, BRAM_TRAINING_HALVES, half_step, t));
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

int bram_training_validate(bram_ctx *cx, bram_training *t, double *loss)
{
    const bram_network *n = t->n;
    bram_training_half h = t->half[0];
    bram_rng g = bram_rng_new(t->seed, "network/validation");
    double sum = 0;
    size_t ahead = n->hides ? 0 : 1, overlap = n->body->carry ? 0 : t->window / 2;
    h.pass.windows = 1, h.pass.training = false, h.counted = 0;
    for (size_t s = 0; s < t->validation->segments; s++) {
        const bram_training_source *from = &t->source[1][s];
        const bram_segment *v = from->s;
        if (n->body->rewind) n->body->rewind(n, &h.pass, h.room);
        for (size_t row = 0; row + ahead < v->y.rows;) {
            size_t first = row ? row - overlap : 0, left = v->y.rows - ahead - first;
            h.pass.steps = left < t->window ? left : t->window;
            bram_training_window(n, &h, 0, from, first, row - first, &g);
            sum += read_out(n, &h, n->body->forward(n, &h.pass, h.room), 0, 0, 1, false);
            if (n->body->carry) n->body->carry(n, &h.pass, h.room);
            row = first + h.pass.steps;
        }
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    *loss = h.counted ? sum / (double)h.counted : (double)NAN;
    return BRAM_OK;
}

int bram_training_validate_runs(bram_ctx *cx, bram_training *t, double *loss)
{
    const bram_network *n = t->n;
    bram_training_half h = t->half[0];
    size_t most = h.pass.windows;
    bram_rng g = bram_rng_new(t->seed, "network/validation");
    double sum = 0;
    h.pass.training = false, h.counted = 0;
    for (size_t s = 0; s < t->validation->segments; s++) {
        const bram_training_source *from = &t->source[1][s];
        size_t runs = (bram_training_places(t, from->s) + t->horizon - 1) / t->horizon;
        for (size_t done = 0; done < runs; done += h.pass.windows) {
            h.pass.windows = runs - done < most ? runs - done : most;
            for (size_t w = 0; w < h.pass.windows; w++)
                bram_training_window(n, &h, w, from, (done + w) * t->horizon,
                                     t->window - t->horizon, &g);
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
