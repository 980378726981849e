/*
 * conv_train.c - the training of a network from pictures to units; see convcore.c.
 *
 * Pixels are brought to mean 0 and deviation 1 over the training pictures, responses to those of
 * each unit over the training rows; what is missing is no target. The loss is the mean squared
 * error over what is there, plus the readout's penalties. AdamW with clipped gradients; batches in
 * an order drawn anew in each epoch; the rate rises over 5 % of the steps and then falls along a
 * cosine to a tenth. After each epoch the mean over units of the correlation (undefined: 0) on rows
 * that are not trained on: the validation panel, or a share of the training rows that is drawn
 * once. The best parameters are kept, and `patience` epochs without better ones end the training.
 */
#include "conv_model.h"

#include "linalg.h"
#include "nn_step.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

/* Target rows of a panel. */
struct rows {
    size_t count;
    float *x, *y;
    uint8_t *mask; /* as y */
};

struct training {
    bram_conv_model *m;
    struct rows rows;             /* those of both panels */
    size_t *order, trained, held; /* order: rows that are trained on, then those held out */
    size_t batch, epochs, steps;
    uint64_t seed, step, drawn;
    bram_nn_rule rule;
    double most;
    float *w, *grad, *m1, *v1, *best, *room; /* w: with the running means */
    float *x, *y;                            /* of a batch */
    uint8_t *mask;
};

/* ---- rows ----------------------------------------------------------------------------------- */

static size_t target_rows(const bram_panel *p)
{
    size_t n = 0;
    for (size_t s = 0; p && s < p->segments; s++) n += p->segment[s].y.rows - p->segment[s].first;
    return n;
}

static int take_segment(bram_ctx *cx, struct training *t, const bram_panel *p,
                        const bram_segment *g)
{
    size_t n = g->y.rows - g->first, units = t->m->stack.shape.units, at = t->rows.count * units;
    size_t pixels = t->m->size * t->m->size;
    float *x;
    if (!n) return BRAM_OK;
    if (g->y.cols != units)
        return bram_fail(cx, BRAM_ESHAPE, "%zu units, expected %zu", g->y.cols, units);
    for (size_t i = g->first; i < g->y.rows; i++)
        for (size_t u = 0; u < units; u++, at++) {
            double y = bram_row(&g->y, i)[u];
            t->rows.mask[at] = !g->y_present || g->y_present[i * units + u];
            t->rows.y[at] = t->rows.mask[at] ? (float)y : 0;
            if (t->rows.mask[at] && !isfinite(y))
                return bram_fail(cx, BRAM_ENUMERIC, "unit %zu of row %zu is %g", u, i, y);
        }
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_conv_pictures(cx, &x, t->m, p->public_data, g->row, g->first, n));
    memcpy(t->rows.x + t->rows.count * pixels, x, n * pixels * sizeof *x);
    bram_scratch_release(cx, mark);
    t->rows.count += n;
    return BRAM_OK;
}

static int take_rows(bram_ctx *cx, struct training *t, const bram_panel *train,
                     const bram_panel *validation)
{
    size_t n = target_rows(train) + target_rows(validation), units = t->m->stack.shape.units;
    t->rows.x = bram_scratch(cx, n, t->m->size * t->m->size * sizeof(float));
    t->rows.y = bram_scratch(cx, n, units * sizeof(float));
    t->rows.mask = bram_scratch(cx, n, units);
    if (!t->rows.x || !t->rows.y || !t->rows.mask) return BRAM_ENOMEM;
    for (size_t s = 0; s < train->segments; s++)
        BRAM_TRY(take_segment(cx, t, train, &train->segment[s]));
    for (size_t s = 0; validation && s < validation->segments; s++)
        BRAM_TRY(take_segment(cx, t, validation, &validation->segment[s]));
    return BRAM_OK;
}

