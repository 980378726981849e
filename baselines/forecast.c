/*
 * forecast.c - the shared part of the forecasting baselines; see forecast.h.
 */
#include "forecast.h"

#include "internal.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

/* Target rows answered at a time; bounds the memory, and is the same for any number of threads. */
enum { CHUNK = 2048 };

/* ---- data with what is missing filled in ---------------------------------------------------- */

static bool present(const bram_segment *s, size_t row, size_t unit)
{
    return !s->y_present || s->y_present[row * s->y.cols + unit];
}

int bram_forecast_fill(bram_ctx *cx, double *out, const bram_segment *s, ptrdiff_t row,
                       const double *mean)
{
    for (size_t j = 0; j < s->y.cols; j++) {
        bool known = row >= 0 && present(s, (size_t)row, j);
        out[j] = known ? bram_row(&s->y, (size_t)row)[j] : mean[j];
        if (!isfinite(out[j]))
            return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %td of unit %zu is %g",
                             s->id ? s->id : "", row, j, out[j]);
    }
    return BRAM_OK;
}

static int check_panel(bram_ctx *cx, const bram_panel *panel, size_t units)
{
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        if (g->y.cols != units || g->first > g->y.rows)
            return bram_fail(cx, BRAM_ESHAPE,
                             "segment %zu: found %zu units and first target row "
                             "%zu of %zu, expected %zu units",
                             s, g->y.cols, g->first, g->y.rows, units);
    }
    return BRAM_OK;
}

int bram_forecast_means(bram_ctx *cx, double **mean, const bram_panel *panel)
{
    size_t units = panel->segments ? panel->segment[0].y.cols : 0, rows = 0;
    BRAM_TRY(check_panel(cx, panel, units));
    for (size_t s = 0; s < panel->segments; s++)
        rows += panel->segment[s].y.rows - panel->segment[s].first;
    if (!rows || !units)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no data to fit: %zu units, %zu target rows",
                         units, rows);
    double *sum = bram_alloc(cx, units, sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (size_t j = 0; j < units && status == BRAM_OK; j++) {
        double origin = 0; /* the first value: a constant unit then has its value as the mean */
        size_t count = 0;
        for (size_t s = 0; s < panel->segments; s++)
            for (size_t t = panel->segment[s].first; t < panel->segment[s].y.rows; t++) {
                if (!present(&panel->segment[s], t, j)) continue;
                double value = bram_row(&panel->segment[s].y, t)[j];
                if (!count++) origin = value;
                sum[j] += value - origin;
            }
        if (count) sum[j] = origin + sum[j] / (double)count;
        if (!isfinite(sum[j]))
            status = bram_fail(cx, BRAM_ENUMERIC, "unit %zu holds a value that is not finite", j);
    }
    if (status == BRAM_OK) *mean = sum;
    else bram_free(sum);
    return status;
}

int bram_forecast_segments(bram_ctx *cx, bram_mat **segments, size_t **first,
                           const bram_panel *panel, const double *mean)
{
    bram_mat *all = bram_scratch(cx, panel->segments, sizeof *all);
    size_t *from = all ? bram_scratch(cx, panel->segments, sizeof *from) : NULL;
    if (!from) return BRAM_ENOMEM;
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        from[s] = g->first;
        all[s] = g->y;
        if (!g->y_present) continue;
        BRAM_TRY(bram_mat_scratch(cx, &all[s], g->y.rows, g->y.cols));
        for (size_t t = 0; t < g->y.rows; t++)
            BRAM_TRY(bram_forecast_fill(cx, bram_row(&all[s], t), g, (ptrdiff_t)t, mean));
    }
    *segments = all;
    *first = from;
    return BRAM_OK;
}

int bram_forecast_column(bram_ctx *cx, double **values, size_t **run, const bram_segment *segment,
                         size_t unit)
{
    size_t rows = segment->y.rows;
    double *v = bram_scratch(cx, rows, sizeof *v);
    size_t *r = v ? bram_scratch(cx, rows, sizeof *r) : NULL;
    if (!r) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) {
        if (!present(segment, t, unit)) continue;
        v[t] = bram_row(&segment->y, t)[unit];
        r[t] = t ? r[t - 1] + 1 : 1;
        if (!isfinite(v[t]))
            return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %zu of unit %zu is %g",
                             segment->id ? segment->id : "", t, unit, v[t]);
    }
    *values = v;
    *run = r;
    return BRAM_OK;
}

