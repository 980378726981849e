/*
 * process_fit.c - a program of the user's is started, given what it may learn from, asked and
 * ended; see process.h.
 */
#include "process.h"

#include "hash.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

void bram_process_release(void *fitted)
{
    bram_process *p = fitted;
    if (!p) return;
    bram_child_close(p->child);
    if (p->folder) remove_folder(p->folder);
    bram_free(p->folder);
    bram_free(p->command);
    bram_free(p);
}

/* ---- fitting -------------------------------------------------------------------------------- */

static int write_segment(bram_ctx *cx, const bram_process *p, const char *kind, size_t i,
                         const bram_segment *s)
{
    if (s->y.cols != p->units || s->first > s->y.rows)
        return bram_fail(cx, BRAM_ESHAPE, "segment %zu has %zu units, expected %zu", i, s->y.cols,
                         p->units);
    char name[64];
    snprintf(name, sizeof name, "%s%zu", kind, i);
    BRAM_TRY(bram_process_put_rows(cx, p, name, s, false, 0, s->y.rows));
    snprintf(name, sizeof name, "%s_x%zu", kind, i);
    if (s->x.cols) BRAM_TRY(bram_process_put_rows(cx, p, name, s, true, 0, s->x.rows));
    snprintf(name, sizeof name, "%s_row%zu", kind, i);
    return bram_process_put_axis(cx, p, name, s->row);
}

/* KIND0.npy, KIND1.npy ... and KIND_first.npy: where the targets of each begin. */
static int write_panel(bram_ctx *cx, const bram_process *p, const char *kind,
                       const bram_panel *panel)
{
    size_t n = panel ? panel->segments : 0;
    for (size_t s = 0; s < n; s++) BRAM_TRY(write_segment(cx, p, kind, s, &panel->segment[s]));
    double *first = bram_scratch(cx, n, sizeof *first);
    if (!first) return BRAM_ENOMEM;
    for (size_t s = 0; s < n; s++) first[s] = (double)panel->segment[s].first;
    char name[64];
    snprintf(name, sizeof name, "%s_first", kind);
    return bram_process_put(cx, p, name, 1, &n, first);
}

/* edge.npy: a row (from, to, weight) for each ordered pair that may be seen. */
static int write_graph(bram_ctx *cx, const bram_process *p, const bram_graph *g)
{
    double *edge = bram_scratch(cx, g->edges, 3 * sizeof *edge);
    double nodes = (double)g->nodes;
    if (!edge) return BRAM_ENOMEM;
    for (size_t i = 0, at = 0; i < g->nodes; i++)
        for (size_t k = g->out.first[i]; k < g->out.first[i + 1]; k++, at++) {
            edge[3 * at] = (double)i;
            edge[3 * at + 1] = g->out.node[k];
            edge[3 * at + 2] = g->out.weight[k];
        }
    BRAM_TRY(bram_process_put(cx, p, "edge", 2, (size_t[]){g->edges, 3}, edge));
    BRAM_TRY(bram_process_put(cx, p, "nodes", 1, (size_t[]){1}, &nodes));
    BRAM_TRY(bram_process_put_axis(cx, p, "node", g->node));
    if (!g->position) return BRAM_OK;
    return bram_process_put(cx, p, "position", 2, (size_t[]){g->nodes, g->dims}, g->position);
}

/* Whether there is anything to learn from, or stimuli or a graph to be asked about. */
static int check_panel(bram_ctx *cx, const bram_panel *train)
{
    size_t rows = 0;
    for (size_t s = 0; s < train->segments; s++)
        rows += train->segment[s].y.rows - train->segment[s].first;
    if (rows || train->graph || (!train->segments && train->public_data)) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no rows to learn from");
}

static int begin(bram_ctx *cx, bram_process *p, const bram_options *o, const bram_panel *train)
{
    const char *command = bram_option_text(o, "command");
    BRAM_TRY(check_panel(cx, train));
    if (!*command) return bram_fail(cx, BRAM_EUSAGE, "process needs a command");
    p->units = train->unit ? bram_axis_length(train->unit) : 0;
    p->timeout = bram_option_real(o, "timeout");
    p->command = bram_strdup(cx, command);
    if (!p->command) return BRAM_ENOMEM;
    BRAM_TRY(make_folder(cx, &p->folder));
    BRAM_TRY(bram_child_start(cx, &p->child, command));
    return bram_process_ask(cx, p, "bramble 1");
}

static int write_all(bram_ctx *cx, const bram_process *p, const bram_panel *train,
                     const bram_panel *validation)
{
    const bram_segment *s = train->segments ? train->segment : NULL;
    bool stimuli = !s || (s->row && bram_axis_has_ids(s->row));
    BRAM_TRY(bram_process_put_axis(cx, p, "unit", train->unit));
    BRAM_TRY(bram_process_put_axis(cx, p, "input", train->input));
    if (stimuli) BRAM_TRY(bram_process_put_stimuli(cx, p, train->public_data));
    if (train->graph) return write_graph(cx, p, train->graph);
    BRAM_TRY(write_panel(cx, p, "train", train));
    return write_panel(cx, p, "validation", validation);
}

int bram_process_start(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
                       const bram_panel *validation, uint64_t seed, size_t context)
{
    bram_process *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    p->context = context;
    size_t mark = bram_scratch_mark(cx);
    int status = begin(cx, p, o, train);
    if (status == BRAM_OK) status = write_all(cx, p, train, validation);
    if (status == BRAM_OK) status = bram_process_ask_number(cx, p, "fit", seed);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = p;
    else bram_process_release(p);
    return status;
}

int bram_process_reply(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_process *p = fitted;
    const bram_panel *panel = q->panel;
    if (panel->segments && panel->segment[q->segment].y.cols != p->units)
        return bram_fail(cx, BRAM_ESHAPE, "%zu units, fitted on %zu",
                         panel->segment[q->segment].y.cols, p->units);
    bool future = q->ask == BRAM_ASK_STEP || q->ask == BRAM_ASK_FREE_RUN ||
                  q->ask == BRAM_ASK_LOGLIK;
    size_t mark = bram_scratch_mark(cx);
    int status = (future ? bram_process_forecast : bram_process_answer)(cx, p, q, out);
    bram_scratch_release(cx, mark);
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

int bram_process_content(bram_ctx *cx, char hex[65], const bram_options *o)
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
