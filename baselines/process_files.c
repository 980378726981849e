/*
 * process_files.c - lines and arrays that go to a program of the user's and come back; see
 * process.h.
 */
#include "process.h"

#include "npy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- lines ---------------------------------------------------------------------------------- */

int bram_process_ask(bram_ctx *cx, const bram_process *p, const char *line)
{
    const char *reply;
    int status = bram_child_ask(cx, p->child, line, &reply, p->timeout);
    if (status == BRAM_OK && strcmp(reply, "ok") != 0) {
        bool cannot = strncmp(reply, "not applicable", 14) == 0;
        status = bram_fail(cx, cannot ? BRAM_ENOTAPPLICABLE : BRAM_EREAD,
                           "to \"%.20s\" it said \"%.300s\", expected \"ok\"", line, reply);
    }
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "\"%s\"", p->command);
}

static int ask(bram_ctx *cx, const bram_process *p, char *line)
{
    int status = line ? bram_process_ask(cx, p, line) : BRAM_ENOMEM;
    bram_free(line);
    return status;
}

int bram_process_ask_folder(bram_ctx *cx, const bram_process *p, const char *what)
{
    return ask(cx, p, bram_strf(cx, "%s %s", what, p->folder));
}

int bram_process_ask_number(bram_ctx *cx, const bram_process *p, const char *what, uint64_t number)
{
    return ask(cx, p, bram_strf(cx, "%s %llu %s", what, (unsigned long long)number, p->folder));
}

/* ---- arrays --------------------------------------------------------------------------------- */

static char *path_of(bram_ctx *cx, const bram_process *p, const char *name)
{
    return bram_strf(cx, "%s/%s.npy", p->folder, name);
}

int bram_process_put(bram_ctx *cx, const bram_process *p, const char *name, size_t dims,
                     const size_t *shape, const double *values)
{
    char *path = path_of(cx, p, name);
    int status = path ? bram_npy_write(cx, path, true, BRAM_NPY_F64, dims, shape, values)
                      : BRAM_ENOMEM;
    bram_free(path);
    return status;
}

int bram_process_put_axis(bram_ctx *cx, const bram_process *p, const char *name,
                          const bram_axis *axis)
{
    size_t n = axis ? bram_axis_length(axis) : 0, mark = bram_scratch_mark(cx);
    if (axis && !bram_axis_has_ids(axis) && bram_axis_values(axis))
        return bram_process_put(cx, p, name, 1, &n, bram_axis_values(axis));
    if (!axis || !bram_axis_has_ids(axis)) return BRAM_OK;
    const char **id = bram_scratch(cx, n, sizeof *id);
    char *path = id ? path_of(cx, p, name) : NULL;
    int status = path ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; id && i < n; i++) id[i] = bram_axis_id(axis, i);
    if (status == BRAM_OK) status = bram_npy_write_texts(cx, path, true, n, id);
    bram_free(path);
    bram_scratch_release(cx, mark);
    return status;
}

bool bram_process_has(bram_ctx *cx, const bram_process *p, const char *name)
{
    char *path = path_of(cx, p, name);
    bool has = path && access(path, R_OK) == 0;
    bram_free(path);
    return has;
}

/* "2 x any x 3" */
static void shape_text(char text[128], size_t dims, const size_t *shape)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t d = 0; d < dims && used < 100; d++)
        used += (size_t)(shape[d] == BRAM_ANY_LENGTH
                             ? snprintf(text + used, 128 - used, "%sany", d ? " x " : "")
                             : snprintf(text + used, 128 - used, "%s%zu", d ? " x " : "",
                                        shape[d]));
}

static int check_shape(bram_ctx *cx, const char *name, const bram_npy_info *info, size_t dims,
                       size_t *shape)
{
    bool same = info->dims == dims;
    for (size_t d = 0; d < dims && same; d++)
        same = shape[d] == BRAM_ANY_LENGTH || shape[d] == info->shape[d];
    if (same) {
        memcpy(shape, info->shape, dims * sizeof *shape);
        return BRAM_OK;
    }
    char found[128], expected[128];
    shape_text(found, info->dims, info->shape);
    shape_text(expected, dims, shape);
    return bram_fail(cx, BRAM_ESHAPE, "%s.npy is %s, expected %s", name, found, expected);
}

