/*
 * row_labels.h - what each row of a matrix is (its condition, fold, subject), as named on the
 * command line.
 */
#ifndef BRAMBLE_CLI_ROW_LABELS_H
#define BRAMBLE_CLI_ROW_LABELS_H

#include <bramble/context.h>

/** What labels stand for in a response of stimuli x neurons x repeats when they have no spec. */
typedef enum bram_cli_role {
    BRAM_LABEL_PLAIN,
    BRAM_LABEL_STIMULUS,
    BRAM_LABEL_REPEAT
} bram_cli_role;

/**
 * Labels of rows. To read them, set spec: a column of the table or a variable of the file that the
 * matrix is in, a column of the rows' axis of a homogenized file, or another FILE[:NAME]; NULL:
 * none.
 */
typedef struct bram_cli_labels {
    const char *spec;
    bram_cli_role role;
    bool set_aside; /* only to take the column from the matrix: not coded, may be empty */
    char **text;    /* one for each row, one heap block */
    size_t rows;
    uint32_t *code; /* of each row, in the order in which labels first appear */
    char **name;    /* of each code; the texts are those of text */
    size_t names;
} bram_cli_labels;

/** Fills in code and name from text. @return BRAM_OK; BRAM_EFORMAT for an empty label; BRAM_ENOMEM
 */
int bram_cli_labels_code(bram_ctx *cx, bram_cli_labels *l) BRAM_MUST_CHECK;
void bram_cli_labels_release(bram_cli_labels *l);

/** @return the code of a label, or -1 */
ptrdiff_t bram_cli_labels_find(const bram_cli_labels *l, const char *name);

#endif
