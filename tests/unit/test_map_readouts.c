/*
 * Tests of readouts of maps as models (baselines/map_*.c, readout_*.c), of features that are maps
 * (core/token_map.c, features, files) and of benchmarks/readout_maps.c: the claims of the readouts
 * on two made areas whose truth is known, regions, hemispheres, stopping, what is refused.
 */
#include "cell_test.h"
#include "npy.h"
#include "pictures.h"
#include "simulate.h"
#include "token_map.h"

#include <bramble/model.h>
#include <bramble/rng.h>

static char pearson[] = "pearson:constant=zero";
static char *metrics[] = {pearson};

/* ---- maps ----------------------------------------------------------------------------------- */

static int64_t cell_of(const bram_axis *feature, const char *name, size_t i)
{
    return bram_axis_column(feature, name)->integer[i];
}

/* 2 rows x 3 columns x 2 channels: feature 7 is channel 1 of row 1, column 0; with channels first
 * it is row 0, column 1 of channel 1. */
static void layouts(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *last = NULL, *first = NULL, *square = NULL, *line = NULL;
    bram_token_map map, none = {0};
    size_t place[12];
    assert_ok(cx, bram_token_axis_of(cx, &last, 4, (size_t[]){9, 2, 3, 2}, false, NULL));
    assert_int_equal(cell_of(last, "row", 7), 1);
    assert_int_equal(cell_of(last, "column", 7), 0);
    assert_int_equal(cell_of(last, "channel", 7), 1);
    assert_ok(cx, bram_token_axis_of(cx, &first, 4, (size_t[]){9, 2, 2, 3}, true, NULL));
    assert_int_equal(cell_of(first, "row", 7), 0);
    assert_int_equal(cell_of(first, "column", 7), 1);
    assert_int_equal(cell_of(first, "channel", 7), 1);
    assert_ok(cx, bram_token_map_find(cx, &map, place, first, &none));
    assert_true(map.height == 2 && map.width == 3 && map.channels == 2);
    assert_int_equal(place[7], 3); /* row 0, column 1, channel 1, channels last */
    assert_ok(cx, bram_token_axis_of(cx, &square, 3, (size_t[]){9, 4, 3}, false, NULL));
    assert_ok(cx, bram_token_map_find(cx, &map, place, square, &none));
    assert_true(map.height == 2 && map.width == 2 && map.channels == 3);
    assert_ok(cx, bram_token_axis_of(cx, &line, 3, (size_t[]){9, 6, 2}, false, NULL));
    assert_ok(cx, bram_token_map_find(cx, &map, place, line, &none));
    assert_true(map.height == 1 && map.width == 6 && map.channels == 2);
    bram_axis_free(last);
    bram_axis_free(first);
    bram_axis_free(square);
    bram_axis_free(line);
    bram_ctx_free(cx);
}

/* Tokens that say where they are, in any order; a place that is there twice is no map. */
static void places_of_tokens(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *token = NULL, *feature = NULL, *twice = NULL, *plain = NULL;
    bram_token_map map, none = {0}, given = {2, 3, 0};
    size_t place[12];
    assert_ok(cx, bram_axis_new(cx, &token, "token", 2));
    assert_ok(cx, bram_axis_add_integer(cx, token, "row", (const int64_t[]){1, 0}));
    assert_ok(cx, bram_axis_add_integer(cx, token, "column", (const int64_t[]){0, 0}));
    assert_ok(cx, bram_token_axis_of(cx, &feature, 3, (size_t[]){9, 2, 3}, false, token));
    assert_ok(cx, bram_token_map_find(cx, &map, place, feature, &none));
    assert_true(map.height == 2 && map.width == 1 && map.channels == 3);
    assert_int_equal(place[0], 3);
    assert_int_equal(place[5], 2);
    bram_axis_free(token);
    assert_ok(cx, bram_axis_new(cx, &token, "token", 2));
    assert_ok(cx, bram_axis_add_integer(cx, token, "row", (const int64_t[]){1, 1}));
    assert_ok(cx, bram_axis_add_integer(cx, token, "column", (const int64_t[]){0, 0}));
    assert_ok(cx, bram_token_axis_of(cx, &twice, 3, (size_t[]){9, 2, 3}, false, token));
    assert_int_equal(bram_token_map_find(cx, &map, place, twice, &none), BRAM_ENOTAPPLICABLE);
    assert_ok(cx, bram_axis_new(cx, &plain, "feature", 12));
    assert_int_equal(bram_token_map_find(cx, &map, place, plain, &none), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "12 features are no map"));
    assert_ok(cx, bram_token_map_find(cx, &map, place, plain, &given));
    assert_int_equal(map.channels, 2);
    given.width = 5;
    assert_int_equal(bram_token_map_find(cx, &map, place, plain, &given), BRAM_ENOTAPPLICABLE);
    bram_axis_free(token);
    bram_axis_free(feature);
    bram_axis_free(twice);
    bram_axis_free(plain);
    bram_ctx_free(cx);
}

