/*
 * submission_write.c - a submission put together in memory and written as one file; see
 * submission.h.
 */
#include "archivefile.h"
#include "buffer.h"
#include "hash.h"
#include "names.h"
#include "number.h"
#include "submission.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct member {
    char *name, sha256[65];
    bram_buffer bytes;
};

struct bram_submission_out {
    bram_json_out *json;
    struct member *member;
    size_t members, arrays;
};

void bram_submission_out_free(bram_submission_out *o)
{
    if (!o) return;
    for (size_t i = 0; i < o->members; i++) {
        bram_buffer_release(&o->member[i].bytes);
        bram_free(o->member[i].name);
    }
    bram_free(o->member);
    bram_json_out_free(o->json);
    bram_free(o);
}

/* Takes the bytes over, also on failure. */
static int add_member(bram_ctx *cx, bram_submission_out *o, const char *name, bram_buffer *bytes)
{
    struct member *grown = bram_realloc(cx, o->member, o->members + 1, sizeof *grown);
    if (grown) o->member = grown;
    char *copy = grown ? bram_strdup(cx, name) : NULL;
    if (!copy) {
        bram_buffer_release(bytes);
        return BRAM_ENOMEM;
    }
    struct member *m = &o->member[o->members++];
    *m = (struct member){.name = copy, .bytes = *bytes};
    *bytes = (bram_buffer){0};
    BRAM_TRY(bram_buffer_status(cx, &m->bytes));
    return bram_sha256(cx, m->sha256, bram_buffer_text(&m->bytes), m->bytes.length);
}

int bram_submission_out_new(bram_ctx *cx, bram_submission_out **out,
                            const bram_submission_about *about)
{
    bram_submission_out *o = bram_alloc(cx, 1, sizeof *o);
    bram_buffer card = {0};
    int status = o ? bram_json_out_new(cx, &o->json) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        bram_json_out_object(o->json, NULL);
        bram_json_out_text(o->json, "content", BRAM_SUBMISSION_CONTENT);
        bram_json_out_integer(o->json, "version", BRAM_SUBMISSION_VERSION);
        bram_json_out_text(o->json, "program", bram_version());
        bram_json_out_text(o->json, "benchmark", about->benchmark);
        bram_json_out_integer(o->json, "benchmark_version", about->benchmark_version);
        bram_json_out_text(o->json, "task", about->task);
        bram_json_out_text(o->json, "options", about->options);
        bram_json_out_text(o->json, "dataset", about->dataset);
        bram_json_out_text(o->json, "dataset_hash", about->dataset_hash);
        bram_json_out_text(o->json, "model", about->model);
        bram_json_out_text(o->json, "kind", about->features ? "features" : "predictions");
        bram_json_out_array(o->json, "arrays");
        bram_buffer_put(&card, about->card);
        status = add_member(cx, o, "card.yaml", &card);
    }
    if (status == BRAM_OK) *out = o;
    else bram_submission_out_free(o);
    return status;
}

/* ---- arrays --------------------------------------------------------------------------------- */

static bool fits_single(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((double)(float)values[i] != values[i]) return false;
    return true;
}

/* A .npy file of version 1: little endian, C order. */
static void put_npy(bram_buffer *out, size_t rows, size_t columns, const double *values)
{
    enum { ALIGN = 64, PREFIX = 10 };
    bool single = fits_single(values, rows * columns);
    char header[160];
    int length = snprintf(header, sizeof header,
                          "{'descr': '<f%d', 'fortran_order': False, 'shape': (%zu, %zu), }",
                          single ? 4 : 8, rows, columns);
    size_t padded = ((size_t)length + 1 + PREFIX + ALIGN - 1) / ALIGN * ALIGN - PREFIX;
    char start[PREFIX] = {(char)0x93,         'N', 'U', 'M', 'P', 'Y', 1, 0, (char)(padded & 255),
                          (char)(padded >> 8)};
    bram_buffer_write(out, start, sizeof start);
    bram_buffer_put(out, header);
    bram_buffer_fill(out, ' ', padded - (size_t)length - 1);
    bram_buffer_put(out, "\n");
    for (size_t i = 0; i < rows * columns; i++) {
        unsigned char bytes[8];
        uint64_t bits = 0;
        float less = (float)values[i];
        if (single) {
            uint32_t half;
            memcpy(&half, &less, sizeof half);
            bits = half;
        } else memcpy(&bits, &values[i], sizeof bits);
        for (size_t k = 0; k < 8; k++) bytes[k] = (unsigned char)(bits >> 8 * k);
        bram_buffer_write(out, (const char *)bytes, single ? 4 : 8);
    }
}