int bram_forecast_check_choice(bram_ctx *cx, size_t candidates, const bram_panel *validation)
{
    if (candidates && (candidates == 1 || validation)) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE,
                     "%zu combinations of option values and no validation data to "
                     "choose by: give one value for each option",
                     candidates);
}

/* ---- one step ------------------------------------------------------------------------------- */

static size_t width_of(const bram_forecast *f)
{
    return f->units + (f->inputs ? f->inputs->cols : 0);
}

/* A row of the history: values, and the inputs that belong to the next row. */
static int put_history(bram_ctx *cx, double *out, const bram_forecast *f, const bram_segment *s,
                       ptrdiff_t row)
{
    BRAM_TRY(bram_forecast_fill(cx, out, s, row, f->mean));
    if (f->inputs && row >= -1) bram_inputs_row(f->inputs, out + f->units, s, (size_t)(row + 1));
    return BRAM_OK;
}

/* The values in the first columns of rows with inputs. */
static void take_units(bram_mat *to, const bram_mat *from)
{
    for (size_t i = 0; i < to->rows; i++)
        memcpy(bram_row(to, i), bram_row(from, i), to->cols * sizeof *to->data);
}

/* Rows from .. from + out->rows - 1 of the segment, each from the true rows before it. */
static int step_chunk(bram_ctx *cx, bram_mat *out, const bram_forecast *f, const bram_segment *s,
                      size_t from)
{
    bram_mat rows, wide = *out;
    BRAM_TRY(bram_mat_scratch(cx, &rows, f->lags + out->rows, width_of(f)));
    bram_mat *lagged = bram_scratch(cx, f->lags, sizeof *lagged);
    if (!lagged) return BRAM_ENOMEM;
    for (size_t i = 0; i + 1 < rows.rows; i++) /* the last one is a target only */
        BRAM_TRY(
            put_history(cx, bram_row(&rows, i), f, s, (ptrdiff_t)(from + i) - (ptrdiff_t)f->lags));
    for (size_t l = 0; l < f->lags; l++)
        lagged[l] = bram_mat_rows(rows, f->lags - 1 - l, out->rows);
    if (width_of(f) > f->units) BRAM_TRY(bram_mat_scratch(cx, &wide, out->rows, width_of(f)));
    BRAM_TRY(f->predict(cx, f->fitted, &wide, 1, lagged));
    if (wide.data != out->data) take_units(out, &wide);
    return BRAM_OK;
}

