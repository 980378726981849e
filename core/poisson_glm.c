/*
 * poisson_glm.c - objective, gradient and information of Poisson regression, and Newton's method;
 * see poisson_glm.h.
 */
#include "poisson_glm.h"

#include "lbfgs.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* Targets that share a pass over the design, and rows of a block: fixed, so that sums have one
 * order. A block of the design stays in the nearest caches. */
enum { GROUP = 8, BLOCK = 256, HALVINGS = 30 };

static const double LEAST_WEIGHT = 1e-10;

/* ---- one pass over the rows for a group of targets ------------------------------------------ */

/* Targets first .. first + count - 1 of a problem, and room for a block. */
struct pass {
    const bram_glm *g;
    size_t first, count, m;
    bram_mat rows;  /* BLOCK x M: those with weight */
    bram_mat eta;   /* BLOCK x count */
    bram_mat slope; /* BLOCK x count: g (y / f - 1) f' */
    double *size;   /* BLOCK x count, packed: what multiplies u u' */
    double *link;   /* rate, log rate, slope, curve: BLOCK x count each */
    bram_mat root;  /* BLOCK x M: rows times the root of their size */
    double weight[BLOCK];
    size_t at[BLOCK]; /* row of the design */
};

static int new_pass(bram_ctx *cx, struct pass *p, const bram_glm *g, size_t first, size_t count,
                    bool information)
{
    *p = (struct pass){.g = g, .first = first, .count = count, .m = g->design->cols};
    BRAM_TRY(bram_mat_scratch(cx, &p->rows, BLOCK, p->m));
    BRAM_TRY(bram_mat_scratch(cx, &p->eta, BLOCK, count));
    BRAM_TRY(bram_mat_scratch(cx, &p->slope, BLOCK, count));
    p->size = bram_scratch(cx, BLOCK * count, sizeof *p->size);
    p->link = bram_scratch(cx, 4 * BLOCK * count, sizeof *p->link);
    if (!p->size || !p->link) return BRAM_ENOMEM;
    return information ? bram_mat_scratch(cx, &p->root, BLOCK, p->m) : BRAM_OK;
}

/* The next rows that have weight, from *row on; sets how many rows p->rows and the others have. */
static void gather(struct pass *p, size_t *row)
{
    const bram_glm *g = p->g;
    size_t count = 0;
    for (; *row < g->design->rows && count < BLOCK; ++*row) {
        double w = g->weight ? g->weight[*row * g->weight_stride] : 1;
        if (!(w >= LEAST_WEIGHT)) continue;
        memcpy(bram_row(&p->rows, count), bram_row(g->design, *row), p->m * sizeof(double));
        p->weight[count] = w;
        p->at[count++] = *row;
    }
    p->rows.rows = p->eta.rows = p->slope.rows = p->root.rows = count;
}

static bool counts(const struct pass *p, size_t i, size_t k)
{
    const bram_glm *g = p->g;
    return !g->present || g->present[p->at[i] * g->present_stride + p->first + k];
}

/* From eta: objectives (added), slopes and sizes. */
static void differentiate(struct pass *p, double *objective, bool derivatives,
                          bram_information kind)
{
    const bram_glm *g = p->g;
    size_t all = BLOCK * p->count;
    double *rates = p->link, *log_rates = rates + all, *slopes = log_rates + all;
    double *curves = slopes + all;
    bram_link_apply(g->link, g->inside, p->eta.data, p->eta.rows * p->count, rates,
                    objective ? log_rates : NULL, derivatives ? slopes : NULL,
                    derivatives && kind == BRAM_OBSERVED ? curves : NULL);
    for (size_t i = 0; i < p->eta.rows; i++) {
        const double *y = bram_row(&g->y, p->at[i]) + p->first, *rate = rates + i * p->count;
        const double *log_rate = log_rates + i * p->count, *slope = slopes + i * p->count;
        const double *curve = curves + i * p->count;
        double w = p->weight[i];
        for (size_t k = 0; k < p->count; k++) {
            bool there = counts(p, i, k);
            if (objective && there) objective[k] += w * (y[k] * log_rate[k] - rate[k]);
            if (!derivatives) continue;
            double f = fmax(rate[k] + g->inside, 1e-300), excess = there ? y[k] / f - 1 : 0;
            double square = slope[k] * slope[k] / f;
            if (kind == BRAM_OBSERVED) square = square * y[k] / f - excess * curve[k];
            bram_row(&p->slope, i)[k] = w * excess * slope[k];
            p->size[i * p->count + k] = there ? w * square : 0;
        }
    }
}

