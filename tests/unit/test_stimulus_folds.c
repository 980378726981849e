/* Tests of benchmarks/stimulus_folds.c: groups stay together, strata are even, images do not leak.
 */
#include "stimulus_folds.h"

#include "internal.h"
#include "test.h"

static size_t made; /* folds of the last cut */

enum { MOVIES = 10, FRAMES = 11, N = 2 * MOVIES * FRAMES };

/* The natural and the synthetic sequences of ten movies, whose first and last frames are shared. */
static bram_axis *movies(bram_ctx *cx, bool with_images)
{
    static char text[3][N][24];
    const char *movie[N], *category[N], *image[N];
    bram_axis *axis;
    for (size_t i = 0; i < N; i++) {
        size_t frame = i % FRAMES, m = i / FRAMES % MOVIES;
        bool natural = i < N / 2, shared = frame == 0 || frame == FRAMES - 1;
        snprintf(text[0][i], sizeof text[0][i], "movie%zu", m);
        snprintf(text[1][i], sizeof text[1][i], "%s", natural ? "natural" : "synthetic");
        snprintf(text[2][i], sizeof text[2][i], "%s%zu-%zu",
                 shared    ? ""
                 : natural ? "n"
                           : "s",
                 m, frame);
        movie[i] = text[0][i], category[i] = text[1][i], image[i] = text[2][i];
    }
    assert_ok(cx, bram_axis_new(cx, &axis, "stimulus", N));
    assert_ok(cx, bram_axis_add_text(cx, axis, "movie", movie));
    assert_ok(cx, bram_axis_add_text(cx, axis, "category", category));
    if (with_images) assert_ok(cx, bram_axis_add_text(cx, axis, "image", image));
    return axis;
}

/* Every stimulus is tested once, and is otherwise in training. */
static void check(const bram_fold *fold, size_t folds, size_t *of)
{
    size_t tested[N] = {0};
    for (size_t f = 0; f < folds; f++) {
        size_t seen[N] = {0};
        assert_int_equal(fold[f].tests + fold[f].trains, N);
        for (size_t i = 0; i < fold[f].tests; i++) {
            tested[fold[f].test[i]]++, seen[fold[f].test[i]]++;
            of[fold[f].test[i]] = f;
        }
        for (size_t i = 0; i < fold[f].trains; i++) seen[fold[f].train[i]]++;
        for (size_t i = 0; i < N; i++) assert_int_equal(seen[i], 1);
    }
    for (size_t i = 0; i < N; i++) assert_int_equal(tested[i], 1);
}

static void movies_stay_together(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis = movies(cx, true);
    bram_fold *fold = NULL;
    size_t of[N], other[N], same = 0;
    bram_stimulus_split s = {.folds = 5, .group = "movie", .stratify = ""};
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, axis, &s));
    check(fold, 5, of);
    for (size_t f = 0; f < 5; f++) assert_int_equal(fold[f].tests, N / 5); /* two movies each */
    for (size_t i = 0; i < N; i++) assert_int_equal(of[i], of[i / FRAMES % MOVIES * FRAMES]);
    bram_free(fold);
    s.seed = 1;
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, axis, &s));
    check(fold, 5, other);
    for (size_t i = 0; i < N; i++) same += of[i] == other[i];
    assert_true(same < N);
    bram_free(fold);
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

static void the_same_image_is_in_one_fold(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis = movies(cx, true);
    bram_fold *fold = NULL;
    size_t of[N];
    bram_stimulus_split s = {.folds = 4, .group = "", .stratify = ""};
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, axis, &s)); /* by image, without asking */
    check(fold, 4, of);
    for (size_t m = 0; m < MOVIES; m++) {
        assert_int_equal(of[m * FRAMES], of[N / 2 + m * FRAMES]);
        assert_int_equal(of[m * FRAMES + 10], of[N / 2 + m * FRAMES + 10]);
    }
    bram_free(fold);
    fold = NULL;
    s.group = "category", s.folds = 2; /* natural against synthetic would share them */
    assert_int_equal(bram_stimulus_folds(cx, &fold, &made, axis, &s), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "stimuli 0 and 110"));
    assert_null(fold);
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

static void strata_are_spread_evenly(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis = movies(cx, false);
    bram_fold *fold = NULL;
    size_t of[N], count[5][2] = {{0}};
    bram_stimulus_split s = {.folds = 5, .group = "", .stratify = "category"};
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, axis, &s));
    check(fold, 5, of);
    for (size_t i = 0; i < N; i++) count[of[i]][i >= N / 2]++;
    for (size_t f = 0; f < 5; f++)
        for (size_t c = 0; c < 2; c++) assert_int_equal(count[f][c], N / 10);
    bram_free(fold);
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