/* A .npy of PyTorch's form, stimulus x channel x row x column. */
static void maps_in_files(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[300], ids[300], spec[400];
    double values[2 * 12];
    const char *const id[] = {"b", "a"};
    bram_axis *stimulus = NULL;
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    test_temporary(path, "maps.npy");
    test_temporary(ids, "maps.ids.txt");
    for (size_t i = 0; i < 24; i++) values[i] = (double)i;
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, 4, (size_t[]){2, 2, 2, 3}, values));
    FILE *file = fopen(ids, "w");
    assert_non_null(file);
    fputs("a\nb\n", file);
    fclose(file);
    assert_ok(cx, bram_axis_new(cx, &stimulus, "stimulus", 2));
    assert_ok(cx, bram_axis_set_ids(cx, stimulus, id));
    bram_panel panel = {0};
    bram_query q = {.ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = stimulus};
    snprintf(spec, sizeof spec, "files:path=%s,channels=first", path);
    assert_ok(cx, bram_fitted_new(cx, &f, spec, &panel, NULL, 0));
    assert_ok(cx, bram_fitted_answer(cx, &answer, f, &q));
    const bram_response *r = bram_dataset_response(answer, bram_dataset_response_path(answer, 0));
    const bram_axis *feature = bram_response_axis(r, 1);
    assert_int_equal(cell_of(feature, "channel", 7), 1);
    assert_int_equal(cell_of(feature, "column", 7), 1);
    double seven = 0;
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){0, 7}, (size_t[]){1, 1}, &seven, NULL));
    assert_near(seven, 12 + 7, 0); /* of b */
    bram_dataset_free(answer);
    bram_fitted_free(f);
    bram_axis_free(stimulus);
    unlink(path);
    unlink(ids);
    bram_ctx_free(cx);
}

/* Layers of models that look at pictures are maps, too: colour pixels with channels last, a network
 * with channels first. */
static void maps_of_pictures(void **state)
{
    (void)state;
    static const char *const spec[] = {"pixels:size=4,colour=yes",
                                       "random-cnn:size=16,width=3,depth=1,grid=2"};
    bram_ctx *cx = bram_ctx_new();
    const char *const id[] = {"a"};
    bram_axis *stimulus = NULL;
    bram_dataset *known = NULL;
    bram_response *r = NULL;
    assert_ok(cx, bram_axis_new(cx, &stimulus, "stimulus", 1));
    assert_ok(cx, bram_axis_set_ids(cx, stimulus, id));
    assert_ok(cx, bram_dataset_new(cx, &known));
    assert_ok(cx, bram_pictures_new(cx, &r, "shown", stimulus, 16, 16, 3));
    assert_ok(cx, bram_dataset_add(cx, known, "stimuli/images", r));
    for (size_t k = 0; k < 2; k++) {
        bram_panel panel = {.public_data = known};
        bram_query q = {.ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = stimulus};
        bram_fitted *f = NULL;
        bram_dataset *answer = NULL;
        bram_token_map map, none = {0};
        size_t place[48];
        assert_ok(cx, bram_fitted_new(cx, &f, spec[k], &panel, NULL, 0));
        assert_ok(cx, bram_fitted_answer(cx, &answer, f, &q));
        const bram_response *told = bram_dataset_response(answer,
                                                          bram_dataset_response_path(answer, 0));
        assert_ok(cx, bram_token_map_find(cx, &map, place, bram_response_axis(told, 1), &none));
        assert_true(map.height == (k ? 2 : 4) && map.width == map.height && map.channels == 3);
        assert_int_equal(place[5], k ? 4 : 5); /* channel 1 of position 1; channel 2 of it */
        bram_dataset_free(answer);
        bram_fitted_free(f);
    }
    bram_dataset_free(known);
    bram_axis_free(stimulus);
    bram_ctx_free(cx);
}

