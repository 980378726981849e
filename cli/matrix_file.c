/*
 * matrix_file.c - reading matrices by FILE:NAME; see matrix_file.h.
 */
#include "matrix_file.h"

#include "array_store.h"

#include <bramble/dataset.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void bram_cli_matrix_release(bram_cli_matrix *m)
{
    bram_free(m->values);
    bram_free(m->present);
    bram_axis_free(m->row);
    bram_axis_free(m->column);
    *m = (bram_cli_matrix){0};
}

bram_side bram_cli_matrix_side(const bram_cli_matrix *m, bool is_rdm)
{
    return (bram_side){.values = {m->values, m->rows, m->cols, m->cols},
                       .present = m->present,
                       .row = m->row,
                       .column = m->column,
                       .is_rdm = is_rdm};
}

/* ---- names ---------------------------------------------------------------------------------- */

int bram_cli_spec_split(bram_ctx *cx, char **path, const char **name, const char *spec)
{
    char *copy = bram_strdup(cx, spec);
    if (!copy) return BRAM_ENOMEM;
    size_t end = strlen(copy);
    while (access(copy, F_OK) != 0) {
        while (end > 0 && copy[end] != ':') end--;
        if (end == 0) {
            bram_free(copy);
            return bram_fail(cx, BRAM_EREAD, "%s: no such file", spec);
        }
        copy[end] = 0;
    }
    *path = copy;
    *name = spec[strlen(copy)] ? spec + strlen(copy) + 1 : "";
    return BRAM_OK;
}

/* What is NaN is missing. */
static int mask_missing(bram_ctx *cx, bram_cli_matrix *m)
{
    size_t count = m->rows * m->cols;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(m->values[i])) continue;
        if (!m->present) {
            m->present = bram_alloc(cx, count, 1);
            if (!m->present) return BRAM_ENOMEM;
            memset(m->present, 1, count);
        }
        m->present[i] = 0;
        m->values[i] = 0;
    }
    return BRAM_OK;
}

/* ---- homogenized files ---------------------------------------------------------------------- */

static int find_response(bram_ctx *cx, const bram_response **out, const bram_dataset *ds,
                         const char *path, const char *name)
{
    size_t n = bram_dataset_responses(ds);
    *out = *name    ? bram_dataset_response(ds, name)
           : n == 1 ? bram_dataset_response(ds, bram_dataset_response_path(ds, 0))
                    : NULL;
    if (*out) return BRAM_OK;
    if (*name)
        return bram_fail(cx, BRAM_EABSENT, "%s has no response \"%s\" ('bramble info' lists them)",
                         path, name);
    return bram_fail(cx, BRAM_EUSAGE, "%s has %zu responses: say which, as FILE:PATH", path, n);
}

static bram_axis *with_ids(const bram_axis *axis)
{
    return bram_axis_has_ids(axis) ? bram_axis_ref(axis) : NULL;
}

static int read_response(bram_ctx *cx, bram_cli_matrix *m, const bram_response *r, const char *path)
{
    size_t dims = bram_response_dims(r), count = bram_response_count(r), zero[2] = {0, 0};
    if (dims > 2)
        return bram_fail(cx, BRAM_ESHAPE, "%s: %s has %zu dimensions, expected rows x columns",
                         path, bram_response_name(r), dims);
    m->rows = bram_response_length(r, 0);
    m->cols = dims == 2 ? bram_response_length(r, 1) : 1;
    m->values = bram_alloc(cx, count, sizeof *m->values);
    m->present = bram_alloc(cx, count, 1);
    if (!m->values || !m->present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, zero, (size_t[]){m->rows, m->cols}, m->values, m->present));
    m->row = with_ids(bram_response_axis(r, 0));
    if (dims == 2) m->column = with_ids(bram_response_axis(r, 1));
    return BRAM_OK;
}

/* ---- files of arrays ------------------------------------------------------------------------ */

static int set_row_ids(bram_ctx *cx, bram_cli_matrix *m, char **texts, size_t count,
                       const char *where)
{
    bram_axis *axis = NULL;
    if (count != m->rows)
        return bram_fail(cx, BRAM_ESHAPE, "%s: found %zu ids, expected %zu, one for each row",
                         where, count, m->rows);
    BRAM_TRY(bram_axis_new(cx, &axis, "row", count));
    int status = bram_axis_set_ids(cx, axis, (const char *const *)texts);
    if (status == BRAM_OK) {
        bram_axis_free(m->row);
        m->row = axis;
    } else bram_axis_free(axis);
    return status;
}

