/*
 * reported.c - answers matched by row and unit; see reported.h.
 */
#include "reported.h"

#include "forecast.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

void bram_reported_release(bram_reported *r)
{
    bram_free(r->values);
    bram_free(r->second);
    bram_free(r->unit);
    bram_free(r->time);
    bram_free(r->id);
    *r = (bram_reported){0};
}

/* ---- matching ------------------------------------------------------------------------------- */

/* The row of this time, within a hundredth of a step, or -1. */
static ptrdiff_t row_at(const bram_reported *r, double time, double step)
{
    size_t low = 0, high = r->rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->time[middle] < time - step / 100) low = middle + 1;
        else high = middle;
    }
    return low < r->rows && fabs(r->time[low] - time) <= step / 100 ? (ptrdiff_t)low : -1;
}

/* The place of each wanted name among others, or -1. */
static int match_names(bram_ctx *cx, ptrdiff_t *place, char *const *name, size_t names,
                       const bram_axis *wanted, size_t first)
{
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "name", names));
    int status = bram_axis_set_ids(cx, axis, (const char *const *)name);
    for (size_t i = 0; i < names && status == BRAM_OK; i++)
        if (*name[i] && bram_axis_find(axis, name[i]) != (ptrdiff_t)i)
            status = bram_fail(cx, BRAM_EFORMAT, "\"%s\" stands there twice", name[i]);
    for (size_t u = first; u < bram_axis_length(wanted) && status == BRAM_OK; u++)
        place[u - first] = bram_axis_find(axis, bram_axis_id(wanted, u));
    bram_axis_free(axis);
    return status;
}

/* The row of the file for each target row. */
static int match_rows(bram_ctx *cx, ptrdiff_t *row, const bram_reported *r, const bram_segment *s)
{
    const double *time = s->row ? bram_axis_values(s->row) : NULL;
    if (r->id) {
        if (!s->row || !bram_axis_has_ids(s->row))
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the rows of %s have times, no ids", s->id);
        BRAM_TRY(match_names(cx, row, r->id, r->rows, s->row, s->first));
        for (size_t i = s->first; i < s->y.rows; i++)
            if (row[i - s->first] < 0)
                return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no prediction for \"%s\"", s->id,
                                 bram_axis_id(s->row, i));
        return BRAM_OK;
    }
    if (!time || !r->time)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "rows without a time cannot be matched");
    for (size_t i = s->first; i < s->y.rows; i++) {
        row[i - s->first] = row_at(r, time[i], s->dt);
        if (row[i - s->first] < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no prediction for %g s", s->id,
                             time[i]);
    }
    return BRAM_OK;
}

/* Where the target rows and the units of a query are in what is reported. */
struct places {
    const bram_reported *r;
    const bram_segment *s;
    const bram_axis *unit;
    size_t rows, units;
    ptrdiff_t *row, *column; /* column: -1 where the unit lacks */
};

static int find_places(bram_ctx *cx, struct places *p, const bram_reported *r, const bram_query *q,
                       bool columns)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    *p = (struct places){r, s, q->panel->unit, s->y.rows - s->first, 0, NULL, NULL};
    if (columns) p->units = bram_axis_length(p->unit);
    p->row = bram_scratch(cx, p->rows, sizeof *p->row);
    p->column = bram_scratch(cx, p->units, sizeof *p->column);
    if (!p->row || !p->column) return BRAM_ENOMEM;
    if (columns) BRAM_TRY(match_names(cx, p->column, r->unit, r->cols, p->unit, 0));
    return match_rows(cx, p->row, r, s);
}

static int not_finite(bram_ctx *cx, const struct places *p, size_t i, size_t u, double value)
{
    return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu of unit %s is %g", p->s->id,
                     (size_t)p->row[i] + 1, bram_axis_id(p->unit, u), value);
}

/* ---- answers -------------------------------------------------------------------------------- */

static int fill_means(bram_ctx *cx, double *out, uint8_t *mask, const struct places *p)
{
    for (size_t i = 0; i < p->rows; i++)
        for (size_t u = 0; u < p->units; u++) {
            size_t at = i * p->units + u;
            mask[at] = p->column[u] >= 0;
            if (!mask[at]) continue;
            out[at] = p->r->values[(size_t)p->row[i] * p->r->cols + (size_t)p->column[u]];
            if (!isfinite(out[at])) return not_finite(cx, p, i, u, out[at]);
        }
    return BRAM_OK;
}

/* Nats of the true values; a value that is missing has none. Minus infinity is a density, too. */
static int fill_densities(bram_ctx *cx, double *out, uint8_t *mask, const struct places *p)
{
    const bram_density_family *family = p->r->family;
    const bram_segment *s = p->s;
    for (size_t i = 0; i < p->rows; i++)
        for (size_t u = 0; u < p->units; u++) {
            size_t at = i * p->units + u, row = s->first + i;
            mask[at] = p->column[u] >= 0 && (!s->y_present || s->y_present[row * p->units + u]);
            if (!mask[at]) continue;
            size_t from = (size_t)p->row[i] * p->r->cols + (size_t)p->column[u];
            double y = bram_row(&s->y, row)[u], value = p->r->values[from];
            out[at] = value;
            if (family)
                out[at] = family->log_density(y, value, p->r->second ? p->r->second[from] : 0);
            if (isnan(out[at]) && family)
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "%s: row %zu of unit %s: %s %g%s is no density for the value %g",
                                 s->id, (size_t)p->row[i] + 1, bram_axis_id(p->unit, u),
                                 family->first, value, p->r->second ? " with that sd" : "", y);
            if (isnan(out[at]) || out[at] == (double)INFINITY)
                return not_finite(cx, p, i, u, out[at]);
        }
    return BRAM_OK;
}

