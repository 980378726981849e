/*
 * demand.c - what tasks on areas and on recordings ask, and the tables of it; see demand.h.
 */
#include "demand.h"

#include "area.h"
#include "asked.h"
#include "csvfile.h"
#include "folder.h"
#include "npy.h"
#include "text_index.h"
#include "timesplit.h"
#include "ways.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void bram_demand_release(bram_demand *d)
{
    bram_axis_free(d->row);
    bram_axis_free(d->unit);
    *d = (bram_demand){NULL};
}

int bram_axis_copy(bram_ctx *cx, bram_axis **out, const bram_axis *axis)
{
    size_t n = bram_axis_length(axis), mark = bram_scratch_mark(cx);
    size_t *all = bram_scratch(cx, n, sizeof *all);
    for (size_t i = 0; all && i < n; i++) all[i] = i;
    int status = all ? bram_axis_take(cx, out, axis, all, n) : BRAM_ENOMEM;
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

int bram_area_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                     const bram_dataset *ds, const char *part)
{
    (void)b;
    bram_area area = {0};
    bram_demand d = {.features = true, .ask = BRAM_ASK_FEATURES};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_area_read(cx, &area, ds, part));
    const char **set = bram_scratch(cx, area.stimuli, sizeof *set);
    for (size_t i = 0; set && i < area.stimuli; i++) set[i] = "test";
    int status = set ? bram_axis_copy(cx, &d.row, area.stimulus) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_axis_add_text(cx, d.row, "set", set);
    bram_area_release(&area);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

/* Marks the target rows of a slice. */
static void mark_rows(const char **set, const bram_slice *s, const char *name)
{
    for (size_t k = 0; k < s->panel.segments; k++)
        for (size_t t = s->segment[k].first; t < s->segment[k].y.rows; t++)
            set[s->begin[k] + t] = name;
}

typedef int cut_fn(bram_ctx *cx, bram_timesplit *out, const bram_recording *r,
                   const bram_options *o);

static int recording_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                            const bram_dataset *ds, const char *part, cut_fn *cut)
{
    bram_recording r = {0};
    bram_timesplit split = {0};
    bram_demand d = {.ask = BRAM_ASK_STEP};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_recording_read(cx, &r, ds, part, bram_option_text(b->options, "response")));
    int status = cut(cx, &split, &r, b->options);
    const char **set = status == BRAM_OK ? bram_scratch(cx, r.rows, sizeof *set) : NULL;
    if (status == BRAM_OK && !set) status = BRAM_ENOMEM;
    for (size_t t = 0; status == BRAM_OK && t < r.rows; t++) set[t] = "";
    if (status == BRAM_OK) {
        mark_rows(set, &split.train, "train");
        mark_rows(set, &split.validation, "validation");
        mark_rows(set, &split.test, "test");
        status = bram_axis_copy(cx, &d.row, r.time);
    }
    if (status == BRAM_OK) status = bram_axis_add_text(cx, d.row, "set", set);
    if (status == BRAM_OK) d.unit = bram_axis_ref(r.unit);
    bram_timesplit_release(&split);
    bram_recording_release(&r);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

int bram_recording_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                          const bram_dataset *ds, const char *part)
{
    return recording_demand(cx, out, b, ds, part, bram_timesplit_make);
}

int bram_sessions_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                         const bram_dataset *ds, const char *part)
{
    return recording_demand(cx, out, b, ds, part, bram_timesplit_cut);
}

int bram_demand_of(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                   const char *part)
{
    bram_way files;
    const bram_task *task = bram_task_find(b->task);
    if (bram_asked_has(ds, part)) return bram_asked_get(cx, out, ds, part);
    BRAM_TRY(bram_way_of(cx, &files, b, BRAM_WAY_FILES));
    int status = files.works && task->demand
                     ? task->demand(cx, out, b, ds, part)
                     : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                 "%s: answers cannot be handed in as files: %s", b->name,
                                 files.works ? "what they must hold is not exported" : files.text);
    bram_way_release(&files);
    return status;
}

/* Whether a row is to be answered. */
static bool is_asked(const bram_axis *row, size_t i)
{
    const bram_column *asked = bram_axis_column(row, "asked");
    if (asked) return asked->integer[i] != 0;
    return strcmp(bram_axis_column(row, "set")->text[i], "test") == 0;
}