/* Texts of a file of their own: an array of texts, or of a table the named or the only column. */
static int read_text_file(bram_ctx *cx, char ***texts, size_t *count, const char *spec)
{
    char *path = NULL;
    const char *name;
    bram_store *store = NULL;
    size_t headings = 0;
    BRAM_TRY(bram_cli_spec_split(cx, &path, &name, spec));
    int status = bram_store_open(cx, &store, path);
    const char *const *heading = store ? bram_store_headings(store, &headings) : NULL;
    if (status == BRAM_OK && !*name && headings == 1) name = heading[0];
    if (status == BRAM_OK) status = bram_store_texts(cx, texts, count, store, name);
    bram_store_close(store);
    bram_free(path);
    return status;
}

bool bram_cli_is_elsewhere(const char *spec)
{
    return access(spec, F_OK) == 0 || strchr(spec, ':');
}

/* Texts for the rows: a column or variable of the store, which then is no part of the matrix, or a
 * file of their own. */
static int read_row_texts(bram_ctx *cx, char ***texts, size_t *count, bram_store *store,
                          const char *spec)
{
    if (bram_cli_is_elsewhere(spec)) return read_text_file(cx, texts, count, spec);
    BRAM_TRY(bram_store_texts(cx, texts, count, store, spec));
    int status = bram_store_set_aside(cx, store, spec);
    if (status == BRAM_OK) return status;
    bram_free(*texts);
    *texts = NULL;
    return status;
}

static int check_label_count(bram_ctx *cx, const bram_cli_labels *l, size_t rows)
{
    if (l->rows == rows) return BRAM_OK;
    return bram_fail(cx, BRAM_ESHAPE, "%s: found %zu labels, expected %zu, one for each row",
                     l->spec, l->rows, rows);
}

int bram_cli_labels_with_ids(bram_ctx *cx, bram_cli_labels *l, bram_axis **axis, const char *ids)
{
    char *path = NULL, **texts = NULL;
    const char *name;
    bram_cli_matrix m = {0};
    size_t count;
    BRAM_TRY(read_text_file(cx, &l->text, &l->rows, l->spec));
    m.rows = l->rows;
    if (!ids || bram_cli_is_elsewhere(ids)) return BRAM_OK;
    BRAM_TRY(bram_cli_spec_split(cx, &path, &name, l->spec));
    char *beside = bram_strf(cx, "%s:%s", path, ids);
    int status = beside ? BRAM_OK : BRAM_ENOMEM;
    bool there = beside && read_text_file(cx, &texts, &count, beside) == BRAM_OK;
    if (there) status = set_row_ids(cx, &m, texts, count, beside);
    if (status == BRAM_OK) *axis = m.row;
    bram_free(texts);
    bram_free(beside);
    bram_free(path);
    return status;
}

int bram_cli_labels_read(bram_ctx *cx, bram_cli_labels *l, size_t rows)
{
    BRAM_TRY(read_text_file(cx, &l->text, &l->rows, l->spec));
    int status = check_label_count(cx, l, rows);
    if (status == BRAM_OK) status = bram_cli_labels_code(cx, l);
    if (status != BRAM_OK) bram_cli_labels_release(l);
    return status;
}

static int read_array(bram_ctx *cx, bram_cli_matrix *m, bram_store *store, const char *name,
                      const char *ids, bram_cli_labels *labels, size_t count)
{
    char **texts = NULL;
    size_t id_count = 0;
    bram_store_array a = {0};
    if (ids) BRAM_TRY(read_row_texts(cx, &texts, &id_count, store, ids));
    int status = BRAM_OK;
    for (size_t k = 0; status == BRAM_OK && k < count; k++)
        if (labels[k].spec)
            status = read_row_texts(cx, &labels[k].text, &labels[k].rows, store, labels[k].spec);
    if (status == BRAM_OK) status = bram_store_numbers(cx, &a, store, name);
    if (status == BRAM_OK) {
        m->rows = a.rows;
        m->cols = a.cols;
        m->values = a.values;
        status = mask_missing(cx, m);
    }
    if (status == BRAM_OK && ids) status = set_row_ids(cx, m, texts, id_count, ids);
    bram_free(texts);
    return status;
}

static int read_store(bram_ctx *cx, bram_cli_matrix *m, const char *path, const char *name,
                      const char *ids, bram_cli_labels *labels, size_t count)
{
    bram_store *store = NULL;
    BRAM_TRY(bram_store_open(cx, &store, path));
    int status = read_array(cx, m, store, name, ids, labels, count);
    bram_store_close(store);
    return status;
}

