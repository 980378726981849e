/*
 * recognise.h - which loader knows files, by their content, and why.
 */
#ifndef BRAMBLE_LOADERS_RECOGNISE_H
#define BRAMBLE_LOADERS_RECOGNISE_H

#include <bramble/loader.h>

/** What the loaders say of files that are one import. */
typedef struct bram_verdicts {
    const bram_loader *loader; /* the one that knows them; NULL: none, or several */
    char reason[200];          /* why that one */
    size_t sure, possible;     /* how many loaders are sure, how many think so */
    char words[900]; /* each of these and why; where there is none, what each looked for */
} bram_verdicts;

/** The loaders of the library, then those of plugins. @return NULL behind the last */
const bram_loader *bram_loader_at(size_t i);

/** A loader that takes a folder as one recording, by the names in it; NULL: none, or no folder. */
const bram_loader *bram_loader_of_folder(const char *path);

/** A loader by the number of bram_loader_at, found by its entry. */
size_t bram_loader_number(const bram_loader *loader);

/**
 * Asks all loaders that read files of such a form. A loader that is sure comes before those that
 * think so, and one that is told nothing by a file but its form (generic) comes last.
 *
 * @return BRAM_OK, also when no loader or several know the files; BRAM_EREAD, BRAM_EFORMAT: a file
 *         cannot be read, is empty or damaged; BRAM_ENOMEM
 */
int bram_recognise_files(bram_ctx *cx, bram_verdicts *out, const bram_input *input) BRAM_MUST_CHECK;

/** @return BRAM_OK when one loader knows the files; else BRAM_EFORMAT (none) or BRAM_EUSAGE
 *  (several), with a message that says what was looked for or found */
int bram_recognised_one(bram_ctx *cx, const bram_verdicts *v,
                        const bram_input *input) BRAM_MUST_CHECK;

/** A message says which file: a loader that read one of several names it, else it is the first. */
int bram_name_the_file(bram_ctx *cx, int status, const char *loader, const bram_input *input);

#endif
