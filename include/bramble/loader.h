/*
 * loader.h - the loader contract: from a laboratory's files to a dataset.
 *
 * A loader reads what was published and nothing else: raw values, their own time axis, raw labels.
 * What all recordings need afterwards (labels to identities, splitting at gaps, resampling,
 * smoothing, normalization) is done once, by bram_import, with options that are kept in the file.
 *
 * A new loader is one file in loaders/ and its name in loaders/meson.build.
 */
#ifndef BRAMBLE_LOADER_H
#define BRAMBLE_LOADER_H

#include <bramble/dataset.h>
#include <bramble/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a loader has been tried on. */
typedef enum bram_verified {
    BRAM_VERIFIED_DOCUMENTED, /* only on files made by its authors' description */
    BRAM_VERIFIED_REAL        /* on a laboratory's own file */
} bram_verified;

/** The files (or folders) to read: recordings first, then what belongs to them (label sheets). */
typedef struct bram_input {
    const char *const *paths;
    size_t count;
    size_t elsewhere; /* recordings of the same import that are loaded apart from these */
} bram_input;

/** How sure a loader is that it knows a file, and by what. */
typedef struct bram_recognition {
    enum {
        BRAM_NOT_MINE,
        BRAM_MAYBE_MINE,
        BRAM_MINE,
        BRAM_BESIDE_MINE /* of `belongs` alone: goes with its recordings, and nothing of it is read
                          */
    } verdict;
    char reason[200]; /* "HDF5 with gcamp/traces_array_F_F20 and timing/timestamp_confocal" */
} bram_recognition;

/** The form of a file by its first bytes, gzip looked into. */
enum {
    BRAM_FORM_HDF5 = 1, /* NWB and MATLAB 7.3 as well */
    BRAM_FORM_MAT5 = 2,
    BRAM_FORM_ZIP = 4, /* xlsx, npz, archives */
    BRAM_FORM_NPY = 8,
    BRAM_FORM_XLS = 16,
    BRAM_FORM_TEXT = 32, /* CSV, JSON: no zero byte in its first bytes */
    BRAM_FORM_OTHER = 64,
    BRAM_FORM_FOLDER = 128 /* a folder that is one recording; its loader has `folder` */
};

typedef struct bram_loader {
    const char *name;     /* "dag2023": also the dataset's name */
    const char *summary;  /* one line */
    const char *citation; /* the paper */
    const char *doi;
    const char *licence; /* as its depositors state it, or "not stated" */
    const char *reads;   /* the formats, in words */
    unsigned version;    /* of this code: part of what a result depends on */
    bram_verified verified;
    const bram_param *params; /* NULL: none of its own */

    /** Looks at the content of the files, never at their names. Reports "not mine" for files that
     *  it cannot open; only BRAM_ENOMEM is an error. */
    int (*recognise)(bram_ctx *cx, const bram_input *input, bram_recognition *out);

    /**
     * Fills an empty dataset:
     *   recordings/ID/raw  (raw_time x neuron), the neuron axis with ids "1" .. "N" and columns
     *                      raw_label (text) and, where there is one, confidence (number);
     *   recordings/ID attributes: subject, session, species, condition, start [s], source_file;
     *   recordings/ID/behaviour (behaviour_time x variable), recordings/ID/events;
     *   connectome/NAME/LAYER and connectome/NAME/nodes; responses/ID; stimuli; as in schema.md.
     *
     * @return BRAM_OK; BRAM_EREAD, BRAM_EFORMAT: file, field, found, expected; BRAM_EUSAGE
     */
    int (*load)(bram_ctx *cx, bram_dataset *out, const bram_input *input, const bram_options *o);

    /** The forms of files that it can recognise, joined by |; 0: any. It is not asked about
     *  others, which saves opening them. */
    unsigned forms;

    /** It is told nothing by a file but its form, and must be named with options: auto takes it
     *  only when no other loader knows the file. */
    bool asks;

    /** Each file that it recognises may be loaded apart from the others, with those that belong to
     *  them: so several are, at the same time. */
    bool apart;

    /** As apart, and one file that it recognises is all that it loads at a time. */
    bool single;

    /** Looks at the content of one file that it does not recognise: does it belong to recordings
     *  of this loader, as a sheet of labels does? BRAM_MINE: it is read with them (with those of
     *  each loader that says so); BRAM_BESIDE_MINE: it says what it is, e.g. a readme, and is left
     *  out. NULL: no file does. */
    int (*belongs)(bram_ctx *cx, const char *path, bram_recognition *out);

    /** Whether a folder is one recording of this loader, by the names of what stands in it alone:
     * it is an input like a file then, and what is in it is not looked at one by one. NULL: none.
     */
    bool (*folder)(const char *path);
} bram_loader;

/** All loaders, NULL-terminated; and one by name, or NULL. */
extern const bram_loader *const bram_loader_table[];
const bram_loader *bram_loader_find(const char *name);

/** The options of bram_import itself: resample, smooth, normalize, rules ... */
extern const bram_param bram_import_params[];

/**
 * Recognises (spec "auto") or takes the named loader ("generic:variable=spikes,time=columns"),
 * loads and homogenizes: recordings/ID/activity from raw, identities on the neuron axis (label,
 * certainty, class, reason), import_report with every trace and what became of it, history in the
 * root.
 *
 * @param options by bram_import_params
 * @return as load; BRAM_EFORMAT when no loader knows the files; BRAM_EUSAGE when several do (they
 * are named)
 */
int bram_import(bram_ctx *cx, bram_dataset **out, const char *spec, const bram_input *input,
                const bram_options *options) BRAM_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
