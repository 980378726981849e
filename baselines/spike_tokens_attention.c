/*
 * spike_tokens_attention.c - which neuron looks at which: what a trained spike-token transformer
 * attends to in its context, as matrices from neuron j to neuron i.
 *
 * attention: the mean probability, over layers, heads, and all pairs of a token of j in memory and
 * a query whose next token is of i, less the mean over the queries of all next tokens. It is what
 * is read off in Neuroformer (Antoniades et al. 2023); it says that j is looked at when i is about
 * to fire, not what for.
 *
 * coupling: what a token of j in memory does to log lambda of i. A head with probabilities p adds
 * the sum S of p_k u_k to the row of a query, u_k being key k's value through the output product;
 * without key k the others' probabilities grow by 1 / (1 - p_k), so k adds p_k (u_k - S) / (1 -
 * p_k). Read out on the straight way through the last norm, whose scale is kept,
 *
 *   coupling[j][i] = mean over queries and keys of j of
 *                    sum over layers and heads of p_k (l_k[i] - sum of p l[i]) / (1 - p_k) / sd,
 *   l_k = A (g (u_k - mean u_k)),      g, sd: gain and deviation of the last norm
 *
 * over the queries whose rate of i counts for a cell. What later layers make of it is left out.
 * Attention times value on the logits: Kobayashi et al. 2020; Elhage et al. 2021.
 */
#include "linalg.h"
#include "nn_layer.h"
#include "spike_tokens.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { TASKS = 16, MOST_WINDOWS = 2048 }; /* fixed, so that sums do not depend on threads */

static const double LEAST = 1e-6; /* that a probability leaves for others: rounding below it */

/* Sums of one task. */
struct sums {
    double *coupling, *pairs; /* units x units: from x to */
    double *attention, *seen; /* units x units: from x next */
    double *lag, queries;     /* layers heads x (context + 2) */
    double part[3];           /* of the loss */
};

struct survey {
    const bram_token_net *n;
    const bram_token_window *window;
    size_t windows;
    struct sums *sums;
};

/* A window after the way forward. */
struct view {
    const bram_token_net *n;
    const bram_token_batch *b;
    bram_nn_cells cells;
    bram_nn32_tokens_out out;
    float *logit;   /* heads, keys, units: l_k of one layer */
    double *shared; /* units: sum of p l */
};

