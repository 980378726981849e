/*
 * lbfgs.c - limited-memory BFGS; see lbfgs.h.
 */
#include "lbfgs.h"

#include <math.h>
#include <string.h>

enum { PAIRS = 10, HALVINGS = 40 };

struct memory {
    size_t n, count, next; /* pairs kept, and where the next one goes */
    double *s[PAIRS], *y[PAIRS], rho[PAIRS];
};

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* direction = -H gradient, H from the pairs, newest first and back. */
static void direct(const struct memory *m, double *direction, const double *gradient)
{
    double alpha[PAIRS] = {0};
    memcpy(direction, gradient, m->n * sizeof *direction);
    for (size_t k = 0; k < m->count; k++) {
        size_t at = (m->next + PAIRS - 1 - k) % PAIRS;
        alpha[at] = m->rho[at] * dot(m->s[at], direction, m->n);
        for (size_t i = 0; i < m->n; i++) direction[i] -= alpha[at] * m->y[at][i];
    }
    if (m->count) {
        size_t last = (m->next + PAIRS - 1) % PAIRS;
        double scale = 1 / (m->rho[last] * dot(m->y[last], m->y[last], m->n));
        for (size_t i = 0; i < m->n; i++) direction[i] *= scale;
    } else {
        double length = sqrt(dot(gradient, gradient, m->n));
        for (size_t i = 0; i < m->n && length > 1; i++) direction[i] /= length;
    }
    for (size_t k = m->count; k-- > 0;) {
        size_t at = (m->next + PAIRS - 1 - k) % PAIRS;
        double beta = m->rho[at] * dot(m->y[at], direction, m->n);
        for (size_t i = 0; i < m->n; i++) direction[i] += (alpha[at] - beta) * m->s[at][i];
    }
    for (size_t i = 0; i < m->n; i++) direction[i] = -direction[i];
}

/* A pair is kept when its curvature is positive: H then stays positive definite. */
static void keep(struct memory *m, const double *x, const double *x0, const double *g,
                 const double *g0)
{
    double *s = m->s[m->next], *y = m->y[m->next];
    for (size_t i = 0; i < m->n; i++) s[i] = x[i] - x0[i], y[i] = g[i] - g0[i];
    double curvature = dot(s, y, m->n);
    if (!(curvature > 1e-14 * dot(y, y, m->n))) return;
    m->rho[m->next] = 1 / curvature;
    m->next = (m->next + 1) % PAIRS;
    if (m->count < PAIRS) m->count++;
}

struct point {
    double *x, *g, value;
};

int bram_lbfgs(bram_ctx *cx, double *x, double *value, size_t n, bram_cost_fn *f, void *user,
               size_t steps, double tolerance)
{
    struct memory m = {.n = n};
    struct point now = {bram_scratch(cx, n, 8), bram_scratch(cx, n, 8), 0};
    struct point trial = {bram_scratch(cx, n, 8), bram_scratch(cx, n, 8), 0};
    double *direction = bram_scratch(cx, n, sizeof *direction);
    if (!now.x || !now.g || !trial.x || !trial.g || !direction) return BRAM_ENOMEM;
    for (int k = 0; k < PAIRS; k++) {
        m.s[k] = bram_scratch(cx, n, sizeof *m.s[k]);
        m.y[k] = m.s[k] ? bram_scratch(cx, n, sizeof *m.y[k]) : NULL;
        if (!m.y[k]) return BRAM_ENOMEM;
    }
    memcpy(now.x, x, n * sizeof *x);
    BRAM_TRY(f(cx, &now.value, now.g, now.x, user));
    if (!isfinite(now.value))
        return bram_fail(cx, BRAM_ENUMERIC, "the function is %g at the start", now.value);
    for (size_t k = 0; k < steps; k++) {
        double length = 1, slope;
        direct(&m, direction, now.g);
        slope = dot(direction, now.g, n);
        if (!(slope < 0)) break;
        int h = 0;
        for (; h < HALVINGS; h++) {
            for (size_t i = 0; i < n; i++) trial.x[i] = now.x[i] + length * direction[i];
            BRAM_TRY(f(cx, &trial.value, trial.g, trial.x, user));
            if (trial.value <= now.value + 1e-4 * length * slope) break;
            length /= 2;
        }
        if (h == HALVINGS) break;
        double fall = now.value - trial.value;
        keep(&m, trial.x, now.x, trial.g, now.g);
        struct point last = now;
        now = trial;
        trial = last;
        if (fall <= tolerance * (1 + fabs(now.value))) break;
    }
    memcpy(x, now.x, n * sizeof *x);
    *value = now.value;
    return BRAM_OK;
}
