/*
 * multiverse.h - the order of models under every comparator, normalization and split rule, from the
 * cells of `bramble run --multiverse` (benchmarks/universe.h).
 */
#ifndef BRAMBLE_REPORT_MULTIVERSE_H
#define BRAMBLE_REPORT_MULTIVERSE_H

#include "compare.h"
#include "figure.h"
#include "table.h"

/** One way to ask: a variation and the score that models are ordered by. */
typedef struct bram_universe {
    char *label;   /* options that are other than defined; "as-defined" */
    char *score;   /* id */
    double *value; /* of each model; NaN: no score */
    double *rank;  /* 1: best; ties share the mean; NaN: no score */
    bool higher_better;
} bram_universe;

/** Two models whose order is another one somewhere: a is above b as defined. */
typedef struct bram_flip {
    size_t a, b, universes, beyond; /* beyond: with an interval that excludes zero */
} bram_flip;

typedef struct bram_multiverse {
    char *base, *title;
    size_t universes, models; /* the first universe: as defined */
    bram_universe *universe;
    char **model, **name; /* canonical, brief; best first as defined */
    double *mean_rank;    /* over universes; NaN for a model that lacks a score in one */
    double kendall_w;     /* of the models with all scores; NaN for fewer than 2 */
    size_t complete;      /* how many these are */
    bram_flip *flip;      /* most universes first */
    size_t flips;
} bram_multiverse;

/** @return BRAM_OK; BRAM_EABSENT: there are no such cells of this benchmark; BRAM_ENOMEM */
int bram_multiverse_new(bram_ctx *cx, bram_multiverse **out, const bram_results *r,
                        const char *base) BRAM_MUST_CHECK;
void bram_multiverse_free(bram_multiverse *m);

/** Models with their ranks; pairs that flip; the value and rank of each model in each universe. */
int bram_multiverse_table(bram_ctx *cx, bram_table **out, const bram_multiverse *m) BRAM_MUST_CHECK;
int bram_multiverse_flips(bram_ctx *cx, bram_table **out, const bram_multiverse *m) BRAM_MUST_CHECK;
int bram_multiverse_values(bram_ctx *cx, bram_table **out,
                           const bram_multiverse *m) BRAM_MUST_CHECK;

/** Ranks as colours: a row a model, a column a universe. The caller frees it. */
int bram_multiverse_figure(bram_ctx *cx, bram_figure **out,
                           const bram_multiverse *m) BRAM_MUST_CHECK;

#endif
