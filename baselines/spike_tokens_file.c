/*
 * spike_tokens_file.c - spike-token transformers as files: parameters under PyTorch's names and
 * with its shapes below params/, what else they are below state/; see spike_tokens.h.
 */
#include "forecast.h"
#include "spike_tokens.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const bram_state_part parts[] = {
    {"mean", offsetof(bram_token_net, mean)},
    {"most", offsetof(bram_token_net, most)},
    {"history", offsetof(bram_token_net, history)},
    {"input", offsetof(bram_token_net, input)},
    {"target", offsetof(bram_token_net, target)},
    {"tuning", offsetof(bram_token_net, tuning)},
    {"coupling", offsetof(bram_token_net, coupling)},
    {"attention", offsetof(bram_token_net, attention)},
    {"attention_lag", offsetof(bram_token_net, lag)},
    {"loss_parts", offsetof(bram_token_net, part)},
    {NULL, 0},
};

static bram_mat *part_of(bram_token_net *n, const bram_state_part *p)
{
    return (bram_mat *)(void *)((char *)n + p->at);
}

/* ---- saving --------------------------------------------------------------------------------- */

static int put_tensor(bram_ctx *cx, bram_dataset *out, const bram_token_net *n,
                      const bram_nn_tokens_tensor *t)
{
    char axis_name[2][80], group[32];
    bram_axis *axis[2] = {NULL};
    bram_response *r = NULL;
    for (size_t k = 0; k < 2; k++) {
        snprintf(axis_name[k], sizeof axis_name[k], "%s_%s_%s", t->group, t->name,
                 k ? "column" : "row");
        for (char *dot = axis_name[k]; (dot = strchr(dot, '.'));) *dot = '_';
    }
    snprintf(group, sizeof group, "params/%s", t->group);
    int status = bram_axis_new(cx, &axis[0], axis_name[0], t->rows);
    if (status == BRAM_OK && t->cols) status = bram_axis_new(cx, &axis[1], axis_name[1], t->cols);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, t->name, BRAM_F32, t->cols ? 2 : 1,
                                   (const bram_axis *const *)axis);
    for (size_t k = 0; k < 2; k++) bram_axis_free(axis[k]);
    BRAM_TRY(status);
    memcpy(bram_response_f32(r), n->parameter + t->at,
           bram_response_count(r) * sizeof *n->parameter);
    return bram_dataset_add(cx, out, group, r);
}

int bram_token_net_save(bram_ctx *cx, const void *net, bram_dataset *out)
{
    const bram_token_net *n = net;
    double seed[2] = {(double)(n->seed >> 32), (double)(n->seed & UINT32_MAX)};
    for (size_t k = 0; k < n->tensors; k++) BRAM_TRY(put_tensor(cx, out, n, &n->tensor[k]));
    for (const bram_state_part *p = parts; p->name; p++) {
        const bram_mat *m = (const bram_mat *)(const void *)((const char *)n + p->at);
        if (m->data && m->rows) BRAM_TRY(bram_state_put(cx, out, p->name, m));
    }
    return bram_state_put(cx, out, "seed", &(bram_mat){seed, 1, 2, 2});
}

/* ---- loading -------------------------------------------------------------------------------- */

static int get_tensor(bram_ctx *cx, bram_token_net *n, const bram_nn_tokens_tensor *t,
                      const bram_dataset *in)
{
    char path[96];
    size_t count = t->rows * (t->cols ? t->cols : 1), mark = bram_scratch_mark(cx);
    snprintf(path, sizeof path, "params/%s/%s", t->group, t->name);
    const bram_response *r = bram_dataset_response(in, path);
    if (!r) return bram_fail(cx, BRAM_EABSENT, "the fitted model has no %s", path);
    if (bram_response_dims(r) != (t->cols ? 2u : 1u) || bram_response_length(r, 0) != t->rows ||
        bram_response_count(r) != count)
        return bram_fail(cx, BRAM_EFORMAT, "%s has other dimensions than %zu x %zu", path, t->rows,
                         t->cols ? t->cols : 1);
    double *values = bram_scratch(cx, count, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    int status = bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){t->rows, t->cols}, values,
                                    NULL);
    for (size_t i = 0; i < count && status == BRAM_OK; i++) {
        if (!isfinite(values[i]))
            status = bram_fail(cx, BRAM_EFORMAT, "%s holds %g", path, values[i]);
        n->parameter[t->at + i] = (float)values[i];
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* Matrices of another shape than the network's are none of it. */
static bool fits(const bram_token_net *n)
{
    size_t u = n->shape.units;
    const bram_mat *square[] = {&n->coupling, &n->attention};
    for (size_t k = 0; k < 2; k++)
        if (square[k]->data && (square[k]->rows != u || square[k]->cols != u)) return false;
    return n->mean.rows == 1 && n->most.rows == 1 && n->most.cols == u &&
           (!n->columns || n->input.rows == 2) && (!n->targets || n->target.rows == 2);
}

static int get_seed(bram_ctx *cx, uint64_t *seed, const bram_dataset *in)
{
    bram_mat m = {0};
    BRAM_TRY(bram_state_get(cx, &m, in, "seed"));
    bool good = m.rows == 1 && m.cols == 2;
    for (size_t k = 0; good && k < 2; k++)
        good = m.data[k] >= 0 && m.data[k] <= UINT32_MAX && m.data[k] == floor(m.data[k]);
    if (good) *seed = (uint64_t)m.data[0] << 32 | (uint64_t)m.data[1];
    bram_free(m.data);
    return good ? BRAM_OK : bram_fail(cx, BRAM_EFORMAT, "state/seed is not two whole numbers");
}

static int get_parts(bram_ctx *cx, bram_token_net *n, const bram_dataset *in)
{
    for (const bram_state_part *p = parts; p->name; p++) {
        char path[48];
        snprintf(path, sizeof path, "state/%s", p->name);
        bool needed = p->at == offsetof(bram_token_net, mean) ||
                      p->at == offsetof(bram_token_net, most);
        if (needed || bram_dataset_response(in, path))
            BRAM_TRY(bram_state_get(cx, part_of(n, p), in, p->name));
    }
    return BRAM_OK;
}

/* The sizes of the network are the options' and those of its matrices. */
int bram_token_net_load(bram_ctx *cx, bram_token_net **net, const bram_options *o,
                        const bram_dataset *in)
{
    bram_token_net read = {.seed = 0}, *n = NULL;
    int status = get_seed(cx, &read.seed, in);
    if (status == BRAM_OK) status = get_parts(cx, &read, in);
    if (status == BRAM_OK)
        status = bram_token_net_new(cx, &n, o, read.mean.cols, read.input.cols, read.target.cols);
    if (status != BRAM_OK) {
        for (const bram_state_part *p = parts; p->name; p++) bram_free(part_of(&read, p)->data);
        return status;
    }
    for (const bram_state_part *p = parts; p->name; p++) *part_of(n, p) = *part_of(&read, p);
    n->seed = read.seed;
    if (!fits(n))
        status = bram_fail(cx, BRAM_EFORMAT, "its matrices are not of %zu units", n->shape.units);
    for (size_t k = 0; k < n->tensors && status == BRAM_OK; k++)
        status = get_tensor(cx, n, &n->tensor[k], in);
    if (status == BRAM_OK) *net = n;
    else bram_token_net_free(n);
    return status;
}
