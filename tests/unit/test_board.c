/* Tests of report/board.c on results folders made by hand: values, intervals, ranks, states. */
#include "board.h"
#include "store.h"
#include "verdict.h"

#include "resample.h"
#include "test.h"

#include <sys/stat.h>

enum { DRAWS = 200 };

/* What one cell says of the score "m@a": its value, and draws spread around it by `noise`, of nine
 * blocks where it says nothing else. */
struct made {
    const char *part, *model;
    bram_state state;
    double value, noise;
    int64_t blocks;
};

static bram_dataset *scored(bram_ctx *cx, const struct made *m)
{
    bram_dataset *ds = NULL;
    bram_axis *score = NULL, *unit = NULL, *sample = NULL;
    bram_response *raw = NULL, *draw = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &score, "score", 1));
    assert_ok(cx, bram_axis_set_ids(cx, score, (const char *[]){"m@a"}));
    assert_ok(cx, bram_axis_add_text(cx, score, "summary", (const char *[]){"mean"}));
    assert_ok(cx, bram_axis_add_text(cx, score, "resampled", (const char *[]){"9 blocks"}));
    assert_ok(cx, bram_axis_add_number(cx, score, "value", &m->value, ""));
    assert_ok(cx, bram_axis_add_number(cx, score, "floor_copy", (const double[]){0.25}, ""));
    assert_ok(cx, bram_axis_add_integer(cx, score, "higher_better", (const int64_t[]){1}));
    assert_ok(cx, bram_axis_add_integer(cx, score, "units", (const int64_t[]){3}));
    assert_ok(cx, bram_axis_add_integer(cx, score, "groups",
                                        (const int64_t[]){m->blocks ? m->blocks : 9}));
    assert_ok(cx, bram_axis_add_integer(cx, score, "bias_corrected", (const int64_t[]){1}));
    assert_ok(cx, bram_axis_add_integer(cx, score, "undefined", (const int64_t[]){1}));
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 1));
    assert_ok(cx, bram_axis_new(cx, &sample, "sample", DRAWS));
    assert_ok(cx,
              bram_response_new(cx, &raw, "raw", BRAM_F64, 2, (const bram_axis *[]){score, unit}));
    assert_ok(cx, bram_response_new(cx, &draw, "draw", BRAM_F64, 2,
                                    (const bram_axis *[]){score, sample}));
    for (size_t s = 0; s < DRAWS; s++)
        bram_response_f64(draw)[s] = m->value + m->noise * sin((double)s * 1.7);
    assert_ok(cx, bram_dataset_add(cx, ds, "", raw));
    assert_ok(cx, bram_dataset_add(cx, ds, "", draw));
    assert_ok(cx, bram_attrs_set_number(cx, bram_dataset_attrs(cx, ds, ""), "interval_level", 0.9));
    bram_axis_free(score);
    bram_axis_free(unit);
    bram_axis_free(sample);
    return ds;
}

/* Writes the cells as a results folder, opens it and gives its board. */
static bram_board *make(bram_ctx *cx, bram_results **results, const struct made *made, size_t count)
{
    static int number;
    char dir[256], name[32];
    snprintf(name, sizeof name, "board-%d", ++number);
    test_temporary(dir, name);
    char *metrics[] = {(char[]){"mse"}};
    bram_benchmark b = {.name = (char[]){"made"},
                        .title = (char[]){"Made"},
                        .task = (char[]){"forecast"},
                        .dataset = (char[]){"none"},
                        .citation = (char[]){""},
                        .version = 1,
                        .metrics = metrics,
                        .metric_count = 1};
    assert_ok(cx, bram_options_new(cx, &b.options, bram_task_find("forecast")->params, ""));
    bram_planned cell[16];
    bram_plan plan = {.benchmark = &b, .cell = cell, .cells = count};
    memset(plan.dataset_hash, '0', 64);
    assert_ok(cx, bram_store_make(cx, dir));
    for (size_t i = 0; i < count; i++) {
        cell[i] = (bram_planned){.part = (char *)(uintptr_t)made[i].part,
                                 .model = (char *)(uintptr_t)made[i].model};
        assert_ok(cx, bram_cell_key(cx, cell[i].key, &b, plan.dataset_hash, made[i].part,
                                    made[i].model, 0));
        if (made[i].state == BRAM_STATE_NOT_RUN) continue;
        bool good = made[i].state == BRAM_STATE_SCORED;
        assert_ok(cx, bram_store_put(cx, dir, &plan, &cell[i], made[i].state,
                                     good ? "" : "it broke", good ? scored(cx, &made[i]) : NULL));
    }
    assert_ok(cx, bram_store_put_plan(cx, dir, &plan));
    assert_ok(cx, bram_results_open(cx, results, dir));
    bram_options_free(b.options);
    bram_board *board = NULL;
    assert_ok(cx, bram_board_new(cx, &board, *results, "made", NULL));
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    return board;
}

