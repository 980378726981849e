/* Tests of benchmarks/scores.c: values, floors, draws, intervals, subsets. */
#include "scores.h"

#include "internal.h"
#include "resample.h"
#include "test.h"

enum { ROWS = 20, UNITS = 2, GROUPS = 10, SAMPLES = 50 };

/* Unit 0 is off by 1 in even rows, unit 1 by 2 in all; the floor is off by 3 everywhere. */
static void fill(double brain[], double model[], double floor_[], uint32_t group[])
{
    for (size_t t = 0; t < ROWS; t++) {
        group[t] = (uint32_t)(t / (ROWS / GROUPS));
        for (size_t u = 0; u < UNITS; u++) {
            size_t at = t * UNITS + u;
            brain[at] = sin((double)t) + (double)u;
            model[at] = brain[at] + (u == 0 ? (t % 4 == 0 ? 1 : 0) : 2);
            floor_[at] = brain[at] + 3;
        }
    }
}

struct fixture {
    bram_ctx *cx;
    bram_axis *unit;
    bram_scores *scores;
    double brain[ROWS * UNITS], model[ROWS * UNITS], floor_[ROWS * UNITS];
    uint32_t group[ROWS];
    bram_score_piece piece;
    bram_score_job job;
};

static void start(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->cx = bram_ctx_new();
    assert_ok(f->cx, bram_axis_new(f->cx, &f->unit, "neuron", UNITS));
    assert_ok(f->cx, bram_axis_set_ids(f->cx, f->unit, (const char *[]){"AVAL", "AVAR"}));
    assert_ok(f->cx, bram_scores_new(f->cx, &f->scores, f->unit, "test/part", 0, SAMPLES, 0.9));
    fill(f->brain, f->model, f->floor_, f->group);
    f->job = (bram_score_job){.label = "h2",
                              .horizon = 2,
                              .piece = &f->piece,
                              .pieces = 1,
                              .floors = 1,
                              .axis = "blocks"};
    f->piece.groups = (bram_groups){f->group, GROUPS};
    f->piece.brain.values = (bram_mat){f->brain, ROWS, UNITS, UNITS};
    f->piece.model.values = (bram_mat){f->model, ROWS, UNITS, UNITS};
    f->piece.floor[0] = (bram_floor){"copy", {.values = {f->floor_, ROWS, UNITS, UNITS}}};
}

static void stop(struct fixture *f)
{
    bram_scores_free(f->scores);
    bram_axis_free(f->unit);
    bram_ctx_free(f->cx);
}

static const bram_axis *finish(struct fixture *f, bram_dataset **out)
{
    assert_ok(f->cx, bram_dataset_new(f->cx, out));
    assert_ok(f->cx, bram_scores_finish(f->cx, f->scores, *out));
    return bram_response_axis(bram_dataset_response(*out, "raw"), 0);
}

static double number(const bram_axis *table, const char *column, size_t row)
{
    return bram_axis_column(table, column)->number[row];
}

static void values_and_floors_are_those_of_the_metric(void **state)
{
    (void)state;
    struct fixture f;
    bram_dataset *out = NULL;
    start(&f);
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "mse", &f.job));
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "median mse", &f.job));
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "skill:over=pooled", &f.job));
    const bram_axis *table = finish(&f, &out);
    assert_string_equal(bram_axis_id(table, 0), "mse@h2");
    assert_near(number(table, "value", 0), (0.25 + 4) / 2, 1e-12); /* 5 of 20 rows are off by 1 */
    assert_near(number(table, "floor_copy", 0), 9, 1e-12);
    assert_near(number(table, "value", 2), 1 - (0.25 + 4) / 18, 1e-12);
    assert_near(number(table, "floor_copy", 2), 0, 1e-12);
    assert_int_equal(bram_axis_column(table, "units")->integer[0], 2);
    assert_int_equal(bram_axis_column(table, "groups")->integer[0], GROUPS);
    const bram_response *raw = bram_dataset_response(out, "raw");
    double values[2];
    uint8_t present[2];
    assert_ok(f.cx,
              bram_response_read(f.cx, raw, (size_t[]){0, 0}, (size_t[]){1, 2}, values, present));
    assert_near(values[0], 0.25, 1e-12);
    assert_near(values[1], 4, 1e-12);
    bram_dataset_free(out);
    stop(&f);
}

