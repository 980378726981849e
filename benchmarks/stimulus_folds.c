/*
 * stimulus_folds.c - folds over stimuli, by group, stratum and given sets; see stimulus_folds.h.
 */
#include "stimulus_folds.h"

#include "split_lists.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Codes of the values of a column; each row its own where there is none or the value is missing. */
static int code_column(bram_ctx *cx, size_t *code, size_t *count, const bram_axis *axis,
                       const char *name, bool needed)
{
    size_t n = bram_axis_length(axis), *first = bram_scratch(cx, n, sizeof *first);
    const bram_column *c = name && *name ? bram_axis_column(axis, name) : NULL;
    if (!first) return BRAM_ENOMEM;
    if (name && *name && !c && needed)
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

/* ---- what a stimulus is in a fold ------------------------------------------------------------ */

/* Folds in one piece of memory: the structs, then the rows. */
static int make_folds(bram_ctx *cx, bram_fold **out, size_t n, size_t folds)
{
    size_t each, bytes;
    if (__builtin_mul_overflow(n, sizeof(size_t), &each) ||
        __builtin_add_overflow(each, sizeof(bram_fold), &each) ||
        __builtin_mul_overflow(each, folds, &bytes))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu folds of %zu stimuli", folds, n);
    *out = bram_alloc(cx, bytes, 1);
    return *out ? BRAM_OK : BRAM_ENOMEM;
}

/* Fold f: first the tested, then the trained stimuli, as they come in `order` (NULL: ascending). */
static void write_fold(bram_fold *fold, size_t folds, size_t f, const uint8_t *role,
                       const size_t *order, size_t n)
{
    size_t *to = (size_t *)(void *)(fold + folds) + f * n, used = 0, tests = 0;
    static const uint8_t sides[] = {BRAM_TESTED, BRAM_TRAINED};
    for (size_t k = 0; k < 2; k++) {
        for (size_t p = 0; p < n; p++) {
            size_t i = order ? order[p] : p;
            if (role[i] == sides[k]) to[used++] = i;
        }
        if (k == 0) tests = used;
    }
    fold[f] = (bram_fold){.test = to, .tests = tests, .train = to + tests, .trains = used - tests};
}

/* Every stimulus is tested in the fold of its number; but for those near a part (gap) it is
 * trained on in the others. */
static int write_parts(bram_ctx *cx, bram_fold **out, const size_t *fold, const size_t *order,
                       size_t n, const bram_stimulus_split *s)
{
    uint8_t *role = bram_scratch(cx, n, 1);
    if (!role) return BRAM_ENOMEM;
    BRAM_TRY(make_folds(cx, out, n, s->folds));
    for (size_t f = 0; f < s->folds; f++) {
        for (size_t i = 0; i < n; i++) role[i] = fold[i] == f ? BRAM_TESTED : BRAM_TRAINED;
        for (size_t i = 0; i < n && s->gap; i++)
            for (size_t k = i > s->gap ? i - s->gap : 0; fold[i] == f && k <= i + s->gap; k++)
                if (k < n && role[k] == BRAM_TRAINED) role[k] = BRAM_UNUSED;
        write_fold(*out, s->folds, f, role, order, n);
        if ((*out)[f].trains < 2)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "a gap of %zu leaves %zu of %zu stimuli to train on in fold %zu",
                             s->gap, (*out)[f].trains, n, f + 1);
    }
    return BRAM_OK;
}

/* ---- groups and strata ----------------------------------------------------------------------- */

/* Of each stimulus its group and stratum. */
struct codes {
    size_t n, groups, strata, *group, *stratum;
};

static int read_codes(bram_ctx *cx, struct codes *c, const bram_axis *axis,
                      const bram_stimulus_split *s)
{
    *c = (struct codes){.n = bram_axis_length(axis), .strata = 1};
    c->group = bram_scratch(cx, c->n, sizeof *c->group);
    c->stratum = bram_scratch(cx, c->n, sizeof *c->stratum);
    if (!c->group || !c->stratum) return BRAM_ENOMEM;
    BRAM_TRY(code_column(cx, c->group, &c->groups, axis, s->group, true));
    if (s->stratify && *s->stratify)
        BRAM_TRY(code_column(cx, c->stratum, &c->strata, axis, s->stratify, true));
    return join_images(cx, c->group, axis, s->group && *s->group);
}

/* The stimuli of a group, and the stratum of the first. */
static size_t group_size(const struct codes *c, size_t group, size_t *stratum)
{
    size_t size = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->group[i] == group && !size++) *stratum = c->stratum[i];
    return size;
}

static int too_few(bram_ctx *cx, size_t folds)
{
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "the stimuli are too few, or too few groups, for %zu folds of two or more",
                     folds);
}

