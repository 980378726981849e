/*
 * poisson_lasso.c - Poisson regression with a group lasso: proximal Newton; see poisson_glm.h.
 *
 * A step goes to the minimum of slope' d + d' B d / 2 + penalty, found group by group. Up to
 * BRAM_GLM_NEWTON_MOST coefficients B is the information. Above, all targets go together at first,
 * B = c (a_n G + D_n) (poisson_many.h) with c so that B has the curvature that the step before met
 * (Barzilai and Borwein 1988; twice as large until the objective falls); those that are not done
 * after EASY steps go on alone, with the information of the rows that weigh most.
 */
#include "poisson_many.h"

#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { SWEEPS = 500, FEW_SWEEPS = 10, LOCAL = 50, HALVINGS = 30, EASY = 40 };

struct lasso {
    bram_mat *theta;
    const bram_glm *g;
    size_t groups, steps;
    size_t *member, *first; /* coefficients by group; where each begins, the last one being of
                               those that are in none */
    double lambda, tolerance;
    const bram_glm_many *many; /* NULL: few coefficients */
    bool *done;
};

/* A matrix as the model wants it. Coefficients in no group are made the best for what the others
 * are: they add W times those, W = F^-1 (free x others), and leave the others' slopes to gram less
 * (others x free) W, without which intercept and groups would creep along together. */
struct metric {
    bram_mat gram;          /* M x M: of the others, the free ones taken out */
    bram_mat free, w;       /* Cholesky factor of F; W (free x M) */
    double *vector, *value; /* of the groups' blocks: eigenvectors as rows, from at[group] on; */
    size_t *at;             /* eigenvalues by member */
};

/* One target: theta, slope of minus the objective, and the model of it. */
struct one {
    const struct lasso *l;
    size_t n, m;
    double *x, *slope, value;    /* value: minus objective, plus penalty */
    const bram_mat *precision;   /* its column n; NULL: none */
    double size, scale;          /* B = scale (size gram + precision); scale: c */
    double *next, *rest, *local; /* x + d; - slope - B d; room */
    double *begun;               /* rest at d = 0; of free ones: what they move alone */
    const struct metric *metric;
};

static int new_one(bram_ctx *cx, struct one *o, const struct lasso *l, size_t n)
{
    size_t m = l->theta->rows;
    double *room = bram_scratch(cx, 9 * m, sizeof *room);
    if (!room) return BRAM_ENOMEM;
    *o = (struct one){.l = l, .n = n, .m = m, .x = room, .slope = room + m, .size = 1, .scale = 1};
    o->next = room + 2 * m, o->rest = room + 3 * m, o->local = room + 4 * m;
    o->begun = room + 8 * m;
    for (size_t j = 0; j < m; j++) o->x[j] = bram_row(l->theta, j)[n];
    return BRAM_OK;
}

static double penalty(const struct lasso *l, const double *theta)
{
    double sum = 0;
    for (size_t g = 0; g < l->groups; g++) {
        double square = 0;
        for (size_t i = l->first[g]; i < l->first[g + 1]; i++)
            square += theta[l->member[i]] * theta[l->member[i]];
        sum += sqrt((double)(l->first[g + 1] - l->first[g]) * square);
    }
    return l->lambda * sum;
}

/* ---- the quadratic model -------------------------------------------------------------------- */

static double prior_of(const struct one *o, size_t j)
{
    return o->precision ? o->scale * bram_row(o->precision, j)[o->n] : 0;
}

/* theta_j moves to `value`; what that does to the slope of the model. */
static double move(struct one *o, size_t j, double value)
{
    double d = value - o->next[j], by = d * o->scale * o->size;
    if (d == 0) return 0;
    const double *row = bram_row(&o->metric->gram, j);
    for (size_t k = 0; k < o->m; k++) o->rest[k] -= by * row[k];
    o->rest[j] -= d * prior_of(o, j);
    o->next[j] = value;
    return fabs(d);
}

