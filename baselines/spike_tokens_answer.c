/*
 * spike_tokens_answer.c - what spike-token transformers answer; see spike_tokens.h.
 *
 * LOGLIK is exact: the log probability of each cell given the rows before and, within its row, the
 * neurons before it (the joint density of model.h), so that the sum over neurons is the log
 * probability of the row. Means are not: a row's later neurons depend on its earlier ones. STEP and
 * FREE_RUN are averages over `samples` runs that are drawn token by token; a run contributes the
 * rates that its cells had when they were reached, which has the same mean as their counts and a
 * smaller variance (Rao-Blackwell). No count that is drawn is above the unit's largest of training.
 * Draws depend on the seed (of the query or, where it has none, of the fit), the segment's place in
 * the panel, the row and the run alone.
 */
#include "forecast.h"
#include "linalg.h"
#include "spike_tokens.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- densities ------------------------------------------------------------------------------ */

struct densities {
    const bram_token_net *n;
    const bram_token_source *source;
    double *value; /* target rows x units */
    uint8_t *mask;
};

/* Task: the window that begins at row task * span. */
static int window_density(bram_ctx *cx, size_t task, void *user)
{
    const struct densities *d = user;
    const bram_token_source *s = d->source;
    size_t units = d->n->shape.units, span = d->n->shape.span, first = task * span;
    if (first + span <= s->first) return BRAM_OK;
    bram_token_window w = {s, first, s->rows - first < span ? s->rows - first : span};
    bram_nn_cells cells = bram_token_cells(d->n, &w);
    bram_token_batch b;
    bram_nn32_tokens_out out;
    BRAM_TRY(bram_token_batch_make(cx, &b, d->n, &w, 1));
    float *room = bram_scratch(cx, bram_nn32_tokens_room(&d->n->shape, &b.pass), sizeof *room);
    double *cell = bram_scratch(cx, span, units * sizeof *cell);
    if (!room || !cell) return BRAM_ENOMEM;
    bram_nn32_tokens(&d->n->shape, d->n->parameter, &b.pass, room, &out);
    bram_nn32_tokens_loss(&cells, span, b.token, b.pass.rows, out.unit, out.time, NULL, NULL, 1,
                          cell);
    for (size_t i = cells.from * units; i < w.rows * units; i++) {
        size_t to = (first - s->first) * units + i; /* wraps back where first is smaller */
        d->mask[to] = !cells.present || cells.present[i];
        if (d->mask[to]) d->value[to] = cell[i];
    }
    return bram_ctx_check_cancel(cx);
}

static int answer_loglik(bram_ctx *cx, const bram_token_net *n, const bram_token_source *s,
                         const bram_query *q, bram_dataset *out)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_forecast_rows(cx, &r, "logdensity", s->s, q->panel->unit));
    struct densities d = {n, s, bram_response_f64(r), bram_response_mask(cx, r)};
    int status = d.mask ? bram_parallel_for(cx, (s->rows + n->shape.span - 1) / n->shape.span,
                                            window_density, &d)
                        : BRAM_ENOMEM;
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* Runs from one row on: of each the rows from `base` on, those before `start` as recorded. */
struct runs {
    const bram_token_net *n;
    const bram_token_source *known;
    uint64_t seed;
    size_t start, steps, samples, base, rows; /* rows: base .. start + steps - 1 */
    size_t segment;                           /* of the panel */
    double *y;                                /* samples, rows, units */
    uint8_t *present;                         /* rows, units: of those that are known */
    bram_token_source *history;               /* of each run: y from base on */
    bram_rng *rng;
    double *mean;   /* steps x units */
    double *sample; /* steps x units: counts of the first run; NULL: not wanted */
};

/* Where a run stands in a window. */
struct cursor {
    size_t row, unit; /* the next cell; row == rows: the window is done */
};

