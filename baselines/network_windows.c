/* network_windows.c - the memory of a training, and its windows; see network_training.h. */
#include "linalg.h"
#include "network_training.h"

#include <string.h>

/* ---- memory --------------------------------------------------------------------------------- */

/* All floats of a training lie in one arena: the same calls first count them and then, with a base,
 * say where they are. */
struct arena {
    float *base;
    size_t used;
};

static float *take(struct arena *a, size_t floats)
{
    enum { LINE = 16 }; /* floats of a cache line */
    float *at = a->base ? a->base + a->used : NULL;
    a->used += (floats + LINE - 1) / LINE * LINE;
    return at;
}

static void plan_half(struct arena *a, bram_training_half *h, const bram_training *t)
{
    const bram_network *n = t->n;
    size_t rows = t->window * h->pass.windows, group = bram_network_group(n, h->pass.windows);
    h->dweights = take(a, n->parameters);
    h->pass.x = h->x = take(a, rows * bram_network_inputs(n));
    h->target = take(a, rows * n->units);
    h->out = take(a, (rows < BRAM_TRAINING_ROWS ? rows : BRAM_TRAINING_ROWS) *
                         bram_network_outputs(n));
    h->dtop = take(a, t->window * group * n->width);
    h->room = take(a, n->body->room(n, group, t->window));
}

/* Parameters have a home of their own, as they outlive the training. */
static void plan(struct arena *a, bram_training *t)
{
    a->used = 0;
    t->m = take(a, t->n->parameters);
    t->v = take(a, t->n->parameters);
    t->best = take(a, t->n->parameters);
    for (size_t k = 0; k < BRAM_TRAINING_HALVES; k++) plan_half(a, &t->half[k], t);
}

static int make_half(bram_ctx *cx, bram_training_half *h, const bram_training *t, size_t first,
                     size_t windows)
{
    size_t units = t->n->units;
    h->mask = bram_scratch(cx, t->window * windows + 1, units);
    h->place = bram_scratch(cx, windows, sizeof *h->place);
    if (!h->mask || !h->place) return BRAM_ENOMEM;
    h->hidden = h->mask + t->window * windows * units;
    h->value = bram_scratch(cx, units, sizeof *h->value);
    if (!h->value) return BRAM_ENOMEM;
    h->pass = (bram_pass){
        .windows = windows, .steps = t->window, .most = t->window, .seed = t->seed, .first = first};
    return BRAM_OK;
}

int bram_training_memory(bram_ctx *cx, bram_training *t)
{
    size_t half = t->batch / 2;
    struct arena arena = {0};
    BRAM_TRY(make_half(cx, &t->half[0], t, 0, t->batch - half));
    BRAM_TRY(make_half(cx, &t->half[1], t, t->batch - half, half));
    plan(&arena, t);
    arena.base = bram_scratch(cx, arena.used, sizeof *arena.base);
    if (!arena.base) return BRAM_ENOMEM;
    plan(&arena, t);
    return BRAM_OK;
}

/* ---- windows -------------------------------------------------------------------------------- */

int bram_training_sources(bram_ctx *cx, bram_training_source **out, const bram_network *n,
                          const bram_panel *panel)
{
    bram_training_source *source = bram_scratch(cx, panel->segments, sizeof *source);
    float *row = bram_scratch(cx, bram_network_inputs(n), sizeof *row);
    if (!source || !row) return BRAM_ENOMEM;
    for (size_t s = 0; s < panel->segments; s++) {
        const bram_segment *g = &panel->segment[s];
        float *scaled = bram_scratch(cx, g->y.rows, n->units * sizeof *scaled);
        if (!scaled) return BRAM_ENOMEM;
        for (size_t r = 0; r < g->y.rows; r++) {
            bram_network_input(n, row, bram_row(&g->y, r),
                               g->y_present ? g->y_present + r * n->units : NULL, NULL);
            memcpy(scaled + r * n->units, row, n->units * sizeof *row);
        }
        source[s] = (bram_training_source){g, scaled};
    }
    *out = source;
    return BRAM_OK;
}

/* Which values of a row are targets. counts: whether it has any; hidden: the units that are, NULL:
 * all. @return how many */
