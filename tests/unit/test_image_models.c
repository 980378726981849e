/*
 * Tests of the image-computable baselines. Two made pictures, whose levels are formulas:
 *   0  (37 i + 91 j + 17 i j) mod 256          1  ((3 i i + 2 j j + 5 i j) / 64) mod 256
 * and 53 more in each further channel. Values to compare with: numpy 2.4.6 and scipy 1.17.1 (sums
 * over whole filters for gabor, correlate2d for hmax with Pillow 13.0.0 for the sizes, the steps of
 * LMgist in numpy for gist), pyrtools' SteerablePyramidFreq for the bands of steerable; loops
 * in this file for random-cnn.
 */
#include "dead_leaves.h"
#include "pictures.h"

#include "test.h"

#include <bramble/model.h>
#include <bramble/rng.h>

#include <dirent.h>
#include <sys/stat.h>

static int set_up(void **state)
{
    bram_init();
    unsetenv("BRAMBLE_FEATURES");
    *state = bram_ctx_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    bram_ctx_free(*state);
    return 0;
}

static float level(size_t i, size_t j, size_t c, int kind)
{
    size_t v = kind ? (3 * i * i + 2 * j * j + 5 * i * j) / 64 : 37 * i + 91 * j + 17 * i * j;
    return (float)((v % 256 + 53 * c) % 256) / 255;
}

/* ---- datasets ------------------------------------------------------------------------------- */

typedef float picture(size_t stimulus, size_t row, size_t col, size_t channel, size_t side);

static bram_dataset *made(bram_ctx *cx, size_t count, size_t side, size_t channels, picture *value)
{
    bram_axis *stimulus = NULL;
    bram_dataset *ds = NULL;
    bram_response *r = NULL;
    char text[100][8];
    const char *id[100];
    float *values = malloc(side * side * channels * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        snprintf(text[i], sizeof text[i], "s%zu", i);
        id[i] = text[i];
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &stimulus, "stimulus", count));
    assert_ok(cx, bram_axis_set_ids(cx, stimulus, id));
    assert_ok(cx, bram_pictures_new(cx, &r, "shown", stimulus, side, side, channels));
    for (size_t s = 0; s < count; s++) {
        for (size_t k = 0; k < side * side * channels; k++)
            values[k] = value(s, k / channels / side, k / channels % side, k % channels, side);
        assert_ok(
            cx, bram_pictures_put(cx, r, s, &(bram_image){side, side, channels, 8, values}, id[s]));
    }
    assert_ok(cx, bram_dataset_add(cx, ds, "stimuli/images", r));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "stimuli", stimulus));
    free(values);
    return ds;
}

static int ask(bram_ctx *cx, bram_dataset **answer, const bram_dataset *ds, const char *spec)
{
    bram_panel panel = {.public_data = ds};
    bram_fitted *f = NULL;
    bram_query q = {.ask = BRAM_ASK_FEATURES,
                    .panel = &panel,
                    .stimulus = bram_dataset_table(ds, "stimuli/stimulus")};
    int status = bram_fitted_new(cx, &f, spec, &panel, NULL, 1);
    if (status == BRAM_OK) status = bram_fitted_answer(cx, answer, f, &q);
    bram_fitted_free(f);
    return status;
}

static const double *layer(const bram_dataset *answer, const char *name, size_t width)
{
    bram_response *r = bram_dataset_response(answer, name);
    if (!r) fail_msg("there is no layer %s", name);
    assert_int_equal(bram_response_length(r, 1), width);
    return bram_response_f64(r);
}

/* The features of picture `kind` (1 or 0) by a model. */
static bram_dataset *features(bram_ctx *cx, const char *spec, size_t side, size_t channels,
                              picture *value)
{
    bram_dataset *ds = made(cx, 1, side, channels, value), *answer = NULL;
    assert_ok(cx, ask(cx, &answer, ds, spec));
    bram_dataset_free(ds);
    return answer;
}

static float smooth(size_t s, size_t i, size_t j, size_t c, size_t side)
{
    (void)s, (void)side;
    return level(i, j, c, 1);
}

