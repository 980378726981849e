/*
 * block_model.h - communities of a weighted graph by the shortest description: the stochastic block
 * model, plain and degree-corrected, with exponential weights.
 *
 * A graph of N nodes, undirected and simple, has M_rs possible and m_rs actual edges of weight sum
 * S_rs between blocks r and s (within: n_r (n_r - 1) / 2 possible ones). The description length, in
 * nats, is that of the partition, of the edges given it and of the weights given both:
 *
 *   -ln P(b)   = ln N! - sum_r ln n_r! + ln C(N - 1, B - 1) + ln N
 *   bernoulli  = sum_{r <= s} ln(M + 1) + ln C(M, m)          a uniform prior on each rate
 *   plain      = sum_r e_r ln n_r + edges                     e_r: ends of edges in r
 *   corrected  = sum_r [ln e_r! + ln q(e_r, n_r) + ln n_r! - sum_k ln h_rk!]
 *                - sum_i ln k_i! + edges                      h_rk: nodes of degree k in r
 *   edges      = ln C(B (B + 1) / 2 + E - 1, E) - sum_{r <= s} ln m_rs! - ln 2 sum_r m_rr
 *   weights    = sum_{r <= s, m > 0} (m + 1) ln(S + beta) - ln beta - ln m!
 *
 * with q(e, n) the partitions of e into at most n parts, and weights exponential within a pair of
 * blocks, the rate's prior exponential with mean 1 / beta. Plain and corrected are the
 * microcanonical ones of Peixoto 2017 (Phys Rev E 95:012317). They describe multigraphs and pay for
 * it alike, more the denser the graph, so that the shorter of the two says whether degrees matter.
 * bernoulli knows that the graph is simple. Weights: Peixoto 2018 (Phys Rev E 97:012306).
 */
#ifndef BRAMBLE_CORE_BLOCK_MODEL_H
#define BRAMBLE_CORE_BLOCK_MODEL_H

#include <bramble/context.h>

/** A graph as a list of edges, each once in either order; borrowed. */
typedef struct bram_edge_list {
    size_t nodes, edges;
    const size_t *from, *to; /* below nodes, from != to */
    const double *weight;    /* above 0 and finite; NULL: the graph has no weights */
} bram_edge_list;

typedef enum bram_block_kind {
    BRAM_BLOCK_PLAIN,
    BRAM_BLOCK_CORRECTED,
    BRAM_BLOCK_BERNOULLI,
    BRAM_BLOCK_SHORTER /* bram_block_fit: plain or corrected, whichever is shorter */
} bram_block_kind;

typedef struct bram_block_settings {
    bram_block_kind kind;
    double beta;     /* scale of weights; 0: their mean in this graph */
    size_t restarts; /* agglomerations from other random orders; 1 or more */
    size_t rounds;   /* of merges and splits after each, at most */
    uint64_t seed;
} bram_block_settings;

/**
 * The description length of a partition.
 *
 * @param nats   receives it; untouched on failure
 * @param label  a number for each node; equal numbers are one block
 * @return BRAM_OK; BRAM_EUSAGE for kind BRAM_BLOCK_SHORTER; BRAM_EMEMORY where the table of q would
 *         have more than 2^24 entries, N times 2 E; BRAM_ESHAPE for no nodes, an end that
 * is no node, an edge to itself or one given twice; BRAM_ENUMERIC for a weight that is not above 0
 * and finite; BRAM_ENOMEM
 */
int bram_block_description(bram_ctx *cx, double *nats, const bram_edge_list *graph,
                           const size_t *label,
                           const bram_block_settings *settings) BRAM_MUST_CHECK;

/** What a fit found: blocks 0 .. blocks - 1, the larger first (of equals the one of the lower
 * node).
 */
typedef struct bram_block_fit_result {
    size_t blocks;
    double nats;
    bram_block_kind kind; /* never BRAM_BLOCK_SHORTER */
} bram_block_fit_result;

/**
 * A partition of short description: from many small blocks, the best mergers one after the other
 * with greedy moves of single nodes between them, and from the best number of blocks on mergers,
 * splits and both at once until none shortens it (zero temperature). Restarts and kinds are tasks
 * of the pool. No promise of the optimum. Cost: O(N B^2) each sweep over nodes from B <= about
 * 64 + 4 sqrt(N) blocks on; memory O(N + E + B^2).
 *
 * @param label  receives the block of each node; untouched on failure, like *result
 * @return as bram_block_description; BRAM_ECANCEL
 */
int bram_block_fit(bram_ctx *cx, size_t *label, bram_block_fit_result *result,
                   const bram_edge_list *graph,
                   const bram_block_settings *settings) BRAM_MUST_CHECK;

/**
 * How likely pairs of nodes are edges, given a partition: the posterior mean rate (m + 1) / (M + 2)
 * of the pair's blocks (plain, bernoulli), or the expected number of edges k_i k_j e_rs / (e_r
 * e_s), which is 0 for a node without edges (corrected; Karrer & Newman 2011). A pair's own edge is
 * not left out.
 *
 * @param score  receives `count` numbers, to be compared with one another
 * @param a, b   the pairs, a[i] != b[i], below nodes
 * @return as bram_block_description
 */
int bram_block_pair_scores(bram_ctx *cx, double *score, const bram_edge_list *graph,
                           const size_t *label, const bram_block_settings *settings,
                           const size_t *a, const size_t *b, size_t count) BRAM_MUST_CHECK;

#endif
