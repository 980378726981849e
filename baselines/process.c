/*
 * process.c - the model `process`: a forecaster that is a program of the user's, in any language.
 *
 * The program is started once for each fit and asked in lines (core/child.h); arrays go through
 * .npy files in a temporary folder. docs/outside-models.md states the protocol. It gets the
 * training rows, and then contexts: the `context` rows before each target, NaN where nothing is
 * known, in batches. It never gets the future: not in a target's own context, and not by way of the
 * other contexts of its batch either, which lie so far apart that none holds another's target.
 */
#include <bramble/model.h>

#include "child.h"
#include "hash.h"
#include "npy.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const bram_param params[] = {
    {"command", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a command line for /bin/sh, without , and ="},
    {"context", BRAM_PARAM_INTEGER, "32", NULL, 1, 100000, "rows before a target that it gets"},
    {"timeout", BRAM_PARAM_REAL, "600", NULL, 0.01, 1e7, "seconds that an answer may take"},
    {.name = NULL},
};

/* Values of one batch of contexts at most. */
enum { BATCH_VALUES = 1 << 22 };

struct process {
    bram_child *child;
    char *folder, *command;
    size_t units, context;
    double timeout;
};

/* ---- the temporary folder ------------------------------------------------------------------- */

static int make_folder(bram_ctx *cx, char **out)
{
    const char *root = getenv("TMPDIR");
    char *name = bram_strf(cx, "%s/bramble-XXXXXX", root && *root ? root : "/tmp");
    if (!name) return BRAM_ENOMEM;
    if (!mkdtemp(name)) {
        int status = bram_fail(cx, BRAM_EWRITE, "cannot make a temporary folder %s", name);
        bram_free(name);
        return status;
    }
    *out = name;
    return BRAM_OK;
}

/* Files only: the protocol makes no folders in it, and what else is there is not ours. */
static void remove_folder(const char *folder)
{
    DIR *all = opendir(folder);
    for (struct dirent *one; all && (one = readdir(all));) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", folder, one->d_name);
        if (length > 0 && (size_t)length < sizeof path && one->d_name[0] != '.') unlink(path);
    }
    if (all) closedir(all);
    rmdir(folder);
}

static void release(void *fitted)
{
    struct process *m = fitted;
    if (!m) return;
    bram_child_close(m->child);
    if (m->folder) remove_folder(m->folder);
    bram_free(m->folder);
    bram_free(m->command);
    bram_free(m);
}

/* ---- talking -------------------------------------------------------------------------------- */

/* Asks and heeds the answer: "ok", "not applicable ...", or anything else for an error. */
static int ask(bram_ctx *cx, const struct process *m, const char *line)
{
    const char *reply;
    int status = bram_child_ask(cx, m->child, line, &reply, m->timeout);
    if (status == BRAM_OK && strcmp(reply, "ok") != 0) {
        bool cannot = strncmp(reply, "not applicable", 14) == 0;
        status = bram_fail(cx, cannot ? BRAM_ENOTAPPLICABLE : BRAM_EREAD,
                           "to \"%.20s\" it said \"%.300s\", expected \"ok\"", line, reply);
    }
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "\"%s\"", m->command);
}

static int ask_about_folder(bram_ctx *cx, const struct process *m, const char *what,
                            uint64_t number)
{
    char *line = bram_strf(cx, "%s %llu %s", what, (unsigned long long)number, m->folder);
    if (!line) return BRAM_ENOMEM;
    int status = ask(cx, m, line);
    bram_free(line);
    return status;
}

static int write_array(bram_ctx *cx, const struct process *m, const char *name, size_t dims,
                       const size_t *shape, const double *values)
{
    char *path = bram_strf(cx, "%s/%s.npy", m->folder, name);
    if (!path) return BRAM_ENOMEM;
    int status = bram_npy_write(cx, path, true, BRAM_NPY_F64, dims, shape, values);
    bram_free(path);
    return status;
}

/* ---- fitting -------------------------------------------------------------------------------- */

/* A row with NaN where nothing is known; rows before the first are all unknown. */
static int take_row(bram_ctx *cx, double *out, const bram_segment *s, ptrdiff_t row)
{
    for (size_t u = 0; u < s->y.cols; u++) {
        bool there = row >= 0 && (!s->y_present || s->y_present[(size_t)row * s->y.cols + u]);
        out[u] = there ? bram_row(&s->y, (size_t)row)[u] : (double)NAN;
        if (there && !isfinite(out[u]))
            return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %td of unit %zu is %g",
                             s->id ? s->id : "", row, u, out[u]);
    }
    return BRAM_OK;
}

