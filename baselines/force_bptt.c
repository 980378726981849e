/*
 * force_bptt.c - the same network by backpropagation through time; see force.h.
 *
 * The loss is the mean squared error of the outputs plus lambda times that of the recorded units'
 * rates, over all segments at once; Adam with clipped gradients, the rate rising over 5 % of the
 * steps and falling along a cosine to a tenth. In float32, time-major, gradients of the weights one
 * product each.
 */
#include "force.h"
#include "linalg.h"
#include "nn_math.h"
#include "nn_step.h"
#include "training_progress.h"

#include <math.h>
#include <string.h>

/* Offsets into the parameters: J, W_in, b, W_out, c. */
struct layout {
    size_t input, bias, readout, offset, all;
};

struct training {
    bram_force *f;
    const bram_force_settings *o;
    size_t n, inputs, columns, batch, steps; /* steps: rows of the longest segment */
    struct layout at;
    float *p, *gradient, *m, *v;
    double loss;               /* of the last step */
    float *u, *y, *weight;     /* steps, batch, inputs; columns, and what an error counts */
    float *x, *r, *z;          /* steps + 1, batch, n (0: before); steps, batch, columns */
    float *sum, *dx, *dr, *dz; /* batch, n; steps, batch, n; batch, n; as z */
};

/* ---- what goes in --------------------------------------------------------------------------- */

static int make(bram_ctx *cx, struct training *t)
{
    size_t rows = t->steps * t->batch, n = t->n, all = t->at.all;
    t->p = bram_scratch(cx, 4 * all, sizeof *t->p);
    t->u = bram_scratch(cx, rows * (t->inputs + 4 * t->columns), sizeof *t->u);
    t->x = bram_scratch(cx, (3 * rows + 4 * t->batch) * n, sizeof *t->x);
    if (!t->p || !t->u || !t->x) return BRAM_ENOMEM;
    t->gradient = t->p + all, t->m = t->gradient + all, t->v = t->m + all;
    t->y = t->u + rows * t->inputs, t->weight = t->y + rows * t->columns;
    t->z = t->weight + rows * t->columns, t->dz = t->z + rows * t->columns;
    t->r = t->x + (rows + t->batch) * n, t->dx = t->r + (rows + t->batch) * n;
    t->sum = t->dx + rows * n, t->dr = t->sum + t->batch * n;
    return BRAM_OK;
}

/* Weights of errors: 1 / how many targets of their kind there are, lambda for units. */
static void weigh(struct training *t)
{
    double count[2] = {0, 0};
    size_t values = t->steps * t->batch * t->columns;
    for (size_t i = 0; i < values; i++)
        if (t->weight[i] > 0) count[t->f->column.data[i % t->columns] >= 0]++;
    for (size_t i = 0; i < values; i++) {
        bool unit = t->f->column.data[i % t->columns] >= 0;
        double by = unit ? (t->o->internal ? t->o->lambda : 0) : 1;
        if (t->weight[i] > 0) t->weight[i] = (float)(by / count[unit]);
    }
}

static void fill(struct training *t, const bram_panel *train, double *scratch)
{
    const bram_force *f = t->f;
    for (size_t b = 0; b < t->batch; b++) {
        const bram_segment *s = &train->segment[b];
        for (size_t row = 0; row < s->y.rows; row++) {
            size_t at = row * t->batch + b;
            bram_force_input(f, scratch, s, row);
            for (size_t k = 0; k < t->inputs; k++) t->u[at * t->inputs + k] = (float)scratch[k];
            for (size_t c = 0; c < t->columns && row >= s->first; c++) {
                if (s->y_present && !s->y_present[row * t->columns + c]) continue;
                double v = bram_row(&s->y, row)[c] - f->column.data[t->columns + c];
                t->y[at * t->columns + c] = (float)(v / f->column.data[2 * t->columns + c]);
                t->weight[at * t->columns + c] = 1;
            }
        }
    }
    weigh(t);
}

/* ---- a step --------------------------------------------------------------------------------- */