/* information += sum of size u u'. Sizes below 0 (observed, some links) are taken apart. */
static int add_information(bram_ctx *cx, struct pass *p, bram_mat *information)
{
    for (size_t k = 0; k < p->count; k++) {
        bram_mat block = bram_mat_rows(*information, (p->first + k) * p->m, p->m);
        bool negative = false;
        for (int sign = 1; sign >= -1; sign -= 2) {
            if (sign < 0 && !negative) break;
            for (size_t i = 0; i < p->rows.rows; i++) {
                double s = p->size[i * p->count + k], *to = bram_row(&p->root, i);
                const double *from = bram_row(&p->rows, i);
                negative = negative || s < 0;
                double r = s * sign > 0 ? sqrt(s * sign) : 0;
                for (size_t j = 0; j < p->m; j++) to[j] = r * from[j];
            }
            BRAM_TRY(bram_syrk(cx, &block, sign, &p->root, BRAM_TRANSPOSED, 1));
        }
    }
    return BRAM_OK;
}

/* What the prior adds. */
static void add_prior(const bram_glm *g, const bram_mat *theta, size_t n, double *objective,
                      bram_mat *gradient, bram_mat *information)
{
    size_t m = g->design->cols;
    for (size_t j = 0; j < m && g->precision; j++) {
        double q = bram_row(g->precision, j)[n];
        double d = bram_row(theta, j)[n] - (g->centre ? bram_row(g->centre, j)[n] : 0);
        if (objective) objective[n] -= q * d * d / 2;
        if (gradient) bram_row(gradient, j)[n] -= q * d;
        if (information) bram_row(information, n * m + j)[j] += q;
    }
}

struct evaluation {
    const bram_glm *g;
    const bram_mat *theta;
    double *objective;
    bram_mat *gradient, *information;
    bram_information kind;
};

static bram_mat columns(const bram_mat *m, size_t first, size_t count)
{
    return (bram_mat){m->data + first, m->rows, count, m->stride};
}

static int evaluate_group(bram_ctx *cx, size_t task, void *user)
{
    const struct evaluation *e = user;
    size_t targets = e->g->y.cols, first = task * GROUP;
    size_t count = targets - first < GROUP ? targets - first : GROUP;
    bram_mat theta = columns(e->theta, first, count), gradient = {0};
    bool derivatives = e->gradient || e->information;
    double objective[GROUP] = {0};
    struct pass p;
    BRAM_TRY(new_pass(cx, &p, e->g, first, count, e->information));
    if (e->gradient) {
        gradient = columns(e->gradient, first, count);
        for (size_t j = 0; j < p.m; j++) memset(bram_row(&gradient, j), 0, count * sizeof(double));
    }
    for (size_t j = 0; j < count * p.m && e->information; j++)
        memset(bram_row(e->information, first * p.m + j), 0, p.m * sizeof(double));
    for (size_t row = 0; row < e->g->design->rows;) {
        gather(&p, &row);
        BRAM_TRY(bram_gemm(cx, &p.eta, 1, &p.rows, BRAM_AS_IS, &theta, BRAM_AS_IS, 0));
        differentiate(&p, e->objective ? objective : NULL, derivatives, e->kind);
        if (e->gradient)
            BRAM_TRY(
                bram_gemm(cx, &gradient, 1, &p.rows, BRAM_TRANSPOSED, &p.slope, BRAM_AS_IS, 1));
        if (e->information) BRAM_TRY(add_information(cx, &p, e->information));
    }
    for (size_t k = 0; k < count; k++) {
        if (e->objective) e->objective[first + k] = objective[k];
        add_prior(e->g, e->theta, first + k, e->objective, e->gradient, e->information);
    }
    return BRAM_OK;
}

static int check(bram_ctx *cx, const bram_glm *g, const bram_mat *theta)
{
    if (g->design->rows != g->y.rows || theta->rows != g->design->cols || theta->cols != g->y.cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "a design of %zu x %zu, counts of %zu x %zu, coefficients of %zu x %zu",
                         g->design->rows, g->design->cols, g->y.rows, g->y.cols, theta->rows,
                         theta->cols);
    return BRAM_OK;
}