/* ---- two areas whose truth is known --------------------------------------------------------- */

enum { MODELS = 5 };

static void run_all(bram_ctx *cx, const bram_dataset *ds, const char *area,
                    const char *const model[MODELS], bram_dataset *result[MODELS])
{
    bram_benchmark b = test_benchmark(cx, "encoding", metrics, 1,
                                      "folds=2,samples=60,features=tokens");
    for (size_t m = 0; m < MODELS; m++)
        assert_ok(cx, test_cell(cx, &result[m], &b, ds, area, model[m]));
    bram_options_free(b.options);
}

static void drop_all(bram_dataset *result[MODELS])
{
    for (size_t m = 0; m < MODELS; m++) bram_dataset_free(result[m]);
}

/* An area that looks at objects: queries of regions win far beyond the intervals, and their
 * attention is strongest at the object. */
static void queries_follow_objects(void **state)
{
    (void)state;
    static const char *const model[MODELS] = {
        "readout-roi:epochs=28,rate=0.005,ff=32", "ridge:alpha=100+1000+10000",
        "readout-factorized", "readout-gaussian", "readout-spatial-transformer:epochs=8"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result[MODELS];
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-tokens", 1));
    run_all(cx, ds, "routed", model, result);
    assert_true(test_number(result[0], pearson, "value") > 0.6);
    for (size_t m = 1; m < MODELS; m++) {
        assert_true(test_number(result[m], pearson, "high") < 0.3);
        assert_true(test_number(result[m], pearson, "value") <
                    test_number(result[m], pearson, "ceiling"));
    }
    assert_true(test_number(result[0], "focus@attention", "low") > 0.7);
    assert_near(test_number(result[0], "focus@attention", "chance"), 1.0 / 36, 1e-12);
    assert_true(test_number(result[4], "focus@attention", "high") < 0.2);
    const bram_response *a = bram_dataset_response(result[0], "readout/attention");
    assert_non_null(a);
    assert_int_equal(bram_response_dims(a), 4);
    assert_string_equal(bram_axis_id(bram_response_axis(a, 1), 2), "place");
    assert_null(bram_dataset_response(result[1], "readout/attention"));
    drop_all(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* How far, in positions, the strongest place of a unit's map is from its true centre; means. */
static double distance(bram_ctx *cx, const bram_dataset *result)
{
    const bram_response *map = bram_dataset_response(result, "readout/map");
    assert_non_null(map);
    const bram_axis *unit = bram_response_axis(map, 0);
    const double *row = bram_axis_column(unit, "true_row")->number;
    const double *column = bram_axis_column(unit, "true_column")->number;
    size_t units = bram_axis_length(unit), side = bram_response_length(map, 1);
    double sum = 0, values[64];
    for (size_t u = 0; u < units; u++) {
        size_t best = 0;
        assert_ok(cx, bram_response_read(cx, map, (size_t[]){u, 0, 0}, (size_t[]){1, side, side},
                                         values, NULL));
        for (size_t p = 1; p < side * side; p++)
            if (values[p] > values[best]) best = p;
        sum += hypot((double)(best / side) - row[u], (double)(best % side) - column[u]);
    }
    return sum / (double)units;
}

/* An area with windows that stay: a map for each unit wins, queries of regions do not. */
static void maps_find_windows(void **state)
{
    (void)state;
    static const char *const model[MODELS] = {"readout-factorized", "ridge:alpha=100+1000+10000",
                                              "readout-roi:epochs=28,rate=0.005,ff=32",
                                              "readout-gaussian",
                                              "readout-spatial-transformer:epochs=25"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result[MODELS];
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-tokens", 1));
    run_all(cx, ds, "fixed", model, result);
    double best = test_number(result[0], pearson, "value");
    assert_true(best > 0.8 && best < test_number(result[0], pearson, "ceiling"));
    assert_true(test_number(result[0], pearson, "low") > test_number(result[1], pearson, "high"));
    assert_true(test_number(result[0], pearson, "low") > test_number(result[2], pearson, "high"));
    assert_true(distance(cx, result[0]) < 0.7);
    assert_true(distance(cx, result[3]) < 1);
    assert_true(distance(cx, result[4]) < 0.9);
    drop_all(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- units, regions, hemispheres ------------------------------------------------------------ */

enum { ROWS = 60, UNITS = 4, INPUTS = 8 }; /* a map of 2 x 2 positions and 2 channels */

struct world {
    bram_ctx *cx;
    bram_axis *unit, *input;
    double x[ROWS * INPUTS], y[ROWS * UNITS];
    bram_segment segment;
    bram_panel panel;
};

/* Unit u reads channel 0 of position u, without noise. */
static struct world *make(void)
{
    static const char *const side[] = {"left", "left", "right", "right"};
    static const char *const area[] = {"a", "", "a", "b"};
    static const int64_t faces[] = {0, 1, 0, 0};
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->cx = bram_ctx_new();
    bram_rng g = bram_rng_new(3, "test/map-readouts");
    for (size_t i = 0; i < ROWS * INPUTS; i++) w->x[i] = 5 + 2 * bram_rng_normal(&g);
    for (size_t i = 0; i < ROWS * UNITS; i++)
        w->y[i] = 100 - 3 * w->x[i / UNITS * INPUTS + 2 * (i % UNITS)];
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    assert_ok(w->cx, bram_axis_add_text(w->cx, w->unit, "hemisphere", side));
    assert_ok(w->cx, bram_axis_add_text(w->cx, w->unit, "area", area));
    assert_ok(w->cx, bram_axis_add_integer(w->cx, w->unit, "faces", faces));
    assert_ok(w->cx,
              bram_token_axis_of(w->cx, &w->input, 4, (size_t[]){ROWS, 2, 2, 2}, false, NULL));
    w->segment = (bram_segment){.y = {w->y, ROWS, UNITS, UNITS}, .x = {w->x, ROWS, INPUTS, INPUTS}};
    w->panel = (bram_panel){
        .unit = w->unit, .input = w->input, .segment = &w->segment, .segments = 1};
    return w;
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_axis_free(w->input);
    bram_ctx_free(w->cx);
    free(w);
}

/* The answer about all rows. */
static bram_dataset *told(struct world *w, const char *spec, uint64_t seed)
{
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, spec, &w->panel, NULL, seed));
    bram_query q = {.ask = BRAM_ASK_RESPOND, .panel = &w->panel};
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    bram_fitted_free(f);
    return answer;
}

/* Largest error in the means, in deviations of a unit (6). */
static double worst(struct world *w, const bram_dataset *answer)
{
    double mean[ROWS * UNITS], most = 0;
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(answer, "mean"),
                                        (size_t[]){0, 0}, (size_t[]){ROWS, UNITS}, mean, NULL));
    for (size_t i = 0; i < ROWS * UNITS; i++) most = fmax(most, fabs(mean[i] - w->y[i]) / 6);
    return most;
}

/* Each readout learns what it can say exactly: a unit at one position. */
static void exact_where_it_can_be(void **state)
{
    (void)state;
    static const char *const spec[] = {
        "readout-factorized:space=0,weights=0,validation=0,epochs=400,batch=20",
        "readout-gaussian:validation=0,epochs=400,batch=20,deviation=0.2",
        "readout-spatial-transformer:space=0,weights=0,validation=0,epochs=300,batch=20"};
    struct world *w = make();
    for (size_t k = 0; k < 3; k++) {
        bram_dataset *answer = told(w, spec[k], 1);
        double error = worst(w, answer);
        if (!(error < (k < 2 ? 1e-3 : 0.1))) fail_msg("%s: error %g", spec[k], error);
        double map[16];
        assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(answer, "map"),
                                            (size_t[]){0, 0, 0}, (size_t[]){4, 2, 2}, map, NULL));
        for (size_t u = 0; u < UNITS && k < 2; u++) /* the last one's maps move */
            for (size_t p = 0; p < 4; p++) assert_true(map[5 * u] >= map[4 * u + p]);
        bram_dataset_free(answer);
    }
    drop(w);
}

