/*
 * sandbox.h - a function run in a child process under limits: how untrusted files are read.
 *
 * The libraries that read containers can be crashed by hostile bytes. In a child a crash, an
 * endless loop or an endless allocation is a message about the file, and nothing more.
 *
 * The child is made by fork alone: it holds only the calling thread. So call this while no other
 * thread of the process holds locks that the function needs: best before any thread is started, and
 * never from within a task of bram_parallel_for.
 */
#ifndef BRAMBLE_CORE_SANDBOX_H
#define BRAMBLE_CORE_SANDBOX_H

#include <bramble/context.h>

/** Limits of a child; 0 is no limit. */
typedef struct bram_limits {
    size_t memory;        /* bytes of address space beyond what the process has now */
    unsigned cpu_seconds; /* of processor time */
    double wall_seconds;  /* from start to end */
} bram_limits;

/**
 * What runs in the child. cx has the settings of the caller's; its notes, progress, status and
 * message reach the caller. Memory that it changes does not: results go through a file whose name
 * it knows (user points into a copy of the caller's memory). Standard output and error lead
 * nowhere.
 */
typedef int bram_sandbox_fn(bram_ctx *cx, void *user);

/**
 * Runs run(cx, user) in a child process and waits for it. Heeds cancellation (the child is killed).
 *
 * @param file  the file that is read, for messages
 * @return the status of run, with its message; BRAM_EFORMAT when the child crashed, took too long,
 * or ran out of its memory limit ("reading worm.h5 crashed the reader (signal 11 ...)");
 *         BRAM_ECANCEL; BRAM_ENOMEM when no process can be made
 */
int bram_sandbox(bram_ctx *cx, const char *file, const bram_limits *limits, bram_sandbox_fn *run,
                 void *user) BRAM_MUST_CHECK;

enum { BRAM_SANDBOX_WORKERS = 256 }; /* the most children at a time */

/** @return how many children to run at a time: the threads of cx, 0 being one a processor */
unsigned bram_sandbox_workers(const bram_ctx *cx);

/** One of many jobs. */
typedef struct bram_sandbox_job {
    const char *file; /* for messages */
    bram_limits limits;
    size_t memory; /* bytes that it is expected to take */
    double weight; /* its share of the progress, e.g. bytes to read */
    void *user;    /* for run */
} bram_sandbox_job;

/** Many jobs, each in a child of its own, some at a time. */
typedef struct bram_sandbox_work {
    const bram_sandbox_job *jobs;
    size_t count;
    bram_sandbox_fn *run; /* in the child, with the job's user */
    unsigned workers;     /* children at a time */
    size_t memory;        /* what those may be expected to take together; 0: no limit. One may run
                             in any case */
    const char *what;     /* for the progress */

    /** Takes a note of a job; NULL: it becomes a note of cx. Called before `ended`. */
    int (*line)(bram_ctx *cx, void *user, size_t job, const char *line);
    /** Learns what became of a job, as bram_sandbox would return it. What is not BRAM_OK ends the
     *  work. */
    int (*ended)(bram_ctx *cx, void *user, size_t job, int status, const char *message);
    void *user;
} bram_sandbox_work;

/**
 * Runs all jobs. `line` and `ended` are called in the order of the jobs, whatever the order in
 * which they end, so that nothing depends on the number of workers.
 *
 * @return BRAM_OK also when jobs failed; what `line` or `ended` returned; BRAM_ECANCEL;
 *         BRAM_ENOMEM. All children have ended.
 */
int bram_sandbox_all(bram_ctx *cx, const bram_sandbox_work *work) BRAM_MUST_CHECK;

/**
 * @return false where memory limits cannot be enforced (under the address and thread sanitizers)
 */
bool bram_sandbox_limits_memory(void);

#endif
