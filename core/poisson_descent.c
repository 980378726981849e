/*
 * poisson_descent.c - Poisson regression with many coefficients, of all targets at once; see
 * poisson_glm.h.
 *
 * L-BFGS for each target (Nocedal and Wright 2006, algorithm 7.4), with steps by backtracking, all
 * of whose points are evaluated together (poisson_many.h). The inverse begins as that of a_n G +
 * D_n, so that what is left to learn is how the rate changes the weights of the rows; one Cholesky
 * factor serves the targets whose a_n are alike. Those that are not done after EASY points (a few
 * spikes and a small penalty: few rows weigh anything) go on from a factor of their own
 * information, made anew after as many points. A target is done when half of its slope along the
 * next direction, what a Newton step would gain, is within the tolerance.
 */
#include "poisson_many.h"

#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { PAIRS = 10, HALVINGS = 40, FACTORS = 8, TOGETHER = 16, EASY = 12 };

/* Most bytes of factors that are targets' own. */
static const size_t ROOM = (size_t)1 << 28;

/* One target. Rows of M numbers. */
struct point {
    double *x, *slope, *trial, *trial_slope, *direction;
    double *s[PAIRS], *y[PAIRS], rho[PAIRS], alpha[PAIRS];
    size_t count, next, halvings, factor;
    double value, trial_value, along, length;
};

struct descent {
    bram_glm_many many;
    struct point *point;
    bram_mat x, slope; /* targets x M: trials, as they are evaluated */
    double *value, tolerance;
    bool *done, *turn;       /* turn: wants a new direction */
    size_t factors, *member; /* targets by factor */
    bram_mat *factor;
};

static double dot(const double *a, const double *b, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++) sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++) sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* ---- where the inverses begin --------------------------------------------------------------- */

/* Cholesky factor of information + D of target n, in place. What no row tells and no prior holds
 * gets a trace on the diagonal. */
static int make_factor(bram_ctx *cx, bram_mat *factor, const bram_mat *information,
                       const bram_glm *g, size_t n)
{
    size_t m = factor->rows;
    double most = 1e-12, added;
    for (size_t j = 0; j < m; j++)
        most = fmax(most, bram_row(information, j)[j] +
                              (g->precision ? bram_row(g->precision, j)[n] : 0));
    added = 1e-10 * most;
    int status = BRAM_ENUMERIC;
    for (int trial = 0; trial < 12 && status == BRAM_ENUMERIC; trial++, added *= 10) {
        for (size_t i = 0; i < m; i++) {
            double *to = bram_row(factor, i);
            memcpy(to, bram_row(information, i), (i + 1) * sizeof *to);
            to[i] += added + (g->precision ? bram_row(g->precision, i)[n] : 0);
            if (g->fixed) to[0] = i == 0;
        }
        status = bram_cholesky(cx, factor);
    }
    return status;
}

/* Targets whose sizes lie in one of up to FACTORS equal parts of their logarithms share the factor
 * of the first of them. */
static int common_factors(bram_ctx *cx, struct descent *d)
{
    const bram_glm_many *p = &d->many;
    double least = p->size[0], most = p->size[0];
    bram_mat information;
    BRAM_TRY(bram_mat_scratch(cx, &information, p->m, p->m));
    for (size_t n = 1; n < p->targets; n++)
        least = fmin(least, p->size[n]), most = fmax(most, p->size[n]);
    double part = fmax(log2(most / least) / FACTORS, 0.5);
    for (size_t b = 0, at = 0, first = 0; b < FACTORS; b++, first = at) {
        for (size_t n = 0; n < p->targets; n++) {
            double place = fmin(log2(p->size[n] / least) / part, FACTORS - 1);
            if ((size_t)place == b) d->member[at++] = n, d->point[n].factor = d->factors;
        }
        if (at == first) continue;
        bram_mat *factor = &d->factor[d->factors++];
        BRAM_TRY(bram_mat_scratch(cx, factor, p->m, p->m));
        double middle = least * exp2(((double)b + 0.5) * part);
        for (size_t i = 0; i < p->m; i++)
            for (size_t j = 0; j <= i; j++)
                bram_row(&information, i)[j] = middle * bram_row(&p->gram, i)[j];
        BRAM_TRY(make_factor(cx, factor, &information, p->g, d->member[first]));
    }
    return BRAM_OK;
}