/* Takes the free coefficients out of the metric's gram. */
static int take_out(bram_ctx *cx, struct metric *c, const struct lasso *l)
{
    size_t m = l->theta->rows, count = m - l->first[l->groups];
    const size_t *j = l->member + l->first[l->groups];
    double most = 1e-12;
    if (count == 0) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &c->free, count, count));
    BRAM_TRY(bram_mat_scratch(cx, &c->w, count, m));
    for (size_t i = 0; i < count; i++) {
        memcpy(bram_row(&c->w, i), bram_row(&c->gram, j[i]), m * sizeof(double));
        for (size_t k = 0; k < count; k++)
            bram_row(&c->free, i)[k] = bram_row(&c->gram, j[i])[j[k]];
        most = fmax(most, bram_row(&c->free, i)[i]);
    }
    for (size_t i = 0; i < count; i++) {
        bram_row(&c->free, i)[i] += 1e-10 * most;
        for (size_t k = 0; k < count; k++) bram_row(&c->w, i)[j[k]] = 0;
    }
    bram_mat across = c->w, w;
    BRAM_TRY(bram_mat_scratch(cx, &w, count, m));
    memcpy(w.data, across.data, count * m * sizeof *w.data);
    BRAM_TRY(bram_cholesky(cx, &c->free));
    BRAM_TRY(bram_cholesky_solve(cx, &c->free, &w));
    c->w = w;
    return bram_gemm(cx, &c->gram, -1, &across, BRAM_TRANSPOSED, &w, BRAM_AS_IS, 1);
}

/* From a matrix, both triangles. */
static int make_metric(bram_ctx *cx, struct metric *c, const struct lasso *l, const bram_mat *gram)
{
    size_t m = l->theta->rows, vectors = 0;
    for (size_t g = 0; g < l->groups; g++) {
        size_t count = l->first[g + 1] - l->first[g];
        vectors += count * count;
    }
    *c = (struct metric){0};
    BRAM_TRY(bram_mat_scratch(cx, &c->gram, m, m));
    for (size_t i = 0; i < m; i++)
        memcpy(bram_row(&c->gram, i), bram_row(gram, i), m * sizeof(double));
    BRAM_TRY(take_out(cx, c, l));
    c->vector = bram_scratch(cx, vectors + 1, sizeof *c->vector);
    c->value = bram_scratch(cx, m, sizeof *c->value);
    c->at = bram_scratch(cx, l->groups + 1, sizeof *c->at);
    if (!c->vector || !c->value || !c->at) return BRAM_ENOMEM;
    for (size_t g = 0; g < l->groups; g++) {
        size_t count = l->first[g + 1] - l->first[g];
        const size_t *j = l->member + l->first[g];
        bram_mat block = {c->vector + c->at[g], count, count, count};
        c->at[g + 1] = c->at[g] + count * count;
        if (count == 0) continue;
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < count; k++)
                bram_row(&block, i)[k] = bram_row(&c->gram, j[i])[j[k]];
        BRAM_TRY(bram_eigh(cx, &block, c->value + l->first[g]));
    }
    return BRAM_OK;
}

/* The length t of the minimum of theta' diag(mu) theta / 2 - c' theta + pull |theta|, which is
 * theta_i = c_i t / (mu_i t + pull): sum of (c_i / (mu_i t + pull))^2 = 1, found on the inverse
 * root of that sum, which is nearly straight. 0 where |c| is at most pull. */
static double length_of(const double *c, const double *mu, size_t count, double pull)
{
    double square = 0, t, most = mu[0];
    for (size_t i = 0; i < count; i++) square += c[i] * c[i], most = fmax(most, mu[i]);
    if (!(square > pull * pull)) return 0;
    t = (sqrt(square) - pull) / most; /* at most the root: the steps rise to it */
    for (int step = 0; step < 50; step++) {
        double sum = 0, slope = 0;
        for (size_t i = 0; i < count; i++) {
            double by = mu[i] * t + pull, part = c[i] / by;
            sum += part * part;
            slope += part * part * mu[i] / by;
        }
        double change = (sqrt(sum) - 1) * sum / slope;
        t += change;
        if (!(change > 1e-12 * t)) break;
    }
    return t;
}

/* The minimum over the coefficients of group g. With equal precisions one step is there; with
 * others the largest bounds them, and steps follow each other. Only where they end is told to the
 * other groups. */
