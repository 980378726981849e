/*
 * forecast_test.h - a forecaster with its options, fitted on one segment and asked about another.
 */
#ifndef BRAMBLE_TESTS_FORECAST_TEST_H
#define BRAMBLE_TESTS_FORECAST_TEST_H

#include "test.h"

#include <bramble/model.h>

enum { ROWS = 60, UNITS = 3 };

/* A model with its options and one panel of one segment each for training, validation, test. */
struct setting {
    bram_ctx *cx;
    const bram_model *model;
    bram_options *options;
    bram_axis *unit;
    bram_segment segment[2];
    bram_panel train, test;
    void *fitted;
};

static inline void fill(double *x, size_t n, uint32_t seed)
{
    uint32_t s = seed * 2654435761u + 12345u;
    for (size_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = (double)(s >> 8) / (double)(1 << 23) - 1;
    }
}

static inline void set_up(struct setting *s, const char *name, const char *options, bram_mat train,
                          bram_mat test)
{
    static const bram_param none[] = {{.name = NULL}};
    memset(s, 0, sizeof *s);
    s->cx = bram_ctx_new();
    s->model = bram_model_find(name);
    assert_non_null(s->model);
    assert_ok(s->cx, bram_options_new(s->cx, &s->options,
                                      s->model->params ? s->model->params : none, options));
    assert_ok(s->cx, bram_axis_new(s->cx, &s->unit, "unit", train.cols));
    s->segment[0] = (bram_segment){.id = "train", .y = train};
    s->segment[1] = (bram_segment){.id = "test", .y = test};
    s->train = (bram_panel){.unit = s->unit, .segment = &s->segment[0], .segments = 1};
    s->test = (bram_panel){.unit = s->unit, .segment = &s->segment[1], .segments = 1};
}

static inline int fit(struct setting *s, const bram_panel *validation)
{
    return s->model->fit(s->cx, &s->fitted, s->options, &s->train, validation, 1);
}

static inline void tear_down(struct setting *s)
{
    s->model->release(s->fitted);
    bram_options_free(s->options);
    bram_axis_free(s->unit);
    bram_ctx_free(s->cx);
}

/* The values of the answer; the caller frees *keep. */
static inline const double *ask(struct setting *s, const bram_query *q, bram_dataset **keep)
{
    assert_ok(s->cx, bram_dataset_new(s->cx, keep));
    assert_ok(s->cx, s->model->answer(s->cx, s->fitted, q, *keep));
    bram_response *r = bram_dataset_response(*keep,
                                             q->ask == BRAM_ASK_WEIGHTS ? "weights" : "mean");
    assert_non_null(r);
    return bram_response_f64(r);
}

static inline void step_is(struct setting *s, const double *want, size_t n, double tolerance)
{
    bram_dataset *ds;
    const double *got = ask(s, &(bram_query){.ask = BRAM_ASK_STEP, .panel = &s->test}, &ds);
    for (size_t i = 0; i < n; i++) assert_near(got[i], want[i], tolerance);
    bram_dataset_free(ds);
}

static inline void run_is(struct setting *s, size_t start, size_t steps, const double *want,
                          double tolerance)
{
    bram_dataset *ds;
    bram_query q = {
        .ask = BRAM_ASK_FREE_RUN, .panel = &s->test, .start = &start, .starts = 1, .steps = steps};
    const double *got = ask(s, &q, &ds);
    for (size_t i = 0; i < steps * s->train.segment->y.cols; i++)
        assert_near(got[i], want[i], tolerance);
    bram_dataset_free(ds);
}

#endif
