/*
 * nlb_files.c - submission and target files of the Neural Latents Benchmark; see nlb.h.
 */
#include "h5.h"
#include "nlb.h"
#include "stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const DATASETS[] = {
    "mc_maze",       "mc_rtt",         "area2_bump",    "dmfc_rsg",
    "mc_maze_large", "mc_maze_medium", "mc_maze_small", NULL};

/* One data set of both files; arrays are on the heap. */
struct set {
    const bram_h5_object *submission, *target;
    const char *name;
    bram_nlb_score *score;
};

static char *path_of(bram_ctx *cx, const struct set *s, const char *array)
{
    return bram_strf(cx, "%s/%s", s->name, array);
}

static bool has(bram_ctx *cx, const struct set *s, const bram_h5_object *file, const char *array)
{
    char *path = path_of(cx, s, array);
    bool there = path && bram_h5_exists(file, path);
    bram_free(path);
    return there;
}

/* An array of 2 or 3 dimensions; one of 2 has a bin a trial. */
static int read_cube(bram_ctx *cx, bram_cube *out, const struct set *s, const bram_h5_object *file,
                     const char *array)
{
    bram_h5_info shape;
    char *path = path_of(cx, s, array);
    if (!path) return BRAM_ENOMEM;
    int status = bram_h5_info_of(cx, &shape, file, path);
    if (status == BRAM_OK && shape.rank != 3 && shape.rank != 2)
        status = bram_fail(cx, BRAM_ESHAPE,
                           "%s has %u dimensions, expected trial x bin x unit or trial x variable",
                           path, shape.rank);
    if (status == BRAM_OK && shape.dims[shape.rank - 1] == 0)
        status = bram_fail(cx, BRAM_ESHAPE, "%s has no columns", path);
    if (status == BRAM_OK) status = bram_h5_read_double(cx, &out->data, NULL, file, path, 0);
    if (status == BRAM_OK) {
        out->trials = (size_t)shape.dims[0];
        out->bins = shape.rank == 3 ? (size_t)shape.dims[1] : 1;
        out->units = (size_t)shape.dims[shape.rank - 1];
    }
    bram_free(path);
    return status;
}

/* Held-in beside held-out units. */
static int read_beside(bram_ctx *cx, bram_cube *out, const struct set *s,
                       const bram_h5_object *file, const char *held_in, const char *held_out)
{
    bram_cube a = {0}, b = {0};
    int status = read_cube(cx, &a, s, file, held_in);
    if (status == BRAM_OK) status = read_cube(cx, &b, s, file, held_out);
    if (status == BRAM_OK && (a.trials != b.trials || a.bins != b.bins))
        status = bram_fail(cx, BRAM_ESHAPE, "%s: %s is %zu x %zu, %s %zu x %zu trials and bins",
                           s->name, held_in, a.trials, a.bins, held_out, b.trials, b.bins);
    size_t rows = a.trials * a.bins, units = a.units + b.units;
    double *data = status == BRAM_OK ? bram_alloc(cx, rows * units, sizeof *data) : NULL;
    if (status == BRAM_OK && !data) status = BRAM_ENOMEM;
    for (size_t i = 0; i < rows && status == BRAM_OK; i++) {
        memcpy(data + i * units, a.data + i * a.units, a.units * sizeof *data);
        memcpy(data + i * units + a.units, b.data + i * b.units, b.units * sizeof *data);
    }
    if (status == BRAM_OK) *out = (bram_cube){data, a.trials, a.bins, units};
    bram_free(a.data);
    bram_free(b.data);
    return status;
}

/* ---- the scores ----------------------------------------------------------------------------- */

static int score_bits(bram_ctx *cx, const struct set *s)
{
    bram_cube rates = {0}, spikes = {0};
    int status = read_cube(cx, &rates, s, s->submission, "eval_rates_heldout");
    if (status == BRAM_OK) status = read_cube(cx, &spikes, s, s->target, "eval_spikes_heldout");
    if (status == BRAM_OK)
        status = bram_nlb_bits(cx, &s->score->co_bps, &rates, &spikes, &s->score->zero_rates);
    bram_free(rates.data);
    bram_free(spikes.data);
    return status;
}

