/*
 * child.c - a child process that is talked to in lines; see child.h.
 *
 * Standard input and output of the child are one end of a socket pair: writing to a child that is
 * gone is then an error like any other (MSG_NOSIGNAL) and no signal for the whole process.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { LINE_BYTES = 4096, TOLD_BYTES = 600, TICK_MS = 100, GRACE_MS = 1000 };

struct bram_child {
    pid_t pid; /* 0 when gone */
    int talk;  /* our end of its standard input and output */
    int told;  /* its standard error */
    char line[LINE_BYTES];
    size_t held;                /* bytes of line that have come in */
    size_t used;                /* of them the answer given last, with its end */
    char error[TOLD_BYTES + 1]; /* the end of what it wrote to its standard error */
    size_t errors;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void close_end(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static bool private(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* ---- starting ------------------------------------------------------------------------------- */

static int spawn(pid_t *pid, const char *command, int talk, int told)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int error = posix_spawn_file_actions_init(&files);
    if (error) return error;
    error = posix_spawnattr_init(&attr);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE); /* which a worker of the engine ignores */
    char shell[] = "/bin/sh", option[] = "-c";
    char *copy = strdup(command), *argv[] = {shell, option, copy, NULL};
    if (!copy) error = ENOMEM;
    if (!error)
        error = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    if (!error) error = posix_spawnattr_setpgroup(&attr, 0);
    if (!error) error = posix_spawnattr_setsigdefault(&attr, &usual);
    if (!error) error = posix_spawn_file_actions_adddup2(&files, talk, STDIN_FILENO);
    if (!error) error = posix_spawn_file_actions_adddup2(&files, talk, STDOUT_FILENO);
    if (!error) error = posix_spawn_file_actions_adddup2(&files, told, STDERR_FILENO);
    if (!error) error = posix_spawn(pid, shell, &files, &attr, argv, environ);
    bram_free(copy);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

int bram_child_start(bram_ctx *cx, bram_child **out, const char *command)
{
    int talk[2] = {-1, -1}, told[2] = {-1, -1};
    bram_child *c = bram_alloc(cx, 1, sizeof *c);
    if (!c) return BRAM_ENOMEM;
    int error = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, talk) != 0 || pipe(told) != 0) error = errno;
    for (int i = 0; i < 2 && !error; i++)
        if (!private(talk[i]) || !private(told[i])) error = errno;
    if (!error && fcntl(told[0], F_SETFL, O_NONBLOCK) != 0) error = errno;
    if (!error) error = spawn(&c->pid, command, talk[1], told[1]);
    close_end(&talk[1]);
    close_end(&told[1]);
    if (error) {
        close_end(&talk[0]);
        close_end(&told[0]);
        bram_free(c);
        return bram_fail(cx, BRAM_EINTERNAL, "cannot start \"%s\": %s", command, strerror(error));
    }
    c->talk = talk[0];
    c->told = told[0];
    *out = c;
    return BRAM_OK;
}

/* ---- ending --------------------------------------------------------------------------------- */

