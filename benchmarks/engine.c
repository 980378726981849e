/*
 * engine.c - plans the cells of a suite and runs those that are not there yet.
 *
 * Cells run in worker processes, one cell at a time each: HDF5 serialises threads, and a cell that
 * crashes takes its worker along but not the run. Parent and worker talk over two pipes; a worker
 * whose parent is gone finishes its cell and ends. What a cell computes never depends on the number
 * of workers, so neither do the bytes of its result.
 */
#include "data.h"
#include "demand.h"
#include "store.h"
#include "thin.h"
#include "variation.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const bram_task *bram_task_find(const char *name)
{
    for (size_t i = 0; bram_task_table[i]; i++)
        if (strcmp(bram_task_table[i]->name, name) == 0) return bram_task_table[i];
    return NULL;
}

/* ---- planning ------------------------------------------------------------------------------- */

struct pending {
    const bram_plan *plan;
    const bram_planned *cell;
};

struct engine {
    const bram_suite *suite;
    const bram_run_settings *settings;
    bram_plan *plan; /* one a benchmark */
    size_t plans;
    struct pending *pending;
    size_t count;
    bram_run_counts counts;
    bram_run_row *row; /* one a plan: what a watcher sees */
    bram_entrants entrants;
};

static void release(struct engine *e)
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
static int is_asked_for(bram_ctx *cx, bool *yes, struct engine *e, const bram_benchmark *b,
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
static int plan_part(bram_ctx *cx, struct engine *e, bram_plan *plan, const char *part)
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

/* absent: whether there is no such dataset. */
static int plan_benchmark(bram_ctx *cx, struct engine *e, const bram_benchmark *b, bool *absent)
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
    status = bram_dataset_hash(cx, ds, plan->dataset_hash);
    if (status == BRAM_OK) status = bram_challenge_check(cx, b, plan->dataset_hash);
    if (status == BRAM_OK) status = task->parts(cx, &parts, b, ds);
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
static int plan_all(bram_ctx *cx, struct engine *e)
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
static void find_pending(bram_ctx *cx, struct engine *e)
{
    const bram_run_settings *s = e->settings;
    size_t index = 0;
    for (size_t i = 0; i < e->plans; i++)
        for (size_t c = 0; c < e->plan[i].cells; c++, index++) {
            const bram_planned *cell = &e->plan[i].cell[c];
            if (bram_store_has(cx, s->out, cell->key)) e->counts.kept++;
            else if (s->shards && index % s->shards != s->shard - 1) e->counts.not_run++;
            else e->pending[e->count++] = (struct pending){&e->plan[i], cell};
        }
}

/* ---- one cell, in a worker ------------------------------------------------------------------ */

/* What a worker tells of a cell; written in one piece, which a pipe keeps whole (PIPE_BUF). */
struct message {
    size_t index;
    int state, status;
    double seconds;
    char reason[400];
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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

static void run_cell(bram_ctx *cx, struct message *m, const struct engine *e,
                     const bram_dataset *ds)
{
    const struct pending *p = &e->pending[m->index];
    const bram_benchmark *b = p->plan->benchmark;
    bram_benchmark base = bram_variation_base(b);
    bram_cell cell = {&base, ds, p->cell->part, p->cell->model, p->cell->seed};
    bram_dataset *result = NULL, *thin = NULL;
    double start = now();
    m->status = b->variation && b->variation->axis ? bram_thin(cx, &thin, b, ds, p->cell->part)
                                                   : BRAM_OK;
    if (thin) cell.dataset = thin;
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
    m->seconds = now() - start;
    bram_store_log(cx, e->settings->out, p->cell->key, m->state, m->seconds);
    bram_scratch_release(cx, 0);
}

static bool read_all(int fd, void *bytes, size_t count)
{
    for (size_t got = 0; got < count;) {
        ssize_t n = read(fd, (char *)bytes + got, count - got);
        if (n == 0 || (n < 0 && errno != EINTR)) return false;
        if (n > 0) got += (size_t)n;
    }
    return true;
}

/* How a worker says that it could not begin: no fault of the cell that it was given. */
enum { CANNOT_BEGIN = 75 };

static void close_data(bram_dataset **ds, bram_dataset **source)
{
    if (*ds != *source) bram_dataset_free(*ds);
    bram_dataset_free(*source);
    *ds = *source = NULL;
}

/* The life of a worker: an index comes in, a message goes out, until the pipe closes. */
static void work(bram_ctx *cx, const struct engine *e, int in, int out)
{
    const bram_plan *open_plan = NULL;
    bram_dataset *ds = NULL, *source = NULL;
    struct message m = {0};
    while (read_all(in, &m.index, sizeof m.index)) {
        const struct pending *p = &e->pending[m.index];
        if (p->plan != open_plan) {
            close_data(&ds, &source);
            open_plan = NULL;
            m.status = bram_variation_open(cx, &ds, &source, p->plan->benchmark, e->settings->data);
            if (m.status == BRAM_OK) open_plan = p->plan;
        }
        if (open_plan) run_cell(cx, &m, e, ds);
        else {
            m.state = BRAM_STATE_FAILED;
            snprintf(m.reason, sizeof m.reason, "%.399s", bram_ctx_message(cx));
        }
        if (write(out, &m, sizeof m) != (ssize_t)sizeof m) break;
    }
    close_data(&ds, &source);
}

/* ---- the pool of workers -------------------------------------------------------------------- */

struct worker {
    pid_t pid;
    int to, from; /* pipes; -1 when closed */
    bool busy;
    size_t index; /* of the cell in hand */
};

static void close_end(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static int start_worker(bram_ctx *cx, struct worker *w, const struct engine *e, struct worker *all,
                        size_t count, unsigned threads)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    *w = (struct worker){.to = -1, .from = -1};
    if (pipe(to) != 0 || pipe(from) != 0 || (w->pid = fork()) < 0) {
        int error = errno;
        for (int i = 0; i < 2; i++) close_end(&to[i]), close_end(&from[i]);
        return bram_fail(cx, BRAM_EINTERNAL, "cannot start a worker process: %s", strerror(error));
    }
    if (w->pid == 0) {
        for (size_t i = 0; i < count; i++) close_end(&all[i].to), close_end(&all[i].from);
        close(to[1]);
        close(from[0]);
        bram_ctx *own = bram_ctx_fork(cx);
        if (own) {
            bram_ctx_set_threads(own, threads);
            bram_ctx_set_progress(own, NULL, NULL);
            work(own, e, to[0], from[1]);
        }
        bram_ctx_free(own);
        _exit(own ? 0 : CANNOT_BEGIN);
    }
    close(to[0]);
    close(from[1]);
    w->to = to[1];
    w->from = from[0];
    return BRAM_OK;
}

/* ---- who watches ----------------------------------------------------------------------------- */

static bram_run_row *row_of(const struct engine *e, size_t index)
{
    return &e->row[e->pending[index].plan - e->plan];
}

static int make_rows(bram_ctx *cx, struct engine *e)
{
    e->row = bram_alloc(cx, e->plans, sizeof *e->row);
    if (!e->row) return BRAM_ENOMEM;
    for (size_t i = 0; i < e->plans; i++) e->row[i].benchmark = e->plan[i].benchmark->name;
    for (size_t i = 0; i < e->count; i++) row_of(e, i)->cells++;
    return BRAM_OK;
}

static void tell(bram_ctx *cx, const struct engine *e, size_t done)
{
    const bram_run_settings *s = e->settings;
    if (s->watch) s->watch(s->watch_user, e->row, e->plans);
    else bram_ctx_progress(cx, "cells", (double)done, (double)e->count);
}

/* @return BRAM_OK; BRAM_EWRITE when the result could not be kept: no other would be either */
static int count_message(bram_ctx *cx, struct engine *e, const struct message *m)
{
    const struct pending *p = &e->pending[m->index];
    bram_run_row *row = row_of(e, m->index);
    row->running--;
    row->done++;
    row->failed += m->state == BRAM_STATE_FAILED && m->status != BRAM_ECANCEL;
    row->not_applicable += m->state == BRAM_STATE_NOT_APPLICABLE;
    if (m->state == BRAM_STATE_SCORED) e->counts.scored++;
    if (m->state == BRAM_STATE_NOT_APPLICABLE) e->counts.not_applicable++;
    if (m->status == BRAM_ECANCEL) e->counts.not_run++;
    else if (m->state == BRAM_STATE_FAILED) {
        e->counts.failed++;
        bram_note(cx, "%s, %s, %s: failed: %s", p->plan->benchmark->name, p->cell->part,
                  p->cell->model, m->reason);
    }
    return m->status == BRAM_EWRITE ? bram_fail(cx, BRAM_EWRITE, "%s", m->reason) : BRAM_OK;
}

/* Waits for the end of a worker's process. @return how it ended, as waitpid tells it */
static int reap(struct worker *w)
{
    int how = 0;
    close_end(&w->to);
    close_end(&w->from);
    while (waitpid(w->pid, &how, 0) < 0 && errno == EINTR) {}
    w->pid = 0;
    return how;
}

/* true for an end that says nothing about the cell in hand: somebody's kill, a limit, no memory */
static bool is_outside(int how)
{
    static const int from_outside[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGXCPU, SIGXFSZ};
    for (size_t i = 0; i < sizeof from_outside / sizeof *from_outside; i++)
        if (WIFSIGNALED(how) && WTERMSIG(how) == from_outside[i]) return true;
    return WIFEXITED(how) && WEXITSTATUS(how) == CANNOT_BEGIN;
}

/* A worker has ended in the middle of a cell, which fails; the others go on. */
static int bury(bram_ctx *cx, struct engine *e, struct worker *w)
{
    int how = reap(w);
    w->busy = false;
    struct message m = {.index = w->index, .state = BRAM_STATE_FAILED, .status = BRAM_EINTERNAL};
    if (WIFSIGNALED(how))
        snprintf(m.reason, sizeof m.reason, "its process crashed (signal %d, %s)", WTERMSIG(how),
                 strsignal(WTERMSIG(how)));
    else
        snprintf(m.reason, sizeof m.reason, "its process ended in the middle (exit status %d)",
                 WEXITSTATUS(how));
    BRAM_TRY(count_message(cx, e, &m));
    bram_store_sweep(cx, e->settings->out);
    const struct pending *p = &e->pending[w->index];
    if (is_outside(how)) return BRAM_OK;
    return bram_store_put(cx, e->settings->out, p->plan, p->cell, BRAM_STATE_FAILED, m.reason,
                          NULL);
}

struct pool {
    struct worker *worker;
    size_t workers, next, done, stillborn;
    unsigned inner_threads;
};

/* An idle worker that is gone makes room for another, a few times. */
static int replace_idle(bram_ctx *cx, struct worker *w, struct pool *pool)
{
    enum { MOST = 16 };
    reap(w);
    if (++pool->stillborn <= MOST) return BRAM_OK;
    return bram_fail(cx, BRAM_EINTERNAL, "worker processes end before they are given work");
}

/* Gives each idle worker a cell, starting workers where there are none. */
static int hand_out(bram_ctx *cx, struct engine *e, struct pool *pool)
{
    for (size_t i = 0; i < pool->workers && pool->next < e->count; i++) {
        struct worker *w = &pool->worker[i];
        if (w->busy) continue;
        if (!w->pid)
            BRAM_TRY(start_worker(cx, w, e, pool->worker, pool->workers, pool->inner_threads));
        w->index = pool->next;
        if (write(w->to, &w->index, sizeof w->index) == (ssize_t)sizeof w->index) {
            w->busy = true;
            pool->next++;
            row_of(e, w->index)->running++;
            if (e->settings->watch) tell(cx, e, pool->done);
        } else BRAM_TRY(replace_idle(cx, w, pool));
    }
    return BRAM_OK;
}

/* Waits for one or more messages and takes them. */
static int collect(bram_ctx *cx, struct engine *e, struct pool *pool)
{
    struct pollfd fd[256];
    size_t of[256], n = 0;
    for (size_t i = 0; i < pool->workers && n < 256; i++)
        if (pool->worker[i].busy) {
            fd[n] = (struct pollfd){.fd = pool->worker[i].from, .events = POLLIN};
            of[n++] = i;
        }
    if (poll(fd, (nfds_t)n, 500) <= 0) {
        if (e->settings->watch) tell(cx, e, pool->done); /* the time goes on */
        return BRAM_OK;
    }
    for (size_t k = 0; k < n; k++) {
        if (!fd[k].revents) continue;
        struct worker *w = &pool->worker[of[k]];
        struct message m;
        if (read_all(w->from, &m, sizeof m)) {
            w->busy = false;
            pool->done++;
            BRAM_TRY(count_message(cx, e, &m));
        } else {
            pool->done++;
            BRAM_TRY(bury(cx, e, w));
        }
        tell(cx, e, pool->done);
    }
    return BRAM_OK;
}

static size_t busy_workers(const struct pool *pool)
{
    size_t n = 0;
    for (size_t i = 0; i < pool->workers; i++) n += pool->worker[i].busy;
    return n;
}

/*
 * Ends the workers. One that is busy, after a failure or a request to stop, is asked to stop, given
 * a moment to finish what it is writing, and then killed: no cell is half there either way.
 */
static void dismiss(struct engine *e, struct pool *pool)
{
    enum { PATIENCE = 2000 }; /* ms, for all together */
    double deadline = now() + 1e-3 * PATIENCE;
    for (size_t i = 0; i < pool->workers; i++)
        if (pool->worker[i].busy) kill(pool->worker[i].pid, SIGTERM);
    for (size_t i = 0; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        if (!w->pid) continue;
        struct message m;
        if (w->busy) {
            double left = 1e3 * (deadline - now());
            struct pollfd fd = {.fd = w->from, .events = POLLIN};
            bool heard = poll(&fd, 1, left > 0 ? (int)left : 0) > 0;
            if (heard && read_all(w->from, &m, sizeof m)) {
                if (m.status == BRAM_OK && m.state == BRAM_STATE_SCORED)
                    e->counts.scored++, pool->done++;
            } else kill(w->pid, SIGKILL);
        }
        reap(w);
    }
}

static int run_pending(bram_ctx *cx, struct engine *e)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = bram_ctx_threads(cx);
    if (!threads) threads = processors > 0 ? (size_t)processors : 1;
    if (threads > 256) threads = 256;
    size_t largest = 1, budget = bram_ctx_memory(cx);
    for (size_t i = 0; i < e->plans; i++)
        if (e->plan[i].largest > largest) largest = e->plan[i].largest;
    struct pool pool = {.workers = threads < e->count ? threads : e->count};
    /* as many at a time as the budget holds; a cell too large for all of it is refused by itself */
    if (budget && pool.workers > budget / largest)
        pool.workers = budget / largest ? budget / largest : 1;
    if (!e->count) return BRAM_OK;
    pool.inner_threads = (unsigned)(threads / pool.workers);
    pool.worker = bram_alloc(cx, pool.workers, sizeof *pool.worker);
    if (!pool.worker) return BRAM_ENOMEM;
    for (size_t i = 0; i < pool.workers; i++) pool.worker[i].to = pool.worker[i].from = -1;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before); /* a worker that died must not take the parent along */
    tell(cx, e, 0);
    int status = BRAM_OK;
    while (status == BRAM_OK && (pool.next < e->count || busy_workers(&pool))) {
        status = bram_ctx_check_cancel(cx);
        if (status == BRAM_OK) status = hand_out(cx, e, &pool);
        if (status == BRAM_OK) status = collect(cx, e, &pool);
    }
    dismiss(e, &pool);
    if (status != BRAM_OK) bram_store_sweep(cx, e->settings->out);
    e->counts.not_run += e->count - pool.done;
    sigaction(SIGPIPE, &before, NULL);
    bram_free(pool.worker);
    return status;
}

/* ---- the run -------------------------------------------------------------------------------- */

static void say_plan(bram_ctx *cx, const struct engine *e)
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
    struct engine e = {.suite = suite, .settings = settings};
    int status = plan_all(cx, &e);
    if (status == BRAM_OK) find_pending(cx, &e);
    if (status == BRAM_OK && settings->dry_run) {
        say_plan(cx, &e);
        e.counts.not_run += e.count;
    } else if (status == BRAM_OK) {
        status = bram_store_make(cx, settings->out);
        for (size_t i = 0; i < e.plans && status == BRAM_OK; i++)
            status = bram_store_put_plan(cx, settings->out, &e.plan[i]);
        if (status == BRAM_OK) status = make_rows(cx, &e);
        if (status == BRAM_OK) status = run_pending(cx, &e);
        for (size_t i = 0; i < e.plans && status == BRAM_OK; i++)
            status = bram_store_summarize(cx, settings->out, e.plan[i].benchmark->name);
    }
    if (status == BRAM_OK || status == BRAM_ECANCEL) *counts = e.counts;
    release(&e);
    return status;
}
