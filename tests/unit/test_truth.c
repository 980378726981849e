/* Tests of report/truth.c on boards made by hand: wins, shares, is beaten, has no score. */
#include "truth.h"

#include "definition.h"
#include "simulate.h"
#include "test.h"

#include <string.h>

static bram_board board_of(bram_board_row *row, size_t rows, bool higher_better)
{
    return (bram_board){.row = row, .rows = rows, .higher_better = higher_better};
}

static void verdicts(void **state)
{
    (void)state;
    bram_board_row row[] = {{.model = "a", .value = 0.9, .rank = 1},
                            {.model = "b", .value = 0.8, .rank = 1},
                            {.model = "c", .value = 0.5, .rank = 3},
                            {.model = "d", .value = NAN}};
    const bram_board_row *other = NULL;
    bram_board b = board_of(row, 4, true);
    assert_int_equal(bram_truth_verdict(&b, "a", &other), BRAM_TRUTH_SHARES);
    assert_string_equal(other->model, "b");
    assert_int_equal(bram_truth_verdict(&b, "b", &other), BRAM_TRUTH_SHARES);
    assert_string_equal(other->model, "a");
    assert_int_equal(bram_truth_verdict(&b, "c", &other), BRAM_TRUTH_BEATEN);
    assert_int_equal(bram_truth_verdict(&b, "d", &other), BRAM_TRUTH_UNSCORED);
    assert_int_equal(bram_truth_verdict(&b, "nobody", &other), BRAM_TRUTH_UNSCORED);
    row[1].rank = 2;
    assert_int_equal(bram_truth_verdict(&b, "a", &other), BRAM_TRUTH_WINS);
    assert_int_equal(bram_truth_verdict(&b, "b", &other), BRAM_TRUTH_BEATEN);
}

/* Without intervals nobody has a rank: the best value wins, a tie does not. */
static void without_ranks_values_decide(void **state)
{
    (void)state;
    bram_board_row row[] = {{.model = "a", .value = 0.1}, {.model = "b", .value = 0.2}};
    const bram_board_row *other = NULL;
    bram_board lower = board_of(row, 2, false), higher = board_of(row, 2, true);
    assert_int_equal(bram_truth_verdict(&lower, "a", &other), BRAM_TRUTH_WINS);
    assert_int_equal(bram_truth_verdict(&higher, "a", &other), BRAM_TRUTH_BEATEN);
    row[1].value = 0.1;
    assert_int_equal(bram_truth_verdict(&lower, "a", &other), BRAM_TRUTH_BEATEN);
    lower.rows = 1;
    assert_int_equal(bram_truth_verdict(&lower, "a", &other), BRAM_TRUTH_WINS);
    assert_null(other);
}

/* Whoever runs made data learns whether the true model wins, or why there is none. */
static void each_made_benchmark_has_a_truth_or_says_why_not(void **state)
{
    (void)state;
    char **name = NULL;
    size_t count = 0, made = 0;
    bram_ctx *cx = bram_ctx_new();
    assert_int_equal(bram_definition_names(cx, &name, &count, NULL, bram_definition_folders, ""),
                     BRAM_OK);
    for (size_t i = 0; i < count; i++) {
        bram_benchmark *b = NULL;
        assert_int_equal(bram_benchmark_read(cx, &b, name[i]), BRAM_OK);
        if (bram_simulation_find(b->dataset)) {
            made++;
            if (!b->truth == !b->no_truth) fail_msg("%s: truth or no_truth, one of them", b->name);
        }
        bram_benchmark_free(b);
    }
    assert_true(made >= 21);
    bram_definition_names_free(name, count);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts), cmocka_unit_test(without_ranks_values_decide),
        cmocka_unit_test(each_made_benchmark_has_a_truth_or_says_why_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
