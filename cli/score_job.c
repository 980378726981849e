/*
 * score_job.c - scores of all pairs, their intervals, subsampling curves; see score_job.h.
 */
#include "score_job.h"

#include "resample.h"
#include "scores.h"
#include "subsample.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

void bram_score_run_release(bram_score_run *job)
{
    for (size_t k = 0; k < job->lines; k++) bram_free(job->line[k].raw);
    bram_free(job->line);
    bram_free(job->metric);
    bram_free(job->units.size);
    bram_free(job->model_units.size);
    bram_free(job->conditions.size);
    bram_score_inputs_release(&job->models);
    bram_score_inputs_release(&job->brains);
    bram_score_inputs_release(&job->reference);
}

static int find_metric(bram_ctx *cx, const bram_metric **out, const char *spec)
{
    char name[64] = "";
    size_t length = bram_spec_name_length(spec);
    if (length && length < sizeof name) memcpy(name, spec, length);
    *out = bram_metric_find(name);
    return *out ? BRAM_OK
                : bram_fail(cx, BRAM_EUSAGE,
                            "no metric is named \"%s\" (bramble list metrics shows them)", spec);
}

static int parse_metric(bram_ctx *cx, const bram_metric **m, bram_options **o, const char *spec)
{
    BRAM_TRY(find_metric(cx, m, spec));
    size_t length = bram_spec_name_length(spec);
    return bram_options_new(cx, o, (*m)->params, spec[length] ? spec + length + 1 : NULL);
}

int bram_score_higher_better(bram_ctx *cx, bool *out, const char *spec)
{
    const bram_metric *m;
    bram_options *o = NULL;
    BRAM_TRY(parse_metric(cx, &m, &o, spec));
    *out = bram_metric_higher_better(m, o);
    bram_options_free(o);
    return BRAM_OK;
}

int bram_score_uses_repeats(bram_ctx *cx, bool *out, const char *spec)
{
    const bram_metric *m;
    bram_options *o = NULL;
    BRAM_TRY(parse_metric(cx, &m, &o, spec));
    *out = m->uses_repeats && m->uses_repeats(o);
    bram_options_free(o);
    return BRAM_OK;
}

int bram_score_takes_products(bram_ctx *cx, const char *spec)
{
    const bram_metric *m;
    bram_options *o = NULL;
    BRAM_TRY(parse_metric(cx, &m, &o, spec));
    bool fits = strcmp(m->name, "encoding") == 0;
    bool takes = fits && bram_option_is(o, "scale", "none") &&
                 bram_option_is(o, "kernel", "linear") &&
                 (bram_option_is(o, "map", "ridge") || bram_option_is(o, "map", "ols") ||
                  bram_option_is(o, "map", "pls"));
    size_t n = 0;
    const int64_t *delay = fits ? bram_option_integers(o, "delays", &n) : NULL;
    takes = takes && n == 1 && delay[0] == 0;
    bram_options_free(o);
    return takes
               ? BRAM_OK
               : bram_fail(cx, BRAM_EUSAGE,
                           "--out-of-core is for encoding by map=ridge, ols or pls, with scale, "
                           "kernel and delays as they are by default; %s looks at single features",
                           spec);
}

/* ---- a pair of sides ------------------------------------------------------------------------ */

/* Measurements of the rows that are left; on the heap. */
struct repeats {
    bram_repeats view; /* 0 rows: none */
    double *values;
    uint8_t *present;
    uint32_t *row, *fold;
};

/* One subject of a pair, matched. */
struct piece {
    bram_cli_matrix model, brain, reference;
    struct repeats model_repeats, brain_repeats;
};

struct pair {
    const bram_score_run *job;
    const char *spec;
    const bram_metric *metric;
    struct piece *piece;
    size_t pieces, rows;
    bram_fold *fold;
    size_t folds;
};

static void release_repeats(struct repeats *r)
{
    bram_free(r->values);
    bram_free(r->present);
    bram_free(r->row);
    bram_free(r->fold);
}

