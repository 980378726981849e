/*
 * effects.c - the influence of neuron on neuron in a fitted forecaster; see effects.h.
 */
#include "effects.h"

#include <math.h>
#include <string.h>

static int new_matrix(bram_ctx *cx, bram_mat *m, size_t rows, size_t cols)
{
    double *data = bram_scratch(cx, rows * cols, sizeof *data);
    *m = (bram_mat){data, rows, cols, cols};
    return data ? BRAM_OK : BRAM_ENOMEM;
}

/* Every number finite, and some unit says something about another one. */
static int check(bram_ctx *cx, const bram_mat *m, const bram_fitted *model, const bram_axis *unit,
                 const char *what)
{
    bool between = false;
    for (size_t i = 0; i < m->rows; i++)
        for (size_t j = 0; j < m->cols; j++) {
            double x = bram_row(m, i)[j];
            if (!isfinite(x))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: the %s from %s to %s is %g",
                                 bram_fitted_spec(model), what, bram_axis_id(unit, i),
                                 bram_axis_id(unit, j), x);
            between = between || (x != 0 && i != j);
        }
    if (between) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "%s has no %s between units: it says nothing about connections",
                     bram_fitted_spec(model), what);
}

/* ---- weights -------------------------------------------------------------------------------- */

static int take_weights(bram_ctx *cx, bram_mat *m, const bram_response *r, const bram_fitted *model)
{
    size_t n = m->rows;
    if (!r || bram_response_dims(r) != 2 || bram_response_length(r, 0) != n ||
        bram_response_length(r, 1) != n)
        return bram_fail(cx, BRAM_ESHAPE, "%s gave no \"weights\" of %zu x %zu units",
                         bram_fitted_spec(model), n, n);
    return bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){n, n}, m->data, NULL);
}

static int weights(bram_ctx *cx, bram_effects *e, const bram_fitted *model, const bram_slice *train)
{
    bram_dataset *answer = NULL;
    size_t n = bram_axis_length(train->panel.unit);
    bram_query query = {.ask = BRAM_ASK_WEIGHTS, .panel = &train->panel};
    BRAM_TRY(new_matrix(cx, &e->effect, n, n));
    BRAM_TRY(bram_fitted_answer(cx, &answer, model, &query));
    int status = take_weights(cx, &e->effect, bram_dataset_response(answer, "weights"), model);
    bram_dataset_free(answer);
    return status == BRAM_OK ? check(cx, &e->effect, model, train->panel.unit, "weights") : status;
}

/* ---- pushes --------------------------------------------------------------------------------- */

/* Copies of the rows before each start, to be pushed and put back. */
struct windows {
    const bram_fitted *model;
    bram_panel panel;
    bram_segment *segment; /* one a start: `context` rows */
    size_t starts, context, steps, width, units;
    double *deviation; /* of each unit over the training rows */
    double size;
};

static int deviations(bram_ctx *cx, struct windows *w, const bram_slice *train)
{
    size_t n = w->units;
    double *sum = bram_scratch(cx, n, 3 * sizeof *sum), *square = sum + n, *count = sum + 2 * n;
    w->deviation = bram_scratch(cx, n, sizeof *w->deviation);
    if (!sum || !w->deviation) return BRAM_ENOMEM;
    for (size_t s = 0; s < train->panel.segments; s++) {
        const bram_segment *m = &train->segment[s];
        for (size_t t = m->first; t < m->y.rows; t++)
            for (size_t u = 0; u < n; u++) {
                if (m->y_present && !m->y_present[t * n + u]) continue;
                double x = bram_row(&m->y, t)[u] - bram_row(&m->y, m->first)[u];
                if (!isfinite(x)) continue; /* the first row lacks it */
                count[u]++, sum[u] += x, square[u] += x * x;
            }
    }
    for (size_t u = 0; u < n; u++) {
        double mean = count[u] > 0 ? sum[u] / count[u] : 0;
        double variance = count[u] > 1 ? square[u] / count[u] - mean * mean : 0;
        w->deviation[u] = variance > 0 ? sqrt(variance) : 0;
    }
    return BRAM_OK;
}

