/*
 * Tests of the splits of the task encoding: stored lists that give Brain-Score's scores, sets of
 * the source, responses that are only learned from, random splits that overlap and their
 * intervals, and what is refused as a leak.
 */
#include "cell_test.h"
#include "hash.h"
#include "linalg.h"
#include "reference_file.h"
#include "stats.h"
#include "trial_scores.h"

#include <bramble/rng.h>

static char pearson[] = "pearson:constant=zero", median_pearson[] = "median pearson:constant=zero",
            pls[] = "median encoding:map=pls,components=5,pls=nipals",
            ridge[] = "median encoding:alpha=1", single[] = "single-trial", feve[] = "feve";

enum { MOST = 64 };

/* s000, s001 ... */
static const char *const *numbered(size_t n)
{
    static char text[MOST][24];
    static const char *id[MOST];
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "s%03zu", i);
        id[i] = text[i];
    }
    return id;
}

/* stimulus (x unit (x repeat)) with columns of the stimuli. */
static void add_response(bram_ctx *cx, bram_dataset *ds, const char *name, const size_t length[3],
                         const char *const *ids, const char *const *set, const char *const *image,
                         const double *values)
{
    bram_axis *axis[3] = {NULL, NULL, NULL};
    bram_response *r = NULL;
    size_t dims = length[2] > 1 ? 3 : 2;
    assert_ok(cx, bram_axis_new(cx, &axis[0], "stimulus", length[0]));
    assert_ok(cx, bram_axis_set_ids(cx, axis[0], ids));
    if (set) assert_ok(cx, bram_axis_add_text(cx, axis[0], "set", set));
    if (image) assert_ok(cx, bram_axis_add_text(cx, axis[0], "image", image));
    assert_ok(cx, bram_axis_new(cx, &axis[1], "neuron", length[1]));
    assert_ok(cx, bram_axis_new(cx, &axis[2], "repeat", length[2]));
    assert_ok(cx, bram_response_new(cx, &r, name, BRAM_F64, dims, (const bram_axis *const *)axis));
    memcpy(bram_response_f64(r), values, bram_response_count(r) * sizeof *values);
    assert_ok(cx, bram_dataset_add(cx, ds, "responses", r));
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
}

static void add_features(bram_ctx *cx, bram_dataset *ds, size_t n, size_t cols, const double *x)
{
    const char *const axes[] = {"stimulus", "feature"};
    const char *const *const ids[] = {numbered(n), NULL};
    test_add(cx, ds, "stimuli/features", "x", 2, axes, (const size_t[]){n, cols}, ids, x, NULL);
}

/* "PATH@DIGITS" of a file with this text. */
static const char *split_file(bram_ctx *cx, const char *text)
{
    static char path[200], spec[320];
    char sum[65];
    test_temporary(path, "splits.json");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_ok(cx, bram_sha256_file(cx, sum, path));
    snprintf(spec, sizeof spec, "split=file,file=%s@%.12s", path, sum);
    return spec;
}

/* ---- Brain-Score ---------------------------------------------------------------------------- */

static void append_lists(char *text, size_t room, const char *name, const bram_json *lists)
{
    size_t used = strlen(text);
    used += (size_t)snprintf(text + used, room - used, "\"%s\": [", name);
    for (size_t k = 0; k < bram_json_count(lists); k++) {
        const bram_json *list = bram_json_at(lists, k);
        used += (size_t)snprintf(text + used, room - used, "%s[", k ? "," : "");
        for (size_t i = 0; i < bram_json_count(list); i++) {
            int64_t at = -1;
            assert_true(bram_json_integer(bram_json_at(list, i), &at));
            used += (size_t)snprintf(text + used, room - used, "%s%d", i ? "," : "", (int)at);
        }
        used += (size_t)snprintf(text + used, room - used, "]");
    }
    snprintf(text + used, room - used, "]");
}

/* The task on the lists that scikit-learn's splitters drew: the scores of Brain-Score, to the
 * tolerances of its regressions (pls stops by a tolerance of its own). */