static int begin_runs(bram_ctx *cx, struct runs *r)
{
    size_t units = r->n->shape.units, span = r->n->shape.span, window = r->start / span * span;
    char stream[48];
    snprintf(stream, sizeof stream, "tokens/runs/%zu", r->segment);
    r->base = window > r->n->shape.context ? window - r->n->shape.context : 0;
    r->rows = r->start + r->steps - r->base;
    r->y = bram_scratch(cx, r->samples * r->rows, units * sizeof *r->y);
    r->present = bram_scratch(cx, r->rows, units);
    r->history = bram_scratch(cx, r->samples, sizeof *r->history);
    r->rng = bram_scratch(cx, r->samples, sizeof *r->rng);
    if (!r->y || !r->present || !r->history || !r->rng) return BRAM_ENOMEM;
    memset(r->present, 1, r->rows * units);
    if (r->known->present)
        memcpy(r->present, r->known->present + r->base * units, (r->start - r->base) * units);
    for (size_t k = 0; k < r->samples; k++) {
        double *y = r->y + k * r->rows * units;
        memcpy(y, r->known->y + r->base * units, (r->start - r->base) * units * sizeof *y);
        size_t inputs = r->start + 1 < r->known->rows ? r->start + 1 : r->known->rows;
        r->history[k] = (bram_token_source){
            .rows = r->rows,
            .y = y,
            .present = r->present,
            .input = r->known->input ? r->known->input + r->base * r->n->shape.inputs : NULL,
            .input_rows = inputs - r->base};
        r->rng[k] = bram_rng_at(r->seed, stream, r->start * r->samples + k);
    }
    return BRAM_OK;
}

/* A run goes on to its next spike, or to the end of the window. @return whether it fires */
static bool go_on(struct runs *r, size_t k, size_t first, size_t end, struct cursor *c,
                  const float *unit, const float *time, bram_nn_token *token)
{
    size_t units = r->n->shape.units;
    for (; c->row < end; c->row++, c->unit = 0)
        for (; c->unit < units; c->unit++) {
            size_t row = first + c->row - r->base, at = first + c->row - r->start;
            double rate = bram_nn32_tokens_rate(unit[c->unit], time[c->row]);
            double drawn = fmin((double)bram_rng_poisson(&r->rng[k], rate),
                                r->n->most.data[c->unit]);
            r->mean[at * units + c->unit] += rate / (double)r->samples;
            if (r->sample && k == 0) r->sample[at * units + c->unit] = drawn;
            r->y[(k * r->rows + row) * units + c->unit] = drawn;
            if (!(drawn > 0)) continue;
            *token = (bram_nn_token){(uint32_t)c->unit, (uint32_t)c->row, drawn};
            c->unit++;
            return true;
        }
    return false;
}

/* Tokens of the rows of the first window that are known, the same in all runs. @return how many */
static size_t walk_known(struct runs *r, size_t first, bram_nn32_tokens_walk *walk,
                         bram_nn_token *prefix, bram_nn_token *now)
{
    size_t count = 0;
    prefix[count++] = (bram_nn_token){(uint32_t)r->n->shape.units, 0, 1};
    for (size_t row = first; row < r->start; row++)
        bram_token_row(r->n, prefix, &count, &r->history[0], first - r->base, row - r->base);
    for (size_t step = 0; step < count; step++) {
        for (size_t k = 0; k < r->samples; k++) now[k] = prefix[step];
        bram_nn32_tokens_walk_next(walk, step, now);
    }
    return count;
}

/* Memory of the window at `first`: one for all runs as long as they have the same past. */
static int open_window(bram_ctx *cx, struct runs *r, size_t first, bram_nn32_tokens_walk *walk,
                       size_t most)
{
    bool shared = first <= r->start;
    bram_token_batch b;
    bram_token_window *window = bram_scratch(cx, r->samples, sizeof *window);
    bram_nn_sequence *sequence = bram_scratch(cx, r->samples, sizeof *sequence);
    if (!window || !sequence) return BRAM_ENOMEM;
    for (size_t k = 0; k < r->samples; k++)
        window[k] = (bram_token_window){&r->history[k], first - r->base, 0};
    BRAM_TRY(bram_token_batch_make(cx, &b, r->n, window, shared ? 1 : r->samples));
    for (size_t k = 0; k < r->samples; k++) sequence[k] = b.sequence[shared ? 0 : k];
    b.pass.sequence = sequence, b.pass.sequences = r->samples;
    float *room = bram_scratch(cx, bram_nn32_tokens_walk_room(&r->n->shape, &b.pass, most),
                               sizeof *room);
    if (!room) return BRAM_ENOMEM;
    bram_nn32_tokens_walk_open(walk, &r->n->shape, r->n->parameter, &b.pass, most, room);
    return BRAM_OK;
}

