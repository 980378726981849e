/*
 * spike_tokens.c - spike-token transformers: layout, first values, segments as windows of tokens;
 * see spike_tokens.h.
 */
#include "spike_tokens.h"

#include "linalg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double SMALL = 0.02, FORGOTTEN = 0.5; /* embeddings (GPT-2); spikes of a silent unit */

/* ---- layout --------------------------------------------------------------------------------- */

static void set(bram_token_net *n, const bram_options *o)
{
    bram_nn_tokens *s = &n->shape;
    s->span = (size_t)bram_option_integer(o, "span");
    s->context = (size_t)bram_option_integer(o, "context");
    s->width = (size_t)bram_option_integer(o, "width");
    s->layers = (size_t)bram_option_integer(o, "layers");
    s->heads = (size_t)bram_option_integer(o, "heads");
    s->ff = (size_t)bram_option_integer(o, "ff");
    s->dropout = bram_option_real(o, "dropout");
    s->inputs = 2 * n->columns;
}

static void add_head(bram_token_net *n)
{
    bram_nn_tokens_tensor *t = &n->tensor[n->tensors];
    t[0] = (bram_nn_tokens_tensor){"head", "weight", n->parameters, n->targets, n->shape.width};
    t[1] = (bram_nn_tokens_tensor){"head", "bias", n->parameters + n->targets * n->shape.width,
                                   n->targets, 0};
    n->tensors += 2;
    n->parameters += n->targets * (n->shape.width + 1);
}

static int build(bram_ctx *cx, bram_token_net *n)
{
    if (n->shape.width % n->shape.heads)
        return bram_fail(cx, BRAM_EUSAGE, "width is %zu, no multiple of %zu heads", n->shape.width,
                         n->shape.heads);
    n->tensors = bram_nn32_tokens_tensors(&n->shape, NULL, &n->parameters);
    n->tensor = bram_alloc(cx, n->tensors + 2, sizeof *n->tensor);
    if (!n->tensor) return BRAM_ENOMEM;
    bram_nn32_tokens_tensors(&n->shape, n->tensor, NULL);
    if (n->targets) add_head(n);
    n->parameter = bram_alloc(cx, n->parameters, sizeof *n->parameter);
    return n->parameter ? BRAM_OK : BRAM_ENOMEM;
}

int bram_token_net_new(bram_ctx *cx, bram_token_net **out, const bram_options *o, size_t units,
                       size_t columns, size_t targets)
{
    bram_token_net *n = bram_alloc(cx, 1, sizeof *n);
    if (!n) return BRAM_ENOMEM;
    *n = (bram_token_net){.shape.units = units, .columns = columns, .targets = targets};
    set(n, o);
    int status = build(cx, n);
    if (status == BRAM_OK) *out = n;
    else bram_token_net_free(n);
    return status;
}

void bram_token_net_free(void *net)
{
    bram_token_net *n = net;
    if (!n) return;
    bram_mat *const all[] = {&n->mean,   &n->most,     &n->input,     &n->target, &n->history,
                             &n->tuning, &n->coupling, &n->attention, &n->lag,    &n->part};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) bram_free(all[k]->data);
    bram_free(n->tensor);
    bram_free(n->parameter);
    bram_free(n);
}

/* Parameters, two gradients, two moments and the best so far; counts and inputs; a few windows. */
size_t bram_token_net_memory(const bram_options *o, size_t rows, size_t units, size_t columns)
{
    bram_token_net n = {.shape.units = units, .columns = columns};
    set(&n, o);
    bram_nn32_tokens_tensors(&n.shape, NULL, &n.parameters);
    double tokens = (double)(n.shape.span * units + 1);
    double keys = (double)n.shape.context * (double)(units + 1) + 2;
    double heads = (double)(n.shape.layers * n.shape.heads);
    double window = heads * tokens * (tokens + keys) +
                    (double)n.shape.layers * tokens *
                        (double)(12 * n.shape.width + 2 * n.shape.ff) +
                    (double)n.shape.layers * keys * 2 * (double)n.shape.width;
    double bytes = 4 * (6 * (double)n.parameters + 16 * window) +
                   (double)rows * (double)(9 * units + 8 * columns) +
                   16 * 16 * (double)units * (double)units;
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX;
}