static int step_all(bram_ctx *cx, bram_mat *out, const bram_forecast *f, const bram_segment *s)
{
    if (f->inputs) BRAM_TRY(bram_inputs_check(cx, f->inputs, s));
    for (size_t done = 0; done < out->rows; done += CHUNK) {
        size_t count = out->rows - done < CHUNK ? out->rows - done : CHUNK;
        size_t mark = bram_scratch_mark(cx);
        bram_mat part = bram_mat_rows(*out, done, count);
        int status = step_chunk(cx, &part, f, s, s->first + done);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return BRAM_OK;
}

/* Adds the squared errors of one segment. */
static int segment_error(bram_ctx *cx, double *sum, size_t *count, bram_step_fn *step,
                         const void *model, const bram_segment *s)
{
    bram_mat mean;
    BRAM_TRY(bram_mat_scratch(cx, &mean, s->y.rows - s->first, s->y.cols));
    BRAM_TRY(step(cx, model, &mean, s));
    for (size_t i = 0; i < mean.rows; i++)
        for (size_t j = 0; j < mean.cols; j++) {
            if (!present(s, s->first + i, j)) continue;
            double d = bram_row(&mean, i)[j] - bram_row(&s->y, s->first + i)[j];
            *sum += d * d;
            ++*count;
        }
    return BRAM_OK;
}

int bram_step_error(bram_ctx *cx, double *mse, size_t units, bram_step_fn *step, const void *model,
                    const bram_panel *panel)
{
    double sum = 0;
    size_t count = 0;
    BRAM_TRY(check_panel(cx, panel, units));
    for (size_t s = 0; s < panel->segments; s++) {
        size_t mark = bram_scratch_mark(cx);
        int status = segment_error(cx, &sum, &count, step, model, &panel->segment[s]);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    if (!count) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the validation data have no target");
    if (!isfinite(sum)) return bram_fail(cx, BRAM_ENUMERIC, "the validation error is not finite");
    *mse = sum / (double)count;
    return BRAM_OK;
}

int bram_forecast_error(bram_ctx *cx, double *mse, const bram_forecast *f, const bram_panel *panel)
{
    return bram_step_error(cx, mse, f->units, bram_forecast_step, f, panel);
}

/* ---- answers -------------------------------------------------------------------------------- */

/* Takes over the axes, also on failure. */
static int new_response(bram_ctx *cx, bram_response **out, const char *name, size_t dims,
                        bram_axis **axes)
{
    const bram_axis *seen[BRAM_MAX_DIMS] = {0};
    bool complete = true;
    for (size_t d = 0; d < dims; d++) complete = (seen[d] = axes[d]) && complete;
    int status = complete ? bram_response_new(cx, out, name, BRAM_F64, dims, seen) : BRAM_ENOMEM;
    for (size_t d = 0; d < dims; d++) bram_axis_free(axes[d]);
    return status;
}

/* The target rows of a segment as an axis: those of its own, else plain counted rows. */
static int target_axis(bram_ctx *cx, bram_axis **out, const bram_segment *s)
{
    size_t count = s->y.rows - s->first, mark = bram_scratch_mark(cx);
    if (!s->row) return bram_axis_new(cx, out, "row", count);
    size_t *index = bram_scratch(cx, count, sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) index[i] = s->first + i;
    int status = bram_axis_take(cx, out, s->row, index, count);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_forecast_rows(bram_ctx *cx, bram_response **out, const char *name, const bram_segment *s,
                       const bram_axis *unit)
{
    bram_axis *axes[2] = {NULL, NULL};
    BRAM_TRY(target_axis(cx, &axes[0], s));
    axes[1] = bram_axis_ref(unit);
    return new_response(cx, out, name, 2, axes);
}

int bram_forecast_posterior(bram_ctx *cx, bram_dataset *out, const bram_segment *s,
                            const bram_mat *posterior)
{
    bram_axis *state = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &state, "state", posterior->cols));
    int status = bram_forecast_rows(cx, &r, "posterior", s, state);
    bram_axis_free(state);
    BRAM_TRY(status);
    size_t states = posterior->cols;
    for (size_t t = 0; t < bram_response_length(r, 0); t++)
        memcpy(bram_response_f64(r) + t * states, bram_row(posterior, t), states * sizeof(double));
    return bram_dataset_add(cx, out, "", r);
}

int bram_forecast_step(bram_ctx *cx, const void *model, bram_mat *mean, const bram_segment *s)
{
    return step_all(cx, mean, model, s);
}

int bram_forecast_variance(bram_ctx *cx, bram_mat *variance, const bram_forecast *f,
                           const bram_panel *train)
{
    double *values = NULL;
    BRAM_TRY(bram_density_fit(cx, &values, train, f->lags, bram_forecast_step, f));
    *variance = (bram_mat){values, 1, f->units, f->units};
    return BRAM_OK;
}

static int answer_step(bram_ctx *cx, const bram_query *q, bram_step_fn *step, const void *model,
                       bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    bram_response *r = NULL;
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, q->panel->unit));
    bram_mat mean = {bram_response_f64(r), s->y.rows - s->first, s->y.cols, s->y.cols};
    int status = step(cx, model, &mean, s);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* Step h + 1 of all starts within the answer. */
static bram_mat values_at(double *values, const bram_forecast *f, const bram_query *q, size_t h)
{
    return (bram_mat){values + h * f->units, q->starts, f->units, q->steps * f->units};
}

