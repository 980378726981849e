/*
 * shown.h - what loaders of responses to stimuli share: axes with their columns, which repeat a
 * presentation is, which units pass, and what a response says of itself.
 *
 * Stimuli that their source shows once each (to learn from) and others that it shows often (to test
 * on) are two responses, ID_training (stimulus x neuron) and ID (stimulus x neuron x repeat): one
 * array of both would be missing for the most part. The column `set` of a stimulus is the split
 * that the source gives, in its words.
 */
#ifndef BRAMBLE_LOADERS_SHOWN_H
#define BRAMBLE_LOADERS_SHOWN_H

#include "fill.h"

#include <bramble/loader.h>

#define BRAM_SPECIES_MOUSE   "Mus musculus"
#define BRAM_SPECIES_HUMAN   "Homo sapiens"
#define BRAM_SPECIES_MACAQUE "Macaca mulatta"

/** A column in the making; the array that is set is its values. Without any it is left out. */
typedef struct bram_field {
    const char *name;
    const char *const *text;
    const double *number;
    const int64_t *integer;
    const char *unit; /* of numbers; NULL: none */
} bram_field;

/**
 * An axis with ids and columns.
 *
 * @param ids     n texts; NULL: none
 * @param fields  up to an entry without a name; NULL: none
 */
int bram_shown_axis(bram_ctx *cx, bram_axis **out, const char *name, size_t n,
                    const char *const *ids, const bram_field *fields) BRAM_MUST_CHECK;

/** n ids of a prefix and a number of `digits` or more digits, counted from `first`; scratch memory,
 *  NULL (with the message set) without. */
const char **bram_shown_ids(bram_ctx *cx, size_t n, const char *prefix, int digits, size_t first);

/** The same for given whole numbers. */
const char **bram_shown_numbers(bram_ctx *cx, size_t n, const char *prefix, int digits,
                                const int64_t *number);

/**
 * The different ones among n whole numbers, in ascending order.
 *
 * @param distinct  n places
 * @param index     n places: the position of each number among them
 * @return how many there are
 */
size_t bram_shown_distinct(int64_t *distinct, size_t *index, const int64_t *number, size_t n);

/**
 * The how manieth presentation of its stimulus each is, in order.
 *
 * @param repeat    trials places
 * @param stimulus  trials positions below `stimuli`
 * @return the most presentations of one stimulus; 0 (with the message set) without memory
 */
size_t bram_shown_repeats(bram_ctx *cx, size_t *repeat, const size_t *stimulus, size_t trials,
                          size_t stimuli);

/** A rule of which units pass: those whose value is below, or above, a limit. */
typedef struct bram_unit_rule {
    const char *what;    /* "isi_violations" */
    const double *value; /* of each unit, NaN where unknown; NULL: the source does not state it */
    double limit;        /* NaN: no rule */
    bool above;          /* passes above the limit (NaN never does); else below */
} bram_unit_rule;

/**
 * Drops units that a rule does not let pass.
 *
 * @param kept   positions of those that pass, of *count units; those that it holds at first
 * @param words  the rules that were applied, "snr > 1, ..."; "none"; the caller frees it
 * @param rules  up to an entry without `what`
 * @return BRAM_OK; BRAM_EFORMAT: a rule for what the source does not state, or no unit passes
 */
int bram_shown_filter(bram_ctx *cx, size_t *kept, size_t *count, char **words,
                      const bram_unit_rule *rules) BRAM_MUST_CHECK;

/** Sets attributes "name, value, name, value ..., NULL"; a NULL or empty value is left out. */
int bram_shown_say(bram_ctx *cx, bram_attrs *attrs, const char *const *pairs) BRAM_MUST_CHECK;

/**
 * Ends a response, says what it is (as above) and puts it at responses/NAME. Takes f over. With two
 * repeats or more and no time, the units get the columns `reliability` and `ncsnr`
 * (intake_responses.h), unless they have published ones.
 *
 * @param window  start and end of the response in s after the stimulus; NULL or NaN: not known
 */
int bram_shown_put(bram_ctx *cx, bram_dataset *ds, bram_fill *f, const double window[2],
                   const char *const *pairs) BRAM_MUST_CHECK;

/** Adds pictures, stimulus x row x column (x channel), at stimuli/images/NAME: takes f over. */
int bram_shown_put_pictures(bram_ctx *cx, bram_dataset *ds, bram_fill *f,
                            bram_type type) BRAM_MUST_CHECK;

#endif