static int copy_window(bram_ctx *cx, bram_segment *to, const bram_segment *from, size_t start,
                       size_t context)
{
    size_t n = from->y.cols, first = start - context;
    uint8_t *present = bram_scratch(cx, context, n);
    *to = (bram_segment){.id = from->id, .first = context, .dt = from->dt};
    BRAM_TRY(new_matrix(cx, &to->y, context, n));
    if (!present) return BRAM_ENOMEM;
    for (size_t t = 0; t < context; t++)
        for (size_t u = 0; u < n; u++) {
            present[t * n + u] = !from->y_present || from->y_present[(first + t) * n + u];
            if (present[t * n + u]) bram_row(&to->y, t)[u] = bram_row(&from->y, first + t)[u];
        }
    to->y_present = present;
    return BRAM_OK;
}

/* Starts spread evenly over the rows of the test part that have a context. */
static int cut_windows(bram_ctx *cx, struct windows *w, const bram_slice *test, size_t wanted)
{
    size_t possible = 0, taken = 0, seen = 0;
    for (size_t s = 0; s < test->panel.segments; s++) {
        const bram_segment *m = &test->segment[s];
        size_t from = m->first > w->context ? m->first : w->context;
        if (m->y.rows > from) possible += m->y.rows - from;
    }
    if (!possible)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "no row of the test part has %zu rows before it: a smaller context",
                         w->context);
    size_t starts = wanted < possible ? wanted : possible;
    w->segment = bram_scratch(cx, starts, sizeof *w->segment);
    if (!w->segment) return BRAM_ENOMEM;
    for (size_t s = 0; s < test->panel.segments; s++) {
        const bram_segment *m = &test->segment[s];
        for (size_t t = m->first > w->context ? m->first : w->context; t < m->y.rows; t++, seen++) {
            if (taken == starts || seen != taken * possible / starts) continue;
            BRAM_TRY(copy_window(cx, &w->segment[taken++], m, t, w->context));
        }
    }
    w->starts = taken;
    w->panel = (bram_panel){.unit = test->panel.unit, .segment = w->segment, .segments = taken};
    return BRAM_OK;
}

/* The free run from one start: steps x units. */
static int free_run(bram_ctx *cx, double *out, const struct windows *w, size_t start)
{
    bram_dataset *answer = NULL;
    bram_query query = {.ask = BRAM_ASK_FREE_RUN,
                        .panel = &w->panel,
                        .segment = start,
                        .start = &w->context,
                        .starts = 1,
                        .steps = w->steps};
    BRAM_TRY(bram_fitted_answer(cx, &answer, w->model, &query));
    const bram_response *r = bram_dataset_response(answer, "mean");
    int status = BRAM_OK;
    if (!r || bram_response_dims(r) != 3 || bram_response_length(r, 0) != 1 ||
        bram_response_length(r, 1) != w->steps || bram_response_length(r, 2) != w->units)
        status = bram_fail(cx, BRAM_ESHAPE, "%s gave no \"mean\" of 1 x %zu x %zu",
                           bram_fitted_spec(w->model), w->steps, w->units);
    else
        status = bram_response_read(cx, r, (size_t[]){0, 0, 0}, (size_t[]){1, w->steps, w->units},
                                    out, NULL);
    bram_dataset_free(answer);
    return status;
}

/* Pushes a unit; `kept` takes its values, to be put back. */
static void push(const struct windows *w, size_t start, size_t unit, double *kept)
{
    bram_segment *s = &w->segment[start];
    size_t from = w->width < w->context ? w->context - w->width : 0;
    for (size_t t = 0; t < w->context; t++) {
        kept[t] = bram_row(&s->y, t)[unit];
        if (t >= from && s->y_present[t * w->units + unit])
            bram_row(&s->y, t)[unit] += w->size * w->deviation[unit];
    }
}

