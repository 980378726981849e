/*
 * engine_worker.c - what a worker process does: one cell after the other, until nobody asks.
 */
#include "engine.h"
#include "thin.h"
#include "variation.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

double bram_engine_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool bram_engine_read(int fd, void *bytes, size_t count)
{
    for (size_t got = 0; got < count;) {
        ssize_t n = read(fd, (char *)bytes + got, count - got);
        if (n == 0 || (n < 0 && errno != EINTR)) return false;
        if (n > 0) got += (size_t)n;
    }
    return true;
}

static int run_task(bram_ctx *cx, bram_dataset **out, const bram_cell *cell, const bram_task *task)
{
    size_t bytes = 0, budget = bram_ctx_memory(cx);
    BRAM_TRY(task->memory(cx, &bytes, cell));
    if (budget && bytes > budget)
        return bram_fail(cx, BRAM_EMEMORY, "needs about %zu MB, above the limit of %zu MB",
                         bytes >> 20, budget >> 20);
    bram_dataset *result = NULL;
    BRAM_TRY(bram_dataset_new(cx, &result));
    int status = task->run(cx, result, cell);
    if (status == BRAM_OK) *out = result;
    else bram_dataset_free(result);
    return status;
}

/*
 * A failure that the same inputs would give again is a result, stored and kept. One of this machine
 * or this run (memory, a file that cannot be read or written, a request to stop, a fault below) is
 * not: its cell stays "not run" and the next run tries it again.
 */
static bool is_a_result(int status)
{
    return status == BRAM_OK || status == BRAM_ENOTAPPLICABLE || status == BRAM_EUSAGE ||
           status == BRAM_EFORMAT || status == BRAM_ESHAPE || status == BRAM_ENUMERIC ||
           status == BRAM_EABSENT;
}

static void run_cell(bram_ctx *cx, bram_engine_message *m, const bram_engine *e,
                     const bram_dataset *ds)
{
    const bram_engine_cell *p = &e->pending[m->index];
    const bram_benchmark *b = p->plan->benchmark;
    bram_benchmark base = bram_variation_base(b);
    bram_cell cell = {&base, ds, p->cell->part, p->cell->model, p->cell->seed};
    bram_dataset *result = NULL, *thin = NULL;
    double start = bram_engine_now();
    m->status = b->variation && b->variation->axis ? bram_thin(cx, &thin, b, ds, p->cell->part)
                                                   : BRAM_OK;
    if (thin) cell.dataset = thin, cell.whole = ds;
    if (m->status == BRAM_OK) m->status = run_task(cx, &result, &cell, bram_task_find(b->task));
    bram_dataset_free(thin);
    m->state = m->status == BRAM_OK               ? BRAM_STATE_SCORED
               : m->status == BRAM_ENOTAPPLICABLE ? BRAM_STATE_NOT_APPLICABLE
                                                  : BRAM_STATE_FAILED;
    const char *reason = m->status == BRAM_OK ? "" : bram_ctx_message(cx);
    snprintf(m->reason, sizeof m->reason, "%.399s", reason);
    if (is_a_result(m->status)) {
        int status = bram_store_put(cx, e->settings->out, p->plan, p->cell, m->state, m->reason,
                                    result);
        if (status != BRAM_OK) {
            m->status = status;
            m->state = BRAM_STATE_FAILED;
            snprintf(m->reason, sizeof m->reason, "%.399s", bram_ctx_message(cx));
        }
    }
    m->seconds = bram_engine_now() - start;
    bram_store_log(cx, e->settings->out, p->cell->key, m->state, m->seconds);
    bram_scratch_release(cx, 0);
}

static void close_data(bram_dataset **ds, bram_dataset **source)
{
    if (*ds != *source) bram_dataset_free(*ds);
    bram_dataset_free(*source);
    *ds = *source = NULL;
}

/* Data that are not there leave a cell not run; data that a model cannot make are not applicable.
 */
static void cannot_open(bram_ctx *cx, bram_engine_message *m, const bram_engine *e)
{
    const bram_engine_cell *p = &e->pending[m->index];
    bool made = m->status == BRAM_ENOTAPPLICABLE && p->plan->benchmark->variation;
    m->state = made ? BRAM_STATE_NOT_APPLICABLE : BRAM_STATE_FAILED;
    snprintf(m->reason, sizeof m->reason, "%.399s", bram_ctx_message(cx));
    if (!made) return;
    int status = bram_store_put(cx, e->settings->out, p->plan, p->cell, m->state, m->reason, NULL);
    if (status == BRAM_OK) bram_store_log(cx, e->settings->out, p->cell->key, m->state, 0);
    else m->status = status, m->state = BRAM_STATE_FAILED;
}

void bram_engine_work(bram_ctx *cx, const bram_engine *e, int in, int out)
{
    const bram_plan *open_plan = NULL;
    bram_dataset *ds = NULL, *source = NULL;
    bram_engine_message m = {0};
    while (bram_engine_read(in, &m.index, sizeof m.index)) {
        const bram_engine_cell *p = &e->pending[m.index];
        if (p->plan != open_plan) {
            close_data(&ds, &source);
            open_plan = NULL;
            m.status = bram_variation_open(cx, &ds, &source, p->plan->benchmark, e->settings->data);
            if (m.status == BRAM_OK) open_plan = p->plan;
        }
        if (open_plan) run_cell(cx, &m, e, ds);
        else cannot_open(cx, &m, e);
        if (write(out, &m, sizeof m) != (ssize_t)sizeof m) break;
    }
    close_data(&ds, &source);
}
