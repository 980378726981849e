/*
 * poisson_lasso.c - Poisson regression with a group lasso: proximal Newton; see poisson_glm.h.
 */
#include "linalg.h"
#include "poisson_glm.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { SWEEPS = 500, HALVINGS = 30 };

struct lasso {
    bram_mat *theta;
    const bram_glm *g;
    const int *group;
    size_t groups, steps;
    double lambda, tolerance;
};

/* The problem of one target. theta is M x 1, contiguous. */
struct one {
    const struct lasso *l;
    bram_glm g;
    bram_mat precision, centre, theta, gradient, information;
    size_t m;
    size_t *size;                /* members of each group */
    double *bound, *next, *rest; /* of each group's block; theta + d; gradient - H d */
};

static double penalty(const struct one *o, const double *theta)
{
    double sum = 0;
    for (size_t g = 0; g < o->l->groups; g++) {
        double square = 0;
        for (size_t j = 0; j < o->m; j++)
            if (o->l->group[j] == (int)g) square += theta[j] * theta[j];
        sum += sqrt((double)o->size[g] * square);
    }
    return o->l->lambda * sum;
}

/* theta_j moves to `value`; what that does to the gradient of the quadratic model. */
static double move(struct one *o, size_t j, double value)
{
    double d = value - o->next[j];
    if (d == 0) return 0;
    const double *row = bram_row(&o->information, j);
    for (size_t k = 0; k < o->m; k++) o->rest[k] -= d * row[k];
    o->next[j] = value;
    return fabs(d);
}

static double update_group(struct one *o, size_t g)
{
    double square = 0, moved = 0, bound = o->bound[g];
    for (size_t j = 0; j < o->m; j++)
        if (o->l->group[j] == (int)g) {
            double z = o->next[j] + o->rest[j] / bound;
            square += z * z;
        }
    double shrink = square > 0
                        ? 1 - o->l->lambda * sqrt((double)o->size[g]) / (bound * sqrt(square))
                        : 0;
    /* all members move from the same gradient: take it before any of them changes it */
    double *target = o->gradient.data + o->m; /* room of M numbers */
    for (size_t j = 0; j < o->m; j++) target[j] = o->next[j] + o->rest[j] / bound;
    for (size_t j = 0; j < o->m; j++)
        if (o->l->group[j] == (int)g) moved += move(o, j, fmax(shrink, 0) * target[j]);
    return moved;
}

/* Minimises the quadratic model with the penalty: next = theta + d. */
static void model_step(struct one *o)
{
    memcpy(o->next, o->theta.data, o->m * sizeof *o->next);
    memcpy(o->rest, o->gradient.data, o->m * sizeof *o->rest);
    for (size_t g = 0; g < o->l->groups; g++) {
        o->bound[g] = 1e-12;
        for (size_t j = 0; j < o->m; j++) {
            if (o->l->group[j] != (int)g) continue;
            double sum = 0; /* the largest row sum bounds the largest eigenvalue of the block */
            for (size_t k = 0; k < o->m; k++)
                if (o->l->group[k] == (int)g) sum += fabs(bram_row(&o->information, j)[k]);
            o->bound[g] = fmax(o->bound[g], sum);
        }
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double moved = 0, size = 0;
        for (size_t j = 0; j < o->m; j++)
            if (o->l->group[j] < 0 && bram_row(&o->information, j)[j] > 0)
                moved += move(o, j, o->next[j] + o->rest[j] / bram_row(&o->information, j)[j]);
        for (size_t g = 0; g < o->l->groups; g++) moved += update_group(o, g);
        for (size_t j = 0; j < o->m; j++) size += fabs(o->next[j]);
        if (moved <= 1e-10 * (1 + size)) break;
    }
}