int bram_glm_evaluate(bram_ctx *cx, const bram_glm *g, const bram_mat *theta, double *objective,
                      bram_mat *gradient, bram_mat *information, bram_information kind)
{
    BRAM_TRY(check(cx, g, theta));
    struct evaluation e = {g, theta, objective, gradient, information, kind};
    return bram_parallel_for(cx, (g->y.cols + GROUP - 1) / GROUP, evaluate_group, &e);
}

/* ---- Newton's method ------------------------------------------------------------------------ */

/* direction = information^-1 gradient for target n; both are used up. More is added to the diagonal
 * until it is positive definite: a direction column without data then stays where it is. */
static int solve_target(bram_ctx *cx, bram_mat *direction, bram_mat *information,
                        const bram_mat *gradient, size_t n)
{
    size_t m = gradient->rows, mark = bram_scratch_mark(cx);
    bram_mat block = bram_mat_rows(*information, n * m, m), factor, right;
    double most = 1e-12, added = 0;
    for (size_t j = 0; j < m; j++) most = fmax(most, fabs(bram_row(&block, j)[j]));
    BRAM_TRY(bram_mat_scratch(cx, &factor, m, m));
    BRAM_TRY(bram_mat_scratch(cx, &right, m, 1));
    int status = BRAM_ENUMERIC;
    for (int trial = 0; trial < 20 && status == BRAM_ENUMERIC; trial++) {
        for (size_t j = 0; j < m; j++) {
            memcpy(bram_row(&factor, j), bram_row(&block, j), m * sizeof(double));
            bram_row(&factor, j)[j] += added;
            right.data[j] = bram_row(gradient, j)[n];
        }
        status = bram_cholesky(cx, &factor);
        if (status == BRAM_OK) status = bram_cholesky_solve(cx, &factor, &right);
        added = added > 0 ? 10 * added : 1e-12 * most;
    }
    for (size_t j = 0; j < m && status == BRAM_OK; j++) bram_row(direction, j)[n] = right.data[j];
    bram_scratch_release(cx, mark);
    return status;
}

struct solving {
    bram_mat *direction, *information;
    const bram_mat *gradient;
    const bool *done; /* NULL: none */
};

static int solve_one(bram_ctx *cx, size_t n, void *user)
{
    const struct solving *s = user;
    if (s->done && s->done[n]) return BRAM_OK;
    return solve_target(cx, s->direction, s->information, s->gradient, n);
}

int bram_glm_step(bram_ctx *cx, bram_mat *step, const bram_glm *g, const bram_mat *theta)
{
    size_t m = g->design->cols, targets = g->y.cols, mark = bram_scratch_mark(cx);
    bram_mat gradient, information;
    int status = bram_mat_scratch(cx, &gradient, m, targets);
    if (status == BRAM_OK) status = bram_mat_scratch(cx, &information, targets * m, m);
    if (status == BRAM_OK)
        status = bram_glm_evaluate(cx, g, theta, NULL, &gradient, &information, BRAM_EXPECTED);
    struct solving s = {step, &information, &gradient, NULL};
    if (status == BRAM_OK) status = bram_parallel_for(cx, targets, solve_one, &s);
    bram_scratch_release(cx, mark);
    return status;
}

/* Halves the steps of the targets whose objective would fall. gain: of each target. */
static int search(bram_ctx *cx, const bram_glm *g, bram_mat *theta, double *objective,
                  const bram_mat *direction, bool *done, double *gain)
{
    size_t m = theta->rows, targets = theta->cols;
    bram_mat trial;
    BRAM_TRY(bram_mat_scratch(cx, &trial, m, targets));
    double *now = bram_scratch(cx, targets, sizeof *now);
    double *length = now ? bram_scratch(cx, targets, sizeof *length) : NULL;
    if (!length) return BRAM_ENOMEM;
    for (size_t n = 0; n < targets; n++) length[n] = !done[n], gain[n] = 0;
    for (int h = 0; h < HALVINGS; h++) {
        bool all = true;
        for (size_t j = 0; j < m; j++)
            for (size_t n = 0; n < targets; n++)
                bram_row(&trial, j)[n] = bram_row(theta, j)[n] +
                                         length[n] * bram_row(direction, j)[n];
        BRAM_TRY(bram_glm_evaluate(cx, g, &trial, now, NULL, NULL, BRAM_EXPECTED));
        for (size_t n = 0; n < targets; n++) {
            if (length[n] == 0) continue;
            if (now[n] >= objective[n]) {
                gain[n] = now[n] - objective[n];
                objective[n] = now[n];
                for (size_t j = 0; j < m; j++) bram_row(theta, j)[n] = bram_row(&trial, j)[n];
                length[n] = 0;
            } else length[n] /= 2, all = false;
        }
        if (all) break;
    }
    return BRAM_OK;
}

