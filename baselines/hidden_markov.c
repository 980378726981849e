/*
 * hidden_markov.c - the model `hmm`: hidden Markov states, in each of which units are independent,
 * or Gaussian with a full covariance, and nothing but the state connects one row to the next.
 *
 * Fitted by EM (core/hmm_em.h) from several starts; answers: state_model.h.
 */
#include "state_model.h"

static const bram_param params[] = {
    {"emission", BRAM_PARAM_CHOICE, "gaussian",
     "poisson|bernoulli|categorical|gaussian|gaussian-full|student", 0, 0,
     "how values are distributed in a state"},
    BRAM_STATE_PARAMS,
    {"prior", BRAM_PARAM_REAL, "0.1", NULL, 0, 1e9,
     "gaussian, student: rows with the training variance that every state has seen before"},
    {"dof", BRAM_PARAM_REAL, "auto", NULL, 0.5, 1e6,
     "student: degrees of freedom; auto: fitted for each unit and state"},
    {.name = NULL},
};

static const bram_emission_kind *const kinds[] = {
    &bram_emission_poisson,  &bram_emission_bernoulli,     &bram_emission_categorical,
    &bram_emission_gaussian, &bram_emission_gaussian_full, &bram_emission_student};

static bram_state_setup setup_of(const bram_options *o, uint64_t seed)
{
    bram_state_setup s = {.like = {.prior = bram_option_real(o, "prior"), .intercept = true}};
    double dof = bram_option_real(o, "dof");
    s.like.dof = dof > 0 ? dof : 0; /* auto is NaN */
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (bram_option_is(o, "emission", kinds[i]->name)) s.like.kind = kinds[i];
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

const bram_model bram_model_hidden_markov = {
    .name = "hmm",
    .summary = "hidden Markov states with their own distribution of every unit",
    .source = "Baum et al. 1970; Rabiner 1989",
    .missing = "missing values are integrated out, in fits and answers; units never seen at their "
               "mean",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_COSMOOTH) | BRAM_ANSWERS(BRAM_ASK_LOGLIK) |
               BRAM_ANSWERS(BRAM_ASK_STATES),
    .flags = BRAM_MODEL_STOCHASTIC,
    .params = params,
    .fit = fit,
    .answer = bram_state_model_answer,
    .save = bram_state_model_save,
    .load = load,
    .release = bram_state_model_release,
    .memory = memory,
};