static void parts_in_order(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis = movies(cx, false), *shared = movies(cx, true);
    bram_fold *fold = NULL;
    size_t of[N];
    bram_stimulus_split s = {.scheme = BRAM_SPLIT_ORDERED, .folds = 4};
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, axis, &s));
    check(fold, 4, of);
    for (size_t i = 0; i < N; i++) assert_int_equal(of[i], i / (N / 4));
    bram_free(fold);
    s.gap = 3; /* of the first part 3 stimuli behind it, of the second 3 on either side */
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, axis, &s));
    assert_int_equal(fold[0].trains, N - N / 4 - 3);
    assert_int_equal(fold[0].train[0], N / 4 + 3);
    assert_int_equal(fold[1].trains, N - N / 4 - 6);
    assert_int_equal(fold[1].train[N / 4 - 4], N / 4 - 4);
    bram_free(fold);
    s.gap = 0; /* an image of the first half that comes again in the second stays where it was */
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, shared, &s));
    check(fold, 4, of);
    for (size_t m = 0; m < MOVIES; m++) assert_int_equal(of[N / 2 + m * FRAMES], of[m * FRAMES]);
    bram_free(fold);
    bram_axis_free(axis);
    bram_axis_free(shared);
    bram_ctx_free(cx);
}

static void splits_that_overlap(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis = movies(cx, false);
    bram_fold *fold = NULL;
    size_t tested[N] = {0}, several = 0;
    bram_stimulus_split s = {
        .scheme = BRAM_SPLIT_SHUFFLE, .folds = 10, .train_share = 0.9, .stratify = "category"};
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, axis, &s));
    assert_int_equal(made, 10);
    for (size_t f = 0; f < 10; f++) {
        size_t natural = 0;
        assert_int_equal(fold[f].tests, N / 10);
        assert_int_equal(fold[f].trains, N - N / 10);
        for (size_t i = 0; i < fold[f].tests; i++) {
            natural += fold[f].test[i] < N / 2;
            tested[fold[f].test[i]]++;
        }
        assert_int_equal(natural, N / 20); /* as many of either category */
    }
    for (size_t i = 0; i < N; i++) several += tested[i] > 1;
    assert_true(several > 0);
    bram_free(fold);
    s.stratify = "", s.group = "movie", s.train_share = 0.8; /* whole movies: two of ten */
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, axis, &s));
    for (size_t f = 0; f < 10; f++) assert_int_equal(fold[f].tests, N / 5);
    bram_free(fold);
    s.train_share = 0.99; /* no movie is so short */
    fold = NULL;
    assert_int_equal(bram_stimulus_folds(cx, &fold, &made, axis, &s), BRAM_ENOTAPPLICABLE);
    assert_null(fold);
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

static void what_cannot_be_cut(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis = movies(cx, false);
    bram_fold *fold = NULL;
    bram_stimulus_split s = {.folds = 5, .group = "session", .stratify = ""};
    assert_int_equal(bram_stimulus_folds(cx, &fold, &made, axis, &s), BRAM_EABSENT);
    s.group = "category"; /* two groups */
    assert_int_equal(bram_stimulus_folds(cx, &fold, &made, axis, &s), BRAM_ENOTAPPLICABLE);
    s.group = "", s.folds = N;
    assert_int_equal(bram_stimulus_folds(cx, &fold, &made, axis, &s), BRAM_ENOTAPPLICABLE);
    assert_null(fold);
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_axis *axis = movies(cx, true);
        bram_fold *fold = NULL;
        bram_stimulus_split s = {.folds = 5, .group = "movie", .stratify = "category"};
        bram_fail_allocation(k, true);
        status = bram_stimulus_folds(cx, &fold, &made, axis, &s);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || (status == BRAM_ENOMEM && !fold));
        assert_true(k < 50);
        bram_free(fold);
        bram_axis_free(axis);
        bram_ctx_free(cx);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(movies_stay_together),
        cmocka_unit_test(the_same_image_is_in_one_fold),
        cmocka_unit_test(strata_are_spread_evenly),
        cmocka_unit_test(parts_in_order),
        cmocka_unit_test(splits_that_overlap),
        cmocka_unit_test(what_cannot_be_cut),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
