/*
 * dag2023.h - the parts of the loader dag2023: labels in three forms, behaviour.
 */
#ifndef BRAMBLE_LOADERS_DAG2023_H
#define BRAMBLE_LOADERS_DAG2023_H

#include <bramble/loader.h>

#include "h5.h"
#include "jld2.h"
#include "json.h"

/** What is known of the traces of one recording; all arrays have `traces` elements. */
typedef struct bram_dag_labels {
    size_t traces;
    char **label;       /* NULL: none */
    double *confidence; /* NaN: none stated */
    char **further;     /* other labels of the trace, separated by " | "; NULL: none */
    size_t lost;        /* labels whose region was not matched to a trace */
    char form[96];      /* where they come from, in words; "" at first */
} bram_dag_labels;

/** How NeuroPAL regions were matched to traces; from the recording's file. */
typedef struct bram_dag_match {
    size_t regions;
    const int64_t *trace;     /* 1-based trace of each region; 0: none */
    const double *confidence; /* of the match */
} bram_dag_match;

int bram_dag_labels_new(bram_ctx *cx, bram_dag_labels *out, size_t traces) BRAM_MUST_CHECK;
void bram_dag_labels_release(bram_dag_labels *l);

/**
 * Adds a label to a trace. The first stays the label; later ones, and those marked "alt" beside
 * another, become further labels.
 */
int bram_dag_labels_add(bram_ctx *cx, bram_dag_labels *l, size_t trace, const char *label,
                        double confidence) BRAM_MUST_CHECK;

typedef struct bram_json bram_json; /* json.h */

/**
 * Adds the labels of an object {"k": {"label": ..., "confidence": ...}} with k, the number of a
 * trace, from 1; instead of one label there may be a list, of which the surest counts and the
 * others are further labels.
 *
 * @param path, uid  where it stands, for messages
 * @return BRAM_OK; BRAM_EFORMAT: a key that is no trace, an entry without a label; BRAM_ENOMEM
 */
int bram_dag_labels_add_all(bram_ctx *cx, bram_dag_labels *l, const bram_json *traces,
                            const char *path, const char *uid) BRAM_MUST_CHECK;

typedef enum bram_dag_form {
    BRAM_DAG_NONE,
    BRAM_DAG_JSON,
    BRAM_DAG_JLD2,
    BRAM_DAG_XLSX
} bram_dag_form;

/** What kind of label file stands at a path, by its content; BRAM_DAG_NONE for anything else. */
int bram_dag_form_of(bram_ctx *cx, bram_dag_form *out, const char *path) BRAM_MUST_CHECK;

/**
 * Whether a file that is no recording belongs to some: a dictionary or a workbook of labels with
 * the fields that these have. BRAM_ENOMEM is the only failure.
 */
int bram_dag_belongs(bram_ctx *cx, const char *path, bram_recognition *out) BRAM_MUST_CHECK;

/** A file of labels; dictionaries stay open, so that several recordings read them once. */
typedef struct bram_dag_source {
    const char *path;
    bram_dag_form form;
    bool known; /* form is known */
    bram_jld2 *jld2;
    bram_json *json;
} bram_dag_source;

void bram_dag_source_close(bram_dag_source *s);

/**
 * Reads the labels of one recording.
 *
 * @param uid    the recording's name in a dictionary: "2022-07-26-31"; workbooks hold one animal
 * @param match  needed for workbooks, which name regions; may be NULL for dictionaries
 * @return BRAM_OK; BRAM_EABSENT: the dictionary does not know the recording; BRAM_EFORMAT;
 * BRAM_EREAD
 */
int bram_dag_labels_read(bram_ctx *cx, bram_dag_labels *l, bram_dag_source *source, const char *uid,
                         const bram_dag_match *match) BRAM_MUST_CHECK;

/** The readers of the single forms. */
int bram_dag_read_json(bram_ctx *cx, bram_dag_labels *l, bram_dag_source *source,
                       const char *uid) BRAM_MUST_CHECK;
int bram_dag_read_jld2(bram_ctx *cx, bram_dag_labels *l, bram_dag_source *source,
                       const char *uid) BRAM_MUST_CHECK;
int bram_dag_read_xlsx(bram_ctx *cx, bram_dag_labels *l, const char *path,
                       const bram_dag_match *match) BRAM_MUST_CHECK;

/** Whether a workbook has a sheet of labels. */
int bram_dag_is_workbook(bram_ctx *cx, bool *out, const char *path) BRAM_MUST_CHECK;

/** A recording's frames, for what lies on them. */
typedef struct bram_dag_frames {
    const bram_h5_object *root;
    const char *path, *id;
    size_t rows;
    const double *time;
} bram_dag_frames;

/** Reads a 2 x k table of integers, row by row; count (k) is 0 when there is none. Caller frees. */
int bram_dag_pairs(bram_ctx *cx, int64_t **out, size_t *count, const bram_h5_object *root,
                   const char *path, const char *field) BRAM_MUST_CHECK;

/** behavior/ to behaviour and events of the recording, which has its traces. */
int bram_dag_behaviour(bram_ctx *cx, bram_dataset *ds,
                       const bram_dag_frames *frames) BRAM_MUST_CHECK;

#endif