static const bram_board_row *row_of(const bram_board *b, const char *model)
{
    for (size_t i = 0; i < b->rows; i++)
        if (strcmp(b->row[i].model, model) == 0) return &b->row[i];
    fail_msg("no row %s", model);
    return NULL;
}

static void values_are_means_over_parts(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = NULL;
    const struct made made[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.2, 0.01},
                                {"w2", "copy", BRAM_STATE_SCORED, 0.4, 0.01},
                                {"w1", "mean", BRAM_STATE_SCORED, 0.5, 0.01},
                                {"w2", "mean", BRAM_STATE_SCORED, 0.7, 0.01}};
    bram_board *b = make(cx, &r, made, 4);
    assert_string_equal(b->score, "m@a");
    assert_int_equal(b->parts, 2);
    assert_near(b->level, 0.9, 0);
    assert_string_equal(b->row[0].model, "mean"); /* higher is better: best first */
    assert_near(b->row[0].value, 0.6, 1e-12);
    assert_near(b->row[1].value, 0.3, 1e-12);
    assert_near(b->row[0].floor[0], 0.25, 1e-12);
    assert_true(b->row[0].low > 0.58 && b->row[0].low < 0.6 && b->row[0].high < 0.62);
    assert_int_equal(b->row[0].units, 6);
    assert_int_equal(b->row[0].undefined, 2);
    assert_int_equal(b->row[0].rank, 1);
    assert_int_equal(b->row[1].rank, 2);
    assert_near(row_of(b, "mean")->difference, 0.3, 1e-12); /* to copy, paired */
    bram_board_free(b);
    bram_results_free(r);
    bram_ctx_free(cx);
}

/* Three blocks a part: two parts have six, too few; three have nine. */
static void blocks_of_parts_count_together(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (size_t parts = 2; parts <= 3; parts++) {
        bram_results *r = NULL;
        static const struct made made[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.2, 0.01, 3},
                                           {"w1", "mean", BRAM_STATE_SCORED, 0.5, 0.01, 3},
                                           {"w2", "copy", BRAM_STATE_SCORED, 0.3, 0.01, 3},
                                           {"w2", "mean", BRAM_STATE_SCORED, 0.6, 0.01, 3},
                                           {"w3", "copy", BRAM_STATE_SCORED, 0.4, 0.01, 3},
                                           {"w3", "mean", BRAM_STATE_SCORED, 0.7, 0.01, 3}};
        bram_board *b = make(cx, &r, made, 2 * parts);
        const bram_board_row *mean = row_of(b, "mean"), *copy = row_of(b, "copy");
        double difference[3];
        bram_board_pair pair;
        assert_ok(cx, bram_board_difference(cx, b, mean, copy, difference));
        assert_ok(cx, bram_board_compare(cx, b, mean, copy, &pair));
        if (parts == 2) {
            assert_true(isnan(mean->low) && isnan(difference[1]) && isnan(pair.p));
            assert_int_equal(mean->rank, 0);
            assert_string_equal(b->resampled, "9 blocks, 6 in all parts");
        } else {
            /* t of 9 - 3 degrees of freedom over z, and the square root of 9 / (9 - 3) */
            double reach = 1.9431803 / 1.6448536 * sqrt(1.5) * 0.01 * sin(asin(1) * 0.9);
            assert_near(mean->high - mean->low, 2 * reach, 1e-3);
            assert_near(difference[0], 0.3, 1e-12);
            assert_true(difference[1] > 0.29 && pair.p < 1e-6);
            assert_int_equal(mean->rank, 1);
            assert_int_equal(copy->rank, 2);
        }
        bram_board_free(b);
        bram_results_free(r);
    }
    bram_ctx_free(cx);
}

