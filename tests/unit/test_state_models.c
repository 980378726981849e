/*
 * Tests of baselines/state_*.c: answers of the models with hidden states against the chain itself,
 * the choice of the number of states, units that say nothing, fits that are stopped.
 */
#include "hmm.h"
#include "internal.h"
#include "test.h"

#include <bramble/model.h>

enum { SEGMENTS = 3, ROWS = 400, UNITS = 4 };

struct world {
    bram_ctx *cx;
    bram_axis *unit;
    double y[SEGMENTS][ROWS * UNITS];
    bram_segment segment[SEGMENTS];
    bram_panel train, validation, test;
};

/* Counts of two states; unit 2 is silent, unit 3 always 2. */
static struct world *make(void)
{
    static const double rate[2][2] = {{0.5, 4}, {3, 0.3}};
    static const double initial[] = {0.5, 0.5}, transition[] = {0.95, 0.05, 0.1, 0.9};
    static const char *const ids[] = {"a", "b", "silent", "constant"};
    struct world *w = calloc(1, sizeof *w);
    bram_chain chain = {2, initial, transition, 0};
    w->cx = bram_ctx_new();
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->unit, ids));
    for (size_t s = 0; s < SEGMENTS; s++) {
        bram_rng g = bram_rng_at(8, "test/state_models", s);
        size_t z[ROWS];
        bram_hmm_sample(&g, z, ROWS, &chain);
        for (size_t t = 0; t < ROWS; t++) {
            double *row = w->y[s] + t * UNITS;
            for (size_t u = 0; u < 2; u++) row[u] = (double)bram_rng_poisson(&g, rate[z[t]][u]);
            row[3] = 2;
        }
        w->segment[s] = (bram_segment){.id = "s", .y = {w->y[s], ROWS, UNITS, UNITS}, .dt = 1};
        w->segment[s].first = s ? 50 : 0;
    }
    w->train = (bram_panel){.unit = w->unit, .segment = &w->segment[0], .segments = 1};
    w->validation = (bram_panel){.unit = w->unit, .segment = &w->segment[1], .segments = 1};
    w->test = (bram_panel){.unit = w->unit, .segment = &w->segment[2], .segments = 1};
    return w;
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_ctx_free(w->cx);
    free(w);
}

static bram_dataset *ask(struct world *w, const bram_fitted *f, bram_query q)
{
    bram_dataset *answer = NULL;
    q.panel = &w->test;
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    return answer;
}

static const double *values(bram_dataset *answer, const char *name)
{
    return bram_response_f64(bram_dataset_response(answer, name));
}

/* A model of the file, for what the chain itself says. */
struct chain {
    double initial[2], transition[4], rate[2][UNITS];
};

static void read_chain(struct world *w, const bram_fitted *f, struct chain *c)
{
    char path[256];
    bram_dataset *ds = NULL;
    size_t zero[2] = {0, 0};
    test_temporary(path, "states.h5");
    assert_ok(w->cx, bram_fitted_save(w->cx, f, path, true));
    assert_ok(w->cx, bram_dataset_open(w->cx, &ds, path));
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(ds, "state/initial"), zero,
                                        (size_t[]){1, 2}, c->initial, NULL));
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(ds, "state/transition"), zero,
                                        (size_t[]){2, 2}, c->transition, NULL));
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(ds, "state/emission"), zero,
                                        (size_t[]){2, UNITS}, c->rate[0], NULL));
    bram_dataset_free(ds);
    unlink(path);
}

