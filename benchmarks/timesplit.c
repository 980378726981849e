/*
 * timesplit.c - recordings cut in time; see timesplit.h.
 */
#include "timesplit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parts ---------------------------------------------------------------------------------- */

static bool takes_part(const bram_benchmark *b, const char *id)
{
    if (!b->part_count) return true;
    for (size_t i = 0; i < b->part_count; i++)
        if (strcmp(b->parts[i], id) == 0) return true;
    return false;
}

static bool has_recording(const bram_dataset *ds, const char *id)
{
    for (size_t i = 0; i < bram_dataset_groups(ds, "recordings"); i++)
        if (strcmp(bram_dataset_group_at(ds, "recordings", i), id) == 0) return true;
    return false;
}

int bram_recording_parts(bram_ctx *cx, bram_axis **out, const bram_benchmark *b,
                         const bram_dataset *ds)
{
    size_t n = bram_dataset_groups(ds, "recordings"), used = 0;
    const char **ids = bram_alloc(cx, n, sizeof *ids);
    if (!ids) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        if (takes_part(b, id)) ids[used++] = id;
    }
    int status = used ? BRAM_OK
                      : bram_fail(cx, BRAM_EABSENT,
                                  "dataset %s has none of the recordings that %s asks for",
                                  b->dataset, b->name);
    for (size_t p = 0; p < b->part_count && status == BRAM_OK; p++)
        if (!has_recording(ds, b->parts[p]))
            status = bram_fail(cx, BRAM_EABSENT, "dataset %s has no recording \"%s\"", b->dataset,
                               b->parts[p]);
    bram_axis *axis = NULL;
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis, "part", used);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, ids);
    bram_free(ids);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

int bram_recording_causal(bram_ctx *cx, const bram_dataset *ds, const char *id,
                          const bram_options *o)
{
    char *path = bram_strf(cx, "recordings/%s/%s", id, bram_option_text(o, "response"));
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = bram_dataset_response(ds, path);
    const char *filter = r ? bram_attrs_text(bram_response_attrs_const(r), "filter") : NULL;
    int status = BRAM_OK;
    if (filter && strcmp(filter, "non-causal") == 0 && bram_option_is(o, "filter", "causal"))
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                           "%s was smoothed with a non-causal filter: forecasting it would use the "
                           "future (filter=any in the benchmark's options allows it)",
                           path);
    bram_free(path);
    return status;
}

/* ---- the cut -------------------------------------------------------------------------------- */

int bram_timesplit_make(bram_ctx *cx, bram_timesplit *out, const bram_recording *r,
                        const bram_options *o)
{
    double train = bram_option_real(o, "train"), validation = bram_option_real(o, "validation");
    size_t gap = (size_t)bram_option_integer(o, "gap");
    size_t a = (size_t)floor(train * (double)r->rows);
    size_t b = (size_t)floor((train + validation) * (double)r->rows);
    if (a < 2 || b + gap >= r->rows || (validation > 0 && a + gap >= b))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu rows are too few for shares of %g and %g with gaps of %zu rows",
                         r->rows, train, validation, gap);
    BRAM_TRY(bram_slice_make(cx, &out->train, &(bram_cut){r, 0, 0, a}, 1));
    if (validation > 0)
        BRAM_TRY(bram_slice_make(cx, &out->validation, &(bram_cut){r, 0, a + gap, b}, 1));
    return bram_slice_make(cx, &out->test, &(bram_cut){r, 0, b + gap, r->rows}, 1);
}

/* The stretches p of the recording with p % every == at, or with training: all but the first `at`
 * of each `every`. */
static int cut_sessions(bram_ctx *cx, bram_slice *out, const bram_recording *r, size_t every,
                        size_t at, bool training)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    bram_cut *cut = bram_scratch(cx, r->pieces, sizeof *cut);
    if (!cut) return BRAM_ENOMEM;
    for (size_t p = 0; p < r->pieces; p++)
        if (training ? p % every >= at : p % every == at)
            cut[n++] = (bram_cut){r, r->piece[p], r->piece[p], r->piece[p + 1]};
    int status = bram_slice_make(cx, out, cut, n);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_timesplit_cut(bram_ctx *cx, bram_timesplit *out, const bram_recording *r,
                       const bram_options *o)
{
    size_t every = (size_t)bram_option_integer(o, "sessions");
    bool validation = bram_option_real(o, "validation") > 0;
    if (!every) return bram_timesplit_make(cx, out, r, o);
    if (every < 2 + (size_t)validation || r->pieces < every)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu stretches, of which every %zuth is for the test%s, leave none to "
                         "learn from",
                         r->pieces, every, validation ? " and another for validation" : "");
    BRAM_TRY(cut_sessions(cx, &out->train, r, every, 1 + validation, true));
    if (validation) BRAM_TRY(cut_sessions(cx, &out->validation, r, every, 1, false));
    return cut_sessions(cx, &out->test, r, every, 0, false);
}