static float rough(size_t s, size_t i, size_t j, size_t c, size_t side)
{
    (void)side;
    return level(i + s, j, c, 0);
}

static float flat(size_t s, size_t i, size_t j, size_t c, size_t side)
{
    (void)s, (void)i, (void)j, (void)c, (void)side;
    return 0.6F;
}

static void expect(const double *x, size_t n, const size_t *at, const double *value, size_t count,
                   double tolerance)
{
    double sum = 0, squares = 0;
    for (size_t k = 0; k < n; k++) sum += x[k], squares += x[k] * x[k];
    for (size_t k = 0; k < count; k++) assert_near(x[at[k]], value[k], tolerance);
    assert_near(sum, value[count], tolerance * (double)n);
    assert_near(squares, value[count + 1], tolerance * (double)n);
}

/* ---- pixels, statistics, products ----------------------------------------------------------- */

static void pixels_are_the_picture(void **state)
{
    bram_dataset *a = features(*state, "pixels:size=8,colour=yes", 8, 3, smooth);
    const double *x = layer(a, "pixels", 192);
    for (size_t k = 0; k < 192; k++) assert_near(x[k], level(k / 24, k / 3 % 8, k % 3, 1), 1e-7);
    bram_dataset_free(a);
    a = features(*state, "pixels:size=2", 4, 1, smooth);
    x = layer(a, "pixels", 4);
    double mean = 0;
    for (size_t k = 0; k < 4; k++) mean += level(k / 2, 2 + k % 2, 0, 1) / 4;
    assert_near(x[1], mean, 1e-7);
    bram_dataset_free(a);
}

static void statistics_as_scipy_has_them(void **state)
{
    static const double value[] = {
        0.484533221085, 0.189447845732, 0.135618346601, 1.76828213159,    -0.0735294129895,
        0.341760545496, 2.1514891977,   5.62890576782,  -0.0666666674083, 0.390225641165,
        1.17076495801,  2.66674959991,  0.429580279035, 0.279244748241,   0.503109692024,
        0.265387681554, 0.533011652938, 0.279872614974, 0.200764707174,   0.320545102339,
        0.457800002679, 0.662788248811, 0.784356870502, 0.548501360831,   0.048402930103};
    bram_dataset *a = features(*state, "image-statistics", 64, 3, smooth);
    const double *x = layer(a, "statistics", 25);
    for (size_t k = 0; k < 25; k++) assert_near(x[k], value[k], 1e-9);
    bram_dataset_free(a);
    a = features(*state, "image-statistics:field=0.5", 4, 1, smooth); /* the central 2 x 2 */
    double mean = 0;
    for (size_t k = 0; k < 4; k++) mean += level(1 + k / 2, 1 + k % 2, 0, 1) / 4;
    assert_near(layer(a, "statistics", 25)[0], mean, 1e-7);
    bram_dataset_free(a);
    a = features(*state, "image-statistics", 5, 1, flat); /* a constant has no shape */
    x = layer(a, "statistics", 25);
    assert_near(x[0], 0.6, 1e-7);
    for (size_t k = 1; k < 12; k++) assert_near(x[k], 0, 1e-7);
    bram_dataset_free(a);
}

static void products_by_hand(void **state)
{
    /* the central half of 8 x 8 in 2 x 2 blocks of 2 x 2 */
    bram_dataset *a = features(*state, "second-order:field=0.5,blocks=2,layer=all", 8, 1, smooth);
    double mean[4] = {0};
    for (size_t i = 2; i < 6; i++)
        for (size_t j = 2; j < 6; j++) mean[(i - 2) / 2 * 2 + (j - 2) / 2] += level(i, j, 0, 1) / 4;
    const double *x = layer(a, "products", 14), *m = layer(a, "means", 4);
    for (size_t k = 0, at = 4; k < 4; k++) {
        assert_near(m[k], mean[k], 1e-7);
        assert_near(x[k], mean[k], 1e-7);
        for (size_t l = k; l < 4; l++, at++) assert_near(x[at], mean[k] * mean[l], 1e-7);
    }
    bram_dataset_free(a);
}

/* ---- gabor ---------------------------------------------------------------------------------- */