/* ---- first values --------------------------------------------------------------------------- */

static void draw(float *value, size_t n, double bound, bram_rng *g)
{
    for (size_t i = 0; i < n; i++) value[i] = (float)(bound * (2 * bram_rng_uniform(g) - 1));
}

/* As PyTorch starts its layers; embeddings small; norms at 1 and 0; readouts at the mean rates. */
void bram_token_net_start(bram_token_net *n, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "tokens/start");
    for (size_t k = 0; k < n->tensors; k++) {
        const bram_nn_tokens_tensor *t = &n->tensor[k];
        size_t size = t->rows * (t->cols ? t->cols : 1);
        float *value = n->parameter + t->at;
        bool embeds = strcmp(t->group, "embedding") == 0 || strcmp(t->name, "rest") == 0 ||
                      strcmp(t->name, "lag.weight") == 0;
        if (embeds)
            for (size_t i = 0; i < size; i++) value[i] = (float)(SMALL * bram_rng_normal(&g));
        else if (strstr(t->name, "norm"))
            for (size_t i = 0; i < size; i++) value[i] = strstr(t->name, "weight") ? 1 : 0;
        else if (strstr(t->name, "in_proj_weight")) /* Glorot & Bengio 2010 */
            draw(value, size, sqrt(6.0 / (double)(t->rows + t->cols)), &g);
        else if (strcmp(t->name, "unit.bias") == 0)
            for (size_t i = 0; i < size; i++) value[i] = (float)log(n->mean.data[i]);
        else if (strcmp(t->group, "readout") == 0 || (strstr(t->name, "attn") && !t->cols))
            memset(value, 0, size * sizeof *value);
        else draw(value, size, 1 / sqrt((double)(t->cols ? t->cols : t[-1].cols)), &g);
    }
}

/* ---- counts --------------------------------------------------------------------------------- */

static int check_count(bram_ctx *cx, double y, const bram_segment *s, size_t row, size_t unit)
{
    const char *id = s->id ? s->id : "segment";
    if (!isfinite(y))
        return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu of unit %zu is %g", id, row, unit, y);
    if (y < 0 || y != floor(y))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: row %zu of unit %zu is %g, not a count", id,
                         row, unit, y);
    return BRAM_OK;
}

static int put_inputs(bram_ctx *cx, bram_token_source *out, const bram_token_net *n,
                      const bram_segment *s)
{
    size_t columns = n->columns;
    if (s->x.cols != columns)
        return bram_fail(cx, BRAM_ESHAPE, "%zu inputs, the model was fitted on %zu", s->x.cols,
                         columns);
    float *input = bram_scratch(cx, out->rows, 2 * columns * sizeof *input);
    if (!input) return BRAM_ENOMEM;
    for (size_t r = 0; r < out->rows; r++)
        for (size_t k = 0; k < columns; k++) {
            if (s->x_present && !s->x_present[r * columns + k]) continue;
            double x = bram_row(&s->x, r)[k];
            if (!isfinite(x))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu of input %zu is %g",
                                 s->id ? s->id : "segment", r, k, x);
            input[r * 2 * columns + k] = (float)((x - n->input.data[k]) /
                                                 bram_row(&n->input, 1)[k]);
            input[r * 2 * columns + columns + k] = 1;
        }
    out->input = input;
    return BRAM_OK;
}

