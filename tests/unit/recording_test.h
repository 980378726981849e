/*
 * recording_test.h - what the tests of loaders of recordings share: importing a made file, looking
 * into the only or a named recording, refusals.
 */
#ifndef BRAMBLE_RECORDING_TEST_H
#define BRAMBLE_RECORDING_TEST_H

#include <bramble/loader.h>

#include "internal.h"
#include "test.h"

/** Imports one file. */
static inline int import_file(bram_ctx *cx, bram_dataset **ds, const char *spec, const char *path)
{
    *ds = NULL;
    return bram_import(cx, ds, spec, &(bram_input){(const char *const[]){path}, 1}, NULL);
}

/** recordings/ID/NAME; "" for the group. */
static inline const char *in_recording(const char *id, const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "recordings/%s%s%s", id, *name ? "/" : "", name);
    return path;
}

static inline const bram_response *response_of(const bram_dataset *ds, const char *id,
                                               const char *name)
{
    const bram_response *r = bram_dataset_response(ds, in_recording(id, name));
    if (!r) fail_msg("no response %s", in_recording(id, name));
    return r;
}

/** A value, NaN where it is missing. */
static inline double value_at(bram_ctx *cx, const bram_response *r, size_t row, size_t col)
{
    const size_t start[] = {row, col}, count[] = {1, 1};
    double value = 0;
    uint8_t present = 1;
    assert_ok(cx, bram_response_read(cx, r, start, count, &value, &present));
    return present ? value : (double)NAN;
}

static inline const char *text_of(const bram_dataset *ds, const char *id, const char *attribute)
{
    return bram_attrs_text(bram_dataset_find_attrs(ds, in_recording(id, "")), attribute);
}

/** A text column of the neurons of activity. */
static inline const char *neuron_text(const bram_dataset *ds, const char *id, const char *column,
                                      size_t neuron)
{
    const bram_axis *axis = bram_response_axis(response_of(ds, id, "activity"), 1);
    return bram_axis_column(axis, column)->text[neuron];
}

/** Valid by datasets/schema.md. */
static inline void assert_valid_dataset(bram_ctx *cx, const bram_dataset *ds)
{
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
}

/** Fails the test unless an import ends with BRAM_EFORMAT and these words, and gives nothing. */
static inline void expect_refusal(bram_ctx *cx, const char *spec, const char *path,
                                  const char *form, const char *words)
{
    bram_dataset *ds = NULL;
    int status = import_file(cx, &ds, spec, path);
    const char *message = bram_ctx_message(cx), *slash = strrchr(path, '/');
    if (status != BRAM_EFORMAT || !strstr(message, words) || ds)
        fail_msg("%s: status %d: %s", form, status, message);
    if (slash && strlen(slash) > 12 && !strstr(message, "bramble-"))
        fail_msg("%s: no file is named: %s", form, message);
}

/** An import fails as it should whichever allocation fails, until none does. */
static inline void expect_to_survive(const char *path)
{
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k += 1 + k / 32) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = NULL;
        bram_fail_allocation(k, k % 2);
        status = import_file(cx, &ds, "auto", path);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && (status != BRAM_ENOMEM || ds))
            fail_msg("allocation %zu: status %d: %s", k, status, bram_ctx_message(cx));
        bram_dataset_free(ds);
        bram_ctx_free(cx);
        assert_true(k < 1000000);
    }
}

#endif