/* track[lags + h] is step h + 1 of all starts; the lags before are the true history. */
static int run_tracks(bram_ctx *cx, const void *model, double *values, const bram_query *q)
{
    const bram_forecast *f = model;
    const bram_segment *s = &q->panel->segment[q->segment];
    bool wide = width_of(f) > f->units;
    bram_mat *track = bram_scratch(cx, f->lags + q->steps, sizeof *track);
    bram_mat *lagged = track ? bram_scratch(cx, f->lags, sizeof *lagged) : NULL;
    if (!lagged) return BRAM_ENOMEM;
    if (f->inputs) BRAM_TRY(bram_inputs_check(cx, f->inputs, s));
    for (size_t l = 0; l < f->lags; l++) {
        BRAM_TRY(bram_mat_scratch(cx, &track[l], q->starts, width_of(f)));
        for (size_t i = 0; i < q->starts; i++)
            BRAM_TRY(put_history(cx, bram_row(&track[l], i), f, s,
                                 (ptrdiff_t)(q->start[i] + l) - (ptrdiff_t)f->lags));
    }
    for (size_t h = 0; h < q->steps; h++) {
        track[f->lags + h] = values_at(values, f, q, h);
        if (wide) BRAM_TRY(bram_mat_scratch(cx, &track[f->lags + h], q->starts, width_of(f)));
    }
    for (size_t h = 0; h < q->steps; h += f->horizon) {
        size_t steps = q->steps - h < f->horizon ? q->steps - h : f->horizon;
        for (size_t l = 0; l < f->lags; l++) lagged[l] = track[f->lags + h - 1 - l];
        BRAM_TRY(f->predict(cx, f->fitted, &track[f->lags + h], steps, lagged));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    for (size_t h = 0; wide && h < q->steps; h++) {
        bram_mat to = values_at(values, f, q, h);
        take_units(&to, &track[f->lags + h]);
    }
    return BRAM_OK;
}

int bram_forecast_runs(bram_ctx *cx, bram_response **out, const bram_query *q)
{
    for (size_t i = 0; i < q->starts; i++)
        if (q->start[i] > q->panel->segment[q->segment].y.rows)
            return bram_fail(cx, BRAM_ESHAPE, "start %zu of a free run is row %zu of %zu", i,
                             q->start[i], q->panel->segment[q->segment].y.rows);
    bram_axis *axes[3] = {NULL, NULL, bram_axis_ref(q->panel->unit)};
    int status = bram_axis_new(cx, &axes[0], "start", q->starts);
    if (status == BRAM_OK) status = bram_axis_new(cx, &axes[1], "step", q->steps);
    if (status == BRAM_OK) return new_response(cx, out, "mean", 3, axes);
    for (int d = 0; d < 3; d++) bram_axis_free(axes[d]);
    return status;
}

static int answer_free_run(bram_ctx *cx, const bram_query *q, bram_run_fn *run, const void *model,
                           bram_dataset *out)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_forecast_runs(cx, &r, q));
    size_t mark = bram_scratch_mark(cx);
    int status = run(cx, model, bram_response_f64(r), q);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

int bram_answer(bram_ctx *cx, const bram_forecaster *f, const bram_query *query, bram_dataset *out)
{
    BRAM_TRY(check_panel(cx, query->panel, f->units));
    if (bram_axis_length(query->panel->unit) != f->units)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         bram_axis_length(query->panel->unit), f->units);
    if (query->ask == BRAM_ASK_STEP) return answer_step(cx, query, f->step, f->model, out);
    if (query->ask == BRAM_ASK_FREE_RUN) return answer_free_run(cx, query, f->run, f->model, out);
    if (query->ask == BRAM_ASK_LOGLIK && f->density)
        return bram_density_answer_each(cx, query, f->density, f->model, out);
    if (query->ask == BRAM_ASK_LOGLIK && f->variance)
        return bram_density_answer(cx, query, f->variance, f->step, f->model, out);
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "this forecaster does not answer question %d",
                     (int)query->ask);
}

int bram_forecast_answer(bram_ctx *cx, const bram_forecast *f, const bram_query *query,
                         bram_dataset *out)
{
    bram_forecaster any = {f, f->units, bram_forecast_step, run_tracks, f->variance};
    return bram_answer(cx, &any, query, out);
}

/* ---- weights and state ---------------------------------------------------------------------- */

/* An axis of another name with the ids of `like`. */
static int renamed(bram_ctx *cx, bram_axis **out, const char *name, const bram_axis *like)
{
    size_t n = bram_axis_length(like), mark = bram_scratch_mark(cx);
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, name, n));
    const char **ids = bram_scratch(cx, n, sizeof *ids);
    int status = ids ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < n && ids; i++) ids[i] = bram_axis_id(like, i);
    if (ids && bram_axis_has_ids(like)) status = bram_axis_set_ids(cx, axis, ids);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int add_matrix(bram_ctx *cx, bram_dataset *out, const char *group, const char *name,
                      bram_axis *row, bram_axis *column, const bram_mat *m)
{
    bram_axis *axes[2] = {row, column};
    bram_response *r = NULL;
    BRAM_TRY(new_response(cx, &r, name, 2, axes));
    double *values = bram_response_f64(r);
    for (size_t i = 0; i < m->rows && m->cols; i++)
        memcpy(values + i * m->cols, bram_row(m, i), m->cols * sizeof *values);
    return bram_dataset_add(cx, out, group, r);
}