/* Goes towards `next` as far as the penalised objective rises; the gain. */
static int search(bram_ctx *cx, struct one *o, double *objective)
{
    double *trial = bram_scratch(cx, o->m, sizeof *trial), length = 1, now, start = *objective;
    if (!trial) return BRAM_ENOMEM;
    bram_mat at = {trial, o->m, 1, 1};
    for (int h = 0; h < HALVINGS; h++, length /= 2) {
        for (size_t j = 0; j < o->m; j++)
            trial[j] = o->theta.data[j] + length * (o->next[j] - o->theta.data[j]);
        BRAM_TRY(bram_glm_evaluate(cx, &o->g, &at, &now, NULL, NULL, BRAM_EXPECTED));
        now -= penalty(o, trial);
        if (!(now >= start)) continue;
        memcpy(o->theta.data, trial, o->m * sizeof *trial);
        *objective = now;
        break;
    }
    return BRAM_OK;
}

static bram_mat column(const bram_mat *m, size_t n)
{
    return (bram_mat){m->data + n, m->rows, 1, m->stride};
}

static int begin(bram_ctx *cx, struct one *o, const struct lasso *l, size_t n)
{
    *o = (struct one){.l = l, .g = *l->g, .m = l->theta->rows};
    o->g.y = column(&l->g->y, n);
    o->g.present = l->g->present ? l->g->present + n : NULL;
    if (l->g->precision) o->precision = column(l->g->precision, n), o->g.precision = &o->precision;
    if (l->g->centre) o->centre = column(l->g->centre, n), o->g.centre = &o->centre;
    BRAM_TRY(bram_mat_scratch(cx, &o->theta, o->m, 1));
    BRAM_TRY(bram_mat_scratch(cx, &o->gradient, 2 * o->m, 1));
    o->gradient.rows = o->m;
    BRAM_TRY(bram_mat_scratch(cx, &o->information, o->m, o->m));
    o->size = bram_scratch(cx, l->groups, sizeof *o->size);
    o->bound = bram_scratch(cx, l->groups, sizeof *o->bound);
    o->next = bram_scratch(cx, o->m, sizeof *o->next);
    o->rest = bram_scratch(cx, o->m, sizeof *o->rest);
    if (!o->size || !o->bound || !o->next || !o->rest) return BRAM_ENOMEM;
    for (size_t j = 0; j < o->m; j++) {
        o->theta.data[j] = bram_row(l->theta, j)[n];
        if (l->group[j] >= 0) o->size[l->group[j]]++;
    }
    return BRAM_OK;
}

static int fit_target(bram_ctx *cx, size_t n, void *user)
{
    const struct lasso *l = user;
    struct one o;
    BRAM_TRY(begin(cx, &o, l, n));
    bram_information kind = o.g.link == BRAM_LINK_SIGMOID ? BRAM_EXPECTED : BRAM_OBSERVED;
    for (size_t k = 0; k < l->steps; k++) {
        size_t mark = bram_scratch_mark(cx);
        double objective, before;
        int status = bram_glm_evaluate(cx, &o.g, &o.theta, &objective, &o.gradient, &o.information,
                                       kind);
        before = objective -= penalty(&o, o.theta.data);
        model_step(&o);
        if (status == BRAM_OK) status = search(cx, &o, &objective);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        if (objective - before <= l->tolerance * (1 + fabs(objective))) break;
    }
    for (size_t j = 0; j < o.m; j++) bram_row(l->theta, j)[n] = o.theta.data[j];
    return BRAM_OK;
}

int bram_glm_fit_lasso(bram_ctx *cx, bram_mat *theta, const bram_glm *g, const int *group,
                       size_t groups, double lambda, size_t steps, double tolerance)
{
    if (g->design->rows != g->y.rows || theta->rows != g->design->cols || theta->cols != g->y.cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "a design of %zu x %zu, counts of %zu x %zu, coefficients of %zu x %zu",
                         g->design->rows, g->design->cols, g->y.rows, g->y.cols, theta->rows,
                         theta->cols);
    struct lasso l = {theta, g, group, groups, steps, lambda, tolerance};
    return bram_parallel_for(cx, theta->cols, fit_target, &l);
}
