/*
 * release_parts.h - what the files of a bundle are made from.
 */
#ifndef BRAMBLE_REPORT_RELEASE_PARTS_H
#define BRAMBLE_REPORT_RELEASE_PARTS_H

#include "buffer.h"
#include "licence.h"
#include "manifest.h"
#include "release.h"

/** One dataset. Texts are borrowed from file and manifest; NULL: not stated. */
typedef struct bram_release_source {
    char *name;
    bram_dataset *ds;
    bram_yaml_manifest *manifest; /* NULL: there is none */
    bool as_published;            /* made from the files of the manifest and no others */
    bool made;                    /* by code */
    char hash[65];
    const char *title, *licence, *citation, *doi, *url, *version;
    bram_licence terms;
} bram_release_source;

/** A benchmark on these data. */
typedef struct bram_release_benchmark {
    char *name, *title, *dataset;
    char *why; /* why it has no files of splits; NULL: it has */
} bram_release_benchmark;

typedef struct bram_release {
    const char *names, *permission;
    const char *dir; /* where it is written */
    bram_release_source *source;
    size_t sources;
    bram_release_benchmark *benchmark;
    size_t benchmarks;
} bram_release;

/** The text, or "not stated". */
const char *bram_release_say(const char *text);

/** The texts of the folder. */
void bram_release_readme(bram_buffer *out, const bram_release *r);
void bram_release_licences(bram_buffer *out, const bram_release *r);
void bram_release_bibtex(bram_buffer *out, const bram_release *r);
int bram_release_json(bram_ctx *cx, bram_buffer *out, const bram_release *r) BRAM_MUST_CHECK;
int bram_release_datasheet(bram_ctx *cx, bram_buffer *out, const bram_release *r) BRAM_MUST_CHECK;

#endif
