/*
 * edges.h - scores of ordered pairs of nodes against edges, sorted once: what the curves of link
 * prediction are made of.
 *
 * A pair counts where it is present on both sides (the brain's mask: both nodes were examined); an
 * absent edge between examined nodes is a zero. Weights are multiplicities of nodes: pair (i, j)
 * counts m_i m_j times, and a node's pairs with itself are left out unless asked for. The brain may
 * hold a list of pairs in place of a matrix (bram_pair_list).
 */
#ifndef BRAMBLE_METRICS_EDGES_H
#define BRAMBLE_METRICS_EDGES_H

#include <bramble/metric.h>

#include <math.h>

/** The options of all metrics on edges, and the table of those that have no others. */
/* clang-format off */
#define BRAM_EDGES_PARAMS                                                                          \
    {"diagonal", BRAM_PARAM_CHOICE, "exclude", "exclude|include", 0, 0,                            \
     "pairs of a node with itself"},                                                               \
    {"threshold", BRAM_PARAM_REAL, "0", NULL, 0, INFINITY,                                         \
     "a pair is an edge where the magnitude of its weight exceeds this"}
/* clang-format on */
extern const bram_param bram_edges_params[];

typedef struct bram_edges bram_edges;

/** The pair and release_pair steps of such a metric: the state is a bram_edges, one value. */
int bram_edges_pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                    const bram_comparison *c) BRAM_MUST_CHECK;
void bram_edges_free(void *edges);

/** The same of scores that are probabilities. @return as that; BRAM_ENUMERIC for one beyond [0, 1]
 */
int bram_edges_pair_probabilities(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                                  const bram_comparison *c) BRAM_MUST_CHECK;

/** A number that the metric keeps with its pairs: an option of its own. */
void bram_edges_keep(void *edges, double number);
double bram_edges_kept(const bram_edges *edges);

/** Receives pairs of one score, from the highest score down: weights of edges and of non-edges. */
typedef void bram_edges_fn(void *user, double score, double edges, double others);

/**
 * Walks the tie groups. Weights of zero are left out.
 *
 * @return BRAM_OK; BRAM_ENUMERIC for a weight that is not allowed
 */
int bram_edges_walk(bram_ctx *cx, const bram_edges *edges, const double *weight,
                    bram_edges_fn *take, void *user) BRAM_MUST_CHECK;

/**
 * Pairs by query: the same step for metrics that rank each edge among the candidates of its own
 * question. Where no queries are named the question is the pair's `from`: who are its targets?
 */
int bram_edges_pair_by_query(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                             const bram_comparison *c) BRAM_MUST_CHECK;

/** Receives an edge (w: how often it counts): the pairs without an edge of its query that score
 *  higher, those that score the same, and all of them. */
typedef void bram_edges_rank_fn(void *user, double w, double above, double tied, double all);

/**
 * Walks the edges with their ranks; of a bram_edges_pair_by_query. Candidates count as often as
 * their target was drawn where the query is a node, once where queries are named.
 *
 * @return BRAM_OK; BRAM_ENUMERIC for a weight that is not allowed
 */
int bram_edges_rank(bram_ctx *cx, const bram_edges *edges, const double *weight,
                    bram_edges_rank_fn *take, void *user) BRAM_MUST_CHECK;

/** @return how many pairs there are; with_an_edge (may be NULL): how many of them have one */
size_t bram_edges_count(const bram_edges *edges, size_t *with_an_edge);

/** Pair k in the order of the walk: its score, the weight of its edge. @return how often it counts,
 *  under weights that were checked (bram_weights_check) */
double bram_edges_at(const bram_edges *edges, size_t k, const double *weight, double *score,
                     double *strength);

/** @return groups of nodes that weights are given for */
size_t bram_edges_groups(const bram_edges *edges);

/** @return edges over pairs, each counted once */
double bram_edges_density(const void *edges);

#endif