static void answers_are_the_chain_s(void **state)
{
    (void)state;
    struct world *w = make();
    bram_fitted *f = NULL;
    struct chain c;
    static double l[ROWS * 2], predicted[ROWS * 2], bin[ROWS];
    const size_t starts[] = {60, ROWS};
    assert_ok(w->cx,
              bram_fitted_new(w->cx, &f, "hmm:emission=poisson,states=2", &w->train, NULL, 1));
    read_chain(w, f, &c);
    for (size_t t = 0; t < ROWS; t++)
        for (size_t k = 0; k < 2; k++)
            for (size_t u = 0; u < UNITS; u++) {
                double rate = c.rate[k][u], y = w->y[2][t * UNITS + u];
                l[t * 2 + k] += y * log(fmax(rate, 1e-12)) - rate - lgamma(y + 1);
            }
    bram_chain chain = {2, c.initial, c.transition, 0};
    bram_mat lm = {l, ROWS, 2, 2}, pm = {predicted, ROWS, 2, 2};
    double next[2];
    assert_ok(w->cx, bram_hmm_filter(w->cx, &pm, next, bin, NULL, &lm, &chain));
    bram_dataset *step = ask(w, f, (bram_query){.ask = BRAM_ASK_STEP});
    bram_dataset *density = ask(w, f, (bram_query){.ask = BRAM_ASK_LOGLIK});
    bram_dataset *run = ask(
        w, f, (bram_query){.ask = BRAM_ASK_FREE_RUN, .start = starts, .starts = 2, .steps = 2});
    bram_dataset *posterior = ask(w, f, (bram_query){.ask = BRAM_ASK_STATES});
    for (size_t t = 50; t < ROWS; t++) {
        const double *p = predicted + 2 * t, *d = values(density, "logdensity") + (t - 50) * UNITS;
        double mean = p[0] * c.rate[0][0] + p[1] * c.rate[1][0];
        assert_near(values(step, "mean")[(t - 50) * UNITS], mean, 1e-12);
        assert_near(d[0] + d[1] + d[2] + d[3], bin[t], 1e-11); /* units together: the filter's */
    }
    for (size_t s = 0; s < 2; s++) {
        const double *p = s ? next : predicted + 2 * 60;
        double q[2] = {p[0] * c.transition[0] + p[1] * c.transition[2],
                       p[0] * c.transition[1] + p[1] * c.transition[3]};
        const double *out = values(run, "mean") + s * 2 * UNITS;
        assert_near(out[0], p[0] * c.rate[0][0] + p[1] * c.rate[1][0], 1e-12);
        assert_near(out[UNITS], q[0] * c.rate[0][0] + q[1] * c.rate[1][0], 1e-12);
        assert_near(out[2], 0, 1e-12);
        assert_near(out[3], 2, 1e-12);
    }
    assert_ok(w->cx, bram_hmm_smooth(w->cx, &lm, &chain, NULL, NULL));
    for (size_t t = 50; t < ROWS; t++)
        assert_near(values(posterior, "posterior")[(t - 50) * 2], l[2 * t], 1e-11);
    bram_dataset_free(step), bram_dataset_free(density);
    bram_dataset_free(run), bram_dataset_free(posterior);
    bram_fitted_free(f);
    drop(w);
}

static void the_number_of_states_is_chosen(void **state)
{
    (void)state;
    struct world *w = make();
    bram_fitted *f = NULL;
    assert_int_equal(bram_fitted_new(w->cx, &f, "hmm:states=1+2", &w->train, NULL, 1), BRAM_EUSAGE);
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, "hmm:emission=poisson,states=1+2", &w->train,
                                     &w->validation, 1));
    bram_dataset *posterior = ask(w, f, (bram_query){.ask = BRAM_ASK_STATES});
    assert_int_equal(bram_response_length(bram_dataset_response(posterior, "posterior"), 1), 2);
    bram_dataset_free(posterior);
    char path[256];
    double choice[12];
    size_t zero[2] = {0, 0};
    bram_dataset *ds = NULL;
    test_temporary(path, "choice.h5");
    assert_ok(w->cx, bram_fitted_save(w->cx, f, path, true));
    assert_ok(w->cx, bram_dataset_open(w->cx, &ds, path));
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(ds, "state/choice"), zero,
                                        (size_t[]){2, 6}, choice, NULL));
    assert_near(choice[0], 1, 0);
    assert_near(choice[6], 2, 0);
    assert_true(choice[7] > choice[1] && choice[3] < 0); /* one state is worse, and surely so */
    assert_near(choice[8], 0, 0);                        /* the best against itself */
    bram_dataset_free(ds);
    unlink(path);
    bram_fitted_free(f);
    drop(w);
}

