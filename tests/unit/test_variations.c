/*
 * Tests of benchmarks asked otherwise: what a cell of a learning curve sees, which universes there
 * are, data from fitted models (benchmarks/thin.c, universe.c, recover.c); and what is made of
 * their results, on folders written by hand (report/learning_curve.c, multiverse.c,
 * identifiability.c).
 */
#include "identifiability.h"
#include "learning_curve.h"
#include "multiverse.h"

#include "recover.h"
#include "simulate.h"
#include "store.h"
#include "test.h"
#include "thin.h"
#include "universe.h"

/* ---- what cells see ------------------------------------------------------------------------- */

static bram_benchmark *read_benchmark(bram_ctx *cx, const char *name)
{
    bram_benchmark *b = NULL;
    assert_ok(cx, bram_benchmark_read(cx, &b, name));
    return b;
}

/* A view of a dataset for one cell: `amount` of an axis. */
static bram_dataset *thin(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds,
                          const char *part, const char *axis, double amount)
{
    bram_benchmark *v = NULL;
    bram_dataset *out = NULL;
    assert_ok(cx, bram_variation_new(cx, &v, b, "learning-curve", "x"));
    v->variation->axis = bram_strdup(cx, axis);
    v->variation->amount = amount;
    assert_ok(cx, bram_thin(cx, &out, v, ds, part));
    bram_benchmark_free(v);
    return out;
}

static size_t present(bram_ctx *cx, const bram_response *r, size_t from, size_t to)
{
    size_t units = bram_response_length(r, 1), n = 0;
    double *value = calloc((to - from) * units, sizeof *value);
    uint8_t *there = calloc((to - from) * units, 1);
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){from, 0}, (size_t[]){to - from, units},
                                     value, there));
    for (size_t i = 0; i < (to - from) * units; i++) n += there[i];
    free(value);
    free(there);
    return n;
}

static void minutes_mask_the_first_rows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_benchmark *b = read_benchmark(cx, "simulated-worm-forecast");
    double most = 0;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-worm", 1));
    /* 600 rows of 0.5 s, 60 % to learn from: 3 minutes */
    assert_ok(cx, bram_thin_most(cx, &most, b, ds, "worm01", "minutes"));
    assert_near(most, 3, 1e-9);
    bram_dataset *half = thin(cx, b, ds, "worm01", "minutes", 1.5);
    const bram_response *r = bram_dataset_response(half, "recordings/worm01/activity");
    const bram_response *whole = bram_dataset_response(ds, "recordings/worm01/activity");
    assert_int_equal(present(cx, r, 0, 180), 0);
    assert_int_equal(present(cx, r, 180, 600), present(cx, whole, 180, 600));
    r = bram_dataset_response(half, "recordings/worm02/activity"); /* no business of this cell */
    assert_int_equal(bram_response_length(r, 0), 600);
    assert_true(present(cx, r, 0, 180) > 0);
    bram_dataset_free(half);
    bram_dataset_free(ds);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

