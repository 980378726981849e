/*
 * The rules of the Neural Latents Benchmark: nlb_tools' figures (shared reference file), files made
 * here, what is wrong with a submission.
 */
#include "h5_write.h"
#include "internal.h"
#include "json.h"
#include "nlb.h"
#include "test.h"

#include <hdf5.h>

enum { TRIALS = 14, BINS = 20, UNITS = 7, TRAIN = 9, IN = 5 };

struct nlb {
    bram_ctx *cx;
    bram_json *file;
    const bram_json *nlb;
    double spikes[TRIALS * BINS * UNITS], rates[TRIALS * BINS * UNITS];
    double velocity[TRIALS * BINS * 2], psth[3 * BINS * UNITS];
    int64_t trial[9], jitter[TRIALS];
    size_t begin[4];
};

static size_t flatten(double *out, const bram_json *value, size_t at)
{
    double x;
    if (bram_json_number(value, &x)) {
        out[at] = x;
        return at + 1;
    }
    for (size_t i = 0; i < bram_json_count(value); i++)
        at = flatten(out, bram_json_at(value, i), at);
    return at;
}

/* false where there is no shared data */
static bool load(struct nlb *n)
{
    char path[512];
    const char *root = getenv("BRAMBLE_TEST_DATA");
    snprintf(path, sizeof path, "%s/../reference/encoding_reference.json",
             root ? root : "../shared/data");
    if (access(path, R_OK) != 0) {
        print_message("# skipped: no %s\n", path);
        return false;
    }
    memset(n, 0, sizeof *n);
    n->cx = bram_ctx_new();
    assert_ok(n->cx, bram_json_read(n->cx, &n->file, path, 1 << 28));
    n->nlb = bram_json_get(n->file, "nlb");
    assert_int_equal(flatten(n->spikes, bram_json_get(n->nlb, "spikes"), 0), TRIALS * BINS * UNITS);
    assert_int_equal(flatten(n->rates, bram_json_get(n->nlb, "rates"), 0), TRIALS * BINS * UNITS);
    assert_int_equal(flatten(n->velocity, bram_json_get(n->nlb, "behaviour"), 0),
                     TRIALS * BINS * 2);
    assert_int_equal(flatten(n->psth, bram_json_get(n->nlb, "psth"), 0), 3 * BINS * UNITS);
    const bram_json *lists = bram_json_get(n->nlb, "psth_trials");
    for (size_t i = 0; i < 3; i++) {
        const bram_json *list = bram_json_at(lists, i);
        n->begin[i + 1] = n->begin[i] + bram_json_count(list);
        for (size_t k = 0; k < bram_json_count(list); k++)
            assert_true(bram_json_integer(bram_json_at(list, k), &n->trial[n->begin[i] + k]));
    }
    const bram_json *jitter = bram_json_get(bram_json_get(n->nlb, "psth_r2_jitter"), "jitter");
    for (size_t i = 0; i < TRIALS; i++)
        assert_true(bram_json_integer(bram_json_at(jitter, i), &n->jitter[i]));
    return true;
}

static void unload(struct nlb *n)
{
    bram_json_free(n->file);
    bram_ctx_free(n->cx);
}

static double expected(const struct nlb *n, const char *key)
{
    double x = NAN;
    assert_true(bram_json_number(bram_json_get(n->nlb, key), &x));
    return x;
}

static double bits(struct nlb *n, double *rates, double *spikes, size_t units)
{
    double x = NAN;
    size_t zeros = 0;
    bram_cube r = {rates, TRIALS, BINS, units}, s = {spikes, TRIALS, BINS, units};
    assert_ok(n->cx, bram_nlb_bits(n->cx, &x, &r, &s, &zeros));
    return x;
}

static void bits_are_those_of_nlb_tools(void **state)
{
    (void)state;
    static struct nlb n;
    if (!load(&n)) return;
    assert_near(bits(&n, n.rates, n.spikes, UNITS), expected(&n, "bits_per_spike"), 1e-12);
    static double two[2][TRIALS * BINS * 2];
    for (size_t i = 0; i < TRIALS * BINS; i++)
        for (size_t u = 0; u < 2; u++) {
            two[0][i * 2 + u] = n.rates[i * UNITS + UNITS - 2 + u];
            two[1][i * 2 + u] = n.spikes[i * UNITS + UNITS - 2 + u];
        }
    assert_near(bits(&n, two[0], two[1], 2), expected(&n, "bits_per_spike_last_two_units"), 1e-12);
    for (size_t t = 15; t < BINS; t++)
        for (size_t u = 0; u < UNITS; u++) n.spikes[(3 * BINS + t) * UNITS + u] = (double)NAN;
    assert_near(bits(&n, n.rates, n.spikes, UNITS), expected(&n, "bits_per_spike_with_nan"), 1e-12);
    unload(&n);
}

