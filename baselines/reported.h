/*
 * reported.h - predictions that the user has computed, from a file a part: rows told by time or by
 * stimulus, columns by the names of units. Shared by the models `forecasts` and `predictions`.
 */
#ifndef BRAMBLE_BASELINES_REPORTED_H
#define BRAMBLE_BASELINES_REPORTED_H

#include <bramble/model.h>

/** What a file holds. */
typedef struct bram_reported {
    size_t rows, units;
    double *mean;    /* rows x units, finite or NaN: missing */
    char **unit;     /* names of the columns */
    double *time;    /* s, ascending; NULL where rows are stimuli */
    char **stimulus; /* ids; NULL where rows are times */
} bram_reported;

/**
 * Reads FOLDER/PART with one of the endings .npz, .h5, .nc, .mat, .safetensors: arrays mean (rows x
 * units), unit (texts) and time (numbers) or stimulus (texts).
 *
 * @return BRAM_OK; BRAM_EREAD: no such file; BRAM_EFORMAT; BRAM_ENOMEM
 */
int bram_reported_read(bram_ctx *cx, bram_reported *out, const char *folder,
                       const char *part) BRAM_MUST_CHECK;
void bram_reported_release(bram_reported *r);

/**
 * The prediction of the target rows of a segment: rows matched by time within a hundredth of a
 * step, or by stimulus; columns by name. A unit that the file lacks is masked.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: a row that the file lacks, named; BRAM_ENUMERIC: a value
 *         that is not finite; BRAM_EFORMAT: a stimulus twice; BRAM_ENOMEM
 */
int bram_reported_answer(bram_ctx *cx, bram_dataset *out, const bram_reported *r,
                         const bram_segment *s, const bram_axis *unit) BRAM_MUST_CHECK;

/** SHA-256 of the files of a folder by name and content. */
int bram_reported_content(bram_ctx *cx, char hex[65], const char *folder) BRAM_MUST_CHECK;

#endif