static void check_regions(struct world *w, const char *spec, size_t count,
                          const char *const *expected)
{
    bram_dataset *answer = told(w, spec, 1);
    const bram_response *r = bram_dataset_response(answer, "attention");
    double map[ROWS * UNITS * 4];
    assert_non_null(r);
    assert_int_equal(bram_response_length(r, 1), count);
    for (size_t k = 0; k < count; k++)
        assert_string_equal(bram_axis_id(bram_response_axis(r, 1), k), expected[k]);
    assert_ok(w->cx, bram_response_read(w->cx, r, (size_t[]){0, 0, 0, 0},
                                        (size_t[]){ROWS, count, 2, 2}, map, NULL));
    for (size_t i = 0; i < ROWS * count; i++) {
        double sum = 0;
        for (size_t p = 0; p < 4; p++) sum += map[4 * i + p];
        assert_near(sum, 1, 1e-5);
    }
    bram_dataset_free(answer);
}

static void regions_of_units(void **state)
{
    (void)state;
    struct world *w = make();
    const char *const small = "epochs=1,inner=4,heads=2,ff=3";
    char spec[3][120];
    snprintf(spec[0], sizeof spec[0], "readout-roi:%s", small);
    snprintf(spec[1], sizeof spec[1], "readout-roi:roi=area+faces,%s", small);
    snprintf(spec[2], sizeof spec[2], "readout-roi:roi=unit,%s", small);
    check_regions(w, spec[0], 4,
                  (const char *const[]){"left/a", "left/unassigned", "right/a", "right/b"});
    check_regions(w, spec[1], 4,
                  (const char *const[]){"left/a", "left/faces", "right/a", "right/b"});
    check_regions(w, spec[2], 4, (const char *const[]){"", "", "", ""});
    bram_fitted *f = NULL;
    assert_int_equal(bram_fitted_new(w->cx, &f, "readout-roi:roi=none", &w->panel, NULL, 1),
                     BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(w->cx), "no column \"none\""));
    assert_int_equal(bram_fitted_new(w->cx, &f, "readout-roi:inner=6", &w->panel, NULL, 1),
                     BRAM_EUSAGE);
    drop(w);
}