static void wavelets_as_sums_over_whole_filters(void **state)
{
    static const size_t at[] = {0, 7, 20, 101, 275}, last[] = {0, 7, 20, 101, 1103};
    static const double complex[] = {0.272077867169,    0.0499510837571, 0.000745728847227,
                                     0.000209384939343, 0.0348752933541, 42.8183629736,
                                     70.2219647813},
                        simple[] = {0.0129356601106, 0,           0, 8.16165027924e-05, 0,
                                    42.8183629736,   49.514919936},
                        raw[] = {0.0891277909302,  0.0245112966354, 0.00273181110697,
                                 0.00144710601887, 0.0329647119465, 7.08937554967,
                                 0.95108093171};
    bram_ctx *cx = *state;
    bram_dataset *a = features(cx, "gabor:size=64,frequencies=1+2+8,orientations=4,layer=all", 64,
                               1, smooth);
    expect(layer(a, "complex", 276), 276, at, complex, 5, 1e-9);
    expect(layer(a, "simple", 1104), 1104, last, simple, 5, 1e-9);
    bram_dataset_free(a);
    a = features(cx, "gabor:size=64,frequencies=1+2+8,orientations=4,normalize=no", 64, 1, smooth);
    expect(layer(a, "complex", 276), 276, at, raw, 5, 1e-9);
    bram_dataset_free(a);
    a = features(cx, "gabor:layer=all", 20, 1, flat);
    for (size_t k = 0; k < 2728; k++) assert_near(layer(a, "complex", 2728)[k], 0, 1e-20);
    bram_dataset_free(a);
}

/* A grating of 8 cycles and amplitude 0.25 (before levels are rounded), from left to right. */
static float grating(size_t s, size_t i, size_t j, size_t c, size_t side)
{
    (void)s, (void)i, (void)c;
    return (float)(0.5 + 0.25 * cos(2 * 3.14159265358979 * 8 * (double)j / (double)side));
}

static void a_grating_finds_its_cells(void **state)
{
    bram_dataset *a = features(*state, "gabor:size=128,frequencies=4+8+16,normalize=no", 128, 1,
                               grating);
    const double *x = layer(a, "complex", (16 + 64 + 256) * 8);
    size_t inside = (16 + 3 * 8 + 4) * 8; /* frequency 8, row 3, column 4 */
    assert_near(x[inside], 0.25, 0.005);
    assert_near(x[inside + 4], 0, 0.005); /* the other orientation */
    assert_true(x[inside + 1] < x[inside] && x[inside + 2] < x[inside + 1]);
    assert_true(x[(1 * 4 + 2) * 8] < 0.05);            /* frequency 4 */
    assert_true(x[(16 + 64 + 7 * 16 + 8) * 8] < 0.06); /* frequency 16 */
    bram_dataset_free(a);
}

/* ---- random-cnn ----------------------------------------------------------------------------- */

/* The same network by loops: grey, one picture. */
static void by_loops(double *out, size_t side, size_t width, size_t blocks, size_t grid)
{
    static double map[64][32][32], next[64][32][32];
    size_t inputs = 1;
    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++) map[0][i][j] = ((double)level(i, j, 0, 1) - 0.5) / 0.25;
    for (size_t k = 0; k < blocks; k++, side /= 2) {
        bram_rng g = bram_rng_at(5, "random-cnn/block", k);
        size_t channels = width << k;
        for (size_t c = 0; c < channels; c++) {
            static double full[32][32];
            memset(full, 0, sizeof full);
            for (size_t in = 0; in < inputs; in++)
                for (size_t y = 0; y < 3; y++)
                    for (size_t x = 0; x < 3; x++) {
                        double w = sqrt(2 / (9.0 * (double)inputs)) * bram_rng_normal(&g);
                        for (size_t i = 0; i < side; i++)
                            for (size_t j = 0; j < side; j++)
                                if (i + y >= 1 && i + y <= side && j + x >= 1 && j + x <= side)
                                    full[i][j] += w * map[in][i + y - 1][j + x - 1];
                    }
            for (size_t i = 0; i < side / 2; i++)
                for (size_t j = 0; j < side / 2; j++)
                    next[c][i][j] = (fmax(full[2 * i][2 * j], 0) + fmax(full[2 * i][2 * j + 1], 0) +
                                     fmax(full[2 * i + 1][2 * j], 0) +
                                     fmax(full[2 * i + 1][2 * j + 1], 0)) /
                                    4;
        }
        memcpy(map, next, sizeof map);
        inputs = channels;
    }
    size_t cell = side / grid;
    for (size_t c = 0; c < inputs; c++)
        for (size_t p = 0; p < grid; p++)
            for (size_t q = 0; q < grid; q++, out++) {
                *out = 0;
                for (size_t i = 0; i < cell; i++)
                    for (size_t j = 0; j < cell; j++)
                        *out += map[c][p * cell + i][q * cell + j] / (double)(cell * cell);
            }
}

