/*
 * process_forecast.c - what a program of the user's is asked of the future: it gets the `context`
 * rows before each target, NaN where nothing is known, in batches. It never gets the future: not in
 * a target's own context, and not by way of the other contexts of its batch either, which lie so
 * far apart that none holds another's target. Densities are worked out here from the parameters
 * that the program gives, so that it need not see the true value.
 */
#include "process.h"

#include "forecast.h"

#include <math.h>
#include <string.h>

/* Values of one batch of contexts at most. */
enum { BATCH_VALUES = 1 << 22 };

/* Which starts are asked about together, and the place of each in the answer. */
struct batch {
    const size_t *start;
    size_t *index, count, steps;
};

/* Takes the next batch from what is not done: in order, each start so far after the one before that
 * its context begins after that one's targets. @return false when all are done */
static bool next_batch(const bram_process *p, struct batch *b, size_t starts, bool *done)
{
    size_t most = BATCH_VALUES / (p->context * p->units) + 1, free_from = 0;
    b->count = 0;
    for (size_t i = 0; i < starts && b->count < most; i++) {
        if (done[i] || b->start[i] < free_from) continue;
        done[i] = true;
        b->index[b->count++] = i;
        free_from = b->start[i] + b->steps + p->context;
    }
    return b->count > 0;
}

/* context.npy, or context_x.npy, which holds the inputs of the target row as well. */
static int write_contexts(bram_ctx *cx, const bram_process *p, const struct batch *b,
                          const bram_segment *s, bool input)
{
    size_t rows = p->context + input, cols = input ? s->x.cols : p->units;
    size_t width = rows * cols, mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, b->count, width * sizeof *values);
    int status = values ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < b->count; i++)
        for (size_t r = 0; r < rows && status == BRAM_OK; r++) {
            ptrdiff_t at = (ptrdiff_t)(b->start[b->index[i]] + r) - (ptrdiff_t)p->context;
            if (at >= (ptrdiff_t)s->y.rows) at = -1; /* beyond the end: nothing is known */
            status = bram_process_row(cx, values + i * width + r * cols, s, input, at);
        }
    if (status == BRAM_OK)
        status = bram_process_put(cx, p, input ? "context_x" : "context", 3,
                                  (size_t[]){b->count, rows, cols}, values);
    bram_scratch_release(cx, mark);
    return status;
}

/* What is made of the answer to one batch. */
typedef int take_fn(bram_ctx *cx, double *out, uint8_t *mask, const bram_process *p,
                    const struct batch *b, const bram_segment *s);

static int take_means(bram_ctx *cx, double *out, uint8_t *mask, const bram_process *p,
                      const struct batch *b, const bram_segment *s)
{
    (void)mask;
    (void)s;
    double *values = NULL;
    BRAM_TRY(
        bram_process_take(cx, &values, p, "mean", 3, (size_t[]){b->count, b->steps, p->units}));
    size_t width = b->steps * p->units;
    for (size_t i = 0; i < b->count; i++)
        memcpy(out + b->index[i] * width, values + i * width, width * sizeof *out);
    bram_free(values);
    return BRAM_OK;
}

/* ---- densities ------------------------------------------------------------------------------ */

static int densities(bram_ctx *cx, double *out, uint8_t *mask, const bram_density_family *f,
                     const bram_process *p, const struct batch *b, const bram_segment *s,
                     const double *first, const double *second)
{
    for (size_t i = 0; i < b->count; i++) {
        size_t row = b->start[b->index[i]];
        for (size_t u = 0; u < p->units; u++) {
            size_t at = b->index[i] * p->units + u, from = i * p->units + u;
            mask[at] = !s->y_present || s->y_present[row * p->units + u];
            if (!mask[at]) continue;
            double y = bram_row(&s->y, row)[u];
            out[at] = f->log_density(y, first[from], second ? second[from] : 0);
            if (isnan(out[at]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "\"%s\": %s %g%s is no density for the value %g", p->command,
                                 f->first, first[from], second ? " with that sd" : "", y);
        }
    }
    return BRAM_OK;
}

static int take_densities(bram_ctx *cx, double *out, uint8_t *mask, const bram_process *p,
                          const struct batch *b, const bram_segment *s)
{
    const bram_density_family *f = bram_density_families;
    while (f->first && !bram_process_has(cx, p, f->first)) f++;
    if (!f->first)
        return bram_fail(cx, BRAM_EREAD,
                         "\"%s\" wrote neither mean.npy and sd.npy, nor rate.npy, nor "
                         "probability.npy",
                         p->command);
    double *first = NULL, *second = NULL;
    int status = bram_process_take(cx, &first, p, f->first, 2, (size_t[]){b->count, p->units});
    if (status == BRAM_OK && f->second)
        status = bram_process_take(cx, &second, p, f->second, 2, (size_t[]){b->count, p->units});
    if (status == BRAM_OK) status = densities(cx, out, mask, f, p, b, s, first, second);
    bram_free(first);
    bram_free(second);
    return status;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static int forecast(bram_ctx *cx, double *out, uint8_t *mask, const bram_process *p,
                    const bram_query *q, const size_t *start, size_t starts, size_t steps)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    struct batch b = {start, bram_scratch(cx, starts, sizeof *b.index), 0, steps};
    bool *done = bram_scratch(cx, starts, sizeof *done), density = q->ask == BRAM_ASK_LOGLIK;
    if (!b.index || !done) return BRAM_ENOMEM;
    while (next_batch(p, &b, starts, done)) {
        BRAM_TRY(write_contexts(cx, p, &b, s, false));
        if (s->x.cols) BRAM_TRY(write_contexts(cx, p, &b, s, true));
        BRAM_TRY(density ? bram_process_ask_folder(cx, p, "density")
                         : bram_process_ask_number(cx, p, "forecast", steps));
        BRAM_TRY((density ? take_densities : take_means)(cx, out, mask, p, &b, s));
    }
    return BRAM_OK;
}

/* The target rows of a segment. */
static int all_rows(bram_ctx *cx, size_t **out, const bram_segment *s)
{
    size_t *start = bram_scratch(cx, s->y.rows - s->first, sizeof *start);
    if (!start) return BRAM_ENOMEM;
    for (size_t i = 0; s->first + i < s->y.rows; i++) start[i] = s->first + i;
    *out = start;
    return BRAM_OK;
}

int bram_process_forecast(bram_ctx *cx, const bram_process *p, const bram_query *q,
                          bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    bool run = q->ask == BRAM_ASK_FREE_RUN, density = q->ask == BRAM_ASK_LOGLIK;
    size_t mark = bram_scratch_mark(cx), *start = NULL;
    bram_response *r = NULL;
    int status = run ? bram_forecast_runs(cx, &r, q)
                     : bram_forecast_rows(cx, &r, density ? "logdensity" : "mean", s,
                                          q->panel->unit);
    uint8_t *mask = status == BRAM_OK && density ? bram_response_mask(cx, r) : NULL;
    if (status == BRAM_OK && density && !mask) status = BRAM_ENOMEM;
    if (status == BRAM_OK && !run) status = all_rows(cx, &start, s);
    if (status == BRAM_OK)
        status = forecast(cx, bram_response_f64(r), mask, p, q, run ? q->start : start,
                          run ? q->starts : s->y.rows - s->first, run ? q->steps : 1);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}
