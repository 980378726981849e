/*
 * map_train.c - the training of readouts of maps; see map_readout.h.
 */
#include "map_private.h"

#include "linalg.h"
#include "nn_layer.h"
#include "nn_step.h"
#include "training_progress.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <string.h>

enum { BLOCK = 1 << 16 }; /* parameters at a time */

/* Rows of a panel as the readout wants them. */
struct rows {
    size_t count;
    float *x, *y;  /* rows x tokens of a row; rows x units */
    uint8_t *mask; /* as y */
};

struct training {
    bram_tokens_model *m;
    struct rows train, held;
    size_t *order, rows; /* of the training rows; those that are trained on come first */
    size_t *held_index, held_rows;
    size_t batch, epochs, patience, steps;
    uint64_t seed, step;
    bram_nn_rule rule;
    double most, factor;
    bram_tokens_part part[BRAM_MAP_PARTS];
    size_t first, size;      /* of the batch in hand, in `order` */
    size_t sides, *side;     /* hemispheres, and that of each unit */
    double *scale, *squares; /* of each side: 1 / values that count; of each block of gradients */
    float *m1, *v1, *best, *told; /* told: held rows x units */
    double best_score;
};

/* ---- rows ----------------------------------------------------------------------------------- */

static size_t target_rows(const bram_panel *p)
{
    size_t n = 0;
    for (size_t s = 0; s < p->segments; s++) n += p->segment[s].y.rows - p->segment[s].first;
    return n;
}

static int take_row(bram_ctx *cx, struct rows *r, const bram_tokens_model *m, const bram_segment *g,
                    size_t row)
{
    size_t units = m->shape.units, at = r->count * units;
    BRAM_TRY(bram_tokens_tokens(cx, r->x + r->count * m->inputs, m, g, row));
    for (size_t u = 0; u < units; u++) {
        double y = bram_row(&g->y, row)[u];
        r->mask[at + u] = !g->y_present || g->y_present[row * units + u];
        r->y[at + u] = 0;
        if (!r->mask[at + u]) continue;
        if (!isfinite(y))
            return bram_fail(cx, BRAM_ENUMERIC, "unit %zu of row %zu is %g", u, row, y);
        r->y[at + u] = (float)((y - bram_row(&m->unit, 0)[u]) / bram_row(&m->unit, 1)[u]);
    }
    r->count++;
    return BRAM_OK;
}

static int take_rows(bram_ctx *cx, struct rows *r, const bram_tokens_model *m, const bram_panel *p)
{
    size_t n = target_rows(p);
    r->x = bram_scratch(cx, n, m->inputs * sizeof *r->x);
    r->y = bram_scratch(cx, n, m->shape.units * sizeof *r->y);
    r->mask = bram_scratch(cx, n, m->shape.units);
    if (!r->x || !r->y || !r->mask) return BRAM_ENOMEM;
    for (size_t s = 0; s < p->segments; s++)
        for (size_t i = p->segment[s].first; i < p->segment[s].y.rows; i++)
            BRAM_TRY(take_row(cx, r, m, &p->segment[s], i));
    return BRAM_OK;
}

/* Which rows are trained on, and which tell when to stop. */
static int split(bram_ctx *cx, struct training *t, const bram_options *o)
{
    size_t n = t->train.count, aside = 0;
    t->order = bram_scratch(cx, n, sizeof *t->order);
    if (!t->order) return BRAM_ENOMEM;
    bram_rng g = bram_rng_new(t->seed, "readout/validation");
    if (t->held.count) {
        t->held_index = bram_scratch(cx, t->held.count, sizeof *t->held_index);
        if (!t->held_index) return BRAM_ENOMEM;
        for (size_t i = 0; i < t->held.count; i++) t->held_index[i] = i;
        t->held_rows = t->held.count;
    } else aside = (size_t)(bram_option_real(o, "validation") * (double)n + 0.5);
    if (aside < 3) aside = 0; /* no correlation */
    bram_rng_permutation(&g, n, t->order);
    t->rows = n - aside;
    if (aside) t->held = t->train, t->held_index = t->order + t->rows, t->held_rows = aside;
    return BRAM_OK;
}

/* ---- sides ---------------------------------------------------------------------------------- */

