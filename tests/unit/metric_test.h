/*
 * metric_test.h - what the tests of metrics share: scoring arrays with or without weights, and a
 * side whose rows are written out as often as their weights say.
 */
#ifndef BRAMBLE_METRIC_TEST_H
#define BRAMBLE_METRIC_TEST_H

#include <bramble/metric.h>

#include "test.h"

/** A whole view of a rows x cols array. */
static inline bram_side test_side(double *data, size_t rows, size_t cols, const uint8_t *present)
{
    return (bram_side){.values = {data, rows, cols, cols}, .present = present};
}

/** What is scored and how. Sides are bram_side; reference, groups and weight may be left out. */
struct test_scoring {
    const char *options; /* "compare=pearson" */
    bram_side model, brain;
    const bram_side *reference;
    bram_groups groups;
    const double *weight;
    size_t memory;
};

/** The prepared sides and pair of a scoring, for test_score and the tests of failures. */
struct test_pairing {
    bram_options *options;
    void *model, *brain, *pair;
    size_t values;
};

static inline void test_unpair(const bram_metric *m, struct test_pairing *p)
{
    if (p->pair && m->release_pair) m->release_pair(p->pair);
    if (m->release && p->model) m->release(p->model);
    if (m->release && p->brain) m->release(p->brain);
    bram_options_free(p->options);
    *p = (struct test_pairing){0};
}

static inline int test_pair(bram_ctx *cx, const bram_metric *m, struct test_pairing *p,
                            const struct test_scoring *s)
{
    bram_comparison c = {&s->model, &s->brain, s->reference, NULL, 0, s->groups, s->memory};
    *p = (struct test_pairing){0};
    int status = bram_options_new(cx, &p->options, m->params, s->options);
    if (status == BRAM_OK && m->prepare) {
        status = m->prepare(cx, &p->model, p->options, &s->model);
        if (status == BRAM_OK) status = m->prepare(cx, &p->brain, p->options, &s->brain);
        c.model = p->model, c.brain = p->brain;
    }
    if (status == BRAM_OK) status = m->pair(cx, &p->pair, &p->values, p->options, &c);
    if (status != BRAM_OK) test_unpair(m, p);
    return status;
}

/** Scores; raw has room for `room` values, and values (may be NULL) receives their number. */
static inline int test_score(bram_ctx *cx, const char *name, double *raw, size_t room,
                             size_t *values, const struct test_scoring *s)
{
    const bram_metric *m = bram_metric_find(name);
    assert_non_null(m);
    struct test_pairing p;
    int status = test_pair(cx, m, &p, s);
    if (status != BRAM_OK) return status;
    assert_true(p.values <= room);
    status = m->compare(cx, raw, p.pair, s->weight);
    if (status == BRAM_OK && values) *values = p.values;
    test_unpair(m, &p);
    return status;
}

/** One value of a scoring that must succeed. */
static inline double test_score_one(const char *name, const struct test_scoring *s)
{
    bram_ctx *cx = bram_ctx_new();
    double raw = 42;
    size_t values = 0;
    assert_ok(cx, test_score(cx, name, &raw, 1, &values, s));
    assert_int_equal(values, 1);
    bram_ctx_free(cx);
    return raw;
}

/**
 * Writes row i out times[i] times, values and mask (where there is one), into heap arrays.
 *
 * @param columns  also repeat columns like that: a matrix over the same things twice. The entries
 *                 of an original pair (i, i) between different copies are then masked
 */
static inline bram_side test_repeat(const bram_side *side, const size_t *times, bool columns)
{
    size_t rows = 0, n = side->values.rows, p = side->values.cols;
    for (size_t i = 0; i < n; i++) rows += times[i];
    size_t cols = columns ? rows : p, at = 0;
    double *data = calloc(rows * cols + 1, sizeof *data);
    uint8_t *present = calloc(rows * cols + 1, 1);
    assert_non_null(data);
    assert_non_null(present);
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < times[i]; a++)
            for (size_t k = 0; k < p; k++)
                for (size_t b = 0; b < (columns ? times[k] : 1); b++, at++) {
                    data[at] = bram_row(&side->values, i)[k];
                    bool self = columns && i == k && a != b;
                    present[at] = !self && (!side->present || side->present[i * p + k]);
                }
    bool masked = side->present || columns;
    if (!masked) free(present);
    return (bram_side){.values = {data, rows, cols, cols},
                       .present = masked ? present : NULL,
                       .is_rdm = side->is_rdm};
}

static inline void test_repeat_free(bram_side *side)
{
    union { /* the mask was made here, so it may be freed */
        const uint8_t *constant;
        void *plain;
    } present = {side->present};
    free(present.plain);
    free(side->values.data);
}

/** Equal, or both NaN. */
#define assert_same(a, b, tolerance)                                                               \
    do {                                                                                           \
        double same_a_ = (a), same_b_ = (b);                                                       \
        if (!isnan(same_a_) || !isnan(same_b_)) assert_near(same_a_, same_b_, tolerance);          \
    } while (0)

#endif
