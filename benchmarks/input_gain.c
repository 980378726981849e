/* input_gain.c - see input_gain.h. */
#include "input_gain.h"

#include "resample.h"

#include <math.h>
#include <stdio.h>

/* Squared errors, groups x units. */
struct errors {
    double *with, *without, *copy;
};

static int add_errors(bram_ctx *cx, double *sum, const bram_input_gain *g, const bram_side *side)
{
    const bram_mat *y = &g->truth.values;
    for (size_t t = 0; t < y->rows; t++)
        for (size_t u = 0; u < y->cols; u++) {
            size_t at = t * y->cols + u;
            if (g->truth.present && !g->truth.present[at]) continue;
            if (side->present && !side->present[at])
                return bram_fail(cx, BRAM_ENUMERIC, "there is no forecast of row %zu, unit %zu", t,
                                 u);
            double d = bram_row(&side->values, t)[u] - bram_row(y, t)[u];
            sum[g->groups.group[t] * y->cols + u] += d * d;
        }
    return BRAM_OK;
}

/* times: how often each group counts; NULL: once. raw (NULL: not wanted): of each unit. */
static double gain_of(const bram_input_gain *g, const struct errors *e, const uint32_t *times,
                      double *raw)
{
    size_t units = g->truth.values.cols;
    double more = 0, copy = 0;
    for (size_t u = 0; u < units; u++) {
        double above = 0, below = 0;
        for (size_t b = 0; b < g->groups.groups; b++) {
            double n = times ? times[b] : 1;
            above += n * (e->without[b * units + u] - e->with[b * units + u]);
            below += n * e->copy[b * units + u];
        }
        if (raw) raw[u] = below > 0 ? above / below : (double)NAN;
        more += above, copy += below;
    }
    return copy > 0 ? more / copy : (double)NAN;
}

static int score(bram_ctx *cx, bram_scores *s, const bram_input_gain *g)
{
    size_t units = g->truth.values.cols, each = g->groups.groups * units;
    double *sum = bram_scratch(cx, 3 * each, sizeof *sum);
    double *draw = bram_scratch(cx, g->samples + 1, sizeof *draw);
    double *raw = bram_scratch(cx, units, sizeof *raw);
    uint32_t *times = bram_scratch(cx, g->groups.groups, sizeof *times);
    char id[64];
    if (!sum || !draw || !raw || !times) return BRAM_ENOMEM;
    struct errors e = {sum, sum + each, sum + 2 * each};
    BRAM_TRY(add_errors(cx, e.with, g, &g->with));
    BRAM_TRY(add_errors(cx, e.without, g, &g->without));
    BRAM_TRY(add_errors(cx, e.copy, g, &g->copy));
    for (size_t k = 0; k < g->samples; k++) {
        bram_bootstrap_draw(times, g->groups.groups, 0, g->stream, k);
        draw[k] = gain_of(g, &e, times, NULL);
    }
    snprintf(id, sizeof id, "gain@%s", g->label);
    bram_score_made made = {.id = id,
                            .metric = "gain",
                            .axis = g->axis,
                            .value = gain_of(g, &e, NULL, raw),
                            .raw = raw,
                            .draw = draw,
                            .pooled = true,
                            .groups = g->groups.groups};
    return bram_scores_put(cx, s, &made);
}

int bram_input_gain_score(bram_ctx *cx, bram_scores *s, const bram_input_gain *g)
{
    size_t mark = bram_scratch_mark(cx);
    int status = score(cx, s, g);
    bram_scratch_release(cx, mark);
    return status;
}
