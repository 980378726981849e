/*
 * sandboxed.c - work on a file in a child process: see sandboxed.h. The child's output comes back
 * through a temporary file without a name; its first byte is the answer.
 */
#include "sandboxed.h"
#include "folder.h"
#include "sandbox.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct job {
    const bram_cli_args *args;
    const char *path;
    bram_cli_work *work;
    FILE *output;
};

static int in_child(bram_ctx *cx, void *user)
{
    struct job *j = user;
    bram_buffer b = {0};
    int answer = j->work(cx, j->args, j->path, &b);
    if (answer < 0) return answer;
    BRAM_TRY(bram_buffer_status(cx, &b));
    bool written = fputc(answer == BRAM_CLI_NO ? 'n' : 'y', j->output) != EOF &&
                   fwrite(bram_buffer_text(&b), 1, b.length, j->output) == b.length &&
                   fflush(j->output) == 0;
    bram_buffer_release(&b);
    return written
               ? BRAM_OK
               : bram_fail(cx, BRAM_EWRITE, "cannot write a temporary file: %s", strerror(errno));
}

static int print_output(bram_ctx *cx, FILE *output)
{
    char bytes[4096];
    rewind(output);
    int answer = fgetc(output);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, output)) > 0;)
        BRAM_TRY(bram_cli_print(cx, bytes, n));
    return answer == 'n' ? BRAM_CLI_NO : BRAM_OK;
}

struct size {
    const char *dir;
    double bytes;
};

/* Adds the size of a file below a folder. */
static int add_bytes(bram_ctx *cx, void *user, const char *name)
{
    struct size *sum = user;
    struct stat s;
    char *path = bram_strf(cx, "%s/%s", sum->dir, name);
    if (!path) return BRAM_ENOMEM;
    if (lstat(path, &s) == 0) sum->bytes += (double)s.st_size;
    bram_free(path);
    return BRAM_OK;
}

int bram_cli_in_sandbox(bram_ctx *cx, const bram_cli_args *args, const char *path,
                        bram_cli_work *work)
{
    const double bytes_a_second = 5e6;
    const unsigned least_seconds = 60;
    struct stat file;
    if (stat(path, &file) != 0) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    struct size size = {path, (double)file.st_size};
    if (S_ISDIR(file.st_mode)) BRAM_TRY(bram_folder_walk(cx, path, add_bytes, &size));
    struct job job = {args, path, work, tmpfile()};
    if (!job.output)
        return bram_fail(cx, BRAM_EWRITE, "cannot make a temporary file: %s", strerror(errno));
    size_t memory = bram_ctx_memory(cx);
    bram_limits limits = {memory ? memory : (size_t)4 << 30,
                          least_seconds + (unsigned)(size.bytes / bytes_a_second), 0};
    int status = bram_sandbox(cx, path, &limits, in_child, &job);
    if (!status) status = print_output(cx, job.output);
    fclose(job.output);
    return status;
}