static int find_sides(bram_ctx *cx, struct training *t, const bram_axis *unit)
{
    const bram_column *c = unit ? bram_axis_column(unit, "hemisphere") : NULL;
    size_t units = t->m->shape.units;
    t->side = bram_scratch(cx, units, sizeof *t->side);
    const char **name = bram_scratch(cx, units, sizeof *name);
    if (!t->side || !name) return BRAM_ENOMEM;
    if (c && c->type != BRAM_TEXT) c = NULL;
    for (size_t u = 0; u < units; u++) {
        const char *mine = c ? c->text[u] : "";
        size_t s = 0;
        while (s < t->sides && strcmp(name[s], mine) != 0) s++;
        if (s == t->sides) name[t->sides++] = mine;
        t->side[u] = s;
    }
    t->scale = bram_scratch(cx, t->sides, sizeof *t->scale);
    return t->scale ? BRAM_OK : BRAM_ENOMEM;
}

/* 1 / how many values of the batch count, for each side; 0 where none does. */
static void count_values(struct training *t)
{
    size_t units = t->m->shape.units;
    memset(t->scale, 0, t->sides * sizeof *t->scale);
    for (size_t i = t->first; i < t->first + t->size; i++)
        for (size_t u = 0; u < units; u++)
            t->scale[t->side[u]] += t->train.mask[t->order[i] * units + u];
    for (size_t s = 0; s < t->sides; s++) t->scale[s] = t->scale[s] > 0 ? 1 / t->scale[s] : 0;
}

/* ---- a step --------------------------------------------------------------------------------- */

/* Rows from .. to - 1 of `size` that are those of a part. */
static void bounds(size_t size, size_t part, size_t *from, size_t *to)
{
    *from = size * part / BRAM_MAP_PARTS;
    *to = size * (part + 1) / BRAM_MAP_PARTS;
}

static void take_batch(bram_tokens_part *p, const struct rows *from, const size_t *index, size_t n)
{
    size_t each = bram_tokens_row(&p->s);
    p->s.batch = n;
    for (size_t i = 0; i < n; i++)
        memcpy(p->x + i * each, from->x + index[i] * each, each * sizeof *p->x);
}

/* The loss of a part, and its gradient. */
static void part_loss(const struct training *t, bram_tokens_part *p, const size_t *index)
{
    size_t units = p->s.units;
    p->loss = 0;
    for (size_t i = 0; i < p->s.batch; i++)
        for (size_t u = 0; u < units; u++) {
            size_t at = index[i] * units + u;
            double scale = t->train.mask[at] ? t->scale[t->side[u]] : 0;
            double d = (double)p->y[i * units + u] - (double)t->train.y[at];
            p->loss += scale > 0 ? scale * d * d : 0;
            p->dy[i * units + u] = (float)(scale > 0 ? 2 * scale * d : 0);
        }
}

/* Task: a part of the batch. */
static int part_step(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    bram_tokens_part *p = &t->part[task];
    const bram_nn32_readout *r = t->m->kind->readout;
    size_t from, to;
    (void)cx;
    bounds(t->size, task, &from, &to);
    const size_t *index = t->order + t->first + from;
    memset(p->grad, 0, t->m->parameters * sizeof *p->grad);
    p->loss = 0;
    if (from == to) return BRAM_OK;
    take_batch(p, &t->train, index, to - from);
    p->s.training = true, p->s.seed = t->seed;
    p->s.draw = (t->step - 1) * t->batch + from;
    r->forward(&p->s, t->m->w, p->y, p->x, p->trace);
    part_loss(t, p, index);
    r->backward(&p->s, t->m->w, p->grad, NULL, p->dy, p->x, p->trace, p->room);
    return BRAM_OK;
}

static size_t block_length(const struct training *t, size_t block)
{
    size_t left = t->m->parameters - block * BLOCK;
    return left < BLOCK ? left : BLOCK;
}

/* Task: a block of the gradient of the whole batch. */
static int add_parts(bram_ctx *cx, size_t block, void *user)
{
    struct training *t = user;
    float *sum = t->part[0].grad + block * BLOCK;
    (void)cx;
    for (size_t k = 1; k < BRAM_MAP_PARTS; k++)
        bram_nn32_add(sum, t->part[k].grad + block * BLOCK, block_length(t, block));
    return BRAM_OK;
}

static int square(bram_ctx *cx, size_t block, void *user)
{
    struct training *t = user;
    (void)cx;
    t->squares[block] = bram_nn32_squares(t->part[0].grad + block * BLOCK, block_length(t, block));
    return BRAM_OK;
}

static int update(bram_ctx *cx, size_t block, void *user)
{
    struct training *t = user;
    size_t at = block * BLOCK, n = block_length(t, block);
    float *g = t->part[0].grad + at, factor = (float)t->factor;
    (void)cx;
    for (size_t i = 0; i < n; i++) g[i] *= factor;
    bram_nn32_step(t->m->w + at, g, t->m1 + at, t->v1 + at, n, &t->rule, t->step);
    return BRAM_OK;
}

