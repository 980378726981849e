/*
 * force_rls.c - FORCE learning with sparse internal targets; see force.h.
 *
 * The network runs by itself through the segments; every second row the readout and the rows of J
 * of recorded units go one step of recursive least squares, which share P (P begins as I / alpha):
 *   k = P r, c = 1 / (1 + r'k), P -= c k k', w -= c e k
 * e of an output is z minus the target (Sussillo & Abbott 2009). e of a recorded unit is its
 * current, J r + W_in u + W_fb z + b for the next row, minus the current that would bring it to its
 * recorded next value, (x_next - (1 - a) x) / a with x = atanh(y) (full-FORCE, DePasquale et al.
 * 2018; CURBD, Perich et al. 2020).
 */
#include "force.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

enum { EVERY = 2 };

/* A run through one segment. */
struct run {
    bram_force *f;
    const bram_force_settings *o;
    const bram_segment *s;
    double *p; /* neurons x neurons */
    double *x, *r, *z, *u, *next, *k, *sum;
};

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* The scaled target of a column. @return whether it is there */
static bool target_of(const bram_force *f, const bram_segment *s, size_t row, size_t column,
                      double *y)
{
    size_t columns = f->column.cols;
    if (row < s->first || row >= s->y.rows) return false;
    if (s->y_present && !s->y_present[row * columns + column]) return false;
    *y = (bram_row(&s->y, row)[column] - f->column.data[columns + column]) /
         f->column.data[2 * columns + column];
    return true;
}

static double state_of(double rate)
{
    return atanh(fmax(-0.999, fmin(0.999, rate)));
}

/* k and c, and P without what r tells. */
static double update_p(struct run *w)
{
    size_t n = w->f->recurrent.rows;
    for (size_t i = 0; i < n; i++) w->k[i] = dot(w->p + i * n, w->r, n);
    double c = 1 / (1 + dot(w->r, w->k, n));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) w->p[i * n + j] -= c * w->k[i] * w->k[j];
    return c;
}

static void move(double *row, const double *k, double by, size_t n)
{
    for (size_t i = 0; i < n; i++) row[i] -= by * k[i];
}

/* After row t: x, r and z are of it, u of it, next those inputs after it. */
static void learn(struct run *w, size_t t)
{
    bram_force *f = w->f;
    size_t n = f->recurrent.rows, columns = f->column.cols;
    double c = update_p(w), a = f->leak.data[0], y, after;
    for (size_t column = 0; column < columns; column++) {
        double number = f->column.data[column];
        if (!target_of(f, w->s, t, column, &y)) continue;
        if (number < 0) {
            move(bram_row(&f->readout, column), w->k, c * (w->z[column] - y), n);
            continue;
        }
        if (!w->o->internal || !target_of(f, w->s, t + 1, column, &after)) continue;
        size_t i = (size_t)number;
        double current = f->bias.data[i] + dot(bram_row(&f->recurrent, i), w->r, n) +
                         dot(bram_row(&f->input, i), w->next, f->input.cols) +
                         dot(bram_row(&f->feedback, i), w->z, columns);
        double wanted = (state_of(after) - (1 - a) * state_of(y)) / a;
        move(bram_row(&f->recurrent, i), w->k, c * (current - wanted), n);
    }
}

static void go_through(struct run *w)
{
    size_t n = w->f->recurrent.rows;
    memset(w->x, 0, n * sizeof *w->x);
    memset(w->r, 0, n * sizeof *w->r);
    memset(w->z, 0, w->f->column.cols * sizeof *w->z);
    for (size_t t = 0; t < w->s->y.rows; t++) {
        bram_force_input(w->f, w->u, w->s, t);
        bram_force_step(w->f, w->x, w->r, w->z, w->u, w->sum);
        if (t % EVERY) continue;
        if (t + 1 < w->s->y.rows) bram_force_input(w->f, w->next, w->s, t + 1);
        learn(w, t);
    }
}

/* J, the readout and P below each other, to or from a checkpoint. */
static void copy_state(bram_mat *state, const struct run *w, bool out)
{
    size_t n = w->f->recurrent.rows, columns = w->f->column.cols;
    double *part[] = {w->f->recurrent.data, w->f->readout.data, w->p}, *at = state->data;
    size_t count[] = {n * n, columns * n, n * n};
    for (size_t k = 0; k < 3; at += count[k++])
        memcpy(out ? part[k] : at, out ? at : part[k], count[k] * sizeof *at);
}

/* Weights that are no numbers end the training: which, and when. */
static int check_weights(bram_ctx *cx, const struct run *w, size_t pass, size_t segment)
{
    static const char *const name[] = {"recurrent", "readout"};
    const bram_mat *m[] = {&w->f->recurrent, &w->f->readout};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < m[k]->rows * m[k]->cols; i++)
            if (!isfinite(m[k]->data[i]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "pass %zu, segment %zu: a weight of %s is %g; a larger alpha may "
                                 "help",
                                 pass + 1, segment, name[k], m[k]->data[i]);
    return BRAM_OK;
}

/* A pass over all segments. */
static int make_pass(bram_ctx *cx, struct run *w, const bram_panel *train, size_t pass)
{
    for (size_t s = 0; s < train->segments; s++) {
        w->s = &train->segment[s];
        go_through(w);
        BRAM_TRY(check_weights(cx, w, pass, s));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return BRAM_OK;
}

int bram_force_rls(bram_ctx *cx, bram_force *f, const bram_panel *train,
                   const bram_force_settings *o)
{
    size_t n = f->recurrent.rows, inputs = f->input.cols, columns = f->column.cols;
    struct run w = {.f = f, .o = o, .p = bram_scratch(cx, n, n * sizeof *w.p)};
    w.x = bram_scratch(cx, 4 * n + 2 * inputs + columns, sizeof *w.x);
    if (!w.p || !w.x) return BRAM_ENOMEM;
    w.r = w.x + n, w.k = w.r + n, w.sum = w.k + n, w.u = w.sum + n, w.next = w.u + inputs;
    w.z = w.next + inputs;
    for (size_t i = 0; i < n; i++) w.p[i * n + i] = 1 / o->alpha;
    bram_mat state = {0};
    double number[BRAM_CHECKPOINT_NUMBERS] = {0}; /* the first: passes done */
    bram_checkpoint c = {
        o->checkpoint.path, o->checkpoint.key, 0, NULL, NULL, NULL, NULL, number, &state};
    BRAM_TRY(bram_mat_scratch(cx, &state, 2 * n + columns, n));
    copy_state(&state, &w, false);
    BRAM_TRY(bram_checkpoint_read(cx, &c));
    copy_state(&state, &w, true);
    *o->finished = true;
    for (size_t pass = (size_t)number[0]; pass < o->passes && *o->finished; pass++) {
        int status = make_pass(cx, &w, train, pass);
        if (status == BRAM_OK) { /* a pass that was stopped is made again */
            copy_state(&state, &w, false);
            number[0] = (double)(pass + 1);
            bram_ctx_progress(cx, "training", number[0], (double)o->passes);
        }
        *o->finished = pass + 1 == o->passes || !bram_ctx_finish(cx);
        if (c.path[0] && (status == BRAM_OK ? !*o->finished : status == BRAM_ECANCEL))
            BRAM_TRY(bram_checkpoint_write(cx, &c));
        BRAM_TRY(status);
    }
    return BRAM_OK;
}