/* Rows of the validation panel are held out, else a share of the training rows. */
static int hold_out(bram_ctx *cx, struct training *t, double share, size_t trains)
{
    t->order = bram_scratch(cx, t->rows.count, sizeof *t->order);
    if (!t->order) return BRAM_ENOMEM;
    bram_rng g = bram_rng_new(t->seed, "convcore/validation");
    bram_rng_permutation(&g, trains, t->order);
    for (size_t i = trains; i < t->rows.count; i++) t->order[i] = i;
    t->held = t->rows.count - trains;
    if (!t->held) t->held = (size_t)(share * (double)trains + 0.5);
    if (t->held < 3) t->held = 0; /* no correlation */
    t->trained = t->rows.count - t->held;
    if (t->trained > trains) t->trained = trains;
    return BRAM_OK;
}

/* ---- scales --------------------------------------------------------------------------------- */

/* Mean and deviation (1 where there is none) of the training rows; values are brought to them. */
static void scale_pictures(struct training *t)
{
    size_t pixels = t->m->size * t->m->size;
    double mean = 0, square = 0, n = (double)t->trained * (double)pixels;
    for (size_t i = 0; i < t->trained; i++)
        for (size_t k = 0; k < pixels; k++) mean += (double)t->rows.x[t->order[i] * pixels + k];
    mean /= n;
    for (size_t i = 0; i < t->trained; i++)
        for (size_t k = 0; k < pixels; k++) {
            double d = (double)t->rows.x[t->order[i] * pixels + k] - mean;
            square += d * d;
        }
    double deviation = square > 0 ? sqrt(square / n) : 1;
    t->m->picture.data[0] = mean, t->m->picture.data[1] = deviation;
    for (size_t k = 0; k < t->rows.count * pixels; k++)
        t->rows.x[k] = (float)(((double)t->rows.x[k] - mean) / deviation);
}

static void scale_unit(struct training *t, size_t unit)
{
    size_t units = t->m->stack.shape.units;
    double mean = 0, square = 0, n = 0;
    for (size_t i = 0; i < t->trained; i++) {
        size_t at = t->order[i] * units + unit;
        if (t->rows.mask[at]) mean += (double)t->rows.y[at], n++;
    }
    mean = n > 0 ? mean / n : 0;
    for (size_t i = 0; i < t->trained; i++) {
        size_t at = t->order[i] * units + unit;
        double d = (double)t->rows.y[at] - mean;
        if (t->rows.mask[at]) square += d * d;
    }
    double deviation = square > 0 ? sqrt(square / n) : 1;
    bram_row(&t->m->unit, 0)[unit] = mean, bram_row(&t->m->unit, 1)[unit] = deviation;
    for (size_t at = unit; at < t->rows.count * units; at += units)
        if (t->rows.mask[at]) t->rows.y[at] = (float)(((double)t->rows.y[at] - mean) / deviation);
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* Rows of the order into the batch. @return how many of their values count */
static size_t take_batch(struct training *t, size_t first, size_t count)
{
    size_t pixels = t->m->size * t->m->size, units = t->m->stack.shape.units, values = 0;
    for (size_t i = 0; i < count; i++) {
        size_t row = t->order[first + i];
        memcpy(t->x + i * pixels, t->rows.x + row * pixels, pixels * sizeof(float));
        memcpy(t->y + i * units, t->rows.y + row * units, units * sizeof(float));
        memcpy(t->mask + i * units, t->rows.mask + row * units, units);
        for (size_t u = 0; u < units; u++) values += t->mask[i * units + u];
    }
    return values;
}

static int take_step(bram_ctx *cx, struct training *t, size_t first, size_t count, double rate,
                     double *loss)
{
    const bram_nn32_stack *s = &t->m->stack;
    size_t values = take_batch(t, first, count);
    double one;
    bram_nn32_batch batch = {count, t->x, t->y, t->mask, values ? 1 / (double)values : 0, t->drawn};
    BRAM_TRY(
        bram_nn32_stack_learn(cx, s, t->w, t->w + s->parameters, t->grad, &one, &batch, t->room));
    t->step++, t->drawn += count;
    double squares = bram_nn32_squares(t->grad, s->parameters);
    if (!isfinite(squares))
        return bram_fail(cx, BRAM_ENUMERIC, "step %llu: the gradient is not finite",
                         (unsigned long long)t->step);
    float factor = (float)bram_nn32_clip(sqrt(squares), t->most);
    for (size_t i = 0; i < s->parameters; i++) t->grad[i] *= factor;
    t->rule.rate = bram_nn32_schedule(rate, 0.1, t->step, t->steps / 20, t->steps);
    bram_nn32_step(t->w, t->grad, t->m1, t->v1, s->parameters, &t->rule, t->step);
    if (s->readout->constrain) s->readout->constrain(&s->shape, t->w + s->head);
    *loss += one;
    return BRAM_OK;
}

/* ---- rows that are held out ----------------------------------------------------------------- */

static double correlation(const struct training *t, const float *told, size_t unit)
{
    size_t units = t->m->stack.shape.units;
    double n = 0, mean[2] = {0}, product[3] = {0};
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < t->held; i++) {
            size_t at = t->order[t->trained + i] * units + unit;
            double x = (double)told[i * units + unit], y = (double)t->rows.y[at];
            if (!t->rows.mask[at]) continue;
            if (pass == 0) {
                n++, mean[0] += x, mean[1] += y;
                continue;
            }
            x -= mean[0] / n, y -= mean[1] / n;
            product[0] += x * x, product[1] += y * y, product[2] += x * y;
        }
    return product[0] > 0 && product[1] > 0 ? product[2] / sqrt(product[0]) / sqrt(product[1]) : 0;
}

