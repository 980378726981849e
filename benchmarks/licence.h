/*
 * licence.h - what the licence of a source, as its depositors word it, says of passing on a file
 * that was made from it.
 *
 * Only a licence that is named, and nothing beside it, allows: "CC BY 4.0", "CC-BY-NC-4.0", "MIT
 * (repository)". A text that says no ("by agreement", "not to be passed on") or a licence without
 * derivatives forbids: a homogenized file is one. Everything else, "not stated" among it, is
 * unknown. This is a reading of words, no legal advice.
 */
#ifndef BRAMBLE_BENCHMARKS_LICENCE_H
#define BRAMBLE_BENCHMARKS_LICENCE_H

typedef enum bram_licence_verdict {
    BRAM_LICENCE_ALLOWS,
    BRAM_LICENCE_UNKNOWN,
    BRAM_LICENCE_FORBIDS
} bram_licence_verdict;

typedef struct bram_licence {
    bram_licence_verdict verdict;
    const char *says; /* what whoever passes the file on must heed, or why it may not be */
    const char *url;  /* the licence's text; NULL: not known */
} bram_licence;

/** @param text  may be NULL or empty: not stated */
bram_licence bram_licence_read(const char *text);

#endif
