/*
 * readout_gaussian.c - responses from a map of features at one place of it for each unit, which is
 * learned; core/nn_readout_gaussian.c, trained by map_train.c.
 */
#include "map_readout.h"

static const bram_param params[] = {
    {"spread", BRAM_PARAM_CHOICE, "full", "full|diagonal|isotropic", 0, 0,
     "of the places that are drawn in training"},
    {"range", BRAM_PARAM_REAL, "0.3", NULL, 0, 1, "places begin within +- (1: the map's edge)"},
    {"deviation", BRAM_PARAM_REAL, "0.5", NULL, 0, 10, "the spread begins within +-"},
    {"weights", BRAM_PARAM_REAL, "0", NULL, 0, 1e6, "L1 penalty of a unit's weights"},
    BRAM_MAP_PARAMS("0.05", "0", "10")};

static const char *set(bram_nn_readout *s, const bram_options *o)
{
    s->spread = bram_option_is(o, "spread", "full")       ? BRAM_SPREAD_FULL
                : bram_option_is(o, "spread", "diagonal") ? BRAM_SPREAD_DIAGONAL
                                                          : BRAM_SPREAD_ISOTROPIC;
    s->place_range = bram_option_real(o, "range");
    s->deviation = bram_option_real(o, "deviation");
    s->l1_features = bram_option_real(o, "weights");
    return NULL;
}

static const bram_tokens_kind kind = {&bram_nn32_readout_gaussian, "gaussian", false, set};

BRAM_MAP_FIT(kind)

const bram_model bram_model_readout_gaussian = {
    .name = "readout-gaussian",
    .summary = "responses from maps of features at a learned place for each unit",
    .source = "Lurz et al. 2021 (ICLR)",
    .version = 1,
    .params = params,
    BRAM_MAP_ENTRY,
};
