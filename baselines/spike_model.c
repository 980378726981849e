/*
 * spike_model.c - the data and the emissions of Poisson models with states; see spike_model.h. The
 * answers are in spike_answer.c.
 */
#include "spike_private.h"

#include "forecast.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

void bram_spike_model_free(bram_spike_model *m)
{
    if (!m) return;
    bram_mat *part[] = {&m->phi,  &m->theta, &m->initial,    &m->transition,
                        &m->mean, &m->most,  &m->input_mean, &m->choice};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) bram_free(part[i]->data);
    bram_free(m);
}

size_t bram_spike_width(const bram_spike_model *m)
{
    return 1 + m->units * m->phi.cols + m->inputs;
}

/* ---- data ----------------------------------------------------------------------------------- */

static bool there(const uint8_t *present, size_t at)
{
    return !present || present[at];
}

/* Present counts are whole numbers, 0 or more. */
static int check_counts(bram_ctx *cx, const bram_panel *panel)
{
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        for (size_t t = 0; t < g->y.rows; t++)
            for (size_t n = 0; n < g->y.cols; n++) {
                double y = bram_row(&g->y, t)[n];
                if (!there(g->y_present, t * g->y.cols + n) || (y >= 0 && y == floor(y))) continue;
                if (!isfinite(y))
                    return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %zu of unit %zu is %g",
                                     g->id ? g->id : "", t, n, y);
                return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                 "segment %s: row %zu of unit %zu is %g; a Poisson model is of "
                                 "counts: 0, 1, 2 ...",
                                 g->id ? g->id : "", t, n, y);
            }
    }
    return BRAM_OK;
}

/* Means of the inputs over their present values. */
static int input_means(bram_ctx *cx, bram_mat *mean, const bram_panel *panel, size_t inputs)
{
    BRAM_TRY(bram_mat_new(cx, mean, 1, inputs));
    for (size_t d = 0; d < inputs; d++) {
        double sum = 0, count = 0;
        for (size_t s = 0; s < panel->segments; s++) {
            const bram_segment *g = &panel->segment[s];
            for (size_t t = 0; t < g->x.rows; t++)
                if (there(g->x_present, t * inputs + d)) sum += bram_row(&g->x, t)[d], count += 1;
        }
        mean->data[d] = count > 0 ? sum / count : 0;
        if (!isfinite(mean->data[d]))
            return bram_fail(cx, BRAM_ENUMERIC, "input %zu holds a value that is not finite", d);
    }
    return BRAM_OK;
}

static int largest_counts(bram_ctx *cx, bram_mat *most, const bram_panel *panel)
{
    size_t units = panel->segment[0].y.cols;
    BRAM_TRY(bram_mat_new(cx, most, 1, units));
    for (size_t n = 0; n < units; n++) most->data[n] = 1;
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        for (size_t t = 0; t < g->y.rows; t++)
            for (size_t n = 0; n < units; n++)
                if (there(g->y_present, t * units + n))
                    most->data[n] = fmax(most->data[n], bram_row(&g->y, t)[n]);
    }
    return BRAM_OK;
}

int bram_spike_model_begin(bram_ctx *cx, bram_spike_model **out, const bram_panel *train,
                           size_t states, bram_link link, bram_mat phi, bool inputs)
{
    bram_spike_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) {
        bram_free(phi.data);
        return BRAM_ENOMEM;
    }
    *m = (bram_spike_model){.states = states, .link = link, .phi = phi};
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) status = check_counts(cx, train);
    if (status == BRAM_OK) {
        m->units = train->segment[0].y.cols;
        m->inputs = inputs ? train->segment[0].x.cols : 0;
        m->mean = (bram_mat){m->mean.data, 1, m->units, m->units};
        status = input_means(cx, &m->input_mean, train, m->inputs);
        if (status == BRAM_OK) status = largest_counts(cx, &m->most, train);
    }
    if (status == BRAM_OK)
        status = bram_mat_new(cx, &m->theta, states * bram_spike_width(m), m->units);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m->initial, 1, states);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m->transition, states, states);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m->choice, 1, 2);
    for (size_t k = 0; k < states && status == BRAM_OK; k++) {
        m->initial.data[k] = 1 / (double)states;
        for (size_t j = 0; j < states; j++) bram_row(&m->transition, k)[j] = 1 / (double)states;
    }
    if (status == BRAM_OK) *out = m;
    else bram_spike_model_free(m);
    return status;
}

static int copy_mat(bram_ctx *cx, bram_mat *out, const bram_mat *from)
{
    BRAM_TRY(bram_mat_new(cx, out, from->rows, from->cols));
    if (from->rows > 0 && from->cols > 0)
        memcpy(out->data, from->data, from->rows * from->cols * sizeof *out->data);
    return BRAM_OK;
}