static int own_factor(bram_ctx *cx, size_t n, void *user)
{
    const struct descent *d = user;
    bram_mat information;
    BRAM_TRY(bram_mat_scratch(cx, &information, d->many.m, d->many.m));
    BRAM_TRY(bram_glm_information(cx, &information, &d->many, n, d->point[n].x));
    return make_factor(cx, &d->factor[n], &information, d->many.g, n);
}

static int own_factors(bram_ctx *cx, struct descent *d)
{
    for (size_t n = 0; n < d->many.targets; n++) {
        d->member[n] = d->point[n].factor = n;
        BRAM_TRY(bram_mat_scratch(cx, &d->factor[n], d->many.m, d->many.m));
    }
    return bram_parallel_for(cx, d->many.targets, own_factor, d);
}

/* ---- directions ----------------------------------------------------------------------------- */

/* The first loop of the recursion. */
static void go_back(struct point *p, size_t m)
{
    memcpy(p->direction, p->slope, m * sizeof(double));
    for (size_t k = 0; k < p->count; k++) {
        size_t at = (p->next + PAIRS - 1 - k) % PAIRS;
        p->alpha[at] = p->rho[at] * dot(p->s[at], p->direction, m);
        for (size_t i = 0; i < m; i++) p->direction[i] -= p->alpha[at] * p->y[at][i];
    }
}

/* The second loop. */
static void come_forth(struct point *p, size_t m)
{
    for (size_t k = p->count; k-- > 0;) {
        size_t at = (p->next + PAIRS - 1 - k) % PAIRS;
        double beta = p->rho[at] * dot(p->y[at], p->direction, m);
        for (size_t i = 0; i < m; i++) p->direction[i] += (p->alpha[at] - beta) * p->s[at][i];
    }
    for (size_t i = 0; i < m; i++) p->direction[i] = -p->direction[i];
}

/* New directions for the targets of a group that want one: columns of one solution. */
static int direct(bram_ctx *cx, size_t group, void *user)
{
    struct descent *d = user;
    size_t m = d->many.m, first = group * TOGETHER, last = first + TOGETHER, wanted = 0;
    if (last > d->many.targets) last = d->many.targets;
    struct point *some[TOGETHER];
    bram_mat columns;
    BRAM_TRY(bram_mat_scratch(cx, &columns, m, TOGETHER));
    for (size_t i = first; i <= last; i++) {
        struct point *p = i < last ? &d->point[d->member[i]] : NULL;
        if (wanted && (!p || p->factor != some[0]->factor)) { /* the next factor begins */
            columns.cols = wanted;
            BRAM_TRY(bram_cholesky_solve(cx, &d->factor[some[0]->factor], &columns));
            for (size_t k = 0; k < wanted; k++) {
                for (size_t j = 0; j < m; j++) some[k]->direction[j] = bram_row(&columns, j)[k];
                come_forth(some[k], m);
            }
            wanted = 0;
        }
        if (!p || !d->turn[d->member[i]]) continue;
        go_back(p, m);
        for (size_t j = 0; j < m; j++) bram_row(&columns, j)[wanted] = p->direction[j];
        some[wanted++] = p;
    }
    return BRAM_OK;
}

