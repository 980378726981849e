/*
 * sandbox.c - a function in a child process: fork, setrlimit, and a pipe of records from the child.
 *
 * What comes through the pipe is not trusted either: every record is checked before use.
 */
#include "sandbox.h"

#include "buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { TEXT_BYTES = 1024, TICK_MS = 50 };
enum { NOTE = 1, PROGRESS, RESULT };

/* One record in the pipe; of its text only the first `length` bytes are sent. Below PIPE_BUF bytes
 * in all, so that a write is one piece. */
struct record {
    int32_t kind, status;
    uint32_t length, unused;
    double done, total;
    char text[TEXT_BYTES];
};

enum { HEAD = offsetof(struct record, text) };

/* The caller's side of one child. */
struct watch {
    bram_ctx *cx;
    const char *file;
    const bram_limits *limits;
    pid_t child; /* 0: none */
    int pipe;
    double deadline; /* on the monotonic clock; infinite for none */
    unsigned char bytes[2 * sizeof(struct record)];
    size_t held;       /* bytes of records not yet complete */
    bram_buffer *kept; /* notes wait here, a line each; NULL: they are passed on at once */
    double share;      /* done / total of the last report of progress */
    bool has_result;
    struct record result;
};

bool bram_sandbox_limits_memory(void)
{
    return !SANITIZED;
}

/* ---- in the child --------------------------------------------------------------------------- */

static void send_record(int pipe, struct record *r, const char *text)
{
    size_t length = strlen(text);
    r->length = (uint32_t)(length < TEXT_BYTES ? length : TEXT_BYTES - 1);
    memcpy(r->text, text, r->length);
    const char *from = (const char *)r;
    for (size_t left = HEAD + r->length; left;) {
        ssize_t written = write(pipe, from, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return; /* the caller is gone */
        from += written;
        left -= (size_t)written;
    }
}

static void send_note(void *user, const char *line)
{
    send_record(*(int *)user, &(struct record){.kind = NOTE}, line);
}

static void send_progress(void *user, const char *what, double done, double total)
{
    send_record(*(int *)user, &(struct record){.kind = PROGRESS, .done = done, .total = total},
                what);
}

/* The address space of this process, 0 where it cannot be known. */
static size_t present_size(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return 0;
    if (fscanf(f, "%lu", &pages) != 1) pages = 0;
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Lowers a limit; one that is lower already stays. */
static void limit(int what, rlim_t soft, rlim_t hard)
{
    struct rlimit now;
    if (getrlimit(what, &now) != 0) return;
    if (now.rlim_max != RLIM_INFINITY && hard > now.rlim_max) hard = now.rlim_max;
    if (now.rlim_cur != RLIM_INFINITY && soft > now.rlim_cur) soft = now.rlim_cur;
    setrlimit(what, &(struct rlimit){.rlim_cur = soft < hard ? soft : hard, .rlim_max = hard});
}

static void set_limits(const bram_limits *limits)
{
    limit(RLIMIT_CORE, 0, 0);
    if (limits->cpu_seconds)
        limit(RLIMIT_CPU, limits->cpu_seconds, (rlim_t)limits->cpu_seconds + 1);
    size_t size = present_size();
    if (limits->memory && bram_sandbox_limits_memory() && limits->memory < SIZE_MAX - size)
        limit(RLIMIT_AS, size + limits->memory, size + limits->memory);
}

/* Signals as in a fresh process; nothing printed, except by the sanitizers. */
static void become_quiet(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE,  SIGILL,
                                  SIGTRAP, SIGSYS, SIGPIPE, SIGXCPU, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0) return;
    dup2(nowhere, STDOUT_FILENO);
    if (!SANITIZED) dup2(nowhere, STDERR_FILENO);
    if (nowhere > STDERR_FILENO) close(nowhere);
}

static _Noreturn void be_the_child(bram_ctx *cx, const bram_limits *limits, int pipe,
                                   bram_sandbox_fn *run, void *user)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    become_quiet();
    set_limits(limits);
    bram_ctx_set_note(cx, send_note, &pipe);
    bram_ctx_set_progress(cx, send_progress, &pipe);
    int status = run(cx, user);
    const char *message = status == BRAM_OK ? "" : bram_ctx_message(cx);
    send_record(pipe, &(struct record){.kind = RESULT, .status = status}, message);
    _exit(0);
}