/* Draw k must be the score of the rows of the drawn blocks, written out as often as drawn. */
static void a_draw_is_the_score_of_the_repeated_blocks(void **state)
{
    (void)state;
    struct fixture f;
    bram_dataset *out = NULL;
    start(&f);
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "mse", &f.job));
    const bram_axis *table = finish(&f, &out);
    double draw[SAMPLES], sorted[SAMPLES];
    uint8_t present[SAMPLES];
    assert_ok(f.cx, bram_response_read(f.cx, bram_dataset_response(out, "draw"), (size_t[]){0, 0},
                                       (size_t[]){1, SAMPLES}, draw, present));
    for (size_t k = 0; k < SAMPLES; k++) {
        uint32_t times[GROUPS];
        bram_bootstrap_draw(times, GROUPS, 0, "test/part", k);
        double sum[UNITS] = {0}, count = 0;
        for (size_t t = 0; t < ROWS; t++) {
            count += times[f.group[t]];
            for (size_t u = 0; u < UNITS; u++) {
                double e = f.model[t * UNITS + u] - f.brain[t * UNITS + u];
                sum[u] += times[f.group[t]] * e * e;
            }
        }
        assert_near(draw[k], (sum[0] + sum[1]) / (2 * count), 1e-12);
        sorted[k] = draw[k];
    }
    bram_interval interval;
    assert_ok(f.cx, bram_interval_corrected(f.cx, &interval, number(table, "value", 0), sorted,
                                            SAMPLES, 0.9, GROUPS, 1, true));
    assert_near(number(table, "low", 0), interval.low, 0);
    assert_near(number(table, "high", 0), interval.high, 0);
    bram_dataset_free(out);
    stop(&f);
}

static void few_blocks_give_no_interval(void **state)
{
    (void)state;
    struct fixture f;
    bram_dataset *out = NULL;
    start(&f);
    f.piece.groups.groups = 7;
    for (size_t t = 0; t < ROWS; t++) f.group[t] %= 7;
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "mse", &f.job));
    const bram_axis *table = finish(&f, &out);
    assert_near(number(table, "value", 0), 2.125, 1e-12);
    assert_true(isnan(number(table, "low", 0)));
    assert_true(isnan(number(table, "high", 0)));
    bram_dataset_free(out);
    stop(&f);
}

/* Whether a score of so many blocks has draws, which a mean over parts may take. */
static bool has_draws(const char *metric, size_t blocks)
{
    struct fixture f;
    bram_dataset *out = NULL;
    double draw[SAMPLES];
    uint8_t present[SAMPLES];
    start(&f);
    f.piece.groups.groups = blocks;
    for (size_t t = 0; t < ROWS; t++) f.group[t] %= blocks;
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, metric, &f.job));
    assert_true(isnan(number(finish(&f, &out), "low", 0)));
    assert_ok(f.cx, bram_response_read(f.cx, bram_dataset_response(out, "draw"), (size_t[]){0, 0},
                                       (size_t[]){1, SAMPLES}, draw, present));
    bool has = present[0] && !isnan(draw[0]);
    bram_dataset_free(out);
    stop(&f);
    return has;
}

/* r2 and r take the mean of their rows: of few blocks they lie beside the truth in all parts. */
static void three_blocks_give_draws(void **state)
{
    (void)state;
    assert_true(has_draws("mse", 3));
    assert_true(has_draws("mse", 7));
    assert_false(has_draws("mse", 2));
    assert_true(has_draws("skill", 3));
    assert_false(has_draws("r2", 7));
    assert_false(has_draws("pearson", 7));
}

static void a_subset_counts_its_units_alone(void **state)
{
    (void)state;
    struct fixture f;
    bram_dataset *out = NULL;
    start(&f);
    f.job.subset = (const uint8_t[]){1, 0};
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "mse", &f.job));
    const bram_axis *table = finish(&f, &out);
    assert_near(number(table, "value", 0), 0.25, 1e-12);
    assert_int_equal(bram_axis_column(table, "units")->integer[0], 1);
    bram_dataset_free(out);
    stop(&f);
}

static void undefined_units_are_counted_and_left_out(void **state)
{
    (void)state;
    struct fixture f;
    bram_dataset *out = NULL;
    start(&f);
    for (size_t t = 0; t < ROWS; t++) f.brain[t * UNITS] = 5; /* constant: no correlation */
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "pearson", &f.job));
    const bram_axis *table = finish(&f, &out);
    assert_near(number(table, "value", 0), 1, 1e-9); /* unit 1 is shifted by a constant */
    assert_int_equal(bram_axis_column(table, "undefined")->integer[0], 1);
    bram_dataset_free(out);
    stop(&f);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    assert_int_equal(bram_scores_add(f.cx, f.scores, "msse", &f.job), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(f.cx), "msse"));
    assert_int_equal(bram_scores_add(f.cx, f.scores, "skill:over=all", &f.job), BRAM_EUSAGE);
    f.job.floors = 0;
    assert_int_equal(bram_scores_add(f.cx, f.scores, "skill", &f.job), BRAM_ENOTAPPLICABLE);
    f.piece.model.values.cols = 1;
    assert_int_equal(bram_scores_add(f.cx, f.scores, "mse", &f.job), BRAM_ESHAPE);
    stop(&f);
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    for (size_t k = 1;; k++) {
        struct fixture f;
        start(&f);
        bram_dataset *out = NULL;
        bram_fail_allocation(k, false);
        int status = bram_scores_add(f.cx, f.scores, "skill:over=pooled", &f.job);
        if (status == BRAM_OK) status = bram_dataset_new(f.cx, &out);
        if (status == BRAM_OK) status = bram_scores_finish(f.cx, f.scores, out);
        size_t made = bram_allocations();
        bram_fail_allocation(0, false);
        bram_dataset_free(out);
        stop(&f);
        if (status == BRAM_OK && k > made) break;
        assert_int_equal(status, BRAM_ENOMEM);
    }
}