/* Directions for those that want one; a target with nothing to gain along its own is done. */
static int turn(bram_ctx *cx, struct descent *d)
{
    BRAM_TRY(bram_parallel_for(cx, (d->many.targets + TOGETHER - 1) / TOGETHER, direct, d));
    for (size_t n = 0; n < d->many.targets; n++) {
        struct point *p = &d->point[n];
        if (!d->turn[n]) continue;
        d->turn[n] = false;
        p->along = dot(p->direction, p->slope, d->many.m);
        p->length = 1, p->halvings = 0;
        d->done[n] = !(-p->along > 2 * d->tolerance * (1 + fabs(p->value)));
    }
    return BRAM_OK;
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* A pair is kept when its curvature is positive: the inverse then stays positive definite. */
static void keep_pair(struct point *p, size_t m)
{
    double *s = p->s[p->next], *y = p->y[p->next];
    for (size_t i = 0; i < m; i++)
        s[i] = p->trial[i] - p->x[i], y[i] = p->trial_slope[i] - p->slope[i];
    double curvature = dot(s, y, m);
    if (!(curvature > 1e-14 * dot(y, y, m))) return;
    p->rho[p->next] = 1 / curvature;
    p->next = (p->next + 1) % PAIRS;
    if (p->count < PAIRS) p->count++;
}

/* The trial of target n was evaluated: it becomes the point, or the next one is half as far. */
static void judge(struct descent *d, size_t n)
{
    struct point *p = &d->point[n];
    double now = d->value[n];
    if (!(now <= p->value + 1e-4 * p->length * p->along)) {
        p->length /= 2;
        d->done[n] = ++p->halvings == HALVINGS;
        return;
    }
    keep_pair(p, d->many.m);
    memcpy(p->x, p->trial, d->many.m * sizeof(double));
    memcpy(p->slope, p->trial_slope, d->many.m * sizeof(double));
    p->value = now;
    d->turn[n] = true;
}

static int new_points(bram_ctx *cx, struct descent *d, const bram_mat *theta)
{
    size_t m = theta->rows, targets = theta->cols;
    d->point = bram_scratch(cx, targets, sizeof *d->point);
    d->done = bram_scratch(cx, targets, 2 * sizeof *d->done);
    d->value = bram_scratch(cx, targets, sizeof *d->value);
    if (!d->point || !d->done || !d->value) return BRAM_ENOMEM;
    d->turn = d->done + targets;
    BRAM_TRY(bram_mat_scratch(cx, &d->x, targets, m));
    BRAM_TRY(bram_mat_scratch(cx, &d->slope, targets, m));
    for (size_t n = 0; n < targets; n++) {
        struct point *p = &d->point[n];
        double *room = bram_scratch(cx, (3 + 2 * PAIRS) * m, sizeof *room);
        if (!room) return BRAM_ENOMEM;
        p->x = room, p->slope = room + m, p->direction = room + 2 * m;
        for (size_t k = 0; k < PAIRS; k++)
            p->s[k] = room + (3 + 2 * k) * m, p->y[k] = room + (4 + 2 * k) * m;
        p->trial = bram_row(&d->x, n), p->trial_slope = bram_row(&d->slope, n);
        for (size_t j = 0; j < m; j++) p->trial[j] = p->x[j] = bram_row(theta, j)[n];
    }
    return BRAM_OK;
}

static int begin(bram_ctx *cx, struct descent *d, const bram_glm *g, const bram_mat *theta,
                 const bram_mat *gram)
{
    size_t targets = theta->cols, factors = gram || targets > FACTORS ? targets : FACTORS;
    BRAM_TRY(bram_glm_many_begin(cx, &d->many, g, theta, gram));
    BRAM_TRY(new_points(cx, d, theta));
    d->member = bram_scratch(cx, targets, sizeof *d->member);
    d->factor = bram_scratch(cx, factors, sizeof *d->factor);
    if (!d->member || !d->factor) return BRAM_ENOMEM;
    BRAM_TRY(gram ? own_factors(cx, d) : common_factors(cx, d));
    BRAM_TRY(bram_glm_many_evaluate(cx, &d->many, d->value, &d->slope, &d->x));
    for (size_t n = 0; n < targets; n++) {
        struct point *p = &d->point[n];
        p->value = d->value[n];
        memcpy(p->slope, p->trial_slope, theta->rows * sizeof(double));
        d->turn[n] = isfinite(p->value);
        d->done[n] = !d->turn[n];
    }
    return turn(cx, d);
}

/* Up to `points` points of each target. @param gram  NULL: with common factors */
static int descend(bram_ctx *cx, struct descent *d, bram_mat *theta, double *objective,
                   const bram_glm *g, const bram_mat *gram, size_t points)
{
    size_t m = theta->rows, targets = theta->cols;
    BRAM_TRY(begin(cx, d, g, theta, gram));
    for (size_t k = 0; k < points; k++) {
        size_t left = 0;
        for (size_t n = 0; n < targets; n++) {
            struct point *p = &d->point[n];
            if (d->done[n]) continue;
            left++;
            for (size_t j = 0; j < m; j++) p->trial[j] = p->x[j] + p->length * p->direction[j];
        }
        if (!left) break;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        BRAM_TRY(bram_glm_many_drop(cx, &d->many, d->done));
        BRAM_TRY(bram_glm_many_evaluate(cx, &d->many, d->value, &d->slope, &d->x));
        for (size_t n = 0; n < targets; n++)
            if (!d->done[n]) judge(d, n);
        BRAM_TRY(turn(cx, d));
    }
    for (size_t n = 0; n < targets; n++) {
        objective[n] = -d->point[n].value;
        for (size_t j = 0; j < m; j++) bram_row(theta, j)[n] = d->point[n].x[j];
    }
    return BRAM_OK;
}

/* Another EASY points for the targets `hard`, with factors of their own; done is set. */
static int go_on(bram_ctx *cx, bram_mat *theta, double *objective, bool *done, const bram_glm *g,
                 const bram_mat *gram, const size_t *hard, size_t count, double tolerance)
{
    struct descent d = {.tolerance = tolerance};
    bram_glm_some some = {0};
    bram_mat part;
    double *value = bram_scratch(cx, count, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(bram_glm_pick(cx, &some, g, hard, count));
    BRAM_TRY(bram_mat_scratch(cx, &part, theta->rows, count));
    for (size_t j = 0; j < theta->rows; j++)
        for (size_t k = 0; k < count; k++) bram_row(&part, j)[k] = bram_row(theta, j)[hard[k]];
    BRAM_TRY(descend(cx, &d, &part, value, &some.g, gram, EASY));
    for (size_t k = 0; k < count; k++) {
        objective[hard[k]] = value[k];
        done[hard[k]] = d.done[k];
        for (size_t j = 0; j < theta->rows; j++)
            bram_row(theta, j)[hard[k]] = bram_row(&part, j)[k];
    }
    return BRAM_OK;
}

int bram_glm_descend(bram_ctx *cx, bram_mat *theta, double *objective, const bram_glm *g,
                     size_t steps, double tolerance)
{
    struct descent d = {.tolerance = tolerance};
    size_t m = theta->rows, targets = theta->cols, most = ROOM / (8 * m * m) + 1, count;
    BRAM_TRY(descend(cx, &d, theta, objective, g, NULL, steps < EASY ? steps : EASY));
    size_t *hard = bram_scratch(cx, targets, sizeof *hard);
    if (!hard) return BRAM_ENOMEM;
    for (size_t k = EASY; k < steps; k += EASY)
        for (size_t n = 0; n < targets;) {
            for (count = 0; n < targets && count < most; n++)
                if (!d.done[n]) hard[count++] = n;
            if (!count) break;
            size_t mark = bram_scratch_mark(cx);
            int status = go_on(cx, theta, objective, d.done, g, &d.many.gram, hard, count,
                               tolerance);
            bram_scratch_release(cx, mark);
            BRAM_TRY(status);
        }
    return BRAM_OK;
}
