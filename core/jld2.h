/*
 * jld2.h - dictionaries and lists that Julia's JLD2 package stored, as a tree of values.
 *
 * JLD2 files are HDF5 with one dataset for each boxed value, tied by object references. What is
 * told apart here is the shape of the storage, not Julia's types: a number, a text, an array of
 * numbers, a list, a dictionary, a tuple (or struct) with named members, and nothing.
 *
 * Values belong to the file and live until it is closed. Reading is lazy: a child is read when
 * first asked for.
 *
 * Statuses, not repeated below: BRAM_EFORMAT another kind than asked for, a damaged file, values
 * nested deeper than 64 (references in a circle); BRAM_EABSENT no such name, key or element;
 * BRAM_ENOMEM. The message names the file and the value ("NeuroPAL_labels[dict_match_dict]").
 */
#ifndef BRAMBLE_CORE_JLD2_H
#define BRAMBLE_CORE_JLD2_H

#include <bramble/context.h>

typedef struct bram_jld2 bram_jld2;
typedef struct bram_jld2_value bram_jld2_value;

typedef enum bram_jld2_kind {
    BRAM_JLD2_NOTHING, /* nothing, missing, an undefined element */
    BRAM_JLD2_NUMBER,
    BRAM_JLD2_TEXT,
    BRAM_JLD2_NUMBERS, /* an array of numbers */
    BRAM_JLD2_LIST,    /* an array of anything else, Julia's order */
    BRAM_JLD2_DICT,    /* also any array of pairs; in the order of the file, Julia's hash order */
    BRAM_JLD2_TUPLE,   /* members by number or name: tuples "1", "2" ..., pairs, structs */
    BRAM_JLD2_OTHER    /* stored in a way that is not read */
} bram_jld2_kind;

/**
 * @return BRAM_OK; BRAM_EREAD absent or unreadable; BRAM_EFORMAT not a JLD2 file (the text
 *         "HDF5-based Julia Data Format" at byte 0) or damaged; BRAM_ENOMEM
 */
int bram_jld2_open(bram_ctx *cx, bram_jld2 **out, const char *path) BRAM_MUST_CHECK;
void bram_jld2_close(bram_jld2 *file);

/** The value saved under a name. */
int bram_jld2_get(bram_ctx *cx, bram_jld2_value **out, bram_jld2 *file,
                  const char *name) BRAM_MUST_CHECK;

bram_jld2_kind bram_jld2_kind_of(const bram_jld2_value *v);

/** @return elements, entries or members; 1 for a number or a text, 0 for nothing */
size_t bram_jld2_count(const bram_jld2_value *v);

/** @return where the value stands, for messages */
const char *bram_jld2_name(const bram_jld2_value *v);

/** Element i of a list, member i of a tuple, the value of entry i of a dictionary; from 0. */
int bram_jld2_at(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v, size_t i) BRAM_MUST_CHECK;

/** The key of entry i of a dictionary. */
int bram_jld2_key(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v,
                  size_t i) BRAM_MUST_CHECK;

/** The value under a text key of a dictionary, the member of this name of a tuple. */
int bram_jld2_find(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v,
                   const char *key) BRAM_MUST_CHECK;

/** Owned by the value. */
int bram_jld2_text(bram_ctx *cx, const char **out, const bram_jld2_value *v) BRAM_MUST_CHECK;

/** A number; as an integer only when it is whole and fits. */
int bram_jld2_number(bram_ctx *cx, double *out, const bram_jld2_value *v) BRAM_MUST_CHECK;
int bram_jld2_integer(bram_ctx *cx, int64_t *out, const bram_jld2_value *v) BRAM_MUST_CHECK;

/** An array of numbers in Julia's order (first dimension fastest); owned by the value. */
int bram_jld2_numbers(bram_ctx *cx, const double **out, size_t *count,
                      const bram_jld2_value *v) BRAM_MUST_CHECK;

#endif