/* A gradient that is no number ends the training: which, and when. */
static int blame(bram_ctx *cx, const struct training *t)
{
    bram_nn_tensor tensor[BRAM_NN_READOUT_TENSORS];
    size_t n = t->m->kind->readout->tensors(&t->m->shape, tensor), at = 0;
    for (size_t k = 0; k < n; k++) {
        size_t length = tensor[k].rows * (tensor[k].cols ? tensor[k].cols : 1);
        for (size_t i = at; i < at + length; i++)
            if (!isfinite(t->part[0].grad[i]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "step %llu: the gradient of %s is %g; a smaller rate may help",
                                 (unsigned long long)t->step, tensor[k].name,
                                 (double)t->part[0].grad[i]);
        at += length;
    }
    return bram_fail(cx, BRAM_ENUMERIC, "step %llu: gradients are too large",
                     (unsigned long long)t->step);
}

static int take_step(bram_ctx *cx, struct training *t, double rate, double *loss)
{
    const bram_nn32_readout *r = t->m->kind->readout;
    size_t blocks = (t->m->parameters + BLOCK - 1) / BLOCK;
    double sum = 0;
    t->step++;
    count_values(t);
    BRAM_TRY(bram_parallel_for(cx, BRAM_MAP_PARTS, part_step, t));
    BRAM_TRY(bram_parallel_for(cx, blocks, add_parts, t));
    if (r->penalty) sum = r->penalty(&t->m->shape, t->m->w, t->part[0].grad);
    for (size_t k = 0; k < BRAM_MAP_PARTS; k++) sum += t->part[k].loss;
    *loss += sum;
    BRAM_TRY(bram_parallel_for(cx, blocks, square, t));
    sum = 0;
    for (size_t k = 0; k < blocks; k++) sum += t->squares[k];
    if (!isfinite(sum)) return blame(cx, t);
    t->factor = bram_nn32_clip(sqrt(sum), t->most);
    t->rule.rate = bram_nn32_schedule(rate, 0.1, t->step, t->steps / 20, t->steps);
    BRAM_TRY(bram_parallel_for(cx, blocks, update, t));
    if (r->constrain) r->constrain(&t->m->shape, t->m->w);
    return BRAM_OK;
}

/* ---- rows that are held out ----------------------------------------------------------------- */

/* Task: a part of the batch of held rows. */
static int part_tell(bram_ctx *cx, size_t task, void *user)
{
    struct training *t = user;
    bram_tokens_part *p = &t->part[task];
    size_t from, to, units = t->m->shape.units;
    (void)cx;
    bounds(t->size, task, &from, &to);
    if (from == to) return BRAM_OK;
    take_batch(p, &t->held, t->held_index + t->first + from, to - from);
    p->s.training = false;
    t->m->kind->readout->forward(&p->s, t->m->w, t->told + (t->first + from) * units, p->x,
                                 p->trace);
    return BRAM_OK;
}

/* The correlation of one unit; 0 where there is none. */
static double correlation(const struct training *t, size_t unit)
{
    size_t units = t->m->shape.units;
    double n = 0, mean[2] = {0}, product[3] = {0};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < t->held_rows; i++) {
            size_t at = t->held_index[i] * units + unit;
            double x = (double)t->told[i * units + unit], y = (double)t->held.y[at];
            if (!t->held.mask[at]) continue;
            if (pass == 0) {
                n++, mean[0] += x, mean[1] += y;
                continue;
            }
            x -= mean[0] / n, y -= mean[1] / n;
            product[0] += x * x, product[1] += y * y, product[2] += x * y;
        }
    }
    return product[0] > 0 && product[1] > 0 ? product[2] / sqrt(product[0]) / sqrt(product[1]) : 0;
}

static int validate(bram_ctx *cx, struct training *t, double *score)
{
    size_t units = t->m->shape.units;
    for (t->first = 0; t->first < t->held_rows; t->first += t->size) {
        size_t left = t->held_rows - t->first;
        t->size = left < t->batch ? left : t->batch;
        BRAM_TRY(bram_parallel_for(cx, BRAM_MAP_PARTS, part_tell, t));
    }
    *score = 0;
    for (size_t u = 0; u < units; u++) *score += correlation(t, u) / (double)units;
    return BRAM_OK;
}

/* ---- training ------------------------------------------------------------------------------- */