/* l_k of all heads and keys of a layer. */
static int read_values(bram_ctx *cx, struct view *v, size_t layer)
{
    const bram_nn_tokens *s = &v->n->shape;
    size_t w = s->width, each = w / s->heads, keys = v->b->pass.keys, mark = bram_scratch_mark(cx);
    size_t before = v->n->tensors - (v->n->targets ? 2 : 0) - 6;
    const bram_nn_tokens_tensor *t = v->n->tensor;
    size_t own = before - s->layers * BRAM_NN_DECODER_TENSORS + layer * BRAM_NN_DECODER_TENSORS;
    const float *out_w = v->n->parameter + t[own + BRAM_DECODER_CROSS_OUT_W].at;
    const float *gain = v->n->parameter + t[before].at;
    const float *read = v->n->parameter + t[before + 2].at;
    float *u = bram_scratch(cx, keys, w * sizeof *u);
    if (!u) return BRAM_ENOMEM;
    for (size_t h = 0; h < s->heads; h++) {
        for (size_t k = 0; k < keys; k++) {
            const float *value = v->out.layer[layer].kv + k * 2 * w + w + h * each;
            double mean = 0;
            for (size_t i = 0; i < w; i++) {
                float sum = 0;
                for (size_t e = 0; e < each; e++) sum += out_w[i * w + h * each + e] * value[e];
                u[k * w + i] = sum;
                mean += (double)sum / (double)w;
            }
            for (size_t i = 0; i < w; i++) u[k * w + i] = (u[k * w + i] - (float)mean) * gain[i];
        }
        bram_nn32_linear(v->logit + h * keys * s->units, u, read, NULL, keys, w, s->units);
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The cells whose rates are those of token q: from the one after it to the next token's own. */
static bool reaches(const struct view *v, size_t q, size_t unit)
{
    const bram_nn_token *t = v->b->token, *next = q + 1 < v->b->pass.rows ? &t[q + 1] : NULL;
    size_t units = v->n->shape.units, row = t[q].unit < units ? t[q].row : 0;
    size_t last = next ? next->row : v->cells.rows - 1;
    for (size_t d = row; d <= last; d++) {
        bool after = d > row || t[q].unit >= units || unit > t[q].unit;
        bool until = !next || d < next->row || unit <= next->unit;
        bool there = !v->cells.present || v->cells.present[d * units + unit];
        if (after && until && there && d >= v->cells.from) return true;
    }
    return false;
}

static void add_coupling(struct view *v, size_t layer, size_t q, struct sums *to)
{
    const bram_nn_tokens *s = &v->n->shape;
    size_t keys = v->b->pass.keys, queries = v->b->pass.rows, units = s->units;
    const bram_nn_token *memory = v->b->pass.memory;
    double scale = (double)v->out.keep[2 * q + 1]; /* 1 / sd */
    for (size_t i = 0; i < units; i++) {
        if (!reaches(v, q, i)) continue;
        for (size_t h = 0; h < s->heads; h++) {
            const float *p = v->out.layer[layer].cross + (h * queries + q) * keys;
            const float *l = v->logit + h * keys * units + i;
            double shared = 0;
            for (size_t k = 0; k < keys; k++) shared += (double)p[k] * (double)l[k * units];
            for (size_t k = 0; k < keys; k++)
                if (memory[k].unit < units)
                    to->coupling[memory[k].unit * units + i] += (double)p[k] /
                                                                fmax(LEAST, 1 - (double)p[k]) *
                                                                ((double)l[k * units] - shared) *
                                                                scale;
        }
        for (size_t k = 0; k < keys && layer == 0; k++)
            if (memory[k].unit < units) to->pairs[memory[k].unit * units + i]++;
    }
}

static void add_attention(struct view *v, size_t layer, size_t q, struct sums *to)
{
    const bram_nn_tokens *s = &v->n->shape;
    size_t keys = v->b->pass.keys, queries = v->b->pass.rows, units = s->units;
    const bram_nn_token *memory = v->b->pass.memory;
    size_t next = q + 1 < queries ? v->b->token[q + 1].unit : units;
    for (size_t h = 0; h < s->heads; h++) {
        const float *p = v->out.layer[layer].cross + (h * queries + q) * keys;
        double *lag = to->lag + (layer * s->heads + h) * (s->context + 2);
        for (size_t k = 0; k < keys; k++) {
            size_t at = memory[k].unit == BRAM_TOKEN_REST    ? 0
                        : memory[k].unit == BRAM_TOKEN_INPUT ? 1
                                                             : 1 + memory[k].row;
            lag[at] += (double)p[k];
            if (memory[k].unit < units)
                to->attention[memory[k].unit * (units + 1) + next] +=
                    (double)p[k] / (double)(s->layers * s->heads);
        }
    }
    for (size_t k = 0; k < keys && layer == 0; k++)
        if (memory[k].unit < units) to->seen[memory[k].unit * (units + 1) + next]++;
    if (layer == 0) to->queries++;
}

static int look_at(bram_ctx *cx, const struct survey *y, const bram_token_window *w,
                   struct sums *to)
{
    const bram_token_net *n = y->n;
    size_t mark = bram_scratch_mark(cx);
    bram_token_batch b;
    struct view v = {.n = n, .b = &b, .cells = bram_token_cells(n, w)};
    double part[3];
    BRAM_TRY(bram_token_batch_make(cx, &b, n, w, 1));
    float *room = bram_scratch(cx, bram_nn32_tokens_room(&n->shape, &b.pass), sizeof *room);
    v.logit = bram_scratch(cx, n->shape.heads * b.pass.keys, n->shape.units * sizeof *v.logit);
    if (!room || !v.logit) return BRAM_ENOMEM;
    bram_nn32_tokens(&n->shape, n->parameter, &b.pass, room, &v.out);
    bram_nn32_tokens_split(&v.cells, n->shape.span, b.token, b.pass.rows, v.out.unit, v.out.time,
                           part);
    for (size_t k = 0; k < 3; k++) to->part[k] += part[k];
    for (size_t layer = 0; layer < n->shape.layers; layer++) {
        BRAM_TRY(read_values(cx, &v, layer));
        for (size_t q = 0; q < b.pass.rows; q++) {
            add_coupling(&v, layer, q, to);
            add_attention(&v, layer, q, to);
        }
    }
    bram_scratch_release(cx, mark);
    return bram_ctx_check_cancel(cx);
}

/* Task t has windows t, t + TASKS, ... */
static int survey_task(bram_ctx *cx, size_t task, void *user)
{
    struct survey *y = user;
    for (size_t k = task; k < y->windows; k += TASKS)
        BRAM_TRY(look_at(cx, y, &y->window[k], &y->sums[task]));
    return BRAM_OK;
}

/* ---- the matrices --------------------------------------------------------------------------- */

static int make_sums(bram_ctx *cx, struct sums *s, const bram_nn_tokens *n)
{
    size_t u = n->units;
    s->coupling = bram_scratch(cx, u, u * sizeof(double));
    s->pairs = bram_scratch(cx, u, u * sizeof(double));
    s->attention = bram_scratch(cx, u, (u + 1) * sizeof(double));
    s->seen = bram_scratch(cx, u, (u + 1) * sizeof(double));
    s->lag = bram_scratch(cx, n->layers * n->heads, (n->context + 2) * sizeof(double));
    return s->coupling && s->pairs && s->attention && s->seen && s->lag ? BRAM_OK : BRAM_ENOMEM;
}

static void add_all(double *to, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

static void join(struct sums *sums, const bram_nn_tokens *n)
{
    size_t u = n->units;
    for (size_t k = 1; k < TASKS; k++) {
        add_all(sums->coupling, sums[k].coupling, u * u);
        add_all(sums->pairs, sums[k].pairs, u * u);
        add_all(sums->attention, sums[k].attention, u * (u + 1));
        add_all(sums->seen, sums[k].seen, u * (u + 1));
        add_all(sums->lag, sums[k].lag, n->layers * n->heads * (n->context + 2));
        add_all(sums->part, sums[k].part, 3);
        sums->queries += sums[k].queries;
    }
}

static int keep(bram_ctx *cx, bram_token_net *n, const struct sums *s)
{
    size_t u = n->shape.units, rows = n->shape.layers * n->shape.heads, cols = n->shape.context + 2;
    BRAM_TRY(bram_mat_new(cx, &n->coupling, u, u));
    BRAM_TRY(bram_mat_new(cx, &n->attention, u, u));
    BRAM_TRY(bram_mat_new(cx, &n->lag, rows, cols));
    BRAM_TRY(bram_mat_new(cx, &n->part, 1, 3));
    for (size_t j = 0; j < u; j++) {
        double all = 0, seen = 0;
        for (size_t i = 0; i <= u; i++)
            all += s->attention[j * (u + 1) + i], seen += s->seen[j * (u + 1) + i];
        for (size_t i = 0; i < u; i++) {
            size_t at = j * (u + 1) + i;
            double pairs = s->pairs[j * u + i];
            bram_row(&n->coupling, j)[i] = pairs > 0 ? s->coupling[j * u + i] / pairs : 0;
            if (s->seen[at] > 0)
                bram_row(&n->attention, j)[i] = s->attention[at] / s->seen[at] - all / seen;
        }
    }
    for (size_t i = 0; i < rows * cols; i++) n->lag.data[i] = s->lag[i] / fmax(1, s->queries);
    memcpy(n->part.data, s->part, sizeof s->part);
    return BRAM_OK;
}

/* Windows of all segments at multiples of the span, of many evenly some. */
static int list_windows(bram_ctx *cx, struct survey *y, const bram_token_source *source,
                        size_t segments)
{
    size_t span = y->n->shape.span, all = 0, at = 0;
    for (size_t s = 0; s < segments; s++) all += (source[s].rows + span - 1) / span;
    size_t every = (all + MOST_WINDOWS - 1) / MOST_WINDOWS;
    bram_token_window *window = bram_scratch(cx, all / (every ? every : 1) + 1, sizeof *window);
    if (!window) return BRAM_ENOMEM;
    for (size_t s = 0; s < segments; s++)
        for (size_t first = 0; first < source[s].rows; first += span)
            if (at++ % every == 0) {
                size_t left = source[s].rows - first;
                window[y->windows++] = (bram_token_window){&source[s], first,
                                                           left < span ? left : span};
            }
    y->window = window;
    return BRAM_OK;
}

static int survey(bram_ctx *cx, bram_token_net *n, const bram_panel *train, bool of_x)
{
    struct survey y = {.n = n};
    struct sums sums[TASKS] = {{NULL}};
    bram_token_source *source = NULL;
    BRAM_TRY(bram_token_sources(cx, &source, n, train, of_x));
    BRAM_TRY(list_windows(cx, &y, source, train->segments));
    for (size_t k = 0; k < TASKS; k++) BRAM_TRY(make_sums(cx, &sums[k], &n->shape));
    y.sums = sums;
    BRAM_TRY(bram_parallel_for(cx, TASKS, survey_task, &y));
    join(sums, &n->shape);
    for (size_t k = 0; k < 3; k++) sums->part[k] /= fmax(1, (double)y.windows);
    return keep(cx, n, sums);
}

int bram_token_attention(bram_ctx *cx, bram_token_net *n, const bram_panel *train, bool of_x)
{
    size_t mark = bram_scratch_mark(cx);
    int status = survey(cx, n, train, of_x);
    bram_scratch_release(cx, mark);
    return status;
}
