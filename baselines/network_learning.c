/*
 * network_learning.c - what a training does to a network: how far its weights go, the rank of the
 * recurrent ones, and whether the tangent kernel stays; see network_init.h.
 *
 * The tangent kernel of two rows, K(a, b) = sum over outputs o of <df_o(a)/dw, df_o(b)/dw> (Jacot
 * et al. 2018), is taken over 256 rows spread over the panel, each told from the window that ends
 * with it. The sum over outputs is estimated by 4 random signs for each output, the same at the
 * start and at the end: the mean over signs v of <d(v'f)(a)/dw, d(v'f)(b)/dw> is K. Its alignment
 * at the two times is tr(K0 K1) / (|K0| |K1|): 1 where only its scale changes (lazy).
 */
#include "linalg.h"
#include "network_init.h"

#include <math.h>
#include <string.h>

const char *const bram_learning_names[] = {"kernel_alignment", "recurrent_change", "weight_change",
                                           "rank_first",       "rank_last",        NULL};

/* ---- the tangent kernel --------------------------------------------------------------------- */

struct work {
    const bram_network *n;
    float *x, *room, *top, *dtop, *dout, *gradient;
    size_t bins;
};

static int make_work(bram_ctx *cx, struct work *w, const bram_network *n, size_t bins)
{
    size_t inputs = bram_network_inputs(n), outputs = bram_network_outputs(n);
    *w = (struct work){.n = n, .bins = bins};
    w->x = bram_scratch(cx, n->window, inputs * sizeof(float));
    w->room = bram_scratch(cx, n->body->room(n, 1, n->window), sizeof(float));
    w->dtop = bram_scratch(cx, n->window, n->width * sizeof(float));
    w->dout = bram_scratch(cx, n->window, outputs * sizeof(float));
    w->gradient = bram_scratch(cx, bins, n->parameters * sizeof(float));
    return w->x && w->room && w->dtop && w->dout && w->gradient ? BRAM_OK : BRAM_ENOMEM;
}

/* The gradient of the sum of outputs with these signs after row `row` of a segment. */
static int gradient_of(bram_ctx *cx, struct work *w, float *gradient, const bram_segment *s,
                       size_t row, const float *sign)
{
    const bram_network *n = w->n;
    size_t inputs = bram_network_inputs(n), outputs = bram_network_outputs(n);
    size_t steps = row + 1 < n->window ? row + 1 : n->window;
    bram_pass p = {.windows = 1, .steps = steps, .most = n->window, .x = w->x};
    for (size_t k = 0; k < steps; k++)
        BRAM_TRY(bram_network_put(cx, n, w->x + k * inputs, s, row + 1 - steps + k, NULL));
    if (n->body->rewind) n->body->rewind(n, &p, w->room);
    const float *top = n->body->forward(n, &p, w->room);
    memset(w->dout, 0, steps * outputs * sizeof *w->dout);
    memcpy(w->dout + (steps - 1) * outputs, sign, outputs * sizeof *sign);
    memset(gradient, 0, n->parameters * sizeof *gradient);
    bram_network_read_back(n, w->dtop, gradient, w->dout, top, steps);
    n->body->backward(n, &p, w->room, gradient, w->dtop);
    return bram_ctx_check_cancel(cx);
}

/* Row number `at` of all rows of a panel. */
static const bram_segment *find_row(const bram_panel *panel, size_t at, size_t *row)
{
    const bram_segment *s = panel->segment;
    for (; at >= s->y.rows; s++) at -= s->y.rows;
    *row = at;
    return s;
}

static size_t rows_of(const bram_panel *panel)
{
    size_t rows = 0;
    for (size_t s = 0; s < panel->segments; s++) rows += panel->segment[s].y.rows;
    return rows;
}

