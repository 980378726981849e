/*
 * nwb_worm_forms.c - further forms of traces and labels in NWB 2 files of worms.
 *
 * A table of traces: processing/CalciumActivity/ActivityTraces with the columns `neuron` (names)
 * and `activity`, one trace a row: a matrix neuron x time, or ragged (`activity_index`); a shorter
 * trace has no values behind its end. Its time is that of the images in
 * acquisition/CalciumImageSeries. Known by public code that reads such files (hermaphrodites and
 * males with odours).
 *
 * Labels in two steps: the regions of a MicroscopyResponseSeries have a column `neuropal_ids`, the
 * row of NeuroPALPlaneSegmentation (column `labels`) that each was matched to, or nothing; what is
 * no row of it names nothing. Known by the code that wrote the files of Randi et al. 2023 for
 * DANDI (catalystneuro/leifer_lab_to_nwb) and by public code that reads them.
 */
#include "nwb_worm.h"

#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char images[] = "acquisition/CalciumImageSeries";

/* ---- a table of traces ---------------------------------------------------------------------- */

const bram_nwb_object *bram_nwb_activity_table(const bram_nwb *nwb, const bram_nwb_objects *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        const bram_nwb_object *o = &objects->item[i];
        if (strcmp(o->type, "DynamicTable") == 0 && bram_nwb_has_column(nwb, o->path, "neuron") &&
            bram_nwb_has_column(nwb, o->path, "activity"))
            return o;
    }
    return NULL;
}

/* Row i of the table is values[begin[i]] .. values[begin[i + 1] - 1]. */
struct rows {
    double *value;
    size_t *begin, count;
};

static int read_matrix(bram_ctx *cx, struct rows *t, const bram_nwb *nwb, const char *at)
{
    bram_h5_info info;
    BRAM_TRY(bram_h5_info_of(cx, &info, nwb->root, at));
    if (info.rank != 2)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s has %u dimensions and no index, expected neuron x time", nwb->path,
                         at, info.rank);
    size_t elements = 0, rows = (size_t)info.dims[0], cols = (size_t)info.dims[1];
    BRAM_TRY(bram_h5_read_double(cx, &t->value, &elements, nwb->root, at, 0));
    t->begin = bram_alloc(cx, rows + 1, sizeof *t->begin);
    if (!t->begin) return BRAM_ENOMEM;
    for (size_t i = 0; i <= rows; i++) t->begin[i] = i * cols;
    t->count = rows;
    return BRAM_OK;
}

static int read_rows(bram_ctx *cx, struct rows *t, const bram_nwb *nwb, const char *table)
{
    char at[BRAM_NWB_PATH + 12];
    size_t elements = 0;
    snprintf(at, sizeof at, "%s/activity", table);
    if (!bram_nwb_has_column(nwb, table, "activity_index")) return read_matrix(cx, t, nwb, at);
    BRAM_TRY(bram_h5_read_double(cx, &t->value, &elements, nwb->root, at, 0));
    return bram_nwb_ragged(cx, &t->begin, &t->count, nwb, table, "activity", elements);
}

/* To time x neuron. */
static int place(bram_ctx *cx, bram_nwb_recording *r, const struct rows *t)
{
    for (size_t j = 0; j < t->count; j++) {
        size_t length = t->begin[j + 1] - t->begin[j];
        if (length > r->rows) r->rows = length;
    }
    r->cols = t->count;
    if (!r->rows || !r->cols)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s: found no traces with values", r->nwb->path,
                         r->traces);
    r->values = bram_alloc(cx, r->rows, r->cols * sizeof *r->values);
    if (!r->values) return BRAM_ENOMEM;
    for (size_t j = 0; j < r->cols; j++)
        for (size_t i = 0; i < r->rows; i++) {
            size_t at = t->begin[j] + i;
            r->values[i * r->cols + j] = at < t->begin[j + 1] ? t->value[at] : (double)NAN;
        }
    return BRAM_OK;
}

/* Stamps of the images where there are some, else their rate. */
static int time_of_images(bram_ctx *cx, bram_nwb_recording *r)
{
    char at[BRAM_NWB_PATH];
    bram_h5_info info;
    bram_nwb_series s = {.rows = r->rows, .cols = r->cols};
    snprintf(s.path, sizeof s.path, "%s", images);
    snprintf(at, sizeof at, "%s/timestamps", images);
    if (bram_h5_exists(r->nwb->root, at)) {
        BRAM_TRY(bram_h5_info_of(cx, &info, r->nwb->root, at));
        s.stamps = (size_t)info.elements;
    }
    snprintf(r->timing, sizeof r->timing, "%s of CalciumImageSeries",
             s.stamps ? "timestamps" : "starting_time and rate");
    return bram_nwb_time(cx, &r->time, r->nwb, &s, r->rows);
}

int bram_nwb_read_table(bram_ctx *cx, bram_nwb_recording *r, const char *table)
{
    struct rows t = {NULL};
    size_t names = 0;
    snprintf(r->traces, sizeof r->traces, "%s", table);
    snprintf(r->labels, sizeof r->labels, "%.150s/neuron", table);
    int status = read_rows(cx, &t, r->nwb, table);
    if (status == BRAM_OK) status = place(cx, r, &t);
    bram_free(t.value);
    bram_free(t.begin);
    if (status == BRAM_OK)
        status = bram_nwb_column_text(cx, &r->label, &names, r->nwb, table, "neuron");
    if (status == BRAM_OK && names != r->cols)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: %s/neuron has %zu rows, expected %zu, one for each trace",
                           r->nwb->path, table, names, r->cols);
    return status == BRAM_OK ? time_of_images(cx, r) : status;
}

/* ---- labels in two steps -------------------------------------------------------------------- */

/* The table that the ids are rows of: labels in a segmentation of NeuroPAL. */
static const char *neuropal_table(const bram_nwb *nwb)
{
    static const char table[] = "processing/ophys/NeuroPALSegmentations/NeuroPALPlaneSegmentation";
    return bram_nwb_has_column(nwb, table, "labels") ? table : NULL;
}

int bram_nwb_labels_by_neuropal(bram_ctx *cx, char ***out, size_t *rows, const bram_nwb *nwb,
                                const char *table)
{
    const char *names = neuropal_table(nwb);
    char **id = NULL, **label = NULL;
    size_t ids = 0, labels = 0;
    if (!names || !bram_nwb_has_column(nwb, table, "neuropal_ids")) return BRAM_OK;
    BRAM_TRY(bram_nwb_column_text(cx, &id, &ids, nwb, table, "neuropal_ids"));
    int status = bram_nwb_column_text(cx, &label, &labels, nwb, names, "labels");
    size_t bytes = ids * (sizeof(char *) + 1);
    for (size_t i = 0; status == BRAM_OK && i < ids; i++) {
        int64_t row;
        bool found = bram_integer_parse(id[i], &row) && row >= 0 && (uint64_t)row < labels;
        id[i] = found ? label[row] : id[i] + strlen(id[i]); /* "" */
        bytes += strlen(id[i]);
    }
    char **text = status == BRAM_OK ? bram_alloc(cx, bytes ? bytes : 1, 1) : NULL;
    if (status == BRAM_OK && !text) status = BRAM_ENOMEM;
    char *at = (char *)(text + ids);
    for (size_t i = 0; text && i < ids; i++) {
        text[i] = at;
        at = stpcpy(at, id[i]) + 1;
    }
    bram_free(id);
    bram_free(label);
    if (status != BRAM_OK) return status;
    *out = text;
    *rows = ids;
    return BRAM_OK;
}