/* Of the loss of the first epoch, in which nothing has been learned: units in standard scores have
 * 1 each; with two hemispheres the sum of their means. */
static void hemispheres_add_up(void **state)
{
    (void)state;
    for (int sides = 1; sides <= 2; sides++) {
        struct world *w = make();
        bram_fitted *f = NULL;
        bram_dataset *file = NULL;
        char path[300];
        double loss = 0;
        if (sides == 1) {
            bram_axis_free(w->unit);
            assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
            w->panel.unit = w->unit;
        }
        test_temporary(path, "hemispheres.h5");
        assert_ok(w->cx,
                  bram_fitted_new(w->cx, &f,
                                  "readout-factorized:epochs=1,batch=60,validation=0,space=0,"
                                  "weights=0",
                                  &w->panel, NULL, 1));
        assert_ok(w->cx, bram_fitted_save(w->cx, f, path, true));
        assert_ok(w->cx, bram_dataset_open(w->cx, &file, path));
        assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(file, "state/history"),
                                            (size_t[]){0, 1}, (size_t[]){1, 1}, &loss, NULL));
        assert_near(loss, sides, 1e-5);
        bram_dataset_free(file);
        bram_fitted_free(f);
        unlink(path);
        drop(w);
    }
}

/* ---- stopping, seeds, refusals -------------------------------------------------------------- */

