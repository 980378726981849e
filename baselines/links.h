/*
 * links.h - what the link predictors share: answering BRAM_ASK_LINKS in blocks of pairs.
 *
 * The edges that a predictor may see are those of the panel's graph. A block of pairs is one task
 * of the pool, so memory does not grow with the number of pairs, and the bits do not depend on the
 * number of threads.
 */
#ifndef BRAMBLE_BASELINES_LINKS_H
#define BRAMBLE_BASELINES_LINKS_H

#include <bramble/model.h>

/** Scores of `count` pairs; a higher one says that an edge is more likely. */
typedef int bram_link_fn(bram_ctx *cx, double *score, const void *fitted, const bram_graph *g,
                         const uint32_t *from, const uint32_t *to, size_t count);

/**
 * Adds the response "score" to an answer.
 *
 * @return BRAM_OK; BRAM_ESHAPE: the query has no graph, or a pair that is not of its nodes;
 *         BRAM_ENOMEM; errors of score
 */
int bram_links_answer(bram_ctx *cx, bram_dataset *out, const bram_query *query, const void *fitted,
                      bram_link_fn *score) BRAM_MUST_CHECK;

/** fit and release of predictors that learn nothing: the state is a byte. */
int bram_links_fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
                   const bram_panel *validation, uint64_t seed) BRAM_MUST_CHECK;
void bram_links_release(void *fitted);

/** The weight of a neighbour that two nodes share, by its degree (2 or more). */
typedef double bram_neighbour_fn(size_t degree);

/**
 * The sum of the weights of the nodes k with edges from -> k -> to. Of an undirected graph these
 * are the common neighbours; of a directed one paths of length two, a node's degree being that of
 * both directions together. O(degree of from + degree of to).
 */
double bram_links_shared(const bram_graph *g, uint32_t from, uint32_t to,
                         bram_neighbour_fn *weight);

#endif