/* Each group to the fold that has the fewest of its stratum. */
static int deal(bram_ctx *cx, size_t *fold, const struct codes *c, const bram_stimulus_split *s)
{
    size_t *order = bram_scratch(cx, c->groups, sizeof *order);
    size_t *rows = bram_scratch(cx, s->folds, sizeof *rows);
    size_t *like = bram_scratch(cx, s->folds * c->strata, sizeof *like);
    if (!order || !rows || !like) return BRAM_ENOMEM;
    bram_rng g = bram_rng_new(s->seed, "encoding/groups");
    bram_rng_permutation(&g, c->groups, order);
    for (size_t k = 0; k < c->groups; k++) {
        size_t best = 0, of = 0;
        if (!group_size(c, order[k], &of)) continue;
        for (size_t f = 1; f < s->folds; f++) {
            size_t a = like[f * c->strata + of], b = like[best * c->strata + of];
            if (a < b || (a == b && rows[f] < rows[best])) best = f;
        }
        for (size_t i = 0; i < c->n; i++)
            if (c->group[i] == order[k]) {
                fold[i] = best, rows[best]++;
                like[best * c->strata + c->stratum[i]]++;
            }
    }
    for (size_t f = 0; f < s->folds; f++)
        if (rows[f] < 2 || rows[f] == c->n) return too_few(cx, s->folds);
    return BRAM_OK;
}

/* Contiguous parts of a random order. */
static void at_random(size_t *fold, size_t *order, size_t n, const bram_stimulus_split *s)
{
    size_t i = 0;
    bram_rng g = bram_rng_new(s->seed, "encoding/folds");
    bram_rng_permutation(&g, n, order);
    for (size_t f = 0; f < s->folds; f++)
        for (size_t left = n / s->folds + (f < n % s->folds); left-- > 0; i++) fold[order[i]] = f;
}

/* Stretches of stimuli; a group goes where its first stimulus lies. */
static int in_order(bram_ctx *cx, size_t *fold, const struct codes *c, const bram_stimulus_split *s)
{
    size_t *first = bram_scratch(cx, c->groups, sizeof *first); /* 1 + its rank among the groups */
    size_t *rows = bram_scratch(cx, s->folds, sizeof *rows), used = 0;
    if (!first || !rows) return BRAM_ENOMEM;
    for (size_t i = 0; i < c->n; i++)
        if (!first[c->group[i]]) first[c->group[i]] = ++used;
    for (size_t i = 0; i < c->n; i++) {
        fold[i] = (first[c->group[i]] - 1) * s->folds / used;
        rows[fold[i]]++;
    }
    for (size_t f = 0; f < s->folds; f++)
        if (rows[f] < 2 || rows[f] == c->n) return too_few(cx, s->folds);
    return BRAM_OK;
}

static int parts(bram_ctx *cx, bram_fold **out, const bram_axis *axis, const bram_stimulus_split *s)
{
    size_t n = bram_axis_length(axis), *fold = bram_scratch(cx, n, sizeof *fold);
    size_t *order = bram_scratch(cx, n, sizeof *order);
    struct codes c;
    if (!fold || !order) return BRAM_ENOMEM;
    if (n / s->folds < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu stimuli are too few for %zu folds of two or more", n, s->folds);
    bool apart = !(s->group && *s->group) && !(s->stratify && *s->stratify) &&
                 !bram_axis_column(axis, "image");
    if (s->scheme == BRAM_SPLIT_RANDOM && apart) {
        at_random(fold, order, n, s);
        return write_parts(cx, out, fold, order, n, s);
    }
    BRAM_TRY(read_codes(cx, &c, axis, s));
    BRAM_TRY(s->scheme == BRAM_SPLIT_ORDERED ? in_order(cx, fold, &c, s) : deal(cx, fold, &c, s));
    return write_parts(cx, out, fold, NULL, n, s);
}

/* ---- shuffle splits -------------------------------------------------------------------------- */

/* Groups in a random order are tested as long as the share of their stratum is not reached. */
static int draw_split(bram_ctx *cx, uint8_t *role, size_t *rows_in_order, const struct codes *c,
                      size_t split, const bram_stimulus_split *s)
{
    size_t *order = bram_scratch(cx, c->groups, sizeof *order), *size, *left, tests = 0, placed = 0;
    size = bram_scratch(cx, c->strata, sizeof *size);
    left = bram_scratch(cx, c->strata, sizeof *left);
    if (!order || !size || !left) return BRAM_ENOMEM;
    for (size_t i = 0; i < c->n; i++) size[c->stratum[i]]++;
    for (size_t k = 0; k < c->strata; k++)
        left[k] = (size_t)floor((1 - s->train_share) * (double)size[k] + 0.5);
    bram_rng g = bram_rng_at(s->seed, "encoding/shuffle", split);
    bram_rng_permutation(&g, c->groups, order);
    memset(role, BRAM_TRAINED, c->n);
    for (size_t k = 0; k < c->groups; k++) {
        size_t of = 0, rows = group_size(c, order[k], &of);
        bool test = rows && rows <= left[of];
        if (test) left[of] -= rows, tests += rows;
        for (size_t i = 0; i < c->n; i++) {
            if (c->group[i] != order[k]) continue;
            rows_in_order[placed++] = i;
            if (test) role[i] = BRAM_TESTED;
        }
    }
    return tests >= 2 && c->n - tests >= 2
               ? BRAM_OK
               : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                           "of %zu stimuli %zu would be tested, expected two or more on both "
                           "sides (train_share=%g)",
                           c->n, tests, s->train_share);
}

