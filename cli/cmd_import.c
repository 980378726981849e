/*
 * cmd_import.c - `bramble import RAW... -o OUT`: a laboratory's files to a homogenized file.
 *
 * A child process reads the raw files and writes a homogenized file into a new folder beside OUT;
 * the parent opens that, prints the report and moves it to OUT. So OUT is whole or absent, whatever
 * happens, and raw files that crash their reader are a message.
 */
#include "output.h"
#include "sandbox.h"
#include "terminal.h"

#include <bramble/loader.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 512 };

struct job {
    bram_input input;
    const char *source;
    const bram_options *options;
    const char *folder; /* what has no place in memory waits there */
    const char *path;   /* of the file to write */
};

static int in_child(bram_ctx *cx, void *user)
{
    const struct job *job = user;
    bram_dataset *ds = NULL;
    bram_ctx_set_spill(cx, job->folder);
    int status = bram_import(cx, &ds, job->source, &job->input, job->options);
    if (status == BRAM_EABSENT) status = BRAM_EFORMAT; /* the file lacks it: no wrong usage */
    if (status != BRAM_OK) return status;
    status = bram_dataset_write(cx, ds, job->path, false);
    bram_dataset_free(ds);
    return status;
}

/* A child may use this much memory and processor time for raw files of some size. */
static bram_limits limits_for(bram_ctx *cx, const bram_input *input)
{
    const double bytes_a_second = 1e6;
    double size = 0;
    struct stat file;
    for (size_t i = 0; i < input->count; i++)
        if (stat(input->paths[i], &file) == 0) size += (double)file.st_size;
    size_t memory = bram_ctx_memory(cx), least = (size_t)8 << 30, by_size = (size_t)(20 * size);
    if (!memory) memory = by_size > least ? by_size : least;
    return (bram_limits){memory, 300 + (unsigned)(size / bytes_a_second), 0};
}

/* ---- the report ----------------------------------------------------------------------------- */

static const char *cell(const bram_axis *report, const char *column, size_t i)
{
    const bram_column *c = bram_axis_column(report, column);
    return c && c->type == BRAM_TEXT ? c->text[i] : "";
}

static int every_trace(bram_ctx *cx, bram_table **out, const bram_axis *report)
{
    static const bram_table_column columns[] = {
        {"recording", "recording", BRAM_CELL_TEXT, .drop = 1},
        {"trace", "trace", BRAM_CELL_INTEGER},
        {"raw_label", "raw label", BRAM_CELL_TEXT, .wrap = true},
        {"label", "label", BRAM_CELL_TEXT},
        {"certainty", "certainty", BRAM_CELL_TEXT},
        {"reason", "reason", BRAM_CELL_TEXT, .wrap = true, .drop = 2},
        {"candidates", "candidates", BRAM_CELL_TEXT, .wrap = true, .drop = 3}};
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    const bram_column *trace = bram_axis_column(report, "trace");
    for (size_t i = 0; i < bram_axis_length(report); i++) {
        bram_table_row(*out);
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++) {
            if (columns[j].kind == BRAM_CELL_TEXT) {
                const char *text = cell(report, columns[j].key, i);
                bram_table_text(*out, j, *text ? text : NULL);
            } else if (trace && trace->type == BRAM_INTEGER) {
                bram_table_integer(*out, j, trace->integer[i]);
            }
        }
    }
    return BRAM_OK;
}

/* The distinct texts of a column, at most `room`, in order of appearance. */
static size_t distinct(const bram_axis *report, const char *column, const char **found, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < bram_axis_length(report); i++) {
        const char *text = cell(report, column, i);
        size_t k = 0;
        while (k < n && strcmp(found[k], text) != 0) k++;
        if (k == n && n < room) found[n++] = text;
    }
    return n;
}

