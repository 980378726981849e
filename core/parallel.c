/*
 * parallel.c - tasks on a pool of threads (include/bramble/parallel.h).
 *
 * A pool lives for one call: the calling thread and its helpers take tasks from one counter, in
 * order. So when task f is the lowest that fails, every task below it was taken before it, none of
 * those fails, and no failure above f can keep f from being taken: the status and the message that
 * come back do not depend on the number of threads or on timing. The only state outside the call is
 * a flag of the thread that says "inside a task"; there the work goes on in the thread itself.
 */
#include <bramble/parallel.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MOST_THREADS = 1024 };

static _Thread_local bool inside_a_task;

/* What the threads of one call share. */
struct pool {
    bram_ctx *cx;
    bram_task_fn *run;
    void *user;
    size_t tasks;
    atomic_size_t next;
    atomic_bool stop;
    pthread_mutex_t talk; /* held while a note or progress goes to cx */
};

/* One thread: it stops at its first failure, so it has one at most. */
struct worker {
    struct pool *pool;
    bram_ctx *cx;
    pthread_t thread;
    size_t failed; /* the task, when status is not BRAM_OK */
    int status;
};

static void pass_note_on(void *user, const char *line)
{
    struct pool *pool = user;
    pthread_mutex_lock(&pool->talk);
    bram_note(pool->cx, "%s", line);
    pthread_mutex_unlock(&pool->talk);
}

static void pass_progress_on(void *user, const char *what, double done, double total)
{
    struct pool *pool = user;
    pthread_mutex_lock(&pool->talk);
    bram_ctx_progress(pool->cx, what, done, total);
    pthread_mutex_unlock(&pool->talk);
}

static int run_task(bram_ctx *cx, const struct pool *pool, size_t task)
{
    size_t mark = bram_scratch_mark(cx);
    bool outer = inside_a_task;
    inside_a_task = true;
    int status = pool->run(cx, task, pool->user);
    inside_a_task = outer;
    bram_scratch_release(cx, mark);
    return status;
}

/* Takes tasks until there is none. A task that was taken is run whatever happens meanwhile. */
static void *work(void *argument)
{
    struct worker *w = argument;
    struct pool *pool = w->pool;
    while (!atomic_load(&pool->stop)) {
        int status = bram_ctx_check_cancel(w->cx);
        size_t task = pool->tasks; /* a stop on request comes after every failure of a task */
        if (status == BRAM_OK) {
            task = atomic_fetch_add(&pool->next, 1);
            if (task >= pool->tasks) break;
            status = run_task(w->cx, pool, task);
        } else if (atomic_load(&pool->next) >= pool->tasks) {
            break;
        }
        if (status != BRAM_OK) {
            w->failed = task;
            w->status = status;
            atomic_store(&pool->stop, true);
        }
    }
    return NULL;
}

static int run_alone(bram_ctx *cx, const struct pool *pool)
{
    for (size_t task = 0; task < pool->tasks; task++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        BRAM_TRY(run_task(cx, pool, task));
    }
    return BRAM_OK;
}

static size_t threads_for(const bram_ctx *cx, size_t tasks)
{
    size_t threads = bram_ctx_threads(cx);
    if (threads == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        threads = processors > 0 ? (size_t)processors : 1;
    }
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    return threads < tasks ? threads : tasks;
}

/* Starts helpers 1 .. count - 1 with all signals blocked, so that handlers run in the caller's
 * threads. @return how many workers there are; a thread that cannot be had is done without. */
static size_t start(struct worker *workers, size_t count)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    size_t running = 1;
    while (running < count &&
           pthread_create(&workers[running].thread, NULL, work, &workers[running]) == 0)
        running++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return running;
}

static int run_together(bram_ctx *cx, struct pool *pool, struct worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        workers[i] = (struct worker){.pool = pool, .cx = bram_ctx_fork(cx)};
        if (!workers[i].cx) return BRAM_ENOMEM;
        bram_ctx_set_note(workers[i].cx, pass_note_on, pool);
        bram_ctx_set_progress(workers[i].cx, pass_progress_on, pool);
    }
    size_t running = start(workers, count);
    work(&workers[0]);
    for (size_t i = 1; i < running; i++) pthread_join(workers[i].thread, NULL);

    const struct worker *first = NULL;
    for (size_t i = 0; i < running; i++)
        if (workers[i].status != BRAM_OK && (!first || workers[i].failed < first->failed))
            first = &workers[i];
    return first ? bram_fail(cx, first->status, "%s", bram_ctx_message(first->cx)) : BRAM_OK;
}

int bram_parallel_for(bram_ctx *cx, size_t tasks, bram_task_fn *run, void *user)
{
    struct pool pool = {.cx = cx, .run = run, .user = user, .tasks = tasks};
    size_t count = threads_for(cx, tasks);
    if (count < 2 || inside_a_task) return run_alone(cx, &pool);

    size_t mark = bram_scratch_mark(cx);
    struct worker *workers = bram_scratch(cx, count, sizeof *workers);
    if (!workers) return BRAM_ENOMEM;
    if (pthread_mutex_init(&pool.talk, NULL) != 0) {
        bram_scratch_release(cx, mark);
        return bram_fail(cx, BRAM_ENOMEM, "no memory for a lock");
    }
    int status = run_together(cx, &pool, workers, count);
    for (size_t i = 0; i < count; i++) bram_ctx_free(workers[i].cx);
    pthread_mutex_destroy(&pool.talk);
    bram_scratch_release(cx, mark);
    return status;
}
