/*
 * poisson_newton.c - Poisson regression by Newton's method; see poisson_glm.h.
 */
#include "poisson_many.h"

#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { HALVINGS = 30, DESCENT = 20 };

/* direction = information^-1 gradient for target n; both are used up. More is added to the diagonal
 * until it is positive definite: a direction column without data then stays where it is. */
static int solve_target(bram_ctx *cx, bram_mat *direction, bram_mat *information,
                        const bram_mat *gradient, size_t n, bool fixed)
{
    size_t m = gradient->rows, mark = bram_scratch_mark(cx);
    bram_mat block = bram_mat_rows(*information, n * m, m), factor, right;
    double most = 1e-12, added = 0;
    for (size_t j = 0; j < m && fixed; j++) block.data[j] = bram_row(&block, j)[0] = j == 0;
    for (size_t j = 0; j < m; j++) most = fmax(most, fabs(bram_row(&block, j)[j]));
    BRAM_TRY(bram_mat_scratch(cx, &factor, m, m));
    BRAM_TRY(bram_mat_scratch(cx, &right, m, 1));
    int status = BRAM_ENUMERIC;
    for (int trial = 0; trial < 20 && status == BRAM_ENUMERIC; trial++) {
        for (size_t j = 0; j < m; j++) {
            memcpy(bram_row(&factor, j), bram_row(&block, j), m * sizeof(double));
            bram_row(&factor, j)[j] += added;
            right.data[j] = fixed && j == 0 ? 0 : bram_row(gradient, j)[n];
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
    bool fixed;
};

static int solve_one(bram_ctx *cx, size_t n, void *user)
{
    const struct solving *s = user;
    if (s->done && s->done[n]) return BRAM_OK;
    return solve_target(cx, s->direction, s->information, s->gradient, n, s->fixed);
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

/* The information that is positive definite whatever theta is. */
static bram_information positive(bram_link link)
{
    return link == BRAM_LINK_SIGMOID ? BRAM_EXPECTED : BRAM_OBSERVED;
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
    bram_information kind = positive(g->link);
    for (size_t k = 0; k < steps; k++) {
        size_t mark = bram_scratch_mark(cx), left = 0;
        struct solving s = {&direction, &information, &gradient, done, g->fixed};
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

static int step(bram_ctx *cx, bram_mat *theta, const bram_glm *g)
{
    size_t m = theta->rows, targets = theta->cols;
    bram_mat gradient, information, direction;
    BRAM_TRY(bram_mat_scratch(cx, &gradient, m, targets));
    BRAM_TRY(bram_mat_scratch(cx, &direction, m, targets));
    BRAM_TRY(bram_mat_scratch(cx, &information, targets * m, m));
    struct solving s = {&direction, &information, &gradient, NULL, g->fixed};
    BRAM_TRY(bram_glm_evaluate(cx, g, theta, NULL, &gradient, &information, positive(g->link)));
    BRAM_TRY(bram_parallel_for(cx, targets, solve_one, &s));
    for (size_t j = 0; j < m; j++)
        for (size_t n = 0; n < targets; n++) bram_row(theta, j)[n] += bram_row(&direction, j)[n];
    return BRAM_OK;
}

int bram_glm_step(bram_ctx *cx, bram_mat *theta, const bram_glm *g)
{
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_glm_check(cx, g, theta));
    int status = step(cx, theta, g);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- fits ----------------------------------------------------------------------------------- */

int bram_glm_fit(bram_ctx *cx, bram_mat *theta, double *objective, const bram_glm *g, size_t steps,
                 double tolerance)
{
    size_t targets = theta->cols, mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_glm_check(cx, g, theta));
    double *value = bram_scratch(cx, targets, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    int status = theta->rows <= BRAM_GLM_NEWTON_MOST
                     ? newton(cx, theta, value, g, steps, tolerance)
                     : bram_glm_descend(cx, theta, value, g, DESCENT * steps, tolerance);
    if (status == BRAM_OK && objective) memcpy(objective, value, targets * sizeof *value);
    bram_scratch_release(cx, mark);
    return status;
}