static double update_group(struct one *o, size_t g)
{
    const struct lasso *l = o->l;
    const size_t *j = l->member + l->first[g], count = l->first[g + 1] - l->first[g];
    const double *vector = o->metric->vector + o->metric->at[g];
    const double *value = o->metric->value + l->first[g];
    double *at = o->local, *slope = at + count, *c = slope + count, *mu = c + count;
    double least = INFINITY, most = 0, pull = l->lambda * sqrt((double)count), moved = 0;
    for (size_t i = 0; i < count; i++) {
        at[i] = o->next[j[i]], slope[i] = o->rest[j[i]];
        most = fmax(most, prior_of(o, j[i])), least = fmin(least, prior_of(o, j[i]));
    }
    for (size_t i = 0; i < count; i++) mu[i] = fmax(o->scale * o->size * value[i] + most, 1e-12);
    for (int step = 0; step < (most > least ? LOCAL : 1) && count; step++) {
        for (size_t i = 0; i < count; i++) {
            double there = 0, down = 0;
            for (size_t k = 0; k < count; k++) {
                there += vector[i * count + k] * at[k];
                down += vector[i * count + k] * slope[k];
            }
            c[i] = mu[i] * there + down;
        }
        double t = length_of(c, mu, count, pull);
        for (size_t i = 0; i < count; i++) c[i] = t > 0 ? c[i] * t / (mu[i] * t + pull) : 0;
        for (size_t i = 0; i < count; i++) {
            double to = 0, d;
            for (size_t k = 0; k < count; k++) to += vector[k * count + i] * c[k];
            d = to - at[i];
            const double *row = bram_row(&o->metric->gram, j[i]);
            for (size_t k = 0; k < count && most > least; k++)
                slope[k] -= d * o->scale * o->size * row[j[k]];
            slope[i] -= d * prior_of(o, j[i]);
            at[i] = to;
        }
    }
    for (size_t i = 0; i < count; i++) moved += move(o, j[i], at[i]);
    return moved;
}

/* What the free coefficients move alone, and the slope of the others when they move along. */
static int begin_model(bram_ctx *cx, struct one *o)
{
    const struct lasso *l = o->l;
    const struct metric *c = o->metric;
    size_t from = l->first[l->groups], count = o->m - from;
    memcpy(o->next, o->x, o->m * sizeof *o->next);
    for (size_t j = 0; j < o->m; j++) o->begun[j] = -o->slope[j];
    if (count) {
        double by = 1 / (o->scale * o->size);
        bram_mat alone = {o->local, count, 1, 1};
        for (size_t i = 0; i < count; i++) alone.data[i] = by * o->begun[l->member[from + i]];
        BRAM_TRY(bram_cholesky_solve(cx, &c->free, &alone));
        for (size_t i = 0; i < count; i++) {
            double slope = o->slope[l->member[from + i]];
            for (size_t j = 0; j < o->m; j++) o->begun[j] += slope * bram_row(&c->w, i)[j];
        }
        for (size_t i = 0; i < count; i++) o->begun[l->member[from + i]] = alone.data[i];
    }
    memcpy(o->rest, o->begun, o->m * sizeof *o->rest);
    return BRAM_OK;
}

/* Minimises the model with the penalty: next = x + d. Ends when a sweep moves next to nothing. */
static int model_step(bram_ctx *cx, struct one *o, int sweeps)
{
    const struct lasso *l = o->l;
    BRAM_TRY(begin_model(cx, o));
    for (int sweep = 0; sweep < sweeps; sweep++) {
        double moved = 0, size = 0;
        for (size_t g = 0; g < l->groups; g++) moved += update_group(o, g);
        for (size_t j = 0; j < o->m; j++) size += fabs(o->next[j]);
        if (moved <= 1e-10 * (1 + size)) break;
    }
    for (size_t i = l->first[l->groups]; i < o->m; i++) {
        size_t j = l->member[i];
        const double *w = bram_row(&o->metric->w, i - l->first[l->groups]);
        double d = o->begun[j];
        for (size_t k = 0; k < o->m; k++) d -= w[k] * (o->next[k] - o->x[k]);
        o->local[i - l->first[l->groups]] = d; /* free ones have no part in W: in any order */
    }
    for (size_t i = l->first[l->groups]; i < o->m; i++)
        o->next[l->member[i]] += o->local[i - l->first[l->groups]];
    return BRAM_OK;
}

/* ---- one target ----------------------------------------------------------------------------- */

static bram_mat column(const bram_mat *m, size_t n)
{
    return (bram_mat){m->data + n, m->rows, 1, m->stride};
}

