/*
 * nn_step.c - steps of optimizers; see nn_step.h.
 */
#include "nn_step.h"

#include "wide.h"

#include <math.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over arrays become vectors */
#endif

/* Adam's two corrections for starting at zero are one factor of the rate and one of eps. */
BRAM_WIDE static void adam(bram_real *p, const bram_real *gradient, bram_real *m, bram_real *v,
                           size_t n, const bram_nn_rule *o, uint64_t step)
{
    bool apart = o->optimizer == BRAM_ADAMW;
    double first = 1 - pow(o->beta1, (double)step), second = sqrt(1 - pow(o->beta2, (double)step));
    bram_real b1 = (bram_real)o->beta1, b2 = (bram_real)o->beta2, eps = (bram_real)o->eps;
    bram_real keep = (bram_real)(1 - o->rate * o->decay), l2 = apart ? 0 : (bram_real)o->decay;
    bram_real rate = (bram_real)(o->rate / first), root = (bram_real)second;
    for (size_t i = 0; i < n; i++) {
        bram_real g = gradient[i] + l2 * p[i];
        if (apart) p[i] *= keep;
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
#ifdef BRAM_NN_DOUBLE
        p[i] -= rate * m[i] / (sqrt(v[i]) / root + eps);
#else
        p[i] -= rate * m[i] / (sqrtf(v[i]) / root + eps);
#endif
    }
}

void BRAM_NN(step)(bram_real *p, const bram_real *gradient, bram_real *m, bram_real *v, size_t n,
                   const bram_nn_rule *rule, uint64_t step)
{
    if (rule->optimizer == BRAM_ADAM || rule->optimizer == BRAM_ADAMW) {
        adam(p, gradient, m, v, n, rule, step);
        return;
    }
    bram_real rate = (bram_real)rule->rate, momentum = (bram_real)rule->beta1;
    bool ahead = rule->optimizer == BRAM_NESTEROV;
    for (size_t i = 0; i < n; i++) {
        bram_real g = gradient[i] + (bram_real)rule->decay * p[i];
        m[i] = momentum * m[i] + g;
        p[i] -= rate * (ahead ? g + momentum * m[i] : m[i]);
    }
}

BRAM_WIDE double BRAM_NN(squares)(const bram_real *x, size_t n)
{
    double sum[8] = {0};
    size_t whole = n / 8 * 8;
    for (size_t i = 0; i < whole; i += 8)
        for (size_t k = 0; k < 8; k++) sum[k] += (double)x[i + k] * (double)x[i + k];
    for (size_t i = whole; i < n; i++) sum[i - whole] += (double)x[i] * (double)x[i];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

double BRAM_NN(clip)(double norm, double most)
{
    double factor = most / (norm + 1e-6);
    return factor < 1 ? factor : 1;
}

double BRAM_NN(schedule)(double rate, double last, uint64_t step, uint64_t warm_up, uint64_t steps)
{
    if (step <= warm_up) return rate * (double)step / (double)warm_up;
    double along = steps > warm_up ? (double)(step - warm_up) / (double)(steps - warm_up) : 1;
    return rate * (last + (1 - last) * (1 + cos(acos(-1) * fmin(1, along))) / 2);
}