static int score_forward(bram_ctx *cx, const struct set *s)
{
    bram_cube rates = {0}, spikes = {0};
    if (!has(cx, s, s->submission, "eval_rates_heldin_forward") ||
        !has(cx, s, s->target, "eval_spikes_heldin_forward"))
        return BRAM_OK;
    int status = read_beside(cx, &rates, s, s->submission, "eval_rates_heldin_forward",
                             "eval_rates_heldout_forward");
    if (status == BRAM_OK)
        status = read_beside(cx, &spikes, s, s->target, "eval_spikes_heldin_forward",
                             "eval_spikes_heldout_forward");
    if (status == BRAM_OK)
        status = bram_nlb_bits(cx, &s->score->fp_bps, &rates, &spikes, &s->score->zero_rates);
    bram_free(rates.data);
    bram_free(spikes.data);
    return status;
}

/* The trials that column k of a mask (trials x masks) keeps, as rows; without a mask all. */
static int masked(bram_ctx *cx, bram_mat *out, const bram_cube *from, const bram_cube *mask,
                  size_t k)
{
    if (mask->data && mask->trials != from->trials)
        return bram_fail(cx, BRAM_ESHAPE, "a mask of %zu trials for %zu", mask->trials,
                         from->trials);
    double *data = bram_scratch(cx, from->trials * from->bins, from->units * sizeof *data);
    if (!data) return BRAM_ENOMEM;
    *out = (bram_mat){data, 0, from->units, from->units};
    for (size_t t = 0; t < from->trials; t++) {
        if (mask->data && mask->data[t * mask->units + k] == 0) continue;
        memcpy(bram_row(out, out->rows), from->data + t * from->bins * from->units,
               from->bins * from->units * sizeof *data);
        out->rows += from->bins;
    }
    return BRAM_OK;
}

/* part: training and evaluated rates, training and evaluated velocities, their masks */
static int decode_masks(bram_ctx *cx, double *r2, const bram_cube *part)
{
    size_t masks = part[4].data ? part[4].units : 1;
    double sum = 0;
    if (part[4].data && part[5].units != masks)
        return bram_fail(cx, BRAM_ESHAPE, "%zu masks for training, %zu for evaluation", masks,
                         part[5].units);
    for (size_t k = 0; k < masks; k++) {
        size_t mark = bram_scratch_mark(cx);
        bram_mat m[4];
        double one;
        for (size_t i = 0; i < 4; i++) BRAM_TRY(masked(cx, &m[i], &part[i], &part[4 + i % 2], k));
        BRAM_TRY(bram_nlb_velocity(cx, &one, &m[0], &m[2], &m[1], &m[3]));
        sum += one;
        bram_scratch_release(cx, mark);
    }
    *r2 = sum / (double)masks;
    return BRAM_OK;
}

static int score_velocity(bram_ctx *cx, const struct set *s, const bram_cube *rates)
{
    bram_cube part[6] = {{0}};
    part[1] = *rates;
    int status = read_beside(cx, &part[0], s, s->submission, "train_rates_heldin",
                             "train_rates_heldout");
    if (status == BRAM_OK) status = read_cube(cx, &part[2], s, s->target, "train_behavior");
    if (status == BRAM_OK) status = read_cube(cx, &part[3], s, s->target, "eval_behavior");
    if (status == BRAM_OK && has(cx, s, s->target, "train_decode_mask")) {
        status = read_cube(cx, &part[4], s, s->target, "train_decode_mask");
        if (status == BRAM_OK) status = read_cube(cx, &part[5], s, s->target, "eval_decode_mask");
    }
    if (status == BRAM_OK) status = decode_masks(cx, &s->score->vel_r2, part);
    for (size_t i = 0; i < 6; i++)
        if (i != 1) bram_free(part[i].data);
    return status;
}

