/*
 * matrix_span.c - features that do not fit into memory, as coordinates of their rows: see
 * bram_cli_matrix_read_span.
 */
#include "matrix_file.h"

#include "npy.h"
#include "row_space.h"

#include <bramble/dataset.h>

#include <string.h>

/* Where the columns are: one of both. */
struct features {
    bram_npy *npy;
    bram_dataset *ds;
    const bram_response *r; /* of ds */
    size_t rows, cols;
};

static void release(struct features *f)
{
    bram_npy_close(f->npy);
    bram_dataset_free(f->ds);
}

static int open_response(bram_ctx *cx, struct features *f, const char *spec, const char *name)
{
    f->r = bram_dataset_response(f->ds, name);
    if (!f->r)
        return bram_fail(cx, BRAM_EABSENT, "%s: no response \"%s\": say which, as FILE:PATH", spec,
                         name);
    if (bram_response_dims(f->r) != 2 || bram_response_has_mask(f->r))
        return bram_fail(cx, BRAM_ESHAPE,
                         "%s: expected rows x columns of which none is missing to read in blocks",
                         spec);
    f->rows = bram_response_length(f->r, 0), f->cols = bram_response_length(f->r, 1);
    return BRAM_OK;
}

static int open_features(bram_ctx *cx, struct features *f, const char *spec)
{
    char *path = NULL;
    const char *name;
    BRAM_TRY(bram_cli_spec_split(cx, &path, &name, spec));
    int status = BRAM_OK;
    if (bram_dataset_open(cx, &f->ds, path) == BRAM_OK) status = open_response(cx, f, spec, name);
    else status = bram_npy_open(cx, &f->npy, path);
    bram_free(path);
    if (status != BRAM_OK || !f->npy) return status;
    const bram_npy_info *info = bram_npy_describe(f->npy);
    if (!bram_npy_is_numeric(f->npy) || info->dims < 2 || !info->count)
        return bram_fail(cx, BRAM_ESHAPE, "%s: found %s, expected numbers, rows x columns", spec,
                         bram_npy_summary(f->npy));
    f->rows = info->shape[0], f->cols = info->count / info->shape[0];
    return BRAM_OK;
}

static int read_columns(bram_ctx *cx, void *user, double *out, size_t first, size_t count)
{
    const struct features *f = user;
    if (f->npy) return bram_npy_read_columns(cx, f->npy, first, count, out);
    return bram_response_read(cx, f->r, (size_t[]){0, first}, (size_t[]){f->rows, count}, out,
                              NULL);
}

/* Ids of the rows: in a file of their own, or those of a homogenized file. */
static int read_ids(bram_ctx *cx, bram_cli_matrix *m, const struct features *f, const char *ids)
{
    bram_cli_labels l = {.spec = ids};
    bram_axis *axis = NULL, *none = NULL;
    if (!ids) {
        if (f->r && bram_axis_has_ids(bram_response_axis(f->r, 0)))
            m->row = bram_axis_ref(bram_response_axis(f->r, 0));
        return BRAM_OK;
    }
    if (!bram_cli_is_elsewhere(ids))
        return bram_fail(cx, BRAM_EUSAGE,
                         "with --out-of-core ids are a file of their own: FILE[:NAME], not \"%s\"",
                         ids);
    BRAM_TRY(bram_cli_labels_with_ids(cx, &l, &none, NULL));
    int status = l.rows == m->rows ? bram_axis_new(cx, &axis, "row", m->rows)
                                   : bram_fail(cx, BRAM_ESHAPE, "%s: found %zu ids, expected %zu",
                                               ids, l.rows, m->rows);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, (const char *const *)l.text);
    if (status == BRAM_OK) m->row = axis;
    else bram_axis_free(axis);
    bram_cli_labels_release(&l);
    return status;
}

/* As they are, where there are no more columns than rows. */
static int read_values(bram_ctx *cx, bram_cli_matrix *m, struct features *f)
{
    m->rows = f->rows;
    m->cols = f->cols < f->rows ? f->cols : f->rows;
    m->values = bram_alloc(cx, m->rows, m->cols * sizeof *m->values);
    if (!m->values) return BRAM_ENOMEM;
    if (f->cols <= f->rows) return read_columns(cx, f, m->values, 0, f->cols);
    bram_targets x = {.rows = f->rows, .cols = f->cols, .read = read_columns, .user = f};
    bram_mat space = {m->values, m->rows, m->rows, m->rows};
    return bram_row_space(cx, &space, &x);
}

int bram_cli_matrix_read_span(bram_ctx *cx, bram_cli_matrix *out, const char *spec, const char *ids)
{
    struct features f = {.npy = NULL};
    bram_cli_matrix m = {0};
    int status = open_features(cx, &f, spec);
    if (status == BRAM_OK) status = read_values(cx, &m, &f);
    if (status == BRAM_OK) status = read_ids(cx, &m, &f, ids);
    release(&f);
    if (status == BRAM_OK) *out = m;
    else bram_cli_matrix_release(&m);
    return status;
}