static int newton(bram_ctx *cx, bram_mat *theta, double *objective, const bram_glm *g, size_t steps,
                  double tolerance)
{
    size_t m = theta->rows, targets = theta->cols;
    bram_mat gradient, information, direction;
    BRAM_TRY(bram_mat_scratch(cx, &gradient, m, targets));
    BRAM_TRY(bram_mat_scratch(cx, &direction, m, targets));
    BRAM_TRY(bram_mat_scratch(cx, &information, targets * m, m));
    bool *done = bram_scratch(cx, targets, sizeof *done);
    double *gain = done ? bram_scratch(cx, targets, sizeof *gain) : NULL;
    if (!gain) return BRAM_ENOMEM;
    bram_information kind = g->link == BRAM_LINK_SIGMOID ? BRAM_EXPECTED : BRAM_OBSERVED;
    for (size_t k = 0; k < steps; k++) {
        size_t mark = bram_scratch_mark(cx), left = 0;
        struct solving s = {&direction, &information, &gradient, done};
        int status = bram_glm_evaluate(cx, g, theta, objective, &gradient, &information, kind);
        if (status == BRAM_OK) status = bram_parallel_for(cx, targets, solve_one, &s);
        if (status == BRAM_OK) status = search(cx, g, theta, objective, &direction, done, gain);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        for (size_t n = 0; n < targets; n++) {
            done[n] = done[n] || gain[n] <= tolerance * (1 + fabs(objective[n]));
            left += !done[n];
        }
        if (!left) break;
    }
    return BRAM_OK;
}

/* ---- many coefficients ---------------------------------------------------------------------- */

/* One target for bram_lbfgs: minus the objective. */
static int cost(bram_ctx *cx, double *value, double *gradient, const double *x, void *user)
{
    const bram_glm *g = user;
    size_t m = g->design->cols;
    bram_mat slope = {gradient, m, 1, 1};
    union {
        const double *in;
        double *out;
    } theta = {x}; /* only read */
    bram_mat at = {theta.out, m, 1, 1};
    BRAM_TRY(bram_glm_evaluate(cx, g, &at, value, &slope, NULL, BRAM_EXPECTED));
    *value = -*value;
    for (size_t j = 0; j < m; j++) gradient[j] = -gradient[j];
    return BRAM_OK;
}

struct descent {
    bram_mat *theta;
    double *objective;
    const bram_glm *g;
    size_t steps;
    double tolerance;
};

static int descend(bram_ctx *cx, size_t n, void *user)
{
    const struct descent *d = user;
    const bram_glm *g = d->g;
    size_t m = d->theta->rows;
    double *x = bram_scratch(cx, m, sizeof *x), value;
    if (!x) return BRAM_ENOMEM;
    bram_mat precision = {0}, centre = {0};
    if (g->precision) precision = columns(g->precision, n, 1);
    if (g->centre) centre = columns(g->centre, n, 1);
    bram_glm one = *g;
    one.y = columns(&g->y, n, 1);
    one.present = g->present ? g->present + n : NULL;
    one.precision = g->precision ? &precision : NULL;
    one.centre = g->centre ? &centre : NULL;
    for (size_t j = 0; j < m; j++) x[j] = bram_row(d->theta, j)[n];
    BRAM_TRY(bram_lbfgs(cx, x, &value, m, cost, &one, 20 * d->steps, d->tolerance));
    for (size_t j = 0; j < m; j++) bram_row(d->theta, j)[n] = x[j];
    d->objective[n] = -value;
    return BRAM_OK;
}

int bram_glm_fit(bram_ctx *cx, bram_mat *theta, double *objective, const bram_glm *g, size_t steps,
                 double tolerance)
{
    size_t targets = theta->cols, mark = bram_scratch_mark(cx);
    BRAM_TRY(check(cx, g, theta));
    double *value = bram_scratch(cx, targets, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    struct descent d = {theta, value, g, steps, tolerance};
    int status = theta->rows <= BRAM_GLM_NEWTON_MOST ? newton(cx, theta, value, g, steps, tolerance)
                                                     : bram_parallel_for(cx, targets, descend, &d);
    if (status == BRAM_OK && objective) memcpy(objective, value, targets * sizeof *value);
    bram_scratch_release(cx, mark);
    return status;
}
