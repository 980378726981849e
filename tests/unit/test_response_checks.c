/*
 * Tests of loaders/response_checks.c and response_pairing.c: each finding on a small dataset made
 * here, silence on good ones, and the real sets that are paired.
 */
#include "response_checks.h"

#include "intake_responses.h"
#include "test.h"

#include <bramble/loader.h>
#include <bramble/rng.h>

enum { ROWS = 40, UNITS = 6, REPEATS = 4, PIXELS = 9 };

static double means[ROWS * UNITS], trials[ROWS * UNITS * REPEATS], pixels[ROWS * PIXELS];

/* Pixels at random; units that are sums of them; four noisy trials. */
static void draw(void)
{
    bram_rng g = bram_rng_new(7, "checks");
    double weight[PIXELS * UNITS];
    for (size_t k = 0; k < PIXELS * UNITS; k++) weight[k] = bram_rng_normal(&g);
    for (size_t k = 0; k < ROWS * PIXELS; k++) pixels[k] = bram_rng_normal(&g);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t u = 0; u < UNITS; u++) {
            double sum = 0, mean = 0;
            for (size_t k = 0; k < PIXELS; k++)
                sum += pixels[i * PIXELS + k] * weight[k * UNITS + u];
            for (size_t k = 0; k < REPEATS; k++) {
                double x = sum + bram_rng_normal(&g);
                trials[(i * UNITS + u) * REPEATS + k] = x;
                mean += x / REPEATS;
            }
            means[i * UNITS + u] = mean;
        }
}

static void put(bram_ctx *cx, bram_dataset *ds, const char *id, const double *values,
                size_t repeats, const char *const *image)
{
    bram_presented p = {.id = id, .values = values, .repeats = repeats, .unit = "1"};
    assert_ok(cx, bram_intake_numbered(cx, &p.stimulus, "stimulus", ROWS, "s", 2));
    if (image) assert_ok(cx, bram_axis_add_text(cx, p.stimulus, "image", image));
    assert_ok(cx, bram_intake_numbered(cx, &p.neuron, "neuron", UNITS, "n", 0));
    assert_ok(cx, bram_intake_responses(cx, ds, &p));
}

static void put_pixels(bram_ctx *cx, bram_dataset *ds)
{
    bram_axis *axis[2];
    bram_response *r;
    assert_ok(cx, bram_intake_numbered(cx, &axis[0], "stimulus", ROWS, "s", 2));
    assert_ok(cx, bram_axis_new(cx, &axis[1], "pixel", PIXELS));
    assert_ok(cx, bram_response_new(cx, &r, "pixels", BRAM_F64, 2,
                                    (const bram_axis *const[]){axis[0], axis[1]}));
    memcpy(bram_response_f64(r), pixels, sizeof pixels);
    assert_ok(cx, bram_dataset_add(cx, ds, "stimuli/features", r));
    bram_axis_free(axis[0]), bram_axis_free(axis[1]);
}

static const char *findings(const bram_dataset *ds, const char *id)
{
    char path[64];
    snprintf(path, sizeof path, "responses/%s", id);
    return bram_attrs_text(bram_response_attrs_const(bram_dataset_response(ds, path)), "findings");
}

static void assert_says(const char *text, const char *words)
{
    if (!text || !strstr(text, words)) fail_msg("says \"%s\", expected \"%s\"", text, words);
}

