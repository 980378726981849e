/*
 * edges.h - scores of ordered pairs of nodes against edges, sorted once: what the curves of link
 * prediction are made of.
 *
 * A pair counts where it is present on both sides (the brain's mask: both nodes were examined); an
 * absent edge between examined nodes is a zero. Weights are multiplicities of nodes: pair (i, j)
 * counts m_i m_j times, and a node's pairs with itself are left out unless asked for.
 */
#ifndef BRAMBLE_METRICS_EDGES_H
#define BRAMBLE_METRICS_EDGES_H

#include <bramble/metric.h>

/** The options of the metrics on edges: diagonal and threshold. */
extern const bram_param bram_edges_params[];

typedef struct bram_edges bram_edges;

/** The pair and release_pair steps of such a metric: the state is a bram_edges, one value. */
int bram_edges_pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                    const bram_comparison *c) BRAM_MUST_CHECK;
void bram_edges_free(void *edges);

/** Receives pairs of one score, from the highest score down: weights of edges and of non-edges. */
typedef void bram_edges_fn(void *user, double edges, double others);

/**
 * Walks the tie groups. Weights of zero are left out.
 *
 * @return BRAM_OK; BRAM_ENUMERIC for a weight that is not allowed
 */
int bram_edges_walk(bram_ctx *cx, const bram_edges *edges, const double *weight,
                    bram_edges_fn *take, void *user) BRAM_MUST_CHECK;

/** @return edges over pairs, each counted once */
double bram_edges_density(const void *edges);

#endif
