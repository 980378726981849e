/*
 * block_private.h - the state of a partition between block_model.c, which keeps it, and
 * block_fit.c, which searches.
 */
#ifndef BRAMBLE_CORE_BLOCK_PRIVATE_H
#define BRAMBLE_CORE_BLOCK_PRIVATE_H

#include "block_model.h"

enum { BRAM_BLOCK_FACTORIALS = 4096 };

/** A graph by node: neighbours of i at start[i] .. start[i + 1] - 1, each edge at both its ends. */
typedef struct bram_block_graph {
    size_t nodes, edges;
    size_t *start, *to;
    double *weight; /* NULL: none */
    double beta;
    bram_block_kind kind;
    double constant;    /* of the description length: what no partition changes */
    double *factorial;  /* ln k!, k < BRAM_BLOCK_FACTORIALS */
    size_t degrees;     /* one more than the largest; 0 unless corrected */
    double *partitions; /* ln q(e, n) at e (nodes + 1) + n, e <= 2 edges; NULL unless corrected */
} bram_block_graph;

/** Blocks 0 .. slots - 1, some empty. Matrices are slots x slots, symmetric; within a block each
 * edge counts once. */
typedef struct bram_block_state {
    const bram_block_graph *graph;
    size_t slots, blocks; /* blocks: not empty */
    size_t *label;        /* SIZE_MAX: taken out */
    size_t *size;
    double *count, *sum, *term;    /* edges, their weights, their lengths */
    double *ends;                  /* of edges in each block */
    size_t *degree;                /* slots x degrees: nodes of each degree */
    double *node_count, *node_sum; /* of the node taken out: edges to each block */
} bram_block_state;

/** In scratch memory. @return as bram_block_description */
int bram_block_graph_make(bram_ctx *cx, bram_block_graph *out, const bram_edge_list *list,
                          const bram_block_settings *settings) BRAM_MUST_CHECK;

/** A state of `slots` blocks in scratch memory, not filled. */
int bram_block_state_make(bram_ctx *cx, bram_block_state *s, const bram_block_graph *g,
                          size_t slots) BRAM_MUST_CHECK;

/** Fills it from labels below slots, which may be its own. */
void bram_block_state_fill(bram_block_state *s, const size_t *label);

double bram_block_state_length(const bram_block_state *s);

/** Takes a node out of its block; puts it into one. */
void bram_block_take_out(bram_block_state *s, size_t node);
void bram_block_put_in(bram_block_state *s, size_t node, size_t block);

/** The change of the length by putting the node that is out into a block; by merging two blocks
 * that are not empty. */
double bram_block_put_cost(const bram_block_state *s, size_t node, size_t block);
double bram_block_merge_cost(const bram_block_state *s, size_t a, size_t b);

#endif
