/*
 * identifiability.h - how often the model that made the data wins, from the cells of `bramble run
 * --identifiability` (benchmarks/recover.h).
 */
#ifndef BRAMBLE_REPORT_IDENTIFIABILITY_H
#define BRAMBLE_REPORT_IDENTIFIABILITY_H

#include "board.h"
#include "figure.h"
#include "table.h"

typedef struct bram_identifiability {
    char *base, *title, *score;
    size_t models;
    char **model, **name; /* canonical, brief; in the order of the plans */
    size_t *wins;         /* [made by][won by] simulations */
    size_t *draws;        /* [made by] with a score of the model that made the data */
    size_t *tied;         /* [made by] where that model has rank 1, maybe with others */
} bram_identifiability;

/**
 * A simulation is won by the model with the best value of the first score; by the one that made the
 * data where others have the very same.
 *
 * @return BRAM_OK; BRAM_EABSENT: there are no such cells of this benchmark; BRAM_ENOMEM
 */
int bram_identifiability_new(bram_ctx *cx, bram_identifiability **out, const bram_results *r,
                             const char *base) BRAM_MUST_CHECK;
void bram_identifiability_free(bram_identifiability *d);

/** The confusion matrix. The caller frees it. */
int bram_identifiability_table(bram_ctx *cx, bram_table **out,
                               const bram_identifiability *d) BRAM_MUST_CHECK;

/** The same as colours. The caller frees it. */
int bram_identifiability_figure(bram_ctx *cx, bram_figure **out,
                                const bram_identifiability *d) BRAM_MUST_CHECK;

#endif