/* Goes towards `next` as far as the penalised objective rises. */
static int search(bram_ctx *cx, struct one *o, const bram_glm *g)
{
    double *trial = bram_scratch(cx, o->m, sizeof *trial), length = 1, now, start = o->value;
    if (!trial) return BRAM_ENOMEM;
    bram_mat at = {trial, o->m, 1, 1};
    for (int h = 0; h < HALVINGS; h++, length /= 2) {
        for (size_t j = 0; j < o->m; j++) trial[j] = o->x[j] + length * (o->next[j] - o->x[j]);
        BRAM_TRY(bram_glm_evaluate(cx, g, &at, &now, NULL, NULL, BRAM_EXPECTED));
        now = penalty(o->l, trial) - now;
        if (!(now <= start)) continue;
        memcpy(o->x, trial, o->m * sizeof *trial);
        o->value = now;
        break;
    }
    return BRAM_OK;
}

/* Value and slope at x, and the information as the model's metric. */
static int look(bram_ctx *cx, struct one *o, const bram_glm *g, struct metric *metric)
{
    const struct lasso *l = o->l;
    bram_mat x = {o->x, o->m, 1, 1}, slope = {o->slope, o->m, 1, 1}, information;
    bram_information kind = g->link == BRAM_LINK_SIGMOID ? BRAM_EXPECTED : BRAM_OBSERVED;
    BRAM_TRY(bram_mat_scratch(cx, &information, o->m, o->m));
    BRAM_TRY(bram_glm_evaluate(cx, g, &x, &o->value, &slope, l->many ? NULL : &information, kind));
    o->value = penalty(l, o->x) - o->value;
    for (size_t j = 0; j < o->m; j++) o->slope[j] = -o->slope[j];
    o->metric = metric;
    if (!l->many) return make_metric(cx, metric, l, &information);
    BRAM_TRY(bram_glm_information(cx, &information, l->many, o->n, o->x));
    bram_mirror_lower(&information);
    for (size_t j = 0; j < o->m && g->precision; j++)
        bram_row(&information, j)[j] += bram_row(g->precision, j)[0];
    return make_metric(cx, metric, l, &information);
}

static int fit_target(bram_ctx *cx, size_t n, void *user)
{
    const struct lasso *l = user;
    struct one o;
    struct metric metric;
    bram_mat precision, centre;
    if (l->done && l->done[n]) return BRAM_OK;
    bram_glm g = *l->g;
    g.y = column(&g.y, n);
    if (g.present) g.present += n;
    if (g.precision) precision = column(g.precision, n), g.precision = &precision;
    if (g.centre) centre = column(g.centre, n), g.centre = &centre;
    BRAM_TRY(new_one(cx, &o, l, n));
    for (size_t k = 0; k < l->steps; k++) {
        size_t mark = bram_scratch_mark(cx);
        int status = look(cx, &o, &g, &metric);
        double before = o.value;
        if (status == BRAM_OK) status = model_step(cx, &o, SWEEPS);
        if (status == BRAM_OK) status = search(cx, &o, &g);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        if (before - o.value <= l->tolerance * (1 + fabs(o.value))) break;
    }
    for (size_t j = 0; j < o.m; j++) bram_row(l->theta, j)[n] = o.x[j];
    return BRAM_OK;
}

/* ---- all targets together ------------------------------------------------------------------- */

struct together {
    struct lasso *l;
    bram_glm_many many;
    struct one *one;
    struct metric metric;
    bram_mat next, slope; /* targets x M: where the steps end */
    double *value;
};

static int model_task(bram_ctx *cx, size_t n, void *user)
{
    struct together *t = user;
    if (t->l->done[n]) return BRAM_OK;
    BRAM_TRY(model_step(cx, &t->one[n], FEW_SWEEPS));
    memcpy(bram_row(&t->next, n), t->one[n].next, t->many.m * sizeof(double));
    return BRAM_OK;
}

/* c: d' (change of the slope) = c d' (B / c) d for the step that was taken. */
static double met_curvature(const struct one *o, const double *slope)
{
    const struct lasso *l = o->l;
    double met = 0, had = 0;
    for (size_t i = 0; i < o->m; i++) {
        size_t j = l->member[i];
        double d = o->next[j] - o->x[j];
        met += d * (slope[j] - o->slope[j]);
        had += i < l->first[l->groups] ? d * (o->begun[j] - o->rest[j])
                                       : -o->begun[j] * o->slope[j];
    }
    return had > 0 && met > 0 ? fmin(fmax(met / had * o->scale, 0.05), 20) : 1;
}

