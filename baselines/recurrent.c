/* recurrent.c - see recurrent.h. */
#include "recurrent.h"

#include "linalg.h"

#include <string.h>

/* A walk along the rows of one segment. */
struct walk {
    const bram_recurrent *f;
    const bram_segment *segment;
    bram_mat state, y; /* 1 x width, 1 x units */
    size_t row;        /* the next one to take in */
};

static size_t inputs_of(const bram_recurrent *f)
{
    return f->inputs ? f->inputs->cols : 0;
}

static int begin(bram_ctx *cx, struct walk *w, const bram_recurrent *f, const bram_segment *s)
{
    *w = (struct walk){.f = f, .segment = s};
    if (f->inputs) BRAM_TRY(bram_inputs_check(cx, f->inputs, s));
    BRAM_TRY(bram_mat_scratch(cx, &w->state, 1, f->width));
    BRAM_TRY(bram_mat_scratch(cx, &w->y, 1, f->units + inputs_of(f)));
    return f->start(cx, f->fitted, w->state.data);
}

static int take_in(bram_ctx *cx, struct walk *w)
{
    const bram_segment *s = w->segment;
    const uint8_t *present = s->y_present ? s->y_present + w->row * w->f->units : NULL;
    BRAM_TRY(bram_forecast_fill(cx, w->y.data, s, (ptrdiff_t)w->row, w->f->mean));
    w->row++;
    if (w->f->inputs) bram_inputs_row(w->f->inputs, w->y.data + w->f->units, s, w->row);
    if (w->row % 1024 == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
    return w->f->advance(cx, w->f->fitted, &w->state, &w->y, present);
}

int bram_recurrent_step(bram_ctx *cx, const void *model, bram_mat *mean, const bram_segment *s)
{
    const bram_recurrent *f = model;
    size_t mark = bram_scratch_mark(cx);
    struct walk w;
    BRAM_TRY(begin(cx, &w, f, s));
    for (size_t t = 0; t < s->first + mean->rows; t++) {
        if (t >= s->first) {
            bram_mat to = bram_mat_rows(*mean, t - s->first, 1);
            BRAM_TRY(f->predict(cx, f->fitted, &to, &w.state));
        }
        if (t + 1 < s->first + mean->rows) BRAM_TRY(take_in(cx, &w));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_recurrent_error(bram_ctx *cx, double *mse, const bram_recurrent *f,
                         const bram_panel *panel)
{
    return bram_step_error(cx, mse, f->units, bram_recurrent_step, f, panel);
}

int bram_recurrent_variance(bram_ctx *cx, bram_mat *variance, const bram_recurrent *f,
                            const bram_panel *train, size_t washout)
{
    double *values = NULL;
    BRAM_TRY(bram_density_fit(cx, &values, train, washout, bram_recurrent_step, f));
    *variance = (bram_mat){values, 1, f->units, f->units};
    return BRAM_OK;
}

/* ---- free runs ------------------------------------------------------------------------------ */

/* The states before the rows where runs start, from one walk. */
static int states_at_starts(bram_ctx *cx, bram_mat *states, const bram_recurrent *f,
                            const bram_query *q)
{
    size_t last = 0;
    struct walk w;
    BRAM_TRY(begin(cx, &w, f, &q->panel->segment[q->segment]));
    for (size_t i = 0; i < q->starts; i++)
        if (q->start[i] > last) last = q->start[i];
    for (;;) {
        for (size_t i = 0; i < q->starts; i++)
            if (q->start[i] == w.row)
                memcpy(bram_row(states, i), w.state.data, f->width * sizeof(double));
        if (w.row == last) return BRAM_OK;
        BRAM_TRY(take_in(cx, &w));
    }
}

/* Rows to take in, with the inputs of the rows where the runs start. */
static int make_rows(bram_ctx *cx, bram_mat *y, const bram_recurrent *f, const bram_query *q)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    BRAM_TRY(bram_mat_scratch(cx, y, q->starts, f->units + inputs_of(f)));
    for (size_t i = 0; i < q->starts; i++)
        bram_inputs_row(f->inputs, bram_row(y, i) + f->units, s, q->start[i]);
    return BRAM_OK;
}

int bram_recurrent_run(bram_ctx *cx, const void *model, double *values, const bram_query *q)
{
    const bram_recurrent *f = model;
    bram_mat states, y = {0};
    if (q->starts == 0) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &states, q->starts, f->width));
    BRAM_TRY(states_at_starts(cx, &states, f, q));
    if (inputs_of(f)) BRAM_TRY(make_rows(cx, &y, f, q));
    for (size_t h = 0; h < q->steps; h++) {
        bram_mat mean = {values + h * f->units, q->starts, f->units, q->steps * f->units};
        BRAM_TRY(f->predict(cx, f->fitted, &mean, &states));
        for (size_t i = 0; y.data && i < y.rows; i++)
            memcpy(bram_row(&y, i), bram_row(&mean, i), f->units * sizeof *y.data);
        if (h + 1 < q->steps)
            BRAM_TRY(f->advance(cx, f->fitted, &states, y.data ? &y : &mean, NULL));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return BRAM_OK;
}

int bram_recurrent_answer(bram_ctx *cx, const bram_recurrent *f, const bram_query *query,
                          bram_dataset *out)
{
    bram_forecaster any = {f, f->units, bram_recurrent_step, bram_recurrent_run, f->variance};
    return bram_answer(cx, &any, query, out);
}