/* Adds the difference that a push makes in one start. quiet: the run without. */
static int add_difference(bram_ctx *cx, double *sum, const struct windows *w, size_t start,
                          size_t unit, const double *quiet, double *run)
{
    size_t count = w->steps * w->units, mark = bram_scratch_mark(cx);
    double *kept = bram_scratch(cx, w->context, sizeof *kept);
    if (!kept) return BRAM_ENOMEM;
    push(w, start, unit, kept);
    int status = free_run(cx, run, w, start);
    for (size_t t = 0; t < w->context; t++) bram_row(&w->segment[start].y, t)[unit] = kept[t];
    bram_scratch_release(cx, mark);
    for (size_t k = 0; k < count && status == BRAM_OK; k++) sum[k] += run[k] - quiet[k];
    return status;
}

/* The peak of the mean difference in each unit, in its deviations. */
static void find_peaks(bram_effects *e, const struct windows *w, size_t unit, const double *sum,
                       double starts, double dt)
{
    for (size_t j = 0; j < w->units; j++) {
        double peak = 0, when = 0;
        for (size_t h = 0; h < w->steps; h++) {
            double x = sum[h * w->units + j] / starts;
            x = w->deviation[j] > 0 ? x / w->deviation[j] : 0;
            if (!(fabs(x) > fabs(peak)) && !isnan(x)) continue;
            peak = x, when = (double)(h + 1) * dt;
        }
        bram_row(&e->effect, unit)[j] = peak;
        bram_row(&e->delay, unit)[j] = when;
    }
}

static int push_unit(bram_ctx *cx, bram_effects *e, const struct windows *w, size_t unit,
                     const double *quiet)
{
    size_t count = w->steps * w->units, mark = bram_scratch_mark(cx);
    double *sum = bram_scratch(cx, count, sizeof *sum), *run = bram_scratch(cx, count, sizeof *run);
    double starts = 0;
    if (!sum || !run) return BRAM_ENOMEM;
    for (size_t s = 0; s < w->starts; s++) {
        if (!w->segment[s].y_present[(w->context - 1) * w->units + unit]) continue;
        BRAM_TRY(add_difference(cx, sum, w, s, unit, quiet + s * count, run));
        starts++;
    }
    if (starts > 0) find_peaks(e, w, unit, sum, starts, w->segment[0].dt);
    bram_scratch_release(cx, mark);
    return bram_ctx_check_cancel(cx);
}

static int perturb(bram_ctx *cx, bram_effects *e, struct windows *w, const bram_slice *train,
                   const bram_slice *test, const bram_options *o)
{
    w->context = (size_t)bram_option_integer(o, "context");
    w->steps = (size_t)bram_option_integer(o, "steps");
    w->width = (size_t)bram_option_integer(o, "width");
    w->size = bram_option_real(o, "push");
    BRAM_TRY(new_matrix(cx, &e->effect, w->units, w->units));
    BRAM_TRY(new_matrix(cx, &e->delay, w->units, w->units));
    BRAM_TRY(deviations(cx, w, train));
    BRAM_TRY(cut_windows(cx, w, test, (size_t)bram_option_integer(o, "starts")));
    size_t count = w->steps * w->units;
    double *quiet = bram_scratch(cx, w->starts, count * sizeof *quiet);
    if (!quiet) return BRAM_ENOMEM;
    for (size_t s = 0; s < w->starts; s++) BRAM_TRY(free_run(cx, quiet + s * count, w, s));
    for (size_t u = 0; u < w->units; u++) BRAM_TRY(push_unit(cx, e, w, u, quiet));
    return check(cx, &e->effect, w->model, train->panel.unit, "effect");
}

int bram_effects_make(bram_ctx *cx, bram_effects *out, const bram_fitted *model,
                      const bram_slice *train, const bram_slice *test, const bram_options *o)
{
    bram_effects e = {{0}, {0}};
    struct windows w = {.model = model, .units = bram_axis_length(train->panel.unit)};
    if (bram_option_is(o, "evidence", "weights")) BRAM_TRY(weights(cx, &e, model, train));
    else BRAM_TRY(perturb(cx, &e, &w, train, test, o));
    *out = e;
    return BRAM_OK;
}
