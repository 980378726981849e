/*
 * entrant.h - what a spec string of a benchmark's list of models names: a model, or what competes
 * in place of models.
 */
#ifndef BRAMBLE_BENCHMARKS_ENTRANT_H
#define BRAMBLE_BENCHMARKS_ENTRANT_H

#include <bramble/benchmark.h>

typedef struct bram_entrant {
    char *canonical;  /* for bram_free */
    char content[65]; /* hash of what the spec names but does not contain: files, a program */
    unsigned version; /* of its code; 0: that of the task */
    bool stochastic;
} bram_entrant;

/**
 * Cost: the files that a spec names are read, for their hash.
 *
 * @return BRAM_OK; BRAM_EUSAGE: no such model, option or contestant of the task; BRAM_ENOMEM
 */
int bram_entrant_find(bram_ctx *cx, bram_entrant *out, const bram_benchmark *b,
                      const char *spec) BRAM_MUST_CHECK;

/** Entrants that were found before, so that files of a model are hashed once in a run. Start from
 *  {0}. */
typedef struct bram_entrants {
    struct bram_entrant_known *known;
    size_t count, room;
} bram_entrants;

/** As bram_entrant_find, once for each spec. @param out  lives until the next call */
int bram_entrants_find(bram_ctx *cx, const bram_entrant **out, bram_entrants *all,
                       const bram_benchmark *b, const char *spec) BRAM_MUST_CHECK;
void bram_entrants_release(bram_entrants *all);

#endif