/* ---- in the caller -------------------------------------------------------------------------- */

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int broken(struct watch *w)
{
    return bram_fail(w->cx, BRAM_EFORMAT,
                     "reading %s made the reader send nonsense; the file is damaged or hostile",
                     w->file);
}

static int take_record(struct watch *w, struct record *r)
{
    r->text[r->length] = 0;
    if (w->has_result) return broken(w);
    if (r->kind == NOTE && w->kept) bram_buffer_putf(w->kept, "%s\n", r->text);
    else if (r->kind == NOTE) bram_note(w->cx, "%s", r->text);
    else if (r->kind == PROGRESS && w->kept)
        w->share = r->done >= 0 && r->done < r->total ? r->done / r->total : 0;
    else if (r->kind == PROGRESS) bram_ctx_progress(w->cx, r->text, r->done, r->total);
    else if (r->kind == RESULT && r->status <= BRAM_OK && r->status >= BRAM_EINTERNAL) {
        w->result = *r;
        w->has_result = true;
    } else return broken(w);
    return BRAM_OK;
}

/* Takes all complete records off the front of what has been read. */
static int take_records(struct watch *w)
{
    struct record r = {.kind = 0};
    size_t at = 0;
    while (w->held - at >= HEAD) {
        memcpy(&r, w->bytes + at, HEAD);
        if (r.length >= TEXT_BYTES) return broken(w);
        if (w->held - at < HEAD + r.length) break;
        memcpy(r.text, w->bytes + at + HEAD, r.length);
        BRAM_TRY(take_record(w, &r));
        at += HEAD + r.length;
    }
    memmove(w->bytes, w->bytes + at, w->held - at);
    w->held -= at;
    return BRAM_OK;
}

static int check_time(struct watch *w)
{
    BRAM_TRY(bram_ctx_check_cancel(w->cx));
    if (now_seconds() < w->deadline) return BRAM_OK;
    return bram_fail(
        w->cx, BRAM_EFORMAT,
        "reading %s took more than %g s; the file is damaged or hostile, or needs more time",
        w->file, w->limits->wall_seconds);
}

/* Reads once from a pipe that has something, and takes what is complete. */
static int read_some(struct watch *w, bool *closed)
{
    ssize_t got = read(w->pipe, w->bytes + w->held, sizeof w->bytes - w->held);
    *closed = got == 0;
    if (got < 0 && errno != EINTR)
        return bram_fail(w->cx, BRAM_EINTERNAL, "cannot read a pipe: %s", strerror(errno));
    if (got <= 0) return BRAM_OK;
    w->held += (size_t)got;
    return take_records(w);
}

/* Reads records until the pipe is closed. */
static int listen_to(struct watch *w)
{
    for (bool closed = false; !closed;) {
        BRAM_TRY(check_time(w));
        struct pollfd p = {.fd = w->pipe, .events = POLLIN};
        if (poll(&p, 1, TICK_MS) <= 0) continue; /* a tick, or a signal */
        BRAM_TRY(read_some(w, &closed));
    }
    return BRAM_OK;
}

