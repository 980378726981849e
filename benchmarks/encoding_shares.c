/*
 * encoding_shares.c - the score of an encoding split among feature spaces; see encoding_keep.h.
 */
#include "banded.h"
#include "encoding_keep.h"
#include "linalg.h"
#include "resample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DRAWS_AT_ONCE = 64 };

struct split {
    const bram_encoding_kept *kept;
    const bram_encoding_outcome *outcome;
    bram_share how;
    const char *metric;
    size_t moments, samples;
    double *raw;   /* (all, then spaces) x units */
    double *draw;  /* (all, then spaces) x samples: sums over units at first */
    size_t *drawn; /* samples: units that were defined */
    double *scratch, *share;
};

/* The moments of a unit, by row of the table; rows it was not recorded in are zero. */
static void fill_moments(bram_mat *a, const struct split *s, size_t unit, double *part)
{
    const bram_encoding_kept *k = s->kept;
    const bram_encoding_outcome *o = s->outcome;
    memset(a->data, 0, a->rows * a->cols * sizeof *a->data);
    for (size_t i = 0; i < k->rows; i++) {
        size_t at = i * k->units + unit, stimulus = o->of[i];
        if (o->target->present && !o->target->present[stimulus * k->units + unit]) continue;
        for (size_t j = 0; j < k->spaces; j++) part[j] = k->part[j * k->rows * k->units + at];
        bram_share_add(bram_row(a, i), 1,
                       bram_row(&o->target->values, stimulus)[unit] - o->blind[at], part,
                       k->spaces);
    }
}

/* The shares under one set of moments, and their sum before them. @return whether defined */
static int shares_of(bram_ctx *cx, const struct split *s, const double *moment)
{
    double *share = s->share + 1;
    BRAM_TRY(bram_share_of(cx, share, moment, s->kept->spaces, s->how, s->scratch));
    s->share[0] = 0;
    for (size_t j = 0; j < s->kept->spaces; j++) s->share[0] += share[j];
    return BRAM_OK;
}

static int take_raw(bram_ctx *cx, struct split *s, const bram_mat *a, size_t unit, double *total)
{
    memset(total, 0, s->moments * sizeof *total);
    for (size_t i = 0; i < a->rows; i++)
        for (size_t m = 0; m < s->moments; m++) total[m] += bram_row(a, i)[m];
    BRAM_TRY(shares_of(cx, s, total));
    for (size_t j = 0; j <= s->kept->spaces; j++) s->raw[j * s->kept->units + unit] = s->share[j];
    return BRAM_OK;
}

static int take_draws(bram_ctx *cx, struct split *s, const bram_mat *drawn, size_t first)
{
    for (size_t d = 0; d < drawn->rows; d++) {
        BRAM_TRY(shares_of(cx, s, bram_row(drawn, d)));
        if (isnan(s->share[0])) continue;
        s->drawn[first + d]++;
        for (size_t j = 0; j <= s->kept->spaces; j++)
            s->draw[j * s->samples + first + d] += s->share[j];
    }
    return BRAM_OK;
}

static int draw_weights(bram_ctx *cx, bram_mat *weight, const bram_encoding_outcome *o,
                        const char *stream, size_t first)
{
    uint32_t *times = bram_scratch(cx, o->tested, sizeof *times);
    if (!times) return BRAM_ENOMEM;
    for (size_t d = 0; d < weight->rows; d++) {
        bram_bootstrap_draw(times, o->tested, 0, stream, first + d);
        for (size_t i = 0; i < weight->cols; i++) bram_row(weight, d)[i] = times[o->draw_of[i]];
    }
    return BRAM_OK;
}