/* One name a line: ids, or times in shortest exact form. */
static int put_names(bram_ctx *cx, bram_buffer *out, const bram_axis *axis)
{
    const double *time = bram_axis_has_ids(axis) ? NULL : bram_axis_values(axis);
    for (size_t i = 0; i < bram_axis_length(axis); i++) {
        char number[BRAM_NUMBER_BYTES];
        const char *id = time ? bram_number_format(number, time[i]) : bram_axis_id(axis, i);
        if (!*id || !bram_name_is_line(id, strlen(id)))
            return bram_fail(cx, BRAM_EUSAGE,
                             "%s %zu is called \"%s\", expected a name of one line, UTF-8 without "
                             "control characters",
                             bram_axis_name(axis), i + 1, id);
        bram_buffer_putf(out, "%s\n", id);
    }
    return BRAM_OK;
}

static int check_finite(bram_ctx *cx, const char *name, const bram_axis *row, size_t columns,
                        const double *values)
{
    for (size_t i = 0; i < bram_axis_length(row) * columns; i++)
        if (!isfinite(values[i]))
            return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu (%s), column %zu is %g", name,
                             i / columns + 1, bram_axis_id(row, i / columns), i % columns + 1,
                             values[i]);
    return BRAM_OK;
}

/* Adds arrays/N.WHAT. */
static int add_file(bram_ctx *cx, bram_submission_out *o, const char *key, const char *ending,
                    bram_buffer *bytes)
{
    char *name = bram_strf(cx, "arrays/%zu.%s", o->arrays, ending);
    if (!name) {
        bram_buffer_release(bytes);
        return BRAM_ENOMEM;
    }
    int status = add_member(cx, o, name, bytes);
    bram_json_out_text(o->json, key, name);
    bram_free(name);
    return status;
}

int bram_submission_out_add(bram_ctx *cx, bram_submission_out *o, const char *name,
                            const bram_axis *row, const bram_axis *column, size_t columns,
                            const double *values)
{
    bram_buffer bytes = {0};
    BRAM_TRY(check_finite(cx, name, row, columns, values));
    bram_json_out_object(o->json, NULL);
    bram_json_out_text(o->json, "name", name);
    bram_json_out_text(o->json, "rows_are", bram_axis_has_ids(row) ? "stimuli" : "seconds");
    put_npy(&bytes, bram_axis_length(row), columns, values);
    BRAM_TRY(add_file(cx, o, "values", "npy", &bytes));
    int status = put_names(cx, &bytes, row);
    if (status == BRAM_OK) status = add_file(cx, o, "rows", "rows.txt", &bytes);
    if (status == BRAM_OK && column) status = put_names(cx, &bytes, column);
    if (status == BRAM_OK && column) status = add_file(cx, o, "columns", "columns.txt", &bytes);
    bram_buffer_release(&bytes);
    bram_json_out_end(o->json);
    o->arrays++;
    return status;
}

/* ---- the file ------------------------------------------------------------------------------- */

static int finish_json(bram_ctx *cx, bram_submission_out *o, char **text)
{
    bram_json_out_end(o->json);
    bram_json_out_array(o->json, "files");
    for (size_t i = 0; i < o->members; i++) {
        bram_json_out_object(o->json, NULL);
        bram_json_out_text(o->json, "name", o->member[i].name);
        bram_json_out_integer(o->json, "bytes", (int64_t)o->member[i].bytes.length);
        bram_json_out_text(o->json, "sha256", o->member[i].sha256);
        bram_json_out_end(o->json);
    }
    bram_json_out_end(o->json);
    bram_json_out_end(o->json);
    return bram_json_out_finish(cx, o->json, text, false);
}

static int write_members(bram_ctx *cx, const bram_submission_out *o, bram_outfile *file,
                         const char *json)
{
    bram_archive_out *a = NULL;
    BRAM_TRY(bram_archive_out_new(cx, &a, file));
    int status = bram_archive_out_add(cx, a, "submission.json", json, strlen(json));
    for (size_t i = 0; i < o->members && status == BRAM_OK; i++)
        status = bram_archive_out_add(cx, a, o->member[i].name,
                                      bram_buffer_text(&o->member[i].bytes),
                                      o->member[i].bytes.length);
    if (status == BRAM_OK) return bram_archive_out_end(cx, a);
    bram_archive_out_free(a);
    return status;
}

int bram_submission_out_write(bram_ctx *cx, bram_submission_out *o, const char *path, bool replace)
{
    char *json = NULL;
    bram_outfile *file = NULL;
    BRAM_TRY(finish_json(cx, o, &json));
    int status = bram_outfile_open(cx, &file, path, replace);
    if (status == BRAM_OK) {
        status = write_members(cx, o, file, json);
        if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
        else bram_outfile_abort(file);
    }
    bram_free(json);
    return status;
}
