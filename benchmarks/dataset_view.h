/*
 * dataset_view.h - a dataset seen through a choice: some of its rows, units or recordings, some
 * values masked. Nothing is copied; values are read from the dataset below when they are asked for.
 */
#ifndef BRAMBLE_BENCHMARKS_DATASET_VIEW_H
#define BRAMBLE_BENCHMARKS_DATASET_VIEW_H

#include <bramble/dataset.h>

/** What becomes of one response; all zero: it is shown as it is. */
typedef struct bram_view_choice {
    bool hide;
    /* of each dimension the places that are shown, ascending; NULL: all. Scratch memory will do */
    const size_t *index[BRAM_MAX_DIMS];
    size_t count[BRAM_MAX_DIMS];
    size_t masked_from, masked_to; /* places of the first dimension that are missing */
    double *instead; /* values of the whole response to show in place of its own, on the heap: the
                        view takes them over; what is missing stays so. NULL: its own */
} bram_view_choice;

typedef struct bram_view_rule {
    /** Chooses for a response. */
    int (*response)(bram_ctx *cx, void *user, bram_view_choice *out, const char *path,
                    const bram_response *r);
    /** Whether a group is left out, with all that is below it; NULL: none is. */
    bool (*hides)(void *user, const char *group);
    void *user;
} bram_view_rule;

/**
 * @param out     for bram_dataset_free; reads from `source`, which must outlive it
 * @return BRAM_OK; what the rule says; BRAM_ENOMEM
 */
int bram_dataset_view(bram_ctx *cx, bram_dataset **out, const bram_dataset *source,
                      const bram_view_rule *rule) BRAM_MUST_CHECK;

#endif
