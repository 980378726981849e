/*
 * readout_spatial_transformer.c - responses from a map of features by masks that move and channels
 * whose gains change from image to image: our reading of the semantic spatial transformer;
 * core/nn_readout_spatial.c, trained by map_train.c.
 */
#include "map_readout.h"

static const bram_param params[] = {
    {"mask", BRAM_PARAM_CHOICE, "nonnegative", "nonnegative|free|softmax", 0, 0,
     "what maps may be; softmax: they sum to 1"},
    {"terms", BRAM_PARAM_INTEGER, "1", NULL, 1, 64, "products of a map and weights a unit sums"},
    {"space", BRAM_PARAM_REAL, "0.02", NULL, 0, 1e6, "L1 penalty of a unit's maps"},
    {"weights", BRAM_PARAM_REAL, "0.02", NULL, 0, 1e6, "L1 penalty of a unit's weights"},
    {"reduced", BRAM_PARAM_INTEGER, "4", NULL, 1, 1024,
     "channels of the network that tells the transform"},
    {"hidden", BRAM_PARAM_INTEGER, "32", NULL, 1, 65536, "units of it"},
    BRAM_MAP_PARAMS("0.01", "0", "10")};

static const char *set(bram_nn_readout *s, const bram_options *o)
{
    s->mask = bram_option_is(o, "mask", "nonnegative") ? BRAM_MASK_NONNEGATIVE
              : bram_option_is(o, "mask", "free")      ? BRAM_MASK_FREE
                                                       : BRAM_MASK_SOFTMAX;
    s->terms = (size_t)bram_option_integer(o, "terms");
    s->l1_space = bram_option_real(o, "space");
    s->l1_features = bram_option_real(o, "weights");
    s->reduced = (size_t)bram_option_integer(o, "reduced");
    s->hidden = (size_t)bram_option_integer(o, "hidden");
    return NULL;
}

static const bram_tokens_kind kind = {&bram_nn32_readout_spatial, "spatial_transformer", false,
                                      set};

BRAM_MAP_FIT(kind)

const bram_model bram_model_readout_spatial_transformer = {
    .name = "readout-spatial-transformer",
    .summary = "masks and channel gains that change with the image: the semantic spatial "
               "transformer, as we read it",
    .source = "after Saha, Chadha & Khosla 2024, arXiv 2410.14031; Jaderberg et al. 2015, arXiv "
              "1506.02025",
    .version = 1,
    .params = params,
    BRAM_MAP_ENTRY,
};