/* Mean length of the steps of a trial's rates over the bins in which spikes are known. */
static double speed_of(const bram_cube *rates, const bram_cube *spikes, size_t trial)
{
    double sum = 0, steps = 0;
    const double *last = NULL;
    for (size_t t = 0; t < rates->bins; t++) {
        if (isnan(spikes->data[(trial * spikes->bins + t) * spikes->units])) continue;
        const double *now = rates->data + (trial * rates->bins + t) * rates->units;
        double square = 0;
        for (size_t u = 0; u < rates->units && last; u++)
            square += (now[u] - last[u]) * (now[u] - last[u]);
        if (last) sum += sqrt(square), steps += 1;
        last = now;
    }
    return sum / steps;
}

static bool same_condition(const double *a, const double *b)
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* Conditions are the distinct first three columns of the behaviour; the interval is the last one.
 */
static int correlate(bram_ctx *cx, double *r, const bram_cube *rates, const bram_cube *spikes,
                     const bram_cube *behaviour)
{
    size_t trials = rates->trials, width = behaviour->units;
    if (behaviour->trials != trials || spikes->trials != trials || spikes->bins != rates->bins ||
        behaviour->bins != 1 || width < 4)
        return bram_fail(cx, BRAM_ESHAPE,
                         "behaviour of %zu trials and %zu columns for %zu trials; expected as many "
                         "and 4 columns or more",
                         behaviour->trials, width, trials);
    double *x = bram_scratch(cx, 2 * trials, sizeof *x), sum = 0, conditions = 0;
    if (!x) return BRAM_ENOMEM;
    double *y = x + trials;
    for (size_t c = 0; c < trials; c++) {
        const double *own = behaviour->data + c * width;
        bool seen = !same_condition(own, own); /* NaN */
        for (size_t b = 0; b < c && !seen; b++)
            seen = same_condition(own, behaviour->data + b * width);
        size_t n = 0;
        for (size_t t = c; t < trials && !seen; t++) {
            const double *other = behaviour->data + t * width;
            if (!same_condition(own, other)) continue;
            x[n] = speed_of(rates, spikes, t);
            y[n++] = other[width - 1];
        }
        if (!seen) sum += bram_pearson(x, y, n), conditions += 1;
    }
    *r = sum / conditions;
    return BRAM_OK;
}

static int score_intervals(bram_ctx *cx, const struct set *s, const bram_cube *rates)
{
    bram_cube spikes = {0}, behaviour = {0};
    size_t mark = bram_scratch_mark(cx);
    int status = read_cube(cx, &spikes, s, s->target, "eval_spikes_heldout");
    if (status == BRAM_OK) status = read_cube(cx, &behaviour, s, s->target, "eval_behavior");
    if (status == BRAM_OK) status = correlate(cx, &s->score->tp_corr, rates, &spikes, &behaviour);
    bram_free(spikes.data);
    bram_free(behaviour.data);
    bram_scratch_release(cx, mark);
    return status;
}

/* Lists of trials: of different lengths, or a matrix where all are equally long. */
static int read_conditions(bram_ctx *cx, int64_t **trial, size_t **begin, size_t *count,
                           const struct set *s)
{
    bram_h5_info shape;
    char *path = path_of(cx, s, "eval_cond_idx");
    if (!path) return BRAM_ENOMEM;
    int status = bram_h5_info_of(cx, &shape, s->target, path);
    if (status == BRAM_OK && shape.rank != 2)
        status = bram_h5_read_lists(cx, trial, begin, count, s->target, path);
    else if (status == BRAM_OK) {
        *count = (size_t)shape.dims[0];
        *begin = bram_alloc(cx, *count + 1, sizeof **begin);
        status = *begin ? bram_h5_read_int64(cx, trial, NULL, s->target, path, 0) : BRAM_ENOMEM;
        for (size_t i = 0; i <= *count && *begin; i++) (*begin)[i] = i * (size_t)shape.dims[1];
    }
    bram_free(path);
    return status;
}