/* A column of the rows' axis as texts, one block. */
static int column_texts(bram_ctx *cx, bram_cli_labels *l, const bram_axis *axis)
{
    const bram_column *c = bram_axis_column(axis, l->spec);
    size_t n = bram_axis_length(axis), bytes = 0;
    if (!c)
        return bram_fail(cx, BRAM_EABSENT, "the axis %s has no column \"%s\"", bram_axis_name(axis),
                         l->spec);
    for (size_t i = 0; i < n; i++) bytes += c->text ? strlen(c->text[i]) + 1 : 32;
    char **texts = bram_alloc(cx, 1, n * sizeof *texts + bytes + 1);
    if (!texts) return BRAM_ENOMEM;
    char *to = (char *)(texts + n);
    for (size_t i = 0; i < n; i++) {
        texts[i] = to;
        if (c->text) memcpy(to, c->text[i], strlen(c->text[i]) + 1);
        else if (c->integer) snprintf(to, 32, "%lld", (long long)c->integer[i]);
        else if (!isnan(c->number[i])) snprintf(to, 32, "%.17g", c->number[i]);
        to += strlen(to) + 1;
    }
    l->text = texts, l->rows = n;
    return BRAM_OK;
}

/* ---- repeats as rows ------------------------------------------------------------------------ */

static bool has_repeats(const bram_response *r)
{
    return bram_response_dims(r) == 3 &&
           !strcmp(bram_axis_name(bram_response_axis(r, 2)), "repeat");
}

/* Of each row of the matrix: which stimulus and which repeat. */
struct unfolded {
    size_t *stimulus, *repeat, rows;
};

/* Texts of the given places along an axis, one block: its ids, else numbers from 1. */
static int place_texts(bram_ctx *cx, bram_cli_labels *l, const bram_axis *axis, const size_t *place,
                       size_t rows)
{
    size_t bytes = 0;
    for (size_t i = 0; i < rows; i++) bytes += strlen(bram_axis_id(axis, place[i])) + 24;
    char **texts = bram_alloc(cx, 1, rows * sizeof *texts + bytes + 1);
    if (!texts) return BRAM_ENOMEM;
    char *to = (char *)(texts + rows);
    for (size_t i = 0; i < rows; i++) {
        const char *id = bram_axis_id(axis, place[i]);
        texts[i] = to;
        if (*id) memcpy(to, id, strlen(id) + 1);
        else snprintf(to, 24, "%zu", place[i] + 1);
        to += strlen(to) + 1;
    }
    l->spec = bram_axis_name(axis);
    l->text = texts, l->rows = rows;
    return BRAM_OK;
}

/* Labels of stimuli become labels of rows. */
static int spread_texts(bram_ctx *cx, bram_cli_labels *l, const struct unfolded *u)
{
    size_t bytes = 0;
    for (size_t i = 0; i < u->rows; i++) bytes += strlen(l->text[u->stimulus[i]]) + 1;
    char **texts = bram_alloc(cx, 1, u->rows * sizeof *texts + bytes + 1);
    if (!texts) return BRAM_ENOMEM;
    char *to = (char *)(texts + u->rows);
    for (size_t i = 0; i < u->rows; i++) {
        const char *text = l->text[u->stimulus[i]];
        texts[i] = memcpy(to, text, strlen(text) + 1);
        to += strlen(text) + 1;
    }
    bram_free(l->text);
    l->text = texts, l->rows = u->rows;
    return BRAM_OK;
}

/* Rows of the repeats of which any unit is there. */
static int unfold(bram_ctx *cx, bram_cli_matrix *m, struct unfolded *u, const bram_response *r)
{
    size_t shape[3], zero[3] = {0}, rows;
    for (size_t d = 0; d < 3; d++) shape[d] = bram_response_length(r, d);
    size_t count = bram_response_count(r), units = shape[1], repeats = shape[2];
    rows = shape[0] * repeats;
    double *values = bram_scratch(cx, count, sizeof *values);
    uint8_t *present = bram_scratch(cx, count, 1);
    u->stimulus = bram_scratch(cx, rows, sizeof *u->stimulus);
    u->repeat = bram_scratch(cx, rows, sizeof *u->repeat);
    m->values = bram_alloc(cx, count, sizeof *m->values);
    m->present = bram_alloc(cx, count, 1);
    if (!values || !present || !u->stimulus || !u->repeat || !m->values || !m->present)
        return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, zero, shape, values, present));
    bool missing = false;
    for (size_t i = 0; i < rows; i++) {
        double *row = m->values + u->rows * units;
        uint8_t *in = m->present + u->rows * units;
        size_t there = 0;
        for (size_t k = 0; k < units; k++) {
            size_t from = (i / repeats * units + k) * repeats + i % repeats;
            row[k] = values[from], in[k] = present[from];
            there += in[k];
        }
        if (!there) continue;
        missing |= there < units;
        u->stimulus[u->rows] = i / repeats, u->repeat[u->rows++] = i % repeats;
    }
    m->rows = u->rows, m->cols = units;
    m->column = with_ids(bram_response_axis(r, 1));
    if (!missing) bram_free(m->present), m->present = NULL;
    return BRAM_OK;
}