static int run_epoch(bram_ctx *cx, struct training *t, size_t epoch, double rate)
{
    size_t batches = (t->rows + t->batch - 1) / t->batch, mark = bram_scratch_mark(cx);
    size_t *order = bram_scratch(cx, t->rows, 2 * sizeof *order), *before = order + t->rows;
    bram_rng g = bram_rng_at(t->seed, "readout/order", epoch);
    double loss = 0, score = NAN;
    if (!order) return BRAM_ENOMEM;
    bram_rng_permutation(&g, t->rows, order);
    memcpy(before, t->order, t->rows * sizeof *before);
    for (size_t i = 0; i < t->rows; i++) t->order[i] = before[order[i]];
    bram_scratch_release(cx, mark);
    for (size_t b = 0; b < batches; b++) {
        t->first = b * t->batch;
        t->size = t->rows - t->first < t->batch ? t->rows - t->first : t->batch;
        BRAM_TRY(take_step(cx, t, rate, &loss));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    if (t->held_rows) BRAM_TRY(validate(cx, t, &score));
    double *row = bram_row(&t->m->history, t->m->history.rows++);
    row[0] = (double)epoch + 1, row[1] = loss / (double)batches;
    row[2] = isnan(score) ? 0 : score, row[3] = t->rule.rate;
    if (isnan(score) || score > t->best_score) {
        memcpy(t->best, t->m->w, t->m->parameters * sizeof *t->best);
        t->best_score = isnan(score) ? t->best_score : score;
        t->patience = 0;
    } else t->patience++;
    return BRAM_OK;
}

static int run(bram_ctx *cx, struct training *t, const bram_options *o)
{
    size_t most = (size_t)bram_option_integer(o, "patience");
    double rate = bram_option_real(o, "rate");
    BRAM_TRY(bram_mat_new(cx, &t->m->history, t->epochs, 4));
    t->m->history.rows = 0;
    t->best_score = -INFINITY;
    for (size_t e = 0; e < t->epochs && t->patience < most && !bram_ctx_finish(cx); e++) {
        BRAM_TRY(run_epoch(cx, t, e, rate));
        const double *row = bram_row(&t->m->history, t->m->history.rows - 1);
        bram_training_progress(cx, row[1], t->held_rows ? row[2] : (double)NAN, e + 1, t->epochs);
    }
    if (t->m->history.rows) memcpy(t->m->w, t->best, t->m->parameters * sizeof *t->best);
    return BRAM_OK;
}

static int train(bram_ctx *cx, struct training *t, const bram_options *o, const bram_panel *panel,
                 const bram_panel *validation)
{
    bram_tokens_model *m = t->m;
    size_t n = m->parameters, blocks = (n + BLOCK - 1) / BLOCK;
    BRAM_TRY(take_rows(cx, &t->train, m, panel));
    if (validation) BRAM_TRY(take_rows(cx, &t->held, m, validation));
    BRAM_TRY(split(cx, t, o));
    BRAM_TRY(find_sides(cx, t, panel->unit));
    t->epochs = (size_t)bram_option_integer(o, "epochs");
    t->batch = (size_t)bram_option_integer(o, "batch");
    if (t->batch > t->rows) t->batch = t->rows;
    t->steps = t->epochs * ((t->rows + t->batch - 1) / t->batch);
    t->rule = (bram_nn_rule){BRAM_ADAMW, 0, 0.9, 0.999, 1e-8, bram_option_real(o, "decay")};
    t->most = bram_option_real(o, "clip");
    t->m1 = bram_scratch(cx, n, 3 * sizeof *t->m1);
    t->told = bram_scratch(cx, t->held_rows + 1, m->shape.units * sizeof *t->told);
    t->squares = bram_scratch(cx, blocks, sizeof *t->squares);
    if (!t->m1 || !t->told || !t->squares) return BRAM_ENOMEM;
    t->v1 = t->m1 + n, t->best = t->v1 + n;
    BRAM_TRY(bram_tokens_parts(cx, t->part, m, t->batch, true, false));
    m->kind->readout->start(&m->shape, m->w, t->seed);
    return run(cx, t, o);
}

int bram_tokens_train(bram_ctx *cx, bram_tokens_model *m, const bram_options *o,
                      const bram_panel *panel, const bram_panel *validation, uint64_t seed)
{
    struct training t = {.m = m, .seed = seed};
    size_t mark = bram_scratch_mark(cx);
    int status = train(cx, &t, o, panel, validation);
    bram_scratch_release(cx, mark);
    return status;
}