/* Waits up to `milliseconds`. @return whether the child has ended; *how as from waitpid */
static bool wait_for(pid_t pid, int *how, int milliseconds)
{
    for (int waited = 0;; waited += 5) {
        pid_t got = waitpid(pid, how, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR)) return true;
        if (waited >= milliseconds) return false;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

/* Ends the child and all that it started. @return its status as from waitpid */
static int end(bram_child *c, int milliseconds)
{
    int how = 0;
    close_end(&c->talk);
    if (!c->pid) return how;
    bool ended = wait_for(c->pid, &how, milliseconds);
    kill(-c->pid, SIGKILL); /* the group lives on while it has members, even without its leader */
    while (!ended && waitpid(c->pid, &how, 0) < 0 && errno == EINTR) {}
    c->pid = 0;
    return how;
}

/* Takes in what the child has written to its standard error; keeps the end of it. */
static void listen_to_errors(bram_child *c)
{
    char bytes[1024];
    ssize_t n;
    while (c->told >= 0 && (n = read(c->told, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) break;
        for (ssize_t i = 0; i < n; i++) {
            if (c->errors == TOLD_BYTES) memmove(c->error, c->error + 1, --c->errors);
            unsigned char byte = (unsigned char)bytes[i];
            c->error[c->errors++] = byte < ' ' ? ' ' : bytes[i]; /* messages are one line */
        }
    }
    close_end(&c->told);
}

/* The failure of a question: ends the child and says what it wrote. */
static int lost(bram_ctx *cx, bram_child *c, const char *what)
{
    int how = end(c, GRACE_MS / 4);
    listen_to_errors(c);
    while (c->errors && c->error[c->errors - 1] == ' ') c->errors--;
    c->error[c->errors] = 0;
    char ending[64] = "";
    if (WIFSIGNALED(how) && WTERMSIG(how) != SIGKILL)
        snprintf(ending, sizeof ending, " (signal %d)", WTERMSIG(how));
    else if (WIFEXITED(how) && WEXITSTATUS(how))
        snprintf(ending, sizeof ending, " (exit status %d)", WEXITSTATUS(how));
    return bram_fail(cx, BRAM_EREAD, "%s%s%s%s", what, ending, c->errors ? "; it wrote: " : "",
                     c->error);
}

void bram_child_close(bram_child *child)
{
    if (!child) return;
    end(child, GRACE_MS);
    close_end(&child->told);
    bram_free(child);
}

/* ---- talking -------------------------------------------------------------------------------- */

/* Waits until our end can be read or written. @return BRAM_OK; BRAM_EREAD; BRAM_ECANCEL */
static int wait_until(bram_ctx *cx, bram_child *c, short event, double deadline, double seconds)
{
    for (;;) {
        int cancelled = bram_ctx_check_cancel(cx);
        if (cancelled != BRAM_OK) {
            end(c, 0);
            return cancelled;
        }
        if (now() >= deadline) {
            char text[80];
            end(c, 0);
            snprintf(text, sizeof text, "it gave no answer within %g seconds", seconds);
            return lost(cx, c, text);
        }
        struct pollfd fd[2] = {{.fd = c->talk, .events = event}, {.fd = c->told, .events = POLLIN}};
        if (poll(fd, 2, TICK_MS) <= 0) continue;
        if (fd[1].revents) listen_to_errors(c); /* or the pipe fills up and the child waits */
        if (fd[0].revents) return BRAM_OK;
    }
}

static int send_line(bram_ctx *cx, bram_child *c, const char *line, double deadline, double seconds)
{
    size_t length = strlen(line);
    for (size_t sent = 0; sent <= length;) { /* the end of the line is the last byte */
        BRAM_TRY(wait_until(cx, c, POLLOUT, deadline, seconds));
        const char *from = sent < length ? line + sent : "\n";
        size_t count = sent < length ? length - sent : 1;
        ssize_t n = send(c->talk, from, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return lost(cx, c, "it ended before it was asked");
        if (n > 0) sent += (size_t)n;
    }
    return BRAM_OK;
}

int bram_child_ask(bram_ctx *cx, bram_child *c, const char *line, const char **reply,
                   double seconds)
{
    double deadline = now() + seconds;
    if (!c->pid) return bram_fail(cx, BRAM_EREAD, "it has ended");
    memmove(c->line, c->line + c->used, c->held - c->used);
    c->held -= c->used;
    c->used = 0;
    if (c->held) return lost(cx, c, "it wrote more than the line that was asked for");
    BRAM_TRY(send_line(cx, c, line, deadline, seconds));
    for (;;) {
        char *end_of_line = memchr(c->line, '\n', c->held);
        if (end_of_line) {
            *end_of_line = 0;
            c->used = (size_t)(end_of_line - c->line) + 1;
            if (strlen(c->line) + 1 != c->used) return lost(cx, c, "its answer is no text");
            *reply = c->line;
            return BRAM_OK;
        }
        if (c->held == LINE_BYTES) return lost(cx, c, "its answer is a line of over 4095 bytes");
        BRAM_TRY(wait_until(cx, c, POLLIN, deadline, seconds));
        ssize_t n = recv(c->talk, c->line + c->held, LINE_BYTES - c->held, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return lost(cx, c, "it ended without an answer");
        if (n > 0) c->held += (size_t)n;
    }
}