static void forward(struct training *t)
{
    size_t n = t->n, state = t->batch * n, rows = t->steps * t->batch;
    float a = (float)t->f->leak.data[0];
    for (size_t s = 0; s < t->steps; s++) {
        float *x = t->x + s * state, *r = t->r + s * state, *next = x + state;
        for (size_t b = 0; b < t->batch; b++)
            memcpy(t->sum + b * n, t->p + t->at.bias, n * sizeof *t->sum);
        bram_gemm_f32(t->sum, r, BRAM_AS_IS, t->p, BRAM_TRANSPOSED, t->batch, n, n, 1);
        bram_gemm_f32(t->sum, t->u + s * t->batch * t->inputs, BRAM_AS_IS, t->p + t->at.input,
                      BRAM_TRANSPOSED, t->batch, n, t->inputs, 1);
        for (size_t i = 0; i < state; i++) next[i] = x[i] + a * (t->sum[i] - x[i]);
        memcpy(r + state, next, state * sizeof *r);
        bram_nn32_tanh(r + state, state);
    }
    for (size_t row = 0; row < rows; row++)
        memcpy(t->z + row * t->columns, t->p + t->at.offset, t->columns * sizeof *t->z);
    bram_gemm_f32(t->z, t->r + state, BRAM_AS_IS, t->p + t->at.readout, BRAM_TRANSPOSED, rows,
                  t->columns, n, 1);
    for (size_t c = 0; c < t->columns; c++) /* units are told by their neurons */
        for (size_t row = 0; row < rows && t->f->column.data[c] >= 0; row++)
            t->z[row * t->columns + c] = t->r[state + row * n + (size_t)t->f->column.data[c]];
}

/* dz of outputs; dr of units' neurons is added where the states are gone through. */
static double losses(struct training *t)
{
    double loss = 0; /* of the whole batch */
    for (size_t i = 0; i < t->steps * t->batch * t->columns; i++) {
        float e = t->z[i] - t->y[i];
        loss += (double)(t->weight[i] * e * e);
        t->dz[i] = 2 * t->weight[i] * e;
    }
    return loss;
}

static void units_to_rates(struct training *t, size_t step)
{
    for (size_t b = 0; b < t->batch; b++)
        for (size_t c = 0; c < t->columns; c++) {
            size_t k = (step * t->batch + b) * t->columns + c;
            if (t->f->column.data[c] < 0) continue;
            t->dr[b * t->n + (size_t)t->f->column.data[c]] += t->dz[k];
            t->dz[k] = 0;
        }
}

/* dx[s] is the gradient of the state after step s. */
static void backward(struct training *t)
{
    size_t n = t->n, state = t->batch * n, rows = t->steps * t->batch;
    float a = (float)t->f->leak.data[0], *g = t->gradient;
    memset(g, 0, t->at.all * sizeof *g);
    for (size_t s = t->steps; s-- > 0;) {
        float *dx = t->dx + s * state;
        const float *r = t->r + (s + 1) * state, *later = dx + state;
        bool last = s + 1 == t->steps;
        memset(t->dr, 0, state * sizeof *t->dr);
        units_to_rates(t, s);
        bram_gemm_f32(t->dr, t->dz + s * t->batch * t->columns, BRAM_AS_IS, t->p + t->at.readout,
                      BRAM_AS_IS, t->batch, n, t->columns, 1);
        if (!last) {
            for (size_t i = 0; i < state; i++) t->sum[i] = a * later[i];
            bram_gemm_f32(t->dr, t->sum, BRAM_AS_IS, t->p, BRAM_AS_IS, t->batch, n, n, 1);
        }
        for (size_t i = 0; i < state; i++)
            dx[i] = t->dr[i] * (1 - r[i] * r[i]) + (last ? 0 : (1 - a) * later[i]);
    }
    bram_gemm_f32(g + t->at.readout, t->dz, BRAM_TRANSPOSED, t->r + state, BRAM_AS_IS, t->columns,
                  n, rows, 0);
    for (size_t i = 0; i < rows * t->columns; i++) g[t->at.offset + i % t->columns] += t->dz[i];
    for (size_t i = 0; i < rows * n; i++) t->dx[i] *= a; /* of the currents from here on */
    bram_gemm_f32(g, t->dx, BRAM_TRANSPOSED, t->r, BRAM_AS_IS, n, n, rows, 0);
    bram_gemm_f32(g + t->at.input, t->dx, BRAM_TRANSPOSED, t->u, BRAM_AS_IS, n, t->inputs, rows, 0);
    for (size_t i = 0; i < rows * n; i++) g[t->at.bias + i % n] += t->dx[i];
}

/* ---- parameters ----------------------------------------------------------------------------- */