static int64_t count(const bram_axis *report, const char *recording, const char *certainty)
{
    int64_t n = 0;
    for (size_t i = 0; i < bram_axis_length(report); i++)
        n += !strcmp(cell(report, "recording", i), recording) &&
             (!certainty || !strcmp(cell(report, "certainty", i), certainty));
    return n;
}

/* A row for each recording, a column for each certainty. */
static int by_certainty(bram_ctx *cx, bram_table **out, const bram_axis *report)
{
    enum { MOST_CERTAINTIES = 16, MOST_RECORDINGS = 4096 };
    const char *certainty[MOST_CERTAINTIES];
    size_t certainties = distinct(report, "certainty", certainty, MOST_CERTAINTIES);
    const char **recording = bram_scratch(cx, MOST_RECORDINGS, sizeof *recording);
    if (!recording) return BRAM_ENOMEM;
    size_t recordings = distinct(report, "recording", recording, MOST_RECORDINGS);
    bram_table_column columns[MOST_CERTAINTIES + 2] = {
        {"recording", "recording", BRAM_CELL_TEXT, .wrap = true},
        {"traces", "traces", BRAM_CELL_INTEGER}};
    for (size_t k = 0; k < certainties; k++) {
        const char *name = *certainty[k] ? certainty[k] : "no label";
        columns[k + 2] = (bram_table_column){name, name, BRAM_CELL_INTEGER};
    }
    BRAM_TRY(bram_table_new(cx, out, "", columns, certainties + 2));
    for (size_t i = 0; i < recordings; i++) {
        bram_table_row(*out);
        bram_table_text(*out, 0, recording[i]);
        bram_table_integer(*out, 1, count(report, recording[i], NULL));
        for (size_t k = 0; k < certainties; k++)
            bram_table_integer(*out, k + 2, count(report, recording[i], certainty[k]));
    }
    return BRAM_OK;
}

static int print_report(bram_ctx *cx, const bram_cli_args *args, const bram_dataset *ds)
{
    const bram_axis *report = bram_dataset_table(ds, "import_report");
    bram_table *t = NULL;
    if (!report) return BRAM_OK;
    int status = bram_cli_has(args, "report") ? every_trace(cx, &t, report)
                                              : by_certainty(cx, &t, report);
    if (!status) status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Removes the folder and what a child that died may have left in it. */
static void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    for (const struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d);
    rmdir(folder);
}

/* Gives the file its name; an existing one is replaced only if it may be. */
static int move(bram_ctx *cx, const char *from, const char *to, bool replace)
{
    if (replace ? rename(from, to) == 0 : link(from, to) == 0) return BRAM_OK;
    if (errno == EEXIST)
        return bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces it", to);
    if (!replace && (errno == EPERM || errno == EOPNOTSUPP) && access(to, F_OK) != 0 &&
        rename(from, to) == 0)
        return BRAM_OK; /* a file system without links */
    return bram_fail(cx, BRAM_EWRITE, "cannot write %s: %s", to, strerror(errno));
}

/* The first error of a check, for the message. */
static void first_error(void *user, const bram_finding *f)
{
    char *text = user;
    if (f->severity == BRAM_ERROR && !*text)
        snprintf(text, MESSAGE_BYTES, "%s: %s: found %s, expected %s", f->path, f->field, f->found,
                 f->expected);
}

static int validate(bram_ctx *cx, const bram_dataset *ds)
{
    char text[MESSAGE_BYTES] = "";
    size_t errors = 0;
    BRAM_TRY(bram_dataset_check(cx, ds, first_error, text, &errors));
    if (!errors) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "what was imported breaks %zu rule%s of the homogenized form: %s", errors,
                     errors == 1 ? "" : "s", text);
}

static int finish(bram_ctx *cx, const bram_cli_args *args, const char *path, const char *out)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    int status = validate(cx, ds);
    if (!status) status = move(cx, path, out, bram_cli_has(args, "force"));
    if (!status) status = print_report(cx, args, ds);
    bram_dataset_free(ds);
    return status;
}