/* Some draws of all units; the first time the values themselves, too. */
static int run_block(bram_ctx *cx, struct split *s, const char *stream, size_t first, size_t count)
{
    const bram_encoding_kept *k = s->kept;
    bram_mat weight, a, drawn;
    BRAM_TRY(bram_mat_scratch(cx, &weight, count, k->rows));
    BRAM_TRY(bram_mat_scratch(cx, &a, k->rows, s->moments));
    BRAM_TRY(bram_mat_scratch(cx, &drawn, count, s->moments));
    double *part = bram_scratch(cx, k->spaces + s->moments, sizeof *part);
    if (!part) return BRAM_ENOMEM;
    BRAM_TRY(draw_weights(cx, &weight, s->outcome, stream, first));
    for (size_t u = 0; u < k->units; u++) {
        fill_moments(&a, s, u, part);
        if (!first) BRAM_TRY(take_raw(cx, s, &a, u, part + k->spaces));
        if (!count) continue;
        BRAM_TRY(bram_gemm(cx, &drawn, 1, &weight, BRAM_AS_IS, &a, BRAM_AS_IS, 0));
        BRAM_TRY(take_draws(cx, s, &drawn, first));
    }
    return bram_ctx_check_cancel(cx);
}

static int put(bram_ctx *cx, bram_scores *scores, const struct split *s, size_t which)
{
    const bram_encoding_kept *k = s->kept;
    const double *raw = s->raw + which * k->units;
    double *draw = s->draw + which * s->samples, sum = 0;
    char axis[64];
    size_t n = 0;
    for (size_t u = 0; u < k->units; u++)
        if (!isnan(raw[u])) sum += raw[u], n++;
    for (size_t d = 0; d < s->samples; d++)
        draw[d] = s->drawn[d] ? draw[d] / (double)s->drawn[d] : (double)NAN;
    snprintf(axis, sizeof axis, "%zu stimuli", s->outcome->tested);
    char *id = which ? bram_strf(cx, "%s@%s", s->metric, k->space[which - 1])
                     : bram_strdup(cx, s->metric);
    if (!id) return BRAM_ENOMEM;
    int status = bram_scores_put(
        cx, scores,
        &(bram_score_made){.id = id,
                           .metric = s->metric,
                           .axis = axis,
                           .value = n ? sum / (double)n : (double)NAN,
                           .raw = raw,
                           .draw = draw,
                           .groups = s->outcome->once ? s->outcome->tested : 0,
                           .biased = true});
    bram_free(id);
    return status;
}

static int split_all(bram_ctx *cx, bram_scores *scores, struct split *s, const char *stream)
{
    size_t rows = s->kept->spaces + 1;
    s->raw = bram_scratch(cx, rows, s->kept->units * sizeof *s->raw);
    s->draw = bram_scratch(cx, rows, s->samples * sizeof *s->draw);
    s->drawn = bram_scratch(cx, s->samples, sizeof *s->drawn);
    s->scratch = bram_scratch(cx, rows, 2 * rows * sizeof *s->scratch);
    s->share = bram_scratch(cx, rows, sizeof *s->share);
    if (!s->raw || !s->scratch || !s->share || (s->samples && (!s->draw || !s->drawn)))
        return BRAM_ENOMEM;
    for (size_t first = 0; first == 0 || first < s->samples; first += DRAWS_AT_ONCE) {
        size_t left = s->samples - first, mark = bram_scratch_mark(cx);
        int status = run_block(cx, s, stream, first, left < DRAWS_AT_ONCE ? left : DRAWS_AT_ONCE);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    for (size_t j = 0; j < rows; j++) BRAM_TRY(put(cx, scores, s, j));
    return BRAM_OK;
}

int bram_encoding_shares(bram_ctx *cx, bram_scores *scores, const bram_encoding_kept *k,
                         const bram_encoding_outcome *o, const bram_options *options,
                         const char *stream)
{
    static const char *const metric[] = {"r2-share", "r-share", "r2-relative"};
    if (!k->spaces) return BRAM_OK;
    struct split s = {.kept = k,
                      .outcome = o,
                      .how = bram_option_is(options, "share", "correlation")
                                 ? BRAM_SHARE_CORRELATION
                             : bram_option_is(options, "share", "relative") ? BRAM_SHARE_RELATIVE
                                                                            : BRAM_SHARE_PRODUCT,
                      .moments = bram_share_moments(k->spaces),
                      .samples = (size_t)bram_option_integer(options, "samples")};
    s.metric = metric[s.how];
    size_t mark = bram_scratch_mark(cx);
    int status = split_all(cx, scores, &s, stream);
    bram_scratch_release(cx, mark);
    return status;
}