static int score_psth(bram_ctx *cx, const struct set *s, const bram_cube *rates)
{
    bram_cube psth = {0};
    int64_t *trial = NULL, *jitter = NULL;
    size_t *begin = NULL, conditions = 0, jitters = rates->trials;
    if (!has(cx, s, s->target, "psth")) return BRAM_OK;
    int status = read_cube(cx, &psth, s, s->target, "psth");
    if (status == BRAM_OK) status = read_conditions(cx, &trial, &begin, &conditions, s);
    if (status == BRAM_OK && has(cx, s, s->target, "eval_jitter")) {
        char *path = path_of(cx, s, "eval_jitter");
        status = path ? bram_h5_read_int64(cx, &jitter, &jitters, s->target, path, 0) : BRAM_ENOMEM;
        bram_free(path);
    }
    if (status == BRAM_OK && (conditions != psth.trials || jitters != rates->trials))
        status = bram_fail(cx, BRAM_ESHAPE,
                           "%s: %zu PSTHs, %zu lists of trials; %zu trials, %zu jitters", s->name,
                           psth.trials, conditions, rates->trials, jitters);
    if (status == BRAM_OK)
        status = bram_nlb_psth(cx, &s->score->psth_r2, &psth, rates, trial, begin, jitter);
    bram_free(psth.data);
    bram_free(trial);
    bram_free(begin);
    bram_free(jitter);
    return status;
}

static int score_set(bram_ctx *cx, const struct set *s, bool intervals)
{
    bram_cube rates = {0};
    int status = score_bits(cx, s);
    if (status != BRAM_OK) status = bram_fail_prefix(cx, status, "held-out units");
    if (status == BRAM_OK)
        status = read_beside(cx, &rates, s, s->submission, "eval_rates_heldin",
                             "eval_rates_heldout");
    if (status == BRAM_OK)
        status = intervals ? score_intervals(cx, s, &rates) : score_velocity(cx, s, &rates);
    if (status == BRAM_OK) status = score_psth(cx, s, &rates);
    if (status == BRAM_OK) {
        status = score_forward(cx, s);
        if (status != BRAM_OK) status = bram_fail_prefix(cx, status, "forward prediction");
    }
    bram_free(rates.data);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", s->name);
}

static int score_all(bram_ctx *cx, bram_nlb_score *scores, size_t *count, const bram_h5 *submission,
                     const bram_h5 *target)
{
    for (size_t d = 0; DATASETS[d]; d++)
        for (int wide = 0; wide < 2; wide++) {
            bram_nlb_score *score = &scores[*count];
            struct set s = {bram_h5_root(submission), bram_h5_root(target), score->dataset, score};
            *score = (bram_nlb_score){.co_bps = (double)NAN,
                                      .vel_r2 = (double)NAN,
                                      .psth_r2 = (double)NAN,
                                      .tp_corr = (double)NAN,
                                      .fp_bps = (double)NAN};
            snprintf(score->dataset, sizeof score->dataset, "%s%s", DATASETS[d], wide ? "_20" : "");
            if (!has(cx, &s, s.submission, "eval_rates_heldout") ||
                !has(cx, &s, s.target, "eval_spikes_heldout"))
                continue;
            BRAM_TRY(score_set(cx, &s, strcmp(DATASETS[d], "dmfc_rsg") == 0));
            ++*count;
        }
    if (*count) return BRAM_OK;
    return bram_fail(
        cx, BRAM_EABSENT,
        "no data set has eval_rates_heldout in %s and eval_spikes_heldout in %s; groups "
        "are named mc_maze, mc_maze_20 ...",
        bram_h5_path(submission), bram_h5_path(target));
}

int bram_nlb_score_files(bram_ctx *cx, bram_nlb_score **scores, size_t *count,
                         const char *submission, const char *target)
{
    enum { MOST = 15 };
    bram_h5 *a = NULL, *b = NULL;
    size_t n = 0;
    bram_nlb_score *all = bram_alloc(cx, MOST, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    int status = bram_h5_open(cx, &a, submission);
    if (status == BRAM_OK) status = bram_h5_open(cx, &b, target);
    if (status == BRAM_OK) status = score_all(cx, all, &n, a, b);
    bram_h5_close(a);
    bram_h5_close(b);
    if (status == BRAM_OK) {
        *scores = all;
        *count = n;
    } else bram_free(all);
    return status;
}
