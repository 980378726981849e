/* network_checkpoint.c - see network_checkpoint.h. */
#include "network_checkpoint.h"

#include "forecast.h"
#include "hash.h"
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Present values of rows of a matrix. */
static int hash_rows(bram_ctx *cx, bram_hash *h, const bram_mat *m, const uint8_t *present)
{
    for (size_t r = 0; r < m->rows; r++)
        for (size_t i = 0; i < m->cols; i++)
            if (!present || present[r * m->cols + i])
                BRAM_TRY(bram_hash_add(cx, h, bram_row(m, r) + i, sizeof(double)));
    return BRAM_OK;
}

static int hash_panel(bram_ctx *cx, bram_hash *h, const bram_panel *p)
{
    for (size_t s = 0; p && s < p->segments; s++) {
        const bram_segment *g = &p->segment[s];
        BRAM_TRY(hash_rows(cx, h, &g->y, g->y_present));
        BRAM_TRY(hash_rows(cx, h, &g->x, g->x_present));
    }
    return BRAM_OK;
}

int bram_checkpoint_key(bram_ctx *cx, char key[BRAM_CHECKPOINT_KEY], const char *model,
                        const bram_options *o, uint64_t seed, const bram_panel *train,
                        const bram_panel *validation)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add_text(cx, h, bram_options_canonical(o));
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, model);
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, seed);
    if (status == BRAM_OK) status = hash_panel(cx, h, train);
    if (status == BRAM_OK) status = hash_panel(cx, h, validation);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, key);
    bram_hash_free(h);
    return status;
}

static int put_values(bram_ctx *cx, bram_dataset *ds, const char *name, const float *values,
                      size_t n)
{
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "parameter", n));
    int status = bram_response_new(cx, &r, name, BRAM_F32, 1, (const bram_axis *const *)&axis);
    bram_axis_free(axis);
    BRAM_TRY(status);
    if (n) memcpy(bram_response_f32(r), values, n * sizeof *values);
    return bram_dataset_add(cx, ds, "training", r);
}

int bram_checkpoint_write(bram_ctx *cx, const bram_checkpoint *c)
{
    bram_dataset *ds = NULL;
    bram_ctx *calm = bram_ctx_fork(cx);
    if (!calm) return BRAM_ENOMEM;
    bram_ctx_set_cancel(calm, NULL);
    int status = bram_dataset_new(calm, &ds);
    bram_attrs *a = status == BRAM_OK ? bram_dataset_attrs(calm, ds, "") : NULL;
    if (status == BRAM_OK) status = a ? bram_attrs_set_text(calm, a, "key", c->key) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = put_values(calm, ds, "now", c->now, c->n);
    if (status == BRAM_OK) status = put_values(calm, ds, "m", c->m, c->n);
    if (status == BRAM_OK) status = put_values(calm, ds, "v", c->v, c->n);
    if (status == BRAM_OK) status = put_values(calm, ds, "best", c->best, c->n);
    if (status == BRAM_OK)
        status = bram_state_put(
            calm, ds, "numbers",
            &(bram_mat){c->number, 1, BRAM_CHECKPOINT_NUMBERS, BRAM_CHECKPOINT_NUMBERS});
    if (status == BRAM_OK) status = bram_state_put(calm, ds, "history", c->history);
    if (status == BRAM_OK) status = bram_dataset_write(calm, ds, c->path, true);
    if (status != BRAM_OK) bram_fail(cx, status, "%s", bram_ctx_message(calm));
    bram_dataset_free(ds);
    bram_ctx_free(calm);
    return status;
}

static int get_values(bram_ctx *cx, float *out, const bram_dataset *ds, const char *name, size_t n)
{
    char path[32];
    snprintf(path, sizeof path, "training/%s", name);
    const bram_response *r = bram_dataset_response(ds, path);
    if (!r || bram_response_dims(r) != 1 || bram_response_count(r) != n)
        return bram_fail(cx, BRAM_EFORMAT, "%s is not %zu numbers", path, n);
    double *values = bram_scratch(cx, n, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0}, (size_t[]){n}, values, NULL));
    for (size_t i = 0; i < n; i++) out[i] = (float)values[i];
    return BRAM_OK;
}

static int get_all(bram_ctx *cx, const bram_checkpoint *c, const bram_dataset *ds)
{
    const bram_attrs *a = bram_dataset_find_attrs(ds, "");
    const char *key = a ? bram_attrs_text(a, "key") : NULL;
    bram_mat numbers = {0}, history = {0};
    if (!key || strcmp(key, c->key) != 0)
        return bram_fail(cx, BRAM_EUSAGE,
                         "it is the checkpoint of another fit (other data, options or seed): name "
                         "another file, or remove it");
    BRAM_TRY(get_values(cx, c->now, ds, "now", c->n));
    BRAM_TRY(get_values(cx, c->m, ds, "m", c->n));
    BRAM_TRY(get_values(cx, c->v, ds, "v", c->n));
    BRAM_TRY(get_values(cx, c->best, ds, "best", c->n));
    BRAM_TRY(bram_state_get(cx, &numbers, ds, "numbers"));
    int status = bram_state_get(cx, &history, ds, "history");
    bool whole = numbers.cols == BRAM_CHECKPOINT_NUMBERS && history.rows == c->history->rows &&
                 history.cols == c->history->cols;
    if (status == BRAM_OK && !whole)
        status = bram_fail(cx, BRAM_EFORMAT, "its numbers are none of this fit");
    if (status == BRAM_OK) {
        memcpy(c->number, numbers.data, BRAM_CHECKPOINT_NUMBERS * sizeof *c->number);
        memcpy(c->history->data, history.data, history.rows * history.cols * sizeof(double));
    }
    bram_free(numbers.data);
    bram_free(history.data);
    return status;
}

int bram_checkpoint_read(bram_ctx *cx, const bram_checkpoint *c)
{
    bram_dataset *ds = NULL;
    if (!c->path[0] || access(c->path, F_OK) != 0) return BRAM_OK;
    BRAM_TRY(bram_dataset_open(cx, &ds, c->path));
    int status = get_all(cx, c, ds);
    if (status != BRAM_OK) bram_fail_prefix(cx, status, "%s", c->path);
    bram_dataset_free(ds);
    return status;
}

void bram_checkpoint_remove(const bram_checkpoint *c)
{
    if (c->path[0]) (void)remove(c->path);
}
