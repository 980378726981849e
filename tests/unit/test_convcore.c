/*
 * Tests of the model convcore on made pictures: two units that rectify what a small filter sees at
 * their places are learned from pictures and told of new ones, by both readouts; the same bits for
 * any number of threads; files; what it refuses; an early end.
 */
#include "internal.h"
#include "pictures.h"
#include "test.h"

#include <bramble/model.h>
#include <bramble/rng.h>

enum { SIDE = 10, TRAIN = 400, TEST = 100, ALL = TRAIN + TEST, UNITS = 2 };

struct setting {
    bram_ctx *cx;
    bram_dataset *known;
    bram_axis *unit, *row[2];
    double y[ALL * UNITS];
    bram_segment segment[2];
    bram_panel panel[2];
};

/* An edge at (i, j): what is left is brighter than what is right. */
static double edge(const uint8_t *picture, size_t i, size_t j)
{
    double sum = 0;
    for (size_t a = 0; a < 3; a++)
        sum += picture[(i + a) * SIDE + j] - picture[(i + a) * SIDE + j + 2];
    return fmax(sum / 255, 0);
}

static void set_up(struct setting *s)
{
    static char name[ALL][8];
    const char *names[ALL];
    bram_axis *all = NULL;
    bram_response *r = NULL;
    memset(s, 0, sizeof *s);
    s->cx = bram_ctx_new();
    assert_ok(s->cx, bram_dataset_new(s->cx, &s->known));
    for (size_t i = 0; i < ALL; i++)
        snprintf(name[i], sizeof name[i], "p%zu", i), names[i] = name[i];
    assert_ok(s->cx, bram_axis_new(s->cx, &all, "stimulus", ALL));
    assert_ok(s->cx, bram_axis_set_ids(s->cx, all, names));
    assert_ok(s->cx, bram_pictures_new(s->cx, &r, "noise", all, SIDE, SIDE, 1));
    bram_rng g = bram_rng_new(4, "convcore");
    uint8_t *level = bram_response_u8(r);
    for (size_t i = 0; i < ALL * SIDE * SIDE; i++) level[i] = (uint8_t)(bram_rng_below(&g, 256));
    for (size_t i = 0; i < ALL; i++) {
        s->y[2 * i] = 5 + edge(level + i * SIDE * SIDE, 2, 3);
        s->y[2 * i + 1] = 10 * edge(level + i * SIDE * SIDE, 5, 5);
    }
    assert_ok(s->cx, bram_dataset_add(s->cx, s->known, "stimuli/images", r));
    assert_ok(s->cx, bram_axis_new(s->cx, &s->unit, "unit", UNITS));
    for (size_t k = 0; k < 2; k++) {
        size_t n = k ? TEST : TRAIN, index[ALL];
        for (size_t i = 0; i < n; i++) index[i] = k * TRAIN + i;
        assert_ok(s->cx, bram_axis_take(s->cx, &s->row[k], all, index, n));
        s->segment[k] = (bram_segment){
            .id = "one", .row = s->row[k], .y = {s->y + k * TRAIN * UNITS, n, UNITS, UNITS}};
        s->panel[k] = (bram_panel){
            .unit = s->unit, .public_data = s->known, .segment = &s->segment[k], .segments = 1};
    }
    bram_axis_free(all);
}

static void tear_down(struct setting *s)
{
    bram_axis_free(s->unit);
    bram_axis_free(s->row[0]);
    bram_axis_free(s->row[1]);
    bram_dataset_free(s->known);
    bram_ctx_free(s->cx);
}

static void ask(struct setting *s, const bram_fitted *f, double *out, size_t where[UNITS])
{
    bram_dataset *answer = NULL;
    bram_query query = {.ask = BRAM_ASK_RESPOND, .panel = &s->panel[1]};
    assert_ok(s->cx, bram_fitted_answer(s->cx, &answer, f, &query));
    memcpy(out, bram_response_f64(bram_dataset_response(answer, "mean")),
           TEST * UNITS * sizeof *out);
    const bram_response *map = bram_dataset_response(answer, "map");
    size_t places = bram_response_length(map, 1) * bram_response_length(map, 2);
    double *value = bram_scratch(s->cx, UNITS, places * sizeof *value);
    assert_non_null(value);
    assert_ok(s->cx, bram_response_read(s->cx, map, (size_t[]){0, 0, 0},
                                        (size_t[]){UNITS, bram_response_length(map, 1),
                                                   bram_response_length(map, 2)},
                                        value, NULL));
    for (size_t u = 0; where && u < UNITS; u++) {
        where[u] = 0;
        for (size_t p = 1; p < places; p++)
            if (value[u * places + p] > value[u * places + where[u]]) where[u] = p;
    }
    bram_dataset_free(answer);
}

