/*
 * henaff.h - a session of Henaff et al. 2021 as trials: the 440 natural and synthetic images in the
 * order category, scale, movie, frame, repeat by repeat.
 */
#ifndef BRAMBLE_TEST_HENAFF_H
#define BRAMBLE_TEST_HENAFF_H

#include "linalg.h"
#include "matlab.h"
#include "test.h"

#include <bramble/metric.h>

enum { HENAFF_IMAGES = 440 };

/** Rows repeat x image; present is the caller's to free, values are in scratch memory. */
static inline bram_side henaff_session(bram_ctx *cx, const char *path, uint8_t **present,
                                       size_t *repeats)
{
    enum { SCALES = 2, CATEGORIES = 3, MOVIES = 10, FRAMES = 11 };
    bram_matlab *file;
    bram_matlab_value *all, *counts;
    double *x;
    bram_side side = {0};
    assert_ok(cx, bram_matlab_open(cx, &file, path));
    assert_ok(cx, bram_matlab_variable(cx, &all, file, "naturalStruct"));
    assert_ok(cx, bram_matlab_field(cx, &counts, all, "sortedResponses", 0));
    assert_int_equal(bram_matlab_rank(counts), 6);
    size_t units = bram_matlab_dims(counts)[4];
    *repeats = bram_matlab_dims(counts)[5];
    assert_ok(cx, bram_matlab_numbers(cx, &x, counts));
    assert_ok(cx, bram_mat_scratch(cx, &side.values, *repeats * HENAFF_IMAGES, units));
    *present = calloc(*repeats * HENAFF_IMAGES, units);
    assert_non_null(*present);
    for (size_t row = 0; row < *repeats * HENAFF_IMAGES; row++) {
        size_t image = row % HENAFF_IMAGES, frame = image % FRAMES, movie = image / FRAMES % MOVIES;
        size_t scale = image / FRAMES / MOVIES % SCALES;
        size_t category = image / FRAMES / MOVIES / SCALES;
        for (size_t u = 0; u < units; u++) {
            size_t at = movie + MOVIES * (frame + FRAMES * (u + units * (row / HENAFF_IMAGES)));
            double count = x[scale + SCALES * (category + CATEGORIES * at)];
            (*present)[row * units + u] = !isnan(count);
            bram_row(&side.values, row)[u] = isnan(count) ? 0 : count;
        }
    }
    side.present = *present;
    bram_free(x);
    bram_matlab_close(file);
    return side;
}

#endif
