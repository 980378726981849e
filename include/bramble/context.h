/*
 * context.h - what every call into the library carries: status and message, scratch memory,
 * threads, a memory budget, cancellation and progress.
 *
 * Errors. A function that can fail returns BRAM_OK (0) or a negative bram_status and leaves its
 * outputs untouched. The message, kept in the context, says what was found, what was expected and
 * where. Nothing in the library prints, exits or aborts.
 *
 * Threads. A context belongs to one thread at a time. bram_parallel_for (parallel.h) lends each
 * task a context of its own.
 */
#ifndef BRAMBLE_CONTEXT_H
#define BRAMBLE_CONTEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define BRAM_MUST_CHECK                 __attribute__((warn_unused_result))
#define BRAM_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define BRAM_MUST_CHECK
#define BRAM_PRINTF(format_at, args_at)
#endif

typedef enum bram_status {
    BRAM_OK = 0,
    BRAM_ENOMEM = -1,          /* an allocation failed, or a size overflows */
    BRAM_EUSAGE = -2,          /* an option, a spec string or a name is not known or out of range */
    BRAM_EFORMAT = -3,         /* an input file is not what it should be */
    BRAM_EREAD = -4,           /* an input file cannot be read or is absent */
    BRAM_EWRITE = -5,          /* an output cannot be written */
    BRAM_ESHAPE = -6,          /* shapes of arrays do not fit together */
    BRAM_ENUMERIC = -7,        /* NaN or infinity where numbers are needed; a singular system */
    BRAM_EABSENT = -8,         /* a thing asked for by name is not there */
    BRAM_ECANCEL = -9,         /* the caller asked to stop */
    BRAM_ENOTAPPLICABLE = -10, /* the model, metric or data cannot answer this question */
    BRAM_EMEMORY = -11,        /* the work would exceed the memory budget */
    BRAM_EINTERNAL = -12       /* a library below failed in a way that is not the input's fault */
} bram_status;

typedef struct bram_ctx bram_ctx;

/**
 * Sets the process-wide state of the libraries below: error handlers of HDF5 and GSL off, matio's
 * logger silent, BLAS on one thread. Call once, before any other function; later calls do nothing.
 * Which kernels BLAS uses was settled before: see bram_blas_advice().
 */
void bram_init(void);

/**
 * Whether BLAS works with kernels far below what the processor can do, by a factor of 5 or more:
 * OpenBLAS does not know every processor. It chooses while it is loaded, so bram_init() can change
 * nothing; a program that wants the better ones sets OPENBLAS_CORETYPE to the answer and executes
 * itself again, as `bramble` does (cli/kernels.c), or is started with the variable set.
 *
 * @return the value for OPENBLAS_CORETYPE; NULL when the choice is good or the variable is set
 */
const char *bram_blas_advice(void);

/** @return the library's version, e.g. "0.1.0" */
const char *bram_version(void);

/** @return a new context, or NULL when there is no memory; the caller frees it */
bram_ctx *bram_ctx_new(void);

/** Frees a context and its scratch memory. NULL is allowed. */
void bram_ctx_free(bram_ctx *cx);

/**
 * Records a failure and returns its status, so that `return bram_fail(cx, BRAM_ESHAPE, "...")` is
 * the whole of an error path. Replaces an earlier message. Control characters become blanks or "?",
 * so that a message is one line whatever stands in a file.
 */
int bram_fail(bram_ctx *cx, int status, const char *format, ...) BRAM_PRINTF(3, 4);

/** Puts "prefix: " before the message of the last failure: the file, the recording, the cell. */
int bram_fail_prefix(bram_ctx *cx, int status, const char *format, ...) BRAM_PRINTF(3, 4);

/** @return the message of the last failure, "" when there was none; lives until the next one */
const char *bram_ctx_message(const bram_ctx *cx);

/** @return the field's name of a status: "out of memory", "unreadable input" ... */
const char *bram_status_name(int status);