static size_t put_mask(const bram_network *n, uint8_t *mask, const bram_segment *s, size_t row,
                       bool counts, const uint8_t *hidden)
{
    const uint8_t *present = s->y_present ? s->y_present + row * n->units : NULL;
    size_t counted = 0;
    if (!counts || (!present && !hidden)) {
        memset(mask, counts, n->units);
        return counts ? n->units : 0;
    }
    for (size_t i = 0; i < n->units; i++) {
        mask[i] = (!present || present[i]) && (!hidden || hidden[i]);
        counted += mask[i];
    }
    return counted;
}

/* The values of a row of targets; increments are relative to `last`. */
static void put_target(const bram_network *n, float *target, const bram_training_source *from,
                       size_t row, const float *last)
{
    const double *y = bram_row(&from->s->y, row);
    memcpy(target, from->scaled + row * n->units, n->units * sizeof *target);
    for (size_t i = 0; n->counts && i < n->units; i++) target[i] = (float)y[i];
    for (size_t i = 0; n->increment && i < n->units; i++) target[i] -= last[i];
}

static void put_input(const bram_network *n, float *u, const bram_training_source *from, size_t row,
                      const uint8_t *hidden)
{
    const uint8_t *present = from->s->y_present ? from->s->y_present + row * n->units : NULL;
    memcpy(u, from->scaled + row * n->units, n->units * sizeof *u);
    for (size_t i = 0; n->masked && i < n->units; i++) {
        bool there = (!present || present[i]) && !(hidden && hidden[i]);
        if (!there) u[i] = 0;
        u[n->units + i] = there;
    }
    bram_network_put_inputs(n, u, from->s, row + 1);
}

static void draw_hidden(const bram_network *n, uint8_t *hidden, bram_rng *g)
{
    for (size_t i = 0; i < n->units; i++) hidden[i] = bram_rng_uniform(g) < n->fraction;
}

void bram_training_window(const bram_network *n, bram_training_half *h, size_t w,
                          const bram_training_source *from, size_t first, size_t burn, bram_rng *g)
{
    size_t inputs = bram_network_inputs(n), ahead = n->hides ? 0 : 1;
    if (n->hides == BRAM_HIDE_UNITS) draw_hidden(n, h->hidden, g);
    for (size_t k = 0; k < h->pass.steps; k++) {
        size_t at = bram_network_place(n, &h->pass, w, k), row = first + k;
        float *u = h->x + at * inputs;
        if (n->hides == BRAM_HIDE_ROWS)
            memset(h->hidden, bram_rng_uniform(g) < n->fraction, n->units);
        const uint8_t *hidden = n->hides ? h->hidden : NULL;
        bool counts = k >= burn && row + ahead >= from->s->first;
        put_input(n, u, from, row, hidden);
        put_target(n, h->target + at * n->units, from, row + ahead, u);
        h->counted += put_mask(n, h->mask + at * n->units, from->s, row + ahead, counts, hidden);
    }
}

size_t bram_training_places(const bram_training *t, const bram_segment *s)
{
    size_t needed = t->window + (t->n->hides ? 0 : 1);
    return s->y.rows >= needed ? s->y.rows - needed + 1 : 0;
}

void bram_training_draw(bram_training *t, uint64_t step)
{
    bram_rng g = bram_rng_at(t->seed, "network/windows", step);
    for (size_t k = 0; k < BRAM_TRAINING_HALVES; k++)
        for (size_t w = 0; w < t->half[k].pass.windows; w++) {
            size_t place = bram_rng_below(&g, t->places);
            const bram_training_source *from = t->source[0];
            for (;; from++) {
                size_t here = bram_training_places(t, from->s);
                if (place < here) break;
                place -= here;
            }
            t->half[k].place[w] = (bram_training_place){from, place};
        }
}

int bram_training_fill(bram_ctx *cx, size_t task, void *user)
{
    bram_training *t = user;
    bram_training_half *h = &t->half[task];
    (void)cx;
    h->counted = 0;
    h->pass.step = t->step, h->pass.training = true;
    for (size_t w = 0; w < h->pass.windows; w++) {
        bram_rng g = bram_rng_at(t->seed, "network/hidden", t->step * t->batch + h->pass.first + w);
        bram_training_window(t->n, h, w, h->place[w].source, h->place[w].first, t->burnt, &g);
    }
    return BRAM_OK;
}