static void decoding_and_psths_are_those_of_nlb_tools(void **state)
{
    (void)state;
    static struct nlb n;
    if (!load(&n)) return;
    size_t rows = TRIALS * BINS, train = TRAIN * BINS;
    bram_mat rates = {n.rates, rows, UNITS, UNITS}, velocity = {n.velocity, rows, 2, 2};
    bram_mat x = bram_mat_rows(rates, 0, train), y = bram_mat_rows(velocity, 0, train);
    bram_mat x_test = bram_mat_rows(rates, train, rows - train);
    bram_mat y_test = bram_mat_rows(velocity, train, rows - train);
    double r2 = NAN;
    assert_ok(n.cx, bram_nlb_velocity(n.cx, &r2, &x, &y, &x_test, &y_test));
    assert_near(r2, expected(&n, "velocity_r2"), 1e-10);
    bram_cube psth = {n.psth, 3, BINS, UNITS}, all = {n.rates, TRIALS, BINS, UNITS};
    assert_ok(n.cx, bram_nlb_psth(n.cx, &r2, &psth, &all, n.trial, n.begin, NULL));
    assert_near(r2, expected(&n, "psth_r2"), 1e-12);
    /* with jitter the first and last bins have no PSTH */
    assert_int_equal(bram_nlb_psth(n.cx, &r2, &psth, &all, n.trial, n.begin, n.jitter),
                     BRAM_ENUMERIC);
    for (size_t c = 0; c < 3; c++)
        for (size_t u = 0; u < UNITS; u++) {
            n.psth[c * BINS * UNITS + u] = (double)NAN;
            n.psth[(c * BINS + BINS - 1) * UNITS + u] = (double)NAN;
        }
    double value = NAN;
    assert_true(
        bram_json_number(bram_json_get(bram_json_get(n.nlb, "psth_r2_jitter"), "value"), &value));
    assert_ok(n.cx, bram_nlb_psth(n.cx, &r2, &psth, &all, n.trial, n.begin, n.jitter));
    assert_near(r2, value, 1e-12);
    unload(&n);
}

/* Trials first .. of a cube, units from .. to - 1, as a data set. */
static void put(bram_ctx *cx, bram_h5w *w, const char *path, const double *from, size_t first,
                size_t trials, size_t width, size_t low, size_t high)
{
    static double part[TRIALS * BINS * UNITS];
    size_t n = 0, dims[] = {trials, BINS, high - low};
    for (size_t i = first * BINS; i < (first + trials) * BINS; i++)
        for (size_t u = low; u < high; u++) part[n++] = from[i * width + u];
    assert_ok(cx, bram_h5w_dataset(cx, w, path, BRAM_H5W_FLOAT64, 3, dims, part));
}

/* Lists of different lengths, as nlb_tools writes conditions. */
static void put_lists(const char *path, const char *name, const struct nlb *n)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), type = H5Tvlen_create(H5T_NATIVE_INT64);
    hsize_t three = 3;
    hid_t space = H5Screate_simple(1, &three, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hvl_t list[3];
    int64_t trial[9];
    memcpy(trial, n->trial, sizeof trial);
    for (size_t i = 0; i < 3; i++)
        list[i] = (hvl_t){n->begin[i + 1] - n->begin[i], trial + n->begin[i]};
    assert_true(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, list) >= 0);
    H5Dclose(set), H5Sclose(space), H5Tclose(type), H5Fclose(file);
}

