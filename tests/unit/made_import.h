/*
 * made_import.h - what tests of loaders on made files share: importing one, reading values and
 * columns, and what a refusal must say.
 */
#ifndef BRAMBLE_MADE_IMPORT_H
#define BRAMBLE_MADE_IMPORT_H

#include <bramble/loader.h>

#include "internal.h"
#include "made.h"
#include "test.h"

/** Makes a file and imports it; the dataset is NULL on failure. The file is removed. */
static int made_import(bram_ctx *cx, bram_dataset **ds, const char *kind, const char *defect,
                       const char *spec)
{
    char path[200];
    test_temporary(path, "made.mat");
    assert_true(made_file(kind, path, defect));
    *ds = NULL;
    int status = bram_import(cx, ds, spec, &(bram_input){(const char *const[]){path}, 1}, NULL);
    unlink(path);
    return status;
}

static inline const char *made_id(const bram_dataset *ds, size_t recording)
{
    return bram_dataset_group_at(ds, "recordings", recording);
}

static inline const bram_response *made_response(const bram_dataset *ds, size_t recording,
                                                 const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/%s", made_id(ds, recording), name);
    const bram_response *r = bram_dataset_response(ds, path);
    if (!r) fail_msg("no %s", path);
    return r;
}

static inline const bram_axis *made_table(const bram_dataset *ds, size_t recording,
                                          const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/%s", made_id(ds, recording), name);
    return bram_dataset_table(ds, path);
}

static inline const char *made_attribute(const bram_dataset *ds, size_t recording, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%s", made_id(ds, recording));
    return bram_attrs_text(bram_dataset_find_attrs(ds, path), name);
}

/** A value; NaN where it is missing. */
static inline double made_value(bram_ctx *cx, const bram_response *r, size_t row, size_t col)
{
    double value;
    uint8_t present;
    assert_ok(cx,
              bram_response_read(cx, r, (size_t[]){row, col}, (size_t[]){1, 1}, &value, &present));
    return present ? value : (double)NAN;
}

/** Valid by datasets/schema.md. */
static inline void made_check(bram_ctx *cx, const bram_dataset *ds)
{
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
}

/** A refusal is EFORMAT, in one line that names the file and the loader and says these words. */
static inline void made_refused(const char *kind, const char *loader, const char *defect,
                                const char *words)
{
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    int status = made_import(cx, &ds, kind, defect, "auto");
    const char *message = bram_ctx_message(cx);
    if (status != BRAM_EFORMAT || !strstr(message, words) || !strstr(message, "made.mat") ||
        !strstr(message, loader) || strchr(message, '\n'))
        fail_msg("%s: status %d, %s; expected %s", defect, status, message, words);
    assert_null(ds);
    bram_ctx_free(cx);
}

/** Every allocation may fail: the import says so and leaks nothing, until it succeeds. */
static inline void made_survives(const char *kind, const char *loader)
{
    char path[200];
    test_temporary(path, "memory.mat");
    assert_true(made_file(kind, path, "good"));
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 6000; k += 1 + k / 30) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = NULL;
        bram_fail_allocation(k, k % 2);
        status = bram_import(cx, &ds, loader, &(bram_input){(const char *const[]){path}, 1}, NULL);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(cx));
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 20);
    unlink(path);
}

/** One loader of all is sure of a file, and gives its reason. */
static inline void made_known_by(const char *kind, const char *loader, const char *reason)
{
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "known.mat");
    assert_true(made_file(kind, path, "good"));
    const bram_input input = {(const char *const[]){path}, 1};
    for (size_t k = 0; bram_loader_table[k]; k++) {
        bram_recognition r = {.verdict = BRAM_NOT_MINE};
        assert_ok(cx, bram_loader_table[k]->recognise(cx, &input, &r));
        bool expected = !strcmp(bram_loader_table[k]->name, loader);
        if ((r.verdict == BRAM_MINE) != expected)
            fail_msg("%s on %s: %s", bram_loader_table[k]->name, kind, r.reason);
        if (expected) assert_non_null(strstr(r.reason, reason));
    }
    unlink(path);
    bram_ctx_free(cx);
}

#endif
