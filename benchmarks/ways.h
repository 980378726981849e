/*
 * ways.h - how a model of the user's own can take part in a benchmark: as files, as a program, as a
 * shared object. It follows from what the task asks (bram_task.asks) and from what the models for
 * outside answers can be asked (bram_model.answers), so that it cannot say what is not so.
 */
#ifndef BRAMBLE_BENCHMARKS_WAYS_H
#define BRAMBLE_BENCHMARKS_WAYS_H

#include <bramble/benchmark.h>

typedef enum bram_way_kind {
    BRAM_WAY_FILES,
    BRAM_WAY_PROGRAM,
    BRAM_WAY_PLUGIN, /* a shared object */
    BRAM_WAYS
} bram_way_kind;

typedef struct bram_way {
    bool works;
    char *text; /* how: "predictions:", "process: respond", "BRAM_ASK_RESPOND"; or why not */
} bram_way;

/** @return "files", "program", "shared object" */
const char *bram_way_name(bram_way_kind kind);

/** @return BRAM_OK; BRAM_ENOMEM */
int bram_way_of(bram_ctx *cx, bram_way *out, const bram_benchmark *b,
                bram_way_kind kind) BRAM_MUST_CHECK;
void bram_way_release(bram_way *w);

#endif
