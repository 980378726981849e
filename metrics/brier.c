/*
 * brier.c - Brier score of probabilities of edges.
 *
 * raw = mean over pairs of (p - y)^2, y being 1 where there is an edge: 0 is perfect. Scores must
 * be probabilities. Chance is that of the share of edges said of every pair, s (1 - s). It depends
 * on that share, so that values compare on the same pairs alone. Source: Brier 1950; as
 * scikit-learn's brier_score_loss.
 */
#include "edges.h"

#include <math.h>

struct sums {
    double pairs, error;
};

static void take(void *user, double p, double edges, double others)
{
    struct sums *s = user;
    s->pairs += edges + others;
    s->error += edges * (1 - p) * (1 - p) + others * p * p;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    struct sums s = {0};
    BRAM_TRY(bram_edges_walk(cx, state, weight, take, &s));
    *raw = s.pairs > 0 ? s.error / s.pairs : (double)NAN;
    return BRAM_OK;
}

static double chance_of(const void *state)
{
    double share = bram_edges_density(state);
    return share * (1 - share);
}

const bram_metric bram_metric_brier = {
    .name = "brier",
    .summary = "Brier score of probabilities of edges: their mean squared error",
    .source = "Brier 1950; as scikit-learn's brier_score_loss",
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