int bram_process_take(bram_ctx *cx, double **values, const bram_process *p, const char *name,
                      size_t dims, size_t *shape)
{
    char *path = path_of(cx, p, name);
    bram_npy_info info;
    double *read = NULL;
    if (!path) return BRAM_ENOMEM;
    int status = bram_npy_load(cx, &read, &info, path);
    if (status == BRAM_OK) status = check_shape(cx, name, &info, dims, shape);
    unlink(path);
    bram_free(path);
    if (status == BRAM_OK) *values = read;
    else bram_free(read);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "\"%s\"", p->command);
}

/* ---- rows of segments ----------------------------------------------------------------------- */

int bram_process_row(bram_ctx *cx, double *out, const bram_segment *s, bool input, ptrdiff_t row)
{
    const bram_mat *from = input ? &s->x : &s->y;
    const uint8_t *present = input ? s->x_present : s->y_present;
    for (size_t u = 0; u < from->cols; u++) {
        bool there = row >= 0 && (!present || present[(size_t)row * from->cols + u]);
        out[u] = there ? bram_row(from, (size_t)row)[u] : (double)NAN;
        if (there && !isfinite(out[u]))
            return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %td of %s %zu is %g",
                             s->id ? s->id : "", row, input ? "input" : "unit", u, out[u]);
    }
    return BRAM_OK;
}

int bram_process_put_rows(bram_ctx *cx, const bram_process *p, const char *name,
                          const bram_segment *s, bool input, size_t first, size_t rows)
{
    size_t cols = input ? s->x.cols : s->y.cols, mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, rows, cols * sizeof *values);
    int status = values ? BRAM_OK : BRAM_ENOMEM;
    for (size_t t = 0; t < rows && status == BRAM_OK; t++)
        status = bram_process_row(cx, values + t * cols, s, input, (ptrdiff_t)(first + t));
    if (status == BRAM_OK)
        status = bram_process_put(cx, p, name, 2, (size_t[]){rows, cols}, values);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- stimuli -------------------------------------------------------------------------------- */

static int put_array(bram_ctx *cx, const bram_process *p, const bram_response *r)
{
    size_t dims = bram_response_dims(r), start[BRAM_MAX_DIMS] = {0}, shape[BRAM_MAX_DIMS];
    size_t count = bram_response_count(r);
    for (size_t d = 0; d < dims; d++) shape[d] = bram_response_length(r, d);
    char *name = bram_strf(cx, "stimuli_%s", bram_response_name(r));
    char *ids = bram_strf(cx, "stimuli_%s_ids", bram_response_name(r));
    double *values = bram_alloc(cx, count, sizeof *values);
    uint8_t *present = bram_alloc(cx, count, 1);
    int status = name && ids && values && present
                     ? bram_response_read(cx, r, start, shape, values, present)
                     : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < count; i++)
        if (!present[i]) values[i] = NAN;
    if (status == BRAM_OK) status = bram_process_put(cx, p, name, dims, shape, values);
    if (status == BRAM_OK) status = bram_process_put_axis(cx, p, ids, bram_response_axis(r, 0));
    bram_free(name);
    bram_free(ids);
    bram_free(values);
    bram_free(present);
    return status;
}

int bram_process_put_stimuli(bram_ctx *cx, const bram_process *p, const bram_dataset *ds)
{
    for (size_t i = 0; ds && i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i);
        const bram_response *r = bram_dataset_response(ds, path);
        if (strncmp(path, "stimuli/", 8) == 0 && bram_axis_has_ids(bram_response_axis(r, 0)))
            BRAM_TRY(put_array(cx, p, r));
    }
    return BRAM_OK;
}
