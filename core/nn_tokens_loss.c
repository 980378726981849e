/*
 * nn_tokens_loss.c - the log probability of the counts of a window by its tokens; see nn_tokens.h.
 */
#include "nn_tokens.h"

#include <math.h>
#include <string.h>

static const double MOST = 10; /* of log lambda: no rate is above e^10 */

static double log_rate(bram_real unit, bram_real time)
{
    double sum = (double)unit + (double)time;
    return sum < MOST || isnan(sum) ? sum : MOST;
}

double BRAM_NN(tokens_rate)(bram_real unit, bram_real time)
{
    return exp(log_rate(unit, time));
}

/* Whether a cell of row d and neuron n comes after the token. */
static bool after(const bram_nn_token *t, size_t units, size_t d, size_t n)
{
    if (t->unit >= units) return true; /* the start */
    return d > t->row || (d == t->row && n > t->unit);
}

static bool counts(const bram_nn_cells *c, size_t d, size_t n)
{
    return !c->present || c->present[d * c->units + n];
}

/* A walk over the cells of a window: which token is the last before a cell. */
struct walk {
    const bram_nn_cells *c;
    const bram_nn_token *token;
    size_t tokens, at;
};

/* @return whether the last token before a cell is another one than before */
static bool arrive(struct walk *w, size_t d, size_t n)
{
    size_t was = w->at;
    while (w->at + 1 < w->tokens && after(&w->token[w->at + 1], w->c->units, d, n)) w->at++;
    return w->at != was;
}

static double log_factorial(double y)
{
    return y > 1 ? lgamma(y + 1) : 0;
}

double BRAM_NN(tokens_loss)(const bram_nn_cells *c, size_t span, const bram_nn_token *token,
                            size_t tokens, const bram_real *unit, const bram_real *time,
                            bram_real *dunit, bram_real *dtime, double scale, double *cell)
{
    struct walk w = {c, token, tokens, 0};
    double loss = 0;
    if (dunit) memset(dunit, 0, tokens * c->units * sizeof *dunit);
    if (dtime) memset(dtime, 0, tokens * span * sizeof *dtime);
    for (size_t d = 0; d < c->rows; d++)
        for (size_t n = 0; n < c->units; n++) {
            arrive(&w, d, n);
            if (d < c->from || !counts(c, d, n)) continue;
            size_t i = w.at * c->units + n, j = w.at * span + d;
            double y = c->y[d * c->units + n], s = log_rate(unit[i], time[j]), rate = exp(s);
            double one = rate - y * s + log_factorial(y),
                   slope = s < MOST || y > rate ? rate - y : 0;
            loss += one;
            if (cell) cell[d * c->units + n] = -one;
            if (dunit) dunit[i] += (bram_real)(scale * slope);
            if (dtime) dtime[j] += (bram_real)(scale * slope);
        }
    return loss;
}

/* The rates of the cells of row d after neuron n, by the token that the walk is at. */
static double rest_of_row(const struct walk *w, size_t span, const bram_real *unit,
                          const bram_real *time, size_t d, size_t n)
{
    size_t units = w->c->units;
    double sum = 0;
    for (size_t j = n + 1; j < units; j++)
        if (counts(w->c, d, j))
            sum += exp(log_rate(unit[w->at * units + j], time[w->at * span + d]));
    return sum;
}

void BRAM_NN(tokens_split)(const bram_nn_cells *c, size_t span, const bram_nn_token *token,
                           size_t tokens, const bram_real *unit, const bram_real *time,
                           double part[3])
{
    struct walk w = {c, token, tokens, 0};
    part[0] = part[1] = part[2] = 0;
    for (size_t d = 0; d < c->rows; d++) {
        double passed = 0; /* rates of the cells since the last token, in this row */
        for (size_t n = 0; n < c->units; n++) {
            if (arrive(&w, d, n)) passed = 0;
            if (d < c->from || !counts(c, d, n)) continue;
            double y = c->y[d * c->units + n];
            double s = log_rate(unit[w.at * c->units + n], time[w.at * span + d]), rate = exp(s);
            if (y > 0) {
                double all = passed + rate + rest_of_row(&w, span, unit, time, d, n);
                double in_row = -log(-expm1(-all)), fires = -log(-expm1(-rate));
                part[0] += in_row;
                part[1] += passed + fires - in_row;
                part[2] += rate - y * s + log_factorial(y) - fires;
                passed = 0;
            } else passed += rate;
        }
        part[0] += passed;
    }
}
