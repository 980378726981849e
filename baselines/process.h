/*
 * process.h - what the models `process` and `process-features` share: a program of the user's, in
 * any language.
 *
 * The program is started once for each fit and asked in lines (core/child.h); arrays go through
 * .npy files in a temporary folder. docs/outside-models.md states the protocol. It is two models
 * because a benchmark must know before it asks whether responses come from the program or are
 * fitted to its features.
 */
#ifndef BRAMBLE_BASELINES_PROCESS_H
#define BRAMBLE_BASELINES_PROCESS_H

#include <bramble/model.h>

#include "child.h"

typedef struct bram_process {
    bram_child *child;
    char *folder, *command;
    size_t units, context;
    double timeout;
} bram_process;

/** Any length, in the shape of an answer. */
#define BRAM_ANY_LENGTH SIZE_MAX

/** Asks a line and heeds the answer: "ok", "not applicable ...", or anything else for an error. */
int bram_process_ask(bram_ctx *cx, const bram_process *p, const char *line) BRAM_MUST_CHECK;

/** Asks "what FOLDER", "what NUMBER FOLDER". */
int bram_process_ask_folder(bram_ctx *cx, const bram_process *p, const char *what) BRAM_MUST_CHECK;
int bram_process_ask_number(bram_ctx *cx, const bram_process *p, const char *what,
                            uint64_t number) BRAM_MUST_CHECK;

/** Writes FOLDER/NAME.npy: numbers; the ids of an axis or its coordinates (nothing without). */
int bram_process_put(bram_ctx *cx, const bram_process *p, const char *name, size_t dims,
                     const size_t *shape, const double *values) BRAM_MUST_CHECK;
int bram_process_put_axis(bram_ctx *cx, const bram_process *p, const char *name,
                          const bram_axis *axis) BRAM_MUST_CHECK;

/** Whether FOLDER/NAME.npy is there. */
bool bram_process_has(bram_ctx *cx, const bram_process *p, const char *name);

/**
 * Reads FOLDER/NAME.npy, and removes it, so that an answer that was not written is not the last
 * one.
 *
 * @param shape   what is expected, BRAM_ANY_LENGTH for any; receives what was found
 * @param values  heap memory
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT; BRAM_ESHAPE; BRAM_ENOMEM, all with the command
 */
int bram_process_take(bram_ctx *cx, double **values, const bram_process *p, const char *name,
                      size_t dims, size_t *shape) BRAM_MUST_CHECK;

/** One row of y or x with NaN where nothing is known; rows before the first are all unknown. */
int bram_process_row(bram_ctx *cx, double *out, const bram_segment *s, bool input,
                     ptrdiff_t row) BRAM_MUST_CHECK;

/** Rows first .. first + rows - 1 of y or x as NAME.npy. */
int bram_process_put_rows(bram_ctx *cx, const bram_process *p, const char *name,
                          const bram_segment *s, bool input, size_t first,
                          size_t rows) BRAM_MUST_CHECK;

/** Arrays of the dataset with a row a stimulus, as stimuli_NAME.npy and stimuli_NAME_ids.npy. */
int bram_process_put_stimuli(bram_ctx *cx, const bram_process *p,
                             const bram_dataset *ds) BRAM_MUST_CHECK;

/** bram_model.fit with the number of rows before a target that the program gets, and the other
 * functions of a model. */
int bram_process_start(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
                       const bram_panel *validation, uint64_t seed, size_t context) BRAM_MUST_CHECK;
int bram_process_reply(bram_ctx *cx, const void *fitted, const bram_query *q,
                       bram_dataset *out) BRAM_MUST_CHECK;
int bram_process_content(bram_ctx *cx, char hex[65], const bram_options *o) BRAM_MUST_CHECK;
void bram_process_release(void *fitted);

/** Answers STEP, FREE_RUN and LOGLIK, from contexts alone. */
int bram_process_forecast(bram_ctx *cx, const bram_process *p, const bram_query *q,
                          bram_dataset *out) BRAM_MUST_CHECK;

/** Answers the other questions. */
int bram_process_answer(bram_ctx *cx, const bram_process *p, const bram_query *q,
                        bram_dataset *out) BRAM_MUST_CHECK;

#endif