static void release_pair(struct pair *p)
{
    for (size_t k = 0; p->piece && k < p->pieces; k++) {
        bram_cli_matrix_release(&p->piece[k].model);
        bram_cli_matrix_release(&p->piece[k].brain);
        bram_cli_matrix_release(&p->piece[k].reference);
        release_repeats(&p->piece[k].model_repeats);
        release_repeats(&p->piece[k].brain_repeats);
    }
    bram_free(p->piece);
    bram_free(p->fold);
}

static unsigned match_flags(const struct pair *p)
{
    if (p->job->rdm || p->metric->kind == BRAM_METRIC_GRAPH) return BRAM_MATCH_SQUARE;
    bool same = p->metric->kind == BRAM_METRIC_PAIRED || p->metric->kind == BRAM_METRIC_DENSITY;
    return same ? BRAM_MATCH_COLUMNS : 0;
}

static int copy(bram_ctx *cx, bram_cli_matrix *out, const bram_cli_matrix *m)
{
    size_t count = m->rows * m->cols;
    bram_cli_matrix c = {.rows = m->rows, .cols = m->cols};
    c.values = bram_alloc(cx, count, sizeof *c.values);
    if (m->present) c.present = bram_alloc(cx, count, 1);
    if (!c.values || (m->present && !c.present)) {
        bram_cli_matrix_release(&c);
        return BRAM_ENOMEM;
    }
    if (count) memcpy(c.values, m->values, count * sizeof *c.values);
    if (m->present && count) memcpy(c.present, m->present, count);
    if (m->row) c.row = bram_axis_ref(m->row);
    if (m->column) c.column = bram_axis_ref(m->column);
    *out = c;
    return BRAM_OK;
}

/* Where each row of a matrix is now; SIZE_MAX: it was left out. In scratch memory. */
static int find_rows(bram_ctx *cx, size_t **out, const bram_cli_matrix *before,
                     const bram_cli_matrix *now)
{
    size_t *to = bram_scratch(cx, before->rows, sizeof *to);
    if (!to) return BRAM_ENOMEM;
    for (size_t i = 0; i < before->rows; i++) {
        ptrdiff_t at = (ptrdiff_t)i;
        if (before->row && now->row) at = bram_axis_find(now->row, bram_axis_id(before->row, i));
        to[i] = at < 0 ? SIZE_MAX : (size_t)at;
    }
    *out = to;
    return BRAM_OK;
}

/* The measurements of the rows that are left, in the places that these have now. */
static int match_repeats(bram_ctx *cx, struct repeats *r, const bram_score_input *in, size_t k,
                         const bram_cli_matrix *now)
{
    if (!in->repeats) return BRAM_OK;
    const bram_score_repeats *all = &in->repeats[k];
    size_t rows = all->m.rows, cols = all->m.cols, count = 0, *to;
    BRAM_TRY(find_rows(cx, &to, &in->piece[k], now));
    r->values = bram_alloc(cx, rows * cols, sizeof *r->values);
    r->present = all->m.present ? bram_alloc(cx, rows * cols, 1) : NULL;
    r->row = bram_alloc(cx, rows, sizeof *r->row);
    r->fold = all->fold ? bram_alloc(cx, rows, sizeof *r->fold) : NULL;
    if (!r->values || !r->row || (all->m.present && !r->present) || (all->fold && !r->fold))
        return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        if (to[all->row[i]] == SIZE_MAX) continue;
        memcpy(r->values + count * cols, all->m.values + i * cols, cols * sizeof *r->values);
        if (r->present) memcpy(r->present + count * cols, all->m.present + i * cols, cols);
        r->row[count] = (uint32_t)to[all->row[i]];
        if (r->fold) r->fold[count] = all->fold[i];
        count++;
    }
    r->view = (bram_repeats){.values = {r->values, count, cols, cols},
                             .present = r->present,
                             .row = r->row,
                             .fold = r->fold,
                             .folds = all->folds,
                             .fold_name = (const char *const *)in->folds.name};
    return BRAM_OK;
}