static void units_that_say_nothing(void **state)
{
    (void)state;
    struct world *w = make();
    bram_fitted *f = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, "hmm:states=2", &w->train, NULL, 1));
    bram_dataset *density = ask(w, f, (bram_query){.ask = BRAM_ASK_LOGLIK});
    bram_dataset *step = ask(w, f, (bram_query){.ask = BRAM_ASK_STEP});
    const uint8_t *mask = bram_response_mask(w->cx, bram_dataset_response(density, "logdensity"));
    for (size_t u = 0; u < UNITS; u++) assert_int_equal(mask[u], u < 2);
    assert_near(values(step, "mean")[2], 0, 0);
    assert_near(values(step, "mean")[3], 2, 0);
    bram_dataset_free(density), bram_dataset_free(step);
    bram_fitted_free(f);
    f = NULL;
    w->y[0][5] = -1.5;
    assert_int_equal(bram_fitted_new(w->cx, &f, "hmm:emission=poisson", &w->train, NULL, 1),
                     BRAM_ENOTAPPLICABLE);
    assert_non_null(
        strstr(bram_ctx_message(w->cx), "row 1 of unit 1 is -1.5; poisson needs counts"));
    assert_int_equal(bram_fitted_new(w->cx, &f, "glm-hmm", &w->train, NULL, 1),
                     BRAM_ENOTAPPLICABLE); /* no inputs */
    drop(w);
}

struct stopper {
    volatile int flag;
    int left;
};

static void stop(void *user, const char *what, double done, double total)
{
    struct stopper *s = user;
    (void)what, (void)done, (void)total;
    if (--s->left == 0) s->flag = 1;
}

/* Stopped after every third step, a fit says where it goes on and ends as one that was left alone.
 */
static void stop_again_and_again(struct world *w, const char *model)
{
    char path[200], spec[400], hex[2][65], other[220];
    test_temporary(path, "checkpoint.h5");
    snprintf(spec, sizeof spec, "%s,checkpoint=%s", model, path);
    bram_fitted *f = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, spec, &w->train, &w->validation, 1));
    bram_dataset *a = ask(w, f, (bram_query){.ask = BRAM_ASK_LOGLIK});
    assert_ok(w->cx, bram_dataset_hash(w->cx, a, hex[0]));
    bram_dataset_free(a);
    bram_fitted_free(f);
    struct stopper s = {0, 0};
    bram_ctx_set_cancel(w->cx, &s.flag);
    bram_ctx_set_progress(w->cx, stop, &s);
    int status = BRAM_ECANCEL, stops = 0;
    f = NULL;
    for (; status == BRAM_ECANCEL && stops < 40; stops++) {
        s.flag = 0, s.left = 3;
        status = bram_fitted_new(w->cx, &f, spec, &w->train, &w->validation, 1);
        s.flag = 0;
        if (status == BRAM_ECANCEL)
            assert_non_null(strstr(bram_ctx_message(w->cx), "goes on from there"));
    }
    assert_ok(w->cx, status);
    assert_true(stops > 3);
    bram_ctx_set_progress(w->cx, NULL, NULL);
    bram_ctx_set_cancel(w->cx, NULL);
    a = ask(w, f, (bram_query){.ask = BRAM_ASK_LOGLIK});
    assert_ok(w->cx, bram_dataset_hash(w->cx, a, hex[1]));
    assert_string_equal(hex[0], hex[1]);
    snprintf(other, sizeof other, "%s.2", path);
    assert_int_not_equal(access(path, F_OK), 0); /* gone when all is done */
    assert_int_not_equal(access(other, F_OK), 0);
    bram_dataset_free(a);
    bram_fitted_free(f);
}

static void a_stopped_fit_goes_on(void **state)
{
    (void)state;
    struct world *w = make();
    stop_again_and_again(w, "hmm:emission=poisson,states=2+3,starts=2,iterations=6");
    stop_again_and_again(w, "hmm-glm:prior=gauss,states=2,starts=2,iterations=6");
    stop_again_and_again(w, "hmm-glm:prior=onehot,states=2+3,starts=2,iterations=6");
    drop(w);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_chain_s),
        cmocka_unit_test(the_number_of_states_is_chosen),
        cmocka_unit_test(units_that_say_nothing),
        cmocka_unit_test(a_stopped_fit_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
