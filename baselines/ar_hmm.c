/*
 * ar_hmm.c - the model `ar-hmm`: hidden Markov states, each with an autoregression of its own
 * (emission_linear.c).
 *
 * For many units it has many weights (N (1 + N lags) and a covariance for each state); use it on a
 * few leading components or units. Free runs feed the mean over states back: the mean of the
 * process only as long as states and values may be averaged apart.
 */
#include "state_model.h"

static const bram_param params[] = {
    {"lags", BRAM_PARAM_INTEGER, "1", NULL, 1, 1000, "rows that each state looks back"},
    BRAM_STATE_PARAMS,
    {"prior", BRAM_PARAM_REAL, "0.1", NULL, 0, 1e9,
     "rows with the training variance that every state has seen before"},
    {.name = NULL},
};

static bram_state_setup setup_of(const bram_options *o, uint64_t seed)
{
    bram_state_setup s = {.like = {.kind = &bram_emission_ar,
                                   .lags = (size_t)bram_option_integer(o, "lags"),
                                   .prior = bram_option_real(o, "prior")}};
    bram_state_setup_read(&s, o, seed);
    return s;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    bram_state_setup s = setup_of(o, seed);
    return bram_state_model_fit(cx, fitted, &s, train, validation);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    bram_state_setup s = setup_of(o, 0);
    return bram_state_model_load(cx, fitted, &s, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)inputs;
    bram_state_setup s = setup_of(o, 0);
    return bram_state_model_memory(&s, rows, units, 0);
}

const bram_model bram_model_ar_hmm = {
    .name = "ar-hmm",
    .summary = "hidden Markov states, each with its own vector autoregression",
    .source = "Hamilton 1989, Econometrica 57",
    .missing = "missing values are integrated out; among the lags they stand at their mean",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_COSMOOTH) | BRAM_ANSWERS(BRAM_ASK_LOGLIK) |
               BRAM_ANSWERS(BRAM_ASK_STATES) | BRAM_ANSWERS(BRAM_ASK_WEIGHTS),
    .flags = BRAM_MODEL_STOCHASTIC,
    .params = params,
    .fit = fit,
    .answer = bram_state_model_answer,
    .save = bram_state_model_save,
    .load = load,
    .release = bram_state_model_release,
    .memory = memory,
};