/* Takes the step of target n, or asks for a shorter one. */
static void judge(struct together *t, size_t n)
{
    struct one *o = &t->one[n];
    const double *slope = bram_row(&t->slope, n);
    double now = t->value[n] + penalty(t->l, o->next);
    if (!(now <= o->value)) {
        o->scale *= 2;
        t->l->done[n] = o->scale > 1e6;
        return;
    }
    t->l->done[n] = o->value - now <= t->l->tolerance * (1 + fabs(now));
    o->scale = met_curvature(o, slope);
    o->value = now;
    memcpy(o->x, o->next, o->m * sizeof *o->x);
    memcpy(o->slope, slope, o->m * sizeof *o->x);
}

static int begin(bram_ctx *cx, struct together *t, struct lasso *l)
{
    size_t targets = l->theta->cols, m = l->theta->rows;
    t->l = l;
    t->one = bram_scratch(cx, targets, sizeof *t->one);
    t->value = bram_scratch(cx, targets, sizeof *t->value);
    l->done = bram_scratch(cx, targets, sizeof *l->done);
    if (!t->one || !t->value || !l->done) return BRAM_ENOMEM;
    BRAM_TRY(bram_glm_many_begin(cx, &t->many, l->g, l->theta, NULL));
    BRAM_TRY(make_metric(cx, &t->metric, l, &t->many.gram));
    BRAM_TRY(bram_mat_scratch(cx, &t->next, targets, m));
    BRAM_TRY(bram_mat_scratch(cx, &t->slope, targets, m));
    for (size_t n = 0; n < targets; n++) {
        BRAM_TRY(new_one(cx, &t->one[n], l, n));
        t->one[n].metric = &t->metric, t->one[n].size = t->many.size[n];
        t->one[n].precision = l->g->precision;
        memcpy(bram_row(&t->next, n), t->one[n].x, m * sizeof(double));
    }
    BRAM_TRY(bram_glm_many_evaluate(cx, &t->many, t->value, &t->slope, &t->next));
    for (size_t n = 0; n < targets; n++) {
        t->one[n].value = t->value[n] + penalty(l, t->one[n].x);
        memcpy(t->one[n].slope, bram_row(&t->slope, n), m * sizeof(double));
    }
    return BRAM_OK;
}

static int fit_together(bram_ctx *cx, struct lasso *l)
{
    struct together t;
    size_t targets = l->theta->cols;
    BRAM_TRY(begin(cx, &t, l));
    for (size_t k = 0; k < EASY; k++) {
        size_t left = 0;
        for (size_t n = 0; n < targets; n++) left += !l->done[n];
        if (!left) break;
        BRAM_TRY(bram_parallel_for(cx, targets, model_task, &t));
        BRAM_TRY(bram_glm_many_drop(cx, &t.many, l->done));
        BRAM_TRY(bram_glm_many_evaluate(cx, &t.many, t.value, &t.slope, &t.next));
        for (size_t n = 0; n < targets; n++)
            if (!l->done[n]) judge(&t, n);
    }
    for (size_t n = 0; n < targets; n++)
        for (size_t j = 0; j < l->theta->rows; j++) bram_row(l->theta, j)[n] = t.one[n].x[j];
    l->many = &t.many;
    int status = bram_parallel_for(cx, targets, fit_target, l);
    l->many = NULL;
    return status;
}

/* Coefficients by group, those in none at the end. */
static int sort_groups(bram_ctx *cx, struct lasso *l, const int *group)
{
    size_t m = l->theta->rows, at = 0;
    l->member = bram_scratch(cx, m, sizeof *l->member);
    l->first = bram_scratch(cx, l->groups + 1, sizeof *l->first);
    if (!l->member || !l->first) return BRAM_ENOMEM;
    for (size_t g = 0; g <= l->groups; g++) {
        l->first[g] = at;
        for (size_t j = 0; j < m; j++)
            if (group[j] == (g < l->groups ? (int)g : -1)) l->member[at++] = j;
    }
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
    struct lasso l = {.theta = theta,
                      .g = g,
                      .groups = groups,
                      .steps = steps,
                      .lambda = lambda,
                      .tolerance = tolerance};
    size_t mark = bram_scratch_mark(cx);
    int status = sort_groups(cx, &l, group);
    if (status == BRAM_OK)
        status = theta->rows <= BRAM_GLM_NEWTON_MOST
                     ? bram_parallel_for(cx, theta->cols, fit_target, &l)
                     : fit_together(cx, &l);
    bram_scratch_release(cx, mark);
    return status;
}
