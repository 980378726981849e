/*
 * state_checkpoint.c - fits that were stopped; see state_checkpoint.h.
 */
#include "state_checkpoint.h"

#include "forecast.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NUMBERS = 11 };

static int put_model(bram_ctx *cx, bram_dataset *ds, const char *name, const bram_hmm *m)
{
    size_t k = m->states;
    const struct {
        const char *what;
        bram_mat values;
    } part[] = {{"initial", {m->initial, 1, k, k}},
                {"transition", {m->transition, k, k, k}},
                {"state", m->state},
                {"shared", m->shared}};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s_%s", name, part[i].what);
        BRAM_TRY(bram_state_put(cx, ds, path, &part[i].values));
    }
    return BRAM_OK;
}

/* Writing, although a stop was asked for: this is what is done about it. */
static int write_on(bram_ctx *cx, const bram_dataset *ds, const char *path)
{
    bram_ctx *calm = bram_ctx_fork(cx);
    if (!calm) return BRAM_ENOMEM;
    bram_ctx_set_cancel(calm, NULL);
    int status = bram_dataset_write(calm, ds, path, true);
    if (status != BRAM_OK) bram_fail(cx, status, "%s", bram_ctx_message(calm));
    bram_ctx_free(calm);
    return status;
}

int bram_state_checkpoint_save(bram_ctx *cx, const bram_hmm_fit *f, const char *path,
                               const char *key)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    double numbers[NUMBERS] = {(double)f->start,
                               (double)f->iteration,
                               f->last,
                               f->objective,
                               f->evidence,
                               (double)f->found,
                               (double)f->best_iterations,
                               (double)f->best_start,
                               f->fall,
                               f->reach,
                               (double)f->back};
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, "");
    int status = attrs ? bram_attrs_set_text(cx, attrs, "content", "bramble-checkpoint")
                       : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, attrs, "key", key);
    if (status == BRAM_OK)
        status = bram_attrs_set_integer(cx, attrs, "states", (int64_t)f->now.states);
    if (status == BRAM_OK)
        status = bram_state_put(cx, ds, "fit", &(bram_mat){numbers, 1, NUMBERS, NUMBERS});
    if (status == BRAM_OK) status = put_model(cx, ds, "now", &f->now);
    if (status == BRAM_OK && f->found) status = put_model(cx, ds, "best", &f->best);
    if (status == BRAM_OK) status = write_on(cx, ds, path);
    bram_dataset_free(ds);
    return status;
}

static int get_part(bram_ctx *cx, double *out, size_t count, const bram_dataset *ds,
                    const char *name, const char *what)
{
    char path[64];
    bram_mat m;
    snprintf(path, sizeof path, "%s_%s", name, what);
    BRAM_TRY(bram_state_get(cx, &m, ds, path));
    int status = m.rows * m.cols == count
                     ? BRAM_OK
                     : bram_fail(cx, BRAM_EFORMAT, "state/%s has %zu numbers, expected %zu", path,
                                 m.rows * m.cols, count);
    if (status == BRAM_OK && count) memcpy(out, m.data, count * sizeof *out);
    bram_free(m.data);
    return status;
}

static int get_model(bram_ctx *cx, bram_hmm *m, const bram_dataset *ds, const char *name)
{
    size_t k = m->states;
    BRAM_TRY(get_part(cx, m->initial, k, ds, name, "initial"));
    BRAM_TRY(get_part(cx, m->transition, k * k, ds, name, "transition"));
    BRAM_TRY(get_part(cx, m->state.data, k * m->state.cols, ds, name, "state"));
    return get_part(cx, m->shared.data, m->shared.cols, ds, name, "shared");
}

static int get_fit(bram_ctx *cx, bram_hmm_fit *f, const bram_dataset *ds, size_t states,
                   const bram_emission *e)
{
    bram_mat numbers;
    BRAM_TRY(bram_state_get(cx, &numbers, ds, "fit"));
    const double *x = numbers.data;
    bool valid = numbers.rows * numbers.cols == NUMBERS && x[0] >= 0 && x[0] < 1e9 && x[1] >= 0 &&
                 x[1] < 1e9 && x[6] >= 0 && x[7] >= 0 && x[9] >= 1;
    if (valid) {
        f->start = (size_t)x[0], f->iteration = (size_t)x[1];
        f->last = x[2], f->objective = x[3], f->evidence = x[4];
        f->found = x[5] != 0;
        f->best_iterations = (size_t)x[6], f->best_start = (size_t)x[7];
        f->fall = x[8], f->reach = x[9], f->back = x[10] != 0;
    }
    bram_free(numbers.data);
    if (!valid)
        return bram_fail(cx, BRAM_EFORMAT, "state/fit holds numbers that are none of a fit");
    BRAM_TRY(bram_hmm_new(cx, &f->now, states, e->per_state, e->shared));
    BRAM_TRY(bram_hmm_new(cx, &f->best, states, e->per_state, e->shared));
    BRAM_TRY(get_model(cx, &f->now, ds, "now"));
    return f->found ? get_model(cx, &f->best, ds, "best") : BRAM_OK;
}

int bram_state_checkpoint_load(bram_ctx *cx, bram_hmm_fit *f, const char *path, const char *key,
                               size_t states, const bram_emission *e)
{
    if (access(path, F_OK) != 0) return BRAM_OK;
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, "");
    const char *found = attrs ? bram_attrs_text(attrs, "key") : NULL;
    int status = BRAM_OK;
    if (!found || strcmp(found, key) != 0)
        status = bram_fail(
            cx, BRAM_EUSAGE,
            "%s is the checkpoint of another fit (other data, options or seed): name "
            "another file, or remove it",
            path);
    else if (bram_attrs_integer(attrs, "states", -1) == (int64_t)states) {
        status = get_fit(cx, f, ds, states, e);
        if (status != BRAM_OK) bram_fail_prefix(cx, status, "%s", path);
    }
    bram_dataset_free(ds);
    if (status != BRAM_OK) bram_hmm_fit_release(f);
    return status;
}

char *bram_state_checkpoint_path(bram_ctx *cx, const char *path, size_t states, size_t choices)
{
    return choices == 1 ? bram_strf(cx, "%s", path) : bram_strf(cx, "%s.%zu", path, states);
}

static int save_stopped(bram_ctx *cx, const bram_hmm_fit *f, const char *path, const char *key)
{
    BRAM_TRY(bram_state_checkpoint_save(cx, f, path, key));
    return bram_fail(cx, BRAM_ECANCEL,
                     "stopped; the best so far is in %s, and the same command goes on from there",
                     path);
}

int bram_state_checkpoint_em(bram_ctx *cx, bram_hmm_fit *f, const char *path, const char *key,
                             size_t states, const bram_emission *e, const bram_hmm_data *d,
                             const bram_hmm_options *o)
{
    BRAM_TRY(bram_state_checkpoint_load(cx, f, path, key, states, e));
    int status = bram_hmm_em(cx, f, states, e, d, o);
    if (status == BRAM_OK) return bram_state_checkpoint_save(cx, f, path, key);
    return status == BRAM_ECANCEL && f->now.initial ? save_stopped(cx, f, path, key) : status;
}

void bram_state_checkpoint_remove(bram_ctx *cx, const char *path, const int64_t *states,
                                  size_t choices)
{
    for (size_t i = 0; i < choices; i++) {
        char *file = bram_state_checkpoint_path(cx, path, (size_t)states[i], choices);
        if (file) remove(file);
        bram_free(file);
    }
}
