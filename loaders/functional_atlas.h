/*
 * functional_atlas.h - maps of which neuron's stimulation another one responds to: matrices
 * [stimulated][responding] of amplitudes and of what the tests said, as layers of a connectome.
 */
#ifndef BRAMBLE_LOADERS_FUNCTIONAL_ATLAS_H
#define BRAMBLE_LOADERS_FUNCTIONAL_ATLAS_H

#include <bramble/loader.h>

/** n x n matrices, [stimulated][responding], NaN where not measured; NULL where there is none. The
 * caller owns them. */
typedef struct bram_atlas {
    size_t n;
    const char *const *names;
    const double *amplitude;
    const double *q;           /* false discovery rate of "they are connected" */
    const double *q_eq;        /* false discovery rate of "they are not" (equivalence) */
    const double *occurrences; /* how often the pair was observed */
    const double *delay;       /* seconds to the peak of the response, of the functional pairs */
    double q_below, q_eq_below;
    const char *unit;       /* of the amplitude */
    bool zero_is_not_known; /* no q: 0 stands for "not significant or not measured" */
} bram_atlas;

/** The options q and q_eq, for q_below and q_eq_below. */
#define BRAM_ATLAS_PARAMS                                                                          \
    {"q", BRAM_PARAM_REAL, "0.05", NULL, 0, 1, "pairs with q below this are functional edges"},    \
    {                                                                                              \
        "q_eq", BRAM_PARAM_REAL, "0.05", NULL, 0, 1,                                               \
            "pairs with an equivalence q below this are no connection"                             \
    }

/**
 * Puts connectome/SOURCE. Pairs of a neuron with itself are left out: it is the one stimulated. Of
 * pairs with an amplitude:
 *   functional     q < q_below; without q: amplitudes other than 0 where zero_is_not_known. With
 *                  delays it has the column delay
 *   nonconnection  q_eq < q_eq_below: shown not to be connected, which an insignificant pair is not
 *   measured       all of them, with q, q_eq and occurrences; not where zero_is_not_known
 * The layers are kept apart; which pairs were examined is the layer measured, and no node is marked
 * as examined.
 *
 * @return BRAM_OK; BRAM_EFORMAT: no pair; BRAM_ENOMEM
 */
int bram_atlas_put(bram_ctx *cx, bram_dataset *ds, const char *source, const bram_atlas *atlas,
                   const bram_options *options) BRAM_MUST_CHECK;

#endif