static int write_segment(bram_ctx *cx, const struct process *m, const char *kind, size_t i,
                         const bram_segment *s)
{
    if (s->y.cols != m->units || s->first > s->y.rows)
        return bram_fail(cx, BRAM_ESHAPE, "segment %zu has %zu units, expected %zu", i, s->y.cols,
                         m->units);
    char name[64];
    snprintf(name, sizeof name, "%s%zu", kind, i);
    size_t mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, s->y.rows * m->units, sizeof *values);
    int status = values ? BRAM_OK : BRAM_ENOMEM;
    for (size_t t = 0; t < s->y.rows && status == BRAM_OK; t++)
        status = take_row(cx, values + t * m->units, s, (ptrdiff_t)t);
    if (status == BRAM_OK)
        status = write_array(cx, m, name, 2, (size_t[]){s->y.rows, m->units}, values);
    bram_scratch_release(cx, mark);
    return status;
}

/* KIND0.npy, KIND1.npy ... and KIND_first.npy: where the targets of each begin. */
static int write_panel(bram_ctx *cx, const struct process *m, const char *kind,
                       const bram_panel *panel)
{
    size_t n = panel ? panel->segments : 0;
    for (size_t s = 0; s < n; s++) BRAM_TRY(write_segment(cx, m, kind, s, &panel->segment[s]));
    double *first = bram_scratch(cx, n, sizeof *first);
    if (!first) return BRAM_ENOMEM;
    for (size_t s = 0; s < n; s++) first[s] = (double)panel->segment[s].first;
    char name[64];
    snprintf(name, sizeof name, "%s_first", kind);
    return write_array(cx, m, name, 1, (size_t[]){n}, first);
}

static int write_units(bram_ctx *cx, const struct process *m, const bram_axis *unit)
{
    const char **id = bram_scratch(cx, m->units, sizeof *id);
    char *path = id ? bram_strf(cx, "%s/unit.npy", m->folder) : NULL;
    if (!path) return BRAM_ENOMEM;
    for (size_t u = 0; u < m->units; u++) id[u] = bram_axis_id(unit, u);
    int status = bram_npy_write_texts(cx, path, true, m->units, id);
    bram_free(path);
    return status;
}

static int begin(bram_ctx *cx, struct process *m, const bram_options *o, const bram_panel *train)
{
    size_t rows = 0;
    for (size_t s = 0; s < train->segments; s++)
        rows += train->segment[s].y.rows - train->segment[s].first;
    if (!rows) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no rows to learn from");
    const char *command = bram_option_text(o, "command");
    if (!*command) return bram_fail(cx, BRAM_EUSAGE, "process needs a command");
    m->units = bram_axis_length(train->unit);
    m->context = (size_t)bram_option_integer(o, "context");
    m->timeout = bram_option_real(o, "timeout");
    m->command = bram_strdup(cx, command);
    if (!m->command) return BRAM_ENOMEM;
    BRAM_TRY(make_folder(cx, &m->folder));
    BRAM_TRY(bram_child_start(cx, &m->child, command));
    return ask(cx, m, "bramble 1");
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    struct process *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = begin(cx, m, o, train);
    if (status == BRAM_OK) status = write_units(cx, m, train->unit);
    if (status == BRAM_OK) status = write_panel(cx, m, "train", train);
    if (status == BRAM_OK) status = write_panel(cx, m, "validation", validation);
    if (status == BRAM_OK) status = ask_about_folder(cx, m, "fit", seed);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- forecasts ------------------------------------------------------------------------------ */

/* Which starts are asked about together, and the place of each in the answer. */
struct batch {
    const size_t *start;
    size_t *index, count, steps;
};

/* Takes the next batch from what is not done: in order, each start so far after the one before that
 * its context begins after that one's targets. @return false when all are done */
static bool next_batch(const struct process *m, struct batch *b, size_t starts, bool *done)
{
    size_t most = BATCH_VALUES / (m->context * m->units) + 1, free_from = 0;
    b->count = 0;
    for (size_t i = 0; i < starts && b->count < most; i++) {
        if (done[i] || b->start[i] < free_from) continue;
        done[i] = true;
        b->index[b->count++] = i;
        free_from = b->start[i] + b->steps + m->context;
    }
    return b->count > 0;
}

static int write_contexts(bram_ctx *cx, const struct process *m, const struct batch *b,
                          const bram_segment *s)
{
    size_t width = m->context * m->units, mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, b->count, width * sizeof *values);
    int status = values ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < b->count; i++)
        for (size_t r = 0; r < m->context && status == BRAM_OK; r++)
            status = take_row(cx, values + i * width + r * m->units, s,
                              (ptrdiff_t)(b->start[b->index[i]] + r) - (ptrdiff_t)m->context);
    if (status == BRAM_OK)
        status = write_array(cx, m, "context", 3, (size_t[]){b->count, m->context, m->units},
                             values);
    bram_scratch_release(cx, mark);
    return status;
}