static void subsets_have_their_size_and_grow(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_benchmark *b = read_benchmark(cx, "simulated-vision-geometry");
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    bram_dataset *few = thin(cx, b, ds, "area", "stimuli", 20);
    bram_dataset *more = thin(cx, b, ds, "area", "stimuli", 50);
    const bram_axis *a = bram_response_axis(bram_dataset_response(few, "responses/area"), 0);
    const bram_axis *c = bram_response_axis(bram_dataset_response(more, "responses/area"), 0);
    assert_int_equal(bram_axis_length(a), 20);
    assert_int_equal(bram_axis_length(c), 50);
    for (size_t i = 0; i < 20; i++) assert_true(bram_axis_find(c, bram_axis_id(a, i)) >= 0);
    /* values are those of the same stimulus in the whole */
    const bram_response *whole = bram_dataset_response(ds, "responses/area");
    double one, other;
    uint8_t there;
    ptrdiff_t at = bram_axis_find(bram_response_axis(whole, 0), bram_axis_id(a, 7));
    assert_ok(cx, bram_response_read(cx, bram_dataset_response(few, "responses/area"),
                                     (size_t[]){7, 3, 2}, (size_t[]){1, 1, 1}, &one, &there));
    assert_ok(cx, bram_response_read(cx, whole, (size_t[]){(size_t)at, 3, 2}, (size_t[]){1, 1, 1},
                                     &other, &there));
    assert_near(one, other, 0);
    bram_dataset_free(few);
    bram_dataset_free(more);
    few = thin(cx, b, ds, "area", "animals", 2); /* 4 subjects of 20 units */
    assert_int_equal(bram_response_length(bram_dataset_response(few, "responses/area"), 1), 40);
    bram_dataset_free(few);
    bram_dataset_free(ds);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

static void other_animals_are_left_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_benchmark *b = read_benchmark(cx, "simulated-worm-animals");
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-worm", 1));
    bram_dataset *two = thin(cx, b, ds, "worm03", "animals", 1);
    assert_int_equal(bram_dataset_groups(two, "recordings"), 2);
    assert_non_null(bram_dataset_response(two, "recordings/worm03/activity"));
    assert_non_null(bram_dataset_table(two, "connectome/simulated/chemical"));
    bram_dataset_free(two);
    bram_dataset_free(ds);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

static void what_makes_no_sense_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *worm = NULL;
    bram_variations list = {0};
    assert_ok(cx, bram_simulate(cx, &worm, "simulated-worm", 1));
    bram_benchmark *forecast = read_benchmark(cx, "simulated-worm-forecast");
    bram_benchmark *links = read_benchmark(cx, "simulated-worm-links");
    bram_curve_settings s = {.axis = "animals"};
    assert_int_equal(bram_curve_add(cx, &list, forecast, worm, &s), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "each animal by itself"));
    s.axis = "minutes";
    assert_int_equal(bram_curve_add(cx, &list, links, worm, &s), BRAM_ENOTAPPLICABLE);
    s.axis = "seconds";
    assert_int_equal(bram_curve_add(cx, &list, forecast, worm, &s), BRAM_EUSAGE);
    s = (bram_curve_settings){.axis = "minutes", .amount = (const double[]){4}, .amounts = 1};
    assert_int_equal(bram_curve_add(cx, &list, forecast, worm, &s), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "at most 3"));
    assert_int_equal(bram_recover_add(cx, &list, links, NULL, 0, 2), BRAM_ENOTAPPLICABLE);
    assert_int_equal(list.count, 0);
    bram_variations_release(&list);
    bram_benchmark_free(forecast);
    bram_benchmark_free(links);
    bram_dataset_free(worm);
    bram_ctx_free(cx);
}

/* The defined universe first; a setting that is the definition's own makes none. */
static void universes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_variations list = {0};
    bram_benchmark *b = read_benchmark(cx, "simulated-worm-cosmooth");
    assert_ok(cx, bram_universe_add(cx, &list, b));
    assert_string_equal(list.benchmark[0]->name, "simulated-worm-cosmooth~as-defined");
    assert_int_equal(list.count, 8); /* scale z (as defined) or none; 4 splits */
    assert_int_equal(list.benchmark[0]->metric_count, 5);
    assert_string_equal(list.benchmark[7]->variation->label, "scale=none;train=0.4,validation=0.3");
    assert_near(bram_option_real(list.benchmark[7]->options, "train"), 0.4, 0);
    assert_near(bram_option_real(b->options, "train"), 0.6, 0);
    bram_variations_release(&list);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

/* Data from `copy` are a random walk: the same names, times and gaps, increments of the residuals.
 */