static void a_network_by_loops(void **state)
{
    double value[64 * 4];
    bram_dataset *a = features(*state, "random-cnn:size=32,width=4,depth=2,grid=2,colour=no,seed=5",
                               32, 1, smooth);
    const double *x = layer(a, "block2", 32);
    by_loops(value, 32, 4, 2, 2);
    for (size_t k = 0; k < 32; k++) assert_near(x[k], value[k], 1e-5);
    bram_dataset_free(a);
}

/* ---- gist, steerable, hmax ------------------------------------------------------------------ */

static void gist_as_the_steps_of_lmgist(void **state)
{
    static const size_t at[] = {0, 1, 17, 130, 511};
    static const double value[] = {0.0177989658066, 0.00923890293276, 0.00648362046899,
                                   0.0138242728461, 0.0388615481986,  12.691534025,
                                   0.861644873953};
    bram_dataset *a = features(*state, "gist:size=64", 64, 1, smooth);
    expect(layer(a, "gist", 512), 512, at, value, 5, 1e-9);
    bram_dataset_free(a);
    a = features(*state, "gist:size=32", 20, 1, flat);
    for (size_t k = 0; k < 512; k++) assert_near(layer(a, "gist", 512)[k], 0, 1e-12);
    bram_dataset_free(a);
}

/* pyrtools' masks are tables between whose entries it interpolates: 4e-7 in the low-pass part. */
static void pyramid_as_pyrtools_builds_it(void **state)
{
    static const size_t at[] = {2,   3,   6,   7,   14,  15,  40,  114,
                                115, 126, 127, 300, 426, 427, 445, 476};
    static const double value[] = {
        0.273682381976,   1.95222246467,     0.0030611084894,   0.264611678326,  2.08685728608,
        0.074916509475,   0.0701287963899,   -0.00989790563316, 0.0202832628931, 0.0298313204528,
        0.00121450667039, 0.000556212613512, 7.23629432264e-5,  0.634668160652,  0.856437829565,
        0.792858088584,   43.4745425361,     39.3107884482};
    bram_dataset *a = features(*state, "steerable:size=64,scales=3", 64, 1, smooth);
    expect(layer(a, "statistics", 477), 477, at, value, 16, 2e-6);
    bram_dataset_free(a);
    a = features(*state, "steerable:size=32,scales=2", 20, 1, flat);
    assert_near(layer(a, "statistics", 324)[0], 0.6, 1e-7);
    bram_dataset_free(a);
}

static void cells_as_correlations(void **state)
{
    static const size_t at[] = {0, 17, 100, 250, 400, 511};
    static const double value[] = {0.0148984660567, 0.190002984706, 0.09617381685, 0.202068364136,
                                   0.598833784784,  0.191381558897, 118.207463956, 51.5319507321};
    bram_dataset *a = features(*state, "hmax:size=96,prototypes=6,layer=all", 96, 1, smooth);
    expect(layer(a, "c1", 512), 512, at, value, 6, 1e-5);
    const double *c2 = layer(a, "c2", 18);
    for (size_t k = 0; k < 18; k++) assert_true(c2[k] > 0 && c2[k] <= 1);
    bram_dataset_free(a);
    a = features(*state, "hmax:size=96,prototypes=6,layer=all", 96, 1, flat);
    for (size_t k = 0; k < 512; k++) assert_near(layer(a, "c1", 512)[k], 0, 0);
    bram_dataset_free(a);
}

