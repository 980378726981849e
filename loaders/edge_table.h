/*
 * edge_table.h - tables with a row for each edge (from, to, type, number), whatever the form of the
 * file and the names of its columns.
 *
 * A loader describes each layout it knows by an edge form; reading, checking and messages are here.
 */
#ifndef BRAMBLE_LOADERS_EDGE_TABLE_H
#define BRAMBLE_LOADERS_EDGE_TABLE_H

#include "book.h"
#include "connectome.h"

enum { BRAM_EDGE_SKIP = -1 }; /* the layer of rows that are read past */

/** What a word of the type column means. */
typedef struct bram_edge_kind {
    const char *word; /* NULL behind the last */
    int layer;        /* BRAM_EDGE_SKIP, or any number that the row function understands */
} bram_edge_kind;

/** A layout. NULL columns are not in it; all text is static. */
typedef struct bram_edge_form {
    const char *what;  /* in words: "workbook with Neuron 1, Neuron 2, Type and Nbr" */
    const char *sheet; /* its name; NULL: the only one */
    const char *pre, *post, *type, *number, *transmitter, *receptor; /* headings */
    const bram_edge_kind *kinds;                                     /* with type: what it says */
    int layer;                                                       /* without */
} bram_edge_form;

/** A row. The texts live during the call that takes it. */
typedef struct bram_edge_row {
    bram_entry entry; /* weight 1 where the form has no number */
    const char *word; /* of the type column, "" without */
    int layer;
} bram_edge_row;

typedef int bram_edge_row_fn(bram_ctx *cx, void *user, const bram_edge_row *row);

/** A loader's recognise by its forms. @return BRAM_OK; BRAM_ENOMEM */
int bram_edge_recognise(bram_ctx *cx, const bram_input *input, const bram_edge_form *forms,
                        size_t count, bram_recognition *out) BRAM_MUST_CHECK;

/**
 * Reads a file of one of the forms, row by row; rows without any cell of the form are passed over.
 *
 * @return BRAM_OK; BRAM_EFORMAT: no such form (the headings there are), a cell without text, a word
 *         that is no type, a number that is none: each with row and column; the row function's
 *         status, its message with the row before it
 */
int bram_edge_table_read(bram_ctx *cx, const char *path, const bram_edge_form *forms, size_t count,
                         bram_edge_row_fn *take, void *user) BRAM_MUST_CHECK;

/** A row function that adds to the connectome that is its user; both ends count as examined. */
int bram_edge_row_add(bram_ctx *cx, void *connectome, const bram_edge_row *row);

/** Fails with BRAM_EUSAGE unless there is one input file. */
int bram_one_file(bram_ctx *cx, const bram_input *input) BRAM_MUST_CHECK;

#endif
