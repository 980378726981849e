/*
 * masked_encoder.c - a transformer encoder that sees all rows of a window and tells the units (or
 * rows) that are hidden from it; see network.h and network_encoder.c.
 *
 * A segment longer than a window is answered window by window; each but the first and the last
 * answers for its middle half, so that a row sees a quarter of a window at least on either side.
 */
#include "linalg.h"
#include "network.h"
#include "nn_layer.h"
#include "nn_math.h"

#include <string.h>

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    return bram_network_fit(cx, fitted, &bram_body_masked_encoder, o, train, validation, seed);
}

/* ---- answers -------------------------------------------------------------------------------- */

struct work {
    const bram_network *n;
    const bram_query *q;
    const bram_segment *s;
    float *x, *room, *out; /* rows of inputs, the body's, rows of outputs */
};

static int make_work(bram_ctx *cx, struct work *w, const bram_network *n, const bram_query *q)
{
    *w = (struct work){.n = n, .q = q, .s = &q->panel->segment[q->segment]};
    w->x = bram_scratch(cx, n->window, bram_network_inputs(n) * sizeof *w->x);
    w->out = bram_scratch(cx, n->window, bram_network_outputs(n) * sizeof *w->out);
    w->room = bram_scratch(cx, n->body->room(n, 1, n->window), sizeof *w->room);
    return w->x && w->out && w->room ? BRAM_OK : BRAM_ENOMEM;
}

/* Rows first .. first + steps - 1 go through, the held-out units as missing. */
static int pass_window(bram_ctx *cx, struct work *w, size_t first, size_t steps)
{
    const bram_network *n = w->n;
    size_t outputs = bram_network_outputs(n);
    for (size_t k = 0; k < steps; k++)
        BRAM_TRY(bram_network_put(cx, n, w->x + k * bram_network_inputs(n), w->s, first + k,
                                  w->q->held_out));
    bram_pass p = {.windows = 1, .steps = steps, .most = steps, .x = w->x};
    const float *top = n->body->forward(n, &p, w->room);
    bram_network_read(n, w->out, top, steps);
    if (n->counts) bram_nn32_softplus(w->out, steps * outputs);
    return bram_ctx_check_cancel(cx);
}

static int fill(bram_ctx *cx, double *value, uint8_t *mask, const bram_network *n,
                const bram_query *q)
{
    struct work w;
    BRAM_TRY(make_work(cx, &w, n, q));
    size_t rows = w.s->y.rows, quarter = n->window / 4, units = n->units;
    for (size_t row = 0; row < rows;) {
        size_t first = row > quarter ? row - quarter : 0;
        if (first + n->window > rows) first = rows > n->window ? rows - n->window : 0;
        size_t steps = rows - first < n->window ? rows - first : n->window;
        size_t until = first + steps == rows ? rows : first + steps - quarter;
        BRAM_TRY(pass_window(cx, &w, first, steps));
        for (; row < until; row++) {
            if (row < w.s->first) continue;
            double *to = value + (row - w.s->first) * units;
            bram_network_value(n, to, w.out + (row - first) * bram_network_outputs(n), NULL);
            memcpy(mask + (row - w.s->first) * units, q->held_out, units);
        }
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_network *n = fitted;
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t mark = bram_scratch_mark(cx);
    if (q->ask == BRAM_ASK_INSIDE) return bram_network_inside(cx, n, q, out);
    if (s->y.cols != n->units || !q->held_out)
        return bram_fail(cx, BRAM_ESHAPE, "%zu units, fitted on %zu; %s", s->y.cols, n->units,
                         q->held_out ? "some held out" : "nothing says which are held out");
    bram_response *r = NULL;
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, q->panel->unit));
    uint8_t *mask = bram_response_mask(cx, r);
    int status = mask ? fill(cx, bram_response_f64(r), mask, n, q) : BRAM_ENOMEM;
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- the model ------------------------------------------------------------------------------ */

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    return bram_network_load(cx, fitted, &bram_body_masked_encoder, o, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)inputs;
    return bram_network_memory(&bram_body_masked_encoder, o, rows, units);
}

static const bram_param params[] = {
    BRAM_ENCODER_PARAMS,
    {"hide", BRAM_PARAM_CHOICE, "units", "units|rows", 0, 0, "what is hidden in training"},
    {"fraction", BRAM_PARAM_REAL, "0.25", NULL, 0.001, 0.999, "of them, in each window"},
    BRAM_NETWORK_TRAINING("0.0003"),
    {.name = NULL}};

const bram_model bram_model_masked_encoder = {
    .name = "masked-encoder",
    .summary = "transformer encoder trained to tell the units or rows that are hidden from it",
    .source = "Ye & Pandarinath 2021 (NDT); masks: Devlin et al. 2019",
    .missing = "a missing value stands at the training mean and the input says so; no loss there",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_COSMOOTH) | BRAM_ANSWERS(BRAM_ASK_INSIDE),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_FINISHES,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = bram_network_save,
    .load = load,
    .release = bram_network_free,
    .memory = memory,
};