static void made_data_keep_the_design(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_variations list = {0};
    bram_dataset *ds = NULL, *made = NULL, *again = NULL;
    bram_benchmark *b = read_benchmark(cx, "simulated-worm-forecast");
    char hash[65], other[65];
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-worm", 1));
    assert_ok(cx, bram_recover_add(cx, &list, b, NULL, 0, 1));
    assert_int_equal(list.count, b->model_count);
    bram_benchmark *copy = list.benchmark[1];
    assert_string_equal(copy->variation->generator, "copy");
    assert_ok(cx, bram_recover_data(cx, &made, copy, ds));
    assert_ok(cx, bram_recover_data(cx, &again, copy, ds));
    assert_ok(cx, bram_dataset_hash(cx, made, hash));
    assert_ok(cx, bram_dataset_hash(cx, again, other));
    assert_string_equal(hash, other);
    assert_ok(cx, bram_dataset_hash(cx, ds, other));
    assert_string_not_equal(hash, other);
    const bram_response *was = bram_dataset_response(ds, "recordings/worm01/activity");
    const bram_response *is = bram_dataset_response(made, "recordings/worm01/activity");
    assert_true(bram_axis_equal(bram_response_axis(was, 1), bram_response_axis(is, 1)));
    assert_int_equal(present(cx, was, 0, 600), present(cx, is, 0, 600));
    bram_dataset_free(again);
    bram_dataset_free(made);
    bram_dataset_free(ds);
    bram_variations_release(&list);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

/* Data of `mean` have no stimulus in them: the same units, stimuli and gaps, and each unit's mean.
 */
static void what_answers_with_responses_makes_them(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_variations list = {0};
    bram_dataset *ds = NULL, *made = NULL;
    bram_benchmark *b = read_benchmark(cx, "simulated-vision-encoding");
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    assert_ok(cx, bram_recover_add(cx, &list, b, NULL, 0, 1));
    assert_string_equal(list.benchmark[0]->variation->generator, "mean");
    assert_ok(cx, bram_recover_data(cx, &made, list.benchmark[0], ds));
    const bram_response *r[2] = {bram_dataset_response(ds, "responses/area"),
                                 bram_dataset_response(made, "responses/area")};
    size_t n = bram_response_count(r[0]), units = bram_response_length(r[0], 1);
    size_t repeats = bram_response_length(r[0], 2), stimuli = bram_response_length(r[0], 0);
    double *value = malloc(2 * n * sizeof *value), mean[2] = {0, 0};
    uint8_t *there = malloc(2 * n);
    for (int k = 0; k < 2; k++)
        assert_ok(cx, bram_response_read(cx, r[k], (size_t[]){0, 0, 0},
                                         (size_t[]){stimuli, units, repeats}, value + k * n,
                                         there + k * n));
    assert_memory_equal(there, there + n, n);
    double noise = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i / repeats % units || !there[i]) continue; /* the first unit */
        mean[0] += value[i], mean[1] += value[n + i];
        count++;
    }
    mean[0] /= count, mean[1] /= count;
    for (size_t i = 0; i < n; i++)
        if (i / repeats % units == 0 && there[i])
            noise += (value[n + i] - mean[1]) * (value[n + i] - mean[1]) / count;
    assert_near(mean[0], mean[1], 4 * sqrt(noise / count)); /* four standard errors */
    free(value);
    free(there);
    bram_dataset_free(made);
    bram_dataset_free(ds);
    bram_variations_release(&list);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

/* ---- what is made of results ---------------------------------------------------------------- */

enum { DRAWS = 100, MODELS = 3 };

static const char *const models[MODELS] = {"copy", "mean", "window:k=3"};

/* One cell: the scores a@x and b@x, with draws that lie on both sides. */
static bram_dataset *scored(bram_ctx *cx, const double value[2])
{
    bram_dataset *ds = NULL;
    bram_axis *score = NULL, *unit = NULL, *sample = NULL;
    bram_response *raw = NULL, *draw = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &score, "score", 2));
    assert_ok(cx, bram_axis_set_ids(cx, score, (const char *[]){"a@x", "b@x"}));
    assert_ok(cx, bram_axis_add_text(cx, score, "summary", (const char *[]){"mean", "mean"}));
    assert_ok(cx, bram_axis_add_text(cx, score, "resampled", (const char *[]){"9", "9"}));
    assert_ok(cx, bram_axis_add_number(cx, score, "value", value, ""));
    assert_ok(cx, bram_axis_add_integer(cx, score, "higher_better", (const int64_t[]){1, 1}));
    assert_ok(cx, bram_axis_add_integer(cx, score, "units", (const int64_t[]){1, 1}));
    assert_ok(cx, bram_axis_add_integer(cx, score, "groups", (const int64_t[]){9, 9}));
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 1));
    assert_ok(cx, bram_axis_new(cx, &sample, "sample", DRAWS));
    assert_ok(cx,
              bram_response_new(cx, &raw, "raw", BRAM_F64, 2, (const bram_axis *[]){score, unit}));
    assert_ok(cx, bram_response_new(cx, &draw, "draw", BRAM_F64, 2,
                                    (const bram_axis *[]){score, sample}));
    for (size_t s = 0; s < 2 * DRAWS; s++)
        bram_response_f64(draw)[s] = value[s / DRAWS] + 1e-4 * sin((double)(s % DRAWS) * 1.7);
    assert_ok(cx, bram_dataset_add(cx, ds, "", raw));
    assert_ok(cx, bram_dataset_add(cx, ds, "", draw));
    assert_ok(cx, bram_attrs_set_number(cx, bram_dataset_attrs(cx, ds, ""), "interval_level", 0.9));
    bram_axis_free(score);
    bram_axis_free(unit);
    bram_axis_free(sample);
    return ds;
}

