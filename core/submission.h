/*
 * submission.h - a model's answers to one benchmark as one file, to be handed in: written, and read
 * without trust. docs/submissions.md states the form.
 *
 * The file is a tar archive: submission.json (what it is an answer to, and the SHA-256 of every
 * other member), card.yaml (bram_yaml_card), and arrays as .npy with the names of their rows and
 * columns, one a line. There is no code in it, and nothing of it is ever run or unpacked to disk.
 */
#ifndef BRAMBLE_CORE_SUBMISSION_H
#define BRAMBLE_CORE_SUBMISSION_H

#include "json.h"
#include "npy.h"
#include "yaml.h"

#include <bramble/axis.h>

#define BRAM_SUBMISSION_CONTENT "bramble-submission"

enum { BRAM_SUBMISSION_VERSION = 1 };

/** One array: features of stimuli, or predictions about one part. */
typedef struct bram_submitted {
    const char *name;  /* of the layer; of the part for predictions */
    bool is_time;      /* rows are seconds, else stimuli */
    bram_npy *values;  /* rows x columns */
    bram_axis *row;    /* ids as they stand in the file */
    double *time;      /* of the rows, where is_time */
    bram_axis *column; /* names of units; NULL for features */
} bram_submitted;

/** A submission in memory. Texts belong to it. */
typedef struct bram_submission {
    const char *benchmark, *task, *dataset, *dataset_hash, *options, *model, *program;
    int64_t benchmark_version;
    bool features; /* else predictions */
    bram_yaml_card *card;
    bram_submitted *array;
    size_t arrays;
    char sha256[65]; /* of the file */
} bram_submission;

/**
 * Reads a file and holds it against itself: names of members that stay inside, none twice, no
 * links; every member listed with its SHA-256 and none besides; a complete card; arrays of finite
 * numbers whose rows and columns have names of their own.
 *
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT with the reason; BRAM_ENOMEM
 */
int bram_submission_open(bram_ctx *cx, bram_submission **out, const char *path) BRAM_MUST_CHECK;
void bram_submission_free(bram_submission *s);

/* ---- writing -------------------------------------------------------------------------------- */

typedef struct bram_submission_out bram_submission_out;

/** What a submission answers; borrowed during the call. The fields are those above. */
typedef struct bram_submission_about {
    const char *benchmark, *task, *dataset, *dataset_hash, *options, *model;
    int64_t benchmark_version;
    bool features;
    const char *card; /* text of the card, checked by bram_yaml_card_parse before */
} bram_submission_about;

int bram_submission_out_new(bram_ctx *cx, bram_submission_out **out,
                            const bram_submission_about *about) BRAM_MUST_CHECK;
void bram_submission_out_free(bram_submission_out *o);

/**
 * Adds an array of rows x columns values, kept as float32 where that loses nothing.
 *
 * @param name    of the layer or part
 * @param row     stimuli by id, else times
 * @param column  NULL for features
 * @return BRAM_OK; BRAM_EUSAGE for a name with a line end; BRAM_ENUMERIC for a value that is not
 *         finite, naming row and column; BRAM_ENOMEM
 */
int bram_submission_out_add(bram_ctx *cx, bram_submission_out *o, const char *name,
                            const bram_axis *row, const bram_axis *column, size_t columns,
                            const double *values) BRAM_MUST_CHECK;

/** Writes the file; equal content gives equal bytes. */
int bram_submission_out_write(bram_ctx *cx, bram_submission_out *o, const char *path,
                              bool replace) BRAM_MUST_CHECK;

#endif