/* Between the model's matrices and the array that is trained. */
static void copy_parameters(struct training *t, bool out)
{
    bram_mat *from[] = {&t->f->recurrent, &t->f->input, &t->f->bias, &t->f->readout, &t->f->offset};
    float *p = t->p;
    for (size_t k = 0; k < 5; k++)
        for (size_t i = 0; i < from[k]->rows * from[k]->cols; i++, p++) {
            if (out) from[k]->data[i] = (double)*p;
            else *p = (float)from[k]->data[i];
        }
}

/* A gradient that is no number ends the training: which, and when. */
static int check_gradient(bram_ctx *cx, const struct training *t, double loss, uint64_t step)
{
    static const char *const name[] = {"recurrent", "input", "bias", "readout", "offset"};
    const size_t first[] = {0, t->at.input, t->at.bias, t->at.readout, t->at.offset, t->at.all};
    for (size_t k = 0; k < 5; k++)
        for (size_t i = first[k]; i < first[k + 1]; i++)
            if (!isfinite(t->gradient[i]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "step %llu: the gradient of %s is %g; a smaller rate may help",
                                 (unsigned long long)step, name[k], (double)t->gradient[i]);
    if (isfinite(loss)) return BRAM_OK;
    return bram_fail(cx, BRAM_ENUMERIC, "step %llu: the loss is %g; a smaller rate may help",
                     (unsigned long long)step, loss);
}

static int take_step(bram_ctx *cx, struct training *t, uint64_t step)
{
    bram_nn_rule rule = {BRAM_ADAM, 0, 0.9, 0.999, 1e-8, 0};
    rule.rate = bram_nn32_schedule(t->o->rate, 0.1, step, t->o->steps / 20, t->o->steps);
    forward(t);
    double loss = t->loss = losses(t);
    backward(t);
    double norm = sqrt(bram_nn32_squares(t->gradient, t->at.all));
    if (!isfinite(norm) || !isfinite(loss)) BRAM_TRY(check_gradient(cx, t, loss, step));
    float factor = (float)bram_nn32_clip(norm, t->o->clip);
    for (size_t i = 0; i < t->at.all; i++) t->gradient[i] *= factor;
    bram_nn32_step(t->p, t->gradient, t->m, t->v, t->at.all, &rule, step);
    return BRAM_OK;
}

int bram_force_bptt(bram_ctx *cx, bram_force *f, const bram_panel *train,
                    const bram_force_settings *o)
{
    struct training t = {.f = f, .o = o, .n = f->recurrent.rows, .inputs = f->input.cols};
    t.columns = f->column.cols, t.batch = train->segments;
    for (size_t s = 0; s < train->segments; s++)
        if (train->segment[s].y.rows > t.steps) t.steps = train->segment[s].y.rows;
    t.at.input = t.n * t.n, t.at.bias = t.at.input + t.n * t.inputs;
    t.at.readout = t.at.bias + t.n, t.at.offset = t.at.readout + t.columns * t.n;
    t.at.all = t.at.offset + t.columns;
    double *scratch = bram_scratch(cx, t.inputs, sizeof *scratch);
    if (!scratch) return BRAM_ENOMEM;
    BRAM_TRY(make(cx, &t));
    fill(&t, train, scratch);
    copy_parameters(&t, false);
    bram_mat none = {&(double){0}, 1, 1, 1};
    double number[BRAM_CHECKPOINT_NUMBERS] = {0}; /* the first: steps done */
    bram_checkpoint c = {
        o->checkpoint.path, o->checkpoint.key, t.at.all, t.p, t.m, t.v, t.p, number, &none};
    BRAM_TRY(bram_checkpoint_read(cx, &c));
    *o->finished = true;
    for (uint64_t step = (uint64_t)number[0] + 1; step <= o->steps; step++) {
        *o->finished = !bram_ctx_finish(cx);
        if (!*o->finished || bram_ctx_check_cancel(cx) != BRAM_OK) {
            if (c.path[0]) BRAM_TRY(bram_checkpoint_write(cx, &c));
            BRAM_TRY(bram_ctx_check_cancel(cx));
            break;
        }
        BRAM_TRY(take_step(cx, &t, step));
        number[0] = (double)step;
        if (step % 50 == 0) bram_training_progress(cx, t.loss, (double)NAN, step, o->steps);
    }
    copy_parameters(&t, true);
    return BRAM_OK;
}