/* Writes the cells of one variation: value[model][score]. */
static void put(bram_ctx *cx, const char *dir, bram_benchmark *v, const double value[MODELS][2])
{
    char part[] = "w";
    bram_planned cell[MODELS];
    bram_plan plan = {.benchmark = v, .cell = cell, .cells = MODELS};
    memset(plan.dataset_hash, '0', 64);
    assert_ok(cx, bram_store_make(cx, dir));
    for (size_t i = 0; i < MODELS; i++) {
        cell[i] = (bram_planned){.part = part, .model = (char *)(uintptr_t)models[i]};
        assert_ok(cx, bram_cell_key(cx, cell[i].key, v, plan.dataset_hash, "w", models[i], 0));
        assert_ok(cx, bram_store_put(cx, dir, &plan, &cell[i], BRAM_STATE_SCORED, "",
                                     scored(cx, value[i])));
    }
    assert_ok(cx, bram_store_put_plan(cx, dir, &plan));
}

static bram_results *open_and_remove(bram_ctx *cx, const char *dir)
{
    bram_results *r = NULL;
    char line[300];
    assert_ok(cx, bram_results_open(cx, &r, dir));
    snprintf(line, sizeof line, "rm -r '%s'", dir);
    assert_int_equal(system(line), 0);
    return r;
}

