/*
 * readout_factorized.c - responses from a map of features by a map over positions and weights of
 * channels for each unit; core/nn_readout_factorized.c, trained by map_train.c.
 */
#include "map_readout.h"

static const bram_param params[] = {
    {"mask", BRAM_PARAM_CHOICE, "nonnegative", "nonnegative|free|softmax", 0, 0,
     "what maps may be; softmax: they sum to 1"},
    {"terms", BRAM_PARAM_INTEGER, "1", NULL, 1, 64, "products of a map and weights a unit sums"},
    {"space", BRAM_PARAM_REAL, "0.02", NULL, 0, 1e6, "L1 penalty of a unit's maps"},
    {"weights", BRAM_PARAM_REAL, "0.02", NULL, 0, 1e6, "L1 penalty of a unit's weights"},
    BRAM_MAP_PARAMS("0.01", "0", "10")};

static const char *set(bram_nn_readout *s, const bram_options *o)
{
    s->mask = bram_option_is(o, "mask", "nonnegative") ? BRAM_MASK_NONNEGATIVE
              : bram_option_is(o, "mask", "free")      ? BRAM_MASK_FREE
                                                       : BRAM_MASK_SOFTMAX;
    s->terms = (size_t)bram_option_integer(o, "terms");
    s->l1_space = bram_option_real(o, "space");
    s->l1_features = bram_option_real(o, "weights");
    return NULL;
}

static const bram_tokens_kind kind = {&bram_nn32_readout_factorized, "factorized", false, set};

BRAM_MAP_FIT(kind)

const bram_model bram_model_readout_factorized = {
    .name = "readout-factorized",
    .summary = "responses from maps of features: a spatial mask and channel weights for each unit",
    .source = "Klindt, Ecker, Euler & Bethge 2017 (NeurIPS)",
    .version = 1,
    .params = params,
    BRAM_MAP_ENTRY,
};
