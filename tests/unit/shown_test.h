/*
 * shown_test.h - what the tests of loaders of responses to stimuli share: importing, values by
 * index, columns of axes, refusals.
 */
#ifndef BRAMBLE_SHOWN_TEST_H
#define BRAMBLE_SHOWN_TEST_H

#include <bramble/loader.h>

#include "internal.h"
#include "made.h"
#include "test.h"

/** Imports paths, up to NULL. */
static inline int import_paths(bram_ctx *cx, bram_dataset **ds, const char *spec,
                               const char *const *paths)
{
    size_t n = 0;
    while (paths[n]) n++;
    *ds = NULL;
    return bram_import(cx, ds, spec, &(bram_input){paths, n, 0}, NULL);
}

/** Imports one path, which must give a valid dataset. */
static inline bram_dataset *import_good(bram_ctx *cx, const char *spec, const char *path)
{
    bram_dataset *ds;
    size_t errors = 1;
    assert_ok(cx, import_paths(cx, &ds, spec, (const char *const[]){path, NULL}));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    return ds;
}

static inline const bram_response *response_at(const bram_dataset *ds, const char *path)
{
    const bram_response *r = bram_dataset_response(ds, path);
    if (!r) fail_msg("no response %s", path);
    return r;
}

/** A value by the indices of its dimensions; NaN where it is missing. */
static inline double value_of(bram_ctx *cx, const bram_response *r, size_t a, size_t b, size_t c,
                              size_t d)
{
    const size_t start[] = {a, b, c, d}, count[] = {1, 1, 1, 1};
    double value = 0;
    uint8_t present = 1;
    assert_ok(cx, bram_response_read(cx, r, start, count, &value, &present));
    return present ? value : (double)NAN;
}

static inline const char *column_text(const bram_axis *axis, const char *column, size_t row)
{
    const bram_column *c = bram_axis_column(axis, column);
    if (!c || !c->text) fail_msg("no column %s of text", column);
    return c->text[row];
}

static inline double column_number(const bram_axis *axis, const char *column, size_t row)
{
    const bram_column *c = bram_axis_column(axis, column);
    if (!c || (!c->number && !c->integer)) fail_msg("no column %s of numbers", column);
    return c->number ? c->number[row] : (double)c->integer[row];
}

static inline const char *attribute_of(const bram_response *r, const char *name)
{
    const char *text = bram_attrs_text(bram_response_attrs_const(r), name);
    if (!text) fail_msg("no attribute %s", name);
    return text;
}

/** A refusal is EFORMAT, or another status of bad input, in one line that says these words and
 *  names the input. */
static inline void assert_refused(const char *spec, const char *path, const char *words)
{
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    int status = import_paths(cx, &ds, spec, (const char *const[]){path, NULL});
    const char *message = bram_ctx_message(cx);
    if (status != BRAM_EFORMAT && status != BRAM_ENUMERIC)
        fail_msg("%s: status %d: %s", words, status, message);
    if (!strstr(message, words) || !strstr(message, path) || strchr(message, '\n'))
        fail_msg("found \"%s\", expected \"%s\"", message, words);
    assert_null(ds);
    bram_ctx_free(cx);
}

/** One loader of all is sure of a path, and gives its reason. */
static inline void assert_known_by(const char *loader, const char *path, const char *reason)
{
    bram_ctx *cx = bram_ctx_new();
    const bram_input input = {(const char *const[]){path}, 1, 0};
    for (size_t k = 0; bram_loader_table[k]; k++) {
        bram_recognition r = {.verdict = BRAM_NOT_MINE};
        assert_ok(cx, bram_loader_table[k]->recognise(cx, &input, &r));
        bool mine = !strcmp(bram_loader_table[k]->name, loader);
        if ((r.verdict == BRAM_MINE) != mine)
            fail_msg("%s on %s: %s", bram_loader_table[k]->name, path, r.reason);
        if (mine) assert_non_null(strstr(r.reason, reason));
    }
    bram_ctx_free(cx);
}

/** Every allocation may fail: the import says so and leaks nothing, until it succeeds. */
static inline void assert_survives(const char *spec, const char *path, bool spill)
{
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 20000; k += 1 + k / 30) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = NULL;
        if (spill) bram_ctx_set_spill(cx, getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        bram_fail_allocation(k, k % 2);
        status = import_paths(cx, &ds, spec, (const char *const[]){path, NULL});
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(cx));
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 50);
}

static inline void remove_tree(const char *path)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

#endif