/* mean.npy: contexts x steps x units. */
static int read_means(bram_ctx *cx, double *out, const struct process *m, const struct batch *b)
{
    char *path = bram_strf(cx, "%s/mean.npy", m->folder);
    if (!path) return BRAM_ENOMEM;
    double *values = NULL;
    bram_npy_info info;
    int status = bram_npy_load(cx, &values, &info, path);
    if (status == BRAM_OK && (info.dims != 3 || info.shape[0] != b->count ||
                              info.shape[1] != b->steps || info.shape[2] != m->units))
        status = bram_fail(cx, BRAM_ESHAPE,
                           "mean.npy has %zu axes and %zu values, expected %zu contexts x %zu "
                           "steps x %zu units",
                           info.dims, info.count, b->count, b->steps, m->units);
    size_t width = b->steps * m->units;
    for (size_t i = 0; i < b->count && status == BRAM_OK; i++)
        memcpy(out + b->index[i] * width, values + i * width, width * sizeof *out);
    bram_free(values);
    unlink(path); /* so that an answer that was not written is not the last one */
    bram_free(path);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "\"%s\"", m->command);
}

static int forecast(bram_ctx *cx, double *out, const struct process *m, const bram_segment *s,
                    const size_t *start, size_t starts, size_t steps)
{
    struct batch b = {start, bram_scratch(cx, starts, sizeof *b.index), 0, steps};
    bool *done = bram_scratch(cx, starts, sizeof *done);
    if (!b.index || !done) return BRAM_ENOMEM;
    for (size_t i = 0; i < starts; i++)
        if (start[i] > s->y.rows)
            return bram_fail(cx, BRAM_ESHAPE, "start %zu is row %zu of %zu", i, start[i],
                             s->y.rows);
    while (next_batch(m, &b, starts, done)) {
        BRAM_TRY(write_contexts(cx, m, &b, s));
        BRAM_TRY(ask_about_folder(cx, m, "forecast", steps));
        BRAM_TRY(read_means(cx, out, m, &b));
    }
    return BRAM_OK;
}

/* The target rows of a segment. */
static int all_rows(bram_ctx *cx, size_t **out, const bram_segment *s)
{
    size_t *start = bram_scratch(cx, s->y.rows - s->first, sizeof *start);
    if (!start) return BRAM_ENOMEM;
    for (size_t i = 0; s->first + i < s->y.rows; i++) start[i] = s->first + i;
    *out = start;
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct process *m = fitted;
    const bram_segment *s = &q->panel->segment[q->segment];
    bool step = q->ask == BRAM_ASK_STEP;
    if (s->y.cols != m->units)
        return bram_fail(cx, BRAM_ESHAPE, "%zu units, fitted on %zu", s->y.cols, m->units);
    size_t starts = step ? s->y.rows - s->first : q->starts, steps = step ? 1 : q->steps;
    size_t mark = bram_scratch_mark(cx), *start = NULL;
    bram_axis *row = NULL, *ahead = NULL;
    bram_response *mean = NULL;
    int status = step ? all_rows(cx, &start, s) : BRAM_OK;
    if (status == BRAM_OK) status = bram_axis_new(cx, &row, step ? "row" : "start", starts);
    if (status == BRAM_OK) status = bram_axis_new(cx, &ahead, "step", steps);
    const bram_axis *axes[] = {row, step ? q->panel->unit : ahead, q->panel->unit};
    if (status == BRAM_OK)
        status = bram_response_new(cx, &mean, "mean", BRAM_F64, step ? 2 : 3, axes);
    bram_axis_free(row);
    bram_axis_free(ahead);
    if (status == BRAM_OK)
        status = forecast(cx, bram_response_f64(mean), m, s, step ? start : q->start, starts,
                          steps);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", mean);
    bram_response_free(mean);
    return status;
}

/* ---- content -------------------------------------------------------------------------------- */

/* The files that the words of the command name, in order. */
static int add_files(bram_ctx *cx, bram_hash *h, const char *command)
{
    while (*command) {
        size_t length = strcspn(command, " \t");
        char *word = bram_strf(cx, "%.*s", (int)length, command), hex[65];
        if (!word) return BRAM_ENOMEM;
        struct stat file;
        int status = BRAM_OK;
        if (length && stat(word, &file) == 0 && S_ISREG(file.st_mode)) {
            status = bram_sha256_file(cx, hex, word);
            if (status == BRAM_OK) status = bram_hash_add_text(cx, h, hex);
        }
        bram_free(word);
        BRAM_TRY(status);
        command += length + (command[length] != 0);
    }
    return BRAM_OK;
}

static int content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    const char *command = bram_option_text(o, "command");
    int status = bram_hash_add_text(cx, h, command);
    if (status == BRAM_OK) status = add_files(cx, h, command);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

const bram_model bram_model_process = {
    .name = "process",
    .summary = "a forecaster that is a program of your own, asked line by line",
    .source = "docs/outside-models.md",
    .missing = "the program gets NaN where a value is missing",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_STOCHASTIC,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
    .content = content,
};