static int match_piece(bram_ctx *cx, struct pair *p, size_t k, const bram_score_input *model,
                       const bram_score_input *brain)
{
    unsigned flags = match_flags(p);
    struct piece *piece = &p->piece[k];
    const bram_score_inputs *reference = &p->job->reference;
    BRAM_TRY(copy(cx, &piece->model, &model->piece[0]));
    BRAM_TRY(copy(cx, &piece->brain, &brain->piece[k]));
    BRAM_TRY(bram_cli_matrix_match(cx, &piece->model, &piece->brain, flags));
    BRAM_TRY(match_repeats(cx, &piece->model_repeats, model, 0, &piece->model));
    BRAM_TRY(match_repeats(cx, &piece->brain_repeats, brain, k, &piece->brain));
    if (!reference->count) return BRAM_OK;
    size_t rows = piece->brain.rows;
    BRAM_TRY(copy(cx, &piece->reference, &reference->item[0].piece[0]));
    BRAM_TRY(bram_cli_matrix_match(cx, &piece->reference, &piece->brain, flags));
    return piece->brain.rows == rows
               ? BRAM_OK
               : bram_fail(cx, BRAM_ESHAPE, "the reference lacks rows that the model has");
}

/* The fold of each matched row of the brain, as its place among the labels in order. */
static int code_folds(bram_ctx *cx, const struct pair *p, const bram_score_input *brain,
                      size_t *code, size_t *count)
{
    const char **seen = bram_scratch(cx, p->rows, sizeof *seen);
    if (!seen) return BRAM_ENOMEM;
    const bram_axis *before = brain->piece[0].row, *now = p->piece[0].brain.row;
    *count = 0;
    for (size_t i = 0; i < p->rows; i++) {
        size_t from = before && now && p->rows != brain->piece[0].rows
                          ? (size_t)bram_axis_find(before, bram_axis_id(now, i))
                          : i;
        size_t k = 0;
        while (k < *count && strcmp(seen[k], brain->fold[from]) != 0) k++;
        if (k == *count) seen[(*count)++] = brain->fold[from];
        code[i] = k;
    }
    return *count > 1 ? BRAM_OK
                      : bram_fail(cx, BRAM_EUSAGE,
                                  "all rows are in the fold \"%s\", expected two "
                                  "or more folds",
                                  seen[0]);
}

/* Each fold left out in turn: one block holds the folds and their rows. */
static int make_folds(bram_ctx *cx, struct pair *p, const bram_score_input *brain)
{
    size_t *code = bram_scratch(cx, p->rows, sizeof *code), count = 0, bytes;
    if (!code) return BRAM_ENOMEM;
    BRAM_TRY(code_folds(cx, p, brain, code, &count));
    if (__builtin_mul_overflow(p->rows * sizeof(size_t) + sizeof(bram_fold), count, &bytes))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu folds", count);
    p->fold = bram_alloc(cx, bytes, 1);
    if (!p->fold) return BRAM_ENOMEM;
    size_t *row = (size_t *)(p->fold + count);
    for (size_t f = 0; f < count; f++, row += p->rows) {
        size_t trains = 0, tests = 0;
        for (size_t i = 0; i < p->rows; i++)
            if (code[i] != f) row[trains++] = i;
        for (size_t i = 0; i < p->rows; i++)
            if (code[i] == f) row[trains + tests++] = i;
        p->fold[f] = (bram_fold){
            .train = row, .trains = trains, .test = row + trains, .tests = tests};
    }
    p->folds = count;
    return BRAM_OK;
}

