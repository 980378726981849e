/*
 * zimmer.h - the recordings of the Zimmer laboratory: one reader for the files of Kato 2015,
 * Nichols 2017, Skora 2018, Kaplan 2020 and Uzel 2022, which have one layout under varying names.
 *
 * zimmer_sources.c has the table of the sources and their entries, zimmer.c reads the worms,
 * zimmer_events.c their states and stimuli.
 */
#ifndef BRAMBLE_LOADERS_ZIMMER_H
#define BRAMBLE_LOADERS_ZIMMER_H

#include "matlab.h"

#include <bramble/loader.h>

/** What the name of a variable says of all its worms. Texts are static; NULL: nothing. */
typedef struct bram_zimmer_variable {
    const char *name;     /* "npr1_let" */
    const char *strain;   /* "npr-1" */
    const char *stage;    /* "lethargus", "prelethargus" */
    const char *feeding;  /* "fasted", "starved" */
    const char *silenced; /* neurons with a histamine-gated chloride channel, by blanks */
} bram_zimmer_variable;

typedef struct bram_zimmer_source {
    const bram_zimmer_variable *variables; /* up to one without a name */
    bool strangers;                        /* takes worms of variables that no source knows */
} bram_zimmer_source;

/** The options that all have. */
extern const bram_param bram_zimmer_params[];

/** All sources, NULL-terminated. */
extern const bram_zimmer_source *const bram_zimmer_sources[];

/** @return what the sources know of a variable, and whose it is (`owner` may be NULL); or NULL */
const bram_zimmer_variable *bram_zimmer_find(const char *name, const bram_zimmer_source **owner);

/** As in loader.h, for a source. */
int bram_zimmer_recognise(bram_ctx *cx, const bram_zimmer_source *source, const bram_input *input,
                          bram_recognition *out) BRAM_MUST_CHECK;
int bram_zimmer_load(bram_ctx *cx, bram_dataset *ds, const bram_input *input,
                     const bram_options *o) BRAM_MUST_CHECK;

/** The frames of a recording. */
typedef struct bram_zimmer_clock {
    const char *id;
    size_t rows;
    const double *time; /* rows stamps in seconds, ascending */
} bram_zimmer_clock;

/**
 * Adds the table of events of a recording that has its traces: states of the animal and of the
 * stimulus; and, where states are codes, the codes as behaviour.
 *
 * @param states    the field States or NULL
 * @param names     names of the state codes 0, 1, ... joined by +; "" for none
 * @param stimulus  the field stimulus or NULL
 * @return BRAM_OK; BRAM_EFORMAT: a field is not as described; BRAM_ENOMEM
 */
int bram_zimmer_events(bram_ctx *cx, bram_dataset *ds, const bram_zimmer_clock *clock,
                       bram_matlab_value *states, const char *names,
                       bram_matlab_value *stimulus) BRAM_MUST_CHECK;

#endif
