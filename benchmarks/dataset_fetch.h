/*
 * dataset_fetch.h - the files of a manifest, fetched into a folder.
 */
#ifndef BRAMBLE_BENCHMARKS_DATASET_FETCH_H
#define BRAMBLE_BENCHMARKS_DATASET_FETCH_H

#include "fetch.h"
#include "yaml.h"

typedef enum bram_fetch_state {
    BRAM_FETCH_DONE,    /* fetched, all or the rest of a part */
    BRAM_FETCH_PRESENT, /* was there, with the size and sum of the manifest */
    BRAM_FETCH_WANTED,  /* a dry run: would be fetched */
    BRAM_FETCH_BY_HAND, /* the manifest has no address that leads to the file itself */
    BRAM_FETCH_FAILED
} bram_fetch_state;

typedef struct bram_dataset_fetch {
    const char *folder; /* made if absent */
    const char *from;   /* files are below this address (a mirror, file:///...), NULL: as stated */
    bool dry_run, replace;
    unsigned tries; /* as bram_fetch */
    double wait, stall;

    /** Which files; NULL: all. */
    bool (*wanted)(void *user, const char *name);
    /** Learns what became of a file: state, where it came from (NULL: by hand) and, of one that
     *  failed, why. */
    int (*ended)(bram_ctx *cx, void *user, const bram_yaml_file *file, bram_fetch_state state,
                 const char *url, const bram_fetched *got, const char *message);
    void *user;
} bram_dataset_fetch;

/**
 * Fetches one file after the other; one that fails does not stop the others.
 *
 * @return BRAM_OK also when files failed; BRAM_EWRITE: the folder cannot be made; what `ended`
 *         returned; BRAM_ECANCEL; BRAM_ENOMEM
 */
int bram_manifest_fetch(bram_ctx *cx, const bram_yaml_manifest *m,
                        const bram_dataset_fetch *how) BRAM_MUST_CHECK;

#endif