static volatile int finish;

static void training_ends(void **state)
{
    (void)state;
    struct world *w = make();
    bram_dataset *a = told(w, "readout-factorized:epochs=30", 1);
    bram_dataset *b = told(w, "readout-factorized:epochs=30", 2);
    char hex[3][65];
    assert_ok(w->cx, bram_dataset_hash(w->cx, a, hex[0]));
    assert_ok(w->cx, bram_dataset_hash(w->cx, b, hex[1]));
    assert_true(strcmp(hex[0], hex[1]) != 0);
    bram_dataset_free(b);
    bram_ctx_set_threads(w->cx, 3);
    b = told(w, "readout-factorized:epochs=30", 1);
    assert_ok(w->cx, bram_dataset_hash(w->cx, b, hex[2]));
    assert_string_equal(hex[0], hex[2]);
    bram_dataset_free(a);
    bram_dataset_free(b);
    finish = 1; /* Ctrl-C before the first epoch: the first parameters, which tell the means */
    bram_ctx_set_finish(w->cx, &finish);
    a = told(w, "readout-factorized", 1);
    double mean[UNITS], expected = 0;
    for (size_t i = 0; i < ROWS; i++) expected += w->y[i * UNITS] / ROWS;
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(a, "mean"), (size_t[]){7, 0},
                                        (size_t[]){1, UNITS}, mean, NULL));
    assert_near(mean[0], expected, 1e-9);
    bram_dataset_free(a);
    drop(w);
}

/* With a validation panel that is the training panel upside down, whatever is learned is worse than
 * the first epoch: `patience` epochs later it ends, with the parameters of that. */
static void the_best_epoch_is_kept(void **state)
{
    (void)state;
    struct world *w = make();
    double upside[ROWS * UNITS];
    for (size_t i = 0; i < ROWS * UNITS; i++) upside[i] = -w->y[i];
    bram_segment segment = w->segment;
    segment.y.data = upside;
    bram_panel validation = w->panel;
    validation.segment = &segment;
    bram_fitted *f = NULL;
    char path[300];
    test_temporary(path, "readout.h5");
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, "readout-factorized:patience=3", &w->panel,
                                     &validation, 1));
    assert_ok(w->cx, bram_fitted_save(w->cx, f, path, true));
    bram_dataset *file = NULL;
    assert_ok(w->cx, bram_dataset_open(w->cx, &file, path));
    const bram_response *history = bram_dataset_response(file, "state/history");
    assert_int_equal(bram_response_length(history, 0), 4);
    assert_non_null(bram_dataset_response(file, "params/factorized/mask"));
    bram_dataset_free(file);
    bram_fitted_free(f);
    unlink(path);
    drop(w);
}

static void what_is_refused(void **state)
{
    (void)state;
    struct world *w = make();
    bram_fitted *f = NULL;
    bram_axis *plain = NULL;
    assert_ok(w->cx, bram_axis_new(w->cx, &plain, "feature", INPUTS));
    w->panel.input = plain;
    assert_int_equal(bram_fitted_new(w->cx, &f, "readout-gaussian", &w->panel, NULL, 1),
                     BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(w->cx), "no map"));
    w->panel.input = w->input;
    w->x[11] = (double)INFINITY;
    assert_int_equal(bram_fitted_new(w->cx, &f, "readout-gaussian", &w->panel, NULL, 1),
                     BRAM_ENUMERIC);
    w->x[11] = 1;
    assert_int_equal(
        bram_fitted_new(w->cx, &f, "readout-gaussian:rate=10,clip=1e9", &w->panel, NULL, 1),
        BRAM_OK); /* badly learned, but numbers */
    bram_fitted_free(f);
    f = NULL;
    w->segment.x.cols = 4;
    assert_int_equal(bram_fitted_new(w->cx, &f, "readout-gaussian", &w->panel, NULL, 1),
                     BRAM_ESHAPE);
    assert_null(f);
    bram_axis_free(plain);
    drop(w);
}