static void stored_lists_give_brain_scores_scores(void **state)
{
    (void)state;
    struct reference r;
    static char text[20000], *metrics[] = {pls, ridge};
    static const char *const schemes[] = {"shuffle", "stratified"};
    open_reference(&r);
    bram_mat x = reference_table(&r, "inputs/tall/X"), y = reference_table(&r, "inputs/tall/Y");
    bram_dataset *ds = NULL, *result = NULL;
    assert_ok(r.cx, bram_dataset_new(r.cx, &ds));
    add_response(r.cx, ds, "it", (const size_t[]){y.rows, y.cols, 1}, numbered(y.rows), NULL, NULL,
                 y.data);
    add_features(r.cx, ds, x.rows, x.cols, x.data);
    for (size_t k = 0; k < 2; k++) {
        char path[64], options[400];
        snprintf(text, sizeof text, "{");
        snprintf(path, sizeof path, "brainscore_cv/%s/train", schemes[k]);
        append_lists(text, sizeof text, "train", reference_at(&r, path));
        strcat(text, ", ");
        snprintf(path, sizeof path, "brainscore_cv/%s/test", schemes[k]);
        append_lists(text, sizeof text, "test", reference_at(&r, path));
        strcat(text, "}");
        snprintf(options, sizeof options, "%s,score=folds,aggregate=splits,samples=50",
                 split_file(r.cx, text));
        bram_benchmark b = test_benchmark(r.cx, "encoding", metrics, 2, options);
        assert_ok(r.cx, test_cell(r.cx, &result, &b, ds, "it", "features:x"));
        snprintf(path, sizeof path, "brainscore_cv/%s/pls5/score", schemes[k]);
        assert_near(test_number(result, pls, "value"), reference_number(&r, path), 1e-7);
        snprintf(path, sizeof path, "brainscore_cv/%s/ridge1/score", schemes[k]);
        assert_near(test_number(result, ridge, "value"), reference_number(&r, path), 1e-9);
        assert_true(test_number(result, ridge, "low") < test_number(result, ridge, "value"));
        bram_dataset_free(result);
        bram_options_free(b.options);
    }
    bram_dataset_free(ds);
    close_reference(&r);
}

/* ---- sets of the source --------------------------------------------------------------------- */

enum { LEARNED = 16, TESTED = 6, REPEATS = 2 };

/* Unit 0 is 1 + 2 x, unit 1 is -x; of what is tested both repeats, e to either side: e of unit 0 is
 * 3 in turn up and down. x is 0 1 2 ...; the tested stimuli follow the others. */
static bram_dataset *with_training(bram_ctx *cx, const char *shared)
{
    static double x[LEARNED + TESTED], learned[LEARNED * 2], tested[TESTED * 2 * REPEATS];
    static const char *tier[LEARNED], *image[LEARNED], *test_image[TESTED];
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t i = 0; i < LEARNED; i++) {
        x[i] = (double)(i * 7 % LEARNED);
        learned[2 * i] = 1 + 2 * x[i], learned[2 * i + 1] = -x[i];
        tier[i] = i % 4 ? "train" : "validation";
        image[i] = numbered(LEARNED)[i];
    }
    for (size_t i = 0; i < TESTED; i++) {
        double at = x[LEARNED + i] = (double)i + 3, e = i % 2 ? -3 : 3;
        tested[4 * i] = 1 + 2 * at + e, tested[4 * i + 1] = 1 + 2 * at - e;
        tested[4 * i + 2] = tested[4 * i + 3] = -at;
        test_image[i] = i == 2 ? shared : numbered(LEARNED + TESTED)[LEARNED + i];
    }
    add_response(cx, ds, "m_training", (const size_t[]){LEARNED, 2, 1}, numbered(LEARNED), tier,
                 image, learned);
    add_response(cx, ds, "m", (const size_t[]){TESTED, 2, REPEATS},
                 numbered(LEARNED + TESTED) + LEARNED, NULL, test_image, tested);
    add_features(cx, ds, LEARNED + TESTED, 1, x);
    return ds;
}