static double correlation(const struct setting *s, const double *told, size_t unit)
{
    const double *y = s->y + TRAIN * UNITS;
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = unit; i < TEST * UNITS; i += UNITS) mx += told[i] / TEST, my += y[i] / TEST;
    for (size_t i = unit; i < TEST * UNITS; i += UNITS) {
        xx += (told[i] - mx) * (told[i] - mx), yy += (y[i] - my) * (y[i] - my);
        xy += (told[i] - mx) * (y[i] - my);
    }
    return xy / sqrt(xx * yy);
}

#define SMALL                                                                                      \
    "size=10,first=3,layers=2,channels=6,batch=32,epochs=40,patience=40,weights=0.005,space=0.005"

static void what_filters_see_is_learned(void **state)
{
    (void)state;
    static const char *const spec[] = {"convcore:readout=gaussian," SMALL,
                                       "convcore:readout=factorized," SMALL};
    struct setting s;
    double told[TEST * UNITS], again[TEST * UNITS];
    set_up(&s);
    bram_ctx_set_threads(s.cx, 1);
    for (size_t k = 0; k < 2; k++) {
        bram_fitted *f = NULL, *loaded = NULL;
        size_t where[UNITS];
        assert_ok(s.cx, bram_fitted_new(s.cx, &f, spec[k], &s.panel[0], NULL, 3));
        ask(&s, f, told, where);
        for (size_t u = 0; u < UNITS; u++)
            if (!(correlation(&s, told, u) > 0.8))
                fail_msg("%s: unit %zu is told with r %.3f", spec[k], u, correlation(&s, told, u));
        assert_true(where[0] != where[1]);
        char path[256];
        test_temporary(path, "convcore.h5");
        assert_ok(s.cx, bram_fitted_save(s.cx, f, path, true));
        assert_ok(s.cx, bram_fitted_load(s.cx, &loaded, path));
        ask(&s, loaded, again, NULL);
        assert_memory_equal(told, again, sizeof told);
        bram_fitted_free(loaded);
        bram_fitted_free(f);
        unlink(path);
    }
    tear_down(&s);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    struct setting s;
    double told[2][TEST * UNITS];
    set_up(&s);
    for (unsigned k = 0; k < 2; k++) {
        bram_fitted *f = NULL;
        bram_ctx_set_threads(s.cx, k + 1);
        assert_ok(s.cx,
                  bram_fitted_new(s.cx, &f, "convcore:size=10,first=3,layers=2,channels=6,epochs=2",
                                  &s.panel[0], NULL, 3));
        ask(&s, f, told[k], NULL);
        bram_fitted_free(f);
    }
    assert_memory_equal(told[0], told[1], sizeof told[0]);
    tear_down(&s);
}

/* Whoever ends the training early gets what there is: before the first epoch, the first
 * parameters. */
static void an_early_end_keeps_the_best(void **state)
{
    (void)state;
    struct setting s;
    double told[TEST * UNITS];
    static volatile int finish = 1;
    bram_fitted *f = NULL;
    set_up(&s);
    bram_ctx_set_finish(s.cx, &finish);
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "convcore:" SMALL, &s.panel[0], NULL, 0));
    ask(&s, f, told, NULL);
    for (size_t i = 0; i < TEST * UNITS; i++) assert_true(isfinite(told[i]));
    bram_fitted_free(f);
    tear_down(&s);
}

static void what_it_refuses(void **state)
{
    (void)state;
    struct setting s;
    bram_fitted *f = NULL;
    set_up(&s);
    assert_int_equal(bram_fitted_new(s.cx, &f, "convcore:size=6,first=7", &s.panel[0], NULL, 0),
                     BRAM_EUSAGE);
    assert_int_equal(bram_fitted_new(s.cx, &f, "convcore:set=other," SMALL, &s.panel[0], NULL, 0),
                     BRAM_ENOTAPPLICABLE);
    s.segment[0].row = NULL;
    assert_int_equal(bram_fitted_new(s.cx, &f, "convcore:" SMALL, &s.panel[0], NULL, 0),
                     BRAM_ENOTAPPLICABLE);
    assert_null(f);
    tear_down(&s);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_filters_see_is_learned),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(an_early_end_keeps_the_best),
        cmocka_unit_test(what_it_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