/* A prototype that was cut out of a made picture is found in it: distance 0, C2 of 1. */
static void prototypes_find_themselves(void **state)
{
    enum { SIZE = 96 };
    bram_ctx *cx = *state;
    bram_axis *stimulus = NULL, *row = NULL, *col = NULL;
    bram_dataset *ds = NULL, *answer = NULL;
    bram_response *r = NULL;
    assert_ok(cx, bram_axis_new(cx, &stimulus, "stimulus", 2));
    assert_ok(cx, bram_axis_set_ids(cx, stimulus, (const char *const[]){"a", "b"}));
    assert_ok(cx, bram_axis_new(cx, &row, "row", SIZE));
    assert_ok(cx, bram_axis_new(cx, &col, "column", SIZE));
    assert_ok(cx, bram_response_new(cx, &r, "leaves", BRAM_F32, 3,
                                    (const bram_axis *[]){stimulus, row, col}));
    for (size_t k = 0; k < 2; k++)
        bram_dead_leaves(bram_response_f32(r) + k * SIZE * SIZE, SIZE, 4, k);
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_dataset_add(cx, ds, "stimuli/images", r));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "stimuli", stimulus));
    assert_ok(cx, ask(cx, &answer, ds, "hmax:size=96,prototypes=3,seed=4"));
    const double *c2 = layer(answer, "c2", 9);
    for (size_t size = 0; size < 3; size++)
        for (size_t k = 0; k < 2; k++) {
            assert_near(c2[9 * k + 3 * size + k], 1, 1e-4);
            assert_true(c2[9 * k + 3 * size + 1 - k] < 0.999);
            assert_true(c2[9 * k + 3 * size + 2] < 0.999);
        }
    bram_axis_free(row);
    bram_axis_free(col);
    bram_dataset_free(answer);
    bram_dataset_free(ds);
}

/* ---- what they share ------------------------------------------------------------------------ */

static const char *const all[] = {"pixels",
                                  "image-statistics",
                                  "second-order",
                                  "gabor:size=64,frequencies=1+2+4",
                                  "random-cnn:size=32,width=8",
                                  "gist:size=32",
                                  "steerable:size=32,scales=2",
                                  "hmax:size=96,prototypes=3"};
enum { MODELS = sizeof all / sizeof *all };

static void threads_and_company_change_no_bit(void **state)
{
    bram_ctx *cx = *state;
    bram_dataset *few = made(cx, 5, 33, 3, rough), *more = made(cx, 70, 33, 3, rough),
                 *one = made(cx, 1, 33, 3, rough);
    for (size_t m = 0; m < MODELS; m++) {
        char hex[2][65];
        bram_dataset *answer[3] = {NULL}, *many = m < 3 ? more : few;
        for (unsigned t = 0; t < 2; t++) {
            bram_ctx_set_threads(cx, t ? 3 : 1);
            assert_ok(cx, ask(cx, &answer[t], many, all[m]));
            assert_ok(cx, bram_dataset_hash(cx, answer[t], hex[t]));
        }
        assert_string_equal(hex[0], hex[1]);
        assert_ok(cx, ask(cx, &answer[2], one, all[m]));
        const char *name = bram_dataset_response_path(answer[2], 0);
        size_t width = bram_response_length(bram_dataset_response(answer[2], name), 1);
        assert_memory_equal(layer(answer[2], name, width), layer(answer[0], name, width),
                            width * sizeof(double));
        for (size_t k = 0; k < 3; k++) bram_dataset_free(answer[k]);
    }
    bram_dataset_free(few);
    bram_dataset_free(more);
    bram_dataset_free(one);
}

static size_t files_in(const char *folder, bool remove)
{
    char path[600];
    size_t count = 0;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        count++;
        if (remove) unlink(path);
    }
    if (d) closedir(d);
    return count;
}