int bram_demand_rows(bram_ctx *cx, bram_axis **out, const bram_demand *d)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    size_t *index = bram_scratch(cx, bram_axis_length(d->row), sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < bram_axis_length(d->row); i++)
        if (is_asked(d->row, i)) index[n++] = i;
    int status = bram_axis_take(cx, out, d->row, index, n);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_demand_stimuli(bram_ctx *cx, bram_axis **out, const bram_benchmark *b,
                        const bram_dataset *ds, const bram_axis *parts)
{
    size_t n = 0, room = 0;
    const char **id = NULL;
    bram_demand *d = bram_scratch(cx, bram_axis_length(parts), sizeof *d);
    int status = d ? BRAM_OK : BRAM_ENOMEM;
    for (size_t p = 0; p < bram_axis_length(parts) && status == BRAM_OK; p++) {
        status = bram_demand_of(cx, &d[p], b, ds, bram_axis_id(parts, p));
        if (status == BRAM_OK && !d[p].features)
            status = bram_fail(cx, BRAM_ENOTAPPLICABLE, "features are no answer to %s", b->name);
        if (status == BRAM_OK) room += bram_axis_length(d[p].row);
    }
    if (status == BRAM_OK && !(id = bram_scratch(cx, room, sizeof *id))) status = BRAM_ENOMEM;
    for (size_t p = 0; p < bram_axis_length(parts) && status == BRAM_OK; p++)
        for (size_t i = 0; i < bram_axis_length(d[p].row); i++) {
            bool known = false;
            for (size_t q = 0; q < p && !known; q++)
                known = bram_axis_find(d[q].row, bram_axis_id(d[p].row, i)) >= 0;
            if (!known) id[n++] = bram_axis_id(d[p].row, i);
        }
    if (status == BRAM_OK) status = bram_axis_new(cx, out, "stimulus", n);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, *out, id);
    for (size_t p = 0; d && p < bram_axis_length(parts); p++) bram_demand_release(&d[p]);
    return status;
}

/* ---- tables --------------------------------------------------------------------------------- */

struct writing {
    const bram_benchmark *b;
    const bram_dataset *ds;
    const char *dir;
    bool replace;
};

/* The id of a row, its time, or the two ends of a pair. */
static int put_row(bram_ctx *cx, bram_csv_writer *w, const bram_axis *row, size_t i)
{
    const bram_column *from = bram_axis_column(row, "from"), *to = bram_axis_column(row, "to");
    if (from && to) {
        BRAM_TRY(bram_csv_put_text(cx, w, from->text[i]));
        return bram_csv_put_text(cx, w, to->text[i]);
    }
    const double *time = bram_axis_values(row);
    if (bram_axis_has_ids(row) || !time) return bram_csv_put_text(cx, w, bram_axis_id(row, i));
    return bram_csv_put_number(cx, w, time[i]);
}

typedef int put_part(bram_ctx *cx, bram_csv_writer *w, const bram_demand *d, const char *part);

/* 1 for each row that is to be listed: a pair may be a candidate beside several edges. */
static int list_once(bram_ctx *cx, uint8_t *listed, const bram_axis *row)
{
    const bram_column *from = bram_axis_column(row, "from"), *to = bram_axis_column(row, "to");
    size_t n = bram_axis_length(row);
    const char **text = bram_scratch(cx, n, sizeof *text);
    bram_text_index index = {0};
    if (!text) return BRAM_ENOMEM;
    BRAM_TRY(bram_text_index_reserve(cx, &index, text, n));
    int status = BRAM_OK;
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        listed[i] = is_asked(row, i);
        if (!listed[i] || !from || !to) continue;
        char *pair = bram_scratch(cx, strlen(from->text[i]) + strlen(to->text[i]) + 2, 1);
        if (!pair) status = BRAM_ENOMEM;
        else {
            sprintf(pair, "%s\n%s", from->text[i], to->text[i]);
            text[i] = pair;
            listed[i] = bram_text_index_add(&index, text, i) == i;
        }
    }
    bram_text_index_release(&index);
    return status;
}

