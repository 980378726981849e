/*
 * matlab_private.h - what matlab.c shares with the readers of the two file versions, mat5.c and
 * mat73.c: the value and the functions that a version provides.
 */
#ifndef BRAMBLE_CORE_MATLAB_PRIVATE_H
#define BRAMBLE_CORE_MATLAB_PRIVATE_H

#include "h5.h"
#include "internal.h"
#include "matlab.h"

struct bram_matlab_value {
    bram_matlab *file;
    bram_matlab_value *next; /* all values of the file, for closing */
    char *name;
    unsigned depth;

    /* filled by describe */
    bram_matlab_kind kind;
    bool complex;
    char class_name[32];
    unsigned rank;
    size_t dims[BRAM_MATLAB_RANK];
    size_t count;
    size_t field_count;
    char **field_names; /* one block */

    bram_matlab_value **children; /* cells: count; structs: field_count * count, field fastest */

    const void *variable; /* version 5: matio's */
    bram_h5_ref ref;      /* version 7.3: the object; null for an empty element */
    bool is_array;        /* version 7.3: fields are datasets of references */
    bram_h5_ref **refs;   /* version 7.3: of the cells, of each field of a struct array */
};

/** What a file version provides. Functions read from the value and the state of its file. */
typedef struct bram_matlab_reader {
    int version;
    int (*open)(bram_ctx *cx, void **state, char ***names, size_t *count, const char *path);
    void (*close)(void *state);
    /* sets where a top-level value, a child, comes from; then describe is called */
    int (*variable)(bram_ctx *cx, bram_matlab_value *v, const char *name);
    int (*child)(bram_ctx *cx, bram_matlab_value *v, bram_matlab_value *parent, size_t field,
                 size_t element);
    /* whether variable i is a struct, where that is told without reading it; NULL: it is not */
    bool (*is_struct)(const void *state, size_t i);
    int (*describe)(bram_ctx *cx, bram_matlab_value *v);
    /* as many numbers as elements, on the heap; allocates nothing that the file does not hold */
    int (*numbers)(bram_ctx *cx, double **out, bram_matlab_value *v);
    int (*units)(bram_ctx *cx, uint16_t **out, size_t *count, bram_matlab_value *v);
    int (*entries)(bram_ctx *cx, bram_matlab_entry **out, size_t *count, bram_matlab_value *v);
} bram_matlab_reader;

/**
 * Checks the chain of elements of a version 5 file and reads the names of its variables, each and
 * their list heap memory; objects are "(object 1)" ..., what has no name is left out.
 *
 * @param classes  the class of each, as the format numbers them (1 cell, 2 struct ...); heap memory
 */
int bram_mat5_names(bram_ctx *cx, char ***names, unsigned char **classes, size_t *count,
                    const char *path) BRAM_MUST_CHECK;

extern const bram_matlab_reader bram_mat5_reader, bram_mat73_reader;

/** @return the state that `open` made */
void *bram_matlab_state(const bram_matlab_value *v);

/** "file: value" for messages. */
typedef struct bram_matlab_where {
    char text[400];
} bram_matlab_where;
bram_matlab_where bram_matlab_place(const bram_matlab_value *v);

/** Sets rank, dims and count from `rank` dimensions; ranks below 2 get dimensions of 1. */
int bram_matlab_set_dims(bram_ctx *cx, bram_matlab_value *v, const uint64_t *dims,
                         size_t rank) BRAM_MUST_CHECK;

#endif
