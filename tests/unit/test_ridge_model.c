/* Tests of the models ridge and banded: weights by hand, the choice of penalties, what is missing,
 * files. */
#include "internal.h"
#include "test.h"

#include <bramble/model.h>
#include <bramble/rng.h>

struct setting {
    bram_ctx *cx;
    bram_axis *unit, *input;
    bram_segment segment[2];
    bram_panel train, test;
};

static void set_up(struct setting *s, bram_mat x, bram_mat y, bram_mat x_test, bram_mat y_test)
{
    memset(s, 0, sizeof *s);
    s->cx = bram_ctx_new();
    assert_ok(s->cx, bram_axis_new(s->cx, &s->unit, "unit", y.cols));
    assert_ok(s->cx, bram_axis_new(s->cx, &s->input, "input", x.cols));
    s->segment[0] = (bram_segment){.id = "train", .x = x, .y = y};
    s->segment[1] = (bram_segment){.id = "test", .x = x_test, .y = y_test};
    s->train = (bram_panel){
        .unit = s->unit, .input = s->input, .segment = &s->segment[0], .segments = 1};
    s->test = (bram_panel){
        .unit = s->unit, .input = s->input, .segment = &s->segment[1], .segments = 1};
}

static void tear_down(struct setting *s)
{
    bram_axis_free(s->unit);
    bram_axis_free(s->input);
    bram_ctx_free(s->cx);
}

static void ask(struct setting *s, const bram_fitted *f, double *out, size_t count)
{
    bram_dataset *answer = NULL;
    bram_query query = {.ask = BRAM_ASK_RESPOND, .panel = &s->test};
    assert_ok(s->cx, bram_fitted_answer(s->cx, &answer, f, &query));
    bram_response *mean = bram_dataset_response(answer, "mean");
    assert_int_equal(bram_response_count(mean), count);
    memcpy(out, bram_response_f64(mean), count * sizeof *out);
    bram_dataset_free(answer);
}

static void by_hand(void **state)
{
    (void)state;
    double x[] = {1, 2, 3}, y[] = {2, 5, 5}, at[] = {4, 2}, none[] = {0, 0}, out[2];
    struct setting s;
    set_up(&s, (bram_mat){x, 3, 1, 1}, (bram_mat){y, 3, 1, 1}, (bram_mat){at, 2, 1, 1},
           (bram_mat){none, 2, 1, 1});
    bram_fitted *f = NULL;
    /* sums about the means: xx = 2, xy = 3, so w = 3 / (2 + 1) = 1; mean of y 4, of x 2 */
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "ridge:alpha=1,scale=none", &s.train, NULL, 0));
    ask(&s, f, out, 2);
    assert_near(out[0], 4 + 2, 1e-14);
    assert_near(out[1], 4, 1e-14);
    bram_fitted_free(f);
    /* in deviations of x, sqrt(2/3): xx = 3, xy = 3 / sqrt(2/3), w = xy / (3 + 1) */
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "ridge:alpha=1", &s.train, NULL, 0));
    ask(&s, f, out, 2);
    assert_near(out[0], 4 + 2 * 3 / (4 * 2.0 / 3), 1e-14);
    bram_fitted_free(f);
    /* a missing input stands at its mean, so the answer is the mean of y; so does one in training
     */
    static const uint8_t second[] = {1, 0}, last[] = {1, 1, 0};
    s.segment[1].x_present = second;
    s.segment[0].x_present = last; /* x: 1, 2, (1.5): xx = 0.5, xy = -0.5 * -2 + 0.5 * 1 = 1.5 */
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "ridge:alpha=1,scale=none", &s.train, NULL, 0));
    ask(&s, f, out, 2);
    assert_near(out[0], 4 + 2.5 * 1.5 / 1.5, 1e-14);
    assert_near(out[1], 4, 1e-14);
    bram_fitted_free(f);
    tear_down(&s);
}

enum { ROWS = 40, INPUTS = 3 };

static void fill(double *x, size_t n, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "test");
    for (size_t i = 0; i < n; i++) x[i] = bram_rng_normal(&g);
}

/* One unit is a line in the inputs, the other has nothing to do with them. */
static void the_penalty_is_chosen(void **state)
{
    (void)state;
    double x[ROWS * INPUTS], y[ROWS * 2], none[ROWS * 2] = {0}, out[ROWS * 2], again[ROWS * 2];
    fill(x, ROWS * INPUTS, 1);
    fill(y, ROWS * 2, 2);
    for (size_t i = 0; i < ROWS; i++) y[2 * i] = 3 + x[INPUTS * i] - 2 * x[INPUTS * i + 2];
    struct setting s;
    bram_mat inputs = {x, ROWS, INPUTS, INPUTS};
    set_up(&s, inputs, (bram_mat){y, ROWS, 2, 2}, inputs, (bram_mat){none, ROWS, 2, 2});
    bram_fitted *f = NULL, *loaded = NULL;
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "ridge:alpha=0.001+1e6", &s.train, NULL, 0));
    ask(&s, f, out, ROWS * 2);
    double mean = 0, spread = 0;
    for (size_t i = 0; i < ROWS; i++) mean += y[2 * i + 1] / ROWS;
    for (size_t i = 0; i < ROWS; i++) {
        assert_near(out[2 * i], y[2 * i], 0.01);
        spread = fmax(spread, fabs(out[2 * i + 1] - mean));
    }
    assert_true(spread < 0.001); /* the unit of noise is shrunk to its mean */
    char path[256];
    test_temporary(path, "ridge.h5");
    assert_ok(s.cx, bram_fitted_save(s.cx, f, path, true));
    assert_ok(s.cx, bram_fitted_load(s.cx, &loaded, path));
    ask(&s, loaded, again, ROWS * 2);
    assert_memory_equal(out, again, sizeof out);
    unlink(path);
    bram_fitted_free(loaded);
    bram_fitted_free(f);
    tear_down(&s);
}

