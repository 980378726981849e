/*
 * tutorial_files.c - the files that the tutorial begins with; see tutorial_files.h.
 */
#include "tutorial_files.h"

#include "csvfile.h"
#include "data.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NEURONS = 6 };

static const double ROUND = 1000, NOISE = 0.3; /* three decimals; deviation added to a feature */

static const char benchmark[] =
    "name: my-worm\n"
    "version: 1\n"
    "title: My worm, one step and four steps ahead\n"
    "task: forecast\n"
    "dataset: worm\n"
    "metrics: [\"skill:over=pooled\", \"median r2\"]\n"
    "models: [mean, copy, ar, var]\n"
    "options:\n"
    "  gap: 10          # rows between what is learnt from and what is scored\n"
    "  horizons: 1+4\n";

/* ---- writing -------------------------------------------------------------------------------- */

/* A matrix with a heading and a first column; `first` writes the cell of a row there. */
struct sheet {
    const char *corner;
    const bram_axis *row, *column;
    const double *values; /* rows x all columns */
    size_t columns;       /* how many are written */
};

static int put_row(bram_ctx *cx, bram_csv_writer *w, const struct sheet *s, size_t i)
{
    size_t all = bram_axis_length(s->column);
    const double *time = bram_axis_values(s->row);
    BRAM_TRY(bram_axis_has_ids(s->row) ? bram_csv_put_text(cx, w, bram_axis_id(s->row, i))
                                       : bram_csv_put_number(cx, w, time[i]));
    for (size_t k = 0; k < s->columns; k++)
        BRAM_TRY(bram_csv_put_number(cx, w, round(ROUND * s->values[i * all + k]) / ROUND));
    return bram_csv_end_row(cx, w);
}

static int put_sheet(bram_ctx *cx, bram_csv_writer *w, const struct sheet *s)
{
    BRAM_TRY(bram_csv_put_text(cx, w, s->corner));
    for (size_t k = 0; k < s->columns; k++) {
        char name[32];
        snprintf(name, sizeof name, "feature%zu", k + 1);
        BRAM_TRY(bram_csv_put_text(
            cx, w, bram_axis_has_ids(s->column) ? bram_axis_id(s->column, k) : name));
    }
    BRAM_TRY(bram_csv_end_row(cx, w));
    for (size_t i = 0; i < bram_axis_length(s->row); i++) BRAM_TRY(put_row(cx, w, s, i));
    return BRAM_OK;
}

static int write_sheet(bram_ctx *cx, const char *path, const struct sheet *s)
{
    bram_outfile *file = NULL;
    bram_csv_writer w;
    BRAM_TRY(bram_outfile_open(cx, &file, path, false));
    bram_csv_to_file(&w, file, ',');
    int status = put_sheet(cx, &w, s);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

static int write_text(bram_ctx *cx, const char *path, const char *text)
{
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, false));
    int status = bram_outfile_write(cx, file, text, strlen(text));
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

/* ---- what is in them ------------------------------------------------------------------------ */

/* A response of a made dataset as a table; columns 0: all. */
static int write_response(bram_ctx *cx, const char *path, const char *dataset, const char *response,
                          struct sheet s, bool through_noise)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_data_open(cx, &ds, dataset, NULL));
    const bram_response *r = bram_dataset_response(ds, response);
    size_t mark = bram_scratch_mark(cx), count = r ? bram_response_count(r) : 0;
    double *values = count ? bram_scratch(cx, count, sizeof *values) : NULL;
    int status = !r       ? bram_fail(cx, BRAM_EINTERNAL, "%s has no %s", dataset, response)
                 : values ? BRAM_OK
                          : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        size_t shape[2] = {bram_response_length(r, 0), bram_response_length(r, 1)};
        s.row = bram_response_axis(r, 0), s.column = bram_response_axis(r, 1);
        if (!s.columns) s.columns = shape[1];
        s.values = values;
        status = bram_response_read(cx, r, (size_t[]){0, 0}, shape, values, NULL);
    }
    bram_rng g = bram_rng_new(1, "tutorial");
    for (size_t i = 0; status == BRAM_OK && through_noise && i < count; i++)
        values[i] += NOISE * bram_rng_normal(&g);
    if (status == BRAM_OK) status = write_sheet(cx, path, &s);
    bram_dataset_free(ds);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_tutorial_files(bram_ctx *cx)
{
    const struct sheet recording = {.corner = "time", .columns = NEURONS},
                       features = {.corner = "stimulus"};
    BRAM_TRY(write_response(cx, "recording.csv", "simulated-worm", "recordings/worm01/activity",
                            recording, false));
    BRAM_TRY(write_text(cx, "my-worm.yaml", benchmark));
    return write_response(cx, "my-features.csv", "simulated-vision", "stimuli/features/layer2",
                          features, true);
}