/* copy follows 0.8 - 0.6 n^-0.5, mean is flat, window falls on a logarithm. */
static void exponents_come_back(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char dir[256];
    test_temporary(dir, "curve");
    bram_benchmark *b = read_benchmark(cx, "simulated-worm-forecast");
    for (int i = 0; i < 5; i++) {
        bram_benchmark *v = NULL;
        char label[32];
        double n = pow(4, i);
        snprintf(label, sizeof label, "units=%g", n);
        assert_ok(cx, bram_variation_new(cx, &v, b, "learning-curve", label));
        v->variation->axis = bram_strdup(cx, "units");
        v->variation->amount = n;
        const double y = 0.8 - 0.6 / sqrt(n);
        put(cx, dir, v, (const double[MODELS][2]){{y, y}, {0.1, 0.1}, {0.1 * i, 0}});
        bram_benchmark_free(v);
    }
    bram_results *r = open_and_remove(cx, dir);
    bram_learning_curve *c = NULL;
    assert_int_equal(bram_learning_curve_new(cx, &c, r, "simulated-worm-forecast", "minutes", NULL),
                     BRAM_EABSENT);
    assert_ok(cx, bram_learning_curve_new(cx, &c, r, "simulated-worm-forecast", "units", NULL));
    assert_int_equal(c->points, 5);
    assert_int_equal(c->curves, 3);
    for (size_t i = 0; i < 3; i++) {
        const bram_curve *k = &c->curve[i];
        if (strcmp(k->model, "copy") == 0) {
            assert_near(k->fit.law.exponent, 0.5, 1e-6);
            assert_near(k->fit.law.asymptote, 0.8, 1e-6);
            assert_near(k->fit.exponent_low, 0.5,
                        1e-6); /* draws move all sizes alike: no bend changes */
            assert_near(k->fit.exponent_high, 0.5, 1e-6);
            assert_near(k->point[1].value, 0.5, 1e-12);
        } else if (strcmp(k->model, "mean") == 0)
            assert_string_equal(k->fit.why, "the curve is flat");
        else assert_non_null(strstr(k->fit.why, "no power law"));
    }
    bram_learning_curve_free(c);
    bram_results_free(r);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

/*
 * Three subsets with values 1, 2, 6 and test rows that never move: mean 3, standard error sqrt(14 /
 * 6), t of 2 degrees of freedom at 0.95 is 2.920, so the 90 % interval is 3 -+ 4.46. A whole has
 * none.
 */
static void few_subsets_are_students_t(void **state)
{
    (void)state;
    enum { SAMPLES = 40000 };
    bram_ctx *cx = bram_ctx_new();
    const double amount[] = {5, 10}, value[] = {1, 2, 6, 4, NAN, NAN};
    double *test = malloc(2 * SAMPLES * sizeof *test), *sample = malloc(2 * SAMPLES * sizeof *test);
    for (size_t s = 0; s < 2 * SAMPLES; s++) test[s] = s < SAMPLES ? 3 : 4;
    const bram_curve_data c = {2, 3, SAMPLES, amount, value, test, 0.9, NAN, true};
    size_t subsets;
    double low, high;
    assert_near(bram_curve_mean(&c, 0, &subsets), 3, 1e-15);
    assert_int_equal(subsets, 3);
    bram_curve_samples(sample, &c);
    assert_ok(cx, bram_curve_interval(cx, &low, &high, sample, SAMPLES, 0.9));
    assert_near(low, 3 - 2.920 * sqrt(14 / 6.0), 0.2); /* 40000 draws know it to 0.06 */
    assert_near(high, 3 + 2.920 * sqrt(14 / 6.0), 0.2);
    assert_ok(cx, bram_curve_interval(cx, &low, &high, sample + SAMPLES, SAMPLES, 0.9));
    assert_near(low, 4, 0);
    assert_near(high, 4, 0);
    free(test);
    free(sample);
    bram_ctx_free(cx);
}

/* A law that would end at 1.25: none where 1 is the best; and one that few values do not determine.
 */
static void laws_that_cannot_be(void **state)
{
    (void)state;
    enum { SAMPLES = 200 };
    bram_ctx *cx = bram_ctx_new();
    double amount[4], value[8], test[4 * SAMPLES], sample[4 * SAMPLES];
    for (size_t p = 0; p < 4; p++) {
        amount[p] = pow(4, (double)p);
        value[2 * p] = 1.25 - 0.5 / sqrt(amount[p]);
        value[2 * p + 1] = value[2 * p];
        for (size_t s = 0; s < SAMPLES; s++) test[p * SAMPLES + s] = value[2 * p];
    }
    bram_curve_data c = {4, 2, SAMPLES, amount, value, test, 0.9, NAN, true};
    bram_curve_law law;
    bram_curve_samples(sample, &c);
    assert_ok(cx, bram_curve_law_fit(cx, &law, &c, sample));
    assert_near(law.law.exponent, 0.5, 1e-6);
    assert_near(law.asymptote_high, 1.25, 1e-5);
    c.best = 1;
    assert_ok(cx, bram_curve_law_fit(cx, &law, &c, sample));
    assert_true(isnan(law.law.exponent) && isnan(law.asymptote_low));
    assert_non_null(strstr(law.why, "it would end at 1.25, and 1 is the best there is"));
    c.best = NAN;
    for (size_t p = 0; p < 4; p++)
        value[2 * p + 1] += p % 2 ? 0.5 : -0.5; /* noise beyond the curve */
    for (size_t p = 0; p < 4; p++)
        for (size_t s = 0; s < SAMPLES; s++)
            test[p * SAMPLES + s] = (value[2 * p] + value[2 * p + 1]) / 2;
    bram_curve_samples(sample, &c);
    assert_ok(cx, bram_curve_law_fit(cx, &law, &c, sample));
    assert_true(isnan(law.law.exponent));
    assert_true(strlen(law.why) > 0);
    bram_ctx_free(cx);
}

/*
 * Three models in four universes, a and b in each of two variations. Ranks of copy, mean, window:
 *   1 2 3 / 1 2 3 / 2 1 3 / 1 3 2, sums 5 8 11, mean 8: S = 9 + 0 + 9 = 18,
 *   W = 12 S / (m^2 (n^3 - n)) = 216 / (16 * 24) = 0.5625.
 * Pairs in the other order: mean above copy once, window above mean once; 2 of 9.
 */
static void agreement_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char dir[256];
    test_temporary(dir, "multiverse");
    bram_benchmark *b = read_benchmark(cx, "simulated-worm-forecast"), *v = NULL;
    assert_ok(cx, bram_variation_new(cx, &v, b, "multiverse", "as-defined"));
    put(cx, dir, v, (const double[MODELS][2]){{0.9, 0.9}, {0.5, 0.5}, {0.1, 0.1}});
    bram_benchmark_free(v);
    assert_ok(cx, bram_variation_new(cx, &v, b, "multiverse", "train=0.5"));
    put(cx, dir, v, (const double[MODELS][2]){{0.5, 0.9}, {0.9, 0.1}, {0.1, 0.5}});
    bram_benchmark_free(v);
    bram_results *r = open_and_remove(cx, dir);
    bram_multiverse *m = NULL;
    const char *base[4];
    assert_int_equal(bram_variation_bases(r, "multiverse", base, 4), 1);
    assert_int_equal(bram_board_benchmarks(r, base, 4), 0); /* variations are on no leaderboard */
    assert_ok(cx, bram_multiverse_new(cx, &m, r, "simulated-worm-forecast"));
    assert_int_equal(m->universes, 4);
    assert_int_equal(m->models, 3);
    assert_string_equal(m->model[0], "copy");
    assert_near(m->kendall_w, 0.5625, 1e-12);
    assert_near(m->mean_rank[0], 1.25, 1e-12);
    assert_near(m->mean_rank[1], 2, 1e-12);
    assert_int_equal(m->flips, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(m->flip[i].universes, 1);
        assert_int_equal(m->flip[i].beyond, 1);
        assert_int_equal(m->flip[i].b, m->flip[i].a + 1);
    }
    bram_multiverse_free(m);
    bram_results_free(r);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

/* Two simulations from copy: it wins one, mean the other. One from mean: a tie, which it wins. */
static void confusions_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char dir[256], label[32];
    test_temporary(dir, "recovery");
    bram_benchmark *b = read_benchmark(cx, "simulated-worm-forecast");
    const double value[3][MODELS][2] = {{{0.9, 0}, {0.5, 0}, {0.1, 0}},
                                        {{0.5, 0}, {0.9, 0}, {0.1, 0}},
                                        {{0.5, 0}, {0.5, 0}, {0.1, 0}}};
    for (int i = 0; i < 3; i++) {
        bram_benchmark *v = NULL;
        snprintf(label, sizeof label, "from=%d", i);
        assert_ok(cx, bram_variation_new(cx, &v, b, "identifiability", label));
        v->variation->generator = bram_strdup(cx, i < 2 ? "copy" : "mean");
        put(cx, dir, v, value[i]);
        bram_benchmark_free(v);
    }
    bram_results *r = open_and_remove(cx, dir);
    bram_identifiability *d = NULL;
    assert_ok(cx, bram_identifiability_new(cx, &d, r, "simulated-worm-forecast"));
    const size_t wins[] = {1, 1, 0, 0, 1, 0, 0, 0, 0}, draws[] = {2, 1, 0};
    assert_int_equal(d->models, 3);
    assert_memory_equal(d->wins, wins, sizeof wins);
    assert_memory_equal(d->draws, draws, sizeof draws);
    for (size_t i = 0; i < 3; i++) { /* each simulation is won by one model */
        size_t won = 0;
        for (size_t k = 0; k < 3; k++) won += d->wins[i * 3 + k];
        assert_int_equal(won, d->draws[i]);
    }
    bram_identifiability_free(d);
    bram_results_free(r);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_mask_the_first_rows),
        cmocka_unit_test(subsets_have_their_size_and_grow),
        cmocka_unit_test(other_animals_are_left_out),
        cmocka_unit_test(what_makes_no_sense_is_said),
        cmocka_unit_test(universes),
        cmocka_unit_test(made_data_keep_the_design),
        cmocka_unit_test(what_answers_with_responses_makes_them),
        cmocka_unit_test(exponents_come_back),
        cmocka_unit_test(few_subsets_are_students_t),
        cmocka_unit_test(laws_that_cannot_be),
        cmocka_unit_test(agreement_by_hand),
        cmocka_unit_test(confusions_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
