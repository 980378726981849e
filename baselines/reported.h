/*
 * reported.h - answers that the user has computed: a matrix whose rows are told by time or id, and
 * whose columns by the names of units. Shared by the models `forecasts`, `predictions` (from a file
 * a part) and `submission-predictions`.
 */
#ifndef BRAMBLE_BASELINES_REPORTED_H
#define BRAMBLE_BASELINES_REPORTED_H

#include "density.h"

/** An answer, and what its rows and columns are. */
typedef struct bram_reported {
    size_t rows, cols;
    double *values; /* rows x cols */
    char **unit;    /* names of the columns; NULL where they are states */
    double *time;   /* s, ascending; NULL where rows are told by ids, or are units (weights) */
    char **id;      /* of the rows; NULL where they have none */

    /* Densities: values and second are parameters of a family. family NULL: nats of the true
     * values. */
    const bram_density_family *family;
    double *second;
} bram_reported;

/**
 * Reads FOLDER/PART with one of the endings .npz, .npy, .h5, .nc, .mat, .safetensors,
 * .csv:
 *
 *   time (numbers) or stimulus, row (texts)   the rows, of all but weights
 *   unit (texts)                              the columns, of all but states
 *   mean                                      rows x units
 *   logdensity, or mean and sd, or rate, or probability         rows x units
 *   posterior, rows x states; or state, a number from 0 for each row
 *   weights                                   units x units, from the row's to the column's
 *
 * A table (.csv) holds the one matrix: its first column is called time, stimulus, row or unit, the
 * headings of the others are the units. A .npy holds the one matrix as well; what its rows and
 * columns are stands beside it, in PART.time.npy, PART.unit.npy ... or, a line each, PART.unit.txt.
 *
 * @return BRAM_OK; BRAM_EREAD: no such file; BRAM_ENOTAPPLICABLE: it lacks such an array;
 *         BRAM_EFORMAT; BRAM_ENOMEM
 */
int bram_reported_read(bram_ctx *cx, bram_reported *out, const char *folder, const char *part,
                       bram_ask ask) BRAM_MUST_CHECK;
void bram_reported_release(bram_reported *r);

/**
 * The answer to a query about the target rows of a segment: rows matched by time within a hundredth
 * of a step, or by id; columns by name. A unit that the file lacks is masked (of weights: an
 * error). Beside "logdensity" stand the parameters of the family, under their names, if any.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: a row or unit that the file lacks, named; BRAM_ENUMERIC: a
 *         value that is not finite, or no density; BRAM_EFORMAT: an id twice; BRAM_ENOMEM
 */
int bram_reported_answer(bram_ctx *cx, bram_dataset *out, const bram_reported *r,
                         const bram_query *q) BRAM_MUST_CHECK;

/* The functions of models whose option `path` is a folder of such files; the state is its path. */
extern const bram_param bram_reported_params[];
int bram_reported_fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
                      const bram_panel *validation, uint64_t seed) BRAM_MUST_CHECK;
int bram_reported_ask(bram_ctx *cx, const void *fitted, const bram_query *q,
                      bram_dataset *out) BRAM_MUST_CHECK;

/** SHA-256 of the files of the folder by name and content. */
int bram_reported_content(bram_ctx *cx, char hex[65], const bram_options *o) BRAM_MUST_CHECK;

#endif