static int make_pair(bram_ctx *cx, struct pair *p, const bram_score_input *model,
                     const bram_score_input *brain)
{
    p->piece = bram_alloc(cx, brain->pieces, sizeof *p->piece);
    if (!p->piece) return BRAM_ENOMEM;
    p->pieces = brain->pieces;
    for (size_t k = 0; k < p->pieces; k++) BRAM_TRY(match_piece(cx, p, k, model, brain));
    p->rows = p->piece[0].brain.rows;
    bool fits = p->metric->flags & BRAM_METRIC_FITS, repeats;
    BRAM_TRY(bram_score_uses_repeats(cx, &repeats, p->spec));
    if (brain->fold_fail && fits) return bram_fail(cx, BRAM_EFORMAT, "%s", brain->fold_fail);
    if (brain->fold && !fits && !repeats)
        bram_note(cx, "%s fits nothing: --folds are not looked at", p->metric->name);
    return brain->fold && fits ? make_folds(cx, p, brain) : BRAM_OK;
}

/* ---- one value ------------------------------------------------------------------------------ */

/* The evaluations of all pieces and room for their values. */
struct evaluations {
    bram_evaluation **piece;
    size_t pieces, values;
    bool median;
};

static void release_evaluations(struct evaluations *e)
{
    for (size_t k = 0; e->piece && k < e->pieces; k++) bram_evaluation_free(e->piece[k]);
    bram_free(e->piece);
}

/* `sides` has model, brain and reference of each piece, one after the other. */
static int evaluate(bram_ctx *cx, struct evaluations *e, const struct pair *p,
                    const bram_side *sides, bool resampled)
{
    *e = (struct evaluations){.median = p->job->median};
    e->piece = bram_alloc(cx, p->pieces, sizeof *e->piece);
    if (!e->piece) return BRAM_ENOMEM;
    e->pieces = p->pieces;
    for (size_t k = 0; k < p->pieces; k++) {
        const bram_side *side = sides + 3 * k;
        bram_comparison settings = {.reference = side[2].values.data ? &side[2] : NULL,
                                    .fold = p->fold,
                                    .folds = p->folds,
                                    .memory = bram_ctx_memory(cx)};
        BRAM_TRY(bram_evaluation_new(cx, &e->piece[k], p->spec, &side[0], &side[1], &settings,
                                     resampled));
        e->values += bram_evaluation_values(e->piece[k]);
    }
    return BRAM_OK;
}

/* Raw values of all pieces under weights, and their summary. */
static int value_of(bram_ctx *cx, double *value, double *raw, size_t *undefined,
                    const struct evaluations *e, const double *weight)
{
    double *scratch = bram_scratch(cx, e->values, sizeof *scratch), *at = raw;
    if (!scratch) return BRAM_ENOMEM;
    for (size_t k = 0; k < e->pieces; k++) {
        BRAM_TRY(bram_evaluation_compare(cx, at, e->piece[k], weight));
        at += bram_evaluation_values(e->piece[k]);
    }
    *value = bram_summary(raw, e->values, e->median, scratch, undefined);
    return BRAM_OK;
}

static int whole_sides(bram_ctx *cx, bram_side **out, const struct pair *p)
{
    bram_side *side = bram_scratch(cx, 3 * p->pieces, sizeof *side);
    if (!side) return BRAM_ENOMEM;
    for (size_t k = 0; k < p->pieces; k++) {
        side[3 * k] = bram_cli_matrix_side(&p->piece[k].model, p->job->rdm);
        side[3 * k + 1] = bram_cli_matrix_side(&p->piece[k].brain, p->job->rdm);
        side[3 * k + 2] = bram_cli_matrix_side(&p->piece[k].reference, p->job->rdm);
        if (p->piece[k].model_repeats.view.values.rows)
            side[3 * k].repeats = &p->piece[k].model_repeats.view;
        if (p->piece[k].brain_repeats.view.values.rows)
            side[3 * k + 1].repeats = &p->piece[k].brain_repeats.view;
    }
    *out = side;
    return BRAM_OK;
}

