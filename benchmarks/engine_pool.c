/*
 * engine_pool.c - worker processes: started, given cells, listened to, ended; and who watches.
 *
 * Cells run in processes, one cell at a time each: HDF5 serialises threads, and a cell that crashes
 * takes its worker along but not the run. Parent and worker talk over two pipes; a worker whose
 * parent is gone finishes its cell and ends. What a cell computes never depends on the number of
 * workers, so neither do the bytes of its result.
 */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static int start_worker(bram_ctx *cx, struct worker *w, const bram_engine *e, struct worker *all,
                        size_t count, unsigned threads)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    *w = (struct worker){.to = -1, .from = -1};
    if (pipe(to) != 0 || pipe(from) != 0 || (w->pid = fork()) < 0) {
        int error = errno;
        w->pid = 0; /* whoever reaps must not wait for -1: any child */
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
            bram_engine_work(own, e, to[0], from[1]);
        }
        bram_ctx_free(own);
        _exit(own ? 0 : BRAM_ENGINE_CANNOT_BEGIN);
    }
    close(to[0]);
    close(from[1]);
    w->to = to[1];
    w->from = from[0];
    return BRAM_OK;
}

/* ---- who watches ----------------------------------------------------------------------------- */

static bram_run_row *row_of(const bram_engine *e, size_t index)
{
    return &e->row[e->pending[index].plan - e->plan];
}

static int make_rows(bram_ctx *cx, bram_engine *e)
{
    e->row = bram_alloc(cx, e->plans, sizeof *e->row);
    if (!e->row) return BRAM_ENOMEM;
    for (size_t i = 0; i < e->plans; i++) e->row[i].benchmark = e->plan[i].benchmark->name;
    for (size_t i = 0; i < e->count; i++) row_of(e, i)->cells++;
    return BRAM_OK;
}

static void tell(bram_ctx *cx, const bram_engine *e, size_t done)
{
    const bram_run_settings *s = e->settings;
    if (s->watch) s->watch(s->watch_user, e->row, e->plans);
    else bram_ctx_progress(cx, "cells", (double)done, (double)e->count);
}

/* @return BRAM_OK; BRAM_EWRITE when the result could not be kept: no other would be either */
static int count_message(bram_ctx *cx, bram_engine *e, const bram_engine_message *m)
{
    const bram_engine_cell *p = &e->pending[m->index];
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
    return WIFEXITED(how) && WEXITSTATUS(how) == BRAM_ENGINE_CANNOT_BEGIN;
}

/* A worker has ended in the middle of a cell, which fails; the others go on. */
static int bury(bram_ctx *cx, bram_engine *e, struct worker *w)
{
    int how = reap(w);
    w->busy = false;
    bram_engine_message m = {
        .index = w->index, .state = BRAM_STATE_FAILED, .status = BRAM_EINTERNAL};
    if (WIFSIGNALED(how))
        snprintf(m.reason, sizeof m.reason, "its process crashed (signal %d, %s)", WTERMSIG(how),
                 strsignal(WTERMSIG(how)));
    else
        snprintf(m.reason, sizeof m.reason, "its process ended in the middle (exit status %d)",
                 WEXITSTATUS(how));
    BRAM_TRY(count_message(cx, e, &m));
    bram_store_sweep(cx, e->settings->out);
    const bram_engine_cell *p = &e->pending[w->index];
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
static int hand_out(bram_ctx *cx, bram_engine *e, struct pool *pool)
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
static int collect(bram_ctx *cx, bram_engine *e, struct pool *pool)
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
        bram_engine_message m;
        if (bram_engine_read(w->from, &m, sizeof m)) {
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
static void dismiss(bram_engine *e, struct pool *pool)
{
    enum { PATIENCE = 2000 }; /* ms, for all together */
    double deadline = bram_engine_now() + 1e-3 * PATIENCE;
    for (size_t i = 0; i < pool->workers; i++)
        if (pool->worker[i].busy) kill(pool->worker[i].pid, SIGTERM);
    for (size_t i = 0; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        if (!w->pid) continue;
        bram_engine_message m;
        if (w->busy) {
            double left = 1e3 * (deadline - bram_engine_now());
            struct pollfd fd = {.fd = w->from, .events = POLLIN};
            bool heard = poll(&fd, 1, left > 0 ? (int)left : 0) > 0;
            if (heard && bram_engine_read(w->from, &m, sizeof m)) {
                if (m.status == BRAM_OK && m.state == BRAM_STATE_SCORED)
                    e->counts.scored++, pool->done++;
            } else kill(w->pid, SIGKILL);
        }
        reap(w);
    }
}

int bram_engine_run(bram_ctx *cx, bram_engine *e)
{
    BRAM_TRY(make_rows(cx, e));
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