static void features_are_kept_by_what_they_depend_on(void **state)
{
    bram_ctx *cx = *state;
    char folder[256], hex[2][65];
    test_temporary(folder, "kept-features");
    mkdir(folder, 0700);
    setenv("BRAMBLE_FEATURES", folder, 1);
    bram_dataset *a = made(cx, 3, 16, 1, rough), *b = made(cx, 3, 16, 1, smooth), *answer[2];
    for (int k = 0; k < 2; k++) {
        assert_ok(cx, ask(cx, &answer[k], a, "pixels:size=8"));
        assert_ok(cx, bram_dataset_hash(cx, answer[k], hex[k]));
        assert_int_equal(files_in(folder, false), 1);
        bram_dataset_free(answer[k]);
    }
    assert_string_equal(hex[0], hex[1]);
    assert_ok(cx, ask(cx, &answer[0], b, "pixels:size=8")); /* other pictures */
    bram_dataset_free(answer[0]);
    assert_int_equal(files_in(folder, false), 2);
    assert_ok(cx, ask(cx, &answer[0], a, "pixels:size=4")); /* another option */
    bram_dataset_free(answer[0]);
    assert_int_equal(files_in(folder, true), 3);
    rmdir(folder);
    assert_ok(cx, ask(cx, &answer[0], a, "pixels:size=8")); /* nowhere to keep them: no matter */
    bram_dataset_free(answer[0]);
    unsetenv("BRAMBLE_FEATURES");
    bram_dataset_free(a);
    bram_dataset_free(b);
}

static void what_cannot_be_answered_is_told(void **state)
{
    bram_ctx *cx = *state;
    bram_dataset *ds = made(cx, 2, 16, 1, rough), *answer = NULL, *none = NULL;
    static const char *const bad[][2] = {{"gabor:layer=c2", "simple, complex"},
                                         {"gabor:frequencies=100", "at most half"},
                                         {"steerable:size=100", "a power of 2"},
                                         {"hmax:size=76", "too small for 9 bands"},
                                         {"random-cnn:size=16,depth=4", "at least the grid's"}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        assert_int_equal(ask(cx, &answer, ds, bad[k][0]), BRAM_EUSAGE);
        if (!strstr(bram_ctx_message(cx), bad[k][1]))
            fail_msg("%s: %s", bad[k][0], bram_ctx_message(cx));
    }
    assert_int_equal(ask(cx, &answer, ds, "pixels:set=other"), BRAM_ENOTAPPLICABLE);
    assert_int_equal(ask(cx, &answer, ds, "pixels:images=/nowhere"), BRAM_ENOTAPPLICABLE);
    assert_ok(cx, bram_dataset_new(cx, &none));
    bram_axis *table = NULL;
    assert_ok(cx, bram_axis_new(cx, &table, "stimulus", 0));
    assert_ok(cx, bram_dataset_add_table(cx, none, "stimuli", table));
    assert_int_equal(ask(cx, &answer, none, "pixels"), BRAM_ENOTAPPLICABLE);
    bram_dataset_free(none);
    bram_dataset_free(ds);
}

/* Where a benchmark asks what an answer takes: 8 bytes a feature and row. */
static void memory_is_that_of_the_answer(void **state)
{
    bram_ctx *cx = *state;
    static const struct {
        const char *spec;
        size_t width;
    } models[] = {{"pixels", 1024},
                  {"gabor", 2728},
                  {"gabor:layer=all", 5 * 2728},
                  {"second-order", 5150},
                  {"hmax", 192},
                  {"random-cnn:layer=block1", 512},
                  {"steerable:layer=all", 630}};
    for (size_t k = 0; k < sizeof models / sizeof *models; k++) {
        const bram_model *m;
        bram_options *o = NULL;
        assert_ok(cx, bram_model_parse(cx, &m, &o, NULL, models[k].spec));
        assert_int_equal(m->memory(o, 10, 0, 0), 80 * models[k].width);
        bram_options_free(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pixels_are_the_picture, set_up, tear_down),
        cmocka_unit_test_setup_teardown(statistics_as_scipy_has_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(products_by_hand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wavelets_as_sums_over_whole_filters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_grating_finds_its_cells, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_network_by_loops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gist_as_the_steps_of_lmgist, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pyramid_as_pyrtools_builds_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cells_as_correlations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prototypes_find_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_and_company_change_no_bit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(features_are_kept_by_what_they_depend_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(memory_is_that_of_the_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_answered_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