/* r2 of the inner folds by hand: x and y are one line through zero, the penalty large or none. */
static void how_it_chose_is_told(void **state)
{
    (void)state;
    double x[] = {-1, 1, -1, 1}, y[] = {-2, 2, -2, 2};
    struct setting s;
    set_up(&s, (bram_mat){x, 4, 1, 1}, (bram_mat){y, 4, 1, 1}, (bram_mat){x, 4, 1, 1},
           (bram_mat){y, 4, 1, 1});
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    bram_query query = {.ask = BRAM_ASK_RESPOND, .panel = &s.test};
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "ridge:alpha=1+1e12,scale=none,inner=2", &s.train,
                                    NULL, 0));
    assert_ok(s.cx, bram_fitted_answer(s.cx, &answer, f, &query));
    const double *path = bram_response_f64(bram_dataset_response(answer, "path"));
    /* two rows: xx = 2, xy = 4, w = 4 / 3; errors of 2 - 4 / 3, a variance of 4 */
    assert_near(path[0], 1 - (2. / 3) * (2. / 3) / 4, 1e-12);
    assert_near(path[1], 1, 0);
    assert_near(path[2], 0, 1e-9);
    assert_near(path[3], 0, 0);
    bram_dataset_free(answer);
    bram_fitted_free(f);
    tear_down(&s);
}

/* Equal weights of two spaces are ridge with twice the penalty; with weightings to choose among,
 * the space that says nothing is given up; what the spaces add is the answer. */
static void bands(void **state)
{
    (void)state;
    double x[ROWS * INPUTS], y[ROWS * 2], none[ROWS * 2] = {0}, out[ROWS * 2], again[ROWS * 2];
    const char *const space[INPUTS] = {"signal", "noise", "noise"};
    fill(x, ROWS * INPUTS, 1);
    fill(y, ROWS * 2, 2);
    for (size_t i = 0; i < ROWS * 2; i++) y[i] += 3 + 2 * x[i / 2 * INPUTS];
    struct setting s;
    bram_mat inputs = {x, ROWS, INPUTS, INPUTS};
    set_up(&s, inputs, (bram_mat){y, ROWS, 2, 2}, inputs, (bram_mat){none, ROWS, 2, 2});
    bram_fitted *f = NULL, *loaded = NULL;
    assert_ok(s.cx, bram_axis_add_text(s.cx, s.input, "space", space));
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "ridge:alpha=6", &s.train, NULL, 0));
    ask(&s, f, out, ROWS * 2);
    bram_fitted_free(f);
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "banded:alpha=3,draws=1", &s.train, NULL, 0));
    ask(&s, f, again, ROWS * 2);
    for (size_t i = 0; i < ROWS * 2; i++) assert_near(again[i], out[i], 1e-12);
    bram_fitted_free(f);
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "banded", &s.train, NULL, 0));
    bram_dataset *answer = NULL;
    bram_query query = {.ask = BRAM_ASK_RESPOND, .panel = &s.test};
    assert_ok(s.cx, bram_fitted_answer(s.cx, &answer, f, &query));
    const double *mean = bram_response_f64(bram_dataset_response(answer, "mean")),
                 *part = bram_response_f64(bram_dataset_response(answer, "space"));
    double square[2] = {0, 0}, average[2] = {0, 0};
    for (size_t i = 0; i < ROWS * 2; i++) average[i % 2] += y[i] / ROWS;
    for (size_t i = 0; i < ROWS * 2; i++) {
        assert_near(mean[i] - average[i % 2], part[i] + part[ROWS * 2 + i], 1e-12);
        for (size_t k = 0; k < 2; k++) square[k] += part[k * ROWS * 2 + i] * part[k * ROWS * 2 + i];
    }
    assert_true(square[1] < 0.02 * square[0]);
    char path[256];
    test_temporary(path, "banded.h5");
    assert_ok(s.cx, bram_fitted_save(s.cx, f, path, true));
    assert_ok(s.cx, bram_fitted_load(s.cx, &loaded, path));
    ask(&s, loaded, again, ROWS * 2);
    assert_memory_equal(mean, again, sizeof again);
    unlink(path);
    bram_dataset_free(answer);
    bram_fitted_free(loaded);
    bram_fitted_free(f);
    tear_down(&s);
}

static void what_it_refuses(void **state)
{
    (void)state;
    double x[] = {1, 2, NAN}, y[] = {2, 5, 5};
    struct setting s;
    bram_fitted *f = NULL;
    set_up(&s, (bram_mat){x, 3, 1, 1}, (bram_mat){y, 3, 1, 1}, (bram_mat){x, 2, 1, 1},
           (bram_mat){y, 2, 1, 1});
    assert_int_equal(bram_fitted_new(s.cx, &f, "ridge", &s.train, NULL, 0), BRAM_ENUMERIC);
    s.segment[0].x.rows = s.segment[0].y.rows = 1;
    assert_int_equal(bram_fitted_new(s.cx, &f, "ridge", &s.train, NULL, 0), BRAM_ENOTAPPLICABLE);
    s.segment[0].x.rows = 2;
    assert_int_equal(bram_fitted_new(s.cx, &f, "ridge", &s.train, NULL, 0), BRAM_ESHAPE);
    s.train.input = NULL;
    assert_int_equal(bram_fitted_new(s.cx, &f, "ridge", &s.train, NULL, 0), BRAM_ENOTAPPLICABLE);
    tear_down(&s);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(the_penalty_is_chosen),
        cmocka_unit_test(how_it_chose_is_told),
        cmocka_unit_test(bands),
        cmocka_unit_test(what_it_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
