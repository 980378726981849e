/*
 * engine.c - a run: plans the cells of a suite, runs those that are not there yet, sums up.
 */
#include "engine.h"

#include <string.h>

const bram_task *bram_task_find(const char *name)
{
    for (size_t i = 0; bram_task_table[i]; i++)
        if (strcmp(bram_task_table[i]->name, name) == 0) return bram_task_table[i];
    return NULL;
}

static void say_plan(bram_ctx *cx, const bram_engine *e)
{
    for (size_t i = 0; i < e->plans; i++)
        bram_note(cx, "%s: %zu cells, at most about %.1f MB each", e->plan[i].benchmark->name,
                  e->plan[i].cells, (double)e->plan[i].largest / 1e6);
}

int bram_run(bram_ctx *cx, bram_run_counts *counts, const bram_suite *suite,
             const bram_run_settings *settings)
{
    if (settings->shards && (settings->shard < 1 || settings->shard > settings->shards))
        return bram_fail(cx, BRAM_EUSAGE, "shard %u/%u: expected 1/%u to %u/%u", settings->shard,
                         settings->shards, settings->shards, settings->shards, settings->shards);
    bram_engine e = {.suite = suite, .settings = settings};
    int status = bram_engine_plan(cx, &e);
    if (status == BRAM_OK) bram_engine_find_pending(cx, &e);
    if (status == BRAM_OK && settings->dry_run) {
        say_plan(cx, &e);
        e.counts.not_run += e.count;
    } else if (status == BRAM_OK) {
        status = bram_store_make(cx, settings->out);
        for (size_t i = 0; i < e.plans && status == BRAM_OK; i++)
            status = bram_store_put_plan(cx, settings->out, &e.plan[i]);
        if (status == BRAM_OK) status = bram_engine_run(cx, &e);
        for (size_t i = 0; i < e.plans && status == BRAM_OK; i++)
            status = bram_store_summarize(cx, settings->out, e.plan[i].benchmark->name);
    }
    if (status == BRAM_OK || status == BRAM_ECANCEL) *counts = e.counts;
    bram_engine_release(&e);
    return status;
}
