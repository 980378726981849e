/*
 * terminal.c - stdout, stderr, signals and exit codes: see terminal.h.
 */
#include "terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_WIDTH = 80, PLAIN_SECONDS = 10 };

enum progress_mode { PROGRESS_NONE, PROGRESS_LINE, PROGRESS_PLAIN, PROGRESS_JSONL };

static volatile int cancelled; /* the library reads it as an int: see bram_ctx_set_cancel */
static volatile sig_atomic_t pipe_closed;
static bool colour;
static size_t lines_shown; /* the cursor is behind the last, or below it after bram_cli_draw */
static bool drawn;

static struct {
    enum progress_mode mode;
    char what[64]; /* up to the parenthesis in which details stand */
    double began, shown;
} progress;

static void stop(int signal_number)
{
    if (signal_number == SIGPIPE) pipe_closed = 1;
    cancelled = 1;
}

/* The first SIGINT or SIGTERM asks long work to stop; the second kills, as it is reset. */
static void catch_signals(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGPIPE};
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
        struct sigaction action = {.sa_handler = stop};
        sigemptyset(&action.sa_mask);
        action.sa_flags = caught[i] == SIGPIPE ? 0 : (int)SA_RESETHAND;
        sigaction(caught[i], &action, NULL);
    }
    /* a limit on the size of files is then a write that fails, with its message */
    sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

/* ---- progress ------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void bram_cli_duration(char *text, size_t room, double seconds)
{
    if (seconds < 100) snprintf(text, room, "%.0f s", seconds);
    else if (seconds < 100 * 60) snprintf(text, room, "%.0f min", seconds / 60);
    else snprintf(text, room, "%d h %02d min", (int)(seconds / 3600), (int)(seconds / 60) % 60);
}

/* A text within a JSON string. */
static void put_json(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ') fprintf(stderr, "\\u%04x", c);
        else fprintf(stderr, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
}

/* {"what": "training", "done": 100, "total": 2000, "seconds": 1.25, "loss": 0.5, ...}: details
 * "(name number, ...)" become members. */
static void show_json(const char *what, double done, double total, double seconds)
{
    const char *open = strstr(what, " (");
    fputs("{\"what\": \"", stderr);
    put_json(what, open ? (size_t)(open - what) : strlen(what));
    fprintf(stderr, "\", \"done\": %.0f, \"total\": %.0f, \"seconds\": %.3f", done, total, seconds);
    for (const char *at = open; at && *at && *at != ')';) {
        char name[32];
        double value;
        int used = 0;
        at += strspn(at, " (,");
        if (sscanf(at, "%31[a-z] %lf%n", name, &value, &used) != 2 || !isfinite(value)) break;
        fprintf(stderr, ", \"%s\": %.6g", name, value);
        at += used;
    }
    fputs("}\n", stderr);
    fflush(stderr);
}

static void show_progress(void *user, const char *what, double done, double total)
{
    (void)user;
    double time = now();
    size_t length = strstr(what, " (") ? (size_t)(strstr(what, " (") - what) : strlen(what);
    if (length >= sizeof progress.what) length = sizeof progress.what - 1;
    if (strlen(progress.what) != length || strncmp(progress.what, what, length) != 0) {
        snprintf(progress.what, sizeof progress.what, "%.*s", (int)length, what);
        progress.began = time;
        progress.shown = 0;
    }
    if (progress.mode == PROGRESS_JSONL) {
        show_json(what, done, total, time - progress.began);
        return;
    }
    bool finished = total > 0 && done >= total;
    double least = progress.mode == PROGRESS_LINE ? 0.1 : PLAIN_SECONDS;
    if (!finished && time - progress.shown < least) return;
    progress.shown = time;

    char left[48] = "", line[160];
    double elapsed = time - progress.began, rate = elapsed > 0 ? done / elapsed : 0;
    if (!finished && rate > 0 && elapsed > 1) {
        char remaining[24];
        bram_cli_duration(remaining, sizeof remaining, (total - done) / rate);
        snprintf(left, sizeof left, ", %.3g/s, %s left", rate, remaining);
    }
    if (total > 0)
        snprintf(line, sizeof line, "%s: %.0f of %.0f (%.0f%%)%s", what, done, total,
                 100 * done / total, left);
    else snprintf(line, sizeof line, "%s: %.0f", what, done);
    if (progress.mode == PROGRESS_LINE) {
        int width = (int)bram_cli_width() - 1;
        fprintf(stderr, "\r\033[K%.*s", width > 0 ? width : 1, line);
        lines_shown = 1;
        if (finished) bram_cli_terminal_end();
    } else {
        fprintf(stderr, "bramble: %s\n", line);
    }
    fflush(stderr);
}

void bram_cli_terminal_end(void)
{
    if (drawn) fprintf(stderr, "\r\033[%zuA\033[J", lines_shown);
    else if (lines_shown) fputs("\r\033[K", stderr);
    lines_shown = 0;
    drawn = false;
}

bool bram_cli_is_screen(void)
{
    return progress.mode == PROGRESS_LINE;
}

void bram_cli_draw(const char *lines)
{
    bram_cli_terminal_end();
    for (const char *c = lines; *c; c++) lines_shown += *c == '\n';
    drawn = lines_shown > 0;
    fputs(lines, stderr);
    fflush(stderr);
}

static void take_note(void *user, const char *line)
{
    (void)user;
    bram_cli_say("%s", line);
}

void bram_cli_terminal_start(bram_ctx *cx, const bram_cli_args *args)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    bool screen = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    colour = screen && !(none && *none) &&
             strcmp(bram_cli_text(args, "color", "auto"), "never") != 0;

    const char *mode = bram_cli_text(args, "progress", "auto");
    bool quiet = bram_cli_has(args, "quiet");
    progress.mode = PROGRESS_NONE;
    if (!quiet && !strcmp(mode, "plain")) progress.mode = PROGRESS_PLAIN;
    if (!quiet && !strcmp(mode, "jsonl")) progress.mode = PROGRESS_JSONL;
    if (!quiet && !strcmp(mode, "auto") && screen) progress.mode = PROGRESS_LINE;
    if (progress.mode != PROGRESS_NONE) bram_ctx_set_progress(cx, show_progress, NULL);
    if (!quiet) bram_ctx_set_note(cx, take_note, NULL);

    catch_signals();
    bram_ctx_set_cancel(cx, &cancelled);
}