/* Waits for the end of a child that has closed its pipe: at once, unless it is up to something. */
static int wait_for_end(struct watch *w, int *how, bool *ended)
{
    for (;;) {
        pid_t got = waitpid(w->child, how, WNOHANG);
        if (got == w->child) {
            *ended = true;
            return BRAM_OK;
        }
        if (got < 0 && errno != EINTR) { /* SIGCHLD is ignored here: no status to be had */
            *ended = true;
            *how = 0;
            return BRAM_OK;
        }
        BRAM_TRY(check_time(w));
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static const char *signal_name(int number)
{
    switch (number) {
    case SIGSEGV:
        return "segmentation fault";
    case SIGBUS:
        return "bus error";
    case SIGABRT:
        return "abort";
    case SIGFPE:
        return "arithmetic error";
    case SIGILL:
        return "illegal instruction";
    case SIGKILL:
        return "killed, perhaps for want of memory";
    default:
        return "unexpected";
    }
}

static int explain_end(struct watch *w, int how)
{
    if (!w->has_result && WIFSIGNALED(how) && WTERMSIG(how) == SIGXCPU)
        return bram_fail(w->cx, BRAM_EFORMAT,
                         "reading %s took more than %u s of processor time; the file is damaged or "
                         "hostile, or needs more time",
                         w->file, w->limits->cpu_seconds);
    if (!w->has_result && WIFSIGNALED(how))
        return bram_fail(
            w->cx, BRAM_EFORMAT,
            "reading %s crashed the reader (signal %d, %s); the file is damaged or hostile",
            w->file, WTERMSIG(how), signal_name(WTERMSIG(how)));
    if (!w->has_result)
        return bram_fail(w->cx, BRAM_EFORMAT,
                         "reading %s ended the reader without a result (exit code %d); the file is "
                         "damaged or hostile",
                         w->file, WIFEXITED(how) ? WEXITSTATUS(how) : -1);
    if (w->result.status == BRAM_OK) return BRAM_OK;
    if (w->result.status == BRAM_ENOMEM && w->limits->memory && bram_sandbox_limits_memory())
        return bram_fail(
            w->cx, BRAM_EFORMAT,
            "reading %s took more than %.0f MiB of memory; the file is damaged or hostile, "
            "or needs a higher limit",
            w->file, (double)w->limits->memory / 1048576);
    return bram_fail(w->cx, w->result.status, "%s", w->result.text);
}

/* Ends the watch of a child whose pipe is closed, or that is given up (status is not BRAM_OK). */
static int finish(struct watch *w, int status)
{
    int how = 0;
    bool ended = false;
    if (status == BRAM_OK) status = wait_for_end(w, &how, &ended);
    if (!ended) {
        kill(w->child, SIGKILL);
        while (waitpid(w->child, &how, 0) < 0 && errno == EINTR) continue;
    }
    close(w->pipe);
    w->child = 0;
    return status == BRAM_OK ? explain_end(w, how) : status;
}

/* Starts the child of a watch whose cx, file and limits are set. */
static int start(struct watch *w, bram_sandbox_fn *run, void *user)
{
    int ends[2];
    if (pipe(ends) != 0)
        return bram_fail(w->cx, BRAM_ENOMEM, "cannot make a pipe to read %s: %s", w->file,
                         strerror(errno));
    for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    w->pipe = ends[0];
    w->deadline = w->limits->wall_seconds > 0 ? now_seconds() + w->limits->wall_seconds
                                              : (double)INFINITY;
    w->child = fork();
    if (w->child == 0) {
        close(ends[0]);
        be_the_child(w->cx, w->limits, ends[1], run, user);
    }
    int error = errno;
    close(ends[1]);
    if (w->child > 0) return BRAM_OK;
    w->child = 0;
    close(ends[0]);
    return bram_fail(w->cx, BRAM_ENOMEM, "cannot make a process to read %s: %s", w->file,
                     strerror(error));
}

int bram_sandbox(bram_ctx *cx, const char *file, const bram_limits *limits, bram_sandbox_fn *run,
                 void *user)
{
    struct watch w = {.cx = cx, .file = file, .limits = limits};
    BRAM_TRY(start(&w, run, user));
    return finish(&w, listen_to(&w));
}

/* ---- many children -------------------------------------------------------------------------- */

unsigned bram_sandbox_workers(const bram_ctx *cx)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned workers = bram_ctx_threads(cx);
    if (!workers) workers = processors > 0 ? (unsigned)processors : 1;
    return workers < BRAM_SANDBOX_WORKERS ? workers : BRAM_SANDBOX_WORKERS;
}

/* What became of a job, kept until all before it have been told. */
struct outcome {
    bool ended;
    int status;
    char *message;
    bram_buffer notes;
};

struct pool {
    bram_ctx *cx;
    const bram_sandbox_work *work;
    struct watch *watch; /* one for each worker */
    size_t *job;         /* which job a watch is of */
    struct pollfd *poll;
    struct outcome *outcome; /* of each job */
    size_t workers, running, next, told;
    size_t memory; /* of the running jobs together */
    double done, total;
};

static void give_up(struct pool *p)
{
    for (size_t i = 0; i < p->workers; i++)
        if (p->watch[i].child) (void)finish(&p->watch[i], BRAM_ECANCEL);
    for (size_t i = p->told; i < p->work->count; i++) {
        bram_free(p->outcome[i].message);
        bram_buffer_release(&p->outcome[i].notes);
    }
}

/* Whether the next job may start: there is a worker, and memory, or nothing runs. */
static bool may_start(const struct pool *p)
{
    const bram_sandbox_work *w = p->work;
    if (p->next == w->count || p->running == p->workers) return false;
    size_t need = w->jobs[p->next].memory;
    return !p->running || !w->memory || (p->memory < w->memory && need <= w->memory - p->memory);
}

static int start_next(struct pool *p)
{
    size_t i = 0, j = p->next;
    const bram_sandbox_job *job = &p->work->jobs[j];
    while (p->watch[i].child) i++;
    p->watch[i] = (struct watch){
        .cx = p->cx, .file = job->file, .limits = &job->limits, .kept = &p->outcome[j].notes};
    BRAM_TRY(start(&p->watch[i], p->work->run, job->user));
    p->job[i] = j;
    p->next++;
    p->running++;
    p->memory += job->memory;
    return BRAM_OK;
}

/* A job has ended: its message is kept. */
static int note_end(struct pool *p, size_t i, int status)
{
    struct outcome *o = &p->outcome[p->job[i]];
    status = finish(&p->watch[i], status);
    p->running--;
    p->memory -= p->work->jobs[p->job[i]].memory;
    p->done += p->work->jobs[p->job[i]].weight;
    if (status == BRAM_ECANCEL) return status;
    o->status = status;
    o->message = bram_strdup(p->cx, status == BRAM_OK ? "" : bram_ctx_message(p->cx));
    o->ended = true;
    return o->message ? bram_buffer_status(p->cx, &o->notes) : BRAM_ENOMEM;
}

/* Tells of the jobs that have ended, as far as all before them have. */
static int tell(struct pool *p)
{
    for (; p->told < p->work->count && p->outcome[p->told].ended; p->told++) {
        struct outcome *o = &p->outcome[p->told];
        char *line = o->notes.length ? o->notes.text : NULL;
        for (char *end; line && (end = strchr(line, '\n')); line = end + 1) {
            *end = 0;
            if (p->work->line) BRAM_TRY(p->work->line(p->cx, p->work->user, p->told, line));
            else bram_note(p->cx, "%s", line);
        }
        BRAM_TRY(p->work->ended(p->cx, p->work->user, p->told, o->status, o->message));
        bram_free(o->message);
        bram_buffer_release(&o->notes);
    }
    return BRAM_OK;
}

static void report(const struct pool *p)
{
    double done = p->done;
    for (size_t i = 0; i < p->workers; i++)
        if (p->watch[i].child) done += p->watch[i].share * p->work->jobs[p->job[i]].weight;
    bram_ctx_progress(p->cx, p->work->what, done, p->total);
}

/* Waits until some child says something, and hears it. */
static int listen_to_all(struct pool *p)
{
    size_t n = 0, which[BRAM_SANDBOX_WORKERS];
    for (size_t i = 0; i < p->workers; i++)
        if (p->watch[i].child) {
            p->poll[n] = (struct pollfd){.fd = p->watch[i].pipe, .events = POLLIN};
            which[n++] = i;
        }
    int ready = poll(p->poll, n, TICK_MS);
    for (size_t k = 0; k < n; k++) {
        bool closed = false;
        struct watch *w = &p->watch[which[k]];
        int status = check_time(w);
        if (status == BRAM_OK && ready > 0 && p->poll[k].revents) status = read_some(w, &closed);
        if (closed || status != BRAM_OK) BRAM_TRY(note_end(p, which[k], status));
    }
    report(p);
    return tell(p);
}

int bram_sandbox_all(bram_ctx *cx, const bram_sandbox_work *work)
{
    size_t mark = bram_scratch_mark(cx), workers = work->workers ? work->workers : 1;
    if (workers > BRAM_SANDBOX_WORKERS) workers = BRAM_SANDBOX_WORKERS;
    if (workers > work->count) workers = work->count;
    struct pool p = {.cx = cx, .work = work, .workers = workers};
    p.watch = bram_scratch(cx, workers, sizeof *p.watch);
    p.job = bram_scratch(cx, workers, sizeof *p.job);
    p.poll = bram_scratch(cx, workers, sizeof *p.poll);
    p.outcome = bram_scratch(cx, work->count, sizeof *p.outcome);
    if (!p.watch || !p.job || !p.poll || !p.outcome) return BRAM_ENOMEM;
    for (size_t i = 0; i < work->count; i++) p.total += work->jobs[i].weight;
    int status = BRAM_OK;
    while (status == BRAM_OK && p.told < work->count) {
        while (status == BRAM_OK && may_start(&p)) status = start_next(&p);
        if (status == BRAM_OK) status = listen_to_all(&p);
    }
    give_up(&p);
    bram_scratch_release(cx, mark);
    return status;
}
