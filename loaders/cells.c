/*
 * cells.c - lists of the cells of C. elegans and what is said of them: class, type, lineage, place.
 *
 * Forms: CSV whose first column has the names, under one of the headings below; the anatomical
 * atlas of wormneuroatlas ("# NAME NAME ..." and a line x y z for each); JSON of ganglia, each with
 * the names of its neurons; the workbooks of Cook et al. 2019, in cells_book.c. All become the
 * table cells/LIST: an id for each entry as it is written, `label` (the canonical neuron it names,
 * or empty), `certainty` and `kind`, and a column for each of the list's own. A column of numbers
 * is one of numbers; all else stays text.
 *
 * Traps in the published lists: leading zeros, cells of both sexes, a byte order mark, a name twice
 * (PVCL in the atlas: both lines are kept), a row with a comma too many (all_cell_info: its rest is
 * the column `further`), positions in units of their own.
 */
#include "cell_list.h"
#include "csvfile.h"
#include "gz.h"
#include "intake.h"
#include "json.h"
#include "labels.h"

#include <math.h>
#include <string.h>

/* CSV lists by their first two headings. */
static const struct form {
    const char *list, *first, *second;
} forms[] = {
    {"connectome_neurons", "name", "class"},      {"cell_info", "Cell name", "Type"},
    {"neuron_classes", "neuron", "neuron class"}, {"master_sheet", "label", "class"},
    {"other_names", "original", "replacement"},
};

/* ---- CSV ------------------------------------------------------------------------------------ */

static const struct form *form_of(const bram_csv *t)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms && bram_csv_cols(t) > 1; i++)
        if (strcmp(bram_csv_name(t, 0), forms[i].first) == 0 &&
            strcmp(bram_csv_name(t, 1), forms[i].second) == 0)
            return &forms[i];
    return NULL;
}

static int read_csv(bram_ctx *cx, bram_dataset *ds, const bram_csv *t)
{
    bram_cell_list l = {.rows = 0};
    const struct form *form = form_of(t);
    if (!form)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found the headings \"%.60s, %.60s\", expected those of a "
                         "list of cells, e.g. name, class",
                         bram_csv_name(t, 0), bram_csv_cols(t) > 1 ? bram_csv_name(t, 1) : "");
    BRAM_TRY(bram_cell_list_new(cx, &l, bram_csv_rows(t), bram_csv_cols(t) - 1));
    for (size_t k = 0; k < l.columns; k++) bram_cell_list_name(&l, k, bram_csv_name(t, k + 1));
    for (size_t i = 0; i < l.rows; i++) {
        l.id[i] = bram_csv_text(t, i, 0);
        if (!l.id[i][0])
            return bram_fail(cx, BRAM_EFORMAT, "line %zu: found no name", bram_csv_line(t, i));
        for (size_t k = 0; k < l.columns; k++) l.text[k][i] = bram_csv_text(t, i, k + 1);
    }
    return bram_cell_list_put(cx, ds, &l, form->list);
}

static int load_csv(bram_ctx *cx, bram_dataset *ds, const char *path)
{
    bram_csv *t = NULL;
    BRAM_TRY(bram_csv_read(cx, &t, path,
                           &(bram_csv_options){.delimiter = ',', .header = true, .ragged = true}));
    int status = read_csv(cx, ds, t);
    bram_csv_free(t);
    return status;
}

static bool is_csv(bram_ctx *cx, const char *path)
{
    char head[4096];
    bram_csv *t = NULL;
    const bram_csv_options options = {.delimiter = ',', .header = true, .ragged = true};
    size_t n = bram_gz_peek(path, head, sizeof head);
    while (n && head[n - 1] != '\n') n--;
    if (!n || bram_csv_parse(cx, &t, path, head, n, &options) != BRAM_OK) return false;
    bool mine = form_of(t) != NULL;
    bram_csv_free(t);
    return mine;
}

/* ---- positions ------------------------------------------------------------------------------ */

/* Cuts the names of the first line apart, in place. @return how many; `names` may be NULL */
static size_t split_names(char *line, const char **names)
{
    size_t n = 0;
    for (char *at = line; *(at += strspn(at, " \t")); n++) {
        size_t length = strcspn(at, " \t");
        if (names) {
            names[n] = at;
            at += length;
            if (*at) *at++ = 0;
        } else {
            at += length;
        }
    }
    return n;
}

static int read_positions(bram_ctx *cx, bram_dataset *ds, char *line, const bram_csv *t)
{
    static const char axes[] = "xyz";
    bram_cell_list l = {.rows = 0};
    size_t names = split_names(line, NULL);
    if (bram_csv_cols(t) != 3 || bram_csv_rows(t) != names)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found %zu names and %zu lines of %zu numbers, expected 3 numbers a name",
                         names, bram_csv_rows(t), bram_csv_cols(t));
    BRAM_TRY(bram_cell_list_new(cx, &l, names, 3));
    split_names(line, l.id);
    for (size_t k = 0; k < 3; k++) {
        double value;
        l.name[k][0] = axes[k];
        for (size_t i = 0; i < names; i++) {
            BRAM_TRY(bram_csv_number(cx, t, i, k, 0, &value));
            l.text[k][i] = bram_csv_text(t, i, k);
        }
    }
    return bram_cell_list_put(cx, ds, &l, "positions");
}