void bram_cli_finish_on_signal(bram_ctx *cx)
{
    bram_ctx_set_cancel(cx, NULL);
    bram_ctx_set_finish(cx, &cancelled);
}

bool bram_cli_signalled(void)
{
    return cancelled;
}

/* ---- output --------------------------------------------------------------------------------- */

void bram_cli_say(const char *format, ...)
{
    bram_cli_terminal_end();
    fputs(colour ? "\033[1mbramble:\033[0m " : "bramble: ", stderr);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

size_t bram_cli_width(void)
{
    struct winsize size;
    const char *wanted = getenv("COLUMNS");
    char *end;
    unsigned long columns = wanted ? strtoul(wanted, &end, 10) : 0;
    if (columns >= 20 && columns <= 10000 && !*end) return columns;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return DEFAULT_WIDTH;
}

size_t bram_cli_height(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row >= 4 ? size.ws_row : 24;
}

bool bram_cli_utf8(void)
{
    return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static int cannot_write(bram_ctx *cx, int error)
{
    if (error == EPIPE) pipe_closed = 1;
    return bram_fail(cx, BRAM_EWRITE, "cannot write the output: %s", strerror(error));
}

int bram_cli_print(bram_ctx *cx, const char *text, size_t length)
{
    bram_cli_terminal_end();
    errno = EIO;
    return fwrite(text, 1, length, stdout) == length ? BRAM_OK : cannot_write(cx, errno);
}

int bram_cli_close_output(bram_ctx *cx)
{
    bool failed = ferror(stdout) != 0;
    errno = EIO;
    if (fflush(stdout) != 0 || fclose(stdout) != 0) return cannot_write(cx, errno);
    return failed ? cannot_write(cx, EIO) : BRAM_OK;
}

bool bram_cli_pipe_closed(void)
{
    return pipe_closed;
}

int bram_cli_exit_code(int status)
{
    enum { OK, NO, USAGE, UNREADABLE, INTERNAL, CANNOT_WRITE, INTERRUPTED = 130 };
    switch (status) {
    case BRAM_OK:
        return OK;
    case BRAM_CLI_NO:
    case BRAM_ENOTAPPLICABLE:
    case BRAM_EMEMORY:
        return NO;
    case BRAM_EUSAGE:
    case BRAM_EABSENT:
        return USAGE;
    case BRAM_EFORMAT:
    case BRAM_EREAD:
    case BRAM_ESHAPE:
    case BRAM_ENUMERIC:
        return UNREADABLE;
    case BRAM_EWRITE:
        return CANNOT_WRITE;
    case BRAM_ECANCEL:
        return INTERRUPTED;
    default:
        return INTERNAL;
    }
}
