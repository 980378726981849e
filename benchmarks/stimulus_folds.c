/*
 * stimulus_folds.c - folds over stimuli, by group and stratum; see stimulus_folds.h.
 */
#include "stimulus_folds.h"

#include "ridge.h"

#include <bramble/rng.h>

#include <stdio.h>
#include <string.h>

/* Codes of the values of a column; each row its own where there is none or the value is missing. */
static int code_column(bram_ctx *cx, size_t *code, size_t *count, const bram_axis *axis,
                       const char *name, bool needed)
{
    size_t n = bram_axis_length(axis), *first = bram_scratch(cx, n, sizeof *first);
    const bram_column *c = *name ? bram_axis_column(axis, name) : NULL;
    if (!first) return BRAM_ENOMEM;
    if (*name && !c && needed)
        return bram_fail(cx, BRAM_EABSENT, "the stimuli have no column %s", name);
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = c && !(c->type == BRAM_TEXT && !c->text[i][0]) ? 0 : *count;
        for (; k < *count; k++) {
            size_t j = first[k];
            if (c->type == BRAM_TEXT     ? !strcmp(c->text[i], c->text[j])
                : c->type == BRAM_NUMBER ? c->number[i] == c->number[j]
                                         : c->integer[i] == c->integer[j])
                break;
        }
        if (k == *count) first[(*count)++] = i;
        code[i] = k;
    }
    return BRAM_OK;
}

/* Rows of the same image are of one group: refused where groups are given, else joined. */
static int join_images(bram_ctx *cx, size_t *group, const bram_axis *axis, bool given)
{
    size_t n = bram_axis_length(axis), images;
    size_t *image = bram_scratch(cx, n, sizeof *image), *seen = bram_scratch(cx, n, sizeof *seen);
    if (!image || !seen) return BRAM_ENOMEM;
    BRAM_TRY(code_column(cx, image, &images, axis, "image", false));
    for (size_t i = 0; i < n; i++) {
        size_t *at = &seen[image[i]]; /* 1 + the first row of this image */
        if (!*at) *at = i + 1;
        else if (!given) group[i] = group[*at - 1];
        else if (group[i] != group[*at - 1])
            return bram_fail(cx, BRAM_EUSAGE,
                             "stimuli %zu and %zu show the same image and are of different groups: "
                             "one would be trained on and the other tested",
                             *at - 1, i);
    }
    return BRAM_OK;
}

/* Each group to the fold that has the fewest of its stratum. */
static int deal(bram_ctx *cx, size_t *fold, const size_t *group, size_t groups,
                const size_t *stratum, size_t strata, size_t n, const bram_stimulus_split *s)
{
    size_t *order = bram_scratch(cx, groups, sizeof *order);
    size_t *rows = bram_scratch(cx, s->folds, sizeof *rows);
    size_t *like = bram_scratch(cx, s->folds * strata, sizeof *like);
    if (!order || !rows || !like) return BRAM_ENOMEM;
    bram_rng g = bram_rng_new(s->seed, "encoding/groups");
    bram_rng_permutation(&g, groups, order);
    for (size_t k = 0; k < groups; k++) {
        size_t best = 0, size = 0, of = 0;
        for (size_t i = 0; i < n; i++)
            if (group[i] == order[k] && !size++) of = stratum[i];
        if (!size) continue;
        for (size_t f = 1; f < s->folds; f++) {
            size_t a = like[f * strata + of], b = like[best * strata + of];
            if (a < b || (a == b && rows[f] < rows[best])) best = f;
        }
        for (size_t i = 0; i < n; i++)
            if (group[i] == order[k]) {
                fold[i] = best, rows[best]++;
                like[best * strata + stratum[i]]++;
            }
    }
    for (size_t f = 0; f < s->folds; f++)
        if (rows[f] < 2 || rows[f] == n)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "the stimuli are too few, or too few groups, for %zu folds of two or "
                             "more",
                             s->folds);
    return BRAM_OK;
}

