/*
 * readout_roi.c - responses from a map of features by a query for each region of the units that
 * attends to positions; core/nn_readout_roi.c, trained by map_train.c.
 */
#include "map_readout.h"

static const bram_param params[] = {
    {"roi", BRAM_PARAM_TEXT, "auto", NULL, 0, 0,
     "columns of the units that tell their regions, joined by +; auto: roi or area; unit: a query "
     "for each"},
    {"inner", BRAM_PARAM_INTEGER, "32", NULL, 2, 4096, "width of queries, keys and values"},
    {"heads", BRAM_PARAM_INTEGER, "4", NULL, 1, 256, "of attention"},
    {"ff", BRAM_PARAM_INTEGER, "64", NULL, 1, 65536, "width within a layer"},
    {"layers", BRAM_PARAM_INTEGER, "1", NULL, 1, BRAM_NN_READOUT_LAYERS, "of attention"},
    {"dropout", BRAM_PARAM_REAL, "0.1", NULL, 0, 0.9, "in training"},
    BRAM_MAP_PARAMS("0.003", "1e-4", "0.1")};

static const char *set(bram_nn_readout *s, const bram_options *o)
{
    s->inner = (size_t)bram_option_integer(o, "inner");
    s->heads = (size_t)bram_option_integer(o, "heads");
    s->ff = (size_t)bram_option_integer(o, "ff");
    s->layers = (size_t)bram_option_integer(o, "layers");
    s->dropout = bram_option_real(o, "dropout");
    s->eps = 1e-5;
    return s->inner % s->heads || s->inner % 2 ? "inner is not even or no multiple of heads" : NULL;
}

static const bram_tokens_kind kind = {&bram_nn32_readout_roi, "roi", true, set};

BRAM_MAP_FIT(kind)

const bram_model bram_model_readout_roi = {
    .name = "readout-roi",
    .summary = "responses from maps of features: a query for each region attends to positions",
    .source = "Adeli, Sun & Kriegeskorte 2025, arXiv 2505.17329",
    .version = 1,
    .params = params,
    BRAM_MAP_ENTRY,
};
