/*
 * collection.h - many files of many sources imported at a time.
 *
 * Each file is looked at in a child process (sandbox.h); what one loader knows becomes one dataset,
 * in parts that are imported in children at the same time and put together (import_merge.h). A file
 * that cannot be read, or crashes its reader, stays out and is named; the others go on. Nothing
 * depends on how many children there are.
 */
#ifndef BRAMBLE_LOADERS_COLLECTION_H
#define BRAMBLE_LOADERS_COLLECTION_H

#include <bramble/loader.h>

typedef enum bram_file_state {
    BRAM_FILE_RECORDING, /* one loader knows it */
    BRAM_FILE_BELONGS,   /* to recordings of that loader, and of `also` */
    BRAM_FILE_BESIDE,    /* it goes with recordings of that loader, and holds nothing to import */
    BRAM_FILE_ASKS,      /* a loader could read it, but must be told what is in it */
    BRAM_FILE_AMBIGUOUS, /* several loaders know it */
    BRAM_FILE_UNKNOWN,   /* none does */
    BRAM_FILE_COPY,      /* its recordings have the names and values of others */
    BRAM_FILE_FORM,      /* a source that was read from another file, in another form */
    BRAM_FILE_FAILED     /* it cannot be read, or not be imported */
} bram_file_state;

enum { BRAM_FURTHER_OWNERS = 3 };

typedef struct bram_collected {
    char *path;
    bool named; /* by the user, not found in a folder */
    double bytes;
    bram_file_state state;
    const bram_loader *loader; /* of a recording or of what belongs to one, else NULL */
    const bram_loader *also[BRAM_FURTHER_OWNERS]; /* to whose recordings it belongs, too */
    int status;                                   /* of one that failed */
    char *words; /* why this loader; which loaders; what was looked for; why it failed */
    size_t unit; /* files of one number, above 0, are loaded together; 0: by itself */
} bram_collected;

/** One dataset that comes of a collection. */
typedef struct bram_collected_set {
    const bram_loader *loader;
    char *path;        /* of the file that was written, in the folder for it */
    size_t recordings; /* files that are in it, those that belong to them apart */
    size_t out;        /* files that could not be imported */
} bram_collected_set;

typedef struct bram_collection {
    bram_collected *files; /* in the order given; those of folders by name */
    size_t count;
    bram_collected_set *sets; /* by the loader's name */
    size_t set_count;
} bram_collection;

/**
 * Finds files: a path is a file, a folder (all files below it, but hidden ones), or a pattern with
 * * ? or [ that the shell has left alone. A file that is reached twice counts once.
 *
 * @return BRAM_OK; BRAM_EREAD: nothing is there; BRAM_EFORMAT: more than 20000 files; BRAM_ENOMEM
 */
int bram_collection_find(bram_ctx *cx, bram_collection *c, const char *const *paths,
                         size_t count) BRAM_MUST_CHECK;

/**
 * Looks at the content of each file, in children.
 *
 * @param spec  "auto", or a loader: files that are not known to belong to its recordings are
 *              recordings then
 */
int bram_collection_look(bram_ctx *cx, bram_collection *c, const char *spec) BRAM_MUST_CHECK;

/**
 * Looks at files together, for loaders of recordings in several files: all, or those of each folder
 * that nobody knows by themselves. Those that one loader knows become recordings of it.
 *
 * @param all  false: folder by folder
 * @return BRAM_OK; with `all` BRAM_EFORMAT when no loader knows them, BRAM_EUSAGE when several do,
 *         and the message says what was looked for or which; BRAM_ENOMEM
 */
int bram_collection_look_together(bram_ctx *cx, bram_collection *c, bool all) BRAM_MUST_CHECK;

/** Whether a file belongs to recordings of the loader. */
bool bram_collected_belongs(const bram_collected *f, const bram_loader *loader);

/**
 * The loader of all files that one knows, or that belong to its recordings, if it is the same and
 * may load them apart; else NULL.
 */
const bram_loader *bram_collection_one_loader(const bram_collection *c);

/**
 * Imports all recordings: a file FOLDER/NAME.h5 for each loader. States, words and sets of c are
 * brought up to date.
 *
 * @param spec     as above; with the loader's options
 * @param options  by bram_import_params
 * @param folder   exists and is empty; parts are written there, too
 * @return BRAM_OK, also when files failed; BRAM_EWRITE; BRAM_ECANCEL; BRAM_ENOMEM ...
 */
int bram_collection_import(bram_ctx *cx, bram_collection *c, const char *spec,
                           const bram_options *options, const char *folder) BRAM_MUST_CHECK;

void bram_collection_release(bram_collection *c);

#endif