void bram_timesplit_release(bram_timesplit *s)
{
    bram_slice_release(&s->train);
    bram_slice_release(&s->validation);
    bram_slice_release(&s->test);
}

const bram_panel *bram_timesplit_validation(const bram_timesplit *s)
{
    return s->validation.panel.segments ? &s->validation.panel : NULL;
}

/* ---- blocks --------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* The present values of a unit in the training segment that has most of them, one after another. */
static size_t longest_series(const bram_slice *train, size_t unit, double *series)
{
    size_t units = bram_axis_length(train->panel.unit), best = 0;
    for (size_t s = 0; s < train->panel.segments; s++) {
        const bram_segment *g = &train->segment[s];
        size_t n = 0;
        for (size_t t = 0; t < g->y.rows; t++) n += g->y_present[t * units + unit];
        if (n <= best) continue;
        best = 0;
        for (size_t t = 0; t < g->y.rows; t++)
            if (g->y_present[t * units + unit]) series[best++] = bram_row(&g->y, t)[unit];
    }
    return best;
}

/* The median over units of the block length that the training part's autocorrelation asks for. */
static int block_length(bram_ctx *cx, size_t *out, const bram_slice *train)
{
    enum { LEAST_ROWS = 16 };
    if (!train->panel.segments) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no rows to learn from");
    size_t units = bram_axis_length(train->panel.unit), longest = 0, n = 0,
           mark = bram_scratch_mark(cx);
    for (size_t s = 0; s < train->panel.segments; s++)
        if (train->segment[s].y.rows > longest) longest = train->segment[s].y.rows;
    size_t *length = bram_scratch(cx, units, sizeof *length);
    double *series = bram_scratch(cx, longest, sizeof *series);
    if (!length || !series) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++) {
        size_t rows = longest_series(train, u, series);
        if (rows >= LEAST_ROWS) BRAM_TRY(bram_block_length(cx, &length[n++], series, rows));
    }
    if (!n)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no unit has %d rows to learn from", LEAST_ROWS);
    qsort(length, n, sizeof *length, ascending);
    *out = length[n / 2];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_time_blocks_make(bram_ctx *cx, bram_time_blocks *out, const bram_slice *train,
                          const bram_slice *test)
{
    if (!test->panel.segments)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the test part has no rows");
    size_t last = test->panel.segments - 1, length = 1;
    bram_time_blocks b = {.origin = test->begin[0] + test->segment[0].first};
    BRAM_TRY(block_length(cx, &length, train));
    b.blocks = bram_blocks_cut(test->begin[last] + test->segment[last].y.rows - b.origin, length);
    snprintf(b.axis, sizeof b.axis, "%zu time blocks of %zu rows", b.blocks.count,
             b.blocks.rows / b.blocks.count);
    *out = b;
    return BRAM_OK;
}

bram_time_blocks bram_session_blocks(const bram_slice *test)
{
    bram_time_blocks b = {.sessions = true, .blocks.count = test->panel.segments};
    snprintf(b.axis, sizeof b.axis, "%zu sessions", b.blocks.count);
    return b;
}

int bram_time_blocks_whole(bram_ctx *cx, bram_time_blocks *out, const bram_cell *cell,
                           const bram_slice *train, const bram_slice *test)
{
    if (!cell->whole) return bram_time_blocks_make(cx, out, train, test);
    const bram_options *o = cell->benchmark->options;
    bram_recording r = {0};
    bram_timesplit whole = {0};
    int status = bram_recording_read(cx, &r, cell->whole, cell->part,
                                     bram_option_text(o, "response"));
    if (status == BRAM_OK) status = bram_timesplit_make(cx, &whole, &r, o);
    if (status == BRAM_OK) status = bram_time_blocks_make(cx, out, &whole.train, test);
    bram_timesplit_release(&whole);
    bram_recording_release(&r);
    return status;
}

int bram_time_blocks_of(bram_ctx *cx, bram_time_blocks *out, const bram_cell *cell,
                        const bram_slice *train, const bram_slice *test)
{
    if (bram_option_is(cell->benchmark->options, "blocks", "time"))
        return bram_time_blocks_whole(cx, out, cell, train, test);
    *out = bram_session_blocks(test);
    snprintf(out->axis, sizeof out->axis, "%zu stretches", out->blocks.count);
    return BRAM_OK;
}

uint32_t bram_time_block_of(const bram_time_blocks *b, const bram_slice *test, size_t s, size_t row)
{
    if (b->sessions) return (uint32_t)s;
    size_t at = test->begin[s] + row - b->origin;
    uint32_t block = 0;
    while (block + 1 < b->blocks.count && bram_blocks_first(b->blocks, block + 1) <= at) block++;
    return block;
}

/* ---- target rows and answers about them ----------------------------------------------------- */