int bram_token_source_make(bram_ctx *cx, bram_token_source *out, const bram_token_net *n,
                           const bram_segment *s, bool of_x)
{
    const bram_mat *from = of_x ? &s->x : &s->y;
    const uint8_t *present = of_x ? s->x_present : s->y_present;
    size_t units = n->shape.units;
    if (from->cols != units)
        return bram_fail(cx, BRAM_ESHAPE, "%zu units, the model was fitted on %zu", from->cols,
                         units);
    *out = (bram_token_source){.s = s,
                               .rows = from->rows,
                               .first = s->first,
                               .present = present,
                               .input_rows = from->rows};
    double *y = bram_scratch(cx, from->rows, units * sizeof *y);
    if (!y) return BRAM_ENOMEM;
    for (size_t r = 0; r < from->rows; r++)
        for (size_t i = 0; i < units; i++) {
            if (present && !present[r * units + i]) continue;
            y[r * units + i] = bram_row(from, r)[i];
            BRAM_TRY(check_count(cx, y[r * units + i], s, r, i));
        }
    out->y = y;
    return n->columns ? put_inputs(cx, out, n, s) : BRAM_OK;
}

int bram_token_sources(bram_ctx *cx, bram_token_source **out, const bram_token_net *n,
                       const bram_panel *panel, bool of_x)
{
    bram_token_source *source = bram_scratch(cx, panel->segments, sizeof *source);
    if (!source) return BRAM_ENOMEM;
    for (size_t s = 0; s < panel->segments; s++)
        BRAM_TRY(bram_token_source_make(cx, &source[s], n, &panel->segment[s], of_x));
    *out = source;
    return BRAM_OK;
}

/* Mean and deviation of the present finite values of a column, over target rows. */
static void scale_column(double *mean, double *deviation, const bram_panel *panel, bool of_x,
                         size_t column, double *most)
{
    double count = 0, sum = 0, square = 0;
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        const bram_mat *m = of_x ? &g->x : &g->y;
        const uint8_t *present = of_x ? g->x_present : g->y_present;
        for (size_t r = g->first; r < m->rows; r++) {
            if (present && !present[r * m->cols + column]) continue;
            double v = bram_row(m, r)[column], d = v - sum;
            sum += d / ++count; /* a running mean */
            square += d * (v - sum);
            if (most && v > *most) *most = v;
        }
    }
    *mean = sum;
    if (deviation) *deviation = count > 0 && square > 0 ? sqrt(square / count) : 1;
}

int bram_token_net_scale(bram_ctx *cx, bram_token_net *n, const bram_panel *train, bool of_x)
{
    size_t rows = 0;
    for (size_t s = 0; s < train->segments; s++)
        rows += train->segment[s].y.rows - train->segment[s].first;
    if (!rows) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no rows to learn from");
    BRAM_TRY(bram_mat_new(cx, &n->mean, 1, n->shape.units));
    BRAM_TRY(bram_mat_new(cx, &n->most, 1, n->shape.units));
    if (n->columns) BRAM_TRY(bram_mat_new(cx, &n->input, 2, n->columns));
    if (n->targets) BRAM_TRY(bram_mat_new(cx, &n->target, 2, n->targets));
    for (size_t i = 0; i < n->shape.units; i++) {
        n->most.data[i] = 1;
        scale_column(&n->mean.data[i], NULL, train, of_x, i, &n->most.data[i]);
        if (!(n->mean.data[i] > 0)) n->mean.data[i] = FORGOTTEN / (double)rows;
    }
    for (size_t k = 0; k < n->columns; k++)
        scale_column(&n->input.data[k], &bram_row(&n->input, 1)[k], train, true, k, NULL);
    for (size_t k = 0; k < n->targets; k++)
        scale_column(&n->target.data[k], &bram_row(&n->target, 1)[k], train, false, k, NULL);
    return BRAM_OK;
}

/* ---- windows -------------------------------------------------------------------------------- */

static bool fires(const bram_token_source *s, size_t units, size_t row, size_t unit)
{
    return s->y[row * units + unit] > 0 && (!s->present || s->present[row * units + unit]);
}

void bram_token_row(const bram_token_net *n, bram_nn_token *token, size_t *count,
                    const bram_token_source *s, size_t first, size_t row)
{
    size_t units = n->shape.units;
    for (size_t i = 0; i < units; i++)
        if (fires(s, units, row, i))
            token[(*count)++] = (bram_nn_token){(uint32_t)i, (uint32_t)(row - first),
                                                s->y[row * units + i]};
}