/* bram_kfold gives memory of the right size; its rows are put anew. */
static int write_folds(bram_ctx *cx, bram_fold **out, const size_t *fold, size_t n, size_t folds)
{
    BRAM_TRY(bram_kfold(cx, out, n, folds));
    size_t *at = (size_t *)(uintptr_t)(*out)[0].test;
    for (size_t f = 0; f < folds; f++) {
        bram_fold *to = &(*out)[f];
        size_t tests = 0, trains = 0;
        for (size_t i = 0; i < n; i++)
            if (fold[i] == f) at[tests++] = i;
        for (size_t i = 0; i < n; i++)
            if (fold[i] != f) at[tests + trains++] = i;
        *to = (bram_fold){.test = at, .tests = tests, .train = at + tests, .trains = trains};
        at += n;
    }
    return BRAM_OK;
}

static int by_groups(bram_ctx *cx, bram_fold **out, const bram_axis *axis,
                     const bram_stimulus_split *s)
{
    size_t n = bram_axis_length(axis), groups, strata;
    size_t *group = bram_scratch(cx, n, sizeof *group), *fold = bram_scratch(cx, n, sizeof *fold);
    size_t *stratum = bram_scratch(cx, n, sizeof *stratum);
    if (!group || !fold || !stratum) return BRAM_ENOMEM;
    BRAM_TRY(code_column(cx, group, &groups, axis, s->group, true));
    strata = 1;
    if (*s->stratify) BRAM_TRY(code_column(cx, stratum, &strata, axis, s->stratify, true));
    BRAM_TRY(join_images(cx, group, axis, *s->group));
    BRAM_TRY(deal(cx, fold, group, groups, stratum, strata, n, s));
    return write_folds(cx, out, fold, n, s->folds);
}

/* Contiguous parts of a random order. */
static int at_random(bram_ctx *cx, bram_fold **out, size_t n, const bram_stimulus_split *s)
{
    size_t *order = bram_scratch(cx, n, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    BRAM_TRY(bram_kfold(cx, out, n, s->folds));
    bram_rng g = bram_rng_new(s->seed, "encoding/folds");
    bram_rng_permutation(&g, n, order);
    for (size_t f = 0; f < s->folds; f++) {
        /* the rows of a fold are one stretch of the memory that bram_kfold made: test, train */
        size_t *row = (size_t *)(uintptr_t)(*out)[f].test;
        for (size_t i = 0; i < n; i++) row[i] = order[row[i]];
    }
    return BRAM_OK;
}

/* Frames of one movie are nearly the same picture: told where they are on both sides. */
static int warn_of_movies(bram_ctx *cx, const bram_axis *axis, const bram_fold *fold, size_t folds)
{
    size_t n = bram_axis_length(axis), movies, cut = 0;
    size_t *movie = bram_scratch(cx, n, sizeof *movie), *in = bram_scratch(cx, n, sizeof *in);
    uint8_t *told = bram_scratch(cx, n, 1);
    if (!movie || !in || !told) return BRAM_ENOMEM;
    if (!bram_axis_column(axis, "movie")) return BRAM_OK;
    BRAM_TRY(code_column(cx, movie, &movies, axis, "movie", false));
    for (size_t f = 0; f < folds; f++)
        for (size_t i = 0; i < fold[f].tests; i++) {
            size_t m = movie[fold[f].test[i]];
            if (in[m] && in[m] != f + 1 && !told[m]++) cut++;
            in[m] = f + 1;
        }
    if (cut)
        bram_note(cx,
                  "frames of %zu of %zu movies are in several folds: frames that are nearly the "
                  "same are trained on and tested; group=movie keeps them together",
                  cut, movies);
    return BRAM_OK;
}

int bram_stimulus_folds(bram_ctx *cx, bram_fold **out, const bram_axis *stimulus,
                        const bram_stimulus_split *s)
{
    size_t n = bram_axis_length(stimulus), mark = bram_scratch_mark(cx);
    if (n / s->folds < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu stimuli are too few for %zu folds of two or more", n, s->folds);
    bool groups = *s->group || *s->stratify || bram_axis_column(stimulus, "image");
    bram_fold *fold = NULL;
    int status = groups ? by_groups(cx, &fold, stimulus, s) : at_random(cx, &fold, n, s);
    if (status == BRAM_OK) status = warn_of_movies(cx, stimulus, fold, s->folds);
    if (status == BRAM_OK) *out = fold;
    else bram_free(fold);
    bram_scratch_release(cx, mark);
    return status;
}