int bram_forecast_weights(bram_ctx *cx, bram_dataset *out, const bram_axis *unit,
                          const bram_mat *weights)
{
    bram_axis *from = NULL, *to = NULL;
    if (weights->rows != bram_axis_length(unit) || weights->cols != weights->rows)
        return bram_fail(cx, BRAM_ESHAPE, "weights are %zu x %zu for %zu units", weights->rows,
                         weights->cols, bram_axis_length(unit));
    BRAM_TRY(renamed(cx, &from, "from", unit));
    int status = renamed(cx, &to, "to", unit);
    if (status == BRAM_OK) return add_matrix(cx, out, "", "weights", from, to, weights);
    bram_axis_free(from);
    return status;
}

int bram_forecast_matrix(bram_ctx *cx, bram_dataset *out, const char *name, const char *row,
                         const char *column, const bram_mat *m)
{
    bram_axis *rows = NULL, *columns = NULL;
    BRAM_TRY(bram_axis_new(cx, &rows, row, m->rows));
    int status = bram_axis_new(cx, &columns, column, m->cols);
    if (status == BRAM_OK) return add_matrix(cx, out, "", name, rows, columns, m);
    bram_axis_free(rows);
    return status;
}

int bram_state_put(bram_ctx *cx, bram_dataset *out, const char *name, const bram_mat *m)
{
    bram_axis *row = NULL, *column = NULL;
    size_t mark = bram_scratch_mark(cx), bytes = strlen(name) + 8;
    char *label = bram_scratch(cx, bytes, 1);
    if (!label) return BRAM_ENOMEM;
    memcpy(label, name, bytes - 8);
    memcpy(label + bytes - 8, "_row", 5);
    int status = bram_axis_new(cx, &row, label, m->rows);
    memcpy(label + bytes - 8, "_column", 8);
    if (status == BRAM_OK) status = bram_axis_new(cx, &column, label, m->cols);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return add_matrix(cx, out, "state", name, row, column, m);
    bram_axis_free(row);
    return status;
}

int bram_state_get(bram_ctx *cx, bram_mat *m, const bram_dataset *in, const char *name)
{
    char *path = bram_strf(cx, "state/%s", name);
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = bram_dataset_response(in, path);
    bram_free(path);
    if (!r) return bram_fail(cx, BRAM_EABSENT, "the fitted model has no state/%s", name);
    if (bram_response_dims(r) != 2)
        return bram_fail(cx, BRAM_EFORMAT, "state/%s has %zu dimensions, expected 2", name,
                         bram_response_dims(r));
    const size_t start[2] = {0, 0};
    size_t count[2] = {bram_response_length(r, 0), bram_response_length(r, 1)};
    bram_mat got;
    BRAM_TRY(bram_mat_new(cx, &got, count[0], count[1]));
    int status = bram_response_read(cx, r, start, count, got.data, NULL);
    for (size_t i = 0; i < count[0] * count[1] && status == BRAM_OK; i++)
        if (!isfinite(got.data[i]))
            status = bram_fail(cx, BRAM_EFORMAT, "state/%s holds %g", name, got.data[i]);
    if (status == BRAM_OK) *m = got;
    else bram_free(got.data);
    return status;
}

static bram_mat *state_matrix(void *fitted, const bram_state_part *part)
{
    return (bram_mat *)(void *)((char *)fitted + part->at);
}

int bram_state_save(bram_ctx *cx, const void *fitted, const bram_state_part *part,
                    bram_dataset *out)
{
    for (; part->name; part++) {
        bram_mat m;
        memcpy(&m, (const char *)fitted + part->at, sizeof m);
        BRAM_TRY(bram_state_put(cx, out, part->name, &m));
    }
    return BRAM_OK;
}

int bram_state_load(bram_ctx *cx, void **fitted, size_t size, const bram_state_part *part,
                    bool (*fits)(const void *loaded), const bram_dataset *in)
{
    void *m = bram_alloc(cx, 1, size);
    int status = m ? BRAM_OK : BRAM_ENOMEM;
    for (const bram_state_part *p = part; status == BRAM_OK && p->name; p++)
        status = bram_state_get(cx, state_matrix(m, p), in, p->name);
    if (status == BRAM_OK && !fits(m))
        status = bram_fail(cx, BRAM_EFORMAT, "the matrices of the fitted model have wrong shapes");
    if (status == BRAM_OK) *fitted = m;
    else bram_state_free(m, part);
    return status;
}

void bram_state_free(void *fitted, const bram_state_part *part)
{
    for (; fitted && part->name; part++) bram_free(state_matrix(fitted, part)->data);
    bram_free(fitted);
}