static void forecasts_from_files_are_marked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = NULL;
    char folder[256], spec[300];
    test_temporary(folder, "forecasts"); /* its content belongs to the key of a cell */
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(spec, sizeof spec, "forecasts:path=%s", folder);
    const struct made made[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.2, 0.01},
                                {"w1", spec, BRAM_STATE_SCORED, 0.4, 0.01}};
    bram_board *b = make(cx, &r, made, 2);
    const char *name = row_of(b, spec)->name;
    assert_true(row_of(b, spec)->self_reported);
    assert_string_equal(name + strlen(name) - 4, " (s)");
    assert_false(row_of(b, "copy")->self_reported);
    assert_string_equal(row_of(b, "copy")->name, "copy");
    bram_board_free(b);
    rmdir(folder);
    bram_results_free(r);
    bram_ctx_free(cx);
}

/* The draws of both models go up and down together: a small difference is sure when it is paired.
 */
static void ranks_come_from_paired_differences(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = NULL;
    const struct made paired[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.30, 0.2},
                                  {"w1", "mean", BRAM_STATE_SCORED, 0.31, 0.2}};
    bram_board *b = make(cx, &r, paired, 2);
    assert_int_equal(row_of(b, "mean")->rank, 1);
    assert_int_equal(row_of(b, "copy")->rank, 2);
    assert_true(row_of(b, "mean")->low < row_of(b, "copy")->high); /* the intervals overlap */
    bram_board_free(b);
    bram_results_free(r);
    r = NULL;
    const struct made loose[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.30, 0.2},
                                 {"w1", "mean", BRAM_STATE_SCORED, 0.31, 0.1}};
    b = make(cx, &r, loose, 2);
    assert_int_equal(row_of(b, "mean")->rank, 1);
    assert_int_equal(row_of(b, "copy")->rank, 1); /* shared */
    bram_board_free(b);
    bram_results_free(r);
    bram_ctx_free(cx);
}

static void missing_cells_are_counted_never_imputed(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = NULL;
    const struct made made[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.2, 0.01},
                                {"w2", "copy", BRAM_STATE_SCORED, 0.9, 0.01},
                                {"w1", "mean", BRAM_STATE_SCORED, 0.5, 0.01},
                                {"w2", "mean", BRAM_STATE_FAILED, 0, 0},
                                {"w1", "window:k=5", BRAM_STATE_NOT_APPLICABLE, 0, 0},
                                {"w2", "window:k=5", BRAM_STATE_NOT_RUN, 0, 0}};
    bram_board *b = make(cx, &r, made, 6);
    const bram_board_row *mean = row_of(b, "mean"), *window = row_of(b, "window:k=5");
    assert_near(mean->value, 0.5, 1e-12); /* of the one part it has */
    assert_int_equal(mean->scored, 1);
    assert_int_equal(mean->failed, 1);
    assert_string_equal(mean->reason, "it broke");
    /* on the part that both have, mean is ahead, whatever their values over all say */
    assert_near(mean->difference, 0.3, 1e-12);
    assert_int_equal(mean->rank, 1);
    assert_int_equal(row_of(b, "copy")->rank, 2);
    assert_int_equal(window->not_applicable, 1);
    assert_int_equal(window->not_run, 1);
    assert_int_equal(window->rank, 0);
    assert_true(isnan(window->value));
    assert_string_equal(b->row[b->rows - 1].model, "window:k=5");
    bram_board_free(b);
    bram_results_free(r);
    bram_ctx_free(cx);
}

static void an_unknown_score_is_named_with_those_there_are(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = NULL;
    const struct made made[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.2, 0.01}};
    bram_board *b = make(cx, &r, made, 1), *none = NULL;
    assert_int_equal(bram_board_new(cx, &none, r, "made", "r2"), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "m@a"));
    assert_int_equal(bram_board_new(cx, &none, r, "other", NULL), BRAM_EABSENT);
    assert_int_equal(bram_board_new(cx, &none, r, "made", "m@b"), BRAM_EABSENT);
    assert_int_equal(bram_board_new(cx, &none, r, "made", ""), BRAM_EABSENT);
    bram_board_free(b);
    b = NULL;
    assert_ok(cx, bram_board_new(cx, &b, r, "made", "m")); /* the one it is short for */
    assert_string_equal(b->score, "m@a");
    bram_board_free(b);
    bram_results_free(r);
    bram_ctx_free(cx);
}