/* ---- draws of conditions -------------------------------------------------------------------- */

struct drawing {
    const struct evaluations *e;
    double *value;
    size_t rows;
    uint64_t seed;
};

static int draw_task(bram_ctx *cx, size_t task, void *user)
{
    const struct drawing *d = user;
    uint32_t *times = bram_scratch(cx, d->rows, sizeof *times);
    double *weight = times ? bram_scratch(cx, d->rows, sizeof *weight) : NULL;
    double *raw = weight ? bram_scratch(cx, d->e->values, sizeof *raw) : NULL;
    size_t undefined;
    if (!raw) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, d->rows, d->seed, "score/bootstrap", task);
    for (size_t i = 0; i < d->rows; i++) weight[i] = times[i];
    return value_of(cx, &d->value[task], raw, &undefined, d->e, weight);
}

static int draw(bram_ctx *cx, bram_score_line *line, const struct pair *p,
                const struct evaluations *e)
{
    const bram_score_run *job = p->job;
    BRAM_TRY(bram_bootstrap_check(cx, p->rows));
    struct drawing d = {e, bram_scratch(cx, job->samples, sizeof(double)), p->rows, job->seed};
    if (!d.value) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, job->samples, draw_task, &d));
    bram_interval i;
    BRAM_TRY(bram_interval_corrected(cx, &i, line->value, d.value, job->samples, job->level,
                                     p->rows, 1, p->metric->kind != BRAM_METRIC_GEOMETRY));
    line->low = i.low, line->high = i.high, line->draws = i.valid;
    return BRAM_OK;
}

static int put_limit(bram_ctx *cx, bram_score_line *line, const struct pair *p,
                     const bram_side *sides)
{
    const bram_side **brain = bram_scratch(cx, p->pieces, sizeof *brain);
    if (!brain) return BRAM_ENOMEM;
    for (size_t k = 0; k < p->pieces; k++) brain[k] = &sides[3 * k + 1];
    bram_score_limited score = {.spec = p->spec,
                                .brain = brain,
                                .pieces = p->pieces,
                                .value = line->value,
                                .raw = line->raw,
                                .values = line->values,
                                .median = p->job->median,
                                .seed = p->job->seed};
    return bram_score_limit_of(cx, &line->limit, p->job->rule, &score);
}

static int score_whole(bram_ctx *cx, bram_score_line *line, const struct pair *p)
{
    struct evaluations e = {0};
    bram_side *sides;
    BRAM_TRY(whole_sides(cx, &sides, p));
    int status = evaluate(cx, &e, p, sides, p->job->samples > 0);
    if (status == BRAM_OK && !(line->raw = bram_alloc(cx, e.values, sizeof *line->raw)))
        status = BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = value_of(cx, &line->value, line->raw, &line->undefined, &e, NULL);
    line->values = e.values;
    line->chance = 0;
    for (size_t k = 0; status == BRAM_OK && k < e.pieces; k++)
        line->chance += bram_evaluation_chance(e.piece[k]) / (double)e.pieces;
    if (status == BRAM_OK && p->job->samples) status = draw(cx, line, p, &e);
    if (status == BRAM_OK && p->job->limited) status = put_limit(cx, line, p, sides);
    release_evaluations(&e);
    return status;
}

/* ---- subsamples ----------------------------------------------------------------------------- */

