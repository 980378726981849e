/*
 * network_inside.c - what a trained network is like inside, as figures show it: the course of its
 * training, the time constants that it learned, what its rows attend to.
 */
#include "network.h"

#include <math.h>
#include <string.h>

/* step, losses in training and validation, learning rate */
static int put_history(bram_ctx *cx, bram_dataset *out, const bram_network *n)
{
    static const char *const names[] = {"step", "training", "validation", "rate"};
    bram_axis *axis[2] = {NULL};
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &axis[0], "check", n->history.rows);
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis[1], "quantity", 4);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis[1], names);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "history", BRAM_F64, 2, (const bram_axis *const *)axis);
    for (size_t k = 0; k < 2; k++) bram_axis_free(axis[k]);
    BRAM_TRY(status);
    for (size_t i = 0; i < n->history.rows; i++)
        memcpy(bram_response_f64(r) + 4 * i, bram_row(&n->history, i), 4 * sizeof(double));
    return bram_dataset_add(cx, out, "", r);
}

static bool is_leak(const bram_tensor *t)
{
    return strncmp(t->name, "leak", 4) == 0;
}

/* dt over the sigmoid of each leak, in units of dt where rows are not time. */
static int put_time_constants(bram_ctx *cx, bram_dataset *out, const bram_network *n, double dt)
{
    size_t units = 0, at = 0;
    for (size_t k = 0; k < n->tensors; k++)
        if (is_leak(&n->tensor[k])) units += n->tensor[k].rows;
    if (!units) return BRAM_OK;
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "unit", units));
    int status = bram_response_new(cx, &r, "time_constant", BRAM_F64, 1,
                                   (const bram_axis *[]){axis});
    bram_axis_free(axis);
    BRAM_TRY(status);
    for (size_t k = 0; k < n->tensors; k++)
        for (size_t i = 0; is_leak(&n->tensor[k]) && i < n->tensor[k].rows; i++) {
            double leak = (double)n->parameter[n->tensor[k].at + i];
            bram_response_f64(r)[at++] = (dt > 0 ? dt : 1) * (1 + exp(-leak));
        }
    status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", dt > 0 ? "s" : "rows");
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

enum { MOST_ROWS = 64 }; /* of attention: enough for a figure */

/* What each of the segment's first rows attends to, of all heads of all layers. */
static int put_attention(bram_ctx *cx, bram_dataset *out, const bram_network *n,
                         const bram_segment *s)
{
    static const char *const names[] = {"head", "row", "earlier"};
    size_t most = n->window < MOST_ROWS ? n->window : MOST_ROWS;
    size_t rows = s->y.rows < most ? s->y.rows : most;
    const size_t length[] = {n->layers * n->heads, rows, rows};
    bram_axis *axis[3] = {NULL};
    bram_response *r = NULL;
    int status = BRAM_OK;
    if (!n->body->attention || !rows) return BRAM_OK;
    for (size_t k = 0; k < 3 && status == BRAM_OK; k++)
        status = bram_axis_new(cx, &axis[k], names[k], length[k]);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "attention", BRAM_F32, 3,
                                   (const bram_axis *const *)axis);
    for (size_t k = 0; k < 3; k++) bram_axis_free(axis[k]);
    BRAM_TRY(status);
    size_t mark = bram_scratch_mark(cx);
    status = n->body->attention(cx, n, bram_response_f32(r), s, rows);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

int bram_network_inside(bram_ctx *cx, const bram_network *n, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    if (s->y.cols != n->units)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         s->y.cols, n->units);
    BRAM_TRY(bram_inputs_check(cx, &n->input, s));
    BRAM_TRY(put_history(cx, out, n));
    BRAM_TRY(put_time_constants(cx, out, n, s->dt));
    return put_attention(cx, out, n, s);
}