/* The signal of unit 0 over the tested stimuli is 2 (3 4 5 6 7 8): variance (over n) 4 35 / 12. */
static void what_is_learned_stands_beside_what_is_tested(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static char *metrics[] = {pearson, single, feve};
    bram_dataset *ds = with_training(cx, "other"), *result = NULL;
    bram_benchmark b = test_benchmark(
        cx, "encoding", metrics, 3,
        "split=set,training=_training,train_sets=train+validation,score=folds,"
        "samples=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "m", "features:x"));
    assert_near(test_number(result, pearson, "value"), 1, 1e-12);
    double signal = 4 * 35 / 12., noise = 9;
    assert_near(test_number(result, single, "value"), (sqrt(signal / (signal + noise)) + 1) / 2,
                1e-9);
    /* the smallest penalty, 0.01, shrinks the slope of 16 z-scored x by 16 / 16.01; unit 0: MSE 9
     * and that, noise (over n - 1) 18, variance (signal + 9) 12 / 11; unit 1 has no noise */
    double variance = (signal + noise) * 12 / 11, shrunk = 0;
    for (size_t i = 0; i < TESTED; i++)
        shrunk += pow(((double)i + 3 - 7.5) * (1 - 16 / 16.01), 2) / TESTED;
    assert_near(test_number(result, feve, "value"),
                (1 - (9 + 4 * shrunk - 18) / (variance - 18)) / 2 +
                    (1 - shrunk / (35 / 12. * 12 / 11)) / 2,
                1e-9);
    assert_near(test_number(result, feve, "undefined"), 0, 0);
    bram_dataset_free(result);
    /* reliability of unit 0 over the tested alone: halves 2 x + e and 2 x - e */
    double xy = 0, xx = 0, yy = 0, mx = 0, my = 0;
    for (size_t i = 0; i < TESTED; i++) {
        double at = 2 * (double)i, e = i % 2 ? -3 : 3;
        mx += (at + e) / TESTED, my += (at - e) / TESTED;
    }
    for (size_t i = 0; i < TESTED; i++) {
        double at = 2 * (double)i, e = i % 2 ? -3 : 3;
        xx += pow(at + e - mx, 2), yy += pow(at - e - my, 2);
        xy += (at + e - mx) * (at - e - my);
    }
    double half = xy / sqrt(xx * yy), full = 2 * half / (1 + half);
    assert_ok(cx, test_cell(cx, &result, &b, ds, "m", "mean"));
    assert_near(test_number(result, pearson, "value"), 0, 0);
    assert_near(test_number(result, pearson, "ceiling"), (sqrt(full) + 1) / 2, 1e-12);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void fails(bram_ctx *cx, const bram_dataset *ds, const char *part, const char *options,
                  int status, const char *words)
{
    static char *metrics[] = {pearson};
    bram_dataset *result = NULL;
    bram_benchmark b = test_benchmark(cx, "encoding", metrics, 1, options);
    int found = test_cell(cx, &result, &b, ds, part, "features:x");
    if (found != status || !strstr(bram_ctx_message(cx), words))
        fail_msg("%s: %d, %s; expected %s", options, found, bram_ctx_message(cx), words);
    bram_options_free(b.options);
}

static char said[400];

static void take_note(void *user, const char *text)
{
    (void)user;
    snprintf(said, sizeof said, "%s", text);
}

static void leaks_and_contradictions_are_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static char *metrics[] = {pearson};
    bram_dataset *ds = with_training(cx, "s005"), *result = NULL;
    static const char set[] = "split=set,training=_training,samples=0";
    fails(cx, ds, "m", set, BRAM_EUSAGE, "stimuli s005 and s018 show the same image");
    bram_ctx_set_note(cx, take_note, NULL);
    bram_benchmark b = test_benchmark(cx, "encoding", metrics, 1,
                                      "split=set,training=_training,leaks=allow,samples=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "m", "features:x"));
    assert_string_equal(said, "1 tested stimuli show an image that is trained on");
    bram_dataset_free(result);
    bram_options_free(b.options);
    fails(cx, ds, "m", "training=_training", BRAM_EUSAGE, "training goes with split=set");
    fails(cx, ds, "m", "split=set,training=_other", BRAM_EABSENT, "there is no responses/m_other");
    fails(cx, ds, "m", "split=set", BRAM_EUSAGE, "needs train_sets and test_sets");
    fails(cx, ds, "m", "split=set,train_sets=a,test_sets=b", BRAM_EABSENT, "no column set");
    fails(
        cx, ds, "m_training", "split=set,train_sets=train,test_sets=test", BRAM_ENOTAPPLICABLE,
        "12 stimuli to train on (train) and 0 to test (test), expected two or more of both; there "
        "are the sets: validation, train");
    fails(cx, ds, "m", "split=shuffle", BRAM_EUSAGE, "score=folds");
    fails(cx, ds, "m", "aggregate=splits", BRAM_EUSAGE, "goes with score=folds");
    fails(cx, ds, "m", "gap=1", BRAM_EUSAGE, "gap goes with split=ordered");
    fails(cx, ds, "m", "file=x", BRAM_EUSAGE, "file goes with split=file");
    fails(cx, ds, "m", "test_sets=x", BRAM_EUSAGE, "go with split=set");
    fails(cx, ds, "m", "split=set,group=image,training=_training", BRAM_EUSAGE, "do not go with");
    fails(cx, ds, "m", "split=file,file=nowhere", BRAM_EUSAGE, "expected PATH@DIGITS");
    fails(cx, ds, "m", "folds=2,reliability=ncsnr", BRAM_ENOTAPPLICABLE, "no column ncsnr");
    fails(cx, ds, "m", "split=ordered,folds=3,gap=9", BRAM_ENOTAPPLICABLE, "a gap of 9 leaves 0");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void lists_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "found no splits"},
        {"{\"splits\": [{\"train\": [0, 1]}]}", "split 1: found nothing, expected a list"},
        {"{\"train\": [[0, 1]], \"test\": [[2, 99]]}", "a row that is not there"},
        {"{\"train\": [[0, true]], \"test\": [[2]]}", "found flag, expected ids"},
        {"{\"train\": [[0, \"zebra\"]], \"test\": [[2]]}", "there is no stimulus \"zebra\""},
        {"{\"train\": [[0, 1, 2]], \"test\": [[2, 3]]}", "is trained on and tested"},
        {"{\"train\": [[0, 1, 0]], \"test\": [[2, 3]]}", "is twice in a list"}};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = with_training(cx, "other");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        fails(cx, ds, "m", split_file(cx, cases[k][0]), BRAM_EFORMAT, cases[k][1]);
    fails(cx, ds, "m", split_file(cx, "{\"train\": [[0, 1]], \"test\": [[2]]}"),
          BRAM_ENOTAPPLICABLE, "split 1 has 2 stimuli to train on and 1 to test");
    char other[400], *at;
    snprintf(other, sizeof other, "%s", split_file(cx, "{\"train\": [], \"test\": []}"));
    at = strrchr(other, '@') + 1;
    *at = *at == 'a' ? 'b' : 'a';
    fails(cx, ds, "m", other, BRAM_EFORMAT, "it is another file");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- splits that overlap -------------------------------------------------------------------- */

/* Noise and a feature: the interval is that of Nadeau and Bengio, by the scores of the splits,
 * which the task gives when asked for each alone. */
static void intervals_of_splits_that_overlap(void **state)
{
    (void)state;
    enum { N = 60, SPLITS = 10 };
    double x[N], y[N], each[SPLITS];
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(3, "overlap");
    static char *metrics[] = {pearson};
    bram_dataset *ds = NULL, *result = NULL;
    for (size_t i = 0; i < N; i++) x[i] = bram_rng_normal(&g), y[i] = x[i] + bram_rng_normal(&g);
    assert_ok(cx, bram_dataset_new(cx, &ds));
    add_response(cx, ds, "v1", (const size_t[]){N, 1, 1}, numbered(N), NULL, NULL, y);
    add_features(cx, ds, N, 1, x);
    bram_benchmark b = test_benchmark(
        cx, "encoding", metrics, 1,
        "split=shuffle,folds=10,train_share=0.8,score=folds,aggregate=splits,"
        "samples=20000");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "v1", "features:x"));
    /* the same splits, their rows as the definition draws them: 12 of 60 in a random order */
    for (size_t k = 0; k < SPLITS; k++) {
        size_t order[N];
        double a[12], p[12];
        bram_rng draw = bram_rng_at(0, "encoding/shuffle", k);
        bram_rng_permutation(&draw, N, order);
        for (size_t i = 0; i < 12; i++) a[i] = y[order[i]], p[i] = x[order[i]];
        each[k] = bram_pearson(p, a, 12); /* one feature of positive weight */
    }
    double mean = 0;
    for (size_t k = 0; k < SPLITS; k++) mean += each[k] / SPLITS;
    assert_near(test_number(result, pearson, "value"), mean, 1e-12);
    double reach = bram_t_quantile(0.975, SPLITS - 1) *
                   sqrt(bram_corrected_variance(each, SPLITS, 12 / 48.));
    double half = (test_number(result, pearson, "high") - test_number(result, pearson, "low")) / 2;
    assert_near(half / reach, 1, 0.05); /* draws of ten splits are not quite normal */
    assert_string_equal(test_text(result, pearson, "resampled"), "10 random splits, which overlap");
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void every_failing_allocation(void **state)
{
    (void)state;
    static char *metrics[] = {median_pearson, single};
    static const char *const options[] = {
        "split=set,training=_training,score=folds,samples=2",
        "split=shuffle,folds=2,train_share=0.5,score=folds,aggregate=splits,"
        "samples=2"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = with_training(cx, "other");
    for (size_t m = 0; m < 2; m++) {
        bram_benchmark b = test_benchmark(cx, "encoding", metrics, 2, options[m]);
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k += 1 + k / 20) {
            bram_ctx *own = bram_ctx_new();
            bram_dataset *fresh = NULL;
            bram_cell cell = {&b, ds, "m", "features:x", 0};
            assert_ok(own, bram_dataset_new(own, &fresh));
            bram_fail_allocation(k, false);
            status = bram_task_find("encoding")->run(own, fresh, &cell);
            bram_fail_allocation(0, false);
            if (status != BRAM_OK && status != BRAM_ENOMEM)
                fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(own));
            bram_dataset_free(fresh);
            bram_ctx_free(own);
            assert_true(k < 100000);
        }
        bram_options_free(b.options);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_lists_give_brain_scores_scores),
        cmocka_unit_test(what_is_learned_stands_beside_what_is_tested),
        cmocka_unit_test(leaks_and_contradictions_are_refused),
        cmocka_unit_test(lists_that_do_not_fit_are_refused),
        cmocka_unit_test(intervals_of_splits_that_overlap),
        cmocka_unit_test(every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