static int validate(bram_ctx *cx, struct training *t, double *score)
{
    const bram_nn32_stack *s = &t->m->stack;
    size_t units = s->shape.units, mark = bram_scratch_mark(cx);
    float *told = bram_scratch(cx, t->held, units * sizeof *told);
    if (!told) return BRAM_ENOMEM;
    for (size_t first = 0; first < t->held; first += t->batch) {
        size_t count = t->held - first < t->batch ? t->held - first : t->batch;
        take_batch(t, t->trained + first, count);
        BRAM_TRY(bram_nn32_stack_predict(cx, s, t->w, t->w + s->parameters, told + first * units,
                                         t->x, count, t->room));
    }
    *score = 0;
    for (size_t u = 0; u < units; u++) *score += correlation(t, told, u) / (double)units;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- training ------------------------------------------------------------------------------- */

/* The rows that are trained on in another order. */
static int shuffle(bram_ctx *cx, struct training *t, size_t epoch)
{
    size_t mark = bram_scratch_mark(cx), *order = bram_scratch(cx, t->trained, 2 * sizeof *order);
    bram_rng g = bram_rng_at(t->seed, "convcore/order", epoch);
    if (!order) return BRAM_ENOMEM;
    size_t *before = order + t->trained;
    bram_rng_permutation(&g, t->trained, order);
    memcpy(before, t->order, t->trained * sizeof *before);
    for (size_t i = 0; i < t->trained; i++) t->order[i] = before[order[i]];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* One pass. *better: the parameters are the best so far. */
static int run_epoch(bram_ctx *cx, struct training *t, size_t epoch, double rate, double *best,
                     bool *better)
{
    double loss = 0, score = NAN;
    size_t batches = 0;
    BRAM_TRY(shuffle(cx, t, epoch));
    for (size_t first = 0; first < t->trained; first += t->batch, batches++) {
        size_t left = t->trained - first;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        BRAM_TRY(take_step(cx, t, first, left < t->batch ? left : t->batch, rate, &loss));
    }
    if (t->held) BRAM_TRY(validate(cx, t, &score));
    double *row = bram_row(&t->m->history, t->m->history.rows++);
    row[0] = loss / (double)batches, row[1] = isnan(score) ? 0 : score, row[2] = t->rule.rate;
    *better = isnan(score) || score > *best;
    if (*better && !isnan(score)) *best = score;
    return BRAM_OK;
}

static int run(bram_ctx *cx, struct training *t, const bram_options *o)
{
    size_t all = t->m->stack.parameters + t->m->stack.running, idle = 0;
    size_t patience = (size_t)bram_option_integer(o, "patience");
    double best = -INFINITY, rate = bram_option_real(o, "rate");
    memcpy(t->best, t->w, all * sizeof *t->w);
    for (size_t e = 0; e < t->epochs && idle < patience && !bram_ctx_finish(cx); e++) {
        bool better;
        BRAM_TRY(run_epoch(cx, t, e, rate, &best, &better));
        if (better) memcpy(t->best, t->w, all * sizeof *t->w);
        idle = better ? 0 : idle + 1;
        bram_ctx_progress(cx, "training", (double)e + 1, (double)t->epochs);
    }
    for (size_t i = 0; i < all; i++) t->m->w.data[i] = (double)t->best[i];
    return BRAM_OK;
}

static int make_memory(bram_ctx *cx, struct training *t)
{
    const bram_nn32_stack *s = &t->m->stack;
    size_t n = s->parameters, units = s->shape.units, pixels = t->m->size * t->m->size;
    t->w = bram_scratch(cx, n + s->running, 2 * sizeof *t->w);
    t->grad = bram_scratch(cx, n, 3 * sizeof *t->grad);
    t->room = bram_scratch(cx, bram_nn32_stack_room(s, t->batch), sizeof *t->room);
    t->x = bram_scratch(cx, t->batch, pixels * sizeof *t->x);
    t->y = bram_scratch(cx, t->batch, units * sizeof *t->y);
    t->mask = bram_scratch(cx, t->batch, units);
    if (!t->w || !t->grad || !t->room || !t->x || !t->y || !t->mask) return BRAM_ENOMEM;
    t->best = t->w + n + s->running;
    t->m1 = t->grad + n, t->v1 = t->m1 + n;
    return BRAM_OK;
}

static int train_all(bram_ctx *cx, struct training *t, const bram_options *o,
                     const bram_panel *train, const bram_panel *validation)
{
    bram_conv_model *m = t->m;
    size_t trains = target_rows(train), units = m->stack.shape.units;
    if (trains < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu rows to learn from, expected 2 or more",
                         trains);
    BRAM_TRY(take_rows(cx, t, train, validation));
    BRAM_TRY(hold_out(cx, t, bram_option_real(o, "validation"), trains));
    scale_pictures(t);
    for (size_t u = 0; u < units; u++) scale_unit(t, u);
    t->epochs = (size_t)bram_option_integer(o, "epochs");
    t->batch = (size_t)bram_option_integer(o, "batch");
    if (t->batch > t->trained) t->batch = t->trained;
    t->steps = t->epochs * ((t->trained + t->batch - 1) / t->batch);
    t->rule = (bram_nn_rule){BRAM_ADAMW, 0, 0.9, 0.999, 1e-8, bram_option_real(o, "decay")};
    t->most = bram_option_real(o, "clip");
    BRAM_TRY(make_memory(cx, t));
    BRAM_TRY(bram_mat_new(cx, &m->history, t->epochs, 3));
    m->history.rows = 0;
    bram_nn32_stack_start(&m->stack, t->w, t->w + m->stack.parameters, t->seed);
    return run(cx, t, o);
}

int bram_conv_train(bram_ctx *cx, bram_conv_model *m, const bram_options *o,
                    const bram_panel *train, const bram_panel *validation, uint64_t seed)
{
    struct training t = {.m = m, .seed = seed};
    size_t mark = bram_scratch_mark(cx);
    int status = train_all(cx, &t, o, train, validation);
    bram_scratch_release(cx, mark);
    return status;
}
