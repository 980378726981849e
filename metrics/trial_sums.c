/*
 * trial_sums.c - see trial_sums.h.
 */
#include "trial_sums.h"

#include "moments.h"

#include <math.h>
#include <string.h>

struct bram_trial_sums {
    size_t groups, units;
    bool repeated;
    bram_trial_total *of; /* groups x units */
};

void bram_trial_sums_free(void *sums)
{
    bram_trial_sums *s = sums;
    if (s) bram_free(s->of);
    bram_free(s);
}

size_t bram_trial_sums_units(const bram_trial_sums *s)
{
    return s->units;
}

bool bram_trial_sums_repeated(const bram_trial_sums *s)
{
    return s->repeated;
}

/* ---- the trials of a side ------------------------------------------------------------------- */

/* Trials x units, and the row that each is of. */
struct trials {
    const bram_mat *value;
    const uint8_t *present;
    const uint32_t *row; /* NULL: each its own */
    size_t count;
};

static struct trials trials_of(const bram_side *brain)
{
    const bram_repeats *r = brain->repeats;
    return r ? (struct trials){&r->values, r->present, r->row, r->values.rows}
             : (struct trials){&brain->values, brain->present, NULL, brain->values.rows};
}

static bool is_there(const struct trials *t, size_t k, size_t u)
{
    return !t->present || t->present[k * t->value->cols + u];
}

static size_t row_of(const struct trials *t, size_t k)
{
    return t->row ? t->row[k] : k;
}

static int check_sides(bram_ctx *cx, const bram_side *model, const bram_side *brain,
                       const struct trials *t)
{
    size_t rows = brain->values.rows, units = brain->values.cols;
    if (model->values.rows != rows || model->values.cols != units || !rows || !units)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the prediction is %zu x %zu, the recording %zu x %zu; expected equal "
                         "shapes of a row and a unit or more",
                         model->values.rows, model->values.cols, rows, units);
    if (model->is_rdm || brain->is_rdm)
        return bram_fail(cx, BRAM_ESHAPE, "found dissimilarities, expected responses");
    for (size_t i = 0; i < rows; i++)
        for (size_t u = 0; u < units; u++)
            if (!isfinite(bram_row(&model->values, i)[u]) &&
                (!model->present || model->present[i * units + u]))
                return bram_fail(cx, BRAM_ENUMERIC, "the prediction of row %zu, unit %zu is %g", i,
                                 u, bram_row(&model->values, i)[u]);
    for (size_t k = 0; k < t->count; k++)
        for (size_t u = 0; u < units; u++)
            if (is_there(t, k, u) && !isfinite(bram_row(t->value, k)[u]))
                return bram_fail(cx, BRAM_ENUMERIC, "trial %zu, unit %zu is %g", k, u,
                                 bram_row(t->value, k)[u]);
    return BRAM_OK;
}

/* ---- sums ----------------------------------------------------------------------------------- */

/* A unit's means over trials, of the trials and of their predictions. */
struct offsets {
    double *y, *m;
    size_t *n;
};

static bool counts(const bram_side *model, const struct trials *t, size_t k, size_t u)
{
    return is_there(t, k, u) &&
           (!model->present || model->present[row_of(t, k) * t->value->cols + u]);
}

static int find_offsets(bram_ctx *cx, struct offsets *o, const bram_side *model,
                        const struct trials *t)
{
    size_t units = t->value->cols;
    o->y = bram_scratch(cx, units, sizeof *o->y);
    o->m = bram_scratch(cx, units, sizeof *o->m);
    o->n = bram_scratch(cx, units, sizeof *o->n);
    if (!o->y || !o->m || !o->n) return BRAM_ENOMEM;
    for (size_t k = 0; k < t->count; k++)
        for (size_t u = 0; u < units; u++) {
            if (!counts(model, t, k, u)) continue;
            double n = (double)++o->n[u];
            o->y[u] += (bram_row(t->value, k)[u] - o->y[u]) / n;
            o->m[u] += (bram_row(&model->values, row_of(t, k))[u] - o->m[u]) / n;
        }
    return BRAM_OK;
}

/* Of each row: how many trials a unit has, and its sums, for the variance within the row. */
struct within {
    double *n, *y, *square;
};