int bram_spike_model_copy(bram_ctx *cx, bram_spike_model **out, const bram_spike_model *like,
                          size_t states)
{
    bram_spike_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    *m = (bram_spike_model){
        .units = like->units, .states = states, .inputs = like->inputs, .link = like->link};
    int status = copy_mat(cx, &m->phi, &like->phi);
    if (status == BRAM_OK) status = copy_mat(cx, &m->mean, &like->mean);
    if (status == BRAM_OK) status = copy_mat(cx, &m->most, &like->most);
    if (status == BRAM_OK) status = copy_mat(cx, &m->input_mean, &like->input_mean);
    if (status == BRAM_OK) status = copy_mat(cx, &m->choice, &like->choice);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m->initial, 1, states);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m->transition, states, states);
    if (status == BRAM_OK)
        status = bram_mat_new(cx, &m->theta, states * bram_spike_width(m), m->units);
    if (status == BRAM_OK) *out = m;
    else bram_spike_model_free(m);
    return status;
}

int bram_spike_fill(bram_ctx *cx, bram_mat *out, const bram_spike_model *m, const bram_segment *s,
                    const uint8_t *held_out)
{
    if (s->y.cols != m->units || s->first > s->y.rows || (m->inputs && s->x.cols != m->inputs))
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu units and %zu inputs, the model was fitted on %zu "
                         "and %zu",
                         s->y.cols, s->x.cols, m->units, m->inputs);
    for (size_t t = 0; t < s->y.rows; t++)
        for (size_t n = 0; n < m->units; n++) {
            bool seen = there(s->y_present, t * m->units + n) && !(held_out && held_out[n]);
            double y = seen ? bram_row(&s->y, t)[n] : m->mean.data[n];
            if (!isfinite(y))
                return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %zu of unit %zu is %g",
                                 s->id ? s->id : "", t, n, y);
            bram_row(out, t)[n] = y;
        }
    return BRAM_OK;
}

int bram_spike_inputs(bram_ctx *cx, double *u, const bram_spike_model *m, const bram_segment *s,
                      size_t t)
{
    double *to = u + 1 + m->units * m->phi.cols;
    for (size_t d = 0; d < m->inputs; d++) {
        bool seen = t < s->x.rows && there(s->x_present, t * m->inputs + d);
        to[d] = seen ? bram_row(&s->x, t)[d] : m->input_mean.data[d];
        if (!isfinite(to[d]))
            return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %zu of input %zu is %g",
                             s->id ? s->id : "", t, d, to[d]);
    }
    return BRAM_OK;
}