static int shuffles(bram_ctx *cx, bram_fold **out, const bram_axis *axis,
                    const bram_stimulus_split *s)
{
    struct codes c;
    BRAM_TRY(read_codes(cx, &c, axis, s));
    uint8_t *role = bram_scratch(cx, c.n, 1);
    size_t *order = bram_scratch(cx, c.n, sizeof *order);
    if (!role || !order) return BRAM_ENOMEM;
    BRAM_TRY(make_folds(cx, out, c.n, s->folds));
    for (size_t f = 0; f < s->folds; f++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(draw_split(cx, role, order, &c, f, s));
        bram_scratch_release(cx, mark);
        write_fold(*out, s->folds, f, role, order, c.n);
    }
    return BRAM_OK;
}

/* ---- given splits ---------------------------------------------------------------------------- */

/* Whether the text is one of "a+b". */
static bool is_among(const char *list, const char *text)
{
    size_t length = strlen(text);
    while (*list) {
        size_t end = strcspn(list, "+");
        if (end == length && strncmp(list, text, end) == 0) return true;
        list += end + (list[end] == '+');
    }
    return false;
}

/* The values of the column that there are, for a message. */
static void list_values(char *out, size_t room, const bram_column *c, size_t n)
{
    out[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(out), k = 0;
        while (k < i && strcmp(c->text[k], c->text[i]) != 0) k++;
        if (k == i && used + strlen(c->text[i]) + 3 < room)
            snprintf(out + used, room - used, "%s%s", used ? ", " : "", c->text[i]);
    }
}

static int by_set(bram_ctx *cx, uint8_t *role, const bram_axis *axis, const bram_stimulus_split *s)
{
    size_t n = bram_axis_length(axis), count[3] = {0};
    size_t testable = s->testable ? s->testable : n;
    bool trains = s->train_sets && *s->train_sets, tests = s->test_sets && *s->test_sets;
    const bram_column *c = bram_axis_column(axis, "set");
    if (testable == n && (!trains || !tests))
        return bram_fail(cx, BRAM_EUSAGE,
                         "split=set needs train_sets and test_sets, values of the column set of "
                         "the stimuli");
    if ((trains || tests) && (!c || c->type != BRAM_TEXT))
        return bram_fail(cx, BRAM_EABSENT, "the stimuli have no column set");
    for (size_t i = 0; i < n; i++) {
        bool test = i < testable && (!tests || is_among(s->test_sets, c->text[i]));
        bool train = (testable == n || i >= testable) &&
                     (!trains || is_among(s->train_sets, c->text[i]));
        role[i] = test ? BRAM_TESTED : train ? BRAM_TRAINED : BRAM_UNUSED;
        count[role[i]]++;
    }
    if (count[BRAM_TESTED] >= 2 && count[BRAM_TRAINED] >= 2) return BRAM_OK;
    char values[200] = "none";
    if (c && c->type == BRAM_TEXT) list_values(values, sizeof values, c, n);
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "%zu stimuli to train on (%s) and %zu to test (%s), expected two or more of "
                     "both; there are the sets: %s",
                     count[BRAM_TRAINED], trains ? s->train_sets : "all others", count[BRAM_TESTED],
                     tests ? s->test_sets : "all", values);
}