/* ---- a homogenized file with labels --------------------------------------------------------- */

static int read_label(bram_ctx *cx, bram_cli_labels *l, const bram_response *r,
                      const struct unfolded *u)
{
    bool stimulus = l->role == BRAM_LABEL_STIMULUS, repeat = l->role == BRAM_LABEL_REPEAT;
    if (!l->spec && u->stimulus && (stimulus || repeat))
        return place_texts(cx, l, bram_response_axis(r, stimulus ? 0 : 2),
                           stimulus ? u->stimulus : u->repeat, u->rows);
    if (!l->spec) return BRAM_OK;
    if (bram_cli_is_elsewhere(l->spec)) return read_text_file(cx, &l->text, &l->rows, l->spec);
    BRAM_TRY(column_texts(cx, l, bram_response_axis(r, 0)));
    return u->stimulus ? spread_texts(cx, l, u) : BRAM_OK;
}

static int read_homogenized(bram_ctx *cx, bram_cli_matrix *m, const bram_dataset *ds,
                            const char *path, const char *name, const char *ids,
                            bram_cli_labels *labels, size_t count)
{
    const bram_response *r = NULL;
    char **texts = NULL;
    size_t id_count = 0;
    struct unfolded u = {NULL};
    BRAM_TRY(find_response(cx, &r, ds, path, name));
    if (count && has_repeats(r)) BRAM_TRY(unfold(cx, m, &u, r));
    else BRAM_TRY(read_response(cx, m, r, path));
    for (size_t k = 0; k < count; k++) BRAM_TRY(read_label(cx, labels + k, r, &u));
    if (!ids) return BRAM_OK;
    BRAM_TRY(read_text_file(cx, &texts, &id_count, ids));
    int status = set_row_ids(cx, m, texts, id_count, ids);
    bram_free(texts);
    return status;
}

int bram_cli_matrix_read_labelled(bram_ctx *cx, bram_cli_matrix *out, const char *spec,
                                  const char *ids, bram_cli_labels *labels, size_t count)
{
    char *path = NULL;
    const char *name;
    bram_dataset *ds = NULL;
    bram_cli_matrix m = {0};
    BRAM_TRY(bram_cli_spec_split(cx, &path, &name, spec));
    bool homogenized = bram_dataset_open(cx, &ds, path) == BRAM_OK; /* else any other file */
    int status = homogenized ? read_homogenized(cx, &m, ds, path, name, ids, labels, count)
                             : read_store(cx, &m, path, name, ids, labels, count);
    bram_dataset_free(ds);
    bram_free(path);
    for (size_t k = 0; status == BRAM_OK && k < count; k++) {
        if (!labels[k].spec) continue;
        status = check_label_count(cx, labels + k, m.rows);
        if (status == BRAM_OK && !labels[k].set_aside)
            status = bram_cli_labels_code(cx, labels + k);
    }
    if (status == BRAM_OK) *out = m;
    else bram_cli_matrix_release(&m);
    for (size_t k = 0; status != BRAM_OK && k < count; k++) bram_cli_labels_release(labels + k);
    return status;
}

int bram_cli_column_labels(bram_ctx *cx, bram_cli_labels *l, const bram_cli_matrix *m)
{
    if (bram_cli_is_elsewhere(l->spec)) return bram_cli_labels_read(cx, l, m->cols);
    if (!m->column)
        return bram_fail(cx, BRAM_EABSENT, "the columns of the matrix have no names, so no \"%s\"",
                         l->spec);
    BRAM_TRY(column_texts(cx, l, m->column));
    return bram_cli_labels_code(cx, l);
}

int bram_cli_matrix_read(bram_ctx *cx, bram_cli_matrix *out, const char *spec, const char *ids)
{
    return bram_cli_matrix_read_labelled(cx, out, spec, ids, NULL, 0);
}
