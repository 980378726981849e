/*
 * spike_tokens_inside.c - what a trained spike-token transformer is like inside, as figures show
 * it: the course of its training, and what each token of one window looks at.
 *
 * "history": as of other networks. "window_attention" (head x token x looked_at): probabilities of
 * the cross-attention to the rows of memory and, after these, of the self-attention to the window's
 * own tokens; either sums to 1. Layers come one after the other. Names: "rest", "input -2", "n3 -1"
 * (a row before the window), "start", "n3 +0" (row 0 of it).
 *
 * The window is the one with most tokens among the first ones of the segment whose memory is no
 * larger than a figure has room for; where there is none, the one with the smallest memory.
 */
#include "forecast.h"
#include "linalg.h"
#include "spike_tokens.h"

#include <stdio.h>
#include <string.h>

enum { WINDOWS = 512, KEYS = 160, NAME = 64 };

static int choose(bram_ctx *cx, bram_token_window *chosen, const bram_token_net *n,
                  const bram_token_source *s)
{
    size_t span = n->shape.span, most = 0, least = SIZE_MAX;
    size_t begin = s->first + n->shape.context < s->rows ? s->first + n->shape.context : s->first;
    size_t at = (begin + span - 1) / span * span, mark = bram_scratch_mark(cx);
    *chosen = (bram_token_window){s, 0, s->rows < span ? s->rows : span};
    for (size_t k = 0; k < WINDOWS && at + span <= s->rows; k++, at += span) {
        bram_token_window w = {s, at, span};
        bram_token_batch b;
        BRAM_TRY(bram_token_batch_make(cx, &b, n, &w, 1));
        bool fits = b.pass.keys <= KEYS;
        if (fits ? b.pass.rows > most : !most && b.pass.keys < least) *chosen = w;
        if (fits && b.pass.rows > most) most = b.pass.rows;
        if (b.pass.keys < least) least = b.pass.keys;
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

static void name_of(char name[NAME], const bram_nn_token *t, size_t units, const bram_axis *unit,
                    bool memory)
{
    if (t->unit == BRAM_TOKEN_REST) snprintf(name, NAME, "rest");
    else if (t->unit == BRAM_TOKEN_INPUT) snprintf(name, NAME, "input -%u", t->row);
    else if (t->unit == units) snprintf(name, NAME, "start");
    else {
        const char *id = bram_axis_id(unit, t->unit);
        char number[16];
        snprintf(number, sizeof number, "%u", t->unit);
        snprintf(name, NAME, "%.40s %c%u", id && *id ? id : number, memory ? '-' : '+', t->row);
    }
}

/* The tokens of a window; with memory, its rows before them. */
static int make_axis(bram_ctx *cx, bram_axis **out, const char *name, const bram_token_batch *b,
                     size_t units, const bram_axis *unit, bool memory)
{
    size_t keys = memory ? b->pass.keys : 0, count = keys + b->pass.rows;
    const char **id = bram_scratch(cx, count, sizeof *id);
    char *text = bram_scratch(cx, count, NAME);
    if (!id || !text) return BRAM_ENOMEM;
    for (size_t k = 0; k < count; k++) {
        id[k] = text + k * NAME;
        name_of(text + k * NAME, k < keys ? &b->pass.memory[k] : &b->token[k - keys], units, unit,
                k < keys);
    }
    BRAM_TRY(bram_axis_new(cx, out, name, count));
    return bram_axis_set_ids(cx, *out, id);
}

static void copy_attention(float *to, const bram_token_net *n, const bram_token_batch *b,
                           const bram_nn32_tokens_out *out)
{
    size_t rows = b->pass.rows, keys = b->pass.keys;
    for (size_t layer = 0; layer < n->shape.layers; layer++)
        for (size_t q = 0; q < n->shape.heads * rows; q++, to += keys + rows) {
            memcpy(to, out->layer[layer].cross + q * keys, keys * sizeof *to);
            memcpy(to + keys, out->layer[layer].self + q * rows, rows * sizeof *to);
        }
}

static int put_window(bram_ctx *cx, bram_dataset *answer, const bram_token_net *n,
                      const bram_token_window *w, const bram_axis *unit)
{
    bram_token_batch b;
    bram_nn32_tokens_out out;
    bram_axis *axis[3] = {NULL};
    bram_response *r = NULL;
    BRAM_TRY(bram_token_batch_make(cx, &b, n, w, 1));
    float *room = bram_scratch(cx, bram_nn32_tokens_room(&n->shape, &b.pass), sizeof *room);
    if (!room) return BRAM_ENOMEM;
    bram_nn32_tokens(&n->shape, n->parameter, &b.pass, room, &out);
    int status = bram_axis_new(cx, &axis[0], "head", n->shape.layers * n->shape.heads);
    if (status == BRAM_OK)
        status = make_axis(cx, &axis[1], "token", &b, n->shape.units, unit, false);
    if (status == BRAM_OK)
        status = make_axis(cx, &axis[2], "looked_at", &b, n->shape.units, unit, true);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "window_attention", BRAM_F32, 3,
                                   (const bram_axis *const *)axis);
    for (size_t k = 0; k < 3; k++) bram_axis_free(axis[k]);
    BRAM_TRY(status);
    copy_attention(bram_response_f32(r), n, &b, &out);
    return bram_dataset_add(cx, answer, "", r);
}

int bram_token_inside(bram_ctx *cx, const bram_token_net *n, const bram_query *q, bram_dataset *out)
{
    bram_token_source source;
    bram_token_window w;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_forecast_matrix(cx, out, "history", "check", "quantity", &n->history));
    int status = bram_token_source_make(cx, &source, n, &q->panel->segment[q->segment], false);
    if (status == BRAM_OK) status = choose(cx, &w, n, &source);
    if (status == BRAM_OK) status = put_window(cx, out, n, &w, q->panel->unit);
    bram_scratch_release(cx, mark);
    return status;
}