/* Rows of the window at `first`, up to the end of the runs. */
static int run_window(bram_ctx *cx, struct runs *r, size_t first)
{
    size_t units = r->n->shape.units, span = r->n->shape.span, most = span * units + 1;
    size_t left = r->base + r->rows - first, end = left < span ? left : span, firing = r->samples;
    bram_nn32_tokens_walk walk;
    bram_nn_token *prefix = bram_scratch(cx, most, sizeof *prefix);
    bram_nn_token *now = bram_scratch(cx, r->samples, sizeof *now);
    struct cursor *cursor = bram_scratch(cx, r->samples, sizeof *cursor);
    if (!prefix || !now || !cursor) return BRAM_ENOMEM;
    BRAM_TRY(open_window(cx, r, first, &walk, most));
    size_t step = walk_known(r, first, &walk, prefix, now);
    for (size_t k = 0; k < r->samples; k++) cursor[k].row = first < r->start ? r->start - first : 0;
    while (firing) {
        firing = 0;
        for (size_t k = 0; k < r->samples; k++)
            firing += go_on(r, k, first, end, &cursor[k], walk.unit + k * units,
                            walk.time + k * span, &now[k]);
        if (firing) bram_nn32_tokens_walk_next(&walk, step++, now);
    }
    return bram_ctx_check_cancel(cx);
}

static int run_all(bram_ctx *cx, struct runs *r)
{
    size_t span = r->n->shape.span;
    BRAM_TRY(begin_runs(cx, r));
    for (size_t first = r->start / span * span; first < r->start + r->steps; first += span) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(run_window(cx, r, first));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* ---- means ---------------------------------------------------------------------------------- */

struct means {
    const bram_token_net *n;
    const bram_token_source *source;
    const bram_query *q;
    size_t samples, steps;
    double *mean, *sample; /* starts, steps, units; sample: NULL for one-step means */
};

/* Task: a target row, or a start. */
static int one_start(bram_ctx *cx, size_t task, void *user)
{
    const struct means *m = user;
    bool free = m->q->ask == BRAM_ASK_FREE_RUN;
    size_t at = task * m->steps * m->n->shape.units;
    struct runs r = {.n = m->n,
                     .known = m->source,
                     .seed = m->q->seed ? *m->q->seed : m->n->seed,
                     .start = free ? m->q->start[task] : m->source->first + task,
                     .steps = m->steps,
                     .samples = m->samples,
                     .segment = m->q->segment,
                     .mean = m->mean + at,
                     .sample = m->sample ? m->sample + at : NULL};
    return run_all(cx, &r);
}

static int answer_step(bram_ctx *cx, struct means *m, bram_dataset *out)
{
    const bram_segment *s = m->source->s;
    bram_response *r = NULL;
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, m->q->panel->unit));
    m->mean = bram_response_f64(r), m->steps = 1;
    int status = bram_parallel_for(cx, s->y.rows - s->first, one_start, m);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* "mean", and "sample": the counts of the first run of each start. */
static int answer_free_run(bram_ctx *cx, struct means *m, bram_dataset *out)
{
    const bram_query *q = m->q;
    bram_axis *start = NULL, *ahead = NULL;
    bram_response *mean = NULL, *sample = NULL;
    for (size_t i = 0; i < q->starts; i++)
        if (q->start[i] > m->source->rows)
            return bram_fail(cx, BRAM_ESHAPE, "a run starts at row %zu of %zu", q->start[i],
                             m->source->rows);
    m->steps = q->steps;
    int status = bram_axis_new(cx, &start, "start", q->starts);
    if (status == BRAM_OK) status = bram_axis_new(cx, &ahead, "step", q->steps);
    const bram_axis *axes[] = {start, ahead, q->panel->unit};
    if (status == BRAM_OK) status = bram_response_new(cx, &mean, "mean", BRAM_F64, 3, axes);
    if (status == BRAM_OK) status = bram_response_new(cx, &sample, "sample", BRAM_F64, 3, axes);
    bram_axis_free(start);
    bram_axis_free(ahead);
    if (status == BRAM_OK) {
        m->mean = bram_response_f64(mean), m->sample = bram_response_f64(sample);
        status = bram_parallel_for(cx, q->starts, one_start, m);
    }
    if (status == BRAM_OK) {
        status = bram_dataset_add(cx, out, "", mean); /* which frees it where it fails */
        mean = NULL;
    }
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", sample);
    bram_response_free(mean);
    bram_response_free(sample);
    return status;
}

int bram_token_answer(bram_ctx *cx, const bram_token_net *n, size_t samples, const bram_query *q,
                      bram_dataset *out)
{
    bram_token_source source;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_token_source_make(cx, &source, n, &q->panel->segment[q->segment], false));
    struct means m = {.n = n, .source = &source, .q = q, .samples = samples};
    int status = q->ask == BRAM_ASK_LOGLIK ? answer_loglik(cx, n, &source, q, out)
                 : q->ask == BRAM_ASK_STEP ? answer_step(cx, &m, out)
                                           : answer_free_run(cx, &m, out);
    bram_scratch_release(cx, mark);
    return status;
}