/* What was learned from is no test: one image on both sides is refused, or told of. */
static int check_images(bram_ctx *cx, const uint8_t *role, const bram_axis *axis,
                        const bram_stimulus_split *s)
{
    size_t n = bram_axis_length(axis), images, shared = 0;
    size_t *image = bram_scratch(cx, n, sizeof *image);
    size_t *trained = bram_scratch(cx, n, sizeof *trained); /* 1 + a row that shows it */
    if (!image || !trained) return BRAM_ENOMEM;
    BRAM_TRY(code_column(cx, image, &images, axis, "image", false));
    for (size_t i = 0; i < n; i++)
        if (role[i] == BRAM_TRAINED) trained[image[i]] = i + 1;
    for (size_t i = 0; i < n; i++) {
        if (role[i] != BRAM_TESTED || !trained[image[i]]) continue;
        shared++;
        if (!s->leaks)
            return bram_fail(cx, BRAM_EUSAGE,
                             "stimuli %s and %s show the same image: one would be trained on and "
                             "the other tested (leaks=allow scores all the same)",
                             bram_axis_id(axis, trained[image[i]] - 1), bram_axis_id(axis, i));
    }
    if (shared) bram_note(cx, "%zu tested stimuli show an image that is trained on", shared);
    return BRAM_OK;
}

static int given(bram_ctx *cx, bram_fold **out, size_t *count, const bram_axis *axis,
                 const bram_stimulus_split *s)
{
    size_t n = bram_axis_length(axis), splits = 1;
    uint8_t *role = NULL;
    if ((s->group && *s->group) || (s->stratify && *s->stratify))
        return bram_fail(cx, BRAM_EUSAGE,
                         "group and stratify do not go with a split that is given");
    if (s->scheme == BRAM_SPLIT_FILE)
        BRAM_TRY(bram_split_lists_read(cx, &role, &splits, s->file, axis));
    else if (!(role = bram_alloc(cx, n, 1))) return BRAM_ENOMEM;
    int status = s->scheme == BRAM_SPLIT_SET ? by_set(cx, role, axis, s) : BRAM_OK;
    if (status == BRAM_OK) status = make_folds(cx, out, n, splits);
    for (size_t f = 0; status == BRAM_OK && f < splits; f++) {
        size_t mark = bram_scratch_mark(cx);
        status = check_images(cx, role + f * n, axis, s);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) break;
        write_fold(*out, splits, f, role + f * n, NULL, n);
        if ((*out)[f].tests < 2 || (*out)[f].trains < 2)
            status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                               "split %zu has %zu stimuli to train on and %zu to test, expected "
                               "two or more of both",
                               f + 1, (*out)[f].trains, (*out)[f].tests);
    }
    bram_free(role);
    *count = splits;
    return status;
}

/* ---- movies ---------------------------------------------------------------------------------- */

/* Frames of one movie are nearly the same picture: told where they are on both sides. */
static int warn_of_movies(bram_ctx *cx, const bram_axis *axis, const bram_fold *fold, size_t folds)
{
    size_t n = bram_axis_length(axis), movies, cut = 0;
    size_t *movie = bram_scratch(cx, n, sizeof *movie), *in = bram_scratch(cx, n, sizeof *in);
    uint8_t *told = bram_scratch(cx, n, 1);
    if (!movie || !in || !told) return BRAM_ENOMEM;
    if (!bram_axis_column(axis, "movie")) return BRAM_OK;
    BRAM_TRY(code_column(cx, movie, &movies, axis, "movie", false));
    for (size_t f = 0; f < folds; f++) {
        for (size_t i = 0; i < fold[f].trains; i++) in[movie[fold[f].train[i]]] = f + 1;
        for (size_t i = 0; i < fold[f].tests; i++) {
            size_t m = movie[fold[f].test[i]];
            if (in[m] == f + 1 && !told[m]++) cut++;
        }
    }
    if (cut)
        bram_note(cx,
                  "frames of %zu of %zu movies are in several folds: frames that are nearly the "
                  "same are trained on and tested; group=movie keeps them together",
                  cut, movies);
    return BRAM_OK;
}

int bram_stimulus_folds(bram_ctx *cx, bram_fold **out, size_t *count, const bram_axis *stimulus,
                        const bram_stimulus_split *s)
{
    size_t mark = bram_scratch_mark(cx), folds = s->folds;
    bram_fold *fold = NULL;
    int status = s->scheme == BRAM_SPLIT_SHUFFLE ? shuffles(cx, &fold, stimulus, s)
                 : s->scheme == BRAM_SPLIT_SET || s->scheme == BRAM_SPLIT_FILE
                     ? given(cx, &fold, &folds, stimulus, s)
                     : parts(cx, &fold, stimulus, s);
    bool spread = s->stratify && strcmp(s->stratify, "movie") == 0; /* on purpose */
    if (status == BRAM_OK && !spread) status = warn_of_movies(cx, stimulus, fold, folds);
    if (status == BRAM_OK) *out = fold, *count = folds;
    else bram_free(fold);
    bram_scratch_release(cx, mark);
    return status;
}
