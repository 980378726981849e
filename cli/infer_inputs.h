/*
 * infer_inputs.h - reading the sides of `bramble infer`: RDMs of models and subjects over the same
 * conditions, and the groups that subjects and conditions come in.
 */
#ifndef BRAMBLE_CLI_INFER_INPUTS_H
#define BRAMBLE_CLI_INFER_INPUTS_H

#include "matrix_file.h"

/** The files of one side, then their RDMs. */
typedef struct bram_infer_side {
    size_t files;
    bram_cli_matrix *file;
    bram_mat rdm; /* RDMs x pairs, on the heap */
    char **name;  /* of each RDM */
} bram_infer_side;

typedef struct bram_infer_inputs {
    bram_infer_side models, brains;
    size_t n;                                         /* conditions */
    bram_cli_labels subject_groups, condition_groups; /* of RDMs and of conditions; no spec: none */
} bram_infer_inputs;

/**
 * By the options model, brain, form, method, ids, subject-groups and condition-groups. Groups are a
 * column (a variable) of the first brain's file, of every brain's for subjects in rows of pairs, or
 * FILE[:NAME]; there the groups of conditions are found by their ids where --ids is a column of
 * FILE, too. Release it in any case.
 */
int bram_infer_inputs_read(bram_ctx *cx, bram_infer_inputs *in,
                           const bram_cli_args *args) BRAM_MUST_CHECK;
void bram_infer_inputs_release(bram_infer_inputs *in);

/** A short name: the file without its folder, with a number where it holds several RDMs. */
char *bram_infer_name(bram_ctx *cx, const char *spec, size_t row, size_t rows);

#endif