static int import_to(bram_ctx *cx, const bram_cli_args *args, const bram_options *options,
                     const char *out)
{
    struct job job = {.source = bram_cli_text(args, "source", "auto"), .options = options};
    size_t n = bram_cli_arguments(args);
    const char **paths = bram_scratch(cx, n, sizeof *paths);
    if (!paths) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) paths[i] = bram_cli_argument(args, i);
    job.input = (bram_input){paths, n};

    char *folder = bram_strf(cx, "%s.import-XXXXXX", out), *path = NULL;
    if (!folder) return BRAM_ENOMEM;
    int status = BRAM_OK;
    if (!mkdtemp(folder))
        status = bram_fail(cx, BRAM_EWRITE, "cannot write beside %s: %s", out, strerror(errno));
    if (!status) {
        job.folder = folder;
        job.path = path = bram_strf(cx, "%s/dataset.h5", folder);
        bram_limits limits = limits_for(cx, &job.input);
        status = path ? bram_sandbox(cx, paths[0], &limits, in_child, &job) : BRAM_ENOMEM;
        if (!status) status = finish(cx, args, path, out);
        remove_folder(folder);
    }
    bram_free(path);
    bram_free(folder);
    return status;
}

/* `--set key=value`, by the table of bram_import. */
static int read_settings(bram_ctx *cx, const bram_cli_args *args, bram_options *options)
{
    for (size_t i = 0; i < bram_cli_count(args, "set"); i++) {
        const char *text = bram_cli_value(args, "set", i), *equals = strchr(text, '=');
        if (!equals) return bram_fail(cx, BRAM_EUSAGE, "--set is '%s', expected key=value", text);
        char *key = bram_strf(cx, "%.*s", (int)(equals - text), text);
        if (!key) return BRAM_ENOMEM;
        int status = bram_options_set(cx, options, key, equals + 1);
        bram_free(key);
        if (status) return bram_fail_prefix(cx, status, "--set %s", text);
    }
    return BRAM_OK;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *out = bram_cli_text(args, "output", NULL);
    if (!out || !*out) return bram_fail(cx, BRAM_EUSAGE, "import needs -o FILE.h5");
    if (!bram_cli_has(args, "force") && access(out, F_OK) == 0)
        return bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces it", out);
    bram_options *options = NULL;
    BRAM_TRY(bram_options_new(cx, &options, bram_import_params, NULL));
    int status = read_settings(cx, args, options);
    if (!status) status = import_to(cx, args, options, out);
    bram_options_free(options);
    return status;
}

const bram_command bram_command_import = {
    .name = "import",
    .summary = "turns a laboratory's files into a homogenized file",
    .arguments = "RAW... -o FILE.h5",
    .about =
        "Reads what a laboratory published and writes it in one form: raw and resampled traces, "
        "neuron identities with their certainty, behaviour, events, connectomes. Recordings come "
        "first, then the files that belong to them (label sheets). Prints how many traces got "
        "which certainty.\n\n"
        "Nothing is half-written: the output is complete or absent.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "FILE.h5", "The homogenized file to write"},
            {"source", 's', "NAME",
             "Where the files come from ('bramble list datasets'), with its options: "
             "NAME:key=value; the default, auto, recognises them by their content"},
            {"set", 0, "KEY=VALUE",
             "How recordings are homogenized: dt, smooth, normalize, gap, identities ...",
             .repeat = true},
            {"report", 'r', NULL, "Prints what became of every trace"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble import WT_Stim.nwb -o worm.h5", "recognised by its content"},
            {"bramble import data.h5 labels.xlsx -o worm.h5 --source dag2023 --report",
             "a recording with its label sheet, and every trace's fate"},
            {"bramble import WT_Stim.nwb -o worm.h5 --set dt=0.5 --set smooth=exponential",
             "resampled and smoothed on the way"},
            {NULL, NULL}},
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
