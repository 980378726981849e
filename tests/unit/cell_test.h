/*
 * cell_test.h - what the tests of tasks share: running one cell and reading its scores.
 */
#ifndef BRAMBLE_CELL_TEST_H
#define BRAMBLE_CELL_TEST_H

#include <bramble/benchmark.h>

#include "internal.h"
#include "scoring.h"
#include "test.h"

/** Runs one cell; *result is a dataset of the caller's. */
static inline int test_cell(bram_ctx *cx, bram_dataset **result, const bram_benchmark *b,
                            const bram_dataset *ds, const char *part, const char *model)
{
    const bram_task *task = bram_task_find(b->task);
    assert_non_null(task);
    bram_cell cell = {b, ds, part, model, 0};
    bram_dataset *fresh = NULL;
    size_t bytes = 0;
    assert_ok(cx, bram_dataset_new(cx, &fresh));
    int status = task->memory(cx, &bytes, &cell);
    if (status == BRAM_OK) status = task->run(cx, fresh, &cell);
    if (status == BRAM_OK) *result = fresh;
    else bram_dataset_free(fresh);
    return status;
}

/** The row of a metric in a result's score table; options that have their default may be left out.
 */
static inline ptrdiff_t test_row(const bram_axis *table, const char *id)
{
    ptrdiff_t at = bram_axis_find(table, id);
    if (at >= 0) return at;
    bram_ctx *cx = bram_ctx_new();
    bram_metric_use use = {0};
    const char *what = strchr(id, '@') ? strchr(id, '@') : "";
    char *spec = bram_strf(cx, "%.*s", (int)(strlen(id) - strlen(what)), id);
    if (bram_metric_use_parse(cx, &use, spec) == BRAM_OK) {
        char *full = bram_strf(cx, "%s%s%s", use.median ? "median " : "", use.spec, what);
        at = bram_axis_find(table, full);
        bram_free(full);
        bram_metric_use_release(&use);
    }
    bram_free(spec);
    bram_ctx_free(cx);
    if (at < 0) fail_msg("no score %s", id);
    return at;
}

/** A number of the row with this id of a result's score table. */
static inline double test_number(const bram_dataset *result, const char *id, const char *column)
{
    const bram_axis *table = bram_response_axis(bram_dataset_response(result, "raw"), 0);
    ptrdiff_t at = test_row(table, id);
    const bram_column *values = bram_axis_column(table, column);
    assert_non_null(values);
    return values->integer ? (double)values->integer[at] : values->number[at];
}

/** Its text. */
static inline const char *test_text(const bram_dataset *result, const char *id, const char *column)
{
    const bram_axis *table = bram_response_axis(bram_dataset_response(result, "raw"), 0);
    return bram_axis_column(table, column)->text[test_row(table, id)];
}

/** A definition by value: the lists are the caller's and static. */
static inline bram_benchmark test_benchmark(bram_ctx *cx, const char *task, char **metrics,
                                            size_t metric_count, const char *options)
{
    static char name[] = "made", nothing[] = "";
    static char task_name[32];
    snprintf(task_name, sizeof task_name, "%s", task);
    bram_benchmark b = {.name = name,
                        .title = name,
                        .task = task_name,
                        .dataset = name,
                        .citation = nothing,
                        .version = 1,
                        .metrics = metrics,
                        .metric_count = metric_count};
    assert_ok(cx, bram_options_new(cx, &b.options, bram_task_find(task)->params, options));
    return b;
}

/** A double response with plain axes; ids (for the axes that have them) or NULL. */
static inline void test_add(bram_ctx *cx, bram_dataset *ds, const char *group, const char *name,
                            size_t dims, const char *const *axis_name, const size_t *length,
                            const char *const *const *ids, const double *values, const char *kind)
{
    bram_axis *axis[BRAM_MAX_DIMS] = {0};
    const bram_axis *seen[BRAM_MAX_DIMS];
    bram_response *r = NULL;
    for (size_t d = 0; d < dims; d++) {
        assert_ok(cx, bram_axis_new(cx, &axis[d], axis_name[d], length[d]));
        if (ids && ids[d]) assert_ok(cx, bram_axis_set_ids(cx, axis[d], ids[d]));
        seen[d] = axis[d];
    }
    assert_ok(cx, bram_response_new(cx, &r, name, BRAM_F64, dims, seen));
    memcpy(bram_response_f64(r), values, bram_response_count(r) * sizeof *values);
    for (size_t d = 0; d < dims; d++) bram_axis_free(axis[d]);
    if (kind) assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "kind", kind));
    assert_ok(cx, bram_dataset_add(cx, ds, group, r));
}

#endif