int bram_spike_design(bram_ctx *cx, bram_mat *design, const bram_spike_model *m,
                      const bram_segment *s, const bram_mat *filled, size_t from)
{
    size_t lags = m->phi.rows, back = from < lags ? from : lags, mark = bram_scratch_mark(cx);
    size_t history = m->units * m->phi.cols;
    bram_mat around = bram_mat_rows(*filled, from - back, back + design->rows), h;
    BRAM_TRY(bram_mat_scratch(cx, &h, around.rows, history));
    int status = bram_history_filter(cx, &h, &around, &m->phi, from <= lags ? m->mean.data : NULL);
    for (size_t i = 0; i < design->rows && status == BRAM_OK; i++) {
        double *u = bram_row(design, i);
        u[0] = 1;
        memcpy(u + 1, bram_row(&h, back + i), history * sizeof *u);
        status = bram_spike_inputs(cx, u, m, s, from + i);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* The first row that is fitted on: one whose whole history is known, where `whole` asks for it. */
static size_t first_row(const bram_segment *g, size_t lags, bool whole)
{
    size_t from = whole && g->first < lags ? lags : g->first;
    return from < g->y.rows ? from : g->y.rows;
}

static bool any_whole(const bram_panel *panel, size_t lags)
{
    for (size_t s = 0; s < panel->segments; s++)
        if (first_row(&panel->segment[s], lags, true) < panel->segment[s].y.rows) return true;
    return false;
}

static int fill_data(bram_ctx *cx, bram_spike_data *d, const bram_spike_model *m,
                     const bram_panel *panel, bool whole)
{
    size_t row = 0;
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        size_t first = first_row(g, m->phi.rows, whole), rows = g->y.rows - first;
        size_t mark = bram_scratch_mark(cx);
        if (!rows) continue;
        d->begin[d->segments++] = row;
        bram_mat filled, design = bram_mat_rows(d->design, row, rows);
        BRAM_TRY(bram_mat_scratch(cx, &filled, g->y.rows, m->units));
        int status = bram_spike_fill(cx, &filled, m, g, NULL);
        if (status == BRAM_OK) status = bram_spike_design(cx, &design, m, g, &filled, first);
        for (size_t i = 0; i < rows && status == BRAM_OK; i++)
            memcpy(bram_row(&d->y, row + i), bram_row(&filled, first + i),
                   m->units * sizeof(double));
        for (size_t i = 0; i < rows * m->units && d->present; i++)
            d->present[row * m->units + i] = there(g->y_present, first * m->units + i);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        row += rows;
    }
    d->begin[d->segments] = row;
    return BRAM_OK;
}

int bram_spike_data_make(bram_ctx *cx, bram_spike_data *out, const bram_spike_model *m,
                         const bram_panel *panel)
{
    bram_spike_data d = {0};
    size_t rows = 0;
    bool masked = false, whole = any_whole(panel, m->phi.rows);
    for (size_t s = 0; s < panel->segments; s++) {
        rows += panel->segment[s].y.rows - first_row(&panel->segment[s], m->phi.rows, whole);
        masked = masked || panel->segment[s].y_present;
    }
    int status = bram_mat_new(cx, &d.y, rows, m->units);
    if (status == BRAM_OK) status = bram_mat_new(cx, &d.design, rows, bram_spike_width(m));
    if (status == BRAM_OK) {
        d.begin = bram_alloc(cx, panel->segments + 1, sizeof *d.begin);
        if (masked) d.present = bram_alloc(cx, rows * m->units, 1);
        if (!d.begin || (masked && !d.present)) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK) status = fill_data(cx, &d, m, panel, whole);
    if (status == BRAM_OK) *out = d;
    else bram_spike_data_release(&d);
    return status;
}

void bram_spike_data_release(bram_spike_data *d)
{
    bram_free(d->begin);
    bram_free(d->y.data);
    bram_free(d->present);
    bram_free(d->design.data);
    *d = (bram_spike_data){0};
}

/* ---- save and load -------------------------------------------------------------------------- */

int bram_spike_model_save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    const bram_spike_model *m = fitted;
    BRAM_TRY(bram_state_put(cx, out, "mean", &m->mean));
    BRAM_TRY(bram_state_put(cx, out, "most", &m->most));
    BRAM_TRY(bram_state_put(cx, out, "input_mean", &m->input_mean));
    BRAM_TRY(bram_state_put(cx, out, "kernels", &m->phi));
    BRAM_TRY(bram_state_put(cx, out, "choice", &m->choice));
    BRAM_TRY(bram_state_put(cx, out, "initial", &m->initial));
    BRAM_TRY(bram_state_put(cx, out, "transition", &m->transition));
    return bram_state_put(cx, out, "theta", &m->theta);
}

static bool chain_is_valid(const bram_spike_model *m)
{
    for (size_t k = 0; k <= m->states; k++) { /* the last one: the initial distribution */
        const double *row = k < m->states ? bram_row(&m->transition, k) : m->initial.data;
        double sum = 0;
        for (size_t j = 0; j < m->states; j++) {
            if (!(row[j] >= 0)) return false;
            sum += row[j];
        }
        if (!(fabs(sum - 1) < 1e-6)) return false;
    }
    return true;
}

int bram_spike_model_load(bram_ctx *cx, bram_spike_model **out, bram_link link,
                          const bram_dataset *in)
{
    bram_spike_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->link = link;
    int status = bram_state_get(cx, &m->mean, in, "mean");
    if (status == BRAM_OK) status = bram_state_get(cx, &m->most, in, "most");
    if (status == BRAM_OK) status = bram_state_get(cx, &m->input_mean, in, "input_mean");
    if (status == BRAM_OK) status = bram_state_get(cx, &m->phi, in, "kernels");
    if (status == BRAM_OK) status = bram_state_get(cx, &m->choice, in, "choice");
    if (status == BRAM_OK) status = bram_state_get(cx, &m->initial, in, "initial");
    if (status == BRAM_OK) status = bram_state_get(cx, &m->transition, in, "transition");
    if (status == BRAM_OK) status = bram_state_get(cx, &m->theta, in, "theta");
    m->units = m->mean.cols, m->states = m->initial.cols, m->inputs = m->input_mean.cols;
    if (status == BRAM_OK &&
        (!m->units || !m->states || !m->phi.rows || !m->phi.cols || m->mean.rows != 1 ||
         m->most.rows != 1 || m->most.cols != m->units || m->input_mean.rows != 1 ||
         m->initial.rows != 1 || m->transition.rows != m->states ||
         m->transition.cols != m->states || m->theta.cols != m->units ||
         m->theta.rows != m->states * bram_spike_width(m) || !chain_is_valid(m)))
        status = bram_fail(cx, BRAM_EFORMAT, "the state of a spike model has wrong shapes");
    if (status == BRAM_OK) *out = m;
    else bram_spike_model_free(m);
    return status;
}