int bram_targets_make(bram_ctx *cx, bram_targets *out, const bram_slice *test,
                      const bram_time_blocks *b)
{
    bram_targets t = {.units = bram_axis_length(test->panel.unit)};
    for (size_t s = 0; s < test->panel.segments; s++)
        t.rows += test->segment[s].y.rows - test->segment[s].first;
    if (!t.rows) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the test part has no rows");
    t.y = bram_scratch(cx, t.rows * t.units, sizeof *t.y);
    t.present = bram_scratch(cx, t.rows * t.units, 1);
    t.group = bram_scratch(cx, t.rows, sizeof *t.group);
    if (!t.y || !t.present || !t.group) return BRAM_ENOMEM;
    size_t row = 0;
    for (size_t s = 0; s < test->panel.segments; s++) {
        const bram_segment *g = &test->segment[s];
        for (size_t i = g->first; i < g->y.rows; i++, row++) {
            memcpy(t.y + row * t.units, bram_row(&g->y, i), t.units * sizeof *t.y);
            if (g->y_present)
                memcpy(t.present + row * t.units, g->y_present + i * t.units, t.units);
            else memset(t.present + row * t.units, 1, t.units);
            t.group[row] = bram_time_block_of(b, test, s, i);
        }
    }
    *out = t;
    return BRAM_OK;
}

static int check_answer(bram_ctx *cx, const bram_response *r, const char *name,
                        const bram_fitted *model, size_t rows, size_t units)
{
    if (!r || bram_response_dims(r) != 2)
        return bram_fail(cx, BRAM_ESHAPE, "%s gave no \"%s\" of 2 dimensions",
                         bram_fitted_spec(model), name);
    if (bram_response_length(r, 0) != rows || bram_response_length(r, 1) != units)
        return bram_fail(cx, BRAM_ESHAPE, "%s: \"%s\" is %zu x %zu, expected %zu x %zu",
                         bram_fitted_spec(model), name, bram_response_length(r, 0),
                         bram_response_length(r, 1), rows, units);
    return BRAM_OK;
}

static int ask_segment(bram_ctx *cx, double *out, uint8_t *present, const bram_fitted *model,
                       const bram_query *query, const char *name)
{
    const bram_segment *g = &query->panel->segment[query->segment];
    size_t count[2] = {g->y.rows - g->first, bram_axis_length(query->panel->unit)};
    bool density = strcmp(name, "logdensity") == 0;
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_answer(cx, &answer, model, query));
    const bram_response *r = bram_dataset_response(answer, name);
    int status = check_answer(cx, r, name, model, count[0], count[1]);
    if (status == BRAM_OK)
        status = bram_response_read(cx, r, (size_t[]){0, 0}, count, out, present);
    for (size_t i = 0; status == BRAM_OK && i < count[0] * count[1]; i++) {
        bool impossible = density && out[i] < 0 && isinf(out[i]); /* an answer, if a bad one */
        if (present[i] && !isfinite(out[i]) && !impossible)
            status = bram_fail(cx, BRAM_ENUMERIC, "%s gives %g for unit %s, expected a number",
                               bram_fitted_spec(model), out[i],
                               bram_axis_id(query->panel->unit, i % count[1]));
    }
    bram_dataset_free(answer);
    return status;
}

int bram_ask_targets(bram_ctx *cx, double *out, uint8_t *present, const bram_fitted *model,
                     const bram_slice *test, bram_query query, const char *name)
{
    size_t at = 0, units = bram_axis_length(test->panel.unit);
    query.panel = &test->panel;
    for (query.segment = 0; query.segment < test->panel.segments; query.segment++) {
        const bram_segment *g = &test->segment[query.segment];
        if (g->first >= g->y.rows) continue;
        BRAM_TRY(ask_segment(cx, out + at, present + at, model, &query, name));
        at += (g->y.rows - g->first) * units;
    }
    return BRAM_OK;
}

/* The recording twice, its masks, predictions of the test part, and what the model asks for. */
int bram_recording_memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    const bram_dataset *ds = cell->dataset;
    const char *name = bram_option_text(cell->benchmark->options, "response");
    size_t rows = 0, units = 0, largest = 0;
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const bram_response *r = bram_dataset_response(ds, bram_dataset_response_path(ds, i));
        if (bram_response_dims(r) != 2 || strcmp(bram_response_name(r), name) != 0) continue;
        if (bram_response_count(r) <= largest) continue;
        largest = bram_response_count(r);
        rows = bram_response_length(r, 0), units = bram_response_length(r, 1);
    }
    size_t total = 40 * largest;
    const bram_model *model;
    bram_options *o = NULL;
    BRAM_TRY(bram_model_parse(cx, &model, &o, NULL, cell->model));
    if (model->memory) total += model->memory(o, rows, units, 0);
    bram_options_free(o);
    *bytes = total;
    return BRAM_OK;
}