/* Where the next token, row of memory and row of inputs go; without arrays it only counts. */
struct filling {
    bram_nn_token *token, *memory;
    float *input;
    size_t tokens, keys, inputs;
};

static size_t firing(const bram_token_source *s, size_t units, size_t row)
{
    size_t sum = 0;
    for (size_t i = 0; i < units; i++) sum += fires(s, units, row, i);
    return sum;
}

static void put_memory(struct filling *f, const bram_token_net *n, const bram_token_window *w)
{
    const bram_token_source *s = w->source;
    size_t context = n->shape.context, from = w->first > context ? w->first - context : 0;
    if (f->memory) f->memory[f->keys] = (bram_nn_token){BRAM_TOKEN_REST, 0, 1};
    f->keys++;
    for (size_t r = from; s->input && r <= w->first && r < s->input_rows; r++) {
        if (f->memory) {
            f->memory[f->keys] = (bram_nn_token){BRAM_TOKEN_INPUT, (uint32_t)(w->first - r), 1};
            memcpy(f->input + f->inputs * n->shape.inputs, s->input + r * n->shape.inputs,
                   n->shape.inputs * sizeof *f->input);
        }
        f->keys++, f->inputs++;
    }
    for (size_t r = from; r < w->first; r++) {
        size_t at = f->keys;
        if (!f->memory) f->keys += firing(s, n->shape.units, r);
        else bram_token_row(n, f->memory, &f->keys, s, 0, r);
        for (; f->memory && at < f->keys; at++) f->memory[at].row = (uint32_t)(w->first - r);
    }
}

static void put_tokens(struct filling *f, const bram_token_net *n, const bram_token_window *w)
{
    if (f->token) f->token[f->tokens] = (bram_nn_token){(uint32_t)n->shape.units, 0, 1};
    f->tokens++;
    for (size_t r = w->first; r < w->first + w->rows; r++)
        if (!f->token) f->tokens += firing(w->source, n->shape.units, r);
        else bram_token_row(n, f->token, &f->tokens, w->source, w->first, r);
}

int bram_token_batch_make(bram_ctx *cx, bram_token_batch *out, const bram_token_net *n,
                          const bram_token_window *window, size_t windows)
{
    struct filling f = {0};
    for (size_t k = 0; k < windows; k++)
        put_memory(&f, n, &window[k]), put_tokens(&f, n, &window[k]);
    bram_nn_sequence *sequence = bram_scratch(cx, windows, sizeof *sequence);
    f.token = bram_scratch(cx, f.tokens, sizeof *f.token);
    f.memory = bram_scratch(cx, f.keys, sizeof *f.memory);
    f.input = bram_scratch(cx, f.inputs * n->shape.inputs + 1, sizeof *f.input);
    if (!sequence || !f.token || !f.memory || !f.input) return BRAM_ENOMEM;
    f.tokens = f.keys = f.inputs = 0;
    for (size_t k = 0; k < windows; k++) {
        sequence[k] = (bram_nn_sequence){.first = f.tokens, .memory = f.keys};
        put_memory(&f, n, &window[k]), put_tokens(&f, n, &window[k]);
        sequence[k].rows = f.tokens - sequence[k].first;
        sequence[k].keys = f.keys - sequence[k].memory;
    }
    *out = (bram_token_batch){{.sequence = sequence,
                               .sequences = windows,
                               .rows = f.tokens,
                               .keys = f.keys,
                               .token = f.token,
                               .memory = f.memory,
                               .input = f.input,
                               .input_rows = f.inputs},
                              sequence,
                              f.token};
    return BRAM_OK;
}

bram_nn_cells bram_token_cells(const bram_token_net *n, const bram_token_window *w)
{
    const bram_token_source *s = w->source;
    size_t at = w->first * n->shape.units;
    return (bram_nn_cells){.units = n->shape.units,
                           .from = s->first > w->first ? s->first - w->first : 0,
                           .rows = w->rows,
                           .y = s->y + at,
                           .present = s->present ? s->present + at : NULL};
}
