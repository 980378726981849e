/*
 * cells.c - lists of the cells of C. elegans and what is said of them: class, type, lineage, place.
 *
 * Forms: CSV whose first column has the names, under one of the headings below; the anatomical
 * atlas of wormneuroatlas ("# NAME NAME ..." and a line x y z for each); JSON of ganglia, each with
 * the names of its neurons. All become the table cells/LIST: an id for each entry as it is written,
 * `label` (the canonical neuron it names, or empty), `certainty` and `kind`, and a column for each
 * of the list's own. A column of numbers is one of numbers; all else stays text.
 *
 * Traps in the published lists: leading zeros, cells of both sexes, a byte order mark, a name twice
 * (PVCL in the atlas: both lines are kept), a row with a comma too many (all_cell_info: its rest is
 * the column `further`), positions in units of their own.
 */
#include "csvfile.h"
#include "gz.h"
#include "intake.h"
#include "json.h"
#include "labels.h"
#include "number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 32, NAME = 48, MOST_CELLS = 100000 };

/* CSV lists by their first two headings. */
static const struct form {
    const char *list, *first, *second;
} forms[] = {
    {"connectome_neurons", "name", "class"},      {"cell_info", "Cell name", "Type"},
    {"neuron_classes", "neuron", "neuron class"}, {"master_sheet", "label", "class"},
    {"other_names", "original", "replacement"},
};

/* A list being read; texts are owned by what was read. */
struct list {
    size_t rows, columns;
    const char **id;
    char name[COLUMNS][NAME];
    const char **text[COLUMNS]; /* [column][row] */
};

/* ---- the table ------------------------------------------------------------------------------ */

/* "notes, sensilla, modality" to "notes_sensilla_modality"; "further" for no heading. */
static void slug(char name[NAME], const char *heading)
{
    size_t n = 0;
    for (; *heading && n + 1 < NAME; heading++)
        if (isalnum((unsigned char)*heading)) name[n++] = (char)tolower((unsigned char)*heading);
        else if (n && name[n - 1] != '_') name[n++] = '_';
    while (n && name[n - 1] == '_') n--;
    name[n] = 0;
    if (!n || !isalpha((unsigned char)name[0])) snprintf(name, NAME, "further");
}

/* A column as numbers, where all its texts are. @return whether it was added */
static int add_numbers(bram_ctx *cx, bram_axis *table, const struct list *l, size_t k, bool *added)
{
    double *number = bram_scratch(cx, l->rows, sizeof *number);
    size_t missing = 0;
    if (!number) return BRAM_ENOMEM;
    for (size_t i = 0; i < l->rows; i++) {
        if (!bram_number_parse(l->text[k][i], BRAM_NUMBER_EMPTY, &number[i])) return BRAM_OK;
        missing += isnan(number[i]) != 0;
    }
    if (missing == l->rows) return BRAM_OK;
    *added = true;
    return bram_axis_add_number(cx, table, l->name[k], number, "");
}

static int add_identities(bram_ctx *cx, bram_axis *table, const struct list *l)
{
    static const char *const kinds[] = {"unknown", "glia", "muscle", "other"};
    const char **text[3];
    for (size_t k = 0; k < 3; k++) {
        text[k] = bram_scratch(cx, l->rows, sizeof *text[k]);
        if (!text[k]) return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < l->rows; i++) {
        bram_label label = bram_label_parse(l->id[i], (double)NAN, 0);
        bool exact = bram_label_is_certain(&label);
        text[0][i] = exact ? bram_neuron_at((size_t)label.neuron)->name : "";
        text[1][i] = bram_certainty_name(label.certainty);
        text[2][i] = exact || label.class_name[0] ? "neuron" : kinds[bram_cell_recognize(l->id[i])];
    }
    BRAM_TRY(bram_axis_add_text(cx, table, "label", text[0]));
    BRAM_TRY(bram_axis_add_text(cx, table, "certainty", text[1]));
    return bram_axis_add_text(cx, table, "kind", text[2]);
}

