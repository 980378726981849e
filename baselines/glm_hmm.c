/*
 * glm_hmm.c - the model `glm-hmm`: hidden Markov states, each with its own regression of y on the
 * inputs: choices by a multinomial logit (emission_categorical.c; with two classes the Bernoulli
 * GLM-HMM of Ashwood et al. 2022), real values by a Gaussian regression (emission_linear.c).
 *
 * The number of classes is one more than the largest in training. A later value that is none of
 * them has no density and tells nothing of the states. Sessions are segments of their own.
 * Covariates such as the previous choice are inputs like others: whoever makes the panel puts them
 * in.
 */
#include "state_model.h"

static const bram_param params[] = {
    {"emission", BRAM_PARAM_CHOICE, "categorical", "categorical|gaussian", 0, 0,
     "what is told from the inputs: classes 0, 1, ... or real values"},
    {"sigma", BRAM_PARAM_REAL, "2", NULL, 0, 1e9,
     "categorical: standard deviation of the prior of the weights; 0: none"},
    {"intercept", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "a constant besides the inputs"},
    BRAM_STATE_PARAMS,
    {"prior", BRAM_PARAM_REAL, "0.1", NULL, 0, 1e9,
     "gaussian: rows with the training variance that every state has seen before"},
    {.name = NULL},
};

static bram_state_setup setup_of(const bram_options *o, uint64_t seed)
{
    bool classes = bram_option_is(o, "emission", "categorical");
    bram_state_setup s = {
        .like = {.kind = classes ? &bram_emission_categorical : &bram_emission_gaussian_full,
                 .sigma = bram_option_real(o, "sigma"),
                 .intercept = bram_option_flag(o, "intercept"),
                 .prior = bram_option_real(o, "prior")},
        .inputs = true};
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
    bram_state_setup s = setup_of(o, 0);
    return bram_state_model_memory(&s, rows, units, inputs);
}

const bram_model bram_model_glm_hmm = {
    .name = "glm-hmm",
    .summary = "hidden Markov states, each with its own regression on the inputs",
    .source = "Ashwood et al. 2022, Nat Neurosci 25",
    .missing = "missing values are integrated out; missing inputs stand at their training mean",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_COSMOOTH) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_STATES),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_NEEDS_INPUT | BRAM_MODEL_COUNTS,
    .params = params,
    .fit = fit,
    .answer = bram_state_model_answer,
    .save = bram_state_model_save,
    .load = load,
    .release = bram_state_model_release,
    .memory = memory,
};