static void files_are_scored(void **state)
{
    (void)state;
    static struct nlb n;
    char submission[256], target[256];
    bram_h5w *w = NULL;
    if (!load(&n)) return;
    test_temporary(submission, "nlb-submission.h5");
    test_temporary(target, "nlb-target.h5");
    assert_ok(n.cx, bram_h5w_open(n.cx, &w, submission, true));
    assert_ok(n.cx, bram_h5w_group(n.cx, w, "/mc_maze_20"));
    put(n.cx, w, "/mc_maze_20/train_rates_heldin", n.rates, 0, TRAIN, UNITS, 0, IN);
    put(n.cx, w, "/mc_maze_20/train_rates_heldout", n.rates, 0, TRAIN, UNITS, IN, UNITS);
    put(n.cx, w, "/mc_maze_20/eval_rates_heldin", n.rates, 0, TRIALS, UNITS, 0, IN);
    put(n.cx, w, "/mc_maze_20/eval_rates_heldout", n.rates, 0, TRIALS, UNITS, IN, UNITS);
    put(n.cx, w, "/mc_maze_20/eval_rates_heldin_forward", n.rates, 0, TRIALS, UNITS, 0, IN);
    put(n.cx, w, "/mc_maze_20/eval_rates_heldout_forward", n.rates, 0, TRIALS, UNITS, IN, UNITS);
    assert_ok(n.cx, bram_h5w_commit(n.cx, w));
    assert_ok(n.cx, bram_h5w_open(n.cx, &w, target, true));
    assert_ok(n.cx, bram_h5w_group(n.cx, w, "/mc_maze_20"));
    put(n.cx, w, "/mc_maze_20/eval_spikes_heldout", n.spikes, 0, TRIALS, UNITS, IN, UNITS);
    put(n.cx, w, "/mc_maze_20/eval_spikes_heldin_forward", n.spikes, 0, TRIALS, UNITS, 0, IN);
    put(n.cx, w, "/mc_maze_20/eval_spikes_heldout_forward", n.spikes, 0, TRIALS, UNITS, IN, UNITS);
    put(n.cx, w, "/mc_maze_20/train_behavior", n.velocity, 0, TRAIN, 2, 0, 2);
    put(n.cx, w, "/mc_maze_20/eval_behavior", n.velocity, 0, TRIALS, 2, 0, 2);
    put(n.cx, w, "/mc_maze_20/psth", n.psth, 0, 3, UNITS, 0, UNITS);
    assert_ok(n.cx, bram_h5w_commit(n.cx, w));
    put_lists(target, "mc_maze_20/eval_cond_idx", &n);

    bram_nlb_score *scores = NULL;
    size_t count = 0;
    assert_ok(n.cx, bram_nlb_score_files(n.cx, &scores, &count, submission, target));
    assert_int_equal(count, 1);
    assert_string_equal(scores->dataset, "mc_maze_20");
    assert_near(scores->co_bps, expected(&n, "bits_per_spike_last_two_units"), 1e-12);
    assert_near(scores->fp_bps, expected(&n, "bits_per_spike"), 1e-12);
    assert_near(scores->psth_r2, expected(&n, "psth_r2"), 1e-12);
    assert_true(scores->vel_r2 > 0.9 && scores->vel_r2 < 1 && isnan(scores->tp_corr));
    bram_free(scores);

    scores = NULL; /* the two the wrong way round */
    assert_int_equal(bram_nlb_score_files(n.cx, &scores, &count, target, submission), BRAM_EABSENT);
    assert_int_equal(bram_nlb_score_files(n.cx, &scores, &count, "/nowhere.h5", target),
                     BRAM_EREAD);
    assert_null(scores);
    unlink(submission);
    unlink(target);
    unload(&n);
}

/* Produced intervals: two conditions of three trials with speeds 1, 2, 4 and 3, 1, 2 a bin.
 * Intervals 10, 20, 40 go with the first (r = 1), 5, 1, 4 with the second: deviations 1, -1, 0 and
 * 5/3, -7/3, 2/3, so r = 4 / sqrt(2 * 78 / 9). The last bin of a trial has no spikes: its rates do
 * not count. */