/* The rank by its definition from the intervals of all differences: large ones, whose sign is seen
 * without quantiles, and small ones. */
static void ranks_are_those_of_the_intervals(void **state)
{
    (void)state;
    enum { MODELS = 12 };
    static const double noise[] = {.001, .01, .2};
    static const char *const model[] = {"copy",       "mean",       "window:k=2",  "window:k=3",
                                        "window:k=4", "window:k=5", "window:k=6",  "window:k=7",
                                        "window:k=8", "window:k=9", "window:k=10", "window:k=11"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t spread = 0; spread < 3; spread++) {
        struct made made[MODELS];
        for (size_t i = 0; i < MODELS; i++)
            made[i] = (struct made){"w1", model[i], BRAM_STATE_SCORED, .03 * sin((double)(i * i)),
                                    noise[spread] * (1 + .3 * (double)(i % 3))};
        bram_results *r = NULL;
        bram_board *b = make(cx, &r, made, MODELS);
        for (size_t i = 0; i < MODELS; i++) {
            size_t rank = 1;
            for (size_t k = 0; k < MODELS; k++) {
                double d[3];
                assert_ok(cx, bram_board_difference(cx, b, &b->row[k], &b->row[i], d));
                rank += k != i && d[1] > 0;
            }
            assert_int_equal(b->row[i].rank, rank);
        }
        bram_board_free(b);
        bram_results_free(r);
    }
    bram_ctx_free(cx);
}

/* Differences 0.3 to copy and -0.1 to the better var; the other network cannot be told from it. */
static void networks_are_held_against_var_and_copy(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = NULL;
    bram_network_verdict v;
    char text[300];
    const struct made made[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.2, 0.01},
                                {"w1", "var:lags=1", BRAM_STATE_SCORED, 0.6, 0.01},
                                {"w1", "var:lags=3", BRAM_STATE_SCORED, 0.1, 0.01},
                                {"w1", "gru", BRAM_STATE_SCORED, 0.5, 0.01},
                                {"w1", "rnn", BRAM_STATE_SCORED, 0.4, 3},
                                {"w1", "lstm", BRAM_STATE_FAILED, 0, 0}};
    bram_board *b = make(cx, &r, made, 6);
    assert_ok(cx, bram_network_verdict_new(cx, &v, b, "var"));
    assert_string_equal(v.other->model, "var:lags=1");
    assert_string_equal(v.best->model, "gru");
    assert_int_equal(v.networks, 2);
    assert_int_equal(v.beat, 0);
    assert_int_equal(v.beaten, 1);
    assert_near(v.difference, -0.1, 1e-12);
    assert_true(v.high < 0);
    assert_ok(cx, bram_network_verdict_text(cx, text, sizeof text, b, "var", 2));
    assert_non_null(strstr(text, "does a network beat var:lags=1? not beyond doubt: 0 of 2"));
    assert_ok(cx, bram_network_verdict_text(cx, text, sizeof text, b, "copy", 2));
    assert_non_null(strstr(text, "beat copy? yes: 1 of 2; the best, gru, differs by 0.30 ["));
    assert_ok(cx, bram_network_verdict_text(cx, text, sizeof text, b, "glm", 2));
    assert_string_equal(text, "");
    bram_board_free(b);
    bram_results_free(r);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_means_over_parts),
        cmocka_unit_test(blocks_of_parts_count_together),
        cmocka_unit_test(forecasts_from_files_are_marked),
        cmocka_unit_test(ranks_come_from_paired_differences),
        cmocka_unit_test(ranks_are_those_of_the_intervals),
        cmocka_unit_test(missing_cells_are_counted_never_imputed),
        cmocka_unit_test(an_unknown_score_is_named_with_those_there_are),
        cmocka_unit_test(networks_are_held_against_var_and_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
