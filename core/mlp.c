/*
 * mlp.c - a network of one hidden layer that tells classes; see mlp.h.
 */
#include "mlp.h"

#include "classifier.h"
#include "nn_act.h"
#include "nn_layer.h"
#include "nn_step.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

/* One training: the network, its rows, and what a batch needs. Parameters lie side by side, those
 * of the first layer before those of the last. */
struct training {
    const bram_mlp_settings *s;
    bram_mlp *m;
    bool refit; /* the layer of scores stays */
    const float *x;
    const size_t *label;
    const double *weight; /* of each class */
    size_t rows, first, last, batch, *order;
    float *p, *g, *moment, *square; /* first + last each */
    float *rows_of, *pre, *hidden, *slope, *score, *back;
};

static size_t first_size(const bram_mlp *m)
{
    return m->hidden * (m->in + 1);
}

static size_t last_size(const bram_mlp *m)
{
    return m->classes * (m->hidden + 1);
}

/* hidden = relu(x first'), score = hidden last' */
static void forward(const bram_mlp *m, const float *first, const float *last, const float *x,
                    size_t rows, float *pre, float *hidden, float *score)
{
    bram_nn32_linear(pre, x, first, first + m->hidden * m->in, rows, m->in, m->hidden);
    bram_nn32_act(hidden, pre, rows * m->hidden, BRAM_ACT_RELU);
    bram_nn32_linear(score, hidden, last, last + m->classes * m->hidden, rows, m->hidden,
                     m->classes);
}

/* ---- training ------------------------------------------------------------------------------- */

static int make_training(bram_ctx *cx, struct training *t)
{
    const bram_mlp *m = t->m;
    t->first = first_size(m), t->last = last_size(m);
    t->batch = t->s->batch < t->rows ? t->s->batch : t->rows;
    size_t all = t->first + t->last, wide = t->batch * m->hidden;
    t->p = bram_scratch(cx, all, sizeof *t->p);
    t->g = bram_scratch(cx, all, sizeof *t->g);
    t->moment = bram_scratch(cx, all, sizeof *t->moment);
    t->square = bram_scratch(cx, all, sizeof *t->square);
    t->rows_of = bram_scratch(cx, t->batch, m->in * sizeof(float));
    t->pre = bram_scratch(cx, wide, sizeof *t->pre);
    t->hidden = bram_scratch(cx, wide, sizeof *t->hidden);
    t->slope = bram_scratch(cx, wide, sizeof *t->slope);
    t->score = bram_scratch(cx, t->batch, m->classes * sizeof(float));
    t->back = bram_scratch(cx, t->batch, m->classes * sizeof(float));
    t->order = bram_scratch(cx, t->rows, sizeof *t->order);
    return t->p && t->g && t->moment && t->square && t->rows_of && t->pre && t->hidden &&
                   t->slope && t->score && t->back && t->order
               ? BRAM_OK
               : BRAM_ENOMEM;
}

static void draw_weights(struct training *t)
{
    bram_rng g = bram_rng_new(t->s->seed, t->refit ? "mlp/refit" : "mlp/start");
    size_t in = t->m->in, hidden = t->m->hidden, classes = t->m->classes;
    for (size_t i = 0; i < hidden * in; i++)
        t->p[i] = (float)(bram_rng_normal(&g) * sqrt(2 / (double)in));
    if (t->refit) memcpy(t->p + t->first, t->m->last, t->last * sizeof *t->p);
    for (size_t i = 0; !t->refit && i < classes * hidden; i++)
        t->p[t->first + i] = (float)(bram_rng_normal(&g) * sqrt(1 / (double)hidden));
}

/* The rows of a step: each order of all rows is gone through before the next is drawn. */
static void take_batch(struct training *t, size_t step, size_t *row)
{
    for (size_t i = 0; i < t->batch; i++) {
        size_t at = step * t->batch + i;
        if (at % t->rows == 0) {
            bram_rng g = bram_rng_at(t->s->seed, "mlp/order", at / t->rows);
            bram_rng_permutation(&g, t->rows, t->order);
        }
        row[i] = t->order[at % t->rows];
        memcpy(t->rows_of + i * t->m->in, t->x + row[i] * t->m->in, t->m->in * sizeof(float));
    }
}

/* d(mean weighted -log p) / d(score): weight (p - truth) / batch, in place of the probabilities. */
static void leave_over(struct training *t, const size_t *row)
{
    size_t classes = t->m->classes;
    bram_nn32_softmax(t->back, t->score, t->batch, classes, false);
    for (size_t i = 0; i < t->batch; i++) {
        size_t truth = t->label[row[i]];
        float scale = (float)(t->weight[truth] / (double)t->batch), *back = t->back + i * classes;
        back[truth] -= 1;
        for (size_t k = 0; k < classes; k++) back[k] *= scale;
    }
}

static void backward(struct training *t)
{
    const bram_mlp *m = t->m;
    float *first = t->g, *last = t->g + t->first;
    memset(t->g, 0, (t->first + t->last) * sizeof *t->g);
    bram_nn32_linear_back(t->slope, last, last + m->classes * m->hidden, t->back, t->hidden,
                          t->p + t->first, t->batch, m->hidden, m->classes);
    bram_nn32_act_back(t->slope, t->slope, t->pre, t->hidden, t->batch * m->hidden, BRAM_ACT_RELU);
    bram_nn32_linear_back(NULL, first, first + m->hidden * m->in, t->slope, t->rows_of, t->p,
                          t->batch, m->in, m->hidden);
}

