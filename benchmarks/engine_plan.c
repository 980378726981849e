/*
 * engine_plan.c - the cells of a suite: benchmark x part x model x seed, and which of them are left
 * to do.
 */
#include "copies.h"
#include "data.h"
#include "demand.h"
#include "engine.h"
#include "variation.h"

#include <string.h>

void bram_engine_release(bram_engine *e)
{
    for (size_t i = 0; i < e->plans; i++) bram_plan_release(&e->plan[i]);
    bram_entrants_release(&e->entrants);
    bram_free(e->plan);
    bram_free(e->pending);
    bram_free(e->row);
}

/* A model that is named twice (by the benchmark and by --model, say) gives one cell. */
static bool is_planned(const bram_plan *plan, const bram_planned *cell)
{
    for (size_t i = plan->cells; i-- > 0 && strcmp(plan->cell[i].part, cell->part) == 0;)
        if (strcmp(plan->cell[i].key, cell->key) == 0) return true;
    return false;
}

static int plan_cell(bram_ctx *cx, bram_plan *plan, const char *part, const bram_entrant *entrant,
                     uint64_t seed)
{
    bram_planned c = {.seed = seed};
    c.model = bram_strdup(cx, entrant->canonical);
    c.part = bram_strdup(cx, part);
    int status = c.part && c.model ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_cell_key_of(cx, c.key, plan->benchmark, plan->dataset_hash, part, entrant,
                                  seed);
    if (status == BRAM_OK && !is_planned(plan, &c)) {
        plan->cell[plan->cells++] = c;
        return BRAM_OK;
    }
    bram_free(c.part);
    bram_free(c.model);
    return status;
}

/* A truth that is no entrant is a mistake in the definition: said before anything runs. */
static int check_truth(bram_ctx *cx, const bram_benchmark *b)
{
    if (!b->truth) return BRAM_OK;
    bram_entrant e;
    int status = bram_entrant_find(cx, &e, b, b->truth);
    if (status == BRAM_OK) bram_free(e.canonical);
    return status == BRAM_OK ? BRAM_OK
                             : bram_fail_prefix(cx, status, "benchmark %s: truth", b->name);
}

/* Whether an entrant of the definition is among the models asked for. */
static int is_asked_for(bram_ctx *cx, bool *yes, bram_engine *e, const bram_benchmark *b,
                        const char *spec, bool models)
{
    const bram_run_settings *s = e->settings;
    const bram_entrant *found = NULL;
    *yes = !s->only;
    if (*yes) return BRAM_OK;
    BRAM_TRY(bram_entrants_find(cx, &found, &e->entrants, b, spec));
    const char *canonical = found->canonical; /* lives as long as the engine */
    for (size_t i = 0; i < s->model_count && !*yes; i++) {
        if (models) BRAM_TRY(bram_entrants_find(cx, &found, &e->entrants, b, s->models[i]));
        *yes = strcmp(models ? found->canonical : s->models[i], canonical) == 0;
    }
    return BRAM_OK;
}

/* All models on one part; one seed is enough for a model that draws no random numbers. */
static int plan_part(bram_ctx *cx, bram_engine *e, bram_plan *plan, const char *part)
{
    const bram_run_settings *settings = e->settings;
    static const uint64_t zero = 0;
    const uint64_t *seeds = settings->seed_count ? settings->seeds : &zero;
    size_t seed_count = settings->seed_count ? settings->seed_count : 1;
    const bram_benchmark *b = plan->benchmark;
    const bram_task *task = bram_task_find(b->task);
    size_t more = task && task->contestants ? 0 : settings->model_count; /* they are models */
    for (size_t m = 0; m < b->model_count + more; m++) {
        const char *spec = m < b->model_count ? b->models[m] : settings->models[m - b->model_count];
        const bram_entrant *entrant = NULL;
        bool asked = m >= b->model_count;
        if (!asked) BRAM_TRY(is_asked_for(cx, &asked, e, b, spec, !task || !task->contestants));
        if (!asked) continue;
        BRAM_TRY(bram_entrants_find(cx, &entrant, &e->entrants, b, spec));
        size_t n = entrant->stochastic ? seed_count : 1;
        for (size_t s = 0; s < n; s++) BRAM_TRY(plan_cell(cx, plan, part, entrant, seeds[s]));
    }
    return BRAM_OK;
}

/* The bytes of the largest cell that is not refused for its size. */
static int estimate(bram_ctx *cx, bram_plan *plan, const bram_task *task, const bram_dataset *ds)
{
    for (size_t c = 0; c < plan->cells; c++) {
        const bram_planned *p = &plan->cell[c];
        bram_benchmark base = bram_variation_base(plan->benchmark);
        bram_cell cell = {&base, ds, p->part, p->model, p->seed};
        size_t bytes = 0;
        BRAM_TRY(task->memory(cx, &bytes, &cell));
        size_t budget = bram_ctx_memory(cx);
        if (bytes > plan->largest && (!budget || bytes <= budget)) plan->largest = bytes;
    }
    return BRAM_OK;
}

/* Many plans of a suite, and all variations of a benchmark, are on one dataset: it is hashed once.
 */
static int hash_data(bram_ctx *cx, const bram_engine *e, bram_plan *plan, const bram_dataset *ds)
{
    for (size_t i = 0; i + 1 < e->plans; i++) {
        const bram_plan *other = &e->plan[i];
        if (strcmp(other->benchmark->dataset, plan->benchmark->dataset) != 0) continue;
        memcpy(plan->dataset_hash, other->dataset_hash, sizeof plan->dataset_hash);
        return BRAM_OK;
    }
    return bram_dataset_hash(cx, ds, plan->dataset_hash);
}

