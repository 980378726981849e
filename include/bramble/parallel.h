/*
 * parallel.h - tasks on a pool of threads.
 *
 * The partition into tasks is the caller's and never depends on the number of threads; each task
 * writes to its own place. Then any number of threads gives the same bits.
 */
#ifndef BRAMBLE_PARALLEL_H
#define BRAMBLE_PARALLEL_H

#include <bramble/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One task. cx is lent to it: scratch memory taken in it is released when the task returns. */
typedef int bram_task_fn(bram_ctx *cx, size_t task, void *user);

/**
 * Runs run(cx, 0 .. tasks - 1, user) on up to bram_ctx_threads(cx) threads and waits for all.
 * Called from within a task it runs on that task's thread alone.
 *
 * @return BRAM_OK, or the status and message of the lowest-numbered task that failed (tasks not
 *         yet started are then skipped); BRAM_ECANCEL
 */
int bram_parallel_for(bram_ctx *cx, size_t tasks, bram_task_fn *run, void *user) BRAM_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