static int train(bram_ctx *cx, struct training *t)
{
    size_t *row = bram_scratch(cx, t->batch, sizeof *row);
    size_t moved = t->refit ? t->first : t->first + t->last;
    if (!row) return BRAM_ENOMEM;
    draw_weights(t);
    for (size_t step = 0; step < t->s->steps; step++) {
        bram_nn_rule rule = {BRAM_ADAMW, 0, 0.9, 0.999, 1e-8, t->s->decay};
        rule.rate = bram_nn32_schedule(t->s->rate, 0.05, step + 1, 0, t->s->steps);
        take_batch(t, step, row);
        forward(t->m, t->p, t->p + t->first, t->rows_of, t->batch, t->pre, t->hidden, t->score);
        leave_over(t, row);
        backward(t);
        bram_nn32_step(t->p, t->g, t->moment, t->square, moved, &rule, step + 1);
    }
    if (!isfinite(bram_nn32_squares(t->p, t->first + t->last)))
        return bram_fail(cx, BRAM_ENUMERIC, "weights of the network grew without bound");
    return BRAM_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

/* Standardized rows as float32, in scratch memory. */
static int to_float(bram_ctx *cx, float **out, const bram_mlp *m, const bram_mat *x)
{
    float *z = bram_scratch(cx, x->rows, x->cols * sizeof *z);
    if (!z) return BRAM_ENOMEM;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            z[i * x->cols + j] = (float)((bram_row(x, i)[j] - m->mean[j]) / m->scale[j]);
    *out = z;
    return BRAM_OK;
}

/* Each class weighs alike. @return how many have rows */
static size_t weigh(double *weight, const size_t *label, size_t rows, size_t classes)
{
    size_t filled = 0;
    for (size_t i = 0; i < rows; i++) filled += weight[label[i]]++ == 0;
    for (size_t k = 0; k < classes; k++)
        if (weight[k] > 0) weight[k] = (double)rows / ((double)filled * weight[k]);
    return filled;
}

static int fit(bram_ctx *cx, bram_mlp *m, bool refit, const bram_mat *x, const size_t *label,
               const bram_mlp_settings *s)
{
    struct training t = {.s = s, .m = m, .refit = refit, .label = label, .rows = x->rows};
    double *weight = bram_scratch(cx, m->classes, sizeof *weight);
    float *z;
    if (!weight) return BRAM_ENOMEM;
    weigh(weight, label, x->rows, m->classes);
    for (size_t k = 0; k < m->classes && !refit; k++) m->absent[k] = !(weight[k] > 0);
    BRAM_TRY(to_float(cx, &z, m, x));
    t.x = z, t.weight = weight;
    BRAM_TRY(make_training(cx, &t));
    BRAM_TRY(train(cx, &t));
    memcpy(m->first, t.p, t.first * sizeof *t.p);
    if (!refit) memcpy(m->last, t.p + t.first, t.last * sizeof *t.p);
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_mlp *m, const bram_mlp *from, const bram_mat *x,
                const size_t *label, const bram_mlp_settings *s)
{
    BRAM_TRY(bram_classifier_check(cx, x, label, m->classes));
    m->mean = bram_scratch(cx, x->cols, sizeof *m->mean);
    m->scale = bram_scratch(cx, x->cols, sizeof *m->scale);
    m->first = bram_scratch(cx, first_size(m), sizeof *m->first);
    m->last = from ? from->last : bram_scratch(cx, last_size(m), sizeof *m->last);
    m->absent = from ? from->absent : bram_scratch(cx, m->classes, 1);
    if (!m->mean || !m->scale || !m->first || !m->last || !m->absent) return BRAM_ENOMEM;
    bram_classifier_scale(m->mean, m->scale, x);
    size_t mark = bram_scratch_mark(cx);
    int status = fit(cx, m, from != NULL, x, label, s);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_mlp_fit(bram_ctx *cx, bram_mlp *out, const bram_mat *x, const size_t *label,
                 size_t classes, const bram_mlp_settings *s)
{
    bram_mlp m = {.in = x->cols, .hidden = s->hidden, .classes = classes};
    BRAM_TRY(make(cx, &m, NULL, x, label, s));
    *out = m;
    return BRAM_OK;
}

int bram_mlp_refit(bram_ctx *cx, bram_mlp *out, const bram_mlp *from, const bram_mat *x,
                   const size_t *label, const bram_mlp_settings *s)
{
    bram_mlp m = {.in = x->cols, .hidden = from->hidden, .classes = from->classes};
    BRAM_TRY(make(cx, &m, from, x, label, s));
    *out = m;
    return BRAM_OK;
}

int bram_mlp_scores(bram_ctx *cx, bram_mat *score, const bram_mlp *m, const bram_mat *x)
{
    if (x->cols != m->in || score->rows != x->rows || score->cols != m->classes)
        return bram_fail(cx, BRAM_ESHAPE, "rows of %zu columns, expected %zu", x->cols, m->in);
    size_t mark = bram_scratch_mark(cx);
    float *z = NULL, *pre = bram_scratch(cx, x->rows, m->hidden * sizeof *pre);
    float *hidden = bram_scratch(cx, x->rows, m->hidden * sizeof *hidden);
    float *out = bram_scratch(cx, x->rows, m->classes * sizeof *out);
    int status = pre && hidden && out ? to_float(cx, &z, m, x) : BRAM_ENOMEM;
    if (status == BRAM_OK) forward(m, m->first, m->last, z, x->rows, pre, hidden, out);
    for (size_t i = 0; status == BRAM_OK && i < x->rows; i++)
        for (size_t k = 0; k < m->classes; k++)
            bram_row(score, i)[k] = m->absent[k] ? -INFINITY : (double)out[i * m->classes + k];
    bram_scratch_release(cx, mark);
    return status;
}