/* ---- failing allocations -------------------------------------------------------------------- */

/* A response along these axes, of numbers that differ. */
static void add_numbers(bram_ctx *cx, bram_dataset *ds, const char *group, const char *name,
                        size_t dims, const bram_axis *const *axes, double most)
{
    bram_response *r = NULL;
    assert_ok(cx, bram_response_new(cx, &r, name, BRAM_F64, dims, axes));
    for (size_t i = 0; i < bram_response_count(r); i++)
        bram_response_f64(r)[i] = fmod((double)(i * i * 7 + 3), most);
    assert_ok(cx, bram_dataset_add(cx, ds, group, r));
}

/* 12 stimuli, maps of 2 x 2 positions and 2 channels, an area of 2 units in one region. */
static bram_dataset *small(bram_ctx *cx)
{
    static const char *const id[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    static const char *const roi[] = {"face", "face"}, *const region[] = {"face"};
    static const char *const name[] = {"stimulus", "row", "column", "channel", "neuron", "region"};
    static const size_t length[] = {12, 2, 2, 2, 2, 1};
    bram_axis *axis[6];
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t k = 0; k < 6; k++) assert_ok(cx, bram_axis_new(cx, &axis[k], name[k], length[k]));
    assert_ok(cx, bram_axis_set_ids(cx, axis[0], id));
    assert_ok(cx, bram_axis_add_text(cx, axis[4], "roi", roi));
    assert_ok(cx, bram_axis_set_ids(cx, axis[5], region));
    add_numbers(cx, ds, "stimuli/features", "tokens", 4, (const bram_axis *const *)axis, 11);
    add_numbers(cx, ds, "responses", "v1", 2, (const bram_axis *[]){axis[0], axis[4]}, 13);
    add_numbers(cx, ds, "truth/v1", "focus", 2, (const bram_axis *[]){axis[0], axis[5]}, 4);
    for (size_t k = 0; k < 6; k++) bram_axis_free(axis[k]);
    return ds;
}

static int run_small(const bram_dataset *ds, const char *model, size_t k)
{
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *result = NULL;
    bram_benchmark b = test_benchmark(cx, "encoding", metrics, 1,
                                      "folds=2,samples=8,features=tokens");
    bram_cell cell = {&b, ds, "v1", model, 0};
    assert_ok(cx, bram_dataset_new(cx, &result));
    bram_fail_allocation(k, false);
    int status = bram_task_find("encoding")->run(cx, result, &cell);
    bram_fail_allocation(0, false);
    if (status == BRAM_OK) {
        assert_non_null(bram_dataset_response(result, "readout/attention"));
        test_row(bram_response_axis(bram_dataset_response(result, "raw"), 0), "focus@attention");
    }
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_ctx_free(cx);
    return status;
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    static const char *const model[] = {"readout-roi:epochs=1,inner=4,heads=1,ff=2",
                                        "readout-spatial-transformer:epochs=1,reduced=1,hidden=1"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = small(cx);
    for (size_t m = 0; m < 2; m++) {
        size_t k = 1;
        int status;
        while ((status = run_small(ds, model[m], k)) != BRAM_OK && k < 5000) {
            assert_int_equal(status, BRAM_ENOMEM);
            k++;
        }
        assert_true(k > 50 && k < 5000);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts),
        cmocka_unit_test(places_of_tokens),
        cmocka_unit_test(maps_in_files),
        cmocka_unit_test(maps_of_pictures),
        cmocka_unit_test(exact_where_it_can_be),
        cmocka_unit_test(regions_of_units),
        cmocka_unit_test(hemispheres_add_up),
        cmocka_unit_test(training_ends),
        cmocka_unit_test(the_best_epoch_is_kept),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(failing_allocations_are_survived),
        cmocka_unit_test(queries_follow_objects),
        cmocka_unit_test(maps_find_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
