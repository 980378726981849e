/*
 * manifest.h - the manifests of published datasets (datasets/NAME.yaml): where they are, and what
 * state the homogenized file of one is in.
 */
#ifndef BRAMBLE_BENCHMARKS_MANIFEST_H
#define BRAMBLE_BENCHMARKS_MANIFEST_H

#include "yaml.h"

/** Folders with manifests, separated by ':', as bram_definition_folders; $BRAMBLE_MANIFESTS comes
 * before them. */
extern const char bram_manifest_folders[];

/** Reads the manifest of a dataset. @return BRAM_OK, *out NULL when there is none; BRAM_EFORMAT ...
 */
int bram_manifest_read(bram_ctx *cx, bram_yaml_manifest **out, const char *name) BRAM_MUST_CHECK;

/** The command that makes ROOT/NAME.h5 from the files, for messages: on the heap. */
char *bram_manifest_command(bram_ctx *cx, const bram_yaml_manifest *m, const char *root);

typedef enum bram_presence {
    BRAM_ABSENT,
    BRAM_PRESENT_AS_PUBLISHED, /* made from files of the manifest and no others */
    BRAM_PRESENT_OTHERWISE,    /* made from other files, or it does not say */
    BRAM_PRESENT_UNREADABLE
} bram_presence;

/**
 * Looks for ROOT/NAME.h5 and compares the SHA-256 of the files it was made from with the
 * manifest's.
 *
 * @param of  receives how many of the manifest's files it was made from; may be NULL
 */
int bram_manifest_check(bram_ctx *cx, bram_presence *out, size_t *of, const bram_yaml_manifest *m,
                        const char *root) BRAM_MUST_CHECK;

#endif
