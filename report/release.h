/*
 * release.h - a dataset as a folder that can be passed on: what a laboratory or a leaderboard hands
 * out beside its paper, and what whoever receives it can check without asking.
 *
 *   README.md                  what is in it, how to check it and to use it
 *   DATASHEET.md               the questions of Gebru et al. 2021 (Commun ACM 64:86), answered as
 *                              far as file and manifest tell; "not stated" where they do not
 *   LICENCES.md, CITATION.bib  of each source: its licence in its own words, what to heed, citation
 *   data/NAME.h5               the homogenized files
 *   manifests/NAME.yaml        where the published files are (of datasets that have a manifest)
 *   benchmarks/NAME.yaml       the benchmarks on these data
 *   splits/NAME/splits.csv     what each of them learns from and scores; rows.csv, units.csv
 *   bundle.json                the same for machines
 *   SHA256SUMS                 of every other file, as sha256sum -c reads it
 *
 * Equal datasets give equal bytes.
 */
#ifndef BRAMBLE_REPORT_RELEASE_H
#define BRAMBLE_REPORT_RELEASE_H

#include <bramble/benchmark.h>

typedef struct bram_release_settings {
    const char *root;       /* the data root; NULL: $BRAMBLE_DATA */
    const char *permission; /* who allowed to pass on what states no licence; NULL: nobody */
} bram_release_settings;

/**
 * Writes the folder under another name beside it and renames it at the end: it is whole or absent.
 *
 * @param names  of datasets as bram_data_open takes them, joined by +
 * @param dir    must not exist
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: a licence forbids to pass it on, or states nothing and
 * there is no permission; BRAM_EUSAGE: no names of datasets; BRAM_EFORMAT: a file that breaks the
 * schema; BRAM_EWRITE; errors of opening
 */
int bram_release_write(bram_ctx *cx, const char *names, const char *dir,
                       const bram_release_settings *settings) BRAM_MUST_CHECK;

/** @return whether the folder is meant to be a bundle: it holds bundle.json */
bool bram_release_is(const char *dir);

/** What a sound bundle says of itself. */
typedef struct bram_release_found {
    size_t sources, files, splits;
    char sha256[65]; /* of SHA256SUMS: of all that is in it */
} bram_release_found;

/**
 * Checks a folder: every file is listed with its sum and no other is there, no links; each dataset
 * can be read, obeys the schema and has the stated hash; each licence allows, or a permission is
 * stated. Runs nothing of it.
 *
 * @return BRAM_OK; BRAM_EFORMAT with the reason; BRAM_EREAD: no such folder; BRAM_ENOMEM
 */
int bram_release_check(bram_ctx *cx, bram_release_found *out, const char *dir) BRAM_MUST_CHECK;

#endif