static int score_subsample(bram_ctx *cx, bram_score_line *line, const struct pair *p)
{
    const bram_score_run *job = p->job;
    bram_subsample_point point;
    bram_side *side;
    bram_subsample how = {.what = line->what,
                          .size = &line->size,
                          .sizes = 1,
                          .repeats = job->repeats,
                          .seed = job->seed,
                          .level = job->level};
    if (p->pieces > 1 || p->folds || job->reference.count)
        return bram_fail(cx, BRAM_EUSAGE,
                         "subsamples do not go together with subjects, folds or a reference");
    BRAM_TRY(whole_sides(cx, &side, p));
    BRAM_TRY(bram_subsample_curve(cx, &point, p->spec, &side[0], &side[1], &how));
    line->repeats = job->repeats, line->draws = point.defined;
    line->undefined = job->repeats - point.defined;
    line->value = point.mean, line->low = point.low, line->high = point.high;
    return BRAM_OK;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static size_t lines_a_pair(const bram_score_run *job)
{
    return 1 + job->units.count + job->model_units.count + job->conditions.count;
}

/* The s-th of all subsamples: of units, of the model's, of conditions. */
static void begin_subsample(bram_score_line *line, const bram_score_run *job, size_t s)
{
    static const char *const names[] = {"units", "model units", "conditions"};
    const bram_score_sizes *sizes[] = {&job->units, &job->model_units, &job->conditions};
    size_t which = 0;
    while (which < 2 && s >= sizes[which]->count) s -= sizes[which++]->count;
    line->what = (bram_subsample_what)which;
    line->sampled = names[which], line->size = sizes[which]->size[s];
}

static void begin_lines(bram_score_run *job)
{
    size_t each = lines_a_pair(job), brains = job->brains.count, models = job->models.count;
    for (size_t k = 0; k < job->lines; k++) {
        size_t pair = k / each, s = k % each;
        bram_score_line *line = &job->line[k];
        *line = (bram_score_line){.metric = pair / brains / models,
                                  .model = pair / brains % models,
                                  .brain = pair % brains,
                                  .value = NAN,
                                  .low = NAN,
                                  .high = NAN,
                                  .chance = NAN};
        if (s > 0) begin_subsample(line, job, s - 1);
    }
}

static int score_lines(bram_ctx *cx, struct pair *p, bram_score_line *line, size_t count)
{
    const bram_score_run *job = p->job;
    p->spec = job->metric[line->metric];
    BRAM_TRY(find_metric(cx, &p->metric, p->spec));
    if ((p->metric->flags & BRAM_METRIC_REFERENCE) && !job->reference.count)
        return bram_fail(cx, BRAM_EUSAGE, "%s compares with a trivial forecast: --reference FILE",
                         p->metric->name);
    BRAM_TRY(make_pair(cx, p, &job->models.item[line->model], &job->brains.item[line->brain]));
    for (size_t k = 0; k < count; k++) {
        bool fewer = line[k].sampled && line[k].what == BRAM_SUBSAMPLE_CONDITIONS;
        line[k].rows = fewer ? line[k].size : p->rows;
        line[k].model_cols = p->piece[0].model.cols;
        line[k].brain_cols = p->piece[0].brain.cols;
        size_t mark = bram_scratch_mark(cx);
        int status = line[k].sampled ? score_subsample(cx, &line[k], p)
                                     : score_whole(cx, &line[k], p);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
    }
    return BRAM_OK;
}

static int pair_task(bram_ctx *cx, size_t task, void *user)
{
    bram_score_run *job = user;
    size_t each = lines_a_pair(job);
    bram_score_line *line = &job->line[task * each];
    struct pair p = {.job = job};
    int status = score_lines(cx, &p, line, each);
    release_pair(&p);
    if (status != BRAM_OK && job->models.count * job->brains.count > 1)
        bram_fail_prefix(cx, status, "%s and %s", job->models.item[line->model].name,
                         job->brains.item[line->brain].name);
    return status;
}

int bram_score_run_all(bram_ctx *cx, bram_score_run *job)
{
    size_t pairs = job->metrics * job->models.count * job->brains.count;
    job->line = bram_alloc(cx, pairs * lines_a_pair(job), sizeof *job->line);
    if (!job->line) return BRAM_ENOMEM;
    job->lines = pairs * lines_a_pair(job);
    begin_lines(job);
    /* a single pair is worked on by all threads */
    return pairs == 1 ? pair_task(cx, 0, job) : bram_parallel_for(cx, pairs, pair_task, job);
}