/** Returns from the calling function with the status of expr, unless that is BRAM_OK. */
#define BRAM_TRY(expr)                                                                             \
    do {                                                                                           \
        int bram_try_status_ = (expr);                                                             \
        if (bram_try_status_ != BRAM_OK) return bram_try_status_;                                  \
    } while (0)

/* ---- memory --------------------------------------------------------------------------------- */

/**
 * Zeroed scratch memory of count * size bytes, aligned for any type and to 64 bytes, valid until
 * the mark below it is released or the context is freed.
 *
 * @return NULL (with the message set, status BRAM_ENOMEM) on overflow or when there is no memory
 */
void *bram_scratch(bram_ctx *cx, size_t count, size_t size);

/** @return a mark of the present height of the scratch stack */
size_t bram_scratch_mark(const bram_ctx *cx);

/** Gives back all scratch memory taken since the mark. */
void bram_scratch_release(bram_ctx *cx, size_t mark);

/**
 * Zeroed heap memory of count * size bytes; the caller frees it with bram_free().
 *
 * @return NULL (with the message set) on overflow or when there is no memory; count 0 is allowed
 */
void *bram_alloc(bram_ctx *cx, size_t count, size_t size);

/** Resizes heap memory to count * size bytes; new bytes are not zeroed; NULL leaves it as it was.
 */
void *bram_realloc(bram_ctx *cx, void *memory, size_t count, size_t size);

/** @return a heap copy of text, or NULL (with the message set) */
char *bram_strdup(bram_ctx *cx, const char *text);

/** @return a heap string by printf's rules, or NULL (with the message set) */
char *bram_strf(bram_ctx *cx, const char *format, ...) BRAM_PRINTF(2, 3);

void bram_free(void *memory);

/* ---- settings ------------------------------------------------------------------------------- */

/** Number of threads bram_parallel_for may use; 0 means one for each processor. Default 1. */
void bram_ctx_set_threads(bram_ctx *cx, unsigned threads);
unsigned bram_ctx_threads(const bram_ctx *cx);

/** Memory budget in bytes for work planned by the library; 0 means no limit (default). */
void bram_ctx_set_memory(bram_ctx *cx, size_t bytes);
size_t bram_ctx_memory(const bram_ctx *cx);

/**
 * A folder in which an import keeps what it has read until it is written, so that many recordings
 * take no more memory than one; in a file without a name, which vanishes with the process. NULL
 * (default): everything stays in memory. The text must live as long as it stands here.
 */
void bram_ctx_set_spill(bram_ctx *cx, const char *folder);
const char *bram_ctx_spill(const bram_ctx *cx);

/** A flag the caller may set from a signal handler; long work then ends with BRAM_ECANCEL. */
void bram_ctx_set_cancel(bram_ctx *cx, const volatile int *flag);

/** @return BRAM_OK, or BRAM_ECANCEL with a message once the flag is set */
int bram_ctx_check_cancel(bram_ctx *cx);

/** A flag like that of bram_ctx_set_cancel: the training of a model with BRAM_MODEL_FINISHES then
 * ends with the best that it has, and the fit succeeds. */
void bram_ctx_set_finish(bram_ctx *cx, const volatile int *flag);

/** @return whether that flag is set, and that of bram_ctx_set_cancel, which comes first, is not */
bool bram_ctx_finish(const bram_ctx *cx);

/** Receives progress of long work: what, how much of the total is done. NULL for none. */
typedef void bram_progress_fn(void *user, const char *what, double done, double total);
void bram_ctx_set_progress(bram_ctx *cx, bram_progress_fn *report, void *user);
void bram_ctx_progress(bram_ctx *cx, const char *what, double done, double total);

/** Receives notes for the user ("12 traces have no label"), one line each. NULL for none. */
typedef void bram_note_fn(void *user, const char *line);
void bram_ctx_set_note(bram_ctx *cx, bram_note_fn *take, void *user);
void bram_note(bram_ctx *cx, const char *format, ...) BRAM_PRINTF(2, 3);

/** @return a new context with the settings of cx, for a task on another thread */
bram_ctx *bram_ctx_fork(bram_ctx *cx);

#ifdef __cplusplus
}
#endif
#endif
