/*
 * link_score.h - asks a link predictor about the pairs of a split, and makes sides of its answers.
 */
#ifndef BRAMBLE_BENCHMARKS_LINK_SCORE_H
#define BRAMBLE_BENCHMARKS_LINK_SCORE_H

#include "link_split.h"

#include <bramble/metric.h>
#include <bramble/model.h>

/** The pairs of one set of a split, and the graph of the training edges. */
typedef struct bram_link_task {
    bram_graph *train;
    size_t pairs;
    uint32_t *from, *to, *query; /* in scratch memory */
    double *edge;
    bram_pair_list list; /* for the brain's side */
} bram_link_task;

/**
 * @param nodes, position  of the graph; borrowed; position may be NULL
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_link_task_make(bram_ctx *cx, bram_link_task *out, const bram_link_split *s,
                        bram_link_set set, const bram_axis *nodes,
                        const double *position) BRAM_MUST_CHECK;
void bram_link_task_release(bram_link_task *t);

/**
 * Fits the model of a spec on the training edges and asks it about the pairs.
 *
 * @param score  receives t->pairs numbers
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: it predicts no links; BRAM_ENUMERIC: a score that is not
 *         finite; errors of the model
 */
int bram_link_task_ask(bram_ctx *cx, double *score, const bram_link_task *t, const char *spec,
                       uint64_t seed) BRAM_MUST_CHECK;

/** The sides of a comparison: scores and edges, each a column. */
bram_side bram_link_task_model(const bram_link_task *t, double *score);
bram_side bram_link_task_brain(const bram_link_task *t);

#endif
