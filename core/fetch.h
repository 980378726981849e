/*
 * fetch.h - a file from an address (https, http, file) to disk, through libcurl.
 *
 * Bytes go to PATH.part, which is synced, checked (size, SHA-256) and renamed, so that PATH is
 * never a part of a file. A PATH.part that is there is gone on with (a range is asked for); what
 * turns out to be wrong is removed. Failures that may pass (no answer, a broken connection, HTTP
 * 408, 429 and 5xx) are tried again after 1, 2, 4 ... times the wait.
 *
 * libcurl is loaded when the first file is fetched: it brings 30 libraries that no other command
 * needs.
 */
#ifndef BRAMBLE_CORE_FETCH_H
#define BRAMBLE_CORE_FETCH_H

#include <bramble/context.h>

/** What to fetch, and how. */
typedef struct bram_fetch {
    const char *url;    /* https, http or file; redirections to other kinds are refused */
    const char *path;   /* its folder exists */
    uint64_t bytes;     /* 0: not known */
    const char *sha256; /* 64 hex digits; NULL: not known */
    unsigned tries;     /* 0: 5 */
    double wait;        /* seconds before the second try; 0: 1 */
    double stall;       /* seconds at less than 1 byte a second that are a failure; 0: 60 */
    bool replace;       /* a file at PATH with other content */
} bram_fetch;

/** What was done. */
typedef struct bram_fetched {
    bool present;     /* the file was there, as it should be */
    uint64_t resumed; /* bytes of a part that were not fetched again */
    unsigned tries;
    char sha256[65]; /* of the file */
} bram_fetched;

/** @return whether files can be fetched: libcurl was there at build time and is there now */
bool bram_fetch_available(void);

/**
 * Fetches one file. Heeds cancellation (the part stays) and reports progress in bytes.
 *
 * @return BRAM_OK; BRAM_EREAD: no such host, no connection, an HTTP status, a broken transfer (the
 *         message says which host and status, and that the part stays); BRAM_EFORMAT: what came has
 *         another size or sum; BRAM_EWRITE: the disk is full, no permission, another process is at
 *         it, or PATH has other content; BRAM_ENOTAPPLICABLE: no libcurl; BRAM_ECANCEL
 */
int bram_fetch_file(bram_ctx *cx, bram_fetched *out, const bram_fetch *what) BRAM_MUST_CHECK;

#endif