static int fill(bram_ctx *cx, bram_axis *table, const struct list *l)
{
    BRAM_TRY(bram_axis_set_ids(cx, table, l->id));
    BRAM_TRY(add_identities(cx, table, l));
    for (size_t k = 0; k < l->columns; k++) {
        bool added = false;
        BRAM_TRY(add_numbers(cx, table, l, k, &added));
        if (!added) BRAM_TRY(bram_axis_add_text(cx, table, l->name[k], l->text[k]));
    }
    return BRAM_OK;
}

static int put_list(bram_ctx *cx, bram_dataset *ds, const struct list *l, const char *name)
{
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, name, l->rows));
    int status = fill(cx, table, l);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "cells", table);
    bram_axis_free(table);
    return status;
}

static int new_list(bram_ctx *cx, struct list *l, size_t rows, size_t columns)
{
    if (rows == 0 || rows > MOST_CELLS || columns > COLUMNS)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu cells with %zu columns, expected 1 to %d, %d",
                         rows, columns, MOST_CELLS, COLUMNS);
    l->rows = rows;
    l->columns = columns;
    l->id = bram_scratch(cx, rows, sizeof *l->id);
    for (size_t k = 0; k < columns; k++) {
        l->text[k] = bram_scratch(cx, rows, sizeof *l->text[k]);
        if (!l->text[k]) return BRAM_ENOMEM;
    }
    return l->id ? BRAM_OK : BRAM_ENOMEM;
}

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
    struct list l = {.rows = 0};
    const struct form *form = form_of(t);
    if (!form)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found the headings \"%.60s, %.60s\", expected those of a "
                         "list of cells, e.g. name, class",
                         bram_csv_name(t, 0), bram_csv_cols(t) > 1 ? bram_csv_name(t, 1) : "");
    BRAM_TRY(new_list(cx, &l, bram_csv_rows(t), bram_csv_cols(t) - 1));
    for (size_t k = 0; k < l.columns; k++) slug(l.name[k], bram_csv_name(t, k + 1));
    for (size_t i = 0; i < l.rows; i++) {
        l.id[i] = bram_csv_text(t, i, 0);
        if (!l.id[i][0])
            return bram_fail(cx, BRAM_EFORMAT, "line %zu: found no name", bram_csv_line(t, i));
        for (size_t k = 0; k < l.columns; k++) l.text[k][i] = bram_csv_text(t, i, k + 1);
    }
    return put_list(cx, ds, &l, form->list);
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
    struct list l = {.rows = 0};
    size_t names = split_names(line, NULL);
    if (bram_csv_cols(t) != 3 || bram_csv_rows(t) != names)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found %zu names and %zu lines of %zu numbers, expected 3 numbers a name",
                         names, bram_csv_rows(t), bram_csv_cols(t));
    BRAM_TRY(new_list(cx, &l, names, 3));
    split_names(line, l.id);
    for (size_t k = 0; k < 3; k++) {
        double value;
        l.name[k][0] = axes[k];
        for (size_t i = 0; i < names; i++) {
            BRAM_TRY(bram_csv_number(cx, t, i, k, 0, &value));
            l.text[k][i] = bram_csv_text(t, i, k);
        }
    }
    return put_list(cx, ds, &l, "positions");
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
    struct list l = {.rows = 0};
    bram_json_member member = {0};
    size_t row = 0;
    BRAM_TRY(new_list(cx, &l, count_neurons(top), 1));
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
    return put_list(cx, ds, &l, "ganglia");
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
        status = is_positions(path) ? load_positions(cx, ds, path)
                 : is_ganglia(path) ? load_ganglia(cx, ds, path)
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
    if (is_csv(cx, path)) return bram_recognise(out, BRAM_MINE, "CSV with headings of a cell list");
    return bram_recognise(out, BRAM_NOT_MINE, "no list of cells");
}

const bram_loader bram_loader_cells = {
    .name = "cells",
    .summary = "lists of C. elegans cells: classes, types, lineages, ganglia, positions",
    .citation = "the collection a list comes from (WormWideWeb, OpenWorm, wormneuroatlas)",
    .doi = "",
    .licence = "not stated",
    .reads = "CSV by name; positions as text; JSON of ganglia",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = NULL,
    .recognise = recognise,
    .load = load,
};
