/*
 * rewire.h - a random graph with the degrees of a given one: the null model of "more than degrees".
 *
 * Maslov and Sneppen 2002, Science 296:910: two edges a -> b and c -> d exchange their targets, to
 * a -> d and c -> b, unless that makes a node its own neighbour or an edge that is there already.
 * In- and out-degrees stay; so does the weight that an edge carries out of its source. Milo et al.
 * 2003, arXiv cond-mat/0312028, find 100 attempts an edge more than enough.
 */
#ifndef BRAMBLE_CORE_REWIRE_H
#define BRAMBLE_CORE_REWIRE_H

#include <bramble/context.h>
#include <bramble/rng.h>

enum { BRAM_REWIRE_ATTEMPTS = 100 }; /* for each edge */

/** A list of edges, each ordered pair at most once; of an undirected graph each edge once. */
typedef struct bram_edge_list {
    size_t nodes, count;
    uint32_t *from, *to;
    bool directed;
} bram_edge_list;

/**
 * Exchanges in place; the order of the list is that of the sources.
 *
 * @param allowed  nodes x nodes, 1 where an edge may be (both ways, if undirected); NULL:
 * everywhere
 * @return BRAM_OK; BRAM_ESHAPE: a node number too large, a node with itself, an edge twice;
 *         BRAM_ENOMEM
 *
 * Takes nodes^2 bytes of scratch memory; O(attempts).
 */
int bram_rewire(bram_ctx *cx, bram_edge_list *edges, const uint8_t *allowed,
                bram_rng *rng) BRAM_MUST_CHECK;

#endif