static int sum_trials(bram_ctx *cx, bram_trial_sums *s, const bram_comparison *c,
                      const struct trials *t)
{
    const bram_side *model = c->model;
    size_t units = s->units, rows = model->values.rows;
    struct offsets o;
    struct within w;
    BRAM_TRY(find_offsets(cx, &o, model, t));
    w.n = bram_scratch(cx, rows, units * sizeof *w.n);
    w.y = bram_scratch(cx, rows, units * sizeof *w.y);
    w.square = bram_scratch(cx, rows, units * sizeof *w.square);
    if (!w.n || !w.y || !w.square) return BRAM_ENOMEM;
    for (size_t k = 0; k < t->count; k++) {
        size_t row = row_of(t, k), g = c->groups.group ? c->groups.group[row] : row;
        for (size_t u = 0; u < units; u++) {
            if (!counts(model, t, k, u)) continue;
            double truth = bram_row(t->value, k)[u], guess = bram_row(&model->values, row)[u];
            double y = truth - o.y[u], m = guess - o.m[u];
            bram_trial_total *to = &s->of[g * units + u];
            to->n++, to->y += y, to->yy += y * y, to->m += m, to->mm += m * m, to->my += m * y;
            to->error += (guess - truth) * (guess - truth);
            double *n = &w.n[row * units + u], *mean = &w.y[row * units + u], before = y - *mean;
            *mean += before / ++*n; /* Welford 1962 */
            w.square[row * units + u] += before * (y - *mean);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        size_t g = c->groups.group ? c->groups.group[i] : i;
        for (size_t u = 0; u < units; u++) {
            double n = w.n[i * units + u];
            if (n < 2) continue;
            s->of[g * units + u].noise += w.square[i * units + u] / (n - 1);
            s->of[g * units + u].repeated++;
        }
    }
    return BRAM_OK;
}

static int check_sums(bram_ctx *cx, const bram_trial_sums *s)
{
    double repeated = 0;
    for (size_t k = 0; k < s->groups * s->units; k++) {
        if (!isfinite(s->of[k].yy) || !isfinite(s->of[k].mm) || !isfinite(s->of[k].error))
            return bram_fail(cx, BRAM_ENUMERIC, "the sums over trials overflow");
        repeated += s->of[k].repeated;
    }
    if (s->repeated && !(repeated > 0))
        return bram_fail(cx, BRAM_ESHAPE, "no row has two trials: nothing is known of the noise");
    return BRAM_OK;
}

int bram_trial_sums_new(bram_ctx *cx, bram_trial_sums **out, const bram_comparison *c)
{
    const bram_side *model = c->model, *brain = c->brain;
    struct trials t = trials_of(brain);
    size_t groups, mark = bram_scratch_mark(cx), size;
    BRAM_TRY(check_sides(cx, model, brain, &t));
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, brain->values.rows));
    bram_trial_sums *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (bram_trial_sums){groups, brain->values.cols, brain->repeats != NULL, NULL};
    int status = BRAM_OK;
    if (__builtin_mul_overflow(groups, s->units, &size))
        status = bram_fail(cx, BRAM_ENOMEM, "no memory for %zu groups of %zu units", groups,
                           s->units);
    if (status == BRAM_OK && !(s->of = bram_alloc(cx, size, sizeof *s->of))) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = sum_trials(cx, s, c, &t);
    if (status == BRAM_OK) status = check_sums(cx, s);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = s;
    else bram_trial_sums_free(s);
    return status;
}

int bram_trial_sums_map(bram_ctx *cx, double *raw, const bram_trial_sums *s, const double *weight,
                        double (*formula)(const bram_trial_total *, double, double), double a,
                        double b)
{
    BRAM_TRY(bram_weights_check(cx, weight, s->groups));
    for (size_t u = 0; u < s->units; u++) {
        bram_trial_total all = {0};
        for (size_t g = 0; g < s->groups; g++) {
            const bram_trial_total *x = &s->of[g * s->units + u];
            double w = weight ? weight[g] : 1;
            if (!(w > 0)) continue;
            all.n += w * x->n, all.y += w * x->y, all.yy += w * x->yy;
            all.m += w * x->m, all.mm += w * x->mm, all.my += w * x->my;
            all.error += w * x->error;
            all.noise += w * x->noise, all.repeated += w * x->repeated;
        }
        raw[u] = all.n > 0 ? formula(&all, a, b) : (double)NAN;
    }
    return BRAM_OK;
}
