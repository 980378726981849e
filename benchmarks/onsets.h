/*
 * onsets.h - where trials of a recording begin, and of which condition each is.
 */
#ifndef BRAMBLE_BENCHMARKS_ONSETS_H
#define BRAMBLE_BENCHMARKS_ONSETS_H

#include "recording.h"

#include <bramble/spec.h>

typedef struct bram_onset {
    size_t row; /* of the recording: the first at or after the onset */
    uint32_t condition;
} bram_onset;

/** In order of the rows. */
typedef struct bram_onsets {
    bram_onset *trial;
    size_t count;
    bram_axis *condition; /* named */
} bram_onsets;

void bram_onsets_release(bram_onsets *t);

/**
 * A trial for each entry of the table recordings/ID/events that has an onset and an id: its
 * condition.
 *
 * @param kind  only entries of this kind (column kind); "": all
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: there are none; BRAM_ENOMEM
 */
int bram_onsets_of_events(bram_ctx *cx, bram_onsets *out, const bram_dataset *ds,
                          const bram_recording *r, const char *kind) BRAM_MUST_CHECK;

/** What counts as a movement. */
typedef struct bram_movement {
    double speed;      /* it begins when the speed rises to this ... */
    size_t rest;       /* ... after that many rows below it, and ends when it falls below again */
    double least;      /* and is that far from where it began */
    size_t directions; /* conditions: 0 is along the first variable, then towards the second */
} bram_movement;

/**
 * A trial for each movement in the plane, by its direction from beginning to end.
 *
 * @param place, velocity  two variables each, on the same rows; rows with one missing are no
 *                         movement, and none goes over the end of a stretch
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: there are none, or not two variables; BRAM_ENOMEM
 */
int bram_onsets_of_movements(bram_ctx *cx, bram_onsets *out, const bram_recording *place,
                             const bram_recording *velocity,
                             const bram_movement *what) BRAM_MUST_CHECK;

/** What a task asks about movements, among its options. */
#define BRAM_MOVEMENT_PARAMS                                                                       \
    {"behaviour",                                                                                  \
     BRAM_PARAM_TEXT,                                                                              \
     "behaviour",                                                                                  \
     NULL,                                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     "movements: the response below recordings/ID that holds place and velocity"},                 \
        {"place", BRAM_PARAM_TEXT, "", NULL, 0, 0, "movements: two variables, joined by +"},       \
        {"velocity", BRAM_PARAM_TEXT, "", NULL, 0, 0, "movements: two variables, joined by +"},    \
        {"speed", BRAM_PARAM_REAL, "0.1", NULL, 0, 1e9, "movements: one begins at this speed"},    \
        {"rest",                                                                                   \
         BRAM_PARAM_INTEGER,                                                                       \
         "3",                                                                                      \
         NULL,                                                                                     \
         1,                                                                                        \
         100000,                                                                                   \
         "movements: after so many rows below it"},                                                \
        {"least", BRAM_PARAM_REAL, "0", NULL, 0, 1e9, "movements: and goes this far"},             \
    {                                                                                              \
        "directions", BRAM_PARAM_INTEGER, "8", NULL, 2, 360, "movements: how many conditions"      \
    }

/** The same from place and velocity that are read from a dataset, as the options above say. */
int bram_onsets_of_behaviour(bram_ctx *cx, bram_onsets *out, const bram_dataset *ds,
                             const bram_recording *r, const bram_options *o) BRAM_MUST_CHECK;

#endif