/* The parameters of a density as they are: a response for each. */
static int add_parameters(bram_ctx *cx, bram_dataset *out, const struct places *p)
{
    const bram_density_family *f = p->r->family;
    for (size_t k = 0; k < (f->second ? 2u : 1u); k++) {
        bram_response *r = NULL;
        const double *values = k ? p->r->second : p->r->values;
        BRAM_TRY(bram_forecast_rows(cx, &r, k ? f->second : f->first, p->s, p->unit));
        uint8_t *mask = bram_response_mask(cx, r);
        for (size_t i = 0; mask && i < p->rows * p->units; i++) {
            ptrdiff_t column = p->column[i % p->units];
            mask[i] = column >= 0;
            if (!mask[i]) continue;
            bram_response_f64(
                r)[i] = values[(size_t)p->row[i / p->units] * p->r->cols + (size_t)column];
        }
        if (!mask) bram_response_free(r);
        BRAM_TRY(mask ? bram_dataset_add(cx, out, "", r) : BRAM_ENOMEM);
    }
    return BRAM_OK;
}

/* "mean" or "logdensity": target rows x units. */
static int answer_units(bram_ctx *cx, bram_dataset *out, const bram_reported *r,
                        const bram_query *q)
{
    struct places p;
    bram_response *answer = NULL;
    bool density = q->ask == BRAM_ASK_LOGLIK;
    BRAM_TRY(find_places(cx, &p, r, q, true));
    BRAM_TRY(bram_forecast_rows(cx, &answer, bram_ask_response(q->ask), p.s, p.unit));
    uint8_t *mask = bram_response_mask(cx, answer);
    int status = mask ? (density ? fill_densities : fill_means)(cx, bram_response_f64(answer), mask,
                                                                &p)
                      : BRAM_ENOMEM;
    if (status != BRAM_OK) {
        bram_response_free(answer);
        return status;
    }
    BRAM_TRY(bram_dataset_add(cx, out, "", answer));
    return r->family ? add_parameters(cx, out, &p) : BRAM_OK;
}

static int answer_states(bram_ctx *cx, bram_dataset *out, const bram_reported *r,
                         const bram_query *q)
{
    struct places p;
    bram_mat posterior;
    BRAM_TRY(find_places(cx, &p, r, q, false));
    BRAM_TRY(bram_mat_scratch(cx, &posterior, p.rows, r->cols));
    for (size_t i = 0; i < p.rows; i++)
        for (size_t k = 0; k < r->cols; k++) {
            double value = r->values[(size_t)p.row[i] * r->cols + k];
            if (!isfinite(value))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu of state %zu is %g", p.s->id,
                                 (size_t)p.row[i] + 1, k + 1, value);
            bram_row(&posterior, i)[k] = value;
        }
    return bram_forecast_posterior(cx, out, p.s, &posterior);
}

static int answer_weights(bram_ctx *cx, bram_dataset *out, const bram_reported *r,
                          const bram_query *q)
{
    const bram_axis *unit = q->panel->unit;
    size_t n = bram_axis_length(unit);
    ptrdiff_t *column = bram_scratch(cx, n, sizeof *column);
    bram_mat weights;
    if (!column) return BRAM_ENOMEM;
    BRAM_TRY(match_names(cx, column, r->unit, r->cols, unit, 0));
    BRAM_TRY(bram_mat_scratch(cx, &weights, n, n));
    for (size_t i = 0; i < n; i++)
        if (column[i] < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "there are no weights of unit \"%s\"",
                             bram_axis_id(unit, i));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double value = r->values[(size_t)column[i] * r->cols + (size_t)column[j]];
            if (!isfinite(value))
                return bram_fail(cx, BRAM_ENUMERIC, "the weight from %s to %s is %g",
                                 bram_axis_id(unit, i), bram_axis_id(unit, j), value);
            bram_row(&weights, i)[j] = value;
        }
    return bram_forecast_weights(cx, out, unit, &weights);
}

int bram_reported_answer(bram_ctx *cx, bram_dataset *out, const bram_reported *r,
                         const bram_query *q)
{
    size_t mark = bram_scratch_mark(cx);
    int status = q->ask == BRAM_ASK_STATES    ? answer_states(cx, out, r, q)
                 : q->ask == BRAM_ASK_WEIGHTS ? answer_weights(cx, out, r, q)
                                              : answer_units(cx, out, r, q);
    bram_scratch_release(cx, mark);
    return status;
}