static int put_rows(bram_ctx *cx, bram_csv_writer *w, const bram_demand *d, const char *part)
{
    size_t n = d->ask == BRAM_ASK_WEIGHTS ? 0 : bram_axis_length(d->row);
    uint8_t *listed = bram_scratch(cx, n, 1);
    if (!listed) return BRAM_ENOMEM;
    if (n) BRAM_TRY(list_once(cx, listed, d->row));
    for (size_t i = 0; i < n; i++) {
        if (!listed[i]) continue;
        BRAM_TRY(bram_csv_put_text(cx, w, part));
        BRAM_TRY(put_row(cx, w, d->row, i));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

static int put_units(bram_ctx *cx, bram_csv_writer *w, const bram_demand *d, const char *part)
{
    for (size_t u = 0; d->unit && u < bram_axis_length(d->unit); u++) {
        BRAM_TRY(bram_csv_put_text(cx, w, part));
        BRAM_TRY(bram_csv_put_text(cx, w, bram_axis_id(d->unit, u)));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

static int put_splits(bram_ctx *cx, bram_csv_writer *w, const bram_demand *d, const char *part)
{
    const bram_column *fold = bram_axis_column(d->row, "fold");
    if (d->ask == BRAM_ASK_LINKS) fold = bram_axis_column(d->row, "edge");
    const char *const *set = bram_axis_column(d->row, "set")->text;
    for (size_t i = 0; i < bram_axis_length(d->row); i++) {
        BRAM_TRY(bram_csv_put_text(cx, w, part));
        BRAM_TRY(put_row(cx, w, d->row, i));
        BRAM_TRY(bram_csv_put_text(cx, w, set[i]));
        BRAM_TRY(fold && fold->integer[i] >= 0 ? bram_csv_put_integer(cx, w, fold->integer[i])
                                               : bram_csv_put_text(cx, w, ""));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

static int put_parts(bram_ctx *cx, bram_csv_writer *w, const struct writing *g,
                     const bram_axis *parts, put_part *put)
{
    for (size_t p = 0; p < bram_axis_length(parts); p++) {
        bram_demand d = {0};
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(bram_demand_of(cx, &d, g->b, g->ds, bram_axis_id(parts, p)));
        int status = put(cx, w, &d, bram_axis_id(parts, p));
        bram_demand_release(&d);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int open_file(bram_ctx *cx, bram_outfile **out, const struct writing *g, const char *name)
{
    char *path = bram_strf(cx, "%s/%s", g->dir, name);
    if (!path) return BRAM_ENOMEM;
    int status = bram_outfile_open(cx, out, path, g->replace);
    bram_free(path);
    return status;
}

/* One table; header is a NULL-terminated list. */
static int write_table(bram_ctx *cx, const struct writing *g, const bram_axis *parts,
                       const char *name, const char *const *header, put_part *put)
{
    bram_outfile *file = NULL;
    bram_csv_writer w;
    BRAM_TRY(open_file(cx, &file, g, name));
    bram_csv_to_file(&w, file, ',');
    int status = BRAM_OK;
    for (size_t i = 0; header[i] && status == BRAM_OK; i++)
        status = bram_csv_put_text(cx, &w, header[i]);
    if (status == BRAM_OK) status = bram_csv_end_row(cx, &w);
    if (status == BRAM_OK) status = put_parts(cx, &w, g, parts, put);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

/* ---- stimuli -------------------------------------------------------------------------------- */

static int put_cell(bram_ctx *cx, bram_csv_writer *w, const bram_column *c, size_t i)
{
    if (c->text) return bram_csv_put_text(cx, w, c->text[i]);
    if (c->integer) return bram_csv_put_integer(cx, w, c->integer[i]);
    return isnan(c->number[i]) ? bram_csv_put_text(cx, w, "")
                               : bram_csv_put_number(cx, w, c->number[i]);
}

static int put_stimuli(bram_ctx *cx, bram_csv_writer *w, const bram_axis *stimulus)
{
    BRAM_TRY(bram_csv_put_text(cx, w, "stimulus"));
    for (size_t c = 0; c < bram_axis_columns(stimulus); c++)
        BRAM_TRY(bram_csv_put_text(cx, w, bram_axis_column_at(stimulus, c)->name));
    BRAM_TRY(bram_csv_end_row(cx, w));
    for (size_t i = 0; i < bram_axis_length(stimulus); i++) {
        BRAM_TRY(bram_csv_put_text(cx, w, bram_axis_id(stimulus, i)));
        for (size_t c = 0; c < bram_axis_columns(stimulus); c++)
            BRAM_TRY(put_cell(cx, w, bram_axis_column_at(stimulus, c), i));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

/* The table of the stimuli, else the axis of the first area. */
static int find_stimuli(bram_ctx *cx, const bram_axis **out, const struct writing *g,
                        const bram_axis *parts)
{
    *out = bram_dataset_table(g->ds, "stimuli/stimulus");
    if (*out) return BRAM_OK;
    char *path = bram_strf(cx, "responses/%s", bram_axis_id(parts, 0));
    const bram_response *r = path ? bram_dataset_response(g->ds, path) : NULL;
    bram_free(path);
    if (!r) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: its dataset has no stimuli", g->b->name);
    *out = bram_response_axis(
        r, strcmp(bram_axis_name(bram_response_axis(r, 0)), "stimulus") == 0 ? 0 : 1);
    return BRAM_OK;
}

static int write_stimuli_table(bram_ctx *cx, const struct writing *g, const bram_axis *stimulus)
{
    bram_outfile *file = NULL;
    bram_csv_writer w;
    BRAM_TRY(open_file(cx, &file, g, "stimuli.csv"));
    bram_csv_to_file(&w, file, ',');
    int status = put_stimuli(cx, &w, stimulus);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

static int write_ids(bram_ctx *cx, const struct writing *g, const char *name, const bram_axis *row)
{
    bram_outfile *file = NULL;
    char *ids = bram_strf(cx, "stimuli/%s.ids.txt", name);
    int status = ids ? open_file(cx, &file, g, ids) : BRAM_ENOMEM;
    bram_free(ids);
    BRAM_TRY(status);
    for (size_t i = 0; i < bram_axis_length(row) && status == BRAM_OK; i++)
        status = bram_outfile_printf(cx, file, "%s\n", bram_axis_id(row, i));
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

/* The rows of an array, some at a time. */
static int put_array(bram_ctx *cx, bram_outfile *file, const bram_response *r, bram_npy_type type)
{
    enum { BLOCK = 1 << 20 }; /* values */
    size_t dims = bram_response_dims(r), start[BRAM_MAX_DIMS] = {0}, count[BRAM_MAX_DIMS];
    size_t rows = bram_response_length(r, 0), row = rows ? bram_response_count(r) / rows : 0;
    size_t most = row && row < BLOCK ? BLOCK / row : 1;
    for (size_t d = 0; d < dims; d++) count[d] = bram_response_length(r, d);
    double *values = bram_scratch(cx, most * row, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_npy_put_header(cx, file, type, dims, count));
    for (; start[0] < rows; start[0] += count[0]) {
        count[0] = rows - start[0] < most ? rows - start[0] : most;
        BRAM_TRY(bram_response_read(cx, r, start, count, values, NULL));
        BRAM_TRY(bram_npy_put_values(cx, file, type, values, count[0] * row));
    }
    return BRAM_OK;
}

/* An array with a row a stimulus; name: stimuli/features/NAME as NAME, stimuli/images/NAME as
 * images-NAME. */
static int write_array(bram_ctx *cx, const struct writing *g, const bram_response *r,
                       const char *name)
{
    static const bram_npy_type types[] = {
        [BRAM_F64] = BRAM_NPY_F64, [BRAM_F32] = BRAM_NPY_F32, [BRAM_U8] = BRAM_NPY_U8};
    size_t mark = bram_scratch_mark(cx);
    char *path = bram_strf(cx, "stimuli/%s.npy", name);
    bram_outfile *file = NULL;
    int status = path ? open_file(cx, &file, g, path) : BRAM_ENOMEM;
    bram_free(path);
    if (status == BRAM_OK) {
        status = put_array(cx, file, r, types[bram_response_type(r)]);
        if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
        else bram_outfile_abort(file);
    }
    bram_scratch_release(cx, mark);
    return status == BRAM_OK ? write_ids(cx, g, name, bram_response_axis(r, 0)) : status;
}

static int write_named(bram_ctx *cx, const struct writing *g, const char *path)
{
    const bram_response *r = bram_dataset_response(g->ds, path);
    bool image = strncmp(path, "stimuli/images/", 15) == 0;
    char *name = bram_strf(cx, "%s%s", image ? "images-" : "", bram_response_name(r));
    int status = name ? write_array(cx, g, r, name) : BRAM_ENOMEM;
    bram_free(name);
    return status;
}

static int write_stimuli(bram_ctx *cx, const struct writing *g, const bram_axis *stimulus)
{
    char *folder = bram_strf(cx, "%s/stimuli", g->dir);
    int status = folder ? bram_folder_make(cx, folder) : BRAM_ENOMEM;
    bram_free(folder);
    if (status == BRAM_OK) status = write_stimuli_table(cx, g, stimulus);
    for (size_t i = 0; i < bram_dataset_responses(g->ds) && status == BRAM_OK; i++) {
        const char *path = bram_dataset_response_path(g->ds, i);
        const bram_response *r = bram_dataset_response(g->ds, path);
        const bram_axis *row = bram_response_axis(r, 0);
        if (strncmp(path, "stimuli/", 8) == 0 && bram_axis_has_ids(row) &&
            !bram_response_has_mask(r))
            status = write_named(cx, g, path);
    }
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

/* Whether all that is wanted can be had: said before anything is written. */
static int check_wanted(bram_ctx *cx, const struct writing *g, const bram_axis *parts,
                        const bram_axis **stimulus, unsigned what)
{
    for (size_t p = 0; p < bram_axis_length(parts); p++) {
        bram_demand d = {0};
        if (!(what & (BRAM_DEMAND_ROWS | BRAM_DEMAND_SPLITS))) break;
        BRAM_TRY(bram_demand_of(cx, &d, g->b, g->ds, bram_axis_id(parts, p)));
        bram_demand_release(&d);
    }
    return what & BRAM_DEMAND_STIMULI ? find_stimuli(cx, stimulus, g, parts) : BRAM_OK;
}

static int write_parts(bram_ctx *cx, const struct writing *g, const bram_axis *parts,
                       const bram_axis *stimulus, unsigned what)
{
    static const char *const
        rows[] = {"part", "row", NULL},
        *const pairs[] = {"part", "from", "to", NULL}, *const units[] = {"part", "unit", NULL},
        *const splits[] = {"part", "row", "set", "fold", NULL}, *const edges[] = {"part", "from",
                                                                                  "to",   "set",
                                                                                  "edge", NULL};
    bool links = bram_task_find(g->b->task)->asks == BRAM_ANSWERS(BRAM_ASK_LINKS);
    if (what & BRAM_DEMAND_ROWS) {
        BRAM_TRY(write_table(cx, g, parts, "rows.csv", links ? pairs : rows, put_rows));
        BRAM_TRY(write_table(cx, g, parts, "units.csv", units, put_units));
    }
    if (what & BRAM_DEMAND_SPLITS)
        BRAM_TRY(write_table(cx, g, parts, "splits.csv", links ? edges : splits, put_splits));
    return what & BRAM_DEMAND_STIMULI ? write_stimuli(cx, g, stimulus) : BRAM_OK;
}

int bram_demand_write(bram_ctx *cx, const bram_benchmark *b, bram_dataset *ds, const char *dir,
                      unsigned what, bool replace)
{
    struct writing g = {b, ds, dir, replace};
    bram_axis *parts = NULL;
    const bram_axis *stimulus = NULL;
    BRAM_TRY(bram_task_find(b->task)->parts(cx, &parts, b, ds));
    int status = check_wanted(cx, &g, parts, &stimulus, what);
    if (status == BRAM_OK && (what & ~(unsigned)BRAM_DEMAND_PUBLIC)) {
        status = bram_folder_make(cx, dir);
        if (status == BRAM_OK) status = write_parts(cx, &g, parts, stimulus, what);
    }
    bram_axis_free(parts);
    if (status == BRAM_OK && (what & BRAM_DEMAND_PUBLIC))
        status = bram_demand_write_public(cx, b, ds, dir, replace);
    return status;
}
