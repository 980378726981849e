/*
 * link.c - link functions; see link.h.
 */
#include "link.h"

#include "vexp.h"
#include "vlog.h"
#include "wide.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const double LEAST_RATE = 1e-12, SIGMOID_FLOOR = 1e-8, MOST_ETA = 30;

bram_link bram_link_by_name(const char *name)
{
    return strcmp(name, "exp") == 0       ? BRAM_LINK_EXP
           : strcmp(name, "sigmoid") == 0 ? BRAM_LINK_SIGMOID
                                          : BRAM_LINK_SOFTPLUS;
}

/* Predictors worked on at a time: their exponentials are taken together. */
enum { PIECE = 64 };

/* A piece: eta, e = exp(-|eta|) (EXP: exp(eta)) and the logistic function of eta; then what is
 * wanted of it. */
struct piece {
    double eta[PIECE], e[PIECE], s[PIECE];
    double rate[PIECE], log_rate[PIECE], slope[PIECE], curve[PIECE];
};

static BRAM_WIDE void begin(struct piece *p, bool exponential)
{
    for (size_t i = 0; i < PIECE; i++) {
        double x = p->eta[i];
        p->e[i] = exponential ? (x < MOST_ETA ? x : MOST_ETA) : -fabs(x);
    }
}

static BRAM_WIDE void add_inside(struct piece *p, double inside)
{
    for (size_t i = 0; i < PIECE; i++) p->log_rate[i] = p->rate[i] + inside;
}

static BRAM_WIDE void logistic(struct piece *p)
{
    for (size_t i = 0; i < PIECE; i++) p->s[i] = (p->eta[i] >= 0 ? 1 : p->e[i]) / (1 + p->e[i]);
}

static BRAM_WIDE void cut_below(double *rate)
{
    for (size_t i = 0; i < PIECE; i++) rate[i] = rate[i] > LEAST_RATE ? rate[i] : LEAST_RATE;
}

/* log1p(e) is log(1 + e), less what rounding 1 + e has added. */
static BRAM_WIDE void softplus_rate(struct piece *p)
{
    double sum[PIECE];
    for (size_t i = 0; i < PIECE; i++) sum[i] = p->rate[i] = 1 + p->e[i];
    bram_vlog(p->rate, PIECE);
    for (size_t i = 0; i < PIECE; i++) {
        double more = p->eta[i] > 0 ? p->eta[i] : 0;
        p->rate[i] = p->rate[i] - ((sum[i] - 1) - p->e[i]) / sum[i] + more;
    }
}

static BRAM_WIDE void softplus_slopes(struct piece *p)
{
    for (size_t i = 0; i < PIECE; i++) p->slope[i] = p->s[i], p->curve[i] = p->s[i] * (1 - p->s[i]);
}

static BRAM_WIDE void sigmoid_rate(struct piece *p)
{
    for (size_t i = 0; i < PIECE; i++) p->rate[i] = SIGMOID_FLOOR + (1 - SIGMOID_FLOOR) * p->s[i];
}

static BRAM_WIDE void sigmoid_slopes(struct piece *p)
{
    for (size_t i = 0; i < PIECE; i++) {
        double d = (1 - SIGMOID_FLOOR) * p->e[i] / ((1 + p->e[i]) * (1 + p->e[i]));
        p->slope[i] = d, p->curve[i] = d * (1 - 2 * p->s[i]);
    }
}

/* All that is wanted of a piece. */
static void work(struct piece *p, bram_link link, double inside, bool logs, bool slopes)
{
    begin(p, link == BRAM_LINK_EXP);
    bram_vexp(p->e, PIECE);
    if (link == BRAM_LINK_EXP) memcpy(p->rate, p->e, sizeof p->rate);
    if (link == BRAM_LINK_SOFTPLUS) softplus_rate(p);
    if (link == BRAM_LINK_SIGMOID || slopes) logistic(p);
    if (link == BRAM_LINK_SIGMOID) sigmoid_rate(p);
    if (!(inside > 0)) cut_below(p->rate);
    if (logs) {
        add_inside(p, inside);
        bram_vlog(p->log_rate, PIECE);
    }
    for (size_t i = 0; i < PIECE && logs && link == BRAM_LINK_EXP && !(inside > 0); i++)
        if (p->rate[i] > LEAST_RATE) p->log_rate[i] = fmin(p->eta[i], MOST_ETA);
    if (!slopes) return;
    if (link == BRAM_LINK_EXP) {
        memcpy(p->slope, p->rate, sizeof p->slope);
        memcpy(p->curve, p->rate, sizeof p->curve);
    } else if (link == BRAM_LINK_SIGMOID) sigmoid_slopes(p);
    else softplus_slopes(p);
}

void bram_link_apply(bram_link link, double inside, const double *eta, size_t n, double *rate,
                     double *log_rate, double *slope, double *curve)
{
    struct piece p;
    for (size_t from = 0; from < n; from += PIECE) {
        size_t count = n - from < PIECE ? n - from : PIECE, size = count * sizeof *eta;
        memcpy(p.eta, eta + from, size);
        if (count < PIECE) memset(p.eta + count, 0, sizeof p.eta - size);
        work(&p, link, inside, log_rate, slope || curve);
        if (rate) memcpy(rate + from, p.rate, size);
        if (log_rate) memcpy(log_rate + from, p.log_rate, size);
        if (slope) memcpy(slope + from, p.slope, size);
        if (curve) memcpy(curve + from, p.curve, size);
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