static void good_ones_are_left_in_peace(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    draw();
    assert_ok(cx, bram_dataset_new(cx, &ds));
    put(cx, ds, "means", means, 0, NULL);
    put(cx, ds, "trials", trials, REPEATS, NULL);
    put_pixels(cx, ds);
    assert_ok(cx, bram_check_responses(cx, ds));
    assert_null(findings(ds, "means"));
    assert_null(findings(ds, "trials"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void units_and_rows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    const char *image[ROWS];
    char name[ROWS][8];
    draw();
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < REPEATS; k++) {
            trials[(i * UNITS + 1) * REPEATS + k] = 3;
            trials[(i * UNITS + 2) * REPEATS + k] = NAN;
            trials[(i * UNITS + 4) * REPEATS + k] = trials[(i * UNITS + 3) * REPEATS + k];
        }
        snprintf(name[i], sizeof name[i], "p%zu", i);
        image[i] = name[i];
    }
    /* stimuli 6 and 8 are 5 once more; 8 is said to be the same picture */
    size_t row = UNITS * REPEATS;
    memcpy(trials + 6 * row, trials + 5 * row, row * sizeof *trials);
    memcpy(trials + 11 * row, trials + 10 * row, row * sizeof *trials);
    image[11] = image[10];
    assert_ok(cx, bram_dataset_new(cx, &ds));
    put(cx, ds, "v1", trials, REPEATS, image);
    assert_ok(cx, bram_check_responses(cx, ds));
    assert_says(findings(ds, "v1"), "1 of 6 units have no value (first: n3)");
    assert_says(findings(ds, "v1"), "1 of 6 units have one value only (first: n2)");
    assert_says(findings(ds, "v1"), "1 of 6 units have exactly the values of another (n4 and n5)");
    assert_says(findings(ds, "v1"), "1 of 40 stimuli have exactly the responses of another, and "
                                    "nothing says that they are the same picture (s06 and s07)");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void means_that_are_none(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    draw();
    for (size_t i = 0; i < 2; i++) /* two rows are trial 3 */
        for (size_t u = 0; u < UNITS; u++)
            means[i * UNITS + u] = trials[(i * UNITS + u) * REPEATS + 2];
    means[7 * UNITS + 2] += 0.5;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    put(cx, ds, "means", means, 0, NULL);
    put(cx, ds, "trials", trials, REPEATS, NULL);
    assert_ok(cx, bram_check_responses(cx, ds));
    /* rows of six values are too short to be told from chance */
    assert_says(findings(ds, "means"), "it is not the mean over the repeats of responses/trials: 3 "
                                       "of the 40 stimuli that both have differ");
    assert_null(findings(ds, "trials"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void shuffled_rows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    draw();
    assert_ok(cx, bram_dataset_new(cx, &ds));
    /* one stimulus further: as a header that was counted as a row does it */
    size_t row = UNITS * REPEATS;
    double *shifted = malloc(sizeof trials);
    memcpy(shifted, trials + row, sizeof trials - row * sizeof *trials);
    memcpy(shifted + (ROWS - 1) * row, trials, row * sizeof *trials);
    put(cx, ds, "trials", shifted, REPEATS, NULL);
    put_pixels(cx, ds);
    assert_ok(cx, bram_check_responses(cx, ds));
    assert_says(findings(ds, "trials"), "nothing ties the responses to the pictures, although the "
                                        "units are reliable");
    assert_says(findings(ds, "trials"), "rows and pictures may not belong together");
    free(shifted);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mouse V1, whose pictures and responses are known to belong together: r of the similarities as
 * NumPy gives it (0.15703 and 0.13433), and shuffles that do not reach it. */
static void real_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double r, reliability; /* median over units: reference/encoding_reference.json */
    } regions[] = {{"region1", 0.15702712139860217, 0.7832503941784066},
                   {"region2", 0.13433371118454251, 0.6593325321104012}};
    static const char *const files[] = {"raw_validation_set", "validation_set", "training_set",
                                        "validation_inputs"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t k = 0; k < 2; k++) {
        char path[4][512];
        const char *paths[4];
        for (size_t i = 0; i < 4; i++) {
            char name[128];
            snprintf(name, sizeof name, "vision/encoding/antolik2016/%s/%s.npy", regions[k].name,
                     files[i]);
            test_data(path[i], name);
            paths[i] = path[i];
        }
        bram_dataset *ds = NULL;
        double r, p;
        assert_ok(cx, bram_import(cx, &ds, "auto", &(bram_input){paths, 4}, NULL));
        char id[32];
        snprintf(id, sizeof id, "responses/%s", regions[k].name); /* called as its folder */
        const bram_response *v = bram_dataset_response(ds, id);
        size_t units = bram_response_length(v, 1), repeats = bram_response_length(v, 2);
        bram_checked c = {.r = v,
                          .name = regions[k].name,
                          .rows = 50,
                          .units = units,
                          .repeats = repeats,
                          .values = calloc(50 * units * repeats, sizeof(double)),
                          .stimuli = true};
        assert_ok(cx, bram_response_read(cx, v, (size_t[]){0, 0, 0}, (size_t[]){50, units, repeats},
                                         c.values, NULL));
        assert_ok(cx, bram_check_pairing(cx, &c, ds, &r, &p));
        assert_near(r, regions[k].r, 1e-3);
        assert_near(p, 1 / 500.0, 1e-9);
        assert_int_equal(c.said.length, 0);
        assert_null(findings(ds, regions[k].name));
        free(c.values);
        double *known = calloc(units, sizeof *known);
        memcpy(known, bram_axis_column(bram_response_axis(v, 1), "reliability")->number,
               units * sizeof *known);
        qsort(known, units, sizeof *known, ascending);
        assert_int_equal(units % 2, 1);
        assert_near(known[units / 2], regions[k].reliability, 1e-12);
        free(known);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_left_in_peace), cmocka_unit_test(units_and_rows),
        cmocka_unit_test(means_that_are_none), cmocka_unit_test(shuffled_rows),
        cmocka_unit_test(real_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