/* Recordings that are scored one by one, and of which some are the same animal under two names: its
 * score would count twice, and intervals would take it for two. */
static int note_copies(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds,
                       const bram_axis *parts)
{
    size_t n = 0, all = bram_dataset_groups(ds, "recordings"), count = 0;
    size_t mark = bram_scratch_mark(cx);
    bram_copy_source *source = bram_scratch(cx, all, sizeof *source);
    bram_copy *copy = NULL;
    if (!source) return BRAM_ENOMEM;
    for (size_t i = 0; i < all; i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        if (bram_axis_find(parts, id) >= 0) source[n++] = (bram_copy_source){ds, id};
    }
    int status = n > 1 ? bram_copies_find(cx, &copy, &count, source, n) : BRAM_OK;
    for (size_t i = 0; i < count; i++)
        bram_note(cx,
                  "%s: recordings %s and %s are copies of each other: one animal counts twice "
                  "(parts in the definition choose)",
                  b->name, source[copy[i].a].id, source[copy[i].b].id);
    bram_free(copy);
    bram_scratch_release(cx, mark);
    return status;
}

/* absent: whether there is no such dataset. */
static int plan_benchmark(bram_ctx *cx, bram_engine *e, const bram_benchmark *b, bool *absent)
{
    const bram_run_settings *settings = e->settings;
    const bram_task *task = bram_task_find(b->task);
    if (!task) return bram_fail(cx, BRAM_EUSAGE, "%s: no task is named %s", b->name, b->task);
    bram_dataset *ds = NULL;
    bram_axis *parts = NULL;
    BRAM_TRY(check_truth(cx, b));
    int status = bram_data_open(cx, &ds, b->dataset, settings->data);
    *absent = status == BRAM_EABSENT;
    BRAM_TRY(status);
    bram_plan *plan = &e->plan[e->plans++];
    plan->benchmark = b;
    status = hash_data(cx, e, plan, ds);
    if (status == BRAM_OK) status = bram_challenge_check(cx, b, plan->dataset_hash);
    if (status == BRAM_OK) status = task->parts(cx, &parts, b, ds);
    if (status == BRAM_OK) status = note_copies(cx, b, ds, parts);
    size_t n = parts ? bram_axis_length(parts) : 0, seeds = settings->seed_count;
    if (status == BRAM_OK) {
        size_t most = n * (b->model_count + settings->model_count) * (seeds ? seeds : 1);
        plan->cell = bram_alloc(cx, most, sizeof *plan->cell);
        if (!plan->cell) status = BRAM_ENOMEM;
    }
    for (size_t i = 0; i < n && status == BRAM_OK; i++)
        status = plan_part(cx, e, plan, bram_axis_id(parts, i));
    if (status == BRAM_OK) status = estimate(cx, plan, task, ds);
    bram_axis_free(parts);
    bram_dataset_free(ds);
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "benchmark %s", b->name);
}

/* Of a suite the benchmarks whose data are there; that others are left out is told, if any is. */
int bram_engine_plan(bram_ctx *cx, bram_engine *e)
{
    size_t n = e->suite->benchmarks;
    char **lacking = bram_scratch(cx, n, sizeof *lacking);
    e->plan = bram_alloc(cx, n, sizeof *e->plan);
    int status = lacking && e->plan ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        bool absent = false;
        status = plan_benchmark(cx, e, e->suite->benchmark[i], &absent);
        if (status != BRAM_EABSENT || !absent) continue;
        lacking[i] = bram_strdup(cx, bram_ctx_message(cx));
        status = lacking[i] ? BRAM_OK : BRAM_ENOMEM;
    }
    for (size_t i = 0; i < n && lacking; i++) {
        if (status == BRAM_OK && lacking[i] && !e->plans)
            status = bram_fail(cx, BRAM_EABSENT, "%s", lacking[i]);
        else if (status == BRAM_OK && lacking[i])
            bram_note(cx, "%s is left out: %s", e->suite->benchmark[i]->name, lacking[i]);
        bram_free(lacking[i]);
    }
    BRAM_TRY(status);
    for (size_t i = 0; i < e->plans; i++) e->counts.planned += e->plan[i].cells;
    if (e->settings->only && !e->counts.planned)
        return bram_fail(cx, BRAM_EUSAGE, "nothing that is asked for competes in %s",
                         e->suite->name);
    e->pending = bram_alloc(cx, e->counts.planned, sizeof *e->pending);
    return e->pending ? BRAM_OK : BRAM_ENOMEM;
}

/* What is left to do for this shard. */
void bram_engine_find_pending(bram_ctx *cx, bram_engine *e)
{
    const bram_run_settings *s = e->settings;
    size_t index = 0;
    for (size_t i = 0; i < e->plans; i++)
        for (size_t c = 0; c < e->plan[i].cells; c++, index++) {
            const bram_planned *cell = &e->plan[i].cell[c];
            if (bram_store_has(cx, s->out, cell->key)) e->counts.kept++;
            else if (s->shards && index % s->shards != s->shard - 1) e->counts.not_run++;
            else e->pending[e->count++] = (bram_engine_cell){&e->plan[i], cell};
        }
}
