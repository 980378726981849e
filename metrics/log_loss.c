/*
 * log_loss.c - log loss (cross-entropy) of probabilities of edges.
 *
 * raw = mean over pairs of -ln p where there is an edge, -ln(1 - p) where there is none, in nats.
 * Scores must be probabilities; those nearer to 0 or 1 than 1e-15 count as that near, so that a
 * sure mistake costs 34.5 nats and not infinitely much. Chance is that of the share of edges said
 * of every pair: the entropy of that share. Source: Good 1952; as scikit-learn's log_loss
 * (before 1.5, which clips at the resolution of the number type).
 */
#include "edges.h"

#include <math.h>

static const double NEAREST = 1e-15;

struct sums {
    double pairs, nats;
};

static double clipped(double p)
{
    return fmin(fmax(p, NEAREST), 1 - NEAREST);
}

static void take(void *user, double p, double edges, double others)
{
    struct sums *s = user;
    s->pairs += edges + others;
    s->nats -= edges * log(clipped(p)) + others * log(1 - clipped(p));
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    struct sums s = {0};
    BRAM_TRY(bram_edges_walk(cx, state, weight, take, &s));
    *raw = s.pairs > 0 ? s.nats / s.pairs : (double)NAN;
    return BRAM_OK;
}

static double chance_of(const void *state)
{
    double share = bram_edges_density(state), other = 1 - share;
    return (share > 0 ? -share * log(share) : 0) + (other > 0 ? -other * log(other) : 0);
}

const bram_metric bram_metric_log_loss = {
    .name = "log-loss",
    .summary = "log loss of probabilities of edges, nats a pair",
    .source = "Good 1952; as scikit-learn's log_loss",
    .version = 1,
    .kind = BRAM_METRIC_GRAPH,
    .flags = BRAM_METRIC_PROBABILITIES,
    .chance = (double)NAN,
    .params = bram_edges_params,
    .pair = bram_edges_pair_probabilities,
    .release_pair = bram_edges_free,
    .compare = compare,
    .chance_of = chance_of,
};