static int load_positions(bram_ctx *cx, bram_dataset *ds, const char *path)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    bram_csv *t = NULL;
    BRAM_TRY(bram_gz_read_file(cx, &bytes, &size, path, (size_t)16 << 20));
    char *text = (char *)bytes, *end = memchr(text, '\n', size);
    int status = end ? BRAM_OK : bram_fail(cx, BRAM_EFORMAT, "found no lines below the names");
    if (end) {
        size_t first = (size_t)(end - text) + 1;
        *end = 0;
        text[strcspn(text, "\r")] = 0;
        status = bram_csv_parse(
            cx, &t, path, text + first, size - first,
            &(bram_csv_options){.delimiter = strchr(end + 1, '\t') ? '\t' : ' '});
    }
    if (status == BRAM_OK) status = read_positions(cx, ds, text + 1, t);
    bram_csv_free(t);
    bram_free(bytes);
    return status;
}

/* "#" and names that the label parser knows. */
static bool is_positions(const char *path)
{
    char head[64] = "", *name = head + 1;
    size_t n = bram_gz_peek(path, head, sizeof head - 1);
    if (n < sizeof head - 1 || head[0] != '#') return false;
    name += strspn(name, " ");
    name[strcspn(name, " \t\n,")] = 0;
    bram_label label = bram_label_parse(name, (double)NAN, 0);
    return bram_label_is_certain(&label);
}

/* ---- ganglia -------------------------------------------------------------------------------- */

static size_t count_neurons(const bram_json *top)
{
    bram_json_member member = {0};
    size_t n = 0;
    while (bram_json_next(top, &member)) n += bram_json_count(member.value);
    return n;
}

/* A row for each name in each list; "head" and "pharynx" list ganglia. */
static int read_ganglia(bram_ctx *cx, bram_dataset *ds, const bram_json *top)
{
    bram_cell_list l = {.rows = 0};
    bram_json_member member = {0};
    size_t row = 0;
    BRAM_TRY(bram_cell_list_new(cx, &l, count_neurons(top), 1));
    strcpy(l.name[0], "ganglion");
    while (bram_json_next(top, &member))
        for (size_t i = 0; i < bram_json_count(member.value); i++, row++) {
            l.id[row] = bram_json_text(bram_json_at(member.value, i));
            l.text[0][row] = member.key;
            if (!l.id[row])
                return bram_fail(
                    cx, BRAM_EFORMAT, "field %.60s: found %s as item %zu, expected text",
                    member.key,
                    bram_json_kind_name(bram_json_kind_of(bram_json_at(member.value, i))), i + 1);
        }
    return bram_cell_list_put(cx, ds, &l, "ganglia");
}

static int load_ganglia(bram_ctx *cx, bram_dataset *ds, const char *path)
{
    bram_json *top = NULL;
    BRAM_TRY(bram_json_read(cx, &top, path, (size_t)16 << 20));
    int status = read_ganglia(cx, ds, top);
    bram_json_free(top);
    return status;
}

static bool is_ganglia(const char *path)
{
    char head[256] = "";
    size_t n = bram_gz_peek(path, head, sizeof head - 1);
    return n > 2 && head[strspn(head, " \r\n\t")] == '{' && strstr(head, "ganglion") != NULL;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    size_t mark = bram_scratch_mark(cx);
    int status = BRAM_OK;
    (void)o;
    for (size_t i = 0; i < input->count && status == BRAM_OK; i++) {
        const char *path = input->paths[i];
        status = is_positions(path)             ? load_positions(cx, ds, path)
                 : is_ganglia(path)             ? load_ganglia(cx, ds, path)
                 : bram_cells_is_book(cx, path) ? bram_cells_load_book(cx, ds, path)
                                                : load_csv(cx, ds, path);
        if (status != BRAM_OK && input->count > 1) bram_fail_prefix(cx, status, "%s", path);
        bram_scratch_release(cx, mark);
    }
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    const char *path = input->paths[0];
    if (is_positions(path)) return bram_recognise(out, BRAM_MINE, "a line of neurons behind \"#\"");
    if (is_ganglia(path)) return bram_recognise(out, BRAM_MINE, "JSON of ganglia");
    if (bram_cells_is_book(cx, path))
        return bram_recognise(out, BRAM_MINE, "workbook of cell lists or cell class lists");
    if (is_csv(cx, path)) return bram_recognise(out, BRAM_MINE, "CSV with headings of a cell list");
    return bram_recognise(out, BRAM_NOT_MINE, "no list of cells");
}

const bram_loader bram_loader_cells = {
    .name = "cells",
    .summary = "lists of C. elegans cells: classes, types, lineages, ganglia, positions",
    .citation = "the collection a list comes from (WormWideWeb, OpenWorm, wormneuroatlas)",
    .doi = "",
    .licence = "not stated",
    .reads = "CSV by name; positions as text; JSON of ganglia; xlsx: SI 4 and SI 6 of Cook 2019",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = NULL,
    .recognise = recognise,
    .load = load,
};