static int add_kernel(bram_ctx *cx, bram_mat *kernel, struct work *w, const bram_panel *panel,
                      const float *sign)
{
    size_t rows = rows_of(panel), bins = w->bins, parameters = w->n->parameters;
    for (size_t b = 0; b < bins; b++) {
        size_t row;
        const bram_segment *s = find_row(panel, b * rows / bins, &row);
        BRAM_TRY(gradient_of(cx, w, w->gradient + b * parameters, s, row, sign));
    }
    size_t mark = bram_scratch_mark(cx);
    float *product = bram_scratch(cx, bins, bins * sizeof *product);
    if (!product) return BRAM_ENOMEM;
    bram_gemm_f32(product, w->gradient, BRAM_AS_IS, w->gradient, BRAM_TRANSPOSED, bins, bins,
                  parameters, 0);
    for (size_t i = 0; i < bins * bins; i++) kernel->data[i] += (double)product[i];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int make_kernel(bram_ctx *cx, bram_mat *kernel, const bram_learning *l)
{
    size_t bins = kernel->rows, outputs = bram_network_outputs(l->n);
    size_t mark = bram_scratch_mark(cx);
    struct work w;
    float *sign = bram_scratch(cx, outputs, sizeof *sign);
    if (!sign) return BRAM_ENOMEM;
    BRAM_TRY(make_work(cx, &w, l->n, bins));
    for (uint64_t k = 0; k < BRAM_LEARNING_OUTPUTS; k++) {
        bram_rng g = bram_rng_at(l->seed, "network/learning", k);
        for (size_t o = 0; o < outputs; o++) sign[o] = bram_rng_u64(&g) >> 63 ? 1.0f : -1.0f;
        BRAM_TRY(add_kernel(cx, kernel, &w, l->panel, sign));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- the measures --------------------------------------------------------------------------- */

int bram_learning_begin(bram_ctx *cx, bram_learning *l, const bram_network *n,
                        const bram_panel *panel, uint64_t seed)
{
    size_t rows = rows_of(panel);
    size_t bins = rows < BRAM_LEARNING_BINS ? rows : BRAM_LEARNING_BINS;
    *l = (bram_learning){.n = n, .panel = panel, .seed = seed};
    l->first = bram_scratch(cx, n->parameters, sizeof *l->first);
    if (!l->first) return BRAM_ENOMEM;
    memcpy(l->first, n->parameter, n->parameters * sizeof *l->first);
    BRAM_TRY(bram_mat_scratch(cx, &l->kernel, bins, bins));
    return make_kernel(cx, &l->kernel, l);
}

static double product(const bram_mat *a, const bram_mat *b)
{
    double sum = 0;
    for (size_t i = 0; i < a->rows * a->cols; i++) sum += a->data[i] * b->data[i];
    return sum;
}

static double change(const bram_mat *first, const bram_mat *last)
{
    double sum = 0;
    for (size_t i = 0; i < first->rows * first->cols; i++)
        sum += pow(last->data[i] - first->data[i], 2);
    double norm = product(first, first);
    return norm > 0 ? sqrt(sum / norm) : (double)NAN;
}

static int weight_changes(bram_ctx *cx, double *measure, const bram_learning *l)
{
    const bram_network *n = l->n;
    bram_mat all[2], w[2] = {{NULL}};
    const float *values[2] = {l->first, n->parameter};
    for (size_t k = 0; k < 2; k++) {
        BRAM_TRY(bram_mat_scratch(cx, &all[k], 1, n->parameters));
        for (size_t i = 0; i < n->parameters; i++) all[k].data[i] = (double)values[k][i];
        BRAM_TRY(n->body->matrix(cx, n, values[k], &w[k]));
        BRAM_TRY(bram_rank_of_weights(cx, &measure[3 + k], &w[k]));
    }
    measure[1] = change(&w[0], &w[1]), measure[2] = change(&all[0], &all[1]);
    return BRAM_OK;
}

int bram_learning_end(bram_ctx *cx, bram_mat *out, const bram_learning *l)
{
    size_t mark = bram_scratch_mark(cx), bins = l->kernel.rows;
    double measure[5];
    bram_mat kernel, m;
    BRAM_TRY(weight_changes(cx, measure, l));
    BRAM_TRY(bram_mat_scratch(cx, &kernel, bins, bins));
    BRAM_TRY(make_kernel(cx, &kernel, l));
    measure[0] = product(&l->kernel, &kernel) / sqrt(product(&l->kernel, &l->kernel)) /
                 sqrt(product(&kernel, &kernel));
    bram_scratch_release(cx, mark);
    for (size_t k = 0; k < 5; k++)
        if (!isfinite(measure[k]))
            return bram_fail(cx, BRAM_ENUMERIC, "%s of the training is %g", bram_learning_names[k],
                             measure[k]);
    BRAM_TRY(bram_mat_new(cx, &m, 1, 5));
    memcpy(m.data, measure, sizeof measure);
    *out = m;
    return BRAM_OK;
}