static void summaries_by_hand(void **state)
{
    (void)state;
    double scratch[4];
    size_t undefined = 9;
    const double four[] = {4, 1, NAN, 2};
    assert_near(bram_summary(four, 4, false, scratch, &undefined), 7.0 / 3, 1e-15);
    assert_int_equal(undefined, 1);
    assert_near(bram_summary(four, 4, true, scratch, NULL), 2, 0);
    assert_near(bram_summary(four, 2, true, scratch, NULL), 2.5, 0);
    assert_true(isnan(bram_summary(four, 0, true, scratch, NULL)));
}

/* Four brains in place of shuffled ones: off by 1, by 2, a constant, and the true one. */
static void shuffled_brains(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    double flat[3][ROWS * UNITS];
    bram_side null[4];
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < ROWS * UNITS; i++)
            flat[k][i] = k == 2 ? 7 : f.model[i] + (double)(k + 1); /* mae 1, 2 */
    for (size_t k = 0; k < 4; k++)
        null[k] = (bram_side){.values = {k < 3 ? flat[k] : f.brain, ROWS, UNITS, UNITS}};
    f.job.null = null, f.job.nulls = 4;
    assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "mae", &f.job));
    bram_dataset *result = NULL;
    assert_ok(f.cx, bram_dataset_new(f.cx, &result));
    assert_ok(f.cx, bram_scores_finish(f.cx, f.scores, result));
    const bram_axis *table = bram_response_axis(bram_dataset_response(result, "raw"), 0);
    double value = bram_axis_column(table, "value")->number[0];
    double off = 0;
    for (size_t i = 0; i < ROWS * UNITS; i++) off += fabs(f.model[i] - 7) / (ROWS * UNITS);
    double mean = (1 + 2 + off + value) / 4, square = pow(1 - mean, 2) + pow(2 - mean, 2);
    square += pow(off - mean, 2) + pow(value - mean, 2);
    assert_near(bram_axis_column(table, "floor_shuffled")->number[0], mean, 1e-12);
    assert_near(bram_axis_column(table, "null_sd")->number[0], sqrt(square / 3), 1e-12);
    /* lower is better: 1 and the copy of the brain itself are as good, 2 and off are not */
    assert_true(value >= 1 && value < 2 && off > 2);
    assert_near(bram_axis_column(table, "null_p")->number[0], (1 + 2) / 5.0, 1e-15);
    bram_dataset_free(result);
    stop(&f);
}

/* The mean of r^2 / c over the units that count and have an r: one without, or one outside of the
 * subset, neither counts nor makes the next number in memory count. */
static void unitwise_normalization_takes_the_units_that_count(void **state)
{
    (void)state;
    for (int outside = 0; outside < 2; outside++) {
        struct fixture f;
        bram_dataset *out = NULL;
        const double reliability[] = {0.5, 0.8, 2};
        const uint8_t subset[] = {1, 0};
        start(&f);
        for (size_t t = 0; t < ROWS && !outside; t++) f.model[t * UNITS + 1] = 7;
        f.job.subset = outside ? subset : NULL;
        f.job.ceiling = BRAM_CEILING_RELIABILITY;
        f.job.reliability = reliability;
        f.job.normalization = BRAM_RULE_UNITWISE;
        assert_ok(f.cx, bram_scores_add(f.cx, f.scores, "pearson", &f.job));
        const bram_axis *table = finish(&f, &out);
        double r = number(table, "value", 0); /* of unit 0 alone */
        assert_true(r > 0.5 && r < 0.99);
        assert_near(number(table, "normalized", 0), r * r / 0.5, 1e-12);
        bram_dataset_free(out);
        stop(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unitwise_normalization_takes_the_units_that_count),
        cmocka_unit_test(shuffled_brains),
        cmocka_unit_test(values_and_floors_are_those_of_the_metric),
        cmocka_unit_test(a_draw_is_the_score_of_the_repeated_blocks),
        cmocka_unit_test(few_blocks_give_no_interval),
        cmocka_unit_test(three_blocks_give_draws),
        cmocka_unit_test(a_subset_counts_its_units_alone),
        cmocka_unit_test(undefined_units_are_counted_and_left_out),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(failing_allocations_are_survived),
        cmocka_unit_test(summaries_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