static void speeds_go_with_intervals(void **state)
{
    (void)state;
    enum { N = 6, BIN_COUNT = 4 };
    static const double speed[N] = {1, 3, 2, 1, 4, 2}, interval[N] = {10, 5, 20, 1, 40, 4};
    static const size_t rate_dims[3] = {N, BIN_COUNT, 2}, held_dims[3] = {N, BIN_COUNT, 1};
    double in[N * BIN_COUNT * 2], out[N * BIN_COUNT], spikes[N * BIN_COUNT], behaviour[N * 4];
    char submission[256], target[256];
    for (size_t t = 0; t < N; t++) {
        for (size_t b = 0; b < BIN_COUNT; b++) {
            double way = b + 1 < BIN_COUNT ? (double)b * speed[t] : 1000;
            in[(t * BIN_COUNT + b) * 2] = 1 +
                                          0.6 * way; /* a step of 3, 4 in 5: its length is speed */
            in[(t * BIN_COUNT + b) * 2 + 1] = 1 + 0.8 * way;
            out[t * BIN_COUNT + b] = 0.5;
            spikes[t * BIN_COUNT + b] = b + 1 < BIN_COUNT ? 1 : (double)NAN;
        }
        double condition[4] = {(double)(t % 2), 1, 2, interval[t]};
        memcpy(behaviour + 4 * t, condition, sizeof condition);
    }
    bram_ctx *cx = bram_ctx_new();
    bram_h5w *w = NULL;
    test_temporary(submission, "nlb-submission.h5");
    test_temporary(target, "nlb-target.h5");
    assert_ok(cx, bram_h5w_open(cx, &w, submission, true));
    assert_ok(cx, bram_h5w_group(cx, w, "/dmfc_rsg"));
    assert_ok(cx, bram_h5w_dataset(cx, w, "/dmfc_rsg/eval_rates_heldin", BRAM_H5W_FLOAT64, 3,
                                   rate_dims, in));
    assert_ok(cx, bram_h5w_dataset(cx, w, "/dmfc_rsg/eval_rates_heldout", BRAM_H5W_FLOAT64, 3,
                                   held_dims, out));
    assert_ok(cx, bram_h5w_commit(cx, w));
    assert_ok(cx, bram_h5w_open(cx, &w, target, true));
    assert_ok(cx, bram_h5w_group(cx, w, "/dmfc_rsg"));
    assert_ok(cx, bram_h5w_dataset(cx, w, "/dmfc_rsg/eval_spikes_heldout", BRAM_H5W_FLOAT64, 3,
                                   held_dims, spikes));
    assert_ok(cx, bram_h5w_dataset(cx, w, "/dmfc_rsg/eval_behavior", BRAM_H5W_FLOAT64, 2,
                                   (size_t[]){N, 4}, behaviour));
    assert_ok(cx, bram_h5w_commit(cx, w));
    bram_nlb_score *scores = NULL;
    size_t count = 0;
    assert_ok(cx, bram_nlb_score_files(cx, &scores, &count, submission, target));
    assert_int_equal(count, 1);
    assert_near(scores->tp_corr, (1 + 4 / sqrt(2 * 78.0 / 9)) / 2, 1e-12);
    assert_true(isnan(scores->vel_r2));
    bram_free(scores);
    unlink(submission);
    unlink(target);
    bram_ctx_free(cx);
}

static void bad_rates_are_errors(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double r[] = {1, 0, 2, 1}, s[] = {1, 1, 0, 2}, x = 7, v = -1;
    size_t zeros = 0;
    bram_cube rates = {r, 2, 2, 1}, spikes = {s, 2, 2, 1}, fewer = {r, 1, 2, 1};
    assert_ok(cx, bram_nlb_bits(cx, &x, &rates, &spikes, &zeros));
    assert_int_equal(zeros, 1);
    x = 7;
    assert_int_equal(bram_nlb_bits(cx, &x, &fewer, &spikes, NULL), BRAM_ESHAPE);
    r[2] = v;
    assert_int_equal(bram_nlb_bits(cx, &x, &rates, &spikes, NULL), BRAM_ENUMERIC);
    r[2] = (double)NAN;
    assert_int_equal(bram_nlb_bits(cx, &x, &rates, &spikes, NULL), BRAM_ENUMERIC);
    r[2] = 2, s[3] = -1;
    assert_int_equal(bram_nlb_bits(cx, &x, &rates, &spikes, NULL), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "-1 spikes in trial 1, bin 1, unit 0"));
    for (int i = 0; i < 4; i++) s[i] = 0, r[i] = 1;
    assert_int_equal(bram_nlb_bits(cx, &x, &rates, &spikes, NULL), BRAM_ENUMERIC);
    assert_near(x, 7, 0);
    bram_ctx_free(cx);
}

/* Any number may stand in a file: the largest and the smallest are beyond the ends of a trial. */
static void a_jitter_of_any_size_is_one(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double r[] = {1, 2, 3, 4}, p[] = {1, 2, 3, 4}, x = 7;
    bram_cube rates = {r, 1, 4, 1}, psth = {p, 1, 4, 1};
    const int64_t trial = 0, jitter[] = {INT64_MIN, INT64_MAX, 4, -4};
    const size_t begin[] = {0, 1};
    for (size_t k = 0; k < 4; k++)
        assert_int_equal(bram_nlb_psth(cx, &x, &psth, &rates, &trial, begin, &jitter[k]),
                         BRAM_ENUMERIC);
    p[3] = (double)NAN;
    p[0] = 2, p[1] = 3, p[2] = 4; /* moved by one bin, the last is beyond the end */
    assert_ok(cx, bram_nlb_psth(cx, &x, &psth, &rates, &trial, begin, &(int64_t){-1}));
    assert_near(x, 1, 1e-15);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_those_of_nlb_tools),
        cmocka_unit_test(decoding_and_psths_are_those_of_nlb_tools),
        cmocka_unit_test(files_are_scored),
        cmocka_unit_test(speeds_go_with_intervals),
        cmocka_unit_test(bad_rates_are_errors),
        cmocka_unit_test(a_jitter_of_any_size_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
