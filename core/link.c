/*
 * link.c - link functions; see link.h.
 */
#include "link.h"

#include "vexp.h"
#include "vlog.h"

#include <math.h>
#include <string.h>

static const double LEAST_RATE = 1e-12, SIGMOID_FLOOR = 1e-8, MOST_ETA = 30;

bram_link bram_link_by_name(const char *name)
{
    return strcmp(name, "exp") == 0       ? BRAM_LINK_EXP
           : strcmp(name, "sigmoid") == 0 ? BRAM_LINK_SIGMOID
                                          : BRAM_LINK_SOFTPLUS;
}

static double at_least(double rate, double inside)
{
    return inside > 0 ? rate : fmax(rate, LEAST_RATE);
}

/* Predictors worked on at a time: their exponentials are taken together. */
enum { PIECE = 64 };

/* The logistic function from e = exp(-|eta|), without overflow. */
static double logistic(double eta, double e)
{
    return (eta >= 0 ? 1 : e) / (1 + e);
}

static void softplus(double inside, const double *eta, const double *e, size_t n, double *rate,
                     double *log_rate, double *slope, double *curve)
{
    for (size_t i = 0; i < n && (rate || log_rate); i++) {
        double f = at_least(log1p(e[i]) + fmax(eta[i], 0), inside);
        if (rate) rate[i] = f;
        if (log_rate) log_rate[i] = f + inside;
    }
    if (log_rate) bram_vlog(log_rate, n);
    for (size_t i = 0; i < n && (slope || curve); i++) {
        double s = logistic(eta[i], e[i]);
        if (slope) slope[i] = s;
        if (curve) curve[i] = s * (1 - s);
    }
}

static void exponential(double inside, const double *eta, size_t n, double *rate, double *log_rate,
                        double *slope, double *curve)
{
    for (size_t i = 0; i < n; i++) {
        double x = fmin(eta[i], MOST_ETA), f = at_least(exp(x), inside);
        if (rate) rate[i] = f;
        if (log_rate) log_rate[i] = inside > 0 || f <= LEAST_RATE ? log(f + inside) : x;
        if (slope) slope[i] = f;
        if (curve) curve[i] = f;
    }
}

static void sigmoid(double inside, const double *eta, const double *e, size_t n, double *rate,
                    double *log_rate, double *slope, double *curve)
{
    for (size_t i = 0; i < n; i++) {
        double s = logistic(eta[i], e[i]), f = SIGMOID_FLOOR + (1 - SIGMOID_FLOOR) * s;
        double d = (1 - SIGMOID_FLOOR) * e[i] / ((1 + e[i]) * (1 + e[i]));
        if (rate) rate[i] = f;
        if (slope) slope[i] = d;
        if (curve) curve[i] = d * (1 - 2 * s);
        if (log_rate) log_rate[i] = f + inside;
    }
    if (log_rate) bram_vlog(log_rate, n);
}

void bram_link_apply(bram_link link, double inside, const double *eta, size_t n, double *rate,
                     double *log_rate, double *slope, double *curve)
{
    if (link == BRAM_LINK_EXP) {
        exponential(inside, eta, n, rate, log_rate, slope, curve);
        return;
    }
    double e[PIECE];
    for (size_t from = 0; from < n; from += PIECE) {
        size_t count = n - from < PIECE ? n - from : PIECE;
        double *f = rate ? rate + from : NULL, *l = log_rate ? log_rate + from : NULL;
        double *s = slope ? slope + from : NULL, *c = curve ? curve + from : NULL;
        for (size_t i = 0; i < count; i++) e[i] = -fabs(eta[from + i]);
        bram_vexp(e, count);
        if (link == BRAM_LINK_SIGMOID) sigmoid(inside, eta + from, e, count, f, l, s, c);
        else softplus(inside, eta + from, e, count, f, l, s, c);
    }
}

double bram_link_inverse(bram_link link, double rate)
{
    double f = fmax(rate, LEAST_RATE);
    if (link == BRAM_LINK_EXP) return fmin(log(f), MOST_ETA);
    if (link == BRAM_LINK_SIGMOID) {
        f = fmin(fmax(f, 2 * SIGMOID_FLOOR), 1 - 1e-6);
        return log(f / (1 - f));
    }
    return f + log(-expm1(-f)); /* log(e^f - 1) */
}
